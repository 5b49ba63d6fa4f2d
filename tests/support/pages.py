"""The pages of the documentation, followed literally: files are written, commands typed, programs run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_FILENAME = re.compile(r"# (\S+\.\w+)\n")
#: The languages of blocks that do something.
LIVE = ("python", "sh", "console", "toml", "dockerfile")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str

    @property
    def filename(self) -> str | None:
        """The file that it is, by its first line."""
        found = _FILENAME.match(self.text)
        return found[1] if found else None


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order; *page* is its path in the checkout."""
    return [Block(*found) for found in _BLOCK.findall((CHECKOUT / page).read_text("utf-8"))]


def python_blocks(page: str) -> list[str]:
    """The Python examples of a page, in order."""
    return [block.text for block in blocks(page) if block.language == "python"]


class Reader:
    """Somebody who does what a page says, in a directory of their own.

    Args:
        directory: Where they work.
        variables: Their environment.
        replaced: What stands in a page for a place of the reader's, and that place.
    """

    def __init__(self, directory: Path, variables: Mapping[str, str], replaced: Mapping[str, str] | None = None):
        self.directory = directory
        self.variables = {**variables, "PYTHONUNBUFFERED": "1"}
        self.replaced = replaced or {}
        #: What the programs printed.
        self.said = ""

    def follow(self, found: list[Block]) -> None:
        """Do what the blocks say, one after the other; Python that is no file is one program with what is before it."""
        program: list[str] = []
        for block in [*found, Block("end", "")]:
            text = block.text
            for word, place in self.replaced.items():
                text = text.replace(word, place)
            if block.language == "python" and block.filename is None:
                program.append(text)
                continue
            if program:
                self._run_program("\n".join(program))
                program = []
            self._do(block, text)

    def _do(self, block: Block, text: str) -> None:
        if block.filename is not None:
            path = self.directory / block.filename
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        elif block.language == "sh":
            self.run(text)
        elif block.language == "console":
            self._compare(text)
        elif block.language == "dockerfile":
            for line in text.splitlines():
                verb, _, rest = line.partition(" ")
                if verb == "ENV":
                    self.variables.update([rest.split("=", 1)])
                elif verb == "RUN":
                    self.run(rest)

    def run(self, script: str) -> str:
        """Type *script* into a shell; return what it prints on both streams."""
        return self._call(["bash", "-e", "-c", script])

    def _run_program(self, program: str) -> None:
        (self.directory / "program.py").write_text(program, "utf-8")
        self.said += self._call([self._python(), "-W", "error", "program.py"])

    def _python(self) -> str:
        venv = self.variables.get("VIRTUAL_ENV")
        return str(Path(venv, "bin", "python")) if venv else sys.executable

    def _call(self, argv: list[str]) -> str:
        done = subprocess.run(
            argv,
            cwd=self.directory,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, f"{argv}\n{done.stdout}"
        return done.stdout

    def _compare(self, session: str) -> None:
        """A session: each command prints what stands below it; ``…`` there stands for anything."""
        for part in session.split("\n$ " if session.startswith("$ ") else "$ "):
            command, _, expected = part.removeprefix("$ ").partition("\n")
            said = self.run(command)
            pattern = re.escape(expected.rstrip("\n")).replace("…", ".*")
            assert re.fullmatch(pattern, said.rstrip("\n"), re.DOTALL), f"$ {command}\n{said}\nis not\n{expected}"


def variables_of(venv: Path, **more: str) -> dict[str, str]:
    """The environment of somebody who activated *venv*."""
    found = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    path = f"{venv / 'bin'}{os.pathsep}{found['PATH']}"
    return {**found, "PATH": path, "VIRTUAL_ENV": str(venv), **more}

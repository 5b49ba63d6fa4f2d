"""What ``docs/reference/errors.md`` shows of each error: the block of text at the end of its section.

``python -m tests.support.errors_page`` plays every scene and writes the blocks.
"""

from __future__ import annotations

import re
import sys

import pytest

from tests.support.house import CHECKOUT

PAGE = CHECKOUT / "docs" / "reference" / "errors.md"

#: Where the texts of a run are put instead of being compared.
TEXTS: pytest.StashKey[dict[str, str]] = pytest.StashKey()

_SECTION = re.compile(r"^### (?P<code>\S+)\n(?P<body>.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```text\n(?P<text>.*?)^```\n", re.MULTILINE | re.DOTALL)
#: Before it stands the block: what follows tells what to do.
_ADVICE = re.compile(r"^What to do: ", re.MULTILINE)


def shown(page: str) -> dict[str, str]:
    """Return the block of each section that has one, by its code."""
    blocks = {match["code"]: _BLOCK.search(match["body"]) for match in _SECTION.finditer(page)}
    return {code: block["text"].rstrip("\n") for code, block in blocks.items() if block}


def rewritten(page: str, texts: dict[str, str]) -> str:
    """Return *page* with these texts in the sections of their codes."""

    def write(section: re.Match[str]) -> str:
        text = texts.get(section["code"])
        if text is None:
            return section[0]
        block = f"```text\n{text}\n```\n"
        body = section["body"]
        if _BLOCK.search(body):
            body = _BLOCK.sub(lambda _: block, body, count=1)
        else:
            at = _ADVICE.search(body)
            place = at.start() if at else len(body)
            body = f"{body[:place]}{block}\n{body[place:]}"
        return f"### {section['code']}\n{body}"

    return _SECTION.sub(write, page)


class Writer:
    """A plugin of pytest's that lets the tests of the page write it."""

    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[TEXTS] = {}

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        PAGE.write_text(rewritten(PAGE.read_text("utf-8"), session.config.stash[TEXTS]), "utf-8")


def main() -> int:
    words = ["-q", "-n", "0", "-p", "no:cacheprovider", str(CHECKOUT / "tests" / "integration" / "test_errors_page.py")]
    return pytest.main([*words, *sys.argv[1:]], plugins=[Writer()])


if __name__ == "__main__":
    from tests.support import errors_page  # the module that the tests know, not this one, which is __main__

    sys.exit(errors_page.main())

"""The command line: ``isolated-environment``, also ``python -m isolated_environment``."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

from ..errors import CommandNotFoundError, IsolatedEnvironmentError, ProcessError
from . import commands

#: Exit codes of our own failures, as shells and container tools use them.
FAILED, NOT_STARTED, NOT_FOUND, INTERRUPTED = 125, 126, 127, 130

Answer = tuple[Any, str, int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The words after the program's name; the process's by default.

    Returns:
        The exit code: of ``run`` the command's own, 128 + N when signal N ended it; else 0, 1 when ``doctor`` found
        an error, 125 for an error of ours, 126 for a command that cannot be started, 127 for an unknown one, 130 for
        Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    split = words.index("--") if words[:1] == ["run"] and "--" in words else len(words)
    arguments = _parser().parse_args(words[:split])
    arguments.words = words[split + 1 :]
    command: Callable[[argparse.Namespace], Answer] = arguments.command
    try:
        value, text, code = command(arguments)
    except IsolatedEnvironmentError as error:
        return _fail(error, as_json=arguments.json)
    except KeyboardInterrupt:
        sys.stderr.write("\nisolated-environment: interrupted\n")  # below the ^C that a terminal shows
        return INTERRUPTED
    if arguments.json:
        text = json.dumps(value, indent=2)
    return code if not text or _print(text) else FAILED


def _fail(error: IsolatedEnvironmentError, *, as_json: bool) -> int:
    if as_json:
        known = {"error": error.code, "message": error.message, "hint": error.hint}
        _print(json.dumps(known, indent=2))
    sys.stderr.write(f"isolated-environment: {error}\n")
    if isinstance(error, CommandNotFoundError):
        return NOT_FOUND
    return NOT_STARTED if isinstance(error, ProcessError) else FAILED


def _print(text: str) -> bool:
    """Write to stdout, now; say so on stderr where that fails, unless the reader went away (``| head``)."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except OSError as error:
        with open(os.devnull, "wb") as nowhere:  # what is left in the buffer goes there when the interpreter ends
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return True
        sys.stderr.write(f"isolated-environment: cannot write to stdout: {error.strerror}\n")
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="isolated-environment",
        description="Private environments inside the applications that own them.",
        epilog="PATH is what the application's author named, or the directory that holds the environment.  APP is "
        "that too, or the name of an installed application that declares environments (APP:NAME for one of them).",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('isolated_environment')}")
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(verbs)
    build = _add(verbs, "build", commands.build, "build what an application declares, before its first use")
    build.add_argument("path", metavar="APP")
    plan = _add(verbs, "plan", commands.plan, "say what a build would do, and do nothing")
    plan.add_argument("path", metavar="APP")
    plan.add_argument("--quick", action="store_true", help="ask no index: say not what would be installed")
    lock = _add(verbs, "lock", commands.lock, "write an environment's pylock.toml, for its author to ship")
    lock.add_argument("path", metavar="APP")
    lock.add_argument("--output", metavar="FILE", default="pylock.toml")
    lock.add_argument("--universal", action="store_true", help="resolve for every platform, not for this one alone")
    bundle = _add(verbs, "bundle", commands.bundle, "write an environment's wheels and lock, for first runs offline")
    bundle.add_argument("path", metavar="APP")
    bundle.add_argument("--output", metavar="DIRECTORY", default="bundle")
    shell = _add(verbs, "shell", commands.shell, "start a shell in an environment")
    shell.add_argument("path", metavar="APP")
    shell.add_argument("--shell", metavar="PROGRAM", help="a shell; the user's by default")
    show = _add(verbs, "show", commands.show, "show what an environment holds and where it lies")
    show.add_argument("path", metavar="APP")
    _add(verbs, "list", commands.list_all, "list the environments of this interpreter's distributions")
    remove = _add(verbs, "remove", commands.remove, "remove an environment, or all of an application")
    remove.add_argument("path", metavar="APP")
    gc = _add(verbs, "gc", commands.gc, "give back space that nobody needs, here or in every environment")
    gc.add_argument("path", metavar="PATH", nargs="?")
    gc.add_argument("--force", action="store_true", help="do not wait an hour for superseded generations")
    doctor = _add(verbs, "doctor", commands.doctor, "look for what is or may become wrong; exit 1 on an error")
    doctor.add_argument("path", metavar="APP", nargs="?")
    doctor.add_argument("--deep", action="store_true", help="compare the content of every installed file")
    return parser


def _add_run(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = _add(verbs, "run", commands.run, "run a command in an environment, building it if need be")
    run.add_argument("path", metavar="PATH")
    run.add_argument("--with", dest="requirements", metavar="REQUIREMENT", action="append", default=[])
    run.add_argument("--index", metavar="URL", help="where the projects named by --with come from")
    run.add_argument("--torch", metavar="CHANNEL", help="where PyTorch comes from: cu126, cpu …, auto, or a URL")
    run.add_argument("--python", metavar="VERSION", help="a version, a specifier or a path")
    run.add_argument("--toolchain", choices=("auto", "uv", "pip"), default="auto")
    run.add_argument("--owner", metavar="NAME", default="auto", help="the distribution that owns PATH")
    run.usage = "isolated-environment run [--json] PATH [--with REQUIREMENT]... [--index URL] [...] -- COMMAND ..."


def _add(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: Callable[[argparse.Namespace], Answer],
    text: str,
) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.set_defaults(command=command)
    return parser

"""What each command does: it returns a JSON value, a text for people, and an exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from ..ask_input import absolute
from ..environment import IsolatedEnvironment
from ..errors import CommandNotFoundError, IsolatedEnvironmentError, ProcessError, RequestError
from ..layout import Layout
from ..ownership.container import is_ours
from ..ownership.owners import list_owners
from ..receipt import Receipt, Unusable, read
from ..settings import read_settings
from ..store.inspection import list_distributions, measure, read_receipt
from ..store.orphans import collect_orphans, list_containers
from ..store.resolution import recorded_torch
from ..torch_index.request import TorchIndex
from ..wording import counted
from .applications import Declared, declared, declared_by
from .shells import enter

Answer = tuple[Any, str, int]


def run(arguments: argparse.Namespace) -> Answer:
    """``run``: the command's output is its own; with ``--json`` it is captured and told."""
    words = arguments.words
    if not words:
        raise RequestError("no command to run", hint="isolated-environment run PATH --with NAME -- COMMAND ...")
    environment = IsolatedEnvironment(
        _named(arguments.path),
        python=arguments.python,
        torch=arguments.torch,
        toolchain=arguments.toolchain,
        owner=arguments.owner,
    )
    if arguments.requirements:
        environment.pip_install(arguments.requirements, arguments.index)
    environment.ensure()
    done = _done(environment, words, captured=arguments.json)
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    value = {"prefix": str(environment.prefix), "args": words, "returncode": done.returncode}
    if arguments.json:
        value.update(stdout=done.stdout, stderr=done.stderr)
    return value, "", code


def _done(environment: IsolatedEnvironment, words: list[str], *, captured: bool) -> CompletedProcess[str]:
    decoding = {"encoding": "utf-8", "errors": "replace"} if captured else {}
    try:
        return environment.run(words, capture_output=captured, **decoding)
    except ProcessError:
        raise
    except FileNotFoundError as error:
        raise CommandNotFoundError(
            f"no file {words[0]!r}", hint="check the path", name=words[0], searched=()
        ) from error
    except OSError as error:
        reason = f"{words[0]!r} cannot be started: {error.strerror}"
        raise ProcessError(reason, hint="is it a program, and may you run it?") from error


def build(arguments: argparse.Namespace) -> Answer:
    """``build``: every environment that an application declares, or one, now instead of on its first use."""
    found = [(label, environment.ensure()) for label, environment in _each(arguments.path)]
    value = {label: str(prefix) for label, prefix in found}
    return value, "\n".join(f"{label}: {prefix}" for label, prefix in value.items()), 0


def plan(arguments: argparse.Namespace) -> Answer:
    """``plan``: what a build would do, without doing it."""
    resolve = not arguments.quick
    found = [(label, environment.plan(resolve=resolve)) for label, environment in _each(arguments.path)]
    value = {
        label: {**asdict(each), "steps": [list(step.argv) for step in each.steps], "download": each.download}
        for label, each in found
    }
    return value, "\n\n".join(str(each) if len(found) == 1 else f"{label}\n{each}" for label, each in found), 0


def lock(arguments: argparse.Namespace) -> Answer:
    """``lock``: write what an environment is locked to, for its author to ship; it is built first, if need be."""
    path = _one(arguments.path).export_lock(arguments.output, universal=arguments.universal)
    whom = "every platform, and this Python and newer ones" if arguments.universal else "this platform and this Python"
    return {"lock": str(path)}, f"wrote {path}, for {whom}", 0


def bundle(arguments: argparse.Namespace) -> Answer:
    """``bundle``: write every wheel and a lock that names them, so that an environment is built without a network."""
    path = _one(arguments.path).bundle(arguments.output)
    wheels = sorted(wheel.name for wheel in path.parent.glob("*.whl"))
    size = sum((path.parent / name).stat().st_size for name in wheels)
    text = f"wrote {path} and {counted(len(wheels), 'wheel')}, {size / 1e6:.1f} MB, for this platform and this Python"
    return {"lock": str(path), "wheels": wheels, "size": size}, text, 0


def shell(arguments: argparse.Namespace) -> Answer:
    """``shell``: an interactive shell in an environment, which is built first, if need be."""
    environment = _one(arguments.path)
    environment.ensure()
    sys.stderr.write(f"isolated-environment: in {environment.path}; `exit` leaves it\n")
    code = enter(environment, arguments.shell)
    return {"prefix": str(environment.prefix), "returncode": code}, "", code


def show(arguments: argparse.Namespace) -> Answer:
    """``show``: where it lies, what it holds."""
    environment = _one(arguments.path)
    state = environment.state()
    value: dict[str, Any] = {
        "path": str(environment.path),
        **{name: str(item) if isinstance(item, Path) else item for name, item in asdict(state).items()},
    }
    receipt = read_receipt(str(state.root))
    if receipt is not None:
        value.update(_described(str(state.root), receipt))
    torch = None if receipt is None else recorded_torch(receipt)
    shown = value | ({} if torch is None else {"torch": torch.described()})
    lines = [f"{name}: {_shown(item)}" for name, item in shown.items() if item not in (None, [], {})]
    return value, "\n".join(lines), 0


def list_all(arguments: argparse.Namespace) -> Answer:
    """``list``: every environment that a distribution of this interpreter owns, and those in the user's data."""
    del arguments
    found = [_summary(_at(str(root)), owner) for root, owner in _every_root()]
    there = {item["root"] for item in found}
    found += [item for each in declared() if (item := _declared(each))["root"] not in there]
    lines = [f"{item['owner'] or '-'}\t{item['status']}\t{item['size'] >> 20} MiB\t{item['path']}" for item in found]
    return found, "\n".join(lines) or "no environments", 0


def remove(arguments: argparse.Namespace) -> Answer:
    """``remove``: the environment, its root and its link."""
    found = []
    for _, environment in _each(arguments.path):
        root = str(environment.root)
        there = os.path.lexists(root)
        environment.remove()
        found.append({"root": root, "removed": there})
    text = "\n".join(f"removed {item['root']}" if item["removed"] else f"nothing at {item['root']}" for item in found)
    return found[0] if len(found) == 1 else found, text, 0


def gc(arguments: argparse.Namespace) -> Answer:
    """``gc``: of one environment; without PATH of every one, and of those whose application is gone."""
    if arguments.path is not None:
        roots, orphans = [os.path.abspath(arguments.path)], []
    else:
        roots = [str(root) for root, _ in _every_root()]
        orphans = [str(path) for path in collect_orphans(read_settings().data_dir)]
    gone = {root: _at(root).gc(force=arguments.force) for root in roots if os.path.isdir(root)}
    value = {"generations": gone, "orphans": orphans}
    lines = [f"collected {root}: {', '.join(names)}" for root, names in gone.items() if names]
    lines += [f"removed {path}: its application is gone" for path in orphans]
    return value, "\n".join(lines) or "nothing to collect", 0


def doctor(arguments: argparse.Namespace) -> Answer:
    """``doctor``: of one environment; or of every one, and what PyTorch this machine would get."""
    if arguments.path is None:
        environments = [_at(str(root)) for root, _ in _every_root()]
    else:
        environments = [environment for _, environment in _each(arguments.path)]
    reports = [environment.doctor(deep=arguments.deep) for environment in environments]
    found = [
        {
            "healthy": report.is_healthy,
            "facts": report.facts,
            "findings": [asdict(finding) for finding in report.findings],
        }
        for report in reports
    ]
    torch = _explained() if arguments.path is None else None
    value = {"environments": found, "torch": torch}
    parts = list(map(str, reports)) or ["no environments"]
    parts += [] if torch is None else [f"PyTorch for this machine, by TorchIndex.auto():\n{torch}"]
    return value, "\n\n".join(parts), 0 if all(report.is_healthy for report in reports) else 1


def _explained() -> str:
    try:
        return TorchIndex.auto().explain()
    except IsolatedEnvironmentError as error:  # a machine that has no build, a setting that names no channel
        return str(error)


def _each(text: str) -> list[tuple[str, IsolatedEnvironment]]:
    """What a word means: an application, one of its environments, or a path; with what it is called."""
    named = declared_by(text)
    return [(each.label, each.load()) for each in named] if named else [(text, _at(text))]


def _one(text: str) -> IsolatedEnvironment:
    each = _each(text)
    if len(each) > 1:
        names = ", ".join(label for label, _ in each)
        raise RequestError(f"{text} declares more than one environment", hint=f"name one of {names}")
    return each[0][1]


def _declared(each: Declared) -> dict[str, Any]:
    """What ``list`` says of an environment that is declared, and is perhaps not there."""
    try:
        return _summary(each.load(), each.application)
    except IsolatedEnvironmentError as error:
        return {"owner": each.application, "path": each.label, "root": "", "status": error.code, "size": 0}


def _at(path: str) -> IsolatedEnvironment:
    return IsolatedEnvironment(_named(path))


def _named(path: str) -> str:
    """What the author named: *path* itself, or, where it is a root, what its receipt says."""
    text = absolute(path) if path.strip() else path
    try:
        receipt = read(Layout(text).receipt)
    except Unusable:
        return text
    named = receipt.get("path")
    is_root = isinstance(named, str) and receipt.root == text and os.path.realpath(named) == text
    return str(named) if is_root else text


def _every_root() -> Iterator[tuple[Path, str | None]]:
    for owner in list_owners():
        if is_ours(owner.container):
            yield from ((root, owner.name) for root in _roots_in(owner.container))
    for container, _ in list_containers(read_settings().data_dir):
        yield from ((root, None) for root in _roots_in(container))


def _roots_in(container: Path) -> Iterator[Path]:
    yield from (entry for entry in sorted(container.iterdir()) if entry.is_dir())


def _summary(environment: IsolatedEnvironment, owner: str | None) -> dict[str, Any]:
    state = environment.state()
    receipt = read_receipt(str(state.root))
    return {
        "owner": owner,
        "path": str(environment.path) if receipt is None else receipt.get("path"),
        "root": str(state.root),
        "status": state.status,
        "placement": state.placement,
        "python": None if receipt is None else receipt.base.get("version"),
        "size": measure(str(state.root)).total,
    }


def _described(root: str, receipt: Receipt) -> dict[str, Any]:
    torch = recorded_torch(receipt)
    return {
        "python": f"{receipt.base.get('version')} ({receipt.base.get('executable')})",
        "toolchain": " ".join(map(str, (receipt.get("toolchain") or {}).values())),
        "built_at": receipt.get("built_at"),
        "requirements": [
            item["text"] for ask in receipt.content.get("asks", []) for item in ask.get("requirements", [])
        ],
        "torch": None if torch is None else torch.as_json(),
        "distributions": {item.name: item.version for item in list_distributions(root, receipt)},
        "size": measure(root).total,
    }


def _shown(item: Any) -> str:
    if isinstance(item, dict):
        return ", ".join(f"{name} {value}" for name, value in item.items())
    return ", ".join(map(str, item)) if isinstance(item, list) else str(item)

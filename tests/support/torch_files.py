"""Pages of a PyTorch index as values: no server, no files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.tags import Tag
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from isolated_environment.errors import ResolutionError
from isolated_environment.host import markers_of
from isolated_environment.index import Index
from isolated_environment.lockfile import Target
from isolated_environment.repository import File
from isolated_environment.torch_index.choose import Wish, decide
from isolated_environment.torch_index.machine import Machine
from isolated_environment.torch_index.pin import TorchPin

BASE = "https://torch.example/whl"
LINUX = "cp311-cp311-manylinux_2_28_x86_64"


def target(platform: str = "manylinux_2_28_x86_64", **markers: str) -> Target:
    """CPython 3.11 on a platform."""
    facts = {"sys_platform": "linux", "platform_machine": "x86_64", **markers}
    tags = (Tag("cp311", "cp311", platform), Tag("cp311", "none", platform), Tag("py3", "none", platform))
    return Target({**markers_of("3.11.7"), **facts}, tags)


def file(filename: str, **changes: Any) -> File:
    """A file on a page, by its name."""
    parse = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
    facts: dict[str, Any] = {"requires_python": None, "yanked": False, "version": parse(filename)[1], **changes}
    return File(filename, f"https://files.example/{filename.replace('+', '%2B')}", "0" * 64, **facts)


def wheels(project: str, channel: str, versions: Iterable[str], tag: str = LINUX) -> list[File]:
    """The wheels of some releases, labelled."""
    return [file(f"{project}-{version}+{channel}-{tag}.whl") for version in versions]


def reader(pages: Mapping[str, list[File]], asked: list[str] | None = None) -> Callable[[Index, str], list[File]]:
    """Read pages given as ``<channel>/<project>``; *asked* gets what was asked for."""

    def read(index: Index, project: str) -> list[File]:
        key = f"{index.url.removeprefix(BASE).strip('/')}/{project}"
        if asked is not None:
            asked.append(key)
        if key not in pages:
            raise ResolutionError(f"the index does not have {project}", hint="", step="resolve")
        return pages[key]

    return read


def wish(channel: str = "auto", *, of: Target | None = None, **changes: Any) -> Wish:
    """A wish; keywords are its fields, and ``torch`` a specifier."""
    specifiers = {name: SpecifierSet(text) for name, text in changes.pop("specifiers", {}).items()}
    if "torch" in changes:
        specifiers["torch"] = SpecifierSet(changes.pop("torch"))
    return Wish(channel, BASE, of or target(), "3.11", specifiers, **changes)


#: A channel each with a few releases, as on the real index.
ON = {
    "cu118": ["2.0.1", "2.1.2", "2.4.1", "2.7.1"],
    "cu121": ["2.1.2", "2.4.1", "2.5.1"],
    "cu124": ["2.4.1", "2.5.1", "2.6.0"],
    "cu126": ["2.6.0", "2.8.0", "2.14.1"],
    "cu128": ["2.7.1", "2.8.0", "2.11.0"],
    "cu130": ["2.9.0", "2.14.1", "2.15.0"],
    "cpu": ["2.1.2", "2.15.0"],
    "rocm6.4": ["2.8.0"],
    "rocm7.2": ["2.13.0"],
}
PAGES = {f"{channel}/torch": wheels("torch", channel, versions) for channel, versions in ON.items()}


def unseen() -> Machine:
    """The machine that nobody had to look at."""
    raise AssertionError("nobody had to look at the machine")


def decided(machine: Machine, pages: Mapping[str, list[File]] = PAGES, **wished: Any) -> TorchPin:
    """What is decided for a machine; keywords as of :func:`wish`."""
    return decide(wish(**wished), lambda: machine, reader(pages))

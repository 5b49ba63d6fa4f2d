"""Binding a build order to a channel: the family comes from there alone, each member at its exact version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from packaging.requirements import Requirement as Parsed
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..errors import IndexUnreachableError, TorchConflictError
from ..index import Index
from ..lockfile import Lock
from ..plan import BuildOrder
from ..repository import File, choose_file, read_project
from ..requirements import parse_constraint
from ..spec import torch_base
from ..torch_source import TorchSource
from ..wheel_metadata import read_metadata, requirements_in
from .choose import Wish, decide
from .conflicts import members_named
from .machine import Machine, see_machine
from .partners import pair_of, pin_partner
from .pin import TorchPin, belongs_to_family
from .request import machine_cache
from .tables import PAIRS


class Binder:
    """Binds the orders of one build.

    Args:
        order: The order, not bound.
        source: Where PyTorch is to come from.
        recorded: The pin that the environment has, when it was made for the same request.
    """

    def __init__(self, order: BuildOrder, source: TorchSource, recorded: TorchPin | None) -> None:
        self._order = order
        self._source = source
        self._recorded = recorded
        self._pages: dict[tuple[str, str], list[File]] = {}
        self._base = torch_base(source, order.settings)
        #: What is pinned so far; ``None`` until a member of the family is wanted.
        self.pin: TorchPin | None = None

    def bind(self) -> BuildOrder:
        """Return the order with what is asked of the family pinned; as it was when nothing is.

        Raises:
            TorchError: no build serves.
            IndexUnreachableError: the index did not answer.
        """
        asked = sorted(name for name in self._asked if belongs_to_family(name, self._source.channel))
        return self._extended(asked) if asked else self._order

    def extend(self, lock: Lock) -> BuildOrder | None:
        """Return the order with what the resolution brought of the family pinned too.

        Args:
            lock: What was resolved with the order as it is bound now.

        Returns:
            The order to resolve again; ``None`` when every member was pinned already.

        Raises:
            TorchError: no build serves.
            IndexUnreachableError: the index did not answer.
        """
        members = {name for name in lock.versions if belongs_to_family(name, self._channel)}
        new = sorted(members - self._known)
        if not new:
            return None
        return self._extended(new, {name: lock.versions[name] or "" for name in new})

    def reconsider(self, said: str) -> BuildOrder | None:
        """Return the order with the members pinned that a failed resolution wanted from the main index.

        The main index may have none of them, or only some that go with another torch.

        Args:
            said: What the installer said.

        Returns:
            The order to resolve again; ``None`` when every member that it names was pinned already.

        Raises:
            TorchError: no build serves.
            IndexUnreachableError: the index did not answer.
        """
        new = sorted(members_named(said, self._channel) - self._known)
        return self._extended(new) if new else None

    def settled(self, lock: Lock) -> TorchPin | None:
        """Return the pin with the versions that were resolved, and check that each is of the channel.

        Args:
            lock: The lock that will be installed.

        Raises:
            TorchConflictError: a member would come from somewhere else.
        """
        if self.pin is None:
            return None
        members = {
            name: version for name, version in lock.versions.items() if belongs_to_family(name, self.pin.channel)
        }
        for name, version in members.items():
            pinned = self.pin.versions.get(name)
            if pinned is not None and version is not None and Version(version) != Version(pinned):
                raise TorchConflictError(
                    f"{name} would be {version}, and {pinned} is pinned",
                    hint=f"ask for {name} without a version",
                    pin=f"{name}=={pinned}",
                    requirement=f"{name}=={version}",
                )
        return self.pin.with_versions({name: version for name, version in members.items() if version})

    @property
    def _channel(self) -> str:
        return self.pin.channel if self.pin else self._source.channel

    @property
    def _known(self) -> set[str]:
        return {*self._direct, *self._bound, *(self.pin.versions if self.pin else ())}

    def _extended(self, names: list[str], resolved: Mapping[str, str] | None = None) -> BuildOrder:
        wish = self._wish(names, resolved or {})
        if self.pin is None:
            self.pin = decide(wish, self._see, self._read)
        partners = [name for name in names if name != "torch"]
        versions = {name: pin_partner(name, self.pin, wish, self._read) for name in partners}
        self.pin = self.pin.with_versions({name: version for name, version in versions.items() if version})
        self._bound |= {*names, "torch", *self._companions("torch", wish)}
        return self._bound_order()

    def _companions(self, name: str, wish: Wish, found: frozenset[str] = frozenset()) -> frozenset[str]:
        """What a member needs that only its channel has: on ROCm and XPU the compiler and more.

        The main index does not know these names, so they are bound before anything is resolved.
        """
        pin = self.pin
        if pin is None or pin.url is None or not pin.channel.startswith(("rocm", "xpu")):
            return found
        index = Index(pin.url, default=True, credentials=self._base.credentials)
        wanted = pin.versions.get(name)
        specifiers = [SpecifierSet(f"=={wanted}")] if wanted else []
        file = choose_file(self._read(index, name), specifiers, wish.target, prereleases=True)
        metadata = None if file is None else read_metadata(file, index, self._order.settings)
        for needed in requirements_in(metadata or b"", wish.target.markers):
            if needed != "torch" and needed not in found and belongs_to_family(needed, pin.channel):
                found = self._companions(needed, wish, found | {needed})
        return found

    @cached_property
    def _bound(self) -> set[str]:
        return set()

    def _bound_order(self) -> BuildOrder:
        pin = self.pin
        if pin is None or pin.url is None:
            return self._order
        content = self._order.content
        index = Index(pin.url, sorted(self._bound), credentials=self._base.credentials)
        bound = replace(
            content,
            indexes=(*content.indexes, index),
            constraints=(*content.constraints, *map(parse_constraint, pin.requirements)),
        )
        asked = {item.name for item in content.requirements}
        return replace(self._order, content=bound).with_widened(tuple(sorted(self._bound - asked)))

    def _wish(self, names: list[str], resolved: Mapping[str, str]) -> Wish:
        order, settings = self._order, self._order.settings
        upgrade = order.upgrade
        kept = {} if self._recorded is None or upgrade is None else self._recorded.versions
        preferred = {**resolved, **{name: version for name, version in kept.items() if name not in (upgrade or ())}}
        if "torch" not in preferred:
            preferred.update(self._torch_of_partners(names))
        return Wish(
            self._source.channel,
            self._base.url,
            order.interpreter.target(),
            order.interpreter.minor,
            self._specifiers,
            preferred,
            order.content.options.flag("--pre"),
            self._recorded,
            settings.torch_backend,
            self._source.on_unusable_gpu,
        )

    def _torch_of_partners(self, names: list[str]) -> dict[str, str]:
        """The newest torch that goes with what is asked of its partners, where the table knows."""
        asked = {name: self._specifiers[name] for name in names if self._specifiers.get(name)}
        torch = self._specifiers.get("torch", SpecifierSet())
        going = [
            release
            for release in PAIRS
            if torch.contains(release)
            and all(_goes_with(name, specifier, release) for name, specifier in asked.items())
        ]
        return {"torch": max(going, key=Version)} if asked and going else {}

    @cached_property
    def _asked(self) -> frozenset[str]:
        """The projects that are asked for by name; a direct reference says itself where it comes from."""
        items, markers = self._order.content.requirements, self._order.interpreter.markers
        return frozenset(item.name for item in items if item.name and item.url is None and item.applies(markers))

    @cached_property
    def _direct(self) -> frozenset[str]:
        return frozenset(item.name for item in self._order.content.requirements if item.name and item.url is not None)

    @cached_property
    def _specifiers(self) -> dict[str, SpecifierSet]:
        """What requirements and constraints say of each project."""
        content, found = self._order.content, dict[str, SpecifierSet]()
        for item in (*content.requirements, *content.all_constraints):
            if item.name and item.url is None and item.applies(self._order.interpreter.markers):
                found[item.name] = found.get(item.name, SpecifierSet()) & Parsed(item.text).specifier
        return found

    def _see(self) -> Machine:
        return see_machine(self._order.interpreter.executable, machine_cache())

    def _read(self, index: Index, project: str) -> list[File]:
        key = (index.url, project)
        if key not in self._pages:
            secured = Index(index.url, default=True, credentials=self._base.credentials)
            if self._order.settings.offline and not index.url.startswith("file:"):
                raise IndexUnreachableError(
                    f"the PyTorch index {index.url} is not asked: offline",
                    hint="allow the network once, or name a directory of its layout by ISOLATED_ENVIRONMENT_TORCH_URL",
                    step="resolve",
                )
            self._pages[key] = read_project(secured, project, self._order.settings)
        return self._pages[key]


def _goes_with(name: str, specifier: SpecifierSet, torch: str) -> bool:
    pair = pair_of(name, torch)
    return pair is None or any(specifier.contains(part.version, prereleases=True) for part in pair)

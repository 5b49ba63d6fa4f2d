"""Questions about an environment on disk; nothing is changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement as Parsed

from ..layout import Layout, generation_number, site_packages_of
from ..lockfile import Lock, artifact_of
from ..ownership.placement import Placement
from ..ownership.stamp import is_registered
from ..receipt import Receipt, Unusable, read
from ..requirements import parse
from ..torch_index.verify import verify_torch
from .resolution import read_lock, recorded_torch
from .roots import is_ours
from .verification import Installed, list_installed, verify
from .warm import check


@dataclass(frozen=True)
class State:
    """What there is at an environment's place."""

    #: ``absent``; ``ready``; ``stale``: what is there is sound but not what was declared; ``damaged``; ``foreign``.
    status: str
    #: Why it is not ready; ``None`` when it is.
    reason: str | None
    #: ``owner``: beside the application, removed with it; ``path``: at the author's path; ``user``: in the user's data.
    placement: str
    #: Why it is there.
    placement_reason: str
    root: Path
    #: The current generation's name, or ``None``.
    generation: str | None
    #: The distribution whose uninstall removes it, or ``None``.
    owner: str | None


@dataclass(frozen=True)
class Size:
    """What an environment takes on disk."""

    #: Bytes, each hard link counted.
    total: int
    #: Files and links.
    files: int
    #: Bytes of each generation.
    generations: dict[str, int]


@dataclass(frozen=True)
class Finding:
    """One thing that :func:`examine` found."""

    #: ``error`` or ``note``.
    level: str
    text: str
    #: What to do, or ``None``.
    hint: str | None = None


@dataclass(frozen=True)
class Report:
    """What ``doctor`` found."""

    state: State
    findings: tuple[Finding, ...]
    #: Facts worth quoting when asking for help: toolchain, Python, when it was built …
    facts: dict[str, str]

    @property
    def is_healthy(self) -> bool:
        """Whether there is no error among the findings."""
        return not any(finding.level == "error" for finding in self.findings)

    def __str__(self) -> str:
        facts = [f"{name}: {value}" for name, value in self.facts.items()]
        findings = [
            f"{finding.level}: {finding.text}" + (f" ({finding.hint})" if finding.hint else "")
            for finding in self.findings
        ]
        return "\n".join([*facts, *findings, "healthy" if self.is_healthy else "not healthy"])


def read_state(place: Placement, reason: str | None) -> State:
    """Return the state of *place*.

    Args:
        place: Where the environment is or would be.
        reason: Why it does not serve the declaration; ``None``: it does.
    """
    layout = Layout(str(place.root))
    status, generation = "ready", None
    try:
        receipt = read(layout.receipt)
        generation = receipt.generation
        check(layout.root, receipt)
        if reason is not None:
            status = "stale"
    except Unusable as why:
        reason = str(why)
        exists = os.path.lexists(layout.receipt)
        foreign = place.root.is_dir() and any(place.root.iterdir()) and not is_ours(layout)
        status = "damaged" if exists else "foreign" if foreign else "absent"
    owner = None if place.owner is None else place.owner.name
    return State(status, reason, place.kind, place.reason, place.root, generation, owner)


def read_receipt(root: str) -> Receipt | None:
    """Return the receipt of *root*, or ``None``."""
    try:
        return read(Layout(root).receipt)
    except Unusable:
        return None


def list_distributions(root: str, receipt: Receipt) -> list[Installed]:
    """Return what is installed in the current generation."""
    prefix = Layout(root).prefix(receipt.generation)
    return list_installed(Path(site_packages_of(prefix, receipt.base["minor"])))


def has_requirements(installed: list[Installed], specs: list[str], markers: dict[str, str]) -> bool:
    """Return whether every requirement in *specs* is satisfied.

    Args:
        installed: What is there.
        specs: PEP 508 requirements; names are compared normalized, one whose marker is false is satisfied.
        markers: Marker values of the environment's interpreter.

    Raises:
        InvalidRequirementError: one cannot be read.
    """
    versions = {item.name: item.version for item in installed}
    for spec in specs:
        requirement = parse(spec)
        if requirement.name is None:
            return False
        parsed = Parsed(requirement.text)
        if parsed.marker is not None and not Marker(str(parsed.marker)).evaluate(dict(markers)):
            continue
        version = versions.get(requirement.name)
        if version is None or not parsed.specifier.contains(version, prereleases=True):
            return False
    return True


def freeze(lock: Lock) -> str:
    """Return the lock as a requirements text, one line a distribution."""
    lines = []
    for package in lock.packages:
        if not package.is_direct:
            lines.append(f"{package.name}=={package.version}")
            continue
        artifact = artifact_of(package)
        url = getattr(artifact, "url", None) or Path(str(artifact.path)).as_uri()
        if package.vcs is not None:
            url = f"{package.vcs.type}+{url}@{package.vcs.commit_id}"
        lines.append(f"{package.name} @ {url}")
    return "".join(f"{line}\n" for line in lines)


def measure(root: str) -> Size:
    """Return what *root* takes on disk."""
    total, files, generations = 0, 0, dict[str, int]()
    for directory, folders, names in os.walk(root):
        top = os.path.relpath(directory, root).split(os.sep)[0]
        links = (name for name in folders if os.path.islink(os.path.join(directory, name)))
        for name in (*names, *links):
            try:
                size = os.lstat(os.path.join(directory, name)).st_size
            except OSError:
                continue
            total, files = total + size, files + 1
            if generation_number(top) is not None:
                generations[top] = generations.get(top, 0) + size
    return Size(total, files, generations)


def examine(place: Placement, reason: str | None, *, deep: bool = False) -> Report:
    """Look for everything that is or may become wrong.

    Args:
        place: Where the environment is or would be.
        reason: Why it does not serve the declaration; ``None``: it does.
        deep: Compare the content of every installed file with its hash.
    """
    state = read_state(place, reason)
    receipt = read_receipt(str(place.root))
    facts = {"root": str(place.root), "placement": f"{place.kind} ({place.reason})", "status": state.status}
    findings = [] if state.reason is None else [Finding("error", state.reason, "the next use builds it again")]
    if state.status == "foreign":
        findings = [Finding("error", f"{place.root} was not made by this library", "choose another path")]
    if receipt is not None:
        facts.update(_facts(receipt))
        torch = recorded_torch(receipt)
        facts.update({} if torch is None else {"torch": torch.described(), "torch for": torch.machine or "any machine"})
        findings += _examine_registration(place, receipt)
        findings += _examine_content(str(place.root), receipt, deep=deep)
    if place.kind == "user":
        hint = "`isolated-environment gc` removes it when the application is gone"
        findings.append(Finding("note", f"uninstalling does not remove it: {place.reason}", hint))
    return Report(state, tuple(findings), facts)


def _facts(receipt: Receipt) -> dict[str, str]:
    toolchain = receipt.get("toolchain") or {}
    return {
        "generation": receipt.generation,
        "built": f"{receipt.get('built_at')} in {receipt.get('duration')} s",
        "toolchain": " ".join(map(str, toolchain.values())),
        "python": f"{receipt.base.get('version')} at {receipt.base.get('executable')}",
    }


def _examine_registration(place: Placement, receipt: Receipt) -> list[Finding]:
    if place.kind == "owner" and not is_registered(receipt.get("registration")):
        return [Finding("error", "the owner's RECORD does not list it", "the next use registers it again")]
    return []


def _examine_content(root: str, receipt: Receipt, *, deep: bool) -> list[Finding]:
    lock = read_lock(root, receipt)
    if lock is None:
        return [Finding("note", "its pylock.toml is gone or was changed", "the next build resolves anew")]
    prefix = Layout(root).prefix(receipt.generation)
    site_packages = Path(site_packages_of(prefix, receipt.base["minor"]))
    lines, torch = verify(site_packages, lock.versions, deep=deep), recorded_torch(receipt)
    hint = "remove() and use it again to build it from nothing"
    findings = [Finding("error", line, hint) for line in lines]
    if torch is not None:
        hint = "upgrade() builds it again with the pinned PyTorch"
        findings += [Finding("error", line, hint) for line in verify_torch(site_packages, torch)]
    return findings

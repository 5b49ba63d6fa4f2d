"""The members of the family beside torch itself: which release of each goes with the torch that is pinned."""

from __future__ import annotations

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from ..errors import NoTorchReleaseError, ResolutionError, TorchConflictError
from ..index import Index
from ..repository import choose_file
from .choose import Reader, Wish, releases
from .pin import TorchPin
from .tables import PAIRS

_COLUMNS = {"torchvision": 0, "torchaudio": 1}


def pair_of(name: str, torch: str) -> SpecifierSet | None:
    """Return what the table says of a partner, or ``None`` where it says nothing.

    Args:
        name: ``torchvision`` or ``torchaudio``; the others say themselves which torch they want.
        torch: The release, with or without a label.
    """
    pair = PAIRS.get(Version(torch).public)
    if pair is None or name not in _COLUMNS:
        return None
    word = pair[_COLUMNS[name]]
    return SpecifierSet(word if word.startswith(">=") else f"=={word}")


def pin_partner(name: str, pin: TorchPin, wish: Wish, read: Reader) -> str | None:
    """Return the exact version of a partner, label included.

    Args:
        name: Normalized.
        pin: The pin of torch.
        wish: What is wanted.
        read: Reads a project's page on an index.

    Returns:
        The version; ``None`` where the resolver is to choose: the table has no pair, or there is no channel.

    Raises:
        TorchConflictError: what was asked of the partner contradicts the pinned torch.
        NoTorchReleaseError: the channel does not have the release that goes with it.
        IndexUnreachableError: the index did not answer.
    """
    torch = pin.versions.get("torch")
    pair = None if torch is None else pair_of(name, torch)
    if pair is None or pin.url is None or torch is None:
        return None
    asked = wish.specifiers.get(name, SpecifierSet())
    try:
        files = read(Index(pin.url, default=True), name)
    except ResolutionError:
        files = []
    found = releases(files, pin.channel, wish.target.markers)
    paired = [
        version for version in pair.filter(found, prereleases=True) if choose_file(found[version], [], wish.target)
    ]
    fitting = sorted(version for version in paired if asked.contains(version, prereleases=True))
    kept = [version for version in fitting if str(version) == wish.preferred.get(name)]
    if kept or fitting:
        return str((kept or fitting)[-1])
    if paired or (asked and not any(asked.contains(word, prereleases=True) for word in _exact(pair))):
        raise TorchConflictError(
            f"{name}{asked} does not go with torch=={torch}, which wants {name}{pair}",
            hint=f"ask for {name} without a version, or for another torch",
            pin=f"torch=={torch}",
            requirement=f"{name}{asked}",
        )
    known = tuple(str(version) for version in sorted(found))
    raise NoTorchReleaseError(
        f"{pin.channel} has no {name}{pair}, which goes with torch {torch}",
        hint=f"ask for a torch that goes with one it has: {', '.join(known[-5:])}"
        if known
        else f"take another channel: this one has no {name} at all",
        channel=pin.channel,
        requirement=f"{name}{pair}",
        available=known,
    )


def _exact(pair: SpecifierSet) -> list[str]:
    return [specifier.version for specifier in pair]

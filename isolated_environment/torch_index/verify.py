"""What build of PyTorch lies in a prefix, read from two files, without importing it."""

from __future__ import annotations

import ast
import email.parser
from collections.abc import Collection, Mapping
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .channels import cuda_of
from .pin import TorchPin, belongs_to_family


def verify_torch(site_packages: Path, pin: TorchPin) -> list[str]:
    """Compare what is installed with the pin.

    Args:
        site_packages: Where the distributions are.
        pin: What was decided.

    Returns:
        One line for each member of the family that is another build: replaced by the main index's, of another
        version, of another accelerator, or a CUDA build without the driver's libraries.
    """
    installed = _versions(site_packages, pin)
    damage = [f"{name} is not there, and {wanted} is pinned" for name, wanted in _absent(pin, installed)]
    for name, versions in installed.items():
        if len(versions) > 1:
            damage.append(f"{name} is there {len(versions)} times: {' and '.join(sorted(versions))}")
        else:
            damage += _verify_version(name, versions[0], pin)
    if "torch" in installed:
        damage += _verify_version_file(site_packages / "torch" / "version.py", pin)
    return damage


def read_version_file(path: Path) -> dict[str, str | None]:
    """Return the constants of ``torch/version.py``: ``__version__``, ``cuda``, ``hip``, ``xpu``; none is run.

    Raises:
        OSError, SyntaxError, ValueError: it cannot be read.
    """
    found: dict[str, str | None] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        if isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, str)):
            found.update({target.id: value.value for target in targets if isinstance(target, ast.Name)})
    return found


def _versions(site_packages: Path, pin: TorchPin) -> dict[str, list[str]]:
    """The family's normalized names with the versions in their METADATA: a directory's name may lack the label."""
    found: dict[str, list[str]] = {}
    for path in sorted(site_packages.glob("*.dist-info")):
        name = canonicalize_name(path.name.partition("-")[0])
        if belongs_to_family(name, pin.channel):
            found.setdefault(name, []).append(_version_in(path / "METADATA"))
    return found


def _version_in(metadata: Path) -> str:
    try:
        return email.parser.HeaderParser().parsestr(metadata.read_text("utf-8", "replace"))["Version"] or "unknown"
    except OSError:
        return "unknown"


def _absent(pin: TorchPin, installed: Collection[str]) -> list[tuple[str, str]]:
    return [(name, version) for name, version in sorted(pin.versions.items()) if name not in installed]


def _verify_version(name: str, version: str, pin: TorchPin) -> list[str]:
    wanted = pin.versions.get(name)
    if wanted is not None:
        return [] if _same(version, wanted) else [f"{name} is {version}, and {wanted} is pinned"]
    label = version.partition("+")[2]
    if pin.label and label and label != pin.label:
        return [f"{name} is {version}, a build for another channel than {pin.channel}"]
    return []


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _verify_version_file(path: Path, pin: TorchPin) -> list[str]:
    try:
        constants = read_version_file(path)
    except (OSError, SyntaxError, ValueError) as error:
        return [f"torch/version.py cannot be read: {type(error).__name__}"]
    return [f"torch/version.py {line}" for line in (*_wrong_version(constants, pin), *_wrong_kind(constants, pin))]


def _wrong_version(constants: Mapping[str, str | None], pin: TorchPin) -> list[str]:
    wanted, version = pin.versions.get("torch"), constants.get("__version__") or ""
    if wanted is None or not pin.label:
        return []
    # a wheel without a label may still have one inside, as those of the main index do
    inside = version if "+" in wanted else version.partition("+")[0]
    return [] if _same(inside, wanted) else [f"says {version or 'no version'}, and {wanted} is pinned"]


def _wrong_kind(constants: Mapping[str, str | None], pin: TorchPin) -> list[str]:
    if not pin.label:
        return []
    kind = next((name for name, sign in _SIGNS.items() if pin.channel.startswith(sign)), None)
    known = {name: constants.get(name) for name in _SIGNS}
    damage = [f"says {name} {value}" for name, value in known.items() if value and name != kind]
    if kind is not None and not known[kind] and (kind in constants or kind != "xpu"):  # torch 2.5 has no word for xpu
        damage.append(f"says no {kind}")
    cuda = cuda_of(pin.channel)
    if cuda is not None and known["cuda"] not in {None, f"{cuda[0]}.{cuda[1]}"}:
        damage.append(f"says cuda {known['cuda']}")
    return [f"{line}, and the channel is {pin.channel}" for line in damage]


_SIGNS = {"cuda": "cu", "hip": "rocm", "xpu": "xpu"}

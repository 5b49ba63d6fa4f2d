"""What build of PyTorch lies in a prefix, read from two files, without importing it."""

from __future__ import annotations

import ast
import email.parser
from pathlib import Path

from packaging.utils import canonicalize_name

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
    installed = _labels(site_packages)
    damage = []
    for name, version in installed.items():
        if not belongs_to_family(name, pin.channel):
            continue
        wanted = pin.versions.get(name)
        if wanted is not None and version != wanted:
            damage.append(f"{name} is {version}, and {wanted} is pinned")
        elif wanted is None and pin.label and "+" in version and version.partition("+")[2] != pin.label:
            damage.append(f"{name} is {version}, a build for another channel than {pin.channel}")
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


def _labels(site_packages: Path) -> dict[str, str]:
    """Normalized names with the versions in their METADATA: the directory's name may lack the label."""
    found: dict[str, str] = {}
    for path in sorted(site_packages.glob("*.dist-info")):
        metadata = email.parser.HeaderParser().parsestr((path / "METADATA").read_text("utf-8", "replace"))
        found[canonicalize_name(metadata["Name"] or path.name)] = metadata["Version"] or ""
    return found


def _verify_version_file(path: Path, pin: TorchPin) -> list[str]:
    try:
        constants = read_version_file(path)
    except (OSError, SyntaxError, ValueError) as error:
        return [f"torch/version.py cannot be read: {type(error).__name__}"]
    damage = []
    wanted, version = pin.versions.get("torch"), constants.get("__version__")
    if wanted is not None and pin.label and version != wanted:
        damage.append(f"torch/version.py says {version}, and {wanted} is pinned")
    kind = next((name for name, sign in _SIGNS.items() if pin.channel.startswith(sign)), None)
    if kind is not None and not constants.get(kind):
        damage.append(f"torch/version.py says no {kind}, and the channel is {pin.channel}")
    if pin.channel == "cpu" and constants.get("cuda"):
        damage.append(f"torch/version.py says cuda {constants['cuda']}, and the channel is cpu")
    return damage


_SIGNS = {"cuda": "cu", "hip": "rocm", "xpu": "xpu"}

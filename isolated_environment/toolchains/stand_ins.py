"""Stand-in wheels: the metadata of a distribution without its payload; they are never installed.

pip resolves a direct reference only from the file itself, and the file of a PyTorch build has two gigabytes.  A wheel
that holds nothing but the real METADATA resolves the same.

A project of an explicit index that only a dependency names is not known before something was resolved.  Until then it
is held by a stand-in without dependencies, so that no other index is asked for it: metadata of a source distribution
is had by running it.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

from packaging.utils import parse_wheel_filename

from ..plan import BuildOrder, DirectFile

#: Where in the working directory stand-in wheels lie.
STAND_INS = "stand-ins"


def stand_in(item: DirectFile) -> bytes:
    """Return the stand-in of *item* as a wheel (PEP 427): METADATA, WHEEL and RECORD."""
    name, version = item.filename.split("-")[:2]
    directory = f"{name}-{version}.dist-info"
    tags = "".join(f"Tag: {tag}\n" for tag in sorted(map(str, parse_wheel_filename(item.filename)[3])))
    wheel = f"Wheel-Version: 1.0\nGenerator: isolated_environment\nRoot-Is-Purelib: false\n{tags}"
    members = {f"{directory}/METADATA": item.metadata or b"", f"{directory}/WHEEL": wheel.encode()}
    rows = [f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in members.items()]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, data in members.items():
            archive.writestr(path, data)
        archive.writestr(f"{directory}/RECORD", "".join([*rows, f"{directory}/RECORD,,\n"]))
    return buffer.getvalue()


def stand_in_files(order: BuildOrder) -> dict[str, str | bytes]:
    """Return the stand-ins of an order: of what was resolved to one file, and of what came up nowhere yet."""
    items = (*(item for item in order.direct.values() if item.metadata), *map(_unknown, order.unbound))
    return {f"{STAND_INS}/{item.filename}": stand_in(item) for item in items}


def stand_in_line(item: DirectFile, order: BuildOrder) -> str:
    """Return the requirement that takes *item* from its stand-in."""
    return item.reference((order.work / STAND_INS / item.filename).as_uri())


def unbound_lines(order: BuildOrder) -> list[str]:
    """Return lines that hold each project that came up nowhere yet to its stand-in."""
    return [stand_in_line(_unknown(name), order) for name in order.unbound]


def constraint_lines(order: BuildOrder) -> list[str]:
    """Return the constraints asked for; what is said of an unbound project has to wait until it is bound."""
    return [item.text for item in order.content.all_constraints if item.name not in order.unbound]


def _unknown(name: str) -> DirectFile:
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n".encode()
    return DirectFile(name, "0", f"{name.replace('-', '_')}-0-py3-none-any.whl", "", None, metadata)


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

"""Stand-in wheels: the metadata of a distribution without its payload.

pip resolves a direct reference only from the file itself, and the file of a PyTorch build has two gigabytes.  A wheel
that holds nothing but the real METADATA resolves the same; it is never installed.
"""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

from packaging.utils import parse_wheel_filename

from ..plan import DirectFile


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


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()

"""Stand-in wheels resolve as the real ones do, and hold nothing."""

from __future__ import annotations

import io
import zipfile

from packaging.utils import parse_wheel_filename

from isolated_environment.plan import DirectFile
from isolated_environment.toolchains.stand_ins import stand_in

METADATA = b"Metadata-Version: 2.1\nName: torch\nVersion: 2.1.2+cu121\nRequires-Dist: numpy\n"
NAME = "torch-2.1.2+cu121-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"


def members(item: DirectFile) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(stand_in(item))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_a_stand_in_is_a_wheel_with_the_real_metadata_and_no_payload():
    found = members(DirectFile("torch", "2.1.2+cu121", NAME, "https://h/x.whl", "0" * 64, METADATA))
    info = "torch-2.1.2+cu121.dist-info"
    assert set(found) == {f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD"}
    assert found[f"{info}/METADATA"].encode() == METADATA
    assert found[f"{info}/WHEEL"].count("Tag: cp311-cp311-manylinux") == len(parse_wheel_filename(NAME)[3]) == 2
    rows = found[f"{info}/RECORD"].splitlines()
    assert [row.split(",")[0] for row in rows] == list(found)
    assert rows[0].endswith(f",{len(METADATA)}")

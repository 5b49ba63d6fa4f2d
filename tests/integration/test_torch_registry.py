"""The table of pairs against the metadata of the real releases: resolved, never downloaded."""

from __future__ import annotations

import re
import subprocess

import pytest
from packaging.version import Version

from isolated_environment.toolchains import uv
from isolated_environment.torch_index.partners import pair_of
from isolated_environment.torch_index.tables import PAIRS

pytestmark = [pytest.mark.network, pytest.mark.slow]


def resolve(*requirements: str) -> dict[str, str]:
    """What uv takes of the family from the main index."""
    argv = [uv.find().executable, "pip", "compile", "-", "--quiet", "--no-header", "--no-annotate", "--only-binary"]
    argv += [":all:", "--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28"]
    done = subprocess.run(argv, input="\n".join(requirements), text=True, capture_output=True, check=True)
    return dict(re.findall(r"^(torch\w*)==(\S+)", done.stdout, re.MULTILINE))


@pytest.mark.parametrize("release", sorted(PAIRS))
def test_torchvision_goes_with_the_release_that_the_table_says(release: str) -> None:
    pair = pair_of("torchvision", release)
    assert pair is not None
    knows = Version(release) < Version("2.14")  # later ones only say torch>=2.14.0
    found = resolve(f"torch=={release}", "torchvision" if knows else f"torchvision{pair}")
    assert pair.contains(found["torchvision"]), found
    assert found["torch"] == release, "the main index has no labels"


def test_torchaudio_of_the_table_exists_and_the_resolver_does_not_know_it() -> None:
    assert resolve("torch==2.8.0", "torchaudio")["torchaudio"] != PAIRS["2.8.0"][1], "it names no torch: the trap"
    for release in ("2.1.2", "2.8.0", "2.13.0"):
        wanted = PAIRS[release][1]
        assert resolve(f"torch=={release}", f"torchaudio=={wanted}")["torchaudio"] == wanted

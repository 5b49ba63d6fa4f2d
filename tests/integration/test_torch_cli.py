"""The command line on PyTorch: asking for a channel, showing the pin, finding that somebody replaced it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from isolated_environment import IsolatedEnvironment, cli
from tests.support.torch_world import (  # noqa: F401 -- fixtures
    main_directory,
    main_index,
    pages,
    pages_directory,
    versions_of,
)

pytestmark = pytest.mark.usefixtures("main_index", "pages")
PIN = "torch==2.5.1+cu121 from cu121 (cu121: asked for)"


def told(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    assert cli.main(words) in {0, 1}
    return capfd.readouterr().out


def test_a_channel_for_run_and_the_pin_in_show_and_doctor(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "env")
    script = "import torch.version as v; print(v.__version__)"
    words = ["run", path, "--with", "whisperlike", "--torch", "cu121", "--", "python", "-c", script]
    assert told(capfd, *words).splitlines()[-1] == "2.5.1+cu121"
    assert told(capfd, "run", path, "--", "python", "-c", script) == "2.5.1+cu121\n", "said once, kept"
    assert f"torch: {PIN}" in told(capfd, "show", path).splitlines()
    value = json.loads(told(capfd, "show", path, "--json"))["torch"]
    assert (value["channel"], value["versions"], value["reasons"]) == (
        "cu121",
        {"torch": "2.5.1+cu121"},
        ["cu121: asked for"],
    )
    assert {f"torch: {PIN}", "torch for: any machine", "healthy"} <= set(told(capfd, "doctor", path).splitlines())
    (version,) = Path(path).glob("g*/lib/python*/site-packages/torch/version.py")
    replaced = version.read_text().replace("cu121", "cu124")  # of the same size: the label alone is another
    version.unlink()
    version.write_text(replaced)
    (found,) = json.loads(told(capfd, "doctor", path, "--json"))["environments"]
    assert found["healthy"] is False
    assert any("2.5.1+cu124" in finding["text"] for finding in found["findings"])
    env = IsolatedEnvironment(path).upgrade()
    assert env.doctor().is_healthy


def test_a_channel_that_is_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", str(tmp_path / "env"), "--torch", "cuda12", "--json", "--", "true"]) == 125
    out, err = capfd.readouterr()
    assert json.loads(out)["error"] == "invalid-index"
    assert "'cuda12'" in err
    assert "cu126" in err
    assert not IsolatedEnvironment(tmp_path / "env").installed()


def test_nothing_about_torch_where_nobody_asked(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    IsolatedEnvironment(tmp_path / "env", ["tinydep"]).ensure()
    for command in ("show", "doctor"):
        assert "\ntorch" not in told(capfd, command, str(tmp_path / "env"))
    assert json.loads(told(capfd, "show", str(tmp_path / "env"), "--json"))["torch"] is None

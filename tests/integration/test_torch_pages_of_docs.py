"""The pages about PyTorch: every example runs, against the miniature, and every output is what is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import python_blocks
from tests.support.torch_machines_page import page
from tests.support.torch_world import (  # noqa: F401 -- fixtures
    main_directory,
    main_index,
    pages,
    pages_directory,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_of_machines_is_what_explain_says() -> None:
    assert (DOCS / "reference" / "torch-machines.md").read_text("utf-8") == page()


def test_every_example_of_how_to_pin_runs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    pages_directory: Path,  # noqa: F811
    main_directory: Path,  # noqa: F811
    request: pytest.FixtureRequest,
) -> None:
    request.getfixturevalue("pages")
    request.getfixturevalue("main_index")
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TORCH_BACKEND", "cpu")  # not the machine's
    monkeypatch.chdir(tmp_path)
    Path("mirror").symlink_to(pages_directory)
    Path("wheelhouse").symlink_to(main_directory)
    blocks = python_blocks("docs/how-to/pin-cuda-torch.md")
    assert len(blocks) >= 6
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "pin-cuda-torch.md", "exec"), names)
    assert "('2.1.2+cu121', '2.5.1+cu121')" in capsys.readouterr().out
    found = {path.name: path for path in tmp_path.iterdir() if path.name.endswith("_env")}
    assert sorted(found) == ["auto_env", "offline_env", "speech_env", "whisper_env"]

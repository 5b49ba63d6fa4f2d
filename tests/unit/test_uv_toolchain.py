"""What uv is told: by argument, by file, by environment; credentials by the last alone."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.errors import RequestError, ToolchainNotFoundError
from isolated_environment.lockfile import Lock, load_lock
from isolated_environment.plan import BuildOrder, Stage
from isolated_environment.settings import Settings, read_settings
from isolated_environment.toml import read_toml
from isolated_environment.toolchains import find_toolchain, uv
from tests.support.orders import interpreter, order

UV = uv.Uv("/bin/uv", "0.13")


def lock(*packages: str) -> Lock:
    parts = [
        f'[[packages]]\nname = "{name}"\nversion = "1.0"\nsdist = {{ url = "https://h/{name}-1.0.zip", '
        f'hashes = {{ sha256 = "{"0" * 64}" }} }}\n'
        for name in packages
    ]
    found = load_lock("\n".join(['lock-version = "1.0"', 'created-by = "x"', *parts]))
    assert found is not None
    return found


def argv(stage: Stage) -> list[str]:
    return list(stage.steps[0].argv)


def env(stage: Stage) -> dict[str, str]:
    assert len({repr(step.env) for step in stage.steps}) == 1
    return dict(stage.steps[0].env)


def pairs(words: list[str]) -> set[tuple[str, str]]:
    return set(itertools.pairwise(words))


def stages(of: BuildOrder) -> list[Stage]:
    made = [UV.resolve(of), UV.create(of), UV.install(of, lock("a"))]
    return [Stage((step,), stage.files) for stage in made for step in stage.steps]


def test_resolving_reads_generated_files_for_the_base_interpreter() -> None:
    stage = UV.resolve(order(AskInput(["b<2", "A[x]"], constraints=["d<4"]), constraints=["c<3"]))
    assert argv(stage)[:3] == ["/bin/uv", "pip", "compile"]
    assert ("--python", interpreter().executable) in pairs(argv(stage))
    assert ("--output-file", "pylock.toml") in pairs(argv(stage))
    assert stage.files["requirements.in"] == "a[x]\nb<2\n"
    assert stage.files["constraints.txt"] == "c<3\nd<4\n"
    assert argv(stage)[-1] == "requirements.in"
    assert "pylock.toml" not in stage.files


def test_no_configuration_but_the_written_one_and_no_download_of_interpreters() -> None:
    for stage in stages(order(AskInput("a"))):
        assert env(stage)["UV_CONFIG_FILE"] == "/r/g1/.build/uv.toml"
        assert "--no-python-downloads" in argv(stage)
        assert "UV_DEFAULT_INDEX" not in env(stage), "uv knows its own default"


def test_creating_and_installing_are_for_the_prefix() -> None:
    create, install = UV.create(order()), UV.install(order(), lock("a"))
    assert argv(create)[1] == "venv"
    assert argv(create)[-1] == "/r/g1"
    assert ("--python", interpreter().executable) in pairs(argv(create))
    assert "--system-site-packages" not in argv(create)
    assert "--system-site-packages" in argv(UV.create(order(system_site_packages=True)))
    assert argv(install)[1:3] == ["pip", "sync"]
    assert ("--python", "/r/g1/bin/python") in pairs(argv(install))
    assert argv(install)[-1] == "pylock.toml"
    assert load_lock(install.files["pylock.toml"]) == lock("a")


def test_the_previous_lock_is_the_preference_unless_everything_is_resolved_anew() -> None:
    before = lock("a", "b")
    kept = UV.resolve(order(AskInput("a"), preferences=before))
    assert load_lock(kept.files["pylock.toml"]).packages == before.packages
    assert "--upgrade" not in argv(kept)
    some = UV.resolve(order(AskInput("a"), preferences=before, upgrade=frozenset({"b", "a"})))
    assert pairs(argv(some)) >= {("--upgrade-package", "a"), ("--upgrade-package", "b")}
    everything = UV.resolve(order(AskInput("a"), preferences=before, upgrade=None))
    assert "--upgrade" in argv(everything)
    assert "pylock.toml" not in everything.files


def test_a_project_that_came_up_nowhere_yet_is_held_by_a_stand_in() -> None:
    of = order(AskInput("other", constraints=["a-b<2", "c"]), indexes=[Index("https://t/x", ["a-b"])], unbound=("a-b",))
    stage = UV.resolve(of)
    assert ("--overrides", "overrides.txt") in pairs(argv(stage))
    assert stage.files["overrides.txt"] == "a-b @ file:///r/g1/.build/stand-ins/a_b-0-py3-none-any.whl\n"
    assert stage.files["constraints.txt"] == "c\n"
    assert "stand-ins/a_b-0-py3-none-any.whl" in stage.files
    assert "--overrides" not in argv(UV.resolve(order(AskInput("other"))))


def test_the_previous_lock_names_the_index_of_what_is_bound() -> None:
    """Uv keeps no version of a project of an explicit index that is not locked from that very index (measured)."""
    of = order(AskInput("a"), indexes=[Index("https://t/x", ["a"])], preferences=lock("a", "b"))
    found = load_lock(UV.resolve(of).files["pylock.toml"])
    assert {package.name: package.index for package in found.packages} == {"a": "https://t/x", "b": None}


def test_an_explicit_index_serves_its_projects_alone() -> None:
    of = order(
        AskInput(["torch==2.1", "other"]), indexes=[Index("https://t/x", ["torch", "nvidia"])], widened=("nvidia",)
    )
    stage = UV.resolve(of)
    assert argv(stage)[-2:] == ["requirements.in", "pyproject.toml"]
    assert stage.files["requirements.in"] == "other\n"
    project = read_toml(stage.files["pyproject.toml"])
    (index,) = project["tool"]["uv"]["index"]
    assert index == {"name": Index("https://t/x").label, "url": "https://t/x", "explicit": True}
    assert project["tool"]["uv"]["sources"] == {name: {"index": index["name"]} for name in ("nvidia", "torch")}
    assert project["project"]["dependencies"] == ["torch==2.1", "nvidia"]


def test_a_direct_reference_is_not_routed() -> None:
    of = order(AskInput(["torch @ https://h/torch.zip"]), indexes=[Index("https://t", ["torch"])])
    assert UV.resolve(of).files["requirements.in"] == "torch @ https://h/torch.zip\n"


def test_options_reach_the_steps_they_are_for() -> None:
    words = ["--pre", "--no-binary", "b", "--only-binary", ":all:", "--find-links", "/w", "--no-index"]
    of = order(AskInput("a", options=[*words, "--no-build-isolation", "-C", "k=v"]))
    resolve, install = argv(UV.resolve(of)), argv(UV.install(of, lock("a")))
    selecting = {("--no-binary", "b"), ("--only-binary", ":all:"), ("--prerelease", "allow")}
    building = {("--find-links", "/w"), ("--config-setting", "k=v")}
    assert pairs(resolve) >= selecting | building
    assert pairs(install) >= building
    assert not pairs(install) & selecting
    for words in (resolve, install):
        assert {"--no-index", "--no-build-isolation"} <= set(words)


def test_without_the_main_index_an_explicit_one_still_serves() -> None:
    of = order(AskInput(["torch", "a"], options=["--no-index"]), indexes=[Index("https://t", ["torch"])])
    for stage in (UV.resolve(of), UV.install(of, lock("a"))):
        assert "--no-index" not in argv(stage), "uv's own would take every index away"
        assert env(stage)["UV_DEFAULT_INDEX"] == of.work.as_uri(), "a place without projects"


def test_settings_go_through_in_uv_s_words() -> None:
    settings = read_settings(
        {
            "PIP_INDEX_URL": "https://h/simple",
            "PIP_DEFAULT_TIMEOUT": "7",
            "PIP_RETRIES": "2",
            "PIP_CERT": "/c.pem",
            "PIP_CLIENT_CERT": "/k.pem",
            "PIP_PROXY": "http://p",
            "PIP_TRUSTED_HOST": "h",
            "UV_CACHE_DIR": "/cache",
            "UV_OFFLINE": "1",
        }
    )
    of = order(AskInput("a"), settings=settings)
    for stage in stages(of):
        assert "--offline" in argv(stage)
        expected = {
            "UV_DEFAULT_INDEX": "https://h/simple",
            "UV_HTTP_TIMEOUT": "7",
            "UV_HTTP_RETRIES": "2",
            "SSL_CERT_FILE": "/c.pem",
            "SSL_CLIENT_CERT": "/k.pem",
            "ALL_PROXY": "http://p",
            "UV_INSECURE_HOST": "h",
            "UV_CACHE_DIR": "/cache",
        }
        assert expected.items() <= env(stage).items()
    assert UV.cache_directory(of) == Path("/cache")
    assert UV.cache_directory(order()) is not None


def test_an_attempt_without_the_cache_says_so() -> None:
    for stage in stages(order(AskInput("a"), no_cache=True)):
        assert "--no-cache" in argv(stage)
    for stage in stages(order(AskInput("a"))):
        assert "--no-cache" not in argv(stage)


def test_credentials_travel_by_environment_alone() -> None:
    of = order(
        AskInput(["a @ https://u:s3cret@files/x/a.zip", "b"], "https://u:s3cret@private/simple"),
        indexes=[Index("https://u:s3cret@main/simple", default=True)],
    )
    for stage in stages(of):
        assert "s3cret" not in " ".join(argv(stage)) + "".join(stage.files.values()) + repr(stage)
        values = [value for name, value in env(stage).items() if name.endswith("_PASSWORD")]
        assert values == ["s3cret"] * 3
        assert env(stage)["UV_DEFAULT_INDEX"] == "https://main/simple"
        names = {name for name in env(stage) if name.startswith("UV_INDEX_") and name.endswith("_USERNAME")}
        labels = {each["name"] for each in read_toml(UV.resolve(of).files["uv.toml"])["index"]}
        assert {f"UV_INDEX_{label.upper().replace('-', '_')}_USERNAME" for label in labels} == names


def test_credentials_of_the_main_index_of_the_settings() -> None:
    of = order(AskInput("a"), settings=read_settings({"PIP_INDEX_URL": "https://u:s3cret@main/simple"}))
    for stage in stages(of):
        assert env(stage)["UV_DEFAULT_INDEX"] == "https://u:s3cret@main/simple"
        assert "s3cret" not in repr(stage) + " ".join(argv(stage))


def test_the_resolution_is_read_from_the_working_directory(tmp_path: Path) -> None:
    of = order(AskInput("a"), prefix=tmp_path)
    of.work.mkdir()
    (of.work / "pylock.toml").write_text(lock("a").text)
    assert UV.resolution(of).versions == {"a": "1.0"}


@pytest.fixture
def forgotten():
    uv.find.cache_clear()
    yield
    uv.find.cache_clear()


def test_uv_is_found_beside_the_library(forgotten: None) -> None:
    found = find_toolchain("uv")
    assert isinstance(found, uv.Uv)
    assert Path(found.executable).is_file()
    assert found.versions == {"uv": found.version}
    assert found.version.startswith("0.")
    assert find_toolchain("auto") == found


def test_then_on_path_and_then_nowhere(forgotten: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "uv", None)
    (tmp_path / "uv").write_text("#!/bin/sh\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert uv.find() == uv.Uv(str(tmp_path / "uv"), "")
    uv.find.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert uv.find(required=False) is None
    with pytest.raises(ToolchainNotFoundError) as caught:
        uv.find()
    assert caught.value.searched == ("the `uv` distribution", "PATH")
    assert find_toolchain("auto").name == "pip"


def test_another_toolchain_is_unknown() -> None:
    with pytest.raises(RequestError, match="no toolchain 'conda'"):
        find_toolchain("conda")


def test_settings_without_values_leave_no_variables() -> None:
    assert not [name for name, value in env(UV.create(order(settings=Settings()))).items() if not value]

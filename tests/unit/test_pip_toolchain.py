"""What virtualenv and pip are told; the files that make pip install exactly the lock."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.child import run_pip
from isolated_environment.errors import ToolchainNotFoundError
from isolated_environment.lockfile import EMPTY_LOCK, Lock
from isolated_environment.plan import BuildOrder, DirectFile, Stage
from isolated_environment.settings import read_settings
from isolated_environment.toolchains import find_toolchain, pip
from isolated_environment.toolchains.pip_report import lock_from_report
from tests.support.orders import interpreter, order

PIP = pip.Pip("/host/python", "/wheels", "21.0")
ZEROS = "0" * 64
RUN_PIP = str(Path(run_pip.__file__).absolute())


def reported(name: str, url: str, *, direct: bool = False, **download: object) -> dict[str, object]:
    info = download or {"archive_info": {"hashes": {"sha256": ZEROS}}}
    return {
        "metadata": {"name": name, "version": "1.0"},
        "is_direct": direct,
        "download_info": {"url": url, **info},
    }


def lock(*items: dict[str, object]) -> Lock:
    return lock_from_report({"install": list(items)})


WHEEL = reported("a", "https://h/a-1.0-py3-none-any.whl")
SOURCE = reported("b", "https://h/b-1.0.tar.gz")
DIRECT = reported("c", "https://h/c-1.0.zip", direct=True)
CHECKOUT = reported(
    "d", "https://h/d.git", direct=True, vcs_info={"vcs": "git", "commit_id": "c" * 40}, subdirectory="s"
)
TREE = reported("e", "file:///srv/e", direct=True, dir_info={})
EDITED = reported("f", "file:///srv/f", direct=True, dir_info={"editable": True})


def argv(stage: Stage, number: int = 0) -> list[str]:
    return list(stage.steps[number].argv)


def env(stage: Stage) -> dict[str, str]:
    return dict(stage.steps[0].env)


def stages(of: BuildOrder) -> list[Stage]:
    return [PIP.resolve(of), PIP.install(of, lock(WHEEL, SOURCE, DIRECT, CHECKOUT))]


def test_resolving_is_a_dry_run_by_the_base_interpreter() -> None:
    stage = PIP.resolve(order(AskInput(["b<2", "A[x]"], constraints=["d<4"]), constraints=["c<3"]))
    assert argv(stage)[:5] == [interpreter().executable, "-I", RUN_PIP, "/wheels", "install"]
    assert {"--dry-run", "--ignore-installed", "--report"} <= set(argv(stage))
    assert stage.files["requirements.txt"] == "a[x]\nb<2\n"
    assert stage.files["constraints.txt"] == "c<3\nd<4\n"


def test_nothing_asked_needs_no_resolver(tmp_path: Path) -> None:
    of = order(prefix=tmp_path)
    assert PIP.resolve(of).steps == ()
    assert PIP.resolution(of).versions == {}
    assert PIP.install(of, EMPTY_LOCK).steps == ()


def test_the_resolution_is_pip_s_report(tmp_path: Path) -> None:
    of = order(AskInput("a"), prefix=tmp_path)
    of.work.mkdir()
    (of.work / "report.json").write_text(json.dumps({"install": [WHEEL]}))
    assert PIP.resolution(of).versions == {"a": "1.0"}


def test_previous_versions_are_constraints_but_for_what_is_resolved_anew_or_direct() -> None:
    before = lock(WHEEL, SOURCE, DIRECT)
    kept = PIP.resolve(order(AskInput("a"), preferences=before))
    assert kept.files["constraints.txt"] == "a==1.0\nb==1.0\n"
    some = PIP.resolve(order(AskInput("a"), preferences=before, upgrade=frozenset({"a"})))
    assert some.files["constraints.txt"] == "b==1.0\n"
    everything = PIP.resolve(order(AskInput("a"), preferences=before, upgrade=None))
    assert everything.files["constraints.txt"] == ""


def test_virtualenv_seeds_nothing_and_reads_no_settings() -> None:
    (step,) = PIP.create(order()).steps
    assert list(step.argv[:3]) == ["/host/python", "-m", "virtualenv"]
    assert {"--no-seed", "--no-download", "--no-periodic-update"} <= set(step.argv)
    assert step.argv[-1] == "/r/g1"
    assert step.env["VIRTUALENV_CONFIG_FILE"] == "/dev/null"
    assert "--system-site-packages" in PIP.create(order(system_site_packages=True)).steps[0].argv


def test_exactly_the_lock_is_installed_with_its_hashes() -> None:
    stage = PIP.install(order(), lock(WHEEL, SOURCE, DIRECT))
    assert len(stage.steps) == 1
    assert argv(stage)[:2] == ["/r/g1/bin/python", "-I"]
    assert {"--no-deps", "--require-hashes", "--ignore-installed"} <= set(argv(stage))
    assert stage.files["hashed.txt"].splitlines() == [
        f"a==1.0 --hash=sha256:{ZEROS}",
        f"b==1.0 --hash=sha256:{ZEROS}",
        f"c @ https://h/c-1.0.zip --hash=sha256:{ZEROS}",
    ]
    assert stage.files["links.html"].splitlines() == [
        f'<a href="https://h/a-1.0-py3-none-any.whl#sha256={ZEROS}">a-1.0-py3-none-any.whl</a>',
        f'<a href="https://h/b-1.0.tar.gz#sha256={ZEROS}">b-1.0.tar.gz</a>',
    ]
    assert "file:///r/g1/.build/links.html" in argv(stage)
    assert "--no-index" not in argv(stage), "building from source may need an index"
    assert "--no-index" in argv(PIP.install(order(), lock(WHEEL)))


def test_what_cannot_have_hashes_is_installed_by_itself() -> None:
    stage = PIP.install(order(), lock(WHEEL, CHECKOUT, TREE, EDITED))
    assert [step.name for step in stage.steps] == ["install", "install-sources"]
    assert stage.files["loose.txt"].splitlines() == [
        f"d @ git+https://h/d.git@{'c' * 40}#subdirectory=s",
        "e @ file:///srv/e",
        "-e file:///srv/f",
    ]
    assert "--require-hashes" not in argv(stage, 1)
    assert "--no-deps" in argv(stage, 1)


def test_pip_cannot_route_so_files_are_named() -> None:
    of = order(
        AskInput(["torch==2.1", "other"]),
        direct={
            name: DirectFile(name, "2.1", f"{name}.whl", f"https://t/{name}.whl", None) for name in ("torch", "nvidia")
        },
        widened=("nvidia",),
    )
    assert PIP.resolve(of).files["requirements.txt"].splitlines() == [
        "other",
        "torch @ https://t/torch.whl",
        "nvidia @ https://t/nvidia.whl",
    ]


def test_options_reach_the_steps_they_are_for() -> None:
    words = ["--pre", "--no-binary", "b", "--find-links", "/w", "--no-index", "--no-build-isolation", "-C", "k=v"]
    of = order(AskInput("a", options=words))
    resolve, install = argv(PIP.resolve(of)), argv(PIP.install(of, lock(WHEEL)))
    both = {"--no-build-isolation", "--config-settings=k=v"}
    assert set(resolve) >= {"--pre", "--no-binary=b", "--find-links=/w", "--no-index"} | both
    assert set(install) >= both
    assert not {"--pre", "--no-binary=b", "--find-links=/w"} & set(install), "the lock is law"


def test_settings_go_through_in_pip_s_words() -> None:
    settings = read_settings(
        {
            "UV_DEFAULT_INDEX": "https://h/simple",
            "UV_HTTP_TIMEOUT": "7",
            "UV_HTTP_RETRIES": "2",
            "SSL_CERT_FILE": "/c.pem",
            "SSL_CLIENT_CERT": "/k.pem",
            "PIP_PROXY": "http://p",
            "UV_INSECURE_HOST": "h",
            "PIP_CACHE_DIR": "/cache",
            "UV_OFFLINE": "1",
        }
    )
    for stage in stages(order(AskInput("a"), settings=settings)):
        expected = {
            "PIP_INDEX_URL": "https://h/simple",
            "PIP_DEFAULT_TIMEOUT": "7",
            "PIP_RETRIES": "2",
            "PIP_CERT": "/c.pem",
            "PIP_CLIENT_CERT": "/k.pem",
            "PIP_PROXY": "http://p",
            "PIP_TRUSTED_HOST": "h",
            "PIP_CACHE_DIR": "/cache",
            "PIP_NO_INDEX": "1",
            "PIP_CONFIG_FILE": "/dev/null",
            "PIP_NO_INPUT": "1",
        }
        assert expected.items() <= env(stage).items()
    assert PIP.cache_directory(order()) is None
    assert env(PIP.resolve(order(AskInput("a"), no_cache=True)))["PIP_NO_CACHE_DIR"] == "1"
    assert "PIP_NO_CACHE_DIR" not in env(PIP.resolve(order(AskInput("a"))))


def test_credentials_travel_by_environment_alone() -> None:
    of = order(
        AskInput(["c @ https://us%40er:s3cr%2Fet@h/c-1.0.zip", "b"], "https://us%40er:s3cr%2Fet@private/simple"),
        indexes=[Index("https://us%40er:s3cr%2Fet@main/simple", default=True)],
    )
    for stage in stages(of):
        shown = " ".join(word for step in stage.steps for word in step.argv) + "".join(stage.files.values())
        assert "s3cr" not in shown + repr(stage)
        values = {value for name, value in env(stage).items() if name.startswith("ISOLATED_ENVIRONMENT_PASSWORD_")}
        assert values == {"s3cr%2Fet"}, "percent-encoded: pip puts it into a URL"
        assert env(stage)["PIP_INDEX_URL"] == "https://us%40er:s3cr%2Fet@main/simple"
    resolve, install = stages(of)
    line = "c @ https://${ISOLATED_ENVIRONMENT_USER_0}:${ISOLATED_ENVIRONMENT_PASSWORD_0}@h/c-1.0.zip"
    assert line in resolve.files["requirements.txt"]
    assert f"{line} --hash" in install.files["hashed.txt"]
    assert "PIP_EXTRA_INDEX_URL" not in env(resolve), "an explicit index serves its own projects only"
    assert env(install)["PIP_EXTRA_INDEX_URL"] == "https://us%40er:s3cr%2Fet@private/simple", "with every hash known"


def test_credentials_go_to_no_host_whose_name_begins_alike() -> None:
    of = order(
        AskInput(
            [
                "a @ https://h.evil.example/a.zip",
                "b @ https://h:8443/b.zip",
                "c @ https://h/c.zip",
                "d @ git+https://h/d",
            ]
        ),
        indexes=[Index("https://u:w@h", default=True)],
    )
    secured = "https://${ISOLATED_ENVIRONMENT_USER_0}:${ISOLATED_ENVIRONMENT_PASSWORD_0}@h"
    assert PIP.resolve(of).files["requirements.txt"].splitlines() == [
        "a @ https://h.evil.example/a.zip",
        "b @ https://h:8443/b.zip",
        f"c @ {secured}/c.zip",
        f"d @ git+{secured}/d",
    ]


def test_the_closest_credentials_are_taken() -> None:
    of = order(
        AskInput(["a @ https://u1:w1@h/one/a.zip", "b @ https://u2:w2@h/two/b.zip"]),
    )
    lines = PIP.resolve(of).files["requirements.txt"].splitlines()
    known = env(PIP.resolve(of))
    for line, password in zip(lines, ("w1", "w2"), strict=True):
        number = line.split("PASSWORD_")[1][0]
        assert known[f"ISOLATED_ENVIRONMENT_PASSWORD_{number}"] == password


def test_links_are_escaped() -> None:
    strange = reported("a", "https://h/x?a=1&b=%22%3E/a-1.0-py3-none-any.whl")
    page = PIP.install(order(), lock(strange)).files["links.html"]
    assert "a=1&amp;b=" in page


@pytest.fixture
def forgotten():
    pip.find.cache_clear()
    yield
    pip.find.cache_clear()


def test_virtualenv_is_found_beside_the_library(forgotten: None) -> None:
    found = find_toolchain("pip")
    assert isinstance(found, pip.Pip)
    assert found.host == sys.executable
    assert list(Path(found.wheels).glob("pip-*.whl"))
    assert found.versions["virtualenv"].split(".")[0].isdigit()


@pytest.mark.parametrize("way", ["not installed", "frozen", "no executable"])
def test_it_is_told_where_it_cannot_run(forgotten: None, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way == "not installed":
        monkeypatch.setattr(pip, "find_spec", lambda _: None)
    elif way == "frozen":
        monkeypatch.setattr(sys, "frozen", True, raising=False)
    else:
        monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(ToolchainNotFoundError) as caught:
        pip.find()
    assert caught.value.toolchain == "pip"

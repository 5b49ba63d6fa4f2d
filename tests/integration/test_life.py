"""The whole life of an environment, with both toolchains."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from isolated_environment import Index, errors
from isolated_environment.testing.indexes import PackageIndex
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit
from tests.support.toolchains import PIP_WHEN_SLOW
from tests.support.wheels import make_project


def versions(env) -> dict[str, str]:
    return {item.name: item.version for item in env.pip_list()}


def test_builds_runs_adds_upgrades_rolls_back_and_goes(make, toolchain):
    env = make(toolchain=toolchain)
    assert not env.installed()
    assert not env.path.exists()
    env.pip_install("alpha<2")
    assert env.run(["alpha"], capture_output=True, text=True, check=True).stdout == "alpha 1.0\n"
    first = env.prefix
    env.pip_install(["delta"])
    assert versions(env) == {"alpha": "1.0", "delta": "1.0"}
    assert env.prefix != first
    assert audit(env.prefix, {"alpha": "1.0", "delta": "1.0"}) == []
    env.pip_install("alpha")
    assert versions(env)["alpha"] == "1.0", "a version that satisfies stays"
    env.pip_install("alpha", upgrade=True)
    assert versions(env)["alpha"] == "2.0"
    env.rollback()
    assert versions(env)["alpha"] == "1.0"
    assert audit(env.prefix, {"alpha": "1.0", "delta": "1.0"}) == []
    env.remove()
    assert not env.path.exists()
    assert not env.installed()


@PIP_WHEN_SLOW
def test_stated_content_is_the_whole_content(make, toolchain):
    make(toolchain=toolchain).pip_install(["alpha", "delta"]).ensure()
    stated = make(["alpha==1.0"], toolchain=toolchain)
    assert versions(stated) == {"alpha": "1.0"}
    assert stated.installed_requirements() == ["alpha==1.0"]


def test_asking_again_replaces_the_earlier_ask(make):
    env = make().pip_install("alpha==1.0").pip_install("delta").pip_install("alpha==2.0")
    assert versions(env) == {"alpha": "2.0", "delta": "1.0"}
    assert env.installed_requirements() == ["delta", "alpha==2.0"]


def test_a_later_ask_cannot_replace_what_an_earlier_one_pinned(make, toolchain):
    env = make(toolchain=toolchain).pip_install("alpha==2.0")
    with pytest.raises(errors.ResolutionError) as caught:
        env.pip_install("old-beta")
    assert "alpha" in str(caught.value)
    assert "old-beta" in str(caught.value)
    assert versions(env) == {"alpha": "2.0"}


def test_a_later_ask_may_move_what_was_not_pinned(make, toolchain):
    env = make(toolchain=toolchain).pip_install("alpha")
    env.pip_install("old-beta")
    assert versions(env) == {"alpha": "1.0", "old-beta": "1.0"}


def test_extras_markers_and_constraints(make, toolchain):
    env = make(["gamma[more]", "delta; python_version < '3'"], constraints=["alpha<2"], toolchain=toolchain)
    assert versions(env) == {"alpha": "1.0", "gamma": "1.0"}


def test_prereleases_on_request(make, toolchain):
    env = make(toolchain=toolchain).pip_install("alpha", options=["--pre"])
    assert versions(env) == {"alpha": "3.0rc1"}


@PIP_WHEN_SLOW
def test_a_prerelease_that_is_named_needs_no_option(make, toolchain):
    assert versions(make(["alpha==3.0rc1"], toolchain=toolchain)) == {"alpha": "3.0rc1"}


def test_local_wheels_and_projects(make, toolchain, tmp_path):
    wheel = make_wheel(tmp_path / "local", "epsilon", "0.1", requires=["alpha"])
    project = make_project(tmp_path / "zeta", "zeta", "0.5")
    env = make([wheel, project], toolchain=toolchain)
    assert versions(env) == {"alpha": "2.0", "epsilon": "0.1", "zeta": "0.5"}
    assert audit(env.prefix) == []
    make_wheel(tmp_path / "local", "epsilon", "0.1", requires=["delta"])
    changed = make([wheel, project], toolchain=toolchain)
    assert versions(changed) == {"delta": "1.0", "epsilon": "0.1", "zeta": "0.5"}


@PIP_WHEN_SLOW
def test_direct_urls(make, toolchain, index):
    env = make([f"alpha @ {index.origin}/files/alpha-1.0-py3-none-any.whl"], toolchain=toolchain)
    assert versions(env) == {"alpha": "1.0"}
    assert "alpha @ http" in env.freeze()


def test_version_control(make, toolchain, tmp_path):
    project = make_project(tmp_path / "repository", "eta", "1.5")
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-C", str(project)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    env = make([f"eta @ git+file://{project}"], toolchain=toolchain)
    assert versions(env) == {"eta": "1.5"}
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    assert commit in (env.root / "pylock.toml").read_text()


@PIP_WHEN_SLOW
def test_requirements_texts_and_files(make, toolchain, tmp_path):
    (tmp_path / "limits.txt").write_text("alpha<2\n")
    file = tmp_path / "requirements.txt"
    file.write_text("# what we need\nalpha  # any\n\n-c limits.txt\ndel\\\nta\n")
    assert versions(make(file, toolchain=toolchain)) == {"alpha": "1.0", "delta": "1.0"}
    assert versions(make("alpha\n# comment\n", name="text", toolchain=toolchain)) == {"alpha": "2.0"}


def test_an_editable_project_in_a_text(make, toolchain, tmp_path):
    project = make_project(tmp_path / "theta", "theta", "1.0")
    env = make(f"-e {project}\n\n", toolchain=toolchain)
    (project / "theta.py").write_text("__version__ = 'edited'\n")
    answer = env.run(["python", "-c", "import theta; print(theta.__version__)"], capture_output=True, text=True)
    assert answer.stdout == "edited\n"


@PIP_WHEN_SLOW
def test_an_editable_project_keeps_its_extras(make, toolchain, tmp_path):
    project = make_project(tmp_path / "theta", "theta", "1.0")
    backend = (project / "backend.py").read_text()
    more = 'Version: {version}\\nProvides-Extra: more\\nRequires-Dist: alpha; extra == \\"more\\"\\n'
    (project / "backend.py").write_text(backend.replace("Version: {version}\\n", more))
    with (project / "pyproject.toml").open("a") as file:
        file.write('[project.optional-dependencies]\nmore = ["alpha"]\n')
    assert versions(make(f"-e {project}[more]\n", toolchain=toolchain)) == {"alpha": "2.0", "theta": "1.0"}


def test_the_lock_has_hashes_and_can_be_given(make, toolchain, tmp_path, index):
    env = make(["beta"], toolchain=toolchain)
    env.ensure()
    text = (env.root / "pylock.toml").read_text()
    assert text.count("sha256") == 2
    given = tmp_path / "pylock.toml"
    given.write_text(text)
    del index.requests[:]
    other = make(pylock=given, name="other", toolchain=toolchain)
    assert versions(other) == {"alpha": "2.0", "beta": "1.0"}
    assert index.asked_for("/simple/") == [], "a given lock is not resolved"
    assert (
        json.loads((other.root / "isolated-environment.json").read_text())["lock"]
        == json.loads((env.root / "isolated-environment.json").read_text())["lock"]
    )


def test_both_toolchains_come_to_the_same_lock_and_receipt(make):
    receipts = []
    for name in ("uv", "pip"):
        env = make(["beta", "gamma[more]"], name=name, toolchain=name)
        env.ensure()
        receipt = json.loads((env.root / "isolated-environment.json").read_text())
        receipts.append({key: receipt[key] for key in ("lock", "digest", "content", "declaration", "base", "schema")})
    assert receipts[0] == receipts[1]


def test_hashes_in_a_text_are_laws(make, toolchain, wheels):
    import hashlib

    good = hashlib.sha256((wheels / "alpha-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    assert versions(make(f"alpha==1.0 --hash=sha256:{good}\n\n#", toolchain=toolchain)) == {"alpha": "1.0"}
    with pytest.raises(errors.VerificationError, match="none of the hashes"):
        make(f"alpha==1.0 --hash=sha256:{'0' * 64}\n\n#", name="bad", toolchain=toolchain).ensure()


def test_an_explicit_index_serves_the_named_projects_only(make, toolchain, tmp_path, index):
    make_wheel(tmp_path / "private", "secret", "1.0", requires=["alpha"])
    make_wheel(tmp_path / "private", "alpha", "99.0")
    with PackageIndex(tmp_path / "private").running() as private:
        env = make(toolchain=toolchain).pip_install("secret", private.url)
        assert versions(env) == {"alpha": "2.0", "secret": "1.0"}
        other = make(["beta"], indexes=[Index(private.url, ["alpha"])], name="other", toolchain=toolchain)
        assert versions(other) == {"alpha": "99.0", "beta": "1.0"}, "also where the name is not asked for directly"


@PIP_WHEN_SLOW
def test_an_index_may_be_a_directory(make, toolchain, tmp_path):
    make_wheel(tmp_path / "simple" / "secret", "secret", "1.0")
    page = '<a href="secret-1.0-py3-none-any.whl">secret-1.0-py3-none-any.whl</a>'
    (tmp_path / "simple" / "secret" / "index.html").write_text(page)
    env = make(toolchain=toolchain).pip_install("secret", str(tmp_path / "simple"))
    assert versions(env) == {"secret": "1.0"}


def test_system_site_packages(make, toolchain):
    env = make(["alpha"], system_site_packages=True, toolchain=toolchain)
    script = "import sys, site; print(any('site-packages' in p and sys.prefix not in p for p in sys.path))"
    assert env.run(["python", "-c", script], capture_output=True, text=True).stdout == "True\n"
    assert audit(env.prefix, {"alpha": "2.0"}) == []
    closed = make(["alpha"], name="closed", toolchain=toolchain)
    assert closed.run(["python", "-c", script], capture_output=True, text=True).stdout == "False\n"


@PIP_WHEN_SLOW
def test_an_empty_environment(make, toolchain):
    env = make(toolchain=toolchain).install_environment()
    assert versions(env) == {}
    assert env.run(["python", "-c", "pass"]).returncode == 0
    assert env.freeze() == ""


@PIP_WHEN_SLOW
def test_find_links_and_no_index(make, toolchain, wheels, index):
    del index.requests[:]
    env = make(toolchain=toolchain).pip_install("alpha", options=["--find-links", str(wheels), "--no-index"])
    assert versions(env) == {"alpha": "2.0"}
    assert index.requests == []


def test_row_30_a_path_with_blanks_and_letters_of_other_alphabets(tmp_path, toolchain):
    from isolated_environment import IsolatedEnvironment

    env = IsolatedEnvironment(tmp_path / "with blank" / "été Ω" / "env", ["alpha"], toolchain=toolchain)
    assert env.run(["alpha"], capture_output=True, text=True, check=True).stdout == "alpha 2.0\n"


def test_row_30_a_path_of_200_characters(tmp_path, toolchain):
    from isolated_environment import IsolatedEnvironment

    env = IsolatedEnvironment(Path(tmp_path, "y" * 100, "z" * 100), ["alpha"], toolchain=toolchain)
    assert env.run(["alpha"], capture_output=True, text=True, check=True).stdout == "alpha 2.0\n"

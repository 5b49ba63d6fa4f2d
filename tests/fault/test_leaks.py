"""The host's variables and configuration files reach neither a build nor a command that runs in the environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from isolated_environment.environ import EnvPatch
from isolated_environment.store import runner
from isolated_environment.testing.wheels import make_wheel
from tests.support.audit import audit
from tests.support.listing import listing

#: Variable to value; ``{trap}`` is a directory of traps in which nothing may change.
VARIABLES = {
    # pip: success elsewhere
    "PIP_TARGET": "{trap}/target",
    "PIP_PREFIX": "{trap}/target",
    "PIP_ROOT": "{trap}/target",
    "PIP_PYTHON": "{trap}/venv/bin/python",
    "PIP_DRY_RUN": "1",
    "PIP_USER": "1",
    "PIP_SRC": "{trap}/target",
    "PIP_LOG": "{trap}/target/log",
    "PIP_REPORT": "{trap}/target/report.json",
    # pip: other versions, or failure
    "PIP_CONSTRAINT": "{trap}/older.txt",
    "PIP_REQUIREMENT": "{trap}/older.txt",
    "PIP_REQUIRE_HASHES": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": "{trap}/wheels",
    "PIP_EXTRA_INDEX_URL": "http://127.0.0.1:9/simple",
    "PIP_NO_BINARY": ":all:",
    "PIP_PLATFORM": "win32",
    "PIP_CONFIG_FILE": "{trap}/pip.conf",
    "PIP_REQUIRE_VIRTUALENV": "1",
    # uv
    "UV_CONSTRAINT": "{trap}/older.txt",
    "UV_OVERRIDE": "{trap}/older.txt",
    "UV_BUILD_CONSTRAINT": "{trap}/older.txt",
    "UV_REQUIRE_HASHES": "1",
    "UV_LINK_MODE": "symlink",
    "UV_PYTHON": "{trap}/venv/bin/python",
    "UV_SYSTEM_PYTHON": "1",
    "UV_PROJECT_ENVIRONMENT": "{trap}/venv",
    "UV_WORKING_DIR": "{trap}",
    "UV_CONFIG_FILE": "{trap}/uv.toml",
    "UV_FIND_LINKS": "{trap}/wheels",
    "UV_INDEX": "http://127.0.0.1:9/simple",
    "UV_EXTRA_INDEX_URL": "http://127.0.0.1:9/simple",
    "UV_RESOLUTION": "lowest",
    "UV_PRERELEASE": "allow",
    "UV_EXCLUDE_NEWER": "1999-01-01",
    "UV_NO_BINARY": "1",
    "UV_NO_INDEX": "1",
    "UV_VENV_SEED": "1",
    # the interpreter
    "PYTHONPATH": "{trap}/path",
    "PYTHONHOME": "{trap}/target",
    "PYTHONPLATLIBDIR": "lib-nowhere",
    "PYTHONEXECUTABLE": "{trap}/venv/bin/python",
    "__PYVENV_LAUNCHER__": "{trap}/venv/bin/python",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSTARTUP": "{trap}/path/sitecustomize.py",
    "PYTHONUSERBASE": "{trap}/target",
    "PYTHONPYCACHEPREFIX": "{trap}/target",
    "PYTHONWARNINGS": "error",
    "PYTHONIOENCODING": "ascii",
    # other environments
    "CONDA_PREFIX": "{trap}/venv",
    "CONDA_DEFAULT_ENV": "base",
    "VIRTUAL_ENV": "{trap}/venv",
    "VIRTUALENV_SYSTEM_SITE_PACKAGES": "1",
    "VIRTUALENV_CLEAR": "1",
    "VIRTUALENV_CONFIG_FILE": "{trap}/virtualenv.ini",
    "SETUPTOOLS_USE_DISTUTILS": "stdlib",
    # where configuration files are
    "HOME": "{trap}/home",
    "XDG_CONFIG_HOME": "{trap}/home/.config",
    "XDG_CONFIG_DIRS": "{trap}/home/.config",
}

#: What virtualenv, and the compiler that pip asks for its version, keep in a home directory.
CACHES = (".cache", ".rustup")
#: Those that did something in an experiment; each alone, the others all together.
DANGEROUS = ["UV_CONSTRAINT", "UV_LINK_MODE", "PYTHONPLATLIBDIR", "__PYVENV_LAUNCHER__", "HOME"]
PIP_CONF = "[global]\ntarget = {trap}/target\n"
UV_TOML = '[pip]\ntarget = "{trap}/target"\n'
PYPROJECT = '[project]\nname = "trap"\nversion = "1"\n[tool.uv.pip]\ntarget = "{trap}/target"\n'
SITECUSTOMIZE = (
    "import pathlib\npathlib.Path(__file__).with_name('ran').touch()\nraise SystemExit('the trap has run')\n"
)
SCRIPT = "import sys, alpha; print(sys.prefix, alpha.__version__, sys.flags.optimize)"


@pytest.fixture(scope="module")
def traps(tmp_path_factory) -> Path:
    """A directory of everything that a variable could lead to, and that is the working directory too."""
    trap = tmp_path_factory.mktemp("trap")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(trap / "venv")], check=True)
    make_wheel(trap / "wheels", "alpha", "99.0")
    files = {
        "older.txt": "alpha==1.0\n",
        "pip.conf": PIP_CONF,
        "uv.toml": UV_TOML,
        "pyproject.toml": PYPROJECT,
        "setup.cfg": "[easy_install]\nindex_url = http://127.0.0.1:9/simple\n[install]\nprefix = {trap}/target\n",
        "virtualenv.ini": "[virtualenv]\nsystem-site-packages = true\n",
        "path/sitecustomize.py": SITECUSTOMIZE,
        "path/alpha.py": "__version__ = 'trap'\n",
        "home/.config/pip/pip.conf": PIP_CONF,
        "home/.config/uv/uv.toml": UV_TOML,
        "home/.pip/pip.conf": PIP_CONF,
        "home/.pydistutils.cfg": "[install]\nprefix = {trap}/target\n",
        "home/.config/virtualenv/virtualenv.ini": "[virtualenv]\nsystem-site-packages = true\n",
    }
    for name, text in files.items():
        path = trap / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{trap}", str(trap)))
    (trap / "target").mkdir()
    return trap


def spring(names, traps, monkeypatch) -> None:
    """Set the variables, and go where configuration files lie."""
    monkeypatch.chdir(traps)
    for name in names:
        monkeypatch.setenv(name, VARIABLES[name].replace("{trap}", str(traps)))


def assert_untouched_by(names, env, traps, monkeypatch) -> None:
    before = listing(traps, ignore=CACHES)
    spring(names, traps, monkeypatch)
    prefix = env.ensure()
    answer = env.run(["python", "-c", SCRIPT], capture_output=True, text=True)
    assert (answer.stdout, answer.stderr) == (f"{prefix} 2.0 0\n", "")
    assert listing(traps, ignore=CACHES) == before
    assert not [path for path in prefix.rglob("*") if path.is_symlink() and "site-packages" in path.parts]
    assert "include-system-site-packages = false" in (prefix / "pyvenv.cfg").read_text()
    monkeypatch.undo()
    assert audit(prefix, {"alpha": "2.0", "beta": "1.0"}) == []


@pytest.mark.parametrize("name", DANGEROUS)
def test_row_14_58_a_variable_reaches_neither_uv_nor_a_command(make, traps, monkeypatch, name):
    assert_untouched_by([name], make(["beta"], toolchain="uv"), traps, monkeypatch)


def test_row_14_58_all_of_them_together_reach_nothing(make, toolchain, traps, monkeypatch):
    assert_untouched_by(VARIABLES, make(["beta"], toolchain=toolchain), traps, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIABLES)
def test_row_14_58_each_of_them_reaches_nothing(make, toolchain, traps, monkeypatch, name):
    assert_untouched_by([name], make(["beta"], toolchain=toolchain), traps, monkeypatch)


def seen_there():
    import os
    import sys

    import alpha

    dangerous = [name for name in os.environ if name.startswith(("PYTHON", "CONDA_", "__PYVENV"))]
    return sys.prefix, alpha.__version__, sys.flags.optimize, sys.path, sys.warnoptions, sorted(dangerous)


def assert_calls_untouched_by(names, env, traps, monkeypatch, capsys) -> None:
    expected = env.call(seen_there)
    assert expected[1:3] == ("2.0", 0)
    before = listing(traps, ignore=CACHES)
    spring(names, traps, monkeypatch)
    with env.worker() as worker, env.workers(1) as pool:
        found = [env.call(seen_there), worker.call(seen_there), pool.call(seen_there)]
    assert found == [expected] * 3
    assert not [path for path in expected[3] if str(traps) in path]
    assert listing(traps, ignore=CACHES) == before
    assert capsys.readouterr() == ("", "")


def test_row_58_all_of_them_together_reach_no_call(make, traps, monkeypatch, capsys):
    env = make(["alpha"])
    env.ensure()
    assert_calls_untouched_by(VARIABLES, env, traps, monkeypatch, capsys)


@pytest.mark.slow
def test_row_58_each_of_them_reaches_no_call(make, traps, monkeypatch, capsys):
    env = make(["alpha"])
    env.ensure()
    for name in VARIABLES:
        with monkeypatch.context() as one:
            assert_calls_untouched_by([name], env, traps, one, capsys)


def test_a_variable_that_is_let_through_would_reach_a_call(make, traps):
    """The negative control of the tests above: the traps are where calls could fall into them."""
    env = make(["alpha"])
    with env.worker(env={"PYTHONEXECUTABLE": str(traps / "venv" / "bin" / "python")}) as worker:
        assert worker.call(lambda: __import__("sys").prefix) == str(traps / "venv")


@pytest.mark.parametrize("name", ["UV_RESOLUTION", "UV_OVERRIDE"])
def test_the_traps_would_catch_one_that_is_let_through(make, traps, monkeypatch, name):
    """The negative control of the tests above."""
    monkeypatch.setattr(runner, "patch_for_installer", lambda values: EnvPatch(values=values))
    spring([name], traps, monkeypatch)
    assert {item.name: item.version for item in make(["beta"]).pip_list()} == {"alpha": "1.0", "beta": "1.0"}


def test_the_process_s_own_environment_is_not_changed(make):
    before = dict(os.environ)
    make(["alpha"]).run(["alpha"], capture_output=True)
    assert dict(os.environ) == before

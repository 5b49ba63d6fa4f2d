"""Settings: ours, and the few of the installers' that go through, in order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from isolated_environment.index import Credentials
from isolated_environment.settings import Settings, read_settings
from tests.support.house import CHECKOUT


def test_nothing_set_is_nothing_asked() -> None:
    assert read_settings({}) == Settings()
    assert read_settings({"PIP_TARGET": "/x", "UV_CONFIG_FILE": "/x", "PIP_NO_DEPS": "1"}) == Settings()


ORDERS = {
    "toolchain": ["ISOLATED_ENVIRONMENT_TOOLCHAIN"],
    "data_dir": ["ISOLATED_ENVIRONMENT_DATA_DIR"],
    "index_url": ["ISOLATED_ENVIRONMENT_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"],
    "timeout": ["UV_HTTP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_TIMEOUT"],
    "retries": ["UV_HTTP_RETRIES", "PIP_RETRIES"],
    "certificate": ["SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"],
    "client_certificate": ["PIP_CLIENT_CERT", "SSL_CLIENT_CERT"],
    "proxy": ["PIP_PROXY"],
    "trusted_hosts": ["UV_INSECURE_HOST", "PIP_TRUSTED_HOST"],
    "torch_url": ["ISOLATED_ENVIRONMENT_TORCH_URL"],
    "torch_backend": ["ISOLATED_ENVIRONMENT_TORCH_BACKEND"],
    "uv_cache": ["UV_CACHE_DIR"],
    "pip_cache": ["PIP_CACHE_DIR"],
}


@pytest.mark.parametrize(("field", "names"), ORDERS.items())
def test_the_first_that_is_set_counts(field: str, names: list[str]) -> None:
    env = {name: f"https://host{number}/x" for number, name in enumerate(names)}
    for number, name in enumerate(names):
        assert getattr(read_settings(env), field) == f"https://host{number}/x"
        env[name] = "  "  # set to nothing is not set
    assert getattr(read_settings(env), field) == getattr(Settings(), field)


@pytest.mark.parametrize("field", ["quiet", "offline"])
@pytest.mark.parametrize(
    ("value", "truth"),
    [("1", True), ("true", True), ("YES", True), (" on ", True), ("0", False), ("", False), ("no", False)],
)
def test_truth(field: str, value: str, truth: bool) -> None:
    assert getattr(read_settings({f"ISOLATED_ENVIRONMENT_{field.upper()}": value}), field) is truth
    assert read_settings({"UV_OFFLINE": value}).offline is truth


def test_credentials_of_the_main_index_are_kept_apart() -> None:
    settings = read_settings({"PIP_INDEX_URL": "https://us%40er:wo%2Frd@h/simple"})
    assert (settings.index_url, settings.index_credentials) == ("https://h/simple", Credentials("us@er", "wo/rd"))
    assert "wo" not in repr(settings)
    assert settings.main_index() == "https://us%40er:wo%2Frd@h/simple"
    assert read_settings({"PIP_INDEX_URL": "https://h"}).main_index() == "https://h"
    assert Settings().main_index() is None


def test_a_proxy_may_hold_a_password_and_is_not_shown() -> None:
    assert "word" not in repr(read_settings({"PIP_PROXY": "http://user:word@proxy"}))


@pytest.mark.parametrize("given", ["corp=https://u:w@h/simple", "https://u:w@h/simple"])
def test_uv_may_name_its_index(given: str) -> None:
    assert read_settings({"UV_DEFAULT_INDEX": given}).main_index() == "https://u:w@h/simple"


def test_the_process_s_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_TOOLCHAIN", "pip")
    monkeypatch.setenv("ISOLATED_ENVIRONMENT_QUIET", "1")
    assert (read_settings().toolchain, read_settings().quiet) == ("pip", True)


def test_bytecode_is_compiled_in_the_background_unless_somebody_says_otherwise() -> None:
    assert read_settings({}).bytecode == "background"
    assert read_settings({"UV_COMPILE_BYTECODE": "1"}).bytecode == "now"
    assert read_settings({"UV_COMPILE_BYTECODE": "0"}).bytecode == "background"
    assert read_settings({"UV_COMPILE_BYTECODE": "1", "ISOLATED_ENVIRONMENT_BYTECODE": "off"}).bytecode == "off"


def test_the_cache_directory_is_absolute_and_the_user_s_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/h")
    assert Settings(cache_dir="~/c").cache_directory() == Path("/h/c")
    assert Settings(cache_dir="c").cache_directory() == Path.cwd() / "c"
    assert Settings().cache_directory().name == "isolated_environment"


def test_the_page_on_settings_names_every_variable_that_is_read() -> None:
    page = (CHECKOUT / "docs" / "reference" / "settings.md").read_text("utf-8")
    read = {name for names in ORDERS.values() for name in names}
    read |= {"ISOLATED_ENVIRONMENT_QUIET", "ISOLATED_ENVIRONMENT_OFFLINE", "UV_OFFLINE"}
    read |= {"ISOLATED_ENVIRONMENT_CACHE_DIR", "ISOLATED_ENVIRONMENT_BYTECODE", "UV_COMPILE_BYTECODE"}
    source = (CHECKOUT / "isolated_environment" / "settings.py").read_text("utf-8")
    assert set(re.findall(r'"((?:[A-Z]+_)+[A-Z]+)"', source)) == read
    assert {name for name in read if f"`{name}`" not in page} == set()

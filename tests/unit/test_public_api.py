"""The public surface, as a literal: a change here is a change for every application."""

from __future__ import annotations

import doctest
import importlib
import inspect
import re

import pytest

import isolated_environment
from isolated_environment import IsolatedEnvironment
from tests.support.house import LIBRARY, modules

METHODS = {
    "__init__": (
        "(self, path, requirements=None, *, python=None, torch=None, indexes=(), constraints=(), "
        "build_constraints=(), pylock=None, system_site_packages=False, toolchain='auto', owner='auto', "
        "if_read_only='user', lock_timeout=None, "
        "on_event=None, quiet=False, full_isolation=False)"
    ),
    # content
    "pip_install": "(self, requirements, index=None, *, constraints=(), upgrade=False, options=())",
    "install_environment": "(self)",
    "ensure": "(self)",
    "export_lock": "(self, path, *, universal=False)",
    "ensure_installed": "(self, requirements=())",
    "plan": "(self, *, resolve=False)",
    "upgrade": "(self)",
    "rollback": "(self)",
    "remove": "(self)",
    "clean": "(self)",
    "gc": "(self, *, force=False)",
    "lock": "(self)",
    # questions
    "installed": "(self)",
    "state": "(self)",
    "pip_list": "(self)",
    "pip_has": "(self, specs)",
    "installed_requirements": "(self)",
    "freeze": "(self)",
    "size": "(self)",
    "doctor": "(self, *, deep=False)",
    # running
    "environment": "(self, base=None, **overlay)",
    "which": "(self, name)",
    "activation": "(self, shell='bash')",
    "run": "(self, args, **subprocess_kwargs)",
    "popen": "(self, args, **subprocess_kwargs)",
    "open_proc": "(self, args, **subprocess_kwargs)",
    # calling
    "bundle": "(self, directory)",
    "call": "(self, target, /, *args, **kwargs)",
    "acall": "(self, target, /, *args, **kwargs)",
    "submit": "(self, target, /, *args, **kwargs)",
    "function": "(self, target=None, *, timeout=None)",
    "empty": "(self, shape, dtype='float64')",
    "worker": "(self, *, timeout=None, setup=None, env=None, on_output=None)",
    "workers": (
        "(self, count, *, timeout=None, idle_timeout=None, setup=None, env=None, on_output=None, preload=(),"
        " fork=False)"
    ),
}
PROPERTIES = {"path", "root", "prefix", "python", "bin"}
FUNCTIONS = {
    "host_function": "(function)",
    "isolated_environment": "(env_path, requirements=None, **kwargs)",
    "isolated_environment_run": "(env_path, requirements, cmd_list, full_isolation=False, **kwargs)",
}
CLASSES = {
    "Event": "(root)",
    "Index": "(url, projects=(), *, default=False, credentials=None)",
    "IsolatedEnvironmentError": "(message, *, hint=None, **fields)",
    "Plan": "(root, reason, placement, toolchain, python, requirements, steps=(), free=None, distributions=None)",
    "Report": "(state, findings, facts)",
    "Size": "(total, files, generations)",
    "SharedArray": "(shape, dtype='float64')",
    "TorchIndex": "(channel, *, base_url=None, on_unusable_gpu='raise')",
    "State": "(status, reason, placement, placement_reason, root, generation, owner)",
}


def shape(value: object) -> str:
    """The signature without annotations."""
    signature = inspect.signature(value)  # type: ignore[arg-type]
    bare = [parameter.replace(annotation=inspect.Parameter.empty) for name, parameter in signature.parameters.items()]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


def public(of: type) -> dict[str, object]:
    """The public attributes of a class, those it inherits among them."""
    return {name: inspect.getattr_static(of, name) for name in dir(of) if not name.startswith("_")}


def test_the_environment_has_these_methods_and_no_others() -> None:
    found = {name: shape(value) for name, value in public(IsolatedEnvironment).items() if callable(value)}
    assert {"__init__": shape(IsolatedEnvironment.__init__), **found} == METHODS


def test_the_environment_has_these_properties_and_no_others() -> None:
    found = {name for name, value in public(IsolatedEnvironment).items() if not callable(value)}
    assert found == PROPERTIES
    assert all(isinstance(public(IsolatedEnvironment)[name], property) for name in PROPERTIES)


def test_instances_carry_nothing_public_besides() -> None:
    assert [name for name in vars(IsolatedEnvironment("/x")) if not name.startswith("_")] == []


def test_the_functions_and_values_of_the_root() -> None:
    for name, expected in {**FUNCTIONS, **CLASSES}.items():
        assert shape(getattr(isolated_environment, name)) == expected, name
    assert {*FUNCTIONS, *CLASSES, "IsolatedEnvironment", "IsolatedEnvironmentWarning", "errors"} == set(
        isolated_environment.__all__
    )


def test_open_proc_is_popen_under_upstream_s_name() -> None:
    assert IsolatedEnvironment.open_proc is IsolatedEnvironment.popen


CALLABLES = {
    **{name: getattr(IsolatedEnvironment, name) for name in METHODS if name != "__init__"},
    **{name: getattr(isolated_environment, name) for name in (*FUNCTIONS, "Index", "IsolatedEnvironment")},
}


@pytest.mark.parametrize("name", CALLABLES)
def test_every_parameter_is_documented_and_annotated(name: str) -> None:
    value = CALLABLES[name]
    text = inspect.getdoc(value) or ""
    called = value.__init__ if inspect.isclass(value) else value
    parameters = {key: each for key, each in inspect.signature(called).parameters.items() if key != "self"}
    documented = set(re.findall(r"^    (\w+): ", text, flags=re.MULTILINE))
    assert set(parameters) <= documented
    assert [key for key, each in parameters.items() if each.annotation is inspect.Parameter.empty] == []
    assert inspect.isclass(value) or inspect.signature(called).return_annotation is not inspect.Signature.empty


@pytest.mark.parametrize("name", sorted(PROPERTIES))
def test_every_property_is_documented(name: str) -> None:
    assert inspect.getdoc(getattr(IsolatedEnvironment, name))


def test_examples_in_docstrings_are_true() -> None:
    examples = 0
    for path in modules(LIBRARY):
        if ">>>" in path.read_text("utf-8"):
            name = ".".join(path.relative_to(LIBRARY.parent).with_suffix("").parts).removesuffix(".__init__")
            results = doctest.testmod(importlib.import_module(name))
            examples += results.attempted
            assert results.failed == 0, name
    assert examples

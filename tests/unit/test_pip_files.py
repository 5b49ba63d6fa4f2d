"""The lines that pip reads: stand-ins, direct files, and placeholders in the place of credentials."""

from __future__ import annotations

from typing import Any

from isolated_environment import Index
from isolated_environment.ask_input import AskInput
from isolated_environment.plan import BuildOrder, DirectFile
from isolated_environment.toolchains.pip_files import direct_line, requirement_line, secret_variables
from tests.support.orders import order

URL = "https://files.example/torch-2.1.2%2Bcu121-py3-none-any.whl"
SHA256 = "0" * 64


def torch(**changes: Any) -> DirectFile:
    return DirectFile("torch", "2.1.2+cu121", "torch-2.1.2+cu121-py3-none-any.whl", URL, SHA256, **changes)


def lines(of: BuildOrder) -> list[str]:
    return [requirement_line(item, of) for item in of.content.requirements]


def test_a_file_with_metadata_is_resolved_by_its_stand_in():
    of = order(AskInput(["torch", "numpy"]), direct={"torch": torch(metadata=b"x", extras=("opt",))})
    assert lines(of) == ["numpy", "torch[opt] @ file:///r/g1/.build/stand-ins/torch-2.1.2%2Bcu121-py3-none-any.whl"]


def test_a_file_without_metadata_is_fetched_by_its_hash():
    of = order(AskInput(["torch"]), direct={"torch": torch()})
    assert lines(of) == [f"torch @ {URL}#sha256={SHA256}"]
    assert direct_line(DirectFile("a", "1", "a-1.zip", "https://h/a-1.zip", None), of) == "a @ https://h/a-1.zip"


def test_a_requirement_of_another_platform_is_left_as_it_was_asked():
    asked = ["torch==1.0 ; sys_platform == 'none'", "torch==2.1.2"]
    of = order(AskInput(asked), direct={"torch": torch()})
    assert lines(of) == ['torch==1.0 ; sys_platform == "none"', f"torch @ {URL}#sha256={SHA256}"]


def test_credentials_are_placeholders():
    private = Index("https://user:s3cret@files.example/whl", ["torch"])
    of = order(AskInput(["torch"]), indexes=[private], direct={"torch": torch()})
    ((prefix, (user, password)),) = secret_variables(of).items()
    assert prefix == "https://files.example"
    assert lines(of) == [f"torch @ https://${{{user}}}:${{{password}}}@{URL.removeprefix('https://')}#sha256={SHA256}"]


def test_credentials_do_not_reach_a_host_whose_name_begins_alike():
    private = Index("https://user:s3cret@files.example/whl", ["torch"])
    evil = DirectFile("torch", "1", "torch-1.whl", "https://files.example.evil/torch-1.whl", None)
    of = order(AskInput(["torch"]), indexes=[private], direct={"torch": evil})
    assert lines(of) == ["torch @ https://files.example.evil/torch-1.whl"]

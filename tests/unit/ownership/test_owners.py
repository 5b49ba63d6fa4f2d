"""Who owns a path."""

from __future__ import annotations

import pytest

from isolated_environment.errors import OwnerNotFoundError
from isolated_environment.ownership import owners
from isolated_environment.ownership.owners import find_by_name, find_by_path, list_owners, owners_of


def test_by_path_with_an_equal_name(site, put):
    put("other")
    demoapp = put("demoapp")
    assert find_by_path(site / "demoapp" / "env") == demoapp
    assert demoapp.name == "demoapp"
    assert demoapp.container == site / ".demoapp.isolated"
    assert demoapp.rows == (".demoapp.isolated", "~demoapp.isolated")


def test_an_equal_name_is_found_without_reading_the_others(site, put, monkeypatch):
    for number in range(20):
        put(f"another{number}")
    demoapp, read = put("demoapp"), []
    monkeypatch.setattr(owners, "_bytes_of", lambda record: read.append(record) or record.read_bytes())
    assert find_by_path(site / "demoapp" / "env") == demoapp
    assert read == [demoapp.record]


def test_names_are_compared_normalized(site, put):
    owner = put("Demo_App", files=["demo_app/__init__.py"])
    assert find_by_path(site / "demo_app" / "env") == owner
    assert owner.container_name == ".demo_app.isolated", "in lower case: uninstallers fold case on Windows"


def test_by_path_with_a_different_name(site, put):
    put("other")
    owner = put("python_demoapp", files=["demoapp/__init__.py"])
    assert find_by_path(site / "demoapp" / "env") == owner


def test_a_nested_path(site, put):
    owner = put("demoapp", files=["demoapp/__init__.py", "demoapp/deep/er/data.txt"])
    assert find_by_path(site / "demoapp" / "deep" / "er" / "env") == owner
    assert find_by_path(site / "demoapp" / "new" / "directory" / "env") == owner


def test_a_part_of_a_name_is_not_the_name(site, put):
    put("demo", files=["demo/__init__.py", "old/demoapp/x.py"])
    assert find_by_path(site / "demoapp" / "env") is None


def test_a_namespace_package_shared_by_two(site, put):
    one = put("ns_one", files=["ns/one/__init__.py"])
    two = put("ns_two", files=["ns/two/__init__.py"])
    assert find_by_path(site / "ns" / "one" / "env") == one
    assert find_by_path(site / "ns" / "two" / "env") == two
    assert find_by_path(site / "ns" / "env") is None, "both have files there"


def test_a_plugin_in_the_directory_of_another_does_not_own_it(site, put):
    demoapp = put("demoapp")
    put("a_plugin", files=["demoapp/plugins/one.py"])
    assert find_by_path(site / "demoapp" / "env") == demoapp


def test_a_module_directly_in_site_packages_does_not_tell(site, put):
    put("demoapp", files=["demoapp.py"])
    assert find_by_path(site / "env") is None


def test_a_quoted_row_counts(site, put):
    owner = put("application", files=["demo,app/__init__.py"])
    assert find_by_path(site / "demo,app" / "env") == owner


def test_our_own_rows_do_not_change_the_answer(site, put):
    owner = put("demoapp")
    owner.record.write_bytes(b".demoapp.isolated,,\n~demoapp.isolated,,\ndemoapp/env,,\n" + owner.record.read_bytes())
    assert find_by_path(site / "demoapp" / "env") == owner
    assert find_by_path(owner.container / "env") is None


def test_elsewhere_nobody_owns_anything(site, put, tmp_path):
    put("demoapp")
    assert find_by_path(tmp_path / "project" / "demoapp" / "env") is None
    assert find_by_path(site / "stranger" / "env") is None


def test_what_an_uninstaller_stashed_is_ignored(site, put):
    put("~emoapp", files=["demoapp/__init__.py"])
    assert find_by_path(site / "demoapp" / "env") is None
    assert list_owners([str(site)]) == []


def test_a_distribution_without_a_record_owns_nothing(site, put):
    put("demoapp").record.unlink()
    assert find_by_path(site / "demoapp" / "env") is None


# by name


def test_by_name(site, put, tmp_path):
    owner = put("Demo_App")
    for name in ("demo-app", "Demo.App", "demo_app"):
        assert find_by_name(name, [str(tmp_path / "missing"), str(site)]) == owner


def test_by_name_on_the_path_of_this_interpreter(site, put, monkeypatch):
    owner = put("demoapp")
    monkeypatch.syspath_prepend(site)
    assert find_by_name("demoapp") == owner
    assert owner in list_owners()


def test_an_unknown_name_is_an_error_that_says_what_to_do(site, put):
    put("demoapp")
    with pytest.raises(OwnerNotFoundError) as caught:
        find_by_name("demo", [str(site)])
    assert caught.value.owner == "demo"
    assert "pip list" in str(caught.value)


def test_owners_are_listed_once(site, put):
    one, two = put("one"), put("two")
    assert sorted(list_owners([str(site), str(site)]), key=str) == [one, two]


def test_the_owners_of_a_container(site, put):
    old, new = put("demoapp", "1.0"), put("demoapp", "2.0", files=[])
    put("other")
    assert owners_of(site / ".demoapp.isolated") == [old, new]


# who can be registered with


@pytest.mark.parametrize("installer", ["pip", "uv", "Poetry 1.8.5", "pdm", "rye", "hatch", "pixi"])
def test_installers_that_go_by_record(put, installer):
    assert put("demoapp", installer=installer).unusable() is None


@pytest.mark.parametrize("installer", ["conda", "debian", "", None])
def test_installers_that_do_not(put, installer):
    assert "installe" in str(put("demoapp", installer=installer).unusable())


def test_what_an_uninstaller_could_not_use_is_not_edited(put, tmp_path):
    assert "METADATA" in str(put("one", metadata=False).unusable())
    without = put("two")
    without.record.unlink()
    assert "RECORD" in str(without.unusable())
    strange = put("three")
    strange.record.write_bytes(b"\xef\xbb\xbf" + strange.record.read_bytes())
    assert "byte order mark" in str(strange.unusable())
    linked = put("four")
    linked.record.rename(tmp_path / "RECORD")
    linked.record.symlink_to(tmp_path / "RECORD")
    assert "link" in str(linked.unusable())

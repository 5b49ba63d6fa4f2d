"""Where the bytes go: beside the owner, at the author's path, or in the user's data directory."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest

from isolated_environment.errors import OwnerNotFoundError
from isolated_environment.ownership.container import make_container
from isolated_environment.ownership.placement import find_placements, user_data_directory


def deny(monkeypatch, *places):
    """As for a user who may not write there; root may always."""
    access = os.access

    def answer(path, mode, **kwargs):
        return access(path, mode, **kwargs) and not (mode & os.W_OK and Path(path) in places)

    monkeypatch.setattr(os, "access", answer)


# beside the owner


def test_the_owner_of_the_path_gets_it(site, put, place_of):
    owner = put("demoapp")
    place = place_of(site / "demoapp" / "whisper_env")
    assert (place.kind, place.owner) == ("owner", owner)
    assert place.root == site / ".demoapp.isolated" / "whisper_env"
    assert place.container == site / ".demoapp.isolated"
    assert place.link_row == "demoapp/whisper_env"
    assert place.obstacle is None
    assert place.application == site / "demoapp"


def test_the_named_owner_gets_a_path_outside(site, put, place_of, tmp_path, monkeypatch):
    put("demoapp", files=["__editable__.demoapp.pth"])
    monkeypatch.syspath_prepend(site)
    place = place_of(tmp_path / "project" / "demoapp" / "env", "demoapp")
    assert (place.kind, place.container) == ("owner", site / ".demoapp.isolated")
    assert place.root.parent == place.container
    assert place.link_row is None, "no link is made outside site-packages"


def test_a_named_owner_gets_a_path_that_nobody_owns(site, put, place_of, monkeypatch):
    put("demoapp", files=["demoapp.py"])
    monkeypatch.syspath_prepend(site)
    place = place_of(site / "demo_env", "demoapp")
    assert (place.kind, place.link_row) == ("owner", "demo_env")


def test_a_name_that_is_not_installed_is_an_error(place_of, tmp_path):
    with pytest.raises(OwnerNotFoundError):
        place_of(tmp_path / "env", "no-such-distribution")


def test_no_two_paths_of_an_owner_share_a_root(site, put, place_of, tmp_path, monkeypatch):
    put("demoapp", files=["demoapp/__init__.py", "demoapp_gui/__init__.py", "demoapp/sub/__init__.py"])
    monkeypatch.syspath_prepend(site)
    inside = [
        "demoapp/env",
        "demoapp/sub/env",
        "demoapp/sub.env",
        "demoapp_gui/env",
        "demoapp/lock",
        "demoapp/owner.json",
    ]
    paths = [site / name for name in inside] + [tmp_path / "one" / "env", tmp_path / "two" / "env"]
    places = [place_of(path, "demoapp") for path in paths]
    assert {place.container for place in places} == {site / ".demoapp.isolated"}
    roots = {place.root for place in places}
    assert len(roots) == len(paths)
    assert {root.parent for root in roots} == {site / ".demoapp.isolated"}
    assert not {"lock", "owner.json"} & {root.name for root in roots}, "the container's own files"


@pytest.mark.parametrize("name", ["a,b", "semi;colon", 'q"uote', "with blank", "été", "line\u2028end", "trailing."])
def test_odd_names_are_linked_only_where_their_row_is_safe(site, put, place_of, name):
    put("demoapp")
    place = place_of(site / "demoapp" / name)
    assert place.kind == "owner"
    assert place.root.name == name
    safe = name in {"semi;colon", "with blank", "été"}
    assert place.link_row == (f"demoapp/{name}" if safe else None)


def test_a_row_never_passes_through_a_link(site, put, place_of, tmp_path):
    put("demoapp", files=["demoapp/__init__.py", "demoapp/sub/__init__.py"])
    (site / "demoapp" / "sub" / "__init__.py").unlink()
    (site / "demoapp" / "sub").rmdir()
    (tmp_path / "outside").mkdir()
    (site / "demoapp" / "sub").symlink_to(tmp_path / "outside")
    place = place_of(site / "demoapp" / "sub" / "env")
    assert place.kind == "owner"
    assert place.link_row is None


def test_a_site_packages_reached_through_a_link_is_no_obstacle(site, put, tmp_path, place_of):
    put("demoapp")
    (tmp_path / "other").symlink_to(tmp_path / "lib")
    place = place_of(tmp_path / "other" / "python3" / "site-packages" / "demoapp" / "env")
    assert place.link_row == "demoapp/env"
    assert place.root.is_relative_to(tmp_path / "other"), "links in the author's path are not resolved"


def test_the_root_itself_is_known_as_its_owners(site, put, place_of, tmp_path):
    owner = put("demoapp")
    make_container(owner.container, owner="demoapp", application=site / "demoapp")
    place = place_of(owner.container / "env")
    assert (place.kind, place.root, place.owner) == ("owner", owner.container / "env", owner)
    assert place.link_row is None
    data = tmp_path / "data" / "app-1"
    data.parent.mkdir()
    make_container(data, owner=None, application=tmp_path)
    assert (place_of(data / "env").kind, place_of(data / "env").root) == ("user", data / "env")


# at the author's path


def test_elsewhere_the_path_is_the_root(place_of, tmp_path):
    place = place_of(tmp_path / "project" / "env")
    assert (place.kind, place.root, place.container, place.owner) == ("path", tmp_path / "project" / "env", None, None)


def test_no_owner_means_the_path_itself(site, put, place_of):
    put("demoapp")
    place = place_of(site / "demoapp" / "env", None)
    assert (place.kind, place.root) == ("path", site / "demoapp" / "env")


# in the user's data directory


@pytest.mark.parametrize("path", ["env", "ns/env", "unlisted/env"])
def test_among_installed_packages_nothing_is_built_that_nobody_would_remove(site, put, place_of, path):
    """Nobody can be found: a module directly in site-packages, a shared namespace, an uninstall at this moment."""
    put("one", files=["module.py", "ns/one.py"])
    put("two", files=["ns/two.py"])
    place = place_of(site / path)
    assert place.kind == "user"
    assert "owner=" in place.reason
    assert place_of(site / path, None).kind == "path", "unless the author says so"


@pytest.mark.parametrize("installer", ["conda", None])
def test_a_system_package_manager_would_not_remove_it(site, put, place_of, tmp_path, installer):
    put("demoapp", installer=installer)
    place = place_of(site / "demoapp" / "env")
    assert place.kind == "user"
    assert place.root.is_relative_to(tmp_path / "data")
    assert place.root.name == "env"
    assert "installed" in place.reason
    assert place.application == site / "demoapp"


def test_what_cannot_be_written_is_looked_at_but_not_built_in(site, put, monkeypatch, tmp_path):
    put("demoapp")
    deny(monkeypatch, site)
    first, last = find_placements(
        site / "demoapp" / "env", "auto", if_read_only="user", data_dir=str(tmp_path / "data")
    )
    assert first.kind == "owner"
    assert str(site) in first.obstacle
    assert (last.kind, last.obstacle) == ("user", None)
    assert str(site) in last.reason


@pytest.mark.parametrize("denied", ["site", "dist-info", "RECORD"])
def test_a_record_that_cannot_be_edited_is_not_tried(site, put, place_of, monkeypatch, denied):
    owner = put("demoapp")
    deny(monkeypatch, {"site": site, "dist-info": owner.dist_info, "RECORD": owner.record}[denied])
    assert place_of(site / "demoapp" / "env").kind == "user"
    refused = place_of(site / "demoapp" / "env", if_read_only="raise")
    assert refused.kind == "owner"
    assert "cannot be written" in refused.obstacle


def test_a_plain_directory_that_cannot_be_written(place_of, tmp_path, monkeypatch):
    deny(monkeypatch, tmp_path)
    assert place_of(tmp_path / "project" / "env").kind == "user"
    (tmp_path / "env").mkdir()
    assert place_of(tmp_path / "env").kind == "path", "what counts is the directory itself, where it exists"


def test_two_applications_do_not_share_a_directory(place_of, tmp_path, monkeypatch):
    deny(monkeypatch, tmp_path)
    roots = {place_of(tmp_path / name / "app" / "env").root for name in ("one", "two")}
    assert len(roots) == 2


def test_a_zip_file_is_the_application(place_of, tmp_path):
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr("demoapp/__init__.py", "")
    place = place_of(tmp_path / "app.pyz" / "demoapp" / "env")
    assert (place.kind, place.application) == ("user", tmp_path / "app.pyz")
    assert "is a file" in place.reason


def test_a_frozen_application_keeps_its_root_although_its_directory_changes(place_of, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    roots = set()
    for name in ("_MEI1", "_MEI2"):
        (tmp_path / name / "demoapp").mkdir(parents=True)
        monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / name), raising=False)
        place = place_of(tmp_path / name / "demoapp" / "env")
        assert (place.kind, place.application) == ("user", Path(sys.executable))
        assert place_of(tmp_path / "elsewhere" / "env").kind == "path"
        roots.add(place.root)
    assert len(roots) == 1


def test_the_data_directory_is_the_setting_or_the_platforms(tmp_path, monkeypatch):
    assert user_data_directory(str(tmp_path / "x")) == tmp_path / "x"
    assert user_data_directory("~/x") == Path.home() / "x"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_data_directory(None).name == "isolated_environment"
    if sys.platform == "linux":
        assert user_data_directory(None) == tmp_path / "isolated_environment"


@pytest.mark.parametrize("owner", [None, "auto"])
def test_a_name_that_is_too_long_is_no_obstacle_yet(tmp_path, owner):
    """Making it fails, with an error that says why."""
    (place,) = find_placements(tmp_path / ("n" * 300), owner, if_read_only="user", data_dir=None)
    assert place.obstacle is None

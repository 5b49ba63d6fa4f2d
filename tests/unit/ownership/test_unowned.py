"""Registering where no RECORD is concerned: at a plain path, and in the user's directory."""

from __future__ import annotations

import pytest

from isolated_environment.errors import OwnerGoneError
from isolated_environment.ownership.container import read_tag
from isolated_environment.ownership.registration import register, unregister


def test_a_plain_path_is_only_a_directory(place_of, tmp_path):
    place = place_of(tmp_path / "project" / "envs" / "env")
    assert register(place) is None
    assert list(place.root.iterdir()) == []


def test_the_users_directory_has_a_tag(put, place_of, site):
    put("systemapp", installer=None)
    place = place_of(site / "systemapp" / "env")
    assert register(place) is None
    tag = read_tag(place.container)
    assert (tag["owner"], tag["application"]) == (None, str(site / "systemapp"))
    unregister(place)
    assert place.container.exists(), "it holds a root"
    place.root.rmdir()
    unregister(place)
    assert not place.container.exists()


def test_an_application_that_is_gone_is_not_brought_back(site, place_of):
    for name in ("demoapp", "demoapp/sub"):
        with pytest.raises(OwnerGoneError):
            register(place_of(site / name / "env"))
    assert list(site.iterdir()) == []

"""Taking back what was registered, also while an uninstall runs at the same moment."""

from __future__ import annotations

import os

import pytest

from isolated_environment.errors import IsolatedEnvironmentError, OwnerGoneError
from isolated_environment.ownership import container as containers
from isolated_environment.ownership import registration
from isolated_environment.ownership.container import is_ours
from isolated_environment.ownership.registration import register, unregister, watched, withdraw
from isolated_environment.ownership.stamp import is_registered
from tests.support.listing import listing


@pytest.fixture
def owner(put):
    return put("demoapp")


@pytest.fixture
def place(owner, place_of, site):
    return place_of(site / "demoapp" / "env")


def uninstall(owner):
    """What an uninstaller does that has read RECORD before our rows were in it."""
    for path in sorted(owner.dist_info.iterdir()):
        path.unlink()
    owner.dist_info.rmdir()
    (owner.site_packages / "demoapp" / "__init__.py").unlink()
    if not any((owner.site_packages / "demoapp").iterdir()):
        (owner.site_packages / "demoapp").rmdir()


# unregistering


def test_the_link_and_the_container_go_with_the_last_root(place, place_of, owner, site):
    other = place_of(site / "demoapp" / "other")
    register(place)
    register(other)
    place.root.rmdir()
    unregister(place)
    assert not os.path.lexists(place.path)
    assert is_ours(owner.container)
    other.root.rmdir()
    unregister(other)
    assert sorted(path.name for path in site.iterdir()) == ["demoapp", owner.dist_info.name]


def test_a_path_that_is_no_link_of_ours_is_left(place, owner, tmp_path):
    register(place)
    place.path.unlink()
    place.path.symlink_to(tmp_path)
    place.root.rmdir()
    unregister(place)
    assert place.path.is_symlink()


def test_a_container_that_got_its_tag_in_the_meantime_is_kept(place, owner):
    register(place)
    before = listing(owner.container)
    containers.remove_container(owner.container, untagged=True)
    assert listing(owner.container) == before
    containers.remove_container(owner.container)
    assert not owner.container.exists()


# an uninstall at the same moment


STEPS = ["make_container", "prepend_rows", "replace_record", "_make_root", "make_link", "_look_again"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_an_uninstall_at_every_step_leaves_nothing(place, owner, site, monkeypatch, step, when):
    original = getattr(registration, step)

    def interrupted(*args, **kwargs):
        monkeypatch.setattr(registration, step, original)
        if when == "before":
            uninstall(owner)
            return original(*args, **kwargs)
        answer = original(*args, **kwargs)
        uninstall(owner)
        return answer

    monkeypatch.setattr(registration, step, interrupted)
    try:
        register(place)
    except OwnerGoneError:
        pass
    else:
        assert (step, when) == ("_look_again", "after"), "only then it comes too late to be noticed here"
        with pytest.raises(OwnerGoneError), watched(place):
            raise OSError("the build fails, as the container is gone")
    assert list(site.iterdir()) == []


def test_a_record_that_replacing_brought_back_goes_again(place, owner, site, monkeypatch):
    """uv deletes METADATA, then RECORD, between our reading and our replacing."""
    replace = os.replace

    def late(source, target):
        for path in owner.dist_info.iterdir():
            path.unlink()
        replace(source, target)

    monkeypatch.setattr(os, "replace", late)
    with pytest.raises(OwnerGoneError):
        register(place)
    assert not owner.dist_info.exists()
    assert not owner.container.exists()


def test_the_container_is_taken_away_once_and_it_is_made_again(place, owner, monkeypatch):
    """An uninstaller works on the container while RECORD is still there: it may yet give up."""
    make = registration.make_container

    def taken(*args, **kwargs):
        make(*args, **kwargs)
        monkeypatch.setattr(registration, "make_container", make)
        containers.remove_container(owner.container)

    monkeypatch.setattr(registration, "make_container", taken)
    assert is_registered(register(place))
    assert is_ours(owner.container)


def test_a_withdrawal_leaves_what_the_new_version_registered(place, owner, put, place_of, site):
    register(place)
    uninstall(owner)
    containers.remove_container(owner.container)
    put("demoapp", "2.0")
    register(place_of(site / "demoapp" / "env"))
    before = listing(site)
    withdraw(place)
    assert listing(site) == before


def test_a_withdrawal_takes_what_no_record_lists(place, owner, site):
    register(place)
    (place.root / "file").touch()
    uninstall(owner)
    withdraw(place)
    assert list(site.iterdir()) == []


def test_watching_tells_an_uninstall_from_a_replacement_and_from_other_trouble(place, owner, site):
    register(place)
    with pytest.raises(IsolatedEnvironmentError, match="other trouble"), watched(place):
        raise IsolatedEnvironmentError("other trouble")
    owner.record.write_bytes(owner.record.read_bytes().partition(b"demoapp/env,,\n")[2])
    with pytest.raises(OwnerGoneError, match="anew"), watched(place):
        raise IsolatedEnvironmentError("other trouble")
    assert place.root.exists()
    uninstall(owner)
    with pytest.raises(OwnerGoneError, match="uninstalled") as caught, watched(place):
        raise IsolatedEnvironmentError("other trouble")
    assert "other trouble" in str(caught.value.__cause__)
    assert list(site.iterdir()) == []

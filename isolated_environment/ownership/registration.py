"""Registering an environment with its owner, so that the owner's uninstall removes it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import IsolatedEnvironmentError, LockTimeoutError, OwnerGoneError, RecordError
from ..layout import DIRECTORY_MODE
from ..locking import locked
from .container import (
    LOCK_NAME,
    in_the_way,
    is_ours,
    make_container,
    read_tag,
    remove_container,
    roots_in,
    sweep,
    temporary_beside,
)
from .link import assert_free, is_link, make_link, remove_link
from .owners import Owner, is_in_site_packages, owners_of
from .placement import Placement
from .record import has_rows, prepend_rows, read_record, replace_record
from .stamp import stamp_of

_TRIES = 3
_PATIENCE = 60.0  # seconds; what is done under the container's lock takes milliseconds


def register(place: Placement) -> dict[str, Any] | None:
    """Make the container with its tag, then the rows, then the root's directory and the link, and look again.

    Args:
        place: A writable placement.

    Returns:
        What :func:`.stamp.is_registered` needs later; ``None`` where no RECORD is concerned.

    Raises:
        OwnerGoneError: the owner is being uninstalled; nothing of ours is left.
        RecordError: its RECORD cannot be edited safely.
        NotOurDirectoryError: something that is not ours is in the way; nothing was touched.
        OSError: a directory cannot be made.
    """
    owner, container = place.owner, place.container
    if owner is None:
        _refuse_ruins(place)
    if container is None:
        place.root.mkdir(DIRECTORY_MODE, parents=True, exist_ok=True)
        return None
    if owner is None:
        container.parent.mkdir(parents=True, exist_ok=True)
        make_container(container, owner=None, application=place.application)
        _make_root(place.root)
        return None
    for attempt in range(_TRIES):
        try:
            return _register(place, owner, container)
        except OwnerGoneError:
            withdraw(place)
            raise
        except LockTimeoutError:
            raise
        except OSError as error:
            # an uninstaller, or another process of ours, takes away and makes under our feet: look again
            if attempt == _TRIES - 1 and not isinstance(error, FileNotFoundError):
                raise
    withdraw(place)
    raise _unsettled(owner)


def unregister(place: Placement) -> None:
    """Take away the link and, when no root is left in it, the container.  Rows without a container are harmless."""
    container = place.container
    if container is None or not is_ours(container):
        remove_link(place)
        return
    with locked(container / LOCK_NAME, _PATIENCE):
        remove_link(place)
        if is_ours(container) and not roots_in(container):
            remove_container(container)


def withdraw(place: Placement) -> None:
    """The owner is gone: take away the link and the container, unless another version of it registered already."""
    owner, container = place.owner, place.container
    if owner is None or container is None:
        return
    with contextlib.ExitStack() as stack:
        if container.is_dir():
            stack.enter_context(locked(container / LOCK_NAME, _PATIENCE))
        if any(_is_listed(other) for other in owners_of(container)):
            return
        remove_link(place)
        remove_container(container)


@contextlib.contextmanager
def watched(place: Placement) -> Iterator[None]:
    """Tell what goes wrong because the owner goes, at any moment of the work inside, by its name.

    Args:
        place: Registered.

    Raises:
        OwnerGoneError: the owner was uninstalled or replaced in the meantime; what no RECORD lists was removed.
    """
    tag = None if place.container is None else read_tag(place.container)
    try:
        yield
    except OwnerGoneError:
        raise
    except (IsolatedEnvironmentError, OSError) as error:
        loss = _loss_of(place, tag)
        if loss is None:
            raise
        raise loss from error


def _loss_of(place: Placement, tag: dict[str, Any] | None) -> OwnerGoneError | None:
    """What became of a registered place; ``None`` while its rows, the very same container and its root are there."""
    owner, container = place.owner, place.container
    if owner is None or container is None:
        return None
    if _is_listed(owner) and tag is not None and read_tag(container) == tag and place.root.is_dir():
        return None
    if owner.record.exists():
        return replaced(owner)
    withdraw(place)
    return OwnerGoneError(
        f"{owner.name} was uninstalled while its environment was being built; nothing of it is left",
        hint="install the application again",
        owner=owner.name,
    )


def replaced(owner: Owner) -> OwnerGoneError:
    """Make the error for an owner that was installed anew under our feet."""
    return OwnerGoneError(
        f"{owner.name} was installed anew while its environment was being built",
        hint="try again",
        owner=owner.name,
    )


def _register(place: Placement, owner: Owner, container: Path) -> dict[str, Any]:
    listed = has_rows(read_record(owner.record), owner.rows)
    assert_free(place)  # before its row is written: a row for a directory of the application would delete that
    make_container(container, owner=owner.name, application=place.application, listed=listed)
    with locked(container / LOCK_NAME, _PATIENCE):
        if not is_ours(container):
            raise FileNotFoundError(container)  # the last root of another process went, and the container with it
        sweep(container)
        try:
            _add_rows(owner, place)
        except RecordError:
            if not roots_in(container):
                remove_container(container)
            raise
        _make_root(place.root)
        make_link(place)
        _look_again(owner, place)
        return {
            "record": str(owner.record),
            "stamp": stamp_of(str(owner.record)),
            "rows": list(owner.rows),
            "link": place.link_row,
            "path": str(place.path) if place.linked and is_link(place.path) else None,
        }


def _add_rows(owner: Owner, place: Placement) -> None:
    for attempt in range(_TRIES):
        old = read_record(owner.record)
        new = prepend_rows(old, owner.rows, link=place.link_row)
        if new is old:
            return
        try:
            replace_record(owner.record, old, new, temporary=temporary_beside(owner.container))
        except RecordError:  # changed at this moment
            if attempt == _TRIES - 1:
                raise
        else:
            return


def _look_again(owner: Owner, place: Placement) -> None:
    """Whoever removed the rows in between is uninstalling, or was another installer."""
    data = read_record(owner.record)
    if not (owner.dist_info / "METADATA").exists():
        # it went between reading and replacing, and replacing has brought RECORD back
        with contextlib.suppress(OSError):
            owner.record.unlink()
            owner.dist_info.rmdir()
        raise _unsettled(owner)
    if not has_rows(data, owner.rows, link=place.link_row) or not is_ours(owner.container):
        raise FileNotFoundError(owner.container)


def _is_listed(owner: Owner) -> bool:
    try:
        return has_rows(read_record(owner.record), owner.rows)
    except (OwnerGoneError, OSError):
        return False


def _make_root(root: Path) -> None:
    if root.is_symlink():
        raise in_the_way(root)
    root.mkdir(DIRECTORY_MODE, exist_ok=True)


def _refuse_ruins(place: Placement) -> None:
    """An application that runs on after its uninstall must not bring its directory back: nobody would own it."""
    if not place.application.exists() and is_in_site_packages(place.path):
        raise OwnerGoneError(
            f"{place.application} does not exist: the application was uninstalled, or is being replaced",
            hint="install the application again",
            owner=place.application.name,
        )


def _unsettled(owner: Owner) -> OwnerGoneError:
    return OwnerGoneError(
        f"the rows for {owner.name} do not stay in its RECORD: it is being uninstalled or replaced",
        hint="try again when the installer has finished",
        owner=owner.name,
    )

"""What goes wrong on the disk, with the owner, and in a build: each scene ends in the error of that code."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

from isolated_environment import IsolatedEnvironment, events
from isolated_environment.store import publication
from isolated_environment.testing.wheels import make_wheel
from tests.support.error_stage import Stage, scene
from tests.support.holder import holding
from tests.support.sites import put_distribution
from tests.support.wheels import make_project


@scene("store-error")
def a_disk_that_fails(stage: Stage) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    stage.patch.setattr(publication, "_sync_one", fail)
    stage.environment("alpha").ensure()


@scene("not-built")
def nothing_was_built(stage: Stage) -> None:
    print(stage.environment("alpha").prefix)


@scene("not-our-directory")
def a_directory_with_the_user_s_files(stage: Stage) -> None:
    stage.root.mkdir()
    (stage.root / "notes.txt").write_text("mine")
    stage.environment("alpha").ensure()


@scene("read-only-location")
def a_place_that_may_not_be_written(stage: Stage) -> None:
    def refuse(path: object, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    stage.patch.setattr(os, "mkdir", refuse)
    stage.environment("alpha").ensure()


@scene("untrusted-root")
def everybody_may_write(stage: Stage) -> None:
    stage.environment("alpha").ensure()
    stage.root.chmod(0o777)
    stage.patch.setattr(os, "geteuid", lambda: 0)
    stage.environment("alpha").ensure()


@scene("lock-timeout")
def somebody_else_builds(stage: Stage) -> None:
    stage.at_the_end.enter_context(holding(stage.root))
    stage.environment("alpha", lock_timeout=0.2).ensure()


@scene("lock-lost")
def somebody_deletes_the_lock(stage: Stage) -> None:
    def delete(event: events.Event) -> None:
        if isinstance(event, events.StepStarted) and event.step == "install":
            (stage.root / "lock").unlink()

    stage.environment("alpha", on_event=delete).ensure()


@scene("reentrant-build")
def a_build_in_a_build(stage: Stage) -> None:
    def build(event: events.Event) -> None:
        if isinstance(event, events.StepStarted):
            stage.environment("alpha").ensure()

    stage.environment("alpha", on_event=build).ensure()


@scene("in-use")
def somebody_uses_it(stage: Stage) -> None:
    user = stage.environment("alpha")
    user.ensure()
    stage.environment().remove()


@scene("not-removed")
def a_file_that_cannot_be_deleted(stage: Stage) -> None:
    stage.environment("alpha").ensure()
    unlink = os.unlink

    def refuse(path: str, **options: int) -> None:
        if os.path.basename(path) == "alpha.py":
            raise OSError(errno.EBUSY, "Device or resource busy", path)
        unlink(path, **options)

    stage.patch.setattr(os, "unlink", refuse)
    stage.environment().remove()


@scene("no-rollback")
def nothing_to_go_back_to(stage: Stage) -> None:
    stage.environment("alpha").ensure()
    stage.environment().rollback()


@scene("owner-not-found")
def an_owner_with_a_wrong_name(stage: Stage) -> None:
    stage.environment("alpha", owner="demo-app").ensure()


def _owned(stage: Stage, **arguments: object) -> IsolatedEnvironment:
    """The environment of an application that was installed; RECORD tells of it."""
    site = stage.directory / "lib" / "site-packages"
    put_distribution(site, "demoapp")
    return IsolatedEnvironment(site / "demoapp" / "tools_env", ["alpha"], toolchain="uv", **arguments)  # type: ignore[arg-type]


@scene("owner-gone")
def an_uninstall_during_the_build(stage: Stage) -> None:
    def uninstall(event: events.Event) -> None:
        if isinstance(event, events.StepStarted) and event.step == "install":
            shutil.rmtree(stage.directory / "lib")

    _owned(stage, on_event=uninstall).ensure()


@scene("record-unusable")
def a_record_that_is_not_given_away(stage: Stage) -> None:
    replace = os.replace

    def refuse(source: object, target: Path) -> None:
        if os.path.basename(target) == "RECORD":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(target))
        replace(source, target)  # type: ignore[arg-type]

    stage.patch.setattr(os, "replace", refuse)
    _owned(stage).ensure()


@scene("build-failed")
def a_source_that_cannot_be_built(stage: Stage) -> None:
    project = make_project(stage.directory / "broken", "broken", "1.0")
    (project / "backend.py").write_text("def build_wheel(*_):\n    raise SystemExit('needs a C compiler: cc')\n")
    stage.environment().pip_install(str(project))


@scene("resolution-failed")
def a_version_that_is_not_there(stage: Stage) -> None:
    stage.environment().pip_install("alpha==99")


@scene("index-unreachable")
def an_index_that_does_not_answer(stage: Stage) -> None:
    stage.patch.setenv("ISOLATED_ENVIRONMENT_INDEX_URL", f"http://127.0.0.1:{stage.fixture('closed_port')}/simple")
    stage.environment().pip_install("alpha")


@scene("disk-full")
def too_little_room(stage: Stage) -> None:
    stage.patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=12 << 20))
    stage.environment("alpha").ensure()


@scene("verification-failed")
def an_altered_file_on_the_index(stage: Stage) -> None:
    index = stage.serve(alpha="1.0")
    first = stage.environment("alpha")
    first.ensure()
    lock = Path(shutil.copy(stage.root / "pylock.toml", stage.directory / "pylock.toml"))
    other = make_wheel(stage.directory / "altered", "alpha", "1.0", files={"alpha.py": "import os\n"})
    index.tampered["alpha-1.0-py3-none-any.whl"] = other.read_bytes()
    stage.forget_downloads()
    IsolatedEnvironment(stage.directory / "other_env", pylock=lock, toolchain="uv").ensure()

"""From what installers print to a typed error; the texts are those of uv 0.13 and pip 26."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from isolated_environment import errors
from isolated_environment.store.diagnosis import diagnose, typed_errors

LOG = Path("/root/env/log/g1.log")

CASES = {
    "uv, disk full": (
        ["error: Failed to install: big-1.0.whl", "  cause: No space left on device (os error 28)"],
        errors.DiskFullError,
        "the disk is full",
    ),
    "pip, disk full": (
        ["ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"],
        errors.DiskFullError,
        "the disk is full",
    ),
    "uv, hash": (["error: Hash mismatch for `alpha==1.0`"], errors.VerificationError, "not what the lock says"),
    "pip, hash": (
        ["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."],
        errors.VerificationError,
        "not what the lock says",
    ),
    "uv, torn cache": (
        ["error: Failed to install: alpha-1.0-py3-none-any.whl", "  cause: The wheel is invalid: Metadata field Name"],
        errors.VerificationError,
        "a wheel is damaged",
    ),
    "uv, lost cache": (
        ["  cause: failed to open file `/c/archive-v0/x/alpha-1.0.dist-info/WHEEL`: No such file or directory"],
        errors.VerificationError,
        "a wheel is damaged",
    ),
    "uv, offline": (
        ["error: Network connectivity is disabled but the requested data wasn't found in the cache"],
        errors.IndexUnreachableError,
        "offline",
    ),
    "pip, refused": (
        ["ERROR: HTTP error 403 while getting http://x/simple: 403 Client Error: Forbidden for url"],
        errors.IndexUnreachableError,
        "an index refused",
    ),
    "uv, unreachable": (
        ["error: Request failed after 3 retries", "  cause: Failed to fetch: `http://127.0.0.1:9/simple/alpha/`"],
        errors.IndexUnreachableError,
        "could not be reached",
    ),
    "pip, unreachable": (
        ["WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/alpha/"],
        errors.IndexUnreachableError,
        "could not be reached",
    ),
    "pip, cut off": (
        ["error: incomplete-download", "  Download failed after 6 attempts because not enough bytes were received"],
        errors.IndexUnreachableError,
        "could not be reached",
    ),
    "uv, cut off": (
        ["  cause: Because large==1.0 has an invalid package format and only large==1.0 is available, we can conclude"],
        errors.IndexUnreachableError,
        "cut off or damaged",
    ),
    "uv, no solution": (
        [
            "error: No solution found when resolving dependencies",
            "  cause: Because there is no version of alpha==99",
        ],
        errors.ResolutionError,
        "there is no version of alpha==99",
    ),
    "pip, no solution": (
        ["ERROR: No matching distribution found for alpha==99"],
        errors.ResolutionError,
        "No matching distribution found for alpha==99",
    ),
    "anything else": (["Traceback", "ZeroDivisionError"], errors.BuildError, "failed with exit code 1"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_an_installer_prints_becomes_the_error_that_fits(case):
    lines, kind, words = CASES[case]
    error = diagnose("install", ("uv", "pip", "sync"), 1, tuple(lines), LOG)
    assert type(error) is kind
    assert words in error.message
    assert error.message.startswith("install: ")
    assert (error.step, error.argv, error.returncode, error.tail) == ("install", ("uv", "pip", "sync"), 1, tuple(lines))
    assert error.log_path == str(LOG)
    assert error.hint
    if isinstance(error, errors.DiskFullError):
        assert error.path == "/root/env"
    if isinstance(error, errors.VerificationError):
        assert error.damage


@pytest.mark.parametrize(("number", "name"), [(-9, "SIGKILL"), (-15, "SIGTERM"), (-99, "99")])
def test_a_signal_is_named(number, name):
    error = diagnose("install", (), number, (), LOG)
    assert error.message == f"install: ended by {name}"
    assert error.returncode == number


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, errors.DiskFullError),
        (errno.EDQUOT, errors.DiskFullError),
        (errno.EACCES, errors.ReadOnlyLocationError),
        (errno.EPERM, errors.ReadOnlyLocationError),
        (errno.EROFS, errors.ReadOnlyLocationError),
        (errno.EIO, errors.StoreError),
        (errno.EMFILE, errors.StoreError),
    ],
)
def test_a_call_of_ours_that_fails_is_typed_and_names_the_place(number, kind):
    with pytest.raises(kind, match="/root/env cannot be") as caught, typed_errors("/root/env"):
        raise OSError(number, os.strerror(number), "/root/env/log/g1.log")
    assert type(caught.value) is kind
    assert "/root/env/log/g1.log" in caught.value.message
    assert os.strerror(number) in caught.value.message
    assert caught.value.hint
    assert isinstance(caught.value.__cause__, OSError)


def test_errors_of_ours_and_other_errors_pass():
    for error in (errors.LockTimeoutError("x"), errors.NotOurDirectoryError("y"), KeyError("z")):
        with pytest.raises(type(error)) as caught, typed_errors("/root/env"):
            raise error
        assert caught.value is error


def test_a_sentence_that_was_broken_at_the_width_of_a_terminal_is_whole():
    tail = (
        "error: No solution found when resolving dependencies",
        "  cause: Because there is no version of alpha==99 and you",
        "         require alpha==99, we can conclude that your",
        "         requirements are unsatisfiable.",
    )
    error = diagnose("resolve", (), 1, tail, Path("log"))
    assert error.message.endswith(
        "Because there is no version of alpha==99 and you require alpha==99, "
        "we can conclude that your requirements are unsatisfiable."
    )
    assert "cause:" not in str(error), "what the message says is not said again"
    tail = ("error: Failed to build `a @", "       file:///a`", "  cause: The build backend returned an error")
    assert diagnose("install", (), 1, tail, Path("log")).message.endswith("Failed to build `a @ file:///a`")

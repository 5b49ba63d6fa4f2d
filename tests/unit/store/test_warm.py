"""``ensure()`` on a ready environment: no process, no write, no network, no third-party import, no exclusive lock."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.audit import audit

CHECKOUT = Path(__file__).parent.parent.parent.parent

#: Audit events that change something, start something or reach out.
FORBIDDEN = re.compile(
    r"os\.(system|exec|fork|forkpty|posix_spawn|spawn|startfile|mkdir|rmdir|remove|rename|link|symlink|truncate|utime"
    r"|chmod|chown|setxattr|removexattr|kill|killpg|putenv|unsetenv)|subprocess\.Popen|socket\..*|shutil\..*|pty\..*"
    r"|tempfile\..*|ctypes\.dlopen|fcntl\.(?!flock).*|webbrowser\..*|urllib\..*|http\..*|ftplib\..*"
)

PROGRAM = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
heard = []
def hear(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        heard.append(["open", str(path), flags if isinstance(flags, int) else 0])
    elif event == "fcntl.flock":
        heard.append([event, "", arguments[1]])
    elif event != "import":
        heard.append([event, str(arguments[:1]), 0])
sys.addaudithook(hear)
from isolated_environment import IsolatedEnvironment
env = IsolatedEnvironment(sys.argv[2], json.loads(sys.argv[3]))
prefix = str(env.ensure())
if len(sys.argv) > 4:
    env.environment()
again = str(env.ensure())
answer = {"prefix": prefix, "heard": list(heard), "modules": sorted(sys.modules), "paths": sys.path}
json.dump(answer, sys.stdout)
"""

#: What begins the part of a trace that is ours, and ends it.
MARK = "/the/warm/path/begins"
TRACED = PROGRAM.replace("env = Iso", f"os.path.exists({MARK!r}); env = Iso").replace(
    "again =", f"os.path.exists({MARK!r}); again ="
)


@pytest.fixture
def ready(make):
    env = make(["beta"])
    env.ensure()
    return env


def command(program: str, env, *more: str) -> list[str]:
    # -B: the bytecode that Python writes at a first import is not ours to judge
    return [sys.executable, "-I", "-B", "-c", program, str(CHECKOUT), str(env.path), '["beta"]', *more]


def warm(env, *more: str) -> dict:
    answer = subprocess.run(command(PROGRAM, env, *more), capture_output=True, text=True, check=True)
    assert answer.stderr == ""
    return json.loads(answer.stdout)


def sins(heard) -> list[str]:
    """What was done that the warm path must not do."""
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    found = [f"{event} {what}" for event, what, _ in heard if FORBIDDEN.fullmatch(event)]
    found += [f"writes {what}" for event, what, flags in heard if event == "open" and flags & writing]
    return found + ["locks exclusively" for event, _, how in heard if event == "fcntl.flock" and how & fcntl.LOCK_EX]


@pytest.mark.parametrize("more", [(), ("environment",)], ids=["ensure", "environment"])
def test_the_audit_hook_hears_nothing_forbidden(ready, more):
    answer = warm(ready, *more)
    assert answer["prefix"] == str(ready.prefix)
    assert any(what == str(ready.path / "isolated-environment.json") for _, what, _ in answer["heard"]), "it listens"
    assert any(event == "fcntl.flock" for event, _, _ in answer["heard"]), "a lease was taken"
    assert sins(answer["heard"]) == []


@pytest.mark.parametrize("more", [(), ("environment",)], ids=["ensure", "environment"])
def test_nothing_that_is_not_python_s_own_is_imported(ready, more):
    modules = {name.partition(".")[0] for name in warm(ready, *more)["modules"]}
    foreign = modules - set(sys.stdlib_module_names) - {"__main__", "isolated_environment", "sitecustomize"}
    assert {name for name in foreign if not name.startswith(("_distutils_hack", "__editable"))} == set()
    heavy = {"asyncio", "ctypes", "dataclasses", "email", "http", "logging", "socket", "ssl", "subprocess", "typing"}
    assert modules & heavy == set()


def test_the_audit_hook_hears_a_build(ready, make):
    """The negative control: the same program on an environment that must be built."""
    answer = warm(make(["beta"], name="cold"))
    found = sins(answer["heard"])
    assert any(line.startswith("subprocess.Popen") for line in found)
    assert any(line.startswith("writes ") for line in found)
    assert "locks exclusively" in found
    assert "filelock" in answer["modules"]
    assert audit(make(["beta"], name="cold").ensure()) == []


CALLS = re.compile(r"^(?:\d+\s+)?(\w+)\((.*)$")
READING = {"openat", "open", "read", "pread64", "close", "lseek", "flock", "brk", "mmap", "munmap", "mprotect"}
READING |= {"fstat", "stat", "lstat", "newfstatat", "statx", "access", "faccessat2", "readlink", "readlinkat"}
READING |= {"getdents64", "getcwd", "ioctl", "rt_sigaction", "rt_sigprocmask", "getpid", "gettid", "futex", "getrandom"}
READING |= {"fcntl", "clock_gettime", "gettimeofday", "prlimit64", "sysinfo", "madvise", "mremap", "dup", "geteuid"}


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_strace_sees_only_reading(ready, tmp_path):
    trace = tmp_path / "trace"
    traced = ["strace", "-f", "-o", str(trace), *command(TRACED, ready)]
    answer = subprocess.run(traced, capture_output=True, text=True, check=False)
    if answer.returncode != 0 and "ptrace" in answer.stderr:
        pytest.skip("this machine does not let processes be traced")
    assert json.loads(answer.stdout)["prefix"] == str(ready.prefix)
    lines = trace.read_text().splitlines()
    first, last = [number for number, line in enumerate(lines) if MARK in line]
    calls = [match.groups() for line in lines[first + 1 : last] if (match := CALLS.match(line))]
    assert any(name == "openat" and "isolated-environment.json" in rest for name, rest in calls), "it is our part"
    assert [call for call in calls if call[0] not in READING] == []
    assert [call for call in calls if re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC|APPEND)", call[1])] == []
    assert [rest for name, rest in calls if name == "flock" and "LOCK_SH" not in rest] == []

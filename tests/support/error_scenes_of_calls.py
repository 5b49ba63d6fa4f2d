"""What goes wrong when something runs in an environment: each scene ends in the error of that code."""

from __future__ import annotations

import threading
from argparse import Namespace

from isolated_environment.bridge.pickling import Peer
from isolated_environment.bridge.spawn import SpawnedProcess
from isolated_environment.bridge.worker import Worker
from isolated_environment.cli import commands
from tests.support.error_stage import Stage, scene

_WHISPERLIKE = """
class UnknownLanguageError(Exception):
    pass


def transcribe(path, language):
    raise UnknownLanguageError(f"{path}: nobody speaks {language!r}")
"""


@scene("process-error")
def a_shell_that_is_not_there(stage: Stage) -> None:
    commands.shell(Namespace(path=str(stage.built().path), shell=str(stage.directory / "fish")))


@scene("command-not-found")
def a_command_of_a_project_that_was_not_asked_for(stage: Stage) -> None:
    stage.built().run(["cowsay", "hello"])


@scene("remote-error")
def an_exception_that_the_host_has_not(stage: Stage) -> None:
    stage.serve(whisperlike={"version": "1.0", "files": {"whisperlike.py": _WHISPERLIKE}})
    stage.environment("whisperlike").call("whisperlike:transcribe", "talk.wav", language="tlh")


@scene("worker-died")
def a_crash(stage: Stage) -> None:
    def crash() -> None:
        import os
        import sys

        sys.stderr.write("terminate called: out of range\n")
        sys.stderr.flush()
        os._exit(3)

    stage.built().call(crash)


@scene("worker-start-failed")
def an_interpreter_that_does_not_run_any_more(stage: Stage) -> None:
    python = stage.root / "g1" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 'libpython3.11.so.1.0: cannot open shared object file' >&2\nexit 127\n")
    python.chmod(0o755)
    process = SpawnedProcess(str(stage.root / "g1"), {})
    Worker(process, Peer("3.11", 5, ()), on_output=lambda _: None).call("beyond:echo", 1)


@scene("worker-closed")
def a_call_after_the_end(stage: Stage) -> None:
    with stage.built().worker() as worker:
        pass
    worker.call("beyond:echo", 1)


@scene("call-timeout")
def a_call_that_takes_too_long(stage: Stage) -> None:
    with stage.built().worker() as worker:
        worker.function("time:sleep", timeout=0.5)(60)


@scene("not-serializable")
def a_lock_among_the_arguments(stage: Stage) -> None:
    stage.built().call("beyond:echo", {"model": [threading.Lock()]})


@scene("protocol-error")
def somebody_writes_to_the_private_descriptor(stage: Stage) -> None:
    def write() -> None:
        import os
        import socket
        import stat

        for fd in range(3, 64):
            try:
                if stat.S_ISSOCK(os.fstat(fd).st_mode):
                    socket.socket(fileno=os.dup(fd)).sendall(b"hello, world\n" * 10)
            except OSError:
                continue

    stage.built().call(write)

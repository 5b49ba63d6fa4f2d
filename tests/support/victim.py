"""A host process that says on its stdout what it is doing, so that it can be killed there.

Forked by :mod:`.nursery` with an order such as ``{"path": …, "requirements": […], "toolchain": "uv"}``.  It says
``phase NAME`` for each phase of a build, ``child PID`` for each installer, then ``prefix PATH``, ``error CODE`` or
``interrupted build``; with ``"gc": true`` it waits for a line on stdin then, and collects.  With ``"weakened": true``
it publishes the receipt before it installs: what the killer must find out.  ``"design": NAME`` takes one of
:mod:`.weaker` in the library's place.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from isolated_environment import IsolatedEnvironment, IsolatedEnvironmentError, events
from isolated_environment.store import attempt, fulfilment, publication, runner
from tests.support.weaker import Weaker

#: In the order in which a build passes through them.
PHASES = ("start", "resolve", "create", "install", "verify", "publish", "settle", "done")

_STEPS = {"resolve": "resolve", "create": "create", "check": "create", "install": "install"}


def say(word: str, text: object) -> None:
    """Write one line at once: the process may be dead the next moment."""
    os.write(1, f"{word} {text}\n".encode())


def on_event(event: events.Event) -> None:
    if isinstance(event, events.BuildStarted):
        say("phase", "resolve")
    elif isinstance(event, events.StepStarted) and event.step in _STEPS:
        say("phase", _STEPS[event.step])


def announce(module: Any, name: str, before: str, after: str | None = None) -> None:
    """Let a function of the library say what it is about to do, and what comes then."""
    original: Callable[..., Any] = getattr(module, name)

    def announced(*args: Any, **kwargs: Any) -> Any:
        say("phase", before)
        result = original(*args, **kwargs)
        if after:
            say("phase", after)
        return result

    setattr(module, name, announced)


def announce_children() -> None:
    original = runner.Runner._spawn

    def spawn(self: runner.Runner, *how: Any) -> subprocess.Popen[bytes]:
        process = original(self, *how)
        say("child", process.pid)
        return process

    runner.Runner._spawn = spawn  # type: ignore[method-assign]


def publish_early() -> None:
    """The mistake that the killer must find: the receipt is out before the installer has run."""
    build, install, publish = fulfilment.Fulfilment._build, attempt.Attempt._install, publication.publish
    now: dict[str, Any] = {}

    def remembering(self: Any, wanted: Any, content: Any, base: Any, reason: str, *, hand_out: bool) -> Any:
        now.update(self=self, wanted=wanted, content=content, base=base)
        return build(self, wanted, content, base, reason, hand_out=hand_out)

    def publishing(self: Any, order: Any, steps: Any, found: Any, identity: Any) -> None:
        generation = order.prefix.name
        built = attempt.Built(generation, found.lock, found.torch, lease=None, uncached=None, duration=0.0)  # type: ignore[arg-type]
        what = (self._site, now["wanted"], now["content"], now["base"], built)
        receipt = now["self"]._new_receipt(*what, handed_out=True)
        publish(self._site.layout, receipt, found.lock.text)
        install(self, order, steps, found, identity)

    fulfilment.Fulfilment._build = remembering  # type: ignore[method-assign]
    attempt.Attempt._install = publishing  # type: ignore[method-assign]


def build(order: dict[str, Any]) -> None:
    """Build, say the prefix, and collect when told to."""
    path, requirements, env = order["path"], order["requirements"], None
    if "design" in order:
        prefix = Weaker(order["design"], path, requirements, say=say).ensure()
    else:
        env = IsolatedEnvironment(path, requirements, toolchain=order["toolchain"], on_event=on_event, owner=None)
        prefix = env.ensure()
    say("phase", "done")
    say("prefix", prefix)
    if order.get("gc"):
        sys.stdin.readline()
    if order.get("gc") and env is not None:
        env.gc(force=True)


def main(order: dict[str, Any]) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background inherits that it is ignored
    announce(attempt, "finish", "verify")
    announce(fulfilment, "publish", "publish", "settle")
    announce_children()
    if order.get("weakened"):
        publish_early()
    try:
        say("phase", "start")
        build(order)
    except IsolatedEnvironmentError as error:
        say("error", error.code)
        return 3
    except ChildProcessError:
        say("error", "installer")
        return 3
    except KeyboardInterrupt:
        say("interrupted", "build")
        return 4
    return 0

"""Calling into the environment: what the function raised, and everything that can keep a call from ending well."""

from __future__ import annotations

from .process import ProcessError


class CallError(ProcessError):
    """A call into the environment did not return a value."""

    code = "call-error"


class RemoteError(CallError):
    """The function raised, and its exception cannot be built on this side."""

    code = "remote-error"
    #: The exception's class there, as ``module.QualifiedName``.
    type_name: str
    #: The traceback, as text.
    traceback: str


class WorkerDied(CallError):  # noqa: N818 - the field's word
    """The worker ended before it answered."""

    code = "worker-died"
    #: The signal that ended it, such as ``SIGSEGV``, or ``None``.
    signal: str | None
    #: Its exit code where it was not a signal.
    exit_code: int | None
    #: The last lines that it wrote.
    tail: str


class WorkerStartError(CallError):
    """The worker did not come up."""

    code = "worker-start-failed"
    #: The interpreter that was to run it.
    interpreter: str
    #: The last lines that it wrote.
    tail: str


class WorkerClosedError(CallError):
    """The worker or pool was closed, or its process was stopped by a time-out or a cancellation."""

    code = "worker-closed"


class CallTimeoutError(CallError, TimeoutError):
    """The call did not end in time; it was stopped and its worker with it."""

    code = "call-timeout"
    #: Seconds.
    timeout: float


class SerializationError(CallError, TypeError):
    """A value or a function cannot travel between host and environment."""

    code = "not-serializable"
    #: The class of what cannot travel.
    type_name: str
    #: Where in the value it stands, such as ``args[0]['lock']``.
    path: str
    #: Whose side failed: ``host`` or ``environment``.
    side: str


class ProtocolError(CallError):
    """What came back is not what the child program says."""

    code = "protocol-error"
    #: What came instead, shortened.
    received: str

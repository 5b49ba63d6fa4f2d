"""Every error of the library, under one root.

::

    IsolatedEnvironmentError
    ├── RequestError (ValueError)                      the request itself is wrong
    │   ├── InvalidRequirementError                    requirement, parameter
    │   ├── InvalidOptionError                         option, parameter
    │   ├── InvalidIndexError                          url
    │   ├── InvalidPythonError                         request
    │   ├── InvalidLockError                           path
    │   ├── InvalidTargetError                         target
    │   └── InvalidDeclarationError                    entry_point
    ├── HostError                                      this machine cannot satisfy it
    │   ├── InterpreterNotFoundError (LookupError)     request, searched
    │   ├── ToolchainNotFoundError (FileNotFoundError) toolchain, searched
    │   └── TorchError                                 no build of PyTorch fits
    │       ├── DriverTooOldError                      driver, cuda, needed, newest_possible
    │       ├── ArchitectureDroppedError               capabilities, last_torch, last_channel
    │       ├── NoTorchReleaseError (LookupError)      channel, requirement, available
    │       ├── NoTorchWheelError (LookupError)        channel, release, target, exists
    │       ├── UnsupportedMachineError                machine
    │       └── TorchConflictError                     pin, requirement
    ├── StoreError                                     the environment on disk
    │   ├── NotBuiltError (LookupError)                root
    │   ├── NotOurDirectoryError (FileExistsError)     path
    │   ├── ReadOnlyLocationError (PermissionError)    path
    │   ├── UntrustedRootError (PermissionError)       path
    │   ├── LockTimeoutError (TimeoutError)            path, waited, holder
    │   ├── LockLostError                              path
    │   ├── ReentrantBuildError (RuntimeError)         root
    │   ├── InUseError                                 root, generations
    │   ├── RemovalError                               root, left
    │   ├── RollbackError                              root
    │   ├── OwnerError
    │   │   ├── OwnerNotFoundError (LookupError)       owner
    │   │   ├── OwnerGoneError                         owner
    │   │   └── RecordError                            path
    │   └── BuildError (subprocess.CalledProcessError) step, argv, returncode, tail, log_path
    │       ├── ResolutionError                        no set of versions satisfies the request
    │       ├── IndexUnreachableError (ConnectionError)
    │       ├── DiskFullError                          path, needed, free
    │       └── VerificationError                      damage
    └── ProcessError
        ├── CommandNotFoundError (FileNotFoundError)   name, searched
        └── CallError                                  no value came back
            ├── RemoteError                            type_name, traceback
            ├── WorkerDied                             signal, exit_code, tail
            ├── WorkerStartError                       interpreter, tail
            ├── WorkerClosedError
            ├── CallTimeoutError (TimeoutError)        timeout
            ├── SerializationError (TypeError)         type_name, path, side
            └── ProtocolError                          received

    IsolatedEnvironmentWarning (UserWarning)

Each error carries ``code`` (kebab-case, unique, an anchor in ``docs/reference/errors.md``), ``hint`` (one thing to
do, or ``None``) and the fields named above as attributes.  Messages, hints and fields never hold credentials.  Every
error survives pickling.
"""

from __future__ import annotations

from .build import (
    BuildError,
    DiskFullError,
    IndexUnreachableError,
    ResolutionError,
    VerificationError,
)
from .calls import (
    CallError,
    CallTimeoutError,
    ProtocolError,
    RemoteError,
    SerializationError,
    WorkerClosedError,
    WorkerDied,
    WorkerStartError,
)
from .host import (
    HostError,
    InterpreterNotFoundError,
    ToolchainNotFoundError,
)
from .process import (
    CommandNotFoundError,
    ProcessError,
)
from .request import (
    InvalidDeclarationError,
    InvalidIndexError,
    InvalidLockError,
    InvalidOptionError,
    InvalidPythonError,
    InvalidRequirementError,
    InvalidTargetError,
    RequestError,
)
from .root import (
    IsolatedEnvironmentError,
    IsolatedEnvironmentWarning,
)
from .store import (
    InUseError,
    LockLostError,
    LockTimeoutError,
    NotBuiltError,
    NotOurDirectoryError,
    OwnerError,
    OwnerGoneError,
    OwnerNotFoundError,
    ReadOnlyLocationError,
    RecordError,
    ReentrantBuildError,
    RemovalError,
    RollbackError,
    StoreError,
    UntrustedRootError,
)
from .torch import (
    ArchitectureDroppedError,
    DriverTooOldError,
    NoTorchReleaseError,
    NoTorchWheelError,
    TorchConflictError,
    TorchError,
    UnsupportedMachineError,
)

__all__ = [
    "ArchitectureDroppedError",
    "BuildError",
    "CallError",
    "CallTimeoutError",
    "CommandNotFoundError",
    "DiskFullError",
    "DriverTooOldError",
    "HostError",
    "InUseError",
    "IndexUnreachableError",
    "InterpreterNotFoundError",
    "InvalidDeclarationError",
    "InvalidIndexError",
    "InvalidLockError",
    "InvalidOptionError",
    "InvalidPythonError",
    "InvalidRequirementError",
    "InvalidTargetError",
    "IsolatedEnvironmentError",
    "IsolatedEnvironmentWarning",
    "LockLostError",
    "LockTimeoutError",
    "NoTorchReleaseError",
    "NoTorchWheelError",
    "NotBuiltError",
    "NotOurDirectoryError",
    "OwnerError",
    "OwnerGoneError",
    "OwnerNotFoundError",
    "ProcessError",
    "ProtocolError",
    "ReadOnlyLocationError",
    "RecordError",
    "ReentrantBuildError",
    "RemoteError",
    "RemovalError",
    "RequestError",
    "ResolutionError",
    "RollbackError",
    "SerializationError",
    "StoreError",
    "ToolchainNotFoundError",
    "TorchConflictError",
    "TorchError",
    "UnsupportedMachineError",
    "UntrustedRootError",
    "VerificationError",
    "WorkerClosedError",
    "WorkerDied",
    "WorkerStartError",
]

"""Every error of the library, under one root.

::

    IsolatedEnvironmentError
    ├── RequestError (ValueError)                      the request itself is wrong
    │   ├── InvalidRequirementError                    requirement, parameter
    │   ├── InvalidOptionError                         option, parameter
    │   ├── InvalidIndexError                          url
    │   ├── InvalidPythonError                         request
    │   └── InvalidLockError                           path
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
    │   ├── LockTimeoutError (TimeoutError)            path, waited, holder
    │   ├── LockLostError                              path
    │   ├── ReentrantBuildError (RuntimeError)         root
    │   ├── InUseError                                 root, generations
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
        └── CommandNotFoundError (FileNotFoundError)   name, searched

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
    InvalidIndexError,
    InvalidLockError,
    InvalidOptionError,
    InvalidPythonError,
    InvalidRequirementError,
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
    RollbackError,
    StoreError,
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
    "CommandNotFoundError",
    "DiskFullError",
    "DriverTooOldError",
    "HostError",
    "InUseError",
    "IndexUnreachableError",
    "InterpreterNotFoundError",
    "InvalidIndexError",
    "InvalidLockError",
    "InvalidOptionError",
    "InvalidPythonError",
    "InvalidRequirementError",
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
    "ReadOnlyLocationError",
    "RecordError",
    "ReentrantBuildError",
    "RequestError",
    "ResolutionError",
    "RollbackError",
    "StoreError",
    "ToolchainNotFoundError",
    "TorchConflictError",
    "TorchError",
    "UnsupportedMachineError",
    "VerificationError",
]

"""The warm path: is there a generation that serves?  No lock, no process, no write, standard library only."""

from __future__ import annotations

import os

from ..ask_input import AskInput
from ..declaration import Declaration, content_of
from ..layout import Layout, python_of
from ..leases import Lease, share
from ..ownership.stamp import is_registered
from ..ownership.trust import why_distrusted
from ..receipt import Receipt, Unusable, identify_base, parse, read_bytes


class Held:
    """A generation that this process may use: its lease is held as long as this lives."""

    __slots__ = ("lease", "prefix", "receipt", "root")

    def __init__(self, root: str, receipt: Receipt, lease: Lease) -> None:
        self.root = root
        self.receipt = receipt
        self.lease = lease
        #: The concrete prefix.
        self.prefix = Layout(root).prefix(receipt.generation)

    @property
    def python(self) -> str:
        """The interpreter."""
        return python_of(self.prefix)

    def is_there(self) -> bool:
        """Return whether the prefix still exists: an uninstall removes it under our feet."""
        return os.path.exists(self.python)


#: A declaration that takes what is there.
ADOPTING = Declaration(None, python=None, indexes=(), constraints=(), pylock=None, system_site_packages=False)


def guess_root(path: str) -> str | None:
    """Return where the environment of *path* most likely is, from the path alone.

    The link that the author's path is in an installed application, or the path itself when it holds a receipt.
    """
    try:
        target = os.readlink(path)
    except OSError:
        return path if os.path.exists(Layout(path).receipt) else None
    return os.path.normpath(os.path.join(os.path.dirname(path), target))


def take(root: str, declaration: Declaration, new: AskInput | None = None, *, unissued: bool = False) -> Held:
    """Take the current generation of *root*, if it serves.

    Args:
        root: Absolute path of the root.
        declaration: What the handle declared.
        new: The ask that this call makes.
        unissued: Also take a generation that was never handed out to anybody.

    Returns:
        The generation, with a shared lease.

    Raises:
        Unusable: it does not serve; the text says why.
    """
    layout = Layout(root)
    data = read_bytes(layout.receipt)
    receipt = parse(data)
    check(root, receipt)
    reason = declaration.mismatch(receipt.declaration, new) or _changed_local(receipt)
    if reason is not None:
        raise Unusable(reason)
    if not is_registered(receipt.get("registration")):
        raise Unusable("the owner's RECORD does not list the environment")
    if not (receipt.handed_out or unissued):
        raise Unusable("the generation was not handed out yet")
    lease = share_lease(layout, receipt)
    if read_bytes(layout.receipt) != data:
        lease.release()
        raise Unusable("the environment was replaced at this moment")
    return Held(root, receipt, lease)


def check(root: str, receipt: Receipt) -> None:
    """Check that the receipt's generation is where it was built, on its base interpreter, and not open to others.

    Raises:
        Unusable: it is not; the text says why.
    """
    if receipt.root != root:
        raise Unusable(f"the environment was moved here from {receipt.root}")
    prefix = Layout(root).prefix(receipt.generation)
    distrust = why_distrusted(root, prefix)
    if distrust is not None:
        raise Unusable(distrust)
    if not os.path.exists(python_of(prefix)):
        raise Unusable("its interpreter is gone")
    base = receipt.base
    try:
        found = identify_base(base["executable"])
    except (OSError, KeyError, TypeError, ValueError):  # a path with a NUL is a ValueError
        raise Unusable(f"its base interpreter {base.get('executable')} is gone") from None
    if (found["size"], found["mtime"]) != (base.get("size"), base.get("mtime")):
        raise Unusable(f"its base interpreter {base['executable']} was replaced")


def share_lease(layout: Layout, receipt: Receipt) -> Lease:
    """Take a shared lease on the receipt's generation.

    Raises:
        Unusable: it cannot be taken; the text says why.
    """
    try:
        lease = share(layout.lease(receipt.generation))
    except OSError as error:
        raise Unusable(f"its lease cannot be taken: {error.strerror}") from None
    if lease is None:
        raise Unusable("its generation is being collected")
    return lease


def _changed_local(receipt: Receipt) -> str | None:
    """A local file that changed; one that is gone cannot be asked any more and counts as unchanged."""
    for name, content in receipt.local.items():
        if os.path.exists(name) and content_of(name) != content:
            return f"{name} changed"
    return None

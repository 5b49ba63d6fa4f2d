"""Compile installed distributions for the cache of bytecode.

``python -I -S compile_bytecode.py CACHE SITE_PACKAGES JOBS PROCESSES [HOST]``, run by a base interpreter.  CACHE is the
directory of that interpreter's bytecode, JOBS a file with a line for each distribution: the hash of its wheel, a blank,
the name of its ``.dist-info``.  An entry of the cache is named by that hash and holds what belongs into
``site-packages``.  It is made beside its place, brought to the disk, and renamed: it is whole, or it is not there.

All bytecode is bound to its source by the source's hash, and Python compares them at each import (PEP 552, "checked
hash-based"): whatever happens to the source, bytecode of another one is never run.

With HOST, the number of a process, this program goes on by itself in the background, and ends with that process.
"""

from __future__ import annotations

import contextlib
import os
import sys

#: Seconds after which what nobody has used is deleted, and what was left half done.
_UNUSED = 90 * 86_400
_LEFT = 86_400
#: Directories that an application never imports from, and half of what large distributions bring.
_SKIPPED = "tests"
_NICE = 19
#: The flags of PEP 552 for bytecode that is compared with its source's hash at each import.
_CHECKED = b"\3\0\0\0"


def compile_all(cache: str, site_packages: str, jobs: list[tuple[str, str]], processes: int, host: int) -> None:
    """Compile distributions into the cache.

    Args:
        cache: The directory for this interpreter; it exists.
        site_packages: Where the distributions are.
        jobs: For each the hash of its wheel and the name of its ``.dist-info``.
        processes: How many work at once; more than one where there is ``fork``.
        host: The process that this one ends with; 0: none.
    """
    # one after the other, each is kept as soon as it is done; all at once, the largest one is shared
    batches = [[job] for job in jobs] if processes == 1 else [jobs]
    for batch in batches:
        made = [(key, os.path.join(cache, ".%s.%d" % (key, os.getpid())), name) for key, name in batch]
        todo = [
            (os.path.join(site_packages, path), os.path.join(directory, _compiled(path)), path)
            for key, directory, name in made
            for path in _sources(site_packages, name)
        ]
        for _, directory, _ in made:
            os.mkdir(directory)
        _share(todo, processes, host)
        _sync(cache)
        for key, directory, _ in made:
            _put(directory, os.path.join(cache, key))


def _sources(site_packages: str, name: str) -> list[str]:
    """The sources of a distribution that are as its RECORD says."""
    import csv
    import hashlib
    from base64 import urlsafe_b64encode

    found = []
    with open(os.path.join(site_packages, name, "RECORD"), encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file) if len(row) > 1 and row[0].endswith(".py")]
    for path, wanted, *_ in rows:
        parts = path.replace("\\", "/").split("/")
        if os.path.isabs(path) or ".." in parts or _SKIPPED in parts or not wanted.startswith("sha256="):
            continue
        try:
            with open(os.path.join(site_packages, path), "rb") as source:
                digest = hashlib.sha256(source.read()).digest()
        except OSError:
            continue
        if urlsafe_b64encode(digest).rstrip(b"=").decode() == wanted[len("sha256=") :]:
            found.append(path)
    return found


def _compiled(path: str) -> str:
    directory, name = os.path.split(path)
    return os.path.join(directory, "__pycache__", "%s.%s.pyc" % (name[: -len(".py")], sys.implementation.cache_tag))


def _share(todo: list[tuple[str, str, str]], processes: int, host: int) -> None:
    """Compile in this process, or in so many: the k-th takes every k-th of them."""
    if processes == 1 or not hasattr(os, "fork"):
        _compile(todo, host)
        return
    todo.sort(key=lambda job: -os.path.getsize(job[0]))
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                _compile(todo[number::processes], host)
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    failed = [child for child in children if os.waitpid(child, 0)[1]]
    if failed:
        sys.exit("bytecode could not be written")


def _compile(todo: list[tuple[str, str, str]], host: int) -> None:
    import marshal
    from importlib.util import MAGIC_NUMBER, source_hash

    for path, target, name in todo:
        if host and not _is_there(host):
            os._exit(1)
        with open(path, "rb") as file:
            source = file.read()
        try:
            code = marshal.dumps(compile(source, name, "exec", dont_inherit=True, optimize=0))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue  # written for another Python, or a template: nobody imports it
        os.makedirs(os.path.dirname(target), exist_ok=True)
        # not by py_compile: on a full disk that leaves half a file and says nothing (measured with CPython 3.11)
        with open(target, "wb") as file:
            file.write(MAGIC_NUMBER + _CHECKED + source_hash(source) + code)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _sync(directory: str) -> None:
    """Bring it to the disk: after a power cut a name may be there without its content."""
    if sys.platform == "linux":
        import ctypes

        descriptor = os.open(directory, os.O_RDONLY)
        try:
            if ctypes.CDLL(None).syncfs(descriptor) != 0:
                sys.exit("the disk reported an error")
        finally:
            os.close(descriptor)
    elif hasattr(os, "sync"):
        os.sync()


def _put(made: str, entry: str) -> None:
    try:
        os.rename(made, entry)
    except OSError:  # another process was first
        _delete(made)


def _delete(path: str) -> None:
    import shutil

    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:  # jobs of a compiler that was killed
        with contextlib.suppress(OSError):
            os.unlink(path)


def _prune(cache: str, now: float) -> None:
    """Delete what nobody has used for long, and what was left half done."""
    with os.scandir(cache) as entries:
        for entry in entries:
            limit = _LEFT if entry.name.startswith(".") else _UNUSED
            if now - entry.stat(follow_symlinks=False).st_mtime > limit:
                _delete(entry.path)


def _leave() -> None:
    """Go on as a process of nobody's, at the lowest priority."""
    if os.fork():
        os._exit(0)
    os.setsid()
    os.nice(_NICE)


def _main(cache: str, site_packages: str, jobs: str, processes: str, host: str = "0") -> None:
    import time

    with open(jobs, encoding="utf-8") as file:
        todo = [(key, name) for key, _, name in (line.rstrip("\n").partition(" ") for line in file)]
    os.unlink(jobs)
    if int(host) and hasattr(os, "fork"):
        _leave()
    compile_all(cache, site_packages, todo, int(processes), int(host) if hasattr(os, "fork") else 0)
    _prune(cache, time.time())


if __name__ == "__main__":
    _main(*sys.argv[1:])

"""The files of the child program: their digest, and compiled copies of them.

``python -I program.py PREFIX TARGET [CACHE NAME]``, run by a new environment's interpreter, checks that the interpreter
is the one of PREFIX, and compiles the child program into a directory of TARGET that is named by the digest of the
sources.  A copy is run by whoever has sources with that very digest, so it cannot be stale, and none of its files is
looked at again.  Where CACHE has a copy called NAME for this interpreter, it is linked and nothing is compiled: that
takes 12 ms instead of 55 (measured).  TARGET's file ``tag`` says what the interpreter's bytecode is called.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType

#: What is run by itself, or by the host alone.
_OTHERS = frozenset({"__init__.py", "compile_bytecode.py", "detect_accelerator.py", "program.py", "run_pip.py"})
#: What every call needs: these come in one file, which is read five times as fast.
_ALWAYS = frozenset(
    {
        *("conversation.py", "decoder.py", "handles.py", "liveness.py", "logs.py", "names.py", "parcels.py"),
        *("pickling.py", "reader.py", "session.py", "source.py", "streams.py", "transport.py", "wire.py"),
    }
)
_DIRECTORY = os.path.dirname(os.path.abspath(__file__))
_POSTPONED = b"from __future__ import annotations\n"


def sources() -> dict[str, bytes]:
    """Return the sources of the child program, by the names of their files."""
    found = {}
    for name in sorted(os.listdir(_DIRECTORY)):
        if name.endswith(".py") and name not in _OTHERS:
            with open(os.path.join(_DIRECTORY, name), "rb") as file:
                found[name] = file.read()
    return found


def digest_of(files: dict[str, bytes]) -> str:
    """Return the digest of the sources."""
    import hashlib

    found = hashlib.sha256()
    for name, source in files.items():
        found.update(b"%s %d\n" % (name.encode(), len(source)))
        found.update(source)
    return found.hexdigest()[:32]


def name_in_cache() -> str:
    """Return what a compiled copy is called in a cache: its code also says where the sources are."""
    import zlib

    return "%s.%08x" % (digest_of(sources()), zlib.crc32(os.fsencode(_DIRECTORY)))


def compile_into(target: str) -> None:
    """Compile the child program into a new directory of *target*.

    Args:
        target: A directory; it is made.
    """
    import marshal
    from importlib.util import MAGIC_NUMBER, source_hash

    files = sources()
    directory = os.path.join(target, digest_of(files))
    os.makedirs(directory, exist_ok=True)
    always = {}
    for name, source in files.items():
        code = marshal.dumps(_compiled(os.path.join(_DIRECTORY, name), source))
        if name in _ALWAYS:
            always[name[: -len(".py")]] = code
        with open(os.path.join(directory, name + "c"), "wb") as file:
            file.write(MAGIC_NUMBER + b"\1\0\0\0" + source_hash(source) + code)  # PEP 552: by hash, not to be checked
    with open(os.path.join(directory, "always.bin"), "wb") as file:
        marshal.dump(always, file)


def _compiled(path: str, source: bytes) -> CodeType:
    """Compile a module; that annotations are postponed is said to the compiler, and not found out at each start."""
    import __future__

    source = source.replace(_POSTPONED, b"\n", 1)
    code: CodeType = compile(source, path, "exec", __future__.annotations.compiler_flag, dont_inherit=True)
    return code


def _link_from(kept: str, target: str) -> bool:
    """Link a copy from the cache; whether there was one."""
    try:
        names = os.listdir(kept)
        os.utime(kept)  # somebody uses it
        os.makedirs(target)
        for name in names:
            os.link(os.path.join(kept, name), os.path.join(target, name))
    except OSError:  # none there, or on another file system
        for name in os.listdir(target) if os.path.isdir(target) else ():
            os.unlink(os.path.join(target, name))
        return False
    return True


def _main(prefix: str, target: str, cache: str = "", name: str = "") -> None:
    if not os.path.samefile(sys.prefix, prefix):
        sys.exit("sys.prefix is " + sys.prefix)
    from _frozen_importlib_external import MAGIC_NUMBER

    tag = "%s-%s" % (sys.implementation.cache_tag, MAGIC_NUMBER.hex())
    if not (cache and _link_from(os.path.join(cache, tag, name), os.path.join(target, name.partition(".")[0]))):
        compile_into(target)
    with open(os.path.join(target, "tag"), "w", encoding="ascii") as file:
        file.write(tag)


if __name__ == "__main__":
    _main(*sys.argv[1:])

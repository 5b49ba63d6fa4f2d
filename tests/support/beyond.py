"""What is installed in the environment that the tests of calls call into.  CPython 3.8; the host does not import it."""

import contextlib
import ctypes
import faulthandler
import logging
import os
import signal
import subprocess
import sys
import threading
import time


def echo(*args, **kwargs):
    return kwargs or (args[0] if len(args) == 1 else args)


def count(number):
    yield from range(number)


def tick(seconds, number):
    for item in range(number):
        time.sleep(seconds)
        yield item


def count_then_fail(number):
    yield from range(number)
    raise ValueError(f"after {number}")


async def later(value):
    return value


async def alater(number):
    for item in range(number):
        yield item


class BrokenError(Exception):
    """Its class is here alone."""

    def __init__(self, code, place):
        super().__init__(f"broken at {place}")
        self.code = code


class LockedError(Exception):
    """It cannot be pickled."""

    def __init__(self):
        super().__init__("locked")
        self.lock = threading.Lock()


def fail(kind, *args):
    raise {
        "broken": BrokenError,
        "locked": LockedError,
        "value": ValueError,
        "exit": SystemExit,
        "interrupt": KeyboardInterrupt,
    }[kind](*args)


def fail_from(text):
    try:
        int(text)
    except ValueError as error:
        raise LookupError("no such thing") from error


def end(how):
    """End the process, in one of many ways."""
    faulthandler.disable() if how == "quiet segfault" else None
    if how.endswith("segfault"):
        ctypes.string_at(0)
    elif how == "abort":
        os.abort()
    elif how == "exit":
        os._exit(3)
    elif how == "exit 0":
        os._exit(0)
    else:
        os.kill(os.getpid(), getattr(signal, how))
    time.sleep(10)


class EndsWhenPickled:
    def __init__(self, how):
        self.how = how

    def __reduce__(self):
        end(self.how)


class EndsWhenDropped:
    def __init__(self, how):
        self.how = how

    def __del__(self):
        end(self.how)


def end_later(how, where):
    return {"pickling the result": EndsWhenPickled, "in a destructor": EndsWhenDropped}[where](how)


def fork_a_daemon_and_end(how):
    """A child that keeps every descriptor of ours open and outlives us."""
    if os.fork() == 0:
        os.setsid()
        time.sleep(20)
        os._exit(0)
    end(how)


def start_a_grandchild():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]).pid


def write(lines, stream="stdout"):
    for number in range(lines):
        print("line", number, file=getattr(sys, stream))
    return lines


def write_everywhere():
    print("by print")
    sys.stderr.write("by sys.stderr\n")
    os.write(1, b"by descriptor 1\n")
    ctypes.CDLL(None).puts(b"by puts")
    ctypes.CDLL(None).fflush(None)
    subprocess.run([sys.executable, "-c", "print('by a child')"], check=True)
    return sys.stdin.read()


def log(number):
    logger = logging.getLogger("beyond.logger")
    for item in range(number):
        logger.info("record %d", item)
    try:
        int("x")
    except ValueError:
        logger.exception("with a traceback")


def swallow(seconds):
    """Take no notice of an interrupt."""
    end_at = time.monotonic() + seconds
    while time.monotonic() < end_at:
        with contextlib.suppress(BaseException):
            time.sleep(0.05)


def hold_the_gil(seconds):
    ctypes.PyDLL(None).sleep(int(seconds))


def apply(function, *args):
    return function(*args)


def apply_in_a_thread(function, *args):
    found = []
    thread = threading.Thread(target=lambda: found.append(function(*args)))
    thread.start()
    thread.join()
    return found[0]


def descend(function, depth):
    return depth if depth == 0 else function(depth - 1)


class Model:
    made = 0

    def __init__(self, name="base"):
        Model.made += 1
        self.name = name
        self.seen = []

    def __del__(self):
        Model.made -= 1

    def __len__(self):
        return len(self.seen)

    def __getitem__(self, number):
        return self.seen[number]

    def take(self, item):
        self.seen.append(item)
        return self.name

    def items(self):
        yield from self.seen


def alive():
    return Model.made


def environment():
    return dict(os.environ)


def settled(name, value):
    os.environ[name] = value
    return value


def variable(name):
    return os.environ.get(name)


def unpicklable():
    return {"good": 1, "bad": [threading.Lock()]}


def host_pid():
    return os.getppid()

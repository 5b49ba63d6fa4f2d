"""The other side of a call in a process of its own, without the wire: ``python -I far_side.py CHILD CLOUDPICKLE``.

Answers each request from stdin on stdout.  Runs under every Python that an environment can have.
"""

import sys


def _load_package(directory):
    package = type(sys)("isolated_environment_child")
    package.__path__ = [directory]
    sys.modules[package.__name__] = package


def _answer(pickling, source, request):
    try:
        kind, target, arguments = pickling.loads(request)
        function = source.resolve(kind, target, pickling.loads)
        args, kwargs = pickling.loads(arguments)
    except pickling.Unpicklable as error:
        return "cannot load", error.unpicklable
    except Exception as error:  # noqa: BLE001
        return "cannot resolve", f"{type(error).__name__}: {error}"
    try:
        return "returned", function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001
        import traceback

        return "raised", f"{type(error).__name__}: {error}", traceback.format_exc()


def main():
    sys.dont_write_bytecode = True
    _load_package(sys.argv[1])
    from isolated_environment_child import pickling, source

    pickling.configure(sys.argv[2] or None)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr
    while True:
        length = int.from_bytes(requests.read(8), "little")
        if not length:
            return
        answer = _answer(pickling, source, requests.read(length))
        try:
            told = pickling.dumps(answer, 5)
        except pickling.Unpicklable as error:
            told = pickling.dumps(("cannot dump", error.unpicklable), 5)
        answers.write(len(told).to_bytes(8, "little") + told)
        answers.flush()


if __name__ == "__main__":
    main()

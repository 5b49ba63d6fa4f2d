"""Programs that run inside the private interpreter: by path, with ``python -I``, CPython 3.8 and later.

Standard library only, and nothing of this package but siblings, by ``from . import NAME``: over there the package is
made by path and has another name.
"""

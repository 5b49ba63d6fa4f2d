#!/bin/sh
# Judge the code, change nothing.  With --fix, ruff may write.
set -eu
cd "$(dirname -- "$0")"
PATH="$PWD/.venv/bin:$PATH"

if [ "${1:-}" = --fix ]; then
    ruff format .
    ruff check --fix .
fi
ruff format --check .
ruff check .
flake8 isolated_environment tests benchmarks examples
mypy
lint-imports

"""``transcriber FILE...``: the text of each recording, on stdout."""

from __future__ import annotations

import argparse
import sys

from isolated_environment import errors

from .runtime import whisper


def main() -> int:
    """The command: one warm worker loads the model once, for all files."""
    parser = argparse.ArgumentParser(prog="transcriber", description="Transcribe recordings.")
    parser.add_argument("files", metavar="FILE", nargs="+")
    parser.add_argument("--model", default="tiny", help="of Whisper; tiny by default")
    arguments = parser.parse_args()
    try:
        with whisper.worker() as worker:
            model = worker.new("whisper:load_model", arguments.model)  # stays there
            for name in arguments.files:
                print(model.transcribe(name)["text"].strip())
    except (errors.IsolatedEnvironmentError, OSError) as error:
        sys.stderr.write(f"transcriber: {error}\n")
        return 1
    return 0

"""``thumbnails SHEET IMAGE...``: one picture with a thumbnail of each image."""

from __future__ import annotations

import argparse
import sys

from isolated_environment import errors

from .runtime import imaging, place, save

SIDE, COLUMNS = 128, 4


def main() -> int:
    """The command: four workers write into one array, and no pixel crosses to this process and back."""
    parser = argparse.ArgumentParser(prog="thumbnails", description="Make a contact sheet.")
    parser.add_argument("sheet", metavar="SHEET")
    parser.add_argument("images", metavar="IMAGE", nargs="+")
    arguments = parser.parse_args()
    rows = -(-len(arguments.images) // COLUMNS)
    try:
        sheet = imaging.empty((rows * SIDE, COLUMNS * SIDE, 3), "uint8")
        with imaging.workers(4, preload=["numpy", "PIL.Image"]) as workers:
            calls = []
            for number, name in enumerate(arguments.images):
                row, column = divmod(number, COLUMNS)
                calls.append(workers.submit(place, sheet, row * SIDE, column * SIDE, SIDE, name))
            sizes = [call.result() for call in calls]
            workers.submit(save, sheet, arguments.sheet).result()
    except (errors.IsolatedEnvironmentError, OSError) as error:
        sys.stderr.write(f"thumbnails: {error}\n")
        return 1
    print(f"{len(sizes)} thumbnail(s) in {arguments.sheet}")
    return 0

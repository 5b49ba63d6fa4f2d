"""The environment, and what runs in it: neither Pillow nor NumPy is where the application is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from isolated_environment import IsolatedEnvironment

imaging = IsolatedEnvironment(Path(__file__).parent / "imaging_env", ["pillow>=11", "numpy>=2"])


def place(sheet: Any, top: int, left: int, side: int, name: str) -> tuple[int, int]:
    """Run in a worker: put the thumbnail of an image into the sheet; return its height and width."""
    import numpy as np
    from PIL import Image

    with Image.open(name) as image:
        image.thumbnail((side, side))
        pixels = np.asarray(image.convert("RGB"))
    height, width, _ = pixels.shape
    sheet[top : top + height, left : left + width] = pixels
    return height, width


def save(sheet: Any, name: str) -> None:
    """Run in a worker: write the sheet as an image."""
    import numpy as np
    from PIL import Image

    Image.fromarray(np.asarray(sheet)).save(name)

"""Images as a page carries them: inside itself."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LARGEST_SIDE = 96  # pixels; what is larger is reduced, so that a page of pictures stays small


def picture(image: NDArray[np.uint8]) -> str:
    """A `data:` URI of a PNG of an image [H, W, C], C = 1 or 3."""
    drawn = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    drawn.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    buffer = io.BytesIO()
    drawn.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()

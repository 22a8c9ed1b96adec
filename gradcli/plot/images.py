"""The colours of an image, as many rows and columns as a picture has room for."""

from __future__ import annotations

import math

import numpy as np

from ..tensor.runtime import runtime
from .artists import Image
from .numbers import Array
from .styles import mapped

NO_NUMBER = "#888888"  # the colour of what is not finite


def image_colours(image: Image, rows: int, columns: int) -> list[list[str]]:
    """The nearest cells of an image for each of `rows` times `columns` places, as colours."""
    share = image.share()
    if not share.size:
        return [[NO_NUMBER] * columns for _ in range(rows)]
    high, wide = share.shape[:2]
    runtime.spend(rows * columns)
    runtime.reserve(120 * rows * columns)
    share = _smaller(share, max(high // rows, 1), max(wide // columns, 1))
    high, wide = share.shape[:2]
    share = share[(np.arange(rows) * high // rows)[:, None], np.arange(columns) * wide // columns]
    if share.ndim == 3:
        whole = np.rint(np.nan_to_num(share) * 255).astype(int)
        return [[f"#{r:02x}{g:02x}{b:02x}" for r, g, b in row] for row in whole.tolist()]
    return [
        [mapped(value, image.colours) if math.isfinite(value) else NO_NUMBER for value in row]
        for row in share.tolist()
    ]


def _smaller(share: Array, down: int, across: int) -> Array:
    """An image with the mean of `down` times `across` cells in place of each."""
    if down == across == 1:
        return share
    rows, columns = share.shape[0] // down * down, share.shape[1] // across * across
    cells = share[:rows, :columns]
    shape = (rows // down, down, columns // across, across, *share.shape[2:])
    return np.asarray(cells.reshape(shape).mean(axis=(1, 3)))

"""Plots of a number at every place of a grid: images and contours."""

from __future__ import annotations

from typing import Any

import numpy as np

from .artists import (
    Contours,
    Image,
)
from .line_plots import ends_of
from .numbers import Wrong, array, scalar, vector
from .styles import colour, colour_map
from .surroundings import Surroundings
from .ticks import ticks

MOST_LEVELS = 100  # of contours
MOST_CONTOURED = 150  # rows or columns of a grid


class FieldPlots(Surroundings):
    """Images, and lines of equal height."""

    def imshow(self, X: Any, cmap: Any = None, **kwargs: Any) -> Image:
        """Rows of numbers as colours, the first row on top unless `origin="lower"`."""
        values = array(X)
        if values.ndim == 3 and values.shape[2] == 1:
            values = values[:, :, 0]
        if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)):
            raise Wrong(TypeError(f"Invalid shape {values.shape} for image data"))
        rows, columns = values.shape[:2]
        if values.ndim == 3:
            values = values[:, :, :3]
            low, high = 0.0, 255.0 if values.size and np.nan_to_num(values).max() > 1 else 1.0
        else:
            low, high = ends_of(values, kwargs)
        is_lower = kwargs.get("origin") == "lower"
        if kwargs.get("extent") is not None:
            extent = vector(kwargs["extent"])
        else:
            ends = (-0.5, rows - 0.5) if is_lower else (rows - 0.5, -0.5)
            extent = np.array([-0.5, columns - 0.5, *ends])
        left, right, bottom, top = extent.tolist()
        if not any(isinstance(artist, Image) for artist in self.artists):
            self.y_scale.turned = bottom > top
            self.x_scale.turned = left > right
            self.x_scale.whole = self.y_scale.whole = kwargs.get("extent") is None
        self.equal = kwargs.get("aspect") != "auto"
        return self._add(
            Image(
                values[::-1] if is_lower else values,
                (left, right, bottom, top),
                low=low,
                high=high,
                colours=colour_map(cmap),
                alpha=kwargs.get("alpha"),
                zorder=kwargs.get("zorder"),
            )
        )

    def matshow(self, Z: Any, **kwargs: Any) -> Image:
        """A matrix as colours."""
        return self.imshow(Z, **kwargs)

    def pcolormesh(self, *args: Any, **kwargs: Any) -> Image:
        """A grid of numbers as colours."""
        values = array(args[-1])
        if values.ndim != 2:
            raise Wrong(TypeError(f"Invalid shape {values.shape} for image data"))
        extent = [0.0, float(values.shape[1]), 0.0, float(values.shape[0])]
        if len(args) == 3:
            x, y = array(args[0]), array(args[1])
            extent = [float(x.min()), float(x.max()), float(y.min()), float(y.max())]
        own = {name: kwargs[name] for name in ("vmin", "vmax", "alpha") if name in kwargs}
        made = self.imshow(values[::-1], kwargs.get("cmap"), extent=extent, **own)
        self.equal = False
        return made

    pcolor = pcolormesh

    def contour(self, *args: Any, **kwargs: Any) -> Contours:
        """Lines of equal height: `contour(z)`, `contour(x, y, z)`, with levels behind."""
        return self._contours(args, kwargs, filled=False)

    def contourf(self, *args: Any, **kwargs: Any) -> Contours:
        """Bands between lines of equal height."""
        return self._contours(args, kwargs, filled=True)

    def _contours(self, args: tuple[Any, ...], options: dict[str, Any], filled: bool) -> Contours:
        given: Any = options.get("levels")
        if len(args) in (2, 4):
            given = args[-1]
            args = args[:-1]
        heights = array(args[-1])
        if heights.ndim != 2:
            raise Wrong(TypeError(f"Input z must be 2D, not {heights.ndim}D"))
        if min(heights.shape) < 2:
            raise Wrong(
                TypeError(
                    f"Input z must be at least a (2, 2) shaped array, but has shape {heights.shape}"
                )
            )
        if len(args) == 3:
            x, y = array(args[0]), array(args[1])
            x, y = (x[0] if x.ndim == 2 else x), (y[:, 0] if y.ndim == 2 else y)
            if (y.size, x.size) != heights.shape:
                raise Wrong(
                    TypeError(
                        f"Length of x ({x.size}) must match number of columns in z "
                        f"({heights.shape[1]})"
                    )
                )
        else:
            x, y = (np.arange(n, dtype=np.float64) for n in heights.shape[::-1])
        order, rows = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
        x, y, heights = x[order], y[rows], heights[rows][:, order]
        coarse = max(-(-max(heights.shape) // MOST_CONTOURED), 1)
        x, y, heights = x[::coarse], y[::coarse], heights[::coarse, ::coarse]
        low, high = ends_of(heights, {})
        given = None if given is None else array(given)
        if given is None or given.ndim == 0:
            count = 7 if given is None else int(min(max(scalar(given), 1), MOST_LEVELS))
            levels = np.array(_levels(low, high, count + 1))
        else:
            levels = np.sort(given.reshape(-1))[:MOST_LEVELS]
        only = options.get("colors")
        if isinstance(only, list | tuple) and only:
            only = only[0]
        return self._add(
            Contours(
                x,
                y,
                heights,
                levels,
                colour_map(options.get("cmap")),
                filled=filled,
                line_colour=colour(only, "#000000") if only is not None else None,
                alpha=options.get("alpha"),
            )
        )


def _levels(low: float, high: float, count: int) -> list[float]:
    """Round heights that reach around all of the data."""
    found = ticks(low, high, count)
    if len(found) < 2:
        return found
    step = found[1] - found[0]
    first = [found[0] - step] if found[0] > low else []
    return [*first, *found, *([found[-1] + step] if found[-1] < high else [])]

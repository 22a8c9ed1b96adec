"""Shapes that programs make and add to axes, as in `matplotlib.patches` and `matplotlib.lines`."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import artists
from .numbers import number, scalar, vector
from .styles import CYCLE, colour, line_style
from .words import words


def Rectangle(xy: Any, width: Any, height: Any, **kwargs: Any) -> artists.Polygon:
    """A rectangle from its lower left corner."""
    x, y = vector(xy).tolist()
    w, h = scalar(width), scalar(height)
    corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
    return _polygon(corners, kwargs)


def Circle(xy: Any, radius: Any = 5, **kwargs: Any) -> artists.Polygon:
    """A circle around a point."""
    return _ellipse(xy, radius, radius, kwargs)


def Ellipse(xy: Any, width: Any, height: Any, **kwargs: Any) -> artists.Polygon:
    """An ellipse around a point."""
    return _ellipse(xy, scalar(width) / 2, scalar(height) / 2, kwargs)


def Polygon(xy: Any, *args: Any, **kwargs: Any) -> artists.Polygon:
    """A polygon through points."""
    return _polygon(vector(xy).reshape(-1, 2), kwargs)


def Patch(**kwargs: Any) -> artists.Polygon:
    """A colour for a legend."""
    return _polygon(np.zeros((0, 2)), kwargs)


def Line2D(xdata: Any, ydata: Any, **kwargs: Any) -> artists.Line:
    """A line for `add_line` or a legend."""
    return artists.Line(
        vector(xdata),
        vector(ydata),
        colour(kwargs.get("color", kwargs.get("c")), CYCLE[0]),
        style=line_style(kwargs.get("linestyle", kwargs.get("ls", "-"))),
        marker=words(kwargs.get("marker") or ""),
        width=number(kwargs.get("linewidth", kwargs.get("lw")), 1.5),
        label=kwargs.get("label"),
        alpha=kwargs.get("alpha"),
    )


def _ellipse(xy: Any, across: Any, up: Any, options: dict[str, Any]) -> artists.Polygon:
    turn = np.linspace(0.0, 2 * np.pi, 61)
    round_it = np.stack([np.cos(turn) * scalar(across), np.sin(turn) * scalar(up)], 1)
    return _polygon(vector(xy) + round_it, options)


def _polygon(points: np.ndarray[Any, Any], options: dict[str, Any]) -> artists.Polygon:
    filled = options.get("fill", options.get("facecolor", options.get("fc")) not in ("none",))
    given = options.get("color", options.get("facecolor", options.get("fc")))
    if not filled:
        given = options.get("edgecolor", options.get("ec", options.get("color")))
    return artists.Polygon(
        points[:, 0],
        points[:, 1],
        colour(given, CYCLE[0]),
        filled=bool(filled),
        width=number(options.get("linewidth", options.get("lw")), 1.5),
        label=options.get("label"),
        alpha=options.get("alpha"),
    )

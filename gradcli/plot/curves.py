"""Curves through points in one figure: what `%plot` shows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .artists import Line, Rule
from .axes import Axes
from .figure import Figure
from .numbers import vector
from .styles import CYCLE


class Curve:
    """A curve through points; `name` is for the legend. Points that are not finite are gaps."""

    __slots__ = ("name", "x", "y")

    def __init__(self, name: str, x: Sequence[float], y: Sequence[float]) -> None:
        self.name = name
        self.x = x
        self.y = y


def curves_figure(curves: Sequence[Curve], *, poles: bool = False) -> Figure | None:
    """The curves in one figure with axes and a legend, the first on top; None: nothing is finite.

    With `poles` the few values near a pole are left out, which would flatten all others.
    """
    finite = [y for curve in curves for y in curve.y if math.isfinite(y)]
    if not finite:
        return None
    low, high = _limits(finite, poles)
    figure = Figure(1, None, lambda name: None)
    axes: Axes = figure.gca()
    axes.set_ylim(low, high)
    axes.set_xlim(min(curve.x[0] for curve in curves), max(curve.x[-1] for curve in curves))
    axes.legend()
    if low < 0 < high:
        axes.add_line(Rule(0.0, 0.0, "#808080", upright=False, style=":", zorder=0.0))
    for turn, curve in enumerate(curves):
        y = vector([y if low <= y <= high else math.nan for y in curve.y])
        shade = CYCLE[turn % len(CYCLE)]
        axes.add_line(Line(vector(curve.x), y, shade, label=curve.name, zorder=2.0 - turn / 100))
    return figure


def _limits(values: Sequence[float], poles: bool) -> tuple[float, float]:
    """The range to draw."""
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    inner_low, inner_high = ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
    spread = inner_high - inner_low
    if poles and spread > 0 and high - low > 20 * spread:
        low, high = max(low, inner_low - spread), min(high, inner_high + spread)
    if low == high:
        pad = abs(low) / 2 or 1.0
        return low - pad, high + pad
    return low, high

"""Axes: what a program draws into them, and how far they reach.

The methods have matplotlib's names and take its arguments. What an argument asks for that a picture
of lines and colours does not show (a font, a margin) is taken and has no effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .artists import (
    Artist,
    Line,
    Text,
)
from .bar_plots import BarPlots
from .field_plots import FieldPlots
from .numbers import number, scalar, vector
from .styles import colour
from .words import words

AXES_SHARES = "axes"  # what stands for `ax.transAxes`: places are shares of the axes


class Axes(BarPlots, FieldPlots):
    """One pair of axes of a figure."""

    def text(self, x: Any, y: Any, s: Any, *args: Any, **kwargs: Any) -> Text:
        """A text at a point."""
        x, y = scalar(x), scalar(y)
        return self._add(
            Text(x, y, s, relative=kwargs.get("transform") == AXES_SHARES, **_looks(kwargs))
        )

    def annotate(self, text: Any, xy: Any, xytext: Any = None, *args: Any, **kwargs: Any) -> Text:
        """A text at a point, or beside it with an arrow to it."""
        x, y = vector(xy).tolist()
        looks = _looks(kwargs)
        if xytext is None:
            return self._add(Text(x, y, text, **looks))
        at_x, at_y = vector(xytext).tolist()
        if str(kwargs.get("textcoords")).startswith("offset"):
            return self._add(Text(x, y, text, offset=(at_x, at_y), **looks))
        if kwargs.get("textcoords", kwargs.get("xycoords")) == "axes fraction":
            return self._add(Text(at_x, at_y, text, relative=True, **looks))
        tip = (x, y) if kwargs.get("arrowprops") is not None else None
        return self._add(Text(at_x, at_y, text, tip=tip, **looks))

    def arrow(self, x: Any, y: Any, dx: Any, dy: Any, **kwargs: Any) -> Text:
        """An arrow."""
        x, y = scalar(x), scalar(y)
        given = kwargs.get("color", kwargs.get("fc", kwargs.get("facecolor")))
        tip = (x + scalar(dx), y + scalar(dy))
        return self._add(Text(x, y, "", colour=self._colour(given, "patch"), tip=tip))

    def add_patch(self, patch: Any) -> Any:
        """A rectangle, a circle or a polygon made by `plt.Rectangle` and its like."""
        return self._add(patch) if isinstance(patch, Artist) else patch

    @property
    def lines(self) -> list[Line]:
        """The lines that were drawn."""
        return [artist for artist in self.artists if isinstance(artist, Line)]

    add_artist = add_line = add_patch

    def set(self, **kwargs: Any) -> None:
        """Several of the `set_…` at once."""
        for name, value in kwargs.items():
            setter: Callable[..., Any] | None = SETTERS.get(name)
            if setter is not None:
                wide = name in ("xlim", "ylim") and isinstance(value, list | tuple)
                setter(self, *value) if wide else setter(self, value)

    def twinx(self) -> Axes:
        """Axes over these, with a y of their own."""
        over: Axes = self.figure.over(self)
        return over


SETTERS: dict[str, Callable[..., Any]] = {
    name.removeprefix("set_"): method
    for base in Axes.__mro__
    for name, method in vars(base).items()
    if name.startswith("set_")
}


def _looks(options: dict[str, Any]) -> dict[str, Any]:
    """How a text looks: its colour, and which of its points is at its place."""
    across = options.get("horizontalalignment", options.get("ha", "left"))
    up = options.get("verticalalignment", options.get("va", "baseline"))
    size = options.get("fontsize", options.get("size"))
    return {
        "colour": colour(options.get("color", options.get("c")), ""),
        "anchor": {"center": "middle", "right": "end"}.get(words(across), "start"),
        "rise": words(up),
        "size": number(None if isinstance(size, str) else size, 10.0),
        "alpha": options.get("alpha"),
    }

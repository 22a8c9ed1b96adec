"""`matplotlib.pyplot`: the figures of one program, and the one that is drawn into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .artists import Polygon
from .axes import Axes
from .figure import Figure
from .numbers import scalar, vector
from .styles import colour

MOST_FIGURES = 1000


class Pyplot:
    """The state behind the functions of the module.

    `show_figure` is what draws a figure when the program asks for it: None where nobody looks.
    """

    def __init__(self, show_figure: Callable[[Figure], None] | None = None) -> None:
        self.figures: dict[int, Figure] = {}
        self.current: Figure | None = None
        self.show_figure = show_figure
        self.unshown = 0  # figures that were to be seen, and were not
        self.left_out: set[str] = set()  # what programs asked for and no picture shows

    # Figures

    def figure(self, num: Any = None, figsize: Any = None, **kwargs: Any) -> Figure:
        """A new figure, or an older one by its number."""
        if isinstance(num, int) and num in self.figures:
            self.current = self.figures[num]
            return self.current
        if len(self.figures) >= MOST_FIGURES:
            raise ValueError(f"a program has {MOST_FIGURES} open figures at most: plt.close()")
        number = num if isinstance(num, int) else max(self.figures, default=0) + 1
        runtime.spend(1)
        self.current = self.figures[number] = Figure(number, figsize)
        return self.current

    def gcf(self) -> Figure:
        """The figure that is drawn into."""
        return self.current if self.current is not None else self.figure()

    def gca(self) -> Axes:
        """The axes that are drawn into."""
        return self.gcf().gca()

    def sca(self, ax: Axes) -> None:
        """Draw into other axes from now on."""
        self.current = ax.figure
        ax.figure.current = ax

    def subplot(self, *args: Any, **kwargs: Any) -> Axes:
        """The axes at a place of a grid, made if there are none."""
        return self.gcf().add_subplot(*args, **kwargs)

    def subplots(
        self, nrows: Any = 1, ncols: Any = 1, *, figsize: Any = None, **kwargs: Any
    ) -> tuple[Figure, Any]:
        """A new figure with a grid of axes."""
        figure = self.figure(None, figsize)
        return figure, figure.subplots(nrows, ncols, squeeze=kwargs.get("squeeze", True))

    def axes(self, *args: Any, **kwargs: Any) -> Axes:
        """New axes over the whole figure."""
        return self.gcf().add_axes()

    def subplot2grid(self, shape: Any, loc: Any, rowspan: int = 1, colspan: int = 1) -> Axes:
        """Axes that may take several cells."""
        rows, columns = int(shape[0]), int(shape[1])
        first = int(loc[0]) * columns + int(loc[1]) + 1
        return self.gcf().add_subplot(
            rows, columns, (first, first + (rowspan - 1) * columns + colspan - 1)
        )

    def show(self, *args: Any, **kwargs: Any) -> None:
        """Show all figures; they are done with then."""
        for figure in list(self.figures.values()):
            self._show(figure)
        self.close("all")

    def _show(self, figure: Figure) -> None:
        if figure.is_empty:
            return
        if self.show_figure is None:
            self.unshown += 1
        else:
            self.show_figure(figure)

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Show the figure; the name belongs to a disk that programs do not have."""
        self._show(self.gcf())

    def close(self, fig: Any = None) -> None:
        """Forget a figure, or all of them."""
        if fig == "all":
            self.figures.clear()
            self.current = None
            return
        wanted: Any = self.current if fig is None else fig
        number = wanted.number if isinstance(wanted, Figure) else wanted
        self.figures.pop(number, None)
        if self.current is not None and self.current.number == number:
            self.current = next(reversed(self.figures.values()), None)

    def clf(self) -> None:
        """Take everything out of the figure."""
        self.gcf().clf()

    def cla(self) -> None:
        """Take everything out of the axes."""
        self.gca().cla()

    def pause(self, interval: Any) -> None:
        """Go on: there is no window to wait for."""
        scalar(interval)

    def end(self) -> None:
        """Show what the program left open, since a script's figures are its results."""
        for figure in list(self.figures.values()):
            self._show(figure)
        self.close("all")

    def get_fignums(self) -> list[int]:
        """The numbers of the figures."""
        return sorted(self.figures)

    # What is around the axes

    def title(self, label: Any, *args: Any, **kwargs: Any) -> None:
        """The words above the axes."""
        self.gca().set_title(label)

    def suptitle(self, t: Any, **kwargs: Any) -> None:
        """The words above the figure."""
        self.gcf().suptitle(t)

    def xlabel(self, xlabel: Any, *args: Any, **kwargs: Any) -> None:
        """The words below."""
        self.gca().set_xlabel(xlabel)

    def ylabel(self, ylabel: Any, *args: Any, **kwargs: Any) -> None:
        """The words beside."""
        self.gca().set_ylabel(ylabel)

    def xlim(self, *args: Any, **kwargs: Any) -> tuple[float, float]:
        """How far x reaches."""
        return self.gca().set_xlim(*args, **kwargs)

    def ylim(self, *args: Any, **kwargs: Any) -> tuple[float, float]:
        """How far y reaches."""
        return self.gca().set_ylim(*args, **kwargs)

    def xscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self.gca().set_xscale(value)

    def yscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self.gca().set_yscale(value)

    def xticks(self, ticks: Any = None, labels: Any = None, **kwargs: Any) -> None:
        """The ticks below, with their texts."""
        if ticks is not None:
            self.gca().set_xticks(ticks, labels)

    def yticks(self, ticks: Any = None, labels: Any = None, **kwargs: Any) -> None:
        """The ticks beside, with their texts."""
        if ticks is not None:
            self.gca().set_yticks(ticks, labels)

    def colorbar(self, mappable: Any = None, *args: Any, **kwargs: Any) -> None:
        """The numbers of the colours of the last image."""
        if mappable is None:
            shown = [a for a in self.gca().artists if hasattr(a, "colours")]
            mappable = shown[-1] if shown else None
        self.gcf().colorbar(mappable)

    # Shapes for `add_patch`

    def Rectangle(self, xy: Any, width: Any, height: Any, **kwargs: Any) -> Polygon:
        """A rectangle from its lower left corner."""
        x, y, w, h = scalar(xy[0]), scalar(xy[1]), scalar(width), scalar(height)
        corners = np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])
        return _polygon(corners, kwargs)

    def Circle(self, xy: Any, radius: Any = 5, **kwargs: Any) -> Polygon:
        """A circle around a point."""
        turn = np.linspace(0.0, 2 * np.pi, 61)
        centre, size = vector(xy), scalar(radius)
        points = centre + size * np.stack([np.cos(turn), np.sin(turn)], 1)
        return _polygon(points, kwargs)

    def Polygon(self, xy: Any, *args: Any, **kwargs: Any) -> Polygon:
        """A polygon through points."""
        return _polygon(vector(xy).reshape(-1, 2), kwargs)


def _polygon(points: np.ndarray[Any, Any], options: dict[str, Any]) -> Polygon:
    filled = options.get("fill", options.get("facecolor", options.get("fc")) not in ("none",))
    given = options.get("color", options.get("facecolor", options.get("fc")))
    if not filled:
        given = options.get("edgecolor", options.get("ec", options.get("color")))
    return Polygon(
        points[:, 0],
        points[:, 1],
        colour(given, "#1f77b4"),
        filled=bool(filled),
        label=options.get("label"),
        alpha=options.get("alpha"),
    )


# The functions of the module that draw into the axes at hand.
OF_AXES = (
    "annotate",
    "arrow",
    "axhline",
    "axhspan",
    "axis",
    "axvline",
    "axvspan",
    "bar",
    "barh",
    "contour",
    "contourf",
    "errorbar",
    "fill",
    "fill_between",
    "grid",
    "hist",
    "hlines",
    "imshow",
    "legend",
    "loglog",
    "matshow",
    "pcolor",
    "pcolormesh",
    "plot",
    "scatter",
    "semilogx",
    "semilogy",
    "stackplot",
    "stem",
    "step",
    "text",
    "twinx",
    "vlines",
)

# What concerns windows and looks: taken, and without an effect on a picture.
WITHOUT_EFFECT = (
    "autoscale",
    "draw",
    "figtext",
    "get_cmap",
    "ioff",
    "ion",
    "isinteractive",
    "margins",
    "minorticks_on",
    "rc",
    "rcdefaults",
    "set_cmap",
    "setp",
    "subplots_adjust",
    "switch_backend",
    "tick_params",
    "tight_layout",
    "waitforbuttonpress",
)

"""`matplotlib.pyplot`: the figures of one program, and the one that is drawn into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor.runtime import runtime
from .axes import Axes
from .figure import Figure
from .left_out import LEFT_OUT, Notes
from .numbers import Wrong, scalar, vector

MOST_FIGURES = 1000


class Pyplot:
    """The state behind the functions of the module.

    `show_figure` draws a figure when the program asks for it, and says whether it did: None where
    nobody looks.
    """

    def __init__(self, show_figure: Callable[[Figure], bool] | None = None) -> None:
        self.figures: dict[int, Figure] = {}
        self.current: Figure | None = None
        self.show_figure = show_figure
        self.interactive = False  # show() does not wait, so a picture is still being made
        self.unshown = 0  # figures that were to be seen, and were not
        self.notes = Notes()

    # Figures

    def figure(self, num: Any = None, figsize: Any = None, **kwargs: Any) -> Figure:
        """A new figure, or an older one by its number."""
        if isinstance(num, Figure):
            self.current = num
            return num
        if isinstance(num, int) and num in self.figures:
            self.current = self.figures[num]
            return self.current
        if len(self.figures) >= MOST_FIGURES:
            raise Wrong(
                ValueError(f"a program has {MOST_FIGURES} open figures at most: plt.close()")
            )
        key = num if isinstance(num, int) else max(self.figures, default=0) + 1
        runtime.spend(1)
        self.current = self.figures[key] = Figure(key, figsize, self.notes.add)
        return self.current

    def gcf(self) -> Figure:
        """The figure that is drawn into."""
        return self.current if self.current is not None else self.figure()

    def gca(self, **kwargs: Any) -> Any:
        """The axes that are drawn into."""
        return self.gcf().gca(**kwargs)

    def sca(self, ax: Any) -> None:
        """Draw into other axes from now on."""
        if isinstance(ax, Axes):
            self.current = ax.figure
            ax.figure.current = ax

    def subplot(self, *args: Any, **kwargs: Any) -> Any:
        """The axes at a place of a grid, made if there are none."""
        return self.gcf().add_subplot(*args, **kwargs)

    def subplots(
        self, nrows: Any = 1, ncols: Any = 1, *, figsize: Any = None, **kwargs: Any
    ) -> tuple[Figure, Any]:
        """A new figure with a grid of axes."""
        figure = self.figure(None, figsize)
        return figure, figure.subplots(nrows, ncols, **kwargs)

    def axes(self, *args: Any, **kwargs: Any) -> Any:
        """New axes over the whole figure."""
        return self.gcf().add_axes(**kwargs)

    def subplot2grid(
        self, shape: Any, loc: Any, rowspan: Any = 1, colspan: Any = 1, **kwargs: Any
    ) -> Any:
        """Axes that may take several cells."""
        rows, columns = map(int, vector(shape).tolist())
        first = int(loc[0]) * columns + int(loc[1]) + 1
        return self.gcf().add_subplot(
            rows, columns, (first, first + (int(rowspan) - 1) * columns + int(colspan) - 1)
        )

    def show(self, *args: Any, **kwargs: Any) -> None:
        """Show all figures; they are done with then, unless the program goes on drawing."""
        block = kwargs.get("block", args[0] if args else None)
        if block is False or (self.interactive and block is None):
            return
        self.end()

    def show_one(self, figure: Figure) -> None:
        """Show a figure in which something is drawn."""
        if figure.is_empty():
            return
        try:
            if self.show_figure is not None and self.show_figure(figure):
                return
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            self.notes.add(f"a figure ({error})")
        if not figure.is_missed:
            figure.is_missed = True
            self.unshown += 1

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Show the figure; the name belongs to a disk that programs do not have."""
        self.show_one(self.gcf())

    def draw(self) -> None:
        """Go on: there is no window to draw into."""

    def ion(self) -> Any:
        """Have `show` go on at once."""
        self.interactive = True
        return LEFT_OUT  # for `with plt.ion():`

    def ioff(self) -> Any:
        """Have `show` show."""
        self.interactive = False
        return LEFT_OUT

    def isinteractive(self) -> bool:
        """Whether `show` goes on at once."""
        return self.interactive

    def close(self, fig: Any = None) -> None:
        """Forget a figure, or all of them."""
        if fig == "all":
            self.figures.clear()
            self.current = None
            return
        wanted: Any = self.current if fig is None else fig
        key = wanted.number if isinstance(wanted, Figure) else wanted
        if isinstance(key, int):
            self.figures.pop(key, None)
        if self.current is not None and self.current.number == key:
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
            self.show_one(figure)
        self.close("all")

    def get_fignums(self) -> list[int]:
        """The numbers of the figures."""
        return sorted(self.figures)

    # What is around the axes

    def title(self, label: Any, *args: Any, **kwargs: Any) -> Any:
        """The words above the axes."""
        return self.gca().set_title(label)

    def suptitle(self, t: Any, **kwargs: Any) -> None:
        """The words above the figure."""
        self.gcf().suptitle(t)

    def xlabel(self, xlabel: Any, *args: Any, **kwargs: Any) -> Any:
        """The words below."""
        return self.gca().set_xlabel(xlabel)

    def ylabel(self, ylabel: Any, *args: Any, **kwargs: Any) -> Any:
        """The words beside."""
        return self.gca().set_ylabel(ylabel)

    def xlim(self, *args: Any, **kwargs: Any) -> Any:
        """How far x reaches."""
        return self.gca().set_xlim(*args, **kwargs)

    def ylim(self, *args: Any, **kwargs: Any) -> Any:
        """How far y reaches."""
        return self.gca().set_ylim(*args, **kwargs)

    def xscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self.gca().set_xscale(value)

    def yscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self.gca().set_yscale(value)

    def xticks(self, ticks: Any = None, labels: Any = None, **kwargs: Any) -> Any:
        """The ticks below, with their texts."""
        axes = self.gca()
        if ticks is not None:
            axes.set_xticks(ticks, labels)
        return axes.get_xticks(), axes.x_scale.tick_labels or []

    def yticks(self, ticks: Any = None, labels: Any = None, **kwargs: Any) -> Any:
        """The ticks beside, with their texts."""
        axes = self.gca()
        if ticks is not None:
            axes.set_yticks(ticks, labels)
        return axes.get_yticks(), axes.y_scale.tick_labels or []

    def colorbar(self, mappable: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The numbers of the colours of the last image."""
        shown = [a for a in self.gca().artists if getattr(a, "colours", None) is not None]
        if mappable is None and shown:
            mappable = shown[-1]
        return self.gcf().colorbar(mappable, **kwargs)

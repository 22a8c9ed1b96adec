"""Figures: axes in a grid."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..tensor.runtime import runtime
from .axes import Axes
from .numbers import vector

MOST_AXES = 400


class Figure:
    """Axes in a grid, under one title. `size` is in inches."""

    def __init__(self, number: int, size: Any = None) -> None:
        self.number = number
        width, height = (6.4, 4.8) if size is None else vector(size).tolist()
        self.size = (min(max(width, 1.0), 60.0), min(max(height, 1.0), 60.0))
        self.axes: list[Axes] = []
        self.current: Axes | None = None
        self.title = ""

    def add_subplot(self, *args: Any, **kwargs: Any) -> Axes:
        """The axes at a place of a grid: `(rows, columns, number)` or `231`."""
        place = _place(args)
        for axes in self.axes:
            if axes.place == place:
                self.current = axes
                return axes
        return self._new(place)

    def _new(self, place: tuple[int, int, int, int]) -> Axes:
        if len(self.axes) >= MOST_AXES:
            raise ValueError(f"a figure has {MOST_AXES} axes at most")
        runtime.spend(1)
        made = Axes(self, place)
        self.axes.append(made)
        self.current = made
        return made

    def add_axes(self, *args: Any, **kwargs: Any) -> Axes:
        """Axes over the whole figure."""
        return self.add_subplot(1, 1, 1)

    def over(self, axes: Axes) -> Axes:
        """Axes at the same place as others."""
        made = self._new(axes.place)
        made.x_scale = axes.x_scale
        return made

    def gca(self) -> Axes:
        """The axes that are drawn into now."""
        return self.current if self.current is not None else self.add_subplot(1, 1, 1)

    def subplots(self, nrows: Any = 1, ncols: Any = 1, squeeze: Any = True, **kwargs: Any) -> Any:
        """A grid of axes: one of them, a row of them, or rows of them."""
        rows, columns = int(nrows), int(ncols)
        if rows < 1 or columns < 1:
            raise ValueError(f"Number of rows must be a positive integer, not {nrows}")
        if rows * columns > MOST_AXES:
            raise ValueError(f"a figure has {MOST_AXES} axes at most")
        made = [self._new((rows, columns, at, at)) for at in range(1, rows * columns + 1)]
        self.current = made[-1]
        if squeeze and len(made) == 1:
            return made[0]
        if squeeze and (rows == 1 or columns == 1):
            return AxesGrid(made, (len(made),))
        return AxesGrid(made, (rows, columns))

    def suptitle(self, t: Any, **kwargs: Any) -> None:
        """The words above all axes."""
        self.title = str(t)

    def colorbar(self, mappable: Any = None, *args: Any, **kwargs: Any) -> None:
        """The numbers of the colours of an image beside it."""
        axes = getattr(mappable, "axes", None)
        if isinstance(axes, Axes):
            axes.bar_of_colours = mappable

    def clf(self) -> None:
        """Take everything out."""
        self.axes.clear()
        self.current = None
        self.title = ""

    clear = clf

    def set_size_inches(self, w: Any, h: Any = None, **kwargs: Any) -> None:
        """Another size."""
        width, height = vector(w).tolist() if h is None else (float(w), float(h))
        self.size = (min(max(width, 1.0), 60.0), min(max(height, 1.0), 60.0))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is drawn in it."""
        return not any(axes.artists for axes in self.axes)

    def __repr__(self) -> str:
        width, height = self.size
        return f"<Figure size {width * 100:g}x{height * 100:g} with {len(self.axes)} Axes>"


class AxesGrid:
    """Axes in a row or in rows, indexed as an array of them would be."""

    def __init__(self, axes: list[Axes], shape: tuple[int, ...]) -> None:
        self._axes = axes
        self.shape = shape

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self._axes)

    @property
    def flat(self) -> Iterator[Axes]:
        """All of them, row by row."""
        return iter(list(self._axes))

    def flatten(self, *args: Any) -> AxesGrid:
        """All of them in one row."""
        return AxesGrid(self._axes, (len(self._axes),))

    ravel = flatten
    reshape = flatten

    def tolist(self) -> list[Any]:
        """As lists."""
        return [item.tolist() if isinstance(item, AxesGrid) else item for item in self]

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[at] for at in range(self.shape[0]))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple):
            found = self[index[0]] if index else self
            rest = index[1:]
            if isinstance(index[0], slice) and rest:
                return AxesGrid([row[rest[0]] for row in found], (len(found),))
            return found[rest if rest[1:] else rest[0]] if rest else found
        width = self.shape[1] if len(self.shape) == 2 else 1
        if isinstance(index, slice):
            chosen = range(self.shape[0])[index]
            axes = [a for at in chosen for a in self._axes[at * width : (at + 1) * width]]
            return AxesGrid(axes, (len(chosen), *self.shape[1:]))
        at = range(self.shape[0])[index]
        if len(self.shape) == 1:
            return self._axes[at]
        return AxesGrid(self._axes[at * width : (at + 1) * width], (width,))


def _place(args: tuple[Any, ...]) -> tuple[int, int, int, int]:
    """Rows, columns, and the first and last of the cells, from 1."""
    if not args:
        return 1, 1, 1, 1
    if len(args) == 1 and isinstance(args[0], int):
        if not 111 <= args[0] <= 999:
            raise ValueError(
                f"Single argument to subplot must be a three-digit integer, not {args[0]!r}"
            )
        rows, columns, number = map(int, str(args[0]))
        first = last = number
    elif len(args) == 3:
        rows, columns = int(args[0]), int(args[1])
        pair = isinstance(args[2], list | tuple)
        first, last = map(int, args[2]) if pair else (int(args[2]), int(args[2]))
    else:
        raise TypeError(f"subplot() takes 1 or 3 positional arguments but {len(args)} were given")
    if not 1 <= first <= last <= rows * columns:
        raise ValueError(
            f"num must be an integer with 1 <= num <= {rows * columns}, not {args[-1]!r}"
        )
    return rows, columns, first, last

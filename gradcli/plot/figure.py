"""Figures: axes in a grid."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from ..tensor.runtime import runtime
from .axes import Axes
from .left_out import LEFT_OUT
from .numbers import Wrong, number, vector
from .words import words

MOST_AXES = 400
MOST_CELLS = 10_000  # of a grid


class Figure:
    """Axes in a grid, under one title. `size` is in inches."""

    def __init__(self, number: int, size: Any, leave_out: Callable[[str], None]) -> None:
        self.number = number
        self.leave_out = leave_out  # tells what a program asked for and no picture shows
        self.size = _size((6.4, 4.8) if size is None else size)
        self.axes: list[Axes] = []
        self.current: Axes | None = None
        self.title = ""
        self.drawn: dict[str, str] = {}  # the pictures that were shown last, by their kind
        self.is_missed = False  # it was to be shown, and nobody saw it

    def add_subplot(self, *args: Any, **kwargs: Any) -> Any:
        """The axes at a place of a grid: `(rows, columns, number)` or `231`."""
        projection = kwargs.get("projection", "polar" if kwargs.get("polar") else None)
        if projection not in (None, "rectilinear"):
            self.leave_out(f"the projection {words(projection)!r}")
            return LEFT_OUT
        place = _place(args)
        for axes in self.axes:
            if axes.place == place:
                self.current = axes
                return axes
        return self._new(place)

    def _new(self, place: tuple[int, int, int, int]) -> Axes:
        if len(self.axes) >= MOST_AXES:
            raise Wrong(ValueError(f"a figure has {MOST_AXES} axes at most"))
        runtime.spend(1)
        made = Axes(self, place)
        self.axes.append(made)
        self.current = made
        return made

    def add_gridspec(self, nrows: Any = 1, ncols: Any = 1, **kwargs: Any) -> GridSpec:
        """A grid of places for axes."""
        return GridSpec(nrows, ncols)

    def add_axes(self, *args: Any, **kwargs: Any) -> Any:
        """Axes over the whole figure."""
        return self.add_subplot(1, 1, 1, projection=kwargs.get("projection"))

    def over(self, axes: Axes) -> Axes:
        """Axes at the same place as others."""
        made = self._new(axes.place)
        made.beside, made.x_scale = axes, axes.x_scale
        return made

    def gca(self, **kwargs: Any) -> Any:
        """The axes that are drawn into now."""
        if self.current is not None and not kwargs:
            return self.current
        return self.add_subplot(1, 1, 1, **kwargs)

    def sca(self, a: Any) -> Any:
        """Draw into other axes from now on."""
        if isinstance(a, Axes):
            self.current = a
        return a

    def get_axes(self) -> list[Axes]:
        """All axes."""
        return list(self.axes)

    def delaxes(self, ax: Any) -> None:
        """Take axes out."""
        self.axes = [axes for axes in self.axes if axes is not ax]
        self.current = self.axes[-1] if self.axes else None

    def subplots(self, nrows: Any = 1, ncols: Any = 1, squeeze: Any = True, **kwargs: Any) -> Any:
        """A grid of axes: one of them, a row of them, or rows of them."""
        rows, columns = int(nrows), int(ncols)
        for name, count, given in (("rows", rows, nrows), ("columns", columns, ncols)):
            if count < 1:
                raise Wrong(
                    ValueError(f"Number of {name} must be a positive integer, not {words(given)}")
                )
        if rows * columns > MOST_AXES:
            raise Wrong(ValueError(f"a figure has {MOST_AXES} axes at most"))
        options = kwargs.get("subplot_kw") or {}
        if options.get("projection") not in (None, "rectilinear"):
            self.leave_out(f"the projection {words(options['projection'])!r}")
            return LEFT_OUT
        made = [self._new((rows, columns, at, at)) for at in range(1, rows * columns + 1)]
        self.current = made[-1]
        if squeeze and len(made) == 1:
            return made[0]
        if squeeze and (rows == 1 or columns == 1):
            return AxesGrid(made, (len(made),))
        return AxesGrid(made, (rows, columns))

    def suptitle(self, t: Any, **kwargs: Any) -> None:
        """The words above all axes."""
        self.title = words(t)

    def colorbar(self, mappable: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The numbers of the colours of an image beside it."""
        axes = getattr(mappable, "axes", None)
        if not isinstance(axes, Axes) or getattr(mappable, "colours", None) is None:
            return LEFT_OUT
        axes.bar_of_colours = mappable
        axes.colour_label = words(kwargs.get("label") or "")
        return ColourBar(axes)

    def clf(self) -> None:
        """Take everything out."""
        self.axes.clear()
        self.current = None
        self.title = ""

    clear = clf

    def set_size_inches(self, w: Any, h: Any = None, **kwargs: Any) -> None:
        """Another size."""
        self.size = _size(w if h is None else (w, h))

    def is_empty(self) -> bool:
        """Whether nothing is drawn in it."""
        return not any(axes.artists for axes in self.axes)

    def __repr__(self) -> str:
        width, height = self.size
        return f"<Figure size {width * 100:g}x{height * 100:g} with {len(self.axes)} Axes>"


class ColourBar:
    """The numbers of a colour map beside axes."""

    def __init__(self, axes: Axes) -> None:
        self.axes = axes

    def set_label(self, label: Any, *args: Any, **kwargs: Any) -> None:
        """The words beside it."""
        self.axes.colour_label = words(label)

    def remove(self) -> None:
        """Take it away."""
        self.axes.bar_of_colours = None


def _size(given: Any) -> tuple[float, float]:
    """Width and height in inches, within what can be looked at."""
    width, height = (number(part, 5.0) for part in vector(given).tolist())
    return min(max(width, 1.0), 60.0), min(max(height, 1.0), 60.0)


class GridSpec:
    """A grid of places for axes: `grid[0, :]` is a place."""

    def __init__(self, nrows: Any, ncols: Any, *args: Any, **kwargs: Any) -> None:
        self.shape = int(nrows), int(ncols)
        if not (min(self.shape) > 0 and self.shape[0] * self.shape[1] <= MOST_CELLS):
            raise Wrong(ValueError("Number of rows and columns must be positive integers"))

    def __getitem__(self, index: Any) -> SubplotSpec:
        rows, columns = self.shape
        if isinstance(index, tuple):
            down, across = (_span(key, size) for key, size in zip(index, self.shape, strict=True))
        else:
            cells = _span(index, rows * columns)
            down = range(cells[0] // columns, cells[-1] // columns + 1)
            across = range(cells[0] % columns, cells[-1] % columns + 1)
        first, last = down[0] * columns + across[0], down[-1] * columns + across[-1]
        return SubplotSpec((rows, columns, first + 1, last + 1))


class SubplotSpec:
    """A place in a grid."""

    def __init__(self, place: tuple[int, int, int, int]) -> None:
        self.place = place


def _span(key: Any, size: int) -> range:
    """The cells that a key names, at least one."""
    if isinstance(key, slice):
        found = range(size)[key]
    else:
        at = operator.index(key)
        found = range(size)[at : at + 1 or None]
    if not found:
        raise IndexError("GridSpec index out of range")
    return found


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
    def flat(self) -> AxesGrid:
        """All of them, row by row."""
        return self.flatten()

    @property
    def T(self) -> AxesGrid:
        """Columns as rows."""
        if len(self.shape) == 1:
            return self
        rows, columns = self.shape
        axes = [self._axes[row * columns + at] for at in range(columns) for row in range(rows)]
        return AxesGrid(axes, (columns, rows))

    def flatten(self, *args: Any) -> AxesGrid:
        """All of them in one row."""
        return AxesGrid(self._axes, (len(self._axes),))

    ravel = flatten

    def tolist(self) -> list[Any]:
        """As lists."""
        return [item.tolist() if isinstance(item, AxesGrid) else item for item in self]

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        return (self[at] for at in range(self.shape[0]))

    def __getitem__(self, index: Any) -> Any:
        keys = index if isinstance(index, tuple) else (index,)
        if len(keys) > len(self.shape):
            raise IndexError(
                f"too many indices for array: array is {len(self.shape)}-dimensional, "
                f"but {len(keys)} were indexed"
            )
        chosen = [self._chosen(keys[at] if at < len(keys) else slice(None), at) for at in range(2)]
        rows, columns = chosen
        width = self.shape[1] if len(self.shape) == 2 else 1
        axes = [self._axes[row * width + column] for row in rows for column in columns]
        sizes = [
            len(found)
            for at, found in enumerate(chosen[: len(self.shape)])
            if at >= len(keys) or isinstance(keys[at], slice)
        ]
        return AxesGrid(axes, tuple(sizes)) if sizes else axes[0]

    def _chosen(self, key: Any, dimension: int) -> range:
        """The places along a dimension that a key names."""
        size = self.shape[dimension] if dimension < len(self.shape) else 1
        if isinstance(key, slice):
            return range(size)[key]
        at = operator.index(key)
        if not -size <= at < size:
            raise IndexError(f"index {at} is out of bounds for axis {dimension} with size {size}")
        return range(at % size, at % size + 1)


def _place(args: tuple[Any, ...]) -> tuple[int, int, int, int]:
    """Rows, columns, and the first and last of the cells, from 1."""
    if not args:
        return 1, 1, 1, 1
    if isinstance(args[0], SubplotSpec):
        return args[0].place
    if len(args) == 1 and isinstance(args[0], int):
        if not 111 <= args[0] <= 999:
            raise Wrong(
                ValueError(
                    f"Single argument to subplot must be a three-digit integer, not {args[0]!r}"
                )
            )
        rows, columns, number = map(int, str(args[0]))
        first = last = number
    elif len(args) == 3:
        rows, columns = int(args[0]), int(args[1])
        pair = isinstance(args[2], list | tuple)
        first, last = map(int, args[2]) if pair else (int(args[2]), int(args[2]))
    else:
        raise Wrong(
            TypeError(f"subplot() takes 1 or 3 positional arguments but {len(args)} were given")
        )
    if not 1 <= first <= last <= rows * columns:
        raise Wrong(
            ValueError(
                f"num must be an integer with 1 <= num <= {rows * columns}, not {args[-1]!r}"
            )
        )
    return rows, columns, first, last

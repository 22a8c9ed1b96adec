"""What is around a plot: how far the axes reach, their ticks, titles, grid and legend."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from ..tensor.runtime import runtime
from .artists import (
    Artist,
    Line,
    Points,
    Text,
)
from .left_out import LEFT_OUT
from .numbers import Array, Wrong, categories, number, scalar, vector
from .scale import Ends, Scale
from .styles import CYCLE, colour
from .ticks import labels as label_texts
from .ticks import tick_places
from .words import words

Made = TypeVar("Made", bound=Artist)
MOST_ARTISTS = 100_000
MOST_NAMED = 50  # lines of a legend
LEGEND_PLACES = (
    "best",
    "upper right",
    "upper left",
    "lower left",
    "lower right",
    "right",
    "center left",
    "center right",
    "lower center",
    "upper center",
    "center",
)


class Surroundings:
    """The state of axes, at a place `(rows, columns, first, last)` of the figure's grid."""

    def __init__(self, figure: Any, place: tuple[int, int, int, int]) -> None:
        self.figure = figure
        self.place = place
        self.beside: Any = None  # the axes whose x it shares, where it lies over others
        self.cla()

    def cla(self) -> None:
        """Take everything out."""
        self.artists: list[Artist] = []
        self.title = ""
        self.x_scale: Scale = Scale() if self.beside is None else self.beside.x_scale
        self.y_scale = Scale()
        self.has_grid = False
        self.has_legend = False
        self.legend_place = "best"
        self.legend_title = ""
        self.has_axis = True
        self.equal = False
        self.bar_of_colours: Any = None
        self.colour_label = ""
        self._turns = {"line": 0, "patch": 0}
        self._marks = 0

    clear = cla

    # How far the axes reach

    def ranges(self) -> tuple[Ends, Ends]:
        """The ends of x and of y."""
        found = [artist.limits() for artist in self.artists if artist.visible]
        edges = [artist.edges() for artist in self.artists if artist.visible]
        across = [x for x, _ in found]
        for other in self.figure.axes:
            if other is not self and other.x_scale is self.x_scale:
                across += [artist.limits()[0] for artist in other.artists if artist.visible]
        return (
            self.x_scale.range(across, [x for x, _ in edges]),
            self.y_scale.range([y for _, y in found], [y for _, y in edges]),
        )

    # Drawing

    def _next_colour(self, kind: str) -> str:
        """The next colour of lines, or of patches, which have a turn of their own."""
        found = CYCLE[self._turns[kind] % len(CYCLE)]
        self._turns[kind] += 1
        return found

    def _add(self, artist: Made) -> Made:
        runtime.spend(1)
        if len(self.artists) >= MOST_ARTISTS:
            raise Wrong(ValueError(f"axes hold {MOST_ARTISTS:,} lines, points and texts at most"))
        artist.axes = self
        artist.number = len(self.artists)
        if isinstance(artist, Line | Points):
            artist.turn = self._marks
            self._marks += 1
        self.artists.append(artist)
        return artist

    def _places(self, values: Any, scale: Scale) -> Array:
        """Numbers along an axis; texts stand at 0, 1, 2 … and become its ticks."""
        names = categories([values] if isinstance(values, str) else values)
        if names is None:
            return vector(values)
        known = {name: at for at, name in enumerate(scale.tick_labels or [])}
        for name in names:
            known.setdefault(words(name), len(known))
        scale.ticks = [float(at) for at in range(len(known))]
        scale.tick_labels = list(known)
        return np.array([float(known[words(name)]) for name in names])

    def _colour(self, given: Any, kind: str) -> str:
        """The colour that a program gives, or the next one."""
        known = None if given is None else colour(given, "")
        return known or self._next_colour(kind)

    # What programs call

    def set_title(self, label: Any, *args: Any, **kwargs: Any) -> Text:
        """The words above."""
        self.title = words(label)
        return Text(0.0, 0.0, self.title, "")

    def set_xlabel(self, xlabel: Any, *args: Any, **kwargs: Any) -> Text:
        """The words below."""
        self.x_scale.label = words(xlabel)
        return Text(0.0, 0.0, self.x_scale.label, "")

    def set_ylabel(self, ylabel: Any, *args: Any, **kwargs: Any) -> Text:
        """The words beside."""
        self.y_scale.label = words(ylabel)
        return Text(0.0, 0.0, self.y_scale.label, "")

    def set_xlim(self, left: Any = None, right: Any = None, **kwargs: Any) -> tuple[float, float]:
        """How far x reaches."""
        self.x_scale.limit(kwargs.get("xmin", left), kwargs.get("xmax", right))
        return self.get_xlim()

    def set_ylim(self, bottom: Any = None, top: Any = None, **kwargs: Any) -> tuple[float, float]:
        """How far y reaches."""
        self.y_scale.limit(kwargs.get("ymin", bottom), kwargs.get("ymax", top))
        return self.get_ylim()

    def get_xlim(self) -> tuple[float, float]:
        """How far x reaches."""
        return self.ranges()[0]

    def get_ylim(self) -> tuple[float, float]:
        """How far y reaches."""
        return self.ranges()[1]

    def set_xscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self._set_scale(self.x_scale, value)

    def set_yscale(self, value: Any, **kwargs: Any) -> None:
        """`"log"` or `"linear"`."""
        self._set_scale(self.y_scale, value)

    def _set_scale(self, scale: Scale, value: Any) -> None:
        scale.log = value == "log"
        if value not in ("log", "linear"):
            self.figure.leave_out(f"the scale {words(value)!r}")

    def set_xticks(self, ticks: Any, labels: Any = None, **kwargs: Any) -> list[float]:
        """The ticks below, with their texts."""
        self.x_scale.ticks = vector(ticks).tolist()
        self.x_scale.tick_labels = texts_of(labels)
        return self.x_scale.ticks

    def set_yticks(self, ticks: Any, labels: Any = None, **kwargs: Any) -> list[float]:
        """The ticks beside, with their texts."""
        self.y_scale.ticks = vector(ticks).tolist()
        self.y_scale.tick_labels = texts_of(labels)
        return self.y_scale.ticks

    def get_xticks(self) -> list[float]:
        """The ticks below."""
        return [value for value, _ in tick_places(self.x_scale, self.ranges()[0], 9)]

    def get_yticks(self) -> list[float]:
        """The ticks beside."""
        return [value for value, _ in tick_places(self.y_scale, self.ranges()[1], 9)]

    def set_xticklabels(self, labels: Any, **kwargs: Any) -> None:
        """The texts of the ticks below."""
        self.x_scale.tick_labels = texts_of(labels)

    def set_yticklabels(self, labels: Any, **kwargs: Any) -> None:
        """The texts of the ticks beside."""
        self.y_scale.tick_labels = texts_of(labels)

    def grid(self, visible: Any = True, **kwargs: Any) -> None:
        """Lines at the ticks."""
        self.has_grid = visible is None or bool(visible) or bool(kwargs)

    def legend(self, *args: Any, **kwargs: Any) -> Any:
        """The names of what is drawn: their labels, or those given."""
        self.has_legend = True
        place = kwargs.get("loc", "best")
        if isinstance(place, int):
            place = LEGEND_PLACES[place] if 0 <= place < len(LEGEND_PLACES) else "best"
        self.legend_place = place if place in LEGEND_PLACES else "best"
        self.legend_title = words(kwargs.get("title") or "")
        handles = kwargs.get("handles", args[0] if len(args) == 2 else None)
        labels = kwargs.get("labels", args[-1] if args else None)
        if isinstance(handles, list | tuple):
            for artist in handles:
                if isinstance(artist, Artist) and artist.axes is None:
                    artist.has_place = False
                    self._add(artist)
        if isinstance(labels, list | tuple):
            chosen = handles if isinstance(handles, list | tuple) else self.artists
            for artist, label in zip(chosen, labels, strict=False):
                if isinstance(artist, Artist):
                    artist.label = words(label)
        return LEFT_OUT  # its box has no properties here

    def get_legend_handles_labels(self) -> tuple[list[Artist], list[str]]:
        """What a legend names, and its names."""
        named = [artist for artist in self.artists if artist.is_named()]
        return named, [artist.label for artist in named]

    def named(self) -> list[Artist]:
        """What the legend shows."""
        return self.get_legend_handles_labels()[0][:MOST_NAMED] if self.has_legend else []

    def axis(self, arg: Any = None, **kwargs: Any) -> tuple[float, float, float, float]:
        """`"off"`, `"equal"`, `"tight"`, or the four ends; returns the four ends."""
        if arg is False or (isinstance(arg, str) and arg == "off"):
            self.has_axis = False
        elif arg is True or (isinstance(arg, str) and arg == "on"):
            self.has_axis = True
        elif isinstance(arg, str) and arg in ("equal", "scaled", "square", "image"):
            self.equal = True
        elif isinstance(arg, list | tuple | np.ndarray) and len(arg) == 4:
            self.set_xlim(arg[0], arg[1])
            self.set_ylim(arg[2], arg[3])
        x, y = self.ranges()
        return (*x, *y)

    def set_axis_off(self) -> None:
        """No ticks and no frame."""
        self.has_axis = False

    def set_aspect(self, aspect: Any, *args: Any, **kwargs: Any) -> None:
        """`"equal"`: a unit of x is as long as one of y."""
        self.equal = aspect == "equal" if isinstance(aspect, str) else number(aspect, 0.0) == 1

    def invert_yaxis(self) -> None:
        """Turn y round."""
        self.y_scale.turned = not self.y_scale.turned

    def invert_xaxis(self) -> None:
        """Turn x round."""
        self.x_scale.turned = not self.x_scale.turned


def shared_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options that every artist has."""
    return {name: options.get(name) for name in ("label", "alpha", "zorder")}


def texts_of(labels: Any) -> list[str] | None:
    """Labels as texts, None for none; each spends a step."""
    if labels is None:
        return None
    found = []
    for label in labels:
        runtime.spend(1)
        found.append(words(label) if isinstance(label, str) else label_texts([scalar(label)])[0])
    return found

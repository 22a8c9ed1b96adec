"""Plots of bars: `bar`, `barh`, `hist`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..tensor.runtime import runtime
from .artists import (
    Bars,
    Text,
)
from .line_plots import LinePlots
from .numbers import Array, Wrong, array, scalar, vector
from .styles import is_colour
from .surroundings import shared_options, texts_of
from .ticks import labels as label_texts


class BarPlots(LinePlots):
    """Bars, upright and flat, and how often numbers fall into intervals."""

    def bar(self, x: Any, height: Any, width: Any = 0.8, bottom: Any = None, **kwargs: Any) -> Bars:
        """Bars upwards from `bottom`, their middles at x."""
        return self._bars(self._places(x, self.x_scale), height, width, bottom, True, kwargs)

    def barh(self, y: Any, width: Any, height: Any = 0.8, left: Any = None, **kwargs: Any) -> Bars:
        """Bars to the right from `left`, their middles at y."""
        return self._bars(self._places(y, self.y_scale), width, height, left, False, kwargs)

    def _bars(
        self, place: Array, length: Any, width: Any, start: Any, up: bool, options: dict[str, Any]
    ) -> Bars:
        lengths = vector(length)
        count = max(place.size, lengths.size)
        for size in (place.size, lengths.size):
            if size not in (1, count):
                raise Wrong(
                    ValueError(
                        "shape mismatch: objects cannot be broadcast to a single shape.  "
                        f"Mismatch is between 'x' with shape ({place.size},) and 'height' with "
                        f"shape ({lengths.size},)."
                    )
                )
        widths = np.broadcast_to(vector(width), (count,))
        if options.get("align") == "edge":
            place = place + widths / 2
        made = Bars(
            np.broadcast_to(place, (count,)),
            np.broadcast_to(lengths, (count,)),
            widths,
            np.broadcast_to(vector(0.0 if start is None else start), (count,)),
            self._colours(options.get("color", options.get("facecolor")), count),
            upright=up,
            **shared_options(options),
        )
        self._add(made)
        err = options.get("yerr" if up else "xerr")
        if err is not None:
            tops = made.bottom + made.height
            x, y = (made.place, tops) if up else (tops, made.place)
            self._errors(x, y, None if up else err, err if up else None, "#000000", {})
        return made

    def hist(self, x: Any, bins: Any = 10, **kwargs: Any) -> tuple[Any, Any, Any]:
        """How often numbers fall into intervals; several sets are counted in the same ones."""
        sets = _sets(x)
        every = np.concatenate(sets) if sets else np.zeros(0)
        every = every[np.isfinite(every)]
        runtime.spend(every.size >> 3)
        if isinstance(bins, str):
            bins = math.ceil(math.log2(max(every.size, 1)) + 1)
        elif not isinstance(bins, int):
            given = array(bins)
            bins = given.reshape(-1) if given.ndim else int(scalar(given))
        if isinstance(bins, int):
            if bins < 1:
                raise Wrong(ValueError("`bins` must be positive, when an integer"))
            runtime.reserve(200 * bins)
            runtime.spend(bins)
        limits = kwargs.get("range")
        edges = np.histogram_bin_edges(every, bins, None if limits is None else _pair(limits))
        made, counts, base = [], [], np.zeros(edges.size - 1)
        for at, values in enumerate(sets):
            heights = self._heights(values, edges, kwargs)
            made.append(self._hist_bars(heights, base, edges, at, len(sets), kwargs))
            base = base + heights if kwargs.get("stacked") else base
            counts.append(heights)
        if kwargs.get("log"):
            self.y_scale.log = True
        one = len(counts) == 1
        return (counts[0] if one else counts), edges, (made[0] if one else made)

    def _heights(self, values: Array, edges: Array, options: dict[str, Any]) -> Array:
        weights = options.get("weights")
        good = np.isfinite(values)
        given = None if weights is None else np.broadcast_to(vector(weights), values.shape)[good]
        found = np.histogram(values[good], edges, weights=given)[0].astype(np.float64)
        if options.get("density") and found.sum():
            found = found / (found.sum() * np.diff(edges))
        if options.get("cumulative"):
            found = np.cumsum(found * (np.diff(edges) if options.get("density") else 1.0))
        return found

    def _hist_bars(
        self,
        heights: Array,
        base: Array,
        edges: Array,
        at: int,
        count: int,
        options: dict[str, Any],
    ) -> Any:
        """The bars of one of `count` sets: on top of each other, or side by side."""
        label, given = options.get("label"), options.get("color", options.get("facecolor"))
        shades = given if isinstance(given, list | tuple) and not is_colour(given) else [given]
        own: dict[str, Any] = {
            **options,
            "color": shades[at % len(shades)] if shades else None,
            "label": label[at : at + 1] if isinstance(label, list | tuple) else label,
        }
        if isinstance(own["label"], list | tuple):
            own["label"] = own["label"][0] if own["label"] else None
        flat = options.get("orientation") == "horizontal"
        if options.get("histtype") in ("step",):
            x = np.repeat(edges, 2)
            y = np.concatenate([[0.0], np.repeat(base + heights, 2), [0.0]])
            pair = (y, x) if flat else (x, y)
            return self._line(pair[0], pair[1], {}, own)
        widths = np.diff(edges)
        middles = (edges[:-1] + edges[1:]) / 2
        if count > 1 and not options.get("stacked"):
            widths = widths * 0.8 / count
            middles = middles + widths * (at - (count - 1) / 2)
        if options.get("rwidth") is not None:
            widths = widths * scalar(options["rwidth"])
        own.pop("align", None)
        return self._bars(middles, heights, widths, base, not flat, own)

    def bar_label(self, container: Any, labels: Any = None, fmt: Any = None, **kwargs: Any) -> None:
        """The heights of bars, or other texts, at their ends."""
        tops = container.bottom + container.height
        names = label_texts(container.height.tolist()) if labels is None else texts_of(labels)
        up = container.upright
        for place, top, name in zip(container.place, tops, names or [], strict=False):
            at = (float(place), float(top)) if up else (float(top), float(place))
            looks: dict[str, Any] = {"anchor": "middle"} if up else {"rise": "center"}
            self._add(Text(*at, name, colour="", offset=(0.0, 3.0) if up else (3.0, 0.0), **looks))


def _pair(values: Any) -> tuple[float, float]:
    first, last = vector(values).tolist()
    return first, last


def _sets(x: Any) -> list[Array]:
    """One set of numbers, or several."""
    if isinstance(x, list | tuple) and x and any(_is_set(v) for v in x):
        return [vector(part) for part in x]
    values = array(x)
    return (
        [values[:, at] for at in range(values.shape[1])]
        if values.ndim == 2
        else [values.reshape(-1)]
    )


def _is_set(value: Any) -> bool:
    return isinstance(value, list | tuple) or bool(getattr(value, "shape", ()))

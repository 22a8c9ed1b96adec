"""Steps of an explanation while the chain is walked: several of the chain may be told as one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcli.language.machine.state import machine
from gradcli.render.drawing import Area, Box, fold_key, norm_text
from gradcli.render.functions import FUNCTION
from gradcli.render.names import place_of, source_place, source_span, source_text, span_of
from gradcli.tensor.tensor import Tensor, make

from . import chain as chains
from .causes import norm
from .chain import Edge
from .told import Arrival, Passing, Step

LONGEST = 40  # characters of a call's text


class Draft:
    """A step that is shown, and what is known of those like it."""

    def __init__(
        self,
        box: Box,
        node: Any,
        value: Tensor | None,
        arrivals: list[Arrival],
        passings: list[tuple[Edge, Passing]],
        notes: list[str],
        box_of: Mapping[Any, Box],
    ) -> None:
        self.box = box
        self.node = node
        self.value = value
        self.arrivals = arrivals
        self.passings = passings
        self.notes = notes
        self.box_of = box_of
        self.count = 0
        self.least = math.inf
        self.most = 0.0
        self.left = 0  # steps that passed something on
        self.logarithm = 0.0  # of what arrives times this is what is passed on, over all steps
        self.came = 0.0  # the norm of all that arrived
        self.gone = 0.0  # the norm of all that was passed on
        self.chained = True  # whether one of these steps passes on to another

    def see(self, step: chains.Step) -> None:
        """Count a step, and compare what it passes on with what arrived."""
        self.count += 1
        left = [norm(part.grad) for part in step.parts]
        for size in left:
            self.least = min(self.least, size)
            self.most = max(self.most, size) if size == size else math.nan
        came = math.hypot(*(norm(grad) for grad in step.arrived if grad is not None))
        gone = max(left, default=0.0)
        self.left += gone > 0
        self.came = math.hypot(self.came, came)
        self.gone = math.hypot(self.gone, gone)
        if came > 0 and math.isfinite(came) and math.isfinite(gone):
            self.logarithm += math.log(gone / came) if gone > 0 else -math.inf
        elif came == 0 and self.logarithm == -math.inf:
            return
        elif not math.isfinite(came):
            self.logarithm = math.nan

    @property
    def factor(self) -> float | None:
        """By what the gradient was multiplied over all these steps; None where nobody knows."""
        if not self.passings or math.isnan(self.logarithm):
            return None
        if not self.chained:
            return self.gone / self.came if self.came else None
        return math.exp(min(self.logarithm, 700.0))

    def step(self, numbers: Mapping[Box, int]) -> Step:
        """The step as it is told. `numbers` are those of all steps."""
        passings = []
        for (maker, _), passing in self.passings:
            box = self.box_of.get(maker)
            passings.append(passing._replace(step=None if box is None else numbers.get(box)))
        node, area = self.node, self.box.area
        return Step(
            numbers[self.box],
            node.title,
            source_text(node),
            source_place(node),
            source_span(node),
            "" if area is None else area.title or area.kind,
            self.value,
            self.arrivals,
            passings,
            self.notes,
            self.count,
            self.count,
            self.least,
            self.most,
            self.box,
        )


class Folded:
    """The calls of a module or function that are told as one step: what enters and leaves them.

    Of edges that one place in the text made again and again, the last is shown.
    """

    def __init__(self, box: Box, box_of: Mapping[Any, Box]) -> None:
        assert box.closed is not None
        self.box = box
        self.area = box.closed
        self.box_of = box_of
        self.count = self.area.count
        self.chained = True  # a summary asks; what enters and leaves is known as a whole
        self.operations = 0
        self.value: Tensor | None = None
        self.entered: dict[Any, tuple[Arrival, list[float]]] = {}
        self.left_for: dict[Edge, tuple[str, Any, Any]] = {}

    def see(self, node: Any) -> None:
        """Count an operation in it."""
        self.operations += 1

    def enter(self, edge: Edge, value: Tensor | None, arrival: Arrival) -> None:
        """Note what arrives from outside at an edge of these calls."""
        key = (*fold_key(edge[0]), edge[1])
        if not self.entered:
            self.value = value
        self.entered.setdefault(key, (arrival, []))[1].append(norm(arrival.grad))

    def leave(self, part: chains.Part, to: str) -> None:
        """Note what an operation passes on, if that is out of these calls."""
        if part.edge[0].number >= 0 and self.box_of[part.edge[0]] is self.box:
            return
        array = np.asarray(part.grad.array)
        known = self.left_for.get(part.edge)
        with np.errstate(all="ignore"):
            total = array if known is None else known[1] + array
        self.left_for[part.edge] = (to, total, part.grad.dtype)

    @property
    def left(self) -> int:
        """How many of the calls passed something on."""
        return self.count if any(total.any() for _, total, _ in self.left_for.values()) else 0

    @property
    def factor(self) -> float | None:
        """By what the gradient was multiplied over all of it; None where nobody knows."""
        came = math.hypot(*(size for _, sizes in self.entered.values() for size in sizes))
        gone = max(self._norms(), default=0.0)
        if not self.left_for or not came or not (math.isfinite(came) and math.isfinite(gone)):
            return None
        return gone / came

    def _norms(self) -> list[float]:
        return [norm(make(total, dtype)) for _, total, dtype in self.left_for.values()]

    def step(self, numbers: Mapping[Box, int]) -> Step:
        """The step as it is told. `numbers` are those of all steps."""
        several = "s" if self.operations > 1 else ""
        inside = f"{self.operations:,} operation{several}"
        calls = f" of {self.count:,} calls" if self.count > 1 else ""
        notes = [f"{inside}{calls}, folded"]
        arrivals = []
        for arrival, sizes in self.entered.values():
            arrivals.append(arrival)
            notes += _alike("such gradients arrive", sizes)
        groups: dict[Any, list[tuple[Edge, str, Tensor]]] = {}
        for edge, (to, total, dtype) in self.left_for.items():
            leaf = edge[0].number < 0
            key = edge if leaf else (*fold_key(edge[0]), edge[1])
            groups.setdefault(key, []).append((edge, to, make(total, dtype)))
        passings = []
        for (edge, to, grad), *others in groups.values():
            maker = self.box_of.get(edge[0])
            step = None if maker is None or edge[0].number < 0 else numbers.get(maker)
            passings.append(Passing(to, step, "", None, grad, None))
            notes += _alike(
                f"such gradients go to {to}", [norm(grad), *(norm(item) for _, _, item in others)]
            )
        sizes = self._norms()
        area, around = self.area, self.area.parent
        return Step(
            numbers[self.box],
            area.kind,
            call_text(area),
            place_of(area.where),
            span_of(area.where),
            "" if around is None else around.title or around.kind,
            self.value,
            arrivals,
            passings,
            notes,
            self.count,
            self.operations,
            min(sizes, default=0.0),
            max(sizes, default=0.0),
            self.box,
        )


def _alike(what: str, sizes: list[float]) -> list[str]:
    """A sentence about several gradients of which the last is shown."""
    if len(sizes) < 2:
        return []
    low, high = norm_text(min(sizes)), norm_text(max(sizes))
    return [f"{len(sizes):,} {what}, with norms from {low} to {high}: the last is shown"]


def call_text(area: Area) -> str:
    """What a folded call is called: a module by its name, a function by the text of its call."""
    place = machine.locate(area.where)
    if area.kind == FUNCTION and place is not None:
        text = " ".join(place[0].slice(place[1].span).split())
        return text if len(text) <= LONGEST else area.title
    return area.title or area.kind

"""Why a gradient is zero, NaN or infinite: the steps of a chain at which it becomes so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcli.language.values.text import text_repr
from gradcli.render.names import Names, source_place, source_text
from gradcli.tensor.tensor import Tensor, shape_of

from .chain import Edge, Part, Step, called
from .reasons import (
    UNDER_WHERE,
    Reason,
    Values,
    name_of,
    spreads,
    undefined,
    untaken,
    why_cancelled,
    why_not_finite,
    why_zero,
)

MOST = 10  # places that an answer shows


def brief(value: Tensor, indent: str = "") -> str:
    """A tensor's text, or its shape and norm when that is long."""
    text = text_repr(value)
    if len(text) > 300:
        text = f"a tensor of shape {list(shape_of(value))}, norm {norm(value):.4g}"
    return text.replace("\n", "\n" + indent)


def norm(value: Tensor) -> float:
    """The Euclidean norm of a tensor's elements."""
    with np.errstate(all="ignore"):
        return float(np.sqrt((np.abs(value.array).astype(np.float64) ** 2).sum()))


def culprit(node: Any, current: Sequence[Any], part: Part, what: str) -> str:
    """What went wrong between what arrived at a node and one part of what left it; "" if nothing.

    `what` is "nan" or "zero"; `current` is what hooks made of what arrived.
    """
    arrived = [np.asarray(item.array) for item in current if item is not None]
    leaves = np.asarray(part.grad.array)
    if what == "nan":
        if np.isfinite(leaves).all() or not all(np.isfinite(item).all() for item in arrived):
            return ""
        zero = any((item == 0).any() for item in arrived)
        if np.isnan(leaves).any():
            factor = "" if not zero else "NaN" if undefined(node, part) else "infinity"
            return "NaN begins here" + (f": 0 times {factor}" if factor else "")
        return "infinity begins here"
    if any(item.any() for item in arrived) and not leaves.any():
        return "the whole gradient becomes zero"
    nonzero = sum(int(np.count_nonzero(item)) for item in arrived)
    lost = leaves.size - int(np.count_nonzero(leaves))
    if lost and all(item.size == leaves.size for item in arrived):
        if nonzero > leaves.size - lost:
            return f"{nonzero - (leaves.size - lost)} of {leaves.size} elements become zero"
    elif lost and spreads(node) and all(item.all() for item in arrived):
        return f"{lost} of {leaves.size} elements get nothing"
    elif lost and (left_out := untaken(node, part)):
        return f"{left_out} of {leaves.size} elements get nothing"
    return ""


def hooked(old: Tensor, new: Tensor) -> Iterator[tuple[str, str]]:
    """What a hook broke between two gradients: "nan" or "zero", and a sentence about it."""
    before, after = np.asarray(old.array), np.asarray(new.array)
    if np.isfinite(before).all() and not np.isfinite(after).all():
        yield "nan", "it makes the gradient infinite or NaN"
    if before.any() and not after.any():
        yield "zero", "it makes the whole gradient zero"
    elif before.shape == after.shape:
        lost = int(np.count_nonzero(before)) - int(np.count_nonzero(after))
        if lost > 0:
            yield "zero", f"it makes {lost} of {before.size} elements zero"


def _only(current: Sequence[Any]) -> Any:
    """The array that arrived at a node with one output that counts."""
    arrived = [item for item in current if item is not None]
    return np.asarray(arrived[0].array) if len(arrived) == 1 else None


def placed(node: Any) -> str:
    """A node in a sentence: ``in `sqrt(q)` (SqrtBackward0)``."""
    return f"in `{source_text(node) or node.title}` ({node.title})"


class Causes:
    """Collects answers while a chain is walked. `values` gives the array on an edge, if known."""

    def __init__(self, names: Names, values: Values = lambda edge: None) -> None:
        self.names = names
        self.values = values
        self.found: dict[str, list[tuple[Edge, str, str]]] = {"nan": [], "zero": [], "tiny": []}
        self.nodes: dict[str, list[tuple[Edge, Any, str]]] = {"nan": [], "zero": [], "tiny": []}
        self.zeros: dict[Any, Any] = {}  # node -> the node that made the zeros it gets

    def see(self, step: Step) -> None:
        """Look at one step; steps come in the order of the chain."""
        node = step.node
        current = [
            old if new is None else new for old, new in zip(step.arrived, step.hooked, strict=True)
        ]
        self._see_hooks(step)
        for part in step.parts:
            zero = culprit(step.node, current, part, "zero")
            if zero or node in self.zeros:
                self.zeros.setdefault(part.edge[0], node if zero else self.zeros[node])
            came = _only(current)
            if zero:
                reason = why_zero(node, came, part, self.values, self.names)
                self._add("zero", node, part, zero, reason)
            elif cancelled := why_cancelled(node, came, part):
                text = "nothing but rounding is left"
                self._add("tiny", node, part, text, Reason(cancelled))
            wrong = culprit(step.node, current, part, "nan")
            if wrong:
                reason = why_not_finite(node, came, part, self.values, self.names)
                maker = self.zeros.get(node)
                under = ""
                if maker is not None and "0 times" in wrong:
                    place = source_place(maker)
                    under = f", under `{source_text(maker) or maker.title}`"
                    under += f" at {place}" if place else ""
                    if name_of(maker) == "where":
                        factor = wrong.rpartition(" ")[2]
                        reason.help = UNDER_WHERE.format(factor=factor)
                self._add("nan", node, part, wrong, reason, under)

    def _see_hooks(self, step: Step) -> None:
        """What hooks on a node's outputs made of what arrived there."""
        node = step.node
        for index, (old, new) in enumerate(zip(step.arrived, step.hooked, strict=True)):
            if old is None or new is None:
                continue
            edge = (node, 0) if node.count == 1 else (node, index + 1)
            of = called(edge, self.names)
            place = source_place(node)
            lead = f"{place}: " if place else ""
            for what, text in hooked(old, new):
                self.nodes[what].append((edge, node, text))
                shown = f"    {brief(old, '    ')}\n    becomes {brief(new, ' ' * 12)}"
                self.found[what].append((edge, f"{lead}a hook of {of}: {text}\n{shown}", ""))
                if what == "zero":
                    for below in step.parts:
                        self.zeros.setdefault(below.edge[0], node)

    def _add(
        self, what: str, node: Any, part: Part, text: str, reason: Reason, under: str = ""
    ) -> None:
        place = source_place(node)
        lead = f"{place}: " if place else ""
        to = f"    to {called(part.edge, self.names, node)}: "
        grad = brief(part.grad, " " * len(to))
        because = f"\n    {reason.text}" if reason.text else ""
        self.nodes[what].append((part.edge, node, f"{text}{under}"))
        said = f"{lead}{text} {placed(node)}{under}{because}\n{to}{grad}"
        self.found[what].append((part.edge, said, reason.help))

    def places(self, what: str, target: Any) -> list[tuple[Any, str]]:
        """The nodes that lead to a node, each with what begins there."""
        ways: dict[Any, bool] = {}
        return [
            (node, text) for edge, node, text in self.nodes[what] if _leads(edge[0], target, ways)
        ]

    def answers(self, what: str, target: Any) -> list[str]:
        """The places that lead to a node, as texts."""
        ways: dict[Any, bool] = {}
        nearest = reversed(self.found[what])  # so that each search soon meets an earlier one
        found = [(text, help) for edge, text, help in nearest if _leads(edge[0], target, ways)][
            ::-1
        ]
        said = [text for text, _ in found[:MOST]]
        if len(found) > MOST:
            said.append(f"and {len(found) - MOST:,} more places")
        helps = dict.fromkeys(help for _, help in found[:MOST] if help)
        return [*said, *(f"= help: {help}" for help in helps)]


def _leads(start: Any, target: Any, known: dict[Any, bool]) -> bool:
    """Whether edges lead from `start` to `target`."""
    seen = {start}
    stack = [start]
    while stack:
        node = stack.pop()
        if node is target or known.get(node):
            known[start] = True
            return True
        if known.get(node) is False:
            continue
        for edge in node.edges:
            if edge is not None and edge not in seen:
                seen.add(edge)
                stack.append(edge)
    known.update(dict.fromkeys(seen, False))
    return False

"""Why a gradient is zero, NaN or infinite: the steps of a chain at which it becomes so."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.language.values.text import text_repr
from gradcli.render.names import Names, source_place, source_text
from gradcli.tensor.tensor import Tensor, shape_of

from .chain import Edge, Part, Step, called

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


def culprit(step: Step, part: Part, what: str) -> str:
    """What went wrong between what arrived at a step and one part of what left it; "" if nothing.

    `what` is "nan" or "zero".
    """
    arrived = [np.asarray(item.array) for item in step.arrived if item is not None]
    leaves = np.asarray(part.grad.array)
    if what == "nan":
        if np.isfinite(leaves).all() or not all(np.isfinite(item).all() for item in arrived):
            return ""
        zero = any((item == 0).any() for item in arrived)
        if np.isnan(leaves).any():
            return "NaN begins here" + (": 0 times infinity" if zero else "")
        return "infinity begins here"
    if any(item.any() for item in arrived) and not leaves.any():
        return "the whole gradient becomes zero"
    nonzero = sum(int(np.count_nonzero(item)) for item in arrived)
    lost = leaves.size - int(np.count_nonzero(leaves))
    if lost and all(item.size == leaves.size for item in arrived) and nonzero > leaves.size - lost:
        return f"{nonzero - (leaves.size - lost)} of {leaves.size} elements become zero"
    return ""


def placed(node: Any) -> str:
    """A node in a sentence: ``in `sqrt(q)` (SqrtBackward0)``."""
    return f"in `{source_text(node) or node.title}` ({node.title})"


class Causes:
    """Collects answers while a chain is walked."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.found: dict[str, list[tuple[Edge, str]]] = {"nan": [], "zero": []}
        self.nodes: dict[str, list[tuple[Edge, Any, str]]] = {"nan": [], "zero": []}
        self.zeros: dict[Any, Any] = {}  # node -> the node that made the zeros it gets

    def see(self, step: Step) -> None:
        """Look at one step; steps come in the order of the chain."""
        node = step.node
        for part in step.parts:
            zero = culprit(step, part, "zero")
            if zero or node in self.zeros:
                self.zeros.setdefault(part.edge[0], node if zero else self.zeros[node])
            if zero:
                self._add("zero", node, part, zero)
            wrong = culprit(step, part, "nan")
            if wrong:
                maker = self.zeros.get(node)
                under = ""
                if maker is not None and "0 times" in wrong:
                    place = source_place(maker)
                    under = f", under `{source_text(maker) or maker.title}`"
                    under += f" at {place}" if place else ""
                self._add("nan", node, part, wrong, under)

    def _add(self, what: str, node: Any, part: Part, text: str, under: str = "") -> None:
        place = source_place(node)
        lead = f"{place}: " if place else ""
        to = f"    to {called(part.edge, self.names)}: "
        grad = brief(part.grad, " " * len(to))
        self.nodes[what].append((part.edge, node, f"{text}{under}"))
        self.found[what].append((part.edge, f"{lead}{text} {placed(node)}{under}\n{to}{grad}"))

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
        found = [text for edge, text in nearest if _leads(edge[0], target, ways)][::-1]
        if len(found) > MOST:
            return [*found[:MOST], f"and {len(found) - MOST:,} more places"]
        return found


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

"""Which step of a chain is at fault where a gradient and the differences do not agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.autograd.freed_values import reachable
from gradcli.autograd.function import FunctionNode
from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.modes import no_grad
from gradcli.render.names import Names, source_place, source_text
from gradcli.tensor.tensor import Tensor, constant

from .causes import Causes, placed
from .chain import Chain, leading_to
from .cuts import Piece, cut_lines

JUMP = 1e-3  # of a local derivative between the two sides of a kink, relative to its size

Local = list[tuple[Any, list[Any]]]


class Fault(NamedTuple):
    """The node, its text and place ("" when it is none or not known), and what is said of it.

    `own` says that it is a custom Function.
    """

    node: str
    text: str
    place: str
    says: list[str]
    own: bool = False

    def document(self) -> dict[str, Any]:
        """What JSON has of it."""
        return {"node": self.node, "text": self.text, "place": self.place, "says": [*self.says]}


def _at_node(node: Any, sentence: str) -> Fault:
    place = source_place(node)
    lead = f"{place}: " if place else ""
    return Fault(node.title, source_text(node), place, [f"{lead}{sentence} {placed(node)}"])


def fault_of(
    value: Tensor,
    weight: Tensor,
    leaf: Tensor | None,
    name: str,
    texts: Sequence[Piece],
    result: str,
    entry: dict[str, Any],
) -> Fault | None:
    """What is wrong between `value` and `leaf`, by the graph and, for what is not on it, the text.

    `entry` is what `Check` says of the pair. Kinks are found from graphs on both of their sides.
    """
    if not entry["connected"]:
        lines = list(cut_lines(texts, name, result))
        lines = lines or [f"nothing on the graph leads from `{name}` to the result"]
        return Fault("", "", "", ["not connected: no gradient flows here", *lines])
    if leaf is None:
        return None
    worst = entry["worst"]
    lost = not math.isfinite(worst["analytic"])
    if lost or entry["undefined"]:
        return _not_finite(value, weight, leaf)
    if not entry["mismatches"] or worst["kink"]:
        return None
    return _own_derivative(value, leaf)


def _not_finite(value: Tensor, weight: Tensor, leaf: Tensor) -> Fault | None:
    """The first step that makes NaN or infinity on the way to a leaf."""
    names = Names({})
    causes = Causes(names)
    if not np.isfinite(value.array).all():
        weight = constant(value.array.shape, value.dtype, 1)
    target = fresh_edge(leaf)
    with np.errstate(all="ignore"):
        for step in Chain(value, weight).steps():
            causes.see(step)
    found = causes.places("nan", target)
    return None if not found else _at_node(*found[0])


def _own_derivative(value: Tensor, leaf: Tensor) -> Fault | None:
    """The steps on the way to a leaf whose derivative is the program's own."""
    nodes = reachable([fresh_edge(value)])
    wanted = leading_to(nodes, fresh_edge(leaf))
    found: list[tuple[Any, str]] = []
    for node in nodes:
        if node not in wanted:
            continue
        if isinstance(node, FunctionNode):
            found.append((node, "the derivative is the Function's own"))
        hooks = node.hooks
        if hooks is not None and (hooks.tensor or hooks.pre or hooks.post):
            found.append((node, "a hook changes the gradient"))
    if not found:
        return None
    first = _at_node(*found[0])
    for node, sentence in found[1:4]:
        first.says.extend(_at_node(node, sentence).says)
    return first._replace(own=isinstance(found[0][0], FunctionNode))


def local_derivatives(value: Tensor) -> Local:
    """What each node below a result makes of ones, in the order of the graph."""
    found: Local = []
    for node in reachable([fresh_edge(value)]):
        if node.count != 1 or isinstance(node, FunctionNode):
            found.append((node, []))
            continue
        with no_grad(), np.errstate(all="ignore"):
            parts = node.apply(constant(node.shape, node.dtype, 1), None, True)
        found.append((node, [None if part is None else np.asarray(part.array) for part in parts]))
    return found


def kink_between(left: Local, right: Local) -> Fault | None:
    """The first node whose derivative is another on the right than on the left."""
    for (node, below), (other, above) in zip(left, right, strict=False):
        if node.title != other.title:
            return _at_node(node, "another way is taken on the other side")
        for a, b in zip(below, above, strict=False):
            if a is None or b is None or a.shape != b.shape or not a.size:
                continue
            with np.errstate(all="ignore"):
                apart = np.abs(a - b).max()
                size = 1 + min(np.abs(a).max(), np.abs(b).max())
            if apart > JUMP * size:
                return _at_node(node, "the slope jumps")
    return None

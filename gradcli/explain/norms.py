"""How large the gradients on the edges of a graph are, after a backward pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradcli.autograd.freed_values import reachable
from gradcli.autograd.leaf import fresh_edge
from gradcli.autograd.node import Freed
from gradcli.tensor.tensor import Tensor, constant, shape_of

from .causes import norm
from .chain import Chain
from .readable import readable


def gradient_norms(results: Iterable[Tensor]) -> dict[tuple[Any, int], float]:
    """The norm of what each node passes to each of its inputs, by node and place of the input.

    The walk starts from ones. Nothing where no pass went through the graph, or where what it used
    is not kept any more; an edge that several results reach has the norm for the first of them.
    """
    found: dict[tuple[Any, int], float] = {}
    for result in results:
        nodes = reachable([fresh_edge(result)])
        if not _passed(nodes):
            continue
        try:
            with readable(result):
                chain = Chain(result, constant(shape_of(result), result.dtype, 1))
                for step in chain.steps():
                    for part in step.parts:
                        found.setdefault((step.node, part.place), norm(part.grad))
        except RuntimeError:  # what the pass used is gone, or a hook refuses
            continue
    return found


def _passed(nodes: Iterable[Any]) -> bool:
    return any(
        type(getattr(node, "saved", None)) is Freed
        or any(
            edge is not None and edge.number < 0 and edge.grad is not None for edge in node.edges
        )
        for node in nodes
    )

"""The graphs of first gradients under create_graph, as text: shared by the test and the recorder.

A graph is written from its outermost node inwards, `MulBackward0(x0, SinBackward0(x0))`, to a fixed
depth: `x0`, `x1` … are the inputs, `g0`, `g1` … the cotangents where these require grad, `-` is an
edge that leads nowhere and `…` what lies deeper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DEPTH = 3


class TorchNodes:
    """How PyTorch's nodes are read."""

    @staticmethod
    def title(node: Any) -> str:
        """The name of a node, without the namespace that `name()` gives some."""
        name: str = node.name()
        return name.removeprefix("torch::autograd::")

    @staticmethod
    def edges(node: Any) -> Sequence[Any]:
        """The nodes that a node leads to, None where one leads nowhere."""
        return [edge for edge, _ in node.next_functions]

    @staticmethod
    def root(tensor: Any) -> Any:
        """The node or accumulator that a tensor's gradients arrive at, or None."""
        return tensor.view_as(tensor).grad_fn.next_functions[0][0]


def graph_of(
    nodes: Any, tensor: Any, leaves: Sequence[Any], cotangents: Sequence[Any]
) -> str | None:
    """The graph behind a gradient; None where there is no gradient, `-` where it has no graph.

    `nodes` reads them as `TorchNodes` does PyTorch's.
    """
    if tensor is None:
        return None
    names = {}
    for letter, group in (("x", leaves), ("g", cotangents)):
        for index, leaf in enumerate(group):
            if leaf.requires_grad:
                names[nodes.root(leaf)] = f"{letter}{index}"
    if not tensor.requires_grad:
        return "-"
    return _described(nodes, nodes.root(tensor), names, DEPTH)


def _described(nodes: Any, node: Any, names: dict[Any, str], depth: int) -> str:
    if node is None:
        return "-"
    if node in names:
        return names[node]
    inputs = nodes.edges(node)
    if not inputs:
        return str(nodes.title(node))
    if depth == 0:
        return "…"
    inside = ", ".join(_described(nodes, edge, names, depth - 1) for edge in inputs)
    return f"{nodes.title(node)}({inside})"


def outermost(graph: str | None) -> str | None:
    """The name of the node that a gradient comes from."""
    return None if graph is None else graph.partition("(")[0]

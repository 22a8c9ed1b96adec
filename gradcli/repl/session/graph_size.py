"""The size of the graph that the session's variables hold."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from gradcli.autograd.freed_values import kept, nbytes
from gradcli.autograd.leaf import fresh_edge
from gradcli.tensor.tensor import Tensor

MOST = 20_000  # nodes, and values, that are looked at after each input
WIDEST = 1000  # items of one container


def roots_of(values: Iterable[Any]) -> list[Any]:
    """The nodes that made the tensors among some values, those in containers included."""
    found = []
    seen: set[int] = set()
    waiting = list(values)
    for value in waiting:  # grows while it is walked; what is shared is looked at once
        if type(value) is Tensor:
            if value.level is None:
                edge = fresh_edge(value)
                if edge is not None and edge.number >= 0:
                    found.append(edge)
        elif type(value) in (list, tuple, dict) and id(value) not in seen:
            seen.add(id(value))
            items = value.values() if type(value) is dict else value
            if len(waiting) < MOST:
                waiting += islice(items, WIDEST)
    return found


def live_graph(values: Iterable[Any]) -> tuple[int, int]:
    """How many nodes the values hold, and the bytes that those saved (up to MOST nodes)."""
    order = list(dict.fromkeys(roots_of(values)))
    seen = set(order)
    size = 0
    for node in order:
        if len(order) > MOST:
            break
        for edge in node.edges:
            if edge is not None and edge.number >= 0 and edge not in seen:
                seen.add(edge)
                order.append(edge)
        saved = getattr(node, "saved", None)
        found = kept(node) if saved is not None else None
        if found is not None:
            size += nbytes(found[0])
    return len(order), size

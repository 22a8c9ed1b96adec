"""What freed graphs held, for the tools that look behind a backward pass.

Note: a pass frees the saved values of its nodes. The keeper takes them over first, up to a number
of bytes; the graph that was freed first goes first. The stores hang on the passes' `Freed` markers
and hold the nodes weakly, so what is kept goes with its graph.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..tensor.tensor import Tensor
from .engine import keeper as callbacks
from .node import Freed, Node


class Keeper:
    """Keeps up to `limit` bytes of what freed nodes had saved."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.dropped = False
        self.crowd = 64
        self.passes: deque[tuple[Freed, list[int]]] = deque()
        callbacks.append(self.keep)

    def close(self) -> None:
        """Keep nothing any more."""
        callbacks.remove(self.keep)
        self.clear()

    def clear(self) -> None:
        """Let go of everything that is kept."""
        for freed, _ in self.passes:
            freed.store = None
        self.passes.clear()
        self.used = 0

    def keep(self, node: Node, freed: Freed) -> None:
        """Called by the engine before it drops the saved values of `node`."""
        if freed.store is None:
            if self.passes and self.passes[-1][0] is freed:
                return  # this pass alone is larger than the limit
            if len(self.passes) > self.crowd:
                self._forget_dead()
            freed.store = weakref.WeakKeyDictionary()  # type: ignore[assignment]
            self.passes.append((freed, [0]))
        size = sum(map(nbytes, node.saved))
        freed.store[node] = (node.saved, node.guards)  # type: ignore[index]
        self.passes[-1][1][0] += size
        self.used += size
        while self.used > self.limit and self.passes:
            self._drop_oldest(freed)

    def _forget_dead(self) -> None:
        """Leave out the passes whose graphs are gone."""
        alive = [(freed, size) for freed, size in self.passes if freed.store]
        self.used = sum(size[0] for _, size in alive)
        self.passes = deque(alive)
        self.crowd = max(64, 2 * len(alive))

    def _drop_oldest(self, current: Freed) -> None:
        oldest, size = self.passes[0]
        self.dropped = True
        oldest.store = None
        self.used -= size[0]
        size[0] = 0
        if oldest is current:
            return
        self.passes.popleft()


def nbytes(value: Any) -> int:
    """The bytes of the arrays in a saved value."""
    if isinstance(value, list | tuple):
        return sum(map(nbytes, value))
    if type(value) is Tensor:
        value = value.array
    return int(getattr(value, "nbytes", 0))


def kept(node: Any) -> tuple[Any, Any] | None:
    """The saved values and guards of a node, freed or not; None when they are gone."""
    if type(node.saved) is not Freed:
        return node.saved, node.guards
    store: Any = node.saved.store
    return None if store is None else store.get(node)


def reachable(roots: Iterable[Any]) -> list[Any]:
    """The nodes from which `roots` (nodes) were made, and they themselves, by rising number."""
    order = [root for root in dict.fromkeys(roots) if root is not None and root.number >= 0]
    seen = set(order)
    for node in order:  # grows while it is walked
        for edge in node.edges:
            if edge is not None and edge.number >= 0 and edge not in seen:
                seen.add(edge)
                order.append(edge)
    order.sort(key=lambda node: int(node.number))
    return order


class Dropped(RuntimeError):
    """What a freed graph had saved is not kept any more."""


@contextmanager
def thawed(nodes: Iterable[Any]) -> Iterator[None]:
    """Have freed nodes hold what they had saved, for as long as a tool works on them.

    Raises Dropped when that is gone. A value that has changed since is still an error when it is
    used, as before the pass.
    """
    changed: list[tuple[Any, Any]] = []
    try:
        for node in nodes:
            marker = getattr(node, "saved", None)
            if type(marker) is not Freed:
                continue
            found = kept(node)
            if found is None:
                raise Dropped(
                    "what the backward pass used is not kept any more: the limit (--keep) was "
                    "reached, or nothing was kept"
                )
            changed.append((node, marker))
            node.saved, node.guards = found
        yield
    finally:
        for node, marker in changed:
            node.saved = marker
            node.guards = None

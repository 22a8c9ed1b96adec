"""What freed graphs held, for the tools that look behind a backward pass.

Note: a pass frees the saved values of its nodes. The keeper takes them over first, up to a number
of bytes; the graph that was freed first goes first. The stores hang on the passes' `Freed` markers
and hold the nodes weakly, so what is kept goes with its graph.

Note: kept values are the program's own memory until the program writes to it, as an optimiser
does to the weights after each pass; then the keeper copies them first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, Version, alias, version_of
from .engine import keeper as callbacks
from .node import Freed, Node, before_write


class _Pass:
    """What one backward pass left: its marker, how many bytes it holds, and how a node that died
    is forgotten."""

    __slots__ = ("forget", "freed", "size")

    def __init__(self, freed: Freed) -> None:
        store: dict[Any, tuple[Any, ...]] = {}
        freed.store = store
        self.freed = freed
        self.size = 0
        self.forget = lambda dead: store.pop(dead, None)


class Keeper:
    """Keeps up to `limit` bytes of what freed nodes had saved."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self.yields: Callable[[int], bool] | None = None  # makes room in what shares the limit
        self.crowd = 64  # passes above which those whose graphs are gone are looked for
        self.passes: deque[_Pass] = deque()
        self.holders: dict[Version, list[tuple[ref[Node], Freed]]] = {}
        callbacks.append(self.keep)
        before_write.append(self.set_apart)

    def close(self) -> None:
        """Keep nothing any more; closing twice is once."""
        if self.keep in callbacks:
            callbacks.remove(self.keep)
            before_write.remove(self.set_apart)
        self.clear()

    def clear(self) -> None:
        """Let go of everything that is kept."""
        for item in self.passes:
            _empty(item.freed)
        self.passes.clear()
        self.holders.clear()
        self.used = 0

    def keep(self, node: Node, freed: Freed) -> None:
        """Called by the engine before it drops the saved values of `node`."""
        item = self._pass(freed)
        store = freed.store
        if store is None:
            return  # this pass alone is larger than the limit
        size = 0
        for value in node.saved:
            size += value.nbytes if isinstance(value, np.generic | np.ndarray) else nbytes(value)
        store[ref(node, item.forget)] = (node.saved, node.guards)
        for version in (node.guards or ())[::2]:
            if isinstance(version, Version):
                self.holders.setdefault(version, []).append((ref(node), freed))
        item.size += size
        self.used += size
        while self.yields is not None and self.yields(self.used):
            pass
        while self.used > self.limit and self._drop_oldest(freed):
            pass

    def set_apart(self, tensor: Tensor) -> None:
        """Copy what is kept of a tensor, and of those of its version: it is about to be written."""
        version = version_of(tensor)
        shared = version.memory
        same = [version]
        if shared is not None:
            same = [item for item in self.holders if item.memory is shared]
        for item in same:
            for holder, freed in self.holders.pop(item, ()):
                node = holder()
                if node is None or freed.store is None or holder not in freed.store:
                    continue
                saved, guards = freed.store[holder]
                values, checks = list(saved), list(guards)
                for index in range(0, len(checks), 2):
                    if checks[index] is item:
                        values[index // 2] = _copied(values[index // 2])
                        checks[index : index + 2] = None, 0
                        changed.setdefault(node, {})[index // 2] = runtime.where
                freed.store[holder] = tuple(values), tuple(checks)

    def _pass(self, freed: Freed) -> _Pass:
        """The record of a pass that is running; a hook may have started another one since."""
        for item in reversed(self.passes):
            if item.freed is freed:
                return item
            if freed.store is None:
                break
        if len(self.passes) > self.crowd:
            self._forget_dead()
        item = _Pass(freed)
        self.passes.append(item)
        return item

    def _forget_dead(self) -> None:
        """Leave out the passes whose graphs are gone."""
        alive = [item for item in self.passes if item.freed.store]
        for version, holders in list(self.holders.items()):
            self.holders[version] = [pair for pair in holders if pair[0]() is not None]
            if not self.holders[version]:
                del self.holders[version]
        self.used = sum(item.size for item in alive)
        self.passes = deque(alive)
        self.crowd = max(64, 2 * len(alive))

    def _drop_oldest(self, current: Freed) -> bool:
        """Empty the oldest pass; whether there may be another one to empty."""
        oldest = self.passes[0]
        _empty(oldest.freed)
        self.used -= oldest.size
        oldest.size = 0
        if oldest.freed is current:
            return False
        self.passes.popleft()
        return True


# For nodes with kept values: where which of them were written after the pass, by position.
changed: WeakKeyDictionary[Node, dict[int, int]] = WeakKeyDictionary()


def _copied(value: Any) -> Any:
    """A saved value in memory of its own."""
    if type(value) is tuple:  # a Function's tensor with its edge
        return (_copied(value[0]), *value[1:])
    if type(value) is Tensor:
        other = alias(value)
        other.array = np.array(value.array)[()]
        return other
    return np.array(value)[()] if isinstance(value, np.ndarray) else value


def _empty(freed: Freed) -> None:
    """Drop what a pass left; its store is emptied because the weak references lead back to it."""
    if freed.store is not None:
        freed.store.clear()
    freed.store = None


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
    return None if store is None else store.get(ref(node))


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

    Raises Dropped when that is gone. Of a value that was written since they hold what the pass
    used; `changed` tells where it was written.
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

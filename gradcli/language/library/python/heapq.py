"""The module `heapq`: the smallest item of a list is kept in front.

Items go the same ways as in Python, so that the list looks the same in between.
"""

from __future__ import annotations

from typing import Any

from gradcli.language.machine.sizes import index_of, sort_in_place
from gradcli.language.machine.state import counted, feed, machine
from gradcli.language.values.attributes import Module
from gradcli.language.values.constructors import callable_value

from .ordering import less


def _list(heap: Any, name: str) -> list[Any]:
    if not isinstance(heap, list):
        place = "argument" if name == "heapify" or name == "heappop" else "argument 1"
        raise TypeError(f"{name}() {place} must be list, not {type(heap).__name__}")
    return heap


def _up(heap: list[Any], first: int, at: int) -> None:
    """Move the item at `at` towards the front, past those that are larger."""
    item = heap[at]
    while at > first:
        parent = (at - 1) >> 1
        if not less(item, heap[parent]):
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = item


def _down(heap: list[Any], at: int) -> None:
    """Move the item at `at` to the end along the smaller children, then up to its place."""
    first = at
    end = len(heap)
    item = heap[at]
    child = 2 * at + 1
    while child < end:
        if child + 1 < end and not less(heap[child], heap[child + 1]):
            child += 1
        if len(heap) != end:
            raise RuntimeError("list changed size during iteration")
        heap[at] = heap[child]
        at = child
        child = 2 * at + 1
    heap[at] = item
    _up(heap, first, at)


def _heappush(heap: Any, item: Any, /) -> None:
    _list(heap, "heappush").append(item)
    _up(heap, 0, len(heap) - 1)


def _heappop(heap: Any, /) -> Any:
    if not _list(heap, "heappop"):
        raise IndexError("index out of range")
    last = heap.pop()
    if not heap:
        return last
    found, heap[0] = heap[0], last
    _down(heap, 0)
    return found


def _heapreplace(heap: Any, item: Any, /) -> Any:
    if not _list(heap, "heapreplace"):
        raise IndexError("index out of range")
    found, heap[0] = heap[0], item
    _down(heap, 0)
    return found


def _heappushpop(heap: Any, item: Any, /) -> Any:
    if _list(heap, "heappushpop") and less(heap[0], item):
        item, heap[0] = heap[0], item
        _down(heap, 0)
    return item


def _heapify(heap: Any, /) -> None:
    for at in reversed(range(len(_list(heap, "heapify")) >> 1)):
        _down(heap, at)


def _sorted(iterable: Any, key: Any, reverse: bool) -> list[Any]:
    items = list(feed(iterable))
    sort_in_place(items, None if key is None else callable_value(key), reverse)
    return items


def _chosen(n: Any, iterable: Any, key: Any, reverse: bool) -> list[Any]:
    n = index_of(n)
    items = _sorted(iterable, key, reverse)
    return items[: max(n, 0)]


def _merge(*iterables: Any, key: Any = None, reverse: Any = False) -> Any:
    items = [item for iterable in iterables for item in counted(iterable)]
    return iter(_sorted(items, key, bool(reverse)))


def module() -> Module:
    """The module `heapq`."""
    machine.spend(1)
    return Module(
        "heapq",
        {
            "heappush": _heappush,
            "heappop": _heappop,
            "heapify": _heapify,
            "heapreplace": _heapreplace,
            "heappushpop": _heappushpop,
            "nlargest": lambda n, iterable, key=None: _chosen(n, iterable, key, True),
            "nsmallest": lambda n, iterable, key=None: _chosen(n, iterable, key, False),
            "merge": _merge,
        },
    )

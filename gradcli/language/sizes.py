"""How much work a container is for Python's own `repr`, `==` and `hash`.

Containers that share parts can stand for exponentially more than they hold, and deep ones would
exhaust the stack of the process inside one call of the host. `weigh` counts before that happens,
in time linear in the distinct parts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from gradcli.tensor.tensor import Tensor

from .machine import feed, machine

DEPTH = 1000

PLAIN = frozenset((int, float, bool, str, complex, type(None), Tensor, range, type))
_containers = (list, tuple, dict, set, frozenset, deque, BaseException, slice)


def is_container(value: Any) -> bool:
    return isinstance(value, _containers)


def weigh(value: Any) -> int:
    """The size of a container as a tree of text: shared parts count each time.

    Raises RecursionError for one that is nested too deeply.
    """
    memo: dict[int, int] = {}
    return _weigh(value, memo, 0)


def _weigh(value: Any, memo: dict[int, int], depth: int) -> int:
    key = id(value)
    known = memo.get(key)
    if known is not None:
        return known
    if depth > DEPTH:
        raise RecursionError("maximum recursion depth exceeded")
    memo[key] = 8  # stands for itself inside of itself
    total = 2
    parts = value
    if isinstance(value, BaseException):
        parts = value.args
    elif type(value) is slice:
        parts = (value.start, value.stop, value.step)
    machine.fuel -= len(parts) >> 3
    if machine.fuel < 0:
        machine.refuel()
    for item in parts:
        kind = type(item)
        if kind is str:
            total += len(item) + 4
        elif kind in PLAIN or not isinstance(item, _containers):
            total += 8
        else:
            total += _weigh(item, memo, depth + 1)
    if isinstance(value, dict):
        for item in value.values():
            total += 8
            if isinstance(item, str):
                total += len(item)
            elif isinstance(item, _containers):
                total += _weigh(item, memo, depth + 1)
    memo[key] = total
    return total


def check_text(value: Any) -> None:
    """Refuse the text of a container that would be too long or too deep."""
    if isinstance(value, _containers):
        size = weigh(value)
        machine.reserve(4 * size)
        if size > 4096:
            machine.spend(size >> 6)
    elif isinstance(value, str):
        machine.reserve(4 * len(value))


def check_walk(value: Any) -> None:
    """Count what `==`, `<` or `hash` may look at as steps."""
    if isinstance(value, _containers):
        size = weigh(value)
        if size > 4096:
            machine.spend(size >> 6)


def check_key(key: Any) -> None:
    """Count what hashing a key looks at; only nested tuples can be expensive."""
    if isinstance(key, tuple | frozenset):
        for item in key:
            if isinstance(item, tuple | frozenset):
                check_walk(key)
                return


def feed_keys(iterable: Any) -> Any:
    """The items of an iterable that are about to be hashed."""
    return _keys(feed(iterable)) if hasattr(type(iterable), "__iter__") else iterable


def _keys(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if type(item) is tuple or type(item) is frozenset:
            check_key(item)
        yield item

"""Iterators that programs put on top of each other: `map`, `zip`, `itertools`.

The host's own iterators call each other on the stack of the process, without looking at its depth.
An iterator over another one is therefore wrapped in an object that knows how deep it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from gradcli.language.machine.sizes import DEPTH, PARTS
from gradcli.language.machine.state import counted

from .identity import address_text
from .text import text_repr

MANY = 1_000_000  # a longer range is counted by whoever iterates over it


class Lazy:
    """An iterator over other iterators; `depth` is how many are on top of each other.

    `shown` holds what its text says in parentheses, where it says anything (`count(0)`).
    """

    __slots__ = ("depth", "iterator", "shown")

    def __init__(
        self, iterator: Iterator[Any], depth: int, shown: tuple[Any, ...] | None = None
    ) -> None:
        self.iterator = iterator
        self.depth = depth
        self.shown = shown

    def __iter__(self) -> Lazy:
        return self

    def __next__(self) -> Any:
        return next(self.iterator)

    def __repr__(self) -> str:
        if self.shown is not None:
            return f"{type(self).__name__}({', '.join(map(text_repr, self.shown))})"
        kind = type(self)
        module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
        return f"<{module}{kind.__name__} object at {address_text(self)}>"


PARTS[Lazy] = lambda value: value.shown or ()

_kinds: dict[str, type[Lazy]] = {}


def lazy_kind(name: str) -> type[Lazy]:
    """The class of wrapped iterators that programs know by this name."""
    kind = _kinds.get(name)
    if kind is None:
        module = "itertools" if name in vars(itertools) or name == "batched" else "builtins"
        kind = _kinds[name] = type(name, (Lazy,), {"__slots__": (), "__module__": module})
    return kind


def wrapped(
    name: str, iterator: Iterator[Any], depth: int, shown: tuple[Any, ...] | None = None
) -> Lazy:
    """An iterator as an object of a class with the name that programs know."""
    return lazy_kind(name)(iterator, depth, shown)


def depth_of(value: Any) -> int:
    """How many iterators `value` stands on; 0 for what is no iterator."""
    found = getattr(type(value), "depth", None)
    if found is not None:
        depth: int = value.depth
        return depth
    return 1 if hasattr(type(value), "__next__") else 0


def deeper(values: tuple[Any, ...]) -> int:
    """The depth of an iterator over `values`. Raises RecursionError when there are too many."""
    depth = max([depth_of(value) for value in values], default=0)
    if depth >= DEPTH:
        raise RecursionError("maximum recursion depth exceeded")
    return depth + 1


def lazy(name: str, make: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """`make(*args)`, wrapped when it stands on another iterator."""
    depth = deeper(args)
    made = make(*args, **kwargs)
    if any(type(a) is range and a[MANY:] for a in args):
        made = counted(made)
    elif depth == 1:
        return made
    return wrapped(name, made, depth)


def endless(
    name: str, made: Iterator[Any], *args: Any, shown: tuple[Any, ...] | None = None
) -> Lazy:
    """An iterator without an end: it counts by itself, whoever takes from it."""
    return wrapped(name, counted(made), deeper(args), shown)


def lazy_counted(iterable: Any) -> Any:
    """`counted(iterable)` that knows its depth."""
    return wrapped("generator", counted(iter(iterable)), deeper((iterable,)))

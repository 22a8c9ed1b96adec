"""Comparisons of containers in which there are objects of a program.

A special method that a program wrote may change the containers that the host is comparing, after
their sizes were checked. So these are walked here, and what two parts look at is checked when it
is their turn.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from gradcli.language.machine.sizes import ITEM_VIEWS, PLAIN, check_walk, steadied
from gradcli.language.machine.state import machine
from gradcli.tensor.mappings import Counter, OrderedDict

_SEQUENCES = (list, tuple, deque, slice)


class Steady:
    """The left side of a comparison, or a key of a sort."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> Any:
        return equal(self.value, bare(other))

    def __ne__(self, other: object) -> Any:
        return not equal(self.value, bare(other))

    def __lt__(self, other: object) -> Any:
        return _ordered(operator.lt, self.value, bare(other))

    def __le__(self, other: object) -> Any:
        return _ordered(operator.le, self.value, bare(other))

    def __gt__(self, other: object) -> Any:
        return _ordered(operator.gt, self.value, bare(other))

    def __ge__(self, other: object) -> Any:
        return _ordered(operator.ge, self.value, bare(other))

    __hash__ = None  # type: ignore[assignment]


def bare(value: Any) -> Any:
    """The value itself, where it stands wrapped as Steady."""
    return value.value if type(value) is Steady else value


def _steadied(items: list[Any]) -> list[Any]:
    """Keys of a sort, each checked when it is compared."""
    return [Steady(item) for item in items]


steadied.append(_steadied)


def needs_care(value: Any) -> bool:
    """Count what a comparison looks at; whether a container has objects of a program in it."""
    return check_walk(value) and isinstance(value, (*_SEQUENCES, dict, *ITEM_VIEWS))


def same(left: Any, right: Any) -> bool:
    """Whether the host takes two parts of containers for equal."""
    machine.spend(1)
    if left is right:
        return True
    if type(left) in PLAIN or type(right) in PLAIN:
        return bool(left == right)
    if needs_care(left) and needs_care(right):
        return bool(equal(left, right))
    return bool(left == right)


def _kind_of(left: Any, right: Any) -> Any:
    return next(
        (kind for kind in _SEQUENCES if isinstance(left, kind) and isinstance(right, kind)), None
    )


def equal(left: Any, right: Any) -> Any:
    """`left == right`."""
    views: tuple[Any, ...] = ITEM_VIEWS
    if isinstance(left, views) and isinstance(right, views):
        return len(left) == len(right) and _holds(right, left)
    if isinstance(left, dict) and isinstance(right, dict):
        return _equal_mappings(left, right)
    if _kind_of(left, right) is None:
        return left == right
    left, right = _walked(left), _walked(right)
    if len(left) != len(right):
        return False
    at = _first_difference(left, right)
    return at == len(left) == len(right)


def _equal_mappings(left: Any, right: Any) -> bool:
    if isinstance(left, Counter) and isinstance(right, Counter):
        keys = [*left, *(key for key in right if key not in left)]
        return all(same(left[key], right[key]) for key in keys)
    if len(left) != len(right) or not _holds(right.items(), left.items()):
        return False
    if isinstance(left, OrderedDict) and isinstance(right, OrderedDict):
        return all(map(same, list(left), list(right)))
    return True


def _holds(view: Any, items: Any) -> bool:
    """Whether a view of items has all of these."""
    mapping = view.mapping
    return all(key in mapping and same(value, mapping[key]) for key, value in list(items))


def _walked(value: Any) -> Any:
    return (value.start, value.stop, value.step) if type(value) is slice else value


def _first_difference(left: Any, right: Any) -> int:
    at = 0
    while at < len(left) and at < len(right) and same(left[at], right[at]):
        at += 1
    return at


def _ordered(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """`left < right` and its like."""
    if isinstance(left, ITEM_VIEWS) and isinstance(right, ITEM_VIEWS):
        if compare in (operator.gt, operator.ge):
            left, right, compare = right, left, _TURNED[compare]
        return compare(len(left), len(right)) and _holds(right, left)
    if isinstance(left, Counter) and isinstance(right, Counter):
        return _ordered_counts(compare, left, right)
    if _kind_of(left, right) is None:
        return compare(left, right)
    left, right = _walked(left), _walked(right)
    at = _first_difference(left, right)
    if at >= len(left) or at >= len(right):
        return compare(len(left), len(right))
    first, second = left[at], right[at]
    if needs_care(first) and needs_care(second):
        return _ordered(compare, first, second)
    return compare(first, second)


_TURNED = {operator.gt: operator.lt, operator.ge: operator.le}


def _ordered_counts(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> bool:
    """Whether each count of one is below that of the other, as `<=` of counters asks."""
    wide = compare in (operator.le, operator.ge)
    below = operator.le if compare in (operator.le, operator.lt) else operator.ge
    keys = [*left, *(key for key in right if key not in left)]
    for key in keys:
        machine.spend(1)
        one, other = left[key], right[key]
        care = needs_care(one) and needs_care(other)
        if not (_ordered(below, one, other) if care else below(one, other)):
            return False
    return wide or not _equal_mappings(left, right)


def found_in(items: Iterable[Any], wanted: Any) -> int:
    """The place of the first item that is equal to `wanted`, or -1."""
    for at, item in enumerate(items):
        if same(item, wanted):
            return at
    return -1

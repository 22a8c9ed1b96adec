"""The module `bisect`: places in a sorted sequence."""

from __future__ import annotations

from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.values.arithmetic import check_item
from gradcli.language.values.attributes import Module, load_attribute
from gradcli.language.values.constructors import callable_value

from .ordering import less


def _place(a: Any, x: Any, lo: Any, hi: Any, key: Any, right: bool) -> int:
    lo, hi = index_of(lo), index_of(hi)
    if lo < 0:
        raise ValueError("lo must be non-negative")
    if hi is None:
        hi = len(a)
    function = None if key is None else callable_value(key)
    while lo < hi:
        middle = (lo + hi) // 2
        check_item(a, middle)
        item = a[middle] if function is None else function(a[middle])
        if less(x, item) if right else not less(item, x):
            hi = middle
        else:
            lo = middle + 1
    return lo  # type: ignore[no-any-return]


def _right(a: Any, x: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> int:
    return _place(a, x, lo, hi, key, True)


def _left(a: Any, x: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> int:
    return _place(a, x, lo, hi, key, False)


def _insert(right: bool) -> Any:
    def insert(a: Any, x: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> None:
        wanted = x if key is None else callable_value(key)(x)
        at = _place(a, wanted, lo, hi, key, right)
        load_attribute(a, "insert")(at, x)

    return insert


def module() -> Module:
    """The module `bisect`."""
    return Module(
        "bisect",
        {
            "bisect": _right,
            "bisect_right": _right,
            "bisect_left": _left,
            "insort": _insert(True),
            "insort_right": _insert(True),
            "insort_left": _insert(False),
        },
    )

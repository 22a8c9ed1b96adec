"""Comparisons of two values of a program, weighed before the host makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.arithmetic import check_compare

_NUMBERS = frozenset((int, float))


def compared(compare: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """`compare(left, right)`, for one of the host's comparisons."""
    steady = check_compare(left, right)
    return compare(left if steady is None else steady, right)


def less(left: Any, right: Any) -> bool:
    """Whether `left < right`. A comparison is a step."""
    machine.fuel -= 1
    if machine.fuel < 0:
        machine.refuel()
    if type(left) not in _NUMBERS or type(right) not in _NUMBERS:
        steady = check_compare(left, right)
        left = left if steady is None else steady
    return bool(left < right)


def equal(left: Any, right: Any) -> bool:
    """Whether Python takes two parts of a container for equal."""
    if left is right:
        return True
    steady = check_compare(left, right)
    return bool((left if steady is None else steady) == right)

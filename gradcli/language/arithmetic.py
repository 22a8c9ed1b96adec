"""Operators on values that can blow up from their size: refused before they are computed.

The compiled closures send tensors and floats straight to Python's operator; everything else comes
here. What is no number, text or container goes on to Python's operator, whose rules (`__radd__`,
`NotImplemented`, the sentence of the TypeError) are the language's rules.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from gradcli.tensor.runtime import LimitExceeded, runtime

from .machine import QUANTUM, counted, machine
from .sizes import PLAIN, check_walk, is_container

MAX_BITS = 1 << 20  # bits of the largest integer; dividing two of them takes 0.3 s

_sequences = (str, list, tuple)


def refuse_integer() -> None:
    """Raise for an integer that would be too large."""
    raise LimitExceeded(f"an integer of more than {MAX_BITS:,} bits is refused", "max-memory")


def is_sequence(value: Any) -> bool:
    kind = type(value)
    return kind in _sequences or isinstance(value, str | list | tuple)


def is_array(value: Any) -> bool:
    return type(value).__module__ == "numpy"


def width_of(value: Any) -> int:
    """Bytes per element of a sequence."""
    return 4 if isinstance(value, str) else 8


def check_broadcast(left: Any, right: Any) -> None:
    """Refuse the broadcast of two arrays that would be too large."""
    a: tuple[int, ...] = getattr(left, "shape", ())
    b: tuple[int, ...] = getattr(right, "shape", ())
    size = 16
    for at in range(1, max(len(a), len(b)) + 1):
        size *= max(a[-at] if at <= len(a) else 1, b[-at] if at <= len(b) else 1)
    runtime.reserve(size)


def on_arrays(apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """`apply(left, right)` where one of the two is an array or a number of NumPy.

    Raises TypeError where NumPy would make an array of objects.
    """
    from . import numpy_checks

    (check_matmul if apply in _PRODUCTS else check_broadcast)(left, right)
    return numpy_checks.operation(apply, left, right)


_PRODUCTS = (operator.matmul, operator.imatmul)


def add(left: Any, right: Any) -> Any:
    if type(left) is int and type(right) is int:
        return left + right
    if is_sequence(left) and is_sequence(right):
        machine.reserve((len(left) + len(right)) * width_of(left))
    elif is_array(left) or is_array(right):
        return on_arrays(operator.add, left, right)
    return left + right


def sub(left: Any, right: Any) -> Any:
    if type(left) is not int and (is_array(left) or is_array(right)):
        return on_arrays(operator.sub, left, right)
    return left - right


def mul(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        if left.bit_length() + right.bit_length() > MAX_BITS:
            refuse_integer()
    elif is_array(left) or is_array(right):
        return on_arrays(operator.mul, left, right)
    elif isinstance(left, int):
        if is_sequence(right) or type(right).__name__ == "deque":
            _check_repeat(right, left)
    elif isinstance(right, int) and (is_sequence(left) or type(left).__name__ == "deque"):
        _check_repeat(left, right)
    return left * right


def _check_repeat(sequence: Any, count: int) -> None:
    if count > 1:
        machine.reserve(len(sequence) * count * width_of(sequence))


def truediv(left: Any, right: Any) -> Any:
    if is_array(left) or is_array(right):
        return on_arrays(operator.truediv, left, right)
    return left / right


def floordiv(left: Any, right: Any) -> Any:
    if is_array(left) or is_array(right):
        return on_arrays(operator.floordiv, left, right)
    return left // right


def mod(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        from .text import percent

        return percent(left, right)
    if is_array(left) or is_array(right):
        return on_arrays(operator.mod, left, right)
    return left % right


def power(left: Any, right: Any) -> Any:
    if isinstance(left, int) and isinstance(right, int):
        if right > 1 and left.bit_length() > 1 and left.bit_length() * right > MAX_BITS + right:
            refuse_integer()
    elif is_array(left) or is_array(right):
        return on_arrays(operator.pow, left, right)
    return left**right


def matmul(left: Any, right: Any) -> Any:
    if is_array(left) or is_array(right):
        return on_arrays(operator.matmul, left, right)
    return left @ right


def check_matmul(left: Any, right: Any) -> None:
    """Refuse a product of arrays that would be too large."""
    a: tuple[int, ...] = getattr(left, "shape", ())
    b: tuple[int, ...] = getattr(right, "shape", ())
    size = 16
    for at in range(3, max(len(a), len(b)) + 1):
        size *= max(a[-at] if at <= len(a) else 1, b[-at] if at <= len(b) else 1)
    size *= (a[-2] if len(a) > 1 else 1) * (b[-1] if len(b) > 1 else 1)
    runtime.reserve(size)


def lshift(left: Any, right: Any) -> Any:
    if (
        isinstance(left, int)
        and isinstance(right, int)
        and left
        and right + left.bit_length() > MAX_BITS
    ):
        refuse_integer()
    if is_array(left) or is_array(right):
        return on_arrays(operator.lshift, left, right)
    return left << right


def rshift(left: Any, right: Any) -> Any:
    if is_array(left) or is_array(right):
        return on_arrays(operator.rshift, left, right)
    return left >> right


def bit_and(left: Any, right: Any) -> Any:
    if is_array(left) or is_array(right):
        return on_arrays(operator.and_, left, right)
    return left & right


def bit_or(left: Any, right: Any) -> Any:
    if is_array(left) or is_array(right):
        return on_arrays(operator.or_, left, right)
    _charge_union(left, right)
    return left | right


def bit_xor(left: Any, right: Any) -> Any:
    if is_array(left) or is_array(right):
        return on_arrays(operator.xor, left, right)
    _charge_union(left, right)
    return left ^ right


def _charge_union(left: Any, right: Any) -> None:
    if isinstance(left, set | frozenset | dict) and isinstance(right, set | frozenset | dict):
        size = len(left) + len(right)
        if size > QUANTUM:
            machine.spend(size)
        machine.reserve(size * 64)


def check_compare(left: Any, right: Any) -> None:
    """Refuse or count a comparison that could be large."""
    if is_array(left) or is_array(right):
        from .numpy_checks import check_comparison

        check_broadcast(left, right)
        check_comparison(left, right)
    elif is_container(left) and is_container(right):
        check_walk(left)


def contains(container: Any, item: Any) -> bool:
    """`item in container`, counted where it looks at one item after another."""
    kind = type(container)
    if type(item) not in PLAIN:
        check_walk(item)
    if kind is list or kind is tuple or kind is str:
        if len(container) > QUANTUM:
            if kind is not str:
                return item in _Steps(container)
            machine.spend(len(container) // 64)
    elif kind is range:
        if type(item) is not int and type(item) is not bool:
            return item in counted(container)
    elif hasattr(kind, "__next__"):
        return item in counted(container)
    return item in container


class _Steps:
    """A long sequence whose items are counted when Python looks for one."""

    __slots__ = ("items",)

    def __init__(self, items: Any) -> None:
        self.items = items

    def __iter__(self) -> Any:
        return counted(self.items)


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": add,
    "-": sub,
    "*": mul,
    "/": truediv,
    "//": floordiv,
    "%": mod,
    "**": power,
    "@": matmul,
    "<<": lshift,
    ">>": rshift,
    "&": bit_and,
    "|": bit_or,
    "^": bit_xor,
}

_in_place: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.iadd,
    "-": operator.isub,
    "*": operator.imul,
    "/": operator.itruediv,
    "//": operator.ifloordiv,
    "%": operator.imod,
    "**": operator.ipow,
    "@": operator.imatmul,
    "<<": operator.ilshift,
    ">>": operator.irshift,
    "&": operator.iand,
    "|": operator.ior,
    "^": operator.ixor,
}


def augmented(op: str) -> Callable[[Any, Any], Any]:
    """The function of an augmented assignment: in place where the left side can."""
    plain = BINARY[op]
    in_place = _in_place[op]
    refusal = f"unsupported operand type(s) for {op}{' or pow()' if op == '**' else ''}: "

    def assign(left: Any, right: Any) -> Any:
        kind = type(left)
        if kind is int or kind is float or kind is str or kind is tuple or kind is bool:
            try:
                return plain(left, right)
            except TypeError as error:
                begin, found, rest = str(error).partition(refusal)
                if found and not begin:
                    error.args = (f"unsupported operand type(s) for {op}=: {rest}",)
                raise
        if kind is list:
            if op == "+":
                if hasattr(right, "__len__"):
                    machine.reserve(8 * len(right))
                if right is left:
                    right = list(right)
                left.extend(_items(right))
                return left
            if op == "*" and isinstance(right, int):
                _check_repeat(left, right)
        elif kind.__module__ == "numpy" or is_array(right):
            return on_arrays(in_place, left, right)
        elif kind.__name__ == "deque":
            if op == "*" and isinstance(right, int):
                _check_repeat(left, right)
            elif op == "+":
                right = counted(list(right) if right is left else right)
        elif op in "|^":
            _charge_union(left, right)
        return in_place(left, right)

    return assign


def _items(value: Any) -> Any:
    iterator = iter(value)
    return value if type(value) in (list, tuple) else counted(iterator)

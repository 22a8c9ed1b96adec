"""Operators on values that can blow up from their size: refused before they are computed.

The compiled closures send tensors and floats straight to Python's operator; everything else comes
here. What is no number, text or container goes on to Python's operator, whose rules (`__radd__`,
`NotImplemented`, the sentence of the TypeError) are the language's rules.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import (
    ITEM_VIEWS,
    PLAIN,
    SET_VIEWS,
    VALUE_VIEWS,
    check_key,
    check_keys,
    check_search,
    check_walk,
    feed_keys,
    index_of,
    is_flat,
    update_mapping,
)
from gradcli.language.machine.state import QUANTUM, counted, feed, machine
from gradcli.tensor.mappings import Counter
from gradcli.tensor.runtime import LimitExceeded
from gradcli.tensor.tensor import Size, Tensor

from .array_sizes import check_array, check_broadcast, check_matmul, is_array, see_array
from .comparing import Steady, found_in, needs_care, same

MAX_BITS = 1 << 20  # bits of the largest integer; dividing two of them takes 0.3 s

_sequences = (str, list, tuple, deque)


def refuse_integer() -> None:
    """Raise for an integer that would be too large."""
    raise LimitExceeded(f"an integer of more than {MAX_BITS:,} bits is refused", "max-memory")


def is_sequence(value: Any) -> bool:
    """Whether a value is repeated by `*`, as texts and lists are."""
    return isinstance(value, _sequences)


def width_of(value: Any) -> int:
    """Bytes per element of a sequence."""
    return 4 if isinstance(value, str) else 8


def on_arrays(apply: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    """`apply(left, right)` where one of the two is an array or a number of NumPy.

    Raises TypeError where NumPy would make an array of objects.
    """
    from . import numpy_checks

    (check_matmul if apply in _PRODUCTS else check_broadcast)(left, right)
    return numpy_checks.operation(apply, left, right)


_PRODUCTS = (operator.matmul, operator.imatmul)


def add(left: Any, right: Any) -> Any:
    """`left + right`. Raises LimitExceeded when the result would be too large."""
    if type(left) is int and type(right) is int:
        return left + right
    if is_sequence(left) and is_sequence(right):
        machine.reserve((len(left) + len(right)) * width_of(left))
    elif is_array(left) or is_array(right):
        return on_arrays(operator.add, left, right)
    elif type(right) is Size and hasattr(type(left), "__iter__"):
        left = tuple(feed(left))
    elif type(left) is Counter and isinstance(right, Counter):
        return _counted_op(left, right, add, add)
    return left + right


def sub(left: Any, right: Any) -> Any:
    """`left - right`. Raises LimitExceeded when the result would be too large."""
    if type(left) is not int:
        if is_array(left) or is_array(right):
            return on_arrays(operator.sub, left, right)
        if type(left) is Counter and isinstance(right, Counter):
            return _counted_op(left, right, sub, sub)
        left, right = _as_sets(left, right)
    return left - right


def _counted_op(
    left: Counter[Any],
    right: Counter[Any],
    both: Callable[[Any, Any], Any],
    alone: Callable[[Any, Any], Any] | None,
) -> Counter[Any]:
    """`left op right` for two counters: the positive counts of their keys.

    `both` joins the counts of a key that both have, `alone` 0 and that of one that only `right`
    has; None leaves such keys out.
    """
    machine.reserve(64 * (len(left) + len(right)))
    check_keys(right)
    result: Counter[Any] = Counter()
    for key in counted(left):
        count = both(left[key], right[key])
        if count > 0:
            result[key] = count
    if alone is not None:
        for key in counted(right):
            if key not in left:
                count = alone(0, right[key])
                if count > 0:
                    result[key] = count
    return result


def mul(left: Any, right: Any) -> Any:
    """`left * right`, repeated sequences among them. Raises LimitExceeded as `add` does."""
    if isinstance(left, int):
        if isinstance(right, int):
            if left.bit_length() + right.bit_length() > MAX_BITS:
                refuse_integer()
            return left * right
        if is_sequence(right):
            _check_repeat(right, left)
    elif is_sequence(left):
        right = _times(left, right)
    elif is_sequence(right):
        left = _times(right, left)
    if is_array(left) or is_array(right):
        return on_arrays(operator.mul, left, right)
    return left * right


def _times(sequence: Any, count: Any) -> Any:
    """How often a sequence is to be repeated; anything else than a number as it is."""
    kind = type(count)
    if kind is not Tensor and not is_array(count):
        if not hasattr(kind, "__rmul__"):  # an object with it answers for itself
            count = index_of(count)
        if isinstance(count, int):
            _check_repeat(sequence, count)
    elif not getattr(count, "shape", ()):
        try:
            number = operator.index(count)
        except TypeError:
            return count
        _check_repeat(sequence, number)
    else:
        check_broadcast(sequence, count)
    return count


def _check_repeat(sequence: Any, count: int) -> None:
    if count > 1:
        machine.reserve(len(sequence) * count * width_of(sequence))


def truediv(left: Any, right: Any) -> Any:
    """`left / right`. Raises LimitExceeded when the result would be too large."""
    if is_array(left) or is_array(right):
        return on_arrays(operator.truediv, left, right)
    return left / right


def _check_division(left: Any) -> None:
    if isinstance(left, int) and left.bit_length() > MAX_BITS:
        refuse_integer()


def quotient_and_rest(left: Any, right: Any) -> Any:
    """`divmod(left, right)`."""
    _check_division(left)
    if is_array(left) or is_array(right):
        return on_arrays(divmod, left, right)
    return divmod(left, right)


def floordiv(left: Any, right: Any) -> Any:
    """`left // right`. Raises LimitExceeded for an integer too large to divide."""
    _check_division(left)
    if is_array(left) or is_array(right):
        return on_arrays(operator.floordiv, left, right)
    return left // right


def mod(left: Any, right: Any) -> Any:
    """`left % right`: the rest, or a text with values in its places."""
    if isinstance(left, str):
        from .text import percent

        return percent(left, right)
    _check_division(left)
    if is_array(left) or is_array(right):
        return on_arrays(operator.mod, left, right)
    return left % right


def power(left: Any, right: Any) -> Any:
    """`left ** right`. Raises LimitExceeded for an integer that would be too large."""
    if isinstance(left, int) and isinstance(right, int):
        if right > 1 and left.bit_length() > 1 and left.bit_length() * right > MAX_BITS + right:
            refuse_integer()
    elif is_array(left) or is_array(right):
        return on_arrays(operator.pow, left, right)
    return left**right


def matmul(left: Any, right: Any) -> Any:
    """`left @ right`."""
    if is_array(left) or is_array(right):
        return on_arrays(operator.matmul, left, right)
    return left @ right


def lshift(left: Any, right: Any) -> Any:
    """`left << right`. Raises LimitExceeded for an integer that would be too large."""
    if isinstance(left, int) and isinstance(right, int):
        if left and right + left.bit_length() > MAX_BITS:
            refuse_integer()
    elif is_array(left) or is_array(right):
        return on_arrays(operator.lshift, left, right)
    return left << right


def rshift(left: Any, right: Any) -> Any:
    """`left >> right`."""
    if is_array(left) or is_array(right):
        return on_arrays(operator.rshift, left, right)
    return left >> right


def bit_and(left: Any, right: Any) -> Any:
    """`left & right`, of sets and Counters too."""
    if is_array(left) or is_array(right):
        return on_arrays(operator.and_, left, right)
    if type(left) is Counter and isinstance(right, Counter):
        return _counted_op(left, right, _lesser, None)
    left, right = _as_sets(left, right)
    return left & right


def _lesser(left: Any, right: Any) -> Any:
    steady = check_compare(right, left)
    return right if (right if steady is None else steady) < left else left


def _greater(left: Any, right: Any) -> Any:
    steady = check_compare(right, left)
    return right if (right if steady is None else steady) > left else left


def bit_or(left: Any, right: Any) -> Any:
    """`left | right`, of sets, dicts and Counters too."""
    if is_array(left) or is_array(right):
        return on_arrays(operator.or_, left, right)
    if type(left) is Counter and isinstance(right, Counter):
        return _counted_op(left, right, _greater, _greater)
    left, right = _as_sets(left, right)
    return left | right


def bit_xor(left: Any, right: Any) -> Any:
    """`left ^ right`, of sets too."""
    if is_array(left) or is_array(right):
        return on_arrays(operator.xor, left, right)
    left, right = _as_sets(left, right)
    return left ^ right


_unordered: Any = (set, frozenset, dict, *SET_VIEWS)


def _as_sets(left: Any, right: Any) -> tuple[Any, Any]:
    """The operands of `& | ^ -` for sets, dictionaries and their views, counted.

    What is joined with a view may be any iterable: it becomes a set here.
    """
    if not isinstance(left, _unordered) and not isinstance(right, _unordered):
        return left, right
    if isinstance(left, SET_VIEWS) or isinstance(right, SET_VIEWS):
        left, right = _as_set(left), _as_set(right)
    if not isinstance(left, _unordered) or not isinstance(right, _unordered):
        return left, right
    size = len(left) + len(right)
    if size > QUANTUM:
        machine.spend(size)
    machine.reserve(size * 64)
    check_keys(left)
    check_keys(right)
    return left, right


def _as_set(value: Any) -> Any:
    if isinstance(value, _unordered) or not hasattr(type(value), "__iter__"):
        return value
    return set(feed_keys(value))


def check_compare(left: Any, right: Any) -> Steady | None:
    """Refuse or count a comparison that could be large.

    Returns what to compare in place of `left` where the host cannot, because objects of a program
    are in it.
    """
    if is_array(left) or is_array(right):
        from .numpy_checks import check_comparison

        check_broadcast(left, right)
        check_comparison(left, right)
    elif type(right) not in PLAIN and not is_flat(left) and needs_care(left):
        return Steady(left)
    return None


def contains(container: Any, item: Any) -> bool:
    """`item in container`, counted where it looks at one item after another."""
    kind = type(container)
    if kind is list or kind is tuple or kind is deque:
        if type(item) not in PLAIN and check_search(container, item):
            return found_in(container, item) >= 0
        if len(container) > QUANTUM:
            return item in _Steps(container)
    elif kind is str:
        if len(container) > QUANTUM:
            machine.spend(len(container) // 64)
    elif kind is range:
        if type(item) is not int and type(item) is not bool:
            return item in counted(container)
    elif hasattr(kind, "__next__"):
        if needs_care(item):
            return found_in(container, item) >= 0
        return item in counted(container)
    elif type(item) not in PLAIN:
        careful = check_walk(item)
        if kind in VALUE_VIEWS and check_search(container, item):
            return found_in(container, item) >= 0
        if kind in ITEM_VIEWS and careful and type(item) is tuple and len(item) == 2:
            found = container.mapping.get(item[0], container)
            return found is not container and same(found, item[1])
    elif kind in VALUE_VIEWS and len(container) > QUANTUM:
        return item in _Steps(container)
    return item in container


class _Steps:
    """A long sequence whose items are counted when Python looks for one."""

    __slots__ = ("items",)

    def __init__(self, items: Any) -> None:
        self.items = items

    def __iter__(self) -> Any:
        return counted(self.items)


def check_item(container: Any, key: Any) -> Any:
    """The key of `container[key]` when it is no int and no text: what is looked up is counted."""
    kind = type(container)
    if type(key) is slice:
        if hasattr(kind, "__len__") and kind is not Tensor:
            machine.reserve(8 * len(container))
    elif type(key) not in PLAIN:
        if is_array(container):
            check_array(key)
        else:
            check_key(key)
    elif is_array(container):
        check_array(key)
    return key


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
        if kind is Tensor:
            return in_place(left, right)
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
            if op == "*":
                right = _times(left, right)
        elif kind is deque:
            if op == "*":
                right = _times(left, right)
            elif op == "+":
                right = counted(list(right) if right is left else right)
        elif kind.__module__ == "numpy" or is_array(right):
            see_array(left)
            return on_arrays(in_place, left, right)
        elif isinstance(left, dict):
            if op == "|" and type(left) is not Counter:
                if isinstance(right, dict) or hasattr(type(right), "__iter__"):
                    update_mapping(left, right)
                    return left
            elif isinstance(right, dict) and op in "+-|&":
                given = right if isinstance(right, Counter) else Counter(right)
                return _replace(left, plain(left, given))
        elif op in "|^&-":
            left, right = _as_sets(left, right)
        return in_place(left, right)

    return assign


def _replace(counter: Any, found: Any) -> Any:
    counter.clear()
    counter.update(found)
    return counter


def _items(value: Any) -> Any:
    iterator = iter(value)
    return value if type(value) in (list, tuple) else counted(iterator)

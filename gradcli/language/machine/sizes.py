"""How much work a value is for Python's own `repr`, `==`, `<` and `hash`, and what a size is.

Containers that share parts can stand for exponentially more than they hold, and deep ones would
exhaust the stack of the process inside one call of the host. `weigh` counts before that happens,
in time linear in the distinct parts.

The kinds that are known are listed: a value of any other kind is refused before the host looks
into it. `PARTS` holds those that show, compare or hash what is inside of them; flat are those
whose text, equality and hash are `object`'s own or a program's, and those in `FLAT`. Floors above
enter the kinds they make.
"""

from __future__ import annotations

import functools
import operator
import types
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from gradcli.tensor.mappings import Counter, OrderedDict
from gradcli.tensor.print_options import options
from gradcli.tensor.runtime import LimitExceeded, runtime
from gradcli.tensor.tensor import Size, Tensor, shape_of

from .state import Unbound, counted, feed, machine

DEPTH = 1000
MOST = 1 << 27  # what one call of the host may look at: a tenth of a second or two

PLAIN: frozenset[type] = frozenset(
    (int, float, bool, str, complex, type(None), Tensor, range, type)
)

Parts = Callable[[Any], Iterable[Any]]


def index_of(value: Any) -> Any:
    """The int that the host would take `value` for; another value as it is, for the host's error.

    A size is asked for once and handed on as an int, so that what was checked is what is used.
    """
    if type(value) is int or not hasattr(type(value), "__index__"):
        return value
    return operator.index(value)


# Kinds

_empty: tuple[dict[Any, Any], ...] = ({}, OrderedDict())
SET_VIEWS: tuple[type, ...] = tuple(
    type(view) for mapping in _empty for view in (mapping.keys(), mapping.items())
)
ITEM_VIEWS: tuple[type, ...] = tuple(type(mapping.items()) for mapping in _empty)
VALUE_VIEWS: tuple[type, ...] = tuple(type(mapping.values()) for mapping in _empty)


def _exception_parts(value: BaseException) -> Iterable[Any]:
    if isinstance(value, OSError):
        return (*value.args, value.strerror, value.filename, value.filename2)
    if isinstance(value, ImportError):
        return (*value.args, value.msg)
    if isinstance(value, SyntaxError):
        return (*value.args, value.msg, value.filename, value.text)
    return value.args


def _named_fields(value: Any) -> Iterable[Any]:
    return chain(value._fields, value)


PARTS: dict[type, Parts] = {
    **dict.fromkeys((list, tuple, set, frozenset, deque, Size, *SET_VIEWS, *VALUE_VIEWS), iter),
    dict: lambda value: chain(value, value.values()),
    defaultdict: lambda value: chain((value.default_factory,), value, value.values()),
    BaseException: _exception_parts,
    slice: lambda value: (value.start, value.stop, value.step),
    type: lambda value: (value.__qualname__, value.__module__),
    types.MethodType: lambda value: (value.__self__,),
    types.UnionType: lambda value: value.__args__,
    staticmethod: lambda value: (value.__func__,),
    classmethod: lambda value: (value.__func__,),
}
FLAT: set[type] = {
    *PLAIN,
    Unbound,
    type(NotImplemented),
    type(Ellipsis),
    property,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
    types.MethodWrapperType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
    type(functools.cmp_to_key(lambda a, b: 0)(0)),
}
# How many numbers the text of a value shows, by kind.
NUMBERS_SHOWN: dict[type, Callable[[Any], int]] = {}
NAMED: set[type] = {types.FunctionType}  # whose text holds their name
_OPERATIONS = ("__repr__", "__str__", "__eq__", "__hash__", "__lt__")

_known: dict[type, Parts | None] = {Counter: PARTS[dict]}


def _learn(kind: type) -> Parts | None:
    """How values of a kind that is met for the first time are taken apart; None for flat ones.

    Raises TypeError for a kind of the host that nobody listed.
    """
    found: Parts | None = None
    base = next((base for base in kind.__mro__ if base in PARTS), None)
    if base is not None:
        found = _named_fields if base is tuple and hasattr(kind, "_fields") else PARTS[base]
    elif (
        type(kind) is type  # not a program's class: those answer for themselves
        and FLAT.isdisjoint(kind.__mro__)
        and kind.__module__.partition(".")[0] != "numpy"
        and any(getattr(kind, name) is not getattr(object, name) for name in _OPERATIONS)
    ):
        raise TypeError(f"'{kind.__name__}' objects are not shown or compared here")
    _known[kind] = found
    return found


def parts_of(value: Any) -> Iterable[Any] | None:
    """What the text, the equality or the hash of a value looks at; None for a flat one."""
    kind = type(value)
    if kind in PLAIN:
        return None
    parts = _known[kind] if kind in _known else _learn(kind)
    return None if parts is None else parts(value)


def is_flat(value: Any) -> bool:
    """Whether a value's text, equality and hash look at nothing inside of it."""
    kind = type(value)
    return kind in PLAIN or (_known[kind] if kind in _known else _learn(kind)) is None


# Weight


def weigh(value: Any, text: bool = False) -> int:
    """The size of a value as a tree: shared parts count each time.

    `text` counts what tensors and arrays show, too. Raises RecursionError for a value that is
    nested too deeply.
    """
    return _weigh(value, {}, 0, text)


HOST_KINDS: set[type] = {type}  # the classes of the host's classes; a program's have their own
_PROGRAM = 0  # where a memo, whose keys are identities, says that objects of a program were met


def _weigh(value: Any, memo: dict[int, int], depth: int, text: bool) -> int:
    kind = type(value)
    if kind in PLAIN:
        return _leaf(value, text)
    if type(kind) not in HOST_KINDS:
        memo[_PROGRAM] = 1
    parts = parts_of(value)
    if parts is None:
        return _leaf(value, text)
    key = id(value)
    known = memo.get(key)
    if known is not None:
        return known
    if depth > DEPTH:
        raise RecursionError("maximum recursion depth exceeded")
    memo[key] = 8  # stands for itself inside of itself
    total = 2
    count = 0
    for item in parts:
        count += 1
        kind = type(item)
        if kind is float or kind is bool:
            total += 8
        elif kind is str:
            total += len(item) + 4
        elif kind is int:
            total += 8
            if not -_SHORT < item < _SHORT:
                total += item.bit_length() >> 2
        else:
            total += _weigh(item, memo, depth + 1, text)
        if not count & 4095:
            machine.spend(512)
    machine.fuel -= (count & 4095) >> 3
    if machine.fuel < 0:
        machine.refuel()
    memo[key] = total
    return total


_SHORT = 1 << 64
MOST_NUMBERS = 200_000  # of an array in a text: NumPy writes them without a look at the clock
_NUMBER = 12  # characters of a number in a tensor


def _leaf(value: Any, text: bool) -> int:
    kind = type(value)
    if kind is str:
        return len(value) + 4
    if isinstance(value, int):
        return 8 + (value.bit_length() >> 2)
    if not text:
        return 8
    if kind is Tensor:
        size = 1
        for length in shape_of(value):
            size *= length
        return 32 + _NUMBER * _shown(size, options.threshold)
    if kind.__module__ == "numpy":
        return _array_text(value)
    if kind in NUMBERS_SHOWN:
        return _numbers_text(NUMBERS_SHOWN[kind](value))
    name = value.__qualname__ if kind in NAMED else ""
    return 40 + len(kind.__qualname__) + len(name)


def _shown(size: int, threshold: Any) -> int:
    return size if not isinstance(threshold, int | float) or size <= threshold else 1000


def _array_text(value: Any) -> int:
    import numpy as np

    chosen = np.get_printoptions()
    shown = _shown(getattr(value, "size", 1), chosen["threshold"])
    return _numbers_text(shown) + shown * int(chosen["precision"])


def _numbers_text(shown: int) -> int:
    if shown > MOST_NUMBERS:
        raise LimitExceeded(
            f"the text of an array of more than {MOST_NUMBERS:,} numbers is refused", "max-steps"
        )
    machine.spend(shown)
    return 32 + shown * _NUMBER


# Checks before the host's own operations


def charge(size: int) -> None:
    """Count the steps of a walk over so many parts that the host makes in one go.

    Raises LimitExceeded for one that could not be stopped in time.
    """
    if size > 4096:
        if size > MOST:
            raise LimitExceeded(f"looking at more than {MOST:,} parts is refused", "max-steps")
        machine.spend(size >> 6)


def check_text(value: Any) -> bool:
    """Refuse a text that would be too long or too deep.

    Returns whether objects of a program are in it, which may write their own texts.
    """
    if isinstance(value, str):
        machine.reserve(4 * len(value))
        return False
    memo: dict[int, int] = {}
    size = _weigh(value, memo, 0, True)
    machine.reserve(4 * size)
    charge(size)
    return _PROGRAM in memo


def check_walk(value: Any) -> bool:
    """Count what `==`, `<` or `hash` may look at as steps.

    Returns whether objects of a program are in it, whose special methods the host will call.
    """
    if type(value) in PLAIN:
        return False
    memo: dict[int, int] = {}
    charge(_weigh(value, memo, 0, False))
    return _PROGRAM in memo


def check_key(key: Any) -> None:
    """Count what hashing a key looks at."""
    kind = type(key)
    if kind is tuple:
        for item in key:
            if type(item) not in PLAIN:
                check_walk(key)
                return
    elif kind not in PLAIN and (_known.get(kind, _learn) is not None or issubclass(kind, int)):
        check_walk(key)


def check_keys(keys: Iterable[Any]) -> None:
    """Count what is looked at when two sets of these keys meet."""
    if not PLAIN.issuperset(map(type, keys)):
        check_walk(keys)


def check_search(items: Any, wanted: Any) -> bool:
    """Count what comparing `wanted` with one of the items after the other looks at.

    Returns whether it is a container that objects of a program are in.
    """
    size = len(items)
    if type(wanted) in PLAIN or is_flat(wanted):
        if size > 4096:
            machine.spend(size >> 3)
        return False
    found = check_text(wanted)  # an error that it is not there shows it
    charge(min(weigh(wanted) * size, weigh(items)))
    return found and type(type(wanted)) is type


def check_order(items: Any) -> bool:
    """Count what sorting the items looks at.

    Returns whether there are containers among them that objects of a program are in.
    """
    size = len(items)
    machine.spend(size)
    if PLAIN.issuperset(map(type, items)):
        return False
    memo: dict[int, int] = {}
    charge(_weigh(items, memo, 0, False) * size.bit_length())
    return _PROGRAM in memo and any(
        type(type(item)) is type and type(item) not in PLAIN for item in items
    )


# What makes keys that are compared with care, of keys with objects of a program in them.
steadied: list[Callable[[list[Any]], list[Any]]] = [list]


def sort_in_place(items: list[Any], key: Any = None, reverse: Any = False) -> None:
    """`items.sort(key=key, reverse=reverse)`, with what it compares counted first."""
    if key is None and not check_order(items):
        items.sort(reverse=reverse)
        return
    found = list(items)
    keys = found if key is None else [key(item) for item in counted(found)]
    if check_order(keys):
        keys = steadied[-1](keys)
    order = sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)
    items[:] = [found[at] for at in order]


runtime.sort = sort_in_place


def feed_keys(iterable: Any) -> Any:
    """The items of an iterable that are about to be hashed."""
    return _keys(feed(iterable)) if hasattr(type(iterable), "__iter__") else iterable


def _keys(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        check_key(item)
        yield item


def feed_pairs(source: Any) -> Iterator[tuple[Any, Any]]:
    """The keys and values that a dictionary is made of: a mapping's, or an iterable's of pairs.

    Raises Python's errors for what is neither.
    """
    if isinstance(source, dict):
        machine.spend(len(source))
        yield from source.items()
        return
    if hasattr(type(source), "keys"):
        for key in counted(source.keys()):
            check_key(key)
            yield key, source[key]
        return
    if not hasattr(type(source), "__iter__") and not hasattr(type(source), "__getitem__"):
        raise TypeError(f"'{type(source).__name__}' object is not iterable")
    for at, item in enumerate(counted(source)):
        if type(item) is not tuple and type(item) is not list:
            if not hasattr(type(item), "__iter__") and not hasattr(type(item), "__getitem__"):
                raise TypeError(
                    f"cannot convert dictionary update sequence element #{at} to a sequence"
                )
            item = list(feed(item))
        if len(item) != 2:
            raise ValueError(
                f"dictionary update sequence element #{at} has length {len(item)}; 2 is required"
            )
        key, value = item
        check_key(key)
        yield key, value


def update_mapping(target: Any, *sources: Any, **named: Any) -> None:
    """`target.update(…)`, each item counted."""
    if len(sources) > 1:
        dict.update(target, *sources)  # raises
    for source in sources:
        if type(source) is dict and type(target) is dict:
            machine.reserve(64 * len(source))
            machine.spend(len(source) >> 2)
            target.update(source)
            continue
        for key, value in feed_pairs(source):
            target[key] = value
    for key, value in named.items():
        target[key] = value

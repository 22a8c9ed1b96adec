"""The module `operator`: the language's own operators as functions."""

from __future__ import annotations

import operator as host
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import check_walk, index_of
from gradcli.language.machine.state import counted, machine
from gradcli.language.values import arithmetic
from gradcli.language.values.attributes import Module, load_attribute
from gradcli.language.values.special_names import READABLE, is_special
from gradcli.language.values.text import text_repr

from .hosts import open_class
from .ordering import compared, equal


def _compared(name: str) -> Callable[[Any, Any], Any]:
    function = vars(host)[name]
    return lambda a, b, /: compared(function, a, b)


def _item(a: Any, b: Any, /) -> Any:
    arithmetic.check_item(a, b)
    return a[b]


def _length_hint(obj: Any, default: Any = 0, /) -> Any:
    return len(obj) if hasattr(type(obj), "__len__") else index_of(default)


class ItemGetter:
    """`operator.itemgetter`."""

    def __init__(self, item: Any, /, *items: Any) -> None:
        self.items = (item, *items)

    def __call__(self, obj: Any, /) -> Any:
        found = tuple([_item(obj, item) for item in counted(self.items)])
        return found if len(found) > 1 else found[0]


def _allowed(name: str) -> str:
    if is_special(name) and name not in READABLE:
        raise AttributeError(f"the name '{name}' cannot be read")
    return name


class AttributeGetter:
    """`operator.attrgetter`."""

    def __init__(self, attr: Any, /, *attrs: Any) -> None:
        for name in (attr, *attrs):
            if not isinstance(name, str):
                raise TypeError("attribute name must be a string")
        self.names = (attr, *attrs)
        self.paths = [list(map(_allowed, name.split("."))) for name in self.names]

    def __repr__(self) -> str:
        return f"operator.attrgetter({', '.join(map(text_repr, self.names))})"

    def __call__(self, obj: Any, /) -> Any:
        found = []
        for path in counted(self.paths):
            value = obj
            for name in counted(path):
                value = load_attribute(value, name)
            found.append(value)
        return tuple(found) if len(found) > 1 else found[0]


class MethodCaller:
    """`operator.methodcaller`."""

    def __init__(self, name: Any, /, *args: Any, **kwargs: Any) -> None:
        if not isinstance(name, str):
            raise TypeError("method name must be a string")
        self.name = _allowed(name)
        self.args = args
        self.kwargs = kwargs

    def __call__(self, obj: Any, /) -> Any:
        return load_attribute(obj, self.name)(*self.args, **self.kwargs)


open_class(ItemGetter, module="operator", name="itemgetter")
open_class(AttributeGetter, module="operator", name="attrgetter")
open_class(MethodCaller, module="operator", name="methodcaller")


def _set_item(a: Any, b: Any, c: Any, /) -> None:
    arithmetic.check_item(a, b)
    a[b] = c


def _count_of(a: Any, b: Any, /) -> int:
    machine.spend(1)
    found = 0
    for item in counted(a):
        found += equal(item, b)
    return found


def _truth(a: Any, /) -> bool:
    check_walk(a)
    return bool(a)


def module() -> Module:
    """The module `operator`."""
    entries: dict[str, Any] = {
        name: _compared(name) for name in ("eq", "ne", "lt", "le", "gt", "ge")
    }
    entries |= {
        "add": lambda a, b, /: arithmetic.add(a, b),
        "sub": lambda a, b, /: arithmetic.sub(a, b),
        "mul": lambda a, b, /: arithmetic.mul(a, b),
        "truediv": lambda a, b, /: arithmetic.truediv(a, b),
        "floordiv": lambda a, b, /: arithmetic.floordiv(a, b),
        "mod": lambda a, b, /: arithmetic.mod(a, b),
        "pow": lambda a, b, /: arithmetic.power(a, b),
        "matmul": lambda a, b, /: arithmetic.matmul(a, b),
        "lshift": lambda a, b, /: arithmetic.lshift(a, b),
        "rshift": lambda a, b, /: arithmetic.rshift(a, b),
        "and_": lambda a, b, /: arithmetic.bit_and(a, b),
        "or_": lambda a, b, /: arithmetic.bit_or(a, b),
        "xor": lambda a, b, /: arithmetic.bit_xor(a, b),
        "neg": lambda a, /: -a,
        "pos": lambda a, /: +a,
        "invert": lambda a, /: ~a,
        "abs": lambda a, /: abs(a),
        "index": lambda a, /: index_of(a),
        "not_": lambda a, /: not _truth(a),
        "truth": _truth,
        "is_": lambda a, b, /: a is b,
        "is_not": lambda a, b, /: a is not b,
        "contains": lambda a, b, /: arithmetic.contains(a, b),
        "concat": lambda a, b, /: arithmetic.add(a, b),
        "countOf": _count_of,
        "getitem": _item,
        "setitem": _set_item,
        "length_hint": _length_hint,
        "itemgetter": ItemGetter,
        "attrgetter": AttributeGetter,
        "methodcaller": MethodCaller,
    }
    return Module("operator", entries)

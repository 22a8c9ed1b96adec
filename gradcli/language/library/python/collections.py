"""The module `collections`, and the attributes of its objects."""

from __future__ import annotations

import collections
import functools
import itertools
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from gradcli.language.library import open_objects
from gradcli.language.machine.sizes import (
    check_key,
    feed_keys,
    index_of,
    sort_in_place,
    update_mapping,
)
from gradcli.language.machine.state import counted, feed, machine
from gradcli.language.values.attributes import LOADERS, Module, load_from
from gradcli.language.values.classes import ProgramClass, allow_base, binding_loaders
from gradcli.language.values.constructors import CONSTRUCTORS, GENERICS, callable_value
from gradcli.language.values.iterators import deeper, wrapped
from gradcli.language.values.python_types import DICT, TABLES, TUPLE, looking_up, pick, searching
from gradcli.language.values.text import text, text_repr
from gradcli.tensor.mappings import Counter, OrderedDict
from gradcli.tensor.runtime import LimitExceeded

from .annotations import abstract_names
from .hosts import open_class


def _counting(kind: type, names: str, base: dict[str, Any]) -> None:
    table = {**base, **pick(kind, names)}
    if "copy" in table:
        table["copy"] = pick(kind, "copy").get("copy", table["copy"])
    TABLES[kind] = table
    LOADERS[kind] = load_from(table)


def _deque_extend(self: Any, items: Any) -> None:
    self.extend(feed(list(items) if items is self else items))


def _keyed(source: Any) -> Any:
    """What a counter may be made of in place of `source`: another mapping, or counted items."""
    if isinstance(source, dict):
        machine.reserve(64 * len(source))
        machine.spend(len(source))
        return source
    return source if source is None else feed_keys(source)


def _filled_mapping(kind: type) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        if len(args) > 1:
            return kind(*args)  # raises
        made = kind()
        update_mapping(made, *args, **kwargs)
        return made

    return make


def _defaultdict(factory: Any = None, *args: Any, **kwargs: Any) -> Any:
    default = factory if factory in _empty else callable_value(factory)
    made: Any = collections.defaultdict(default)
    update_mapping(made, *args, **kwargs)
    return made


def _counter_update(self: Any, *args: Any, **kwargs: Any) -> None:
    given = [_keyed(source) for source in args]
    if given and isinstance(given[0], dict) and self:
        from gradcli.language.values.arithmetic import add

        for key, count in given[0].items():
            self[key] = add(count, self.get(key, 0))
        given = [None]
    Counter.update(self, *given, **kwargs)


def _counter_subtract(self: Any, *args: Any, **kwargs: Any) -> None:
    from gradcli.language.values.arithmetic import sub

    counts = Counter(*map(_keyed, args), **kwargs)
    for key, count in counted(counts.items()):
        self[key] = sub(self.get(key, 0), count)


def _counter_total(self: Any) -> Any:
    from gradcli.language.values.arithmetic import add

    return functools.reduce(add, counted(self.values()), 0)


def _most_common(self: Any, n: Any = None) -> list[Any]:
    """The pairs with the largest counts first, in the order they came in where equal."""
    pairs = list(self.items())
    sort_in_place(pairs, itemgetter(1), True)
    n = index_of(n)
    return pairs if n is None else pairs[: max(n, 0)]


def _counter_elements(self: Any) -> Any:
    items = ((key, index_of(count)) for key, count in self.items())
    parts = (itertools.repeat(key, count) for key, count in items)
    return wrapped("chain", counted(itertools.chain.from_iterable(counted(parts))), 1)


def _rotate(self: Any, n: Any = 1) -> None:
    self.rotate(index_of(n))


def _deque_copy(self: Any) -> Any:
    machine.reserve(8 * len(self))
    machine.spend(len(self) >> 3)
    return self.copy()


_counting(
    OrderedDict,
    "clear items keys popitem values",
    {
        **DICT,
        **{name: looking_up(OrderedDict, name) for name in ("move_to_end", "pop", "setdefault")},
    },
)
_counting(collections.defaultdict, "default_factory", DICT)
_counting(
    Counter,
    "",
    {
        **DICT,
        "update": _counter_update,
        "subtract": _counter_subtract,
        "total": _counter_total,
        "most_common": _most_common,
        "elements": _counter_elements,
    },
)
_counting(
    collections.deque,
    "append appendleft clear insert maxlen pop popleft reverse",
    {
        "extend": _deque_extend,
        "extendleft": lambda self, items: self.extendleft(feed(items)),
        "count": searching(collections.deque, "count"),
        "index": searching(collections.deque, "index"),
        "remove": searching(collections.deque, "remove"),
        "rotate": _rotate,
    },
)
TABLES[collections.deque]["copy"] = _deque_copy

_empty = (list, dict, set, int, float, str, tuple, bool)  # without arguments they are harmless

_makers: dict[Any, Callable[..., Any]] = {
    OrderedDict: _filled_mapping(OrderedDict),
    collections.defaultdict: _defaultdict,
    Counter: lambda *a, **k: Counter(*map(_keyed, a), **k),
    collections.deque: lambda iterable=(), maxlen=None: collections.deque(
        feed(iterable), index_of(maxlen)
    ),
}
CONSTRUCTORS.update(_makers)


class ChainMap:
    """`collections.ChainMap`: mappings looked through one after the other; the first is written."""

    def __init__(self, *maps: Any) -> None:
        for mapping in maps:
            if not isinstance(mapping, dict | ChainMap):
                raise TypeError("ChainMap takes dictionaries here")
        self.depth = deeper(maps)
        self.maps: list[Any] = list(maps) or [{}]

    def __getitem__(self, key: Any) -> Any:
        check_key(key)
        for mapping in counted(self.maps):
            if key in mapping:
                return mapping[key]
        raise KeyError(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        check_key(key)
        self.maps[0][key] = value

    def __delitem__(self, key: Any) -> None:
        check_key(key)
        if key not in self.maps[0]:
            raise KeyError(f"Key not found in the first mapping: {text_repr(key)}")
        del self.maps[0][key]

    def __contains__(self, key: Any) -> bool:
        check_key(key)
        return any(key in mapping for mapping in counted(self.maps))

    def _merged(self) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for mapping in reversed(self.maps):
            update_mapping(found, mapping)
        return found

    def __iter__(self) -> Any:
        return iter(self._merged())

    def __len__(self) -> int:
        return len(self._merged())

    def __repr__(self) -> str:
        return f"ChainMap({', '.join(map(text_repr, self.maps))})"

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or `default`."""
        check_key(key)
        for mapping in counted(self.maps):
            if key in mapping:
                return mapping[key]
        return default

    def keys(self) -> Any:
        """The keys."""
        return self._merged().keys()

    def values(self) -> Any:
        """The values."""
        return self._merged().values()

    def items(self) -> Any:
        """Pairs of keys and values."""
        return self._merged().items()

    def new_child(self, m: Any = None) -> ChainMap:
        """One with another mapping in front."""
        return ChainMap({} if m is None else m, *self.maps)

    @property
    def parents(self) -> ChainMap:
        """One without the first mapping."""
        return ChainMap(*self.maps[1:])


open_class(
    ChainMap,
    "get items keys maps new_child parents values",
    module="collections",
    parts=lambda value: value.maps,
)


class ClassValue:
    """An entry of a table with one value, for the class and for its objects."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.value


MOST_FIELDS = 1 << 14  # letters of the names in one text, or names: a class is made of them


def _namedtuple(
    typename: Any, field_names: Any, *, rename: Any = False, defaults: Any = None
) -> Any:
    return make_named_tuple(typename, field_names, rename, defaults)


def make_named_tuple(
    typename: Any,
    field_names: Any,
    rename: Any = False,
    defaults: Any = None,
    members: dict[str, Any] | None = None,
) -> Any:
    """The class `collections.namedtuple(…)`, with methods of its own in `members`."""
    from .named_tuples import METHODS, named_tuple

    if isinstance(field_names, str) and len(field_names) <= MOST_FIELDS:
        field_names = field_names.replace(",", " ").split()
    elif not isinstance(field_names, str):
        field_names = [text(name) for name in feed(field_names)]
    typename = text(typename)
    given = () if defaults is None else tuple(feed(defaults))
    if len(field_names) > MOST_FIELDS:
        raise LimitExceeded("a namedtuple has too many fields", "max-memory")
    made: Any = named_tuple(typename, field_names, bool(rename), given)
    fields: tuple[str, ...] = made._fields
    machine.reserve(4096 + 256 * len(fields))
    table = {**TUPLE, **pick(made, " ".join([*fields, *METHODS]))}
    for name, value in (members or {}).items():
        if name in (*fields, *METHODS, "_fields", "_field_defaults", "_maker"):
            raise AttributeError(f"Cannot overwrite NamedTuple attribute {name}")
        type.__setattr__(made, name, value)
        if not name.startswith("__"):
            table[name] = value if hasattr(type(value), "__get__") else ClassValue(value)
    table["_fields"] = ClassValue(fields)
    table["_field_defaults"] = ClassValue(made._field_defaults)
    TABLES[made] = table
    LOADERS[made] = load_from(table)
    CONSTRUCTORS[made] = made
    allow_base(made, _derived, (_load, _store, open_objects.delete, open_objects.names))
    return made


def _derived(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
    """A program's class of named tuples. `__slots__` says what is not done here anyway."""
    return ProgramClass(name, bases, {k: v for k, v in namespace.items() if k != "__slots__"})


def _load(value: Any, name: str) -> Any:
    return open_objects.load(value, name)


def _store(value: Any, name: str, new: Any) -> None:
    if name in type(value)._fields:
        raise AttributeError("can't set attribute", name=name, obj=value)
    open_objects.store(value, name, new)


binding_loaders.add(_load)


GENERICS.update((OrderedDict, collections.defaultdict, Counter, collections.deque, ChainMap))


def module() -> Module:
    """The module `collections`."""
    return Module(
        "collections",
        {
            "OrderedDict": OrderedDict,
            "defaultdict": collections.defaultdict,
            "Counter": Counter,
            "deque": collections.deque,
            "namedtuple": _namedtuple,
            "ChainMap": ChainMap,
            "abc": Module("collections.abc", abstract_names()),
        },
    )

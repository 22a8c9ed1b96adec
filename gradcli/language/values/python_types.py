"""What Python's own types offer to programs: one table of attributes a type."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import (
    PLAIN,
    check_key,
    check_keys,
    check_search,
    feed_keys,
    index_of,
    sort_in_place,
    update_mapping,
)
from gradcli.language.machine.state import counted, feed, machine
from gradcli.tensor.runtime import runtime

from .comparing import found_in, same
from .constructors import callable_value
from .identity import object_hash, object_repr

Table = dict[str, Any]


def pick(kind: type, names: str, **own: Any) -> Table:
    """A table of the host type's own descriptors, and functions of ours."""
    table: Table = {}
    for name in names.split():
        for base in kind.__mro__:
            if name in vars(base):
                table[name] = vars(base)[name]
                break
    for name, value in own.items():
        name_function(value, f"{kind.__name__}.{name}")
    table.update(own)
    return table


def name_function(function: Any, name: str) -> None:
    """Let Python's errors about a function of ours use the name that programs know."""
    if isinstance(function, types.FunctionType):
        function.__name__ = function.__qualname__ = name


def _str_join(self: str, items: Any) -> str:
    if not hasattr(type(items), "__iter__") and not hasattr(type(items), "__getitem__"):
        raise TypeError("can only join an iterable")
    parts = list(feed(items)) if type(items) not in (list, tuple) else items
    total = len(self) * max(len(parts) - 1, 0)
    for part in parts:
        if not isinstance(part, str):
            break
        total += len(part)
    machine.reserve(4 * total)
    return self.join(parts)


def _str_replace(self: str, old: str, new: str, count: int = -1) -> str:
    if isinstance(old, str) and isinstance(new, str) and len(new) > len(old):
        found = self.count(old)
        most = index_of(count)
        if isinstance(most, int) and 0 <= most < found:
            found = most
        count = most
        machine.reserve(4 * (len(self) + found * (len(new) - len(old))))
    return self.replace(old, new, index_of(count))


def _padder(name: str) -> Callable[..., str]:
    pad = vars(str)[name]

    def padded(self: str, *args: Any) -> str:
        width, *rest = map(index_of, args) if args else ((),)
        if isinstance(width, int) and width > len(self):
            machine.reserve(4 * width)
        given = (width, *rest) if args else ()
        return pad(self, *given)  # type: ignore[no-any-return]

    padded.__name__ = name
    return padded


def _str_expandtabs(self: str, tabsize: int = 8) -> str:
    tabsize = index_of(tabsize)
    if isinstance(tabsize, int) and tabsize > 1:
        machine.reserve(4 * (len(self) + self.count("\t") * tabsize))
    return self.expandtabs(tabsize)


def _splitter(name: str) -> Callable[..., list[str]]:
    split = vars(str)[name]

    def parts(self: str, *args: Any, **kwargs: Any) -> list[str]:
        if len(self) > 4096:
            separator = args[0] if args else kwargs.get("sep")
            size = len(self) >> 1
            if name != "splitlines" and isinstance(separator, str) and separator:
                size = self.count(separator)
            machine.reserve(64 * size)
        return split(self, *args, **kwargs)  # type: ignore[no-any-return]

    return parts


STR = pick(
    str,
    """capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit
    isidentifier islower isnumeric isprintable isspace istitle isupper lower lstrip partition
    removeprefix removesuffix rfind rindex rpartition rstrip startswith strip swapcase title
    upper""",
    split=_splitter("split"),
    rsplit=_splitter("rsplit"),
    splitlines=_splitter("splitlines"),
    join=_str_join,
    replace=_str_replace,
    center=_padder("center"),
    ljust=_padder("ljust"),
    rjust=_padder("rjust"),
    zfill=_padder("zfill"),
    expandtabs=_str_expandtabs,
)


def _list_extend(self: list[Any], items: Any) -> None:
    if items is self:
        items = list(items)
    if type(items) in (list, tuple):
        machine.reserve(8 * len(items))
        self.extend(items)
    else:
        self.extend(feed(items))


def _list_copy(self: list[Any]) -> list[Any]:
    machine.reserve(8 * len(self))
    return self.copy()


def _list_sort(self: list[Any], *, key: Any = None, reverse: Any = False) -> None:
    sort_in_place(self, None if key is None else callable_value(key), reverse)


def searching(kind: type, name: str) -> Callable[..., Any]:
    """A method that compares its first argument with the items."""
    method = vars(kind)[name]

    def search(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args and check_search(self, args[0]):
            return _search_with_care(name, self, *args)
        try:
            return method(self, *args, **kwargs)
        except ValueError:
            if kind is list and name == "index" and type(args[0]) not in PLAIN:
                raise ValueError("list.index(x): x not in list") from None  # Python's has its text
            raise

    return search


def _search_with_care(name: str, items: Any, wanted: Any, start: int = 0, stop: Any = None) -> Any:
    """`count`, `index` or `remove` for a container that objects of a program are in."""
    if name == "count":
        return sum(same(item, wanted) for item in items)
    place = found_in(items[start:stop] if start or stop is not None else items, wanted)
    if place < 0:
        raise ValueError(f"{type(items).__name__}.{name}(x): x not in {type(items).__name__}")
    if name == "index":
        return place + slice(start, stop).indices(len(items))[0]
    del items[place]
    return None


def looking_up(kind: type, name: str) -> Callable[..., Any]:
    """A method that hashes its first argument."""
    method = next(vars(base)[name] for base in kind.__mro__ if name in vars(base))

    def look_up(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            check_key(args[0])
        return method(self, *args, **kwargs)

    return look_up


LIST = pick(
    list,
    "append clear insert pop reverse",
    count=searching(list, "count"),
    index=searching(list, "index"),
    remove=searching(list, "remove"),
    extend=_list_extend,
    copy=_list_copy,
    sort=_list_sort,
)


TUPLE = pick(tuple, "", count=searching(tuple, "count"), index=searching(tuple, "index"))


def fed(kind: type, name: str) -> Callable[..., Any]:
    """A method that takes iterables, each counted."""
    method = next(vars(base)[name] for base in kind.__mro__ if name in vars(base))

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        machine.reserve(64 * len(self))
        check_keys(self)
        return method(self, *map(_feed_plain, args), **kwargs)

    call.__name__ = name
    return call


def _feed_plain(value: Any) -> Any:
    if isinstance(value, dict | set | frozenset):
        machine.spend(len(value))
        check_keys(value)
        return value
    return feed_keys(value)


def _copy_of(kind: type) -> Callable[[Any], Any]:
    method = next(vars(base)["copy"] for base in kind.__mro__ if "copy" in vars(base))

    def copy(self: Any) -> Any:
        machine.reserve(64 * len(self))
        machine.spend(len(self) // 8)
        return method(self)

    return copy


def _dict_fromkeys(cls: type, items: Any, value: Any = None) -> Any:
    return dict.fromkeys(feed_keys(items), value)


DICT = pick(
    dict,
    "clear items keys popitem values",
    get=looking_up(dict, "get"),
    pop=looking_up(dict, "pop"),
    setdefault=looking_up(dict, "setdefault"),
    copy=_copy_of(dict),
    update=update_mapping,
    fromkeys=classmethod(_dict_fromkeys),
)


_set_feeds = "difference intersection issubset issuperset symmetric_difference union isdisjoint"
_set_updates = "update difference_update intersection_update symmetric_difference_update"

SET = pick(
    set,
    "clear pop",
    copy=_copy_of(set),
    add=looking_up(set, "add"),
    discard=looking_up(set, "discard"),
    remove=looking_up(set, "remove"),
)

SET.update({name: fed(set, name) for name in f"{_set_feeds} {_set_updates}".split()})

FROZENSET: Table = {name: fed(frozenset, name) for name in _set_feeds.split()}
FROZENSET["copy"] = _copy_of(frozenset)

INT = pick(int, "as_integer_ratio bit_count bit_length conjugate denominator imag numerator real")

FLOAT = pick(float, "as_integer_ratio conjugate fromhex hex imag is_integer real")

COMPLEX = pick(complex, "conjugate imag real")


def _range_count(self: range, value: Any, /) -> int:
    """Counted where Python looks at one number after another: for what is no integer."""
    if type(value) is int or type(value) is bool:
        return self.count(value)
    return sum(1 for item in counted(self) if item == value)


def _range_index(self: range, value: Any, /) -> int:
    if type(value) is int or type(value) is bool:
        return self.index(value)
    for place, item in enumerate(counted(self)):
        if item == value:
            return place
    raise ValueError("sequence.index(x): x not in sequence")


RANGE = pick(range, "start step stop", count=_range_count, index=_range_index)


SLICE = pick(slice, "indices start step stop")


EXCEPTION = pick(BaseException, "args")


def weighed(kind: type, name: str) -> Callable[[Any], str]:
    """The host's method that makes a text, after its size was checked."""
    method = vars(kind)[name]

    def text(self: Any) -> str:
        return runtime.text(self, method)

    return text


EXCEPTION_METHODS = pick(
    BaseException,
    "__init__",
    __str__=weighed(BaseException, "__str__"),
    __repr__=weighed(BaseException, "__repr__"),
)


OBJECT_METHODS = pick(
    object,
    "__init__ __eq__ __ne__",
    __str__=weighed(object, "__str__"),
    __repr__=object_repr,
    __hash__=object_hash,
)


TABLES: dict[type, Table] = {
    str: STR,
    list: LIST,
    tuple: TUPLE,
    dict: DICT,
    set: SET,
    frozenset: FROZENSET,
    int: INT,
    bool: INT,
    float: FLOAT,
    complex: COMPLEX,
    range: RANGE,
    slice: SLICE,
    BaseException: EXCEPTION,
    StopIteration: EXCEPTION | pick(StopIteration, "value"),
    SystemExit: EXCEPTION | pick(SystemExit, "code"),
    NameError: EXCEPTION | pick(NameError, "name"),
    AttributeError: EXCEPTION | pick(AttributeError, "name"),
    ImportError: EXCEPTION | pick(ImportError, "name msg"),
    OSError: EXCEPTION | pick(OSError, "errno strerror filename"),
    object: {},
}


def table_of(kind: type) -> Table:
    """The attributes that values of a host type have."""
    for base in kind.__mro__:
        table = TABLES.get(base)
        if table is not None:
            return table
    return {}

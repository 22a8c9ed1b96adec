"""Attributes: a table per type, and no way around it.

Note: a name that a program wrote is only ever a key of a dict here. It never reaches `getattr` or
`setattr`, so what a table does not list does not exist. Entries of a table are descriptors taken
from the host type by names written in this file, or functions of ours that check sizes first.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from gradcli.language.machine.sizes import (
    FLAT,
    PLAIN,
    check_key,
    check_keys,
    check_search,
    check_text,
    feed_keys,
    index_of,
    sort_in_place,
    update_mapping,
)
from gradcli.language.machine.state import counted, feed, machine
from gradcli.tensor.sentences import no_attribute_to_write

from .functions import Builtin, Function, Method
from .identity import object_hash, object_repr

Loader = Callable[[Any, str], Any]
Table = dict[str, Any]

MISSING: Any = object()

# What a program may write as an attribute or define in a class among Python's special names.
METHODS = frozenset(
    [
        "__init__",
        "__call__",
        "__repr__",
        "__str__",
        "__len__",
        "__getitem__",
        "__setitem__",
        "__delitem__",
        "__iter__",
        "__next__",
        "__contains__",
        "__enter__",
        "__exit__",
        "__bool__",
        "__int__",
        "__float__",
        "__complex__",
        "__index__",
        "__round__",
        "__abs__",
        "__neg__",
        "__pos__",
        "__invert__",
        "__add__",
        "__radd__",
        "__iadd__",
        "__sub__",
        "__rsub__",
        "__isub__",
        "__mul__",
        "__rmul__",
        "__imul__",
        "__truediv__",
        "__rtruediv__",
        "__itruediv__",
        "__floordiv__",
        "__rfloordiv__",
        "__ifloordiv__",
        "__mod__",
        "__rmod__",
        "__imod__",
        "__pow__",
        "__rpow__",
        "__ipow__",
        "__matmul__",
        "__rmatmul__",
        "__imatmul__",
        "__divmod__",
        "__rdivmod__",
        "__and__",
        "__rand__",
        "__iand__",
        "__or__",
        "__ror__",
        "__ior__",
        "__xor__",
        "__rxor__",
        "__ixor__",
        "__lshift__",
        "__rlshift__",
        "__ilshift__",
        "__rshift__",
        "__rrshift__",
        "__irshift__",
        "__eq__",
        "__ne__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__hash__",
        "__format__",
        "__reversed__",
        "__trunc__",
        "__floor__",
        "__ceil__",
    ]
)
READABLE = METHODS | {"__name__", "__doc__", "__version__", "__qualname__"}


def is_special(name: str) -> bool:
    """Whether Python reserves the name: `__x__`."""
    return len(name) > 4 and name.startswith("__") and name.endswith("__")


class Module:
    """A module as programs see it: names and what they stand for, found when they are needed."""

    __slots__ = ("__name__", "entries", "find", "names")

    def __init__(
        self,
        name: str,
        entries: dict[str, Any],
        find: Callable[[str], Any] | None = None,
        names: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        self.__name__ = name
        self.entries = entries
        for entry, value in entries.items():
            name_function(value, entry)
        self.find = find
        self.names = names

    def get(self, name: str) -> Any:
        """The value of a name; raises AttributeError with Python's sentence."""
        value = self.entries.get(name, MISSING)
        if value is not MISSING:
            return value
        if self.find is not None:
            value = self.find(name)
            if value is not MISSING:
                self.entries[name] = value
                return value
        raise AttributeError(
            f"module '{self.__name__}' has no attribute '{name}'", name=name, obj=self
        )

    def all_names(self) -> list[str]:
        """The names that the module offers."""
        found = set(self.entries)
        if self.names is not None:
            found.update(self.names())
        return sorted(found)

    def __repr__(self) -> str:
        return f"<module '{self.__name__}'>"


Module.__name__ = Module.__qualname__ = "module"
FLAT.add(Module)


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


# Text


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


def _load_str(value: str, name: str) -> Any:
    if len(value) > 4096:
        machine.reserve(8 * len(value))
    entry = STR.get(name)
    if entry is None:
        raise _no_attribute(value, name)
    return entry.__get__(value, str)


# Containers


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
        if args:
            check_search(self, args[0])
        try:
            return method(self, *args, **kwargs)
        except ValueError:
            if kind is list and name == "index" and type(args[0]) not in PLAIN:
                raise ValueError("list.index(x): x not in list") from None  # Python's has its text
            raise

    return search


def looking_up(kind: type, name: str) -> Callable[..., Any]:
    """A method that hashes its first argument."""
    method = vars(kind)[name]

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


def _fed(kind: type, name: str) -> Callable[..., Any]:
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
SET.update({name: _fed(set, name) for name in f"{_set_feeds} {_set_updates}".split()})
FROZENSET: Table = {name: _fed(frozenset, name) for name in _set_feeds.split()}
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


def _weighed(kind: type, name: str) -> Callable[[Any], str]:
    """The host's method that makes a text, after its size was checked."""
    method = vars(kind)[name]

    def text(self: Any) -> str:
        check_text(self)
        return method(self)  # type: ignore[no-any-return]

    return text


def exception_method(kind: type, name: str) -> Any:
    """A special method that an exception class of the host has, or None."""
    if name == "__init__":
        return vars(kind).get(name) or EXCEPTION_METHODS[name]
    return _weighed(kind, name) if name in vars(kind) else EXCEPTION_METHODS.get(name)


EXCEPTION_METHODS = pick(
    BaseException,
    "__init__",
    __str__=_weighed(BaseException, "__str__"),
    __repr__=_weighed(BaseException, "__repr__"),
)
OBJECT_METHODS = pick(object, "__init__ __eq__ __ne__", __str__=_weighed(object, "__str__"))
OBJECT_METHODS |= {"__repr__": object_repr, "__hash__": object_hash}


def set_args(value: BaseException, items: Any) -> None:
    """`value.args = items` for an exception."""
    value.args = tuple(feed(items) if hasattr(type(items), "__iter__") else items)


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


_C_MODULES = ("numpy", "torch", "torch._C", "torch.return_types")


def class_title(value: Any) -> str:
    """How an error about a missing attribute names the class of a value.

    A class that PyTorch or NumPy writes in C goes by its full name there.
    """
    kind = type(value)
    module = kind.__module__
    return f"{module}.{kind.__name__}" if module in _C_MODULES else kind.__name__


def _no_attribute(value: Any, name: str) -> AttributeError:
    return AttributeError(
        f"'{class_title(value)}' object has no attribute '{name}'", name=name, obj=value
    )


def _nothing_to_write(value: Any, name: str) -> AttributeError:
    return AttributeError(no_attribute_to_write(class_title(value), name), name=name, obj=value)


def _not_writable(value: Any, name: str, verb: str) -> AttributeError:
    """The error for an attribute that is there but cannot be set, or deleted."""
    kind = type(value)
    found = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)
    if isinstance(found, types.MethodDescriptorType):
        text = f"'{kind.__name__}' object attribute '{name}' is read-only"
    elif kind.__module__ == "torch.return_types" or (
        kind.__module__ == "builtins" and isinstance(found, types.MemberDescriptorType)
    ):
        text = "readonly attribute"
    elif isinstance(value, tuple) and hasattr(kind, "_fields"):
        text = f"can't {verb} attribute"
    else:
        text = f"attribute '{name}' of '{class_title(value)}' objects is not writable"
    return AttributeError(text, name=name, obj=value)


def load_from(table: Table) -> Loader:
    """A loader for one host type."""
    get = table.get

    def load(value: Any, name: str) -> Any:
        entry = get(name)
        if entry is None:
            raise _no_attribute(value, name)
        return entry.__get__(value, type(value))

    return load


def _load_exception(value: BaseException, name: str) -> Any:
    entry = table_of(type(value)).get(name)
    if entry is None:
        raise _no_attribute(value, name)
    return entry.__get__(value, type(value))


# Functions


_function_names = {"__name__", "__qualname__", "__doc__"}


def _load_function(value: Function, name: str) -> Any:
    if value.attributes is not None and name in value.attributes:
        return value.attributes[name]
    if name in _function_names:
        return _described(value, name)
    raise _no_attribute(value, name)


def _described(value: Any, name: str) -> Any:
    if name == "__name__":
        return value.__name__
    if name == "__doc__":
        return _doc_of(value)
    return value.__qualname__


def _doc_of(value: Any) -> str | None:
    """What a program may read about a value: of our own code nothing but what torch publishes."""
    if type(value) is Builtin:
        return None
    module = getattr(value, "__module__", None) or ""
    hides = module != "builtins" if isinstance(value, type) else module.startswith(_OURS)
    doc: str | None = None if hides else value.__doc__
    return doc


_OURS = "gradcli.language"


def _load_callable(value: Any, name: str) -> Any:
    if name in _function_names and hasattr(value, "__name__"):
        return _described(value, name)
    raise _no_attribute(value, name)


def _load_method(value: Method, name: str) -> Any:
    if name in _function_names:
        return _described(value.__func__, name)
    return load_attribute(value.__func__, name)


def _load_host_method(value: Any, name: str) -> Any:
    if name in ("__name__", "__doc__"):
        return _described(value, name)
    raise _no_attribute(value, name)


def _load_module(value: Module, name: str) -> Any:
    if name == "__name__":
        return value.__name__
    return value.get(name)


def _load_property(value: property, name: str) -> Any:
    if name == "setter":
        return lambda function: property(value.fget, function, value.fdel, value.__doc__)
    if name == "getter":
        return lambda function: property(function, value.fset, value.fdel, value.__doc__)
    if name == "deleter":
        return lambda function: property(value.fget, value.fset, function, value.__doc__)
    if name == "__doc__":
        return value.__doc__
    raise _no_attribute(value, name)


def load_type(value: type, name: str) -> Any:
    """An attribute of a host class: its name, or a method without its object."""
    special = CLASS_LOADERS.get(value)
    if special is not None:
        return special(value, name)
    if name == "__name__":
        return value.__name__
    if name == "__doc__":
        return _doc_of(value)
    if name == "__qualname__":
        return value.__qualname__
    entry = table_of(value).get(name, MISSING)
    if entry is MISSING and issubclass(value, BaseException):
        entry = EXCEPTION_METHODS.get(name, MISSING)
    if entry is MISSING and value is object:
        entry = OBJECT_METHODS.get(name, MISSING)
    if entry is MISSING:
        raise AttributeError(
            f"type object '{value.__name__}' has no attribute '{name}'", name=name, obj=value
        )
    return entry.__get__(None, value)


CLASS_LOADERS: dict[type, Loader] = {}  # for classes with attributes of their own
CLASS_NAMES: dict[type, Callable[[Any], str]] = {}  # where an object decides its class's name
LOADERS: dict[type, Loader] = {
    str: _load_str,
    Function: _load_function,
    Method: _load_method,
    Builtin: _load_callable,
    Module: _load_module,
    property: _load_property,
    type: load_type,
    types.FunctionType: _load_callable,
    types.BuiltinFunctionType: _load_host_method,
    types.MethodType: _load_host_method,
    types.MethodDescriptorType: _load_host_method,
    types.WrapperDescriptorType: _load_host_method,
    types.MethodWrapperType: _load_host_method,
}
SETTERS: dict[type, Callable[[Any, str, Any], None]] = {}
DELETERS: dict[type, Callable[[Any, str], None]] = {}
NAMES: dict[type, Callable[[Any], Iterable[str]]] = {
    Module: Module.all_names,
    type: lambda value: table_of(value),
}

for _kind, _table in TABLES.items():
    if _kind not in LOADERS and _kind is not object:
        LOADERS[_kind] = load_from(_table)


def find_loader(kind: type) -> Loader:
    """The loader for a type that is met for the first time."""
    loader: Loader | None = None
    if kind.__module__ == "numpy":  # an array of a program that does not import numpy
        import_module("gradcli.language.library.numpy_names")
        loader = LOADERS.get(kind)
    if loader is not None:
        return loader
    if issubclass(kind, BaseException):
        loader = _load_exception
    elif issubclass(kind, type):
        loader = load_type
    elif issubclass(kind, tuple) and hasattr(kind, "_fields") and kind not in TABLES:
        TABLES[kind] = TUPLE | pick(kind, " ".join(kind._fields))
        loader = load_from(TABLES[kind])
    else:
        for base in kind.__mro__:
            if base in LOADERS:
                loader = LOADERS[base]
                break
    if loader is None:
        loader = load_from({})
    LOADERS[kind] = loader
    return loader


def load_attribute(value: Any, name: str) -> Any:
    """`value.name`; raises AttributeError with Python's sentence."""
    kind = type(value)
    return (LOADERS.get(kind) or find_loader(kind))(value, name)


def store_attribute(value: Any, name: str, new: Any) -> None:
    """`value.name = new`, where the type of the value allows it."""
    setter = SETTERS.get(type(value))
    if setter is not None:
        setter(value, name, new)
        return
    if isinstance(value, type):
        raise TypeError(f"cannot set '{name}' attribute of immutable type '{value.__name__}'")
    if isinstance(value, BaseException) and name == "args":
        set_args(value, new)
        return
    if name in names_of(value):
        raise _not_writable(value, name, "set")
    raise _nothing_to_write(value, name)


def delete_attribute(value: Any, name: str) -> None:
    """`del value.name`."""
    deleter = DELETERS.get(type(value))
    if deleter is None:
        if isinstance(value, type):
            raise TypeError(f"cannot set '{name}' attribute of immutable type '{value.__name__}'")
        if name in names_of(value):
            raise _not_writable(value, name, "delete")
        raise _nothing_to_write(value, name)
    deleter(value, name)


def names_of(value: Any) -> list[str]:
    """The attributes of a value, for suggestions and completion."""
    kind = type(value)
    names = NAMES.get(kind)
    if names is None:
        for base in kind.__mro__:
            if base in NAMES:
                names = NAMES[base]
                break
    if names is not None:
        return sorted(names(value))
    if kind not in LOADERS:
        find_loader(kind)
    return sorted(table_of(kind))


def _store_function(value: Function, name: str, new: Any) -> None:
    if name in ("__name__", "__qualname__"):
        if not isinstance(new, str):
            raise TypeError(f"{name} must be set to a string object")
        if name == "__name__":
            value.__name__ = new
        else:
            value.__qualname__ = new
        return
    if name == "__doc__":
        value.__doc__ = new
        return
    if is_special(name):
        raise _no_attribute(value, name)
    if value.attributes is None:
        value.attributes = {}
    value.attributes[name] = new


def _delete_function(value: Function, name: str) -> None:
    if value.attributes is None or name not in value.attributes:
        raise _no_attribute(value, name)
    del value.attributes[name]


SETTERS[Function] = _store_function
DELETERS[Function] = _delete_function


# Calling: host classes are values, but only some of them may be called, and with checked sizes.

CONSTRUCTORS: dict[Any, Callable[..., Any]] = {}


def callable_value(value: Any) -> Any:
    """What to call in place of `value`: the checked constructor of a host class, or itself."""
    if isinstance(value, type):
        return constructor(value)
    return value


def constructor(kind: type) -> Callable[..., Any]:
    """What runs when a program calls a class."""
    made = CONSTRUCTORS.get(kind)
    if made is not None:
        return made
    if kind in OPEN_CLASSES or issubclass(kind, BaseException) or type(kind) in OPEN_METACLASSES:
        return kind
    raise TypeError(f"cannot create '{kind.__name__}' instances")


OPEN_CLASSES: set[type] = {object, complex, slice, property, staticmethod, classmethod}
OPEN_METACLASSES: set[type] = set()


def public_class(kind: type) -> type:
    """The class that programs see for an exception of the core: Python's own behind it.

    A class that torch publishes too says so with `published`.
    """
    if (
        kind.__module__.startswith("gradcli.")
        and kind not in OPEN_CLASSES
        and not getattr(kind, "published", False)
    ):
        return next(base for base in kind.__mro__ if base.__module__ == "builtins")
    return kind

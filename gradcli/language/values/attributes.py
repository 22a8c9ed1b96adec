"""Attributes: a table per type, and no way around it.

Note: a name that a program wrote is only ever a key of a dict here. It never reaches `getattr` or
`setattr`, so what a table does not list does not exist. Entries of a table are descriptors taken
from the host type by names written in python_types.py, or functions of ours that check sizes.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable
from typing import Any

from gradcli.language.machine.sizes import FLAT
from gradcli.language.machine.state import feed, machine
from gradcli.tensor.sentences import no_attribute_to_write

from .constructors import callable_value
from .functions import Builtin, Function, Method
from .python_types import (
    EXCEPTION_METHODS,
    OBJECT_METHODS,
    STR,
    TABLES,
    TUPLE,
    Table,
    name_function,
    pick,
    table_of,
    weighed,
)
from .special_names import is_special

Loader = Callable[[Any, str], Any]

MISSING: Any = object()


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
Module.__module__ = "builtins"
FLAT.add(Module)


# Text


def _load_str(value: str, name: str) -> Any:
    if len(value) > 4096:
        machine.reserve(8 * len(value))
    entry = STR.get(name)
    if entry is None:
        raise _no_attribute(value, name)
    return entry.__get__(value, str)


def exception_method(kind: type, name: str) -> Any:
    """A special method that an exception class of the host has, or None."""
    if name == "__init__":
        return vars(kind).get(name) or EXCEPTION_METHODS[name]
    return weighed(kind, name) if name in vars(kind) else EXCEPTION_METHODS.get(name)


def set_args(value: BaseException, items: Any) -> None:
    """`value.args = items` for an exception."""
    value.args = tuple(feed(items) if hasattr(type(items), "__iter__") else items)


_C_MODULES = ("numpy", "torch", "torch._C", "torch.return_types")


def class_title(value: Any) -> str:
    """How an error about a missing attribute names the class of a value.

    A class that PyTorch or NumPy writes in C goes by its full name there.
    """
    kind = type(value)
    for base in kind.__mro__:
        if base in CLASS_NAMES:
            return CLASS_NAMES[base](value)
    module = kind.__module__
    return f"{module}.{kind.__qualname__}" if module in _C_MODULES else kind.__name__


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
        return value.__name__.rpartition(".")[2]
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


def _load_builtin(value: Builtin, name: str) -> Any:
    if name in value.entries:
        return value.entries[name]
    if name in ("__name__", "__qualname__"):
        return value.__name__
    if name == "__doc__":
        return None
    raise AttributeError(
        f"'{type(value).__name__}' object has no attribute '{name}'", name=name, obj=value
    )


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
    def changed(function: Any) -> property:
        parts: dict[str, Any] = {"getter": value.fget, "setter": value.fset, "deleter": value.fdel}
        parts[name] = callable_value(function)
        return property(parts["getter"], parts["setter"], parts["deleter"], value.__doc__)

    if name in ("getter", "setter", "deleter"):
        return changed
    if name == "__doc__":
        return value.__doc__
    raise _no_attribute(value, name)


def load_type(value: type, name: str) -> Any:
    """An attribute of a host class: its name, or a method without its object."""
    special = CLASS_LOADERS.get(value)
    if special is not None:
        return special(value, name)
    if name == "__name__":
        return value.__name__.rpartition(".")[2]
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
CLASSES: dict[type, Callable[[Any], type]] = {}  # where it decides which class programs see
OWN_ATTRIBUTES: set[type] = set()  # classes of ours whose objects hold what programs set
COPIED: set[type] = set()  # classes of the host whose objects are copied part by part
LOADERS: dict[type, Loader] = {
    str: _load_str,
    Function: _load_function,
    Method: _load_method,
    Builtin: _load_builtin,
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
# module of foreign types -> what enters their attributes, for values of programs that import none
LATE: dict[str, Callable[[], object]] = {}
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
    late = LATE.get(kind.__module__)
    if late is not None:
        late()
        loader = LOADERS.get(kind)
    if loader is not None:
        return loader
    if issubclass(kind, BaseException):
        loader = _load_exception
    elif issubclass(kind, type):
        loader = load_type
    elif issubclass(kind, tuple) and hasattr(kind, "_fields") and kind not in TABLES:
        methods = getattr(kind, "methods_of_programs", "")
        TABLES[kind] = TUPLE | pick(kind, f"{' '.join(kind._fields)} {methods}")
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


def _inherited(table: dict[type, Any], kind: type) -> Any:
    """What a table has for one of the bases of a class of torch."""
    if kind.__module__.startswith("torch."):
        return next((table[base] for base in kind.__mro__ if base in table), None)
    return None


def store_attribute(value: Any, name: str, new: Any) -> None:
    """`value.name = new`, where the type of the value allows it."""
    setter = SETTERS.get(type(value)) or _inherited(SETTERS, type(value))
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
    deleter = DELETERS.get(type(value)) or _inherited(DELETERS, type(value))
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

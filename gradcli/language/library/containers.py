"""Classes of programs that derive from `dict` and `list`.

Such a class derives from a class of ours in its place, whose objects have attributes as well.
Imported when a program first writes one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from gradcli.language.machine.sizes import PARTS
from gradcli.language.values.attributes import DELETERS, LOADERS, NAMES, SETTERS
from gradcli.language.values.classes import ProgramClass, allow_base, binding_loaders
from gradcli.language.values.constructors import OPEN_CLASSES, constructor
from gradcli.language.values.python_types import TABLES
from gradcli.language.values.text import text_repr

from . import open_objects
from .python.copy import COPIES


class Dict(dict[Any, Any]):
    """`dict`, for classes that derive from it."""

    __slots__ = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        dict.update(self, constructor(dict)(*args, **kwargs))


class List(list[Any]):
    """`list`, for classes that derive from it."""

    __slots__ = ()

    def __init__(self, *args: Any) -> None:
        list.__init__(self, constructor(list)(*args))


def _update(self: Any, *args: Any, **kwargs: Any) -> None:
    """`dict.update`, which does not ask a program's `__setitem__`."""
    dict.update(self, constructor(dict)(*args, **kwargs))


def _text_of_dict(self: Any) -> str:
    """`dict.__repr__`, past the one that a program wrote."""
    return text_repr(dict(dict.items(self)))


def _text_of_list(self: Any) -> str:
    """`list.__repr__`, past the one that a program wrote."""
    return text_repr(list(list.__iter__(self)))


def _parts_of_dict(value: Any) -> Iterable[Any]:
    return chain(dict.__iter__(value), dict.values(value))


def _copy_of_dict(value: Any, each: Callable[[Any], Any]) -> Any:
    made = _with_attributes(dict.__new__(type(value)), value, each)
    for key, item in list(dict.items(value)):
        made[each(key)] = each(item)  # a program's `__setitem__` is asked, as Python does
    return made


def _copy_of_list(value: Any, each: Callable[[Any], Any]) -> Any:
    made = list.__new__(type(value))
    list.extend(made, map(each, list.__iter__(value)))
    return _with_attributes(made, value, each)


def _with_attributes(made: Any, value: Any, each: Callable[[Any], Any]) -> Any:
    if value.__dict__ is value:
        made.__dict__ = made
    else:
        made.__dict__.update({name: each(item) for name, item in value.__dict__.items()})
    return made


def _load(value: Any, name: str) -> Any:
    return value.__dict__ if name == "__dict__" else open_objects.load(value, name)


def _store(value: Any, name: str, new: Any) -> None:
    if name == "__dict__":
        if new is not value or not isinstance(value, dict):
            raise AttributeError("'__dict__' cannot be set but to the dictionary itself", name=name)
        value.__dict__ = value
        return
    open_objects.store(value, name, new)


binding_loaders.add(_load)

STAND_INS: dict[type, type] = {dict: Dict, list: List}
_Given = tuple[Any, Any, Callable[[Any], Iterable[Any]], Callable[..., Any], Callable[[Any], str]]
_given: tuple[_Given, ...] = (
    (dict, Dict, _parts_of_dict, _copy_of_dict, _text_of_dict),
    (list, List, list.__iter__, _copy_of_list, _text_of_list),
)
for _host, _base, _parts, _copy, _text in _given:
    _base.__name__ = _base.__qualname__ = _host.__name__
    _base.__module__ = "builtins"
    TABLES[_base] = {**TABLES[_host], "__init__": _base.__init__, "__repr__": _text}
    PARTS[_base] = _parts
    COPIES[_base] = _copy
    OPEN_CLASSES.add(_base)
    LOADERS[_base], SETTERS[_base] = _load, _store
    DELETERS[_base], NAMES[_base] = open_objects.delete, open_objects.names
    allow_base(_base, ProgramClass, (_load, _store, open_objects.delete, open_objects.names))
TABLES[Dict]["update"] = _update

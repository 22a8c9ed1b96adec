"""Objects of library classes with attributes of their own, and classes that derive from them.

What torch.optim, torch.utils.data and their like have in common: a program reads and sets
attributes as in Python, and its classes derive from the library's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.language.values.attributes import (
    CLASSES,
    COPIED,
    DELETERS,
    LOADERS,
    MISSING,
    NAMES,
    SETTERS,
)
from gradcli.language.values.classes import (
    ProgramClass,
    allow_base,
    binding_loaders,
    bound_member,
    is_program_class,
)
from gradcli.language.values.constructors import OPEN_CLASSES, callable_value
from gradcli.language.values.python_types import TABLES, Table
from gradcli.language.values.special_names import is_special

from .class_tables import check_kind, class_table

BASES: list[type] = []
# What the core walks through in objects of a class: a program changes what is in it, and puts
# nothing else in its place.
WALKED: dict[type, dict[str, type]] = {}


def make_class(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
    """A class that a program derives from an opened one."""
    return ProgramClass(name, bases, namespace)


def open_base(base: type, make: Callable[..., type] = make_class) -> None:
    """Let programs use and derive from a library class and all that derive from it.

    `make` makes a program's class of a name, bases and members.
    """
    BASES.append(base)
    enter(base)
    allow_base(base, make, (load, store, delete, names))
    LOADERS[base] = load
    SETTERS[base] = store
    DELETERS[base] = delete
    NAMES[base] = names
    COPIED.add(base)
    CLASSES[base] = _class_of


def enter(kind: Any) -> None:
    """Let programs use a class that derives from an opened one; any other value is left alone."""
    if isinstance(kind, type) and issubclass(kind, tuple(BASES)) and kind not in TABLES:
        TABLES[kind] = class_table(kind, store)
        OPEN_CLASSES.add(kind)


def _host_of(cls: type) -> Any:
    """The library class behind a class."""
    return next(base for base in cls.__mro__ if not is_program_class(base))


def _table_of(cls: type) -> Table:
    host = _host_of(cls)
    enter(host)
    return TABLES[host]


def load(value: Any, name: str) -> Any:
    """`value.name`: properties, the object's own attributes, then its class's."""
    cls = type(value)
    member = cls.__members__.get(name, MISSING) if is_program_class(cls) else MISSING
    entry = _table_of(cls).get(name) if member is MISSING else None
    if type(entry) is property:
        return entry.__get__(value, cls)
    if type(member) is property and member.fget is not None:
        return member.fget(value)
    found = value.__dict__.get(name, MISSING)
    if found is not MISSING:
        return found
    if member is not MISSING:
        return bound_member(member, value, cls)
    if entry is not None:
        return entry.__get__(value, cls)
    raise AttributeError(f"'{cls.__name__}' object has no attribute '{name}'", name=name, obj=value)


binding_loaders.add(load)


def store(value: Any, name: str, new: Any) -> None:
    """`value.name = new`."""
    cls = type(value)
    if is_special(name):
        raise AttributeError(f"'{name}' cannot be set", name=name)
    for base, kinds in WALKED.items():
        if isinstance(value, base):
            check_kind(name, new, kinds)
    if isinstance(new, type) and name in _table_of(cls):
        new = callable_value(new)  # who calls it does not ask
    member = cls.__members__.get(name) if is_program_class(cls) else None
    if type(member) is property:
        if member.fset is None:
            raise AttributeError(
                f"property '{name}' of '{cls.__name__}' object has no setter", name=name
            )
        member.fset(value, new)
        return
    _host_of(cls).__setattr__(value, name, new)


def delete(value: Any, name: str) -> None:
    """`del value.name`."""
    if name not in value.__dict__:
        raise AttributeError(
            f"'{type(value).__name__}' object has no attribute '{name}'", name=name, obj=value
        )
    del value.__dict__[name]


def names(value: Any) -> list[str]:
    """The attributes of an object, with those of its class."""
    cls = type(value)
    found = {*value.__dict__, *_table_of(cls)}
    if is_program_class(cls):
        found.update(cls.__members__)
    return sorted(name for name in found if type(name) is str and not is_special(name))


def _class_of(value: Any) -> type:
    enter(type(value))
    return type(value)

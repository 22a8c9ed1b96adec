"""How values of this folder become what programs know: names of host modules, classes of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from types import FunctionType
from typing import Any

from gradcli.language.machine.sizes import FLAT, PARTS
from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import (
    DELETERS,
    LOADERS,
    MISSING,
    NAMES,
    OWN_ATTRIBUTES,
    SETTERS,
    load_from,
)
from gradcli.language.values.constructors import CONSTRUCTORS
from gradcli.language.values.functions import Builtin
from gradcli.language.values.iterators import lazy_kind
from gradcli.language.values.python_types import TABLES, name_function, pick
from gradcli.language.values.special_names import is_special


def take(host: Any, names: str) -> dict[str, Any]:
    """Chosen names of a host module."""
    return {name: vars(host)[name] for name in names.split()}


def as_host(host: Any, entries: dict[str, Any]) -> dict[str, Any]:
    """Functions of ours as what the host has under their names: a class or a built-in function."""
    made = {}
    for name, value in entries.items():
        theirs = vars(host)[name]
        if type(value) is FunctionType and not isinstance(theirs, FunctionType):
            name_function(value, name)
            kind = "class" if isinstance(theirs, type) else "function"
            value = Builtin(name, value, kind, host.__name__)
            if kind == "class":
                value.instances = (theirs, lazy_kind(name))
        made[name] = value
    return made


class Held:
    """An entry of a table for what an object of ours holds itself."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            raise AttributeError(f"type object '{owner.__name__}' has no attribute '{self.name}'")
        return vars(instance)[self.name]


def open_class(
    kind: type,
    names: str = "",
    *,
    module: str = "",
    name: str = "",
    make: Callable[..., Any] | None = None,
    parts: Callable[[Any], Any] | None = None,
) -> Any:
    """Let programs use a class of ours, and its objects by the chosen names; returns the class.

    `module` and `name` are what texts say of the class, `make` what a call of it runs, and `parts`
    gives what the text, the equality or the hash of an object looks at.
    """
    if module:
        kind.__module__ = module
    if name:
        kind.__name__ = kind.__qualname__ = name
    found = pick(kind, names)
    TABLES[kind] = {name: found.get(name) or Held(name) for name in names.split()}
    LOADERS[kind] = load_from(TABLES[kind])
    CONSTRUCTORS[kind] = make or kind
    if parts is None:
        FLAT.add(kind)
    else:
        PARTS[kind] = parts
    return kind


def open_attributes(kind: type) -> None:
    """Let the objects of an opened class have attributes as programs set them."""
    fixed = LOADERS[kind]

    def load(value: Any, name: str) -> Any:
        if name == "__dict__":
            return value.__dict__
        found = value.__dict__.get(name, MISSING)
        return fixed(value, name) if found is MISSING else found

    def store(value: Any, name: str, new: Any) -> None:
        if is_special(name):
            raise AttributeError(f"'{name}' cannot be set", name=name)
        value.__dict__[name] = new

    def delete(value: Any, name: str) -> None:
        if name not in value.__dict__:
            fixed(value, name)  # raises, where nothing has the name
            raise AttributeError(f"'{kind.__name__}' object attribute '{name}' is read-only")
        del value.__dict__[name]

    OWN_ATTRIBUTES.add(kind)
    LOADERS[kind] = load
    SETTERS[kind] = store
    DELETERS[kind] = delete
    NAMES[kind] = lambda value: {*filter(_is_text, value.__dict__), *TABLES[kind]}


def held_parts(value: Any) -> Iterator[Any]:
    """The names and values that an object of ours holds as a program set them."""
    return chain(value.__dict__, value.__dict__.values())


def _is_text(name: Any) -> bool:
    return isinstance(name, str)


_nested = 0


@contextmanager
def deeper_call() -> Iterator[None]:
    """A call of ours that may come to itself. Raises RecursionError when there are too many."""
    global _nested
    if _nested >= machine.depth:
        raise RecursionError("maximum recursion depth exceeded")
    _nested += 1
    machine.spend(1)
    try:
        yield
    finally:
        _nested -= 1

"""Classes that programs may call, and what stands for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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

# Classes that annotations subscript, and those that stand beside them without parameters.
GENERICS: set[type] = {list, tuple, dict, set, frozenset, type}
PLAIN_CLASSES: set[type] = set()


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

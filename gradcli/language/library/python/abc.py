"""The module `abc`: classes with methods that derived classes have to write."""

from __future__ import annotations

from typing import Any

from gradcli.language.values.attributes import Module
from gradcli.language.values.classes import DERIVED, METACLASSES, ProgramClass, register
from gradcli.language.values.functions import Builtin, Function

ABC = ProgramClass("ABC", (), {"__module__": "abc"})
register(ABC)

_HOLDERS = (Function, property, staticmethod, classmethod)


def _abstract_method(funcobj: Any, /) -> Any:
    """`abc.abstractmethod`: mark a function; properties and their kin ask the one they hold."""
    if type(funcobj) is Function:
        funcobj.__isabstractmethod__ = True  # type: ignore[attr-defined]
    return funcobj


def _is_abstract(held: Any) -> bool:
    held = getattr(held, "__wrapped__", held) if callable(held) else held
    return isinstance(held, _HOLDERS) and bool(getattr(held, "__isabstractmethod__", False))


def _note_abstract(cls: type) -> None:
    """Have the host refuse objects of a class with methods that are still to be written."""
    order = type.mro(cls)
    names = {name for base in order for name, held in vars(base).items() if _is_abstract(held)}
    first = {name: next(vars(base)[name] for base in order if name in vars(base)) for name in names}
    left = frozenset(name for name, held in first.items() if _is_abstract(held))
    type.__setattr__(cls, "__abstractmethods__", left)


DERIVED[ABC] = _note_abstract


def _meta(*args: Any) -> Any:
    raise TypeError("cannot create 'ABCMeta' instances: derive a class from abc.ABC")


ABC_META = Builtin("ABCMeta", _meta, "class", "abc")
METACLASSES.append((ABC_META, ABC))


def module() -> Module:
    """The module `abc`."""
    return Module("abc", {"ABC": ABC, "ABCMeta": ABC_META, "abstractmethod": _abstract_method})

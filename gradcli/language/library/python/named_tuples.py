"""`collections.namedtuple`, made without the host's, which runs text that it puts together."""

from __future__ import annotations

import sys
from _collections import _tuplegetter  # type: ignore[import-not-found]  # what the host's have
from collections.abc import Iterable
from keyword import iskeyword
from typing import Any

from gradcli.language.machine.sizes import FLAT
from gradcli.language.machine.state import feed
from gradcli.language.values.functions import Signature
from gradcli.language.values.text import text_repr

FLAT.add(_tuplegetter)

_UNKNOWN_FIELDS = TypeError if sys.version_info >= (3, 13) else ValueError


class _Maker:
    """What `Signature.bind` asks of a function, for the class's `__new__`."""

    __slots__ = ("__qualname__", "defaults", "kwdefaults", "signature")

    def __init__(self, typename: str, fields: tuple[str, ...], defaults: tuple[Any, ...]) -> None:
        names = ("_cls", *fields)
        self.__qualname__ = f"{typename}.__new__"
        self.signature = Signature(names, 0, len(names), False, (), False)
        self.defaults = defaults
        self.kwdefaults: dict[str, Any] = {}


class NamedTuple(tuple[Any, ...]):
    """The base of the classes; each has `_fields`, `_field_defaults` and `_maker` of its own."""

    __slots__ = ()
    _fields: tuple[str, ...]
    _field_defaults: dict[str, Any]
    _maker: _Maker

    def __new__(cls, /, *args: Any, **kwargs: Any) -> NamedTuple:
        if kwargs or len(args) != len(cls._fields):
            maker: Any = cls._maker
            args = tuple(maker.signature.bind(maker, (cls, *args), kwargs)[1:])
        return tuple.__new__(cls, args)

    @classmethod
    def _make(cls, iterable: Any) -> NamedTuple:
        """One with the values of an iterable."""
        values = tuple(feed(iterable))
        if len(values) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(values)}")
        return tuple.__new__(cls, values)

    def _replace(self, /, **kwargs: Any) -> NamedTuple:
        """One with other values for some fields."""
        values = [kwargs.pop(name, value) for name, value in zip(self._fields, self, strict=True)]
        if kwargs:
            raise _UNKNOWN_FIELDS(f"Got unexpected field names: {list(kwargs)!r}")
        return tuple.__new__(type(self), values)

    def _asdict(self) -> dict[str, Any]:
        """The values under their names."""
        return dict(zip(self._fields, self, strict=True))

    def __repr__(self) -> str:
        pairs = zip(self._fields, self, strict=True)
        shown = ", ".join([f"{name}={text_repr(value)}" for name, value in pairs])
        return f"{type(self).__name__}({shown})"


METHODS = ("_asdict", "_make", "_replace")


def named_tuple(
    typename: str, names: Iterable[str], rename: bool, defaults: tuple[Any, ...]
) -> type[NamedTuple]:
    """The class. Raises ValueError and TypeError in Python's words for names that cannot be."""
    fields = list(names)
    seen: set[str] = set()
    if rename:
        for at, name in enumerate(fields):
            if not name.isidentifier() or iskeyword(name) or name[0] == "_" or name in seen:
                fields[at] = f"_{at}"
            seen.add(name)
    for name in (typename, *fields):
        if not name.isidentifier():
            raise ValueError(f"Type names and field names must be valid identifiers: {name!r}")
        if iskeyword(name):
            raise ValueError(f"Type names and field names cannot be a keyword: {name!r}")
    seen = set()
    for name in fields:
        if name[0] == "_" and not rename:
            raise ValueError(f"Field names cannot start with an underscore: {name!r}")
        if name in seen:
            raise ValueError(f"Encountered duplicate field name: {name!r}")
        seen.add(name)
    if len(defaults) > len(fields):
        raise TypeError("Got more default values than field names")
    known = tuple(fields)
    members: dict[str, Any] = {
        "__slots__": (),
        "__module__": "__main__",
        "__match_args__": known,
        "_fields": known,
        "_field_defaults": dict(zip(known[len(known) - len(defaults) :], defaults, strict=True)),
        "_maker": _Maker(typename, known, defaults),
    }
    for at, name in enumerate(known):
        members[name] = _tuplegetter(at, f"Alias for field number {at}")
    return type(typename, (NamedTuple,), members)

"""The module `enum`: classes whose named values are their only objects."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from gradcli.language.machine.sizes import check_key, check_walk
from gradcli.language.machine.state import counted, feed, machine
from gradcli.language.values.attributes import Module
from gradcli.language.values.classes import (
    FIXED,
    MIXED,
    ProgramClass,
    allow_base,
    instance_names,
    load_instance,
    register,
)
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.functions import Function
from gradcli.language.values.python_types import TABLES, pick
from gradcli.language.values.special_names import is_special
from gradcli.language.values.text import text, text_repr
from gradcli.tensor.runtime import speaking_once

from .copy import COPIES
from .hosts import open_class
from .ordering import equal


class EnumClass(ProgramClass):
    """The class of enumerations; `__order__` has their members by name, aliases included."""

    __order__: dict[str, Any]
    __known__: dict[Any, Any]  # by value, as far as values can be hashed

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The member of a value, or a new enumeration of names."""
        if not cls.__order__ and len(args) == 2:
            return _of_names(cls, *args)
        if not args:
            raise TypeError("EnumType.__call__() missing 1 required positional argument: 'value'")
        if len(args) != 1 or kwargs:
            raise TypeError(f"{cls.__name__}() takes one value")
        return _member_of(cls, args[0])

    def __iter__(cls) -> Any:
        return iter(_members(cls))

    def __reversed__(cls) -> Any:
        return reversed(_members(cls))

    def __len__(cls) -> int:
        return len(_members(cls))

    def __bool__(cls) -> bool:
        return True

    def __getitem__(cls, name: Any) -> Any:
        check_key(name)
        return cls.__order__[name]

    def __contains__(cls, value: Any) -> bool:
        if isinstance(value, cls):
            return True
        if sys.version_info < (3, 12):
            raise TypeError(
                f"unsupported operand type(s) for 'in': '{type(value).__name__}' and 'EnumType'"
            )
        try:
            _member_of(cls, value)
        except ValueError:
            return False
        return True

    def __repr__(cls) -> str:
        return f"<enum '{cls.__name__}'>"


class Auto:
    """What `auto()` gives: the class puts the next value in its place."""


open_class(Auto, module="enum", name="auto")


class Enum:
    """`enum.Enum`."""

    _name_: str
    _value_: Any

    @property
    def name(self) -> str:
        """The name of the member."""
        return self._name_

    @property
    def value(self) -> Any:
        """The value of the member."""
        return self._value_

    @speaking_once
    def __repr__(self) -> str:
        return f"<{type(self).__name__}.{self._name_}: {text_repr(self._value_)}>"

    def __str__(self) -> str:
        return f"{type(self).__name__}.{self._name_}"

    def __format__(self, spec: str) -> str:
        return format(text(self), spec)

    def __hash__(self) -> int:
        return hash(self._name_)


class IntEnum(int, Enum):
    """`enum.IntEnum`."""

    __str__ = int.__repr__
    __format__: Any = int.__format__
    __hash__ = int.__hash__


class StrEnum(str, Enum):
    """`enum.StrEnum`."""

    __str__ = str.__str__
    __format__: Any = str.__format__
    __hash__ = str.__hash__


class IntMixed(int, Enum):
    """What `class Colour(int, Enum)` derives from."""

    __hash__ = int.__hash__
    __format__ = Enum.__format__
    __str__ = Enum.__str__
    __repr__ = Enum.__repr__


class StrMixed(str, Enum):
    """What `class Colour(str, Enum)` derives from."""

    __hash__ = str.__hash__
    __format__ = Enum.__format__
    __str__ = Enum.__str__
    __repr__ = Enum.__repr__


class FloatMixed(float, Enum):
    """What `class Constant(float, Enum)` derives from."""

    __hash__ = float.__hash__
    __format__ = Enum.__format__
    __str__ = Enum.__str__
    __repr__ = Enum.__repr__


IntEnum.__repr__ = StrEnum.__repr__ = Enum.__repr__  # type: ignore[method-assign]
_BASES: tuple[Any, ...] = (IntEnum, StrEnum, IntMixed, StrMixed, FloatMixed, Enum)
_HIDDEN = (Function, property, staticmethod, classmethod)


def _members(cls: EnumClass) -> list[Any]:
    """The members in their order, without aliases."""
    machine.spend(len(cls.__order__) >> 3)
    return [member for name, member in cls.__order__.items() if member._name_ == name]


def _member_of(cls: EnumClass, value: Any) -> Any:
    if type(value) is cls:
        return value
    check_walk(value)
    try:
        return cls.__known__[value]
    except (KeyError, TypeError):
        found = _searched(cls, value)
        if found is not None:
            return found
    raise ValueError(f"{text_repr(value)} is not a valid {cls.__qualname__}")


def _searched(cls: EnumClass, value: Any) -> Any:
    """The member of a value that cannot be hashed, or None."""
    for member in counted(_members(cls)):
        if equal(member._value_, value):
            return member
    return None


def _of_names(cls: type, name: Any, names: Any) -> type:
    """`Enum("Colour", "RED GREEN")`."""
    if isinstance(names, str):
        machine.reserve(40 * len(names))
        names = names.replace(",", " ").split()
    if isinstance(names, dict):
        names = list(names.items())
    namespace: dict[str, Any] = {"__module__": "__main__", "__qualname__": text(name)}
    for at, item in enumerate(feed(names), 1):
        key, value = item if isinstance(item, tuple | list) else (item, at)
        if not isinstance(key, str) or is_special(key) or not key.isidentifier():
            raise TypeError(f"{text_repr(key)} is not a name for a member")
        machine.reserve(512)
        machine.spend(4)
        namespace[key] = value
    made = _make(text(name), (cls,), namespace)
    register(made)
    return made


def _make(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
    """The class of a class statement: its values become members."""
    for base in bases:
        if isinstance(base, EnumClass) and base.__order__:
            raise TypeError(f"<enum {name!r}> cannot extend {base!r}")
    values = {key: value for key, value in namespace.items() if _is_value(name, key, value)}
    machine.reserve(512 * len(values))
    machine.spend(len(values))
    kept = {key: value for key, value in namespace.items() if key not in values}
    cls: Any = EnumClass(name, bases, kept)
    type.__setattr__(cls, "__order__", {})
    type.__setattr__(cls, "__known__", {})
    register(cls)  # what runs for a member sets its attributes
    last: list[Any] = []
    for key, value in values.items():
        _add(cls, key, value, last)
    return cls  # type: ignore[no-any-return]


def _is_value(owner: str, key: str, value: Any) -> bool:
    private = key.startswith(f"_{owner.lstrip('_')}__")
    sunder = len(key) > 2 and key[0] == key[-1] == "_"
    return not (
        is_special(key) or private or sunder or isinstance(value, _HIDDEN) or _is_method(value)
    )


def _is_method(value: Any) -> bool:
    return type(value).__name__ == "function"


def _add(cls: Any, name: str, value: Any, last: list[Any]) -> None:
    """One more member; `last` has the values so far."""
    kind = next(base for base in cls.__mro__ if base in _BASES)
    if isinstance(value, Auto):
        value = _next_value(kind, name, last)
    elif isinstance(value, tuple) and any(isinstance(part, Auto) for part in value):
        value = tuple([_next_value(kind, name, last) if isinstance(p, Auto) else p for p in value])
    last.append(value)
    host: Any = kind.__mro__[1] if kind is not Enum else object
    make: Any = host.__new__
    if host is object:
        member: Any = make(cls)
    else:
        if host is str and not isinstance(value, str):
            raise TypeError(f"{text_repr(value)} is not a string")
        taken = value if isinstance(value, tuple) else (value,)
        value = callable_value(host)(*taken)
        member = make(cls, value)
    member.__dict__["_name_"] = name
    member.__dict__["_value_"] = value
    start = cls.__dict__.get("__init__") or next(
        (vars(base)["__init__"] for base in cls.__mro__[1:-1] if "__init__" in vars(base)), None
    )
    if start is not None:
        start(member, *(value if isinstance(value, tuple) else (value,)))
        value = member._value_
    check_walk(value)
    try:
        known = cls.__known__.get(value)
    except TypeError:
        known = _searched(cls, value)
    else:
        cls.__known__.setdefault(value, member)
    cls.__order__[name] = member if known is None else known
    type.__setattr__(cls, name, cls.__order__[name])


def _next_value(kind: type, name: str, last: list[Any]) -> Any:
    if kind is StrEnum:
        return name.lower()
    numbers = [value for value in last[-1:] if isinstance(value, int)]
    return (max(numbers) if numbers else 0) + 1


def _store(value: Any, name: str, new: Any) -> None:
    if name in ("name", "value") and isinstance(value, Enum):
        raise AttributeError(f"<enum 'Enum'> cannot set attribute {name!r}")
    if is_special(name):
        raise AttributeError(f"'{name}' cannot be set", name=name)
    value.__dict__[name] = new


def _delete(value: Any, name: str) -> None:
    if name not in value.__dict__ or name in ("_name_", "_value_"):
        raise AttributeError(f"{type(value).__name__!r} object has no attribute {name!r}")
    del value.__dict__[name]


def _keep(cls: Any, name: str, verb: str) -> None:
    if name in cls.__order__:
        if verb == "delete":
            raise AttributeError(f"{cls.__name__!r} cannot delete member {name!r}.")
        raise AttributeError(f"cannot reassign member {name!r}")


FIXED[EnumClass] = _keep


def _unique(enumeration: Any, /) -> Any:
    if not isinstance(enumeration, EnumClass):
        raise TypeError("unique() takes an enumeration")
    pairs = [
        f"{name} -> {member._name_}"
        for name, member in enumeration.__order__.items()
        if member._name_ != name
    ]
    if pairs:
        raise ValueError(f"duplicate values found in {enumeration!r}: {', '.join(pairs)}")
    return enumeration


for _kind in _BASES:
    _own = "name value"
    open_class(_kind, _own, module="enum", name=_kind.__name__, make=partial(_of_names, _kind))
    TABLES[_kind] = {**TABLES.get(_kind.__mro__[1], {}), **pick(Enum, _own)}
    allow_base(_kind, _make, (load_instance, _store, _delete, instance_names))
    COPIES[_kind] = lambda value, each: value
MIXED.update({(str, Enum): (StrMixed,), (int, Enum): (IntMixed,), (float, Enum): (FloatMixed,)})


def module() -> Module:
    """The module `enum`."""
    return Module(
        "enum",
        {
            "Enum": Enum,
            "IntEnum": IntEnum,
            "StrEnum": StrEnum,
            "auto": Auto,
            "unique": _unique,
        },
    )

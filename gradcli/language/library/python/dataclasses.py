"""The module `dataclasses`: methods made of a class's annotated names, without running text."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import check_walk
from gradcli.language.machine.state import feed, machine
from gradcli.language.values.attributes import (
    DELETERS,
    SETTERS,
    Module,
    load_attribute,
    store_attribute,
)
from gradcli.language.values.attributes import (
    MISSING as NOT_THERE,
)
from gradcli.language.values.classes import add_method, is_program_class, make_class, register
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.functions import Function, Signature
from gradcli.language.values.text import text, text_repr

from .annotations import Annotation
from .copy import deepcopy
from .hosts import deeper_call, open_class
from .ordering import compared


class Missing:
    """The type of `dataclasses.MISSING`."""

    def __repr__(self) -> str:
        return "<dataclasses._MISSING_TYPE object>"


class Factory:
    """The type of what stands for a value that `default_factory` makes."""

    def __repr__(self) -> str:
        return "<factory>"


open_class(Missing, module="dataclasses", name="_MISSING_TYPE")
open_class(Factory, module="dataclasses", name="_HAS_DEFAULT_FACTORY_CLASS")
MISSING: Any = Missing()
_FROM_FACTORY: Any = Factory()
KW_ONLY = Annotation("dataclasses.KW_ONLY")


class Field:
    """One field; `kind` is "field", "class" for a ClassVar or "init" for an InitVar."""

    __slots__ = (
        "compare",
        "default",
        "default_factory",
        "hash",
        "init",
        "kind",
        "kw_only",
        "metadata",
        "name",
        "repr",
        "type",
    )

    def __init__(
        self,
        default: Any,
        default_factory: Any,
        init: Any,
        repr: Any,
        hash: Any,
        compare: Any,
        metadata: Any,
        kw_only: Any,
    ) -> None:
        self.name = ""
        self.type = ""
        self.kind = "field"
        self.default = default
        self.default_factory = default_factory
        self.init = bool(init)
        self.repr = bool(repr)
        self.hash = hash
        self.compare = bool(compare)
        self.metadata = {} if metadata is None else metadata
        self.kw_only = kw_only

    @property
    def has_default(self) -> bool:
        """Whether a call may leave the field out."""
        return self.default is not MISSING or self.default_factory is not MISSING


open_class(
    Field,
    "compare default default_factory hash init kw_only metadata name repr type",
    module="dataclasses",
)


class FrozenInstanceError(AttributeError):
    """What a frozen object says when it is changed."""

    published = True


FrozenInstanceError.__module__ = "dataclasses"


def _field(
    *,
    default: Any = MISSING,
    default_factory: Any = MISSING,
    init: Any = True,
    repr: Any = True,
    hash: Any = None,
    compare: Any = True,
    metadata: Any = None,
    kw_only: Any = MISSING,
) -> Field:
    if default is not MISSING and default_factory is not MISSING:
        raise ValueError("cannot specify both default and default_factory")
    if default_factory is not MISSING:
        default_factory = callable_value(default_factory)
    return Field(default, default_factory, init, repr, hash, compare, metadata, kw_only)


# The fields of a class


def _own_fields(cls: type, kw_only: bool) -> list[Field]:
    """The fields that a class annotates itself, in the order of its text."""
    written: dict[str, str] = vars(cls).get("__annotations__") or {}
    found = []
    for name, annotation in written.items():
        if annotation.strip("'\"").rpartition(".")[2] == "KW_ONLY":
            kw_only = True
            continue
        default = vars(cls).get(name, MISSING)
        if isinstance(default, Field):
            field = default
        else:
            field = _field(default=default)
        field.name = name
        field.type = annotation
        outer = annotation.strip("'\"").partition("[")[0].strip().rpartition(".")[2]
        field.kind = {"ClassVar": "class", "InitVar": "init"}.get(outer, "field")
        if field.kind == "field":
            kept = field.default
            if kept is not MISSING and type(kept).__hash__ is None:
                raise ValueError(
                    f"mutable default {type(kept)} for field {name} is not allowed: "
                    "use default_factory"
                )
        elif field.default_factory is not MISSING:
            raise TypeError(f"field {name} cannot have a default factory")
        if field.kw_only is MISSING:
            field.kw_only = kw_only
        found.append(field)
    for name, value in vars(cls).items():
        if isinstance(value, Field) and name not in written:
            raise TypeError(f"{name!r} is a field but has no type annotation")
    return found


def _all_fields(cls: type) -> dict[str, Field]:
    """The fields of a class by name, with those it inherits."""
    for base in cls.__mro__:
        if "__dataclass_fields__" in vars(base):
            found: dict[str, Field] = vars(base)["__dataclass_fields__"]
            return found
    raise TypeError


def _is_dataclass(cls: type) -> bool:
    return any("__dataclass_fields__" in vars(base) for base in cls.__mro__)


def _fields(class_or_instance: Any) -> tuple[Field, ...]:
    cls = class_or_instance if isinstance(class_or_instance, type) else type(class_or_instance)
    if not _is_dataclass(cls):
        raise TypeError("must be called with a dataclass type or instance")
    return _instance_fields(cls)


def _instance_fields(cls: type) -> tuple[Field, ...]:
    return tuple([field for field in _all_fields(cls).values() if field.kind == "field"])


# The methods


class _Maker:
    """What `Signature.bind` asks of a function."""

    __slots__ = ("__qualname__", "defaults", "kwdefaults", "signature")

    def __init__(self, cls: type, fields: list[Field]) -> None:
        early = [field for field in fields if not field.kw_only]
        late = [field for field in fields if field.kw_only]
        before = None
        for field in early:
            if field.has_default:
                before = field
            elif before is not None:
                after = f" '{before.name}'" if sys.version_info >= (3, 13) else ""
                raise TypeError(
                    f"non-default argument {field.name!r} follows default argument{after}"
                )
        names = ("self", *[field.name for field in early], *[field.name for field in late])
        self.__qualname__ = f"{cls.__qualname__}.__init__"
        self.signature = Signature(
            names, 0, len(early) + 1, False, tuple([field.name for field in late]), False
        )
        self.defaults = tuple([_default(field) for field in early if field.has_default])
        self.kwdefaults = {field.name: _default(field) for field in late if field.has_default}


def _default(field: Field) -> Any:
    return _FROM_FACTORY if field.default is MISSING else field.default


def _store(value: Any, name: str, new: Any) -> None:
    value.__dict__[name] = new


def _init(cls: type, fields: list[Field], frozen: bool) -> Callable[..., None]:
    taken = [field for field in fields if field.init and field.kind != "class"]
    made = [field for field in fields if not field.init and field.kind == "field"]
    maker: Any = _Maker(cls, taken)
    order = {name: at for at, name in enumerate(maker.signature.names)}
    store = _store if frozen else store_attribute

    def __init__(*args: Any, **kwargs: Any) -> None:
        values = maker.signature.bind(maker, args, kwargs)
        self = values[0]
        later = []
        for field in taken:
            value = values[order[field.name]]
            if value is _FROM_FACTORY:
                value = field.default_factory()
            if field.kind == "init":
                later.append(value)
            else:
                store(self, field.name, value)
        for field in made:
            if field.default_factory is not MISSING:
                store(self, field.name, field.default_factory())
        after = type(self).__members__.get("__post_init__")
        if after is not None:
            after(self, *later)

    return __init__


def _repr(fields: list[Field]) -> Callable[[Any], str]:
    shown = [field.name for field in fields if field.repr]
    running: set[int] = set()

    def __repr__(self: Any) -> str:
        if id(self) in running:
            return "..."
        running.add(id(self))
        try:
            with deeper_call():
                parts = [f"{name}={text_repr(load_attribute(self, name))}" for name in shown]
        finally:
            running.discard(id(self))
        machine.reserve(4 * sum(map(len, parts)))
        return f"{type(self).__qualname__}({', '.join(parts)})"

    return __repr__


def _values(fields: list[Field]) -> Callable[[Any], tuple[Any, ...]]:
    names = [field.name for field in fields]
    return lambda value: tuple([load_attribute(value, name) for name in names])


def _eq(fields: list[Field]) -> Callable[[Any, Any], Any]:
    values = _values([field for field in fields if field.compare])

    def __eq__(self: Any, other: Any) -> Any:
        if type(other) is not type(self):
            return NotImplemented
        with deeper_call():
            left, right = values(self), values(other)
            if sys.version_info < (3, 13):
                return compared(operator.eq, left, right)
            if self is other:
                return True
            found: Any = True
            for one, two in zip(left, right, strict=True):
                found = compared(operator.eq, one, two)
                if not found:
                    break
            return found

    return __eq__


def _order(fields: list[Field], name: str) -> Callable[[Any, Any], Any]:
    values = _values([field for field in fields if field.compare])
    compare = vars(operator)[name]

    def ordered(self: Any, other: Any) -> Any:
        if type(other) is not type(self):
            return NotImplemented
        with deeper_call():
            return compared(compare, values(self), values(other))

    return ordered


def _hash(fields: list[Field]) -> Callable[[Any], int]:
    chosen = [field for field in fields if (field.compare if field.hash is None else field.hash)]
    values = _values(chosen)

    def __hash__(self: Any) -> int:
        with deeper_call():
            found = values(self)
            check_walk(found)
            return hash(found)

    return __hash__


def _freeze(cls: type) -> None:
    store, delete = SETTERS[cls], DELETERS[cls]
    names = {field.name for field in _instance_fields(cls)}

    def frozen_store(value: Any, name: str, new: Any) -> None:
        if type(value) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        store(value, name, new)

    def frozen_delete(value: Any, name: str) -> None:
        if type(value) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        delete(value, name)

    SETTERS[cls] = frozen_store
    DELETERS[cls] = frozen_delete


_ORDER = ("__lt__", "__le__", "__gt__", "__ge__")


def _process(
    cls: type,
    init: Any,
    repr: Any,
    eq: Any,
    order: Any,
    unsafe_hash: Any,
    frozen: Any,
    kw_only: Any,
) -> type:
    if not is_program_class(cls):
        raise TypeError("dataclass() takes a class of the program")
    fields: dict[str, Field] = {}
    bases = [base for base in cls.__mro__[-1:0:-1] if "__dataclass_fields__" in vars(base)]
    for base in bases:
        fields.update(vars(base)["__dataclass_fields__"])
    if bases:
        parents = {vars(base)["__dataclass_frozen__"] for base in bases}
        if frozen and False in parents:
            raise TypeError("cannot inherit frozen dataclass from a non-frozen one")
        if not frozen and parents == {True}:
            raise TypeError("cannot inherit non-frozen dataclass from a frozen one")
    own = _own_fields(cls, bool(kw_only))
    for field in own:
        fields[field.name] = field
        if isinstance(vars(cls).get(field.name), Field):
            if field.default is MISSING:
                type.__delattr__(cls, field.name)
            else:
                type.__setattr__(cls, field.name, field.default)
    machine.reserve(4096 + 512 * len(fields))
    machine.spend(len(fields))
    type.__setattr__(cls, "__dataclass_fields__", fields)
    type.__setattr__(cls, "__dataclass_frozen__", bool(frozen))
    known = list(fields.values())
    real = [field for field in known if field.kind == "field"]
    wrote = vars(cls)
    own_hash = wrote.get("__hash__", NOT_THERE)
    if own_hash is None and "__eq__" in wrote:
        own_hash = NOT_THERE
    if init:
        add_method(cls, "__init__", _init(cls, known, bool(frozen)))
    if repr and "__repr__" not in _written_methods(cls):
        add_method(cls, "__repr__", _repr(real))
    if order and not eq:
        raise ValueError("eq must be true if order is true")
    if eq and "__eq__" not in wrote:
        add_method(cls, "__eq__", _eq(real))
    if order:
        for name in _ORDER:
            if name in wrote:
                raise TypeError(
                    f"Cannot overwrite attribute {name} in class {cls.__name__}. Consider using "
                    "functools.total_ordering"
                )
            add_method(cls, name, _order(real, name))
    if unsafe_hash and own_hash is not NOT_THERE:
        raise TypeError(f"Cannot overwrite attribute __hash__ in class {cls.__name__}")
    if unsafe_hash or (eq and frozen and own_hash is NOT_THERE):
        add_method(cls, "__hash__", _hash(real))
    elif eq and own_hash is NOT_THERE:
        type.__setattr__(cls, "__hash__", None)
    if wrote.get("__doc__") is None:
        shown = [_parameter(field) for field in known if field.init and field.kind != "class"]
        type.__setattr__(cls, "__doc__", f"{cls.__name__}({', '.join(shown)})")
    register(cls)
    if frozen:
        _freeze(cls)
    return cls


def _written_methods(cls: type) -> set[str]:
    """The special methods that the text of a class itself defines."""
    return {
        name
        for name, held in vars(cls).items()
        if type(getattr(held, "__wrapped__", None)) is Function
    }


def _parameter(field: Field) -> str:
    shown = f"{field.name}: {field.type}"
    if field.default_factory is not MISSING:
        return f"{shown} = <factory>"
    return shown if field.default is MISSING else f"{shown} = {text_repr(field.default)}"


def _dataclass(
    cls: Any = None,
    /,
    *,
    init: Any = True,
    repr: Any = True,
    eq: Any = True,
    order: Any = False,
    unsafe_hash: Any = False,
    frozen: Any = False,
    match_args: Any = True,
    kw_only: Any = False,
    slots: Any = False,
    weakref_slot: Any = False,
) -> Any:
    def wrap(cls: Any) -> type:
        return _process(cls, init, repr, eq, order, unsafe_hash, frozen, kw_only)

    return wrap if cls is None else wrap(cls)


# Functions of objects


def _checked(obj: Any, name: str) -> tuple[Field, ...]:
    if isinstance(obj, type) or not _is_dataclass(type(obj)):
        raise TypeError(f"{name}() should be called on dataclass instances")
    return _instance_fields(type(obj))


def _asdict(obj: Any, *, dict_factory: Any = dict) -> Any:
    _checked(obj, "asdict")
    make = dict if dict_factory is dict else callable_value(dict_factory)
    return _taken_apart(obj, lambda pairs: make(pairs))


def _astuple(obj: Any, *, tuple_factory: Any = tuple) -> Any:
    _checked(obj, "astuple")
    make = tuple if tuple_factory is tuple else callable_value(tuple_factory)
    return _taken_apart(obj, lambda pairs: make([value for _, value in pairs]))


def _taken_apart(value: Any, make: Callable[[list[tuple[str, Any]]], Any]) -> Any:
    """A value with the dataclass objects in it as what `make` gives for their fields."""
    kind = type(value)
    with deeper_call():
        if is_program_class(kind) and _is_dataclass(kind):
            machine.reserve(128 * len(_all_fields(kind)))
            return make(
                [
                    (field.name, _taken_apart(load_attribute(value, field.name), make))
                    for field in _instance_fields(kind)
                ]
            )
        if kind is list:
            machine.reserve(8 * len(value))
            return [_taken_apart(part, make) for part in value]
        if isinstance(value, tuple):
            machine.reserve(8 * len(value))
            parts = [_taken_apart(part, make) for part in value]
            return tuple.__new__(kind, parts)
        if kind is dict:
            machine.reserve(64 * len(value))
            return {
                _taken_apart(key, make): _taken_apart(part, make) for key, part in value.items()
            }
        return deepcopy(value)


def _replace(obj: Any, /, **changes: Any) -> Any:
    if isinstance(obj, type) or not _is_dataclass(type(obj)):
        raise TypeError("replace() should be called on dataclass instances")
    for field in _all_fields(type(obj)).values():
        if field.kind == "class":
            continue
        if not field.init:
            if field.name in changes:
                raise ValueError(
                    f"field {field.name} is declared with init=False, it cannot be specified with "
                    "replace()"
                )
        elif field.name not in changes:
            if field.kind == "init" and field.default is MISSING:
                raise ValueError(f"InitVar {field.name!r} must be specified with replace()")
            changes[field.name] = load_attribute(obj, field.name)
    return type(obj)(**changes)


def _make_dataclass(cls_name: Any, fields: Any, *, bases: Any = (), **options: Any) -> Any:
    namespace: dict[str, Any] = {"__qualname__": cls_name, "__doc__": None}
    annotations: dict[str, str] = {}
    for item in feed(fields):
        name, *rest = (item,) if isinstance(item, str) else tuple(feed(item))
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("__"):
            raise TypeError(f"Field names must be valid identifiers: {text_repr(name)}")
        kind = rest[0] if rest else "typing.Any"
        annotations[name] = kind.__name__ if isinstance(kind, type) else text(kind)
        if len(rest) > 1:
            namespace[name] = rest[1]
    namespace["__annotations__"] = annotations
    return _dataclass(**options)(make_class(cls_name, tuple(bases), namespace))


def module() -> Module:
    """The module `dataclasses`."""
    return Module(
        "dataclasses",
        {
            "dataclass": _dataclass,
            "field": _field,
            "fields": _fields,
            "Field": Field,
            "FrozenInstanceError": FrozenInstanceError,
            "InitVar": Annotation("dataclasses.InitVar"),
            "KW_ONLY": KW_ONLY,
            "MISSING": MISSING,
            "asdict": _asdict,
            "astuple": _astuple,
            "replace": _replace,
            "is_dataclass": lambda obj: _is_dataclass(obj if isinstance(obj, type) else type(obj)),
            "make_dataclass": _make_dataclass,
        },
    )

"""Modules of torch.nn in programs: their attributes, and the classes that derive from them.

Imported when a name of torch.nn is first used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from gradcli.autograd.node import is_parameter
from gradcli.language.library.python import collections  # noqa: F401  # a state_dict is an OrderedDict
from gradcli.language.library.python.copy import SAVING, deepcopy
from gradcli.language.machine.sizes import FLAT, PARTS
from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import (
    CLASS_LOADERS,
    CLASSES,
    COPIED,
    DELETERS,
    LOADERS,
    MISSING,
    NAMES,
    SETTERS,
    load_attribute,
    store_attribute,
)
from gradcli.language.values.classes import (
    ProgramClass,
    allow_base,
    binding_loaders,
    bound_member,
    is_program_class,
    make_class,
)
from gradcli.language.values.constructors import OPEN_CLASSES, OPEN_METACLASSES, callable_value
from gradcli.language.values.python_types import TABLES, Table
from gradcli.language.values.special_names import is_special
from gradcli.nn.lazy import UninitializedBuffer, UninitializedParameter, refuse_shape, used
from gradcli.nn.module import Module, deep_copy, derive, parametrization_of
from gradcli.nn.optimized import OptimizedModule
from gradcli.nn.parameter import Buffer, BufferMeta, Parameter, ParameterMeta, class_of
from gradcli.nn.parametrize import check_saved, is_parametrized, parametrizations_of
from gradcli.nn.prune import BasePruningMethod
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor
from gradcli.torch import namespaces

from . import open_objects
from .class_tables import check_kind, class_table

_tables: dict[type, Table] = {}

if runtime.module_calls is not None:
    from gradcli.nn.calls import note_calls

    note_calls()


def _table_of(cls: type) -> Table:
    table = _tables.get(cls)
    if table is None:
        host = next(base for base in cls.__mro__ if not is_program_class(base))
        enter(host)
        table = _tables[cls] = TABLES[host]
    return table


def enter(kind: Any) -> None:
    """Let programs use a class of gradcli.nn; any other value is left alone."""
    if isinstance(kind, type) and issubclass(kind, tuple):
        OPEN_CLASSES.add(kind)
    elif not (isinstance(kind, type) and issubclass(kind, Module)):
        open_objects.enter(kind)
    elif kind not in TABLES:
        TABLES[kind] = class_table(kind, store)
        OPEN_CLASSES.add(kind)


_REGISTRIES = ("_parameters", "_modules", "_buffers")


def load(value: Any, name: str) -> Any:
    """`value.name` for a module: its class, its own attributes, then what is registered."""
    cls = type(value)
    held = value.__dict__
    member = cls.__members__.get(name, MISSING) if is_program_class(cls) else MISSING
    if type(member) is property:
        try:
            if member.fget is not None:
                return member.fget(value)
        except AttributeError:
            pass
        member = MISSING
    elif member is MISSING:
        entry = (_tables.get(cls) or _table_of(cls)).get(name)
        if entry is not None and (type(entry) is property or name not in held):
            return entry.__get__(value, cls)
    found = held.get(name, MISSING)
    if found is not MISSING:
        return found
    if member is not MISSING:
        return bound_member(member, value, cls)
    for registry in _REGISTRIES:
        parts = held.get(registry)
        if parts is not None and name in parts:
            return parts[name]
    computing = parametrization_of(value, name)
    if computing is not None:
        return computing.value()
    raise AttributeError(f"'{cls.__name__}' object has no attribute '{name}'", name=name, obj=value)


binding_loaders.add(load)


# What the core walks through: a program changes what is in it, and puts nothing else in its place.
_WALKED: dict[str, type] = {
    name: dict if isinstance(held, dict) else type(held)
    for name, held in vars(Module()).items()
    if isinstance(held, dict | set)
}


def store(value: Any, name: str, new: Any) -> None:
    """`value.name = new` for a module."""
    cls = type(value)
    if is_special(name):
        raise AttributeError(f"'{name}' cannot be set", name=name)
    check_kind(name, new, _WALKED)
    if isinstance(new, type) and name in _table_of(cls):
        new = callable_value(new)  # who calls it does not ask
    member = cls.__members__.get(name) if is_program_class(cls) else None
    if member is None:
        member = _table_of(cls).get(name)
    registered = is_parameter(new) or isinstance(new, Module)
    if type(member) is property and not registered:
        if member.fset is None:
            raise AttributeError(
                f"property '{name}' of '{cls.__name__}' object has no setter", name=name
            )
        member.fset(value, new)
        return
    Module.__setattr__(value, name, new)


def delete(value: Any, name: str) -> None:
    """`del value.name` for a module."""
    Module.__delattr__(value, name)


def names(value: Any) -> list[str]:
    """The attributes of a module, with the names of its parameters, buffers and modules."""
    cls = type(value)
    found = {*value.__dict__, *_table_of(cls)}
    if is_program_class(cls):
        found.update(cls.__members__)
    for registry in _REGISTRIES:
        found.update(value.__dict__.get(registry) or ())
    if is_parametrized(value):
        found.update(parametrizations_of(value)._modules)
    return sorted(
        name
        for name in found
        if type(name) is str and not is_special(name) and name[:1].isidentifier()
    )


def _parts(value: Any) -> Iterable[Any]:
    """What the text of a module shows: what is in it, and the settings of a layer."""
    held = value.__dict__
    children = held.get("_modules") or {}
    settings = (
        part
        for name, part in held.items()
        if not name.startswith("_") and not isinstance(part, Module)
    )
    plain = type(value).extra_repr is Module.extra_repr
    return chain(children, children.values(), () if plain else settings)


def _make_module(name: str, bases: tuple[Any, ...], namespace: dict[str, Any]) -> type:
    return ProgramClass(name, bases, namespace)


enter(Module)
PARTS[Module] = _parts
allow_base(Module, _make_module, (load, store, delete, names))
LOADERS[Module] = load
SETTERS[Module] = store
DELETERS[Module] = delete
NAMES[Module] = names


def _load_behind(value: Any, name: str) -> Any:
    """`value.name` for what answers for another module."""
    for module in _behind(value):
        try:
            return load(module, name)
        except AttributeError:
            if "_orig_mod" not in module._modules:
                raise
    return load_attribute(module._orig_mod, name)


def _store_behind(value: Any, name: str, new: Any) -> None:
    """`value.name = new`, which the module behind it takes."""
    if name not in ("training", "_orig_mod"):
        *_, value = _behind(value)
        if "_orig_mod" in value._modules:
            store_attribute(value._orig_mod, name, new)
            return
    store(value, name, new)


def _behind(value: Any) -> Iterator[Any]:
    """A module that answers for another, and those behind it that do, too.

    Raises RecursionError for those that answer for each other.
    """
    seen: set[int] = set()
    while type(value) is OptimizedModule:
        if id(value) in seen:
            raise RecursionError("maximum recursion depth exceeded")
        seen.add(id(value))
        machine.spend(1)
        yield value
        value = value._modules.get("_orig_mod")


enter(OptimizedModule)
LOADERS[OptimizedModule] = _load_behind
SETTERS[OptimizedModule] = _store_behind


open_objects.open_base(BasePruningMethod)
COPIED.add(Module)
SAVING[Module] = check_saved
deep_copy.append(deepcopy)


def _derived(name: str, base: type, home: str) -> type:
    """A class with nothing of its own, also of a program's class."""
    if not is_program_class(base):
        return derive[0](name, base, home)
    made = make_class(name, (base,), {})
    type.__setattr__(made, "__module__", home)
    return made


derive.append(_derived)


def _class_of_module(value: Any) -> type:
    enter(type(value))
    return type(value)


CLASSES[Module] = _class_of_module


# Parameters are tensors whose class is another.

OPEN_METACLASSES.update((ParameterMeta, BufferMeta))
for _kind in (Parameter, Buffer):
    CLASS_LOADERS[_kind] = lambda value, name: _load_tensor_kind(value, name)
    OPEN_CLASSES.add(_kind)
CLASSES[Tensor] = lambda value: class_of(value) if is_parameter(value) else Tensor


class ParameterClass(ProgramClass, ParameterMeta):
    """The metaclass of a program's classes of parameters, whose objects are marked tensors."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = super().__call__(*args, **kwargs)
        start = cls.__members__.get("__init__")
        if start is not None:
            bound_member(start, made, cls)(*args, **kwargs)
        return made


allow_base(Parameter, ParameterClass)


# What a parameter without a size answers; its other names are methods that it cannot run.
_KNOWN = frozenset(
    [
        *("data", "device", "dtype", "grad", "grad_fn", "is_cpu", "is_cuda"),
        *("is_leaf", "is_meta", "layout", "name", "requires_grad"),
    ]
)


def _load_uninitialized(value: Any, name: str) -> Any:
    if name == "materialize":
        return value.materialize
    if name == "cls_to_become":
        return Parameter if isinstance(value, UninitializedParameter) else Tensor
    if name == "shape":
        refuse_shape()
    if name in _KNOWN:
        return LOADERS[Tensor](value, name)
    if namespaces.tensor_attribute(name) is not None:
        used(name, type(value).__name__)
    raise AttributeError(
        f"'{type(value).__name__}' object has no attribute '{name}'", name=name, obj=value
    )


for _unsized in (UninitializedParameter, UninitializedBuffer):
    LOADERS[_unsized] = _load_uninitialized
    SETTERS[_unsized] = lambda value, name, new: SETTERS[Tensor](value, name, new)
    CLASS_LOADERS[_unsized] = lambda value, name: _load_tensor_kind(value, name)
    CLASSES[_unsized] = type
    OPEN_CLASSES.add(_unsized)
    OPEN_METACLASSES.add(type(_unsized))
    FLAT.add(_unsized)


def _load_tensor_kind(value: type, name: str) -> Any:
    if name in ("__name__", "__qualname__"):
        return value.__name__
    try:
        return namespaces.lookup("torch.Tensor", name)
    except KeyError:
        raise AttributeError(
            f"type object '{value.__name__}' has no attribute '{name}'", name=name, obj=value
        ) from None

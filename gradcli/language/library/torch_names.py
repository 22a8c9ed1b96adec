"""The bridge to torch's names: modules, attributes of tensors, sizes and dtypes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from importlib import import_module
from types import FunctionType, MethodType, MethodWrapperType
from typing import Any

from gradcli.autograd.node import attributes_of, is_parameter, meta_of
from gradcli.language.machine.sizes import FLAT, index_of
from gradcli.language.machine.state import feed, machine
from gradcli.language.syntax.spelling import did_you_mean, near
from gradcli.language.values.attributes import (
    CLASS_LOADERS,
    DELETERS,
    LATE,
    LOADERS,
    MISSING,
    NAMES,
    SETTERS,
    load_from,
)
from gradcli.language.values.classes import bound_member
from gradcli.language.values.constructors import CONSTRUCTORS, OPEN_CLASSES, callable_value
from gradcli.language.values.python_types import TABLES, TUPLE, pick
from gradcli.language.values.special_names import is_special
from gradcli.tensor.dtypes import DType, type_name
from gradcli.tensor.tensor import Size, Tensor
from gradcli.torch import namespaces
from gradcli.torch.backends import FLAGS, set_flag

from . import torch_objects

TorchModule = namespaces.Module

# Note: a host class such as `list` or `str`, handed to torch as a function, would run unweighed. So
# what calls a program's functions is given the checked constructor in the class's place.
_TAKE_FUNCTIONS = (
    "functorch",
    "torch.amp",
    "torch.compiler",
    "torch.cpu.amp",
    "torch.cuda.amp",
    "torch.func",
    "torch.autograd.functional",
    "torch.autograd.gradcheck",
    "torch.utils.checkpoint",
)
_FUNCTIONS_ELSEWHERE = frozenset(("compile", "vmap", "gradcheck", "gradgradcheck"))
_METHODS_WITH_FUNCTIONS = frozenset(
    ("register_hook", "register_post_accumulate_grad_hook", "apply_", "map_", "map2_")
)
_checked: dict[Any, Any] = {}


def _with_constructors(function: Any) -> Any:
    """`function`, given checked constructors in the place of host classes."""
    found = _checked.get(function)
    if found is None:

        def call(*args: Any, **kwargs: Any) -> Any:
            named = {name: callable_value(value) for name, value in kwargs.items()}
            return function(*map(callable_value, args), **named)

        for name in ("__name__", "__qualname__", "__doc__", "__module__"):
            setattr(call, name, getattr(function, name))
        call.__dict__["__wrapped__"] = function  # for who asks for the signature
        found = _checked[function] = call
    return found


def _takes_functions(module: str, name: str, found: Any) -> bool:
    return type(found) is FunctionType and (
        module in _TAKE_FUNCTIONS or name in _FUNCTIONS_ELSEWHERE
    )


def tensor_attribute(name: str) -> Callable[[Any], Any]:
    """The function from a tensor to its attribute; raises AttributeError when there is none."""
    found = namespaces.tensor_attribute(name)
    if found is not None and name in _METHODS_WITH_FUNCTIONS:
        read = found

        def method(tensor: Any) -> Any:
            return MethodType(_with_constructors(read(tensor).__func__), tensor)

        return method
    if found is None:
        return lambda tensor: _added_attribute(tensor, name)
    return found


def tensor_function(name: str) -> Any:
    """The function behind a method that every tensor has; None for a property or another name."""
    bind = namespaces.tensor_attribute(name)
    function = bind.__self__ if type(bind) is MethodWrapperType else None
    if type(function) is not FunctionType:
        return None
    return _with_constructors(function) if name in _METHODS_WITH_FUNCTIONS else function


def tensor_writer(name: str) -> Callable[[Any, Any], None]:
    """The function that assigns to an attribute of a tensor."""
    return namespaces.tensor_setter(name) or (lambda tensor, new: _store_tensor(tensor, name, new))


def is_constant(module: namespaces.Module, name: str) -> bool:
    """Whether a name of one of torch's modules always stands for the same: flags do not."""
    try:
        namespaces.lookup(module.name, name)
    except KeyError:
        return False
    return True


def _added_attribute(tensor: Any, name: str) -> Any:
    """An attribute that a program gave a tensor, or that its own class of parameters has."""
    if type(tensor) is Tensor:
        added = attributes_of(tensor)
        if name in added:
            return added[name]
        if "__class__" in added:
            member = added["__class__"].__members__.get(name, MISSING)
            if type(member) is property and member.fget is not None:
                return member.fget(tensor)
            if member is not MISSING:
                return bound_member(member, tensor, added["__class__"])
    raise AttributeError(
        f"'{_title(tensor)}' object has no attribute '{name}'", name=name, obj=tensor
    )


def _title(tensor: Any) -> str:
    own = attributes_of(tensor).get("__class__") if type(tensor) is Tensor else None
    if own is not None:
        return str(own.__name__)
    return "Parameter" if is_parameter(tensor) else type_name(tensor)


def tensor_names() -> Iterable[str]:
    """The names of everything that a tensor has."""
    return namespaces.tensor_names()


def torch_name(module: str, name: str) -> Any:
    """What a name of one of torch's modules stands for, or MISSING."""
    try:
        found = namespaces.lookup(module, name)
    except KeyError:
        return _own_name(module, name)
    if module in _DEVICES or name == "autocast":
        from . import device_objects  # noqa: F401
    if _takes_functions(module, name, found):
        return _with_constructors(found)
    if module.startswith(_MODULES):
        from .nn_objects import enter  # and what programs may do with modules

        enter(found)
    elif isinstance(found, type) and module.startswith("torch.optim"):
        from .optim_objects import enter as enter_optimizer

        enter_optimizer(found)
    elif module.startswith("torch.utils.data"):
        from .data_objects import enter as enter_data

        enter_data(found)
    elif module.startswith("torch.distributions") and type(found) is not namespaces.Module:
        from .distribution_objects import enter as enter_distribution

        enter_distribution(found)
    if isinstance(found, type) and found not in CONSTRUCTORS and torch_objects.is_open(found):
        OPEN_CLASSES.add(found)
        if found.__module__.startswith("gradcli.") and not issubclass(found, BaseException):
            found.__module__ = module  # where a program finds it
    return found


# Names that stand on the language itself: `LATE` loads what has them.
OWN: dict[str, tuple[str, ...]] = {
    "torch": ("load", "save"),
    "torch.serialization": (
        "add_safe_globals",
        "clear_safe_globals",
        "get_safe_globals",
        "load",
        "safe_globals",
        "save",
    ),
}


_DEVICES = (
    "torch.amp",
    "torch.amp.autocast_mode",
    "torch.amp.grad_scaler",
    "torch.cpu.amp",
    "torch.cuda",
    "torch.cuda.amp",
)


def _own_name(module: str, name: str) -> Any:
    flags = FLAGS.get(module)
    if flags is not None and name in flags:
        value = flags[name]
        return list(value) if isinstance(value, list) else value
    if name not in OWN.get(module, ()):
        return MISSING
    found: Any = LATE["torch.serialization"]()
    return found[name]


_MODULES = ("torch.nn", "torch.func")


def parameters(function: Any) -> list[str]:
    """The parameter names of a function of torch, or of a method of a tensor."""
    import inspect

    from gradcli.table.lookup import get_op
    from gradcli.table.names import OPERATIONS

    name = getattr(function, "__name__", "")
    found: dict[str, None] = {}
    for space in OPERATIONS.public:
        for identifier in OPERATIONS.ids(space, name):
            found.update(dict.fromkeys(p.name for p in get_op(identifier).parameters))
    if not found:
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return []
        found.update(dict.fromkeys(signature.parameters))
    found.update(dict.fromkeys(("dtype", "device", "requires_grad", "generator", "out")))
    return [name for name in found if name not in ("self", "args", "kwargs")]


def is_module(name: str) -> bool:
    """Whether torch has a module of this name here."""
    return name in namespaces.MODULES and name != "torch.Tensor"


def module(name: str) -> Any:
    """One of torch's modules as a value."""
    return namespaces.module(name)


def _load_tensor(value: Tensor, name: str) -> Any:
    return tensor_attribute(name)(value)


def _store_tensor(value: Tensor, name: str, new: Any) -> None:
    setter = namespaces.tensor_setter(name)
    if setter is not None:
        setter(value, new)
        return
    if namespaces.tensor_attribute(name) is not None:
        raise AttributeError(
            f"attribute '{name}' of 'torch._C.TensorBase' objects is not writable", name=name
        )
    meta = meta_of(value)
    if meta.attributes is None:
        meta.attributes = {}
    if name not in meta.attributes:
        machine.reserve(256)
        meant = did_you_mean(near(name, namespaces.tensor_setters(), 1))
        if meant:
            warnings.warn(f"tensors have no '{name}', and get one here: {meant}", stacklevel=2)
    meta.attributes[name] = new


def _delete_tensor(value: Tensor, name: str) -> None:
    if name == "grad":
        _store_tensor(value, name, None)
        return
    if namespaces.tensor_attribute(name) is not None:
        raise AttributeError(
            f"attribute '{name}' of 'torch._C.TensorBase' objects is not writable", name=name
        )
    if name not in attributes_of(value):
        raise AttributeError(
            f"'{_title(value)}' object has no attribute '{name}'", name=name, obj=value
        )
    del attributes_of(value)[name]


def _names_of_tensor(value: Tensor) -> Iterable[str]:
    added = attributes_of(value)
    if not added:
        return namespaces.tensor_names()
    members = added["__class__"].__members__ if "__class__" in added else ()
    found = {*namespaces.tensor_names(), *added, *members}
    return sorted(name for name in found if not is_special(name))


def _load_module(value: namespaces.Module, name: str) -> Any:
    found = torch_name(value.name, name)
    if found is not MISSING:
        return found
    if name == "__name__":
        return value.name
    raise AttributeError(f"module '{value.name}' has no attribute '{name}'", name=name, obj=value)


def _load_tensor_class(value: type, name: str) -> Any:
    found = torch_name("torch.Tensor", name)
    if found is not MISSING:
        return found
    if name in ("__name__", "__qualname__"):
        return "Tensor"
    raise AttributeError(f"type object 'Tensor' has no attribute '{name}'", name=name, obj=value)


def _store_in_module(value: namespaces.Module, name: str, new: Any) -> None:
    if name in FLAGS.get(value.name, ()):
        set_flag(value.name, name, new)
        return
    if torch_name(value.name, name) is not MISSING:
        raise AttributeError(f"'{value.name}.{name}' cannot be set here", name=name, obj=value)
    raise AttributeError(f"module '{value.name}' has no attribute '{name}' to set", name=name)


LOADERS[Tensor] = _load_tensor
SETTERS[namespaces.Module] = _store_in_module
CLASS_LOADERS[Tensor] = _load_tensor_class
SETTERS[Tensor] = _store_tensor
DELETERS[Tensor] = _delete_tensor
NAMES[Tensor] = _names_of_tensor
LOADERS[namespaces.Module] = _load_module
NAMES[namespaces.Module] = lambda value: sorted(
    {*namespaces.names(value.name), *OWN.get(value.name, ()), *FLAGS.get(value.name, ())}
)
TABLES[Size] = TUPLE | pick(Size, "numel")
LOADERS[Size] = load_from(TABLES[Size])
TABLES[DType] = pick(
    DType, "abbr is_complex is_floating_point is_signed itemsize to_complex to_real"
)
LOADERS[DType] = load_from(TABLES[DType])
OPEN_CLASSES.update((Size, Tensor))


def _size(iterable: Any = (), /) -> Size:
    if type(iterable) is Size:
        return iterable
    lengths = [index_of(item) for item in feed(iterable)]
    for place, length in enumerate(lengths):
        if not isinstance(length, int):
            raise TypeError(
                f"torch.Size() takes an iterable of 'int' (item {place} is "
                f"'{type(length).__name__}')"
            )
    return Size(lengths)


CONSTRUCTORS[Size] = _size
FLAT.update((DType, namespaces.Module))
CONSTRUCTORS[DType] = CONSTRUCTORS.get(DType, lambda *args: _no_dtype())


def _no_dtype() -> Any:
    raise TypeError("cannot create 'torch.dtype' instances")


def recorded(kind: str) -> Callable[..., Any]:
    """The transform `kind` of results that are on the graph already."""
    found = vars(import_module("gradcli.func.recorded")).get(kind)
    if found is None:
        raise TypeError(f"{kind}() of a result is not available: give a function")
    made: Callable[..., Any] = found
    return made


__all__ = ["is_module", "module", "recorded", "tensor_attribute", "torch_name", "torch_objects"]

"""Calls: the collection of arguments, and attributes of tensors."""

from __future__ import annotations

from collections.abc import Callable
from operator import getitem
from typing import Any

from gradcli.language.library import torch_names
from gradcli.language.machine.state import BASE, UNBOUND, counted
from gradcli.language.values.attributes import LOADERS, SETTERS, find_loader, store_attribute
from gradcli.language.values.classes import load_instance, store_instance
from gradcli.language.values.functions import Builtin, Closure, Frame
from gradcli.language.values.special_names import is_special
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

Collect = Callable[[Frame, Any], tuple[list[Any], dict[str, Any]]]


def attribute_loader(name: str) -> Callable[[Any], Any]:
    """The function from a value to its attribute `name`.

    It remembers how a tensor's attribute is read, and what a name of torch stands for.
    """
    read: Callable[[Any], Any] | None = None
    module: Any = UNBOUND  # None is an owner like others
    found: Any = None

    def load(owner: Any) -> Any:
        nonlocal read, module, found
        kind = type(owner)
        if kind is Tensor:
            if read is None:
                read = torch_names.tensor_attribute(name)
            return read(owner)
        if owner is module:
            return found
        loader = LOADERS.get(kind) or find_loader(kind)
        if loader is load_instance and type(kind.__members__.get(name)) is not property:
            own = owner.__dict__.get(name, UNBOUND)  # the common case of what follows
            if own is not UNBOUND:
                return own
        value = loader(owner, name)
        if kind is torch_names.TorchModule and torch_names.is_constant(owner, name):
            module, found = owner, value
        return value

    return load


def attribute_writer(name: str) -> Callable[[Any, Any], None]:
    """The function that gives a value the attribute `name`; it remembers how for tensors."""
    of_tensors: Callable[[Any, Any], None] | None = None
    common = not is_special(name) and name != "args"

    def write(owner: Any, new: Any) -> None:
        nonlocal of_tensors
        kind = type(owner)
        if kind is not Tensor:
            if (
                common
                and SETTERS.get(kind) is store_instance
                and type(kind.__members__.get(name)) is not property
            ):
                owner.__dict__[name] = new  # the common case of what follows
                return
            store_attribute(owner, name, new)
            return
        if of_tensors is None:
            of_tensors = torch_names.tensor_writer(name)
        of_tensors(owner, new)

    return write


def tensor_function(name: str) -> Callable[[], Any]:
    """What finds the function behind the method `name` of every tensor, or False, when needed."""
    return lambda: torch_names.tensor_function(name) or False


def function_name(function: Any) -> str:
    """How Python's errors about `*` and `**` name a function."""
    name = getattr(function, "__qualname__", None)
    if name is None:
        return f"{type(function).__name__} object"
    if isinstance(function, Builtin):
        return f"{name}()"
    module = getattr(function, "__module__", None)
    return f"{module}.{name}()" if module and module != "builtins" else f"{name}()"


def arguments(
    args: list[tuple[bool, Closure]], keywords: list[tuple[str | None, Closure]], site: int
) -> Collect:
    """The function that evaluates the arguments of a call, in the order of the text."""
    stars = any(star for star, _ in args)
    plain = [value for _, value in args]
    named = [(name, value) for name, value in keywords if name is not None]

    if not stars and len(named) == len(keywords):

        def simple(f: Frame, function: Any) -> tuple[list[Any], dict[str, Any]]:
            return [a(f) for a in plain], {name: value(f) for name, value in named}

        return simple

    alone = len(args) == 1  # `f(*a)` takes `a` apart when the other arguments are there

    def collect(f: Frame, function: Any) -> tuple[list[Any], dict[str, Any]]:
        positional: list[Any] = []
        only: Any = None
        for star, argument in args:
            value = argument(f)
            if not star:
                positional.append(value)
                continue
            runtime.where = f[BASE] + site
            if alone:
                only = value
                continue
            if not hasattr(type(value), "__iter__") and not hasattr(type(value), "__getitem__"):
                raise TypeError(f"Value after * must be an iterable, not {type(value).__name__}")
            positional.extend(counted(value))
        given: dict[str, Any] = {}
        for name, argument in keywords:
            value = argument(f)
            if name is not None:
                if name in given:
                    runtime.where = f[BASE] + site
                    raise _twice(function, name)
                given[name] = value
                continue
            runtime.where = f[BASE] + site
            if not hasattr(type(value), "keys"):
                raise TypeError(
                    f"{function_name(function)} argument after ** must be a mapping, "
                    f"not {type(value).__name__}"
                )
            read: Any = dict.__getitem__ if isinstance(value, dict) else getitem  # as Python does
            for key in counted(value if isinstance(value, dict) else value.keys()):
                if not isinstance(key, str):
                    raise TypeError("keywords must be strings")
                if key in given:
                    raise _twice(function, key)
                given[key] = read(value, key)
        if alone and stars:
            runtime.where = f[BASE] + site
            if not hasattr(type(only), "__iter__") and not hasattr(type(only), "__getitem__"):
                raise TypeError(
                    f"{function_name(function)} argument after * must be an iterable, "
                    f"not {type(only).__name__}"
                )
            positional.extend(counted(only))
        return positional, given

    return collect


def _twice(function: Any, name: str) -> TypeError:
    return TypeError(f"{function_name(function)} got multiple values for keyword argument '{name}'")

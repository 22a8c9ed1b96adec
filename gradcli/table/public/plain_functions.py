"""Plain functions: what torch publishes besides differentiable operations.

Functions that make tensors (`zeros`, `tensor`, `rand`) or return Python values (`numel`,
`allclose`, `result_type`) have a schema like the entries of the op table, so that arguments are
bound and checked in one way and help and completion know them, but no kernel and no derivative.
The generated index lists them in FUNCTIONS: namespace -> public name -> ids, tried in order.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from ...tensor.device import OnMeta
from ...tensor.tensor import Tensor
from .. import names
from ..call.arguments import (
    FUNCTION,
    METHOD,
    ArgumentError,
    bind,
    check_arguments,
)
from ..call.compiled import caller, signature
from ..entry import Op, family_of
from ..schema import label, share_defaults

# The keywords of every function that makes a tensor.
OPTIONS = (
    "DType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False, "
    "bool? requires_grad=False"
)

FUNCTIONS: dict[str, Function] = {}  # by id, of the families loaded so far


class Function(Op):
    """An entry that only calls a Python function with its checked arguments."""

    __slots__ = ()

    def __init__(self, schema: str, function: Callable[..., Any], **fields: Any) -> None:
        super().__init__(schema, **fields)
        self.function = function
        share_defaults(function, self.parameters)
        self.call = _resolver(self.label, (self,), FUNCTION, "torch")


def function(schema: str, **fields: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Publish the decorated function; it gets the schema's arguments in order, all of them."""

    def add(implementation: Callable[..., Any]) -> Callable[..., Any]:
        family = family_of(sys._getframe(1).f_globals["__name__"])
        entry = Function(schema, implementation, family=family, **fields)
        if entry.id in FUNCTIONS:
            raise ValueError(f"two functions with the id {entry.id}")
        FUNCTIONS[entry.id] = entry
        return implementation

    return add


def get_function(identifier: str) -> Function:
    """The function with this id. Raises KeyError when there is none."""
    found = FUNCTIONS.get(identifier)
    if found is None:
        import_module(f"gradcli.ops.{names.FUNCTIONS.family(identifier)}")
        found = FUNCTIONS[identifier]
    return found


def public_function(space: str, name: str, method: bool = False) -> Callable[..., Any]:
    """The callable behind a public name of a namespace. Raises KeyError when there is none."""
    entries = [get_function(identifier) for identifier in names.FUNCTIONS.ids(space, name)]
    if not entries:
        raise KeyError(name)
    flavour = METHOD if method else FUNCTION
    call = _resolver(label(name, (space,)), entries, flavour, space)
    call.__name__ = call.__qualname__ = name
    call.__doc__ = entries[0].doc
    return call


def _resolver(
    name: str, entries: Sequence[Function], flavour: str, space: str
) -> Callable[..., Any]:
    """A callable that runs the first entry whose schema the arguments fit."""

    typed = any(parameter.name == "dtype" for parameter in entries[0].parameters)
    choices: dict[Any, Any] = {}  # what took arguments of this signature

    def call(*args: Any, **kwargs: Any) -> Any:
        key = signature(args, kwargs)
        chosen = choices.get(key)
        try:
            return general(args, kwargs, key) if chosen is None else chosen(*args, **kwargs)
        except OnMeta:
            return on_meta(args, kwargs)

    def on_meta(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        from ..memory.meta import created

        for entry in entries:
            try:
                return created(entry, check_arguments(entry, bind(entry, flavour, args, kwargs)))
            except ArgumentError:
                continue
        raise TypeError(f"{name}(): a meta tensor has no such form")

    def general(args: tuple[Any, ...], kwargs: dict[str, Any], key: Any = None) -> Any:
        out = kwargs.pop("out", None) if "out" in kwargs else None
        if typed and type(out) is Tensor and kwargs.get("dtype") is None:
            kwargs["dtype"] = out.dtype
        for entry in entries:
            try:
                bound = check_arguments(entry, bind(entry, flavour, args, kwargs))
            except ArgumentError:
                continue
            if key is not None and out is None:
                choices[key] = caller(entry, flavour, general)
            result = entry.function(*bound)
            if out is not None:
                from .outputs import write_out

                return write_out(result, out, name, entry.out)
            return result
        from ..call.argument_errors import resolution_error

        raise resolution_error(name, entries, flavour, args, kwargs, out, space)

    return call

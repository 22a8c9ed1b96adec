"""Checking and normalising bound arguments by the kinds of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor.dtypes import NAMES, PYTHON, DType
from ..tensor.tensor import Tensor
from .table import REQUIRED, Op, Packed, Parameter

_TYPE_NAMES = {DType: "torch.dtype"}
_EXPECTED = {
    "Tensor": "Tensor",
    "Scalar": "Number",
    "Number": "Number",
    "int": "int",
    "Dim": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "DType": "torch.dtype",
    "Layout": "torch.layout",
    "Device": "torch.device",
    "Generator": "torch.Generator",
}


FUNCTION, METHOD, OPERATOR = "function", "method", "operator"


class ArgumentError(TypeError):
    """An argument of the wrong type or in the wrong place; other overloads may still fit.

    PyTorch counts the positions of a method's arguments without `self`, and calls the first
    parameter of a function `input`.
    """

    def __init__(
        self, op: Op, problem: str, parameter: Parameter | None = None, position: int = 0
    ) -> None:
        super().__init__(problem)
        self.op = op
        self.problem = problem
        self.parameter = parameter
        self.position = position

    def sentence(self, flavour: str) -> str:
        """PyTorch's sentence for a call as a function or as a method."""
        if self.parameter is None:
            return self.problem
        name = shown_name(self.parameter, flavour)
        if self.parameter.keyword_only:
            place = ""
        else:
            place = f" (position {self.position + (flavour == FUNCTION)})"
        return f"{self.op.name}(): argument '{name}'{place} must be {self.problem}"


def shown_name(parameter: Parameter, flavour: str) -> str:
    """The parameter's name in messages."""
    return "input" if parameter.name == "self" and flavour == FUNCTION else parameter.name


def type_name(value: Any) -> str:
    """The name of a value's type as PyTorch's messages have it."""
    kind = type(value)
    return _TYPE_NAMES.get(kind, getattr(kind, "__name__", str(kind)))


def check_arguments(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """`args` with every value in the form that kernels expect.

    Raises ArgumentError with PyTorch's sentence for a value of the wrong type.
    """
    changed: list[Any] | None = None
    for position, parameter in enumerate(op.parameters):
        value = args[position]
        if value is parameter.default:
            continue
        new = _convert(op, parameter, position, value)
        if new is not value:
            if changed is None:
                changed = list(args)
            changed[position] = new
    return args if changed is None else tuple(changed)


def _convert(op: Op, parameter: Parameter, position: int, value: Any) -> Any:
    kind = parameter.kind
    if value is None:
        if parameter.optional:
            return None
        raise wrong_type(op, parameter, position, value)
    if parameter.is_list:
        if isinstance(value, list | tuple):
            items = list(value)
        elif kind in ("int", "Dim") and not isinstance(value, bool) and not parameter.strict:
            items = [value]
        else:
            raise wrong_type(op, parameter, position, value)
        if kind == "Tensor":
            for index, item in enumerate(items):
                if type(item) is not Tensor and item is not None:
                    raise ArgumentError(
                        op,
                        f"expected Tensor as element {index} in argument {position}, but got "
                        f"{type_name(item)}",
                    )
            return items
        converted = tuple(_scalar(kind, item) for item in items)
        for index, item in enumerate(converted):
            if item is REQUIRED or (index == 0 and isinstance(items[0], bool) and kind == "int"):
                raise wrong_item(op, parameter, position, value, index)
        return converted
    if kind == "Tensor":
        if type(value) is Tensor:
            return value
        if isinstance(value, bool | int | float | complex) and number_allowed(op):
            return value
        raise wrong_type(op, parameter, position, value)
    new = _scalar(kind, value)
    if new is REQUIRED:
        raise wrong_type(op, parameter, position, value)
    return new


def number_allowed(op: Op) -> bool:
    """Whether a Python number may stand for a tensor: in elementwise ops of two and more."""
    return op.numbers and len(op.tensor_positions) > 1 and op.promote is not None


def _scalar(kind: str, value: Any) -> Any:
    """`value` as the kind wants it, REQUIRED when it does not fit."""
    if kind == "any":
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) is Tensor and kind in ("Scalar", "int", "Dim", "float", "bool"):
        if value.level is not None or value.node is not None or value.array.shape != ():
            return REQUIRED
        value = value.array.item()
    if kind in ("int", "Dim"):
        if isinstance(value, int):
            return int(value) if isinstance(value, bool) else value
        return REQUIRED
    if kind == "float":
        return float(value) if isinstance(value, int | float) else REQUIRED
    if kind in ("Scalar", "Number"):  # a Number is never taken from a tensor
        return value if isinstance(value, bool | int | float | complex) else REQUIRED
    if kind == "bool":
        return value if isinstance(value, bool) else REQUIRED
    if kind == "str":
        return value if isinstance(value, str) else REQUIRED
    if kind == "DType":
        if isinstance(value, DType):
            return value
        return PYTHON.get(value, REQUIRED) if isinstance(value, type) else REQUIRED
    return value


def wrong_type(op: Op, parameter: Parameter, position: int, value: Any) -> ArgumentError:
    """The error for an argument of the wrong type."""
    return ArgumentError(op, f"{expected(parameter)}, not {type_name(value)}", parameter, position)


def wrong_item(
    op: Op, parameter: Parameter, position: int, value: Any, index: int
) -> ArgumentError:
    """The error for an element of the wrong type in a list."""
    if not isinstance(value, list | tuple):
        return wrong_type(op, parameter, position, value)
    found = type_name(value[index])
    if index:
        return ArgumentError(
            op,
            f"{op.name}(): argument '{parameter.name}' failed to unpack the object at pos "
            f'{index + 1} with error "type must be {expected(parameter)},but got {found}"',
        )
    if type(value) is Packed:
        return ArgumentError(op, f"{expected(parameter)}, not {found}", parameter, position)
    return ArgumentError(
        op,
        f"{expected(parameter)}, but found element of type {found} at pos 0",
        parameter,
        position,
    )


def expected(parameter: Parameter) -> str:
    """What a parameter takes, in PyTorch's words."""
    word = _EXPECTED.get(parameter.kind, parameter.kind)
    if parameter.is_list:
        return f"tuple of {word}s"
    return word


# NumPy's names of parameters, which PyTorch also takes.
_SYNONYMS = {
    "input": "self",
    "axis": "dim",
    "axes": "dims",
    "keepdims": "keepdim",
    "x2": "other",
    "split_size_or_sections": "split_size",
    "tensor": "self",
}


def bind(op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Arguments in the schema's order. Raises ArgumentError where they do not fit it."""
    try:
        return op.bind(*args, **kwargs)
    except TypeError:
        names = {parameter.name for parameter in op.parameters}
        renamed = {
            _SYNONYMS[name] if name not in names and _SYNONYMS.get(name) in names else name: value
            for name, value in kwargs.items()
        }
        try:
            return op.bind(*args, **renamed)
        except TypeError:
            raise ArgumentError(op, misfit(op, flavour, args, renamed)) from None


def misfit(op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """Why arguments do not fit a schema, in PyTorch's words."""
    positional = [p for p in op.parameters if not p.keyword_only]
    names = {parameter.name: parameter for parameter in op.parameters}
    hidden = flavour != FUNCTION
    if len(args) > len(positional):
        most, given = len(positional) - hidden, len(args) - hidden
        if hidden and most == 0:
            return f"TensorBase.{op.name}() takes no arguments ({given} given)"
        plural = "" if most == 1 else "s"
        return (
            f"{op.name}() takes {most} positional argument{plural} but {given} "
            f"{'was' if given == 1 else 'were'} given"
        )
    for name in kwargs:
        if name not in names:
            return f"{op.name}() got an unexpected keyword argument '{name}'"
        if name in [parameter.name for parameter in positional[: len(args)]]:
            return f"{op.name}() got multiple values for argument '{name}'"
    missing = [
        shown_name(parameter, flavour)
        for parameter in positional[len(args) :]
        if parameter.default is REQUIRED and parameter.name not in kwargs
    ]
    listed = ", ".join(f'"{name}"' for name in missing)
    return f"{op.name}() missing {len(missing)} required positional arguments: {listed}"


def combination_error(
    name: str, ops: Sequence[Op], flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> TypeError:
    """PyTorch's error when no overload takes the arguments."""
    given = args if flavour == FUNCTION else args[1:]
    words = ", ".join(type_name(value) for value in given)
    if kwargs:
        words += ", " if words else ""
        words += ", ".join(f"{key}={type_name(value)}" for key, value in kwargs.items())
    lines = "".join(f" * ({signature(op, flavour)})\n" for op in ops)
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({words}), but expected "
        f"one of:\n{lines}"
    )


def signature(op: Op, flavour: str = FUNCTION) -> str:
    """The schema in the form that PyTorch's messages show."""
    words = []
    star = False
    for position, parameter in enumerate(op.parameters):
        if position == 0 and parameter.name == "self" and flavour != FUNCTION:
            continue
        if parameter.keyword_only and not star:
            star = True
            words.append("*")
        word = f"{expected(parameter)} {shown_name(parameter, flavour)}"
        if parameter.default is not REQUIRED:
            word += f" = {parameter.default}"
        words.append(word)
    return ", ".join(words)


def dtype_names() -> Sequence[str]:
    """Every name of a dtype."""
    return tuple(NAMES)

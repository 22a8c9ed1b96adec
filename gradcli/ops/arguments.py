"""Checking and normalising bound arguments by the kinds of their parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor.dtypes import NAMES, PYTHON, DType
from ..tensor.tensor import Tensor
from .table import REQUIRED, Op, Parameter

_TYPE_NAMES = {DType: "torch.dtype"}
_EXPECTED = {
    "Tensor": "Tensor",
    "Scalar": "Number",
    "int": "int",
    "Dim": "int",
    "float": "float",
    "bool": "bool",
    "str": "str",
    "DType": "torch.dtype",
}


class ArgumentError(TypeError):
    """An argument of the wrong type; other overloads may still fit."""


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
        elif kind in ("int", "Dim") and not isinstance(value, bool):
            items = [value]
        else:
            raise wrong_type(op, parameter, position, value)
        if kind == "Tensor":
            for index, item in enumerate(items):
                if type(item) is not Tensor and item is not None:
                    raise ArgumentError(
                        f"expected Tensor as element {index} in argument {position}, but got "
                        f"{type_name(item)}"
                    )
            return items
        converted = tuple(_scalar(kind, item) for item in items)
        if any(item is REQUIRED for item in converted):
            raise wrong_type(op, parameter, position, value)
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
    return len(op.tensor_positions) > 1 and op.promote is not None


def _scalar(kind: str, value: Any) -> Any:
    """`value` as the kind wants it, REQUIRED when it does not fit."""
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) is Tensor and kind in ("Scalar", "int", "Dim", "float", "bool"):
        if value.level is not None or value.array.shape != ():
            return REQUIRED
        value = value.array.item()
    if kind in ("int", "Dim"):
        if isinstance(value, int):
            return int(value) if isinstance(value, bool) else value
        return REQUIRED
    if kind == "float":
        return float(value) if isinstance(value, int | float) else REQUIRED
    if kind == "Scalar":
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
    """PyTorch's sentence for an argument of the wrong type."""
    expected = _EXPECTED.get(parameter.kind, parameter.kind)
    if parameter.is_list:
        expected = "tuple of Tensors" if parameter.is_tensor else f"tuple of {expected}s"
    place = "" if parameter.keyword_only else f" (position {position + 1})"
    if "Tensor" not in op.where:
        shown = position + 1
    else:
        shown = position
    place = "" if parameter.keyword_only else f" (position {max(shown, 1)})"
    return ArgumentError(
        f"{op.name}(): argument '{parameter.name}'{place} must be {expected}, "
        f"not {type_name(value)}"
    )


def dtype_names() -> Sequence[str]:
    """Every name of a dtype."""
    return tuple(NAMES)

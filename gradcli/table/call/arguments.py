"""Checking and normalising bound arguments by the kinds of their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...tensor.device import memory_format
from ...tensor.dtypes import PYTHON, DType, python_number
from ...tensor.dtypes import type_name as type_name
from ...tensor.tensor import Tensor
from ..entry import Op
from ..schema import REQUIRED, Parameter
from .inner_calls import is_flag

# How a name is called. WRITTEN is for functions of `torch.nn.functional` that PyTorch writes in
# Python, so that Python's own sentences say what is missing.
FUNCTION, METHOD, OPERATOR, WRITTEN = "function", "method", "operator", "written"
BOUND = (METHOD, OPERATOR)


class ArgumentError(TypeError):
    """Arguments that an entry does not take; other overloads may still fit.

    It holds what happened, and `argument_errors` puts it into words: the `value` for a `parameter`
    at a `position` of the schema is of the wrong type, or its element at `index` is; without a
    parameter the `call` (flavour, positional arguments, keywords) does not fit the schema.
    """

    def __init__(
        self,
        op: Op,
        parameter: Parameter | None = None,
        position: int = 0,
        value: Any = None,
        index: int | None = None,
        call: tuple[str, tuple[Any, ...], dict[str, Any]] = ("", (), {}),
    ) -> None:
        super().__init__()
        self.op = op
        self.parameter = parameter
        self.position = position
        self.value = value
        self.index = index
        self.call = call


# The flag that chooses between two functions, in PyTorch's Python: its truth is asked.
_CHOOSING = "return_indices"


def check_arguments(op: Op, args: tuple[Any, ...], flavour: str = FUNCTION) -> tuple[Any, ...]:
    """`args` with every value in the form that kernels expect.

    A function that is written in Python takes any value for a flag, by its truth, unless it gives
    the flag to another.

    Raises ArgumentError with PyTorch's sentence for a value of the wrong type.
    """
    changed: list[Any] | None = None
    for position, parameter in enumerate(op.parameters):
        value = args[position]
        if value is parameter.default:
            continue
        truth = flavour == WRITTEN or parameter.name == _CHOOSING
        if truth and parameter.kind == "bool" and (value is not None or flavour != WRITTEN):
            strict = type(value) is not bool and is_flag(op.name, parameter.name)
            new = convert(op, parameter, position, value) if strict else _truth(value)
        else:
            new = convert(op, parameter, position, value)
        if new is not value:
            if changed is None:
                changed = list(args)
            changed[position] = new
    if op.numbers == "either" and not any(type(value) is Tensor for value in args):
        raise ArgumentError(op, op.parameters[0], 0, args[0])
    return args if changed is None else tuple(changed)


def _truth(value: Any) -> bool:
    if type(value) is not Tensor or value.array.size == 1:
        return bool(value if type(value) is not Tensor else value.array.item())
    many = "more than one value" if value.array.size else "no values"
    raise RuntimeError(f"Boolean value of Tensor with {many} is ambiguous")


def convert(op: Op, parameter: Parameter, position: int, value: Any) -> Any:
    """A value in the form that kernels expect of its parameter.

    Raises ArgumentError for a value of the wrong type.
    """
    kind = parameter.kind
    if value is None:
        if parameter.takes_none:
            return None if parameter.optional else parameter.default
        raise ArgumentError(op, parameter, position, value)
    if parameter.is_list:
        if isinstance(value, list | tuple):
            items = list(value)
        elif kind in ("int", "Dim") and not isinstance(value, bool) and not parameter.strict:
            items = [value]
        else:
            raise ArgumentError(op, parameter, position, value)
        if kind == "int":
            items = [int(item) if _is_size(item) else item for item in items]
        if kind == "Tensor":
            for index, item in enumerate(items):
                if type(item) is not Tensor and (item is not None or parameter.name != "indices"):
                    raise ArgumentError(op, parameter, position, value, index)
            return items
        converted = tuple(
            int(item) if isinstance(item, bool) and kind in ("int", "Dim") else _scalar(kind, item)
            for item in items
        )
        for index, item in enumerate(converted):
            if item is REQUIRED or (index == 0 and isinstance(items[0], bool) and kind == "int"):
                listed = isinstance(value, list | tuple)
                raise ArgumentError(op, parameter, position, value, index if listed else None)
        return converted
    if kind == "Tensor":
        if type(value) is Tensor:
            return value
        number = python_number(value)
        if number is not None and number_allowed(op) and takes_number(op, position):
            return number
        raise ArgumentError(op, parameter, position, value)
    if kind == "Extents" or (kind == "Padding" and type(value) is not str):
        return _extents(op, parameter, position, value)
    new = _scalar(kind, value)
    if new is REQUIRED:
        raise ArgumentError(op, parameter, position, value)
    return new


def _extents(op: Op, parameter: Parameter, position: int, value: Any) -> Any:
    """One int for every dimension, or a list of them: it stays what it is."""
    if not isinstance(value, list | tuple):
        number = _scalar("int", value)
        if number is REQUIRED:
            raise ArgumentError(op, parameter, position, value)
        return number
    numbers = [item if item is None else _scalar("int", item) for item in value]
    if REQUIRED in numbers:
        raise ArgumentError(op, parameter, position, value, numbers.index(REQUIRED))
    return type(value)(numbers) if type(value) in (list, tuple) else value


_FIRST = (
    "first",
    "either",
    "leading",
)  # the field `numbers` where the first tensor may be a number


def takes_number(op: Op, position: int) -> bool:
    """Whether a number may stand for the tensor at a position."""
    return op.numbers != "leading" if position else op.numbers in _FIRST


def number_allowed(op: Op) -> bool:
    """Whether a Python number may stand for a tensor: in elementwise ops of two and more."""
    return bool(op.numbers) and len(op.tensor_positions) > 1 and op.promote is not None


def _scalar(kind: str, value: Any) -> Any:
    """`value` as the kind wants it, REQUIRED when it does not fit."""
    if kind == "any" or (kind == "Ordered" and isinstance(value, np.complexfloating)):
        return value
    if kind == "Ordered":  # compared in Python first, where NumPy orders its complex numbers
        kind = "Scalar"
    if isinstance(value, np.generic):
        value = _unpacked(kind, value)
    if type(value) is Tensor and kind in ("Scalar", "int", "Dim", "float", "bool"):
        if value.level is not None or value.node is not None or value.array.shape != ():
            return REQUIRED
        value = value.array.item()
    if kind in ("int", "Dim"):
        return value if isinstance(value, int) and not isinstance(value, bool) else REQUIRED
    if kind == "float":
        return float(value) if isinstance(value, int | float) else REQUIRED
    if kind in ("Scalar", "Number"):  # a Number is never taken from a tensor
        number = python_number(value)
        return REQUIRED if number is None else number
    if kind == "bool":
        return value if isinstance(value, bool) else REQUIRED
    if kind == "str":
        return value if isinstance(value, str) else REQUIRED
    if kind == "Order":  # of a norm
        return value if isinstance(value, str | bool | int | float | complex) else REQUIRED
    if kind == "MemoryFormat":
        return value if isinstance(value, memory_format) else REQUIRED
    if kind == "DType":
        if isinstance(value, DType):
            return value
        return PYTHON.get(value, REQUIRED) if isinstance(value, type) else REQUIRED
    return value


def number_in(value: Any) -> Any:
    """The number that a tensor without dimensions holds off the graph; another value as it is."""
    number = _scalar("Scalar", value) if type(value) is Tensor else REQUIRED
    return value if number is REQUIRED else number


def _is_size(value: Any) -> bool:
    """Whether a value is an array that counts as an integer in a list of sizes."""
    return isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iu"


def _unpacked(kind: str, value: np.generic) -> Any:
    """A NumPy scalar as a Python number where the kind takes it, else as it is."""
    if kind in ("int", "Dim"):
        return int(value) if isinstance(value, np.integer) else value
    if kind == "float":
        return float(value.real) if isinstance(value, np.number | np.bool_) else value
    return python_number(value) if kind in ("Scalar", "Number") else value


# NumPy's names of parameters, which PyTorch also takes.
SYNONYMS = {
    "input": "self",
    "axis": "dim",
    "axes": "dims",
    "keepdims": "keepdim",
    "x2": "other",
    "split_size_or_sections": "split_size",
    "tensor": "self",
    "x": "self",
    "x1": "self",
    "a": "self",
}


# Names that PyTorch also has for parameters of single functions.
_OTHERS = {
    "input": ("A",),
    "other": ("B", "A", "tensor2"),
    "b": ("B",),
    "axis0": ("dim0",),
    "axis1": ("dim1",),
    "split_sizes": ("split_size",),
    "input2": ("tau",),
    "tensor": ("tensor1",),
    "indices_or_sections": ("sections", "indices"),
    "tensor_indices_or_sections": ("indices",),
}


def _other_name(name: str, names: set[str]) -> str:
    if name in names:
        return name
    return next((other for other in _OTHERS.get(name, ()) if other in names), name)


def bind(op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """Arguments in the schema's order. Raises ArgumentError where they do not fit it."""
    if kwargs and "self" in kwargs and flavour not in BOUND:  # functions call it `input`
        given = kwargs if flavour == WRITTEN else {k: v for k, v in kwargs.items() if k != "self"}
        raise ArgumentError(op, call=(flavour, args, given))
    try:
        return op.bind(*args, **kwargs)
    except TypeError:
        names = {parameter.name for parameter in op.parameters}
        renamed = {
            SYNONYMS[name] if name not in names and SYNONYMS.get(name) in names else name: value
            for name, value in kwargs.items()
        }
        renamed = {_other_name(name, names): value for name, value in renamed.items()}
        try:
            return op.bind(*args, **renamed)
        except TypeError:
            if any(name not in names for name in renamed):  # then NumPy's names do not count
                renamed = {("self" if k == "input" else k): v for k, v in kwargs.items()}
            raise ArgumentError(op, call=(flavour, args, renamed)) from None

"""Python numbers in place of tensors, in the elementary functions of a calculator script."""

from __future__ import annotations

from typing import Any

from ...tensor.dtypes import default, int64, of_number, python_number
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, make
from ..dtype_rules import supports
from ..entry import ELEMENTWISE, Op
from ..names import OPERATIONS
from .arguments import ArgumentError, bind, check_arguments


def with_tensors(
    op: Op, flavour: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[Any, ...] | None:
    """The bound arguments, with tensors without dimensions for the numbers that stand for them.

    None unless the running program takes numbers (`runtime.numbers`), the entry works element by
    element, and the arguments fit it so.
    """
    if not runtime.numbers or not _works_by_element(op):
        return None
    given = [
        _tensor(value, op) if parameter.is_tensor and not parameter.is_list else value
        for value, parameter in zip(args, op.parameters, strict=False)
    ]
    named = {key: _tensor(value, op) if key == "input" else value for key, value in kwargs.items()}
    try:
        return check_arguments(op, bind(op, flavour, (*given, *args[len(given) :]), named), flavour)
    except (ArgumentError, RuntimeError):
        return None


def _works_by_element(op: Op) -> bool:
    """Whether an entry says so itself, or is composed of others in a family that does."""
    if op.batching == ELEMENTWISE:
        return True
    return op.kernel is None and OPERATIONS.family(op.id).startswith("elementwise.")


def _tensor(value: Any, op: Op) -> Any:
    """What `torch.tensor` makes of a number; another value as it is.

    An integer that the entry has no kernel for is the floating number that it stands for.
    """
    number = None if type(value) is Tensor else python_number(value)
    if number is None:
        return value
    dtype = of_number(number)
    if dtype is int64 and isinstance(op.check, supports) and op.check.refuses(dtype):
        dtype = default.dtype
    try:
        return make(dtype.array.type(number), dtype)
    except OverflowError:
        return value

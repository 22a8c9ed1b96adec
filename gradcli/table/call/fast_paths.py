"""Writes in place of plain unary and binary entries, without the general way."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ...autograd.node import before_write
from ...tensor import dtypes
from ...tensor.dtypes import DType
from ...tensor.runtime import runtime
from ...tensor.tensor import InferenceVersion, Tensor, Version
from ..entry import Op
from ..schema import REQUIRED
from .dispatch import LARGE
from .traits import is_simple, kernels_of


def _is_binary(op: Op) -> bool:
    """Whether an entry takes a tensor, a tensor or number, and nothing else without a default."""
    if len(op.parameters) < 2 or not op.parameters[0].is_tensor:
        return False
    second = op.parameters[1]
    return (second.is_tensor or second.kind == "Number") and all(
        parameter.default is not REQUIRED and not parameter.is_tensor
        for parameter in op.parameters[2:]
    )


def is_free(tensor: Tensor) -> bool:
    """Whether a tensor is surely no part of a graph."""
    view = tensor.view_info
    return tensor.node is None and (view is None or view.base.node is None)


def _is_factor(value: Any, dtype: DType) -> bool:
    """Whether a value is a number by which elements of `dtype` can be multiplied as they are."""
    if dtype.category < dtypes.FLOATING:
        return False
    return type(value) is float or (type(value) is int and -(1 << 53) < value < 1 << 53)


_IN_PLACE = {
    operator.add: operator.iadd,
    operator.sub: operator.isub,
    operator.mul: operator.imul,
    operator.truediv: operator.itruediv,
}


def writer(op: Op) -> Any:
    """The in-place call of a unary or binary entry for arguments that need no care, else None.

    It answers the target, or None where the general way has to be gone: dtypes and shapes that
    differ, memory that is shared or strided, and whatever has to be recorded.
    """
    unary = len(op.parameters) == 1
    if not is_simple(op) or op.promote == "compare" or not (unary or _is_binary(op)):
        return None
    kernels = {d: kernel for d, kernel in kernels_of(op).items() if d.category >= dtypes.FLOATING}
    in_place = {dtype: _IN_PLACE.get(kernel, kernel) for dtype, kernel in kernels.items()}
    takes_tensor = not unary and op.parameters[1].is_tensor
    takes_number = op.numbers or not takes_tensor
    takes_factor = not unary and [p.name for p in op.parameters[2:]] == ["alpha"]
    ndarray = np.ndarray
    state = runtime

    def write(a: Any, *rest: Any, **keywords: Any) -> Any:
        if type(a) is not Tensor or len(rest) != (not unary):
            return None
        factor = None
        if keywords:
            factor = keywords.get("alpha")
            if not takes_factor or len(keywords) > 1 or not _is_factor(factor, a.dtype):
                return None
        kernel = kernels.get(a.dtype)
        if kernel is None:
            return None
        x = a.array
        version = a.version
        free = not state.grad_enabled or is_free(a)
        if not (
            free
            and a.level is None
            and (a.meta is None or not a.meta.bit)
            and (
                (x.flags.c_contiguous and x.size < LARGE)
                if type(x) is ndarray
                else type(x) is a.dtype.scalar
            )
            and type(version) is not InferenceVersion
            and not before_write
        ):
            return None
        if unary:
            result = kernel(x)
        else:
            (b,) = rest
            y: Any = b
            if type(b) is Tensor:
                y = b.array
                if not (
                    takes_tensor
                    and b.dtype is a.dtype
                    and b.level is None
                    and y.shape == x.shape
                    and (not state.grad_enabled or is_free(b))
                    and (
                        type(y) is not ndarray
                        or y is x
                        or (
                            y.flags.c_contiguous
                            and (
                                (x.base is None and y.base is None)  # each has its own
                                or not np.may_share_memory(x, y)
                            )
                        )
                    )
                ):
                    return None
            elif not takes_number or not (
                type(b) is float or (type(b) is int and -(1 << 53) < b < 1 << 53)
            ):
                return None
            if factor is None:
                result = in_place[a.dtype](x, y) if type(x) is ndarray else kernel(x, y)
            else:
                result = op.kernel(x, y, factor)
        if type(x) is ndarray:
            if result is not x:
                x[...] = result
        elif type(result) is type(x):
            a.array = result  # a number that no other tensor looks at
        else:
            return None
        if version is None:
            version = a.version = Version()
        version.bump(state.where)
        return a

    return write

"""The legacy constructors: `torch.Tensor(2, 3)`, `torch.FloatTensor([1, 2])` and their kin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.leaf import detach, requires_grad_
from ..tensor import dtypes
from ..tensor.device import Device
from ..tensor.dtypes import DType
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make

TensorType = Tensor
Number = int | float | bool
DeviceLike = Device | str | int | None


def legacy(dtype: DType, *args: Any) -> Tensor:
    """What `torch.Tensor(...)` makes: a tensor of sizes, or of given values.

    Sizes give zeros where PyTorch leaves memory as it is.
    """
    if args and type(args[0]) is str:
        raise TypeError("new(): invalid data type 'str'")
    if len(args) == 1 and type(args[0]) is range:
        args = (runtime.listed(args[0]),)
    if len(args) == 1 and isinstance(args[0], list | tuple | Tensor | np.ndarray):
        from ..ops.creation.tensors import tensor

        return tensor(args[0], dtype=dtype)  # type: ignore[no-any-return]
    if all(isinstance(arg, int) for arg in args):
        shape = args if args else (0,)
        total = dtype.itemsize
        for extent in shape:
            total *= extent
        runtime.reserve(total)
        return make(np.zeros(shape, dtype.array), dtype)
    if len(args) == 1 or not isinstance(args[0], int):
        raise TypeError(f"new(): data must be a sequence (got {type(args[0]).__name__})")
    at = next(at for at, arg in enumerate(args) if not isinstance(arg, int))
    raise TypeError(
        f"new(): argument 'size' failed to unpack the object at pos {at + 1} with error "
        f'"type must be tuple of ints,but got {type(args[at]).__name__}"'
    )


class TensorKind(type):
    """The class of the tensors of one dtype: for `isinstance`, and to call."""

    dtype: DType

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Tensor) and value.dtype is cls.dtype

    def __call__(cls, *args: Any) -> Any:
        return legacy(cls.dtype, *args)


class VariableMeta(type):
    """The class of `Variable`: since PyTorch 0.4 every tensor is one."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, Tensor)

    def __call__(cls, data: Any, requires_grad: bool = False, volatile: bool = False) -> Any:
        """The tensor itself; with `requires_grad` a leaf over its memory."""
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        leaf = detach(data)
        leaf.view_info = None
        return requires_grad_(leaf) if requires_grad else leaf


VariableMeta.__module__ = "torch.autograd.variable"
Variable = VariableMeta("Variable", (), {"__module__": "torch.autograd.variable"})


def _constructor(dtype: DType) -> Any:
    name = dtype.tensor_name.removeprefix("torch.")
    return TensorKind(name, (), {"dtype": dtype, "__module__": "torch"})


FloatTensor = _constructor(dtypes.float32)
DoubleTensor = _constructor(dtypes.float64)
HalfTensor = _constructor(dtypes.float16)
LongTensor = _constructor(dtypes.int64)
IntTensor = _constructor(dtypes.int32)
ShortTensor = _constructor(dtypes.int16)
ByteTensor = _constructor(dtypes.uint8)
CharTensor = _constructor(dtypes.int8)
BoolTensor = _constructor(dtypes.bool_)
BFloat16Tensor = _constructor(dtypes.bfloat16)

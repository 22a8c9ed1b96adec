"""Sentences about shapes and dtypes that products, convolutions and losses share."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from ..tensor.dtypes import BOOL, FLOATING, DType
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of
from .dtype_rules import common_dtype

C_NAMES = {
    "bool": "bool",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}


def c_name(dtype: DType) -> str:
    """The C++ name of an element type, as some messages have it."""
    return C_NAMES[dtype.name]


def backend_type(dtype: DType) -> str:
    """The name of a dtype's tensors in messages about backends: complex ones have no old name."""
    return f"CPU{dtype.scalar_name}Type" if dtype.is_complex else dtype.tensor_name


def check_expand(
    shape: Sequence[int], target: Sequence[int], name: str = "torch.FloatTensor"
) -> None:
    """Raise RuntimeError with PyTorch's sentence unless `shape` expands to `target`."""
    if len(shape) > len(target):
        raise RuntimeError(
            f"expand({name}{{{list(shape)}}}, size={list(target)}): the number of sizes "
            f"provided ({len(target)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(shape)})"
        )
    offset = len(target) - len(shape)
    for place in range(len(shape) - 1, -1, -1):
        if shape[place] not in (1, target[place + offset]):
            raise RuntimeError(
                f"The expanded size of the tensor ({target[place + offset]}) must match the "
                f"existing size ({shape[place]}) at non-singleton dimension {place + offset}.  "
                f"Target sizes: {list(target)}.  Tensor sizes: {list(shape)}"
            )


def refuse_bool(kernel: str, *tensors: Tensor) -> None:
    """Raise NotImplementedError with PyTorch's sentence for boolean tensors."""
    for tensor in tensors:
        if tensor.dtype.category == BOOL:
            raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


def real_only(kernel: str, *tensors: Any) -> None:
    """Raise PyTorch's NotImplementedError unless the common dtype is real floating."""
    dtype = common_dtype(*tensors)
    if dtype.category != FLOATING:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{dtype.scalar_name}'")


def not_differentiable(function: str, **inputs: Any) -> None:
    """Raise PyTorch's error for inputs that carry a gradient that the function would drop."""
    for name, value in inputs.items():
        if runtime.grad_enabled and requires_grad(value):
            raise RuntimeError(
                f"The function '{function}' is not differentiable with respect to argument "
                f"'{name}'. This input cannot have requires_grad True."
            )


def requires_grad(value: Any) -> bool:
    """Whether a gradient may flow to a value; bare arrays have none."""
    return type(value) is Tensor and value.node is not None


def is_contiguous(value: Any, flipped: bool = False) -> bool:
    """Whether the elements lie in memory in the order of their indices.

    `flipped` asks it of the tensor with its last two dimensions exchanged.
    """
    if type(value) is Tensor:
        if value.level is not None and value.level.value is not None:
            return not flipped
        value = value.array
    if not value.ndim:
        return True
    return bool((value.swapaxes(-1, -2) if flipped else value).flags.c_contiguous)


def ndim(value: Any) -> int:
    """The number of dimensions of a tensor or an array."""
    return len(shape_of(value)) if type(value) is Tensor else value.ndim


_warned: set[str] = set()
_options = {"always": False}


def warn_always(mode: bool) -> None:
    """Whether `warn_once` warns every time."""
    _options["always"] = mode


def warns_always() -> bool:
    """Whether `warn_once` warns every time."""
    return _options["always"]


def warn_once(message: str, key: str = "") -> None:
    """A UserWarning that a process gives once, as PyTorch does for some.

    Warnings of one key count as one.
    """
    if (key or message) not in _warned or _options["always"]:
        _warned.add(key or message)
        warnings.warn(message, UserWarning, stacklevel=2)


def forget_warnings() -> None:
    """Let every warning be given once more."""
    _warned.clear()

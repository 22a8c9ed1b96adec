"""From Python data to arrays: what `torch.tensor` makes of numbers, lists and arrays.

The order of events is PyTorch's, because it decides which error a bad value gives: sizes from the
first elements, then the dtype from all elements, then the elements one by one.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from ...autograd.leaf import DETACHED_VIEW
from ...tensor import dtypes
from ...tensor.device import Device
from ...tensor.dtypes import (
    FROM_ARRAY,
    Array,
    DType,
    fixed_width_name,
    of_number,
    promote,
    type_name,
)
from ...tensor.notices import warn_once
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, numel, shape_of
from ..dtype_rules import element_of, is_batched

_SEQUENCES = (list, tuple, range)
_MOST_DIMENSIONS = 64  # of a NumPy array

_LARGEST = {"float16": 65504.0, "bfloat16": 3.3895313892515355e38, "float32": 3.4028234663852886e38}


def array_of(data: Any, dtype: DType | None, function: str = "tensor") -> tuple[Array, DType]:
    """The array for `data` and its dtype, inferred when `dtype` is None. Always a copy.

    Raises ValueError for ragged lists, TypeError and RuntimeError for what is no number.
    """
    kind = type(data)
    if kind is float:
        dtype = dtype or dtypes.default.dtype
        if dtype is dtypes.float32:
            return np.float32(data), dtype
        if dtype is dtypes.float64:
            return np.float64(data), dtype
    if kind is Tensor:
        return _from_tensor(data, dtype, function)
    if isinstance(data, str | bytes) and (dtype is None or isinstance(data, bytes)):
        raise TypeError(f"new(): invalid data type '{kind.__name__}'")
    if isinstance(data, np.ndarray):
        found = FROM_ARRAY.get(data.dtype)
        if found is None:
            raise _bad_array(data)
        dtype = dtype or found
        runtime.reserve(2 * max(data.itemsize, dtype.itemsize) * data.size)
        return dtype.cast(np.array(data))[()], dtype
    sizes = _sizes(data)
    if isinstance(data, list | tuple) and data and isinstance(data[0], np.ndarray):
        warn_once(
            "Creating a tensor from a list of numpy.ndarrays is extremely slow. Please consider "
            "converting the list to a single numpy.ndarray with numpy.array() before converting to "
            "a tensor."
        )
    try:
        flat = _flatten(data, sizes)
    except (TypeError, ValueError):
        if dtype is None:
            infer(data)
        raise
    if dtype is None:
        dtype = infer_flat(flat) if 0 not in sizes and flat else infer(data)
    return _store(flat, dtype).reshape(sizes)[()], dtype


def _bad_array(data: Any) -> TypeError:
    name = type(data.flat[0]).__name__ if data.size else data.dtype.name
    if data.dtype.kind in "US":
        name = "str_" if data.dtype.kind == "U" else "bytes_"
    elif data.dtype.kind == "O":
        name = "object_"
    return TypeError(
        f"can't convert np.ndarray of type numpy.{name}. The only supported types are: float64, "
        "float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, "
        "uint16, uint8, and bool."
    )


def _from_tensor(data: Tensor, dtype: DType | None, function: str) -> tuple[Array, DType]:
    name = "torch.tensor" if function == "tensor" else f"tensor.{function}"
    warnings.warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() "
        f"or sourceTensor.detach().clone().requires_grad_(True), rather than {name}(sourceTensor).",
        UserWarning,
        stacklevel=2,
    )
    if is_batched(data):
        raise RuntimeError(DETACHED_VIEW)
    dtype = dtype or data.dtype
    runtime.reserve(2 * max(data.array.itemsize, dtype.itemsize) * data.array.size)
    return dtype.cast(np.array(data.array))[()], dtype


def _sizes(data: Any) -> tuple[int, ...]:
    sizes = []
    item = data
    while True:
        if isinstance(item, _SEQUENCES):
            sizes.append(len(item))
        elif isinstance(item, np.ndarray):
            sizes.append(len(item))  # which a 0-d array does not have
        elif isinstance(item, str) and (sizes or item):
            if item:
                raise ValueError("too many dimensions 'str'")
            sizes.append(0)
        elif isinstance(item, bytes):
            raise TypeError("new(): invalid data type 'bytes'")
        else:
            return tuple(sizes)
        if len(sizes) > _MOST_DIMENSIONS:
            raise ValueError(f"too many dimensions '{type(item).__name__}'")
        if sizes[-1] == 0:
            return tuple(sizes)
        item = item[0]


def _flatten(data: Any, sizes: Sequence[int]) -> list[Any]:
    """The elements in order. Raises for lists whose lengths are not `sizes`."""
    runtime.reserve(8 * numel(takewhile(bool, sizes)))
    rows = [data]
    for dimension, length in enumerate(sizes):
        if length == 0:
            return []
        below: list[Any] = []
        for at, row in enumerate(rows):
            if not at & 4095:
                runtime.spend(min(len(rows) - at, 4096))
            if not isinstance(row, (*_SEQUENCES, np.ndarray, str, bytes)):
                raise TypeError("not a sequence")
            if len(row) != length:
                raise ValueError(
                    f"expected sequence of length {length} at dim {dimension} (got {len(row)})"
                )
            below.extend(row)
        rows = below
    return rows


def infer_flat(flat: list[Any]) -> DType:
    """The dtype that all the elements fit."""
    kinds = set(map(type, flat))
    if kinds == {float}:
        return dtypes.default.dtype
    if kinds == {int}:
        return dtypes.int64
    result: DType | None = None
    runtime.spend(len(flat))
    for value in flat:
        found = infer(value)
        result = found if result is None else promote(result, found)
    return result or dtypes.default.dtype


def infer(data: Any) -> DType:
    """The dtype that PyTorch infers for `data`. Raises for values that are no numbers."""
    kind = type(data)
    if kind in (float, int, bool, complex):
        return of_number(data)
    if kind is Tensor:
        return data.dtype  # type: ignore[no-any-return]
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{kind.__name__}'")
    if isinstance(data, np.ndarray | np.generic):
        found = FROM_ARRAY.get(data.dtype)
        if found is None:
            raise _bad_array(data)
        return found
    if isinstance(data, _SEQUENCES):
        return infer_flat(list(data))
    if isinstance(data, float | int | complex):
        return of_number(data)
    name = "torch.device" if kind is Device else kind.__name__
    raise RuntimeError(f"Could not infer dtype of {name}")


def _store(flat: list[Any], dtype: DType) -> Array:
    kinds = set(map(type, flat))
    if not kinds <= {float, int, bool}:
        flat = [_plain(value, dtype) for value in flat]
        kinds = set(map(type, flat))
    category = dtype.category
    if category == dtypes.FLOATING:
        if not kinds <= {float, int, bool}:
            flat = [_real(value) for value in flat]
        return dtype.cast(_array(flat, np.float64))
    if category == dtypes.COMPLEX:
        return np.array([_complex(value) for value in flat], np.complex128).astype(dtype.array)
    if category == dtypes.BOOL:
        return np.array([bool(value) for value in flat], np.bool_)
    if kinds <= {int, bool} and dtype is dtypes.int64:
        try:
            return np.array(flat, np.int64)
        except OverflowError:
            raise ValueError("Overflow when unpacking long long") from None
    wide = np.uint64 if dtype is dtypes.uint64 else np.int64
    return np.array([_integer(value, dtype) for value in flat], wide).astype(dtype.array)


def _array(flat: list[Any], dtype: type) -> Array:
    return np.array([float(value) if type(value) is int else value for value in flat], dtype)


def _plain(value: Any, dtype: DType) -> Any:
    """A tensor or NumPy number as a Python number that can be stored as `dtype`."""
    if type(value) is Tensor:
        if numel(shape_of(value)) != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        if value.node is not None:
            warn_once(
                "Converting a tensor with requires_grad=True to a scalar may lead to unexpected "
                "behavior.\nConsider using tensor.detach() first."
            )
        return element_of(value)
    if not isinstance(value, np.generic):
        return value.item() if isinstance(value, np.ndarray) else value
    if dtype is dtypes.uint64 and isinstance(value, np.integer):
        raise TypeError("an integer is required")
    if dtype.is_floating_point and isinstance(value, np.complexfloating):
        return float(value.real)
    exact = np.bool_ | np.complex128 if dtype is dtypes.bool_ else np.float64
    if dtype.category < dtypes.FLOATING and not isinstance(value, np.integer | np.float64 | exact):
        raise TypeError(f"'{type_name(value)}' object cannot be interpreted as an integer")
    return value.item()


def _real(value: Any) -> float:
    if not isinstance(value, float | int):
        raise TypeError(f"must be real number, not {type(value).__name__}")
    return float(value)


def _complex(value: Any) -> complex:
    if not isinstance(value, float | int | complex):
        raise TypeError(f"must be real number, not {type(value).__name__}")
    return complex(value)


def _integer(value: Any, dtype: DType) -> int:
    if isinstance(value, float):
        if not -(2.0**63) <= value < 2.0**63:
            raise _overflow(dtype.name)
        value = int(value)
    elif not isinstance(value, int):
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer")
    if dtype is dtypes.uint64:
        if value < 0:
            raise OverflowError("can't convert negative int to unsigned")
        if value >= 1 << 64:
            raise OverflowError("int too big to convert")
        return int(value)
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError("Overflow when unpacking long long")
    check_integer(value, dtype, dtype.name)
    return int(value)


def _overflow(name: str) -> RuntimeError:
    return RuntimeError(f"value cannot be converted to type {name} without overflow")


def real_number(value: Any, name: str = "double") -> Any:
    """`value` as a real number of the C++ type `name`. Raises RuntimeError for a complex one."""
    if isinstance(value, complex):
        if value.imag != 0:
            raise _overflow(name)
        return value.real
    return value


def check_integer(value: int, dtype: DType, name: str) -> None:
    """Refuse a number outside an integer dtype; negative ones wrap around in uint8."""
    bits = 8 * dtype.itemsize
    high = (1 << (bits - dtype.is_signed)) - 1
    low = -high - 1 if dtype.is_signed else -high
    if not low <= value <= high:
        raise _overflow(name)


def element(value: complex, dtype: DType) -> Any:
    """A Python number as an element of `dtype`, as `full` and `fill_` take it.

    Raises RuntimeError when it does not fit.
    """
    name = fixed_width_name(dtype)
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 64:
        raise OverflowError("int too big to convert")
    if dtype.category == dtypes.BOOL:
        return np.bool_(value)
    if isinstance(value, complex) and not dtype.is_complex:
        if value.imag != 0:
            raise _overflow(name)
        value = value.real
    if dtype.category == dtypes.INTEGER:
        if isinstance(value, float) and not -(2.0**63) <= value < 2.0**63:
            raise _overflow(name)
        number = int(value.real)
        check_integer(number, dtype, name)
        return np.array(number).astype(dtype.array)[()]
    limit = _LARGEST.get(dtype.to_real().name if dtype.is_complex else dtype.name)
    if limit is not None:
        for part in (value.real, value.imag):
            if limit < abs(part) < float("inf"):
                raise _overflow(name)
    return dtype.cast(np.array(value))[()]

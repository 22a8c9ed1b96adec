"""What arrays, numbers and dtypes of NumPy have: a table each, with checked methods."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import HOST_KINDS, index_of
from gradcli.language.machine.state import machine
from gradcli.language.values.array_sizes import check_array, check_dot
from gradcli.language.values.attributes import LOADERS, load_from
from gradcli.language.values.constructors import CONSTRUCTORS
from gradcli.language.values.numpy_checks import (
    DTYPES,
    argument,
    checked,
    dtype_of,
    numbers,
    option,
    result,
    scalar,
)
from gradcli.language.values.python_types import TABLES, name_function, pick
from gradcli.tensor.runtime import runtime

from .numpy_sizes import bounded_decimals, check_result

SCALAR_TYPES = tuple(getattr(np, name) for name in DTYPES)


def _array_astype(self: Any, dtype: Any, *args: Any, **kwargs: Any) -> Any:
    for keyword in kwargs:
        if keyword not in ("copy", "order", "casting", "subok"):
            raise TypeError(f"astype() got an unexpected keyword argument '{keyword}'")
    kind = dtype_of(dtype) or np.dtype(float)
    machine.reserve(self.size * kind.itemsize)
    words = {name: option(value) for name, value in kwargs.items()}
    return numbers(self).astype(kind, *map(option, args), **words)


def _array_tolist(self: Any) -> Any:
    machine.reserve(40 * self.size)
    return self.tolist()


def _array_repeat(self: Any, repeats: Any, axis: Any = None) -> Any:
    given = [self, option(repeats)]
    check_result("repeat", given, {})
    return result(self.repeat(given[1], None if axis is None else int(axis)))


_METHODS = (
    "all any argmax argmin argpartition argsort choose clip compress conj conjugate copy cumprod "
    "cumsum diagonal fill flatten item max mean min nonzero partition prod put ravel reshape "
    "searchsorted sort squeeze std sum swapaxes trace transpose var"
)
_SCALAR_METHODS = (
    "all any argmax argmin clip conj conjugate copy cumprod cumsum flatten item max mean min prod "
    "ravel reshape squeeze std sum transpose var"
)


def _methods(kind: type, names: str) -> dict[str, Any]:
    """Methods of arrays that take numbers and give numbers."""
    return {name: checked(vars(kind)[name], name) for name in names.split()}


def _imaginary(array: Any) -> Any:
    if array.dtype.kind != "c":  # NumPy makes zeros of the whole shape
        runtime.reserve(array.nbytes)
    return array.imag


def _array_round(self: Any, decimals: Any = 0, out: Any = None) -> Any:
    return result(numbers(self).round(bounded_decimals(decimals), option(out)))


def _array_dot(self: Any, b: Any, out: Any = None) -> Any:
    given = argument(b)
    check_dot(self, given)
    return result(numbers(self).dot(given, option(out)))


def _array_take(
    self: Any, indices: Any, axis: Any = None, out: Any = None, mode: Any = "raise"
) -> Any:
    given = [self, argument(indices), index_of(axis)]
    check_result("take", given, {})
    return result(self.take(given[1], given[2], option(out), option(mode)))


def _array_view(self: Any, dtype: Any = None, type: Any = None) -> Any:
    if type is not None:
        raise TypeError("arrays have one class here")
    kind = None if dtype is np.ndarray else dtype_of(dtype)
    return self.view() if kind is None else numbers(self.view(kind))


def _base_of(array: Any) -> Any:
    """The array whose memory another one shows."""
    base = array.base
    return base if isinstance(base, np.ndarray) and base.dtype == array.dtype else None


_ARRAY = pick(
    np.ndarray,
    "T mT flat flags itemsize nbytes ndim real shape size strides",
    imag=property(_imaginary),
    base=property(_base_of),
    **_methods(np.ndarray, _METHODS),
    astype=_array_astype,
    tolist=_array_tolist,
    repeat=_array_repeat,
    round=_array_round,
    dot=_array_dot,
    take=_array_take,
    view=_array_view,
    dtype=property(lambda self: self.dtype),
)


def _weighed(method: Any) -> Callable[..., Any]:
    """A method of NumPy's whose arguments are looked at before it takes them apart."""

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        for value in (*args, *kwargs.values()):
            check_array(value)
        return method(self, *args, **kwargs)

    return call


for _name, _method in _ARRAY.items():
    if isinstance(_method, types.MethodDescriptorType):
        _ARRAY[_name] = _weighed(_method)
        name_function(_ARRAY[_name], _name)
TABLES[np.ndarray] = _ARRAY
LOADERS[np.ndarray] = load_from(_ARRAY)
_SCALAR = pick(
    np.generic,
    "T imag itemsize nbytes ndim real shape size tolist",
    **_methods(np.generic, _SCALAR_METHODS),
    round=_array_round,
    astype=_array_astype,
    dtype=property(lambda self: self.dtype),
)
for _kind in SCALAR_TYPES:
    TABLES[_kind] = _SCALAR
    if issubclass(_kind, np.floating | np.integer):
        TABLES[_kind] = _SCALAR | pick(_kind, "is_integer")
    LOADERS[_kind] = load_from(TABLES[_kind])
    CONSTRUCTORS[_kind] = scalar(_kind)
_OF_DTYPES = "name itemsize kind char str num byteorder alignment isnative fields names shape ndim"
for _kind in {type(np.dtype(name.rstrip("_"))) for name in DTYPES}:
    TABLES[_kind] = pick(np.dtype, _OF_DTYPES, type=property(lambda self: self.type))
    LOADERS[_kind] = load_from(TABLES[_kind])
CONSTRUCTORS[np.dtype] = lambda dtype, align=False, copy=False: (
    np.dtype(float) if dtype is None else dtype_of(dtype)
)
HOST_KINDS.add(type(np.dtypes.Float64DType))
_flags = type(np.empty(0).flags)
TABLES[_flags] = pick(
    _flags, "c_contiguous f_contiguous contiguous fortran owndata writeable aligned"
)
LOADERS[_flags] = load_from(TABLES[_flags])

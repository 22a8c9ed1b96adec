"""Arrays of many numbers whose complex products have the digits of single numbers.

NumPy multiplies arrays of complex numbers with fused multiply-adds where the processor has them,
and so does `np.multiply` of two scalars; but `a * b` and `a**2` of complex scalars round each of
the four products. Where a row of an array stands for a scalar, it has to be multiplied in that way
to have the digits that it has alone. Rows of more elements are arrays alone, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor.dtypes import Array


class Rows(np.ndarray):
    """An array with the value of a record in each row; what NumPy computes of it is one, too."""

    def __mul__(self, other: Any) -> Any:
        """The product, in each row that of two scalars."""
        return _product(self, other)

    def __rmul__(self, other: Any) -> Any:
        """The product, in each row that of two scalars."""
        return _product(other, self)

    def __imul__(self, other: Any) -> Any:
        """The product, in each row that of two scalars, in place."""
        self[...] = _product(self, other)
        return self

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        """What a function of elements gives, as rows."""
        operator = ufunc is np.multiply and any(isinstance(item, np.generic) for item in inputs)
        if (operator or ufunc is np.square) and method == "__call__" and out is None:
            return _product(inputs[0], inputs[-1])
        if out is not None:
            options["out"] = tuple(map(_plain, out))
        found = getattr(ufunc, method)(*map(_plain, inputs), **options)
        if out is not None:
            return out[0] if len(out) == 1 else out
        return _rows(found)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        """What a function of arrays gives, as rows."""
        return _rows(super().__array_function__(function, types, args, kwargs))


def rows(array: Array) -> Array:
    """An array as one of rows, without a copy."""
    found: Array = array.view(Rows)
    return found


def _product(one: Any, other: Any) -> Any:
    """The product of two scalars in each row, where they are complex, or that of arrays."""
    one, other = _plain(one), _plain(other)
    dtype = np.result_type(one, other)
    if dtype.kind != "c" or max(np.ndim(one), np.ndim(other)) != 1:
        return _rows(np.multiply(one, other))
    one, other = np.asarray(one, dtype), np.asarray(other, dtype)
    found = np.empty(np.broadcast_shapes(one.shape, other.shape), dtype)
    found.real = one.real * other.real - one.imag * other.imag
    found.imag = one.real * other.imag + one.imag * other.real
    return rows(found)


def _plain(item: Any) -> Any:
    return item.view(np.ndarray) if isinstance(item, Rows) else item


def _rows(found: Any) -> Any:
    if type(found) is np.ndarray:
        return rows(found)
    if type(found) in (tuple, list):
        return type(found)(map(_rows, found))
    return found

"""Updates of arrays in place, rounded as PyTorch's kernels round them.

PyTorch's processors multiply and add in one rounding. In float32 that is computed here by way of
doubles, which gives its digits; float64 rounds twice, a last digit away; float16 and bfloat16
are computed in float32 and rounded once after each operation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.node import before_write
from ..tensor.dtypes import DType, float32
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make, own_memory, version_of

Array = Any


class Arithmetic:
    """The operations of one dtype: those that write do so into their first argument.

    The arrays of complex tensors are their real and imaginary parts side by side.
    """

    __slots__ = ("dtype", "narrow", "number", "single", "whole")

    def __init__(self, dtype: DType) -> None:
        self.whole = dtype
        self.dtype = dtype.to_real()
        self.narrow = not dtype.raw
        self.single = self.dtype is float32
        self.number = np.float64 if self.dtype.array == np.float64 else np.float32

    def of(self, tensor: Tensor) -> Array:
        """The memory of a tensor, to compute with."""
        array = own_memory(tensor)
        return array.view(self.dtype.array) if tensor.dtype.is_complex else array

    def kept(self, array: Array) -> Tensor:
        """A copy of an array of these as a tensor."""
        return make(np.array(array).view(self.whole.array), self.whole)

    def rounded(self, values: Array) -> Array:
        """What an operation gave, as this dtype keeps it."""
        return self.dtype.cast(np.asarray(values)) if self.narrow else values

    def wide(self, x: Array) -> Array:
        """An array in the precision that the kernels compute in."""
        return x.astype(np.float32) if self.narrow else x

    def mul(self, x: Array, factor: float) -> None:
        """x *= factor"""
        if self.narrow:
            x[...] = self.rounded(self.wide(x) * np.float32(factor))
        else:
            np.multiply(x, self.number(factor), out=x)

    def sum(self, x: Array, y: Array, alpha: float = 1) -> Array:
        """x + alpha * y; the kernels round alpha to the dtype first"""
        if alpha == 1:
            return self.rounded(self.wide(x) + self.wide(y)) if self.narrow else x + y
        if alpha == -1:
            return self.rounded(self.wide(x) - self.wide(y)) if self.narrow else x - y
        factor = self.number(self.rounded(self.number(alpha)))
        if self.single:
            total = np.multiply(y, np.float64(factor), dtype=np.float64)
            total += x
            return total.astype(np.float32)
        return self.rounded(self.wide(x) + self.wide(y) * factor)

    def add(self, x: Array, y: Array, alpha: float = 1) -> None:
        """x += alpha * y"""
        if self.narrow or (self.single and alpha not in (1, -1)):
            x[...] = self.sum(x, y, alpha)
        elif alpha == 1:
            x += y
        elif alpha == -1:
            x -= y
        else:
            x += y * self.number(alpha)

    def add_number(self, x: Array, number: float) -> Array:
        """x + number"""
        return self.rounded(self.wide(x) + self.number(number))

    def lerp(self, x: Array, end: Array, weight: float) -> None:
        """x goes to `end` by `weight`."""
        x[...] = self.between(x, end, weight)

    def between(self, x: Array, end: Array, weight: float) -> Array:
        """What lies between `x` and `end` at `weight`."""
        x, end = self.wide(x), self.wide(end)
        share: Any = self.number(weight)
        if abs(share) < 0.5:
            start, step, factor = x, end - x, share
        else:
            start, step, factor = end, end - x, share - self.number(1)
        if self.single:
            total = np.multiply(step, np.float64(factor), dtype=np.float64)
            total += start
            return total.astype(np.float32)
        step *= factor
        step += start
        return self.rounded(step)

    def addcmul(self, x: Array, a: Array, b: Array, value: float = 1) -> None:
        """x += value * a * b"""
        scaled = self.wide(a) if value == 1 else self.wide(a) * self.number(value)
        if self.single:
            total = np.multiply(scaled, b, dtype=np.float64)
            total += x
            x[...] = total
        elif self.narrow:
            x[...] = self.rounded(self.wide(x) + scaled * self.wide(b))
        else:
            x += scaled * b

    def addcdiv(self, x: Array, a: Array, b: Array, value: float = 1) -> None:
        """x += value * a / b"""
        step = self.wide(a) * self.number(value)
        step /= b
        if self.narrow:
            x[...] = self.rounded(self.wide(x) + step)
        else:
            x += step

    def div(self, x: Array, by: Any) -> Array:
        """x / by, an array or a number"""
        by = self.wide(by) if isinstance(by, np.ndarray) else self.number(by)
        return self.rounded(self.wide(x) / by)

    def times(self, x: Array, by: Any) -> Array:
        """x * by, an array or a number"""
        by = self.wide(by) if isinstance(by, np.ndarray) else self.number(by)
        return self.rounded(self.wide(x) * by)

    def sqrt(self, x: Array) -> Array:
        """The square root."""
        return self.rounded(np.sqrt(self.wide(x)))


_known: dict[DType, Arithmetic] = {}


def arithmetic(dtype: DType) -> Arithmetic:
    """The operations of a dtype."""
    found = _known.get(dtype)
    if found is None:
        found = _known[dtype] = Arithmetic(dtype)
    return found


def about_to_write(tensor: Tensor) -> None:
    """Count a write into a tensor, so that graphs that need its old values notice."""
    version = version_of(tensor)
    for see in before_write:
        see(version)
    version.bump(runtime.where)


def zeros_like(tensor: Tensor) -> Tensor:
    """Zeros of the shape and dtype of a tensor, outside any graph."""
    runtime.reserve(tensor.array.nbytes)
    return make(np.zeros(tensor.array.shape, tensor.dtype.array), tensor.dtype)


def full_like(tensor: Tensor, value: complex) -> Tensor:
    """One value everywhere, in the shape and dtype of a tensor."""
    made = zeros_like(tensor)
    own_memory(made)[...] = tensor.dtype.cast(np.asarray(value))
    return made

"""The operations that updates are written in: on arrays in place, or on tensors with a record.

PyTorch's processors multiply and add in one rounding. In float32 that is computed here by way of
doubles, which gives its digits; float64 rounds twice, a last digit away; float16 and bfloat16
are computed in float32 and rounded once after each operation. Complex numbers that are added as
such, and not as pairs of real ones, are rounded after the product, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.leaf import detach
from ..autograd.node import before_write
from ..nn import operands
from ..nn.functions import method, torch
from ..table.lookup import get_op
from ..table.memory.inplace import copy_
from ..tensor.dtypes import DType, float32
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make, own_memory, version_of

Array = Any
number = operands.number

LANES = 32  # so many numbers of 16 bits are added at a time; what is left over, one by one


def memory(tensor: Any) -> Array:
    """The memory of a tensor of a state, which programs can change. Raises TypeError."""
    if type(tensor) is not Tensor:
        raise TypeError(f"the state of an optimizer is no tensor but '{type(tensor).__name__}'")
    return own_memory(tensor)


def _fused(a: Array, b: Any, c: Array) -> Array:
    """a * b + c in double precision, which rounds once when it becomes single.

    Arrays are converted apart from the operations: NumPy does both at once many times slower.
    """
    total = a.astype(np.float64)
    total *= np.float64(b) if b.ndim == 0 else b
    total += c.astype(np.float64)
    return total


class Arithmetic:
    """The operations of one dtype: those that write do so into their first argument.

    The arrays of complex tensors are their real and imaginary parts, in a last dimension of two.
    `direct` are the operations that PyTorch does on complex numbers as such.
    """

    __slots__ = ("direct", "dtype", "narrow", "number", "single", "whole")

    recorded = False

    def __init__(self, dtype: DType, contracted: bool = True) -> None:
        self.whole = dtype
        self.dtype = dtype.to_real()
        self.narrow = not dtype.raw
        self.single = self.dtype is float32 and contracted
        self.number = np.float64 if self.dtype.array == np.float64 else np.float32
        self.direct = Arithmetic(dtype, False) if dtype.is_complex and contracted else self

    def setting(self, value: Any) -> Any:
        """A setting of the optimizer, to compute with."""
        return number(value)

    def weight(self, value: Tensor) -> Any:
        """A setting that is a tensor, in this dtype."""
        return self.number(self.rounded(self.number(number(value))))

    def of(self, tensor: Tensor) -> Array:
        """The memory of a tensor, to compute with. Raises TypeError for what is no tensor."""
        array = memory(tensor)
        if tensor.dtype.is_complex:  # whatever the strides: the pairs are a dimension of their own
            return array[..., None].view(self.dtype.array)
        return array

    def kept(self, array: Array) -> Tensor:
        """A copy of an array of these as a tensor."""
        copy = np.array(array)
        if self.whole.is_complex:
            copy = copy.view(self.whole.array)[..., 0]
        return make(copy, self.whole)

    def duplicate(self, x: Array) -> Array:
        """A copy, to write to"""
        return np.array(x)

    def rounded(self, values: Array) -> Array:
        """What an operation gave, as this dtype keeps it."""
        return self.dtype.cast(np.asarray(values)) if self.narrow else values

    def wide(self, x: Array) -> Array:
        """An array in the precision that the kernels compute in."""
        return x.astype(np.float32) if self.narrow else x

    def negative(self, x: Array) -> Array:
        """-x"""
        return -x

    def mul(self, x: Array, factor: float) -> None:
        """x *= factor"""
        if self.narrow:
            x[...] = self.rounded(self.wide(x) * np.float32(factor))
        else:
            np.multiply(x, self.number(factor), out=x)

    def sum(self, x: Array, y: Array, alpha: float = 1) -> Array:
        """x + alpha * y"""
        if alpha == 1:
            return self.rounded(self.wide(x) + self.wide(y)) if self.narrow else x + y
        if alpha == -1:
            return self.rounded(self.wide(x) - self.wide(y)) if self.narrow else x - y
        factor = self.number(alpha)
        if self.single:
            return _fused(y, factor, x).astype(np.float32)
        if self.narrow:
            return self._narrow_sum(x, y, factor)
        return x + y * factor

    def _narrow_sum(self, x: Array, y: Array, factor: Any) -> Array:
        """x + factor * y, the factor rounded first; products are rounded where one by one."""
        step = self.wide(y) * self.number(self.rounded(factor))
        rest = step.reshape(-1)[step.size - step.size % LANES :]
        rest[...] = self.rounded(rest)
        return self.rounded(self.wide(x) + step)

    def add(self, x: Array, y: Array, alpha: float = 1) -> None:
        """x += alpha * y"""
        if self.narrow:
            x[...] = self.sum(x, y, alpha)
        elif alpha == 1:
            x += y
        elif alpha == -1:
            x -= y
        elif self.single:
            x[...] = _fused(y, self.number(alpha), x)
        else:
            x += y * self.number(alpha)

    def add_number(self, x: Array, number: float) -> Array:
        """x + number"""
        return self.rounded(self.wide(x) + self.number(self.rounded(self.number(number))))

    def lerp(self, x: Array, end: Array, weight: float) -> None:
        """x goes to `end` by `weight`."""
        x[...] = self._between(x, end, weight)

    def between(self, x: Array, end: Array, weight: float) -> Array:
        """What lies between `x` and `end` at `weight`."""
        values = self._between(x, end, weight)
        return values.astype(np.float32) if self.single else values

    def _between(self, x: Array, end: Array, weight: float) -> Array:
        """What lies between, in double precision where it is to be rounded to single."""
        x, end = self.wide(x), self.wide(end)
        share: Any = self.number(weight)
        if abs(share) < 0.5:
            start, step, factor = x, end - x, share
        else:
            start, step, factor = end, end - x, share - self.number(1)
        if self.single:
            return _fused(step, factor, start)
        step *= factor
        step += start
        return self.rounded(step)

    def addcmul(self, x: Array, a: Array, b: Array, value: float = 1) -> None:
        """x += value * a * b"""
        scaled = self.wide(a) if value == 1 else self.wide(a) * self.number(value)
        if self.single:
            x[...] = _fused(scaled, b.astype(np.float64), x)
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

    def maximum(self, x: Array, other: Array) -> None:
        """x becomes the larger of both"""
        np.maximum(x, other, out=x)

    def copy(self, x: Array, other: Array) -> None:
        """x becomes the same as another"""
        x[...] = other

    def clamp(self, x: Array, low: float, high: float) -> None:
        """x comes between two numbers"""
        np.clip(x, self.number(low), self.number(high), out=x)

    def absolute(self, x: Array) -> Array:
        """x without its sign"""
        return np.abs(x)

    def sign(self, x: Array) -> Array:
        """-1, 0 or 1"""
        return np.sign(x)

    def filled(self, x: Array, condition: Array, number: float) -> Array:
        """A number where a condition holds, else x"""
        return np.where(condition, self.rounded(self.number(number)), x)

    def over(self, number: float, x: Array) -> Array:
        """number / x, by way of 1 / x"""
        inverse = self.rounded(self.number(1) / self.wide(x))
        return self.rounded(self.wide(inverse) * self.number(number))

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


class Recorded:
    """The same operations on tensors, which differentiable steps leave on the graph.

    Numbers may be tensors, too. What is written in place keeps no value that a record needs.
    """

    recorded = True
    direct: Recorded

    def __init__(self, dtype: DType) -> None:
        self.dtype = dtype.to_real()
        self.direct = self

    def setting(self, value: Any) -> Any:
        """A setting of the optimizer, to compute with."""
        return value

    def weight(self, value: Tensor) -> Any:
        """A setting that is a tensor, in this dtype."""
        return get_op("_to_copy").call(value, self.dtype)

    def of(self, tensor: Tensor) -> Tensor:
        """A tensor, to compute with: complex numbers as pairs."""
        return torch.view_as_real(tensor) if tensor.dtype.is_complex else tensor

    def kept(self, x: Tensor) -> Tensor:
        """A copy without a record."""
        return method.clone(detach(x))  # type: ignore[no-any-return]

    def duplicate(self, x: Tensor) -> Any:
        """A copy, to write to"""
        return method.clone(x)

    def negative(self, x: Tensor) -> Tensor:
        """-x"""
        return torch.neg(x)  # type: ignore[no-any-return]

    def mul(self, x: Tensor, factor: Any) -> None:
        """x *= factor"""
        method.mul_(x, factor)

    def sum(self, x: Tensor, y: Tensor, alpha: Any = 1) -> Any:
        """x + alpha * y"""
        return torch.add(x, y, alpha=alpha)

    def add(self, x: Tensor, y: Tensor, alpha: Any = 1) -> None:
        """x += alpha * y"""
        method.add_(x, y, alpha=alpha)

    def add_number(self, x: Tensor, number: Any) -> Any:
        """x + number"""
        return torch.add(x, number)

    def lerp(self, x: Tensor, end: Tensor, weight: Any) -> None:
        """x goes to `end` by `weight`."""
        method.lerp_(x, end, weight)

    def addcmul(self, x: Tensor, a: Tensor, b: Any, value: Any = 1) -> None:
        """x += value * a * b"""
        method.addcmul_(x, a, b, value=value)

    def addcdiv(self, x: Tensor, a: Tensor, b: Tensor, value: Any = 1) -> None:
        """x += value * a / b"""
        method.addcdiv_(x, a, b, value=value)

    def maximum(self, x: Tensor, other: Tensor) -> None:
        """x becomes the larger of both"""
        copy_(x, torch.maximum(method.clone(x), other))

    def copy(self, x: Tensor, other: Tensor) -> None:
        """x becomes the same as another"""
        copy_(x, other)

    def clamp(self, x: Tensor, low: float, high: float) -> None:
        """x comes between two numbers"""
        method.clamp_(x, low, high)

    def absolute(self, x: Tensor) -> Any:
        """x without its sign"""
        return torch.abs(x)

    def sign(self, x: Tensor) -> Any:
        """-1, 0 or 1"""
        return torch.sign(x)

    def filled(self, x: Tensor, condition: Any, number: float) -> Any:
        """A number where a condition holds, else x"""
        return torch.masked_fill(x, condition, number)

    def over(self, number: Any, x: Tensor) -> Any:
        """number / x, by way of 1 / x"""
        return torch.mul(torch.reciprocal(x), number)

    def div(self, x: Tensor, by: Any) -> Any:
        """x / by"""
        return torch.div(x, by)

    def times(self, x: Tensor, by: Any) -> Any:
        """x * by"""
        return torch.mul(x, by)

    def sqrt(self, x: Tensor) -> Any:
        """The square root."""
        return torch.sqrt(x)


_known: dict[DType, Arithmetic] = {}


def arithmetic(dtype: DType) -> Arithmetic:
    """The operations of a dtype."""
    found = _known.get(dtype)
    if found is None:
        found = _known[dtype] = Arithmetic(dtype)
    return found


def about_to_write(tensor: Tensor) -> None:
    """Count a write into a tensor, so that graphs that need its old values notice."""
    for see in before_write:
        see(tensor)
    version_of(tensor).bump(runtime.where)


def announce(states: Iterable[Any]) -> None:
    """Say that the tensors of some states are about to be written."""
    for state in states:
        for value in state.values() if isinstance(state, dict) else ():
            if type(value) is Tensor:
                for see in before_write:
                    see(value)


def zeros_like(tensor: Tensor) -> Tensor:
    """Zeros of the shape and dtype of a tensor, outside any graph."""
    runtime.reserve(tensor.array.nbytes)
    return make(np.zeros(tensor.array.shape, tensor.dtype.array), tensor.dtype)


def full_like(tensor: Tensor, value: complex) -> Tensor:
    """One value everywhere, in the shape and dtype of a tensor."""
    made = zeros_like(tensor)
    own_memory(made)[...] = tensor.dtype.cast(np.asarray(value))
    return made

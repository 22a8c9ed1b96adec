"""Samples: the inputs that an entry is tested with.

An entry's `samples` is a function of a Sampler that returns calls; the sampler makes the values,
the same ones in every run, in the dtype that the test wants.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import dtypes
from ..tensor.dtypes import DType
from ..tensor.tensor import Tensor, make


class Sample:
    """One call: positional and keyword arguments.

    A sample that is not `smooth` lies on a kink, a pole or a tie: its value and gradient are
    compared with PyTorch's, but no differences are taken.
    """

    __slots__ = ("args", "kwargs", "smooth")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any], smooth: bool = True) -> None:
        self.args = args
        self.kwargs = kwargs
        self.smooth = smooth

    def __repr__(self) -> str:
        words = [_show(value) for value in self.args]
        words += [f"{name}={_show(value)}" for name, value in self.kwargs.items()]
        return f"({', '.join(words)})"


def _show(value: Any) -> str:
    if type(value) is Tensor:
        return f"{value.dtype.name}{list(value.array.shape)}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_show, value))}]"
    return repr(value)


class Sampler:
    """Makes sample values: floating ones in `dtype` (float64 or complex128 in gradient tests)."""

    def __init__(self, dtype: DType = dtypes.float64, seed: int = 0) -> None:
        self.dtype = dtype
        self.random = np.random.default_rng(seed)

    def __call__(self, *args: Any, **kwargs: Any) -> Sample:
        return Sample(args, kwargs)

    def edge(self, *args: Any, **kwargs: Any) -> Sample:
        """A call at a kink, a pole or a tie."""
        return Sample(args, kwargs, False)

    def _make(self, values: Any) -> Tensor:
        return make(self.dtype.cast(np.asarray(values))[()], self.dtype)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal values; with a complex dtype both parts are."""
        values = self.random.standard_normal(shape)
        if self.dtype.is_complex:
            values = values + 1j * self.random.standard_normal(shape)
        return self._make(values)

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Values in [low, high); with a complex dtype the imaginary part is in [-0.5, 0.5)."""
        values = self.random.uniform(low, high, shape)
        if self.dtype.is_complex:
            values = values + 1j * self.random.uniform(-0.5, 0.5, shape)
        return self._make(values)

    def distinct(self, *shape: int) -> Tensor:
        """Values that differ from each other and from integers by 0.05 at least, shuffled."""
        count = int(np.prod(shape))
        values = self.random.permutation(count) - count // 2 + 0.25
        return self._make((values * 0.5).reshape(shape) + 0.1)

    def integers(self, low: int, high: int, *shape: int, dtype: DType = dtypes.int64) -> Tensor:
        """Integers in [low, high); they never require grad."""
        return make(self.random.integers(low, high, shape).astype(dtype.array)[()], dtype)

    def booleans(self, *shape: int) -> Tensor:
        """A mask."""
        return make((self.random.random(shape) < 0.5)[()], dtypes.bool_)

    def tensor(self, values: Any) -> Tensor:
        """The given values."""
        return self._make(values)

    def each(self, low: float, high: float, *more: Any, **kwargs: Any) -> list[Sample]:
        """Calls with one tensor of the common shapes and values in [low, high)."""
        shapes: tuple[tuple[int, ...], ...] = ((), (3,), (2, 3), (0, 2))
        return [Sample((self.uniform(low, high, *shape), *more), kwargs) for shape in shapes]

    def kinks(self, *more: Any, **kwargs: Any) -> list[Sample]:
        """Calls at zeros, ones, infinities and NaN; none with a complex dtype."""
        if self.dtype.is_complex:
            return []
        values = [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -3.0, 6.0, np.inf, -np.inf, np.nan]
        return [Sample((self.tensor(values), *more), kwargs, False)]

    def kink_pairs(self, **kwargs: Any) -> list[Sample]:
        """Calls with all pairs of zeros, ones, infinities and NaN; none with a complex dtype."""
        if self.dtype.is_complex:
            return []
        values = [0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan]
        a, b = np.meshgrid(values, values)
        return [Sample((self.tensor(a.ravel()), self.tensor(b.ravel())), kwargs, False)]

    def pairs(self, low: float, high: float, **kwargs: Any) -> list[Sample]:
        """Calls with two tensors of shapes that broadcast and values in [low, high)."""
        shapes: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
            ((), ()),
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((2, 1), (1, 3)),
            ((), (2,)),
            ((0, 2), (2,)),
        )
        return [
            Sample((self.uniform(low, high, *a), self.uniform(low, high, *b)), kwargs)
            for a, b in shapes
        ]

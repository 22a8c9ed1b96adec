"""Variances and standard deviations, with means or without."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...kernels.sums import add_up
from ...kernels.variances import squared_distances
from ...table.call.python_data import real_number
from ...table.dtype_rules import supports
from ...table.entry import op
from ...table.schema import Namespace
from ...tensor.dtypes import DType
from ...tensor.tensor import shape_of
from .shared import (
    ADD,
    Each,
    axes_of,
    count_of,
    each_dim,
    in_rows,
    mean_slope,
    real_product,
    restored,
)


def _only_inexact(name: str) -> supports:
    refusal = RuntimeError(f"{name} only support floating point and complex dtypes")
    return supports(integer=refusal, boolean=refusal)


def _check_spread(name: str, refused: str) -> Any:
    """A check of variances: a floating dtype; a warning where nothing is left to divide by."""
    refuse = _only_inexact(refused)

    def check(self: Any, dim: Any, correction: Any, keepdim: bool) -> None:
        refuse(self)
        less = 1 if correction is None else real_number(correction)
        if count_of(shape_of(self), dim) <= less:
            warnings.warn(
                f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than "
                "the reduction factor (input numel divided by output numel).",
                UserWarning,
                stacklevel=2,
            )

    return check


def _degrees(shape: tuple[int, ...], dim: Any, correction: Any) -> float:
    """The number that a sum of squares is divided by."""
    free = count_of(shape, dim) - (1 if correction is None else real_number(correction))
    return max(free, 0)


def _variance(self: Any, dim: Any, correction: Any, keepdim: bool, of_all: bool = True) -> Any:
    """The variance in doubles, which PyTorch computes in and rounds once, after any square root.

    Where all elements make one number (and `of_all`), the mean is that of their own dtype and the
    squares are added in order; along dimensions PyTorch updates both from element to element.
    """
    if self.dtype.kind == "c":
        parts = [
            _variance(part, dim, correction, keepdim, of_all).astype(part.dtype)
            for part in (self.real, self.imag)
        ]
        return np.add(*parts, dtype=np.float64)
    axes = axes_of(dim, self.ndim)
    free = _degrees(self.shape, dim, correction)
    if not self.ndim:
        return (self - self).astype(np.float64) / np.float64(free)
    if of_all and type(dim) is Each and self.size:
        rows = in_rows(self)
        mean = add_up(self, axes) / self.dtype.type(rows.shape[1])
        square = np.square(rows - mean.astype(np.float64)[:, None])
        if self.dtype.char == "d":
            total = np.add.accumulate(square, axis=1)[:, -1]
        else:
            total = ADD.reduce(square, axis=1)
        found = total / np.float64(free)
        return np.expand_dims(found, axes) if keepdim else found
    if of_all and 0 < self.size == count_of(self.shape, dim):
        every = tuple(range(self.ndim))
        square = np.square(self - np.float64(add_up(self, every) / self.dtype.type(self.size)))
        if self.dtype.char == "d":
            total = np.add.accumulate(square.ravel("K"))[-1]
        else:
            total = ADD.reduce(square, axis=None)
        left = self.ndim if keepdim else self.ndim - len(axes)
        return np.reshape(total / np.float64(free), (1,) * left)[()]
    if not count_of(self.shape, dim):  # of nothing there is no mean, and NumPy would warn
        return ADD.reduce(self, axis=axes, keepdims=keepdim, dtype=np.float64) * math.nan
    if self.dtype.char == "f":
        sums = squared_distances(self, tuple(sorted(axes)))
        if sums is not None:
            if keepdim:
                sums = np.expand_dims(sums, axes)
            return sums / np.float64(free)
    mean = np.mean(self, axis=axes, keepdims=True, dtype=np.float64)
    return ADD.reduce(np.square(self - mean), axis=axes, keepdims=keepdim) / np.float64(free)


def _deviation(self: Any, dim: Any, correction: Any, keepdim: bool, of_all: bool = True) -> Any:
    return np.sqrt(_variance(self, dim, correction, keepdim, of_all))


def _rounded(function: Any) -> Any:
    """The kernel of a spread, in the real dtype of its input."""

    def kernel(self: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
        return function(self, dim, correction, keepdim).astype(self.real.dtype)

    return kernel


def _var_slope(F: Namespace, g: Any, self: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    free = count_of(self.shape, dim) - (1 if correction is None else correction)
    off = self - F.mean_dim(self, dim, True)
    g = restored(F, g, self.shape, dim, keepdim)
    if free <= 0:
        return g * F.where(F.eq(off, 0), F._ones(off) * math.nan, math.inf)
    return g * (2 / free) * off


def _var_forward(F: Namespace, t: Any, self: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
    free = count_of(self.shape, dim) - (1 if correction is None else correction)
    off = self - F.mean_dim(self, dim, True)
    total = F.sum_dim(real_product(F, off, t), dim, keepdim)
    return total * (2 / free if free > 0 else math.nan)


def _std_slope(
    F: Namespace, g: Any, self: Any, out: Any, dim: Any, correction: Any, keepdim: bool
) -> Any:
    share = F.where(F.eq(out, 0), 0, g / (out * 2))
    return _var_slope(F, share, self, dim, correction, keepdim)


def _std_forward(
    F: Namespace, t: Any, self: Any, out: Any, dim: Any, correction: Any, keepdim: bool
) -> Any:
    slope = _var_forward(F, t, self, dim, correction, keepdim)
    return F.where(F.eq(out, 0), 0, slope / (out * 2))


def _spread_samples(S: Any) -> Any:
    return [
        S(S.normal(2, 3)),
        S(S.normal(2, 3), 1),
        S(S.normal(2, 3, 2), (0, 2), keepdim=True),
        S(S.normal(2, 3), 0, correction=0),
        S(S.normal(4), correction=2),
    ]


def _real_dtype(self: Any, *rest: Any) -> DType:
    return self.dtype.to_real()  # type: ignore[no-any-return]


def _to_correction(unbiased: bool) -> int:
    return 1 if unbiased else 0


def _spread(name: str, doc: str, **fields: Any) -> None:
    """The overloads of a variance: with `unbiased`, with `dim`, with `correction`."""
    where = fields.pop("where", ("torch", "Tensor"))
    op(
        f"{name}_unbiased(Tensor self, bool unbiased=True)",
        name=name,
        composite=lambda F, self, unbiased: getattr(F, name)(
            self, None, correction=_to_correction(unbiased)
        ),
        where=where,
        doc=doc,
        samples=lambda S: [S(S.normal(2, 3)), S(S.normal(3), False)],
    )
    op(
        f"{name}_dim(Tensor self, Dim[]? dim, bool unbiased=True, bool keepdim=False)",
        name=name,
        composite=lambda F, self, dim, unbiased, keepdim: getattr(F, name)(
            self, dim, correction=_to_correction(unbiased), keepdim=keepdim
        ),
        where=where,
        doc=doc,
        samples=lambda S: [S(S.normal(2, 3), 0), S(S.normal(2, 3), 1, False, True)],
    )
    op(
        f"{name}(Tensor self, Dim[]? dim=None, *, Scalar? correction=None, bool keepdim=False)",
        batching=each_dim,
        where=where,
        doc=doc,
        samples=_spread_samples,
        **fields,
    )


_spread(
    "var",
    "The variance; `correction` is subtracted from the count, 1 by default.",
    kernel=_rounded(_variance),
    vjp={"self": _var_slope},
    jvp={"self": _var_forward},
    result=_real_dtype,
    check=_check_spread("var", "std and var"),
)
_spread(
    "std",
    "The standard deviation; `correction` is subtracted from the count, 1 by default.",
    kernel=_rounded(_deviation),
    vjp={"self": _std_slope},
    jvp={"self": _std_forward},
    result=_real_dtype,
    check=_check_spread("std", "std and var"),
)


def _with_mean(function: Any) -> Any:
    """The kernel of a spread with the mean, both of which go along dimensions."""

    def kernel(self: Any, dim: Any, correction: Any, keepdim: bool) -> Any:
        spread = function(self, dim, correction, keepdim, False)
        wide = np.complex128 if self.dtype.kind == "c" else np.float64
        mean = np.mean(self, axis=axes_of(dim, self.ndim), keepdims=keepdim, dtype=wide)
        return spread.astype(self.real.dtype), mean.astype(self.dtype)

    return kernel


def _var_mean_slope(
    F: Namespace, g: Any, self: Any, dim: Any, correction: Any, keepdim: bool
) -> Any:
    return _var_slope(F, g[0], self, dim, correction, keepdim) + mean_slope(
        F, g[1], self.shape, dim, keepdim
    )


def _std_mean_slope(
    F: Namespace, g: Any, self: Any, out0: Any, dim: Any, correction: Any, keepdim: bool
) -> Any:
    return _std_slope(F, g[0], self, out0, dim, correction, keepdim) + mean_slope(
        F, g[1], self.shape, dim, keepdim
    )


_spread(
    "var_mean",
    "The variance and the mean.",
    kernel=_with_mean(_variance),
    vjp={"self": _var_mean_slope},
    jvp={
        "self": lambda F, t, self, dim, correction, keepdim: (
            _var_forward(F, t, self, dim, correction, keepdim),
            F.mean_dim(t, dim, keepdim),
        )
    },
    outputs=2,
    where=("torch",),
    check=_check_spread("var_mean", "var_mean"),
)
_spread(
    "std_mean",
    "The standard deviation and the mean.",
    kernel=_with_mean(_deviation),
    vjp={"self": _std_mean_slope},
    jvp={
        "self": lambda F, t, self, out0, dim, correction, keepdim: (
            _std_forward(F, t, self, out0, dim, correction, keepdim),
            F.mean_dim(t, dim, keepdim),
        )
    },
    outputs=2,
    where=("torch",),
    check=_check_spread("std_mean", "std_mean"),
)

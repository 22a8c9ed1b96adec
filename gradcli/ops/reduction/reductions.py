"""Reductions: sums, means, products, truth, the logarithm of a sum of exponentials."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.blocks import reduce
from ...kernels.sums import add_up
from ...table.dtype_rules import supports
from ...table.entry import LINEAR, op
from ...table.out_rules import CAST, Rule
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import Array, DType
from .shared import ADD, MAXIMUM, MULTIPLY, axes_of, count_of, expanded, mean_slope, restored, whole

_MEAN = Rule(
    "mean.dtype_out(): input types can't be cast to the desired output type {out}", exact=False
)


def _shapes(S: Any) -> Any:
    return [S(S.normal(2, 3)), S(S.normal()), S(S.normal(4)), S(S.normal(0, 2))]


def _dims(S: Any) -> Any:
    return [
        S(S.normal(2, 3), 0),
        S(S.normal(2, 3, 2), (0, -1)),
        S(S.normal(2, 3), 1, keepdim=True),
        S(S.normal(2, 3), None),
        S(S.normal(), 0),
    ]


# --- sums


def _sum_dtype(self: Any, *rest: Any) -> DType:
    dtype = rest[-1]
    if dtype is not None:
        return dtype  # type: ignore[no-any-return]
    return self.dtype if self.dtype.category >= dtypes.FLOATING else dtypes.int64


def _wide(self: Any, dtype: Any) -> Any:
    """`self` in the dtype that a sum or product accumulates in."""
    if dtype is not None:
        return self if self.dtype == dtype.compute else self.astype(dtype.compute)
    return self.astype(np.int64) if self.dtype.kind in "biu" else self


def _sum(self: Any, dtype: Any) -> Any:
    return add_up(_wide(self, dtype), tuple(range(self.ndim)))


def _sum_dim(self: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    return add_up(_wide(self, dtype), axes_of(dim, self.ndim), keepdim)


op(
    "sum(Tensor self, *, DType? dtype=None)",
    batching=whole("sum_dim"),
    kernel=_sum,
    vjp={"self": lambda F, g, self_shape: F.expand(g, self_shape)},
    jvp=LINEAR,
    result=_sum_dtype,
    doc="The sum of all elements.",
    samples=lambda S: [*_shapes(S), S(S.integers(-3, 3, 4)), S(S.booleans(4))],
)
op(
    "sum_dim(Tensor self, Dim[]? dim, bool keepdim=False, *, DType? dtype=None)",
    name="sum",
    kernel=_sum_dim,
    vjp={"self": expanded},
    jvp=LINEAR,
    node="SumBackward1",
    result=_sum_dtype,
    batching="shift",
    doc="The sum over dimensions.",
    samples=lambda S: [*_dims(S), S(S.normal(0, 2), 0), S(S.integers(-3, 3, 4), 0)],
)


def _mean_dtype(self: Any, *rest: Any) -> DType:
    dtype = rest[-1]
    word, found = ("Input", self.dtype) if dtype is None else ("Optional", dtype)
    if found.category < dtypes.FLOATING:
        raise RuntimeError(
            f"mean(): could not infer output dtype. {word} dtype must be either a floating point "
            f"or complex dtype. Got: {found.scalar_name}"
        )
    return found  # type: ignore[no-any-return]


def _mean_dim(self: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    total = _sum_dim(self, dim, keepdim, dtype)
    return total / total.dtype.type(count_of(self.shape, dim))


def _mean(self: Any, dtype: Any) -> Any:
    total = _sum(self, dtype)
    return total / total.dtype.type(self.size)


op(
    "mean(Tensor self, *, DType? dtype=None)",
    batching=whole("mean_dim"),
    kernel=_mean,
    vjp={"self": lambda F, g, self_shape: mean_slope(F, g, self_shape, None, False)},
    jvp=LINEAR,
    result=_mean_dtype,
    check=_mean_dtype,
    shows={"self_shape": "self_sym_sizes self_sym_numel"},
    out=_MEAN,
    doc="The mean of all elements.",
    samples=lambda S: [*_shapes(S)[:3], S.edge(S.normal(0, 2))],
)
op(
    "mean_dim(Tensor self, Dim[]? dim, bool keepdim=False, *, DType? dtype=None)",
    name="mean",
    kernel=_mean_dim,
    vjp={"self": mean_slope},
    jvp=LINEAR,
    node="MeanBackward1",
    result=_mean_dtype,
    batching="shift",
    check=_mean_dtype,
    shows={"self_shape": "self_sym_sizes self_sym_numel"},
    out=_MEAN,
    doc="The mean over dimensions.",
    samples=_dims,
)


def _nansum(self: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    self = _wide(self, dtype)
    axes = axes_of(dim, self.ndim)
    if self.dtype.kind != "f":
        return add_up(self, axes, keepdim)
    return add_up(np.where(np.isnan(self), self.dtype.type(0), self), axes, keepdim, self.strides)


def _nansum_slope(F: Namespace, g: Any, self: Any, dim: Any, keepdim: bool) -> Any:
    return F.where(F.isnan(self), 0, expanded(F, g, self.shape, dim, keepdim))


def _nan_samples(S: Any) -> Any:
    holes = S.tensor([[1.0, math.nan, 2.0], [0.5, -1.0, math.nan]])
    return [S(holes), S(holes, 1), S(holes, (0, 1), keepdim=True), S(S.normal(2, 3), 0)]


op(
    "nansum(Tensor self, Dim[]? dim=None, bool keepdim=False, *, DType? dtype=None)",
    batching="shift",
    kernel=_nansum,
    vjp={"self": _nansum_slope},
    jvp={
        "self": lambda F, t, self, dim, keepdim: F.sum_dim(
            F.where(F.isnan(self), 0, t), dim, keepdim
        )
    },
    result=_sum_dtype,
    check=supports(complex=RuntimeError("nansum on CPU does not support complex inputs")),
    doc="The sum with NaN counting as zero.",
    samples=lambda S: [] if S.dtype.is_complex else _nan_samples(S),
)


def _nanmean(F: Namespace, self: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    found = self.dtype
    if type(found) is DType and found.category < dtypes.FLOATING:
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{found.scalar_name}"
        )
    present = F.sum_dim(F.logical_not(F.isnan(self)), dim, keepdim)
    return F.div(F.nansum(self, dim, keepdim, dtype=dtype), present)


op(
    "nanmean(Tensor self, Dim[]? dim=None, bool keepdim=False, *, DType? dtype=None)",
    composite=_nanmean,
    out=CAST,
    doc="The mean of the elements that are not NaN.",
    samples=lambda S: [] if S.dtype.is_complex else _nan_samples(S),
)


def _count_nonzero(self: Any, dim: Any) -> Any:
    return (
        ADD.reduce(np.not_equal(self, 0).astype(np.int64), axis=axes_of(dim, self.ndim))
        if (self.ndim)
        else np.int64(self != 0)
    )


op(
    "count_nonzero(Tensor self, Dim[]? dim=None)",
    batching="shift",
    kernel=_count_nonzero,
    result=dtypes.int64,
    doc="How many elements are not zero.",
    samples=lambda S: [S(S.integers(0, 2, 2, 3)), S(S.integers(0, 2, 2, 3), 1), S(S.normal())],
)

# --- products


def _prod(self: Any, dtype: Any) -> Any:
    self = _wide(self, dtype)
    return MULTIPLY.reduce(self, axis=None) if type(self) is np.ndarray else self


def _prod_dim(self: Any, dim: int, keepdim: bool, dtype: Any) -> Any:
    axes = axes_of(dim, self.ndim)
    self = _wide(self, dtype)
    return reduce(MULTIPLY, self, axes, keepdim) if self.ndim else self


def _others(self: Any, dim: int) -> Any:
    """For each element the product of all others along `dim`."""
    if self.ndim == 0:
        return np.ones_like(self)[()]
    axis = wrap_dim(dim, self.ndim)
    if self.dtype.kind == "f":
        total = reduce(MULTIPLY, self, axis, True)
        size = np.abs(total)
        limits = np.finfo(self.dtype)
        plain = (size >= limits.tiny) & (size <= limits.max)
        if plain.all():
            return total / self
        if plain.any():  # each row in its own way, whatever the others are
            with np.errstate(all="ignore"):
                result = total / self
            rest = np.nonzero(~np.moveaxis(plain, axis, -1)[..., 0])
            rows = np.moveaxis(self, axis, -1)[rest]
            np.moveaxis(result, axis, -1)[rest] = _products_of_others(rows, -1)
            return result
    return _products_of_others(self, axis)


def _products_of_others(self: Array, axis: int) -> Array:
    moved = np.moveaxis(self, axis, -1)
    ones = np.ones((*moved.shape[:-1], 1), moved.dtype)
    before = np.cumprod(np.concatenate([ones, moved[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([ones, moved[..., :0:-1]], -1), -1)[..., ::-1]
    return np.ascontiguousarray(np.moveaxis(before * after, -1, axis)) if moved.shape[-1] else self


def _exclusive(F: Namespace, value: Any, dim: int) -> Any:
    """The products of all elements before each one along `dim`."""
    length = value.shape[dim]
    first = F.narrow(value, dim, 0, 1)
    ones = F._ones(first)
    return F.cumprod(F.cat([ones, F.narrow(value, dim, 0, length - 1)], dim), dim)


def _others_recorded(F: Namespace, self: Any, dim: int) -> Any:
    rank = len(self.shape)
    if rank == 0:
        return F._ones(self)
    if self.shape[dim] == 0:
        return self
    before = _exclusive(F, self, dim)
    after = F.flip(_exclusive(F, F.flip(self, (dim,)), dim), (dim,))
    return before * after


def _prod_slope(F: Namespace, g: Any, self: Any) -> Any:
    if not F.is_traced:
        flat = self.reshape(-1)
        if flat.size - np.count_nonzero(flat) > 1:
            return F.zeros_like_shape(self, self.shape)
        return g * F.conj(F._others(flat, 0)).reshape(self.shape)[()]
    if not ndim(self):
        return g
    flat = F.reshape(self, (-1,))
    return g * F.conj(F.reshape(_others_recorded(F, flat, 0), self.shape))


def _prod_dim_slope(F: Namespace, g: Any, self: Any, dim: int, keepdim: bool) -> Any:
    if F.is_traced and not ndim(self):
        return g
    others = _others_recorded(F, self, dim) if F.is_traced else F._others(self, dim)
    return restored(F, g, self.shape, dim, keepdim) * F.conj(others)


op(
    "_others(Tensor self, Dim dim)",
    name="prod",
    kernel=_others,
    where=(),
    batching="shift",
    doc="For each element the product of all others along `dim`.",
    samples=lambda S: [S(S.normal(2, 3), 0), S(S.normal(2, 3), 1), S(S.normal(), 0)],
)


def _zero_samples(S: Any) -> Any:
    return [S.tensor([2.0, 0.0, 3.0]), S.tensor([0.0, 0.0, 3.0]), S.tensor([1.0, 2.0, -3.0])]


op(
    "prod(Tensor self, *, DType? dtype=None)",
    batching=whole("prod_dim"),
    kernel=_prod,
    vjp={"self": _prod_slope},
    jvp={
        "self": lambda F, t, self: F.sum(
            t * F.reshape(_others_recorded(F, F.reshape(self, (-1,)), 0), self.shape)
        )
    },
    result=_sum_dtype,
    keeps={"self": ("out",)},
    doc="The product of all elements.",
    samples=lambda S: [
        *_shapes(S),
        S(S.integers(-3, 3, 4)),
        *[S(value) for value in _zero_samples(S)],
    ],
)
op(
    "prod_dim(Tensor self, Dim dim, bool keepdim=False, *, DType? dtype=None)",
    name="prod",
    kernel=_prod_dim,
    vjp={"self": _prod_dim_slope},
    jvp={
        "self": lambda F, t, self, dim, keepdim: F.sum_dim(
            t * _others_recorded(F, self, dim), (dim,), keepdim
        )
    },
    node="ProdBackward1",
    result=_sum_dtype,
    batching="shift",
    keeps={"self": ("out",)},
    doc="The product over a dimension.",
    samples=lambda S: [
        S(S.normal(2, 3), 0),
        S(S.normal(2, 3), 1, keepdim=True),
        S(S.normal(), 0),
        *[S(value, 0) for value in _zero_samples(S)],
    ],
)

# --- truth


def _truth(ufunc: Any) -> Any:
    def kernel(self: Any, dim: Any, keepdim: bool) -> Any:
        mask = np.not_equal(self, 0)
        axes = axes_of(dim, self.ndim) if dim not in ((), []) else ()  # no dimension, not all
        return ufunc.reduce(mask, axis=axes, keepdims=keepdim) if self.ndim else mask

    return kernel


for _name, _ufunc, _word in (("all", np.logical_and, "all"), ("any", np.logical_or, "any")):
    op(
        f"{_name}(Tensor self, Dim[]? dim=None, bool keepdim=False)",
        batching="shift",
        kernel=_truth(_ufunc),
        result=lambda self, dim, keepdim: (
            dtypes.uint8 if self.dtype is dtypes.uint8 else dtypes.bool_
        ),
        out=Rule(f"{_name} only supports bool tensor for result, got: {{out}}"),
        doc=f"Whether {_word} elements are nonzero.",
        samples=lambda S: [
            S(S.booleans(2, 3)),
            S(S.booleans(2, 3), 0),
            S(S.normal(2, 3), 1, True),
            S(S.normal(0)),
        ],
    )

# --- exponentials


def _logsumexp(self: Any, dim: Any, keepdim: bool) -> Any:
    axes = axes_of(dim, self.ndim)
    if not self.ndim:
        return self
    if any(self.shape[axis] == 0 for axis in axes):
        total = ADD.reduce(np.exp(self), axis=axes, keepdims=keepdim)
        return np.log(total)
    peak = MAXIMUM.reduce(self.real, axis=axes, keepdims=True)
    peak = np.where(np.isinf(peak), 0, peak)
    total = np.log(ADD.reduce(np.exp(self - peak), axis=axes, keepdims=True)) + peak
    return total if keepdim else np.squeeze(total, axes)[()]


def _logsumexp_weights(F: Namespace, self: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    return F.exp(self - restored(F, out, self.shape, dim, keepdim))


op(
    "logsumexp(Tensor self, Dim[] dim, bool keepdim=False)",
    kernel=_logsumexp,
    vjp={
        "self": lambda F, g, self, out, dim, keepdim: (
            restored(F, g, self.shape, dim, keepdim)
            * F.conj(_logsumexp_weights(F, self, out, dim, keepdim))
        )
    },
    jvp={
        "self": lambda F, t, self, out, dim, keepdim: F.sum_dim(
            t * _logsumexp_weights(F, self, out, dim, keepdim), dim, keepdim
        )
    },
    promote="float",
    batching="shift",
    where=("torch", "Tensor", "special"),
    out=Rule(
        "logsumexp(): Expected floating point type for result tensor, but got: {out}", exact=False
    ),
    doc="The logarithm of the sum of exponentials, without overflow.",
    samples=lambda S: [
        S(S.normal(2, 3), 0),
        S(S.normal(2, 3), (0, 1)),
        S(S.normal(2, 3), -1, True),
        S(S.normal(), 0),
    ],
)

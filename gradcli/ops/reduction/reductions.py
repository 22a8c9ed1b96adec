"""Reductions: sums, means, products, variances, norms, extremes."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...kernels.blocks import by_rows, dot, reduce, total
from ...kernels.norms import LARGE, vector_norm
from ...kernels.scatter_add import flat_places
from ...kernels.sums import add_up
from ...kernels.variances import squared_distances
from ...table.call.python_data import real_number
from ...table.dtype_rules import cleared, common_dtype, filled, supports
from ...table.entry import LINEAR, Op, op
from ...table.out_rules import CAST, EXACT, Rule
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_dim, wrap_dims
from ...tensor import dtypes
from ...tensor.dtypes import Array, DType
from ...tensor.tensor import shape_of
from ..elementwise.arithmetic import BOOL_PAIR

_REDUCED = Rule(
    "Expected the dtype for input and out to match, but got {result} for input's dtype and {out} "
    "for out's dtype."
)
_MEAN = Rule(
    "mean.dtype_out(): input types can't be cast to the desired output type {out}", exact=False
)

# Ufuncs as values: NumPy's stubs do not know `reduce` with a `keepdims` that is not a literal.
ADD: Any = np.add
MULTIPLY: Any = np.multiply
MAXIMUM: Any = np.maximum
MINIMUM: Any = np.minimum


def axes_of(dim: Any, rank: int) -> tuple[int, ...]:
    """The axes that a reduction goes over; none given means all."""
    if dim is None or dim == ():
        return tuple(range(rank))
    axes = wrap_dims(dim, rank)
    return axes if rank else ()


class Each(tuple[int, ...]):
    """All axes but the first: every element there is reduced as a whole tensor of its own is.

    PyTorch puts all elements of a tensor together in another order than those along dimensions.
    """


def _each(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """A reduction over dimensions goes over a batch: every dimension moves by one."""
    from ...table.call.dispatch import run
    from ...table.levels.batching import front, loop

    value = front(args[0], axes[0])
    rank = len(shape_of(value)) - 1
    if not rank:
        return loop(op, args, axes)
    place = next(i for i, parameter in enumerate(op.parameters) if parameter.kind == "Dim")
    dims = axes_of(args[place], rank)
    moved: tuple[int, ...] = tuple(dim + 1 for dim in dims)
    if len(dims) == rank:
        moved = Each(moved)
    return run(op, [value, *args[1:place], moved, *args[place + 1 :]]), 0


def _in_rows(values: Array) -> Array:
    """What stands on the first axis, each as a row in the order in which it lies in memory."""
    order = sorted(range(1, values.ndim), key=lambda axis: -abs(values.strides[axis]))
    return values.transpose(0, *order).reshape(len(values), -1)


def count_of(shape: tuple[int, ...], dim: Any) -> int:
    """How many elements a reduction of `shape` over `dim` puts together."""
    count = 1
    for axis in axes_of(dim, len(shape)):
        count *= shape[axis]
    return count


def restored(F: Namespace, value: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """A reduced value with the reduced dimensions of `shape` back, of length one."""
    if keepdim:
        return value
    axes = axes_of(dim, len(shape))
    if not F.is_traced:
        return value.reshape([1 if i in axes else n for i, n in enumerate(shape)])
    for axis in sorted(axes):
        value = F.unsqueeze(value, axis)
    return value


def _whole(identifier: str) -> Any:
    """How a reduction of all elements goes over a batch: as one over all other dimensions."""

    def rule(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
        from ...table.call.dispatch import run
        from ...table.formulas import traced
        from ...table.levels.batching import front, loop
        from ...table.lookup import get_op

        value = front(args[0], axes[0])
        length, *rest = shape_of(value)
        reduced = get_op(identifier)
        extreme = identifier in ("amax", "amin") and value.dtype.is_floating_point
        if extreme and value.level is None and np.isnan(value.array).any():
            return loop(op, args, axes)  # the gradient of a NaN goes to NaNs, not to none
        if reduced.parameters[1].is_list and rest:  # in the order in which they lie in memory
            keywords = {"dtype": args[1]} if len(args) > 1 else {}
            dims = tuple(range(1, 1 + len(rest)))
            return run(reduced, reduced.bind(value, dims, False, **keywords)), 0
        count = 1
        for step in rest:
            count *= step
        flat = traced.reshape(value, (length, count))
        dim: Any = (1,) if reduced.parameters[1].is_list else 1
        keywords = {"dtype": args[1]} if len(args) > 1 else {}
        return run(reduced, reduced.bind(flat, dim, False, **keywords)), 0

    return rule


def _expanded(F: Namespace, g: Any, self_shape: Any, dim: Any, keepdim: bool) -> Any:
    return F.expand(restored(F, g, self_shape, dim, keepdim), self_shape)


def _real_product(F: Namespace, a: Any, b: Any) -> Any:
    """The real part of `conj(a) * b`."""
    return F.real(F.conj_physical(a) * b)


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
    batching=_whole("sum_dim"),
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
    vjp={"self": _expanded},
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


def _mean_slope(F: Namespace, g: Any, self_shape: Any, dim: Any, keepdim: bool) -> Any:
    count = count_of(self_shape, dim)
    if F.is_traced:
        return _expanded(F, g, self_shape, dim, keepdim) / count
    return _expanded(F, g / max(count, 1), self_shape, dim, keepdim)


op(
    "mean(Tensor self, *, DType? dtype=None)",
    batching=_whole("mean_dim"),
    kernel=_mean,
    vjp={"self": lambda F, g, self_shape: _mean_slope(F, g, self_shape, None, False)},
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
    vjp={"self": _mean_slope},
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
    return F.where(F.isnan(self), 0, _expanded(F, g, self.shape, dim, keepdim))


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
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.where(plain, total / self, _products_of_others(self, axis))
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
    batching=_whole("prod_dim"),
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

# --- variances


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
        rows = _in_rows(self)
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
    total = F.sum_dim(_real_product(F, off, t), dim, keepdim)
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
        batching=_each,
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
    return _var_slope(F, g[0], self, dim, correction, keepdim) + _mean_slope(
        F, g[1], self.shape, dim, keepdim
    )


def _std_mean_slope(
    F: Namespace, g: Any, self: Any, out0: Any, dim: Any, correction: Any, keepdim: bool
) -> Any:
    return _std_slope(F, g[0], self, out0, dim, correction, keepdim) + _mean_slope(
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

# --- norms


def _norm(self: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    axes = axes_of(dim, self.ndim)
    if dtype is not None:
        self = self.astype(dtype.compute)
    if self.dtype == np.float32 and 0 < self.size <= LARGE and ord not in (0, math.inf, -math.inf):
        return vector_norm(np.asarray(self), ord, axes if self.ndim else (), keepdim)
    if ord == 2 and self.dtype.kind == "f" and type(dim) is Each and self.size:
        rows = _in_rows(self)
        result = np.sqrt(np.vecdot(rows, rows))
        return np.expand_dims(result, axes) if keepdim else result
    if ord == 2 and self.ndim and self.dtype.kind == "f" and len(axes) == self.ndim:
        flat = self.ravel("K")
        result = np.sqrt(np.dot(flat, flat))
        return np.full((1,) * self.ndim, result) if keepdim else result
    size = np.abs(self)
    if not self.ndim:
        size, axes, squeeze = size[None], (0,), True
    else:
        squeeze = False
    keep = keepdim and not squeeze
    if ord == 2:
        result = np.sqrt(ADD.reduce(size * size, axis=axes, keepdims=keep))
    elif ord == 1:
        result = ADD.reduce(size, axis=axes, keepdims=keep)
    elif ord == 0:
        result = ADD.reduce((size != 0).astype(size.dtype), axis=axes, keepdims=keep)
    elif ord == math.inf:
        result = MAXIMUM.reduce(size, axis=axes, keepdims=keep, initial=0)
    elif ord == -math.inf:
        result = MINIMUM.reduce(size, axis=axes, keepdims=keep, initial=math.inf)
    else:
        result = ADD.reduce(size**ord, axis=axes, keepdims=keep) ** (1 / ord)
    return result.astype(size.dtype)[()]


def check_norm_dtype(name: str, given: DType, dtype: DType | None) -> None:
    """Raise RuntimeError where a norm of a tensor of one dtype cannot be computed in another."""
    if given.category < dtypes.FLOATING:
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got {given.scalar_name}"
        )
    if dtype is None:
        return
    if dtype.category < dtypes.FLOATING:
        raise RuntimeError(
            f"{name}: dtype should be floating point or complex, but got {dtype.scalar_name}"
        )
    if given.is_complex is not dtype.is_complex:
        kind = "complex" if given.is_complex else "real"
        raise RuntimeError(
            f"{name}: dtype should be {kind} for {kind} inputs, but got {dtype.scalar_name}"
        )
    if dtypes.promote(given, dtype) is not dtype:
        raise RuntimeError(
            f"{name}: the dtype of the input ({given.scalar_name}) should be convertible without "
            f"narrowing to the specified dtype ({dtype.scalar_name})"
        )


def _check_norm(self: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any) -> None:
    check_norm_dtype("linalg.vector_norm", self.dtype, dtype)
    if isinstance(ord, complex):
        raise RuntimeError(
            "linalg.vector_norm: Expected a non-complex scalar as the order of norm."
        )
    shape = shape_of(self)
    axes = axes_of(dim, len(shape))
    if (ord < 0 or ord == math.inf) and any(shape[axis] == 0 for axis in axes):
        if dim is None or dim == ():
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {_order(ord)} norm on an empty tensor "
                "because the operation does not have an identity"
            )
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {_order(ord)} norm on the dimension "
            f"{next(axis for axis in axes if shape[axis] == 0)}because this dimension is empty "
            "and the operation does not have an identity"
        )


def _order(ord: Any) -> str:
    return f"{float(ord):g}"


def norm_direction(F: Namespace, self: Any, out: Any, ord: Any, dim: Any) -> Any:
    """The gradient of the norm by each element, `out` with its dimensions kept."""
    if ord == 1:
        return F.sgn(self)
    if ord == 2:
        return cleared(F, F.eq(out, 0), self / out)
    size = F.abs(self)
    if abs(ord) == math.inf:
        chosen = F.eq(size, out)
        chosen = F.logical_or(chosen, F.logical_and(F.isnan(size), F.isnan(out)))
        return F.sgn(self) * chosen / F.sum_dim(chosen, dim, True)
    if ord < 1:
        scaled = F.where(F.eq(self, 0), 0, F.sgn(self) * F.pow(size, ord - 1))
        return scaled * F.pow(out, 1 - ord)
    if ord < 2:
        scaled = F.sgn(self) * F.pow(size, ord - 1)
    else:
        scaled = self * F.pow(size, ord - 2)
    return F.where(F.eq(out, 0), 0, scaled / F.pow(out, ord - 1))


def _norm_slope(
    F: Namespace, g: Any, self: Any, out: Any, ord: Any, dim: Any, keepdim: bool
) -> Any:
    g = restored(F, g, self.shape, dim, keepdim)
    if ord == 0:
        return None
    out = restored(F, out, self.shape, dim, keepdim)
    return g * norm_direction(F, self, out, ord, dim)


def _norm_forward(
    F: Namespace, t: Any, self: Any, out: Any, ord: Any, dim: Any, keepdim: bool
) -> Any:
    if ord == 0:
        return F._zeros(out)
    out = restored(F, out, self.shape, dim, keepdim)
    return F.sum_dim(_real_product(F, norm_direction(F, self, out, ord, dim), t), dim, keepdim)


def _norm_dtype(self: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any) -> DType:
    return (self.dtype if dtype is None else dtype).to_real()  # type: ignore[no-any-return]


op(
    "linalg_vector_norm(Tensor self, Scalar ord=2, Dim[]? dim=None, bool keepdim=False, *, "
    "DType? dtype=None)",
    name="vector_norm",
    batching=_each,
    kernel=_norm,
    vjp={"self": _norm_slope},
    jvp={"self": _norm_forward},
    node="LinalgVectorNormBackward0",
    result=_norm_dtype,
    where=("linalg",),
    check=_check_norm,
    out=EXACT,
    doc="A vector norm over dimensions, of any order.",
    samples=lambda S: [
        *[
            S(S.distinct(2, 3), order)
            for order in (2, 1, 0, math.inf, -math.inf, 3, 0.5, 1.5, 2.5, -1)
        ],
        S(S.normal(2, 3), 2, 1),
        S(S.normal(2, 3, 2), 3, (0, 2), True),
        *[
            S.edge(S.tensor(values), order)
            for values in ([0.0, 0.0], [3.0, -3.0, 1.0], [math.nan, 1.0], [math.inf, 1.0])
            for order in (2, 1, math.inf, -math.inf, 3, 0.5, 1.5)
        ],
        S(S.normal()),
    ],
)


def _any_norm(F: Namespace, self: Any, p: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    if p == "nuc":
        return F.linalg_matrix_norm(self, "nuc", (-2, -1) if dim is None else dim, keepdim)
    order = 2 if p is None or p == "fro" else p
    return F.linalg_vector_norm(self, order, dim, keepdim, dtype=dtype)


op(
    "norm(Tensor self, any? p='fro', Dim[]? dim=None, bool keepdim=False, *, DType? dtype=None)",
    composite=_any_norm,
    written="Tensor",
    out=EXACT,
    doc="A norm over dimensions: 'fro', or an order `p`.",
    samples=lambda S: [
        S(S.normal(2, 3)),
        S(S.normal(2, 3), 1),
        S(S.normal(2, 3), 2, 1),
        S(S.normal(2, 3), math.inf, 0, True),
        S(S.normal(3), dim=0),
    ],
)


def _dist_slope(F: Namespace, g: Any, off: Any, out: Any, p: Any) -> Any:
    return None if p == 0 else g * norm_direction(F, off, out, p, None)


def _dist_forward(F: Namespace, t: Any, off: Any, out: Any, p: Any) -> Any:
    if p == 0:
        return F._zeros(out)
    return F.sum(_real_product(F, norm_direction(F, off, out, p, None), t))


def _check_dist(self: Any, other: Any, p: Any) -> None:
    if all(value.dtype is dtypes.bool_ for value in (self, other)):
        raise RuntimeError(BOOL_PAIR)
    dtype = common_dtype(self, other)
    if dtype.category < dtypes.FLOATING:
        raise RuntimeError(
            "norm(): input dtype should be either floating point or complex. Got "
            f"{dtype.scalar_name} instead."
        )
    if isinstance(p, complex):
        raise RuntimeError(
            "linalg.vector_norm: Expected a non-complex scalar as the order of norm."
        )


op(
    "dist(Tensor self, Tensor other, Scalar p=2)",
    kernel=lambda self, other, p: _norm(self - other, p, None, False, None),
    vjp={
        "self": lambda F, g, self, other, out, p: _dist_slope(F, g, self - other, out, p),
        "other": lambda F, g, self, other, out, p: _dist_slope(F, -g, self - other, out, p),
    },
    jvp={
        "self": lambda F, t, self, other, out, p: _dist_forward(F, t, self - other, out, p),
        "other": lambda F, t, self, other, out, p: _dist_forward(F, -t, self - other, out, p),
    },
    promote="number",
    numbers=False,
    result=lambda self, other, p: common_dtype(self, other).to_real(),
    check=_check_dist,
    doc="The norm of a difference.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(3)), S(S.normal(3), S.normal(3), 1)],
)

# --- extremes


def _check_whole(name: str, refusals: supports) -> Any:
    def check(self: Any, *rest: Any) -> None:
        refusals(self)
        if 0 in shape_of(self):
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )

    return check


def _check_dims(name: str, refusals: supports, given: int = 1) -> Any:
    """Refuse an empty dimension, and no dimension for an empty tensor."""

    def check(*args: Any) -> None:
        self, dim = args[0], args[given]
        refusals(self)
        shape = shape_of(self)
        if dim is None or dim == ():
            if 0 in shape and name.startswith("arg"):
                raise IndexError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
                )
            if 0 in shape and name == "aminmax":
                raise RuntimeError(
                    "aminmax(): cannot compute aminmax over an empty dimension as the operation "
                    "has no identity."
                )
            if 0 in shape:
                raise RuntimeError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                    "Specify the reduction dim with the 'dim' argument."
                )
            return
        for axis in wrap_dims(dim, len(shape)):
            if shape and shape[axis] == 0:
                shown = name if name == "aminmax" else f"{name}()"
                raise IndexError(f"{shown}: Expected reduction dim {axis} to have non-zero size.")

    return check


def _same(F: Namespace, self: Any, out: Any) -> Any:
    """Where elements are the extreme that was found."""
    return F.logical_or(F.eq(self, out), F.logical_and(F.isnan(self), F.isnan(out)))


def _evenly(F: Namespace, g: Any, self: Any, out: Any) -> Any:
    chosen = _same(F, self, out)
    return filled(F, chosen, g / F.sum(chosen))


def _evenly_forward(F: Namespace, t: Any, self: Any, out: Any) -> Any:
    chosen = _same(F, self, out)
    return F.sum(F.where(chosen, t, 0)) / F.sum(chosen)


def _evenly_dim(F: Namespace, g: Any, self: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    out = restored(F, out, self.shape, dim, keepdim)
    g = restored(F, g, self.shape, dim, keepdim)
    chosen = F.eq(self, out)
    return F.where(chosen, g, 0) / F.sum_dim(chosen, dim, True)


def _evenly_dim_forward(F: Namespace, t: Any, self: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    chosen = F.eq(self, restored(F, out, self.shape, dim, keepdim))
    return F.sum_dim(F.where(chosen, t, 0), dim, keepdim) / F.sum_dim(chosen, dim, keepdim)


def _at_index(value: Any, indices: Any, axis: int, keepdim: bool) -> Any:
    chosen = np.take_along_axis(value, indices, axis)
    if keepdim:
        return chosen, indices
    return np.squeeze(chosen, axis)[()], np.squeeze(indices, axis)[()]


def _selected(position: Any) -> Any:
    """A kernel that picks one element along a dimension, and gives its index too."""

    def kernel(self: Any, dim: int, keepdim: bool) -> Any:
        axis = wrap_dim(dim, self.ndim)
        if not self.ndim:
            return self, np.int64(0)
        indices = np.expand_dims(position(self, axis), axis)
        return _at_index(self, indices, axis, keepdim)

    return kernel


def place(F: Namespace, g: Any, self_shape: Any, out1: Any, dim: int, keepdim: bool) -> Any:
    """The cotangent of a selection: `g` at the chosen indices, zero elsewhere."""
    if not keepdim and self_shape:
        g = F.unsqueeze(g, dim)
        out1 = F.unsqueeze(out1, dim)
    return F._place(g, self_shape, dim, out1)


def pick(F: Namespace, t: Any, out1: Any, dim: int, keepdim: bool) -> Any:
    """The tangents of a selection: that of the chosen elements, and none of the indices."""
    if not len(t.shape):
        return t, None
    if keepdim:
        return F.gather(t, dim, out1), None
    return F.squeeze_dim(F.gather(t, dim, F.unsqueeze(out1, dim)), dim), None


def _place(grad: Any, size: Any, dim: int, index: Any) -> Any:
    if not size:
        return grad
    axis = wrap_dim(dim, len(size))
    result = np.zeros(size, grad.dtype)
    places = flat_places(result.shape, axis, index)
    np.add.at(result.reshape(-1), places.reshape(-1), grad.reshape(-1))
    return result


def _place_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    from ...table.call.dispatch import run
    from ...table.formulas import traced
    from ...table.levels.batching import batch_size, front

    length = batch_size(args, axes)
    grad, size, dim, index = args
    pair = [
        front(value, axis) if axis is not None else traced.expand(value, (length, *shape_of(value)))
        for value, axis in ((grad, axes[0]), (index, axes[3]))
    ]
    if not size:
        return pair[0], 0
    return run(op, [pair[0], (length, *size), wrap_dim(dim, len(size)) + 1, pair[1]]), 0


op(
    "_place(Tensor grad, int[] size, Dim dim, Tensor index)",
    name="scatter",
    kernel=_place,
    vjp={"grad": lambda F, g, dim, index: F.gather(g, dim, index) if len(g.shape) else g},
    jvp=LINEAR,
    batching=_place_batched,
    where=(),
    doc="Zeros of `size` with the elements of `grad` added at indices along `dim`.",
    samples=lambda S: [S(S.normal(2, 3), (4, 3), 0, S.integers(0, 4, 2, 3))],
)


def _extreme(name: str, other: str, ufunc: Any, position: Any, word: str) -> None:
    plain = supports(complex=f"{name}_all")
    complex_dim = supports(complex=RuntimeError(f"{name}(): does not support complex input"))
    op(
        f"{name}(Tensor self)",
        batching=_whole(f"a{name}"),
        kernel=lambda self: ufunc.reduce(self, axis=None) if self.ndim else self,
        vjp={"self": _evenly},
        jvp={"self": _evenly_forward},
        node=f"{name.title()}Backward1",
        check=_check_whole(name, plain),
        doc=f"The {word} of all elements. Ties share the gradient.",
        samples=lambda S: [
            S(S.distinct(2, 3)),
            S(S.distinct()),
            S(S.integers(-3, 3, 4)),
            S.edge(S.tensor([2.0, -1.0, 2.0, -1.0])),
            S.edge(S.tensor([2.0, math.nan, 2.0, -1.0])),
        ],
    )
    op(
        f"{name}_other(Tensor self, Tensor other)",
        name=name,
        composite=lambda F, self, other_: getattr(F, other)(self, other_),
        out=(EXACT, EXACT),
        doc=f"The {word} of two elements. Ties share the gradient.",
        samples=lambda S: [S(S.distinct(2, 3), S.normal(3))],
    )
    op(
        f"{name}_dim(Tensor self, Dim dim, bool keepdim=False)",
        name=name,
        kernel=_selected(position),
        vjp={"self": place},
        jvp={"self": pick},
        outputs=2,
        fields=("values", "indices"),
        constant=(1,),
        batching="shift",
        check=_check_dims(name, complex_dim),
        out=(EXACT, EXACT),
        doc=f"The {word} elements along a dimension, and their indices.",
        samples=lambda S: [
            S(S.distinct(2, 3), 0),
            S(S.distinct(2, 3), -1, keepdim=True),
            S(S.distinct(), 0),
            S(S.integers(-3, 3, 4), 0),
        ],
    )
    kernel_name = f"{name}_values_cpu"
    op(
        f"a{name}(Tensor self, Dim[] dim=[], bool keepdim=False)",
        batching="shift",
        kernel=lambda self, dim, keepdim: (
            reduce(ufunc, self, axes_of(dim, self.ndim), keepdim) if self.ndim else self
        ),
        vjp={"self": _evenly_dim},
        jvp={"self": _evenly_dim_forward},
        check=_check_dims(f"a{name}", supports(complex=kernel_name)),
        out=_REDUCED,
        doc=f"The {word} elements over dimensions. Ties share the gradient.",
        samples=lambda S: [
            S(S.distinct(2, 3)),
            S(S.distinct(2, 3), 0),
            S(S.distinct(2, 3, 2), (0, 2), True),
            S.edge(S.tensor([1.0, 1.0, 0.5]), 0),
            S.edge(S.tensor([[1.0, math.nan], [1.0, 1.0]]), 1),
            S(S.distinct()),
        ],
    )
    refusal = RuntimeError(f"arg{name}(): does not support complex input")
    mask = RuntimeError(f"arg{name}(): does not support bool input")
    op(
        f"arg{name}(Tensor self, Dim? dim=None, bool keepdim=False)",
        batching="shift",
        kernel=_position(position),
        result=dtypes.int64,
        check=_check_dims(f"arg{name}", supports(complex=refusal, boolean=mask)),
        out=EXACT,
        doc=f"The index of the {word} element, over all or along a dimension.",
        samples=lambda S: [
            S(S.distinct(2, 3)),
            S(S.distinct(2, 3), 0),
            S(S.distinct(2, 3), -1, True),
            S(S.distinct()),
        ],
    )


def _position(position: Any) -> Any:
    def kernel(self: Any, dim: Any, keepdim: bool) -> Any:
        if not self.ndim:
            return np.int64(0)
        if dim is None:
            found = position(self.reshape(-1), 0)
            return np.reshape(found, (1,) * self.ndim) if keepdim else found
        axis = wrap_dim(dim, self.ndim)
        found = position(self, axis)
        return np.expand_dims(found, axis) if keepdim else found

    return kernel


def _first_greatest(value: Any, axis: int) -> Any:
    return np.argmax(value, axis)


def _first_least(value: Any, axis: int) -> Any:
    return np.argmin(value, axis)


_extreme("max", "maximum", np.maximum, _first_greatest, "greatest")
_extreme("min", "minimum", np.minimum, _first_least, "least")


def _both_extremes(self: Any, dim: Any, keepdim: bool) -> Any:
    if not self.ndim:
        return self, self
    axes = axes_of(dim, self.ndim)
    return (
        MINIMUM.reduce(self, axis=axes, keepdims=keepdim),
        MAXIMUM.reduce(self, axis=axes, keepdims=keepdim),
    )


def _aminmax_slope(
    F: Namespace, g: Any, self: Any, out0: Any, out1: Any, dim: Any, keepdim: bool
) -> Any:
    return _evenly_dim(F, g[0], self, out0, dim, keepdim) + _evenly_dim(
        F, g[1], self, out1, dim, keepdim
    )


op(
    "aminmax(Tensor self, *, Dim? dim=None, bool keepdim=False)",
    batching="shift",
    kernel=_both_extremes,
    vjp={"self": _aminmax_slope},
    jvp={
        "self": lambda F, t, self, out0, out1, dim, keepdim: (
            _evenly_dim_forward(F, t, self, out0, dim, keepdim),
            _evenly_dim_forward(F, t, self, out1, dim, keepdim),
        )
    },
    outputs=2,
    fields=("min", "max"),
    check=_check_dims("aminmax", supports(complex="aminmax_cpu")),
    out=EXACT,
    doc="The least and the greatest element, over all or along a dimension.",
    samples=lambda S: [
        S(S.distinct(2, 3)),
        S(S.distinct(2, 3), dim=0),
        S(S.distinct(2, 3), dim=1, keepdim=True),
    ],
)

# --- truth


def _truth(ufunc: Any) -> Any:
    def kernel(self: Any, dim: Any, keepdim: bool) -> Any:
        mask = np.not_equal(self, 0)
        axes = axes_of(dim, self.ndim)
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


def _softmax(self: Any, dim: int) -> Any:
    if not self.ndim:
        return np.ones_like(self)[()] if not np.isnan(self) else self
    axis = wrap_dim(dim, self.ndim)
    if not self.size:
        return self.copy()
    return by_rows(_exponentials, axis, self)


def _exponentials(x: Any, axis: int) -> Any:
    """exp(x) over its sum along an axis."""
    result = x - reduce(MAXIMUM, x, axis, True)
    np.exp(result, out=result)
    result /= total(result, axis)
    return result


def _log_softmax(self: Any, dim: int) -> Any:
    if not self.ndim:
        return (self - self)[()]
    axis = wrap_dim(dim, self.ndim)
    if not self.size:
        return self.copy()
    return by_rows(_log_exponentials, axis, self)


def _log_exponentials(x: Any, axis: int) -> Any:
    """The logarithm of exp(x) over its sum along an axis."""
    result = x - reduce(MAXIMUM, x, axis, True)
    result -= np.log(total(np.exp(result), axis))
    return result


def _softmax_slope(F: Namespace, g: Any, out: Any, dim: int) -> Any:
    if not F.is_traced:
        return F._softmax_backward(g, out, dim)
    weighted = g * out
    return weighted - out * F.sum_dim(weighted, (dim,), True)


def _log_softmax_slope(F: Namespace, g: Any, out: Any, dim: int) -> Any:
    if not F.is_traced:
        return F._log_softmax_backward(g, out, dim)
    return g - F.exp(out) * F.sum_dim(g, (dim,), True)


def _softmax_backward(grad: Any, output: Any, dim: int) -> Any:
    """The cotangent of softmax's input, in few passes over memory."""
    if not output.ndim:
        return grad * output - grad * output
    return by_rows(_softmax_rows_back, dim, grad, output)


def _softmax_rows_back(grad: Any, output: Any, axis: int) -> Any:
    result = grad - dot(grad, output, axis)
    result *= output
    return result


def _log_softmax_backward(grad: Any, output: Any, dim: int) -> Any:
    """The cotangent of log_softmax's input, in few passes over memory."""
    if not output.ndim:
        return grad - grad
    return by_rows(_log_softmax_rows_back, dim, grad, output)


def _log_softmax_rows_back(grad: Any, output: Any, axis: int) -> Any:
    result = np.exp(output)
    result *= total(grad, axis)
    return np.subtract(grad, result, out=result)


def _softmax_forward(F: Namespace, t: Any, out: Any, dim: int) -> Any:
    weighted = t * out
    return weighted - out * F.sum_dim(weighted, (dim,), True)


def _check_softmax(name: str) -> Any:
    def check(self: Any, dim: int) -> None:
        rank = len(shape_of(self))
        last = wrap_dim(dim, rank) == max(rank, 1) - 1
        if last:
            kernel = f"{name}_lastdim_kernel_impl"
        else:
            kernel = f"{name}_kernel_impl"
        supports(complex=kernel, integer=kernel, boolean=kernel)(self)

    return check


def _softmax_samples(S: Any) -> Any:
    return [S(S.normal(2, 3), 0), S(S.normal(2, 3), -1), S(S.normal(2, 3, 2), 1), S(S.normal(), 0)]


for _name, _kernel in (
    ("_softmax_backward", _softmax_backward),
    ("_log_softmax_backward", _log_softmax_backward),
):
    op(
        f"{_name}(Tensor grad, Tensor output, Dim dim)",
        kernel=_kernel,
        where=(),
        doc="The cotangent of the input from that of the output, for formulas on arrays.",
        samples=lambda S: [S(S.normal(2, 3), S.normal(2, 3), 1)],
    )
op(
    "_softmax(Tensor self, Dim dim)",
    name="softmax",
    kernel=_softmax,
    fused={"self": "SoftmaxBackwardDataBackward0 g out"},
    vjp={"self": _softmax_slope},
    jvp={"self": _softmax_forward},
    batching="shift",
    where=(),
    check=_check_softmax("softmax"),
    doc="Exponentials divided by their sum along a dimension.",
    samples=_softmax_samples,
)
op(
    "_log_softmax(Tensor self, Dim dim)",
    name="log_softmax",
    kernel=_log_softmax,
    fused={"self": "LogSoftmaxBackwardDataBackward0 g out"},
    vjp={
        "self": _log_softmax_slope,
    },
    jvp={"self": lambda F, t, out, dim: t - F.sum_dim(F.exp(out) * t, (dim,), True)},
    batching="shift",
    where=(),
    check=_check_softmax("log_softmax"),
    doc="The logarithm of softmax, without underflow.",
    samples=_softmax_samples,
)


def _implicit_dim(name: str, rank: int) -> int:
    """The dimension that F.softmax takes when none is given."""
    import warnings

    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
        "dim=X as an argument.",
        stacklevel=2,
    )
    return 0 if rank in (0, 1, 3) else 1


def _normalizer(identifier: str, public: str, doc: str, sign: int = 1) -> None:
    """The public softmax of torch and of torch.nn.functional over its kernel entry."""

    def composite(F: Namespace, self: Any, dim: Any, dtype: Any) -> Any:
        if dtype is not None:
            self = F._to_copy(self, dtype)
        return getattr(F, identifier)(self, dim)

    def functional(F: Namespace, self: Any, dim: Any, _stacklevel: int, dtype: Any) -> Any:
        if sign < 0:
            self = F.neg(self)
        if dim is None:
            dim = _implicit_dim(public, len(self.shape))
        if dtype is not None:
            self = F._to_copy(self, dtype)
        return getattr(F, identifier)(self, dim)

    if sign > 0:
        op(
            f"{public}(Tensor self, Dim dim, DType? dtype=None)",
            composite=composite,
            where=("torch", "Tensor", "special"),
            out=EXACT,
            doc=doc,
            samples=_softmax_samples,
        )
    op(
        f"{public}_F(Tensor self, Dim? dim=None, int _stacklevel=3, DType? dtype=None)",
        name=public,
        composite=functional,
        where=("F",),
        out=EXACT if sign > 0 else None,
        written="F",
        prelude="F",
        doc=doc,
        samples=_softmax_samples,
    )


_normalizer("_softmax", "softmax", "Exponentials divided by their sum along a dimension.")
_normalizer("_log_softmax", "log_softmax", "The logarithm of softmax, without underflow.")
_normalizer("_softmax", "softmin", "Softmax of the negated tensor.", -1)

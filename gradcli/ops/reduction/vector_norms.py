"""Norms of vectors: norm, vector_norm, dist."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.norms import LARGE, vector_norm
from ...table.dtype_rules import cleared, common_dtype
from ...table.entry import op
from ...table.out_rules import EXACT
from ...table.schema import Namespace
from ...tensor import dtypes
from ...tensor.dtypes import DType
from ...tensor.tensor import shape_of
from ..elementwise.arithmetic import BOOL_PAIR
from .shared import (
    ADD,
    MAXIMUM,
    MINIMUM,
    Each,
    axes_of,
    each_dim,
    in_rows,
    real_product,
    restored,
)


def _norm(self: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    axes = axes_of(dim, self.ndim)
    if dtype is not None:
        self = self.astype(dtype.compute)
    if self.dtype == np.float32 and 0 < self.size <= LARGE and ord not in (0, math.inf, -math.inf):
        return vector_norm(np.asarray(self), ord, axes if self.ndim else (), keepdim)
    if ord == 2 and self.dtype.kind == "f" and type(dim) is Each and self.size:
        rows = in_rows(self)
        result = np.sqrt(np.vecdot(rows, rows))
        return np.expand_dims(result, axes) if keepdim else result
    if ord == 2 and self.ndim and self.dtype.kind == "f" and len(axes) == self.ndim:
        flat = self.ravel("K")
        result = np.sqrt(np.dot(flat, flat))
        return np.full((1,) * self.ndim, result) if keepdim else result
    if ord == 2 and self.dtype.char in "fd" and axes == (self.ndim - 1,) and self.size:
        result = np.sqrt(np.vecdot(self, self))
        return np.expand_dims(result, axes) if keepdim else result
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
    return F.sum_dim(real_product(F, norm_direction(F, self, out, ord, dim), t), dim, keepdim)


def _norm_dtype(self: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any) -> DType:
    return (self.dtype if dtype is None else dtype).to_real()  # type: ignore[no-any-return]


op(
    "linalg_vector_norm(Tensor self, Scalar ord=2, Dim[]? dim=None, bool keepdim=False, *, "
    "DType? dtype=None)",
    name="vector_norm",
    batching=each_dim,
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
    return F.sum(real_product(F, norm_direction(F, off, out, p, None), t))


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

"""Norms of matrices, and distances.

The derivative of a p-norm is `sgn(x) |x|^(p-1) / norm^(p-1)`, zero where the norm is zero; the
infinity norms share it out among the elements that attain them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.norms import LARGE, vector_norm
from ...table.dtype_rules import cleared, common_dtype, is_complex
from ...table.entry import op
from ...table.out_rules import CAST, Rule
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, ndim, size_at, wrap_dim, wrap_dims
from ...tensor import dtypes
from ...tensor.dtypes import unsupported
from ...tensor.tensor import Tensor, numel, shape_of
from ..reduction.vector_norms import check_norm_dtype
from .shared import conjugate

_INF = math.inf


def _order(ord: Any) -> float:
    return float(ord.real) if isinstance(ord, complex) else float(ord)


def _vector_norm(self: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any) -> Any:
    if dtype is not None:
        self = self.astype(dtype.compute)
    axes = wrap_dims(dim or None, self.ndim)
    if not self.ndim:  # PyTorch's only dimension of a scalar is none of NumPy's
        axes = ()
    p = _order(ord)
    if self.dtype == np.float32 and 0 < self.size <= LARGE and p not in (0, _INF, -_INF):
        return vector_norm(np.asarray(self), p, axes, keepdim)
    if p == 2:
        if self.dtype.kind == "c":
            squares = self.real * self.real + self.imag * self.imag
        else:
            squares = self * self
        return np.sqrt(np.sum(squares, axes, keepdims=keepdim))
    size = np.abs(self)
    if p == _INF:
        return np.max(size, axes, keepdims=keepdim)
    if p == -_INF:
        return np.min(size, axes, keepdims=keepdim)
    if p == 0:
        return np.sum(size != 0, axes, size.dtype, keepdims=keepdim)
    if p == 1:
        return np.sum(size, axes, keepdims=keepdim)
    return np.sum(size**p, axes, keepdims=keepdim) ** (1 / p)


def kept(F: Namespace, value: Any, dim: Any, shape: Sequence[int], keepdim: bool) -> Any:
    """A result reduced over `dim`, with the reduced dimensions of `shape` of length one."""
    if keepdim:
        return value
    axes = wrap_dims(dim or None, len(shape))
    return F.reshape(value, tuple(1 if axis in axes else n for axis, n in enumerate(shape)))


def _zero_where(F: Namespace, zero: Any, value: Any) -> Any:
    """`value`, with 0 where `zero` is 0."""
    return cleared(F, F.eq(zero, 0), value)


def _direction(F: Namespace, self: Any, norm: Any, p: float, axes: tuple[int, ...]) -> Any:
    """The derivative of the norm (with its dimensions kept) by each element."""
    if p == 1:
        return F.sgn(self)
    if p == 2:
        return _zero_where(F, norm, self / norm)
    size = F.abs(self)
    if abs(p) == _INF:
        largest = F.eq(size, norm)
        count = F.sum_dim(largest, axes, True)
        return F.where(largest, F.sgn(self) / count, 0)
    if p < 2:
        scaled = F.sgn(self) * _zero_where(F, self, F.pow(size, p - 1))
    else:
        scaled = self * F.pow(size, p - 2)
    factor = F.pow(F.where(F.eq(norm, 0), 1, norm), 1 - p)
    return scaled * _zero_where(F, norm, factor)


def _norm_vjp(
    F: Namespace, g: Any, self: Any, out: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any
) -> Any:
    shape = tuple(self.shape)
    p = _order(ord)
    if p == 0:
        return F.zeros_like_shape(self, shape)
    g = kept(F, g, dim, shape, keepdim)
    norm = kept(F, out, dim, shape, keepdim)
    return _direction(F, self, norm, p, wrap_dims(dim or None, len(shape))) * g


def _norm_jvp(
    F: Namespace, t: Any, self: Any, out: Any, ord: Any, dim: Any, keepdim: bool, dtype: Any
) -> Any:
    shape = tuple(self.shape)
    p = _order(ord)
    axes = wrap_dims(dim or None, len(shape))
    if p == 0:
        return F.zeros_like_shape(out, tuple(out.shape))
    norm = kept(F, out, dim, shape, keepdim)
    product = conjugate(F, _direction(F, self, norm, p, axes)) * t
    if is_complex(product):
        product = F.real(product)
    return F.sum_dim(product, axes, keepdim)


# --- matrix norms -----------------------------------------------------------------------------


def _matrix_axes(self: Any, dim: Any) -> tuple[int, int]:
    rank = ndim(self)
    if rank < 2:
        raise RuntimeError(
            "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
        )
    if len(dim) != 2:
        raise RuntimeError(
            "linalg.matrix_norm: dim must be a 2-tuple. Got " + " ".join(map(str, dim))
        )
    first, second = wrap_dim(dim[0], rank), wrap_dim(dim[1], rank)
    if first == second:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    return first, second


def _matrix_norm(
    F: Namespace,
    self: Any,
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    dtype: Any = None,
) -> Any:
    first, second = _matrix_axes(self, dim)
    p = ord if isinstance(ord, str) else _order(ord)
    if p not in ("fro", "nuc", 1, -1, 2, -2, _INF, -_INF):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    check_norm_dtype("linalg.matrix_norm", self.dtype, dtype)
    if p == "fro":
        return F.linalg_vector_norm(self, 2, (first, second), keepdim, dtype=dtype)
    if isinstance(p, str):
        return _singular_norm(F, self, first, second, keepdim, dtype, "nuc")
    if abs(p) == 2:
        return _singular_norm(F, self, first, second, keepdim, dtype, "max" if p > 0 else "min")
    if abs(p) == _INF:
        first, second = second, first
    sums = F.linalg_vector_norm(self, 1, (first,), keepdim, dtype=dtype)
    if not keepdim and first < second:
        second -= 1
    return (F.amax if p > 0 else F.amin)(sums, (second,), keepdim)


def _singular_norm(
    F: Namespace, self: Any, first: int, second: int, keepdim: bool, dtype: Any, kind: str
) -> Any:
    if dtype is not None:
        self = F._to_copy(self, dtype)
    rank = ndim(self)
    rest = [axis for axis in range(rank) if axis not in (first, second)]
    values = F.linalg_svdvals(F.permute(self, (*rest, first, second)))
    if kind == "nuc":
        result = F.sum_dim(values, (-1,), keepdim)
    else:
        result = (F.amax if kind == "max" else F.amin)(values, (-1,), keepdim)
    if keepdim:
        result = F.unsqueeze(result, -1)
        back = [0] * rank
        for place, axis in enumerate((*rest, first, second)):
            back[axis] = place
        result = F.permute(result, tuple(back))
    return result


op(
    "linalg_matrix_norm(Tensor self, Order ord='fro', Dim[] dim=[-2, -1], bool keepdim=False, *, "
    "DType? dtype=None)",
    name="matrix_norm",
    composite=_matrix_norm,
    where=("linalg",),
    out=Rule("linalg.matrix_norm expected out tensor dtype {result} but got: {out}"),
    doc="A norm of matrices: Frobenius, nuclear, or induced by a vector norm.",
    samples=lambda S: [
        S(S.normal(2, 3)),
        S(S.normal(2, 2, 3), ord=1),
        S(S.normal(2, 3), ord=-math.inf, keepdim=True),
        S(S.normal(2, 3), ord="nuc"),
        S(S.normal(3, 2), ord=2),
        S(S.normal(3, 2, 2), ord=-2, dim=(0, 1)),
    ],
)


def _linalg_norm(
    F: Namespace,
    self: Any,
    ord: Any = None,
    dim: Any = None,
    keepdim: bool = False,
    dtype: Any = None,
) -> Any:
    if ord is None:
        return F.linalg_vector_norm(self, 2, dim, keepdim, dtype=dtype)
    rank = ndim(self)
    if dim is not None and len(dim) not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(dim)}"
        )
    if dim is None and rank not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{rank}D."
        )
    if isinstance(ord, str):
        axes = dim if dim is not None else (0, 1)
        if len(axes) != 2 or rank < 2:
            raise RuntimeError(
                "linalg.matrix_norm: The input tensor A must have at least 2 dimensions."
            )
        return _matrix_norm(F, self, ord, axes, keepdim, dtype)
    if (dim is not None and len(dim) == 2) or (dim is None and rank == 2):
        return _matrix_norm(F, self, ord, (0, 1) if dim is None else dim, keepdim, dtype)
    return F.linalg_vector_norm(self, ord, dim, keepdim, dtype=dtype)


op(
    "linalg_norm(Tensor self, Order? ord=None, Dim[]? dim=None, bool keepdim=False, *, "
    "DType? dtype=None)",
    name="norm",
    composite=_linalg_norm,
    where=("linalg",),
    out=Rule("linalg.norm expected out tensor dtype {result} but got: {out}"),
    doc="A vector or matrix norm, by the number of dimensions.",
    samples=lambda S: [
        S(S.normal(3)),
        S(S.normal(2, 3)),
        S(S.normal(2, 3), ord=1),
        S(S.normal(2, 3), ord=1, dim=1),
        S(S.normal(2, 3), ord="nuc"),
    ],
)


def _define_native(number: int) -> None:
    """The vector norm under the name of the node that the old functions record."""
    op(
        f"_native_norm{number}(Tensor self, any ord, Dim[]? dim, bool keepdim)",
        kernel=lambda self, ord, dim, keepdim: _vector_norm(self, ord, dim, keepdim, None),
        vjp={
            "self": lambda F, g, self, out, ord, dim, keepdim: _norm_vjp(
                F, g, self, out, ord, dim, keepdim, None
            )
        },
        jvp={
            "self": lambda F, t, self, out, ord, dim, keepdim: _norm_jvp(
                F, t, self, out, ord, dim, keepdim, None
            )
        },
        node=f"NormBackward{number}",
        where=(),
        doc="The p-norm along dimensions.",
        samples=lambda S: [S(S.normal(2, 3), 2, (1,), False)],
    )


_define_native(0)
_define_native(1)
op(
    "frobenius_norm(Tensor self, Dim[] dim, bool keepdim=False)",
    composite=lambda F, self, dim, keepdim: F._native_norm1(self, 2, dim, keepdim),
    where=("torch",),
    prelude="",
    doc="The square root of the sum of squares along dimensions.",
    samples=lambda S: [S(S.normal(2, 3), (0, 1)), S(S.normal(2, 3), 0, True)],
)


def _norm_except(F: Namespace, v: Any, pow: int, dim: int) -> Any:
    shape = tuple(v.shape)
    if dim == -1:
        return F._native_norm0(v, pow, None, False)
    if dim == 0:
        flat = F.view(F.contiguous(v), (size_at(v, 0), math.prod(shape[1:])))
        return F.view(F._native_norm1(flat, pow, (1,), False), (shape[0], *(1,) * (len(shape) - 1)))
    if dim == len(shape) - 1:
        flat = F.view(F.contiguous(v), (math.prod(shape[:-1]), shape[-1]))
        return F.view(
            F._native_norm1(flat, pow, (0,), False), (*(1,) * (len(shape) - 1), shape[-1])
        )
    return F.transpose(_norm_except(F, F.transpose(v, 0, dim), pow, 0), 0, dim)


op(
    "norm_except_dim(Tensor v, int pow=2, int dim=0)",
    composite=_norm_except,
    where=("torch",),
    prelude="",
    doc="The p-norm along all dimensions but one.",
    samples=lambda S: [
        S(S.normal(2, 3, 2)),
        S(S.normal(2, 3, 2), 1, 2),
        S(S.normal(2, 3, 2), 2, 1),
        S(S.normal(2, 3), 2, -1),
    ],
)


def _weight_norm(v: Any, magnitude: Any, dim: int) -> tuple[Any, Any]:
    """`v` scaled to the magnitudes along its first or last dimension, and the norms it had."""
    shape = [1] * v.ndim
    shape[dim] = v.shape[dim]
    flat = v.reshape((len(v), -1) if dim == 0 else (-1, v.shape[-1]))
    norm = _vector_norm(flat, 2, (1,) if dim == 0 else (0,), False, None).reshape(shape)
    return v * (magnitude / norm), norm


def _weight_norm_parts(F: Namespace, g: Any, v: Any, dim: int) -> tuple[Any, Any]:
    """The norms of `v`, and the sums of the cotangent times `v`: as functions of `v`."""
    g = g[0] if isinstance(g, tuple) else g
    axes = tuple(axis for axis in range(v.ndim) if axis != dim)
    return F._native_norm1(v, 2, axes, True), F.sum_dim(g * v, axes, True)


def _weight_norm_by_v(F: Namespace, g: Any, v: Any, magnitude: Any, dim: int) -> Any:
    norm, total = _weight_norm_parts(F, g, v, dim)
    g = g[0] if isinstance(g, tuple) else g
    return (magnitude / norm) * (g - v * (total / (norm * norm)))


def _weight_norm_by_magnitude(F: Namespace, g: Any, v: Any, dim: int) -> Any:
    norm, total = _weight_norm_parts(F, g, v, dim)
    return total / norm


def _check_weight_norm(v: Tensor, magnitude: Tensor, dim: int) -> None:
    if not v.dtype.is_floating_point:
        raise unsupported("weight_norm_kernel", v.dtype)
    if magnitude.dtype is not v.dtype:
        raise RuntimeError(
            f"expected scalar type {v.dtype.scalar_name} but found {magnitude.dtype.scalar_name}"
        )


op(
    "_weight_norm_interface(Tensor v, Tensor magnitude, int dim=0)",
    kernel=_weight_norm,
    outputs=2,
    constant=(1,),
    vjp={"v": _weight_norm_by_v, "magnitude": _weight_norm_by_magnitude},
    jvp={
        "v": lambda F, t, v, magnitude, dim: (_weight_norm_by_v(F, t, v, magnitude, dim), None),
        "magnitude": lambda F, t, v, dim: (
            v * (t / _weight_norm_parts(F, v, v, dim)[0]),
            None,
        ),
    },
    keeps=dict.fromkeys(("v", "magnitude"), ("v", "magnitude", "out1")),
    shows={"magnitude": "g"},
    check=_check_weight_norm,
    node="WeightNormInterfaceBackward0",
    where=(),
    doc="The kernel of `_weight_norm`.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(2, 3), S.normal(2, 1)),
            S(S.normal(2, 3, 2), S.normal(1, 1, 2), 2),
        ]
    ),
)


def _scaled(F: Namespace, v: Any, g: Any, dim: int) -> Any:
    rank = ndim(v)
    dim = dim if dim == -1 else wrap_dim(dim, rank)
    if dim in (0, rank - 1) and v.dtype not in (dtypes.float16, dtypes.bfloat16):
        shape = [1] * rank
        shape[dim] = size_at(v, dim)
        if tuple(g.shape) == tuple(shape):
            return F._weight_norm_interface(v, g, dim)[0]
    return v * (g / F.norm_except_dim(v, 2, dim))


op(
    "_weight_norm(Tensor v, Tensor g, int dim=0)",
    composite=_scaled,
    where=("torch",),
    prelude="",
    doc="A tensor with magnitudes along one dimension, and its directions along the others.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(2, 3), S.normal(2, 1)),
            S(S.normal(2, 3), S.normal(1, 3), 1),
            S(S.normal(2, 3, 2), S.normal(1, 3, 1), 1),
        ]
    ),
)
op(
    "nuclear_norm_dim(Tensor self, Dim[] dim, bool keepdim=False)",
    name="nuclear_norm",
    composite=lambda F, self, dim, keepdim: _matrix_norm(F, self, "nuc", dim, keepdim),
    where=("torch",),
    doc="The sum of the singular values of matrices in two dimensions.",
    samples=lambda S: [S(S.normal(2, 3, 2), (0, 1)), S(S.normal(2, 3, 2), (1, 2), True)],
)
op(
    "nuclear_norm(Tensor self, bool keepdim=False)",
    composite=lambda F, self, keepdim: _matrix_norm(F, self, "nuc", (-2, -1), keepdim),
    where=("torch",),
    doc="The sum of the singular values.",
    samples=lambda S: [S(S.normal(2, 3))],
)


# --- distances --------------------------------------------------------------------------------


def _distance_norm(self: Any, p: Any, dim: Any, keepdim: bool) -> Any:
    return _vector_norm(self, p, dim, keepdim, None)


op(
    "_norm_dim(Tensor self, Scalar p, Dim[] dim, bool keepdim=False)",
    kernel=_distance_norm,
    vjp={
        "self": lambda F, g, self, out, p, dim, keepdim: _norm_vjp(
            F, g, self, out, p, dim, keepdim, None
        )
    },
    jvp={
        "self": lambda F, t, self, out, p, dim, keepdim: _norm_jvp(
            F, t, self, out, p, dim, keepdim, None
        )
    },
    result=lambda self, p, dim, keepdim: self.dtype.to_real(),
    batching="shift",
    node="NormBackward1",
    where=(),
    doc="The p-norm along dimensions.",
    samples=lambda S: [S(S.normal(2, 3), 2, (1,)), S(S.normal(2, 3), 1, (0,), True)],
)


def _pairwise_distance(
    F: Namespace, x1: Any, x2: Any, p: Any = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    last = max(ndim(x1), ndim(x2)) - 1
    difference = F._add_scalar(F.sub(x1, x2), eps)
    return F._norm_dim(difference, p, (last,), keepdim)


op(
    "pairwise_distance(Tensor x1, Tensor x2, Scalar p=2.0, float eps=1e-06, bool keepdim=False)",
    composite=_pairwise_distance,
    where=("torch", "F"),
    doc="The p-norm of `x1 - x2 + eps` along the last dimension.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(2, 3), S.normal(3), p=1.0, keepdim=True),
        S(S.normal(3), S.normal(3)),
    ],
)


_COMPUTE_MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)


def _cdist(F: Namespace, x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    rank1, rank2 = ndim(x1), ndim(x2)
    if rank1 < 2 or rank2 < 2:
        which, rank = ("X1", rank1) if rank1 < 2 else ("X2", rank2)
        raise RuntimeError(f"cdist only supports at least 2D tensors, {which} got: {rank}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    for which, value in (("X1", x1), ("X2", x2)):
        if type(value) is Tensor and value.dtype.category != dtypes.FLOATING:
            raise RuntimeError(
                f"cdist only supports floating-point dtypes, {which} got: {value.dtype.scalar_name}"
            )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if not isinstance(compute_mode, int | None) and compute_mode not in _COMPUTE_MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    broadcast_shape([tuple(x1.shape[:-2]), tuple(x2.shape[:-2])])
    if type(x1) is type(x2) is Tensor and x1.dtype is not x2.dtype:
        raise RuntimeError(
            f"expected scalar type {x1.dtype.scalar_name} but found {x2.dtype.scalar_name}"
        )
    if type(x1) is Tensor and not x1.dtype.raw:
        raise unsupported("cdist", x1.dtype)
    return F._cdist_forward(x1, x2, p)


def _cdist_forward(x1: Any, x2: Any, p: float) -> Any:
    return _vector_norm(x1[..., :, None, :] - x2[..., None, :, :], p, (-1,), False, None)


def _cdist_weights(F: Namespace, x1: Any, x2: Any, out: Any, p: float) -> Any:
    """The derivative of every distance by the difference of its two points."""
    difference = F.sub(F.unsqueeze(x1, -2), F.unsqueeze(x2, -3))
    if p == 0:
        return F.zeros_like_shape(difference, tuple(difference.shape))
    return _direction(F, difference, F.unsqueeze(out, -1), p, (difference.ndim - 1,))


op(
    "_cdist_forward(Tensor x1, Tensor x2, float p)",
    kernel=_cdist_forward,
    fused={"x1": "CdistBackwardBackward0 g x1 x2 out", "x2": "CdistBackwardBackward0 g x2 x1 out"},
    vjp={
        "x1": lambda F, g, x1, x2, out, p: F.sum_dim(
            _cdist_weights(F, x1, x2, out, p) * F.unsqueeze(g, -1), (-2,)
        ),
        "x2": lambda F, g, x1, x2, out, p: (
            -F.sum_dim(_cdist_weights(F, x1, x2, out, p) * F.unsqueeze(g, -1), (-3,))
        ),
    },
    jvp={
        "x1": lambda F, t, x1, x2, out, p: F.sum_dim(
            _cdist_weights(F, x1, x2, out, p) * F.unsqueeze(t, -2), (-1,)
        ),
        "x2": lambda F, t, x1, x2, out, p: (
            -F.sum_dim(_cdist_weights(F, x1, x2, out, p) * F.unsqueeze(t, -3), (-1,))
        ),
    },
    size=lambda x1, x2, p: numel(shape_of(x1)) * shape_of(x2)[-2],
    node="CdistBackward0",
    where=(),
    doc="The distance of every point of one set to every point of another.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(3, 4), S.normal(2, 4), 2.0),
            S(S.normal(2, 3, 2), S.normal(2, 2), 1.0),
            S(S.normal(3, 2), S.normal(2, 2), 3.0),
        ]
    ),
)
op(
    "cdist(Tensor x1, Tensor x2, float p=2.0, any? compute_mode=None)",
    composite=_cdist,
    where=("torch",),
    doc="The p-norm distance of every row of `x1` to every row of `x2`.",
    samples=lambda S: [
        S(S.normal(3, 4), S.normal(2, 4)),
        S(S.normal(3, 4), S.normal(2, 4), p=math.inf),
    ],
)


def _pairs(count: int) -> tuple[Any, Any]:
    return np.triu_indices(count, 1)


def _pdist(self: Any, p: float) -> Any:
    one, other = _pairs(len(self))
    return _vector_norm(self[one] - self[other], p, (-1,), False, None)


def _pair_index(self: Any, second: bool) -> Any:
    return _pairs(self.shape[0])[second]


def _pdist_weights(F: Namespace, self: Any, out: Any, p: float) -> tuple[Any, Any, Any]:
    """The pairs, and the derivative of every distance by the difference of its two points."""
    one, other = F._pair_index(self, False), F._pair_index(self, True)
    difference = F.sub(F.index_select(self, 0, one), F.index_select(self, 0, other))
    if p == 0:
        return one, other, F.zeros_like_shape(difference, tuple(difference.shape))
    return one, other, _direction(F, difference, F.unsqueeze(out, -1), p, (1,))


def _pdist_slope(F: Namespace, g: Any, self: Any, out: Any, p: float) -> Any:
    one, other, weights = _pdist_weights(F, self, out, p)
    moved = weights * F.unsqueeze(g, -1)
    total = F.zeros_like_shape(moved, tuple(self.shape))
    return F.index_add(F.index_add(total, 0, one, moved), 0, other, -moved)


def _pdist_tangent(F: Namespace, t: Any, self: Any, out: Any, p: float) -> Any:
    one, other, weights = _pdist_weights(F, self, out, p)
    difference = F.index_select(t, 0, one) - F.index_select(t, 0, other)
    return F.sum_dim(weights * difference, (-1,))


def _check_pdist(self: Tensor, p: float) -> None:
    rank = len(shape_of(self))
    if rank != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {rank}D")
    if self.dtype.category != dtypes.FLOATING:
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")


op(
    "_pair_index(Tensor self, bool second)",
    kernel=_pair_index,
    where=(),
    doc="The rows of all pairs of different rows, the first or the second of each pair.",
    samples=lambda S: [S(S.normal(3, 2), True)],
)
op(
    "_pdist_forward(Tensor self, float p)",
    kernel=_pdist,
    fused={"self": "PdistBackwardBackward0 g self out"},
    vjp={"self": _pdist_slope},
    jvp={"self": _pdist_tangent},
    check=_check_pdist,
    size=lambda self, p: shape_of(self)[0] ** 2 // 2 * max(shape_of(self)[1], 1),
    node="PdistBackward0",
    where=(),
    doc="The kernel of `pdist`.",
    samples=lambda S: [] if S.dtype.is_complex else [S(S.normal(4, 3), 2.0)],
)
op(
    "pdist(Tensor self, float p=2.0)",
    composite=lambda F, self, p: F._pdist_forward(F.contiguous(self), p),
    where=("torch", "F"),
    doc="The p-norm distance of every pair of rows.",
    samples=lambda S: [
        S(S.normal(4, 3)),
        S(S.normal(4, 3), 1.0),
        S(S.normal(3, 2), 3.0),
        S(S.normal(3, 2), 0.0),
        S(S.normal(3, 2), math.inf),
        S(S.normal(1, 2)),
        S(S.normal(3)),
        S(S.normal(3, 2), -1.0),
    ],
)


def _normalize(
    F: Namespace, input: Any, p: float = 2.0, dim: Any = (1,), eps: float = 1e-12
) -> Any:
    size = F.clamp_min(F.linalg_vector_norm(input, p, dim, True), eps)
    return F.div(input, F.expand(size, tuple(input.shape)))


op(
    "normalize(Tensor input, float p=2.0, Dim[] dim=1, float eps=1e-12)",
    composite=_normalize,
    where=("F",),
    prelude="F",
    written="F",
    out=CAST,
    doc="Divides by the p-norm along dimensions.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal(2, 3), p=1.0, dim=0), S(S.normal(3), dim=-1)],
)


def _cosine_similarity(F: Namespace, x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    shape = broadcast_shape((tuple(x1.shape), tuple(x2.shape)))
    if type(x1) is Tensor:
        common = common_dtype(x1, x2)
        if common.category != dtypes.FLOATING:
            raise RuntimeError(
                "expected common dtype to be floating point, yet common dtype is "
                f"{common.scalar_name}"
            )
    if tuple(x1.shape) != tuple(x2.shape):
        x1, x2 = F.expand(x1, shape), F.expand(x2, shape)

    def unit(x: Any) -> Any:
        return F.div(x, F._norm_at_least(F.linalg_vector_norm(x, 2, (dim,), True), eps))

    return F.sum_dim(F.mul(unit(x1), unit(x2)), (dim,))


op(
    "_norm_at_least(Tensor self, float eps)",
    kernel=lambda self, eps: np.maximum(self, self.dtype.type(eps)),
    vjp={"self": lambda F, g: g},
    jvp={"self": lambda F, t: t},
    node="CloneBackward0",
    where=(),
    doc="A norm no smaller than `eps`; the bound does not count in derivatives.",
    samples=lambda S: [S(S.uniform(1, 2, 3), 1e-8)],
)
op(
    "cosine_similarity(Tensor x1, Tensor x2, Dim dim=1, float eps=1e-08)",
    composite=_cosine_similarity,
    where=("torch", "F"),
    doc="The cosine of the angle between vectors along a dimension.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(2, 3), S.normal(3), dim=-1),
        S(S.normal(3, 2), S.normal(3, 2), dim=0),
    ],
)

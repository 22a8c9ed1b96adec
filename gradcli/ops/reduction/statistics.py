"""Covariances, numerical gradients, bounded norms and histograms."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...table.dtype_rules import is_complex, supports, underivable
from ...table.entry import op
from ...table.formulas import complex_arrays
from ...table.out_rules import COUNTED, EXACT
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim, wrap_dims, wrap_own_dim
from ...tensor import dtypes
from ...tensor.dtypes import c_name, type_name
from ...tensor.tensor import Tensor, numel, shape_of
from .vector_norms import norm_direction

# --- covariance


def _check_weights(name: str, weights: Any, columns: int, integral: bool) -> None:
    if len(weights.shape) > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
            f"{len(weights.shape)} dimensions"
        )
    kind = weights.dtype
    category = getattr(kind, "category", None)
    if category is not None and (category == 1) is not integral:
        wanted = "integral" if integral else "floating point"
        raise RuntimeError(
            f"cov(): expected {name} to have {wanted} dtype but got {name} with "
            f"{kind.scalar_name} dtype"
        )
    if (weights.shape[0] if len(weights.shape) else 1) != columns:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the "
            f"input but got {weights.shape[0] if len(weights.shape) else 1} != {columns}"
        )


def _cov(F: Namespace, self: Any, correction: int, fweights: Any, aweights: Any) -> Any:
    rank = len(self.shape)
    if rank > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{rank} dimensions"
        )
    if type(self) is Tensor and self.dtype is dtypes.bool_:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    values = self if rank == 2 else F.reshape(self, (1, -1))
    columns = values.shape[1]
    weights = None
    if fweights is not None:
        _check_weights("fweights", fweights, columns, True)
        weights = fweights
    if aweights is not None:
        _check_weights("aweights", aweights, columns, False)
        weights = aweights if weights is None else F.mul(weights, aweights)
    if weights is None:
        mean = F.div(F.sum_dim(values, (1,)), columns)
        norm: Any = max(columns - correction, 0)
    else:
        total = F.sum(weights)
        mean = F.div(F.sum_dim(F.mul(values, weights), (1,)), total)
        if aweights is None or correction == 0:
            norm = F.sub(total, correction)
        elif fweights is None:
            spread = F.div(F.sum(F.mul(weights, aweights)), total)
            norm = F.sub(total, F.mul(spread, correction))
        else:
            spread = F.div(F.sum(F.mul(weights, aweights)), total)
            norm = F.sub(total, F.mul(spread, correction))
        norm = F.clamp_min(norm, 0)
    if weights is None and norm <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "number of observations.",
            UserWarning,
            stacklevel=2,
        )
    centered = F.sub(values, F.unsqueeze(mean, 1))
    other = F.transpose(centered if weights is None else F.mul(centered, weights), 0, 1)
    product = F.mm(centered, F.conj(other))
    result = F.div(product, norm)
    return F.squeeze(result)


op(
    "cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None)",
    composite=_cov,
    doc="The covariances of the rows, over the columns.",
    samples=lambda S: [
        S(S.normal(2, 4)),
        S(S.normal(4)),
        S(S.normal(2, 4), correction=0),
        S(S.normal(2, 3), fweights=S.integers(1, 4, 3)),
        *([] if S.dtype.is_complex else [S(S.normal(2, 3), aweights=S.uniform(0.5, 2, 3))]),
    ],
)


def _corrcoef(F: Namespace, self: Any) -> Any:
    if len(self.shape) > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{len(self.shape)} dimensions"
        )
    covariance = F.cov(self)
    if not len(covariance.shape):
        return F.div(covariance, covariance)
    variance = F.diagonal(covariance)
    deviation = F.sqrt(F.real(variance) if is_complex(variance) else variance)
    rows = F.div(covariance, F.unsqueeze(deviation, 1))
    result = F.div(rows, F.unsqueeze(deviation, 0))
    if not is_complex(result):
        return F.clamp(result, -1, 1)
    return F.complex(F.clamp(F.real(result), -1, 1), F.clamp(F.imag(result), -1, 1))


op(
    "corrcoef(Tensor self)",
    composite=_corrcoef,
    doc="The correlations of the rows, over the columns.",
    samples=lambda S: [S.edge(S.normal(2, 4)), S.edge(S.normal(3, 5))],
)

# --- numerical gradients


def _spacings(spacing: Any, axes: Sequence[int]) -> list[Any]:
    if spacing is None:
        return [1.0] * len(axes)
    if not isinstance(spacing, list | tuple):
        if not isinstance(spacing, int | float | complex):
            raise TypeError(
                "gradient(): argument 'spacing' must be Number or tuple of Tensors, not "
                f"{type_name(spacing)}"
            )
        return [spacing] * len(axes)
    if len(spacing) != len(axes):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length "
            f"equal to 'self.dim() = {len(axes)}', since dim argument was not given, but got a "
            f"list of length {len(spacing)}"
        )
    return list(spacing)


def _along(F: Namespace, self: Any, axis: int, step: Any, edge_order: int) -> Any:
    """Second-order differences inside, of `edge_order` at the edges."""
    length = self.shape[axis]

    def part(start: int, count: int) -> Any:
        return F.narrow(self, axis, start, count)

    if not hasattr(step, "dtype"):
        inner = F.div(F.sub(part(2, length - 2), part(0, length - 2)), 2 * step)
        if edge_order == 1:
            first = F.div(F.sub(part(1, 1), part(0, 1)), step)
            last = F.div(F.sub(part(length - 1, 1), part(length - 2, 1)), step)
        else:
            first = F.div(
                F.sub(F.mul(part(1, 1), 4), F.add(F.mul(part(0, 1), 3), part(2, 1))), 2 * step
            )
            last = F.div(
                F.sub(
                    F.add(F.mul(part(length - 1, 1), 3), part(length - 3, 1)),
                    F.mul(part(length - 2, 1), 4),
                ),
                2 * step,
            )
        return F.cat([first, inner, last], axis)
    rank = len(self.shape)
    place = [-1 if i == axis else 1 for i in range(rank)]
    widths = F.sub(F.narrow(step, 0, 1, length - 1), F.narrow(step, 0, 0, length - 1))
    widths = F.reshape(widths, place)
    left = F.narrow(widths, axis, 0, length - 2)
    right = F.narrow(widths, axis, 1, length - 2)
    both = F.add(left, right)
    before = F.mul(part(0, length - 2), F.neg(F.div(right, F.mul(left, both))))
    centre = F.mul(part(1, length - 2), F.div(F.sub(right, left), F.mul(left, right)))
    after = F.mul(part(2, length - 2), F.div(left, F.mul(right, both)))
    inner = F.add(F.add(before, centre), after)
    start, end = F.narrow(widths, axis, 0, 1), F.narrow(widths, axis, length - 2, 1)
    if edge_order == 1:
        first = F.div(F.sub(part(1, 1), part(0, 1)), start)
        last = F.div(F.sub(part(length - 1, 1), part(length - 2, 1)), end)
        return F.cat([first, inner, last], axis)
    second = F.narrow(widths, axis, 1, 1)
    near = F.narrow(widths, axis, length - 3, 1)
    first = _edge(F, part(0, 1), part(1, 1), part(2, 1), start, second)
    last = F.neg(_edge(F, part(length - 1, 1), part(length - 2, 1), part(length - 3, 1), end, near))
    return F.cat([first, inner, last], axis)


def _edge(F: Namespace, a: Any, b: Any, c: Any, near: Any, far: Any) -> Any:
    """The one-sided derivative at `a` from three points at unequal distances."""
    both = F.add(near, far)
    first = F.mul(a, F.neg(F.div(F.add(F.mul(near, 2), far), F.mul(near, both))))
    second = F.mul(b, F.div(both, F.mul(near, far)))
    third = F.mul(c, F.neg(F.div(near, F.mul(far, both))))
    return F.add(F.add(first, second), third)


def _gradient(F: Namespace, self: Any, spacing: Any, dim: Any, edge_order: int) -> Any:
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    rank = len(self.shape)
    if dim:
        wrap_own_dim(dim[0], rank)
    axes = wrap_dims(dim, rank)
    steps = _spacings(spacing, axes)
    for axis in axes:
        if self.shape[axis] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1"
            )
    return tuple(
        _along(F, self, axis, step, edge_order) for axis, step in zip(axes, steps, strict=True)
    )


op(
    "gradient(Tensor self, *, any? spacing=None, Dim[]? dim=None, int edge_order=1)",
    composite=_gradient,
    where=("torch",),
    doc="Numerical derivatives of samples of a function, along each dimension.",
    samples=lambda S: [
        S(S.normal(4)),
        S(S.normal(3, 4)),
        S(S.normal(3, 4), spacing=0.5, dim=(1,)),
        S(S.normal(4), edge_order=2),
        S(S.normal(4), spacing=[S.tensor([0.0, 0.5, 1.5, 2.0])]),
        S(S.normal(4), spacing=[S.tensor([0.0, 0.5, 1.5, 2.0])], edge_order=2),
    ],
)

# --- bounded norms


def _check_renorm(self: Any, p: Any, dim: int, maxnorm: Any) -> None:
    for name, value in (("p", p), ("maxnorm", maxnorm)):
        if isinstance(value, complex):
            raise RuntimeError(f"renorm: {name} must be real-valued")
    rank = len(shape_of(self))
    if rank < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {rank} dimensions")
    if self.dtype.category < dtypes.FLOATING:
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{self.dtype.scalar_name}"
        )
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm:g}")


def _renorm_scale(F: Namespace, self: Any, p: Any, dim: int, maxnorm: Any) -> tuple[Any, Any, Any]:
    """The norms of the slices, the factors, and the derivatives of the factors by the norms."""
    rank = len(self.shape)
    axis = wrap_dim(dim, rank)
    others = tuple(i for i in range(rank) if i != axis)
    norm = F.linalg_vector_norm(self, p, others, True)
    above = F.gt(norm, maxnorm)
    inverse = F.reciprocal(norm + 1e-7)
    scale = F.where(above, inverse * maxnorm, 1)
    return norm, scale, F.where(above, inverse * inverse * -maxnorm, 0)


def _renorm(self: Any, p: Any, dim: int, maxnorm: Any) -> Any:
    scale = _renorm_scale(complex_arrays, self, p, dim, maxnorm)[1]
    return np.ascontiguousarray(self * scale)


def _renorm_slope(F: Namespace, g: Any, self: Any, p: Any, dim: int, maxnorm: Any) -> Any:
    rank = len(self.shape)
    others = tuple(i for i in range(rank) if i != wrap_dim(dim, rank))
    norm, scale, slope = _renorm_scale(F, self, p, dim, maxnorm)
    along = F.sum_dim(F.real(F.conj_physical(g) * self), others, True)
    return g * scale + norm_direction(F, self, norm, p, others) * (along * slope)


def _renorm_forward(F: Namespace, t: Any, self: Any, p: Any, dim: int, maxnorm: Any) -> Any:
    rank = len(self.shape)
    others = tuple(i for i in range(rank) if i != wrap_dim(dim, rank))
    norm, scale, slope = _renorm_scale(F, self, p, dim, maxnorm)
    direction = F.conj_physical(norm_direction(F, self, norm, p, others))
    along = F.sum_dim(F.real(direction * t), others, True)
    return t * scale + self * (along * slope)


op(
    "renorm(Tensor self, Scalar p, Dim dim, Scalar maxnorm)",
    kernel=_renorm,
    vjp={"self": _renorm_slope},
    jvp={"self": _renorm_forward},
    inplace="Tensor",
    check=_check_renorm,
    out=EXACT,
    doc="Scales slices along a dimension down to a norm of `maxnorm` at most.",
    samples=lambda S: [S(S.normal(2, 3), 2, 0, 1.0), S(S.normal(3, 2), 1, 1, 0.5)],
)

# --- histograms


def _histogram(self: Any, bins: int, range: Any, weight: Any, density: bool) -> Any:
    flat = self.reshape(-1)
    if range is None:
        low, high = (float(flat.min()), float(flat.max())) if flat.size else (0.0, 0.0)
    else:
        low, high = range
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1, dtype=np.float64).astype(self.dtype)
    return _counts(flat, edges, weight, density), edges


def _check_weight(self: Tensor, weight: Any) -> None:
    if weight is None:
        return
    if self.dtype is not weight.dtype:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided, input tensor and weight tensor "
            f"should have the same dtype, but got input({c_name(self.dtype)}), and "
            f"weight({c_name(weight.dtype)})"
        )
    count, weights = numel(shape_of(self)), numel(shape_of(weight))
    if count != weights:
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the "
            "input tensor excluding its innermost dimension, but got input with shape "
            f"[{count}, 1] and weight with shape [{weights}]"
        )


def _check_edges(self: Tensor, bins: Tensor, weight: Any, density: bool) -> None:
    if self.dtype is not bins.dtype:
        raise RuntimeError(
            "torch.histogramdd: input tensor and bins tensors should have the same dtype, but got "
            f"input with dtype {c_name(self.dtype)} and bins for dimension 0 with dtype "
            f"{c_name(bins.dtype)}"
        )
    shape = shape_of(bins)
    if len(shape) != 1:
        raise RuntimeError(
            f"torch.histogramdd: bins tensor should have one dimension, but got {len(shape)} "
            "dimensions in the bins tensor for dimension 0"
        )
    if not shape[0]:
        raise RuntimeError(
            "torch.histogramdd: bins tensor should have at least 1 element, but got 0 elements in "
            "the bins tensor for dimension 0"
        )
    if shape[0] == 1:
        raise RuntimeError("torch.histogram(): bins must be > 0, but got 0 for dimension 0")
    _check_weight(self, weight)
    _check_histogram(self)


def _check_bins(self: Tensor, bins: int, range: Any, weight: Any, density: bool) -> None:
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    _check_weight(self, weight)
    if range is not None:
        if len(range) != 2:
            raise RuntimeError(
                "torch.histogramdd: for a 1-dimensional histogram range should have 2 elements, "
                f"but got {len(range)}"
            )
        low, high = range
        if not (math.isfinite(low) and math.isfinite(high)):
            raise RuntimeError(
                f"torch.histogramdd: dimension 0's range [{low:g}, {high:g}] is not finite"
            )
        if low > high:
            raise RuntimeError(
                f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} "
                "for dimension 0"
            )
    _check_histogram(self)


def _counts(flat: Any, edges: Any, weight: Any, density: bool) -> Any:
    weights = None if weight is None else weight.reshape(-1)
    if (np.diff(edges) < 0).any():  # NumPy refuses what PyTorch counts nothing in
        counts = np.zeros(len(edges) - 1, flat.dtype)
    else:
        counts = np.histogram(flat, edges, weights=weights)[0].astype(flat.dtype)
    if density:
        counts = counts / (counts.sum() * np.diff(edges))
    return counts


_HISTOGRAM: dict[str, Any] = {
    "name": "histogram",
    "outputs": 2,
    "fields": ("hist", "bin_edges"),
    "doc": "How many elements fall into each bin, and the edges of the bins.",
}


def _check_histogram(self: Any, *rest: Any) -> None:
    supports(complex="histogram_cpu", integer="histogram_cpu", boolean="histogram_cpu")(self)


op(
    "histogram_bins(Tensor self, Tensor bins, *, Tensor? weight=None, bool density=False)",
    kernel=lambda self, bins, weight, density: (
        _counts(self.reshape(-1), bins, weight, density),
        bins,
    ),
    check=_check_edges,
    **underivable("aten::histogram", "self", "bins", "weight"),
    out=COUNTED,
    samples=lambda S: [S.edge(S.uniform(0, 3, 8), S.tensor([0.0, 1.0, 3.0]))],
    **_HISTOGRAM,
)
op(
    "histogram(Tensor self, int bins=100, *, float[]? range=None, Tensor? weight=None, "
    "bool density=False)",
    kernel=_histogram,
    size=lambda self, bins, range, weight, density: bins,
    check=_check_bins,
    **underivable("aten::histogram", "self", "weight"),
    out=COUNTED,
    samples=lambda S: [
        S.edge(S.uniform(0, 3, 8), 4, range=(0.0, 3.0)),
        *([] if S.dtype.is_complex else [S.edge(S.uniform(0, 3, 2, 4), 3, density=True)]),
    ],
    **_HISTOGRAM,
)

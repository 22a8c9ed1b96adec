"""torch.masked: reductions and normalisations that leave out the elements a mask does not name.

Where the mask is False an element counts as the identity of its reduction: 0 for sums, 1 for
products, the least number of the dtype for maxima.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...table.entry import op
from ...table.public.plain_functions import function
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import DType
from ...tensor.limits import iinfo
from ...tensor.tensor import make, shape_of

_LEAST = ("amax", "argmax", "logaddexp", "logsumexp", "softmax", "log_softmax")


def _axes(dim: Any, rank: int) -> tuple[int, ...]:
    """The dimensions that `dim` names, in rising order; all of them where it names none."""
    if dim is None or (not isinstance(dim, int) and not len(dim)):
        return tuple(range(rank))
    axes: list[int] = []
    given = [dim] if isinstance(dim, int) else dim
    for index in given:
        if index in axes:
            raise RuntimeError(f"dim={index} appears multiple times in the list of dims")
        axes.append(wrap_dim(index, rank))
    return tuple(sorted(axes))


def _axis(dim: Any, rank: int) -> int:
    """The one dimension to go along: the first of those that `dim` names."""
    axes = _axes(dim, rank)
    if not axes:
        raise IndexError("tuple index out of range")
    return axes[0]


def _extreme(name: str, dtype: DType, least: bool) -> Any:
    """The least or the greatest value of a dtype, infinities included."""
    if dtype.is_floating_point:
        return -math.inf if least else math.inf
    if dtype.is_complex:
        raise TypeError(
            "torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'"
        )
    if dtype is dtypes.bool_ or dtype.name in ("uint16", "uint32", "uint64"):
        raise NotImplementedError(f"identity of {name} on {dtype} input")
    return iinfo(dtype).min if least else iinfo(dtype).max


def _identity(name: str, dtype: DType, order: Any = 2.0) -> Any:
    """What an element that is left out counts as.

    Raises NotImplementedError or TypeError where the dtype has no such value.
    """
    if name in ("sum", "cumsum"):
        return 0
    if name in ("prod", "cumprod"):
        return 1
    if name == "norm":
        if order != -math.inf:
            return 0
        if not dtype.is_floating_point:
            raise AssertionError(f"input must be floating point, got {dtype}")
        return math.inf
    if name == "median":
        return math.nan
    if name == "logsumexp" and dtype.is_complex:
        return -math.inf
    if name in ("softmax", "log_softmax"):
        name = "amax"
    return _extreme(name if name != "softmin" else "amin", dtype, name in _LEAST or name == "amax")


def _whole_mask(F: Namespace, self: Any, mask: Any) -> Any:
    """The mask as booleans in the shape of `self`."""
    shape = self.shape
    if len(mask.shape) > len(shape):
        raise IndexError(
            "_input_mask expected broadcastable mask (got mask dimensionality higher than of the "
            "input)"
        )
    if tuple(mask.shape) != tuple(shape):
        mask = F.expand(mask, tuple(shape))
    return mask if mask.dtype is dtypes.bool_ else F._to_copy(mask, dtypes.bool_)


def _kept(F: Namespace, self: Any, mask: Any, name: str, order: Any = 2.0) -> Any:
    """`self` with the identity of a reduction in the places that the mask leaves out."""
    if mask is None:
        return self
    whole = _whole_mask(F, self, mask)
    identity = _identity(name, self.dtype, order)
    return F.where(whole, self, _number(self.dtype, identity))


def _number(dtype: DType, value: Any) -> Any:
    """A number that does not widen a tensor of this dtype."""
    return bool(value) if dtype is dtypes.bool_ else value


def _typed(F: Namespace, value: Any, dtype: DType) -> Any:
    return value if value.dtype is dtype else F._to_copy(value, dtype)


def _summed_dtype(self: Any, dtype: Any) -> DType:
    if dtype is not None:
        return dtype  # type: ignore[no-any-return]
    return dtypes.int64 if self.dtype.category < dtypes.FLOATING else self.dtype


# --- reductions


def _total(F: Namespace, self: Any, axes: Any, keepdim: bool, dtype: DType, mask: Any) -> Any:
    return F.sum_dim(_kept(F, self, mask, "sum"), axes, keepdim, dtype=dtype)


def _sum(F: Namespace, self: Any, dim: Any, keepdim: Any, dtype: Any, mask: Any) -> Any:
    axes = _axes(dim, len(self.shape))
    return _total(F, self, axes, bool(keepdim), _summed_dtype(self, dtype), mask)


def _prod(F: Namespace, self: Any, dim: Any, keepdim: Any, dtype: Any, mask: Any) -> Any:
    result = _kept(F, self, mask, "prod")
    if dtype is not None:
        result = _typed(F, result, dtype)
    for axis in reversed(_axes(dim, len(self.shape))):
        result = F.prod_dim(result, axis, bool(keepdim))
    return result


def _extremes(name: str) -> Any:
    def reduce(F: Namespace, self: Any, dim: Any, keepdim: Any, dtype: Any, mask: Any) -> Any:
        kept = _kept(F, self, mask, name)
        result = getattr(F, name)(kept, _axes(dim, len(self.shape)), bool(keepdim))
        return _typed(F, result, dtype or self.dtype)

    return reduce


def _positions(name: str) -> Any:
    def reduce(F: Namespace, self: Any, dim: Any, keepdim: Any, dtype: Any, mask: Any) -> Any:
        result = getattr(F, name)(_kept(F, self, mask, name), dim, bool(keepdim))
        return _typed(F, result, dtype or self.dtype)

    return reduce


def _counted(F: Namespace, self: Any, dim: Any, keepdim: bool, mask: Any) -> Any:
    """How many elements go into each place of a reduction."""
    named = F._ones(F.isnan(self)) if mask is None else _whole_mask(F, self, mask)
    return F.sum_dim(named, dim, keepdim)


def _inexact(name: str, self: Any, dtype: Any) -> None:
    """Raise ValueError where neither the input nor `dtype` has fractions."""
    what, kind = ("Input", self.dtype) if dtype is None else ("Optional", dtype)
    if kind.category < dtypes.FLOATING:
        raise ValueError(
            f"{name}(): Could not infer output dtype. {what} dtype must be either a floating "
            f"point or complex dtype. Got: {kind}"
        )


def _mean(F: Namespace, self: Any, dim: Any, keepdim: Any, dtype: Any, mask: Any) -> Any:
    _inexact("mean", self, dtype)
    count = _counted(F, self, dim, bool(keepdim), mask)
    return F.div(_sum(F, self, dim, keepdim, dtype, mask), count)


def _median(F: Namespace, self: Any, dim: Any, keepdim: Any, dtype: Any, mask: Any) -> Any:
    axis = _axis(dim, len(self.shape))
    if shape_of(self) and not shape_of(self)[axis]:
        raise IndexError(f"median(): Expected reduction dim {axis} to have non-zero size.")
    exact = not self.dtype.is_floating_point
    values = F._to_copy(self, dtypes.float32) if exact else self
    kept = _kept(F, values, mask, "median")
    result = F.nanmedian_dim(kept, axis, bool(keepdim))[0]
    if not exact:
        return result
    if bool(F.any(F.isnan(result))):
        raise ValueError(
            "masked median expects no fully masked out rows if dtype is not floating point"
        )
    return _typed(F, result, dtype or self.dtype)


def _logsumexp(F: Namespace, self: Any, dim: Any, keepdim: Any, dtype: Any, mask: Any) -> Any:
    kept = _kept(F, self, mask, "logsumexp")
    result = F.logsumexp(kept, _axes(dim, len(self.shape)), bool(keepdim))
    return _typed(F, result, dtype or self.dtype)


def _logaddexp(
    F: Namespace, self: Any, other: Any, dtype: Any, input_mask: Any, other_mask: Any
) -> Any:
    first = _kept(F, self, input_mask, "logaddexp")
    second = _kept(F, other, other_mask, "logaddexp")
    return _typed(F, F.logaddexp(first, second), dtype or self.dtype)


def _norm(F: Namespace, self: Any, ord: Any, dim: Any, keepdim: Any, dtype: Any, mask: Any) -> Any:
    kept = _kept(F, self, mask, "norm", ord)
    return F.linalg_vector_norm(kept, ord, _axes(dim, len(self.shape)), bool(keepdim), dtype=dtype)


def _variance(
    F: Namespace,
    self: Any,
    dim: Any,
    unbiased: Any,
    correction: Any,
    keepdim: Any,
    dtype: Any,
    mask: Any,
) -> Any:
    """The squared distances from the mean over their number less the correction, none below 0."""
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    less = 1 if correction is None else correction
    if unbiased is not None:
        less = 1 if unbiased else 0
    inexact = self.dtype.category >= dtypes.FLOATING
    wanted = dtype or (self.dtype if inexact else dtypes.default.dtype)
    compute = wanted if wanted.category >= dtypes.FLOATING else dtypes.default.dtype
    axes = _axes(dim, len(self.shape))
    count = _counted(F, self, axes, True, mask)
    centre = F.div(_total(F, self, axes, True, wanted, mask), count)
    away = F.sub(self, centre)
    squares = F.mul(away, F.conj(away) if away.dtype.is_complex else away)
    total = _total(F, squares, axes, bool(keepdim), compute, mask)
    if not keepdim:
        count = _counted(F, self, axes, False, mask)
    freedom = F.clamp_min(F.sub(count, less), 0) if less else count
    return _typed(F, F.div(total, freedom), wanted)


def _deviation(F: Namespace, *args: Any) -> Any:
    return F.sqrt(_variance(F, *args))


# --- along one dimension, in the shape of the input


def _scan(name: str) -> Any:
    def scan(F: Namespace, self: Any, dim: Any, dtype: Any, mask: Any) -> Any:
        axis = _axis(dim, len(self.shape))
        kept = _kept(F, self, mask, name)
        return getattr(F, name)(kept, axis, dtype=dtype or self.dtype)

    return scan


def _softened(name: str, of_negative: bool = False) -> Any:
    def soften(F: Namespace, self: Any, dim: Any, dtype: Any, mask: Any) -> Any:
        axis = _axis(dim, len(self.shape))
        kept = _kept(F, self, mask, "softmin" if of_negative else name)
        along = getattr(F, name)
        return along(F.neg(kept) if of_negative else kept, axis, dtype=dtype)

    return soften


def _normalize(
    F: Namespace, self: Any, ord: Any, dim: Any, eps: float, dtype: Any, mask: Any
) -> Any:
    norm = _norm(F, self, ord, dim, True, dtype, mask)
    least = F._full_as(norm, eps)
    return F.div(_kept(F, self, mask, "sum"), F.maximum(norm, least))


# --- entries

_DTYPE_AND_MASK = "DType? dtype=None, Tensor? mask=None"
_REDUCED = f"Dim[]? dim=None, *, bool? keepdim=False, {_DTYPE_AND_MASK}"


def _entry(name: str, parameters: str, composite: Any, doc: str, samples: Any) -> None:
    op(
        f"masked_{name}({parameters})",
        name=name,
        composite=composite,
        where=("masked",),
        written="masked",
        doc=doc,
        samples=samples,
    )


def _masks() -> tuple[Any, Any]:
    """A mask for a matrix of two rows and three columns, and one for each of its rows."""
    whole = np.array([[True, False, True], [True, True, False]])
    return make(whole, dtypes.bool_), make(whole[0].copy(), dtypes.bool_)


def _reduced_samples(S: Any) -> Any:
    whole, row = _masks()
    return [
        S(S.normal(2, 3), (1,), mask=whole),
        S(S.normal(2, 3), (0, -1), keepdim=True, mask=row),
        S(S.normal(2, 3), mask=whole),
        S(S.normal(2, 3), (1,)),
    ]


for _name, _composite, _doc in (
    ("sum", _sum, "The sum of the elements that the mask names."),
    ("prod", _prod, "The product of the elements that the mask names."),
    ("amax", _extremes("amax"), "The greatest of the elements that the mask names."),
    ("amin", _extremes("amin"), "The least of the elements that the mask names."),
    ("mean", _mean, "The mean of the elements that the mask names."),
    (
        "logsumexp",
        _logsumexp,
        "The logarithm of the sum of exponentials of the elements that the mask names.",
    ),
):
    _entry(_name, f"Tensor self, {_REDUCED}", _composite, _doc, _reduced_samples)

for _name, _doc in (
    ("argmax", "Where the greatest of the elements that the mask names is."),
    ("argmin", "Where the least of the elements that the mask names is."),
):
    _entry(
        _name,
        f"Tensor self, Dim? dim=None, *, bool? keepdim=False, {_DTYPE_AND_MASK}",
        _positions(_name),
        _doc,
        lambda S: [
            S(S.normal(2, 3), 1, mask=_masks()[0]),
            S(S.normal(2, 3), keepdim=True, mask=_masks()[1]),
        ],
    )

_entry(
    "median",
    f"Tensor self, Dim[]? dim=-1, *, bool? keepdim=False, {_DTYPE_AND_MASK}",
    _median,
    "The median of the elements that the mask names; the lower one where there are two.",
    lambda S: (
        []
        if S.dtype.is_complex  # whose imaginary parts PyTorch drops, with a warning
        else [
            S(S.normal(2, 3), 1, mask=_masks()[0]),
            S(S.normal(2, 3), mask=_masks()[1]),
            S(S.normal(2, 3), 0, keepdim=True),
        ]
    ),
)
_entry(
    "norm",
    f"Tensor self, float? ord=2.0, {_REDUCED}",
    _norm,
    "The norm of order `ord` of the elements that the mask names.",
    lambda S: [
        S(S.normal(2, 3), 2.0, (1,), mask=_masks()[0]),
        S(S.normal(2, 3), 3, mask=_masks()[1]),
        *([] if S.dtype.is_complex else [S(S.normal(2, 3), -math.inf, (1,), mask=_masks()[0])]),
    ],
)
for _name, _composite, _doc in (
    ("var", _variance, "The variance of the elements that the mask names."),
    ("std", _deviation, "The standard deviation of the elements that the mask names."),
):
    _entry(
        _name,
        "Tensor self, Dim[]? dim=None, bool? unbiased=None, *, Scalar? correction=None, "
        f"bool? keepdim=False, {_DTYPE_AND_MASK}",
        _composite,
        _doc,
        lambda S: [
            S(S.normal(2, 3), (1,), mask=_masks()[0]),
            S(S.normal(2, 3), None, False, mask=_masks()[1]),
            S(S.normal(2, 3), correction=0, keepdim=True),
        ],
    )

for _name, _composite, _doc in (
    ("cumsum", _scan("cumsum"), "Running sums of the elements that the mask names."),
    ("cumprod", _scan("cumprod"), "Running products of the elements that the mask names."),
    ("softmax", _softened("softmax"), "Softmax over the elements that the mask names."),
    (
        "log_softmax",
        _softened("log_softmax"),
        "The logarithm of softmax over the elements that the mask names.",
    ),
    (
        "softmin",
        _softened("softmax", of_negative=True),
        "Softmax of the negative, over the elements that the mask names.",
    ),
):
    _entry(
        _name,
        f"Tensor self, Dim[]? dim, *, {_DTYPE_AND_MASK}",
        _composite,
        _doc,
        lambda S: [
            S.edge(S.normal(2, 3), 1, mask=_masks()[0]),
            S.edge(S.normal(2, 3), 0, mask=_masks()[0]),
            S(S.normal(2, 3), -1),
        ],
    )
_entry(
    "normalize",
    f"Tensor self, float ord, Dim[]? dim, *, float eps=1e-12, {_DTYPE_AND_MASK}",
    _normalize,
    "The elements that the mask names over their norm, which is `eps` at least.",
    lambda S: [
        S(S.normal(2, 3), 2.0, 1, mask=_masks()[0]),
        S(S.normal(2, 3), 1.0, 0, eps=5.0),
    ],
)
_entry(
    "logaddexp",
    "Tensor self, Tensor other, *, DType? dtype=None, Tensor? input_mask=None, "
    "Tensor? other_mask=None",
    _logaddexp,
    "The logarithm of the sum of two exponentials, each where its mask is True.",
    lambda S: [
        S.edge(S.normal(2, 3), S.normal(2, 3), input_mask=_masks()[0]),
        S.edge(S.normal(2, 3), S.normal(3), other_mask=_masks()[1]),
        S(S.normal(2, 3), S.normal(3)),
    ],
)

# --- what there is no tensor for


def _refuse(name: str, parameters: str) -> None:
    def refuse(*args: Any) -> Any:
        raise NotImplementedError(
            f"torch.masked.{name}: a MaskedTensor is a subclass of Tensor with an arithmetic of "
            "its own, in prototype stage in PyTorch; gradcli has none. Call the functions of "
            "torch.masked with `mask=` instead"
        )

    function(
        f"{name}({parameters})",
        where=("masked",),
        doc="Refused: there is no MaskedTensor here. Call torch.masked's functions with `mask=`.",
    )(refuse)


_refuse("masked_tensor", "any? data, any? mask, any? requires_grad=False")
_refuse("as_masked_tensor", "any? data, any? mask")
_refuse("MaskedTensor", "any? data, any? mask, any? requires_grad=False")


@function(
    "is_masked_tensor(any? obj)",
    where=("masked",),
    doc="False: there is no MaskedTensor here.",
)
def is_masked_tensor(obj: Any) -> bool:
    return False

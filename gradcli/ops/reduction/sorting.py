"""Sorting and what follows from order: medians, quantiles, distinct values, bins."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...kernels import selection_order
from ...kernels.strides import preserved_strides, relayout, strides_of
from ...table.call.python_data import real_number
from ...table.dtype_rules import filled, refuse_batch, supports, underivable, unwritten
from ...table.entry import LINEAR, Op, default_node_name, op
from ...table.lookup import get_op
from ...table.memory.meta import needs_data
from ...table.out_rules import COUNTED, EXACT, Rule
from ...table.public.plain_functions import function
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim, wrap_own_dim
from ...tensor import dtypes
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, make, numel, shape_of
from .extremes import pick, place

_SEARCHED = Rule(
    "torch.searchsorted(): output tensor's dtype is wrong, it can only be Int(int32) or "
    "Long(int64) depending on whether out_int32 flag is True, but we got output tensor's dtype "
    "{out} and out_int32 flag is {int32}"
)
_QUANTILE = Rule("quantile() out tensor must be same dtype as the input tensor")

_NO_COMPLEX_SORT = supports(complex=RuntimeError(" Sort does not support complex dtypes on CPU"))


def order(self: Any, axis: int, descending: bool) -> Any:
    """Indices that sort, equal elements in their order; NaN counts as the greatest."""
    if not descending:
        return np.argsort(self, axis, kind="stable")
    found = np.argsort(np.flip(self, axis), axis, kind="stable")
    return self.shape[axis] - 1 - np.flip(found, axis)


def _sort(self: Any, dim: int, descending: bool) -> Any:
    axis = wrap_dim(dim, self.ndim)
    if not self.ndim:
        return self, np.int64(0)
    indices = order(self, axis, descending)
    strides = preserved_strides(self.shape, strides_of(self))
    return relayout(np.take_along_axis(self, indices, axis), strides), relayout(indices, strides)


def _argsort(self: Any, dim: int, descending: bool) -> Any:
    return _sort(self, dim, descending)[1]


def _gathered(F: Namespace, t: Any, out1: Any, dim: int) -> Any:
    return (F.gather(t, dim, out1) if len(t.shape) else t), None


def _sort_samples(S: Any) -> Any:
    return [
        S(S.distinct(2, 3)),
        S(S.distinct(2, 3), 0),
        S(S.distinct(4), -1, True),
        S(S.distinct(3, 2), dim=0, descending=True),
        S(S.distinct()),
        S(S.integers(-3, 3, 5)),
    ]


_SORTED: dict[str, Any] = {
    "vjp": {"self": lambda F, g, self_shape, out1, dim: place(F, g, self_shape, out1, dim, True)},
    "jvp": {"self": _gathered},
    "outputs": 2,
    "fields": ("values", "indices"),
    "constant": (1,),
    "batching": "shift",
    "keeps_layout": True,
}
op(
    "sort(Tensor self, Dim dim=-1, bool descending=False)",
    kernel=_sort,
    check=_NO_COMPLEX_SORT,
    out=EXACT,
    doc="The elements along a dimension in order, and where they were.",
    samples=_sort_samples,
    **_SORTED,
)
op(
    "sort_stable(Tensor self, *, bool? stable, Dim dim=-1, bool descending=False)",
    name="sort",
    node="SortBackward1",
    kernel=lambda self, stable, dim, descending: _sort(self, dim, descending),
    check=_NO_COMPLEX_SORT,
    out=EXACT,
    doc="The elements along a dimension in order, and where they were.",
    samples=lambda S: [S(S.distinct(2, 3), stable=True), S(S.distinct(2, 3), dim=0, stable=False)],
    **_SORTED,
)
op(
    "argsort(Tensor self, Dim dim=-1, bool descending=False)",
    kernel=_argsort,
    result=dtypes.int64,
    batching="shift",
    keeps_layout=True,
    check=_NO_COMPLEX_SORT,
    doc="The indices that sort along a dimension.",
    samples=_sort_samples,
)
op(
    "argsort_stable(Tensor self, *, bool stable, Dim dim=-1, bool descending=False)",
    name="argsort",
    kernel=lambda self, stable, dim, descending: _argsort(self, dim, descending),
    result=dtypes.int64,
    batching="shift",
    keeps_layout=True,
    check=_NO_COMPLEX_SORT,
    doc="The indices that sort along a dimension.",
    samples=lambda S: [S(S.distinct(2, 3), stable=True)],
)
op(
    "msort(Tensor self)",
    composite=lambda F, self: F.sort(self, 0)[0],
    out=EXACT,
    doc="The elements in order along the first dimension.",
    samples=lambda S: [S(S.distinct(3, 2)), S(S.distinct(4))],
)


def _topk(self: Any, k: int, dim: int, largest: bool, sorted: bool) -> Any:
    axis = wrap_dim(dim, self.ndim)
    if not self.ndim:
        return self, np.int64(0)
    exact = self.size <= _EXACT
    if sorted and axis == self.ndim - 1:
        few = _few(self, k, largest)
        if few is not None and not (exact and (few[0][..., 1:] == few[0][..., :-1]).any()):
            return few
    if exact and (not sorted or _has_ties(self, axis)):
        indices = _selected(self, axis, k, largest, sorted)
    else:
        indices = np.ascontiguousarray(np.take(order(self, axis, largest), np.arange(k), axis))
    return np.take_along_axis(self, indices, axis), indices


_EXACT = 1 << 16  # elements up to which equal ones are taken in PyTorch's order


def _has_ties(self: Any, axis: int) -> bool:
    """Whether a row has equal elements; NaN are equal too."""
    rows = np.sort(self, axis)
    after = np.take(rows, np.arange(1, rows.shape[axis]), axis)
    before = np.take(rows, np.arange(rows.shape[axis] - 1), axis)
    return bool(((after == before) | (before != before)).any())


def _above(a: Any, b: Any) -> bool:
    """Whether a pair has the greater value; NaN is greater than any number."""
    x, y = a[0], b[0]
    return bool(x > y or (x != x and y == y))


def _below(a: Any, b: Any) -> bool:
    """Whether a pair has the smaller value; NaN is greater than any number."""
    x, y = a[0], b[0]
    return bool(x < y or (x == x and y != y))


def _rows(self: Any, axis: int) -> Iterator[list[Any]]:
    """The pairs of value and index of each row along an axis."""
    moved = np.moveaxis(self, axis, -1)
    for row in moved.reshape(-1, moved.shape[-1]).tolist():
        yield list(zip(row, range(len(row)), strict=True))


def _selected(self: Any, axis: int, k: int, largest: bool, ordered: bool) -> Any:
    """The indices of topk, equal elements in PyTorch's order."""
    found = []
    for pairs in _rows(self, axis):
        selection_order.top(pairs, k, ordered, _above if largest else _below)
        found.append([index for _, index in pairs[:k]])
    moved = np.moveaxis(self, axis, -1)
    indices = np.array(found, np.int64).reshape(*moved.shape[:-1], k)
    return np.ascontiguousarray(np.moveaxis(indices, -1, axis))


def _few(self: Any, k: int, largest: bool) -> Any:
    """Values and indices of topk along the last axis without sorting everything.

    None when k is not small, and where equal elements or NaN leave more than one choice.
    """
    length = self.shape[-1]
    if not 0 < k <= length // 8:
        return None
    if largest:
        chosen = self >= np.partition(self, length - k, -1)[..., length - k, None]
    else:
        chosen = self <= np.partition(self, k - 1, -1)[..., k - 1, None]
    places: Any = np.flatnonzero(chosen)
    rows = self.size // length
    if places.size != rows * k:
        return None
    begin = np.arange(rows)[:, None]
    places = places.reshape(rows, k)
    places -= begin * length
    if places.size and not 0 <= places.min() <= places.max() < length:
        return None  # as many as there should be, but not in each row
    values = self.reshape(rows, length)[begin, places]
    among = order(values, 1, largest)
    among += begin * k
    shape = (*self.shape[:-1], k)
    return values.reshape(-1).take(among).reshape(shape), places.take(among).reshape(shape)


def _check_topk(self: Any, k: int, dim: int, largest: bool, sorted: bool) -> None:
    shape = shape_of(self)
    axis = wrap_dim(dim, len(shape))
    if not 0 <= k <= (shape[axis] if shape else 1):
        raise RuntimeError("selected index k out of range")
    supports(
        complex=RuntimeError(" topk does not support complex dtypes on CPU"),
        boolean=RuntimeError("topk does not support bool dtypes on CPU"),
    )(self)


op(
    "topk(Tensor self, int k, Dim dim=-1, bool largest=True, bool sorted=True)",
    kernel=_topk,
    check=_check_topk,
    out=EXACT,
    doc="The `k` greatest (or least) elements along a dimension, and their indices.",
    samples=lambda S: [
        S(S.distinct(2, 4), 2),
        S(S.distinct(4, 2), 3, 0),
        S(S.distinct(4), 2, largest=False),
        S(S.distinct(), 1),
    ],
    **_SORTED,
)


def _kth(self: Any, k: int, dim: int, keepdim: bool) -> Any:
    axis = wrap_dim(dim, self.ndim)
    if not self.ndim:
        return self, np.int64(0)
    if self.size <= _EXACT and _has_ties(self, axis):
        found = []
        for pairs in _rows(self, axis):
            selection_order.quickselect(pairs, k - 1, _above)
            found.append(pairs[k - 1][1])
        lead = (*self.shape[:axis], *self.shape[axis + 1 :])
        indices = np.expand_dims(np.array(found, np.int64).reshape(lead), axis)
    else:
        indices = np.take(order(self, axis, False), [k - 1], axis)
    return _chosen(self, indices, axis, keepdim)


def _chosen(self: Any, indices: Any, axis: int, keepdim: bool) -> Any:
    values = np.take_along_axis(self, indices, axis)
    if keepdim:
        return values, indices
    return np.squeeze(values, axis)[()], np.squeeze(indices, axis)[()]


def _check_kth(self: Any, k: int, dim: int, keepdim: bool) -> None:
    shape = shape_of(self)
    axis = wrap_dim(dim, len(shape))
    if shape and shape[axis] == 0:
        raise IndexError(f"kthvalue(): Expected reduction dim {axis} to have non-zero size.")
    if not 1 <= k <= (shape[axis] if shape else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    supports(complex="kthvalue_cpu", boolean="kthvalue_cpu")(self)


_SELECTED: dict[str, Any] = {
    "vjp": {"self": place},
    "jvp": {"self": pick},
    "outputs": 2,
    "fields": ("values", "indices"),
    "constant": (1,),
    "batching": "shift",
}
op(
    "kthvalue(Tensor self, int k, Dim dim=-1, bool keepdim=False)",
    kernel=_kth,
    check=_check_kth,
    out=(
        Rule("output values must be of same type as input"),
        Rule("output indices must be of scalar type Long"),
    ),
    doc="The k-th least element along a dimension, and its index.",
    samples=lambda S: [
        S(S.distinct(2, 4), 2),
        S(S.distinct(4, 2), 3, 0, True),
        *([] if S.dtype.is_complex else [S(S.distinct(), 1)]),
    ],
    **_SELECTED,
)

# --- medians, modes, quantiles


def _median_indices(self: Any, axis: int, skip_nan: bool) -> Any:
    """The index of the lower median, of the first NaN where there is one."""
    indices = order(self, axis, False)
    length = self.shape[axis]
    nans = np.isnan(self).sum(axis, keepdims=True) if self.dtype.kind == "f" else 0
    if skip_nan:
        place_ = np.maximum(length - nans - 1, 0) // 2
    else:
        place_ = np.where(np.equal(nans, 0), (length - 1) // 2, length - nans)
    shape = [1 if i == axis else n for i, n in enumerate(self.shape)]
    return np.take_along_axis(indices, np.broadcast_to(place_, shape), axis)


def _median_dim(skip_nan: bool) -> Any:
    def kernel(self: Any, dim: int, keepdim: bool) -> Any:
        axis = wrap_dim(dim, self.ndim)
        if not self.ndim:
            return self, np.int64(0)
        return _chosen(self, _median_indices(self, axis, skip_nan), axis, keepdim)

    return kernel


def _median_all(skip_nan: bool) -> Any:
    def kernel(self: Any) -> Any:
        if not self.ndim:
            return self
        if not self.size:
            return self.dtype.type(math.nan if self.dtype.kind == "f" else 0)
        flat = self.reshape(-1)
        return flat[_median_indices(flat, 0, skip_nan)[0]]

    return kernel


def _evenly(F: Namespace, g: Any, self: Any, out: Any) -> Any:
    chosen = F.logical_or(F.eq(self, out), F.logical_and(F.isnan(self), F.isnan(out)))
    return filled(F, chosen, g / F.sum(chosen))


def _evenly_forward(F: Namespace, t: Any, self: Any, out: Any) -> Any:
    chosen = F.logical_or(F.eq(self, out), F.logical_and(F.isnan(self), F.isnan(out)))
    return F.sum(F.where(chosen, t, 0)) / F.sum(chosen)


def _nonempty(name: str, refusals: supports) -> Any:
    def check(self: Any, dim: int, keepdim: bool) -> None:
        refusals(self)
        shape = shape_of(self)
        axis = wrap_dim(dim, len(shape))
        if shape and shape[axis] == 0:
            raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")

    return check


def _median_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    from ...table.call.dispatch import run
    from ...table.formulas import traced
    from ...table.levels.batching import front, loop
    from ...table.lookup import get_op

    value = front(args[0], axes[0])
    length, *rest = shape_of(value)
    count = math.prod(rest)
    if not count:
        return loop(op, args, axes)
    along = get_op(f"{op.id}_dim")
    return run(along, along.bind(traced.reshape(value, (length, count)), 1))[0], 0


for _name, _skip, _doc in (
    ("median", False, "The median, the lower of the two middle elements; NaN if one is."),
    ("nanmedian", True, "The median of the elements that are not NaN."),
):
    op(
        f"{_name}(Tensor self)",
        kernel=_median_all(_skip),
        batching=_median_batched,
        vjp={"self": _evenly},
        jvp={"self": _evenly_forward},
        check=supports(complex="median_cpu", boolean="median_cpu"),
        doc=_doc,
        samples=lambda S: [S(S.distinct(2, 3)), S(S.distinct(4)), S(S.distinct())],
    )
    op(
        f"{_name}_dim(Tensor self, Dim dim, bool keepdim=False)",
        name=_name,
        kernel=_median_dim(_skip),
        node=f"{_name.title()}Backward1",
        check=_nonempty("median", supports(complex="median_out", boolean="median_out")),
        doc=_doc,
        samples=lambda S: [
            S(S.distinct(2, 3), 0),
            S(S.distinct(2, 4), -1, True),
            S(S.distinct(), 0),
        ],
        **_SELECTED,
    )


def _mode(self: Any, dim: int, keepdim: bool) -> Any:
    axis = wrap_dim(dim, self.ndim)
    if not self.ndim:
        return self, np.int64(0)
    moved = np.moveaxis(self, axis, -1)
    rows = moved.reshape(-1, moved.shape[-1])
    found = np.empty(len(rows), np.int64)
    for number, row in enumerate(rows):
        values, counts = np.unique(row, return_counts=True, equal_nan=False)
        best = values[np.argmax(counts)]
        found[number] = np.nonzero((row == best) | ((row != row) & (best != best)))[0][-1]
    indices = np.expand_dims(found.reshape(moved.shape[:-1]), axis)
    return _chosen(self, indices, axis, keepdim)


op(
    "mode(Tensor self, Dim dim=-1, bool keepdim=False)",
    kernel=_mode,
    check=_nonempty("mode", supports(complex="mode_cpu")),
    out=(
        Rule("expected scalar type '{result}' but got '{out}' for values output"),
        Rule("expected scalar type '{result}' but got '{out}' for indices output"),
    ),
    doc="The most frequent element along a dimension, the least of them, and its last index.",
    samples=lambda S: [
        S(S.distinct(2, 3)),
        S.edge(S.tensor([1.0, 2.0, 2.0, 1.0, 3.0])),
        S(S.distinct(3, 2), 0, True),
        S(S.integers(0, 3, 6)),
    ],
    **_SELECTED,
)

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(self: Any, q: Any, interpolation: str) -> None:
    count = 1
    for length in self.shape:
        count *= length
    if not hasattr(q, "dtype") and not 0 <= q <= 1:
        raise RuntimeError(f"quantile() q must be in the range [0, 1] but got {q:g}")
    if count == 0:
        raise RuntimeError("quantile() input tensor must be non-empty")
    if getattr(self.dtype, "name", "float64") not in ("float32", "float64"):
        raise RuntimeError("quantile() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            "quantile() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    if hasattr(q, "dtype"):
        if len(q.shape) > 1:
            raise RuntimeError("quantile() q must be a scalar or 1D tensor")
        if type(q) is Tensor and q.dtype is not self.dtype:
            raise RuntimeError("quantile() q tensor must be same dtype as the input tensor")
        if type(q) is Tensor and q.level is None:
            values = np.asarray(q.array)
            if not np.all((values >= 0) & (values <= 1)):
                raise RuntimeError("quantile() q values must be in the range [0, 1]")


def _squeeze_last_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    from ...table.call.dispatch import run
    from ...table.levels.batching import front

    return run(op, [front(args[0], axes[0])]), 0


def _quantile(
    F: Namespace, name: str, self: Any, q: Any, dim: Any, keepdim: bool, interpolation: str
) -> Any:
    _check_quantile(self, q, interpolation)
    rank = len(self.shape)
    if not hasattr(q, "dtype"):
        q = make(np.array(q, self.dtype.array)[()], self.dtype)
    if dim is None:
        reduced = (1,) * rank if keepdim else ()
        values = F.sort(F.reshape(self, (-1,)))[0]
    else:
        axis = wrap_dim(dim, rank)
        around = (self.shape[:axis], self.shape[axis + 1 :])
        kept = keepdim and rank > 0
        reduced = (*around[0], 1, *around[1]) if kept else (*around[0], *around[1])
        if axis < rank - 1:
            values = F.sort(F.transpose(F.unsqueeze(self, -1), axis, -1))[0]
        else:
            values = F.sort(self)[0]
    length = values.shape[-1] if len(values.shape) else 1
    values = F.reshape(values, (*reduced, length))
    nans = F.isnan(values)
    share = F.reshape(q, (-1,))
    if name == "nanquantile":
        last = F.sub(F.sum_dim(F.logical_not(nans), (-1,), True), 1)
        ranks = F.clamp_min(F.mul(share, last), 0)
    else:
        ranks = F.where(F.any(nans, -1, True), length - 1, F.mul(share, length - 1))
    adjust = {"lower": F.floor, "higher": F.ceil, "nearest": F.round}.get(interpolation)
    if adjust is not None:
        ranks = adjust(ranks)
    shape = (*reduced, ranks.shape[-1])
    below = F.expand(F._to_copy(ranks, dtypes.int64), shape)
    result = F.gather(values, -1, below)
    if adjust is None:
        weight = F.sub(ranks, below) if interpolation == "linear" else F._ones(ranks) * 0.5
        above = F.gather(values, -1, F.expand(F._to_copy(F.ceil(ranks), dtypes.int64), shape))
        result = F.lerp_tensor(result, above, F.expand(weight, shape))
    if len(q.shape):
        result = F.transpose(F.unsqueeze(result, 0), 0, -1)
    return F._squeeze_last(result)


op(
    "_squeeze_last(Tensor self)",
    name="squeeze",
    kernel=lambda self: self.reshape(self.shape[:-1])[()],
    vjp={"self": lambda F, g: F.unsqueeze(g, -1)},
    jvp=LINEAR,
    node="SqueezeBackward4",
    keeps_layout=True,
    batching=_squeeze_last_batched,
    where=(),
    doc="Drops the last dimension, of length one, in place.",
    samples=lambda S: [S(S.normal(3, 1)), S(S.normal(1))],
)


def _quantile_samples(S: Any) -> Any:
    return [
        S(S.distinct(2, 3), 0.4),
        S(S.distinct(2, 3), 0.3, 0),
        S(S.distinct(2, 4), 0.6, 1, True),
        *[S(S.distinct(5), 0.4, interpolation=word) for word in _INTERPOLATIONS],
    ]


for _name in ("quantile", "nanquantile"):

    def _bound(name: str) -> Any:
        return lambda F, self, q, dim, keepdim, interpolation: _quantile(
            F, name, self, q, dim, keepdim, interpolation
        )

    op(
        f"{_name}_tensor(Tensor self, Tensor q, Dim? dim=None, bool keepdim=False, *, "
        "str interpolation='linear')",
        name=_name,
        composite=_bound(_name),
        out=_QUANTILE,
        doc="The elements below which given shares of all lie.",
        samples=lambda S: [
            S(S.distinct(2, 3), S.tensor([0.3, 0.75])),
            S(S.distinct(2, 4), S.tensor([0.2, 0.75, 0.9]), 1, True),
        ],
    )
    op(
        f"{_name}(Tensor self, float q, Dim? dim=None, bool keepdim=False, *, "
        "str interpolation='linear')",
        composite=_bound(_name),
        out=_QUANTILE,
        doc="The element below which a given share of all lies.",
        samples=_quantile_samples,
    )

# --- distinct values


def _tensor(values: Any, dtype: Any = dtypes.int64) -> Tensor:
    return make(np.ascontiguousarray(values, dtype.array), dtype)


def _asked(found: Any, return_inverse: bool, return_counts: bool) -> Any:
    values, inverse, counts = found
    results = [values, *([inverse] if return_inverse else []), *([counts] if return_counts else [])]
    return values if len(results) == 1 else tuple(results)


def _checked_axis(self: Tensor, dim: int | None) -> int | None:
    """The dimension whose slices are compared; None for elements. Raises PyTorch's errors."""
    if dim is None:
        supports(complex="unique")(self)
        return None
    shape = shape_of(self)
    axis = wrap_own_dim(dim, len(shape))
    if any(length == 0 for place, length in enumerate(shape) if place != axis):
        raise RuntimeError(
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
        )
    supports(complex="unique_dim")(self)
    return axis


def _distinct(array: Any, axis: int | None) -> tuple[Any, Any, Any]:
    values, inverse, counts = np.unique(
        array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    return values, inverse.reshape(array.shape if axis is None else (array.shape[axis],)), counts


def _runs(array: Any, axis: int | None) -> tuple[Any, Any, Any]:
    """The elements or slices without neighbours that repeat them, which each is, how often."""
    rows = array.reshape(array.size, 1) if axis is None else np.moveaxis(array, axis, 0)
    flat = rows.reshape(len(rows), numel(rows.shape[1:]))
    fresh = np.ones(len(flat), bool)
    if len(flat):
        fresh[1:] = (flat[1:] != flat[:-1]).any(1)
    values = rows[fresh]
    values = values.reshape(-1) if axis is None else np.moveaxis(values, 0, axis)
    inverse = np.cumsum(fresh) - 1
    counts = np.bincount(inverse, minlength=int(fresh.sum()))
    return values, inverse.reshape(array.shape) if axis is None else inverse, counts


for _identifier, _schema, _finds, _name in (
    ("_unique2", "", _distinct, "_unique2"),
    ("_unique_dim", ", int dim", _distinct, "unique_dim"),
    ("_unique_consecutive", ", int? dim=None", _runs, "unique_consecutive"),
):
    op(
        f"{_identifier}(Tensor self{_schema})",
        kernel=lambda self, dim=None, finds=_finds: finds(np.asarray(self), dim),
        **unwritten(_name, "self"),
        outputs=3,
        constant=(1, 2),
        node=default_node_name(_name.removeprefix("_")),
        where=(),
        doc="The distinct elements or slices, where each is found, and how often.",
        samples=lambda S, dim=() if not _schema else (0,): [S(S.integers(0, 3, 4), *dim)],
    )


@function(
    "unique(Tensor self, bool sorted=True, bool return_inverse=False, bool return_counts=False, "
    "Dim? dim=None)",
    where=("torch", "Tensor"),
    mapped="no",
    written="Tensor",
    doc="The distinct elements in order; with `dim` the distinct slices.",
)
@needs_data("aten::_unique2")
def _unique(
    self: Tensor, sorted: bool, return_inverse: bool, return_counts: bool, dim: int | None
) -> Any:
    refuse_batch("aten::_unique2" if dim is None else "aten::unique_dim", self)
    axis = _checked_axis(self, dim)
    identifier = "_unique2" if axis is None else "_unique_dim"
    found = get_op(identifier).call(self, *(() if axis is None else (axis,)))
    return _asked(found, return_inverse, return_counts)


@function(
    "unique_consecutive(Tensor self, bool return_inverse=False, bool return_counts=False, "
    "Dim? dim=None)",
    where=("torch", "Tensor"),
    written="Tensor",
    doc="The elements without neighbours that repeat them.",
)
@needs_data("aten::unique_consecutive")
def _unique_consecutive(
    self: Tensor, return_inverse: bool, return_counts: bool, dim: int | None
) -> Any:
    refuse_batch("aten::unique_consecutive", self)
    found = get_op("_unique_consecutive").call(self, _checked_axis(self, dim))
    return _asked(found, return_inverse, return_counts)


def _check_isin(elements: Any, test_elements: Any, *rest: Any) -> None:
    for value in (elements, test_elements):
        if type(value) is complex:
            dtype = dtypes.complex128
        else:
            dtype = value.dtype if type(value) is Tensor else dtypes.of_number(value)
        if dtype.category in (dtypes.BOOL, dtypes.COMPLEX):
            raise RuntimeError(
                f"Unsupported input type encountered for isin(): {dtype.scalar_name}"
            )


def _is_in(elements: Any, test_elements: Any, assume_unique: bool, invert: bool) -> Any:
    found = np.isin(elements, test_elements)
    return (np.logical_not(found) if invert else found)[()]


op(
    "isin(Tensor elements, Tensor test_elements, *, bool assume_unique=False, bool invert=False)",
    kernel=_is_in,
    promote="number",
    result=dtypes.bool_,
    where=("torch",),
    numbers="either",
    check=_check_isin,
    out=EXACT,
    doc="Whether elements are among those of another tensor.",
    samples=lambda S: [
        S(S.integers(0, 5, 2, 3), S.integers(0, 5, 2)),
        S(S.integers(0, 5, 4), 2),
        S(S.integers(0, 5, 4), S.integers(0, 5, 2), invert=True),
    ],
)

# --- bins


def _histc(self: Any, bins: int, min: Any, max: Any) -> Any:
    flat = self.reshape(-1)
    low, high = float(real_number(min)), float(real_number(max))
    if low == high and flat.size:
        low, high = float(flat.min()), float(flat.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    inside = flat[(flat >= low) & (flat <= high)]
    places = ((inside - low) / (high - low) * bins).astype(np.int64)
    counts = np.bincount(np.minimum(places, bins - 1), minlength=bins)
    return counts.astype(self.dtype)


def _check_histc(self: Any, bins: int, min: Any, max: Any) -> None:
    min, max = real_number(min), real_number(max)
    if bins <= 0:
        raise RuntimeError("bins must be > 0")
    found = "aminmax_cpu" if min == max else "histogram_cpu"
    supports(complex=found, integer="histogram_cpu", boolean="histogram_cpu")(self)


op(
    "histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0)",
    kernel=_histc,
    size=lambda self, bins, min, max: bins,
    check=_check_histc,
    mapped="no",
    out=COUNTED,
    doc="How many elements fall into each of equal bins.",
    samples=lambda S: [S(S.uniform(0, 3, 8), 4, 0, 3), S(S.uniform(0, 3, 2, 4), 5)],
)


def _bincount(self: Any, weights: Any, minlength: int) -> Any:
    if weights is None:
        return np.bincount(self, minlength=minlength).astype(np.int64)
    wide = weights if weights.dtype == np.float32 else weights.astype(np.float64)
    return np.bincount(self, wide, minlength).astype(wide.dtype)


def _check_bincount(self: Any, weights: Any, minlength: int) -> None:
    refuses = supports(complex="bincount_cpu", floating="bincount_cpu", boolean="bincount_cpu")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    refuses(self)
    if len(shape_of(self)) != 1 or (self.array.size and int(self.array.min()) < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is not None and shape_of(weights) != shape_of(self):
        raise RuntimeError("weights should be 1-d and have the same length as input")


def _bincount_size(self: Any, weights: Any, minlength: int) -> int:
    found = int(self.array.max()) + 1 if self.array.size else 0
    return max(found, minlength)


op(
    "bincount(Tensor self, Tensor? weights=None, int minlength=0)",
    kernel=_bincount,
    size=_bincount_size,
    check=_check_bincount,
    **underivable("aten::bincount", "weights"),
    mapped="no",
    doc="How often each number occurs, or the sums of their weights.",
    samples=lambda S: [
        S(S.integers(0, 4, 6)),
        S(S.integers(0, 4, 6), minlength=7),
        *([] if S.dtype.is_complex else [S(S.integers(0, 4, 6), S.normal(6))]),
    ],
)


def _searched(sorted_sequence: Any, values: Any, right: bool, sorter: Any) -> Any:
    side: Any = "right" if right else "left"
    runtime.reserve(8 * values.size)
    if sorter is not None:
        sorted_sequence = np.take_along_axis(sorted_sequence, sorter, -1)
    if sorted_sequence.ndim == 1:
        return np.searchsorted(sorted_sequence, values, side)
    if not values.size:
        return np.zeros(values.shape, np.int64)
    rows = sorted_sequence.reshape(-1, sorted_sequence.shape[-1])
    wanted = values.reshape(len(rows), values.shape[-1])
    found = [np.searchsorted(a, b, side) for a, b in zip(rows, wanted, strict=True)]
    return np.array(found, np.int64).reshape(values.shape)


def _is_right(right: bool, side: Any) -> bool:
    if side is not None and side not in ("left", "right"):
        raise RuntimeError(
            "torch.searchsorted(): side can only be 'left' or 'right' but got " + side
        )
    if right and side == "left":
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    return right or side == "right"


def _check_search(sorted_sequence: Any, self: Any, *rest: Any) -> None:
    a, b = shape_of(sorted_sequence), shape_of(self) if type(self) is Tensor else ()
    if len(a) != 1 and not b:
        raise RuntimeError(
            "torch.searchsorted(): input value can be a scalar only when boundaries tensor "
            f"dimension is 1, but we got boundaries tensor dim({len(a)}) and input value's dim(0) "
            "numel(1)"
        )
    if not a:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should have positive dimension, but got 0 "
            "dimension"
        )
    if len(a) != 1 and a[:-1] != b[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            "dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(a)} and input value tensor {list(b)}"
        )
    _SEARCHABLE(sorted_sequence)
    if rest[-1] is not None:
        _check_sorter(a, rest[-1])


def _check_sorter(boundaries: tuple[int, ...], sorter: Tensor) -> None:
    if shape_of(sorter) != boundaries:
        raise RuntimeError(
            "torch.searchsorted(): boundary and sorter must have the same size, but got boundary "
            f"tensor {list(boundaries)}and got sorter tensor {list(shape_of(sorter))}"
        )
    if sorter.dtype is not dtypes.int64:
        raise RuntimeError(
            "torch.searchsorted(): sorter must be a tensor of long dtype but got dtype "
            f"{sorter.dtype.scalar_name}"
        )
    places = np.asarray(sorter.array)
    if places.size and (places.min() < 0 or places.max() >= boundaries[-1]):
        raise RuntimeError("torch.searchsorted(): sorter index out of range")


_SEARCHABLE = supports(complex="searchsorted_out_cpu", boolean="searchsorted_out_cpu")


def _check_buckets(self: Any, boundaries: Any, *rest: Any) -> None:
    rank = len(shape_of(boundaries))
    if rank != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({rank})")
    _SEARCHABLE(boundaries)


op(
    "searchsorted(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, "
    "bool right=False, str? side=None, Tensor? sorter=None)",
    kernel=lambda sorted_sequence, self, out_int32, right, side, sorter: _searched(
        sorted_sequence, np.asarray(self), _is_right(right, side), sorter
    ),
    promote=lambda *args: None,
    result=lambda sorted_sequence, self, out_int32, right, side, sorter: (
        dtypes.int32 if out_int32 else dtypes.int64
    ),
    where=("torch",),
    check=_check_search,
    out=_SEARCHED,
    doc="Where values would have to be put into a sorted sequence.",
    samples=lambda S: (
        [
            S(S.tensor([1.0, 3.0, 5.0]), S.tensor([[3.0, 6.0], [0.0, 1.0]])),
            S(S.tensor([1.0, 3.0, 5.0]), S.tensor([3.0, 6.0]), right=True),
            S(S.tensor([[1.0, 3.0], [2.0, 4.0]]), S.tensor([[3.0], [3.0]])),
        ]
        if not S.dtype.is_complex
        else []
    ),
)
op(
    "bucketize(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False)",
    kernel=lambda self, boundaries, out_int32, right: _searched(
        boundaries, np.asarray(self), right, None
    ),
    promote=lambda *args: None,
    result=lambda self, boundaries, out_int32, right: dtypes.int32 if out_int32 else dtypes.int64,
    where=("torch",),
    numbers="leading",
    check=_check_buckets,
    out=_SEARCHED,
    doc="The number of the bucket that each element falls into.",
    samples=lambda S: (
        [
            S(S.uniform(0, 6, 2, 3), S.tensor([1.0, 3.0, 5.0])),
            S(S.tensor([3.0, 6.0]), S.tensor([1.0, 3.0, 5.0]), right=True),
        ]
        if not S.dtype.is_complex
        else []
    ),
)

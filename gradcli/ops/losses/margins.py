"""Losses on margins that take several targets, or a distance of one's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...table.dtype_rules import real_only
from ...table.entry import op
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.tensor import Tensor, shape_of
from .elementwise import _REDUCTIONS, _reduce, _reduction

# --- several target classes -------------------------------------------------------------------


def _hinges(self: Any, target: Any) -> tuple[Any, Any]:
    """The hinge of every pair (target, other class) and whether it is open: (rows, C, C)."""
    rows = np.atleast_2d(self)
    labels = np.atleast_2d(target)
    valid = np.cumprod(labels >= 0, -1).astype(bool)
    places = np.where(valid, labels, 0)
    chosen = np.zeros(rows.shape, bool)
    np.logical_or.at(chosen, (np.arange(len(rows))[:, None], places), valid)
    own = np.take_along_axis(rows, places, -1)
    excess = 1 - own[:, :, None] + rows[:, None, :]
    counted = valid[:, :, None] & ~chosen[:, None, :]
    return excess, counted & (excess > 0)


def _multilabel(self: Any, target: Any, reduction: str) -> Any:
    excess, open_ = _hinges(self, target)
    values = np.sum(np.where(open_, excess, 0), (1, 2), dtype=self.dtype) / self.shape[-1]
    values = values.astype(self.dtype)
    if reduction == "mean":
        return np.mean(values) if values.size else self.dtype.type(np.nan)
    if reduction == "sum" or self.ndim == 1:
        return np.sum(values)
    return values


def _multilabel_slope(self: Any, target: Any) -> Any:
    """The derivative of every row's loss by its scores, which is constant almost everywhere."""
    _, open_ = _hinges(self, target)
    slope = open_.sum(1).astype(self.dtype)
    labels = np.maximum(np.atleast_2d(target), 0)
    np.subtract.at(slope, (np.arange(len(slope))[:, None], labels), open_.sum(2))
    return (slope / self.shape[-1]).reshape(self.shape).astype(self.dtype)


def _by_scores(F: Any, g: Any, self: Any, target: Any, reduction: str) -> Any:
    slope = F._multilabel_slope(self, target)
    if reduction == "mean" and ndim(self) == 2:
        g = g / max(self.shape[0], 1)
    return slope * (F.unsqueeze(g, -1) if reduction == "none" and ndim(self) == 2 else g)


def _along_scores(F: Any, t: Any, self: Any, target: Any, reduction: str) -> Any:
    values = F.sum_dim(F._multilabel_slope(self, target) * t, (-1,))
    return values if ndim(self) == 1 else _reduce(F, values, reduction)


def _check_multilabel(self: Tensor, target: Tensor, reduction: str) -> None:
    shape, labels = shape_of(self), shape_of(target)
    if len(shape) > 2 or (shape and shape[-1] == 0):
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(shape)}"
        )
    if labels != shape:
        raise RuntimeError(
            f"inconsistent target size: {list(labels)} for input of size: {list(shape)}"
        )
    if target.dtype is not dtypes.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.scalar_name}")
    places = np.asarray(target.array)
    if places.size and (places.min() < -1 or places.max() >= shape[-1]):
        raise RuntimeError("argument #2 'target' is out of range")
    real_only("multilabel_margin_loss_forward_out_frame", self)


def _labels(S: Any) -> Any:
    return S.integers(-1, 4, 3, 4)


op(
    "_multilabel_margin_loss(Tensor self, Tensor target, str reduction)",
    kernel=_multilabel,
    fused={"self": "NotImplemented g self"},
    vjp={"self": _by_scores},
    jvp={"self": _along_scores},
    check=_check_multilabel,
    node="MultilabelMarginLossBackward0",
    where=(),
    doc="The kernel of `multilabel_margin_loss`.",
    samples=lambda S: [
        S(S.normal(3, 4), _labels(S), "mean"),
        S(S.normal(4), S.integers(0, 4, 4), "none"),
    ],
)
op(
    "_multilabel_slope(Tensor self, Tensor target)",
    kernel=_multilabel_slope,
    where=(),
    doc="The derivative of the loss of several targets by the scores.",
    samples=lambda S: [] if S.dtype.is_complex else [S(S.normal(3, 4), _labels(S))],
)


def _multilabel_by_name(
    F: Any, input: Any, target: Any, size_average: Any, reduce: Any, reduction: str
) -> Any:
    return F._multilabel_margin_loss(input, target, _reduction(reduction, size_average, reduce))


op(
    "multilabel_margin_loss(Tensor input, Tensor target, bool? size_average=None, "
    "bool? reduce=None, str reduction='mean')",
    composite=_multilabel_by_name,
    where=("F",),
    written="F",
    doc="The hinge of every target class against every other; a -1 ends a row of targets.",
    samples=lambda S: [
        S(S.normal(3, 4), _labels(S)),
        S(S.normal(4), S.integers(-1, 4, 4), reduction="sum"),
        S(S.normal(3, 4), _labels(S), reduction="none"),
        S(S.normal(3, 4), S.integers(0, 4, 1, 4)),
        S(S.normal(3, 4), S.integers(4, 9, 3, 4)),
        S(S.normal(2, 3, 4), S.integers(0, 4, 2, 3, 4)),
    ],
)

# --- triplets ---------------------------------------------------------------------------------


def _triplet(
    F: Any,
    anchor: Any,
    positive: Any,
    negative: Any,
    distance_function: Any,
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    ranks = ndim(anchor), ndim(positive), ndim(negative)
    if len(set(ranks)) > 1:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {ranks[0]}D, positive {ranks[1]}D, and negative "
            f"{ranks[2]}D inputs"
        )
    distance = distance_function or F.pairwise_distance
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = F.minimum(far, distance(positive, negative))
    loss = F.clamp_min(F.sub(F.add(near, margin), far), 0)
    return _reduce(F, loss, reduction)


op(
    "triplet_margin_with_distance_loss(Tensor anchor, Tensor positive, Tensor negative, *, "
    "any? distance_function=None, Number margin=1.0, bool swap=False, str reduction='mean')",
    composite=_triplet,
    where=("F",),
    written="F",
    doc="The hinge on how much nearer the positive is than the negative, in any distance.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3), swap=True, reduction="sum"),
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3), margin=2.0, reduction="none"),
        S(S.normal(2, 3), S.normal(2, 3), S.normal(3)),
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3), margin=-1),
    ],
)

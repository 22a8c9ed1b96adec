"""Losses that are zero beyond a margin: hinges, rankings, triplets, angles."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...table.dtype_rules import not_differentiable, real_only
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_own_dim
from ...tensor import dtypes
from ...tensor.tensor import Tensor, shape_of
from ..elementwise.arithmetic import NEGATED_BOOL
from .shared import (
    REDUCTIONS,
    as_floating,
    count_of,
    reduced,
    reduced_array,
    reduction_of,
    share,
    size_of,
    softplus_negative,
)

# --- two inputs or two classes -----------------------------------------------------------------


def _margin_ranking(
    F: Namespace,
    input1: Any,
    input2: Any,
    target: Any,
    margin: float,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    if not ndim(input1) == ndim(input2) == ndim(target):
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {size_of(input1)}, input2: {size_of(input2)}, target: {size_of(target)} "
        )
    product = F.mul(F.neg(target), F.sub(input1, input2))
    return reduced(F, F.clamp_min(F._add_scalar(product, margin), 0), reduction)


op(
    "margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0, "
    "bool? size_average=None, bool? reduce=None, str reduction='mean')",
    composite=_margin_ranking,
    where=("F",),
    written="F",
    doc="How far pairs are from the order that the signs in `target` ask for.",
    samples=lambda S: [
        S(S.normal(3), S.normal(3), S.tensor([1.0, -1.0, 1.0])),
        S(S.normal(3), S.normal(3), S.tensor([1.0, -1.0, 1.0]), margin=0.5, reduction="sum"),
    ],
)


def _hinge_embedding(
    F: Namespace,
    input: Any,
    target: Any,
    margin: float,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    zero = F.zeros_like_shape(input, tuple(input.shape))
    far = F.clamp_min(F.sub(margin, input), 0)
    total = F.add(
        F.where(F.ne(target, 1), far, zero),
        F.where(F.ne(target, -1), input, zero),
    )
    return reduced(F, total, reduction)


op(
    "hinge_embedding_loss(Tensor input, Tensor target, float margin=1.0, "
    "bool? size_average=None, bool? reduce=None, str reduction='mean')",
    composite=_hinge_embedding,
    where=("F",),
    written="F",
    doc="The distance itself for pairs marked 1, the hinge below the margin for those marked -1.",
    samples=lambda S: [
        S.edge(S.normal(3), S.tensor([1.0, -1.0, 1.0])),
        S.edge(S.normal(3), S.tensor([1.0, -1.0, 1.0]), margin=0.5, reduction="none"),
    ],
)


def _soft_margin_values(self: Any, target: Any, reduction: str) -> Any:
    return reduced_array(softplus_negative(self * target), reduction)


def _soft_margin_tangent(F: Namespace, t: Any, self: Any, target: Any, reduction: str) -> Any:
    slope = -target * F.sigmoid(-target * self)
    if slope.dtype is not self.dtype:  # the loss is of the input's dtype, whatever the target's
        slope = F._to_copy(slope, self.dtype)
    return reduced(F, slope * t, reduction)


op(
    "_soft_margin_loss(Tensor self, Tensor target, str reduction)",
    kernel=_soft_margin_values,
    fused={"self": "SoftMarginLossBackwardBackward0 g self target"},
    vjp={
        "self": lambda F, g, self, target, reduction: (
            -target * F.sigmoid(-target * self) * share(g, reduction, count_of(self.shape))
        )
    },
    jvp={"self": _soft_margin_tangent},
    promote="number",
    result=lambda self, *rest: self.dtype,
    node="SoftMarginLossBackward0",
    where=(),
    doc="The kernel of `soft_margin_loss`.",
    samples=lambda S: [
        S.edge(S.normal(3), S.tensor([1.0, -1.0, 1.0]), "mean"),
        S.edge(S.normal(2, 3), S.tensor([1.0, -1.0, 1.0]), "none"),
    ],
)


def _soft_margin(
    F: Namespace, input: Any, target: Any, size_average: Any, reduce: Any, reduction: str
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    not_differentiable("soft_margin_loss", target=target)
    kind = input.dtype if type(input) is Tensor else dtypes.FROM_ARRAY[input.dtype]
    if kind is dtypes.bool_:
        raise RuntimeError(NEGATED_BOOL)
    if kind.category < dtypes.FLOATING:
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {kind.scalar_name}"
        )
    return F._soft_margin_loss(input, as_floating(F, input, target), reduction)


op(
    "soft_margin_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, "
    "str reduction='mean')",
    composite=_soft_margin,
    where=("F",),
    written="F",
    doc="The logistic loss of signs.",
    samples=lambda S: [S.edge(S.normal(3), S.tensor([1.0, -1.0, 1.0]))],
)


def _multilabel_soft_margin(
    F: Namespace,
    input: Any,
    target: Any,
    weight: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    loss = F.neg(
        F.add(
            F.mul(target, F.logsigmoid(input)),
            F.mul(F.sub(1, target), F.logsigmoid(F.neg(input))),
        )
    )
    if weight is not None:
        loss = F.mul(loss, weight)
    last = ndim(input) - 1
    classes = input.shape[wrap_own_dim(last, ndim(input))]
    loss = F.div(F.sum_dim(loss, (last,)), classes)
    return reduced(F, loss, reduction)


op(
    "multilabel_soft_margin_loss(Tensor input, Tensor target, Tensor? weight=None, "
    "bool? size_average=None, bool? reduce=None, str reduction='mean')",
    composite=_multilabel_soft_margin,
    where=("F",),
    written="F",
    doc="The mean binary cross entropy of logits over labels.",
    samples=lambda S: [
        S(S.normal(2, 3), S.uniform(0, 1, 2, 3)),
        S(S.normal(2, 3), S.uniform(0, 1, 2, 3), S.uniform(1, 2, 3), reduction="none"),
    ],
)


def _triplet_margin(
    F: Namespace,
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float,
    p: float,
    eps: float,
    swap: bool,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not ndim(anchor) == ndim(positive) == ndim(negative):
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {ndim(anchor)}D, positive {ndim(positive)}D, and "
            f"negative {ndim(negative)}D inputs"
        )
    near = F.pairwise_distance(anchor, positive, p, eps)
    far = F.pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = F.minimum(far, F.pairwise_distance(positive, negative, p, eps))
    return reduced(F, F.clamp_min(F.sub(F._add_scalar(near, margin), far), 0), reduction)


op(
    "triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1.0, "
    "float p=2, float eps=1e-06, bool swap=False, bool? size_average=None, bool? reduce=None, "
    "str reduction='mean')",
    composite=_triplet_margin,
    where=("F",),
    written="F",
    doc="The hinge on how much nearer the positive is to the anchor than the negative.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3), swap=True, p=1.0, reduction="sum"),
    ],
)


def _cosine(F: Namespace, input1: Any, input2: Any) -> Any:
    """The cosine along the last dimension as the embedding loss computes it."""
    last = (max(ndim(input1), ndim(input2)) - 1,)
    product = F.sum_dim(F.mul(input1, input2), last)
    one = F._add_scalar(F.sum_dim(F.mul(input1, input1), last), 1e-12)
    two = F._add_scalar(F.sum_dim(F.mul(input2, input2), last), 1e-12)
    return F.div(product, F.sqrt(F.mul(one, two)))


def _cosine_embedding(
    F: Namespace,
    input1: Any,
    input2: Any,
    target: Any,
    margin: float,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    expected = 1 if ndim(target) else 0
    if ndim(target) > 1 or (expected == 1 and ndim(input1) != 2):
        raise RuntimeError(
            "0D or 1D target tensor expected, multi-target not supported"
            if ndim(target) > 1
            else "1D target tensor expects 2D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    if expected == 0 and ndim(input1) != 1:
        raise RuntimeError(
            "0D target tensor expects 1D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    cosine = _cosine(F, input1, input2)
    zero = F.zeros_like_shape(cosine, tuple(cosine.shape))
    near = F.where(F.eq(target, 1), F.sub(1, cosine), zero)
    far = F.where(F.eq(target, -1), F.clamp_min(F._sub_scalar(cosine, margin), 0), zero)
    return reduced(F, F.add(near, far), reduction)


op(
    "cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0, "
    "bool? size_average=None, bool? reduce=None, str reduction='mean')",
    composite=_cosine_embedding,
    where=("F",),
    written="F",
    doc="One minus the cosine for pairs marked 1, the cosine above the margin for those marked -1.",
    samples=lambda S: [
        S.edge(S.normal(3, 4), S.normal(3, 4), S.tensor([1.0, -1.0, 1.0])),
        S.edge(S.normal(4), S.normal(4), S.tensor(1.0), margin=0.1, reduction="none"),
    ],
)


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


def _by_scores(F: Namespace, g: Any, self: Any, target: Any, reduction: str) -> Any:
    slope = F._multilabel_slope(self, target)
    if reduction == "mean" and ndim(self) == 2:
        g = g / max(self.shape[0], 1)
    return slope * (F.unsqueeze(g, -1) if reduction == "none" and ndim(self) == 2 else g)


def _along_scores(F: Namespace, t: Any, self: Any, target: Any, reduction: str) -> Any:
    values = F.sum_dim(F._multilabel_slope(self, target) * t, (-1,))
    return values if ndim(self) == 1 else reduced(F, values, reduction)


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
    if places.size and (places.min() < -1 or places.max() >= (shape or (1,))[-1]):
        raise RuntimeError("argument #2 'target' is out of range")
    real_only("multilabel_margin_loss_forward_out_frame", self)


def _labels(S: Any) -> Any:
    return S.integers(-1, 4, 3, 4)


op(
    "_multilabel_margin_loss(Tensor self, Tensor target, str reduction)",
    kernel=_multilabel,
    fused={"self": "NotImplemented:multilabel_margin_loss_backward g self"},
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
    F: Namespace, input: Any, target: Any, size_average: Any, reduce: Any, reduction: str
) -> Any:
    return F._multilabel_margin_loss(input, target, reduction_of(reduction, size_average, reduce))


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
    F: Namespace,
    anchor: Any,
    positive: Any,
    negative: Any,
    distance_function: Any,
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    if reduction not in REDUCTIONS:
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
    return reduced(F, loss, reduction)


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

"""Losses of class scores: likelihoods, cross entropy, margins between classes.

Classes are dimension 1, or dimension 0 of a tensor that has no other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...table.dtype_rules import not_differentiable, real_only
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import ndim, wrap_own_dim
from ...tensor import dtypes
from ...tensor.tensor import Tensor, shape_of
from .shared import count_of, reduced, reduction_of

_IGNORED = -100


def _class_axis(rank: int) -> int:
    return 0 if rank == 1 else 1


def _places(target: Any, classes: int) -> Any:
    """Where the scores of the targets are in flattened scores."""
    if target.ndim < 2:
        return np.arange(target.size) * classes + target.reshape(-1)
    inner = math.prod(target.shape[1:])
    images = np.arange(len(target))[:, None] * classes
    return ((images + target.reshape(len(target), inner)) * inner + np.arange(inner)).reshape(-1)


def _classes(shape: Any) -> int:
    return shape[_class_axis(len(shape))]  # type: ignore[no-any-return]


def _pick(self: Any, target: Any, ignore_index: int) -> Any:
    """The score of each target class, zero where the target is ignored."""
    kept = target != ignore_index
    every = np.count_nonzero(kept) == target.size
    places = _places(target if every else np.where(kept, target, 0), _classes(self.shape))
    picked = self.reshape(-1).take(places).reshape(target.shape)
    return (picked if every else np.where(kept, picked, self.dtype.type(0)))[()]


def _place(self: Any, target: Any, classes: int, ignore_index: int) -> Any:
    """Zeros for every class but the target's, which gets the element of `self`, or the one."""
    shape = target.shape
    axis = min(1, target.ndim)
    out: Any = np.zeros((*shape[:axis], classes, *shape[axis:]), self.dtype)
    kept = target != ignore_index
    if np.count_nonzero(kept) < target.size:
        target, self = np.where(kept, target, 0), np.where(kept, self, self.dtype.type(0))
    out.reshape(-1)[_places(target, classes)] = self.reshape(-1) if self.ndim else self
    return out


op(
    "_pick_class(Tensor self, Tensor target, int ignore_index=-100)",
    kernel=_pick,
    vjp={
        "self": lambda F, g, target, ignore_index, self_shape: F._place_class(
            g, target, self_shape[_class_axis(len(self_shape))], ignore_index
        )
    },
    jvp={"self": lambda F, t, target, ignore_index: F._pick_class(t, target, ignore_index)},
    node="GatherBackward0",
    where=(),
    doc="The score of each target class.",
    samples=lambda S: [
        S(S.normal(3, 4), S.integers(0, 4, 3)),
        S(S.normal(4), S.integers(0, 4)),
        S(S.normal(2, 3, 2), S.integers(0, 3, 2, 2), 1),
    ],
)
op(
    "_place_class(Tensor self, Tensor target, int classes, int ignore_index=-100)",
    kernel=_place,
    vjp={"self": lambda F, g, target, ignore_index: F._pick_class(g, target, ignore_index)},
    jvp={
        "self": lambda F, t, target, classes, ignore_index: F._place_class(
            t, target, classes, ignore_index
        )
    },
    node="ScatterBackward0",
    where=(),
    doc="Puts each element at its target class.",
    samples=lambda S: [
        S(S.normal(3), S.integers(0, 4, 3), 4),
        S(S.normal(), S.integers(0, 4), 4),
        S(S.normal(2, 2), S.integers(0, 3, 2, 2), 3, 1),
    ],
)


def _class_weights(self: Any, target: Any, weight: Any, ignore_index: int) -> Any:
    kept = target != ignore_index
    if weight is None:
        return kept.astype(self.dtype)
    return np.where(kept, weight[np.where(kept, target, 0)], self.dtype.type(0))[()]


op(
    "_class_weights(Tensor self, Tensor target, Tensor? weight, int ignore_index)",
    kernel=_class_weights,
    where=(),
    doc="The weight of each target's class in the dtype of `self`, zero where it is ignored.",
    samples=lambda S: [S(S.normal(3), S.integers(0, 4, 3), S.uniform(1, 2, 4), 1)],
)


def _nll(self: Any, target: Any, weight: Any, reduction: str, ignore_index: int) -> Any:
    picked = _pick(self, target, ignore_index)
    if weight is None and reduction != "none":
        total = self.dtype.type(0) - np.add.reduce(picked, None)
        return total / _kept(target, ignore_index, self.dtype) if reduction == "mean" else total
    weights = _class_weights(self, target, weight, ignore_index)
    values = -picked * weights
    if reduction == "none":  # zero, not -0, for targets that are ignored
        return np.where(target != ignore_index, values, self.dtype.type(0))[()]
    total = np.sum(values, dtype=self.dtype)
    return total / np.sum(weights, dtype=self.dtype) if reduction == "mean" else total


def _kept(target: Any, ignore_index: int, dtype: Any) -> Any:
    """The number of targets that are not ignored."""
    return dtype.type(np.count_nonzero(target != ignore_index))


def _nll_slope(
    F: Namespace,
    g: Any,
    target: Any,
    weight: Any,
    reduction: str,
    ignore_index: int,
    self_shape: Any,
) -> Any:
    classes = self_shape[_class_axis(len(self_shape))]
    if not F.is_traced and weight is None and reduction == "mean":
        each = -(g.dtype.type(1) / _kept(target, ignore_index, g.dtype) * g)
        return _place(each, target, classes, ignore_index)
    weights = F._class_weights(g, target, weight, ignore_index)
    if reduction == "mean":
        weights = weights / F.sum(weights)
    return F._place_class(-(weights * g), target, classes, ignore_index)


def _nll_tangent(
    F: Namespace, t: Any, target: Any, weight: Any, reduction: str, ignore_index: int
) -> Any:
    weights = F._class_weights(t, target, weight, ignore_index)
    values = -(F._pick_class(t, target, ignore_index) * weights)
    if reduction == "none":
        return values
    total = F.sum(values)
    return total / F.sum(weights) if reduction == "mean" else total


def _check_nll(
    self: Tensor, target: Tensor, weight: Any, reduction: str, ignore_index: int
) -> None:
    shape, labels = shape_of(self), shape_of(target)
    rank = len(shape)
    not_differentiable("nll_loss_forward" if rank <= 2 else "nll_loss2d_forward", weight=weight)
    if rank <= 2:
        if len(labels) > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
        if rank == 2 and not labels:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        if rank == 1 and len(labels) == 1 and labels[0] != 1:
            raise RuntimeError(f"size mismatch (got input: {list(shape)}, target: {list(labels)})")
    elif shape[:1] + shape[2:] != labels:
        raise RuntimeError(f"size mismatch (got input: {list(shape)} , target: {list(labels)}")
    if target.dtype is not dtypes.int64 and target.dtype is not dtypes.uint8:
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype.scalar_name}"
        )
    classes = shape[_class_axis(rank)]
    if weight is not None and shape_of(weight) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but "
            f"got weight tensor of shape: {list(shape_of(weight))}"
        )
    real_only("nll_loss_out_frame" if rank <= 2 else "nll_loss2d_forward_out_frame", self)
    labelled = np.asarray(target.array)
    if labelled.size and not (
        np.minimum.reduce(labelled, None) >= 0 and np.maximum.reduce(labelled, None) < classes
    ):
        outside = (labelled != ignore_index) & ((labelled < 0) | (labelled >= classes))
        if outside.any():
            raise IndexError(f"Target {labelled[outside].ravel()[0]} is out of bounds.")


def _define_nll(suffix: str, node: str, doc: str, samples: Any) -> None:
    """The kernel of `nll_loss`, which is one; PyTorch has a node for each of two ranks."""
    op(
        f"_nll_loss{suffix}(Tensor self, Tensor target, Tensor? weight, str reduction, "
        "int ignore_index)",
        kernel=_nll,
        vjp={"self": _nll_slope},
        keeps={"self": ("self",)},
        fused={"self": f"{node}BackwardBackward0 g self=0"},
        jvp={"self": _nll_tangent},
        check=_check_nll,
        node=f"{node}Backward0",
        where=(),
        doc=doc,
        samples=samples,
    )


_define_nll(
    "",
    "NllLoss",
    "The kernel of `nll_loss`.",
    lambda S: [
        S(S.normal(3, 4), S.integers(0, 4, 3), None, "mean", -100),
        S.edge(S.normal(3, 4), S.integers(0, 4, 3), S.uniform(1, 2, 4), "sum", 1),
        S(S.normal(4), S.integers(0, 4), None, "none", -100),
    ],
)
_define_nll(
    "2d",
    "NllLoss2D",
    "The kernel of `nll_loss` for images.",
    lambda S: [
        S(S.normal(2, 3, 1, 2), S.integers(0, 3, 2, 1, 2), None, "mean", -100),
        S.edge(S.normal(2, 3, 2, 2), S.integers(0, 3, 2, 2, 2), S.uniform(1, 2, 3), "none", 1),
    ],
)


def _nll_nd(
    F: Namespace, input: Any, target: Any, weight: Any, reduction: str, ignore_index: int
) -> Any:
    shape, labels = tuple(input.shape), tuple(target.shape)
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    found = labels[0] if labels else 0
    if len(shape) != 1 and shape[0] != found:
        raise ValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size ({found})."
        )
    if len(shape) <= 2:
        return F._nll_loss(input, target, weight, reduction, ignore_index)
    if len(shape) == 4:
        return F._nll_loss2d(input, target, weight, reduction, ignore_index)
    out = shape[:1] + shape[2:]
    if labels[1:] != shape[2:]:
        raise ValueError(f"Expected target size {list(out)}, got {list(labels)}")
    flat = F.reshape(input, (shape[0], shape[1], 1, count_of(shape[2:])))
    target = F.reshape(target, (shape[0], 1, count_of(shape[2:])))
    loss = F._nll_loss2d(flat, target, weight, reduction, ignore_index)
    return F.reshape(loss, out) if reduction == "none" else loss


def _nll_loss(
    F: Namespace,
    input: Any,
    target: Any,
    weight: Any,
    size_average: Any,
    ignore_index: int,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    return _nll_nd(F, input, target, weight, reduction, ignore_index)


op(
    "nll_loss(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, "
    "int ignore_index=-100, bool? reduce=None, str reduction='mean')",
    composite=_nll_loss,
    where=("F",),
    prelude="F",
    written="F",
    doc="The negative log-probability of the target class.",
    samples=lambda S: [
        S(S.normal(3, 4), S.integers(0, 4, 3)),
        S(S.normal(3, 4), S.integers(0, 4, 3), S.uniform(1, 2, 4), reduction="sum"),
        S(S.normal(2, 3, 2), S.integers(0, 3, 2, 2), reduction="none"),
    ],
)


def _along_classes(F: Namespace, weight: Any, rank: int) -> Any:
    """Class weights that broadcast with a tensor of scores."""
    axis = _class_axis(rank)
    shape = tuple(weight.shape[0] if place == axis else 1 for place in range(rank))
    return F.reshape(weight, shape)


def _from_probabilities(
    F: Namespace, input: Any, target: Any, weight: Any, reduction: str, smoothing: float
) -> Any:
    rank = ndim(input)
    axis = _class_axis(rank)
    classes = input.shape[wrap_own_dim(axis, rank)]
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {classes} classes or "
            f"no classes but got weight tensor of shape: {list(weight.shape)}"
        )
    scores = F.log_softmax(input, axis)
    if smoothing > 0:
        _check_smoothing(smoothing)
        target = F._add_scalar(F._mul_scalar(target, 1 - smoothing), smoothing / classes)
    values = F.mul(scores, target)
    if weight is not None:
        values = F.mul(values, _along_classes(F, weight, rank))
    if reduction == "none":
        return F.neg(F.sum_dim(values, (axis,)))
    total = F.neg(F.sum(values))
    if reduction == "mean":
        return F._div_scalar(total, count_of(input.shape) / classes if classes else 0.0)
    return total


def _check_smoothing(smoothing: float) -> None:
    if smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {smoothing:g}")


def _smoothed(
    F: Namespace,
    input: Any,
    target: Any,
    weight: Any,
    reduction: str,
    ignore_index: int,
    smoothing: float,
) -> Any:
    _check_smoothing(smoothing)
    rank = ndim(input)
    axis = _class_axis(rank)
    scores = F.log_softmax(input, axis)
    likelihood = _nll_nd(F, scores, target, weight, reduction, ignore_index)
    weighted = scores if weight is None else F.mul(scores, _along_classes(F, weight, rank))
    smooth = F.neg(F.sum_dim(weighted, (axis,)))
    smooth = F.masked_fill(smooth, F.eq(target, ignore_index), 0.0)
    if reduction == "mean":
        weights = F._class_weights(smooth, target, weight, ignore_index)
        smooth = F.div(F.sum(smooth), F.sum(weights))
    elif reduction == "sum":
        smooth = F.sum(smooth)
    return F.add(
        F._mul_scalar(likelihood, 1 - smoothing),
        F._mul_scalar(smooth, smoothing / input.shape[axis]),
    )


def _cross_entropy(
    F: Namespace,
    input: Any,
    target: Any,
    weight: Any,
    size_average: Any,
    ignore_index: int,
    reduce: Any,
    reduction: str,
    label_smoothing: float,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    if tuple(input.shape) == tuple(target.shape):
        if type(target) is Tensor and target.dtype.category != dtypes.FLOATING:
            raise RuntimeError(
                "Expected floating point type for target with class probabilities, got "
                f"{target.dtype.scalar_name}"
            )
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _from_probabilities(F, input, target, weight, reduction, label_smoothing)
    if label_smoothing > 0:
        return _smoothed(F, input, target, weight, reduction, ignore_index, label_smoothing)
    scores = F.log_softmax(input, _class_axis(ndim(input)))
    return _nll_nd(F, scores, target, weight, reduction, ignore_index)


def _linear_cross_entropy(
    F: Namespace,
    input: Any,
    linear_weight: Any,
    target: Any,
    linear_bias: Any,
    weight: Any,
    reduction: str,
    ignore_index: int | None,
    label_smoothing: float,
) -> Any:
    inputs, weights = shape_of(input), shape_of(linear_weight)
    if len(inputs) not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {len(inputs)}")
    if len(weights) < 2:
        raise RuntimeError(
            f"expected linear_weight with dimensionality at least 2, got {len(weights)}"
        )
    if inputs[-1] != weights[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{inputs[-1]} and {weights[-1]}, respectively"
        )
    outputs = weights[:-1]
    if linear_bias is not None and shape_of(linear_bias) != outputs:
        raise RuntimeError(f"expected linear_bias shape {outputs}, got {shape_of(linear_bias)}")
    if len(outputs) > 1 and len(inputs) == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {weights} requires batched input, "
            f"(N, {inputs[-1]}), got unbatched input with shape {inputs}"
        )
    shape = (*inputs[:-1], *outputs)
    if shape_of(target) == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if len(outputs) > 1:
        linear_weight = F.reshape(linear_weight, (-1, weights[-1]))
        linear_bias = None if linear_bias is None else F.reshape(linear_bias, (-1,))
    logits = F.linear(input, linear_weight, linear_bias)
    logits = F.reshape(logits, shape)
    ignored = -100 if ignore_index is None else ignore_index
    return F.cross_entropy(logits, target, weight, None, ignored, None, reduction, label_smoothing)


op(
    "linear_cross_entropy(Tensor input, Tensor linear_weight, Tensor target, *, "
    "Tensor? linear_bias=None, Tensor? weight=None, str reduction='mean', "
    "int? ignore_index=None, float label_smoothing=0.0)",
    composite=_linear_cross_entropy,
    where=("F",),
    doc="The cross entropy of a linear map's outputs, as scores, with classes.",
    samples=lambda S: [
        S(S.normal(3, 4), S.normal(5, 4), S.integers(0, 5, 3)),
        S(
            S.normal(3, 4),
            S.normal(5, 4),
            S.integers(0, 5, 3),
            linear_bias=S.normal(5),
            weight=S.uniform(1, 2, 5),
            reduction="none",
            label_smoothing=0.1,
        ),
        S(S.normal(3, 4), S.normal(5, 4), S.integers(0, 5, 3), ignore_index=2, reduction="sum"),
    ],
)
op(
    "cross_entropy(Tensor input, Tensor target, Tensor? weight=None, bool? size_average=None, "
    "int ignore_index=-100, bool? reduce=None, str reduction='mean', float label_smoothing=0.0)",
    composite=_cross_entropy,
    where=("F",),
    prelude="F",
    written="F",
    doc="The cross entropy of class scores with class indices or class probabilities.",
    samples=lambda S: [
        S(S.normal(3, 4), S.integers(0, 4, 3)),
        S(S.normal(4), S.integers(0, 4)),
        S(S.normal(3, 4), S.uniform(0.1, 1, 3, 4)),
        S(S.normal(3, 4), S.integers(0, 4, 3), S.uniform(1, 2, 4), label_smoothing=0.1),
        S(S.normal(2, 3, 2), S.integers(0, 3, 2, 2), reduction="none", ignore_index=1),
        S(S.normal(3, 4), S.uniform(0.1, 1, 3, 4), reduction="sum", label_smoothing=0.2),
    ],
)


# --- margins between classes ------------------------------------------------------------------


def _excess(F: Namespace, self: Any, target: Any, margin: float) -> Any:
    """By how much each class exceeds the target's score less the margin; 0 for the target."""
    axis = _class_axis(ndim(self))
    own = F.unsqueeze(F._pick_class(self, target), axis)
    return F.clamp_min(self - own + margin, 0)


def _others(F: Namespace, self: Any, target: Any) -> Any:
    """One for every class but the target's."""
    classes = self.shape[_class_axis(ndim(self))]
    one = F._class_weights(self, target, None, _IGNORED)
    return 1 - F._place_class(one, target, classes)


def _multi_margin_values(
    F: Namespace, self: Any, target: Any, p: Any, margin: float, weight: Any
) -> Any:
    axis = _class_axis(ndim(self))
    excess = _excess(F, self, target, margin)
    powers = excess if p == 1 else excess * excess
    values = F.sum_dim(powers * _others(F, self, target), (axis,)) / self.shape[axis]
    return values * F._class_weights(values, target, weight, _IGNORED)


def _multi_margin_kernel(
    self: Any, target: Any, p: Any, margin: float, weight: Any, reduction: str
) -> Any:
    from ...table.formulas import real_arrays

    values = _multi_margin_values(real_arrays, self, target, p, margin, weight)
    return reduced(real_arrays, values, reduction)


def _multi_margin_slope(
    F: Namespace, g: Any, self: Any, target: Any, p: Any, margin: float, weight: Any, reduction: str
) -> Any:
    axis = _class_axis(ndim(self))
    classes = self.shape[axis]
    each = F._class_weights(g, target, weight, _IGNORED) * g / classes
    if reduction == "mean" and ndim(target):
        each = each / target.shape[0]
    excess = _excess(F, self, target, margin)
    slope = F.sgn(excess) if p == 1 else excess * 2
    slope = slope * _others(F, self, target) * F.unsqueeze(each, axis)
    return slope - F._place_class(F.sum_dim(slope, (axis,)), target, classes)


def _multi_margin_tangent(
    F: Namespace, t: Any, self: Any, target: Any, p: Any, margin: float, weight: Any, reduction: str
) -> Any:
    axis = _class_axis(ndim(self))
    excess = _excess(F, self, target, margin)
    slope = (F.sgn(excess) if p == 1 else excess * 2) * _others(F, self, target)
    moved = t - F.unsqueeze(F._pick_class(t, target), axis)
    values = F.sum_dim(slope * moved, (axis,)) / self.shape[axis]
    return reduced(F, values * F._class_weights(values, target, weight, _IGNORED), reduction)


def _check_multi_margin(
    self: Any, target: Any, p: Any, margin: float, weight: Any, reduction: str
) -> None:
    not_differentiable("multi_margin_loss", weight=weight)
    if target.dtype is not dtypes.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.scalar_name}")
    real_only("multi_margin_loss_cpu_kernel", self)


op(
    "_multi_margin_loss(Tensor self, Tensor target, Scalar p, float margin, Tensor? weight, "
    "str reduction)",
    kernel=_multi_margin_kernel,
    fused={"self": "NotImplemented:multi_margin_loss_backward g self"},
    vjp={"self": _multi_margin_slope},
    jvp={"self": _multi_margin_tangent},
    check=_check_multi_margin,
    node="MultiMarginLossBackward0",
    where=(),
    doc="The kernel of `multi_margin_loss`.",
    samples=lambda S: [
        S(S.normal(3, 4), S.integers(0, 4, 3), 1, 1.0, None, "mean"),
        S.edge(S.normal(3, 4), S.integers(0, 4, 3), 2, 0.5, S.uniform(1, 2, 4), "sum"),
    ],
)


def _check_multi_target(shape: tuple[int, ...], target: Any, weight: Any) -> None:
    """Raise PyTorch's errors for shapes and classes that `multi_margin_loss` does not take."""
    if len(shape) > 2 or (shape and not shape[-1]):
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(shape)}"
        )
    count = shape[0] if len(shape) == 2 else 1
    classes = shape[-1] if shape else 1
    if ndim(target) > 1 or math.prod(target.shape) != count:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{count}], but got {list(target.shape)}. "
            f"Input has shape {list(shape)}."
        )
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"inconsistent weight size, expected {classes} but got {list(weight.shape)}"
        )
    while target.level is not None and target.level.value is not None:
        target = target.level.value
    labels = np.asarray(target.array)
    if ((labels < 0) | (labels >= classes)).any():
        raise RuntimeError("target out of range")


def _multi_margin(
    F: Namespace,
    input: Any,
    target: Any,
    p: Any,
    margin: float,
    weight: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and ndim(weight) != 1:
        raise ValueError("weight must be one-dimensional")
    _check_multi_target(tuple(input.shape), target, weight)
    if ndim(target) and ndim(input) != 2:
        input = F.reshape(input, (-1, input.shape[-1] if ndim(input) else 1))
    elif not ndim(input):
        input = F.reshape(input, (1,))
    return F._multi_margin_loss(input, target, p, margin, weight, reduction)


op(
    "multi_margin_loss(Tensor input, Tensor target, Scalar p=1, float margin=1.0, "
    "Tensor? weight=None, bool? size_average=None, bool? reduce=None, str reduction='mean')",
    composite=_multi_margin,
    where=("F",),
    written="F",
    doc="The hinge on how much the target's score exceeds those of the other classes.",
    samples=lambda S: [
        S(S.normal(3, 4), S.integers(0, 4, 3)),
        S(S.normal(3, 4), S.integers(0, 4, 3), p=2, reduction="none"),
    ],
)

"""Loss functions.

PyTorch makes some of them in one node (MseLossBackward0) and composes others; node names follow it.
The functions of one node take `reduction` as a string here: 'none', 'mean' or 'sum'.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from ...kernels.blocks import summed
from ...table.call.arguments import type_name
from ...table.dtype_rules import is_complex, not_differentiable, real_only, transforms_run
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, ndim
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY
from ...tensor.tensor import Tensor
from .shared import (
    REDUCTIONS,
    count_of,
    reduced,
    reduced_array,
    reduction_of,
    refuse_integers,
    share,
    shared,
    size_of,
    softplus_negative,
    together,
    warn_sizes,
)

# --- differences ------------------------------------------------------------------------------


def _define_difference(
    name: str,
    node: str,
    kernel: str,
    value: Any,
    slope: Any,
    parameter: str = "",
    one_dtype: bool = False,
) -> None:
    """A loss that is a function of `input - target`: its value and its derivative.

    `value(d, c)` works on arrays and `slope(F, d, c)` over F; `c` is the keyword after the
    reduction, such as `beta`. A loss of `one_dtype` has the input's, and no derivative where the
    target has another.
    """

    def compute(self: Any, target: Any, reduction: str, c: float = 0) -> Any:
        if reduction == "none" or not np.size(self):
            return reduced_array(value(self - target, c), reduction)
        total = summed(lambda a, b: value(a - b, c), self, target)
        count = count_of(np.broadcast_shapes(self.shape, target.shape))
        return total / total.dtype.type(count) if reduction == "mean" else total

    def check_one_dtype(*values: Any) -> None:
        if one_dtype and values[0].dtype != values[1].dtype:
            found, wanted = (FROM_ARRAY.get(x.dtype, x.dtype) for x in values)
            raise RuntimeError(f"Found dtype {found.scalar_name} but expected {wanted.scalar_name}")

    def vjp_self(F: Namespace, g: Any, self: Any, target: Any, reduction: str, c: float) -> Any:
        check_one_dtype(target, self)
        d = F.sub(self, target)
        result, part = slope(F, d, c), share(g, reduction, count_of(d.shape))
        owned = type(result) is np.ndarray and result is not d and np.ndim(part) == 0
        if owned and result.dtype == part.dtype:
            result *= part
            return result
        return result * part

    def vjp_target(F: Namespace, g: Any, self: Any, target: Any, reduction: str, c: float) -> Any:
        return vjp_self(F, g, target, self, reduction, c)

    def jvp_self(F: Namespace, t: Any, self: Any, target: Any, reduction: str, c: float) -> Any:
        check_one_dtype(self, target)
        return reduced(F, slope(F, F.sub(self, target), c) * t, reduction)

    def jvp_target(F: Namespace, t: Any, self: Any, target: Any, reduction: str, c: float) -> Any:
        check_one_dtype(self, target)
        return jvp_self(F, t, target, self, reduction, c)

    check_dtype = refuse_integers(kernel)

    def check_all(self: Any, target: Any, reduction: str, c: float = 0) -> None:
        check_dtype(self, target)

    extra = ", float c=0.0"
    twice = node.replace("Backward0", "BackwardBackward0")
    op(
        f"_{name}(Tensor self, Tensor target, str reduction{extra})",
        kernel=compute,
        vjp={"self": vjp_self, "target": vjp_target},
        fused={"self": f"{twice} g self target", "target": f"{twice} g target self"},
        shows={"c": parameter},
        jvp={"self": jvp_self, "target": jvp_target},
        promote="number",
        result=(lambda self, *rest: self.dtype) if one_dtype else None,
        check=check_all,
        node=node,
        where=(),
        doc=f"The kernel of `{name}`.",
        samples=lambda S: [
            S(S.normal(2, 3), S.normal(2, 3), "mean", 0.75),
            S(S.normal(3), S.normal(3), "sum", 0.75),
            S(S.normal(3), S.normal(3), "none", 0.75),
        ],
    )


_define_difference(
    "mse_loss",
    "MseLossBackward0",
    "mse_cpu",
    lambda d, c: d * d,
    lambda F, d, c: d * 2,
)


def _weighted(F: Namespace, values: Any, weight: Any, reduction: str, by_weight: bool) -> Any:
    values = F.mul(values, weight)
    if reduction == "mean" and by_weight:
        return F.div(F.sum(values), F.sum(weight))
    return reduced(F, values, reduction)


def _check_weight(input: Any, weight: Any) -> None:
    if tuple(weight.shape) != tuple(input.shape):
        raise ValueError("Weights and input must have the same size.")


def _mse_loss(
    F: Namespace,
    input: Any,
    target: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    weight: Any,
) -> Any:
    warn_sizes(input, target)
    reduction = reduction_of(reduction, size_average, reduce)
    input, target = together(F, input, target)
    if weight is not None:
        _check_weight(input, weight)
        return _weighted(F, F.pow(F.sub(input, target), 2), weight, reduction, True)
    return F._mse_loss(input, target, reduction)


op(
    "mse_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, "
    "str reduction='mean', Tensor? weight=None)",
    composite=_mse_loss,
    where=("F",),
    prelude="F",
    written="F",
    doc="The squared difference.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(3), S.normal(3), reduction="sum"),
        S(S.normal(3), S.normal(3), reduction="none"),
        S(S.normal(3), S.normal(3), weight=S.uniform(1, 2, 3)),
    ],
)


def _l1_loss(
    F: Namespace,
    input: Any,
    target: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    weight: Any,
) -> Any:
    warn_sizes(input, target)
    reduction = reduction_of(reduction, size_average, reduce)
    input, target = together(F, input, target)
    values = F.abs(F.sub(input, target))
    if weight is not None:
        _check_weight(input, weight)
        return _weighted(F, values, weight, reduction, True)
    return reduced(F, values, reduction)


op(
    "l1_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, "
    "str reduction='mean', Tensor? weight=None)",
    composite=_l1_loss,
    where=("F",),
    prelude="F",
    written="F",
    doc="The absolute difference.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(3), S.normal(3), reduction="sum"),
        S(S.normal(3), S.normal(3), reduction="none"),
    ],
)


def _smooth_l1(d: Any, beta: float) -> Any:
    size = np.abs(d)
    return np.where(size < beta, 0.5 * d * d / beta, size - 0.5 * beta)


_define_difference(
    "smooth_l1_loss",
    "SmoothL1LossBackward0",
    "smooth_l1_cpu",
    _smooth_l1,
    lambda F, d, beta: F.where(F.lt(F.abs(d), beta), d / beta, F.sgn(d)),
    "beta",
)


def _smooth_l1_loss(
    F: Namespace,
    input: Any,
    target: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    beta: float,
) -> Any:
    warn_sizes(input, target)
    reduction = reduction_of(reduction, size_average, reduce)
    input, target = together(F, input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return reduced(F, F.abs(F.sub(input, target)), reduction)
    return F._smooth_l1_loss(input, target, reduction, beta)


op(
    "smooth_l1_loss(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, "
    "str reduction='mean', float beta=1.0)",
    composite=_smooth_l1_loss,
    where=("F",),
    prelude="F",
    written="F",
    doc="Quadratic below `beta`, linear above.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(3), S.normal(3), reduction="sum", beta=0.3),
        S(S.normal(3), S.normal(3), reduction="none", beta=0.0),
    ],
)


def _huber(d: Any, delta: float) -> Any:
    size = np.abs(d)
    return np.where(size <= delta, 0.5 * d * d, delta * (size - 0.5 * delta))


_define_difference(
    "huber_loss",
    "HuberLossBackward0",
    "huber_cpu",
    _huber,
    lambda F, d, delta: F.clamp(d, -delta, delta),
    "delta",
    one_dtype=True,
)


def _huber_loss(
    F: Namespace, input: Any, target: Any, reduction: str, delta: float, weight: Any
) -> Any:
    warn_sizes(input, target)
    reduction = reduction_of(reduction)
    input, target = together(F, input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is not None:
        _check_weight(input, weight)
        return _weighted(F, F._huber_loss(input, target, "none", delta), weight, reduction, False)
    return F._huber_loss(input, target, reduction, delta)


op(
    "huber_loss(Tensor input, Tensor target, str reduction='mean', float delta=1.0, "
    "Tensor? weight=None)",
    composite=_huber_loss,
    where=("F",),
    prelude="F",
    written="F",
    doc="Half the square up to `delta`, then linear with the slope `delta`.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(3), S.normal(3), reduction="sum", delta=0.3),
        S(S.normal(3), S.normal(3), reduction="none"),
    ],
)


# --- binary cross entropy ---------------------------------------------------------------------


def _bce(self: Any, target: Any, weight: Any, reduction: str) -> Any:
    low = self.dtype.type(-100)
    values = (target - 1) * np.maximum(np.log1p(-self), low) - target * np.maximum(
        np.log(self), low
    )
    return reduced_array(values if weight is None else values * weight, reduction)


def _check_bce(self: Any, target: Any, weight: Any, reduction: str) -> None:
    not_differentiable("binary_cross_entropy", weight=weight)
    if target.dtype is not self.dtype:
        raise RuntimeError(
            f"Found dtype {target.dtype.scalar_name} but expected {self.dtype.scalar_name}"
        )
    real_only("binary_cross_entropy", self)
    values = np.asarray(self.array)
    if values.size and not (
        np.minimum.reduce(values, None) >= 0 and np.maximum.reduce(values, None) <= 1
    ):
        raise RuntimeError("all elements of input should be between 0 and 1")


def _bce_slope(F: Namespace, self: Any, target: Any, weight: Any) -> Any:
    slope = (self - target) / F.clamp_min((1 - self) * self, 1e-12)
    return slope if weight is None else slope * weight


def _bce_target_slope(F: Namespace, self: Any, weight: Any) -> Any:
    slope = F.clamp_min(F.log1p(-self), -100) - F.clamp_min(F.log(self), -100)
    return slope if weight is None else slope * weight


op(
    "_binary_cross_entropy(Tensor self, Tensor target, Tensor? weight, str reduction)",
    kernel=_bce,
    fused={"self": "BinaryCrossEntropyBackwardBackward0 g self target"},
    vjp={
        "self": lambda F, g, self, target, weight, reduction: (
            _bce_slope(F, self, target, weight) * share(g, reduction, count_of(self.shape))
        ),
        "target": lambda F, g, self, weight, reduction, target_shape: shared(
            F, _bce_target_slope(F, self, weight), g, reduction, count_of(target_shape)
        ),
    },
    jvp={
        "self": lambda F, t, self, target, weight, reduction: reduced(
            F, _bce_slope(F, self, target, weight) * t, reduction
        ),
        "target": lambda F, t, self, weight, reduction: reduced(
            F, _bce_target_slope(F, self, weight) * t, reduction
        ),
    },
    check=_check_bce,
    node="BinaryCrossEntropyBackward0",
    where=(),
    doc="The kernel of `binary_cross_entropy`.",
    samples=lambda S: [
        S(S.uniform(0.1, 0.9, 3), S.uniform(0.1, 0.9, 3), None, "mean"),
        S.edge(S.uniform(0.1, 0.9, 3), S.uniform(0.1, 0.9, 3), S.uniform(1, 2, 3), "sum"),
    ],
)


def _binary_cross_entropy(
    F: Namespace,
    input: Any,
    target: Any,
    weight: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(
            f"Using a target size ({size_of(target)}) that is different to the input size "
            f"({size_of(input)}) is deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        shape = broadcast_shape((tuple(target.shape), tuple(weight.shape)))
        weight = F.expand(weight, shape)
    return F._binary_cross_entropy(input, target, weight, reduction)


op(
    "binary_cross_entropy(Tensor input, Tensor target, Tensor? weight=None, "
    "bool? size_average=None, bool? reduce=None, str reduction='mean')",
    composite=_binary_cross_entropy,
    where=("F",),
    prelude="F",
    written="F",
    doc="The cross entropy of probabilities; logarithms are not below -100.",
    samples=lambda S: [
        S(S.uniform(0.1, 0.9, 3), S.uniform(0.1, 0.9, 3)),
        S(S.uniform(0.1, 0.9, 2, 3), S.uniform(0.1, 0.9, 2, 3), reduction="sum"),
        S(S.uniform(0.1, 0.9, 3), S.uniform(0.1, 0.9, 3), weight=S.uniform(1, 2, 3)),
    ],
)


def _bce_logits(self: Any, target: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    log_sigmoid = -softplus_negative(self)
    if pos_weight is None:
        values = (1 - target) * self - log_sigmoid
    else:
        values = (1 - target) * self - ((pos_weight - 1) * target + 1) * log_sigmoid
    return reduced_array(values if weight is None else values * weight, reduction)


def _bce_logits_slope(F: Namespace, self: Any, target: Any, weight: Any, pos_weight: Any) -> Any:
    if pos_weight is None:
        slope = F.sigmoid(self) - target
    else:
        positive = pos_weight * target
        slope = (positive + 1 - target) * F.sigmoid(self) - positive
    return slope if weight is None else slope * weight


def _bce_logits_target(F: Namespace, self: Any, weight: Any, pos_weight: Any) -> Any:
    if pos_weight is None:
        slope = -self
    else:
        slope = F.logsigmoid(-self) - pos_weight * F.logsigmoid(self)
    return slope if weight is None else slope * weight


def _broadcast_count(*values: Any) -> int:
    return count_of(broadcast_shape([tuple(v.shape) for v in values if v is not None]))


def _check_logits(self: Any, target: Any, weight: Any, pos_weight: Any, reduction: str) -> None:
    not_differentiable("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    if target.dtype.category < dtypes.FLOATING <= self.dtype.category:
        raise RuntimeError(
            f"result type {self.dtype.scalar_name} can't be cast to the desired output type "
            f"{target.dtype.scalar_name}"
        )
    if self.dtype.category < dtypes.FLOATING:
        raise dtypes.unsupported("log_sigmoid_cpu", self.dtype)
    real_only("log_sigmoid_cpu", self)


op(
    "_binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, "
    "Tensor? pos_weight=None, str reduction='mean')",
    kernel=_bce_logits,
    vjp={
        "self": lambda F, g, self, target, weight, pos_weight, reduction: shared(
            F,
            _bce_logits_slope(F, self, target, weight, pos_weight),
            g,
            reduction,
            _broadcast_count(self, target, weight, pos_weight),
        ),
        "target": lambda F, g, self, weight, pos_weight, reduction: shared(
            F,
            _bce_logits_target(F, self, weight, pos_weight),
            g,
            reduction,
            _broadcast_count(self, weight, pos_weight),
        ),
    },
    jvp={
        "self": lambda F, t, self, target, weight, pos_weight, reduction: reduced(
            F, _bce_logits_slope(F, self, target, weight, pos_weight) * t, reduction
        ),
        "target": lambda F, t, self, weight, pos_weight, reduction: reduced(
            F, _bce_logits_target(F, self, weight, pos_weight) * t, reduction
        ),
    },
    promote="number",
    result=lambda self, target, *rest: target.dtype,
    check=_check_logits,
    node="BinaryCrossEntropyWithLogitsBackward0",
    where=(),
    doc="The binary cross entropy of logits.",
    samples=lambda S: [
        S(S.normal(3), S.uniform(0, 1, 3)),
        S.edge(
            S.normal(2, 3), S.uniform(0, 1, 2, 3), S.uniform(1, 2, 3), S.uniform(1, 2, 3), "sum"
        ),
    ],
)


def _with_logits(
    F: Namespace,
    input: Any,
    target: Any,
    weight: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    pos_weight: Any,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(
            f"Target size ({size_of(target)}) must be the same as input size ({size_of(input)})"
        )
    if transforms_run():
        _check_logits(input, target, weight, pos_weight, reduction)
        return _logits_in_transforms(F, input, target, weight, pos_weight, reduction)
    return F._binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


def _logits_in_transforms(
    F: Namespace, input: Any, target: Any, weight: Any, pos_weight: Any, reduction: str
) -> Any:
    """The loss by the operations that PyTorch takes inside function transforms."""
    high = F.clamp_min(F.neg(input), 0)
    log = F.log(F.exp(F.neg(high)) + F.exp(F.neg(input) - high))
    if pos_weight is None:
        loss = (1 - target) * input + high + log
    else:
        loss = (1 - target) * input + ((pos_weight - 1) * target + 1) * (log + high)
    if weight is not None:
        loss = loss * weight
    return reduced(F, loss, reduction)


op(
    "binary_cross_entropy_with_logits_F(Tensor input, Tensor target, Tensor? weight=None, "
    "bool? size_average=None, bool? reduce=None, str reduction='mean', Tensor? pos_weight=None)",
    name="binary_cross_entropy_with_logits",
    composite=_with_logits,
    where=("F",),
    prelude="F",
    written="F",
    doc="The binary cross entropy of logits, with weights for elements and for positives.",
    samples=lambda S: [
        S(S.normal(3), S.uniform(0, 1, 3)),
        S(S.normal(3), S.uniform(0, 1, 3), reduction="sum", pos_weight=S.uniform(1, 2, 3)),
        S(S.normal(2, 3), S.uniform(0, 1, 2, 3), S.uniform(1, 2, 3), reduction="none"),
    ],
)


# --- divergences and likelihoods --------------------------------------------------------------


def _kl_div(
    F: Namespace,
    input: Any,
    target: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    log_target: bool,
) -> Any:
    if size_average is not None or reduce is not None:
        reduction = reduction_of(reduction, size_average, reduce)
    elif reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support "
            "size.'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next major "
            "release.",
            UserWarning,
            stacklevel=2,
        )
    if is_complex(input) or is_complex(target):
        raise RuntimeError("kl_div: Complex inputs not supported.")
    if isinstance(input.dtype, dtypes.DType) and not (
        input.dtype.differentiable and target.dtype.differentiable
    ):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    by_batch = reduction == "batchmean"
    reduction = "sum" if by_batch else reduction_of(reduction)
    if log_target:
        values = F.mul(F.exp(target), F.sub(target, input))
    else:
        values = F.sub(F.xlogy(target, target), F.mul(target, input))
    result = reduced(F, values, reduction)
    return F.div(result, input.shape[0]) if by_batch and ndim(input) else result


op(
    "kl_div(Tensor input, Tensor target, bool? size_average=None, bool? reduce=None, "
    "str reduction='mean', bool log_target=False)",
    composite=_kl_div,
    where=("F",),
    written="F",
    prelude="F",
    doc="The Kullback-Leibler divergence of log-probabilities from a target distribution.",
    samples=lambda S: [
        S(S.normal(2, 3), S.uniform(0.1, 1, 2, 3), reduction="batchmean"),
        S(S.normal(2, 3), S.uniform(0.1, 1, 2, 3), reduction="sum"),
        S(S.normal(2, 3), S.normal(2, 3), reduction="none", log_target=True),
    ],
)
op(
    "_full_as(Tensor self, float value)",
    kernel=lambda self, value: np.full(self.shape, value, self.dtype)[()],
    where=(),
    doc="A tensor like `self` filled with a number.",
    samples=lambda S: [S(S.normal(2, 3), 0.5)],
)
op(
    "_variance_at_least(Tensor self, float eps)",
    kernel=lambda self, eps: np.maximum(self, self.dtype.type(eps)),
    vjp={"self": lambda F, g: g},
    jvp={"self": lambda F, t: t},
    node="CloneBackward0",
    where=(),
    doc="A variance no smaller than `eps`; the bound does not count in derivatives.",
    samples=lambda S: [S(S.uniform(1, 2, 3), 1e-6)],
)


def _gaussian_nll(
    F: Namespace, input: Any, target: Any, var: Any, full: bool, eps: float, reduction: str
) -> Any:
    if not isinstance(var, int | float) and not hasattr(var, "shape"):
        raise TypeError(f"'<' not supported between instances of '{type_name(var)}' and 'int'")
    if isinstance(var, int | float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = F._full_as(input, float(var))
    elif tuple(var.shape) != tuple(input.shape):
        if tuple(input.shape[:-1]) == tuple(var.shape):
            var = F.unsqueeze(var, -1)
        elif not (tuple(input.shape[:-1]) == tuple(var.shape[:-1]) and var.shape[-1] == 1) and not (
            var.ndim == input.ndim
            and sum(a != b for a, b in zip(input.shape, var.shape, strict=True)) == 1
            and 1 in var.shape
        ):
            raise ValueError("var is of incorrect size")
    if reduction not in REDUCTIONS:
        raise ValueError(f"{reduction} is not valid")
    if type(var) is Tensor:
        real_only("lt_cpu", var)
    values = var.array if type(var) is Tensor else var
    if bool(np.any(values < 0)):
        raise ValueError("var has negative entry/entries")
    var = F._variance_at_least(var, eps)
    squares = F.pow(F.sub(input, target), 2)
    loss = F.mul(F.add(F.log(var), F.div(squares, var)), 0.5)
    if full:
        loss = F.add(loss, 0.5 * math.log(2 * math.pi))
    return reduced(F, loss, reduction)


op(
    "gaussian_nll_loss(Tensor input, Tensor target, any var, bool full=False, float eps=1e-06, "
    "str reduction='mean')",
    composite=_gaussian_nll,
    where=("F",),
    written="F",
    doc="The negative log-likelihood of a normal distribution.",
    samples=lambda S: [
        S(S.normal(3), S.normal(3), S.uniform(1, 2, 3)),
        S(S.normal(2, 3), S.normal(2, 3), S.uniform(1, 2, 2), full=True, reduction="sum"),
    ],
)


def _poisson_nll(
    F: Namespace,
    input: Any,
    target: Any,
    log_input: bool,
    full: bool,
    size_average: Any,
    eps: float,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = reduction_of(reduction, size_average, reduce)
    if log_input:
        loss = F.sub(F.exp(input), F.mul(target, input))
    else:
        loss = F.sub(input, F.mul(target, F.log(F._add_scalar(input, eps))))
    if full:
        stirling = F.add(
            F.sub(F.mul(target, F.log(target)), target),
            F.mul(F.log(F.mul(target, 2 * math.pi)), 0.5),
        )
        loss = F.add(loss, F.masked_fill(stirling, F.le(target, 1), 0))
    return reduced(F, loss, reduction)


op(
    "poisson_nll_loss(Tensor input, Tensor target, bool log_input=True, bool full=False, "
    "bool? size_average=None, float eps=1e-08, bool? reduce=None, str reduction='mean')",
    composite=_poisson_nll,
    where=("F",),
    written="F",
    doc="The negative log-likelihood of a Poisson distribution.",
    samples=lambda S: [
        S(S.normal(3), S.uniform(1.5, 3, 3)),
        S(S.uniform(1, 2, 3), S.uniform(1.5, 3, 3), log_input=False, full=True),
    ],
)

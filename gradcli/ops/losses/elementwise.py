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
from ...kernels.sums import add_up
from ...table.call.arguments import type_name
from ...table.dtype_rules import is_complex, not_differentiable, real_only
from ...table.entry import op
from ...table.shape_rules import broadcast_shape, ndim, wrap_own_dim
from ...tensor import dtypes
from ...tensor.dtypes import FROM_ARRAY
from ...tensor.tensor import Size, Tensor, shape_of

_REDUCTIONS = ("none", "mean", "sum")


def _reduction(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction, also from the deprecated pair of booleans."""
    if size_average is not None or reduce is not None:
        average = size_average is None or size_average
        chosen = "none" if reduce is False else "mean" if average else "sum"
        warnings.warn(
            "size_average and reduce args will be deprecated, please use reduction="
            f"'{chosen}' instead.",
            UserWarning,
            stacklevel=2,
        )
        return chosen
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _reduced(values: Any, reduction: str) -> Any:
    if reduction == "none":
        return values
    total = add_up(values, tuple(range(values.ndim)))
    if reduction == "sum":
        return total
    return total / total.dtype.type(values.size) if values.size else total.dtype.type(math.nan)


def _reduce(F: Any, values: Any, reduction: str) -> Any:
    if reduction == "mean":
        return F.mean(values)
    return F.sum(values) if reduction == "sum" else values


def _share(F: Any, g: Any, reduction: str, count: int) -> Any:
    """The cotangent of each element's loss from that of the reduced loss."""
    return g / count if reduction == "mean" else g


def _shared(F: Any, slope: Any, g: Any, reduction: str, count: int) -> Any:
    """The gradient of elements with these slopes; the last step is a division, as in PyTorch.

    On bare arrays the one number is divided, which saves a pass over the elements.
    """
    if F.is_traced:
        return _share(F, slope * g, reduction, count)
    return slope * _share(F, g, reduction, count)


def _count(shape: Any) -> int:
    return math.prod(shape)


def _size(tensor: Any) -> Size:
    return Size(shape_of(tensor) if type(tensor) is Tensor else tensor.shape)


def _warn_sizes(input: Any, target: Any) -> None:
    if tuple(input.shape) != tuple(target.shape):
        warnings.warn(
            f"Using a target size ({_size(target)}) that is different to the input size "
            f"({_size(input)}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            UserWarning,
            stacklevel=2,
        )


def _together(F: Any, input: Any, target: Any) -> tuple[Any, Any]:
    """Both expanded to one shape; nothing is recorded for a tensor that has it already."""
    shape = broadcast_shape((tuple(input.shape), tuple(target.shape)))
    target = _as_floating(F, input, target)
    if tuple(input.shape) != shape:
        input = F.expand(input, shape)
    if tuple(target.shape) != shape:
        target = F.expand(target, shape)
    return input, target


def _as_floating(F: Any, input: Any, target: Any) -> Any:
    """An integer target in the dtype of a floating input."""
    if type(target) is Tensor and target.dtype.category < dtypes.FLOATING <= input.dtype.category:
        return F._to_copy(target, input.dtype)
    return target


def _refuse_integers(kernel: str) -> Any:
    def check(input: Any, target: Any, *rest: Any) -> None:
        real_only(kernel, input, target)

    return check


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
            return _reduced(value(self - target, c), reduction)
        total = summed(lambda a, b: value(a - b, c), self, target)
        count = _count(np.broadcast_shapes(self.shape, target.shape))
        return total / total.dtype.type(count) if reduction == "mean" else total

    def vjp_self(F: Any, g: Any, self: Any, target: Any, reduction: str, c: float) -> Any:
        if one_dtype and self.dtype != target.dtype:
            found, wanted = (FROM_ARRAY.get(x.dtype, x.dtype) for x in (target, self))
            raise RuntimeError(f"Found dtype {found.scalar_name} but expected {wanted.scalar_name}")
        d = F.sub(self, target)
        return slope(F, d, c) * _share(F, g, reduction, _count(d.shape))

    def vjp_target(F: Any, g: Any, self: Any, target: Any, reduction: str, c: float) -> Any:
        return vjp_self(F, g, target, self, reduction, c)

    def jvp_self(F: Any, t: Any, self: Any, target: Any, reduction: str, c: float) -> Any:
        return _reduce(F, slope(F, F.sub(self, target), c) * t, reduction)

    def jvp_target(F: Any, t: Any, self: Any, target: Any, reduction: str, c: float) -> Any:
        return jvp_self(F, t, target, self, reduction, c)

    check_dtype = _refuse_integers(kernel)

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


def _weighted(F: Any, values: Any, weight: Any, reduction: str, by_weight: bool) -> Any:
    values = F.mul(values, weight)
    if reduction == "mean" and by_weight:
        return F.div(F.sum(values), F.sum(weight))
    return _reduce(F, values, reduction)


def _check_weight(input: Any, weight: Any) -> None:
    if tuple(weight.shape) != tuple(input.shape):
        raise ValueError("Weights and input must have the same size.")


def _mse_loss(
    F: Any,
    input: Any,
    target: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    weight: Any,
) -> Any:
    _warn_sizes(input, target)
    reduction = _reduction(reduction, size_average, reduce)
    input, target = _together(F, input, target)
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
    F: Any,
    input: Any,
    target: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    weight: Any,
) -> Any:
    _warn_sizes(input, target)
    reduction = _reduction(reduction, size_average, reduce)
    input, target = _together(F, input, target)
    values = F.abs(F.sub(input, target))
    if weight is not None:
        _check_weight(input, weight)
        return _weighted(F, values, weight, reduction, True)
    return _reduce(F, values, reduction)


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
    F: Any,
    input: Any,
    target: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    beta: float,
) -> Any:
    _warn_sizes(input, target)
    reduction = _reduction(reduction, size_average, reduce)
    input, target = _together(F, input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return _reduce(F, F.abs(F.sub(input, target)), reduction)
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


def _huber_loss(F: Any, input: Any, target: Any, reduction: str, delta: float, weight: Any) -> Any:
    _warn_sizes(input, target)
    reduction = _reduction(reduction)
    input, target = _together(F, input, target)
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
    return _reduced(values if weight is None else values * weight, reduction)


def _check_bce(self: Any, target: Any, weight: Any, reduction: str) -> None:
    not_differentiable("binary_cross_entropy", weight=weight)
    if target.dtype is not self.dtype:
        raise RuntimeError(
            f"Found dtype {target.dtype.scalar_name} but expected {self.dtype.scalar_name}"
        )
    real_only("binary_cross_entropy", self)
    values = self.array
    if not bool(np.all((values >= 0) & (values <= 1))):
        raise RuntimeError("all elements of input should be between 0 and 1")


def _bce_slope(F: Any, self: Any, target: Any, weight: Any) -> Any:
    slope = (self - target) / F.clamp_min((1 - self) * self, 1e-12)
    return slope if weight is None else slope * weight


def _bce_target_slope(F: Any, self: Any, weight: Any) -> Any:
    slope = F.clamp_min(F.log1p(-self), -100) - F.clamp_min(F.log(self), -100)
    return slope if weight is None else slope * weight


op(
    "_binary_cross_entropy(Tensor self, Tensor target, Tensor? weight, str reduction)",
    kernel=_bce,
    fused={"self": "BinaryCrossEntropyBackwardBackward0 g self target"},
    vjp={
        "self": lambda F, g, self, target, weight, reduction: (
            _bce_slope(F, self, target, weight) * _share(F, g, reduction, _count(self.shape))
        ),
        "target": lambda F, g, self, weight, reduction, target_shape: _shared(
            F, _bce_target_slope(F, self, weight), g, reduction, _count(target_shape)
        ),
    },
    jvp={
        "self": lambda F, t, self, target, weight, reduction: _reduce(
            F, _bce_slope(F, self, target, weight) * t, reduction
        ),
        "target": lambda F, t, self, weight, reduction: _reduce(
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
    F: Any,
    input: Any,
    target: Any,
    weight: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = _reduction(reduction, size_average, reduce)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(
            f"Using a target size ({_size(target)}) that is different to the input size "
            f"({_size(input)}) is deprecated. Please ensure they have the same size."
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


def _softplus_negative(x: Any) -> Any:
    """log(1 + exp(-x)) without overflow."""
    return np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))


def _bce_logits(self: Any, target: Any, weight: Any, pos_weight: Any, reduction: str) -> Any:
    log_sigmoid = -_softplus_negative(self)
    if pos_weight is None:
        values = (1 - target) * self - log_sigmoid
    else:
        values = (1 - target) * self - ((pos_weight - 1) * target + 1) * log_sigmoid
    return _reduced(values if weight is None else values * weight, reduction)


def _bce_logits_slope(F: Any, self: Any, target: Any, weight: Any, pos_weight: Any) -> Any:
    if pos_weight is None:
        slope = F.sigmoid(self) - target
    else:
        positive = pos_weight * target
        slope = (positive + 1 - target) * F.sigmoid(self) - positive
    return slope if weight is None else slope * weight


def _bce_logits_target(F: Any, self: Any, weight: Any, pos_weight: Any) -> Any:
    if pos_weight is None:
        slope = -self
    else:
        slope = F.logsigmoid(-self) - pos_weight * F.logsigmoid(self)
    return slope if weight is None else slope * weight


def _broadcast_count(*values: Any) -> int:
    return _count(broadcast_shape([tuple(v.shape) for v in values if v is not None]))


def _check_logits(self: Any, target: Any, weight: Any, pos_weight: Any, reduction: str) -> None:
    not_differentiable("binary_cross_entropy_with_logits", weight=weight, pos_weight=pos_weight)
    if target.dtype.category < dtypes.FLOATING <= self.dtype.category:
        raise RuntimeError(
            f"result type {self.dtype.scalar_name} can't be cast to the desired output type "
            f"{target.dtype.scalar_name}"
        )
    if self.dtype.category < dtypes.FLOATING:
        name = self.dtype.scalar_name
        raise NotImplementedError(f"\"log_sigmoid_cpu\" not implemented for '{name}'")
    real_only("log_sigmoid_cpu", self)


op(
    "_binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, "
    "Tensor? pos_weight=None, str reduction='mean')",
    kernel=_bce_logits,
    vjp={
        "self": lambda F, g, self, target, weight, pos_weight, reduction: _shared(
            F,
            _bce_logits_slope(F, self, target, weight, pos_weight),
            g,
            reduction,
            _broadcast_count(self, target, weight, pos_weight),
        ),
        "target": lambda F, g, self, weight, pos_weight, reduction: _shared(
            F,
            _bce_logits_target(F, self, weight, pos_weight),
            g,
            reduction,
            _broadcast_count(self, weight, pos_weight),
        ),
    },
    jvp={
        "self": lambda F, t, self, target, weight, pos_weight, reduction: _reduce(
            F, _bce_logits_slope(F, self, target, weight, pos_weight) * t, reduction
        ),
        "target": lambda F, t, self, weight, pos_weight, reduction: _reduce(
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
    F: Any,
    input: Any,
    target: Any,
    weight: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    pos_weight: Any,
) -> Any:
    reduction = _reduction(reduction, size_average, reduce)
    if tuple(target.shape) != tuple(input.shape):
        raise ValueError(
            f"Target size ({_size(target)}) must be the same as input size ({_size(input)})"
        )
    return F._binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction)


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
    F: Any,
    input: Any,
    target: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
    log_target: bool,
) -> Any:
    if size_average is not None or reduce is not None:
        reduction = _reduction(reduction, size_average, reduce)
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
    by_batch = reduction == "batchmean"
    reduction = "sum" if by_batch else _reduction(reduction)
    if log_target:
        values = F.mul(F.exp(target), F.sub(target, input))
    else:
        values = F.sub(F.xlogy(target, target), F.mul(target, input))
    result = _reduce(F, values, reduction)
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
    F: Any, input: Any, target: Any, var: Any, full: bool, eps: float, reduction: str
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
    if reduction not in _REDUCTIONS:
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
    return _reduce(F, loss, reduction)


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
    F: Any,
    input: Any,
    target: Any,
    log_input: bool,
    full: bool,
    size_average: Any,
    eps: float,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = _reduction(reduction, size_average, reduce)
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
    return _reduce(F, loss, reduction)


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


# --- margins ----------------------------------------------------------------------------------


def _margin_ranking(
    F: Any,
    input1: Any,
    input2: Any,
    target: Any,
    margin: float,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = _reduction(reduction, size_average, reduce)
    if not ndim(input1) == ndim(input2) == ndim(target):
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {_size(input1)}, input2: {_size(input2)}, target: {_size(target)} "
        )
    product = F.mul(F.neg(target), F.sub(input1, input2))
    return _reduce(F, F.clamp_min(F._add_scalar(product, margin), 0), reduction)


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
    F: Any,
    input: Any,
    target: Any,
    margin: float,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = _reduction(reduction, size_average, reduce)
    zero = F.zeros_like_shape(input, tuple(input.shape))
    far = F.clamp_min(F.sub(margin, input), 0)
    total = F.add(
        F.where(F.ne(target, 1), far, zero),
        F.where(F.ne(target, -1), input, zero),
    )
    return _reduce(F, total, reduction)


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
    return _reduced(_softplus_negative(self * target), reduction)


op(
    "_soft_margin_loss(Tensor self, Tensor target, str reduction)",
    kernel=_soft_margin_values,
    fused={"self": "SoftMarginLossBackwardBackward0 g self target"},
    vjp={
        "self": lambda F, g, self, target, reduction: (
            -target * F.sigmoid(-target * self) * _share(F, g, reduction, _count(self.shape))
        )
    },
    jvp={
        "self": lambda F, t, self, target, reduction: _reduce(
            F, -target * F.sigmoid(-target * self) * t, reduction
        )
    },
    promote="number",
    node="SoftMarginLossBackward0",
    where=(),
    doc="The kernel of `soft_margin_loss`.",
    samples=lambda S: [
        S.edge(S.normal(3), S.tensor([1.0, -1.0, 1.0]), "mean"),
        S.edge(S.normal(2, 3), S.tensor([1.0, -1.0, 1.0]), "none"),
    ],
)


def _soft_margin(
    F: Any, input: Any, target: Any, size_average: Any, reduce: Any, reduction: str
) -> Any:
    reduction = _reduction(reduction, size_average, reduce)
    not_differentiable("soft_margin_loss", target=target)
    return F._soft_margin_loss(input, _as_floating(F, input, target), reduction)


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
    F: Any,
    input: Any,
    target: Any,
    weight: Any,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = _reduction(reduction, size_average, reduce)
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
    return _reduce(F, loss, reduction)


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


def _triplet(
    F: Any,
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
    reduction = _reduction(reduction, size_average, reduce)
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
    return _reduce(F, F.clamp_min(F.sub(F._add_scalar(near, margin), far), 0), reduction)


op(
    "triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1.0, "
    "float p=2, float eps=1e-06, bool swap=False, bool? size_average=None, bool? reduce=None, "
    "str reduction='mean')",
    composite=_triplet,
    where=("F",),
    written="F",
    doc="The hinge on how much nearer the positive is to the anchor than the negative.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3), swap=True, p=1.0, reduction="sum"),
    ],
)


def _cosine(F: Any, input1: Any, input2: Any) -> Any:
    """The cosine along the last dimension as the embedding loss computes it."""
    last = (max(ndim(input1), ndim(input2)) - 1,)
    product = F.sum_dim(F.mul(input1, input2), last)
    one = F._add_scalar(F.sum_dim(F.mul(input1, input1), last), 1e-12)
    two = F._add_scalar(F.sum_dim(F.mul(input2, input2), last), 1e-12)
    return F.div(product, F.sqrt(F.mul(one, two)))


def _cosine_embedding(
    F: Any,
    input1: Any,
    input2: Any,
    target: Any,
    margin: float,
    size_average: Any,
    reduce: Any,
    reduction: str,
) -> Any:
    reduction = _reduction(reduction, size_average, reduce)
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
    return _reduce(F, F.add(near, far), reduction)


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

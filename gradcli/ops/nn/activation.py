"""Activation functions of neural networks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.blocks import either, select
from ...kernels.limits import limited
from ...kernels.multiply_add import multiply_add
from ...kernels.special.single import rounded_once
from ...table.call.python_data import real_number
from ...table.dtype_rules import real_gradients, supports
from ...table.entry import ELEMENTWISE, op
from ...table.lookup import get_op
from ...table.out_rules import FOUND, Rule
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim
from ...tensor.dtypes import FLOATING, INTEGER, DType, fixed_width_name

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
_NO_COMPLEX_CLAMP = NotImplementedError("clamp is not supported for complex types")


def _only_floats(kernel: str) -> supports:
    return supports(complex=kernel, integer=kernel, boolean=kernel)


def in_place_or_not(identifier: str, F: Namespace, inplace: bool, *args: Any) -> Any:
    """Call an entry, or its in-place twin as `inplace=True` asks for."""
    if inplace:
        from ...table.memory.inplace import run_inplace

        return run_inplace(get_op(identifier), get_op(identifier).bind(*args))
    return getattr(F, identifier)(*args)


def _away_from_kinks(S: Any) -> Any:
    return [
        S(S.distinct(2, 3)),
        S(S.distinct()),
        S(S.normal(0, 2)),
        S(S.distinct(5, 2)),
        *S.kinks(),
    ]


def _in_functional(
    name: str,
    doc: str,
    samples: Any,
    kernel: str = "",
    settings: tuple[float, ...] = (),
    prelude: str = "torch",
) -> None:
    """The function of torch.nn.functional over an entry, with `inplace`."""
    op(
        f"{name}_F(Tensor self, bool inplace=False)",
        name=name,
        composite=lambda F, self, inplace: in_place_or_not(
            kernel or name, F, inplace, self, *settings
        ),
        where=("F",),
        prelude=prelude,
        written="F",
        doc=doc,
        samples=samples,
    )


# --- rectifiers

op(
    "threshold_backward(Tensor grad_output, Tensor self, Scalar threshold)",
    kernel=lambda grad_output, self, threshold: select(self <= threshold, 0, grad_output),
    vjp={
        "grad_output": lambda F, g, self, threshold: F.threshold_backward(g, self, threshold),
        "self": lambda F, g: F.zeros_like_shape(g, g.shape),
    },
    jvp={
        "grad_output": lambda F, t, self, threshold: F.threshold_backward(t, self, threshold),
        "self": lambda F, t: F.zeros_like_shape(t, t.shape),
    },
    promote="number",
    batching=ELEMENTWISE,
    where=(),
    doc="The cotangent of a rectifier's input: zero up to the threshold.",
    samples=lambda S: [
        S(S.distinct(2, 3), S.distinct(2, 3), 0.0),
        S(S.distinct(), S.distinct(), 0.0),
    ],
)

op(
    "relu(Tensor self)",
    kernel=lambda self: limited(self, 0, None),
    vjp={"self": lambda F, g, out: F.threshold_backward(g, out, 0)},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    where=("torch", "Tensor", "F"),
    check=supports(
        complex=_NO_COMPLEX_CLAMP, boolean=RuntimeError("Boolean inputs not supported for relu")
    ),
    doc="Zero for negative elements; its derivative at zero is zero.",
    samples=lambda S: [*_away_from_kinks(S), S(S.integers(-3, 3, 3))],
)
_in_functional(
    "relu", "Zero for negative elements; its derivative at zero is zero.", _away_from_kinks
)


def _limit(self: Any, value: Any) -> Any:
    return real_number(value, "double" if self.dtype.differentiable else "int64_t")


def _check_limits(self: Any, min_val: Any, max_val: Any) -> None:
    supports(
        complex=_NO_COMPLEX_CLAMP, boolean=RuntimeError("Bool inputs not supported for hardtanh")
    )(self)
    if not self.dtype.is_signed and min(_limit(self, min_val), _limit(self, max_val)) < 0:
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")


op(
    "hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1)",
    kernel=lambda self, min_val, max_val: limited(self, min_val, max_val),
    vjp={
        "self": lambda F, g, self, min_val, max_val: F.where(
            F.logical_or(F.le(self, min_val), F.ge(self, max_val)), 0, g
        )
    },
    fused={"self": "HardtanhBackwardBackward0 g self=0"},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=(),
    check=_check_limits,
    doc="Keeps elements between two limits; no gradient at the limits.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(2, 3), -0.3, 0.6)],
)


def _hardtanh(F: Namespace, self: Any, min_val: Any, max_val: Any, inplace: bool) -> Any:
    if min_val > max_val:  # in Python, as PyTorch's function does
        raise ValueError("min_val cannot be greater than max_val")
    limits = [
        float(value.real) if type(value) is np.complex64 else value for value in (min_val, max_val)
    ]
    if isinstance(self.dtype, DType) and self.dtype.category in (INTEGER, FLOATING):
        limits = [_limit(self, value) for value in limits]
    return in_place_or_not("hardtanh", F, inplace, self, *limits)


op(
    "hardtanh_F(Tensor self, Ordered min_val=-1.0, Ordered max_val=1.0, bool inplace=False)",
    name="hardtanh",
    composite=_hardtanh,
    where=("F",),
    inplace=True,
    prelude="F",
    written="F",
    doc="Keeps elements between two limits; no gradient at the limits.",
    samples=_away_from_kinks,
)
op(
    "relu6(Tensor self, bool inplace=False)",
    composite=lambda F, self, inplace: in_place_or_not("hardtanh", F, inplace, self, 0, 6),
    where=("F",),
    prelude="F",
    written="F",
    doc="Keeps elements between 0 and 6.",
    samples=lambda S: [*_away_from_kinks(S), S(S.uniform(5, 7, 4))],
)


def _leaky_relu(self: Any, negative_slope: Any, *, into: Any = None) -> Any:
    scaled = np.multiply(self, negative_slope, out=into)
    if 0 < negative_slope <= 1:
        return np.maximum(scaled, self, out=scaled if type(scaled) is np.ndarray else None)
    return select(self > 0, self, scaled)


def _leaky_relu_slope(
    F: Namespace, g: Any, self: Any, negative_slope: Any, *, into: Any = None
) -> Any:
    if F.is_traced or type(negative_slope) is not float or g.dtype != self.dtype:
        return F.where(F.gt(self, 0), g, g * negative_slope)
    factor = either(self > 0, 1.0, negative_slope, g.dtype, into)
    factor *= g
    return factor


op(
    "leaky_relu(Tensor self, Scalar negative_slope=0.01)",
    kernel=_leaky_relu,
    vjp={"self": _leaky_relu_slope},
    fused={"self": "LeakyReluBackwardBackward0 g self=0"},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=(),
    check=_only_floats("leaky_relu_cpu"),
    doc="Negative elements times a small slope.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(3), 0.2)],
)
op(
    "leaky_relu_F(Tensor self, Scalar negative_slope=0.01, bool inplace=False)",
    name="leaky_relu",
    composite=lambda F, self, negative_slope, inplace: in_place_or_not(
        "leaky_relu", F, inplace, self, negative_slope
    ),
    where=("F",),
    inplace=True,
    prelude="F",
    written="F",
    doc="Negative elements times a small slope.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(3), 0.2)],
)


def _threshold(self: Any, threshold: Any, value: Any) -> Any:
    chosen: Any = np.where(self <= threshold, value, self)
    return chosen[()].astype(self.dtype)


def _check_threshold(self: Any, threshold: Any, value: Any) -> None:
    supports(complex="threshold_cpu", boolean="threshold_cpu")(self)


op(
    "threshold(Tensor self, Scalar threshold, Scalar value)",
    kernel=_threshold,
    vjp={"self": lambda F, g, self, threshold: F.threshold_backward(g, self, threshold)},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=("torch",),
    check=_check_threshold,
    doc="`value` where elements are not greater than `threshold`.",
    samples=lambda S: [S(S.distinct(2, 3), 0.2, -1.5), S(S.distinct(), 0, 1)],
)
op(
    "threshold_F(Tensor self, Scalar threshold, Scalar value, bool inplace=False)",
    name="threshold",
    composite=lambda F, self, threshold, value, inplace: in_place_or_not(
        "threshold", F, inplace, self, threshold, value
    ),
    where=("F",),
    inplace=True,
    written="F",
    doc="`value` where elements are not greater than `threshold`.",
    samples=lambda S: [S(S.distinct(2, 3), 0.2, -1.5)],
)

# --- exponential units


def _elu(self: Any, alpha: Any, scale: Any, input_scale: Any, *, into: Any = None) -> Any:
    below = limited(self, None, 0)
    if input_scale != 1:
        below = below * input_scale
    height = alpha * scale
    negative = np.expm1(below, out=below if type(below) is np.ndarray else None)
    if height != 1:
        negative = negative * height
    if 1 <= height < math.inf and 0 < input_scale < math.inf and 0 < scale < math.inf:
        above = limited(self, 0, None)  # one of the two is zero, so that their sum is exact
        return np.add(negative, above if scale == 1 else above * scale, out=into)
    return select(self < 0, negative, self * scale).astype(self.dtype, copy=False)


def _elu_slope(
    F: Namespace,
    g: Any,
    self: Any,
    alpha: Any,
    scale: Any,
    input_scale: Any,
    *,
    into: Any = None,
) -> Any:
    if not F.is_traced and input_scale * alpha == 1 and scale == 1 and g.dtype == self.dtype:
        below = select(self < 0, self, 0)
        return np.multiply(g, F.exp(below if input_scale == 1 else below * input_scale), out=into)
    below = F.where(F.lt(self, 0), self, 0)  # constant at 0, as PyTorch's second derivative is
    factor = F.exp(below * input_scale) * (input_scale * alpha * scale)
    return F.where(F.le(self, 0), g * factor, g * scale)


op(
    "elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1)",
    kernel=_elu,
    fused={"self": "EluBackwardBackward0 g self"},
    vjp={"self": _elu_slope},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=(),
    check=_only_floats("elu_cpu"),
    doc="alpha * (exp(x) - 1) for negative elements.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(3), 0.7, 1.5, 2)],
)
op(
    "elu_F(Tensor self, Scalar alpha=1.0, bool inplace=False)",
    name="elu",
    composite=lambda F, self, alpha, inplace: in_place_or_not("elu", F, inplace, self, alpha),
    where=("F",),
    inplace=True,
    prelude="F",
    written="F",
    doc="alpha * (exp(x) - 1) for negative elements.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(3), 0.7)],
)
op(
    "selu(Tensor self)",
    composite=lambda F, self: F.elu(self, SELU_ALPHA, SELU_SCALE),
    where=("torch", "F"),
    inplace=True,
    doc="The exponential unit whose constants keep mean 0 and variance 1.",
    samples=_away_from_kinks,
)
_in_functional(
    "selu",
    "The exponential unit whose constants keep mean 0 and variance 1.",
    _away_from_kinks,
    kernel="elu",
    settings=(SELU_ALPHA, SELU_SCALE),
)


def _check_celu(self: Any, alpha: Any) -> None:
    if real_number(alpha) == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    _only_floats("elu_cpu")(self)


op(
    "celu(Tensor self, Scalar alpha=1.0)",
    kernel=lambda self, alpha: _elu(self, alpha, 1, 1 / alpha),
    fused={"self": "EluBackwardBackward0 g self"},
    vjp={  # the gradient takes `alpha` as a float, whatever the dtype
        "self": lambda F, g, self, alpha: _elu_slope(
            F, g, self, alpha, 1, 1 / float(np.float32(alpha))
        )
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=("torch", "F"),
    check=_check_celu,
    doc="alpha * (exp(x / alpha) - 1) for negative elements.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(3), 0.7)],
)
op(
    "celu_F(Tensor self, Scalar alpha=1.0, bool inplace=False)",
    name="celu",
    composite=lambda F, self, alpha, inplace: in_place_or_not("celu", F, inplace, self, alpha),
    where=("F",),
    written="F",
    doc="alpha * (exp(x / alpha) - 1) for negative elements.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(3), 0.7)],
)

# --- smooth units

_ROOT = math.sqrt(0.5)
_TANH_SCALE = math.sqrt(2 / math.pi)
_TANH_CUBE = 0.044715


# atanh(erf(x / √2)) / x as a polynomial of x² up to 30.9, fitted by reweighted least squares.
_QUICK = (
    1.7562152143098033e-09,
    -1.3226478756678262e-07,
    3.964760708186077e-06,
    -5.5306274589383975e-05,
    -3.2594805816188455e-05,
    0.03633308410644531,
    0.7978849411010742,
)


def _error(x: Any, into: Any = None) -> Any:
    """erf(x / √2) for formulas that add 1: of float32 only to 1.4e-7, in few passes."""
    if x.dtype != np.float32:
        from ...kernels.special import erf

        return erf(x * _ROOT)
    if x.ndim == 0:
        return _error(x.reshape(1))[0]
    square = x * x
    value = np.multiply(
        square, _QUICK[0], out=into
    )  # beyond 30.9 it grows, so that the result is 1
    for coefficient in _QUICK[1:-1]:
        value += coefficient
        value *= square
    value += _QUICK[-1]
    value *= x
    return np.tanh(value, out=value)


def _gelu(self: Any, approximate: str, *, into: Any = None) -> Any:
    if approximate == "tanh":
        inner = _TANH_SCALE * (self + _TANH_CUBE * self * self * self)
        return 0.5 * self * (1 + np.tanh(inner))
    result = _error(self, into)
    if type(result) is not np.ndarray:
        return self * (0.5 * (1 + result))
    result += 1
    result *= 0.5
    result *= self
    return result


def _gelu_slope(F: Namespace, g: Any, self: Any, approximate: str, *, into: Any = None) -> Any:
    if approximate == "tanh":
        square = self * self
        wave = F.tanh((self + square * self * _TANH_CUBE) * _TANH_SCALE)
        inner = (square * (3 * _TANH_CUBE) + 1) * _TANH_SCALE
        slope = (wave + 1) * 0.5 + self * 0.5 * (1 - wave * wave) * inner
    elif F.is_traced or self.dtype.char != "f":
        density = F.exp(self * self * -0.5) * (1 / math.sqrt(2 * math.pi))
        error = F.erf(self * _ROOT) if F.is_traced else _error(self)
        slope = (error + 1) * 0.5 + self * density
    else:  # the same in as few passes and as little memory as there can be
        slope = _error(self, into)
        slope += 1
        slope *= 0.5
        density = self * self
        density *= -0.5 / math.log(2)
        density = np.exp2(density, out=density if type(density) is np.ndarray else None)
        density *= self
        density *= 1 / math.sqrt(2 * math.pi)
        slope += density
        return np.multiply(g, slope, out=into)
    return g * slope


def _check_gelu(self: Any, approximate: str) -> None:
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    _only_floats("GeluKernelImpl")(self)


op(
    "gelu(Tensor self, *, str approximate='none')",
    kernel=_gelu,
    fused={"self": "GeluBackwardBackward0 g self"},
    vjp={"self": _gelu_slope},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    where=("F",),
    check=_check_gelu,
    prelude="F",
    out=FOUND,
    doc="x times the normal distribution function at x, or its approximation by tanh.",
    samples=lambda S: [*S.each(-2, 2), S(S.normal(2, 3), approximate="tanh")],
)


def _silu(self: Any, *, into: Any = None) -> Any:
    below = np.negative(self, out=into)
    if below.dtype.char != "f":
        return self / (1 + np.exp(below))
    if type(below) is not np.ndarray:
        return self / (2 + np.expm1(below))
    np.expm1(below, out=below)  # quicker than exp, and nearer by a digit
    below += 2
    return np.divide(self, below, out=below)


def _silu_slope(F: Namespace, g: Any, self: Any, *, into: Any = None) -> Any:
    gate = F.sigmoid(self)
    if not F.is_traced and type(gate) is np.ndarray and gate.dtype.kind == "f":
        slope = np.subtract(1, gate, out=into)
        slope *= self
        slope += 1
        slope *= gate
        return np.multiply(g, slope, out=into)
    if F.is_traced:
        return g * gate * (self * F.sub(1.0, gate) + 1)
    return g * np.conj(gate * (self * (1 - gate) + 1))


def _check_silu(self: Any) -> None:
    supports(integer="silu_cpu", boolean="silu_cpu")(self)
    real_gradients("silu")(self)


op(
    "silu(Tensor self)",
    kernel=_silu,
    vjp={"self": _silu_slope},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=(),
    check=_check_silu,
    doc="x * sigmoid(x).",
    samples=lambda S: [] if S.dtype.is_complex else [*S.each(-2, 2), *S.kinks()],
)
_in_functional("silu", "x * sigmoid(x).", lambda S: [*S.each(-2, 2), *S.kinks()], prelude="F")


_EXP, _LOG1P, _TANH = (rounded_once(function) for function in (np.exp, np.log1p, np.tanh))


def _tanh_of_softplus(x: Any) -> Any:
    """In float32 as PyTorch rounds it, after each function."""
    if x.dtype == np.float32:
        return _TANH(_LOG1P(_EXP(x)))
    power = np.exp(np.minimum(x, 20))  # above, the result is 1
    power *= power + 2
    return power / (power + 2)


def _mish_slope(F: Namespace, g: Any, self: Any) -> Any:
    if F.is_traced:
        wave = F.tanh(F.log1p(F.exp(self)))
        return g * (wave + self * F.sigmoid(self) * F.sub(1.0, wave * wave))
    one = self.dtype.type(1)
    wave = _tanh_of_softplus(self)
    rest = multiply_add(one, -wave, wave)  # as PyTorch's kernel is contracted
    return g * multiply_add(wave, self * (one / (one + _EXP(-self))), rest)


def _mish(self: Any) -> Any:
    return self * _tanh_of_softplus(self)


op(
    "mish(Tensor self)",
    kernel=_mish,
    vjp={"self": _mish_slope},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=(),
    check=_only_floats("mish_cpu"),
    doc="x * tanh(softplus(x)).",
    samples=lambda S: [*S.each(-2, 2), *S.kinks()],
)
_in_functional(
    "mish", "x * tanh(softplus(x)).", lambda S: [*S.each(-2, 2), *S.kinks()], prelude="F"
)


def _softplus(self: Any, beta: Any, threshold: Any) -> Any:
    scaled = self if beta == 1 else self * beta
    smooth = np.exp(limited(scaled, None, threshold))
    smooth = np.log1p(smooth, out=smooth if type(smooth) is np.ndarray else None)
    if beta != 1:
        smooth /= beta
    return select(scaled > threshold, self, smooth).astype(self.dtype, copy=False)


_SATURATED = {"f": 17.4}  # from which on sigmoid is 1 in a dtype


def _softplus_slope(
    F: Namespace, g: Any, self: Any, beta: Any, threshold: Any, *, into: Any = None
) -> Any:
    scaled = self if beta == 1 and not F.is_traced else self * beta
    if not F.is_traced and threshold >= _SATURATED.get(self.dtype.char, math.inf):
        return np.multiply(g, F.sigmoid(scaled), out=into)
    return F.where(F.gt(scaled, threshold), g, g * F.sigmoid(scaled))


op(
    "softplus(Tensor self, Scalar beta=1, Scalar threshold=20)",
    kernel=_softplus,
    fused={"self": "SoftplusBackwardBackward0 g self"},
    vjp={"self": _softplus_slope},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    where=("F",),
    check=_only_floats("softplus_cpu"),
    prelude="F",
    out=FOUND,
    doc="log(1 + exp(beta * x)) / beta; x itself where beta * x is above the threshold.",
    samples=lambda S: [*S.each(-2, 2), S(S.normal(3), 2), S(S.tensor([0.3, 2.0, 5.0]), 1, 1)],
)


def _logsigmoid(self: Any) -> Any:
    result = np.minimum(self, 0) - np.log1p(np.exp(-np.abs(self)))
    return np.asarray(result, order="C")[()]


op(
    "logsigmoid(Tensor self)",
    kernel=_logsigmoid,
    fused={"self": "LogSigmoidBackwardBackward0 g self"},
    vjp={"self": lambda F, g, self: g * F.sigmoid(-self)},
    jvp=ELEMENTWISE,
    node="LogSigmoidBackward0",
    keeps_layout=True,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    where=("F",),
    check=_only_floats("log_sigmoid_cpu"),
    prelude="F",
    out=Rule("expected scalar type {result} but found {out}", resized=""),
    doc="The logarithm of sigmoid, without underflow.",
    samples=lambda S: [*S.each(-2, 2), *S.kinks()],
)
op(
    "softsign(Tensor self)",
    composite=lambda F, self: F.div(self, F.add(F.abs(self), 1)),
    where=("F",),
    prelude="F",
    written="F",
    doc="x / (1 + |x|).",
    samples=lambda S: S.each(0.3, 2),
)
op(
    "tanhshrink(Tensor self)",
    composite=lambda F, self: F.sub(self, F.tanh(self)),
    where=("F",),
    prelude="F",
    written="F",
    doc="x - tanh(x).",
    samples=lambda S: [*S.each(-2, 2), *S.kinks()],
)

# --- pieces


def _outside(F: Namespace, g: Any, self: Any, lambd: Any) -> Any:
    return F.where(F.logical_and(F.ge(self, -lambd), F.le(self, lambd)), 0, g)


def _check_lambda(self: Any, lambd: Any) -> None:
    supports(complex="softshrink_check", integer="softshrink_check", boolean="softshrink_check")(
        self
    )
    lambd = real_number(lambd)
    limit = float(np.finfo(self.dtype.array).max)
    if not 0 <= lambd <= limit:
        raise RuntimeError(
            f"lambda must be in range [0, {limit:g}] for input dtype {self.dtype.scalar_name}, "
            f"but found {lambd:g}"
        )


_HARDSHRINK = _only_floats("hardshrink_cpu")


def _check_hardshrink(self: Any, lambd: Any) -> None:
    _HARDSHRINK(self)
    real_number(lambd, fixed_width_name(self.dtype))


op(
    "hardshrink(Tensor self, Scalar lambd=0.5)",
    kernel=lambda self, lambd: select((self >= -lambd) & (self <= lambd), 0, self).astype(
        self.dtype
    ),
    vjp={"self": _outside},
    fused={"self": "HardshrinkBackwardBackward0 g self=0"},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    where=("torch", "Tensor", "F"),
    check=_check_hardshrink,
    out=FOUND,
    doc="Zero for elements of size `lambd` at most.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(2, 3), 0.2)],
)
op(
    "softshrink(Tensor self, Scalar lambd=0.5)",
    kernel=lambda self, lambd: np.where(
        self > lambd, self - lambd, np.where(self < -lambd, self + lambd, self * 0)
    )[()].astype(self.dtype),
    vjp={"self": _outside},
    fused={"self": "SoftshrinkBackwardBackward0 g self=0"},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    where=("F",),
    check=_check_lambda,
    out=FOUND,
    doc="Elements moved towards zero by `lambd`.",
    samples=lambda S: [*_away_from_kinks(S), S(S.distinct(2, 3), 0.2)],
)
_SIXTH = float(np.float32(1 / 6))  # PyTorch's constant is a float, for every dtype

op(
    "hardsigmoid(Tensor self)",
    kernel=lambda self: np.minimum(np.maximum(self + 3, 0), 6) / 6,
    fused={"self": "NotImplemented:hardsigmoid_backward g self"},
    vjp={
        "self": lambda F, g, self: F.where(
            F.logical_and(F.gt(self, -3), F.lt(self, 3)), g * _SIXTH, 0
        )
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=(),
    check=_only_floats("hardsigmoid_cpu"),
    doc="A sigmoid of straight lines, from -3 to 3.",
    samples=lambda S: [*_away_from_kinks(S), S(S.uniform(-5, 5, 8))],
)
_in_functional("hardsigmoid", "A sigmoid of straight lines, from -3 to 3.", _away_from_kinks)


def _hardswish_slope(F: Namespace, g: Any, self: Any) -> Any:
    middle = F.where(F.lt(self, 3), g * (self * (1 / 3) + 0.5), g)
    return F.where(F.le(self, -3), 0, middle)


op(
    "hardswish(Tensor self)",
    kernel=lambda self: self * np.minimum(np.maximum(self + 3, 0), 6) / 6,
    fused={"self": "HardswishBackwardBackward0 g self"},
    vjp={"self": _hardswish_slope},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    blocks=True,
    inplace=True,
    where=(),
    check=_only_floats("hardswish_cpu"),
    doc="x * hardsigmoid(x).",
    samples=lambda S: [*_away_from_kinks(S), S(S.uniform(-5, 5, 8))],
)
_in_functional("hardswish", "x * hardsigmoid(x).", _away_from_kinks)

# --- with weights and gates

op(
    "_prelu_kernel(Tensor self, Tensor weight)",
    name="prelu_kernel",
    numbers=False,
    kernel=lambda self, weight: select(self > 0, self, weight * self),
    vjp={
        "self": lambda F, g, self, weight: F.where(F.gt(self, 0), g, weight * g),
        "weight": lambda F, g, self: F.where(F.gt(self, 0), 0, self * g),
    },
    fused={
        "self": "PreluKernelBackwardBackward0 g self=0 weight",
        "weight": "PreluKernelBackwardBackward0 g self weight=0",
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    where=(),
    check=_only_floats("prelu_cpu"),
    doc="Negative elements times a weight.",
    samples=lambda S: [S(S.distinct(2, 3), S.uniform(0.1, 0.5, 1, 3))],
)


def _prelu(F: Namespace, self: Any, weight: Any) -> Any:
    if self.dtype != weight.dtype:
        raise RuntimeError(
            "prelu: Type promoting not supported. Got "
            f"{self.dtype.scalar_name} and {weight.dtype.scalar_name}"
        )
    count = 1
    for length in weight.shape:
        count *= length
    rank = len(self.shape)
    if count != 1:
        if rank == 0:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = self.shape[1] if rank > 1 else 1
        if channels != count:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{count} and channel size = {channels}."
            )
    if len(weight.shape) > 1:
        raise RuntimeError(
            "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = "
            f"{len(weight.shape)}"
        )
    if weight.shape != self.shape:
        shape = tuple(count if axis == 1 else 1 for axis in range(rank))
        weight = F.reshape(weight, shape)
    return F._prelu_kernel(self, weight)


op(
    "prelu(Tensor self, Tensor weight)",
    composite=_prelu,
    where=("torch", "Tensor", "F"),
    doc="Negative elements times a weight that is learnt, one for all or one a channel.",
    samples=lambda S: [
        S(S.distinct(2, 3), S.uniform(0.1, 0.5, 1)),
        S(S.distinct(2, 3), S.uniform(0.1, 0.5, 3)),
    ],
)


def _halves(self: Any, dim: int) -> Any:
    axis = wrap_dim(dim, self.ndim)
    half = self.shape[axis] // 2
    start = (slice(None),) * axis
    return self[(*start, slice(None, half))], self[(*start, slice(half, None))]


def _check_glu(self: Any, dim: int) -> None:
    shape = self.array.shape
    if not shape:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = wrap_dim(dim, len(shape))
    if shape[axis] % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {axis} is size {shape[axis]}"
        )
    _only_floats("glu_cpu")(self)


def _glu(self: Any, dim: int) -> Any:
    value, gate = _halves(self, dim)
    return value / (1 + np.exp(-gate))


def _glu_slope(F: Namespace, g: Any, self: Any, dim: int) -> Any:
    half = self.shape[dim] // 2
    value, gate = F.narrow(self, dim, 0, half), F.narrow(self, dim, half, half)
    weight = F.sigmoid(gate)
    return F.cat([g * weight, g * value * weight * (1 - weight)], dim)


def _glu_forward(F: Namespace, t: Any, self: Any, dim: int) -> Any:
    half = self.shape[dim] // 2
    value, gate = F.narrow(self, dim, 0, half), F.narrow(self, dim, half, half)
    weight = F.sigmoid(gate)
    first, second = F.narrow(t, dim, 0, half), F.narrow(t, dim, half, half)
    return first * weight + second * value * weight * (1 - weight)


op(
    "glu(Tensor self, Dim dim=-1)",
    kernel=_glu,
    fused={"self": "GluBackwardBackward0 g self"},
    vjp={"self": _glu_slope},
    jvp={"self": _glu_forward},
    batching="shift",
    keeps_layout=True,
    where=("F",),
    check=_check_glu,
    written="F",
    doc="One half of a dimension times the sigmoid of the other.",
    samples=lambda S: [S(S.normal(2, 4)), S(S.normal(4, 3), 0)],
)

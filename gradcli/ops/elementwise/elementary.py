"""Pointwise mathematics: exponentials, logarithms, trigonometry, rounding, limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.blocks import in_blocks
from ...kernels.constants import ONE, TWO
from ...kernels.limits import limited
from ...kernels.shortcuts import has_shortcuts
from ...kernels.special.single import rounded_once
from ...table.call.python_data import real_number
from ...table.dtype_rules import cleared, is_complex, refusing, supports, underivable
from ...table.entry import ELEMENTWISE, LINEAR, op
from ...table.out_rules import FOUND, Rule
from ...table.schema import Namespace
from ...tensor import dtypes

LN2 = math.log(2.0)
LN10 = math.log(10.0)


def _unary(
    name: str,
    kernel: Any,
    slope: Any,
    doc: str,
    low: float,
    high: float,
    *,
    aliases: Sequence[str] = (),
    check: Any = None,
    promote: str = "float",
    inplace: bool | str = True,
    written: str = "",
    where: Sequence[str] = ("torch", "Tensor"),
    node: str | None = None,
) -> None:
    """An elementwise function of one floating tensor with the vjp `slope(F, g, self or out)`."""
    op(
        f"{name}(Tensor self)",
        kernel=kernel,
        vjp={"self": slope},
        jvp=ELEMENTWISE,
        promote=promote,
        batching=ELEMENTWISE,
        blocks=type(kernel) is not np.ufunc and not has_shortcuts(kernel),
        inplace=inplace,
        written=written,
        aliases=tuple(aliases),
        check=check,
        where=tuple(where),
        node=node,
        doc=doc,
        samples=lambda S: [*S.each(low, high), *S.kinks()],
    )


# --- exponentials and logarithms


_EXP2 = rounded_once(np.exp2)


def _exp2(self: Any) -> Any:
    if self.dtype.kind != "c":
        return _EXP2(self)
    angle = self.imag * LN2  # by parts: infinity times a complex number would be NaN
    size = np.exp2(self.real)
    result = np.empty(np.shape(self), self.dtype)
    result.real = np.where(size == 0, 0, size * np.cos(angle))
    result.imag = np.where(size == 0, 0, size * np.sin(angle))
    return result[()]


_unary(
    "exp",
    rounded_once(np.exp),
    lambda F, g, out: g * F.conj(out),
    "e to the power of each element.",
    -2,
    2,
)
_unary(
    "exp2",
    _exp2,
    lambda F, g, out: g * F.conj(out) * LN2,
    "Two to the power of each element.",
    -2,
    2,
)
_unary(
    "expm1",
    rounded_once(np.expm1),
    lambda F, g, out: g * F.conj(out + 1),
    "exp(x) - 1, exact for small x.",
    -2,
    2,
)
_unary(
    "log",
    np.log,
    lambda F, g, self: g / F.conj(self),
    "The natural logarithm.",
    0.3,
    3,
)
_unary(
    "log2",
    rounded_once(np.log2),
    lambda F, g, self: g / F.conj(self * LN2),
    "The logarithm to base 2.",
    0.3,
    3,
)
_unary(
    "log10",
    rounded_once(np.log10),
    lambda F, g, self: g / F.conj(self * LN10),
    "The logarithm to base 10.",
    0.3,
    3,
)
_unary(
    "log1p",
    rounded_once(np.log1p),
    lambda F, g, self: g / F.conj(self + 1),
    "log(1 + x), exact for small x.",
    -0.5,
    2,
    node="Log1PBackward0",
)

# --- trigonometry

_unary("sin", np.sin, lambda F, g, self: g * F.conj(F.cos(self)), "The sine.", -3, 3)
_unary("cos", np.cos, lambda F, g, self: g * F.conj(-F.sin(self)), "The cosine.", -3, 3)
_unary("tan", np.tan, lambda F, g, out: g * F.conj(F.pow(out, 2) + 1), "The tangent.", -1.2, 1.2)
_unary(
    "asin",
    np.arcsin,
    lambda F, g, self: g * F.conj(F.rsqrt(-self * self + 1)),
    "The inverse sine.",
    -0.8,
    0.8,
    aliases=("arcsin",),
)
_unary(
    "acos",
    np.arccos,
    lambda F, g, self: g * F.conj(-F.rsqrt(-self * self + 1)),
    "The inverse cosine.",
    -0.8,
    0.8,
    aliases=("arccos",),
)
_unary(
    "atan",
    np.arctan,
    lambda F, g, self: g / F.conj(self * self + 1),
    "The inverse tangent.",
    -2,
    2,
    aliases=("arctan",),
)
_unary(
    "sinh",
    rounded_once(np.sinh),
    lambda F, g, self: g * F.conj(F.cosh(self)),
    "The hyperbolic sine.",
    -2,
    2,
)
_unary(
    "cosh",
    rounded_once(np.cosh),
    lambda F, g, self: g * F.conj(F.sinh(self)),
    "The hyperbolic cosine.",
    -2,
    2,
)
_unary(
    "asinh",
    np.arcsinh,
    lambda F, g, self: g * F.conj(F.rsqrt(F.pow(self, 2) + 1)),
    "The inverse hyperbolic sine.",
    -2,
    2,
    aliases=("arcsinh",),
)


def _acosh_slope(F: Namespace, g: Any, self: Any) -> Any:
    if is_complex(self):
        return g * F.conj(F.rsqrt(self - 1) * F.rsqrt(self + 1))
    return g * F.rsqrt(F.pow(self, 2) - 1)


_unary(
    "acosh",
    np.arccosh,
    _acosh_slope,
    "The inverse hyperbolic cosine.",
    1.3,
    3,
    aliases=("arccosh",),
)
_unary(
    "atanh",
    np.arctanh,
    lambda F, g, self: g / F.conj(F.sub(1.0, F.pow(self, 2))),
    "The inverse hyperbolic tangent.",
    -0.8,
    0.8,
    aliases=("arctanh",),
)


@in_blocks
def _from_output(grad: Any, output: Any, *, into: Any = None) -> Any:
    """`grad * (1 - output²)` with one temporary; the conjugate for complex values."""
    factor = np.multiply(output, output, out=into)
    if type(factor) is not np.ndarray:
        return grad * np.conj(1 - factor) if factor.dtype.kind == "c" else grad * (1 - factor)
    np.subtract(ONE[factor.dtype.char], factor, factor)
    if factor.dtype.kind == "c":
        np.conjugate(factor, out=factor)
    if grad.shape != factor.shape or grad.dtype != factor.dtype:
        return grad * factor
    factor *= grad
    return factor


@in_blocks
def _sigmoid_from_output(grad: Any, output: Any, *, into: Any = None) -> Any:
    """`grad * output * (1 - output)` with one temporary; the conjugate for complex values."""
    factor = np.subtract(ONE[output.dtype.char], output, into)
    if type(factor) is not np.ndarray:
        factor = factor * output
        return grad * (np.conj(factor) if factor.dtype.kind == "c" else factor)
    factor *= output
    if factor.dtype.kind == "c":
        np.conjugate(factor, out=factor)
    if grad.shape != factor.shape or grad.dtype != factor.dtype:
        return grad * factor
    factor *= grad
    return factor


def _sigmoid(self: Any, *, into: Any = None) -> Any:
    result = np.negative(self, out=into)
    single = result.dtype.char == "f"  # expm1 is quicker there than exp, and nearer by a digit
    exponential, rest = (np.expm1, TWO) if single else (np.exp, ONE)
    if type(result) is not np.ndarray or result.dtype.kind == "c":
        return 1 / ((2 if single else 1) + exponential(result))
    exponential(result, result)
    result += rest[result.dtype.char]
    return np.divide(ONE[result.dtype.char], result, result)


op(
    "tanh_backward(Tensor grad_output, Tensor output)",
    kernel=_from_output,
    vjp={
        "grad_output": lambda F, g, output: F.tanh_backward(g, F.conj(output)),
        "output": lambda F, g, grad_output, output: F.conj(g) * grad_output * F.conj(output * -2),
    },
    jvp={
        "grad_output": lambda F, t, output: t * F.conj(1 - output * output),
        "output": lambda F, t, grad_output, output: grad_output * F.conj(t * output * -2),
    },
    promote="number",
    batching=ELEMENTWISE,
    where=(),
    doc="The cotangent of tanh's input from that of its output.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(2, 3)), S(S.normal(), S.normal())],
)
op(
    "sigmoid_backward(Tensor grad_output, Tensor output)",
    kernel=_sigmoid_from_output,
    vjp={
        "grad_output": lambda F, g, output: F.sigmoid_backward(g, F.conj(output)),
        "output": lambda F, g, grad_output, output: (
            F.conj(g) * grad_output * F.conj(1 - output * 2)
        ),
    },
    jvp={
        "grad_output": lambda F, t, output: t * F.conj(output * (1 - output)),
        "output": lambda F, t, grad_output, output: grad_output * F.conj(t * (1 - output * 2)),
    },
    promote="number",
    batching=ELEMENTWISE,
    where=(),
    doc="The cotangent of sigmoid's input from that of its output.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(2, 3)), S(S.normal(), S.normal())],
)
_unary(
    "tanh",
    rounded_once(np.tanh),
    lambda F, g, out: F.tanh_backward(g, out),
    "The hyperbolic tangent.",
    -2,
    2,
    inplace="torch Tensor",
    written="F",
    where=("torch", "Tensor", "F"),
)
_unary(
    "sigmoid",
    _sigmoid,
    lambda F, g, out: F.sigmoid_backward(g, out),
    "The logistic function 1 / (1 + exp(-x)).",
    -2,
    2,
    inplace="torch Tensor",
    written="F",
    where=("torch", "Tensor", "F"),
)


def _logit(self: Any, eps: Any) -> Any:
    if eps is not None:
        self = np.clip(self, eps, 1 - eps)
    return np.log(self / (1 - self))


def _logit_slope(F: Namespace, g: Any, self: Any, eps: Any) -> Any:
    if F.is_traced:
        slope = g / (self * F.sub(1.0, self))
    else:
        slope = g / F.abs(self * (1 - self))  # infinite with the sign of `g` also at minus zero
    low, high = (0, 1) if eps is None else (eps, 1 - eps)
    beyond = math.nan if eps is None else 0
    if F.is_traced:
        return F.where(F.logical_and(F.ge(self, low), F.le(self, high)), slope, beyond)
    return F.where(F.logical_or(F.lt(self, low), F.gt(self, high)), beyond, slope)


op(
    "logit(Tensor self, float? eps=None)",
    kernel=_logit,
    vjp={"self": _logit_slope},
    jvp=ELEMENTWISE,
    promote="float",
    batching=ELEMENTWISE,
    inplace=True,
    where=("torch", "Tensor", "special"),
    check=supports(complex="logit_cpu"),
    doc="The inverse of sigmoid, log(x / (1 - x)); `eps` keeps x away from 0 and 1.",
    samples=lambda S: [
        *S.each(0.2, 0.8),
        S(S.uniform(0, 1, 6), 0.2),
        S(S.uniform(0, 1, 6), eps=0.3),
    ],
)


def _sinc(self: Any) -> Any:
    angle = self * math.pi
    return np.where(self == 0, 1, np.sin(angle) / angle)[()].astype(angle.dtype)


def _sinc_slope(F: Namespace, g: Any, self: Any) -> Any:
    angle = self * math.pi
    square = self * self * math.pi
    slope = (angle * F.cos(angle) - F.sin(angle)) / square
    return F.where(F.eq(square, 0), 0, g * F.conj(slope))


_unary("sinc", _sinc, _sinc_slope, "sin(πx) / (πx), one at zero.", 0.2, 2)
_NO_DEGREES = "is not supported for complex tensors."
op(
    "deg2rad(Tensor self)",
    node="Deg2RadBackward0",
    kernel=lambda self: self * (math.pi / 180),
    vjp={"self": lambda F, g: g * (math.pi / 180)},
    jvp=LINEAR,
    promote="float",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(complex=RuntimeError(f"deg2rad {_NO_DEGREES}")),
    doc="Degrees as radians.",
    samples=lambda S: S.each(-180, 180),
)
op(
    "rad2deg(Tensor self)",
    node="Rad2DegBackward0",
    kernel=lambda self: self * (180 / math.pi),
    vjp={"self": lambda F, g: g * (180 / math.pi)},
    jvp=LINEAR,
    promote="float",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(complex=RuntimeError(f"rad2deg {_NO_DEGREES}")),
    doc="Radians as degrees.",
    samples=lambda S: S.each(-3, 3),
)


# --- rounding


def _kept_integers(function: Any) -> Any:
    def kernel(self: Any) -> Any:
        return np.array(self)[()] if self.dtype.kind in "iu" else function(self)

    return kernel


for _name, _function, _doc in (
    ("floor", np.floor, "The largest integer that is not greater."),
    ("ceil", np.ceil, "The smallest integer that is not less."),
    ("trunc", np.trunc, "The integer part."),
):
    op(
        f"{_name}(Tensor self)",
        kernel=_kept_integers(_function),
        vjp={"self": lambda F, g: F._zeros(g)},
        jvp=ELEMENTWISE,
        promote="number",
        batching=ELEMENTWISE,
        inplace=True,
        aliases=("fix",) if _name == "trunc" else (),
        check=supports(
            complex=NotImplementedError(f"{_name} is not supported for complex inputs"),
            boolean=f"{_name}_vml_cpu",
        ),
        out=FOUND,
        doc=_doc,
        samples=lambda S: [S(S.distinct(2, 3)), S(S.distinct()), S(S.integers(-3, 3, 3))],
    )
op(
    "round(Tensor self)",
    kernel=_kept_integers(np.rint),
    vjp={"self": lambda F, g: F._zeros(g)},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(complex="round_vml_cpu", boolean="round_vml_cpu"),
    out=FOUND,
    doc="The nearest integer; halves go to the even one.",
    samples=lambda S: [S(S.distinct(2, 3)), S(S.tensor([0.3, 1.7])), S(S.integers(-3, 3, 3))],
)


def _round_decimals(self: Any, decimals: int) -> Any:
    if decimals == 0:
        return np.rint(self)
    power = float(np.float64(10) ** min(abs(decimals), 400))
    if decimals < 0:
        return np.rint(self / power) * power
    return np.rint(self * power) / power


def _check_decimals(self: Any, decimals: int) -> None:
    name = "round_cpu" if decimals else "round_vml_cpu"
    supports(complex=name, integer=name, boolean=name)(self)


op(
    "round_decimals(Tensor self, *, int decimals)",
    name="round",
    kernel=_round_decimals,
    vjp={"self": lambda F, g: F._zeros(g)},
    jvp=ELEMENTWISE,
    node="RoundBackward1",
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    check=_check_decimals,
    out=FOUND,
    doc="The nearest number with so many decimals; halves go to the even one.",
    samples=lambda S: [S(S.normal(3), decimals=2), S(S.uniform(100, 900, 3), decimals=-1)],
)
op(
    "frac(Tensor self)",
    kernel=lambda self: self - np.trunc(self),
    vjp={"self": lambda F, g: g},
    jvp={"self": lambda F, t: t},
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(complex="frac_cpu", integer="frac_cpu", boolean="frac_cpu"),
    out=FOUND,
    doc="What follows the point, with the sign of the element.",
    samples=lambda S: [S(S.distinct(2, 3)), S(S.distinct())],
)


# --- limits

_NO_COMPLEX_CLAMP = NotImplementedError("clamp is not supported for complex types")


def _check_clamp(self: Any, min: Any, max: Any) -> None:
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if self.dtype.is_floating_point:
        for value in (min, max):
            real_number(value)
    refusals = supports(complex=_NO_COMPLEX_CLAMP, numbers=True)
    refusals(self, min, max)
    if all(value is None or hasattr(value, "dtype") for value in (min, max)):
        supports(boolean="clamp_cpu")(self, min, max)


def _within(F: Namespace, g: Any, self: Any, min: Any, max: Any) -> Any:
    """`g` where `self` lies within the limits, which count as inside."""
    if max is None:
        return F.where(F.ge(self, min), g, 0)
    inside = F.le(self, max)
    if min is not None:
        inside = F.logical_and(F.ge(self, min), inside)
    return F.where(inside, g, 0)


def _clamp_min_slope(F: Namespace, g: Any, self: Any, min: Any, max: Any) -> Any:
    below = F.lt(self, min)
    if max is not None:
        below = F.logical_and(F.lt(min, max), below)
    return F.where(below, g, 0)


def _clamp_max_slope(F: Namespace, g: Any, self: Any, min: Any, max: Any) -> Any:
    above = F.gt(self, max)
    if min is not None:
        above = F.logical_or(above, F.lt(max, min))
    return F.where(above, g, 0)


op(
    "clamp(Tensor self, Number? min=None, Number? max=None)",
    kernel=lambda self, min, max: limited(self, min, max),
    vjp={"self": _within},
    jvp=ELEMENTWISE,
    node="ClampBackward1",
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    aliases=("clip",),
    check=_check_clamp,
    doc="Keeps elements between two numbers; the gradient passes at the limits.",
    samples=lambda S: [
        S(S.distinct(2, 3), -0.3, 0.6),
        S(S.distinct(3), min=0),
        *S.kinks(-1, 1),
        S(S.distinct(3), max=0.5),
        S(S.distinct(), -0.3),
        S(S.integers(-5, 5, 4), -1, 2),
    ],
)
op(
    "clamp_tensor(Tensor self, Tensor? min=None, Tensor? max=None)",
    name="clamp",
    numbers=False,
    kernel=lambda self, min, max: limited(self, min, max),
    vjp={"self": _within, "min": _clamp_min_slope, "max": _clamp_max_slope},
    jvp=ELEMENTWISE,
    node="ClampBackward0",
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    aliases=("clip",),
    check=_check_clamp,
    doc="Keeps elements between those of two tensors; the gradient passes at the limits.",
    samples=lambda S: [
        S(S.distinct(2, 3), S.uniform(-0.7, -0.5, 3), S.uniform(0.3, 0.5, 2, 1)),
        S(S.distinct(3), min=S.uniform(-0.2, 0.2, 3)),
        S(S.distinct(3), max=S.uniform(-0.2, 0.2, 2, 3)),
    ],
)
op(
    "clamp_mixed(Tensor self, Scalar? min=None, Scalar? max=None)",
    name="clamp",
    composite=lambda F, self, min, max: F.clamp(self, min, max),
    inplace=True,
    aliases=("clip",),
    doc="Keeps elements between a number and a tensor without dimensions that stands for one.",
    samples=lambda S: [S(S.distinct(2, 3), -0.3, 0.6)],
)
op(
    "clamp_min(Tensor self, Number min)",
    kernel=np.maximum,
    vjp={"self": lambda F, g, self, min: F.where(F.ge(self, min), g, 0)},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(complex=_NO_COMPLEX_CLAMP, numbers=True),
    doc="Raises lesser elements to a limit.",
    samples=lambda S: [S(S.distinct(2, 3), 0.2), S(S.distinct(), 0)],
)
op(
    "clamp_min_tensor(Tensor self, Tensor min)",
    name="clamp_min",
    numbers=False,
    kernel=np.maximum,
    vjp={
        "self": lambda F, g, self, min: F.where(F.ge(self, min), g, 0),
        "min": lambda F, g, self, min: F.where(F.lt(self, min), g, 0),
    },
    jvp=ELEMENTWISE,
    node="ClampMinBackward1",
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(complex="maximum_cpu"),
    batched_write="arithmetic",
    doc="Raises lesser elements to the limits that a tensor gives.",
    samples=lambda S: [S(S.distinct(2, 3), S.uniform(-0.2, 0.2, 3))],
)
op(
    "clamp_max(Tensor self, Number max)",
    kernel=np.minimum,
    vjp={"self": lambda F, g, self, max: F.where(F.le(self, max), g, 0)},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(complex=_NO_COMPLEX_CLAMP, numbers=True),
    doc="Lowers greater elements to a limit.",
    samples=lambda S: [S(S.distinct(2, 3), 0.2), S(S.distinct(), 0)],
)
op(
    "clamp_max_tensor(Tensor self, Tensor max)",
    name="clamp_max",
    numbers=False,
    kernel=np.minimum,
    vjp={
        "self": lambda F, g, self, max: F.where(F.le(self, max), g, 0),
        "max": lambda F, g, self, max: F.where(F.gt(self, max), g, 0),
    },
    jvp=ELEMENTWISE,
    node="ClampMaxBackward1",
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(complex="minimum_cpu"),
    batched_write="arithmetic",
    doc="Lowers greater elements to the limits that a tensor gives.",
    samples=lambda S: [S(S.distinct(2, 3), S.uniform(-0.2, 0.2, 3))],
)


def _replace_special(self: Any, nan: Any, posinf: Any, neginf: Any) -> Any:
    if self.dtype.kind not in "fc":
        return self
    if self.dtype.kind == "c":
        result = np.empty(self.shape, self.dtype)
        result.real = _replace_special(self.real, nan, posinf, neginf)
        result.imag = _replace_special(self.imag, nan, posinf, neginf)
        return result[()]
    limits = np.finfo(self.dtype)
    result = np.where(np.isnan(self), 0.0 if nan is None else nan, self)
    result = np.where(self == np.inf, limits.max if posinf is None else posinf, result)
    result = np.where(self == -np.inf, limits.min if neginf is None else neginf, result)
    return result.astype(self.dtype)[()]


op(
    "nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None)",
    kernel=_replace_special,
    vjp={"self": lambda F, g, self: F.mul(g, F.isfinite(self))},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    out=Rule("nan_to_num: dtype of out: {out} should be same as input: {result}"),
    doc="Replaces NaN by zero and infinities by the largest numbers, or by the given ones.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [S(S.normal(2, 3)), S(S.normal(), 1.0), S(S.normal(3), posinf=3.0)]
    ),
)


# --- two tensors

_INTEGERS = ("integer", "boolean")


def _over_norm(F: Namespace, g: Any, part: Any, self: Any, other: Any) -> Any:
    square = self * self + other * other
    return g * part * F.masked_fill(F.reciprocal(square), F.eq(square, 0), 0)


def _negative(value: Any) -> Any:
    if value.dtype in (bool, dtypes.bool_):
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return -value


def _angle_of(self: Any, other: Any) -> Any:
    """The angle of points; NumPy's in single precision can miss that of the diagonal."""
    return np.arctan2(self, other, dtype=np.float64).astype(np.result_type(self, other))


op(
    "atan2(Tensor self, Tensor other)",
    numbers=False,
    kernel=_angle_of,
    vjp={
        "self": lambda F, g, self, other: _over_norm(F, g, other, self, other),
        "other": lambda F, g, self, other: _over_norm(F, g, _negative(self), self, other),
    },
    jvp=ELEMENTWISE,
    promote="float",
    batching=ELEMENTWISE,
    inplace="Tensor",
    aliases=("arctan2",),
    check=supports(complex="atan2_cpu"),
    batched_write="broadcast",
    doc="The angle of the point (other, self).",
    samples=lambda S: [*S.pairs(0.3, 2), *S.kink_pairs()],
)
op(
    "hypot(Tensor self, Tensor other)",
    numbers=False,
    kernel=np.hypot,
    vjp={
        "self": lambda F, g, self, out: g * self / out,
        "other": lambda F, g, other, out: g * other / out,
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(complex="hypot_cpu", **refusing(_INTEGERS, "hypot_cpu")),
    doc="The length of the vector (self, other).",
    samples=lambda S: [*S.pairs(0.3, 2), *S.kink_pairs()],
)


def _heaviside(self: Any, values: Any) -> Any:
    step = np.where(self == 0, values, np.greater(self, 0).astype(self.dtype))
    return step[()].astype(self.dtype)


def _check_heaviside(self: Any, values: Any) -> None:
    if is_complex(self) or is_complex(values):
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if self.dtype is not values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")


op(
    "heaviside(Tensor self, Tensor values)",
    kernel=_heaviside,
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=_check_heaviside,
    **underivable("aten::heaviside", "self", "values"),
    out=Rule("heaviside is not yet implemented for tensors with different dtypes."),
    doc="0 below zero, 1 above, `values` at zero.",
    samples=lambda S: [S(S.tensor([-1.0, 0.0, 2.0]), S.tensor([0.5, 0.5, 0.5]))],
)


def _copysign_slope(F: Namespace, g: Any, self: Any, out: Any) -> Any:
    return g * cleared(F, F.eq(self, 0), out / self)


op(
    "copysign_scalar(Tensor self, Number other)",
    name="copysign",
    kernel=np.copysign,
    vjp={"self": _copysign_slope},
    jvp=ELEMENTWISE,
    node="CopysignBackward1",
    promote="float",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(complex="copysign_cpu", numbers=True),
    doc="The size of `self` with the sign of `other`.",
    samples=lambda S: [S(S.normal(2, 3), -1.0), S(S.normal(), 2)],
)
op(
    "copysign(Tensor self, Tensor other)",
    numbers=False,
    kernel=np.copysign,
    vjp={"self": _copysign_slope, "other": lambda F, g: F._zeros(g)},
    jvp=ELEMENTWISE,
    promote="float",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(complex="copysign_cpu"),
    batched_write="broadcast",
    doc="The size of `self` with the sign of `other`.",
    samples=lambda S: [*S.pairs(0.3, 2), *S.kink_pairs()],
)


def _logaddexp(self: Any, other: Any) -> Any:
    if self.dtype.kind == "f":
        return np.logaddexp(self, other)
    swap = np.less(self.real, other.real)
    larger, smaller = np.where(swap, other, self), np.where(swap, self, other)
    return larger + np.log1p(np.exp(smaller - larger))


op(
    "logaddexp(Tensor self, Tensor other)",
    numbers=False,
    kernel=_logaddexp,
    vjp={
        "self": lambda F, g, self, other: g / F.conj(F.exp(other - self) + 1),
        "other": lambda F, g, self, other: g / F.conj(F.exp(self - other) + 1),
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    check=supports(**refusing(_INTEGERS, "logaddexp_cpu")),
    doc="log(exp(self) + exp(other)) without overflow.",
    samples=lambda S: [*S.pairs(-2, 2), *S.kink_pairs()],
)
op(
    "logaddexp2(Tensor self, Tensor other)",
    numbers=False,
    kernel=np.logaddexp2,
    vjp={
        "self": lambda F, g, self, other: g / (F.pow_base(2, other - self) + 1),
        "other": lambda F, g, self, other: g / (F.pow_base(2, self - other) + 1),
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    check=supports(complex="logaddexp2_cpu", **refusing(_INTEGERS, "logaddexp2_cpu")),
    doc="log2(2**self + 2**other) without overflow.",
    samples=lambda S: S.pairs(-2, 2),
)


def _xlogy(self: Any, other: Any) -> Any:
    result = np.where(np.equal(self, 0), 0, self * np.log(other))
    return np.where(np.isnan(other), np.nan, result)[()].astype(_float_of(self, other))


def _xlog1py(self: Any, other: Any) -> Any:
    result = np.where(np.equal(self, 0), 0, self * np.log1p(other))
    return np.where(np.isnan(other), np.nan, result)[()].astype(_float_of(self, other))


def _float_of(self: Any, other: Any) -> Any:
    return self.dtype if hasattr(self, "dtype") else other.dtype


def _xlogy_self(F: Namespace, g: Any, self: Any, other: Any) -> Any:
    exempt = F.logical_and(F.eq(self, 0), F.le(other, 0))
    return cleared(F, exempt, F.xlogy(g, other))


def _xlog1py_self(F: Namespace, g: Any, self: Any, other: Any) -> Any:
    exempt = F.logical_and(F.eq(self, 0), F.le(other, -1))
    return cleared(F, exempt, F.xlog1py(g, other))


def _log_of(other: float) -> float:
    return math.log(other) if other > 0 else (-math.inf if other == 0 else math.nan)


def _times_log(
    name: str, kernel: Any, self_slope: Any, offset: int, where: Sequence[str], doc: str
) -> None:
    """The three overloads of `self * log(other + offset)`."""
    node = "XlogyBackward" if offset == 0 else "SpecialXlog1PyBackward"

    def other_slope(F: Namespace, g: Any, self: Any, other: Any) -> Any:
        return g * self / (other + offset if offset else other)

    def scalar_slope(F: Namespace, g: Any, self: Any, other: Any) -> Any:
        factor = _log_of(other + offset)
        return g * factor if other + offset > 0 else F.where(F.eq(self, 0), 0, g * factor)

    shared: dict[str, Any] = {
        "kernel": kernel,
        "jvp": ELEMENTWISE,
        "promote": "float",
        "batching": ELEMENTWISE,
        "check": supports(complex=f"{name}_cpu", numbers=True),
        "doc": doc,
    }
    op(
        f"{name}(Tensor self, Tensor other)",
        numbers=False,
        vjp={"self": self_slope, "other": other_slope},
        node=f"{node}0",
        inplace=offset == 0,
        where=tuple(where),
        samples=lambda S: [*S.pairs(0.5, 2), *S.kink_pairs()],
        **shared,
    )
    op(
        f"{name}_base(Number self, Tensor other)",
        name=name,
        vjp={"other": other_slope},
        node=f"{node}1",
        where=tuple(space for space in where if space != "Tensor"),
        samples=lambda S: [S(2.5, S.uniform(0.5, 2, 3)), S(0, S.uniform(0.5, 2, 2, 3))],
        **shared,
    )
    op(
        f"{name}_scalar(Tensor self, Number other)",
        name=name,
        vjp={"self": scalar_slope},
        node=f"{node}2",
        inplace=offset == 0,
        where=tuple(where),
        samples=lambda S: [S(S.normal(3), 2.5), S(S.normal(2, 3), 1)],
        **shared,
    )


_times_log(
    "xlogy",
    _xlogy,
    _xlogy_self,
    0,
    ("torch", "Tensor", "special"),
    "self * log(other), zero where `self` is zero.",
)
_times_log(
    "xlog1py",
    _xlog1py,
    _xlog1py_self,
    1,
    ("special",),
    "self * log1p(other), zero where `self` is zero.",
)
op(
    "nextafter(Tensor self, Tensor other)",
    numbers=False,
    kernel=np.nextafter,
    vjp={
        "self": lambda F, g, self, other: F.where(F.eq(self, other), 0, g),
        "other": lambda F, g: F._zeros(g),
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(**refusing(("complex", *_INTEGERS), "nextafter_cpu")),
    doc="The next number from `self` towards `other`.",
    samples=lambda S: [] if S.dtype.is_complex else S.pairs(-2, 2),
)


def _ldexp(self: Any, other: Any) -> Any:
    return self * np.exp2(other)


op(
    "ldexp(Tensor self, Tensor other)",
    numbers=False,
    kernel=_ldexp,
    vjp={
        "self": lambda F, g, other: g * F.conj(F.exp2(other)),
        "other": lambda F, g, out: g * F.conj(out * LN2),
    },
    jvp=ELEMENTWISE,
    promote="float",
    batching=ELEMENTWISE,
    inplace=True,
    out=Rule("ldexp can't be cast to the desired output type {out}", exact=False),
    doc="self * 2**other.",
    samples=lambda S: [
        S(S.normal(3), S.tensor([1.0, 2.0, -1.0])),
        *([] if S.dtype.is_complex else [S(S.normal(2, 3), S.integers(0, 3, 3))]),
    ],
)


def _frexp(self: Any) -> Any:
    mantissa, exponent = np.frexp(self)
    return mantissa, np.asarray(exponent, np.int32)[()]


_ONLY_FLOATS = RuntimeError("torch.frexp() only supports floating-point dtypes")


op(
    "frexp(Tensor self)",
    kernel=_frexp,
    vjp={"self": lambda F, g, out1: F.ldexp(g, -out1)},
    jvp={"self": lambda F, t, out1: (F.ldexp(t, -out1), None)},
    outputs=2,
    fields=("mantissa", "exponent"),
    constant=(1,),
    batching=ELEMENTWISE,
    check=supports(complex=_ONLY_FLOATS, integer=_ONLY_FLOATS, boolean=_ONLY_FLOATS),
    out=(
        Rule("torch.frexp() expects mantissa to have dtype {c_result} but got {c_out}"),
        Rule("torch.frexp() expects exponent to have int dtype but got {c_out}"),
    ),
    doc="Elements as mantissa, at least 0.5 and below 1 in size, and exponent of two.",
    samples=lambda S: S.each(0.6, 0.9),
)

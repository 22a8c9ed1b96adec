"""Arithmetic: the operators and their kin, and the parts of complex numbers."""

from __future__ import annotations

from operator import add, mul, sub, truediv
from typing import Any

import numpy as np

from ...kernels.limits import sign
from ...kernels.multiply_add import multiply_add
from ...kernels.shortcuts import with_shortcuts
from ...table.dtype_rules import common_dtype, is_complex, refusing, supports, underivable
from ...table.entry import ELEMENTWISE, LINEAR, MULTILINEAR, op
from ...table.out_rules import FOUND
from ...table.schema import Namespace
from ...tensor import dtypes
from ...tensor.dtypes import DType, c_name

BOOL_PAIR = (
    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
    "`logical_xor()` operator instead."
)
BOOL_ONE = (
    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to "
    "invert a mask, use the `~` or `logical_not()` operator instead."
)
NEGATED_BOOL = (
    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a "
    "mask, use the `~` or `logical_not()` operator instead."
)


def _check_subtraction(self: Any, other: Any, alpha: Any = 1) -> None:
    masks = [
        type(value) is bool or getattr(value, "dtype", None) is dtypes.bool_
        for value in (self, other)
    ]
    if all(masks):
        raise RuntimeError(BOOL_PAIR)
    if any(masks):
        raise RuntimeError(BOOL_ONE)


def _add(self: Any, other: Any, alpha: Any) -> Any:
    if alpha == 1:
        result = self + other
        if result.dtype.kind != "c":
            return result
    return _added(self, other, alpha)


def _subtract(self: Any, other: Any, alpha: Any) -> Any:
    if alpha == 1:
        result = self - other
        if result.dtype.kind != "c":
            return result
    return _added(self, other, -alpha)


def _added(self: Any, other: Any, alpha: Any) -> Any:
    """`self + alpha * other` in the rounding of PyTorch's kernels.

    Complex numbers are multiplied whatever `alpha` is, which decides the signs of zeros and makes
    NaN of infinities. A negative number wraps around in an unsigned dtype, as in C.
    """
    kind = (other if type(self) in (bool, int, float, complex) else self).dtype.kind
    if kind == "f":
        if type(other) in (bool, int, float):
            other = self.dtype.type(other)
        elif type(self) in (bool, int, float):
            self = other.dtype.type(self)
        return multiply_add(self, alpha, other)
    if kind == "c":
        return self + other * complex(alpha)
    if kind == "b":
        return self + other * bool(alpha)
    if kind == "u" and alpha < 0:
        return self - other * -alpha
    return self + other * alpha


with_shortcuts(_add, f=add, d=add)
with_shortcuts(_subtract, f=sub, d=sub)


def _check_alpha(self: Any, other: Any, alpha: Any) -> None:
    """Refuse a factor of a higher category than the result."""
    kind = common_dtype(self, other).category
    if isinstance(alpha, bool) and kind != dtypes.BOOL:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float | complex) and kind < dtypes.FLOATING:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if isinstance(alpha, complex) and kind < dtypes.COMPLEX:
        raise RuntimeError(
            "For non-complex input tensors, argument alpha must not be a complex number."
        )


class _Addable(supports):
    """Refuses factors that the result has no room for."""

    __slots__ = ()

    def __call__(self, *args: Any) -> None:
        if getattr(args[0], "dtype", None) in dtypes.WIDE_UNSIGNED:
            supports.__call__(self, *args[:2])
        if type(args[2]) is not int:
            _check_alpha(*args[:3])


class _Subtractable(supports):
    """Refuses masks as operands, and factors that the result has no room for."""

    __slots__ = ()

    def __call__(self, *args: Any) -> None:
        _check_subtraction(*args[:2])
        if getattr(args[0], "dtype", None) in dtypes.WIDE_UNSIGNED:
            supports.__call__(self, *args[:2])
        if len(args) > 2 and type(args[2]) is not int:
            _check_alpha(*args[:3])


op(
    "add(Tensor self, Tensor other, *, Scalar alpha=1)",
    kernel=_add,
    vjp={
        "self": lambda F, g: g,
        "other": lambda F, g, alpha: g if alpha == 1 else g * _conjugate(alpha),
    },
    jvp={
        "self": lambda F, t: t,
        "other": lambda F, t, alpha: t if alpha == 1 else t * alpha,
    },
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    numbers="first",
    rounding="all",
    check=_Addable(unsigned="add_stub", numbers=True),
    scalar="_add_scalar",
    batched_write="broadcast",
    deprecated=("alpha",),
    doc="Adds `alpha` times `other` to `self`.",
    samples=lambda S: [
        *S.pairs(-2, 2),
        S(S.normal(3), 2.5),
        S(S.normal(2, 3), S.normal(3), alpha=2),
    ],
)
op(
    "sub(Tensor self, Tensor other, *, Scalar alpha=1)",
    kernel=_subtract,
    vjp={
        "self": lambda F, g: g,
        "other": lambda F, g, alpha: -g if alpha == 1 else -g * _conjugate(alpha),
    },
    jvp={
        "self": lambda F, t: t,
        "other": lambda F, t, alpha: -t if alpha == 1 else -t * alpha,
    },
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    aliases=("subtract",),
    numbers="first",
    rounding="all",
    check=_Subtractable(unsigned="add_stub", numbers=True),
    scalar="_sub_scalar",
    batched_write="arithmetic",
    deprecated=("alpha",),
    doc="Subtracts `alpha` times `other` from `self`.",
    samples=lambda S: [
        *S.pairs(-2, 2),
        S(S.normal(3), 2.5),
        S(S.normal(2, 3), S.normal(3), alpha=2),
    ],
)
op(
    "rsub_scalar(Tensor self, Number other, Scalar alpha=1)",
    name="rsub",
    kernel=lambda self, other, alpha: _subtract(other, self, alpha),
    vjp={"self": lambda F, g, alpha: -g if alpha == 1 else -g * _conjugate(alpha)},
    jvp={"self": lambda F, t, alpha: -t if alpha == 1 else -t * alpha},
    node="RsubBackward1",
    promote="number",
    batching=ELEMENTWISE,
    where=("torch",),
    rounding="all",
    check=_Subtractable(unsigned="add_stub", numbers=True),
    prelude="",
    doc="Subtracts `alpha` times `self` from `other`.",
    samples=lambda S: [S(S.normal(3), 2.5), S(S.normal(2, 3), 1, alpha=3), S(S.normal(), 1)],
)
op(
    "rsub(Tensor self, Tensor other, *, Scalar alpha=1)",
    numbers=False,
    kernel=lambda self, other, alpha: _subtract(other, self, alpha),
    vjp={
        "self": lambda F, g, alpha: -g if alpha == 1 else -g * _conjugate(alpha),
        "other": lambda F, g: g,
    },
    jvp={
        "self": lambda F, t, alpha: -t if alpha == 1 else -t * alpha,
        "other": lambda F, t: t,
    },
    promote="number",
    batching=ELEMENTWISE,
    where=("torch",),
    rounding="all",
    check=_Subtractable(unsigned="add_stub", numbers=True),
    prelude="",
    doc="Subtracts `alpha` times `self` from `other`.",
    samples=lambda S: [*S.pairs(-2, 2), S(S.normal(2, 3), S.normal(3), alpha=2)],
)
op(
    "mul(Tensor self, Tensor other)",
    kernel=mul,
    vjp={
        "self": lambda F, g, other: g * F.conj(other),
        "other": lambda F, g, self: g * F.conj(self),
    },
    jvp=MULTILINEAR,
    promote="number",
    numbers="first",
    rounding="none",
    batching=ELEMENTWISE,
    inplace="Tensor",
    aliases=("multiply",),
    scalar="_mul_scalar",
    batched_write="arithmetic",
    doc="Multiplies elementwise.",
    samples=lambda S: [*S.pairs(-2, 2), S(S.normal(3), 2.5)],
)


def _conjugate(number: Any) -> Any:
    """The conjugate of a Python number."""
    return number.conjugate() if type(number) is complex else number


op(
    "div(Tensor self, Tensor other)",
    kernel=truediv,
    vjp={
        "self": lambda F, g, other: g / F.conj(other),
        "other": lambda F, g, self, other: -g * F.conj((self / other) / other),
    },
    jvp={
        "self": lambda F, t, other: t / other,
        "other": lambda F, t, self, other: -t * ((self / other) / other),
    },
    promote="float",
    numbers="first",
    rounding="none",
    batching=ELEMENTWISE,
    inplace="Tensor",
    aliases=("divide", "true_divide"),
    scalar="_div_scalar",
    batched_write="arithmetic",
    doc="Divides elementwise; integers give a floating result.",
    samples=lambda S: [*S.pairs(0.5, 2.5), S(S.normal(3), 2.5)],
)


def _by_zero(other: Any) -> RuntimeError:
    """The error for integers that are divided by zero."""
    from ...kernels.refusals import blaming

    return blaming(RuntimeError("ZeroDivisionError"), lambda: np.equal(other, 0))


def _floor_quotient(self: Any, other: Any) -> Any:
    """The quotient rounded down, from the remainder, so that it is exact near integers."""
    if not _floating(self, other):
        if np.any(np.equal(other, 0)):
            raise _by_zero(other)
        return self // other
    result = self / other
    remainder = np.fmod(self, other)
    quotient = (self - remainder) / other
    quotient = np.where((remainder != 0) & ((other < 0) != (remainder < 0)), quotient - 1, quotient)
    floor = np.floor(quotient)
    floor = np.where(quotient - floor > 0.5, floor + 1, floor)
    floor = np.where(quotient == 0, np.copysign(np.zeros_like(result), result), floor)
    return np.where(np.equal(other, 0), result, floor)[()]


def _floating(*values: Any) -> bool:
    return any(
        isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "i") == "f"
        for value in values
    )


def _rounded_quotient(self: Any, other: Any, rounding_mode: Any) -> Any:
    if rounding_mode is None:
        return self / other
    if rounding_mode == "floor":
        return _floor_quotient(self, other)
    if not _floating(self, other):
        if np.any(np.equal(other, 0)):
            raise _by_zero(other)
        quotient = np.abs(self) // np.abs(other)
        return np.where((self < 0) != (other < 0), -quotient, quotient)[()].astype(self.dtype)
    return np.trunc(self / other)


def _check_mode(self: Any, other: Any, rounding_mode: Any) -> None:
    if rounding_mode not in (None, "trunc", "floor"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    if rounding_mode is not None:
        name = f"div_{rounding_mode}_cpu"
        supports(complex=name, boolean=name, numbers=True)(self, other)


def _mode_dtype(self: Any, other: Any, rounding_mode: Any) -> DType:
    dtype = common_dtype(self, other)
    if rounding_mode is None and dtype.category < dtypes.FLOATING:
        return dtypes.default.dtype
    return dtype


op(
    "div_mode(Tensor self, Tensor other, *, str? rounding_mode)",
    name="div",
    kernel=_rounded_quotient,
    vjp={
        "self": lambda F, g, other, rounding_mode: (
            g / F.conj(other) if rounding_mode is None else F._zeros(g)
        ),
        "other": lambda F, g, self, other, rounding_mode: (
            -g * F.conj((self / other) / other) if rounding_mode is None else F._zeros(g)
        ),
    },
    jvp={
        "self": lambda F, t, other, rounding_mode: (
            t / other if rounding_mode is None else F._zeros(t)
        ),
        "other": lambda F, t, self, other, rounding_mode: (
            -t * ((self / other) / other) if rounding_mode is None else F._zeros(t)
        ),
    },
    node="DivBackward2",
    promote=_mode_dtype,
    batching=ELEMENTWISE,
    inplace="Tensor",
    aliases=("divide",),
    numbers="first",
    rounding="none",
    check=_check_mode,
    batched_write="arithmetic",
    doc="Divides and rounds towards zero ('trunc') or down ('floor').",
    samples=lambda S: [
        S(S.uniform(2, 3, 3), S.uniform(0.3, 0.4, 3), rounding_mode=mode)
        for mode in ((None,) if S.dtype.is_complex else (None, "floor", "trunc"))
    ],
)
op(
    "floor_divide(Tensor self, Tensor other)",
    kernel=_floor_quotient,
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    numbers="first",
    rounding="none",
    check=supports(complex="div_floor_cpu", boolean="div_floor_cpu", numbers=True),
    **underivable("aten::floor_divide", "self", "other"),
    doc="Divides and rounds down.",
    samples=lambda S: [*S.pairs(0.5, 9.5), S(S.normal(3), 2.5), S(S.integers(-9, 9, 4), 2)],
)


def _remainder(self: Any, other: Any) -> Any:
    if not _floating(self, other) and np.any(np.equal(other, 0)):
        raise _by_zero(other)
    if _floating(self, other):
        rest = np.fmod(self, other)
        return np.where((rest != 0) & ((rest < 0) != (np.less(other, 0))), rest + other, rest)[()]
    return np.remainder(self, other)


def _fmod(self: Any, other: Any) -> Any:
    if not _floating(self, other) and np.any(np.equal(other, 0)):
        raise _by_zero(other)
    return np.fmod(self, other)


def _remainder_samples(S: Any) -> Any:
    return [*S.pairs(1.2, 1.9), S(S.uniform(4.1, 4.9, 2, 3), S.uniform(1.6, 1.9, 3))]


op(
    "remainder_scalar(Tensor self, Number other)",
    name="remainder",
    kernel=_remainder,
    vjp={"self": lambda F, g: g},
    jvp={"self": lambda F, t: t},
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    rounding="all",
    check=supports(complex="remainder_cpu", boolean="remainder_cpu", numbers=True),
    doc="The rest of a division rounded down; it has the sign of the divisor.",
    samples=lambda S: [S(S.distinct(2, 3), 0.7), S(S.distinct(3), -0.7), S(S.normal(), 2)],
)
op(
    "remainder(Tensor self, Tensor other)",
    numbers=False,
    kernel=_remainder,
    vjp={
        "self": lambda F, g: g,
        "other": lambda F, g, self, other: -g * F.div_mode(self, other, rounding_mode="floor"),
    },
    jvp={
        "self": lambda F, t: t,
        "other": lambda F, t, self, other: -t * F.div_mode(self, other, rounding_mode="floor"),
    },
    node="RemainderBackward1",
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(complex="remainder_cpu", boolean="remainder_cpu", numbers=True),
    doc="The rest of a division rounded down; it has the sign of the divisor.",
    samples=_remainder_samples,
)
op(
    "remainder_base(Number self, Tensor other)",
    name="remainder",
    kernel=_remainder,
    promote="number",
    batching=ELEMENTWISE,
    where=("torch",),
    rounding="all",
    check=supports(complex="remainder_cpu", boolean="remainder_cpu", numbers=True),
    **underivable("aten::remainder", "other"),
    doc="The rest of a division rounded down; it has the sign of the divisor.",
    samples=lambda S: [S(7.3, S.uniform(1, 2, 3)), S(-7, S.integers(1, 5, 3))],
)
op(
    "fmod_scalar(Tensor self, Number other)",
    name="fmod",
    kernel=_fmod,
    vjp={"self": lambda F, g: g},
    jvp={"self": lambda F, t: t},
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    rounding="all",
    check=supports(complex="fmod_cpu", boolean="fmod_cpu", numbers=True),
    doc="The rest of a division rounded towards zero; it has the sign of `self`.",
    samples=lambda S: [S(S.distinct(2, 3), 0.7), S(S.distinct(3), -0.7), S(S.normal(), 2)],
)
op(
    "fmod(Tensor self, Tensor other)",
    numbers=False,
    kernel=_fmod,
    vjp={
        "self": lambda F, g: g,
        "other": lambda F, g, self, other: -g * F.div_mode(self, other, rounding_mode="trunc"),
    },
    jvp={
        "self": lambda F, t: t,
        "other": lambda F, t, self, other: -t * F.div_mode(self, other, rounding_mode="trunc"),
    },
    node="FmodBackward1",
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(complex="fmod_cpu", boolean="fmod_cpu", numbers=True),
    doc="The rest of a division rounded towards zero; it has the sign of `self`.",
    samples=_remainder_samples,
)


# --- constants that formulas make

op(
    "_zeros(Tensor self)",
    kernel=lambda self: np.zeros(self.shape, self.dtype)[()],
    promote="number",
    batching=ELEMENTWISE,
    where=(),
    doc="Zeros in the shape of `self`.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "_ones(Tensor self)",
    kernel=lambda self: np.ones(self.shape, self.dtype)[()],
    promote="number",
    batching=ELEMENTWISE,
    where=(),
    doc="Ones in the shape of `self`.",
    samples=lambda S: S.each(-2, 2),
)


# --- sign and size


def _negative(self: Any) -> Any:
    try:
        result = -self
    except TypeError:
        raise RuntimeError(NEGATED_BOOL) from None
    if result.dtype.kind == "c" and type(result) is np.ndarray:
        _negate_vectors(self, result)
    return result


def _negate_vectors(self: Any, result: Any) -> None:
    """Give zeros of complex tensors PyTorch's sign: whole pairs of vectors are taken from zero."""
    if self.flags.f_contiguous and not self.flags.c_contiguous:
        self, result = self.T, result.T
    whole = self.size - self.size % (64 // self.itemsize)
    if whole and self.flags.c_contiguous and result.flags.c_contiguous:
        np.subtract(0, self.reshape(-1)[:whole], result.reshape(-1)[:whole])


def _positive(F: Namespace, self: Any) -> Any:
    if self.dtype is dtypes.bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return self


op(
    "neg(Tensor self)",
    kernel=_negative,
    vjp={"self": lambda F, g: -g},
    jvp=LINEAR,
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    check=supports(unsigned="neg_cpu"),
    aliases=("negative",),
    out=FOUND,
    doc="Changes the sign.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "positive(Tensor self)",
    composite=_positive,
    doc="The tensor itself.",
    samples=lambda S: S.each(-2, 2),
)
op(
    "reciprocal(Tensor self)",
    kernel=lambda self: 1 / self,
    vjp={"self": lambda F, g, out: -g * F.conj(out * out)},
    jvp=ELEMENTWISE,
    promote="float",
    batching=ELEMENTWISE,
    inplace=True,
    doc="One divided by each element.",
    samples=lambda S: [*S.each(0.5, 2), *S.kinks()],
)
op(
    "sqrt(Tensor self)",
    kernel=np.sqrt,
    vjp={"self": lambda F, g, out: g / F.conj(out * 2)},
    jvp=ELEMENTWISE,
    promote="float",
    batching=ELEMENTWISE,
    inplace=True,
    doc="The square root.",
    samples=lambda S: [*S.each(0.5, 2), *S.kinks()],
)
op(
    "rsqrt(Tensor self)",
    kernel=lambda self: 1 / np.sqrt(self),
    vjp={"self": lambda F, g, out: g * -0.5 * F.conj(F.pow(out, 3))},
    jvp=ELEMENTWISE,
    promote="float",
    batching=ELEMENTWISE,
    inplace=True,
    doc="One divided by the square root.",
    samples=lambda S: [*S.each(0.5, 2), *S.kinks()],
)
op(
    "abs(Tensor self)",
    kernel=np.abs,
    vjp={"self": lambda F, g, self: g * F.sgn(self)},
    blocks=True,
    jvp={"self": lambda F, t, self: F.real(t * F.conj_physical(F.sgn(self)))},
    result=lambda self: self.dtype.to_real(),
    promote="number",
    batching=ELEMENTWISE,
    inplace={"abs": "torch Tensor", "absolute": "Tensor"},
    aliases=("absolute",),
    check=supports(boolean="abs_cpu", unsigned="abs_cpu"),
    out=FOUND,
    doc="The absolute value; its derivative at zero is zero.",
    samples=lambda S: [*S.each(0.3, 2), S(S.uniform(-2, -0.3, 3)), *S.kinks()],
)


def _phase(self: Any) -> Any:
    """The element divided by its absolute value, zero at zero."""
    if self.dtype.kind != "c":
        return sign(self)
    size = np.abs(self)
    return np.where(size == 0, 0, self / size)[()].astype(self.dtype)


def _sgn_gradient(F: Namespace, g: Any, self: Any, out: Any) -> Any:
    if not is_complex(self):
        return F._zeros(g)
    radial = F.real(g * F.conj_physical(out))
    return F.where(F.eq(self, 0), 0, (g - out * radial) / F.abs(self))


op(
    "sign(Tensor self)",
    kernel=sign,
    vjp={"self": lambda F, g: F._zeros(g)},
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(
        complex=NotImplementedError(
            "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use "
            "torch.sgn instead."
        )
    ),
    out=FOUND,
    doc="-1, 0 or 1 by the sign of each element.",
    samples=lambda S: [*S.each(0.3, 2), S(S.uniform(-2, -0.3, 3)), *S.kinks()],
)
op(
    "sgn(Tensor self)",
    kernel=_phase,
    vjp={"self": _sgn_gradient},
    jvp={"self": _sgn_gradient},
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    out=FOUND,
    doc="The sign; for complex elements the direction, an element over its absolute value.",
    samples=lambda S: [*S.each(0.3, 2), S(S.uniform(-2, -0.3, 3)), *S.kinks()],
)


# --- combinations of three


def _lerp(self: Any, end: Any, weight: Any) -> Any:
    step = end - self
    if type(weight) is np.ndarray:
        one = weight.dtype.type(1)
        late = multiply_add(end, weight - one, step)
        return np.where(np.abs(weight) < 0.5, multiply_add(self, weight, step), late)[()]
    if self.dtype.kind == "c":
        weight = complex(weight)
        return self + step * weight if abs(weight) < 0.5 else end - step * (1 - weight)
    weight = self.dtype.type(weight)
    if abs(weight) < 0.5:
        return multiply_add(self, weight, step)
    return multiply_add(end, weight - weight.dtype.type(1), step)


def _addcmul(self: Any, tensor1: Any, tensor2: Any, value: Any) -> Any:
    kind = self.dtype.kind
    if kind == "c":
        return self + complex(value) * tensor1 * tensor2
    if kind != "f":
        return self + int(value) * tensor1 * tensor2
    return multiply_add(self, tensor1 if value == 1 else value * tensor1, tensor2)


def _addcdiv(self: Any, tensor1: Any, tensor2: Any, value: Any) -> Any:
    if self.dtype.kind == "c":
        return self + complex(value) * tensor1 / tensor2
    return self + (tensor1 if value == 1 else value * tensor1) / tensor2


def _lerp_dtype(self: Any, end: Any, weight: Any) -> DType:
    for name, value in (("end", end), ("weight", weight)):
        if hasattr(value, "dtype") and value.dtype is not self.dtype:
            raise RuntimeError(
                f"expected dtype {c_name(self.dtype)} for `{name}` but got dtype "
                f"{c_name(value.dtype)}"
            )
    return self.dtype  # type: ignore[no-any-return]


op(
    "lerp(Tensor self, Tensor end, Number weight)",
    numbers=False,
    kernel=_lerp,
    vjp={
        "self": lambda F, g, weight: g * _conjugate(1 - weight),
        "end": lambda F, g, weight: g * _conjugate(weight),
    },
    jvp={
        "self": lambda F, t, weight: t * (1 - weight),
        "end": lambda F, t, weight: t * weight,
    },
    promote=_lerp_dtype,
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(integer="lerp_kernel_scalar", boolean="lerp_kernel_scalar"),
    doc="Goes from `self` to `end` by `weight`.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(3), 0.3),
        S(S.normal(3), S.normal(3), 0.8),
        S(S.normal(), S.normal(), 2),
    ],
)
op(
    "lerp_tensor(Tensor self, Tensor end, Tensor weight)",
    numbers=False,
    name="lerp",
    kernel=_lerp,
    vjp={
        "self": lambda F, g, weight: g * F.conj(1 - weight),
        "end": lambda F, g, weight: g * F.conj(weight),
        "weight": lambda F, g, self, end: g * F.conj(end - self),
    },
    jvp={
        "self": lambda F, t, weight: t * (1 - weight),
        "end": lambda F, t, weight: t * weight,
        "weight": lambda F, t, self, end: t * (end - self),
    },
    node="LerpBackward1",
    promote=_lerp_dtype,
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(integer="lerp_kernel_tensor", boolean="lerp_kernel_tensor"),
    doc="Goes from `self` to `end` by `weight`.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(3), S.uniform(0.1, 0.4, 2, 1)),
        S(S.normal(3), S.normal(3), S.uniform(0.6, 0.9, 3)),
    ],
)
op(
    "addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1)",
    numbers=False,
    kernel=_addcmul,
    vjp={
        "self": lambda F, g: g,
        "tensor1": lambda F, g, tensor2, value: g * F.conj(tensor2 * value),
        "tensor2": lambda F, g, tensor1, value: g * F.conj(tensor1 * value),
    },
    jvp={
        "self": lambda F, t: t,
        "tensor1": lambda F, t, tensor2, value: t * (tensor2 * value),
        "tensor2": lambda F, t, tensor1, value: t * (tensor1 * value),
    },
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(boolean="addcmul_cpu_out"),
    deprecated=("value",),
    doc="Adds `value` times the product of two tensors.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(3), S.normal(2, 1)),
        S(S.normal(3), S.normal(3), S.normal(3), value=2),
        S(S.normal(), S.normal(), S.normal(), value=0.5),
    ],
)
op(
    "addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1)",
    numbers=False,
    kernel=_addcdiv,
    vjp={
        "self": lambda F, g: g,
        "tensor1": lambda F, g, tensor2, value: g * F.conj(F.div(value, tensor2)),
        "tensor2": lambda F, g, tensor1, tensor2, value: (
            -g * F.conj(tensor1 * value / (tensor2 * tensor2))
        ),
    },
    jvp={
        "self": lambda F, t: t,
        "tensor1": lambda F, t, tensor2, value: t * (value / tensor2),
        "tensor2": lambda F, t, tensor1, tensor2, value: (
            -t * (tensor1 * value / (tensor2 * tensor2))
        ),
    },
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(
        **refusing(
            ("integer", "boolean"),
            RuntimeError(
                "Integer division with addcdiv is no longer supported, and in a future  release "
                "addcdiv will perform a true division of tensor1 and tensor2. The historic "
                "addcdiv behavior can be implemented as (input + value * torch.trunc(tensor1 / "
                "tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
                "tensor2) for float inputs. The future addcdiv behavior is just the latter "
                "implementation: (input + value * tensor1 / tensor2), for all dtypes."
            ),
        )
    ),
    deprecated=("value",),
    doc="Adds `value` times the quotient of two tensors.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(3), S.uniform(0.5, 2, 2, 1)),
        S(S.normal(3), S.normal(3), S.uniform(0.5, 2, 3), value=2),
    ],
)

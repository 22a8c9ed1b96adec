"""Powers: pow, square, float_power."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.constants import TWO
from ...kernels.special.single import power
from ...table.call.python_data import check_integer
from ...table.dtype_rules import is_complex, supports
from ...table.entry import ELEMENTWISE, op
from ...table.out_rules import Rule
from ...table.schema import Namespace
from ...tensor import dtypes
from ...tensor.dtypes import fixed_width_name
from ...tensor.tensor import Tensor

_FLOAT_POWER = Rule(
    "the output given to float_power has dtype {out} but the operation's result requires dtype "
    "{result}"
)


def _complex_power(self: Any, exponent: Any) -> Any:
    """The power of complex numbers as C has it, by way of the logarithm."""
    return np.exp(exponent * np.log(self))


def _power(self: Any, exponent: Any) -> Any:
    if self.dtype.kind == "b":
        return self | np.logical_not(exponent)
    if exponent == 2:
        return self * self
    if exponent == 3:
        return self * self * self
    if exponent == 0.5:
        return np.sqrt(self)
    if exponent == -0.5:
        return 1 / np.sqrt(self)
    if exponent == -2 and self.dtype.kind != "i":
        return 1 / (self * self)
    if exponent == -1 and self.dtype.kind == "c":
        return 1 / self
    if exponent == -1 and self.dtype.kind != "i":
        return np.reciprocal(self)
    if self.dtype.kind == "c" and exponent not in (0, 1):
        return _complex_power(self, exponent)
    return power(self, exponent)


def _powers(self: Any, exponent: Any) -> Any:
    kinds = np.asarray(self).dtype.kind, np.asarray(exponent).dtype.kind
    if kinds[0] in "iu" and kinds[1] in "iu":
        return _integer_powers(np.asarray(self), np.asarray(exponent))
    if "c" in kinds:
        return _complex_power(self, exponent)
    return power(self, exponent)


class _Powered(supports):
    """Refuses powers that an integer dtype cannot hold; a mask can be raised to a Python bool."""

    __slots__ = ()

    def __call__(self, *args: Any) -> None:
        base, exponent = args
        if type(exponent) is bool:
            return
        super().__call__(*args)
        if type(exponent) is int and base.dtype.category <= dtypes.INTEGER:
            if exponent < 0:
                raise RuntimeError("Integers to negative integer powers are not allowed.")
            if base.dtype.category == dtypes.INTEGER:
                check_integer(exponent, base.dtype, fixed_width_name(base.dtype))


def _integer_powers(self: Any, exponent: Any) -> Any:
    """Powers of integers; a negative exponent gives the truncated reciprocal."""
    result = np.power(self, np.maximum(exponent, 0))
    if np.any(exponent < 0):
        odd = np.where(exponent % 2 == 0, 1, -1)
        small = np.where(self == 1, 1, np.where(self == -1, odd, 0))
        result = np.where(exponent < 0, small, result)
    return result.astype(np.result_type(self, exponent))[()]


def _pow_self(F: Namespace, g: Any, self: Any, exponent: Any) -> Any:
    if exponent == 0:
        return F._zeros(g)
    if exponent == 2 and type(g) is not Tensor:
        return g * F.conj(self * (TWO[self.dtype.char] if type(self) is np.ndarray else 2))
    return g * F.conj(F._mul_scalar(F.pow(self, exponent - 1), exponent))


def _pow_forward(F: Namespace, t: Any, self: Any, exponent: Any) -> Any:
    if exponent == 0:
        return F._zeros(t)
    return t * F._mul_scalar(F.pow(self, exponent - 1), exponent)


op(
    "pow(Tensor self, Number exponent)",
    kernel=_power,
    vjp={"self": _pow_self},
    jvp={"self": _pow_forward},
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    rounding="all",
    check=_Powered(boolean="pow", numbers=True),
    doc="Raises each element to a power.",
    samples=lambda S: [
        *S.each(0.5, 2, 2),
        S(S.normal(3), 3),
        S(S.normal(3), 0),
        S(S.normal(3), 1),
        *S.kinks(0),
        *S.kinks(0.5),
        *S.kinks(3),
        *S.kinks(-1),
        S(S.uniform(0.5, 2, 3), -1.5),
        S(S.uniform(0.5, 2, 2, 3), 0.5),
    ],
)


def _pow_tensor_self(F: Namespace, g: Any, self: Any, exponent: Any) -> Any:
    slope = F.conj(exponent * F.pow_tensor(self, exponent - 1))
    return F.where(F.eq(exponent, 0), 0, g * slope)


def _log_factor(F: Namespace, base: Any, exponent: Any, out: Any) -> Any:
    """`out * log(base)`, zero where the base is zero and the exponent is not negative."""
    if is_complex(exponent):
        exempt = F.logical_and(F.eq(F.imag(exponent), 0), F.ge(F.real(exponent), 0))
    else:
        exempt = F.ge(exponent, 0)
    return F.where(F.logical_and(F.eq(base, 0), exempt), 0, out * F.log(base))


op(
    "pow_tensor(Tensor self, Tensor exponent)",
    numbers=False,
    name="pow",
    kernel=_powers,
    vjp={
        "self": _pow_tensor_self,
        "exponent": lambda F, g, self, exponent, out: (
            g * F.conj(_log_factor(F, self, exponent, out))
        ),
    },
    jvp={
        "self": lambda F, t, self, exponent: F.where(
            F.eq(exponent, 0), 0, t * (exponent * F.pow_tensor(self, exponent - 1))
        ),
        "exponent": lambda F, t, self, exponent, out: t * _log_factor(F, self, exponent, out),
    },
    node="PowBackward1",
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(boolean="pow", numbers=True),
    doc="Raises each element to the power given by the other tensor.",
    samples=lambda S: [*S.pairs(0.5, 2), *S.kink_pairs()],
)


def _base_factor(F: Namespace, self: Any, exponent: Any, out: Any) -> Any:
    """`out * log(base)` for a number as the base."""
    if self == 0:
        if is_complex(exponent):
            exempt = F.logical_and(F.eq(F.imag(exponent), 0), F.ge(F.real(exponent), 0))
        else:
            exempt = F.ge(exponent, 0)
        return F.where(exempt, 0, out * float("-inf"))
    if is_complex(out):
        return out * complex(np.log(complex(self)))
    return out * (float(np.log(self)) if self > 0 else float("nan"))


def _power_of_number(self: complex, exponent: Any) -> Any:
    if self == 1 and self is not True:
        return np.ones(exponent.shape, exponent.dtype)[()]
    return np.asarray(_powers(_like(self, exponent), exponent), order="C")[()]


op(
    "pow_base(Number self, Tensor exponent)",
    name="pow",
    kernel=_power_of_number,
    keeps_layout=True,
    vjp={
        "exponent": lambda F, g, self, exponent, out: (
            g * F.conj(_base_factor(F, self, exponent, out))
        )
    },
    jvp={"exponent": lambda F, t, self, exponent, out: t * _base_factor(F, self, exponent, out)},
    node="PowBackward2",
    promote="number",
    batching=ELEMENTWISE,
    where=("torch",),
    rounding="all",
    check=supports(boolean="pow", numbers=True),
    doc="Raises a number to the powers given by a tensor.",
    samples=lambda S: [S(2.5, S.normal(2, 3)), S(2, S.normal()), S(1, S.normal(3))],
)


def _like(number: Any, array: Any) -> Any:
    """A Python number as a scalar of the array's dtype."""
    return array.dtype.type(number)


op(
    "square(Tensor self)",
    kernel=lambda self: self * self,
    vjp={"self": lambda F, g, self: _pow_self(F, g, self, 2)},
    jvp=ELEMENTWISE,
    node="PowBackward0",
    promote=lambda self: dtypes.int64 if self.dtype is dtypes.bool_ else self.dtype,
    batching=ELEMENTWISE,
    inplace=True,
    doc="Multiplies each element by itself.",
    samples=lambda S: S.each(-2, 2),
)


def _float_power(F: Namespace, self: Any, exponent: Any) -> Any:
    values = [value for value in (self, exponent) if hasattr(value, "dtype")]
    wide = any(is_complex(value) for value in values) or any(
        type(value) is complex for value in (self, exponent)
    )
    dtype = dtypes.complex128 if wide else dtypes.float64
    self, exponent = (
        F._to_copy(value, dtype) if hasattr(value, "dtype") and value.dtype is not dtype else value
        for value in (self, exponent)
    )
    if not hasattr(exponent, "dtype"):
        return F.pow(self, exponent)
    return F.pow_tensor(self, exponent) if hasattr(self, "dtype") else F.pow_base(self, exponent)


op(
    "float_power(Tensor self, Number exponent)",
    composite=_float_power,
    inplace="Tensor",
    out=_FLOAT_POWER,
    doc="Raises to a power in double precision.",
    samples=lambda S: [S(S.uniform(0.5, 2, 3), 2), S(S.integers(1, 4, 3), 0.5)],
)
op(
    "float_power_tensor(Tensor self, Tensor exponent)",
    name="float_power",
    composite=_float_power,
    inplace="Tensor",
    out=_FLOAT_POWER,
    doc="Raises to a power in double precision.",
    samples=lambda S: [S(S.uniform(0.5, 2, 3), S.normal(2, 3))],
)
op(
    "float_power_base(Number self, Tensor exponent)",
    name="float_power",
    composite=_float_power,
    where=("torch",),
    out=_FLOAT_POWER,
    doc="Raises to a power in double precision.",
    samples=lambda S: [S(2.0, S.normal(2, 3))],
)

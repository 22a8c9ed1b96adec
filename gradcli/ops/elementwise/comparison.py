"""Comparisons, logic, bits, choices between tensors, and tests for special values."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ...kernels.blocks import select
from ...table.dtype_rules import cleared, common_dtype, dynamic_shape, is_batched, supports
from ...table.entry import ELEMENTWISE, Op, op
from ...table.memory.meta import needs_data
from ...table.out_rules import FOUND, Rule
from ...table.public.plain_functions import function
from ...table.schema import Formula, Namespace
from ...tensor import dtypes
from ...tensor.notices import warn_once
from ...tensor.tensor import Tensor, shape_of


def _comparison_samples(S: Any) -> Any:
    return [*S.pairs(-2, 2), S(S.tensor([1, 2, 3]), 2), S(S.tensor([1, 2]), S.tensor([1, 0]))]


_kernel: Any
for _name, _kernel, _doc, _aliases in (
    ("eq", operator.eq, "Whether elements are equal.", ()),
    ("ne", operator.ne, "Whether elements differ.", ("not_equal",)),
    ("lt", operator.lt, "Whether elements of `self` are less.", ("less",)),
    ("le", operator.le, "Whether elements of `self` are less or equal.", ("less_equal",)),
    ("gt", operator.gt, "Whether elements of `self` are greater.", ("greater",)),
    ("ge", operator.ge, "Whether elements of `self` are greater or equal.", ("greater_equal",)),
):
    op(
        f"{_name}(Tensor self, Tensor other)",
        kernel=_kernel,
        promote="compare",
        batching=ELEMENTWISE,
        inplace="Tensor",
        aliases=_aliases,
        check=None
        if _name in ("eq", "ne")
        else supports(complex=f"{_name}_cpu", unsigned=f"{_name}_cpu", numbers=True),
        doc=_doc,
        samples=_comparison_samples,
    )


def _is_close(self: Any, other: Any, rtol: float, atol: float, equal_nan: bool) -> Any:
    close = self == other
    if equal_nan:
        close = close | (np.isnan(self) & np.isnan(other))
    if rtol == 0 and atol == 0:
        return close
    if self.dtype.kind in "biu":
        self, other = self.astype(np.float64), other.astype(np.float64)
    distance = np.abs(self - other)
    return close | (np.isfinite(distance) & (distance <= atol + np.abs(rtol * other)))


def _check_close(self: Any, other: Any, rtol: float, atol: float, equal_nan: bool) -> None:
    if self.dtype is not other.dtype:
        raise RuntimeError(f"{self.dtype.scalar_name} did not match {other.dtype.scalar_name}")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value:g}")


op(
    "isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False)",
    kernel=_is_close,
    result=dtypes.bool_,
    batching=ELEMENTWISE,
    check=_check_close,
    doc="Whether elements differ by at most `atol + rtol * |other|`.",
    samples=lambda S: [
        *S.pairs(-2, 2),
        S(S.tensor([1.0, float("nan")]), S.tensor([1.0 + 1e-7, float("nan")]), equal_nan=True),
    ],
)


@function(
    "allclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False)",
    where=("torch", "Tensor"),
    mapped="values",
    doc="Whether all elements are close, as a Python bool.",
)
@needs_data("item")
def _allclose(self: Any, other: Any, rtol: float, atol: float, equal_nan: bool) -> bool:
    from ...table.lookup import get_op

    if is_batched(self) or is_batched(other):
        raise RuntimeError(
            "vmap over torch.allclose isn't supported yet. Please file an issue at "
            "https://github.com/pytorch/pytorch/issues if you need this feature."
        )
    return bool(np.all(get_op("isclose").call(self, other, rtol, atol, equal_nan).array))


@function(
    "equal(Tensor self, Tensor other)",
    where=("torch", "Tensor"),
    mapped="values",
    doc="Whether two tensors have the same shape and elements, as a Python bool.",
)
@needs_data("aten::equal")
def _equal(self: Tensor, other: Tensor) -> bool:
    if is_batched(self) or is_batched(other):
        raise RuntimeError(
            "Batching rule not implemented for aten::equal. We could not generate a fallback."
        )
    if shape_of(self) != shape_of(other):
        return False
    return bool(np.all(self.array == other.array))


def _is_real(self: Any) -> Any:
    return self.imag == 0 if self.dtype.kind == "c" else np.isfinite(self) | True


def _special_values(S: Any) -> Any:
    nan, inf = float("nan"), float("inf")
    return [
        S(S.tensor([1.0, nan, inf, -inf, 0.0, -0.0])),
        S(S.integers(-2, 2, 3)),
        S(S.normal(2, 2)),
        S(S.normal()),
    ]


for _name, _kernel, _doc in (
    ("isnan", np.isnan, "Whether elements are NaN."),
    ("isinf", np.isinf, "Whether elements are infinite."),
    ("isfinite", np.isfinite, "Whether elements are finite."),
    ("isreal", _is_real, "Whether elements have no imaginary part."),
):
    op(
        f"{_name}(Tensor self)",
        kernel=_kernel,
        promote="compare",
        batching=ELEMENTWISE,
        doc=_doc,
        samples=_special_values,
    )
for _name, _kernel, _doc, _refusal in (
    (
        "isposinf",
        lambda self: self == np.inf,
        "Whether elements are positive infinity.",
        RuntimeError("isposinf does not support complex inputs."),
    ),
    (
        "isneginf",
        lambda self: self == -np.inf,
        "Whether elements are negative infinity.",
        RuntimeError("isneginf does not support complex inputs."),
    ),
    (
        "signbit",
        lambda self: np.signbit(self) if self.dtype.kind == "f" else np.less(self, 0),
        "Whether elements have their sign set; -0.0 has.",
        NotImplementedError("signbit is not implemented for complex tensors."),
    ),
):
    op(
        f"{_name}(Tensor self)",
        kernel=_kernel,
        promote="compare",
        batching=ELEMENTWISE,
        check=supports(complex=_refusal),
        out=Rule(f"{_name} does not support non-boolean outputs."),
        doc=_doc,
        samples=_special_values,
    )


# --- logic and bits


def _masks(S: Any) -> Any:
    return [
        S(S.booleans(2, 3), S.booleans(3)),
        S(S.tensor([0.0, 1.0, -2.0]), S.tensor([0.0, 0.0, 5.0])),
        S(S.integers(0, 2, 4), S.booleans()),
    ]


for _name, _kernel, _doc in (
    ("logical_and", np.logical_and, "Whether both are nonzero."),
    ("logical_or", np.logical_or, "Whether one of the two is nonzero."),
    ("logical_xor", np.logical_xor, "Whether exactly one of the two is nonzero."),
):
    op(
        f"{_name}(Tensor self, Tensor other)",
        kernel=_kernel,
        result=dtypes.bool_,
        batching=ELEMENTWISE,
        inplace="Tensor",
        batched_write="arithmetic",
        doc=_doc,
        samples=_masks,
    )
op(
    "logical_not(Tensor self)",
    kernel=np.logical_not,
    promote="compare",
    batching=ELEMENTWISE,
    inplace="Tensor",
    doc="Whether elements are zero.",
    samples=lambda S: [S(S.booleans(3)), S(S.tensor([0.0, 2.0])), S(S.integers(0, 2, 4))],
)


def _bit_samples(S: Any) -> Any:
    return [
        S(S.integers(-9, 9, 2, 3), S.integers(-9, 9, 3)),
        S(S.integers(-9, 9, 3), 5),
        S(S.booleans(3), S.booleans(3)),
    ]


for _name, _kernel, _doc in (
    ("bitwise_and", operator.and_, "The bits that both have."),
    ("bitwise_or", operator.or_, "The bits that one of the two has."),
    ("bitwise_xor", operator.xor, "The bits that exactly one of the two has."),
):
    op(
        f"{_name}(Tensor self, Tensor other)",
        kernel=_kernel,
        promote="number",
        batching=ELEMENTWISE,
        inplace="Tensor",
        numbers="either",
        check=supports(complex=f"{_name}_cpu", floating=f"{_name}_cpu", numbers=True),
        batched_write="broadcast",
        doc=_doc,
        samples=_bit_samples,
    )
op(
    "bitwise_not(Tensor self)",
    kernel=np.invert,
    promote="number",
    batching=ELEMENTWISE,
    inplace="Tensor",
    check=supports(
        complex="bitwise_not_cpu", floating="bitwise_not_cpu", unsigned="bitwise_not_cpu"
    ),
    out=FOUND,
    doc="All bits changed; masks are negated.",
    samples=lambda S: [S(S.integers(-9, 9, 3)), S(S.booleans(2, 2))],
)


def _shift_left(self: Any, other: Any) -> Any:
    bits = 8 * self.dtype.itemsize
    outside = (other < 0) | (other >= bits)
    shifted = np.left_shift(self, np.where(outside, 0, other).astype(self.dtype))
    return np.where(outside, 0, shifted)[()].astype(self.dtype)


def _shift_right(self: Any, other: Any) -> Any:
    bits = 8 * self.dtype.itemsize
    most = bits - (self.dtype.kind == "i")
    outside = (other < 0) | (other >= most)
    return np.right_shift(
        self, np.where(outside, most - (self.dtype.kind != "i"), other)[()].astype(self.dtype)
    )


for _name, _kernel, _short, _doc in (
    ("bitwise_left_shift", _shift_left, "lshift_cpu", "Bits moved to the left."),
    ("bitwise_right_shift", _shift_right, "rshift_cpu", "Bits moved to the right."),
):
    op(
        f"{_name}(Tensor self, Tensor other)",
        kernel=_kernel,
        promote="number",
        batching=ELEMENTWISE,
        inplace="Tensor",
        numbers="either",
        check=supports(
            complex=_short, floating=_short, boolean=_short, unsigned=_short, numbers=True
        ),
        batched_write="broadcast",
        doc=_doc,
        samples=lambda S: [
            S(S.integers(-9, 9, 2, 3), S.integers(0, 5, 3)),
            S(S.integers(-9, 9, 3), 2),
        ],
    )


# --- choices


def _check_condition(condition: Any, self: Any, other: Any) -> None:
    if condition.dtype is not dtypes.bool_ and condition.dtype is not dtypes.uint8:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype.scalar_name}"
        )
    if condition.dtype is dtypes.uint8:
        warn_once(
            "where received a uint8 condition tensor. This behavior is deprecated and will be "
            "removed in a future version of PyTorch. Use a boolean condition instead."
        )


_BITS = {np.dtype("float32"): np.int32, np.dtype("float64"): np.int64}


def _select(condition: Any, self: Any, other: Any) -> Any:
    """`self` where the condition holds, else `other`.

    Note: derivatives choose between an array and zero all the time. A bit mask does that without
    branches, six times faster than np.where, and unlike a product keeps inf and NaN out.
    """
    if type(condition) is np.ndarray and condition.dtype == np.bool_:
        if type(self) is np.ndarray and _is_zero(other) and _maskable(self, condition):
            return _masked(self, -condition.view(np.int8))
        if type(other) is np.ndarray and _is_zero(self) and _maskable(other, condition):
            return _masked(other, condition.view(np.int8) - np.int8(1))
    return select(condition, self, other)


def _is_zero(value: Any) -> bool:
    return np.ndim(value) == 0 and value == 0


def _maskable(values: Any, condition: Any) -> bool:
    return values.dtype in _BITS and values.shape == condition.shape and values.flags.c_contiguous


def _masked(values: Any, mask: Any) -> Any:
    """`values` where `mask` is -1, zero where it is 0."""
    bits = _BITS[values.dtype]
    return (values.view(bits) & mask.astype(bits)).view(values.dtype)


op(
    "where(Tensor condition, Tensor self, Tensor other)",
    kernel=_select,
    vjp={
        "self": lambda F, g, condition: F.where(condition, g, 0),
        "other": lambda F, g, condition: F.where(condition, 0, g),
    },
    jvp={
        "self": lambda F, t, condition: F.where(condition, t, 0),
        "other": lambda F, t, condition: F.where(condition, 0, t),
    },
    promote=lambda condition, self, other: None,
    result=lambda condition, self, other: common_dtype(self, other),
    batching=ELEMENTWISE,
    where=("torch",),
    check=_check_condition,
    forms=0,
    doc="Elements of `self` where the condition holds, of `other` elsewhere.",
    samples=lambda S: [
        S(S.booleans(2, 3), S.normal(2, 3), S.normal(3)),
        S(S.booleans(3), S.normal(3), 0.5),
        S(S.booleans(3), 2, S.normal(2, 1)),
        S(S.booleans(), S.normal(), S.normal()),
    ],
)
op(
    "where_method(Tensor self, Tensor condition, Tensor other)",
    name="where",
    composite=lambda F, self, condition, other: F.where(condition, self, other),
    promote="number",
    where=("Tensor",),
    forms=0,
    doc="Elements of `self` where the condition holds, of `other` elsewhere.",
    samples=lambda S: [S(S.normal(2, 3), S.booleans(2, 3), S.normal(3))],
)


def _coordinates(condition: Any) -> Any:
    return np.nonzero(np.atleast_1d(condition))


def _refuse_examples(op: Op, args: list[Any], axes: list[Any]) -> Any:
    raise dynamic_shape("aten::where")


op(
    "where_nonzero(Tensor condition)",
    name="where",
    kernel=_coordinates,
    batching=_refuse_examples,
    outputs=0,
    result=dtypes.int64,
    where=("torch",),
    forms=0,
    doc="The indices of the nonzero elements, one tensor a dimension.",
    samples=lambda S: [S(S.booleans(2, 3)), S(S.tensor([0.0, 1.0, 2.0]))],
)


def _tie_samples(S: Any) -> Any:
    return [
        *S.pairs(-2, 2),
        *S.kink_pairs(),
        S.edge(S.distinct(2, 3), S.distinct(3)),
        S.edge(S.tensor([1.0, math.nan, 2.0]), S.tensor([math.nan, 1.0, 2.0])),
    ]


def _lesser(F: Namespace, g: Any, self: Any, other: Any) -> Any:
    """`g` where `self` is less, half of it at ties."""
    return cleared(F, F.gt(self, other), F.where(F.eq(self, other), g / 2, g))


def _greater(F: Namespace, g: Any, self: Any, other: Any) -> Any:
    """`g` where `self` is greater, half of it at ties."""
    return cleared(F, F.lt(self, other), F.where(F.eq(self, other), g / 2, g))


def _of_other(share: Formula) -> Formula:
    """The gradient of the second operand, from that of the first."""
    return lambda F, g, self, other: share(F, g, other, self)


for _name, _kernel, _share, _word in (
    ("maximum", np.maximum, _greater, "greater"),
    ("minimum", np.minimum, _lesser, "lesser"),
):
    op(
        f"{_name}(Tensor self, Tensor other)",
        numbers=False,
        kernel=_kernel,
        vjp={
            "self": _share,
            "other": _of_other(_share),
        },
        jvp=ELEMENTWISE,
        promote="number",
        batching=ELEMENTWISE,
        check=supports(complex=RuntimeError(f"{_name} not implemented for complex tensors.")),
        doc=f"The {_word} of two elements; NaN if one is. Ties share the gradient.",
        samples=_tie_samples,
    )
op(
    "fmax(Tensor self, Tensor other)",
    numbers=False,
    kernel=lambda self, other: np.fmax(other, self),  # of two zeros the first
    vjp={
        "self": lambda F, g, self, other: cleared(
            F, F.logical_not(F.logical_or(F.ge(self, other), F.isnan(other))), g
        ),
        "other": lambda F, g, self, other: cleared(
            F, F.logical_or(F.ge(self, other), F.isnan(other)), g
        ),
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    check=supports(complex=RuntimeError("fmax not implemented for complex tensors.")),
    doc="The greater of two elements; a NaN gives way to a number.",
    samples=_tie_samples,
)
op(
    "fmin(Tensor self, Tensor other)",
    numbers=False,
    kernel=lambda self, other: np.fmin(other, self),
    vjp={
        "self": lambda F, g, self, other: cleared(
            F, F.logical_not(F.logical_or(F.le(self, other), F.isnan(other))), g
        ),
        "other": lambda F, g, self, other: cleared(
            F, F.logical_or(F.le(self, other), F.isnan(other)), g
        ),
    },
    jvp=ELEMENTWISE,
    promote="number",
    batching=ELEMENTWISE,
    check=supports(complex=RuntimeError("fmin not implemented for complex tensors.")),
    doc="The lesser of two elements; a NaN gives way to a number.",
    samples=_tie_samples,
)
for _name, _kernel, _doc in (
    ("gcd", np.gcd, "The greatest common divisor."),
    ("lcm", np.lcm, "The least common multiple."),
):
    op(
        f"{_name}(Tensor self, Tensor other)",
        numbers=False,
        kernel=_kernel,
        promote="number",
        batching=ELEMENTWISE,
        inplace=True,
        check=supports(complex=f"{_name}_cpu", floating=f"{_name}_cpu", boolean=f"{_name}_cpu"),
        batched_write="broadcast",
        doc=_doc,
        samples=lambda S: [S(S.integers(0, 30, 2, 3), S.integers(0, 30, 3))],
    )

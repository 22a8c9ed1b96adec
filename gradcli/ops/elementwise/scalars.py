"""Arithmetic with a number as PyTorch's own composites do it: under other node names."""

from __future__ import annotations

from ...table.entry import ELEMENTWISE, op

op(
    "_add_scalar(Tensor self, Number other)",
    kernel=lambda self, other: self + other,
    vjp={"self": lambda F, g: g},
    jvp={"self": lambda F, t: t},
    promote="float",
    batching=ELEMENTWISE,
    node="AddBackward1",
    where=(),
    doc="Adds a number.",
    samples=lambda S: [S(S.normal(3), 0.5), S(S.normal(), 2)],
)
op(
    "_sub_scalar(Tensor self, Number other)",
    kernel=lambda self, other: self - other,
    vjp={"self": lambda F, g: g},
    jvp={"self": lambda F, t: t},
    promote="float",
    batching=ELEMENTWISE,
    node="SubBackward1",
    where=(),
    doc="Subtracts a number.",
    samples=lambda S: [S(S.normal(3), 0.5)],
)
op(
    "_mul_scalar(Tensor self, Number other)",
    kernel=lambda self, other: self * other,
    vjp={"self": lambda F, g, other: g * other.conjugate()},
    jvp={"self": lambda F, t, other: t * other},
    promote="float",
    batching=ELEMENTWISE,
    node="MulBackward1",
    where=(),
    doc="Multiplies by a number.",
    samples=lambda S: [S(S.normal(3), 0.5), S(S.normal(2, 2), -2.0)],
)
op(
    "_div_scalar(Tensor self, Number other)",
    kernel=lambda self, other: self / other,
    vjp={"self": lambda F, g, other: g / other.conjugate()},
    jvp={"self": lambda F, t, other: t / other},
    promote="float",
    batching=ELEMENTWISE,
    node="DivBackward1",
    where=(),
    doc="Divides by a number.",
    samples=lambda S: [S(S.normal(3), 0.5), S(S.normal(2, 2), -2)],
)

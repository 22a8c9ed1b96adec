"""Arithmetic: the operators."""

from __future__ import annotations

from operator import mul, neg

from .table import ELEMENTWISE, LINEAR, MULTILINEAR, op

op(
    "add(Tensor self, Tensor other, *, Scalar alpha=1)",
    kernel=lambda self, other, alpha: self + (other if alpha == 1 else other * alpha),
    vjp={
        "self": lambda F, g: g,
        "other": lambda F, g, alpha: g if alpha == 1 else g * alpha,
    },
    jvp=LINEAR,
    promote="number",
    batching=ELEMENTWISE,
    inplace=True,
    doc="Adds `alpha` times `other` to `self`.",
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
    batching=ELEMENTWISE,
    inplace=True,
    aliases=("multiply",),
    doc="Multiplies elementwise.",
)
op(
    "conj(Tensor self)",
    kernel=lambda self: self.conj(),
    vjp={"self": lambda F, g: F.conj(g)},
    promote="number",
    batching=ELEMENTWISE,
)
op(
    "neg(Tensor self)",
    kernel=neg,
    vjp={"self": lambda F, g: -g},
    jvp=LINEAR,
    promote="number",
    batching=ELEMENTWISE,
)

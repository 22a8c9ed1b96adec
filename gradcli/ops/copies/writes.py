"""Entries that exist only as writes: copy_, fill_, zero_; and zeros for the engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...table.call.python_data import element
from ...table.entry import ELEMENTWISE, LINEAR, Op, op
from ...table.shape_rules import check_target
from ...tensor.tensor import constant, shape_of


def _zeros_for_batch(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    length = shape_of(args[0])[axes[0]]
    return constant((length, *args[1]), args[0].dtype), 0


def _copy(self: Any, src: Any, non_blocking: bool) -> Any:
    shape = np.shape(self)
    if np.shape(src) != shape:
        check_target(shape, np.shape(src))
    return np.broadcast_to(src, shape)


op(
    "copy(Tensor self, Tensor src, bool non_blocking=False)",
    kernel=_copy,
    result=lambda self, src, non_blocking: self.dtype,
    vjp={"self": lambda F, g: F.zeros_like_shape(g, g.shape), "src": lambda F, g: g},
    jvp={"self": lambda F, t: F.zeros_like_shape(t, t.shape), "src": lambda F, t: t},
    node="CopyBackwards",
    where=(),
    inplace=True,
    batched_write="arithmetic",
    doc="Writes `src`, broadcast and cast, into the tensor.",
    samples=lambda S: [S(S.normal(2, 3), S.normal(2, 3)), S(S.normal(2, 3), S.normal(3))],
)
op(
    "fill(Tensor self, Scalar value)",
    kernel=lambda self, value: np.full(
        np.shape(self), bool(value) if self.dtype.kind == "b" else value
    ),
    check=lambda self, value: element(value, self.dtype),  # raises where it does not fit
    result=lambda self, value: self.dtype,
    vjp={"self": lambda F, g: F.zeros_like_shape(g, g.shape)},
    jvp={"self": lambda F, t: F.zeros_like_shape(t, t.shape)},
    node="FillBackward2",
    where=(),
    inplace=True,
    writes="fill",
    doc="Writes one number into every element.",
    samples=lambda S: [S(S.normal(2, 3), 2.0)],
)
op(
    "fill_tensor(Tensor self, Tensor value)",
    name="fill",
    kernel=lambda self, value: np.broadcast_to(value, np.shape(self)),
    result=lambda self, value: self.dtype,
    vjp={"self": lambda F, g: F.zeros_like_shape(g, g.shape), "value": lambda F, g: F.sum(g)},
    jvp={
        "self": lambda F, t: F.zeros_like_shape(t, t.shape),
        "value": lambda F, t, self_shape: F.expand(t, self_shape),
    },
    node="FillBackward3",
    where=(),
    inplace=True,
    batched_write="ruled",
    doc="Writes the element of a tensor without dimensions into every element.",
    samples=lambda S: [S(S.normal(2, 3), S.normal())],
)
op(
    "zero(Tensor self)",
    kernel=lambda self: np.zeros(np.shape(self), self.dtype),
    vjp={"self": lambda F, g: F.zeros_like_shape(g, g.shape)},
    jvp={"self": lambda F, t: F.zeros_like_shape(t, t.shape)},
    where=(),
    inplace=True,
    writes="fill",
    doc="Writes zero into every element.",
    samples=lambda S: [S(S.normal(2, 3))],
)
op(
    "zeros_like_shape(Tensor self, int[] size)",
    kernel=lambda self, size: np.zeros(size, self.dtype)[()],
    batching=_zeros_for_batch,
    size=lambda self, size: int(np.prod(size, dtype=object)),
    where=(),
    doc="Zeros of a given shape, in the dtype of `self`.",
    samples=lambda S: [S(S.normal(2), (2, 3))],
)


op(
    "_alias(Tensor self)",
    kernel=lambda self: self,
    vjp={"self": lambda F, g: g},
    jvp=LINEAR,
    batching=ELEMENTWISE,
    promote="number",
    node="AliasBackward0",
    where=(),
    doc="The same values as a result of their own.",
    samples=lambda S: [S(S.normal(2, 3))],
)
op(
    "_identity(Tensor self)",
    kernel=lambda self: self,
    vjp={"self": lambda F, g: g},
    jvp=LINEAR,
    batching=ELEMENTWISE,
    view=True,
    node="Identity",
    where=(),
    doc="The primal part of a dual tensor.",
    samples=lambda S: [S(S.normal(2, 3))],
)

"""Copies: clone, contiguous, casts, and the copy behind assignments to views."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.strides import zeros_like
from ...table.entry import ELEMENTWISE, LINEAR, op
from ...table.schema import Namespace
from ...table.shape_rules import shape_of_value
from ...tensor.device import contiguous_format
from ...tensor.dtypes import Array, DType
from ...tensor.notices import warn_once
from ...tensor.tensor import numel
from ..shape.views import is_contiguous


def _clone(self: Array, memory_format: Any) -> Array:
    if not isinstance(self, np.ndarray) or not self.ndim:
        return self[()]
    if self.flags.c_contiguous or memory_format is contiguous_format:
        return np.array(self, order="C")
    result = zeros_like(self, self.dtype)
    result[...] = self
    return result


op(
    "clone(Tensor self, *, MemoryFormat? memory_format=None)",
    kernel=_clone,
    vjp={"self": lambda F, g: g},
    jvp=LINEAR,
    batching=ELEMENTWISE,
    keeps_layout=True,
    size=lambda self, memory_format: numel(shape_of_value(self)),
    doc="A copy, through which gradients flow.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal())],
)


def _contiguous(F: Namespace, self: Any, memory_format: Any) -> Any:
    if not F.is_traced:
        return np.ascontiguousarray(self) if self.ndim else self
    return self if is_contiguous(self) else F.clone(self, memory_format=contiguous_format)


op(
    "contiguous(Tensor self, *, MemoryFormat? memory_format=None)",
    composite=_contiguous,
    where=("Tensor",),
    doc="The tensor laid out row by row: itself if it is already, else a copy.",
    samples=lambda S: [S(S.normal(2, 3))],
)


def _to_copy(self: Array, dtype: DType | None) -> Array:
    if dtype is None:
        return _clone(self, None)
    if not dtype.is_complex and self.dtype.kind == "c":
        warn_once("Casting complex values to real discards the imaginary part")
    if isinstance(self, np.ndarray) and self.ndim and not self.flags.c_contiguous:
        result = zeros_like(self, dtype.array)
        result[...] = dtype.cast(self)
        return result
    return np.array(dtype.cast(self))[()]


op(
    "_to_copy(Tensor self, DType? dtype=None)",
    kernel=_to_copy,
    vjp={"self": lambda F, g: g},
    jvp=LINEAR,
    result=lambda self, dtype: self.dtype if dtype is None else dtype,
    node="ToCopyBackward0",
    batching=ELEMENTWISE,
    keeps_layout=True,
    size=lambda self, dtype: numel(shape_of_value(self)),
    where=(),
    doc="A copy in another dtype.",
    samples=lambda S: [S(S.normal(2, 3))],
)
op(
    "whole(Tensor self)",
    kernel=lambda self: self[...],
    vjp={"self": lambda F, g: g},
    jvp=LINEAR,
    view=True,
    node="AliasBackward0",
    batching="shift",
    where=(),
    doc="The whole tensor as a view of itself: `x[:]`.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal())],
)

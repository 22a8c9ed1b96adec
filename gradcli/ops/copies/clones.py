"""Copies: clone, contiguous, casts, and the copy behind assignments to views."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.strides import formatted_copy, zeros_like
from ...table.entry import ELEMENTWISE, LINEAR, op
from ...table.schema import Namespace
from ...table.shape_rules import shape_of_value
from ...tensor.device import CHANNELS_LAST, contiguous_format, preserve_format
from ...tensor.dtypes import Array, DType
from ...tensor.notices import warn_once
from ...tensor.tensor import numel
from ..shape.views import is_contiguous


def _clone(self: Array, memory_format: Any) -> Array:
    if not isinstance(self, np.ndarray) or not self.ndim:
        return self[()]
    if memory_format in CHANNELS_LAST:
        return formatted_copy(self, memory_format, self.dtype, self)
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
    if memory_format is preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    memory_format = memory_format or contiguous_format
    if not F.is_traced and memory_format is contiguous_format:
        return np.ascontiguousarray(self) if self.ndim else self
    if is_contiguous(self, memory_format):
        return self
    return F.clone(self, memory_format=memory_format)


op(
    "contiguous(Tensor self, *, MemoryFormat? memory_format=None)",
    composite=_contiguous,
    where=("Tensor",),
    doc="The tensor laid out row by row, or in a memory format: itself if it is, else a copy.",
    samples=lambda S: [S(S.normal(2, 3))],
)


def _to_copy(self: Array, dtype: DType | None, memory_format: Any) -> Array:
    if dtype is None:
        return _clone(self, memory_format)
    if not dtype.is_complex and self.dtype.kind == "c":
        warn_once("Casting complex values to real discards the imaginary part")
    if isinstance(self, np.ndarray) and self.ndim:
        memory_format = memory_format or preserve_format
        if memory_format is not preserve_format or not self.flags.c_contiguous:
            return formatted_copy(self, memory_format, dtype.array, dtype.cast(self))
    return np.array(dtype.cast(self))[()]


op(
    "_to_copy(Tensor self, DType? dtype=None, *, MemoryFormat? memory_format=None)",
    kernel=_to_copy,
    vjp={"self": lambda F, g: g},
    jvp=LINEAR,
    result=lambda self, dtype, memory_format: self.dtype if dtype is None else dtype,
    node="ToCopyBackward0",
    batching=ELEMENTWISE,
    keeps_layout=True,
    size=lambda self, dtype, memory_format: numel(shape_of_value(self)),
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

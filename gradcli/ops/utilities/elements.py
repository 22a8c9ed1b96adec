"""Methods that go over elements with a Python function, or over the memory under them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...kernels.strides import order_in_memory, strides_of
from ...table.call.record import record
from ...table.dtype_rules import NO_STORAGE, is_batched, requires_grad, underivable
from ...table.entry import op
from ...table.lookup import get_op
from ...table.memory.inplace import check_writable, copy_, write
from ...table.memory.views import keep_retained
from ...table.public.plain_functions import function
from ...table.shape_rules import check_expand
from ...tensor.device import memory_format
from ...tensor.dtypes import c_name
from ...tensor.memory import address, shown
from ...tensor.runtime import runtime
from ...tensor.tensor import (
    META,
    Tensor,
    alias,
    backend_name,
    device_type,
    make,
    own_memory,
    shape_of,
    version_of,
)
from ..shape.views import is_contiguous


def _mapped(
    self: Tensor, name: str, others: list[Tensor], words: list[str], call: Callable[..., Any]
) -> Tensor:
    """Write `call` of the elements of several tensors into the first."""
    if any(map(is_batched, (self, *others))):
        raise RuntimeError(NO_STORAGE)
    if not callable(call):
        raise TypeError(f"'{type(call).__name__}' object is not callable")
    if requires_grad(self) or any(map(requires_grad, others)):
        raise RuntimeError(
            f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() "
            "instead."
        )
    for word, other in zip(words, others, strict=True):
        if other.dtype is not self.dtype or device_type(other) != device_type(self):
            raise TypeError(
                f"{name}: expected {backend_name(self)} for '{word}' (got {backend_name(other)})"
            )
        check_expand(shape_of(other), shape_of(self))
    check_writable(self)
    if self.level is META:
        return self
    array = own_memory(self)
    runtime.reserve(40 * array.size * (2 + len(others)))  # Python numbers, in lists
    columns = [np.broadcast_to(np.asarray(t.array), array.shape) for t in (self, *others)]
    kind = {"f": float, "c": complex, "b": bool}.get(self.dtype.array.kind, int)
    values = []
    for row in zip(*(column.ravel().tolist() for column in columns), strict=True):
        if runtime.stop is not None:
            runtime.check()
        value = call(*row)
        if not isinstance(value, bool | int | float | complex | Tensor):
            raise TypeError(f"must be real number, not {type(value).__name__}")
        values.append(kind(value))
    write(self, self.dtype.cast(np.array(values).reshape(array.shape)) if values else array)
    return self


@function(
    "apply_(Tensor self, any callable)",
    where=("Tensor",),
    doc="Writes what a Python function gives for every element.",
)
def apply_(self: Tensor, callable: Any) -> Tensor:
    return _mapped(self, "apply_", [], [], callable)


@function(
    "map_(Tensor self, Tensor tensor, any callable)",
    where=("Tensor",),
    doc="Writes what a Python function gives for the elements of two tensors.",
)
def map_(self: Tensor, tensor: Tensor, callable: Any) -> Tensor:
    return _mapped(self, "map_", [tensor], ["other"], callable)


@function(
    "map2_(Tensor self, Tensor x, Tensor y, any callable)",
    where=("Tensor",),
    doc="Writes what a Python function gives for the elements of three tensors.",
)
def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Any) -> Tensor:
    return _mapped(self, "map2_", [x, y], ["x", "y"], callable)


op(
    "_set(Tensor self, Tensor source)",
    kernel=lambda self, source: source,
    **underivable("set_", "self", "source"),
    where=(),
    doc="What is recorded when a tensor takes over memory.",
    samples=lambda S: [S(S.integers(0, 5, 2), S.integers(0, 5, 3))],
)


@function(
    "set_(Tensor self, Tensor source)",
    where=("Tensor",),
    doc="Lets the tensor take over the memory, shape and strides of another.",
)
def set_(self: Tensor, source: Tensor) -> Tensor:
    if source.dtype is not self.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {c_name(source.dtype)} to a tensor of type "
            f"{c_name(self.dtype)}"
        )
    if device_type(source) != device_type(self):
        raise RuntimeError(
            f'Attempted to set the storage of a tensor on device "{device_type(self)}" to a '
            f'storage on different device "{device_type(source)}".  This is no longer allowed; '
            "the devices must match."
        )
    recorded = runtime.grad_enabled and (requires_grad(self) or requires_grad(source))
    check_writable(self, recorded)
    old = alias(self)
    old.node, old.number = self.node, self.number
    self.array = own_memory(source)
    self.view_info = None
    version_of(self).bump(runtime.where)
    if recorded:
        result = make(self.array, self.dtype)
        record(get_op("_set"), (old, source), result)
        keep_retained(self, result.node)
        self.node, self.number = result.node, result.number
    return self


@function(
    "set_strided_(Tensor self, Tensor source, int storage_offset, Shape size, Shape stride=[])",
    name="set_",
    where=("Tensor",),
    doc="Lets the tensor take over a part of the memory of another.",
)
def set_strided_(
    self: Tensor, source: Tensor, storage_offset: int, size: Any, stride: Any
) -> Tensor:
    from ...kernels.strides import contiguous_strides

    if stride and len(size) != len(stride):
        raise RuntimeError(f"unequal size length ({len(size)}) and stride length ({len(stride)})")
    strides = tuple(stride) or contiguous_strides(tuple(size))
    part = get_op("as_strided").call(source, size, strides, storage_offset)
    result: Tensor = set_(self, part)
    return result


@function(
    "module_load(Tensor self, Tensor other, bool assign=False)",
    where=("Tensor",),
    doc="The tensor after a copy of another into it, or the other without history.",
)
def module_load(self: Tensor, other: Tensor, assign: bool) -> Tensor:
    from ...autograd.leaf import detach

    return detach(other) if assign else detach(copy_(self, other))


@function(
    "dim_order(Tensor self, *, any? ambiguity_check=False)",
    where=("Tensor",),
    doc="The dimensions in the order in which they lie in memory, the slowest first.",
)
def dim_order(self: Tensor, ambiguity_check: Any) -> tuple[int, ...]:
    formats = ambiguity_check if isinstance(ambiguity_check, list) else []
    if not isinstance(ambiguity_check, bool | list) or not all(
        isinstance(item, memory_format) for item in formats
    ):
        raise TypeError("The ambiguity_check argument must be a bool or a list of memory formats.")
    array = own_memory(self)
    shape, steps = array.shape, strides_of(array)
    if ambiguity_check is not False:
        several = 1 in shape or len(set(steps)) < len(steps)
        if several and sum(is_contiguous(array, item) for item in formats) != 1:
            raise RuntimeError(
                "The tensor does not have unique dim order, or cannot map to exact one of the "
                "given memory formats."
            )
        if several or 0 in steps:
            raise RuntimeError("The tensor does not have unique dim order.")
    return order_in_memory(shape, [steps])


function("const_data_ptr(Tensor self)", where=("Tensor",), doc="The address of the first element.")(
    lambda self: shown(address(own_memory(self)))
)
function("share_memory_(Tensor self)", where=("Tensor",), doc="The tensor: there is one process.")(
    lambda self: self
)
function("sparse_dim(Tensor self)", where=("Tensor",), doc="0: tensors are dense.")(lambda self: 0)
function(
    "dense_dim(Tensor self)", where=("Tensor",), doc="The number of dimensions: all are dense."
)(lambda self: len(shape_of(self)))
function(
    "to_dense(Tensor self, DType? dtype=None, *, bool? masked_grad=None)",
    where=("Tensor",),
    doc="The tensor: it is dense.",
)(lambda self, dtype, masked_grad: self)
function(
    "dequantize(Tensor self)", where=("torch", "Tensor"), prelude="", doc="The tensor in float32."
)(lambda self: _single(self))


def _single(self: Tensor) -> Tensor:
    from ...tensor.dtypes import float32

    return self if self.dtype is float32 else get_op("_to_copy").call(self, float32)

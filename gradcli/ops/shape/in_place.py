"""Methods that change a tensor's shape in place: unsqueeze_, squeeze_, t_, transpose_, resize_.

They write nothing: the tensor becomes a view of its own memory, and its history gets a node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...autograd.modes import refresh_view
from ...kernels.strides import format_of_images, formatted_strides, strided, strides_of
from ...table.call.dispatch import run
from ...table.call.record import record
from ...table.dtype_rules import is_batched
from ...table.entry import OPS, op
from ...table.formulas import traced
from ...table.levels.batching import front, wrap_batch
from ...table.lookup import get_op
from ...table.memory.inplace import check_writable, run_inplace
from ...table.memory.views import keep_retained
from ...table.public.plain_functions import function
from ...table.shape_rules import check_numel
from ...tensor.device import contiguous_format, preserve_format
from ...tensor.memory import fits, memory_of, view_of
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, alias, make, numel, own_memory, shape_of, version_of
from ..creation.tensors import check_size
from .strided import check_offset, check_strides, element_of

# id of the view op: node of its in-place twin
_TWINS = {
    "unsqueeze": "UnsqueezeBackward1",
    "squeeze": "SqueezeBackward3",
    "squeeze_dim": "SqueezeBackward4",
    "squeeze_dims": "SqueezeBackward5",
    "t": "TBackward1",
    "transpose": "TransposeBackward1",
    "_as_strided": "AsStridedBackward1",
}

for _identifier, _node in _TWINS.items():
    _view = get_op(_identifier)
    op(
        _view.schema.replace(f"{_identifier}(", f"{_identifier}_inplace(", 1),
        kernel=_view.kernel,
        vjp=_view.vjp,
        jvp=_view.jvp,
        batching=_view.batching if _identifier == "_as_strided" else None,
        shows=_view.shows,
        node=_node,
        where=(),
        doc=f"{_view.doc[:-1]}, in place.",
        samples=_view.samples,
    )


def restructure(tensor: Tensor, identifier: str, *args: Any) -> Tensor:
    """Let `tensor` become the view of itself that the op gives."""
    if is_batched(tensor):
        view = run(get_op(identifier), (tensor, *args))
        for field in ("array", "level", "node", "number", "view_info"):
            setattr(tensor, field, getattr(view, field))
        return tensor
    entry = OPS[f"{identifier}_inplace"]
    recorded = runtime.grad_enabled and tensor.node is not None
    if tensor.view_info is not None:
        refresh_view(tensor)
    check_writable(tensor, recorded)
    old = alias(tensor)
    old.node, old.number = tensor.node, tensor.number
    array = entry.kernel(own_memory(tensor), *args)
    version = version_of(tensor)
    version.bump(runtime.where)
    tensor.array = array
    if recorded:
        result = make(array, tensor.dtype)
        record(entry, (old, *args), result)
        keep_retained(tensor, result.node)
        tensor.node, tensor.number = result.node, result.number
    elif tensor.meta is not None:
        tensor.meta.shape = array.shape
        tensor.meta.array = array
    if tensor.view_info is not None:
        tensor.view_info.clock = version.clock
    return tensor


def _publish(
    schema: str, name: str, identifier: str, doc: str, aliases: tuple[str, ...] = ()
) -> None:
    def change(self: Tensor, *args: Any) -> Tensor:
        return restructure(self, identifier, *args)

    function(schema, name=name, where=("Tensor",), aliases=aliases, doc=doc)(change)


_publish(
    "unsqueeze_(Tensor self, Dim dim)",
    "unsqueeze_",
    "unsqueeze",
    "Inserts a dimension of length one, in place.",
)
_publish(
    "squeeze_(Tensor self)", "squeeze_", "squeeze", "Drops dimensions of length one, in place."
)
_publish(
    "squeeze_dim_(Tensor self, Dim dim)",
    "squeeze_",
    "squeeze_dim",
    "Drops a dimension of length one, in place.",
)
_publish(
    "squeeze_dims_(Tensor self, Dim[] dim)",
    "squeeze_",
    "squeeze_dims",
    "Drops dimensions of length one, in place.",
)
_publish("t_(Tensor self)", "t_", "t", "Transposes a matrix in place.")
_publish(
    "transpose_(Tensor self, Dim dim0, Dim dim1)",
    "transpose_",
    "transpose",
    "Swaps two dimensions in place.",
    ("swapaxes_", "swapdims_"),
)


@function(
    "resize_(Tensor self, int[]... size, *, MemoryFormat? memory_format=None)",
    where=("Tensor",),
    doc="Gives the tensor another size in place; elements stay in the order of memory.",
)
def resize_(self: Tensor, size: Sequence[int], memory_format: Any) -> Tensor:
    if self.node is not None:
        raise RuntimeError("cannot resize variables that require grad")
    if memory_format is preserve_format:
        raise RuntimeError("Unsupported memory formatPreserve")
    shape = check_size(size, self.dtype)
    if shape == shape_of(self) and memory_format is None:
        return self
    if is_batched(self):
        level: Any = self.level
        values = front(level.value, level.axis)
        resize_(values, (shape_of(values)[0], *shape), memory_format)
        for field in ("array", "level"):
            setattr(self, field, getattr(wrap_batch(values, 0, level.depth), field))
        return self
    array = own_memory(self)
    memory, start = memory_of(array)
    dtype = array.dtype
    strides = formatted_strides(shape, memory_format or contiguous_format, ())
    steps = [step * dtype.itemsize for step in strides]
    if fits(memory, shape, steps, start, dtype.itemsize):
        self.array = view_of(memory, shape, steps, start, dtype)
    else:
        grown = np.zeros(numel(shape), dtype)
        rest = (memory.nbytes - start) // dtype.itemsize
        grown[:rest] = view_of(memory, (rest,), (dtype.itemsize,), start, dtype)
        self.array = strided(grown, shape, strides, 0)
    version_of(self).bump(runtime.where)
    return self


@function(
    "as_strided_(Tensor self, Shape size, Shape stride, int? storage_offset=None)",
    where=("torch", "Tensor"),
    doc="Gives the tensor another shape and other strides over its memory, in place.",
)
def as_strided_(
    self: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None
) -> Tensor:
    array = own_memory(self)
    start = element_of(array)
    offset = start if storage_offset is None else storage_offset
    check_strides(size, stride)
    check_offset(offset)
    check_numel(size)
    return restructure(self, "_as_strided", size, stride, offset, strides_of(array), start)


@function(
    "resize_as_(Tensor self, Tensor the_template, *, MemoryFormat? memory_format=None)",
    where=("torch", "Tensor"),
    doc="Gives the tensor the size of another in place.",
)
def resize_as_(self: Tensor, the_template: Tensor, memory_format: Any) -> Tensor:
    if memory_format is preserve_format:
        memory_format = format_of_images(own_memory(the_template)) or contiguous_format
    resized: Tensor = resize_(self, shape_of(the_template), memory_format)
    return resized


@function(
    "fill_diagonal_(Tensor self, Number fill_value, bool wrap=False)",
    where=("Tensor",),
    doc="Writes a number on the main diagonal, in place.",
)
def fill_diagonal_(self: Tensor, fill_value: complex, wrap: bool) -> Tensor:
    shape = shape_of(self)
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    if is_batched(self):
        level: Any = self.level
        for index in range(shape_of(level.value)[level.axis]):
            fill_diagonal_(traced.select(level.value, level.axis, index), fill_value, wrap)
        return self
    array = own_memory(self)
    strides = [stride // array.itemsize for stride in array.strides]
    step = sum(strides)
    count = min(shape)
    as_strided: Callable[..., Tensor] = get_op("as_strided").call
    offset = element_of(array)
    fill = get_op("fill")
    run_inplace(fill, (as_strided(self, (count,), (step,), offset), fill_value))
    if wrap and len(shape) == 2 and shape[0] > shape[1] + 1:
        rows, columns = shape
        period = columns + 1
        for first in range(period, rows, period):
            length = min(columns, rows - first)
            part = as_strided(self, (length,), (step,), offset + first * strides[0])
            run_inplace(fill, (part, fill_value))
    return self

"""Writing in place: what is allowed, what it does to versions, views and the graph.

The new values are computed first and then copied, so an operation that fails leaves its tensor as
it was.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.modes import InferenceVersion, refresh_view, requires_grad
from ...autograd.node import Node, before_write, title_in_messages
from ...autograd.operations import operations
from ...kernels.strides import is_dense, strides_of
from ...tensor import dtypes
from ...tensor.memory import address
from ...tensor.runtime import runtime
from ...tensor.tensor import (
    META,
    Tensor,
    make,
    numel,
    own_memory,
    rewrite_of,
    shape_of,
    version_of,
)
from ..call.dispatch import compute
from ..call.record import edge_start, record, stamp_outputs
from ..dtype_rules import common_dtype
from ..entry import ELEMENTWISE, Op
from ..shape_rules import broadcast_shape
from .views import CopySlices, check_view, keep_retained, refresh


def run_inplace(op: Op, args: Sequence[Any]) -> Tensor:
    """Call the in-place twin of `op`: its result is written into the first argument.

    Raises RuntimeError with PyTorch's sentences when the tensor may not be written or the
    result does not fit its shape or dtype.
    """
    target: Tensor = args[0]
    for position in op.tensor_positions:
        value = args[position]
        if type(value) is Tensor:
            if value.level is not None:
                return operations.run_leveled_inplace(op, args)
        elif isinstance(value, list | tuple) and any(  # of index tensors
            type(item) is Tensor and item.level is not None for item in value
        ):
            return operations.run_leveled_inplace(op, args)
    recorded = runtime.grad_enabled and any(
        type(args[p]) is Tensor and requires_grad(args[p]) for p in op.tensor_positions
    )
    check_writable(target, recorded, op.writes == "fill")
    check_overlaps(op, args)
    if op.composite is not None and recorded:
        return _write_composite(op, args, target)
    result = result_of(op, args, target)
    if not recorded or not op.vjp or target.dtype.category < dtypes.FLOATING:
        write(target, result.array)
        return target
    _write_recorded(op, args, target, result)
    return target


def _write_composite(op: Op, args: Sequence[Any], target: Tensor) -> Tensor:
    """Write the result of a composite: it is recorded from the old values, then copied."""
    from ..call.dispatch import run
    from ..lookup import get_op

    old = make(np.array(target.array)[()], target.dtype)
    old.node, old.number = target.node, target.number
    result = run(op, (old, *args[1:]))
    return run_inplace(get_op("copy"), (target, result, False))


def result_of(op: Op, args: Sequence[Any], target: Tensor) -> Tensor:
    """The new values, in the target's dtype and shape."""
    if op.composite is not None:
        from ...autograd.modes import no_grad
        from ..call.dispatch import run

        with no_grad():
            result: Tensor = run(op, args)
    else:
        try:
            result = compute(op, args)
        except (NotImplementedError, RuntimeError, ValueError) as error:
            words = ("ZeroDivisionError", "The size of tensor a")
            if type(error) is not RuntimeError or str(error).startswith(words):
                _check_fit(op, args, target)
            raise
    shape = shape_of(target)
    if shape_of(result) != shape:
        raise RuntimeError(
            f"output with shape {list(shape)} doesn't match the broadcast shape "
            f"{list(shape_of(result))}"
        )
    if result.dtype is not target.dtype:
        if not dtypes.can_cast(result.dtype, target.dtype) and op.id != "copy":
            raise RuntimeError(
                f"result type {result.dtype.scalar_name} can't be cast to the desired output "
                f"type {target.dtype.scalar_name}"
            )
        result = make(target.dtype.cast(result.array), target.dtype)
    return result


def _check_fit(op: Op, args: Sequence[Any], target: Tensor) -> None:
    """Raise for a result that would not fit, which PyTorch notices before the kernel runs."""
    if op.batching != ELEMENTWISE and op.id != "copy":
        return
    tensors = [args[p] for p in op.tensor_positions if type(args[p]) is Tensor]
    shape = broadcast_shape([shape_of(tensor) for tensor in tensors])
    if shape != shape_of(target):
        raise RuntimeError(
            f"output with shape {list(shape_of(target))} doesn't match the broadcast shape "
            f"{list(shape)}"
        )
    if op.promote == "number" and op.id != "copy":
        dtype = common_dtype(*args[:2])
        if not dtypes.can_cast(dtype, target.dtype):
            raise RuntimeError(
                f"result type {dtype.scalar_name} can't be cast to the desired output type "
                f"{target.dtype.scalar_name}"
            )


def check_writable(tensor: Tensor, tracked: bool = False, fills: bool = False) -> None:
    """Raise PyTorch's error if the tensor may not be written in place now.

    `tracked` says that another operand requires grad. `fills` says that one value goes
    everywhere, which is allowed where elements share memory.
    """
    if runtime.grad_enabled and (tracked or requires_grad(tensor)):
        if tensor.view_info is not None:
            check_view(tensor)
            refresh_view(tensor)
        if tensor.node is not None and tensor.node.number < 0:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
    array = tensor.array
    shares = isinstance(array, np.ndarray) and array.size > 1 and not fills and _overlaps(array)
    if shares and tensor.level is not META:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )
    if type(tensor.version) is InferenceVersion and not runtime.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make "
            "a clone to get a normal tensor before doing inplace update.See "
            "https://github.com/pytorch/rfcs/pull/17 for more details."
        )


def fills_at_mask(indices: Sequence[Any], values: Tensor, accumulate: bool) -> bool:
    """Whether one value is put where one mask is true.

    PyTorch does it by masked_fill, for which the value is a number: of any dtype, from any memory.
    """
    given = [item for item in indices if item is not None]
    alone = len(given) == 1 and given[0].dtype is dtypes.bool_
    return alone and not accumulate and numel(shape_of(values)) == 1


def check_overlaps(op: Op, args: Sequence[Any]) -> None:
    """Raise PyTorch's error where an operand of a write shares part of the memory written."""
    placed = op.writes == "places"
    if op.id == "index_put" and fills_at_mask(*args[1:]):
        return
    if placed or op.batching == ELEMENTWISE or op.id == "copy":
        for position in op.tensor_positions[1:]:
            if type(args[position]) is Tensor:
                check_overlap(_in_memory(args[0]), _in_memory(args[position]), not placed)


def _in_memory(tensor: Tensor) -> Tensor:
    """The tensor below all batches, whose memory a write goes to."""
    while tensor.level is not None and tensor.level.value is not None:
        tensor = tensor.level.value
    return tensor


def check_overlap(target: Tensor, other: Tensor, itself: bool = True) -> None:
    """Raise PyTorch's error where an operand shares part of the memory that is written.

    As there, only operands without gaps are compared, and the target's own memory is fine when
    `itself` says so.
    """
    a, b = target.array, other.array
    if not (type(a) is np.ndarray and type(b) is np.ndarray and np.may_share_memory(a, b)):
        return
    if itself and address(a) == address(b) and a.shape == b.shape:
        steps = zip(a.shape, a.strides, b.strides, strict=True)
        if all(length == 1 or step == other_step for length, step, other_step in steps):
            return
    if a.size and b.size and is_dense(a.shape, strides_of(a)) and is_dense(b.shape, strides_of(b)):
        raise RuntimeError(
            "unsupported operation: some elements of the input tensor and the written-to tensor "
            "refer to a single memory location. Please clone() the tensor before performing the "
            "operation."
        )


def _overlaps(array: Any) -> bool:
    """Whether two indices surely lead to the same element."""
    strides = array.strides
    return 0 in strides and any(
        stride == 0 and length > 1 for stride, length in zip(strides, array.shape, strict=True)
    )


def write(target: Tensor, values: Any) -> None:
    """Put `values` into the target's memory and count the write."""
    for see in before_write:
        see(target)
    own_memory(target)[...] = values
    version_of(target).bump(runtime.where)


def _write_recorded(op: Op, args: Sequence[Any], target: Tensor, result: Tensor) -> None:
    """Write and record.

    Note: the node is made before the write, so that edges and saved operands are those of the old
    values: an operand that shares memory with the target is then found changed in the backward
    pass. The target's own old values are kept as a copy, and a saved result is that of the write.
    """
    old = make(np.array(target.array)[()], target.dtype)
    old.node = target.node
    old.number = target.number
    fresh = make(np.array(result.array), target.dtype)
    fresh.version = version_of(target)
    node = record(op, [old, *args[1:]], fresh)
    write(target, result.array)
    if node is None:
        return
    stamp_outputs(node, fresh.version)
    rebase(target, node, edge_start(op, 0, len(node.edges)))


def rebase(target: Tensor, node: Node, position: int, number: int = 0) -> None:
    """Let `target`, just written, stand for the result of `node` (of several, that of `number`).

    `position` is that of the target's old values among the node's edges. A view gets a node that
    leads to its base as it is now; other views get theirs when they are used next.
    """
    version = version_of(target)
    rewrite = rewrite_of(version)
    rewrite.title, rewrite.shape = title_in_messages(node), shape_of(target)
    if target.view_info is None:
        keep_retained(target, node, number)
        target.node = node
        target.number = number
        return
    base = target.view_info.base
    written = CopySlices(base, target, node, position)
    keep_retained(base, written)
    base.node = written
    base.number = 0
    refresh(target)
    written.view = weakref.ref(target.node)
    rewrite.title, rewrite.shape = "CopySlices", written.shape


operations.rebase = rebase


def copy_(target: Tensor, source: Any) -> Tensor:
    """Write `source` (a tensor or number, broadcast and cast) into `target`."""
    from ..lookup import get_op

    return run_inplace(get_op("copy"), (target, source, False))


__all__ = ["broadcast_shape", "check_writable", "copy_", "run_inplace", "write"]

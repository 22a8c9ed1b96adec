"""Writes into plain tensors, without the general way.

A function here does the whole write and answers True, or does nothing and answers False where the
general way has to be gone: for what is recorded, carries a level, is cast or broadcast, shares
memory with what is written, or is an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...autograd.node import before_write
from ...tensor import dtypes
from ...tensor.runtime import runtime
from ...tensor.tensor import InferenceVersion, Tensor, version_of
from ..call.fast_paths import is_free

_ndarray = np.ndarray
_LARGEST = float(np.finfo(np.float32).max)  # of numbers that fit into every dtype written here


def _writable(tensor: Any) -> bool:
    """Whether a tensor is floating, and writing into it is nobody else's business."""
    return (
        type(tensor) is Tensor
        and tensor.level is None
        and (not runtime.grad_enabled or is_free(tensor))
        and type(tensor.array) is _ndarray
        and tensor.dtype.raw
        and tensor.dtype.category == dtypes.FLOATING
        and 0 not in tensor.array.strides
        and (tensor.meta is None or not tensor.meta.bit)
        and type(tensor.version) is not InferenceVersion
        and not before_write
    )


def _number(value: Any) -> bool:
    """Whether a value is a number that needs no check."""
    if type(value) is float:
        return -_LARGEST <= value <= _LARGEST
    return type(value) is int and -(1 << 53) < value < 1 << 53


def _readable(tensor: Any, target: Tensor) -> bool:
    """Whether a value is a tensor of the target's dtype that is not recorded."""
    return (
        type(tensor) is Tensor
        and tensor.dtype is target.dtype
        and tensor.level is None
        and (tensor.meta is None or not tensor.meta.bit)
        and (not runtime.grad_enabled or is_free(tensor))
    )


def copy(tensor: Tensor, source: Any) -> bool:
    """`tensor.copy_(source)`."""
    if not _writable(tensor) or not _readable(source, tensor):
        return False
    target, values = tensor.array, source.array
    if values.shape != target.shape or np.may_share_memory(values, target):
        return False
    target[...] = values
    version_of(tensor).bump(runtime.where)
    return True


def fill(tensor: Tensor, value: Any) -> bool:
    """`tensor.fill_(value)`."""
    if not _number(value) or not _writable(tensor):
        return False
    tensor.array.fill(value)
    version_of(tensor).bump(runtime.where)
    return True


def put(tensor: Tensor, index: Any, value: Any) -> bool:
    """`tensor[index] = value`."""
    if not _writable(tensor):
        return False
    array = tensor.array
    place: Any = index
    if type(index) is int:
        if not array.ndim or not -len(array) <= index < len(array):
            return False
    elif type(index) is tuple:
        if len(index) != array.ndim:
            return False
        for item, length in zip(index, array.shape, strict=True):
            if type(item) is not int or not -length <= item < length:
                return False
    elif type(index) is slice:
        if not array.ndim or not _forward(index):
            return False
    elif type(index) is Tensor:
        place = index.array
        if index.dtype is not dtypes.bool_ or index.level is not None:
            return False
        if not array.ndim or place.shape != array.shape or not _number(value):
            return False
    else:
        return False
    if _number(value):
        array[place] = value
    elif type(value) is Tensor and place is index and _readable(value, tensor):
        view, values = array[place], value.array
        if values.shape != view.shape or (values.ndim and np.may_share_memory(values, array)):
            return False
        array[place] = values
    else:
        return False
    version_of(tensor).bump(runtime.where)
    return True


def _forward(index: slice) -> bool:
    """Whether a slice has bounds that are integers or none, and a step that PyTorch takes."""
    start, stop, step = index.start, index.stop, index.step
    return (
        (start is None or type(start) is int)
        and (stop is None or type(stop) is int)
        and (step is None or (type(step) is int and step > 0))
    )

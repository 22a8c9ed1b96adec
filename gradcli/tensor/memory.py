"""Where arrays lie in memory: the one place that makes views from shapes and strides.

A view is described by the shape, the strides and the first byte that it has; `view_of` makes it
only when its lowest and its highest byte both lie in the memory of the array that owns them,
whatever the dtypes of the two are. All numbers are exact integers, so nothing can wrap around.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .dtypes import Array


class _Bytes:
    """Lets NumPy see memory that `owner` keeps alive as bytes in a row."""

    __slots__ = ("__array_interface__", "base")

    def __init__(self, owner: Array, low: int, count: int) -> None:
        self.base = owner
        self.__array_interface__ = {
            "data": (low, not owner.flags.writeable),
            "shape": (count,),
            "typestr": "|u1",
            "version": 3,
        }


def address(array: Array) -> int:
    """The address of the first element, in bytes."""
    return int(array.__array_interface__["data"][0])


def reach(shape: Sequence[int], strides: Sequence[int], itemsize: int) -> tuple[int, int]:
    """The lowest byte and the end of the highest, counted from the first element.

    `strides` are in bytes. Both are 0 where there is no element.
    """
    low = high = 0
    for length, stride in zip(shape, strides, strict=True):
        if length == 0:
            return 0, 0
        if stride < 0:
            low += (length - 1) * stride
        else:
            high += (length - 1) * stride
    return low, high + itemsize


def owner_of(array: Array) -> Array:
    """The array that owns the memory under `array`: the end of the chain of its bases.

    Where the memory belongs to something that is no array, the last array of the chain.
    """
    base = array.base
    while base is not None:
        if isinstance(base, np.ndarray):
            array = base
        elif not isinstance(getattr(base, "base", None), np.ndarray):  # NumPy's and ours have one
            break
        base = base.base
    return array


def memory_of(array: Array) -> tuple[Array, int]:
    """The whole memory that `array` lies in, contiguous, and the byte where `array` starts."""
    owner = owner_of(array)
    if owner.flags.c_contiguous:
        whole = owner
    elif owner.flags.f_contiguous:
        whole = owner.T
    else:
        low, high = reach(owner.shape, owner.strides, owner.itemsize)
        whole = np.asarray(_Bytes(owner, address(owner) + low, high - low))
    return whole, address(array) - address(whole)


def fits(
    memory: Array, shape: Sequence[int], strides: Sequence[int], start: int, itemsize: int
) -> bool:
    """Whether every byte of a geometry that begins at byte `start` lies in `memory`."""
    low, high = reach(shape, strides, itemsize)
    return low == high or (start + low >= 0 and start + high <= memory.nbytes)


def view_of(
    memory: Array, shape: Sequence[int], strides: Sequence[int], start: int, dtype: np.dtype[Any]
) -> Array:
    """A view of `memory`, as `memory_of` gives it, with strides in bytes from byte `start` on.

    Raises RuntimeError for a view that would leave the memory; who has PyTorch's sentence for that
    checks before.
    """
    if not fits(memory, shape, strides, start, dtype.itemsize):
        raise RuntimeError(
            f"a view with sizes {list(shape)} and strides of {list(strides)} bytes from byte "
            f"{start} on is out of bounds for memory of {memory.nbytes} bytes"
        )
    if 0 in shape:
        start = min(max(start, 0), memory.nbytes)
    return np.ndarray(tuple(shape), dtype, memory, start, tuple(strides))


def window(
    array: Array,
    shape: Sequence[int],
    strides: Sequence[int],
    start: int = 0,
    dtype: np.dtype[Any] | None = None,
) -> Array:
    """A view from `start` bytes after the first element of `array` on, in the memory around it.

    Raises RuntimeError for a view that would leave the memory that `array` lies in.
    """
    memory, first = memory_of(array)
    return view_of(memory, shape, strides, first + start, dtype or array.dtype)


# ---------------------------------------------------------------- what programs see of addresses

SHOWN = 1 << 47  # what programs see of an address is not below; no address is as large
_shift = 0


def shown(number: int) -> int:
    """An address as programs see it: moved by a secret of the process.

    Equality, order, differences and the place within a page stay true; what lies where does not
    show. The secret is drawn at the first use.
    """
    global _shift
    if not _shift:
        import os

        _shift = SHOWN + (int.from_bytes(os.urandom(8), "little") & 0x3FFF_FFFF_F000)
    return number + _shift

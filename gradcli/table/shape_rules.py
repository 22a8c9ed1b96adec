"""Sentences about shapes that several operations share; PyTorch's wording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..tensor.tensor import Tensor, numel, shape_of


def broadcast_shape(shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    """The shape that `shapes` broadcast to.

    Raises RuntimeError with PyTorch's sentence for the first pair of lengths that do not match,
    from the last dimension on.
    """
    result: tuple[int, ...] = ()
    for shape in shapes:
        rank = max(len(result), len(shape))
        lengths = []
        for offset in range(1, rank + 1):
            a = result[-offset] if offset <= len(result) else 1
            b = shape[-offset] if offset <= len(shape) else 1
            if a != b and a != 1 and b != 1:
                raise RuntimeError(
                    f"The size of tensor a ({a}) must match the size of tensor b ({b}) at "
                    f"non-singleton dimension {rank - offset}"
                )
            lengths.append(b if a == 1 else a)
        result = tuple(reversed(lengths))
    return result


def check_mask(shape: Sequence[int], place: int, mask: Sequence[int]) -> None:
    """Raise IndexError where a mask of one shape does not fit a tensor's from `place` on."""
    for axis, length in enumerate(mask):
        if place + axis >= len(shape) or length != shape[place + axis]:
            raise IndexError(
                f"The shape of the mask {list(mask)} at index {axis} does not match "
                f"the shape of the indexed tensor {list(shape)} at index {place + axis}"
            )


def formula_error(error: Exception) -> Exception:
    """PyTorch's error for two shapes that do not broadcast inside a formula, else `error`."""
    found = re.match(r"operands could not be broadcast .* \((.*?)\) \((.*?)\)", str(error))
    if found is None:
        return error
    shapes = [tuple(int(n) for n in text.split(",") if n) for text in found.groups()]
    try:
        broadcast_shape(shapes)
    except RuntimeError as sentence:
        return sentence
    return error


def broadcast_error(op: Any, args: Sequence[Any], error: Exception) -> Exception:
    """PyTorch's error for shapes that do not broadcast, else `error` itself."""
    if "broadcast" not in str(error):
        return error
    shapes = [shape_of(args[p]) for p in op.tensor_positions if type(args[p]) is Tensor]
    try:
        broadcast_shape(shapes)
    except RuntimeError as sentence:
        return sentence
    return error


def wrap_dim(dim: int, rank: int) -> int:
    """A dimension counted from the front. Raises IndexError with PyTorch's sentence."""
    bound = max(rank, 1)
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], "
            f"but got {dim})"
        )
    return dim + bound if dim < 0 else dim


def wrap_own_dim(dim: int, rank: int) -> int:
    """`wrap_dim` for what a tensor without dimensions does not have at all."""
    if rank == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return wrap_dim(dim, rank)


def size_at(value: Any, dim: int) -> int:
    """The length of a dimension, with PyTorch's error where there is no such dimension."""
    shape: tuple[int, ...] = tuple(shape_of(value) if type(value) is Tensor else value.shape)
    return shape[wrap_own_dim(dim, len(shape))]


def wrap_dims(dims: Any, rank: int) -> tuple[int, ...]:
    """Dimensions counted from the front, each at most once; an int or None (all) also go."""
    if dims is None:
        return tuple(range(rank))
    if isinstance(dims, int):
        dims = (dims,)
    found: list[int] = []
    for dim in dims:
        place = wrap_dim(dim, rank)
        if place in found:
            raise RuntimeError(f"dim {place} appears multiple times in the list of dims")
        found.append(place)
    return tuple(found)


def check_target(shape: tuple[int, ...], *shapes: tuple[int, ...]) -> None:
    """Raise RuntimeError unless values of `shapes` can be written over a tensor of `shape`."""
    common = broadcast_shape([shape, *shapes])
    if common != shape:
        raise RuntimeError(
            f"output with shape {list(shape)} doesn't match the broadcast shape {list(common)}"
        )


def check_expand(
    shape: Sequence[int], target: Sequence[int], name: str = "torch.FloatTensor"
) -> None:
    """Raise RuntimeError with PyTorch's sentence unless `shape` expands to `target`."""
    if len(shape) > len(target):
        raise RuntimeError(
            f"expand({name}{{{list(shape)}}}, size={list(target)}): the number of sizes "
            f"provided ({len(target)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(shape)})"
        )
    offset = len(target) - len(shape)
    for place in range(len(shape) - 1, -1, -1):
        if shape[place] not in (1, target[place + offset]):
            raise RuntimeError(
                f"The expanded size of the tensor ({target[place + offset]}) must match the "
                f"existing size ({shape[place]}) at non-singleton dimension {place + offset}.  "
                f"Target sizes: {list(target)}.  Tensor sizes: {list(shape)}"
            )


def is_contiguous(value: Any, flipped: bool = False) -> bool:
    """Whether the elements lie in memory in the order of their indices.

    `flipped` asks it of the tensor with its last two dimensions exchanged.
    """
    if type(value) is Tensor:
        if value.level is not None and value.level.value is not None:
            return not flipped
        value = value.array
    if not value.ndim:
        return True
    return bool((value.swapaxes(-1, -2) if flipped else value).flags.c_contiguous)


def ndim(value: Any) -> int:
    """The number of dimensions of a tensor or an array."""
    return len(shape_of(value)) if type(value) is Tensor else value.ndim


def shape_of_value(value: Any) -> tuple[int, ...]:
    """The shape of a tensor or of an array."""
    return shape_of(value) if type(value) is Tensor else value.shape


def check_numel(size: Sequence[int]) -> None:
    """Raise RuntimeError for a shape that has no number of elements, or too large a one."""
    if numel(size) >= 1 << 63 or any(length < 0 for length in size):
        raise RuntimeError("numel: integer multiplication overflow")

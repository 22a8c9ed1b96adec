"""Putting tensors together and taking them apart: cat, stack, split, unbind and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.strides import format_of_images, formatted
from ...table.entry import LINEAR, op
from ...table.levels.batching import aligned
from ...table.out_rules import Rule
from ...table.schema import Namespace
from ...table.shape_rules import shape_of_value, size_at, wrap_dim
from ...tensor import dtypes
from ...tensor.dtypes import Array
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, numel, shape_of
from .slices import sliced
from .views import atleast_1d, atleast_2d, atleast_3d

_JOINED = Rule(
    "torch.cat(): input types can't be cast to the desired output type {out}",
    exact=False,
    error=TypeError,
)


def _skipped(shape: Sequence[int]) -> bool:
    """Whether cat ignores an input: PyTorch does so with tensors of the shape (0,)."""
    return tuple(shape) == (0,)


def _cat(tensors: Sequence[Array], dim: int) -> Array:
    used = [array for array in tensors if not _skipped(array.shape)]
    if not used:
        wrap_dim(dim, 1)
        return tensors[0].copy()
    place = wrap_dim(dim, used[0].ndim)
    first = used[0]
    for index, array in enumerate(tensors):
        if _skipped(array.shape):
            continue
        if array.ndim != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {array.ndim}"
            )
        for axis, (expected, found) in enumerate(zip(first.shape, array.shape, strict=True)):
            if axis != place and expected != found:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {place}. Expected size "
                    f"{expected} but got size {found} for tensor number {index} in the list."
                )
    shape = list(first.shape)
    shape[place] = sum(array.shape[place] for array in used)
    runtime.reserve(numel(shape) * first.itemsize)
    result = np.empty(shape, first.dtype)
    return np.concatenate(used, axis=place, out=result)


def _cat_images(tensors: Sequence[Array], dim: int) -> Array:
    """`_cat`, whose result has channels last where all tensors have."""
    result = _cat(tensors, dim)
    formats = {format_of_images(array) for array in tensors}
    return result if len(formats) > 1 else formatted(result, formats.pop())


def _check_cat(tensors: Sequence[Any], dim: int) -> None:
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for index, tensor in enumerate(tensors):
        if shape_of_value(tensor) == ():
            raise RuntimeError(
                f"zero-dimensional tensor (at position {index}) cannot be concatenated"
            )


def _cat_vjp(F: Namespace, g: Any, shapes: Sequence[tuple[int, ...]], dim: int) -> list[Any]:
    start = 0
    parts: list[Any] = []
    dim = wrap_dim(dim, len(shape_of_value(g)))
    for shape in shapes:
        if _skipped(shape):
            parts.append(F.zeros_like_shape(g, (0,)))
            continue
        parts.append(F.slice(g, dim, start, start + shape[dim]))
        start += shape[dim]
    return parts


op(
    "cat(Tensor[] tensors, Dim dim=0)",
    kernel=_cat_images,
    keeps_layout=True,
    check=_check_cat,
    vjp={"tensors": lambda F, g, tensors_shape, dim: _cat_vjp(F, g, tensors_shape, dim)},
    jvp=LINEAR,
    promote="number",
    where=("torch",),
    aliases=("concat", "concatenate"),
    batching=aligned,
    shows={"tensors_shape": ""},
    out=_JOINED,
    doc="Joins tensors along a dimension.",
    samples=lambda S: [
        S([S.normal(2, 3), S.normal(1, 3)]),
        S([S.normal(2, 3), S.normal(2, 1)], 1),
        S([S.normal(2), S.normal(0), S.normal(1)], dim=-1),
    ],
)


def _stack_slope(F: Namespace, g: Any, dim: int) -> list[Any]:
    if F.is_traced:  # PyTorch's nodes
        return [F.select(g, dim, place) for place in range(size_at(g, dim))]
    return list(F.unbind(g, dim))


def _stack(tensors: Sequence[Array], dim: int) -> Array:
    first = tensors[0].shape
    for index, array in enumerate(tensors):
        if array.shape != first:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first)} at entry 0 "
                f"and {list(array.shape)} at entry {index}"
            )
    place = wrap_dim(dim, len(first) + 1)
    shape = (*first[:place], len(tensors), *first[place:])
    runtime.reserve(numel(shape) * tensors[0].itemsize)
    result = np.empty(shape, tensors[0].dtype)
    parts = np.moveaxis(result, place, 0) if place else result
    for index, array in enumerate(tensors):
        parts[index] = array
    return result


def _check_stack(tensors: Sequence[Any], dim: int) -> None:
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")


op(
    "stack(Tensor[] tensors, Dim dim=0)",
    kernel=_stack,
    check=_check_stack,
    vjp={"tensors": _stack_slope},
    jvp=LINEAR,
    promote="number",
    where=("torch",),
    batching=aligned,
    out=_JOINED,
    doc="Joins tensors of one shape along a new dimension.",
    samples=lambda S: [
        S([S.normal(2, 3), S.normal(2, 3)]),
        S([S.normal(3), S.normal(3)], 1),
        S([S.normal(), S.normal()], -1),
    ],
)


def _hstack(F: Namespace, tensors: Sequence[Any]) -> Any:
    if not tensors:
        raise RuntimeError("hstack expects a non-empty TensorList")
    parts = [atleast_1d(F, value) for value in tensors]
    return F.cat(parts, 0 if len(shape_of_value(parts[0])) == 1 else 1)


def _vstack(F: Namespace, tensors: Sequence[Any]) -> Any:
    if not tensors:
        raise RuntimeError("vstack expects a non-empty TensorList")
    return F.cat([atleast_2d(F, value) for value in tensors], 0)


def _dstack(F: Namespace, tensors: Sequence[Any]) -> Any:
    if not tensors:
        raise RuntimeError("dstack expects a non-empty TensorList")
    return F.cat([atleast_3d(F, value) for value in tensors], 2)


def _column_stack(F: Namespace, tensors: Sequence[Any]) -> Any:
    if not tensors:
        raise RuntimeError("column_stack expects a non-empty TensorList")
    parts = []
    for value in tensors:
        shape = shape_of_value(value)
        parts.append(value if len(shape) > 1 else F.reshape(value, (shape[0] if shape else 1, 1)))
    return _hstack(F, parts)


op(
    "hstack(Tensor[] tensors)",
    composite=_hstack,
    where=("torch",),
    out=_JOINED,
    doc="Joins tensors along the second dimension, or the first of one-dimensional ones.",
    samples=lambda S: [S([S.normal(2), S.normal(3)]), S([S.normal(2, 1), S.normal(2, 2)])],
)
op(
    "vstack(Tensor[] tensors)",
    composite=_vstack,
    where=("torch",),
    aliases=("row_stack",),
    out=_JOINED,
    doc="Joins tensors as rows.",
    samples=lambda S: [S([S.normal(3), S.normal(3)]), S([S.normal(2, 3), S.normal(3)])],
)
op(
    "dstack(Tensor[] tensors)",
    composite=_dstack,
    where=("torch",),
    out=_JOINED,
    doc="Joins tensors along the third dimension.",
    samples=lambda S: [S([S.normal(3), S.normal(3)]), S([S.normal(2, 3), S.normal(2, 3)])],
)
op(
    "column_stack(Tensor[] tensors)",
    composite=_column_stack,
    where=("torch",),
    out=_JOINED,
    doc="Joins tensors as columns.",
    samples=lambda S: [S([S.normal(3), S.normal(3)]), S([S.normal(3), S.normal(3, 2)])],
)


# --- taking apart ----------------------------------------------------------------------------

_PART = 48  # what a tensor that is a part of another takes, in eights of bytes


def _parts_size(self: Tensor, size: Any, dim: int) -> int:
    """What the parts of a dimension take: an expanded tensor has more than elements in memory."""
    shape = shape_of(self)
    if not -len(shape) <= dim < len(shape):
        return 0  # the error says so
    if not isinstance(size, int):
        return _PART * len(size)
    return _PART * (shape[dim] // size) if size > 0 else 0


def _pieces(self: Array, dim: int, sizes: Sequence[int]) -> list[Array]:
    start = 0
    pieces = []
    for size in sizes:
        pieces.append(sliced(self, dim, start, start + size, 1))
        start += size
    return pieces


def _check_rank(name: str, self: Array) -> None:
    if not self.ndim:
        raise RuntimeError(f"{name} expects at least a 1-dimensional tensor")


def _split(self: Array, split_size: int, dim: int) -> list[Array]:
    _check_rank("split", self)
    if split_size < 0:
        raise RuntimeError(
            f"split expects split_size be non-negative, but got split_size={split_size}"
        )
    dim = wrap_dim(dim, self.ndim)
    length = self.shape[dim]
    if split_size == 0 and length:
        raise RuntimeError(
            f"split_size can only be 0 if dimension size is 0, but got dimension size of {length}"
        )
    count = max((length + split_size - 1) // split_size, 1) if split_size else 1
    sizes = [split_size] * (count - 1) + [length - split_size * (count - 1)]
    return _pieces(self, dim, sizes)


def _split_sizes(self: Array, split_size: Sequence[int], dim: int) -> list[Array]:
    _check_rank("split", self)
    dim = wrap_dim(dim, self.ndim)
    if any(size < 0 for size in split_size):
        raise RuntimeError(
            "split_with_sizes expects split_sizes have only non-negative entries, but got "
            f"split_sizes={list(split_size)}"
        )
    if sum(split_size) != self.shape[dim]:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {self.shape[dim]} (input "
            f"tensor's size at dimension {dim}), but got split_sizes={list(split_size)}"
        )
    return _pieces(self, dim, split_size)


op(
    "split(Tensor self, int split_size, Dim dim=0)",
    kernel=_split,
    vjp={"self": lambda F, g, dim: F.cat(list(g), dim)},
    jvp=LINEAR,
    view=True,
    outputs=0,
    batching="shift",
    size=_parts_size,
    keeps={"self": ("self_shape", "split_size")},
    written="Tensor",
    doc="Cuts a dimension into views of `split_size` indices; the last may be shorter.",
    samples=lambda S: [S(S.normal(5), 2), S(S.normal(2, 4), 3, -1)],
)
op(
    "split_sizes(Tensor self, int[] split_size, Dim dim=0)",
    name="split",
    kernel=_split_sizes,
    vjp={"self": lambda F, g, dim: F.cat(list(g), dim)},
    jvp=LINEAR,
    node="SplitWithSizesBackward0",
    view=True,
    outputs=0,
    batching="shift",
    size=_parts_size,
    keeps={"self": ("self_shape", "split_size")},
    shows={"split_size": "split_sizes"},
    written="Tensor",
    doc="Cuts a dimension into views of the given lengths.",
    samples=lambda S: [S(S.normal(5), (2, 3)), S(S.normal(2, 4), (1, 3), 1)],
)
op(
    "split_with_sizes(Tensor self, int[] split_sizes, Dim dim=0)",
    composite=lambda F, self, split_sizes, dim: F.split_sizes(self, split_sizes, dim),
    outputs=0,
    doc="Cuts a dimension into views of the given lengths.",
    samples=lambda S: [S(S.normal(5), (2, 3))],
)


def _chunk(F: Namespace, self: Any, chunks: int, dim: int) -> Any:
    shape = shape_of_value(self)
    if not shape:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    dim = wrap_dim(dim, len(shape))
    size = (shape[dim] + chunks - 1) // chunks
    if size == 0 and shape[dim] == 0:
        runtime.reserve(8 * _PART * chunks)
        return F.split_sizes(self, (0,) * chunks, dim)
    return F.split(self, size, dim)


op(
    "chunk(Tensor self, int chunks, Dim dim=0)",
    composite=_chunk,
    outputs=0,
    doc="Cuts a dimension into at most `chunks` views of equal length.",
    samples=lambda S: [S(S.normal(5), 2), S(S.normal(2, 4), 3, 1)],
)


def _sections(F: Namespace, self: Any, sections: int, dim: int) -> tuple[Any, ...]:
    length = shape_of_value(self)[dim]
    size, longer = divmod(length, sections)
    start = 0
    parts = []
    runtime.reserve(8 * _PART * sections)
    for index in range(sections):
        runtime.check()
        end = start + size + (index < longer)
        parts.append(F.slice(self, dim, start, end))
        start = end
    return tuple(parts)


def _cuts(F: Namespace, self: Any, indices: Sequence[int], dim: int) -> tuple[Any, ...]:
    start: int | None = 0
    parts = []
    for end in (*indices, None):
        runtime.check()
        parts.append(F.slice(self, dim, start, shape_of_value(self)[dim] if end is None else end))
        start = end
    return tuple(parts)


def _places(tensor: Tensor) -> Any:
    """The number of parts, or where to cut, from a tensor of integers."""
    if tensor.dtype is not dtypes.int64:
        raise RuntimeError(
            "tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
            f"{tensor.dtype.scalar_name}"
        )
    if len(shape_of(tensor)) > 1:
        raise RuntimeError(
            "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
            f"one-dimensional tensor, but got a tensor with {len(shape_of(tensor))} dims"
        )
    places = tensor.array
    level = tensor.level
    if level is not None and level.value is not None:
        rows = np.moveaxis(level.value.array, level.axis, 0)
        places = rows[0]
        if (rows != places).any():
            raise RuntimeError("tensor_split: the examples of a batch must be cut alike")
    found: Any = places.tolist()
    return found


def _tensor_split(F: Namespace, self: Any, indices_or_sections: Any, dim: int) -> tuple[Any, ...]:
    shape = shape_of_value(self)
    if not shape:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    dim = wrap_dim(dim, len(shape))
    if type(indices_or_sections) is Tensor:
        indices_or_sections = _places(indices_or_sections)
    if not isinstance(indices_or_sections, int):
        return _cuts(F, self, indices_or_sections, dim)
    if indices_or_sections <= 0:
        raise RuntimeError(f"number of sections must be larger than 0, got {indices_or_sections}")
    return _sections(F, self, indices_or_sections, dim)


def _split_samples(kind: str) -> Any:
    def samples(S: Any) -> list[Any]:
        if kind == "Tensor":
            return [S(S.normal(5), S.integers(2, 3)), S(S.normal(2, 4), S.integers(1, 2, 1), 1)]
        many = kind != "int"
        return [
            S(S.normal(5), (1, 3) if many else 2),
            S(S.normal(2, 4), (2,) if many else 3, 1),
        ]

    return samples


for _kind, _identifier, _parameter in (
    ("int", "tensor_split", "sections"),
    ("int[]", "tensor_split_indices", "indices"),
    ("Tensor", "tensor_split_tensor", "tensor_indices_or_sections"),
):
    op(
        f"{_identifier}(Tensor self, {_kind} {_parameter}, Dim dim=0)",
        name="tensor_split",
        composite=_tensor_split,
        outputs=0,
        doc=f"Cuts a dimension into views, by `{_parameter}`.",
        samples=_split_samples(_kind),
    )


def _named_split(name: str, least: int, axis: int) -> None:
    def parts(F: Namespace, self: Any, indices_or_sections: Any) -> tuple[Any, ...]:
        shape = shape_of_value(self)
        if len(shape) < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a "
                f"tensor with {len(shape)} dimensions!"
            )
        dim = 0 if len(shape) == 1 else axis
        if isinstance(indices_or_sections, int) and (
            indices_or_sections == 0 or shape[dim] % indices_or_sections
        ):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {dim}, but the size of the "
                f"dimension {shape[dim]} is not divisible by the split_size "
                f"{indices_or_sections}!"
            )
        return _tensor_split(F, self, indices_or_sections, dim)

    for kind, identifier, parameter in (
        ("int", name, "sections"),
        ("int[]", f"{name}_indices", "indices"),
    ):
        op(
            f"{identifier}(Tensor self, {kind} {parameter})",
            name=name,
            composite=parts,
            outputs=0,
            doc=f"Cuts dimension {axis} into views, by `{parameter}`.",
            samples=lambda S, many=kind != "int": [S(S.normal(2, 2, 4), (1,) if many else 2)],
        )


_named_split("hsplit", 1, 1)
_named_split("vsplit", 2, 0)
_named_split("dsplit", 3, 2)


def _unbind(self: Array, dim: int) -> list[Array]:
    self = np.asarray(self)
    if not self.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    dim = wrap_dim(dim, self.ndim)
    before = (slice(None),) * dim
    return [self[(*before, index, ...)] for index in range(self.shape[dim])]


op(
    "unbind(Tensor self, Dim dim=0)",
    kernel=_unbind,
    vjp={"self": lambda F, g, dim: F.stack(list(g), dim)},
    jvp=LINEAR,
    view=True,
    outputs=0,
    batching="shift",
    size=lambda self, dim: _parts_size(self, 1, dim),
    doc="The parts at every index of a dimension, as views.",
    samples=lambda S: [S(S.normal(3)), S(S.normal(2, 3), 1)],
)

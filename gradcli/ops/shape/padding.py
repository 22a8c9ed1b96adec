"""Padding: constants, reflections, edges and periods (`torch.nn.functional.pad`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...kernels.strides import in_format_of
from ...table.call.dispatch import run
from ...table.call.python_data import element
from ...table.entry import LINEAR, Op, op
from ...table.levels.batching import front
from ...table.schema import Namespace
from ...table.shape_rules import shape_of_value
from ...tensor.dtypes import FROM_ARRAY, Array
from ...tensor.tensor import from_array, numel


def _padded_shape(shape: Sequence[int], pad: Sequence[int]) -> tuple[int, ...]:
    result = list(shape)
    for place in range(len(pad) // 2):
        axis = len(shape) - 1 - place
        result[axis] += pad[2 * place] + pad[2 * place + 1]
    return tuple(result)


def _check_constant(self: Any, pad: Sequence[int], value: Any) -> None:
    shape = shape_of_value(self)
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * len(shape):
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(pad)} and input of dimension {len(shape)}"
        )
    for place in range(len(pad) // 2):
        length = shape[len(shape) - 1 - place]
        left, right = pad[2 * place], pad[2 * place + 1]
        if (left < 0 and length + left < 0) or (right < 0 and length + min(left, 0) + right < 0):
            raise RuntimeError("narrow(): length must be non-negative.")


def _constant_pad(self: Array, pad: Sequence[int], value: Any) -> Array:
    shape = _padded_shape(self.shape, pad)
    dtype = FROM_ARRAY[self.dtype]
    if dtype.category == 1 and isinstance(value, float):
        value = int(value)
    result = np.full(shape, element(value, dtype), self.dtype)
    source = []
    target = []
    for axis, (old, new) in enumerate(zip(self.shape, shape, strict=True)):
        place = len(shape) - 1 - axis
        left = pad[2 * place] if 2 * place < len(pad) else 0
        start = max(left, 0)
        skip = max(-left, 0)
        count = max(min(old - skip, new - start), 0)
        source.append(slice(skip, skip + count))
        target.append(slice(start, start + count))
    result[tuple(target)] = self[tuple(source)]
    return result


def leading(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Padding counts dimensions from the last, so a batch in front changes nothing."""
    return run(op, [front(args[0], axes[0]), *args[1:]]), 0


op(
    "constant_pad_nd(Tensor self, Shape pad, Scalar value=0)",
    kernel=in_format_of(1, _constant_pad),
    keeps_layout=True,
    batching=leading,
    check=_check_constant,
    vjp={"self": lambda F, g, pad: F.constant_pad_nd(g, tuple(-width for width in pad), 0)},
    jvp={"self": lambda F, t, pad: F.constant_pad_nd(t, pad, 0)},
    size=lambda self, pad, value: numel(
        max(length, 0) for length in _padded_shape(shape_of_value(self), pad)
    ),
    where=("torch",),
    doc="Surrounds a tensor with a constant; widths come in pairs from the last dimension on.",
    samples=lambda S: [
        S(S.normal(3), (1, 2)),
        S(S.normal(2, 3), (1, 0, -1, 2), 2.0),
    ],
)


def _reflected(length: int, left: int, right: int) -> Array:
    places = np.abs(np.arange(-left, length + right))
    return np.where(places >= length, 2 * (length - 1) - places, places)


def _replicated(length: int, left: int, right: int) -> Array:
    return np.clip(np.arange(-left, length + right), 0, length - 1)


def _wrapped(length: int, left: int, right: int) -> Array:
    return np.arange(-left, length + right) % max(length, 1)


Places = Callable[[int, int, int], Array]


def _widths(rank: int, padding: Sequence[int]) -> list[tuple[int, int, int]]:
    """(axis, left, right) for each padded dimension."""
    return [
        (rank - 1 - place, padding[2 * place], padding[2 * place + 1])
        for place in range(len(padding) // 2)
    ]


def _check_lengths(dims: int) -> Any:
    words = {1: "2D or 3D", 2: "3D or 4D", 3: "4D or 5D"}[dims]

    def check(self: Any, padding: Sequence[int]) -> None:
        shape = shape_of_value(self)
        if 0 in shape[len(shape) - dims - 1 :]:
            raise RuntimeError(
                f"Expected {words} (batch mode) tensor with possibly 0 batch size and other "
                f"non-zero dimensions for input, but got: {list(shape)}"
            )

    return check


def _check_reflection(dims: int) -> Any:
    lengths = _check_lengths(dims)

    def check(self: Any, padding: Sequence[int]) -> None:
        lengths(self, padding)
        shape = shape_of_value(self)
        for place, (axis, left, right) in enumerate(_widths(len(shape), padding)):
            if left >= shape[axis] or right >= shape[axis]:
                raise RuntimeError(
                    f"Argument #{4 + 2 * place}: Padding size should be less than the "
                    f"corresponding input dimension, but got: padding ({left}, {right}) at "
                    f"dimension {axis} of input {list(shape)}"
                )

    return check


def _check_circular(self: Any, padding: Sequence[int]) -> None:
    shape = shape_of_value(self)
    for axis, left, right in _widths(len(shape), padding):
        if left > shape[axis] or right > shape[axis]:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if shape[axis] + left + right < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")


def _indexed(places: Places, name: str, check: Any, node: str | None, doc: str, dims: int) -> None:
    """An entry that pads by reading every element of the result from a place in the input."""

    def kernel(self: Array, padding: Sequence[int]) -> Array:
        result = self
        for axis, left, right in _widths(self.ndim, padding):
            result = result.take(places(self.shape[axis], left, right), axis)
        return result

    def vjp(F: Namespace, g: Any, self_shape: Sequence[int], padding: Sequence[int]) -> Any:
        shape = list(_padded_shape(self_shape, padding))
        for axis, left, right in _widths(len(shape), padding):
            shape[axis] = self_shape[axis]
            index = places(shape[axis], left, right)
            start = F.zeros_like_shape(g, tuple(shape))
            g = F.index_add(start, axis, from_array(index) if F.is_traced else index, g)
        return g

    op(
        f"{name}(Tensor self, int[] padding)",
        kernel=kernel,
        batching=leading,
        check=check,
        vjp={"self": vjp},
        keeps={"self": ("self",)},
        fused={"self": f"{node.replace('Backward0', 'BackwardBackward0')} g self=0"}
        if node is not None and node.endswith("Backward0")
        else {},
        jvp=LINEAR,
        node=node,
        size=lambda self, padding: numel(
            max(length, 0) for length in _padded_shape(shape_of_value(self), padding)
        ),
        where=(),
        doc=doc,
        samples=lambda S: [S(S.normal(2, *(3,) * dims), (1, 2) * dims)],
    )


for _dims in (1, 2, 3):
    _indexed(
        _reflected,
        f"reflection_pad{_dims}d",
        _check_reflection(_dims),
        f"ReflectionPad{_dims}DBackward0",
        "Mirrors the tensor at its edges.",
        _dims,
    )
    _indexed(
        _replicated,
        f"replication_pad{_dims}d",
        _check_lengths(_dims),
        f"ReplicationPad{_dims}DBackward0",
        "Repeats the elements at the edges.",
        _dims,
    )
_indexed(
    _wrapped,
    "_pad_circular",
    _check_circular,
    "CopySlices",
    "Continues the tensor periodically.",
    1,
)

_UNSUPPORTED = (
    "Padding size {size} is not supported for {rank}D input tensor.\n"
    "Supported combinations for non-constant padding:\n"
    "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
    "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
    "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
)


def _pad(F: Namespace, self: Any, pad: Sequence[int], mode: str, value: float | None) -> Any:
    rank = len(shape_of_value(self))
    if len(pad) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(pad) > 2 * rank:
        _check_constant(self, pad, 0)
    if mode == "constant":
        return F.constant_pad_nd(self, pad, 0.0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    dims = len(pad) // 2
    if dims in (1, 2, 3) and rank in (dims + 1, dims + 2):
        if mode == "reflect":
            return getattr(F, f"reflection_pad{dims}d")(self, pad)
        if mode == "replicate":
            return getattr(F, f"replication_pad{dims}d")(self, pad)
        if mode == "circular":
            return F._pad_circular(self, pad)
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    raise NotImplementedError(_UNSUPPORTED.format(size=len(pad), rank=rank))


op(
    "pad(Tensor self, Shape pad, str mode='constant', float? value=None)",
    composite=_pad,
    where=("F",),
    written="F",
    doc="Pads a tensor: constant, reflect, replicate or circular; widths in pairs from the last.",
    samples=lambda S: [
        S(S.normal(2, 3), (1, 2)),
        S(S.normal(2, 3), (1, 1), "reflect"),
        S(S.normal(2, 3), (2, 1), "replicate"),
        S(S.normal(2, 3), (2, 1), "circular"),
    ],
)

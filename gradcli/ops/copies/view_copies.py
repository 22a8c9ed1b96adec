"""Views as copies: the functions of torch whose names end in `_copy`, and splits that may change.

Each is the entry of the view with a kernel that copies, and a node of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.strides import strides_of
from ...table.dtype_rules import real_gradients, requires_grad
from ...table.entry import LINEAR, Op, op
from ...table.formulas import traced
from ...table.levels.batching import pointwise
from ...table.lookup import get_op
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dim
from ...tensor.device import contiguous_format
from ...tensor.memory import memory_of
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, numel, own_memory, shape_of
from ..shape.strided import check_strided, element_of


def _copy_size(view: Any) -> Any:
    """The elements that are copied, and what as many tensors take as come out of it."""

    def size(self: Tensor, *args: Any) -> int:
        parts = 0 if view.size is None else view.size(self, *args)
        return numel(shape_of(self)) + int(parts)

    return size


def _copying(kernel: Any) -> Any:
    def copied(self: Any, *args: Any) -> Any:
        result = kernel(np.array(self, order="C"), *args)
        if isinstance(result, list | tuple):
            return [np.array(part)[()] for part in result]
        return np.array(result)[()]

    return copied


# id of the view: public name of the copy, node of the copy
_COPIES = {
    "expand": ("expand_copy", "ExpandBackward0_copy"),
    "view": ("view_copy", "ViewBackward0_copy"),
    "split": ("split_copy", "SplitBackward0_copy"),
    "split_sizes": ("split_with_sizes_copy", "SplitWithSizesBackward0_copy"),
    "transpose": ("transpose_copy", "TransposeBackward0_copy"),
    "permute": ("permute_copy", "PermuteBackward0_copy"),
    "unbind": ("unbind_copy", "UnbindBackward0_copy"),
    "slice": ("slice_copy", "SliceBackward0_copy"),
    "select": ("select_copy", "SelectBackward0_copy"),
    "t": ("t_copy", "TBackward0_copy"),
    "squeeze": ("squeeze_copy", "SqueezeBackward0_copy"),
    "squeeze_dim": ("squeeze_copy", "SqueezeBackward1_copy"),
    "squeeze_dims": ("squeeze_copy", "SqueezeBackward2_copy"),
    "unsqueeze": ("unsqueeze_copy", "UnsqueezeBackward0_copy"),
    "unfold": ("unfold_copy", "UnfoldBackward0_copy"),
    "view_as_real": ("view_as_real_copy", "ViewAsRealBackward0_copy"),
    "view_as_complex": ("view_as_complex_copy", "ViewAsComplexBackward0_copy"),
    "_alias": ("alias_copy", "AliasBackward0_copy"),
    "view_dtype": ("view_copy", "ViewBackward1_copy"),
}


# Copies whose derivative PyTorch refuses for complex results.
_REAL = ("select", "slice", "view_as_complex")


def _check_of(identifier: str, check: Any) -> Any:
    if identifier not in _REAL:
        return check
    name = f"{identifier}_copy"

    def checked(self: Tensor, *args: Any) -> None:
        if check is not None:
            check(self, *args)
        if identifier == "view_as_complex" and runtime.grad_enabled and requires_grad(self):
            raise RuntimeError(
                f"{name} does not support automatic differentiation for outputs with complex dtype."
            )
        real_gradients(name)(self)

    return checked


for _identifier, (_name, _node) in _COPIES.items():
    _view = get_op(_identifier)
    op(
        _view.schema.replace(f"{_identifier}(", f"{_identifier.lstrip('_')}_copy(", 1).replace(
            "...", ""
        ),
        name=_name,
        kernel=_copying(_view.kernel),
        size=_copy_size(_view),
        vjp=_view.vjp,
        jvp=LINEAR,
        outputs=_view.outputs,
        promote=_view.promote,
        check=_check_of(_identifier, _view.check),
        batching=pointwise if _identifier == "_alias" else None,
        node=_node,
        where=("torch",),
        prelude="",
        doc=f"A copy of what `{_identifier.lstrip('_')}` shows.",
        samples=_view.samples,
    )

op(
    "detach_copy(Tensor self)",
    kernel=lambda self: np.array(self)[()],
    batching=pointwise,
    promote="number",
    where=("torch",),
    prelude="",
    doc="A copy without history.",
    samples=lambda S: [S(S.integers(0, 4, 2, 3))],
)


def _narrowed(self: Any, dim: int, start: int, length: int) -> Any:
    place = wrap_dim(dim, self.ndim)
    begin = start + self.shape[place] if start < 0 else start
    index = (slice(None),) * place + (slice(begin, begin + length),)
    return np.array(self[index])


def _check_narrow(self: Tensor, dim: int, start: int, length: int) -> None:
    shape = shape_of(self)
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    extent = shape[wrap_dim(dim, len(shape))]
    if not -extent <= start <= extent:
        raise IndexError(
            f"start out of range (expected to be in range of [{-extent}, {extent}], but got "
            f"{start})"
        )
    begin = start + extent if start < 0 else start
    if begin + length > extent:
        raise RuntimeError(
            f"start ({begin}) + length ({length}) exceeds dimension size ({extent})."
        )


def _narrow_slope(F: Namespace, g: Any, self_shape: Any, dim: int, start: int) -> Any:
    place = wrap_dim(dim, len(self_shape))
    begin = start + self_shape[place] if start < 0 else start
    end = begin + g.shape[place]
    before = (*self_shape[:place], begin, *self_shape[place + 1 :])
    after = (*self_shape[:place], self_shape[place] - end, *self_shape[place + 1 :])
    return F.cat([F.zeros_like_shape(g, before), g, F.zeros_like_shape(g, after)], place)


op(
    "narrow_copy(Tensor self, Dim dim, int start, int length)",
    kernel=_narrowed,
    vjp={"self": _narrow_slope},
    jvp=LINEAR,
    check=_check_narrow,
    batching="shift",
    prelude="",
    doc="A copy of a part of a dimension.",
    samples=lambda S: [
        S(S.normal(4, 2), 0, 1, 2),
        S(S.normal(2, 4), 1, -3, 2),
        S(S.normal(2), 0, 1, 3),
    ],
)


for _identifier, _name, _node, _sizes in (
    ("split", "unsafe_split", "UnsafeSplitBackward0", 2),
    ("split_sizes", "unsafe_split_with_sizes", "UnsafeSplitWithSizesBackward0", (2, 3)),
):
    _view = get_op(_identifier)
    op(
        _view.schema.replace(f"{_identifier}(", f"{_name}(", 1),
        kernel=_view.kernel,
        vjp=_view.vjp,
        jvp=LINEAR,
        outputs=_view.outputs,
        size=_view.size,
        keeps_layout=True,
        node=_node,
        prelude="",
        doc="Parts of a dimension in the input's memory, which no derivative knows of.",
        samples=lambda S, sizes=_sizes: [S(S.normal(5), sizes), S(S.normal(5), sizes, -1)],
    )


_strided = get_op("_as_strided")


def _strided_batched(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    view, axis = _strided.batching(op, args, axes)
    return traced.clone(view, memory_format=contiguous_format), axis


op(
    _strided.schema.replace("_as_strided(", "_as_strided_copy(", 1),
    kernel=lambda self, *args: np.array(_strided.kernel(self, *args))[()],
    size=lambda self, size, *_: numel(size),
    vjp=_strided.vjp,
    jvp=_strided.jvp,
    shows=_strided.shows,
    batching=_strided_batched,
    node="AsStridedBackward0_copy",
    where=(),
    doc="The kernel of `as_strided_copy`.",
    samples=_strided.samples,
)


def _as_strided_copy(F: Namespace, self: Any, size: Any, stride: Any, storage_offset: Any) -> Any:
    """Note: as of a view, of which the copy reads the memory around it too."""
    if type(self) is not Tensor or (self.level is not None and self.level.value is not None):
        return F._as_strided_copy(self, size, stride, storage_offset, (), 0)
    array = own_memory(self)
    start = element_of(array)
    offset = start if storage_offset is None else storage_offset
    check_strided(memory_of(array)[0].nbytes, size, stride, offset, array.itemsize)
    return F._as_strided_copy(self, size, stride, offset, strides_of(self.array), start)


op(
    "as_strided_copy(Tensor self, Shape size, Shape stride, int? storage_offset=None)",
    composite=_as_strided_copy,
    where=("torch",),
    prelude="",
    doc="A copy of the memory of the tensor seen with any shape and strides.",
    samples=lambda S: [S(S.normal(6), (2, 2), (2, 1)), S(S.normal(2, 3), (3, 2), (1, 1), 1)],
)


def _unsafe_chunk(F: Namespace, self: Any, chunks: int, dim: int) -> Any:
    if not len(self.shape):
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    extent = self.shape[wrap_dim(dim, len(self.shape))]
    size = -(-extent // chunks)
    if extent == 0:
        runtime.reserve(8 * chunks)
        return F.unsafe_split_with_sizes(self, [0] * chunks, dim)
    return F.unsafe_split(self, size, dim)


op(
    "unsafe_chunk(Tensor self, int chunks, Dim dim=0)",
    composite=_unsafe_chunk,
    outputs=0,
    prelude="",
    doc="As many equal parts of a dimension, which may be changed in place.",
    samples=lambda S: [S(S.normal(4), 2), S(S.normal(5), 2, -1), S(S.normal(4), 0)],
)

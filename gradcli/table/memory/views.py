"""Views and in-place: the nodes that tie a view's history to its base's.

Note: a write to a view makes one CopySlices on the base, around the node of the operation. The
base's other views are then stale; the next look at one of them makes an AsStridedBackward0 from
the base. Both need which elements of the base a view has, in the base's logical order; that is one
array of positions, the same for bare arrays and recorded tensors.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.modes import requires_grad
from ...autograd.node import Node, check_saved, hooks_of, next_number, title_in_messages
from ...autograd.operations import operations
from ...tensor.memory import address, view_of, window
from ...tensor.runtime import runtime
from ...tensor.tensor import (
    META,
    Tensor,
    View,
    from_array,
    make,
    numel,
    own_memory,
    shape_of,
    version_of,
)
from ..formulas import traced


def layout_of(
    tensor: Tensor, in_pairs: bool = False
) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Where a tensor begins, its shape and its strides, in elements, without batch axes.

    A complex tensor may be seen `in_pairs`: as real numbers, with a last dimension of two.
    """
    level = tensor.level
    if level is not None and level.value is not None:
        start, shape, strides = layout_of(level.value, in_pairs)
        axis = level.axis
        return start, shape[:axis] + shape[axis + 1 :], strides[:axis] + strides[axis + 1 :]
    array = own_memory(tensor)
    if in_pairs:
        array = array[..., None].view(array.real.dtype)
    size = array.itemsize
    start = address(array) // size
    return start, array.shape, tuple(step // size for step in array.strides)


class Geometry:
    """Where the elements of a view lie in its base, for gradients of the same shapes.

    `offset` and `strides` count elements of the base's memory; a gradient of the base is row by
    row, so the same numbers address it only when the base is; otherwise `index` translates.
    Where one of the two is complex and the other real, both are counted in real numbers, and
    `complex_base` or `complex_view` says whose gradient has to be seen in pairs.
    """

    __slots__ = (
        "base_shape",
        "base_strides",
        "complex_base",
        "complex_view",
        "distinct",
        "offset",
        "regular",
        "shape",
        "strides",
    )

    def __init__(self, base: Tensor, view: Tensor) -> None:
        mixed = base.dtype.is_complex is not view.dtype.is_complex
        self.complex_base = mixed and base.dtype.is_complex
        self.complex_view = mixed and view.dtype.is_complex
        base_start, self.base_shape, self.base_strides = layout_of(base, self.complex_base)
        start, self.shape, self.strides = layout_of(view, self.complex_view)
        self.offset = start - base_start
        self.regular = base.level is None and bool(own_memory(base).flags.c_contiguous)
        pairs = sorted(pair for pair in zip(self.strides, self.shape, strict=True) if pair[1] > 1)
        reach = 1
        self.distinct = True
        for stride, length in pairs:
            self.distinct = self.distinct and stride >= reach
            reach = stride * (length - 1) + reach
        available = 1 + sum(
            (length - 1) * step
            for length, step in zip(self.base_shape, self.base_strides, strict=True)
        )
        steps = zip(self.shape, self.strides, strict=True)
        last = self.offset + sum((length - 1) * step for length, step in steps)
        if numel(self.shape) and not 0 <= self.offset <= last < available:
            raise RuntimeError("the base of this view has other memory since")

    def window(self, array: Any) -> Any | None:
        """The view of `array`, a row-by-row array of the base's shape; None where there is none."""
        if not (self.regular and self.distinct) or not array.flags.c_contiguous:
            return None
        strides = tuple(step * array.itemsize for step in self.strides)
        return view_of(array, self.shape, strides, self.offset * array.itemsize, array.dtype)

    def index(self) -> Any:
        """For each element of the view, its position in the base, counted row by row."""
        runtime.reserve(8 * numel(self.shape))
        found = np.full(self.shape, self.offset, np.int64)
        if 0 in self.shape:  # while another dimension may be long
            return found
        for axis, (length, step) in enumerate(zip(self.shape, self.strides, strict=True)):
            places = np.arange(length, dtype=np.int64) * step
            found += places.reshape((-1, *(1,) * (len(self.shape) - axis - 1)))
        if self.regular:
            return found
        memory = np.arange(numel(self.base_shape)).reshape(self.base_shape)
        reach = sum(
            (length - 1) * step
            for length, step in zip(self.base_shape, self.base_strides, strict=True)
        )
        places = np.full(reach + 1, -1, np.int64)
        steps = tuple(step * 8 for step in self.base_strides)
        view_of(places, self.base_shape, steps, 0, places.dtype)[...] = memory
        return places[found]


def _in_pairs(value: Any) -> Any:
    """A complex gradient as real numbers, with a last dimension of two."""
    if type(value) is Tensor:
        return traced.view_as_real(value)
    value = np.ascontiguousarray(value)[..., None]
    return value.view(value.real.dtype)


def _from_pairs(value: Any) -> Any:
    """The complex gradient that `_in_pairs` gives `value` for."""
    if type(value) is Tensor:
        return traced.view_as_complex(value)
    value = np.ascontiguousarray(value)
    return value.view(np.result_type(value, np.complex64))[..., 0]


def same_view(base: Tensor, view: Tensor, other: Tensor) -> Tensor:
    """The view of `other`, a tensor laid out as `base`, that `view` is of `base`."""
    offset = address(view.array) - address(own_memory(base))
    seen = view.array
    array = window(own_memory(other), seen.shape, seen.strides, offset, seen.dtype)
    result = make(array, view.dtype)
    result.version = version_of(other)
    result.view_info = View(other, "normal", result.version.clock)
    return result


def _scatter(g: Any, geometry: Geometry) -> Any:
    """Zeros of the base's shape with `g` added at the elements of the view."""
    shape = geometry.base_shape
    if geometry.complex_view:
        g = _in_pairs(g)
    if type(g) is Tensor:
        flat = traced.reshape(g, (-1,))
        zeros = traced.zeros_like_shape(flat, (numel(shape),))
        index = from_array(geometry.index().reshape(-1))
        result = traced.reshape(traced.index_add(zeros, 0, index, flat), shape)
        return _from_pairs(result) if geometry.complex_base else result
    out = np.zeros(shape, g.dtype)
    window = geometry.window(out)
    if window is not None:
        window[...] = g
    else:
        np.add.at(out.reshape(-1), geometry.index().reshape(-1), g.reshape(-1))
    return _from_pairs(out) if geometry.complex_base else out[()]


def with_part(whole: Tensor | None, part: Tensor, geometry: Geometry) -> Tensor:
    """A tensor of the base's shape with `part` in place of the view's elements; zeros for None."""
    index = from_array(geometry.index().reshape(-1))
    if whole is not None and not (geometry.complex_view or geometry.complex_base):
        return traced._copy_slices(whole, part, index)  # type: ignore[no-any-return]
    if geometry.complex_view:
        part = _in_pairs(part)
    if whole is not None and geometry.complex_base:
        whole = _in_pairs(whole)
    flat = traced.reshape(part, (-1,))
    if whole is None:
        rest = traced.zeros_like_shape(flat, (numel(geometry.base_shape),))
    else:
        rest = traced.index_fill(traced.reshape(whole, (-1,)), 0, index, 0)
    result = traced.reshape(traced.index_add(rest, 0, index, flat), geometry.base_shape)
    return _from_pairs(result) if geometry.complex_base else result  # type: ignore[no-any-return]


class ViewNode(Node):
    """AsStridedBackward0: stands for a view whose base was written since it was made."""

    __slots__ = ("geometry",)

    makes_view = True

    def __init__(self, base: Tensor, view: Tensor) -> None:
        self.edges = (base.node,)
        self.numbers = (base.number,) if base.number else None
        self.geometry = Geometry(base, view)
        self.saved = ()
        self.guards = None
        self.hooks = None
        self.name = None
        self.where = runtime.where
        self.number = next_number()
        self.count = 1
        self.plain = self.raw
        self.shape = shape_of(view)
        self.dtype = view.dtype

    @property
    def title(self) -> str:
        geometry = self.geometry
        if geometry.complex_base and geometry.shape == geometry.base_shape:
            return "ViewAsRealBackward0"
        if geometry.complex_view and math.prod(geometry.shape) == math.prod(geometry.base_shape):
            return "ViewAsComplexBackward0"
        return "AsStridedBackward0"

    def apply(self, g: Any, wanted: Any, traced: bool) -> Sequence[Any]:
        return (_scatter(g, self.geometry),)


class CopySlices(Node):
    """The base after a write to one of its views: `inner` is the node of the operation.

    The cotangent of the base outside the view passes through; the part inside goes through
    `inner`, whose cotangent for the view's old values takes its place.
    """

    __slots__ = ("geometry", "inner", "position", "view")

    view: weakref.ref[Node]  # the node that the written view had after this write

    def __init__(self, base: Tensor, view: Tensor, inner: Node, position: int) -> None:
        others = [edge for i, edge in enumerate(inner.edges) if i != position]
        numbers = inner.numbers or (0,) * len(inner.edges)
        self.edges = (base.node, *others)
        self.numbers = (base.number, *(n for i, n in enumerate(numbers) if i != position))
        if not any(self.numbers):
            self.numbers = None
        self.inner = inner
        self.position = position
        self.geometry = Geometry(base, view)
        self.saved = inner.saved
        self.guards = inner.guards
        self.hooks = None
        self.name = None
        self.where = inner.where
        self.number = next_number()
        self.count = 1
        self.plain = self.raw
        self.shape = shape_of(base)
        self.dtype = base.dtype

    @property
    def raw(self) -> bool:  # type: ignore[override]
        return self.inner.raw

    @property
    def title(self) -> str:
        return "CopySlices"

    def apply(self, g: Any, wanted: Any, traced_mode: bool) -> Sequence[Any]:
        if self.view() is not None:
            check_saved(self)  # a result of the write is known by its view
        self.inner.saved = self.saved
        self.inner.guards = self.guards
        if type(g) is Tensor:
            return self._apply_traced(g, traced_mode)
        geometry = self.geometry
        result = np.array(g, order="C")
        if geometry.complex_base:
            result = _in_pairs(result)
        window = geometry.window(result)
        index = None if window is not None else geometry.index()
        inside = result.reshape(-1)[index] if window is None else np.array(window)
        if geometry.complex_view:
            inside = _from_pairs(inside)
        grads = self.inner.apply(inside[()], None, traced_mode)
        own = grads[self.position] if self.position >= 0 else None
        if type(own) is Tensor:
            own = own.array
        values: Any = 0
        if own is not None:
            values = np.broadcast_to(own, inside.shape)
            if geometry.complex_view:
                values = _in_pairs(values)
        if window is None:
            result.reshape(-1)[index] = values
        else:
            window[...] = values
        whole = _from_pairs(result) if geometry.complex_base else result[()]
        return [whole, *(grad for i, grad in enumerate(grads) if i != self.position)]

    def source(self, index: int) -> tuple[Any, int] | None:
        found = self.inner.source(index)
        return (self.view(), 0) if found is not None and found[0] is self.inner else found

    def _apply_traced(self, g: Tensor, traced_mode: bool) -> Sequence[Any]:
        geometry = self.geometry
        if g.level is META:
            inside = traced.expand(traced.sum(g), geometry.shape)
            grads = self.inner.apply(inside, None, traced_mode)
            return [g, *(grad for i, grad in enumerate(grads) if i != self.position)]
        flat_index = from_array(geometry.index().reshape(-1))
        flat = traced.reshape(_in_pairs(g) if geometry.complex_base else g, (-1,))
        inside = traced.reshape(traced.index_select(flat, 0, flat_index), geometry.shape)
        if geometry.complex_view:
            inside = _from_pairs(inside)
        shape = shape_of(inside)
        grads = self.inner.apply(inside, None, traced_mode)
        own = grads[self.position] if self.position >= 0 else None
        if own is None:
            own = traced.zeros_like_shape(inside, shape)
        elif type(own) is not Tensor:
            own = make(own, inside.dtype)
        own = operations.sum_to(own, shape)
        others = [grad for i, grad in enumerate(grads) if i != self.position]
        return [with_part(g, own, self.geometry), *others]


def refresh(tensor: Tensor) -> None:
    """Give a stale view the node that leads to its base as it is now.

    Raises RuntimeError for views of a kind that may not follow a change of their base.
    """
    view = tensor.view_info
    if view is None:
        return
    base = view.base
    node = tensor.node
    if base.node is None and (node is None or node.number < 0):
        return
    check_kind(tensor, "its base or another view of its base has been")
    view.clock = version_of(tensor).clock
    new = ViewNode(base, tensor)
    keep_retained(tensor, new)
    tensor.node = new
    tensor.number = 0


def keep_retained(tensor: Tensor, new: Node, number: int = 0) -> None:
    """Let a tensor that retains its gradient do so at its new node; hooks stay with the old one."""
    old = tensor.node
    if old is None or old.hooks is None or tensor.meta is None:
        return
    index = max(tensor.number - 1, 0)
    if old.hooks.retain.get(index) is tensor.meta:
        hooks_of(new).retain[max(number - 1, 0)] = old.hooks.retain.pop(index)


_FORBIDDEN = (
    " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the {mode} block (if you "
    "don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)
_REASONS = {
    "multiple": " This view is the output of a function that returns multiple views. Such "
    "functions do not allow the output views to be modified inplace. You should replace the "
    "inplace operation by an out-of-place one.",
    "no_grad": _FORBIDDEN.format(mode="no_grad"),
    "inference": _FORBIDDEN.format(mode="inference_mode"),
    "custom": " This view was created inside a custom Function (or because an input was returned "
    "as-is) and the autograd logic to handle view+inplace would override the custom backward "
    "associated with the custom Function, leading to incorrect gradients. This behavior is "
    "forbidden. You can fix this by cloning the output of the custom Function.",
}


def check_kind(tensor: Tensor, what: str = "is being") -> None:
    """Raise PyTorch's error if `tensor` is a view whose history a write cannot rewrite.

    `what` says of the view whether it is written itself or was changed behind its back.
    """
    view = tensor.view_info
    if view is None or view.kind == "normal":
        return
    kind = view.kind
    node = tensor.node
    source = ""
    if node is not None and node.number >= 0:
        source = _source(node, tensor.number)
    if kind == "inference":
        made = f"{source} of a view which was" if source else "A view was"
        text = f"{made} created in inference mode and {what} modified inplace in normal mode."
    elif kind == "no_grad" or not source:
        made = f"{source} of a view which was" if source else "A view was"
        text = f"{made} created in no_grad mode and {what} modified inplace with grad mode enabled."
    else:
        text = f"{source} and {what} modified inplace."
    raise RuntimeError(text + _REASONS[kind])


def _source(node: Node, number: int) -> str:
    return f"Output {max(number - 1, 0)} of {title_in_messages(node)} is a view"


def refuse_view(node: Node, number: int) -> None:
    """Raise PyTorch's error for one of several views, found changed where it was saved."""
    what = "its base or another view of its base has been modified inplace."
    raise RuntimeError(f"{_source(node, number)} and {what}{_REASONS['multiple']}")


def check_view(tensor: Tensor) -> None:
    """Raise PyTorch's error if `tensor` is a view that may not be written and recorded."""
    view = tensor.view_info
    if view is None:
        return
    check_kind(tensor)
    base = view.base.node
    if requires_grad(tensor) and (base is None or base.number < 0):
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation."
        )


operations.refresh_view = refresh
operations.check_view = check_view
operations.refuse_view = refuse_view

"""Views and in-place: the nodes that tie a view's history to its base's.

Note: a write to a view makes one CopySlices on the base, around the node of the operation. The
base's other views are then stale; the next look at one of them makes an AsStridedBackward0 from
the base. Both need which elements of the base a view has, in the base's logical order; that is one
array of positions, the same for bare arrays and recorded tensors.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.node import Node, next_number
from ..autograd.operations import operations
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, View, from_array, make, numel, own_memory, shape_of, version_of
from .namespaces import traced


def positions(base: Tensor, view: Tensor) -> Any:
    """For each element of `view`, its position in `base` counted in logical (row-major) order."""
    base_array = own_memory(base)
    view_array = own_memory(view)
    size = base_array.itemsize
    low, high = np.lib.array_utils.byte_bounds(base_array)
    extent = (high - low) // size
    memory = np.full(extent, -1, np.int64)
    start = (base_array.__array_interface__["data"][0] - low) // size
    _strided(memory[start:], base_array, size)[...] = np.arange(base_array.size).reshape(
        base_array.shape
    )
    start = (view_array.__array_interface__["data"][0] - low) // size
    return _strided(memory[start:], view_array, size).copy()


def same_view(base: Tensor, view: Tensor, other: Tensor) -> Tensor:
    """The view of `other`, a tensor laid out as `base`, that `view` is of `base`."""
    base_array = own_memory(base)
    offset = view.array.__array_interface__["data"][0] - base_array.__array_interface__["data"][0]
    memory = own_memory(other)
    array = np.ndarray(view.array.shape, memory.dtype, memory, offset, view.array.strides)
    result = make(array, other.dtype)
    result.version = version_of(other)
    result.view_info = View(other, "normal", result.version.clock)
    return result


def _strided(memory: Any, like: Any, size: int) -> Any:
    strides = tuple(stride // size * 8 for stride in like.strides)
    return np.lib.stride_tricks.as_strided(memory, like.shape, strides)


def _scatter(g: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `g` added at the positions in `index`."""
    if type(g) is Tensor:
        flat = traced.reshape(g, (-1,))
        zeros = traced.zeros_like_shape(flat, (numel(shape),))
        return traced.reshape(
            traced.index_add(zeros, 0, from_array(index.reshape(-1)), flat), shape
        )
    out = np.zeros(numel(shape), g.dtype)
    np.add.at(out, index.reshape(-1), g.reshape(-1))
    return out.reshape(shape)


class ViewNode(Node):
    """AsStridedBackward0: stands for a view whose base was written since it was made."""

    __slots__ = ("geometry", "index")

    makes_view = True

    def __init__(self, base: Tensor, view: Tensor) -> None:
        self.edges = (base.node,)
        self.numbers = (base.number,) if base.number else None
        self.index = positions(base, view)
        self.geometry = shape_of(base)
        self.saved = ()
        self.guards = None
        self.hooks = None
        self.name = None
        self.where = runtime.where
        self.number = next_number()
        self.count = 1
        self.shape = shape_of(view)
        self.dtype = view.dtype

    is_view = True

    @property
    def title(self) -> str:
        return "AsStridedBackward0"

    def apply(self, g: Any, wanted: Any, traced: bool) -> Sequence[Any]:
        return (_scatter(g, self.index, self.geometry),)


class CopySlices(Node):
    """The base after a write to one of its views: `inner` is the node of the operation.

    The cotangent of the base outside the view passes through; the part inside goes through
    `inner`, whose cotangent for the view's old values takes its place.
    """

    __slots__ = ("index", "inner", "position")

    def __init__(self, base: Tensor, view: Tensor, inner: Node, position: int) -> None:
        others = [edge for i, edge in enumerate(inner.edges) if i != position]
        numbers = inner.numbers or (0,) * len(inner.edges)
        self.edges = (base.node, *others)
        self.numbers = (base.number, *(n for i, n in enumerate(numbers) if i != position))
        if not any(self.numbers):
            self.numbers = None
        self.inner = inner
        self.position = position
        self.index = positions(base, view)
        self.saved = inner.saved
        self.guards = inner.guards
        self.hooks = None
        self.name = None
        self.where = inner.where
        self.number = next_number()
        self.count = 1
        self.shape = shape_of(base)
        self.dtype = base.dtype

    @property
    def raw(self) -> bool:  # type: ignore[override]
        return self.inner.raw

    @property
    def title(self) -> str:
        return "CopySlices"

    def apply(self, g: Any, wanted: Any, traced_mode: bool) -> Sequence[Any]:
        self.inner.saved = self.saved
        self.inner.guards = self.guards
        index = self.index
        if type(g) is Tensor:
            flat_index = from_array(index.reshape(-1))
            flat = traced.reshape(g, (-1,))
            inside = traced.reshape(traced.index_select(flat, 0, flat_index), index.shape)
        else:
            flat = g.reshape(-1)
            inside = flat[index]
        grads = self.inner.apply(inside, None, traced_mode)
        own = grads[self.position] if self.position >= 0 else None
        others = [grad for i, grad in enumerate(grads) if i != self.position]
        if type(g) is Tensor:
            if own is None:
                own = traced.zeros_like_shape(inside, shape_of(inside))
            elif type(own) is not Tensor:
                own = make(own, g.dtype)
            own = operations.sum_to(own, index.shape)
            rest = traced.index_fill(flat, 0, flat_index, 0)
            result = traced.index_add(rest, 0, flat_index, traced.reshape(own, (-1,)))
            return [traced.reshape(result, shape_of(g)), *others]
        result = np.array(flat)
        result[index] = 0 if own is None else np.broadcast_to(own, index.shape)
        return [result.reshape(g.shape), *others]


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
    tensor.node = ViewNode(base, tensor)
    tensor.number = 0


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
        title = re.sub(r"Backward[0-9]*$", "", node.title)
        source = f"Output {max(tensor.number - 1, 0)} of {title} is a view"
    if kind == "inference":
        made = f"{source} of a view which was" if source else "A view was"
        text = f"{made} created in inference mode and {what} modified inplace in normal mode."
    elif kind == "no_grad" or not source:
        made = f"{source} of a view which was" if source else "A view was"
        text = f"{made} created in no_grad mode and {what} modified inplace with grad mode enabled."
    else:
        text = f"{source} and {what} modified inplace."
    raise RuntimeError(text + _REASONS[kind])


operations.refresh_view = refresh
operations.check_kind = check_kind

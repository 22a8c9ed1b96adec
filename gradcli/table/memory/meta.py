"""Tensors of the device `meta`: shapes and dtypes without data.

A meta tensor carries the level `META`, so that whatever is written for ordinary tensors alone
leaves it to the general path, which comes here. Operations run on zeros of its shape, which tell
shape, dtype and strides of the result; what they compute is never shown. Its array is `Absent`, a
class of arrays that refuse to be read, for whoever would look at elements past the operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any

import numpy as np

from ...autograd import engine
from ...autograd.leaf import requires_grad_
from ...autograd.modes import requires_grad
from ...autograd.node import hooks_of
from ...kernels.random import default_generator
from ...tensor import device, dtypes
from ...tensor.dtypes import DType
from ...tensor.runtime import runtime
from ...tensor.tensor import (
    META,
    NO_DATA,
    Size,
    Tensor,
    alias,
    make,
    numel,
    shape_of,
    version_of,
)
from ..call.dispatch import compute, link_views
from ..call.record import edge_start, record
from ..entry import ELEMENTWISE, Op
from ..formulas import traced
from ..lookup import get_op
from ..shape_rules import broadcast_shape

NO_ITEM = "Tensor.item() cannot be called on meta tensors"
_UNKNOWN = (
    "{}: attempted to run this operator with Meta tensors, but there was no fake impl or Meta "
    "kernel registered. You may have run into this message while using an operator with PT2 "
    "compilation APIs (torch.compile/torch.export); in order to use this operator with those APIs "
    "you'll need to add a fake impl. Please see the following for next steps:  "
    "https://pytorch.org/tutorials/advanced/custom_ops_landing_page.html"
)
_NONZERO = (
    "The register_meta function for torch.nonzero() raises unimplemented by default, as a correct "
    "data-independent implementation does not exist. This implementation returns a fake value, "
    "assuming all elements of the tensor are non-zero. To enable this registration, please set "
    "'torch.fx.experimental._config.meta_nonzero_assume_all_nonzero' to True."
)
# Operations of the table whose result has a shape that the elements decide.
_BY_DATA = {"masked_select": "aten::masked_select", "bincount": "aten::bincount"}
# The axes that products sum over; of zeros one element of them is enough.
_SUMMED = {"mm": (1, 0), "bmm": (2, 1), "_mm_t": (1, 1), "linear": (-1, -1)}
_COPIES = ("clone", "_to_copy")
_INDEXED = ("index", "index_put", "embedding")  # an index may be on the CPU
_DENSE = 1 << 20  # bytes up to which zeros are laid out one by one


class Absent(np.ndarray[Any, Any]):
    """The array of a meta tensor: it has a shape, strides and a dtype, and refuses to be read."""

    def __array_ufunc__(self, *args: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError: there is no data."""
        raise NotImplementedError(NO_DATA)

    def __array_function__(self, *args: Any, **kwargs: Any) -> Any:
        """Raises NotImplementedError: there is no data."""
        raise NotImplementedError(NO_DATA)

    def item(self, *args: Any) -> Any:
        """Raises RuntimeError: there is no data."""
        raise RuntimeError(NO_ITEM)

    def tolist(self) -> Any:
        """Raises NotImplementedError: there is no data."""
        raise NotImplementedError(NO_DATA)

    def tobytes(self, *args: Any) -> Any:
        """Raises NotImplementedError: there is no data."""
        raise NotImplementedError(NO_DATA)

    astype = copy = __array__ = __copy__ = __deepcopy__ = tobytes  # type: ignore[assignment]
    __bool__ = __int__ = __float__ = __complex__ = __index__ = item


def is_meta(value: Any) -> bool:
    """Whether a value is a tensor of the device `meta`."""
    return type(value) is Tensor and value.level is META


def mark(tensor: Tensor) -> Tensor:
    """Take a new tensor's data away."""
    tensor.array = np.asarray(tensor.array).view(Absent)
    tensor.level = META
    return tensor


def empty(shape: Sequence[int], dtype: DType) -> Tensor:
    """A meta tensor. Raises RuntimeError for more elements than can be counted."""
    return mark(make(_zeros(tuple(shape), dtype), dtype))


def _zeros(shape: tuple[int, ...], dtype: DType) -> Any:
    count = numel(shape)
    if count * dtype.itemsize <= _DENSE:
        return np.zeros(shape, dtype.array)
    if count * dtype.itemsize >= 1 << 63:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(shape)}")
    return np.broadcast_to(np.zeros((), dtype.array), shape)


def emptied(tensor: Tensor) -> Tensor:
    """A new meta tensor in the shape, dtype and strides of a tensor, outside any graph."""
    return mark(make(tensor.array, tensor.dtype))


@contextmanager
def undisturbed() -> Iterator[None]:
    """What draws inside leaves the random numbers that follow as they were."""
    state = default_generator.get_state()
    try:
        yield
    finally:
        default_generator.set_state(state)


def created(entry: Op, args: Sequence[Any]) -> Any:
    """What a function that makes tensors makes on the device `meta`."""
    named = {parameter.name: index for index, parameter in enumerate(entry.parameters)}
    given = list(args)
    given[named["device"]] = None
    shape: tuple[int, ...] | None = None
    size = named.get("size")
    if type(given[0]) is Tensor and entry.parameters[0].name == "self":
        if entry.name.endswith("_like"):
            shape = shape_of(given[0])
        given[0] = make(np.zeros((), given[0].dtype.array), given[0].dtype)
    if size is not None:
        shape = tuple(given[size])
        if any(length < 0 for length in shape):
            return entry.function(*given)  # says so
        given[size] = ()
    with undisturbed(), device.makes_on(None):
        made: Tensor = entry.function(*given)
    if shape is not None:
        result = empty(shape, made.dtype)
        return requires_grad_(result) if made.node is not None else result
    plain = made is not args[0] and made.node is None
    return mark(made) if plain else to_meta(made, made.dtype)


def needs_data(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Have a function of tensors refuse meta tensors; `name` is PyTorch's of what reads them."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if any(map(is_meta, args)):
                if name == "item":
                    raise RuntimeError(NO_ITEM)
                raise NotImplementedError(
                    _NONZERO if name == "aten::nonzero" else _UNKNOWN.format(name)
                )
            return function(*args, **kwargs)

        return checked

    return decorate


def draws_like(function: Callable[..., Any]) -> Callable[..., Any]:
    """Have a function that draws in the shape and dtype of a tensor take meta tensors.

    One that requires a gradient stays refused.
    """

    @wraps(function)
    def drawn(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_meta(self) and not requires_grad(self):
            return empty(shape_of(self), self.dtype)
        return function(self, *args, **kwargs)

    return drawn


# ---------------------------------------------------------------- operations

_inside: list[Op] = []  # composites that run


def run_meta(op: Op, args: Sequence[Any]) -> Any:
    """Call `op` where at least one tensor is a meta tensor.

    Raises RuntimeError for tensors of both devices, and NotImplementedError where elements decide.
    """
    _check_devices(op, args)
    if op.id in _BY_DATA:
        raise NotImplementedError(_UNKNOWN.format(_BY_DATA[op.id]))
    if op.composite is not None:
        _inside.append(op)
        try:
            with undisturbed() if op.mapped == "draws" else nullcontext():
                return op.composite(traced, *args)
        finally:
            _inside.pop()
    outputs = computed(op, args)
    if op.view:
        link_views(op, args[0], outputs)
    if op.vjp and runtime.grad_enabled:
        record(op, args, outputs)
    return outputs


def computed(op: Op, args: Sequence[Any]) -> Any:
    """The outputs of `op` as new meta tensors, nothing recorded."""
    tensors = [item for value in _tensor_arguments(op, args) for item in value]
    shape = None
    pointwise = op.batching == ELEMENTWISE and not op.view and op.size is None
    if pointwise or op.id in _COPIES:
        shapes = [shape_of(tensor) for tensor in tensors]
        _check_broadcast(shapes)
        shape = broadcast_shape(shapes)
        if numel(shape) * 8 <= _DENSE:
            shape = None
    stand = [_stand_in(value, op, shape is not None) for value in args]
    if op.id in _SUMMED:
        _shorten(stand, _SUMMED[op.id])
    if op.mapped == "draws":
        with undisturbed():
            outputs = compute(op, stand)
    else:
        outputs = compute(op, stand)
    if type(outputs) is Tensor:
        return empty(shape, outputs.dtype) if shape is not None else mark(outputs)
    for output in outputs:
        if type(output) is Tensor:
            mark(output)
            if shape is not None:
                output.array = empty(shape, output.dtype).array
    return outputs


def _check_broadcast(shapes: Sequence[tuple[int, ...]]) -> None:
    """Raise RuntimeError for shapes that do not meet, in the words that are said without data."""
    common = [1] * max(map(len, shapes), default=0)
    for number, shape in enumerate(shapes):
        for place in range(-1, -1 - len(shape), -1):
            length = shape[place]
            if common[place] == 1:
                common[place] = length
            elif length not in (1, common[place]):
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {length} at {place}! "
                    f"Mismatching argument at index {number} had {Size(shape)}; but expected "
                    f"shape should be broadcastable to {common}"
                )


def _stand_in(value: Any, op: Op, small: bool) -> Any:
    """Zeros in place of a meta tensor; where matrices are taken apart, the identity."""
    if isinstance(value, list | tuple):
        items = [_stand_in(item, op, small) for item in value]
        return items if type(value) is list else tuple(items)
    if type(value) is not Tensor:
        return value
    array = np.asarray(value.array).view(np.ndarray)
    if small:
        array = np.zeros((1,) * array.ndim, array.dtype)
    elif _takes_apart(op, array.shape):
        runtime.reserve(array.shape[-1] ** 2 * array.itemsize)
        array = np.broadcast_to(np.eye(array.shape[-1], dtype=array.dtype), array.shape)
    other = make(array, value.dtype)
    other.version = value.version
    return other


def _takes_apart(op: Op, shape: tuple[int, ...]) -> bool:
    """Whether an operation may refuse square matrices of zeros."""
    products = ("linalg.products",)
    square = len(shape) > 1 and shape[-1] == shape[-2]
    return square and op.family.startswith("linalg") and op.family not in products


def _shorten(stand: list[Any], axes: tuple[int, int]) -> None:
    """Leave one element of the axes that a product sums over, where they are of one length."""
    left, right = stand[0].array, stand[1].array
    if min(left.ndim, right.ndim) < 2 or left.shape[axes[0]] != right.shape[axes[1]]:
        return
    for position, axis in enumerate(axes):
        array = stand[position].array
        stand[position].array = np.moveaxis(np.moveaxis(array, axis, 0)[:1], 0, axis)


def _tensor_arguments(op: Op, args: Sequence[Any]) -> Iterator[list[Tensor]]:
    for position in op.tensor_positions:
        value = args[position]
        yield [
            item
            for item in (value if isinstance(value, list | tuple) else (value,))
            if type(item) is Tensor
        ]


def _check_devices(op: Op, args: Sequence[Any]) -> None:
    """Raise where tensors with dimensions are on both devices, or a transform runs over them."""
    tensors = [item for value in _tensor_arguments(op, args) for item in value]
    if any(tensor.level is not None and tensor.level is not META for tensor in tensors):
        raise NotImplementedError("gradcli runs no transform over meta tensors")
    if _inside or engine.running or op.id == "copy" or op.id.startswith("_"):
        return
    if op.id.startswith(_INDEXED):
        if any(is_meta(item) and item.dtype is dtypes.bool_ for item in tensors[1:]):
            raise NotImplementedError(_NONZERO)
        tensors = [item for item in tensors if item.dtype.is_floating_point]
    places = [tensor.level is META for tensor in tensors if shape_of(tensor)]
    if places and not all(place is places[0] for place in places):
        names = ("cpu", "meta") if places[0] else ("meta", "cpu")
        raise RuntimeError("Tensor on device {} is not on the expected device {}!".format(*names))


def write_meta(op: Op, args: Sequence[Any]) -> Tensor:
    """The in-place twin of `op` where at least one tensor is a meta tensor.

    Raises NotImplementedError for a target that has data, and what the twin raises otherwise.
    """
    from .inplace import check_writable, rebase

    target: Tensor = args[0]
    if target.level is not META:
        raise NotImplementedError(NO_DATA)
    tracked = runtime.grad_enabled and any(
        requires_grad(item) for value in _tensor_arguments(op, args) for item in value
    )
    check_writable(target, tracked, op.writes == "fill")
    old = alias(target)
    old.node, old.number = target.node, target.number
    result: Tensor = run_meta(op, (old, *args[1:]))
    shape = shape_of(target)
    if shape_of(result) != shape:
        raise RuntimeError(
            f"output with shape {Size(shape)} doesn't match the broadcast shape {shape_of(result)}"
        )
    if not dtypes.can_cast(result.dtype, target.dtype) and op.id != "copy":
        raise RuntimeError(
            f"result type {result.dtype.scalar_name} can't be cast to the desired output type "
            f"{target.dtype.scalar_name}"
        )
    version_of(target).bump(runtime.where)
    node = result.node
    if tracked and node is not None and node.number >= 0:
        rebase(target, node, edge_start(node.op, 0, len(node.edges)))
    return target


def to_meta(tensor: Tensor, dtype: DType) -> Tensor:
    """A meta tensor in the shape and layout of a tensor, and in its graph; itself if it is one."""
    if tensor.level is META and tensor.dtype is dtype:
        return tensor
    if tensor.level is not None and tensor.level is not META:
        raise NotImplementedError("gradcli runs no transform over meta tensors")
    stand = emptied(tensor)
    stand.node, stand.number = tensor.node, tensor.number
    result: Tensor = run_meta(get_op("_to_copy"), (stand, dtype, None))
    if tensor.level is not META and result.node is not None:
        hooks_of(result.node).pre[0] = _refuse_gradients
    return result


def _refuse_gradients(gradients: Any) -> None:
    """A hook where a pass would lead back to a tensor that has data."""
    raise NotImplementedError(NO_DATA)

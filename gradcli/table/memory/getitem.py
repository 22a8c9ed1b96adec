"""`x[index]` and `x[index] = value`: an index taken apart into views and one advanced index.

PyTorch's order: every int becomes a select, every slice a slice, None an unsqueeze, each as a view
of the one before; what is left, masks and index tensors, goes into one `index`.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from operator import index as to_index
from typing import Any

import numpy as np

from ...tensor import dtypes
from ...tensor.dtypes import python_number, type_name
from ...tensor.tensor import Tensor, from_array, make, numel, shape_of
from ..call.python_data import array_of
from ..dtype_rules import element_of, is_batched
from ..formulas import traced
from ..lookup import get_op
from ..shape_rules import check_mask, wrap_dim
from .plain_writes import put

_INTEGERS = (int, np.integer)
_PLAIN = frozenset((int, slice, type(None), type(Ellipsis)))  # items that make views


def getitem(tensor: Tensor, index: Any) -> Tensor:
    """`tensor[index]`. Raises IndexError, TypeError and ValueError with PyTorch's sentences."""
    if type(index) is int:
        return _select(tensor, 0, index, 0)
    if type(index) is slice:
        return _slice(tensor, 0, index, True)
    view, indices = apply_views(tensor, index)
    if indices:
        return traced.index(view, indices)  # type: ignore[no-any-return]
    if view is tensor:
        return traced.whole(tensor)  # type: ignore[no-any-return]
    return view


def setitem(tensor: Tensor, index: Any, value: Any) -> None:
    """`tensor[index] = value`: a copy_ into a view, or an index_put_ where tensors index."""
    from .inplace import run_inplace

    if put(tensor, index, value):
        return
    source = _value(value, tensor)
    if type(index) is slice and not shape_of(tensor):
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    if index is False:
        return
    if index is True:
        view: Tensor = traced.unsqueeze(tensor, 0)
        indices: list[Tensor | None] = []
    else:
        view, indices = apply_views(tensor, index, is_batched(tensor))
    if not indices:
        if shape_of(source) == () and shape_of(view) != ():
            run_inplace(get_op("fill_tensor"), (view, source))
        else:
            run_inplace(get_op("copy"), (view, _fitted(source, view), False))
        return
    masks = [item for item in indices if item is not None]
    if len(masks) == 1 and masks[0].dtype is dtypes.uint8 and numel(shape_of(source)) == 1:
        place = next(n for n, item in enumerate(indices) if item is not None)
        check_mask(shape_of(view), place, shape_of(masks[0]))
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype unsigned char"
        )
    run_inplace(get_op("index_put"), (view, indices, _without_ones(source), False))


def _value(value: Any, tensor: Tensor) -> Tensor:
    if type(value) is Tensor:
        return value
    if isinstance(value, bool | int | float | complex | np.integer):
        from ..call.python_data import element

        number = python_number(value)
        if isinstance(number, int) and not -(1 << 63) <= number < 1 << 63:
            raise ValueError("Overflow when unpacking long long")
        dtype = tensor.dtype
        if not dtype.raw:
            number = element(number, dtypes.float64)  # which raises for a complex number
            return make(dtype.cast(np.array(float(number)))[()], dtype)  # too large is infinite
        return make(element(number, dtype), dtype)
    raise TypeError(f"can't assign a {type_name(value)} to a {tensor.dtype.tensor_name}")


def _without_ones(source: Tensor) -> Tensor:
    """The tensor without its leading dimensions of length one."""
    shape = shape_of(source)
    first = next((i for i, length in enumerate(shape) if length != 1), len(shape))
    return get_op("reshape").call(source, shape[first:]) if first else source


def _fitted(source: Tensor, view: Tensor) -> Tensor:
    """What can be copied into `view`; leading dimensions of length one do not count."""
    shape = shape_of(view)
    if shape_of(source) == shape:
        return source
    found = shape_of(source)
    first = next((i for i, length in enumerate(found) if length != 1), len(found))
    source = get_op("view").call(source, found[first:])
    return source if shape_of(source) == shape else get_op("expand").call(source, shape)


def _as_tuple(index: Any) -> tuple[Any, ...]:
    if isinstance(index, tuple):
        return index
    if isinstance(index, list) and len(index) < 32 and any(map(_is_item, index)):
        warnings.warn(
            "Using a non-tuple sequence for multidimensional indexing is deprecated and will be "
            "changed in pytorch 2.9; use x[tuple(seq)] instead of x[seq]. In pytorch 2.9 this will "
            "be interpreted as tensor index, x[torch.tensor(seq)], which will result either in an "
            "error or a different result",
            UserWarning,
            stacklevel=2,
        )
        return tuple(index)
    return (index,)


def _is_item(item: Any) -> bool:
    """Whether a list with this element counts as a tuple of indices."""
    return (
        item is None
        or item is Ellipsis
        or isinstance(item, slice | list | tuple | Tensor | np.ndarray)
    )


def _is_mask(item: Any) -> bool:
    return type(item) is Tensor and item.dtype in (dtypes.bool_, dtypes.uint8)


def _consumed(index: Sequence[Any]) -> int:
    """How many dimensions the items of an index stand for."""
    count = 0
    for item in index:
        if type(item) is int or type(item) is slice:
            count += 1
        elif type(item) is Tensor:
            count += len(shape_of(item)) if _is_mask(item) else 1
        elif item is not None and item is not Ellipsis and not isinstance(item, bool):
            count += 1
    return count


def apply_views(
    tensor: Tensor, index: Any, refuse_masks: bool = True
) -> tuple[Tensor, list[Tensor | None]]:
    """The views that an index asks for, and the index tensors for the dimensions of the result.

    Raises RuntimeError for masks with a batch, unless the caller refuses them for another reason.
    """
    rank = len(shape_of(tensor))
    items: Sequence[Any] = _as_tuple(index)
    if _PLAIN.issuperset(map(type, items)):
        refuse_masks = False  # there are none
    elif _consumed(items) <= rank:
        items = [_item(item) for item in items]
    consumed = _consumed(items)
    if consumed > rank:
        if isinstance(index, _INTEGERS) and type(index) is not bool:
            _select(tensor, 0, int(index), 0)
        raise IndexError(f"too many indices for tensor of dimension {rank}")
    view = tensor
    dim = place = 0  # in the view, and in the index, as messages count
    found: dict[int, Tensor] = {}
    for item in items:
        if refuse_masks and _is_mask(item) and is_batched(item):
            raise RuntimeError(
                "vmap: We do not support batching operators that can support dynamic shape. "
                "Attempting to batch over indexing with a boolean mask."
            )
        if isinstance(item, bool):
            view = traced.unsqueeze(view, dim)
            found[dim] = from_array(np.arange(1 if item else 0))
            dim += 1
            place += 1
        elif isinstance(item, int):
            view = _select(view, dim, item, place)
            place += 1
        elif isinstance(item, slice):
            view = _slice(view, dim, item)
            dim += 1
            place += 1
        elif item is None:
            view = traced.unsqueeze(view, dim)
            dim += 1
            place += 1
        elif item is Ellipsis:
            dim += rank - consumed
            place += rank - consumed
        elif is_batched(item):  # another element for each example: an index, not a view
            found[dim] = item
            dim += 1
            place += 1
        elif not shape_of(item) and not _is_mask(item):
            view = _select(view, dim, int(item.array), place)
            place += 1
        elif not shape_of(item):
            view = traced.unsqueeze(view, dim)
            found[dim] = from_array(np.arange(1 if item.array else 0))
            dim += 1
            place += 1
        else:
            found[dim] = item
            width = len(shape_of(item)) if _is_mask(item) else 1
            dim += width
            place += width
    return view, _listed(found) if found else []


def _listed(found: dict[int, Tensor]) -> list[Tensor | None]:
    """Index tensors by dimension, None where there is none; a mask stands for its dimensions."""
    result: list[Tensor | None] = []
    covered = 0
    for dim, item in sorted(found.items()):
        while covered < dim:
            result.append(None)
            covered += 1
        result.append(item)
        covered += len(shape_of(item)) if _is_mask(item) else 1
    return result


def _item(item: Any) -> Any:
    """One item of an index: lists become tensors, other values must be index values."""
    if item is None or item is Ellipsis or isinstance(item, bool | slice):
        return item
    if type(item) is Tensor:
        if item.dtype in (dtypes.int8, dtypes.int16) or item.dtype.category >= dtypes.FLOATING:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return item
    if isinstance(item, _INTEGERS):
        return int(item)
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str'")
    if isinstance(item, list | tuple | range | np.ndarray):
        array, dtype = array_of(item, None)
        if dtype not in (dtypes.bool_, dtypes.uint8):  # data counts as integers, however written
            array = dtypes.int64.cast(array)
        return from_array(array)
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        f"indices (got {type_name(item)})"
    )


def _select(view: Tensor, dim: int, index: int, place: int) -> Tensor:
    shape = shape_of(view)
    if not shape and index == 0:
        raise IndexError(
            "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` "
            "in C++ to convert a 0-dim tensor to a number"
        )
    if dim >= len(shape):  # behind a second ellipsis
        raise IndexError(
            f"index {index} is out of bounds for dimension {max(len(shape) - 1, 0)} with size 0"
        )
    length = shape[dim]
    if not -length <= index < length:
        raise IndexError(f"index {index} is out of bounds for dimension {place} with size {length}")
    return traced.select(view, dim, index)  # type: ignore[no-any-return]


def _bound(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is Tensor:
        value = element_of(value)
    if isinstance(value, _INTEGERS):
        return int(value)
    if isinstance(value, np.ndarray):
        return to_index(value)
    raise TypeError("slice indices must be integers or None or have an __index__ method")


def _slice(view: Tensor, dim: int, item: slice, always: bool = False) -> Tensor:
    shape = shape_of(view)
    if not shape:
        raise IndexError("slice() cannot be applied to a 0-dim tensor.")
    start, stop, step = _bound(item.start), _bound(item.stop), _bound(item.step)
    step = 1 if step is None else step
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step < 0:
        raise ValueError("step must be greater than zero")
    length = shape[wrap_dim(dim, len(shape))]
    start = 0 if start is None else start
    stop = (1 << 63) - 1 if stop is None else stop
    if start == 0 and stop >= length and step == 1 and not always:
        return view
    return traced.slice(view, dim, start, stop, step)  # type: ignore[no-any-return]

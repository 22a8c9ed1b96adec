"""From a list of items to one batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ..table.public.functions import torch
from ..tensor import dtypes
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor


def default_collate(batch: Any) -> Any:
    """Items as one: tensors and numbers stacked, containers item by item.

    Raises TypeError for items of other types, RuntimeError for sequences of unequal length.
    """
    runtime.spend(len(batch))
    first = batch[0]
    if type(first) is Tensor:
        return torch.stack(batch, 0)
    if isinstance(first, np.ndarray):
        return default_collate([torch.as_tensor(item) for item in batch])
    if isinstance(first, np.number | np.bool_):
        return torch.as_tensor(batch)
    if isinstance(first, float):
        return torch.tensor(batch, dtype=dtypes.float64)
    if isinstance(first, int):
        return torch.tensor(batch)
    if isinstance(first, str):
        return batch
    if isinstance(first, Mapping):
        return _mapping(first, {key: default_collate([d[key] for d in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*map(default_collate, zip(*batch, strict=True)))
    if isinstance(first, Sequence):
        if any(len(item) != len(first) for item in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return _sequence(first, [default_collate(column) for column in zip(*batch, strict=True)])
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first)}"
    )


def _mapping(like: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    if isinstance(like, MutableMapping):
        found = copy.copy(like)
        found.update(items)
        return found
    return items


def _sequence(like: Sequence[Any], items: list[Any]) -> Any:
    if isinstance(like, MutableSequence):
        found = copy.copy(like)
        for at, item in enumerate(items):
            found[at] = item
        return found
    return items


def default_convert(data: Any) -> Any:
    """NumPy's arrays and numbers as tensors, also inside of containers; all else as it is."""
    runtime.spend(1)
    if isinstance(data, np.ndarray | np.number | np.bool_):
        return torch.as_tensor(data)
    if isinstance(data, Mapping):
        return _mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, Sequence) and not isinstance(data, str):
        return _sequence(data, [default_convert(item) for item in data])
    return data

"""Small parameters whose updates are computed together, as one array.

What a step does to a small parameter costs less than asking NumPy for it a dozen times. An update
that computes each element by itself gives the same digits for many parameters end to end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor.dtypes import DType, float32, float64
from ..tensor.tensor import Tensor, make, own_memory
from .arithmetic import arithmetic

SMALL = 4096  # elements of a parameter that is joined with others
MOST = 1 << 15  # elements of what is joined, which stay in the cache

_JOINED = frozenset((float32, float64))


def _shares(arrays: list[Any]) -> bool:
    """Whether some of the arrays may be memory of others among them."""
    owners = set()
    for array in arrays:
        base = array.base
        if base is not None and (type(base) is not np.ndarray or base.base is not None):
            return True
        owners.add(id(array if base is None else base))
    return len(owners) < len(arrays)


class Waiting:
    """Parameters of a group whose update waits for others to be joined with."""

    def __init__(self, optimizer: Any, group: dict[str, Any]) -> None:
        self.optimizer = optimizer
        self.group = group
        self.items: list[tuple[Tensor, Any, Any, dict[str, Any]]] = []
        self.kind: Any = None
        self.size = 0

    def take(self, param: Tensor, gradient: Tensor, state: dict[str, Any]) -> bool:
        """Let a parameter wait; False for one that is to be updated by itself, now."""
        array, slope = own_memory(param), own_memory(gradient)
        kind = _kind(param.dtype, array, gradient.dtype, slope, state)
        if kind is None:
            if self.items and _shares([*self._arrays(), *_memory(array, slope, state)]):
                self.finish()  # in the order that it has, where one could see another's update
            return False
        if self.items and (kind != self.kind or self.size + array.size > MOST):
            self.finish()
        self.kind = kind
        self.items.append((param, array, slope, state))
        self.size += array.size
        return True

    def _arrays(self) -> list[Any]:
        return [
            part for _, array, slope, state in self.items for part in _memory(array, slope, state)
        ]

    def finish(self) -> None:
        """Update what waits."""
        items = self.items
        if len(items) > 1 and not _shares(self._arrays()):
            self._join(items)
        else:
            for param, array, slope, state in items:
                self._update(param, array, slope, state)
        self.items, self.size = [], 0
        for param, _, _, state in items:
            if state:
                self.optimizer.state[param] = state

    def _update(self, param: Tensor, array: Any, slope: Any, state: dict[str, Any]) -> None:
        of = arithmetic(param.dtype)
        if self.group.get("maximize", False):
            slope = of.negative(slope)
        self.optimizer.update(self.group, state, of, array, slope)

    def _join(self, items: list[tuple[Tensor, Any, Any, dict[str, Any]]]) -> None:
        param, _, _, first = items[0]
        arrays = [array for _, array, _, _ in items]
        given = {}
        for key, value in first.items():
            if key == "step":
                given[key] = make(np.array(value.array), value.dtype)
            else:
                parts = [state[key].array for _, _, _, state in items]
                given[key] = make(np.concatenate(parts, axis=None), param.dtype)
        together = dict(given)
        joined = np.concatenate(arrays, axis=None)
        gradient = np.concatenate([slope for _, _, slope, _ in items], axis=None)
        self._update(param, joined, gradient, together)
        _apart(joined, arrays)
        for key, value in together.items():
            if key == "step":
                for _, _, _, state in items:
                    state[key].array[...] = value.array
            elif given.get(key) is value:
                _apart(value.array, [state[key].array for _, _, _, state in items])
            else:
                made = [np.empty(array.shape, array.dtype) for array in arrays]
                _apart(value.array, made)
                for (_, _, _, state), own in zip(items, made, strict=True):
                    state[key] = make(own, param.dtype)


def _apart(joined: Any, arrays: list[Any]) -> None:
    """Write what was joined back into its parts."""
    end = 0
    for array in arrays:
        start, end = end, end + array.size
        array[...] = joined[start:end].reshape(array.shape)


def _memory(array: Any, slope: Any, state: dict[str, Any]) -> list[Any]:
    return [array, slope, *[value.array for value in state.values() if type(value) is Tensor]]


def _kind(dtype: DType, array: Any, given: DType, slope: Any, state: dict[str, Any]) -> Any:
    """What parameters have in common that can be joined; None for one that cannot."""
    if (
        array.size > SMALL
        or dtype not in _JOINED
        or given is not dtype
        or not slope.flags.c_contiguous
    ):
        return None
    steps = None
    for key, value in state.items():
        if type(value) is not Tensor:
            return None
        kept = own_memory(value)
        if key == "step":
            if kept.ndim:
                return None
            steps = value.dtype, kept.item()
        elif value.dtype is not dtype or kept.shape != array.shape:
            return None
    return dtype, steps, tuple(state)

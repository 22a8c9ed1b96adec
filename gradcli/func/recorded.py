"""Derivatives of results that are on the graph already: `jvp(y, x, v)`, `jacobian(y, x)` …

`inputs` is a tensor or a sequence of tensors that the result was made from; the answer has the same
form. What the graph saved stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd.api import grad
from ..autograd.modes import enable_grad
from ..table.formulas import traced
from ..table.levels.pushforward import pushforward
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, constant, make, numel, own_memory, shape_of


def _listed(inputs: Any) -> tuple[bool, list[Tensor]]:
    if type(inputs) is Tensor:
        return False, [inputs]
    return True, list(inputs)


def _directions(inputs: Sequence[Tensor], v: Any, several: bool) -> list[Tensor]:
    if v is None:
        return [constant(shape_of(x), x.dtype, 1) for x in inputs]
    given = list(v) if several and isinstance(v, list | tuple) else [v]
    found = []
    for x, item in zip(inputs, given, strict=True):
        if type(item) is not Tensor:
            item = constant((), x.dtype, item) if not isinstance(item, list) else _tensor(item, x)
        if shape_of(item) == () and shape_of(x) != ():
            item = traced.expand(item, shape_of(x))
        found.append(item)
    return found


def _tensor(values: list[Any], like: Tensor) -> Tensor:
    import numpy as np

    return make(np.array(values, like.dtype.array), like.dtype)


def jvp(y: Any, inputs: Any, v: Any = None) -> Any:
    """The derivative of `y` in the direction `v` (ones by default) of `inputs`."""
    several, listed = _listed(inputs)
    directions = _directions(listed, v, several)
    if type(y) is Tensor:
        return pushforward(y, listed, directions)
    return tuple(pushforward(item, listed, directions) for item in y)


def _units(y: Tensor) -> Any:
    for index in range(numel(shape_of(y))):
        unit = constant(shape_of(y), y.dtype)
        memory = own_memory(unit)
        memory.reshape(-1)[index] = 1
        yield unit


def _rows(y: Tensor, x: Tensor, create_graph: bool) -> Tensor:
    """The Jacobian of `y` by `x`: the shape of `y`, then that of `x`."""
    size = numel(shape_of(y)) * numel(shape_of(x))
    runtime.reserve(size * y.dtype.itemsize)
    rows = []
    for unit in _units(y):
        row = grad(y, x, unit, retain_graph=True, create_graph=create_graph, allow_unused=True)[0]
        rows.append(constant(shape_of(x), x.dtype) if row is None else row)
    shape = (*shape_of(y), *shape_of(x))
    return traced.reshape(traced.stack(rows), shape) if rows else constant(shape, x.dtype)


def jacobian(y: Tensor, inputs: Any) -> Any:
    """The derivatives of the elements of `y` by those of each input."""
    several, listed = _listed(inputs)
    found = tuple(_rows(y, x, False) for x in listed)
    return found if several else found[0]


def _slopes(y: Tensor, listed: Sequence[Tensor], kind: str) -> Sequence[Any]:
    if numel(shape_of(y)) != 1:
        raise RuntimeError(f"{kind}() needs a result with one element, not {list(shape_of(y))}")
    with enable_grad():
        return grad(y, listed, retain_graph=True, create_graph=True, allow_unused=True)


def hessian(y: Tensor, inputs: Any) -> Any:
    """The second derivatives of the one element of `y`; for several inputs, block by block."""
    several, listed = _listed(inputs)
    slopes = _slopes(y, listed, "hessian")
    blocks = tuple(
        tuple(_second(slope, x, other) for other in listed)
        for slope, x in zip(slopes, listed, strict=True)
    )
    return blocks if several else blocks[0][0]


def _second(slope: Any, x: Tensor, other: Tensor) -> Tensor:
    if slope is None or slope.node is None:
        return constant((*shape_of(x), *shape_of(other)), other.dtype)
    return _rows(slope, other, False)


def hvp(y: Tensor, inputs: Any, v: Any = None) -> Any:
    """The Hessian of the one element of `y` times `v`."""
    several, listed = _listed(inputs)
    directions = _directions(listed, v, several)
    live = [
        (slope, direction)
        for slope, direction in zip(_slopes(y, listed, "hvp"), directions, strict=True)
        if slope is not None and slope.node is not None
    ]
    found: Sequence[Any] = [None] * len(listed)
    if live:
        found = grad(
            [slope for slope, _ in live],
            listed,
            [direction for _, direction in live],
            retain_graph=True,
            allow_unused=True,
        )
    filled = tuple(
        constant(shape_of(x), x.dtype) if item is None else item
        for x, item in zip(listed, found, strict=True)
    )
    return filled if several else filled[0]

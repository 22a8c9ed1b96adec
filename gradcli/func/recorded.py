"""Derivatives of results that are on the graph already: `jvp(y, x, v)`, `jacobian(y, x)` …

`inputs` is a tensor or a sequence of tensors that the result was made from; the answer has the same
form, and is zero where nothing leads from an input to the result. What the graph saved stays.

With `batched` the first axis of all tensors counts independent records: no record's result depends
on another's inputs, so one cotangent with an element of each record gives each its own row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd.api import grad
from ..autograd.directions import vector_mismatch
from ..autograd.modes import enable_grad, requires_grad
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, constant, make, numel, shape_of

AT_ONCE = 4 << 20  # bytes of cotangents in one batched backward pass; caches hold not much more


def _listed(y: Any, inputs: Any) -> tuple[bool, list[Tensor]]:
    several = type(inputs) is not Tensor
    listed = list(inputs) if several else [inputs]
    if any(type(item) is Tensor and item.level is not None for item in (y, *listed)):
        raise RuntimeError("a result inside of a transform is no recorded one: give a function")
    return several, listed


def _directions(inputs: Sequence[Tensor], v: Any, several: bool) -> list[Tensor]:
    """One tensor for each input; a number stands for as many as an input has elements."""
    if v is None:
        return [constant(shape_of(x), x.dtype, 1) for x in inputs]
    given = list(v) if several and isinstance(v, list | tuple) else [v]
    found = []
    for x, item in zip(inputs, given, strict=True):
        if type(item) is not Tensor:
            is_list = isinstance(item, list)
            item = _tensor(item, x) if is_list else constant(shape_of(x), x.dtype, item)
        found.append(item)
    return found


def _tensor(values: list[Any], like: Tensor) -> Tensor:
    return make(np.array(values, like.dtype.array), like.dtype)


def _zeros(found: Tensor | None, like: Tensor) -> Tensor:
    return constant(shape_of(like), like.dtype) if found is None else found


def gradients(
    outputs: Sequence[Tensor | None],
    inputs: Sequence[Tensor],
    cotangents: Sequence[Tensor] | None = None,
    **how: Any,
) -> Sequence[Tensor | None]:
    """The gradients of outputs by inputs, None for an input that nothing leads from.

    Outputs that are None or off the graph count for nothing. Without `cotangents` every output is a
    scalar; `how` goes to `autograd.grad`, whose errors are raised.
    """
    live = [(place, y) for place, y in enumerate(outputs) if y is not None and requires_grad(y)]
    if not live or not inputs:
        return [None] * len(inputs)
    chosen = None if cotangents is None else [cotangents[place] for place, _ in live]
    how = {"retain_graph": True, "allow_unused": True, **how}
    return grad([y for _, y in live], inputs, chosen, **how)


def jvp(y: Any, inputs: Any, v: Any = None) -> Any:
    """The derivative of `y` in the direction `v` (ones by default) of `inputs`."""
    from ..table.levels.pushforward import pushforward

    several, listed = _listed(y, inputs)
    directions = _directions(listed, v, several)

    def along(item: Tensor) -> Tensor:
        if not requires_grad(item):
            return _zeros(None, item)
        return pushforward(item, listed, directions)

    return along(y) if type(y) is Tensor else tuple(map(along, y))


def jacobian(y: Tensor, inputs: Any, batched: bool = False) -> Any:
    """The derivatives of the elements of `y` by those of each input.

    Each has the shape of `y`, then that of the input, and is made of rows that go through the graph
    many at a time, as far as memory allows. With `batched` the axis of the records stands once.
    """
    several, listed = _listed(y, inputs)
    shape = shape_of(y)
    records = shape[0] if batched else 1
    count = numel(shape[batched:])
    blocks = []
    for x in listed:
        runtime.reserve(count * numel(shape_of(x)) * x.dtype.itemsize)
        blocks.append(np.zeros((count, *shape_of(x)), x.dtype.array))
    if requires_grad(y) and count * records:
        step = max(1, min(count, AT_ONCE // (count * records * y.dtype.itemsize)))
        for start in range(0, count, step):
            stop = min(start + step, count)
            units = np.zeros((stop - start, records, count), y.dtype.array)
            units[np.arange(stop - start), :, np.arange(start, stop)] = 1
            found = _rows(y, listed, units.reshape(stop - start, *shape))
            for block, rows in zip(blocks, found, strict=True):
                if rows is not None:
                    block[start:stop] = rows
    matrices = []
    for x, block in zip(listed, blocks, strict=True):
        if batched:
            block = np.moveaxis(block, 0, 1)
        matrices.append(make(block.reshape(shape + shape_of(x)[batched:])[()], x.dtype))
    return tuple(matrices) if several else matrices[0]


def _rows(y: Tensor, inputs: list[Tensor], units: Any) -> list[Any]:
    """The products of each of `units` with the Jacobians: in one batched pass, or one by one."""

    def pull(cotangent: Any, at_once: bool) -> list[Any]:
        found = gradients([y], inputs, [make(cotangent, y.dtype)], is_grads_batched=at_once)
        return [None if item is None else item.array for item in found]

    if len(units) > 1:
        from . import batched  # noqa: F401  (the engine's batched pass is installed there)

        try:
            return pull(units, True)
        except (RuntimeError, NotImplementedError, TypeError, ValueError, IndexError):
            pass  # an operation that takes no batch; what is wrong itself raises again
    rows = [pull(unit[()], False) for unit in units]
    return [None if column[0] is None else np.stack(column) for column in zip(*rows, strict=True)]


def _slopes(y: Tensor, listed: Sequence[Tensor], batched: bool) -> Sequence[Tensor | None]:
    shape = shape_of(y)
    if numel(shape[batched:]) != 1 or not y.dtype.is_floating_point:
        raise RuntimeError(
            f"the Hessian is of a real scalar, and the result is {y.dtype.name} {list(shape)}"
        )
    with enable_grad():
        return gradients([y], listed, [constant(shape, y.dtype, 1)], create_graph=True)


def hessian(y: Tensor, inputs: Any, batched: bool = False) -> Any:
    """The second derivatives of the one element of `y`; for several inputs, block by block.

    Raises RuntimeError for a result of another shape or dtype.
    """
    several, listed = _listed(y, inputs)
    blocks = tuple(
        jacobian(_zeros(slope, x), listed, batched)
        for slope, x in zip(_slopes(y, listed, batched), listed, strict=True)
    )
    return blocks if several else blocks[0][0]


def hvp(y: Tensor, inputs: Any, v: Any = None, batched: bool = False) -> Any:
    """The Hessian of the one element of `y` times `v`. Raises as `hessian` does."""
    several, listed = _listed(y, inputs)
    directions = _directions(listed, v, several)
    for x, direction in zip(listed, directions, strict=True):
        if shape_of(direction) != shape_of(x):
            raise RuntimeError(vector_mismatch(shape_of(direction), shape_of(x)))
    found = gradients(_slopes(y, listed, batched), listed, directions)
    filled = tuple(map(_zeros, found, listed))
    return filled if several else filled[0]

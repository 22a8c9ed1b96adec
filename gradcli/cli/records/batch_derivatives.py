"""Derivatives of many records at once.

Every tensor has the records on its first axis, and no record's result depends on another's inputs.
So one backward pass whose cotangent has an element of each record gives each record its own row.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.autograd.api import grad as autograd_grad
from gradcli.autograd.leaf import requires_grad_
from gradcli.autograd.modes import requires_grad
from gradcli.cli.results.derivatives import given_array, tangent_texts
from gradcli.cli.usage.parse import Options
from gradcli.tensor.dtypes import DType
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, make, numel, shape_of

MOST_ROWS = 64  # of a Jacobian or Hessian; larger ones go record by record

Named = dict[str, Tensor]
Part = tuple[Any, DType]  # an array with the records on its first axis


def derivatives(kind: str, value: Tensor, by: Named, count: int, options: Options) -> Any:
    """The derivative of each record: parts by name, a part, or None where records go one by one.

    Raises what the single evaluation raises; the records are then evaluated again one by one.
    """
    shape = shape_of(value)[1:]
    scalar = numel(shape) == 1 and value.dtype.is_floating_point
    if kind in ("grad", "vjp"):
        return _grad(value, by, count, options) if scalar or options.cotangent else None
    if kind == "jvp":
        return _jvp(value, by, count, options)
    if kind == "jacobian":
        return _jacobian(value, by)
    if not scalar:
        return None
    return _hvp(value, by, count, options) if kind == "hvp" else _hessian(value, by)


def _pull(
    outputs: list[Tensor], by: Named, cotangents: list[Tensor], create_graph: bool = False
) -> list[Tensor | None]:
    pairs = [
        (output, cotangent)
        for output, cotangent in zip(outputs, cotangents, strict=True)
        if requires_grad(output)
    ]
    if not pairs or not by:
        return [None] * len(by)
    return list(
        autograd_grad(
            [output for output, _ in pairs],
            list(by.values()),
            [cotangent for _, cotangent in pairs],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )
    )


def _ones(like: Tensor) -> Tensor:
    return make(np.ones(shape_of(like), like.dtype.array), like.dtype)


def _zeros(like: Tensor) -> Tensor:
    return make(np.zeros(shape_of(like), like.dtype.array), like.dtype)


def _spread(text: str, like: Tensor, count: int, what: str) -> Tensor | None:
    """The value of an option for every record, or None if it has not the shape of one."""
    array = given_array(text, like.dtype, what)
    if array.shape != shape_of(like)[1:]:
        return None
    return make(np.broadcast_to(array, (count, *array.shape)), like.dtype)


def _part(found: Tensor | None, like: Tensor) -> Part:
    return (_zeros(like) if found is None else found).array, like.dtype


def _grad(value: Tensor, by: Named, count: int, options: Options) -> dict[str, Part | None] | None:
    cotangent: Tensor | None = _ones(value)
    if options.cotangent:
        if len(options.cotangent) > 1 or options.cotangent[0][0]:
            return None
        cotangent = _spread(options.cotangent[0][1], value, count, "--cotangent")
    if cotangent is None:
        return None
    found = _pull([value], by, [cotangent])
    return {
        name: None if grad is None else (grad.array, grad.dtype)
        for name, grad in zip(by, found, strict=True)
    }


def _tangents(by: Named, count: int, options: Options) -> list[Tensor] | None:
    given = tangent_texts(list(by), options)
    found: list[Tensor] = []
    for name, like in by.items():
        if name not in given:
            found.append(_zeros(like))
            continue
        tangent = _spread(given[name], like, count, f"--tangent {name}")
        if tangent is None:
            return None
        found.append(tangent)
    return found


def _connected(
    grads: list[Tensor | None], tangents: list[Tensor]
) -> tuple[list[Tensor], list[Tensor]]:
    pairs = [
        (grad, tangent) for grad, tangent in zip(grads, tangents, strict=True) if grad is not None
    ]
    return [grad for grad, _ in pairs], [tangent for _, tangent in pairs]


def _jvp(value: Tensor, by: Named, count: int, options: Options) -> Part | None:
    tangents = _tangents(by, count, options)
    if tangents is None:
        return None
    weights = requires_grad_(_zeros(value))
    pulled = _pull([value], by, [weights], create_graph=True)
    outputs, directions = _connected(pulled, tangents)
    (found,) = _pull(outputs, {"": weights}, directions)
    return _part(found, value)


def _hvp(value: Tensor, by: Named, count: int, options: Options) -> dict[str, Part] | None:
    tangents = _tangents(by, count, options)
    if tangents is None:
        return None
    first = _pull([value], by, [_ones(value)], create_graph=True)
    outputs, directions = _connected(first, tangents)
    found = _pull(outputs, by, directions)
    return {name: _part(grad, like) for (name, like), grad in zip(by.items(), found, strict=True)}


def _jacobian(value: Tensor, by: Named) -> dict[str, Part] | None:
    """Row by row, each row of all records in one pass."""
    count, *inner = shape_of(value)
    rows = numel(inner)
    if rows > MOST_ROWS:
        return None
    blocks: dict[str, Any] = {}
    for name, like in by.items():
        rest = shape_of(like)[1:]
        runtime.reserve(count * rows * numel(rest) * like.dtype.itemsize)
        blocks[name] = np.zeros((count, rows, *rest), like.dtype.array)
    for row in range(rows):
        unit = np.zeros((count, rows), value.dtype.array)
        unit[:, row] = 1
        cotangent = make(unit.reshape(count, *inner), value.dtype)
        for name, grad in zip(by, _pull([value], by, [cotangent]), strict=True):
            if grad is not None:
                blocks[name][:, row] = grad.array
    return {
        name: (block.reshape(count, *inner, *block.shape[2:]), by[name].dtype)
        for name, block in blocks.items()
    }


def _hessian(value: Tensor, by: Named) -> dict[str, dict[str, Part]] | None:
    first = _pull([value], by, [_ones(value)], create_graph=True)
    found: dict[str, dict[str, Part]] = {}
    for (name, like), grad in zip(by.items(), first, strict=True):
        block = _jacobian(_zeros(like) if grad is None else grad, by)
        if block is None:
            return None
        found[name] = block
    return found

"""The options of a derivative for many records at once: all have them on their first axis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradcli.cli.results.derivatives import given_array, tangent_texts
from gradcli.cli.usage.parse import Options
from gradcli.func import recorded
from gradcli.tensor.dtypes import DType
from gradcli.tensor.tensor import Tensor, constant, make, numel, shape_of

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


def _spread(text: str, like: Tensor, count: int, what: str) -> Tensor | None:
    """The value of an option for every record, or None if it has not the shape of one."""
    array = given_array(text, like.dtype, what)
    if array.shape != shape_of(like)[1:]:
        return None
    return make(np.broadcast_to(array, (count, *array.shape)), like.dtype)


def _part(found: Tensor) -> Part:
    return found.array, found.dtype


def _parts(by: Named, found: Iterable[Tensor]) -> dict[str, Part]:
    return dict(zip(by, map(_part, found), strict=True))


def _grad(value: Tensor, by: Named, count: int, options: Options) -> dict[str, Part | None] | None:
    cotangent: Tensor | None = constant(shape_of(value), value.dtype, 1)
    if options.cotangent:
        if len(options.cotangent) > 1 or options.cotangent[0][0]:
            return None
        cotangent = _spread(options.cotangent[0][1], value, count, "--cotangent")
    if cotangent is None:
        return None
    found = recorded.gradients([value], list(by.values()), [cotangent])
    return {
        name: None if grad is None else _part(grad) for name, grad in zip(by, found, strict=True)
    }


def _tangents(by: Named, count: int, options: Options) -> list[Tensor] | None:
    given = tangent_texts(list(by), options)
    found: list[Tensor] = []
    for name, like in by.items():
        if name not in given:
            found.append(constant(shape_of(like), like.dtype))
            continue
        tangent = _spread(given[name], like, count, f"--tangent {name}")
        if tangent is None:
            return None
        found.append(tangent)
    return found


def _jvp(value: Tensor, by: Named, count: int, options: Options) -> Part | None:
    tangents = _tangents(by, count, options)
    return None if tangents is None else _part(recorded.jvp(value, list(by.values()), tangents))


def _hvp(value: Tensor, by: Named, count: int, options: Options) -> dict[str, Part] | None:
    tangents = _tangents(by, count, options)
    if tangents is None:
        return None
    return _parts(by, recorded.hvp(value, list(by.values()), tangents, batched=True))


def _jacobian(value: Tensor, by: Named) -> dict[str, Part] | None:
    if numel(shape_of(value)[1:]) > MOST_ROWS:
        return None
    return _parts(by, recorded.jacobian(value, list(by.values()), batched=True))


def _hessian(value: Tensor, by: Named) -> dict[str, dict[str, Part]] | None:
    if any(numel(shape_of(like)[1:]) > MOST_ROWS for like in by.values()):
        return None
    rows = recorded.hessian(value, list(by.values()), batched=True)
    return {name: _parts(by, row) for name, row in zip(by, rows, strict=True)}

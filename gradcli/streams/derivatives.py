"""The derivatives of many records at once: all have the records on their first axis."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcli.func import recorded
from gradcli.tensor.dtypes import Array, DType
from gradcli.tensor.tensor import Tensor, constant, make, numel, shape_of

from .forms import Column

MOST_ROWS = 64  # of a Jacobian or Hessian; larger ones go record by record

Named = dict[str, Tensor]
Given = Callable[[DType], Array]  # a value as an array of a dtype


@dataclass(slots=True)
class Derivative:
    """A derivative of a result by inputs: `kind` is the command's name.

    `cotangent` is None for one that is not given; `tangents` are those of the inputs with these
    names. What they raise, a record by itself raises too.
    """

    kind: str
    cotangent: Given | None
    tangents: Callable[[list[str]], dict[str, Given]]

    def of(self, value: Tensor, by: Named, count: int) -> list[Column] | None:
        """The arrays of each record's answer in their order, or None where they go one by one."""
        shape = shape_of(value)[1:]
        scalar = numel(shape) == 1 and value.dtype.is_floating_point
        inputs = list(by.values())
        if self.kind in ("grad", "vjp"):
            return self._grad(value, inputs, count) if scalar or self.cotangent else None
        if self.kind == "jacobian":
            if numel(shape) > MOST_ROWS:
                return None
            return _columns(recorded.jacobian(value, inputs, batched=True))
        if self.kind == "hessian":
            if not scalar or any(numel(shape_of(x)[1:]) > MOST_ROWS for x in inputs):
                return None
            rows = recorded.hessian(value, inputs, batched=True)
            return [column for row in rows for column in _columns(row)]
        tangents = self.directions(by, count)
        if tangents is None:
            return None
        if self.kind == "jvp":
            return _columns([recorded.jvp(value, inputs, tangents)])
        return _columns(recorded.hvp(value, inputs, tangents, batched=True)) if scalar else None

    def _grad(self, value: Tensor, inputs: list[Tensor], count: int) -> list[Column] | None:
        cotangent: Tensor | None = constant(shape_of(value), value.dtype, 1)
        if self.cotangent is not None:
            cotangent = _spread(self.cotangent, value, count)
        if cotangent is None:
            return None
        found = recorded.gradients([value], inputs, [cotangent])
        return _columns([grad for grad in found if grad is not None])

    def directions(self, by: Named, count: int) -> list[Tensor] | None:
        """The tangents of all inputs, for every record; None where they have other shapes."""
        given = self.tangents(list(by))
        found: list[Tensor] = []
        for name, like in by.items():
            if name not in given:
                found.append(constant(shape_of(like), like.dtype))
                continue
            tangent = _spread(given[name], like, count)
            if tangent is None:
                return None
            found.append(tangent)
        return found


def _spread(given: Given, like: Tensor, count: int) -> Tensor | None:
    """A value for every record, or None if it has not the shape of one."""
    array = given(like.dtype)
    if array.shape != shape_of(like)[1:]:
        return None
    return make(np.broadcast_to(array, (count, *array.shape)), like.dtype)


def _columns(found: list[Tensor] | tuple[Tensor, ...]) -> list[Column]:
    return [(tensor.array, tensor.dtype) for tensor in found]

"""A function of named tensors as one of a vector: what searches and sums of errors ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradcli.autograd.leaf import detach, requires_grad_
from gradcli.autograd.modes import requires_grad
from gradcli.func import recorded
from gradcli.tensor.dtypes import Array
from gradcli.tensor.tensor import Tensor, make, numel, shape_of

Named = dict[str, Tensor]


@dataclass(slots=True)
class Problem:
    """A result as a function of the tensors `start`, whose elements are the variables.

    `run` evaluates it with others in their place. Raises RuntimeError for a result that a search
    cannot use, and what `run` raises.
    """

    run: Callable[[Named], Tensor]
    start: Named

    @property
    def size(self) -> int:
        """The number of variables."""
        return sum(numel(shape_of(x)) for x in self.start.values())

    def vector(self, named: dict[str, Array]) -> Array:
        """Arrays by name, each of one or all elements of a tensor, as one vector."""
        parts = [
            np.broadcast_to(named[name], shape_of(x)).ravel() for name, x in self.start.items()
        ]
        return np.concatenate(parts) if parts else np.zeros(0)

    def first(self) -> Array:
        """The vector to begin with."""
        return self.vector({name: x.array for name, x in self.start.items()})

    def named(self, at: Array) -> Named:
        """The tensors of a vector."""
        found: Named = {}
        place = 0
        for name, x in self.start.items():
            stop = place + numel(shape_of(x))
            array = at[place:stop].reshape(shape_of(x)).astype(x.dtype.array)
            found[name] = make(array[()], x.dtype)
            place = stop
        return found

    def _at(self, at: Array) -> tuple[Tensor, list[Tensor]]:
        leaves = {name: requires_grad_(x) for name, x in self.named(at).items()}
        value = self.run(leaves)
        if not value.dtype.is_floating_point:
            raise RuntimeError(f"the result is {value.dtype.name}, and real numbers are wanted")
        if not requires_grad(value):
            names = " or ".join(f"`{name}`" for name in self.start)
            raise RuntimeError(f"the result does not depend on {names}: no gradient leads down")
        return value, list(leaves.values())

    def _scalar(self, at: Array) -> tuple[Tensor, list[Tensor]]:
        value, leaves = self._at(at)
        if numel(shape_of(value)) != 1:
            raise RuntimeError(
                f"a minimum is of one number, and the result has the shape {list(shape_of(value))}"
            )
        return value, leaves

    def value(self, at: Array) -> Tensor:
        """The result itself."""
        return detach(self._at(at)[0])

    def slope(self, at: Array) -> tuple[float, Array]:
        """The one value of the result and its gradient."""
        value, leaves = self._scalar(at)
        rows = recorded.jacobian(value, leaves)
        return float(value.array.reshape(())), _flat([row.array for row in rows])

    def curvature(self, at: Array) -> Array:
        """The Hessian of the one value."""
        value, leaves = self._scalar(at)
        counts = [numel(shape_of(x)) for x in leaves]
        rows = [
            np.concatenate(
                [b.array.reshape(n, m) for b, m in zip(row, counts, strict=True)], axis=1
            )
            for row, n in zip(recorded.hessian(value, leaves), counts, strict=True)
        ]
        return np.concatenate(rows)

    def residual(self, at: Array) -> tuple[Array, Array]:
        """The elements of the result, and their Jacobian."""
        value, leaves = self._at(at)
        count = numel(shape_of(value))
        rows = recorded.jacobian(value, leaves)
        columns = [
            row.array.reshape(count, x.array.size) for row, x in zip(rows, leaves, strict=True)
        ]
        return value.array.reshape(count), np.concatenate(columns, axis=1)


def _flat(arrays: list[Array]) -> Array:
    return np.concatenate([array.reshape(-1) for array in arrays])

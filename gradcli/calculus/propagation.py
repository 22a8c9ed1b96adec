"""What small changes of the inputs make of a result: errors, and changes in per cent.

The errors are independent, and so small that the result is linear over them (JCGM 100:2008, "Guide
to the expression of uncertainty in measurement", equation 10).

With `batched` the first axis of all tensors and arrays counts independent records.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from gradcli.func import recorded
from gradcli.tensor.dtypes import Array
from gradcli.tensor.tensor import Tensor, numel, shape_of

Named = dict[str, Tensor]


def variances(
    value: Tensor, by: Named, sigmas: dict[str, Array], batched: bool = False
) -> dict[str, Array]:
    """What each input adds to the variance of each element of `value`: arrays of its shape.

    `sigmas` are the inputs' standard deviations, which are spread over the elements of each.
    """
    shape = shape_of(value)
    records, elements = shape[:batched], numel(shape[batched:])
    inputs = [by[name] for name in sigmas]
    found = {}
    for (name, sigma), rows, x in zip(
        sigmas.items(), recorded.jacobian(value, inputs, batched), inputs, strict=True
    ):
        size = numel(shape_of(x)[batched:])
        spread = np.broadcast_to(sigma, shape_of(x)).reshape(*records, 1, size)
        parts = np.abs(rows.array.reshape(*records, elements, size) * spread)
        # Rows that lie one behind the other are summed alike, however many there are.
        squares = np.ascontiguousarray(np.square(parts))
        found[name] = squares.sum(axis=-1).reshape(shape)
    return found


def shares(parts: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
    """The standard deviation in all, and the share of each input in its square."""
    total: Array = reduce(np.add, parts.values())
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(total), {
            name: np.where(total > 0, part / np.where(total > 0, total, 1), part)
            for name, part in parts.items()
        }


def elasticities(value: Tensor, by: Named, batched: bool = False) -> dict[str, Array]:
    """By how many per cent `value` grows with one per cent of each input: x / y · dy/dx.

    For a result of one element; the arrays have the shapes of the inputs. Raises RuntimeError.
    """
    shape = shape_of(value)
    if numel(shape[batched:]) != 1:
        raise RuntimeError(
            f"elasticities are of one number, and the result has the shape {list(shape[batched:])}"
        )
    rows = recorded.jacobian(value, list(by.values()), batched)
    found = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        for (name, x), row in zip(by.items(), rows, strict=True):
            slope = row.array.reshape(shape_of(x))
            ones = (1,) * len(shape_of(x)[batched:])
            found[name] = slope * x.array / value.array.reshape((*shape[:batched], *ones))
    return found

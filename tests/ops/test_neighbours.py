"""An element's digits are its own: they depend on no neighbour, on no length and on no layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from table_cases import entries

import gradcli.torch as torch
from gradcli.table.entry import ELEMENTWISE, Op
from gradcli.tensor.tensor import Tensor

ENTRIES = [op for op in entries() if op.batching == ELEMENTWISE and op.kernel is not None]
COUNT = 67  # beyond every width of a vector register, and no multiple of one
NUMBERS = (2.5, -1, 0.3)  # for parameters that are Python's


def same(one: Any, other: Any) -> bool:
    return bool(np.array_equal(one, other, equal_nan=True))


def arguments(op: Op, dtype: Any, scale: float) -> list[list[Any]]:
    """Arguments for the required parameters of an entry: tensors of `COUNT`, or numbers."""
    random = np.random.default_rng(len(op.name))
    found = []
    for number in NUMBERS:
        given: list[Any] = []
        for parameter in op.parameters:
            if parameter.kind == "Tensor" and not parameter.is_list:
                values = random.standard_normal(COUNT) * scale
                given.append(torch.tensor(values if given else abs(values), dtype=dtype))
            elif parameter.kind == "Number" and len(given) < 3:
                given.append(number)
            else:
                break
        found.append(given)
    return found


def result(op: Op, given: list[Any]) -> Any:
    try:
        value = op.call(*given)
    except Exception:
        return None  # not an entry for numbers of this kind
    fits = isinstance(value, Tensor) and value.dtype.is_floating_point
    return value.numpy() if fits else None


@pytest.mark.parametrize("op", ENTRIES, ids=lambda op: op.name)
def test_elements_alone(op: Op) -> None:
    for dtype in (torch.float32, torch.float64):
        for scale in (0.3, 3.0, 60.0):
            for given in arguments(op, dtype, scale):
                check(op, given)


def check(op: Op, given: list[Any]) -> None:
    whole = result(op, given)
    if whole is None or whole.shape != (COUNT,):
        return

    def part(change: Any) -> Any:
        return result(op, [change(v) if isinstance(v, Tensor) else v for v in given])

    for index in range(0, COUNT, 5):
        alone = part(lambda v, index=index: v[index])
        assert alone is None or same(alone, whole[index]), (index, given)
        single = part(lambda v, index=index: v[index : index + 1].clone())
        assert same(single[0], whole[index]), (index, given)
    assert same(part(lambda v: v[3:40]), whole[3:40]), given
    assert same(part(lambda v: v[::2]), whole[::2]), given

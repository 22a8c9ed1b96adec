"""Products have the digits of `matmul`, whatever layout the factors come in."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch

LENGTHS = [0, 1, 2, 5, 8, 17, 33]


def _layouts(shape: tuple[int, ...], dtype: str) -> list[Any]:
    """An array row by row, column by column, with gaps, and with all rows alike."""
    dense = np.random.default_rng(sum(shape)).standard_normal(shape).astype(dtype)
    layouts = [dense, np.asfortranarray(dense), np.repeat(dense, 2, axis=-1)[..., ::2]]
    if 0 not in shape:
        layouts.append(np.repeat(dense[:1], shape[0], axis=0))
    return layouts


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_products_are_those_of_matmul(dtype: str) -> None:
    for rows, inner, columns in itertools.product(LENGTHS, repeat=3):
        for right_shape in [(inner, columns), (inner,)]:
            lefts, rights = _layouts((rows, inner), dtype), _layouts(right_shape, dtype)
            for left, right in itertools.product(lefts, rights):
                found = (torch.from_numpy(left) @ torch.from_numpy(right)).numpy()
                expected = np.matmul(left, right)
                assert found.shape == expected.shape
                assert found.tobytes() == expected.tobytes()

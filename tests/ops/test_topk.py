"""topk of rows with and without equal elements, against a sort."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("shape", [(100,), (10, 100), (3, 40, 80), (700, 100), (2, 0, 30)])
@pytest.mark.parametrize("dtype", ["float32", "int64"])
def test_few_of_many_are_those_of_a_sort(shape: Any, largest: bool, dtype: str) -> None:
    x = np.random.default_rng(0).permutation(np.prod(shape)).reshape(shape).astype(dtype)
    values, indices = torch.tensor(x).topk(3, largest=largest)
    wanted = np.argsort(-x if largest else x, -1)[..., :3]
    np.testing.assert_array_equal(indices.numpy(), wanted)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, wanted, -1))


def test_rows_with_too_many_and_too_few_equals() -> None:
    x = torch.zeros(2, 40)
    x[0, 5] = x[1, 3] = x[1, 7] = x[1, 9] = 1.0
    values, indices = x.topk(2)
    assert values.tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert x.gather(1, indices).equal(values)
    x[0, 8] = float("nan")
    assert x.topk(2)[1][0].tolist() == [8, 5]

"""Products of a batch in which one side is one matrix for all are those of the copies."""

from __future__ import annotations

import numpy as np
import pytest

import gradcli.torch as torch


@pytest.mark.parametrize(
    "sizes", [(5, 2, 3, 4), (5, 2, 3, 1), (1, 2, 3, 1), (0, 2, 3, 1), (5, 0, 3, 1), (5, 2, 0, 4)]
)
def test_one_matrix_for_all(sizes: tuple[int, int, int, int]) -> None:
    count, rows, inner, columns = sizes
    random = np.random.default_rng(0)
    left = torch.tensor(random.standard_normal((rows, inner))).expand(count, rows, inner)
    right = torch.tensor(random.standard_normal((count, inner, columns)))
    for a, b in ((left, right), (right.mT, left.mT)):
        found = torch.bmm(a, b)
        assert found.stride() == torch.bmm(a.clone(), b.clone()).stride()
        np.testing.assert_allclose(found.numpy(), np.matmul(a.numpy(), b.numpy()), 1e-12, 1e-12)

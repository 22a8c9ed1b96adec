"""Adding at positions that repeat gives the sums of NumPy's `add.at`, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from gradcli.kernels.scatter_add import add_rows, flat_places


@pytest.mark.parametrize("below", [1, 3, 40, 5000])
@pytest.mark.parametrize("count", [0, 1, 64, 65, 3000])
def test_rows_are_added_in_order(below: int, count: int) -> None:
    random = np.random.default_rng(0)
    index = random.integers(0, below, count)
    rows = random.standard_normal((count, 2, 3)).astype(np.float32)
    found = random.standard_normal((below, 2, 3)).astype(np.float32)
    wanted = found.copy()
    np.add.at(wanted, index, rows)
    add_rows(found, index, rows)
    assert (found == wanted).all()


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_flat_places_are_those_of_a_grid(dim: int) -> None:
    shape = (4, 5, 6)
    index = np.random.default_rng(0).integers(0, shape[dim], (3, 4, 5), dtype=np.int32)
    grid = list(np.indices(index.shape))
    grid[dim] = index
    assert (flat_places(shape, dim, index) == np.ravel_multi_index(tuple(grid), shape)).all()

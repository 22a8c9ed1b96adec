"""Sums of squared distances taken in blocks are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from gradcli.kernels.variances import squared_distances


@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((700, 60), (1,)),
        ((700, 60), (0,)),
        ((40, 50, 30), (1, 2)),
        ((40, 50, 30), (0, 1)),
        ((40, 50, 30), (0,)),
        ((2, 20_000), (1,)),
        ((50_000, 1), (0,)),
    ],
)
def test_blocks_give_the_whole(
    shape: tuple[int, ...], axes: tuple[int, ...], offset: float
) -> None:
    x = (np.random.default_rng(5).standard_normal(shape) + offset).astype(np.float32)
    wide = x.astype(np.float64)
    mean = wide.mean(axes, keepdims=True)
    found = squared_distances(x, axes)
    assert np.allclose(found, np.square(wide - mean).sum(axes), rtol=1e-11)


def test_other_axes_and_small_arrays_are_left_to_the_caller() -> None:
    x = np.ones((40, 50, 30), np.float32)
    assert squared_distances(x, (1,)) is None
    assert squared_distances(x[:, :, ::2], (0,)) is None
    assert squared_distances(x[:2], (0,)) is None
    assert squared_distances(np.ones((2, 40_000), np.float32), (1,)) is None


def test_what_is_not_finite_stays_in_its_place() -> None:
    x = np.ones((500, 100), np.float32)
    x[3, 4], x[5, 6] = np.nan, np.inf
    rows = squared_distances(x, (1,))
    assert np.flatnonzero(np.isnan(rows)).tolist() == [3, 5]
    columns = squared_distances(x, (0,))
    assert np.flatnonzero(np.isnan(columns)).tolist() == [4, 6]

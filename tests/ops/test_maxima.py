"""The maximum of windows against its definition: the first of equals, the last NaN, never a pad."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch

# kernel, stride, padding, dilation, ceil_mode
GEOMETRIES = [
    ((2, 2), (2, 2), (0, 0), (1, 1), False),
    ((3, 2), (1, 2), (1, 1), (1, 1), False),
    ((3, 3), (2, 3), (1, 0), (1, 2), True),
    ((1, 3), (3, 1), (0, 1), (1, 1), True),
]


def scan(x: Any, out: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Values and flat indices, window by window."""
    values, places = np.empty(out, x.dtype), np.empty(out, np.int64)
    for lead in np.ndindex(*out[:2]):
        for window in np.ndindex(*out[2:]):
            best, place = -np.inf, None
            for tap in itertools.product(*map(range, kernel)):
                at = [
                    w * s - p + t * d
                    for w, s, p, t, d in zip(window, stride, padding, tap, dilation, strict=True)
                ]
                if all(0 <= i < n for i, n in zip(at, x.shape[2:], strict=True)):
                    value = x[(*lead, *at)]
                    if place is None or value > best or np.isnan(value):
                        best, place = value, at[0] * x.shape[3] + at[1]
            values[(*lead, *window)], places[(*lead, *window)] = best, place
    return values, places


@pytest.mark.parametrize("special", [None, np.nan, -np.inf])
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_maxima_of_windows(geometry: Any, special: float | None) -> None:
    *sizes, ceil_mode = geometry
    random = np.random.default_rng(0)
    x = random.integers(-2, 3, (2, 2, 7, 8)).astype(np.float64)
    if special is not None:
        x[random.random(x.shape) < 0.6] = special
    leaf = torch.tensor(x).requires_grad_()
    found, index = torch.nn.functional.max_pool2d(leaf, *sizes, ceil_mode, return_indices=True)
    values, places = scan(x, found.shape, *sizes)
    np.testing.assert_array_equal(found.detach().numpy(), values)
    np.testing.assert_array_equal(index.numpy(), places)
    found.sum().backward()
    counts = np.stack([np.bincount(p.ravel(), minlength=56) for p in places.reshape(4, -1)])
    np.testing.assert_array_equal(leaf.grad.numpy(), counts.reshape(x.shape))

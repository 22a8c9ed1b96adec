"""Limits and signs: NumPy's maximum and minimum with the element's own zero, whatever the size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcli.kernels.limits import limited, sign

EDGES = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e-45, 0.3, -7.5]


def assert_same_bits(found: Any, wanted: Any) -> None:
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
    assert found.dtype == wanted.dtype


@pytest.mark.parametrize("count", [1, 3, 500])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("low", [None, 0, -0.0, 1, math.nan, -math.inf])
@pytest.mark.parametrize("high", [None, 0, -0.0, 0.25, math.nan, math.inf])
def test_limits_keep_zeros_and_nan(dtype: str, low: Any, high: Any, count: int) -> None:
    x = np.array(EDGES * count, dtype)
    wanted = x if low is None else np.maximum(low, x)
    wanted = wanted if high is None else np.minimum(high, wanted)
    assert_same_bits(limited(x, low, high), wanted)


def test_limits_may_be_arrays_and_integers() -> None:
    x = np.arange(-3000.0, 3000.0)
    low, high = np.full(6000, -2.0), np.full((1, 6000), 5.0)
    assert_same_bits(limited(x, low, high), np.minimum(high, np.maximum(low, x)))
    assert_same_bits(limited(x.astype(np.int32), -1, 2), np.clip(x, -1, 2).astype(np.int32))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_sign_is_zero_for_nan(dtype: str) -> None:
    wanted = np.array([0.0, 0.0, 1.0, -1.0, 1.0, -1.0, 0.0, 1.0, 1.0, -1.0], dtype)
    x = np.array(EDGES, dtype)
    if dtype == "float16":
        wanted[7] = 0.0  # 1e-45 is none
    assert_same_bits(sign(x), wanted)
    for value, result in zip(x, wanted, strict=True):
        assert_same_bits(sign(value), result)


def test_sign_of_integers() -> None:
    assert_same_bits(sign(np.array([-5, 0, 9])), np.array([-1, 0, 1]))
    assert_same_bits(sign(np.array([0, 200], np.uint8)), np.array([0, 1], np.uint8))
    assert_same_bits(sign(np.array([True, False])), np.array([True, False]))

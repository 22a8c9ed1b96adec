"""Running totals are NumPy's, in double precision for single, whatever way they are taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.kernels.running import running


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
@pytest.mark.parametrize("ufunc", [np.add, np.multiply])
@pytest.mark.parametrize("shape", [(5,), (3, 0), (4, 300), (300, 4), (3, 5, 130), (5000, 7)])
def test_running_totals_are_accumulated_in_order(dtype: str, ufunc: Any, shape: Any) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    x[:1] = -0.0
    wide = np.complex128 if dtype == "complex64" else np.float64
    for axis in range(x.ndim):
        for reverse in (False, True):
            wanted = ufunc.accumulate(np.flip(x, axis) if reverse else x, axis, dtype=wide)
            wanted = np.flip(wanted, axis) if reverse else wanted
            if ufunc is np.add:
                wanted = wanted + 0.0
            found = running(ufunc, x, axis, reverse)
            assert found.dtype == x.dtype and found.flags.c_contiguous
            np.testing.assert_array_equal(found, wanted.astype(dtype))
            signs = np.signbit(found.real), np.signbit(wanted.real.astype(np.float32))
            np.testing.assert_array_equal(*signs)

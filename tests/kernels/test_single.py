"""Functions of float32 that are rounded once: the same in parts, in any layout, for one element."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcli.kernels.special import single


@pytest.mark.parametrize("function", [np.exp, np.tanh, np.log1p])
def test_float32_is_float64_rounded(monkeypatch: pytest.MonkeyPatch, function: Any) -> None:
    x = np.random.default_rng(0).uniform(0, 3, (50, 41)).astype(np.float32)
    wanted = function(x.astype(np.float64)).astype(np.float32)
    computed = single.rounded_once(function)
    before = x.copy()
    for part in (1 << 20, 64):
        monkeypatch.setattr(single, "_PART", part)
        for found, expected in (
            (computed(x), wanted),
            (computed(x.T), wanted.T),
            (computed(x[::3, 1::2]), wanted[::3, 1::2]),
            (computed(x[0, 0]), wanted[0, 0]),
            (computed(x[:1, 0].reshape(())), wanted[0, 0]),
        ):
            np.testing.assert_array_equal(found, expected)
            assert found.dtype == np.float32
    np.testing.assert_array_equal(x, before)

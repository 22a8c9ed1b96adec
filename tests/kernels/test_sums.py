"""Sums in blocks are those of the whole, and no layout changes a sum that has one order only.

That the order is PyTorch's is held by the goldens of sums.
"""

from __future__ import annotations

import numpy as np
import pytest

from gradcli.kernels import sums
from gradcli.kernels.spacing import fused, stepped
from gradcli.kernels.sums import add_up, add_up_blocks


@pytest.mark.parametrize("kind", ["f", "d", "F", "D"])
@pytest.mark.parametrize("count", [3000, 70_001, 2**17, 2**20 + 7])
def test_parts_give_the_sum_of_the_whole(kind: str, count: int) -> None:
    x = np.random.default_rng(count).standard_normal(count).astype(kind)
    whole = add_up(x, (0,))
    for length in (64, 4096, 2**15):
        assert add_up_blocks(lambda a, b: x[a:b], count, x.dtype, length) == whole


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,), (2, 3), (1, 1, 1), (4, 1, 5)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_shapes_are_those_of_numpy(shape: tuple[int, ...], keepdims: bool) -> None:
    x = np.ones(shape, np.float32)
    for axes in [tuple(range(x.ndim)), (0,), (x.ndim - 1,)] if x.ndim else [()]:
        expected = np.sum(x, axis=axes, keepdims=keepdims)
        found = add_up(x, axes, keepdims)
        assert np.shape(found) == expected.shape
        assert found.dtype == np.float32
        assert np.array_equal(found, expected)


def test_a_sum_starts_from_zero() -> None:
    for shape in ((1,), (3,), (9,), (600,), (3, 40)):
        total = add_up(np.full(shape, -0.0, np.float32), tuple(range(len(shape))))
        assert total == 0
        assert not np.signbit(total)


def test_terms_are_added_in_order_where_there_are_few() -> None:
    x = np.array([1e8, 1, -1e8, 1], np.float32)
    assert add_up(x, (0,)) == np.float32(1)
    assert add_up(np.stack([x, x]), (1,)).tolist() == [1, 1]
    assert add_up(np.stack([x, x], 1), (0,)).tolist() == [1, 1]


def test_fused_rounds_once() -> None:
    # (1 + e) * (1 - e) - 1 is -e**2, which a product that is rounded loses.
    small = 2.0**-30
    found = fused(np.array([1 + small]), np.float64(1 - small), np.float64(-1))
    assert found.tolist() == [-(small**2)]
    assert fused(np.array([np.inf, 1e308]), np.float64(2), np.float64(1)).tolist() == [np.inf] * 2


@pytest.mark.parametrize("kind", ["f", "d", "F", "D"])
def test_short_sums_add_in_the_order_of_long_ones(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = np.random.default_rng(8)
    lengths = [2, 3, 5, 8, 9, 31, 33, 40, 64, 100, 127, 257, 511, 512, 520, 1000, 1023, 2100]
    cases = []
    for _ in range(400):
        shape = source.choice(lengths, source.integers(1, 3))
        x = source.standard_normal(shape).astype(kind)
        axes = tuple(range(x.ndim)) if source.random() < 0.4 else (int(source.integers(x.ndim)),)
        cases.append((x, axes, add_up(x, axes)))
    monkeypatch.setattr(sums, "_SMALL", 0)
    monkeypatch.setattr(sums, "_TURNED", 0)
    for x, axes, short in cases:
        assert np.array_equal(short, add_up(x, axes)), (x.shape, axes)


def test_a_step_of_few_bits_needs_no_error_of_the_product() -> None:
    source = np.random.default_rng(9)
    places = np.arange(3000, dtype=np.float64)
    for _ in range(200):
        step = np.float64(np.float32(source.standard_normal() * 10.0 ** source.integers(-9, 9)))
        start = np.float64(source.standard_normal())
        assert np.array_equal(stepped(step, places, start), fused(step, places, start))


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((2000,), (0,)), ((100,), (0,)), ((64, 16), (0,)), ((4, 8), (0,)), ((7, 90), (1,))],
)
def test_a_sum_is_nobody_elses_memory(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    """What sums of one length are computed in is used again; what they gave stays."""
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    first = add_up(x, axes)
    kept = np.array(first)
    second = add_up(-x, axes)
    assert np.array_equal(first, kept)
    assert np.array_equal(second, -kept)
    assert np.array_equal(add_up(x, axes), kept)

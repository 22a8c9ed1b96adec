"""The kernels behind convolutions against their definition, also when work is cut into blocks."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gradcli.kernels import windows

Sizes = tuple[int, ...]

# images, channels, filters, groups, sizes, kernel, stride, padding, dilation
GEOMETRIES: list[tuple[int, int, int, int, Sizes, Sizes, Sizes, Sizes, Sizes]] = [
    (3, 2, 3, 1, (9,), (3,), (1,), (1,), (1,)),
    (2, 4, 6, 2, (9,), (2,), (2,), (0,), (2,)),
    (1, 3, 4, 1, (7, 6), (3, 3), (1, 1), (1, 1), (1, 1)),
    (5, 2, 2, 1, (6, 7), (2, 3), (1, 1), (0, 2), (2, 1)),
    (4, 4, 4, 4, (8, 8), (3, 3), (1, 1), (1, 1), (1, 1)),
    (3, 2, 4, 2, (8, 7), (3, 2), (2, 3), (1, 0), (1, 1)),
    (4, 3, 2, 1, (4, 4), (4, 4), (1, 1), (0, 0), (1, 1)),  # one window an image
    (3, 3, 2, 1, (5, 5), (5, 5), (1, 1), (2, 2), (1, 1)),  # mostly border
    (3, 4, 2, 2, (5, 4), (1, 1), (1, 1), (0, 0), (1, 1)),
    (2, 3, 2, 1, (5, 4), (1, 1), (2, 1), (0, 0), (1, 1)),
    (2, 2, 3, 1, (4, 5, 6), (2, 3, 2), (1, 1, 1), (1, 0, 1), (1, 2, 1)),
]


def triples(x: Any, weight: Any, y: Any, geometry: Any) -> Any:
    """Each weight's place with the slices of the padded input and of the output it joins."""
    stride, _, dilation, groups = geometry
    inner, outer = weight.shape[1], len(weight) // groups
    for group, place in itertools.product(
        range(groups), itertools.product(*map(range, weight.shape[2:]))
    ):
        window = tuple(
            slice(k * d, k * d + (n - 1) * s + 1, s)
            for k, d, n, s in zip(place, dilation, y.shape[2:], stride, strict=True)
        )
        ins = slice(group * inner, (group + 1) * inner)
        outs = slice(group * outer, (group + 1) * outer)
        yield (outs, slice(None), *place), (slice(None), ins, *window), (slice(None), outs)


@pytest.mark.parametrize("block", [1 << 20, 2000, 1])
@pytest.mark.parametrize("case", GEOMETRIES)
def test_definition(monkeypatch: pytest.MonkeyPatch, case: Any, block: int) -> None:
    monkeypatch.setattr(windows, "_BLOCK", block)
    monkeypatch.setattr(windows, "_LEAST", {1: 1, 2000: 8}.get(block, 256))
    images, channels, filters, groups, sizes, kernel, stride, padding, dilation = case
    random = np.random.default_rng(0)
    x = random.standard_normal((images, channels, *sizes))
    weight = random.standard_normal((filters, channels // groups, *kernel))
    bias = random.standard_normal(filters)
    out = windows.output_sizes(sizes, kernel, stride, padding, dilation)
    y = random.standard_normal((images, filters, *out))
    wide = windows.padded(x, padding)

    forward = np.zeros_like(y) + bias.reshape(-1, *(1 for _ in out))
    to_input = np.zeros_like(wide)
    to_weight = np.zeros_like(weight)
    for tap, part, result in triples(x, weight, y, (stride, padding, dilation, groups)):
        forward[result] += np.einsum("nc...,fc->nf...", wide[part], weight[tap])
        to_input[part] += np.einsum("nf...,fc->nc...", y[result], weight[tap])
        axes = [0, *range(2, x.ndim)]
        to_weight[tap] += np.tensordot(y[result], wide[part], (axes, axes))

    geometry = (stride, padding, dilation, groups)
    np.testing.assert_allclose(windows.correlate(x, weight, bias, *geometry), forward, atol=1e-12)
    np.testing.assert_allclose(
        windows.scatter(y, weight, sizes, *geometry), windows.crop(to_input, padding), atol=1e-12
    )
    np.testing.assert_allclose(windows.weigh(x, y, kernel, *geometry), to_weight, atol=1e-12)

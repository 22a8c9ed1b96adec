"""Products, convolutions, losses, normalization, pooling, linear algebra, Fourier transforms.

Expressions whose answers were recorded from PyTorch: values, layouts, every node behind a result,
gradients, second gradients, warnings and error sentences.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import layers
import numpy as np
import pytest

import gradcli.torch as torch
from gradcli.tensor import notices

GOLDENS = Path(__file__).parents[1] / "goldens"
RECORDED: dict[str, Any] = json.loads((GOLDENS / "layers.json").read_text())
FILES = sorted((GOLDENS / "layers").glob("*.txt"))


def close(found: Any, wanted: Any) -> bool:
    """Whether projections agree; a missing gradient is one of zeros."""
    if found is None or wanted is None:
        other = wanted if found is None else found
        return other is None or not np.any(np.asarray(other))
    a, b = np.asarray(found, float), np.asarray(wanted, float)
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-7, atol=1e-7, equal_nan=True)


def differences(expression: str, wanted: dict[str, Any]) -> list[str]:
    found = layers.run(torch, expression)
    single = "torch.float32" in str(wanted.get("outputs")) or "f32" in expression
    wrong = [
        f"{key}: {found.get(key)}\n   PyTorch: {wanted.get(key)}"
        for key in ("error", "type", "outputs", "warnings")
        if found.get(key) != wanted.get(key)
    ]
    for key in ("values", "grads", "plain", "second"):
        ours, theirs = found.get(key), wanted.get(key)
        if (ours is None) != (theirs is None):
            wrong.append(f"{key}: {ours}\n   PyTorch: {theirs}")
        elif ours is not None and not single:
            pairs = zip(ours, theirs, strict=True)
            wrong += [f"{key}: {a}\n   PyTorch: {b}" for a, b in pairs if not close(a, b)]
    return wrong


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_answers_are_pytorchs(path: Path) -> None:
    wrong = []
    notices.forget_warnings()
    for expression in path.read_text().splitlines():
        recorded = RECORDED.get(f"{path.stem}: {expression}")
        assert recorded is not None, f"{expression}: run tests/goldens/record_layers.py"
        problems = differences(expression, recorded)
        wrong += [f"{expression}: {problem}" for problem in problems]
    assert not wrong, "\n".join(wrong)


def test_batch_norm_moves_its_running_statistics() -> None:
    x = torch.tensor([[1.0, 2.0], [3.0, 6.0]])
    mean, var = torch.zeros(2), torch.ones(2)
    torch.nn.functional.batch_norm(x, mean, var, training=True, momentum=0.5)
    assert mean.tolist() == [1.0, 2.0]
    assert var.tolist() == [1.5, 4.5]
    assert mean._version == 0


def test_dropout_in_place_writes_its_input() -> None:
    torch.manual_seed(0)
    x = torch.ones(8)
    y = torch.nn.functional.dropout(x, 0.5, True, True)
    assert y is x and set(x.tolist()) == {0.0, 2.0}


def test_a_wide_svd_multiplies_back_and_has_gradients() -> None:
    x = torch.tensor([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], dtype=torch.float64)
    x.requires_grad_()
    u, s, vh = torch.linalg.svd(x, full_matrices=False)
    assert np.allclose((u * s @ vh).tolist(), x.tolist())
    assert torch.autograd.gradcheck(
        lambda a: (lambda u, s, vh: u * s @ vh)(*torch.linalg.svd(a, full_matrices=False)), (x,)
    )


def test_convolutions_agree_with_a_direct_sum() -> None:
    random = np.random.default_rng(1)
    x, w = random.standard_normal((2, 4, 7, 6)), random.standard_normal((6, 2, 3, 2))
    found = torch.nn.functional.conv2d(
        torch.tensor(x.tolist(), dtype=torch.float64),
        torch.tensor(w.tolist(), dtype=torch.float64),
        stride=(2, 1),
        padding=(1, 2),
        dilation=(1, 2),
        groups=2,
    )
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (2, 2)))
    for n, o, i, j in np.ndindex(*found.shape):
        group = slice(2 * (o // 3), 2 * (o // 3) + 2)
        part = wide[n, group, 2 * i : 2 * i + 3, j : j + 4 : 2]
        assert np.isclose(found[n, o, i, j].item(), np.sum(part * w[o]))

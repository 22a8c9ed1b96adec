"""Large arrays go through chains of passes in blocks: nobody can tell from the results."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch
from gradcli.kernels import blocks
from gradcli.table import index
from gradcli.table.lookup import get_op

F = torch.nn.functional
CHAINS = {
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": lambda x: F.softplus(x, 2, 1),
    "elu": lambda x: F.elu(x, 0.7),
    "leaky_relu": F.leaky_relu,
    "leaky_relu steep": lambda x: F.leaky_relu(x, 1.5),
    "logsigmoid": F.logsigmoid,
    "hardswish": F.hardswish,
    "sigmoid": torch.sigmoid,
    "sinc": torch.sinc,
    "erf": torch.erf,
}


def values(x: Any, function: Any, dtype: Any) -> tuple[Any, Any, Any]:
    """The result and the gradients of it and of its sum, as arrays."""
    leaf = torch.tensor(x, dtype=dtype).requires_grad_()
    out = function(leaf)
    (weighted,) = torch.autograd.grad(out, leaf, out.detach(), retain_graph=True)
    (summed,) = torch.autograd.grad(out.sum(), leaf)
    return out.detach().numpy(), weighted.numpy(), summed.numpy()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CHAINS)
def test_parts_are_the_whole(monkeypatch: pytest.MonkeyPatch, name: str, dtype: Any) -> None:
    x = np.random.default_rng(0).normal(0, 3, (5, 40))
    x[0, :5] = [0.0, -0.0, np.inf, -np.inf, np.nan]
    whole = values(x, CHAINS[name], dtype)
    monkeypatch.setattr(blocks, "BLOCK", 64)
    for found, wanted in zip(values(x, CHAINS[name], dtype), whole, strict=True):
        np.testing.assert_allclose(found, wanted, 1e-5 if dtype is torch.float32 else 1e-13)
        assert found.shape == wanted.shape and found.strides == wanted.strides


def test_only_elementwise_entries_go_in_parts() -> None:
    for identifier in index.ROWS:
        entry = get_op(identifier)
        assert not entry.blocks or (entry.batching == "elementwise" and entry.outputs == 1)


def test_operands_of_other_shapes_and_layouts_are_left_whole() -> None:
    add = blocks.in_blocks(lambda a, b: a + b)
    a, b = np.ones((300, 400)), np.arange(400.0)
    assert (add(a, b) == a + b).all()
    assert (add(a.T, a.T.copy()) == 2).all()
    assert (add(a, np.broadcast_to(np.float64(3), a.shape)) == 4).all()


@pytest.mark.parametrize("length", [1, 2, 10, 33, 100, 300])
@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum])
def test_reductions_of_short_rows_are_numpys(ufunc: Any, length: int) -> None:
    x = np.random.default_rng(0).uniform(0.9, 1.1, (3, 7000, length)).astype(np.float32)
    x[0, 5, 0] = np.nan
    for keepdims in (False, True):
        found = blocks.reduce(ufunc, x, (2,), keepdims)
        wanted = ufunc.reduce(x, axis=2, keepdims=keepdims)
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, 1e-6)


@pytest.mark.parametrize("shape", [(700, 100), (5, 20000), (1, 140000), (7000, 10), (3, 50, 700)])
@pytest.mark.parametrize("dim", [-1, 0])
def test_rows_in_parts_are_the_whole(shape: tuple[int, ...], dim: int) -> None:
    x = np.random.default_rng(0).standard_normal(shape)
    for function in (torch.softmax, torch.log_softmax):
        found = values(x, lambda leaf, f=function: f(leaf, dim), torch.float64)
        exponentials = np.exp(x - x.max(dim, keepdims=True))
        total = exponentials.sum(dim, keepdims=True)
        soft, log = exponentials / total, np.log(exponentials / total)
        if function is torch.softmax:
            weighted = soft * (soft - (soft * soft).sum(dim, keepdims=True))
            wanted = (soft, weighted, 0 * soft)
        else:
            wanted = (log, log - soft * log.sum(dim, keepdims=True), 1 - soft * shape[dim])
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, 1e-9, 1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_losses_and_norms_in_parts(monkeypatch: pytest.MonkeyPatch, reduction: str) -> None:
    random = np.random.default_rng(0)
    a, b = (torch.tensor(random.standard_normal((30, 40))) for _ in range(2))
    losses = (F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss)
    whole = [loss(a, b, reduction=reduction).item() for loss in losses] + [a.norm().item()]
    monkeypatch.setattr(blocks, "BLOCK", 64)
    found = [loss(a, b, reduction=reduction).item() for loss in losses] + [a.norm().item()]
    np.testing.assert_allclose(found, whole, 1e-13)
    assert a.norm(dim=(0, 1), keepdim=True).shape == (1, 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("block", [1 << 16, 100])
def test_selecting_is_numpys_where(monkeypatch: pytest.MonkeyPatch, dtype: Any, block: int) -> None:
    monkeypatch.setattr(blocks, "BLOCK", block)
    random = np.random.default_rng(0)
    one, other = random.standard_normal((2, 90, 70)).astype(dtype)
    one[0, :4] = other[3, :4] = [np.inf, -np.inf, np.nan, -0.0]
    mask = random.random((90, 70)) < 0.4
    constant = np.broadcast_to(np.array(2.5, dtype), mask.shape)
    values = (one, other, 0, -0.0, 1.5, constant, one.T.copy().T, one[0])
    for left in values:
        for right in values:
            if not (isinstance(left, np.ndarray) or isinstance(right, np.ndarray)):
                continue
            found, wanted = blocks.select(mask, left, right), np.where(mask, left, right)
            np.testing.assert_array_equal(found, wanted)
            np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted))
            assert found.dtype == wanted.dtype
    into = np.empty(mask.shape, dtype)
    for target in (None, into):
        found = blocks.either(mask, 1.0, -0.0, np.dtype(dtype), target)
        np.testing.assert_array_equal(found, np.where(mask, 1.0, -0.0))
        assert np.signbit(found[~mask]).all()


def test_a_function_may_write_into_the_result() -> None:
    calls = []

    def halved(x: Any, *, into: Any = None) -> Any:
        calls.append(into is None)
        return np.multiply(x, 0.5, out=into)

    x = np.random.default_rng(0).standard_normal((2000, 200))
    np.testing.assert_array_equal(blocks.in_blocks(halved)(x), x * 0.5)
    assert calls[0] and not any(calls[1:]) and len(calls) > 2
    calls.clear()
    rows = blocks.by_rows(lambda x, axis, *, into=None: halved(x, into=into), -1, x)
    np.testing.assert_array_equal(rows, x * 0.5)
    assert calls[0] and not any(calls[1:]) and len(calls) > 2

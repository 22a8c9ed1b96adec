"""Forward mode and matrices of results that are on the graph already."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch
from gradcli.autograd.freed_values import Dropped, Keeper, reachable, thawed
from gradcli.func import recorded

F = torch.nn.functional


def leaf(*shape: int, dtype: Any = torch.float64, seed: int = 0) -> Any:
    values = np.random.default_rng(seed).uniform(0.3, 1.7, shape)
    if dtype.is_complex:
        values = values + 1j * np.random.default_rng(seed + 1).uniform(0.3, 1.7, shape)
    return torch.tensor(values.tolist(), dtype=dtype, requires_grad=True)


RESULTS = {
    "sum": lambda x: x.sum(),
    "mean": lambda x: (x * x).mean(dim=0),
    "tanh": lambda x: torch.tanh(x * 3) * x,
    "matmul": lambda x: torch.matmul(x, x.t()) @ x,
    "softmax": lambda x: torch.softmax(x, dim=1) * 5,
    "logsumexp": lambda x: torch.logsumexp(x, 1),
    "max": lambda x: x.max(dim=1)[0],
    "prod": lambda x: x.prod(dim=0),
    "norm": lambda x: x.norm(),
    "cat": lambda x: torch.cat([x, x * 2, x.exp()], dim=1),
    "split": lambda x: x.split(1, dim=0)[1] * x.split(1, dim=0)[0],
    "broadcast": lambda x: x * x[0] + x[:, :1],
    "where": lambda x: torch.where(x > 1, x * x, x),
    "cumprod": lambda x: x.cumprod(1),
    "linear": lambda x: F.linear(x, x, x[:, 0] if x.shape[0] == x.shape[1] else None),
    "cross_entropy": lambda x: F.cross_entropy(x, torch.tensor([0, 2])),
    "view": lambda x: x.view(3, 2).transpose(0, 1).reshape(6)[::2] ** 2,
    "inplace": lambda x: (x * 2).mul_(x).add_(1).exp(),
}


@pytest.mark.parametrize("name", RESULTS)
def test_jvp_agrees_with_vjp(name: str) -> None:
    x = leaf(2, 3)
    y = RESULTS[name](x)
    v = torch.tensor(np.random.default_rng(5).standard_normal((2, 3)).tolist(), dtype=torch.float64)
    tangent = recorded.jvp(y, x, v)
    assert tangent.shape == y.shape
    assert tangent.grad_fn is None
    jacobian = recorded.jacobian(y, x).reshape(-1, 6)
    wanted = np.asarray(jacobian.detach().tolist()) @ np.asarray(v.tolist()).reshape(-1)
    assert np.allclose(np.ravel(tangent.tolist()), wanted, rtol=1e-9)


def test_jvp_of_complex_results() -> None:
    x = leaf(3, dtype=torch.complex128)
    v = torch.tensor([1 + 2j, 0.5j, -1.0], dtype=torch.complex128)
    for y, wanted in (
        (x * x, 2 * x * v),
        (torch.exp(x), torch.exp(x) * v),
        ((x * x.conj()).real, (x.conj() * v + x * v.conj()).real),
    ):
        assert np.allclose(recorded.jvp(y, x, v).tolist(), wanted.detach().tolist())


def test_jvp_by_results_and_several_inputs() -> None:
    x, w = leaf(3), leaf(3, seed=4)
    h = x * w
    y = (h * h).sum()
    ones = torch.ones(3, dtype=torch.float64)
    assert np.isclose(recorded.jvp(y, h, ones).item(), (2 * h).sum().item())
    both = recorded.jvp(y, [x, w], [ones, ones])
    assert np.isclose(both.item(), (2 * h * (x + w)).sum().item())
    other = leaf(3)
    assert recorded.jvp(y, other, ones).item() == 0


def test_jvp_of_a_function_with_its_own_backward() -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any) -> Any:
            ctx.save_for_backward(a)
            return a**3

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (a,) = ctx.saved_tensors
            return 3 * a**2 * g

    x = leaf(2)
    v = torch.tensor([1.0, -2.0], dtype=torch.float64)
    found = recorded.jvp(Cube.apply(x) * 2, x, v)
    assert np.allclose(found.tolist(), (6 * x**2 * v).tolist())


def test_wrong_directions() -> None:
    x = leaf(3)
    with pytest.raises(RuntimeError, match=r"of size \[3\] while .* of size \[2\]"):
        recorded.jvp(x * 2, x, torch.ones(2))
    with pytest.raises(RuntimeError, match="does not require grad"):
        recorded.jvp(x * 2, torch.ones(3), torch.ones(3))


def test_hessian_and_products() -> None:
    x, w = leaf(2), leaf(2, seed=3)
    y = (x * x * w).sum()
    found = recorded.hessian(y, x).tolist()
    assert np.allclose(found, np.diag(2 * np.asarray(w.tolist())))
    blocks = recorded.hessian(y, [x, w])
    assert np.allclose(blocks[0][1].tolist(), np.diag(2 * np.asarray(x.tolist())))
    assert np.allclose(blocks[1][1].tolist(), np.zeros((2, 2)))
    v = torch.tensor([1.0, 2.0], dtype=torch.float64)
    assert np.allclose(recorded.hvp(y, x, v).tolist(), (2 * w * v).tolist())


def test_thawed_graphs() -> None:
    keeper = Keeper(1 << 20)
    try:
        x = leaf(3)
        y = torch.exp(x * x).sum()
        before = recorded.jvp(y, x, torch.ones(3)).item()
        y.backward()
        with pytest.raises(RuntimeError, match="second time"):
            recorded.jvp(y, x, torch.ones(3))
        with thawed(reachable([y.grad_fn])):
            assert recorded.jvp(y, x, torch.ones(3)).item() == before
        with pytest.raises(RuntimeError, match="second time"):
            y.backward()
        keeper.clear()
        with pytest.raises(Dropped), thawed(reachable([y.grad_fn])):
            pass
    finally:
        keeper.close()


def test_the_graph_is_not_consumed() -> None:
    x = leaf(3)
    y = (x * x).sum()
    recorded.jvp(y, x)
    recorded.hessian(y, x)
    y.backward()
    assert np.allclose(x.grad.tolist(), (2 * x).tolist())


def test_what_is_kept_goes_with_its_graph() -> None:
    keeper = Keeper(1 << 20)
    try:
        x = leaf(3)
        y = (x * x).sum()
        y.backward()
        (item,) = keeper.passes
        assert item.freed.store
        del y
        assert not item.freed.store
    finally:
        keeper.close()


def test_a_pass_in_a_hook_keeps_both() -> None:
    keeper = Keeper(1 << 20)
    try:
        x = leaf(3)
        h = torch.exp(x * x)
        z = h.detach().requires_grad_()
        inner = (z**3).sum()
        handle = h.register_hook(lambda g: inner.backward())
        y = (h * h).sum()
        y.backward()
        handle.remove()
        for root, by in ((y, x), (inner, z)):
            with thawed(reachable([root.grad_fn])):
                assert recorded.jacobian(root, by).shape == (3,)
        assert len(keeper.passes) == 2
        assert keeper.used == sum(item.size for item in keeper.passes)
    finally:
        keeper.close()

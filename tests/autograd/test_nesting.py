"""Forward and reverse mode in every order up to three levels, vmap over them, batched passes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch

func = torch.func
forward_ad = __import__("gradcli.autograd.forward_ad", fromlist=["dual_level"])


def one(like: Any) -> Any:
    return torch.ones_like(like)


def forward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: func.jvp(f, (x,), (one(x),))[1]


def reverse(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return func.grad(f)


def pullback(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def derivative(x: Any) -> Any:
        value, pull = func.vjp(f, x)
        return pull(one(value))[0]

    return derivative


def tape(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def derivative(x: Any) -> Any:
        y = f(x)
        return torch.autograd.grad(y, x, one(y), create_graph=True)[0]

    return derivative


def batched(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Over a batch of directions, of which one is taken."""

    def derivative(x: Any) -> Any:
        directions = torch.stack([one(x), 2 * one(x)])
        return func.vmap(lambda v: func.jvp(f, (x,), (v,))[1])(directions)[0]

    return derivative


def each(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The reverse mode of single examples, over a batch of them."""

    def derivative(x: Any) -> Any:
        return func.vmap(func.grad(f))(torch.stack([x, x]))[1]

    return derivative


MODES = {
    "each": each,
    "forward": forward,
    "reverse": reverse,
    "pullback": pullback,
    "batched": batched,
}
ORDERS = [order for depth in (1, 2, 3) for order in itertools.product(sorted(MODES), repeat=depth)]

# Functions with their first three derivatives.
FUNCTIONS: dict[str, tuple[Callable[[Any], Any], list[Callable[[float], float]]]] = {
    "x exp(2x)": (
        lambda x: x * (2 * x).exp(),
        [
            lambda x: (1 + 2 * x) * np.exp(2 * x),
            lambda x: (4 + 4 * x) * np.exp(2 * x),
            lambda x: (12 + 8 * x) * np.exp(2 * x),
        ],
    ),
    "sin x squared": (
        lambda x: x.sin() ** 2,
        [lambda x: np.sin(2 * x), lambda x: 2 * np.cos(2 * x), lambda x: -4 * np.sin(2 * x)],
    ),
    "written in place": (
        lambda x: (x * 1).mul_(x).mul_(x) + torch.stack([x, x])[0],
        [lambda x: 3 * x**2 + 1, lambda x: 6 * x, lambda x: 6.0],
    ),
    "tanh": (
        lambda x: x.tanh(),
        [
            lambda x: 1 / np.cosh(x) ** 2,
            lambda x: -2 * np.tanh(x) / np.cosh(x) ** 2,
            lambda x: (4 * np.tanh(x) ** 2 - 2 / np.cosh(x) ** 2) / np.cosh(x) ** 2,
        ],
    ),
}


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_in_every_order(name: str, order: tuple[str, ...]) -> None:
    f, derivatives = FUNCTIONS[name]
    for mode in order:
        f = MODES[mode](f)
    x = torch.tensor(0.4, dtype=torch.float64)
    wanted = derivatives[len(order) - 1](0.4)
    assert f(x).item() == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("order", [o for o in ORDERS if len(o) < 3], ids="-".join)
def test_the_tape_differentiates_what_transforms_return(order: tuple[str, ...]) -> None:
    f, derivatives = FUNCTIONS["x exp(2x)"]
    for mode in order:
        f = MODES[mode](f)
    x = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    (found,) = torch.autograd.grad(f(x), x)
    assert found.item() == pytest.approx(derivatives[len(order)](0.4), rel=1e-9)


@pytest.mark.parametrize("inner", sorted(MODES))
@pytest.mark.parametrize("outer", sorted(MODES))
def test_levels_are_not_confused(outer: str, inner: str) -> None:
    """The derivative of x * d/dy (x + y) is 1: the inner level must not see the outer's x."""

    def f(x: Any) -> Any:
        return x * MODES[inner](lambda y: x + y)(torch.ones_like(x))

    x = torch.tensor(2.0, dtype=torch.float64)
    assert MODES[outer](f)(x).item() == 1.0

    def g(x: Any) -> Any:
        return x * MODES[inner](lambda y: x * y * y)(x)  # 2 x³

    assert MODES[outer](g)(x).item() == pytest.approx(24.0)
    assert MODES[outer](MODES[inner](g))(x).item() == pytest.approx(24.0)


@pytest.mark.parametrize("inner", sorted(MODES))
def test_dual_tensors_around_transforms_and_passes(inner: str) -> None:
    f, derivatives = FUNCTIONS["x exp(2x)"]
    x = torch.tensor(0.4, dtype=torch.float64)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, one(x))
        found = forward_ad.unpack_dual(MODES[inner](f)(dual))
    assert found.primal.item() == pytest.approx(derivatives[0](0.4))
    assert found.tangent.item() == pytest.approx(derivatives[1](0.4))


def test_a_pass_over_dual_tensors_is_a_second_derivative() -> None:
    x = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, one(x).detach())
        y = FUNCTIONS["sin x squared"][0](dual)
        (gradient,) = torch.autograd.grad(y, x)
        tangent = forward_ad.unpack_dual(gradient).tangent
    assert gradient.item() == pytest.approx(np.sin(0.8))
    assert tangent.item() == pytest.approx(2 * np.cos(0.8))


BATCHED: dict[str, Callable[..., Any]] = {
    "elementwise": lambda a, b: (a * b).tanh() + a,
    "products": lambda a, b: a @ b,
    "reductions": lambda a, b: a.sum() * b.max() + a.softmax(0).dot(b),
    "shapes": lambda a, b: torch.cat([a, b]).reshape(2, -1).t()[0],
    "gradients": lambda a, b: func.grad(lambda t: (t * t * b).sum())(a),
    "tangents": lambda a, b: func.jvp(lambda t: t.sin() * b, (a,), (b,))[1],
    "jacobians": lambda a, b: func.jacrev(lambda t: t * b.sum())(a).sum(1),
    "columns": lambda a, b: func.jacfwd(lambda t: (t * b).exp())(a).diagonal(),
    "indices": lambda a, b: a[torch.tensor([2, 0, 0])] * b[1],
    "writes": lambda a, b: (a * 1).add_(b).mul_(2),
}
DIMS = [((0, 0), 0), ((0, None), 0), ((None, 0), 0), ((1, 0), -1), ((-1, 1), 0)]


@pytest.mark.parametrize("name", ["sub_", "mul_", "div_", "copy_"])
def test_a_tensor_without_the_batch_axis_cannot_take_values_that_have_it(name: str) -> None:
    a, b = torch.ones(3), torch.ones(4, 3)
    with pytest.raises(RuntimeError, match="vmap: inplace arithmetic"):
        func.vmap(lambda x, y: getattr(x * 1, name)(y), in_dims=(None, 0))(a, b)


CASES = [
    (name, in_dims, out_dim)
    for name in BATCHED
    for in_dims, out_dim in DIMS
    if name != "writes" or in_dims[0] is not None  # refused, as above
]


@pytest.mark.parametrize("name,in_dims,out_dim", CASES)
def test_vmap_is_a_loop(name: str, in_dims: Any, out_dim: int) -> None:
    f = BATCHED[name]
    rng = np.random.default_rng(0)
    size = 4
    args, rows = [], []
    for dim in in_dims:
        data = rng.normal(size=(size, 3)) if dim is not None else rng.normal(size=3)
        placed = data if dim is None else np.moveaxis(data, 0, dim)
        args.append(torch.tensor(placed.tolist(), dtype=torch.float64))
        rows.append([data if dim is None else data[i] for i in range(size)])
    results = [
        f(*(torch.tensor(row[i].tolist(), dtype=torch.float64) for row in rows))
        for i in range(size)
    ]
    place = out_dim if results[0].dim() else 0
    wanted = torch.stack(results, place)
    found = func.vmap(f, in_dims=in_dims, out_dims=place)(*args)
    np.testing.assert_allclose(found.array, wanted.array, rtol=1e-12)


def test_vmap_inside_vmap_with_axes_that_cross() -> None:
    x = torch.arange(24.0).reshape(2, 3, 4)
    both = func.vmap(func.vmap(lambda t: t.sum() * t, in_dims=1, out_dims=1), in_dims=0)
    wanted = x.sum(1, keepdim=True) * x
    np.testing.assert_allclose(both(x).array, wanted.array)
    weights = torch.tensor([1.0, 2.0, 3.0])
    pairs = func.vmap(lambda w: func.vmap(lambda t: t * w)(x[:, 0]))(weights)
    np.testing.assert_allclose(pairs.array, weights.array[:, None, None] * x.array[:, 0])


def test_a_batched_pass_is_one_pass_for_each_row() -> None:
    x = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64, requires_grad=True)
    y = torch.cat([x.sin() * x[0], (x * x).sum().reshape(1)])
    basis = torch.eye(4, dtype=torch.float64)
    (all_rows,) = torch.autograd.grad(y, x, basis, is_grads_batched=True, retain_graph=True)
    for i in range(4):
        (row,) = torch.autograd.grad(y, x, basis[i], retain_graph=True)
        np.testing.assert_allclose(all_rows.array[i], row.array)


def test_per_sample_gradients_of_written_tensors() -> None:
    def loss(w: Any, x: Any) -> Any:
        h = w * x
        h[0] = h[1] * 2
        return (h * h).sum()

    w = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    rows = torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.5, 2.0]], dtype=torch.float64)
    found = func.vmap(func.grad(loss), in_dims=(None, 0))(w, rows)
    for i in range(2):
        np.testing.assert_allclose(found.array[i], func.grad(loss)(w, rows[i]).array)


def test_hessians_agree_in_all_four_ways() -> None:
    def f(x: Any) -> Any:
        return (x.exp() * x.flip(0)).sum() * x.prod()

    x = torch.tensor([0.3, -0.8, 1.2], dtype=torch.float64)
    kinds = (func.jacfwd, func.jacrev)
    found = [outer(inner(f))(x).array for outer in kinds for inner in kinds]
    found.append(func.hessian(f)(x).array)
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found[0], found[0].T)


class Cube(torch.autograd.Function):
    """x³ with derivatives and batches of its own."""

    @staticmethod
    def forward(x: Any) -> Any:
        return x**3

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(inputs[0])
        ctx.save_for_forward(inputs[0])

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x * x

    @staticmethod
    def jvp(ctx: Any, t: Any) -> Any:
        (x,) = ctx.saved_tensors
        return t * 3 * x * x

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Any) -> Any:
        return Cube.apply(x), in_dims[0]


class RuledCube(Cube):
    vmap = None  # type: ignore[assignment]
    generate_vmap_rule = True


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
@pytest.mark.parametrize("kind", [Cube, RuledCube])
def test_functions_of_programs_in_every_order(kind: Any, order: tuple[str, ...]) -> None:
    f = kind.apply
    for mode in order:
        f = MODES[mode](f)
    wanted = [3 * 0.4**2, 6 * 0.4, 6.0][len(order) - 1]
    assert f(torch.tensor(0.4, dtype=torch.float64)).item() == pytest.approx(wanted)

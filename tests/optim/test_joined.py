"""Small parameters are updated together: to the last digit as each would be by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcli.torch as torch

SHAPES = [(3, 4), (), (5,), (70, 80), (1, 1), (0,), (2, 3, 2), (7,)]
SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1, "maximize": True}),
    ("AdamW", {"eps": 1e-3}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adagrad", {"lr_decay": 0.1, "weight_decay": 0.01}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
]


def parameters(dtype: Any) -> list[Any]:
    torch.manual_seed(3)
    shapes = [shape for shape in SHAPES if shape or not dtype.is_complex]
    return [torch.randn(shape, dtype=dtype).requires_grad_() for shape in shapes]


def give_gradients(params: list[Any], step: int) -> None:
    torch.manual_seed(step)
    for place, param in enumerate(params):
        param.grad = None if (place + step) % 5 == 0 else torch.randn_like(param)


def values(params: list[Any], state_of: Callable[[Any], Any]) -> list[Any]:
    found = []
    for param in params:
        found.append(param.detach().numpy())
        for key, value in sorted(state_of(param).items()):
            found.append(np.array([ord(letter) for letter in key]))
            found.append(value.numpy() if hasattr(value, "numpy") else np.array(value))
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.complex64])
@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_digits_are_those_of_one_by_one(name: str, settings: dict[str, Any], dtype: Any) -> None:
    make = getattr(torch.optim, name)
    together, apart = parameters(dtype), parameters(dtype)
    one = make(together, lr=0.01, **settings)
    each = {param: make([param], lr=0.01, **settings) for param in apart}
    for step in range(4):
        give_gradients(together, step)
        give_gradients(apart, step)
        one.step()
        for optimizer in each.values():
            optimizer.step()
    wanted = values(apart, lambda param: each[param].state[param])
    for found, other in zip(values(together, lambda p: one.state[p]), wanted, strict=True):
        assert found.shape == other.shape and found.dtype == other.dtype
        assert found.tobytes() == other.tobytes()


def test_states_stay_the_tensors_that_they_are() -> None:
    params = parameters(torch.float32)
    optimizer = torch.optim.Adam(params)
    give_gradients(params, 1)
    optimizer.step()
    held = [optimizer.state[param]["exp_avg"] for param in params if optimizer.state[param]]
    before = [tensor.clone() for tensor in held]
    give_gradients(params, 1)
    optimizer.step()
    after = [optimizer.state[param]["exp_avg"] for param in params if optimizer.state[param]]
    assert all(a is b for a, b in zip(held, after, strict=True))
    assert not any(torch.equal(a, b) for a, b in zip(held, before, strict=True) if a.numel())
    assert all(tensor.storage_offset() == 0 for tensor in after)


def test_parameters_that_share_memory_see_each_other() -> None:
    def trained(separate: bool) -> Any:
        torch.manual_seed(0)
        base = torch.randn(6)
        views = [base[:4].detach(), base[2:].detach()]
        for view in views:
            view.requires_grad_().grad = torch.ones(4)
        groups = [[view] for view in views] if separate else [views]
        optimizers = [torch.optim.Adam(group, lr=0.1) for group in groups]
        for _ in range(3):
            for optimizer in optimizers:
                optimizer.step()
        return base

    assert torch.equal(trained(True), trained(False))


def test_a_gradient_that_does_not_fit_leaves_what_came_before_updated() -> None:
    params = parameters(torch.float32)
    optimizer = torch.optim.Adam(params)
    give_gradients(params, 1)
    first = params[0].detach().clone()
    params[5].grad = torch.zeros(0)
    params[5].data = torch.zeros(3)
    with pytest.raises(RuntimeError):
        optimizer.step()
    assert not torch.equal(params[0].detach(), first)

"""Adagrad."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Tensor
from .arithmetic import Arithmetic, Recorded, full_like
from .optimizer import (
    Elementwise,
    Group,
    at_least,
    check,
    check_fused,
    check_rate,
    decayed,
    directly,
    new_step,
    next_step,
)


class Adagrad(Elementwise):
    """Steps of the gradient over the root of the sum of its squares.

    Duchi, Hazan and Singer, 2011. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim.adagrad"

    _joins = True

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check(at_least(0.0, lr_decay), "Invalid lr_decay value: {}", lr_decay)
        check(at_least(0.0, weight_decay), "Invalid weight_decay value: {}", weight_decay)
        check(
            at_least(0.0, initial_accumulator_value),
            "Invalid initial_accumulator_value value: {}",
            initial_accumulator_value,
        )
        check(at_least(0.0, eps), "Invalid epsilon value: {}", eps)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)
        for group in self.param_groups:
            for param in group["params"]:
                self.start(group, param, self.state[param])

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """The sum that everything starts with."""
        state["step"] = new_step()
        value = group["initial_accumulator_value"]
        state["sum"] = full_like(param, complex(value, value) if param.dtype.is_complex else value)

    def update(
        self,
        group: Group,
        state: dict[str, Any],
        of: Arithmetic | Recorded,
        param: Any,
        gradient: Any,
    ) -> None:
        """One step."""
        step = next_step(state)
        gradient = decayed(group, directly(group, of), param, gradient)
        rate = of.setting(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        total = of.of(state["sum"])
        of.addcmul(total, gradient, gradient)
        of.addcdiv(param, gradient, of.add_number(of.sqrt(total), group["eps"]), -rate)

"""Adamax."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Tensor
from .arithmetic import Arithmetic, Recorded, zeros_like
from .optimizer import (
    Elementwise,
    Group,
    check_moments,
    check_rate,
    decayed,
    directly,
    new_step,
    next_step,
)


class Adamax(Elementwise):
    """Adam with the largest gradient, fading, in place of the mean square.

    Kingma and Ba, 2015. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim.adamax"

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check_moments(eps, betas, weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """A mean and a largest gradient of zero."""
        state["step"] = new_step()
        state["exp_avg"] = zeros_like(param)
        state["exp_inf"] = zeros_like(param)

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
        beta1, beta2 = group["betas"]
        mean, largest = of.of(state["exp_avg"]), of.of(state["exp_inf"])
        of.lerp(mean, gradient, 1 - beta1)
        of.mul(largest, beta2)
        of.maximum(largest, of.add_number(of.absolute(gradient), group["eps"]))
        of.addcdiv(param, mean, largest, -(of.setting(group["lr"]) / (1 - beta1**step)))

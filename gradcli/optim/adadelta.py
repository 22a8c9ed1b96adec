"""Adadelta."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Tensor
from .arithmetic import Arithmetic, Recorded, zeros_like
from .optimizer import (
    Elementwise,
    Group,
    at_least,
    check,
    check_rate,
    decayed,
    directly,
    new_step,
    next_step,
)


class Adadelta(Elementwise):
    """Steps whose size is that of the steps before, in the units of the parameters.

    Zeiler, 2012. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim.adadelta"

    captured_by_xla = (False, False)

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check(0.0 <= rho <= 1.0, "Invalid rho value: {}", rho)
        check(at_least(0.0, eps), "Invalid epsilon value: {}", eps)
        check(at_least(0.0, weight_decay), "Invalid weight_decay value: {}", weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """Means of zero."""
        state["step"] = new_step()
        state["square_avg"] = zeros_like(param)
        state["acc_delta"] = zeros_like(param)

    def update(
        self,
        group: Group,
        state: dict[str, Any],
        of: Arithmetic | Recorded,
        param: Any,
        gradient: Any,
    ) -> None:
        """One step."""
        next_step(state)
        gradient = decayed(group, directly(group, of), param, gradient)
        rho, eps = group["rho"], group["eps"]
        square, steps = of.of(state["square_avg"]), of.of(state["acc_delta"])
        of.mul(square, rho)
        of.addcmul(square, gradient, gradient, 1 - rho)
        root = of.sqrt(of.add_number(square, eps))
        delta = of.times(of.div(of.sqrt(of.add_number(steps, eps)), root), gradient)
        of.mul(steps, rho)
        of.addcmul(steps, delta, delta, 1 - rho)
        directly(group, of).add(param, delta, -of.setting(group["lr"]))

"""RMSprop."""

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


class RMSprop(Elementwise):
    """Steps of the gradient over the root of the running mean of its square.

    Tieleman and Hinton, 2012; `centered`: Graves, 2013. Raises ValueError for settings outside
    their ranges.
    """

    __module__ = "torch.optim.rmsprop"

    _joins = True

    captured_by_xla = (True, True)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check(at_least(0.0, eps), "Invalid epsilon value: {}", eps)
        check(at_least(0.0, momentum), "Invalid momentum value: {}", momentum)
        check(at_least(0.0, weight_decay), "Invalid weight_decay value: {}", weight_decay)
        check(at_least(0.0, alpha), "Invalid alpha value: {}", alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """Means of zero, and a momentum where it is wanted."""
        state["step"] = new_step()
        state["square_avg"] = zeros_like(param)
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(param)
        if group["centered"]:
            state["grad_avg"] = zeros_like(param)

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
        alpha, rate = group["alpha"], of.setting(group["lr"])
        square = of.of(state["square_avg"])
        of.mul(square, alpha)
        of.addcmul(square, gradient, gradient, 1 - alpha)
        if group["centered"]:
            mean = of.of(state["grad_avg"])
            of.lerp(mean, gradient, 1 - alpha)
            square = of.duplicate(square)
            of.addcmul(square, mean, mean, -1)
        root = of.add_number(of.sqrt(square), group["eps"])
        if group["momentum"] > 0:
            buffer = of.of(state["momentum_buffer"])
            of.mul(buffer, group["momentum"])
            of.addcdiv(buffer, gradient, root)
            of.add(param, buffer, -rate)
        else:
            of.addcdiv(param, gradient, root, -rate)

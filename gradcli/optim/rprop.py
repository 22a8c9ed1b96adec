"""Resilient backpropagation."""

from __future__ import annotations

from typing import Any

from ..autograd.leaf import detach, wants_gradients
from ..nn.functions import torch
from ..tensor.tensor import Tensor
from .arithmetic import Arithmetic, Recorded, number, zeros_like
from .optimizer import Elementwise, Group, check, check_rate, new_step, next_step


class Rprop(Elementwise):
    """Steps of each element's own size, which grows while its gradient keeps its sign.

    Riedmiller and Braun, 1993. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim.rprop"

    captured_by_xla = (True, True)

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check(0.0 < etas[0] < 1.0 < etas[1], "Invalid eta values: {}, {}", etas[0], etas[1])
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """Steps of the learning rate."""
        rate = group["lr"]
        if type(rate) is Tensor and not wants_gradients(rate):
            rate = number(rate).item()
        state["step"] = new_step()
        state["prev"] = zeros_like(param)
        state["step_size"] = torch.full_like(
            detach(param), complex(rate, rate) if param.dtype.is_complex else rate
        )

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
        shrink, grow = group["etas"]
        before, sizes = of.of(state["prev"]), of.of(state["step_size"])
        agree = of.sign(of.times(gradient, of.duplicate(before)))
        factors = of.filled(of.filled(agree, agree > 0, grow), agree < 0, shrink)
        factors = of.filled(factors, agree == 0, 1.0)
        of.copy(sizes, of.times(sizes, factors))
        low, high = group["step_sizes"]
        of.clamp(sizes, low, high)
        gradient = of.filled(gradient, agree < 0, 0.0)
        of.addcmul(param, of.sign(gradient), sizes, -1)
        of.copy(before, gradient)

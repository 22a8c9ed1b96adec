"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from ..table.memory.inplace import copy_
from ..tensor.tensor import Tensor
from .arithmetic import Arithmetic, Recorded, memory, number, zeros_like
from .optimizer import Elementwise, Group, at_least, check, check_rate, decayed, new_step, next_step


class ASGD(Elementwise):
    """Descent that also keeps the mean of the parameters, `ax`.

    Polyak and Juditsky, 1992. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim.asgd"

    captured = (
        "params, mus, etas, and state_steps",
        "params, mus, etas, and state_steps",
    )

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check(at_least(0.0, weight_decay), "Invalid weight_decay value: {}", weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """The first rate, and a mean of zero."""
        state["step"] = new_step()
        state["eta"] = new_step(float(number(group["lr"])))
        state["mu"] = new_step(1.0)
        state["ax"] = zeros_like(param)

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
        gradient = decayed(group, of, param, gradient)
        lambd, rate = group["lambd"], of.setting(group["lr"])
        eta, mu = memory(state["eta"]), memory(state["mu"])
        mean = of.of(state["ax"])
        if group["foreach"]:
            of.addcmul(param, of.sum(gradient, param, lambd), eta, -1)
            of.addcmul(mean, of.sum(param, mean, -1), mu)
        else:
            of.mul(param, 1 - lambd * eta.item())
            of.add(param, gradient, -eta.item())
            if mu.item() != 1:
                of.add(mean, of.times(of.sum(param, mean, -1), mu.item()))
            else:
                of.copy(mean, param)
        if group["foreach"]:  # in the precision of the count
            later = number(rate / ((1 + lambd * rate * state["step"]) ** group["alpha"]))
        else:
            later = rate / ((1 + lambd * rate * step) ** group["alpha"])
        if type(later) is Tensor:
            copy_(state["eta"], later)
        else:
            eta[...] = later
        mu[...] = 1 / max(1, step - group["t0"])

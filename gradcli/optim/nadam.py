"""NAdam."""

from __future__ import annotations

from typing import Any

from ..nn.functions import method
from ..tensor.tensor import Tensor
from .adam import decay_first, moments
from .arithmetic import Arithmetic, Recorded, memory, zeros_like
from .optimizer import (
    Elementwise,
    Group,
    at_least,
    check,
    check_moments,
    check_rate,
    new_step,
    next_step,
)


class NAdam(Elementwise):
    """Adam with Nesterov's momentum.

    Dozat, 2016. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim.nadam"

    captured = (
        "params, mu_products and state_steps",
        "params, mu_products, and state_steps",
    )

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_moments(eps, betas, weight_decay)
        check(at_least(0.0, momentum_decay), "Invalid momentum_decay value: {}", momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """Means of zero, and a product of one."""
        state["step"] = new_step()
        state["mu_product"] = new_step(1.0)
        state["exp_avg"] = zeros_like(param)
        state["exp_avg_sq"] = zeros_like(param)

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
        beta1, beta2 = group["betas"]
        rate, decay = of.setting(group["lr"]), group["momentum_decay"]
        gradient = decay_first(group, of, param, gradient)
        now = beta1 * (1.0 - 0.5 * (0.96 ** (step * decay)))
        then = beta1 * (1.0 - 0.5 * (0.96 ** ((step + 1) * decay)))
        product = memory(state["mu_product"])
        product *= now
        mean, square = moments(state, of, gradient, beta1, beta2)
        if group["foreach"]:
            root = of.div(of.sqrt(square), (1 - beta2**step) ** 0.5)
        else:
            root = of.sqrt(of.div(square, 1 - beta2**step))
        root = of.add_number(root, group["eps"])
        if isinstance(of, Recorded):
            so_far = method.clone(state["mu_product"])
            of.addcdiv(param, of.times(gradient, -rate * (1.0 - now) / (1.0 - so_far)), root)
            of.addcdiv(param, of.times(mean, -rate * then / (1.0 - so_far * then)), root)
            return
        of.addcdiv(param, gradient, root, -rate * (1.0 - now) / (1.0 - product.item()))
        of.addcdiv(param, mean, root, -rate * then / (1.0 - product.item() * then))

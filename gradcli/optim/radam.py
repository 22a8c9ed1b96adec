"""RAdam."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Tensor
from .adam import decay_first, moments
from .arithmetic import Arithmetic, Recorded, zeros_like
from .optimizer import (
    Elementwise,
    Group,
    check_moments,
    check_rate,
    new_step,
    next_step,
)


class RAdam(Elementwise):
    """Adam that waits with its scaling until the mean square is reliable.

    Liu et al., 2019. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim.radam"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check_moments(eps, betas, weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """Means of zero."""
        state["step"] = new_step()
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
        gradient = decay_first(group, of, param, gradient)
        mean, square = moments(state, of, gradient, beta1, beta2)
        correction = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1  # of the approximated simple moving average
        length = longest - 2 * step * (beta2**step) / correction
        rate = of.setting(group["lr"])
        rectified = 0.0
        if length > 5.0:
            rectified = (
                (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            ) ** 0.5
        if group["foreach"]:
            short = -(rate * (rectified == 0) / (1 - beta1**step))
            scale = -(correction**0.5 * (rate * rectified / (1 - beta1**step)))  # or -0.0
            root = of.div(of.add_number(of.sqrt(square), group["eps"]), scale)
            of.addcmul(param, mean, of.add_number(of.over(1, root), short))
            return
        delta = of.times(of.div(mean, 1 - beta1**step), rate)
        if rectified:
            root = of.add_number(of.sqrt(square), group["eps"])
            delta = of.times(of.times(delta, of.over(correction**0.5, root)), rectified)
        of.add(param, delta, -1)

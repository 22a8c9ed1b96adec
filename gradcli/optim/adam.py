"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

from ..autograd.leaf import wants_gradients
from ..nn.functions import method, torch
from ..tensor.tensor import Tensor, numel, shape_of
from .arithmetic import Arithmetic, Recorded, number, zeros_like
from .optimizer import (
    Elementwise,
    Group,
    check,
    check_fused,
    check_moments,
    check_rate,
    decayed,
    directly,
    new_step,
    next_step,
)


def decay_first(
    group: Group, of: Arithmetic | Recorded, param: Any, gradient: Any, adding: Any = None
) -> Any:
    """Shrink the parameter where the decay is decoupled; the gradient to go on with.

    `adding` are the operations that add the decay to the gradient, where they are not `of`.
    """
    decay = group["weight_decay"]
    if decay == 0:
        return gradient
    if group["decoupled_weight_decay"]:
        of.mul(param, 1 - of.setting(group["lr"]) * of.setting(decay))
        return gradient
    return decayed(group, adding or of, param, gradient)


def moments(
    state: dict[str, Any], of: Arithmetic | Recorded, gradient: Any, beta1: Any, beta2: Any
) -> tuple[Any, Any]:
    """The running means of the gradient and of its square, brought up to date."""
    mean, square = of.of(state["exp_avg"]), of.of(state["exp_avg_sq"])
    of.lerp(mean, gradient, 1 - (of.weight(beta1) if type(beta1) is Tensor else beta1))
    if type(beta2) is Tensor and of.recorded and wants_gradients(beta2):
        of.lerp(square, of.times(gradient, gradient), of.weight(torch.rsub(beta2, 1)))
    else:
        beta2 = number(beta2)
        of.mul(square, beta2)
        of.addcmul(square, gradient, gradient, 1 - beta2)
    return mean, square


class Adam(Elementwise):
    """Steps of the running mean of the gradient over the root of that of its square.

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015; `amsgrad`: Reddi et al.,
    2018. Raises ValueError for settings outside their ranges.
    """

    __module__ = "torch.optim.adam"

    _joins = True

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if type(lr) is Tensor:
            if foreach and not capturable:
                raise ValueError(
                    "lr as a Tensor is not supported for capturable=False and foreach=True"
                )
            check(numel(shape_of(lr)) == 1, "Tensor lr must be 1-element")
        for index in (0, 1):
            if foreach and not capturable and type(betas[index]) is Tensor:
                raise ValueError(
                    f"betas[{index}] as a Tensor is not supported for capturable=False and "
                    "foreach=True"
                )
        check_rate(lr)
        check_moments(eps, betas, weight_decay)
        if (type(betas[0]) is Tensor) != (type(betas[1]) is Tensor):
            raise ValueError("betas must be either both floats or both Tensors")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """No steps, and means of zero."""
        state["step"] = new_step()
        state["exp_avg"] = zeros_like(param)
        state["exp_avg_sq"] = zeros_like(param)
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros_like(param)

    def update(
        self,
        group: Group,
        state: dict[str, Any],
        of: Arithmetic | Recorded,
        param: Any,
        gradient: Any,
    ) -> None:
        """One step with the bias of the means corrected."""
        step = next_step(state)
        rate, (beta1, beta2) = group["lr"], group["betas"]
        if group["fused"]:
            rate, beta1, beta2 = (float(number(value)) for value in (rate, beta1, beta2))
        gradient = decay_first(group, of, param, gradient, directly(group, of))
        mean, square = moments(state, of, gradient, beta1, beta2)
        if group["amsgrad"]:
            largest = of.of(state["max_exp_avg_sq"])
            of.maximum(largest, square)
            square = largest
        if isinstance(of, Recorded):
            step = method.clone(state["step"])
            size = torch.neg(rate / (1 - beta1**step))
            root = of.div(of.sqrt(square), torch.sqrt(1 - beta2**step) * size)
            of.addcdiv(param, of.duplicate(mean), root + group["eps"] / size)
            return
        size = number(rate) / number(1 - beta1**step)
        root = of.div(of.sqrt(square), number(1 - beta2**step) ** 0.5)
        of.addcdiv(param, mean, of.add_number(root, group["eps"]), -size)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameters themselves.

    Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.
    """

    __module__ = "torch.optim.adamw"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

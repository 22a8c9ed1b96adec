"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from ..autograd.leaf import wants_gradients
from ..tensor.tensor import Tensor
from .arithmetic import Arithmetic, Recorded, number
from .optimizer import Elementwise, Group, check, check_fused, check_size, decayed


class SGD(Elementwise):
    """p -= lr * v, where v = momentum * v + (1 - dampening) * gradient.

    Nesterov's momentum takes gradient + momentum * v instead. Raises ValueError for settings
    outside their ranges. Momentum: Sutskever et al., 2013.
    """

    __module__ = "torch.optim.sgd"

    differentiable_foreach = True  # falls back to one at a time, without a word

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: Any = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_size(lr)
        for sentence, value in (
            ("Invalid learning rate: {}", lr),
            ("Invalid momentum value: {}", momentum),
            ("Invalid weight_decay value: {}", weight_decay),
        ):
            plain = number(value) if type(value) is Tensor else value
            check(not plain < 0.0, sentence, value)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)

    def update(
        self,
        group: Group,
        state: dict[str, Any],
        of: Arithmetic | Recorded,
        param: Any,
        gradient: Any,
    ) -> None:
        """One step of descent."""
        of = of.direct
        gradient = decayed(group, of, param, gradient)
        momentum = group["momentum"]
        if momentum != 0:
            kept = state.get("momentum_buffer")
            if kept is None:
                kept = state["momentum_buffer"] = of.kept(gradient)
                buffer = of.of(kept)
            else:
                buffer = of.of(kept)
                of.mul(buffer, momentum)
                of.add(buffer, gradient, 1 - group["dampening"])
            gradient = of.sum(gradient, buffer, momentum) if group["nesterov"] else buffer
        rate = group["lr"]
        if type(rate) is Tensor and wants_gradients(rate) and of.recorded:
            of.addcmul(param, gradient, rate, -1)
        else:
            of.add(param, gradient, -number(rate))

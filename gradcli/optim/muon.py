"""Muon."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..nn.functions import linalg, torch
from ..tensor.dtypes import bfloat16
from ..tensor.tensor import Tensor, make, shape_of
from .arithmetic import Arithmetic, about_to_write, arithmetic, number, zeros_like
from .optimizer import Optimizer, at_least, check, check_rate, hooked, numbers


class Muon(Optimizer):
    """Momentum of matrices, made orthogonal by the iteration of Newton and Schulz.

    Jordan et al., 2024. Raises ValueError for parameters that are no matrices and for settings
    outside their ranges.
    """

    __module__ = "torch.optim._muon"

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_rate(lr, "Learning rate should be >= 0 but is: {}")
        check(at_least(0.0, momentum), "momentum should be >= 0 but is: {}", momentum)
        check(at_least(0.0, weight_decay), "weight decay should be >= 0 but is: {}", weight_decay)
        check(
            adjust_lr_fn in (None, "original", "match_rms_adamw"),
            "Adjust learning rate function {} is not supported",
            adjust_lr_fn,
        )
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if len(shape_of(param)) != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"torch.Size({list(shape_of(param))})"
                    )

    @hooked
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once; returns the loss that `closure` gives."""
        loss = self._loss(closure)
        for given in self.param_groups:
            group = numbers(given)
            rate, momentum = number(group["lr"]), group["momentum"]
            for param, gradient in self._with_gradients(group):
                if param.dtype.is_complex:
                    raise RuntimeError("Muon does not support complex parameters")
                state = self.state[param]
                if not state:
                    state["momentum_buffer"] = zeros_like(gradient)
                of = arithmetic(param.dtype)
                buffer = of.of(state["momentum_buffer"])
                of.lerp(buffer, of.of(gradient), 1 - momentum)
                nesterov = group["nesterov"]
                change = of.between(of.of(gradient), buffer, momentum) if nesterov else buffer
                change = _orthogonal(change, of, group)
                about_to_write(param)
                array = of.of(param)
                of.mul(array, 1 - rate * group["weight_decay"])
                of.add(array, change, -rate * _adjusted(group["adjust_lr_fn"], array.shape))
        return loss


def _adjusted(rule: str | None, shape: tuple[int, int]) -> float:
    """By what the learning rate is multiplied for a matrix of a shape."""
    if rule == "match_rms_adamw":
        return 0.2 * math.sqrt(max(shape))
    return math.sqrt(max(1, shape[0] / shape[1]))


def _orthogonal(array: Any, of: Arithmetic, group: dict[str, Any]) -> Any:
    """The matrix with its singular values brought near 1, computed in bfloat16."""
    if group["ns_steps"] >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(group["ns_coefficients"]) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = group["ns_coefficients"]
    wide = array.shape[0] > array.shape[1]
    matrix: Tensor = make(bfloat16.cast(array.T if wide else array), bfloat16)
    norm = torch.clamp(linalg.vector_norm(matrix), min=group["eps"])
    matrix = torch.div(matrix, norm)
    for _ in range(group["ns_steps"]):
        gram = torch.mm(matrix, torch.t(matrix))
        gram = torch.addmm(gram, gram, gram, beta=b, alpha=c)
        matrix = torch.addmm(matrix, gram, matrix, beta=a)
    values = matrix.array.T if wide else matrix.array
    return of.dtype.cast(values)

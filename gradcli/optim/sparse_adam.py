"""SparseAdam, which takes sparse gradients only: there are none here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .optimizer import Optimizer, check, check_betas, check_rate, hooked


class SparseAdam(Optimizer):
    """Adam for sparse gradients. `step` raises RuntimeError: gradients are dense."""

    __module__ = "torch.optim.sparse_adam"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_rate(lr)
        check(eps > 0.0, "Invalid epsilon value: {}", eps)
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    @hooked
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Raise RuntimeError where a parameter has a gradient."""
        loss = self._loss(closure)
        for group in self.param_groups:
            for _ in self._with_gradients(group):
                raise RuntimeError(
                    "SparseAdam does not support dense gradients, please consider Adam instead"
                )
        return loss

"""The Pareto distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..table.public.functions import torch
from . import constraints
from .exponential import Exponential
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, ExpTransform
from .utils import broadcast_all, expand


class Pareto(TransformedDistribution):
    """Density alpha scale^alpha / x^(alpha + 1) for x >= scale."""

    __module__ = "torch.distributions.pareto"

    arg_constraints: ClassVar[Any] = {
        "alpha": constraints.positive,
        "scale": constraints.positive,
    }

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base = Exponential(self.alpha, validate_args=validate_args)
        transforms = [ExpTransform(), AffineTransform(loc=0, scale=self.scale)]
        super().__init__(base, transforms, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Pareto, _instance)
        new.scale = expand(self.scale, batch_shape)
        new.alpha = expand(self.alpha, batch_shape)
        return super().expand(batch_shape, _instance=new)

    @property
    def mean(self) -> Any:
        """alpha scale / (alpha - 1), infinite for alpha <= 1."""
        a = torch.clamp(self.alpha, min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Any:
        """`scale`."""
        return self.scale

    @property
    def variance(self) -> Any:
        """scale² alpha / ((alpha - 1)² (alpha - 2)), infinite for alpha <= 2."""
        a = torch.clamp(self.alpha, min=2)
        return torch.pow(self.scale, 2) * a / (torch.pow(a - 1, 2) * (a - 2))

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """Numbers from `scale` on."""
        return constraints.greater_than_eq(self.scale)

    def entropy(self) -> Any:
        """log(scale / alpha) + 1 + 1 / alpha."""
        return torch.log(self.scale / self.alpha) + (1 + torch.reciprocal(self.alpha))

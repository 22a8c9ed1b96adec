"""The Weibull distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..table.public.functions import torch
from . import constraints
from .exponential import Exponential
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .utils import broadcast_all, euler_constant, expand


class Weibull(TransformedDistribution):
    """scale * x^(1 / concentration), x a standard exponential number."""

    __module__ = "torch.distributions.weibull"

    arg_constraints: ClassVar[Any] = {
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    support = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = torch.reciprocal(self.concentration)
        base = Exponential(torch.ones_like(self.scale), validate_args=validate_args)
        super().__init__(base, self._transforms(), validate_args=validate_args)

    def _transforms(self) -> list[Any]:
        return [
            PowerTransform(exponent=self.concentration_reciprocal),
            AffineTransform(loc=0, scale=self.scale),
        ]

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Weibull, _instance)
        new.scale = expand(self.scale, batch_shape)
        new.concentration = expand(self.concentration, batch_shape)
        new.concentration_reciprocal = torch.reciprocal(new.concentration)
        super().expand(batch_shape, _instance=new)
        new.transforms = new._transforms()
        return new

    @property
    def mean(self) -> Any:
        """scale Γ(1 + 1 / concentration)."""
        return self.scale * torch.exp(torch.lgamma(1 + self.concentration_reciprocal))

    @property
    def mode(self) -> Any:
        """scale ((concentration - 1) / concentration)^(1 / concentration)."""
        ratio = (self.concentration - 1) / self.concentration
        return self.scale * ratio ** torch.reciprocal(self.concentration)

    @property
    def variance(self) -> Any:
        """scale² (Γ(1 + 2 / concentration) - Γ(1 + 1 / concentration)²)."""
        second = torch.exp(torch.lgamma(1 + 2 * self.concentration_reciprocal))
        first = torch.exp(2 * torch.lgamma(1 + self.concentration_reciprocal))
        return torch.pow(self.scale, 2) * (second - first)

    def entropy(self) -> Any:
        """γ (1 - 1 / concentration) + log(scale / concentration) + 1."""
        return (
            euler_constant * (1 - self.concentration_reciprocal)
            + torch.log(self.scale * self.concentration_reciprocal)
            + 1
        )

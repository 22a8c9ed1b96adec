"""The inverse gamma distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import torch
from . import constraints
from .gamma import Gamma
from .transformed_distribution import TransformedDistribution
from .transforms import PowerTransform


class InverseGamma(TransformedDistribution):
    """1 / x of a gamma number x."""

    __module__ = "torch.distributions.inverse_gamma"

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.positive
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args=validate_args)
        minus_one = -torch.ones((), dtype=base.rate.dtype)
        super().__init__(base, PowerTransform(minus_one), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(InverseGamma, _instance))

    @property
    def concentration(self) -> Any:
        """That of x."""
        return self.base_dist.concentration

    @property
    def rate(self) -> Any:
        """That of x."""
        return self.base_dist.rate

    @property
    def mean(self) -> Any:
        """rate / (concentration - 1), for concentration > 1."""
        result = self.rate / (self.concentration - 1)
        return torch.where(self.concentration > 1, result, math.inf)

    @property
    def mode(self) -> Any:
        """rate / (concentration + 1)."""
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        """rate² / ((concentration - 1)² (concentration - 2)), for concentration > 2."""
        below = torch.square(self.concentration - 1) * (self.concentration - 2)
        result = torch.square(self.rate) / below
        return torch.where(self.concentration > 2, result, math.inf)

    def entropy(self) -> Any:
        """c + log(rate Γ(c)) - (1 + c) ψ(c)."""
        return (
            self.concentration
            + torch.log(self.rate)
            + torch.lgamma(self.concentration)
            - (1 + self.concentration) * torch.digamma(self.concentration)
        )

"""The half-normal distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import torch
from . import constraints
from .normal import Normal
from .transformed_distribution import TransformedDistribution
from .transforms import AbsTransform


class HalfNormal(TransformedDistribution):
    """|x| of a normal number x of mean 0."""

    __module__ = "torch.distributions.half_normal"

    arg_constraints: ClassVar[Any] = {
        "scale": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(HalfNormal, _instance))

    @property
    def scale(self) -> Any:
        """The standard deviation of x."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        """scale √(2/π)."""
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def mode(self) -> Any:
        """0."""
        return torch.zeros_like(self.scale)

    @property
    def variance(self) -> Any:
        """scale² (1 - 2/π)."""
        return torch.pow(self.scale, 2) * (1 - 2 / math.pi)

    def log_prob(self, value: Any) -> Any:
        """That of the base and log 2."""
        if self._validate_args:
            self._validate_sample(value)
        log_prob = self.base_dist.log_prob(value) + math.log(2)
        return torch.where(value >= 0, log_prob, -math.inf)

    def cdf(self, value: Any) -> Any:
        """2 F(value) - 1."""
        if self._validate_args:
            self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob: Any) -> Any:
        """The inverse of `cdf`."""
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self) -> Any:
        """That of the base, less log 2."""
        return self.base_dist.entropy() - math.log(2)

"""The log-normal distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..table.public.functions import torch
from . import constraints
from .normal import Normal
from .transformed_distribution import TransformedDistribution
from .transforms import ExpTransform


class LogNormal(TransformedDistribution):
    """exp of a normal number."""

    __module__ = "torch.distributions.log_normal"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.positive
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(LogNormal, _instance))

    @property
    def loc(self) -> Any:
        """The mean of the logarithm."""
        return self.base_dist.loc

    @property
    def scale(self) -> Any:
        """The standard deviation of the logarithm."""
        return self.base_dist.scale

    @property
    def mean(self) -> Any:
        """exp(loc + scale² / 2)."""
        return torch.exp(self.loc + torch.pow(self.scale, 2) / 2)

    @property
    def mode(self) -> Any:
        """exp(loc - scale²)."""
        return torch.exp(self.loc - torch.square(self.scale))

    @property
    def variance(self) -> Any:
        """(exp(scale²) - 1) exp(2 loc + scale²)."""
        square = torch.pow(self.scale, 2)
        return torch.expm1(square) * torch.exp(2 * self.loc + square)

    def entropy(self) -> Any:
        """That of the normal distribution and loc."""
        return self.base_dist.entropy() + self.loc

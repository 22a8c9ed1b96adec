"""The generalized Pareto distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import torch
from ..tensor.tensor import Size
from . import constraints
from .distribution import Distribution, expanded
from .utils import broadcast_all, expand, is_number, size


class GeneralizedPareto(Distribution):
    """Survival function (1 + c z)^(-1 / c), z = (x - loc) / scale; e^(-z) for c = 0.

    c is `concentration`; for c < 0 values end at loc - scale / c.
    """

    __module__ = "torch.distributions.generalized_pareto"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        plain = is_number(loc) and is_number(scale) and is_number(concentration)
        super().__init__(Size() if plain else size(self.loc), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        names = ("loc", "scale", "concentration")
        return expanded(self, GeneralizedPareto, _instance, batch_shape, names)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """The quantiles of uniform numbers."""
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.loc.dtype))

    def _z(self, x: Any) -> Any:
        return (x - self.loc) / self.scale

    def _split(self) -> Any:
        """Where c is 0, and c with 1 in its place."""
        zero = torch.isclose(self.concentration, torch.zeros_like(self.concentration))
        kept = torch.where(zero, torch.ones_like(self.concentration), self.concentration)
        return zero, kept

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        zero, c = self._split()
        power = 1 / c + torch.ones_like(z)
        exponent = torch.where(power == 0, power, power * torch.log1p(c * z))
        return -torch.log(self.scale) - torch.where(zero, z, exponent)

    def log_survival_function(self, value: Any) -> Any:
        """log P(x > value)."""
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        zero, c = self._split()
        return torch.where(zero, -z, -torch.log1p(c * z) / c)

    def log_cdf(self, value: Any) -> Any:
        """log P(x <= value)."""
        return torch.log1p(-torch.exp(self.log_survival_function(value)))

    def cdf(self, value: Any) -> Any:
        """P(x <= value)."""
        return torch.exp(self.log_cdf(value))

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        zero, c = self._split()
        log_rest = torch.log1p(-value)
        return torch.where(
            zero,
            self.loc - self.scale * log_rest,
            self.loc + self.scale / c * torch.expm1(-c * log_rest),
        )

    @property
    def mean(self) -> Any:
        """loc + scale / (1 - c), for c < 1."""
        finite = self.concentration < 1
        c = torch.where(finite, self.concentration, torch.full_like(self.concentration, 0.5))
        result = self.loc + self.scale / (1 - c)
        return torch.where(finite, result, torch.full_like(self.loc, math.nan))

    @property
    def variance(self) -> Any:
        """scale² / ((1 - c)² (1 - 2c)), for c < 1/2."""
        finite = self.concentration < 0.5
        c = torch.where(finite, self.concentration, torch.full_like(self.concentration, 0.25))
        result = self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c))
        return torch.where(finite, result, torch.full_like(self.loc, math.nan))

    def entropy(self) -> Any:
        """log scale + c + 1."""
        return expand(torch.log(self.scale) + self.concentration + 1, self._batch_shape)

    @property
    def mode(self) -> Any:
        """`loc`."""
        return self.loc

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """Numbers from `loc` on, up to the end."""
        negative = self.concentration < 0
        end = torch.where(negative, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, end)

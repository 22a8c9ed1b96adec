"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import torch
from ..tensor.tensor import Size
from . import constraints
from .distribution import expanded
from .exp_family import ExponentialFamily
from .utils import broadcast_all, expand, is_number, size, standard_normal


class Normal(ExponentialFamily):
    """Mean `loc` and standard deviation `scale`."""

    __module__ = "torch.distributions.normal"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True
    _mean_carrier_measure: Any = 0

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        plain = is_number(loc) and is_number(scale)
        super().__init__(Size() if plain else size(self.loc), validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """`loc`."""
        return self.loc

    @property
    def mode(self) -> Any:
        """`loc`."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """`scale`."""
        return self.scale

    @property
    def variance(self) -> Any:
        """The square of `scale`."""
        return torch.pow(self.stddev, 2)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return expanded(self, Normal, _instance, batch_shape, ("loc", "scale"))

    def sample(self, sample_shape: Any = ()) -> Any:
        """Values drawn without a record."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return torch.normal(expand(self.loc, shape), expand(self.scale, shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """loc + scale * ε, ε standard normal."""
        noise = standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + noise * self.scale

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        variance = self.scale**2
        log_scale = math.log(self.scale) if is_number(self.scale) else torch.log(self.scale)
        constant = math.log(math.sqrt(2 * math.pi))
        return -((value - self.loc) ** 2) / (2 * variance) - log_scale - constant

    def cdf(self, value: Any) -> Any:
        """(1 + erf((value - loc) / (scale √2))) / 2."""
        if self._validate_args:
            self._validate_sample(value)
        scaled = (value - self.loc) * torch.reciprocal(self.scale) / math.sqrt(2)
        return 0.5 * (1 + torch.erf(scaled))

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        return self.loc + self.scale * torch.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Any:
        """(1 + log 2π) / 2 + log scale."""
        return 0.5 + 0.5 * math.log(2 * math.pi) + torch.log(self.scale)

    @property
    def _natural_params(self) -> Any:
        precision = torch.reciprocal(torch.pow(self.scale, 2))
        return self.loc / torch.pow(self.scale, 2), -0.5 * precision

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        return -0.25 * torch.pow(x, 2) / y + 0.5 * torch.log(-math.pi / y)

"""The Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import method, torch
from ..tensor.tensor import Size
from . import constraints
from .distribution import Distribution, expanded
from .utils import broadcast_all, is_number, size


class Cauchy(Distribution):
    """Median `loc` and half width at half maximum `scale`."""

    __module__ = "torch.distributions.cauchy"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        plain = is_number(loc) and is_number(scale)
        super().__init__(Size() if plain else size(self.loc), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return expanded(self, Cauchy, _instance, batch_shape, ("loc", "scale"))

    @property
    def mean(self) -> Any:
        """NaN: there is none."""
        return torch.full(self._extended_shape(), math.nan, dtype=self.loc.dtype)

    @property
    def mode(self) -> Any:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Any:
        """Infinite."""
        return torch.full(self._extended_shape(), math.inf, dtype=self.loc.dtype)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """loc + scale * ε, ε standard Cauchy."""
        shape = self._extended_shape(sample_shape)
        noise = method.cauchy_(torch.empty(shape, dtype=self.loc.dtype))
        return self.loc + noise * self.scale

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        scaled = (value - self.loc) / self.scale
        return -math.log(math.pi) - torch.log(self.scale) - torch.log1p(scaled**2)

    def cdf(self, value: Any) -> Any:
        """atan((value - loc) / scale) / π + 1/2."""
        if self._validate_args:
            self._validate_sample(value)
        return torch.atan((value - self.loc) / self.scale) / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        return torch.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self) -> Any:
        """log(4π scale)."""
        return math.log(4 * math.pi) + torch.log(self.scale)

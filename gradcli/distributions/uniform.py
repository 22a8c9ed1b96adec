"""The uniform distribution."""

from __future__ import annotations

import math
from typing import Any

from ..table.public.functions import torch
from ..tensor.tensor import Size
from . import constraints
from .distribution import Distribution, expanded
from .utils import as_dtype, broadcast_all, is_number, size


class Uniform(Distribution):
    """Numbers of [low, high), all equally likely."""

    __module__ = "torch.distributions.uniform"

    has_rsample = True

    @property
    def arg_constraints(self) -> Any:
        """Each bound by the other."""
        return {
            "low": constraints.less_than(self.high),
            "high": constraints.greater_than(self.low),
        }

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        plain = is_number(low) and is_number(high)
        super().__init__(Size() if plain else size(self.low), validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """The middle."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Any:
        """NaN: all values are equally likely."""
        return math.nan * self.high

    @property
    def stddev(self) -> Any:
        """The length over √12."""
        return (self.high - self.low) / 12**0.5

    @property
    def variance(self) -> Any:
        """The square of the length over 12."""
        return torch.pow(self.high - self.low, 2) / 12

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return expanded(self, Uniform, _instance, batch_shape, ("low", "high"))

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """The interval."""
        return constraints.interval(self.low, self.high)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """low + u (high - low), u uniform in [0, 1)."""
        noise = torch.rand(self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + noise * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        """-log(high - low); -inf outside."""
        if self._validate_args:
            self._validate_sample(value)
        above = as_dtype(torch.le(self.low, value), self.low.dtype)
        below = as_dtype(torch.gt(self.high, value), self.low.dtype)
        return torch.log(torch.mul(above, below)) - torch.log(self.high - self.low)

    def cdf(self, value: Any) -> Any:
        """(value - low) / (high - low), from 0 to 1."""
        if self._validate_args:
            self._validate_sample(value)
        return torch.clamp((value - self.low) / (self.high - self.low), min=0, max=1)

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        """log(high - low)."""
        return torch.log(self.high - self.low)

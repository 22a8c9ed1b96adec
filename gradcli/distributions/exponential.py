"""The exponential distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..table.public.functions import method, torch
from ..tensor.tensor import Size
from . import constraints
from .distribution import expanded
from .exp_family import ExponentialFamily
from .utils import broadcast_all, is_number, size


class Exponential(ExponentialFamily):
    """Density rate e^(-rate x) for x >= 0."""

    __module__ = "torch.distributions.exponential"

    arg_constraints: ClassVar[Any] = {
        "rate": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure: Any = 0

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        shape = Size() if is_number(rate) else size(self.rate)
        super().__init__(shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """1 / rate."""
        return torch.reciprocal(self.rate)

    @property
    def mode(self) -> Any:
        """0."""
        return torch.zeros_like(self.rate)

    @property
    def stddev(self) -> Any:
        """1 / rate."""
        return torch.reciprocal(self.rate)

    @property
    def variance(self) -> Any:
        """1 / rate²."""
        return torch.pow(self.rate, -2)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return expanded(self, Exponential, _instance, batch_shape, ("rate",))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Standard exponential numbers over `rate`."""
        shape = self._extended_shape(sample_shape)
        return method.exponential_(torch.empty(shape, dtype=self.rate.dtype)) / self.rate

    def log_prob(self, value: Any) -> Any:
        """log rate - rate * value."""
        if self._validate_args:
            self._validate_sample(value)
        return torch.log(self.rate) - self.rate * value

    def cdf(self, value: Any) -> Any:
        """1 - e^(-rate value)."""
        if self._validate_args:
            self._validate_sample(value)
        return 1 - torch.exp(-self.rate * value)

    def icdf(self, value: Any) -> Any:
        """-log(1 - value) / rate."""
        return -torch.log1p(-value) / self.rate

    def entropy(self) -> Any:
        """1 - log rate."""
        return 1.0 - torch.log(self.rate)

    @property
    def _natural_params(self) -> Any:
        return (-self.rate,)

    def _log_normalizer(self, x: Any) -> Any:
        return -torch.log(-x)

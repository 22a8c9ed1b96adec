"""The Poisson distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import torch
from ..tensor.tensor import Size
from . import constraints
from .distribution import expanded
from .exp_family import ExponentialFamily
from .utils import broadcast_all, expand, is_number, size


class Poisson(ExponentialFamily):
    """Counts k with probability rate^k e^(-rate) / k!."""

    __module__ = "torch.distributions.poisson"

    arg_constraints: ClassVar[Any] = {
        "rate": constraints.nonnegative,
    }
    support = constraints.nonnegative_integer

    @property
    def mean(self) -> Any:
        """`rate`."""
        return self.rate

    @property
    def mode(self) -> Any:
        """⌊rate⌋."""
        return torch.floor(self.rate)

    @property
    def variance(self) -> Any:
        """`rate`."""
        return self.rate

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        shape = Size() if is_number(rate) else size(self.rate)
        super().__init__(shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return expanded(self, Poisson, _instance, batch_shape, ("rate",))

    def sample(self, sample_shape: Any = ()) -> Any:
        """Counts, in the dtype of `rate`."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return torch.poisson(expand(self.rate, shape))

    def log_prob(self, value: Any) -> Any:
        """k log rate - rate - log k!."""
        if self._validate_args:
            self._validate_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return torch.xlogy(value, rate) - rate - torch.lgamma(value + 1)

    @property
    def _natural_params(self) -> Any:
        return (torch.log(self.rate),)

    def _log_normalizer(self, x: Any) -> Any:
        return torch.exp(x)

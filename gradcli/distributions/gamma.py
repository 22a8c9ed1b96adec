"""The gamma distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.leaf import detach
from ..table.public.functions import method, torch
from ..tensor.limits import finfo
from ..tensor.tensor import Size
from . import constraints
from .distribution import expanded
from .exp_family import ExponentialFamily
from .utils import broadcast_all, expand, is_number, size, special


class Gamma(ExponentialFamily):
    """Density rate^concentration x^(concentration - 1) e^(-rate x) / Γ(concentration)."""

    __module__ = "torch.distributions.gamma"

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True
    _mean_carrier_measure: Any = 0

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        plain = is_number(concentration) and is_number(rate)
        shape = Size() if plain else size(self.concentration)
        super().__init__(shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        """concentration / rate."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Any:
        """(concentration - 1) / rate, at least 0."""
        return torch.clamp((self.concentration - 1) / self.rate, min=0)

    @property
    def variance(self) -> Any:
        """concentration / rate²."""
        return self.concentration / torch.pow(self.rate, 2)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return expanded(self, Gamma, _instance, batch_shape, ("concentration", "rate"))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Standard gamma numbers over `rate` (Marsaglia and Tsang, 2000)."""
        shape = self._extended_shape(sample_shape)
        value = torch._standard_gamma(expand(self.concentration, shape)) / expand(self.rate, shape)
        method.clamp_(detach(value), min=finfo(value.dtype).tiny)
        return value

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        value = torch.as_tensor(value, dtype=self.rate.dtype)
        if self._validate_args:
            self._validate_sample(value)
        return (
            torch.xlogy(self.concentration, self.rate)
            + torch.xlogy(self.concentration - 1, value)
            - self.rate * value
            - torch.lgamma(self.concentration)
        )

    def entropy(self) -> Any:
        """c - log rate + log Γ(c) + (1 - c) ψ(c)."""
        return (
            self.concentration
            - torch.log(self.rate)
            + torch.lgamma(self.concentration)
            + (1.0 - self.concentration) * torch.digamma(self.concentration)
        )

    @property
    def _natural_params(self) -> Any:
        return self.concentration - 1, -self.rate

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        return torch.lgamma(x + 1) + (x + 1) * torch.log(-torch.reciprocal(y))

    def cdf(self, value: Any) -> Any:
        """The regularized lower incomplete gamma function of rate * value."""
        if self._validate_args:
            self._validate_sample(value)
        return special.gammainc(self.concentration, self.rate * value)

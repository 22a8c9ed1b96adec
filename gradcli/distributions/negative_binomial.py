"""The negative binomial distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import F, torch
from . import constraints
from .distribution import Distribution, expanded
from .gamma import Gamma
from .probabilities import Probability, check_one_given, given, share_param
from .utils import as_dtype, broadcast_all, lazy_property, size


class NegativeBinomial(Probability, Distribution):
    """The number of successes of probability `probs` before `total_count` failures."""

    __module__ = "torch.distributions.negative_binomial"

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        check_one_given(probs, logits)
        if probs is not None:
            self.total_count, self.probs = broadcast_all(total_count, probs)
            self.total_count = as_dtype(self.total_count, self.probs.dtype)
        else:
            self.total_count, self.logits = broadcast_all(total_count, logits)
            self.total_count = as_dtype(self.total_count, self.logits.dtype)
        self._param = self.probs if probs is not None else self.logits
        super().__init__(size(self._param), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        names = ["total_count", *given(self)]
        new = expanded(self, NegativeBinomial, _instance, batch_shape, names)
        share_param(new, self)
        return new

    @property
    def mean(self) -> Any:
        """n p / (1 - p)."""
        return self.total_count * torch.exp(self.logits)

    @property
    def mode(self) -> Any:
        """⌊(n - 1) p / (1 - p)⌋, at least 0."""
        return torch.clamp(torch.floor((self.total_count - 1) * torch.exp(self.logits)), min=0.0)

    @property
    def variance(self) -> Any:
        """n p / (1 - p)²."""
        return self.mean / torch.sigmoid(-self.logits)

    @lazy_property
    def _gamma(self) -> Any:
        return Gamma(self.total_count, torch.exp(-self.logits), validate_args=False)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Poisson counts of gamma rates."""
        with no_grad():
            return torch.poisson(self._gamma.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability of counts."""
        if self._validate_args:
            self._validate_sample(value)
        count = self.total_count
        unnormalized = count * F.logsigmoid(-self.logits) + value * F.logsigmoid(self.logits)
        normalization = (
            -torch.lgamma(count + value) + torch.lgamma(1.0 + value) + torch.lgamma(count)
        )
        normalization = torch.masked_fill(normalization, count + value == 0.0, 0.0)
        return unnormalized - normalization

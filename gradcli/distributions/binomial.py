"""The binomial distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import torch
from . import constraints
from .bernoulli import enumerated
from .distribution import Distribution, expanded
from .probabilities import Probability, check_one_given, given, share_param
from .utils import as_dtype, broadcast_all, expand, size


def clamp_by_zero(x: Any) -> Any:
    """max(x, 0), with half of the gradient at 0."""
    return (torch.clamp(x, min=0) + x - torch.clamp(x, max=0)) / 2


class Binomial(Probability, Distribution):
    """The number of successes in `total_count` trials of probability `probs`."""

    __module__ = "torch.distributions.binomial"

    arg_constraints: ClassVar[Any] = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Any = 1,
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
        new = expanded(self, Binomial, _instance, batch_shape, names)
        share_param(new, self)
        return new

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """0 to the number of trials."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        """n p."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        """⌊(n + 1) p⌋, at most n."""
        return torch.clamp(torch.floor((self.total_count + 1) * self.probs), max=self.total_count)

    @property
    def variance(self) -> Any:
        """n p (1 - p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Counts, in the dtype of the probabilities."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return torch.binomial(expand(self.total_count, shape), expand(self.probs, shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability of counts."""
        if self._validate_args:
            self._validate_sample(value)
        count, logits = self.total_count, self.logits
        ways = torch.lgamma(count + 1)
        successes = torch.lgamma(value + 1)
        failures = torch.lgamma(count - value + 1)
        softplus = count * clamp_by_zero(logits) + count * torch.log1p(
            torch.exp(-torch.abs(logits))
        )
        return value * logits - successes - failures - (softplus - ways)

    def _count(self, what: str) -> int:
        """The number of trials where it is one. Raises NotImplementedError for several."""
        count = int(torch.max(self.total_count))
        if not torch.min(self.total_count) == count:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{what}`.")
        return count

    def entropy(self) -> Any:
        """-Σ p log p over all counts."""
        self._count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -torch.sum(torch.exp(log_prob) * log_prob, 0)

    def enumerate_support(self, expand: bool = True) -> Any:
        """0 to the number of trials."""
        count = self._count("enumerate_support")
        return enumerated(self, torch.arange(1 + count, dtype=self._param.dtype), expand)

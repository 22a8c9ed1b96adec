"""Relaxed Bernoulli distributions (Maddison et al., 2017; Jang et al., 2017)."""

from __future__ import annotations

from typing import Any, ClassVar

from ..table.public.functions import torch
from . import constraints
from .distribution import Distribution, expanded
from .probabilities import Probability, batch_shape_of, check_one_given, given, share_param
from .transformed_distribution import TransformedDistribution
from .transforms import SigmoidTransform
from .utils import broadcast_all, clamp_probs, expand


class LogitRelaxedBernoulli(Probability, Distribution):
    """Log odds of relaxed Bernoulli numbers: logistic noise over the temperature."""

    __module__ = "torch.distributions.relaxed_bernoulli"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.real

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        check_one_given(probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
        else:
            (self.logits,) = broadcast_all(logits)
        self._param = self.probs if probs is not None else self.logits
        shape = batch_shape_of(logits if probs is None else probs, self._param)
        super().__init__(shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = expanded(self, LogitRelaxedBernoulli, _instance, batch_shape, given(self))
        new.temperature = self.temperature
        share_param(new, self)
        return new

    def rsample(self, sample_shape: Any = ()) -> Any:
        """(log u - log(1 - u) + log p - log(1 - p)) / temperature."""
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(expand(self.probs, shape))
        u = clamp_probs(torch.rand(shape, dtype=probs.dtype))
        noise = torch.log(u) - torch.log1p(-u) + torch.log(probs) - torch.log1p(-probs)
        return noise / self.temperature

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        diff = logits - torch.mul(value, self.temperature)
        return torch.log(self.temperature) + diff - 2 * torch.log1p(torch.exp(diff))


class RelaxedBernoulli(TransformedDistribution):
    """Numbers of (0, 1), nearer to 0 and 1 the lower the temperature."""

    __module__ = "torch.distributions.relaxed_bernoulli"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return super().expand(batch_shape, self._get_checked_instance(RelaxedBernoulli, _instance))

    @property
    def temperature(self) -> Any:
        """How far from 0 and 1."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The log odds."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self.base_dist.probs

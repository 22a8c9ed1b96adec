"""The Bernoulli distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import F, method, torch
from . import constraints
from .distribution import expanded
from .exp_family import ExponentialFamily
from .probabilities import Probability, batch_shape_of, check_one_given, given, share_param
from .utils import as_dtype, broadcast_all, expand


class Bernoulli(Probability, ExponentialFamily):
    """1 with probability `probs`, or log odds `logits`, else 0."""

    __module__ = "torch.distributions.bernoulli"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.boolean
    has_enumerate_support = True
    _mean_carrier_measure: Any = 0

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
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
        new = expanded(self, Bernoulli, _instance, batch_shape, given(self))
        share_param(new, self)
        return new

    @property
    def mean(self) -> Any:
        """`probs`."""
        return self.probs

    @property
    def mode(self) -> Any:
        """The likelier value; NaN where both are equally likely."""
        mode = as_dtype(self.probs >= 0.5, self.probs.dtype)
        mode[self.probs == 0.5] = math.nan
        return mode

    @property
    def variance(self) -> Any:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Values drawn without a record."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return torch.bernoulli(expand(self.probs, shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -F.binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        """-p log p - (1 - p) log(1 - p)."""
        return F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        """0 and 1."""
        return enumerated(self, torch.arange(2, dtype=self._param.dtype), expand)

    @property
    def _natural_params(self) -> Any:
        return (torch.logit(self.probs),)

    def _log_normalizer(self, x: Any) -> Any:
        return torch.log(1 + torch.exp(x))


def enumerated(distribution: Any, values: Any, expanding: bool) -> Any:
    """The values of a support in front of the batch."""
    batch = distribution._batch_shape
    values = method.view(values, (-1, *(1,) * len(batch)))
    return expand(values, (-1, *batch)) if expanding else values

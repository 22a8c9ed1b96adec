"""The continuous Bernoulli distribution (Loaiza-Ganem and Cunningham, 2019)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import F, torch
from . import constraints
from .distribution import expanded
from .exp_family import ExponentialFamily
from .probabilities import Probability, batch_shape_of, check_one_given, given, share_param
from .utils import broadcast_all, clamp_probs, special


class ContinuousBernoulli(Probability, ExponentialFamily):
    """Numbers of [0, 1] with density proportional to p^x (1 - p)^(1 - x).

    Near p = 1/2, between `lims`, where its formulas divide 0 by 0, Taylor series take their place.
    """

    __module__ = "torch.distributions.continuous_bernoulli"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.unit_interval
    _mean_carrier_measure: Any = 0
    has_rsample = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: Any = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        check_one_given(probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
            if validate_args is not None:
                inside = self.arg_constraints["probs"].check(self.probs)
                if not torch.all(inside):
                    raise ValueError("The parameter probs has invalid values")
            self.probs = clamp_probs(self.probs)
        else:
            (self.logits,) = broadcast_all(logits)
        self._param = self.probs if probs is not None else self.logits
        self._lims = lims
        shape = batch_shape_of(logits if probs is None else probs, self._param)
        super().__init__(shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = expanded(self, ContinuousBernoulli, _instance, batch_shape, given(self))
        new._lims = self._lims
        share_param(new, self)
        return new

    def _outside(self) -> Any:
        """Where p is far enough from 1/2."""
        low, high = self._lims
        return torch.max(torch.le(self.probs, low), torch.gt(self.probs, high))

    def _kept_probs(self, outside: Any) -> Any:
        """p, or the lower limit near 1/2."""
        return torch.where(outside, self.probs, self._lims[0] * torch.ones_like(self.probs))

    def _cont_bern_log_norm(self) -> Any:
        """log of 2 atanh(1 - 2p) / (1 - 2p)."""
        outside = self._outside()
        p = self._kept_probs(outside)
        low = torch.where(torch.le(p, 0.5), p, torch.zeros_like(p))
        high = torch.where(torch.ge(p, 0.5), p, torch.ones_like(p))
        log_norm = torch.log(torch.abs(torch.log1p(-p) - torch.log(p))) - torch.where(
            torch.le(p, 0.5), torch.log1p(-2.0 * low), torch.log(2.0 * high - 1.0)
        )
        x = torch.pow(self.probs - 0.5, 2)
        taylor = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x
        return torch.where(outside, log_norm, taylor)

    @property
    def mean(self) -> Any:
        """p / (2p - 1) + 1 / (2 atanh(1 - 2p))."""
        outside = self._outside()
        p = self._kept_probs(outside)
        means = p / (2.0 * p - 1.0) + 1.0 / (torch.log1p(-p) - torch.log(p))
        x = self.probs - 0.5
        taylor = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * torch.pow(x, 2)) * x
        return torch.where(outside, means, taylor)

    @property
    def stddev(self) -> Any:
        """The square root of the variance."""
        return torch.sqrt(self.variance)

    @property
    def variance(self) -> Any:
        """p (p - 1) / (1 - 2p)² + 1 / (2 atanh(1 - 2p))²."""
        outside = self._outside()
        p = self._kept_probs(outside)
        variances = p * (p - 1.0) / torch.pow(1.0 - 2.0 * p, 2) + 1.0 / torch.pow(
            torch.log1p(-p) - torch.log(p), 2
        )
        x = torch.pow(self.probs - 0.5, 2)
        taylor = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x
        return torch.where(outside, variances, taylor)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Values drawn without a record."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """The quantiles of uniform numbers."""
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.probs.dtype))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        kernel = -F.binary_cross_entropy_with_logits(logits, value, reduction="none")
        return kernel + self._cont_bern_log_norm()

    def cdf(self, value: Any) -> Any:
        """(p^x (1 - p)^(1 - x) + p - 1) / (2p - 1), from 0 to 1."""
        if self._validate_args:
            self._validate_sample(value)
        outside = self._outside()
        p = self._kept_probs(outside)
        cdfs = (torch.pow(p, value) * torch.pow(1.0 - p, 1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        unbounded = torch.where(outside, cdfs, value)
        return torch.where(
            torch.le(value, 0.0),
            torch.zeros_like(value),
            torch.where(torch.ge(value, 1.0), torch.ones_like(value), unbounded),
        )

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        outside = self._outside()
        p = self._kept_probs(outside)
        rest = torch.log1p(-p)
        quantiles = (torch.log1p(-p + value * (2.0 * p - 1.0)) - rest) / (torch.log(p) - rest)
        return torch.where(outside, quantiles, value)

    def entropy(self) -> Any:
        """-E log density."""
        no, yes = torch.log1p(-self.probs), torch.log(self.probs)
        return self.mean * (no - yes) - self._cont_bern_log_norm() - no

    @property
    def _natural_params(self) -> Any:
        return (torch.logit(self.probs),)

    def _log_normalizer(self, x: Any) -> Any:
        """log of (e^x - 1) / x."""
        low, high = self._lims[0] - 0.5, self._lims[1] - 0.5
        outside = torch.max(torch.le(x, low), torch.gt(x, high))
        kept = torch.where(outside, x, low * torch.ones_like(x))
        log_norm = torch.log(torch.abs(special.expm1(kept))) - torch.log(torch.abs(kept))
        taylor = 0.5 * x + torch.pow(x, 2) / 24.0 - torch.pow(x, 4) / 2880.0
        return torch.where(outside, log_norm, taylor)

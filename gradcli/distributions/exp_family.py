"""Exponential families: densities exp(<t(x), θ> - F(θ) + k(x))."""

from __future__ import annotations

from typing import Any

from ..autograd import api
from ..autograd.leaf import detach, requires_grad_
from ..table.public.functions import method
from .distribution import Distribution
from .utils import sum_rightmost


class ExponentialFamily(Distribution):
    """The families whose entropy follows from the log normalizer F of the natural parameters θ.

    A subclass has `_natural_params`, `_log_normalizer` and `_mean_carrier_measure`, the mean of k.
    """

    __module__ = "torch.distributions.exp_family"

    @property
    def _natural_params(self) -> Any:
        """θ, one or more tensors."""
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Any:
        """F(θ)."""
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self) -> Any:
        """The mean of k(x)."""
        raise NotImplementedError

    def entropy(self) -> Any:
        """F(θ) - <θ, ∇F(θ)> - E[k(x)] (Nielsen and Nock, "Entropies and cross-entropies", 2010)."""
        result = -self._mean_carrier_measure
        natural = [requires_grad_(detach(p)) for p in self._natural_params]
        normalizer = self._log_normalizer(*natural)
        gradients = api.grad(method.sum(normalizer), natural, create_graph=True)
        result = result + normalizer
        for parameter, gradient in zip(natural, gradients, strict=True):
            result = result - sum_rightmost(parameter * gradient, len(self._event_shape))
        return result

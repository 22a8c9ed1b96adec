"""The multinomial distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import method, torch
from ..tensor.tensor import Size
from . import constraints
from .binomial import Binomial
from .categorical import Categorical
from .distribution import Distribution, started
from .utils import as_dtype, as_size, broadcast_all


class Multinomial(Distribution):
    """How often each of K indices came in `total_count` draws."""

    __module__ = "torch.distributions.multinomial"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }

    @property
    def mean(self) -> Any:
        """n p."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        """n p (1 - p)."""
        return self.total_count * self.probs * (1 - self.probs)

    def __init__(
        self,
        total_count: int = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        self._binomial = Binomial(total_count=total_count, probs=self.probs)
        batch_shape = self._categorical.batch_shape
        event_shape = Size(self._categorical.param_shape[-1:])
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Multinomial, _instance)
        batch_shape = as_size(batch_shape)
        new.total_count = self.total_count
        new._categorical = self._categorical.expand(batch_shape)
        new._binomial = self._binomial.expand(batch_shape + self._event_shape)
        return started(new, self, batch_shape, self._event_shape)

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._categorical._new(*args, **kwargs)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        """Counts whose sum is the number of draws."""
        return constraints.multinomial(self.total_count)

    @property
    def logits(self) -> Any:
        """The log probabilities."""
        return self._categorical.logits

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    @property
    def param_shape(self) -> Any:
        """The shape of what was given."""
        return self._categorical.param_shape

    def sample(self, sample_shape: Any = ()) -> Any:
        """Counts, in the dtype of the probabilities."""
        sample_shape = as_size(sample_shape)
        drawn = self._categorical.sample(Size((self.total_count,)) + sample_shape)
        drawn = torch.movedim(drawn, 0, -1)
        counts = torch.zeros(self._extended_shape(sample_shape), dtype=drawn.dtype)
        method.scatter_add_(counts, -1, drawn, torch.ones_like(drawn))
        with no_grad():
            return as_dtype(counts, self.probs.dtype)

    def entropy(self) -> Any:
        """n H(p) - log n! + Σ E log xᵢ!, with binomial xᵢ."""
        count = torch.tensor(self.total_count)
        entropy = self._categorical.entropy()
        draws = count * entropy - torch.lgamma(count + 1)
        support = self._binomial.enumerate_support(expand=False)[1:]
        probabilities = torch.exp(self._binomial.log_prob(support))
        return draws + torch.sum(probabilities * torch.lgamma(support + 1), [0, -1])

    def log_prob(self, value: Any) -> Any:
        """log(n! / ∏ xᵢ!) + Σ xᵢ log pᵢ."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        logits = torch.clone(logits)
        ways = torch.lgamma(torch.sum(value, -1) + 1)
        repeats = torch.sum(torch.lgamma(value + 1), -1)
        logits[(value == 0) & (logits == -math.inf)] = 0
        return ways - repeats + torch.sum(logits * value, -1)

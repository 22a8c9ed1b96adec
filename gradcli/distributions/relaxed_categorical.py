"""Relaxed one-hot distributions (Maddison et al., 2017; Jang et al., 2017)."""

from __future__ import annotations

from typing import Any, ClassVar

from ..table.public.functions import torch
from ..tensor.tensor import Size
from . import constraints
from .categorical import Categorical
from .distribution import Distribution, started
from .transformed_distribution import TransformedDistribution
from .transforms import ExpTransform
from .utils import as_size, broadcast_all, clamp_probs, expand


class ExpRelaxedCategorical(Distribution):
    """Logarithms of relaxed one-hot vectors: normalized Gumbel noise over the temperature."""

    __module__ = "torch.distributions.relaxed_categorical"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        batch_shape = self._categorical.batch_shape
        event_shape = Size(self._categorical.param_shape[-1:])
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(ExpRelaxedCategorical, _instance)
        batch_shape = as_size(batch_shape)
        new.temperature = self.temperature
        new._categorical = self._categorical.expand(batch_shape)
        return started(new, self, batch_shape, self._event_shape)

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._categorical._new(*args, **kwargs)

    @property
    def param_shape(self) -> Any:
        """The shape of what was given."""
        return self._categorical.param_shape

    @property
    def logits(self) -> Any:
        """The log probabilities."""
        return self._categorical.logits

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    def rsample(self, sample_shape: Any = ()) -> Any:
        """(logits - log(-log u)) / temperature, normalized."""
        shape = self._extended_shape(sample_shape)
        u = clamp_probs(torch.rand(shape, dtype=self.logits.dtype))
        gumbels = -torch.log(-torch.log(u))
        scores = (expand(self.logits, shape) + gumbels) / self.temperature
        return scores - torch.logsumexp(scores, dim=-1, keepdim=True)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density of vectors."""
        count = self._categorical._num_events
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        log_scale = torch.lgamma(torch.full_like(self.temperature, float(count))) - torch.mul(
            torch.log(self.temperature), -(count - 1)
        )
        score = logits - torch.mul(value, self.temperature)
        score = torch.sum(score - torch.logsumexp(score, dim=-1, keepdim=True), -1)
        return score + log_scale


class RelaxedOneHotCategorical(TransformedDistribution):
    """Vectors of the simplex, nearer to one-hot ones the lower the temperature."""

    __module__ = "torch.distributions.relaxed_categorical"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support = constraints.simplex
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(RelaxedOneHotCategorical, _instance)
        return super().expand(batch_shape, _instance=new)

    @property
    def temperature(self) -> Any:
        """How far from one-hot vectors."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The log probabilities."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self.base_dist.probs

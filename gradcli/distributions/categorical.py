"""The categorical distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import method, torch
from ..tensor import dtypes
from ..tensor.limits import finfo
from ..tensor.tensor import Size, numel, shape_of
from . import constraints
from .bernoulli import enumerated
from .distribution import Distribution, started
from .probabilities import check_one_given, given, share_param
from .utils import (
    as_dtype,
    as_size,
    expand,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
    rank,
    size,
)


class Categorical(Distribution):
    """Indices 0 to K - 1 with the probabilities along the last dimension.

    `probs` are normalized to sum 1, `logits` are log probabilities that need not be normalized.
    """

    __module__ = "torch.distributions.categorical"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        check_one_given(probs, logits)
        if probs is not None:
            if rank(probs) < 1:
                raise ValueError("`probs` parameter must be at least one-dimensional.")
            self.probs = probs / torch.sum(probs, -1, keepdim=True)
        else:
            if rank(logits) < 1:
                raise ValueError("`logits` parameter must be at least one-dimensional.")
            self.logits = logits - torch.logsumexp(logits, dim=-1, keepdim=True)
        self._param = self.probs if probs is not None else self.logits
        self._num_events = shape_of(self._param)[-1]
        super().__init__(Size(shape_of(self._param)[:-1]), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Categorical, _instance)
        batch_shape = as_size(batch_shape)
        for name in given(self):
            new.__dict__[name] = expand(self.__dict__[name], (*batch_shape, self._num_events))
        share_param(new, self)
        new._num_events = self._num_events
        return started(new, self, batch_shape)

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._param.new(*args, **kwargs)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """The indices."""
        return constraints.integer_interval(0, self._num_events - 1)

    @lazy_property
    def logits(self) -> Any:
        """The log probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Any:
        """The probabilities."""
        return logits_to_probs(self.logits)

    @property
    def param_shape(self) -> Any:
        """The shape of what was given."""
        return size(self._param)

    @property
    def mean(self) -> Any:
        """NaN: categories are not ordered."""
        return torch.full(self._extended_shape(), math.nan, dtype=self.probs.dtype)

    @property
    def mode(self) -> Any:
        """The likeliest index."""
        return torch.argmax(self.probs, dim=-1)

    @property
    def variance(self) -> Any:
        """NaN: categories are not ordered."""
        return torch.full(self._extended_shape(), math.nan, dtype=self.probs.dtype)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Indices, int64."""
        if not isinstance(sample_shape, Size):
            sample_shape = as_size(sample_shape)
        rows = method.reshape(self.probs, (-1, self._num_events))
        drawn = torch.multinomial(rows, numel(sample_shape), True)
        return method.reshape(torch.t(drawn), self._extended_shape(sample_shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability of indices."""
        if self._validate_args:
            self._validate_sample(value)
        value = torch.unsqueeze(as_dtype(value, dtypes.int64), -1)
        value, log_probs = torch.broadcast_tensors(value, self.logits)
        return torch.squeeze(torch.gather(log_probs, -1, value[..., :1]), -1)

    def entropy(self) -> Any:
        """-Σ p log p."""
        logits = torch.clamp(self.logits, min=finfo(self.logits.dtype).min)
        return -torch.sum(logits * self.probs, -1)

    def enumerate_support(self, expand: bool = True) -> Any:
        """All indices."""
        return enumerated(self, torch.arange(self._num_events, dtype=dtypes.int64), expand)

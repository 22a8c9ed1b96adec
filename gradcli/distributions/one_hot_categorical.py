"""Categorical distributions of one-hot vectors."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.leaf import detach
from ..table.public.functions import F, method, torch
from ..tensor.tensor import Size
from . import constraints
from .categorical import Categorical
from .distribution import Distribution, started
from .utils import as_dtype, as_size
from .utils import expand as expand_to


class OneHotCategorical(Distribution):
    """Vectors of one 1, at an index with the probabilities of `Categorical`."""

    __module__ = "torch.distributions.one_hot_categorical"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits)
        batch_shape = self._categorical.batch_shape
        event_shape = self._categorical.param_shape[-1:]
        super().__init__(batch_shape, Size(event_shape), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(OneHotCategorical, _instance)
        batch_shape = as_size(batch_shape)
        new._categorical = self._categorical.expand(batch_shape)
        return started(new, self, batch_shape, self._event_shape)

    def _new(self, *args: Any, **kwargs: Any) -> Any:
        return self._categorical._new(*args, **kwargs)

    @property
    def _param(self) -> Any:
        return self._categorical._param

    @property
    def probs(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """The log probabilities."""
        return self._categorical.logits

    @property
    def mean(self) -> Any:
        """The probabilities."""
        return self._categorical.probs

    @property
    def mode(self) -> Any:
        """The likeliest vector."""
        probs = self._categorical.probs
        return as_dtype(F.one_hot(torch.argmax(probs, dim=-1), self._event_shape[-1]), probs.dtype)

    @property
    def variance(self) -> Any:
        """p (1 - p)."""
        return self._categorical.probs * (1 - self._categorical.probs)

    @property
    def param_shape(self) -> Any:
        """The shape of what was given."""
        return self._categorical.param_shape

    def sample(self, sample_shape: Any = ()) -> Any:
        """Vectors, in the dtype of the probabilities."""
        probs = self._categorical.probs
        indices = self._categorical.sample(as_size(sample_shape))
        return as_dtype(F.one_hot(indices, self._categorical._num_events), probs.dtype)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability of vectors."""
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(torch.max(value, -1)[1])

    def entropy(self) -> Any:
        """-Σ p log p."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        """All vectors."""
        count = self._event_shape[0]
        batch = self._batch_shape
        values = torch.eye(count, dtype=self._param.dtype)
        values = method.view(values, (count, *(1,) * len(batch), count))
        return expand_to(values, (count, *batch, count)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """One-hot vectors with the gradient of the probabilities (Bengio et al., 2013)."""

    __module__ = "torch.distributions.one_hot_categorical"

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Vectors whose gradient goes to the probabilities."""
        samples = self.sample(sample_shape)
        probs = self._categorical.probs  # cached by the sample
        return samples + (probs - detach(probs))

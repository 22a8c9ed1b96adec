"""The geometric distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.leaf import detach
from ..autograd.modes import no_grad
from ..table.public.functions import F, method, torch
from ..tensor.dtypes import type_name
from ..tensor.limits import finfo
from ..tensor.tensor import shape_of
from . import constraints
from .distribution import Distribution, expanded
from .probabilities import Probability, batch_shape_of, check_one_given, given
from .utils import broadcast_all


class Geometric(Probability, Distribution):
    """The number of failures before the first success, of probability `probs`."""

    __module__ = "torch.distributions.geometric"

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

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
        if self._validate_args and probs is not None:
            value: Any = self.probs
            positive = value > 0
            if not torch.all(positive):
                invalid: Any = detach(value)
                raise ValueError(
                    "Expected parameter probs "
                    f"({type_name(value)} of shape {tuple(shape_of(value))}) "
                    f"of distribution {self!r} "
                    f"to be positive but found invalid values:\n{invalid[~positive]}"
                )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return expanded(self, Geometric, _instance, batch_shape, given(self))

    @property
    def mean(self) -> Any:
        """1 / p - 1."""
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        """0."""
        return torch.zeros_like(self.probs)

    @property
    def variance(self) -> Any:
        """(1 / p - 1) / p."""
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        """⌊log u / log(1 - p)⌋, u uniform."""
        shape = self._extended_shape(sample_shape)
        dtype = self.probs.dtype
        with no_grad():
            u = method.uniform_(torch.empty(shape, dtype=dtype), finfo(dtype).tiny, 1)
            return torch.floor(torch.log(u) / torch.log1p(-self.probs))

    def log_prob(self, value: Any) -> Any:
        """value log(1 - p) + log p."""
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        probs = torch.clone(probs)
        probs[(probs == 1) & (value == 0)] = 0
        return value * torch.log1p(-probs) + torch.log(self.probs)

    def entropy(self) -> Any:
        """That of one trial over p."""
        one = F.binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")
        return one / self.probs

"""The beta distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..table.public.functions import method, torch
from . import constraints
from .dirichlet import Dirichlet
from .distribution import started
from .exp_family import ExponentialFamily
from .utils import as_size, broadcast_all, is_number


class Beta(ExponentialFamily):
    """Numbers of (0, 1) with density x^(concentration1 - 1) (1 - x)^(concentration0 - 1) / B."""

    __module__ = "torch.distributions.beta"

    arg_constraints: ClassVar[Any] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        if is_number(concentration1) and is_number(concentration0):
            both = torch.tensor([float(concentration1), float(concentration0)])
        else:
            both = torch.stack(broadcast_all(concentration1, concentration0), -1)
        self._dirichlet = Dirichlet(both, validate_args=validate_args)
        super().__init__(self._dirichlet._batch_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Beta, _instance)
        batch_shape = as_size(batch_shape)
        new._dirichlet = self._dirichlet.expand(batch_shape)
        return started(new, self, batch_shape)

    @property
    def mean(self) -> Any:
        """c1 / (c1 + c0)."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Any:
        """That of the Dirichlet distribution of two."""
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Any:
        """c1 c0 / ((c1 + c0)² (c1 + c0 + 1))."""
        total = self.concentration1 + self.concentration0
        product = self.concentration1 * self.concentration0
        return product / (torch.pow(total, 2) * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """The first of two Dirichlet numbers."""
        return method.select(self._dirichlet.rsample(sample_shape), -1, 0)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return self._dirichlet.log_prob(torch.stack([value, 1.0 - value], -1))

    def entropy(self) -> Any:
        """That of the Dirichlet distribution of two."""
        return self._dirichlet.entropy()

    @property
    def concentration1(self) -> Any:
        """The power of x, plus 1."""
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Any:
        """The power of 1 - x, plus 1."""
        return self._dirichlet.concentration[..., 1]

    @property
    def _natural_params(self) -> Any:
        return self.concentration1, self.concentration0

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        return torch.lgamma(x) + torch.lgamma(y) - torch.lgamma(x + y)

"""The Kumaraswamy distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import torch
from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, PowerTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant, expand


def moment(a: Any, b: Any, n: int) -> Any:
    """E xⁿ = b B(1 + n / a, b)."""
    first = 1 + n / a
    return b * torch.exp(torch.lgamma(first) + torch.lgamma(b) - torch.lgamma(first + b))


class Kumaraswamy(TransformedDistribution):
    """Numbers of (0, 1) with distribution function 1 - (1 - x^a)^b (Kumaraswamy, 1980)."""

    __module__ = "torch.distributions.kumaraswamy"

    arg_constraints: ClassVar[Any] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        base = Uniform(
            torch.full_like(self.concentration0, 0),
            torch.full_like(self.concentration0, 1),
            validate_args=validate_args,
        )
        transforms = [
            PowerTransform(exponent=torch.reciprocal(self.concentration0)),
            AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=torch.reciprocal(self.concentration1)),
        ]
        super().__init__(base, transforms, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Kumaraswamy, _instance)
        new.concentration1 = expand(self.concentration1, batch_shape)
        new.concentration0 = expand(self.concentration0, batch_shape)
        return super().expand(batch_shape, _instance=new)

    @property
    def mean(self) -> Any:
        """The first moment."""
        return moment(self.concentration1, self.concentration0, 1)

    @property
    def mode(self) -> Any:
        """((a - 1) / (ab - 1))^(1/a), for a, b >= 1."""
        c1, c0 = self.concentration1, self.concentration0
        log_mode = torch.reciprocal(c0) * torch.log1p(-c0) - torch.log1p(-c0 * c1)
        log_mode[(c0 < 1) | (c1 < 1)] = math.nan
        return torch.exp(log_mode)

    @property
    def variance(self) -> Any:
        """The second moment less the square of the first."""
        second = moment(self.concentration1, self.concentration0, 2)
        return second - torch.pow(self.mean, 2)

    def entropy(self) -> Any:
        """1 - 1/b + (1 - 1/a) H(b) - log(ab), H the harmonic number."""
        t1 = 1 - torch.reciprocal(self.concentration1)
        t0 = 1 - torch.reciprocal(self.concentration0)
        harmonic = torch.digamma(self.concentration0 + 1) + euler_constant
        return t0 + t1 * harmonic - torch.log(self.concentration1) - torch.log(self.concentration0)

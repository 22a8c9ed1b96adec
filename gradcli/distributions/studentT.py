"""Student's t distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import torch
from . import constraints
from .chi2 import Chi2
from .distribution import Distribution, expanded
from .utils import broadcast_all, size, standard_normal


class StudentT(Distribution):
    """loc + scale * t, t a normal number over √(χ² / df) of `df` degrees of freedom."""

    __module__ = "torch.distributions.studentT"

    arg_constraints: ClassVar[Any] = {
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    @property
    def mean(self) -> Any:
        """`loc`, for df > 1."""
        mean = torch.clone(self.loc)
        mean[self.df <= 1] = math.nan
        return mean

    @property
    def mode(self) -> Any:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Any:
        """scale² df / (df - 2) for df > 2, infinite for df > 1."""
        variance = torch.clone(self.df)
        finite = self.df > 2
        df = self.df[finite]
        variance[finite] = torch.pow(self.scale[finite], 2) * df / (df - 2)
        variance[(self.df <= 2) & (self.df > 1)] = math.inf
        variance[self.df <= 1] = math.nan
        return variance

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(size(self.df), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = expanded(self, StudentT, _instance, batch_shape, ("df", "loc", "scale"))
        new._chi2 = self._chi2.expand(batch_shape)
        return new

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Normal numbers, then χ² numbers."""
        shape = self._extended_shape(sample_shape)
        normal = standard_normal(shape, self.df.dtype)
        chi2 = self._chi2.rsample(sample_shape)
        return self.loc + self.scale * (normal * torch.rsqrt(chi2 / self.df))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        y = (value - self.loc) / self.scale
        normalizer = (
            torch.log(self.scale)
            + 0.5 * torch.log(self.df)
            + 0.5 * math.log(math.pi)
            + torch.lgamma(0.5 * self.df)
            - torch.lgamma(0.5 * (self.df + 1.0))
        )
        return -0.5 * (self.df + 1.0) * torch.log1p(y**2.0 / self.df) - normalizer

    def entropy(self) -> Any:
        """(df + 1) (ψ((df + 1) / 2) - ψ(df / 2)) / 2 + log(√df B(df / 2, 1/2) scale)."""
        log_beta = (
            torch.lgamma(0.5 * self.df)
            + math.log(math.sqrt(math.pi))
            - torch.lgamma(0.5 * (self.df + 1))
        )
        slope = torch.digamma(0.5 * (self.df + 1)) - torch.digamma(0.5 * self.df)
        return (
            torch.log(self.scale)
            + 0.5 * (self.df + 1) * slope
            + 0.5 * torch.log(self.df)
            + log_beta
        )

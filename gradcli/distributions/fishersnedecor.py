"""Fisher's F distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import method, torch
from ..tensor.limits import finfo
from ..tensor.tensor import Size
from . import constraints
from .distribution import Distribution, expanded
from .gamma import Gamma
from .utils import broadcast_all, is_number, size


class FisherSnedecor(Distribution):
    """The ratio of two χ² numbers, each over its degrees of freedom `df1` and `df2`."""

    __module__ = "torch.distributions.fishersnedecor"

    arg_constraints: ClassVar[Any] = {
        "df1": constraints.positive,
        "df2": constraints.positive,
    }
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        self._gamma1 = Gamma(self.df1 * 0.5, self.df1)
        self._gamma2 = Gamma(self.df2 * 0.5, self.df2)
        plain = is_number(df1) and is_number(df2)
        super().__init__(Size() if plain else size(self.df1), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = expanded(self, FisherSnedecor, _instance, batch_shape, ("df1", "df2"))
        new._gamma1 = self._gamma1.expand(batch_shape)
        new._gamma2 = self._gamma2.expand(batch_shape)
        return new

    @property
    def mean(self) -> Any:
        """df2 / (df2 - 2), for df2 > 2."""
        df2 = method.clone(self.df2)
        df2[df2 <= 2] = math.nan
        return df2 / (df2 - 2)

    @property
    def mode(self) -> Any:
        """(df1 - 2) / df1 * df2 / (df2 + 2), for df1 > 2."""
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        mode[self.df1 <= 2] = math.nan
        return mode

    @property
    def variance(self) -> Any:
        """2 df2² (df1 + df2 - 2) / (df1 (df2 - 2)² (df2 - 4)), for df2 > 4."""
        df2 = method.clone(self.df2)
        df2[df2 <= 4] = math.nan
        return (
            2
            * torch.pow(df2, 2)
            * (self.df1 + df2 - 2)
            / (self.df1 * torch.pow(df2 - 2, 2) * (df2 - 4))
        )

    def rsample(self, sample_shape: Any = ()) -> Any:
        """The ratio of two gamma numbers."""
        shape = self._extended_shape(sample_shape)
        above = method.view(self._gamma1.rsample(sample_shape), shape)
        below = method.view(self._gamma2.rsample(sample_shape), shape)
        tiny = finfo(below.dtype).tiny
        method.clamp_(below, min=tiny)
        ratio = above / below
        method.clamp_(ratio, min=tiny)
        return ratio

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        half1, half2, ratio = self.df1 * 0.5, self.df2 * 0.5, self.df1 / self.df2
        beta = torch.lgamma(half1 + half2) - torch.lgamma(half1) - torch.lgamma(half2)
        power = half1 * torch.log(ratio) + (half1 - 1) * torch.log(value)
        tail = (half1 + half2) * torch.log1p(ratio * value)
        return beta + power - tail

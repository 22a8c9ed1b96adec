"""The Gumbel distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import torch
from ..tensor.limits import finfo
from . import constraints
from .transformed_distribution import TransformedDistribution
from .transforms import AffineTransform, ExpTransform
from .uniform import Uniform
from .utils import broadcast_all, euler_constant, expand, is_number


class Gumbel(TransformedDistribution):
    """loc - scale * log(-log u), u uniform in (0, 1)."""

    __module__ = "torch.distributions.gumbel"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = finfo(self.loc.dtype)
        low, high = limits.tiny, 1 - limits.eps
        if is_number(loc) and is_number(scale):
            base = Uniform(low, high, validate_args=validate_args)
        else:
            base = Uniform(
                torch.full_like(self.loc, low),
                torch.full_like(self.loc, high),
                validate_args=validate_args,
            )
        super().__init__(base, self._transforms(), validate_args=validate_args)

    def _transforms(self) -> list[Any]:
        return [
            ExpTransform().inv,
            AffineTransform(loc=0, scale=-torch.ones_like(self.scale)),
            ExpTransform().inv,
            AffineTransform(loc=self.loc, scale=-self.scale),
        ]

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Gumbel, _instance)
        new.loc = expand(self.loc, batch_shape)
        new.scale = expand(self.scale, batch_shape)
        return super().expand(batch_shape, _instance=new)

    def log_prob(self, value: Any) -> Any:
        """y - e^y - log scale, y = (loc - value) / scale."""
        if self._validate_args:
            self._validate_sample(value)
        y = (self.loc - value) / self.scale
        return (y - torch.exp(y)) - torch.log(self.scale)

    @property
    def mean(self) -> Any:
        """loc + γ scale."""
        return self.loc + self.scale * euler_constant

    @property
    def mode(self) -> Any:
        """`loc`."""
        return self.loc

    @property
    def stddev(self) -> Any:
        """π scale / √6."""
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Any:
        """π² scale² / 6."""
        return torch.pow(self.stddev, 2)

    def entropy(self) -> Any:
        """log scale + 1 + γ."""
        return torch.log(self.scale) + (1 + euler_constant)

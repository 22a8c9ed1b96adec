"""The Laplace distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..table.public.functions import method, torch
from ..tensor.limits import finfo
from ..tensor.tensor import Size
from . import constraints
from .distribution import Distribution, expanded
from .utils import broadcast_all, is_number, size


class Laplace(Distribution):
    """Density e^(-|x - loc| / scale) / (2 scale)."""

    __module__ = "torch.distributions.laplace"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    @property
    def mean(self) -> Any:
        """`loc`."""
        return self.loc

    @property
    def mode(self) -> Any:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Any:
        """2 scale²."""
        return 2 * torch.pow(self.scale, 2)

    @property
    def stddev(self) -> Any:
        """√2 scale."""
        return (2**0.5) * self.scale

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        plain = is_number(loc) and is_number(scale)
        super().__init__(Size() if plain else size(self.loc), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        return expanded(self, Laplace, _instance, batch_shape, ("loc", "scale"))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """loc - scale sign(u) log(1 - |u|), u uniform in (-1, 1)."""
        shape = self._extended_shape(sample_shape)
        dtype = self.loc.dtype
        u = method.uniform_(torch.empty(shape, dtype=dtype), finfo(dtype).eps - 1, 1)
        return self.loc - self.scale * torch.sign(u) * torch.log1p(-torch.abs(u))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return -torch.log(2 * self.scale) - torch.abs(value - self.loc) / self.scale

    def cdf(self, value: Any) -> Any:
        """1/2 - sign(d) (e^(-|d| / scale) - 1) / 2, d = value - loc."""
        if self._validate_args:
            self._validate_sample(value)
        distance = value - self.loc
        tail = torch.expm1(-torch.abs(distance) / self.scale)
        return 0.5 - 0.5 * torch.sign(distance) * tail

    def icdf(self, value: Any) -> Any:
        """The inverse of `cdf`."""
        term = value - 0.5
        return self.loc - self.scale * torch.sign(term) * torch.log1p(-2 * torch.abs(term))

    def entropy(self) -> Any:
        """1 + log(2 scale)."""
        return 1 + torch.log(2 * self.scale)

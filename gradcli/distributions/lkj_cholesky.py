"""The LKJ distribution of correlation matrices (Lewandowski, Kurowicka and Joe, 2009)."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import torch
from ..tensor.limits import finfo
from ..tensor.tensor import Size
from . import constraints
from .beta import Beta
from .distribution import Distribution, started
from .utils import as_size, broadcast_all, expand, size


class LKJCholesky(Distribution):
    """Cholesky factors of `dim` × `dim` correlation matrices R, density of R ~ det^(c - 1).

    Samples are made row by row: a beta number is the squared length of what is left of the
    diagonal, a normal vector its direction (the "onion" method). Raises ValueError for dim < 2.
    """

    __module__ = "torch.distributions.lkj_cholesky"

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.positive,
    }
    support = constraints.corr_cholesky

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        batch_shape, event_shape = size(self.concentration), as_size((dim, dim))
        marginal = self.concentration + 0.5 * (dim - 2)
        offset = torch.arange(dim - 1, dtype=self.concentration.dtype)
        offset = torch.cat([torch.zeros(1, dtype=offset.dtype), offset])
        concentration1 = offset + 0.5
        concentration0 = torch.unsqueeze(marginal, -1) - 0.5 * offset
        self._beta = Beta(concentration1, concentration0)
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(LKJCholesky, _instance)
        batch_shape = as_size(batch_shape)
        new.dim = self.dim
        new.concentration = expand(self.concentration, batch_shape)
        new._beta = self._beta.expand(Size((*batch_shape, self.dim)))
        return started(new, self, batch_shape, self._event_shape)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Lower triangular matrices."""
        y = torch.unsqueeze(self._beta.sample(sample_shape), -1)
        dtype = self.concentration.dtype
        with no_grad():
            normal = torch.tril(torch.randn(self._extended_shape(sample_shape), dtype=dtype), -1)
            direction = normal / torch.norm(normal, dim=-1, keepdim=True)
            direction[..., 0, :] = 0.0
        rows = torch.sqrt(y) * direction
        rest = torch.clamp(1 - torch.sum(rows**2, dim=-1), min=finfo(dtype).tiny)
        return rows + torch.diag_embed(torch.sqrt(rest))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density of factors, with the determinant of R = L Lᵀ."""
        if self._validate_args:
            self._validate_sample(value)
        diagonal = torch.diagonal(value, dim1=-1, dim2=-2)[..., 1:]
        order = torch.arange(2, self.dim + 1)
        order = 2 * torch.unsqueeze(self.concentration - 1, -1) + self.dim - order
        unnormalized = torch.sum(order * torch.log(diagonal), dim=-1)
        below = self.dim - 1
        alpha = self.concentration + 0.5 * below
        denominator = torch.lgamma(alpha) * below
        numerator = torch.mvlgamma(alpha - 0.5, below)
        constant = 0.5 * below * math.log(math.pi)
        return unnormalized - (constant + numerator - denominator)

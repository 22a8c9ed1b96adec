"""The Dirichlet distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.function import Function, once_differentiable
from ..table.public.functions import F, torch
from ..tensor.tensor import Size, shape_of
from . import constraints
from .distribution import started
from .exp_family import ExponentialFamily
from .utils import as_dtype, as_size, expand, rank


def _slope(x: Any, concentration: Any, grad: Any) -> Any:
    """The gradient of a concentration: each number is a beta number, and all sum to 1."""
    total = expand(torch.sum(concentration, -1, True), shape_of(concentration))
    slopes = torch._dirichlet_grad(x, concentration, total)
    return slopes * (grad - torch.sum(x * grad, -1, True))


class _Dirichlet(Function):
    """Dirichlet numbers with the gradients of their quantiles."""

    __module__ = "torch.distributions.dirichlet"

    @staticmethod
    def forward(ctx: Any, concentration: Any) -> Any:
        """Draw."""
        x = torch._sample_dirichlet(concentration)
        ctx.save_for_backward(x, concentration)
        return x

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Any) -> Any:
        """The gradient of the concentration."""
        x, concentration = ctx.saved_tensors
        return _slope(x, concentration, grad)


class Dirichlet(ExponentialFamily):
    """Vectors of the simplex with density ∏ x^(concentration - 1) / B(concentration)."""

    __module__ = "torch.distributions.dirichlet"

    arg_constraints: ClassVar[Any] = {
        "concentration": constraints.independent(constraints.positive, 1),
    }
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if rank(concentration) < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        shape = shape_of(concentration)
        self.concentration = concentration
        super().__init__(Size(shape[:-1]), Size(shape[-1:]), validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Dirichlet, _instance)
        batch_shape = as_size(batch_shape)
        new.concentration = expand(self.concentration, batch_shape + self._event_shape)
        return started(new, self, batch_shape, self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Gamma numbers over their sum; gradients are those of the marginal beta's quantiles."""
        shape = self._extended_shape(sample_shape)
        return _Dirichlet.apply(expand(self.concentration, shape))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density of vectors."""
        if self._validate_args:
            self._validate_sample(value)
        concentration = self.concentration
        return (
            torch.sum(torch.xlogy(concentration - 1.0, value), -1)
            + torch.lgamma(torch.sum(concentration, -1))
            - torch.sum(torch.lgamma(concentration), -1)
        )

    @property
    def mean(self) -> Any:
        """The concentration over its sum."""
        return self.concentration / torch.sum(self.concentration, -1, True)

    @property
    def mode(self) -> Any:
        """(c - 1) over its sum; the largest corner where all c < 1."""
        above = torch.clamp(self.concentration - 1, min=0.0)
        mode = above / torch.sum(above, -1, True)
        corners = torch.all(self.concentration < 1, dim=-1)
        largest = torch.argmax(mode[corners], dim=-1)
        mode[corners] = as_dtype(F.one_hot(largest, shape_of(above)[-1]), mode.dtype)
        return mode

    @property
    def variance(self) -> Any:
        """c (C - c) / (C² (C + 1)), C the sum of c."""
        total = torch.sum(self.concentration, -1, True)
        return (
            self.concentration * (total - self.concentration) / (torch.pow(total, 2) * (total + 1))
        )

    def entropy(self) -> Any:
        """log B(c) - (K - C) ψ(C) - Σ (c - 1) ψ(c)."""
        concentration = self.concentration
        count = shape_of(concentration)[-1]
        total = torch.sum(concentration, -1)
        return (
            torch.sum(torch.lgamma(concentration), -1)
            - torch.lgamma(total)
            - (count - total) * torch.digamma(total)
            - torch.sum((concentration - 1.0) * torch.digamma(concentration), -1)
        )

    @property
    def _natural_params(self) -> Any:
        return (self.concentration,)

    def _log_normalizer(self, x: Any) -> Any:
        return torch.sum(torch.lgamma(x), -1) - torch.lgamma(torch.sum(x, -1))

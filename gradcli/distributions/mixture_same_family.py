"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import method, torch
from ..tensor.runtime import speaking_once
from ..tensor.tensor import Size, shape_of
from . import constraints
from .categorical import Categorical
from .distribution import Distribution, started


class MixtureSameFamily(Distribution):
    """Values of the component that a categorical distribution picks.

    Components are the last dimension of the component distribution's batch. Raises ValueError for
    distributions that do not fit.
    """

    __module__ = "torch.distributions.mixture_same_family"

    arg_constraints: ClassVar[Any] = {}
    has_rsample = False

    def __init__(
        self,
        mixture_distribution: Any,
        component_distribution: Any,
        validate_args: bool | None = None,
    ) -> None:
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of "
                "torch.distributions.Distribution"
            )
        mixed = mixture_distribution.batch_shape
        batch_shape = component_distribution.batch_shape[:-1]
        for size1, size2 in zip(reversed(mixed), reversed(batch_shape), strict=False):
            if size1 != 1 and size2 != 1 and size1 != size2:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mixed}) is not compatible with "
                    f"`component_distribution.batch_shape`({batch_shape})"
                )
        count = shape_of(mixture_distribution.logits)[-1]
        components = component_distribution.batch_shape[-1]
        if count != components:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({components})"
            )
        self._num_component = count
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(Size(batch_shape), event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        batch_shape = Size(batch_shape)
        new = self._get_checked_instance(MixtureSameFamily, _instance)
        components = Size((*batch_shape, self._num_component))
        new._component_distribution = self._component_distribution.expand(components)
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._num_component = self._num_component
        new._event_ndims = self._event_ndims
        event_shape = new._component_distribution.event_shape
        return started(new, self, batch_shape, event_shape)

    @constraints.dependent_property
    def support(self) -> Any:
        """What is in the support of the components."""
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Any:
        """What picks a component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Any:
        """The components."""
        return self._component_distribution

    @property
    def mean(self) -> Any:
        """Σ pᵢ μᵢ."""
        probs = self._pad_mixture_dimensions(self.mixture_distribution.probs)
        return torch.sum(probs * self.component_distribution.mean, dim=-1 - self._event_ndims)

    @property
    def variance(self) -> Any:
        """The mean of the variances and the variance of the means."""
        dim = -1 - self._event_ndims
        probs = self._pad_mixture_dimensions(self.mixture_distribution.probs)
        within = torch.sum(probs * self.component_distribution.variance, dim=dim)
        distance = self.component_distribution.mean - self._pad(self.mean)
        return within + torch.sum(probs * torch.pow(distance, 2.0), dim=dim)

    def cdf(self, x: Any) -> Any:
        """Σ pᵢ Fᵢ(x)."""
        components = self.component_distribution.cdf(self._pad(x))
        return torch.sum(components * self.mixture_distribution.probs, dim=-1)

    def log_prob(self, x: Any) -> Any:
        """log Σ pᵢ fᵢ(x)."""
        if self._validate_args:
            self._validate_sample(x)
        components = self.component_distribution.log_prob(self._pad(x))
        mixture = torch.log_softmax(self.mixture_distribution.logits, dim=-1)
        return torch.logsumexp(components + mixture, dim=-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Samples of all components, of which one is kept."""
        with no_grad():
            event_shape = self._event_shape
            picked = self.mixture_distribution.sample(sample_shape)
            samples = self.component_distribution.sample(sample_shape)
            gather_dim = len(sample_shape) + len(self._batch_shape)
            index = method.reshape(picked, (*shape_of(picked), *(1,) * (len(event_shape) + 1)))
            index = method.repeat(index, (*(1,) * len(shape_of(picked)), 1, *event_shape))
            return torch.squeeze(torch.gather(samples, gather_dim, index), gather_dim)

    def _pad(self, x: Any) -> Any:
        return torch.unsqueeze(x, -1 - self._event_ndims)

    def _pad_mixture_dimensions(self, x: Any) -> Any:
        batch_ndims = len(self._batch_shape)
        mixed_ndims = len(self.mixture_distribution.batch_shape)
        padding = 0 if mixed_ndims == 1 else batch_ndims - mixed_ndims
        shape = shape_of(x)
        return method.reshape(
            x, (*shape[:-1], *(1,) * padding, *shape[-1:], *(1,) * self._event_ndims)
        )

    @speaking_once
    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
        )

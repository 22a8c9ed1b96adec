"""The von Mises distribution of angles."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..autograd.modes import no_grad
from ..table.public.functions import method, torch
from ..tensor import dtypes
from ..tensor.runtime import runtime
from ..tensor.tensor import Size
from . import constraints
from .distribution import Distribution
from .utils import as_dtype, as_size, broadcast_all, lazy_property, size

# Abramowitz and Stegun (1964), 9.8.1 to 9.8.4: I0 and I1 by polynomials of (x / 3.75)² and, for
# large x, 3.75 / x.
_SMALL = (
    (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.360768e-1, 0.45813e-2),
    (0.5, 0.87890594, 0.51498869, 0.15084934, 0.2658733e-1, 0.301532e-2, 0.32411e-3),
)
_LARGE = (
    (
        0.39894228,
        0.1328592e-1,
        0.225319e-2,
        -0.157565e-2,
        0.916281e-2,
        -0.2057706e-1,
        0.2635537e-1,
        -0.1647633e-1,
        0.392377e-2,
    ),
    (
        0.39894228,
        -0.3988024e-1,
        -0.362018e-2,
        0.163801e-2,
        -0.1031555e-1,
        0.2282967e-1,
        -0.2895312e-1,
        0.1787654e-1,
        -0.420059e-2,
    ),
)


def _polynomial(y: Any, coefficients: Any) -> Any:
    result = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        result = coefficient + y * result
    return result


def log_modified_bessel_fn(x: Any, order: int = 0) -> Any:
    """log Iₙ(x) for x > 0 and n = 0 or 1."""
    y = x / 3.75
    small = _polynomial(y * y, _SMALL[order])
    if order == 1:
        small = torch.abs(x) * small
    y = 3.75 / x
    large = x - 0.5 * torch.log(x) + torch.log(_polynomial(y, _LARGE[order]))
    return torch.where(x < 3.75, torch.log(small), large)


class VonMises(Distribution):
    """Angles around `loc` with density e^(concentration cos(x - loc)) / (2π I₀(concentration))."""

    __module__ = "torch.distributions.von_mises"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "concentration": constraints.positive,
    }
    support = constraints.real
    has_rsample = False

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(size(self.loc), Size(), validate_args)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density of angles."""
        if self._validate_args:
            self._validate_sample(value)
        log_prob = self.concentration * torch.cos(value - self.loc)
        return (
            log_prob - math.log(2 * math.pi) - log_modified_bessel_fn(self.concentration, order=0)
        )

    @lazy_property
    def _loc(self) -> Any:
        return as_dtype(self.loc, dtypes.float64)

    @lazy_property
    def _concentration(self) -> Any:
        return as_dtype(self.concentration, dtypes.float64)

    @lazy_property
    def _proposal_r(self) -> Any:
        kappa = self._concentration
        tau = 1 + torch.sqrt(1 + 4 * kappa**2)
        rho = (tau - torch.sqrt(2 * tau)) / (2 * kappa)
        proposal = (1 + rho**2) / (2 * rho)
        return torch.where(kappa < 1e-5, 1 / kappa + kappa, proposal)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Angles from -π to π, by rejection from a wrapped Cauchy (Best and Fisher, 1979)."""
        with no_grad():
            shape = self._extended_shape(sample_shape)
            loc, kappa, proposal = self._loc, self._concentration, self._proposal_r
            x = torch.empty(shape, dtype=loc.dtype)
            done = torch.zeros(shape, dtype=dtypes.bool_)
            while not torch.all(done):
                runtime.spend(1)
                u1, u2, u3 = torch.unbind(torch.rand((3, *shape), dtype=loc.dtype))
                z = torch.cos(math.pi * u1)
                f = (1 + proposal * z) / (proposal + z)
                c = kappa * (proposal - f)
                accept = ((c * (2 - c) - u2) > 0) | (torch.log(c / u2) + 1 - c >= 0)
                if torch.any(accept):
                    x = torch.where(accept, torch.sign(u3 - 0.5) * torch.acos(f), x)
                    done = done | accept
            angles = (x + math.pi + loc) % (2 * math.pi) - math.pi
            return as_dtype(angles, self.loc.dtype)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        validate_args = self.__dict__.get("_validate_args")
        shape = as_size(batch_shape)
        return type(self)(
            method.expand(self.loc, shape),
            method.expand(self.concentration, shape),
            validate_args=validate_args,
        )

    @property
    def mean(self) -> Any:
        """`loc`."""
        return self.loc

    @property
    def mode(self) -> Any:
        """`loc`."""
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The circular variance 1 - I₁ / I₀."""
        ratio = log_modified_bessel_fn(self.concentration, order=1) - log_modified_bessel_fn(
            self.concentration, order=0
        )
        return 1 - torch.exp(ratio)

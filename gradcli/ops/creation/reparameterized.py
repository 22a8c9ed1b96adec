"""Gamma and Dirichlet numbers, with the derivatives of their quantiles."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels import reparameterized as kernels
from ...table.dtype_rules import underivable, unwritten
from ...table.entry import ELEMENTWISE, op
from ...table.levels.randomness import over_batch
from ...table.lookup import get_op
from ...table.public.plain_functions import function
from ...tensor.tensor import Tensor, make
from .random_tensors import check_generator


def _drawn(self: Any, values: Any) -> Any:
    return np.broadcast_to(values, np.broadcast_shapes(np.shape(self), np.shape(values)))[()]


op(
    "_standard_gamma_grad(Tensor self, Tensor output)",
    kernel=lambda self, output: kernels.standard_gamma_grad(self, output),
    result=lambda self, output: self.dtype,
    **unwritten("_standard_gamma_grad", "self", "output"),
    node="StandardGammaGradBackward0",
    batching=ELEMENTWISE,
    where=("torch",),
    doc="How gamma numbers change with their concentrations.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S.edge(S.uniform(0.1, 3, 4), S.uniform(0.05, 0.7, 4)),
            S.edge(S.uniform(0.1, 7, 4), S.uniform(0.9, 9, 4)),
            S.edge(S.uniform(9, 12, 4), S.uniform(3, 18, 4)),
        ]
    ),
)
op(
    "_dirichlet_grad(Tensor x, Tensor alpha, Tensor total)",
    kernel=lambda x, alpha, total: kernels.dirichlet_grad(x, alpha, total),
    result=lambda x, alpha, total: x.dtype,
    **underivable("aten::_dirichlet_grad", "x", "alpha", "total"),
    batching=ELEMENTWISE,
    where=("torch",),
    doc="How Dirichlet numbers change with their concentrations.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S.edge(S.uniform(0.02, 0.2, 4), S.uniform(0.2, 2, 4), S.uniform(2.5, 4, 4)),
            S.edge(S.uniform(0.9, 0.98, 4), S.uniform(0.2, 2, 4), S.uniform(2.5, 4, 4)),
            S.edge(S.uniform(0.4, 0.6, 4), S.uniform(2, 5, 4), S.uniform(13, 15, 4)),
            S.edge(S.uniform(0.2, 0.8, 4), S.uniform(7, 9, 4), S.uniform(17, 20, 4)),
        ]
    ),
)
op(
    "_standard_gamma_drawn(Tensor self, Tensor values)",
    kernel=_drawn,
    vjp={"self": lambda F, g, self, out: g * F._standard_gamma_grad(self, out)},
    jvp={"self": lambda F, t, self, out: t * F._standard_gamma_grad(self, out)},
    node="StandardGammaBackward0",
    batching=ELEMENTWISE,
    where=(),
    doc="Gamma numbers that were drawn with concentrations.",
    samples=lambda S: (
        [] if S.dtype.is_complex else [S.edge(S.uniform(0.5, 3, 3), S.uniform(0.5, 3, 3))]
    ),
)
op(
    "_dirichlet_drawn(Tensor self, Tensor values)",
    kernel=_drawn,
    **underivable("aten::_sample_dirichlet", "self"),
    batching=ELEMENTWISE,
    where=(),
    doc="Dirichlet numbers that were drawn with concentrations.",
    samples=lambda S: (
        [] if S.dtype.is_complex else [S.edge(S.uniform(0.5, 3, 3), S.uniform(0.5, 3, 3))]
    ),
)


@function(
    "_standard_gamma(Tensor self, Generator? generator=None)",
    where=("torch",),
    mapped="draws",
    doc="Gamma random numbers of rate 1 with the given concentrations.",
)
@over_batch
def _standard_gamma(self: Tensor, generator: Any) -> Tensor:
    check_generator("_standard_gamma", generator)
    values = kernels.standard_gamma(self.array, self.dtype, generator=generator)
    drawn = make(values, self.dtype)
    return get_op("_standard_gamma_drawn").call(self, drawn)  # type: ignore[no-any-return]


@function(
    "_sample_dirichlet(Tensor self, Generator? generator=None)",
    where=("torch",),
    mapped="draws",
    doc="Random vectors of the simplex with the given concentrations.",
)
@over_batch
def _sample_dirichlet(self: Tensor, generator: Any) -> Tensor:
    check_generator("_sample_dirichlet", generator)
    values = kernels.dirichlet(self.array, self.dtype, generator=generator)
    drawn = make(values, self.dtype)
    return get_op("_dirichlet_drawn").call(self, drawn)  # type: ignore[no-any-return]

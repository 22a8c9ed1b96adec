"""Normal vectors with a covariance of low rank and a diagonal."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import linalg, torch
from ..tensor.tensor import Size, shape_of
from . import constraints
from .distribution import Distribution, started
from .multivariate_normal import batch_mv, half_log_det, mahalanobis
from .utils import as_size, expand, lazy_property, rank, size, standard_normal


def capacitance_tril(factor: Any, diagonal: Any) -> Any:
    """The Cholesky factor of 1 + Wᵀ D⁻¹ W, for (..., n, m) factors W and (..., n) diagonals D."""
    scaled = torch.transpose(factor, -2, -1) / torch.unsqueeze(diagonal, -2)
    product = torch.matmul(scaled, factor)
    identity = torch.eye(shape_of(factor)[-1], dtype=product.dtype)
    return linalg.cholesky(product + identity)


def lowrank_logdet(diagonal: Any, capacitance: Any) -> Any:
    """log det(W Wᵀ + D) by the matrix determinant lemma."""
    return 2 * half_log_det(capacitance) + torch.sum(torch.log(diagonal), -1)


def lowrank_mahalanobis(factor: Any, diagonal: Any, x: Any, capacitance: Any) -> Any:
    """xᵀ (W Wᵀ + D)⁻¹ x by Woodbury's identity."""
    scaled = torch.transpose(factor, -2, -1) / torch.unsqueeze(diagonal, -2)
    by_diagonal = torch.sum(torch.pow(x, 2) / diagonal, -1)
    return by_diagonal - mahalanobis(capacitance, batch_mv(scaled, x))


class LowRankMultivariateNormal(Distribution):
    """Vectors of mean `loc`, (..., n), and covariance W Wᵀ + D.

    W is `cov_factor`, (..., n, m), and D has the diagonal `cov_diag`, (..., n). Inverse and
    determinant need m × m matrices only. Raises ValueError for shapes that do not fit.
    """

    __module__ = "torch.distributions.lowrank_multivariate_normal"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None
    ) -> None:
        if rank(loc) < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event_shape = Size(shape_of(loc)[-1:])
        if rank(cov_factor) < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if shape_of(cov_factor)[-2:-1] != event_shape:
            raise ValueError(
                f"cov_factor must be a batch of matrices with shape {event_shape[0]} x m"
            )
        if shape_of(cov_diag)[-1:] != event_shape:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {event_shape}")
        try:
            columns, self.cov_factor, diagonal = torch.broadcast_tensors(
                torch.unsqueeze(loc, -1), cov_factor, torch.unsqueeze(cov_diag, -1)
            )
        except RuntimeError:
            raise ValueError(
                f"Incompatible batch shapes: loc {size(loc)}, cov_factor {size(cov_factor)}, "
                f"cov_diag {size(cov_diag)}"
            ) from None
        self.loc = columns[..., 0]
        self.cov_diag = diagonal[..., 0]
        batch_shape = Size(shape_of(self.loc)[:-1])
        self._unbroadcasted_cov_factor = cov_factor
        self._unbroadcasted_cov_diag = cov_diag
        self._capacitance_tril = capacitance_tril(cov_factor, cov_diag)
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(LowRankMultivariateNormal, _instance)
        batch_shape = as_size(batch_shape)
        loc_shape = batch_shape + self._event_shape
        new.loc = expand(self.loc, loc_shape)
        new.cov_diag = expand(self.cov_diag, loc_shape)
        new.cov_factor = expand(self.cov_factor, loc_shape + shape_of(self.cov_factor)[-1:])
        new._unbroadcasted_cov_factor = self._unbroadcasted_cov_factor
        new._unbroadcasted_cov_diag = self._unbroadcasted_cov_diag
        new._capacitance_tril = self._capacitance_tril
        return started(new, self, batch_shape, self._event_shape)

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
        """The diagonal of the covariance."""
        factor = torch.sum(torch.pow(self._unbroadcasted_cov_factor, 2), -1)
        return expand(factor + self._unbroadcasted_cov_diag, self._batch_shape + self._event_shape)

    def _in_batch(self, matrix: Any) -> Any:
        return expand(matrix, self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance, √D times that of 1 + √D⁻¹ W Wᵀ √D⁻¹."""
        roots = torch.unsqueeze(torch.sqrt(self._unbroadcasted_cov_diag), -1)
        scaled = self._unbroadcasted_cov_factor / roots
        product = torch.matmul(scaled, torch.transpose(scaled, -2, -1))
        identity = torch.eye(self._event_shape[0], dtype=product.dtype)
        return self._in_batch(roots * linalg.cholesky(product + identity))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """W Wᵀ + D."""
        factor = self._unbroadcasted_cov_factor
        product = torch.matmul(factor, torch.transpose(factor, -2, -1))
        return self._in_batch(product + torch.diag_embed(self._unbroadcasted_cov_diag))

    @lazy_property
    def precision_matrix(self) -> Any:
        """D⁻¹ - Aᵀ A, A = L⁻¹ Wᵀ D⁻¹ with the capacitance L Lᵀ."""
        diagonal = self._unbroadcasted_cov_diag
        scaled = torch.transpose(self._unbroadcasted_cov_factor, -2, -1)
        scaled = scaled / torch.unsqueeze(diagonal, -2)
        solved = linalg.solve_triangular(self._capacitance_tril, scaled, upper=False)
        inverse = torch.diag_embed(torch.reciprocal(diagonal))
        return self._in_batch(inverse - torch.matmul(torch.transpose(solved, -2, -1), solved))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """loc + W ε₁ + √D ε₂, both standard normal."""
        shape = self._extended_shape(sample_shape)
        dtype = self.loc.dtype
        few = standard_normal((*shape[:-1], shape_of(self.cov_factor)[-1]), dtype)
        many = standard_normal(shape, dtype)
        return (
            self.loc
            + batch_mv(self._unbroadcasted_cov_factor, few)
            + torch.sqrt(self._unbroadcasted_cov_diag) * many
        )

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density of vectors."""
        if self._validate_args:
            self._validate_sample(value)
        distance = lowrank_mahalanobis(
            self._unbroadcasted_cov_factor,
            self._unbroadcasted_cov_diag,
            value - self.loc,
            self._capacitance_tril,
        )
        log_det = lowrank_logdet(self._unbroadcasted_cov_diag, self._capacitance_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + log_det + distance)

    def entropy(self) -> Any:
        """(n (1 + log 2π) + log det) / 2."""
        log_det = lowrank_logdet(self._unbroadcasted_cov_diag, self._capacitance_tril)
        entropy = 0.5 * (self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + log_det)
        return expand(entropy, self._batch_shape) if self._batch_shape else entropy

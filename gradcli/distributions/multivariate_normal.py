"""The multivariate normal distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..table.public.functions import linalg, method, torch
from ..tensor.tensor import Size, shape_of
from . import constraints
from .distribution import Distribution, started
from .utils import as_size, expand, lazy_property, rank, standard_normal

ONE_OF_THREE = (
    "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
)


def batch_mv(matrices: Any, vectors: Any) -> Any:
    """Products of (..., n, m) matrices and (..., m) vectors."""
    return torch.squeeze(torch.matmul(matrices, torch.unsqueeze(vectors, -1)), -1)


def mahalanobis(lower: Any, x: Any) -> Any:
    """|L⁻¹ x|² for (..., n, n) Cholesky factors L and (..., n) vectors x."""
    if len(shape_of(lower)) == 2:  # all vectors are solved for at once
        columns = torch.t(method.reshape(x, (-1, shape_of(x)[-1])))
        solved = linalg.solve_triangular(lower, columns, upper=False)
        return method.reshape(torch.sum(torch.pow(solved, 2), -2), shape_of(x)[:-1])
    solved = linalg.solve_triangular(lower, torch.unsqueeze(x, -1), upper=False)
    return torch.sum(torch.pow(torch.squeeze(solved, -1), 2), -1)


def half_log_det(lower: Any) -> Any:
    """log det L of Cholesky factors."""
    return torch.sum(torch.log(torch.diagonal(lower, dim1=-2, dim2=-1)), -1)


def precision_to_scale_tril(precision: Any) -> Any:
    """The Cholesky factor of the inverse of a precision.

    With P flipped in rows and columns = M Mᵀ, the flipped M is upper triangular and P = U Uᵀ, so
    that L is the inverse of Uᵀ.
    """
    flipped = linalg.cholesky(torch.flip(precision, (-2, -1)))
    inverse = torch.transpose(torch.flip(flipped, (-2, -1)), -2, -1)
    identity = torch.eye(shape_of(precision)[-1], dtype=precision.dtype)
    return linalg.solve_triangular(inverse, identity, upper=False)


class MultivariateNormal(Distribution):
    """Vectors of mean `loc`, (..., n), with one of three (..., n, n) matrices.

    These are the covariance, its inverse, and the covariance's Cholesky factor, which is the
    fastest. Raises ValueError for shapes that do not fit.
    """

    __module__ = "torch.distributions.multivariate_normal"

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if rank(loc) < 1:
            raise ValueError("loc must be at least one-dimensional.")
        given = {
            "scale_tril": scale_tril,
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
        }
        given = {name: matrix for name, matrix in given.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError(ONE_OF_THREE)
        ((name, matrix),) = given.items()
        if rank(matrix) < 2:
            what = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(
                f"{what} must be at least two-dimensional, with optional leading batch dimensions"
            )
        batch_shape = torch.broadcast_shapes(shape_of(matrix)[:-2], shape_of(loc)[:-1])
        setattr(self, name, expand(matrix, (*batch_shape, -1, -1)))
        self.loc = expand(loc, (*batch_shape, -1))
        event_shape = Size(shape_of(self.loc)[-1:])
        super().__init__(as_size(batch_shape), event_shape, validate_args=validate_args)
        if scale_tril is not None:
            self._unbroadcasted_scale_tril = scale_tril
        elif covariance_matrix is not None:
            self._unbroadcasted_scale_tril = linalg.cholesky(covariance_matrix)
        else:
            self._unbroadcasted_scale_tril = precision_to_scale_tril(precision_matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(MultivariateNormal, _instance)
        batch_shape = as_size(batch_shape)
        loc_shape = batch_shape + self._event_shape
        new.loc = expand(self.loc, loc_shape)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        for name in ("covariance_matrix", "scale_tril", "precision_matrix"):
            if name in self.__dict__:
                new.__dict__[name] = expand(self.__dict__[name], loc_shape + self._event_shape)
        return started(new, self, batch_shape, self._event_shape)

    def _in_batch(self, matrix: Any) -> Any:
        return expand(matrix, self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of the covariance."""
        return self._in_batch(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance."""
        lower = self._unbroadcasted_scale_tril
        return self._in_batch(torch.matmul(lower, method.transpose(lower, -2, -1)))

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return self._in_batch(torch.cholesky_inverse(self._unbroadcasted_scale_tril))

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
        """The diagonal of the covariance."""
        diagonal = torch.sum(torch.pow(self._unbroadcasted_scale_tril, 2), -1)
        return expand(diagonal, self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """loc + L ε, ε standard normal."""
        noise = standard_normal(self._extended_shape(sample_shape), self.loc.dtype)
        return self.loc + batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density of vectors."""
        if self._validate_args:
            self._validate_sample(value)
        distance = mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        log_det = half_log_det(self._unbroadcasted_scale_tril)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - log_det

    def entropy(self) -> Any:
        """n (1 + log 2π) / 2 + log det L."""
        log_det = half_log_det(self._unbroadcasted_scale_tril)
        entropy = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + log_det
        return expand(entropy, self._batch_shape) if self._batch_shape else entropy

"""The Wishart distribution of positive definite matrices."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..table.public.functions import linalg, method, torch
from ..tensor.runtime import runtime
from ..tensor.tensor import Size, shape_of
from . import constraints
from .chi2 import Chi2
from .distribution import started
from .exp_family import ExponentialFamily
from .multivariate_normal import ONE_OF_THREE, half_log_det, precision_to_scale_tril
from .utils import as_size, expand, is_number, lazy_property, rank

_TRIES = 10  # how often singular samples are drawn again


def _mvdigamma(x: Any, p: int) -> Any:
    """The derivative of the logarithm of the multivariate gamma function."""
    steps = torch.div(torch.arange(p, dtype=x.dtype), 2)
    shape = (*shape_of(x), -1)
    return torch.sum(torch.digamma(torch.unsqueeze(x, -1) - expand(steps, shape)), -1)


class Wishart(ExponentialFamily):
    """Σ x xᵀ over `df` normal vectors x of covariance V, for any real df > n - 1.

    V is given as covariance, as its inverse, or as its Cholesky factor, (..., n, n). Raises
    ValueError for shapes that do not fit and for too few degrees of freedom.
    """

    __module__ = "torch.distributions.wishart"

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure: Any = 0

    @property
    def arg_constraints(self) -> Any:
        """The matrices, and how many degrees of freedom are needed."""
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        given = {
            "scale_tril": scale_tril,
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
        }
        given = {name: matrix for name, matrix in given.items() if matrix is not None}
        if len(given) != 1:
            raise AssertionError(ONE_OF_THREE)
        ((name, matrix),) = given.items()
        if rank(matrix) < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if is_number(df):
            batch_shape = Size(shape_of(matrix)[:-2])
            self.df = torch.tensor(df, dtype=matrix.dtype)
        else:
            batch_shape = Size(torch.broadcast_shapes(shape_of(matrix)[:-2], shape_of(df)))
            self.df = expand(df, batch_shape)
        event_shape = Size(shape_of(matrix)[-2:])
        if torch.any(torch.le(self.df, event_shape[-1] - 1)):
            raise ValueError(
                f"Value of df={df} expected to be greater than ndim - 1 = {event_shape[-1] - 1}."
            )
        setattr(self, name, expand(matrix, (*batch_shape, -1, -1)))
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        if torch.any(torch.lt(self.df, event_shape[-1])):
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for "
                "ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        if scale_tril is not None:
            self._unbroadcasted_scale_tril = scale_tril
        elif covariance_matrix is not None:
            self._unbroadcasted_scale_tril = linalg.cholesky(covariance_matrix)
        else:
            self._unbroadcasted_scale_tril = precision_to_scale_tril(precision_matrix)
        freedom = torch.unsqueeze(self.df, -1) - expand(
            torch.arange(event_shape[-1], dtype=self._unbroadcasted_scale_tril.dtype),
            (*batch_shape, -1),
        )
        self._batch_dims = [-(x + 1) for x in range(len(batch_shape))]
        self._dist_chi2 = Chi2(df=freedom)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with parameters seen in a larger batch."""
        new = self._get_checked_instance(Wishart, _instance)
        batch_shape = as_size(batch_shape)
        matrix_shape = batch_shape + self._event_shape
        new._unbroadcasted_scale_tril = expand(self._unbroadcasted_scale_tril, matrix_shape)
        new.df = expand(self.df, batch_shape)
        new._batch_dims = [-(x + 1) for x in range(len(batch_shape))]
        for name in ("covariance_matrix", "scale_tril", "precision_matrix"):
            if name in self.__dict__:
                new.__dict__[name] = expand(self.__dict__[name], matrix_shape)
        new._dist_chi2 = self._dist_chi2.expand(batch_shape + self._event_shape[-1:])
        return started(new, self, batch_shape, self._event_shape)

    def _in_batch(self, matrix: Any) -> Any:
        return expand(matrix, self._batch_shape + self._event_shape)

    @lazy_property
    def scale_tril(self) -> Any:
        """The Cholesky factor of V."""
        return self._in_batch(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """V."""
        lower = self._unbroadcasted_scale_tril
        return self._in_batch(torch.matmul(lower, torch.transpose(lower, -2, -1)))

    @lazy_property
    def precision_matrix(self) -> Any:
        """The inverse of V."""
        lower = self._unbroadcasted_scale_tril
        identity = torch.eye(self._event_shape[-1], dtype=lower.dtype)
        return self._in_batch(torch.cholesky_solve(identity, lower))

    def _matrix_wise(self, numbers: Any) -> Any:
        return method.view(numbers, (*self._batch_shape, 1, 1))

    @property
    def mean(self) -> Any:
        """df V."""
        return self._matrix_wise(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Any:
        """(df - n - 1) V, for df > n + 1."""
        factor = self.df - shape_of(self.covariance_matrix)[-1] - 1
        factor[factor <= 0] = math.nan
        return self._matrix_wise(factor) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        """df (Vᵢⱼ² + Vᵢᵢ Vⱼⱼ)."""
        covariance = self.covariance_matrix
        diagonal = torch.diagonal(covariance, dim1=-2, dim2=-1)
        outer = torch.einsum("...i,...j->...ij", diagonal, diagonal)
        return self._matrix_wise(self.df) * (torch.pow(covariance, 2) + outer)

    def _bartlett_sampling(self, sample_shape: Any = ()) -> Any:
        """L A Aᵀ Lᵀ with roots of χ² numbers on A's diagonal and normal ones below (1933)."""
        p = self._event_shape[-1]
        noise = torch.diag_embed(torch.sqrt(self._dist_chi2.rsample(sample_shape)))
        rows, columns = torch.tril_indices(p, p, offset=-1)
        below = as_size(sample_shape) + self._batch_shape + (p * (p - 1) // 2,)
        noise[..., rows, columns] = torch.randn(below, dtype=noise.dtype)
        lower = torch.matmul(self._unbroadcasted_scale_tril, noise)
        return torch.matmul(lower, torch.transpose(lower, -2, -1))

    def _any_in_batch(self, found: Any) -> Any:
        return torch.amax(found, self._batch_dims) if self._batch_dims else found

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Any:
        """Matrices by Bartlett's decomposition.

        As in PyTorch, samples that are positive definite are drawn once more, with a warning, and
        those that then are singular again, a few times.
        """
        tries = _TRIES if max_try_correction is None else max_try_correction
        sample = self._bartlett_sampling(as_size(sample_shape))
        again = self._any_in_batch(self.support.check(sample))
        if torch.any(again):
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(tries):
                runtime.spend(1)
                drawn = self._bartlett_sampling(Size(shape_of(again[again])))
                sample[again] = drawn
                singular = self._any_in_batch(torch.logical_not(self.support.check(drawn)))
                again[method.clone(again)] = singular
                if not torch.any(again):
                    break
        return sample

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density of matrices."""
        if self._validate_args:
            self._validate_sample(value)
        nu = self.df
        p = self._event_shape[-1]
        lower = self._unbroadcasted_scale_tril
        trace = torch.sum(
            torch.diagonal(torch.cholesky_solve(value, lower), dim1=-2, dim2=-1), dim=-1
        )
        return (
            -nu * (p * math.log(2) / 2 + half_log_det(lower))
            - torch.mvlgamma(nu / 2, p)
            + (nu - p - 1) / 2 * linalg.slogdet(value).logabsdet
            - trace / 2
        )

    def entropy(self) -> Any:
        """-E log density (Bishop, 2006, B.82)."""
        nu = self.df
        p = self._event_shape[-1]
        return (
            (p + 1) * (p * math.log(2) / 2 + half_log_det(self._unbroadcasted_scale_tril))
            + torch.mvlgamma(nu / 2, p)
            - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p)
            + nu * p / 2
        )

    @property
    def _natural_params(self) -> Any:
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x: Any, y: Any) -> Any:
        p = self._event_shape[-1]
        half = y + (p + 1) / 2
        return half * (-linalg.slogdet(-2 * x).logabsdet + math.log(2) * p) + torch.mvlgamma(
            half, p
        )

"""Orthogonal weights: a parametrization by a map from matrices to orthogonal matrices."""

from __future__ import annotations

from typing import Any

from ..autograd.leaf import data
from ..tensor.dtypes import int32
from ..tensor.limits import finfo
from ..tensor.runtime import runtime
from ..tensor.tensor import Size, Tensor, shape_of
from .functions import linalg, method, torch
from .module import Module, converted
from .parametrize import register_parametrization, weight_of

MAPS = ("matrix_exp", "cayley", "householder")


def _diagonal(x: Tensor) -> Any:
    return torch.diagonal(x, dim1=-2, dim2=-1)


def _is_orthogonal(q: Tensor) -> bool:
    rows, columns = shape_of(q)[-2:]
    product = torch.matmul(method.mH(q), q)
    close: bool = torch.allclose(
        product, torch.eye(columns, dtype=q.dtype), atol=10 * rows * finfo(q.dtype).eps
    )
    return close


def _orthogonal_basis(a: Tensor) -> Any:
    """The orthogonal factor of `a`, whose other factor has a positive diagonal."""
    x, tau = torch.geqrf(a)
    return torch.mul(
        linalg.householder_product(x, tau), torch.unsqueeze(torch.sgn(_diagonal(x)), -2)
    )


class _Orthogonal(Module):
    """Q from X: the exponential or the Cayley map of X - X^H, or Householder reflections.

    `base` is the weight that the parameter -I (or its first columns) stands for.
    """

    __module__ = "torch.nn.utils.parametrizations"
    base: Any

    def __init__(
        self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        if weight.dtype.is_complex and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = Size(shape_of(weight))
        self.orthogonal_map = orthogonal_map
        self.use_trivialization = use_trivialization
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Any:
        """The orthogonal matrices, or those with orthogonal rows or columns."""
        rows, columns = shape_of(X)[-2:]
        turned = rows < columns
        if turned:
            X = method.mT(X)
            rows, columns = columns, rows
        if self.orthogonal_map == "householder":
            Q = self._reflected(X)
        else:
            Q = self._mapped(torch.tril(X), rows, columns)
        if self.use_trivialization and self._buffers["base"] is not None:
            Q = torch.matmul(self._buffers["base"], Q)
        return method.mT(Q) if turned else Q

    def _reflected(self, X: Tensor) -> Any:
        A = torch.tril(X, -1)
        tau = torch.div(2.0, torch.add(torch.sum(torch.mul(A, A), -2), 1.0))
        signs = torch.unsqueeze(converted(_diagonal(X), int32), -2)
        return torch.mul(linalg.householder_product(A, tau), signs)

    def _mapped(self, X: Tensor, rows: int, columns: int) -> Any:
        if rows != columns:
            zeros = torch.zeros((*shape_of(X)[:-2], rows, rows - columns), dtype=X.dtype)
            X = torch.cat([X, zeros], -1)
        A = torch.sub(X, method.mH(X))
        if self.orthogonal_map == "matrix_exp":
            Q = torch.matrix_exp(A)
        else:
            eye = torch.eye(rows, dtype=A.dtype)
            Q = linalg.solve(torch.add(eye, A, alpha=-0.5), torch.add(eye, A, alpha=0.5))
        return torch.narrow(Q, -1, 0, columns) if rows != columns else Q

    def right_inverse(self, Q: Tensor) -> Any:
        """A parameter for the value `Q`; with `base` made orthogonal where it is not.

        Raises ValueError for another shape, NotImplementedError for maps without an inverse.
        """
        if Size(shape_of(Q)) != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of "
                f"shape {Size(shape_of(Q))}."
            )
        given = Q
        rows, columns = shape_of(Q)[-2:]
        turned = rows < columns
        if turned:
            Q = method.mT(Q)
            rows, columns = columns, rows
        if not self.use_trivialization:
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            A, tau = torch.geqrf(Q)
            signs = torch.sign(_diagonal(A))
            signs = torch.where(torch.eq(tau, 0), torch.neg(signs), signs)
            A = torch.diagonal_scatter(A, signs, 0, -2, -1)
            return method.mT(A) if turned else A
        if rows == columns:
            Q = torch.clone(Q) if _is_orthogonal(Q) else _orthogonal_basis(Q)
        else:
            drawn = torch.randn((*shape_of(Q)[:-2], rows, rows - columns), dtype=Q.dtype)
            Q = _orthogonal_basis(torch.cat([Q, drawn], -1))
        self._buffers["base"] = data(Q)
        return torch.sub(torch.zeros_like(given), torch.eye(*shape_of(given)[-2:], dtype=Q.dtype))


def orthogonal(
    module: Any,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Any:
    """Lezcano-Casado (2019): keep a matrix orthogonal, or its rows or columns.

    Raises ValueError for what is no matrix and for another map than `MAPS`.
    """
    weight = weight_of(module, name)
    shape = shape_of(weight)
    if len(shape) < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {len(shape)} dimensions."
        )
    if orthogonal_map is None:
        plain = shape[-2] == shape[-1] or weight.dtype.is_complex
        orthogonal_map = "matrix_exp" if plain else "householder"
    if orthogonal_map not in MAPS:
        listed = ", ".join(f'"{one}"' for one in MAPS)
        raise ValueError(
            f"orthogonal_map has to be one of {listed}. Got: {runtime.text(orthogonal_map)}"
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    register_parametrization(module, name, made, unsafe=True)
    return module

"""The order of dimensions: transpose, permute, movedim, adjoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...table.entry import LINEAR, op
from ...table.levels.batching import permuted, transposed
from ...table.lookup import get_op
from ...table.schema import Namespace
from ...table.shape_rules import shape_of_value, wrap_dim
from ...tensor.dtypes import Array
from ...tensor.notices import warn_once


def _transpose(self: Array, dim0: int, dim1: int) -> Array:
    rank = self.ndim
    dim0 = wrap_dim(dim0, rank)
    dim1 = wrap_dim(dim1, rank)
    return np.asarray(self).swapaxes(dim0, dim1) if rank else np.asarray(self)[...]


op(
    "transpose(Tensor self, Dim dim0, Dim dim1)",
    kernel=_transpose,
    vjp={"self": lambda F, g, dim0, dim1: F.transpose(g, dim0, dim1)},
    jvp=LINEAR,
    view=True,
    batching="shift",
    aliases=("swapaxes", "swapdims"),
    doc="Swaps two dimensions.",
    samples=lambda S: [S(S.normal(2, 3), 0, 1), S(S.normal(2, 3, 4), -1, 0), S(S.normal(), 0, 0)],
)


def _t(self: Array) -> Array:
    if self.ndim == 2:
        return self.T
    if self.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {self.ndim}D")
    return np.asarray(self).T


op(
    "t(Tensor self)",
    kernel=_t,
    vjp={"self": lambda F, g: F.t(g)},
    jvp=LINEAR,
    view=True,
    batching=transposed,
    doc="The transpose of a matrix; tensors of fewer dimensions stay as they are.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal(3)), S(S.normal())],
)


def _permute(self: Array, dims: Sequence[int]) -> Array:
    if len(dims) != self.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {self.ndim} is not "
            f"equal to len(dims) = {len(dims)}"
        )
    order = [wrap_dim(dim, self.ndim) for dim in dims]
    if len(set(order)) != len(order):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return np.asarray(self).transpose(order)


def inverse(dims: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes `dims`."""
    order = [dim % len(dims) for dim in dims]
    return tuple(sorted(range(len(order)), key=order.__getitem__))


op(
    "permute(Tensor self, Dim[]... dims)",
    kernel=_permute,
    vjp={"self": lambda F, g, dims: F.permute(g, inverse(dims))},
    jvp=LINEAR,
    view=True,
    batching=permuted,
    doc="Puts the dimensions in another order.",
    samples=lambda S: [S(S.normal(2, 3, 4), (2, 0, 1)), S(S.normal(2, 3), (-1, 0))],
)


def _movedim(F: Namespace, self: Any, source: Sequence[int], destination: Sequence[int]) -> Any:
    rank = len(shape_of_value(self))
    if len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)} dims) should "
            f"contain the same number of dims as destination ({list(destination)} dims)"
        )
    froms = [wrap_dim(dim, rank) for dim in source]
    tos = [wrap_dim(dim, rank) for dim in destination]
    for name, found, given in (("source", froms, source), ("destination", tos, destination)):
        if len(set(found)) != len(found):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    if not rank:
        return F.permute(self, ())
    order = [-1] * rank
    for start, end in zip(froms, tos, strict=True):
        order[end] = start
    rest = iter(dim for dim in range(rank) if dim not in froms)
    return F.permute(self, tuple(next(rest) if dim < 0 else dim for dim in order))


op(
    "movedim(Tensor self, Dim[] source, Dim[] destination)",
    composite=_movedim,
    aliases=("moveaxis",),
    doc="Moves dimensions to other places; the others keep their order.",
    samples=lambda S: [S(S.normal(2, 3, 4), 0, 2), S(S.normal(2, 3, 4), (0, 1), (-1, 0))],
)


def _numpy_t(F: Namespace, self: Any) -> Any:
    rank = len(shape_of_value(self))
    if rank == 0:
        warn_once(
            "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.",
        )
    elif rank != 2:
        warn_once(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
            "deprecated and it will throw an error in a future release. Consider `x.mT` to "
            "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to "
            "reverse the dimensions of a tensor.",
        )
    return F.permute(self, tuple(range(rank - 1, -1, -1)))


def _matrix(name: str, self: Any) -> int:
    rank = len(shape_of_value(self))
    if rank == 1:
        raise RuntimeError(
            f"tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return rank


def _transposed(F: Namespace, self: Any) -> Any:
    if _matrix("mT", self) == 0:
        _warn_identity("mT", "This function is the identity in these cases.")
        return self
    return F.transpose(self, -2, -1)


def _warn_identity(name: str, advice: str) -> None:
    warn_once(f"Tensor.{name} is deprecated on 0-D tensors. {advice}")


def _conjugated(F: Namespace, value: Any) -> Any:
    return get_op("conj").composite(F, value)


def _adjoint(F: Namespace, self: Any, name: str = "adjoint()") -> Any:
    if _matrix(name, self) == 0:
        _warn_identity(name.rstrip("()"), "Consider using x.conj().")
        return _conjugated(F, self)
    return _conjugated(F, F.transpose(self, -2, -1))


def _hermitian(F: Namespace, self: Any) -> Any:
    rank = len(shape_of_value(self))
    if rank == 0:
        _warn_identity("H", "Consider using x.conj().")
        return _conjugated(F, self)
    if rank != 2:
        batch = ". For batches of matrices, consider using tensor.mH" if rank > 2 else ""
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {rank}-D tensor{batch}"
            + ("" if rank > 2 else ".")
        )
    return _conjugated(F, F.transpose(self, 0, 1))


op(
    "adjoint(Tensor self)",
    composite=lambda F, self: _adjoint(F, self),
    doc="The last two dimensions swapped, and conjugated.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal(2, 3, 4))],
)
op(
    "numpy_T(Tensor self)",
    composite=_numpy_t,
    where=("Tensor",),
    doc="`x.T`: the dimensions in reverse order.",
    samples=lambda S: [S(S.normal(2, 3))],
)
op(
    "mT(Tensor self)",
    composite=_transposed,
    where=("Tensor",),
    doc="`x.mT`: the last two dimensions swapped.",
    samples=lambda S: [S(S.normal(2, 3)), S(S.normal(2, 3, 4))],
)
op(
    "H(Tensor self)",
    composite=_hermitian,
    where=("Tensor",),
    doc="`x.H`: the conjugate transpose of a matrix.",
    samples=lambda S: [S(S.normal(2, 3))],
)
op(
    "mH(Tensor self)",
    composite=lambda F, self: _adjoint(F, self, "mH"),
    where=("Tensor",),
    doc="`x.mH`: the conjugate transpose of a batch of matrices.",
    samples=lambda S: [S(S.normal(2, 2, 3))],
)

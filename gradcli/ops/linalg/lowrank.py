"""Approximate decompositions from a random basis of the range: Halko, Martinsson, Tropp (2011)."""

from __future__ import annotations

from typing import Any

from ...kernels import random
from ...table.entry import op
from ...table.levels.randomness import per_example
from ...table.schema import Namespace
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, make, shape_of
from .shared import adjoint


def _times(F: Namespace, A: Any, M: Any, other: Any) -> Any:
    """(A - M) times a matrix."""
    product = F.matmul(A, other)
    return product if M is None else F.sub(product, F.matmul(M, other))


def _basis(F: Namespace, A: Any, M: Any, q: int, niter: int) -> Any:
    """An orthonormal basis of what A - M makes of q random vectors, after `niter` power steps."""
    dtype = A.dtype

    def draw(shape: tuple[int, ...]) -> Tensor:
        return make(random.randn(shape, dtype), dtype)

    def flipped() -> Any:
        return None if M is None else adjoint(F, M)

    start = per_example((shape_of(A)[-1], q), draw)
    basis = F.linalg_qr(_times(F, A, M, start))[0]
    for _ in runtime.watched(range(niter)):
        runtime.spend(1)
        basis = F.linalg_qr(_times(F, adjoint(F, A), flipped(), basis))[0]
        basis = F.linalg_qr(_times(F, A, M, basis))[0]
    return basis


def _svd_lowrank(F: Namespace, A: Any, q: int | None, niter: int, M: Any) -> Any:
    if M is not None:
        M = F.expand(M, tuple(A.shape))
    rows, columns = shape_of(A)[-2:]
    if rows < columns:
        A = adjoint(F, A)
        M = None if M is None else adjoint(F, M)
    basis = _basis(F, A, M, 6 if q is None else q, niter)
    core = F.matmul(adjoint(F, basis), A)
    if M is not None:
        core = F.sub(core, F.matmul(adjoint(F, basis), M))
    left, values, right = F.linalg_svd(core, False)
    left, right = F.matmul(basis, left), adjoint(F, right)
    return (right, values, left) if rows < columns else (left, values, right)


def _pca_lowrank(F: Namespace, A: Any, q: int | None, center: bool, niter: int) -> Any:
    if len(shape_of(A)) < 2:
        raise ValueError(f"not enough values to unpack (expected 2, got {len(shape_of(A))})")
    least = min(shape_of(A)[-2:])
    if q is None:
        q = min(6, least)
    elif not 0 <= q <= least:
        raise ValueError(
            f"q(={q}) must be non-negative integer and not greater than min(m, n)={least}"
        )
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    if center:
        A = F.sub(A, F.mean_dim(A, (-2,), True))
    return _svd_lowrank(F, A, q, niter, None)


op(
    "svd_lowrank(Tensor A, int? q=6, int niter=2, Tensor? M=None)",
    composite=_svd_lowrank,
    outputs=3,
    where=("torch",),
    mapped="draws",
    doc="The largest singular values and vectors, approximately, from a random basis.",
    samples=lambda S: [S(S.normal(3))],
)
op(
    "pca_lowrank(Tensor A, int? q=None, bool center=True, int niter=2)",
    composite=_pca_lowrank,
    outputs=3,
    where=("torch",),
    mapped="draws",
    doc="The principal components, approximately, from a random basis.",
    samples=lambda S: [S(S.normal(3, 2), q=5)],
)

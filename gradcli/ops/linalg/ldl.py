"""LDL decompositions of symmetric and Hermitian matrices, and what is solved with them.

`A = L D L^H` after exchanges of rows and columns, with blocks of one and two rows on the diagonal
of D: J. Bunch and L. Kaufman, Some stable methods for calculating inertia and solving symmetric
linear systems (1977), with the pivots and the packing of LAPACK's lower form. PyTorch has no
derivatives of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...table.dtype_rules import underivable
from ...table.entry import op
from ...table.schema import Namespace
from ...tensor import dtypes
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, make, shape_of
from .shared import batch_leading, by_columns, check_floating, check_square

_ALPHA = (1 + math.sqrt(17)) / 8  # balances the growth of blocks of one and two rows


def _size(values: Any) -> Any:
    """The sizes that pivots are chosen by: of complex numbers the sum of those of the parts."""
    return np.abs(values.real) + np.abs(values.imag)


def _pivot(A: Any, k: int, hermitian: bool) -> tuple[int, int]:
    """The row to exchange with, and the size of the block; row -1 for a column of zeros."""
    own = abs(A[k, k].real) if hermitian else float(_size(A[k, k]))
    column = _size(A[k + 1 :, k])
    below = float(column.max(initial=0))
    if max(own, below) == 0:
        return -1, 1
    if own >= _ALPHA * below:
        return k, 1
    row = k + 1 + int(np.argmax(column))
    across = max(
        float(_size(A[row, k:row]).max(initial=0)),
        float(_size(A[row + 1 :, row]).max(initial=0)),
    )
    if own >= _ALPHA * below * (below / across):
        return k, 1
    other = abs(A[row, row].real) if hermitian else float(_size(A[row, row]))
    return row, 1 if other >= _ALPHA * across else 2


def _exchange(A: Any, k: int, first: int, second: int, hermitian: bool) -> None:
    """Exchange two rows and columns of what is left, in the lower triangle; first < second."""
    A[second + 1 :, [first, second]] = A[second + 1 :, [second, first]]
    between = A[first + 1 : second, first].copy()
    across = A[second, first + 1 : second].copy()
    A[first + 1 : second, first] = across.conj() if hermitian else across
    A[second, first + 1 : second] = between.conj() if hermitian else between
    if hermitian:
        A[second, first] = A[second, first].conj()
    A[first, first], A[second, second] = A[second, second], A[first, first]
    if first > k:
        A[first, k], A[second, k] = A[second, k], A[first, k]


def _eliminate(A: Any, k: int, block: int, hermitian: bool) -> None:
    """Take the columns of a block out of what is left."""
    rest = slice(k + block, None)
    columns = A[rest, k : k + block].copy()
    if not columns.size:
        return
    corner = np.tril(A[k : k + block, k : k + block])
    other = np.tril(corner, -1).T
    corner = corner + (other.conj() if hermitian else other)
    if hermitian:
        corner[np.diag_indices(block)] = corner.diagonal().real
    factors = columns @ np.linalg.inv(corner)
    mirrored = factors.conj().T if hermitian else factors.T
    A[rest, rest] -= np.tril(columns @ mirrored)
    A[rest, k : k + block] = factors


def _factor_one(matrix: Any, hermitian: bool) -> tuple[Any, Any, int]:
    A = np.tril(matrix).copy()
    size = len(A)
    pivots = np.zeros(size, np.int32)
    info = 0
    k = 0
    while k < size:
        runtime.check()
        row, block = _pivot(A, k, hermitian)
        if row < 0:
            info = info or k + 1
            row = k
        else:
            last = k + block - 1
            if row != last:
                _exchange(A, k, last, row, hermitian)
            _eliminate(A, k, block, hermitian)
        pivots[k : k + block] = row + 1 if block == 1 else -(row + 1)
        k += block
    return A, pivots, info


def _factored(name: str, self: Any, hermitian: bool, check: bool) -> tuple[Any, Any, Any]:
    hermitian = hermitian and self.dtype.kind == "c"
    packed = np.empty_like(self)
    pivots = np.empty(self.shape[:-1], np.int32)
    info = np.zeros(self.shape[:-2], np.int32)
    for index in runtime.watched(np.ndindex(self.shape[:-2])):
        packed[index], pivots[index], info[index] = _factor_one(self[index], hermitian)
    if check and np.any(info):
        raise RuntimeError(f"{name}: D has a block of zeros, so that nothing can be solved with it")
    return by_columns(packed), pivots, info[()]


def _check(self: Tensor, hermitian: bool, *rest: Any) -> None:
    check_square("torch.linalg.ldl_factor_ex", self)
    check_floating("torch.linalg.ldl_factor_ex", self)


def _symmetric(S: Any, size: int) -> Any:
    a = S.normal(size, size).array
    return S.tensor(a + a.T)


op(
    "linalg_ldl_factor_ex(Tensor self, *, bool hermitian=False, bool check_errors=False)",
    name="ldl_factor_ex",
    kernel=lambda self, hermitian, check_errors: _factored(
        "torch.linalg.ldl_factor_ex", self, hermitian, check_errors
    ),
    outputs=3,
    constant=(1, 2),
    fields=("LD", "pivots", "info"),
    keeps_layout=True,
    check=_check,
    batching=batch_leading,
    where=("linalg",),
    doc="The packed LDL decomposition with pivots, and where a pivot is zero.",
    samples=lambda S: [
        S.edge(_symmetric(S, 4)),
        S.edge(S.tensor([[0.0, 1.0, 2.0], [1.0, 0.0, 3.0], [2.0, 3.0, 0.0]]), hermitian=True),
        S.edge(S.normal(2, 3)),
    ],
    **underivable("aten::linalg_ldl_factor_ex", "self"),
)


def _factor(F: Namespace, self: Any, hermitian: bool) -> Any:
    packed, pivots, _ = F.linalg_ldl_factor_ex(self, hermitian=hermitian, check_errors=True)
    return packed, pivots


op(
    "linalg_ldl_factor(Tensor self, *, bool hermitian=False)",
    name="ldl_factor",
    composite=_factor,
    outputs=2,
    fields=("LD", "pivots"),
    where=("linalg",),
    doc="The packed LDL decomposition with pivots.",
    samples=lambda S: [S.edge(_symmetric(S, 3)), S.edge(S.normal(2, 3))],
)


def _solve_one(A: Any, pivots: Any, B: Any, hermitian: bool) -> Any:
    """Forward through the blocks with L and D, then backward with the mirrored L."""
    B = np.array(B)
    size = len(A)
    blocks = []
    k = 0
    while k < size:
        runtime.check()
        block = 1 if pivots[k] > 0 else 2
        last, row = k + block - 1, abs(int(pivots[k])) - 1
        if row != last:
            B[[last, row]] = B[[row, last]]
        columns = A[k + block :, k : k + block]
        B[k + block :] -= columns @ B[k : k + block]
        corner = np.tril(A[k : k + block, k : k + block])
        other = np.tril(corner, -1).T
        corner = corner + (other.conj() if hermitian else other)
        with np.errstate(divide="ignore", invalid="ignore"):
            B[k : k + block] = (
                np.linalg.solve(corner, B[k : k + block]) if block == 2 else B[k] / corner[0, 0]
            )
        blocks.append((k, block, last, row))
        k += block
    for k, block, last, row in runtime.watched(reversed(blocks)):
        columns = A[k + block :, k : k + block]
        mirrored = columns.conj().T if hermitian else columns.T
        B[k : k + block] -= mirrored @ B[k + block :]
        if row != last:
            B[[last, row]] = B[[row, last]]
    return B


def _solve(LD: Any, pivots: Any, B: Any, hermitian: bool) -> Any:
    hermitian = hermitian and LD.dtype.kind == "c"
    lead = np.broadcast_shapes(LD.shape[:-2], B.shape[:-2])
    A = np.broadcast_to(LD, (*lead, *LD.shape[-2:]))
    places = np.broadcast_to(pivots, (*lead, pivots.shape[-1]))
    right = np.broadcast_to(B, (*lead, *B.shape[-2:]))
    result = np.empty(right.shape, B.dtype)
    for index in runtime.watched(np.ndindex(lead)):
        result[index] = _solve_one(A[index], places[index], right[index], hermitian)
    return by_columns(result)


def _check_solve(LD: Tensor, pivots: Tensor, B: Tensor, hermitian: bool) -> None:
    name = "torch.linalg.ldl_solve"
    check_square(name, LD)
    check_floating(name, LD)
    if len(shape_of(B)) < 2:
        raise RuntimeError(
            f"{name}: Expected B to have at least 2 dimensions, but it has {len(shape_of(B))} "
            "dimensions instead"
        )
    if shape_of(B)[-2] != shape_of(LD)[-1]:
        raise RuntimeError(
            f"{name}: Incompatible matrix sizes for ldl_solve: each LD matrix is "
            f"{shape_of(LD)[-1]} by {shape_of(LD)[-1]} but each B matrix is {shape_of(B)[-2]} by "
            f"{shape_of(B)[-1]}"
        )
    if pivots.dtype.category != dtypes.INTEGER:
        raise RuntimeError(
            f"{name}: Expected pivots to be integers. Got {pivots.dtype.scalar_name}"
        )


def _pivots(*values: int) -> Any:
    return make(np.array(values, np.int32), dtypes.int32)


op(
    "linalg_ldl_solve(Tensor LD, Tensor pivots, Tensor B, *, bool hermitian=False)",
    name="ldl_solve",
    kernel=_solve,
    keeps_layout=True,
    check=_check_solve,
    where=("linalg",),
    doc="Solves with a symmetric matrix given by its LDL decomposition.",
    samples=lambda S: [
        S.edge(
            S.uniform(1, 2, 3, 3),
            make(np.array([-3, -3, 3], np.int32), dtypes.int32),
            S.normal(3, 2),
        ),
        S.edge(
            S.uniform(1, 2, 3, 3),
            make(np.array([1, 3, 3], np.int32), dtypes.int32),
            S.normal(2, 3, 1),
        ),
        S.edge(S.normal(2, 3), _pivots(1, 2), S.normal(2, 2)),
    ],
    **underivable("aten::linalg_ldl_solve", "LD", "B"),
)

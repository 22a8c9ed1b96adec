"""LU decompositions: their factors, packed or not, and what is solved with them.

`A = P L U`; packed, `L` (whose diagonal is one) and `U` share a matrix. The derivative of the
factors follows from `inverse(L) P^H dA inverse(U) = inverse(L) dL + dU inverse(U)`, whose terms are
strictly lower and upper triangular.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.refusals import blaming
from ...table.entry import op
from ...table.schema import Namespace
from ...tensor import dtypes
from ...tensor.dtypes import unsupported
from ...tensor.notices import warn_once
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, make, shape_of
from .matrix_functions import lu_of, permutation, substituted_lu
from .shared import adjoint, adjoint_array, batch_leading, by_columns

# --- pivots -----------------------------------------------------------------------------------


def _permutation(self: Any, pivots: Any, rows: int) -> Any:
    """The matrix P of A = P L U, in the dtype of `self`."""
    return permutation(pivots - 1, rows, self.dtype)


def _pivots(*values: int) -> Any:
    return make(np.array(values, np.int32), dtypes.int32)


op(
    "_pivot_matrix(Tensor self, Tensor pivots, int rows)",
    kernel=_permutation,
    where=(),
    doc="The permutation of rows that pivots stand for, in the dtype of `self`.",
    samples=lambda S: [S(S.normal(2), _pivots(2, 3, 3), 3)],
)


# --- derivatives ------------------------------------------------------------------------------


def _parts(F: Namespace, packed: Any) -> tuple[Any, Any]:
    """L and U of a packed matrix."""
    rows, columns = packed.shape[-2:]
    size = min(rows, columns)
    left = F.slice(packed, -1, 0, size)
    lower = F._triangle(left, False, -1)
    return lower + F._unit_like(left), F._triangle(F.slice(packed, -2, 0, size), True)


op(
    "_unit_like(Tensor self)",
    kernel=lambda self: np.broadcast_to(
        np.eye(*self.shape[-2:], dtype=self.dtype), self.shape
    ).copy(),
    where=(),
    batching=batch_leading,
    doc="Ones on the diagonal, zeros elsewhere, in the shape of `self`.",
    samples=lambda S: [S(S.normal(3, 2))],
)


def _slope(F: Namespace, gL: Any, gU: Any, L: Any, U: Any, P: Any) -> Any:
    """The derivative by A from those by L (below its diagonal) and U (on and above it)."""
    rows, columns = L.shape[-2], U.shape[-1]
    size = min(rows, columns)
    L1, U1 = F.slice(L, -2, 0, size), F.slice(U, -1, 0, size)
    gL1, gU1 = F.slice(gL, -2, 0, size), F.slice(gU, -1, 0, size)
    lower = F.matmul(adjoint(F, L1), gL1)
    upper = F.matmul(gU1, adjoint(F, U1))
    if columns > rows:
        gU2, U2 = F.slice(gU, -1, size, columns), F.slice(U, -1, size, columns)
        lower = lower - F.matmul(gU2, adjoint(F, U2))
    if rows > columns:
        gL2, L2 = F.slice(gL, -2, size, rows), F.slice(L, -2, size, rows)
        upper = upper - F.matmul(adjoint(F, L2), gL2)
    middle = F._triangle(lower, False, -1) + F._triangle(upper, True)
    inner = F._solve_triangular(adjoint(F, L1), middle, True, True, True)
    result = F._solve_triangular(adjoint(F, U1), inner, False, False)
    if columns > rows:
        right = F._solve_triangular(adjoint(F, L1), gU2, True, True, True)
        result = F.cat([result, right], -1)
    if rows > columns:
        below = F._solve_triangular(adjoint(F, U1), gL2, False, False)
        result = F.cat([result, below], -2)
    return F.matmul(P, result)


def _tangents(F: Namespace, t: Any, L: Any, U: Any, P: Any) -> tuple[Any, Any]:
    """The changes of L and U with A."""
    rows, columns = L.shape[-2], U.shape[-1]
    size = min(rows, columns)
    L1, U1 = F.slice(L, -2, 0, size), F.slice(U, -1, 0, size)
    moved = F.matmul(adjoint(F, P), t)
    first = F.slice(F.slice(moved, -1, 0, size), -2, 0, size)
    inner = F._solve_triangular(L1, first, False, True, True)
    inner = F._solve_triangular(U1, inner, True, False)
    strict, upper = F._triangle(inner, False, -1), F._triangle(inner, True)
    dL, dU = F.matmul(L1, strict), F.matmul(upper, U1)
    if columns > rows:
        rest = F._solve_triangular(L1, F.slice(moved, -1, size, columns), False, True, True)
        dU = F.cat([dU, rest - F.matmul(strict, F.slice(U, -1, size, columns))], -1)
    if rows > columns:
        rest = F.slice(moved, -2, size, rows) - F.matmul(F.slice(L, -2, size, rows), dU)
        dL = F.cat([dL, F._solve_triangular(U1, rest, True, False)], -2)
    return dL, dU


def _packed(F: Namespace, L: Any, U: Any) -> Any:
    """One matrix of what is below the diagonal of L and what is on and above that of U."""
    rows, columns = L.shape[-2], U.shape[-1]
    size = min(rows, columns)
    lower, upper = F._triangle(L, False, -1), F._triangle(U, True)
    if columns > rows:
        return F.cat([lower + F.slice(upper, -1, 0, size), F.slice(upper, -1, size, columns)], -1)
    if rows > columns:
        return F.cat([F.slice(lower, -2, 0, size) + upper, F.slice(lower, -2, size, rows)], -2)
    return lower + upper


# --- the decomposition ------------------------------------------------------------------------


def _check(name: str) -> Any:
    def check(A: Tensor, pivot: bool = True, *rest: Any) -> None:
        shape = shape_of(A)
        if len(shape) < 2:
            raise RuntimeError(
                f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(shape)} "
                "instead"
            )
        if A.dtype.category < dtypes.FLOATING or not A.dtype.raw:
            raise unsupported("lu_cpu", A.dtype)
        if not pivot:
            raise RuntimeError(
                "linalg.lu_factor: LU without pivoting is not implemented on the CPU"
            )

    return check


def _factored(A: Any) -> tuple[Any, Any, Any]:
    """The packed factors, the one-based pivots and the place of the first zero pivot."""
    rows, columns = A.shape[-2:]
    lead = A.shape[:-2]
    packed, pivots = lu_of(A.reshape(math.prod(lead), rows, columns))
    zero = np.diagonal(packed, 0, 1, 2) == 0
    first = np.where(zero.any(1), np.argmax(zero, 1) + 1, 0) if zero.size else np.zeros(len(packed))
    return (
        by_columns(packed.reshape(A.shape)),
        (pivots + 1).astype(np.int32).reshape(*lead, min(rows, columns)),
        first.astype(np.int32).reshape(lead)[()],
    )


def _factor(name: str, A: Any, check_errors: bool) -> Any:
    packed, pivots, info = _factored(A)
    if check_errors and np.any(info):
        index = next(i for i in np.ndindex(np.shape(info)) if np.asarray(info)[i])
        place = f"(Batch element {index[0]}): " if index else ""
        at = np.asarray(info)[index]
        error = RuntimeError(
            f"torch.linalg.{name}: {place}U[{at},{at}] is zero and using it on lu_solve would "
            "result in a division by zero. If you still want to perform the factorization, "
            f"consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )
        raise blaming(error, lambda: info != 0)
    return packed, pivots, info


def _factor_slope(F: Namespace, g: Any, out0: Any, out1: Any) -> Any:
    L, U = _parts(F, out0)
    rows, columns = out0.shape[-2:]
    size = min(rows, columns)
    gL = F._triangle(F.slice(g, -1, 0, size), False, -1)
    gU = F._triangle(F.slice(g, -2, 0, size), True)
    return _slope(F, gL, gU, L, U, F._pivot_matrix(g, out1, rows))


def _factor_tangent(F: Namespace, t: Any, out0: Any, out1: Any) -> Any:
    L, U = _parts(F, out0)
    dL, dU = _tangents(F, t, L, U, F._pivot_matrix(t, out1, out0.shape[-2]))
    return _packed(F, dL, dU), None, None


op(
    "linalg_lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False)",
    name="lu_factor_ex",
    kernel=lambda A, pivot, check_errors: _factor("lu_factor_ex", A, check_errors),
    vjp={"A": _factor_slope},
    jvp={"A": _factor_tangent},
    outputs=3,
    constant=(1, 2),
    fields=("LU", "pivots", "info"),
    keeps_layout=True,
    check=_check("torch.lu_factor"),
    batching=batch_leading,
    node="LinalgLuFactorExBackward0",
    shows={"out0": "LU", "out1": "pivots"},
    where=("linalg",),
    doc="The packed LU decomposition with pivots, and where a pivot is zero.",
    samples=lambda S: [
        S(S.normal(3, 3)),
        S(S.normal(2, 2, 3)),
        S(S.normal(3, 2)),
        S(S.tensor([[1.0, 2.0], [2.0, 4.0]]), check_errors=True),
        S(S.normal(3)),
        S(S.normal(2, 2), pivot=False),
    ],
)
op(
    "_lu_factor(Tensor A)",
    kernel=lambda A: _factor("lu_factor", A, True),
    vjp={"A": _factor_slope},
    jvp={"A": _factor_tangent},
    outputs=3,
    constant=(1, 2),
    keeps_layout=True,
    batching=batch_leading,
    node="LinalgLuFactorExBackward0",
    shows={"out0": "LU", "out1": "pivots"},
    where=(),
    doc="The kernel of `lu_factor`.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.tensor([[1.0, 2.0], [2.0, 4.0]]))],
)


def _lu_factor(F: Namespace, A: Any, pivot: bool) -> Any:
    if type(A) is Tensor:
        _check("torch.lu_factor")(A, pivot)
    packed, pivots, _ = F._lu_factor(A)
    return packed, pivots


op(
    "linalg_lu_factor(Tensor A, *, bool pivot=True)",
    name="lu_factor",
    composite=_lu_factor,
    outputs=2,
    fields=("LU", "pivots"),
    where=("linalg",),
    doc="The packed LU decomposition with pivots.",
    samples=lambda S: [
        S(S.normal(3, 3)),
        S(S.normal(2, 3, 2)),
        S(S.tensor([[1.0, 2.0], [2.0, 4.0]])),
        S(S.normal(3)),
    ],
)


def _lu(F: Namespace, A: Any, pivot: bool, get_infos: bool) -> Any:
    warn_once(
        "torch.lu is deprecated in favor of torch.linalg.lu_factor / torch.linalg.lu_factor_ex and "
        "will be removed in a future PyTorch release.\nLU, pivots = torch.lu(A, compute_pivots)\n"
        "should be replaced with\nLU, pivots = torch.linalg.lu_factor(A, compute_pivots)\nand\n"
        "LU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)\nshould be replaced with\n"
        "LU, pivots, info = torch.linalg.lu_factor_ex(A, compute_pivots)"
    )
    found = F.linalg_lu_factor_ex(A, pivot=pivot)
    return tuple(found) if get_infos else (found[0], found[1])


op(
    "lu(Tensor A, bool pivot=True, bool get_infos=False)",
    composite=_lu,
    outputs=0,
    prelude="",
    doc="The packed LU decomposition with pivots.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(3, 2), get_infos=True)],
)


def _unpack(packed: Any, pivots: Any) -> tuple[Any, Any, Any]:
    rows, columns = packed.shape[-2:]
    size = min(rows, columns)
    runtime.reserve(packed.nbytes // max(columns, 1) * rows)  # the permutation
    lower = np.tril(packed[..., :size], -1)
    lower[..., np.arange(size), np.arange(size)] = 1
    return _permutation(packed, pivots, rows), lower, np.triu(packed[..., :size, :])


def _three(A: Any) -> tuple[Any, Any, Any]:
    packed, pivots, _ = _factored(A)
    return _unpack(np.ascontiguousarray(packed), pivots)


op(
    "linalg_lu(Tensor A, *, bool pivot=True)",
    name="lu",
    kernel=lambda A, pivot: _three(A),
    vjp={"A": lambda F, g, out0, out1, out2: _lu_slope(F, g, out0, out1, out2)},
    jvp={"A": lambda F, t, out0, out1, out2: (None, *_tangents(F, t, out1, out2, out0))},
    outputs=3,
    constant=(0,),
    fields=("P", "L", "U"),
    check=_check("linalg.lu"),
    batching=batch_leading,
    node="LinalgLuBackward0",
    shows={"out0": "P", "out1": "L", "out2": "U"},
    where=("linalg",),
    doc="A permutation, a unit lower and an upper triangular factor.",
    samples=lambda S: [
        S(S.normal(3, 3)),
        S(S.normal(3, 2)),
        S(S.normal(2, 2, 3)),
        S(S.normal(3)),
        S(S.normal(2, 2), pivot=False),
    ],
)


def _lu_slope(F: Namespace, g: Any, P: Any, L: Any, U: Any) -> Any:
    gL, gU = g[-2:]
    return _slope(F, F._triangle(gL, False, -1), F._triangle(gU, True), L, U, P)


# --- unpacking --------------------------------------------------------------------------------


def _unpacked(
    LU_data: Any, LU_pivots: Any, unpack_data: bool, unpack_pivots: bool
) -> tuple[Any, Any, Any]:
    size = min(LU_data.shape[-2:])
    P, L, U = _unpack(LU_data, LU_pivots if unpack_pivots else np.arange(1, size + 1))
    nothing = np.zeros((0,), LU_data.dtype)
    return (
        P if unpack_pivots else nothing,
        *((L, U) if unpack_data else (nothing, nothing.copy())),
    )


def _check_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool, unpack_pivots: bool
) -> None:
    if len(shape_of(LU_data)) < 2:
        raise RuntimeError(
            "torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: "
            f"{list(shape_of(LU_data))} instead"
        )
    if not unpack_pivots:
        return
    if LU_pivots.dtype is not dtypes.int32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype."
        )
    rows = shape_of(LU_data)[-2]
    pivots = np.asarray(LU_pivots.array)
    if not pivots.ndim or (pivots.size and (pivots.min() < 1 or pivots.max() > rows)):
        raise RuntimeError(
            "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive.Did you "
            "properly pass the result of lu_factor?"
        )


def _unpack_slope(F: Namespace, g: Any, LU_data_shape: Any, unpack_data: bool) -> Any:
    gL, gU = g[-2:]
    if not unpack_data:
        return F.zeros_like_shape(gL, tuple(LU_data_shape))
    return _packed(F, gL, gU)


def _unpack_tangent(F: Namespace, t: Any, unpack_data: bool) -> Any:
    rows, columns = t.shape[-2:]
    size = min(rows, columns)
    if not unpack_data:
        nothing = F.zeros_like_shape(t, (0,))
        return None, nothing, nothing
    return (
        None,
        F._triangle(F.slice(t, -1, 0, size), False, -1),
        F._triangle(F.slice(t, -2, 0, size), True),
    )


op(
    "lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True)",
    kernel=_unpacked,
    vjp={"LU_data": _unpack_slope},
    jvp={"LU_data": _unpack_tangent},
    outputs=3,
    constant=(0,),
    fields=("P", "L", "U"),
    check=_check_unpack,
    where=("torch",),
    prelude="",
    doc="The three factors of a packed LU decomposition.",
    samples=lambda S: [
        S(S.normal(3, 3), _pivots(2, 3, 3)),
        S(S.normal(2, 3), _pivots(2, 2)),
        S(S.normal(3, 2), _pivots(3, 2)),
        S(S.normal(2, 2), _pivots(1, 2), unpack_pivots=False),
        S(S.normal(2, 2), _pivots(1, 3)),
    ],
)


# --- solving ----------------------------------------------------------------------------------


def _solved(LU: Any, pivots: Any, B: Any, left: bool, adjoint: bool) -> Any:
    P = _permutation(LU, pivots, LU.shape[-1])
    if left:
        return by_columns(substituted_lu(LU, P, B, adjoint))
    flipped = substituted_lu(LU, P, adjoint_array(B), not adjoint)
    return np.array(adjoint_array(flipped), order="C")


def _by_packed(F: Namespace, full: Any, LU: Any, pivots: Any) -> Any:
    """The derivative by the packed factors from that by the matrix they make."""
    L, U = _parts(F, LU)
    moved = F.matmul(adjoint(F, F._pivot_matrix(full, pivots, LU.shape[-1])), full)
    lower = F.matmul(moved, adjoint(F, U))
    upper = F.matmul(adjoint(F, L), moved)
    return F._triangle(lower, False, -1) + F._triangle(upper, True)


def _solve_lu(
    F: Namespace, g: Any, LU: Any, pivots: Any, out: Any, left: bool, adjoint_: bool
) -> Any:
    change = F.linalg_lu_solve(LU, pivots, g, left=left, adjoint=not adjoint_)
    if left:
        one, other = (out, change) if adjoint_ else (change, out)
        full = F.matmul(one, adjoint(F, other))
    else:
        one, other = (change, out) if adjoint_ else (out, change)
        full = F.matmul(adjoint(F, one), other)
    return -_by_packed(F, full, LU, pivots)


def _solve_lu_tangent(
    F: Namespace, t: Any, LU: Any, pivots: Any, out: Any, left: bool, adjoint_: bool
) -> Any:
    L, U = _parts(F, LU)
    dL, dU = F._triangle(t, False, -1), F._triangle(t, True)
    P = F._pivot_matrix(t, pivots, LU.shape[-1])
    change = F.matmul(P, F.matmul(dL, U) + F.matmul(L, dU))
    change = adjoint(F, change) if adjoint_ else change
    moved = F.matmul(change, out) if left else F.matmul(out, change)
    return -F.linalg_lu_solve(LU, pivots, moved, left=left, adjoint=adjoint_)


def _check_lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, left: bool, adjoint: bool) -> None:
    name = "linalg.lu_solve"
    a, b = shape_of(LU), shape_of(B)
    if len(a) < 2:
        raise RuntimeError(f"{name}: The input tensor LU must have at least 2 dimensions.")
    if a[-1] != a[-2]:
        raise RuntimeError(
            f"torch.{name}: A must be batches of square matrices, but they are {a[-2]} by {a[-1]} "
            "matrices"
        )
    if len(b) < 2:
        raise RuntimeError(f"{name}: The input tensor B must have at least 2 dimensions.")
    if LU.dtype is not B.dtype:
        raise RuntimeError(
            f"{name}: Expected LU and B to have the same dtype, but found LU of type "
            f"{LU.dtype.scalar_name} and B of type {B.dtype.scalar_name} instead"
        )
    if pivots.dtype is not dtypes.int32:
        raise RuntimeError(f"{name}: pivots should be a Tensor of scalar type torch.int32")
    if (a[-1] != b[-2]) if left else (a[-1] != b[-1]):
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({a[-2]}x{a[-1]} and {b[-2]}x{b[-1]})"
        )


op(
    "linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False)",
    name="lu_solve",
    kernel=_solved,
    vjp={
        "LU": lambda F, g, LU, pivots, out, left, adjoint: _solve_lu(
            F, g, LU, pivots, out, left, adjoint
        ),
        "B": lambda F, g, LU, pivots, left, adjoint: F.linalg_lu_solve(
            LU, pivots, g, left=left, adjoint=not adjoint
        ),
    },
    jvp={
        "LU": lambda F, t, LU, pivots, out, left, adjoint: _solve_lu_tangent(
            F, t, LU, pivots, out, left, adjoint
        ),
        "B": lambda F, t, LU, pivots, left, adjoint: F.linalg_lu_solve(
            LU, pivots, t, left=left, adjoint=adjoint
        ),
    },
    keeps_layout=True,
    check=_check_lu_solve,
    node="LinalgLuSolveBackward0",
    where=("linalg",),
    doc="Solves with a matrix given by its LU decomposition.",
    samples=lambda S: [
        S(S.uniform(1, 2, 3, 3), _pivots(2, 3, 3), S.normal(3, 2)),
        S(S.uniform(1, 2, 2, 2), _pivots(1, 2), S.normal(3, 2, 1), adjoint=True),
        S(S.uniform(1, 2, 2, 2), _pivots(2, 2), S.normal(1, 2), left=False),
        S(S.uniform(1, 2, 2, 2), _pivots(2, 2), S.normal(1, 2), left=False, adjoint=True),
        S(S.normal(2, 2), _pivots(2, 2), S.normal(3, 2)),
        S(S.normal(2, 3), _pivots(2, 2), S.normal(2, 2)),
    ],
)


def _old_lu_solve(F: Namespace, self: Any, LU_data: Any, LU_pivots: Any) -> Any:
    warn_once(
        "torch.lu_solve is deprecated in favor of torch.linalg.lu_solveand will be removed in a "
        "future PyTorch release.\nNote that torch.linalg.lu_solve has its arguments reversed.\n"
        "X = torch.lu_solve(B, LU, pivots)\nshould be replaced with\n"
        "X = torch.linalg.lu_solve(LU, pivots, B)"
    )
    return F.linalg_lu_solve(LU_data, LU_pivots, self)


op(
    "lu_solve(Tensor self, Tensor LU_data, Tensor LU_pivots)",
    composite=_old_lu_solve,
    prelude="",
    doc="Solves with a matrix given by its LU decomposition.",
    samples=lambda S: [S(S.normal(3, 2), S.uniform(1, 2, 3, 3), _pivots(2, 3, 3))],
)

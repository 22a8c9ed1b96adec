"""Equations in tensors, solvers that report instead of raising, and inverses from factors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import wrap_dims
from ...tensor import dtypes
from ...tensor.notices import warn_once
from ...tensor.tensor import Tensor, shape_of
from .decompositions import (
    bad_minor,
    cholesky,
    cholesky_slope,
    cholesky_tangent,
    from_lower,
    positive,
)
from .matrix_functions import (
    check_solve,
    inverse_array,
    solve,
    solve_a,
    solve_a_tangent,
    solve_b,
    zero_pivot,
)
from .shared import (
    LinAlgError,
    adjoint,
    adjoint_array,
    batch_leading,
    by_columns,
    check_floating,
    check_square,
    singular,
    square,
)

# --- with a report ----------------------------------------------------------------------------


def _reported(A: Any, run: Any, order: Any) -> tuple[Any, Any]:
    """What `run` gives for every matrix, and the `order` of the failure of those it fails for.

    Where it fails elements are NaN.
    """
    lead = A.shape[:-2]
    info = np.zeros(lead, np.int32)
    try:
        return run(A), info[()]
    except np.linalg.LinAlgError:
        pass
    except LinAlgError:
        pass
    results: Any = np.full(A.shape, np.nan, A.dtype)
    for index in np.ndindex(lead):
        info[index] = order(A[index])
        if not info[index]:
            results[index] = run(A[index])
    return by_columns(results), info[()]


def _cholesky_ex(self: Any, upper: bool, check_errors: bool) -> tuple[Any, Any]:
    def order(matrix: Any) -> int:
        return bad_minor(from_lower(adjoint_array(matrix) if upper else matrix))

    result, info = _reported(self, lambda A: cholesky(A, upper), order)
    if check_errors and np.any(info):
        index = next(i for i in np.ndindex(np.shape(info)) if np.asarray(info)[i])
        raise singular(
            "linalg.cholesky_ex",
            index,
            "The factorization could not be completed because the input is not positive-definite "
            f"(the leading minor of order {np.asarray(info)[index]} is not positive-definite).",
            lambda: info != 0,
        )
    return result, info


op(
    "linalg_cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False)",
    name="cholesky_ex",
    kernel=_cholesky_ex,
    vjp={"self": lambda F, g, out0, upper: cholesky_slope(F, g, out0, upper)},
    jvp={"self": lambda F, t, out0, upper: (cholesky_tangent(F, t, out0, upper), None)},
    outputs=2,
    constant=(1,),
    fields=("L", "info"),
    keeps_layout=True,
    check=square("linalg.cholesky"),
    batching=batch_leading,
    node="LinalgCholeskyExBackward0",
    shows={"out0": "L"},
    where=("linalg",),
    doc="The triangular factor of Hermitian positive definite matrices, and where it fails.",
    samples=lambda S: [
        S.edge(positive(S, 3)),
        S.edge(positive(S, 2), upper=True),
        S.edge(S.tensor([[-1.0, 0.0], [0.0, 1.0]]), check_errors=True),
    ],
)


def _inv_ex(A: Any, check_errors: bool) -> tuple[Any, Any]:
    result, info = _reported(A, inverse_array, zero_pivot)
    if check_errors and np.any(info):
        index = next(i for i in np.ndindex(np.shape(info)) if np.asarray(info)[i])
        raise singular(
            "linalg.inv_ex",
            index,
            f"The diagonal element {np.asarray(info)[index]} is zero, the inversion could not be "
            "completed because the input matrix is singular.",
            lambda: info != 0,
        )
    return result, info


op(
    "linalg_inv_ex(Tensor A, *, bool check_errors=False)",
    name="inv_ex",
    kernel=_inv_ex,
    vjp={"A": lambda F, g, out0: -F.matmul(F.matmul(adjoint(F, out0), g), adjoint(F, out0))},
    jvp={"A": lambda F, t, out0: (-F.matmul(F.matmul(out0, t), out0), None)},
    outputs=2,
    constant=(1,),
    fields=("inverse", "info"),
    keeps_layout=True,
    check=square("linalg.inv"),
    batching=batch_leading,
    node="LinalgInvExBackward0",
    shows={"out0": "inverse"},
    where=("linalg",),
    doc="The inverse of square matrices, and where it fails.",
    samples=lambda S: [
        S(S.normal(3, 3)),
        S(S.normal(2, 2, 2)),
        S(S.tensor([[1.0, 2.0], [2.0, 4.0]]), check_errors=True),
    ],
)


def _solve_ex(A: Any, B: Any, left: bool, check_errors: bool) -> tuple[Any, Any]:
    lead = np.broadcast_shapes(A.shape[:-2])
    info = np.zeros(lead, np.int32)
    for index in np.ndindex(lead):
        info[index] = zero_pivot(A[index])
    if not info.any():
        return solve(A, B, left), info[()]
    if check_errors:
        index = next(i for i in np.ndindex(lead) if info[i])
        raise singular(
            "torch.linalg.solve_ex",
            index,
            "The solver failed because the input matrix is singular.",
            lambda: info != 0,
        )
    regular = np.where((info == 0)[..., None, None], A, np.eye(A.shape[-1], dtype=A.dtype))
    result = solve(regular.astype(A.dtype), B, left)
    failed = (info != 0).reshape(*lead, *(1,) * (result.ndim - len(lead)))
    return np.where(failed, np.nan, result).astype(result.dtype), info[()]


op(
    "linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False)",
    name="solve_ex",
    kernel=_solve_ex,
    vjp={
        "A": lambda F, g, A, out0, left, B_shape: solve_a(F, g, A, out0, left, B_shape),
        "B": lambda F, g, A, left, B_shape: solve_b(F, g, A, left, B_shape),
    },
    jvp={
        "A": lambda F, t, A, out0, left, B_shape: (
            solve_a_tangent(F, t, A, out0, left, B_shape),
            None,
        ),
        "B": lambda F, t, A, left: (F._linalg_solve(A, t, left), None),
    },
    outputs=2,
    constant=(1,),
    fields=("result", "info"),
    keeps_layout=True,
    check=lambda A, B, left, check_errors: check_solve(A, B, left),
    node="LinalgSolveExBackward0",
    shows={"out0": "result", "B_shape": ""},
    where=("linalg",),
    doc="The solution X of AX = B, or of XA = B, and where there is none.",
    samples=lambda S: [
        S(S.normal(3, 3), S.normal(3)),
        S(S.normal(2, 3, 3), S.normal(3, 2)),
        S(S.normal(3, 3), S.normal(2, 3), left=False),
        S(S.tensor([[1.0, 2.0], [2.0, 4.0]]), S.normal(2), check_errors=True),
    ],
)

# --- from factors -----------------------------------------------------------------------------


def _from_cholesky(self: Any, upper: bool) -> Any:
    factor = adjoint_array(np.triu(self)) if upper else np.tril(self)
    inverse = np.linalg.inv(factor)
    return by_columns(adjoint_array(inverse) @ inverse)


def _by_factor(F: Namespace, g: Any, self: Any, out: Any, upper: bool) -> Any:
    common = F.matmul(F.matmul(out, g + adjoint(F, g)), out)
    return -(F.matmul(self, common) if upper else F.matmul(common, self))


def _along_factor(F: Namespace, t: Any, self: Any, out: Any, upper: bool) -> Any:
    moved = F.matmul(adjoint(F, t), self) if upper else F.matmul(t, adjoint(F, self))
    return -F.matmul(F.matmul(out, moved + adjoint(F, moved)), out)


op(
    "cholesky_inverse(Tensor self, bool upper=False)",
    kernel=_from_cholesky,
    vjp={"self": _by_factor},
    jvp={"self": _along_factor},
    keeps_layout=True,
    check=lambda self, upper: check_square("cholesky_inverse", self),
    batching=batch_leading,
    doc="The inverse of a matrix given by its Cholesky factor.",
    samples=lambda S: [
        S.edge(S.tensor(np.linalg.cholesky(positive(S, 3).array))),
        S.edge(S.tensor(np.linalg.cholesky(positive(S, 2).array).T), upper=True),
        S.edge(S.normal(3)),
        S.edge(S.normal(2, 3)),
    ],
)


def _triangular(
    self: Any, A: Any, upper: bool, transpose: bool, unitriangular: bool
) -> tuple[Any, Any]:
    from .matrix_functions import solve_triangular

    matrix = np.swapaxes(A, -1, -2) if transpose else A
    lead = np.broadcast_shapes(self.shape[:-2], A.shape[:-2])
    solution = solve_triangular(matrix, self, upper != transpose, True, unitriangular)
    return (
        by_columns(np.broadcast_to(solution, (*lead, *self.shape[-2:]))),
        by_columns(np.broadcast_to(A, (*lead, *A.shape[-2:]))),
    )


def _transposed(F: Namespace, A: Any, transpose: bool) -> Any:
    return F.transpose(A, -2, -1) if transpose else A


def _triangular_b(
    F: Namespace, g: Any, A: Any, upper: bool, transpose: bool, unitriangular: bool
) -> Any:
    matrix = adjoint(F, _transposed(F, A, transpose))
    return F._solve_triangular(matrix, g[0], upper == transpose, True, unitriangular)


def _triangular_a(
    F: Namespace, g: Any, A: Any, out0: Any, upper: bool, transpose: bool, unitriangular: bool
) -> Any:
    change = _triangular_b(F, g, A, upper, transpose, unitriangular)
    full = _transposed(F, -F.matmul(change, adjoint(F, out0)), transpose)
    edge = (1 if upper else -1) if unitriangular else 0
    return F._triangle(full, upper, edge) + g[1]


def _triangular_b_tangent(
    F: Namespace, t: Any, A: Any, out1: Any, upper: bool, transpose: bool, unitriangular: bool
) -> Any:
    matrix = _transposed(F, A, transpose)
    change = F._solve_triangular(matrix, t, upper != transpose, True, unitriangular)
    return change, F.zeros_like_shape(t, tuple(out1.shape))


def _triangular_a_tangent(
    F: Namespace, t: Any, A: Any, out0: Any, upper: bool, transpose: bool, unitriangular: bool
) -> Any:
    moved = F._triangle(t, upper, (1 if upper else -1) if unitriangular else 0)
    moved = F.matmul(_transposed(F, moved, transpose), out0)
    matrix = _transposed(F, A, transpose)
    change = -F._solve_triangular(matrix, moved, upper != transpose, True, unitriangular)
    return change, t


def _check_triangular(self: Tensor, A: Tensor, *rest: Any) -> None:
    warn_once(
        "torch.triangular_solve is deprecated in favor of torch.linalg.solve_triangularand will be "
        "removed in a future PyTorch release.\ntorch.linalg.solve_triangular has its arguments "
        "reversed and does not return a copy of one of the inputs.\n"
        "X = torch.triangular_solve(B, A).solution\nshould be replaced with\n"
        "X = torch.linalg.solve_triangular(A, B)."
    )
    b, a = shape_of(self), shape_of(A)
    for word, shape in (("b", b), ("A", a)):
        if len(shape) < 2:
            raise RuntimeError(
                f"torch.triangular_solve: Expected {word} to have at least 2 dimensions, but it "
                f"has {len(shape)} dimensions instead"
            )
    check_square("triangular_solve", A)
    check_floating("triangular_solve", A)
    if a[-1] != b[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for triangular_solve: each A matrix is {a[-1]} by {a[-1]} "
            f"but each b matrix is {b[-2]} by {b[-1]}"
        )


op(
    "triangular_solve(Tensor self, Tensor A, bool upper=True, bool transpose=False, "
    "bool unitriangular=False)",
    kernel=_triangular,
    vjp={"self": _triangular_b, "A": _triangular_a},
    jvp={"self": _triangular_b_tangent, "A": _triangular_a_tangent},
    outputs=2,
    fields=("solution", "cloned_coefficient"),
    keeps_layout=True,
    check=_check_triangular,
    shows={"out0": "solution"},
    prelude="",
    doc="Solves with a triangular matrix; the old form of `linalg.solve_triangular`.",
    samples=lambda S: [
        S(S.normal(3, 2), S.uniform(1, 2, 3, 3)),
        S(S.normal(3, 2), S.uniform(1, 2, 3, 3), False, True),
        S(S.normal(3, 2), S.uniform(1, 2, 3, 3), unitriangular=True),
        S(S.normal(2, 2), S.normal(3, 3)),
        S(S.normal(3), S.normal(3, 3)),
    ],
)

# --- equations in tensors ---------------------------------------------------------------------


def _tensorinv(F: Namespace, A: Any, ind: int) -> Any:
    if ind <= 0:
        raise RuntimeError(f"Expected a strictly positive integer for 'ind', but got {ind}")
    shape = tuple(A.shape)
    first, rest = shape[:ind], shape[ind:]
    if math.prod(first) != math.prod(rest):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == "
            f"prod(self.shape[:ind]), but got {math.prod(rest)} != {math.prod(first)}"
        )
    inverse = F._linalg_inv(F.reshape(A, (math.prod(rest), math.prod(first))))
    return F.reshape(inverse, (*rest, *first))


op(
    "linalg_tensorinv(Tensor A, int ind=2)",
    name="tensorinv",
    composite=_tensorinv,
    where=("linalg",),
    doc="The inverse of a tensor as a map from its last dimensions to its first.",
    samples=lambda S: [
        S(S.normal(2, 2, 2, 2)),
        S(S.normal(4, 2, 2), ind=1),
        S(S.normal(2, 3, 2)),
        S(S.normal(2, 2), ind=0),
    ],
)


def _tensorsolve(F: Namespace, A: Any, B: Any, dims: Any) -> Any:
    rank = len(A.shape)
    if dims is not None:
        chosen = wrap_dims(tuple(dims), rank)
        A = F.permute(A, (*(d for d in range(rank) if d not in chosen), *chosen))
    result = tuple(A.shape)[len(B.shape) :]
    rows = math.prod(tuple(A.shape)[: len(B.shape)])
    if math.prod(result) != rows:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            f"prod(self.shape[:other.ndim]), but got {math.prod(result)} != {rows}"
        )
    square_ = F.reshape(A, (math.prod(result), math.prod(result)))
    return F.reshape(F._linalg_solve(square_, F.flatten(B), True), result)


op(
    "linalg_tensorsolve(Tensor A, Tensor B, int[]? dims=None)",
    name="tensorsolve",
    composite=_tensorsolve,
    where=("linalg",),
    doc="The solution of a linear equation in tensors.",
    samples=lambda S: [
        S(S.normal(2, 3, 6), S.normal(2, 3)),
        S(S.normal(2, 6, 3), S.normal(2, 3), dims=(1,)),
        S(S.normal(2, 3, 5), S.normal(2, 3)),
    ],
)


def _vander(F: Namespace, x: Any, N: int | None) -> Any:
    if x.dtype in (dtypes.float16, dtypes.bfloat16):
        raise RuntimeError(
            "linalg.vander supports floating point, complex, and integer tensors, but got "
            f"{x.dtype.scalar_name}"
        )
    shape = tuple(x.shape)
    count = N if N is not None else (shape[-1] if shape else 1)
    if count <= 1:
        raise RuntimeError("N must be greater than 1.")
    wide = F.expand(F.unsqueeze(x, -1), (*shape, count - 1))
    return F.cat([F._full_as(F.unsqueeze(x, -1), 1), F.cumprod(wide, -1)], -1)


op(
    "linalg_vander(Tensor x, *, int? N=None)",
    name="vander",
    composite=_vander,
    where=("linalg",),
    doc="The powers of every element as a row.",
    samples=lambda S: [
        S(S.normal(3)),
        S(S.normal(2, 3), N=4),
        S(S.integers(1, 4, 3)),
        S(S.normal(3), N=1),
    ],
)
op(
    "linalg_diagonal(Tensor A, *, int offset=0, int dim1=-2, int dim2=-1)",
    name="diagonal",
    composite=lambda F, A, offset, dim1, dim2: F.diagonal(A, offset, dim1, dim2),
    where=("linalg",),
    doc="A diagonal of the last two dimensions.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(2, 3, 3), offset=1)],
)

"""Determinants, inverses, solvers, powers and exponentials of matrices.

Formulas: M. Giles, Collected matrix derivative results (2008), in the complex form where `g` pairs
with a change as `Re(conj(g) dx)`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...kernels.matrix_exponential import matrix_exponential
from ...table.call.python_data import real_number
from ...table.dtype_rules import is_complex, not_differentiable
from ...table.entry import LINEAR, op
from ...table.out_rules import CAST, EXACT, Rule, safely
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, ndim
from ...tensor import dtypes
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, shape_of
from .shared import (
    adjoint,
    adjoint_array,
    batch_leading,
    batch_pair,
    by_columns,
    check_floating,
    check_square,
    column,
    conjugate,
    perhaps_hermitian,
    row,
    singular,
    square,
    svd,
)

# --- inverse ----------------------------------------------------------------------------------


def inverse_array(A: Any) -> Any:
    """The inverses of matrices of shape (*, n, n). Raises LinAlgError for a singular one."""
    try:
        return by_columns(np.linalg.inv(A))
    except np.linalg.LinAlgError:
        for index in np.ndindex(A.shape[:-2]):
            pivot = zero_pivot(A[index])
            if pivot:
                raise singular(
                    "linalg.inv",
                    index,
                    f"The diagonal element {pivot} is zero, the inversion could not be completed "
                    "because the input matrix is singular.",
                    lambda: without_inverse(A),
                ) from None
        raise


def without_inverse(A: Any) -> Any:
    """Which of matrices of shape (*, n, n) have a zero on the diagonal of U."""
    return np.linalg.slogdet(A).sign == 0


def zero_pivot(matrix: Any) -> int:
    """The first zero on the diagonal of U in the LU decomposition, counted from 1; 0 for none."""
    upper = lu_of(matrix[None])[0][0]
    zeros = np.flatnonzero(np.diagonal(upper) == 0)
    return int(zeros[0]) + 1 if zeros.size else 0


def lu_of(A: Any) -> tuple[Any, Any]:
    """LU in one matrix each, by Gaussian elimination with partial pivoting; and the pivots.

    `A` holds (count, rows, columns); step k exchanged row k with row `pivots[:, k]`. As in LAPACK
    the size of a complex number is the sum of those of its parts.
    """
    A = np.array(A)
    count, rows, columns = A.shape
    steps = min(rows, columns)
    pivots = np.zeros((count, steps), np.int32)
    every = np.arange(count)
    for k in runtime.watched(range(steps)):
        below = A[:, k:, k]
        size = np.abs(below.real) + np.abs(below.imag) if A.dtype.kind == "c" else np.abs(below)
        best = pivots[:, k] = k + np.argmax(size, 1)
        A[every, best], A[:, k] = A[:, k].copy(), A[every, best].copy()
        pivot = A[:, k, k]
        factors = A[:, k + 1 :, k] / np.where(pivot == 0, 1, pivot)[:, None]
        A[:, k + 1 :, k] = factors
        A[:, k + 1 :, k + 1 :] -= factors[:, :, None] * A[:, k : k + 1, k + 1 :]
    return A, pivots


def permutation(pivots: Any, rows: int, dtype: Any) -> Any:
    """The matrix P of A = P L U, from the exchanges that `lu_of` gives."""
    flat = pivots.reshape(math.prod(pivots.shape[:-1]), pivots.shape[-1])
    every = np.arange(len(flat))
    order = np.tile(np.arange(rows), (len(flat), 1))
    for k in runtime.watched(range(flat.shape[1])):
        other = flat[:, k]
        order[every, other], order[:, k] = order[:, k].copy(), order[every, other].copy()
    matrix = np.zeros((len(flat), rows, rows), dtype)
    matrix[every[:, None], order, np.arange(rows)] = 1
    return matrix.reshape(*pivots.shape[:-1], rows, rows)


def _substituted(matrix: Any, right: Any, upper: bool) -> Any:
    """The solution of triangular systems, row by row: a zero on the diagonal divides as it is."""
    shape = np.broadcast_shapes(matrix.shape[:-2], right.shape[:-2])
    size = matrix.shape[-1]
    result = np.array(np.broadcast_to(right, (*shape, *right.shape[-2:])))
    for k in runtime.watched(reversed(range(size)) if upper else range(size)):
        solved = slice(k + 1, size) if upper else slice(0, k)
        known = np.matmul(matrix[..., k : k + 1, solved], result[..., solved, :])
        result[..., k, :] -= known[..., 0, :]
        result[..., k, :] /= matrix[..., k, k, None]
    return result


def substituted_lu(packed: Any, P: Any, right: Any, adjoint: bool) -> Any:
    """The solution of `P L U x = right`, or of the adjoint system, by substitution.

    `packed` holds L, without its unit diagonal, and U. As in LAPACK a zero on U's diagonal gives
    infinities and NaN.
    """
    size = packed.shape[-1]
    L = np.tril(packed, -1) + np.eye(size, dtype=packed.dtype)
    U = np.triu(packed)
    if adjoint:
        inner = _substituted(adjoint_array(U), right, False)
        return np.matmul(P, _substituted(adjoint_array(L), inner, True))
    moved = np.matmul(np.swapaxes(P, -1, -2), right)
    return _substituted(U, _substituted(L, moved, False), True)


def _adjoint_inverse(A: Any) -> Any:
    """The inverse of the conjugate transpose, with infinities where a matrix is singular.

    As in PyTorch the transpose of a real matrix that lies row by row is what is factored.
    """
    try:
        return np.linalg.inv(adjoint_array(A))
    except np.linalg.LinAlgError:
        pass
    size = A.shape[-1]
    flipped = A.dtype.kind != "c" and A.flags.c_contiguous
    factored = (np.swapaxes(A, -1, -2) if flipped else A).reshape(-1, size, size)
    packed, pivots = lu_of(factored)
    P = permutation(pivots, size, A.dtype)
    found = substituted_lu(packed, P, np.eye(size, dtype=A.dtype), not flipped)
    return found.reshape(A.shape)


op(
    "_adjoint_inverse(Tensor A)",
    kernel=_adjoint_inverse,
    where=(),
    batching=batch_leading,
    doc="The inverse of the conjugate transpose, with infinities where a matrix is singular.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(2, 2, 2))],
)
op(
    "_linalg_inv(Tensor A)",
    kernel=inverse_array,
    vjp={
        "A": lambda F, g, out: -F.matmul(F.matmul(adjoint(F, out), g), adjoint(F, out)),
    },
    jvp={"A": lambda F, t, out: -F.matmul(F.matmul(out, t), out)},
    keeps_layout=True,
    check=square("linalg.inv"),
    batching=batch_leading,
    node="LinalgInvExBackward0",
    where=(),
    shows={"out": "inverse"},
    doc="The kernel of `inv`.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(2, 2, 2)), S(S.normal(0, 0))],
)
op(
    "linalg_inv(Tensor A)",
    name="inv",
    composite=lambda F, A: F._linalg_inv(A),
    where=("linalg",),
    out=EXACT,
    doc="The inverse of square matrices.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(2, 2, 2))],
)


op(
    "inverse(Tensor self)",
    composite=lambda F, self: F._linalg_inv(self),
    out=EXACT,
    doc="The inverse of square matrices.",
    samples=lambda S: [S(S.normal(3, 3))],
)


# --- determinants -----------------------------------------------------------------------------


def _cofactors(A: Any) -> Any:
    """The derivative of the determinant by each element, also for singular matrices."""
    det = np.linalg.det(A)
    if det.size and np.abs(det).min() > 100 * np.finfo(A.dtype).eps:
        scaled = np.conj(det)[..., None, None] * np.eye(A.shape[-1])
        return np.linalg.solve(adjoint_array(A), scaled.astype(A.dtype))
    left, values, right = svd(A)
    size = A.shape[-1]
    others = np.ones_like(values)
    for k in runtime.watched(range(size)):
        others[..., k] = np.prod(np.delete(values, k, -1), -1)
    phase = np.linalg.det(left) * np.linalg.det(right)
    product = np.matmul(left * others[..., None, :], right)
    return (
        np.conj(phase)[..., None, None] * product
        if A.dtype.kind == "c"
        else (phase[..., None, None] * product)
    )


op(
    "_cofactors(Tensor A)",
    kernel=_cofactors,
    where=(),
    batching=batch_leading,
    doc="The derivative of the determinant by each element, conjugated.",
    samples=lambda S: [S(S.normal(3, 3))],
)


def _matrix_scalar(F: Namespace, value: Any) -> Any:
    return F.unsqueeze(F.unsqueeze(value, -1), -1)


def _values(A: Tensor) -> Any:
    """The elements of a tensor, with the batches of every vmap in front of its dimensions."""
    level = A.level
    if level is None or level.value is None:
        return A.array
    inner = _values(level.value)
    ahead = inner.ndim - len(shape_of(level.value))
    return np.moveaxis(inner, ahead + level.axis, 0)


def _det_gradient(F: Namespace, A: Any, out: Any) -> Any:
    """The conjugate of the determinant's derivative by each element."""
    if not F.is_traced:
        return F._cofactors(A)
    if np.all(np.linalg.det(_values(A))):
        return adjoint(F, F._linalg_inv(A)) * _matrix_scalar(F, conjugate(F, out))
    left, values, right = F.linalg_svd(A)
    size = A.shape[-1]
    others = [
        F.prod_dim(F.cat([F.slice(values, -1, 0, k), F.slice(values, -1, k + 1, size)], -1), -1)
        for k in range(size)
    ]
    phase = _matrix_scalar(F, conjugate(F, F.linalg_det(F.matmul(left, right))))
    return F.matmul(left * row(F, F.stack(others, -1)), right) * phase


def _det_slope(F: Namespace, g: Any, A: Any, out: Any) -> Any:
    return _det_gradient(F, A, out) * _matrix_scalar(F, g)


def _det_tangent(F: Namespace, t: Any, A: Any, out: Any) -> Any:
    return F.sum_dim(conjugate(F, _det_gradient(F, A, out)) * t, (-2, -1))


def _trace_of(F: Namespace, matrices: Any) -> Any:
    return F.sum_dim(F.diagonal(matrices, 0, -2, -1), (-1,))


op(
    "linalg_det(Tensor A)",
    name="det",
    kernel=lambda A: np.linalg.det(A).astype(A.dtype),
    vjp={"A": _det_slope},
    jvp={"A": _det_tangent},
    check=square("linalg.det"),
    batching=batch_leading,
    node="LinalgDetBackward0",
    where=("linalg", "torch", "Tensor"),
    out=EXACT,
    doc="The determinant of square matrices.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(2, 2, 2)), S(S.normal(1, 1))],
)


def _slogdet(A: Any) -> tuple[Any, Any]:
    sign, size = np.linalg.slogdet(A)
    return sign.astype(A.dtype), size.astype(A.real.dtype)


def _slogdet_slope(F: Namespace, g: Any, A: Any, out0: Any) -> Any:
    factor = g[1]
    if is_complex(A):
        factor = factor - F.imag(conjugate(F, g[0]) * out0) * 1j
    if F.is_traced:
        *batch, n = shape_of(A)[:-1]
        scaled = F.diag_embed(F.expand(F.unsqueeze(factor, -1), (*batch, n)), 0, -2, -1)
        return F._linalg_solve(adjoint(F, A), F.transpose(scaled, -2, -1))
    return F._adjoint_inverse(A) * _matrix_scalar(F, factor)


def _slogdet_tangent(F: Namespace, t: Any, A: Any, out0: Any) -> Any:
    if F.is_traced:
        change = _trace_of(F, F._linalg_solve(A, t))
    else:
        change = _trace_of(F, F.matmul(adjoint(F, F._adjoint_inverse(A)), t))
    if is_complex(A):
        return out0 * (F.imag(change) * 1j), F.real(change)
    return change * 0, change


op(
    "linalg_slogdet(Tensor A)",
    name="slogdet",
    kernel=_slogdet,
    vjp={"A": _slogdet_slope},
    jvp={"A": _slogdet_tangent},
    outputs=2,
    fields=("sign", "logabsdet"),
    check=square("linalg.slogdet"),
    node="LinalgSlogdetBackward0",
    where=("linalg",),
    batching=batch_leading,
    out=EXACT,
    doc="The sign of the determinant and the logarithm of its absolute value.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(2, 2, 2))],
)
op(
    "slogdet(Tensor self)",
    composite=lambda F, self: F.linalg_slogdet(self),
    outputs=2,
    fields=("sign", "logabsdet"),
    out=EXACT,
    doc="The sign of the determinant and the logarithm of its absolute value.",
    samples=lambda S: [S(S.normal(3, 3))],
)


def _logdet(F: Namespace, self: Any) -> Any:
    if type(self) is Tensor:
        check_square("logdet", self)
    sign, size = F.linalg_slogdet(self)
    if is_complex(self):
        return F.add(F.log(sign), size)
    return F.where(F.eq(sign, -1), math.nan, size)


op(
    "logdet(Tensor self)",
    composite=_logdet,
    out=CAST,
    doc="The logarithm of the determinant; NaN where it is negative.",
    samples=lambda S: [S(S.tensor([[2.0, 0.5], [0.25, 1.0]]))],
)


# --- solving ----------------------------------------------------------------------------------


def _vector_rhs(A: Any, B: Any) -> bool:
    a, b = tuple(A.shape), tuple(B.shape)
    return len(b) == 1 or (len(a) - 1 == len(b) and b == a[:-1])


def solve(A: Any, B: Any, left: bool) -> Any:
    """X of A X = B, or of X A = B. Raises LinAlgError for a singular matrix."""
    vector = _vector_rhs(A, B)
    right = B[..., None] if vector else B
    try:
        if left:
            result = np.linalg.solve(A, right)
        else:
            result = np.swapaxes(
                np.linalg.solve(np.swapaxes(A, -1, -2), np.swapaxes(right, -1, -2)), -1, -2
            )
    except np.linalg.LinAlgError:
        raise singular(
            "torch.linalg.solve",
            next((i for i in np.ndindex(A.shape[:-2]) if zero_pivot(A[i])), ()),
            "The solver failed because the input matrix is singular.",
            lambda: without_inverse(A),
        ) from None
    result = result[..., 0] if vector else result
    return by_columns(result) if left else np.ascontiguousarray(result)


def check_solve(A: Tensor, B: Tensor, left: bool) -> None:
    """Raise RuntimeError where dtypes or shapes do not fit the equation."""
    check_square("linalg.solve", A)
    check_floating("linalg.solve", A)
    if A.dtype is not B.dtype:
        raise RuntimeError(
            "linalg.solve: Expected A and B to have the same dtype, but found A of type "
            f"{A.dtype.scalar_name} and B of type {B.dtype.scalar_name} instead"
        )
    a, b = shape_of(A), shape_of(B)
    vector = len(b) == 1 or (len(a) - 1 == len(b) and b == a[:-1])
    if vector and not left:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for "
            "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    right = (*b, 1) if vector else b
    if len(right) < 2:
        raise RuntimeError("linalg.solve: The input tensor B must have at least 2 dimensions.")
    if (a[-1] != right[-2]) if left else (a[-1] != right[-1]):
        raise RuntimeError(
            "linalg.solve: Incompatible shapes of A and B for the equation "
            f"{'AX = B' if left else 'XA = B'} ({a[-2]}x{a[-1]} and {right[-2]}x{right[-1]})"
        )
    broadcast_shape((a[:-2], right[:-2]))


def _of_vectors(A: Any, B_shape: Any) -> bool:
    """Whether B is a vector, or a batch of them, rather than matrices."""
    b = tuple(B_shape)
    return len(b) == 1 or (ndim(A) - 1 == len(b) and b == tuple(A.shape)[:-1])


def solve_b(F: Namespace, g: Any, A: Any, left: bool, B_shape: Any) -> Any:
    """The cotangent of B from that of X: A⁻ᴴ g, vectors as columns in PyTorch's nodes."""
    if F.is_traced and _of_vectors(A, B_shape):
        return F.squeeze_dim(F._linalg_solve(adjoint(F, A), column(F, g), left), -1)
    return F._linalg_solve(adjoint(F, A), g, left)


def solve_a(F: Namespace, g: Any, A: Any, out: Any, left: bool, B_shape: Any) -> Any:
    """The cotangent of A from that of X: -A⁻ᴴ g Xᴴ, with factors exchanged for X A = B."""
    change = F._linalg_solve(adjoint(F, A), g, left)
    if _of_vectors(A, B_shape):
        return -(column(F, change) * row(F, conjugate(F, out)))
    if left:
        return -F.matmul(change, adjoint(F, out))
    return -F.matmul(adjoint(F, out), change)


def solve_a_tangent(F: Namespace, t: Any, A: Any, out: Any, left: bool, B_shape: Any) -> Any:
    """The tangent of X from that of A: -A⁻¹ dA X, with factors exchanged for X A = B."""
    if _of_vectors(A, B_shape):
        moved = F.squeeze_dim(F.matmul(t, column(F, out)), -1)
    else:
        moved = F.matmul(t, out) if left else F.matmul(out, t)
    return -F._linalg_solve(A, moved, left)


op(
    "_linalg_solve(Tensor A, Tensor B, bool left=True)",
    kernel=solve,
    vjp={"A": solve_a, "B": solve_b},
    jvp={
        "A": solve_a_tangent,
        "B": lambda F, t, A, left: F._linalg_solve(A, t, left),
    },
    keeps_layout=True,
    check=check_solve,
    node="LinalgSolveExBackward0",
    where=(),
    shows={"B_shape": ""},
    doc="The kernel of `solve`.",
    samples=lambda S: [
        S(S.normal(3, 3), S.normal(3)),
        S(S.normal(3, 3), S.normal(3, 2)),
        S(S.normal(2, 3, 3), S.normal(3, 2)),
        S(S.normal(3, 3), S.normal(2, 3), False),
    ],
)
op(
    "linalg_solve(Tensor A, Tensor B, *, bool left=True)",
    name="solve",
    composite=lambda F, A, B, left: F._linalg_solve(A, B, left),
    where=("linalg",),
    out=EXACT,
    doc="The solution X of AX = B, or of XA = B.",
    samples=lambda S: [
        S(S.normal(3, 3), S.normal(3)),
        S(S.normal(2, 3, 3), S.normal(2, 3, 1)),
        S(S.normal(3, 3), S.normal(2, 3), left=False),
    ],
)
op(
    "_triangle(Tensor self, bool upper, int diagonal=0)",
    kernel=lambda self, upper, diagonal: (np.triu if upper else np.tril)(self, diagonal),
    vjp={"self": lambda F, g, upper, diagonal: F._triangle(g, upper, diagonal)},
    jvp=LINEAR,
    batching=batch_leading,
    node="TriuBackward0",
    where=(),
    doc="The upper or lower triangle of matrices.",
    samples=lambda S: [S(S.normal(3, 3), True), S(S.normal(2, 3, 2), False, -1)],
)


def solve_triangular(A: Any, B: Any, upper: bool, left: bool, unitriangular: bool) -> Any:
    """X of A X = B, or X A = B, for A of shape (*, n, n) read from one triangle."""
    matrix = np.triu(A) if upper else np.tril(A)
    if unitriangular:
        matrix = matrix - matrix * np.eye(A.shape[-1], dtype=A.dtype)
        matrix = matrix + np.eye(A.shape[-1], dtype=A.dtype)
    if not left:
        matrix, B, upper = np.swapaxes(matrix, -1, -2), np.swapaxes(B, -1, -2), not upper
    if np.any(np.diagonal(matrix, 0, -2, -1) == 0):
        result = _substituted(matrix, B, upper)
    else:
        result = np.linalg.solve(matrix, B)
    return by_columns(result if left else np.swapaxes(result, -1, -2))


def _check_triangular(A: Tensor, B: Tensor, upper: bool, left: bool, unitriangular: bool) -> None:
    name = "linalg.solve_triangular"
    check_square(name, A)
    check_floating(name, A)
    a, b = shape_of(A), shape_of(B)
    if len(b) < 2 or (a[-1] != b[-2] if left else a[-1] != b[-1]):
        form = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {form} "
            f"({a[-2]}x{a[-1]} and {b[-2] if len(b) > 1 else 1}x{b[-1]})"
        )


def _triangular_b(
    F: Namespace, g: Any, A: Any, upper: bool, left: bool, unitriangular: bool
) -> Any:
    return F._solve_triangular(adjoint(F, A), g, not upper, left, unitriangular)


def _triangular_a(
    F: Namespace, g: Any, A: Any, out: Any, upper: bool, left: bool, unitriangular: bool
) -> Any:
    change = F._solve_triangular(adjoint(F, A), g, not upper, left, unitriangular)
    if left:
        full = -F.matmul(change, adjoint(F, out))
    else:
        full = -F.matmul(adjoint(F, out), change)
    return F._triangle(full, upper, (1 if upper else -1) if unitriangular else 0)


def _triangular_tangent(
    F: Namespace, t: Any, A: Any, out: Any, upper: bool, left: bool, unitriangular: bool
) -> Any:
    t = F._triangle(t, upper, (1 if upper else -1) if unitriangular else 0)
    moved = F.matmul(t, out) if left else F.matmul(out, t)
    return -F._solve_triangular(A, moved, upper, left, unitriangular)


op(
    "_solve_triangular(Tensor A, Tensor B, bool upper, bool left=True, bool unitriangular=False)",
    kernel=solve_triangular,
    vjp={"A": _triangular_a, "B": _triangular_b},
    jvp={
        "A": _triangular_tangent,
        "B": lambda F, t, A, upper, left, unitriangular: F._solve_triangular(
            A, t, upper, left, unitriangular
        ),
    },
    keeps_layout=True,
    check=_check_triangular,
    batching=batch_pair,
    node="LinalgSolveTriangularBackward0",
    where=(),
    shows={"A": "self"},
    doc="The kernel of `solve_triangular`.",
    samples=lambda S: [
        S(S.normal(3, 3), S.normal(3, 2), True),
        S(S.normal(3, 3), S.normal(2, 3), False, False, True),
    ],
)
op(
    "linalg_solve_triangular(Tensor A, Tensor B, *, bool upper, bool left=True, "
    "bool unitriangular=False)",
    name="solve_triangular",
    composite=lambda F, A, B, upper, left, unitriangular: F._solve_triangular(
        A, B, upper, left, unitriangular
    ),
    where=("linalg",),
    out=Rule("expected scalar type {result} but found {out}"),
    doc="The solution of a triangular system.",
    samples=lambda S: [
        S(S.normal(3, 3), S.normal(3, 2), upper=True),
        S(S.normal(3, 3), S.normal(3, 2), upper=False, unitriangular=True),
    ],
)


# --- powers, exponentials ---------------------------------------------------------------------


def _matrix_power(F: Namespace, A: Any, n: int) -> Any:
    if type(A) is Tensor:
        check_square("linalg.matrix_power", A)
    if n == 0:
        return F._identity_like(A)
    if n < 0:
        return _matrix_power(F, F._linalg_inv(A), -n)
    if n == 1:
        return F.clone(A)
    if n == 2:
        return F.matmul(A, A)
    if n == 3:
        return F.matmul(F.matmul(A, A), A)
    result = None
    power = None
    while n:
        runtime.check()
        power = A if power is None else F.matmul(power, power)
        if n & 1:
            result = power if result is None else F.matmul(result, power)
        n >>= 1
    return result


op(
    "_identity_like(Tensor self)",
    kernel=lambda self: np.broadcast_to(
        np.eye(self.shape[-1], dtype=self.dtype), self.shape
    ).copy(),
    vjp={"self": lambda F, g: g * 0},
    jvp={"self": lambda F, t: t * 0},
    node="CopyBackwards",
    where=(),
    batching=batch_leading,
    doc="Identity matrices in the shape of `self`.",
    samples=lambda S: [S(S.normal(2, 2))],
)
op(
    "linalg_matrix_power(Tensor A, int n)",
    name="matrix_power",
    composite=_matrix_power,
    where=("linalg", "torch", "Tensor"),
    out=safely("matrix_power"),
    doc="A matrix multiplied by itself n times; a negative n inverts it.",
    samples=lambda S: [S(S.normal(3, 3), n) for n in (0, 1, 2, 3, 5, -2)],
)


def _block(F: Namespace, A: Any, change: Any) -> Any:
    """exp of [[A, change], [0, A]]: its upper right block is the derivative along `change`."""
    zero = F.zeros_like_shape(A, tuple(A.shape))
    size = A.shape[-1]
    top = F.cat([A, change], -1)
    bottom = F.cat([zero, A], -1)
    whole = F.matrix_exp(F.cat([top, bottom], -2))
    return F.slice(F.slice(whole, -2, 0, size), -1, size, 2 * size)


op(
    "matrix_exp(Tensor self)",
    kernel=matrix_exponential,
    vjp={"self": lambda F, g, self: _block(F, adjoint(F, self), g)},
    jvp={"self": lambda F, t, self: _block(F, self, t)},
    check=square("linalg.matrix_exp"),
    batching=batch_leading,
    node="LinalgMatrixExpBackward0",
    where=("linalg", "torch", "Tensor"),
    doc="The exponential of square matrices, by Taylor polynomials with scaling and squaring.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(2, 2, 2)), S(S.normal(1, 1))],
)


# --- trace and dot products -----------------------------------------------------------------------


def _check_trace(self: Tensor) -> None:
    if len(shape_of(self)) != 2:
        raise RuntimeError(
            f"trace: expected a matrix, but got tensor with dim {len(shape_of(self))}"
        )


def _trace(self: Any) -> Any:
    diagonal = np.diagonal(self)
    return np.sum(diagonal, dtype=np.int64 if self.dtype.kind in "iub" else self.dtype)


op(
    "trace(Tensor self)",
    kernel=_trace,
    vjp={
        "self": lambda F, g, self_shape: F.diagonal_backward(
            F.expand(g, (min(self_shape),)), tuple(self_shape), 0, 0, 1
        )
    },
    jvp=LINEAR,
    check=_check_trace,
    doc="The sum of a matrix's diagonal.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(2, 3))],
)


def _vecdot(F: Namespace, x: Any, y: Any, dim: int) -> Any:
    if type(x) is Tensor:
        for value in (x, y):
            if value.dtype.category < dtypes.FLOATING:
                raise RuntimeError(
                    "linalg.vecdot: Expected a floating point or complex tensor as input. Got "
                    f"{value.dtype.scalar_name}"
                )
    if is_complex(x):
        x = conjugate(F, x)
    return F.sum_dim(F.mul(x, y), (dim,))


op(
    "linalg_vecdot(Tensor x, Tensor y, *, Dim dim=-1)",
    name="vecdot",
    composite=_vecdot,
    where=("linalg",),
    out=Rule("linalg.vecdot: Expected out of dtype{result} but found {out}"),
    doc="Dot products along a dimension, the first factor conjugated.",
    samples=lambda S: [
        S(S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(2, 3), S.normal(2, 3), dim=0),
    ],
)


# --- pseudo-inverse ---------------------------------------------------------------------------


def _pinv_tolerances(A: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """The bounds of singular values, absolute and relative to the largest, one for each matrix."""
    absolute = np.asarray(0.0 if atol is None else atol, np.float64)
    if rtol is None:
        rtol = np.where(absolute > 0, 0.0, max(A.shape[-2:]) * float(np.finfo(A.dtype).eps))
    return absolute[..., None], np.asarray(rtol, np.float64)[..., None]


def _pinv(A: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    absolute, relative = _pinv_tolerances(A, atol, rtol)
    if hermitian:
        lower = np.tril(A, -1)
        A = lower + adjoint_array(lower) + A * np.eye(A.shape[-1], dtype=A.dtype)
    if not A.size:
        return np.zeros((*A.shape[:-2], A.shape[-1], A.shape[-2]), A.dtype)
    left, values, right = svd(A, full_matrices=False)
    bound = np.maximum(absolute, relative * values.max(-1, keepdims=True))
    inverse = np.where(values > bound, 1 / np.where(values == 0, 1, values), 0)
    result = np.matmul(
        adjoint_array(right) * inverse[..., None, :].astype(A.dtype), adjoint_array(left)
    )
    return result.astype(A.dtype)


def pinv_slope(F: Namespace, g: Any, A: Any, P: Any) -> Any:
    """The cotangent of A from that of its pseudo-inverse P."""
    gh, Ph = adjoint(F, g), adjoint(F, P)
    rows, columns = A.shape[-2:]
    if rows <= columns:
        K = F.matmul(gh, P)
        KPh = F.matmul(K, Ph)
        return (
            -adjoint(F, F.matmul(P, K))
            + KPh
            - F.matmul(F.matmul(A, P), KPh)
            + F.matmul(F.matmul(Ph, P), gh - F.matmul(K, A))
        )
    K = F.matmul(P, gh)
    PhK = F.matmul(Ph, K)
    return (
        -adjoint(F, F.matmul(K, P))
        + F.matmul(F.matmul(gh - F.matmul(A, K), P), Ph)
        + PhK
        - F.matmul(F.matmul(PhK, P), A)
    )


def pinv_tangent(F: Namespace, t: Any, A: Any, out: Any) -> Any:
    """The tangent of the pseudo-inverse `out` of A."""
    th, Ph = adjoint(F, t), adjoint(F, out)
    first = F.matmul(F.matmul(out, t), out)
    left = F.matmul(F.matmul(out, Ph), th)
    right = F.matmul(F.matmul(th, Ph), out)
    return (
        -first + left - F.matmul(F.matmul(left, A), out) + right - F.matmul(out, F.matmul(A, right))
    )


def _by_tensor(F: Namespace, A: Any, rcond: Any, hermitian: bool) -> Any:
    _refuse_complex("rcond", rcond)
    not_differentiable("linalg_pinv", rtol=rcond)
    return F.linalg_pinv_tensor(A, atol=F.mul(rcond, 0), rtol=rcond, hermitian=hermitian)


def _check_tolerances(A: Any, atol: Any, rtol: Any, hermitian: bool) -> None:
    perhaps_hermitian("linalg.pinv")(A, atol, rtol, hermitian)
    not_differentiable("linalg_pinv", atol=atol, rtol=rtol)
    _refuse_complex("atol", atol)
    _refuse_complex("rtol", rtol)


def _refuse_complex(name: str, value: Any) -> None:
    if value is not None and is_complex(value):
        raise RuntimeError(
            f"torch.linalg.pinv: {name} tensor of complex type is not supported. Got "
            f"{value.dtype.scalar_name}"
        )


def _by_rcond(F: Namespace, A: Any, rcond: Any, hermitian: bool) -> Any:
    return F.linalg_pinv(A, atol=0.0, rtol=real_number(rcond), hermitian=hermitian)


op(
    "linalg_pinv_rcond(Tensor A, Scalar rcond, bool hermitian=False)",
    name="pinv",
    composite=_by_rcond,
    where=("linalg",),
    out=safely("linalg.pinv"),
    doc="The Moore-Penrose inverse, with singular values below a ratio taken for zero.",
    samples=lambda S: [S(S.normal(3, 2), 1e-3), S(S.normal(2, 2), rcond=1e-3)],
)
op(
    "linalg_pinv(Tensor A, *, float? atol=None, float? rtol=None, bool hermitian=False)",
    name="pinv",
    kernel=_pinv,
    vjp={"A": lambda F, g, A, out: pinv_slope(F, g, A, out)},
    jvp={"A": pinv_tangent},
    check=perhaps_hermitian("linalg.pinv"),
    node="LinalgPinvBackward0",
    where=("linalg",),
    batching=batch_leading,
    shows={"A": "self"},
    out=safely("linalg.pinv"),
    doc="The Moore-Penrose inverse.",
    samples=lambda S: [S(S.normal(3, 2)), S(S.normal(2, 2, 3)), S(S.normal(3, 3))],
)
op(
    "linalg_pinv_rcond_tensor(Tensor A, Tensor rcond, bool hermitian=False)",
    name="pinv",
    composite=_by_tensor,
    numbers=False,
    where=("linalg",),
    doc="The Moore-Penrose inverse, with a ratio for each matrix.",
    samples=lambda S: [S(S.normal(3, 2), S.uniform(1e-4, 1e-3, 2))],
)
op(
    "linalg_pinv_tensor(Tensor A, *, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False)",
    name="pinv",
    numbers=False,
    kernel=_pinv,
    vjp={"A": lambda F, g, A, out: pinv_slope(F, g, A, out)},
    jvp={"A": pinv_tangent},
    check=_check_tolerances,
    node="LinalgPinvBackward0",
    where=("linalg",),
    shows={"A": "self"},
    doc="The Moore-Penrose inverse, with bounds of singular values for each matrix.",
    samples=lambda S: [S(S.normal(2, 3, 2), atol=S.uniform(1e-4, 1e-3, 2))],
)
op(
    "pinverse(Tensor self, float rcond=1e-15)",
    composite=lambda F, self, rcond: F.linalg_pinv(self, rtol=rcond),
    out=CAST,
    doc="The Moore-Penrose inverse.",
    samples=lambda S: [S(S.normal(3, 2))],
)

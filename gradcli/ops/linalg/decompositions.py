"""Decompositions: Cholesky, QR, singular values, eigenvalues; least squares, rank, condition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...table.call.python_data import real_number
from ...table.dtype_rules import is_complex
from ...table.entry import op
from ...table.out_rules import EXACT, safely
from ...table.schema import Namespace
from ...table.shape_rules import broadcast_shape, ndim
from ...tensor.notices import warn_once
from ...tensor.runtime import runtime
from ...tensor.tensor import Tensor, shape_of
from .matrix_functions import pinv_slope, pinv_tangent, solve_triangular
from .shared import (
    LinAlgError,
    adjoint,
    adjoint_array,
    batch_leading,
    batch_pair,
    by_columns,
    check_finite,
    check_floating,
    check_matrix,
    check_square,
    column,
    conjugate,
    converging,
    perhaps_hermitian,
    real_like,
    rectangular,
    row,
    singular,
    square,
    svd,
)

# --- Cholesky ---------------------------------------------------------------------------------


def from_lower(A: Any) -> Any:
    """A Hermitian matrix read from its lower triangle."""
    lower = np.tril(A, -1)
    diagonal = np.real(np.diagonal(A, 0, -2, -1))[..., None] * np.eye(A.shape[-1])
    return (lower + adjoint_array(lower) + diagonal).astype(A.dtype)


def cholesky(A: Any, upper: bool) -> Any:
    """Factors of Hermitian matrices of shape (*, n, n). Raises LinAlgError where there are none."""
    matrix = adjoint_array(A) if upper else A  # of which LAPACK reads the lower triangle alone
    try:
        result = np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        for index in np.ndindex(A.shape[:-2]) if A.ndim > 2 else ((),):
            order = bad_minor(matrix[index]) if A.ndim > 2 else failing_minor(matrix)
            if order:
                raise singular(
                    "linalg.cholesky",
                    index,
                    "The factorization could not be completed because the input is not "
                    f"positive-definite (the leading minor of order {order} is not "
                    "positive-definite).",
                    lambda: indefinite(matrix),
                ) from None
        raise
    return by_columns(adjoint_array(result) if upper else result)


def indefinite(matrix: Any) -> Any:
    """Which of Hermitian matrices of shape (*, n, n) have a pivot that is not positive.

    All are eliminated at once, read from their lower triangles. What rounding decides may come
    out otherwise than in LAPACK: this finds whom to suspect, it refuses nobody.
    """
    left = np.array(matrix)
    found = np.zeros(left.shape[:-2], bool)
    with np.errstate(all="ignore"):
        for step in range(left.shape[-1]):
            pivot = np.real(left[..., step, step])
            found |= ~(pivot > 0)
            below = left[..., step + 1 :, step]
            across = below.conj() / pivot[..., None]
            left[..., step + 1 :, step + 1 :] -= below[..., None] * across[..., None, :]
    return found


def bad_minor(matrix: Any) -> int:
    """The order of the first leading minor that is not positive-definite, or 0."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return failing_minor(matrix)
    return 0


def failing_minor(matrix: Any) -> int:
    """The same of a matrix that is known not to be positive-definite."""
    for order in range(1, len(matrix)):
        try:
            np.linalg.cholesky(matrix[:order, :order])
        except np.linalg.LinAlgError:
            return order
    return len(matrix)


def _half_diagonal(F: Namespace, matrix: Any, lower: bool = True) -> Any:
    """The triangle of a matrix with half of its diagonal."""
    return (F._triangle(matrix, not lower) + F._triangle(matrix, not lower, -1 if lower else 1)) / 2


def cholesky_slope(F: Namespace, g: Any, out: Any, upper: bool) -> Any:
    """The cotangent of a matrix from that of its factor (Murray 2016, arXiv:1602.07527)."""
    L = adjoint(F, out) if upper else out
    gL = adjoint(F, g) if upper else g
    lower = F._triangle(F.matmul(adjoint(F, L), gL), False)
    middle = (lower + adjoint(F, F._triangle(lower, False, -1))) / 2
    left = F._solve_triangular(adjoint(F, L), middle, True)
    return F._solve_triangular(L, left, False, False)


def cholesky_tangent(F: Namespace, t: Any, out: Any, upper: bool) -> Any:
    """The factor's tangent, L Φ(L⁻¹ dA L⁻ᴴ); Φ halves the diagonal of the lower triangle."""
    L = adjoint(F, out) if upper else out
    inner = F._solve_triangular(L, t, False)
    inner = F._solve_triangular(adjoint(F, L), inner, True, False)
    result = F.matmul(L, _half_diagonal(F, inner))
    return adjoint(F, result) if upper else result


op(
    "_cholesky(Tensor A, bool upper=False)",
    kernel=cholesky,
    vjp={"A": cholesky_slope},
    jvp={"A": cholesky_tangent},
    keeps_layout=True,
    check=square("linalg.cholesky"),
    batching=batch_leading,
    node="LinalgCholeskyExBackward0",
    where=(),
    shows={"out": "L"},
    doc="The kernel of `cholesky`.",
    samples=lambda S: [S.edge(positive(S, 3)), S.edge(positive(S, 2), True)],
)


def positive(S: Any, size: int) -> Any:
    """A Hermitian positive definite sample."""
    a = S.normal(size, size).array
    return S.tensor(a @ a.conj().T + np.eye(size))


op(
    "linalg_cholesky(Tensor A, *, bool upper=False)",
    name="cholesky",
    composite=lambda F, A, upper: F._cholesky(A, upper),
    where=("linalg",),
    out=EXACT,
    doc="The triangular factor of Hermitian positive definite matrices.",
    samples=lambda S: [S.edge(positive(S, 3)), S.edge(positive(S, 2), upper=True)],
)


def _old_cholesky(F: Namespace, self: Any, upper: bool) -> Any:
    warn_once(
        "torch.cholesky is deprecated in favor of torch.linalg.cholesky and will be removed in a "
        "future PyTorch release.\nL = torch.cholesky(A)\nshould be replaced with\nL = "
        "torch.linalg.cholesky(A)\nand\nU = torch.cholesky(A, upper=True)\nshould be replaced "
        "with\nU = torch.linalg.cholesky(A).mH\nThis transform will produce equivalent results for "
        "all valid (symmetric positive definite) inputs."
    )
    return F._old_cholesky(self, upper)


op(
    "_old_cholesky(Tensor A, bool upper=False)",
    kernel=cholesky,
    vjp={"A": cholesky_slope},
    jvp={"A": cholesky_tangent},
    keeps_layout=True,
    check=square("cholesky"),
    batching=batch_leading,
    node="CholeskyBackward0",
    where=(),
    doc="The kernel of `torch.cholesky`.",
    samples=lambda S: [S.edge(positive(S, 3))],
)
op(
    "cholesky(Tensor self, bool upper=False)",
    composite=_old_cholesky,
    out=safely("cholesky"),
    doc="The triangular factor of Hermitian positive definite matrices.",
    samples=lambda S: [S.edge(positive(S, 3))],
)


def _check_cholesky_solve(self: Tensor, input2: Tensor, upper: bool) -> None:
    for name, tensor in (("b", self), ("u", input2)):
        rank = len(shape_of(tensor))
        if rank < 2:
            raise RuntimeError(
                f"{name} should have at least 2 dimensions, but has {rank} dimensions instead"
            )
    if self.dtype is not input2.dtype:
        raise RuntimeError(
            "Expected b and A to have the same dtype, but found b of type "
            f"{self.dtype.scalar_name} and A of type {input2.dtype.scalar_name} instead."
        )
    rows, columns = shape_of(input2)[-2:]
    if rows != columns:
        raise RuntimeError(
            f"A must be batches of square matrices, but they are {rows} by {columns} matrices"
        )
    height, width = shape_of(self)[-2:]
    if height != rows:
        raise RuntimeError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is {rows} by {rows} but "
            f"each b matrix is {height} by {width}"
        )


def _cholesky_solved(self: Any, input2: Any, upper: bool) -> Any:
    L = adjoint_array(input2) if upper else input2
    inner = solve_triangular(L, self, False, True, False)
    return by_columns(solve_triangular(adjoint_array(np.tril(L)), inner, True, True, False))


def _cholesky_solve_factor(F: Namespace, g: Any, input2: Any, out: Any, upper: bool) -> Any:
    gB = F.cholesky_solve(g, input2, upper)
    common = F.matmul(gB, adjoint(F, out))
    common = -(common + adjoint(F, common))
    return F.matmul(input2, common) if upper else F.matmul(common, input2)


def _cholesky_solve_tangent(F: Namespace, t: Any, input2: Any, out: Any, upper: bool) -> Any:
    if upper:
        change = F.matmul(adjoint(F, t), input2)
    else:
        change = F.matmul(t, adjoint(F, input2))
    change = change + adjoint(F, change)
    return -F.cholesky_solve(F.matmul(change, out), input2, upper)


op(
    "cholesky_solve(Tensor self, Tensor input2, bool upper=False)",
    kernel=_cholesky_solved,
    check=_check_cholesky_solve,
    vjp={
        "self": lambda F, g, input2, upper: F.cholesky_solve(g, input2, upper),
        "input2": _cholesky_solve_factor,
    },
    jvp={
        "self": lambda F, t, input2, upper: F.cholesky_solve(t, input2, upper),
        "input2": _cholesky_solve_tangent,
    },
    keeps_layout=True,
    batching=batch_pair,
    out=safely("cholesky_solve"),
    doc="Solves with a matrix given by its Cholesky factor.",
    samples=lambda S: [
        S.edge(S.normal(3, 2), S.tensor(np.tril(S.normal(3, 3).array) + 2 * np.eye(3)))
    ],
)


# --- QR ---------------------------------------------------------------------------------------


_SQUARES = 3  # what a factor that is a whole square takes: NumPy's, and LAPACK's order made of it


def _qr(A: Any, mode: Any) -> tuple[Any, Any]:
    if mode == "r":
        return np.zeros((0,), A.dtype), by_columns(np.linalg.qr(A, "r"))
    if mode == "complete":
        runtime.reserve(_SQUARES * A.nbytes // max(A.shape[-1], 1) * A.shape[-2])
    q, r = np.linalg.qr(A, mode)
    return by_columns(q), by_columns(r)


def _tall_slope(F: Namespace, gQ: Any, gR: Any, Q: Any, R: Any) -> Any:
    M = F.matmul(gR, adjoint(F, R)) - F.matmul(adjoint(F, Q), gQ)
    upper = F._triangle(M, True)
    strict = F._triangle(M, True, 1)
    diagonal = upper - strict
    if is_complex(diagonal):
        diagonal = (diagonal + adjoint(F, diagonal)) / 2
    symmetric = strict + adjoint(F, strict) + diagonal
    return F._solve_triangular(adjoint(F, R), gQ + F.matmul(Q, symmetric), False, False)


def _differentiable_qr(A: Any, mode: str) -> None:
    """Raise PyTorch's error for a factorization that has no derivative."""
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
            "use linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
        )
    rows, columns = A.shape[-2:]
    if mode == "complete" and rows > columns:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
        )


def _qr_slope(F: Namespace, g: Any, A: Any, out0: Any, out1: Any, mode: str) -> Any:
    _differentiable_qr(A, mode)
    rows, columns = A.shape[-2:]
    gQ, gR = g
    if rows >= columns:
        return _tall_slope(F, gQ, gR, out0, out1)
    # The triangular factor begins with a square one, and the part of `gR` beside that goes through.
    M = F.matmul(adjoint(F, out0), gQ) - F.matmul(gR, adjoint(F, out1))
    M = M - adjoint(F, M)
    lower = F._triangle(M, False, -1)
    if is_complex(M):
        lower = lower + (F._triangle(M, False) - lower) / 2
    square = adjoint(F, F.slice(out1, -1, 0, rows))
    inner = F._solve_triangular(square, lower, False, False)
    left = F.slice(gR, -1, 0, rows) + inner
    return F.matmul(out0, F.cat([left, F.slice(gR, -1, rows, columns)], -1))


def _qr_tangent(F: Namespace, t: Any, A: Any, out0: Any, out1: Any, mode: str) -> Any:
    _differentiable_qr(A, mode)
    rows, columns = A.shape[-2:]
    size = min(rows, columns)
    Q, R = out0, F.slice(out1, -1, 0, size)
    head = F.slice(t, -1, 0, size)
    scaled = F._solve_triangular(R, head, True, False)
    inner = F.matmul(adjoint(F, Q), scaled)
    lower = F._triangle(inner, False, -1)
    skew = lower - adjoint(F, lower)
    if is_complex(inner):
        diagonal = F._triangle(F._triangle(inner, True), False)
        skew = skew + (diagonal - adjoint(F, diagonal)) / 2
    dQ = F.matmul(Q, skew) + scaled - F.matmul(Q, inner)
    dR = F.matmul(adjoint(F, Q), t) - F.matmul(skew, out1)
    return dQ, dR


def _check_qr(A: Tensor, mode: str) -> None:
    check_matrix("linalg.qr", A)
    check_floating("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )


op(
    "linalg_qr(Tensor A, str mode='reduced')",
    name="qr",
    kernel=_qr,
    vjp={"A": _qr_slope},
    jvp={"A": _qr_tangent},
    outputs=2,
    fields=("Q", "R"),
    keeps_layout=True,
    check=_check_qr,
    node="LinalgQrBackward0",
    where=("linalg",),
    batching=batch_leading,
    shows={"A": ""},
    out=EXACT,
    doc="An orthonormal and an upper triangular factor.",
    samples=lambda S: [S(S.normal(3, 2)), S(S.normal(2, 3)), S(S.normal(2, 3, 3))],
)


def _old_qr(F: Namespace, self: Any, some: bool) -> Any:
    warn_once(
        "torch.qr is deprecated in favor of torch.linalg.qr and will be removed in a future "
        "PyTorch release.\nThe boolean parameter 'some' has been replaced with a string parameter "
        "'mode'.\n"
        "Q, R = torch.qr(A, some)\nshould be replaced with\nQ, R = torch.linalg.qr(A, 'reduced' if "
        "some else 'complete')"
    )
    return F.linalg_qr(self, "reduced" if some else "complete")


op(
    "qr(Tensor self, bool some=True)",
    composite=_old_qr,
    fields=("Q", "R"),
    outputs=2,
    out=EXACT,
    doc="An orthonormal and an upper triangular factor.",
    samples=lambda S: [S(S.normal(3, 2))],
)


# --- singular values --------------------------------------------------------------------------


def _svd(A: Any, full_matrices: bool) -> tuple[Any, Any, Any]:
    if full_matrices and A.size:
        longer = max(A.shape[-2:])
        runtime.reserve(_SQUARES * A.nbytes // min(A.shape[-2:]) * longer)
    left, values, right = svd(A, full_matrices=full_matrices)
    return by_columns(left), values.astype(A.real.dtype), by_columns(right)


def _gaps(F: Namespace, values: Any) -> Any:
    """The differences `v[j] - v[i]`, with ones on the diagonal."""
    gaps = row(F, values) - column(F, values)
    return gaps + F._identity_like(gaps)


def _diagonal_of(F: Namespace, matrix: Any) -> Any:
    return F.diagonal(matrix, 0, -2, -1)


def _diagonal_matrix(F: Namespace, vector: Any) -> Any:
    size = vector.shape[-1]
    shape = (*tuple(vector.shape), size)
    return F.diagonal_backward(vector, shape, 0, -2, -1)


def _first(F: Namespace, value: Any, axis: int, count: int) -> Any:
    return F.slice(value, axis, 0, count) if value.shape[axis] != count else value


def _phase_free(self: Any, name: str, ending: str) -> Any:
    if not np.all(np.abs(self.imag) <= 1e-2):
        subject = "singular vectors" if name.startswith("svd") else "eigenvectors"
        raise RuntimeError(
            f"{name}: The {subject} in the complex case are specified up to multiplication by "
            f"e^{{i phi}}. The specified loss function depends on this {ending} ill-defined."
        )
    return self


op(
    "_phase_free(Tensor self, str name, str ending)",
    kernel=_phase_free,
    vjp={"self": lambda F, g: g},
    jvp={"self": lambda F, t: t},
    where=(),
    doc="Raises where a loss depends on the phase of vectors that have none of their own.",
    samples=lambda S: [S(S.tensor([1.0, 2.0]), "svd_backward", "term, making it")],
)


def _svd_slope(F: Namespace, g: Any, A: Any, out0: Any, out1: Any, out2: Any) -> Any:
    rows, columns = A.shape[-2:]
    size = min(rows, columns)
    U, S, Vh = _first(F, out0, -1, size), out1, _first(F, out2, -2, size)
    gU, gS, gVh = g
    if gU is None and gVh is None:  # no vectors, so that equal values do no harm
        return F.matmul(U, column(F, gS) * Vh) if rows >= columns else F.matmul(U * row(F, gS), Vh)
    gU = F.zeros_like_shape(U, U.shape) if gU is None else _first(F, gU, -1, size)
    gVh = F.zeros_like_shape(Vh, Vh.shape) if gVh is None else _first(F, gVh, -2, size)
    left = F.matmul(adjoint(F, U), gU)
    left = left - adjoint(F, left)
    right = F.matmul(Vh, adjoint(F, gVh))
    right = right - adjoint(F, right)
    if is_complex(A):
        both = (_diagonal_of(F, left) + _diagonal_of(F, right)) / 2
        both = F._phase_free(both, "svd_backward", "term, making it")
        left = left + _diagonal_matrix(F, both - both)
    inner = (left * row(F, S) + column(F, S) * right) / _gaps(F, S * S)
    inner = inner - _diagonal_matrix(F, _diagonal_of(F, inner))
    if gS is not None:
        inner = inner + _diagonal_matrix(F, gS)
    if is_complex(A):
        phase = _diagonal_of(F, left) / (S * 2)
        inner = inner + _diagonal_matrix(F, phase)
    result = F.matmul(F.matmul(U, inner), Vh)
    if rows > size:
        scaled = gU / row(F, S)
        scaled = scaled - F.matmul(U, F.matmul(adjoint(F, U), scaled))
        result = result + F.matmul(scaled, Vh)
    if columns > size:
        scaled = gVh / column(F, S)
        scaled = scaled - F.matmul(F.matmul(scaled, adjoint(F, Vh)), Vh)
        result = result + F.matmul(U, scaled)
    return result


def _svd_tangent(F: Namespace, t: Any, A: Any, out0: Any, out1: Any, out2: Any) -> Any:
    rows, columns = A.shape[-2:]
    size = min(rows, columns)
    U, S, Vh = _first(F, out0, -1, size), out1, _first(F, out2, -2, size)
    inner = F.matmul(F.matmul(adjoint(F, U), t), adjoint(F, Vh))
    dS = _diagonal_of(F, inner)
    skew = inner - adjoint(F, inner)
    dS = F.real(dS) if is_complex(dS) else dS
    gaps = _gaps(F, S * S)
    left = _su(F, inner, S) / gaps
    right = _sv(F, inner, S) / gaps
    left = left - _diagonal_matrix(F, _diagonal_of(F, left))
    right = right - _diagonal_matrix(F, _diagonal_of(F, right))
    if is_complex(A):
        phase = _diagonal_of(F, skew) / (S * 2)
        left = left + _diagonal_matrix(F, phase)
    dU = F.matmul(U, left)
    dVh = F.matmul(adjoint(F, right), Vh)
    if rows > size:
        scaled = F.matmul(t, adjoint(F, Vh)) / row(F, S)
        dU = dU + scaled - F.matmul(U, F.matmul(adjoint(F, U), scaled))
    if columns > size:
        scaled = F.matmul(adjoint(F, U), t) / column(F, S)
        dVh = dVh + scaled - F.matmul(F.matmul(scaled, adjoint(F, Vh)), Vh)
    return _widened(F, dU, out0, -1), dS, _widened(F, dVh, out2, -2)


def _widened(F: Namespace, tangent: Any, out: Any, axis: int) -> Any:
    """The tangent of vectors, with zeros for those that only complete a basis."""
    missing = out.shape[axis] - tangent.shape[axis]
    if not missing:
        return tangent
    shape = list(tangent.shape)
    shape[axis] = missing
    return F.cat([tangent, F.zeros_like_shape(tangent, shape)], axis)


def _su(F: Namespace, inner: Any, S: Any) -> Any:
    return inner * row(F, S) + column(F, S) * adjoint(F, inner)


def _sv(F: Namespace, inner: Any, S: Any) -> Any:
    return column(F, S) * inner + adjoint(F, inner) * row(F, S)


def _check_svd(A: Tensor, full_matrices: bool, driver: str | None) -> None:
    rectangular("linalg.svd")(A)
    if driver is not None:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with "
            "cuSOLVER backend."
        )


op(
    "linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None)",
    name="svd",
    kernel=lambda A, full_matrices, driver=None: _svd(A, full_matrices),
    vjp={"A": _svd_slope},
    jvp={"A": _svd_tangent},
    outputs=3,
    fields=("U", "S", "Vh"),
    undefined=True,
    keeps_layout=True,
    check=_check_svd,
    node="LinalgSvdBackward0",
    where=("linalg",),
    batching=batch_leading,
    shows={"A": ""},
    keeps={"A": ("full_matrices",)},
    out=EXACT,
    doc="Singular vectors and values.",
    samples=lambda S: [S(S.normal(3, 2), False)],
)


def _values_slope(F: Namespace, g: Any, A: Any) -> Any:
    U, _, Vh = F.linalg_svd(A, False)
    return F.matmul(U * row(F, g), Vh)


def _values_tangent(F: Namespace, t: Any, A: Any) -> Any:
    U, _, Vh = F.linalg_svd(A, False)
    inner = _diagonal_of(F, F.matmul(F.matmul(adjoint(F, U), t), adjoint(F, Vh)))
    return F.real(inner) if is_complex(inner) else inner


op(
    "linalg_svdvals(Tensor A, *, str? driver=None)",
    name="svdvals",
    kernel=lambda A, driver=None: svd(A, compute_uv=False).astype(A.real.dtype),
    vjp={"A": _values_slope},
    jvp={"A": _values_tangent},
    check=lambda A, driver: _check_svd(A, False, driver),
    batching=batch_leading,
    node="LinalgSvdBackward0",
    where=("linalg",),
    out=EXACT,
    doc="Singular values.",
    samples=lambda S: [S(S.normal(3, 2)), S(S.normal(2, 2, 3))],
)


def _old_svd(F: Namespace, self: Any, some: bool, compute_uv: bool) -> Any:
    U, S, Vh = F.linalg_svd(self, not some)
    V = F.transpose(Vh, -2, -1)
    return U, S, F.conj(V) if is_complex(V) else V


op(
    "svd(Tensor self, bool some=True, bool compute_uv=True)",
    composite=_old_svd,
    fields=("U", "S", "V"),
    outputs=3,
    out=EXACT,
    doc="Singular vectors (V, not its adjoint) and values.",
    samples=lambda S: [S(S.normal(3, 2))],
)


# --- eigenvalues ------------------------------------------------------------------------------


def _check_eigh(A: Tensor, UPLO: str) -> None:
    check_square("linalg.eigh", A)
    if UPLO not in ("L", "U", "l", "u"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    check_floating("linalg.eigh", A)


def _eigh(A: Any, UPLO: Any) -> tuple[Any, Any]:
    values, vectors = np.linalg.eigh(A, UPLO.upper())
    return values.astype(A.real.dtype), by_columns(vectors)


def _eigh_slope(F: Namespace, g: Any, out0: Any, out1: Any) -> Any:
    if g[1] is None:  # no vectors, so that equal values do no harm
        return F.matmul(out1 * row(F, g[0]), adjoint(F, out1))
    inner = F.matmul(adjoint(F, out1), g[1])
    diagonal = _diagonal_of(F, inner)
    if is_complex(inner):
        diagonal = F._phase_free(diagonal, "linalg_eigh_backward", "quantity, so it is")
    inner = (inner - _diagonal_matrix(F, diagonal)) / _gaps(F, out0)
    if g[0] is not None:
        inner = inner + _diagonal_matrix(F, g[0])
    result = F.matmul(F.matmul(out1, inner), adjoint(F, out1))
    return (result + adjoint(F, result)) / 2


def _eigh_tangent(F: Namespace, t: Any, out0: Any, out1: Any) -> Any:
    inner = F.matmul(F.matmul(adjoint(F, out1), t), out1)
    diagonal = _diagonal_of(F, inner)
    rest = (inner - _diagonal_matrix(F, diagonal)) / _gaps(F, out0)
    return F.real(diagonal) if is_complex(diagonal) else diagonal, F.matmul(out1, rest)


def _hermitian(S: Any, size: int) -> Any:
    a = S.normal(size, size).array
    return S.tensor(a + a.conj().T)


op(
    "linalg_eigh(Tensor A, str UPLO='L')",
    name="eigh",
    kernel=_eigh,
    vjp={"A": _eigh_slope},
    jvp={"A": _eigh_tangent},
    outputs=2,
    fields=("eigenvalues", "eigenvectors"),
    undefined=True,
    keeps_layout=True,
    check=_check_eigh,
    node="LinalgEighBackward0",
    where=("linalg",),
    batching=batch_leading,
    shows={"A": "", "UPLO": ""},
    out=EXACT,
    doc="Eigenvalues, ascending, and eigenvectors of Hermitian matrices.",
    samples=lambda S: [S.edge(_hermitian(S, 3)), S.edge(_hermitian(S, 2), "U")],
)


def _eigvalsh_slope(F: Namespace, g: Any, A: Any, UPLO: str) -> Any:
    vectors = F.linalg_eigh(A, UPLO)[1]
    return F.matmul(vectors * row(F, g), adjoint(F, vectors))


def _eigvalsh_tangent(F: Namespace, t: Any, A: Any, UPLO: str) -> Any:
    vectors = F.linalg_eigh(A, UPLO)[1]
    inner = _diagonal_of(F, F.matmul(F.matmul(adjoint(F, vectors), t), vectors))
    return F.real(inner) if is_complex(inner) else inner


op(
    "linalg_eigvalsh(Tensor A, str UPLO='L')",
    name="eigvalsh",
    kernel=lambda A, UPLO: np.linalg.eigvalsh(A, UPLO.upper()).astype(A.real.dtype),
    vjp={"A": _eigvalsh_slope},
    jvp={"A": _eigvalsh_tangent},
    check=_check_eigh,
    batching=batch_leading,
    node="LinalgEighBackward0",
    where=("linalg",),
    out=EXACT,
    doc="Eigenvalues, ascending, of Hermitian matrices.",
    samples=lambda S: [S.edge(_hermitian(S, 3)), S.edge(_hermitian(S, 2), "U")],
)


def _complex_of(A: Any) -> Any:
    return (
        np.complex64
        if A.dtype.itemsize * (1 if A.dtype.kind == "c" else 2) == 8
        else (np.complex128)
    )


def _eig(A: Any) -> tuple[Any, Any]:
    check_finite(A)
    values, vectors = np.linalg.eig(A)
    return values.astype(_complex_of(A)), by_columns(vectors.astype(_complex_of(A)))


def _eigvals(A: Any) -> Any:
    check_finite(A)
    return np.linalg.eigvals(A).astype(_complex_of(A))


def _eig_slope(F: Namespace, g: Any, A: Any, out0: Any, out1: Any) -> Any:
    V, Vh = out1, F.transpose(conjugate(F, out1), -2, -1)
    if g[1] is None:  # no vectors, so that equal values do no harm
        return real_like(F, F._linalg_solve(Vh, column(F, g[0]) * Vh), A)
    inner = F.matmul(Vh, g[1])
    diagonal = F._phase_free(_diagonal_of(F, inner), "linalg_eig_backward", "quantity, so it is")
    real = F.real(diagonal)
    inner = inner - F.matmul(Vh, V * row(F, real))
    inner = inner - _diagonal_matrix(F, _diagonal_of(F, inner))
    inner = inner / conjugate(F, _gaps(F, out0))
    if g[0] is not None:
        inner = inner + _diagonal_matrix(F, g[0])
    return real_like(F, F._linalg_solve(Vh, F.matmul(inner, Vh)), A)


def _eig_tangent(F: Namespace, t: Any, A: Any, out0: Any, out1: Any) -> Any:
    V = out1
    if not is_complex(t):
        t = t + 0j
    inner = F._linalg_solve(V, F.matmul(t, V))
    values = _diagonal_of(F, inner)
    moved = (inner - _diagonal_matrix(F, values)) / _gaps(F, out0)
    change = F.matmul(V, moved)
    along = F.real(F.sum_dim(conjugate(F, V) * change, (-2,)))
    return values, change - V * row(F, along)


op(
    "linalg_eig(Tensor A)",
    name="eig",
    kernel=_eig,
    vjp={"A": _eig_slope},
    jvp={"A": _eig_tangent},
    outputs=2,
    fields=("eigenvalues", "eigenvectors"),
    undefined=True,
    keeps_layout=True,
    check=square("linalg.eig"),
    node="LinalgEigBackward0",
    where=("linalg",),
    batching=batch_leading,
    shows={"A": ""},
    out=safely("torch.linalg.eig", "eigenvalues"),
    doc="Complex eigenvalues and eigenvectors.",
    samples=lambda S: [S(S.normal(3, 3))],
)


def _eigvals_slope(F: Namespace, g: Any, A: Any) -> Any:
    vectors = F.linalg_eig(A)[1]
    Vh = F.transpose(conjugate(F, vectors), -2, -1)
    return real_like(F, F._linalg_solve(Vh, F.matmul(_diagonal_matrix(F, g), Vh)), A)


def _eigvals_tangent(F: Namespace, t: Any, A: Any) -> Any:
    vectors = F.linalg_eig(A)[1]
    if not is_complex(t):
        t = t + 0j
    return _diagonal_of(F, F._linalg_solve(vectors, F.matmul(t, vectors)))


op(
    "linalg_eigvals(Tensor A)",
    name="eigvals",
    kernel=_eigvals,
    vjp={"A": _eigvals_slope},
    jvp={"A": _eigvals_tangent},
    check=square("linalg.eigvals"),
    batching=batch_leading,
    node="LinalgEigBackward0",
    where=("linalg",),
    out=safely("torch.linalg.eigvals", "eigenvalues"),
    doc="Complex eigenvalues.",
    samples=lambda S: [S(S.normal(3, 3))],
)


# --- least squares, rank, condition -----------------------------------------------------------


def _lstsq(A: Any, B: Any, rcond: Any, driver: Any) -> tuple[Any, Any, Any, Any]:
    vector = B.ndim == A.ndim - 1
    right = B[..., None] if vector else B
    rows, columns = A.shape[-2:]
    if B.ndim == 0:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    if not 0 <= A.ndim - B.ndim <= 1:
        raise RuntimeError(
            "torch.linalg.lstsq: input.dim() must be greater or equal to other.dim() and "
            "(input.dim() - other.dim()) <= 1"
        )
    if right.shape[-2] != rows:
        place = -1 if vector else -2
        raise RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match other.size({place})")
    broadcast_shape((A.shape[:-2], right.shape[:-2]))
    bound = max(rows, columns) * float(np.finfo(A.dtype).eps) if rcond is None else rcond
    with converging("torch.linalg.lstsq", A):
        solution = np.matmul(np.linalg.pinv(A, bound), right).astype(A.dtype)
        rank = np.linalg.matrix_rank(A, tol=None).astype(np.int64)
    residuals = np.zeros((0,), A.real.dtype)
    if rows > columns and np.all(rank == columns) and driver not in (None, "gelsy"):
        error = np.matmul(A, solution) - right
        residuals = np.sum(np.abs(error) ** 2, -2).astype(A.real.dtype)
    values = np.zeros((0,), A.real.dtype)
    if driver in ("gelsd", "gelss"):
        values = svd(A, compute_uv=False).astype(A.real.dtype)
    solution = solution[..., 0] if vector else _in_taller(solution, rows)
    return solution, residuals, rank, values


def _in_taller(solution: Any, rows: int) -> Any:
    """The solution as a view of the right side's memory, which LAPACK overwrites."""
    *batch, columns, rights = solution.shape
    if rows <= columns:
        return by_columns(solution)
    memory = by_columns(np.zeros((*batch, rows, rights), solution.dtype))
    memory[..., :columns, :] = solution
    return memory[..., :columns, :]


def _lstsq_parts(F: Namespace, g: Any, A: Any, B: Any) -> tuple[Any, Any, Any]:
    """The pseudo-inverse, and the right side and cotangent as matrices."""
    vector = ndim(B) == ndim(A) - 1
    P = F.linalg_pinv(A)
    return P, column(F, B) if vector else B, column(F, g) if vector else g


def _lstsq_a(F: Namespace, g: Any, A: Any, B: Any) -> Any:
    P, right, change = _lstsq_parts(F, g[0], A, B)
    result = pinv_slope(F, F.matmul(change, adjoint(F, right)), A, P)
    if 0 in g[1].shape:
        return result
    X = F.matmul(P, right)
    error = (F.matmul(A, X) - right) * 2
    return result + F.matmul(error * row(F, g[1]), adjoint(F, X))


def _lstsq_b(F: Namespace, g: Any, A: Any, B: Any) -> Any:
    P, right, change = _lstsq_parts(F, g[0], A, B)
    result = F.matmul(adjoint(F, P), change)
    if 0 not in g[1].shape:
        error = (F.matmul(A, F.matmul(P, right)) - right) * 2
        result = result - error * row(F, g[1])
    return F.squeeze_dim(result, -1) if ndim(B) == ndim(A) - 1 else result


def _residual_tangent(F: Namespace, error: Any, change: Any, out1: Any) -> Any:
    """The tangent of the squared errors; none where they were not computed."""
    if 0 in out1.shape:
        return F.zeros_like_shape(out1, tuple(out1.shape))
    product = conjugate(F, error) * change * 2
    return F.sum_dim(F.real(product) if is_complex(product) else product, (-2,))


def _lstsq_a_tangent(F: Namespace, t: Any, A: Any, B: Any, out1: Any) -> Any:
    P, right, _ = _lstsq_parts(F, B, A, B)
    moved = F.matmul(pinv_tangent(F, t, A, P), right)
    X = F.matmul(P, right)
    residual = _residual_tangent(F, F.matmul(A, X) - right, F.matmul(t, X), out1)
    return F.squeeze_dim(moved, -1) if ndim(B) == ndim(A) - 1 else moved, residual, None, None


def _lstsq_b_tangent(F: Namespace, t: Any, A: Any, B: Any, out1: Any) -> Any:
    P, right, _ = _lstsq_parts(F, B, A, B)
    change = column(F, t) if ndim(B) == ndim(A) - 1 else t
    moved = F.matmul(P, change)
    error = F.matmul(A, F.matmul(P, right)) - right
    residual = _residual_tangent(F, error, -change, out1)
    return F.squeeze_dim(moved, -1) if ndim(B) == ndim(A) - 1 else moved, residual, None, None


op(
    "linalg_lstsq(Tensor A, Tensor B, float? rcond=None, *, str? driver=None)",
    name="lstsq",
    kernel=_lstsq,
    vjp={"A": _lstsq_a, "B": _lstsq_b},
    jvp={
        "A": _lstsq_a_tangent,
        "B": _lstsq_b_tangent,
    },
    outputs=4,
    fields=("solution", "residuals", "rank", "singular_values"),
    constant=(2, 3),
    keeps_layout=True,
    check=rectangular("torch.linalg.lstsq"),
    node="LinalgLstsqBackward0",
    where=("linalg",),
    shows={"A": "self", "B": "b"},
    out=safely("torch.linalg.lstsq", "solution"),
    doc="The solution of least squares, and the squared errors where the driver gives them.",
    samples=lambda S: [
        S(S.normal(4, 2), S.normal(4, 1)),
        S(S.normal(2, 4), S.normal(2, 2)),
        S(S.normal(4, 2), S.normal(4, 2), driver="gelsd"),
    ],
)


def _matrix_rank(A: Any, atol: Any, rtol: Any, hermitian: bool) -> Any:
    if hermitian:
        values = np.abs(np.linalg.eigvalsh(A))
    else:
        values = svd(A, compute_uv=False)
    if rtol is None:
        rtol = 0.0 if atol else max(A.shape[-2:]) * float(np.finfo(A.dtype).eps)
    largest = values.max(-1, keepdims=True, initial=0)
    return np.sum(values > np.maximum(atol or 0.0, rtol * largest), -1, dtype=np.int64)


op(
    "linalg_matrix_rank_tol(Tensor A, Scalar tol, bool hermitian=False)",
    name="matrix_rank",
    composite=lambda F, A, tol, hermitian: F.linalg_matrix_rank(
        A, atol=real_number(tol), hermitian=hermitian
    ),
    where=("linalg",),
    doc="The number of singular values above a tolerance.",
    samples=lambda S: [S(S.normal(3, 2), 0.5), S(S.normal(3, 3), 1.5, True)],
)
op(
    "linalg_matrix_rank(Tensor A, *, float? atol=None, float? rtol=None, bool hermitian=False)",
    name="matrix_rank",
    kernel=_matrix_rank,
    check=perhaps_hermitian("linalg.matrix_rank"),
    where=("linalg",),
    batching=batch_leading,
    doc="The number of singular values that are not negligible.",
    samples=lambda S: [
        S(S.normal(3, 2)),
        S(S.normal(2, 2, 2)),
        S(S.normal(3, 3), atol=1.5, hermitian=True),
    ],
)


def _cond(F: Namespace, A: Any, p: Any) -> Any:
    if type(A) is Tensor and len(shape_of(A)) < 2 and p in (None, 2, -2):
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p is None or p in (2, -2):
        values = F.linalg_svdvals(A)
        last = values.shape[-1]
        largest, smallest = F.slice(values, -1, 0, 1), F.slice(values, -1, last - 1, last)
        if p == -2:
            largest, smallest = smallest, largest
        return F.squeeze_dim(F.div(largest, smallest), -1)
    if type(A) is Tensor:
        check_square(f"linalg.cond(ord={p})" if isinstance(p, str) else "linalg.cond", A)
    if p == "nuc":
        values = F.linalg_svdvals(A)
        return F.mul(F.sum_dim(values, -1), F.sum_dim(F.reciprocal(values), -1))
    product = F.mul(F.linalg_matrix_norm(A, p), F.linalg_matrix_norm(F._linalg_inv(A), p))
    return F.nan_to_num(product, math.inf, math.inf, -math.inf)


op(
    "linalg_cond(Tensor A, Order? p=None)",
    name="cond",
    composite=_cond,
    where=("linalg",),
    out=safely("linalg.cond"),
    doc="The condition number.",
    samples=lambda S: [S(S.normal(3, 3)), S(S.normal(3, 3), "fro"), S(S.normal(3, 2))],
)

__all__ = ["LinAlgError"]

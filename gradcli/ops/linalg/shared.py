"""What linear algebra shares: checks, adjoints, masks, batching over leading dimensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...kernels.refusals import blaming
from ...table.call.dispatch import run
from ...table.dtype_rules import is_complex
from ...table.entry import Op
from ...table.formulas import traced
from ...table.levels.batching import batch_size, front
from ...table.schema import Namespace
from ...tensor import dtypes
from ...tensor.tensor import Tensor, shape_of


class _LinAlgError(RuntimeError):
    """`torch.linalg.LinAlgError`: a matrix that an operation cannot work with."""

    __module__ = "torch._C"

    published = True


LinAlgError = _LinAlgError


def check_floating(name: str, matrix: Tensor) -> None:
    """Raise PyTorch's error for integers and for low precision."""
    if matrix.dtype.category < dtypes.FLOATING:
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got "
            f"{matrix.dtype.scalar_name}"
        )
    if not matrix.dtype.raw:
        raise RuntimeError(
            f"{name}: Low precision dtypes not supported. Got {matrix.dtype.scalar_name}"
        )


def check_matrix(name: str, matrix: Tensor) -> None:
    """Raise PyTorch's error for fewer than two dimensions."""
    if len(shape_of(matrix)) < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")


def check_square(name: str, matrix: Tensor) -> None:
    """Raise PyTorch's error unless the last two dimensions are equal."""
    check_matrix(name, matrix)
    rows, columns = shape_of(matrix)[-2:]
    if rows != columns:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {rows} by {columns} "
            "matrices"
        )


def square(name: str) -> Callable[..., None]:
    """A check for entries whose first argument is square and floating."""

    def check(matrix: Tensor, *rest: Any) -> None:
        check_square(name, matrix)
        check_floating(name, matrix)

    return check


def rectangular(name: str) -> Callable[..., None]:
    """A check for entries whose first argument is a floating matrix."""

    def check(matrix: Tensor, *rest: Any) -> None:
        check_matrix(name, matrix)
        check_floating(name, matrix)

    return check


def perhaps_hermitian(name: str) -> Callable[..., None]:
    """A check for entries of matrices with two tolerances and the keyword `hermitian`."""
    check_any = rectangular(name)

    def check(matrix: Tensor, atol: Any, rtol: Any, hermitian: bool) -> None:
        check_any(matrix)
        if hermitian:
            check_square("linalg.eigh", matrix)

    return check


def singular(name: str, index: tuple[int, ...], reason: str, bad: Callable[[], Any]) -> LinAlgError:
    """The error for the first bad matrix of a batch; `bad` finds all of them."""
    place = f"(Batch element {index[0]}): " if index else ""
    return blaming(LinAlgError(f"{name}: {place}{reason}"), bad)


NON_FINITE = (
    "The algorithm failed to converge because the input matrix contained non-finite values."
)


@contextmanager
def converging(name: str, A: Any) -> Iterator[None]:
    """Say in PyTorch's words which matrix of `A` has no singular values."""
    try:
        yield
    except np.linalg.LinAlgError:
        outside = ~np.isfinite(A).all((-2, -1))
        index = tuple(map(int, np.argwhere(outside)[0])) if outside.any() else ()
        raise singular(name, index, NON_FINITE, lambda: outside) from None


def svd(A: Any, **how: Any) -> Any:
    """NumPy's decomposition. Raises LinAlgError with PyTorch's sentence.

    Note: for singular values alone LAPACK looks at what is infinite first and complains of it on
    the standard output, so such a matrix is not given to it: its singular values are NaN.
    """
    infinite = infinities(A) if how == {"compute_uv": False} else None
    with converging("linalg.svd", A):
        if infinite is None or not infinite.any():
            return np.linalg.svd(A, **how)
        values: Any = np.linalg.svd(np.where(infinite[..., None, None], 0, A), **how)
    values[infinite] = np.nan
    return values


def infinities(A: Any) -> Any:
    """Which matrices of `A` have infinite elements, and no NaN."""
    return np.isinf(A).any((-2, -1)) & ~np.isnan(A).any((-2, -1))


def check_finite(A: Any) -> None:
    """Raise PyTorch's error for eigenvalues of what is no number."""
    if not np.isfinite(A).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")


def conjugate(F: Namespace, value: Any) -> Any:
    """The conjugate, also of complex inputs to operations with real results.

    Note: the namespace of bare arrays is chosen by the result's dtype, and the one for real
    results takes `conj` for the identity.
    """
    if F.is_traced:
        return F.conj(value)
    return value.conj() if value.dtype.kind == "c" else value


def adjoint(F: Namespace, matrix: Any) -> Any:
    """The conjugate transpose of the last two dimensions."""
    return F.transpose(conjugate(F, matrix), -2, -1)


def adjoint_array(matrix: Any) -> Any:
    """The conjugate transpose of arrays."""
    if matrix.dtype.kind == "c":
        matrix = matrix.conj()
    return np.swapaxes(matrix, -1, -2)


def by_columns(matrix: Any) -> Any:
    """The same matrices stored column by column, as LAPACK leaves them."""
    if matrix.ndim < 2:
        return matrix
    swapped = np.swapaxes(matrix, -1, -2)
    return np.swapaxes(np.array(swapped, order="C"), -1, -2)


def real_like(F: Namespace, value: Any, like: Any) -> Any:
    """The real part, where the input that `value` is a derivative of is real."""
    return F.real(value) if is_complex(value) and not is_complex(like) else value


def column(F: Namespace, vector: Any) -> Any:
    """Vectors as columns."""
    return F.unsqueeze(vector, -1)


def row(F: Namespace, vector: Any) -> Any:
    """Vectors as rows."""
    return F.unsqueeze(vector, -2)


def batch_leading(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """One matrix input: all but its last two dimensions are a batch already."""
    inner = list(args)
    for position, axis in enumerate(axes):
        if axis is not None:
            inner[position] = front(args[position], axis)
    return run(op, inner), 0


def batch_pair(op: Op, args: list[Any], axes: list[Any]) -> tuple[Any, int]:
    """Two matrix inputs whose leading dimensions broadcast."""
    size = batch_size(args, axes)
    inner = list(args)
    ranks = [len(shape_of(args[i])) - (axes[i] is not None) for i in (0, 1)]
    rank = max(ranks)
    for position in (0, 1):
        value = args[position]
        if axes[position] is None:
            value = traced.expand(value, (size, *shape_of(value)))
        else:
            value = front(value, axes[position])
        shape = shape_of(value)
        missing = rank - ranks[position]
        if missing:
            value = traced.reshape(value, shape[:1] + (1,) * missing + shape[1:])
        inner[position] = value
    return run(op, inner), 0

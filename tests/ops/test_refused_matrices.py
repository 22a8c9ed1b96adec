"""Which matrices of a batch a decomposition refuses, found for all of them at once."""

import numpy as np
import pytest

from gradcli.ops.linalg.decompositions import bad_minor, indefinite
from gradcli.ops.linalg.matrix_functions import without_inverse


def fails(decompose, matrix):
    try:
        decompose(matrix)
    except np.linalg.LinAlgError:
        return True
    return False


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.complex128])
def test_as_lapack_refuses_each(size, kind):
    random = np.random.default_rng(size)
    matrices = random.normal(size=(5, 40, size, size)).astype(kind)
    if np.dtype(kind).kind == "c":
        matrices = matrices + 1j * random.normal(size=matrices.shape).astype(matrices.real.dtype)
    shifts = random.uniform(0, 3 * size, size=(5, 40, 1, 1))
    hermitian = (matrices + np.swapaxes(matrices.conj(), -1, -2) + shifts * np.eye(size)).astype(
        kind
    )
    hermitian[2, 3] = np.nan
    hermitian[2, 4] = 0
    found = indefinite(hermitian)
    assert found.shape == (5, 40)
    assert 0 < found.sum() < found.size
    alone = [[fails(np.linalg.cholesky, matrix) for matrix in row] for row in hermitian]
    alone[2][3] = found[2][3]  # of NaN LAPACKs differ
    assert found.tolist() == alone
    orders = [[bad_minor(matrix) > 0 for matrix in row] for row in hermitian]
    orders[2][3] = found[2][3]
    assert found.tolist() == orders

    matrices[1, :7] = 0
    matrices[3, 5:9, :, 0] = 0
    singular = without_inverse(matrices)
    assert singular.tolist() == [[fails(np.linalg.inv, m) for m in row] for row in matrices]
    assert singular.sum() == 11


def test_only_the_lower_triangle_is_read():
    matrix = np.array([[2.0, np.nan], [1.0, 2.0]])
    assert not indefinite(matrix)
    assert bad_minor(matrix) == 0
    assert bad_minor(np.array([[2.0, 0.0], [3.0, 2.0]])) == 2

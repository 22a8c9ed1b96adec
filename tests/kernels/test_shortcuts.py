"""Single functions in place of kernels: the same numbers, whatever the dtype."""

import numpy as np
import pytest

from gradcli.kernels.shortcuts import for_dtype
from gradcli.table.lookup import get_op

NAMES = ("exp", "expm1", "log2", "log10", "log1p", "sinh", "cosh", "tanh", "add", "sub")
VALUES = (0.0, -0.0, 0.3, 1.5, 1e30, 200.0, -200.0, np.inf, -np.inf, np.nan)


@pytest.mark.parametrize("dtype", ("f4", "f8", "c8", "c16"))
@pytest.mark.parametrize("name", NAMES)
def test_a_shortcut_gives_the_bits_of_the_kernel(name: str, dtype: str) -> None:
    op = get_op(name)
    x = np.array(VALUES, dtype)
    others = (np.array(VALUES[::-1], dtype), 1)[: len(op.parameters) - 1]
    shortcut = for_dtype(op.kernel, x.dtype)
    with np.errstate(all="ignore"):
        expected = op.kernel(x, *others)
        result = shortcut(x, *others[:1])
        assert result.dtype == x.dtype
        assert result.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", NAMES[:8])
def test_scalars_are_rounded_as_arrays_are(name: str) -> None:
    kernel = get_op(name).kernel
    values = np.array(VALUES, "f4")
    with np.errstate(all="ignore"):
        expected = kernel(values)
        found = [kernel(value) for value in values]
    assert all(type(value) is np.float32 for value in found)
    np.testing.assert_array_equal(np.array(found), expected)
    assert (np.signbit(found) == np.signbit(expected)).all()

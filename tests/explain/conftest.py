"""Formulas are those of expressions, which compute in float64; other tests begin with float32."""

from collections.abc import Iterator

import pytest

from gradcli.tensor import dtypes


@pytest.fixture(autouse=True)
def _default_dtype() -> Iterator[None]:
    before = dtypes.default.dtype
    dtypes.default.dtype = dtypes.float64
    yield
    dtypes.default.dtype = before

"""Explanations and formulas compute in the dtype that a program says; it is not the next test's."""

from collections.abc import Iterator

import pytest

from gradcli.tensor import dtypes


@pytest.fixture(autouse=True)
def _default_dtype() -> Iterator[None]:
    before = dtypes.default.dtype
    yield
    dtypes.default.dtype = before

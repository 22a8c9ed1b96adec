"""Errors that know which elements of a batch they are about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..tensor.dtypes import Array

Error = TypeVar("Error", bound=Exception)


def blaming(error: Error, bad: Callable[[], Any]) -> Error:
    """`error` with the function that finds, when it is asked, what the kernel refused.

    That is an array of booleans over the leading axes of what the kernel was given.
    """
    error.refused = bad  # type: ignore[attr-defined]
    return error


def refused_rows(error: BaseException | None, count: int) -> Array | None:
    """Which of `count` rows along the first axis an error is about, or None if it does not know."""
    while error is not None:
        bad = getattr(error, "refused", None)
        if bad is not None:
            found = np.asarray(bad())
            if found.shape[:1] != (count,):
                return None
            rows: Array = found.reshape(count, -1).any(1)
            return rows
        error = error.__cause__ or error.__context__
    return None

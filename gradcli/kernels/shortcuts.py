"""Kernels that come down to a single function for arrays of some dtypes.

A call of a Python function costs as much as the arithmetic of a small array, so those who know the
dtype call the single function themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def with_shortcuts(kernel: Kernel, **functions: Callable[..., Any]) -> Kernel:
    """The kernel, known to be those functions for its defaults and dtypes of their characters."""
    vars(kernel)["shortcuts"] = functions
    return kernel


def has_shortcuts(kernel: Any) -> bool:
    """Whether a kernel is a single function for some dtypes."""
    return hasattr(kernel, "shortcuts")


def for_dtype(kernel: Any, dtype: Any) -> Any:
    """What computes in place of a kernel, with its defaults, for arrays of `dtype`."""
    return getattr(kernel, "shortcuts", {}).get(dtype.char, kernel)

"""Sentences about shapes and dtypes that products, convolutions and losses share."""

from __future__ import annotations

import warnings

from ..tensor.dtypes import DType


def backend_type(dtype: DType) -> str:
    """The name of a dtype's tensors in messages about backends: complex ones have no old name."""
    return f"CPU{dtype.scalar_name}Type" if dtype.is_complex else dtype.tensor_name


_warned: set[str] = set()
_options = {"always": False}


def warn_always(mode: bool) -> None:
    """Whether `warn_once` warns every time."""
    _options["always"] = mode


def warns_always() -> bool:
    """Whether `warn_once` warns every time."""
    return _options["always"]


def warn_once(message: str, key: str = "") -> None:
    """A UserWarning that a process gives once, as PyTorch does for some.

    Warnings of one key count as one.
    """
    if (key or message) not in _warned or _options["always"]:
        _warned.add(key or message)
        warnings.warn(message, UserWarning, stacklevel=2)


def forget_warnings() -> None:
    """Let every warning be given once more."""
    _warned.clear()

"""Many records at once; `function` is for Python programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .functions import function

__all__ = ["function"]


def __getattr__(name: str) -> Any:
    if name != "function":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import numpy as np

    before = np.geterr()
    try:
        from .functions import function
    finally:
        np.seterr(**before)  # of the process, which is not ours; the core has NumPy say nothing
    return function

"""torch.mps as on a machine without Metal: questions are answered, everything else is an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

# What is refused, and what PyTorch would have run for it.
REFUSED = {
    "current_allocated_memory": "getCurrentAllocatedMemory",
    "driver_allocated_memory": "getDriverAllocatedMemory",
    "empty_cache": "emptyCache",
    "get_rng_state": "getDefaultGenerator",
    "recommended_max_memory": "getRecommendedMaxMemory",
    "seed": "getDefaultGenerator",
    "set_rng_state": "getDefaultGenerator",
    "synchronize": "deviceSynchronize",
}


def _refused(name: str, inner: str) -> Callable[..., NoReturn]:
    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(f"Cannot execute {inner}() without MPS backend.")

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = "Raises RuntimeError: there is no GPU."
    return refuse


globals().update({name: _refused(name, inner) for name, inner in REFUSED.items()})


def is_available() -> bool:
    """False: there is no GPU."""
    return False


def device_count() -> int:
    """0: there is no GPU."""
    return 0


def manual_seed(seed: int) -> None:
    """Accepted; there is no GPU."""

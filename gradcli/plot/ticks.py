"""Round numbers along an axis."""

from __future__ import annotations

import math


def ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten between two numbers, at most `most`."""
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((f * power for f in (1, 2, 2.5, 5, 10) if f * power >= rough * 0.999), 10 * power)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + at) * step, 12) + 0.0 for at in range(max(count, 0))] or [low]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten between two positive numbers."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max((last - first) // 8, 1)
    return [10.0**power for power in range(first, last + 1, step)] or [low]


def label(value: float) -> str:
    """A tick's number, short."""
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e6:
        return f"{value:.6g}"
    return f"{value:.3g}"

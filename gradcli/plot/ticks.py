"""Round numbers along an axis, and where numbers are between its ends."""

from __future__ import annotations

import math

import numpy as np

from .numbers import Array
from .scale import Ends, Scale

MOST_GIVEN = 200  # ticks that a program names


def ticks(low: float, high: float, most: int = 7, least: float = 0.0) -> list[float]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten between two numbers, at most `most`.

    They are `least` apart at least.
    """
    rough = high / most - low / most
    if not math.isfinite(rough) or rough <= 0 or rough < max(abs(low), abs(high)) * 1e-14:
        return [low]
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 2.5, 5, 10, 20, 25, 50) if power else ():
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most and step >= least:
            digits = 12 - math.floor(math.log10(step))
            return [round(at * step, digits) + 0.0 for at in range(first, last + 1)] or [low]
    return [low]


def log_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Powers of ten between two positive numbers, or round numbers where there are fewer than two.

    Both ends are above 0.
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last <= first:
        return [tick for tick in ticks(low, high, max(most // 2, 3)) if tick > 0]
    step = -(-(last - first + 1) // max(most, 2))
    return [10.0**power for power in range(first, last + 1, step)]


def labels(values: list[float]) -> list[str]:
    """The numbers of ticks, short, and no two alike that differ."""
    for digits in (6, 9, 12, 17):
        found = [label(value, digits) for value in values]
        if len(set(found)) == len(set(values)):
            break
    return found


def label(value: float, digits: int = 6) -> str:
    """A tick's number, short."""
    if value == 0:
        return "0"
    if 1e-4 <= abs(value) < 1e6:
        return f"{value:.{digits}g}"
    mantissa, _, power = f"{value:.{max(digits - 3, 3)}g}".partition("e")
    return f"{mantissa}e{int(power)}" if power else mantissa


def tick_places(scale: Scale, ends: Ends, most: int) -> list[tuple[float, str]]:
    """The ticks between two ends, and their texts."""
    low, high = min(ends), max(ends)
    if scale.ticks is not None:
        names = labels(scale.ticks) if scale.tick_labels is None else scale.tick_labels
        names = [*names, *[""] * (len(scale.ticks) - len(names))]
        slack = (high / 2 - low / 2) * 1e-9
        places = [
            (value, name)
            for value, name in zip(scale.ticks, names, strict=False)
            if low - slack <= value <= high + slack
        ]
        return places[:: -(-len(places) // MOST_GIVEN) or 1]
    least = 1.0 if scale.whole else 0.0
    found = log_ticks(low, high, most) if scale.log else ticks(low, high, most, least)
    if scale.tick_labels is None:
        return list(zip(found, labels(found), strict=True))
    # Labels without ticks are those of matplotlib's ticks, which begin below the lower end.
    skipped = 1 if not scale.log and found[0] > low else 0
    names = [*scale.tick_labels[skipped:], *[""] * len(found)]
    return list(zip(found, names, strict=False))


def shares(values: Array, ends: Ends, log: bool) -> Array:
    """Numbers between two ends as 0 to 1; far outside they stay near, for the picture's sake."""
    with np.errstate(all="ignore"):
        values = np.where(np.isfinite(values), values, np.nan)
        if log:
            low, high = math.log10(ends[0]), math.log10(ends[1])
            values = np.where(values > 0, np.log10(values), np.nan)
        else:
            low, high = ends
        half = np.clip(values / 2 - low / 2, -1e308, 1e308)  # halves: the difference may overflow
        return np.clip(half / (high / 2 - low / 2), -10.0, 11.0)

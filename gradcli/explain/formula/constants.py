"""Numbers that stand for roots and multiples of pi, as a person would write them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

_LARGEST = 200  # numerators and denominators up to which a fraction is looked for
_CLOSE = 16 * 2.0**-53  # roundings that folding a constant may have cost, relative
_SHORT = 12  # digits up to which a number is what somebody wrote


class Constant(NamedTuple):
    """`ratio * pi ** power * sqrt(root * pi ** odd)`, with `odd` -1, 0 or 1."""

    ratio: Fraction
    power: int
    root: Fraction
    odd: int


def fraction_of(value: float) -> Fraction | None:
    """The small fraction that a number is but for rounding, if it has many digits; else None."""
    if not math.isfinite(value) or len(f"{abs(value)!r}".strip("0.")) <= _SHORT:
        return None
    found = Fraction(value).limit_denominator(_LARGEST)
    if not 0 < abs(found.numerator) <= _LARGEST:
        return None
    return found if abs(value - found) <= _CLOSE * abs(value) else None


def constant_of(value: float) -> Constant | None:
    """What a number with many digits is made of; None for one that is only itself."""
    if not math.isfinite(value) or len(f"{abs(value)!r}".strip("0.")) <= _SHORT:
        return None
    for power in (0, 1, -1, 2, -2):
        ratio = _near(value / math.pi**power)
        if ratio is not None:
            return Constant(ratio, power, Fraction(1), 0)
    for odd in (0, 1, -1):
        square = _near(value * value / math.pi**odd)
        if square is not None:
            outside = Fraction(_square_in(square.numerator), _square_in(square.denominator))
            sign = 1 if value > 0 else -1
            return Constant(sign * outside, 0, square / outside**2, odd)
    return None


def _near(value: float) -> Fraction | None:
    found = Fraction(value).limit_denominator(_LARGEST)
    small = 0 < abs(found.numerator) <= _LARGEST
    return found if small and abs(value - found) <= _CLOSE * abs(value) else None


def _square_in(number: int) -> int:
    """The largest number whose square divides another."""
    return max(n for n in range(1, math.isqrt(number) + 1) if number % (n * n) == 0)

"""The elements of a tensor as equally wide texts: one notation is chosen for all of them."""

from __future__ import annotations

import operator

from .dtypes import Array
from .print_options import options
from .runtime import LimitExceeded, runtime

MOST_DIGITS = 1_000_000
AT_ONCE = 10_000  # numbers between two looks at whether to stop


def digits() -> str:
    """The precision as it stands in a format spec.

    Raises LimitExceeded for one that would make a text of millions of digits, TypeError for what
    is no number.
    """
    precision = options.precision
    if not isinstance(precision, int | float | str):
        precision = operator.index(precision)
    text = str(precision)
    if len(text) > 20 or (text.isdecimal() and int(text) > MOST_DIGITS):
        raise LimitExceeded(f"a precision above {MOST_DIGITS:,} digits is refused", "max-memory")
    return text


def _texts(values: list[float], spec: str) -> list[str]:
    texts: list[str] = []
    for start in range(0, len(values), AT_ONCE):
        runtime.check()
        texts += [value.__format__(spec) for value in values[start : start + AT_ONCE]]
    return texts


def column(values: Array) -> tuple[list[str], int]:
    """The texts of `values` in row-major order, and the width of an element in a line.

    Note: the width counts finite non-zero floats only, so `[0., nan]` has width 1 and its texts
    are longer than that; line breaks follow the width, not the texts.
    """
    kind = values.dtype.kind
    if kind == "c":
        return _complex_column(values)
    if kind == "f":
        return _float_column(values.ravel().tolist())
    texts = list(map(str, values.ravel().tolist()))
    width = max(map(len, texts), default=1)
    return [text.rjust(width) for text in texts], width


def _complex_column(values: Array) -> tuple[list[str], int]:
    """Real and imaginary parts choose their notations apart; only real parts are padded."""
    reals, real_width = _float_column(values.real.ravel().tolist())
    imaginaries, imaginary_width = _float_column(values.imag.ravel().tolist())
    texts = []
    for real, padded in zip(reals, imaginaries, strict=True):
        imaginary = padded.lstrip()
        sign = "" if imaginary[0] == "-" else "+"
        texts.append(f"{real}{sign}{imaginary}j")
    return texts, real_width + imaginary_width + 1


def _float_column(values: list[float]) -> tuple[list[str], int]:
    """Integral (`2.`), fixed or scientific notation, from the finite non-zero values.

    Scientific if the largest magnitude is above 1e8 or above 1000 times the smallest, or if the
    smallest is below 1e-4. Fixed and scientific show `precision` digits; integral values in fixed
    notation show none, and their point tells them from ints.
    """
    significant = [value - value == 0.0 != value for value in values]
    magnitudes = [abs(value) for value, counts in zip(values, significant, strict=True) if counts]
    if not magnitudes:
        return [_integral(value) for value in values], 1
    if _scientific(min(magnitudes), max(magnitudes)):
        texts = _texts(values, f".{digits()}e")
    elif all(map(float.is_integer, magnitudes)):
        texts = [_integral(value) for value in values]
    else:
        texts = _texts(values, f".{digits()}f")
    width = max(len(text) for text, counts in zip(texts, significant, strict=True) if counts)
    return [text.rjust(width) for text in texts], width


def _scientific(smallest: float, largest: float) -> bool:
    if options.sci_mode is not None:
        return options.sci_mode
    return largest / smallest > 1000.0 or largest > 1e8 or smallest < 1e-4


def _integral(value: float) -> str:
    return f"{value:.0f}." if value - value == 0.0 else f"{value:.0f}"

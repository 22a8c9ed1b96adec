"""The elements of an array as JSON texts: the fewest digits that read back to the same element.

float64 has Python's `repr`; float32 and float16 NumPy's digits, rounded the same way for fewer
bits, in the same layout; bfloat16, which neither knows, is searched for among decimals of one to
four digits. A decimal is read back as a float64 that is then cast, which is what the reader in
`gradcli.io.values` does, and PyTorch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor.dtypes import Array, DType, round_bfloat16
from .errors import DataError

# What stands for NaN and the infinities: "string", "null" or "error", and in tables "bare" words or
# "empty" fields.
Style = str

_STRINGS = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


def nonfinite(text: str, style: Style) -> str:
    """The JSON text for `nan`, `inf` or `-inf`. Raises DataError when the style is "error"."""
    if style == "string":
        return _STRINGS[text]
    if style == "null":
        return "null"
    if style in ("bare", "empty"):
        return _STRINGS[text][1:-1] if style == "bare" else ""
    raise DataError(
        f"the result contains {_STRINGS[text][1:-1]}",
        help="--nonfinite string or --nonfinite null write it",
    )


def number(value: float, style: Style) -> str:
    """The JSON text of a Python float."""
    text = value.__repr__()
    return nonfinite(text, style) if text[-1] in "nf" else text


def elements(array: Array, dtype: DType, style: Style) -> list[str]:
    """The JSON text of each element, in row-major order."""
    flat = array.ravel()
    if dtype.is_complex:
        part = dtype.to_real()
        real = elements(flat.real, part, style)
        imaginary = elements(flat.imag, part, style)
        return [f'{{"re":{re},"im":{im}}}' for re, im in zip(real, imaginary, strict=True)]
    if dtype.is_floating_point:
        texts = _floating(flat, dtype)
        if not np.isfinite(flat).all():
            texts = [nonfinite(text, style) if text[-1] in "nf" else text for text in texts]
        return texts
    if dtype.name == "bool":
        return ["true" if value else "false" for value in flat.tolist()]
    return list(map(str, flat.tolist()))


_MANY = 2048  # elements from which on they are written all at once


def _floating(flat: Array, dtype: DType) -> list[str]:
    if flat.size >= _MANY and dtype.name in ("float64", "float32"):
        return _all_at_once(flat)
    if dtype.name == "float64":
        return list(map(float.__repr__, flat.tolist()))
    if dtype.name == "bfloat16":
        return _bfloat16(flat)
    # Note: these are the fewest digits in NumPy's layout, which differs between its versions.
    return [repr(float(text)) for text in flat.astype("U").tolist()]


def _all_at_once(flat: Array) -> list[str]:
    from .shortest import texts

    finite = np.isfinite(flat)
    if finite.all():
        return texts(flat)
    found = texts(np.where(finite, flat, flat.dtype.type(0)))
    for place in np.flatnonzero(~finite).tolist():
        found[place] = repr(float(flat[place]))
    return found


def _bfloat16(flat: Array) -> list[str]:
    values, places = np.unique(flat.view(np.uint32), return_inverse=True)
    found = _shortest_bfloat16(values.view(np.float32))
    return [found[place] for place in places.tolist()]


def _shortest_bfloat16(values: Array) -> list[str]:
    """The texts of distinct values.

    Note: the nearest decimal is not enough. Below a power of two the elements are twice as dense,
    so the next decimal away from zero can read back where the nearest one does not.
    """
    numbers: list[float] = values.tolist()
    texts = [repr(value) for value in numbers]
    left: Any = np.flatnonzero(np.isfinite(values) & (values != 0))
    for digits in range(1, 5):
        for away in (0, 1):
            tried = [_decimal(numbers[place], digits, away) for place in left]
            with np.errstate(over="ignore"):
                back = round_bfloat16(np.array(list(map(float, tried))).astype(np.float32))
            same = np.equal(back, values[left])
            for place, text, fits in zip(left, tried, same, strict=True):
                if fits:
                    texts[place] = _plain(text, digits)
            left = left[~same]
    return texts


def _decimal(value: float, digits: int, away: int) -> str:
    """`value` rounded to so many digits, or the decimal `away` steps further from zero."""
    text = f"{value:.{digits - 1}e}"
    if not away:
        return text
    mantissa, _, exponent = text.partition("e")
    step = away if value > 0 else -away
    number = int(mantissa.replace(".", "")) + step
    return f"{number / 10 ** (digits - 1):.{digits - 1}f}e{exponent}"


def _plain(scientific: str, digits: int) -> str:
    """`1.5e+00` as Python writes it, and in scientific notation where zeros would fill it up."""
    exponent = int(scientific.partition("e")[2])
    return repr(float(scientific)) if -5 < exponent < max(digits, 3) else scientific

"""The shortest decimals of many floating-point numbers at once, as Python's `repr` writes them.

The method is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020): a number and
the ends of the interval that rounds to it are scaled by a power of ten with integer arithmetic that
remembers whether anything was cut off, and then at most two candidates of one digit less and two
of all digits are compared with the interval. It has no loop that depends on the number, so whole
arrays go through it: a text costs a tenth of what one call of `repr` does.

Note: texts are rows of a matrix of bytes, `WIDTH` wide, in which zeros stand for no character at
all. So every part has its fixed columns, rows can be put beside each other and beside constants,
and one pass takes the zeros out of everything. A row is made of words of eight bytes, each written
for all rows at once:

    sign . . . . . . d0 | d1 … d8 | d9 … d16 | point 0 0 0 . . . d0 | d1 … d8 | d9 … d16 | exponent

The digits before the decimal point stay in the first three words, those behind it in the next
three; masks from a table take out the others.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from ..tensor.dtypes import Array

_DIGITS = 17  # the most that a float64 needs
_WORDS = 7
WIDTH = 8 * _WORDS

AT_ONCE = 8192  # numbers that are laid out together: what they need stays in the cache

_FORMATS: dict[
    Any, tuple[int, int, Any]
] = {  # bits of the fraction, and the exponent of the last bit of the smallest numbers
    np.dtype("float64"): (52, -1074, np.dtype("uint64")),
    np.dtype("float32"): (23, -149, np.dtype("uint32")),
}

_LEAST, _MOST = -292, 324  # the powers of ten that float64 needs
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)


def rows(values: Array) -> Any:
    """The texts of finite `values` (float64 or float32, one axis) as a matrix (n, WIDTH)."""
    bits_of_fraction, least, unsigned = _FORMATS[values.dtype]
    bits = np.ascontiguousarray(values).view(unsigned).astype(np.uint64)
    fraction = bits & np.uint64((1 << bits_of_fraction) - 1)
    biased = (bits >> np.uint64(bits_of_fraction)) & np.uint64((1 << _exponent_bits(unsigned)) - 1)
    normal = biased != 0
    zero = (bits << np.uint64(1 if values.itemsize == 8 else 33)) == 0
    significand = fraction | (normal.astype(np.uint64) << np.uint64(bits_of_fraction))
    exponent = biased.astype(np.int64) - normal + least
    digits, power = _shortest(significand, exponent, (fraction == 0) & (biased > 1))
    digits[zero] = power[zero] = 0
    return _laid_out(digits, power, np.signbit(values))


def _exponent_bits(unsigned: Any) -> int:
    return 11 if unsigned.itemsize == 8 else 8


@cache
def _powers_of_ten() -> tuple[Any, ...]:
    """10**p for each p as the 128 bits behind the leading one, rounded up; in parts of 32 bits."""
    parts: tuple[list[int], ...] = ([], [], [], [])
    for power in range(_LEAST, _MOST + 1):
        shift = 127 - (power * 1741647 >> 19)  # from floor(log2(10**power))
        top, bottom = (10**power, 1) if power >= 0 else (1, 10**-power)
        if shift >= 0:
            top <<= shift
        else:
            bottom <<= -shift
        value = -(-top // bottom)
        for place, part in enumerate(parts):
            part.append((value >> (32 * place)) & 0xFFFFFFFF)
    return tuple(np.array(part, np.uint64) for part in parts)


def _shortest(c: Any, q: Any, closer: Any) -> tuple[Any, Any]:
    """Digits and the power of ten of the last one for numbers c * 2**q.

    `closer` says where the number below is half as far away as the one above.
    """
    k = (q * 1262611 - closer * 524031) >> 22
    shift = (q + (-k * 1741647 >> 19) + 1).astype(np.uint64)
    index = -k - _LEAST
    power = tuple(part[index] for part in _powers_of_ten())
    odd = c & np.uint64(1)
    four = c << np.uint64(2)
    lower = _scaled(power, (four - np.uint64(2) + closer) << shift) + odd
    middle = _scaled(power, four << shift)
    upper = _scaled(power, (four + np.uint64(2)) << shift) - odd
    s = middle >> np.uint64(2)
    tens = s // np.uint64(10)
    below = tens * np.uint64(40)
    over_inside = below + np.uint64(40) <= upper
    fewer = ((lower <= below) != over_inside) & (s >= np.uint64(10))
    floor = s << np.uint64(2)
    above_inside = floor + np.uint64(4) <= upper
    half = floor + np.uint64(2)
    nearer_above = (middle > half) | ((middle == half) & (s & np.uint64(1) != 0))
    goes_up = np.where((lower <= floor) != above_inside, above_inside, nearer_above)
    return np.where(fewer, tens + over_inside, s + goes_up), k + fewer


def _scaled(power: tuple[Any, ...], c: Any) -> Any:
    """The top 64 bits of power * c (192 bits), the last one set if anything but them is."""
    p0, p1, p2, p3 = power
    c0, c1 = c & _LOW, c >> _HALF
    carried = _high(p0, p1, c0, c1)
    low = ((p3 << _HALF) | p2) * c
    low += carried
    high = _high(p2, p3, c0, c1)
    high += low < carried
    high |= low > 1
    return high


def _high(a0: Any, a1: Any, b0: Any, b1: Any) -> Any:
    """The upper half of the 128-bit product of two numbers in parts of 32 bits."""
    first = a0 * b0
    first >>= _HALF
    first += a1 * b0
    second = a0 * b1
    second += first & _LOW
    second >>= _HALF
    first >>= _HALF
    first += second
    first += a1 * b1
    return first


@cache
def _fours() -> tuple[Any, Any]:
    """For 0 to 9999: four digits as characters in one word, and how many zeros end them."""
    numbers = np.arange(10000)
    digits = np.stack([numbers // 10**place % 10 for place in (3, 2, 1, 0)], 1).astype(np.uint8)
    zeros = sum((numbers % 10**place == 0).astype(np.int64) for place in (1, 2, 3, 4))
    return (digits + np.uint8(48)).view("<u4").reshape(-1), zeros


@cache
def _masks() -> tuple[Any, Any]:
    """The bytes of the three words of digits that stand in places start to end - 1, by both."""
    places = np.arange(-7, _DIGITS)
    starts = np.arange(_DIGITS + 1)
    inside = (places >= starts[:, None, None]) & (places < starts[None, :, None])
    words = (inside * np.uint8(255)).view("<u8").reshape(-1, 3)
    return tuple(np.ascontiguousarray(words[:, word]) for word in range(3))  # type: ignore[return-value]


def _word(text: bytes) -> Any:
    return np.frombuffer(text.ljust(8, b"\0"), "<u8")[0]


_MINUS = _word(b"-")
_NOUGHT = _word(bytes(7) + b"0")
_POINTS = np.array([_word(text) for text in (b"", b".", b".0", b".00", b".000")])


def _laid_out(digits: Any, power: Any, negative: Any) -> Any:
    """The rows for digits * 10**power."""
    count = len(digits)
    tens = np.array([10**i for i in range(_DIGITS + 2)], np.uint64)
    bits = (digits.astype(np.float64).view(np.uint64) >> np.uint64(52)).astype(np.int64) - 1022
    length = np.maximum(bits, 1) * 1233 >> 12
    length += digits >= tens[length]
    full = digits * tens[_DIGITS - length]
    point = np.where(digits == 0, 1, length + power)  # the place of the decimal point

    fours, ending = _fours()
    characters = np.empty((count, 4), "<u4")
    upper, lower = np.divmod(full, tens[8])
    first, upper = np.divmod(upper, tens[8])
    significant = np.ones(count, np.int64)
    for place, group in enumerate((*np.divmod(upper, tens[4]), *np.divmod(lower, tens[4]))):
        characters[:, place] = fours[group]
        significant = np.where(group == 0, significant, 4 * place + 5 - ending[group])
    words = ((first + np.uint64(48)) << np.uint64(56), *characters.view("<u8").T)

    positional = (point > -4) & (point <= 16)
    whole = np.where(positional, np.maximum(point, 0), 1)
    end = np.where(positional, np.maximum(significant, whole + 1), significant)
    behind = whole * (_DIGITS + 1) + end
    out = np.zeros((count, _WORDS), "<u8")
    for column, (word, mask) in enumerate(zip(words, _masks(), strict=True)):
        np.bitwise_and(word, mask[whole], out=out[:, column])
        np.bitwise_and(word, mask[behind], out=out[:, column + 3])
    out[:, 0] |= np.where(negative, _MINUS, 0) | np.where(whole == 0, _NOUGHT, 0)
    has_point = positional | (significant > 1)
    out[:, 3] |= _POINTS[has_point * (1 + np.where(positional, np.maximum(-point, 0), 0))]
    scientific = np.flatnonzero(~positional)
    if len(scientific):
        out[scientific, 6] = _exponents(point[scientific] - 1)
    return out.view(np.uint8)


def _exponents(exponent: Any) -> Any:
    """`e+16`, `e-05`, `e-300`, each in a word."""
    size = np.abs(exponent)
    columns = [
        np.full(len(size), ord("e")),
        np.where(exponent < 0, ord("-"), ord("+")),
        np.where(size >= 100, 48 + size // 100, 0),
        48 + size // 10 % 10,
        48 + size % 10,
        *(np.zeros_like(size),) * 3,
    ]
    return np.stack(columns, 1).astype(np.uint8).view("<u8").reshape(-1)


def texts(values: Array) -> list[str]:
    """The texts of finite `values` as a list."""
    found: list[str] = []
    for start in range(0, len(values), AT_ONCE):
        part = rows(values[start : start + AT_ONCE])
        commas = np.full((len(part), 1), ord(","), np.uint8)
        found += packed(np.concatenate([part, commas], 1)).decode().split(",")[:-1]
    return found


def packed(matrix: Any) -> bytes:
    """The characters of a matrix row by row, without the places that have none."""
    return bytes(matrix.tobytes().translate(None, b"\0"))

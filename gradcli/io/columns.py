"""Lines of JSON that hold the same names and numbers alone, read as columns.

No object is made for a record, and no text for a number.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .parse import Constant, scan

_IN_NUMBERS = b"0123456789+-.eE"
_WHOLE_FLOATS = float(1 << 53)
# The characters of numbers in classes: what begins and ends one, 0, other digits, point, sign, e.
_CLASSES = bytes.maketrans(b",0123456789.+-eE", b"\1\2" + b"\3" * 9 + b"\4\5\5\6\6")


def parse_columns(block: bytes) -> tuple[int, dict[str, Any]] | None:
    """The number of lines and for each name an array, if every line is `{"x": 1.5, "y": 2}`.

    All lines must have the same names in the same order, numbers alone, and either one space
    behind each colon and comma or none; None for any other block.

    Note: with the characters of numbers taken out, every line is the first one, so quotes, colons
    and commas stand in their order. Every line begins with the first name and ends with its brace,
    and each further name is there once for each line; since names differ even without the
    characters of numbers, each stands in its own place. So what was taken out stood between a
    colon and a comma or brace.
    """
    first, _, _ = block.partition(b"\n")
    if b" " in first:
        block = block.replace(b'": ', b'":').replace(b', "', b',"')
        first, _, _ = block.partition(b"\n")
    frame = first.translate(None, _IN_NUMBERS)
    count = block.count(b"\n") + 1
    try:
        members, _ = scan(first.decode(), 0)
    except (StopIteration, ValueError, RecursionError, Constant):
        return None
    if type(members) is not dict or not members or b"\\" in first:
        return None
    keys = [f'"{name}":'.encode() for name in members]
    if (
        frame != b"{" + b",".join(key.translate(None, _IN_NUMBERS) for key in keys) + b"}"
        or len({key.translate(None, _IN_NUMBERS) for key in keys}) != len(keys)
        or block.translate(None, _IN_NUMBERS) != b"\n".join([frame] * count)
        or block.count(b"}\n") != count - 1
        or not block.endswith(b"}")
        or not block.startswith(b"{" + keys[0])
        or block.count(b"\n{" + keys[0]) != count - 1
        or any(block.count(b"," + key) != count for key in keys[1:])
    ):
        return None
    numbers = block[:-1].replace(b"}\n", b",").replace(b"{" + keys[0], b"")
    for key in keys[1:]:
        numbers = numbers.replace(b"," + key, b",")
    found = _numbers(b"," + numbers + b",", count * len(keys))
    if found is None:
        return None
    return count, dict(zip(members, found.reshape(count, len(keys)).T, strict=True))


def _numbers(text: bytes, count: int) -> Any:
    """`count` numbers between commas as an array, or None unless they are JSON's and exact.

    What C reads as a number and JSON does not have is refused by its first and last characters,
    and so is `-0`, which as an integer has no sign, and what float64 may not have or not hold.
    """
    if b",-0," in text:
        return None
    classes = np.frombuffer(text.replace(b",-", b",").translate(_CLASSES), np.uint8)
    first, second, third = classes[:-2], classes[1:-1], classes[2:]
    starts, points = first == 1, first == 4
    if (
        (starts & ((second == 4) | (second == 5) | ((second == 2) & (third < 4) & (third > 1))))
        | (points & ((second == 1) | (second == 6)))
    ).any() or classes[-2] == 4:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # what cannot be read is a warning, or a ValueError
        try:
            found = np.fromstring(text[1:-1].decode(), sep=",")
        except (ValueError, Warning):
            return None
    exact = len(found) == count and (np.abs(found) < _WHOLE_FLOATS).all()
    return found if exact else None

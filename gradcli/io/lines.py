"""Many results that have one form, as lines of JSON at once.

A form is a list of parts: pieces of text that every line has, and arrays that have the lines on
their first axis. The characters of all lines are laid out in one matrix (see `shortest`).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..tensor.dtypes import Array, DType
from .digits import Style, nonfinite
from .shortest import AT_ONCE, WIDTH, packed, rows

Part = bytes | tuple[Array, DType]


Brackets = tuple[str, str, str]  # what opens a list, stands between its items, and closes it


def lines(
    form: list[Part], count: int, style: Style, brackets: Brackets = ("[", ",", "]")
) -> str | None:
    """`count` lines, each with its line break, or None where a part cannot be written this way.

    Arrays of float64 and float32 can. Raises DataError for NaN and infinities when the style is
    "error".
    """
    flat: list[Any] = []  # pieces of text, and arrays with an element a line
    for part in form:
        if isinstance(part, bytes):
            flat.append(part)
        elif part[1].name not in ("float64", "float32") or part[0].size == 0:
            return None
        else:
            flat += _spread(part[0].reshape(count, -1), part[0].shape[1:], brackets)
    numbers = sum(not isinstance(piece, bytes) for piece in flat)
    step = max(1, AT_ONCE // max(1, numbers))
    width = sum(len(piece) if isinstance(piece, bytes) else WIDTH for piece in flat)
    matrix = np.empty((min(step, count), width), np.uint8)
    column = 0
    arrays: list[tuple[int, Array]] = []
    for piece in flat:
        if type(piece) is bytes:
            matrix[:, column : column + len(piece)] = np.frombuffer(piece, np.uint8)
            column += len(piece)
        else:
            arrays.append((column, piece))
            column += WIDTH
    texts = []
    for start in range(0, count, step):
        stop = min(start + step, count)
        # One call for all columns: small arrays would cost more calls than characters.
        for _, group in itertools.groupby(arrays, lambda item: item[1].dtype):
            columns, values = zip(*group, strict=True)
            laid_out = _rows(np.concatenate([array[start:stop] for array in values]), style)
            for column, block in zip(columns, np.split(laid_out, len(columns)), strict=True):
                matrix[: stop - start, column : column + WIDTH] = block
        texts.append(packed(matrix[: stop - start]))
    return b"".join(texts).decode()


def _spread(array: Array, shape: tuple[int, ...], brackets: Brackets) -> list[Any]:
    """The columns of an array with what stands before, between and behind them as nested lists."""
    opening, comma, closing = (text.encode() for text in brackets)
    pieces: list[Any] = [opening * len(shape)]
    for place in range(array.shape[1]):
        if place:
            ends, left = 0, place
            for length in reversed(shape):
                if left % length:
                    break
                ends += 1
                left //= length
            pieces.append(closing * ends + comma + opening * ends)
        pieces.append(array[:, place])
    pieces.append(closing * len(shape))
    return pieces


def _rows(values: Array, style: Style) -> Any:
    finite = np.isfinite(values)
    if finite.all():
        return rows(values)
    matrix = rows(np.where(finite, values, values.dtype.type(0)))
    for place in np.flatnonzero(~finite).tolist():
        text = nonfinite(repr(float(values[place])), style).encode()
        matrix[place] = 0  # which is left out
        matrix[place, : len(text)] = np.frombuffer(text, np.uint8)
    return matrix

"""Curves and histograms in the characters of a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
COLOURS = ("\x1b[36m", "\x1b[33m", "\x1b[35m")
RESET = "\x1b[0m"


class Curve:
    """A curve through points; `name` is for the legend. Points that are not finite are gaps."""

    __slots__ = ("name", "x", "y")

    def __init__(self, name: str, x: Sequence[float], y: Sequence[float]) -> None:
        self.name = name
        self.x = x
        self.y = y


def number(value: float) -> str:
    """A number for an axis."""
    return f"{value:.4g}"


def plot(
    curves: Sequence[Curve],
    width: int,
    height: int = 16,
    *,
    colour: bool,
    ascii: bool,
    poles: bool = False,
) -> str:
    """The curves in one picture of `width` columns, with axes and a legend.

    With `poles` the few values near a pole are left out, which would flatten all others.
    """
    finite = [y for curve in curves for y in curve.y if math.isfinite(y)]
    if not finite:
        return "there is no finite value to draw"
    low, high = _limits(finite, poles)
    left = min(curve.x[0] for curve in curves)
    right = max(curve.x[-1] for curve in curves)
    if right == left:
        right = left + 1
    labels = [number(high), number((low + high) / 2), number(low)]
    margin = max(map(len, labels))
    columns = max(width - margin - 2, 8)
    fine = colour and not ascii
    across, down = (2, 4) if fine else (1, 1)
    cells: dict[tuple[int, int], tuple[int, int]] = {}
    if low < 0 < high:
        row = round((high - 0) / (high - low) * (height - 1))
        for column in range(columns):
            cells[row, column] = (-1, 0)
    for index, curve in reversed(list(enumerate(curves))):
        for px, py in _pixels(curve, left, right, low, high, columns * across, height * down):
            row, column = py // down, px // across
            bits = DOTS[py % down][px % across] if fine else 0
            old = cells.get((row, column))
            if old is not None and old[0] == index:
                bits |= old[1]
            cells[row, column] = (index, bits)
    lines = []
    bar = "|" if ascii else "│"
    for row in range(height):
        label = {0: labels[0], height // 2: labels[1], height - 1: labels[2]}.get(row, "")
        line = "".join(
            _cell(cells.get((row, column)), fine, colour, ascii) for column in range(columns)
        )
        lines.append(f"{label.rjust(margin)} {bar}{line.rstrip()}")
    corner, dash = ("+", "-") if ascii else ("└", "─")
    lines.append(" " * (margin + 1) + corner + dash * columns)
    ends = number(left).ljust(columns - len(number(right))) + number(right)
    lines.append(" " * (margin + 2) + ends)
    legend = "   ".join(
        f"{_mark(index, colour, ascii)} {curve.name}" for index, curve in enumerate(curves)
    )
    lines.append(" " * (margin + 2) + legend)
    return "\n".join(lines)


def _limits(values: Sequence[float], poles: bool) -> tuple[float, float]:
    """The range to draw."""
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    inner_low, inner_high = ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
    spread = inner_high - inner_low
    if poles and spread > 0 and high - low > 20 * spread:
        low, high = max(low, inner_low - spread), min(high, inner_high + spread)
    if low == high:
        pad = abs(low) / 2 or 1.0
        return low - pad, high + pad
    return low, high


def _pixels(
    curve: Curve, left: float, right: float, low: float, high: float, columns: int, rows: int
) -> list[tuple[int, int]]:
    """The pixels of a curve, with vertical strokes where it is steep."""
    found = []
    last: tuple[int, int] | None = None
    for x, y in zip(curve.x, curve.y, strict=True):
        if not math.isfinite(y) or not low <= y <= high:
            last = None
            continue
        px = min(int((x - left) / (right - left) * (columns - 1) + 0.5), columns - 1)
        py = min(int((high - y) / (high - low) * (rows - 1) + 0.5), rows - 1)
        found.append((px, py))
        if last is not None:
            span = max(abs(px - last[0]), abs(py - last[1]))
            for step in range(1, span):
                at = step / span
                found.append(
                    (round(last[0] + (px - last[0]) * at), round(last[1] + (py - last[1]) * at))
                )
        last = (px, py)
    return found


def _cell(cell: tuple[int, int] | None, fine: bool, colour: bool, ascii: bool) -> str:
    if cell is None:
        return " "
    index, bits = cell
    if index < 0:
        return "-" if ascii else "┄"
    if not fine:
        return _mark(index, colour, ascii)
    return f"{COLOURS[index % len(COLOURS)]}{chr(BRAILLE | bits)}{RESET}"


def _mark(index: int, colour: bool, ascii: bool) -> str:
    mark = ("*", ".", "o")[index % 3] if ascii else ("●", "∙", "○")[index % 3]
    return f"{COLOURS[index % len(COLOURS)]}{mark}{RESET}" if colour else mark


def histogram(values: Sequence[float], width: int, bins: int = 12, *, ascii: bool) -> str:
    """How often values fall into equal intervals, as bars."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return "there is no finite value to count"
    low, high = min(finite), max(finite)
    if low == high:
        low, high, bins = low - 0.5, high + 0.5, 1
    counts = [0] * bins
    for value in finite:
        counts[min(int((value - low) / (high - low) * bins), bins - 1)] += 1
    edges = [low + (high - low) * index / bins for index in range(bins + 1)]
    labels = [f"{number(a)} … {number(b)}" for a, b in pairwise(edges)]
    if ascii:
        labels = [label.replace("…", "..") for label in labels]
    margin = max(map(len, labels))
    most = max(counts)
    room = max(width - margin - len(f"{most:,}") - 4, 4)
    block = "#" if ascii else "█"
    lines = [
        f"{label.rjust(margin)}  {block * round(count / most * room)} {count:,}".rstrip()
        for label, count in zip(labels, counts, strict=True)
    ]
    if len(finite) < len(values):
        lines.append(f"{len(values) - len(finite):,} values are not finite")
    return "\n".join(lines)

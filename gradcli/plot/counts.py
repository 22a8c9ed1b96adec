"""How often values fall into equal intervals: what `%hist` shows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise


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
    labels = [f"{a:.4g} … {b:.4g}" for a, b in pairwise(edges)]
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

"""One direction of axes: how far it reaches, and its ticks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .numbers import Array, scalar

Ends = tuple[float, float]
MARGIN = 0.05  # of the data's range, around it
MOST = 1e300  # a picture of larger numbers ends there


class Scale:
    """Limits (None: as far as the data), ticks, and whether it is logarithmic."""

    def __init__(self) -> None:
        self.low: float | None = None
        self.high: float | None = None
        self.turned = False  # grows the other way
        self.log = False
        self.whole = False  # ticks are whole numbers: rows and columns of an image
        self.label = ""
        self.ticks: list[float] | None = None
        self.tick_labels: list[str] | None = None

    def limit(self, low: Any, high: Any) -> None:
        """Set the ends; None, or what is not finite, leaves one as it is."""
        if high is None and isinstance(low, list | tuple | np.ndarray):
            low, high = low
        for name, value in (("low", low), ("high", high)):
            if value is not None and math.isfinite(scalar(value)):
                setattr(self, name, scalar(value))
                self.turned = False

    def range(self, values: list[Array], edges: list[Array]) -> Ends:
        """The ends for some data, the lower one first unless the program turned them round.

        Data that ends at one of the `edges` has no margin there.
        """
        finite = [part[np.isfinite(part)] for part in values if part.size]
        if self.log:
            finite = [part[part > 0] for part in finite]
        data = np.concatenate(finite) if finite else np.zeros(0)
        low, high = (float(data.min()), float(data.max())) if data.size else (0.0, 1.0)
        first, last = self._spread(low, high, bool(data.size))
        if not self.log:
            first = low if any((part == low).any() for part in edges) else first
            last = high if any((part == high).any() for part in edges) else last
        low = first if self.low is None else self.low
        high = last if self.high is None else self.high
        if self.log:
            high = high if high > 0 else 1.0
            low = low if low > 0 else high / 10
        low, high = min(max(low, -MOST), MOST), min(max(high, -MOST), MOST)
        if high == low or high / 2 - low / 2 < abs(high) * 1e-15:
            pad = abs(low) / 2 or 0.5
            low, high = (low / 2, low * 2) if self.log else (low - pad, high + pad)
        return (high, low) if self.turned else (low, high)

    def _spread(self, low: float, high: float, given: bool) -> Ends:
        """Two ends with a margin."""
        if self.log:
            if not given:
                low, high = 0.1, 1.0
            spread = 10 ** ((math.log10(high) - math.log10(low)) * MARGIN) if high > low else 2.0
            return low / spread, high * spread
        pad = (high / 2 - low / 2) * 2 * MARGIN if high > low else abs(low) * MARGIN or 0.05
        return low - pad, high + pad

"""Dropout: elements or channels set to zero at random in training."""

from __future__ import annotations

from .layer import Layer
from .shapes import shown


class _DropoutNd(
    Layer,
    passes="p training inplace",
    shows="p={p}, inplace={inplace}",
    shapes="Draw a mask in training; the input itself in evaluation.",
):
    """What all kinds have: the probability, and whether the input is changed."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {shown(p)}")
        self._keep(p=p, inplace=inplace)


class Dropout(_DropoutNd, calls="dropout"):
    """Zeros elements, and scales the others by 1 / (1 - p)."""


class Dropout1d(_DropoutNd, calls="dropout1d"):
    """Zeros channels of `(N, C, L)` or `(C, L)`."""


class Dropout2d(_DropoutNd, calls="dropout2d"):
    """Zeros channels of `(N, C, H, W)` or `(N, C, L)`."""


class Dropout3d(_DropoutNd, calls="dropout3d"):
    """Zeros channels of `(N, C, D, H, W)` or `(C, D, H, W)`."""


class AlphaDropout(_DropoutNd, calls="alpha_dropout", passes="p training"):
    """Keeps mean 0 and variance 1 behind SELU."""


class FeatureAlphaDropout(_DropoutNd, calls="feature_alpha_dropout", passes="p training"):
    """Masks channels, and keeps mean 0 and variance 1 behind SELU."""

"""Dropout: elements or channels set to zero at random in training."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Tensor
from .functions import F
from .module import Module


class _DropoutNd(Module):
    """What all kinds have: the probability, and whether the input is changed."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """Zeros elements, and scales the others by 1 / (1 - p)."""

    def forward(self, input: Tensor) -> Any:
        """Draw a mask in training; the input itself in evaluation."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """Zeros channels of `(N, C, L)` or `(C, L)`."""

    def forward(self, input: Tensor) -> Any:
        """Draw a mask in training; the input itself in evaluation."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """Zeros channels of `(N, C, H, W)` or `(N, C, L)`."""

    def forward(self, input: Tensor) -> Any:
        """Draw a mask in training; the input itself in evaluation."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """Zeros channels of `(N, C, D, H, W)` or `(C, D, H, W)`."""

    def forward(self, input: Tensor) -> Any:
        """Draw a mask in training; the input itself in evaluation."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Keeps mean 0 and variance 1 behind SELU."""

    def forward(self, input: Tensor) -> Any:
        """Draw a mask in training; the input itself in evaluation."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """Masks channels, and keeps mean 0 and variance 1 behind SELU."""

    def forward(self, input: Tensor) -> Any:
        """Draw a mask in training; the input itself in evaluation."""
        return F.feature_alpha_dropout(input, self.p, self.training)

"""Dimensions joined into one, and one split into several."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Tensor
from .functions import method
from .module import Module
from .shapes import sizes


class Flatten(Module):
    """Joins the dimensions from `start_dim` to `end_dim`."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Any:
        """A view or a copy with fewer dimensions."""
        sizes(input, "flatten")
        return method.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The settings."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Splits the dimension `dim` into several lengths."""

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self._check(unflattened_size)
        self.dim = dim
        self.unflattened_size = unflattened_size

    def _check(self, lengths: Any) -> None:
        if not isinstance(lengths, tuple | list):
            raise TypeError(
                f"unflattened_size must be a tuple of ints, but found type {type(lengths).__name__}"
            )
        for at, size in enumerate(lengths):
            if not isinstance(size, int):
                raise TypeError(
                    "unflattened_size must be tuple of ints, but found element of type "
                    f"{type(size).__name__} at pos {at}"
                )

    def forward(self, input: Tensor) -> Any:
        """A view with more dimensions."""
        sizes(input, "unflatten")
        return method.unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """The settings."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"

"""The memory under tensors, as far as programs compare it."""

from __future__ import annotations

from .tensor import Tensor


class Storage:
    """The memory that a tensor shares with its views; it stays while this object lives."""

    __slots__ = ("address", "tensor")

    def __init__(self, tensor: Tensor, address: int) -> None:
        self.tensor = tensor
        self.address = address

    def data_ptr(self) -> int:
        """Where the memory starts."""
        return self.address

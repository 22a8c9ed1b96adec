"""The memory under tensors, as far as programs compare and read it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import Array, DType, bfloat16
from .tensor import Tensor


def _memory(tensor: Tensor) -> Array:
    """All elements of the memory that a tensor lies in, in their order there."""
    array = np.asarray(tensor.array)
    while isinstance(array.base, np.ndarray) and array.base.dtype == array.dtype:
        array = array.base
    return array.ravel(order="K")


class Storage:
    """The memory that a tensor shares with its views; it stays while this object lives."""

    __module__ = "torch.storage"
    __slots__ = ("address", "tensor")

    def __init__(self, tensor: Tensor, address: int) -> None:
        self.tensor = tensor
        self.address = address

    def data_ptr(self) -> int:
        """Where the memory starts."""
        return self.address

    def tolist(self) -> list[Any]:
        """The bytes, as numbers."""
        memory = _memory(self.tensor)
        if self.tensor.dtype is bfloat16:  # kept as float32, of which it is the upper half
            memory = memory.view(np.uint16)[1::2].copy()
        found: list[Any] = memory.view(np.uint8).tolist()
        return found

    def nbytes(self) -> int:
        """How many bytes there are."""
        return int(_memory(self.tensor).size) * self.tensor.dtype.itemsize

    def size(self) -> int:
        """How many elements there are."""
        return self.nbytes()

    def __len__(self) -> int:
        return self.size()

    def __getitem__(self, index: int) -> Any:
        return self.tolist()[index]

    def __repr__(self) -> str:
        lines = "\n ".join(str(value) for value in self.tolist())
        return f" {lines}\n[{self._description()} of size {len(self)}]"

    def _description(self) -> str:
        return "torch.storage.UntypedStorage(device=cpu)"


class TypedStorage(Storage):
    """The same memory as elements of the tensor's dtype."""

    __module__ = "torch.storage"
    __slots__ = ()

    @property
    def dtype(self) -> DType:
        """The dtype of the elements."""
        return self.tensor.dtype

    def element_size(self) -> int:
        """How many bytes an element has."""
        return self.tensor.dtype.itemsize

    def tolist(self) -> list[Any]:
        """The elements, as Python numbers."""
        found: list[Any] = _memory(self.tensor).tolist()
        return found

    def size(self) -> int:
        """How many elements there are."""
        return int(_memory(self.tensor).size)

    def _description(self) -> str:
        return f"torch.storage.TypedStorage(dtype={self.dtype}, device=cpu)"


Storage.__name__ = Storage.__qualname__ = "UntypedStorage"

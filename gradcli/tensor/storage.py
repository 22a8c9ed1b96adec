"""The memory under tensors, as far as programs compare and read it."""

from __future__ import annotations

from typing import Any

import numpy as np

from .dtypes import Array, DType, bfloat16
from .tensor import META, Tensor, device_type


def _memory(tensor: Tensor) -> Array:
    """All elements of the memory that a tensor lies in, in their order there."""
    array = np.asarray(tensor.array)
    while isinstance(array.base, np.ndarray) and array.base.dtype == array.dtype:
        array = array.base
    return array.ravel(order="K")


_NO_ELEMENTS = "Not available for 'meta' device type"


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
        """The elements, or bytes, as Python numbers."""
        if self.tensor.level is META:
            raise NotImplementedError(_NO_ELEMENTS)
        found: list[Any] = self._numbers().tolist()
        return found

    def _numbers(self) -> Array:
        memory = _memory(self.tensor)
        if self.tensor.dtype is bfloat16:  # kept as float32, of which it is the upper half
            memory = memory.view(np.uint16)[1::2].copy()
        return memory.view(np.uint8)

    def nbytes(self) -> int:
        """How many bytes there are."""
        return int(_memory(self.tensor).size) * self.tensor.dtype.itemsize

    def size(self) -> int:
        """How many elements there are."""
        return self.nbytes()

    def _no_index(self, kind: type) -> Exception:
        return TypeError(f"can't index a torch.UntypedStorage with {kind.__name__}")

    def __len__(self) -> int:
        return self.size()

    def __getitem__(self, index: int) -> Any:
        size = self.size()
        if not isinstance(index, int):
            raise self._no_index(type(index))
        if not -size <= index < size:
            raise IndexError(f"index {index} out of range for storage of size {size}")
        if self.tensor.level is META:
            raise NotImplementedError(_NO_ELEMENTS)
        return self._numbers()[index].item()

    def __repr__(self) -> str:
        if self.tensor.level is META:
            return f"...\n[{self._description()} of size {len(self)}]"
        lines = "\n ".join(str(value) for value in self.tolist())
        return f" {lines}\n[{self._description()} of size {len(self)}]"

    def _description(self) -> str:
        return f"torch.storage.UntypedStorage(device={device_type(self.tensor)})"


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

    def untyped(self) -> Storage:
        """The bytes."""
        return Storage(self.tensor, self.address)

    def _numbers(self) -> Array:
        return _memory(self.tensor)

    def _no_index(self, kind: type) -> Exception:
        if kind is slice:
            return RuntimeError("slices are only supported in UntypedStorage.__getitem__")
        return RuntimeError(f"can't index a {type(self)} with {kind}")

    def size(self) -> int:
        """How many elements there are."""
        return int(_memory(self.tensor).size)

    def _description(self) -> str:
        return f"torch.storage.TypedStorage(dtype={self.dtype}, device={device_type(self.tensor)})"


Storage.__name__ = Storage.__qualname__ = "UntypedStorage"

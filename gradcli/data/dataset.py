"""Datasets: what has items by number, or one after another."""

from __future__ import annotations

import itertools
import math
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..table.public.functions import torch
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, own_memory, shape_of


def counted(items: Iterable[Any]) -> Iterator[Any]:
    """What a program gave to iterate over, each item a step."""
    for item in items:
        runtime.spend(1)
        yield item


def item_of(items: Any, index: Any) -> Any:
    """`items[index]`. Raises TypeError for what has no items."""
    if not hasattr(type(items), "__getitem__"):
        raise TypeError(f"'{type(items).__name__}' object is not subscriptable")
    runtime.spend(1)
    return items[index]


def numbers_of(drawn: Any) -> list[int]:
    """The elements of a vector of integers, as Python's numbers."""
    array = own_memory(drawn)
    runtime.spend(array.size)
    runtime.reserve(40 * array.size)
    found: list[int] = array.tolist()
    return found


class Dataset:
    """Items by number: a subclass has `__getitem__`, and mostly `__len__`."""

    __module__ = "torch.utils.data.dataset"

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Items one after another: a subclass has `__iter__`."""

    __module__ = "torch.utils.data.dataset"

    def __add__(self, other: Any) -> Any:
        return ChainDataset([self, other])


class TensorDataset(Dataset):
    """Rows of tensors of one length: item i is a tuple of each tensor's row i."""

    __module__ = "torch.utils.data.dataset"

    def __init__(self, *tensors: Any) -> None:
        if any(_rows(tensors[0]) != _rows(tensor) for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(item_of(tensor, index) for tensor in self.tensors)

    def __len__(self) -> int:
        return _rows(self.tensors[0])


def _rows(tensor: Any) -> int:
    if not isinstance(tensor, Tensor):
        return int(tensor.size(0))
    shape = shape_of(tensor)
    if not shape:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    return shape[0]


class StackDataset(Dataset):
    """Datasets side by side: item i is a tuple or a dictionary of each dataset's item i."""

    __module__ = "torch.utils.data.dataset"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like "
                "input/output, but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        datasets: Any = args or kwargs
        self._length = len(next(iter(args or kwargs.values())))
        if any(self._length != len(dataset) for dataset in args or kwargs.values()):
            raise ValueError("Size mismatch between datasets")
        self.datasets = datasets

    def _combined(self, columns: Any) -> Any:
        return (
            dict(zip(self.datasets, columns, strict=True))
            if isinstance(self.datasets, dict)
            else tuple(columns)
        )

    def _parts(self) -> Sequence[Any]:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def __getitem__(self, index: Any) -> Any:
        return self._combined([item_of(dataset, index) for dataset in self._parts()])

    def __getitems__(self, indices: Any) -> list[Any]:
        columns = []
        for dataset in self._parts():
            items = items_of(dataset, indices)
            if len(items) != len(indices):
                raise ValueError(
                    f"Nested dataset's output size mismatch. Expected {len(indices)}, "
                    f"got {len(items)}"
                )
            columns.append(items)
        return [self._combined(row) for row in zip(*columns, strict=True)]

    def __len__(self) -> int:
        return self._length


def items_of(dataset: Any, indices: Any) -> Any:
    """Several items of a dataset, by its own `__getitems__` where it has one."""
    several = getattr(type(dataset), "__getitems__", None)
    if several is not None:
        return several(dataset, indices)
    return [item_of(dataset, index) for index in indices]


class ConcatDataset(Dataset):
    """Datasets one behind another."""

    __module__ = "torch.utils.data.dataset"

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(counted(datasets))
        if len(self.datasets) == 0:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    @staticmethod
    def cumsum(sequence: Any) -> list[int]:
        """The length up to and with each dataset."""
        return list(itertools.accumulate(len(dataset) for dataset in counted(sequence)))

    def __len__(self) -> int:
        return int(self.cumulative_sizes[-1])

    def __getitem__(self, idx: Any) -> Any:
        if idx < 0:
            if -idx > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            idx = len(self) + idx
        number = bisect_right(self.cumulative_sizes, idx)
        before = self.cumulative_sizes[number - 1] if number else 0
        return item_of(self.datasets[number], idx - before)


class ChainDataset(IterableDataset):
    """Iterable datasets one behind another."""

    __module__ = "torch.utils.data.dataset"

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in counted(self.datasets):
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield from counted(dataset)  # type: ignore[arg-type]

    def __len__(self) -> int:
        total = 0
        for dataset in counted(self.datasets):
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            total += len(dataset)  # type: ignore[arg-type]
        return total


class Subset(Dataset):
    """The items of a dataset at the given indices."""

    __module__ = "torch.utils.data.dataset"

    def __init__(self, dataset: Any, indices: Any) -> None:
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, list):
            return item_of(self.dataset, [item_of(self.indices, i) for i in idx])
        return item_of(self.dataset, item_of(self.indices, idx))

    def __getitems__(self, indices: Any) -> Any:
        return items_of(self.dataset, [item_of(self.indices, index) for index in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(dataset: Any, lengths: Any, generator: Any = None) -> list[Subset]:
    """Cut a dataset at random into subsets of the given lengths, or shares that sum to 1.

    Raises ValueError when they do not sum to the length of the dataset.
    """
    lengths = list(counted(lengths))
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        sizes = []
        for at, share in enumerate(lengths):
            if share < 0 or share > 1:
                raise ValueError(f"Fraction at index {at} is not between 0 and 1")
            sizes.append(math.floor(len(dataset) * share))
        for at in range(len(dataset) - sum(sizes)):
            runtime.spend(1)
            sizes[at % len(sizes)] += 1
        lengths = sizes
        for at, length in enumerate(lengths):
            if length == 0:
                warnings.warn(
                    f"Length of split at index {at} is 0. This might result in an empty dataset.",
                    stacklevel=2,
                )
    if sum(lengths) != len(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    indices = numbers_of(torch.randperm(sum(lengths), generator=generator))
    ends = itertools.accumulate(lengths)
    return [
        Subset(dataset, indices[end - length : end])
        for end, length in zip(ends, lengths, strict=True)
    ]

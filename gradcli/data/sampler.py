"""Samplers: the order in which the items of a dataset are taken."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ..kernels.generator import Generator
from ..table.public.functions import method, torch
from ..tensor import dtypes
from ..tensor.runtime import runtime
from .dataset import counted, item_of, numbers_of

_AT_ONCE = 32  # numbers of a draw with replacement


def random_seed(generator: Any = None) -> int:
    """A number from the generator, as seed of another."""
    empty = torch.empty((), dtype=dtypes.int64)
    return int(method.random_(empty, generator=generator).item())


class Sampler:
    """An order of indices: a subclass has `__iter__`."""

    __module__ = "torch.utils.data.sampler"

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError


class SequentialSampler(Sampler):
    """Indices from the first to the last."""

    __module__ = "torch.utils.data.sampler"

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler):
    """Indices in random order, or drawn with replacement."""

    __module__ = "torch.utils.data.sampler"

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                "replacement should be a boolean value, but got "
                f"replacement={runtime.text(replacement)}"
            )
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                "num_samples should be a positive integer value, but got "
                f"num_samples={runtime.text(self.num_samples)}"
            )

    @property
    def num_samples(self) -> int:
        """How many indices there will be: the length of the data where none was given."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        count = len(self.data_source)
        generator = self.generator
        if generator is None:
            generator = Generator()
            generator.manual_seed(random_seed())
        if self.replacement:
            for _ in range(self.num_samples // _AT_ONCE):
                yield from _drawn(count, _AT_ONCE, generator)
            yield from _drawn(count, self.num_samples % _AT_ONCE, generator)
            return
        for _ in range(self.num_samples // count):
            yield from numbers_of(torch.randperm(count, generator=generator))
        rest = self.num_samples % count
        yield from numbers_of(torch.randperm(count, generator=generator))[:rest]

    def __len__(self) -> int:
        return self.num_samples


def _drawn(count: int, size: int, generator: Any) -> Any:
    runtime.spend(size)
    return numbers_of(
        torch.randint(high=count, size=(size,), dtype=dtypes.int64, generator=generator)
    )


class SubsetRandomSampler(Sampler):
    """Given indices in random order."""

    __module__ = "torch.utils.data.sampler"

    def __init__(self, indices: Any, generator: Any = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[Any]:
        order = torch.randperm(len(self.indices), generator=self.generator)
        for at in numbers_of(order):
            yield item_of(self.indices, at)

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Indices drawn by weights."""

    __module__ = "torch.utils.data.sampler"

    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Any = None
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(
                "num_samples should be a positive integer value, but got "
                f"num_samples={runtime.text(num_samples)}"
            )
        if not isinstance(replacement, bool):
            raise ValueError(
                "replacement should be a boolean value, but got "
                f"replacement={runtime.text(replacement)}"
            )
        weights = torch.as_tensor(weights, dtype=dtypes.float64)
        if len(weights.shape) != 1:
            raise ValueError(
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(weights.shape)}"
            )
        self.weights = weights
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = torch.multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        yield from iter(numbers_of(drawn))

    def __len__(self) -> int:
        return self.num_samples


class DistributedSampler(Sampler):
    """One replica's share of the indices: every `num_replicas`-th, from the `rank`-th on."""

    __module__ = "torch.utils.data.distributed"

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise ValueError(
                "Default process group has not been initialized, please make sure to call "
                "init_process_group."
            )
        if rank >= num_replicas or rank < 0:
            raise ValueError(
                f"Invalid rank {runtime.text(rank)}, rank should be in the interval "
                f"[0, {num_replicas - 1}]"
            )
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        whole, rest = divmod(len(dataset), num_replicas)
        self.num_samples = whole + (1 if rest and not drop_last else 0)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        size = len(self.dataset)
        if self.shuffle:
            generator = Generator()
            generator.manual_seed(self.seed + self.epoch)
            order = numbers_of(torch.randperm(size, generator=generator))
        else:
            runtime.reserve(40 * size)
            runtime.spend(size)
            order = list(range(size))
        places = range(self.rank, self.total_size, self.num_replicas)
        return counted(order[place % size] for place in places)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Make the next order another one, the same in all replicas."""
        self.epoch = epoch


class BatchSampler(Sampler):
    """The indices of another sampler in lists of one size."""

    __module__ = "torch.utils.data.sampler"

    def __init__(self, sampler: Any, batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                "batch_size should be a positive integer value, but got "
                f"batch_size={runtime.text(batch_size)}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(
                f"drop_last should be a boolean value, but got drop_last={runtime.text(drop_last)}"
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[Any]]:
        indices = counted(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        if self.drop_last:
            return len(self.sampler) // self.batch_size
        return (len(self.sampler) + self.batch_size - 1) // self.batch_size

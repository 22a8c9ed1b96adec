"""The loader: batches of a dataset, in a sampler's order.

Note: workers run in line. Each has its own copy of the dataset, its own seed and its number, as
PyTorch's processes have, and takes its turn; so batches and draws are the same, only not sooner.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..kernels.generator import default_generator
from ..tensor.runtime import runtime
from .collate import default_collate, default_convert
from .dataset import IterableDataset, counted, item_of, items_of
from .sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler, random_seed


class WorkerInfo:
    """Which worker runs: its `id` of `num_workers`, its `seed` and its copy of the `dataset`."""

    __module__ = "torch.utils.data._utils.worker"

    def __init__(self, id: int, num_workers: int, seed: int, dataset: Any) -> None:
        self.id = id
        self.num_workers = num_workers
        self.seed = seed
        self.dataset = dataset

    def __repr__(self) -> str:
        return (
            f"WorkerInfo(id={runtime.text(self.id)}, num_workers={runtime.text(self.num_workers)}, "
            f"seed={runtime.text(self.seed)}, dataset={runtime.text(self.dataset, repr)})"
        )


_running: list[WorkerInfo] = []


def get_worker_info() -> WorkerInfo | None:
    """The worker that runs now; None in the main program."""
    return _running[-1] if _running else None


class _EndlessSampler(Sampler):
    """A None for every item of a dataset that has no numbers."""

    __module__ = "torch.utils.data.dataloader"

    def __iter__(self) -> Iterator[None]:
        return counted(itertools.repeat(None))


_EndlessSampler.__name__ = _EndlessSampler.__qualname__ = "_InfiniteConstantSampler"

# What to call for a function that a program gave; the last one counts.
function_of: list[Callable[[Any], Any]] = [lambda value: value]
_FUNCTIONS = ("collate_fn", "worker_init_fn")
_FIXED = frozenset(
    ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
)


class DataLoader:
    """Batches of a dataset, shuffled or in order; workers run in line and change no number.

    Raises ValueError for arguments that exclude each other, in PyTorch's words.
    """

    __module__ = "torch.utils.data.dataloader"

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Any = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_context(multiprocessing_context, num_workers)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.in_order = in_order
        self._is_iterable = isinstance(dataset, IterableDataset)
        if self._is_iterable:
            _check_iterable(shuffle, sampler, batch_sampler)
        elif sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, "
                    "sampler, and drop_last"
                )
            batch_size, drop_last = None, False
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        if sampler is None:
            if self._is_iterable:
                sampler = _EndlessSampler()
            elif shuffle:
                sampler = RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_size is not None and batch_sampler is None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self._reported: int | None = None
        self._is_made = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "_is_made" in self.__dict__:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        object.__setattr__(self, name, function_of[-1](value) if name in _FUNCTIONS else value)

    @property
    def _auto_collation(self) -> bool:
        return self.batch_sampler is not None

    @property
    def _index_sampler(self) -> Any:
        return self.batch_sampler if self._auto_collation else self.sampler

    def __iter__(self) -> Batches:
        kind = WorkersBatches if self.num_workers else Batches
        return kind(self)

    def __len__(self) -> int:
        if not self._is_iterable:
            return len(self._index_sampler)
        length = len(self.dataset)
        self.__dict__["_reported"] = length
        if self.batch_size is None:
            return length
        return length // self.batch_size + bool(length % self.batch_size and not self.drop_last)

    def check_worker_number_rationality(self) -> None:
        """Nothing to say: workers run in line."""


def _check_workers(number: int, timeout: float, prefetch: int | None, persistent: bool) -> None:
    if number < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable "
            "multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if number == 0 and prefetch is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing.let num_workers > "
            "0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch is not None and prefetch < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent and number == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_context(context: Any, workers: int) -> None:
    if context is None:
        return
    if not workers > 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > "
            f"0), but got num_workers={runtime.text(workers)}"
        )
    methods = ["fork", "spawn", "forkserver"]
    if not isinstance(context, str):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={runtime.text(context)}"
        )
    if context not in methods:
        raise ValueError(
            "multiprocessing_context option should specify a valid start method in "
            f"{methods!r}, but got multiprocessing_context={context!r}"
        )


def _check_iterable(shuffle: Any, sampler: Any, batch_sampler: Any) -> None:
    if shuffle not in (None, False):
        raise ValueError(
            "DataLoader with IterableDataset: expected unspecified shuffle option, but got "
            f"shuffle={runtime.text(shuffle)}"
        )
    if sampler is not None:
        raise ValueError(
            "DataLoader with IterableDataset: expected unspecified sampler option, but got "
            f"sampler={runtime.text(sampler)}"
        )
    if batch_sampler is not None:
        raise ValueError(
            "DataLoader with IterableDataset: expected unspecified batch_sampler option, but got "
            f"batch_sampler={runtime.text(batch_sampler)}"
        )


class _Fetcher:
    """One batch after another of one copy of a dataset."""

    def __init__(self, loader: DataLoader, dataset: Any) -> None:
        self.dataset = dataset
        self.batched = loader._auto_collation
        self.collate = loader.collate_fn
        self.drop_last = loader.drop_last
        self.items: Iterator[Any] | None = None
        self.ended = False
        if loader._is_iterable:
            self.items = iter(counted(dataset))

    def fetch(self, index: Any) -> Any:
        """The batch at an index, or the next one. Raises StopIteration at the end."""
        if self.items is None:
            if self.batched:
                return self.collate(items_of(self.dataset, index))
            return self.collate(item_of(self.dataset, index))
        if not self.batched:
            return self.collate(next(self.items))
        if self.ended:
            raise StopIteration
        batch = list(itertools.islice(self.items, len(index)))
        self.ended = len(batch) < len(index)
        if not batch or (self.drop_last and self.ended):
            raise StopIteration
        return self.collate(batch)


class Batches:
    """One pass over a loader."""

    __module__ = "torch.utils.data.dataloader"

    def __init__(self, loader: DataLoader) -> None:
        self._loader = loader
        self._indices = iter(loader._index_sampler)
        self._base_seed = random_seed(loader.generator)
        self._num_yielded = 0
        self._start()

    def _start(self) -> None:
        if self._loader.timeout != 0:
            raise AssertionError("_SingleProcessDataLoaderIter requires timeout == 0")
        if self._loader.pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device "
                "pinned memory won't be used.",
                stacklevel=2,
            )
        self._fetcher = _Fetcher(self._loader, self._loader.dataset)

    def __iter__(self) -> Batches:
        return self

    def __len__(self) -> int:
        return len(self._loader._index_sampler)

    def __next__(self) -> Any:
        batch = self._next()
        self._num_yielded += 1
        reported = self._loader._reported
        if reported is not None and self._num_yielded > reported:
            warnings.warn(
                f"Length of IterableDataset {runtime.text(self._loader.dataset)} was reported to "
                f"be {reported}"
                f"(when accessing len(dataloader)), but {self._num_yielded} samples have been "
                "fetched. ",
                stacklevel=2,
            )
        return batch

    def _next(self) -> Any:
        return self._fetcher.fetch(next(self._indices))


Batches.__name__ = Batches.__qualname__ = "_SingleProcessDataLoaderIter"


class _Worker:
    """A worker with its copy of the dataset, its number, and its random state."""

    def __init__(self, loader: DataLoader, number: int, base_seed: int) -> None:
        dataset = _own_copy(loader.dataset)
        self.info = WorkerInfo(number, loader.num_workers, base_seed + number, dataset)
        self.state: Any = None
        self.fetcher: Any = None
        self.loader = loader

    def run(self, index: Any) -> Any:
        """A batch, made with the worker's number and random state in place."""
        outside = default_generator.save()
        _running.append(self.info)
        try:
            if self.state is None:
                default_generator.manual_seed(self.info.seed)
                if self.loader.worker_init_fn is not None:
                    self.loader.worker_init_fn(self.info.id)
                self.fetcher = _Fetcher(self.loader, self.info.dataset)
            else:
                default_generator.restore(self.state)
            return self.fetcher.fetch(index)
        finally:
            self.state = default_generator.save()
            _running.pop()
            default_generator.restore(outside)


def _own_copy(dataset: Any) -> Any:
    """A dataset whose attributes can be set without changing the given one's."""
    held = getattr(dataset, "__dict__", None)
    if type(held) is not dict:
        return dataset
    made = object.__new__(type(dataset))
    made.__dict__.update(held)
    return made


class WorkersBatches(Batches):
    """One pass over a loader with workers, which take turns."""

    __module__ = "torch.utils.data.dataloader"

    def _start(self) -> None:
        runtime.spend(self._loader.num_workers)
        runtime.reserve(1000 * self._loader.num_workers)
        workers: Iterable[_Worker] = (
            _Worker(self._loader, number, self._base_seed)
            for number in range(self._loader.num_workers)
        )
        self._workers = list(workers)
        self._turn = 0

    def _next(self) -> Any:
        while self._workers:
            index = next(self._indices)
            worker = self._workers[self._turn % len(self._workers)]
            try:
                batch = worker.run(index)
            except StopIteration:
                self._workers.remove(worker)
                self._turn %= max(len(self._workers), 1)
                continue
            self._turn = (self._turn + 1) % len(self._workers)
            return batch
        raise StopIteration


WorkersBatches.__name__ = WorkersBatches.__qualname__ = "_MultiProcessingDataLoaderIter"

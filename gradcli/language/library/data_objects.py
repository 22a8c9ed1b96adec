"""Datasets, samplers and loaders in programs.

Imported when a name of torch.utils.data is first used.
"""

from __future__ import annotations

from gradcli.data import sampler
from gradcli.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
)
from gradcli.data.loader import Batches, DataLoader, WorkerInfo, function_of
from gradcli.data.sampler import DistributedSampler, Sampler
from gradcli.language.machine.sizes import PARTS
from gradcli.language.values.attributes import LOADERS, load_from
from gradcli.language.values.constructors import (
    CONSTRUCTORS,
    GENERICS,
    PLAIN_CLASSES,
    callable_value,
)
from gradcli.language.values.python_types import TABLES, pick

from .open_objects import enter, open_base

# The loader calls functions of the program: a host class, such as `list`, would run unweighed.
function_of.append(callable_value)

for _base in (Dataset, Sampler, DataLoader, WorkerInfo):
    open_base(_base)
GENERICS.update((Dataset, IterableDataset, StackDataset, ConcatDataset, ChainDataset, Subset))
GENERICS.update((Sampler, DistributedSampler, DataLoader))
PLAIN_CLASSES.add(TensorDataset)
PLAIN_CLASSES.update(
    (
        sampler.RandomSampler,
        sampler.SequentialSampler,
        sampler.BatchSampler,
        sampler.SubsetRandomSampler,
        sampler.WeightedRandomSampler,
    )
)
PARTS[WorkerInfo] = lambda value: (value.dataset,)

TABLES[Batches] = pick(Batches, "__iter__ __next__ __len__")
LOADERS[Batches] = load_from(TABLES[Batches])


def _not_made(*args: object) -> None:
    raise TypeError("cannot create '_SingleProcessDataLoaderIter' instances")


CONSTRUCTORS[Batches] = _not_made

__all__ = ["enter"]

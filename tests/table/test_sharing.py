"""Only views share memory with what they were made from: a write must not show elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gradcli.torch  # noqa: F401  (installs the attributes of tensors)
from gradcli.table import index
from gradcli.table.call.arguments import FUNCTION, bind, check_arguments
from gradcli.table.call.dispatch import run
from gradcli.table.lookup import get_op
from gradcli.table.samples import Sampler
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor, make

# Entries that stand for a view or for a write in place, and are never called by a program alone.
SHARING = {
    "unsafe_chunk",
    "unsafe_split",
    "unsafe_split_with_sizes",
    "_alias",
    "_dirichlet_drawn",
    "_drawn",
    "_phase_free",
    "_set",
    "_squeeze_first",
    "_squeeze_last",
    "_standard_gamma_drawn",
    "_unsafe_view",
}

FORMS = {
    "as it is": lambda array: array,
    "column-major": np.asfortranarray,
    "one element": lambda array: array[tuple(slice(0, 1) for _ in array.shape)],
}


def tensors(value: Any) -> Iterator[Tensor]:
    if type(value) is Tensor:
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)


def reformed(value: Any, form: Any) -> Any:
    if type(value) is Tensor and isinstance(value.array, np.ndarray) and value.array.ndim:
        return make(form(value.array), value.dtype)
    if isinstance(value, list | tuple) and next(tensors(value), None) is not None:
        return [reformed(item, form) for item in value]
    return value


def names() -> list[str]:
    return [name for name in sorted(index.ROWS) if name not in SHARING and "inplace" not in name]


@pytest.mark.parametrize("name", names())
def test_results_have_memory_of_their_own(name: str) -> None:
    op = get_op(name)
    if op.view or op.samples is None or name == "histogram_bins":
        return
    for sample in op.samples(Sampler(dtypes.float64)):
        bound = check_arguments(op, bind(op, FUNCTION, sample.args, sample.kwargs))
        for what, form in FORMS.items():
            args = [reformed(value, form) for value in bound]
            try:
                results = run(op, args)
            except Exception:  # some arguments fit the sample's own shape and dtype only
                continue
            for result in tensors(results):
                for given in tensors(args):
                    if result is given or result.view_info is not None:
                        continue
                    shared = np.shares_memory(result.array, given.array)
                    assert not shared or not given.array.size, (sample, what)

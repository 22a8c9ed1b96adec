"""The cases of the op table: every entry with every sample, shared by tests and recorder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcli.table.call import compiled  # noqa: F401  (gives entries their calls)
from gradcli.table.entry import Op
from gradcli.table.lookup import load_all
from gradcli.table.samples import Sample, Sampler
from gradcli.tensor import dtypes
from gradcli.tensor.dtypes import DType
from gradcli.tensor.tensor import Tensor, make

KINDS: dict[str, DType] = {"real": dtypes.float64, "complex": dtypes.complex128}
COMPLEX_SAMPLES = 4  # how many samples of an entry also run in complex128


def entries() -> list[Op]:
    """Every entry of the table, in order of its id."""
    return [op for _, op in sorted(load_all().items())]


def samples(op: Op, kind: str) -> list[Sample]:
    """The samples of an entry in one dtype."""
    if op.samples is None:
        return []
    found = list(op.samples(Sampler(KINDS[kind])))
    return found if kind == "real" else [s for s in found if complex_input(s)][:COMPLEX_SAMPLES]


def complex_input(sample: Sample) -> bool:
    """Whether a sample has a complex tensor at all."""
    return any(tensor.dtype.is_complex for tensor in tensors(sample))


def tensors(sample: Sample) -> list[Tensor]:
    """All tensors of a sample, those in lists too."""
    found: list[Tensor] = []

    def visit(value: Any) -> None:
        if type(value) is Tensor:
            found.append(value)
        elif isinstance(value, list | tuple):
            for item in value:
                visit(item)

    for value in (*sample.args, *sample.kwargs.values()):
        visit(value)
    return found


def mapped(sample: Sample, change: Callable[[Tensor], Any]) -> tuple[list[Any], dict[str, Any]]:
    """The arguments of a sample with every tensor replaced."""

    def visit(value: Any) -> Any:
        if type(value) is Tensor:
            return change(value)
        if isinstance(value, list | tuple):
            return type(value)(visit(item) for item in value)
        return value

    return [visit(value) for value in sample.args], {
        name: visit(value) for name, value in sample.kwargs.items()
    }


def cases(kind: str) -> Iterator[tuple[Op, int, Sample]]:
    """Every entry with every sample."""
    for op in entries():
        for index, sample in enumerate(samples(op, kind)):
            yield op, index, sample


def leaf(tensor: Tensor) -> Tensor:
    """A tensor of the same values that requires grad if it can."""
    copy = make(np.array(tensor.array)[()], tensor.dtype)
    if tensor.dtype.differentiable:
        copy.requires_grad_()
    return copy


def flat(result: Any) -> list[Tensor]:
    """The tensors of a result."""
    if type(result) is Tensor:
        return [result]
    return [t for item in result for t in flat(item)] if isinstance(result, tuple | list) else []


def cotangent(shape: tuple[int, ...], is_complex: bool) -> Any:
    """A fixed cotangent for an output."""
    count = int(np.prod(shape))
    values = np.cos(np.arange(count) * 1.3) + 0.5
    if is_complex:
        values = values + 1j * np.sin(np.arange(count) * 0.7 + 0.2)
    return values.reshape(shape)


def digest(sample: Sample) -> str:
    """A short fingerprint of a sample's values: goldens hold for these inputs only."""
    state = hashlib.sha256()
    for tensor in tensors(sample):
        state.update(np.round(np.asarray(tensor.array, complex), 9).tobytes())
    state.update(repr(sample).encode())
    return state.hexdigest()[:8]


LAYOUTS = ("transposed", "expanded", "sliced")


def laid_out(array: Any, layout: str) -> Any:
    """The same kind of values in another layout: permuted, expanded or sliced memory."""
    if layout == "transposed":
        return np.ascontiguousarray(array.T).T
    if layout == "expanded":
        return np.broadcast_to(array[:1], array.shape)
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def layout_sample(op: Op) -> tuple[int, Sample] | None:
    """The first sample whose first tensor has two dimensions and more."""
    for index, sample in enumerate(samples(op, "real")):
        found = tensors(sample)
        if found and found[0].array.ndim >= 2 and found[0].array.size > 1:
            return index, sample
    return None

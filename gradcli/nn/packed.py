"""Sequences of several lengths: padded to one, or packed step by step."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from ..table.memory.getitem import getitem
from ..tensor import dtypes
from ..tensor.dtypes import DType, int64, type_name
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make, shape_of
from .functions import F, torch, write
from .module import converted, wanted


class PackedSequence(
    namedtuple("PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])
):
    """The steps of several sequences one after another, the longest sequence first.

    `batch_sizes` says how many sequences have each step.
    """

    __slots__ = ()
    __module__ = "torch.nn.utils.rnn"

    def __new__(
        cls,
        data: Any,
        batch_sizes: Any = None,
        sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> PackedSequence:
        """Fill in the order that undoes `sorted_indices`."""
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    methods_of_programs = (
        "to cpu cuda pin_memory is_pinned is_cuda double float half long int short char byte "
        "_asdict _replace"
    )

    @property
    def is_cuda(self) -> bool:
        """False: there is no GPU."""
        return False

    def is_pinned(self) -> bool:
        """False: there is no GPU to pin memory for."""
        return False

    def pin_memory(self) -> PackedSequence:
        """Raises RuntimeError: there is no GPU to pin memory for."""
        raise RuntimeError("Cannot access accelerator device when none is available.")

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The steps in another dtype; a device must be the CPU."""
        kwargs.pop("memory_format", None)
        return self._as(wanted(*args, **kwargs)[0])

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The sequence itself: it is on the CPU."""
        return self.to(*args, **kwargs)

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Raises AssertionError: there is no GPU."""
        return self.to("cuda")

    def _as(self, dtype: DType | None) -> PackedSequence:
        if dtype is None or self.data.dtype is dtype:
            return self
        return self._replace(data=converted(self.data, dtype))

    def double(self) -> PackedSequence:
        """The steps as float64."""
        return self._as(dtypes.float64)

    def float(self) -> PackedSequence:
        """The steps as float32."""
        return self._as(dtypes.float32)

    def half(self) -> PackedSequence:
        """The steps as float16."""
        return self._as(dtypes.float16)

    def long(self) -> PackedSequence:
        """The steps as int64."""
        return self._as(dtypes.int64)

    def int(self) -> PackedSequence:
        """The steps as int32."""
        return self._as(dtypes.int32)

    def short(self) -> PackedSequence:
        """The steps as int16."""
        return self._as(dtypes.int16)

    def char(self) -> PackedSequence:
        """The steps as int8."""
        return self._as(dtypes.int8)

    def byte(self) -> PackedSequence:
        """The steps as uint8."""
        return self._as(dtypes.uint8)


def invert_permutation(permutation: Any) -> Any:
    """The order that undoes an order, or None for None."""
    if permutation is None:
        return None
    if type(permutation) is not Tensor:
        raise TypeError(f"expected a tensor of indices, not '{type(permutation).__name__}'")
    return make(np.argsort(permutation.array, kind="stable"), int64)


def _length_numbers(lengths: Any) -> list[int]:
    values = lengths.array if type(lengths) is Tensor else lengths
    return [int(length) for length in runtime.listed(values)]


def _above(numbers: list[int], count: int) -> list[int]:
    """How many of the numbers are greater than 0, 1, 2 … below `count`."""
    runtime.reserve(8 * count)
    found = []
    for at in range(count):
        runtime.spend(1 + (len(numbers) >> 3))
        found.append(sum(number > at for number in numbers))
    return found


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack `(L, N, *)` (or `(N, L, *)`) whose sequences have these lengths.

    Raises RuntimeError for lengths that do not fall while `enforce_sorted` is set.
    """
    numbers = _length_numbers(lengths)
    order = back = None
    if not enforce_sorted:
        ranks = np.argsort(-np.asarray(numbers), kind="stable")
        order = make(ranks, int64)
        back = invert_permutation(order)
        input = torch.index_select(input, 0 if batch_first else 1, order)
        numbers = [numbers[at] for at in ranks]
    if batch_first:
        input = torch.transpose(input, 0, 1)
    if len(numbers) != shape_of(input)[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(numbers)} "
            f"(batch_size={shape_of(input)[1]})"
        )
    if any(number <= 0 for number in numbers):
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if any(one < other for one, other in pairwise(numbers)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You "
            "can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    sizes = _above(numbers, max(numbers))
    steps = [
        torch.narrow(torch.select(input, 0, step), 0, 0, size)
        for step, size in enumerate(runtime.watched(sizes[: shape_of(input)[0]]))
    ]
    return PackedSequence(torch.cat(steps, 0), make(np.asarray(sizes), int64), order, back)


def pad_packed_sequence(
    sequence: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, Tensor]:
    """The sequences of a packed one in one tensor, and their lengths."""
    data, batch_sizes, order, back = sequence
    sizes = _length_numbers(batch_sizes)
    longest = len(sizes)
    if total_length is not None:
        if total_length < longest:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, "
                f"but got total_length={runtime.text(total_length)} and max sequence length being "
                f"{longest}"
            )
        longest = total_length
    batch = sizes[0]
    trailing = shape_of(data)[1:]
    padded = torch.full((longest, batch, *trailing), padding_value, dtype=data.dtype)
    first = start = 0
    for at, (size, next_size) in enumerate(pairwise(runtime.watched([*sizes, 0])), 1):
        if next_size == size:
            continue  # steps of as many sequences are copied together
        count = size * (at - first)
        steps = torch.reshape(torch.narrow(data, 0, start, count), (at - first, size, *trailing))
        write(torch.narrow(torch.narrow(padded, 0, first, at - first), 1, 0, size), steps)
        first, start = at, start + count
    if batch_first:
        padded = torch.transpose(padded, 0, 1)
    lengths = np.asarray(_above(sizes, batch))
    if back is not None:
        padded = torch.index_select(padded, 0 if batch_first else 1, back)
        lengths = lengths[back.array]
    del order
    return padded, make(lengths, int64)


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Sequences `(L, *)` in one tensor `(L, N, *)` (or `(N, L, *)`), the short ones filled up."""
    if type(sequences) is Tensor:
        sequences = torch.unbind(sequences, 0)
    elif not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    tensors = runtime.listed(sequences)
    if not tensors:
        raise RuntimeError("received an empty list of sequences")
    for at, tensor in enumerate(tensors):
        if type(tensor) is not Tensor:
            raise TypeError(
                f"expected Tensor as element {at} in argument 0, but got {type_name(tensor)}"
            )
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            "Expected padding_side to be one of left or right, but got "
            f"{runtime.text(padding_side)}."
        )
    lengths = [shape_of(tensor)[0] for tensor in tensors]
    longest = max(lengths)
    sizes = (len(tensors), longest) if batch_first else (longest, len(tensors))
    trailing = shape_of(tensors[0])[1:]
    padded = torch.full((*sizes, *trailing), padding_value, dtype=tensors[0].dtype)
    for at, (tensor, length) in enumerate(zip(runtime.watched(tensors), lengths, strict=True)):
        start = longest - length if padding_side == "left" else 0
        if batch_first:
            write(torch.narrow(torch.select(padded, 0, at), 0, start, length), tensor)
        else:
            write(torch.select(torch.narrow(padded, 0, start, length), 1, at), tensor)
    return padded


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Any]:
    """The sequences of a padded tensor, each in its length."""
    if not batch_first:
        padded_sequences = torch.transpose(padded_sequences, 0, 1)
    steps = torch.arange(shape_of(padded_sequences)[1])
    rows = torch.unbind(padded_sequences, 0)
    return [
        getitem(row, torch.lt(steps, length))
        for row, length in zip(runtime.watched(rows), _length_numbers(lengths), strict=True)
    ]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Sequences `(L, *)` packed."""
    tensors = runtime.listed(sequences)
    lengths = [shape_of(tensor)[0] for tensor in tensors]
    return pack_padded_sequence(pad_sequence(tensors), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """The sequences of a packed one, each in its length."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


# ---------------------------------------------------------------- recurrent networks


def run_packed(
    network: Any, data: Tensor, batch_sizes: Tensor, hx: Any, weights: list[Any]
) -> tuple[Any, Any]:
    """A recurrent network over packed steps: its outputs, packed alike, and its last states."""
    sizes = _length_numbers(batch_sizes)
    states = hx if isinstance(hx, tuple) else (hx,)
    directions = 2 if network.bidirectional else 1
    width = len(weights) // (network.num_layers * directions)
    last: list[list[Any]] = [[] for _ in states]
    for layer in range(network.num_layers):
        outputs = []
        for direction in range(directions):
            at = layer * directions + direction
            first = [torch.select(state, 0, at) for state in states]
            own = weights[at * width : (at + 1) * width]
            made, ends = _direction(network, data, sizes, first, own, backwards=direction == 1)
            outputs.append(made)
            for kept, end in zip(last, ends, strict=True):
                kept.append(end)
        data = outputs[0] if directions == 1 else torch.cat(outputs, -1)
        if network.dropout and network.training and layer < network.num_layers - 1:
            data = F.dropout(data, network.dropout, True)
    ends = [torch.stack(parts, 0) for parts in last]
    return data, tuple(ends) if isinstance(hx, tuple) else ends[0]


def _direction(
    network: Any,
    data: Tensor,
    sizes: list[int],
    first: list[Any],
    weights: list[Any],
    backwards: bool,
) -> tuple[Any, list[Any]]:
    """One layer in one direction: its outputs, and the state in which each sequence ended."""
    starts = np.cumsum([0, *sizes]).tolist()
    order = range(len(sizes))
    outputs: list[Any] = [None] * len(sizes)
    size = sizes[-1] if backwards else sizes[0]
    states = [torch.narrow(state, 0, 0, size) for state in first]
    ended: list[list[Any]] = [[] for _ in first]
    for step in reversed(order) if backwards else order:
        runtime.check()
        now = sizes[step]
        if now > size:  # going backwards, sequences begin here
            states = [
                torch.cat([state, torch.narrow(begin, 0, size, now - size)], 0)
                for state, begin in zip(states, first, strict=True)
            ]
        elif now < size:  # sequences ended before this step
            for kept, state in zip(ended, states, strict=True):
                kept.insert(0, torch.narrow(state, 0, now, size - now))
            states = [torch.narrow(state, 0, 0, now) for state in states]
        size = now
        states = _cell(network, torch.narrow(data, 0, starts[step], now), states, weights)
        outputs[step] = states[0]
    ends = [
        torch.cat([state, *kept], 0) if kept else state
        for state, kept in zip(states, ended, strict=True)
    ]
    return torch.cat(outputs, 0), ends


def _cell(network: Any, step: Tensor, states: list[Any], weights: list[Any]) -> list[Any]:
    w_ih, w_hh, *rest = weights
    b_ih, b_hh = rest[:2] if network.bias else (None, None)
    if network.mode != "LSTM":
        function = {
            "GRU": torch.gru_cell,
            "RNN_TANH": torch.rnn_tanh_cell,
            "RNN_RELU": torch.rnn_relu_cell,
        }[network.mode]
        return [function(step, states[0], w_ih, w_hh, b_ih, b_hh)]
    if network.proj_size == 0:
        return list(torch.lstm_cell(step, states, w_ih, w_hh, b_ih, b_hh))
    gates = torch.add(F.linear(step, w_ih, b_ih), F.linear(states[0], w_hh, b_hh))
    i, f, g, o = torch.chunk(gates, 4, 1)
    cell = torch.add(
        torch.mul(torch.sigmoid(f), states[1]), torch.mul(torch.sigmoid(i), torch.tanh(g))
    )
    hidden = torch.mul(torch.sigmoid(o), torch.tanh(cell))
    return [F.linear(hidden, rest[-1]), cell]

"""Layers of recurrent units over a whole sequence, and their gradients, on arrays.

Every state is a matrix with a column for each sequence, so that each gate's rows are one piece of
memory. What goes into a step is one matrix, the hidden state above the input above a row of ones,
and the weights and biases are one matrix, too: a step costs one product and a few passes. A call of
NumPy costs as much as the arithmetic of small states, and least where all it gets is arrays.

Formulas: Elman (1990); Hochreiter and Schmidhuber (1997) with forget gates (Gers et al., 2000); Cho
et al. (2014), the reset gate behind the product; gradients by backpropagation through time.

`tensors` are always the input (steps, batch, features), the weights of the input and of the hidden
state, their biases, and the first states (batch, units). A layer gives its outputs (steps, batch,
units), its last states, and the values of its gates, which `lstm_slopes` needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor.runtime import runtime

Array = Any


class _Parts:
    """Views of one workspace: `entering` (steps + 1, units + features + 1, batch), what goes into a
    step, and others (steps + 1, rows, batch)."""

    def __init__(self, tensors: Sequence[Array], rows: Sequence[int], workspace: Any = None):
        steps, batch, features = tensors[0].shape
        self.units = units = tensors[5].shape[1]
        heights = [units + features + 1, *(count * units for count in rows)]
        ends = [0]
        for height in heights:
            ends.append(ends[-1] + (steps + 1) * height * batch)
        if workspace is None:
            workspace = np.zeros(ends[-1], tensors[0].dtype)  # not all of the last step is used
        self.workspace = workspace
        self.entering, *self.others = [
            workspace[start:stop].reshape(steps + 1, height, batch)
            for start, stop, height in zip(ends[:-1], ends[1:], heights, strict=True)
        ]

    def begin(self, given: Array, hidden: Array, reverse: bool) -> None:
        """Lay the input and the first hidden state down."""
        units, entering = self.units, self.entering
        entering[:-1, units:-1] = (given[::-1] if reverse else given).swapaxes(1, 2)
        entering[:, -1] = 1
        entering[0, :units] = hidden.T

    def of_weights(self, changes: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        """The slopes of the scores (rows, steps * batch); those of the weights of the input, of
        the weights of the hidden state, and of the biases."""
        units, height = self.units, self.entering.shape[1]
        flat = changes.swapaxes(0, 1).reshape(changes.shape[1], -1)
        entered = self.entering[:-1].swapaxes(0, 1).reshape(height, -1)
        found = flat @ entered[units:-1].T, flat @ entered[:units].T, flat @ entered[-1]
        return flat, found

    def results(self, reverse: bool) -> tuple[Array, Array]:
        """The outputs and the last hidden state."""
        outputs = self.entering[1:, : self.units].swapaxes(1, 2)
        last = outputs[-1].copy()
        return np.ascontiguousarray(outputs[::-1] if reverse else outputs), last


def _arriving(g: Array, reverse: bool) -> Array:
    """The slopes of the outputs, (units, batch) for each step from the last to the first."""
    return np.ascontiguousarray((g if reverse else g[::-1]).swapaxes(1, 2))


def _of_input(flat: Array, weights: Array, given: Array, reverse: bool) -> Array:
    """The slope of the input from those of the scores that it goes into."""
    steps, batch, features = given.shape
    found = (weights.T @ flat).reshape(features, steps, batch).transpose(1, 2, 0)
    return np.ascontiguousarray(found[::-1] if reverse else found)


def _in_one(tensors: Sequence[Array]) -> Array:
    """The weights of the hidden state, of the input, and the sum of the biases, side by side."""
    _, w_ih, w_hh, b_ih, b_hh = tensors[:5]
    return np.concatenate((w_hh, w_ih, (b_ih + b_hh)[:, None]), 1)


# --- plain units ------------------------------------------------------------------------------


def rnn(tensors: Sequence[Array], reverse: bool, relu: bool = False) -> tuple[Array, Array, Array]:
    """h' = tanh(W x + b + U h + c), or with the positive part instead of tanh."""
    parts = _Parts(tensors, ())
    parts.begin(tensors[0], tensors[5], reverse)
    weights = _in_one(tensors)
    for entering, out in zip(parts.entering[:-1], parts.entering[1:, : parts.units], strict=True):
        runtime.check()
        np.dot(weights, entering, out)
        if relu:
            np.maximum(out, 0, out)
        else:
            np.tanh(out, out)
    return *parts.results(reverse), parts.workspace


# --- gated units ------------------------------------------------------------------------------


def gru(tensors: Sequence[Array], reverse: bool) -> tuple[Array, Array, Array]:
    """Gated recurrent units. Gates stand in PyTorch's order: reset, update, candidate."""
    given, w_ih, w_hh, b_ih, b_hh, hidden = tensors
    parts = _Parts(tensors, (4,))
    parts.begin(given, hidden, reverse)
    units, entering, (gates,) = parts.units, parts.entering, parts.others
    # Reset, update, the candidate's part of the hidden state and that of the input.
    weights = np.zeros((4 * units, entering.shape[1]), given.dtype)
    weights[: 3 * units, :units] = w_hh
    weights[: 3 * units, -1] = b_hh
    weights[: 2 * units, units:-1] = w_ih[: 2 * units]
    weights[: 2 * units, -1] += b_ih[: 2 * units]
    weights[3 * units :, units:-1] = w_ih[2 * units :]
    weights[3 * units :, -1] = b_ih[2 * units :]
    weights[: 2 * units] *= 0.5  # sigmoid(x) is tanh(x / 2) / 2 + 1/2
    half = np.full((2 * units, given.shape[1]), 0.5, given.dtype)
    product = np.empty((units, given.shape[1]), given.dtype)
    for before, after, scores, switches, reset, update, own, candidate in zip(
        entering[:-1],
        entering[1:, :units],
        gates[:-1],
        gates[:-1, : 2 * units],
        gates[:-1, :units],
        gates[:-1, units : 2 * units],
        gates[:-1, 2 * units : 3 * units],
        gates[:-1, 3 * units :],
        strict=True,
    ):
        runtime.check()
        np.dot(weights, before, scores)
        np.tanh(switches, switches)
        np.multiply(switches, half, switches)
        np.add(switches, half, switches)
        np.multiply(reset, own, product)
        np.add(candidate, product, candidate)
        np.tanh(candidate, candidate)
        np.subtract(before[:units], candidate, after)
        np.multiply(after, update, after)
        np.add(after, candidate, after)
    return *parts.results(reverse), parts.workspace


# --- units with a memory ----------------------------------------------------------------------


def lstm(tensors: Sequence[Array], reverse: bool) -> tuple[Array, Array, Array, Array]:
    """Long short-term memory; the last states are the hidden state and the memory."""
    given, hidden, memory = tensors[0], tensors[5], tensors[6]
    parts = _Parts(tensors, (5, 1))
    parts.begin(given, hidden, reverse)
    units, entering, (gates, squashed) = parts.units, parts.entering, parts.others
    weights = _in_one(tensors)
    # The gate to leave comes first, so that the three that are sigmoids are side by side.
    weights = np.concatenate((weights[3 * units :], weights[: 3 * units]))
    weights[: 3 * units] *= 0.5  # sigmoid(x) is tanh(x / 2) / 2 + 1/2
    half = np.full((3 * units, given.shape[1]), 0.5, given.dtype)
    gates[0, 4 * units :] = memory.T
    product = np.empty((2 * units, given.shape[1]), given.dtype)
    entered, kept = product[:units], product[units:]
    for before, after, scores, switches, enter_forget, candidate_memory, new, wide, leave in zip(
        entering[:-1],
        entering[1:, :units],
        gates[:-1, : 4 * units],
        gates[:-1, : 3 * units],
        gates[:-1, units : 3 * units],
        gates[:-1, 3 * units :],
        gates[1:, 4 * units :],
        squashed[:-1],
        gates[:-1, :units],
        strict=True,
    ):
        runtime.check()
        np.dot(weights, before, scores)
        np.tanh(scores, scores)
        np.multiply(switches, half, switches)
        np.add(switches, half, switches)
        np.multiply(enter_forget, candidate_memory, product)
        np.add(entered, kept, new)
        np.tanh(new, wide)
        np.multiply(leave, wide, after)
    outputs, last = parts.results(reverse)
    return outputs, last, np.ascontiguousarray(gates[-1, 4 * units :].T), parts.workspace


def lstm_slopes(
    g: Sequence[Array], tensors: Sequence[Array], workspace: Array, reverse: bool
) -> list[Array]:
    """The gradients of all `tensors` of `lstm` from those of its outputs and last states."""
    given, w_ih, w_hh = tensors[:3]
    parts = _Parts(tensors, (5, 1), workspace)
    units, (steps, batch) = parts.units, given.shape[:2]
    gates, squashed = (each[:-1] for each in parts.others)
    split = gates.reshape(steps, 5, units, batch)

    leave, enter, forget, candidate = (split[:, place] for place in range(4))

    # What the slope of the memory (of the hidden state, for the last gate) is multiplied with.
    changes = np.empty((steps, 4, units, batch), given.dtype)
    np.subtract(1, split[:, 1:3], out=changes[:, :2])
    changes[:, :2] *= split[:, 1:3]
    changes[:, :2] *= split[:, 3:]
    np.multiply(candidate, candidate, out=changes[:, 2])
    np.subtract(1, changes[:, 2], out=changes[:, 2])
    changes[:, 2] *= enter
    np.subtract(1, leave, out=changes[:, 3])
    changes[:, 3] *= leave
    changes[:, 3] *= squashed
    through = squashed * squashed
    np.subtract(1, through, out=through)
    through *= leave

    along, of_memory = g[1].T.copy(), g[2].T.copy()
    product = np.empty_like(along)
    rows = changes.reshape(steps, 4 * units, batch)
    backwards = w_hh.T
    for change, within, leaving, factor, kept, arriving in zip(
        rows[::-1],
        changes[::-1, :3],
        changes[::-1, 3],
        through[::-1],
        forget[::-1],
        _arriving(g[0], reverse),
        strict=True,
    ):
        runtime.check()
        along += arriving
        np.multiply(along, factor, product)
        of_memory += product
        leaving *= along
        within *= of_memory
        of_memory *= kept
        np.dot(backwards, change, along)
    flat, (of_input, of_hidden, of_bias) = parts.of_weights(rows)
    return [
        _of_input(flat, w_ih, given, reverse),
        of_input,
        of_hidden,
        of_bias,
        of_bias.copy(),
        np.ascontiguousarray(along.T),
        np.ascontiguousarray(of_memory.T),
    ]

"""A layer of long short-term memory over a whole sequence, and its gradients, on arrays.

Gates stand in PyTorch's order: enter, forget, candidate, leave. Formulas: Hochreiter and
Schmidhuber (1997) with forget gates (Gers et al., 2000); gradients by backpropagation through time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..tensor.runtime import runtime

Array = Any


def _parts(workspace: Array, steps: int, batch: int, units: int) -> tuple[Array, Array, Array]:
    """Views of a workspace: gates (steps, batch, 4 units), memories and their tanh."""
    size = steps * batch * units
    gates = workspace[: 4 * size].reshape(steps, batch, 4 * units)
    memories = workspace[4 * size : 5 * size].reshape(steps, batch, units)
    squashed = workspace[5 * size :].reshape(steps, batch, units)
    return gates, memories, squashed


def _order(steps: int, reverse: bool) -> range:
    return range(steps - 1, -1, -1) if reverse else range(steps)


def run(tensors: Sequence[Array], reverse: bool) -> tuple[Array, Array, Array, Array]:
    """Outputs (steps, batch, units), the last hidden state and memory, and what `slopes` needs.

    `tensors` are the input (steps, batch, features), the weights of the input and of the hidden
    state, their biases, and the first hidden state and memory (batch, units).
    """
    given, w_ih, w_hh, b_ih, b_hh, hidden, memory = tensors
    steps, batch, features = given.shape
    units = hidden.shape[1]
    workspace = np.empty(6 * steps * batch * units, given.dtype)
    gates, memories, squashed = _parts(workspace, steps, batch, units)
    # sigmoid(x) is tanh(x / 2) / 2 + 1/2, so that one tanh does for all gates
    half = np.full(4 * units, 0.5, given.dtype)
    half[2 * units : 3 * units] = 1
    shift = 1 - half
    flat = np.ascontiguousarray(given).reshape(steps * batch, features)
    np.matmul(flat, w_ih.T, out=gates.reshape(steps * batch, 4 * units))
    gates += b_ih + b_hh
    gates *= half
    from_hidden = np.ascontiguousarray(w_hh.T * half)
    outputs = np.empty((steps, batch, units), given.dtype)
    product = np.empty((batch, 4 * units), given.dtype)
    entering = np.empty((batch, units), given.dtype)
    for step in _order(steps, reverse):
        runtime.check()
        scores, kept, wide, out = gates[step], memories[step], squashed[step], outputs[step]
        np.matmul(hidden, from_hidden, out=product)
        scores += product
        np.tanh(scores, out=scores)
        scores *= half
        scores += shift
        np.multiply(scores[:, units : 2 * units], memory, out=kept)
        np.multiply(scores[:, :units], scores[:, 2 * units : 3 * units], out=entering)
        kept += entering
        np.tanh(kept, out=wide)
        np.multiply(scores[:, 3 * units :], wide, out=out)
        hidden, memory = out, kept
    return outputs, hidden.copy(), memory.copy(), workspace


def slopes(
    g: Sequence[Array], tensors: Sequence[Array], outputs: Array, workspace: Array, reverse: bool
) -> list[Array]:
    """The gradients of all `tensors` from those of the outputs and of the last states."""
    given, w_ih, w_hh, _, _, hidden, memory = tensors
    steps, batch, features = given.shape
    units = hidden.shape[1]
    gates, memories, squashed = _parts(workspace, steps, batch, units)
    before, earlier = np.empty_like(outputs), np.empty_like(memories)
    rest, first = (slice(None, -1), -1) if reverse else (slice(1, None), 0)
    done = slice(1, None) if reverse else slice(None, -1)
    before[first], before[rest] = hidden, outputs[done]
    earlier[first], earlier[rest] = memory, memories[done]

    # What the gradient of the memory (of the output, for the last gate) is multiplied with.
    split = gates.reshape(steps, batch, 4, units)
    enter, candidate, leave = split[:, :, 0], split[:, :, 2], split[:, :, 3]
    factors = split * (1 - split)
    factors[:, :, 0] *= candidate
    factors[:, :, 1] *= earlier
    np.multiply(candidate, candidate, out=factors[:, :, 2])
    np.subtract(1, factors[:, :, 2], out=factors[:, :, 2])
    factors[:, :, 2] *= enter
    factors[:, :, 3] *= squashed
    through = leave * (1 - squashed * squashed)

    along, of_memory = np.array(g[1]), np.array(g[2])
    product = np.empty_like(of_memory)
    for step in reversed(_order(steps, reverse)):
        runtime.check()
        change = factors[step]
        along += g[0][step]
        np.multiply(along, through[step], out=product)
        of_memory += product
        change[:, 3] *= along
        change[:, :3] *= of_memory[:, None]
        of_memory *= split[step, :, 1]
        np.matmul(change.reshape(batch, 4 * units), w_hh, out=along)
    flat = factors.reshape(steps * batch, 4 * units)
    of_bias = flat.sum(0)
    return [
        (flat @ w_ih).reshape(given.shape),
        flat.T @ np.ascontiguousarray(given).reshape(steps * batch, features),
        flat.T @ before.reshape(steps * batch, units),
        of_bias,
        of_bias,
        along,
        of_memory,
    ]

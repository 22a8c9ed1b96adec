"""Recurrent cells and layers: plain ones, gated ones (GRU) and those with a memory (LSTM)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ...kernels import recurrent
from ...table.entry import op
from ...table.formulas import on_arrays
from ...table.schema import Namespace
from ...table.shape_rules import ndim, size_at
from ...tensor.dtypes import float32
from ...tensor.runtime import runtime
from ...tensor.tensor import constant, make, numel, shape_of
from ..shape.in_place import restructure

Weights = Sequence[Any]  # w_ih, w_hh, b_ih, b_hh, which may be None, and perhaps a projection


def _gates(F: Namespace, given: Any, hidden: Any, weights: Weights) -> Any:
    """The scores of a cell from what the input gives and the hidden state."""
    return F.add(F.linear(hidden, weights[1], weights[3]), given)


def _plain(nonlinearity: str) -> Callable[..., Any]:
    def step(F: Namespace, given: Any, state: Any, weights: Weights) -> Any:
        return (getattr(F, nonlinearity)(_gates(F, given, state[0], weights)),)

    return step


def _gru(F: Namespace, given: Any, state: Any, weights: Weights) -> Any:
    hidden = state[0]
    own = F.unsafe_chunk(F.linear(hidden, weights[1], weights[3]), 3, -1)
    new = F.unsafe_chunk(given, 3, -1)
    reset = F.sigmoid(F.add(own[0], new[0]))
    update = F.sigmoid(F.add(own[1], new[1]))
    candidate = F.tanh(F.add(new[2], F.mul(own[2], reset)))
    return (F.add(F.mul(F.sub(hidden, candidate), update), candidate),)


def _lstm(F: Namespace, given: Any, state: Any, weights: Weights) -> Any:
    hidden, memory = state
    gates = F.unsafe_chunk(_gates(F, given, hidden, weights), 4, -1)
    enter, forget, leave = F.sigmoid(gates[0]), F.sigmoid(gates[1]), F.sigmoid(gates[3])
    memory = F.add(F.mul(forget, memory), F.mul(enter, F.tanh(gates[2])))
    hidden = F.mul(leave, F.tanh(memory))
    return (F.linear(hidden, weights[4]) if len(weights) > 4 else hidden), memory


# By name: the step from one state to the next, and how many rows of weights a unit has.
_KINDS: dict[str, tuple[Callable[..., Any], int]] = {
    "rnn_tanh": (_plain("tanh"), 1),
    "rnn_relu": (_plain("relu"), 1),
    "gru": (_gru, 3),
    "lstm": (_lstm, 4),
}


def _check_cell(input: Any, states: Sequence[Any], w_ih: Any, w_hh: Any) -> None:
    given, wanted = size_at(input, 1), size_at(w_ih, 1)
    if given != wanted:
        raise RuntimeError(f"input has inconsistent input_size: got {given} expected {wanted}")
    batch, wanted = size_at(input, 0), size_at(w_hh, 1)
    for number, hidden in enumerate(states):
        given = size_at(hidden, 0)
        if given != batch:
            raise RuntimeError(
                f"Input batch size {batch} doesn't match hidden{number} batch size {given}"
            )
        given = size_at(hidden, 1)
        if given != wanted:
            raise RuntimeError(
                f"hidden{number} has inconsistent hidden_size: got {given}, expected {wanted}"
            )


def _check_layer(input: Any, hidden: Any, w_ih: Any, w_hh: Any) -> None:
    last = -1 if ndim(input) > 2 else 1  # of a whole sequence, or of one step
    given, wanted = size_at(input, last), size_at(w_ih, 1)
    if given != wanted:
        raise RuntimeError(f"input has inconsistent input_size: got {given} expected {wanted}")
    given, wanted = size_at(hidden, -1 if ndim(hidden) > 2 else 1), size_at(w_hh, 1)
    if given != wanted:
        raise RuntimeError(f"hidden0 has inconsistent hidden_size: got {given}, expected {wanted}")


def _define_cell(kind: str) -> None:
    step, rows = _KINDS[kind]
    several = kind == "lstm"

    def cell(F: Namespace, input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        state = tuple(hx) if several else (hx,)
        if several and len(state) != 2:
            raise RuntimeError("lstm_cell expects two hidden states")
        _check_cell(input, state, w_ih, w_hh)
        found = step(F, F.linear(input, w_ih, b_ih), state, (w_ih, w_hh, b_ih, b_hh))
        return found if several else found[0]

    def samples(S: Any) -> Any:
        if S.dtype.is_complex:
            return []
        hidden = S.normal(2, 4)
        state = [hidden, S.normal(2, 4)] if several else hidden
        w_ih, w_hh = S.normal(4 * rows, 3), S.normal(4 * rows, 4)
        return [
            S(S.normal(2, 3), state, w_ih, w_hh),
            S(S.normal(2, 3), state, w_ih, w_hh, S.normal(4 * rows), S.normal(4 * rows)),
            S(S.normal(2, 2), state, w_ih, w_hh),
        ]

    op(
        f"{kind}_cell(Tensor input, Tensor{'[]' * several} hx, Tensor w_ih, Tensor w_hh, "
        "Tensor? b_ih=None, Tensor? b_hh=None)",
        composite=cell,
        outputs=2 if several else 1,
        where=("torch",),
        prelude="",
        doc=f"The next state of a cell of the kind {kind.replace('_', ' with ')}.",
        samples=samples,
    )


def _backwards(items: Sequence[Any], backwards: bool) -> list[Any]:
    return list(items)[::-1] if backwards else list(items)


def _gates_of_lstm(F: Namespace, given: Any, hidden: Any, weight: Any) -> Any:
    """enter, forget, candidate and leave"""
    enter, forget, candidate, leave = F.unsafe_chunk(F.add(F.linear(hidden, weight), given), 4, -1)
    return F.sigmoid(enter), F.sigmoid(forget), F.tanh(candidate), F.sigmoid(leave)


def _lstm_slopes(F: Namespace, g: Any, tensors: Any, out3: Any, reverse: bool) -> Any:
    if not F.is_traced:
        return recurrent.lstm_slopes(g, tensors, out3, reverse)
    input, w_ih, w_hh, b_ih, b_hh, hidden, memory = tensors
    steps, batch, _ = shape_of(input)
    given = _backwards(F.unbind(F.add(F.linear(input, w_ih, b_ih), b_hh), 0), reverse)
    before, kept = [], []
    for each in given:
        enter, forget, candidate, leave = _gates_of_lstm(F, each, hidden, w_hh)
        earlier, memory = memory, F.add(F.mul(forget, memory), F.mul(enter, candidate))
        before.append(hidden)
        kept.append((earlier, enter, forget, candidate, leave, F.tanh(memory)))
        hidden = F.mul(leave, kept[-1][-1])
    _, along, of_memory = g[:3]
    arriving = _backwards(F.unbind(g[0], 0), reverse)
    changes = []
    for values in reversed(kept):
        earlier, enter, forget, candidate, leave, squashed = values
        along = F.add(along, arriving.pop())
        of_memory = F.add(of_memory, F.mul(along, leave * (1 - squashed * squashed)))
        change = F.cat(
            [
                F.mul(of_memory, candidate * enter * (1 - enter)),
                F.mul(of_memory, earlier * forget * (1 - forget)),
                F.mul(of_memory, enter * (1 - candidate * candidate)),
                F.mul(along, squashed * leave * (1 - leave)),
            ],
            -1,
        )
        changes.append(change)
        along, of_memory = F.matmul(change, w_hh), F.mul(of_memory, forget)
    changes = F.stack(_backwards(changes, not reverse), 0)
    flat = F.reshape(changes, (steps * batch, -1))
    across = F.transpose(flat, 0, 1)
    of_bias = F.sum_dim(flat, (0,))
    return [
        F.matmul(changes, w_ih),
        F.matmul(across, F.reshape(input, (steps * batch, -1))),
        F.matmul(across, F.reshape(F.stack(_backwards(before, reverse), 0), (steps * batch, -1))),
        of_bias,
        of_bias,
        along,
        of_memory,
    ]


def _lstm_tangents(F: Namespace, t: Any, tensors: Any, reverse: bool) -> Any:
    input, w_ih, w_hh, b_ih, b_hh, hidden, memory = tensors
    moving, of_memory = t[5], t[6]
    given = _backwards(F.unbind(F.add(F.linear(input, w_ih, b_ih), b_hh), 0), reverse)
    changing = F.add(F.linear(t[0], w_ih), F.add(F.linear(input, t[1], t[3]), t[4]))
    outputs = []
    for each, change in zip(given, _backwards(F.unbind(changing, 0), reverse), strict=True):
        enter, forget, candidate, leave = _gates_of_lstm(F, each, hidden, w_hh)
        change = F.add(change, F.add(F.linear(moving, w_hh), F.linear(hidden, t[2])))
        entering, forgetting, proposing, leaving = F.unsafe_chunk(change, 4, -1)
        of_memory = F.add(
            F.add(F.mul(of_memory, forget), F.mul(forgetting, memory * forget * (1 - forget))),
            F.add(
                F.mul(entering, candidate * enter * (1 - enter)),
                F.mul(proposing, enter * (1 - candidate * candidate)),
            ),
        )
        memory = F.add(F.mul(forget, memory), F.mul(enter, candidate))
        squashed = F.tanh(memory)
        moving = F.add(
            F.mul(leaving, squashed * leave * (1 - leave)),
            F.mul(of_memory, leave * (1 - squashed * squashed)),
        )
        hidden = F.mul(leave, squashed)
        outputs.append(moving)
    return F.stack(_backwards(outputs, reverse), 0), moving, of_memory, None


# Three steps of two sequences with three features, in four units.
_LAYER_SHAPES = ((3, 2, 3), (16, 3), (16, 4), (16,), (16,), (2, 4), (2, 4))

op(
    "_lstm_layer(Tensor[] tensors, bool reverse)",
    kernel=recurrent.lstm,
    outputs=4,
    constant=(3,),  # what the gradients need
    vjp={"tensors": _lstm_slopes},
    jvp={"tensors": _lstm_tangents},
    node="MkldnnRnnLayerBackward0",
    size=lambda tensors, reverse: _size(tensors),
    where=(),
    doc="One layer of an LSTM in one direction, from its input, weights, biases and states.",
    samples=lambda S: [
        S([S.normal(*shape) for shape in _LAYER_SHAPES], reverse)
        for reverse in (False, True)
        if not S.dtype.is_complex
    ],
)


def _size(tensors: Sequence[Any]) -> int:
    """How many elements a layer computes at once."""
    steps, batch, features = shape_of(tensors[0])
    return steps * batch * (features + 9 * size_at(tensors[5], 1))


# By name: a layer's results, and last what its gradients need, from its tensors and direction.
_KERNELS: dict[str, Callable[[Sequence[Any], bool], tuple[Any, ...]]] = {
    "rnn_tanh": recurrent.rnn,
    "rnn_relu": partial(recurrent.rnn, relu=True),
    "gru": recurrent.gru,
    "lstm": recurrent.lstm,
}


def _in_one(
    F: Namespace, kind: str, input: Any, states: Sequence[Any], params: Sequence[Any]
) -> bool:
    """Whether layers are computed at once, as PyTorch has it for an LSTM in float32.

    The others are when nothing is recorded, so that nobody can tell.
    """
    tensors = [input, *states, *params]
    if not F.is_traced or not numel(shape_of(input)):
        return False
    if kind != "lstm" or input.dtype is not float32:
        return on_arrays(tensors)
    return all(tensor.level is None and tensor.dtype is float32 for tensor in tensors)


def _fits(input: Any, state: Sequence[Any], weights: Weights, rows: int) -> bool:
    """Whether the shapes of a layer's tensors fit together; steps one by one say what does not."""
    batch, features, units = *shape_of(input)[1:], size_at(state[0], -1)
    wanted = ((rows * units, features), (rows * units, units), (rows * units,), (rows * units,))
    return all(shape_of(each) == (batch, units) for each in state) and all(
        weight is None or shape_of(weight) == shape
        for weight, shape in zip(weights, wanted, strict=True)
    )


def _layer(
    F: Namespace, kind: str, inputs: Any, state: Sequence[Any], weights: Weights, backwards: bool
) -> tuple[Any, Any]:
    """What `_direction` gives, in one node or none."""
    biases = weights[2:4]
    if biases[0] is None:
        biases = [constant((size_at(weights[0], 0),), inputs.dtype)] * 2
    tensors = [inputs, *weights[:2], *biases, *state]
    if kind == "lstm" and inputs.dtype is float32:
        if inputs.node is not None and not inputs.array.flags.c_contiguous:
            tensors[0] = F.clone(inputs)  # a node of PyTorch's graph
        out, *last, _ = F._lstm_layer(tensors, backwards)
    else:
        runtime.reserve(8 * _size(tensors))
        arrays = [tensor.array for tensor in tensors]
        out, *last = (make(array, inputs.dtype) for array in _KERNELS[kind](arrays, backwards)[:-1])
    return out, tuple(last)


def _direction(
    F: Namespace, step: Any, inputs: Any, state: Any, weights: Weights, backwards: bool
) -> tuple[Any, Any]:
    """All outputs, stacked along time, and the last state."""
    given = list(F.unbind(F.linear(inputs, weights[0], weights[2]), 0))
    outputs = []
    for each in reversed(given) if backwards else given:
        state = step(F, each, state, weights)
        outputs.append(state[0])
    return F.stack(outputs[::-1] if backwards else outputs, 0), state


def _layers(
    F: Namespace,
    kind: str,
    input: Any,
    states: Sequence[Any],
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Any, ...]:
    step, rows = _KINDS[kind]
    if batch_first:
        input = F.transpose(input, 0, 1)
    if size_at(input, 0) == 0:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    biases = 4 if has_biases else 2
    projected = len(states) > 1 and size_at(states[0], -1) != size_at(states[1], -1)
    each = biases + projected
    directions = 2 if bidirectional else 1
    if len(params) < each * directions * num_layers:
        raise RuntimeError("got an incorrect number of RNN parameters")
    in_one = not projected and _in_one(F, kind, input, states, params)
    starts = [
        [F.select(state, 0, number) for number in range(directions * num_layers)]
        if in_one
        else F.unbind(state, 0)
        for state in states
    ]
    ends: list[list[Any]] = [[] for _ in states]
    for layer in range(num_layers):
        outputs = []
        for direction in range(directions):
            number = layer * directions + direction
            weights = list(params[number * each : (number + 1) * each])
            weights[biases:biases] = [None] * (4 - biases)
            state = tuple(start[number] for start in starts)
            _check_layer(input, state[0], weights[0], weights[1])
            if in_one and _fits(input, state, weights, rows):
                out, state = _layer(F, kind, input, state, weights, direction == 1)
            else:
                out, state = _direction(F, step, input, state, weights, direction == 1)
            outputs.append(out)
            for found, last in zip(ends, state, strict=True):
                found.append(last)
        input = F.cat(outputs, -1) if bidirectional else outputs[0]
        if dropout > 0 and train and layer < num_layers - 1:
            input = F.dropout(input, dropout, True)
    if batch_first:
        if kind == "lstm" or input.level is not None:
            input = F.transpose(input, 0, 1)
        else:  # in place, as nothing else holds the result
            input = restructure(input, "transpose", 0, 1)
    return input, *(F.stack(found, 0) for found in ends)


def _define_layers(kind: str) -> None:
    several = kind == "lstm"
    _, rows = _KINDS[kind]

    def layers(F: Namespace, input: Any, hx: Any, params: Any, *rest: Any) -> Any:
        states = list(hx) if several else [hx]
        if ndim(input) != 3 or any(ndim(state) != 3 for state in states):
            raise RuntimeError(
                f"{kind}: Expected input to be 3-D, but received {len(shape_of(input))}-D tensor"
            )
        return _layers(F, kind, input, states, params, *rest)

    def samples(S: Any) -> Any:
        if S.dtype.is_complex:
            return []

        def weights(inputs: int) -> list[Any]:
            sizes = ((4 * rows, inputs), (4 * rows, 4), (4 * rows,), (4 * rows,))
            return [S.normal(*size) for size in sizes]

        def state(count: int) -> Any:
            return (
                [S.normal(count, 2, 4), S.normal(count, 2, 4)]
                if several
                else (S.normal(count, 2, 4))
            )

        return [
            S(S.normal(3, 2, 3), state(1), weights(3), True, 1, 0.0, False, False, False),
            S(
                S.normal(2, 3, 3),
                state(2),
                weights(3)[:2] + weights(4)[:2],
                False,
                2,
                0.0,
                False,
                False,
                True,
            ),
            S(
                S.normal(3, 2, 3),
                state(2),
                weights(3) + weights(3),
                True,
                1,
                0.0,
                False,
                True,
                False,
            ),
        ]

    op(
        f"{kind}(Tensor input, Tensor{'[]' * several} hx, Tensor[] params, bool has_biases, "
        "int num_layers, float dropout, bool train, bool bidirectional, bool batch_first)",
        composite=layers,
        outputs=3 if several else 2,
        where=("torch",),
        prelude="",
        doc=f"Layers of cells of the kind {kind.replace('_', ' with ')} over a sequence.",
        samples=samples,
    )


for _kind in _KINDS:
    _define_cell(_kind)
    _define_layers(_kind)

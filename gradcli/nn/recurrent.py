"""Recurrent networks and their cells."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..tensor.runtime import runtime
from ..tensor.tensor import META, Tensor, constant, shape_of
from . import init
from .functions import method, torch
from .linear import empty_parameter
from .module import Module, parametrization_of, tensor_of
from .packed import PackedSequence, run_packed
from .shapes import rank, word

CHUNKS = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


def _zeros(shape: tuple[int, ...], input: Tensor) -> Tensor:
    """The state before the first step, in the dtype and on the device of the input."""
    if input.level is META:
        return method.new_zeros(input, shape)  # type: ignore[no-any-return]
    return constant(shape, input.dtype)


class RNNBase(Module):
    """Layers of a recurrent network, in one or two directions."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        directions = 2 if bidirectional else 1
        if (
            not isinstance(dropout, int | float)
            or not 0 <= dropout <= 1
            or isinstance(dropout, bool)
        ):
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an "
                "element being zeroed"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                f"dropout expects num_layers greater than 1, but got "
                f"dropout={runtime.text(dropout)} and num_layers={runtime.text(num_layers)}",
                stacklevel=2,
            )
        for name, value in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(value, bool):
                raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
        if not isinstance(input_size, int):
            raise TypeError(f"input_size should be of type int, got: {type(input_size).__name__}")
        if input_size <= 0:
            raise ValueError("input_size must be greater than zero")
        if not isinstance(hidden_size, int):
            raise TypeError(f"hidden_size should be of type int, got: {type(hidden_size).__name__}")
        if hidden_size <= 0:
            raise ValueError("hidden_size must be greater than zero")
        if num_layers <= 0:
            raise ValueError("num_layers must be greater than zero")
        if proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections"
            )
        if proj_size >= hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if not isinstance(mode, str) or mode not in CHUNKS:
            raise ValueError(f"Unrecognized RNN mode: {runtime.text(mode)}")
        gates = CHUNKS[mode] * hidden_size
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for direction in range(directions):
                outputs = proj_size if proj_size > 0 else hidden_size
                inputs = input_size if layer == 0 else outputs * directions
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (gates, inputs),
                    "weight_hh": (gates, outputs),
                }
                if bias:
                    shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
                if proj_size > 0:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                suffix = "_reverse" if direction else ""
                names = []
                for name, shape in shapes.items():
                    names.append(f"{name}_l{layer}{suffix}")
                    self.register_parameter(
                        names[-1], empty_parameter(*shape, dtype=dtype, device=device)
                    )
                self._all_weights.append(names)
        self.reset_parameters()

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [tensor_of(self, name) for name in self._flat_weights_names]

    def _read_weights(self) -> list[Any]:
        """The parameters of a call.

        A parametrization may draw or count, so one is computed as often as it is in PyTorch: each
        is asked for twice, and the first twice more, to see whether it changed since the last call.
        """
        computed = [n for n in self._flat_weights_names if parametrization_of(self, n) is not None]
        for name in computed[:1] * 2:
            tensor_of(self, name)
        weights = []
        for name in self._flat_weights_names:
            if name in computed:
                tensor_of(self, name)
            weights.append(tensor_of(self, name))
        return weights

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters, a list for each layer and direction."""
        return [[tensor_of(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Does nothing on a CPU."""

    def reset_parameters(self) -> None:
        """Draw all from the uniform distribution on ±1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The settings that are not their defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size != 0:
            text += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first is not False:
            text += f", batch_first={self.batch_first}"
        if self.dropout != 0:
            text += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            text += f", bidirectional={self.bidirectional}"
        return text

    def _check_input(self, input: Tensor, weight: Tensor, packed: bool) -> None:
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        wanted = 2 if packed else 3
        shape = shape_of(input)
        if len(shape) != wanted:
            raise RuntimeError(f"input must have {wanted} dimensions, got {len(shape)}")
        if shape[-1] != self.input_size:
            raise RuntimeError(
                "input.size(-1) must be equal to input_size. Expected "
                f"{self.input_size}, got {shape[-1]}"
            )

    def _hidden_shape(self, batch: int, cell: bool = False) -> tuple[int, int, int]:
        directions = 2 if self.bidirectional else 1
        width = self.proj_size if self.proj_size > 0 and not cell else self.hidden_size
        return self.num_layers * directions, batch, width

    def _check_hidden(self, hidden: Tensor, shape: tuple[int, ...], name: str) -> None:
        if shape_of(hidden) != shape:
            raise RuntimeError(f"Expected {name} size {shape}, got {list(shape_of(hidden))}")

    def _run_layers(self, input: Any, hx: Any) -> Any:
        """The network over a batch, a single sequence or a packed one."""
        several = self.mode == "LSTM"
        weights = self._read_weights()
        if isinstance(input, PackedSequence):
            data, batch_sizes, order, back = input
            batch = int(batch_sizes.array[0])
            hx = self._first_states(data, hx, batch, order)
            self._check_input(data, weights[0], True)
            self._check_states(hx, batch)
            result, last = run_packed(self, data, batch_sizes, hx, weights)
            made = PackedSequence(result, batch_sizes, order, back)
            return made, self._in_order(last, back)
        dimensions = rank(input)
        if dimensions not in (2, 3):
            name = "LSTM" if several else "GRU" if self.mode == "GRU" else "RNN"
            raise ValueError(
                f"{name}: Expected input to be 2D or 3D, got {dimensions}D instead"
                if several or self.mode == "GRU"
                else f"RNN: Expected input to be 2D or 3D, got {dimensions}D tensor instead"
            )
        batched = dimensions == 3
        batch_axis = 0 if self.batch_first else 1
        if not batched:
            input = torch.unsqueeze(input, batch_axis)
        if hx is not None:
            hx = self._given_states(hx, batched)
        batch = shape_of(input)[batch_axis]
        if hx is None:
            hx = self._zero_states(input, batch)
        self._check_input(input, weights[0], False)
        self._check_states(hx, batch)
        function = {
            "LSTM": torch.lstm,
            "GRU": torch.gru,
            "RNN_TANH": torch.rnn_tanh,
            "RNN_RELU": torch.rnn_relu,
        }[word(self.mode)]
        output, *last = function(
            input,
            (hx if isinstance(hx, list) else tuple(hx)) if several else hx,
            weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            self.batch_first,
        )
        if not batched:
            output = torch.squeeze(output, batch_axis)
            last = [torch.squeeze(state, 1) for state in last]
        return output, tuple(last) if several else last[0]

    def _given_states(self, hx: Any, batched: bool) -> Any:
        if self.mode == "LSTM":
            first, second = rank(hx[0]), rank(hx[1])
            if batched and (first != 3 or second != 3):
                raise RuntimeError(
                    "For batched 3-D input, hx and cx should also be 3-D but got "
                    f"({first}-D, {second}-D) tensors"
                )
            if not batched and (first != 2 or second != 2):
                raise RuntimeError(
                    "For unbatched 2-D input, hx and cx should also be 2-D but got "
                    f"({first}-D, {second}-D) tensors"
                )
            return hx if batched else tuple(torch.unsqueeze(state, 1) for state in hx)
        count = rank(hx)
        if batched and count != 3:
            raise RuntimeError(
                f"For batched 3-D input, hx should also be 3-D but got {count}-D tensor"
            )
        if not batched and count != 2:
            raise RuntimeError(
                f"For unbatched 2-D input, hx should also be 2-D but got {count}-D tensor"
            )
        return hx if batched else torch.unsqueeze(hx, 1)

    def _zero_states(self, input: Tensor, batch: int) -> Any:
        hidden = _zeros(self._hidden_shape(batch), input)
        if self.mode != "LSTM":
            return hidden
        return hidden, _zeros(self._hidden_shape(batch, True), input)

    def _check_states(self, hx: Any, batch: int) -> None:
        if self.mode != "LSTM":
            self._check_hidden(hx, self._hidden_shape(batch), "hidden")
            return
        self._check_hidden(hx[0], self._hidden_shape(batch), "hidden[0]")
        self._check_hidden(hx[1], self._hidden_shape(batch, True), "hidden[1]")

    def _first_states(self, data: Tensor, hx: Any, batch: int, order: Any) -> Any:
        if hx is None:
            return self._zero_states(data, batch)
        return self._in_order(hx, order)

    def _in_order(self, states: Any, order: Any) -> Any:
        if order is None:
            return states
        if isinstance(states, tuple):
            return tuple(torch.index_select(state, 1, order) for state in states)
        return torch.index_select(states, 1, order)


class RNN(RNNBase):
    """h' = tanh(W x + b + U h + c) (or ReLU), step by step; Elman (1990)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            self.__dict__["nonlinearity"] = args[3]
            args = args[:3] + args[4:]
        else:
            self.__dict__["nonlinearity"] = kwargs.pop("nonlinearity", "tanh")
        nonlinearity = self.__dict__["nonlinearity"]
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{runtime.text(nonlinearity)}'. Select from 'tanh' or "
                "'relu'."
            )
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Input `(L, N, input_size)`, states `(layers, N, hidden_size)`."""
        return self._run_layers(input, hx)


class LSTM(RNNBase):
    """Long short-term memory; Hochreiter and Schmidhuber (1997)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Input `(L, N, input_size)`, states `(layers, N, hidden_size)` in a pair."""
        return self._run_layers(input, hx)


class GRU(RNNBase):
    """Gated recurrent units; Cho et al. (2014)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Input `(L, N, input_size)`, states `(layers, N, hidden_size)`."""
        return self._run_layers(input, hx)


class RNNCellBase(Module):
    """One step of a recurrent network."""

    weight_ih: Any
    weight_hh: Any
    bias_ih: Any
    bias_hh: Any

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        gates = num_chunks * hidden_size
        self.weight_ih = empty_parameter(gates, input_size, dtype=dtype, device=device)
        self.weight_hh = empty_parameter(gates, hidden_size, dtype=dtype, device=device)
        for name in ("bias_ih", "bias_hh"):
            made = empty_parameter(gates, dtype=dtype, device=device) if bias else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def extra_repr(self) -> str:
        """The settings that are not their defaults."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = vars(self).get("nonlinearity", "tanh")
        if nonlinearity != "tanh":
            text += f", nonlinearity={nonlinearity}"
        return text

    def reset_parameters(self) -> None:
        """Draw all from the uniform distribution on ±1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _check_dimensions(self, what: str, value: Any) -> int:
        count = rank(value)
        if count not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected {what} to be 1D or 2D, got {count}D instead"
            )
        return count

    def _cell_step(self, function: Any, input: Tensor, hx: Any) -> Any:
        batched = self._check_dimensions("input", input) == 2
        if hx is not None:
            self._check_dimensions("hidden", hx)
        if not batched:
            input = torch.unsqueeze(input, 0)
        if hx is None:
            hx = _zeros((shape_of(input)[0], self.hidden_size), input)
        elif not batched:
            hx = torch.unsqueeze(hx, 0)
        made = function(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return made if batched else torch.squeeze(made, 0)


class RNNCell(RNNCellBase):
    """One step of `RNN`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """Input `(N, input_size)`, state `(N, hidden_size)`, both also without N."""
        if self.nonlinearity == "tanh":
            return self._cell_step(torch.rnn_tanh_cell, input, hx)
        if self.nonlinearity == "relu":
            return self._cell_step(torch.rnn_relu_cell, input, hx)
        raise RuntimeError(f"Unknown nonlinearity: {runtime.text(self.nonlinearity)}")


class LSTMCell(RNNCellBase):
    """One step of `LSTM`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """Input `(N, input_size)`, two states `(N, hidden_size)`, all also without N."""
        batched = self._check_dimensions("input", input) == 2
        if hx is not None:
            if type(hx) is Tensor and not shape_of(hx):
                raise TypeError("iteration over a 0-d tensor")
            for at, state in enumerate(torch.unbind(hx) if type(hx) is Tensor else hx):
                self._check_dimensions(f"hx[{at}]", state)
        if not batched:
            input = torch.unsqueeze(input, 0)
        if hx is None:
            zeros = _zeros((shape_of(input)[0], self.hidden_size), input)
            hx = (zeros, zeros)
        elif not batched:
            hx = (torch.unsqueeze(hx[0], 0), torch.unsqueeze(hx[1], 0))
        hidden, cell = torch.lstm_cell(
            input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh
        )
        if batched:
            return hidden, cell
        return torch.squeeze(hidden, 0), torch.squeeze(cell, 0)


class GRUCell(RNNCellBase):
    """One step of `GRU`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Any = None) -> Any:
        """Input `(N, input_size)`, state `(N, hidden_size)`, both also without N."""
        return self._cell_step(torch.gru_cell, input, hx)

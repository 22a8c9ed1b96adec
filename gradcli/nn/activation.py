"""Activations as modules, and attention with several heads."""

from __future__ import annotations

import warnings
from typing import Any

from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor
from . import init
from .functions import F, torch
from .layer import Layer
from .linear import NonDynamicallyQuantizableLinear, empty_parameter
from .module import Module
from .shapes import rank


def inplace_text(inplace: Any, before: str = "") -> str:
    """How texts of layers say that they change their input."""
    comma = ", " if before else ""
    return before + (f"{comma}inplace=True" if inplace else "")


class Threshold(
    Layer,
    calls="threshold",
    passes="threshold value inplace",
    shows="threshold={threshold}, value={value}",
):
    """x where x > threshold, else value."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self._keep(threshold=threshold, value=value, inplace=inplace)


class ReLU(Layer, calls="relu", passes="inplace=", shows=""):
    """max(x, 0)."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)


class RReLU(
    Layer,
    calls="rrelu",
    passes="lower upper training inplace",
    shows="lower={lower}, upper={upper}",
):
    """x where x >= 0, else x times a slope that is drawn in training."""

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        self._keep(lower=lower, upper=upper, inplace=inplace)


class Hardtanh(Module):
    """x between min_val and max_val."""

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        if min_value is not None:
            _renamed("min_value", "min_val")
            min_val = min_value
        if max_value is not None:
            _renamed("max_value", "max_val")
            max_val = max_value
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace
        if self.max_val <= self.min_val:
            raise AssertionError(
                f"max_val ({runtime.text(max_val)}) must be greater than min_val "
                f"({runtime.text(min_val)})"
            )

    def forward(self, input: Tensor) -> Any:
        """Apply it to each element."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return inplace_text(self.inplace, f"min_val={self.min_val}, max_val={self.max_val}")


def _renamed(old: str, new: str) -> None:
    warnings.warn(
        f"keyword argument `{old}` is deprecated and rename to `{new}`", FutureWarning, stacklevel=3
    )


class ReLU6(Hardtanh):
    """min(max(x, 0), 6)."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return inplace_text(self.inplace)


class Sigmoid(Layer, calls="sigmoid", of=torch):
    """1 / (1 + exp(-x))."""


class Hardsigmoid(Layer, calls="hardsigmoid", passes="inplace"):
    """min(max(x + 3, 0), 6) / 6."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)


class Tanh(Layer, calls="tanh", of=torch):
    """The hyperbolic tangent."""


class SiLU(Layer, calls="silu", passes="inplace=", shows=""):
    """x sigmoid(x)."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)


class Mish(Layer, calls="mish", passes="inplace=", shows=""):
    """x tanh(softplus(x))."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)


class Hardswish(Layer, calls="hardswish", passes="inplace"):
    """x hardsigmoid(x)."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)


class ELU(Layer, calls="elu", passes="alpha inplace", shows="alpha={alpha}"):
    """x where x > 0, else alpha (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self._keep(alpha=alpha, inplace=inplace)


class CELU(Layer, calls="celu", passes="alpha inplace", shows="alpha={alpha}"):
    """max(x, 0) + min(0, alpha (exp(x / alpha) - 1))."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self._keep(alpha=alpha, inplace=inplace)


class SELU(Layer, calls="selu", passes="inplace", shows=""):
    """ELU scaled so that it keeps mean 0 and variance 1."""

    def __init__(self, inplace: bool = False) -> None:
        self._keep(inplace=inplace)


class GLU(Layer, calls="glu", passes="dim", shows="dim={dim}", shapes="Halve the dimension."):
    """a sigmoid(b), where a and b are the halves of the input along `dim`."""

    def __init__(self, dim: int = -1) -> None:
        self._keep(dim=dim)


class GELU(Layer, calls="gelu", passes="approximate=", shows="approximate={approximate!r}"):
    """x times the distribution function of the normal distribution."""

    def __init__(self, approximate: str = "none") -> None:
        self._keep(approximate=approximate)


class Hardshrink(Layer, calls="hardshrink", passes="lambd", shows="{lambd}"):
    """x where |x| > lambd, else 0."""

    def __init__(self, lambd: float = 0.5) -> None:
        self._keep(lambd=lambd)


class LeakyReLU(
    Layer,
    calls="leaky_relu",
    passes="negative_slope inplace",
    shows="negative_slope={negative_slope}",
):
    """x where x >= 0, else negative_slope x."""

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        self._keep(negative_slope=negative_slope, inplace=inplace)


class LogSigmoid(Layer, calls="logsigmoid"):
    """log(sigmoid(x))."""


class Softplus(
    Layer, calls="softplus", passes="beta threshold", shows="beta={beta}, threshold={threshold}"
):
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self._keep(beta=beta, threshold=threshold)


class Softshrink(Layer, calls="softshrink", passes="lambd", shows="{lambd}"):
    """x moved by lambd towards 0, and 0 in between."""

    def __init__(self, lambd: float = 0.5) -> None:
        self._keep(lambd=lambd)


class PReLU(Module):
    """x where x >= 0, else x times a slope that is learned, one or one a channel."""

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = empty_parameter(num_parameters, dtype=dtype, device=device)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set every slope to its first value."""
        init.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Any:
        """Apply it to each element."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The settings."""
        return f"num_parameters={self.num_parameters}"


class Softsign(Layer, calls="softsign"):
    """x / (1 + |x|)."""


class Tanhshrink(Layer, calls="tanhshrink"):
    """x - tanh(x)."""


class Softmin(
    Layer, calls="softmin", passes="dim", shows="dim={dim}", shapes="Normalise along the dimension."
):
    """softmax(-x)."""

    def __init__(self, dim: int | None = None) -> None:
        self._keep(dim=dim)


class Softmax(
    Layer, calls="softmax", passes="dim", shows="dim={dim}", shapes="Normalise along the dimension."
):
    """exp(x) over its sum along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        self._keep(dim=dim)


class Softmax2d(Module):
    """softmax over the channels of `(N, C, H, W)` or `(C, H, W)`."""

    def forward(self, input: Tensor) -> Any:
        """Normalise over the channels. Raises ValueError for another number of dimensions."""
        dimensions = rank(input)
        if dimensions not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {dimensions}D instead")
        return F.softmax(input, -3)


class LogSoftmax(
    Layer,
    calls="log_softmax",
    passes="dim",
    shows="dim={dim}",
    shapes="Normalise along the dimension.",
):
    """log(softmax(x)) along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        self._keep(dim=dim)


class MultiheadAttention(Module):
    """Attention of several heads; Vaswani et al. (2017)."""

    in_proj_weight: Any
    q_proj_weight: Any
    k_proj_weight: Any
    v_proj_weight: Any
    in_proj_bias: Any
    bias_k: Any
    bias_v: Any

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={runtime.text(embed_dim)} and num_heads={runtime.text(num_heads)} "
                "instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != self.embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        packed = self._qkv_same_embed_dim
        for name, shape in (
            ("q_proj_weight", None if packed else (embed_dim, embed_dim)),
            ("k_proj_weight", None if packed else (embed_dim, self.kdim)),
            ("v_proj_weight", None if packed else (embed_dim, self.vdim)),
            ("in_proj_weight", (3 * embed_dim, embed_dim) if packed else None),
            ("in_proj_bias", (3 * embed_dim,) if bias else None),
        ):
            made = None
            if shape is not None:
                made = empty_parameter(*shape, dtype=dtype, device=device)
            self.register_parameter(name, made)
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        for name in ("bias_k", "bias_v"):
            made = None
            if add_bias_kv:
                made = empty_parameter(1, 1, embed_dim, dtype=dtype, device=device)
            self.register_parameter(name, made)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        if self._qkv_same_embed_dim:
            init.xavier_uniform_(self.in_proj_weight)
        else:
            for weight in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.constant_(self.in_proj_bias, 0.0)
            init.constant_(self.out_proj.bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> Any:
        """Query `(L, N, embed_dim)`, key and value `(S, N, *)`: the result, and the weights.

        With `batch_first` N comes first; without a batch N is left out.
        """
        turned = self.batch_first and rank(query) == 3
        if turned:
            made: dict[int, Any] = {}
            for tensor in (query, key, value):  # what is one tensor stays one
                if id(tensor) not in made:
                    made[id(tensor)] = torch.transpose(tensor, 1, 0)
            query, key, value = (made[id(tensor)] for tensor in (query, key, value))
        separate = {}
        if not self._qkv_same_embed_dim:
            separate = {
                "use_separate_proj_weight": True,
                "q_proj_weight": self.q_proj_weight,
                "k_proj_weight": self.k_proj_weight,
                "v_proj_weight": self.v_proj_weight,
            }
        result, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
            **separate,
        )
        return (torch.transpose(result, 1, 0) if turned else result), weights

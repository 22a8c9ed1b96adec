"""Transformers; Vaswani et al. (2017)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from ..table.shape_rules import size_at
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, shape_of
from . import init
from .activation import MultiheadAttention
from .containers import ModuleList
from .dropout import Dropout
from .functions import F, torch
from .linear import Linear
from .module import Module, deep_copy
from .normalization import LayerNorm
from .shapes import sizes


def clones(module: Module, count: int) -> ModuleList:
    """So many copies of a module."""
    return ModuleList([deep_copy[-1](module) for _ in range(count)])


def causal_mask(size: int, dtype: Any = None) -> Tensor:
    """`(size, size)`: minus infinity above the diagonal, zero elsewhere."""
    made: Tensor = torch.triu(torch.full((size, size), -math.inf, dtype=dtype), 1)
    return made


def _is_causal(mask: Any, is_causal: bool | None, size: int) -> bool:
    """Whether a mask hides exactly what comes later, as the caller says or as it is seen."""
    if is_causal is None and mask is not None:
        shape = shape_of(mask)
        if shape[-2:] != (size, size) or not mask.dtype.is_floating_point:
            return False
        later = causal_mask(size, mask.dtype)
        return bool((mask.array == later.array).all())
    return is_causal is True


def activation_of(activation: str) -> Callable[..., Any]:
    """The function behind the name of an activation. Raises RuntimeError for another name."""
    if activation == "relu":
        return F.relu  # type: ignore[no-any-return]
    if activation == "gelu":
        return F.gelu  # type: ignore[no-any-return]
    raise RuntimeError(f"activation should be relu/gelu, not {runtime.text(activation)}")


class TransformerEncoderLayer(Module):
    """Attention to itself, then two linear layers, each with a residual and a normalisation."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        place = {"device": device, "dtype": dtype}
        super().__init__()
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **place
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **place)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _chosen(activation)

    def forward(
        self,
        src: Tensor,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """Input and output `(L, N, d_model)`; with `batch_first` N comes first."""
        x = src
        if self.norm_first:
            x = torch.add(
                x, self._attention(self.norm1(x), src_mask, src_key_padding_mask, is_causal)
            )
            return torch.add(x, self._feed_forward(self.norm2(x)))
        x = self.norm1(torch.add(x, self._attention(x, src_mask, src_key_padding_mask, is_causal)))
        return self.norm2(torch.add(x, self._feed_forward(x)))

    def _attention(self, x: Tensor, mask: Any, padding: Any, is_causal: bool) -> Any:
        x = self.self_attn(
            x,
            x,
            x,
            attn_mask=mask,
            key_padding_mask=padding,
            need_weights=False,
            is_causal=is_causal,
        )[0]
        return self.dropout1(x)

    def _feed_forward(self, x: Tensor) -> Any:
        x = self.linear2(self.dropout(self.activation(self.linear1(x))))
        return self.dropout2(x)


def _chosen(activation: Any) -> Any:
    if activation is None:
        return F.relu
    return activation_of(activation) if isinstance(activation, str) else activation


class TransformerDecoderLayer(Module):
    """As an encoder's layer, with attention to the encoder's output in between."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        place = {"device": device, "dtype": dtype}
        super().__init__()
        for name in ("self_attn", "multihead_attn"):
            self.add_module(
                name,
                MultiheadAttention(
                    d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **place
                ),
            )
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **place)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place)
        self.norm3 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **place)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = _chosen(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        """Target `(T, N, d_model)` and the encoder's output `(S, N, d_model)`."""

        def own(x: Any) -> Any:
            found = self.self_attn(
                x,
                x,
                x,
                attn_mask=tgt_mask,
                key_padding_mask=tgt_key_padding_mask,
                is_causal=tgt_is_causal,
                need_weights=False,
            )[0]
            return self.dropout1(found)

        def other(x: Any) -> Any:
            found = self.multihead_attn(
                x,
                memory,
                memory,
                attn_mask=memory_mask,
                key_padding_mask=memory_key_padding_mask,
                is_causal=memory_is_causal,
                need_weights=False,
            )[0]
            return self.dropout2(found)

        def forward(x: Any) -> Any:
            return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))

        x: Any = tgt
        for norm, part in ((self.norm1, own), (self.norm2, other), (self.norm3, forward)):
            if self.norm_first:
                x = torch.add(x, part(norm(x)))
            else:
                x = norm(torch.add(x, part(x)))
        return x


class TransformerEncoder(Module):
    """Copies of a layer, one after another."""

    def __init__(
        self,
        encoder_layer: Any,
        num_layers: int,
        norm: Any = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check
        reason = _no_nested_tensors(encoder_layer)
        if enable_nested_tensor and reason:
            warnings.warn(
                "enable_nested_tensor is True, but self.use_nested_tensor is False because "
                + reason,
                stacklevel=2,
            )

    def forward(
        self,
        src: Tensor,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool | None = None,
    ) -> Any:
        """Call the layers in order, then the last normalisation."""
        output = src
        causal = _is_causal(mask, is_causal, _length(src, self.layers, "dtype"))
        for layer in self.layers:
            output = layer(
                output,
                src_mask=mask,
                is_causal=causal,
                src_key_padding_mask=src_key_padding_mask,
            )
        return output if self.norm is None else self.norm(output)


def _length(src: Tensor, layers: ModuleList, asked: str) -> int:
    """How many steps a sequence has; what is no tensor lacks the attribute `asked`."""
    shape = sizes(src, asked)
    batch_first = layers[0].self_attn.batch_first
    return shape[0] if len(shape) == 2 or not batch_first else shape[1]


def _no_nested_tensors(layer: Any) -> str:
    """Why PyTorch would not use nested tensors, as its warning says."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    attention = layer.self_attn
    if layer.norm_first:
        return "encoder_layer.norm_first was True"
    if not attention.batch_first:
        return (
            "encoder_layer.self_attn.batch_first was not True(use batch_first for better inference "
            "performance)"
        )
    if attention.in_proj_bias is None:
        return "encoder_layer.self_attn was passed bias=False"
    if layer.activation is not F.relu and layer.activation is not F.gelu:
        return "encoder_layer.activation_relu_or_gelu was not True"
    if attention.num_heads % 2 == 1:
        return "encoder_layer.self_attn.num_heads is odd"
    return ""


class TransformerDecoder(Module):
    """Copies of a layer, one after another."""

    def __init__(self, decoder_layer: Any, num_layers: int, norm: Any = None) -> None:
        super().__init__()
        self.layers = clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Call the layers in order, then the last normalisation."""
        output = tgt
        causal = _is_causal(tgt_mask, tgt_is_causal, _length(tgt, self.layers, "is_nested"))
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder and a decoder."""

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Any = None,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        settings = (
            d_model,
            nhead,
            dim_feedforward,
            dropout,
            activation,
            layer_norm_eps,
            batch_first,
            norm_first,
            bias,
            device,
            dtype,
        )

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)

        if custom_encoder is not None:
            self.encoder = custom_encoder
        else:
            layer = TransformerEncoderLayer(*settings)
            self.encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        if custom_decoder is not None:
            self.decoder = custom_decoder
        else:
            self.decoder = TransformerDecoder(
                TransformerDecoderLayer(*settings), num_decoder_layers, norm()
            )
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """Source `(S, N, d_model)`, target and output `(T, N, d_model)`."""
        axis = 0 if self.batch_first else 1
        source, target = sizes(src, "dim"), sizes(tgt, "size")
        same = size_at(src, axis) == size_at(tgt, axis)
        if len(source) == 3 and not same:
            raise RuntimeError("the batch number of src and tgt must be equal")
        if source[-1] != self.d_model or target[-1] != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The mask that hides what comes later: minus infinity above the diagonal."""
        return causal_mask(sz, dtype)

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if len(shape_of(parameter)) > 1:
                init.xavier_uniform_(parameter)

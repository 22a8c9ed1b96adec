"""Multi-head attention: projections, attention of every head, and the projection of the result."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.tensor import Size, shape_of


def _require(condition: bool, sentence: str) -> None:
    if not condition:
        raise AssertionError(sentence)


def _check_ranks(query: Any, key: Any, value: Any, padding: Any, mask: Any, num_heads: int) -> bool:
    """Whether the inputs have a batch. Raises AssertionError with PyTorch's sentences."""
    rank = ndim(query)
    _require(
        rank in (2, 3),
        f"query should be unbatched 2D or batched 3D tensor but received {rank}-D query tensor",
    )
    kind = f"For {'batched' if rank == 3 else 'unbatched'} ({rank}-D) `query`, expected "
    _require(
        ndim(key) == ndim(value) == rank,
        f"{kind}`key` and `value` to be {rank}-D but found {ndim(key)}-D and {ndim(value)}-D "
        "tensors respectively",
    )
    if padding is not None:
        _require(
            ndim(padding) == rank - 1,
            f"{kind}`key_padding_mask` to be `None` or {rank - 1}-D but found {ndim(padding)}-D "
            "tensor instead",
        )
    if mask is not None:
        _require(
            ndim(mask) in (2, 3),
            f"{kind}`attn_mask` to be `None`, 2-D or 3-D but found {ndim(mask)}-D tensor instead",
        )
        if rank == 2 and ndim(mask) == 3:
            wanted = (num_heads, query.shape[0], key.shape[0])
            _require(
                shape_of(mask) == wanted,
                f"Expected `attn_mask` shape to be {wanted} but got {Size(shape_of(mask))}",
            )
    return rank == 3


def _added(F: Namespace, mask: Any, name: str, other: Any, like: Any) -> Any:
    """A mask as numbers to be added to scores: minus infinity where it is True."""
    if mask is None:
        return None
    floating = mask.dtype.is_floating_point
    _require(
        floating or mask.dtype is dtypes.bool_,
        f"only bool and floating types of {name} are supported",
    )
    if other is not None and other.dtype is not mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and attn_mask is deprecated. Use same type for both "
            "instead.",
            UserWarning,
            stacklevel=2,
        )
    if floating:
        return mask
    return F.masked_fill(F.zeros_like_shape(like, shape_of(mask)), mask, -math.inf)


def _parts(F: Namespace, projected: Any, count: int, width: int) -> list[Any]:
    """A packed projection cut into parts of equal width, as views of one tensor."""
    wide = F.unsqueeze(F.unflatten(projected, -1, (count, width)), 0)
    wide = F.contiguous(F.squeeze_dim(F.transpose(wide, 0, -2), -2))
    return [F.select(wide, 0, place) for place in range(count)]


def _packed(
    F: Namespace, query: Any, key: Any, value: Any, weight: Any, bias: Any
) -> Sequence[Any]:
    width = query.shape[-1]
    if key is value and query is key:
        return _parts(F, F.linear(query, weight, bias), 3, width)
    if key is value:
        w_q, w_kv = F.split_sizes(weight, (width, 2 * width))
        b_q, b_kv = (None, None) if bias is None else F.split_sizes(bias, (width, 2 * width))
        return [F.linear(query, w_q, b_q), *_parts(F, F.linear(key, w_kv, b_kv), 2, width)]
    return _separate(F, (query, key, value), F.chunk(weight, 3), bias)


def _separate(
    F: Namespace, inputs: Sequence[Any], weights: Sequence[Any], bias: Any
) -> Sequence[Any]:
    biases = (None, None, None) if bias is None else F.chunk(bias, 3)
    return [
        F.linear(value, weight, b) for value, weight, b in zip(inputs, weights, biases, strict=True)
    ]


def _check_mask(mask: Any, flat: int, target: int, source: int) -> None:
    rank = ndim(mask)
    wanted = (target, source) if rank == 2 else (flat, target, source)
    if shape_of(mask) != wanted:
        raise RuntimeError(
            f"The shape of the {rank}D attn_mask is {Size(shape_of(mask))}, but should be {wanted}."
        )


def _static(given: Any, made: Any, name: str, flat: int, width: int) -> Any:
    """Keys or values that were given instead of computed."""
    if given is None:
        return made
    _require(
        given.shape[0] == flat,
        f"expecting {name}.size(0) of {flat}, but got {given.shape[0]}",
    )
    _require(
        given.shape[2] == width, f"expecting {name}.size(2) of {width}, but got {given.shape[2]}"
    )
    return given


def _multi_head(
    F: Namespace,
    query: Any,
    key: Any,
    value: Any,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Any,
    in_proj_bias: Any,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Any,
    out_proj_bias: Any,
    training: bool,
    key_padding_mask: Any,
    need_weights: bool,
    attn_mask: Any,
    use_separate_proj_weight: bool,
    q_proj_weight: Any,
    k_proj_weight: Any,
    v_proj_weight: Any,
    static_k: Any,
    static_v: Any,
    average_attn_weights: bool,
    is_causal: bool,
) -> Any:
    batched = _check_ranks(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        alike = key is value, query is key
        query, key, value = (F.unsqueeze(each, 1) for each in (query, key, value))
        key = query if alike[1] else key
        value = key if alike[0] else value
        if key_padding_mask is not None:
            key_padding_mask = F.unsqueeze(key_padding_mask, 0)
    target, batch, width = shape_of(query)
    source = shape_of(key)[0]
    padding = _added(F, key_padding_mask, "key_padding_mask", attn_mask, query)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding is None and not need_weights:
        mask = None
    else:
        mask = _added(F, attn_mask, "attn_mask", None, query)
        is_causal = is_causal and padding is None
    _require(
        width == embed_dim_to_check,
        f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}",
    )
    head = width // num_heads
    _require(head * num_heads == width, f"embed_dim {width} not divisible by num_heads {num_heads}")
    keys, values = Size(shape_of(key)), Size(shape_of(value))
    if use_separate_proj_weight:
        _require(
            keys[:2] == values[:2],
            f"key's sequence and batch dims {keys[:2]} do not match value's {values[:2]}",
        )
        weights = (q_proj_weight, k_proj_weight, v_proj_weight)
        for name, weight in zip("qkv", weights, strict=True):
            _require(
                weight is not None,
                f"use_separate_proj_weight is True but {name}_proj_weight is None",
            )
        q, k, v = _separate(F, (query, key, value), weights, in_proj_bias)
    else:
        _require(keys == values, f"key shape {keys} does not match value shape {values}")
        _require(
            in_proj_weight is not None,
            "use_separate_proj_weight is False but in_proj_weight is None",
        )
        q, k, v = _packed(F, query, key, value, in_proj_weight, in_proj_bias)
    flat = batch * num_heads
    if mask is not None:
        _check_mask(mask, flat, target, source)
        mask = F.unsqueeze(mask, 0) if ndim(mask) == 2 else mask
    wider = 0
    if bias_k is not None and bias_v is not None:
        _require(static_k is None, "bias cannot be added to static key.")
        _require(static_v is None, "bias cannot be added to static value.")
        k = F.cat([k, F.repeat(bias_k, (1, batch, 1))], 0)
        v = F.cat([v, F.repeat(bias_v, (1, batch, 1))], 0)
        wider += 1
    else:
        _require(bias_k is None, "bias_k is set but bias_v is None")
        _require(bias_v is None, "bias_v is set but bias_k is None")

    def heads(value: Any) -> Any:
        return F.transpose(F.view(value, (value.shape[0], flat, head)), 0, 1)

    q = heads(q)
    k = heads(k) if static_k is None else _static(static_k, k, "static_k", flat, head)
    v = heads(v) if static_v is None else _static(static_v, v, "static_v", flat, head)
    if add_zero_attn:
        k = F.cat([k, F.zeros_like_shape(k, (flat, 1, head))], 1)
        v = F.cat([v, F.zeros_like_shape(v, (flat, 1, head))], 1)
        wider += 1
    for _ in range(wider):
        mask = None if mask is None else F.constant_pad_nd(mask, (0, 1), 0)
        padding = None if padding is None else F.constant_pad_nd(padding, (0, 1), 0)
    source = k.shape[1]
    if padding is not None:
        mask = _merged(F, mask, padding, batch, num_heads, source)
    if not training:
        dropout_p = 0.0
    if need_weights:
        return _weighed(
            F, q, k, v, mask, dropout_p, out_proj_weight, out_proj_bias, batch, num_heads, batched,
            average_attn_weights,
        )  # fmt: skip
    if mask is not None:
        if mask.shape[0] == 1 and ndim(mask) == 3:
            mask = F.unsqueeze(mask, 0)
        else:
            mask = F.view(mask, (batch, num_heads, -1, source))
    q = F.view(q, (batch, num_heads, target, head))
    k = F.view(k, (batch, num_heads, source, head))
    v = F.view(v, (batch, num_heads, source, head))
    out = F.scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal)
    out = F.reshape(F.permute(out, (2, 0, 1, 3)), (batch * target, width))
    out = F.linear(out, out_proj_weight, out_proj_bias)
    out = F.view(out, (target, batch, out.shape[1]))
    return (out if batched else F.squeeze_dim(out, 1)), None


def _merged(F: Namespace, mask: Any, padding: Any, batch: int, heads: int, source: int) -> Any:
    """The mask of positions with that of padded keys."""
    for place, wanted in enumerate((batch, source)):
        _require(
            padding.shape[place] == wanted,
            f"Expected key_padded_mask.shape[{place}] to be {wanted}, but got "
            f"{padding.shape[place]}",
        )
    wide = F.expand(F.view(padding, (batch, 1, 1, source)), (batch, heads, 1, source))
    wide = F.reshape(wide, (batch * heads, 1, source))
    return wide if mask is None else F.add(mask, wide)


def _weighed(
    F: Namespace,
    q: Any,
    k: Any,
    v: Any,
    mask: Any,
    dropout_p: float,
    weight: Any,
    bias: Any,
    batch: int,
    num_heads: int,
    batched: bool,
    average: bool,
) -> Any:
    """The result with the weights of attention."""
    _, target, head = shape_of(q)
    scaled = F.mul(q, math.sqrt(1.0 / head))
    keys = F.transpose(k, -2, -1)
    scores = F.bmm(scaled, keys) if mask is None else F.baddbmm(mask, scaled, keys)
    weights = F.softmax(scores, -1)
    if dropout_p > 0:
        weights = F.dropout(weights, dropout_p, True)
    out = F.reshape(F.transpose(F.bmm(weights, v), 0, 1), (target * batch, num_heads * head))
    out = F.linear(out, weight, bias)
    out = F.view(out, (target, batch, out.shape[1]))
    weights = F.view(weights, (batch, num_heads, target, k.shape[1]))
    if average:
        weights = F.mean_dim(weights, (1,))
    if not batched:
        out, weights = F.squeeze_dim(out, 1), F.squeeze_dim(weights, 0)
    return out, weights


def _samples(S: Any) -> Any:
    if S.dtype.is_complex:
        return []
    x, y = S.normal(2, 2, 4), S.normal(3, 2, 4)
    packed = (S.normal(12, 4), S.normal(12))
    out = (S.normal(4, 4), S.normal(4))
    return [
        S(x, x, x, 4, 2, *packed, None, None, False, 0.0, *out),
        S(x, y, y, 4, 2, *packed, None, None, True, 0.0, *out, average_attn_weights=False),
        S(S.normal(2, 4), S.normal(3, 4), S.normal(3, 4), 4, 2, *packed, None, None, False, 0.0,
          *out),
        S(x, y, S.normal(3, 2, 4), 4, 1, *packed, S.normal(1, 1, 4), S.normal(1, 1, 4), False, 0.0,
          *out, key_padding_mask=S.booleans(2, 3)),
        S(x, x, x, 4, 3, *packed, None, None, False, 0.0, *out),
        S(x, x, x, 5, 1, *packed, None, None, False, 0.0, *out),
    ]  # fmt: skip


op(
    "multi_head_attention_forward(Tensor query, Tensor key, Tensor value, int embed_dim_to_check, "
    "int num_heads, Tensor? in_proj_weight, Tensor? in_proj_bias, Tensor? bias_k, Tensor? bias_v, "
    "bool add_zero_attn, float dropout_p, Tensor out_proj_weight, Tensor? out_proj_bias, "
    "bool training=True, Tensor? key_padding_mask=None, bool need_weights=True, "
    "Tensor? attn_mask=None, bool use_separate_proj_weight=False, Tensor? q_proj_weight=None, "
    "Tensor? k_proj_weight=None, Tensor? v_proj_weight=None, Tensor? static_k=None, "
    "Tensor? static_v=None, bool average_attn_weights=True, bool is_causal=False)",
    composite=_multi_head,
    outputs=2,
    where=("F",),
    written="F",
    doc="Attention of several heads between projected sequences, and its weights.",
    samples=_samples,
)

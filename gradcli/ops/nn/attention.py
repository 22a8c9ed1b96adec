"""Scaled dot-product attention.

PyTorch runs batches of heads in one node and composes the rest; node names follow it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...kernels.blocks import reduce, row_sums
from ...table.dtype_rules import requires_grad
from ...table.entry import op
from ...table.schema import Namespace
from ...table.shape_rules import ndim, size_at
from ...tensor import dtypes
from ...tensor.tensor import Tensor, numel, shape_of
from ..reduction.shared import MAXIMUM


def _softmax(scores: Any, into: Any = None) -> Any:
    """Softmax along the last dimension; a row of minus infinities gives zeros."""
    if not scores.size:
        return scores
    limits = np.finfo(scores.dtype)
    highest = np.maximum(reduce(MAXIMUM, scores, -1, True), limits.min)
    powers = np.subtract(scores, highest, out=into)
    np.exp(powers, out=powers)
    powers /= np.maximum(row_sums(powers), limits.tiny)
    return powers


op(
    "_safe_softmax(Tensor self)",
    kernel=_softmax,
    vjp={"self": lambda F, g, out: out * (g - F.sum_dim(g * out, (-1,), True))},
    jvp={"self": lambda F, t, out: out * (t - F.sum_dim(t * out, (-1,), True))},
    node="SafeSoftmaxBackward0",
    where=(),
    doc="Softmax along the last dimension; a row of minus infinities gives zeros.",
    samples=lambda S: [] if S.dtype.is_complex else [S(S.normal(2, 3))],
)


def _scores(F: Namespace, query: Any, key: Any, mask: Any, scale: float) -> Any:
    scores = F.matmul(query * scale, F.transpose(key, -2, -1))
    return scores if mask is None else scores + mask


def _weights(F: Namespace, query: Any, key: Any, mask: Any, scale: float) -> Any:
    return F._safe_softmax(_scores(F, query, key, mask, scale))


def _score_slope(F: Namespace, g: Any, weights: Any, value: Any) -> Any:
    """The cotangent of the scores from that of the result."""
    change = F.matmul(g, F.transpose(value, -2, -1))
    return weights * (change - F.sum_dim(change * weights, (-1,), True))


def _attend(tensors: Sequence[Any], mask: Any, scale: float) -> tuple[Any, Any]:
    """The result, laid out as the query is, and the weights, which the gradients need."""
    query, key, value = tensors
    scores = np.matmul(query * query.dtype.type(scale), np.swapaxes(key, -1, -2))
    weights = _softmax(scores, scores) if mask is None else _softmax(scores + mask)
    result = np.matmul(weights, value)
    if result.shape == query.shape and not query.flags.c_contiguous:
        laid = np.empty_like(query)
        laid[...] = result
        result = laid
    return result, weights


def _slopes(F: Namespace, g: Any, tensors: Any, mask: Any, scale: float, out1: Any) -> list[Any]:
    query, key, value = tensors
    if F.is_traced:
        weights = _weights(F, query, key, mask, scale)
        change = _score_slope(F, g, weights, value)
        across = F.transpose(change, -2, -1)
        return [
            F.matmul(change, key) * scale,
            F.matmul(across, query) * scale,
            F.matmul(F.transpose(weights, -2, -1), g),
        ]
    change = np.matmul(g, np.swapaxes(value, -1, -2))
    if change.size:
        change -= row_sums(change * out1)
    change *= out1
    of_query, of_key = np.matmul(change, key), np.matmul(np.swapaxes(change, -1, -2), query)
    of_query *= of_query.dtype.type(scale)
    of_key *= of_key.dtype.type(scale)
    return [of_query, of_key, np.matmul(np.swapaxes(out1, -1, -2), g)]


def _tangents(F: Namespace, t: Any, tensors: Any, mask: Any, scale: float) -> Any:
    query, key, value = tensors
    weights = _weights(F, query, key, mask, scale)
    moved = F.matmul(t[0], F.transpose(key, -2, -1)) + F.matmul(query, F.transpose(t[1], -2, -1))
    change = weights * (moved * scale)
    change = change - weights * F.sum_dim(change, (-1,), True)
    return F.matmul(change, value) + F.matmul(weights, t[2]), None


def _define_attention(masked: bool) -> None:
    """The kernel of batches of heads: PyTorch has one node, which a mask is no edge of."""
    mask = "Tensor mask, " if masked else ""
    op(
        f"_attention{'_masked' * masked}(Tensor[] tensors, {mask}float scale)",
        kernel=_attend if masked else lambda tensors, scale: _attend(tensors, None, scale),
        outputs=2,
        keeps_layout=True,
        constant=(1,),  # what the gradients need
        vjp={
            "tensors": _slopes
            if masked
            else lambda F, g, tensors, scale, out1: _slopes(F, g, tensors, None, scale, out1)
        },
        shows={"tensors": "query key value", "mask": "attn_mask", "out1": ""},
        jvp={
            "tensors": _tangents
            if masked
            else lambda F, t, tensors, scale: _tangents(F, t, tensors, None, scale)
        },
        node="ScaledDotProductFlashAttentionForCpuBackward0",
        size=lambda tensors, *rest: (
            numel(shape_of(tensors[0])[:-1]) * (size_at(tensors[1], -2) + size_at(tensors[2], -1))
        ),
        where=(),
        doc="Attention of batches of heads, from query, key and value; and its weights.",
        samples=lambda S: (
            []
            if S.dtype.is_complex
            else [
                S.edge(  # a mask is a constant
                    [S.normal(1, 2, 3, 2), S.normal(1, 2, 4, 2), S.normal(1, 2, 4, 2)],
                    *[S.normal(3, 4)] * masked,
                    0.5,
                )
            ]
        ),
    )


for _masked in (False, True):
    _define_attention(_masked)


def _mask_of(
    F: Namespace, query: Any, key: Any, attn_mask: Any, is_causal: bool, fused: bool
) -> Any:
    """What is added to the scores: minus infinity where attention is not allowed.

    One node takes a mask and the causal one together; what is composed refuses both.
    """
    dtype = query.dtype.array if type(query) is Tensor else query.dtype
    if is_causal:
        if attn_mask is not None and not fused:
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
                "is_causal=True"
            )
        allowed = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
        causal = F._mask_scores(query, np.where(allowed, 0, -math.inf).astype(dtype))
        if attn_mask is None:
            return causal
        return F.add(_mask_of(F, query, key, attn_mask, False, fused), causal)
    if attn_mask is None or type(attn_mask) is not Tensor or attn_mask.dtype is not dtypes.bool_:
        return attn_mask
    values = np.where(attn_mask.array, 0, -math.inf).astype(dtype)
    return F._mask_scores(query, values)


op(
    "_mask_scores(Tensor self, any values)",
    kernel=lambda self, values: np.array(values),
    where=(),
    doc="A constant mask as a tensor.",
    samples=lambda S: [S(S.normal(2, 2), np.zeros((2, 2)))],
)


def _are_whole(query: Any, key: Any, value: Any, grouped: bool) -> bool:
    """Whether the batches, heads and features agree without broadcasting, and none is empty."""
    if not ndim(query) == ndim(key) == ndim(value) == 4:
        return False
    (batch, heads, places, features), wanted, given = query.shape, key.shape, value.shape
    return bool(
        tuple(wanted) == tuple(given) == (batch, wanted[1], wanted[2], features)
        and (grouped or wanted[1] == heads)
        and places
        and wanted[2]
    )


def _for_each_head(F: Namespace, query: Any, shared: Any) -> Any:
    """Keys or values of grouped heads, repeated until each head of the query has its own."""
    heads, groups = size_at(query, -3), size_at(shared, -3)
    if heads == groups:
        return shared
    if groups == 0 or heads % groups:
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    return F.repeat_interleave(shared, heads // groups, -3, output_size=None)


def _scaled_dot_product(
    F: Namespace,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
    enable_gqa: bool,
) -> Any:
    if min(ndim(query), ndim(key), ndim(value)) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{ndim(query)} key.dim: {ndim(key)} and value.dim: {ndim(value)} instead."
        )
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    whole = _are_whole(query, key, value, enable_gqa)
    fused = whole and dropout_p == 0 and factor != 0 and not requires_grad(attn_mask)
    if enable_gqa:
        key, value = _for_each_head(F, query, key), _for_each_head(F, query, value)
    mask = _mask_of(F, query, key, attn_mask, is_causal, fused)
    if fused:
        if mask is None:
            return F._attention([query, key, value], factor)[0]
        return F._attention_masked([query, key, value], mask, factor)[0]
    half = math.sqrt(abs(factor))
    scores = F.matmul(
        F._mul_scalar(query, math.copysign(half, factor)),
        F._mul_scalar(F.transpose(key, -2, -1), half),
    )
    if mask is not None:
        scores = F.add(scores, mask)
    weights = F._safe_softmax(scores)
    if dropout_p > 0:
        weights = F.dropout(weights, dropout_p, True)
    return F.matmul(weights, value)


op(
    "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, "
    "Tensor? attn_mask=None, float dropout_p=0.0, bool is_causal=False, *, float? scale=None, "
    "bool enable_gqa=False)",
    composite=_scaled_dot_product,
    where=("F",),
    doc="Means of values, weighted by the softmax of the products of queries and keys.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(3, 2), S.normal(4, 2), S.normal(4, 2)),
            S(S.normal(2, 3, 2), S.normal(2, 4, 2), S.normal(2, 4, 2), scale=0.3),
            S(S.normal(1, 2, 3, 2), S.normal(1, 2, 3, 2), S.normal(1, 2, 3, 2), is_causal=True),
            S(S.normal(1, 4, 3, 2), S.normal(1, 2, 3, 2), S.normal(1, 2, 3, 2), enable_gqa=True),
        ]
    ),
)

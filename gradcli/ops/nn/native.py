"""Losses and normalizations as functions of torch itself, where reductions are numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...autograd.leaf import detach
from ...table.entry import op
from ...table.schema import Namespace

_NAMES = {1: "mean", 2: "sum"}


def _named(reduction: int) -> str:
    """The reduction that a number stands for: any other than those of mean and sum is none."""
    return _NAMES.get(reduction, "none")


def _define(
    schema: str, doc: str, samples: Any, composite: Callable[..., Any], prelude: str = ""
) -> None:
    name, rest = schema.split("(", 1)
    op(
        f"{name}_torch({rest}",
        name=name,
        composite=composite,
        where=("torch",),
        prelude=prelude,
        doc=doc,
        samples=samples,
    )


_define(
    "binary_cross_entropy_with_logits(Tensor self, Tensor target, Tensor? weight=None, "
    "Tensor? pos_weight=None, int reduction=0)",
    "The cross entropy of scores.",
    lambda S: [
        S(S.normal(3), S.uniform(0, 1, 3)),
        S(S.normal(3), S.uniform(0, 1, 3), None, None, 1),
    ],
    lambda F, self, target, weight, pos_weight, reduction: F.binary_cross_entropy_with_logits_F(
        self, target, weight, None, None, _named(reduction), pos_weight
    ),
)
_define(
    "cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0, "
    "int reduction=0)",
    "One less the cosine for pairs that belong together, its hinge for others.",
    lambda S: [
        S(S.normal(3, 2), S.normal(3, 2), S.integers(1, 2, 3)),
        S(S.normal(3, 2), S.normal(3, 2), S.integers(-1, 0, 3), 0.1, 1),
    ],
    lambda F, a, b, target, margin, reduction: F.cosine_embedding_loss(
        a, b, target, margin, None, None, _named(reduction)
    ),
)
_define(
    "hinge_embedding_loss(Tensor self, Tensor target, float margin=1.0, int reduction=0)",
    "The distance of pairs that belong together, the hinge of others.",
    lambda S: [
        S(S.uniform(0, 0.9, 3), S.integers(1, 2, 3)),
        S(S.uniform(0, 0.9, 3), S.integers(-1, 0, 3), 2.0, 2),
    ],
    lambda F, self, target, margin, reduction: F.hinge_embedding_loss(
        self, target, margin, None, None, _named(reduction)
    ),
)
_define(
    "kl_div(Tensor self, Tensor target, int reduction=0, *, bool log_target=False)",
    "The Kullback-Leibler divergence of log-probabilities.",
    lambda S: [
        S(S.normal(3), S.uniform(0.1, 1, 3)),
        S(S.normal(3), S.normal(3), 2, log_target=True),
    ],
    lambda F, self, target, reduction, log_target: F.kl_div(
        self, target, None, None, _named(reduction), log_target
    ),
)
_define(
    "margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0.0, "
    "int reduction=0)",
    "The hinge on the order of two scores.",
    lambda S: [
        S(S.distinct(3), S.normal(3), S.integers(1, 2, 3)),
        S(S.distinct(3), S.normal(3), S.integers(-1, 0, 3), 0.5, 1),
    ],
    lambda F, a, b, target, margin, reduction: F.margin_ranking_loss(
        a, b, target, margin, None, None, _named(reduction)
    ),
)
_define(
    "triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1.0, "
    "float p=2, float eps=1e-06, bool swap=False, int reduction=0)",
    "The hinge on how much nearer the positive is to the anchor than the negative.",
    lambda S: [
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3)),
        S(S.normal(2, 3), S.normal(2, 3), S.normal(2, 3), 1.0, 1.0, 1e-6, True, 1),
    ],
    lambda F, a, p, n, margin, norm, eps, swap, reduction: F.triplet_margin_loss(
        a, p, n, margin, norm, eps, swap, None, None, _named(reduction)
    ),
)
_define(
    "poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, "
    "int reduction)",
    "The negative log-likelihood of counts.",
    lambda S: [
        S(S.normal(3), S.uniform(0, 3, 3), True, False, 1e-8, 0),
        S(S.uniform(1, 2, 3), S.uniform(2, 3, 3), False, True, 1e-8, 1),
    ],
    lambda F, input, target, log_input, full, eps, reduction: F.poisson_nll_loss(
        input, target, log_input, full, None, eps, None, _named(reduction)
    ),
)
_define(
    "batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, "
    "Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled)",
    "Standardizes each channel over the batch.",
    lambda S: [
        S(S.normal(3, 2), S.normal(2), S.normal(2), None, None, True, 0.1, 1e-5, False),
    ],
    lambda F, input, weight, bias, mean, var, training, momentum, eps, _: F.batch_norm(
        input, mean, var, weight, bias, training, momentum, eps
    ),
)
_define(
    "instance_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, "
    "Tensor? running_var, bool use_input_stats, float momentum, float eps, bool cudnn_enabled)",
    "Standardizes each channel of each example.",
    lambda S: [
        S(S.normal(2, 3, 4), S.normal(3), S.normal(3), None, None, True, 0.1, 1e-5, False),
    ],
    lambda F, input, weight, bias, mean, var, use, momentum, eps, _: F.instance_norm(
        input, mean, var, weight, bias, use, momentum, eps
    ),
)
_define(
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, "
    "float eps=1e-05, bool cudnn_enabled=True)",
    "Standardizes groups of channels of each example.",
    lambda S: [S(S.normal(2, 4), 2), S(S.normal(2, 4, 3), 2, S.normal(4), S.normal(4))],
    lambda F, input, groups, weight, bias, eps, _: F._group_norm(input, groups, weight, bias, eps),
)
_define(
    "layer_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, "
    "float eps=1e-05, bool cudnn_enable=True)",
    "Standardizes over the last dimensions.",
    lambda S: [S(S.normal(2, 3), (3,)), S(S.normal(2, 3), (3,), S.normal(3), S.normal(3), 0.1)],
    lambda F, input, shape, weight, bias, eps, _: F.layer_norm(input, shape, weight, bias, eps),
    prelude="torch",
)


def _statistics(F: Namespace, input: Any, axes: tuple[int, ...], eps: float, keep: bool) -> Any:
    """The mean and the inverse deviation, as constants."""
    values = detach(input)
    mean = F.mean_dim(values, axes, keep)
    return mean, F.rsqrt(F._add_scalar(F.var(values, axes, correction=0, keepdim=keep), eps))


def _native_layer_norm(
    F: Namespace, input: Any, normalized_shape: Any, weight: Any, bias: Any, eps: float
) -> Any:
    out = F.layer_norm(input, normalized_shape, weight, bias, eps)
    axes = tuple(range(-len(normalized_shape), 0))
    return out, *_statistics(F, input, axes, eps, True)


op(
    "native_layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, "
    "float eps)",
    composite=_native_layer_norm,
    outputs=3,
    where=("torch",),
    prelude="",
    doc="Standardizes over the last dimensions; with the means and inverse deviations.",
    samples=lambda S: (
        []
        if S.dtype.is_complex
        else [
            S(S.normal(2, 3), (3,), None, None, 1e-5),
            S(S.normal(2, 3, 2), (3, 2), S.normal(3, 2), S.normal(3, 2), 0.1),
        ]
    ),
)

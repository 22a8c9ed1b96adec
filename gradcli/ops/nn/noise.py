"""Layers that draw random numbers, besides plain dropout: randomized slopes, Gumbel noise."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ...kernels import random
from ...kernels.blocks import select
from ...kernels.random import default_generator
from ...table.call.python_data import real_number
from ...table.dtype_rules import real_gradients
from ...table.entry import ELEMENTWISE, op
from ...table.levels.batching import pointwise
from ...table.levels.randomness import over_batch, per_example
from ...table.schema import Namespace
from ...table.shape_rules import ndim
from ...tensor import dtypes
from ...tensor.dtypes import unsupported
from ...tensor.tensor import Tensor, make, shape_of
from .activation import in_place_or_not
from .dropout import alpha_dropped, check_probability, dropout_noise, dropped

# --- randomized leaky rectifier ---------------------------------------------------------------

_LOWER, _UPPER = 0.125, 0.3333333333333333


def _refuse_integers(kernel: str, self: Any) -> None:
    if type(self) is Tensor and self.dtype.category != dtypes.FLOATING:
        raise unsupported(kernel, self.dtype)


@over_batch
def _slopes(self: Tensor, lower: float, upper: float, generator: Any) -> Tensor:
    """The factor of each element: a random one where it is not positive."""
    values = np.asarray(self.array)
    falling = values <= 0
    drawn = (generator or default_generator).doubles(int(falling.sum()))
    factors: Any = np.ones(values.shape, self.dtype.compute)
    factors[falling] = (drawn * (upper - lower) + lower).astype(self.dtype.compute)
    return make(self.dtype.cast(factors)[()], self.dtype)


def _define_rrelu(suffix: str, number: int) -> None:
    """The kernels of `rrelu` and of its in-place twin, whose node has another number."""
    op(
        f"_rrelu{suffix}(Tensor self, Tensor noise)",
        kernel=lambda self, noise: self * noise,
        fused={"self": "RreluWithNoiseBackwardBackward0 g self=0"},
        vjp={"self": lambda F, g, noise: g * noise},
        jvp={"self": lambda F, t, noise: t * noise},
        batching=pointwise,  # the result is laid out row by row, unlike those of ELEMENTWISE
        promote="number",
        inplace=True,
        node=f"RreluWithNoiseBackward{number}",
        where=(),
        doc="Elements times given slopes.",
        samples=lambda S: [] if S.dtype.is_complex else [S.edge(S.normal(3), S.uniform(0, 1, 3))],
    )
    op(
        f"_rrelu_fixed{suffix}(Tensor self, float slope)",
        kernel=lambda self, slope: select(self > 0, self, self * slope),
        fused={"self": "RreluWithNoiseBackwardBackward0 g self=0"},
        vjp={"self": lambda F, g, self, slope: F.where(F.gt(self, 0), g, g * slope)},
        jvp=ELEMENTWISE,
        batching=pointwise,
        promote="number",
        inplace=True,
        check=lambda self, slope: _refuse_integers("leaky_relu_cpu", self),
        node=f"RreluWithNoiseBackward{number}",
        where=(),
        doc="Negative elements times the mean of the slopes.",
        samples=lambda S: [S(S.distinct(3), 0.2)] if not S.dtype.is_complex else [],
    )


_define_rrelu("", 0)
_define_rrelu("_written", 1)


def _rrelu(
    F: Namespace,
    self: Any,
    lower: float,
    upper: float,
    training: bool,
    generator: Any = None,
    inplace: bool = False,
) -> Any:
    lower, upper = real_number(lower), real_number(upper)
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        name = "_rrelu_fixed" + "_written" * inplace
        return in_place_or_not(name, F, inplace, self, (lower + upper) / 2)
    _refuse_integers("rrelu_with_noise_out_cpu", self)
    noise = _slopes(self, lower, upper, generator)
    return in_place_or_not("_rrelu" + "_written" * inplace, F, inplace, self, noise)


def _rrelu_samples(S: Any) -> Any:
    if S.dtype.is_complex:
        return []
    return [S(S.distinct(3)), S(S.distinct(2, 3), 0.1, 0.5), S(S.distinct(2), 0.5, 0.1)]


op(
    f"rrelu_F(Tensor input, float lower={_LOWER}, float upper={_UPPER}, bool training=False, "
    "bool inplace=False)",
    name="rrelu",
    composite=lambda F, input, lower, upper, training, inplace: _rrelu(
        F, input, lower, upper, training, None, inplace
    ),
    where=("F",),
    mapped="draws",
    written="F",
    doc="Negative elements times a slope that is drawn in training and fixed otherwise.",
    samples=_rrelu_samples,
)
op(
    f"rrelu(Tensor self, Number lower={_LOWER}, Number upper={_UPPER}, bool training=False, "
    "Generator? generator=None)",
    composite=_rrelu,
    where=("torch",),
    mapped="draws",
    prelude="",
    doc="Negative elements times a slope that is drawn in training and fixed otherwise.",
    samples=_rrelu_samples,
)
op(
    f"rrelu_(Tensor self, Number lower={_LOWER}, Number upper={_UPPER}, bool training=False, "
    "Generator? generator=None)",
    composite=lambda F, self, lower, upper, training, generator: _rrelu(
        F, self, lower, upper, training, generator, True
    ),
    where=("torch", "F"),
    doc="`rrelu` written into its argument.",
    samples=lambda S: [] if S.dtype.is_complex else [S(S.distinct(2), 0.5, 0.1)],
)

# --- Gumbel noise -----------------------------------------------------------------------------


def _gumbel(F: Namespace, logits: Any, tau: float, hard: bool, eps: float, dim: int) -> Any:
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", UserWarning, stacklevel=2)
    dtype = logits.dtype

    def draw(shape: tuple[int, ...]) -> Tensor:
        values = np.asarray(random.exponential(shape, dtype), dtype.compute)
        return make(dtype.cast(-np.log(values))[()], dtype)

    noise = per_example(shape_of(logits), draw)
    soft = F.softmax(F.div(F.add(logits, noise), tau), dim)
    if not hard:
        return soft
    index = F.argmax(soft, dim, True)
    nothing = F.zeros_like_shape(logits, shape_of(logits))
    chosen = F.scatter_value(nothing, dim, index, 1.0)
    from ...autograd.leaf import detach

    return F.add(F.sub(chosen, detach(soft)), soft)


op(
    "gumbel_softmax(Tensor logits, float tau=1.0, bool hard=False, float eps=1e-10, int dim=-1)",
    composite=_gumbel,
    where=("F",),
    mapped="draws",
    written="F",
    doc="A random choice by scores: the softmax of scores with Gumbel noise, or its one-hot.",
    samples=lambda S: [S(S.integers(0, 4, 3))],
)

# --- dropout as functions of torch ------------------------------------------------------------


def _dropped(F: Namespace, input: Any, p: float, train: bool, drop: Any, *flags: bool) -> Any:
    if not 0 <= p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {p:g}")
    if flags[-1] and ndim(input) < 2 and train and p not in (0, 1):
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return drop(F, input, p, train, *flags)


def _define_dropout(name: str, doc: str, drop: Any, channels: bool) -> None:
    for suffix, inplace in (("", False), ("_", True)):
        if name + suffix == "dropout":
            continue

        def call(F: Namespace, input: Any, p: float, train: bool, inplace: bool = inplace) -> Any:
            return _dropped(F, input, p, train, drop, inplace, channels)

        op(
            f"{name}{suffix}_torch(Tensor input, float p, bool train)",
            name=name + suffix,
            composite=call,
            where=("torch",),
            prelude="",
            mapped="draws",
            doc=doc + (" Written into its argument." if inplace else ""),
            samples=lambda S: [S(S.normal(2, 3), 2.0, True)],
        )


_define_dropout("dropout", "Zeroes elements at random.", dropped, False)
_define_dropout("feature_dropout", "Zeroes channels at random.", dropped, True)
_define_dropout("alpha_dropout", "Dropout that keeps mean and variance.", alpha_dropped, False)
_define_dropout("feature_alpha_dropout", "Alpha dropout of whole channels.", alpha_dropped, True)


def _native(F: Namespace, input: Any, p: float, train: bool | None) -> Any:
    check_probability(p)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    if train is False or p == 0:
        kept = F._full_as(input, 1.0)
        scale = 1.0
    elif p == 1:
        kept = F._full_as(input, 0.0)
    else:
        kept = dropout_noise(input, p, False)
    return F._native_dropout(input, kept, scale), F.ne(kept, 0)


op(
    "_native_dropout(Tensor self, Tensor kept, float scale)",
    kernel=lambda self, kept, scale: self * kept * scale,
    vjp={"self": lambda F, g, kept, scale: g * kept * scale},
    jvp={"self": lambda F, t, kept, scale: t * kept * scale},
    batching=ELEMENTWISE,
    promote="number",
    check=real_gradients("native_dropout"),
    node="NativeDropoutBackward0",
    where=(),
    doc="Elements that are kept, scaled.",
    samples=lambda S: [] if S.dtype.is_complex else [S.edge(S.normal(3), S.normal(3), 2.0)],
)
op(
    "native_dropout(Tensor input, float p, bool? train)",
    composite=_native,
    outputs=2,
    where=("torch",),
    mapped="draws",
    prelude="",
    doc="Dropout, and what it kept.",
    samples=lambda S: [S(S.normal(3), 1.0, True), S(S.normal(3), 0.5, False)],
)

"""Numbers that count trials, as PyTorch draws them: Bernoulli, binomial, multinomial, Poisson."""

from __future__ import annotations

import math

import numpy as np

from ..tensor import dtypes
from ..tensor.dtypes import Array, DType, unsupported
from .generator import Generator, Uniforms, default_generator
from .random import Doubles, Shape, counted, exponential, shaped


def bernoulli(shape: Shape, dtype: DType, p: float, *, generator: Generator | None = None) -> Array:
    """One with probability `p`, else zero: `bernoulli_(p)`, and the mask that dropout keeps."""
    if not 0.0 <= p <= 1.0:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")
    count = counted(shape, dtype)
    if count == 0:
        return np.empty(tuple(shape), dtype.array)
    if dtype.is_complex:
        raise unsupported("bernoulli_scalar_cpu_", dtype)
    return shaped((generator or default_generator).doubles(count) < p, shape, dtype)


def bernoulli_like(
    p: Array, p_dtype: DType, dtype: DType, *, generator: Generator | None = None
) -> Array:
    """One with probability `p[i]`, else zero, in the shape of `p`: `torch.bernoulli(p)`.

    For `x.bernoulli_(p)` broadcast `p` to the shape of `x` first.
    """
    if dtype.is_complex:
        raise unsupported("bernoulli_tensor_cpu_self_", dtype)
    if not p_dtype.is_floating_point:
        raise unsupported("bernoulli_tensor_cpu_p_", p_dtype)
    source = generator or default_generator
    shape = np.shape(p)
    count = counted(shape, dtype)
    flat = np.asarray(p).ravel()
    valid = (flat >= 0) & (flat <= 1)
    if not valid.all():
        count = int(np.argmin(valid))  # PyTorch has drawn for the elements before it
    exact = p_dtype.name == "float64" and not source.narrow
    uniforms = source.doubles(count) if exact else source.floats(count)
    if count < flat.size:
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message "
            "be improved?  If so, please report an enhancement request to PyTorch.)"
        )
    return shaped(uniforms < flat, shape, dtype)


def multinomial(
    weights: Array,
    dtype: DType,
    count: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
) -> Array:
    """Indices drawn by weight from each row: `torch.multinomial`; an int64 array.

    `weights` has one or two dimensions, `dtype` is its type. Without replacement the indices are
    those of the largest `weight / exponential`.
    """
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {dtype.scalar_name}"
        )
    categories = weights.shape[-1]
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and count > categories:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if categories > 1 << 24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    rows = np.atleast_2d(weights)
    counted((rows.shape[0], count), dtypes.int64)
    result = np.empty((rows.shape[0], count), np.int64)
    source = generator or default_generator
    if rows.shape[0] and (count == 1 or not replacement):
        _check_weights(rows)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            noise = exponential(rows.shape, dtype, generator=source)
            wide = rows.astype(dtype.compute) / noise.astype(dtype.compute)
        keys = dtype.cast(wide)
        if count == 1:
            result[:, 0] = keys.argmax(axis=1)
        else:
            result[:] = np.argsort(-keys, axis=1, kind="stable")[:, :count]
    elif rows.shape[0]:
        for row, indices in zip(rows, result, strict=True):
            indices[:] = np.searchsorted(_cumulated(row, dtype), source.doubles(count))
    return result if weights.ndim == 2 else result[0]


def _check_weights(rows: Array) -> None:
    if rows.size == 0:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
            "identity."
        )
    if not ((rows >= 0) & (rows < np.inf)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if (rows.sum(axis=1) == 0).any():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


def _cumulated(row: Array, dtype: DType) -> Doubles:
    """The cumulated distribution of one row of weights, rounded as PyTorch's."""
    prefix = "invalid multinomial distribution"
    for weight in row.tolist():
        if not weight >= 0:
            raise RuntimeError(f"{prefix} (encountering probability entry < 0)")
        if weight == math.inf:
            raise RuntimeError(f"{prefix} (encountering probability entry = infinity or NaN)")
    sums: Doubles = row.astype(dtype.compute).cumsum()
    total = sums[-1] if sums.size else 0.0
    if not total > 0:
        raise RuntimeError(f"{prefix} (sum of probabilities <= 0)")
    if total > 1.00001 or total < 0.99999:
        sums = sums / total
    sums[-1] = 1.0
    return sums.astype(np.float64)


def poisson(rates: Array, dtype: DType, *, generator: Generator | None = None) -> Array:
    """Poisson counts, one for each rate: `torch.poisson`.

    Rates from 10 on: W. Hörmann, "The transformed rejection method for generating Poisson random
    variables", Insurance: Mathematics and Economics 12 (1993); below, products of uniforms.
    """
    if not dtype.is_floating_point:
        raise unsupported("poisson_cpu", dtype)
    counted(np.shape(rates), dtypes.float64)
    uniforms = Uniforms(generator or default_generator)
    try:
        counts = [_poisson(float(rate), uniforms) for rate in np.asarray(rates).ravel()]
    finally:
        uniforms.close()
    return shaped(np.array(counts, np.float64), np.shape(rates), dtype)


def _poisson(rate: float, uniforms: Uniforms) -> int:
    if not rate >= 0.0:
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    if rate == 0.0:
        return 0
    if rate < 10.0:
        least, product, count = math.exp(-rate), next(uniforms), 0
        while product > least:
            product *= next(uniforms)
            count += 1
        return count
    root, logarithm = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    v_r = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = next(uniforms) - 0.5
        v = next(uniforms)
        us = 0.5 - abs(u)
        if us == 0.0:
            continue
        drawn = (2.0 * a / us + b) * u + rate + 0.43
        k = math.floor(drawn) if abs(drawn) < 1 << 63 else -1 << 63  # as C casts to int64
        if us >= 0.07 and v <= v_r:
            return k
        if k < 0 or (us < 0.013 and v > us):
            continue
        if v == 0.0 or math.log(v * inverse_alpha / (a / (us * us) + b)) <= (
            k * logarithm - rate - math.lgamma(k + 1.0)
        ):
            return k


def binomial(
    counts: Array,
    p: Array,
    dtype: DType,
    p_dtype: DType,
    *,
    generator: Generator | None = None,
) -> Array:
    """The number of successes in `counts[i]` trials of probability `p[i]`: `torch.binomial`.

    From 10 expected successes on: W. Hörmann, "The generation of binomial random variates",
    Journal of Statistical Computation and Simulation 46 (1993); below, sums of geometric waits.
    """
    for name, given in (("count", dtype), ("prob", p_dtype)):
        if not given.is_floating_point:
            raise ValueError(
                f"binomial only supports floating-point dtypes for {name}, got: {given.scalar_name}"
            )
    if not dtype.raw:
        raise unsupported("binomial_cpu", dtype)
    trials, chances = np.broadcast_arrays(counts, p)
    counted(trials.shape, dtypes.float64)
    uniforms = Uniforms(generator or default_generator)
    try:
        values = [
            _binomial(float(n), float(q), uniforms)
            for n, q in zip(trials.ravel(), chances.ravel(), strict=True)
        ]
    finally:
        uniforms.close()
    return shaped(np.array(values, np.float64), trials.shape, dtype)


def _binomial(trials: float, p: float, uniforms: Uniforms) -> float:
    if trials <= 0.0 or p <= 0.0:
        return 0.0
    if p >= 1.0:
        return trials
    if p > 0.5:
        return trials - _binomial_least(trials, 1.0 - p, uniforms)
    if p <= 0.5:
        return _binomial_least(trials, p, uniforms)
    return math.nan


def _binomial_least(trials: float, p: float, uniforms: Uniforms) -> float:
    """`_binomial` for p up to one half."""
    if trials * p < 10.0:
        scale, waited, successes = math.log1p(-p), 0.0, 0.0
        while True:
            u = next(uniforms)
            waited += math.ceil(math.log(u) / scale) if u else math.inf
            if waited > trials:
                return successes
            successes += 1.0
    deviation = math.sqrt(trials * p * (1.0 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * p
    c = trials * p + 0.5
    v_r = 0.92 - 4.2 / b
    odds = p / (1.0 - p)
    alpha = (2.83 + 5.1 / b) * deviation
    m = math.floor((trials + 1.0) * p)
    while True:
        u = next(uniforms) - 0.5
        v = next(uniforms)
        us = 0.5 - abs(u)
        if us == 0.0:
            continue
        k = float(math.floor((2.0 * a / us + b) * u + c))
        if k < 0.0 or k > trials:
            continue
        if us >= 0.07 and v <= v_r:
            return k
        v *= alpha / (a / (us * us) + b)
        bound = (
            (m + 0.5) * math.log((m + 1.0) / (odds * (trials - m + 1.0)))
            + (trials + 1.0) * math.log((trials - m + 1.0) / (trials - k + 1.0))
            + (k + 0.5) * math.log(odds * (trials - k + 1.0) / (k + 1.0))
            + _stirling_rest(m)
            + _stirling_rest(trials - m)
            - _stirling_rest(k)
            - _stirling_rest(trials - k)
        )
        if v == 0.0 or math.log(v) <= bound:
            return k


def _stirling_rest(k: float) -> float:
    """log(k!) less Stirling's approximation around k + 1."""
    if k < 10.0:
        return (
            math.lgamma(k + 1.0)
            - (k + 0.5) * math.log(k + 1.0)
            + (k + 1.0)
            - 0.5 * math.log(2.0 * math.pi)
        )
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1.0)

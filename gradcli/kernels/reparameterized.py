"""Gamma and Dirichlet numbers, and how they change with their parameters.

A number drawn with a parameter a is taken for a quantile of the distribution function F(x; a) at a
fixed probability, so that dx/da = -(∂F/∂a) / (∂F/∂x): M. Figurnov, S. Mohamed and A. Mnih,
"Implicit reparameterization gradients" (2018). The coefficients of the rational functions are those
that PyTorch's answers have, found by least squares; they are good to about four digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..tensor.dtypes import Array, DType, unsupported
from ..tensor.runtime import runtime
from . import special
from .generator import Generator, Uniforms, default_generator

_THIRD = float(np.float32(1.0 / 3.0))
_AT_ONCE = 1 << 12  # numbers between two looks at whether the user wants to stop


class _Normals:
    """Normal numbers one by one, of which the generator keeps the second of a pair."""

    def __init__(self, generator: Generator, uniforms: Uniforms) -> None:
        self._generator = generator
        self._uniforms = uniforms

    def __next__(self) -> float:
        kept = self._generator.normal
        if kept is not None:
            self._generator.normal = None
            return kept
        theta = 2.0 * math.pi * next(self._uniforms)
        radius = math.sqrt(-2.0 * math.log1p(-next(self._uniforms)))
        self._generator.normal = radius * math.sin(theta)
        return radius * math.cos(theta)


def _single(x: float) -> float:
    return float(np.float32(x))


def _gamma(
    alpha: float, uniforms: Uniforms, normals: _Normals, rounded: Callable[[float], float]
) -> float:
    """One gamma number of rate 1; what is computed of alpha alone is rounded to its type.

    G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26
    (2000), with their power of a uniform number for alpha < 1.
    """
    scale = 1.0
    if alpha < 1.0:
        if alpha == 0.0:
            return 0.0
        rest = 1.0 - next(uniforms)
        scale = rest ** rounded(1.0 / alpha) if alpha > 0.0 else math.nan
        alpha = rounded(alpha + 1.0)
    d = rounded(alpha - _THIRD)
    c = 1.0 / math.sqrt(9.0 * d) if d > 0.0 else math.nan
    while True:
        x = next(normals)
        y = 1.0 + c * x
        while y <= 0.0:
            x = next(normals)
            y = 1.0 + c * x
        v = y * y * y
        u = 1.0 - next(uniforms)
        square = x * x
        if u < 1.0 - 0.0331 * square * square:
            return scale * d * v
        if v == v and math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


def _gammas(
    alphas: Any, generator: Generator | None, rounded: Callable[[float], float] = float
) -> np.ndarray[Any, np.dtype[np.float64]]:
    source = generator or default_generator
    runtime.reserve(3 * 8 * math.prod(np.shape(alphas)))
    flat = np.asarray(alphas, np.float64).ravel()

    def drawn() -> Iterator[float]:
        for start in range(0, flat.size, _AT_ONCE):
            runtime.check()
            for alpha in flat[start : start + _AT_ONCE].tolist():
                yield _gamma(alpha, uniforms, normals, rounded)

    uniforms = Uniforms(source)
    normals = _Normals(source, uniforms)
    try:
        values = np.fromiter(drawn(), np.float64, flat.size)
    finally:
        normal = source.normal
        uniforms.close()
        source.normal = normal
    return values.reshape(np.shape(alphas))


def standard_gamma(alphas: Array, dtype: DType, *, generator: Generator | None = None) -> Array:
    """Gamma numbers of rate 1, one for each concentration: `torch._standard_gamma`."""
    if not dtype.raw or not dtype.is_floating_point:
        raise unsupported("gamma_cpu", dtype)
    with np.errstate(all="ignore"):
        rounded = float if dtype.name == "float64" else _single
        values = dtype.cast(_gammas(alphas, generator, rounded))
    tiny = np.finfo(dtype.array).tiny
    return np.asarray(np.where(values > tiny, values, tiny))[()]


def dirichlet(alphas: Array, dtype: DType, *, generator: Generator | None = None) -> Array:
    """Vectors of the simplex, one for each of concentrations: `torch._sample_dirichlet`."""
    if not dtype.raw or not dtype.is_floating_point:
        raise unsupported("dirichlet", dtype)
    with np.errstate(all="ignore"):
        gammas = _gammas(alphas, generator)
        tiny = np.finfo(np.float64).tiny
        gammas = np.where(gammas > tiny, gammas, tiny)
        values = dtype.cast(gammas / gammas.sum(-1, keepdims=True))
    limits = np.finfo(dtype.array)
    return np.clip(values, limits.tiny, dtype.array.type(1) - limits.epsneg)[()]


# --- derivatives of quantiles


def _polynomial(coefficients: Any, *variables: Any) -> Any:
    """Σ c[i, j, …] u^i v^j …: a polynomial of several variables."""
    result = np.zeros_like(variables[0])
    for index in np.ndindex(coefficients.shape):
        term = coefficients[index]
        for variable, power in zip(variables, index, strict=True):
            term = term * variable**power
        result = result + term
    return result


# log dx/dα as a ratio of polynomials of log(x / α), 0 to 2, and log α, 0 to 3.
_GAMMA = np.array(
    [
        [
            [0.16009398, -0.094634809, 0.025146376, -0.0030648343],
            [0.53487893, 0.1298071, 0.065735949, -0.0015649758],
            [0.040121004, -0.0065914022, -0.0026286047, -0.0013441777],
        ],
        [
            [1.0, 0.32668115, 0.10406089, 0.0014179084],
            [0.16639465, 0.020070113, -0.0035938915, -0.00058392623],
            [0.017050642, -0.0021309326, 0.00085092367, -1.5247877e-07],
        ],
    ]
)


def _gamma_taylor(alpha: Any, x: Any) -> Any:
    """x below 0.8: the series of the incomplete gamma function by powers of x."""
    term = np.ones_like(x)
    cdf = term / alpha
    by_alpha = term / alpha**2
    for i in range(1, 6):
        term = term * (-x / i)
        cdf = cdf + term / (alpha + i)
        by_alpha = by_alpha + term / (alpha + i) ** 2
    slope = (np.log(x) - special.digamma(alpha)) * cdf - by_alpha
    result = -(x * np.exp(x)) * slope
    return np.where(np.isnan(result), 0.0, result)


def _gamma_saddle(alpha: Any, x: Any) -> Any:
    """α above 8: the saddle point expansion of the distribution function, S. O. Rice (1968)."""
    root = np.sqrt(8.0 * alpha)
    near = np.power(x - alpha - alpha * np.log(x / alpha), -1.5)
    both = root / (alpha - x) - np.copysign(1.0, alpha - x) * near
    term = np.log(x / alpha) * both - np.sqrt(2.0 / alpha) * (alpha + x) / (alpha - x) ** 2
    stirling = 1.0 + 1.0 / (12.0 * alpha) * (1.0 + 1.0 / (24.0 * alpha))
    return -stirling * x * term / root


def _gamma_middle(alpha: Any, x: Any) -> Any:
    """`_gamma_saddle` near x = α, where it is singular: its limit as a polynomial."""
    first = 1.0 + 24.0 * alpha * (1.0 + 12.0 * alpha)
    second = (
        1440.0 * alpha**2
        + 6.0 * x * (53.0 - 120.0 * x)
        - 65.0 * x**2 / alpha
        + alpha * (107.0 + 3600.0 * x)
    )
    return first * second / (1244160.0 * alpha**4)


def _gamma_rational(alpha: Any, x: Any) -> Any:
    u, v = np.log(x / alpha), np.log(alpha)
    return np.exp(_polynomial(_GAMMA[0], u, v) / _polynomial(_GAMMA[1], u, v))


def _piecewise(arguments: Any, pieces: Any, otherwise: Any, shape: Any) -> Any:
    """A function by pieces: the first condition that holds says which."""
    result = np.empty(shape)
    left = np.ones(shape, bool)
    for condition, function in (*pieces, (np.ones(shape, bool), otherwise)):
        here = left & condition
        if here.any():
            result[here] = function(*(argument[here] for argument in arguments))
        left &= ~here
    return result


def standard_gamma_grad(alphas: Array, values: Array) -> Any:
    """dx/dα of gamma numbers x of rate 1 and their concentrations α."""
    alpha, x = np.broadcast_arrays(np.asarray(alphas, np.float64), np.asarray(values, np.float64))
    with np.errstate(all="ignore"):
        near = (0.9 * alpha <= x) & (x <= 1.1 * alpha)
        pieces = (
            (x < 0.8, _gamma_taylor),
            ((alpha > 8.0) & near, _gamma_middle),
            (alpha > 8.0, _gamma_saddle),
        )
        return _piecewise((alpha, x), pieces, _gamma_rational, x.shape)[()]


# What (dx/dα) / (1 - x) of beta numbers is of x (ψ(α + β) - ψ(α)) / β, as a ratio of
# polynomials of log x, 0 to 2, log(α / x), 0 to 2, and log((α + β) x / α), 0 to 3.
_BETA = np.array(
    [
        [
            [
                [1.003668233, -0.01061107488, -0.0657888334, 0.01201642863],
                [0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033],
                [-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013],
            ],
            [
                [0.221950385, -0.3187676331, 0.01799915743, 0.01074823814],
                [-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057],
                [0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05],
            ],
            [
                [-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565],
                [0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181],
                [0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05],
            ],
        ],
        [
            [
                [1.0, -0.02924021934, -0.04438342661, 0.007285809825],
                [0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521],
                [-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149],
            ],
            [
                [0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273],
                [0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956],
                [-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05],
            ],
            [
                [0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05],
                [0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05],
                [-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06],
            ],
        ],
    ]
)


def _beta_small_by_alpha(x: Any, alpha: Any, beta: Any) -> Any:
    """(dx/dα) / (1 - x) near x = 0: the series of the incomplete beta function by powers of x."""
    factor = special.digamma(alpha) - special.digamma(alpha + beta) - np.log(x)
    term = np.ones_like(x)
    series = term / alpha * (factor + 1.0 / alpha)
    for i in range(1, 11):
        term = term * (i - beta) * x / i
        series = series + term / (alpha + i) * (factor + 1.0 / (alpha + i))
    result = x * np.power(1.0 - x, -beta) * series
    return np.where(np.isnan(result), 0.0, result)


def _beta_small_by_beta(x: Any, alpha: Any, beta: Any) -> Any:
    """(dx/dβ) / x near x = 0, by the same series."""
    factor = special.digamma(alpha + beta) - special.digamma(beta)
    term = np.ones_like(x)
    power, slope = np.ones_like(x), np.zeros_like(x)
    series = factor / alpha
    for i in range(1, 9):
        term = term * (-x / i)
        slope = slope * (beta - i) + power
        power = power * (beta - i)
        series = series + term / (alpha + i) * (slope + factor * power)
    result = -np.power(1.0 - x, 1.0 - beta) * series
    return np.where(np.isnan(result), 0.0, result)


def _stirling(z: Any) -> Any:
    return 1.0 + 1.0 / (12.0 * z) + 1.0 / (288.0 * z * z)


def _beta_saddle(x: Any, alpha: Any, beta: Any) -> Any:
    """(dx/dα) / (1 - x) where α and β are both above 6: a saddle point expansion."""
    total = alpha + beta
    distance = beta * x + alpha * (x - 1.0)
    stirling = _stirling(alpha) * _stirling(beta) / _stirling(total)
    front = -x / np.sqrt(2.0 * alpha * beta / total)
    far = (2.0 * alpha**2 * (x - 1.0) + alpha * beta * (x - 1.0) - x * beta**2) / (
        np.sqrt(2.0 * alpha / beta) * total**1.5 * distance**2
    )
    ratio = alpha / (total * x)
    exponent = beta * np.log(beta / (total * (1.0 - x))) + alpha * np.log(ratio)
    near = np.where(x < alpha / total, 1.0, -1.0) * np.power(exponent, -1.5)
    both = np.sqrt(8.0 * alpha * beta / total) / distance + near
    return front * stirling * (far + 0.5 * np.log(ratio) * both)


def _beta_middle(x: Any, alpha: Any, beta: Any) -> Any:
    """`_beta_saddle` near the mean, where it is singular: its limit as a polynomial."""
    total = alpha + beta
    polynomial = 47.0 * x * beta**4 + alpha * (
        (43.0 + 20.0 * (16.0 + 27.0 * beta) * x) * beta**3
        + alpha
        * (
            3.0 * (59.0 + 180.0 * beta - 90.0 * x) * beta**2
            + alpha
            * (
                (453.0 + 1620.0 * beta * (1.0 - x) - 455.0 * x) * beta
                + alpha * (8.0 * (1.0 - x) * (135.0 * beta - 11.0))
            )
        )
    )
    above = (1.0 + 12.0 * alpha) * (1.0 + 12.0 * beta) / total**2
    below = 12960.0 * alpha**3 * beta**2 * (1.0 + 12.0 * total)
    return above / below * polynomial / (1.0 - x)


def _beta_rational(x: Any, alpha: Any, beta: Any) -> Any:
    u = np.log(x)
    a = np.log(alpha) - u
    b = np.log(alpha + beta) - a
    ratio = _polynomial(_BETA[0], u, a, b) / _polynomial(_BETA[1], u, a, b)
    return ratio * x * (special.digamma(alpha + beta) - special.digamma(alpha)) / beta


def dirichlet_grad(values: Array, alphas: Array, totals: Array) -> Any:
    """(dx/dα) / (1 - x) of beta numbers x, of parameters α and total - α: `torch._dirichlet_grad`.

    With α the other numbers of a Dirichlet vector change in proportion, so that this is what every
    gradient of the vector has as a factor.
    """
    x, alpha, total = np.broadcast_arrays(
        *(np.asarray(given, np.float64) for given in (values, alphas, totals))
    )
    with np.errstate(all="ignore"):
        beta = total - alpha
        boundary = total * x * (1.0 - x)
        large = (alpha > 6.0) & (beta > 6.0)
        mean = alpha / total
        deviation = np.sqrt(alpha * beta / (total + 1.0)) / total
        near = (mean - 0.1 * deviation <= x) & (x <= mean + 0.1 * deviation)
        pieces = (
            ((x <= 0.5) & (boundary < 2.5), _beta_small_by_alpha),
            (
                (x >= 0.5) & (boundary < 0.75),
                lambda x, alpha, beta: -_beta_small_by_beta(1.0 - x, beta, alpha),
            ),
            (large & near, _beta_middle),
            (large, _beta_saddle),
        )
        return _piecewise((x, alpha, beta), pieces, _beta_rational, x.shape)[()]

"""Bessel and Airy functions of orders 0 and 1, by Chebyshev series of their smooth factors.

Near zero the series run in x or x**2; far from it they multiply the exponential, or, in Hankel's
form, the cosine and the sine of the phase (Abramowitz and Stegun 9.2.5, 9.7 and 10.4.59). `series`
holds the coefficients and says how they were made. Where a function oscillates, the error beside
its zeros is a few units of 2**-53 of its amplitude.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from . import series
from .evaluate import Array, Doubles, chebyshev, evaluate, piecewise

_ROOT_HALF = math.sqrt(0.5)


def _nan(x: Doubles) -> Doubles:
    return np.full_like(x, np.nan)


# --- modified, of the first kind -------------------------------------------------------------


def _decayed(y: Doubles, near: Sequence[float], far: Sequence[float], order: int) -> Doubles:
    """exp(-y) I(y) for y >= 0."""
    return piecewise(
        [
            (
                y <= 8.0,
                lambda z: chebyshev(z, near, 0.0, 8.0) * (z if order else 1.0),
            ),
            (y > 8.0, lambda z: chebyshev(1.0 / z, far, 0.0, 0.125) / np.sqrt(z)),
        ],
        y,
    )


def _i0e(x: Doubles) -> Doubles:
    return _decayed(np.abs(x), series.I0_NEAR, series.I0_FAR, 0)


def _i1e(x: Doubles) -> Doubles:
    value = _decayed(np.abs(x), series.I1_NEAR, series.I1_FAR, 1)
    return np.where(x < 0.0, -value, value)


def _grown(decayed: Doubles, x: Doubles) -> Doubles:
    """exp(|x|) times `decayed`, in two steps so that only the result can overflow."""
    half = np.exp(0.5 * np.abs(x))
    result: Doubles = decayed * half * half
    return result


def i0(x: Array) -> Array:
    """The modified Bessel function I0; NaN at infinity. At most 5 ulp from 40 digits."""
    return evaluate(lambda z: _grown(_i0e(z), z), x)


def i0e(x: Array) -> Array:
    """exp(-|x|) I0(x). At most 5 ulp from 40 digits."""
    return evaluate(_i0e, x)


def i1(x: Array) -> Array:
    """The modified Bessel function I1; NaN at infinity. At most 11 ulp from 40 digits."""
    return evaluate(lambda z: _grown(_i1e(z), z), x)


def i1e(x: Array) -> Array:
    """exp(-|x|) I1(x). At most 11 ulp from 40 digits."""
    return evaluate(_i1e, x)


# --- modified, of the second kind ------------------------------------------------------------


def _k0_near(x: Doubles) -> Doubles:
    square = x * x
    first = chebyshev(square, series.I0_SMALL, 0.0, 4.0)
    result: Doubles = chebyshev(square, series.K0_NEAR, 0.0, 4.0) - np.log(0.5 * x) * first
    return result


def _k1_near(x: Doubles) -> Doubles:
    square = x * x
    first = chebyshev(square, series.I1_SMALL, 0.0, 4.0) * x
    result: Doubles = np.log(0.5 * x) * first + chebyshev(square, series.K1_NEAR, 0.0, 4.0) / x
    return result


def _k0_far(x: Doubles) -> Doubles:
    result: Doubles = chebyshev(1.0 / x, series.K0_FAR, 0.0, 0.5) / np.sqrt(x)
    return result


def _k1_far(x: Doubles) -> Doubles:
    result: Doubles = chebyshev(1.0 / x, series.K1_FAR, 0.0, 0.5) / np.sqrt(x)
    return result


def _k(x: Doubles, order: int, scaled: bool) -> Doubles:
    near, far = (_k1_near, _k1_far) if order else (_k0_near, _k0_far)
    if scaled:
        return piecewise(
            [
                (x == 0.0, lambda z: np.full_like(z, np.inf)),
                ((x > 0.0) & (x <= 2.0), lambda z: near(z) * np.exp(z)),
                (x > 2.0, far),
            ],
            x,
        )
    return piecewise(
        [
            (x == 0.0, lambda z: np.full_like(z, np.inf)),
            ((x > 0.0) & (x <= 2.0), near),
            (x > 2.0, lambda z: far(z) * np.exp(-z)),
        ],
        x,
    )


def k0(x: Array) -> Array:
    """The modified Bessel function K0: inf at 0, NaN below. At most 6 ulp from 40 digits."""
    return evaluate(lambda z: _k(z, 0, False), x)


def k0e(x: Array) -> Array:
    """exp(x) K0(x). At most 6 ulp from 40 digits."""
    return evaluate(lambda z: _k(z, 0, True), x)


def k1(x: Array) -> Array:
    """The modified Bessel function K1: inf at 0, NaN below. At most 6 ulp from 40 digits."""
    return evaluate(lambda z: _k(z, 1, False), x)


def k1e(x: Array) -> Array:
    """exp(x) K1(x). At most 6 ulp from 40 digits."""
    return evaluate(lambda z: _k(z, 1, True), x)


# --- oscillating -----------------------------------------------------------------------------


def _hankel(x: Doubles, order: int) -> tuple[Doubles, Doubles, Doubles, Doubles, Doubles]:
    """P, Q, cos(phase), sin(phase) and the amplitude for x from 8 on."""
    inverse = 8.0 / x
    square = inverse * inverse
    even, odd = (series.P1_FAR, series.Q1_FAR) if order else (series.P0_FAR, series.Q0_FAR)
    p = chebyshev(square, even, 0.0, 1.0)
    q = chebyshev(square, odd, 0.0, 1.0) * inverse
    sine, cosine = np.sin(x), np.cos(x)
    if order:  # the phase is x - 3π/4
        cos, sin = (sine - cosine) * _ROOT_HALF, -(sine + cosine) * _ROOT_HALF
    else:  # x - π/4
        cos, sin = (sine + cosine) * _ROOT_HALF, (sine - cosine) * _ROOT_HALF
    return p, q, cos, sin, np.sqrt(2.0 / math.pi) / np.sqrt(x)


def _j_far(x: Doubles, order: int) -> Doubles:
    p, q, cos, sin, amplitude = _hankel(x, order)
    return amplitude * (p * cos - q * sin)


def _y_far(x: Doubles, order: int) -> Doubles:
    p, q, cos, sin, amplitude = _hankel(x, order)
    return amplitude * (p * sin + q * cos)


def _j0_near(x: Doubles) -> Doubles:
    return chebyshev(x * x, series.J0_NEAR, 0.0, 64.0)


def _j1_near(x: Doubles) -> Doubles:
    return x * chebyshev(x * x, series.J1_NEAR, 0.0, 64.0)


def _y0_near(x: Doubles) -> Doubles:
    smooth = chebyshev(x * x, series.Y0_NEAR, 0.0, 64.0)
    result: Doubles = smooth + 2.0 / math.pi * np.log(x) * _j0_near(x)
    return result


def _y1_near(x: Doubles) -> Doubles:
    smooth = x * chebyshev(x * x, series.Y1_NEAR, 0.0, 64.0)
    result: Doubles = smooth + 2.0 / math.pi * (np.log(x) * _j1_near(x) - 1.0 / x)
    return result


def _j0(x: Doubles) -> Doubles:
    y = np.abs(x)
    return piecewise([(y < 8.0, _j0_near), (y < np.inf, lambda z: _j_far(z, 0))], y)


def _j1(x: Doubles) -> Doubles:
    y = np.abs(x)
    value = piecewise([(y < 8.0, _j1_near), (y < np.inf, lambda z: _j_far(z, 1))], y)
    return np.where(x < 0.0, -value, np.where(x == 0.0, x, value))


def _y(x: Doubles, order: int) -> Doubles:
    return piecewise(
        [
            (x == 0.0, lambda z: np.full_like(z, -np.inf)),
            ((x > 0.0) & (x < 8.0), _y1_near if order else _y0_near),
            ((x >= 8.0) & (x < np.inf), lambda z: _y_far(z, order)),
        ],
        x,
    )


def j0(x: Array) -> Array:
    """The Bessel function J0; NaN at infinity."""
    return evaluate(_j0, x)


def j1(x: Array) -> Array:
    """The Bessel function J1; NaN at infinity."""
    return evaluate(_j1, x)


def y0(x: Array) -> Array:
    """The Bessel function Y0: -inf at 0, NaN below and at infinity."""
    return evaluate(lambda z: _y(z, 0), x)


def y1(x: Array) -> Array:
    """The Bessel function Y1: -inf at 0, NaN below and at infinity."""
    return evaluate(lambda z: _y(z, 1), x)


def spherical_j0(x: Array) -> Array:
    """sin(x) / x, which is 1 at 0 and 0 at infinity."""
    return evaluate(_spherical_j0, x)


def _spherical_j0(x: Doubles) -> Doubles:
    return piecewise(
        [
            (x == 0.0, np.ones_like),
            (np.isinf(x), np.zeros_like),
            (x == x, lambda z: np.sin(z) / z),
        ],
        x,
    )


# --- Airy ------------------------------------------------------------------------------------


def _airy_decay(x: Doubles) -> Doubles:
    """Ai from 2 on."""
    root = np.sqrt(x)
    zeta = 2.0 / 3.0 * x * root
    smooth = chebyshev(1.0 / zeta, series.AIRY_DECAY, 0.0, 3.0 / (4.0 * math.sqrt(2.0)))
    result: Doubles = smooth * np.exp(-zeta) / np.sqrt(root)
    return result


def _airy_wave(x: Doubles) -> Doubles:
    """Ai below -4."""
    root = np.sqrt(-x)
    zeta = 2.0 / 3.0 * -x * root
    square = 1.0 / (zeta * zeta)
    high = (3.0 / 16.0) ** 2
    sine = chebyshev(square, series.AIRY_SINE, 0.0, high)
    cosine = chebyshev(square, series.AIRY_COSINE, 0.0, high) / zeta
    s, c = np.sin(zeta), np.cos(zeta)
    wave = sine * (s + c) - cosine * (c - s)
    result: Doubles = wave * (_ROOT_HALF / math.sqrt(math.pi)) / np.sqrt(root)
    return result


def _airy(x: Doubles) -> Doubles:
    return piecewise(
        [
            (np.isinf(x), _nan),
            (x > 110.0, np.zeros_like),
            (x > 2.0, _airy_decay),
            (x >= -4.0, lambda z: chebyshev(z, series.AIRY_NEAR, -4.0, 2.0)),
            (x < -4.0, _airy_wave),
        ],
        x,
    )


def airy_ai(x: Array) -> Array:
    """The Airy function Ai; NaN at both infinities.

    For large x the relative error is that of the exponent 2/3 x**1.5, up to 1700 ulp.
    """
    return evaluate(_airy, x)

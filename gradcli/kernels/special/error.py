"""The error function and the normal distribution.

Sources: W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of
Computation 23 (1969), with the digits of his CALERF; M. J. Wichura, "Algorithm AS 241: the
percentage points of the normal distribution", Applied Statistics 37 (1988).
"""

from __future__ import annotations

import math

import numpy as np

from .evaluate import Array, Doubles, evaluate, piecewise, polynomial

_NEAR = 0.46875
_NEAR_TOP = (
    1.85777706184603153e-1,
    3.16112374387056560e0,
    1.13864154151050156e2,
    3.77485237685302021e2,
    3.20937758913846947e3,
)
_NEAR_BOTTOM = (
    1.0,
    2.36012909523441209e1,
    2.44024637934444173e2,
    1.28261652607737228e3,
    2.84423683343917062e3,
)
_MIDDLE_TOP = (
    2.15311535474403846e-8,
    5.64188496988670089e-1,
    8.88314979438837594e0,
    6.61191906371416295e1,
    2.98635138197400131e2,
    8.81952221241769090e2,
    1.71204761263407058e3,
    2.05107837782607147e3,
    1.23033935479799725e3,
)
_MIDDLE_BOTTOM = (
    1.0,
    1.57449261107098347e1,
    1.17693950891312499e2,
    5.37181101862009858e2,
    1.62138957456669019e3,
    3.29079923573345963e3,
    4.36261909014324716e3,
    3.43936767414372164e3,
    1.23033935480374942e3,
)
_FAR_TOP = (
    1.63153871373020978e-2,
    3.05326634961232344e-1,
    3.60344899949804439e-1,
    1.25781726111229246e-1,
    1.60837851487422766e-2,
    6.58749161529837803e-4,
)
_FAR_BOTTOM = (
    1.0,
    2.56852019228982242e0,
    1.87295284992346725e0,
    5.27905102951428412e-1,
    6.05183413124413191e-2,
    2.33520497626869185e-3,
)
_ROOT_PI = math.sqrt(math.pi)

# erf(x) / x as a polynomial of x**2 / 7.84375 - 1, interpolated at Chebyshev points on [-1, 1].
_SINGLE = (
    -4.8930255266336296e-08,
    1.2106745718763426e-07,
    -5.0080975947471969e-08,
    3.962508904246179e-07,
    -2.2238214464428325e-06,
    5.8174684034803774e-06,
    -1.4217146459626615e-05,
    3.8150036953783646e-05,
    -9.7568306325858666e-05,
    0.00023209020250410857,
    -0.00052449848102206992,
    0.0011267273069480465,
    -0.0022886239900556248,
    0.004384447969074428,
    -0.0079079311884386171,
    0.013403839794425042,
    -0.021322984455142122,
    0.031828051325387963,
    -0.044642979124026261,
    0.059087993194975375,
    -0.074413740929645852,
    0.090437240325719759,
    -0.10844171374187433,
    0.13285279042031045,
    -0.17829412541765943,
    0.35703079611914412,
)


def _near(x: Doubles) -> Doubles:
    """erf for |x| up to 0.46875."""
    square = x * x
    return x * (polynomial(square, _NEAR_TOP) / polynomial(square, _NEAR_BOTTOM))


def _scaled(y: Doubles) -> Doubles:
    """exp(y**2) erfc(y) for y above 0.46875."""
    return piecewise(
        [
            (y <= 4.0, lambda z: polynomial(z, _MIDDLE_TOP) / polynomial(z, _MIDDLE_BOTTOM)),
            (y > 4.0, _scaled_far),
        ],
        y,
    )


def _scaled_far(y: Doubles) -> Doubles:
    z = 1.0 / (y * y)
    ratio = z * (polynomial(z, _FAR_TOP) / polynomial(z, _FAR_BOTTOM))
    result: Doubles = (1.0 / _ROOT_PI - ratio) / y
    return result


def _gauss(y: Doubles, sign: float) -> Doubles:
    """exp(sign * y**2) without the rounding error of the square, by splitting y at 1/16."""
    high = np.trunc(y * 16.0) * 0.0625
    rest = (y - high) * (y + high)
    result: Doubles = np.exp(sign * high * high) * np.exp(sign * rest)
    return result


def _tail(y: Doubles) -> Doubles:
    """erfc for y above 0.46875."""
    y = np.minimum(y, 30.0)
    return _gauss(y, -1.0) * _scaled(y)


def _erf(x: Doubles) -> Doubles:
    y = np.abs(x)
    return piecewise(
        [
            (y <= _NEAR, _near),
            (y < 6.0, lambda z: np.copysign(1.0 - _tail(np.abs(z)), z)),
            (y >= 6.0, np.sign),
        ],
        x,
    )


def _erf_single(x: Doubles) -> Doubles:
    """erf to 2**-47, for results in float32: without branches. Above 3.96 it rounds to 1."""
    x = np.clip(x, -3.96, 3.96)
    square = x * x
    square *= 1.0 / 7.84375
    square -= 1.0
    x *= polynomial(square, _SINGLE)
    return x


_FEW = 8  # elements up to which Python's own numbers are quicker than arrays


def _erf_one(x: float) -> float:
    """`_erf_single` of one element, by the same steps."""
    if abs(x) > 3.96:
        x = math.copysign(3.96, x)
    square = x * x
    square *= 1.0 / 7.84375
    square -= 1.0
    value = square * _SINGLE[0]
    for coefficient in _SINGLE[1:-1]:
        value = (value + coefficient) * square
    return x * (value + _SINGLE[-1])


def _erfc(x: Doubles) -> Doubles:
    return piecewise(
        [
            (np.abs(x) <= _NEAR, lambda z: 1.0 - _near(z)),
            (x > 0.0, _tail),
            (x < 0.0, lambda z: 2.0 - _tail(-z)),
        ],
        x,
    )


def _erfcx(x: Doubles) -> Doubles:
    return piecewise(
        [
            (np.abs(x) <= _NEAR, lambda z: np.exp(z * z) * (1.0 - _near(z))),
            (x > 0.0, _scaled),
            (x < -27.0, lambda z: np.full_like(z, np.inf)),
            (x < 0.0, lambda z: 2.0 * _gauss(-z, 1.0) - _scaled(-z)),
        ],
        x,
    )


def erf(x: Array) -> Array:
    """The error function. At most 3 ulp from 40 digits."""
    if x.dtype != np.float32:
        return evaluate(_erf, x)
    if x.size > _FEW:
        return evaluate(_erf_single, x)
    if not x.ndim:
        return np.float32(_erf_one(float(x)))
    values = [_erf_one(value) for value in x.ravel().tolist()]
    return np.array(values, np.float32).reshape(x.shape)


def erfc(x: Array) -> Array:
    """1 - erf(x) without cancellation. At most 5 ulp from 40 digits."""
    return evaluate(_erfc, x)


def erfcx(x: Array) -> Array:
    """exp(x**2) erfc(x). At most 5 ulp from 40 digits."""
    return evaluate(_erfcx, x)


# Coefficients of AS 241 for the central part and the two tails.
_CENTRE_TOP = (
    2.5090809287301226727e3,
    3.3430575583588128105e4,
    6.7265770927008700853e4,
    4.5921953931549871457e4,
    1.3731693765509461125e4,
    1.9715909503065514427e3,
    1.3314166789178437745e2,
    3.3871328727963666080e0,
)
_CENTRE_BOTTOM = (
    5.2264952788528545610e3,
    2.8729085735721942674e4,
    3.9307895800092710610e4,
    2.1213794301586595867e4,
    5.3941960214247511077e3,
    6.8718700749205790830e2,
    4.2313330701600911252e1,
    1.0,
)
_FLANK_TOP = (
    7.74545014278341407640e-4,
    2.27238449892691845833e-2,
    2.41780725177450611770e-1,
    1.27045825245236838258e0,
    3.64784832476320460504e0,
    5.76949722146069140550e0,
    4.63033784615654529590e0,
    1.42343711074968357734e0,
)
_FLANK_BOTTOM = (
    1.05075007164441684324e-9,
    5.47593808499534494600e-4,
    1.51986665636164571966e-2,
    1.48103976427480074590e-1,
    6.89767334985100004550e-1,
    1.67638483018380384940e0,
    2.05319162663775882187e0,
    1.0,
)
_END_TOP = (
    2.01033439929228813265e-7,
    2.71155556874348757815e-5,
    1.24266094738807843860e-3,
    2.65321895265761230930e-2,
    2.96560571828504891230e-1,
    1.78482653991729133580e0,
    5.46378491116411436990e0,
    6.65790464350110377720e0,
)
_END_BOTTOM = (
    2.04426310338993978564e-15,
    1.42151175831644588870e-7,
    1.84631831751005468180e-5,
    7.86869131145613259100e-4,
    1.48753612908506148525e-2,
    1.36929880922735805310e-1,
    5.99832206555887937690e-1,
    1.0,
)


def _centre(q: Doubles) -> Doubles:
    """The quantile of 1/2 + q, divided by q, for |q| up to 0.425."""
    r = 0.180625 - q * q
    return polynomial(r, _CENTRE_TOP) / polynomial(r, _CENTRE_BOTTOM)


def _outer(p: Doubles) -> Doubles:
    """Minus the quantile of p in (0, 0.075]."""
    r = np.sqrt(-np.log(p))
    return piecewise(
        [
            (
                r <= 5.0,
                lambda s: polynomial(s - 1.6, _FLANK_TOP) / polynomial(s - 1.6, _FLANK_BOTTOM),
            ),
            (
                r > 5.0,
                lambda s: polynomial(s - 5.0, _END_TOP) / polynomial(s - 5.0, _END_BOTTOM),
            ),
        ],
        r,
    )


def _infinite(x: Doubles) -> Doubles:
    return np.copysign(np.inf, x)


def _erfinv_centre(x: Doubles) -> Doubles:
    """erfinv for |x| up to 0.85."""
    return x * (_centre(0.5 * x) * (0.5 * math.sqrt(0.5)))


def _erfinv(x: Doubles) -> Doubles:
    y = np.abs(x)
    root = math.sqrt(0.5)
    return piecewise(
        [
            (y <= 0.85, _erfinv_centre),
            (y < 1.0, lambda z: np.copysign(_outer(0.5 * (1.0 - np.abs(z))) * root, z)),
            (y == 1.0, _infinite),
        ],
        x,
    )


def _ndtri(p: Doubles) -> Doubles:
    q = p - 0.5
    return piecewise(
        [
            (np.abs(q) <= 0.425, lambda z: (z - 0.5) * _centre(z - 0.5)),
            ((p > 0.0) & (q < 0.0), lambda z: -_outer(z)),
            ((p < 1.0) & (q > 0.0), lambda z: _outer(1.0 - z)),
            ((p == 0.0) | (p == 1.0), lambda z: _infinite(z - 0.5)),
        ],
        p,
    )


def erfinv(x: Array) -> Array:
    """The inverse of erf: NaN outside [-1, 1]. At most 6 ulp from 40 digits."""
    if x.dtype != np.float32:
        return evaluate(_erfinv, x)
    return evaluate(_erfinv_centre, x, special=(lambda z: ~(np.abs(z) <= 0.85), _erfinv))


def ndtri(p: Array) -> Array:
    """The quantile of the normal distribution. At most 5 ulp from 40 digits."""
    return evaluate(_ndtri, p)


def _upper(x: Doubles) -> Doubles:
    """The probability above x, for x from 0.67 on."""
    x = np.minimum(x, 40.0)
    high = np.trunc(x * 16.0) * 0.0625
    rest = (x - high) * (x + high)
    scaled = _scaled(x * math.sqrt(0.5))
    result: Doubles = 0.5 * np.exp(-0.5 * high * high) * np.exp(-0.5 * rest) * scaled
    return result


def _log_ndtr(x: Doubles) -> Doubles:
    root = math.sqrt(0.5)
    return piecewise(
        [
            (x < -1.0, lambda z: np.log(0.5 * _erfcx(-z * root)) - 0.5 * z * z),
            (x < 0.67, lambda z: np.log1p(-0.5 * _erfc(z * root))),
            (x >= 0.67, lambda z: np.log1p(-_upper(z))),
        ],
        x,
    )


def ndtr(x: Array) -> Array:
    """The distribution function of the normal distribution.

    It is (1 + erf(x / √2)) / 2 in the type of `x`, as PyTorch's, which cancels far below zero.
    """
    kind = x.dtype.type
    result: Array = (erf(x / kind(math.sqrt(2.0))) + kind(1.0)) * kind(0.5)
    return result


def log_ndtr(x: Array) -> Array:
    """log of the distribution function, also in its tails. At most 6 ulp from 40 digits."""
    return evaluate(_log_ndtr, x)

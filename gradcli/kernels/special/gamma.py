"""The gamma function's relatives: lgamma, polygamma, Hurwitz' zeta, the incomplete gammas.

Sources: lgamma has the rational approximations of Sun Microsystems' fdlibm (1993, e_lgamma_r.c);
digamma on [1, 2] the one that J. Maddock published in Boost (2006), elsewhere the recurrence, the
reflection and the asymptotic series (Abramowitz and Stegun 6.3); zeta the Euler-Maclaurin sum
(A&S 23.2); the incomplete gammas the series and the continued fraction of A&S 6.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .error import erfc
from .evaluate import Array, Doubles, Piece, evaluate, piecewise, polynomial

# fdlibm's coefficients: lgamma around 2 (two parts), around its minimum (three), on [0, 0.23]
# and [2, 3) (ratios), and the asymptotic series. The highest power stands first.
_TWO_EVEN = (
    2.52144565451257326939e-05,
    2.20862790713908385557e-04,
    1.19270763183362067845e-03,
    7.38555086081402883957e-03,
    6.73523010531292681824e-02,
    7.72156649015328655494e-02,
)
_TWO_ODD = (
    4.48640949618915160150e-05,
    1.08011567247583939954e-04,
    5.10069792153511336608e-04,
    2.89051383673415629091e-03,
    2.05808084325167332806e-02,
    3.22467033424113591611e-01,
)
_MINIMUM = 1.46163214496836224576e00
_MINIMUM_VALUE = -1.21486290535849611461e-01
_MINIMUM_REST = -3.63867699703950536541e-18
_MINIMUM_0 = (
    3.15632070903625950361e-04,
    -1.40346469989232843813e-03,
    6.10053870246291332635e-03,
    -3.27885410759859649565e-02,
    4.83836122723810047042e-01,
)
_MINIMUM_1 = (
    -3.12754168375120860518e-04,
    8.81081882437654011382e-04,
    -3.68452016781138256760e-03,
    1.79706750811820387126e-02,
    -1.47587722994593911752e-01,
)
_MINIMUM_2 = (
    3.35529192635519073543e-04,
    -5.38595305356740546715e-04,
    2.25964780900612472250e-03,
    -1.03142241298341437450e-02,
    6.46249402391333854778e-02,
)
_ONE_TOP = (
    1.33810918536787660377e-02,
    2.28963728064692451092e-01,
    9.77717527963372745603e-01,
    1.45492250137234768737e00,
    6.32827064025093366517e-01,
    -7.72156649015328655494e-02,
)
_ONE_BOTTOM = (
    3.21709242282423911810e-03,
    1.04222645593369134254e-01,
    7.69285150456672783825e-01,
    2.12848976379893395361e00,
    2.45597793713041134822e00,
    1.0,
)
_STEP_TOP = (
    3.19475326584100867617e-05,
    1.84028451407337715652e-03,
    2.66422703033638609560e-02,
    1.46350472652464452805e-01,
    3.25778796408930981787e-01,
    2.14982415960608852501e-01,
    -7.72156649015328655494e-02,
)
_STEP_BOTTOM = (
    7.32668430744625636189e-06,
    7.77942496381893596434e-04,
    1.86459191715652901344e-02,
    1.71933865632803078993e-01,
    7.21935547567138069525e-01,
    1.39200533467621045958e00,
    1.0,
)
_STIRLING = (
    -1.63092934096575273989e-03,
    8.36339918996282139126e-04,
    -5.95187557450339963135e-04,
    7.93650558643019558500e-04,
    -2.77777777728775536470e-03,
    8.33333333333329678849e-02,
)
_STIRLING_CONSTANT = 4.18938533204672725052e-01  # log(2π) / 2 - 1/2


def _around_two(y: Doubles) -> Doubles:
    """lgamma(2 - y) for y from about -0.27 to 0.27; lgamma(1 - y) is this less log(1 - y)."""
    square = y * y
    even = polynomial(square, _TWO_EVEN)
    odd = square * polynomial(square, _TWO_ODD)
    return (y * even + odd) - 0.5 * y


def _around_minimum(y: Doubles) -> Doubles:
    """lgamma(1.4616… + y) for y from -0.23 to 0.27."""
    square = y * y
    cube = square * y
    rest = polynomial(cube, _MINIMUM_1) + y * polynomial(cube, _MINIMUM_2)
    part = square * polynomial(cube, _MINIMUM_0) - (_MINIMUM_REST - cube * rest)
    return _MINIMUM_VALUE + part


def lgamma_1p(y: Doubles) -> Doubles:
    """lgamma(1 + y) for y from -0.1 to 0.2316, with full accuracy for small y."""
    return y * (polynomial(y, _ONE_TOP) / polynomial(y, _ONE_BOTTOM) - 0.5)


def _lgamma_small(x: Doubles) -> Doubles:
    """lgamma on (0, 0.9]: lgamma(1 + x) - log(x)."""
    value = piecewise(
        [
            (x < 0.2316399, lgamma_1p),
            (x < 0.7315998, lambda z: _around_minimum(z - (_MINIMUM - 1.0))),
            (x < 1.0, lambda z: _around_two(1.0 - z)),
        ],
        x,
    )
    return value - np.log(x)


def _lgamma_steps(x: Doubles) -> Doubles:
    """lgamma on [2, 8), from [2, 3) by the recurrence."""
    whole = np.floor(x)
    y = x - whole
    product = np.ones_like(y)
    for step in range(2, 7):
        np.multiply(product, y + step, out=product, where=whole > step)
    ratio = y * polynomial(y, _STEP_TOP) / polynomial(y, _STEP_BOTTOM)
    return 0.5 * y + ratio + np.log(product)


def stirling_rest(x: Doubles) -> Doubles:
    """lgamma(x) less (x - 1/2) log(x) - x + log(2π)/2, for x from 8 on."""
    z = 1.0 / x
    return z * polynomial(z * z, _STIRLING)


def _lgamma_far(x: Doubles) -> Doubles:
    return (x - 0.5) * (np.log(x) - 1.0) + (_STIRLING_CONSTANT + stirling_rest(x))


def _lgamma_positive(x: Doubles) -> Doubles:
    return piecewise(
        [
            (x <= 0.9, _lgamma_small),
            (x < 1.2316399, lambda z: lgamma_1p(z - 1.0) + 0.0),
            (x < 1.7316399, lambda z: _around_minimum(z - _MINIMUM)),
            (x < 2.0, lambda z: _around_two(2.0 - z)),
            (x < 8.0, _lgamma_steps),
            (x < 1e17, _lgamma_far),
            (x >= 1e17, lambda z: z * (np.log(z) - 1.0)),
        ],
        x,
    )


def _sine_pi(x: Doubles) -> Doubles:
    """|sin(πx)| with exact zeros at the integers."""
    rest = np.abs(x - np.round(x))
    result: Doubles = np.sin(math.pi * rest)
    return result


def _lgamma_negative(x: Doubles) -> Doubles:
    small = x > -1e-20
    below = -np.log(np.abs(x))
    reflected = np.log(math.pi / np.abs(x * _sine_pi(x))) - _lgamma_positive(-x)
    return np.where(small, below, reflected)


def _lgamma(x: Doubles) -> Doubles:
    return piecewise(
        [
            (x > 0.0, _lgamma_positive),
            ((x == np.floor(x)), lambda z: np.full_like(z, np.inf)),
            (x < 0.0, _lgamma_negative),
        ],
        x,
    )


# (-1)**k ζ(k) / k for k = 8 … 2, and Euler's constant: lgamma(1 + y) / y around 0.
_AROUND_ONE = (
    0.12550966952474304,
    -0.14404989676884612,
    0.16955717699740818,
    -0.20738555102867398,
    0.27058080842778454,
    -0.40068563438653143,
    0.82246703342411322,
    -0.57721566490153286,
)


def _pairs(x: Doubles, count: int) -> Doubles:
    """The products of x + k and x + count - 1 - k, for each k below half of `count` a row."""
    last = count - 1.0
    shifts = np.arange(count // 2)[:, None]
    products: Doubles = x * (x + last) + shifts * (last - shifts)
    return products


def _lgamma_smooth(x: Doubles) -> Doubles:
    """lgamma of positive numbers but for its zeros, without branches, by the recurrence."""
    value = _lgamma_far(x + 8.0)
    value -= np.log(np.multiply.reduce(_pairs(x, 8), 0))
    return value


def _is_near_zeros(x: Doubles) -> Any:
    """Where lgamma is near its zeros, where it must keep its relative accuracy."""
    return np.abs(np.abs(x - 1.5) - 0.5) < 0.01


def _lgamma_zeros(x: Doubles) -> Doubles:
    """lgamma near 1 and 2."""
    y = x - np.rint(x)
    return y * polynomial(y, _AROUND_ONE) + np.log1p(np.where(x > 1.5, y, 0.0))


def _is_plain(x: Array) -> bool:
    """Whether all elements are positive and none too large for products of eight."""
    return bool(x.min() > 0.0 and x.max() < _LARGE)


def _is_not_plain(x: Doubles) -> Any:
    return ~((x > 0.0) & (x < _LARGE))


_LARGE = 1e37


def lgamma(x: Array) -> Array:
    """log|Γ(x)|, infinite at 0 and the negative integers.

    At most 2 ulp from 40 digits for x > 0; for x < 0 the absolute error is a few units of 2**-53
    beside the zeros of the function.
    """
    if x.dtype != np.float32 or not x.size:
        return evaluate(_lgamma, x)
    if _is_plain(x):
        return evaluate(_lgamma_smooth, x, special=(_is_near_zeros, _lgamma_zeros))
    return evaluate(
        _lgamma_smooth, x, special=(lambda z: _is_not_plain(z) | _is_near_zeros(z), _lgamma)
    )


# --- digamma and polygamma -------------------------------------------------------------------

# Boost's approximation on [1, 2]: (x - root) (Y + P(x - 1) / Q(x - 1)); three parts of the root.
_ROOT_HIGH = 1569415565.0 / 1073741824.0
_ROOT_MIDDLE = (381566830.0 / 1073741824.0) / 1073741824.0
_ROOT_LOW = 0.9016312093258695918615325266959189453125e-19
_DIGAMMA_LEVEL = float(np.float32(0.99558162689208984))
_DIGAMMA_TOP = (
    -0.0020713321167745952,
    -0.045251321448739056,
    -0.28919126444774784,
    -0.65031853770896507,
    -0.32555031186804491,
    0.25479851061131551,
)
_DIGAMMA_BOTTOM = (
    -0.55789841321675513e-6,
    0.0021284987017821144,
    0.054151797245674225,
    0.43593529692665969,
    1.4606242909763515,
    2.0767117023730469,
    1.0,
)
# B(2k) / (2k) for k = 7 … 1.
_DIGAMMA_FAR = (1 / 12, -691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12)


def _digamma_unit(x: Doubles) -> Doubles:
    """digamma on [1, 2]."""
    distance = ((x - _ROOT_HIGH) - _ROOT_MIDDLE) - _ROOT_LOW
    t = x - 1.0
    ratio = polynomial(t, _DIGAMMA_TOP) / polynomial(t, _DIGAMMA_BOTTOM)
    return distance * _DIGAMMA_LEVEL + distance * ratio


def _digamma_far(x: Doubles) -> Doubles:
    """digamma from 10 on."""
    square = 1.0 / (x * x)
    result: Doubles = np.log(x) - 0.5 / x - square * polynomial(square, _DIGAMMA_FAR)
    return result


def _digamma_steps(x: Doubles) -> Doubles:
    """digamma on (2, 10) from [1, 2] by the recurrence."""
    total = np.zeros_like(x)
    for _ in range(8):
        above = x > 2.0
        x = np.where(above, x - 1.0, x)
        total += np.where(above, 1.0 / x, 0.0)
    return total + _digamma_unit(x)


def _digamma_positive(x: Doubles) -> Doubles:
    return piecewise(
        [
            (x < 1.0, lambda z: _digamma_unit(z + 1.0) - 1.0 / z),
            (x <= 2.0, _digamma_unit),
            (x < 10.0, _digamma_steps),
            (x >= 10.0, _digamma_far),
        ],
        x,
    )


def _digamma_negative(x: Doubles) -> Doubles:
    rest = x - np.round(x)
    result: Doubles = _digamma_positive(1.0 - x) - math.pi / np.tan(math.pi * rest)
    return result


def _digamma(x: Doubles) -> Doubles:
    return piecewise(
        [
            (x == np.inf, lambda z: z),
            (x > 0.0, _digamma_positive),
            (x == 0.0, lambda z: np.copysign(np.inf, -z)),
            (x == np.floor(x), lambda z: np.full_like(z, np.nan)),
            (x < 0.0, _digamma_negative),
        ],
        x,
    )


def _digamma_smooth(x: Doubles) -> Doubles:
    """digamma of positive numbers but for its zero, without branches, by the recurrence."""
    pairs = _pairs(x, 10)
    np.divide(1.0, pairs, out=pairs)
    total = np.add.reduce(pairs, 0)  # 1 / (x + k) and 1 / (x + 9 - k) are 2x + 9 over their product
    total *= 2.0 * x + 9.0
    value = _digamma_far(x + 10.0)
    value -= total
    return value


def _is_near_root(x: Doubles) -> Any:
    return np.abs(x - _ROOT_HIGH) < 0.01


def digamma(x: Array) -> Array:
    """The derivative of lgamma: ∓inf at ±0, NaN at the negative integers.

    At most 2 ulp from 40 digits for x > 0; for x < 0 as `lgamma`.
    """
    if x.dtype != np.float32 or not x.size:
        return evaluate(_digamma, x)
    if _is_plain(x):
        return evaluate(_digamma_smooth, x, special=(_is_near_root, _digamma_unit))
    return evaluate(
        _digamma_smooth, x, special=(lambda z: _is_not_plain(z) | _is_near_root(z), _digamma)
    )


# B(2k) for k = 7 … 1.
_TRIGAMMA_FAR = (7 / 6, -691 / 2730, 5 / 66, -1 / 30, 1 / 42, -1 / 30, 1 / 6)


def _trigamma_positive(x: Doubles) -> Doubles:
    total = np.zeros_like(x)
    for _ in range(10):
        below = x < 10.0
        total += np.where(below, 1.0 / (x * x), 0.0)
        x = np.where(below, x + 1.0, x)
    inverse = 1.0 / x
    square = inverse * inverse
    rest = inverse * (1.0 + 0.5 * inverse + square * polynomial(square, _TRIGAMMA_FAR))
    return total + rest


def _trigamma_smooth(x: Doubles) -> Doubles:
    """trigamma of positive numbers without branches, by the recurrence."""
    # 1 / (x + k)² and 1 / (x + 7 - k)² are ((2x + 7)² - 2p) / p², where p = (x + k)(x + 7 - k).
    pairs = _pairs(x, 8)
    np.divide(1.0, pairs, out=pairs)
    sums = 2.0 * x + 7.0
    sums *= sums
    sums = sums * pairs
    sums -= 2.0
    sums *= pairs
    x = x + 8.0
    inverse = 1.0 / x
    far = inverse * inverse
    total = polynomial(far, _TRIGAMMA_FAR)
    total *= far
    inverse *= 0.5
    total += inverse
    total += 1.0
    total /= x
    total += np.add.reduce(sums, 0)
    return total


def _trigamma(x: Doubles, dtype: np.dtype[Any]) -> Doubles:
    """The angle of the reflection is rounded to `dtype`, which decides the size at the poles."""

    def reflected(z: Doubles) -> Doubles:
        angle = (z * dtype.type(math.pi)).astype(dtype).astype(np.float64)
        result: Doubles = (math.pi / np.sin(angle)) ** 2 - positive(1.0 - z)
        return result

    positive = _trigamma_smooth if dtype == np.float32 else _trigamma_positive
    return piecewise(
        [(x < 0.5, reflected), (x < np.inf, positive), (x == np.inf, np.zeros_like)], x
    )


def polygamma(n: int, x: Array) -> Array:
    """The derivative of digamma of order `n`, by zeta from order 2 on.

    At most 6 ulp from 40 digits for x > 0.
    Raises RuntimeError for negative `n`.
    """
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    if n == 0:
        return digamma(x)
    if n == 1:
        if x.dtype != np.float32:
            return evaluate(lambda z: _trigamma(z, x.dtype), x)
        return evaluate(
            _trigamma_smooth,
            x,
            special=(lambda z: ~((z >= 0.5) & (z < np.inf)), lambda z: _trigamma(z, x.dtype)),
        )
    factorial = float(math.factorial(n)) if n <= 170 else math.inf
    scale = factorial if n % 2 else -factorial
    return evaluate(lambda z: scale * _zeta(np.full_like(z, n + 1.0), z), x)


# --- zeta ------------------------------------------------------------------------------------

_BERNOULLI = (  # (2k)! / B(2k) for k = 1 … 12
    12.0,
    -720.0,
    30240.0,
    -1209600.0,
    47900160.0,
    -1.8924375803183791606e9,
    7.47242496e10,
    -2.950130727918164224e12,
    1.1646782814350067249e14,
    -4.5979787224074726105e15,
    1.8152105401943546773e17,
    -7.1661652561756670113e18,
)


def _zeta_positive(s: Doubles, q: Doubles) -> Doubles:
    """The sum of (q + k)**-s for q > 0 and s > 1."""
    total = np.power(q, -s)
    negligible = np.zeros(s.shape, bool)
    base = q
    term = total
    for _ in range(9):
        base = base + 1.0
        term = np.power(base, -s)
        total = np.where(negligible, total, total + term)
        negligible |= np.abs(term / total) < 2.0**-53
    rest = term * base / (s - 1.0) - 0.5 * term
    factor = np.ones_like(s)
    power = term
    for k, bernoulli in enumerate(_BERNOULLI):
        factor = factor * (s + 2.0 * k)
        power = power / base
        rest = rest + factor * power / bernoulli
        factor = factor * (s + 2.0 * k + 1.0)
        power = power / base
    return np.where(negligible, total, total + rest)


def _zeta_negative(s: Doubles, q: Doubles) -> Doubles:
    """The same for q < 0 between integers and integer s: the terms on both sides of zero."""
    whole = np.floor(-q)
    below = -q - whole  # the distance from the pole at -whole, exactly
    sign = np.where(np.fmod(s, 2.0) == 0.0, 1.0, -1.0)
    left = _zeta_positive(s, below) - _zeta_positive(s, below + (whole + 1.0))
    return _zeta_positive(s, 1.0 - below) + sign * left


def _zeta(s: Doubles, q: Doubles) -> Doubles:
    infinite = (s == 1.0) | (~(s < 1.0) & (q <= 0.0) & (q == np.floor(q)))
    return piecewise(
        [
            (infinite | ((q < 0.0) & (s == np.inf)), lambda a, b: np.full_like(a, np.inf)),
            (s < 1.0, lambda a, b: np.full_like(a, np.nan)),
            (q > 0.0, _zeta_positive),
            ((q < 0.0) & (s == np.floor(s)), _zeta_negative),
        ],
        s,
        q,
    )


def zeta(s: Array, q: Array) -> Array:
    """Hurwitz' zeta function: inf at s = 1 and the poles of q, NaN for s < 1.

    At most 5 ulp from SciPy for q > 0.
    """
    return evaluate(_zeta, s, q)


# --- the incomplete gamma functions ----------------------------------------------------------

_EPSILON = 2.0**-53


def _log_ratio(a: Doubles, x: Doubles) -> Doubles:
    """log(x / a) - (x - a) / a without cancellation around x = a."""
    difference = x - a
    excess = difference / a
    r = difference / (x + a)
    square = r * r
    series = polynomial(square, tuple(2.0 / (2 * k + 1) for k in range(20, 0, -1)))
    near = r * square * series - excess * r
    return np.where(np.abs(r) < 0.3, near, np.log(x / a) - excess)


def _front(a: Doubles, x: Doubles) -> Doubles:
    """x**a exp(-x) / Γ(a + 1)."""
    return piecewise(
        [
            (
                a < 8.0,
                lambda b, y: (
                    np.power(np.minimum(y, 1e30), b) * np.exp(-y - _lgamma_positive(b + 1.0))
                ),
            ),
            (a >= 8.0, _front_large),
        ],
        a,
        x,
    )


def _front_large(a: Doubles, x: Doubles) -> Doubles:
    exponent = a * _log_ratio(a, x) - stirling_rest(a)
    result: Doubles = np.exp(exponent) / np.sqrt(2.0 * math.pi * a)
    return result


def _lower_series(a: Doubles, x: Doubles) -> Doubles:
    """P(a, x) by its series, for x up to about a."""
    result = np.zeros_like(a)
    active = np.arange(a.size)
    b, y = a, x
    term = np.ones_like(a)
    total = np.ones_like(a)
    while active.size:
        for _ in range(16):
            b = b + 1.0
            term = term * (y / b)
            total = total + term
        done = ~(term > _EPSILON * total)
        result[active[done]] = total[done]
        keep = ~done
        active, b, y, term, total = active[keep], b[keep], y[keep], term[keep], total[keep]
    return result * _front(a, x)


def _upper_series(a: Doubles, x: Doubles) -> Doubles:
    """Q(a, x) for small a and x: 1 - x**a / Γ(a + 1) and the rest of the series for P."""
    total = np.zeros_like(a)
    factor = np.ones_like(a)
    for n in range(1, 40):
        factor = factor * (-x / n)
        total += factor / (a + n)
    logarithm = np.log(x)
    gamma_1p = piecewise([(a < 0.2316, lgamma_1p), (a >= 0.0, lambda b: _lgamma(b + 1.0))], a)
    first = -np.expm1(a * logarithm - gamma_1p)
    result: Doubles = first - np.exp(a * logarithm - gamma_1p) * a * total
    return result


def _upper_fraction(a: Doubles, x: Doubles) -> Doubles:
    """Q(a, x) by its continued fraction (A&S 6.5.31, even part), for x from about a on."""
    result = np.zeros_like(a)
    active = np.arange(a.size)
    shape, b = a, x + 1.0 - a
    c = np.full_like(a, 1e300)
    d = 1.0 / b
    value = d
    step = 0
    while active.size:
        for _ in range(16):
            step += 1
            numerator = -step * (step - shape)
            b = b + 2.0
            d = 1.0 / (numerator * d + b)
            c = b + numerator / c
            change = c * d
            value = value * change
        done = ~(np.abs(change - 1.0) > 2.0 * _EPSILON)
        result[active[done]] = value[done]
        keep = ~done
        active, shape, b, c = active[keep], shape[keep], b[keep], c[keep]
        d, value = d[keep], value[keep]
    return result * a * _front(a, x)


_LARGE = 1e6  # from this a on the uniform expansion is as accurate as the series
_UNIFORM = (  # of η, least power first: the coefficients c0 and c1 of the expansion
    (-1 / 3, 1 / 12, -2 / 135, 1 / 864, 1 / 2835, -139 / 777600),
    (-1 / 540, -1 / 288, 1 / 378, -77 / 77760),
)


def _uniform(a: Doubles, x: Doubles, upper: bool) -> Doubles:
    """P or Q for large a: Temme's uniform expansion (DLMF 8.12.3-8.12.8).

    Where η is not small the results are 0 and 1, so that short series in η do.
    """
    exponent = np.minimum(_log_ratio(a * 0.25, x * 0.25), 0.0)  # -η**2 / 2
    eta = np.copysign(np.sqrt(-2.0 * exponent), x - a)
    small = np.clip(eta, -1.0, 1.0)
    first, second = (polynomial(small, series[::-1]) for series in _UNIFORM)
    rest = np.exp(a * exponent) * (first + second / a) / np.sqrt(a) / math.sqrt(2.0 * math.pi)
    sign = 1.0 if upper else -1.0
    result: Doubles = 0.5 * erfc(sign * eta * np.sqrt(a * 0.5)) + sign * rest
    return result


def _incomplete(a: Doubles, x: Doubles, upper: bool) -> Doubles:
    """P(a, x), or Q(a, x), each from the one that is computed without cancellation."""
    zero, one = (1.0, 0.0) if upper else (0.0, 1.0)

    def constant(value: float) -> Callable[[Doubles, Doubles], Doubles]:
        return lambda b, y: np.full_like(b, value)

    def from_lower(b: Doubles, y: Doubles) -> Doubles:
        p = _lower_series(b, y)
        return 1.0 - p if upper else p

    def from_upper(b: Doubles, y: Doubles) -> Doubles:
        q = _upper_fraction(b, y)
        return q if upper else 1.0 - q

    def from_upper_series(b: Doubles, y: Doubles) -> Doubles:
        return _upper_series(b, y) if upper else _lower_series(b, y)

    small = np.where(x <= 0.5, -0.4 / np.log(x) < a, x * 1.1 < a)
    pieces: list[Piece] = [
        ((x < 0.0) | (a < 0.0) | ((a == 0.0) & ~(x > 0.0)), constant(math.nan)),
        (a == 0.0, constant(one)),
        (x == 0.0, constant(zero)),
        (np.isinf(a) & np.isinf(x), constant(math.nan)),
        (np.isinf(a), constant(zero)),
        (np.isinf(x), constant(one)),
        (np.isnan(a) | np.isnan(x), constant(math.nan)),
        ((x <= 1.1) & small, from_lower),
        (x <= 1.1, from_upper_series),
        (a >= _LARGE, lambda b, y: _uniform(b, y, upper)),
        (x <= a, from_lower),
        (x > a, from_upper),
    ]
    return piecewise(pieces, a, x)


def gammainc(a: Array, x: Array) -> Array:
    """The lower regularised incomplete gamma function P(a, x); NaN for negative arguments.

    The relative error is some 2**-50 times 1 + |log P|; from a = 10**6
    on an expansion takes the place of the series and the fraction.
    """
    return evaluate(lambda b, y: _incomplete(b, y, False), a, x)


def gammaincc(a: Array, x: Array) -> Array:
    """The upper regularised incomplete gamma function Q(a, x) = 1 - P(a, x).

    As accurate as `gammainc`.
    """
    return evaluate(lambda b, y: _incomplete(b, y, True), a, x)

"""The exponential of matrices by Taylor polynomials, with scaling and squaring.

The polynomials are those of P. Bader, S. Blanes and F. Casas, Computing the matrix exponential with
an optimized Taylor polynomial approximation, Mathematics 7 (2019), which PyTorch evaluates, too:
degree 8 takes three products, degree 12 four and degree 18 five. The degree of a single matrix
follows from its 1-norm, in a batch it is the last one. A matrix whose norm is too large for that is
halved before, and squared after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor.dtypes import Array
from ..tensor.runtime import runtime
from .special.single import rounded_once

# The norms below which degrees 1, 2, 4, 8 and 12 are exact to rounding, and up to which 18 is.
_NORMS = {
    4: (
        1.192092800768788e-07,
        5.978858893805233e-04,
        5.116619363445086e-02,
        5.800524627688768e-01,
        1.461661507209034e00,
        3.010066362817634e00,
    ),
    8: (
        2.220446049250313e-16,
        2.580956802971767e-08,
        3.397168839976962e-04,
        4.991228871115323e-02,
        2.996158913811580e-01,
        1.090863719290036e00,
    ),
}

_TWELVE = (
    (9.0198e-16, 0.46932117595418237389, -0.20099424927047284052, -0.04623946134063071740),
    (
        5.31597895759871264183,
        1.19926790417132231573,
        0.01179296240992997031,
        0.01108844528519167989,
    ),
    (
        0.18188869982170434744,
        0.05502798439925399070,
        0.09351590770535414968,
        0.00610700528898058230,
    ),
    (-2.0861320e-13, -0.13181061013830184015, -0.02027855540589259079, -0.00675951846863086359),
)
_EIGHTEEN = (
    (
        0.0,
        -1.00365581030144618291e-01,
        -8.02924648241156932449e-03,
        -8.92138498045729985177e-04,
        0.0,
    ),
    (
        0.0,
        3.97849749499645077844e-01,
        1.36783778460411720168e00,
        4.98289622525382669416e-01,
        -6.37898194594723280150e-04,
    ),
    (
        -1.09676396052962061844e01,
        1.68015813878906206114e00,
        5.71779846478865511061e-02,
        -6.98210122488052056106e-03,
        3.34975017086070470649e-05,
    ),
    (
        -9.04316832390810593223e-02,
        -6.76404519071381882256e-02,
        6.75961301770459654925e-02,
        2.95552570429315521194e-02,
        -1.39180257516060693404e-05,
    ),
    (
        0.0,
        0.0,
        -9.23364619367118555360e-02,
        -1.69364939002081722752e-02,
        -1.40086798182036094347e-05,
    ),
)

_exp = rounded_once(np.exp)
_AT_ONCE = 12  # matrices that are held at the same time: powers, sums of them, products
_IN_ORDER = 8  # rows up to which products are added up in order, as PyTorch's are


def matrix_exponential(x: Array) -> Array:
    """The exponentials of square matrices `(…, n, n)`, in the dtype of `x`.

    NaN where the norm of a matrix is NaN or infinite.
    """
    if not x.size:
        return x.copy()
    if x.shape[-1] == 1:
        return _exp(x)
    runtime.reserve(_AT_ONCE * x.nbytes)
    matrices = x.reshape(-1, *x.shape[-2:])
    norms = np.abs(matrices).sum(-2).max(-1)
    *bounds, last = _NORMS[norms.itemsize]
    degrees = np.searchsorted(bounds, norms, side="right")
    if len(matrices) > 1:
        degrees[:] = len(bounds)
    result = np.full_like(matrices, np.nan)
    for degree, polynomial in enumerate(_POLYNOMIALS):
        chosen = (degrees == degree) & np.isfinite(norms)
        if not chosen.any():
            continue
        if degree < len(bounds):
            result[chosen] = polynomial(matrices[chosen])
        else:
            result[chosen] = _squared(matrices[chosen], norms[chosen], last)
    return result.reshape(x.shape)


def _squared(x: Array, norms: Array, last: float) -> Array:
    """The exponentials of matrices of any norm: halved until it is small enough, then squared."""
    times = np.maximum(np.ceil(np.log2(norms / norms.dtype.type(last))), 0)
    result = _degree_18(x / np.exp2(times)[:, None, None])
    for step in runtime.watched(range(int(times.max()))):
        again = times > step
        result[again] = _product(result[again], result[again])
    return result


def _product(a: Array, b: Array) -> Array:
    if a.dtype.kind == "c" or a.shape[-1] > _IN_ORDER:
        return a @ b
    total = np.zeros_like(a)
    for k in range(a.shape[-1]):
        total += a[:, :, k, None] * b[:, k, None, :]
    return total


def _combined(terms: Sequence[Array], factors: Sequence[float]) -> Array:
    """The linear combination of terms, added in order."""
    kind = terms[0].real.dtype.type
    total = np.zeros_like(terms[0])
    for term, factor in zip(terms, factors, strict=True):
        total += term * kind(factor)
    return total


def _powers(x: Array, count: int) -> list[Array]:
    """The powers of matrices from the identity on."""
    powers = [np.broadcast_to(np.eye(x.shape[-1], dtype=x.dtype), x.shape), x]
    while len(powers) < count:
        powers.append(_product(x, powers[-1]))
    return powers


def _degree_1(x: Array) -> Array:
    return x + _powers(x, 2)[0]


def _degree_2(x: Array) -> Array:
    return _combined(_powers(x, 3), (1, 1, 1 / 2))


def _degree_4(x: Array) -> Array:
    powers = _powers(x, 3)
    rest = _product(powers[2], _combined(powers, (1 / 2, 1 / 6, 1 / 24)))
    return _combined((powers[0], x, rest), (1, 1, 1))


def _degree_8(x: Array) -> Array:
    kind = x.real.dtype.type
    root = float(kind(177**0.5))
    x3 = float(kind(2 / 3))
    x1 = x3 * ((1 + root) / 88)
    x2 = x3 * ((1 + root) / 352)
    x4 = (-271 + 29 * root) / (315 * x3)
    x5 = (-11 + 11 * root) / (1260 * x3)
    x6 = (-99 + 11 * root) / (5040 * x3)
    x7 = (89 - root) / (5040 * x3)
    y2 = (857 - 58 * root) / 630
    one, _, square = _powers(x, 3)
    fourth = _product(square, _combined((x, square), (x1, x2)))
    left = _combined((square, fourth), (x3, 1))
    eighth = _product(left, _combined((one, x, square, fourth), (x4, x5, x6, x7)))
    return _combined((one, x, square, eighth), (1, 1, y2, 1))


def _degree_12(x: Array) -> Array:
    powers = _powers(x, 4)
    first, second, third, fourth = (_combined(powers, factors) for factors in _TWELVE)
    sixth = third + _product(fourth, fourth)
    return first + _product(second + sixth, sixth)


def _degree_18(x: Array) -> Array:
    powers = _powers(x, 4)
    powers.append(_product(powers[3], powers[3]))
    first, second, third, fourth, fifth = (_combined(powers, factors) for factors in _EIGHTEEN)
    ninth = fourth + _product(first, fifth)
    return second + _product(third + ninth, ninth)


_POLYNOMIALS: tuple[Callable[[Array], Any], ...] = (
    *(_degree_1, _degree_2, _degree_4, _degree_8, _degree_12, _degree_18),
)

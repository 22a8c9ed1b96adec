"""Compute the Chebyshev series in `gradcli/kernels/special/series.py`.

Run with an interpreter that has mpmath:

    python tests/goldens/fit_bessel.py

Every series interpolates a smooth factor of a Bessel or Airy function at 60 Chebyshev nodes in 40
digits, and is cut where its coefficients fall below 2**-56 of the largest. The series of a
function of t in [low, high] has the variable (2 t - low - high) / (high - low).
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mpf

NODES = 60
TARGET = (
    pathlib.Path(__file__).resolve().parents[2] / "gradcli" / "kernels" / "special" / "series.py"
)
HEAD = '''"""Chebyshev series of smooth factors of the Bessel and Airy functions.

Made by `tests/goldens/fit_bessel.py` with mpmath in 40 digits from the functions themselves; each
comment states the function, where x is given by the variable t, and the range of t. The constant
term stands first and counts in full.
"""

from __future__ import annotations
'''


def series(function: Callable[[Any], Any], low: Any, high: Any) -> list[float]:
    """The Chebyshev coefficients of `function` on [low, high]."""
    low, high = mpf(low), mpf(high)
    angles = [mpmath.pi * (k + mpf(1) / 2) / NODES for k in range(NODES)]
    values = [function((low + high + (high - low) * mpmath.cos(a)) / 2) for a in angles]
    found = []
    for j in range(NODES):
        total = mpmath.fsum(v * mpmath.cos(j * a) for v, a in zip(values, angles, strict=True))
        found.append(total * (1 if j == 0 else 2) / NODES)
    largest = max(abs(c) for c in found)
    while abs(found[-1]) < largest * mpf(2) ** -56:
        found.pop()
    return [float(c) for c in found]


def phase(order: int, part: int) -> Callable[[Any], Any]:
    """The amplitude of the cosine (0) or the sine (1) in Hankel's form, of t = 64 / x**2."""

    def function(t: Any) -> Any:
        x = 8 / mpmath.sqrt(t)
        chi = x - (2 * order + 1) * mpmath.pi / 4
        j, y = mpmath.besselj(order, x), mpmath.bessely(order, x)
        scale = mpmath.sqrt(mpmath.pi * x / 2)
        if part == 0:
            return scale * (j * mpmath.cos(chi) + y * mpmath.sin(chi))
        return scale * x / 8 * (y * mpmath.cos(chi) - j * mpmath.sin(chi))

    return function


def airy_phase(part: int) -> Callable[[Any], Any]:
    """The amplitudes of Ai(-z) for t = 1 / zeta**2 with zeta = 2/3 z**1.5."""

    def function(t: Any) -> Any:
        zeta = 1 / mpmath.sqrt(t)
        z = (3 * zeta / 2) ** (mpf(2) / 3)
        scale = mpmath.sqrt(mpmath.pi) * z ** (mpf(1) / 4)
        a, b = mpmath.airyai(-z), mpmath.airybi(-z)
        sine, cosine = mpmath.sin(zeta + mpmath.pi / 4), mpmath.cos(zeta + mpmath.pi / 4)
        if part == 0:
            return scale * (a * sine + b * cosine)
        return scale * zeta * (b * sine - a * cosine)

    return function


def airy_decay(t: Any) -> Any:
    """exp(zeta) x**0.25 Ai(x) for t = 1 / zeta."""
    zeta = 1 / t
    x = (3 * zeta / 2) ** (mpf(2) / 3)
    return mpmath.exp(zeta) * x ** (mpf(1) / 4) * mpmath.airyai(x)


def at_root(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function of t = x**2 from one of x."""
    return lambda t: function(mpmath.sqrt(t))


def main() -> None:
    """Write the module."""
    mpmath.mp.dps = 40
    i, j, y, k = mpmath.besseli, mpmath.besselj, mpmath.bessely, mpmath.besselk
    exp, log, sqrt, pi = mpmath.exp, mpmath.log, mpmath.sqrt, mpmath.pi
    zeta_4, zeta_2 = mpf(2) / 3 * 8, mpf(2) / 3 * 2 * sqrt(2)
    tables: list[tuple[str, str, Callable[[Any], Any], Any, Any]] = [
        ("I0_NEAR", "exp(-t) I0(t), 0 … 8", lambda t: exp(-t) * i(0, t), 0, 8),
        (
            "I0_FAR",
            "sqrt(x) exp(-x) I0(x), x = 1/t, 0 … 1/8",
            lambda t: exp(-1 / t) * i(0, 1 / t) / sqrt(t),
            0,
            mpf(1) / 8,
        ),
        ("I1_NEAR", "exp(-t) I1(t) / t, 0 … 8", lambda t: exp(-t) * i(1, t) / t, 0, 8),
        (
            "I1_FAR",
            "sqrt(x) exp(-x) I1(x), x = 1/t, 0 … 1/8",
            lambda t: exp(-1 / t) * i(1, 1 / t) / sqrt(t),
            0,
            mpf(1) / 8,
        ),
        ("J0_NEAR", "J0(x), x**2 = t, 0 … 64", at_root(lambda x: j(0, x)), 0, 64),
        ("J1_NEAR", "J1(x) / x, x**2 = t, 0 … 64", at_root(lambda x: j(1, x) / x), 0, 64),
        (
            "Y0_NEAR",
            "Y0(x) - 2/pi log(x) J0(x), x**2 = t, 0 … 64",
            at_root(lambda x: y(0, x) - 2 / pi * log(x) * j(0, x)),
            0,
            64,
        ),
        (
            "Y1_NEAR",
            "(Y1(x) - 2/pi (log(x) J1(x) - 1/x)) / x, x**2 = t, 0 … 64",
            at_root(lambda x: (y(1, x) - 2 / pi * (log(x) * j(1, x) - 1 / x)) / x),
            0,
            64,
        ),
        ("P0_FAR", "P of order 0, 64 / x**2 = t, 0 … 1", phase(0, 0), 0, 1),
        ("Q0_FAR", "x/8 Q of order 0, 64 / x**2 = t, 0 … 1", phase(0, 1), 0, 1),
        ("P1_FAR", "P of order 1, 64 / x**2 = t, 0 … 1", phase(1, 0), 0, 1),
        ("Q1_FAR", "x/8 Q of order 1, 64 / x**2 = t, 0 … 1", phase(1, 1), 0, 1),
        (
            "K0_NEAR",
            "K0(x) + log(x/2) I0(x), x**2 = t, 0 … 4",
            at_root(lambda x: k(0, x) + log(x / 2) * i(0, x)),
            0,
            4,
        ),
        (
            "K1_NEAR",
            "x (K1(x) - log(x/2) I1(x)), x**2 = t, 0 … 4",
            at_root(lambda x: x * (k(1, x) - log(x / 2) * i(1, x))),
            0,
            4,
        ),
        (
            "I0_SMALL",
            "I0(x), x**2 = t, 0 … 4",
            at_root(lambda x: i(0, x)),
            0,
            4,
        ),
        (
            "I1_SMALL",
            "I1(x) / x, x**2 = t, 0 … 4",
            at_root(lambda x: i(1, x) / x),
            0,
            4,
        ),
        (
            "K0_FAR",
            "sqrt(x) exp(x) K0(x), x = 1/t, 0 … 1/2",
            lambda t: exp(1 / t) * k(0, 1 / t) / sqrt(t),
            0,
            mpf(1) / 2,
        ),
        (
            "K1_FAR",
            "sqrt(x) exp(x) K1(x), x = 1/t, 0 … 1/2",
            lambda t: exp(1 / t) * k(1, 1 / t) / sqrt(t),
            0,
            mpf(1) / 2,
        ),
        ("AIRY_NEAR", "Ai(t), -4 … 2", mpmath.airyai, -4, 2),
        (
            "AIRY_DECAY",
            "exp(zeta) x**0.25 Ai(x), zeta = 1/t, 0 … 3 / (4 sqrt(2))",
            airy_decay,
            0,
            1 / zeta_2,
        ),
        (
            "AIRY_SINE",
            "the amplitude of the sine of Ai(-z), zeta**-2 = t, 0 … (3/16)**2",
            airy_phase(0),
            0,
            1 / zeta_4**2,
        ),
        (
            "AIRY_COSINE",
            "zeta times the amplitude of the cosine of Ai(-z), as above",
            airy_phase(1),
            0,
            1 / zeta_4**2,
        ),
    ]
    text = HEAD
    for name, comment, function, low, high in tables:
        coefficients = series(function, low, high)
        text += f"\n# {comment}\n{name} = (\n"
        text += "".join(f"    {c!r},\n" for c in coefficients) + ")\n"
        print(name, len(coefficients))
    TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

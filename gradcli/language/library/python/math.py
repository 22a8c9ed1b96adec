"""The module `math`: the host's functions of numbers, with sizes checked."""

from __future__ import annotations

import math as host
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import counted, feed
from gradcli.language.values.arithmetic import MAX_BITS, refuse_integer
from gradcli.language.values.attributes import Module

from .hosts import as_host, take


def _factorial(n: Any, /) -> int:
    n = index_of(n)
    if isinstance(n, int) and n > 50_000:
        refuse_integer()
    return host.factorial(n)


def _comb(n: Any, k: Any, /) -> int:
    n, k = index_of(n), index_of(k)
    if isinstance(n, int) and isinstance(k, int):
        _check_product(n, min(k, n - k))
    return host.comb(n, k)


def _perm(n: Any, k: Any = None, /) -> int:
    n, k = index_of(n), index_of(k)
    if isinstance(n, int) and isinstance(k, int | None):
        _check_product(n, n if k is None else min(k, n))
    return host.perm(n, k)


def _check_product(n: int, factors: int) -> None:
    """Refuse a product of so many factors up to `n` that is too large, or takes too long."""
    if n.bit_length() * factors > MAX_BITS or factors > 50_000:
        refuse_integer()


def _big(function: Callable[..., int], most: int) -> Callable[..., int]:
    """A function of ints of at most so many bits in all."""

    def checked(*args: Any) -> int:
        numbers = [index_of(a) for a in args]
        if sum(a.bit_length() for a in numbers if isinstance(a, int)) > most:
            refuse_integer()
        return function(*numbers)

    checked.__name__ = checked.__qualname__ = function.__name__
    return checked


def _dist(p: Any, q: Any, /) -> float:
    return host.dist(_point(p), _point(q))


def _point(value: Any) -> Any:
    if type(value) is tuple or not hasattr(type(value), "__iter__"):
        return value
    return tuple(feed(value))


def _prod(iterable: Any, /, *, start: Any = 1) -> Any:
    from gradcli.language.values.arithmetic import mul

    total = start
    for item in counted(iterable):
        total = mul(total, item)
    return total


def module() -> Module:
    """The module `math`."""
    entries = take(
        host,
        """acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh degrees e erf
        erfc exp exp2 expm1 fabs floor fmod frexp gamma hypot inf isclose isfinite isinf isnan
        ldexp lgamma log log10 log1p log2 modf nan nextafter pi pow radians remainder sin sinh sqrt
        tan tanh tau trunc ulp""",
    )
    entries |= {
        "factorial": _factorial,
        "comb": _comb,
        "perm": _perm,
        "dist": _dist,
        "isqrt": _big(host.isqrt, MAX_BITS),
        "gcd": _big(host.gcd, MAX_BITS >> 2),
        "lcm": _big(host.lcm, MAX_BITS >> 2),
        "prod": _prod,
        "fsum": lambda items, /: host.fsum(feed(items)),
    }
    return Module("math", as_host(host, entries))

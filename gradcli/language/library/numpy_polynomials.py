"""NumPy's polynomials of one variable: `poly1d`, and the functions that take and give them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import machine
from gradcli.language.values.numpy_checks import argument, array_of, result
from gradcli.language.values.python_types import TABLES
from gradcli.tensor.runtime import runtime

from .numpy_functions import FUNCTIONS, on_numbers
from .python.hosts import open_class

_MOST_LETTERS = 100


class Polynomial:
    """`np.poly1d`: coefficients from the highest power down, written and called as a function."""

    def __init__(self, c_or_r: Any, r: Any = False, variable: Any = None) -> None:
        if variable is not None and not (
            isinstance(variable, str) and len(variable) <= _MOST_LETTERS
        ):
            raise TypeError("variable must be a short text")
        given: Any = _host(c_or_r) if type(c_or_r) is Polynomial else array_of(c_or_r)
        if r:
            _weigh(np.size(given) ** 2)
        self.host: Any = np.poly1d(given, bool(r), variable)

    def __call__(self, val: Any) -> Any:
        if type(val) is Polynomial:
            _weigh((len(self.host) + 1) * self._product(val.host))
            return _wrapped(np.polyval(self.host, val.host))
        given = argument(val)
        runtime.reserve(16 * np.size(given))
        machine.spend((len(self.host) + 1) * (1 + (np.size(given) >> 6)))
        return result(np.polyval(self.host.coeffs, given))

    def _product(self, other: Any) -> int:
        return (len(self.host) + 1) * (np.size(other) + 1)

    def _with(self, other: Any, apply: Callable[[Any, Any], Any]) -> Any:
        given = _host(other)
        _weigh(self._product(given))
        return _wrapped(apply(self.host, given))

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    def __radd__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: np.poly1d(b) + a)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: np.poly1d(b) - a)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a / b)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: np.poly1d(b) / a)

    def __pow__(self, val: Any) -> Any:
        count = index_of(val)
        if not isinstance(count, int) or count < 0:
            raise ValueError("Power to non-negative integers only.")
        _weigh((len(self.host) + 1) ** 2 * count**2)
        return _wrapped(self.host**count)

    def __neg__(self) -> Any:
        return _wrapped(-self.host)

    def __pos__(self) -> Any:
        return self

    def __eq__(self, other: object) -> bool:
        return type(other) is Polynomial and bool(self.host == other.host)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, val: Any) -> Any:
        return result(self.host[index_of(val)])

    def __setitem__(self, key: Any, val: Any) -> None:
        place = index_of(key)
        if isinstance(place, int):
            _weigh(place + 1)
        self.host[place] = argument(val)

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Any:
        return iter(self.host.coeffs)

    def __repr__(self) -> str:
        machine.reserve(64 * (len(self.host) + 1))
        return repr(self.host)

    def __str__(self) -> str:
        _weigh((len(self.host) + 1) ** 2)
        return str(self.host)

    @property
    def coeffs(self) -> Any:
        """The coefficients, from the highest power down."""
        return self.host.coeffs

    @property
    def order(self) -> int:
        """The highest power."""
        return int(self.host.order)

    @property
    def roots(self) -> Any:
        """Where the polynomial is zero."""
        _weigh((len(self.host) + 1) ** 3)
        return result(self.host.roots)

    @property
    def variable(self) -> str:
        """The letter of the variable."""
        return str(self.host.variable)

    def deriv(self, m: Any = 1) -> Any:
        """The derivative, `m` times."""
        count = index_of(m)
        return _wrapped(self.host.deriv(min(count, len(self.host) + 2)))

    def integ(self, m: Any = 1, k: Any = 0) -> Any:
        """The integral, `m` times, with constants `k`."""
        count = index_of(m)
        if isinstance(count, int):
            _weigh((len(self.host) + 1 + max(count, 0)) * max(count, 1))
        return _wrapped(self.host.integ(count, argument(k)))


_SHORT = {"c": "coeffs", "coef": "coeffs", "coefficients": "coeffs", "o": "order", "r": "roots"}
open_class(
    Polynomial,
    "coeffs order roots variable deriv integ",
    module="numpy.lib._polynomial_impl",
    name="poly1d",
)
TABLES[Polynomial].update({name: TABLES[Polynomial][long] for name, long in _SHORT.items()})


def _weigh(count: int) -> None:
    """Take the room and the time of so many numbers."""
    runtime.reserve(16 * count)
    machine.spend(count >> 6)


def _host(value: Any) -> Any:
    return value.host if type(value) is Polynomial else argument(value)


def _wrapped(value: Any) -> Any:
    """What NumPy gave, its polynomials as ours."""
    if isinstance(value, tuple):
        return tuple(map(_wrapped, value))
    if isinstance(value, np.poly1d):
        made = Polynomial.__new__(Polynomial)
        made.host = value
        return made
    return result(value)


def _taking(name: str) -> Callable[..., Any]:
    """A function of NumPy that takes coefficients or polynomials, and answers in kind."""
    plain = on_numbers(vars(np)[name], name, FUNCTIONS[name])

    def call(*args: Any, **kwargs: Any) -> Any:
        if Polynomial not in map(type, args):
            return plain(*args, **kwargs)
        first, *rest = args
        if name == "polyval":
            return Polynomial(first)(*rest, **kwargs)
        if name == "roots":
            return first.roots
        if name in ("polyder", "polyint"):
            made = first if type(first) is Polynomial else Polynomial(first)
            return (made.deriv if name == "polyder" else made.integ)(*rest, **kwargs)
        given = [_host(value) for value in args]
        _weigh(2 * sum(map(np.size, given)) + np.size(given[0]) * np.size(given[-1]))
        return _wrapped(vars(np)[name](*given))

    call.__name__ = call.__qualname__ = name
    return call


def find(name: str) -> Any:
    """The class or a function of this file, by its name in NumPy."""
    return Polynomial if name == "poly1d" else _taking(name)

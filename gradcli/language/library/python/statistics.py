"""The module `statistics`: the host's functions of numbers, each number counted."""

from __future__ import annotations

import statistics as host
from collections.abc import Callable, Iterator
from typing import Any

from gradcli.language.machine.sizes import feed_keys, index_of
from gradcli.language.machine.state import counted, feed, machine
from gradcli.language.values.arithmetic import refuse_integer
from gradcli.language.values.attributes import Module

_WIDEST = 1 << 12  # bits of an integer: sums of fractions grow with them


class StatisticsError(ValueError):
    """What the functions say of too few numbers."""

    published = True


StatisticsError.__module__ = "statistics"


_NAMES = (
    "geometric_mean harmonic_mean mean median median_high median_low pstdev pvariance "
    "stdev variance"
)


def _numbers(data: Any) -> Iterator[Any]:
    for value in counted(data):
        if not isinstance(value, int | float):
            raise TypeError(f"can't convert type '{type(value).__name__}' to numerator/denominator")
        if isinstance(value, int) and value.bit_length() > _WIDEST:
            refuse_integer()
        machine.spend(4)
        yield value


def _asked(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except host.StatisticsError as error:
        raise StatisticsError(*error.args) from None


def _on_numbers(name: str) -> Callable[..., Any]:
    function = vars(host)[name]

    def call(data: Any, *args: Any) -> Any:
        return _asked(function, _numbers(data), *args)

    return call


def _mode(data: Any) -> Any:
    return _asked(host.mode, list(feed_keys(data)))


def _multimode(data: Any) -> Any:
    return host.multimode(list(feed_keys(data)))


def _quantiles(data: Any, *, n: Any = 4, method: Any = "exclusive") -> Any:
    n = index_of(n)
    if isinstance(n, int):
        machine.reserve(32 * max(n, 0))
        machine.spend(max(n, 0))
    return _asked(host.quantiles, list(_numbers(data)), n=n, method=method)


def _pair(name: str) -> Callable[..., Any]:
    function = vars(host)[name]

    def call(x: Any, y: Any, /) -> Any:
        return _asked(function, list(_numbers(x)), list(_numbers(y)))

    return call


def _fmean(data: Any, weights: Any = None) -> Any:
    given = None if weights is None else list(_numbers(feed(weights)))
    return _asked(host.fmean, list(_numbers(data)), given)


def module() -> Module:
    """The module `statistics`."""
    entries: dict[str, Any] = {name: _on_numbers(name) for name in _NAMES.split()}
    entries |= {name: _pair(name) for name in ("correlation", "covariance")}
    entries |= {
        "fmean": _fmean,
        "mode": _mode,
        "multimode": _multimode,
        "quantiles": _quantiles,
        "StatisticsError": StatisticsError,
    }
    return Module("statistics", entries)

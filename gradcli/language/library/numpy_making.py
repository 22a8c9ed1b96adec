"""NumPy's functions that make arrays: sizes are looked at before memory is taken."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.language.machine.sizes import check_walk, index_of
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.array_sizes import check_array
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.numpy_checks import (
    argument,
    array_of,
    dtype_of,
    numbers,
    option,
    plain,
    result,
)
from gradcli.tensor.runtime import runtime

MOST_DIMENSIONS = 64


def reserve(shape: Any, itemsize: int = 8) -> Any:
    """The shape as ints, when an array of it may be made."""
    if isinstance(shape, np.ndarray) and shape.size <= MOST_DIMENSIONS:
        shape = shape.tolist()
    if isinstance(shape, list | tuple | range) and len(shape) <= MOST_DIMENSIONS:
        shape = sizes = tuple(map(index_of, shape))
        for size in sizes:
            if not isinstance(size, int):
                raise TypeError(
                    f"'{type(size).__name__}' object cannot be interpreted as an integer"
                )
    else:
        shape = index_of(shape)
        sizes = (shape,)
        if not isinstance(shape, int | float | None):
            raise TypeError(
                f"expected a sequence of integers or a single integer, got '{type(shape).__name__}'"
            )
    total = itemsize
    for size in sizes:
        if isinstance(size, int) and size > 0:
            total *= size
    runtime.reserve(total)
    machine.reserve(total)
    return shape


def reserve_points(num: Any, *ends: Any) -> Any:
    """How many points, when as many for each pair of ends may be made."""
    num = index_of(num)
    size = 16 * max(num, 1) if isinstance(num, int) else 16
    for end in ends:
        check_walk(end)
        size *= math.prod(np.shape(argument(end)))
    runtime.reserve(size)
    return num


def _order(order: Any) -> Any:
    return option(order) if isinstance(order, str) else "K"


def array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", ndmin: Any = 0
) -> Any:
    """`np.array`: a copy."""
    check_array(object)
    kind, least = dtype_of(dtype), index_of(ndmin)
    return numbers(np.array(plain(object), kind, copy=copy, order=_order(order), ndmin=least))


def asarray(a: Any, dtype: Any = None, order: Any = "K", *, copy: Any = None) -> Any:
    """`np.asarray`."""
    check_array(a)
    return numbers(np.asarray(plain(a), dtype=dtype_of(dtype), order=_order(order), copy=copy))


def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """`np.ascontiguousarray`."""
    check_array(a)
    return numbers(np.ascontiguousarray(plain(a), dtype=dtype_of(dtype)))


def asfortranarray(a: Any, dtype: Any = None) -> Any:
    """`np.asfortranarray`."""
    check_array(a)
    return numbers(np.asfortranarray(plain(a), dtype=dtype_of(dtype)))


def _filled(name: str) -> Callable[..., Any]:
    make = vars(np)[name]

    def filled(shape: Any, dtype: Any = float, order: Any = "C") -> Any:
        kind = dtype_of(dtype)
        return make(reserve(shape, kind.itemsize if kind else 8), dtype=kind, order=_order(order))

    return filled


def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C") -> Any:
    """`np.full`."""
    shape, kind = reserve(shape, 16), dtype_of(dtype)
    return numbers(np.full(shape, argument(fill_value), dtype=kind, order=_order(order)))


def full_like(a: Any, fill_value: Any, dtype: Any = None, order: Any = "K") -> Any:
    """`np.full_like`."""
    like = array_of(a)
    reserve(like.shape, 16)
    return numbers(np.full_like(like, argument(fill_value), dtype=dtype_of(dtype)))


def arange(*args: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """`np.arange`."""
    named = [kwargs.pop(name) for name in ("start", "stop", "step") if name in kwargs]
    if kwargs:
        raise TypeError(f"arange() got an unexpected keyword argument '{next(iter(kwargs))}'")
    args = (*args, *named)
    ends = [float(a) for a in args if a is not None]
    if not ends:
        raise TypeError("arange() requires stop to be specified.")
    start, stop, step = (0.0, ends[0], 1.0) if len(ends) == 1 else (*ends, 1.0)[:3]
    if step:
        count = (stop - start) / step
        if count - count != 0:
            raise ValueError("Maximum allowed size exceeded")
        reserve(max(int(count), 0))
    return numbers(np.arange(*map(argument, args), dtype=dtype_of(dtype)))


def linspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: Any = 0,
) -> Any:
    """`np.linspace`."""
    num = reserve_points(num, start, stop)
    ends, kind = (argument(start), argument(stop)), dtype_of(dtype)
    make: Any = np.linspace
    at = index_of(axis)
    return result(make(*ends, num, endpoint=endpoint, retstep=retstep, dtype=kind, axis=at))


def logspace(
    start: Any,
    stop: Any,
    num: Any = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
) -> Any:
    """`np.logspace`."""
    num = reserve_points(num, start, stop, base)
    ends, kind = (argument(start), argument(stop)), dtype_of(dtype)
    return result(np.logspace(*ends, num, endpoint=endpoint, base=argument(base), dtype=kind))


def geomspace(
    start: Any, stop: Any, num: Any = 50, endpoint: bool = True, dtype: Any = None
) -> Any:
    """`np.geomspace`."""
    num = reserve_points(num, start, stop)
    ends, kind = (argument(start), argument(stop)), dtype_of(dtype)
    return result(np.geomspace(*ends, num, endpoint=endpoint, dtype=kind))


def eye(N: Any, M: Any = None, k: Any = 0, dtype: Any = float) -> Any:
    """`np.eye`."""
    N, M = reserve((N, N if M is None else M))
    return np.eye(N, M, index_of(k), dtype=dtype_of(dtype))


def identity(n: Any, dtype: Any = None) -> Any:
    """`np.identity`."""
    n = reserve((n, n))[0]
    return np.identity(n, dtype=dtype_of(dtype))


def fromiter(iter: Any, dtype: Any, count: Any = -1) -> Any:
    """`np.fromiter`: an array of the numbers that an iterable gives."""
    kind, count = dtype_of(dtype), index_of(count)
    items: list[Any] = []
    for item in counted(iter):
        if len(items) == count:
            break
        machine.reserve(16)
        items.append(argument(item))
    if isinstance(count, int) and len(items) < count:
        raise ValueError(f"iterator too short: Expected {count} but iterator had only {len(items)}")
    return numbers(np.array(items, dtype=kind))


def fromfunction(function: Any, shape: Any, *, dtype: Any = float, **kwargs: Any) -> Any:
    """`np.fromfunction`: what a function makes of the indices of every place."""
    if isinstance(shape, int):
        raise TypeError("'int' object is not iterable")
    shape = reserve(shape, 16 * max(len(shape), 1))
    return callable_value(function)(*np.indices(shape, dtype=dtype_of(dtype)), **kwargs)


MAKING: dict[str, Callable[..., Any]] = {
    "array": array,
    "asarray": asarray,
    "asanyarray": asarray,
    "ascontiguousarray": ascontiguousarray,
    "asfortranarray": asfortranarray,
    "zeros": _filled("zeros"),
    "ones": _filled("ones"),
    "empty": _filled("zeros"),
    "full": full,
    "full_like": full_like,
    "arange": arange,
    "linspace": linspace,
    "logspace": logspace,
    "geomspace": geomspace,
    "eye": eye,
    "identity": identity,
    "fromiter": fromiter,
    "fromfunction": fromfunction,
}

"""The module `itertools`: iterators that know how deep they stand and count."""

from __future__ import annotations

import itertools as host
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import index_of
from gradcli.language.machine.state import feed, machine
from gradcli.language.values.attributes import MISSING, Module
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.functions import Builtin
from gradcli.language.values.iterators import (
    deeper,
    endless,
    lazy,
    lazy_counted,
    lazy_kind,
    wrapped,
)

from .hosts import as_host


def _product(*iterables: Any, repeat: Any = 1) -> Any:
    pools = [tuple(feed(iterable)) for iterable in iterables]
    repeat = index_of(repeat)
    if isinstance(repeat, int) and repeat > 1:
        machine.reserve(8 * repeat * sum(map(len, pools)) + 64 * repeat)
        return _broad(host.product(*pools, repeat=repeat), repeat * len(pools))
    return _broad(host.product(*pools, repeat=repeat), len(pools))


def _broad(made: Any, width: int) -> Any:
    """An iterator that gives tuples: a long one costs more than a step."""
    return made if width <= 64 else wrapped(type(made).__name__, _paid(made, width), 1)


def _paid(items: Any, width: int) -> Any:
    for item in items:
        machine.reserve(8 * width)
        machine.spend(width >> 3)
        yield item


def _pooled(name: str) -> Callable[..., Any]:
    make = vars(host)[name]

    def pooled(iterable: Any, r: Any) -> Any:
        pool = tuple(feed(iterable))
        r = index_of(r)
        if isinstance(r, int):
            machine.reserve(8 * max(r, 0))
        return _broad(make(pool, r), r if isinstance(r, int) else len(pool))

    return pooled


_arrangements = _pooled("permutations")


def _permutations(iterable: Any, r: Any = None) -> Any:
    return _arrangements(iterable, r)


def _islice(*args: Any) -> Any:
    if not 2 <= len(args) <= 4:
        host.islice(*args)  # raises
    return lazy("islice", host.islice, lazy_counted(args[0]), *map(index_of, args[1:]))


def _tee(iterable: Any, n: Any = 2, /) -> Any:
    n = index_of(n)
    if isinstance(n, int):
        machine.reserve(256 * max(n, 0))
        machine.spend(max(n, 0))
    depth = deeper((iterable,))
    return tuple([wrapped("_tee", part, depth) for part in host.tee(iterable, n)])


def _key(function: Any) -> Any:
    return None if function is None else callable_value(function)


def _unpacked(item: Any) -> Any:
    return item if type(item) in (tuple, list) else tuple(feed(item))


def _count(start: Any = 0, step: Any = 1) -> Any:
    for value in (start, step):
        kind = type(value)
        if not any(hasattr(kind, name) for name in ("__index__", "__float__", "__complex__")):
            raise TypeError("a number is required")
    shown = (start,) if type(step) is int and step == 1 else (start, step)
    return endless("count", _counting_up(start, step), shown=shown)


def _counting_up(value: Any, step: Any) -> Any:
    from gradcli.language.values.arithmetic import add

    while True:
        yield value
        value = add(value, step)


class _Repeat:
    """The values of `itertools.repeat`, and how many are left."""

    __slots__ = ("left", "value")

    def __init__(self, value: Any, left: int | None) -> None:
        self.value = value
        self.left = left

    def __iter__(self) -> _Repeat:
        return self

    def __next__(self) -> Any:
        if self.left is not None:
            if self.left <= 0:
                raise StopIteration
            self.left -= 1
        return self.value


def _repeat(object: Any, times: Any = MISSING) -> Any:
    if times is MISSING:
        return endless("repeat", _Repeat(object, None), object, shown=(object,))
    times = index_of(times)
    if not isinstance(times, int):
        host.repeat(None, times)  # raises
    shown = (object, max(times, 0))
    return endless("repeat", _Repeat(object, times), object, shown=shown)


class _Groups:
    """The state of `itertools.groupby`: where it stands, and the key there.

    Keys are compared by our own rule, which weighs them first.
    """

    __slots__ = ("current", "ended", "items", "key", "number")

    def __init__(self, items: Any, key: Any) -> None:
        self.items = items
        self.key = key
        self.current: Any = None  # (key, value)
        self.ended = False
        self.number = 0  # of the group that is being read

    def advance(self) -> bool:
        """Take the next item; False at the end."""
        for value in self.items:
            self.current = (value if self.key is None else self.key(value), value)
            return True
        self.ended = True
        return False

    def goes_on(self, key: Any) -> bool:
        """Whether the item where it stands belongs to the group of this key."""
        from gradcli.language.values.arithmetic import check_compare

        other = self.current[0]
        steady = check_compare(key, other)
        return bool(key is other or (key if steady is None else steady) == other)

    def groups(self) -> Any:
        """Pairs of a key and the iterator of its group."""
        if not self.advance():
            return
        while not self.ended:
            key = self.current[0]
            self.number += 1
            yield key, wrapped("_grouper", self.group(key, self.number), 1)
            while not self.ended and self.goes_on(key):
                self.advance()

    def group(self, key: Any, number: int) -> Any:
        """The items of one group, as long as it is the one being read."""
        while self.number == number and not self.ended and self.goes_on(key):
            value = self.current[1]
            yield value
            if self.number != number or not self.advance():
                return


def _groupby(iterable: Any, key: Any = None) -> Any:
    items = lazy_counted(iterable)
    groups = _Groups(items, _key(key))
    return wrapped("groupby", groups.groups(), deeper((items,)))


def _batched(iterable: Any, n: Any, *, strict: Any = False) -> Any:
    n = index_of(n)
    if not isinstance(n, int):
        raise TypeError(f"'{type(n).__name__}' object cannot be interpreted as an integer")
    if n < 1:
        raise ValueError("n must be at least one")
    items = lazy_counted(iterable)
    return wrapped("batched", _batches(iter(items), n, bool(strict)), deeper((items,)))


def _batches(items: Any, n: int, strict: bool) -> Any:
    """Tuples of `n` items; the last may have fewer."""
    batch: list[Any] = []
    for item in items:
        machine.reserve(8)
        batch.append(item)
        if len(batch) == n:
            yield tuple(batch)
            batch = []
    if batch and strict:
        raise ValueError("batched(): incomplete batch")
    if batch:
        yield tuple(batch)


def module() -> Module:
    """The module `itertools`."""
    entries: dict[str, Any] = {
        "product": _product,
        "permutations": _permutations,
        "combinations": _pooled("combinations"),
        "combinations_with_replacement": _pooled("combinations_with_replacement"),
        "chain": lambda *its: lazy("chain", host.chain, *its),
        "accumulate": _accumulate,
        "count": _count,
        "cycle": lambda it, /: endless("cycle", host.cycle(lazy_counted(it)), it),
        "repeat": _repeat,
        "islice": _islice,
        "zip_longest": lambda *its, fillvalue=None: lazy(
            "zip_longest", host.zip_longest, *its, fillvalue=fillvalue
        ),
        "pairwise": lambda it, /: lazy("pairwise", host.pairwise, lazy_counted(it)),
        "groupby": _groupby,
        "tee": _tee,
        "compress": lambda data, selectors: lazy(
            "compress", host.compress, lazy_counted(data), selectors
        ),
    }
    entries["starmap"] = lambda function, iterable, /: lazy(
        "starmap", host.starmap, callable_value(function), map(_unpacked, lazy_counted(iterable))
    )
    for name in ("takewhile", "dropwhile", "filterfalse"):
        entries[name] = _with_function(name)
    entries = as_host(host, entries)
    entries["chain"].entries = {
        "from_iterable": lambda its, /: lazy("chain", host.chain.from_iterable, lazy_counted(its))
    }
    # Python has it from 3.12 on.
    entries["batched"] = Builtin("batched", _batched, "class", "itertools")
    entries["batched"].instances = (lazy_kind("batched"),)
    return Module("itertools", entries)


def _with_function(name: str) -> Callable[..., Any]:
    make = vars(host)[name]
    return lambda function, it, /: lazy(name, make, _key(function), lazy_counted(it))


def _accumulate(iterable: Any, func: Any = None, *, initial: Any = None) -> Any:
    from gradcli.language.values.arithmetic import add

    function = add if func is None else callable_value(func)
    return lazy("accumulate", host.accumulate, lazy_counted(iterable), function, initial=initial)

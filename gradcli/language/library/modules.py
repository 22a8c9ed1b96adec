"""Modules that programs can import: tables of chosen names."""

from __future__ import annotations

import collections
import copy as host_copy
import functools
import itertools
import math
import time as host_time
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from gradcli.autograd.node import attributes_of, is_parameter, meta_of
from gradcli.language.machine.sizes import (
    DEPTH,
    FLAT,
    PARTS,
    check_key,
    check_order,
    feed_keys,
    index_of,
    update_mapping,
)
from gradcli.language.machine.state import counted, feed, machine
from gradcli.language.values.arithmetic import MAX_BITS, refuse_integer
from gradcli.language.values.attributes import (
    COPIED,
    DEEP_COPY,
    LOADERS,
    MISSING,
    NAMES,
    Module,
    class_title,
    load_from,
)
from gradcli.language.values.classes import is_program_class
from gradcli.language.values.constructors import CONSTRUCTORS, callable_value
from gradcli.language.values.functions import Builtin, Function, Method
from gradcli.language.values.identity import address_text
from gradcli.language.values.iterators import (
    deeper,
    endless,
    lazy,
    lazy_counted,
    lazy_kind,
    wrapped,
)
from gradcli.language.values.python_types import (
    DICT,
    LIST,
    TABLES,
    TUPLE,
    looking_up,
    name_function,
    pick,
    searching,
)
from gradcli.language.values.text import text, text_repr
from gradcli.tensor.device import Device
from gradcli.tensor.dtypes import DType
from gradcli.tensor.runtime import LimitExceeded, runtime
from gradcli.tensor.tensor import Tensor

from . import torch_names

_files = "files are given with --input FILE (json, npy, npz, csv), results come with --json"
REASONS: dict[str, str] = {
    "os": _files,
    "pathlib": _files,
    "json": "records are given with --input FILE, results come with --json",
    "csv": "tables are given with --input FILE.csv",
    "pickle": _files,
    "sys": "programs take inputs with --set and --input",
    "argparse": "programs take inputs with --set and --input",
    "subprocess": "a program cannot start processes",
    "pylab": "matplotlib.pyplot draws curves, points, bars, images and contours",
    "seaborn": "matplotlib.pyplot draws curves, points, bars, images and contours",
    "plotly": "matplotlib.pyplot draws curves, points, bars, images and contours",
    "torchvision": "datasets are given with --input FILE",
    "pandas": "tables are given with --input FILE.csv",
    "sklearn": "datasets are given with --input FILE",
    "torchviz": "`gradcli graph` draws the graph of a result",
    "graphviz": "`gradcli graph` draws the graph of a result",
    "tqdm": "loops run as they are",
    "jax": "gradcli speaks PyTorch: torch.func has grad, vjp, jvp, vmap",
    "tensorflow": "gradcli speaks PyTorch",
    "dataclasses": "write a class with __init__",
    "threading": "a program runs on one thread",
    "asyncio": "a program runs on one thread",
    "multiprocessing": "a program runs on one thread",
    "warnings": "warnings go to standard error",
    "logging": "print writes text",
    "inspect": "a program cannot look into the interpreter",
    "gc": "memory is freed when it is not used any more",
    "builtins": "Python's names are there without an import",
    "importlib": "a program imports by name",
}


def refusal(name: str) -> tuple[str, str] | None:
    """The message and the help for a module that programs cannot import; None if they can."""
    if name in MODULES or torch_names.is_module(name):
        return None
    known = [*MODULES, "torch"]
    reason = REASONS.get(name) or REASONS.get(name.partition(".")[0])
    if reason is None:
        from gradcli.language.syntax.spelling import near

        close = near(name, [*known, "torch.autograd", "torch.func"], 1)
        reason = f"did you mean '{close[0]}'?" if close else "there are " + ", ".join(sorted(known))
    return f"the module '{name}' is not in the language", reason


def find_module(name: str) -> Any:
    """The module value that `import name` binds."""
    make = MODULES.get(name)
    if make is None:
        return torch_names.module(name)
    module = machine.modules.get(name)
    if module is None:
        module = machine.modules[name] = make()
    return module


def import_name(module: str, name: str) -> Any:
    """What `from module import name` binds."""
    if module in MODULES:
        try:
            return find_module(module).get(name)
        except AttributeError:
            if f"{module}.{name}" in MODULES:
                return find_module(f"{module}.{name}")
    else:
        found = torch_names.torch_name(module, name)
        if found is not MISSING:
            return found
    raise UnknownName(name, module)


class UnknownName(ImportError):
    """`from module import name` of a name that the module does not have."""

    def __init__(self, wanted: str, module: str) -> None:
        super().__init__(f"cannot import name '{wanted}' from '{module}' (unknown location)")
        self.wanted = wanted
        self.module = module


def take(host: Any, names: str) -> dict[str, Any]:
    """Chosen names of a host module."""
    return {name: vars(host)[name] for name in names.split()}


def _as_host(host: Any, entries: dict[str, Any]) -> dict[str, Any]:
    """Functions of ours as what the host has under their names: a class or a built-in function."""
    made = {}
    for name, value in entries.items():
        theirs = vars(host)[name]
        if type(value) is FunctionType and not isinstance(theirs, FunctionType):
            name_function(value, name)
            kind = "class" if isinstance(theirs, type) else "function"
            value = Builtin(name, value, kind, host.__name__)
            if kind == "class":
                value.instances = (theirs, lazy_kind(name))
        made[name] = value
    return made


# math


def _factorial(n: Any, /) -> int:
    n = index_of(n)
    if isinstance(n, int) and n > 50_000:
        refuse_integer()
    return math.factorial(n)


def _comb(n: Any, k: Any, /) -> int:
    n, k = index_of(n), index_of(k)
    if isinstance(n, int) and isinstance(k, int):
        _check_product(n, min(k, n - k))
    return math.comb(n, k)


def _perm(n: Any, k: Any = None, /) -> int:
    n, k = index_of(n), index_of(k)
    if isinstance(n, int) and isinstance(k, int | None):
        _check_product(n, n if k is None else min(k, n))
    return math.perm(n, k)


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
    return math.dist(_point(p), _point(q))


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


def _math() -> Module:
    entries = take(
        math,
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
        "isqrt": _big(math.isqrt, MAX_BITS),
        "gcd": _big(math.gcd, MAX_BITS >> 2),
        "lcm": _big(math.lcm, MAX_BITS >> 2),
        "prod": _prod,
        "fsum": lambda items, /: math.fsum(feed(items)),
    }
    return Module("math", _as_host(math, entries))


# random


def _random() -> Module:
    from .draws import random_module

    return random_module()


# time


def _sleep(seconds: Any, /) -> None:
    if type(seconds) not in (int, float):
        if not hasattr(type(seconds), "__index__") and not hasattr(type(seconds), "__float__"):
            raise TypeError(
                f"'{type(seconds).__name__}' object cannot be interpreted as an integer"
            )
        seconds = float(seconds)
    if seconds != seconds:
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    if seconds > 1e9:
        raise OverflowError("timestamp too large to convert to C PyTime_t")
    end = host_time.monotonic() + seconds
    while True:
        if runtime.stop is not None:
            runtime.check()
        now = host_time.monotonic()
        if machine.deadline is not None and now > machine.deadline:
            raise LimitExceeded(f"stopped after {machine.timeout:g} seconds", "timeout")
        if now >= end:
            return
        host_time.sleep(min(0.02, end - now))


def _time() -> Module:
    entries = take(host_time, "time perf_counter monotonic process_time time_ns perf_counter_ns")
    return Module("time", {**entries, "sleep": _sleep})


# functools


def _wraps(wrapped: Any, **_: Any) -> Callable[[Any], Any]:
    def copy_names(wrapper: Any) -> Any:
        if isinstance(wrapper, Function):
            for name in ("__name__", "__qualname__", "__doc__"):
                if hasattr(wrapped, name):
                    setattr(wrapper, name, getattr(wrapped, name))
            if isinstance(wrapped, Function) and wrapped.attributes:
                wrapper.attributes = {**wrapped.attributes, **(wrapper.attributes or {})}
        return wrapper

    return copy_names


class Partial:
    """`functools.partial`."""

    __slots__ = ("args", "func", "keywords")
    __module__ = "functools"

    def __init__(self, /, *args: Any, **keywords: Any) -> None:
        if not args:
            raise TypeError("type 'partial' takes at least one argument")
        func = callable_value(args[0])
        args = args[1:]
        if not callable(func):
            raise TypeError("the first argument must be callable")
        self.args: tuple[Any, ...] = args
        self.keywords: dict[str, Any] = keywords
        self.func: Any = func
        if isinstance(func, Partial):
            self.args = (*func.args, *args)
            self.keywords = {**func.keywords, **keywords}
            self.func = func.func
            machine.reserve(8 * len(self.args))

    def __call__(self, /, *args: Any, **keywords: Any) -> Any:
        return self.func(*self.args, *args, **{**self.keywords, **keywords})

    def __repr__(self) -> str:
        parts = [text_repr(self.func), *map(text_repr, self.args)]
        parts += [f"{name}={text_repr(value)}" for name, value in self.keywords.items()]
        return f"functools.partial({', '.join(parts)})"


Partial.__name__ = Partial.__qualname__ = "partial"
PARTS[Partial] = lambda value: (value.func, *value.args, *value.keywords.items())


def _reduce(function: Any, iterable: Any, initial: Any = MISSING, /) -> Any:
    function = callable_value(function)
    if not hasattr(type(iterable), "__iter__") and not hasattr(type(iterable), "__getitem__"):
        raise TypeError("reduce() arg 2 must support iteration")
    if initial is MISSING:
        return functools.reduce(function, counted(iter(iterable)))
    return functools.reduce(function, counted(iter(iterable)), initial)


class Cached:
    """A function with remembered results."""

    __slots__ = ("__dict__", "__wrapped__", "call")
    __module__ = "functools"

    def __init__(self, function: Any, size: int | None, typed: bool) -> None:
        self.__wrapped__ = function
        self.call = functools.lru_cache(size, typed)(function)
        self.__name__ = getattr(function, "__name__", "function")
        self.__qualname__ = getattr(function, "__qualname__", "function")
        self.__doc__ = getattr(function, "__doc__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        check_key(args)
        for value in kwargs.values():
            check_key(value)
        return self.call(*args, **kwargs)

    def bind_to(self, value: Any) -> Any:
        """The function as a method of `value`."""
        return Partial(self, value)

    def __repr__(self) -> str:
        return f"<functools._lru_cache_wrapper object at {address_text(self)}>"


Cached.__name__ = Cached.__qualname__ = "_lru_cache_wrapper"
FLAT.add(Cached)


def _load_cached(value: Cached, name: str) -> Any:
    if name == "cache_clear":
        return value.call.cache_clear
    if name == "cache_info":
        return value.call.cache_info
    if name in ("__name__", "__qualname__", "__doc__"):
        return {
            "__name__": value.__name__,
            "__qualname__": value.__qualname__,
            "__doc__": value.__doc__,
        }[name]
    raise AttributeError(f"'function' object has no attribute '{name}'", name=name)


LOADERS[Cached] = _load_cached


def _lru_cache(maxsize: Any = 128, typed: bool = False) -> Any:
    if callable(maxsize):
        return Cached(callable_value(maxsize), 128, typed)
    if maxsize is not None and not isinstance(maxsize, int):
        raise TypeError("Expected first argument to be an integer, a callable, or None")
    return lambda function: Cached(callable_value(function), maxsize, typed)


def _cmp_to_key(function: Any, /) -> Any:
    return functools.cmp_to_key(callable_value(function))


def _functools() -> Module:
    partial = Builtin("partial", Partial, "class", "functools")
    partial.instances = Partial
    entries: dict[str, Any] = {
        "wraps": _wraps,
        "partial": partial,
        "reduce": _reduce,
        "lru_cache": _lru_cache,
        "cache": lambda function, /: Cached(callable_value(function), None, False),
        "cmp_to_key": _cmp_to_key,
    }
    return Module("functools", _as_host(functools, entries))


TABLES[Partial] = pick(Partial, "func args keywords")
LOADERS[Partial] = load_from(TABLES[Partial])


# itertools


def _product(*iterables: Any, repeat: Any = 1) -> Any:
    pools = [tuple(feed(iterable)) for iterable in iterables]
    repeat = index_of(repeat)
    if isinstance(repeat, int) and repeat > 1:
        machine.reserve(8 * repeat * sum(map(len, pools)) + 64 * repeat)
        return _broad(itertools.product(*pools, repeat=repeat), repeat * len(pools))
    return _broad(itertools.product(*pools, repeat=repeat), len(pools))


def _broad(made: Any, width: int) -> Any:
    """An iterator that gives tuples: a long one costs more than a step."""
    return made if width <= 64 else wrapped(type(made).__name__, _paid(made, width), 1)


def _paid(items: Any, width: int) -> Any:
    for item in items:
        machine.reserve(8 * width)
        machine.spend(width >> 3)
        yield item


def _pooled(name: str) -> Callable[..., Any]:
    make = vars(itertools)[name]

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
        itertools.islice(*args)  # raises
    return lazy("islice", itertools.islice, lazy_counted(args[0]), *map(index_of, args[1:]))


def _tee(iterable: Any, n: Any = 2, /) -> Any:
    n = index_of(n)
    if isinstance(n, int):
        machine.reserve(256 * max(n, 0))
        machine.spend(max(n, 0))
    depth = deeper((iterable,))
    return tuple([wrapped("_tee", part, depth) for part in itertools.tee(iterable, n)])


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
        itertools.repeat(None, times)  # raises
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


def _itertools() -> Module:
    entries: dict[str, Any] = {
        "product": _product,
        "permutations": _permutations,
        "combinations": _pooled("combinations"),
        "combinations_with_replacement": _pooled("combinations_with_replacement"),
        "chain": lambda *its: lazy("chain", itertools.chain, *its),
        "accumulate": _accumulate,
        "count": _count,
        "cycle": lambda it, /: endless("cycle", itertools.cycle(lazy_counted(it)), it),
        "repeat": _repeat,
        "islice": _islice,
        "zip_longest": lambda *its, fillvalue=None: lazy(
            "zip_longest", itertools.zip_longest, *its, fillvalue=fillvalue
        ),
        "pairwise": lambda it, /: lazy("pairwise", itertools.pairwise, lazy_counted(it)),
        "groupby": _groupby,
        "tee": _tee,
        "compress": lambda data, selectors: lazy(
            "compress", itertools.compress, lazy_counted(data), selectors
        ),
    }
    entries["starmap"] = lambda function, iterable, /: lazy(
        "starmap",
        itertools.starmap,
        callable_value(function),
        map(_unpacked, lazy_counted(iterable)),
    )
    for name in ("takewhile", "dropwhile", "filterfalse"):
        entries[name] = _with_function(name)
    entries = _as_host(itertools, entries)
    entries["chain"].entries = {
        "from_iterable": lambda its, /: lazy(
            "chain", itertools.chain.from_iterable, lazy_counted(its)
        )
    }
    return Module("itertools", entries)


def _with_function(name: str) -> Callable[..., Any]:
    make = vars(itertools)[name]
    return lambda function, it, /: lazy(name, make, _key(function), lazy_counted(it))


def _accumulate(iterable: Any, func: Any = None, *, initial: Any = None) -> Any:
    from gradcli.language.values.arithmetic import add

    function = add if func is None else callable_value(func)
    return lazy(
        "accumulate", itertools.accumulate, lazy_counted(iterable), function, initial=initial
    )


def _load_builtin(value: Builtin, name: str) -> Any:
    if name in value.entries:
        return value.entries[name]
    if name in ("__name__", "__qualname__"):
        return value.__name__
    if name == "__doc__":
        return None
    raise AttributeError(
        f"'{type(value).__name__}' object has no attribute '{name}'", name=name, obj=value
    )


LOADERS[Builtin] = _load_builtin


# collections


def _counting(kind: type, names: str, base: dict[str, Any]) -> None:
    table = {**base, **pick(kind, names)}
    if "copy" in table:
        table["copy"] = pick(kind, "copy").get("copy", table["copy"])
    TABLES[kind] = table
    LOADERS[kind] = load_from(table)


def _deque_extend(self: Any, items: Any) -> None:
    self.extend(feed(list(items) if items is self else items))


def _keyed(source: Any) -> Any:
    """What a counter may be made of in place of `source`: another mapping, or counted items."""
    if isinstance(source, dict):
        machine.reserve(64 * len(source))
        machine.spend(len(source))
        return source
    return source if source is None else feed_keys(source)


def _filled_mapping(kind: type) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        if len(args) > 1:
            return kind(*args)  # raises
        made = kind()
        update_mapping(made, *args, **kwargs)
        return made

    return make


def _defaultdict(factory: Any = None, *args: Any, **kwargs: Any) -> Any:
    default = factory if factory in _empty else callable_value(factory)
    made: Any = collections.defaultdict(default)
    update_mapping(made, *args, **kwargs)
    return made


def _counter_update(self: Any, *args: Any, **kwargs: Any) -> None:
    given = [_keyed(source) for source in args]
    if given and isinstance(given[0], dict) and self:
        from gradcli.language.values.arithmetic import add

        for key, count in given[0].items():
            self[key] = add(count, self.get(key, 0))
        given = [None]
    collections.Counter.update(self, *given, **kwargs)


def _counter_subtract(self: Any, *args: Any, **kwargs: Any) -> None:
    from gradcli.language.values.arithmetic import sub

    counts = collections.Counter(*map(_keyed, args), **kwargs)
    for key, count in counted(counts.items()):
        self[key] = sub(self.get(key, 0), count)


def _counter_total(self: Any) -> Any:
    from gradcli.language.values.arithmetic import add

    return functools.reduce(add, counted(self.values()), 0)


def _most_common(self: Any, n: Any = None) -> list[Any]:
    """The pairs with the largest counts first, in the order they came in where equal."""
    pairs = list(self.items())
    counts = list(self.values())
    check_order(counts)
    order = sorted(range(len(counts)), key=counts.__getitem__, reverse=True)
    n = index_of(n)
    return [pairs[at] for at in (order if n is None else order[: max(n, 0)])]


def _counter_elements(self: Any) -> Any:
    items = ((key, index_of(count)) for key, count in self.items())
    parts = (itertools.repeat(key, count) for key, count in items)
    return wrapped("chain", counted(itertools.chain.from_iterable(counted(parts))), 1)


def _rotate(self: Any, n: Any = 1) -> None:
    self.rotate(index_of(n))


def _deque_copy(self: Any) -> Any:
    machine.reserve(8 * len(self))
    machine.spend(len(self) >> 3)
    return self.copy()


_counting(
    collections.OrderedDict,
    "clear items keys popitem values",
    {
        **DICT,
        **{
            name: looking_up(collections.OrderedDict, name)
            for name in ("move_to_end", "pop", "setdefault")
        },
    },
)
_counting(collections.defaultdict, "default_factory", DICT)
_counting(
    collections.Counter,
    "",
    {
        **DICT,
        "update": _counter_update,
        "subtract": _counter_subtract,
        "total": _counter_total,
        "most_common": _most_common,
        "elements": _counter_elements,
    },
)
_counting(
    collections.deque,
    "append appendleft clear insert maxlen pop popleft reverse",
    {
        "extend": _deque_extend,
        "extendleft": lambda self, items: self.extendleft(feed(items)),
        "count": searching(collections.deque, "count"),
        "index": searching(collections.deque, "index"),
        "remove": searching(collections.deque, "remove"),
        "rotate": _rotate,
    },
)
TABLES[collections.deque]["copy"] = _deque_copy

_empty = (list, dict, set, int, float, str, tuple, bool)  # without arguments they are harmless

_makers: dict[Any, Callable[..., Any]] = {
    collections.OrderedDict: _filled_mapping(collections.OrderedDict),
    collections.defaultdict: _defaultdict,
    collections.Counter: lambda *a, **k: collections.Counter(*map(_keyed, a), **k),
    collections.deque: lambda iterable=(), maxlen=None: collections.deque(
        feed(iterable), index_of(maxlen)
    ),
}
CONSTRUCTORS.update(_makers)


class _ClassValue:
    """An entry of a table with one value, for the class and for its objects."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self.value


MOST_FIELDS = 1 << 14  # letters of the names in one text, or names: a class is made of them


def _namedtuple(
    typename: Any, field_names: Any, *, rename: bool = False, defaults: Any = None
) -> Any:
    from .named_tuples import METHODS, named_tuple

    if isinstance(field_names, str) and len(field_names) <= MOST_FIELDS:
        field_names = field_names.replace(",", " ").split()
    elif not isinstance(field_names, str):
        field_names = [text(name) for name in feed(field_names)]
    typename = text(typename)
    given = () if defaults is None else tuple(feed(defaults))
    if len(field_names) > MOST_FIELDS:
        raise LimitExceeded("a namedtuple has too many fields", "max-memory")
    made: Any = named_tuple(typename, field_names, bool(rename), given)
    fields: tuple[str, ...] = made._fields
    machine.reserve(4096 + 256 * len(fields))
    table = {**TUPLE, **pick(made, " ".join([*fields, *METHODS]))}
    table["_fields"] = _ClassValue(fields)
    table["_field_defaults"] = _ClassValue(made._field_defaults)
    TABLES[made] = table
    LOADERS[made] = load_from(table)
    CONSTRUCTORS[made] = made
    return made


def _collections() -> Module:
    return Module(
        "collections",
        {
            "OrderedDict": collections.OrderedDict,
            "defaultdict": collections.defaultdict,
            "Counter": collections.Counter,
            "deque": collections.deque,
            "namedtuple": _namedtuple,
        },
    )


# copy and typing


def deepcopy(x: Any, memo: Any = None) -> Any:
    return _deep(x, {}, 0)


DEEP_COPY.append(deepcopy)


def _copy(x: Any) -> Any:
    if type(x) is Tensor:
        return host_copy.copy(x)
    if isinstance(x, list | dict | set | collections.deque):
        machine.reserve(64 * len(x))
    if isinstance(x, tuple | frozenset):
        return x
    return copied(x, lambda part: part, {})


def _deep(value: Any, memo: dict[int, Any], depth: int) -> Any:
    """A copy of containers, of objects of a program's classes and of what is in them."""
    found = memo.get(id(value))
    if found is not None:
        return found
    if depth > DEPTH:
        raise RecursionError("maximum recursion depth exceeded")
    machine.spend(1)
    if type(value) is Tensor:
        made = host_copy.deepcopy(value)
        if attributes_of(value) and not is_parameter(value):
            added = attributes_of(value).items()
            meta_of(made).attributes = {name: _deep(v, memo, depth + 1) for name, v in added}
    else:
        made = copied(value, lambda part: _deep(part, memo, depth + 1), memo)
    memo[id(value)] = made
    return made


# What is its own copy.
_ATOMS = frozenset(
    [
        *(
            int,
            float,
            complex,
            bool,
            str,
            type(None),
            type(...),
            type(NotImplemented),
            range,
            slice,
        ),
        *(Function, Builtin, FunctionType, BuiltinFunctionType, DType, Device),
    ]
)


def copied(value: Any, each: Callable[[Any], Any], memo: dict[int, Any]) -> Any:
    """A copy of `value` whose parts are what `each` gives for its parts.

    Only kinds of values that are listed here can be copied; `memo` learns of the copy before its
    parts are copied. Raises TypeError for any other, as Python does for what it cannot pickle.
    """
    kind = type(value)
    made: Any
    if kind in _ATOMS or isinstance(value, type | np.generic):
        return value
    if kind is np.ndarray:
        runtime.reserve(value.nbytes)
        return value.copy()
    if kind is list:
        made = memo[id(value)] = []
        made.extend(map(each, value))
    elif isinstance(value, tuple):
        parts = [each(part) for part in value]
        same = all(part is old for part, old in zip(parts, value, strict=True))
        return value if same else tuple.__new__(kind, parts)
    elif kind in (dict, collections.OrderedDict, collections.Counter, collections.defaultdict):
        made = kind(value.default_factory) if kind is collections.defaultdict else kind()
        memo[id(value)] = made
        for key, item in value.items():
            made[each(key)] = each(item)
    elif kind in (set, frozenset):
        return kind([each(part) for part in value])
    elif kind is collections.deque:
        made = memo[id(value)] = collections.deque(maxlen=value.maxlen)
        made.extend(map(each, value))
    elif kind is Method:
        return Method(value.__func__, each(value.__self__))
    elif kind is Partial:
        keywords = {name: each(item) for name, item in value.keywords.items()}
        return Partial(value.func, *map(each, value.args), **keywords)
    elif isinstance(value, BaseException):
        args = tuple(map(each, value.args))
        made = memo[id(value)] = kind.__new__(kind, *args)
        made.args = args
        made.__dict__.update({name: each(item) for name, item in value.__dict__.items()})
    elif is_program_class(kind) or not COPIED.isdisjoint(kind.__mro__):
        made = memo[id(value)] = object.__new__(kind)
        made.__dict__.update({name: each(item) for name, item in value.__dict__.items()})
    else:
        raise TypeError(f"cannot pickle '{class_title(value)}' object")
    return made


class Annotation:
    """A name of `typing`: it can be subscripted and joined, and means nothing at run time."""

    __module__ = "typing"
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text if len(text) < _LONGEST else f"{text[:_LONGEST]}..."

    def __getitem__(self, item: Any) -> Annotation:
        items = item if isinstance(item, tuple) and item else (item,)
        machine.spend(len(items))
        shown = text_repr if self.text == "typing.Literal" else _annotated
        texts = [shown(part) for part in items[:_LONGEST]]
        if self.text == "typing.Union" and "None" in texts and len(texts) > 1:
            others = [text for text in texts if text != "None"]
            if len(others) == 1:
                return Annotation(f"typing.Optional[{others[0]}]")
        elif self.text == "typing.Callable" and isinstance(items[0], list):
            texts[0] = f"[{', '.join(map(_annotated, items[0][:_LONGEST]))}]"
        return Annotation(f"{self.text}[{', '.join(texts)}]")

    def __or__(self, other: Any) -> Annotation:
        return Annotation(f"{self.text} | {_annotated(other)}")

    def __ror__(self, other: Any) -> Annotation:
        return Annotation(f"{_annotated(other)} | {self.text}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{self.text} cannot be called here")

    def __repr__(self) -> str:
        return self.text


FLAT.add(Annotation)

_LONGEST = 1000  # characters of an annotation that are kept


def _annotated(value: Any) -> str:
    """The text of one part of an annotation."""
    if value is None:
        return "None"
    if value is ...:
        return "..."
    if isinstance(value, type):
        module = value.__module__
        return value.__qualname__ if module == "builtins" else f"{module}.{value.__qualname__}"
    if isinstance(value, str):
        return f"ForwardRef({value[:_LONGEST]!r})"
    return text_repr(value)[: _LONGEST + 3]


def _typing() -> Module:
    names = [
        "Any",
        "Callable",
        "ClassVar",
        "Dict",
        "Final",
        "FrozenSet",
        "Generic",
        "Iterable",
        "Iterator",
        "List",
        "Literal",
        "Mapping",
        "MutableMapping",
        "NoReturn",
        "Optional",
        "Sequence",
        "Set",
        "Tuple",
        "Type",
        "Union",
    ]
    entries: dict[str, Any] = {name: Annotation(f"typing.{name}") for name in names}
    entries["TYPE_CHECKING"] = False
    entries["TypeVar"] = lambda name, *a, **k: Annotation(f"~{text(name)}")
    entries["cast"] = lambda kind, value: value
    return Module("typing", entries)


def _io() -> Module:
    from .memory_files import BytesIO

    return Module("io", {"BytesIO": BytesIO})


def _numpy() -> Any:
    from .numpy_names import numpy_module

    return numpy_module()


def _numpy_part(name: str) -> Callable[[], Any]:
    return lambda: find_module("numpy").get(name)


PLOT_MODULES = (
    "matplotlib",
    "matplotlib.animation",
    "matplotlib.axes",
    "matplotlib.cm",
    "matplotlib.collections",
    "matplotlib.colors",
    "matplotlib.dates",
    "matplotlib.figure",
    "matplotlib.font_manager",
    "matplotlib.gridspec",
    "matplotlib.image",
    "matplotlib.lines",
    "matplotlib.patches",
    "matplotlib.path",
    "matplotlib.pyplot",
    "matplotlib.style",
    "matplotlib.ticker",
    "matplotlib.transforms",
    "mpl_toolkits",
    "mpl_toolkits.axes_grid1",
    "mpl_toolkits.mplot3d",
)


def _plots(name: str) -> Callable[[], Any]:
    def make() -> Any:
        from .plot_names import plot_module

        return plot_module(name, _plot_module)

    return make


def _plot_module(name: str) -> Any:
    return find_module(name) if name in PLOT_MODULES else MISSING


MODULES: dict[str, Callable[[], Any]] = {
    "math": _math,
    "random": _random,
    "time": _time,
    "functools": _functools,
    "itertools": _itertools,
    "collections": _collections,
    "io": _io,
    "copy": lambda: Module("copy", {"copy": _copy, "deepcopy": deepcopy}),
    "typing": _typing,
    "numpy": _numpy,
    **{f"numpy.{part}": _numpy_part(part) for part in ("random", "linalg", "fft", "testing")},
    **{name: _plots(name) for name in PLOT_MODULES},
}

__all__ = ["LIST", "NAMES", "find_module", "import_name", "refusal"]

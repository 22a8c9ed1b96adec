"""The module `functools`."""

from __future__ import annotations

import functools as host
from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import FLAT, PARTS, check_key
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import LOADERS, MISSING, Module, load_from, store_attribute
from gradcli.language.values.classes import add_method, is_program_class, register
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.functions import Builtin, Function
from gradcli.language.values.identity import address_text
from gradcli.language.values.python_types import TABLES, pick
from gradcli.language.values.text import text_repr

from .copy import COPIES
from .hosts import as_host, open_class


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


def _copied(value: Partial, each: Callable[[Any], Any]) -> Partial:
    keywords = {name: each(item) for name, item in value.keywords.items()}
    return Partial(value.func, *map(each, value.args), **keywords)


COPIES[Partial] = _copied
PARTS[Partial] = lambda value: (value.func, *value.args, *value.keywords.items())


def _reduce(function: Any, iterable: Any, initial: Any = MISSING, /) -> Any:
    function = callable_value(function)
    if not hasattr(type(iterable), "__iter__") and not hasattr(type(iterable), "__getitem__"):
        raise TypeError("reduce() arg 2 must support iteration")
    if initial is MISSING:
        return host.reduce(function, counted(iter(iterable)))
    return host.reduce(function, counted(iter(iterable)), initial)


class Cached:
    """A function with remembered results."""

    __slots__ = ("__dict__", "__wrapped__", "call")
    __module__ = "functools"

    def __init__(self, function: Any, size: int | None, typed: bool) -> None:
        self.__wrapped__ = function
        self.call = host.lru_cache(size, typed)(function)
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
    return host.cmp_to_key(callable_value(function))


class CachedProperty:
    """`functools.cached_property`: what a method gives is kept in the object."""

    def __init__(self, func: Any) -> None:
        self.function = callable_value(func)
        self.name = getattr(func, "__name__", "")

    def __set_name__(self, owner: Any, name: str) -> None:
        self.name = name

    def bind_to(self, value: Any) -> Any:
        """The value for an object, computed once."""
        found = self.function(value)
        store_attribute(value, self.name, found)
        return found


class PartialMethod:
    """`functools.partialmethod`."""

    def __init__(self, func: Any, /, *args: Any, **keywords: Any) -> None:
        self.function = callable_value(func)
        self.args = args
        self.keywords = keywords

    def bind_to(self, value: Any) -> Any:
        """The method of an object."""
        return Partial(self.function, value, *self.args, **self.keywords)


class Dispatched:
    """`functools.singledispatch`: functions by the class of the first argument."""

    def __init__(self, func: Any) -> None:
        self.otherwise = callable_value(func)
        self.known: dict[type, Any] = {}

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        if not args:
            raise TypeError("the function requires at least 1 positional argument")
        return self.dispatch(type(args[0]))(*args, **kwargs)

    def dispatch(self, cls: Any) -> Any:
        """The function for a class."""
        return next(
            (self.known[base] for base in cls.__mro__ if base in self.known), self.otherwise
        )

    def register(self, cls: Any, func: Any = None) -> Any:
        """Enter the function for a class; without a function, a decorator."""
        if not isinstance(cls, type):
            raise TypeError("register() takes a class here: annotations mean nothing at run time")
        if func is None:
            return lambda function: self.register(cls, function)
        machine.reserve(64)
        self.known[cls] = callable_value(func)
        return func


open_class(CachedProperty, module="functools", name="cached_property")
open_class(PartialMethod, module="functools", name="partialmethod")
open_class(Dispatched, "dispatch register", module="functools", name="singledispatch")


def _derived(root: str, name: str) -> Callable[[Any, Any], Any]:
    """A comparison made of the one that a class has, and of `==`."""
    strict = root in ("__lt__", "__gt__")
    turned = name[2] != root[2]  # "<" from ">": what the root says is to be refused
    equal_holds = name in ("__le__", "__ge__")

    def compare(self: Any, other: Any) -> Any:
        found = getattr(type(self), root)(self, other)
        if found is NotImplemented:
            return found
        if not turned:
            return found or self == other if strict else found and self != other
        if strict:
            return not found if equal_holds else not found and self != other
        return not found if not equal_holds else not found or self == other

    return compare


def _total_ordering(cls: Any, /) -> Any:
    names = ("__gt__", "__lt__", "__le__", "__ge__")
    if not is_program_class(cls):
        raise TypeError("total_ordering() takes a class of the program")
    roots = [name for name in names if getattr(cls, name) is not getattr(object, name)]
    if not roots:
        raise ValueError("must define at least one ordering operation: < > <= >=")
    root = next(name for name in ("__lt__", "__le__", "__gt__", "__ge__") if name in roots)
    for name in names:
        if name not in roots:
            add_method(cls, name, _derived(root, name))
    register(cls)
    return cls


def module() -> Module:
    """The module `functools`."""
    partial = Builtin("partial", Partial, "class", "functools")
    partial.instances = Partial
    entries: dict[str, Any] = {
        "wraps": _wraps,
        "partial": partial,
        "reduce": _reduce,
        "lru_cache": _lru_cache,
        "cache": lambda function, /: Cached(callable_value(function), None, False),
        "cmp_to_key": _cmp_to_key,
        "update_wrapper": lambda wrapper, wrapped, **_: _wraps(wrapped)(wrapper),
        "total_ordering": _total_ordering,
        "cached_property": CachedProperty,
        "partialmethod": PartialMethod,
        "singledispatch": Dispatched,
    }
    return Module("functools", as_host(host, entries))


TABLES[Partial] = pick(Partial, "func args keywords")
LOADERS[Partial] = load_from(TABLES[Partial])

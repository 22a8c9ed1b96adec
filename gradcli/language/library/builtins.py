"""Python's built-in functions and classes as programs see them.

Everything that iterates counts, and everything whose result can be large asks for room first.
Classes such as `int` and `list` are the host's own, so that `isinstance(x, int)` and
`dtype=float` mean what they say; calling them goes through `CONSTRUCTORS`.
"""

from __future__ import annotations

import builtins as host
import types
from collections.abc import Callable
from operator import length_hint
from typing import Any

from gradcli.language.machine.sizes import (
    FLAT,
    check_walk,
    feed_keys,
    index_of,
    sort_in_place,
    update_mapping,
)
from gradcli.language.machine.state import counted, feed, machine, make_slice
from gradcli.language.values import arithmetic
from gradcli.language.values import str_format as str_format  # gives str its format
from gradcli.language.values.arithmetic import MAX_BITS, check_compare, refuse_integer
from gradcli.language.values.array_sizes import is_array
from gradcli.language.values.attributes import (
    CLASS_NAMES,
    CLASSES,
    LOADERS,
    MISSING,
    OWN_ATTRIBUTES,
    Module,
    delete_attribute,
    load_attribute,
    names_of,
    store_attribute,
)
from gradcli.language.values.classes import (
    METACLASSES,
    STAND_INS,
    Super,
    holds_itself,
    is_program_class,
    make_class,
)
from gradcli.language.values.comparing import Steady, bare
from gradcli.language.values.constructors import (
    CONSTRUCTORS,
    OPEN_CLASSES,
    callable_value,
    public_class,
)
from gradcli.language.values.functions import Builtin, Function, Method
from gradcli.language.values.identity import hash_of, id_of
from gradcli.language.values.iterators import (
    depth_of,
    endless,
    lazy,
    lazy_counted,
    lazy_kind,
    wrapped,
)
from gradcli.language.values.python_types import name_function
from gradcli.language.values.special_names import METHODS, READABLE, is_special
from gradcli.language.values.text import format_value, text, text_ascii, text_repr
from gradcli.tensor.runtime import runtime
from gradcli.tensor.sentences import not_an_instance
from gradcli.tensor.tensor import Tensor, shape_of

from . import container_methods as container_methods  # gives containers theirs

_SHOWN = ("torch", "collections", "functools", "itertools", "numpy")  # modules in texts


class Opaque:
    """Stands for a host class that programs may name and compare, but not call."""

    __slots__ = ("__dict__", "kind")

    def __init__(self, kind: type, name: str) -> None:
        self.kind = kind
        self.__name__ = self.__qualname__ = name

    def __repr__(self) -> str:
        module = self.kind.__module__
        shown = module.partition(".")[0] in _SHOWN
        return f"<class '{module + '.' if shown else ''}{self.__name__}'>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"cannot create '{self.__name__}' instances")


Opaque.__name__ = Opaque.__qualname__ = "type"
Opaque.__module__ = "builtins"

_opaque: dict[tuple[type, str], Opaque] = {}


def _load_opaque(value: Opaque, name: str) -> Any:
    if name in ("__name__", "__qualname__"):
        return value.__name__
    raise AttributeError(
        f"type object '{value.__name__}' has no attribute '{name}'", name=name, obj=value
    )


LOADERS[Opaque] = _load_opaque
FLAT.add(Opaque)


def _print(
    *values: Any, sep: str | None = " ", end: str | None = "\n", file: Any = None, flush: Any = None
) -> None:
    for name, given in (("sep", sep), ("end", end)):
        if given is not None and not isinstance(given, str):
            raise TypeError(f"{name} must be None or a string, not {type(given).__name__}")
    separator = " " if sep is None else sep
    parts = [text(value) for value in values]
    total = len(separator) * len(parts) + sum(map(len, parts))
    machine.reserve(4 * total)
    ending = "\n" if end is None else end
    if file is None:
        machine.write(separator.join(parts) + ending)
        return
    from .python.streams import write_all

    pieces = [piece for part in parts for piece in (part, separator)][:-1]
    write_all(file, [*pieces, ending])
    if flush:
        load_attribute(file, "flush")()


def _sum(iterable: Any, /, start: Any = 0) -> Any:
    if isinstance(start, str):
        iter(iterable)
        raise TypeError("sum() can't sum strings [use ''.join(seq) instead]")
    if (
        type(iterable) in (list, tuple)
        and type(start) in _NUMBERS
        and _NUMBERS.issuperset(map(type, iterable))
    ):
        machine.spend(len(iterable) >> 3)
        return sum(iterable, start)
    total = start
    for item in counted(iterable):
        total = arithmetic.add(total, item) if type(total) is not Tensor else total + item
    return total


_NUMBERS = frozenset((int, float))


def _extreme(name: str) -> Callable[..., Any]:
    function = getattr(host, name)

    def extreme(*args: Any, **kwargs: Any) -> Any:
        key = kwargs.get("key")
        if key is not None and args:
            kwargs["key"] = _checked_key(callable_value(key))
            given = (_fed_once(args[0]),) if len(args) == 1 else args
            return function(*given, **kwargs)
        if len(args) == 1:
            items = args[0]
            if type(items) in (list, tuple) and _NUMBERS.issuperset(map(type, items)):
                machine.spend(len(items) >> 3)
                return function(items, **kwargs)
            if hasattr(type(items), "__iter__") or hasattr(type(items), "__getitem__"):
                items = _each_checked(counted(items))
            return bare(function(items, **kwargs))
        return bare(function(*_each_checked(args), **kwargs))

    return extreme


def _fed_once(items: Any) -> Any:
    return feed(items) if hasattr(type(items), "__iter__") else items


def _checked_key(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A key function whose results are weighed before the host compares them."""

    def key(value: Any) -> Any:
        found = function(value)
        return Steady(found) if check_walk(found) else found

    return key


def _each_checked(items: Any) -> Any:
    for item in items:
        yield Steady(item) if check_walk(item) else item


def _sorted(iterable: Any, /, *, key: Any = None, reverse: Any = False) -> list[Any]:
    items = list(feed(iterable)) if hasattr(type(iterable), "__iter__") else list(iterable)
    sort_in_place(items, None if key is None else callable_value(key), reverse)
    return items


def _map(function: Any, /, *iterables: Any) -> Any:
    made = lazy("map", map, callable_value(function), *iterables)
    return _wide(made, len(iterables))


def _wide(made: Any, width: int) -> Any:
    """An iterator that takes from many others at each step: each is a step of its own."""
    if width <= _MANY:
        return made
    return wrapped(type(made).__name__, _paid(made, width), depth_of(made))


def _paid(items: Any, width: int) -> Any:
    for item in items:
        machine.reserve(8 * width)
        machine.spend(width)
        yield item


_MANY = 64


def _filter(function: Any, iterable: Any, /) -> Any:
    function = None if function is None else callable_value(function)
    return lazy("filter", filter, function, lazy_counted(iterable))


def _isinstance(value: Any, classes: Any, /) -> bool:
    check_walk(classes)
    return isinstance(value, _host_classes(classes, _NO_TYPE))


def _issubclass(value: Any, classes: Any, /) -> bool:
    if isinstance(value, Opaque):
        value = value.kind
    if value is TYPE:
        value = type
    if not isinstance(value, type):
        raise TypeError("issubclass() arg 1 must be a class")
    check_walk(classes)
    return issubclass(value, _host_classes(classes, _NO_CLASS))


_NO_TYPE = "isinstance() arg 2 must be a type, a tuple of types, or a union"
_NO_CLASS = "issubclass() arg 2 must be a class, a tuple of classes, or a union"


def _host_classes(classes: Any, refusal: str) -> Any:
    if isinstance(classes, tuple):
        return tuple(_host_classes(one, refusal) for one in classes)
    if isinstance(classes, Opaque):
        return classes.kind
    if classes is TYPE:
        return type
    if isinstance(classes, type | types.UnionType):
        return classes
    instances = getattr(classes, "instances", None)
    if instances is not None:
        return instances
    raise TypeError(refusal)


def _new_class(name: Any, bases: Any, members: Any) -> type:
    """`type(name, bases, members)`: what a class statement makes of its body's names."""
    for place, (value, kind) in enumerate(((name, str), (bases, tuple), (members, dict)), 1):
        if not isinstance(value, kind):
            raise TypeError(
                f"type.__new__() argument {place} must be {kind.__name__}, "
                f"not {type(value).__name__}"
            )
    if not str.isidentifier(name) or len(name) > _LONGEST_NAME:
        raise ValueError(f"a class is named as variables are, in {_LONGEST_NAME} letters at most")
    machine.reserve(256 * len(members))
    machine.spend(len(members))
    namespace: dict[str, Any] = {"__qualname__": name, "__doc__": None}
    for key in members:
        if type(key) is not str:
            raise TypeError(f"type.__new__() names must be str, not {type(key).__name__}")
        if is_special(key) and key not in METHODS and key != "__doc__":
            raise TypeError(f"the special name '{key[:_LONGEST_NAME]}' is not in the language")
        namespace[key] = members[key]
    return make_class(name, bases, namespace)


_LONGEST_NAME = 200


def _type(*args: Any) -> Any:
    if len(args) == 3:
        return _new_class(*args)
    if len(args) != 1:
        raise TypeError("type() takes 1 or 3 arguments")
    return class_of(args[0])


PUBLIC: set[type] = {
    int, float, complex, bool, str, list, tuple, dict, set, frozenset, range, slice, object,
    property, staticmethod, classmethod, type(None), type(NotImplemented), type(Ellipsis),
}  # fmt: skip


def class_of(value: Any) -> Any:
    """The class of a value; the interpreter's own classes only as something to look at."""
    kind = type(value)
    if isinstance(value, BaseException):
        return public_class(kind)
    if kind in PUBLIC or is_program_class(kind):
        return kind
    for base in kind.__mro__:
        if base in CLASSES:
            return CLASSES[base](value)
    if issubclass(kind, type) or kind is Opaque:
        return TYPE
    if value is TYPE:
        return TYPE
    if kind in OPEN_CLASSES or kind in CONSTRUCTORS:
        return kind
    if kind.__module__ in ("collections", "numpy", "__main__") and kind.__name__ != "ndarray":
        return kind  # the host's `ndarray` makes arrays of memory that nobody wrote, and of objects
    name = kind.__name__.rpartition(".")[2]
    for base in kind.__mro__:
        if base in CLASS_NAMES:
            name = CLASS_NAMES[base](value)
            break
    made = _opaque.get((kind, name))
    if made is None:
        made = _opaque[kind, name] = Opaque(kind, name)
    return made


def _attribute_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"attribute name must be string, not '{type(name).__name__}'")
    return name


def _allowed(value: Any, name: str) -> None:
    if is_special(name) and name not in READABLE:
        raise AttributeError(
            f"'{type(value).__name__}' object has no attribute '{name}'", name=name
        )


def _getattr(value: Any, name: Any, default: Any = MISSING, /) -> Any:
    name = _attribute_name(name)
    try:
        _allowed(value, name)
        return load_attribute(value, name)
    except AttributeError:
        if default is MISSING:
            raise
        return default


def _hasattr(value: Any, name: Any, /) -> bool:
    name = _attribute_name(name)
    try:
        _allowed(value, name)
        load_attribute(value, name)
    except AttributeError:
        return False
    return True


def _setattr(value: Any, name: Any, new: Any, /) -> None:
    name = _attribute_name(name)
    _allowed(value, name)
    store_attribute(value, name, new)


def _delattr(value: Any, name: Any, /) -> None:
    name = _attribute_name(name)
    _allowed(value, name)
    delete_attribute(value, name)


def _dir(value: Any, /) -> list[str]:
    return names_of(value)


def _iter(value: Any, sentinel: Any = MISSING, /) -> Any:
    if sentinel is MISSING:
        return iter(value)
    function = callable_value(value)
    if not callable(function):
        iter(function, sentinel)  # raises in the words of the Python that runs
    return endless("callable_iterator", _until(function, sentinel))


def _until(function: Callable[[], Any], sentinel: Any) -> Any:
    while True:
        value = function()
        steady = check_compare(value, sentinel)
        if (value if steady is None else steady) == sentinel:
            return
        yield value


def _next(iterator: Any, default: Any = MISSING, /) -> Any:
    if default is MISSING:
        return next(iterator)
    where = runtime.where
    try:
        return next(iterator)
    except StopIteration:
        runtime.where = where
        return default


def _format(value: Any, spec: str = "", /) -> str:
    if not isinstance(spec, str):
        raise TypeError(f"format() argument 2 must be str, not {type(spec).__name__}")
    return format_value(value, spec)


def _pow(base: Any, exp: Any, mod: Any = None) -> Any:
    if mod is None:
        return arithmetic.power(base, exp)
    for part in (base, exp, mod):
        if isinstance(part, int) and part.bit_length() > 1 << 13:
            refuse_integer()
    return pow(base, exp, mod)


def _hash(value: Any, /) -> int:
    check_walk(value)
    return hash_of(value)


def _round(number: Any, ndigits: Any = None) -> Any:
    if ndigits is None:
        return round(number)
    if isinstance(number, int) or is_array(number):
        digits = index_of(ndigits)
        if isinstance(digits, int):
            ndigits = max(min(digits, _MOST_DIGITS), -_MOST_DIGITS)
            if isinstance(number, int) and digits < -number.bit_length():
                return 0
    return round(number, ndigits)


_MOST_DIGITS = 10_000  # rounding to more changes nothing, or leaves nothing


def _all(iterable: Any, /) -> bool:
    return all(counted(iterable))


def _any(iterable: Any, /) -> bool:
    return any(counted(iterable))


def _zip(*iterables: Any, strict: bool = False) -> Any:
    made = lazy("zip", zip, *iterables, strict=strict)
    return _wide(made, len(iterables))


def _enumerate(iterable: Any, start: Any = 0) -> Any:
    return lazy("enumerate", enumerate, iterable, start)


def _reversed(sequence: Any, /) -> Any:
    if isinstance(sequence, Tensor):  # flipped in its first dimension, as a tensor
        return load_attribute(sequence, "flip")(0) if shape_of(sequence) else sequence
    return reversed(sequence)


def _open(*args: Any, **kwargs: Any) -> Any:
    from .memory_files import open_file

    return open_file(*args, **kwargs)


def _input(*_: Any) -> Any:
    raise RuntimeError(
        "a program reads nothing here: give inputs with --set or --input, or write NAME = VALUE"
    )


def _vars(*args: Any) -> dict[str, Any]:
    """The attributes that an object holds itself."""
    if len(args) != 1:
        raise TypeError("vars() takes an object here")
    value = args[0]
    kind = type(value)
    if not (is_program_class(kind) and holds_itself(kind)) and kind not in OWN_ATTRIBUTES:
        raise TypeError("vars() argument must have __dict__ attribute")
    held: dict[str, Any] = value.__dict__
    return held


FILE = "/program"  # `__file__`: the name that `sys.argv` has, in the folder of `os.getcwd`


def _globals() -> dict[str, Any]:
    """A copy of the program's names."""
    names = machine.globals
    machine.reserve(64 * len(names))
    return {"__name__": "__main__", "__doc__": None, "__file__": FILE, **names}


def _locals(*args: Any) -> Any:
    """Called where its name stands, `locals()` is compiled; otherwise nobody knows whose names."""
    raise TypeError("locals() takes no arguments, and is called by its name here")


def _exit(code: Any = None, /) -> None:
    raise SystemExit(code)


def _super(*args: Any) -> Super:
    if len(args) > 2:
        raise TypeError(f"super() expected at most 2 arguments, got {len(args)}")
    if not args:
        raise RuntimeError("super(): no arguments")
    after, *values = args
    if not isinstance(after, type):
        raise TypeError(f"super() argument 1 must be a type, not {type(after).__name__}")
    if not values:
        return Super(after)
    value = values[0]
    if not isinstance(value, after) and not (isinstance(value, type) and issubclass(value, after)):
        raise TypeError(not_an_instance(value, after))
    return Super(after, value)


# Constructors of host classes


def _str(*args: Any, **kwargs: Any) -> str:
    if kwargs or len(args) != 1:
        if len(args) + len(kwargs) == 1 and "object" in kwargs:
            return text(kwargs["object"])
        return str(*args, **kwargs)  # nothing, or an error: there are no bytes
    return text(args[0])


def _collection(kind: type, keyed: bool = False) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs:
            value = args[0]
            if type(value) is range:
                runtime.reserve(36 * len(value) if len(value) < 1 << 40 else 1 << 62)
                machine.reserve(36 * len(value))
            elif hasattr(value, "__len__") and not isinstance(value, Tensor):
                machine.reserve(8 * length_hint(value))  # a 0-d array has no length
            if keyed and not isinstance(value, set | frozenset | dict | str):
                return kind(feed_keys(value))
            return kind(feed(value) if hasattr(type(value), "__iter__") else value)
        return kind(*args, **kwargs)

    make.__name__ = make.__qualname__ = kind.__name__
    return make


def _dict(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    if len(args) > 1:
        return dict(*args, **kwargs)  # raises
    made: dict[Any, Any] = {}
    update_mapping(made, *args, **kwargs)
    return made


def _int(*args: Any, **kwargs: Any) -> int:
    if args and isinstance(args[0], str) and len(args[0]) > MAX_BITS:
        refuse_integer()
    if len(args) == 2:
        args = (args[0], index_of(args[1]))
    value = int(*args, **kwargs)
    if value.bit_length() > MAX_BITS:
        refuse_integer()
    return value


_wrappers = (property, staticmethod, classmethod)


def _wrapper(kind: type) -> Callable[..., Any]:
    """`property` and its kin; one around the other has no use and could nest without end."""

    def wrap(*args: Any, **kwargs: Any) -> Any:
        if any(isinstance(value, _wrappers) for value in (*args, *kwargs.values())):
            raise TypeError(f"{kind.__name__}() takes functions")
        named = {name: callable_value(value) for name, value in kwargs.items()}
        return kind(*map(callable_value, args), **named)

    wrap.__name__ = wrap.__qualname__ = kind.__name__
    return wrap


def _object(*args: Any, **kwargs: Any) -> object:
    if args or kwargs:
        raise TypeError("object() takes no arguments")
    return object()


CONSTRUCTORS.update(
    {
        int: _int,
        float: float,
        bool: bool,
        str: _str,
        list: _collection(list),
        tuple: _collection(tuple),
        set: _collection(set, keyed=True),
        frozenset: _collection(frozenset, keyed=True),
        dict: _dict,
        range: range,
        object: _object,
        slice: make_slice,
        property: _wrapper(property),
        staticmethod: _wrapper(staticmethod),
        classmethod: _wrapper(classmethod),
    }
)

TYPE = Builtin("type", _type, "class")
METACLASSES.append((TYPE, object))

EXCEPTIONS = [
    BaseException, Exception, ArithmeticError, AssertionError, AttributeError, BufferError,
    EOFError, FileExistsError, FileNotFoundError, FloatingPointError, GeneratorExit, ImportError,
    IndexError, IsADirectoryError, KeyError,
    KeyboardInterrupt, LookupError, MemoryError, ModuleNotFoundError, NameError,
    NotImplementedError, OSError, OverflowError, RecursionError, ReferenceError, RuntimeError,
    StopIteration, SyntaxError, SystemExit, TimeoutError, TypeError, UnboundLocalError,
    UnicodeError, ValueError, ZeroDivisionError, Warning, DeprecationWarning, FutureWarning,
    UserWarning, RuntimeWarning,
]  # fmt: skip

_functions: dict[str, Callable[..., Any]] = {
    "print": _print,
    "len": len,
    "enumerate": _enumerate,
    "zip": _zip,
    "map": _map,
    "filter": _filter,
    "sorted": _sorted,
    "reversed": _reversed,
    "sum": _sum,
    "min": _extreme("min"),
    "max": _extreme("max"),
    "abs": abs,
    "round": _round,
    "all": _all,
    "any": _any,
    "pow": _pow,
    "divmod": arithmetic.quotient_and_rest,
    "repr": lambda value, /: text_repr(value),
    "ascii": lambda value, /: text_ascii(value),
    "isinstance": _isinstance,
    "issubclass": _issubclass,
    "id": id_of,
    "hash": _hash,
    "callable": callable,
    "hasattr": _hasattr,
    "getattr": _getattr,
    "setattr": _setattr,
    "delattr": _delattr,
    "dir": _dir,
    "iter": _iter,
    "next": _next,
    "format": _format,
    "chr": chr,
    "ord": ord,
    "hex": hex,
    "bin": bin,
    "oct": oct,
    "input": _input,
    "vars": _vars,
    "super": _super,
    "open": _open,
}

REFUSED = {
    "eval": "expressions are written in the program itself",
    "exec": "statements are written in the program itself",
    "compile": "a program cannot make programs",
    "breakpoint": "print shows values; `gradcli explain` shows gradients step by step",
    "memoryview": "lists and tensors hold data",
    "bytes": "text is str; data is a list or a tensor",
    "bytearray": "text is str; data is a list or a tensor",
    "__import__": "import math, torch and the other modules that the language has",
    "help": "`gradcli ops NAME` describes an operation",
}


def python_names() -> dict[str, Any]:
    """The names that every program has."""
    names: dict[str, Any] = {}
    for name, call in _functions.items():
        name_function(call, name)
        kind = "class" if isinstance(vars(host)[name], type) else "function"
        builtin = Builtin(name, call, kind)
        names[name] = builtin
        if kind == "class":
            builtin.instances = (vars(host)[name], lazy_kind(name))
    names["super"].instances = Super
    names["globals"] = Builtin("globals", _globals)
    names["locals"] = Builtin("locals", _locals)
    names["exit"] = names["quit"] = Builtin("exit", _exit)
    names["type"] = TYPE
    for cls in (
        int, float, complex, bool, str, list, tuple, dict, set, frozenset, range, slice, object,
        property, staticmethod, classmethod, *EXCEPTIONS,
    ):  # fmt: skip
        names[cls.__name__] = cls
    names["NotImplemented"] = NotImplemented
    names["Ellipsis"] = Ellipsis
    names["__name__"] = "__main__"
    names["__file__"] = FILE
    names["__doc__"] = None
    names["IOError"] = names["EnvironmentError"] = OSError
    return names


def shared_with_torch(name: str, python: Any) -> Builtin:
    """A name that is torch's for a tensor and Python's for anything else."""
    from . import torch_names

    torch = None

    def dispatch(*args: Any, **kwargs: Any) -> Any:
        nonlocal torch
        if args and type(args[0]) is Tensor:
            if torch is None:
                torch = torch_names.torch_name("torch", name)
            number = len(args) > 1 and type(args[1]) in (int, float)
            if number and name in ("max", "min") and args[0].array.shape == ():
                raise TypeError(f"{name}() looks along a dimension, and the tensor has none")
            return torch(*args, **kwargs)
        if name in ("pow", "max", "min") and len(args) > 1 and type(args[1]) is Tensor:
            if torch is None:
                torch = torch_names.torch_name("torch", name)
            return torch(*args, **kwargs)
        return python(*args, **kwargs)

    return Builtin(name, dispatch)


__all__ = ["Function", "Method", "Module", "class_of", "python_names", "shared_with_torch"]


def _stand_in(kind: type) -> Callable[[], type]:
    def found() -> type:
        from .containers import STAND_INS as known

        return known[kind]

    return found


STAND_INS.update({kind: _stand_in(kind) for kind in (dict, list)})

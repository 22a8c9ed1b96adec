"""The module `copy`: copies of values of listed kinds."""

from __future__ import annotations

import collections
import copy as host
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from gradcli.autograd.node import attributes_of, is_parameter, meta_of
from gradcli.language.machine.sizes import DEPTH
from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import COPIED, Module, class_title
from gradcli.language.values.classes import bound_member, is_program_class
from gradcli.language.values.functions import Builtin, Function, Method
from gradcli.language.values.identity import id_of
from gradcli.tensor.device import Device
from gradcli.tensor.dtypes import DType
from gradcli.tensor.mappings import Counter, OrderedDict
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

from .hosts import deeper_call, open_class


class Memo:
    """What `__deepcopy__` is given: copies by the identities that programs see."""

    def __init__(self, made: dict[int, Any]) -> None:
        self.made = made  # by the host's identities
        self.given: dict[Any, Any] = {}

    def __setitem__(self, key: Any, value: Any) -> None:
        machine.reserve(128)
        self.given[_identity(key)] = value

    def __getitem__(self, key: Any) -> Any:
        return self.given[_identity(key)]

    def __contains__(self, key: Any) -> bool:
        return _identity(key) in self.given

    def get(self, key: Any, default: Any = None) -> Any:
        """The copy of what has an identity, or `default`."""
        return self.given.get(_identity(key), default)


def _identity(key: Any) -> int:
    if type(key) is not int:
        raise TypeError("a memo has identities for keys")
    return key


open_class(Memo, "get", module="builtins", name="dict")
_GIVEN = -1  # where a memo, whose keys are identities, holds what programs see of it


def deepcopy(x: Any, memo: Any = None) -> Any:
    """`copy.deepcopy`. A memo is one that `__deepcopy__` was called with; others are not read."""
    return _deep(x, memo.made if type(memo) is Memo else {}, 0)


def _written(value: Any, name: str) -> Any:
    """The method of a program's class that copies its objects, or None."""
    kind = type(value)
    member = kind.__members__.get(name) if is_program_class(kind) else None
    return None if member is None else bound_member(member, value, kind)


def _copy(x: Any) -> Any:
    if type(x) is Tensor:
        return host.copy(x)
    written = _written(x, "__copy__")
    if written is not None:
        return written()
    if isinstance(x, list | dict | set | collections.deque):
        machine.reserve(64 * len(x))
    if isinstance(x, tuple | frozenset):
        return x
    return copied(x, lambda part: part, {})


def _deep(value: Any, memo: dict[int, Any], depth: int) -> Any:
    """A copy of containers, of objects of a program's classes and of what is in them."""
    found = memo.get(id(value))
    if found is None and _GIVEN in memo and memo[_GIVEN].given:
        found = memo[_GIVEN].get(id_of(value))
    if found is not None:
        return found
    if depth > DEPTH:
        raise RecursionError("maximum recursion depth exceeded")
    machine.spend(1)
    written = _written(value, "__deepcopy__")
    if written is not None:
        if _GIVEN not in memo:
            memo[_GIVEN] = Memo(memo)
        with deeper_call():
            made = written(memo[_GIVEN])
    elif type(value) is Tensor:
        made = host.deepcopy(value)
        if attributes_of(value) and not is_parameter(value):
            added = attributes_of(value).items()
            meta_of(made).attributes = {name: _deep(v, memo, depth + 1) for name, v in added}
    else:
        made = copied(value, lambda part: _deep(part, memo, depth + 1), memo)
    memo[id(value)] = made
    return made


# Kind of value -> what makes a copy of one whose parts are what `each(part)` gives.
COPIES: dict[type, Callable[[Any, Callable[[Any], Any]], Any]] = {}

# Kind of value -> what raises an error for one that is copied and not saved.
SAVING: dict[type, Callable[[Any], None]] = {}

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
    own = next((COPIES[base] for base in kind.__mro__ if base in COPIES), None)
    if own is not None:
        return own(value, each)
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
    elif kind in (dict, OrderedDict, Counter, collections.defaultdict):
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


def module() -> Module:
    """The module `copy`."""
    return Module("copy", {"copy": _copy, "deepcopy": deepcopy})

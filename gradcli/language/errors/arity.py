"""CPython's own sentence for a built-in function that got the wrong number or names of arguments.

Built-in functions of the language are Python functions around the host's, which count and check
sizes; how Python words a mismatch differs between the two kinds. The host's function, called with
empty tuples in the same places, finds the same mismatch before it looks at a value, and its words
are the ones. Nothing of this runs until there is an error.
"""

from __future__ import annotations

import builtins
import collections
import copy
import functools
import itertools
import math
import random
import time
from collections.abc import Callable
from types import FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.constructors import CONSTRUCTORS
from gradcli.language.values.functions import Builtin

_HOSTS: dict[str, ModuleType] = {
    module.__name__: module
    for module in (collections, copy, functools, itertools, math, random, time)
}


def restate(error: BaseException) -> None:
    """Give `error` the host's words if a built-in's arguments did not fit its signature."""
    traceback = error.__traceback__
    if type(error) is not TypeError or traceback is None:
        return
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    called = _called(traceback.tb_frame)
    if called is None:
        return
    function, count, keywords = called
    host = _host(function)
    if host is None:
        return
    try:
        host(*[()] * count, **dict.fromkeys(keywords, ()))
    except TypeError as other:
        error.args = other.args
    except Exception:
        return


def _called(frame: FrameType) -> tuple[Any, int, list[str]] | None:
    """The function that the innermost frame called, how many arguments it gave and their names."""
    values = frame.f_locals
    if frame.f_code is Builtin.__call__.__code__:
        return values["self"].call, len(values["args"]), [*values["kwargs"]]
    function = values.get("function")
    name = frame.f_code.co_name  # of the two closures that call
    if function is None or "f" not in values or name not in ("call", "general"):
        return None
    if type(function) is Builtin:
        function = function.call
    if name == "general":
        return function, len(values["args"]), [*values["kwargs"]]
    count = 0
    while f"a{count}" in values:
        count += 1
    return function, count, [*values.get("kwargs", ())]


def _host(function: Any) -> Callable[..., Any] | None:
    """What the host has under the name that a program called `function` by."""
    for kind, make in CONSTRUCTORS.items():
        if (function is kind or function is make) and type(make) is FunctionType:
            return kind if kind.__module__ in ("builtins", "collections") else None
    if type(function) is not FunctionType and type(function) is not MethodType:
        return None
    from gradcli.language.library.prelude import python

    for name, value in python().items():
        if value is function or (type(value) is Builtin and value.call is function):
            return vars(builtins).get(name)
    for name, module in _HOSTS.items():
        opened = machine.modules.get(name)
        if opened is not None:
            for entry, value in opened.entries.items():
                if value is function or (type(value) is Builtin and value.call is function):
                    return vars(module).get(entry)
    return None

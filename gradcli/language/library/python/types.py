"""The module `types`: objects that hold names."""

from __future__ import annotations

import operator
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import CLASS_NAMES, Module
from gradcli.language.values.functions import Builtin, Function, Method
from gradcli.language.values.generators import FunctionGenerator, Generator
from gradcli.language.values.special_names import is_special
from gradcli.language.values.text import text, text_repr

from .copy import COPIES
from .hosts import held_parts, open_attributes, open_class
from .ordering import compared


class Namespace:
    """`types.SimpleNamespace`."""

    def __init__(self, /, **kwargs: Any) -> None:
        machine.reserve(64 * len(kwargs))
        for name in kwargs:
            if is_special(name):
                raise AttributeError(f"'{name}' cannot be set", name=name)
        self.__dict__.update(kwargs)

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, Namespace):
            return NotImplemented
        return compared(operator.eq, self.__dict__, other.__dict__)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if id(self) in _running:
            return "namespace(...)"
        _running.add(id(self))
        try:
            parts = [f"{text(name)}={text_repr(value)}" for name, value in self.__dict__.items()]
        finally:
            _running.discard(id(self))
        return f"namespace({', '.join(parts)})"


_running: set[int] = set()


def _copied(value: Namespace, each: Any) -> Namespace:
    made = Namespace()
    made.__dict__.update({name: each(part) for name, part in value.__dict__.items()})
    return made


open_class(
    Namespace,
    module="types",
    name="SimpleNamespace",
    parts=held_parts,
)
open_attributes(Namespace)
COPIES[Namespace] = _copied
CLASS_NAMES[Namespace] = lambda value: "types.SimpleNamespace"


def _named(name: str, *kinds: type) -> Builtin:
    """A class of the host that programs may ask `isinstance` about, and not call."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"cannot create '{name}' instances")

    made = Builtin(name, refuse, "class", "types")
    made.instances = kinds
    return made


def module() -> Module:
    """The module `types`."""
    return Module(
        "types",
        {
            "SimpleNamespace": Namespace,
            "FunctionType": _named("FunctionType", Function),
            "LambdaType": _named("LambdaType", Function),
            "MethodType": _named("MethodType", Method),
            "GeneratorType": _named("GeneratorType", Generator, FunctionGenerator),
            "NoneType": type(None),
        },
    )

"""Text made by programs: format specs and `%`, with bounded widths."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any

from gradcli.language.machine.sizes import PLAIN, check_text, index_of, weigh
from gradcli.language.machine.state import counted, machine
from gradcli.tensor.runtime import LimitExceeded, runtime
from gradcli.tensor.tensor import Tensor

from .identity import address_text, hidden
from .steady import Shown, steady

MAX_WIDTH = 1_000_000

_NUMBER = r"\d{6,}"  # digits of every script count in a format spec
_PERCENT = (
    r"%(?:\((?P<key>(?:[^()]++|\([^()]*+\))*+)\))?[-#0 +]*(?P<width>\*|\d+)?"
    r"(?:\.(?P<precision>\*|\d*))?[hlL]?(?P<kind>.)?"
)


def refuse_width() -> None:
    """Raise LimitExceeded for a field of a format that is too wide."""
    raise LimitExceeded(
        f"a width or precision above {MAX_WIDTH:,} is refused in a format", "max-memory"
    )


# Methods of tensors beside the table that PyTorch writes in Python; the others are built-in to a
# reader.
_IN_PYTHON = frozenset(
    ["backward", "register_hook", "register_post_accumulate_grad_hook", "storage"]
)


def _method_text(value: MethodType) -> str:
    """The text of a method that was read and not called: `x.mean` without parentheses."""
    from gradcli.table.names import marked
    from gradcli.torch import methods

    function, owner = value.__func__, value.__self__
    name = next((key for key, other in methods.METHODS.items() if other is function), None)
    name = name or function.__name__
    in_python = name in _IN_PYTHON or name in marked("written:Tensor", "Tensor")
    if type(owner) is not Tensor or in_python:
        return checked(value, repr)
    return f"<built-in method {name} of Tensor object at {address_text(owner)}>"


def checked(value: Any, make: Callable[[Any], str] = str) -> str:
    """`make(value)`, a text that the host makes, after a look at how long it will be."""
    made = steady(value, make) if check_text(value) else make(value)
    return hidden(made, value)


def format_value(value: Any, spec: str) -> str:
    """`format(value, spec)` with a bounded width."""
    if type(value) is MethodType and not spec:
        return _method_text(value)
    if spec and len(spec) > 5:
        for number in re.findall(_NUMBER, spec):
            if len(number) > 20 or int(number) > MAX_WIDTH:
                refuse_width()
            machine.reserve(4 * int(number))
    if type(value) in PLAIN:
        return format(value, spec)
    if not spec and type(type(value)) is type:
        return checked(value, str)
    return checked(value, lambda value: format(value, spec))


def text(value: Any) -> str:
    """`str(value)`."""
    if type(value) not in PLAIN:
        if type(value) is MethodType:
            return _method_text(value)
        return checked(value, str)
    return str(value)


def text_repr(value: Any) -> str:
    """`repr(value)`."""
    if type(value) not in PLAIN:
        if type(value) is MethodType:
            return _method_text(value)
        return checked(value, repr)
    return repr(value)


def text_ascii(value: Any) -> str:
    """`ascii(value)`."""
    if type(value) not in PLAIN:
        return checked(value, ascii)
    return ascii(value)


def _conversions(template: str) -> Iterator[re.Match[str]]:
    """The conversions of a template, each a step."""
    for match in counted(re.finditer(_PERCENT, template, re.DOTALL)):
        if match["kind"] != "%":
            yield match


def percent(template: str, values: Any) -> str:
    """`template % values`."""
    machine.reserve(4 * len(template))
    if not isinstance(values, tuple | dict | str | list | range):
        values = _looked_up(template, values)
    steadied = check_text(values)
    shown: set[Any] = set()  # places and keys of values that are shown as texts
    others: set[Any] = set()
    known: dict[str, int] = {}
    room = 0
    position = 0
    for match in _conversions(template):
        if isinstance(values, dict):
            key = match["key"]
            if key not in known:
                known[key] = weigh(values.get(key), True)
            room += known[key]
        for part in ("width", "precision"):
            given: Any = match[part] or 0
            if given == "*":
                given = 0
                if isinstance(values, tuple) and position < len(values):
                    given = index_of(values[position])
                position += 1
            elif isinstance(given, str):
                given = MAX_WIDTH + 1 if len(given) > 20 else int(given)
            if isinstance(given, int):
                if abs(given) > MAX_WIDTH:
                    refuse_width()
                room += abs(given)
        place = match["key"] if isinstance(values, dict) else position
        (shown if match["kind"] in ("s", "r", "a") else others).add(place)
        position += 1
    machine.reserve(4 * room)
    if steadied:
        values = _shown_later(values, shown - others)
    return hidden(template % values, values)


def _shown_later(values: Any, places: set[Any]) -> Any:
    """The values of a template, those at some places or keys as texts to come."""
    if isinstance(values, dict):
        return {key: Shown(value) if key in places else value for key, value in values.items()}
    if isinstance(values, tuple):
        return tuple(
            Shown(value) if place in places else value for place, value in enumerate(values)
        )
    return Shown(values) if 0 in places else values


def _looked_up(template: str, values: Any) -> Any:
    """What a template names of an object that has items; the object itself if it names nothing."""
    if not hasattr(type(values), "__getitem__"):
        return values
    names = {match["key"] for match in _conversions(template)} - {None}
    return {name: values[name] for name in names} if names else values


runtime.text = checked

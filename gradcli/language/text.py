"""Text made by programs: format specs, `%` and `str.format`, with bounded widths.

Fields of `str.format` reach attributes through the language's tables and nothing else.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping, Sequence
from typing import Any

from gradcli.tensor.runtime import LimitExceeded

from .machine import machine
from .sizes import PLAIN, check_text

MAX_WIDTH = 1_000_000

_number = re.compile(r"[0-9]{6,}")
_percent = re.compile(
    r"%(?:\((?P<key>(?:[^()]|\([^()]*\))*)\))?[-#0 +]*(?P<width>\*|\d+)?"
    r"(?:\.(?P<precision>\*|\d*))?[hlL]?(?P<kind>.)?",
    re.DOTALL,
)


_parse = string.Formatter().parse
_rest = re.compile(r"\.([^.[]*)|\[([^]]*)\]")


def _split(field: str) -> tuple[str | int, list[tuple[bool, str | int]]]:
    """A field name as what it starts from and the attributes (True) and items that follow."""
    end = min((at for at in (field.find("."), field.find("[")) if at >= 0), default=len(field))
    first, at = field[:end], end
    links: list[tuple[bool, str | int]] = []
    while at < len(field):
        match = _rest.match(field, at)
        if match is None:
            raise ValueError(
                "Missing ']' in format string"
                if field[at] == "["
                else "Only '.' or '[' may follow ']' in format field specifier"
            )
        name = match[1] if match[1] is not None else match[2]
        if not name:
            raise ValueError("Empty attribute in format string")
        is_index = match[1] is None and name.isdecimal() and name.isascii()
        links.append((match[1] is not None, int(name[:20]) if is_index else name))
        at = match.end()
    is_number = first.isdecimal() and first.isascii()
    return (int(first[:20]) if is_number else first), links


def refuse_width() -> None:
    raise LimitExceeded(
        f"a width or precision above {MAX_WIDTH:,} is refused in a format", "max-memory"
    )


def format_value(value: Any, spec: str) -> str:
    """`format(value, spec)` with a bounded width."""
    if type(value) not in PLAIN:
        check_text(value)
    if spec and len(spec) > 5:
        for number in _number.findall(spec):
            if len(number) > 20 or int(number) > MAX_WIDTH:
                refuse_width()
    return format(value, spec)


def text(value: Any) -> str:
    """`str(value)`."""
    if type(value) not in PLAIN:
        check_text(value)
    return str(value)


def text_repr(value: Any) -> str:
    """`repr(value)`."""
    if type(value) not in PLAIN:
        check_text(value)
    return repr(value)


def text_ascii(value: Any) -> str:
    """`ascii(value)`."""
    if type(value) not in PLAIN:
        check_text(value)
    return ascii(value)


def percent(template: str, values: Any) -> str:
    """`template % values`."""
    check_text(values)
    machine.reserve(4 * len(template))
    position = 0
    for match in _percent.finditer(template):
        if match["kind"] == "%":
            continue
        for part in ("width", "precision"):
            given_width = match[part]
            if given_width == "*":
                if isinstance(values, tuple) and position < len(values):
                    given = values[position]
                    if isinstance(given, int) and abs(given) > MAX_WIDTH:
                        refuse_width()
                position += 1
            elif given_width and (len(given_width) > 20 or int(given_width) > MAX_WIDTH):
                refuse_width()
        position += 1
    result: str = template % values
    return result


def render(template: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> str:
    """`template.format(*args, **kwargs)`."""
    return _Formatter(args, kwargs).run(template, 2)


class _Formatter:
    def __init__(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs
        self.automatic: int | None = 0

    def run(self, template: str, depth: int) -> str:
        if depth < 0:
            raise ValueError("Max string recursion exceeded")
        parts = []
        for literal, field, spec, conversion in _parse(template):
            if literal:
                parts.append(literal)
            if field is None:
                continue
            value = self.field(field)
            if conversion is not None:
                if conversion == "r":
                    value = text_repr(value)
                elif conversion == "s":
                    value = text(value)
                elif conversion == "a":
                    value = text_ascii(value)
                else:
                    raise ValueError(
                        f"Unknown conversion specifier {conversion!s}"
                        if len(conversion) == 1
                        else "expected ':' after conversion specifier"
                    )
            made = format_value(value, self.run(spec, depth - 1) if spec else "")
            machine.reserve(4 * len(made))
            parts.append(made)
        return "".join(parts)

    def field(self, field: str) -> Any:
        from .attributes import READABLE, is_special, load_attribute

        first, rest = _split(field)
        value: Any
        if first == "":
            if self.automatic is None:
                raise ValueError(
                    "cannot switch from manual field specification to automatic field numbering"
                )
            first = self.automatic
            self.automatic += 1
        elif isinstance(first, int):
            if self.automatic:
                raise ValueError(
                    "cannot switch from automatic field numbering to manual field specification"
                )
            self.automatic = None
        if isinstance(first, int):
            try:
                value = self.args[first]
            except IndexError:
                raise IndexError(
                    f"Replacement index {first} out of range for positional args tuple"
                ) from None
        else:
            value = self.kwargs[first]
        for is_attribute, name in rest:
            if not is_attribute:
                value = value[name]
                continue
            name = str(name)
            if is_special(name) and name not in READABLE:
                raise AttributeError(
                    f"'{type(value).__name__}' object has no attribute '{name}'", name=name
                )
            value = load_attribute(value, name)
        return value

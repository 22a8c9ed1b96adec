"""`str.format` through a formatter of our own.

Fields reach attributes through the language's tables and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from gradcli.language.machine.state import counted, machine

from .attributes import load_attribute
from .python_types import STR
from .special_names import READABLE, is_special
from .text import format_value, text, text_ascii, text_repr

MANY = 1 << 16  # characters that need no look at the memory
_REST = r"\.([^.[]*)|\[([^]]*)\]"


def _parse(template: str) -> Any:
    import string

    return string.Formatter().parse(template)


def _split(field: str) -> tuple[str | int, list[tuple[bool, str | int]]]:
    """A field name as what it starts from and the attributes (True) and items that follow."""
    end = min((at for at in (field.find("."), field.find("[")) if at >= 0), default=len(field))
    first, at = field[:end], end
    links: list[tuple[bool, str | int]] = []
    while at < len(field):
        machine.spend(1)
        match = re.compile(_REST).match(field, at)
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
        total = 0
        for literal, field, spec, conversion in counted(_parse(template)):
            if literal:
                parts.append(literal)
                total += len(literal)
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
            total += len(made)
            machine.reserve(4 * total if total > MANY else 0)
            parts.append(made)
        return "".join(parts)

    def field(self, field: str) -> Any:
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


def _format(self: str, *args: Any, **kwargs: Any) -> str:
    return render(self, args, kwargs)


def _format_map(self: str, mapping: Any) -> str:
    return render(self, (), mapping)


STR["format"] = _format
STR["format_map"] = _format_map

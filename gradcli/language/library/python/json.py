"""The module `json`, with limits of depth and of width."""

from __future__ import annotations

import json as host
import sys
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from gradcli.language.machine.sizes import DEPTH, index_of, sort_in_place
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import Module, load_attribute
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.python_types import TABLES
from gradcli.language.values.text import MAX_WIDTH, refuse_width

from .hosts import Held
from .streams import writer_of


class JSONDecodeError(ValueError):
    """What `loads` says of text that is no JSON."""

    published = True

    def __init__(self, msg: str, doc: str, pos: int) -> None:
        line = doc.count("\n", 0, pos) + 1
        column = pos - doc.rfind("\n", 0, pos)
        super().__init__(f"{msg}: line {line} column {column} (char {pos})")
        self.msg = msg
        self.pos = pos
        self.lineno = line
        self.colno = column


JSONDecodeError.__module__ = "json.decoder"
TABLES[JSONDecodeError] = {
    **TABLES[BaseException],
    **{name: Held(name) for name in ("colno", "lineno", "msg", "pos")},
}


class _Writer:
    """One text that is being written, piece by piece."""

    def __init__(
        self,
        skipkeys: Any,
        ensure_ascii: Any,
        allow_nan: Any,
        indent: Any,
        separators: Any,
        default: Any,
        sort_keys: Any,
    ) -> None:
        self.skipkeys = skipkeys
        self.quote = encode_basestring_ascii if ensure_ascii else encode_basestring
        self.allow_nan = allow_nan
        if indent is not None and not isinstance(indent, str):
            width = index_of(indent)
            if not isinstance(width, int):
                raise TypeError(f"can't multiply sequence by non-int of type '{type(width)}'")
            if width > MAX_WIDTH:
                refuse_width()
            indent = " " * width
        self.indent = indent
        between = ", " if indent is None else ","
        self.between: Any
        self.colon: Any
        self.between, self.colon = (between, ": ") if separators is None else separators
        for piece in (self.between, self.colon):
            if not isinstance(piece, str):
                raise TypeError("separators are texts")
        self.default = None if default is None else callable_value(default)
        self.sort_keys = sort_keys
        self.pieces: list[str] = []
        self.open: set[int] = set()

    def add(self, piece: str) -> None:
        """One more piece, a step."""
        machine.fuel -= 1
        if machine.fuel < 0:
            machine.refuel()
        machine.reserve(64 + 4 * len(piece))
        self.pieces.append(piece)

    def line(self, depth: int) -> None:
        """The start of a line, where there are lines."""
        if self.indent is not None:
            machine.reserve(4 * len(self.indent) * depth)
            self.add("\n" + self.indent * depth)

    def number(self, value: Any) -> str:
        """The text of a float."""
        if value != value or value in (float("inf"), float("-inf")):
            if not self.allow_nan:
                terse = sys.version_info < (3, 12) and self.indent is None
                which = "" if terse else f": {value!r}"
                raise ValueError(f"Out of range float values are not JSON compliant{which}")
            return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
        return float.__repr__(value)

    def plain(self, value: Any) -> str | None:
        """The text of what has no parts."""
        if isinstance(value, str):
            return self.quote(value)
        if value is None:
            return "null"
        if value is True:
            return "true"
        if value is False:
            return "false"
        if isinstance(value, int):
            return int.__repr__(value)
        if isinstance(value, float):
            return self.number(value)
        return None

    def value(self, value: Any, depth: int) -> None:
        """Write a value."""
        if depth > DEPTH:
            raise RecursionError("maximum recursion depth exceeded while encoding a JSON object")
        plain = self.plain(value)
        if plain is not None:
            self.add(plain)
            return
        if id(value) in self.open:
            raise ValueError("Circular reference detected")
        self.open.add(id(value))
        if isinstance(value, list | tuple):
            self.several(list(value), "[]", depth, lambda item: self.value(item, depth + 1))
        elif isinstance(value, dict):
            self.mapping(value, depth)
        elif self.default is None:
            raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
        else:
            self.value(self.default(value), depth + 1)
        self.open.discard(id(value))

    def several(self, items: list[Any], brackets: str, depth: int, write: Any) -> None:
        """Write items between brackets."""
        if not items:
            self.add(brackets)
            return
        self.add(brackets[0])
        for at, item in enumerate(counted(items)):
            if at:
                self.add(self.between)
            self.line(depth + 1)
            write(item)
        self.line(depth)
        self.add(brackets[1])

    def mapping(self, value: dict[Any, Any], depth: int) -> None:
        """Write a dictionary."""
        pairs = list(value.items())
        if self.sort_keys:
            sort_in_place(pairs, lambda pair: pair[0])
        named = []
        for key, item in counted(pairs):
            name = key if isinstance(key, str) else self.plain(key)
            if name is None:
                if self.skipkeys:
                    continue
                raise TypeError(
                    f"keys must be str, int, float, bool or None, not {type(key).__name__}"
                )
            named.append((name, item))

        def write(pair: tuple[str, Any]) -> None:
            self.add(self.quote(pair[0]))
            self.add(self.colon)
            self.value(pair[1], depth + 1)

        self.several(named, "{}", depth, write)


def _dumps(
    obj: Any,
    *,
    skipkeys: Any = False,
    ensure_ascii: Any = True,
    check_circular: Any = True,
    allow_nan: Any = True,
    cls: Any = None,
    indent: Any = None,
    separators: Any = None,
    default: Any = None,
    sort_keys: Any = False,
) -> str:
    writer = _Writer(skipkeys, ensure_ascii, allow_nan, indent, separators, default, sort_keys)
    writer.value(obj, 0)
    machine.reserve(4 * sum(map(len, writer.pieces)))
    return "".join(writer.pieces)


def _dump(obj: Any, fp: Any, **options: Any) -> None:
    writer_of(fp)(_dumps(obj, **options))


def _check_depth(text: str) -> None:
    """Refuse text that is nested too deeply, before the host reads it on its own stack."""
    if text.count("[") + text.count("{") <= DEPTH:
        return
    depth = 0
    quoted = escaped = False
    for letter in counted(text):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = quoted
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter in "[{":
            depth += 1
            if depth > DEPTH:
                raise RecursionError(
                    "maximum recursion depth exceeded while decoding a JSON object"
                )
        elif not quoted and letter in "]}":
            depth -= 1


def _loads(s: Any, *, cls: Any = None, object_hook: Any = None) -> Any:
    if not isinstance(s, str):
        raise TypeError(f"the JSON object must be str, bytes or bytearray, not {type(s).__name__}")
    if s.startswith("\ufeff"):
        raise JSONDecodeError("Unexpected UTF-8 BOM (decode using utf-8-sig)", s, 0)
    machine.reserve(32 * len(s))
    machine.spend(len(s) >> 4)
    _check_depth(s)
    hook = None if object_hook is None else callable_value(object_hook)
    try:
        return host.loads(s, object_hook=hook)
    except host.JSONDecodeError as error:
        raise JSONDecodeError(error.msg, s, error.pos) from None


def _load(fp: Any, **options: Any) -> Any:
    return _loads(load_attribute(fp, "read")(), **options)


def module() -> Module:
    """The module `json`."""
    return Module(
        "json",
        {
            "dumps": _dumps,
            "dump": _dump,
            "loads": _loads,
            "load": _load,
            "JSONDecodeError": JSONDecodeError,
        },
    )

"""Documents (dicts, lists, numbers, strings, tensors) to strict JSON text.

A tensor is written bare, as nested lists of its elements, or, where that would lose something
that was asked for (`full`) or its shape (an empty one of more than one dimension), as
`{"dtype": …, "shape": […], "data": …}`.
"""

from __future__ import annotations

from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from ..tensor.dtypes import Array, DType
from .digits import Style, elements, number
from .errors import DataError
from .text import escaped


class Raw:
    """A piece of JSON text, written as it is."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Typed:
    """An array with its dtype, and what more `--full` tells of it, in order."""

    __slots__ = ("array", "dtype", "facts")

    def __init__(self, array: Array, dtype: DType, facts: dict[str, Any] | None = None) -> None:
        self.array = array
        self.dtype = dtype
        self.facts = facts


class Writer:
    """A layout: `indent` None is one line without spaces, otherwise that many per level.

    With an indent, a list whose items are all scalars stays on one line, so that a matrix has
    one line a row. `style` says what stands for NaN and the infinities.
    """

    __slots__ = ("brackets", "comma", "full", "indent", "style")

    def __init__(
        self, *, indent: int | None = None, style: Style = "string", full: bool = False
    ) -> None:
        self.indent = indent
        self.style = style
        self.full = full
        self.brackets = ("[", ",", "]")  # of lists on one line
        self.comma = "," if indent is None else ", "

    def text(self, value: Any) -> str:
        """`value` as JSON, without a line break at the end."""
        return self._value(value, 0)

    def _value(self, value: Any, level: int) -> str:
        kind = type(value)
        if kind is Typed:
            return self._typed(value, level)
        if value is None:
            return "null"
        if kind is bool:
            return "true" if value else "false"
        if kind is float:
            return number(value, self.style)
        if kind is int:
            return _integer(value)
        if kind is str:
            return string(value)
        if kind is dict:
            return self._members(value, level)
        if kind is list or kind is tuple:
            return self._items([self._value(item, level + 1) for item in value], level)
        if kind is complex:
            return self._complex(value)
        if kind is Raw:
            return str(value.text)
        raise DataError(f"a value of type {kind.__name__} has no JSON form")

    def _complex(self, value: complex) -> str:
        real, imaginary = number(value.real, self.style), number(value.imag, self.style)
        return f'{{"re":{real},"im":{imaginary}}}'

    def _members(self, members: dict[Any, Any], level: int) -> str:
        if self.indent is None:
            return (
                "{"
                + ",".join([f"{string(k)}:{self._value(v, 0)}" for k, v in members.items()])
                + "}"
            )
        if not members:
            return "{}"
        inner = "\n" + " " * (self.indent * (level + 1))
        parts = [f"{string(k)}: {self._value(v, level + 1)}" for k, v in members.items()]
        return "{" + inner + f",{inner}".join(parts) + "\n" + " " * (self.indent * level) + "}"

    def _items(self, texts: list[str], level: int) -> str:
        if self.indent is None or not any(text[0] in "[{" and len(text) > 2 for text in texts):
            return f"[{self.comma.join(texts)}]"
        inner = "\n" + " " * (self.indent * (level + 1))
        return "[" + inner + f",{inner}".join(texts) + "\n" + " " * (self.indent * level) + "]"

    def _typed(self, value: Typed, level: int) -> str:
        if not self._is_lossless(value):
            return self._array(value, level)
        return self._members(self._lossless(value, self._array(value, level + 1)), level)

    def _is_lossless(self, value: Typed) -> bool:
        shape = value.array.shape
        return value.facts is not None or self.full or (len(shape) > 1 and 0 in shape)

    def _lossless(self, value: Typed, data: str) -> dict[str, Any]:
        members: dict[str, Any] = {"dtype": value.dtype.name, "shape": list(value.array.shape)}
        return {**members, **(value.facts or {}), "data": Raw(data)}

    def around_elements(self, value: Any) -> tuple[list[str], list[Typed]]:
        """`value` as JSON without its tensors' elements: the texts around them, and the tensors."""
        tensors: list[Typed] = []

        def marked(item: Any) -> Any:
            if type(item) is Typed:
                tensors.append(item)
                return self._lossless(item, "\0") if self._is_lossless(item) else Raw("\0")
            if type(item) is dict:
                return {name: marked(inner) for name, inner in item.items()}
            if type(item) in (list, tuple):
                return [marked(inner) for inner in item]
            return item

        return self.text(marked(value)).split("\0"), tensors  # JSON's texts have no such character

    def _array(self, value: Typed, level: int) -> str:
        texts = elements(value.array, value.dtype, self.style)
        shape = value.array.shape
        if not shape:
            return texts[0]
        return self._nested(texts, shape, level)

    def _nested(self, texts: list[str], shape: tuple[int, ...], level: int) -> str:
        if 0 in shape:
            return "[]"
        depth = len(shape)
        for axis in range(depth - 1, -1, -1):
            length = shape[axis]
            if self.indent is None or axis == depth - 1:
                comma, opening, closing = self.comma, "[", "]"
            else:
                inner = "\n" + " " * (self.indent * (level + axis + 1))
                comma, opening = f",{inner}", f"[{inner}"
                closing = "\n" + " " * (self.indent * (level + axis)) + "]"
            texts = [
                opening + comma.join(texts[start : start + length]) + closing
                for start in range(0, len(texts), length)
            ]
        return texts[0]


def _integer(value: int) -> str:
    try:
        return str(value)
    except ValueError:
        raise DataError("an integer has more than 4300 digits") from None


def string(text: str) -> str:
    """A JSON string; what UTF-8 cannot carry (lone surrogates) is escaped, and what steers."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return encode_basestring_ascii(text)
    return escaped(encode_basestring(text))

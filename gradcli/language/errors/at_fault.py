"""Which argument of a call an error's sentence is about, and what a list in it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from gradcli.language.syntax import nodes
from gradcli.language.syntax.source import Span
from gradcli.tensor.tensor import Tensor

MOST = 8  # elements of a list that are described

_NAMED = re.compile(r"\(\): argument '(\w+)'(?: \(position (\d+)\))? must be")
_ELEMENT = re.compile(r"expected Tensor as element (\d+) in argument (\d+)")
_IN_LIST = re.compile(
    r"for tensor number (\d+) in the list|\] at entry 0 and .* at entry (\d+)|"
    r"tensor \(at position (\d+)\) cannot be concatenated"
)
_DIMENSION = re.compile(r"Dimension out of range .*, but got (-?\d+)\)|dimension.* but got (-?\d+)")
_SIZES = re.compile(r"shape '\[.*\]' is invalid for input of size|Invalid shape dimension")
_DIMENSIONS = ("dim", "dims", "axis", "dim0", "dim1", "start_dim", "end_dim", "source")


def elements(node: nodes.Call, values: list[Any]) -> Iterator[tuple[Span, Any]]:
    """The elements of lists and tuples that are written as arguments, with their values."""
    for argument, value in zip(node.args, values, strict=False):
        if not isinstance(argument, nodes.List | nodes.Tuple) or type(value) not in (list, tuple):
            continue
        if len(argument.elts) == len(value) <= MOST and not any(
            isinstance(item, nodes.Starred) for item in argument.elts
        ):
            yield from ((item.span, held) for item, held in zip(argument.elts, value, strict=True))


def span_at_fault(node: nodes.Call, values: list[Any], sentence: str) -> Span | None:
    """The argument, or the element of one, that the sentence names; None when it names none."""
    if not _names_one(sentence) or any(isinstance(item, nodes.Starred) for item in node.args):
        return None
    named = _NAMED.search(sentence)
    if named is not None:
        keyword = _keyword(node, (named[1],))
        if keyword is not None:
            return keyword
        return _positional(node, int(named[2]) - 1) if named[2] else None
    element = _ELEMENT.search(sentence)
    if element is not None:
        return _element(_argument(node, int(element[2])), int(element[1]))
    placed = _IN_LIST.search(sentence)
    if placed is not None:
        return _element(_argument(node, 0), int(placed[1] or placed[2] or placed[3]))
    dimension = _DIMENSION.search(sentence)
    if dimension is not None:
        return _dimension(node, values, int(dimension[1] or dimension[2]))
    if _SIZES.search(sentence):
        numbers = [
            argument.span
            for argument, value in zip(node.args, values, strict=False)
            if type(value) is not Tensor
        ]
        return Span(numbers[0].start, numbers[-1].end) if numbers else None
    return None


@lru_cache(256)  # the records of a stream fail with few sentences
def _names_one(sentence: str) -> bool:
    patterns = (_NAMED, _ELEMENT, _IN_LIST, _DIMENSION, _SIZES)
    return any(pattern.search(sentence) for pattern in patterns)


def _dimension(node: nodes.Call, values: list[Any], number: int) -> Span | None:
    """The argument that is this dimension, or holds it."""
    found = _keyword(node, _DIMENSIONS)
    if found is not None:
        return found
    for argument, value in zip(node.args, values, strict=False):
        if type(value) is int and value == number:
            return argument.span
        if type(value) in (list, tuple) and number in [v for v in value if type(v) is int]:
            return _element(argument, list(value).index(number)) or argument.span
    return None


def _keyword(node: nodes.Call, names: tuple[str, ...]) -> Span | None:
    for keyword in node.keywords:
        if keyword.arg in names:
            return keyword.value.span
    return None


def _argument(node: nodes.Call, place: int) -> Any:
    return node.args[place] if place < len(node.args) else None


def _positional(node: nodes.Call, place: int) -> Span | None:
    argument = _argument(node, place) if place >= 0 else None
    return None if argument is None else argument.span


def _element(argument: Any, place: int) -> Span | None:
    if isinstance(argument, nodes.List | nodes.Tuple) and place < len(argument.elts):
        return argument.elts[place].span
    return None if argument is None else argument.span

"""JSON as records: a value a line, values one after the other over any lines, or a list of them.

Whole lines are taken as they come. A line that leaves a bracket open goes on with those behind it;
where one of these is an object by itself, and no item of a list, what was open is a bad record. A
list at the very beginning is read item by item, and the items of lists further on are records, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..tensor.runtime import LimitExceeded, runtime
from .columns import parse_columns
from .errors import DataError
from .groups import Batch, Columns, Found, Group
from .parse import (
    Constant,
    after_space,
    decode,
    item_lines,
    parse,
    parse_flat_lines,
    scan,
    value_at,
    weight,
)
from .parse import values as values_of
from .source import CHUNK, Source
from .stream import batches, end_of_record

LARGE = 4 << 20  # bytes of a block that holds a long line, which is parsed once and alone
LONGEST_WORD = 16  # more characters than any word or number's end that could be cut off has
_MARK = "\ufeff"
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}"]')


def groups(source: Source, separated: bool = False) -> Iterator[Group]:
    """The records of a source, in groups as they come; `separated` ones begin with RFC 7464's RS.

    Raises DataError for what is wrong with the source as a whole.
    """
    line = 1
    head = source.read()
    source.keep(head)
    if not separated:
        while head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n").startswith(b"["):
            items = _Items(source, line)
            yield from items
            if items.broken:
                return
            line = items.line
            head = source.read()
            source.keep(head)
    left = _Open()
    for block in batches(0, separated=separated, read=lambda descriptor, size: source.read(size)):
        lines = Lines(block, line, separated, left)
        yield lines
        line += lines.breaks + (not separated)  # what divides blocks is in none
    if left.lines:
        found = _Records(line, left)
        found.unfinished()
        yield found.batch()


class _Open:
    """Lines that have left brackets open, and these brackets from the outermost on."""

    __slots__ = ("brackets", "lines")

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.brackets: list[str] = []

    def take(self, text: str) -> bool:
        """Go on with a line; False, and nothing else, for one that cannot be part of a value."""
        tokens = [token for token in _TOKENS.findall(text) if len(token) == 1]
        if '"' in tokens:
            return False  # a text that does not end on its line
        for token in tokens:
            if token in "[{":
                self.brackets.append(token)
            elif self.brackets:
                self.brackets.pop()
        self.lines.append(text)
        return True

    def wants_item(self) -> bool:
        """Whether the next value is an item of a list."""
        return self.brackets[-1] == "[" and self.lines[-1].rstrip()[-1:] in ("[", ",")

    def clear(self) -> list[str]:
        """Begin anew; the lines that were open."""
        lines, self.lines, self.brackets = self.lines, [], []
        return lines


class Lines:
    """A block of whole lines that begins on `line`, behind lines that left something open."""

    __slots__ = ("block", "breaks", "left", "line", "separated")

    def __init__(self, block: bytes, line: int, separated: bool, left: _Open) -> None:
        self.block = block.removeprefix(b"\xef\xbb\xbf") if line == 1 else block
        self.breaks = int(np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")))
        self.line = line
        self.separated = separated
        self.left = left

    def expected(self) -> int | None:
        """As many as lines, where each looks like one object."""
        block = self.block
        if self.separated or self.left.lines or block[:1] != b"{" or block[-1:] != b"}":
            return None
        letters = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(letters == ord("\n"))
        each = (letters[ends - 1] == ord("}")) & (letters[ends + 1] == ord("{"))
        return self.breaks + 1 if each.all() else None

    def columns(self) -> Columns | None:
        """All lines as columns, if each is a flat object of the same names and numbers alone."""
        if self.left.lines or len(self.block) > LARGE:
            return None
        parsed = parse_columns(self.block)
        return None if parsed is None else Columns(*parsed)

    def records(self) -> Batch:
        """The records of the lines; what the last ones leave open is in `left` then."""
        block, line = self.block, self.line
        end = end_of_record(self.separated)
        try:
            text = block.decode()
        except UnicodeDecodeError:
            return self._each(block.split(end))
        if not self.separated and not self.left.lines and len(block) <= LARGE:
            flat = parse_flat_lines(text, text.count("\n") + 1)
            if flat is not None:
                return Batch(flat, lambda place: line + place)
        return self._each(text.split(end.decode()))

    def _each(self, texts: list[str] | list[bytes]) -> Batch:
        found = _Records(self.line, self.left)
        for text in texts:
            if self.separated:
                found.value(text)
                found.line += text.count("\n" if isinstance(text, str) else b"\n")  # type: ignore[arg-type]
            else:
                found.add_line(text)
        return found.batch()


class _Records:
    """Collects records with the lines on which they begin."""

    def __init__(self, line: int, left: _Open | None = None) -> None:
        self.line = line  # that comes next
        self.found: list[Found] = []
        self.lines: list[int] = []
        self.left = left or _Open()

    def batch(self) -> Batch:
        """The records, with their lines."""
        return Batch(self.found, self.lines.__getitem__)

    def add_line(self, text: str | bytes) -> None:
        """Take one more line."""
        left = self.left
        if left.lines and not self._goes_on(text):
            self.unfinished()
        elif left.lines and not left.brackets:
            lines = left.clear()
            self.line -= len(lines) - 1
            self.value("\n".join(lines))
            self.line += len(lines)
            return
        elif left.lines:
            self.line += 1
            return
        self.value(text, may_go_on=True)
        self.line += 1

    def _goes_on(self, text: str | bytes) -> bool:
        """Whether a line goes on with what is open; it is taken then."""
        try:
            text = text if isinstance(text, str) else decode(text)
        except DataError:
            return False
        if text[:1] == "{" and not self.left.wants_item() and _is_object(text):
            return False
        return self.left.take(text)

    def unfinished(self) -> None:
        """What stays open: a bad record for every line that an object begins on.

        The lines stand before the one that comes next.
        """
        lines = self.left.clear()
        starts = [place for place, text in enumerate(lines) if text[:1] == "{" or not place]
        for start, stop in zip(starts, [*starts[1:], len(lines)], strict=True):
            line = self.line - len(lines) + start
            text = "\n".join(lines[start:stop])
            try:
                self.put(checked(parse(text)), line)
            except DataError as error:
                self.put(_moved(error, line), line)

    def value(self, text: str | bytes, may_go_on: bool = False) -> None:
        """Take the records of a text, if it holds any, or what is wrong with it."""
        if not text or text.isspace():
            return
        line = self.line
        try:
            if isinstance(text, bytes):
                text = (_MARK if text.startswith(b"\xef\xbb\xbf") else "") + decode(text)
            indent = text[: len(text) - len(text.lstrip())]
            line += indent.count("\n")
            self._records(text, 0, parse(text))
        except DataError as error:
            if may_go_on and isinstance(text, str) and self._opens(text):
                return
            if isinstance(text, str) and "something after" in error.message:
                self._several(text)
            else:
                self.put(_moved(error, self.line), line)
        except LimitExceeded as limit:
            if limit.limit != "max-memory":
                raise
            self.put(limit, line)  # type: ignore[arg-type]

    def _opens(self, text: str) -> bool:
        """Whether a line leaves something open; it is taken then."""
        if self.left.take(text) and self.left.brackets:
            return True
        self.left.clear()
        return False

    def _several(self, text: str) -> None:
        """Take the values that follow each other in a text, up to what is none."""
        place = 0
        try:
            for place, value in values_of(text):
                self._records(text, place, value)
            return
        except DataError as error:
            self.put(_moved(error, self.line), self.line + text.count("\n", 0, place))

    def _records(self, text: str, place: int, value: Any) -> None:
        if type(value) is list:
            line = self.line + text.count("\n", 0, place)
            lines = item_lines(text[place:])
            for at_line, item in zip(lines, value, strict=True):
                self.put(checked(item), line + at_line - 1)
        else:
            start = after_space(text, place)
            self.put(checked(value), self.line + text.count("\n", 0, start))

    def put(self, found: Found, line: int) -> None:
        """Take a record that begins on a line."""
        self.found.append(found)
        self.lines.append(line)


def _moved(error: DataError, line: int) -> DataError:
    """An error in a text that begins on `line`."""
    if error.line is not None:
        error.line += line - 1
    return error


def _is_object(text: str) -> bool:
    try:
        return type(parse(text)) is dict
    except DataError:
        return False


def checked(value: Any) -> Found:
    """A value as a record, or what is wrong with it."""
    if type(value) is dict:
        return value
    from .values import described

    help = 'write {"x": …}'
    if type(value) in (int, float):
        help = "jq -c '{x: .}' makes records of numbers"
    elif type(value) is list and value and not isinstance(value[0], dict):
        names = ", ".join(f"{name}: .[{place}]" for place, name in enumerate("xyz"[: len(value)]))
        help = f"jq -c '.[] | {{{names}}}' makes records of lists"
    elif type(value) is list:
        help = "jq -c '.[][]' makes records of lists of lists"
    return DataError(f"a record is an object, not {described(value)}", help=help)


class _Items:
    """The items of a list that is at the beginning of a source, as records in groups."""

    def __init__(self, source: Source, line: int) -> None:
        self.source = source
        self.line = line  # up to which has been read, at the end
        self.broken = True  # until the list is closed

    def __iter__(self) -> Iterator[Batch]:
        import codecs

        decoder = codecs.getincrementaldecoder("utf-8")()
        text, place, ended = "", 0, False
        separator = True  # whether a comma, or the bracket, was the last
        opened = False
        first = True
        counted = 0  # up to where lines are counted
        while True:
            self.line += text.count("\n", counted, place)
            parts = [text[place:]]
            # An item that is not whole yet is read again when there is twice as much of it.
            wanted = len(parts[0]) if len(parts[0]) > CHUNK else 1
            while wanted > 0 and not ended:
                data = self.source.read()
                ended = not data
                try:
                    parts.append(decoder.decode(data, ended))
                except UnicodeDecodeError:
                    bad = DataError("this is not UTF-8", line=self.line)
                    yield Batch([bad], lambda place, line=self.line: line)  # type: ignore[misc]
                    return
                wanted -= len(parts[-1])
            text = "".join(parts)
            if len(text) > LARGE:
                runtime.reserve(weight(text))
            counted = 0
            place = 0 if opened else text.index("[") + 1
            opened = True
            found = _Records(self.line)
            closed = False
            while True:
                place = after_space(text, place)
                if place == len(text):
                    break
                self.line += text.count("\n", counted, place)
                counted = place
                character = text[place]
                if character == "]" and (first or not separator):
                    closed = True
                    break
                if not separator:
                    if character != ",":
                        found.put(DataError("expected ',' or ']'", line=self.line), self.line)
                        yield found.batch()
                        return
                    separator, place = True, place + 1
                    continue
                item = _item(text, place, ended)
                if item is None:
                    break
                value, end = item
                if isinstance(value, DataError):
                    value = _moved(value, self.line)
                found.put(value, self.line)
                first = separator = False
                if end < 0:
                    yield found.batch()
                    return
                place = end
            if found.found:
                yield found.batch()
            if closed:
                rest = text[place + 1 :].encode() + decoder.getstate()[0]
                self.source.keep(rest)
                self.broken = False
                return
            if ended:
                bad = DataError("the list is not closed", line=self.line)
                yield Batch([bad], lambda place, line=self.line: line)  # type: ignore[misc]
                return


def _item(text: str, place: int, ended: bool) -> tuple[Found, int] | None:
    """The item that begins at a place and where it ends, or None if more is to be read for it.

    The end is below 0 for an item that is wrong in such a way that its end is not known.
    """
    try:
        value, end = scan(text, place)
    except (StopIteration, json.JSONDecodeError, Constant, ValueError, RecursionError) as error:
        if not ended and _cut_off(error, text):
            return None
        end = _end_of(text, place)
        if end is None and not ended and text[place] in "[{":
            return None
        try:
            value_at(text[place:end], 0)
        except DataError as wrong:
            return wrong, -1 if end is None else end
        raise
    if end == len(text) and not ended and text[place] not in '{["':
        return None  # a number may have more digits
    if type(value) is dict and len(value) != text.count(":", place, end):
        try:
            value_at(text[place:end], 0)
        except DataError as wrong:
            return wrong, end
    return checked(value), end


def _cut_off(error: Exception, text: str) -> bool:
    if isinstance(error, StopIteration):
        return bool(error.value >= len(text) - LONGEST_WORD)
    if isinstance(error, json.JSONDecodeError):
        return error.pos >= len(text) - LONGEST_WORD or error.msg.startswith("Unterminated string")
    return False


def _end_of(text: str, start: int) -> int | None:
    """Where the brackets that open at `start` are closed again."""
    depth = 0
    if text[start] not in "[{":
        return None
    for match in _TOKENS.finditer(text, start):
        token = match[0]
        if len(token) == 1 and token != '"':
            depth += 1 if token in "[{" else -1
            if not depth:
                return match.end()
    return None

"""Messages for people: a title, the source with marks under it, and what to do.

The form is that of Rust's compiler:

    error: RuntimeError: Trying to backward through the graph a second time …
      --> loss.grad:12:1
       |
    10 | y.backward()
       | ------------ the graph of `y` was freed here
    12 | y.backward()
       | ^^^^^^^^^^^^ needs values that are gone
       |
       = help: keep them with y.backward(retain_graph=True) on line 10

Carets mark the primary place, dashes the others. A gap of several lines between two that are
shown is a line of three dots; lines that are too long are clipped around their marks. Columns count
terminal cells, so that marks stand right under tabs and wide characters; control characters are
never passed to the terminal.
"""

from __future__ import annotations

import re

from gradcli.language.syntax.source import Span, expand, width
from gradcli.language.syntax.terminal import clean, cut

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from gradcli.language.syntax.error import GradSyntaxError
    from gradcli.language.syntax.source import Source

LINE_WIDTH = 100  # columns of a source line, where no terminal says how many there are
READABLE = 20  # columns in which what a label says is broken into lines
LEAST = 12  # columns that there are to be in any terminal

_code = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*(?:Error|Exception|Warning|Exceeded|Interrupt)): ")
_reset = "\x1b[0m"
_styles = {
    "error": "\x1b[1;31m",
    "warning": "\x1b[1;33m",
    "title": "\x1b[1m",
    "gutter": "\x1b[1;34m",
    "secondary": "\x1b[1;34m",
    "help": "\x1b[1;36m",
}


class Label:
    """A place in a source, and what is said there (nothing, if empty).

    `source` is given when it is another one than the diagnostic's.
    """

    __slots__ = ("primary", "source", "span", "text")

    def __init__(
        self, span: Span, text: str = "", primary: bool = True, source: Source | None = None
    ) -> None:
        self.span = span
        self.text = text
        self.primary = primary
        self.source = source


class Diagnostic:
    """One message. `title` begins with the kind of error (`RuntimeError: …`), unless `code` says
    it.

    `labels` may be given as (span, text, primary).
    """

    __slots__ = ("code", "help", "labels", "message", "notes", "severity", "source", "title")

    def __init__(
        self,
        title: str,
        source: Source | None = None,
        labels: Iterable[Label | tuple[Span, str, bool]] = (),
        help: Sequence[str] = (),
        notes: Sequence[str] = (),
        code: str | None = None,
        severity: str = "error",
    ) -> None:
        self.title = title
        self.source = source
        self.labels = [
            label if isinstance(label, Label) else Label(label[0], label[1], label[2])
            for label in labels
        ]
        self.help = [help] if isinstance(help, str) else list(help)
        self.notes = [notes] if isinstance(notes, str) else list(notes)
        self.severity = severity
        match = _code.match(title)
        self.code = code if code is not None else (match[1] if match else severity)
        self.message = title[match.end() :] if match and match[1] == self.code else title

    def __str__(self) -> str:
        return self.render()

    def render(self, color: bool = False, columns: int | None = None) -> str:
        """The text without a line break at its end.

        In a terminal of so many columns, source lines are clipped to it and what labels say breaks
        between words.
        """
        paint = _paint if color else _plain
        head = paint(f"{self.severity}:", self.severity)
        lines = [f"{head} {paint(clean(cut(self.title.rstrip())), 'title')}"]
        blocks = self._blocks()
        numbers = [
            source.position(max(label.span.start, label.span.end - 1)).line
            for source, labels in blocks
            for label in labels
        ]
        gutter = len(str(max(numbers, default=1)))
        margin = " " * gutter
        bar = f"{margin} {paint('|', 'gutter')}"
        room = None if columns is None else max(columns - gutter - len(" | "), LEAST)
        for index, (source, labels) in enumerate(blocks):
            main = next((label for label in labels if label.primary), labels[0])
            arrow = "-->" if index == 0 else ":::"
            place = clean(source.location(main.span.start))
            lines += [f"{margin}{paint(arrow, 'gutter')} {place}", bar]
            lines += _block(source, labels, gutter, paint, self.severity, room)
        if self.help or self.notes:
            if blocks:
                lines.append(bar)
            for word, texts in (("help", self.help), ("note", self.notes)):
                for text in texts:
                    first, *rest = clean(cut(text)).split("\n")
                    lines.append(f"{margin} {paint('=', 'gutter')} {paint(word, 'help')}: {first}")
                    lines += [f"{margin}         {line}".rstrip() for line in rest]
        return "\n".join(lines)

    def _blocks(self) -> list[tuple[Source, list[Label]]]:
        """The labels by source, that of the first primary one first."""
        blocks: list[tuple[Source, list[Label]]] = []
        for label in sorted(self.labels, key=lambda label: not label.primary):
            source = label.source or self.source
            if source is None:
                continue
            for known, labels in blocks:
                if known is source:
                    labels.append(label)
                    break
            else:
                blocks.append((source, [label]))
        return blocks

    def as_dict(self) -> dict[str, Any]:
        """`code`, `message`, `span` and `help`; what is not known is None."""
        span: dict[str, Any] | None = None
        blocks = self._blocks()
        if blocks:
            source, labels = blocks[0]
            first, last = labels[0].span
            line, column = source.position(first)
            end_line, end_column = source.position(max(first, last))
            span = {
                "file": source.name,
                "line": line,
                "column": column,
                "end_line": end_line,
                "end_column": end_column,
            }
        return {
            "code": self.code,
            "message": self.message,
            "span": span,
            "help": "\n".join(self.help) if self.help else None,
        }


def from_syntax_error(error: GradSyntaxError, source: Source) -> Diagnostic:
    """The diagnostic of a text that does not parse."""
    labels = [Label(error.span, error.label)]
    labels += [Label(span, text, False) for span, text in error.labels]
    return Diagnostic(
        f"{error.kind}: {error.message}", source, labels, [error.help] if error.help else []
    )


def _plain(text: str, _style: str) -> str:
    return text


def _paint(text: str, style: str) -> str:
    return f"{_styles[style]}{text}{_reset}" if text else text


class _Mark:
    """A label's part on one line, in terminal columns; the text stands at its last line."""

    __slots__ = ("end", "label", "start", "text")

    def __init__(self, label: Label, start: int, end: int, text: str) -> None:
        self.label = label
        self.start = start
        self.end = end
        self.text = text


def _block(
    source: Source, labels: list[Label], gutter: int, paint: Any, severity: str, room: int | None
) -> list[str]:
    """The lines of one source that have marks, and the marks, in so many columns of a terminal."""
    marks: dict[int, list[tuple[Label, int, int, str]]] = {}
    for label in labels:
        start, end = label.span
        first = source.position(start).line
        last = source.position(max(start, end - 1)).line
        for line in {first, last}:
            row = source.line_span(line)
            text = source.text[row.start : row.end]
            indent = len(text) - len(text.lstrip())
            a = start if line == first else row.start + indent
            b = end if line == last else row.end
            marks.setdefault(line, []).append((label, a, b, label.text if line == last else ""))
    limit = room or LINE_WIDTH
    lines: list[str] = []
    bar = paint("|", "gutter")
    margin = " " * gutter
    previous: int | None = None
    for line in sorted(marks):
        if previous is not None and line - previous > 2:
            lines.append(paint("...", "gutter"))
        previous = line
        row = source.line_span(line)
        text = source.text[row.start : row.end]
        skipped = 1 if row.start == 0 and text.startswith("\ufeff") else 0
        shown, columns = expand(text[skipped:])
        found = []
        for label, a, b, said in marks[line]:
            last_column = len(columns) - 1
            left = columns[min(max(a - row.start - skipped, 0), last_column)]
            right = columns[min(max(b - row.start - skipped, 0), last_column)]
            if left == columns[-1]:
                left += max(0, min(a, row.end) - row.end)
            found.append(_Mark(label, left, max(right, left + 1), said))
        shown, shift = _clip(shown, found, limit)
        for mark in found:
            mark.start = min(max(mark.start - shift, 0), limit - 1)
            mark.end = max(min(mark.end - shift, width(shown)), mark.start + 1)
        number = paint(str(line).rjust(gutter), "gutter")
        lines.append(f"{number} {bar} {shown}".rstrip())
        lines += [f"{margin} {bar} {drawn}" for drawn in _draw(found, paint, severity, room)]
    return lines


def _clip(text: str, marks: list[_Mark], limit: int) -> tuple[str, int]:
    """A line cut to `limit` columns around its marks, and by how much the columns moved left."""
    if width(text) <= limit:
        return text, 0
    first = min(mark.start for mark in marks)
    last = max(mark.end for mark in marks)
    start = 0
    if last > limit - 1:
        start = max(0, min(first - limit // 3, width(text) - limit))
    parts: list[str] = []
    at = 0
    for character in text:
        cells = width(character)
        if at >= start and at + cells <= start + limit:
            parts.append(character)
        elif at < start < at + cells:
            parts.append(" " * (at + cells - start))
        at += cells
    cut = "".join(parts)
    if start:
        cells = width(cut[0])
        cut = "…" + " " * (cells - 1) + cut[1:]
    if start + limit < width(text):
        cells = width(cut[-1])
        cut = cut[:-1] + "…" + " " * (cells - 1)
    return cut, start


def _draw(marks: list[_Mark], paint: Any, severity: str, room: int | None) -> list[str]:
    """The lines below a source line: marks, and the texts that belong to them.

    Marks that overlap come one below the other. Of those side by side the rightmost has its
    text behind it, if it fits into the room, the others below.
    """
    lanes: list[list[_Mark]] = []
    for mark in sorted(marks, key=lambda mark: (not mark.label.primary, mark.start, mark.end)):
        for lane in lanes:
            if all(mark.end <= other.start or other.end <= mark.start for other in lane):
                lane.append(mark)
                break
        else:
            lanes.append([mark])
    lines: list[str] = []
    for lane in lanes:
        lane.sort(key=lambda mark: mark.start)
        cells: list[tuple[int, str, str]] = []
        for mark in lane:
            sign = "^" if mark.label.primary else "-"
            cells.append((mark.start, sign * (mark.end - mark.start), _style(mark, severity)))
        hanging = [mark for mark in lane if mark.text]
        last = lane[-1]
        if last.text:
            said = clean(cut(last.text))
            if room is None or last.end + 1 + width(said) <= room:
                cells.append((last.end + 1, said, _style(last, severity)))
                hanging.pop()
        lines.append(_line(cells, paint))
        if hanging:
            lines.append(_line([(m.start, "|", _style(m, severity)) for m in hanging], paint))
        while hanging:
            mark = hanging.pop()
            bars = [(m.start, "|", _style(m, severity)) for m in hanging]
            start, texts = _placed(mark, bars[-1][0] + 2 if bars else 0, room)
            style = _style(mark, severity)
            lines += [_line([*bars, (start, said, style)], paint) for said in texts]
    return lines


def _placed(mark: _Mark, least: int, room: int | None) -> tuple[int, list[str]]:
    """Where the text below a mark begins, not left of `least`, and its lines."""
    said = clean(cut(mark.text))
    if room is None or mark.start + width(said) <= room:
        return mark.start, [said]
    import textwrap

    start = mark.start
    if room - start < READABLE:
        start = max(room - min(READABLE, width(said)), least)
    return start, textwrap.wrap(said, max(room - start, LEAST), break_long_words=False)


def _style(mark: _Mark, severity: str) -> str:
    return severity if mark.label.primary else "secondary"


def _line(cells: list[tuple[int, str, str]], paint: Any) -> str:
    parts: list[str] = []
    at = 0
    for start, text, style in cells:
        parts.append(" " * (start - at) + paint(text, style))
        at = max(at, start) + width(text)
    return "".join(parts)

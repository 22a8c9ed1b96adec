"""What a prompt asks about text that is being typed: its tokens, and whether it is all there."""

from __future__ import annotations

import re

from .error import GradSyntaxError
from .lexer import Lexer
from .parser import grammar, parse
from .source import Source, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Kind = Literal["keyword", "name", "number", "string", "operator", "comment", "magic", "error"]

INDENT = "    "
_LEAVES_BLOCK = ("return", "pass", "break", "continue", "raise")

_comment = re.compile(r"#[^\r\n]*")
_rest_of_line = re.compile(r"[^\r\n]*")
_indentation = re.compile(r"[ \t]*")
_line_break = re.compile(r"\r\n|\r|\n")


def tokens(text: str) -> list[tuple[Kind, Span]]:
    """The tokens of any text, right or wrong, in order; white space is between them.

    An f-string comes in pieces: its text is `string`, and its fields are what they are elsewhere.
    """
    words = grammar().words
    lexer = Lexer(Source(text), words)
    lexer.run()
    while lexer.error is not None:
        lexer.error = None
        resume = _resume(lexer)
        if resume is None:
            break
        lexer.scan(resume)
    found: list[tuple[Kind, Span]] = []
    layout = (words.newline, words.indent, words.dedent, words.end)
    for kind, start, end, word in zip(
        lexer.kinds, lexer.starts, lexer.ends, lexer.texts, strict=True
    ):
        if start == end or kind in layout:
            continue
        name: Kind
        if kind == words.name:
            name = "name"
        elif kind == words.number:
            name = "number"
        elif kind in (words.string, words.fstring_start, words.fstring_text, words.fstring_end):
            name = "string"
        elif kind == words.error:
            name = "error"
        else:
            name = "keyword" if word in words.keywords else "operator"
        found.append((name, Span(start, end)))
    found += [("magic", span) for span in lexer.magics]
    found.sort(key=lambda token: token[1])
    return _with_comments(text, found)


def _resume(lexer: Lexer) -> int | None:
    """Takes the end of a failed run back, and gives the position to go on from."""
    for column in (lexer.kinds, lexer.texts, lexer.starts, lexer.ends):
        column.pop()
    start, end = lexer.starts[-1], lexer.ends[-1]
    if start >= len(lexer.text):
        return None
    if lexer.strings:
        # An f-string broke off: what is left of its line goes with it.
        first = lexer.strings[0].start
        del lexer.brackets[sum(where < first for _, where in lexer.brackets) :]
        lexer.strings.clear()
        line = _rest_of_line.match(lexer.text, start)
        assert line is not None
        end = lexer.ends[-1] = line.end()
    elif start == end:
        end = lexer.ends[-1] = start + 1
    return end


def _with_comments(text: str, found: list[tuple[Kind, Span]]) -> list[tuple[Kind, Span]]:
    """The tokens with the comments, which stand in the gaps."""
    if "#" not in text:
        return found
    result: list[tuple[Kind, Span]] = []
    at = 0
    for name, span in found:
        result += _comments(text, at, span.start)
        result.append((name, span))
        at = max(at, span.end)
    return result + _comments(text, at, len(text))


def _comments(text: str, start: int, end: int) -> list[tuple[Kind, Span]]:
    return [("comment", Span(*match.span())) for match in _comment.finditer(text, start, end)]


class Completeness:
    """`status` is "complete", "incomplete" or "invalid"; `indent` is what the next line starts
    with.
    """

    __slots__ = ("indent", "status")

    def __init__(
        self, status: Literal["complete", "incomplete", "invalid"], indent: str = ""
    ) -> None:
        self.status = status
        self.indent = indent

    def __repr__(self) -> str:
        return f"Completeness({self.status!r}, {self.indent!r})"


def is_complete(text: str) -> Completeness:
    """Whether a REPL can run this text, or waits for more.

    A block is complete when a blank line follows it, or when the text has gone on behind it.
    """
    if not text.strip():
        return Completeness("complete")
    try:
        parse(Source(text))
    except GradSyntaxError as error:
        if error.at_end:
            return Completeness("incomplete", _next_indent(text))
        return Completeness("invalid")
    tail = text[len(text.rstrip()) :]
    breaks = len(_line_break.findall(tail))
    if breaks == 0 or (breaks == 1 and tail.endswith(("\n", "\r"))):
        words = grammar().words
        lexer = Lexer(Source(text), words)
        lexer.run()
        if words.dedent in lexer.kinds[-2:]:
            return Completeness("incomplete", _next_indent(text))
    return Completeness("complete")


def _next_indent(text: str) -> str:
    """The indentation that the line after this text wants."""
    words = grammar().words
    lexer = Lexer(Source(text), words)
    lexer.run()
    if lexer.brackets:
        position = lexer.source.position
        end = position(len(text.rstrip()))
        indent = _indentation.match(lexer.source.line_text(end.line))
        deeper = position(lexer.brackets[-1][1]).line == end.line
        return (indent[0] if indent else "") + (INDENT if deeper else "")
    if lexer.error is not None:
        return ""
    indent_now = lexer.indents[-1][0]
    layout = (words.newline, words.indent, words.dedent, words.end)
    real = [index for index, kind in enumerate(lexer.kinds) if kind not in layout]
    if real and lexer.texts[real[-1]] == ":":
        return indent_now + INDENT
    first = len(real) - 1
    while first > 0 and real[first] - real[first - 1] == 1:
        first -= 1
    if real and lexer.texts[real[first]] in _LEAVES_BLOCK:
        return indent_now[: -len(INDENT)]
    return indent_now

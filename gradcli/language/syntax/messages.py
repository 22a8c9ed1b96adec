"""Why a token cannot stand where it stands: Python's message where Python has one, and a remedy."""

from __future__ import annotations

from . import nodes
from .actions import describe
from .error import GradSyntaxError
from .source import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .lexer import Lexer

# What Python has and this language has not: what to write instead. The word itself is in the
# message.
REFUSALS = {
    "async": "everything here runs one step after the other: write it without async",
    "await": "everything here runs one step after the other: write it without await",
    "match": "write if … elif … else",
    "type": "give the type a name by an assignment: Name = …",
    "except*": "write except, without the star",
}

_BLOCKS = {
    "if": "'if' statement",
    "elif": "'elif' statement",
    "else": "'else' statement",
    "for": "'for' statement",
    "while": "'while' statement",
    "with": "'with' statement",
    "try": "'try' statement",
    "except": "'except' statement",
    "finally": "'finally' statement",
    "def": "function definition",
    "class": "class definition",
}
_OPENING = ("(", "[", "{")
_CLOSING = (")", "]", "}")
_COMPARE = "write == to compare"
_MAYBE = "Maybe you meant '==' or ':=' instead of '='?"
_MISTAKES = {
    ("+", "+"): "write += 1",
    ("-", "-"): "write -= 1",
    ("&", "&"): "write and",
    ("|", "|"): "write or",
    ("<", ">"): "write !=",
    ("==", "="): "write ==",
    ("!=", "="): "write !=",
    ("=", ">"): "write >= to compare",
    ("=", "<"): "write <= to compare",
    ("*", "*"): "write ** without a space",
}

_FACTORIAL = "a factorial is written math.factorial(n), or exp(special.gammaln(x + 1))"
_LAMBDA = (
    "`lambda` is a keyword of the language, not a name: call an input `lam`; a function is written "
    "`lambda x: …`"
)


class Explainer:
    """The moment at which the parser stopped: its stack, and the token that it could not take."""

    def __init__(
        self,
        tables: Any,  # the parser's Grammar
        lexer: Lexer,
        states: list[int],
        values: list[Any],
        begins: list[int],
        index: int,
        start: str,
    ) -> None:
        self.tables = tables
        self.words = tables.words
        self.lexer = lexer
        self.states = states
        self.values = values
        self.begins = begins
        self.index = index
        self.start = start
        self.kind = lexer.kinds[index]
        self.text = lexer.texts[index]
        self.previous = lexer.texts[index - 1] if index else ""
        self.previous_kind = lexer.kinds[index - 1] if index else self.words.newline
        self.span = Span(lexer.starts[index], lexer.ends[index])
        self.expected = self._expected()
        opened: list[int] = []
        for at, value in enumerate(values):
            if type(value) is str:
                if value in _OPENING:
                    opened.append(at)
                elif value in _CLOSING and opened:
                    opened.pop()
        self.bracket = opened[-1] if opened else None

    def _expected(self) -> set[str]:
        """The texts (or names) of the terminals that could stand here."""
        words = self.words
        return {
            words.text_of.get(kind, words.names[kind])
            for kind in self.tables.action[self.states[-1]]
            if self._accepts(kind)
        }

    def _accepts(self, kind: int) -> bool:
        action, goto, rules = self.tables.action, self.tables.goto, self.tables.rules
        states = list(self.states)
        while True:
            code = action[states[-1]].get(kind)
            if code is None:
                return False
            if code >= 0:
                return True
            size, origin = rules[-1 - code][:2]
            if size:
                del states[-size:]
            states.append(goto[states[-1]][origin])

    def error(self) -> GradSyntaxError:
        """The error to raise."""
        lexer, words = self.lexer, self.words
        if self.kind == words.error:
            assert lexer.error is not None
            return self._lexer_error(lexer.error)
        error = self._known() or self._plain()
        late = lexer.error
        if late is not None:
            position = lexer.source.position
            line, other = position(self.span.start).line, position(late.span.start).line
            if late.message.endswith("was never closed"):
                # What follows an open bracket was read as if it stood inside it.
                stray = late.span.start < self.span.start and (
                    self.text == ":" or self.text in self.words.keywords
                )
                if line > other or (error.message == "invalid syntax" and stray):
                    error = self._new(late.message, late.span, late.help)
            elif error.message == "invalid syntax" and error.help is None and line == other:
                error = late
        rest = set(lexer.kinds[self.index :])
        error.at_end = error.at_end or rest <= {words.dedent, words.end}
        return error

    def _lexer_error(self, error: GradSyntaxError) -> GradSyntaxError:
        if error.message.startswith("unindent") and "except" in self.expected:
            return self._new("expected 'except' or 'finally' block", error.span)
        return error

    def _new(
        self,
        message: str,
        span: Span | None = None,
        help: str | None = None,
        label: str = "",
        labels: tuple[tuple[Span, str], ...] = (),
    ) -> GradSyntaxError:
        return GradSyntaxError(message, span or self.span, help, labels, False, label)

    def _refuse(self, word: str, span: Span) -> GradSyntaxError:
        what = f"the {word} statement" if word in ("match", "type") else word
        return self._new(f"{what} is not part of the language", span, REFUSALS[word])

    def _next(self) -> Span:
        """The span of the first token from here on that is not layout, if there is one."""
        lexer, words = self.lexer, self.words
        index = self.index
        while lexer.kinds[index] in (words.dedent, words.newline):
            index += 1
        if lexer.kinds[index] == words.end:
            return self.span
        return Span(lexer.starts[index], lexer.ends[index])

    def _known(self) -> GradSyntaxError | None:
        """The cases with a message of their own."""
        words = self.words
        if self.kind == words.reserved:
            return self._refuse(self.text, self.span)
        if self.kind == words.indent:
            return self._new(
                "unexpected indent", None, "remove the spaces at the start of this line"
            )
        if "_INDENT" in self.expected:
            return self._block_missing()
        if "except" in self.expected and "finally" in self.expected:
            return self._new(
                "expected 'except' or 'finally' block", self._next(), "a try needs one of them"
            )
        return (
            self._soft_keyword()
            or self._inside_fstring()
            or self._assignment()
            or self._header()
            or self._conditional()
            or self._display()
            or self._imports()
            or self._comma()
        )

    def _keyword(self) -> tuple[str, int] | None:
        """The keyword of the statement that the token is in, and its place on the stack."""
        for at in range(len(self.values) - 1, -1, -1):
            value = self.values[at]
            if type(value) is str and value in _BLOCKS:
                if value in ("if", "else", "for") and at and self._is_expression(at - 1):
                    continue  # a conditional expression or a comprehension
                return value, at
        return None

    def _is_expression(self, at: int) -> bool:
        return isinstance(self.values[at], nodes.expr)

    def _block_missing(self) -> GradSyntaxError:
        found = self._keyword()
        keyword, at = found if found else ("", 0)
        line = self.lexer.source.position(self.begins[at]).line
        what = _BLOCKS.get(keyword, "statement")
        start = self.begins[at]
        return self._new(
            f"expected an indented block after {what} on line {line}",
            self._next(),
            "indent the lines that belong to it; `pass` stands for none",
            labels=((Span(start, start + len(keyword)), f"this {keyword} has no body"),),
        )

    def _soft_keyword(self) -> GradSyntaxError | None:
        index = self.index
        lexer, words = self.lexer, self.words
        if self.previous == "except" and self.text == "*":
            return self._refuse("except*", Span(lexer.starts[index - 1], self.span.end))
        if self.text == ">>" and self.previous_kind == words.newline:
            start = self.span.start
            if lexer.text.startswith(">>>", start):
                return self._new(
                    "invalid syntax",
                    Span(start, start + 3),
                    "this is the text of a session: remove the prompts and the output",
                )
        first = index - 1
        outer = (words.newline, words.indent, words.dedent)
        while first > 0 and lexer.kinds[first - 1] not in outer:
            first -= 1
        if first < 0:
            return None
        word = lexer.texts[first]
        span = Span(lexer.starts[first], lexer.ends[first])
        starts = self._starts_expression()
        if word in ("match", "type") and ((first == index - 1 and starts) or self.text == ":"):
            last = first
            while lexer.kinds[last] not in (*outer, words.end, words.error):
                last += 1
            ends = lexer.texts[last - 1]
            if (word == "match" and ends == ":") or (
                word == "type" and "=" in lexer.texts[first:last]
            ):
                return self._refuse(word, span)
        if word in ("print", "exec") and first == index - 1 and starts:
            return self._new(
                f"Missing parentheses in call to '{word}'. Did you mean {word}(...)?",
                Span(span.start, self.span.end),
            )
        return None

    def _starts_expression(self) -> bool:
        words = self.words
        return self.kind in (
            words.name,
            words.number,
            words.string,
            words.fstring_start,
        ) or self.text in ("None", "True", "False", "lambda", "not")

    def _inside_fstring(self) -> GradSyntaxError | None:
        if self.bracket is None or self.values[self.bracket] != "{":
            return None
        below = self.values[self.bracket - 1] if self.bracket else None
        in_text = isinstance(below, list) or (
            type(below) is str and below[:1] in "fFrR" and below[-1:] in "'\""
        )
        colon = type(below) is str and below == ":"
        if not in_text and not colon:
            return None
        if not self.lexer.strings and not self._fstring_open():
            return None
        if self.previous == "{" and self.text in ("}", "!", ":", "="):
            return self._new(
                "f-string: empty expression not allowed",
                Span(self.lexer.starts[self.index - 1], self.span.end),
                "write {{ and }} for braces in the text" if self.text == "}" else None,
            )
        if self.kind == self.words.fstring_colon and any(v == "lambda" for v in self.values):
            return self._new("f-string: invalid syntax", None, "put parentheses around the lambda")
        comma = self._comma()
        if comma is not None:
            return self._new("f-string: " + comma.message, comma.span)
        if "}" in self.expected:
            return self._new("f-string: expecting '}'", None, "add the missing '}'")
        return self._new("f-string: invalid syntax")

    def _fstring_open(self) -> bool:
        words = self.words
        depth = 0
        for kind in self.lexer.kinds[: self.index]:
            depth += (kind == words.fstring_start) - (kind == words.fstring_end)
        return depth > 0

    def _assignment(self) -> GradSyntaxError | None:
        if self.text != "=" or not self.values:
            return None
        if self.start == "expression" and self.bracket is None:
            return self._new(
                "invalid syntax",
                None,
                f"an expression is wanted here, which assigns nothing; {_COMPARE}",
            )
        if self.previous in self.words.keywords and self.previous not in ("None", "True", "False"):
            return self._keyword_as_name(self.index - 1)
        left = self.values[-1]
        if not isinstance(left, nodes.expr):
            return None
        found = self._keyword()
        if self.bracket is None and (found is None or found[0] in ("for", "with", "def", "class")):
            return None
        if isinstance(left, nodes.Name):
            return self._new(f"invalid syntax. {_MAYBE}", None, _COMPARE)
        if isinstance(left, nodes.Attribute | nodes.Subscript | nodes.Compare | nodes.BoolOp):
            return self._new(
                f"cannot assign to {describe(left)} here. Maybe you meant '==' instead of '='?",
                left.span,
                _COMPARE,
            )
        return self._new(
            f"cannot assign to {describe(left)} here. Maybe you meant '==' instead of '='?",
            left.span,
            "in a dict write ':' between key and value"
            if self.bracket is not None and self.values[self.bracket] == "{"
            else _COMPARE,
        )

    def _header(self) -> GradSyntaxError | None:
        """`expected ':'`, and what else can go wrong in the first line of a compound statement."""
        found = self._keyword()
        excepting = self.previous == "except" or (found is not None and found[0] == "except")
        if excepting and self.text == "," and self.bracket is None:
            return self._new(
                "multiple exception types must be parenthesized", None, "write except (A, B):"
            )
        ends = self.kind == self.words.newline
        if any(value == "lambda" for value in self.values[-3:]) and ":" in self.expected and ends:
            return self._new("expected ':'", None, _LAMBDA)
        if found is None or ":" not in self.expected:
            if self.expected == {"("} or self.expected == {"(", ":"}:
                return self._new("expected '('")
            return None
        keyword, at = found
        if self.bracket is not None and self.bracket > at:
            return None
        if keyword == "else" and self.text == "if":
            return self._new("expected ':'", None, "write elif")
        if keyword == "def" and self.text != ":" and self.previous != ")" and "(" in self.expected:
            return self._new("expected '('", None, "a function has parentheses behind its name")
        if ends or keyword in ("else", "try", "finally", "def", "class", "except"):
            return self._new("expected ':'", None, f"a line with {keyword} ends with a colon")
        return None

    def _conditional(self) -> GradSyntaxError | None:
        words = self.words
        if "else" not in self.expected or self.previous_kind in (words.newline, words.dedent):
            return None
        for at in range(len(self.values) - 1, 0, -1):
            if self.values[at] == "if" and self._is_expression(at - 1):
                return self._new(
                    "expected 'else' after 'if' expression",
                    Span(self.begins[at - 1], self.lexer.ends[self.index - 1]),
                    "say what the value is otherwise: … if … else …",
                )
        return None

    def _display(self) -> GradSyntaxError | None:
        if self.bracket is None:
            return None
        at = self.bracket
        call = self.values[at] == "(" and at > 0 and self._is_expression(at - 1)
        if call and self.text in (",", "for"):
            inside = self.values[at + 1 :]
            if any(_has_comprehension(v) for v in (self.text, *inside)):
                return self._new(
                    "Generator expression must be parenthesized",
                    None,
                    "put parentheses around it, as it is not the only argument",
                )
        if self.values[at] == "{" and ":" in self.expected and self.text in ("}", ","):
            return self._new("':' expected after dictionary key")
        if self.text == "for" and self.values[at] in ("[", "{") and at + 1 < len(self.begins):
            return self._new(
                "did you forget parentheses around the comprehension target?",
                Span(self.begins[at + 1], self.lexer.ends[self.index - 1]),
                "put them in parentheses to make a tuple of each",
            )
        if self.text == ")" and not call and isinstance(self.values[-1], nodes.Starred):
            return self._new(
                "cannot use starred expression here",
                self.values[-1].span,
                "add a comma to make a tuple",
            )
        return None

    def _imports(self) -> GradSyntaxError | None:
        if self.kind != self.words.newline or not any(v == "import" for v in self.values):
            return None
        if self.previous == ",":
            return self._new(
                "trailing comma not allowed without surrounding parentheses",
                Span(self.lexer.starts[self.index - 1], self.lexer.ends[self.index - 1]),
            )
        if self.previous == "import":
            return self._new("Expected one or more names after 'import'")
        return None

    def _comma(self) -> GradSyntaxError | None:
        words = self.words
        if self.bracket is None or "," not in self.expected or not self._starts_expression():
            return None
        if self.previous_kind == words.name and self.kind in (words.string, words.fstring_start):
            return None
        at = len(self.values) - 1
        while at > self.bracket + 1 and not self._is_expression(at):
            at -= 1
        return self._new(
            "invalid syntax. Perhaps you forgot a comma?",
            Span(self.begins[at], self.span.end),
        )

    def _keyword_as_name(self, index: int) -> GradSyntaxError:
        word = self.lexer.texts[index]
        return self._new(
            "invalid syntax",
            Span(self.lexer.starts[index], self.lexer.ends[index]),
            f"`{word}` is a keyword of the language, not a name: write {word}_ or another word",
        )

    def _plain(self) -> GradSyntaxError:
        """`invalid syntax`, with what can be said about it."""
        words = self.words
        message = "invalid syntax"
        mistake = _MISTAKES.get((self.previous, self.text))
        if mistake is not None:
            return self._new(
                message, Span(self.lexer.starts[self.index - 1], self.span.end), mistake
            )
        if self.kind == words.newline:
            before = self.lexer.texts[max(0, self.index - 2) : self.index]
            if before in (["+", "+"], ["-", "-"]):
                start = self.lexer.starts[self.index - 2]
                return self._new(message, Span(start, start + 2), _MISTAKES[(before[0], before[1])])
            label = "something is missing before the end of the line"
            wanted = "an expression is missing here"
            return self._new(message, None, None, wanted if "NAME" in self.expected else label)
        if self.text == "!":
            return self._new(message, None, "write not" if "NAME" in self.expected else _FACTORIAL)
        pair = self.previous_kind == words.name and self.kind in (words.name, words.number)
        if pair and self.start == "expression":
            first, second = self.previous, self.text
            call = f"`{first}({second})` is a call, `{first} * {second}` a product"
            return self._new(message, None, f"something is missing before it: {call}")
        if self.text in words.keywords and self.text.isidentifier():
            if "NAME" in self.expected and not self._goes_on():
                return self._keyword_as_name(self.index)
            if self.start == "expression" and self.index == 0:
                return self._new(message, None, "an expression is wanted here, not a statement")
            if self.expected and self.expected <= {"NAME", "*", "**", "/", ")", "("}:
                return self._keyword_as_name(self.index)
            if self.previous in (".", "def", "class", "as", "import", "global", "nonlocal"):
                return self._keyword_as_name(self.index)
        if self.text == ";" and self.start == "expression":
            return self._new(message, None, "one expression is wanted here")
        return self._new(message, None, None, self._wanted())

    def _goes_on(self) -> bool:
        """Whether what comes next can follow a keyword, as it cannot follow a name."""
        kind, text = (found[self.index + 1] for found in (self.lexer.kinds, self.lexer.texts))
        words = self.words
        return text in (*_OPENING, *words.keywords, "@", "-", "not", ":") or kind in (
            words.name,
            words.number,
            words.string,
            words.fstring_start,
            words.error,
        )

    def _wanted(self) -> str:
        """`expected … or …` when there are few possibilities."""
        expected = sorted(e for e in self.expected if not e.startswith("_"))
        names = {"NAME": "a name", "STRING": "a string", "NUMBER": "a number"}
        if not expected or len(expected) > 3:
            return f"`{self.text}` cannot stand here" if self.text.strip() else ""
        shown = [names.get(e, f"`{e}`") for e in expected]
        return "expected " + (
            shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
        )


def _has_comprehension(value: Any) -> bool:
    if isinstance(value, list):
        return any(_has_comprehension(item) for item in value)
    return isinstance(value, nodes.comprehension) or value == "for"

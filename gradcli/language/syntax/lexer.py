"""Text to tokens: one regular expression made from the grammar's terminals, and the layout of
lines.

The tokens are parallel lists (kinds, texts, starts, ends), because a long program has many of them.
An error ends the run: its token has the kind `Words.error` and the exception is kept, so that the
parser reports whatever comes first in the text. `run` can go on behind an error, which is how
`tokens` (for highlighting) reads any text.
"""

from __future__ import annotations

import re

from .error import GradSyntaxError
from .literals import LiteralError, fstring_text
from .source import TAB, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .grammar_tables import Tables
    from .source import Source

BRACKETS = 200
BLOCKS = 100

# Reserved by Python and not in the grammar: never a name.
RESERVED = ("async", "await")

# Line magics of notebooks that change nothing a program computes.
MAGICS = ("matplotlib", "config", "load_ext", "reload_ext", "autoreload", "pylab")

NAME, OPERATOR, NUMBER, STRING, BRACKET, LINE, FSTRING = range(1, 8)

_LINE = r"(?:\r\n?|\n)"
_SPACE = rf"(?:[ \t\f]+|\\{_LINE}|#[^\r\n]*)*+"
_BLANK = rf"(?:[ \t\f]*+(?:#[^\r\n]*)?{_LINE})*+[ \t\f]*+"
_PREFIXED = r"[fFuUrRbB]{1,2}[\"']"
_FSTRING = r"(?:[fF][rR]?|[rR][fF])(?:\"\"\"|'''|\"|')"

_start = re.compile(_BLANK)
_AFTER_NUMBER = r"(?:and|else|for|if|in|is|not|or)(?![A-Za-z0-9_])"
_REST_OF_LINE = r"[^\r\n]*"
_OPEN_STRING = r"([a-zA-Z]*)(\"\"\"|'''|\"|')"
_closer = {"(": ")", "[": "]", "{": "}"}
_ascii = {
    "，": ",", "、": ",", "。": ".", "：": ":", "；": ";", "（": "(", "）": ")", "【": "[",
    "】": "]", "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "＝": "=", "＋": "+", "－": "-",
    "−": "-", "–": "-", "—": "-", "×": "*", "＊": "*", "÷": "/", "／": "/", "≤": "<=", "≥": ">=",
    "≠": "!=", "！": "!", "′": "'", "″": '"', "→": "->",
}  # fmt: skip


class Words:
    """What the lexer and the parser know of the terminals, made once from the tables."""

    def __init__(self, tables: Tables) -> None:
        names = tables["terminals"]
        number = {name: index for index, name in enumerate(names)}
        self.names = names
        self.literals: dict[str, int] = dict(tables["literals"])
        self.text_of = {kind: text for text, kind in self.literals.items()}
        self.name = number["NAME"]
        self.number = number["NUMBER"]
        self.string = number["STRING"]
        self.fstring_start = number["FSTRING_START"]
        self.fstring_text = number["FSTRING_TEXT"]
        self.fstring_end = number["FSTRING_END"]
        self.fstring_colon = number["_FSTRING_COLON"]
        self.newline = number["_NEWLINE"]
        self.indent = number["_INDENT"]
        self.dedent = number["_DEDENT"]
        self.end = number["$END"]
        self.error = len(names)
        self.reserved = len(names) + 1
        for word in RESERVED:
            self.literals[word] = self.reserved
        self.keywords = frozenset(word for word in self.literals if word.isidentifier())
        signs = [t for t in self.literals if not t.isidentifier() and t not in "()[]{}"]
        signs.sort(key=len, reverse=True)
        patterns = tables["patterns"]
        self.next = re.compile(
            f"{_SPACE}(?:(?!{_PREFIXED})({patterns['NAME']})"
            rf"|(?!\.[0-9])({'|'.join(map(re.escape, signs))})"
            f"|({patterns['NUMBER']})"
            f"|({patterns['STRING']})"
            r"|([()\[\]{}])"
            f"|({_LINE}{_BLANK})"
            f"|({_FSTRING}))?"
        )


class _FString:
    """An f-string that the lexer is in.

    `open` are the depths of brackets at which its fields began, a nested one last. The lexer is
    in its text, or in the format spec of the last field, whenever it calls `Lexer._text`.
    """

    __slots__ = ("open", "quote", "raw", "start")

    def __init__(self, quote: str, raw: bool, start: int) -> None:
        self.quote = quote
        self.raw = raw
        self.start = start
        self.open: list[int] = []


_texts: dict[tuple[str, bool, bool], re.Pattern[str]] = {}


def _text_pattern(quote: str, raw: bool, spec: bool) -> re.Pattern[str]:
    """What of an f-string is text: up to a field, the closing quote or the end of the line."""
    key = (quote, raw, spec)
    pattern = _texts.get(key)
    if pattern is None:
        mark = quote[0]
        plain = rf"[^{{}}\\{mark}]" if len(quote) == 3 else rf"[^{{}}\\{mark}\r\n]"
        parts = [plain + "+"]
        if not raw:
            parts.append(r"\\N\{[^{}\r\n]*\}")
        parts.append(r"\\(?:\r\n|[^{}])|\\(?=[{}])")
        if not spec:
            parts.append(r"\{\{|\}\}")
        if len(quote) == 3:
            parts.append(f"{mark}(?!{mark}{mark})")
        pattern = _texts[key] = re.compile(f"(?:{'|'.join(parts)})*+")
    return pattern


class Lexer:
    """One text's tokens; after `run` they are in `kinds`, `texts`, `starts` and `ends`."""

    def __init__(self, source: Source, words: Words, lines: bool = True) -> None:
        """`lines` is false for a text whose first line may be indented, an expression's."""
        self.source = source
        self.text = source.text
        self.words = words
        self.kinds: list[int] = []
        self.texts: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.brackets: list[tuple[str, int]] = []
        self.strings: list[_FString] = []
        self.indents: list[tuple[str, int, int]] = [("", 0, 0)]
        self.magics: list[Span] = []
        self.error: GradSyntaxError | None = None
        self.lines = lines

    def add(self, kind: int, text: str, start: int, end: int) -> None:
        """Append a token."""
        self.kinds.append(kind)
        self.texts.append(text)
        self.starts.append(start)
        self.ends.append(end)

    def fail(
        self,
        message: str,
        start: int,
        end: int,
        help: str | None = None,
        labels: tuple[tuple[Span, str], ...] = (),
        at_end: bool = False,
        at: int | None = None,
    ) -> None:
        """Ends the run with an error, whose token stands at `at` (at the error itself if None)."""
        self.error = GradSyntaxError(message, Span(start, end), help, labels, at_end)
        where = start if at is None else at
        self.add(self.words.error, "", where, max(end, where))
        self.add(self.words.end, "", where, where)

    def run(self) -> None:
        """All of the text."""
        position = 1 if self.text.startswith("\ufeff") else 0
        match = _start.match(self.text, position)
        assert match is not None
        position = match.end()
        if self.lines:
            after = self.layout(match[0], position)
            if after is None:
                return
            position = after
        self.scan(position)

    def scan(self, position: int) -> None:
        """The tokens from a position to the end or to an error."""
        text = self.text
        words = self.words
        literals = words.literals
        kind_of = literals.get
        finditer = words.next.finditer
        name, number, string = words.name, words.number, words.string
        newline = words.newline
        kinds, kinds_append = self.kinds, self.kinds.append
        texts_append = self.texts.append
        starts_append = self.starts.append
        ends_append = self.ends.append
        brackets = self.brackets
        strings = self.strings
        going = True
        while going:
            for match in finditer(text, position):
                group = match.lastindex
                if group == NAME:
                    word = match[1]
                    if not word.isascii() and not word.isidentifier():
                        return self.bad_name(word, match.start(1))
                    kinds_append(kind_of(word, name))
                    texts_append(word)
                    starts_append(match.start(1))
                    ends_append(match.end())
                elif group == OPERATOR:
                    word = match[2]
                    if strings and word[0] == ":" and len(brackets) == strings[-1].open[-1]:
                        start = match.start(2)
                        self.add(words.fstring_colon, ":", start, start + 1)
                        after = self.fstring(start + 1)
                        if after is None:
                            return None
                        position = after
                        break
                    kinds_append(literals[word])
                    texts_append(word)
                    starts_append(match.start(2))
                    ends_append(match.end())
                elif group == BRACKET:
                    word = match[5]
                    start = match.start(5)
                    if word in "([{":
                        brackets.append((word, start))
                        if len(brackets) > BRACKETS:
                            return self.fail(
                                "too many nested parentheses",
                                start,
                                start + 1,
                                "give a part of the expression a name on a line of its own",
                            )
                    elif not brackets:
                        return self.fail(f"unmatched '{word}'", start, start + 1)
                    else:
                        opened = brackets[-1][0]
                        if _closer[opened] != word:
                            return self.mismatch(word, start)
                        if strings and len(brackets) == strings[-1].open[-1]:
                            self.add(literals[word], word, start, start + 1)
                            brackets.pop()
                            strings[-1].open.pop()
                            after = self.fstring(start + 1)
                            if after is None:
                                return None
                            position = after
                            break
                        brackets.pop()
                    kinds_append(literals[word])
                    texts_append(word)
                    starts_append(start)
                    ends_append(start + 1)
                elif group == NUMBER:
                    end = match.end()
                    following = text[end : end + 1]
                    if (following.isalnum() or following == "_") and not re.compile(
                        _AFTER_NUMBER
                    ).match(text, end):
                        return self.bad_number(match[3], match.start(3), end)
                    kinds_append(number)
                    texts_append(match[3])
                    starts_append(match.start(3))
                    ends_append(end)
                elif group == STRING:
                    kinds_append(string)
                    texts_append(match[4])
                    starts_append(match.start(4))
                    ends_append(match.end())
                elif group == LINE:
                    if brackets:
                        if strings and len(strings[-1].quote) == 1:
                            start = match.start(6)
                            return self.fail("f-string: expecting '}'", start, start)
                        continue
                    if kinds and kinds[-1] != newline:
                        self.add(newline, "", self.ends[-1], self.ends[-1])
                    after = self.layout(match[6], match.end())
                    if after is None:
                        return None
                    if after != match.end():
                        position = after
                        break
                elif group == FSTRING:
                    word = match[7]
                    start = match.start(7)
                    end = match.end()
                    self.add(words.fstring_start, word, start, end)
                    quote = word[-3:] if word[-3:] in ('"""', "'''") else word[-1]
                    prefix = word[: -len(quote)]
                    strings.append(_FString(quote, len(prefix) > 1, start))
                    after = self.fstring(end)
                    if after is None:
                        return None
                    position = after
                    break
                else:
                    position = match.end()
                    if position < len(text):
                        return self.bad_character(position)
                    going = False
                    break
        return self.finish()

    def finish(self) -> None:
        """The end of the text."""
        words = self.words
        end = len(self.text)
        if self.brackets:
            bracket, where = self.brackets[-1]
            self.fail(
                "f-string: expecting '}'" if self.strings else f"'{bracket}' was never closed",
                where,
                where + 1,
                f"add the missing '{_closer[bracket]}'",
                at_end=not (self.strings and len(self.strings[-1].quote) == 1),
                at=end,
            )
            return
        if self.kinds:
            end = self.ends[-1]
            if self.kinds[-1] != words.newline:
                self.add(words.newline, "", end, end)
        elif not self.lines:
            self.add(words.newline, "", end, end)
        for _ in self.indents[1:]:
            self.add(words.dedent, "", end, end)
        self.add(words.end, "", end, end)

    def layout(self, blank: str, position: int) -> int | None:
        """Indentation before the token at `position`; `blank` is all from the previous line's end.

        Skips line magics, and gives the position of the next token, or None after an error.
        """
        text = self.text
        while True:
            following = text[position : position + 1]
            if following == "" or following == "#":
                return position
            if following not in "%!":
                break
            line = re.compile(_REST_OF_LINE).match(text, position)
            assert line is not None
            if not self.magic(line[0], position):
                return None
            match = _start.match(text, line.end())
            assert match is not None
            self.magics.append(Span(position, line.end()))
            blank, position = match[0], match.end()
        indent = blank[max(blank.rfind("\n"), blank.rfind("\r")) + 1 :]
        indents = self.indents
        if indent == indents[-1][0]:
            return position
        start = position - len(indent)
        column = alternative = 0
        for character in indent:
            if character == " ":
                column += 1
                alternative += 1
            elif character == "\t":
                column += TAB - column % TAB
                alternative += 1
            else:
                column = alternative = 0
        words = self.words
        _, top, other = indents[-1]
        if column == top:
            if alternative != other:
                self.tabs(start, position)
                return None
            return position
        if column > top:
            if alternative <= other:
                self.tabs(start, position)
                return None
            if len(indents) > BLOCKS:
                self.fail("too many levels of indentation", start, position)
                return None
            indents.append((indent, column, alternative))
            self.add(words.indent, indent, start, position)
            return position
        end = self.ends[-1]
        while column < indents[-1][1]:
            indents.pop()
            self.add(words.dedent, "", end, end)
        if column != indents[-1][1]:
            levels = sorted({level for _, level, _ in indents} | {top})
            self.fail(
                "unindent does not match any outer indentation level",
                start,
                position,
                f"this line is indented by {column}; the blocks around it by "
                + " and ".join(map(str, levels)),
            )
            return None
        if alternative != indents[-1][2]:
            self.tabs(start, position)
            return None
        return position

    def tabs(self, start: int, end: int) -> None:
        """Refuse tabs and spaces that disagree."""
        self.fail(
            "inconsistent use of tabs and spaces in indentation",
            start,
            end,
            "indent every line of a block with the same characters",
        )

    def magic(self, line: str, position: int) -> bool:
        """Whether a line that starts with `%` or `!` can be passed over."""
        end = position + len(line.rstrip())
        match = re.match(r"(%{1,2}|!)\s*([A-Za-z_]\w*)?", line)
        assert match is not None
        sign, word = match[1], match[2]
        if sign == "!":
            self.fail(
                "shell commands are not part of the language",
                position,
                end,
                "remove the line; a program cannot start processes",
            )
            return False
        if word in MAGICS and sign == "%":
            return True
        if word is None:
            self.fail("invalid syntax", position, position + 1)
            return False
        self.fail(
            f"the magic {sign}{word} is not part of the language",
            position,
            position + len(match[0]),
            "magics work at the prompt; in a program only those that change nothing are accepted "
            "(%matplotlib inline)",
        )
        return False

    def fstring(self, position: int) -> int | None:
        """The text of an f-string from a position on, up to where the next expression starts.

        Gives the position behind the `{` of a field or behind the closing quote.
        """
        text = self.text
        words = self.words
        state = self.strings[-1]
        quote = state.quote
        while True:
            spec = bool(state.open)
            match = _text_pattern(quote, state.raw, spec).match(text, position)
            assert match is not None
            end = match.end()
            if end > position:
                try:
                    body = fstring_text(match[0], state.raw, not spec)
                except LiteralError as error:
                    wrong = position + error.start
                    self.fail(error.message, wrong, position + error.end, error.help)
                    return None
                self.add(words.fstring_text, body, position, end)
            following = text[end : end + 1]
            if following == "{":
                self.brackets.append(("{", end))
                state.open.append(len(self.brackets))
                self.add(words.literals["{"], "{", end, end + 1)
                if len(self.brackets) > BRACKETS:
                    self.fail("too many nested parentheses", end, end + 1)
                    return None
                return end + 1
            if following == "}":
                if not spec:
                    self.fail(
                        "f-string: single '}' is not allowed",
                        end,
                        end + 1,
                        "write }} for one brace in the text",
                    )
                    return None
                self.brackets.pop()
                state.open.pop()
                self.add(words.literals["}"], "}", end, end + 1)
                position = end + 1
                continue
            if text.startswith(quote, end):
                if spec:
                    self.fail("f-string: expecting '}'", end, end + 1, "add the missing '}'")
                    return None
                self.strings.pop()
                self.add(words.fstring_end, quote, end, end + len(quote))
                return end + len(quote)
            self.unterminated(state.start, "f-string", quote, end)
            return None

    def unterminated(self, start: int, what: str, quote: str, end: int) -> None:
        """Refuse a text without its closing quotes."""
        line = self.source.position(max(start, end - 1)).line
        triple = "triple-quoted " if len(quote) == 3 else ""
        self.fail(
            f"unterminated {triple}{what} literal (detected at line {line})",
            start,
            start + len(quote) if triple else end,
            f"add the closing {quote}",
            at_end=bool(triple),
            at=end if what == "f-string" else start,
        )

    def mismatch(self, closing: str, position: int) -> None:
        """Refuse a bracket that closes another one."""
        opened, where = self.brackets[-1]
        if self.strings and len(self.brackets) == self.strings[-1].open[-1]:
            self.fail(f"f-string: unmatched '{closing}'", position, position + 1)
            return
        line = self.source.position(where).line
        there = f" on line {line}" if line != self.source.position(position).line else ""
        self.fail(
            f"closing parenthesis '{closing}' does not match opening parenthesis '{opened}'{there}",
            position,
            position + 1,
            labels=((Span(where, where + 1), "opened here"),),
        )

    def bad_name(self, word: str, start: int) -> None:
        """Refuse a name with a character that names do not have."""
        index = 0
        while word[: index + 1].isidentifier():
            index += 1
        if index:
            self.add(self.words.name, word[:index], start, start + index)
        self.invalid_character(word[index], start + index)

    def invalid_character(self, character: str, position: int) -> None:
        """Refuse a character that no token has."""
        code = f"U+{ord(character):04X}"
        ascii = _ascii.get(character)
        if character.isprintable():
            message = f"invalid character '{character}' ({code})"
            help = f"write {ascii} here" if ascii else None
        else:
            message = f"invalid non-printable character {code}"
            help = "replace it by a space" if character.isspace() else "remove it"
        self.fail(message, position, position + 1, help)

    def bad_number(self, text: str, start: int, end: int) -> None:
        """Refuse a number that is written wrong."""
        following = self.text[end]
        prefix = text[:2].lower()
        kinds = {"0x": "hexadecimal", "0o": "octal", "0b": "binary"}
        stop = end + 1
        if text == "0" and following in "xXoObB":
            self.fail(f"invalid {kinds['0' + following.lower()]} literal", start, stop)
        elif prefix in kinds and following.isdigit():
            self.fail(f"invalid digit '{following}' in {kinds[prefix]} literal", end, stop)
        elif prefix in kinds:
            self.fail(f"invalid {kinds[prefix]} literal", start, stop)
        elif text[-1] in "jJ":
            self.fail("invalid imaginary literal", start, stop)
        elif following.isalpha():
            word = re.match(r"\w+", self.text[end:])
            assert word is not None
            self.fail(
                "invalid decimal literal",
                start,
                end + len(word[0]),
                f"a name cannot start with a digit; for a product write {text}*{word[0]}",
            )
        else:
            self.fail("invalid decimal literal", start, stop)

    def bad_character(self, position: int) -> None:
        """No token starts here."""
        text = self.text
        character = text[position]
        match = re.compile(_OPEN_STRING).match(text, position)
        if match is not None:
            prefix, quote = match[1].lower(), match[2]
            if "b" in prefix:
                self.fail(
                    "bytes literals are not part of the language",
                    position,
                    match.end(),
                    f"remove the {match[1]} to have a string",
                )
                return
            inside = self.strings[-1] if self.strings else None
            if inside is not None and quote[0] == inside.quote[0] and not prefix:
                self.fail("f-string: expecting '}'", position, position + 1, "add the missing '}'")
                return
            line = re.compile(_REST_OF_LINE).match(text, position)
            assert line is not None
            end = line.end() if len(quote) == 1 else len(text)
            if prefix not in ("", "r", "u", "f", "fr", "rf"):
                self.fail("invalid syntax", position, match.end())
            else:
                self.unterminated(position, "string", quote, end)
        elif character == "\\":
            if position + 1 >= len(text):
                self.fail(
                    "unexpected EOF while parsing",
                    position,
                    position + 1,
                    "remove the backslash, or write the line that it continues",
                    at_end=True,
                )
            else:
                self.fail(
                    "unexpected character after line continuation character",
                    position,
                    position + 1,
                    "a backslash must be the last character of its line",
                )
        elif character == "?":
            self.fail(
                "invalid syntax", position, position + 1, "name? asks for help at the prompt only"
            )
        elif character == "\0":
            self.fail("source code cannot contain null bytes", position, position + 1)
        elif character.isprintable():
            self.fail("invalid syntax", position, position + 1)
        else:
            self.invalid_character(character, position)

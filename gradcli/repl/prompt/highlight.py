"""Colours of the input, from the tokens of the grammar, and the themes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.lexers import Lexer

from gradcli.render.paint import resolve

if TYPE_CHECKING:
    from prompt_toolkit.document import Document
    from prompt_toolkit.styles import Style

# The colours of the terminal's own palette are legible on light and on dark backgrounds.
_AUTO = {
    "keyword": "ansimagenta",
    "builtin": "ansicyan",
    "number": "ansigreen",
    "string": "ansiyellow",
    "comment": "ansibrightblack italic",
    "magic": "ansiblue bold",
    "error": "ansired underline",
    "prompt": "ansigreen",
    "prompt.number": "ansigreen bold",
    "prompt.mode": "ansiyellow bold",
    "continuation": "ansigreen",
    "auto-suggestion": "ansibrightblack",
    "preview": "ansibrightblack",
    "bottom-toolbar": "noreverse ansibrightblack",
    "toolbar.mode": "ansiyellow bold",
    "toolbar.name": "bold",
    "matching-bracket.cursor": "bold underline",
    "matching-bracket.other": "bold underline",
}
_DARK = {
    **_AUTO,
    "keyword": "#c792ea",
    "builtin": "#82aaff",
    "number": "#f78c6c",
    "string": "#c3e88d",
    "comment": "#7f8ca0 italic",
    "magic": "#ffcb6b bold",
    "error": "#ff5370 underline",
    "auto-suggestion": "#6b7280",
    "preview": "#6b7280 italic",
    "bottom-toolbar": "noreverse #9aa5b5 bg:#1f2430",
}
_LIGHT = {
    **_AUTO,
    "keyword": "#7c3aed",
    "builtin": "#0550ae",
    "number": "#9a3412",
    "string": "#166534",
    "comment": "#6b7280 italic",
    "magic": "#92400e bold",
    "error": "#b91c1c underline",
    "prompt": "#166534",
    "prompt.number": "#166534 bold",
    "prompt.mode": "#92400e bold",
    "continuation": "#166534",
    "auto-suggestion": "#9ca3af",
    "preview": "#9ca3af italic",
    "bottom-toolbar": "noreverse #374151 bg:#e5e7eb",
    "toolbar.mode": "#92400e bold",
}
_WEIGHTS = {
    "bottom-toolbar": "noreverse",
    "prompt.mode": "bold",
    "toolbar.name": "bold",
    "matching-bracket.cursor": "bold underline",
    "matching-bracket.other": "bold underline",
}
THEMES = {"auto": _AUTO, "dark": _DARK, "light": _LIGHT}


def style(theme: str, coloured: bool) -> Style:
    """The style of a theme; without colour what is shown differs in weight only."""
    from prompt_toolkit.styles import Style

    if not coloured or resolve(theme) == "none":
        return Style.from_dict(_WEIGHTS)
    return Style.from_dict(THEMES[resolve(theme)])


class GradLexer(Lexer):
    """Highlights with the tokens of the language.

    `is_builtin` says whether a name is one of the prelude; until `loaded` says that the language
    is there, text is shown plain.
    """

    def __init__(self, is_builtin: Callable[[str], bool], loaded: Callable[[], bool]) -> None:
        self.is_builtin = is_builtin
        self.loaded = loaded

    def invalidation_hash(self) -> bool:
        """Changes when the language has been loaded, so that the text is coloured then."""
        return self.loaded()

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """The styled text of each line."""
        lines = self._lines(document.text) if self.loaded() else _plain(document.text)

        def line(number: int) -> StyleAndTextTuples:
            return lines[number] if number < len(lines) else []

        return line

    def _lines(self, text: str) -> list[StyleAndTextTuples]:
        from gradcli.repl.session import cells

        lines: list[StyleAndTextTuples] = []
        for line in text.split("\n"):
            if cells.special(line) is None:
                break
            lines.append([("class:magic", line)])
        rest = "\n".join(text.split("\n")[len(lines) :])
        if rest or not lines:
            lines += self._code(rest)
        return lines

    def _code(self, text: str) -> list[StyleAndTextTuples]:
        from gradcli.language.syntax.unfinished import tokens

        lines: list[StyleAndTextTuples] = [[]]
        at = 0
        for kind, (start, end) in tokens(text):
            if start < at:
                continue
            _extend(lines, "", text[at:start])
            word = text[start:end]
            name: str = kind
            if kind == "name":
                name = "builtin" if self.is_builtin(word) else ""
            elif kind == "operator":
                name = ""
            _extend(lines, f"class:{name}" if name else "", word)
            at = end
        _extend(lines, "", text[at:])
        return lines


def _plain(text: str) -> list[StyleAndTextTuples]:
    return [[("", line)] for line in text.split("\n")]


def _extend(lines: list[StyleAndTextTuples], name: str, text: str) -> None:
    first, *rest = text.split("\n")
    if first:
        lines[-1].append((name, first))
    lines.extend([(name, line)] if line else [] for line in rest)

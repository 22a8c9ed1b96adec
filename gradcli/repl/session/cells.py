"""Text as it is typed or pasted, made into pieces that run one after another."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Kind = Literal["code", "magic", "help", "named", "shell"]

_python = re.compile(r"[ \t]*>>>(?: |$)(.*)")
_python_more = re.compile(r"[ \t]*\.\.\.(?: |$)(.*)")
_cell = re.compile(r"[ \t]*In ?\[\d*\](?: no_grad)?: ?(.*)")
_cell_more = re.compile(r"[ \t]*\.{3,}: ?(.*)")
_result = re.compile(r"[ \t]*Out ?\[\d*\]:")
_magic = re.compile(r"%{1,2}[A-Za-z_]")
_help = re.compile(
    r"\s*(?:(\?{1,2})\s*([\w.*]*)|([A-Za-z_*][\w.*]*|%\w+)(\?{1,2})|help\(([\w.]*)\))\s*$"
)
_named = re.compile(r"[A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*\s*=\s*%[A-Za-z_]")
_shell = re.compile(r"(?:[A-Za-z_][\w, \t]*=\s*)?!{1,2}\s*[^\s=]")


class Leave(Exception):
    """The user asked to leave."""


class Piece(NamedTuple):
    """A stretch of input of one kind; `line` is its first line in the text, from 1."""

    kind: Kind
    text: str
    line: int


def normal(text: str) -> str:
    """The text with LF line ends, without a byte order mark, blank first lines, and indentation
    that all lines share."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").replace("\xa0", " ")
    lines = text.split("\n")
    while len(lines) > 1 and not lines[0].strip():
        del lines[0]
    first = lines[0]
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if indent:
        real = [line for line in lines if line.strip()]
        if all(line.startswith(indent) for line in real):
            lines = [line[len(indent) :] if line.strip() else "" for line in lines]
        elif len(real) > 1 and first.rstrip()[-1:] != ":":
            lines[0] = first[len(indent) :]  # a block copied from its first character on
        else:
            lines[0] = first.lstrip(" \t")
    return "\n".join(lines)


def is_transcript(text: str) -> bool:
    """Whether the text shows prompts, `>>> ` or `In [3]:`, or is Markdown."""
    lines = text.split("\n")
    return is_markdown(text) or any(_python.match(line) or _cell.match(line) for line in lines)


def transcript(text: str) -> list[str]:
    """The inputs of a transcript, in order; its outputs are dropped."""
    inputs: list[list[str]] = []
    state = ""
    for line in text.split("\n"):
        if match := _python.match(line):
            inputs.append([match[1]])
            state = "python"
        elif state == "python" and (match := _python_more.match(line)):
            inputs[-1].append(match[1])
        elif match := _cell.match(line):
            inputs.append([match[1]])
            # The prompt of a notebook stands alone, and the code follows without marks.
            state = "cell" if match[1].strip() else "notebook"
        elif state == "cell" and (match := _cell_more.match(line)):
            inputs[-1].append(match[1])
        elif _result.match(line):
            state = ""
        elif state == "notebook":
            inputs[-1].append(line)
        else:
            state = ""
    texts = [normal("\n".join(lines)).rstrip() for lines in inputs]
    return [text for text in texts if text]


def fenced(text: str) -> tuple[list[str], bool]:
    """The blocks of Python in a text of Markdown, and whether the last block is closed.

    Text between blocks and blocks of other languages, such as outputs, are dropped; so are blocks
    of nothing but printed values behind another, which is how some tutorials show outputs.
    """
    blocks: list[list[str]] = []
    fence = ""
    wanted = False
    for line in text.split("\n"):
        match = _fence.match(line)
        if not fence and match:
            fence = match[1]
            wanted = match[2].lower() in _LANGUAGES
            if wanted:
                blocks.append([])
        elif fence and match and match[1].startswith(fence) and not match[2]:
            fence = ""
        elif fence and wanted:
            blocks[-1].append(line)
    texts = ["\n".join(block) for block in blocks]
    return [t for at, t in enumerate(texts) if not at or not _is_printed(t)], not fence


def _is_printed(text: str) -> bool:
    """Whether a text is what print shows of tensors and numbers, not what makes them."""
    return bool(text.strip()) and _PRINTED.fullmatch(text) is not None


_PRINTED = re.compile(
    r"(?:tensor\(|torch\.Size\(|Parameter containing:|[\s\[\](),]|\.\.\.|None|True|False"
    r"|-?(?:inf|nan|\d+\.?\d*(?:e[-+]?\d+)?j?)|requires_grad=|size=|dtype=torch\.\w+|device='\w+'"
    r"|(?:grad_fn=)?<\w+(?: object at 0x[0-9a-fA-F]+)?>)*+"
)
_fence = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*\{?\.?([\w+-]*)[^`\n]*$")
_LANGUAGES = ("", "py", "python", "python3", "pycon", "ipython", "ipython3", "grad", "gradcli")


def cells(text: str) -> list[str]:
    """The inputs in what was typed or pasted: several for a transcript or Markdown, else one."""
    text = text.replace("\r\n", "\n")
    if is_markdown(text):
        return [cell for block in fenced(text)[0] for cell in cells(block)]
    text = normal(text)
    if is_transcript(text):
        return transcript(text)
    return [text] if text.strip() else []


def is_markdown(text: str) -> bool:
    """Whether a line of the text, outside of strings of several lines, opens a block of code."""
    if "```" not in text and "~~~" not in text:
        return False
    found = re.search(_fence.pattern, text, re.M)
    before = text[: found.start()] if found else ""
    in_string = before.count('"""') % 2 or before.count("'''") % 2
    return found is not None and not in_string


def pieces(text: str) -> list[Piece]:
    """Code, magics and requests for help in one input, in order."""
    if text.startswith("%%"):
        return [Piece("magic", text.rstrip(), 1)]
    if not any(mark in text for mark in ("%", "?", "help(", "!")):
        return [Piece("code", text, 1)]
    found: list[Piece] = []
    lines = text.split("\n")
    code: list[str] = []
    start = 1
    for number, line in enumerate(lines, 1):
        kind = special(line)
        if kind is not None and _closed(code):
            _add(found, code, start)
            code = []
            found.append(Piece(kind, line.strip(), number))
            start = number + 1
        else:
            code.append(line)
    _add(found, code, start)
    return found


def special(line: str) -> Kind | None:
    """Whether a line is a magic or asks for help."""
    if _help.match(line):
        return "help"
    if _magic.match(line):
        return "magic"
    if _named.match(line):
        return "named"
    return "shell" if _shell.match(line) else None


def help_request(line: str) -> tuple[str, bool]:
    """The name in `name?`, `?name`, `help(name)` or `?`, and whether all is wanted (`??`)."""
    match = _help.match(line)
    if match is None:
        return "", False
    return match[2] or match[3] or match[5] or "", (match[1] or match[4]) == "??"


def _add(found: list[Piece], code: list[str], start: int) -> None:
    if any(line.strip() for line in code):
        found.append(Piece("code", "\n".join(code), start))


def _closed(code: list[str]) -> bool:
    """Whether these lines are whole, so that what follows can be a magic."""
    if not any(line.strip() for line in code):
        return True
    from gradcli.language.syntax.unfinished import is_complete

    return is_complete("\n".join(code) + "\n\n").status != "incomplete"


def ready(text: str) -> tuple[bool, str]:
    """Whether Enter runs the text, and what the next line starts with if not."""
    if is_markdown(text):
        return fenced(text)[1], ""
    text = normal(text)
    if not text.strip():
        return True, ""
    lines = text.split("\n")
    if text.startswith("%%"):
        return len(lines) > 1 and not lines[-1].strip(), ""
    if is_transcript(text):
        last = lines[-1]
        match = _python_more.match(last) or _cell_more.match(last)
        return not (match and match[1].strip()), ""
    from gradcli.language.syntax.unfinished import is_complete

    rest = text
    for piece in reversed(pieces(text)):
        rest = piece.text
        if piece.kind != "code":
            return True, ""
        break
    found = is_complete(rest + "\n")
    return found.status != "incomplete", found.indent

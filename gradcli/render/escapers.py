"""What a program gives, as text in a format that has signs of its own: one function a format.

Each gives one line without control characters and without what reorders its neighbours.
"""

from __future__ import annotations

import re

from gradcli.language.syntax.terminal import clean
from gradcli.plot.words import escaped


def line(text: str) -> str:
    """A text on one line, with nothing in it that steers a terminal."""
    return clean(text.replace("\r", " ").replace("\n", " ").replace("\t", " "))


def markup(text: str) -> str:
    """For HTML and SVG, between tags and in attributes with double quotes."""
    return escaped(line(text))


def dot(text: str) -> str:
    """For a string in double quotes in DOT."""
    return line(text).replace("\\", "\\\\").replace('"', '\\"')


def mermaid(text: str) -> str:
    """For a label in double quotes in Mermaid, which reads Markdown and its own entities."""
    return re.sub(r"[#&\"<>`*_|\\;]|^[-+](?= )|(?<=^\d)[.)](?= )", _mermaid_entity, line(text))


_MERMAID = {"#": "#35;", "&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}


def _mermaid_entity(found: re.Match[str]) -> str:
    return _MERMAID.get(found[0], f"#{ord(found[0])};")


def markdown(text: str) -> str:
    """For a paragraph of Markdown."""
    plain = re.sub(r"[\\`*_{}\[\]()#+\-.!|~$<>&]", r"\\\g<0>", line(text))
    return plain.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def markdown_code(text: str) -> str:
    """A span of code in Markdown, whatever grave accents it has."""
    text = line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text[:1] == "`" or text[-1:] == "`" else ""
    return f"{fence}{space}{text}{space}{fence}" if text else ""

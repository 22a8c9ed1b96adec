"""Numbers and strings against Python's own values."""

from __future__ import annotations

import ast
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source

PIECES = [
    "\\", "\\\\", "a", "é", "\\x4", "\\x41", "\\u00e9", "\\U0001F600", "\\U00110000", "\\N{BULLET}",
    "\\N{", "}", "{", "{{", "\\7", "\\377", "\\400", "\\\n", "\\\r\n", "\n", "\r", "'", '"', "\\'",
    '\\"', "\\n", "\\q", "8", "#",
]  # fmt: skip


def ours(text: str) -> object:
    try:
        node = parse(Source(text), "expression").body
    except GradSyntaxError:
        return None
    if isinstance(node, nodes.JoinedStr):
        assert all(isinstance(part, nodes.Constant) for part in node.values)
        return "".join(str(part.value) for part in node.values)  # type: ignore[attr-defined]
    return (type(node.value), repr(node.value)) if isinstance(node, nodes.Constant) else None


def python(text: str) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    if isinstance(node, ast.JoinedStr):
        if not all(isinstance(part, ast.Constant) for part in node.values):
            return None
        return "".join(part.value for part in node.values)  # type: ignore[attr-defined]
    return (type(node.value), repr(node.value)) if isinstance(node, ast.Constant) else None


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.sampled_from(["", "r", "u", "R", "f", "rf"]),
    st.sampled_from(["'", '"', "'''", '"""']),
    st.lists(st.sampled_from(PIECES), max_size=6),
)
def test_strings(prefix: str, quote: str, pieces: list[str]) -> None:
    text = prefix + quote + "".join(pieces) + quote
    if "f" in prefix and ("{" in text.replace("{{", "") or "}" in text or "\\{" in text):
        return  # fields are compared elsewhere
    assert ours(text) == python(text), text


@settings(max_examples=500, deadline=None, derandomize=True)
@given(
    st.text("0123456789_.eEjJxXoObBaf+-", min_size=1, max_size=9).filter(
        lambda t: t[0] in "0123456789."
    )
)
def test_numbers(text: str) -> None:
    assert ours(text) == python(text), text


def test_big_numbers() -> None:
    assert ours("1" * 4300) == python("1" * 4300)
    assert ours("1" * 4301) is None
    hexadecimal = parse(Source("0x" + "f" * 5000), "expression").body
    assert isinstance(hexadecimal, nodes.Constant)
    assert hexadecimal.value == 16**5000 - 1
    assert ours("1e400") == (float, "inf")

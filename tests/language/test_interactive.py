"""What a prompt asks about text that is being typed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parser_corpus import EXPRESSIONS, PROGRAMS

from gradcli.language.syntax.unfinished import is_complete, tokens

CASES = [
    ("", "complete", ""),
    ("x = 1", "complete", ""),
    ("x = 1\n", "complete", ""),
    ("# c", "complete", ""),
    ("x = (1", "incomplete", "    "),
    ("x = [\n    1,", "incomplete", "    "),
    ("f(a,\n  b)", "complete", ""),
    ("x = (1 +\ny = 2", "invalid", ""),
    ("if x:", "incomplete", "    "),
    ("if x: # c", "incomplete", "    "),
    ("if x:\n    # c\n", "incomplete", "    "),
    ("if x:\n    y", "incomplete", "    "),
    ("if x:\n    y\n", "incomplete", "    "),
    ("if x:\n    y\n\n", "complete", ""),
    ("if x:\n    y\n    ", "complete", ""),
    ("if x:\n    y\nz = 1", "complete", ""),
    ("def f():\n    return 1\n", "incomplete", ""),
    ("def f():\n    return (1 +\n            2)\n", "incomplete", ""),
    ("def f():\n    if x:", "incomplete", "        "),
    ("if (a and\n      b):", "incomplete", "    "),
    ("def f(x):\n    y = (1 +", "incomplete", "        "),
    ("class C:\n    def f(self):\n        pass", "incomplete", "    "),
    ("try:\n    x\n", "incomplete", "    "),
    ("try:\n    x\nexcept E:\n    y\n\n", "complete", ""),
    ("@foo", "incomplete", ""),
    ("for i in x: pass", "complete", ""),
    ("'''abc", "incomplete", ""),
    ("f'''{x", "incomplete", "    "),
    ("x = 'abc", "invalid", ""),
    ("f'{x", "invalid", ""),
    ("x = \\", "incomplete", ""),
    ("x = 1 +", "invalid", ""),
    ("x = 1 1", "invalid", ""),
    ("yield 1", "invalid", ""),
    ("  x = 1", "invalid", ""),
    ("return 1", "invalid", ""),
]


@pytest.mark.parametrize(("text", "status", "indent"), CASES)
def test_is_complete(text: str, status: str, indent: str) -> None:
    found = is_complete(text)
    assert (found.status, found.indent) == (status, indent)


def shown(text: str) -> list[tuple[str, str]]:
    return [(kind, text[start:end]) for kind, (start, end) in tokens(text)]


def test_tokens() -> None:
    assert shown("x = f'a{x!r:>{w}}' # hi\n%matplotlib inline\nif None: 1e5") == [
        ("name", "x"), ("operator", "="), ("string", "f'"), ("string", "a"), ("operator", "{"),
        ("name", "x"), ("operator", "!"), ("name", "r"), ("operator", ":"), ("string", ">"),
        ("operator", "{"), ("name", "w"), ("operator", "}"), ("operator", "}"), ("string", "'"),
        ("comment", "# hi"), ("magic", "%matplotlib inline"), ("keyword", "if"),
        ("keyword", "None"), ("operator", ":"), ("number", "1e5"),
    ]  # fmt: skip


def test_tokens_of_wrong_text() -> None:
    assert shown("a ? b $ 'x") == [
        ("name", "a"), ("error", "?"), ("name", "b"), ("error", "$"), ("error", "'x"),
    ]  # fmt: skip
    assert shown("x = (1]\ny") == [
        ("name", "x"), ("operator", "="), ("operator", "("), ("number", "1"), ("error", "]"),
        ("name", "y"),
    ]  # fmt: skip
    assert shown("if x:\n    y\n  z = 3")[-3:] == [
        ("name", "z"), ("operator", "="), ("number", "3"),
    ]  # fmt: skip
    assert ("name", "y") in shown("f'{x:\ny")
    assert shown("# a 'b'\n'#c' # d") == [
        ("comment", "# a 'b'"), ("string", "'#c'"), ("comment", "# d"),
    ]  # fmt: skip


LINES = sorted({line for text in [*EXPRESSIONS, *PROGRAMS] for line in text.split("\n")})


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(LINES), st.text("xf1'\"{}[]():=#\\\n\t %!?.é\u3000", max_size=12)
        ),
        max_size=5,
    )
)
def test_tokens_of_any_text(lines: list[str]) -> None:
    text = "\n".join(lines)
    at = 0
    for _, (start, end) in tokens(text):
        assert at <= start < end <= len(text)
        assert not text[at:start].replace("\ufeff", "").strip(" \t\f\r\n\\"), text[at:start]
        at = end
    assert is_complete(text).status in ("complete", "incomplete", "invalid")

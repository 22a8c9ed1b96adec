"""The form of messages."""

from __future__ import annotations

import pytest

from gradcli.language.errors.diagnostics import Diagnostic, Label
from gradcli.language.syntax.source import Source, Span
from gradcli.language.syntax.spelling import did_you_mean, near


def span(text: str, part: str, after: int = 0) -> Span:
    start = text.index(part, after)
    return Span(start, start + len(part))


def test_the_form() -> None:
    text = "\n" * 9 + "y.backward()\nprint(x.grad)\ny.backward()\n"
    source = Source(text, "loss.grad")
    diagnostic = Diagnostic(
        "RuntimeError: Trying to backward through the graph a second time …",
        source,
        [
            (span(text, "y.backward()"), "the graph of `y` was freed here", False),
            (span(text, "y.backward()", 12), "needs values that are gone", True),
        ],
        ["keep them with y.backward(retain_graph=True) on line 10"],
    )
    assert (
        str(diagnostic)
        == """\
error: RuntimeError: Trying to backward through the graph a second time …
  --> loss.grad:12:1
   |
10 | y.backward()
   | ------------ the graph of `y` was freed here
12 | y.backward()
   | ^^^^^^^^^^^^ needs values that are gone
   |
   = help: keep them with y.backward(retain_graph=True) on line 10"""
    )
    assert diagnostic.as_dict() == {
        "code": "RuntimeError",
        "message": "Trying to backward through the graph a second time …",
        "span": {
            "file": "loss.grad",
            "line": 12,
            "column": 1,
            "end_line": 12,
            "end_column": 13,
        },
        "help": "keep them with y.backward(retain_graph=True) on line 10",
    }


def test_several_labels_on_one_line() -> None:
    text = "z = torch.matmul(x, w) + b\n"
    labels = [
        (span(text, "x"), "shape (5,)", False),
        (span(text, "w"), "shape (3, 5)", False),
        (span(text, "b"), "", False),
        (span(text, "torch.matmul(x, w)"), "this product", True),
    ]
    notes = Diagnostic("E", Source(text, "a"), labels, ["one", "two\nlines"], ["three"])
    assert (
        str(notes)
        == """\
error: E
 --> a:1:5
  |
1 | z = torch.matmul(x, w) + b
  |     ^^^^^^^^^^^^^^^^^^   - this product
  |                  -  - shape (3, 5)
  |                  |
  |                  shape (5,)
  |
  = help: one
  = help: two
          lines
  = note: three""".replace(
            "^^^^^^^^^^^^^^^^^^   - this product",
            "^^^^^^^^^^^^^^^^^^   -\n  |     |\n  |     this product",
        )
    )


def test_three_labels_hang() -> None:
    text = "a + b + c"
    labels = [(span(text, name), f"is {name}", name == "b") for name in "abc"]
    assert (
        str(Diagnostic("E", Source(text, "f"), labels))
        == """\
error: E
 --> f:1:5
  |
1 | a + b + c
  | -   ^   - is c
  | |   |
  | |   is b
  | is a"""
    )


def test_tabs_and_wide_characters() -> None:
    text = "if x:\n\t变量 = \tf(y̆) + 'é'\n"
    labels = [(span(text, "变量"), "two cells each", False), (span(text, "y̆"), "one", True)]
    assert (
        str(Diagnostic("E", Source(text, "f"), labels))
        == """\
error: E
 --> f:2:10
  |
2 |         变量 =  f(y̆) + 'é'
  |         ----      ^ one
  |         |
  |         two cells each"""
    )


def test_a_span_over_lines() -> None:
    text = "x = f(a,\n  b,\n  c,\n    d)  \ny\n"
    found = Diagnostic(
        "E", Source(text, "f"), [(span(text, "f(a,\n  b,\n  c,\n    d)"), "it", True)]
    )
    assert (
        str(found)
        == """\
error: E
 --> f:1:5
  |
1 | x = f(a,
  |     ^^^^
...
4 |     d)
  |     ^^ it"""
    )
    assert found.as_dict()["span"]["end_line"] == 4


def test_long_lines_are_clipped() -> None:
    text = "x = " + "1 + " * 500 + "bad" + " + 2" * 500
    shown = str(Diagnostic("E", Source(text, "f"), [(span(text, "bad"), "here", True)]))
    line, marks = shown.split("\n")[3:]
    assert len(line) <= 4 + 100
    assert line[4] == line[-1] == "…"
    assert line.index("bad") == marks.index("^^^")
    ends = Source("x" * 300 + "y", "f")
    line = str(Diagnostic("E", ends, [(Span(0, 1), "", True)])).split("\n")[3]
    assert line == "1 | " + "x" * 99 + "…"
    wide = Source("量" * 300, "f")
    line, marks = str(Diagnostic("E", wide, [(Span(200, 201), "", True)])).split("\n")[3:]
    assert "^^" in marks and len(line) < 60


def test_the_end_of_a_line_and_of_the_text() -> None:
    for text, at, place in (("x = ", 4, "1:5"), ("x\n", 2, "2:1"), ("", 0, "1:1")):
        shown = str(Diagnostic("E", Source(text, "f"), [(Span(at, at), "", True)]))
        assert f"f:{place}" in shown
        assert shown.endswith("^")


def test_labels_in_two_sources() -> None:
    one, two = Source("y.backward()\n", "In [3]"), Source("x.add_(1)\n", "In [2]")
    labels = [
        Label(Span(0, 12), "needs the value", True),
        Label(Span(0, 9), "changed here", False, two),
    ]
    assert (
        str(Diagnostic("E", one, labels))
        == """\
error: E
 --> In [3]:1:1
  |
1 | y.backward()
  | ^^^^^^^^^^^^ needs the value
 ::: In [2]:1:1
  |
1 | x.add_(1)
  | --------- changed here"""
    )


def test_without_a_place() -> None:
    found = Diagnostic("ValueError: x", help=["y"], severity="warning")
    assert str(found) == "warning: ValueError: x\n  = help: y"
    assert found.as_dict() == {"code": "ValueError", "message": "x", "span": None, "help": "y"}
    assert Diagnostic("no such file").code == "error"
    assert Diagnostic("limit", code="LimitExceeded").as_dict()["message"] == "limit"


def test_nothing_steers_the_terminal() -> None:
    source = Source("x = '\x1b[2J\x07' \x9b\n", "\x1b]0;a")
    labels = [(Span(0, 1), "\x1b[31m", True)]
    found = str(Diagnostic("E: \x1b[2J\r", source, labels, ["\x00"], ["\x85"]))
    assert not any((c < " " and c != "\n") or "\x7f" <= c < "\xa0" for c in found)


def test_colour_is_only_paint() -> None:
    text = "a + b"
    found = Diagnostic("E", Source(text, "f"), [(span(text, "b"), "here", True)], ["h"])
    import re

    painted = found.render(color=True)
    assert "\x1b[" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == found.render()


def test_a_piece_of_a_longer_text() -> None:
    source = Source("a\nb + c\n", "f", first_line=98)
    shown = str(Diagnostic("E", source, [(span(source.text, "c"), "here", True)]))
    assert "f:99:5" in shown
    assert "99 | b + c" in shown


NAMES = ["ones", "zeros", "zeros_like", "relu", "celu", "requires_grad", "retain_grad", "abs", "mm"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relue", ["relu"]),
        ("Relu", ["relu"]),
        ("erlu", ["relu"]),
        ("zeros_lik", ["zeros_like"]),
        ("zeroslike", ["zeros_like"]),
        ("requires_gard", ["requires_grad"]),
        ("reqires_grad", ["requires_grad"]),
        ("x", []),
        ("nn", []),
        ("softmax", []),
        ("relu", ["celu"]),
        ("zers", ["zeros"]),
    ],
)
def test_near(name: str, expected: list[str]) -> None:
    assert near(name, NAMES) == expected


def test_letters_left_out_come_before_wrong_ones() -> None:
    assert near("grd", ["gcd", "grad", "ord"])[0] == "grad"
    assert near("sze", ["she", "size"])[0] == "size"


def test_did_you_mean() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["a"]) == "did you mean `a`?"
    assert did_you_mean(["a", "b", "c"]) == "did you mean `a`, `b` or `c`?"


def test_positions() -> None:
    source = Source("a\r\nbb\rc\n\nd\x0ce\u2028f", "f")
    assert [source.position(i) for i in (0, 2, 3, 5, 6, 7, 8, 9, 13)] == [
        (1, 1), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2), (4, 1), (5, 1), (5, 5),
    ]  # fmt: skip
    assert [source.line_text(n) for n in range(1, 6)] == ["a", "bb", "c", "", "d\x0ce\u2028f"]
    assert Source("\ufeffx").line_text(1) == "x"

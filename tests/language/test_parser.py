"""The parser against Python's own, on everything that both accept."""

from __future__ import annotations

import ast
import gc
import time
import warnings

import pytest
from ast_oracle import compare
from parser_corpus import EXPRESSIONS, PROGRAMS, library, recorded

from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import NESTING, parse
from gradcli.language.syntax.source import Source

LIBRARY = library(45)
RECORDED = recorded()


def program(text: str) -> nodes.Module:
    return parse(Source(text))


def value(text: str) -> nodes.expr:
    return parse(Source(text), "expression").body


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_expressions_are_those_of_python(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert compare(text + "\n", program(text + "\n")) is None
        try:
            ast.parse(text, mode="eval")
        except SyntaxError:
            return
        assert compare(text, parse(Source(text), "expression")) is None


@pytest.mark.parametrize("text", PROGRAMS)
def test_programs_are_those_of_python(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # `ast` drops a byte order mark, and counts without it.
        if text.startswith("\ufeff"):
            assert nodes.dump(program(text)) == nodes.dump(program(text[1:]))
            text = text[1:]
        assert compare(text, program(text)) is None


def test_recorded_programs_are_those_of_python() -> None:
    assert len(RECORDED) > 40
    for name, text in RECORDED.items():
        try:
            ast.parse(text)
        except SyntaxError:
            with pytest.raises(GradSyntaxError):
                program(text)
            continue
        try:
            tree = program(text)
        except GradSyntaxError as error:
            assert error.message.endswith("is not part of the language"), (name, error.message)
            continue
        assert compare(text, tree) is None, name


def test_the_library_is_that_of_python() -> None:
    assert len(LIBRARY) == 45
    for name, text in LIBRARY.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert compare(text, program(text)) is None, name


def test_python_312_fstrings() -> None:
    tree = value("f'{a['b']}{'\\n'.join(c)}'")
    assert isinstance(tree, nodes.JoinedStr)
    index, call = tree.values
    assert isinstance(index, nodes.FormattedValue)
    assert isinstance(index.value, nodes.Subscript)
    assert isinstance(call, nodes.FormattedValue)
    assert isinstance(call.value, nodes.Call)


def test_spans_inside_fstrings() -> None:
    text = "x = f'a{b + c!r:>{w}}' f\"{d=}\""
    source = Source(text)
    found = []

    def visit(node: object) -> None:
        if isinstance(node, nodes.Name | nodes.BinOp | nodes.FormattedValue):
            found.append(source.slice(node.span))
        if isinstance(node, nodes.Node):
            for _, item in node.fields():
                visit(item)
        elif isinstance(node, tuple):
            for item in node:
                visit(item)

    visit(parse(source))
    assert found == [
        "x", "{b + c!r:>{w}}", "b + c", "b", "c", "{w}", "w", "{d=}", "d",
    ]  # fmt: skip


def test_spans_of_names() -> None:
    text = (
        "def f(a): return a.ﬁeld\nclass C(m=1): pass\ntry: x\nexcept E as e: y\nfrom a.b import c"
    )
    source = Source(text)
    function, cls, attempt, imported = parse(source).body
    assert isinstance(function, nodes.FunctionDef)
    assert source.slice(function.name_span) == "f"
    returned = function.body[0]
    assert isinstance(returned, nodes.Return)
    assert isinstance(returned.value, nodes.Attribute)
    assert source.slice(returned.value.attr_span) == "ﬁeld"
    assert returned.value.attr == "field"
    assert isinstance(cls, nodes.ClassDef)
    assert source.slice(cls.name_span) == "C"
    assert source.slice(cls.keywords[0].arg_span) == "m"
    assert isinstance(attempt, nodes.Try)
    assert attempt.handlers[0].name_span is not None
    assert source.slice(attempt.handlers[0].name_span) == "e"
    assert isinstance(imported, nodes.ImportFrom)
    assert imported.name_span is not None
    assert source.slice(imported.name_span) == "a.b"


def test_chains_are_flat() -> None:
    source = Source("a - b + c * d * e - f")
    tree = parse(source, "expression").body
    assert isinstance(tree, nodes.Chain)
    assert [op for op, _, _ in tree.rest] == ["-", "+", "-"]
    assert [source.slice(span) for _, _, span in tree.rest] == [
        "a - b",
        "a - b + c * d * e",
        "a - b + c * d * e - f",
    ]
    assert isinstance(tree.rest[1][1], nodes.Chain)
    assert isinstance(value("a - b"), nodes.BinOp)


def test_the_spine_of_a_chain_of_calls() -> None:
    base, links = nodes.spine(value("x.a[0](1).b"))
    assert isinstance(base, nodes.Name)
    assert [type(link).__name__ for link in links] == [
        "Attribute",
        "Subscript",
        "Call",
        "Attribute",
    ]
    assert nodes.spine(base) == (base, [])


def test_magics_are_nothing() -> None:
    tree = program(
        "%matplotlib inline\nx = 1\n  %config a=1\nif x:\n    %load_ext y\n    z\n%pylab"
    )
    assert [type(node).__name__ for node in tree.body] == ["Assign", "If"]
    # A remainder at the start of a line inside brackets is an operator.
    assert len(program("x = (a\n% matplotlib\n)\n").body) == 1


LONG = {
    "sum": "1" + "+1" * 100_000,
    "mixed": "1" + "*2+3" * 50_000,
    "and": "a" + " and a" * 50_000,
    "compare": "a" + "<a" * 50_000,
    "attributes": "x" + ".a" * 50_000,
    "calls": "x" + "(1)[0]" * 25_000,
    "strings": "'a' " * 50_000,
    "arguments": "f(" + "a," * 50_000 + ")",
    "keywords": "f(" + ",".join(f"a{n}=1" for n in range(20_000)) + ")",
}


@pytest.mark.parametrize("name", LONG)
def test_long_is_not_deep(name: str) -> None:
    assert isinstance(value(LONG[name]), nodes.expr)


def test_long_ladders_and_programs() -> None:
    ladder = program("if a:\n b\n" + "elif a:\n b\n" * 20_000).body[0]
    assert isinstance(ladder, nodes.If)
    assert len(ladder.tests) == 20_001
    assert len(program("x = a = " + "b = " * 20_000 + "c\n").body) == 1
    assert len(program("a;" * 20_000).body) == 20_000


DEEP = {
    "(": ("too many nested parentheses", "(" * 5000),
    "[]": ("too many nested parentheses", "[" * (NESTING + 1) + "]" * (NESTING + 1)),
    "call": ("too many nested parentheses", "f(" * 5000),
    "minus": ("too many nested expressions", "-" * 50_000 + "1"),
    "not": ("too many nested expressions", "not " * 5000 + "1"),
    "power": ("too many nested expressions", "2**" * 5000 + "2"),
    "conditional": ("too many nested expressions", "a if b else " * 5000 + "c"),
    "lambda": ("too many nested expressions", "lambda: " * 5000 + "1"),
    "fstring": ("too many nested expressions", "f'{" * 5000),
    "triple": ("too many nested expressions", "f'''{" * 2500 + 'f"""{' * 2500),
    "blocks": (
        "too many levels of indentation",
        "".join(" " * n + "if x:\n" for n in range(101)) + " " * 101 + "x",
    ),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_is_an_error_with_a_place(name: str) -> None:
    message, text = DEEP[name]
    with pytest.raises(GradSyntaxError) as caught:
        program(text)
    assert caught.value.message == message
    assert 0 <= caught.value.span.start < len(text)


def test_nesting_up_to_the_cap() -> None:
    program("(" * (NESTING - 1) + "1" + ")" * (NESTING - 1))
    program("".join(" " * n + "if x:\n" for n in range(100)) + " " * 100 + "x")


def test_time_is_linear() -> None:
    unit = "x = torch.ones(3, requires_grad=True)\ny = (x * 2 + 1).sum() - a[1:2, 'b']\n" * 250

    def seconds(text: str) -> float:
        best = 1e9
        for _ in range(3):
            start = time.perf_counter()
            program(text)
            best = min(best, time.perf_counter() - start)
        return best

    # Quadratic time would be a factor of 64; the bound leaves room for a busy machine.
    assert seconds(unit * 8) < 30 * seconds(unit)


def test_the_collector_is_as_it_was() -> None:
    for text in ("x = 1", "x = ="):
        for enabled in (True, False):
            (gc.enable if enabled else gc.disable)()
            try:
                program(text)
            except GradSyntaxError:
                pass
            finally:
                now = gc.isenabled()
                gc.enable()
            assert now is enabled

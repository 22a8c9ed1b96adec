"""Our driver over the tables against Lark's own parser: the same derivations and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lark import Lark, Token, Tree
from lark.exceptions import GrammarError, UnexpectedInput
from lark.lexer import Lexer as LarkLexer
from parser_corpus import EXPRESSIONS, PROGRAMS, library, recorded

from gradcli.language.syntax import grammar_tables, parser
from gradcli.language.syntax.lexer import Lexer
from gradcli.language.syntax.source import Source
from gradcli.language.syntax.unfinished import tokens

GRAMMAR = parser.grammar()
WORDS = GRAMMAR.words


class Tokens(LarkLexer):
    """Our tokens, for Lark."""

    def __init__(self, _configuration: Any) -> None:
        pass

    def lex(self, lexer: Any) -> Iterator[Token]:  # type: ignore[override]
        for kind, text in zip(lexer.kinds, lexer.texts, strict=True):
            if kind == WORDS.end:
                return
            yield Token(WORDS.names[kind] if kind < len(WORDS.names) else "NOTHING", text)


LARK = Lark(
    grammar_tables.read_grammar(),
    parser="lalr",
    lexer=Tokens,
    start=list(grammar_tables.STARTS),
    maybe_placeholders=True,
)


class Trees:
    """Actions that make Lark's trees."""

    def __getattr__(self, name: str) -> Any:
        if name.endswith("_") or name not in NAMES:
            raise AttributeError(name)
        return lambda values, _start, _end: (name, *values)


NAMES = {name for _, _, kind, name, _ in GRAMMAR.rules if kind == "node"}
RULES = GRAMMAR.bind(Trees())


class Refused(Exception):
    pass


def ours(lexer: Lexer, start: str) -> Any:
    def failed(*_: Any) -> Any:
        raise Refused

    try:
        return parser.drive(GRAMMAR, lexer, RULES, start, failed)
    except Refused:
        return None


def larks(lexer: Lexer, start: str) -> Any:
    try:
        return plain(LARK.parser.parser.parse(LARK.parser._make_lexer_thread(lexer), start))
    except UnexpectedInput:
        return None


def plain(node: Any) -> Any:
    """Lark's tree as nested tuples; its depth is that of the text."""
    if isinstance(node, Tree):
        return (str(node.data), *map(plain, node.children))
    return str(node) if isinstance(node, Token) else node


def same(text: str, start: str = "program") -> bool:
    """Whether both say the same of a text; the value says whether they accept it."""
    lexer = Lexer(Source(text), WORDS, start == "program")
    lexer.run()
    mine, theirs = ours(lexer, start), larks(lexer, start)
    assert mine == theirs, text
    return mine is not None


def test_corpus() -> None:
    for text in EXPRESSIONS:
        same(text + "\n")
        same(text, "expression")
    for text in PROGRAMS:
        assert same(text), text
    for text in recorded().values():
        same(text)
    for text in library(12).values():
        assert same(text)


def pieces() -> list[str]:
    """Lines of the corpus, for building programs at random."""
    found = {line for text in [*EXPRESSIONS, *PROGRAMS] for line in text.split("\n")}
    return sorted(found)


PIECES = pieces()
SIGNS = sorted(WORDS.literals)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.integers(0, 10_000), st.integers(0, 2), st.sampled_from(SIGNS)), max_size=4
    ),
    st.sampled_from(grammar_tables.STARTS),
)
def test_broken_programs(lines: list[str], edits: list[tuple[int, int, str]], start: str) -> None:
    text = "\n".join(lines)
    for where, how, sign in edits:
        found = tokens(text)
        if not found:
            break
        _, (a, b) = found[where % len(found)]
        text = text[:a] + (sign + " " if how else "") + text[a if how == 1 else b :]
    same(text, start)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from([*SIGNS, "x", "1", "'s'", "\n", "\n    ", "f'{x}'"]), max_size=25),
    st.sampled_from(grammar_tables.STARTS),
)
def test_token_soup(words: list[str], start: str) -> None:
    same(" ".join(words), start)


def test_a_conflict_is_refused() -> None:
    grammar = grammar_tables.read_grammar() + "\n_clash: test | test test\n"
    with pytest.raises(GrammarError):
        grammar_tables.build(grammar.replace("expression: ", "expression: _clash+ _NEWLINE | ", 1))


def test_the_prepared_tables_are_those_of_the_grammar() -> None:
    built = grammar_tables.build(grammar_tables.read_grammar())
    loaded = grammar_tables.load()
    assert set(built) == set(loaded)
    for key in ("format", "grammar", "terminals", "literals", "patterns", "nonterminals", "rules"):
        assert built[key] == loaded[key], key  # type: ignore[literal-required]
    assert len(grammar_tables.Rows(built["action"])) == len(grammar_tables.Rows(loaded["action"]))

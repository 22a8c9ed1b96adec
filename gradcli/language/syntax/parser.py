"""Tokens to syntax tree: an LALR driver over the prepared tables, with one action a rule.

Nothing here recurses, and what nests in the tree is bounded by NESTING, with an error behind it.
Time is linear in the text.
"""

from __future__ import annotations

import gc
from operator import itemgetter

from .actions import Builder
from .error import GradSyntaxError
from .grammar_tables import Rows, load
from .lexer import Lexer, Words
from .source import Source, Span
from .tree_checks import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Literal, overload

    from .actions import Action
    from .grammar_tables import Tables
    from .nodes import Expression, Module

    Pick = Callable[[list[Any]], Sequence[Any]]
    Rule = tuple[int, int, Pick | None, Action | None]

NESTING = 200

# Tokens that may wait on the stack without making the tree deeper.
_flat = frozenset((":", ",", "", "=", ".", "->", "in", "as", "import", "from", ";", "if"))


class Grammar:
    """The tables in the form in which the driver reads them."""

    def __init__(self, tables: Tables) -> None:
        self.words = Words(tables)
        self.action = Rows(tables["action"])
        self.goto = Rows(tables["goto"])
        self.start = tables["start"]
        self.nonterminals = tables["nonterminals"]
        self.rules = tables["rules"]
        self.picks = [
            _pick(size, (0, *plan[1:]) if kind == "more" else plan)
            for size, _, kind, _, plan in self.rules
        ]
        # (state, state below, lookahead) -> the state that a run of one-child rules leads to
        self.jumps: dict[int, int] = {}

    def bind(self, actions: object) -> list[Rule]:
        """The rules with the methods of `actions`; a method may have a `_` behind its name."""
        found: dict[str, Action] = {}
        bound: list[Rule] = []
        for (size, origin, kind, name, _), pick in zip(self.rules, self.picks, strict=True):
            action: Action | None
            if kind == "node":
                known = found.get(name)
                if known is None:
                    known = getattr(actions, name, None) or getattr(actions, name + "_")
                    found[name] = known
                action = known
            elif kind == "same":
                action = None if size == 1 else _first
            else:
                action = _more if kind == "more" else _items
            bound.append((size, origin, pick, action))
        return bound


def _first(values: Sequence[Any], _start: int, _end: int) -> Any:
    return values[0]


def _items(values: Sequence[Any], _start: int, _end: int) -> list[Any]:
    return list(values)


def _more(values: Sequence[Any], _start: int, _end: int) -> Any:
    items = values[0]
    items.extend(values[1:])
    return items


def _pick(size: int, plan: tuple[int, ...]) -> Pick | None:
    """A function from the values of a rule's symbols to what its action is given, by the plan."""
    if plan == tuple(range(size)):
        return None
    if all(index >= 0 for index in plan):
        if len(plan) >= 2:
            return itemgetter(*plan)
        if plan:
            only = plan[0]
            return lambda values: (values[only],)
        return lambda values: ()

    def pick(values: list[Any]) -> list[Any]:
        picked: list[Any] = []
        for index in plan:
            if index >= 0:
                picked.append(values[index])
            elif index == -1:
                picked.append(None)
            else:
                picked += values[-2 - index]
        return picked

    return pick


_grammar: Grammar | None = None


def grammar() -> Grammar:
    """The grammar, loaded at first use."""
    global _grammar
    if _grammar is None:
        _grammar = Grammar(load())
    return _grammar


def drive(
    tables: Grammar, lexer: Lexer, rules: list[Rule], start: str, failed: Callable[..., Any]
) -> Any:
    """Runs the tables over the tokens, and gives the value of the start symbol.

    `failed(states, values, begins, index)` is called when token `index` cannot follow; it raises.
    """
    kinds, texts, starts, ends = lexer.kinds, lexer.texts, lexer.starts, lexer.ends
    action, goto, jumps = tables.action, tables.goto, tables.jumps
    size_of_terminals = len(tables.words.names) + 2
    size_of_states = len(action)
    state = tables.start[start]
    states = [state]
    values: list[Any] = []
    begins: list[int] = []
    index = 0
    kind = kinds[0]
    high = 40
    while True:
        code = action[state].get(kind)
        if code is None:
            return failed(states, values, begins, index)
        if code > 0:
            state = code - 1
            states.append(state)
            values.append(texts[index])
            begins.append(starts[index])
            index += 1
            kind = kinds[index]
            if len(states) > high:
                high = len(states) + 8
                _check_nesting(values, begins, lexer)
            continue
        if code == 0:
            return values[-1]
        size, origin, pick, act = rules[-1 - code]
        if size == 1:
            if act is None:
                key = (states[-2] * size_of_terminals + kind) * size_of_states + state
                jump = jumps.get(key)
                if jump is None:
                    jump = jumps[key] = _jump(tables, rules, states[-2], state, kind)
                states[-1] = state = jump
                continue
            values[-1] = act(
                values[-1:] if pick is None else pick(values[-1:]), begins[-1], ends[index - 1]
            )
            states[-1] = state = goto[states[-2]][origin]
            continue
        if size == 0:
            begin = starts[index]
            values.append(act((), begin, begin) if act is not None else None)
            begins.append(begin)
        else:
            taken = values[-size:]
            del values[-size:]
            del states[-size:]
            del begins[1 - size :]
            values.append(
                act(taken if pick is None else pick(taken), begins[-1], ends[index - 1])  # type: ignore[misc]
            )
        state = goto[states[-1]][origin]
        states.append(state)


def _jump(tables: Grammar, rules: list[Rule], below: int, state: int, kind: int) -> int:
    """Where reductions by rules with one child and no action lead before anything else happens."""
    while True:
        code = tables.action[state].get(kind)
        if code is None or code >= 0:
            return state
        size, origin, _, act = rules[-1 - code]
        if size != 1 or act is not None:
            return state
        state = tables.goto[below][origin]


def _check_nesting(values: list[Any], begins: list[int], lexer: Lexer) -> None:
    """Counts the tokens that wait for the rest of what they began."""
    waiting = [
        begin
        for value, begin in zip(values, begins, strict=True)
        if type(value) is str and value not in _flat and not value.isspace()
    ]
    if len(waiting) > NESTING:
        start = waiting[NESTING]
        text = lexer.text[start : start + 1]
        raise GradSyntaxError(
            "too many nested parentheses" if text in "([{" else "too many nested expressions",
            Span(start, start + 1),
            "give a part of the expression a name on a line of its own",
        )


if TYPE_CHECKING:

    @overload
    def parse(source: Source, start: Literal["program"] = "program") -> Module: ...
    @overload
    def parse(source: Source, start: Literal["expression"]) -> Expression: ...


def parse(source: Source, start: str = "program") -> Any:
    """The syntax tree of a text; raises GradSyntaxError.

    The cyclic collector is off meanwhile: it would double the time, and a tree has no cycles.
    """
    tables = grammar()
    collecting = gc.isenabled()
    gc.disable()
    try:
        lexer = Lexer(source, tables.words, start == "program")
        lexer.run()

        def failed(states: list[int], values: list[Any], begins: list[int], index: int) -> Any:
            from .messages import Explainer

            raise Explainer(tables, lexer, states, values, begins, index, start).error()

        tree = drive(tables, lexer, tables.bind(Builder(source)), start, failed)
        if start == "program":
            check(tree)
        return tree
    finally:
        if collecting:
            gc.enable()

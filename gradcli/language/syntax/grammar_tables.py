"""The parser's tables: built from `grammar/grad.lark` with Lark, kept as flat data, loaded
without Lark.

The prepared file lies beside this module. A wheel brings it along; in an editable install the
first parse writes it, and where that is not possible the tables are built in memory each time.
The file holds the whole grammar that it was made from, so a stale one is recognised exactly. It
is read with `marshal`, and only from a place that not everyone can write to.
"""

from __future__ import annotations

import marshal
import os
from sys import byteorder, intern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypedDict

    class Tables(TypedDict):
        """Everything that the lexer and the parser need, as numbers, strings, bytes and tuples.

        `Rows(action)[state][terminal]` is the next state + 1 for a shift, -1 - rule for a
        reduction, and 0 to accept. A rule is (number of symbols, nonterminal, kind, name, plan):
        see `_rule`.
        """

        format: str
        grammar: str
        terminals: tuple[str, ...]
        literals: dict[str, int]
        patterns: dict[str, str]
        nonterminals: tuple[str, ...]
        rules: tuple[tuple[int, int, str, str, tuple[int, ...]], ...]
        action: bytes
        goto: bytes
        start: dict[str, int]


FORMAT = f"1 {byteorder}"
STARTS = ("program", "expression")
END = "$END"


class Rows(dict[int, dict[int, int]]):
    """The rows of a packed table, each unpacked when it is first looked at.

    Packed are C ints of this machine: the number of rows, where each row starts, then for each
    row the number of its entries, their keys, their values. A program meets a quarter of all
    rows, and unpacking them all takes longer than the rest of the start.
    """

    __slots__ = ("numbers",)

    def __init__(self, packed: bytes) -> None:
        self.numbers = memoryview(packed).cast("i")

    def __missing__(self, state: int) -> dict[int, int]:
        numbers = self.numbers
        at = numbers[state + 1]
        count = numbers[at]
        keys = numbers[at + 1 : at + 1 + count]
        row = dict(zip(keys, numbers[at + 1 + count : at + 1 + 2 * count], strict=True))
        self[state] = row
        return row

    def __len__(self) -> int:
        return self.numbers[0]


def pack(rows: list[dict[int, int]]) -> bytes:
    """The bytes of `Rows`; equal rows are kept once."""
    from array import array

    numbers = array("i", [len(rows)] + [0] * len(rows))
    places: dict[tuple[tuple[int, int], ...], int] = {}
    for state, row in enumerate(rows):
        items = tuple(sorted(row.items()))
        if items not in places:
            places[items] = len(numbers)
            numbers.append(len(items))
            numbers.extend(key for key, _ in items)
            numbers.extend(value for _, value in items)
        numbers[state + 1] = places[items]
    return numbers.tobytes()


_here = os.path.dirname(os.path.abspath(__file__))
_package = os.path.dirname(os.path.dirname(_here))
PREPARED = os.path.join(_here, "grad.tables")


def grammar_path() -> str:
    """Where `grad.lark` is: in the package when installed, beside it in a checkout."""
    installed = os.path.join(_package, "grammar", "grad.lark")
    if os.path.exists(installed):
        return installed
    return os.path.join(os.path.dirname(_package), "grammar", "grad.lark")


def read_grammar() -> str:
    """The text of the grammar."""
    with open(grammar_path(), encoding="utf-8", newline="") as file:
        return file.read()


def load() -> Tables:
    """The tables of the grammar as it is now."""
    grammar = read_grammar()
    trusted = _trusted()
    if trusted:
        found = _prepared(grammar)
        if found is not None:
            return found
    tables = build(grammar)
    if trusted:
        write(tables, PREPARED)
    return tables


def _trusted() -> bool:
    """Whether only the owner and his group can change what lies beside this module."""
    if os.name == "nt":
        return True
    try:
        if os.stat(_here).st_mode & 0o002:
            return False
        return not os.path.exists(PREPARED) or not os.stat(PREPARED).st_mode & 0o002
    except OSError:
        return False


def _prepared(grammar: str) -> Tables | None:
    try:
        with open(PREPARED, "rb") as file:
            tables: Tables = marshal.load(file)
        if tables["format"] == FORMAT and tables["grammar"] == grammar:
            return tables
    except (OSError, ValueError, EOFError, TypeError, KeyError):
        pass
    return None


def write(tables: Tables, path: str) -> bool:
    """Writes the prepared file whole or not at all; false when the place cannot be written."""
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "xb") as file:
            file.write(marshal.dumps(dict(tables), 4))
        os.replace(temporary, path)
    except OSError:
        return False
    return True


def build(grammar: str) -> Tables:
    """The tables of a grammar, by Lark's LALR construction."""
    from lark import Lark
    from lark.lexer import Lexer, PatternStr
    from lark.parsers.lalr_analysis import Shift

    class NoLexer(Lexer):
        """Stands where Lark would compile the terminals."""

        def __init__(self, _configuration: Any) -> None:
            pass

        def lex(self, _lexer_state: Any, _parser_state: Any) -> Any:
            return iter(())

    lark = Lark(
        grammar,
        parser="lalr",
        lexer=NoLexer,
        start=list(STARTS),
        maybe_placeholders=True,
        strict=True,
    )
    table = lark.parser.parser._parse_table

    terminals = [END, *sorted(str(t.name) for t in lark.terminals)]
    declared = {str(s.name) for rule in lark.rules for s in rule.expansion if s.is_term}
    terminals += sorted(declared - set(terminals))
    terminal = {name: number for number, name in enumerate(terminals)}
    nonterminals = sorted({str(rule.origin.name) for rule in lark.rules})
    nonterminal = {name: number for number, name in enumerate(nonterminals)}

    rules: list[tuple[int, int, str, str, tuple[int, ...]]] = []
    number_of = {}
    for rule in lark.rules:
        number_of[rule] = len(rules)
        rules.append(_rule(rule, nonterminal))

    states = list(table.states)
    # The start states first: numbers below are positions in `action` and `goto`.
    states.sort(key=lambda state: state not in table.start_states.values())
    position = {state: index for index, state in enumerate(states)}
    accepting = set(table.end_states.values())
    action: list[dict[int, int]] = []
    goto: list[dict[int, int]] = []
    for state in states:
        actions: dict[int, int] = {}
        gotos: dict[int, int] = {}
        for name, (what, argument) in table.states[state].items():
            if what is Shift:
                if name in nonterminal:
                    gotos[nonterminal[name]] = position[argument]
                else:
                    actions[terminal[name]] = position[argument] + 1
            elif argument in number_of:
                actions[terminal[name]] = -1 - number_of[argument]
        if state in accepting:
            actions[terminal[END]] = 0
        action.append(actions)
        goto.append(gotos)

    return {
        "format": FORMAT,
        "grammar": grammar,
        "terminals": tuple(terminals),
        "literals": {
            intern(str(t.pattern.value)): terminal[t.name]
            for t in lark.terminals
            if isinstance(t.pattern, PatternStr)
        },
        "patterns": {
            str(t.name): str(t.pattern.to_regexp())
            for t in lark.terminals
            if not isinstance(t.pattern, PatternStr)
        },
        "nonterminals": tuple(nonterminals),
        "rules": tuple(rules),
        "action": pack(action),
        "goto": pack(goto),
        "start": {str(name): position[state] for name, state in table.start_states.items()},
    }


def _rule(rule: Any, nonterminal: dict[str, int]) -> tuple[int, int, str, str, tuple[int, ...]]:
    """A rule with what becomes of its symbols' values, which is what Lark's tree builder does.

    The plan lists what an action is given: i for the value of symbol i, -1 for None (an
    optional part that is missing), -2 - i for the items of symbol i, which is a list. Kinds:
    `node` (call the action called `name`), `same` (the one value, as it is), `list` (the values,
    for the rule around it), `more` (a `list` whose first symbol is the same list, to be extended).
    """
    expansion = rule.expansion
    missing = rule.options.empty_indices or (False,) * len(expansion)
    plan: list[int] = []
    index = 0
    for absent in missing:
        if absent:
            plan.append(-1)
            continue
        symbol = expansion[index]
        if not symbol.is_term:
            plan.append(-2 - index if symbol.name.startswith("_") else index)
        elif rule.options.keep_all_tokens or not symbol.filter_out:
            plan.append(index)
        index += 1
    origin = rule.origin.name
    name = rule.alias or origin
    if origin.startswith("_"):
        kind = "more" if expansion and expansion[0] == rule.origin else "list"
    elif rule.options.expand1 and not rule.alias:
        if len(plan) != 1 or plan[0] < 0:
            raise ValueError(f"{origin}: an alternative with several children needs a name")
        kind = "same"
    else:
        kind = "node"
    return (len(expansion), nonterminal[origin], kind, str(name), tuple(plan))

"""`gradcli ops [NAME]`."""

from __future__ import annotations

import sys

from gradcli.cli.process.limits import single_thread
from gradcli.cli.usage.parse import Options, UsageError, meant

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def run(options: Options) -> int:
    """List the operations, or show the ones named."""
    single_thread()
    from gradcli.render.operations import all_names, described, entries, facts, needs_rule

    known = all_names()
    found = []
    for name in options.operands:
        here = entries(name)
        if not here:
            raise UsageError(
                f"there is no operation `{name}`", meant(name.rpartition(".")[2], known)
            )
        found += here
    if options.json or options.output is not None:
        if not options.operands:
            unique = {entry.id: entry for name in known for entry in entries(name)}
            found = list(unique.values())
        _write([facts(entry) for entry in found], options)
        return 0
    if options.operands:
        from gradcli.explain.formula.operation import rule

        for entry in found:
            lines = described(entry, rule(entry) if needs_rule(entry) else None)
            sys.stdout.write("\n".join(lines) + "\n")
        return 0
    sys.stdout.write(_list(known))
    return 0


def _list(known: dict[str, list[str]]) -> str:
    """The names by family, a paragraph each."""
    import textwrap

    from gradcli.table.names import FUNCTIONS, OPERATIONS

    families: dict[str, list[str]] = {}
    for name, spaces in known.items():
        for space in spaces:
            table = FUNCTIONS if FUNCTIONS.ids(space, name) else OPERATIONS
            family = table.family(table.ids(space, name)[0])
            names = families.setdefault(family, [])
            if name not in names:
                names.append(name)
    lines = []
    for family in sorted(families):
        lines.append(family)
        lines += textwrap.wrap(
            " ".join(families[family]), 76, initial_indent="    ", subsequent_indent="    "
        )
    lines.append(f"{len(known)} names; gradcli ops NAME shows one")
    return "\n".join(lines) + "\n"


def _write(document: list[dict[str, Any]], options: Options) -> None:
    from gradcli.cli.results.output import Sink, check_output

    check_output(options)
    with Sink(options, False) as sink:
        sink.write(document)

"""`gradcli why`: why a gradient is what it is."""

from __future__ import annotations

import sys

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.report import RAISED, Failure, show
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import file_or_expressions
from gradcli.cli.usage.parse import Options, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from gradcli.cli.programs.recorded import Recorded


def run(options: Options) -> int:
    """Answer about what the command line names; the status of a program that raised."""
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    texts = file_or_expressions(options)
    single_thread()

    from gradcli.cli.programs.recorded import run_recorded

    failed: list[Failure] = []
    found = run_recorded(texts, options, failed)
    for failure in failed:
        show(failure, options.errors, options.color)
    for place, recorded in enumerate(found):
        if place:
            sys.stdout.write("\n")
        for line in _answered(recorded, options):
            sys.stdout.write(f"{line}\n")
    return failed[0].status if failed else 0


def _answered(recorded: Recorded, options: Options) -> Iterator[str]:
    """The answers about the tensors of `--wrt`, or about every leaf and every name that left one.

    Raises UsageError, Failure.
    """
    from gradcli.autograd.freed_values import Dropped
    from gradcli.cli.programs.recorded import nothing_recorded, on_graph
    from gradcli.explain.why import Situation, lost_leaf, why, why_entry

    known = recorded.askable
    if options.wrt:
        asked = _asked(options.wrt, known)
    else:
        lost = [name for name, x in known.items() if on_graph(x) and lost_leaf(name, x)]
        asked = [(name, None) for name in [*recorded.leaves(), *lost]]
    if not asked:
        raise nothing_recorded("ask about")
    variables = recorded.namespace
    if options.of:
        variables = recorded.named(options.of) | {name: known[name] for name, _ in asked}
    pieces = [(recorded.text.tree, recorded.text.source)]
    texts = recorded.text_names
    situation = Situation(
        variables,
        lambda name: (pieces, name if name in texts else ""),
        {name: "it was given with --const" for name, _ in options.const},
        recorded.text.kind == "program",
    )
    for place, (name, index) in enumerate(asked):
        if place:
            yield ""
        try:
            if index is None:
                yield from why(name, known[name], situation)
            else:
                yield from why_entry(name, known[name], index, situation)
        except RuntimeError as error:
            help = "the program changed it after it was used: ask about it up to that line"
            if isinstance(error, Dropped):
                help = "keep more with --keep 1G"
            raise Failure(RAISED, str(error), type="RuntimeError", help=help) from None


def _asked(names: list[str], known: dict[str, Any]) -> list[tuple[str, tuple[int, ...] | None]]:
    """What `x`, `x.grad`, `x[3]` and `x.grad[3]` ask about: a tensor, and one entry or None.

    Raises UsageError for a name that is not known, and for an index that is none of an entry.
    """
    from gradcli.cli.programs.runner import chosen
    from gradcli.explain.why import entry_asked, entry_index

    found: list[tuple[str, tuple[int, ...] | None]] = []
    for text in names:
        entry = None if text in known else entry_asked(text)
        name, index = entry or (text.removesuffix(".grad"), None)
        chosen([name], known, "--wrt", "tensor")
        try:
            found.append((name, None if index is None else entry_index(name, known[name], index)))
        except IndexError as error:
            raise UsageError(f"--wrt {text}: {error}") from None
    return found

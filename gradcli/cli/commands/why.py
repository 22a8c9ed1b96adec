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
    """The answers about the tensors of `--wrt`, or about every leaf. Raises UsageError, Failure."""
    from gradcli.autograd.freed_values import Dropped
    from gradcli.cli.programs.recorded import nothing_recorded
    from gradcli.cli.programs.runner import chosen
    from gradcli.explain.why import Situation, entry_asked, entry_index, why, why_entry

    known = recorded.askable
    entries: dict[str, tuple[str, tuple[int, ...]]] = {}
    if options.wrt:
        for text in options.wrt:
            entry = None if text in known else entry_asked(text)
            if entry is not None:
                base, numbers = entry
                (base,) = chosen([base], known, "--wrt", "tensor")
                try:
                    entries[text] = base, entry_index(base, known[base], numbers)
                except IndexError as error:
                    raise UsageError(f"--wrt {text}: {error}") from None
        asked = [name if name in entries else name.removesuffix(".grad") for name in options.wrt]
        plain = chosen([name for name in asked if name not in entries], known, "--wrt", "tensor")
        names = [name for name in asked if name in entries or name in plain]
    else:
        names = list(recorded.leaves())
    if not names:
        raise nothing_recorded("ask about")
    variables = recorded.namespace
    if options.of:
        inputs = [entries[name][0] if name in entries else name for name in names]
        variables = recorded.named(options.of) | {name: known[name] for name in inputs}
    pieces = [(recorded.text.tree, recorded.text.source)]
    texts = recorded.text_names
    situation = Situation(
        variables,
        lambda name: (pieces, name if name in texts else ""),
        {name: "it was given with --const" for name, _ in options.const},
        recorded.text.kind == "program",
    )
    for place, name in enumerate(names):
        if place:
            yield ""
        try:
            if name in entries:
                base, index = entries[name]
                yield from why_entry(base, known[base], index, situation)
            else:
                yield from why(name, known[name], situation)
        except RuntimeError as error:
            help = "the program changed it after it was used: ask about it up to that line"
            if isinstance(error, Dropped):
                help = "keep more with --keep 1G"
            raise Failure(RAISED, str(error), type="RuntimeError", help=help) from None

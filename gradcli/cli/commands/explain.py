"""`gradcli explain`: the chain rule from a result to its inputs, and why a gradient is missing."""

from __future__ import annotations

import sys

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.report import RAISED, Failure
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import file_or_expressions
from gradcli.cli.usage.parse import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradcli.cli.programs.recorded import Recorded
    from gradcli.tensor.tensor import Tensor


def run(options: Options) -> int:
    """Explain what the command line names."""
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    texts = file_or_expressions(options)
    single_thread()

    from gradcli.cli.programs.recorded import run_recorded

    for place, recorded in enumerate(run_recorded(texts, options)):
        if place:
            sys.stdout.write("\n")
        for line in _explained(recorded, options):
            sys.stdout.write(f"{line}\n")
    return 0


def _explained(recorded: Recorded, options: Options) -> Iterator[str]:
    """The lines for every result that the options choose. Raises UsageError and Failure."""
    from gradcli.autograd.freed_values import Dropped
    from gradcli.cli.programs.recorded import nothing_recorded, on_graph
    from gradcli.explain.text import Explanation, not_on_graph

    results = recorded.results(options)
    inputs = _inputs(recorded, options)
    if not results:
        results = _off_graph(recorded)
        if not results or not inputs:
            raise nothing_recorded("explain")
    pieces = [(recorded.text.tree, recorded.text.source)]
    fixed = {name: "it was given with --const" for name, _ in options.const}
    for place, (name, value) in enumerate(results.items()):
        if place:
            yield ""
        bound = name if name in recorded.text_names else ""
        if not on_graph(value):
            yield from not_on_graph(name, value, pieces, bound)
            continue
        asked = bool(options.wrt)
        found = Explanation(
            name, value, inputs, recorded.edges, pieces, bound, asked=asked, fixed=fixed
        )
        try:
            yield from found.lines()
        except RuntimeError as error:
            help = "the program changed it after it was used: explain it up to that line"
            if isinstance(error, Dropped):
                help = "keep more with --keep 1G"
            raise Failure(RAISED, str(error), type="RuntimeError", help=help) from None


def _inputs(recorded: Recorded, options: Options) -> dict[str, Tensor]:
    """What gradients are asked for: the tensors of `--wrt`, or all named leaves."""
    from gradcli.cli.programs.runner import chosen

    if options.wrt:
        names = chosen(options.wrt, recorded.askable, "--wrt", "tensor")
        return {name: recorded.askable[name] for name in names}
    return recorded.leaves()


def _off_graph(recorded: Recorded) -> dict[str, Tensor]:
    """The last tensor that is no leaf of a graph: what a text without results may be about."""
    from gradcli.autograd.modes import requires_grad

    found = {n: v for n, v in recorded.names.items() if not requires_grad(v)}
    return dict(list(found.items())[-1:])

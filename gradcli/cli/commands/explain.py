"""`gradcli explain`: the chain rule from a result to its inputs, and why a gradient is missing."""

from __future__ import annotations

import sys

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.report import RAISED, USAGE, Failure
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import file_or_expressions
from gradcli.cli.usage.parse import Options, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.programs.recorded import Recorded
    from gradcli.explain.told import Told
    from gradcli.tensor.tensor import Tensor


def run(options: Options) -> int:
    """Explain what the command line names."""
    for name in ("indent", "compact-output"):
        if name in options.given and options.format != "json":
            raise UsageError(f"--{name} goes with --format json")
    if options.all and options.depth is not None:
        raise UsageError("--all opens everything: it does not go with --depth")
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    texts = file_or_expressions(options)
    if len(texts) > 1 and options.format == "html":
        raise UsageError("--format html takes one expression")
    single_thread()

    from gradcli.cli.programs.recorded import run_recorded

    for place, recorded in enumerate(run_recorded(texts, options)):
        _write(_explained(recorded, options), recorded, options, place > 0)
    return 0


def _write(told: list[Told], recorded: Recorded, options: Options, again: bool) -> None:
    """Write the explanations of one text; `again` when another one was written before."""
    if options.format == "json":
        from gradcli.cli.results.output import Sink
        from gradcli.explain.document import document

        with Sink(options, False) as sink:
            sink.write(document(told))
        return
    if options.format == "html":
        from gradcli.explain.html.page import page
        from gradcli.render.svg import TooLarge

        try:
            written = page(told, recorded.edges)
        except TooLarge as error:
            raise Failure(USAGE, str(error), help="explain a part of it with --of") from None
        sys.stdout.write(written)
        return
    from gradcli.explain import markdown, text

    lines = markdown.lines if options.format == "markdown" else text.lines
    for place, item in enumerate(told):
        if again or place:
            sys.stdout.write("\n")
        sys.stdout.writelines(f"{line}\n" for line in lines(item))


def _explained(recorded: Recorded, options: Options) -> list[Told]:
    """What is told of every result that the options choose. Raises UsageError and Failure."""
    from gradcli.autograd.freed_values import Dropped
    from gradcli.cli.programs.recorded import nothing_recorded, on_graph
    from gradcli.explain.chain import Refused
    from gradcli.explain.explanation import Explanation, off_graph

    results = recorded.results(options)
    inputs = _inputs(recorded, options)
    if not results:
        results = _off_graph(recorded)
        if not results or not inputs:
            raise nothing_recorded("explain")
    pieces = [(recorded.text.tree, recorded.text.source)]
    fixed = {name: "it was given with --const" for name, _ in options.const}
    found = []
    for name, value in results.items():
        bound = name if name in recorded.text_names else ""
        if not on_graph(value):
            found.append(off_graph(name, value, pieces, bound))
            continue
        explanation = Explanation(
            name,
            value,
            inputs,
            recorded.namespace,
            pieces,
            bound,
            asked=bool(options.wrt),
            fixed=fixed,
            all=options.all,
            depth=options.depth,
        )
        try:
            found.append(explanation.tell())
        except RuntimeError as error:
            help = "the program changed it after it was used: explain it up to that line"
            if isinstance(error, Dropped):
                help = "keep more with --keep 1G"
            elif isinstance(error, Refused):
                help = "a hook or a backward of the program raises here, as in a second pass"
            raise Failure(RAISED, str(error), type="RuntimeError", help=help) from None
    return found


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

"""`gradcli graph`: the recorded graph of a program's results."""

from __future__ import annotations

import shutil
import sys

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import file_or_expressions
from gradcli.cli.usage.parse import Options, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.programs.recorded import Recorded

WIDEST = 1000  # columns of a tree that no terminal shows


def run(options: Options) -> int:
    """Draw what the command line names."""
    for name in ("indent", "compact-output"):
        if name in options.given and options.format != "json":
            raise UsageError(f"--{name} goes with --format json")
    if options.all and options.depth is not None:
        raise UsageError("--all opens everything: it does not go with --depth")
    if options.format == "json" and (options.all or options.depth is not None):
        raise UsageError("--format json has every node: it does not go with --all and --depth")
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    texts = file_or_expressions(options)
    if len(texts) > 1 and options.format == "svg":
        raise UsageError("--format svg takes one expression")
    single_thread()

    from gradcli.cli.programs.recorded import run_recorded

    for recorded in run_recorded(texts, options):
        _write(recorded, options)
    return 0


def _write(recorded: Recorded, options: Options) -> None:
    from gradcli.autograd.leaf import fresh_edge
    from gradcli.autograd.modes import requires_grad
    from gradcli.cli.programs.recorded import nothing_recorded
    from gradcli.explain.norms import gradient_norms
    from gradcli.render import graph
    from gradcli.render.drawing import draw

    results = recorded.results(options)
    for name, value in results.items():
        if not requires_grad(value):
            raise UsageError(
                f"--of {name}: it is not on a graph",
                f"`gradcli explain --of {name}` says more",
            )
    if not results:
        raise nothing_recorded("draw")
    found = [(name, fresh_edge(value), value.number) for name, value in results.items()]
    names = recorded.edges
    form = options.format or "tree"
    if form == "json":
        from gradcli.cli.results.output import Sink

        with Sink(options, False) as sink:
            sink.write(graph.document(found, names, recorded.namespace))
        return
    drawing = draw(
        [node for _, node, _ in found],
        recorded.namespace,
        all=options.all,
        depth=options.depth,
        norms=gradient_norms(results.values()),
    )
    if form == "tree":
        terminal = sys.stdout.isatty()
        width = shutil.get_terminal_size().columns - 1 if terminal else WIDEST
        most = None if options.all else graph.MOST
        trees = (
            graph.tree(drawing, node, number, names, width, most=most) for _, node, number in found
        )
        text = "\n\n".join(trees)
    elif form == "svg":
        from gradcli.render.svg import TooLarge, svg

        try:
            text = svg(drawing, names, ", ".join(results))
        except TooLarge as error:
            raise Failure(USAGE, str(error), help="draw a part of it with --of") from None
    else:
        text = (graph.dot if form == "dot" else graph.mermaid)(drawing, names)
    sys.stdout.write(text + "\n")

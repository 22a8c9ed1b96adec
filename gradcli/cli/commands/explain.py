"""`gradcli explain`: the chain rule from a result to its inputs, and why a gradient is missing."""

from __future__ import annotations

import sys

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import file_or_expressions
from gradcli.cli.usage.parse import Options


def run(options: Options) -> int:
    """Explain what the command line names."""
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    texts = file_or_expressions(options)
    single_thread()

    from gradcli.cli.programs.recorded import run_recorded
    from gradcli.cli.results.explain import explained

    for place, recorded in enumerate(run_recorded(texts, options)):
        if place:
            sys.stdout.write("\n")
        for line in explained(recorded, options):
            sys.stdout.write(f"{line}\n")
    return 0

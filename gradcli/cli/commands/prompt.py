"""`gradcli` without a command: the REPL, or a script when standard input is no terminal."""

from __future__ import annotations

import sys
from typing import Any

from gradcli.cli.usage.parse import Options


def run(options: Options) -> int:
    """Run the REPL on a terminal, and what standard input holds otherwise."""
    if sys.stdin is None or not sys.stdin.isatty():
        from .eval import run as evaluate

        options.operands = ["-"]
        return evaluate(options)
    import signal

    from gradcli.repl.main import main as repl

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a line is cancelled, not more

    def inputs() -> dict[str, Any]:
        from gradcli.cli.programs.inputs import bound

        return {**bound(options).all}

    return int(repl(options, inputs))

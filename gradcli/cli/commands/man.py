"""`gradcli man [COMMAND]`."""

from __future__ import annotations

import sys

from gradcli.cli.usage.manual import plain, roff
from gradcli.cli.usage.parse import Options, UsageError, meant
from gradcli.cli.usage.table import COMMANDS, MAIN


def run(options: Options) -> int:
    """Write the manual: roff into files and pipes, plain text to a terminal."""
    if len(options.operands) > 1:
        raise UsageError("the manual has one page, and one for each command")
    command = MAIN
    if options.operands:
        name = options.operands[0]
        if name not in COMMANDS:
            raise UsageError(f"there is no command `{name}`", meant(name, COMMANDS))
        command = COMMANDS[name]
    sys.stdout.write(plain(command) if sys.stdout.isatty() else roff(command))
    return 0

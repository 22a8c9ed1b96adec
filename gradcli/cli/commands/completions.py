"""`gradcli completions SHELL`."""

from __future__ import annotations

from gradcli.cli.usage.completion import script
from gradcli.cli.usage.parse import Options, UsageError, meant
from gradcli.cli.usage.table import SHELLS


def run(options: Options) -> str:
    """The script for the shell that the operand names."""
    if len(options.operands) != 1:
        raise UsageError("say for which shell", f"gradcli completions {'|'.join(SHELLS)}")
    shell = options.operands[0].rpartition("/")[2]
    if shell not in SHELLS:
        raise UsageError(
            f"there are no completions for `{shell}`",
            meant(shell, SHELLS) or f"shells are {', '.join(SHELLS)}",
        )
    return script(shell)

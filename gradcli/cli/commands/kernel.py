"""`gradcli kernel install` and `gradcli kernel remove`."""

from __future__ import annotations

import sys

from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.usage.parse import Options, UsageError

ACTIONS = ("install", "remove")


def run(options: Options) -> int:
    """Install or remove the kernel's specification; the exit status."""
    if len(options.operands) != 1 or options.operands[0] not in ACTIONS:
        given = " ".join(options.operands)
        raise UsageError(
            f"`{given}` is nothing to do with the kernel" if given else "say what to do",
            "gradcli kernel install, or gradcli kernel remove",
        )
    from importlib.util import find_spec

    missing = [name for name in ("ipykernel", "jupyter_client") if find_spec(name) is None]
    if missing:
        raise Failure(
            USAGE, f"{missing[0]} is not installed", help="pip install 'gradcli[jupyter]' brings it"
        )
    from gradcli.jupyter import spec

    if options.operands[0] == "install":
        sys.stdout.write(f"installed in {spec.install(options.prefix)}\n")
        return 0
    if options.prefix is not None:
        raise UsageError("--prefix is for install: remove finds the kernel")
    where = spec.remove()
    if where is None:
        raise Failure(USAGE, "the kernel is not installed", help="gradcli kernel install")
    sys.stdout.write(f"removed from {where}\n")
    return 0

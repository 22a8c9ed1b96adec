"""`gradcli schema NAME`: the JSON Schema of an output."""

from __future__ import annotations

from gradcli.cli.usage.parse import Options, UsageError, meant


def run(options: Options) -> int:
    """Write the schema that the command line names; the exit status."""
    from gradcli.cli.results.output import Sink, check_output
    from gradcli.io.schemas import NAMES, schema

    known = f"there are {', '.join(NAMES)}"
    if len(options.operands) != 1:
        raise UsageError("one schema at a time: gradcli schema NAME", known)
    check_output(options)
    name = options.operands[0]
    try:
        found = schema(name)
    except KeyError:
        raise UsageError(f"there is no schema `{name}`", meant(name, NAMES) or known) from None
    with Sink(options, False) as sink:
        sink.write(found)
    return 0

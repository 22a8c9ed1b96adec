"""`gradcli check`: every gradient against finite differences."""

from __future__ import annotations

import sys

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.report import CHECK_FAILED
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import file_or_expressions
from gradcli.cli.usage.parse import Options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def run(options: Options) -> int:
    """Check what the command line names; 1 if a gradient is wrong."""
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    texts = file_or_expressions(options)
    single_thread()

    from gradcli.cli.programs.file_inputs import file_inputs
    from gradcli.cli.programs.inputs import bound, use_dtype
    from gradcli.cli.programs.runner import prepare
    from gradcli.cli.results.check import Subject, check
    from gradcli.cli.results.output import Sink, check_output
    from gradcli.tensor import dtypes

    use_dtype(options, dtypes.float64)
    check_output(options)
    prepare(options)
    given = bound(options)
    found = []
    for text in texts:
        name = text.source.text if text.kind == "expression" else text.source.name
        subject = Subject(text, options, name)
        subject.inputs = {**file_inputs(options, subject.runner), **given.all}
        found += check(subject)
    good = all(entry["ok"] for entry in found)
    if options.json or options.output is not None:
        with Sink(options, False) as sink:
            sink.write({"ok": good, "checks": found})
    else:
        sys.stdout.write("".join(f"{line}\n" for entry in found for line in _lines(entry)))
        wrong = sum(not entry["ok"] for entry in found)
        many = "gradient" if len(found) == 1 else "gradients"
        sys.stdout.write(f"{len(found)} {many} checked, {wrong} wrong\n")
    return 0 if good else CHECK_FAILED


def _lines(entry: dict[str, Any]) -> list[str]:
    """One line for a gradient that is right, what is wrong with it otherwise."""
    pair = f"d {entry['result']} / d {entry['input']}"
    if entry["weighted"]:
        pair += " (a weighted sum)"
    worst = entry["worst"]
    if entry["ok"]:
        if worst is None:
            return [f"ok     {pair}: no elements"]
        error = abs(worst["analytic"] - worst["numeric"])
        count = entry["checked"]
        many = "element" if count == 1 else "elements"
        of = f" of {entry['elements']}" if count < entry["elements"] else ""
        return [f"ok     {pair}: {count}{of} {many}, largest error {error:.2g}"]
    lines = []
    if entry["mismatches"]:
        at = f" at {worst['index']}" if worst["index"] else ""
        lines.append(
            f"WRONG  {pair}{at}: gradient {worst['analytic']:.9g}, "
            f"differences {worst['numeric']:.9g} ({entry['mismatches']} of {entry['checked']})"
        )
        left, right = worst["slopes"]
        if worst["kink"]:
            lines.append(
                f"       a kink: the slope is {left:.6g} on its left, {right:.6g} on its right"
            )
        elif not entry["connected"]:
            lines.append("       not connected: detach, .data, no_grad or a Python number between")
    jvp = entry.get("jvp")
    if jvp is not None and not jvp["ok"]:
        lines.append(f"WRONG  {pair}: forward mode {jvp['jvp']:.9g}, reverse {jvp['vjp']:.9g}")
    return lines

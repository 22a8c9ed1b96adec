"""`gradcli check`: every gradient against finite differences."""

from __future__ import annotations

import sys

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.report import CHECK_FAILED, RAISED, Failure
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import file_or_expressions
from gradcli.cli.usage.parse import Options, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.cli.programs.subject import TextSubject


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
    from gradcli.cli.programs.subject import TextSubject
    from gradcli.cli.results.output import Sink, check_output
    from gradcli.explain.check import report
    from gradcli.language.machine.state import machine

    use_dtype(options, texts[0])
    check_output(options)
    prepare(options)
    machine.ran = {}  # so that what is said of cuts is about what ran
    given = bound(options)
    found = []
    for text in texts:
        name = text.source.text if text.kind == "expression" else text.source.name
        subject = TextSubject(text, options, name)
        subject.inputs = {**file_inputs(options, subject.runner), **given.all}
        found += _checked(subject, options)
    good = all(entry["ok"] for entry in found)
    if options.json or options.output is not None:
        with Sink(options, False) as sink:
            sink.write({"ok": good, "checks": found})
    else:
        sys.stdout.writelines(f"{line}\n" for line in report(found))
    return 0 if good else CHECK_FAILED


def _checked(subject: TextSubject, options: Options) -> list[dict[str, Any]]:
    """What is found for a text. Raises UsageError and Failure."""
    from gradcli.cli.process.failures import failure_of
    from gradcli.cli.programs.runner import chosen
    from gradcli.explain.check import VARIED, Check, NothingToCheck, Tolerances
    from gradcli.language.errors.program_error import ProgramError

    given = (options.eps, options.rtol, options.atol)
    names = Tolerances._fields
    tolerances = Tolerances(
        *(v if name in options.given else None for name, v in zip(names, given, strict=True))
    )
    try:
        check = Check(subject, options.of)
        if not check.results.keys() >= set(options.of):
            known = {name: None for name in Check(subject).results if not name.endswith(VARIED)}
            chosen(options.of, known, "--of", "result on the graph")
        by = list(check.inputs)
        if options.wrt:
            by = chosen(options.wrt, check.inputs, "--wrt", "input that requires grad")
        return check.entries(by, tolerances)
    except NothingToCheck as error:
        raise UsageError(str(error), error.help) from None
    except ProgramError as error:
        raise failure_of(error) from None
    except RuntimeError as error:
        raise Failure(RAISED, str(error), type="RuntimeError") from None

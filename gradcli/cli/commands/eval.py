"""`gradcli eval`: run a program, or evaluate expressions."""

from __future__ import annotations

from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import Text, check_sources, file_or_expressions
from gradcli.cli.results.answers import exit_status, names_document
from gradcli.cli.results.begin import set_up
from gradcli.cli.usage.parse import Options, UsageError, check_jobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from gradcli.cli.programs.runner import Runner
    from gradcli.cli.results.output import Sink


def run(options: Options) -> int:
    """Run what the command line names; the exit status."""
    records = options.each or options.slurp
    check_sources(options, options.operands == ["-"])
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    if options.plots is not None:
        from gradcli.cli.process.figures import check_folder

        check_folder(options)
    texts = file_or_expressions(options)
    _check_names(texts[0], options)
    if options.engine is not None:
        from gradcli.cli.records.engine import run as over_cluster

        return over_cluster(texts[0], options)
    if not (records or options.null_input):
        check_jobs(options)
    set_up(options, texts[0], None)
    if records or options.null_input:
        from gradcli.cli.records.each import evaluate_records

        return evaluate_records(texts[0], options)
    return _once(texts, options)


def _check_names(text: Text, options: Options) -> None:
    """Raise UsageError for --of and --wrt where there are no names to choose from."""
    as_json = options.json or options.output is not None or options.to is not None
    as_json |= options.each or options.slurp or options.null_input
    for name in ("of", "wrt"):
        if name not in options.given:
            continue
        if text.kind == "expression":
            raise UsageError(
                f"--{name} chooses from the names of a program, and an expression has none",
                "gradcli grad takes --wrt" if name == "wrt" else "leave it out",
            )
        if not as_json:
            raise UsageError(f"--{name} chooses from what --json writes", "add --json")


def _once(texts: list[Text], options: Options) -> int:
    from gradcli.cli.process.stdio import write_messages, write_output
    from gradcli.cli.programs.runner import Runner
    from gradcli.cli.results.output import Sink

    if options.output is not None or options.to is not None:
        options.json = True
    stdout = write_messages if options.json or options.emit_only else write_output
    with Sink(options, len(texts) > 1) as sink:

        def emit(record: Any) -> None:
            from gradcli.io.documents import document

            sink.write(document(record, options.full), line=True)

        runners = [Runner(text, options, stdout=stdout, emit=emit) for text in texts]
        given = _inputs(runners, options)
        for runner in runners:
            _run(runner, given, options, sink)
    return exit_status(options, sink)


def _inputs(runners: list[Runner], options: Options) -> dict[str, Any]:
    from gradcli.cli.programs.file_inputs import file_inputs
    from gradcli.cli.programs.inputs import bound

    given = bound(options)
    return {**file_inputs(options, *runners), **given.all}


def _run(runner: Runner, given: dict[str, Any], options: Options, sink: Sink) -> None:
    from gradcli.cli.process.stdio import write_output
    from gradcli.language.interpreter import UNSET

    result = runner.run(dict(given))
    if options.emit_only:
        return
    if runner.text.kind == "program":
        if options.json:
            sink.write(names_document(result.globals, given, options), line=sink.count > 0)
        return
    if result.value is UNSET:
        return
    if options.json:
        from gradcli.io.documents import document

        sink.write(document(result.value, options.full))
    else:
        sink.last = result.value
        sink.count += 1
        if result.value is not None:
            write_output(f"{result.value!s}\n")

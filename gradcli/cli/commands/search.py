"""`minimize` and `solve`: where an expression is least, and where it is zero."""

from __future__ import annotations

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.report import CHECK_FAILED
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import check_sources, expression_or_file
from gradcli.cli.usage.parse import Options, UsageError


def run(options: Options) -> int:
    """Do what the command line says; the exit status is 1 if no minimum or root was found."""
    check_sources(options, options.file == "-")
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    text = expression_or_file(options)
    single_thread()

    from gradcli.cli.programs.inputs import use_dtype
    from gradcli.cli.programs.runner import prepare, seed
    from gradcli.cli.results.output import check_output

    use_dtype(options, text)
    check_output(options)
    prepare(options)
    seed(options, 0)
    from gradcli.cli.records.search import Search

    job = Search(text, options)
    if options.each or options.slurp or options.null_input:
        if options.trace:
            raise UsageError("--trace shows the steps of one search, and records have many")
        from gradcli.cli.records.each import Stream

        return Stream(job, options).run() or (CHECK_FAILED if job.failed else 0)
    from gradcli.cli.programs.file_inputs import file_inputs, inputs_of
    from gradcli.cli.programs.inputs import bound
    from gradcli.cli.results.answers import exit_status
    from gradcli.cli.results.output import Sink

    given = bound(options)
    files = file_inputs(options, job.runner)
    files = {**files, **inputs_of(options.table, options, (job.runner,))}
    with Sink(options, streaming=options.trace) as sink:
        job.write_step = lambda document: sink.write(document, line=True)
        sink.write(job.document({**files, **given.all}), line=options.trace)
    if job.failed:
        return CHECK_FAILED
    return exit_status(options, sink)

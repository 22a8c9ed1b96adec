"""`minimize` and `solve`: where an expression is least, and where it is zero."""

from __future__ import annotations

from contextlib import closing

from gradcli.cli.process.report import CHECK_FAILED
from gradcli.cli.results.begin import read, set_up
from gradcli.cli.usage.parse import Options, UsageError


def run(options: Options) -> int:
    """Do what the command line says; the exit status is 1 if no minimum or root was found."""
    text = read(options)
    set_up(options, text)
    from gradcli.cli.records.search import Search

    job = Search(text, options)
    if options.each or options.slurp or options.null_input:
        if options.trace:
            raise UsageError("--trace shows the steps of one search, and records have many")
        from gradcli.cli.records.each import Stream

        return Stream(job, options).run() or (CHECK_FAILED if job.failed else 0)
    from gradcli.cli.process.progress import Progress
    from gradcli.cli.programs.file_inputs import file_inputs, inputs_of
    from gradcli.cli.programs.inputs import bound
    from gradcli.cli.results.answers import exit_status
    from gradcli.cli.results.output import Sink

    given = bound(options)
    files = file_inputs(options, job.runner)
    files = {**files, **inputs_of(options.table, options, (job.runner,))}
    progress = Progress(options, stdout=options.trace)  # otherwise stdout waits for the result
    with closing(progress), Sink(options, streaming=options.trace) as sink:
        job.progress = progress
        job.write_step = lambda document: sink.write(document, line=True)
        document = job.document({**files, **given.all})
        progress.close()
        sink.write(document, line=options.trace)
    if job.failed:
        return CHECK_FAILED
    return exit_status(options, sink)

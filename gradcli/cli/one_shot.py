"""`grad`, `jvp`, `vjp`, `jacobian`, `hessian` and `hvp`: one expression or program, JSON out."""

from __future__ import annotations

from .options import Options
from .process import single_thread, watch_signals, watch_time
from .sources import check_sources, expression_or_file


def run(options: Options) -> int:
    """Do what the command line says; the exit status."""
    check_sources(options, options.file == "-")
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    text = expression_or_file(options)
    single_thread()

    from gradcli.tensor import dtypes

    from .inputs import use_dtype
    from .output import check_output
    from .running import prepare, seed

    use_dtype(options, dtypes.float64)
    check_output(options)
    prepare(options)
    seed(options, 0)
    if options.each or options.slurp or options.null_input or options.grid:
        from .each import derive_records

        return derive_records(text, options)
    from .inputs import bound
    from .jobs import Derivative
    from .output import Sink
    from .records import file_inputs

    job = Derivative(text, options)
    given = bound(options)
    files = file_inputs(options, job.runner)
    with Sink(options, False) as sink:
        sink.write(job.document({**files, **given.all}))
    return 0

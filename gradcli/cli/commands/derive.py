"""`grad`, `jvp`, `vjp`, `jacobian`, `hessian` and `hvp`: one expression or program, JSON out."""

from __future__ import annotations

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import check_sources, expression_or_file
from gradcli.cli.usage.parse import Options, UsageError, check_jobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.programs.sources import Text


def run(options: Options) -> int:
    """Do what the command line says; the exit status."""
    check_sources(options, options.file == "-")
    if "as" in options.given and not options.formula:
        raise UsageError("--as says how a formula is written", "give --formula, too")
    if options.formula and (options.each or options.slurp or options.grid):
        raise UsageError("a formula is the same for all records", "leave out --formula")
    for name in ("taylor", "sigma", "elasticity"):
        if options.formula and name in options.given:
            raise UsageError(
                f"--formula writes derivatives, and --{name} numbers", "give one of the two"
            )
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    if options.command.name == "grad" and options.tangent and not options.taylor:
        raise UsageError("--tangent is for --taylor", "gradcli jvp takes the derivative along it")
    text = expression_or_file(options)
    if options.engine is not None:
        from gradcli.cli.records.engine import run as over_cluster

        return over_cluster(text, options)
    single_thread()

    from gradcli.cli.programs.inputs import use_dtype
    from gradcli.cli.programs.runner import prepare, seed
    from gradcli.cli.results.output import check_output

    use_dtype(options, text)
    check_output(options)
    prepare(options)
    seed(options, 0)
    if options.formula:
        return _formula(text, options)
    if options.each or options.slurp or options.null_input or options.grid:
        from gradcli.cli.records.each import derive_records

        return derive_records(text, options)
    check_jobs(options)
    from gradcli.cli.programs.file_inputs import file_inputs
    from gradcli.cli.programs.inputs import bound
    from gradcli.cli.records.one_record import Derivative
    from gradcli.cli.results.answers import exit_status
    from gradcli.cli.results.output import Sink

    job = Derivative(text, options)
    given = bound(options)
    files = file_inputs(options, job.runner)
    with Sink(options, False) as sink:
        sink.write(job.document({**files, **given.all}))
    return exit_status(options, sink)


def _formula(text: Text, options: Options) -> int:
    from gradcli.cli.programs.file_inputs import file_inputs
    from gradcli.cli.programs.inputs import bound
    from gradcli.cli.programs.runner import Runner
    from gradcli.cli.results.formulas import run as write_formulas

    given = bound(options)
    files = file_inputs(options, Runner(text, options))
    return write_formulas(text, {**files, **given.all}, options)

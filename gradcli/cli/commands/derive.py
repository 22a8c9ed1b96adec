"""`grad`, `jvp`, `vjp`, `jacobian`, `hessian` and `hvp`: one expression or program, JSON out."""

from __future__ import annotations

from gradcli.cli.results.begin import read, set_up
from gradcli.cli.usage.parse import Options, UsageError, check_jobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from gradcli.cli.programs.sources import Text


def run(options: Options) -> int:
    """Do what the command line says; the exit status."""
    if "as" in options.given and not options.formula:
        raise UsageError("--as says how a formula is written", "give --formula, too")
    if options.formula and (options.each or options.slurp or options.grid):
        raise UsageError("a formula is the same for all records", "leave out --formula")
    for name in ("taylor", "sigma", "elasticity"):
        if options.formula and name in options.given:
            raise UsageError(
                f"--formula writes derivatives, and --{name} numbers", "give one of the two"
            )
    if options.command.name == "grad" and options.tangent and not options.taylor:
        raise UsageError("--tangent is for --taylor", "gradcli jvp takes the derivative along it")
    text = read(options)
    if options.engine is not None:
        from gradcli.cli.records.engine import run as over_cluster

        return over_cluster(text, options)
    set_up(options, text)
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

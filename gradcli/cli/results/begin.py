"""How a command that answers in JSON begins, before NumPy is loaded and after."""

from __future__ import annotations

from gradcli.cli.process.limits import single_thread
from gradcli.cli.process.signals import watch_signals, watch_time
from gradcli.cli.programs.sources import Text, check_sources, expression_or_file
from gradcli.cli.usage.parse import Options


def read(options: Options) -> Text:
    """The one expression or program of a command line, read while time and signals are watched.

    Raises UsageError and Failure.
    """
    check_sources(options, options.file == "-")
    if options.timeout is not None:
        watch_time(options.timeout, options.errors)
    watch_signals()
    return expression_or_file(options)


def set_up(options: Options, text: Text, number: int | None = 0) -> None:
    """Make the process ready to run a text and to write what comes of it.

    `number` is the seed where none is given. Raises UsageError, Failure and Interrupted.
    """
    single_thread()

    from gradcli.cli.programs.inputs import use_dtype
    from gradcli.cli.programs.runner import prepare, seed

    from .output import check_output

    use_dtype(options, text)
    check_output(options)
    prepare(options)
    seed(options, number)

"""`gradcli`: from the words of the command line to an exit status."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # (`signal` itself imports much more)
import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Never

    from gradcli.cli.usage.parse import Options

INTERRUPTED = 130  # as in `gradcli.cli.process.report`, which is not imported yet


def main() -> Never:
    """The console script. The process ends here, without the interpreter's slow goodbye.

    The cyclic collector rests until all is imported: nothing that start-up makes is garbage. Until
    a command watches signals itself nothing was written, and Ctrl-C just ends the process.
    """
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _leave)
    gc.disable()
    if sys.stderr is None:  # closed: messages go nowhere, and no file gets its descriptor
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.unraisablehook = _ignore
    status = run(_arguments())
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        pass
    os._exit(status)


def _leave(signum: int, frame: Any) -> Never:
    os._exit(INTERRUPTED)


def _ignore(unraisable: object) -> None:
    """Say nothing of what a program's generator raises when nobody needs it any more."""


def _arguments() -> list[str]:
    """The arguments as UTF-8, whatever the locale says."""
    arguments = sys.argv[1:]
    if sys.getfilesystemencoding() == "utf-8" or all(map(str.isascii, arguments)):
        return arguments
    return [os.fsencode(word).decode("utf-8", "surrogateescape") for word in arguments]


def run(arguments: list[str]) -> int:
    """Do what the arguments say; the exit status. What it wrote is flushed."""
    from gradcli.cli.usage.parse import UsageError, parse

    form = "json" if _wants_json_errors(arguments) else "text"
    when = "auto"
    try:
        if sys.stdout is None:
            raise UsageError("standard output is closed")
        options = parse(arguments)
        form, when = options.errors, options.color
        status = _start(options)
        sys.stdout.flush()
        return status
    except UsageError as error:
        from gradcli.cli.process.report import USAGE, Failure, show

        show(Failure(USAGE, error.message, help=error.help), form, when)
        return USAGE
    except BaseException as error:
        limits = sys.modules.get("gradcli.cli.process.limits")
        if limits is not None:
            limits.lift_memory()
        from gradcli.cli.process.failures import failure_of
        from gradcli.cli.process.report import BROKEN_PIPE, show

        failure = failure_of(error)
        if failure.status == BROKEN_PIPE:
            return BROKEN_PIPE
        _flush_output()
        if failure.message:
            show(failure, form, when)
        return failure.status
    finally:
        figures = sys.modules.get("gradcli.cli.process.figures")
        if figures is not None:
            figures.tell()


def _wants_json_errors(arguments: list[str]) -> bool:
    """Whether mistakes in the command line itself are to be JSON."""
    if "--errors=json" in arguments:
        return True
    return "--errors" in arguments and arguments[arguments.index("--errors") + 1 :][:1] == ["json"]


def _flush_output() -> None:
    """What was printed before an error stands before it; a lost stream is no second error."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        pass


def _start(options: Options) -> int:
    if options.help:
        from gradcli.cli.usage.help import screen

        return _say(screen(options.command))
    if options.version:
        from gradcli import __version__

        return _say(f"gradcli {__version__}\n")
    name = options.command.name
    if name == "completions":
        from gradcli.cli.commands.completions import run as completions

        return _say(completions(options))
    from gradcli.cli.process.stdio import utf8_streams

    utf8_streams()
    if not options.command.name:
        from gradcli.cli.commands.prompt import run as interactive

        return interactive(options)
    from importlib import import_module

    command = import_module(f"gradcli.cli.commands.{options.command.module}")
    status: int = command.run(options)
    return status


def _say(text: str) -> int:
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    main()

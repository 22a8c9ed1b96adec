"""`gradcli`: from the words of the command line to an exit status."""

from __future__ import annotations

import os
import sys

from .options import Options, UsageError, parse
from .table import MAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Never


def main() -> Never:
    """The console script. The process ends here, without the interpreter's slow goodbye."""
    status = run(_arguments())
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        pass
    os._exit(status)


def _arguments() -> list[str]:
    """The arguments as UTF-8, whatever the locale says."""
    arguments = sys.argv[1:]
    if sys.getfilesystemencoding() == "utf-8" or all(map(str.isascii, arguments)):
        return arguments
    return [os.fsencode(word).decode("utf-8", "surrogateescape") for word in arguments]


def run(arguments: list[str]) -> int:
    """Do what the arguments say; the exit status. What it wrote is flushed."""
    form = "json" if _wants_json_errors(arguments) else "text"
    when = "auto"
    try:
        options = parse(arguments)
        form, when = options.errors, options.color
        status = _start(options)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except UsageError as error:
        from .report import USAGE, Failure, show

        show(Failure(USAGE, error.message, help=error.help), form, when)
        return USAGE
    except BrokenPipeError:
        _abandon_output()
        return 141
    except BaseException as error:
        from .failures import failure_of
        from .report import show

        failure = failure_of(error)
        if failure.status != 130 or failure.message:
            _flush_output()
            show(failure, form, when)
        return failure.status


def _wants_json_errors(arguments: list[str]) -> bool:
    """Whether mistakes in the command line itself are to be JSON."""
    if "--errors=json" in arguments:
        return True
    return "--errors" in arguments and arguments[arguments.index("--errors") + 1 :][:1] == ["json"]


def _abandon_output() -> None:
    """Nobody reads stdout any more: make sure that nothing tries to write to it again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)


def _flush_output() -> None:
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _abandon_output()


def _start(options: Options) -> int:
    if options.help:
        from .help import screen

        return _say(screen(options.command))
    if options.version:
        from gradcli import __version__

        return _say(f"gradcli {__version__}\n")
    name = options.command.name
    if name == "completions":
        from .completions import run as completions

        return _say(completions(options))
    from .process import utf8_streams

    utf8_streams()
    if options.command is MAIN:
        from .interactive import run as interactive

        return interactive(options)
    from importlib import import_module

    command = import_module(f"gradcli.cli.{name}_command")
    status: int = command.run(options)
    return status


def _say(text: str) -> int:
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(text)
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    main()

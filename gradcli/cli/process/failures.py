"""Every exception that can end a command, or one record of it, as a `Failure`.

Nothing here imports NumPy: which class an exception has is told by what is imported already.
"""

from __future__ import annotations

import sys

from gradcli.cli.usage.parse import UsageError

from .report import BROKEN_PIPE, BUG, INTERRUPTED, LIMIT, RAISED, SYNTAX, USAGE, Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from gradcli.language.syntax.source import Source


def failure_of(error: BaseException, source: Source | None = None) -> Failure:
    """The failure for an exception; `source` is the text that a syntax error is in."""
    if isinstance(error, Failure):
        return error
    error = _unwrapped(error)
    if isinstance(error, UsageError):
        return Failure(USAGE, error.message, help=error.help)
    if isinstance(error, BrokenPipeError):
        return Failure(BROKEN_PIPE, "")
    if isinstance(error, KeyboardInterrupt):
        return Failure(INTERRUPTED, "")
    if isinstance(error, MemoryError):
        return _limit("there is not enough memory", "max-memory")
    for found in (_of_data(error), _of_language(error, source), _of_runtime(error)):
        if found is not None:
            return found
    if isinstance(error, OSError):
        what = error.strerror or str(error)
        name = f"{error.filename}: " if error.filename is not None else "writing output: "
        return Failure(USAGE, f"{name}{what}", code="io")
    return _bug(error)


def _unwrapped(error: BaseException) -> BaseException:
    """The error of a lost stream, as an OSError, also when a program was running."""
    inner = getattr(error, "error", None)
    process = sys.modules.get("gradcli.cli.process.stdio")
    if process is None or not isinstance(inner, BaseException):
        return error
    if isinstance(inner, process.OutputLost):
        return inner.error  # type: ignore[no-any-return]
    return inner if isinstance(error, process.OutputLost) else error


def _of_data(error: BaseException) -> Failure | None:
    module = sys.modules.get("gradcli.io.errors")
    if module is None or not isinstance(error, module.DataError):
        return None
    where = ""
    span = None
    if error.line is not None:
        column = error.column or 1
        span = {"line": error.line, "column": column}
        where = f" (line {error.line}, column {column})"
    return Failure(USAGE, f"{error}{where}", code="data", help=error.help, span=span)


def _of_runtime(error: BaseException) -> Failure | None:
    module = sys.modules.get("gradcli.tensor.runtime")
    if module is None:
        return None
    if isinstance(error, module.Interrupted):
        return Failure(INTERRUPTED, "")
    if isinstance(error, module.LimitExceeded):
        failure = _limit(str(error), error.limit)
        place = getattr(error, "place", None)
        if place is not None:
            source, span = place
            failure.span = span_members(source, span)
            failure.draw = _drawing(error, source)
        return failure
    return None


def _limit(message: str, limit: str) -> Failure:
    return Failure(
        LIMIT, message, type="LimitExceeded", help=f"the limit can be set with --{limit}"
    )


def _of_language(error: BaseException, source: Source | None) -> Failure | None:
    module = sys.modules.get("gradcli.language.syntax.error")
    if module is not None and isinstance(error, module.GradSyntaxError):
        status = RAISED if isinstance(error, module.UndefinedName) else SYNTAX
        failure = Failure(status, error.message, type=error.kind, help=error.help or "")
        if source is not None:
            failure.span = span_members(source, error.span)
            failure.draw = _drawing(error, source)
        return failure
    module = sys.modules.get("gradcli.language.errors.program_error")
    if module is not None and isinstance(error, module.ProgramError):
        kind, _, message = error.title.partition(": ")
        if "does not require grad" in message:
            from gradcli.explain.errors import mark_cuts

            mark_cuts(error, [(error.program.tree, error.program.source)])
        failure = Failure(RAISED, message or kind, type=kind, help=error.help or "")
        failure.span = span_members(error.source, error.span)
        failure.draw = _drawing(error, error.source)
        return failure
    return None


def span_members(source: Source, span: tuple[int, int]) -> dict[str, Any]:
    """A place in a text for JSON: file, and line and column of the start and of the end."""
    line, column = source.position(span[0])
    end_line, end_column = source.position(span[1])
    return {
        "file": source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _drawing(error: Any, source: Source) -> Callable[[bool], str]:
    """What draws the diagnostic with source lines, once somebody wants to see it."""

    def draw(colour: bool) -> str:
        from gradcli.render.diagnostics import diagnostic_of

        return diagnostic_of(error, source).render(color=colour)

    return draw


def _bug(error: BaseException) -> Failure:
    """Something that must not happen."""
    from gradcli.render.reports import bug_text

    return Failure(
        BUG,
        bug_text(error),
        type="InternalError",
        help="please report it with the command that led here",
    )

"""The error that everything between text and syntax tree raises."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .source import Span

_INDENTATION = (
    "unexpected indent",
    "unindent does not match",
    "expected an indented block",
    "too many levels of indentation",
)


class GradSyntaxError(Exception):
    """What is wrong (in Python's words where Python has some), where, and what to do about it.

    `labels` are further places, each with what is to be said there. `at_end` is true when more text
    could make the program right: a REPL then waits for it.
    """

    def __init__(
        self,
        message: str,
        span: Span,
        help: str | None = None,
        labels: tuple[tuple[Span, str], ...] = (),
        at_end: bool = False,
        label: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.help = help
        self.labels = labels
        self.at_end = at_end
        self.label = label

    @property
    def kind(self) -> str:
        """The class of exception that Python has for this error."""
        if self.message.startswith("inconsistent use of tabs"):
            return "TabError"
        if self.message.startswith(_INDENTATION):
            return "IndentationError"
        return "SyntaxError"


class UndefinedName(GradSyntaxError):
    """A name that nothing defines, found before the program runs."""

    @property
    def kind(self) -> str:
        """As when it is found in running."""
        return "NameError"

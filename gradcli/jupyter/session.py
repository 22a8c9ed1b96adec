"""A session whose results, pictures and errors go to a notebook."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from types import TracebackType
from typing import Any

from gradcli.language.errors.diagnostics import Diagnostic
from gradcli.render.diagnostics import wrapped
from gradcli.repl.files.config import Config
from gradcli.repl.magics.parse import with_percent
from gradcli.repl.main import run_magic, show_help
from gradcli.repl.session.shell import Shell
from gradcli.tensor.runtime import runtime

WIDTH = 100  # columns of a cell's output
Send = Callable[[str, dict[str, Any]], None]


class Stopping:
    """While it is entered, a request to interrupt stops what runs; signals stay as they are."""

    def __enter__(self) -> Stopping:
        runtime.stop = None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        runtime.stop = None


class CellSession(Shell):
    """A session that sends messages of Jupyter's protocol: `send` takes a type and a content.

    `ask` answers a question with yes or no.
    """

    def __init__(self, send: Send, ask: Callable[[str], bool]) -> None:
        super().__init__(Config(), run_magic, show_help, colour=True, write=self.stream, ask=ask)
        self.send = send
        self.interrupts = Stopping()  # type: ignore[assignment]
        self.error: Diagnostic | None = None
        self.silent = False
        self.every_value = False  # a cell has one result, as in other notebooks
        self.pictures = {"svg": self.put_picture, "html": self.put_page}

    @property
    def width(self) -> int:
        """The columns of a cell's output."""
        return WIDTH

    def cell(self, text: str, silent: bool) -> Diagnostic | None:
        """Run a cell; the error that ended it, if any. Raises Leave."""
        self.error = None
        self.silent = silent
        self.run(with_percent(self, text), typed=False)
        pyplot = self.session.pyplot
        if pyplot is not None:
            pyplot.show()  # as notebooks do: what is drawn is seen below its cell
        return self.error

    def stream(self, text: str, name: str = "stdout") -> None:
        """What is printed."""
        if text and not self.silent:
            self.send("stream", {"name": name, "text": text})

    def put_value(self, text: str, number: int) -> None:
        """Show the value of an input."""
        if not self.silent:
            data = {"text/plain": text}
            content = {"execution_count": number, "data": data, "metadata": {}}
            self.send("execute_result", content)

    def put_picture(self, svg: str, text: str = "<graph>") -> None:
        """Show a picture, with a text for those who cannot see it."""
        if not self.silent:
            data = {"image/svg+xml": svg, "text/plain": text}
            self.send("display_data", {"data": data, "metadata": {}, "transient": {}})

    def put_page(self, page: str) -> None:
        """Show an HTML page in a frame of its own, which nothing leaves."""
        if not self.silent:
            frame = (
                f'<iframe sandbox="allow-scripts" srcdoc="{escape(page)}" '
                'style="width:100%;height:32em;border:0"></iframe>'
            )
            data = {"text/html": frame, "text/plain": "<explanation>"}
            self.send("display_data", {"data": data, "metadata": {}, "transient": {}})

    def show_figure(self, figure: Any) -> bool:
        """Show a figure of a program."""
        from gradcli.plot.svg import svg

        self.put_picture(svg(figure), f"<Figure {figure.number}>")
        return True

    def show_diagnostic(self, diagnostic: Diagnostic) -> None:
        """Show a warning, or keep the error that ends the cell."""
        if diagnostic.severity == "error":
            self.error = diagnostic
        else:
            self.stream(self.text_of(diagnostic) + "\n", "stderr")

    def show_interrupt(self, message: str) -> None:
        """Keep the interrupt as the error that ends the cell, which tells it once."""
        self.interrupted = True
        self.error = Diagnostic(f"KeyboardInterrupt: {message}")

    def text_of(self, diagnostic: Diagnostic) -> str:
        """A diagnostic as a notebook shows it."""
        return wrapped(diagnostic, self.colour, self.width).rstrip("\n")

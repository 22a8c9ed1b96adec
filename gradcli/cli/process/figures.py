"""The figures that programs show: drawn on a terminal, written as SVG, and otherwise counted."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from typing import Any

from gradcli.cli.usage.parse import Options, UsageError
from gradcli.render.colour import colour

from .stdio import OutputLost

MOST = 1000  # files
MOST_SENTENCES = 20


def check_folder(options: Options) -> None:
    """Have the folder of --plots there, before anything is computed.

    Raises UsageError where a figure would replace a file and --force is not given.
    """
    folder = options.plots
    if folder is None:
        return
    os.makedirs(folder, exist_ok=True)
    taken = next((name for name in map(_name, range(1, MOST)) if _is_there(folder, name)), None)
    if taken is not None and not options.force:
        raise UsageError(
            f"{os.path.join(folder, taken)} is there already",
            "--force replaces figures of an earlier run; or name another folder",
        )


def _name(number: int) -> str:
    return f"figure-{number:03d}.svg"


def _is_there(folder: str, name: str) -> bool:
    return os.path.lexists(os.path.join(folder, name))


class Figures:
    """Takes the figures of the programs of one command.

    `write` takes the text of a picture where a terminal shows it, and is None elsewhere.
    """

    def __init__(self, options: Options, write: Callable[[str], Any] | None) -> None:
        self.options = options
        self.write = write
        self.written = 0
        self.unshown = 0
        self.sentences: dict[str, None] = {}  # about what was left out

    def show(self, figure: Any) -> bool:
        """Show a figure in each of the ways there are; whether there was one."""
        seen = False
        if self.options.plots is not None and self.written < MOST:
            from gradcli.plot.svg import svg

            picture = svg(figure)
            if figure.drawn.get("svg") != picture:
                figure.drawn["svg"] = picture
                self._save(picture)
            seen = True
        if self.write is not None:
            from gradcli.plot.terminal import WIDEST, draw

            width = min(shutil.get_terminal_size().columns - 1, WIDEST)
            picture = draw(
                figure, width, colour=colour(self.options.color, sys.stdout), ascii=False
            )
            if figure.drawn.get("terminal") != picture:
                figure.drawn["terminal"] = picture
                self.write(picture + "\n")
            seen = True
        return seen

    def _save(self, picture: str) -> None:
        """Write the next file. Raises OutputLost, which no program can catch."""
        from gradcli.io.files import replacing

        self.written += 1
        path = os.path.join(str(self.options.plots), _name(self.written))
        try:
            with replacing(path) as file:
                file.write(picture.encode())
        except OSError as error:
            error.filename = path
            raise OutputLost(error) from None

    def collect(self, pyplot: Any) -> None:
        """Take over what a program left: figures that nobody saw, names that were left out."""
        if pyplot is not None:
            self.unshown += pyplot.unshown
            pyplot.unshown = 0
            sentence = pyplot.notes.sentence()
            if sentence and len(self.sentences) < MOST_SENTENCES:
                self.sentences[sentence] = None

    def tell(self) -> None:
        """One line on stderr about what was not shown, and one about what no picture shows."""
        if self.unshown:
            were = "figure was" if self.unshown == 1 else "figures were"
            _say(f"{self.unshown:,} {were} not shown: --plots DIR writes SVG", self.options)
        for sentence in self.sentences:
            _say(sentence, self.options)


of_command: list[Figures] = []  # those of the command that runs, made at its first need


def figures_of(options: Options, write: Callable[[str], Any] | None) -> Figures:
    """The figures of the command."""
    if not of_command:
        of_command.append(Figures(options, write))
    return of_command[0]


def tell() -> None:
    """At the end of a command: what nobody saw."""
    while of_command:
        of_command.pop().tell()


def _say(line: str, options: Options) -> None:
    from contextlib import suppress

    if options.quiet:
        return
    if options.errors == "json":
        from gradcli.io.text import one_line

        line = one_line({"warning": {"code": "figures", "message": line}})
    else:
        line = f"note: {line}"
    with suppress(OSError, ValueError):  # nobody reads messages
        sys.stderr.write(line + "\n")

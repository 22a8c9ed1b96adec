"""Program texts from the command line, files and standard input, parsed without NumPy."""

from __future__ import annotations

import os
import sys

from gradcli.cli.process.failures import failure_of
from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.usage.parse import Options, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from gradcli.language.syntax.nodes import Expression, Module
    from gradcli.language.syntax.source import Source

    Kind = Literal["program", "expression"]


class Text:
    """A parsed text: a program or an expression."""

    __slots__ = ("kind", "source", "tree")

    def __init__(self, source: Source, kind: Kind) -> None:
        """Raises Failure for a syntax error."""
        from gradcli.language.syntax.error import GradSyntaxError
        from gradcli.language.syntax.parser import parse

        self.source = source
        self.kind = kind
        try:
            self.tree: Module | Expression = parse(source, kind)
        except GradSyntaxError as error:
            raise failure_of(error, source) from None


MOST = 64 << 20  # bytes of a program's text, which may come from a device without an end


def read_text(name: str) -> str:
    """The text of a program's file, or of standard input for `-`. Raises Failure and OSError."""
    if name == "-":
        if sys.stdin is None:
            raise Failure(USAGE, "there is no standard input to read the program from")
        from gradcli.cli.process.signals import waiting

        with waiting():
            data = sys.stdin.buffer.read(MOST + 1)
    else:
        with open(name, "rb") as file:
            data = file.read(MOST + 1)
    if len(data) > MOST:
        where = "standard input" if name == "-" else name
        raise Failure(USAGE, f"{where}: a program of more than {MOST >> 20} MiB is refused")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        where = "standard input" if name == "-" else name
        raise Failure(
            USAGE, f"{where}: line {line} is not UTF-8 (byte 0x{data[error.start]:02x})"
        ) from None


def _source(text: str, name: str) -> Source:
    from gradcli.language.syntax.source import Source

    return Source(text, name)


def check_sources(options: Options, program: bool) -> None:
    """Refuse to take two things from one place. `program`: it comes from standard input.

    Raises UsageError.
    """
    records = options.each or options.slurp
    if options.grid and records:
        raise UsageError(
            f"--grid and --{'each' if options.each else 'slurp'} each say where records come from",
            "choose one of them",
        )
    reading = records and not options.null_input and not options.input
    if program and (reading or "-" in options.input):
        raise UsageError(
            "the program and the records cannot both come from standard input",
            "give one of them as a file",
        )
    if (records or options.null_input) and len(options.expression) > 1:
        raise UsageError("records take one expression", "put both in a list: -e '[a, b]'")


def file_or_expressions(options: Options) -> list[Text]:
    """What `eval` and `check` run: one file, or the expressions of -e. Raises UsageError."""
    command = options.command.name
    if options.expression:
        if options.operands:
            raise UsageError(f"-e is given instead of a file (`{options.operands[0]}`)")
        many = len(options.expression) > 1
        return [
            Text(_source(text, f"-e {number}" if many else "-e"), "expression")
            for number, text in enumerate(options.expression, 1)
        ]
    if not options.operands:
        raise UsageError(
            "there is no program",
            f"gradcli {command} FILE, gradcli {command} -e EXPR, or - for stdin",
        )
    if len(options.operands) > 1:
        raise UsageError(
            f"one program at a time, not also `{options.operands[1]}`",
            "an expression that has spaces is put in quotes",
        )
    name = options.operands[0]
    return [Text(_source(read_text(name), "<stdin>" if name == "-" else name), "program")]


def expression_or_file(options: Options) -> Text:
    """What `grad` and its kin differentiate: EXPR, or -f FILE, with EXPR as its last line."""
    operands = options.operands
    if len(operands) > 1:
        raise UsageError(
            f"one expression at a time, not also `{operands[1]}`",
            "options go before --"
            if operands[1].startswith("--")
            else "an expression that has spaces is put in quotes",
        )
    if options.file is None:
        if not operands:
            raise UsageError(
                "there is no expression", f"gradcli {options.command.name} EXPR, or -f FILE"
            )
        if operands[0].endswith(".grad") and os.path.isfile(operands[0]):
            raise UsageError(
                f"`{operands[0]}` is a file, and an expression is wanted",
                f"gradcli {options.command.name} -f {operands[0]}",
            )
        return Text(_source(operands[0], "expression"), "expression")
    text = read_text(options.file)
    if operands:
        Text(_source(operands[0], "expression"), "expression")
        text = f"{text.rstrip()}\n{operands[0]}\n"
    return Text(_source(text, "<stdin>" if options.file == "-" else options.file), "program")

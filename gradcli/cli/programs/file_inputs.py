"""Inputs and records from files and standard input."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import Any

from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.process.signals import waiting
from gradcli.cli.usage.parse import Options
from gradcli.io.errors import DataError
from gradcli.io.files import extension, read_record
from gradcli.tensor.tensor import Tensor

from .inputs import input_dtype, leaf
from .runner import Runner, read_failure


def file_inputs(options: Options, *runners: Runner) -> dict[str, Tensor]:
    """What the programs read of every `--input`; later files win. Raises Failure."""
    return inputs_of(options.input, options, runners)


def inputs_of(files: list[str], options: Options, runners: tuple[Runner, ...]) -> dict[str, Tensor]:
    """What programs read of files, as inputs; later files win. Raises Failure."""
    inputs: dict[str, Tensor] = {}
    offered: list[str] = []
    reads = {name for runner in runners for name in runner.reads}
    for name in files:
        try:
            if name == "-":
                with waiting():
                    members = read_record(name)
            else:
                members = read_record(name)
        except (DataError, OSError) as error:
            raise read_failure(error) from None
        inputs.update(tensors(members, options, reads))
        offered += members
    for runner in runners:
        runner.offered = offered
    return inputs


def tensors(members: dict[str, Any], options: Options, reads: set[str]) -> dict[str, Tensor]:
    """The members of a record that the program reads, as inputs. Raises Failure."""
    floating = input_dtype(options)
    try:
        return {
            name: leaf(value, floating, name) for name, value in members.items() if name in reads
        }
    except DataError as error:
        raise Failure(USAGE, str(error), code="data", help=error.help) from None


def record_source(options: Options) -> tuple[int, str]:
    """The descriptor and the name of where the records come from."""
    name = options.input[-1] if options.input else "-"
    if name == "-":
        if sys.stdin is None:
            raise Failure(USAGE, "there is no standard input to read records from")
        return sys.stdin.fileno(), "-"
    try:
        return os.open(name, os.O_RDONLY), name
    except OSError as error:
        raise read_failure(error) from None


def lines_of(options: Options, progress: Progress) -> Iterator[bytes]:
    """The records' texts as they come, in blocks. Raises Interrupted while it waits."""
    from gradcli.io.stream import batches

    descriptor, name = record_source(options)
    progress.start(descriptor)

    def read(source: int, size: int) -> bytes:
        with waiting():
            data = os.read(source, size)
        progress.done += len(data)
        return data

    try:
        yield from batches(descriptor, separated=options.seq, read=read)
    except OSError as error:
        error.filename = error.filename or ("standard input" if name == "-" else name)
        raise read_failure(error) from None
    finally:
        if name != "-":
            os.close(descriptor)


def reads_lines(options: Options) -> bool:
    """Whether the records come as lines of text, not as a table or an array."""
    name = options.input[-1] if options.input else "-"
    return name == "-" or extension(name) in (".ndjson", ".jsonl", ".json")


class Progress:
    """A line on stderr while a file is read, when stderr is a terminal and stdout is none."""

    __slots__ = ("done", "shown", "total")

    def __init__(self) -> None:
        self.done = 0
        self.total = 0
        self.shown = 0.0

    def start(self, descriptor: int) -> None:
        """Find out how much there is to read."""
        import stat

        if sys.stderr is None or not sys.stderr.isatty() or sys.stdout.isatty():
            return
        if os.environ.get("TERM") == "dumb":
            return
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            self.total = status.st_size

    def show(self) -> None:
        """Renew the line, a few times a second."""
        now = time.monotonic()
        if not self.total or now - self.shown < 0.2:
            return
        self.shown = now
        at = min(self.done, self.total)
        filled = 30 * at // self.total
        bar = "#" * filled + "." * (30 - filled)
        sys.stderr.write(f"\r[{bar}] {100 * at // self.total:3d} %")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self.shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

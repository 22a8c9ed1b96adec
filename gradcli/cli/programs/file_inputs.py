"""Inputs and records from files and standard input."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.process.signals import waiting
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.errors import DataError
from gradcli.tensor.tensor import Tensor

from .inputs import input_dtype, leaf
from .runner import Runner, read_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.cli.process.progress import Progress
    from gradcli.io.paths import Path
    from gradcli.io.source import Source


def file_inputs(options: Options, *runners: Runner) -> dict[str, Tensor]:
    """What the programs read of every `--input`; later files win. Raises Failure."""
    return inputs_of(options.input, options, runners, options.from_, mapped=True)


def inputs_of(
    files: list[str],
    options: Options,
    runners: tuple[Runner, ...],
    form: str | None = None,
    *,
    mapped: bool = False,
) -> dict[str, Tensor]:
    """What programs read of files, as inputs; later files win. Raises Failure.

    `form` is the format of the last file, and of those whose names do not tell theirs; with
    `mapped` it is looked for what `--map` names.
    """
    members: dict[str, Any] = {}
    if files:
        from gradcli.io.formats import format_of, input_format
        from gradcli.io.readers import record
    for name in files:
        try:
            known = input_format(name, form if name == files[-1] else format_of(name) or form)
            with source_of(name) as source:
                members |= record(source, known)
        except (DataError, OSError) as error:
            raise read_failure(error) from None
    if files and mapped:
        try:
            members |= {name: path.of(members) for name, path in paths_of(options).items()}
        except DataError as error:
            raise read_failure(error) from None
    reads = {name for runner in runners for name in runner.reads}
    for runner in runners:
        runner.offered = members
    return tensors(members, options, reads)


def paths_of(options: Options) -> dict[str, Path]:
    """The fields of `--map` by the inputs that are read from them. Raises UsageError."""
    if not options.map:
        return {}
    from gradcli.io.paths import Path

    try:
        return {name: Path(text) for name, text in options.map}
    except DataError as error:
        raise UsageError(f"--map: {error}", error.help) from None


def source_of(
    name: str, progress: Progress | None = None, ready: Callable[[int], None] | None = None
) -> Source:
    """A file, or standard input for `-`. Reading raises Interrupted while it waits.

    `ready` comes before each time that something is read. Raises OSError and Failure.
    """
    if name == "-" and sys.stdin is None:
        raise Failure(USAGE, "there is no standard input to read records from")

    def read(descriptor: int, size: int) -> bytes:
        if ready is not None:
            ready(descriptor)
        with waiting():
            data = os.read(descriptor, size)
        if progress is not None:
            progress.bytes += len(data)
        return data

    from gradcli.io.source import opened

    with waiting():
        source = opened(name, read)
    if progress is not None:
        progress.start(source)
    return source


def tensors(members: dict[str, Any], options: Options, reads: set[str]) -> dict[str, Tensor]:
    """The members of a record that the program reads, as inputs. Raises Failure."""
    floating = input_dtype(options)
    try:
        return {
            name: leaf(value, floating, name) for name, value in members.items() if name in reads
        }
    except DataError as error:
        raise Failure(USAGE, str(error), code="data", help=error.help) from None

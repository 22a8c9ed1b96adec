"""Where results go: standard output or a file, as JSON documents or as arrays."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from gradcli.cli.process.stdio import OutputLost
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.files import WRITABLE, extension, replacing, write_arrays
from gradcli.io.write import Typed, Writer


def check_output(options: Options) -> None:
    """Refuse an output file whose kind is not known, before anything is computed. `-` is none."""
    if options.output == "-":
        options.output = None
    if options.output is None:
        return
    kind = extension(options.output)
    if kind not in (*WRITABLE, ".ndjson"):
        raise UsageError(
            f"-o {options.output}: what is written is told by the extension",
            f"extensions are {', '.join((*WRITABLE, '.ndjson'))}",
        )
    if kind in (".npy", ".npz") and (options.each or options.grid):
        raise UsageError(f"records are written as JSON, not into a {kind} file")


class Sink:
    """Takes documents and writes each as one JSON text and a line break.

    `streaming` results (records) are one line each, whatever `--indent` says.
    """

    def __init__(self, options: Options, streaming: bool) -> None:
        self.path = options.output
        self.arrays = self.path is not None and extension(self.path) in (".npy", ".npz")
        self.raw = options.raw_output
        self.prefix = "\x1e" if options.seq else ""
        self.unbuffered = options.unbuffered
        indent = options.indent if options.indent is not None else 2
        self.streaming = streaming
        one_line = streaming or options.compact_output or indent == 0
        self.line_writer = Writer(style=options.nonfinite, full=options.full)
        self.writer = self.line_writer
        if not one_line:
            self.writer = Writer(indent=indent, style=options.nonfinite, full=options.full)
        self.last: Any = None
        self.count = 0
        self._stack = ExitStack()
        self._file: Any = None

    def __enter__(self) -> Sink:
        if self.path is not None and not self.arrays:
            self._file = self._stack.enter_context(replacing(self.path))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def write(self, document: Any, *, line: bool = False) -> None:
        """Write one document; with `line` on one line."""
        self.last = document
        self.count += 1
        if self.arrays:
            assert self.path is not None
            write_arrays(self.path, arrays_of(document))
            return
        if self.raw and type(document) is str:
            text = document
        else:
            text = (self.line_writer if line else self.writer).text(document)
        self.lines(f"{self.prefix}{text}\n")

    def lines(self, text: str) -> None:
        """Write complete lines of JSON. Raises OutputLost, which no program can catch."""
        try:
            if self._file is not None:
                self._file.write(text.encode(errors="backslashreplace"))
                return
            sys.stdout.write(text)
            if self.unbuffered:
                sys.stdout.flush()
        except OSError as error:
            if self._file is not None:
                error.filename = self.path
            raise OutputLost(error) from None


def arrays_of(document: Any) -> dict[str, Any]:
    """The arrays for a `.npy` or `.npz` file: the derivatives by name, or else the values."""
    import numpy as np

    if isinstance(document, Typed):
        return {"value": np.asarray(document.array)}
    if not isinstance(document, dict):
        return {"value": np.asarray(document)}
    for key in ("grads", "vjp", "jacobian", "hvp", "hessian"):
        if key in document and key != "grads":
            return _named(document[key])
    if "values" in document:
        return _named(document["values"])
    if "grads" in document:
        return _named(document["grads"])
    if "jvp" in document:
        return _named({"jvp": document["jvp"]})
    return _named(document)


def _named(members: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    import numpy as np

    arrays: dict[str, Any] = {}
    for name, value in members.items():
        if isinstance(value, Typed):
            arrays[prefix + name] = np.asarray(value.array)
        elif isinstance(value, dict):
            arrays |= _named(value, f"{prefix}{name}.")
        elif value is not None:
            arrays[prefix + name] = np.asarray(value)
    return arrays

"""Where results go: standard output or a file, as JSON documents or as arrays."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any

from gradcli.cli.process.stdio import OutputLost
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.files import replacing
from gradcli.io.write import Typed, Writer

if TYPE_CHECKING:
    from gradcli.io.results import ColumnWriter, Filled, Schema
    from gradcli.io.tables import TableWriter

JSON = ("json", "ndjson")
TEXTS = (*JSON, "csv", "tsv")


def check_output(options: Options) -> None:
    """Find out what is written, before anything is computed. `-` as an output is none.

    Raises UsageError for what cannot be written so.
    """
    if options.output == "-":
        options.output = None
    if options.to is None and options.output is None:
        return
    from gradcli.io.formats import EXTENSIONS, format_of

    records = options.each or options.grid
    if options.to is None and options.output is not None:
        options.to = format_of(options.output)
        if options.to is None:
            raise UsageError(
                f"-o {options.output}: what is written is told by the extension, or by --to",
                f"extensions are {', '.join(EXTENSIONS)}",
            )
    told = f"--to {options.to}" if "to" in options.given else f"-o {options.output}"
    if options.to == "npy" and records:
        raise UsageError(
            f"{told}: records have more than one array", "--to npz, or --to csv, has a column each"
        )
    if options.to in ("parquet", "arrow"):
        from gradcli.io.arrow import check

        check(told)
    if options.to in JSON:
        return
    for name in ("full", "seq", "raw-output", "emit-only", "trace"):
        if name in options.given:
            raise UsageError(f"--{name} goes with JSON, not with {told}")
    if options.to not in TEXTS and options.output is None and sys.stdout.isatty():
        raise UsageError(f"{told} is not written on a terminal", "name a file with -o")


class Sink:
    """Takes documents and writes each as one JSON text and a line break, or as a row.

    `streaming` results (records) are one line each, whatever `--indent` says.
    """

    def __init__(self, options: Options, streaming: bool) -> None:
        self.path = options.output
        self.form = options.to or "json"
        self.arrays = self.form in ("npy", "npz") and not streaming
        self.binary = self.form not in TEXTS
        self.raw = options.raw_output
        self.prefix = "\x1e" if options.seq else ""
        self.unbuffered = options.unbuffered
        indent = options.indent if options.indent is not None else 2
        self.streaming = streaming
        one_line = streaming or options.compact_output or indent == 0 or self.form == "ndjson"
        self.line_writer: Writer | TableWriter = Writer(style=options.nonfinite, full=options.full)
        self.writer: Writer | TableWriter = self.line_writer
        self.table: TableWriter | None = None
        if self.form not in JSON and not self.binary:
            from gradcli.io.formats import SEPARATORS
            from gradcli.io.tables import TableWriter

            self.table = TableWriter(SEPARATORS[self.form], options.nonfinite)
            self.line_writer = self.writer = self.table
        elif not one_line:
            self.writer = Writer(indent=indent, style=options.nonfinite, full=options.full)
        self.finite = options.nonfinite == "error"
        self._schema: Schema | None = None
        self.last: Any = None
        self.count = 0
        self._stack = ExitStack()
        self._file: Any = None
        self._columns: ColumnWriter | None = None

    @property
    def schema(self) -> Schema:
        """The columns of a file of columns."""
        if self._schema is None:
            from gradcli.io.results import Schema

            self._schema = Schema(self.finite)
        return self._schema

    def __enter__(self) -> Sink:
        if self.path is not None:
            from gradcli.io.formats import is_packed

            self._file = self._stack.enter_context(replacing(self.path))
            if is_packed(self.path):
                import gzip

                packed = gzip.GzipFile("", "wb", 6, self._file, mtime=0)
                self._file = self._stack.enter_context(packed)
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
            from gradcli.io.arrays import write_arrays

            write_arrays(self._bytes(), arrays_of(document), self.form)
            return
        if self.binary:
            from gradcli.io.results import Filled

            row = self.schema.row(document)
            names = self.schema.names or []
            self.columns([Filled(n, v[None]) for n, v in zip(names, row, strict=True)], 1)
            self.close_columns()
            return
        if self.table is not None:
            first = self.table.names is None
            row_text = self.table.text(document)
            self.lines(f"{self.table.header([])}\n{row_text}\n" if first else f"{row_text}\n")
            return
        if self.raw and type(document) is str:
            text = document
        else:
            text = (self.line_writer if line else self.writer).text(document)
        self.lines(f"{self.prefix}{text}\n")

    def columns(self, columns: list[Filled], count: int) -> None:
        """Write rows of a file of columns."""
        if self._columns is None:
            if self.form == "npz":
                from gradcli.io.arrays import NpzWriter

                self._columns = NpzWriter(self._bytes())
            else:
                from gradcli.io.arrow import writer

                self._columns = writer(self._bytes(), self.form)
        try:
            self._columns.add(columns, count)
        except OSError as error:
            raise OutputLost(error) from None

    def close_columns(self) -> None:
        """Write what ends a file of columns."""
        if self._columns is None:
            self.columns([], 0)
        assert self._columns is not None
        try:
            self._columns.close()
        except OSError as error:
            raise OutputLost(error) from None

    def _bytes(self) -> Any:
        return self._file if self._file is not None else sys.stdout.buffer

    def divert(self, taker: Any) -> None:
        """Have `taker` get the bytes of lines, and the columns, from now on."""
        self._file = self._columns = taker

    def encoded(self, data: bytes) -> None:
        """Write complete lines that are encoded. Raises OutputLost."""
        try:
            if self._file is None:
                sys.stdout.flush()
                sys.stdout.buffer.write(data)
            else:
                self._file.write(data)
        except OSError as error:
            if self._file is not None:
                error.filename = self.path
            raise OutputLost(error) from None

    def lines(self, text: str) -> None:
        """Write complete lines of text. Raises OutputLost, which no program can catch."""
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

"""Records: one JSON object a line in, one result a line out, in order.

The whole lines that one read returned are taken together, evaluated in groups where the program
allows it (`gradcli.streams.batch`), written and flushed, so that no record waits for the next
one. A record that fails has its error in its place; the others go on.
"""

from __future__ import annotations

import itertools
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, AnyStr

from gradcli.cli.process.failures import failure_of
from gradcli.cli.process.report import USAGE, Failure, show
from gradcli.cli.programs.file_inputs import Progress, inputs_of, lines_of, reads_lines, tensors
from gradcli.cli.programs.inputs import Given, bound, input_dtype
from gradcli.cli.programs.sources import Text
from gradcli.cli.results.output import Sink
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.columns import parse_columns
from gradcli.io.errors import DataError, naming
from gradcli.io.files import extension, read_record
from gradcli.io.parse import decode, item_lines, parse, parse_flat_lines
from gradcli.io.stream import end_of_record
from gradcli.streams.batch import Batches
from gradcli.streams.kinds import Record as Member
from gradcli.tensor.runtime import LimitExceeded, runtime
from gradcli.tensor.tensor import Tensor, make

from .one_record import Derivative, Evaluation
from .streaming import job_of

AT_ONCE = 4096  # records of a grid or a table that are evaluated together
LARGE = 4 << 20  # bytes of a block that holds a long line, which is parsed once and alone
PATIENCE = 0.05  # seconds that a result may wait for others to be written together


class Batch(list["Member | Failure"]):
    """Records that are taken together; `line` gives the line on which each begins, if any does."""

    __slots__ = ("line",)

    def __init__(
        self,
        records: Iterable[Member | Failure] = (),
        line: Callable[[int], int | None] = lambda place: None,
    ) -> None:
        super().__init__(records)
        self.line = line


@dataclass(slots=True)
class Columns:
    """Records as arrays that have them on their first axis, one a name."""

    count: int
    arrays: dict[str, Any]

    def record(self, place: int) -> Member:
        """One of the records."""
        return {name: array[place][()] for name, array in self.arrays.items()}

    def records(self) -> Batch:
        """All records."""
        return Batch(self.record(place) for place in range(self.count))


def derive_records(text: Text, options: Options) -> int:
    """A one-shot command over records; the exit status."""
    return Stream(Derivative(text, options), options).run()


def evaluate_records(text: Text, options: Options) -> int:
    """`eval` over records; the exit status."""
    from gradcli.cli.programs.inputs import use_dtype
    from gradcli.cli.programs.runner import prepare, seed
    from gradcli.cli.results.output import check_output

    use_dtype(options, text)
    check_output(options)
    prepare(options)
    seed(options, None)
    options.json = True
    return Stream(Evaluation(text, options), options).run()


class Stream:
    """A command over records."""

    def __init__(self, job: Derivative | Evaluation, options: Options) -> None:
        self.job = job
        self.options = options
        self.given: Given = bound(options)
        shared = options.input if options.grid or options.null_input else options.input[:-1]
        self.given.leaves = {
            **inputs_of([*shared, *options.table], options, (job.runner,)),
            **self.given.leaves,
        }
        # `eval` draws other numbers each time, unless it is given a seed.
        self.seed = 0 if options.seed is None and isinstance(job, Derivative) else options.seed
        # Numbers that are read as columns fit into every type from float32 on.
        self.narrow = input_dtype(options).to_real().itemsize < 4
        self.number = 0  # of the record that is evaluated, from 1
        self.failed = 0
        self.place: Callable[[], int | None] = lambda: None  # the line where that record begins
        self.first: Failure | None = None
        self.first_number = 0
        self.pending: list[str] = []
        self.written = time.monotonic()
        self.progress = Progress()

    def run(self) -> int:
        """Read, evaluate and write all records; the exit status."""
        options = self.options
        with Sink(options, streaming=options.each or options.grid) as sink:
            self.sink = sink
            self.batches = Batches(job_of(self.job, self.given, sink.line_writer, options))
            if not sink.streaming or options.emit_only or self.job.alone:
                self.batches.possible = False
            self.job.attach(sink, self._before_emit)
            progress = self.progress
            try:
                for batch in self._batches():
                    self._evaluate(batch)
                    self._write()
                    progress.show()
                    if self.first is not None and options.fail_fast:
                        break
            finally:
                progress.clear()
                self._write()
        if self.first is not None:
            self._summary()
            return self.first.status
        if options.exit_status:
            from gradcli.cli.results.answers import exit_status

            return exit_status(options, sink)
        return 0

    def _before_emit(self) -> None:
        self._write()

    def _write(self) -> None:
        self.written = time.monotonic()
        if self.pending:
            text = "".join(self.pending)
            self.pending.clear()
            self.sink.lines(text)
        if self.sink.path is None:
            sys.stdout.flush()

    def _put(self, line: str) -> None:
        self._add(f"{self.sink.prefix}{line}\n")

    def _add(self, text: str) -> None:
        self.pending.append(text)
        if self.options.unbuffered or time.monotonic() - self.written > PATIENCE:
            self._write()

    # Where records come from

    def _batches(self) -> Iterator[Batch | Columns]:
        options = self.options
        if options.null_input:
            yield Batch([{}])
        elif options.grid:
            yield from self._grid()
        elif options.slurp:
            yield Batch([self._slurped()])
        else:
            yield from self._records()

    def _records(self) -> Iterator[Batch | Columns]:
        options = self.options
        if reads_lines(options):
            if (
                options.input
                and extension(options.input[-1]) == ".json"
                and options.input[-1] != "-"
            ):
                yield from _chunks(*_whole(options.input[-1]))
                return
            first = True
            line = 1
            for block in lines_of(options, self.progress):
                if first:
                    block = block.removeprefix(b"\xef\xbb\xbf")
                first = False
                if len(block) > LARGE or not self._columns(block):
                    yield _parsed(block, end_of_record(options.seq), line)
                line += block.count(b"\n") + (not options.seq)  # what divides blocks is in none
        elif extension(options.input[-1]) == ".csv":
            yield from _table(options.input[-1])
        else:
            yield from _rows(read_record(options.input[-1]), options.input[-1])

    def _grid(self) -> Iterator[Batch | Columns]:
        """The points of the ranges that --set gave, the last one running fastest."""
        if not self.given.grids:
            raise UsageError("--grid needs a range", "--set 'x=linspace(-3, 3, 61)' --grid")
        names = list(self.given.grids)
        columns = [_column(value) for value in self.given.grids.values()]
        if all(column is not None for column in columns):
            yield from _product(dict(zip(names, columns, strict=True)))
            return
        axes = map(_points, self.given.grids.values())
        yield from _chunks(dict(zip(names, p, strict=True)) for p in itertools.product(*axes))

    def _slurped(self) -> Member | Failure:
        """All records as one: for each name the list of its values."""
        columns: dict[str, list[Any]] = {}
        count = 0
        for batch in map(_members, self._records()):
            for place, member in enumerate(batch):
                count += 1
                if isinstance(member, Failure):
                    member.line = member.line or batch.line(place)
                    member.message = f"{_place(count, member)}: {member.message}"
                    return member
                if count > 1 and member.keys() != columns.keys():
                    (name, *_) = member.keys() ^ columns.keys()
                    failure = Failure(USAGE, f"`{name}` is not in every record")
                    failure.line = batch.line(place)
                    failure.message = f"{_place(count, failure)}: {failure.message}"
                    return failure
                for name, value in member.items():
                    columns.setdefault(name, []).append(value)
        return {name: _stacked(values) for name, values in columns.items()}

    # What is done with them

    def _columns(self, block: bytes) -> bool:
        """Whether a block of lines was parsed, evaluated and written as columns of numbers."""
        if not self.batches.possible or self.options.exit_status or self.narrow:
            return False
        parsed = parse_columns(block)
        if parsed is None:
            return False
        count, columns = parsed
        return self._whole(Columns(count, columns))

    def _whole(self, columns: Columns) -> bool:
        """Whether records that came as columns were all evaluated together, and written."""
        text = self.batches.whole(
            columns.arrays, columns.count, lambda place: self._form_of(columns.record(place), place)
        )
        if text is None:
            return False
        self.number += columns.count
        self.sink.count += columns.count
        self.pending.append(text)
        self._write()
        self.progress.show()
        return True

    def _evaluate(self, batch: Batch | Columns) -> None:
        if isinstance(batch, Columns):
            if not self.options.exit_status and self._whole(batch):
                return
            batch = batch.records()
        last = batch[-1:] if self.options.exit_status else []  # whose value decides goes by itself
        together = batch[: len(batch) - len(last)]
        answers = self.batches.answers(
            together,
            lambda place: self._form_of(together[place], place),  # type: ignore[arg-type]
        )
        for place, (member, text) in enumerate(itertools.zip_longest(batch, answers)):
            self.number += 1
            if text is None:
                self.place = partial(batch.line, place)
                self._single(member)
                if self.first is not None and self.options.fail_fast:
                    return
            else:
                self.sink.count += 1
                self._add(text)

    def _form_of(self, member: Member, place: int) -> Any:
        """The document of a record of those that come next."""
        document = self._document(member, self.number + place + 1)
        if self.sink.raw and type(document) is str:
            raise TypeError("a text that is written raw is no JSON")
        return document

    def _document(self, member: Member, number: int) -> Any:
        self.job.runner.seed_for(number, self.seed)
        return self.job.document(self._inputs(member))

    def _single(self, member: Member | Failure) -> None:
        runtime.check()
        try:
            if isinstance(member, Failure):
                raise member
            document = self._document(member, self.number)
            if self.options.emit_only:
                return
            if not self.sink.streaming:
                self.sink.write(document)
                return
            self.sink.last = document
            self.sink.count += 1
            if self.sink.raw and type(document) is str:
                self._put(document)
            else:
                self._put(self.sink.line_writer.text(document))
        except (Failure, DataError, LimitExceeded, Exception) as error:
            if isinstance(error, OSError) or getattr(error, "limit", "") == "timeout":
                raise
            self._fail(failure_of(error))

    def _inputs(self, member: Member) -> dict[str, Tensor]:
        """A record's inputs and those of the command line, which win; every array is a new one."""
        self.job.runner.offered = member
        given = self.given
        shared = {name: _copy(tensor, True) for name, tensor in given.leaves.items()}
        shared |= {name: _copy(tensor, False) for name, tensor in given.constants.items()}
        reads = self.job.runner.reads
        own = tensors(member, self.options, reads.difference(shared) if shared else reads)
        if not shared:
            return own
        known = {**shared, **own}
        return {**{name: known[name] for name in member if name in reads}, **shared}

    def _fail(self, failure: Failure) -> None:
        if failure.status == 141 or not self.sink.streaming:
            raise failure
        self.failed += 1
        failure.line = self.place() or failure.line
        if self.first is None:
            self.first = failure
            self.first_number = self.number
        if self.options.errors == "json":
            self._write()
            show(failure, "json", record=self.number)
        from gradcli.io.text import one_line

        if self.options.emit_only:
            return
        self._put(one_line({"error": failure.members(self.number)}))

    def _summary(self) -> None:
        first = self.first
        if first is None or self.options.errors == "json":
            return
        message = f"{_place(self.first_number, first)}: {first.message}"
        if self.failed > 1:
            message = f"{self.failed} of {self.number} records failed; {message}"
        show(Failure(first.status, message, help=first.help), "text", self.options.color)


def _copy(tensor: Tensor, leaf: bool) -> Tensor:
    from gradcli.autograd.leaf import requires_grad_

    array = tensor.array
    copied = make(array.copy() if array.shape else array, tensor.dtype)
    return requires_grad_(copied) if leaf and tensor.dtype.differentiable else copied


def _place(number: int, failure: Failure) -> str:
    """A record by its number, and by its line where the message does not name that."""
    line = failure.line
    return f"record {number}" + (f" (line {line})" if line and not failure.of_data else "")


def _chunks(
    records: Iterable[Any], line: Callable[[int], int | None] = lambda place: None
) -> Iterator[Batch]:
    iterator = iter(records)
    start = 0
    while batch := list(itertools.islice(iterator, AT_ONCE)):
        begun = start
        yield Batch(map(_checked, batch), lambda place, begun=begun: line(begun + place))  # type: ignore[misc]
        start += len(batch)


def _parsed(block: bytes, end: bytes, line: int) -> Batch:
    """The records of a block of lines that begins on `line`; blank lines are none."""
    try:
        text = block.decode()
    except UnicodeDecodeError:
        return _split(block.split(end), b"\n", end == b"\n", line)
    if end == b"\n" and len(block) <= LARGE:
        flat = parse_flat_lines(text, text.count("\n") + 1)
        if flat is not None:
            return Batch(flat, lambda place: line + place)
    return _split(text.split(end.decode()), "\n", end == b"\n", line)


def _split(texts: list[AnyStr], line_break: AnyStr, is_lines: bool, line: int) -> Batch:
    """The records among texts, the first of which begins on `line`."""
    records: list[Member | Failure] = []
    lines: list[int] = []
    for text in texts:
        if text and not text.isspace():
            records.append(_record(text, line))
            indent = text[: len(text) - len(text.lstrip())]
            lines.append(line + indent.count(line_break))
        line += 1 if is_lines else text.count(line_break)
    return Batch(records, lines.__getitem__)


def _record(text: str | bytes, line: int) -> Member | Failure:
    """The record in a text that begins on `line`."""
    try:
        if isinstance(text, bytes):
            text = ("\ufeff" if text.startswith(b"\xef\xbb\xbf") else "") + decode(text)
        return _checked(parse(text))
    except DataError as error:
        if error.line is not None:
            error.line += line - 1
        return failure_of(error)
    except LimitExceeded as limit:
        if limit.limit != "max-memory":
            raise
        return failure_of(limit)


def _checked(value: Any) -> Member | Failure:
    if type(value) is dict:
        return value
    if isinstance(value, Failure):
        return value
    from gradcli.io.values import described

    return Failure(
        USAGE, f"a record is an object, not {described(value)}", code="data", help='write {"x": …}'
    )


def _whole(name: str) -> tuple[list[Any], Callable[[int], int | None]]:
    """The records of a `.json` file: a list of them, or one; and the line of each."""
    from gradcli.io.source import read_bytes

    with naming(name):
        text = decode(read_bytes(name))
    try:
        with naming(name):
            value = parse(text)
    except DataError as error:
        if "something after" not in error.message:
            raise
        found = _split(text.split("\n"), "\n", True, 1)
        return found, found.line
    if type(value) is not list:
        return [value], lambda place: text[: len(text) - len(text.lstrip())].count("\n") + 1
    lines = cache(lambda: item_lines(text))
    return value, lambda place: lines()[place]


def _table(name: str) -> Iterator[Batch]:
    """The rows of a `.csv` file as records, as they are read."""
    from gradcli.io.csv import rows_of

    rows = rows_of(name)
    while batch := list(itertools.islice(rows, AT_ONCE)):
        lines, records = zip(*batch, strict=True)
        yield Batch(
            (failure_of(row) if isinstance(row, DataError) else row for row in records),
            lines.__getitem__,
        )


def _members(batch: Batch | Columns) -> Batch:
    return batch.records() if isinstance(batch, Columns) else batch


def _rows(arrays: dict[str, Any], name: str) -> Iterator[Columns]:
    """The first axis of a file's arrays as records."""
    lengths = {key: array.shape[0] if array.shape else None for key, array in arrays.items()}
    if None in lengths.values() or len(set(lengths.values())) != 1:
        shown = ", ".join(f"{key} {list(array.shape)}" for key, array in arrays.items())
        raise DataError(f"{name}: the arrays have no common first axis for records: {shown}")
    count = next(iter(lengths.values())) or 0
    for start in range(0, count, AT_ONCE):
        stop = min(start + AT_ONCE, count)
        yield Columns(stop - start, {key: array[start:stop] for key, array in arrays.items()})


def _product(axes: dict[str, Any]) -> Iterator[Columns]:
    """The points of a grid, the last axis running fastest."""
    import numpy as np

    sizes = [len(axis) for axis in axes.values()]
    count = math.prod(sizes)
    for start in range(0, count, AT_ONCE):
        stop = min(start + AT_ONCE, count)
        places = np.unravel_index(np.arange(start, stop), sizes)
        taken = zip(axes.items(), places, strict=True)
        yield Columns(stop - start, {name: axis[place] for (name, axis), place in taken})


def _column(value: Any) -> Any:
    """The values along one axis of a grid as an array, or None for other values than numbers."""
    if isinstance(value, Tensor):
        return value.array
    if not set(map(type, value)) <= {int, float}:
        return None
    import numpy as np

    array = np.array(value)
    return array if array.dtype.kind in "if" and np.isfinite(array).all() else None


def _points(value: Any) -> list[Any]:
    """The values along one axis of a grid."""
    return list(value.array) if isinstance(value, Tensor) else list(value)


def _stacked(values: list[Any]) -> Any:
    if values and hasattr(values[0], "__array__"):
        import numpy as np

        return np.stack(values)
    return values

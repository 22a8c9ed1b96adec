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
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gradcli.cli.process.failures import failure_of
from gradcli.cli.process.progress import Progress
from gradcli.cli.process.report import USAGE, Failure, show
from gradcli.cli.programs.file_inputs import inputs_of, paths_of, source_of, tensors
from gradcli.cli.programs.inputs import Given, bound, input_dtype
from gradcli.cli.programs.runner import read_failure
from gradcli.cli.programs.sources import Text
from gradcli.cli.results.output import Sink
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.io.errors import DataError
from gradcli.io.formats import input_format
from gradcli.io.groups import Batch, Columns, Found, Group, Record
from gradcli.io.readers import groups
from gradcli.streams.batch import Batches
from gradcli.streams.fields import Mapped
from gradcli.tensor.runtime import LimitExceeded, runtime
from gradcli.tensor.tensor import Tensor, make

from .front import Front
from .jobs import Ended, Jobs, processes
from .lines import Lines, Parts
from .one_record import Derivative, Evaluation
from .streaming import job_of

if TYPE_CHECKING:
    from gradcli.io.paths import Path

    from .columns import ColumnResults

AT_ONCE = 4096  # records of a grid that are evaluated together
PATIENCE = 0.05  # seconds that a result may wait for others to be written together


def derive_records(text: Text, options: Options) -> int:
    """A one-shot command over records; the exit status."""
    return Stream(Derivative(text, options), options).run()


def evaluate_records(text: Text, options: Options) -> int:
    """`eval` over records; the exit status."""
    options.json = True
    return Stream(Evaluation(text, options), options).run()


class Stream:
    """A command over records."""

    def __init__(self, job: Derivative | Evaluation, options: Options) -> None:
        self.job = job
        self.options = options
        self.given: Given = bound(options)
        self.paths = paths_of(options)
        self.beside: dict[str, Path] = {}
        if options.sigma and not options.slurp:
            from gradcli.cli.results.propagation import sigma_fields

            self.beside = sigma_fields(options)
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
        self.first: Failure | None = None
        self.first_number = 0
        self.pending: list[str] = []
        self.written = time.monotonic()
        self.progress = Progress(options)
        self.verdict: int | None = None  # what `--exit-status` makes of the last result
        self.jobs = Jobs(self, processes(options))
        self.place = 0  # in the batch, of the next record
        # What a limit of time ends may not come back to write: results are written as they come.
        self.mortal = options.timeout is not None

    def run(self) -> int:
        """Read, evaluate and write all records; the exit status."""
        options = self.options
        with Sink(options, streaming=options.each or options.grid) as sink:
            self.sink = sink
            self.results = self._results(sink)
            self.mortal &= not sink.binary  # such a file is written whole or not at all
            self.batches = Batches(job_of(self.job, self.given, self.results.form, options))
            if not sink.streaming or options.emit_only or self.job.alone:
                self.batches.possible = False
            self.job.attach(sink, self._before_emit)
            progress = self.progress
            try:
                with suppress(Ended):
                    self._take_all()
                if sink.streaming:
                    self.results.close()
            finally:
                self.jobs.close()
                progress.close()
                self.flush()
        if self.first is not None:
            self._summary()
            return self.first.status
        if options.exit_status:
            from gradcli.cli.results.answers import exit_status

            return exit_status(options, sink) if self.verdict is None else self.verdict
        return 0

    def _take_all(self) -> None:
        """Evaluate all groups; what cannot be read is told after what came before it."""
        groups = self._groups()
        while True:
            try:
                group = next(groups, None)
            except (Exception, LimitExceeded) as error:
                if not isinstance(error, Ended):
                    self.jobs.finish()
                raise
            if group is None:
                break
            self.jobs.take(group)
        self.jobs.finish()

    def restart(self, number: int) -> None:
        """Go on behind the record of a number, with nothing written and nothing failed."""
        self.number = number
        self.failed = 0
        self.first = None
        self.sink.count = 0

    def become_part(self, taker: Any) -> None:
        """Let `taker` have what is written: a part of the records is done here."""
        self.sink.divert(taker)
        self.sink.path = ""
        self.progress.wanted = False

    def last_verdict(self) -> int | None:
        """What `--exit-status` makes of the last result, or None if there is none here."""
        if not self.options.exit_status or not self.sink.count:
            return None
        from gradcli.cli.results.answers import exit_status

        return exit_status(self.options, self.sink)

    def _before_emit(self) -> None:
        self.flush()

    def flush(self) -> None:
        """Write all results that wait."""
        self.written = time.monotonic()
        if self.pending:
            text = "".join(self.pending)
            self.pending.clear()
            self.sink.lines(text)
        if self.sink.path is None:
            sys.stdout.flush()

    def _results(self, sink: Sink) -> Lines | ColumnResults:
        """What takes the results."""
        evaluated = isinstance(self.job, Evaluation) and self.job.runner.text.kind == "expression"
        front = Front(self.options, list(self.given.grids), input_dtype(self.options))
        if sink.binary:
            from .columns import ColumnResults

            return ColumnResults(sink, front)
        if sink.table is not None:
            from .rows import Rows

            return Rows(sink, front, self._add, evaluated)
        return Lines(sink, front, self._add, evaluated)

    def _add(self, text: str) -> None:
        self.pending.append(text)
        if self.options.unbuffered or time.monotonic() - self.written > PATIENCE:
            self.flush()

    # Where records come from

    def _groups(self) -> Iterator[Group]:
        options = self.options
        if options.null_input:
            yield Batch([{}])
        elif options.grid:
            yield from self._grid()
        elif options.slurp:
            yield Batch([self._slurped()])
        else:
            yield from self._read()

    def _read(self) -> Iterator[Group]:
        """The records of the last input, or of standard input."""
        options = self.options
        name = options.input[-1] if options.input else "-"
        found = self._found(name, input_format(name, options.from_, "ndjson"))
        if self.paths or self.beside:
            return (Mapped(group, self.paths, self.beside) for group in found)
        return found

    def _found(self, name: str, form: str) -> Iterator[Group]:
        try:
            with source_of(name, self.progress, self.jobs.until_ready) as source:
                yield from groups(source, form, self.options.seq)
        except OSError as error:
            raise read_failure(error) from None

    def _grid(self) -> Iterator[Group]:
        """The points of the ranges that --set gave, the last one running fastest."""
        if not self.given.grids:
            raise UsageError("--grid needs a range", "--set 'x=linspace(-3, 3, 61)' --grid")
        names = list(self.given.grids)
        columns = [_column(value) for value in self.given.grids.values()]
        if all(column is not None for column in columns):
            yield from self._product(dict(zip(names, columns, strict=True)))
            return
        axes = map(_points, self.given.grids.values())
        points = itertools.product(*axes)
        while part := list(itertools.islice(points, AT_ONCE)):
            yield Batch(dict(zip(names, point, strict=True)) for point in part)

    def _product(self, axes: dict[str, Any]) -> Iterator[Columns]:
        """The points of a grid, the last axis running fastest."""
        import numpy as np

        sizes = [len(axis) for axis in axes.values()]
        count = math.prod(sizes)
        for start in range(0, count, AT_ONCE):
            stop = min(start + AT_ONCE, count)
            places = np.unravel_index(np.arange(start, stop), sizes)
            taken = zip(axes.items(), places, strict=True)
            self.progress.share = stop / count
            yield Columns(stop - start, {name: axis[place] for (name, axis), place in taken})

    def _slurped(self) -> Found:
        """All records as one: for each name the list of its values."""
        columns: dict[str, list[Any]] = {}
        count = 0
        for batch in (group.records() for group in self._read()):
            for place, member in enumerate(batch):
                count += 1
                if not isinstance(member, dict):
                    failure = failure_of(member)
                    failure.line = failure.line or batch.line(place)
                    failure.message = f"{_place(count, failure)}: {failure.message}"
                    return failure
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

    def _whole(self, group: Group) -> bool:
        """Whether records that came as columns were all evaluated together, and written."""
        if not self.batches.possible or self.options.exit_status or self.mortal:
            return False
        columns = group.columns()
        if columns is None or columns.others.keys() & self.job.runner.reads:
            return False
        if self.narrow and columns is not group:
            return False
        if columns is not group and (self.results.front.fields or self.results.front.all):
            return False  # what is copied has its own digits

        def answer(place: int) -> Any:
            return self._document(columns.record(place), self.number + place + 1)

        if not self.results.decided:
            self.batches.begin([{}] * columns.count, answer)
        found = self.batches.whole(columns.arrays, columns.count, answer)
        if found is None:
            return False
        self.results.whole(found, columns)
        self.number += columns.count
        self.sink.count += columns.count
        return True

    def evaluate(self, group: Group) -> None:
        """Evaluate a group and write its results."""
        if not self._whole(group):
            self._each(group)
        self.flush()
        if self.options.exit_status:
            self.verdict = self.last_verdict()
        self.progress.show(self.number)

    def _each(self, group: Group) -> None:
        batch = group.records()
        results = self.results
        last = 1 if self.options.exit_status else 0  # whose value decides goes by itself
        together = batch[: len(batch) - last]
        before = self.number

        def answer(place: int) -> Any:
            return self._document(together[place], before + place + 1)  # type: ignore[arg-type]

        if self.batches.possible and not results.decided:
            self.batches.begin(together, answer)
        self.place = 0
        parts = self.batches.parts(together, answer)
        results.begin(batch, self._as_they_come(parts) if self.mortal else parts)
        for place in range(self.place, len(batch)):
            member = batch[place]
            self.number += 1
            try:
                if results.ready(place):
                    self.sink.count += 1
                    continue
            except DataError as error:
                self._fail(failure_of(error), batch, place)
            else:
                self._single(member, batch, place)
            self.progress.show(self.number, part=(place + 1) / len(batch))
            if self.first is not None and self.options.fail_fast:
                break
        results.end()

    def _as_they_come(self, parts: Parts) -> Parts:
        """The same; before the next part is computed all that stand before a gap are written."""
        for part in parts:
            yield part
            with suppress(DataError):  # which is told when its record has its turn
                while self.place < len(self.results.batch) and self.results.ready(self.place):
                    self.place += 1
                    self.number += 1
                    self.sink.count += 1
            self.flush()

    def _document(self, member: Record, number: int) -> Any:
        self.job.runner.seed_for(number, self.seed)
        return self.job.document(self._inputs(member))

    def _single(self, member: Found, batch: Batch, place: int) -> None:
        if self.mortal:
            self.flush()
        runtime.check()
        try:
            if not isinstance(member, dict):
                raise member
            document = self._document(member, self.number)
            if self.options.emit_only:
                return
            if not self.sink.streaming:
                self.sink.write(document)
                return
            self.sink.last = document
            self.results.single(place, document)
            self.sink.count += 1
        except (Failure, DataError, LimitExceeded, Exception) as error:
            if isinstance(error, OSError) or getattr(error, "limit", "") == "timeout":
                raise
            self._fail(failure_of(error), batch, place)

    def _inputs(self, member: Record) -> dict[str, Tensor]:
        """A record's inputs and those of the command line, which win; every array is a new one."""
        offered = member
        if self.beside:
            offered = {name: value for name, value in member.items() if name not in self.beside}
        self.job.runner.offered = offered
        given = self.given
        shared = {name: _copy(tensor, True) for name, tensor in given.leaves.items()}
        shared |= {name: _copy(tensor, False) for name, tensor in given.constants.items()}
        reads = self.job.runner.reads
        own = tensors(member, self.options, reads.difference(shared) if shared else reads)
        if not shared:
            return own
        known = {**shared, **own}
        return {**{name: known[name] for name in member if name in reads}, **shared}

    def _fail(self, failure: Failure, batch: Batch, place: int) -> None:
        if failure.status == 141 or not self.sink.streaming:
            raise failure
        self.failed += 1
        failure.line = batch.line(place) or failure.line
        if self.first is None:
            self.first = failure
            self.first_number = self.number
        if self.options.errors == "json":
            self.flush()
            show(failure, "json", record=self.number)
        if not self.options.emit_only:
            self.results.failed(place, failure, self.number)

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

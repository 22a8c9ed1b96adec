"""Records over several processes (`--jobs`), with the bytes that one process writes.

The parent reads, hands each group to a process that is free, and writes what comes back in the
order of the records. Few records it evaluates itself, and the first groups until what the results
look like is decided; the processes are forks of it then, and know what it knows. How many records
whole lines hold is guessed from their characters: where a process finds another number, the guess
and all that was built on it are done again.

A process that dies is replaced, and what it was doing is done again. Nothing is waited for with
more than `AHEAD` groups a process read and not yet written.
"""

from __future__ import annotations

import os
import pickle
import select
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Never

from gradcli.cli.process import notices
from gradcli.cli.process.failures import failure_of
from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.process.signals import waiting
from gradcli.cli.usage.parse import Options, check_jobs
from gradcli.io.errors import DataError
from gradcli.io.groups import Batch, Columns, Group
from gradcli.tensor.runtime import LimitExceeded, runtime

Stream = Any  # the `Stream` of `each.py`, which has this one spread its groups

AHEAD = 4  # groups a process, read and not yet written
LOOK = 0.1  # seconds between two looks at whether the time is over
MANY = 4096  # records that are worth a process at once
TRIES = 3  # times that a group is begun, if processes die of it
PIPE = 1 << 20  # bytes that a pipe holds, where the system allows it
_SIZE = 8  # bytes that say how many there are of something


def processes(options: Options) -> int:
    """How many processes are asked for, one if nothing is said. Raises UsageError."""
    check_jobs(options)
    if options.jobs is None or not hasattr(os, "fork"):
        return 1
    if options.jobs:
        return options.jobs
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Ended(Exception):
    """No more records are wanted."""


@dataclass(slots=True)
class _Task:
    """A group of `count` records, which is a guess if it is `guessed`."""

    group: Group
    count: int
    guessed: bool
    start: int = 0  # records before it
    read: float = 0.0  # the share of all that was read when it came
    tries: int = 0
    answer: _Answer | None = None


@dataclass(slots=True)
class _Answer:
    """What came of a group: everything that was written, in its order, and how it ended.

    Pieces are (where, what): "out" bytes, "err" text, "notice" (key, text), "columns" (columns,
    count).
    """

    number: int = 0
    pieces: list[tuple[str, Any]] = field(default_factory=list)
    surprise: bool = False
    written: int = 0
    failed: int = 0
    unsolved: bool = False
    first: Failure | None = None
    first_number: int = 0
    verdict: int | None = None
    raised: Failure | None = None


class _Process:
    """A process that evaluates groups, and the pipes to it and from it."""

    def __init__(self, stream: Stream, others: list[_Process]) -> None:
        here, self.send = os.pipe()
        self.receive, there = os.pipe()
        for descriptor in (self.send, there):
            _widen(descriptor)
        self.pid = os.fork()
        if not self.pid:
            _live(stream, here, there, [self, *others])
        os.close(here)
        os.close(there)
        self.task: _Task | None = None
        self.stale = False  # what it is doing is wanted no more

    def close(self) -> None:
        """End the process and wait until it is gone."""
        import signal

        for descriptor in (self.send, self.receive):
            os.close(descriptor)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


class Jobs:
    """Spreads the groups of a stream over `count` processes."""

    def __init__(self, stream: Stream, count: int) -> None:
        self.stream = stream
        self.count = count
        self.begun = False  # a group has been evaluated here
        self.processes: list[_Process] = []
        self.tasks: deque[_Task] = deque()  # read and not yet written
        self.number = 0  # of the last record that was handed on
        self.broken = False

    def take(self, group: Group) -> None:
        """Evaluate a group, here or elsewhere. Raises what its records raise, and Ended."""
        if not self._spread(group):
            self.begun = True
            self.stream.evaluate(group)
            self.number = self.stream.number
            self._end_early()
            return
        self.begun = True
        task = self._task(group)
        if task is not None:
            self._hand_on(task)

    def finish(self) -> None:
        """Wait for all that was handed on, and write it."""
        while self.tasks and not self.broken:
            self._pump()

    def close(self) -> None:
        """End all processes."""
        self.broken = True
        for process in self.processes:
            process.close()
        self.processes.clear()

    def until_ready(self, descriptor: int) -> None:
        """Write what comes back until there is something to read."""
        while self.processes and not self._pump(descriptor):
            pass

    # What is handed on

    def _spread(self, group: Group) -> bool:
        """Whether a group goes to a process; a small one that comes first does not."""
        if self.count < 2 or not self.stream.results.decided:
            return False
        if not self.begun and (group.expected() or 0) < MANY:
            return False
        return self.stream.job.runner.session.pyplot is None  # figures have numbers

    def _task(self, group: Group) -> _Task | None:
        """A group as what can be sent, or None if it was evaluated here."""
        count = group.expected()
        if count is not None:
            guessed = not isinstance(group, Batch | Columns)  # nothing of it has been read
            if guessed or _portable(group):
                return _Task(group, count, guessed)
        while any(task.guessed for task in self.tasks):
            self._pump()  # what is open at the end of a group decides what the next one is
        batch = group.records()
        if _portable(batch):
            return _Task(batch, len(batch), False) if batch else None
        self.finish()
        self._here(batch)
        return None

    def _here(self, group: Group) -> None:
        self.stream.evaluate(group)
        self.number = self.stream.number
        self._end_early()

    def _hand_on(self, task: _Task) -> None:
        task.start = self.number
        task.read = self.stream.progress.read()
        self.number += task.count
        self.tasks.append(task)
        if len(self.processes) < self.count:
            if self.stream.sink.path is None:
                sys.stdout.flush()
            self.processes.append(_Process(self.stream, self.processes))
        while not self._assign(task):
            self._pump()
        while len(self.tasks) > AHEAD * self.count:
            self._pump()

    def _assign(self, task: _Task) -> bool:
        """Send a task to a process that is free, if there is one."""
        for process in self.processes:
            if process.task is None:
                task.tries += 1
                process.task, process.stale = task, False
                try:
                    _write(process.send, (task.start, task.count, task.group))
                except BrokenPipeError:
                    self._lost(process)
                return True
        return False

    # What comes back

    def _pump(self, descriptor: int | None = None) -> bool:
        """Wait for an answer and write what is next; True if `descriptor` can be read first."""
        runtime.check()
        busy = {process.receive: process for process in self.processes if process.task}
        watched = list(busy) if descriptor is None else [*busy, descriptor]
        with waiting():
            ready, _, _ = select.select(watched, [], [], LOOK)
        for number in ready:
            if number != descriptor:
                self._receive(busy[number])
        while self.tasks and self.tasks[0].answer is not None:
            self._write(self.tasks[0])
        return descriptor in ready

    def _receive(self, process: _Process) -> None:
        try:
            with waiting():
                answer = _read(process.receive)
        except EOFError:
            self._lost(process)
            return
        task, process.task = process.task, None
        if task is not None and not process.stale:
            task.answer = answer

    def _lost(self, process: _Process) -> None:
        """Replace a process that died, and have its task done again."""
        self.processes.remove(process)
        task, stale = process.task, process.stale
        process.close()
        self.processes.append(_Process(self.stream, self.processes))
        if task is None or stale:
            return
        if task.tries >= TRIES:
            self._raise(
                Failure(
                    USAGE,
                    f"a process of --jobs was ended from outside {TRIES} times, in the records "
                    f"from {task.start + 1} on",
                    help="is there memory enough for all of them? --jobs says how many there are",
                )
            )
        while not self._assign(task):
            self._pump()

    def _write(self, task: _Task) -> None:
        """Write the answer that is next."""
        answer = task.answer
        assert answer is not None
        if answer.surprise:
            self._again()
            return
        self.tasks.popleft()
        stream = self.stream
        for where, what in answer.pieces:
            self._piece(where, what)
        stream.flush()
        stream.number = answer.number
        stream.sink.count += answer.written
        stream.failed += answer.failed
        if stream.first is None and answer.first is not None:
            stream.first, stream.first_number = answer.first, answer.first_number
        if answer.verdict is not None:
            stream.verdict = answer.verdict
        stream.job.failed |= answer.unsolved
        stream.progress.show(stream.number, task.read)
        if answer.raised is not None:
            self._raise(answer.raised)
        self._end_early()

    def _piece(self, where: str, what: Any) -> None:
        if where == "out":
            self.stream.sink.encoded(what)
        elif where == "columns":
            self.stream.sink.columns(*what)
        elif where == "notice":
            notices.say(*what)
        elif sys.stderr is not None:
            with suppress(OSError, ValueError):  # nobody reads messages
                sys.stderr.write(what)
                sys.stderr.flush()

    def _again(self) -> None:
        """Do what comes next here, and all that was handed on behind it once more."""
        tasks, self.tasks = self.tasks, deque()
        for process in self.processes:
            process.stale = process.task is not None
        first, *rest = tasks
        self._here(first.group)
        for task in rest:
            fresh = self._task(task.group)
            if fresh is not None:
                self._hand_on(fresh)

    def _end_early(self) -> None:
        if self.stream.first is not None and self.stream.options.fail_fast:
            self.broken = True
            raise Ended

    def _raise(self, failure: Failure) -> Never:
        self.broken = True
        raise failure


def _portable(group: Group) -> bool:
    """Whether a group has in it what can be sent."""
    if isinstance(group, Columns):
        return True
    plain = (dict, DataError)
    return isinstance(group, Batch) and all(type(member) in plain for member in group)


# In a process


class _Surprise(Exception):
    """There are other records in a group than was thought."""


class _Checked:
    """A group of which it is known how many records it should have."""

    def __init__(self, group: Group, count: int) -> None:
        self.group = group
        self.count = count

    def expected(self) -> int | None:
        return self.count

    def columns(self) -> Columns | None:
        columns = self.group.columns()
        if columns is not None and columns.count != self.count:
            raise _Surprise
        return columns

    def records(self) -> Batch:
        try:
            batch = self.group.records()
        except DataError:
            raise _Surprise from None
        if len(batch) != self.count or self.group.expected() != self.count:
            raise _Surprise
        return batch


class _Pieces:
    """Stands for a file, a writer of columns and the messages; keeps what is written."""

    encoding = "utf-8"

    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal
        self.pieces: list[tuple[str, Any]] = []

    def write(self, what: Any) -> None:
        """Take the bytes of results, or the text of a message."""
        self.pieces.append(("err" if isinstance(what, str) else "out", what))

    def add(self, columns: Any, count: int) -> None:
        """Take columns of results."""
        self.pieces.append(("columns", (columns, count)))

    def notice(self, key: str, text: str) -> None:
        """Take a message that is shown once."""
        self.pieces.append(("notice", (key, text)))

    def isatty(self) -> bool:
        """Whether messages go to a terminal."""
        return self.terminal

    def flush(self) -> None:
        """All is kept until the group is done."""


def _live(stream: Stream, receive: int, send: int, strangers: list[_Process]) -> Never:
    """The life of a process: it ends with the parent, whatever that dies of."""
    status = 1
    try:
        _begin(strangers)
        pieces = _Pieces(sys.stderr is not None and sys.stderr.isatty())
        sys.stderr = pieces
        notices.outlet = pieces.notice
        stream.become_part(pieces)
        while True:
            start, count, group = _read(receive)
            _write(send, _answer(stream, pieces, start, _Checked(group, count)))
    except (EOFError, BrokenPipeError):
        status = 0
    finally:
        os._exit(status)


def _begin(strangers: list[_Process]) -> None:
    """Leave signals to the parent, and the pipes of others to them."""
    import signal

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in strangers:
        os.close(process.send)
        os.close(process.receive)


def _answer(stream: Stream, pieces: _Pieces, start: int, group: Group) -> _Answer:
    stream.restart(start)
    stream.job.failed = False
    answer = _Answer()
    try:
        stream.evaluate(group)
    except _Surprise:
        pieces.pieces = []
        return _Answer(surprise=True)
    except (Exception, LimitExceeded) as error:
        stream.flush()
        answer.raised = _portable_failure(failure_of(error))
    except BaseException as error:
        answer.raised = _portable_failure(failure_of(error))
    answer.pieces, pieces.pieces = _joined(pieces.pieces), []
    answer.number = stream.number
    answer.written = stream.sink.count
    answer.failed = stream.failed
    answer.unsolved = stream.job.failed
    answer.first = _portable_failure(stream.first)
    answer.first_number = stream.first_number
    answer.verdict = stream.last_verdict()
    return answer


def _portable_failure(failure: Any) -> Any:
    """A failure without what draws it: it is drawn already."""
    if failure is None or failure.draw is None:
        return failure
    failure.draw = _Drawn(failure.draw(False), failure.draw(True))
    return failure


@dataclass(slots=True)
class _Drawn:
    """A diagnostic without and with colours."""

    plain: str
    coloured: str

    def __call__(self, colour: bool) -> str:
        return self.coloured if colour else self.plain


def _joined(pieces: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The same with neighbours made one."""
    found: list[tuple[str, Any]] = []
    for where, parts in _runs(pieces):
        if where in ("out", "err"):
            joined = parts[0][:0].join(parts)
            found.append((where, pickle.PickleBuffer(joined) if where == "out" else joined))
        else:
            found += [(where, part) for part in parts]
    return found


def _runs(pieces: list[tuple[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    import itertools

    for where, run in itertools.groupby(pieces, lambda piece: piece[0]):
        yield where, [what for _, what in run]


# Through pipes


def _widen(descriptor: int) -> None:
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE)


def _write(descriptor: int, what: Any) -> None:
    """Send an object; the bytes of results and of arrays go as they are, behind its pickle."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(what, pickle.HIGHEST_PROTOCOL, buffer_callback=buffers.append)
    parts = [memoryview(data), *(buffer.raw() for buffer in buffers)]
    sizes = b"".join(part.nbytes.to_bytes(_SIZE, "little") for part in parts)
    for left in (memoryview(len(parts).to_bytes(_SIZE, "little") + sizes), *parts):
        while left:
            left = left[os.write(descriptor, left) :]


def _read(descriptor: int) -> Any:
    count = _number(_exactly(descriptor, _SIZE))
    sizes = _exactly(descriptor, count * _SIZE)
    data, *buffers = (
        _exactly(descriptor, _number(sizes[start : start + _SIZE]))
        for start in range(0, len(sizes), _SIZE)
    )
    return pickle.loads(data, buffers=buffers)


def _number(data: bytearray) -> int:
    return int.from_bytes(data, "little")


def _exactly(descriptor: int, size: int) -> bytearray:
    data = bytearray(size)
    left = memoryview(data)
    while left:
        count = os.readv(descriptor, [left])
        if not count:
            raise EOFError
        left = left[count:]
    return data

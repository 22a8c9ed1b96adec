"""Many records in vectorised passes.

A program is run under vmap over the columns of records of one kind; a backward pass from the sum of
the results gives every record its own gradients, since no record's result depends on another's
inputs. The first record of a kind goes by itself: its answer shows the form of all, and is compared
with what the first pass gives for it. A pass that raises or warns, or cannot be mapped, leaves its
records to be run one by one, so that an error stands on its own record; a kernel that knows which
records it refused leaves those alone.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcli.autograd.leaf import requires_grad_
from gradcli.autograd.modes import requires_grad
from gradcli.func.batched import vmap
from gradcli.kernels.refusals import refused_rows
from gradcli.kernels.single_products import rows
from gradcli.language.interpreter import Program, Result, Session
from gradcli.tensor.dtypes import Array, DType
from gradcli.tensor.runtime import LimitExceeded
from gradcli.tensor.tensor import Tensor, make, shape_of

from .derivatives import Derivative
from .forms import Column, Form
from .kinds import Group, Kind, Record, Sorter
from .mappable import mappable

FEWEST = 4  # records that are worth a pass
MOST_REFUSALS = 4  # of a pass by kernels that name records, until it is halved
FIRST = 16  # records of the first pass of a kind; every pass that succeeds allows a larger one
FIRST_COMPLEX = 64  # the same of complex numbers, whose digits often are the same by chance
MOST = 1 << 14
MAX_ELEMENTS = 1 << 20  # of the inputs and results of one pass
MAX_GROWTH = 64 << 20  # bytes by which a pass may raise what the process ever held
SHORTEST_WAIT = 8  # records that go one by one after a small pass was refused
LONGEST_WAIT = 4096
NEVER = 1 << 62  # records that go one by one where a pass gives another answer
KINDS = 1024  # that are remembered
KIB = 1 if sys.platform == "darwin" else 1024  # bytes in the unit of the peak that systems tell

Named = dict[str, Tensor]
Answer = Callable[[int], Any]  # the document of the record at a place, run by itself
More = Callable[[Tensor, Named, Mapping[str, Array]], list[Column] | None]


@dataclass(slots=True)
class Job:
    """What is done for each record.

    `reads` are the names that the program reads of a record, except that `leaves` and `constants`
    are the same for all. `convert` makes inputs of a record's values, or of columns of them;
    `results` picks the tensors of a run that are answered, in the order in which the document has
    them; a `derivative` is that of the only one, by the inputs named in `wrt` or by all. `more` has
    what an answer has behind it, made of the result, the inputs and the columns that are `beside`
    them: names that the program does not read; None leaves the records to go one by one.
    """

    program: Program
    session: Session
    reads: Collection[str]
    leaves: Named
    constants: Named
    floating: DType
    convert: Callable[[Record], Mapping[str, Tensor]]
    results: Callable[[Result, Named], list[Tensor]]
    derivative: Derivative | None
    wrt: list[str]
    form: Callable[[Any], Form]
    beside: Collection[str] = ()
    more: More | None = None


@dataclass(slots=True)
class _Pace:
    """How records of a kind go: up to `size` in a pass, after `wait` ones that go one by one.

    `form` is that of their answers, once a pass gave the answers that its records have by
    themselves; `ways` are those to go on comparing if one does not, whether with `Rows` or without.
    """

    size: int = FIRST
    most: int = MOST
    wait: int = 0
    next_wait: int = SHORTEST_WAIT
    step: int = 4  # by which passes grow; more slowly where one was refused
    form: Form | None = None
    ways: tuple[bool, ...] = (False, True)

    def pause(self) -> None:
        """Let records go one by one, longer each time: passes that fail stay a bounded share."""
        self.wait = self.next_wait
        self.next_wait = min(2 * self.next_wait, LONGEST_WAIT)

    def shrink(self, size: int) -> None:
        self.size = max(2 * FEWEST, size // 4)
        self.step = 2

    def grow(self) -> None:
        self.size = min(self.step * self.size, self.most)
        self.next_wait = max(self.next_wait // 2, SHORTEST_WAIT)


class Batches:
    """Answers the records of a stream as far as they can go together."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.possible = mappable(job.program.tree)
        self.paces: dict[Kind, _Pace] = {}
        self.warned: set[tuple[type[Warning], str]] = set()
        self.given = {**job.leaves, **job.constants}
        self.refused: Array | None = None  # the rows of the last pass that a kernel refused
        self.sorter = Sorter(job.reads, self.given, job.floating, job.convert)

    def begin(self, items: Sequence[Any], answer: Answer) -> None:
        """Have the first record that has an answer show its form: it may decide that of all."""
        for place, item in enumerate(items):
            if type(item) is dict and self._form(answer, place) is not None:
                return

    def parts(self, items: Sequence[Any], answer: Answer) -> Iterator[tuple[Sequence[int], Any]]:
        """The places and rendered answers of records; what is left has to go by itself."""
        if self.possible and len(items) >= FEWEST:
            for group in self.sorter.groups(items):
                yield from self._passes(group, answer)

    def whole(self, columns: Mapping[str, Array], count: int, answer: Answer) -> list[Any] | None:
        """The rendered answers of records that came as columns, or None if not all go together."""
        if not self.possible or count < FEWEST:
            return None
        tensors = self.job.convert(dict(columns))
        kind = tuple(
            (name, None, ()) if name in self.given else (name, x.dtype, shape_of(x)[1:])
            for name, x in tensors.items()
        )
        if self._pace(kind).wait:
            return None
        arrays = {name: x.array for name, x in tensors.items() if name not in self.given}
        found = []
        done = 0
        group = Group(kind, range(count), arrays)
        for places, part in self._passes(group, answer, whole=True):
            if places[0] != done:
                return None
            done += len(places)
            found.append(part)
        return found if done == count else None

    def _pace(self, kind: Kind) -> _Pace:
        pace = self.paces.pop(kind, None)
        if pace is None:
            pace = _Pace()
            elements = sum(math.prod(shape) for _, _, shape in kind)
            pace.most = max(FEWEST, min(MOST, MAX_ELEMENTS // max(1, elements)))
            shared = (x.dtype for x in self.given.values())
            own = (dtype for _, dtype, _ in kind if dtype is not None)
            if any(dtype.is_complex for dtype in (*shared, *own)):
                pace.size = FIRST_COMPLEX
                if all(shape == () for _, _, shape in kind):
                    pace.ways = (True, False)
            if len(self.paces) >= KINDS:
                del self.paces[next(iter(self.paces))]
        self.paces[kind] = pace  # the one that was used last stands last
        return pace

    def _passes(
        self, group: Group, answer: Answer, whole: bool = False
    ) -> Iterator[tuple[Sequence[int], Any]]:
        """The places and rendered answers of parts of a group; the other records go by themselves.

        A part that is refused goes again without the records that are to blame, or is halved until
        one is found. With `whole` nothing more is tried then.
        """
        if not group.columns and not self.job.leaves:
            return
        pace = self._pace(group.kind)
        count = len(group.places)
        start = suspects = 0  # up to there, a record is to blame for a refusal
        refusals = again = 0  # passes of this part that were refused, and what is left of it
        while start < count:
            if pace.wait:
                skipped = min(pace.wait, count - start)
                pace.wait -= skipped
                start += skipped
                continue
            size = min(pace.size, pace.most, count - start)
            if start < suspects:
                size = (suspects - start) // 2
                if size < FEWEST:
                    start = suspects
                    continue
            if again:
                size = min(size, again)
                if size < FEWEST:
                    start += size
                    again = 0
                    continue
            if size < FEWEST:
                return
            stop = start + size
            form = pace.form or self._form(answer, group.places[start])
            found = self._pass(group, start, stop, form, pace) if form is not None else None
            if form is not None and pace.form is None:
                if found is None:
                    yield group.places[start : start + 1], form.alone
                elif not self._agrees(found, form, answer, group.places[start + 1 : stop]):
                    pace.ways = pace.ways[1:]
                    if not pace.ways:
                        pace.wait = NEVER
                    continue
            if found is not None:
                yield group.places[start:stop], found
                pace.form = form
                start = stop
                refusals = again = 0
                if start >= suspects:
                    pace.grow()
            elif whole:
                return
            elif form is not None and self.refused is not None and refusals < MOST_REFUSALS:
                group = group.without(start + np.flatnonzero(self.refused))
                suspects -= int(self.refused[: max(0, suspects - start)].sum())
                count = len(group.places)
                again = size - int(self.refused.sum())
                refusals += 1
            elif size <= 2 * FEWEST:
                again = 0
                pace.pause()
            else:
                again = 0
                if start >= suspects:
                    pace.shrink(size)
                suspects = stop

    def _form(self, answer: Answer, place: int) -> Form | None:
        """The form that the answer of one record shows, or None if it fails."""
        shown = warnings.showwarning

        def noted(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
            self.warned.add((category, str(message)))
            shown(message, category, *rest, **more)

        warnings.showwarning = noted
        try:
            return self.job.form(answer(place))
        except LimitExceeded as limit:
            if limit.limit == "timeout":
                raise
            return None
        except Exception:
            return None
        finally:
            warnings.showwarning = shown

    def _agrees(self, found: Any, form: Form, answer: Answer, rest: Sequence[int]) -> bool:
        """Whether a pass gave what each of its records gives by itself."""
        alone = [form]
        for place in rest:
            other = self._form(answer, place)
            if other is None:
                return False
            alone.append(other)
        return form.begins(found, alone)

    def _pass(self, group: Group, start: int, stop: int, form: Form, pace: _Pace) -> Any:
        """The rendered answers of a part, or None when its records cannot go together."""
        before = _peak()
        self.refused = None
        try:
            with warnings.catch_warnings(record=True) as warned:
                columns = self._evaluated(group, start, stop, pace.ways[0])
                found = None if columns is None else form.filled(columns, stop - start)
        except LimitExceeded as limit:
            if limit.limit == "timeout":
                raise
            return None
        except Exception as error:
            rows = refused_rows(error, stop - start)
            if rows is not None and rows.any():
                self.refused = rows
            return None
        if _peak() - before > MAX_GROWTH:
            pace.most = max(FEWEST, stop - start)
        elif form.elements * pace.most > MAX_ELEMENTS:
            pace.most = max(FEWEST, MAX_ELEMENTS // form.elements)
        if any((one.category, str(one.message)) not in self.warned for one in warned):
            return None
        return found

    def _evaluated(self, group: Group, start: int, stop: int, as_rows: bool) -> list[Column] | None:
        """The tensors of the answers of a part."""
        job = self.job
        count = stop - start
        leaves: Named = {}
        beside: dict[str, Array] = {}
        for name, dtype, _ in group.kind:
            if name in job.beside:
                beside[name] = group.columns[name][start:stop]
            elif dtype is not None:
                array = group.columns[name][start:stop]
                column = make(rows(array) if as_rows else array, dtype)
                leaves[name] = self._leaf(column, dtype.differentiable)
            elif name in job.leaves:
                leaves[name] = self._spread(name, count)
        for name in job.leaves:
            if name not in leaves:
                leaves[name] = self._spread(name, count)
        names = list(leaves)
        constants = {name: make(x.array.copy(), x.dtype) for name, x in job.constants.items()}

        def single(*values: Tensor) -> tuple[Tensor, ...]:
            inputs = {**dict(zip(names, values, strict=True)), **constants}
            result = job.session.run(job.program, inputs, fresh=True)
            return tuple(job.results(result, inputs))

        values = vmap(single)(*leaves.values())
        if job.derivative is None:
            return [(value.array, value.dtype) for value in values]
        by = {name: leaf for name, leaf in leaves.items() if requires_grad(leaf)}
        if job.wrt:
            if any(name not in by for name in job.wrt):
                return None
            by = {name: by[name] for name in job.wrt}
        (value,) = values
        found = job.derivative.of(value, by, count)
        more = [] if job.more is None else job.more(value, by, beside)
        if found is None or more is None:
            return None
        return [(value.array, value.dtype), *found, *more]

    def _leaf(self, tensor: Tensor, differentiable: bool) -> Tensor:
        if differentiable and self.job.derivative is not None:
            return requires_grad_(tensor)
        return tensor

    def _spread(self, name: str, count: int) -> Tensor:
        """The input that all records share, once for each."""
        tensor = self.job.leaves[name]
        spread = np.broadcast_to(tensor.array, (count, *shape_of(tensor)))
        return self._leaf(make(spread, tensor.dtype), tensor.dtype.differentiable)


def _peak() -> int:
    """The most bytes that the process ever held, as far as the system tells."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB

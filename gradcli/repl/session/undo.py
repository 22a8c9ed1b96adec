"""`%undo` and `%redo`: what an input changed, so that it can be taken back whole.

Before an input runs there is a snapshot of what the session holds; while it runs, memory that was
there before is copied when it is first written, and the nodes that a backward pass frees are noted
with what they had saved; behind it a second snapshot tells what has changed. Of the first one only
the records of changed objects are kept: a step. To take a step back is to swap what it holds with
what there is, which leaves the step that does it again.

Steps, and the values that only they hold, share the bytes of `--keep` with the values of freed
graphs, and go before those.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradcli.autograd.engine import keeper as freeing
from gradcli.autograd.freed_values import Keeper, kept, nbytes, reachable
from gradcli.autograd.node import Freed, Node, before_write, next_number
from gradcli.language.machine.state import machine
from gradcli.language.values.array_sizes import before_array_write
from gradcli.tensor.keeping import registries
from gradcli.tensor.memory import owner_of
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

from .failed import Failed
from .graph_size import MOST
from .snapshot import Snapshot, held, kind_of, put_state, state_of

TOO_MUCH = "what is needed for more did not fit (--keep 1G keeps more)"
TOO_MANY = "the session holds more values than are looked at"
WENT_ON = "an iterator that went on does not go back"
DEEPEST = 1000  # inputs that can be taken back


class Step:
    """What one input changed.

    `objects` pairs what changed with the record it had, `places` attributes of the session with
    their values, `memory` arrays with a copy of what stood in them, `nodes` those that were freed
    with what they had saved, `streams` generators of random numbers with their states.
    """

    __slots__ = (
        "memory",
        "nodes",
        "notes",
        "number",
        "objects",
        "places",
        "size",
        "streams",
        "text",
    )

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self.text = text
        self.objects: list[tuple[Any, Any]] = []
        self.places: list[tuple[Any, Any]] = []
        self.memory: list[tuple[Any, Any]] = []
        self.nodes: list[tuple[Any, Any]] = []
        self.streams: list[tuple[Any, Any]] = []
        self.notes: dict[str, None] = {}
        self.size = 0

    def __bool__(self) -> bool:
        """Whether there is anything to take back: more than the note of what has run."""
        objects = any(value is not machine.ran for value, _ in self.objects)
        return objects or any((self.places, self.memory, self.nodes, self.streams))

    def swap(self) -> None:
        """Bring back what the step holds, and hold what there was."""
        self.places = [(place, _swap_place(place, value)) for place, value in self.places]
        current = [(value, _kind(value).take(value)) for value, _ in self.objects]
        for value, record in self.objects:
            _kind(value).put(value, held(record))
        self.objects = current
        for index, (array, copy) in enumerate(self.memory):
            self.memory[index] = array, array.copy()
            array[...] = copy
        for index, (node, (saved, guards)) in enumerate(self.nodes):
            self.nodes[index] = node, (node.saved, node.guards)
            node.saved, node.guards = saved, guards
        for index, (source, state) in enumerate(self.streams):
            self.streams[index] = source, state_of(source)
            put_state(source, state)


def _places(variables: dict[str, Any]) -> dict[str, int]:
    """Which object each name has: the snapshot keeps them, generators excepted, which may end."""
    return {name: id(value) for name, value in variables.items()}


def _kind(value: Any) -> Any:
    return kind_of(value)


def _swap_place(place: Any, value: Any) -> Any:
    now = getattr(*place)
    setattr(place.owner, place.name, value)
    return now


class Undo:
    """The steps of a session that can be taken back, and those that were."""

    def __init__(self, shell: Any, keeper: Keeper) -> None:
        self.shell = shell
        self.keeper = keeper
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self.before: Snapshot | None = None
        self.step: Step | None = None
        self.memory: dict[int, tuple[Any, Any]] = {}
        self.freed: list[tuple[Node, Any, Any]] = []
        self.copied = 0  # bytes that were written, of those that there were before the input
        self.first = 0  # nodes with smaller numbers were there before the input
        self.used = 0  # bytes that steps hold
        self.variables: dict[str, int] = {}  # of the user, before the input
        self.stray: dict[str, None] = {}  # notes of inputs that changed nothing, such as %save
        self.gone = ""  # why the last inputs cannot be taken back
        keeper.yields = self.yields
        runtime.relief = self.forget

    def close(self) -> None:
        """Record nothing any more."""
        self._stop_listening()
        self.forget()
        runtime.relief = None

    # ------------------------------------------------------------ recording

    def begin(self, number: int, text: str) -> None:
        """An input is about to run."""
        if self.before is None:
            self.before = self._look(None)
        self.step = Step(number, text)
        self.variables = _places(self.shell.variables())
        self.first = next_number()
        self.memory = {}
        self.freed = []
        self.copied = 0
        before_write.append(self._see)
        before_array_write.append(self._see_array)
        freeing.insert(0, self._see_freed)

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Take back, behind what runs within, all that it changed of what the session holds.

        Nothing is taken back where the session holds more than is looked at, or where more was
        written than is kept.
        """
        outer = self.before, self.memory, self.freed, self.copied, self.first
        before = self.before = Snapshot(self.shell)
        self.memory, self.freed, self.copied, self.first = {}, [], 0, next_number()
        try:
            yield
        finally:
            after = Snapshot(self.shell, before)
            if before.whole and after.whole and self.copied <= self.keeper.limit:
                step = Step(0, "")
                self._fill(step, before, after)
                step.swap()
            self.before, self.memory, self.freed, self.copied, self.first = outer

    def _stop_listening(self) -> None:
        for listeners, listener in (
            (before_write, self._see),
            (before_array_write, self._see_array),
            (freeing, self._see_freed),
        ):
            if listener in listeners:
                listeners.remove(listener)  # type: ignore[arg-type]

    def note(self, text: str) -> None:
        """Say what of the input that runs cannot be taken back."""
        if self.step is not None:
            self.step.notes[text] = None

    def end(self) -> None:
        """The input has run: keep what it changed."""
        self._stop_listening()
        step, before = self.step, self.before
        self.step = None
        if step is None or before is None:
            return
        after = self.before = self._look(before)
        if after is None:
            return
        if not (before.whole and after.whole) or self.copied > self.keeper.limit:
            self._clear()
            self.gone = TOO_MUCH if self.copied > self.keeper.limit else TOO_MANY
            return
        self._fill(step, before, after)
        if not step:
            self.stray.update(step.notes)
            return
        if not self._only_shows(step):  # a look at what is there leaves %redo possible
            self.used -= sum(other.size for other in self.undone)
            self.undone.clear()
        self._add(self.done, step, before, after)

    def _only_shows(self, step: Step) -> bool:
        """Whether an input did no more than give outputs: `Out`, `_` and their like."""
        shell = self.shell
        noted = (machine.ran, shell.names, shell.outputs, shell.statements)
        return (
            not any((step.memory, step.nodes, step.streams, WENT_ON in step.notes))
            and all(any(value is one for one in noted) for value, _ in step.objects)
            and all(place.name == "recent" for place, _ in step.places)
            and self.variables == _places(shell.variables())
        )

    def _look(self, before: Snapshot | None) -> Snapshot | None:
        """What the session holds now; None, and nothing to take back, when there is no memory."""
        try:
            return Snapshot(self.shell, before)
        except MemoryError:
            self.forget()
            return None

    def _add(self, steps: list[Step], step: Step, before: Snapshot, after: Snapshot) -> None:
        """Keep a step that leads from what is after to what was before, as far as there is room."""
        step.size = _size(step, before, after)
        self.used += step.size
        steps.append(step)
        if len(self.done) > DEEPEST:
            self.used -= self.done.pop(0).size
        while self.used + self.keeper.used > self.keeper.limit and self._drop():
            pass

    def _fill(self, step: Step, before: Snapshot, after: Snapshot) -> None:
        step.objects = list(before.changed(after).values())
        for registry, first in registries:
            if id(registry) not in before.records and registry != first:  # loaded by this input
                step.objects.append((registry, _kind(first).take(first)))
        step.places = [
            (place, value) for place, value in before.places if getattr(*place) is not value
        ]
        step.memory = [pair for pair in self.memory.values() if _differs(*pair)]
        step.nodes = [(node, (saved, guards)) for node, saved, guards in self.freed]
        step.streams = before.drawn()
        if before.went_on():
            step.notes[WENT_ON] = None
        self.memory, self.freed = {}, []

    def _see(self, tensor: Tensor) -> None:
        array = tensor.array
        if isinstance(array, np.ndarray):
            self._see_array(array)

    def _see_array(self, array: Any) -> None:
        """Copy memory that the session had before this input, once."""
        owner = owner_of(array)
        key = id(owner)
        if self.before is None or key not in self.before.owners or key in self.memory:
            return
        self.copied += owner.nbytes
        if self.copied <= self.keeper.limit:
            self.memory[key] = owner, owner.copy()

    def _see_freed(self, node: Node, freed: Freed) -> None:
        if node.number < self.first:
            self.freed.append((node, node.saved, node.guards))

    # ------------------------------------------------------------ room

    def _drop(self) -> bool:
        """Forget the step that is furthest away; whether there was one."""
        steps = self.undone if len(self.undone) > len(self.done) else self.done
        if not steps:
            return False
        if steps is self.done:
            self.gone = TOO_MUCH
        self.used -= steps.pop(0).size
        return True

    def yields(self, needed: int) -> bool:
        """Make room for freed graphs; whether something was given up."""
        return bool(needed > self.keeper.limit - self.used and self._drop())

    def forget(self) -> None:
        """Give up everything, for memory."""
        if self.done or self.undone or self.before is not None:
            self.gone = "the memory was needed for something else"
        self._clear()
        self.before = None

    def _clear(self) -> None:
        self.done.clear()
        self.undone.clear()
        self.used = 0
        self.memory, self.freed = {}, []

    # ------------------------------------------------------------ taking back

    def take_back(self, count: int) -> list[Step]:
        """Take back the last inputs, the last one first. Raises Failed when there is none."""
        moved = self._move(self.done, self.undone, count, "there is nothing to take back")
        moved[0].notes.update(self.stray)
        self.stray.clear()
        return moved

    def do_again(self, count: int) -> list[Step]:
        """Do again what was taken back. Raises Failed when nothing was."""
        return self._move(self.undone, self.done, count, "there is nothing to do again")

    def _move(self, source: list[Step], target: list[Step], count: int, nothing: str) -> list[Step]:
        self.step = None  # the input that runs is none to take back
        if not source:
            raise Failed(nothing, self.gone if source is self.done else "%redo goes after %undo")
        moved: list[Step] = []
        before = self.before or Snapshot(self.shell)
        while source and len(moved) < count:
            step = source.pop()
            self.used -= step.size
            step.swap()
            self.before = Snapshot(self.shell)
            self._add(target, step, before, self.before)
            before = self.before
            moved.append(step)
        return moved


def _size(step: Step, before: Snapshot, after: Snapshot) -> int:
    """The bytes that a step holds and that the session does not hold any more."""
    copied: int = sum(copy.nbytes for _, copy in step.memory)
    gone: int = sum(owner.nbytes for key, owner in before.owners.items() if key not in after.owners)
    records = 8 * sum(len(record) for _, record in step.objects)
    freed = sum(nbytes(saved) for node, (saved, _) in step.nodes if kept(node) is None)
    return copied + gone + records + freed + _graph_bytes(before.roots, after.roots)


def _differs(array: Any, copy: Any) -> bool:
    return bool(array.tobytes() != copy.tobytes())


def _graph_bytes(before: dict[int, Any], after: dict[int, Any]) -> int:
    """What nodes saved that no value of the session holds any more."""
    gone = [node for key, node in before.items() if key not in after]
    if not gone:
        return 0
    held = set(reachable(after.values()))
    return sum(
        nbytes(node.saved) for node in reachable(gone)[:MOST] if node not in held and node.saved
    )

"""The interpreter's own state: steps, memory, provenance and call chains.

A provenance index ("where") is `chain + site`: a site is a place in a program's text, a chain the
calls that led to it. Chains are multiples of `CHAIN`, so an index is one addition to make and is
taken apart only when somebody asks. Frames hold their chain in slot 1.

Note: the interpreter restores `runtime.where` when a call returns, so it always names the place
that runs now, or, after an exception, the place that raised it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from gradcli.language.syntax.nodes import Node
from gradcli.language.syntax.source import Source
from gradcli.tensor.runtime import LimitExceeded, runtime

CHAIN = 1 << 24  # how many sites there can be
MAX_CHAINS = 1 << 17  # how many call chains are remembered; more are known by their depth only
QUANTUM = 10_000  # steps between two looks at the clock and the memory
CHECKED = 16 << 20  # bytes handed to containers between two looks at the memory

SMALL_STACK = 16_000  # frames that fit into the usual stack of a thread

RECORDED, UNRECORDED = 1, 2  # bits: a statement ran with grad mode on, or off

DEFAULT_STEPS = 100_000_000
DEFAULT_DEPTH = 1000

GLOBALS, BASE, RESULT, FIRST = 0, 1, 2, 3  # layout of a frame


class Unbound:
    """The type of `UNBOUND`, which stands in a slot that has no value."""

    def __repr__(self) -> str:
        return "<unbound>"


UNBOUND: Any = Unbound()


class Files(dict[str, Any]):
    """What a program wrote, by name, and the folders there are.

    Names are paths from the root, without the slash they begin with; `trusted` are the classes
    that `torch.load` may make.
    """

    def __init__(self) -> None:
        self.trusted: list[Any] = []
        self.folders = {"", "tmp"}

    def forget(self) -> None:
        """Have none, as at the start of a program."""
        self.clear()
        self.trusted = []
        self.folders = {"", "tmp"}


class Machine:
    """One cell of state; `machine` is its only instance.

    `fuel` counts down to the next call of `refuel`; `sites[i]` is (source, node) of site i;
    `chains[c]` is (index of the call, depth) of chain number c. `ran`, where it is kept, has the
    statements that ran, each with `RECORDED`, `UNRECORDED` or both: whether grad mode was on.
    """

    __slots__ = (
        "allocated",
        "builtins",
        "chains",
        "deadline",
        "depth",
        "emit",
        "files",
        "fuel",
        "globals",
        "granted",
        "known",
        "max_steps",
        "message",
        "modules",
        "overflow",
        "owns_process",
        "pyplot",
        "quiet",
        "ran",
        "random",
        "session",
        "show_figure",
        "sites",
        "timeout",
        "write",
    )

    def __init__(self) -> None:
        self.sites: list[tuple[Source, Node]] = []
        self.write: Any = sys.stdout.write
        self.emit: Any = None
        self.message: Any = None  # what takes a program's messages in place of standard error
        self.globals: dict[str, Any] = {}  # names of the program that runs
        self.files = Files()
        self.modules: dict[str, Any] = {}
        self.builtins: dict[str, Any] = {}
        self.random: Any = None
        self.pyplot: Any = None  # the figures of the program
        self.quiet = False  # the host makes a text: nothing of the program runs
        self.show_figure: Any = None
        self.session: Any = None  # whose settings these are
        self.owns_process = False  # a command's or a session's own: limits of the system are ours
        self.ran: dict[Node, int] | None = None
        self.depth = DEFAULT_DEPTH
        self.max_steps = DEFAULT_STEPS
        self.timeout: float | None = None
        self.deadline: float | None = None
        self.reset()

    def reset(self) -> None:
        """Start counting anew: before a program runs."""
        self.granted = self.fuel = min(QUANTUM, self.max_steps)
        self.allocated = 0
        self.deadline = None if self.timeout is None else time.monotonic() + self.timeout
        if len(self.chains) > MAX_CHAINS // 2 if hasattr(self, "chains") else True:
            self.forget_chains()

    def forget_chains(self) -> None:
        """Drop the remembered call chains."""
        self.known: dict[int, int] = {}
        self.chains: list[tuple[int, int]] = [(0, 0)]
        self.overflow: dict[int, int] = {}

    @property
    def steps(self) -> int:
        """The number of steps run since `reset`."""
        return self.granted - max(self.fuel, 0)

    def refuel(self) -> None:
        """Called when the fuel is used up: look at the limits, then go on."""
        if runtime.stop is not None:
            runtime.check()
        if self.granted - self.fuel > self.max_steps:
            self.fuel = 0
            raise LimitExceeded(f"stopped after {self.max_steps:,} steps", "max-steps")
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.fuel = 0
            raise LimitExceeded(f"stopped after {self.timeout:g} seconds", "timeout")
        self.look_at_memory(0)
        more = min(QUANTUM, self.max_steps - self.granted)
        more = max(more, -self.fuel)
        self.granted += more
        self.fuel += more

    def spend(self, steps: int) -> None:
        """Count the steps of an iteration that is done in one go."""
        self.fuel -= steps
        if self.fuel < 0:
            self.refuel()
        if runtime.stop is not None:
            runtime.check()

    def reserve(self, nbytes: int) -> None:
        """Refuse `nbytes` that cannot fit, before they are allocated for a container or text."""
        if nbytes > CHECKED:
            runtime.reserve(nbytes)
            self.look_at_memory(nbytes)
            return
        self.allocated += nbytes
        if self.allocated > CHECKED:
            self.look_at_memory(nbytes)

    def look_at_memory(self, nbytes: int) -> None:
        """Compare what the process uses, and `nbytes` more, with the limit."""
        self.allocated = 0
        if runtime.used() + nbytes > runtime.max_bytes:
            runtime.collect()
            if runtime.used() + nbytes > runtime.max_bytes:
                raise runtime.too_much_memory()

    def new_chain(self, where: int) -> int:
        """The chain of a call made at `where`."""
        parent = where // CHAIN
        depth = self.chains[parent][1] + 1
        if depth > self.depth:
            raise RecursionError("maximum recursion depth exceeded")
        number = len(self.chains)
        if number < MAX_CHAINS:
            self.chains.append((where, depth))
            self.known[where] = number * CHAIN
            return number * CHAIN
        base = self.overflow.get(depth)
        if base is None:
            self.chains.append((0, depth))
            base = self.overflow[depth] = number * CHAIN
        return base

    def site(self, source: Source, node: Node) -> int:
        """A new site."""
        number = len(self.sites)
        if number >= CHAIN:
            raise LimitExceeded("the session's programs are too long", "max-memory")
        self.sites.append((source, node))
        return number

    def locate(self, where: int) -> tuple[Source, Node] | None:
        """The text and node of a provenance index."""
        number = where % CHAIN
        return self.sites[number] if 0 < number < len(self.sites) else None

    def callers(self, where: int) -> list[tuple[Source, Node]]:
        """The calls that led to a provenance index, innermost first."""
        found = []
        number = where // CHAIN
        while 0 < number < len(self.chains):
            call = self.chains[number][0]
            place = self.locate(call)
            if place is not None:
                found.append(place)
            number = call // CHAIN
        return found


machine = Machine()
runtime.spend = machine.spend
machine.sites.append((Source("", "?"), Node()))


def counted(iterable: Iterable[Any]) -> Iterator[Any]:
    """The items of `iterable`, each counted as a step."""
    for item in iterable:
        machine.fuel -= 1
        if machine.fuel < 0:
            machine.refuel()
        if runtime.stop is not None:
            runtime.check()
        yield item


_sized = (list, tuple, dict, set, frozenset, str)


def feed(iterable: Any) -> Any:
    """What a built-in may iterate over in place of `iterable`: counted, or small."""
    if type(iterable) in _sized and len(iterable) <= QUANTUM:
        machine.fuel -= len(iterable)
        if machine.fuel < 0:
            machine.refuel()
        return iterable
    return counted(iterable)


def make_slice(*args: Any) -> slice:
    """`slice(…)`; slices of slices have no use and could nest without end."""
    for part in args:
        if type(part) is slice:
            raise TypeError("slice indices must be integers or None or have an __index__ method")
    return slice(*args)


def make_room() -> int | None:
    """Let Python recurse as deeply as the stack allows.

    User calls have a limit of their own, which counts the program's calls and nothing else. In a
    process that is not ours the stack stays as it is, and what is returned is Python's limit
    before, which is to be set again when the program has run.
    """
    if machine.owns_process:
        return None
    before = sys.getrecursionlimit()
    if before == SMALL_STACK:
        return None
    sys.setrecursionlimit(SMALL_STACK)
    return before


def own_process() -> None:
    """This process is ours: let its stack grow to 120 MiB, and Python's recursion with it."""
    machine.owns_process = True
    try:
        import resource

        wanted = 120 << 20
        soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            if hard != resource.RLIM_INFINITY:
                wanted = min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_STACK, (wanted, hard))
        depth = 60_000 if wanted >= 100 << 20 else 20_000
    except (ImportError, ValueError, OSError):
        depth = 10_000
    if sys.getrecursionlimit() < depth:
        sys.setrecursionlimit(depth)

"""What a session's values are made of at one moment, to compare with later and to bring back.

A snapshot holds for every object that can change a record of its parts: the items of a container,
the attributes and slots of an object, the names of a class. Parts are kept by identity and nothing
is copied but references; the memory of tensors and arrays is copied by `undo`, when it is written.

Note: a generator is held weakly, because what stands behind its `yield` runs when it goes. Nodes
are not walked into; what a backward pass frees of them `undo` learns from the engine.
"""

from __future__ import annotations

import collections
import sys
import types
from collections.abc import Callable, Iterable
from functools import partial
from operator import is_
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from gradcli.autograd.node import AccumulateGrad, Node, anomaly_checks
from gradcli.kernels.generator import default_generator
from gradcli.language.interpreter import KEEPING, Program, Session
from gradcli.language.machine.state import machine
from gradcli.language.syntax import nodes
from gradcli.language.syntax.source import Source
from gradcli.language.values.attributes import Module as PythonModule
from gradcli.language.values.classes import is_program_class, renew_class
from gradcli.language.values.functions import Builtin, Function
from gradcli.language.values.generators import FunctionGenerator
from gradcli.table.entry import Op
from gradcli.tensor.device import Device
from gradcli.tensor.dtypes import DType, default
from gradcli.tensor.keeping import holders
from gradcli.tensor.memory import owner_of
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor, Version
from gradcli.torch.namespaces import Module

from .statement import Statement

MOST = 300_000  # objects that one walk looks at
MOST_PARTS = 1 << 21  # in containers of numbers and texts, which each snapshot has anew
LARGE = 64  # parts from which on it is worth to look whether all are numbers and texts

ABSENT: Any = object()  # in place of a slot without a value

Record = tuple[Any, ...]


class Kind(NamedTuple):
    """How the objects of a type are taken apart and put together again.

    `take` gives the record of an object, `put` brings a record back, `parts` says into what of the
    record the walk goes on.
    """

    take: Callable[[Any], Record]
    put: Callable[[Any, Record], None]
    parts: Callable[[Record], Iterable[Any]]


def _all(record: Record) -> Iterable[Any]:
    return record


# ---------------------------------------------------------------- containers


def _put_list(value: Any, record: Record) -> None:
    list.__setitem__(value, slice(None), record)


def _put_set(value: Any, record: Record) -> None:
    set.clear(value)
    set.update(value, record)


def _put_deque(value: Any, record: Record) -> None:
    collections.deque.clear(value)
    collections.deque.extend(value, record)


def _take_dict(value: Any) -> Record:
    kind: Any = collections.OrderedDict if isinstance(value, collections.OrderedDict) else dict
    return (*kind.keys(value), *kind.values(value))


def _put_dict(value: Any, record: Record) -> None:
    half = len(record) // 2
    kind: Any = collections.OrderedDict if isinstance(value, collections.OrderedDict) else dict
    kind.clear(value)
    for key, item in zip(record[:half], record[half:], strict=True):
        kind.__setitem__(value, key, item)


def _put_bytes(value: Any, record: Record) -> None:
    bytearray.__setitem__(value, slice(None), record[0])


def _nothing(record: Record) -> Iterable[Any]:
    return ()


CONTAINERS: dict[type, Kind] = {
    list: Kind(tuple, _put_list, _all),
    dict: Kind(_take_dict, _put_dict, _all),
    set: Kind(tuple, _put_set, _all),
    collections.deque: Kind(tuple, _put_deque, _all),
    bytearray: Kind(lambda value: (bytes(value),), _put_bytes, _nothing),
}


# ---------------------------------------------------------------- objects


def _slots(kind: type) -> list[Any]:
    """The descriptors of the slots that objects of a type have, the most basic first."""
    return [
        held
        for base in reversed(kind.__mro__)
        for held in vars(base).values()
        if type(held) is types.MemberDescriptorType and base.__flags__ & _HEAP
    ]


_HEAP = 1 << 9  # the flag of types that are no part of the host


def _object(kind: type, left_out: frozenset[str] = frozenset()) -> Kind | None:
    """The attributes, slots and items of an object; None when it has none."""
    base = next((found for found in CONTAINERS if issubclass(kind, found)), None)
    inner = None if base is None else CONTAINERS[base]
    slots = [slot for slot in _slots(kind) if slot.__name__ not in left_out]
    has_dict = getattr(kind, "__dictoffset__", 0) != 0
    if not slots and not has_dict:
        return inner

    def take(value: Any) -> Record:
        found: list[Any] = [type(value)]
        for slot in slots:
            try:
                found.append(slot.__get__(value))
            except AttributeError:
                found.append(ABSENT)
        attributes = object.__getattribute__(value, "__dict__") if has_dict else {}
        return (len(attributes), *found, *attributes, *attributes.values()) + (
            () if inner is None else inner.take(value)
        )

    def put(value: Any, record: Record) -> None:
        if type(value) is not record[1]:
            object.__setattr__(value, "__class__", record[1])
        for slot, item in zip(slots, record[2:], strict=False):
            if item is not ABSENT:
                slot.__set__(value, item)
            elif _has(slot, value):
                slot.__delete__(value)
        count, start = record[0], 2 + len(slots)
        if has_dict:
            attributes = object.__getattribute__(value, "__dict__")
            attributes.clear()
            names = record[start : start + count]
            attributes.update(zip(names, record[start + count : start + 2 * count], strict=True))
        if inner is not None:
            inner.put(value, record[start + 2 * count :])

    return Kind(take, put, lambda record: record[2:])


def _has(slot: Any, value: Any) -> bool:
    try:
        slot.__get__(value)
    except AttributeError:
        return False
    return True


def _put_class(value: Any, record: Record) -> None:
    half = len(record) // 2
    wanted = dict(zip(record[:half], record[half:], strict=True))
    for name in dict(_own(value)):
        if name not in wanted:
            type.__delattr__(value, name)
    for name, item in wanted.items():
        type.__setattr__(value, name, item)
    renew_class(value)


def _own(value: type) -> dict[str, Any]:
    """What a program's class holds, apart from what the host keeps there."""
    return {
        name: item
        for name, item in vars(value).items()
        if name[:2] != "__" and type(item) is not types.MemberDescriptorType
    }


CLASSES = Kind(lambda value: _take_dict(_own(value)), _put_class, _all)


def _take_version(value: Any) -> Record:
    try:
        clock = _clock.__get__(value)
    except AttributeError:  # that of inference mode, which counts nothing
        clock = ABSENT
    return type(value), clock, value.writer, value.rewrite, value.memory


def _put_version(value: Any, record: Record) -> None:
    kind, clock, writer, value.rewrite, value.memory = record
    value.__class__ = kind
    if clock is not ABSENT:
        _clock.__set__(value, clock)
    if value.memory is None:
        value.writer = writer


_clock: Any = vars(Version)["clock"]
VERSIONS = Kind(_take_version, _put_version, lambda record: record[3:])


class Weak:
    """A generator of a program as a record holds it."""

    __slots__ = ("generator",)

    def __init__(self, generator: FunctionGenerator) -> None:
        self.generator = ref(generator)


def held(record: Record) -> Record:
    """A record with its generators: None for those that are gone."""
    if Weak not in map(type, record):
        return record
    return tuple(part.generator() if type(part) is Weak else part for part in record)


# ---------------------------------------------------------------- kinds

_ATOMS = (
    *(int, float, complex, str, bytes, range, type(None), type(...), np.generic, np.dtype),
    *(type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType),
    *(
        types.GeneratorType,
        FunctionGenerator,
        ref,
        DType,
        Device,
        Builtin,
        Module,
        PythonModule,
        Op,
    ),
    *(nodes.Node, Source, Program, Session, Statement),
)
_kinds: dict[type, Kind | None] = {
    **CONTAINERS,
    **dict.fromkeys((int, float, str, bool, bytes, type(None), np.ndarray, tuple, frozenset)),
    Version: VERSIONS,
}


def _learn(kind: type) -> Kind | None:
    """How objects of a type met for the first time are taken apart; None for what is flat."""
    found: Kind | None
    if issubclass(kind, Function):
        found = _object(kind, frozenset(("code", "globals", "run", "signature", "simple")))
    elif issubclass(kind, Version):
        found = VERSIONS
    elif issubclass(kind, Node) and not issubclass(kind, AccumulateGrad):
        others = {slot.__name__ for slot in _slots(kind)} - {"hooks", "name", "plain"}
        found = _object(kind, frozenset(others))
    elif issubclass(kind, _ATOMS) or kind.__module__ == "numpy":
        found = None
    else:
        found = _object(kind)
    _kinds[kind] = found
    return found


def kind_of(value: Any) -> Kind | None:
    """How a value is taken apart; None for one that cannot change."""
    kind = type(value)
    if kind in _kinds:
        return _kinds[kind]
    return CLASSES if is_program_class(value) else _learn(kind)


FLAT = frozenset((int, float, str, bool, bytes, complex, type(None)))


# ---------------------------------------------------------------- the state of the machinery


class Place(NamedTuple):
    """An attribute that the session assigns."""

    owner: Any
    name: str


def places(shell: Any) -> list[Place]:
    """Where the session keeps what a program or a magic can change."""
    session = shell.session
    names = ("outputs", "recent", "statements", "short", "colour", "after_input")
    found = [Place(shell, name) for name in names]
    found += [Place(session, name) for name in ("globals", "random", "pyplot")]
    found += [Place(machine, name) for name in ("ran", "random", "pyplot")]
    return [*found, *(Place(runtime, name) for name in ("grad_enabled", "fresh", "born"))]


def _settings() -> list[Any]:
    """The objects of the core whose attributes are settings, and its random numbers."""
    return [default_generator, default, anomaly_checks, *filter(_is_object, holders)]


def _is_object(holder: Any) -> bool:
    """Whether what has settings is looked at as a whole; of `runtime` only `places` are."""
    return holder is not runtime and not isinstance(holder, type)


class Snapshot:
    """What can change of a session's values, each with its record.

    `records` maps identities to objects and records, `owners` has the arrays that own memory,
    `roots` the nodes that made tensors, `streams` the generators of Python and NumPy with their
    states, `flat` the containers of numbers and texts only, `running` the iterators of the program
    and where each stands. `whole` is false when there was too much to look at.
    """

    __slots__ = ("flat", "owners", "places", "records", "roots", "running", "streams", "whole")

    def __init__(self, shell: Any, earlier: Snapshot | None = None) -> None:
        default_generator.initial_seed()  # numbers drawn now could not be drawn again without one
        self.records: dict[int, tuple[Any, Record]] = {}
        self.owners: dict[int, Any] = {}
        self.roots: dict[int, Any] = {}
        self.places = [(place, getattr(*place)) for place in places(shell)]
        self.streams = {id(source): (source, state_of(source)) for source in _common_sources()}
        self.running: list[tuple[Callable[[], Any], int]] = []
        self.whole = True
        skipped = {id(shell.inputs)}
        values = [value for _, value in self.places]
        session = shell.session
        kept = [session.modules[name].entries for name in KEEPING if name in session.modules]
        roots = [*values, session.modules, session.files, *kept, *_settings()]
        self.flat: set[int] = set()
        self._walk(roots, skipped, earlier)

    def _walk(self, waiting: list[Any], skipped: set[int], earlier: Snapshot | None) -> None:
        """Take the records of all that can be reached; those that are as before are kept."""
        records, owners, roots, flat = self.records, self.owners, self.roots, self.flat
        before = {} if earlier is None else earlier.records
        were_flat = flat if earlier is None else earlier.flat
        known = _kinds
        frozen: set[int] = set()
        seen = parts = 0
        while waiting:
            value = waiting.pop()
            kind = type(value)
            if kind in FLAT or id(value) in records or id(value) in skipped:
                continue
            seen += 1
            if seen > MOST:
                self.whole = False
                return
            found = known[kind] if kind in known else kind_of(value)
            if found is None:
                if kind is np.ndarray:
                    owner = owner_of(value)
                    owners[id(owner)] = owner
                elif hasattr(value, "bit_generator"):
                    self.streams[id(value)] = value, state_of(value)
                elif kind is types.GeneratorType:
                    self.running.append((ref(value), _position(value)))
                elif kind is FunctionGenerator and type(value._values) is types.GeneratorType:
                    self.running.append((ref(value._values), _position(value._values)))
                elif hasattr(kind, "__length_hint__"):  # of the host's iterators
                    self.running.append((partial(_itself, value), _position(value)))
                elif isinstance(value, tuple | frozenset) and id(value) not in frozen:
                    frozen.add(id(value))
                    waiting += value
                continue
            if kind in CONTAINERS:
                parts += len(value)
                if parts > MOST_PARTS:
                    self.whole = False
                    return
            record = found.take(value)
            key = id(value)
            pair = before.get(key)
            if pair is None or not _identical(record, pair[1]):
                if FunctionGenerator in map(type, record):
                    waiting += [part for part in record if type(part) is FunctionGenerator]
                    record = tuple(Weak(p) if type(p) is FunctionGenerator else p for p in record)
                if pair is not None and not same(record, pair[1]):
                    pair = None
            if pair is not None:
                record = pair[1]
            records[key] = pair or (value, record)
            if kind is Tensor and value.node is not None and value.node.number >= 0:
                roots[id(value.node)] = value.node
            if (pair is not None and key in were_flat) or (
                len(record) >= LARGE and FLAT.issuperset(map(type, record))
            ):
                flat.add(key)
            else:
                seen += len(record) >> 3
                waiting += found.parts(record)

    def changed(self, later: Snapshot) -> dict[int, tuple[Any, Record]]:
        """The objects that are otherwise in a later snapshot, with their records in this one."""
        found = {}
        for key, pair in self.records.items():
            new = later.records.get(key)
            if new is pair:
                continue
            value, record = pair
            if new is None and same(kind_of(value).take(value), record):  # type: ignore[union-attr]
                continue
            found[key] = pair
        return found

    def drawn(self) -> list[tuple[Any, Any]]:
        """The generators that have moved on since, with the states that they had."""
        pairs = self.streams.values()
        return [(item, state) for item, state in pairs if not _same_state(state, state_of(item))]

    def went_on(self) -> bool:
        """Whether an iterator of the program has moved on since: nothing takes that back."""
        return any(
            found is not None and _position(found) != place
            for found, place in ((item(), place) for item, place in self.running)
        )


def _itself(value: Any) -> Any:
    return value


def _position(iterator: Any) -> int:
    """A number that changes when a generator or an iterator of the host goes on."""
    if type(iterator) is not types.GeneratorType:
        return int(iterator.__length_hint__())
    return -1 if iterator.gi_frame is None else int(iterator.gi_frame.f_lasti)


def _identical(one: Record, other: Record) -> bool:
    """Whether two records have the very same parts."""
    return len(one) == len(other) and all(map(is_, one, other))


def same(one: Record, other: Record) -> bool:
    """Whether two records have the same parts; numbers and texts are compared by value."""
    if len(one) != len(other):
        return False
    if _identical(one, other):
        return True
    one, other = held(one), held(other)
    return all(
        a is b or (type(a) is type(b) and type(a) in FLAT and a == b)
        for a, b in zip(one, other, strict=True)
    )


# ---------------------------------------------------------------- random numbers of the host


def state_of(source: Any) -> Any:
    """The state of a generator of Python's or NumPy's."""
    if hasattr(source, "getstate"):
        return source.getstate()
    if hasattr(source, "bit_generator"):
        return source.bit_generator.state
    return source.get_state(legacy=False)


def put_state(source: Any, state: Any) -> None:
    """Give a generator of Python's or NumPy's a state that it had."""
    if hasattr(source, "setstate"):
        source.setstate(state)
    elif hasattr(source, "bit_generator"):
        source.bit_generator.state = state
    else:
        source.set_state(state)


def _same_state(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return all(_same_state(one[name], other[name]) for name in one)
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else bool(one == other)


def _common_sources() -> list[Any]:
    """The generators of Python's and NumPy's modules, where a program has drawn from them."""
    numpy = sys.modules.get("gradcli.language.library.numpy_random")
    found = [] if machine.random is None else [machine.random]
    return found if numpy is None else [*found, *numpy.shared]

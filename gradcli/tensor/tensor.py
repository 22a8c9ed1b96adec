"""The Tensor: an array, its dtype, and its place in the graph.

Behaviour (methods, operators, `backward`) is attached by the layers above; this module holds the
data and the invariants about memory that everything else relies on.

Note: `array` is an ndarray, or a NumPy scalar when the tensor has no dimension and shares its
memory with no view (a scalar operation costs a tenth of one on a 0-d array). Whoever needs memory
that can be shared or written calls `own_memory` first, which turns the scalar into a 0-d array.
"""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from .dtypes import FROM_ARRAY, Array, DType
from .runtime import runtime

if TYPE_CHECKING:
    from collections.abc import Iterable

# Note: a version's clock counts writes through its own tensors in the low bits, writes that went
# behind its back (through `.data`, which has a version of its own) in those above, and calls of
# `detach_()` in the highest. A saved value remembers the clock; equality means untouched, and the
# parts tell what happened.
BEHIND = 1 << 40
DETACHED = 1 << 80


class Version:
    """The version counter that a tensor shares with its views and detached aliases."""

    __slots__ = ("clock", "memory", "rewrite", "writer")

    def __init__(self) -> None:
        self.clock = 0
        self.writer = 0  # provenance of the last write
        self.rewrite: Rewrite | None = None
        self.memory: Memory | None = None  # what versions over the same memory share

    @property
    def value(self) -> int:
        """The number of in-place writes that PyTorch would show as `_version`."""
        return self.clock % BEHIND

    def bump(self, where: int) -> None:
        """Count one write made at provenance `where`."""
        self.clock += 1
        self.writer = where

    def split(self) -> Version:
        """A new version over the same memory, as `.data` has."""
        if self.memory is None:
            self.memory = Memory(self.writer)
            self.__class__ = SharedVersion
        other = Version()
        other.memory = self.memory
        other.__class__ = SharedVersion
        other.clock = 0
        return other


class Memory:
    """How often memory was written, through whatever version, and where last."""

    __slots__ = ("writer", "writes")

    def __init__(self, writer: int) -> None:
        self.writes = 0
        self.writer = writer


_clock: Any = Version.__dict__["clock"]


class SharedVersion(Version):
    """A version over memory that others write too: their writes went behind its back.

    Note: only the memory counts a write, and no version knows of the others, so that nothing grows
    with the number of times that `.data` was read. The clock is what the version has of its own
    plus `BEHIND` for each write; one of its own is taken off there.
    """

    __slots__ = ()

    memory: Memory

    @property
    def clock(self) -> int:
        """Writes through its own tensors, and in the high bits all others."""
        own: int = _clock.__get__(self)
        return own + BEHIND * self.memory.writes

    @clock.setter
    def clock(self, value: int) -> None:
        _clock.__set__(self, value - BEHIND * self.memory.writes)

    @property
    def writer(self) -> int:
        """Provenance of the last write."""
        return self.memory.writer

    @writer.setter
    def writer(self, where: int) -> None:
        self.memory.writer = where

    def bump(self, where: int) -> None:
        """Count one write made at provenance `where`."""
        memory = self.memory
        memory.writes += 1
        memory.writer = where
        _clock.__set__(self, _clock.__get__(self) + 1 - BEHIND)


class Rewrite:
    """What became of the tensors of a version since they were saved.

    `title` and `shape` are those of the last recorded write, for messages. `replaced` has pairs of
    an array that a tensor had and somebody still holds, and of what the tensor has by now, since
    assignments to `.data`. `detached` has the arrays of the results that were taken out of the
    graph by `detach_()`.
    """

    __slots__ = ("detached", "replaced", "shape", "title")

    def __init__(self) -> None:
        self.detached: list[Array] = []
        self.title: str | None = None
        self.shape: tuple[int, ...] = ()
        self.replaced: list[tuple[Array, Array]] = []

    def replace(self, old: Array, new: Array) -> None:
        """A tensor that had `old` has `new` now."""
        pairs = self.replaced
        kept = [(pair[0], new if pair[1] is old else pair[1]) for pair in pairs if _held(pair)]
        if all(array is not old for array, _ in kept):
            kept.append((old, new))
        self.replaced = kept

    def current(self, array: Array) -> Array:
        """What a tensor has by now that once had `array`."""
        return next((new for old, new in self.replaced if array is old), array)


def _held(pair: tuple[Array, Array]) -> bool:
    """Whether anybody but the pair holds its first array."""
    return getrefcount(pair[0]) > 2  # the pair, and the argument of this call


def rewrite_of(version: Version) -> Rewrite:
    """The version's record of what became of its tensors, made on first need."""
    if version.rewrite is None:
        version.rewrite = Rewrite()
    return version.rewrite


class InferenceVersion(Version):
    """The version of every tensor made in inference mode: it counts nothing.

    Note: whoever saves a tensor for the backward pass reads the clock of its version, so this is
    where that is refused; recording pays nothing for the test.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self.writer = 0
        self.rewrite = None
        self.memory = None

    @property
    def clock(self) -> int:  # type: ignore[override]
        """Raises RuntimeError: the tensor cannot be saved."""
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
            "inference mode in computation tracked by autograd. To work around this, you can make "
            "a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
            "instead of `torch.inference_mode()`."
        )

    def bump(self, where: int) -> None:
        """Writes are not counted."""

    def split(self) -> Version:
        """`.data` of an inference tensor counts its writes again."""
        return Version()


runtime.inference_version = InferenceVersion()


class View:
    """How a view relates to its base.

    `kind` is "normal", or names why writing in place is refused: "multiple" (a function with
    several outputs), "no_grad" (made while grad mode was off), "inference" (made in inference
    mode), "custom" (a custom Function). `clock` is the version for which the tensor's node stands;
    when it is stale the node is made anew from the base.
    """

    __slots__ = ("base", "clock", "kind")

    def __init__(self, base: Tensor, kind: str, clock: int) -> None:
        self.base = base
        self.kind = kind
        self.clock = clock


class Level:
    """What a transform attached to a tensor: a batch axis or tangents.

    A batched tensor has `value` (the tensor one level further out, with one more axis, at `axis`)
    and no array of its own. `tangents` maps the number of a forward-mode level to the tangent.
    """

    __slots__ = ("axis", "depth", "tangents", "value")

    def __init__(self) -> None:
        self.value: Tensor | None = None
        self.axis = 0
        self.depth = 0
        self.tangents: dict[int, Tensor] | None = None


META = Level()  # of tensors on the device `meta`, which have no data
NO_DATA = "Cannot copy out of meta tensor; no data!"


def device_type(tensor: Tensor) -> str:
    """The name of the device that a tensor is on."""
    return "meta" if tensor.level is META else "cpu"


def backend_name(tensor: Tensor) -> str:
    """The type of a tensor in messages of C++ code."""
    dtype = tensor.dtype
    return f"Meta{dtype.scalar_name}Type" if tensor.level is META else dtype.backend_name


class Size(tuple[int, ...]):
    """The shape of a tensor, `torch.Size`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `x.shape()` says, under PyTorch's name of the class."""
        raise TypeError("'torch.Size' object is not callable")

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        count = 1
        for length in self:
            count *= length
        return count

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        if isinstance(index, slice):
            return Size(tuple.__getitem__(self, index))
        return tuple.__getitem__(self, index)

    def __add__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            raise TypeError(
                f"can only concatenate tuple (not {type(other).__name__}) to torch.Size"
            )
        return Size(tuple.__add__(self, other))

    def __radd__(self, other: Any) -> Size:
        if not isinstance(other, tuple):
            return NotImplemented
        return Size(tuple(other) + tuple(self))

    def __mul__(self, count: SupportsIndex) -> Size:
        if not hasattr(count, "__index__"):
            name = type(count).__name__
            raise TypeError(f"can't multiply sequence by non-int of type '{name}'")
        return Size(tuple.__mul__(self, count))

    __rmul__ = __mul__


class Tensor:
    """A multi-dimensional array that can be part of a graph.

    `node` is the edge that a gradient for this tensor follows: the node that made it, its
    AccumulateGrad if it is a leaf that requires grad, None otherwise. `number` is 0 for the result
    of a node with one output, otherwise one more than the output's index. `meta` holds what the
    user attached: `.grad` and hooks. `born` has the levels of reverse and forward mode that
    wrap the tensor: those that ran when it was made, ascending.
    """

    __slots__ = (
        "__weakref__",
        "array",
        "born",
        "dtype",
        "level",
        "meta",
        "node",
        "number",
        "version",
        "view_info",
    )

    array: Array
    dtype: DType
    node: Any
    number: int
    version: Version | None
    view_info: View | None
    meta: Any
    level: Level | None
    born: tuple[int, ...]

    def __init__(self) -> None:
        raise TypeError("make a tensor with torch.tensor(data)")


_new = object.__new__


def make(array: Array, dtype: DType) -> Tensor:
    """A tensor over `array`, outside any graph."""
    tensor = _new(Tensor)
    tensor.array = array
    tensor.dtype = dtype
    tensor.node = None
    tensor.number = 0
    tensor.version = runtime.fresh
    tensor.view_info = None
    tensor.meta = None
    tensor.level = None
    tensor.born = runtime.born
    return tensor


def from_array(array: Array) -> Tensor:
    """A tensor over `array`, of the dtype that its elements have."""
    return make(array, FROM_ARRAY[array.dtype])


def alias(tensor: Tensor) -> Tensor:
    """The same memory, version and level in a tensor outside any graph."""
    other = make(tensor.array, tensor.dtype)
    other.version = tensor.version
    other.level = tensor.level
    return other


def with_data(tensor: Tensor, rewrite: Rewrite) -> Tensor:
    """An alias of what `tensor` has by now."""
    other = alias(tensor)
    other.array = rewrite.current(tensor.array)
    other.dtype = tensor.dtype if other.array is tensor.array else FROM_ARRAY[other.array.dtype]
    return other


def version_of(tensor: Tensor) -> Version:
    """The tensor's version counter, made on first need."""
    version = tensor.version
    if version is None:
        version = tensor.version = Version()
    return version


def own_memory(tensor: Tensor) -> Array:
    """The tensor's array as memory that can be shared and written."""
    array = tensor.array
    if not isinstance(array, np.ndarray):
        array = tensor.array = np.array(array)
    return array


def shape_of(tensor: Tensor) -> tuple[int, ...]:
    """The shape as a plain tuple; a batched tensor hides its batch axis."""
    level = tensor.level
    if level is not None and level.value is not None:
        shape = shape_of(level.value)
        return shape[: level.axis] + shape[level.axis + 1 :]
    return tensor.array.shape  # type: ignore[no-any-return]


def numel(shape: Iterable[int]) -> int:
    """The number of elements of `shape`, as an exact integer."""
    count = 1
    for length in shape:
        count *= length
    return count


def constant(shape: tuple[int, ...], dtype: DType, value: float = 0) -> Tensor:
    """A tensor filled with `value`, outside any graph."""
    return make(np.full(shape, value, dtype.array)[()], dtype)

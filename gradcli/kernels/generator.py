"""The stream of random words: MT19937 with the seeding and the state layout of PyTorch's generator.

The recurrence and the seeding are those of M. Matsumoto and T. Nishimura, "Mersenne Twister: a
623-dimensionally equidistributed uniform pseudo-random number generator", ACM TOMACS 8 (1998), in
their revision of 2002 (`init_genrand`).
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

import numpy as np

from ..tensor.device import Device, cpu
from ..tensor.dtypes import uint8
from ..tensor.memory import shown
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, make

Words = np.ndarray[Any, np.dtype[np.uint32]]
Longs = np.ndarray[Any, np.dtype[np.uint64]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_N, _M = 624, 397
_MATRIX = np.uint32(0x9908B0DF)
_UPPER = np.uint32(0x80000000)
_LOWER = np.uint32(0x7FFFFFFF)
_BLOCKS = 8  # draws of more than this many blocks go through NumPy's generator

_UNMADE: Words = np.empty(0, np.uint32)  # words that are made when the first one is drawn

_DEFAULT_SEED = 67280421310721  # of every Generator() that was not seeded

# The state as PyTorch lays it out; `normal_y` is the normal number kept for the next draw.
_STATE = np.dtype(
    {
        "names": ["seed", "left", "seeded", "next", "words", "normal_y", "normal_is_valid"],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", _N), "<f8", "<i4"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040],
        "itemsize": 5056,
    }
)


def _seeded(seed: int) -> Words:
    """The 624 words of state that a 32-bit seed stands for."""
    words = [seed]
    word = seed
    for i in range(1, _N):
        word = (1812433253 * (word ^ (word >> 30)) + i) & 0xFFFFFFFF
        words.append(word)
    return np.array(words, np.uint32)


def _mixed(upper: Words, lower: Words) -> Words:
    y = (upper & _UPPER) | (lower & _LOWER)
    return (y >> np.uint32(1)) ^ ((y & np.uint32(1)) * _MATRIX)


def _twisted(words: Words) -> Words:
    """The next 624 words of state."""
    new = np.empty_like(words)
    mixed = _mixed(words[:-1], words[1:])
    step = _N - _M  # each slice needs words that the one before it made
    new[:step] = words[_M:] ^ mixed[:step]
    new[step : 2 * step] = new[:step] ^ mixed[step : 2 * step]
    new[2 * step : -1] = new[step : _M - 1] ^ mixed[2 * step :]
    new[-1:] = new[_M - 1 : _M] ^ _mixed(words[-1:], new[:1])
    return new


def _tempered(words: Words) -> Words:
    """The numbers that the words of state give."""
    y = words ^ (words >> np.uint32(11))
    y ^= (y << np.uint32(7)) & np.uint32(0x9D2C5680)
    y ^= (y << np.uint32(15)) & np.uint32(0xEFC60000)
    y ^= y >> np.uint32(18)
    return y


def _entropy() -> int:
    """A seed of 64 bits from the operating system."""
    return int.from_bytes(os.urandom(8), "little")


class Generator:
    """A source of random numbers with `torch.Generator`'s methods.

    A new one has PyTorch's fixed seed; `entropy=True` seeds it from the operating system instead,
    when it is first used.

    Note: `words` and `normal` (the value that a draw of an odd count of normal numbers keeps) are
    the whole state; every draw consumes exactly the words that PyTorch's consumes.

    `narrow` is set while a float32 program is run again in double precision: float64 draws then
    are those of float32, so that it meets the same numbers.
    """

    narrow: ClassVar[bool] = False

    __slots__ = ("_block", "_fresh", "_next", "_seed", "_words", "normal")

    def __init__(self, device: object = "cpu", *, entropy: bool = False) -> None:
        name = runtime.text(device)
        if name != "cpu":
            raise RuntimeError(f"Device type {name.upper()} is not supported")
        self._seed: int | None = None
        self.normal: float | None = None
        if not entropy:
            self._start(_DEFAULT_SEED)

    @property
    def device(self) -> Device:
        """Where the numbers are made."""
        return cpu

    def __repr__(self) -> str:
        return f"<torch._C.Generator object at {shown(id(self)):#x}>"

    def _start(self, seed: int) -> None:
        self._seed = seed
        self._words = _UNMADE
        self._block: Words | None = None
        self._next = _N
        self._fresh = True  # no word was drawn since the seeding: PyTorch's state says so
        self.normal = None

    def _ready(self) -> int:
        """The seed; the generator is seeded from the operating system if it has none."""
        if self._seed is None:
            self._start(_entropy())
        seed = self._seed
        assert seed is not None
        if self._words is _UNMADE:
            self._words = _seeded(seed & 0xFFFFFFFF)
        return seed

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed`, of which the low 32 bits decide. Returns the generator.

        Negative seeds count from 2**64. Raises RuntimeError for anything but an int and
        ValueError for an int of more than 64 bits.
        """
        if type(seed) is not int:
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(1 << 63) <= seed < 1 << 64:
            raise ValueError("Overflow when unpacking long long")
        self._start(seed & 0xFFFFFFFFFFFFFFFF)
        return self

    def forget(self) -> None:
        """Have no seed: the operating system gives one when numbers are drawn."""
        self._start(_DEFAULT_SEED)
        self._seed = None

    def seed(self) -> int:
        """Seed from the operating system; returns the seed."""
        self._start(_entropy())
        return self._ready()

    def initial_seed(self) -> int:
        """The seed that the stream started from, in 0 … 2**64 - 1."""
        return self._ready()

    def get_state(self) -> Tensor:
        """The state as a tensor of 5056 bytes, the same bytes as PyTorch's."""
        return make(self.save(), uint8)

    def set_state(self, new_state: object, /) -> Generator:
        """Take over a state from `get_state`. Returns the generator.

        Raises TypeError for anything but a tensor of bytes and RuntimeError for bytes that are no
        state; then nothing has changed.
        """
        if not isinstance(new_state, Tensor):
            raise TypeError(f"expected a torch.ByteTensor, but got {type(new_state).__name__}")
        return self.restore(new_state.array)

    def save(self) -> Bytes:
        """The bytes of the state."""
        state = np.zeros((), _STATE)
        state["seed"] = self._ready()
        state["left"] = 1 if self._fresh else _N - self._next + 1
        state["seeded"] = 1
        state["next"] = 0 if self._fresh else self._next
        state["words"] = self._words
        if self.normal is not None:
            state["normal_y"] = self.normal
            state["normal_is_valid"] = 1
        return np.frombuffer(state.tobytes(), np.uint8).copy()

    def restore(self, state: Bytes) -> Generator:
        """Take over a state that `save` gave. Returns the generator."""
        if state.dtype != np.uint8:
            raise TypeError("RNG state must be a torch.ByteTensor")
        if state.size != _STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {_STATE.itemsize} but found the input "
                f"RNG state size to be {state.size}"
            )
        fields = np.frombuffer(state.tobytes(), _STATE)[0]
        left, next_ = int(fields["left"]), int(fields["next"])
        if fields["seeded"] != 1 or not 0 < left <= _N or next_ > _N:
            raise RuntimeError("Invalid mt19937 state")
        self._seed = int(fields["seed"])
        self._words = fields["words"].astype(np.uint32)
        self._block = None
        self._fresh = next_ == 0
        self._next = _N if left == 1 else next_
        self.normal = float(fields["normal_y"]) if fields["normal_is_valid"] else None
        return self

    def clone_state(self) -> Generator:
        """A new generator in the same state."""
        return Generator().restore(self.save())

    def words(self, count: int) -> Words:
        """The next `count` numbers of 32 bits."""
        self._ready()
        start, end = self._next, self._next + count
        if count and self._fresh:
            self._fresh = False
        if end <= _N:
            if self._block is None and count:
                self._block = _tempered(self._words)
            self._next = end
            block = self._block
            return np.empty(0, np.uint32) if block is None else block[start:end].copy()
        if count > _BLOCKS * _N:
            return self._many(count)
        parts = []
        while True:
            if self._next == _N:
                self._words = _twisted(self._words)
                self._block = None
                self._next = 0
            if self._block is None:
                self._block = _tempered(self._words)
            part = self._block[self._next : self._next + count]
            parts.append(part)
            self._next += part.size
            count -= part.size
            if count == 0:
                return np.concatenate(parts)

    def _many(self, count: int) -> Words:
        """`words` by NumPy's generator, which is faster for many; its import costs 9 ms."""
        from numpy.random import RandomState

        source = RandomState(0)
        source.set_state(("MT19937", self._words, self._next, 0, 0.0))
        words: Words = source.randint(0, 1 << 32, count, np.uint32)
        state = source.get_state(legacy=False)["state"]
        self._words, self._next = state["key"], int(state["pos"])
        self._block = None
        return words

    def longs(self, count: int) -> Longs:
        """The next `count` numbers of 64 bits; the high half of each is drawn first."""
        pairs = self.words(2 * count).astype(np.uint64)
        return (pairs[0::2] << np.uint64(32)) | pairs[1::2]

    def doubles(self, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The next `count` numbers of [0, 1) with 53 bits."""
        return (self.longs(count) & np.uint64((1 << 53) - 1)).astype(np.float64) * np.float64(
            2.0**-53
        )

    def floats(self, count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        """The next `count` numbers of [0, 1) with 24 bits."""
        words = self.words(count) & np.uint32((1 << 24) - 1)
        return words.astype(np.float32) * np.float32(2.0**-24)


class Uniforms:
    """53-bit uniforms one by one, for samplers that reject: an iterator over floats.

    Note: it reads ahead of the generator, so `close` must be called when the sampling ends; it
    leaves the generator where the numbers that were taken end.
    """

    __slots__ = ("_before", "_buffer", "_generator", "_index", "_size")

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._before = generator.save()
        self._buffer: list[float] = []
        self._index = 0
        self._size = 64

    def __iter__(self) -> Uniforms:
        return self

    def __next__(self) -> float:
        index = self._index
        if index == len(self._buffer):
            self._before = self._generator.save()
            self._buffer = self._generator.doubles(self._size).tolist()
            self._size = min(4 * self._size, 1 << 14)
            index = 0
        self._index = index + 1
        return self._buffer[index]

    def close(self) -> None:
        """Leave the generator after the last number that was taken."""
        self._generator.restore(self._before)
        self._generator.words(2 * self._index)
        self._buffer = []
        self._index = 0


default_generator = Generator(entropy=True)

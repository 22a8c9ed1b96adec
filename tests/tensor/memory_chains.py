"""Random chains of views, dtypes, parts of complex numbers, NumPy detours, resizes and writes.

Each chain starts from an array between guard bytes. After every step the reach of the newest tensor
is computed from NumPy's own numbers and has to lie in the memory of an array, and every byte around
the first array has to be as it was. `python memory_chains.py COUNT [SEED]` runs many.
"""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import gradcli.torch as torch
from gradcli.tensor.runtime import LimitExceeded, resident, runtime
from gradcli.tensor.tensor import Tensor, from_array, own_memory

GUARD = 64
LARGE = 4096  # elements of a view that no step goes over one by one
REFUSALS = (
    RuntimeError,
    IndexError,
    TypeError,
    ValueError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    LimitExceeded,
)
DTYPES = [
    torch.int8,
    torch.uint8,
    torch.bool,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
]
ARRAY_DTYPES = ["int8", "int16", "int32", "int64", "float32", "float64", "complex64", "complex128"]
SMALL = [0, 1, 1, 2, 2, 3, 4, 5, 7, 8, 16, 33]
ODD = [-1, -2, -3, -8, -64, 100, 4000, 2**20, 2**31, 2**46, 2**61, 2**62, 2**63 - 1, -(2**62)]

Random = random.Random


def length(rng: Random) -> int:
    return rng.choice(ODD) if rng.random() < 0.1 else rng.choice(SMALL)


def lengths(rng: Random, least: int = 0) -> tuple[int, ...]:
    return tuple(length(rng) for _ in range(rng.randint(least, 3)))


def geometry(rng: Random) -> tuple[Any, ...]:
    size = lengths(rng)
    stride = tuple(length(rng) for _ in size)
    offset = rng.choice([None, length(rng), length(rng), -length(rng)])
    return (size, stride) if offset is None else (size, stride, offset)


def dim(rng: Random) -> int:
    return rng.randint(-3, 2)


def expand(x: Tensor, rng: Random) -> Tensor:
    wanted = [n if n != 1 or rng.random() < 0.3 else length(rng) for n in x.shape]
    return x.expand(*lengths(rng), *wanted)


def step(x: Tensor, rng: Random) -> Tensor:
    index = [slice(rng.randint(0, 3), None, rng.randint(1, 3)) for _ in x.shape]
    return x[tuple(index)]


def detour(x: Tensor, rng: Random) -> Tensor:
    """Through NumPy and back."""
    a = x.detach().numpy()
    kind = rng.randrange(9)
    if kind == 0 and x.numel() < LARGE:
        a = a.imag
    elif kind == 1:
        a = a.real
    elif kind == 2:
        a = a.T
    elif kind == 3:
        a = a[..., :: rng.randint(1, 3)]
    elif kind == 4:
        a = a[..., rng.randint(0, 3) :]
    elif kind == 5:
        a = a.diagonal()
    elif kind == 6:
        a = np.broadcast_to(a, (3, *a.shape))
    elif kind == 7:
        a = a[..., ::-1]
    return torch.from_numpy(a)


def adopt(x: Tensor, rng: Random) -> Tensor:
    other = torch.zeros(rng.choice(SMALL), dtype=x.dtype)
    if rng.random() < 0.3:
        return other.set_(x)
    size = lengths(rng)
    if rng.random() < 0.5:
        return other.set_(x, length(rng), size)
    return other.set_(x, length(rng), size, tuple(length(rng) for _ in size))


def written(x: Tensor, rng: Random) -> Tensor:
    view = x.as_strided(*geometry(rng))
    return view.fill_(1) if view.numel() < LARGE else view


def batched(x: Tensor, rng: Random) -> Tensor:
    chosen = geometry(rng)
    if x.numel() >= LARGE:
        return x
    return torch.vmap(lambda row: row.as_strided(*chosen))(x)


def scattered(x: Tensor, rng: Random) -> Tensor:
    size, *rest = geometry(rng)
    if not all(0 <= n < 100 for n in size):
        return x
    return torch.as_strided_scatter(x, torch.ones(size, dtype=x.dtype), size, *rest)


def differentiated(x: Tensor, rng: Random) -> Tensor:
    """The gradient of a view, written or not, in memory of its own."""
    leaf = torch.ones(x.shape if x.numel() < 100 else (5,), dtype=torch.float64)
    leaf.requires_grad_()
    base = leaf * 1
    if rng.random() < 0.5:
        base = base.t()
    view = base.as_strided(*geometry(rng))
    if rng.random() < 0.5:
        view.mul_(2.0)
    if view.numel() > 1000:
        return x
    other = torch.zeros(3, dtype=torch.float64)
    (view.sum() + base.sum()).backward()
    return other if leaf.grad is None else leaf.grad


VIEWS: list[Callable[[Tensor, Random], Tensor]] = [
    lambda x, rng: x.view(rng.choice(DTYPES)),
    lambda x, rng: x.view(rng.choice(DTYPES)),
    lambda x, rng: torch.view_as_real(x),
    lambda x, rng: torch.view_as_complex(x),
    lambda x, rng: x.real,
    lambda x, rng: x.imag,
    expand,
    expand,
    step,
    step,
    detour,
    detour,
    adopt,
    batched,
    lambda x, rng: x.as_strided(*geometry(rng)),
    lambda x, rng: x.as_strided(*geometry(rng)),
    lambda x, rng: x.as_strided_(*geometry(rng)),
    lambda x, rng: x.resize_(*lengths(rng)),
    lambda x, rng: x.unfold(dim(rng), length(rng), length(rng)),
    lambda x, rng: x.diagonal(rng.randint(-3, 3), dim(rng), dim(rng)),
    lambda x, rng: x.transpose(dim(rng), dim(rng)),
    lambda x, rng: x.select(dim(rng), rng.randint(-3, 3)),
    lambda x, rng: x.narrow(dim(rng), rng.randint(-3, 5), rng.choice(SMALL)),
    lambda x, rng: x.unsqueeze(dim(rng)),
    lambda x, rng: x.squeeze(),
    lambda x, rng: x.view(-1),
    lambda x, rng: x.reshape(*lengths(rng)),
    lambda x, rng: x.data,
    lambda x, rng: x.unsqueeze_(dim(rng)),
    lambda x, rng: x.t_(),
]
WRITES: list[Callable[[Tensor, Random], Any]] = [
    lambda x, rng: x.fill_(1),
    lambda x, rng: x.add_(1),
    lambda x, rng: x.zero_(),
    lambda x, rng: x.copy_(torch.ones(1, dtype=x.dtype)),
    lambda x, rng: x.fill_diagonal_(1),
    lambda x, rng: x.__setitem__(Ellipsis, 1),
    written,
    lambda x, rng: x.numpy().fill(1),
    scattered,
    differentiated,
]


def bounds(array: Any) -> tuple[int, int]:
    """The lowest byte of an array and the end of the highest, with NumPy's own numbers."""
    low = high = array.__array_interface__["data"][0]
    if not array.size:
        return low, low
    for n, step in zip(array.shape, array.strides, strict=True):
        if step < 0:
            low += (n - 1) * step
        else:
            high += (n - 1) * step
    return low, high + array.itemsize


def escaped(array: Any) -> bool:
    """Whether an array leaves the memory of the last array in its chain of bases."""
    low, high = bounds(array)
    if low == high:
        return False
    root = array
    while root.base is not None and not isinstance(root.base, memoryview):
        root = root.base if isinstance(root.base, np.ndarray) else root.base.base
    first, last = bounds(root)
    return low < first or high > last


def chain(rng: Random, steps: int = 8) -> str:
    """Runs one chain. Returns what went wrong, empty when nothing did."""
    dtype = np.dtype(rng.choice(ARRAY_DTYPES))
    shape = [rng.randint(1, 4) for _ in range(rng.randint(1, 2))]
    count = int(np.prod(shape)) * dtype.itemsize
    block = bytearray(b"\xa5" * (count + 2 * GUARD))
    inside = memoryview(block)[GUARD : GUARD + count]
    x = from_array(np.frombuffer(inside, dtype).reshape(shape))
    x.zero_()
    for _ in range(rng.randint(1, steps)):
        small = x.numel() < LARGE
        table = WRITES if small and rng.random() < 0.25 else VIEWS
        call = rng.choice(table)
        try:
            made = call(x, rng)
        except REFUSALS:
            continue
        for tensor in (x, made):
            if isinstance(tensor, Tensor) and escaped(own_memory(tensor)):
                return f"{call} left the memory with {tensor.shape} {tensor.stride()}"
        if table is VIEWS:
            x = made
    if block.count(0xA5, 0, GUARD) != GUARD or block.count(0xA5, GUARD + count) != GUARD:
        return "bytes around the array were written"
    return ""


def run(count: int, seed: int) -> list[str]:
    """What went wrong in `count` chains, each with the seed that repeats it."""
    found = []
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    limit, baseline = runtime.max_bytes, runtime.baseline
    runtime.max_bytes, runtime.baseline = 1 << 24, resident()  # what others hold does not count
    try:
        for number in range(seed, seed + count):
            wrong = chain(random.Random(number))
            if wrong:
                found.append(f"{number}: {wrong}")
    finally:
        runtime.max_bytes, runtime.baseline = limit, baseline
    return found


if __name__ == "__main__":
    total = int(sys.argv[1])
    problems = run(total, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(f"{total} chains, {len(problems)} left their memory", *problems[:20], sep="\n")

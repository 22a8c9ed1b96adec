"""Record the digits of PyTorch's sums, means, variances and evenly spaced numbers in `sums.json`.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_sums.py [--count N] [--seed N] [--to FILE]

A case is drawn at random: a function, a dtype, a shape, the views that make the input, and the
arguments. What is recorded of the result is its shape, its first elements, and a digest of all its
digits. `test_digits.py` runs the record of the suite; for a fresh one, record it to a file and run
`python tests/goldens/test_digits.py FILE`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import pathlib
import random
import warnings
from typing import Any

TARGET = pathlib.Path(__file__).resolve().parent / "sums.json"
LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33, 40, 70]
STEPS = [0, 1, 2, 3, 5, 7, 8, 9, 11, 15, 16, 17, 20, 31, 33, 40, 63, 64, 65, 100, 257, 1000, 4097]
MOST = 150_000  # elements

Case = dict[str, Any]


def filled(torch: Any, shape: list[int], dtype: str, seed: int) -> Any:
    """Numbers of many sizes that follow from their places alone."""
    places = torch.arange(math.prod(shape), dtype=torch.int64) + 977 * seed
    hashed = places * 2654435761 % 4294967296
    scales = torch.tensor([2.0**k for k in range(-6, 7)], dtype=torch.float64)[hashed % 13]
    values = (hashed.to(torch.float64) / 4294967296 - 0.5) * scales
    if dtype.startswith("complex"):
        values = torch.complex(values, values.flip(0))
    return values.to(getattr(torch, dtype)).reshape(shape)


def result_of(torch: Any, case: Case) -> Any:
    """What a case gives."""
    function = case["function"]
    if "shape" not in case:
        return getattr(torch, function)(*case["args"], dtype=getattr(torch, case["dtype"]))
    x = filled(torch, case["shape"], case["dtype"], case["seed"])
    for name, *args in case["views"]:
        if name == "every":
            dim, start, step = args
            x = x[(slice(None),) * dim + (slice(start, None, step),)]
        else:
            x = getattr(x, name)(*args)
    if function.endswith("loss"):
        loss = getattr(torch.nn.functional, function)
        return loss(x, x.flip(0).contiguous() * 0.75, reduction=case["reduction"])
    dims = {} if case["dim"] is None else {"dim": case["dim"], "keepdim": case["keepdim"]}
    return getattr(torch, function)(x, **dims)


def answer(torch: Any, case: Case) -> dict[str, Any]:
    """The shape, the first elements and the digest of all digits of a result."""
    result = result_of(torch, case)
    flat = [repr(value) for value in result.reshape(-1).tolist()]
    digest = hashlib.sha256(" ".join(flat).encode()).hexdigest()[:16]
    return {"size": list(result.shape), "first": flat[:3], "digest": digest}


def drawn(rng: random.Random) -> Case:
    """A random case; some are no call that PyTorch accepts."""
    if rng.random() < 0.3:
        return drawn_spaced(rng)
    halves = ["float16", "bfloat16"]
    dtype = rng.choice(["float32"] * 6 + ["float64"] * 2 + ["complex64", "complex128", *halves])
    if rng.random() < 0.25:
        shape = [int(10 ** rng.uniform(0, 5.1))]
    elif rng.random() < 0.3:
        shape = [rng.randint(1, 9), int(10 ** rng.uniform(2, 4.2))]
    else:
        shape = [rng.choice(LENGTHS) for _ in range(rng.randint(1, 4))]
    views: list[list[Any]] = []
    rank = len(shape)
    for _ in range(rng.choice([0, 0, 1, 1, 2])):
        view = rng.choice(["permute", "every", "expand", "unsqueeze"])
        if view == "permute":
            views.append([view, rng.sample(range(rank), rank)])
        elif view == "every":
            views.append([view, rng.randrange(rank), rng.randint(0, 1), rng.choice([1, 2, 3])])
        elif view == "expand":
            views.append([view, [rng.choice([1, 2, 5]), *[-1] * rank]])
            rank += 1
        else:
            views.append([view, rng.randrange(rank + 1)])
            rank += 1
    often = ["sum", "mean"] * 3
    losses = ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"]
    function = rng.choice([*often, "var", "std", "nansum", *losses])
    if dtype in halves:
        function = "mean"
    elif dtype != "float32" and function not in ("sum", "mean"):
        function = rng.choice(["sum", "mean"])
    case: Case = {"function": function, "dtype": dtype, "shape": shape, "seed": rng.randrange(100)}
    case["views"] = views
    if function.endswith("loss"):
        case["reduction"] = rng.choice(["mean", "sum"])
    elif rng.random() < 0.3:
        case["dim"] = None
    else:
        case["dim"] = sorted(rng.sample(range(rank), rng.randint(1, rank)))
        case["keepdim"] = rng.random() < 0.3
    return case


def drawn_spaced(rng: random.Random) -> Case:
    """A random call of `linspace`, `logspace`, `arange` or `range`."""
    function = rng.choice(["linspace", "linspace", "arange", "arange", "logspace", "range"])
    dtype = rng.choice(
        ["float32"] * 4 + ["float64"] * 2 + ["float16", "bfloat16", "int64", "int32"]
    )

    def number() -> float:
        return rng.choice(
            [0, 1, -1, rng.randint(-9, 9), rng.uniform(-5, 5), rng.randint(-30, 30) / 10]
        )

    start, count = number(), rng.choice(STEPS)
    if function in ("arange", "range"):
        step = number() or 1
        if dtype.startswith("int"):  # a step that is zero as an integer ends PyTorch
            step = math.copysign(max(1, abs(step)), step)
        args: list[Any] = [start, start + step * max(count - rng.random(), 0), step]
    else:
        args = [start, number(), count]
        if function == "logspace":
            args.append(rng.choice([10.0, 2.0, 2.718281828, 3.7, 0.5]))
    return {"function": function, "dtype": dtype, "args": args}


def cases(count: int, seed: int) -> list[Case]:
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    rng = random.Random(seed)
    found: list[Case] = []
    while len(found) < count:
        case = drawn(rng)
        size = math.prod(case.get("shape", [1]))
        for name, *args in case.get("views", []):
            size *= args[0][0] if name == "expand" else 1
        if size > MOST:
            continue
        try:
            found.append({**case, **answer(torch, case)})
        except (RuntimeError, IndexError, ValueError, OverflowError):
            continue
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--to", type=pathlib.Path, default=TARGET)
    options = parser.parse_args()
    lines = [json.dumps(case) for case in cases(options.count, options.seed)]
    options.to.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Record PyTorch's random numbers in `random.json`.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_random.py

A case is drawn three times from one generator of the recorded seed. Each draw is recorded in full
up to 48 elements and as its first 4 and last 24 elements beyond; `next` is a number drawn
afterwards, which shows where the stream stands. bfloat16 is recorded as float32, complex numbers
as pairs. A case that raises is recorded by its error.
"""

from __future__ import annotations

import json
import math
import pathlib
import sys
import warnings
from typing import Any

TARGET = pathlib.Path(__file__).resolve().parent / "random.json"

FLOATS = ["float16", "bfloat16", "float32", "float64"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
ALL = ["bool", *INTEGERS, *FLOATS, "complex64", "complex128"]
SHAPES = [[], [0], [3], [15], [16], [17], [5, 7], [1003]]
RATES = [0.0, 0.1, 1.0, 5.0, 9.9, 10.0, 11.0, 50.0, 300.0]
INT64 = 2**63


def cases() -> list[dict[str, Any]]:
    """All cases: the operation, the element type, the shape and the arguments."""
    found: list[dict[str, Any]] = []

    def add(op: str, dtype: str, shape: list[int] | None = None, *args: Any, seed: int = 7) -> None:
        found.append({"op": op, "dtype": dtype, "shape": shape, "args": list(args), "seed": seed})

    for dtype in ALL:
        for shape in SHAPES:
            add("uniform", dtype, shape, 0.0, 1.0)
            add("normal", dtype, shape, 0.0, 1.0)
        for shape in ([0], [3], [19]):
            add("uniform", dtype, shape, -1.3, 2.7)
            add("normal", dtype, shape, 0.3, 1.7)
            add("log_normal", dtype, shape, 0.3, 1.7)
            add("exponential", dtype, shape, 0.3)
            add("cauchy", dtype, shape, 0.3, 2.0)
            add("geometric", dtype, shape, 0.3)
            add("bernoulli", dtype, shape, 0.3)
            add("random", dtype, shape)
        add("random_from_to", dtype, [5], 0, 10)
        for low, high in (
            (-5, 5),
            (5, 3),
            (3, 3),
            (0, 2**27),
            (0, 2**28),
            (-(2**40), 2**40),
            (-INT64, INT64 - 1),
            (0, INT64 - 1),
            (0, None),
            (-5, None),
            (-INT64, None),
            (2**24, None),
            (0, 4096),
            (1, 2049),
            (0, 65504),
            (2**24, 2**24 + 1),
        ):
            add("random_from_to", dtype, [5], low, high)
        for n in (0, 1, 5, 128, 257, 2050):
            add("randperm", dtype, None, n)
        for p_dtype in ("float16", "float32", "float64", "int64"):
            add("bernoulli_like", dtype, None, [0.0, 0.3, 0.5, 1.0, 0.999] * 4, p_dtype)
        for std_dtype in ("float32", "float64", "int64"):
            mean = [[0.0], [1.5], [-2.25]]
            add("normal_like", dtype, None, mean, [0.0, 1.0, 2.5, 3.25, 4.0, 0.125], std_dtype)
        for axes in ([0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]):
            add("normal_permuted", dtype, [2, 3, 4], axes)
    for dtype in [*FLOATS, "int64"]:
        for weights in (
            [1.0, 2.0, 3.0, 4.0],
            [[1.0, 2.0, 3.0], [0.0, 5.0, 1.0]],
            [0.0, 0.0],
            [1.0, -2.0],
            [1.0, math.nan],
            [1.0, math.inf],
            [[1.0, 1.0], [0.0, 0.0]],
            [float(i) for i in range(40)],
            2.0,
            [],
        ):
            for count in (0, 1, 2, 5):
                for replacement in (False, True):
                    add("multinomial", dtype, None, weights, count, replacement)
        add("poisson", dtype, None, RATES * 3)
        add("poisson", dtype, None, [3.0, -1.0])
        counts = [0.0, 1.0, 5.0, 20.0, 100.0, 1000.0] * 5
        add("binomial", dtype, None, counts, [i / 29 for i in range(30)])
    for op, args in (
        ("uniform", [1.0, 0.0]),
        ("uniform", [-1e39, 0.0]),
        ("uniform", [-3e38, 3e38]),
        ("uniform", [1.0, 1.0000002384185791]),
        ("normal", [0.0, -1.0]),
        ("normal", [0.0, math.nan]),
        ("log_normal", [0.0, 0.0]),
        ("exponential", [0.0]),
        ("exponential", [math.inf]),
        ("cauchy", [0.0, -1.5]),
        ("geometric", [0.0]),
        ("geometric", [1.0]),
        ("bernoulli", [1.5]),
        ("bernoulli", [math.nan]),
    ):
        add(op, "float32", [5], *args)
    for seed in (0, 1, 2**32 - 1, 2**32, 2**40 + 99, 2**64 - 1, -1, -INT64):
        add("normal", "float32", [18], 0.0, 1.0, seed=seed)
        add("normal", "float64", [7], 0.0, 1.0, seed=seed)
    return found


def plain(value: Any) -> Any:
    """A JSON value: NaN and infinities by name."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value


def values_of(tensor: Any) -> list[Any]:
    """The recorded elements of a tensor."""
    import torch

    if tensor.dtype == torch.bfloat16:
        tensor = tensor.to(torch.float32)
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    flat = tensor.reshape(-1).tolist()
    return plain(flat if len(flat) <= 48 else flat[:4] + flat[-24:])


def draw(case: dict[str, Any], generator: Any) -> Any:
    """One draw of a case."""
    import torch

    op, shape, args = case["op"], case["shape"], case["args"]
    dtype = getattr(torch, case["dtype"])

    def tensor(data: Any, name: str = case["dtype"]) -> Any:
        return torch.tensor(data, dtype=torch.float64).to(getattr(torch, name))

    if op == "randperm":
        return torch.randperm(args[0], dtype=dtype, generator=generator)
    if op == "bernoulli_like":
        p = tensor(args[0], args[1])
        return torch.empty(p.shape, dtype=dtype).bernoulli_(p, generator=generator)
    if op == "normal_like":
        return torch.normal(tensor(args[0]), tensor(args[1], args[2]), generator=generator)
    if op == "normal_permuted":
        return torch.empty(shape, dtype=dtype).permute(args[0]).normal_(generator=generator)
    if op == "multinomial":
        return torch.multinomial(tensor(args[0]), args[1], args[2], generator=generator)
    if op == "poisson":
        return torch.poisson(tensor(args[0]), generator=generator)
    if op == "binomial":
        return torch.binomial(tensor(args[0]), tensor(args[1]), generator=generator)
    method = "random_" if op == "random_from_to" else f"{op}_"
    return getattr(torch.empty(shape, dtype=dtype), method)(*args, generator=generator)


def record(case: dict[str, Any]) -> dict[str, Any]:
    """A case with what PyTorch drew, or with its error."""
    import torch

    generator = torch.Generator().manual_seed(case["seed"])
    result = {**case, "args": plain(case["args"])}
    try:
        draws = [draw(case, generator) for _ in range(3)]
    except Exception as exc:
        sentence = str(exc).split("\n")[0]
        return {**result, "error": f"{type(exc).__name__}: {sentence}"}
    result["size"] = list(draws[0].shape)
    result["draws"] = [values_of(tensor) for tensor in draws]
    result["next"] = torch.randint(0, 2**16, (1,), generator=generator).item()
    return result


def states() -> list[dict[str, Any]]:
    """The bytes of generators' states, in hexadecimal digits without the words."""
    import torch

    found = []
    for seed, drawn, normals in ((0, 0, 0), (5, 1, 0), (5, 624, 0), (5, 700, 3), (2**40, 0, 1)):
        generator = torch.Generator().manual_seed(seed)
        if drawn:
            torch.rand(drawn, generator=generator)
        if normals:
            torch.randn(normals, dtype=torch.float64, generator=generator)
        state = bytes(generator.get_state().tolist())
        found.append(
            {
                "seed": seed,
                "drawn": drawn,
                "normals": normals,
                "head": state[:32].hex(),
                "tail": state[5008:].hex(),
                "initial_seed": generator.initial_seed(),
            }
        )
    return found


def main() -> None:
    """Write the record."""
    import torch

    if not torch.__version__.startswith("2.13.0"):
        sys.exit(f"needs PyTorch 2.13.0, found {torch.__version__}")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    entries = [json.dumps(record(case)) for case in cases()]
    text = f'{{"states": {json.dumps(states())},\n"cases": [\n' + ",\n".join(entries) + "\n]}\n"
    TARGET.write_text(text, encoding="utf-8")
    print(f"{len(entries)} cases")


if __name__ == "__main__":
    main()

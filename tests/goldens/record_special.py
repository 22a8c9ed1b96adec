"""Record PyTorch's special functions in `special.json`: edges, and values between them.

Run with an interpreter that has PyTorch 2.13.0:

    python tests/goldens/record_special.py
"""

from __future__ import annotations

import json
import math
import pathlib
import sys
from typing import Any

TARGET = pathlib.Path(__file__).resolve().parent / "special.json"

# Our name: PyTorch's name in torch.special.
UNARY = {
    "airy_ai": "airy_ai",
    "digamma": "digamma",
    "entr": "entr",
    "erf": "erf",
    "erfc": "erfc",
    "erfcx": "erfcx",
    "erfinv": "erfinv",
    "i0": "i0",
    "i0e": "i0e",
    "i1": "i1",
    "i1e": "i1e",
    "j0": "bessel_j0",
    "j1": "bessel_j1",
    "k0": "modified_bessel_k0",
    "k0e": "scaled_modified_bessel_k0",
    "k1": "modified_bessel_k1",
    "k1e": "scaled_modified_bessel_k1",
    "lgamma": "gammaln",
    "log_ndtr": "log_ndtr",
    "ndtr": "ndtr",
    "ndtri": "ndtri",
    "sinc": "sinc",
    "spherical_j0": "spherical_bessel_j0",
    "y0": "bessel_y0",
    "y1": "bessel_y1",
}
BINARY = ["zeta", "gammainc", "gammaincc", "xlogy", "xlog1py"]
EDGES = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, -1.5, 30.0]
EDGES += [1e-300, -1e-300, 1e-30, 171.0, 1e5, 0.125, 0.99, 3.75, -3.25, 8.0, 15.96, -12.5]
PAIRS = [0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 0.5, 2.0, -2.5, 1e5, 1.5, 0.01, 12.0]


def plain(values: list[Any]) -> list[Any]:
    """JSON values: NaN and infinities by name."""
    return [v if math.isfinite(v) else repr(v) for v in values]


def main() -> None:
    """Write the record."""
    import torch

    if not torch.__version__.startswith("2.13.0"):
        sys.exit(f"needs PyTorch 2.13.0, found {torch.__version__}")
    record: dict[str, Any] = {"edges": plain(EDGES), "pairs": plain(PAIRS), "unary": {}}
    first = [a for a in PAIRS for _ in PAIRS]
    second = [b for _ in PAIRS for b in PAIRS]
    for dtype in (torch.float64, torch.float32):
        name = str(dtype).removeprefix("torch.")
        x = torch.tensor(EDGES, dtype=dtype)
        for ours, theirs in UNARY.items():
            record["unary"][f"{ours} {name}"] = plain(getattr(torch.special, theirs)(x).tolist())
        for n in range(4):
            record["unary"][f"polygamma{n} {name}"] = plain(torch.polygamma(n, x).tolist())
    a, b = torch.tensor(first, dtype=torch.float64), torch.tensor(second, dtype=torch.float64)
    record["binary"] = {name: plain(getattr(torch.special, name)(a, b).tolist()) for name in BINARY}
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in record.items()]
    TARGET.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Records the signatures that PyTorch lists when no overload takes the arguments of a call.

Run with a Python that has PyTorch 2.13.0 and NumPy, from the root of the project:

    PYTHONPATH=. python tests/goldens/record_signatures.py

It writes gradcli/table/call/signatures.json: for each namespace and name the name in messages and
the overloads. Names that PyTorch writes in Python, or that take no arguments, are not in it.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import torch

from gradcli.table.names import all_names

SPACES: dict[str, Any] = {
    "torch": torch,
    "Tensor": torch.Tensor,
    "F": torch.nn.functional,
    "linalg": torch.linalg,
    "special": torch.special,
    "fft": torch.fft,
}
TOO_MANY = [object()] * 60  # no overload takes so many
MESSAGE = re.compile(
    r"(\w+)\(\) received an invalid combination of arguments - got \(.*\), but expected (.*)",
    re.DOTALL,
)


def signatures(space: str, name: str) -> list[Any] | None:
    """The name in messages and the overloads of a function, or None."""
    called = getattr(SPACES[space], name, None)
    if not callable(called):
        return None
    given = [torch.ones(2), *TOO_MANY] if space == "Tensor" else TOO_MANY
    try:
        called(*given)
    except TypeError as error:
        found = MESSAGE.fullmatch(str(error))
        if found is not None:
            lines = found[2].split("\n")
            listed = [line[3:] for line in lines if line.startswith(" * ")] or [lines[0]]
            return [found[1], *(line[1:-1] for line in listed)]
    except Exception:
        pass
    return None


def main() -> None:
    """Write the signatures."""
    lines = []
    for space in SPACES:
        names = sorted(all_names(space))
        found = {name: signatures(space, name) for name in names}
        kept = [
            f"{json.dumps(name)}: {json.dumps(value)}" for name, value in found.items() if value
        ]
        lines.append(f"{json.dumps(space)}: {{\n" + ",\n".join(kept) + "\n}")
    target = Path(__file__).parents[2] / "gradcli" / "table" / "call" / "signatures.json"
    target.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()

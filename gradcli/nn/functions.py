"""The public functions that modules call: `F.relu`, `torch.zeros`, `method.uniform_`."""

from __future__ import annotations

from typing import Any

from ..table.lookup import get_op
from ..table.memory.inplace import run_inplace
from ..table.public import resolve
from ..tensor.tensor import Tensor


class Functions:
    """A namespace of the index whose names are resolved at their first use, once."""

    def __init__(self, space: str) -> None:
        self.space = space

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = (
            resolve.method(name) if self.space == "Tensor" else resolve.function(self.space, name)
        )
        setattr(self, name, found)
        return found


def write(target: Tensor, values: Tensor) -> None:
    """Copy values into the memory of a tensor, as `target.copy_(values)` does."""
    run_inplace(get_op("copy"), (target, values, False))


F = Functions("F")
torch = Functions("torch")
method = Functions("Tensor")
linalg = Functions("linalg")

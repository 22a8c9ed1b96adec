"""The public functions that modules call: `F.relu`, `torch.zeros`, `method.uniform_`, `write`."""

from __future__ import annotations

from ..table.lookup import get_op
from ..table.memory.inplace import run_inplace
from ..table.public.functions import F, linalg, method, torch
from ..tensor.tensor import Tensor

__all__ = ["F", "linalg", "method", "torch", "write"]


def write(target: Tensor, values: Tensor) -> None:
    """Copy values into the memory of a tensor, as `target.copy_(values)` does."""
    run_inplace(get_op("copy"), (target, values, False))

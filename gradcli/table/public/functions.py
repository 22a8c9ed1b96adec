"""The public functions as library code calls them: `F.relu`, `torch.zeros`, `method.uniform_`."""

from __future__ import annotations

from typing import Any

from . import resolve


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


F = Functions("F")
torch = Functions("torch")
method = Functions("Tensor")
linalg = Functions("linalg")

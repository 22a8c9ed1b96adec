"""`OptimizedModule`: what `torch.compile` makes of a module."""

from __future__ import annotations

from typing import Any

from .module import Module


class OptimizedModule(Module):
    """Calls the module that it was made of, and answers for it."""

    _orig_mod: Module

    def __init__(self, mod: Module) -> None:
        super().__init__()
        self._orig_mod = mod
        self.training = mod.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self._orig_mod(*args, **kwargs)


OptimizedModule.__module__ = "torch._dynamo.eval_frame"

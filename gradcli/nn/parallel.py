"""`DataParallel` on a machine without GPUs: the module itself."""

from __future__ import annotations

from typing import Any

from .module import Module


class DataParallel(Module):
    """Calls the module that it holds: there are no devices to share the batch among."""

    __module__ = "torch.nn.parallel.data_parallel"

    def __init__(
        self, module: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module returns."""
        return self.module(*inputs, **kwargs)

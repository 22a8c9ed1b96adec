"""Channels in another order."""

from __future__ import annotations

from typing import Any

from ..tensor.tensor import Tensor
from .functions import F
from .module import Module


class ChannelShuffle(Module):
    """Takes the channels of `(*, C, H, W)` from the groups in turn."""

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Any:
        """The same elements in another order."""
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """The settings."""
        return f"groups={self.groups}"

"""Packing of what nodes save, through the user's hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor.tensor import Tensor, version_of
from .modes import no_grad
from .node import Packed, packers

Hooks = tuple[Callable[[Any], Any], Callable[[Any], Any]]


def pack(tensor: Tensor, edge: Any = None, number: int = 0, hooks: Hooks | None = None) -> Packed:
    """What the pack hook makes of a tensor, to be unpacked onto `edge`.

    `hooks` are a pack hook and an unpack hook, by default the innermost pair that is set. Raises
    RuntimeError if the pack hook writes to the tensor.
    """
    pack_hook, unpack_hook = packers[-1] if hooks is None else hooks
    version = version_of(tensor)
    writes = version.value
    with no_grad():
        value = pack_hook(tensor)
    if version.value != writes:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input "
            "to pack hook cannot be modified by in-place operations as this can lead to "
            "unexpected side-effects. Please open an issue if you need to perform in-place "
            "operations on the input to a pack hook."
        )
    return Packed(value, unpack_hook, edge, number)

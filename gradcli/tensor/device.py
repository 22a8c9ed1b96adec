"""`torch.device`, layouts and memory formats: names that programs pass around.

There is one device that computes, the CPU, and `meta`, whose tensors have no data; asking for
another is PyTorch's own error for a build without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .dtypes import type_name
from .keeping import changed, keep_attributes

TYPES = (
    "cpu",
    "cuda",
    "ipu",
    "xpu",
    "mkldnn",
    "opengl",
    "opencl",
    "ideep",
    "hip",
    "ve",
    "fpga",
    "maia",
    "xla",
    "lazy",
    "vulkan",
    "mps",
    "meta",
    "hpu",
    "mtia",
    "privateuseone",
)


class Device:
    """A kind of device and perhaps the number of one: `torch.device("cpu")`."""

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        if isinstance(type, Device):
            type, index = type.type, type.index
        if index is not None and not isinstance(index, int):
            raise TypeError(
                f"device(): argument 'index' (position 2) must be int, not {type_name(index)}"
            )
        if not isinstance(type, str):
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if type in TYPES:
            object.__setattr__(self, "type", type)
            object.__setattr__(self, "index", index)
            return
        if not type:
            raise RuntimeError("Device string must not be empty")
        match = re.fullmatch(r"([a-zA-Z_]+)(?::(0|[1-9]\d*))?", type)
        if match is None:
            raise RuntimeError(f"Invalid device string: '{type}'")
        name = match[1]
        if name not in TYPES:
            raise RuntimeError(
                f"Expected one of {', '.join(TYPES)} device type at start of device string: {name}"
            )
        if match[2] is not None:
            if index is not None:
                raise RuntimeError(
                    "type (string) must not include an index because index was passed explicitly: "
                    f"{type}"
                )
            index = int(match[2])
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", index)

    def require(self) -> None:
        """Raise unless there is this device, with PyTorch's error where it has one."""
        kind = self.type
        if kind == "meta":
            return
        if kind == "cuda":
            raise AssertionError("Torch not compiled with CUDA enabled")
        if kind in ("mps", "xpu", "hpu", "mtia"):
            raise RuntimeError(f"PyTorch is not linked with support for {kind} devices")
        if kind != "cpu":
            raise RuntimeError(f"gradcli has one device, the CPU: '{self}' is not available")

    def __enter__(self) -> Device:
        self.require()
        changed()
        chosen.around = (*chosen.around, chosen.device)
        chosen.device = self if self.type == "meta" else None
        return self

    def __exit__(self, *error: object) -> None:
        *around, chosen.device = chosen.around
        chosen.around = tuple(around)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"attribute {name!r} of 'torch.device' objects is not writable")

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Device):
            return NotImplemented
        return self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))


class Named:
    """A constant of torch that has nothing but its name, such as `torch.strided`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


cpu = Device("cpu")
meta = Device("meta")


class Chosen:
    """The device that new tensors are made on where none is named; None for the CPU.

    `around` has what was chosen around each `with torch.device(...)` that runs.
    """

    device: Device | None = None
    around: tuple[Device | None, ...] = ()


chosen = Chosen()
keep_attributes(chosen, "device", "around")


class OnMeta(Exception):
    """What a function that makes tensors is asked for is to be made without data."""


@contextmanager
def makes_on(device: Device | None) -> Iterator[None]:
    """New tensors are made on this device."""
    before = chosen.device
    chosen.device = device
    try:
        yield
    finally:
        chosen.device = before


def is_meta(device: Any) -> bool:
    """Whether a device, given as a program gives it, is `meta`."""
    if device is None or device is cpu:
        return False
    return Device(device).type == "meta" if isinstance(device, str | Device) else False


class layout(Named):
    """How the elements of a tensor lie in memory."""

    __slots__ = ()
    __module__ = "torch"


class memory_format(Named):
    """In which order the dimensions of a tensor lie in memory."""

    __slots__ = ()
    __module__ = "torch"


strided = layout("strided")
preserve_format = memory_format("preserve_format")
contiguous_format = memory_format("contiguous_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
CHANNELS_LAST = {channels_last: 4, channels_last_3d: 5}  # and the rank that they have


def check_device(function: str, device: Any) -> None:
    """Raise unless there is `device` (a string, a Device or None)."""
    if device is None or device is cpu:
        return
    if isinstance(device, bool) or not isinstance(device, str | int | Device):
        raise TypeError(
            f"{function}(): argument 'device' must be torch.device, not {type(device).__name__}"
        )
    Device(device).require()

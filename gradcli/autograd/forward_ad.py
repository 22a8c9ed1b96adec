"""`torch.autograd.forward_ad`: dual tensors inside one dual level."""

from __future__ import annotations

from collections import namedtuple

from ..tensor.tensor import Tensor, shape_of
from .directions import tangent_mismatch
from .operations import operations

UnpackedDualTensor = namedtuple(
    "UnpackedDualTensor", ("primal", "tangent"), module="torch.autograd.forward_ad"
)

_depths: list[int] = []


def enter_dual_level() -> int:
    """Begin a level; at most one is open at a time."""
    if _depths:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _depths.append(operations.enter_level("dual"))
    return len(_depths) - 1


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level; its tangents are gone."""
    if not _depths:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This "
            "is not supported."
        )
    _depths.pop()
    operations.leave_level()


class dual_level:
    """A block in which dual tensors can be made."""

    __module__ = "torch.autograd.forward_ad"

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *details: object) -> None:
        exit_dual_level()


def check_tangent(tensor: Tensor, tangent: Tensor) -> None:
    """Raise where `tangent` cannot be a direction of `tensor`; their dtypes may differ."""
    for value in (tensor, tangent):
        if not isinstance(value, Tensor):
            raise AttributeError(
                f"'{type(value).__name__}' object has no attribute 'is_floating_point'"
            )
    if not tensor.dtype.differentiable:
        raise ValueError(
            f"Expected primal to be floating point or complex, but got: {tensor.dtype!r}"
        )
    if not tangent.dtype.differentiable:
        raise ValueError(
            f"Expected tangent to be floating point or complex, but got: {tangent.dtype!r}"
        )
    if shape_of(tensor) != shape_of(tangent):
        raise RuntimeError(tangent_mismatch(shape_of(tangent), shape_of(tensor)))


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """`tensor` carrying `tangent`. Raises where the shape does not fit, or outside a level."""
    if not _depths:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    check_tangent(tensor, tangent)
    if operations.split_dual(tensor, _depths[-1])[1] is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the "
            "same level 0 is not supported."
        )
    return operations.with_tangent(operations.view(tensor), tangent, _depths[-1])


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal and the tangent (None where there is none)."""
    if not _depths:
        return UnpackedDualTensor(tensor, None)
    primal, tangent = operations.split_dual(tensor, _depths[-1])
    note, operations.note_views = operations.note_views, None  # it stays without a tangent
    try:
        return UnpackedDualTensor(operations.identity(primal), tangent)
    finally:
        operations.note_views = note

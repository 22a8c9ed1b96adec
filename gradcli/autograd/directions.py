"""What PyTorch says of a vector that has not the shape of what it is multiplied with."""

from __future__ import annotations

from collections.abc import Sequence


def cotangent_mismatch(given: Sequence[int], wanted: Sequence[int], index: int = 0) -> str:
    """A cotangent of output number `index`."""
    return (
        f"Mismatch in shape: grad_output[{index}] has a shape of torch.Size({list(given)}) and "
        f"output[{index}] has a shape of torch.Size({list(wanted)})."
    )


def tangent_mismatch(given: Sequence[int], wanted: Sequence[int]) -> str:
    """A tangent of forward mode."""
    return (
        "Trying to set a forward gradient that has a different size than that of the original "
        f"Tensor, this is not supported. Tensor is of size {list(wanted)} while the given forward "
        f"gradient is of size {list(given)}."
    )


def vector_mismatch(given: Sequence[int], wanted: Sequence[int], index: int | None = None) -> str:
    """The `v` of a product with a Jacobian or a Hessian, or entry `index` of it."""
    place = "" if index is None else f"Entry {index} in "
    return (
        f"{place}v has invalid size: should be torch.Size({list(wanted)}) but got "
        f"torch.Size({list(given)})."
    )

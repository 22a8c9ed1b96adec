"""Parameters as one vector, and a vector as parameters."""

from __future__ import annotations

from typing import Any

from ..autograd.leaf import data, set_data
from ..tensor.dtypes import typename
from ..tensor.runtime import runtime
from ..tensor.tensor import Tensor, numel, shape_of
from .functions import method, torch


def parameters_to_vector(parameters: Any) -> Any:
    """All elements of all parameters, one parameter after another."""
    return torch.cat([method.view(p, -1) for p in runtime.listed(parameters)])


def vector_to_parameters(vec: Any, parameters: Any) -> None:
    """Give the parameters the elements of a vector. Raises TypeError for what is no tensor."""
    if type(vec) is not Tensor:
        raise TypeError(f"expected torch.Tensor, but got: {typename(vec)}")
    start = 0
    for parameter in runtime.listed(parameters):
        count = numel(shape_of(parameter))
        part = torch.narrow(vec, 0, start, count)
        set_data(parameter, data(method.view_as(part, parameter)))
        start += count

"""The functions that calculator scripts have beyond torch's."""

from __future__ import annotations

from typing import Any

from gradcli.language.machine.state import machine
from gradcli.tensor import dtypes
from gradcli.tensor.tensor import Tensor, make

from . import torch_names


def param(data: Any, *, dtype: Any = None) -> Any:
    """A leaf that requires grad, with the default dtype unless one is given."""
    keywords = {} if dtype is None else {"dtype": dtype}
    if dtype is None and _integral(data):
        keywords["dtype"] = torch_names.torch_name("torch", "get_default_dtype")()
    if type(data) is Tensor:
        leaf = torch_names.tensor_attribute("clone")(
            torch_names.tensor_attribute("detach")(data)()
        )()
        if keywords:
            leaf = torch_names.tensor_attribute("to")(leaf)(**keywords)
        return torch_names.tensor_attribute("requires_grad_")(leaf)()
    return torch_names.torch_name("torch", "tensor")(data, requires_grad=True, **keywords)


def _integral(data: Any) -> bool:
    if type(data) is Tensor:
        return not (data.dtype.is_floating_point or data.dtype.is_complex)
    if isinstance(data, list | tuple):
        return all(_integral(item) for item in data)
    return isinstance(data, int)


def _is_result(value: Any) -> bool:
    return type(value) is Tensor or isinstance(value, tuple | list)


def grad(target: Any, *args: Any, **kwargs: Any) -> Any:
    """The gradient function of a function, or the gradients of a result."""
    if not _is_result(target):
        return torch_names.torch_name("torch.func", "grad")(target, *args, **kwargs)
    if not args and "inputs" not in kwargs:
        raise TypeError("grad() of a result needs what to differentiate by: grad(y, x)")
    found = torch_names.torch_name("torch.autograd", "grad")(target, *args, **kwargs)
    inputs = args[0] if args else kwargs["inputs"]
    return found[0] if type(inputs) is Tensor else found


def jvp(target: Any, *args: Any, **kwargs: Any) -> Any:
    """`torch.func.jvp` of a function, or the tangent of a result: `jvp(y, x, v)`."""
    if not _is_result(target):
        return torch_names.torch_name("torch.func", "jvp")(target, *args, **kwargs)
    return torch_names.recorded("jvp")(target, *args, **kwargs)


def vjp(target: Any, *args: Any, **kwargs: Any) -> Any:
    """`torch.func.vjp` of a function, or the cotangents of a result's inputs: `vjp(y, x, v)`."""
    if not _is_result(target):
        return torch_names.torch_name("torch.func", "vjp")(target, *args, **kwargs)
    inputs, *rest = args
    found = torch_names.torch_name("torch.autograd", "grad")(
        target, inputs, *rest, retain_graph=True, **kwargs
    )
    return found[0] if type(inputs) is Tensor else found


def stacked(values: list[Any] | tuple[Any, ...]) -> Tensor:
    """Tensors and numbers along a new first axis: `stack`, in the dtype that they have together.

    Raises TypeError for an element of another kind, RuntimeError for shapes that differ.
    """
    kinds = dtypes.result_type([v.dtype for v in values if type(v) is Tensor], [], [])
    items = []
    for value in values:
        if type(value) is Tensor:
            items.append(torch_names.tensor_attribute("to")(value)(kinds))
        elif isinstance(value, bool | int | float | complex):
            items.append(make(kinds.array.type(value), kinds))
        else:
            raise TypeError(f"the result has a {type(value).__name__} among its elements")
    found: Tensor = torch_names.torch_name("torch", "stack")(items)
    return found


def _matrix(kind: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if _is_result(target):
        y = target if type(target) is Tensor else stacked(target)
        return torch_names.recorded(kind)(y, *args, **kwargs)
    return torch_names.torch_name("torch.autograd.functional", kind)(target, *args, **kwargs)


def jacobian(target: Any, *args: Any, **kwargs: Any) -> Any:
    """The Jacobian of a function at inputs, or of a result by its inputs."""
    return _matrix("jacobian", target, args, kwargs)


def hessian(target: Any, *args: Any, **kwargs: Any) -> Any:
    """The Hessian of a function at inputs, or of a result by its inputs."""
    return _matrix("hessian", target, args, kwargs)


def hvp(target: Any, *args: Any, **kwargs: Any) -> Any:
    """The product of a Hessian and a vector, of a function or of a result."""
    return _matrix("hvp", target, args, kwargs)


def emit(*values: Any, **named: Any) -> None:
    """Hand one record to the session: named values, one value or text, or a list of several."""
    if machine.emit is None:
        raise RuntimeError("emit(): records are written by `gradcli eval --json`")
    if bool(values) == bool(named):
        problem = "values with names or without, not both" if values else "what to write"
        raise TypeError(f"emit() takes {problem}")
    machine.emit(named or (values[0] if len(values) == 1 else list(values)))


NAMES = {
    "param": param,
    "grad": grad,
    "jvp": jvp,
    "vjp": vjp,
    "jacobian": jacobian,
    "hessian": hessian,
    "hvp": hvp,
    "emit": emit,
}

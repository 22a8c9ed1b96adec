"""Pruning: `torch.nn.utils.prune`, masks that set elements of parameters to zero.

A pruned parameter moves to `name_orig`, its mask is the buffer `name_mask`, and a hook before each
call of the module sets `name` to their product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..autograd.leaf import data, detach, set_data
from ..tensor.runtime import runtime
from ..tensor.tensor import Size, Tensor, numel, shape_of
from .functions import method as tensor
from .functions import torch
from .module import Module, converted, tensor_of
from .vectors import parameters_to_vector

ORIGINAL, MASK = "_orig", "_mask"


def _same_shape(scores: Any, t: Any, what: str) -> None:
    if shape_of(scores) != shape_of(t):
        raise AssertionError(
            f"importance_scores should have the same shape as {what}, got "
            f"{Size(shape_of(scores))} vs {Size(shape_of(t))}"
        )


class BasePruningMethod:
    """What all ways of pruning have; subclasses have `compute_mask(t, default_mask)`.

    `PRUNING_TYPE` says what a mask is computed of when there is one already: "unstructured" of the
    elements that are left, "structured" of the channels along `dim` that are left, "global" of all.
    """

    __module__ = "torch.nn.utils.prune"
    __dict__: dict[str, Any]

    PRUNING_TYPE: Any
    _tensor_name: Any

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__ == __name__:
            cls.__module__ = "torch.nn.utils.prune"

    def __call__(self, module: Any, inputs: Any) -> None:
        Module.__setattr__(module, self._tensor_name, self.apply_mask(module))

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Any:
        """A mask for `t`, ones where it stays; `default_mask` is what was pruned before."""
        raise NotImplementedError(f"{type(self).__name__} has no compute_mask")

    def apply_mask(self, module: Any) -> Any:
        """The parameter of a module with its mask applied."""
        name = self._tensor_name
        if name is None:
            raise AssertionError(f"Module {runtime.text(module)} has to be pruned")
        original = tensor_of(module, name + ORIGINAL)
        mask = tensor_of(module, name + MASK)
        return torch.mul(converted(mask, original.dtype), original)

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> Any:
        """Prune a parameter of a module in this way, on top of what was pruned before.

        Returns the method that the module has now. Raises AssertionError for scores of another
        shape.
        """
        pruning, first = _combined(cls(*args, **kwargs), module, name)
        original = tensor_of(module, name)
        if importance_scores is None:
            importance_scores = original
        else:
            _same_shape(
                importance_scores,
                original,
                f"parameter {runtime.text(name)} of {runtime.text(module)}",
            )
        if first:
            module.register_parameter(name + ORIGINAL, original)
            del module._parameters[name]
            mask = torch.ones_like(original)
        else:
            mask = torch.clone(detach(module._buffers[name + MASK]))
        try:
            mask = pruning.compute_mask(importance_scores, default_mask=mask)
            module.register_buffer(name + MASK, mask)
            Module.__setattr__(module, name, pruning.apply_mask(module))
            module.register_forward_pre_hook(pruning)
        except Exception:
            if first:
                module.register_parameter(name, module._parameters.pop(name + ORIGINAL))
            raise
        return pruning

    def prune(self, t: Tensor, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """A pruned copy of a tensor."""
        if importance_scores is None:
            importance_scores = t
        else:
            _same_shape(importance_scores, t, "tensor t")
        if default_mask is None:
            default_mask = torch.ones_like(t)
        return torch.mul(t, self.compute_mask(importance_scores, default_mask=default_mask))

    def remove(self, module: Any) -> None:
        """Make what is pruned of a module a parameter again, with zeros in it."""
        name = self._tensor_name
        if name is None:
            raise AssertionError(
                f"Module {runtime.text(module)} has to be pruned before pruning can be removed"
            )
        pruned = self.apply_mask(module)
        original = module._parameters.pop(name + ORIGINAL)
        set_data(original, data(pruned))
        del module._buffers[name + MASK]
        vars(module).pop(name, None)
        Module.__setattr__(module, name, original)


def _combined(new: Any, module: Any, name: str) -> tuple[Any, bool]:
    """A new method with the one that a parameter has already, and whether it is the first."""
    hooks = module._forward_pre_hooks
    found = [
        key
        for key, hook in hooks.items()
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
    ]
    if len(found) > 1:
        raise AssertionError(
            f"Avoid adding multiple pruning hooks to the same tensor {runtime.text(name)} of "
            f"module {runtime.text(module)}. "
            "Use a PruningContainer."
        )
    new._tensor_name = name
    if not found:
        return new, not isinstance(new, PruningContainer)
    before = hooks.pop(found[0])
    if not isinstance(before, PruningContainer):
        before = PruningContainer(before)
    before.add_pruning_method(new)
    return before, False


class PruningContainer(BasePruningMethod):
    """Several methods for one parameter, one after another."""

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[Any, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for pruning in args:
            self.add_pruning_method(pruning)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method. Raises TypeError for what is none, ValueError for another parameter's."""
        if method is not None and not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Any:
        """The mask of the last method on what those before it left."""
        last = self._pruning_methods[-1]
        kind = last.PRUNING_TYPE
        mask = converted(default_mask, t.dtype)
        if kind == "global":
            return converted(last.compute_mask(t, default_mask=mask), t.dtype)
        if kind == "unstructured":
            left = torch.eq(mask, 1)
            part = last.compute_mask(
                torch.masked_select(t, left), default_mask=torch.masked_select(mask, left)
            )
            return torch.masked_scatter(mask, left, converted(part, t.dtype))
        if kind == "structured":
            dim = _channels_of(last, t)
            others = tuple(axis for axis in range(len(shape_of(t))) if axis != dim)
            left = torch.flatten(torch.nonzero(torch.sum(mask, others)))
            part = last.compute_mask(
                torch.index_select(t, dim, left), default_mask=torch.index_select(mask, dim, left)
            )
            return torch.index_copy(mask, dim, left, converted(part, t.dtype))
        raise ValueError(f"Unrecognized PRUNING_TYPE {kind}")


def _channels_of(pruning: Any, t: Tensor) -> int:
    if "dim" not in vars(pruning) and not hasattr(type(pruning), "dim"):
        raise AttributeError(
            'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.'
        )
    count, dim = len(shape_of(t)), int(pruning.dim)
    dim = dim + count if dim < 0 else dim
    if dim < 0:
        raise IndexError(f"Index is out of bounds for tensor with dimensions {count}")
    return dim


# ---------------------------------------------------------------- how much


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, int | float):
        raise TypeError(f"Invalid type for amount: {runtime.text(amount)}. Must be int or float.")
    if amount < 0 or (isinstance(amount, float) and amount > 1.0):
        raise ValueError(
            f"amount={runtime.text(amount)} should either be a float in the range [0, 1] or a "
            "non-negative integer"
        )


def _count(amount: Any, size: int) -> int:
    """How many of so many to prune. Raises ValueError for more than there are."""
    if isinstance(amount, float):
        return round(amount * size)
    if amount > size:
        raise ValueError(
            f"amount={runtime.text(amount)} should be smaller than the number of parameters to "
            f"prune={size}"
        )
    return int(amount)


def _channel_count(t: Tensor, dim: int) -> int:
    """How many channels a tensor has. Raises ValueError for a vector, IndexError for `dim`."""
    shape = Size(shape_of(t))
    if len(shape) <= 1:
        raise ValueError(
            "Structured pruning can only be applied to multidimensional tensors. Found tensor of "
            f"shape {shape} with {len(shape)} dims"
        )
    if dim >= len(shape):
        raise IndexError(f"Invalid index {runtime.text(dim)} for tensor of size {shape}")
    return int(shape[dim])


def _without(mask: Tensor, indices: Tensor) -> Any:
    """A mask with zeros at indices of its elements."""
    flat = torch.index_fill(torch.flatten(mask), 0, indices, 0)
    return torch.reshape(flat, shape_of(mask))


def _only(mask: Tensor, dim: int, indices: Tensor) -> Any:
    """A mask with zeros in all channels but some."""
    kept = torch.index_fill(torch.zeros_like(mask), dim, indices, 1)
    return torch.mul(kept, mask)


# ---------------------------------------------------------------- the methods


class Identity(BasePruningMethod):
    """Prunes nothing, and has a mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Any:
        """The mask as it was."""
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Prunes elements at random: a number of them, or a fraction."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Any) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Any:
        """The mask with zeros at the elements drawn."""
        count = _count(self.amount, numel(shape_of(t)))
        if count == 0:
            return torch.clone(default_mask)
        drawn = torch.flatten(torch.rand_like(t))
        return _without(default_mask, torch.topk(drawn, count)[1])


class L1Unstructured(BasePruningMethod):
    """Prunes the elements of least absolute value: a number of them, or a fraction."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Any) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Any:
        """The mask with zeros at the least elements."""
        count = _count(self.amount, numel(shape_of(t)))
        if count == 0:
            return torch.clone(default_mask)
        sizes = torch.flatten(torch.abs(t))
        return _without(default_mask, torch.topk(sizes, count, largest=False)[1])


class RandomStructured(BasePruningMethod):
    """Prunes channels along a dimension at random."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Any:
        """The mask with zeros in the channels drawn."""
        channels = _channel_count(t, self.dim)
        count = _count(self.amount, channels)
        if count == 0:
            return default_mask
        drawn = torch.rand(channels)
        least = torch.kthvalue(drawn, count)[0]
        kept = torch.flatten(torch.nonzero(torch.gt(drawn, least)))
        return _only(default_mask, self.dim, kept)


class LnStructured(BasePruningMethod):
    """Prunes the channels of least norm along a dimension."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Any:
        """The mask with zeros in the channels of least norm."""
        channels = _channel_count(t, self.dim)
        count = _count(self.amount, channels)
        if count == 0:
            return default_mask
        others = list(range(len(shape_of(t))))
        del others[self.dim]
        norms = torch.norm(t, p=self.n, dim=others)
        return _only(default_mask, self.dim, torch.topk(norms, channels - count)[1])


class CustomFromMask(BasePruningMethod):
    """Prunes with a mask that is given."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Any:
        """Both masks. Raises AssertionError for shapes that differ."""
        if shape_of(default_mask) != shape_of(self.mask):
            raise AssertionError(
                f"default_mask shape {Size(shape_of(default_mask))} must match self.mask shape "
                f"{Size(shape_of(self.mask))}"
            )
        return torch.mul(default_mask, converted(self.mask, default_mask.dtype))


# ---------------------------------------------------------------- functions


def identity(module: Any, name: str) -> Any:
    """Give a parameter a mask of ones. Returns the module, as all of these do."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: Any) -> Any:
    """Prune elements at random."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Any, name: str, amount: Any, importance_scores: Any = None) -> Any:
    """Prune the elements of least absolute value, or of least score."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: Any, dim: int) -> Any:
    """Prune channels along `dim` at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None
) -> Any:
    """Prune the channels along `dim` whose n-norm, or that of their scores, is least."""
    LnStructured.apply(
        module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores
    )
    return module


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prune with a mask that is given."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune several parameters, pairs of a module and a name, as if they were one.

    Raises TypeError for a method that is not unstructured.
    """
    if not hasattr(type(parameters), "__iter__"):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    if importance_scores is not None and not isinstance(importance_scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs = [tuple(runtime.listed(pair)) for pair in runtime.listed(parameters)]
    tensors = [tensor_of(module, name) for module, name in pairs]
    given = importance_scores or {}
    scores = parameters_to_vector(
        [given.get(pair, own) for pair, own in zip(pairs, tensors, strict=True)]
    )
    masks = parameters_to_vector(
        [
            module._buffers[name + MASK]
            if name + MASK in module._buffers
            else torch.ones_like(tensor_of(module, name))
            for module, name in pairs
        ]
    )
    pruning = pruning_method(**kwargs)
    container = PruningContainer()
    container._tensor_name = pruning._tensor_name = "temp"
    if pruning.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {pruning.PRUNING_TYPE}"
        )
    container.add_pruning_method(pruning)
    mask = container.compute_mask(scores, masks)
    start = 0
    for (module, name), own in zip(pairs, tensors, strict=True):
        count = numel(shape_of(own))
        part = torch.narrow(mask, 0, start, count)
        custom_from_mask(module, name, tensor.view_as(part, own))
        start += count


def remove(module: Any, name: str) -> Any:
    """Make a pruned parameter a plain one, with zeros in it. Raises ValueError where it is one."""
    for key, hook in list(module._forward_pre_hooks.items()):
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(
        f"Parameter '{runtime.text(name)}' of module {runtime.text(module)} has to be pruned "
        "before pruning can be removed"
    )


def is_pruned(module: Any) -> bool:
    """Whether a parameter of a module, or of one in it, is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for _, part in module.named_modules()
        for hook in part._forward_pre_hooks.values()
    )

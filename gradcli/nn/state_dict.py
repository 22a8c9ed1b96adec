"""`state_dict` and `load_state_dict`: the tensors of a module by dotted name, out and in."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from typing import Any

from ..autograd.leaf import data, detach, requires_grad_
from ..autograd.modes import no_grad, requires_grad
from ..autograd.node import is_parameter
from ..table.lookup import get_op
from ..tensor.mappings import OrderedDict
from ..tensor.runtime import runtime
from ..tensor.tensor import Size, Tensor, shape_of
from .functions import write
from .lazy import Uninitialized, refuse_shape
from .parameter import Parameter

EXTRA = "_extra_state"


class IncompatibleKeys(namedtuple("_IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` returns: the keys that it did not find, and those it did not use."""

    __slots__ = ()
    __module__ = "torch.nn.modules.module"

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys!r}, "
            f"unexpected_keys={self.unexpected_keys!r})"
        )


IncompatibleKeys.__name__ = IncompatibleKeys.__qualname__ = "_IncompatibleKeys"


def _own_tensors(module: Any) -> Iterator[tuple[str, Any]]:
    """The parameters and the persistent buffers of a module itself."""
    runtime.spend(len(module._parameters) + len(module._buffers))
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield name, parameter
    for name, buffer in module._buffers.items():
        if buffer is not None and name not in module._non_persistent_buffers_set:
            yield name, buffer


def _key(prefix: str, name: str) -> str:
    """The dotted name of a tensor; long ones, which a program can ask for, are counted."""
    key = prefix + name
    runtime.spend(1 + (len(key) >> 6))
    return key


def state_dict(module: Any, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """The tensors of `module` and of all modules in it, added to `destination`."""
    runtime.spend(1 + (len(prefix) >> 6))
    if destination is None:
        destination = OrderedDict()
        destination._metadata = OrderedDict()
    metadata = getattr(destination, "_metadata", None)
    local = {"version": module._version}
    if metadata is not None:
        metadata[prefix[:-1]] = local
    for hook in list(module._state_dict_pre_hooks.values()):
        hook(module, prefix, keep_vars)
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(
                destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
            )
    for hook in list(module._state_dict_hooks.values()):
        changed = hook(module, destination, prefix, local)
        if changed is not None:
            destination = changed
    return destination


def save(module: Any, destination: Any, prefix: str, keep_vars: bool, extra: bool) -> None:
    """Add the tensors of a module itself to `destination`, and its extra state if it has one."""
    for name, tensor in _own_tensors(module):
        held = keep_vars or isinstance(tensor, Uninitialized)
        destination[_key(prefix, name)] = tensor if held else detach(tensor)
    if extra:
        destination[prefix + EXTRA] = module.get_extra_state()


def load(
    module: Any,
    state: Any,
    prefix: str,
    metadata: Any,
    strict: bool,
    missing: list[str],
    unexpected: list[str],
    errors: list[str],
    takes_extra: bool,
) -> None:
    """Copy the tensors of a module itself out of `state`; what does not fit is listed.

    Programs call this, too: raises TypeError for what is no dictionary or list.
    """
    for kept, kind in (
        (state, dict),
        (metadata, dict),
        (missing, list),
        (unexpected, list),
        (errors, list),
    ):
        if not isinstance(kept, kind):
            raise TypeError(f"expected a {kind.__name__}, not '{type(kept).__name__}'")
    if not isinstance(prefix, str):
        raise TypeError(f"the prefix must be a string, not '{type(prefix).__name__}'")
    for hook in list(module._load_state_dict_pre_hooks.values()):
        hook(state, prefix, metadata, strict, missing, unexpected, errors)
    assign = metadata.get("assign_to_params_buffers", False)
    for name, own in list(_own_tensors(module)):
        key = _key(prefix, name)
        if key not in state:
            if strict:
                missing.append(key)
            continue
        given = state[key]
        if isinstance(own, Uninitialized) and type(given) is Tensor:
            own.materialize(shape_of(given))
        elif isinstance(given, Uninitialized):
            if not isinstance(own, Uninitialized):
                refuse_shape()
            continue
        if type(given) is not Tensor:
            errors.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
                f"object from checkpoint but received {type(given)}"
            )
            continue
        if not shape_of(own) and len(shape_of(given)) == 1:  # scalars were once written so
            given = get_op("select").call(given, 0, 0)
        if shape_of(given) != shape_of(own):
            errors.append(
                f"size mismatch for {key}: copying a param with shape {Size(shape_of(given))} from "
                f"checkpoint, the shape in current model is {Size(shape_of(own))}."
            )
            continue
        with no_grad():
            if not assign:
                write(own, given)
            elif is_parameter(own):
                if not is_parameter(given):
                    try:
                        given = Parameter(given, requires_grad(own))
                    except RuntimeError as refused:
                        errors.append(
                            f'While copying the parameter named "{key}", whose dimensions in the '
                            f"model are {Size(shape_of(own))} and whose dimensions in the "
                            f"checkpoint are {Size(shape_of(given))}, an exception occurred : "
                            f"{refused.args}."
                        )
                        continue
                else:
                    requires_grad_(given, requires_grad(own))
                module._parameters[name] = given
            else:
                module._buffers[name] = data(given)
    extra = prefix + EXTRA
    if takes_extra:
        if extra in state:
            module.set_extra_state(state[extra])
        elif strict:
            missing.append(extra)
    elif strict and extra in state:
        unexpected.append(extra)
    if strict:
        own_names = {name for name, _ in _own_tensors(module)}
        for key in state:
            if key.startswith(prefix) and key != extra:
                first, *rest = key[len(prefix) :].split(".", 1)
                if rest:
                    if first not in module._modules:
                        unexpected.append(key)
                elif first not in own_names:
                    unexpected.append(key)


def load_state_dict(module: Any, state: Any, strict: bool, assign: bool) -> IncompatibleKeys:
    """Copy tensors into a module and all in it. Raises RuntimeError when something did not fit."""
    if not isinstance(state, dict):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state)}.")
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []
    metadata = getattr(state, "_metadata", None)
    given = OrderedDict(state)
    keys = IncompatibleKeys(missing, unexpected)

    def visit(inner: Any, part: Any, prefix: str) -> None:
        runtime.spend(1 + len(part) + (len(prefix) >> 6))  # keys that are compared
        local = {} if metadata is None else metadata.get(prefix[:-1], {})
        if assign:
            local["assign_to_params_buffers"] = True
        inner._load_from_state_dict(part, prefix, local, True, missing, unexpected, errors)
        for name, child in inner._modules.items():
            if child is not None:
                start = f"{prefix}{name}."
                below = {key: value for key, value in part.items() if key.startswith(start)}
                visit(child, below, start)
        for hook in list(inner._load_state_dict_post_hooks.values()):
            if hook(inner, keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not expected "
                    "to return new values, if incompatible_keys need to be modified, it should be "
                    "done inplace."
                )

    visit(module, given, "")
    if strict:
        if unexpected:
            errors.insert(0, f"Unexpected key(s) in state_dict: {_listed(unexpected)}. ")
        if missing:
            errors.insert(0, f"Missing key(s) in state_dict: {_listed(missing)}. ")
    if errors:
        runtime.reserve(4 * sum(map(len, errors)))
        raise RuntimeError(
            "Error(s) in loading state_dict for {}:\n\t{}".format(
                type(module).__name__, "\n\t".join(errors)
            )
        )
    return keys


def _listed(keys: list[str]) -> str:
    runtime.reserve(4 * sum(map(len, keys)))
    return ", ".join(f'"{key}"' for key in keys)


def consume_prefix_in_state_dict_if_present(state_dict: Any, prefix: str) -> None:
    """Take a prefix, such as `module.` of DataParallel, off the keys of a state, in place."""
    for key in list(state_dict):
        if key.startswith(prefix):
            state_dict[key[len(prefix) :]] = state_dict.pop(key)
    metadata = getattr(state_dict, "_metadata", None) or {}
    for key in list(metadata):
        if key == prefix.replace(".", ""):
            metadata[""] = metadata.pop(key)
        elif key != prefix and key.startswith(prefix):
            metadata[key[len(prefix) :]] = metadata.pop(key)

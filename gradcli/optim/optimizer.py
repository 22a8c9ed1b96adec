"""`Optimizer`, the base of all optimizers: parameter groups, state, hooks, text."""

from __future__ import annotations

import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np

from ..autograd.leaf import (
    RemovableHandle,
    detach_,
    grad,
    is_leaf,
    requires_grad_,
    retains_grad,
    set_grad,
    wants_gradients,
)
from ..autograd.modes import enable_grad, no_grad
from ..autograd.node import before_write, is_parameter
from ..nn.functions import method, torch
from ..nn.module import converted, deep_copy
from ..nn.operands import operand
from ..nn.parameter import class_of
from ..nn.shapes import renamed, shown
from ..tensor.dtypes import type_name, typename
from ..tensor.keeping import changed, keep_registry
from ..tensor.mappings import OrderedDict
from ..tensor.runtime import runtime, speaking_once
from ..tensor.tensor import Tensor, numel, own_memory, shape_of
from .arithmetic import Arithmetic, Recorded, about_to_write, announce, arithmetic, number
from .joined import Waiting

Group = dict[str, Any]
Hooks = OrderedDict[int, Callable[..., Any]]

CAPTURING = ["cuda", "xpu", "hpu", "privateuseone"]
FUSING = ["mps", "cuda", "xpu", "hpu", "cpu", "mtia", "privateuseone"]

# The settings that a step reads, in PyTorch's order: the first that a group lacks is the error.
READ = {
    name: tuple(words.split())
    for name, words in {
        "SGD": "momentum weight_decay lr dampening nesterov maximize",
        "Adam": "betas amsgrad lr weight_decay eps maximize decoupled_weight_decay",
        "Adamax": "betas eps lr weight_decay maximize",
        "NAdam": "betas lr weight_decay momentum_decay eps maximize decoupled_weight_decay",
        "RAdam": "betas lr weight_decay eps maximize decoupled_weight_decay",
        "Adagrad": "lr weight_decay lr_decay eps maximize",
        "Adadelta": "lr rho eps weight_decay maximize",
        "Adafactor": "eps d lr beta2_decay weight_decay maximize",
        "RMSprop": "lr alpha eps weight_decay maximize",
        "Rprop": "etas step_sizes maximize lr",
        "ASGD": "lr lambd t0 alpha weight_decay maximize",
        "LBFGS": "lr max_iter max_eval tolerance_grad tolerance_change line_search_fn history_size",
        "Muon": "lr weight_decay momentum nesterov ns_coefficients eps ns_steps adjust_lr_fn",
    }.items()
}

before_every_step: Hooks = OrderedDict()
after_every_step: Hooks = OrderedDict()
keep_registry(before_every_step)
keep_registry(after_every_step)


class _Required:
    """Stands for a setting that a parameter group has to give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


# The settings of groups that are computed with: numbers, tuples of them, or None.
_NUMBERS = frozenset(
    (
        *("alpha", "beta2_decay", "betas", "d", "dampening", "eps", "etas", "history_size"),
        *("initial_accumulator_value", "lambd", "lr", "lr_decay", "max_eval", "max_iter"),
        *("momentum", "momentum_decay", "ns_coefficients", "ns_steps", "rho", "step_sizes"),
        *("t0", "tolerance_change", "tolerance_grad", "weight_decay"),
    )
)


_SEVERAL = frozenset(("betas", "eps", "etas", "ns_coefficients", "step_sizes"))


def numbers(group: Group) -> Group:
    """A group whose settings are operands where they are computed with. Raises TypeError."""
    changed: Group = {}
    for name, value in group.items():
        if type(value) is float or value is None or name not in _NUMBERS or type(value) is Tensor:
            continue
        if name in _SEVERAL and isinstance(value, list | tuple | str):
            if type(value) is tuple and all(type(part) is float for part in value):
                continue
            found: Any = tuple(
                part if part is None else operand(part) for part in runtime.listed(value)
            )
        else:
            found = operand(value)
        if found is not value:
            changed[name] = found
    return {**group, **changed} if changed else group


def check_size(lr: Any) -> None:
    """Raise ValueError for a learning rate that is several numbers."""
    if type(lr) is Tensor and numel(shape_of(lr)) != 1:
        raise ValueError("Tensor lr must be 1-element")


def check_rate(lr: Any, sentence: str = "Invalid learning rate: {}") -> None:
    """Raise ValueError for a learning rate that is negative or no single number."""
    check_size(lr)
    check(at_least(0.0, number(lr) if type(lr) is Tensor else lr), sentence, lr)


def at_least(bound: Any, value: Any) -> bool:
    """Whether `bound <= value`: in this order Python's error about other kinds is PyTorch's."""
    return bool(bound <= value)


def at_most(bound: Any, value: Any) -> bool:
    """Whether `bound >= value`, in this order for the same reason."""
    return bool(bound >= value)


def check(holds: bool, sentence: str, *values: Any) -> None:
    """Raise ValueError with a sentence about values unless something holds."""
    if not holds:
        raise ValueError(sentence.format(*map(shown, values)))


def check_betas(betas: Any) -> None:
    """Raise ValueError for decay rates outside [0, 1)."""
    for index in (0, 1):
        beta = betas[index]
        share = number(beta) if type(beta) is Tensor else beta
        check(0.0 <= share < 1.0, f"Invalid beta parameter at index {index}: {{}}", beta)


def check_moments(eps: Any, betas: Any, weight_decay: Any) -> None:
    """Raise ValueError for settings that no optimizer with running moments takes."""
    check(at_least(0.0, eps), "Invalid epsilon value: {}", eps)
    check_betas(betas)
    check(at_least(0.0, weight_decay), "Invalid weight_decay value: {}", weight_decay)


def check_fused(fused: Any, foreach: Any, differentiable: Any) -> None:
    """Raise RuntimeError for ways to compute that exclude each other."""
    if fused:
        if differentiable:
            raise RuntimeError("`fused` does not support `differentiable`")
        if foreach:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def new_step(value: float = 0.0) -> Tensor:
    """A count of steps, as the state of a parameter has it."""
    made: Tensor = torch.tensor(value)
    own_memory(made)
    return made


def next_step(state: dict[str, Any]) -> float:
    """Count a step; returns how many there are now."""
    step = state["step"]
    if type(step) is not Tensor:
        state["step"] = count = number(step) + 1
        return float(count)
    array = own_memory(step)
    array += 1
    return float(array.item())


def hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """A `step` with the hooks around it, which records nothing unless it is differentiable."""

    @functools.wraps(step)
    def graded(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if before_write:
            announce(self.state.values())
        differentiable = self.defaults.get("differentiable", False)
        if type(differentiable) is not bool:
            raise TypeError(
                "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not "
                f"{type_name(differentiable)}"
            )
        try:
            with enable_grad() if differentiable else no_grad():
                return step(self, *args, **kwargs)
        except KeyError:
            read = (READ[cls.__name__] for cls in type(self).__mro__ if cls.__name__ in READ)
            for name in next(read, ()):
                if any(name not in group for group in self.param_groups):
                    raise KeyError(name) from None
            raise

    return with_hooks(graded)


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """A `step` with the hooks around it, where it is the step of the optimizer's own class."""

    @functools.wraps(step)
    def call(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if _own_step(type(self)) is not call:
            return step(self, *args, **kwargs)
        if before_every_step or self._optimizer_step_pre_hooks:
            args, kwargs = _run_pre_hooks(self, args, kwargs, step)
        result = step(self, *args, **kwargs)
        self._opt_called = True
        if after_every_step or self._optimizer_step_post_hooks:
            for hook in [*self._optimizer_step_post_hooks.values(), *after_every_step.values()]:
                hook(self, (self, *args), kwargs)
        return result

    return call


def _own_step(kind: Any) -> Any:
    """The step of a class, which a program may have written."""
    written = getattr(kind, "__members__", None)
    return kind.step if written is None or "step" not in written else written["step"]


def _run_pre_hooks(optimizer: Optimizer, args: Any, kwargs: Any, step: Any) -> tuple[Any, Any]:
    for hook in [*before_every_step.values(), *optimizer._optimizer_step_pre_hooks.values()]:
        result = hook(optimizer, (optimizer, *args), kwargs)
        if result is None:
            continue
        if type(result) is not tuple or len(result) != 2:
            raise RuntimeError(
                f"{step} must return None or a tuple of (new_args, new_kwargs), but got "
                f"{runtime.text(result)}."
            )
        (_, *args), kwargs = result
    return args, kwargs


class Optimizer:
    """What changes parameters by their gradients.

    `params` are tensors, pairs of a name and a tensor, or groups: dicts with settings of their own.
    Subclass it: give `super().__init__(params, defaults)` the default settings and write `step`.
    """

    __module__ = "torch.optim.optimizer"

    _step_supports_amp_scaling = False

    defaults: dict[str, Any]
    state: defaultdict[Any, Any]
    param_groups: list[Group]

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._optimizer_step_pre_hooks: Hooks = OrderedDict()
        self._optimizer_step_post_hooks: Hooks = OrderedDict()
        self._optimizer_state_dict_pre_hooks: Hooks = OrderedDict()
        self._optimizer_state_dict_post_hooks: Hooks = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: Hooks = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: Hooks = OrderedDict()
        self._opt_called = False
        if type(params) is Tensor:
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {typename(params)}"
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = runtime.listed(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    @speaking_once
    def __repr__(self) -> str:
        groups = [
            [(key, group[key]) for key in sorted(group) if key != "params"]
            for group in runtime.listed(self.param_groups)
        ]
        return runtime.text(groups, self.__text)

    def __text(self, groups: list[list[tuple[Any, Any]]]) -> str:
        lines = [f"{type(self).__name__} ("]
        for index, group in enumerate(groups):
            lines.append(f"\nParameter Group {index}\n")
            lines += [f"    {key}: {value}\n" for key, value in group]
        return "".join(lines) + ")"

    # ------------------------------------------------------------ groups

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with settings of their own.

        Raises TypeError for what is no tensor, ValueError for tensors that are not leaves or that
        are in a group already.
        """
        if not isinstance(param_group, dict):
            kind = class_of(param_group) if is_parameter(param_group) else type(param_group)
            raise TypeError(f"param_group must be a dict, but got {runtime.text(kind, repr)}")
        params = param_group["params"]
        if type(params) is Tensor:
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        params = runtime.listed(params)
        pairs = [param for param in params if isinstance(param, tuple)]
        if pairs:
            if len(pairs) < len(params):
                raise ValueError(
                    "all optimizer params should be with/without names. Some param names are "
                    "missing"
                )
            param_group["params"] = params = [pair[1] for pair in pairs]
            param_group["param_names"] = [pair[0] for pair in pairs]
        else:
            param_group["params"] = params
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is "
                    + typename(param)
                )
            if not (self.defaults.get("differentiable") or is_leaf(param) or retains_grad(param)):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{runtime.text(name)}"
                )
            param_group.setdefault(name, default)
        if len(set(map(id, params))) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=3,
            )
        if self.param_groups:
            named = "param_names" in param_group
            if named != ("param_names" in self.param_groups[0]):
                current = "with names" if named else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    f"group {current} to the optimizer"
                )
        present = {id(param) for group in self.param_groups for param in group["params"]}
        if any(id(param) in present for param in params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            for param in group["params"]:
                gradient = grad(param)
                if gradient is None:
                    continue
                if set_to_none:
                    set_grad(param, None)
                    continue
                if gradient.node is not None and not is_leaf(gradient):
                    detach_(gradient)
                else:
                    requires_grad_(gradient, False)
                about_to_write(gradient)
                own_memory(gradient)[...] = 0

    # ------------------------------------------------------------ steps

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once; `closure` computes the loss anew and is what is returned."""
        raise NotImplementedError

    def _loss(self, closure: Callable[[], Any] | None) -> Any:
        """What a closure gives, computed with a record."""
        if closure is None:
            return None
        with enable_grad():
            return closure()

    def _with_gradients(self, group: Group) -> Iterable[tuple[Tensor, Tensor]]:
        """The parameters of a group that have gradients, and these."""
        for param in group["params"]:
            gradient = grad(param)
            if gradient is not None:
                runtime.check()
                if gradient.array.shape != param.array.shape:
                    raise _mismatch("gradient", gradient, param)
                yield param, gradient

    # ------------------------------------------------------------ state

    def state_dict(self) -> dict[str, Any]:
        """The state of every parameter, by its number, and the settings of the groups."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        places: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            packed = {key: value for key, value in group.items() if key != "params"}
            for param in group["params"]:
                places.setdefault(id(param), len(places))
            packed["params"] = [places[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {
            (places[id(key)] if type(key) is Tensor else key): value
            for key, value in self.state.items()
        }
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, result)
            if changed is not None:
                result = changed
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state. Raises ValueError for groups of other sizes."""
        if not isinstance(state_dict, dict):
            if isinstance(state_dict, list):
                raise TypeError("list indices must be integers or slices, not str")
            raise AttributeError(f"'{type_name(state_dict)}' object has no attribute 'copy'")
        state_dict = dict(state_dict)
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            if changed is not None:
                state_dict = changed
        groups = self.param_groups
        saved = deep_copy[-1](state_dict["param_groups"])
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(
            len(group["params"]) != len(other["params"])
            for group, other in zip(groups, saved, strict=True)
        ):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        places = chain.from_iterable(group["params"] for group in saved)
        params = chain.from_iterable(group["params"] for group in groups)
        by_number = dict(zip(places, params, strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in by_number:
                state[by_number[key]] = _fitted(by_number[key], value)
            else:
                state[key] = value
        for group, other in zip(groups, saved, strict=True):
            other["params"] = group["params"]
            if "param_names" in group and "param_names" not in other:
                other["param_names"] = group["param_names"]
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over attributes; loading a state calls it, also where a program overrides it."""
        for name, value in state.items():
            if isinstance(name, str) and not name.startswith("__"):
                self.__dict__[name] = value

    # ------------------------------------------------------------ hooks

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before every step."""
        return RemovableHandle(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after every step."""
        return RemovableHandle(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer)` before the state is given out."""
        return _added(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` with the state before it is given out."""
        return _added(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before a state is taken over."""
        return _added(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer)` after a state was taken over."""
        return _added(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def _mismatch(what: str, value: Tensor, param: Tensor) -> RuntimeError:
    return RuntimeError(
        f"a {what} of shape {list(shape_of(value))} does not fit a parameter of shape "
        f"{list(shape_of(param))}"
    )


def _check_shapes(state: dict[str, Any], param: Tensor) -> None:
    """Raise RuntimeError for a state that would make something larger than its parameter."""
    shape = param.array.shape
    for value in state.values():
        if type(value) is Tensor and (found := value.array.shape) != shape:
            rank = len(found)
            if rank > len(shape) or any(
                length not in (1, shape[at - rank]) for at, length in enumerate(found)
            ):
                raise _mismatch("state", value, param)


def _added(hooks: Hooks, hook: Callable[..., Any], prepend: bool) -> RemovableHandle:
    handle = RemovableHandle(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before every step of any optimizer."""
    changed()
    return RemovableHandle(before_every_step, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after every step of any optimizer."""
    changed()
    return RemovableHandle(after_every_step, hook)


def _fitted(param: Tensor, value: Any, key: Any = None) -> Any:
    """A loaded state in the dtype of its parameter; counts of steps keep theirs."""
    runtime.spend(1)
    if type(value) is Tensor:
        floating = param.dtype.is_floating_point or param.dtype.is_complex
        return converted(value, param.dtype) if floating and key != "step" else value
    if isinstance(value, dict):
        return {name: _fitted(param, item, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_fitted(param, item) for item in value)
    return value


class Elementwise(Optimizer):
    """An optimizer that changes every parameter by itself, by its gradient and its own state.

    Steps with `differentiable=True` are on the graph of their parameters, which are no leaves then.
    """

    __module__ = "torch.optim.optimizer"

    # What `capturable=True` would need elsewhere, and whether XLA would do: by itself, together.
    captured = ("params and state_steps", "params and state_steps")
    captured_by_xla = (True, False)
    differentiable_foreach = False
    # Whether `update` computes every element by itself, from state that is elementwise, too, or is
    # the count of steps.
    _joins = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if Elementwise in cls.__bases__ and cls.__module__.startswith("torch.optim."):
            step = cls.step.__wrapped__.__wrapped__  # type: ignore[attr-defined]
            cls.step = hooked(renamed(step, "step", cls.__qualname__))  # type: ignore[method-assign]

    def start(self, group: Group, param: Tensor, state: dict[str, Any]) -> None:
        """Fill in the state of a parameter that is met for the first time."""

    def update(
        self,
        group: Group,
        state: dict[str, Any],
        of: Arithmetic | Recorded,
        param: Any,
        gradient: Any,
    ) -> None:
        """Change an array, or a tensor, by its gradient; the gradient is not to be written.

        With `_joins` the array may be that of several parameters end to end, and so is the state.
        """
        raise NotImplementedError

    @hooked
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once; returns the loss that `closure` gives."""
        loss = self._loss(closure)
        on_graph = self.defaults.get("differentiable")
        with np.errstate(all="ignore"):
            for given in self.param_groups:
                group = numbers(given)
                self.check_group(group)
                maximize = group.get("maximize", False)
                recorded = on_graph or group.get("differentiable")
                waiting = Waiting(self, group) if self._joins and not recorded else None
                try:
                    for param, gradient in self._with_gradients(group):
                        state = self.state.get(param)
                        if not state:
                            state = {} if state is None else state
                            self.start(group, param, state)
                        _check_shapes(state, param)
                        if not recorded:
                            about_to_write(param)
                        if waiting is not None and waiting.take(param, gradient, state):
                            continue
                        of = Recorded(param.dtype) if recorded else arithmetic(param.dtype)
                        slope = of.of(gradient)
                        if maximize:
                            slope = of.negative(slope)
                        self.update(group, state, of, of.of(param), slope)
                        if state:
                            self.state[param] = state
                finally:
                    if waiting is not None:
                        waiting.finish()
        return loss

    def check_group(self, group: Group) -> None:
        """Raise for settings that a CPU has nothing for."""
        if not any(grad(param) is not None for param in group["params"]):
            return
        together = bool(group.get("foreach"))
        if together and group.get("differentiable") and not self.differentiable_foreach:
            raise AssertionError("_foreach ops don't support autograd")
        if group.get("capturable") and not group.get("fused"):
            raise AssertionError(
                f"If capturable=True, {self.captured[together]} must be on supported devices: "
                f"{CAPTURING + ['xla'] * self.captured_by_xla[together]}."
            )
        for param in group["params"]:
            if group.get("fused") and not param.dtype.is_floating_point:
                raise RuntimeError(
                    "`fused=True` requires all the params to be floating point Tensors of "
                    f"supported devices: {FUSING} but {param.dtype} and cpu"
                )


def directly(group: Group, of: Arithmetic | Recorded) -> Arithmetic | Recorded:
    """The operations before PyTorch turns to real numbers, which it does at once with `foreach`."""
    return of if group["foreach"] else of.direct


def decayed(group: Group, of: Arithmetic | Recorded, param: Any, gradient: Any) -> Any:
    """The gradient with that of half the weight decay times the squared parameters."""
    decay = group["weight_decay"]
    if type(decay) is Tensor:
        if of.recorded and wants_gradients(decay):
            of.addcmul(gradient, method.clone(param), decay)
            return gradient
        decay = number(decay)
    return of.sum(gradient, param, decay) if decay != 0 else gradient

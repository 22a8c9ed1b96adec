"""`Module`, the base of all layers: parameters, buffers and modules in it, hooks, state, text.

Note: names that a program gives are keys of dicts here and never reach `getattr` or `setattr`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from itertools import chain
from types import FunctionType
from typing import Any, TypeVar

from ..autograd.leaf import (
    RemovableHandle,
    data,
    detach_,
    grad,
    is_leaf,
    requires_grad_,
    set_data,
    set_grad,
)
from ..autograd.modes import no_grad, requires_grad
from ..autograd.node import is_parameter, kind_of, meta_of
from ..table.call.arguments import type_name
from ..table.lookup import get_op
from ..table.memory.meta import to_meta
from ..tensor.device import Device, cpu, memory_format, meta, preserve_format
from ..tensor.dtypes import ALL, DType, bfloat16, float16, float32, float64, typename
from ..tensor.mappings import OrderedDict
from ..tensor.runtime import runtime, speaking_once
from ..tensor.tensor import META, NO_DATA, Tensor, shape_of
from . import state_dict as states
from .functions import torch
from .hooks import (
    BackwardHook,
    WrappedHook,
    added,
    everywhere,
    replaced,
    warn_about_result,
    watch_result,
)
from .lazy import Uninitialized, is_lazy
from .parameter import PERSISTENT
from .placing import placed, takes_device

Self = TypeVar("Self", bound="Module")
Named = Iterator[tuple[str, Any]]

_REGISTRIES = ("_parameters", "_buffers", "_modules")
_HOMES = {  # our files -> PyTorch's, where they differ
    "containers": "container",
    "convolution": "conv",
    "embedding": "sparse",
    "recurrent": "rnn",
}

deep_copy: list[Callable[[Any], Any]] = [copy.deepcopy]  # the last one copies programs' layers too


def _derived(name: str, base: type, home: str) -> type:
    return type(base)(name, (base,), {"__module__": home})


# A class with nothing of its own, of a name, a base and a module; the last one for programs' too.
derive: list[Callable[[str, type, str], type]] = [_derived]


def parametrization_of(module: Module, name: str) -> Any:
    """What computes the tensor of this name, if `parametrize` replaced it; None otherwise."""
    modules = vars(module).get("_modules")
    parts = modules.get("parametrizations") if isinstance(modules, dict) else None
    found = parts._modules.get(name) if isinstance(parts, Module) else None
    return found if getattr(type(found), "computes_parameter", False) else None


def has_attribute(module: Module, name: str) -> bool:
    """Whether a module has an attribute, own or of its class, without running any code."""
    held = vars(module)
    registries = (held.get("_parameters"), held.get("_buffers"), held.get("_modules"))
    return (
        name in held
        or any(registry is not None and name in registry for registry in registries)
        or any(name in vars(base) for base in type(module).__mro__)
        or parametrization_of(module, name) is not None
    )


def tensor_of(module: Any, name: str) -> Any:
    """What a module has under a name. Raises AttributeError as reading it does."""
    held = vars(module)
    return held[name] if name in held else Module.__getattr__(module, name)


def cast(tensor: Tensor, dtype: DType, complex_too: bool = False) -> Tensor:
    """A floating point tensor (or a complex one) in another dtype; any other as it is."""
    kind = tensor.dtype
    if kind is dtype or not (kind.is_floating_point or (complex_too and kind.is_complex)):
        return tensor
    return converted(tensor, dtype)


def converted(tensor: Tensor, dtype: DType) -> Tensor:
    """A tensor in another dtype."""
    if tensor.dtype is dtype:
        return tensor
    made: Tensor = get_op("_to_copy").call(tensor, dtype)
    return made


def give_names(prefix: str, module: Any) -> None:
    """Name the parameters inside of a module that becomes a part: `fc1.weight` in graphs.

    It looks at what the module holds and calls none of its methods, which programs may have
    written.
    """
    waiting, seen = [(prefix, module)], {id(module)}
    while waiting:
        runtime.spend(1)
        path, part = waiting.pop()
        if not isinstance(part, Module):
            continue
        for name, parameter in _held(part, "_parameters"):
            if is_parameter(parameter):
                meta_of(parameter).name = f"{path}.{name}"
        for name, inner in _held(part, "_modules"):
            if id(inner) not in seen:
                seen.add(id(inner))
                waiting.append((f"{path}.{name}", inner))


def _held(module: Module, registry: str) -> Any:
    found = vars(module).get(registry)
    return list(found.items()) if isinstance(found, dict) else ()


def text_of(module: Any) -> str:
    """The text of a part of a module: a module's own, or that of what a program put there."""
    return repr(module) if isinstance(module, Module) else runtime.text(module, repr)


class Module:
    """What holds parameters, buffers and other modules, and is called like a function.

    Subclass it: make parts in `__init__` after `super().__init__()`, and write `forward`.
    """

    __module__ = "torch.nn.modules.module"

    _version = 1
    training: bool
    dump_patches = False
    call_super_init = False

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    _is_full_backward_hook: bool | None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        home, _, file = cls.__module__.rpartition(".")
        if home == __name__.rpartition(".")[0]:
            cls.__module__ = f"torch.nn.modules.{_HOMES.get(file, file)}"
            init = cls.__dict__.get("__init__")
            if init is not None and takes_device(init):
                cls.__init__ = placed(init)  # type: ignore[method-assign]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        name = f"{type(self).__name__}.__init__()"
        if kwargs:
            raise TypeError(f"{name} got an unexpected keyword argument '{next(iter(kwargs))}'")
        if args:
            raise TypeError(f"{name} takes 1 positional argument but {len(args) + 1} were given")
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _backward_pre_hooks=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _is_full_backward_hook=None,
            _forward_hooks=OrderedDict(),
            _forward_hooks_with_kwargs=OrderedDict(),
            _forward_hooks_always_called=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_pre_hooks_with_kwargs=OrderedDict(),
            _state_dict_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
            _modules={},
        )

    # ------------------------------------------------------------ attributes

    def __getattr__(self, name: str) -> Any:
        held = self.__dict__
        for registry in _REGISTRIES:
            if registry in held and name in (found := held[registry]):
                return found[name]
        computing = parametrization_of(self, name)
        if computing is not None:
            return computing.value()
        raise AttributeError(
            f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self
        )

    def __setattr__(self, name: str, value: Any) -> None:
        """Raises TypeError where something else stands for a parameter, module or buffer."""
        held = self.__dict__
        parameters = held.get("_parameters")
        computing = parametrization_of(self, name)
        if computing is not None:
            computing.right_inverse(value)
            return
        if is_parameter(value):
            if parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self.__forget(name, "_buffers", "_modules")
            self.register_parameter(name, value)
            return
        if parameters is not None and name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, None)
            return
        modules = held.get("_modules")
        if isinstance(value, Module):
            if modules is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self.__forget(name, "_parameters", "_buffers")
            modules[name] = replaced(everywhere.modules, self, name, value)
            give_names(name, value)
            return
        if modules is not None and name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{typename(value)}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            modules[name] = replaced(everywhere.modules, self, name, None)
            return
        buffers: Any = held.get("_buffers")
        kind = kind_of(value) if type(value) is Tensor else ""
        if kind or (buffers is not None and name in buffers):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{typename(value)}' as buffer '{name}' "
                    "(torch.nn.Buffer, torch.Tensor or None expected)"
                )
            if kind:
                self.__forget(name, "_parameters", "_modules", "_buffers")
                self.register_buffer(name, value, kind == PERSISTENT)
            else:
                buffers[name] = replaced(everywhere.buffers, self, name, value)
            return
        held[name] = value

    def __forget(self, name: str, *registries: str) -> None:
        held = self.__dict__
        held.pop(name, None)
        for registry in registries:
            held[registry].pop(name, None)
        if "_buffers" in registries:
            self._non_persistent_buffers_set.discard(name)

    def __delattr__(self, name: str) -> None:
        held = self.__dict__
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        elif name in held:
            del held[name]
        else:
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self
            )

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *self._parameters, *self._modules, *self._buffers}
        computed = self._modules.get("parametrizations")
        if isinstance(computed, Module):
            names.update(computed._modules)
        return sorted(name for name in names if name and not name[0].isdigit())

    # ------------------------------------------------------------ registration

    def __check_name(self, what: str, name: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{what} name should be a string. Got {typename(name)}")
        if "." in name:
            got = f", got: {name}" if what == "module" else ""
            raise KeyError(f'{what} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')

    def register_parameter(self, name: str, param: Any) -> None:
        """Add a parameter, or None for one that is left out.

        Raises KeyError for a name that is taken, TypeError for what is no parameter.
        """
        runtime.check()
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self.__check_name("parameter", name)
        if name not in self._parameters and has_attribute(self, name):
            raise KeyError(f"attribute '{name}' already exists")
        if param is not None and not is_parameter(param):
            raise TypeError(
                f"cannot assign '{typename(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param is not None and not is_leaf(param):
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, compute "
                "the value in the forward() method."
            )
        if param is not None:
            param = replaced(everywhere.parameters, self, name, param)
            meta_of(param).name = name
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Add a tensor that is no parameter; `state_dict` has it if it is persistent."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self.__check_name("buffer", name)
        if name not in self._buffers and has_attribute(self, name):
            raise KeyError(f"attribute '{name}' already exists")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = replaced(everywhere.buffers, self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a module, or None. Raises as `register_parameter` does."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self.__check_name("module", name)
        if name not in self._modules and has_attribute(self, name):
            raise KeyError(f"attribute '{name}' already exists")
        self._modules[name] = replaced(everywhere.modules, self, name, module)
        give_names(name, module)

    def register_module(self, name: str, module: Any) -> None:
        """Another name of `add_module`."""
        self.add_module(name, module)

    # ------------------------------------------------------------ by dotted names

    def get_submodule(self, target: str) -> Any:
        """The module of this dotted name. Raises AttributeError when there is none."""
        if target == "":
            return self
        found: Any = self
        for name in target.split("."):
            if not has_attribute(found, name):
                raise AttributeError(f"{found._get_name()} has no attribute `{name}`")
            inner = found._modules.get(name, vars(found).get(name))
            if not isinstance(inner, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
            found = inner
        return found

    def set_submodule(self, target: str, module: Any, strict: bool = False) -> None:
        """Put a module at this dotted name; with `strict` only where there is one already."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        path, _, name = target.rpartition(".")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        parent = self.get_submodule(path)
        if strict and not has_attribute(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if has_attribute(parent, name) and not isinstance(
            parent._modules.get(name, vars(parent).get(name)), Module
        ):
            raise AttributeError(f"`{name}` is not an nn.Module")
        Module.__setattr__(parent, name, module)

    def get_parameter(self, target: str) -> Any:
        """The parameter of this dotted name. Raises AttributeError when there is none."""
        owner, name = self.__owner(target)
        found = owner._parameters.get(name)
        if not is_parameter(found):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Any:
        """The buffer of this dotted name. Raises AttributeError when there is none."""
        owner, name = self.__owner(target)
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return owner._buffers[name]

    def __owner(self, target: str) -> tuple[Any, str]:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not has_attribute(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        return owner, name

    # ------------------------------------------------------------ what is inside

    def _named_members(
        self,
        members: Callable[[Any], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Named:
        seen: set[int] = set()
        modules: Any = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            for name, value in members(module):
                runtime.spend(1)
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """The parameters, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Named:
        """The parameters with their dotted names."""
        yield from self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """The buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Named:
        """The buffers with their dotted names."""
        yield from self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def children(self) -> Iterator[Any]:
        """The modules directly inside, each once."""
        for _, module in self.named_children():
            yield module

    def named_children(self) -> Named:
        """The modules directly inside with their names."""
        seen = set()
        for name, module in self._modules.items():
            runtime.spend(1)
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self) -> Iterator[Any]:
        """This module and all that are inside, each once."""
        for _, module in self.named_modules():
            yield module

    def named_modules(
        self, memo: Any = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Named:
        """This module and all that are inside, with their dotted names."""
        runtime.spend(1)
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    # ------------------------------------------------------------ changes of all that is inside

    def apply(self: Self, fn: Callable[[Any], Any]) -> Self:
        """Call `fn` with every module inside, then with this one."""
        runtime.spend(1)
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Set training mode here and inside."""
        runtime.spend(1)
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.__dict__["training"] = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Set evaluation mode here and inside."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Let all parameters require grad, or not."""
        for parameter in self.parameters():
            if not isinstance(requires_grad, bool):
                raise TypeError(
                    "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
                    f"{type_name(requires_grad)}"
                )
            requires_grad_(parameter, requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for parameter in self.parameters():
            gradient = grad(parameter)
            if gradient is None:
                continue
            if set_to_none:
                set_grad(parameter, None)
            else:
                if is_leaf(gradient):
                    requires_grad_(gradient, False)
                else:
                    detach_(gradient)
                torch.zero_(gradient)

    def _apply(self: Self, fn: Callable[[Any], Any], recurse: bool = True) -> Self:
        runtime.spend(1)
        if recurse:
            for module in self.children():
                module._apply(fn)
        for part in (*self._parameters.values(), *self._buffers.values()):
            if isinstance(part, Uninitialized):
                part.recast(fn)
        for parameter in self._parameters.values():
            if parameter is None or isinstance(parameter, Uninitialized):
                continue
            with no_grad():
                changed = fn(parameter)
            gradient = grad(parameter)
            if changed is not parameter:
                if gradient is not None:
                    set_grad(parameter, None)
                set_data(parameter, data(changed), moves=True)
            if gradient is not None:
                with no_grad():
                    made = fn(gradient)
                if made is not gradient:
                    wanted = requires_grad(gradient)
                    gradient = requires_grad_(data(made), wanted)
                set_grad(parameter, gradient)
        for name, buffer in self._buffers.items():
            if buffer is not None and not isinstance(buffer, Uninitialized):
                self._buffers[name] = fn(buffer)
        return self

    def float(self: Self) -> Self:
        """Turn all floating point parameters and buffers into float32."""
        return self._apply(lambda tensor: cast(tensor, float32))

    def double(self: Self) -> Self:
        """Turn all floating point parameters and buffers into float64."""
        return self._apply(lambda tensor: cast(tensor, float64))

    def half(self: Self) -> Self:
        """Turn all floating point parameters and buffers into float16."""
        return self._apply(lambda tensor: cast(tensor, float16))

    def bfloat16(self: Self) -> Self:
        """Turn all floating point parameters and buffers into bfloat16."""
        return self._apply(lambda tensor: cast(tensor, bfloat16))

    def type(self: Self, dst_type: Any) -> Self:
        """Turn all parameters and buffers into a dtype."""
        return self._apply(lambda tensor: converted(tensor, dtype_of(dst_type)))

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Turn floating point parameters and buffers into a dtype; a device must be the CPU.

        Takes a dtype, a device, both, or a tensor that has them. Raises TypeError for a dtype that
        is neither floating point nor complex.
        """
        layout = kwargs.pop("memory_format", None) or preserve_format
        dtype, device = wanted(*args, **kwargs)
        if dtype is None and device is None and layout is preserve_format:
            return self
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={dtype}"
            )
        return self._apply(lambda tensor: _moved(tensor, dtype, device, layout))

    def to_empty(self: Self, *, device: Any, recurse: bool = True) -> Self:
        """Give parameters and buffers memory of their own, with zeros."""
        Device(device).require()
        return self._apply(lambda tensor: torch.zeros_like(tensor, device=device), recurse)

    def cpu(self: Self) -> Self:
        """The module itself where it is on the CPU; there is no way back from `meta`."""
        return self._apply(lambda tensor: _moved(tensor, None, cpu))

    def cuda(self: Self, device: Any = None) -> Self:
        """Raises AssertionError: there is no GPU."""
        if any(True for _ in self.parameters()) or any(True for _ in self.buffers()):
            Device("cuda").require()
        return self

    def xpu(self: Self, device: Any = None) -> Self:
        """Raises RuntimeError: there is no such device."""
        if any(True for _ in self.parameters()) or any(True for _ in self.buffers()):
            Device("xpu").require()
        return self

    def share_memory(self: Self) -> Self:
        """The module itself: a program has one process. Raises RuntimeError before lazy layers
        know their sizes."""
        if any(map(is_lazy, chain(self.parameters(), self.buffers()))):
            raise RuntimeError(
                "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
                "initialize the parameters before calling `module.share_memory()`."
            )
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Does nothing: what is computed is the same."""

    # ------------------------------------------------------------ calls

    def forward(self, *input: Any) -> Any:
        """Compute the result; programs write it. Raises NotImplementedError here."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        runtime.spend(1)  # a tree of few modules may hold one of them any number of times
        if not (
            self._backward_hooks
            or self._backward_pre_hooks
            or self._forward_hooks
            or self._forward_pre_hooks
            or everywhere.any()
        ):
            return self.forward(*args, **kwargs)
        called: set[int] = set()
        given_last: list[Any] = [args, kwargs]
        try:
            return self.__call_hooked(args, kwargs, called, given_last)
        except Exception:
            result = None
            args, kwargs = given_last
            for hooks, flags, with_kwargs in (
                (everywhere.forward, everywhere.always_called, everywhere.with_kwargs),
                (
                    self._forward_hooks,
                    self._forward_hooks_always_called,
                    self._forward_hooks_with_kwargs,
                ),
            ):
                for key, hook in list(hooks.items()):
                    if key in flags and key not in called:
                        given = (args, kwargs) if key in with_kwargs else (args,)
                        changed = hook(self, *given, result)
                        result = result if changed is None else changed
            raise

    def __call_hooked(
        self, args: Any, kwargs: dict[str, Any], called: set[int], given_last: list[Any]
    ) -> Any:
        full = list(everywhere.backward.values()) if everywhere.full is True else []
        older = list(everywhere.backward.values()) if everywhere.full is False else []
        if self._is_full_backward_hook is True:
            full += self._backward_hooks.values()
        elif self._is_full_backward_hook is False:
            older += self._backward_hooks.values()
        before = [*everywhere.backward_pre.values(), *self._backward_pre_hooks.values()]
        for key, hook in [*everywhere.forward_pre.items(), *self._forward_pre_hooks.items()]:
            if key in self._forward_pre_hooks_with_kwargs:
                changed = hook(self, args, kwargs)
                if changed is None:
                    continue
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {runtime.text(changed)}."
                    )
                args, kwargs = changed
            else:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
            given_last[:] = args, kwargs
        watch = BackwardHook(self, full, before) if full or before else None
        if watch is not None:
            args = watch.watch_inputs(args)
        result = self.forward(*args, **kwargs)
        for key, hook in [*everywhere.forward.items(), *self._forward_hooks.items()]:
            if key in self._forward_hooks_always_called or key in everywhere.always_called:
                called.add(key)
            if key in self._forward_hooks_with_kwargs or key in everywhere.with_kwargs:
                changed = hook(self, args, kwargs, result)
            else:
                changed = hook(self, args, result)
            if changed is not None:
                result = changed
        if watch is not None:
            warn_about_result(result)
            result = watch.watch_outputs(result)
        if older:
            watch_result(self, result, older)
        return result

    # ------------------------------------------------------------ hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before every call; what it returns replaces the arguments."""
        handle = added(self._forward_pre_hooks, hook, prepend)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs[handle.id] = True
        return handle

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after every call; what it returns replaces the output.

        With `always_call` also when `forward` raises.
        """
        handle = added(self._forward_hooks, hook, prepend)
        if with_kwargs:
            self._forward_hooks_with_kwargs[handle.id] = True
        if always_call:
            self._forward_hooks_always_called[handle.id] = True
        return handle

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the output are known."""
        return added(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the input are known.

        What it returns replaces them. Raises RuntimeError beside a hook of the older kind.
        """
        self.__one_kind(True)
        return added(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """The older kind: a hook on the node that made the output."""
        self.__one_kind(False)
        return added(self._backward_hooks, hook)

    def __one_kind(self, full: bool) -> None:
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single "
                "Module. Please use only one of them."
            )
        self._is_full_backward_hook = full

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before `state_dict` reads the module."""
        return added(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, local_metadata)` after `state_dict`."""
        return added(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        return added(self._state_dict_hooks, hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        kept = WrappedHook(hook, self) if with_module else hook
        return added(self._load_state_dict_pre_hooks, kept)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state_dict, prefix, …)` before `load_state_dict` reads the module."""
        return added(self._load_state_dict_pre_hooks, WrappedHook(hook, self))

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, incompatible_keys)` after `load_state_dict`."""
        return added(self._load_state_dict_post_hooks, hook)

    # ------------------------------------------------------------ state

    def get_extra_state(self) -> Any:
        """What `state_dict` has of a module besides tensors; programs may write it."""
        raise RuntimeError(_NEVER.format("get_extra_state"))

    def set_extra_state(self, state: Any) -> None:
        """Take what `get_extra_state` gave; programs may write it."""
        raise RuntimeError(_NEVER.format("set_extra_state"))

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Parameters and persistent buffers by dotted name, detached."""
        if args:
            destination = args[0] if destination is None else destination
            prefix = args[1] if len(args) > 1 and prefix == "" else prefix
            keep_vars = args[2] if len(args) > 2 and keep_vars is False else keep_vars
        return states.state_dict(self, destination, prefix, keep_vars)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        extra = type(self).get_extra_state is not Module.get_extra_state
        states.save(self, destination, prefix, keep_vars, extra)

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> Any:
        """Copy what `state_dict` gave into the module; with `assign` take its tensors.

        Raises RuntimeError for keys that are missing or too many, and for other shapes.
        """
        return states.load_state_dict(self, state_dict, strict, assign)

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        states.load(
            self,
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
            type(self).set_extra_state is not Module.set_extra_state,
        )

    # ------------------------------------------------------------ text

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What the text of the module says in its parentheses; programs may write it."""
        return ""

    @speaking_once
    def __repr__(self) -> str:
        runtime.spend(1)
        extra = self.__extra()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [
            f"({name}): {indented(text_of(module), 2)}" for name, module in self._modules.items()
        ]
        lines = extra_lines + child_lines
        main = f"{self._get_name()}("
        if lines:
            if len(extra_lines) == 1 and not child_lines:
                main += extra_lines[0]
            else:
                main += "\n  " + "\n  ".join(lines) + "\n"
        runtime.reserve(4 * len(main))
        return main + ")"

    def __extra(self) -> Any:
        """What `extra_repr` says; of a layer of ours after a look at the settings it shows."""
        if not isinstance(vars(self).get("extra_repr", type(self).extra_repr), FunctionType):
            return self.extra_repr()
        settings = [
            value
            for name, value in vars(self).items()
            if not name.startswith("_") and not isinstance(value, Module)
        ]
        return runtime.text(settings, lambda _: self.extra_repr())


_NEVER = (
    "Reached a code path in Module.{}() that should never be called. Please file an issue at "
    "https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml to report this bug."
)


def indented(text: str, spaces: int) -> str:
    """A text whose lines after the first are indented."""
    return text.replace("\n", "\n" + " " * spaces)


def _moved(
    tensor: Tensor,
    dtype: DType | None,
    device: Device | None,
    layout: memory_format = preserve_format,
) -> Tensor:
    """A tensor of a module as `to` wants it; integers keep their dtype, and only images and
    volumes get another layout."""
    if dtype is None or not (tensor.dtype.is_floating_point or tensor.dtype.is_complex):
        dtype = tensor.dtype
    if device == meta:
        return to_meta(tensor, dtype)
    if device is not None and tensor.level is META:
        raise NotImplementedError(
            f"{NO_DATA} Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to() when "
            "moving module from meta to a different device."
        )
    if len(shape_of(tensor)) not in (4, 5):
        layout = preserve_format
    if layout is preserve_format:
        return cast(tensor, dtype, True)
    made: Tensor = get_op("_to_copy").call(tensor, dtype, memory_format=layout)
    return made


def wanted(*args: Any, **kwargs: Any) -> tuple[DType | None, Device | None]:
    """The dtype and the device that `to` was given. Raises for a device that is not there."""
    dtype = kwargs.pop("dtype", None)
    device = kwargs.pop("device", None)
    other = kwargs.pop("tensor", None)
    kwargs.pop("non_blocking", None)
    for name in kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{name}'")
    for value in args:
        if isinstance(value, DType):
            dtype = value
        elif type(value) is Tensor:
            other = value
        elif isinstance(value, bool):
            continue
        elif value is not None:
            device = value
    if device is not None:
        device = Device(device)
        device.require()
    if other is not None:
        return other.dtype, meta if other.level is META else cpu
    return dtype, device


def dtype_of(kind: Any) -> Any:
    """The dtype that `type` was given: itself, or one by the name of its tensors' class."""
    if isinstance(kind, str):
        named = next((dtype for dtype in ALL if dtype.tensor_name == kind), None)
        if named is None:
            raise ValueError(f"invalid type: '{kind}'")
        return named
    return kind if isinstance(kind, DType) else getattr(kind, "dtype", kind)

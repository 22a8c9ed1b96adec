"""`torch.save` and `torch.load`: deep copies of values in files of a program.

Nothing is pickled. What can be loaded with `weights_only=True` is decided by the kinds of values,
as PyTorch decides by the names in a pickle. Tensors that share memory share it in the copy.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from gradcli.autograd.leaf import requires_grad_
from gradcli.autograd.modes import requires_grad
from gradcli.autograd.node import attributes_of, is_parameter, kind_of, mark, meta_of
from gradcli.language.machine.sizes import DEPTH, FLAT
from gradcli.language.machine.state import counted, machine
from gradcli.language.values.attributes import LOADERS, load_from
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.functions import Builtin, Function
from gradcli.language.values.python_types import TABLES
from gradcli.language.values.text import text_repr
from gradcli.table.memory.meta import emptied
from gradcli.tensor.device import Device, layout
from gradcli.tensor.dtypes import Array, DType
from gradcli.tensor.mappings import Counter, OrderedDict
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import META, Size, Tensor, make, own_memory

from .memory_files import Content, Stream, content_of, new_content
from .python.copy import SAVING, copied


class PickleError(Exception):
    """`pickle.PickleError`."""

    __module__ = "_pickle"


class PicklingError(PickleError):
    """A value that cannot be saved."""

    __module__ = "_pickle"


class UnpicklingError(PickleError):
    """A file that cannot be loaded."""

    __module__ = "_pickle"


# Copies


class _Copy:
    """One deep copy: what was copied, by identity, and the memory under tensors."""

    def __init__(self) -> None:
        self.made: dict[int, Any] = {}
        self.kept: list[Any] = []  # so that no identity is used twice
        self.memory: dict[int, Array] = {}
        self.depth = 0

    def __call__(self, value: Any) -> Any:
        found = self.made.get(id(value))
        if found is not None:
            return found
        if self.depth > DEPTH:
            raise RecursionError("maximum recursion depth exceeded")
        machine.spend(1)
        self.depth += 1
        made = self._tensor(value) if type(value) is Tensor else self._other(value)
        self.depth -= 1
        self.made[id(value)] = made
        self.kept.append(value)
        return made

    def _other(self, value: Any) -> Any:
        if type(value) in (Function, FunctionType):
            name = value.__qualname__
            if "<locals>" in name:
                raise AttributeError(f"Can't pickle local object '{name}'")
            if "<lambda>" in name:
                raise PicklingError(
                    f"Can't pickle {text_repr(value)}: attribute lookup {name} on __main__ failed"
                )
        elif isinstance(value, Stream):
            raise TypeError(f"cannot pickle '_io.{type(value).__name__}' object")
        for kind, check in SAVING.items():
            if isinstance(value, kind):
                check(value)
        return copied(value, self, self.made)

    def _tensor(self, tensor: Tensor) -> Tensor:
        if tensor.level is not None and tensor.level.value is not None:
            raise RuntimeError("a tensor inside a transform cannot be saved")
        if tensor.level is META:
            other = emptied(tensor)
        else:
            other = make(self._array(tensor), tensor.dtype)
        if requires_grad(tensor):
            requires_grad_(other)
        if kind_of(tensor):
            mark(other, kind_of(tensor))
        added = attributes_of(tensor)
        if added:
            own = {"__class__": added["__class__"]} if "__class__" in added else {}
            if not is_parameter(tensor):
                own |= {name: self(item) for name, item in added.items() if name != "__class__"}
            meta_of(other).attributes = own or None
        return other

    def _array(self, tensor: Tensor) -> Array:
        array = own_memory(tensor)
        base = array
        while isinstance(base.base, np.ndarray) and base.base.dtype == array.dtype:
            base = base.base
        whole = base.flags.c_contiguous or base.flags.f_contiguous
        memory = self.memory.get(id(base))
        if memory is None:
            runtime.reserve(base.nbytes if whole else array.nbytes)
            if not whole:
                return array.copy()
            memory = self.memory[id(base)] = base.copy(order="K")
            self.kept.append(base)
        start = array.__array_interface__["data"][0] - base.__array_interface__["data"][0]
        if not array.size:
            return np.empty(array.shape, array.dtype)
        return np.ndarray(array.shape, array.dtype, memory, start, array.strides)


# What weights_only=True allows

_SAFE = frozenset(
    (
        *(int, float, complex, bool, str, type(None), Tensor, Size, DType, Device, layout),
        *(list, tuple, dict, set, OrderedDict, Counter),
    )
)


class SafeGlobals:
    """`torch.serialization.safe_globals`: classes that may be loaded inside a block."""

    __module__ = "torch.serialization"
    __slots__ = ("before", "given")

    def __init__(self, safe_globals: Any) -> None:
        self.given = [*counted(safe_globals)]
        self.before: list[Any] = []

    def __enter__(self) -> None:
        self.before = _allowed()
        machine.files.trusted = [*self.before, *self.given]

    def __exit__(self, *_: object) -> None:
        machine.files.trusted = self.before


SafeGlobals.__name__ = SafeGlobals.__qualname__ = "safe_globals"
FLAT.add(SafeGlobals)
TABLES[SafeGlobals] = {}
LOADERS[SafeGlobals] = load_from({})


def _allowed() -> list[Any]:
    return machine.files.trusted


def safe_globals(safe_globals: Any) -> SafeGlobals:
    """Classes that may be loaded with `weights_only=True` inside a block."""
    return SafeGlobals(safe_globals)


def add_safe_globals(safe_globals: Any) -> None:
    """Let objects of classes be loaded with `weights_only=True`."""
    machine.files.trusted = [*_allowed(), *counted(safe_globals)]


def get_safe_globals() -> list[Any]:
    """The classes that were added."""
    return list(_allowed())


def clear_safe_globals() -> None:
    """Forget the classes that were added."""
    machine.files.trusted = []


def _check_weights(saved: Any) -> None:
    """Raise UnpicklingError for the first value of a kind that needs more than weights."""
    seen: set[int] = set()
    waiting = [saved]
    allowed = _allowed()
    while waiting:
        value = waiting.pop()
        kind = type(value)
        machine.spend(1)
        if kind in _SAFE:
            if is_parameter(value) and "__class__" in attributes_of(value):
                _check_class(attributes_of(value)["__class__"], allowed)
            if kind in (int, float, complex, bool, str) or id(value) in seen:
                continue
            seen.add(id(value))
            waiting += reversed(_parts(value))
            continue
        if isinstance(value, type | Function | FunctionType | Builtin | BuiltinFunctionType):
            _check_class(value, allowed)
        else:
            _check_class(kind, allowed)
            if id(value) not in seen:
                seen.add(id(value))
                waiting += reversed(_parts(value))


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        machine.reserve(16 * len(value))
        return [part for pair in value.items() for part in pair]
    if isinstance(value, list | tuple | set | frozenset | collections.deque):
        return list(value)
    attributes = getattr(value, "__dict__", None)
    return [*attributes.values()] if isinstance(attributes, dict) else []


def _check_class(kind: Any, allowed: Iterable[Any]) -> None:
    if any(kind is known or getattr(known, "kind", None) is kind for known in allowed):
        return
    name = _global_name(kind)
    raise UnpicklingError(
        "Weights only load failed. This file can still be loaded, to do so you have two options, "
        "\033[1mdo those steps only if you trust the source of the checkpoint\033[0m. \n"
        "\t(1) In PyTorch 2.6, we changed the default value of the `weights_only` argument in "
        "`torch.load` from `False` to `True`. Re-running `torch.load` with `weights_only` set to "
        "`False` will likely succeed, but it can result in arbitrary code execution. Do it only if "
        "you got the file from a trusted source.\n"
        "\t(2) Alternatively, to load with `weights_only=True` please check the recommended steps "
        "in the following error message.\n"
        f"\tWeightsUnpickler error: Unsupported global: GLOBAL {name} was not an allowed global by "
        f"default. Please use `torch.serialization.add_safe_globals([{name}])` or the "
        f"`torch.serialization.safe_globals([{name}])` context manager to allowlist this global if "
        "you trust this class/function.\n\n"
        "Check the documentation of torch.load to learn more about types accepted by default with "
        "weights_only https://pytorch.org/docs/stable/generated/torch.load.html."
    )


def _global_name(kind: Any) -> str:
    """The name by which a pickle would find a class or a function."""
    if kind is np.ndarray:
        return "numpy._core.multiarray._reconstruct"
    if isinstance(kind, type) and issubclass(kind, np.generic):
        return "numpy._core.multiarray.scalar"
    name = getattr(kind, "__qualname__", type(kind).__name__)
    module = getattr(kind, "module", "") or getattr(kind, "__module__", "") or ""
    if isinstance(kind, type) and module.startswith("gradcli."):
        module = "torch." + module.partition(".")[2]
    elif module.startswith("gradcli."):
        module = _space(kind, name)
    if module == "torch.nn" or module == "torch.optim":
        module = _home(module, name)
    if isinstance(kind, type) and issubclass(kind, BaseException) and module == "builtins":
        module = "exceptions"
    if module in ("builtins", ""):
        return str(name)
    return f"{module}.{name}"


def _space(function: Any, name: str) -> str:
    """The module of torch in which programs find a function."""
    from gradcli.torch import namespaces

    for space in ("torch.nn.functional", *namespaces.MODULES):
        try:
            if namespaces.lookup(space, name) is function:
                return space
        except KeyError:
            continue
    return "torch"


def _home(module: str, name: str) -> str:
    """The file of PyTorch's that defines a class of torch.nn or torch.optim."""
    from gradcli.torch import namespaces

    prefix = "torch.nn.modules." if module == "torch.nn" else "torch.optim."
    homes = (space for space in namespaces.MODULES if space.startswith(prefix))
    return next((space for space in homes if name in namespaces.NAMES[space]), module)


# Saving and loading


def _content(f: Any, reading: bool) -> Any:
    if isinstance(f, str):
        return content_of(f) if reading else _new_archive(f)
    if isinstance(f, Stream):
        return f
    if reading:
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute 'seek'. You can only torch.load from a "
            "file that is seekable. Please pre-load the data into a buffer like io.BytesIO and try "
            "to load from it instead."
        )
    raise AttributeError(
        "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
    )


def _new_archive(name: str) -> Content:
    """An empty file for values. Raises RuntimeError where no file of this name can be."""
    if not name:
        raise RuntimeError("[enforce fail at inline_container.cc:720] . invalid file name: ")
    try:
        return new_content(name)
    except FileNotFoundError:
        parent = name.rpartition("/")[0]
        raise RuntimeError(f"Parent directory {parent} does not exist.") from None
    except IsADirectoryError:
        raise RuntimeError(
            "[enforce fail at inline_container.cc:747] . open file failed with strerror: "
            "Is a directory"
        ) from None


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = None,
    pickle_protocol: Any = 2,
    _use_new_zipfile_serialization: Any = True,
) -> None:
    """Keep a deep copy of `obj` in a file of the program, or in a buffer."""
    if isinstance(f, Stream):
        f.check(writing=True)
        if hasattr(f, "writelines"):
            raise TypeError("write() argument must be str, not bytes")
    elif not isinstance(f, str):
        _content(f, False)
    saved = (_Copy()(obj),)
    target = _content(f, False)
    if isinstance(target, Content):
        target.saved.append(saved)
    else:
        target.put(saved)


_CUDA = (
    "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If "
    "you are running on a CPU-only machine, please use torch.load with "
    "map_location=torch.device('cpu') to map your storages to the CPU."
)


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: Any = None,
    mmap: Any = None,
    **pickle_load_args: Any,
) -> Any:
    """A deep copy of what `save` kept.

    Raises FileNotFoundError for a name that the program did not write, EOFError at the end of a
    buffer, UnpicklingError for what `weights_only=True` does not allow.
    """
    source = _content(f, True)
    if isinstance(source, Content):
        saved = source.saved[0] if source.saved else None
        if saved is None and source.text:
            raise UnpicklingError("Weights only load failed. The file holds text, no saved values.")
    else:
        saved = source.take()
    if saved is None:
        raise EOFError(*(["Ran out of input"] if weights_only is False else []))
    if weights_only is None or weights_only:
        _check_weights(saved[0])
    move = _mover(map_location)
    made = _Copy()(saved[0])
    return made if move is None else _moved(made, move)


def _mover(place: Any) -> Callable[[Tensor], Any] | None:
    """What brings tensors where `map_location` says; None where they are."""
    if place is None or isinstance(place, dict):
        return None
    if isinstance(place, str | Device):
        device = Device(place)
        if device.type == "cpu":
            return None
        if device.type == "cuda":
            raise RuntimeError(_CUDA)
        if device.type == "meta":
            from gradcli.torch.namespaces import tensor_method

            to = tensor_method("to")
            return lambda tensor: to(tensor, device)
        device.require()
    place = callable_value(place)
    if not callable(place):
        raise TypeError(f"'{type(place).__name__}' object is not callable")
    from gradcli.torch.namespaces import tensor_method

    storage = tensor_method("untyped_storage")

    def ask(tensor: Tensor) -> Tensor:
        place(storage(tensor), "cpu")
        return tensor

    return ask


def _moved(value: Any, move: Callable[[Tensor], Any]) -> Any:
    """The value with its tensors moved: those in containers; modules are asked themselves."""
    if type(value) is Tensor:
        return move(value)
    if isinstance(value, dict):
        for key in list(counted(value)):
            value[key] = _moved(value[key], move)
    elif type(value) is list:
        value[:] = [_moved(item, move) for item in counted(value)]
    elif type(value) is tuple:
        return tuple([_moved(item, move) for item in counted(value)])
    return value

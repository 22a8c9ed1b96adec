"""Modules and parameters in lists and dictionaries, and modules one after another."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from ..autograd.node import is_parameter
from ..tensor.dtypes import typename
from ..tensor.mappings import OrderedDict
from ..tensor.runtime import runtime, speaking_once
from ..tensor.tensor import Tensor, shape_of
from .module import Module, indented, tensor_of, text_of
from .parameter import Parameter


def place(index: Any, length: int) -> int:
    """An index from either end as one from the front. Raises IndexError outside."""
    at = operator.index(index)
    if not -length <= at < length:
        raise IndexError(f"index {at} is out of range")
    return at % length if length else at


def _renumber(container: Module, modules: list[Any]) -> None:
    """Let a container have these modules, named by their places."""
    container._modules.clear()
    container._modules.update({str(at): module for at, module in enumerate(modules)})


class Sequential(Module):
    """Modules that are called one after another, each with what the one before returned."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for key, module in args[0].items():
                self.add_module(key, module)
        else:
            for at, module in enumerate(args):
                self.add_module(str(at), module)

    def _key(self, index: Any) -> str:
        return next(islice(self._modules, place(index, len(self)), None))

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, slice):
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        at = operator.index(idx)
        if not -len(self) <= at < len(self):
            raise IndexError(f"index {at} is out of range")
        return self._modules[self._key(at)]

    def __setitem__(self, idx: Any, module: Any) -> None:
        Module.__setattr__(self, self._key(idx), module)

    def __delitem__(self, idx: Any) -> None:
        keys = list(self._modules)[idx] if isinstance(idx, slice) else [self._key(idx)]
        for key in keys:
            Module.__delattr__(self, key)
        _renumber(self, list(self._modules.values()))

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __add__(self, other: Any) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(
                "add operator supports only objects of Sequential class, but "
                f"{type(other)} is given."
            )
        made = Sequential()
        for module in chain(self, other):
            made.append(module)
        return made

    def __iadd__(self, other: Any) -> Any:
        if not isinstance(other, Sequential):
            raise ValueError(
                "add operator supports only objects of Sequential class, but "
                f"{type(other)} is given."
            )
        return self.extend(other)

    def __mul__(self, other: Any) -> Sequential:
        self._check_times(other)
        made = Sequential()
        for _ in range(other):
            for module in self:
                made.append(module)
        return made

    __rmul__ = __mul__

    def __imul__(self, other: Any) -> Any:
        self._check_times(other)
        modules = list(self)
        for _ in range(other - 1):
            for module in modules:
                self.append(module)
        return self

    def _check_times(self, other: Any) -> None:
        if not isinstance(other, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(other)}")
        if other <= 0:
            raise ValueError(f"Non-positive multiplication factor {int(other)} for {type(self)}")
        runtime.reserve(128 * other * len(self))

    def forward(self, input: Any) -> Any:
        """Call the modules in order."""
        for module in self._modules.values():
            input = module(input)
        return input

    def append(self, module: Any) -> Any:
        """Add a module at the end; returns self."""
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key: Any) -> Any:
        """Take a module out."""
        found = self[key]
        del self[key]
        return found

    def insert(self, index: Any, module: Any) -> Any:
        """Put a module before the one at an index; returns self."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        count = len(self)
        if not -count <= index <= count:
            raise IndexError(f"Index out of range: {index}")
        place = index + count if index < 0 else index
        for at in range(count, place, -1):
            self._modules[str(at)] = self._modules[str(at - 1)]
        self._modules[str(place)] = module
        return self

    def extend(self, sequential: Any) -> Any:
        """Add modules at the end; returns self."""
        for module in list(sequential):
            self.append(module)
        return self


class ModuleList(Module):
    """Modules in a list; they are found by index and not called."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _key(self, index: Any) -> str:
        return str(place(index, len(self)))

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, slice):
            return type(self)(list(self._modules.values())[idx])
        return self._modules[self._key(idx)]

    def __setitem__(self, idx: Any, module: Any) -> None:
        Module.__setattr__(self, self._key(idx), module)

    def __delitem__(self, idx: Any) -> None:
        count = len(self)
        keys = range(count)[idx] if isinstance(idx, slice) else [place(idx, count)]
        for key in keys:
            Module.__delattr__(self, str(key))
        _renumber(self, list(self._modules.values()))

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __iadd__(self, modules: Any) -> Any:
        return self.extend(modules)

    def __add__(self, other: Any) -> ModuleList:
        made = ModuleList()
        for at, module in enumerate(chain(self, other)):
            made.add_module(str(at), module)
        return made

    def insert(self, index: int, module: Any) -> None:
        """Put a module before the one at an index."""
        for at in range(len(self._modules), index, -1):
            self._modules[str(at)] = self._modules[str(at - 1)]
        self._modules[str(index)] = module

    def append(self, module: Any) -> Any:
        """Add a module at the end; returns self."""
        self.add_module(str(len(self)), module)
        return self

    def pop(self, key: Any) -> Any:
        """Take a module out."""
        found = self[key]
        del self[key]
        return found

    def extend(self, modules: Any) -> Any:
        """Add modules at the end; returns self."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleList.extend should be called with an iterable, but got "
                + type(modules).__name__
            )
        offset = len(self)
        for at, module in enumerate(runtime.listed(modules)):
            self.add_module(str(offset + at), module)
        return self

    @speaking_once
    def __repr__(self) -> str:
        """As other modules, with equal neighbours on one line: `(0-2): 3 x ReLU()`."""
        runtime.check()
        texts = [text_of(module) for module in self]
        if not texts:
            return self._get_name() + "()"
        runs = [[0, 0]]
        kinds = [texts[0]]
        for at, text in enumerate(texts[1:], 1):
            if text == kinds[-1]:
                runs[-1][1] = at
            else:
                runs.append([at, at])
                kinds.append(text)
        lines = []
        for (first, last), text in zip(runs, kinds, strict=True):
            line = (
                f"({first}): {text}"
                if first == last
                else f"({first}-{last}): {last - first + 1} x {text}"
            )
            lines.append(indented(line, 2))
        main = self._get_name() + "(\n  " + "\n  ".join(lines) + "\n)"
        runtime.reserve(4 * len(main))
        return main


def _pairs(given: Any, owner: str) -> Iterator[tuple[Any, Any]]:
    """The keys and values that `update` was given. Raises for what is no mapping and no pairs."""
    if not isinstance(given, Iterable):
        named = owner.replace("Parameter", "Parameters")
        raise TypeError(
            f"{named}.update should be called with an iterable of key/value pairs, but got "
            + type(given).__name__
        )
    if isinstance(given, dict | ModuleDict | ParameterDict):
        yield from list(given.items())
        return
    for at, pair in enumerate(runtime.listed(given)):
        if not isinstance(pair, Iterable):
            raise TypeError(
                f"{owner} update sequence element #{at} should be Iterable; is"
                + type(pair).__name__
            )
        pair = runtime.listed(pair)
        if len(pair) != 2:
            raise ValueError(
                f"{owner} update sequence element #{at} has length {len(pair)}; 2 is required"
            )
        yield pair[0], pair[1]


class ModuleDict(Module):
    """Modules in a dictionary."""

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[self._name(key)]

    def __setitem__(self, key: str, module: Any) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[self._name(key)]

    def _name(self, key: Any) -> str:
        """A key, which is looked up by its hash: keys are strings. Raises KeyError."""
        if not isinstance(key, str):
            raise KeyError(key)
        return key

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: Any) -> bool:
        return isinstance(key, str) and key in self._modules

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take a module out."""
        return self._modules.pop(self._name(key))

    def keys(self) -> Any:
        """The keys."""
        return self._modules.keys()

    def items(self) -> Any:
        """The keys and modules."""
        return self._modules.items()

    def values(self) -> Any:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Add modules from a mapping, or from pairs of a key and a module."""
        for key, module in _pairs(modules, "ModuleDict"):
            self[key] = module


def _kept(value: Any) -> Any:
    """A tensor as a parameter, anything else as it is."""
    return Parameter(value) if type(value) is Tensor and not is_parameter(value) else value


def _shown(value: Any, kind: str) -> str:
    """What the text of a list or dictionary of parameters says about one value."""
    if type(value) is not Tensor:
        return f"Object of type: {typename(value)}"
    owner = "Parameter" if is_parameter(value) else "Tensor"
    size = "x".join(map(str, shape_of(value)))
    return f"{owner} containing: [{kind} of size {size}]"


class ParameterList(Module):
    """Parameters in a list, and other values as they are; tensors become parameters."""

    def __init__(self, values: Any = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, slice):
            made = type(self)()
            for at in range(*idx.indices(len(self))):
                made.append(self[at])
            return made
        return tensor_of(self, str(place(idx, len(self))))

    def __setitem__(self, idx: Any, param: Any) -> None:
        Module.__setattr__(self, str(place(idx, len(self))), _kept(param))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[at] for at in range(len(self))])

    def __iadd__(self, parameters: Any) -> Any:
        return self.extend(parameters)

    def append(self, value: Any) -> Any:
        """Add a value at the end; returns self."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Any) -> Any:
        """Add values at the end; returns self."""
        if isinstance(values, Tensor) or not isinstance(values, Iterable):
            raise TypeError(
                "ParameterList.extend should be called with an iterable, but got "
                + type(values).__name__
            )
        for value in runtime.listed(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """A line for each value."""
        return "\n".join(
            f"  ({at}): {_shown(value, repr(value.dtype) if type(value) is Tensor else '')}"
            for at, value in enumerate(self)
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raises RuntimeError: a list of parameters is no function."""
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """Parameters in a dictionary, and other values as they are; tensors become parameters."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _name(self, key: Any) -> str:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string (type "
                f"is '{type(key).__name__}'). Open an issue on github if you need non-string keys."
            )
        return key

    def __getitem__(self, key: Any) -> Any:
        return tensor_of(self, self._name(key))

    def __setitem__(self, key: Any, value: Any) -> None:
        name = self._name(key)
        self._keys[name] = None
        Module.__setattr__(self, name, _kept(value))

    def __delitem__(self, key: Any) -> None:
        name = self._name(key)
        del self._keys[name]
        Module.__delattr__(self, name)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._keys))

    def __contains__(self, key: Any) -> bool:
        return isinstance(key, str) and key in self._keys

    def __or__(self, other: Any) -> ParameterDict:
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other: Any) -> Any:
        """What a plain dictionary has and what this has, in a plain dictionary."""
        if not isinstance(other, dict):
            return NotImplemented
        runtime.reserve(128 * (len(other) + len(self)))
        return {**other, **dict(self.items())}

    def __ior__(self, other: Any) -> Any:
        self.update(other)
        return self

    def copy(self) -> ParameterDict:
        """The same values in another dictionary."""
        return ParameterDict(OrderedDict((key, self[key]) for key in self._keys))

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """The value of a key, which is entered first where it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Take all values out."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: Any) -> Any:
        """Take a value out."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out the key and value that came last."""
        key, _ = self._keys.popitem()
        self._keys[key] = None
        return key, self.pop(key)

    def get(self, key: Any, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self[key] if isinstance(key, str) and key in self._keys else default

    def fromkeys(self, keys: Any, default: Any = None) -> ParameterDict:
        """A dictionary of these keys, all with one value."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> Any:
        """The keys."""
        return self._keys.keys()

    def items(self) -> Any:
        """The keys and values."""
        return ((key, self[key]) for key in list(self._keys))

    def values(self) -> Any:
        """The values."""
        return (self[key] for key in list(self._keys))

    def update(self, parameters: Any) -> None:
        """Add values from a mapping, or from pairs of a key and a value."""
        for key, value in _pairs(parameters, "ParameterDict"):
            self[key] = value

    def extra_repr(self) -> str:
        """A line for each value."""
        return "\n".join(
            f"  ({key}): {_shown(value, typename(value))}" for key, value in self.items()
        )

    def __call__(self, input: Any) -> Any:
        """Raises RuntimeError: a dictionary of parameters is no function."""
        raise RuntimeError("ParameterDict should not be called.")

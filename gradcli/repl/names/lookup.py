"""What a dotted name stands for, found in tables and in the user's variables, never by running it.

Only the namespace is read; attributes of tensors and modules come from their tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gradcli.language.library.prelude import calculator, lazy_names, python
from gradcli.language.values.attributes import names_of
from gradcli.language.values.functions import Builtin, Function, Method
from gradcli.tensor.tensor import Tensor, shape_of
from gradcli.torch import namespaces

from . import modules

if TYPE_CHECKING:
    import inspect

    from gradcli.repl.session.shell import Shell

MISSING = modules.MISSING
SPACES = {
    "torch": "torch",
    "torch.Tensor": "Tensor",
    "torch.nn.functional": "torch.nn.functional",
    "torch.linalg": "torch.linalg",
    "torch.special": "torch.special",
    "torch.fft": "torch.fft",
}


def _first(shell: Shell, name: str) -> Any:
    """The value of a plain name, without resolving lazy ones of torch's functions."""
    if name in shell.names:
        return shell.names[name]
    if name in lazy_names():
        kind, target = lazy_names()[name]
        if kind == "module":
            return calculator()[name]
        if kind == "torch" and f"torch.{target}" in namespaces.MODULES:
            return namespaces.module(f"torch.{target}")
        return MISSING
    if name in python():
        return python()[name]
    return MISSING


def path_of(shell: Shell, name: str) -> str | None:
    """The table's name for a function: `torch.matmul`, `Tensor.sum`; None when it has none."""
    head, _, rest = name.partition(".")
    if not rest:
        if head in shell.names:
            return _table_name(shell.names[head])
        found = lazy_names().get(head)
        if found is None:
            return None
        kind, target = found
        return f"{'torch' if kind == 'shared' else SPACES.get(kind, kind)}.{target}"
    owner, last = _owner(shell, name)
    if type(owner) is Tensor:
        return f"Tensor.{last}"
    if modules.is_module(owner):
        return None
    if isinstance(owner, namespaces.Module):
        return f"{SPACES.get(owner.name, owner.name)}.{last}"
    if owner is MISSING and head == "Tensor":
        return f"Tensor.{last}"
    return None


def _table_name(value: Any) -> str | None:
    name = getattr(value, "__name__", None)
    if name is None or isinstance(value, Function | Method | Builtin | type):
        return None
    return f"torch.{name}"


def _owner(shell: Shell, name: str) -> tuple[Any, str]:
    """The value in front of the last dot, and the name behind it."""
    *parts, last = name.split(".")
    value = _first(shell, parts[0])
    for part in parts[1:]:
        value = member(value, part)
    return value, last


def member(value: Any, name: str) -> Any:
    """An attribute that can be read without running anything."""
    if isinstance(value, namespaces.Module):
        full = f"{value.name}.{name}"
        return namespaces.module(full) if full in namespaces.MODULES else MISSING
    if type(value) is Tensor:
        if name in ("T", "mT", "H", "mH", "data", "real"):
            return value
        if name == "grad":
            return MISSING if value.meta is None or value.meta.grad is None else value.meta.grad
    if modules.is_module(value):
        return modules.member(value, name)
    if modules.is_module_class(value):
        return modules.method(value, name)
    attributes = getattr(value, "attributes", None)
    if isinstance(attributes, dict):
        return attributes.get(name, MISSING)
    return MISSING


def operations(shell: Shell, name: str) -> list[Any]:
    """The entries of the op table behind a name."""
    from gradcli.render.operations import entries

    path = path_of(shell, name)
    if path is None:
        return []
    found = entries(path)
    if not found and path.startswith("Tensor.") and path.endswith("_"):
        found = entries(path.rstrip("_"))
    return found


def value(shell: Shell, name: str) -> Any:
    """The value of a dotted name, MISSING when it has none."""
    if "." not in name:
        found = _first(shell, name)
        if found is MISSING and name in calculator():
            return calculator()[name]
        return found
    owner, last = _owner(shell, name)
    if isinstance(owner, namespaces.Module):
        try:
            return namespaces.lookup(owner.name, last)
        except KeyError:
            return MISSING
    if type(owner) is Tensor:
        getter = namespaces.tensor_attribute(last)
        from gradcli.torch.methods import METHODS

        if getter is None:
            return MISSING
        return METHODS.get(last) or member(owner, last)
    return member(owner, last)


def attributes(value: Any) -> list[str]:
    """The names behind the dot of a value, in the order of the alphabet: no capitals first."""
    try:
        return sorted(names_of(value), key=str.lower)
    except (KeyError, TypeError):
        return []


def owner_names(shell: Shell, dotted: str) -> list[str]:
    """The names that can follow `dotted.`."""
    owner, _ = _owner(shell, dotted + ".x")
    if owner is MISSING:
        return namespaces.tensor_names() if dotted == "Tensor" else []
    return attributes(owner)


def all_names(shell: Shell) -> list[str]:
    """The names that stand for something: the user's, the prelude's and Python's."""
    return [*shell.names, *calculator().all()]


def signature_of(value: Any) -> str | None:
    """The signature of something that can be called; None for other values."""
    bound = isinstance(value, Method)
    if modules.is_module(value):
        value, bound = modules.method(type(value), "forward", value), True
    if isinstance(value, Method):
        value = value.__func__
    if modules.is_module_class(value) and "__init__" in getattr(value, "__members__", {}):
        value, bound = value.__members__["__init__"], True
    if isinstance(value, Function):
        return f"({', '.join(parameters(value)[1 if bound else 0 :])})"
    if not callable(value):
        return None
    import inspect

    call = value.call if isinstance(value, Builtin) else value
    try:
        found = inspect.signature(call)
    except (TypeError, ValueError):
        return "(...)"
    if modules.is_module_class(value):
        found = found.replace(parameters=_made_with(value))
    given = [*found.parameters.values()][1 if bound else 0 :]
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in given]
    shown = found.replace(parameters=plain, return_annotation=inspect.Signature.empty)
    return str(shown)


def _made_with(cls: type) -> list[inspect.Parameter]:
    """The parameters of a class of modules.

    A class that hands all it is given to its base, `__init__(self, *args, **kwargs)`, has put a
    first one before them, and a module takes none.
    """
    import inspect

    stars = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    own = 0
    for base in cls.__mro__:
        init = vars(base).get("__init__")
        if init is None or base.__name__ == "Module":
            continue
        found = [*inspect.signature(init).parameters.values()][1:]
        if [parameter.kind for parameter in found] != [*stars]:
            return found[own:]
        own += 1
    return []


def parameters(function: Function) -> list[str]:
    """The parameters of a user's function, as they are written."""
    signature = function.signature
    names = list(signature.names)
    count = len(names)
    found = []
    defaults = dict(
        zip(
            names[signature.positional - len(function.defaults) : signature.positional],
            function.defaults,
            strict=True,
        )
    )
    for index, name in enumerate(names):
        if index < signature.positional:
            found.append(f"{name}={_short(defaults[name])}" if name in defaults else name)
        elif index == signature.positional and signature.vararg:
            found.append(f"*{name}")
        elif index == count - 1 and signature.kwarg:
            found.append(f"**{name}")
        else:
            given = function.kwdefaults
            found.append(f"{name}={_short(given[name])}" if name in given else name)
    return found


def _short(value: Any) -> str:
    if type(value) is Tensor:
        return f"tensor{list(shape_of(value))}"
    text = repr(value) if isinstance(value, int | float | str | bool | type(None)) else "..."
    return text if len(text) <= 20 else "..."


def keywords(shell: Shell, name: str, positional: int = 0) -> list[str]:
    """The parameters of a function that a call can give by name behind so many arguments."""
    if "." not in name and name in shell.names:
        found = shell.names[name]
        if isinstance(found, Method | Function):
            return _of_function(found, positional)
    names: dict[str, None] = {}
    entries = operations(shell, name)
    is_method = (path_of(shell, name) or "").startswith("Tensor.")
    for entry in entries:
        given = positional + is_method
        given = next((i + 1 for i, p in enumerate(entry.parameters[:given]) if p.variadic), given)
        for index, parameter in enumerate(entry.parameters):
            if index >= given or parameter.keyword_only:
                names["input" if parameter.name == "self" else parameter.name] = None
    if entries:
        return list(names)
    import inspect

    call = value(shell, name)
    if modules.is_module(call):
        call = modules.method(type(call), "forward", call)
    elif modules.is_module_class(call) and "__init__" in getattr(call, "__members__", {}):
        call = call.__members__["__init__"]
        positional += 1  # the module itself
    if isinstance(call, Method | Function):
        return _of_function(call, positional)
    if call is MISSING or not callable(call):
        return []
    try:
        found_parameters = [*inspect.signature(call).parameters.values()]
    except (TypeError, ValueError):
        return []
    if modules.is_module_class(call):
        found_parameters = _made_with(call)
    found_parameters = [p for p in found_parameters if p.name != "self"]
    kinds = inspect.Parameter
    return [
        p.name
        for index, p in enumerate(found_parameters)
        if p.kind is kinds.KEYWORD_ONLY
        or (p.kind is kinds.POSITIONAL_OR_KEYWORD and index >= positional)
    ]


def _of_function(function: Method | Function, positional: int) -> list[str]:
    """The same for a function of the program, or a method that is bound."""
    if isinstance(function, Method):
        return _of_function(function.__func__, positional + 1)
    signature = function.signature
    first = max(positional, signature.posonly)
    names = signature.names[first : signature.positional]
    return [*names, *(name for name in signature.names if name in signature.kwonly)]

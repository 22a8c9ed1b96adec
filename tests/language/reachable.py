"""Every name that a program can reach, read from the language's own tables."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import numpy as np

from gradcli import nn
from gradcli.language.library import (
    calculator,
    data_objects,
    device_objects,
    distribution_objects,
    memory_files,
    nn_objects,
    numpy_names,
    open_objects,
    optim_objects,
    prelude,
    serialization,
    torch_names,
    torch_objects,
)
from gradcli.language.library.modules import MODULES, find_module
from gradcli.language.machine import state
from gradcli.language.values import generators
from gradcli.language.values.arithmetic import BINARY
from gradcli.language.values.python_types import EXCEPTION_METHODS, OBJECT_METHODS, TABLES
from gradcli.table.names import all_names
from gradcli.torch import backends, methods, namespaces

assert torch_objects
assert numpy_names
assert device_objects
assert memory_files
assert serialization
assert generators


def owners() -> Iterator[tuple[str, set[str]]]:
    """What has names, and its names."""
    yield "builtins", {name for name in prelude.python() if not name.startswith("__")}
    yield "calculator", set(calculator.NAMES)
    written = {"BAR" if name == "|" else name for name in BINARY}  # | divides the table's columns
    yield "operators", written | {"unary", "compare", "in", "[]", "[]=", "del_[]", "f-string"}
    yield "exception methods", set(EXCEPTION_METHODS)
    yield "object methods", set(OBJECT_METHODS)
    state.machine.modules.clear()
    for name in MODULES:
        module = find_module(name)
        yield name, set(module.all_names())
    state.machine.modules.clear()
    numpy = numpy_names.module()
    numpy.get("poly1d")  # loads what its objects have
    yield "numpy.random.Generator", set(numpy.get("random").get("default_rng")(0).entries)
    yield "numpy.random.RandomState", set(numpy.get("random").get("RandomState")(0).entries)
    for found in pkgutil.iter_modules(nn.__path__, "gradcli.nn."):
        for kind in vars(import_module(found.name)).values():
            if isinstance(kind, type) and issubclass(kind, nn_objects.Module):
                nn_objects.enter(kind)
    for space in ("torch.optim", "torch.optim.lr_scheduler", "torch.optim.swa_utils"):
        for name in namespaces.NAMES[space]:
            optim_objects.enter(namespaces.lookup(space, name))
    modules = [table for kind, table in TABLES.items() if issubclass(kind, nn_objects.Module)]
    yield "module objects", {name for table in modules for name in table if name[0] != "_"}
    for name in namespaces.NAMES["torch.nn.utils.prune"]:
        open_objects.enter(namespaces.lookup("torch.nn.utils.prune", name))
    for name in namespaces.NAMES["torch.utils.data"]:
        data_objects.enter(namespaces.lookup("torch.utils.data", name))
    for space in namespaces.NAMES:
        if space.startswith("torch.distributions"):
            for name in namespaces.NAMES[space]:
                distribution_objects.enter(namespaces.lookup(space, name))
    opened = [kind for kind in TABLES if issubclass(kind, tuple(open_objects.BASES))]
    for owner, space in (
        ("optimizer objects", "torch.optim"),
        ("data objects", "torch.utils"),
        ("distribution objects", "torch.distributions"),
        ("BasePruningMethod objects", "torch.nn.utils"),
    ):
        own = [TABLES[kind] for kind in opened if kind.__module__.startswith(space)]
        yield owner, {name for table in own for name in table if name[0] != "_"}
    for kind, table in TABLES.items():
        if issubclass(kind, (nn_objects.Module, *open_objects.BASES)):
            continue
        if kind.__module__ == "__main__" or hasattr(kind, "_fields"):
            continue  # a class of a program, or a named tuple: its own fields and those of tuples
        owner = kind.__name__.rpartition(".")[2]
        if issubclass(kind, np.generic):
            owner = "numpy scalar"
        elif issubclass(kind, np.dtype):
            owner = "numpy dtype"
        names = {name for name in table if not name.startswith("_")}
        if names:
            yield f"{owner} objects", names
    for name, space in namespaces.MODULES.items():
        operations = all_names(space) if space else set()
        own = {*torch_names.OWN.get(name, ()), *backends.FLAGS.get(name, ())}
        yield name, {"(operations)"} | own | set(namespaces.NAMES[name]) - operations
    yield "Tensor objects", {*methods.METHODS, *methods.PROPERTIES, *methods.SETTERS}


def reachable() -> set[str]:
    """All names, with what has them."""
    return {f"{owner}: {name}" for owner, names in owners() for name in names}

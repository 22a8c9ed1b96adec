"""Modules that programs can import: which name leads to which file, loaded at its first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import MISSING

from . import torch_names

_files = "files are given with --input FILE (json, npy, npz, csv), results come with --json"
REASONS: dict[str, str] = {
    "os": _files,
    "io": _files,
    "pathlib": _files,
    "json": "records are given with --input FILE, results come with --json",
    "csv": "tables are given with --input FILE.csv",
    "pickle": _files,
    "sys": "programs take inputs with --set and --input",
    "argparse": "programs take inputs with --set and --input",
    "subprocess": "a program cannot start processes",
    "pylab": "matplotlib.pyplot draws curves, points, bars, images and contours",
    "seaborn": "matplotlib.pyplot draws curves, points, bars, images and contours",
    "plotly": "matplotlib.pyplot draws curves, points, bars, images and contours",
    "torchvision": "datasets are given with --input FILE",
    "pandas": "tables are given with --input FILE.csv",
    "sklearn": "datasets are given with --input FILE",
    "torchviz": "`gradcli graph` draws the graph of a result",
    "graphviz": "`gradcli graph` draws the graph of a result",
    "tqdm": "loops run as they are",
    "jax": "gradcli speaks PyTorch: torch.func has grad, vjp, jvp, vmap",
    "tensorflow": "gradcli speaks PyTorch",
    "dataclasses": "write a class with __init__",
    "threading": "a program runs on one thread",
    "asyncio": "a program runs on one thread",
    "multiprocessing": "a program runs on one thread",
    "warnings": "warnings go to standard error",
    "logging": "print writes text",
    "inspect": "a program cannot look into the interpreter",
    "gc": "memory is freed when it is not used any more",
    "builtins": "Python's names are there without an import",
    "importlib": "a program imports by name",
}


def refusal(name: str) -> tuple[str, str] | None:
    """The message and the help for a module that programs cannot import; None if they can."""
    if name in MODULES or torch_names.is_module(name):
        return None
    known = [*MODULES, "torch"]
    reason = REASONS.get(name) or REASONS.get(name.partition(".")[0])
    if reason is None:
        from gradcli.language.syntax.spelling import near

        close = near(name, [*known, "torch.autograd", "torch.func"], 1)
        reason = f"did you mean '{close[0]}'?" if close else "there are " + ", ".join(sorted(known))
    return f"the module '{name}' is not in the language", reason


def find_module(name: str) -> Any:
    """The module value that `import name` binds."""
    file = MODULES.get(name)
    if file is None:
        return torch_names.module(name)
    module = machine.modules.get(name)
    if module is None:
        parent, _, leaf = name.rpartition(".")
        maker = import_module(f"{__package__}.{file}")
        if name in PLOT_MODULES:
            module = maker.plot_module(name, _plot_module)
        elif MODULES.get(parent) == file:
            module = find_module(parent).get(leaf)
        else:
            module = maker.module()
        machine.modules[name] = module
    return module


def import_name(module: str, name: str) -> Any:
    """What `from module import name` binds."""
    if module in MODULES:
        try:
            return find_module(module).get(name)
        except AttributeError:
            if f"{module}.{name}" in MODULES:
                return find_module(f"{module}.{name}")
    else:
        found = torch_names.torch_name(module, name)
        if found is not MISSING:
            return found
    raise UnknownName(name, module)


class UnknownName(ImportError):
    """`from module import name` of a name that the module does not have."""

    def __init__(self, wanted: str, module: str) -> None:
        super().__init__(f"cannot import name '{wanted}' from '{module}' (unknown location)")
        self.wanted = wanted
        self.module = module


def _plot_module(name: str) -> Any:
    return find_module(name) if name in PLOT_MODULES else MISSING


PLOT_MODULES = (
    "matplotlib",
    "matplotlib.animation",
    "matplotlib.axes",
    "matplotlib.cm",
    "matplotlib.collections",
    "matplotlib.colors",
    "matplotlib.dates",
    "matplotlib.figure",
    "matplotlib.font_manager",
    "matplotlib.gridspec",
    "matplotlib.image",
    "matplotlib.lines",
    "matplotlib.patches",
    "matplotlib.path",
    "matplotlib.pyplot",
    "matplotlib.style",
    "matplotlib.ticker",
    "matplotlib.transforms",
    "mpl_toolkits",
    "mpl_toolkits.axes_grid1",
    "mpl_toolkits.mplot3d",
)

# Name -> file below this folder, whose `module()` makes the module; a name with a dot and the
# file of its parent is an entry of the parent.
MODULES: dict[str, str] = {
    "math": "python.math",
    "random": "python.random",
    "time": "python.time",
    "functools": "python.functools",
    "itertools": "python.itertools",
    "collections": "python.collections",
    "copy": "python.copy",
    "typing": "python.typing",
    "numpy": "numpy_names",
    "numpy.random": "numpy_names",
    "numpy.linalg": "numpy_names",
    **dict.fromkeys(PLOT_MODULES, "plot_names"),
}

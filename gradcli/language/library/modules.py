"""Modules that programs can import: which name leads to which file, loaded at its first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import MISSING

from . import torch_names

_files = "files are given with --input FILE (json, npy, npz, csv), results come with --json"
_plots = "matplotlib.pyplot draws curves, points, bars, images and contours"
_threads = "a program runs on one thread"
_network = "a program has no network"
_as_written = "a program runs as it is written; `gradcli graph` shows what ran"
REASONS: dict[str, str] = {
    "pathlib": "paths are text: os.path joins and splits them",
    "glob": _files,
    "shutil": _files,
    "tempfile": _files,
    "zipfile": _files,
    "gzip": _files,
    "csv": "tables are given with --input FILE.csv",
    "h5py": _files,
    "yaml": "options are written in the program, or given with --set",
    "PIL": _files,
    "cv2": _files,
    "pickle": "values are kept by torch.save and copied by copy.deepcopy",
    "re": "texts have find, replace, split, partition, startswith",
    "struct": "numbers are tensors: x.view(dtype) reads their bits",
    "uuid": "random numbers come from random and torch.rand",
    "hashlib": "hash(x) tells values apart",
    "secrets": "random numbers come from random and torch.rand",
    "platform": "sys.platform and sys.version say where a program runs",
    "subprocess": "a program cannot start processes",
    "socket": _network,
    "requests": _network,
    "urllib": _network,
    "wandb": "print writes the numbers, emit(name=value) a record of them",
    "mlflow": "print writes the numbers, emit(name=value) a record of them",
    "tensorboard": "print writes the numbers, emit(name=value) a record of them",
    "tensorboardX": "print writes the numbers, emit(name=value) a record of them",
    "torch.utils.tensorboard": "print writes the numbers, emit(name=value) a record of them",
    "torch.jit": "a program runs as it is written: leave torch.jit out",
    "torch.autograd.profiler": "time.perf_counter and timeit measure",
    "torch.profiler": "time.perf_counter and timeit measure; `gradcli graph` shows what ran",
    "torch.multiprocessing": _threads,
    "torch.distributed": _threads,
    "pylab": _plots,
    "seaborn": _plots,
    "plotly": _plots,
    "torchvision": "datasets are given with --input FILE, or made in the program",
    "torchaudio": "datasets are given with --input FILE, or made in the program",
    "torchtext": "datasets are given with --input FILE, or made in the program",
    "datasets": "datasets are given with --input FILE, or made in the program",
    "sklearn": "datasets are given with --input FILE, or made in the program",
    "pandas": "tables are given with --input FILE.csv",
    "scipy": "torch.special, torch.linalg and torch.fft have its functions",
    "torchviz": "`gradcli graph` draws the graph of a result",
    "torchsummary": "print(model) shows its layers",
    "graphviz": "`gradcli graph` draws the graph of a result",
    "jax": "gradcli speaks PyTorch: torch.func has grad, vjp, jvp, vmap",
    "tensorflow": "gradcli speaks PyTorch",
    "threading": _threads,
    "concurrent": _threads,
    "queue": "collections.deque is a queue",
    "asyncio": _threads,
    "multiprocessing": _threads,
    "signal": "Ctrl-C ends a program between two steps",
    "inspect": "a program cannot look into the interpreter",
    "traceback": "an error that nobody catches is shown with its place",
    "ctypes": "a program cannot look into the interpreter",
    "weakref": "memory is freed when it is not used any more",
    "builtins": "Python's names are there without an import",
    "torch.fx": _as_written,
    "torch.export": _as_written,
    "torch.onnx": _as_written,
    "torch._dynamo": "torch.compile gives its function back as it is",
    "torch.ao": "tensors are dense: float16 and bfloat16 are the small dtypes",
    "torch.quantization": "tensors are dense: float16 and bfloat16 are the small dtypes",
    "torch.nn.quantized": "tensors are dense: float16 and bfloat16 are the small dtypes",
    "torch.sparse": "tensors are dense: masks and torch.masked leave elements out",
    "torch.hub": "nothing is downloaded: models are written in the program itself",
    "torch.library": "torch.autograd.Function makes operations of a program's own",
    "torch.utils.cpp_extension": "torch.autograd.Function makes operations of a program's own",
    "torch.overrides": "classes that behave as tensors are not in the language: hold one",
    "torch.utils.benchmark": "time.perf_counter and timeit measure",
    "torch.utils.flop_counter": "`gradcli graph` shows what ran",
    "einops": "views are written with x.view, x.permute, x.unflatten and torch.einsum",
    "transformers": "models are written with torch.nn",
    "pytorch_lightning": "a loop of steps is written with torch.optim",
    "lightning": "a loop of steps is written with torch.optim",
    "ignite": "a loop of steps is written with torch.optim",
    "torchmetrics": "metrics are written with tensors",
    "torchinfo": "print(model) shows its layers",
    "gym": "environments are written in the program",
    "gymnasium": "environments are written in the program",
    "sympy": "`gradcli grad EXPR --formula` gives derivatives as formulas",
    "numba": "a program runs as it is written",
    "fractions": "numbers are int, float and complex",
    "decimal": "numbers are int, float and complex",
    "cmath": "torch and numpy compute with complex numbers",
    "array": "numbers are held by lists, tensors and arrays of numpy",
    "unittest": "assert and torch.testing.assert_close compare",
    "pytest": "assert and torch.testing.assert_close compare",
    "pdb": "print shows values; in the prompt, %explain and %why answer",
    "psutil": "a program cannot look at the machine",
    "numpy.polynomial": "np.poly1d and np.polyfit compute with polynomials",
    "numpy.ma": "masks are arrays of booleans; torch.masked computes with them",
    "numpy.lib": "its functions have names in numpy",
    "numpy.core": "its functions have names in numpy",
}


def refusal(name: str) -> tuple[str, str] | None:
    """The message and the help for a module that programs cannot import; None if they can."""
    if name in MODULES or torch_names.is_module(name):
        return None
    known = [*MODULES, "torch"]
    reason, at = None, name
    while at and reason is None:
        reason, at = REASONS.get(at), at.rpartition(".")[0]
    if reason is None:
        from gradcli.language.syntax.spelling import did_you_mean, near

        close = near(name, [*known, "torch.autograd", "torch.func"], 1)
        reason = did_you_mean(close) or "there are " + ", ".join(
            sorted(module for module in known if "." not in module)
        )
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
    "typing_extensions": "python.typing",
    "dataclasses": "python.dataclasses",
    "enum": "python.enum",
    "abc": "python.abc",
    "collections.abc": "python.collections",
    "sys": "python.sys",
    "os": "python.os",
    "os.path": "python.os",
    "io": "python.io",
    "contextlib": "python.contextlib",
    "warnings": "python.warnings",
    "logging": "python.logging",
    "tqdm": "python.tqdm",
    "tqdm.auto": "python.tqdm",
    "tqdm.notebook": "python.tqdm",
    "tqdm.std": "python.tqdm",
    "argparse": "python.argparse",
    "bisect": "python.bisect",
    "datetime": "python.datetime",
    "gc": "python.gc",
    "heapq": "python.heapq",
    "importlib": "python.importlib",
    "importlib.metadata": "python.importlib",
    "IPython": "python.ipython",
    "IPython.display": "python.ipython",
    "json": "python.json",
    "numbers": "python.numbers",
    "operator": "python.operator",
    "pprint": "python.pprint",
    "statistics": "python.statistics",
    "string": "python.string",
    "textwrap": "python.textwrap",
    "timeit": "python.timeit",
    "types": "python.types",
    "numpy": "numpy_names",
    **{f"numpy.{part}": "numpy_names" for part in ("random", "linalg", "fft", "testing", "typing")},
    **dict.fromkeys(PLOT_MODULES, "plot_names"),
}

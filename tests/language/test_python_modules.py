"""Python's modules in programs: what they print and raise is what the Python that runs says.

PyTorch's programs with them are goldens (`programs/python_modules`); here are those whose texts
differ between versions of Python, and what is beside the output.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from programs import cpython, run

SAME = {
    "folders of a program": """
import os
os.makedirs("/tmp/gradcli_tests/deep", exist_ok=True)
for call in (
    lambda: os.makedirs("/tmp/gradcli_tests/deep"),
    lambda: os.mkdir("/tmp/gradcli_tests"),
    lambda: os.mkdir(""),
    lambda: open("/tmp/gradcli_tests", "w"),
    lambda: open("/tmp/gradcli_tests/../gradcli_tests/a.txt", "w").close(),
    lambda: sorted(os.listdir("/tmp/gradcli_tests")),
    lambda: os.makedirs("/tmp/gradcli_tests/a.txt/b"),
    lambda: os.rmdir("/tmp/gradcli_tests"),
    lambda: os.remove("/tmp/gradcli_tests/a.txt"),
    lambda: os.rmdir("/tmp/gradcli_tests/deep"),
    lambda: os.path.isdir("/tmp/gradcli_tests/deep"),
    lambda: os.rmdir("/tmp/gradcli_tests"),
    lambda: os.path.exists("/tmp/gradcli_tests"),
):
    try:
        print(call())
    except OSError as error:
        print(type(error).__name__, error)
""",
    "families of loggers": """
import logging, operator
print(globals()["__name__"])
low, root = logging.getLogger("a.b.c"), logging.getLogger()
print(low.parent is root, low.root is root, root.parent, low.propagate, low.disabled)
high = logging.getLogger("a")
high.setLevel("DEBUG")
print(low.parent, low.getEffectiveLevel(), low.getChild("d"), root.getChild("x").name)
print(logging.getLogger("a.b").parent is high, low.parent.name)
handler = logging.StreamHandler()
print(handler.level, handler.formatter, handler.name)
print(logging.getLevelName("INFO"), logging.getLevelName(20), logging.getLevelName("X"))
print(operator.attrgetter("x", "a.b"))
""",
    "abstract": """
from abc import ABC, abstractmethod
class Shape(ABC):
    @abstractmethod
    def area(self): ...
    @property
    @abstractmethod
    def name(self): ...
class Half(Shape):
    def area(self): return 1
for kind in (Shape, Half):
    try:
        kind()
    except TypeError as error:
        print(error)
""",
    "fields that are none": """
from dataclasses import dataclass, field, InitVar, KW_ONLY
from typing import ClassVar
@dataclass
class Counted:
    total: ClassVar[int] = 7
    start: InitVar[int]
    value: int = field(init=False)
    def __post_init__(self, start):
        self.value = start * 2
@dataclass
class Ordered:
    a: int
    _: KW_ONLY
    b: int = 2
    c: int
print(Counted(4), Counted.total, Ordered(1, c=3))
Ordered(1, 2, 3)
""",
    "defaults": """
from dataclasses import dataclass
@dataclass
class A:
    x: int = 1
    y: int
""",
    "not a number": """
from dataclasses import dataclass
@dataclass
class A:
    x: float
    y: object = None
nan = float("nan")
print(A(nan) == A(nan), A(1.0, [nan]) == A(1.0, [nan]))
a = A(nan)
print(a == a, a == A(1.0), a != 3)
""",
    "enumerations": """
from enum import Enum, IntEnum
class C(Enum):
    A = 1
    B = 2
class I(IntEnum):
    A = 1
for act in (lambda: C(), lambda: C(3), lambda: C["z"], lambda: setattr(C, "A", 2)):
    try:
        print(act())
    except Exception as error:
        print(type(error).__name__, error)
print(I.A, f"{I.A:>4}|{I.A!r}", I(1) + 1, C(C.A), str(C.A), "%s" % C.A, "{}".format(C.B))
""",
    "filters": """
import warnings
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    warnings.filterwarnings("ignore", message="old.*name")
    warnings.warn("old and long name")
    warnings.warn("new name", FutureWarning)
    warnings.warn(DeprecationWarning("own"))
    print([(str(w.message), w.category.__name__) for w in heard])
with warnings.catch_warnings():
    warnings.simplefilter("error", UserWarning)
    warnings.warn("now an error")
""",
    "an unknown action": "import warnings\nwarnings.simplefilter('nothing')",
    "no JSON": """
import json
for text in ("[1,]", "{'a': 1}", "[1 2]", '{"a" 1}', "nul", '"\\\\x"', '"a', "", "[1] 2"):
    try:
        json.loads(text)
    except ValueError as error:
        print(type(error).__name__, error)
for value in (float("nan"), [float("inf")]):
    for indent in (None, 2):
        try:
            json.dumps(value, allow_nan=False, indent=indent)
        except ValueError as error:
            print(error)
""",
    "namespaces": """
from types import SimpleNamespace
from collections import ChainMap, OrderedDict
from pprint import pprint
a = SimpleNamespace(x=1)
a.itself = a
print(a)
print(ChainMap({"a": 1}), OrderedDict(a=1))
pprint(OrderedDict((k, "x" * 30) for k in "abc"))
""",
    "attributes": """
class Meter:
    def __init__(self, **settings):
        self.__dict__.update(settings)
        self.name = "loss"
    def __str__(self):
        return "{name} {value:.2f}".format(**self.__dict__)
m = Meter(value=1.5)
print(m, vars(m), sorted(m.__dict__))
vars(m)["value"] = 2
print(m.value)
vars(1)
""",
    "names": """
def f(a, b=2, *rest, **named):
    x = a
    inner = [lambda: x for i in range(2)]
    return locals()
found = f(1, c=3)
print(list(found), found["named"], "f" in globals(), "nothing" in globals())
class A:
    y = 1
    z = sorted(k for k in locals() if not k.startswith("__"))
print(A.z)
""",
    "slots and metaclasses": """
class A(metaclass=type):
    __slots__ = ("x", "y")
    def __init__(self):
        self.x = 1
print(A().x)
""",
    "streams": """
import io, sys, contextlib
out = io.StringIO()
with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as errors:
    print("to stdout")
    print("to stderr", file=sys.stderr)
    sys.stderr.write("more")
print(repr(out.getvalue()), repr(errors.getvalue()))
""",
    "heaps of equal keys": """
import heapq, random
random.seed(3)
heap = []
for i in range(50):
    heapq.heappush(heap, (random.randint(0, 5), i))
print(heap)
print([heapq.heappop(heap) for _ in range(50)])
numbers = [random.random() for _ in range(30)]
heapq.heapify(numbers)
print(numbers, heapq.nsmallest(3, numbers), heapq.nlargest(3, numbers))
""",
    "wrapped text": """
import textwrap
text = "The quick-brown fox -- jumps over the extraordinarily lazy dog, twice. " * 3
for width in (9, 14, 30, 70):
    print(textwrap.fill(text, width))
print(textwrap.fill(text, 30, initial_indent="* ", subsequent_indent="  "))
print(textwrap.shorten(text, 40), textwrap.shorten(text, 40, placeholder="..."))
""",
    "pretty": """
from pprint import pprint, pformat
values = [
    {"a": [1, 2, 3] * 12, "b": {"c": ("x" * 40, "y" * 40)}},
    ["word " * 30, {"key": "long text " * 12}],
    [[[[1] * 20] * 3] * 2],
    {i: {j: "v" * 10 for j in range(5)} for i in range(3)},
    frozenset(range(40)),
    ("a" * 90,),
    {(1, 2): None, "a": 1, 3: "b" * 70},
]
for value in values:
    pprint(value)
    pprint(value, width=40, compact=True)
    print(pformat(value, indent=2, width=60, depth=2))
""",
}


@pytest.mark.parametrize("name", SAME)
def test_as_python(name: str) -> None:
    assert run(SAME[name]) == cpython(SAME[name])


def test_the_file_of_a_program_has_no_place_on_this_machine() -> None:
    text = (
        "import torch\nimport os\nprint(__file__, os.path.dirname(__file__), globals()['__file__'])"
    )
    assert gradcli(text).stdout == "/program / /program\n"


COMMAND = [sys.executable, "-c", "from gradcli.cli.main import main; main()"]


def gradcli(text: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "eval", "-", *options],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_is_beside_the_output() -> None:
    done = gradcli(
        """
import torch, sys, logging, warnings
from tqdm import tqdm
logging.basicConfig(level="INFO")
logging.getLogger("a.b").info("step %d", 3)
print("to stderr", file=sys.stderr)
for i in tqdm(range(3)):
    pass
warnings.warn("shown")
warnings.filterwarnings("ignore")
warnings.warn("hidden")
torch.zeros(2, 3, 4).T
print(i, sys.argv)
"""
    )
    assert (done.returncode, done.stdout) == (0, "2 ['program']\n")
    assert done.stderr.startswith("INFO:a.b:step 3\nto stderr\nwarning: UserWarning: shown\n")
    assert "hidden" not in done.stderr
    assert "deprecated" not in done.stderr


def test_a_bar_on_a_terminal() -> None:
    text = (
        "import torch, time\nfrom tqdm import tqdm\n"
        "for i in tqdm(range(2), desc='a\\x1b[31mb'): time.sleep(0.15)\nprint(i)\n"
    )
    ours, theirs = os.openpty()
    done = subprocess.run(
        [*COMMAND, "eval", "-"], input=text, stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert (done.returncode, done.stdout) == (0, "1\n")
    assert "100%|██████████| 2/2 [00:00<00:00" in shown
    assert "\x1b" not in shown


def test_warnings_of_torch_are_heard() -> None:
    done = gradcli(
        """
import torch, warnings
with warnings.catch_warnings(record=True) as heard:
    torch.zeros(2, 3, 4).T
print(len(heard), heard[0].category, "deprecated" in str(heard[0].message))
"""
    )
    assert (done.stdout, done.stderr) == ("1 <class 'UserWarning'> True\n", "")


@pytest.mark.parametrize(
    ("ending", "status"),
    [("exit()", 0), ("sys.exit(0)", 0), ("quit(False)", 0), ("sys.exit(3)", 5), ("exit('no')", 5)],
)
def test_the_status(ending: str, status: int) -> None:
    done = gradcli(f"import torch, sys\nprint(1)\n{ending}\nprint(2)\n")
    assert (done.returncode, done.stdout) == (status, "1\n")
    assert bool(done.stderr) == bool(status)


def test_the_values_of_a_program_that_ended_itself() -> None:
    done = gradcli("import torch, sys\nx = 2.0\nsys.exit()\n", "--json")
    assert (done.returncode, done.stdout.replace(" ", "").replace("\n", "")) == (
        0,
        '{"values":{"x":2.0},"grads":{}}',
    )


def test_every_record_begins_anew(tmp_path: Path) -> None:
    program = tmp_path / "p.grad"
    program.write_text(
        "import torch, os, sys, contextlib, io\n"
        "os.makedirs('out')\n"
        "os.environ['A'] = str(len(os.environ))\n"
        "sys.argv.append('x')\n"
        "def left_open():\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        yield\n"
        "kept = left_open()\n"
        "print(os.environ['A'], sys.argv)\n"
        "next(kept)\n"
        "y = x * 2\n"
    )
    done = subprocess.run(
        [*COMMAND, "grad", "-f", str(program), "--each", "--of", "y"],
        input='{"x": 1.0}\n{"x": 2.0}\n',
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr.count("0 ['program', 'x']\n") == done.stderr.count("program") == 2


def test_batched_is_there_on_every_python() -> None:
    shown, error = run("""
import itertools
from itertools import batched
print(list(batched("ABCDEFG", 3)), list(batched([], 2)), itertools.batched)
some = batched(range(5), 2)
print(next(some), list(some), isinstance(some, batched))
for args in (([1], 0), ([1], 1.5), (3, 2)):
    try:
        batched(*args)
    except Exception as error:
        print(type(error).__name__, error)
print(list(batched([1, 2, 3], 2, strict=True)))
""")
    assert shown.splitlines() == [
        "[('A', 'B', 'C'), ('D', 'E', 'F'), ('G',)] [] <class 'itertools.batched'>",
        "(0, 1) [(2, 3), (4,)] True",
        "ValueError n must be at least one",
        "TypeError 'float' object cannot be interpreted as an integer",
        "TypeError 'int' object is not iterable",
    ]
    assert error == "ValueError: batched(): incomplete batch"


@pytest.mark.parametrize(
    ("line", "help"),
    [
        ("import torch.fx", "runs as it is written"),
        ("import torch.ao.quantization", "float16"),
        ("import einops", "x.permute"),
        ("import unittest", "assert_close"),
        ("import numpy.polynomial.polynomial", "np.poly1d"),
        ("import torch; torch.fx.symbolic_trace", "runs as it is written"),
        ("import torch; torch.sparse_coo_tensor([[0]], [1.0])", "dense"),
        ("import torch; torch.jit.script", "leave torch.jit out"),
        ("import os; os.system('ls')", "processes"),
        ("import os; os.path.getsize('a')", "memory"),
        ("import sys; sys.getsizeof(1)", "element_size"),
        ("import json; json.JSONEncoder", "default=f"),
        ("import numpy as np; np.matrix([[1]])", "@"),
        ("import numpy as np; np.load('a.npy')", "--input"),
        ("import torch\nclass T(torch.Tensor): pass", "torch.nn.Module"),
        ("from functorch import make_functional", "functional_call"),
        ("import argparse; argparse.ArgumentParser().add_subparsers()", "one command"),
    ],
)
def test_what_is_refused_says_what_to_do(line: str, help: str) -> None:
    done = gradcli(line)
    assert done.returncode in (3, 5)
    assert help in next(row for row in done.stderr.splitlines() if "= help: " in row)


def test_loaders_say_what_does_not_fit() -> None:
    done = gradcli("""
import torch, warnings
from torch.utils.data import DataLoader, IterableDataset, random_split
class Short(IterableDataset):
    def __iter__(self):
        return iter(range(3))
    def __len__(self):
        return 2
    def __repr__(self):
        return "Short()"
with warnings.catch_warnings(record=True) as heard:
    loader = DataLoader(Short(), batch_size=1)
    print(len(loader), list(loader))
    random_split(range(1), [0.9, 0.1])
for warning in heard:
    print(warning.message)
""")
    assert done.stdout.splitlines() == [
        "2 [tensor([0]), tensor([1]), tensor([2])]",
        "Length of IterableDataset Short() was reported to be 2(when accessing len(dataloader)), "
        "but 3 samples have been fetched. ",
        "Length of split at index 1 is 0. This might result in an empty dataset.",
    ]


def test_an_output_that_was_left_open_does_not_reach_the_next_program() -> None:
    left_open = """
import contextlib, io
def g():
    with contextlib.redirect_stdout(io.StringIO()):
        yield
x = g()
next(x)
"""
    assert run(left_open) == ("", "")
    text = "import contextlib\nwith contextlib.redirect_stdout(W()):\n    print(1)\n"
    shown, error = run(f"class W:\n    def write(self, s): print(s)\n{text}")
    assert (shown, error.partition(":")[0]) == ("", "RecursionError")

"""A statement does and says the same in a loop or a function as where it runs once.

Loops and functions run closures that are made for their statements; those of statements that run
once are others.
"""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Limits, Session, compile_program
from gradcli.language.machine.state import machine
from gradcli.tensor.runtime import LimitExceeded

SETTING = """\
import torch
import math
from collections import Counter
a = torch.tensor([1.0, 2.0, 3.0])
b = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
w = torch.ones(3, requires_grad=True)
i = 3
t = 1.5
s = "text"
l = [1, 2]
d = {"k": 1}
big = 10 ** 4000
class Thing:
    size = 2
    def __init__(self):
        self.value = 5
    def double(self, x=1, *, more=0):
        return 2 * x + more
    @property
    def broken(self):
        raise ValueError("broken")
    def __add__(self, other):
        return "added"
    def __iadd__(self, other):
        return "grown"
    def __neg__(self):
        return "negative"
c = Thing()
def f(x, y=2, *rest, z=0):
    return x * y + z
def one(x):
    return x
"""

WRONG = [
    "x = a + b",
    "x = a * (i + t) - b * 2",
    "x = (a - b) + undefined",
    "x = a + b * undefined",
    "x = undefined + a",
    "x = a + i + s",
    "x = s - 1",
    "x = l * l",
    "x = 1 - l",
    "x = i % 0",
    "x = big**60 * big**60",
    "x = i + big**999",
    "x = -s",
    "x = ~t",
    "x = -(a @ b)",
    "x = +c",
    "x = a.nothing",
    "x = a.shape.nothing",
    "x = c.nothing",
    "x = c.broken",
    "x = None.nothing",
    "x = torch.nothing",
    "x = torch.nn.nothing",
    "x = torch.nn.functional.relu.nothing",
    "x = a.nothing()",
    "x = c.nothing(1)",
    "a.sum(7)",
    "a.sum(dim=7)",
    "a.sum(dimension=7)",
    "a.view(2, 2)",
    "b.reshape(shape=(3,))",
    "torch.sum(a, dim=5)",
    "torch.cat([a, b], dim=0)",
    "torch.nn.functional.relu(a, in_place=True)",
    "torch.stack([a], dim=s)",
    "c.double(1, 2, 3)",
    "c.double(1, other=3)",
    "c.double(1, x=3)",
    "f()",
    "f(1, x=2)",
    "f(1, 2, q=3)",
    "one(1, 2)",
    "one(y=1)",
    "len(1)",
    "len(a, a)",
    "math.sqrt(-1)",
    "math.sqrt(s)",
    "i(3)",
    "a(3)",
    "x = l[5]",
    "x = d['no']",
    "x = a[5]",
    "x = a[s]",
    "x = i[0]",
    "x = {}[[]]",
    "x = int[3]",
    "w += 1",
    "a += b",
    "a -= b.sum(0)[0] * b",
    "i += s",
    "i -= undefined",
    "t *= l",
    "undefined += 1",
    "s += 1",
    "w.grad = 3",
    "w.grad = torch.ones(2)",
    "a.shape = 3",
    "c.value.nothing = 3",
    "i.nothing = 3",
    "w.data = 3",
    "w.grad += 1",
    "a.data -= b",
    "x, y = l[0], ",
    "x, y = 1, 2, 3",
    "x, y = i",
    "x, *y = []",
    "x = f'{t:q}'",
    "x = f'{undefined:.3f}'",
    "x = f'{a:.3f}'",
    "x = f'{t:{s}}'",
    "x = f'{t:.9999999f}'",
    "assert i == 4, a",
    "w.backward()",
    "(w * a).backward()",
    "x = [q.nothing for q in l]",
    "with i: pass",
    "for x in i: pass",
    "if b: pass",
    "x = a if b else i",
    "x = not b",
    "x = a < b",
    "x = s < i",
]

RIGHT = [
    "x = a + i * t - 2 ** i % 7 + 1",
    "x = big * 3 + 1 - big // 7",
    "x = i * 'ab' + s",
    "x = c + 1",
    "c += 1; x = c",
    "x = -c",
    "i += 2; t -= 1; s += 'x'; l += [3]; x = (i, t, s, l)",
    "i *= 1.5; x = i",
    "a -= t * a; x = a",
    "x = w.data.sum().item() + w.size(0)",
    "w.data -= 0.5 * a.data; x = w",
    "(w * a).sum().backward(); x = w.grad; w.grad = None",
    "x = c.double(3, more=1) + c.double(x=2) + c.size + c.value",
    "x = f(1, z=3) + f(x=2) + f(1, 2, 3, z=4) + one(5)",
    "x = a.sum(dim=0, keepdim=True) + torch.sum(b, dim=1).max()",
    "x = torch.nn.functional.softmax(b, dim=1); y = torch.pi",
    "x = l[0] + d['k'] + a[1] + b[0, 1] + l[-1:][0]",
    "x, y = y, x = 1, 2",
    "(x, y), q = (1, 2), 3",
    "x = f'{t:.3f} {i:>4d} {s!r:8} {a} {t} {i}'",
    "x = [one(q) + i for q in l]",
    "with torch.no_grad(): x = (w * 2).requires_grad",
    "x = (lambda q: q * i + 1)(2)",
    "y = (x := i + 1) * 2",
    "x = Counter('aab') + Counter('b')",
    "x = max(l, key=lambda q: -q) + len(s) + int('3')",
    "x = 0.1 + 0.2; y = 7 // 2 * 3 - 4 % 3",
    "x = True + True; y = -True",
    "x = torch.backends.cudnn.benchmark",
]


def lines(snippet: str) -> str:
    return textwrap.dedent(snippet.replace("; ", "\n"))


def once(snippet: str) -> str:
    return SETTING + lines(snippet) + "\n"


def in_loop(snippet: str) -> str:
    return SETTING + "for _ in range(1):\n" + textwrap.indent(lines(snippet), "    ") + "\n"


def in_while(snippet: str) -> str:
    body = textwrap.indent(lines(snippet), "    ")
    return f"{SETTING}while True:\n{body}\n    break\n"


def in_function(snippet: str) -> str:
    names = "global a, b, c, d, i, l, s, t, w, x, y, q, undefined\n"
    body = textwrap.indent(names + lines(snippet), "    ")
    return f"{SETTING}def run():\n{body}\nrun()\n"


def in_own_names(snippet: str) -> str:
    parameters = "a, b, c, d, i, l, s, t, w, big"
    body = textwrap.indent(lines(snippet), "    ")
    return f"{SETTING}def run({parameters}):\n{body}\nrun({parameters})\n"


def failure(program: str) -> Any:
    try:
        Session(limits=Limits(max_steps=100_000)).run(compile_program(program))
    except ProgramError as error:
        source = error.source
        labels = [(source.slice(label.span), label.text) for label in error.labels]
        return error.title, source.slice(error.span), error.label, labels, error.help, error.notes
    except LimitExceeded as error:
        return str(error), error.limit
    raise AssertionError("nothing was wrong")


@pytest.mark.parametrize("wrapped", [in_loop, in_while, in_function])
@pytest.mark.parametrize("snippet", WRONG)
def test_errors_are_the_same(snippet: str, wrapped: Any) -> None:
    assert failure(wrapped(snippet)) == failure(once(snippet))


@pytest.mark.parametrize("snippet", [s for s in WRONG if "undefined" not in s])
def test_errors_of_local_names_are_the_same(snippet: str) -> None:
    assert failure(in_own_names(snippet)) == failure(once(snippet))


def found(program: str) -> Any:
    names = Session().run(compile_program(program)).globals
    shown = {name: repr(names[name]) for name in "abdilstwxyq" if name in names}
    nodes = {name: getattr(getattr(names.get(name), "node", None), "name", None) for name in "axy"}
    return shown, nodes


@pytest.mark.parametrize("wrapped", [in_loop, in_while, in_function])
@pytest.mark.parametrize("snippet", RIGHT)
def test_results_are_the_same(snippet: str, wrapped: Any) -> None:
    assert found(wrapped(snippet)) == found(once(snippet))


def test_a_call_site_looks_again_where_something_changed() -> None:
    text = """\
import torch
class A:
    def m(self): return "A"
class B:
    m = 3
    def __init__(self): self.n = lambda: "B"
found = []
values = [A(), torch.ones(2), A(), None, "text", B(), torch.ones(2), A()]
for value in values:
    try:
        found.append(value.m())
    except (AttributeError, TypeError) as error:
        found.append(str(error))
    if type(value) is A:
        A.m = lambda self: "changed"
for where in [torch, torch.nn, torch.nn.functional, None, torch]:
    try:
        found.append(where.relu is not None)
    except AttributeError as error:
        found.append(str(error))
for flag in [True, False]:
    torch.backends.cudnn.benchmark = flag
    found.append(torch.backends.cudnn.benchmark)
"""
    names = Session().run(compile_program(text)).globals
    assert names["found"] == [
        "A",
        "'Tensor' object has no attribute 'm'",
        "changed",
        "'NoneType' object has no attribute 'm'",
        "'str' object has no attribute 'm'",
        "'int' object is not callable",
        "'Tensor' object has no attribute 'm'",
        "changed",
        True,
        "module 'torch.nn' has no attribute 'relu'",
        True,
        "'NoneType' object has no attribute 'relu'",
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ("x = 1", 2),
        ("x = 1\n    y = 2", 3),
        ("if x: y = 1", 3),
        ("if x: continue\n    y = 3", 4),
        ("for y in [1]: x = y", 4),
        ("with torch.no_grad(): x = 1", 3),
    ],
)
def test_loops_count_statements_and_rounds(body: str, steps: int) -> None:
    text = "import torch\nx = 1\nfor i in range({}):\n    " + body + "\n"
    counts = []
    for rounds in (10, 30):
        Session().run(compile_program(text.format(rounds)))
        counts.append(machine.steps)
    assert counts[1] - counts[0] == 20 * steps


def test_objects_have_their_own_before_what_their_class_has() -> None:
    text = """\
import torch
class A:
    def m(self): return "class"
    @property
    def p(self): return "property"
    def __getattr__(self, name): return lambda: "asked for " + name
class B:
    def m(self): return "plain"
    @staticmethod
    def s(): return "static"
    @classmethod
    def c(cls): return cls.__name__
class N(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Identity()
    def m(self): return "module"
    def forward(self, x): return self.layer(x)
class E(Exception):
    def m(self): return "error"
found = []
values = [A(), B(), N(), E(), A(), B(), N(), E()]
for value in values[4:]:
    value.m = lambda: "own"
for value in values:
    found.append(value.m())
for value in values[4:]:
    del value.m
    found.append(value.m())
B.m = property(lambda self: lambda: "changed")
for value in [values[1], values[5]]:
    found.append(value.m())
    found.append(value.s() + value.c())
for name in range(2):
    found.append(values[0].absent() + values[0].p)
    found.append(values[2](name))
"""
    names = Session().run(compile_program(text)).globals
    kinds = ["class", "plain", "module", "error"]
    assert names["found"] == [
        *kinds,
        *["own"] * 4,
        *kinds,
        *["changed", "staticB"] * 2,
        *["asked for absentproperty", 0, "asked for absentproperty", 1],
    ]

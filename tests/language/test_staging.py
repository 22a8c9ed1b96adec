"""An expression computed as a whole is what it is step by step: values, gradients, graphs, errors.

Programs run twice, once with the staging of expressions and once without, and print the same.
Most are drawn by lot: loops over expressions of tensors, with what may happen between them.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from gradcli.language.compile import staging
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Session, compile_program
from gradcli.table.call import staged as table

ADDRESS = re.compile(r"0x[0-9a-f]+")
NEVER = 1 << 30


def printed(source: str, patience: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a program prints where expressions are staged after some runs, its error at the end."""
    monkeypatch.setattr(staging, "PATIENCE", patience)
    monkeypatch.setattr(staging, "MISSES", 2)
    monkeypatch.setattr(staging, "ATTEMPTS", 20)
    out: list[str] = []
    try:
        Session(stdout=out.append).run(compile_program(source, mode="python"))
    except ProgramError as error:
        out.append(f"{error.title} at {error.span}\n")
    return ADDRESS.sub("0x…", "".join(out))


def same(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = printed(source, NEVER, monkeypatch)
    for patience in (1, 3):
        assert printed(source, patience, monkeypatch) == expected, source


SHOW = """
def digits(*values):
    return [None if value is None else value.tolist() for value in values]

def graph(node, depth=0):
    if node is not None and depth < 12:
        print(" " * depth + node.name(), node.metadata)
        for inner, number in node.next_functions:
            print(" " * depth, number)
            graph(inner, depth + 1)
"""
START = (
    """import math
import torch
torch.manual_seed(0)
x = torch.randn(4, 3)
w = torch.randn(3, requires_grad=True)
b = torch.randn((), requires_grad=True)
m = torch.randn(4, 3, requires_grad=True)
s = torch.tensor(0.7)
labels = torch.tensor([0, 2, 1, 2])
rate = 0.1
"""
    + SHOW
)


# --- programs of a kind -------------------------------------------------------------------------

PROGRAMS = {
    "second derivatives": """
for i in range(6):
    y = (torch.tanh(m * w) * b + x).mean()
    (g,) = torch.autograd.grad(y, [m], create_graph=i > 2)
    if i > 2:
        (g ** 2).sum().backward()
    print(digits(g, w.grad), w.grad)
""",
    "a function of the program's own, which looks at the graph": """
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        ctx.save_for_backward(t)
        return t * 2 + t * 0

    @staticmethod
    def backward(ctx, g):
        (t,) = ctx.saved_tensors
        if i == 3:
            graph(inner.grad_fn)
        if i == 4:
            w.data.mul_(2)
        if i == 5:
            with torch.no_grad():
                w.mul_(2)
        if i == 6:
            inner.register_hook(lambda g: print("hook", g))
        return g * 2 + g * 0 * t

for i in range(8):
    inner = torch.exp(w * 0.1) * w + b
    outer = (Double.apply(inner) * inner).sum() * 1.5
    try:
        outer.backward()
    except RuntimeError as error:
        print(error)
    print(digits(w.grad, b.grad))
""",
    "writes between two passes": """
for i in range(6):
    y = torch.exp(w * 2) * b + w * w
    z = (y * y).sum()
    if i % 2:
        with torch.no_grad():
            w.mul_(0.9)
    try:
        z.backward(retain_graph=True)
        z.backward()
        z.backward()
    except RuntimeError as error:
        print(error)
    print(digits(w.grad, b.grad))
""",
    "a written result": """
for i in range(6):
    y = torch.exp(x * w) * 1.0 + 0.0
    t = torch.tanh(x * w + y)
    y += 1
    t[0] = 2
    try:
        (t.sum() + y.sum()).backward()
    except RuntimeError as error:
        print(error)
    print(digits(w.grad), y._version, t._version)
""",
    "views of what is written": """
for i in range(6):
    v = m.t().transpose(0, 1).reshape(2, 6)
    u = (m * 2).t().transpose(0, 1)
    k = x.t().transpose(0, 1)
    k.mul_(1.5)
    print(v._is_view(), u._is_view(), v._version, k._version, digits(x))
    with torch.no_grad():
        k2 = m.t().transpose(0, 1)
        k2.add_(1)
    try:
        (v.sum() * u.mean()).backward()
        v += 1
    except RuntimeError as error:
        print(error)
    graph(v.grad_fn)
    print(digits(m.grad))
""",
    "modes": """
for i in range(9):
    with torch.set_grad_enabled(i % 2 == 0):
        y = w * 2 + b
    with torch.inference_mode(i % 3 == 0):
        z = x * 2 + 1
    try:
        t = (y * z).sum() * 2
        print(y.requires_grad, z.is_inference(), t.requires_grad, y.grad_fn)
        t.backward()
    except RuntimeError as error:
        print(error)
    print(digits(w.grad))
""",
    "saved tensors in the hands of the program": """
for i in range(6):
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (t * 1, i), lambda p: p[0] * p[1]):
        y = torch.tanh(w * 2) * w + b
    z = torch.tanh(w * 2) * w + b
    (y.sum() + z.sum()).backward()
    print(digits(w.grad), y.grad_fn.next_functions[0][0]._saved_self if i > 3 else None)
""",
    "batches and duals": """
def f(v):
    return (torch.tanh(v * 2) * v + w.detach()).sum() * 2

for i in range(5):
    print(f(w), torch.func.grad(f)(w), torch.func.vmap(f)(m), torch.func.hessian(f)(w))
    with torch.autograd.forward_ad.dual_level():
        d = torch.autograd.forward_ad.make_dual(w.detach(), x[0])
        print(torch.autograd.forward_ad.unpack_dual(f(d)))
    print(torch.func.vmap(lambda v: f(v) + (w * w + 1).sum())(x))
""",
    "autocast": """
for i in range(6):
    with torch.autocast("cpu", enabled=i % 2 == 1):
        y = torch.tanh(x @ m.t()) * 2
        print(y.dtype, y)
""",
    "names that mean something else": """
class Own:
    def tanh(self, t):
        return t * 100

def pick(torch, v):
    return torch.tanh(v * 2) + v

kinds = [torch, Own(), torch]
for i in range(9):
    print(pick(kinds[i % 3], w))
    v = [w, 2.0, 3, torch.tensor([1, 2, 3]), True, w.double(), m][i % 7]
    try:
        print(v * 2 + v * x[0])
    except TypeError as error:
        print(error)
""",
    "items": """
many = [x[0], w, b]
for i in range(8):
    k = i % 3
    print((x[k] * 2 + x[0]).sum(), many[k] * 2 + many[0], (x[k] + m[k]).sum() * 2)
    x[0] = x[0] + 1 * rate
try:
    for i in range(8):
        print((x[i] * 2 + 1).sum())
except IndexError as error:
    print(error)
""",
    "attributes": """
class Model:
    scale = 2.0
    def __init__(self):
        self.w = w
        self.b = b
        self.kept = 0
    @property
    def twice(self):
        self.kept += 1
        print("read")
        return self.w * 2
    def forward(self, t):
        y = torch.tanh(t @ self.w + self.b) * self.scale
        return (y * 2 + self.twice.sum()) * self.rate if hasattr(self, "rate") else y * 2 + self.b

class Lazy(Model):
    def __getattr__(self, name):
        print("asked for", name)
        return 3.0

class Linear(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(w.detach().clone())
        self.c = torch.ones(3)
    def forward(self, t):
        return (t * self.w + self.c).sum() * 2

model, lazy, module = Model(), Lazy(), Linear()
for i in range(10):
    z = model.forward(x).sum() + module(x) + (lazy.other * x + lazy.w).sum()
    z.backward()
    print(z, digits(w.grad, b.grad, module.w.grad), model.w.grad * 2 + 1, x.T.sum() + x.grad_fn)\
        if i < 0 else print(z, digits(w.grad, b.grad, module.w.grad), model.w.grad * 2 + 1)
    if i == 4:
        model.w = torch.ones(3, requires_grad=True)
    if i == 6:
        model.rate = 0.5
    if i == 8:
        del model.b
        Model.b = 4.0
    try:
        print(w.nothing * 2 + 1)
    except AttributeError as error:
        print(error)
print(model.kept)
""",
    "numbers out of tensors": """
two = torch.tensor(2.0)
for i in range(8):
    print(torch.add(x, x, alpha=two) * two, x ** two + two, i * x + i, x.sum(-1) * -0.0 + i * 0.0)
    two = two + 1
""",
    "warnings": """
import warnings
for i in range(4):
    print(torch.nn.functional.mse_loss(x, w * 1) + 1)
with warnings.catch_warnings():
    warnings.simplefilter("error")
    for i in range(4):
        try:
            print(torch.softmax(x * 2, dim=-1) + 1, torch.nn.functional.l1_loss(x, w * 1) + 1)
        except UserWarning as error:
            print(error)
""",
    "wrong labels": """
import torch.nn.functional as F
for i in range(8):
    if i == 6:
        labels[1] = 3
    print(F.cross_entropy(x * w, labels), F.nll_loss(torch.log_softmax(m, dim=1), labels))
""",
    "wrong shapes": """
def f(u, v):
    return torch.tanh(u * 2 + v) @ u.t()

for i in range(5):
    print(f(x, w))
print(f(x, torch.ones(4)))
""",
    "writes": """
p = torch.ones(3)
q = p
for i in range(6):
    p -= 0.1 * x[0]
    q *= p + 1
    b.data -= rate * 2
    with torch.no_grad():
        b -= rate * b
        w += w * w + 1
        m -= m.t().t() * 0.5
    print(digits(p, q, b, w, m), p._version, q is p, w._version, b._version)
    if i == 4:
        p = p.expand(2, 3)
    try:
        p += 1 * 1
        p -= x[0] * 2
        w -= rate * w
    except RuntimeError as error:
        print(error)
""",
    "writes of what shares memory or is of another dtype": """
q = torch.ones(3, 3)
double = torch.ones(3, dtype=torch.float64)
half = torch.ones(3, dtype=torch.float16)
whole = torch.ones(3, dtype=torch.int64)
for i in range(6):
    q += q.t().t()
    double *= x[0] * 2
    half += half * 2
    whole += whole * 2
    try:
        q[0] += q[1] * 2
        q += q.t() * 1
        q += q.t().reshape(3, 3).t().t()
    except RuntimeError as error:
        print(error)
    print(digits(q, double, half, whole), q._version)
for i in range(4):
    try:
        whole -= x[0] * 2
    except RuntimeError as error:
        print(error)
    y = torch.ones(3, device="meta") * 2 + 1
    print(y.device, half * 2 + half)
""",
    "one after the other on every branch": """
def f(v, deep):
    if deep == 0:
        return v * 2 + 1
    return f(v * 0.5 + w, deep - 1) * b + v

for i in range(4):
    y = f(w, i)
    y.sum().backward()
    graph(y.grad_fn)
    print(digits(w.grad, b.grad))
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_a_kind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    same(START + PROGRAMS[name], monkeypatch)


LOOPS = Path(__file__).parents[1] / "benchmarks" / "loops"


@pytest.mark.parametrize("name", sorted(path.stem for path in LOOPS.glob("[!n]*.grad")))
def test_training_loops_are_staged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (LOOPS / f"{name}.grad").read_text().replace("% 10 ==", "% 3 ==")
    expected = printed(source, NEVER, monkeypatch)
    staged: list[object] = []
    stage = table.stage
    monkeypatch.setattr(table, "stage", lambda *args: staged.append(stage(*args)) or staged[-1])
    assert printed(source, 2, monkeypatch) == expected
    assert any(staged)


# --- programs by lot -----------------------------------------------------------------------------

VECTORS = ["w", "m[0]", "x[1]", "rows[i % 2]"]
MATRICES = ["x", "m", "h"]
SCALARS = ["b", "s"]
UNARY = [
    "torch.tanh({})",
    "torch.exp(({}) * 0.1)",
    "({}).sigmoid()",
    "(-{})",
    "torch.relu({})",
    "({}) ** 2",
    "({}).abs()",
    "torch.sin({})",
    "({}).square()",
    "({}) * 2.5",
    "1 - ({})",
    "({}) / 3",
]
BINARY = ["{} + {}", "{} * {}", "({}) - ({})", "({}) / (1 + ({}) ** 2)", "torch.maximum({}, {})"]
WHOLE = [
    "({}).mean()",
    "({}).sum()",
    "torch.sum({}, dim=-1)",
    "torch.softmax({}, dim=-1)",
    "({}).T",
    "({}).t()",
    "({}).reshape(-1)",
    "({}).transpose(0, 1).reshape(2, 6)",
]
EVENTS = [
    "y.retain_grad()",
    "y.register_hook(lambda g: g * 2)",
    "w.register_hook(lambda g: print('hook', g))",
    "with torch.no_grad():\n    w += 0.25",
    "with torch.no_grad():\n    y *= 2",
    "w.data = w.data * 2",
    "w.data.mul_(0.5)",
    "h = h.detach()",
    "w = w.detach().double().requires_grad_()",
    "w = w.detach().float().requires_grad_()",
    "x = torch.randn(2, 3)\nm = torch.randn(2, 3, requires_grad=True)\nh = x",
    "y = y.detach().requires_grad_()",
    "graph(y.grad_fn)",
    "print(y.grad_fn, y._version, y.is_leaf, y.stride())",
    "w.requires_grad_(not w.requires_grad)",
    "rate = rate * 0.5",
    "s = 2.0 if type(s) is not float else torch.tensor(0.3)",
    "m.t_()\nm.t_()",
    "x.mul_(1.5)",
    "b = torch.tensor(-0.0, requires_grad=True)",
    "print(y.grad_fn.next_functions[0][0])",
    "del w\nw = torch.ones(3, requires_grad=True)",
    "y += 1",
    "m = torch.randn(3, 4).t().requires_grad_()",
]
PASSES = [
    "z.backward()",
    "z.backward(retain_graph=True)\nz.backward()",
    "z.backward()\nz.backward()",
    "print(torch.autograd.grad(z, [w, b], allow_unused=True))",
    "print(torch.autograd.grad(z, [m], retain_graph=True, allow_unused=True))\nz.backward()",
    "print(torch.autograd.grad(z, [m], allow_unused=True))\n"
    "print(torch.autograd.grad(z, [w], allow_unused=True))",
    "(g,) = torch.autograd.grad(z, [m], create_graph=True)\n(g ** 2).sum().backward()",
    "z.backward(create_graph=True)",
    "print(torch.autograd.grad(z, [y]))",
    "z.backward(inputs=[w])",
    "with torch.autograd.set_detect_anomaly(True):\n    z.backward()",
    "pass",
]
UPDATES = [
    "w -= rate * w.grad",
    "b -= rate * b.grad",
    "m *= 1 - rate",
    "for p in [w, b, m]:\n    if p.grad is not None:\n        p -= 0.1 * p.grad",
    "w += w * w",
    "h = torch.tanh(x * 2 + 1) * rate",
]


def indented(text: str, by: str = "    ") -> str:
    return "".join(f"{by}{line}\n" for line in text.split("\n"))


def expression(lot: random.Random, depth: int) -> str:
    if depth == 0:
        return lot.choice(MATRICES if lot.random() < 0.6 else VECTORS + SCALARS)
    kind = lot.random()
    if kind < 0.4:
        return lot.choice(UNARY).format(expression(lot, depth - 1))
    if kind < 0.5:
        return lot.choice(WHOLE).format(expression(lot, depth - 1))
    if kind < 0.6:
        return f"(({lot.choice(MATRICES)}) @ {lot.choice(['w', 'm.t()', 'x.t()'])})"
    left, right = (f"({expression(lot, depth - 1)})" for _ in range(2))
    return lot.choice(BINARY).format(left, right)


def by_lot(seed: int) -> str:
    """A program: a loop that computes, tells, derives and updates, with an event here and there."""
    lot = random.Random(seed)
    body = f"y = {expression(lot, lot.randint(1, 3))}\n"
    if lot.random() < 0.3:
        body += f"if i == {lot.randrange(7)}:\n" + indented(lot.choice(EVENTS))
    under = "y" if lot.random() < 0.5 else f"({expression(lot, lot.randint(1, 3))})"
    body += (
        f"z = {lot.choice(WHOLE[:2]).format(f'({under} * ' + lot.choice(['2', 'b', 'y']) + ')')}\n"
    )
    for _ in range(lot.randint(0, 2)):
        body += f"if i == {lot.randrange(7)}:\n" + indented(lot.choice(EVENTS))
    first, second = lot.choice(PASSES), lot.choice(PASSES)
    body += f"if i % 3 < 2:\n{indented(first)}else:\n{indented(second)}"
    update = indented(lot.choice(UPDATES))
    body += f"with torch.no_grad():\n{update}" if lot.random() < 0.8 else lot.choice(UPDATES) + "\n"
    body += "print(i, y.dtype, z, w._version, digits(z, w, w.grad, b.grad, m.grad))\n"
    if lot.random() < 0.3:
        body += "for p in [w, b, m]:\n    p.grad = None\n"
    body = f"try:\n{indented(body)}except (RuntimeError, TypeError) as error:\n    print(error)\n"
    if lot.random() < 0.3:
        define = "def step(i):\n    global w, b, m, x, h, s, rate, rows\n" + indented(body)
        body = "step(i)\n"
        return f"{START}h = x\nrows = [x[0], w]\n{define}for i in range(8):\n{indented(body)}"
    return f"{START}h = x\nrows = [x[0], w]\nfor i in range(8):\n{indented(body)}"


@pytest.mark.parametrize("seed", range(60))
def test_programs_by_lot(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    same(by_lot(seed), monkeypatch)

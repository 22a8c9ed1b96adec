"""Random programs, of which every command has to show the same values and gradients.

    PYTHONPATH=. python tests/cli/agreement.py COUNT [SEED]

Each program is run by eval, grad -f, explain, why, graph and check in this one process; what
they show of its values and of the gradients of `loss` is compared, digit for digit. The last line
says which constructs the programs had.
"""

from __future__ import annotations

import io
import json
import math
import random
import re
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path

from gradcli.autograd import engine, node
from gradcli.cli.main import run
from gradcli.language.machine.state import machine

SMOOTH = {
    "tanh": "{T}tanh({v})",
    "sin": "{T}sin({v})",
    "exp": "{T}exp(0.3 * {v})",
    "sigmoid": "{T}sigmoid({v})",
    "log": "{T}log({v} * {v} + 1)",
    "sqrt": "{T}sqrt({v} ** 2 + 0.5)",
    "power": "{v} ** 3",
    "divide": "1 / ({v} * {v} + 1)",
    "relu": "{T}relu({v})",
    "abs": "{v}.abs()",
    "clamp": "{v}.clamp(-0.75, 1.3)",
    "erf": "{T}erf({v})",
    "where": "{T}where({v} > 0.123, {v}, 0.1 * {v})",
    "saturated": "{T}tanh(9 * {v})",
    "overflow": "{T}exp(60 * {v})",
    "softmax": "{T}softmax({v}.reshape(-1), 0)",
    "cumsum": "{T}cumsum({v}.reshape(-1), 0)",
    "flip": "{v}.reshape(-1).flip(0)",
    "comprehension": "{T}stack([{v} * i for i in range(3)]).sum(0)",
    "lambda": "(lambda t: t * t - t)({v})",
    "index": "{v}.reshape(-1)[0] * {v}",
    "slice": "{v}.reshape(-1)[0:1]",
    "norm": "{v}.reshape(-1).norm()",
    "mean": "{v}.mean() * {v}",
    "logsumexp": "{T}logsumexp({v}.reshape(-1), 0)",
    "cat": "{T}cat([{v}.reshape(-1), {w}.reshape(-1)])",
    "outer": "{T}outer({v}.reshape(-1), {w}.reshape(-1))",
    "matmul": "{T}outer({v}.reshape(-1), {w}.reshape(-1)) @ {w}.reshape(-1)",
    "broadcast": "{v}.reshape(-1, 1) * {w}.reshape(-1)",
    "chain": "{v} + {w}.sum() - 2 * {v}",
    "conditional": "{v} if {w}.sum() > 0 else {v} * 2",
    "prod": "{v}.prod() * {w}",
    "sum of a dimension": "{v}.reshape(-1, 1).sum(0)",
    "max": "{v}.max() * {w}",
    "amin": "{v}.amin() + {w}",
    "median": "{v}.reshape(-1).median()",
    "var": "{T}cat([{v}.reshape(-1), {w}.reshape(-1)]).var()",
    "std": "{T}cat([{v}.reshape(-1), {w}.reshape(-1)]).std()",
    "sort": "{v}.reshape(-1).sort()[0].cumsum(0)",
    "cumprod": "{v}.reshape(-1).cumprod(0)",
    "einsum": "{T}einsum('i,j->ij', {v}.reshape(-1), {w}.reshape(-1))",
    "linalg": "torch.linalg.vector_norm({v}.reshape(-1), 3)",
    "expand": "{v}.reshape(-1, 1).expand(-1, 2)",
    "permute": "{v}.reshape(1, -1).permute(1, 0)",
    "bool factor": "{v} * ({w} > 0.2).sum()",
    "bool mask": "{v}.reshape(-1)[{v}.reshape(-1) > 0.1].sum()",
    "masked_fill": "{v}.masked_fill({v} < -0.2, 0.5)",
    "integer index": "{v}.reshape(-1)[{T}tensor([0, 0, -1])]",
    "integer factor": "{v}.sum() * {T}arange(3)",
    "integer part": "({v} * 2).floor() + {v}",
    "gather": "{v}.reshape(-1).gather(0, {T}tensor([0, 0]))",
    "sign": "{v}.sign() * {v}",
    "maximum": "{T}maximum({v}.sum(), {w})",
    "atan2": "{T}atan2({v}, {w}.sum() ** 2 + 1)",
    "tensor exponent": "({v} ** 2 + 0.5) ** {w}.mean().tanh()",
    "softplus": "torch.nn.functional.softplus({v})",
    "gelu": "torch.nn.functional.gelu({v})",
    "pad": "torch.nn.functional.pad({v}.reshape(-1), (1, 2))",
    "mse_loss": "torch.nn.functional.mse_loss({v}, {v}.detach() * 0 + 0.3)",
    "complex": "({v} * 1j + {w}.sum()).abs()",
    "checkpoint": "torch.utils.checkpoint.checkpoint(lambda t: t.sin(), {v}, use_reentrant=False)",
}
BLOCKS = {
    "def": "def f{n}(t):\n    u = t * 2\n    return {T}sin(u) + t\nh{n} = f{n}({v})",
    "for": "h{n} = {v} * 1\nfor i in range(3):\n    h{n} = h{n} * 0.5 + {v}",
    "while": "h{n} = {v} * 1\nk = 2\nwhile k:\n    h{n} = {T}cos(h{n})\n    k -= 1",
    "if": "if {v}.sum() > 0:\n    h{n} = {v} * 3\nelse:\n    h{n} = {v} / 3",
    "in place": "h{n} = {v} * 1\nh{n} *= 2\nh{n}.add_({v})",
    "item assignment": "h{n} = {T}cat([{v}.reshape(-1), {w}.reshape(-1)])\nh{n}[0] = {w}.sum()",
    "detach": "h{n} = {v}.detach() * {w}.sum()",
    "no_grad": "with {T}no_grad():\n    c{n} = {v} * 2\nh{n} = c{n} * {w}.sum()",
    "item": "c{n} = {v}.sum().item()\nh{n} = c{n} * {w}",
    "unpack": "a{n}, h{n} = {v} * 2, {v} * {w}.sum()",
    "random": "{T}manual_seed({n})\nc{n} = {T}randn(20)\nh{n} = c{n} * {v}.sum()",
    "data": "h{n} = {v}.data * {w}.sum()",
    "set_grad_enabled": "{T}set_grad_enabled(False)\nc{n} = {v} * 2\n{T}set_grad_enabled(True)\n"
    "h{n} = c{n} + {w}.sum()",
    "enable_grad": "with {T}no_grad():\n    with {T}enable_grad():\n        h{n} = {v} * 2 + 1",
    "closure": "def outer{n}(k):\n    def inner(t):\n        return t * k + {w}.sum()\n"
    "    return inner\nh{n} = outer{n}(3)({v})",
    "recursion": "def r{n}(t, k):\n    return t if k == 0 else r{n}(t * 0.5 + 0.1, k - 1)\n"
    "h{n} = r{n}({v}, 3)",
    "generator": "def g{n}(t):\n    for i in range(3):\n        yield t * i\nh{n} = sum(g{n}({v}))",
    "class": "class C{n}:\n    def __init__(self, k):\n        self.k = k\n\n"
    "    def __call__(self, t):\n        return t * self.k + t\n\nh{n} = C{n}(2.5)({v})",
    "try": "try:\n    h{n} = {v}.reshape(-1) @ {T}ones(17)\n"
    "except RuntimeError:\n    h{n} = {v} * 1.5",
    "break": "h{n} = {v} * 1\nfor i in range(9):\n    h{n} = h{n} * 1.5\n"
    "    if i == 2:\n        break",
    "list": "l{n} = []\nfor i in range(3):\n    l{n}.append({v}.sum() * i)\nh{n} = {T}stack(l{n})",
    "dictionary": "d{n} = {{'a': {v}, 'b': {w}.sum()}}\nh{n} = d{n}['a'] * d{n}['b']",
    "view write": "h{n} = {v} * 1\nh{n}.reshape(-1)[0:1].mul_(3)",
    "masked write": "h{n} = {v} * 1\nh{n}[{v} > 0.2] = 0.5",
    "clamp_": "h{n} = {v} * 1.5\nh{n}.clamp_(-1, 0.77)",
    "create_graph": "(s{n},) = torch.autograd.grad(({v} ** 3).sum(), {v}, create_graph=True)\n"
    "h{n} = s{n} * {w}.sum()",
    "func.grad": "h{n} = torch.func.grad(lambda t: (t ** 3).sum())({v})",
    "func.vmap": "h{n} = torch.func.vmap(lambda t: t * t.sin())({v}.reshape(-1))",
    "Linear": "torch.manual_seed({n})\nnet{n} = torch.nn.Linear(1, 2)\n"
    "h{n} = net{n}({v}.reshape(-1, 1))",
    "Sequential": "torch.manual_seed({n})\nnet{n} = torch.nn.Sequential(torch.nn.Linear(1, 3), "
    "torch.nn.Tanh(), torch.nn.Linear(3, 1))\nh{n} = net{n}({v}.reshape(-1, 1))",
    "Module": "class M{n}(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        self.scale = torch.nn.Parameter({T}tensor([0.5, -1.5]))\n\n    def forward(self, t):\n"
    "        return t.sum() * self.scale\n\nnet{n} = M{n}()\nh{n} = net{n}({v})",
    "hook": "h{n} = {v} * 2\nh{n}.register_hook(lambda g: g * 3)",
    "Function": "class F{n}({A}Function):\n    @staticmethod\n    def forward(ctx, t):\n"
    "        ctx.save_for_backward(t)\n        return t * t\n    @staticmethod\n"
    "    def backward(ctx, g):\n        (t,) = ctx.saved_tensors\n        return 2 * t * g\n"
    "h{n} = F{n}.apply({v})",
}
# Programs in which the differences see what the graph does not, or the reverse.
NOT_CHECKED = {"detach", "no_grad", "item", "hook", "data", "set_grad_enabled"}
# The parameters that constructs with modules make.
PARAMETERS = {
    "Linear": ("weight", "bias"),
    "Sequential": ("0.weight", "0.bias", "2.weight", "2.bias"),
    "Module": ("scale",),
}


class Program:
    """A random program: its text, its leaves, its inputs, and the constructs that it has."""

    def __init__(self, number: int) -> None:
        self.draw = random.Random(number)
        self.torch = self.draw.random() < 0.5
        self.constructs: Counter[str] = Counter()
        self.inputs: dict[str, str] = {}
        self.leaves: list[str] = []
        self.parameters: list[str] = []
        lines = ["import torch"] if self.torch else []
        for name in ("x", "w"):
            values = self._numbers(self.draw.choice([(), (1,), (3,), (2, 2)]))
            self.leaves.append(name)
            if self.torch:
                lines.append(f"{name} = torch.tensor({values}, requires_grad=True)")
            elif self.draw.random() < 0.5:
                self.inputs[name] = str(values)
                self.constructs["input"] += 1
            else:
                lines.append(f"{name} = param({values})")
        known = list(self.leaves)
        for n in range(self.draw.randint(1, 5)):
            block = self.draw.random() < 0.4
            kind = self.draw.choice(sorted(BLOCKS if block else SMOOTH))
            self.constructs[kind] += 1
            v, w = self.draw.choice(known), self.draw.choice(known)
            names = {
                "T": "torch." if self.torch else "",
                "A": "torch.autograd.",
                "v": v,
                "w": w,
                "n": n,
            }
            form = BLOCKS[kind] if block else "h{n} = " + SMOOTH[kind]
            lines.append(form.format(**names))
            self.parameters += [f"net{n}.{name}" for name in PARAMETERS.get(kind, ())]
            known.append(f"h{n}")
        used = self.draw.sample(known[2:], min(2, len(known) - 2))
        lines.append("loss = " + " + ".join(f"{name}.sum()" for name in used))
        self.constructs["import torch" if self.torch else "calculator"] += 1
        self.leaves += self.parameters
        self.text = "\n".join(lines) + "\n"
        self.frees = self.draw.random() < 0.5
        self.constructs["backward"] += 1
        self.backward = "loss.backward()\n" if self.frees else "loss.backward(retain_graph=True)\n"

    def _numbers(self, shape: tuple[int, ...]) -> object:
        if not shape:
            return round(self.draw.uniform(-2, 2), 2)
        return [self._numbers(shape[1:]) for _ in range(shape[0])]

    @property
    def checked(self) -> bool:
        """Whether the differences have to agree with the gradients."""
        return not NOT_CHECKED & self.constructs.keys()


def command(*words: str) -> tuple[int, str, str]:
    """The exit status and what a command writes to stdout and stderr."""
    streams = sys.stdout, sys.stderr
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    sys.stdout, sys.stderr = out, err
    try:
        status = run(list(words))
    finally:
        sys.stdout, sys.stderr = streams
        engine.keeper.clear()
        node.before_write.clear()
        machine.ran = None
    found = []
    for stream in (out, err):
        stream.flush()
        found.append(stream.buffer.getvalue().decode())
    return status, *found


def flat(value: object) -> list[float]:
    """The elements of a JSON tensor."""
    if isinstance(value, list):
        return [number for item in value for number in flat(item)]
    return [float(str(value).replace("Infinity", "inf"))]


def same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def single(number: float) -> float:
    """A number as a float32 has it."""
    (found,) = struct.unpack("f", struct.pack("f", number))
    return float(found)


def words_of(text: str) -> str:
    return " ".join(text.split())


def compare(program: Program, folder: Path) -> list[str]:
    """What the commands do not agree on."""
    plain, passed = folder / "plain.grad", folder / "passed.grad"
    printed = folder / "printed.grad"
    plain.write_text(program.text)
    passed.write_text(program.text + program.backward)
    shows = "".join(f"print('@{n}', {expression(n)}.grad)\n" for n in program.leaves)
    printed.write_text(program.text + program.backward + "print('@loss', loss)\n" + shows)
    given = [word for name, text in program.inputs.items() for word in ("--set", f"{name}={text}")]
    wrong: list[str] = []

    def ran(*words: str, statuses: tuple[int, ...] = (0,)) -> tuple[str, str]:
        status, out, err = command(*words, *given)
        if status not in statuses:
            raise AssertionError(f"{words[0]} ends with {status}: {err}")
        return out, err

    out, err = ran("eval", "--json", str(printed))
    found = json.loads(out)
    values, grads = found["values"], found["grads"]
    texts = {}
    for part in ("\n" + err).split("\n@")[1:]:
        name, _, text = part.partition(" ")
        texts[name] = words_of(text)

    out, _ = ran("grad", "-f", str(passed if not program.frees else plain), "--of", "loss")
    once = json.loads(out)
    if once["value"] != values["loss"]:
        wrong.append(f"grad: loss is {once['value']}, eval has {values['loss']}")
    wrong += [
        f"grad: {name}.grad is {once['grads'][name]}, eval has {grads[name]}"
        for name in program.leaves
        if once["grads"][name] != grads[name]
    ]

    out, _ = ran("explain", str(passed), "--of", "loss")
    head, _, tail = out.partition("\nin all\n")
    if words_of(re.split("\nsummary|\nstart", head)[0]) != f"loss = {texts['loss']}":
        wrong.append(f"explain: {head.splitlines()[0]}, eval prints {texts['loss']}")
    parts = ("\n" + tail.partition("\nwhy ")[0].partition("\n  not")[0]).split("\n  dloss/d")[1:]
    shown = {  # without what is said of a sum, on lines of its own
        name: words_of(re.split(r"\n {5}(?=[0-9])", text)[0])
        for name, _, text in (part.partition(" = ") for part in parts)
    }
    wrong += [
        f"explain: dloss/d{name} is {shown[name]}, eval prints {texts[name]}"
        for name in program.leaves
        if shown[name] != texts[name] and "norm" not in shown[name]
    ]

    out, _ = ran("explain", "--format", "json", str(passed), "--of", "loss")
    (told,) = json.loads(out)["explanations"]
    joins = [arrival["sources"] for step in told["steps"] for arrival in step["arrives"]]
    for entry in told["gradients"]:
        name, gradient = entry["input"], entry["gradient"]
        data = None if gradient is None else gradient["data"]
        if entry["hooked"] is None and name in grads and data != grads[name]:
            wrong.append(f"explain: dloss/d{name} is {data} as JSON, eval has {grads[name]}")
        joins.append(entry["sources"])
    for sources in joins:
        shares = [source["share"] for source in sources if source["share"] is not None]
        if shares and abs(sum(shares) - 1) > 1e-3 * max(map(abs, shares)):
            wrong.append(f"explain: the shares of paths are {shares}")

    for name in program.leaves:
        out, _ = ran("why", str(passed), "--wrt", name)
        if not out.startswith(said(name, grads[name])):
            wrong.append(f"why: {out.splitlines()[0]}, where eval has {grads[name]}")

    out, _ = ran("graph", "--format", "json", str(passed), "--of", "loss")
    wanted = ("float32", "complex64") if program.torch else ("float64", "complex128")
    for item in json.loads(out)["nodes"]:
        for output in item["outputs"]:
            name = output["name"]
            if output["dtype"] not in wanted:
                wrong.append(f"graph: {item['node']} has {output['dtype']}, not {wanted[0]}")
            if name in values and shape_of(values[name]) != output["shape"]:
                wrong.append(f"graph: {name} has the shape {output['shape']}")

    out, _ = ran("check", "--json", str(plain), "--of", "loss", statuses=(0, 1))
    found = json.loads(out)
    for entry in found["checks"]:
        worst, grad = entry["worst"], grads[entry["input"]]
        elements = [0.0] if grad is None else flat(grad)
        place = 0
        for index, size in zip(worst["index"], shape_of(grad), strict=bool(elements and grad)):
            place = place * size + index
        analytic = float(str(worst["analytic"]).replace("Infinity", "inf"))
        got = elements[place]
        if program.torch:  # the shortest digits of a float32 read back as that float32 alone
            analytic, got = single(analytic), single(got)
        if not same(analytic, got):
            wrong.append(f"check: d loss / d {entry['input']} is {analytic}, eval has {got}")
    if program.checked and not found["ok"]:
        kinks = all(entry["ok"] or entry["kinks"] for entry in found["checks"])
        if not kinks:
            wrong.append(f"check: {command('check', str(plain), '--of', 'loss', *given)[1]}")
    return wrong


def expression(leaf: str) -> str:
    """How a program writes the dotted name of a parameter."""
    return re.sub(r"\.([0-9]+)", r"[\1]", leaf)


def shape_of(value: object) -> list[int]:
    """The shape of a JSON tensor."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0]
    return shape


def said(name: str, grad: object) -> str:
    """How `why` begins about a gradient."""
    if grad is None:
        return f"no backward pass has reached `{name}`"
    elements = flat(grad)
    zeros = elements.count(0.0)
    if not all(map(math.isfinite, elements)):
        return f"{name}.grad is not finite"
    if zeros:
        of = f"{zeros} of {len(elements)} elements of {name}.grad are zero"
        return f"{name}.grad is zero" if zeros == len(elements) else of
    many = "" if len(elements) == 1 else "s"
    return f"{name}.grad has {len(elements)} element{many}, finite and not zero"


def main(count: int, seed: int) -> int:
    constructs: Counter[str] = Counter()
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in range(seed, seed + count):
            program = Program(number)
            constructs.update(program.constructs)
            try:
                wrong = compare(program, Path(folder))
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            if wrong:
                bad += 1
                given = " ".join(f"--set {k}={v}" for k, v in program.inputs.items())
                print(f"--- program {number} {given}\n{program.text}{program.backward}", end="")
                print("\n".join(wrong))
    used = ", ".join(f"{name} {times}" for name, times in sorted(constructs.items()))
    print(f"{count} programs, {bad} on which commands do not agree; they had {used}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))

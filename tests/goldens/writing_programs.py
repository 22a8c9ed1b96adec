"""Random programs of views, writes in place, indices, modes and passes.

`program(seed)` gives the constructs that one uses and its text: the same for a seed on every
machine. Every statement stands in a `try`, so that an error is printed and the next one runs; at
the end each name is printed with its gradient.
"""

from __future__ import annotations

import random

SHAPES = ((), (3,), (3,), (2, 3), (2, 3), (1, 3), (2, 1), (3, 3))
NUMBERS = ("1.5", "-2.", "0.5", "3.", "-0.25", "0.", "2.")
DTYPES = ("float32", "float32", "float64", "complex64", "int64", "float16")

RESULTS = [
    "exp()",
    "sin()",
    "relu()",
    "abs()",
    "square()",
    "neg()",
    "sigmoid()",
    "clone()",
    "sum()",
    "mean()",
    "t()",
    "T",
    "mT",
    "detach()",
    "data",
    "view(-1)",
    "reshape(-1)",
    "unsqueeze(0)",
    "squeeze()",
    "expand(2,-1)",
    "flatten()",
    "contiguous()",
    "sum(0)",
    "max()",
    "prod()",
    "cumsum(0)",
    "flip(0)",
    "real",
    "tanh()",
    "clamp(-1,1)",
    "var()",
    "max(0)[0]",
    "sort()[0]",
    "topk(1)[0]",
    "unbind(0)[0]",
    "chunk(2)[0]",
    "split(1)[-1]",
    "diagonal()",
    "select(0,0)",
    "narrow(0,0,1)",
    "as_strided((2,),(1,))",
    "requires_grad_()",
    "view_as(x0)",
    "expand_as(x0)",
    "pow(2)",
    "pow(x0)",
    "median()",
    "tril()",
    "masked_fill(x0>0,0.5)",
    "repeat(2)",
    "roll(1)",
    "double()",
    "float()",
    "half()",
    "long()",
    "item()",
    "tolist()",
    "isnan()",
    "index_select(0,torch.tensor([0]))",
    "gather(0,torch.tensor([0]))",
]

WRITES = [
    "mul_(2)",
    "add_(1)",
    "zero_()",
    "exp_()",
    "relu_()",
    "fill_(0.5)",
    "sub_(x0)",
    "div_(3)",
    "clamp_(0)",
    "detach_()",
    "requires_grad_()",
    "requires_grad_(False)",
    "copy_(x0)",
    "t_()",
    "unsqueeze_(0)",
    "squeeze_()",
    "retain_grad()",
    "neg_()",
    "masked_fill_(x0>0,1.)",
    "sigmoid_()",
    "normal_()",
    "uniform_()",
    "mul_(x0)",
    "addcmul_(x0,x0)",
    "lerp_(x0,0.5)",
    "pow_(2)",
    "cumsum_(0)",
    "index_fill_(0,torch.tensor([0]),2.)",
    "swapaxes_(0,-1)",
    "transpose_(0,-1)",
]

QUERIES = [
    "grad",
    "grad_fn",
    "is_leaf",
    "requires_grad",
    "_version",
    "_base",
    "shape",
    "dtype",
    "retains_grad",
    "stride()",
    "is_contiguous()",
    "_is_view()",
    "storage_offset()",
    "output_nr",
    "is_inference()",
]

MODES = ("no_grad()", "enable_grad()", "inference_mode()", "set_grad_enabled(False)")

INDICES = [
    "0",
    "-1",
    "1:",
    ":,0",
    "...",
    "None",
    "0,0",
    "[0]",
    ":,1:",
    "::2",
    "-2:",
    "5:",
    "1,1:",
    "(0,)",
    "True",
    "[True,False,True]",
    "torch.tensor([0,-1])",
    "torch.tensor(1)",
    "torch.tensor([[0],[1]])",
    "torch.tensor([True,False])",
    ":,[0,-1]",
    "None,0",
    "...,0",
    "[[0,1]]",
    "torch.tensor([0,4])",
    "range(2)",
    "0,torch.tensor([0,1])",
    "slice(1)",
]

VALUES = [
    "2.",
    "0",
    "-1.5",
    "True",
    "2j",
    "torch.tensor(1)",
    "torch.tensor([2])",
    "torch.tensor([1.,2.])",
    "torch.ones(3)",
    "torch.tensor(0.5,dtype=torch.float64)",
    "torch.tensor([[1],[2]])",
    "torch.arange(3.)",
    "[1,2]",
    "torch.tensor(1.5,dtype=torch.float16)",
]


class Writer:
    """One program: its lines, the names it has so far, and what it uses."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.names: list[str] = []
        self.used: list[str] = []
        self.lines = ["import torch"]
        self.count = 0

    def one_of(self, kind: str, choices: object) -> str:
        """A choice, noted as used."""
        found: str = self.random.choice(choices)  # type: ignore[arg-type]
        self.used.append(f"{kind} {found}")
        return found

    def new(self) -> str:
        """A name that no tensor has yet."""
        self.count += 1
        return f"x{self.count - 1}"

    def leaf(self) -> None:
        """A tensor to begin with; some are views, some require grad."""
        shape = self.random.choice(SHAPES)
        dtype = self.one_of("dtype", DTYPES)
        size = 1
        for length in shape:
            size *= length
        numbers = [self.random.choice(NUMBERS) for _ in range(size)]
        if dtype == "int64":
            numbers = [number.partition(".")[0] for number in numbers]
        name = self.new()
        text = f"torch.tensor([{', '.join(numbers)}], dtype=torch.{dtype}).reshape({shape})"
        wants = dtype != "int64" and self.random.random() < 0.75
        self.lines.append(f"{name} = {text}{'.requires_grad_()' if wants else ''}")
        self.names.append(name)

    def statement(self) -> str:
        """One more statement of a kind that is drawn."""
        draw = self.random
        a, b = draw.choice(self.names), draw.choice(self.names)
        kind = draw.random()
        if kind < 0.2:
            return self.assigned(f"{a}.{self.one_of('result', RESULTS)}")
        if kind < 0.32:
            symbol = self.one_of("operator", ("+", "-", "*", "/", "@", "**"))
            return self.assigned(f"{a} {symbol} {draw.choice([b, '2', '0.5'])}")
        if kind < 0.4:
            return self.assigned(f"{a}[{self.one_of('read', [*INDICES, f'{a} > 0'])}]")
        if kind < 0.54:
            return f"{a}.{self.one_of('write', WRITES)}"
        if kind < 0.64:
            place = self.one_of("written", [*INDICES, f"{a} > 0"])
            symbol = draw.choice(("=", "=", "+=", "*="))
            return f"{a}[{place}] {symbol} {draw.choice([b, self.one_of('value', VALUES)])}"
        if kind < 0.67:
            symbol = self.one_of("augmented", ("+=", "*=", "-=", "/="))
            return f"{a} {symbol} {draw.choice([b, '2.'])}"
        if kind < 0.72:
            mode = self.one_of("mode", MODES)
            inner = draw.choice([f"{a}.mul_(2)", f"{a} -= 0.1", f"{a}.add_({b})"])
            if draw.random() < 0.3:
                inner = self.assigned(f"{a}.view(-1)")
            return f"with torch.{mode}: {inner}"
        if kind < 0.76:
            return f"{a}.data {self.one_of('behind', ('*= 2', '+= 1', '-= 0.5'))}"
        if kind < 0.79:
            hook = self.one_of("hook", ("print(g)", "g * 2", "None", "torch.zeros(1)"))
            return f"{a}.register_hook(lambda g: {hook})"
        if kind < 0.86:
            options = ("", "", "retain_graph=True", "torch.ones_like(t)", "create_graph=True")
            given = self.one_of("backward", (*options, "inputs=[t]")).replace("t)", f"{a})")
            given = given.replace("[t]", f"[{b}]")
            return f"{a}{draw.choice(['.sum()', '', '.sum()'])}.backward({given})"
        if kind < 0.91:
            options = ("", ", retain_graph=True", ", allow_unused=True", ", materialize_grads=True")
            given = self.one_of("grad", options)
            inputs = draw.choice([b, f"[{b}, x0]", "x0"])
            return f"print(torch.autograd.grad({a}.sum(), {inputs}{given}))"
        if kind < 0.96:
            return f"print({a}.{self.one_of('query', QUERIES)})"
        if kind < 0.98:
            return f"{a}.grad = {draw.choice(['None', f'torch.ones_like({a})', b])}"
        return f"{a} = {b}"

    def assigned(self, value: str) -> str:
        """`value` under a new name, which later statements use, too."""
        name = self.new()
        self.names.append(name)
        return f"{name} = {value}"


def program(seed: int) -> tuple[list[str], str]:
    """What the program of a seed uses, and its text."""
    writer = Writer(seed)
    for _ in range(writer.random.randint(1, 3)):
        writer.leaf()
    for _ in range(writer.random.randint(4, 10)):
        writer.lines.append(f"try:\n    {writer.statement()}")
        writer.lines.append("except Exception as e:\n    print(type(e).__name__, e)")
    names = ", ".join(map(repr, dict.fromkeys(writer.names)))
    writer.lines.append(
        f"for name in [{names}]:\n"
        "    t = globals().get(name)\n"
        "    shown = isinstance(t, torch.Tensor) and (t.is_leaf or t.retains_grad)\n"
        "    print(name, t, t.grad if shown else None)\n"
    )
    return writer.used, "\n".join(writer.lines)

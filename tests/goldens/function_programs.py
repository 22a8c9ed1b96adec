"""Random programs with custom Functions and hooks, the same for the same seed.

`generate(seed)` answers a program, which prints what happens and every error's sentence, and the
names of the constructs in it. Nothing here needs PyTorch or gradcli: `record_functions.py` runs the
programs in PyTorch, `test_functions.py` and `compare_functions.py` in gradcli.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

PRELUDE = """\
import torch
from torch.autograd import Function
from torch.autograd.function import once_differentiable
import torch.autograd.forward_ad as fw
def t(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
kept = []
def go(f):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
        for v in (x, w, *kept):
            v.grad = None
def kinds(n):
    return None if n is None else [type(m).__name__ for m, i in n.next_functions]
"""


class Program:
    """A program that is being written; `used` names its constructs."""

    inside = False  # a transform: tensors print as PyTorch wraps them, so shapes are printed

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.used: list[str] = []

    def say(self, *lines: str) -> None:
        """Add lines."""
        self.lines.extend(lines)

    def pick(self, choices: Sequence[str]) -> str:
        """One of some texts."""
        return self.random.choice(choices)

    def chance(self, probability: float) -> bool:
        """Whether something rare happens."""
        return self.random.random() < probability

    def option(self, name: str, probability: float) -> bool:
        """Whether a construct is used, noting it."""
        if self.random.random() < probability:
            self.used.append(name)
            return True
        return False

    def choose(self, choices: dict[str, str | tuple[str, ...]], weights: Sequence[int]) -> str:
        """The text of one construct, noting its name."""
        name = self.random.choices(list(choices), weights)[0]
        self.used.append(name)
        found = choices[name]
        return found if isinstance(found, str) else self.random.choice(found)


# ---------------------------------------------------------------- custom Functions

OUTPUTS = {
    "output: product": ("a * b", "a * a", "b * 3"),
    "output: of an intermediate": ("h * 2", "h + a"),
    "output: an intermediate": "h",
    "output: reduced": ("a.sum()", "(a * b).sum(0)"),
    "output: a view of an input": ("a[:1]", "a.view(-1)", "b[0]", "a.t()", "a.view_as(a)"),
    "output: an input": ("a", "b"),
    "output: integers": ("a.long()", "a > 1"),
    "output: detached": "a.detach()",
    "output: no tensor": ("5", "None", "'text'"),
    "output: made under enable_grad": "made(a)",
}
OUTPUT_WEIGHTS = (8, 3, 2, 3, 3, 2, 1, 1, 2, 1)

GRADIENTS = {
    "gradient: plain": ("g * 2", "g", "g * g"),
    "gradient: of what was saved": ("g * s[0]", "g + s[-1]"),
    "gradient: an attribute": "g * ctx.k",
    "gradient: None": "None",
    "gradient: ones": "torch.ones(2, 2)",
    "gradient: wrong shape": ("g.sum()", "torch.ones(3)", "torch.ones(1, 2, 2)", "g[:1]"),
    "gradient: other dtype": "torch.ones(2, 2, dtype=torch.float64)",
    "gradient: no tensor": ("3.0", "[g]", "'g'"),
}
GRADIENT_WEIGHTS = (9, 6, 3, 3, 2, 1, 1, 1)

SAVED = {
    "save: an input": ("a", "b"),
    "save: an output": ("o0", "o0"),
    "save: an intermediate": "h",
    "save: None": "None",
    "save: a number": "3",
    "save: a fresh tensor": "a * 5",
}
SAVED_WEIGHTS = (8, 4, 4, 1, 1, 1)

INPUTS = {
    "input: a leaf": ("x", "w"),
    "input: a result": ("x * 1", "w + 0"),
    "input: without gradient": ("x.detach()", "torch.ones(2, 2)"),
    "input: a view of a result": ("(x * 1)[:]", "(x * 1).view(2, 2)"),
    "input: a view of a leaf": ("x[:]", "w.view(2, 2)"),
    "input: one of several views": "(x * 1).view(1, 2, 2).unbind()[0]",
    "input: a constant on the graph": "x.clone()",
}
INPUT_WEIGHTS = (8, 8, 2, 2, 1, 1, 1)


def write_class(p: Program, name: str, transforms: bool) -> tuple[int, int]:
    """A custom Function; how many outputs it has, and how many arguments besides `a` and `b`."""
    separate = transforms or p.option("style: setup_context", 0.4)
    if not separate:
        p.used.append("style: ctx")
    extra = 1 if p.option("argument: no tensor", 0.3) else 0
    parameters = "a, b" + (
        ", k=3" if extra and p.option("argument: default", 0.5) else ", k" * extra
    )
    p.say(f"class {name}(Function):")
    count = p.random.choices((1, 2, 3), (6, 3, 1))[0]
    writes = not transforms and p.option("writes an input", 0.12)
    outputs = [p.choose(OUTPUTS, OUTPUT_WEIGHTS) for _ in range(count)]
    if writes:
        outputs[0] = "a"
    if transforms:
        if p.option("vmap: generated", 0.5):
            p.say("    generate_vmap_rule = True")
        elif p.option("vmap: staticmethod", 0.6):
            write_vmap(p, count, extra)
    p.say("    @staticmethod")
    p.say(f"    def forward({'' if separate else 'ctx, '}{parameters}):")
    if p.option("prints needs_input_grad in forward", 0.15) and not separate:
        p.say("        print('fw', ctx.needs_input_grad)")
    p.say("        h = a + 1" if p.chance(0.7) else "        h = a * b")
    if "made(a)" in outputs:
        p.say(
            "        def made(v):",
            "            with torch.enable_grad():",
            "                return v * 2",
        )
    if writes:
        p.say("        a.mul_(2)")
    names = [f"o{i}" for i in range(count)]
    for output, text in zip(names, outputs, strict=True):
        p.say(f"        {output} = {text}")
    context = context_lines(p, names, writes, extra)
    result = ", ".join(names) + (
        "," if count == 1 and p.option("returns a tuple of one", 0.1) else ""
    )
    if separate:
        p.say(f"        return {result}", "    @staticmethod")
        p.say("    def setup_context(ctx, inputs, output):")
        p.say(f"        a, b{', k' * extra} = inputs")
        p.say(
            f"        {', '.join(names)}{',' if count == 1 and result[-1] == ',' else ''} = output"
        )
        p.say("        h = a * 4", *context)
    else:
        p.say(*context, f"        return {result}")
    if not p.option("no backward", 0.02):
        write_backward(p, count, extra)
    if p.option("jvp", 0.5 if transforms else 0.2):
        write_jvp(p, count, extra)
    return count, extra


def context_lines(p: Program, names: Sequence[str], writes: bool, extra: int) -> list[str]:
    """What forward tells its context."""
    lines = []
    if p.option("save_for_backward", 0.75):
        saved = [p.choose(SAVED, SAVED_WEIGHTS) for _ in range(p.random.randint(1, 3))]
        lines.append(f"ctx.save_for_backward({', '.join(saved)})")
    if p.option("save_for_forward", 0.25):
        lines.append("ctx.save_for_forward(a, o0)" if p.chance(0.5) else "ctx.save_for_forward(a)")
    attribute = p.pick(("k", "k", "k", "name", "shape", "grad", "metadata", "saved_tensors", "_x"))
    lines.append(f"ctx.k = {'k' if extra else '3'}")
    if attribute != "k" and p.option("attribute of ctx", 0.3):
        lines.append(f"ctx.{attribute} = 4")
    if writes and not p.option("forgets mark_dirty", 0.1):
        p.used.append("mark_dirty")
        lines.append("ctx.mark_dirty(a)")
    elif p.option("mark_dirty of another", 0.04):
        lines.append(f"ctx.mark_dirty({p.pick(('o0', 'h', 'b', '3', 'a.view(-1)'))})")
    if p.option("mark_non_differentiable", 0.12):
        lines.append(f"ctx.mark_non_differentiable({p.pick((*names, 'a', 'h', '3'))})")
    if p.option("set_materialize_grads(False)", 0.12):
        lines.append("ctx.set_materialize_grads(False)")
    return [f"        {line}" for line in lines]


def write_backward(p: Program, count: int, extra: int) -> None:
    """The backward of a Function with `count` outputs."""
    p.say("    @staticmethod")
    if p.option("once_differentiable", 0.08):
        p.say("    @once_differentiable")
    name = "vjp" if p.option("vjp instead of backward", 0.05) else "backward"
    p.say(f"    def {name}(ctx, {', '.join(f'g{i}' for i in range(count))}):")
    if p.option("prints gradients in backward", 0.4):
        p.say(f"        print('bw', {shown(p, [f'g{i}' for i in range(count)])})")
    if p.option("prints needs_input_grad in backward", 0.2):
        p.say("        print(ctx.needs_input_grad)")
    if p.option("prints saved_tensors", 0.2):
        p.say(f"        print({shown(p, ['*ctx.saved_tensors'])})")
    if p.option("identity of saved tensors", 0.1):
        p.say("        print([v is x or v is w for v in ctx.saved_tensors])")
    p.say("        s = [v for v in ctx.saved_tensors if v is not None] or [torch.ones(2, 2)]")
    p.say(f"        g = {p.pick([f'g{i}' for i in range(count)])}")
    p.say("        if g is None: g = torch.ones(2, 2)")
    if not p.chance(0.15):
        p.say("        if g.shape != (2, 2): g = torch.ones(2, 2) * g.sum()")
    gradients = [p.choose(GRADIENTS, GRADIENT_WEIGHTS) for _ in range(2)] + ["None"] * extra
    if p.option("wrong number of gradients", 0.06):
        gradients = p.random.choice((gradients[:1], [*gradients, "g"], [*gradients, "None"], []))
    if p.option("a list from backward", 0.03):
        p.say(f"        return [{', '.join(gradients)}]")
    else:
        p.say(f"        return {', '.join(gradients) or '()'}{',' if len(gradients) == 1 else ''}")


def shown(p: Program, names: Sequence[str]) -> str:
    """Tensors as the arguments of a print."""
    text = ", ".join(names)
    return f"[v if v is None else v.shape for v in ({text},)]" if p.inside else text


def write_jvp(p: Program, count: int, extra: int) -> None:
    """The jvp of a Function with `count` outputs."""
    tangents = {
        "tangent: plain": ("d * 2", "d", "d * ctx.k"),
        "tangent: of what was saved": "d * ctx.saved_tensors[0]",
        "tangent: wrong": ("None", "d.sum()", "3.", "d.long()"),
        "tangent: other dtype": "d.double()",
    }
    p.say("    @staticmethod", f"    def jvp(ctx, da, db{', dk' * extra}):")
    if p.option("prints tangents in jvp", 0.3):
        p.say(f"        print('jvp', {shown(p, ['da', 'db'])})")
    p.say("        d = da if da is not None else db")
    values = [p.choose(tangents, (9, 3, 1, 1)) for _ in range(count)]
    if p.option("wrong number of tangents", 0.05):
        values = [*values, "d"]
    p.say(f"        return {', '.join(values)}")


def write_vmap(p: Program, count: int, extra: int) -> None:
    """A vmap staticmethod."""
    p.say("    @staticmethod", f"    def vmap(info, in_dims, a, b{', k' * extra}):")
    p.say("        print(info.batch_size, info.randomness, in_dims)")
    outs = ", ".join(["a * 2"] * count)
    dims = ", ".join([p.pick(("0", "0", "in_dims[0]", "None"))] * count)
    p.say(f"        return ({outs}), ({dims})" if not p.chance(0.15) else "        return a * 2")


def write_uses(p: Program, name: str, count: int, extra: int) -> None:
    """Calls of a custom Function, and what comes of them."""
    first, second = (p.choose(INPUTS, INPUT_WEIGHTS) for _ in range(2))
    arguments = "i, j" + ", 2" * extra
    if p.option("keyword arguments", 0.06):
        arguments = p.pick(("i, b=j" + ", k=2" * extra, "b=j, a=i", "i, j, q=2", "i, j, a=2"))
    if p.option("grad mode off", 0.05):
        p.say("torch.set_grad_enabled(False)")
    p.say("i, j, r = x, w, None", "def call():", "    global i, j, r")
    p.say(f"    i, j = {first}, {second}", f"    r = {name}.apply({arguments})", "    return r")
    p.say("t(call)", "torch.set_grad_enabled(True)")
    p.say("rs = [v for v in (r if isinstance(r, tuple) else (r,)) if isinstance(v, torch.Tensor)]")
    p.say("print([(v is i or v is j, v.requires_grad, v._is_view(), v.is_leaf) for v in rs])")
    p.say("print([(type(v.grad_fn).__name__, kinds(v.grad_fn)) for v in rs])")
    p.say("live = [v for v in rs if v.requires_grad]")
    if p.option("hook on an output", 0.15):
        p.say("for v in live: v.register_hook(lambda g: print('hook', g))")
    if p.option("retain_grad on outputs", 0.1):
        p.say("for v in live: v.retain_grad()", "kept = live")
    if p.option("written before the pass", 0.12):
        target = p.pick(("rs[0]", "i", "rs[-1]", "j"))
        p.say(f"t(lambda: {target}.{p.pick(('mul_(2)', 'add_(1)', 'zero_()'))})")
        if p.chance(0.5):
            p.say("print([(type(v.grad_fn).__name__, kinds(v.grad_fn)) for v in rs])")
    if p.option("detach_ of a saved input", 0.03):
        p.say("t(lambda: i.detach_())")
    root = p.pick(
        ("sum(v.sum() for v in live)", "live[0].sum()", "live[-1].sum()", "live[0].sum()")
    )
    passes = {
        "pass: backward": f"({root}).backward()",
        "pass: grad": f"torch.autograd.grad({root}, (x, w), allow_unused=True)",
        "pass: create_graph": f"double({root})",
        "pass: twice": f"twice({root})",
        "pass: retained": f"({root}).backward(retain_graph=True)",
        "pass: inputs": f"({root}).backward(inputs=[{p.pick(('x', 'w'))}])",
        "pass: one input": f"torch.autograd.grad({root}, {p.pick(('x', 'w', 'i', 'j'))})",
    }
    for _ in range(p.random.choice((1, 1, 2))):
        p.say(f"go(lambda: {p.choose(passes, (8, 4, 4, 1, 2, 1, 2))})", "print(x.grad, w.grad)")
    if p.option("reads the node", 0.15):
        p.say("t(lambda: rs[0].grad_fn.name())", "t(lambda: rs[0].grad_fn.saved_tensors)")
        p.say("t(lambda: rs[0].grad_fn.k)", "t(lambda: rs[0].grad_fn.needs_input_grad)")
    if "retain_grad on outputs" in p.used:
        p.say("print([v.grad for v in live])")


HELPERS = """\
x = torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)
w = torch.tensor([[2., 1.], [0., 3.]], requires_grad=True)
def double(y):
    g = torch.autograd.grad(y, (x, w), create_graph=True, allow_unused=True)
    print(g)
    s = sum(v.sum() for v in g if v is not None and v.requires_grad)
    return torch.autograd.grad(s, (x, w), allow_unused=True)
def twice(y):
    y.backward()
    print(x.grad, w.grad)
    y.backward()
"""


def function_program(p: Program) -> None:
    """A program about one or two custom Functions."""
    p.say(*HELPERS.splitlines())
    for name in ("F", "G")[: p.random.choice((1, 1, 1, 2))]:
        count, extra = write_class(p, name, transforms=False)
        write_uses(p, name, count, extra)
    if p.option("dual level", 0.15):
        write_dual(p, "F", extra)


def write_dual(p: Program, name: str, extra: int) -> None:
    """A call on dual tensors."""
    first = p.pick(("fw.make_dual(u, v)", "fw.make_dual(u, v)", "u"))
    second = p.pick(("fw.make_dual(v, u)", "v", "v")) if first != "u" else "fw.make_dual(v, u)"
    p.say("u, v = torch.tensor([[1., 2.], [3., 4.]]), torch.ones(2, 2)", "def dual():")
    p.say(
        "    with fw.dual_level():", f"        y = {name}.apply({first}, {second}{', 2' * extra})"
    )
    p.say("        ys = y if isinstance(y, tuple) else (y,)")
    p.say(
        "        return [fw.unpack_dual(o) for o in ys if isinstance(o, torch.Tensor)]", "t(dual)"
    )


def transform_program(p: Program) -> None:
    """A program that calls a custom Function inside torch.func."""
    p.say("from torch.func import grad, vmap, jvp, jacrev, jacfwd, vjp", *HELPERS.splitlines())
    p.inside = True
    _, extra = write_class(p, "F", transforms=True)
    p.say("u, v = torch.tensor([[1., 2.], [3., 4.]]), torch.ones(2, 2)")
    p.say("def out(y):", "    y = y[0] if isinstance(y, tuple) else y", "    return y")
    call = "F.apply(a, v" + ", 2" * extra + ")"
    uses = {
        "func.grad": f"grad(lambda a: out({call}).sum())(u)",
        "func.vmap": f"vmap(lambda a: out({call}))(u[None])",
        "func.vmap of both": f"vmap(lambda a, v: out({call}))(u[None], v[None])",
        "func.jvp": f"jvp(lambda a: out({call}), (u,), (v,))",
        "func.vjp": f"vjp(lambda a: out({call}), u)[1](v)",
        "func.vmap of grad": f"vmap(grad(lambda a: out({call}).sum()))(u[None])",
        "func.grad of vmap": f"grad(lambda q: vmap(lambda a: out({call}).sum())(q).sum())(u[None])",
        "func.grad of grad": f"grad(lambda q: grad(lambda a: out({call}).sum())(q).sum())(u)",
        "vmap on the graph": f"torch.autograd.grad(vmap(lambda a: out({call}))(x[None]).sum(), x)",
    }
    for _ in range(p.random.choice((1, 2, 2, 3))):
        p.say(f"t(lambda: {p.choose(uses, (4, 3, 2, 3, 2, 1, 1, 1, 2))})")
    if p.option("dual level", 0.3):
        write_dual(p, "F", extra)


# ---------------------------------------------------------------- hooks

TENSOR_HOOKS = {
    "hook returns None": "None",
    "hook returns a tensor": ("g * 2", "g + 1", "g"),
    "hook returns its argument": "g",
    "hook returns ones": "torch.ones(2)",
    "hook returns another shape": ("g[:1]", "g.sum()"),
    "hook returns another dtype": "g.double()",
    "hook returns no tensor": ("5", "(g,)", "[g]", "'s'"),
    "hook raises": ("1 // 0", "{}['key']"),
    "hook writes": "g.mul_(3)",
}
TENSOR_HOOK_WEIGHTS = (9, 7, 1, 2, 1, 1, 1, 1, 1)

NODE_RESULTS = {
    "node hook returns None": "None",
    "node hook returns its argument": "g",
    "node hook replaces": ("(g[0] * 2, *g[1:])", "tuple(v if v is None else v + 1 for v in g)"),
    "node hook returns Nones": "tuple(None for v in g)",
    "node hook returns ones": "tuple(torch.ones(2) for v in g)",
    "node hook returns too few": "g[1:]",
    "node hook returns too many": "(*g, None)",
    "node hook returns no tuple": ("g[0]", "list(g)", "5"),
    "node hook raises": "1 // 0",
}
NODE_RESULT_WEIGHTS = (9, 2, 5, 1, 1, 1, 1, 1, 1)

STEPS = {
    "step: product": ("{0} * {1}", "{0} * 3", "{0} + {1}"),
    "step: sin": "{0}.cos()",
    "step: a view": ("{0}[:]", "{0}.view(2)", "{0}.flip(0)"),
    "step: unbind": "torch.stack(({0}, {1})).unbind()",
    "step: split": "torch.cat(({0}, {1})).split(2)",
    "step: sort": "{0}.sort()",
    "step: topk": "{0}.topk(2)",
    "step: custom Function": ("Two.apply({0}, {1})", "Lazy.apply({0}, {1})", "One.apply({0}, {1})"),
    "step: max": "torch.stack(({0}, {1})).max(0)",
    "step: detached": "{0}.detach()",
}
STEP_WEIGHTS = (10, 3, 3, 3, 3, 2, 1, 5, 2, 1)

FUNCTIONS = """\
class Two(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.save_for_backward(a, b)
        return a * b, a + b
    @staticmethod
    def backward(ctx, g, h):
        a, b = ctx.saved_tensors
        return g * b + h, g * a + h
class Lazy(Function):
    @staticmethod
    def forward(ctx, a, b):
        ctx.set_materialize_grads(False)
        return a * 2, b * 3
    @staticmethod
    def backward(ctx, g, h):
        return None if g is None else g * 2, None if h is None else h * 3
class One(Function):
    @staticmethod
    def forward(ctx, a, b):
        return a * b
    @staticmethod
    def backward(ctx, g):
        return g, None
"""


def hook_program(p: Program) -> None:
    """A program about hooks on a small graph."""
    p.say("x = torch.tensor([1., 2.], requires_grad=True)")
    p.say("w = torch.tensor([3., 5.], requires_grad=True)", *FUNCTIONS.splitlines())
    p.say("unused = {'allow_unused': True}", "handles = []", "def hooked(n, h):")
    p.say("    def hook(*g):", "        print(n, *g)", "        return h(*g)", "    return hook")
    names = ["x", "w"]
    p.say("p0, p1 = x * 1, w * 1")
    names += ["p0", "p1"]
    for number in range(p.random.randint(2, 5)):
        a, b = p.random.choice(names), p.random.choice(names)
        text = p.choose(STEPS, STEP_WEIGHTS).format(a, b)
        several = any(
            word in text for word in ("unbind", "split", "sort", "topk", "Two", "Lazy", "max")
        )
        if several:
            p.say(f"q{number}, r{number} = {text}")
            names.append(f"q{number}")
            if "sort" not in text and "topk" not in text and "max" not in text:
                names.append(f"r{number}")
        else:
            p.say(f"q{number} = {text}")
            names.append(f"q{number}")
        while p.chance(0.45):
            write_hook(p, names, number)
        if p.option("written in place", 0.08):
            target = p.random.choice(names)
            written = p.pick((f"{target}.mul_(2)", f"{target}[:1].mul_(2)", f"{target}.add_(1)"))
            p.say(f"t(lambda: {written})")
    for number in range(10, 10 + p.random.randint(1, 3)):
        write_hook(p, names, number)
    if p.option("hook removed", 0.1):
        p.say("if handles: handles[0].remove()")
    last = names[-1] if p.chance(0.8) else p.random.choice(names)
    other = p.random.choice(names)
    root = p.pick((f"{last}.sum()", f"({last} * {other}).sum()", f"{last}[0]"))
    passes = {
        "pass: backward": f"{root}.backward(retain_graph={p.pick(('True', 'False'))})",
        "pass: inputs": f"{root}.backward(inputs=[{p.random.choice(names)}])",
        "pass: grad": f"torch.autograd.grad({root}, (x, {other}), **unused, retain_graph=True)",
        "pass: create_graph": f"torch.autograd.grad({root}, (x, w), **unused, create_graph=True)",
        "pass: backward with create_graph": f"{root}.backward(create_graph=True)",
    }
    for _ in range(p.random.choice((1, 1, 2))):
        p.say(f"go(lambda: {p.choose(passes, (8, 2, 3, 2, 1))})")
        p.say("print(x.grad, w.grad)")
    p.say("print([v.grad for v in kept])")


def write_hook(p: Program, names: Sequence[str], number: int) -> None:
    """One more hook on one of the tensors."""
    target = p.random.choice(names)
    kinds = {
        "hook: tensor": "tensor",
        "hook: node, after": "post",
        "hook: node, before": "pre",
        "hook: post-accumulate": "accumulate",
        "hook: retain_grad": "retain",
        "hook: several tensors": "multi",
    }
    kind = p.choose(kinds, (9, 3, 3, 2, 3, 1))
    label = f"'{kind} {target} {number}'"
    if kind == "retain":
        p.say(f"t(lambda: {target}.retain_grad())", f"kept.append({target})")
        return
    if kind == "multi":
        chosen = ", ".join(p.random.sample(list(names), 2))
        mode = p.pick(("all", "any"))
        p.say(
            f"t(lambda: torch.autograd.graph.register_multi_grad_hook(({chosen}), "
            f"lambda g: print({label}, g), mode='{mode}') and None)"
        )
        return
    if kind in ("tensor", "accumulate"):
        result = p.choose(TENSOR_HOOKS, TENSOR_HOOK_WEIGHTS)
        if kind == "accumulate":
            result = p.pick(("None", "None", "None", "g", "5", "g.grad.zero_() and None"))
        register = "register_hook" if kind == "tensor" else "register_post_accumulate_grad_hook"
        p.say(
            f"t(lambda: handles.append({target}.{register}(hooked({label}, lambda g: {result}))))"
        )
        return
    result = p.choose(NODE_RESULTS, NODE_RESULT_WEIGHTS)
    parameters = "g" if kind == "pre" else "g, o"
    register = "register_prehook" if kind == "pre" else "register_hook"
    node = f"{target}.grad_fn"
    if target in ("x", "w"):
        node = f"{target}.view_as({target}).grad_fn.next_functions[0][0]"
        p.say(f"n{number} = {node}")
        node = f"n{number}"
    hook = f"hooked({label}, lambda {parameters}: {result})"
    p.say(f"t(lambda: handles.append({node}.{register}({hook})))")


def generate(seed: int) -> tuple[str, list[str]]:
    """The program of a seed, and the constructs in it."""
    p = Program(seed)
    kind = p.random.choices((function_program, hook_program, transform_program), (5, 4, 2))[0]
    p.used.append(f"program: {kind.__name__.removesuffix('_program')}s")
    kind(p)
    return PRELUDE + "\n".join(p.lines) + "\n", p.used

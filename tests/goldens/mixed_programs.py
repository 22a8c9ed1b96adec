"""Random programs in which NumPy's values meet tensors, and scalars that are views.

`program(seed)` gives the blocks of one: the same for a seed on every machine. Each block is one
use of one construct; `construct(block)` names it.
"""

from __future__ import annotations

import random

BLOCKS = 12
HEADER = """\
import torch
import numpy as np
import torch.nn.functional as F
def show(value):
    print(type(value).__name__, value, getattr(value, 'dtype', ''), getattr(value, 'shape', ''))
def scalars(form, value, grad):
    base = torch.tensor([value, 1.0], requires_grad=grad)
    one = torch.tensor(value, requires_grad=grad)
    if form == 'element':
        return base[0]
    if form == 'squeezed':
        return base[:1].squeeze()
    if form == 'expanded':
        return base[:1].expand(2, 1)[0, 0]
    if form == 'unbound':
        return base.unbind()[0]
    if form == 'reshaped':
        return base[:1].reshape(())
    if form == 'viewed':
        one.view(1)
    if form == 'shown':
        one.unsqueeze(0)
    if form == 'detached':
        return one.detach()
    if form == 'data':
        return one.data
    if form == 'from numpy':
        return torch.from_numpy(np.array(value))
    return one
"""
FORMS = [
    "element",
    "squeezed",
    "expanded",
    "unbound",
    "reshaped",
    "viewed",
    "shown",
    "detached",
    "data",
    "plain",
    "from numpy",
]

NUMBERS = (
    "np.float64(2)",
    "np.float64(0.5)",
    "np.float32(0.5)",
    "np.float16(1.5)",
    "np.int64(2)",
    "np.int32(-1)",
    "np.int8(3)",
    "np.uint8(2)",
    "np.bool_(True)",
    "np.complex64(1+2j)",
    "np.complex128(1-1j)",
    "np.sqrt(2)",
    "np.pi",
    "np.exp(1.0)",
    "np.mean([1.0, 2.0])",
    "np.array([1.0, 4.0]).sum()",
    "np.array([3, 4])[1]",
    "np.float32(3)",
    "np.uint16(2)",
)
TENSORS = (
    "torch.tensor([1.5, -2.0, 0.25])",
    "torch.tensor([1.5, -2.0, 0.25], dtype=torch.float64)",
    "torch.tensor([1, -2, 3])",
    "torch.tensor([True, False, True])",
    "torch.tensor([1+1j, 2, -1j])",
    "torch.tensor([1.5, -2.0, 0.25], dtype=torch.float16)",
    "torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])",
    "torch.tensor(0.5)",
    "torch.tensor(3)",
    "torch.tensor([1.5, -2.0, 0.25], requires_grad=True)",
    "torch.tensor(0.5, requires_grad=True)",
    "torch.tensor([1.5, -2.0, 0.25])[1]",
    "torch.tensor([1, 2, 3], dtype=torch.int32)",
    "torch.tensor([1, 2, 3], dtype=torch.uint8)",
    "torch.tensor([1.0, 2.0, 3.0]).bfloat16()",
    "torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).T",
    "torch.ones(3, 1)",
    "torch.zeros(0, 3)",
    "torch.tensor([1+1j, 2, -1j]).conj()",
)
ARRAYS = (
    "np.array([1.0, 2.0, 4.0])",
    "np.array([1, 2, 4])",
    "np.array([True, False, True])",
    "np.array([1.0, 2.0, 4.0], dtype=np.float32)",
    "np.array([1, 2, 4], dtype=np.int32)",
    "np.array([1, 2, 4], dtype=np.uint8)",
    "np.array([1+1j, 2, 4])",
    "np.array(2.0)",
    "np.ones((2, 3))",
    "np.array([[1.0], [2.0]])",
    "np.array([1.0, 2.0])",
    "np.arange(3)",
    "np.zeros((0, 3))",
    "np.array([1.0, 2.0, 4.0], dtype=np.float16)",
    "np.array(3)",
    "np.arange(6.0).reshape(3, 2)",
)
OPERATORS = [
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "@",
    "&",
    "|",
    "^",
    "<<",
    ">>",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
]
UNARY = [
    "sigmoid",
    "tanh",
    "relu",
    "exp",
    "log",
    "sqrt",
    "sin",
    "cos",
    "abs",
    "neg",
    "reciprocal",
    "rsqrt",
    "square",
    "floor",
    "ceil",
    "round",
    "trunc",
    "frac",
    "sign",
    "erf",
    "erfc",
    "expm1",
    "log1p",
    "log2",
    "log10",
    "atan",
    "asin",
    "acos",
    "sinh",
    "cosh",
    "asinh",
    "atanh",
    "logit",
    "lgamma",
    "digamma",
    "i0",
    "sinc",
    "nan_to_num",
    "exp2",
    "erfinv",
    "deg2rad",
    "isnan",
    "isfinite",
    "sgn",
    "positive",
    "signbit",
]
ACTIVATIONS = [
    "softplus",
    "silu",
    "mish",
    "gelu",
    "elu",
    "selu",
    "celu",
    "hardtanh",
    "hardswish",
    "hardsigmoid",
    "relu6",
    "leaky_relu",
    "logsigmoid",
    "softsign",
    "tanhshrink",
    "softshrink",
    "hardshrink",
]
METHODS = (
    "clamp(0, 1)",
    "clamp(0.0, 1.0)",
    "clamp(min=0.2)",
    "clamp(max=np.float64(0.4))",
    "pow(2)",
    "pow(3.0)",
    "softmax(0)",
    "log_softmax(0)",
    "logsumexp(0)",
    "cumsum(0)",
    "cumprod(0)",
    "sum()",
    "sum(0)",
    "mean()",
    "prod()",
    "max()",
    "min()",
    "argmax()",
    "norm()",
    "sort()",
    "topk(1)",
    "amax()",
    "mul(np.float64(2))",
    "add(1, alpha=np.int64(2))",
    "std(correction=0)",
    "exp()",
    "nan_to_num()",
    "flatten()",
    "unsqueeze(0)",
    "view(1)",
    "repeat(2)",
    "expand(2)",
    "lerp(s, 0.5)",
    "addcmul(s, s)",
    "addcdiv(s, s)",
    "fmod(2)",
    "remainder(2)",
    "round(decimals=1)",
    "clone()",
    "atan2(s)",
    "hypot(s)",
    "logaddexp(s)",
    "xlogy(s)",
    "copysign(s)",
    "maximum(s)",
    "ldexp(s)",
    "median()",
    "logcumsumexp(0)",
    "diff",
    "tolist()",
    "item()",
    "half()",
    "double()",
    "numpy()",
    "is_contiguous()",
    "stride()",
    "heaviside(s)",
    "float_power(2)",
    "masked_fill(s > 0, 2)",
    "where(s > 0, s * 2)",
    "type_as(s)",
    "count_nonzero()",
    "isclose(s)",
    "equal(s)",
    "dot(s)",
)
LOSSES = [
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "binary_cross_entropy_with_logits",
    "binary_cross_entropy",
    "poisson_nll_loss",
    "soft_margin_loss",
    "kl_div",
]
TAKES_NUMBER = (
    "torch.full((2,), {n})",
    "torch.full_like(t, {n})",
    "torch.add(t, {n})",
    "torch.mul({n}, t)",
    "torch.pow(t, {n})",
    "torch.pow({n}, t)",
    "torch.clamp(t, max={n})",
    "torch.where(t > 0, t, {n})",
    "torch.where(t > 0, {n}, t)",
    "torch.tensor({n})",
    "torch.tensor([{n}, 1])",
    "torch.tensor([[{n}, {m}]])",
    "torch.as_tensor({n})",
    "torch.arange({n})",
    "torch.zeros({n})",
    "torch.linspace(0, {n}, 3)",
    "t.sum({n})",
    "torch.ones(3, 2).sum(dim={n})",
    "t.masked_fill(t > 0, {n})",
    "t.clone().fill_({n})",
    "t.clone().add_({n})",
    "t.clone().mul_({n})",
    "torch.eq(t, {n})",
    "torch.lerp(t, t, {n})",
    "torch.add(t, t, alpha={n})",
    "torch.maximum(t, {n})",
    "torch.exp({n})",
    "F.softplus(t, {n})",
    "F.leaky_relu(t, {n})",
    "torch.result_type(t, {n})",
    "{n} in t",
    "torch.tensor({n}, dtype=torch.float32)",
    "torch.tensor([{n}], dtype=torch.int64)",
    "t.new_tensor({n})",
    "torch.ones(3)[{n}]",
    "torch.ones(4)[:{n}]",
    "torch.ones(3).roll({n})",
    "torch.eye({n})",
    "torch.ones(6).reshape({n}, 3)",
    "torch.sub({n}, t)",
    "torch.rsub(t, {n})",
    "t.addcmul(t, t, value={n})",
    "torch.isclose(t, t, rtol={n})",
    "torch.quantile(t, {n})",
    "torch.scalar_tensor({n})",
    "t.item() * {n}",
    "max({n}, {m})",
    "float({n})",
    "int({n})",
    "{n} + {m}",
    "torch.fmod(t, {n})",
    "torch.atan2(t, {n})",
    "torch.heaviside(t, {n})",
    "torch.bitwise_and(t, {n})",
    "torch.logical_and(t, {n})",
    "torch.floor_divide(t, {n})",
    "torch.true_divide({n}, t)",
    "torch.float_power(t, {n})",
    "torch.xlogy(t, {n})",
    "F.dropout(t, {n}, training=False)",
    "F.hardtanh(t, -1, {n})",
    "t.norm({n})",
    "torch.round(t, decimals={n})",
    "torch.ones(2, 3).unsqueeze({n}).shape",
    "torch.nn.functional.pad(t, (1, {n}))",
)
TAKES_ARRAY = (
    "torch.tensor({a})",
    "torch.as_tensor({a})",
    "torch.from_numpy({a})",
    "torch.add(t, {a})",
    "torch.mul({a}, t)",
    "torch.exp({a})",
    "t.mul({a})",
    "torch.tensor([{a}, {a}])",
    "torch.stack([t, {a}])",
    "torch.matmul(t, {a})",
    "t[{a}]",
    "torch.arange(3.0)[{a}]",
    "torch.tensor({a}, dtype=torch.float64)",
    "t.new_tensor({a})",
    "torch.equal(t, {a})",
    "torch.asarray({a})",
    "t.copy_({a})",
    "torch.ones(2, 3)[:, {a}]",
    "{a}.dot(t)",
    "{a}.tolist()",
    "list({a})",
    "torch.Tensor({a}.tolist())",
    "torch.from_numpy({a}) + t",
    "torch.tensor({a}) * t",
    "torch.relu({a})",
    "t.view({a})",
    "t.gather(0, {a})",
    "t.index_select(0, torch.tensor({a}))",
    "torch.is_tensor({a})",
    "F.mse_loss(t, torch.tensor({a}))",
    "t.allclose(torch.tensor({a}))",
    "torch.cat([t, torch.tensor({a})])",
    "t.numpy() + {a}",
    "t.detach().numpy() * {a}",
    "torch.where(torch.tensor({a}) > 1, t, 0)",
    "t.masked_fill(torch.tensor({a}) > 1, 0)",
    "torch.as_tensor({a}).dtype",
    "torch.unique(torch.tensor({a}))",
    "torch.sum({a})",
    "torch.linspace(0, 1, 3) * {a}",
    "-t * {a}",
    "t @ {a}",
)
NP_UNARY = [
    "sqrt",
    "sin",
    "cos",
    "exp",
    "log",
    "abs",
    "sign",
    "floor",
    "ceil",
    "square",
    "negative",
    "isnan",
    "isfinite",
    "conj",
    "real",
    "imag",
    "angle",
    "tanh",
    "log1p",
    "logical_not",
    "reciprocal",
    "rint",
    "trunc",
    "sum",
    "prod",
    "mean",
    "std",
    "var",
    "max",
    "min",
    "argmax",
    "all",
    "any",
    "cumsum",
    "ravel",
    "squeeze",
    "transpose",
    "sort",
    "argsort",
    "diag",
    "round",
    "array",
    "asarray",
    "zeros_like",
    "ones_like",
    "flip",
    "median",
    "expm1",
    "arctan",
    "arcsinh",
    "deg2rad",
]
NP_BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "power",
    "maximum",
    "minimum",
    "arctan2",
    "hypot",
    "equal",
    "less",
    "greater_equal",
    "logical_and",
    "copysign",
    "dot",
    "matmul",
    "outer",
    "allclose",
    "array_equal",
    "isclose",
    "floor_divide",
    "mod",
    "not_equal",
]
SETS = (
    "v[0] = {n}",
    "v[:] = {n}",
    "v[{a}] = {n}",
    "v[v > 0] = {n}",
    "v[:] = {a}",
    "v[1:] = torch.tensor({n})",
    "v += {n}",
    "v -= {a}",
    "v *= {n}",
    "v /= {n}",
    "v = v ** {n}",
    "v[0] += {n}",
    "v[{m}] = 7",
    "v = {a}; v[0] = t.sum()",
    "v = {a}; v += t",
    "v = {a}; v = v * t",
    "v.data = v.data * {n}",
    "v.mul_({n}).add_({m})",
    "v = {n}; v *= t",
    "v = {n}; v += t",
)
GRADS = (
    "(x * {n}).sum()",
    "({n} * x).sum()",
    "(x / {n}).sum()",
    "({n} / x).sum()",
    "(x ** {n}).sum()",
    "({n} ** x).sum()",
    "({n} - x).pow(2).sum()",
    "(x + {n}).prod()",
    "(x * torch.tensor({a})).sum()",
    "torch.sin({n} * x).sum() + {m}",
    "(x @ torch.from_numpy({a}).float()).sum()",
    "F.mse_loss(x, torch.as_tensor({a}).float())",
    "(x[0] * {n} + x[1])",
    "torch.where(x > 0, x, {n}).sum()",
    "torch.clamp(x, max={n}).sum()",
    "(x * {a}).sum()",
    "x.mul({n}).sin().mean()",
    "torch.lerp(x, x * 2, {n}).sum()",
    "torch.add(x, x, alpha={n}).sum()",
    "(x - {n}).abs().sum()",
    "(x % {n}).sum()",
)


def block(pick: random.Random) -> tuple[str, str]:
    """A construct's name and a block that uses it."""
    kind = pick.choices(
        ("operator", "number", "array", "numpy", "scalar", "set", "grad"),
        (5, 4, 2, 2, 7, 2, 3),
    )[0]
    n, m = pick.choice(NUMBERS), pick.choice(NUMBERS)
    a, t = pick.choice(ARRAYS), pick.choice(TENSORS)
    if kind == "operator":
        op = pick.choice(OPERATORS)
        other = pick.choice((n, n, n, a))
        left, right = (t, other) if pick.random() < 0.5 else (other, t)
        what = f"{'array' if other is a else 'number'} {op} {'right' if left is t else 'left'}"
        return what, f"show({left} {op} {right})\n"
    if kind == "number":
        use = pick.choice(TAKES_NUMBER)
        return use, f"t = {t}\nshow({use.format(n=n, m=m)})\n"
    if kind == "array":
        use = pick.choice(TAKES_ARRAY)
        return use, f"t = {t}\nshow({use.format(a=a)})\n"
    if kind == "numpy":
        if pick.random() < 0.5:
            name = pick.choice(NP_UNARY)
            return f"np.{name}", f"show(np.{name}({t}))\n"
        name = pick.choice(NP_BINARY)
        other = pick.choice((n, a, pick.choice(TENSORS)))
        left, right = (t, other) if pick.random() < 0.5 else (other, t)
        return f"np.{name}", f"show(np.{name}({left}, {right}))\n"
    if kind == "set":
        use = pick.choice(SETS)
        return use, f"t = {t}\nv = t.clone()\n{use.format(n=n, m=m, a=a)}\nshow(v)\n"
    if kind == "grad":
        use = pick.choice(GRADS)
        return use, (
            "x = torch.tensor([1.5, 0.5, 2.0], requires_grad=True)\n"
            f"y = {use.format(n=n, m=m, a=a)}\nshow(y)\ny.backward()\nshow(x.grad)\n"
        )
    return scalar_block(pick)


def scalar_block(pick: random.Random) -> tuple[str, str]:
    """A function of a scalar: its value, its derivatives or a batch of it."""
    form = pick.choice(FORMS)
    value = pick.choice((0.5, 0.25, -0.5, 0.75))
    name = pick.choice(("function", "method", "activation", "loss"))
    if name == "function":
        what = pick.choice(UNARY)
        call = f"torch.{what}(s)"
    elif name == "activation":
        what = pick.choice(ACTIVATIONS)
        call = f"F.{what}(s)"
    elif name == "loss":
        what = pick.choice(LOSSES)
        target = pick.choice(("torch.tensor(1.0)", "s.detach()", "torch.tensor([1.0, 0.0])[0]"))
        call = f"F.{what}(s, {target})"
    else:
        what = pick.choice(METHODS)
        call = f"s.{what}" if "(" in what else f"s.{what}(dim=0)"
    how = pick.choice(("value", "backward", "second", "vmap", "jvp", "no grad", "placed"))
    define = f"f = lambda s: {call}\n"
    made = f"scalars({form!r}, {value}, {{grad}})"
    leaf = f"s = {made.format(grad=True)}\nif not s.requires_grad:\n    s.requires_grad_()\n"
    body = {
        "value": f"show(f({made.format(grad=True)}))\n",
        "no grad": f"with torch.no_grad():\n    show(f({made.format(grad=True)}))\n",
        "backward": f"{leaf}show(torch.autograd.grad(f(s), s))\n",
        "second": f"{leaf}g, = torch.autograd.grad(f(s), s, create_graph=True)\nshow(g.detach())\n"
        "show(torch.autograd.grad(g, s))\n",
        "vmap": f"s = {made.format(grad=False)}\nshow(torch.func.vmap(f)(torch.stack([s, s])))\n",
        "jvp": f"s = {made.format(grad=False)}\nshow(torch.func.jvp(f, (s,), (s * 2,)))\n",
        "placed": f"s = {made.format(grad=False)}\ns.copy_(f(s))\nshow(s)\n",
    }[how]
    return f"{what} {how} {form}", define + body


def program(seed: int) -> tuple[list[str], list[str]]:
    """The constructs and the blocks of one program."""
    pick = random.Random(seed)
    found: list[tuple[str, str]] = []
    while len(found) < BLOCKS:
        what, text = block(pick)
        if not ("float16" in text and "complex128" in text):  # PyTorch's answer is complex32
            found.append((what, text))
    return [what for what, _ in found], [HEADER, *(text for _, text in found)]

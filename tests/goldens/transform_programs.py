"""Random programs of torch.func: transforms of transforms over functions of many operations.

`programs(seed, count)` gives their texts, the same for the same seed, and what each is made of.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

SEED, COUNT = 1, 150  # of the programs that are recorded
HEADER = """import torch
import torch.nn.functional as F
from torch.func import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp, vmap
x = torch.tensor([0.5, -1.25, 2.0], dtype=torch.float64)
u = torch.tensor([1.013, 0.517, -0.748], dtype=torch.float64)
p = torch.tensor([0.25, 1.5, 0.75], dtype=torch.float64, requires_grad=True)
W = torch.linspace(-1.0, 1.0, 9, dtype=torch.float64).reshape(3, 3) ** 2 + 0.3
X = torch.linspace(-2.0, 1.7, 12, dtype=torch.float64).reshape(4, 3)
Y = torch.linspace(0.1, 2.3, 24, dtype=torch.float64).reshape(2, 4, 3)
I = torch.tensor([0, 2, 1, 2])
J = torch.tensor([1, 0, 2, 1])
K = torch.tensor([[0, 1], [2, 2], [1, 0], [2, 1]])
B = torch.tensor([True, False, True, True])
KEPT = []
class Product(torch.autograd.Function):
    generate_vmap_rule = True
    @staticmethod
    def forward(a, b):
        return a * b.sin()
    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)
    @staticmethod
    def backward(ctx, g):
        a, b = ctx.saved_tensors
        return g * b.sin(), g * a * b.cos()
    @staticmethod
    def jvp(ctx, s, t):
        a, b = ctx.saved_tensors
        return s * b.sin() + t * a * b.cos()
def shown(r):
    if isinstance(r, (tuple, list)):
        return [shown(v) for v in r]
    if isinstance(r, dict):
        return {k: shown(v) for k, v in r.items()}
    if not r.is_floating_point():
        return r
    name = r.requires_grad if r.grad_fn is None else r.grad_fn.name()
    return name, (r.detach() * 1e4).round() / 1e4 + 0.0
"""

# From a vector `{x}` of three to another; names for what they are.
VECTORS = {
    "sin": "{x}.sin()",
    "exp": "torch.exp(-{x})",
    "tanh": "torch.tanh({x} * u)",
    "square": "{x} ** 2",
    "cube": "{x} ** 3 - {x}",
    "matmul": "W @ {x}",
    "vector-matrix": "{x} @ W",
    "linear": "F.linear({x}, W, u)",
    "softmax": "torch.softmax({x}, 0)",
    "log_softmax": "{x}.log_softmax(-1)",
    "cumsum": "{x}.cumsum(0)",
    "flip": "{x}.flip(0) * {x}",
    "roll": "torch.roll({x}, 1) - {x}",
    "where": "torch.where({x} > 0, {x} * 2, {x} ** 2)",
    "clamp": "{x}.clamp(-1, 1.5) * u",
    "relu": "F.relu({x}) + 0.1 * {x}",
    "gelu": "F.gelu({x})",
    "softplus": "F.softplus({x})",
    "silu": "F.silu({x})",
    "elu": "F.elu({x})",
    "sigmoid": "torch.sigmoid({x})",
    "abs": "{x}.abs() + 0.5",
    "sqrt": "({x} ** 2 + 1).sqrt()",
    "reciprocal": "1 / (2 + {x} ** 2)",
    "log": "torch.log1p({x} ** 2)",
    "atan2": "torch.atan2({x}, u)",
    "maximum": "torch.maximum({x}, u)",
    "outer": "torch.outer({x}, u).sum(0) * {x}",
    "stack": "torch.stack([{x}[0], {x}[1] * {x}[2], {x}.sum()])",
    "cat": "torch.cat([{x}[1:], {x}[:1]]) * u",
    "index": "{x}[torch.tensor([2, 0, 2])]",
    "slice": "F.pad({x}[:2] * {x}[1:], (0, 1))",
    "gather": "torch.gather({x}, 0, torch.tensor([1, 1, 0]))",
    "sort": "{x}.sort().values * u",
    "view": "{x}.view(3, 1).expand(3, 2).sum(1)",
    "unsqueeze": "({x}.unsqueeze(0) * W).sum(1)",
    "einsum": "torch.einsum('ij,j->i', W, {x})",
    "diag": "torch.diag({x}) @ u",
    "norm": "{x} / {x}.norm()",
    "normalize": "F.normalize({x}, dim=0)",
    "var": "{x} * {x}.var()",
    "number": "2 - {x} * 3",
    "mean": "{x} - {x}.mean()",
    "detach": "{x} * {x}.detach()",
    "bmm": "torch.bmm(W.unsqueeze(0), {x}.view(1, 3, 1)).reshape(3)",
    "addmv": "torch.addmv(u, W, {x})",
    "prod": "{x} * ({x} + 3).prod()",
    "logcumsumexp": "{x}.logcumsumexp(0)",
    "diff": "F.pad(torch.diff({x}), (1, 0)) + {x}",
    "tril": "torch.outer({x}, {x}).tril().sum(1)",
    "masked_fill": "{x}.masked_fill({x} < 0, 0.5) * {x}",
    "repeat": "{x}.repeat(2)[1:4] * u",
    "lerp": "torch.lerp({x}, u, 0.3)",
    "hypot": "torch.hypot({x}, u)",
    "erf": "torch.erf({x})",
    "sinc": "torch.sinc({x})",
    "cosine": "F.cosine_similarity({x}, u, dim=0) * {x}",
}
# These have nested tangents in PyTorch that are wrong, or none: for programs of reverse mode only.
REVERSE = {
    "param": "{x} * p",
    "custom": "Product.apply({x}, u)",
    "custom twice": "Product.apply({x}, {x}.cos())",
    "custom number": "Product.apply({x}, {x}.sum())",
    "layer_norm": "F.layer_norm({x}, (3,)) * u",
    "cumprod": "torch.cumprod({x} + 2.5, 0)",
    "solve": "torch.linalg.solve(W + 3 * torch.eye(3, dtype=torch.float64), {x})",
    "inv": "torch.linalg.inv(torch.outer({x}, u) + W + 4 * torch.eye(3, dtype=torch.float64)) @ u",
    "huber": "{x} * F.huber_loss({x}, u, delta=0.8)",
}
# From a vector to a number.
SCALARS = {
    "sum": "{x}.sum()",
    "mean": "{x}.mean()",
    "dot": "torch.dot({x}, u)",
    "logsumexp": "torch.logsumexp({x}, 0)",
    "norm": "{x}.norm()",
    "prod": "({x} + 2).prod()",
    "max": "{x}.max()",
    "var": "{x}.var()",
    "mse": "F.mse_loss({x}, u)",
    "smooth_l1": "F.smooth_l1_loss({x}, u)",
    "cross_entropy": "F.cross_entropy({x}, torch.tensor(1))",
    "bce": "F.binary_cross_entropy_with_logits({x}, torch.sigmoid(u))",
    "element": "{x}[1] * {x}[2]",
    "quadratic": "{x} @ W @ {x}",
    "square sum": "({x} ** 2).sum()",
    "median": "{x}.median()",
    "trace": "torch.outer({x}, {x}).trace()",
    "amax": "{x}.amax()",
}
# What is printed inside of a function, of its argument or a result of it.
PRINTED = {
    "value": "{x}",
    "value again": "{x}",
    "constant": "u * 2",
    "detached": "{x}.detach()",
    "comparison": "{x} > 0",
    "made": "torch.ones(2)",
    "kind": "{x}.requires_grad, {x}.is_leaf, {x}.grad_fn is None",
    "number": "{x}.argmax()",
}
# Statements that change a copy `y` of the argument.
WRITES = {
    "item": "y[0] = y[1] * 2",
    "slice": "y[1:] = y[:2] * u[:2]",
    "add_": "y.add_(u)",
    "mul_": "y.mul_({x})",
    "sin_": "y.sin_()",
    "augmented": "y += {x} * u",
    "augmented item": "y[2] *= 3",
    "index_put": "y[torch.tensor([0, 2])] = u[:2]",
    "masked": "y[u > 0] = 0.5",
    "view": "y.view(3)[0].mul_(2)",
    "clamp_": "y.clamp_(-1, 1)",
    "copy_": "y[:2].copy_({x}[1:])",
    "zero_": "y[:1].zero_()",
    "fill": "y[1].fill_({x}[0])",
    "index_add_": "y.index_add_(0, torch.tensor([0]), {x}[:1])",
}
INDICES = {
    "first": "W[i]",
    "second": "W[:, i]",
    "both": "W[i, j]",
    "twice": "W[i, i]",
    "slice after": "W[i, 1:]",
    "slice before": "W[1:, i]",
    "none": "W[None, i]",
    "none after": "W[i, None]",
    "ellipsis": "W[..., i]",
    "ellipsis after": "W[i, ...]",
    "list": "W[[0, 2], i]",
    "tensor": "W[torch.tensor([1, 0]), i]",
    "int": "W[1, i]",
    "chain": "W[i][j]",
    "negative": "W[-i]",
    "several": "W[k]",
    "several second": "W[:, k]",
    "mixed": "W[i, k]",
    "row": "x[i]",
    "row twice": "x[i] * W[i, j]",
    "cube": "Y[:, i, j]",
    "cube apart": "Y[0, i, k]",
    "apart": "Y[b.long(), :, j]",
    "select": "torch.index_select(W, 0, i.view(1))",
    "gather": "torch.gather(W, 0, k.view(2, 1))",
    "take": "W.take(k)",
    "embedding": "F.embedding(i, W)",
    "one_hot": "F.one_hot(i, 3)",
    "one_hot k": "F.one_hot(k, 3)",
    "log_softmax": "W.log_softmax(0)[i]",
    "cross_entropy": "F.cross_entropy(W[j], i)",
    "nll": "F.nll_loss(W.log_softmax(1), W.argmax(1)[k].expand(2)[:1].repeat(3))",
    "where": "torch.where(b, W[i], W[j])",
    "bound": "W[i + 2]",
    "slice bound": "W[i:]",
    "range": "[W[n] for n in range(i)]",
    "list item": "[x, u, p][i]",
    "mask": "W[b]",
    "truth": "W if b else -W",
    "item": "W[i.item()]",
    "tensor of": "torch.tensor(i) + 1",
}
MADE_INSIDE = ["negative", "bound", "apart", "one_hot", "one_hot k", "tensor of"]
ERRORS = {
    "item": "vmap(lambda v: v.sum().item())(X)",
    "float": "vmap(lambda v: float(v[0]))(X)",
    "tolist": "vmap(lambda v: v.tolist())(X)",
    "numpy": "vmap(lambda v: v.numpy())(X)",
    "truth": "vmap(lambda v: v if v.sum() > 0 else -v)(X)",
    "no tensor": "vmap(lambda v: 3)(X)",
    "none": "vmap(lambda v: (v, None))(X)",
    "sizes": "vmap(lambda a, b: a)(X, x)",
    "in_dims": "vmap(lambda v: v, in_dims=2)(X)",
    "in_dims none": "vmap(lambda v: v, in_dims=None)(X)",
    "in_dims count": "vmap(lambda v: v, in_dims=(0, 0))(X)",
    "in_dims tree": "vmap(lambda d: d['a'], in_dims=({'b': 0},))({'a': X})",
    "in_dims list": "vmap(lambda v: v, in_dims=[0])(X)",
    "out_dims": "vmap(lambda v: v, out_dims=3)(X)",
    "out_dims none": "vmap(lambda v: v, out_dims=None)(X)",
    "out_dims count": "vmap(lambda v: (v, v), out_dims=(0, 0, 0))(X)",
    "out_dims tree": "vmap(lambda v: [v, v], out_dims=(0, 1))(X)",
    "no inputs": "vmap(lambda: x)()",
    "no tensors": "vmap(lambda v: v)(3)",
    "zero-dim": "vmap(lambda v: v)(torch.tensor(1.0))",
    "randomness": "vmap(lambda v: v + torch.rand(3))(X)",
    "randomness name": "vmap(lambda v: v, randomness='sometimes')(X)",
    "mask": "vmap(lambda v: v[v > 0])(X)",
    "nonzero": "vmap(lambda v: v.nonzero())(X)",
    "unique": "vmap(lambda v: v.unique())(X)",
    "masked_select": "vmap(lambda v: v.masked_select(v > 0))(X)",
    "requires_grad_": "vmap(lambda v: v.requires_grad_())(X)",
    "requires_grad_ in grad": "grad(lambda a: a.requires_grad_().sum())(x)",
    "backward": "grad(lambda a: a.sum().backward())(x)",
    "tape": "vmap(lambda v: torch.autograd.grad((v * p).sum(), p)[0])(X)",
    "tape in grad": "grad(lambda a: torch.autograd.grad((a ** 3).sum(), a, "
    "create_graph=True)[0].sum())(x)",
    "functional": "grad(lambda a: torch.autograd.functional.jacobian(torch.sin, a).sum())(x)",
    "detach_": "vmap(lambda v: v.detach_())(X)",
    "data": "vmap(lambda v: v.data)(X)",
    "equal": "vmap(lambda v: torch.equal(v, v))(X)",
    "allclose": "vmap(lambda v: torch.allclose(v, v))(X)",
    "vector": "grad(lambda a: a * 2)(x)",
    "number": "grad(lambda a: 3)(x)",
    "tuple": "grad(lambda a: (a.sum(),))(x)",
    "argnums": "grad(lambda a: a.sum(), argnums=1)(x)",
    "argnums twice": "grad(lambda a: a.sum(), argnums=(0, 0))(x)",
    "argnums empty": "grad(lambda a: a.sum(), argnums=())(x)",
    "argnums kind": "grad(lambda a: a.sum(), argnums='a')(x)",
    "integer": "grad(lambda a: a.sum())(I)",
    "aux": "grad(lambda a: a.sum(), has_aux=True)(x)",
    "aux kind": "grad(lambda a: (a.sum(), 3), has_aux=True)(x)",
    "jvp primals": "jvp(torch.sin, x, x)",
    "jvp tree": "jvp(torch.sin, (x,), (x, x))",
    "jvp shape": "jvp(torch.sin, (x,), (X,))",
    "jvp number": "jvp(torch.sin, (x,), (3,))",
    "jvp output": "jvp(lambda a: 3, (x,), (x,))",
    "vjp tree": "vjp(lambda a: (a, a * 2), x)[1](x)",
    "vjp keys": "vjp(lambda a: {'k': a}, x)[1]({'j': x})",
    "vjp shape": "vjp(torch.sin, x)[1](X)",
    "vjp number": "vjp(torch.sin, x)[1](3)",
    "vjp output": "vjp(lambda a: 3, x)",
    "jacrev output": "jacrev(lambda a: 3)(x)",
    "jacfwd output": "jacfwd(lambda a: 3)(x)",
    "jacrev argnums": "jacrev(torch.sin, argnums=2)(x)",
    "jacrev chunk": "jacrev(torch.sin, chunk_size=0)(x)",
    "jacrev integer": "jacrev(lambda a: a.long())(x)",
    "linearize tree": "linearize(torch.sin, x)[1](x, x)",
    "linearize shape": "linearize(torch.sin, x)[1](X)",
    "chunk": "vmap(torch.sin, chunk_size=0)(X)",
    "shapes": "vmap(lambda v: v + torch.ones(2))(X)",
    "matmul": "vmap(lambda v: v @ torch.ones(2, dtype=torch.float64))(X)",
    "out": "vmap(lambda v: torch.add(v, 1, out=torch.zeros(3, dtype=torch.float64)))(X)",
}
# What a function under vmap does to an unbatched `z` of three zeros, with a batched `v`.
FOREIGN_WRITES = [
    "z.add_(v)", "z += v", "z -= v", "z.mul_(v)", "z.div_(v)", "z.copy_(v)", "z[0] = v[0]",
    "z[:] = v", "z[:2] = v[:2]", "z.pow_(v)", "z.fill_(v[0])", "z[torch.tensor([0])] = v[:1]",
    "z.masked_fill_(v > 0, 1.0)", "z.clamp_(min=v)", "z.lerp_(v, 0.5)", "z.addcmul_(v, v)",
    "z.scatter_(0, torch.tensor([0]), v[:1])", "z.index_add_(0, torch.tensor([0]), v[:1])",
    "z.index_fill_(0, torch.tensor([0]), v[0])", "z.atan2_(v)", "z.remainder_(v)",
    "z.index_copy_(0, torch.tensor([0]), v[:1])", "z[v > 0] = 1.0", "z.logical_or_(v)",
    "z.sin_()", "z[1] = 5.0", "z = z + v; z[0] = 1.0", "z = v.new_zeros(3); z[0] = v[1]",
    "z = torch.zeros_like(v); z += v", "z = v.clone(); z[v.argmax()] = 0.0",
    "z = v * 1; z[1:] += v[:2]", "z = torch.stack([v, v])[0]; z.mul_(2)",
]  # fmt: skip
RANDOM = [
    "torch.rand(3)", "torch.randn(3)", "torch.rand_like(v)", "torch.randn_like(v)",
    "torch.randint(0, 9, (2,))", "torch.randperm(4)", "torch.bernoulli(torch.sigmoid(v))",
    "F.dropout(v, 0.5)", "torch.normal(0.0, 1.0, (2,))", "torch.empty(2).uniform_()",
    "v.clone().normal_()", "torch.multinomial(torch.ones(4), 2)", "torch.rand(()) * v",
]  # fmt: skip


class Writer:
    """Writes one program; `used` counts what it is made of."""

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.used: Counter[str] = Counter()
        self.lines: list[str] = []
        self.count = 0
        # Forward mode over writes, and the names of its results, are left to other goldens.
        self.reverse = source.random() < 0.5

    def pick(self, kind: str, table: dict[str, str]) -> str:
        name = self.random.choice(list(table))
        self.used[f"{kind}: {name}"] += 1
        return table[name]

    @property
    def forward(self) -> int:
        return not self.reverse

    def choose(self, kind: str, options: list[str]) -> str:
        found = self.random.choice(options)
        self.used[f"{kind}: {found}"] += 1
        return found

    def name(self) -> str:
        self.count += 1
        return f"f{self.count}"

    def function(self, to_scalar: bool, plain: bool = False) -> str:
        """The name of a new function of a vector; a plain one writes and prints nothing."""
        name = self.name()
        lines = [f"def {name}(a):"]
        value = "a"
        if self.reverse and not plain and self.random.random() < 0.5:
            lines.append("    y = a.clone()" if self.random.random() < 0.7 else "    y = a * 1")
            count = self.random.randint(1, 2)
            lines += ["    " + self.pick("write", WRITES).format(x="a") for _ in range(count)]
            value = "y"
        if not plain and self.random.random() < 0.12:
            lines.append(f"    print({self.pick('printed', PRINTED).format(x=value)})")
        if not plain and self.random.random() < 0.04:
            self.used["kept"] += 1
            lines.append(f"    KEPT.append({value})")
        for _ in range(self.random.randint(1, 3)):
            table = VECTORS | REVERSE if self.reverse and not plain else VECTORS
            lines.append(f"    b = {self.pick('vector', table).format(x=value)}")
            value = "b"
        if to_scalar:
            lines.append(f"    return {self.pick('scalar', SCALARS).format(x=value)}")
        else:
            lines.append(f"    return {value}")
        self.lines += lines
        return name

    def derived(self, depth: int, to_scalar: bool) -> str:
        """The name of a function of a vector, made by transforms of others to this depth."""
        if depth == 0:
            return self.function(to_scalar)
        name = self.name()
        if to_scalar:
            kind = self.choose("to a number", ["vector", "value", "vmap", *["jvp"] * self.forward])
            if kind == "vector":
                inner = self.derived(depth - 1, False)
                body = self.pick("scalar", SCALARS).format(x=f"{inner}(a)")
            else:
                inner = self.derived(depth - 1, True)
                body = {
                    "jvp": f"jvp({inner}, (a,), (u,))[1]",
                    "value": f"grad_and_value({inner})(a)[1]",
                    "vmap": f"vmap({inner})(W * a).mean()",
                }[kind]
        else:
            kinds = ["grad", "grad", "vjp", "jacrev", "vmap", "vmap out", "jacrev of grad",
                     "vmap grad", "vmap vjp", "vmap jacrev", "vjp of vjp"]  # fmt: skip
            forward = ["jvp", "jacfwd", "hessian", "hvp", "vmap jvp", "vmap jacfwd", "jvp of vjp",
                       "vjp of jvp", "jacrev of jvp", "vmap twice"]  # fmt: skip
            kind = self.choose("to a vector", kinds + forward * self.forward)
            scalar = kind in ("grad", "hessian", "hvp", "jacrev of grad", "vmap grad")
            inner = self.derived(depth - 1, scalar)
            body = {
                "grad": f"grad({inner})(a)",
                "jvp": f"jvp({inner}, (a,), (u,))[1]",
                "vjp": f"vjp({inner}, a)[1](u)[0]",
                "jacrev": f"jacrev({inner})(a) @ u",
                "jacfwd": f"u @ jacfwd({inner})(a)",
                "hessian": f"hessian({inner})(a).sum(0)",
                "hvp": f"jvp(grad({inner}), (a,), (u,))[1]",
                "vmap": f"vmap({inner})(W * a).sum(0)",
                "vmap out": f"vmap({inner}, in_dims=1, out_dims=1)(W + a)[0]",
                "jacrev of grad": f"jacrev(grad({inner}))(a)[1]",
                "vmap grad": f"vmap(grad({inner}))(W * a)[1]",
                "vmap jvp": f"vmap(lambda t: jvp({inner}, (a,), (t,))[1])(W)[2]",
                "vmap vjp": f"vmap(vjp({inner}, a)[1])(W)[0][1]",
                "vmap jacrev": f"vmap(jacrev({inner}))(W * a)[1] @ u",
                "vmap jacfwd": f"u @ vmap(jacfwd({inner}))(W * a)[1]",
                "vjp of vjp": f"vjp(lambda t: vjp({inner}, a)[1](t)[0], u)[1](a)[0]",
                "jvp of vjp": f"jvp(lambda b: vjp({inner}, b)[1](u)[0], (a,), (u,))[1]",
                "vjp of jvp": f"vjp(lambda b: jvp({inner}, (b,), (u,))[1], a)[1](u)[0]",
                "jacrev of jvp": f"jacrev(lambda b: jvp({inner}, (a,), (b,))[1])(u)[0]",
                "vmap twice": f"vmap(lambda v, t: jvp({inner}, (v,), (t,))[1])(W * a, W)[1]",
            }[kind]
        self.lines += [f"def {name}(a):", f"    return {body}"]
        return name

    def nested(self) -> None:
        """A tower of transforms, and one more call on top."""
        tops = ["grad", "grad_and_value", "vjp", "jacrev", "vmap", "vmap vmap", "vmap dims",
                "vmap grad", "tape", "argnums", "tree", "aux", "chunks"]  # fmt: skip
        forward = ["jvp", "jacfwd", "hessian", "linearize"]
        top = self.choose("on top", tops + forward * self.forward)
        scalar = top in ("grad", "grad_and_value", "hessian", "vmap grad", "tape", "argnums",
                         "tree", "aux")  # fmt: skip
        # PyTorch's linearize of transforms and of writes is wrong or refused.
        plain = top == "linearize"
        f = (
            self.function(scalar, plain)
            if plain
            else self.derived(self.random.randint(0, 2), scalar)
        )
        at = "p" if self.reverse else "x"
        self.lines.append({
            "grad": f"r = grad({f})(x)",
            "grad_and_value": f"r = grad_and_value({f})({at})",
            "jvp": f"r = jvp({f}, (x,), (u,))",
            "vjp": f"value, pull = vjp({f}, {at})\nr = value, pull(u)",
            "jacrev": f"r = jacrev({f})(x)",
            "jacfwd": f"r = jacfwd({f})(x)",
            "hessian": f"r = hessian({f})(x)",
            "vmap": f"r = vmap({f})(X)",
            "vmap vmap": f"r = vmap(vmap({f}))(Y)",
            "vmap dims": f"r = vmap({f}, in_dims=1, out_dims=-1)(X.T)",
            "vmap grad": f"r = vmap(grad({f}))(X)",
            "linearize": f"value, push = linearize({f}, x)\nr = value, push(u), push(W[0])",
            "tape": f"q = x.clone().requires_grad_()\nr = torch.autograd.grad({f}(q), q)",
            "argnums": f"r = grad(lambda a, b: {f}(a) * {f}(b).sin(), argnums=(0, 1))(x, u)",
            "tree": f"r = grad(lambda d: {f}(d['a'] * d['b'][0]))({{'a': x, 'b': [u]}})",
            "aux": f"r = grad(lambda a: ({f}(a), {{'k': a * 2}}), has_aux=True)(x)",
            "chunks": f"r = vmap({f}, chunk_size=3)(X)",
        }[top])  # fmt: skip
        self.lines.append("print(shown(r))")
        if self.used["kept"]:
            self.lines.append("print(KEPT[-1])\nprint(KEPT[-1].shape, KEPT[-1] + 1)")

    def indexed(self) -> None:
        """Indices with a batch, alone and differentiated by what they select from."""
        over = self.choose("indexed", ["closure", "argument", "grad", "write", "jacrev", "jvp"])
        # PyTorch refuses indices that are made inside another transform within vmap.
        plain = {name: text for name, text in INDICES.items() if name not in MADE_INSIDE}
        index = self.pick("index", plain if over == "jacrev" else INDICES)
        call = "(I, J, K, B)"
        if over == "closure":
            self.lines.append(f"print(vmap(lambda i, j, k, b: {index}){call})")
        elif over == "argument":
            self.lines.append(
                f"print(vmap(lambda W, i, j, k, b: {index})"
                "(torch.stack([W, 2 * W, -W, W ** 2]), I, J, K, B))"
            )
        elif over == "write":
            target = index if index.startswith(("W[", "x[")) and index.count("[") == 1 else "W[i]"
            target = target.replace("W[", "z[").replace("x[", "z[0][")
            value = self.choose("written", ["1.0", "i", "W[0]", "x[0]", "(x * i)[0]"])
            start = self.choose("written to", ["W.clone()", "W * i", "W + b"])
            self.lines += [
                "def put(i, j, k, b):", f"    z = {start}", f"    {target} = {value}",
                "    return z", f"print(vmap(put){call})",
            ]  # fmt: skip
        elif over == "grad":
            self.lines.append(
                f"print(grad(lambda W: vmap(lambda i, j, k, b: {index}){call}.sin().sum())(W))"
            )
        elif over == "jacrev":
            self.lines.append(
                f"print(vmap(lambda i, j, k, b: jacrev(lambda W: {index})(W).sum(0)){call})"
            )
        else:
            self.lines.append(
                f"print(jvp(lambda W: vmap(lambda i, j, k, b: {index}){call}, (W,), (W * 2,)))"
            )

    def refused(self) -> None:
        self.lines.append(f"print({self.pick('error', ERRORS)})")

    def foreign(self) -> None:
        """A write into a tensor that the batch does not reach, or does."""
        write = self.choose("foreign write", FOREIGN_WRITES)
        self.lines += [
            "def put(v):", "    z = torch.zeros(3, dtype=torch.float64)",
            *(f"    {part}" for part in write.split("; ")), "    return z", "print(vmap(put)(X))",
        ]  # fmt: skip

    def drawn(self) -> None:
        """Random numbers under vmap."""
        draw = self.choose("random", RANDOM)
        mode = self.choose("randomness", ["same", "different", "error"])
        self.lines += [
            "torch.manual_seed(3)", f"print(vmap(lambda v: {draw}, randomness='{mode}')(X))",
            "print(torch.rand(1))",
        ]  # fmt: skip

    def shapes(self) -> None:
        """Batches at several axes, in and out, over trees."""
        in_dim = self.choose("in_dims", ["0", "1", "2", "-1", "(0,)", "None"])
        out = self.choose("out_dims", ["0", "1", "-1", "(0, 1)", "{'a': 0, 'b': 1}", "2"])
        body = {"(0, 1)": "(v, v * t)", "{'a': 0, 'b': 1}": "{'a': v.sum(0), 'b': v}"}.get(
            out, "v * t"
        )
        outer = in_dim if in_dim.startswith("(") else f"({in_dim}, 0)"
        call = "(Y)" if in_dim == "(0,)" else "(Y, torch.arange(Y.shape[AXIS]).double())"
        axis = {"1": "1", "2": "2", "-1": "2"}.get(in_dim, "0")
        head = "lambda v, t=2.0" if in_dim == "(0,)" else "lambda v, t"
        self.lines.append(
            f"r = vmap({head}: {body}, in_dims={outer}, out_dims={out}){call.replace('AXIS', axis)}"
        )
        self.lines.append("print(r)")


def programs(seed: int, count: int) -> tuple[list[str], Counter[str]]:
    """The texts of `count` programs, and how often each construct occurs in them."""
    used: Counter[str] = Counter()
    texts = []
    kinds: list[Callable[[Writer], None]] = [
        *[Writer.nested] * 10, *[Writer.indexed] * 4, *[Writer.refused] * 2, Writer.foreign,
        Writer.drawn, Writer.shapes,
    ]  # fmt: skip
    source = random.Random(seed)
    for _ in range(count):
        writer = Writer(random.Random(source.random()))
        kind = writer.random.choice(kinds)
        used[f"kind: {kind.__name__}"] += 1
        kind(writer)
        used.update(writer.used)
        texts.append(HEADER + "\n".join(writer.lines) + "\n")
    return texts, used

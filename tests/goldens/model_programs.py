"""Random programs of torch.nn and torch.optim: a model, its training, and what is done with both.

`program(seed)` gives the constructs and the blocks of one: the same for a seed on every machine.
A construct is a class of `nn`, `optim` or `lr_scheduler` by its dotted name, or a use in words.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence

Shape = tuple[int, ...]

HEADER = """\
import copy
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, stack_module_state
from torch.nn.utils import parametrizations, parametrize, prune
from torch.optim import lr_scheduler
def numbers(value):
    values = value.detach().double().flatten()[:4].tolist()
    return [round(v, 3) + 0.0 if abs(v) < 100 else float(f'{v:.4g}') for v in values]
def show(name, value):
    if isinstance(value, torch.Tensor):
        print(name, type(value).__name__, tuple(value.shape), value.dtype, numbers(value))
    else:
        print(name, value)
def gradients(module):
    for name, parameter in module.named_parameters():
        show(name, parameter.grad)
def state(module):
    for name, value in module.state_dict().items():
        show(name, value)
class First(nn.Module):
    def __init__(self, inner, *others):
        super().__init__()
        self.inner = inner
        self.others = others
    def forward(self, x):
        return self.inner(x, *self.others)[0]
class Again(nn.Module):
    def __init__(self, inner, times=2):
        super().__init__()
        self.inner, self.times = inner, times
    def forward(self, x):
        return self.inner(*[x] * self.times)
class Residual(nn.Sequential):
    def forward(self, x):
        return x + super().forward(x)
class Unpool(nn.Module):
    def __init__(self, pool, unpool):
        super().__init__()
        self.pool, self.unpool = pool, unpool
    def forward(self, x):
        pooled, where = self.pool(x)
        return self.unpool(pooled, where, output_size=x.shape)
class Branches(nn.Module):
    def __init__(self, **parts):
        super().__init__()
        self.parts = nn.ModuleDict(parts)
    def forward(self, x):
        return sum(part(x) for part in self.parts.values())
class Scaled(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.scales = nn.ParameterList([torch.ones(1), torch.full((1,), 0.5)])
        self.shifts = nn.ParameterDict({'a': torch.zeros(1)})
        self.register_buffer('calls', torch.zeros((), dtype=torch.long))
        self.register_buffer('hidden', torch.ones(1), persistent=False)
    def forward(self, x):
        self.calls += 1
        return self.inner(x) * self.scales[0] * self.scales[1] + self.shifts['a'] * self.hidden
    def extra_repr(self):
        return f'scales={len(self.scales)}'
"""


class Program:
    """The text of a program in the making, and which constructs it used."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.used: list[str] = []
        self.blocks = [HEADER]
        self.double = self.chance(0.85)
        if self.double:
            self.block("torch.set_default_dtype(torch.float64)")

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, *choices: object) -> str:
        return str(self.random.choice(choices))

    def block(self, *lines: str) -> None:
        self.blocks.append("\n".join(lines) + "\n")

    def settings(self, **choices: Sequence[object]) -> list[str]:
        """Of these keywords some, each with one of its values."""
        return [
            f"{name}={self.random.choice(values)}"
            for name, values in choices.items()
            if self.chance(0.45)
        ]

    def make(self, name: str, *args: object, **choices: Sequence[object]) -> str:
        """A call of a class of `nn`."""
        self.used.append(f"nn.{name}")
        given = [str(arg) for arg in args] + self.settings(**choices)
        return f"nn.{name}({', '.join(given)})"


Layer = tuple[str, Shape]
SIDES = {3: 1, 4: 2, 5: 3}

ELEMENTWISE: dict[str, tuple[tuple[object, ...], dict[str, Sequence[object]]]] = {
    "CELU": ((), {"alpha": (0.5, 2.0)}),
    "ELU": ((), {"alpha": (0.5, 2.0)}),
    "GELU": ((), {"approximate": ("'tanh'", "'none'")}),
    "Hardshrink": ((), {"lambd": (0.1, 0.7)}),
    "Hardsigmoid": ((), {}),
    "Hardswish": ((), {}),
    "Hardtanh": ((), {"min_val": (-0.5, -2.0), "max_val": (0.5, 2.0)}),
    "Identity": ((), {}),
    "LeakyReLU": ((), {"negative_slope": (0.1, 0.3)}),
    "LogSigmoid": ((), {}),
    "Mish": ((), {}),
    "PReLU": ((), {"init": (0.1, 0.5)}),
    "RReLU": ((), {"lower": (0.1, 0.2), "upper": (0.4, 0.5)}),
    "ReLU": ((), {}),
    "ReLU6": ((), {}),
    "SELU": ((), {}),
    "SiLU": ((), {}),
    "Sigmoid": ((), {}),
    "Softplus": ((), {"beta": (0.5, 2), "threshold": (5, 20)}),
    "Softshrink": ((), {"lambd": (0.1, 0.3)}),
    "Softsign": ((), {}),
    "Tanh": ((), {}),
    "Tanhshrink": ((), {}),
    "Threshold": ((0.1, 0.2), {}),
    "Dropout": ((), {"p": (0.1, 0.5)}),
    "AlphaDropout": ((), {"p": (0.1, 0.5)}),
    "FeatureAlphaDropout": ((), {"p": (0.1, 0.5)}),
}


def elementwise(p: Program, shape: Shape) -> Layer:
    name = p.pick(*ELEMENTWISE)
    args, choices = ELEMENTWISE[name]
    if name == "PReLU" and p.chance(0.4):
        args = (shape[1],)
    return p.make(name, *args, **choices), shape


def softmaxes(p: Program, shape: Shape) -> Layer:
    if len(shape) == 4 and p.chance(0.5):
        return p.make("Softmax2d"), shape
    if shape[1] % 2 == 0 and p.chance(0.3):
        return p.make("GLU", 1), (shape[0], shape[1] // 2, *shape[2:])
    return p.make(p.pick("Softmax", "LogSoftmax", "Softmin"), p.pick(1, -1)), shape


def normalization(p: Program, shape: Shape) -> Layer:
    sides = SIDES.get(len(shape), 1)
    channels = shape[1]
    kind = p.random.randrange(6)
    if kind <= 1 and (len(shape) > 2 or p.chance(0.9)):
        name = p.pick(f"BatchNorm{sides}d", f"BatchNorm{sides}d", "SyncBatchNorm")
        lazy = name != "SyncBatchNorm" and p.chance(0.2)
        if name == "SyncBatchNorm" and p.chance(0.7):
            name = f"BatchNorm{sides}d"
        choices = {
            "eps": (1e-3,),
            "momentum": (0.3, None),
            "affine": (True, False),
            "track_running_stats": (True, False),
        }
        if lazy:
            return p.make(f"Lazy{name}", **choices), shape
        return p.make(name, channels, **choices), shape
    if kind == 2 and len(shape) > 2 and shape[2] > 1:
        choices = {"affine": (True,), "track_running_stats": (True,), "eps": (1e-3,)}
        if p.chance(0.2):
            return p.make(f"LazyInstanceNorm{sides}d", **choices), shape
        return p.make(f"InstanceNorm{sides}d", channels, **choices), shape
    if kind == 3:
        groups = p.random.choice([n for n in (1, 2, 3) if channels % n == 0])
        if shape[1] // groups * max(shape[2:], default=1) > 1:
            return p.make("GroupNorm", groups, channels, affine=(False,), eps=(1e-3,)), shape
    if kind == 4 and len(shape) > 2:
        return p.make("LocalResponseNorm", 2, alpha=(0.01,), beta=(0.5,), k=(2.0,)), shape
    last = shape[-1] if p.chance(0.7) else list(shape[1:])
    affine = {"elementwise_affine": (True, False), "eps": (1e-3,)}
    if p.chance(0.5):
        return p.make("LayerNorm", last, **affine, bias=(False, True)), shape
    return p.make("RMSNorm", last, **affine), shape


def linear(p: Program, shape: Shape) -> Layer:
    out = p.random.choice((2, 3, 4, 6))
    kind = p.random.randrange(6)
    if kind == 0:
        return p.make("LazyLinear", out, bias=(False,)), (*shape[:-1], out)
    if kind == 1:
        inner = p.make("Bilinear", shape[-1], shape[-1], out, bias=(False,))
        return f"Again({inner})", (*shape[:-1], out)
    return p.make("Linear", shape[-1], out, bias=(False, True)), (*shape[:-1], out)


def convolution(p: Program, shape: Shape) -> Layer:
    sides = SIDES[len(shape)]
    channels = shape[1]
    out = p.random.choice((2, 4))
    groups = p.random.choice([n for n in (1, 1, 2) if channels % n == 0])
    kernel = p.random.choice([k for k in (1, 2, 3) if k <= min(shape[2:])])
    stride = p.random.choice((1, 1, 2))
    padding = p.random.choice((0, 0, 1)) if kernel > 1 else 0
    lazy = "Lazy" if p.chance(0.15) else ""
    sizes: list[object] = [out, kernel] if lazy else [channels, out, kernel]
    bias = {"bias": (True, False)}
    fixed = [f"stride={stride}", f"padding={padding}", f"groups={groups}"]
    if p.chance(0.35):
        spaces = tuple((n - 1) * stride - 2 * padding + kernel for n in shape[2:])
        if min(spaces) > 0 and max(spaces) < 9:
            name = f"{lazy}ConvTranspose{sides}d"
            return p.make(name, *sizes, *fixed, **bias), (shape[0], out, *spaces)
    mode = p.pick("zeros", "zeros", "reflect", "replicate", "circular")
    if p.chance(0.2):
        fixed = ["padding='same'", f"groups={groups}"]
        spaces = shape[2:]
        if min(spaces) < 3:
            mode = "zeros"
    else:
        spaces = tuple((n + 2 * padding - kernel) // stride + 1 for n in shape[2:])
    if mode != "zeros":
        fixed.append(f"padding_mode='{mode}'")
    return p.make(f"{lazy}Conv{sides}d", *sizes, *fixed, **bias), (shape[0], out, *spaces)


def pooling(p: Program, shape: Shape) -> Layer:
    sides = SIDES[len(shape)]
    halves = tuple((n - 2) // 2 + 1 for n in shape[2:])
    kind = p.random.randrange(6)
    if kind == 0 or min(shape[2:]) < 2:
        size = p.random.choice((1, 2))
        name = p.pick(f"AdaptiveAvgPool{sides}d", f"AdaptiveMaxPool{sides}d")
        return p.make(name, size), (*shape[:2], *[size] * sides)
    if kind == 1:
        more = {"count_include_pad": (False,), "ceil_mode": (False,)}
        if sides > 1:
            more["divisor_override"] = (3,)
        return p.make(f"AvgPool{sides}d", 2, **more), (*shape[:2], *halves)
    if kind == 2:
        return p.make(f"LPPool{sides}d", p.pick(1, 2), 2), (*shape[:2], *halves)
    if kind == 3:
        pool = p.make(f"MaxPool{sides}d", 2, "return_indices=True")
        return f"Unpool({pool}, {p.make(f'MaxUnpool{sides}d', 2)})", shape
    if kind == 4 and sides > 1 and min(shape[2:]) > 2:
        name = f"FractionalMaxPool{sides}d"
        return p.make(name, 2, "output_size=2"), (*shape[:2], *[2] * sides)
    return p.make(f"MaxPool{sides}d", 2, dilation=(1,)), (*shape[:2], *halves)


def padding(p: Program, shape: Shape) -> Layer:
    sides = SIDES[len(shape)]
    kind = p.pick("Circular", "Constant", "Reflection", "Replication", "Zero")
    size: object = 1
    spaces = tuple(n + 2 for n in shape[2:])
    if p.chance(0.4):
        size = (1, 0) * sides
        spaces = tuple(n + 1 for n in shape[2:])
    if kind == "Reflection" and min(shape[2:]) < 2:
        kind = "Zero"
    more = (0.5,) if kind == "Constant" else ()
    return p.make(f"{kind}Pad{sides}d", size, *more), (*shape[:2], *spaces)


def rearrangement(p: Program, shape: Shape) -> Layer:
    batch, channels, *spaces = shape
    sides = len(spaces)
    kind = p.random.randrange(6)
    if kind == 0 and channels % 2 == 0:
        return p.make("ChannelShuffle", 2), shape
    if kind == 1 and sides == 2 and channels % 4 == 0:
        return p.make("PixelShuffle", 2), (batch, channels // 4, spaces[0] * 2, spaces[1] * 2)
    if kind == 1 and sides == 2 and spaces[0] % 2 == spaces[1] % 2 == 0:
        return p.make("PixelUnshuffle", 2), (batch, channels * 4, spaces[0] // 2, spaces[1] // 2)
    if kind == 2 and max(spaces) < 5:
        double = tuple(n * 2 for n in spaces)
        if sides == 2 and p.chance(0.4):
            name = p.pick("UpsamplingBilinear2d", "UpsamplingNearest2d")
            return p.make(name, "scale_factor=2"), (batch, channels, *double)
        smooth = {1: "linear", 2: p.pick("bilinear", "bicubic"), 3: "trilinear"}[sides]
        mode = p.pick("nearest", "nearest-exact", smooth)
        text = [f"size={list(double)}" if p.chance(0.4) else "scale_factor=2", f"mode='{mode}'"]
        if mode == smooth and p.chance(0.5):
            text.append("align_corners=True")
        return p.make("Upsample", *text), (batch, channels, *double)
    if kind == 3 and sides == 2 and min(spaces) > 1:
        count = (spaces[0] - 1) * (spaces[1] - 1)
        unfold = p.make("Unfold", 2)
        if p.chance(0.5):
            return unfold, (batch, channels * 4, count)
        fold = p.make("Fold", f"({spaces[0]}, {spaces[1]})", 2)
        return f"nn.Sequential({unfold}, {fold})", shape
    if kind == 4:
        return p.make(f"Dropout{sides}d", p=(0.1, 0.5)), shape
    return elementwise(p, shape)


def recurrent(p: Program, shape: Shape) -> Layer:
    """Over `(batch, steps, features)`."""
    hidden = p.random.choice((2, 3, 4))
    kind = p.pick("RNN", "LSTM", "GRU")
    both = p.chance(0.3)
    given = ["batch_first=True"] if p.chance(0.6) else []
    given += ["bidirectional=True"] if both else []
    given += [f"num_layers=2, dropout={p.pick(0.0, 0.2)}"] if p.chance(0.3) else []
    given += ["bias=False"] if p.chance(0.2) else []
    size = hidden
    if kind == "LSTM" and hidden > 2 and p.chance(0.3):
        given.append("proj_size=2")
        size = 2
    if kind == "RNN" and p.chance(0.4):
        given.append("nonlinearity='relu'")
    return f"First({p.make(kind, shape[2], hidden, *given)})", (*shape[:2], size * (1 + both))


def cell(p: Program, shape: Shape) -> Layer:
    hidden = p.random.choice((2, 3, 4))
    kind = p.pick("RNNCell", "LSTMCell", "GRUCell")
    more = {"nonlinearity": ("'relu'",)} if kind == "RNNCell" else {}
    made = p.make(kind, shape[1], hidden, bias=(False,), **more)
    return f"First({made})" if kind == "LSTMCell" else made, (shape[0], hidden)


def attention(p: Program, shape: Shape) -> Layer:
    """Over `(batch, steps, features)`."""
    width = shape[2]
    heads = 2 if width % 2 == 0 else 1
    first = "batch_first=True" if p.chance(0.7) else "batch_first=False"
    kind = p.random.randrange(5)
    if kind == 0:
        more = {"bias": (False,), "add_bias_kv": (True,), "add_zero_attn": (True,)}
        made = p.make("MultiheadAttention", width, heads, first, **more, dropout=(0.1,))
        return f"First(Again({made}, 3))", shape
    more = {"activation": ("'gelu'", "F.silu"), "norm_first": (True,), "bias": (False,)}
    sizes = (width, heads, 5, f"dropout={p.pick(0.0, 0.1)}", first)
    if kind == 1:
        made = p.make("TransformerDecoderLayer", *sizes, **more)
        if p.chance(0.5):
            made = p.make("TransformerDecoder", made, 2)
        return f"Again({made})", shape
    if kind == 2:
        counts = (1, 1)
        made = p.make("Transformer", width, heads, *counts, *sizes[2:], **more)
        return f"Again({made})", shape
    made = p.make("TransformerEncoderLayer", *sizes, **more)
    if p.chance(0.5):
        made = p.make("TransformerEncoder", made, 2, "enable_nested_tensor=False")
    return made, shape


def flattened(p: Program, shape: Shape) -> Layer:
    if len(shape) == 2:
        if shape[1] % 2 == 0:
            parts = (2, shape[1] // 2)
            return p.make("Unflatten", 1, parts), (shape[0], *parts)
        return elementwise(p, shape)
    size = 1
    for n in shape[1:]:
        size *= n
    return p.make("Flatten"), (shape[0], size)


def container(p: Program, shape: Shape) -> Layer:
    """Layers inside of another module."""
    kind = p.random.randrange(4)
    if kind == 0:
        inner = p.make("Linear", shape[-1], shape[-1])
        return f"Residual({inner}, {elementwise(p, shape)[0]})", shape
    if kind == 1:
        p.used.append("nn.ModuleDict")
        a, b = p.make("Linear", shape[-1], shape[-1]), elementwise(p, shape)[0]
        return f"Branches(one={a}, other={b})", shape
    if kind == 2:
        p.used += ["nn.ParameterList", "nn.ParameterDict"]
        made, new = layer(p, shape)
        return f"Scaled({made})", new
    first, between = layer(p, shape)
    second, last = layer(p, between)
    return p.make("Sequential", first, second), last


LayerMaker = Callable[[Program, Shape], Layer]
MAKERS: dict[int, tuple[tuple[LayerMaker, ...], tuple[int, ...]]] = {
    2: ((linear, elementwise, softmaxes, normalization, cell, flattened), (5, 4, 1, 3, 2, 1)),
    3: (
        (linear, elementwise, normalization, convolution, pooling, padding, recurrent, attention),
        (2, 3, 2, 3, 2, 1, 3, 3),
    ),
    4: (
        (convolution, elementwise, normalization, pooling, padding, rearrangement, softmaxes),
        (5, 2, 3, 3, 2, 3, 1),
    ),
    5: (
        (convolution, elementwise, normalization, pooling, padding, rearrangement, linear),
        (5, 2, 3, 3, 2, 3, 1),
    ),
}


def layer(p: Program, shape: Shape) -> Layer:
    """A layer for this shape, and the shape of what it gives."""
    if p.chance(0.12):
        return container(p, shape)
    if len(shape) > 2 and p.chance(0.08):
        return flattened(p, shape)
    makers, weights = MAKERS[len(shape)]
    return p.random.choices(makers, weights)[0](p, shape)


PARAMETERS = ("Linear", "Conv", "LazyConv", "Embedding", "RNN", "LSTM", "GRU", "Transformer")
STARTS: tuple[Shape, ...] = ((4, 3), (3, 4), (2, 3, 4), (2, 4, 6), (2, 2, 5, 5), (2, 4, 4, 4))
STARTS += ((2, 2, 3, 3, 3),)


def model(p: Program) -> Shape:
    """Writes the model and its input; the shape of what it gives."""
    layers: list[str] = []
    if p.chance(0.12):
        embedding = p.pick("Embedding", "EmbeddingBag")
        more = {"padding_idx": (1,), "max_norm": (1.0,)}
        if embedding == "EmbeddingBag":
            more["mode"] = ("'sum'", "'mean'")
        layers.append(p.make(embedding, 6, 4, **more))
        shape: Shape = (3, 4) if embedding == "EmbeddingBag" else (3, 2, 4)
        given = "torch.tensor([[1, 2], [3, 0], [1, 5]])"
    else:
        shape = p.random.choice(STARTS)
        given = f"torch.randn({', '.join(map(str, shape))})"
    for _ in range(p.random.randint(2, 5)):
        text, after = layer(p, shape)
        size = 1
        for n in after:
            size *= n
        if size > 400 or min(after) < 1:
            continue
        layers.append(text)
        shape = after
    if p.chance(0.6) and len(shape) > 2:
        text, shape = flattened(p, shape)
        layers.append(text)
        text, shape = linear(p, shape)
        layers.append(text)
    p.used.append("nn.Sequential")
    if not any(f"nn.{name}" in "".join(layers) for name in PARAMETERS):
        text, shape = linear(p, shape)
        layers.append(text)
    joined = ",\n    ".join(layers)
    if p.chance(0.3):
        p.used.append("names in a Sequential")
        named = ",\n    ".join(f"'part{at}': {text}" for at, text in enumerate(layers))
        p.block(
            "from collections import OrderedDict",
            f"torch.manual_seed({p.random.randrange(100)})",
            f"model = nn.Sequential(OrderedDict({{\n    {named},\n}}))",
        )
    else:
        p.block(
            f"torch.manual_seed({p.random.randrange(100)})",
            f"model = nn.Sequential(\n    {joined},\n)",
        )
    p.block("print(model)")
    p.block(f"x = {given}", "out = model(x)", "show('out', out)")
    return shape


LOSSES: dict[str, dict[str, Sequence[object]]] = {
    "MSELoss": {},
    "L1Loss": {},
    "SmoothL1Loss": {"beta": (0.5, 2.0)},
    "HuberLoss": {"delta": (0.5, 2.0)},
    "SoftMarginLoss": {},
    "HingeEmbeddingLoss": {"margin": (0.5,)},
    "PoissonNLLLoss": {"log_input": (True,), "full": (False,)},
    "BCEWithLogitsLoss": {},
    "KLDivLoss": {"log_target": (True,)},
}
CLASSIFICATIONS: dict[str, dict[str, Sequence[object]]] = {
    "CrossEntropyLoss": {"label_smoothing": (0.1,), "ignore_index": (0,)},
    "NLLLoss": {"ignore_index": (0,)},
    "MultiMarginLoss": {"p": (1, 2), "margin": (0.5,)},
    "MultiLabelMarginLoss": {},
    "MultiLabelSoftMarginLoss": {},
}
PAIRS = {
    "CosineEmbeddingLoss": "out, y, torch.ones(len(out))",
    "MarginRankingLoss": "out, y, torch.ones_like(y)",
    "TripletMarginLoss": "out, y, -y",
    "TripletMarginWithDistanceLoss": "out, y, -y",
    "GaussianNLLLoss": "out, y, y.abs() + 0.1",
    "BCELoss": "out.sigmoid(), y.sigmoid()",
}


def loss(p: Program, shape: Shape) -> None:
    """Writes the criterion and the target."""
    reduction = {"reduction": ("'sum'", "'mean'")}
    y = f"y = torch.randn({', '.join(map(str, shape))})"
    kind = p.random.randrange(5)
    if len(shape) == 2 and kind <= 1:
        name = p.pick(*CLASSIFICATIONS)
        if name == "MultiLabelMarginLoss":
            target = f"y = torch.tensor([[0] + [-1] * {shape[1] - 1}] * {shape[0]})"
        elif name == "MultiLabelSoftMarginLoss":
            target = f"y = torch.ones({shape[0]}, {shape[1]})"
        else:
            target = f"y = torch.arange({shape[0]}) % {shape[1]}"
        made = p.make(name, **CLASSIFICATIONS[name], **reduction)
        p.block(target, f"criterion = {made}", "print(criterion)")
    elif len(shape) == 2 and kind == 2:
        name = p.pick(*PAIRS)
        made = p.make(name, **reduction)
        p.block(y, f"pairs = {made}", "criterion = lambda out, y: pairs(" + PAIRS[name] + ")")
    elif kind == 3 and len(shape) == 2:
        name = p.pick("CosineSimilarity", "PairwiseDistance")
        p.block(y, f"alike = {p.make(name)}", "criterion = lambda out, y: alike(out, y).sum()")
    elif kind == 4 and len(shape) == 2:
        made, target = (
            p.make("LinearCrossEntropyLoss", shape[1], 3),
            f"torch.arange({shape[0]}) % 3",
        )
        if p.chance(0.5):
            made = p.make("AdaptiveLogSoftmaxWithLoss", shape[1], 4, [2])
            p.block(
                f"y = {target}", f"split = {made}", "criterion = lambda out, y: split(out, y).loss"
            )
        else:
            p.block(f"y = {target}", f"criterion = {made}", "print(criterion)")
    elif kind == 4 and len(shape) == 3 and shape[2] > 1:
        made = p.make("CTCLoss", "zero_infinity=True", **reduction)
        steps, batch, _ = shape
        p.block(
            f"y = torch.ones({batch}, 1, dtype=torch.long)",
            f"ctc = {made}",
            f"lengths = torch.full(({batch},), {steps}), torch.ones({batch}, dtype=torch.long)",
            "criterion = lambda out, y: ctc(out.log_softmax(-1), y, *lengths)",
        )
    else:
        name = p.pick(*LOSSES)
        made = p.make(name, **LOSSES[name], **reduction)
        p.block(y, f"criterion = {made}", "print(criterion)")


OPTIMIZERS: dict[str, dict[str, Sequence[object]]] = {
    "SGD": {"momentum": (0.9, 0.5), "weight_decay": (0.1,), "maximize": (True,)},
    "Adam": {"betas": ((0.8, 0.9),), "amsgrad": (True,), "weight_decay": (0.1,)},
    "AdamW": {"betas": ((0.8, 0.9),), "amsgrad": (True,), "weight_decay": (0.1,)},
    "Adamax": {"weight_decay": (0.1,), "eps": (1e-3,)},
    "NAdam": {"momentum_decay": (0.01,), "decoupled_weight_decay": (True,)},
    "RAdam": {"weight_decay": (0.1,), "decoupled_weight_decay": (True,)},
    "Adagrad": {"lr_decay": (0.1,), "initial_accumulator_value": (0.1,)},
    "Adadelta": {"rho": (0.8,), "weight_decay": (0.1,)},
    "Adafactor": {"weight_decay": (0.1,), "d": (2.0,)},
    "RMSprop": {"momentum": (0.5,), "centered": (True,), "alpha": (0.9,)},
    "Rprop": {"etas": ((0.4, 1.3),)},
    "ASGD": {"lambd": (0.01,), "t0": (2,)},
    "Muon": {"weight_decay": (0.01,), "nesterov": (False,), "ns_steps": (3,)},
    "LBFGS": {"max_iter": (3,), "line_search_fn": ("'strong_wolfe'",)},
}
SCHEDULERS: dict[str, tuple[tuple[object, ...], dict[str, Sequence[object]]]] = {
    "StepLR": ((2,), {"gamma": (0.5,)}),
    "MultiStepLR": (([1, 3],), {"gamma": (0.5,)}),
    "ExponentialLR": ((0.9,), {}),
    "LambdaLR": (("lambda epoch: 1 / (epoch + 1)",), {}),
    "MultiplicativeLR": (("lambda epoch: 0.9",), {}),
    "ConstantLR": ((0.5,), {"total_iters": (2,)}),
    "LinearLR": ((0.25,), {"total_iters": (3,), "end_factor": (0.8,)}),
    "PolynomialLR": ((4,), {"power": (2.0,)}),
    "CosineAnnealingLR": ((4,), {"eta_min": (0.01,)}),
    "CosineAnnealingWarmRestarts": ((2,), {"T_mult": (2,), "eta_min": (0.01,)}),
    "OneCycleLR": ((0.2, 10), {"pct_start": (0.4,), "cycle_momentum": (False,)}),
    "CyclicLR": ((0.01, 0.1, 2), {"mode": ("'triangular2'",)}),
    "ReduceLROnPlateau": ((), {"patience": (0, 1), "factor": (0.5,)}),
}
RATES = ("0.1", "0.05", "0.01")


def parameters(p: Program) -> str:
    """What an optimizer is given."""
    kind = p.random.randrange(5)
    if kind == 0:
        p.used.append("parameter groups")
        return (
            "[{'params': list(model.parameters())[:1]}, "
            "{'params': list(model.parameters())[1:], 'lr': 0.02}]"
        )
    if kind == 1:
        p.used.append("named parameters in an optimizer")
        return "model.named_parameters()"
    return "model.parameters()"


def training(p: Program) -> None:
    """Writes the optimizer, a scheduler, and some steps."""
    name = p.pick(*OPTIMIZERS)
    used = " ".join(p.used)
    if any(word in used for word in ("Norm", "Softm", "LogSoftm")):
        # Gradients that are zero but for rounding have random signs, all that these two see.
        name = {"Rprop": "SGD", "Adafactor": "Adam"}.get(name, name)
    if not p.double or "ttention" in used or "Transformer" in used:
        name = "SGD"  # its steps are as near to PyTorch's as the gradients are
    p.used.append(f"optim.{name}")
    given = parameters(p) if name != "LBFGS" else "model.parameters()"
    rate = p.pick(*RATES)
    if name == "Muon":  # it computes in bfloat16
        given, rate = "[weight for weight in model.parameters() if weight.ndim == 2]", "0.0001"
    settings = [f"lr={rate}"] * (p.chance(0.8) or name == "Muon") + p.settings(**OPTIMIZERS[name])
    if name not in ("LBFGS", "Muon") and p.chance(0.2):
        settings.append(p.pick("foreach=True", "foreach=False"))
    p.block(
        f"optimizer = torch.optim.{name}({', '.join([given, *settings])})",
        "print(optimizer)",
    )
    schedule = "ReduceLROnPlateau" if p.chance(0.1) else p.pick(*SCHEDULERS)
    args, choices = SCHEDULERS[schedule]
    text = ", ".join(["optimizer", *map(str, args), *p.settings(**choices)])
    if schedule == "CyclicLR":
        text += ", cycle_momentum=False"
    if p.chance(0.6) and name != "Muon":
        p.used.append(f"lr_scheduler.{schedule}")
        made = f"lr_scheduler.{schedule}({text})"
        if schedule not in ("ReduceLROnPlateau", "OneCycleLR", "CyclicLR") and p.chance(0.2):
            joiner = p.pick("SequentialLR", "ChainedScheduler")
            p.used.append(f"lr_scheduler.{joiner}")
            other = "lr_scheduler.ExponentialLR(optimizer, 0.5)"
            more = ", milestones=[2]" if joiner == "SequentialLR" else ""
            both = f"[{made}, {other}]"
            first = "" if joiner == "ChainedScheduler" else "optimizer, "
            made = f"lr_scheduler.{joiner}({first}{both}{more})"
        p.block(f"scheduler = {made}", "print(scheduler.get_last_lr())")
        step = "scheduler.step(loss)" if schedule == "ReduceLROnPlateau" else "scheduler.step()"
    else:
        p.block("scheduler = None")
        step = "pass"
    clip = "pass"
    if p.chance(0.3) and name != "LBFGS":
        clip = p.pick(
            "show('norm', nn.utils.clip_grad_norm_(model.parameters(), 0.5))",
            "show('norm', nn.utils.clip_grad_norm_(model.parameters(), 0.5, float('inf')))",
            "nn.utils.clip_grad_value_(model.parameters(), 0.1)",
        )
        p.used.append("clipping")
    p.block(
        "def closure():",
        "    optimizer.zero_grad()",
        "    loss = criterion(model(x), y)",
        "    loss.backward()",
        f"    {clip}",
        "    return loss",
        f"for number in range({p.random.randint(2, 5) if p.double else 1}):",
        "    loss = optimizer.step(closure)",
        "    show('loss', loss)",
        f"    {step}",
        "    print([f\"{group['lr']:.4g}\" for group in optimizer.param_groups])",
        "state(model)" if p.double else "pass",
    )
    p.block(
        "gradients(model)" if p.double else "pass",
        "print(sorted(optimizer.state_dict()), len(optimizer.state))",
    )


FIRST = (
    "name, weight = next((n, p) for n, p in model.named_parameters() "
    "if p.ndim > 1 and 'in_proj' not in n)"
)
OWNER = (
    FIRST,
    "part = model.get_submodule(name.rpartition('.')[0])",
    "own = name.rpartition('.')[2]",
)
USES: dict[str, tuple[str, ...]] = {
    "state_dict round trip": (
        "saved = copy.deepcopy(model.state_dict())",
        "with torch.no_grad():",
        "    for parameter in model.parameters():",
        "        parameter.add_(1)",
        "print(model.load_state_dict(saved))",
        "state(model)",
    ),
    "state_dict with missing keys": (
        "saved = model.state_dict()",
        "saved.popitem()",
        "print(model.load_state_dict(saved, strict=False))",
        "model.load_state_dict(saved)",
    ),
    "state_dict with unexpected keys": (
        "saved = model.state_dict()",
        "saved['more'] = torch.ones(1)",
        "print(model.load_state_dict(saved, strict=False))",
        "model.load_state_dict(saved)",
    ),
    "state_dict with other sizes": (
        "saved = {k: v[None] for k, v in model.state_dict().items()}",
        "model.load_state_dict(saved)",
    ),
    "optimizer's state_dict": (
        "saved = copy.deepcopy(optimizer.state_dict())",
        "print(saved['param_groups'])",
        "for key, values in saved['state'].items():",
        "    for name, value in values.items():",
        "        if isinstance(value, torch.Tensor): show((key, name), value)",
        "optimizer.load_state_dict(saved)",
        "show('loss', optimizer.step(closure))",
        "state(model)",
    ),
    "scheduler's state_dict": (
        "saved = scheduler.state_dict()",
        "print(sorted(saved))",
        "scheduler.load_state_dict(saved)",
        "print(scheduler.last_epoch)",
    ),
    "deepcopy": (
        "other = copy.deepcopy(model)",
        "with torch.no_grad():",
        "    next(other.parameters()).zero_()",
        "show('copy', next(other.parameters()))",
        "show('model', next(model.parameters()))",
        "print([a is b for a, b in zip(model.modules(), other.modules())])",
    ),
    "eval and train": (
        "model.eval()",
        "with torch.no_grad():",
        "    show('eval', model(x))",
        "print([m.training for m in model.modules()])",
        "model.train()",
        "show('train', model(x))",
        "state(model)",
    ),
    "forward hooks": (
        "def seen(module, args, output):",
        "    print(type(module).__name__, type(output).__name__)",
        "handles = [m.register_forward_hook(seen) for m in model.modules()]",
        "show('hooked', model(x))",
        "[handle.remove() for handle in handles]",
    ),
    "forward pre-hooks": (
        "def doubled(module, args):",
        "    return tuple(a * 2 if a.is_floating_point() else a for a in args)",
        "handle = model[0].register_forward_pre_hook(doubled)",
        "show('hooked', model(x))",
        "handle.remove()",
    ),
    "backward hooks": (
        "def seen(module, before, after):",
        "    print(type(module).__name__, [None if g is None else tuple(g.shape) for g in before],",
        "          [None if g is None else tuple(g.shape) for g in after])",
        "handles = [m.register_full_backward_hook(seen) for m in model]",
        "model.zero_grad()",
        "criterion(model(x), y).backward()",
        "gradients(model)",
        "[handle.remove() for handle in handles]",
    ),
    "freezing": (
        "list(model.parameters())[0].requires_grad_(False)",
        "model.zero_grad()",
        "criterion(model(x), y).backward()",
        "print([(n, p.requires_grad, p.grad is None) for n, p in model.named_parameters()])",
        "model.requires_grad_(True)",
    ),
    "named_*": (
        "print([(n, type(m).__name__) for n, m in model.named_modules()])",
        "print([n for n, _ in model.named_children()], [n for n, _ in model.named_buffers()])",
        "print([n for n, p in model.named_parameters() if n.endswith('weight')])",
        "print([n for n, _ in model.named_parameters(prefix='net', recurse=False)])",
        "print(sum(p.numel() for p in model.parameters()))",
    ),
    "apply": (
        "def begin(module):",
        "    print(type(module).__name__)",
        "    if isinstance(module, (nn.Linear, nn.modules.conv._ConvNd)):",
        "        nn.init.xavier_uniform_(module.weight)",
        "        if module.bias is not None: nn.init.constant_(module.bias, 0.1)",
        "print(model.apply(begin) is model)",
        "state(model)",
    ),
    "prune": (
        *OWNER,
        "prune.l1_unstructured(part, own, amount=0.4)",
        "print(sorted(n for n, _ in part.named_parameters()))",
        "print([n for n, _ in part.named_buffers()])",
        "show(own, getattr(part, own))",
        "show('pruned', model(x))",
        "prune.remove(part, own)",
        "print(prune.is_pruned(model))",
    ),
    "random pruning": (
        *OWNER,
        "prune.random_unstructured(part, own, amount=2)",
        "print(part)",
        "state(model)",
    ),
    "weight_norm": (
        *OWNER,
        "parametrizations.weight_norm(part, own)",
        "print(part)",
        "show('out', model(x))",
        "state(model)",
        "parametrize.remove_parametrizations(part, own)",
        "print(part)",
    ),
    "spectral_norm": (
        *OWNER,
        "parametrizations.spectral_norm(part, own)",
        "show('out', model(x))",
        "state(model)",
        "print(parametrize.is_parametrized(part, own))",
    ),
    "a parametrization of its own": (
        "class Square(nn.Module):",
        "    def forward(self, w):",
        "        return w ** 2",
        "    def right_inverse(self, w):",
        "        return w.abs().sqrt()",
        *OWNER,
        "parametrize.register_parametrization(part, own, Square())",
        "print(part)",
        "print([n for n, _ in model.named_parameters()])",
        "show(own, getattr(part, own))",
        "criterion(model(x), y).backward()",
        "gradients(model)",
    ),
    "functional_call": (
        "ones = {n: torch.ones_like(p) / 2 for n, p in model.named_parameters()}",
        "show('out', functional_call(model, ones, (x,)))",
        "show('model', next(model.parameters()))",
    ),
    "stack_module_state": (
        "models = [copy.deepcopy(model) for _ in range(2)]",
        "params, buffers = stack_module_state(models)",
        "for name, value in {**params, **buffers}.items():",
        "    print(name, tuple(value.shape), value.requires_grad)",
    ),
    "vectors": (
        "vector = nn.utils.parameters_to_vector(model.parameters())",
        "show('vector', vector)",
        "nn.utils.vector_to_parameters(vector * 0.5, model.parameters())",
        "state(model)",
    ),
    "surgery": (
        "print(len(model), model[-1])",
        "model.append(nn.Identity())",
        "model.insert(0, nn.Identity())",
        "print([n for n, _ in model.named_children()], model[1:])",
        "del model[0]",
        "print(model.pop(-1), [k for k in model.state_dict()])",
    ),
    "ModuleDict and ModuleList": (
        "held = nn.ModuleDict({'a': model[0], 'b': nn.ModuleList(model[:2])})",
        "print(held, list(held), 'a' in held, len(held['b']))",
        "held.update({'c': nn.Linear(1, 1)})",
        "print(held.pop('a') is model[0], [n for n, _ in held.named_parameters()])",
        "held['missing']",
    ),
    "ParameterDict": (
        "held = nn.ParameterDict({'a': torch.ones(2), 'b': nn.Parameter(torch.zeros(1, 2))})",
        "print(held, [n for n, _ in held.named_parameters()])",
        "held['c'] = nn.Parameter(torch.ones(1))",
        "print(held.pop('a'), held.keys())",
        "print(nn.ParameterList(held.values()))",
    ),
    "dtypes": (
        "print({p.dtype for p in model.half().parameters()})",
        "print({p.dtype for p in model.to(torch.get_default_dtype()).parameters()})",
    ),
    "attribute errors": ("model.no_such_part",),
    "a wrong input": ("model(torch.ones(1, 2, 1, 1, 1, 1, 1))",),
    "get_parameter": (
        "print([tuple(model.get_parameter(n).shape) for n, _ in model.named_parameters()])",
        "model.get_submodule('0.nothing')",
    ),
    "add_param_group": (
        "optimizer.add_param_group({'params': nn.Parameter(torch.ones(2)), 'lr': 0.5})",
        "print(optimizer)",
    ),
    "averages of models": (
        "averaged = torch.optim.swa_utils.AveragedModel(model)",
        "averaged.update_parameters(model)",
        "show('loss', optimizer.step(closure))",
        "averaged.update_parameters(model)",
        "state(averaged)",
    ),
    "DataParallel": (
        "parallel = nn.DataParallel(model)",
        "print(list(parallel.state_dict()))",
        "show('out', parallel(x))",
    ),
    "nodes of the graph": (
        "nodes, seen = [criterion(model(x), y).grad_fn], []",
        "while nodes:",
        "    node = nodes.pop(0)",
        "    if node is not None and node not in seen:",
        "        seen.append(node)",
        "        nodes += [other for other, _ in node.next_functions]",
        "print([type(node).__name__ for node in seen])",
    ),
    "printing of parameters": ("print(list(model.parameters())[-1].shape, model[0])",),
}


def program(seed: int) -> tuple[list[str], list[str]]:
    """The constructs and the blocks of the program of a seed."""
    p = Program(seed)
    shape = model(p)
    loss(p, shape)
    p.block("loss = criterion(out, y)", "show('loss', loss)", "loss.backward()", "gradients(model)")
    training(p)
    recurrent = any(f"nn.{name}" in p.used for name in ("RNN", "LSTM", "GRU"))
    for use in p.random.sample(list(USES), p.random.randint(2, 4)):
        # In double precision a node a step is recorded, not one for all; and how often PyTorch
        # computes a parametrized weight depends on what was done with the network before.
        if recurrent and (use == "spectral_norm" or (use == "nodes of the graph" and p.double)):
            continue
        if use == "nodes of the graph" and "ircular" in " ".join(p.blocks):
            continue  # PyTorch writes the borders one by one
        p.used.append(f"use: {use}")
        p.block(*USES[use])
    p.block("torch.set_default_dtype(torch.float32)")
    return p.used, p.blocks


def counted(seeds: Iterable[int]) -> str:
    """How many classes and uses the programs of these seeds have, in words."""
    used = {what for seed in seeds for what in program(seed)[0]}
    kinds = {
        "modules": "nn.",
        "optimizers": "optim.",
        "schedulers": "lr_scheduler.",
        "uses of models": "use: ",
    }
    return ", ".join(
        f"{sum(name.startswith(start) for name in used)} {what}" for what, start in kinds.items()
    )

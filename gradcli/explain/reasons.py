"""What happens to a gradient in an operation that makes zeros, infinities or NaN of it, in words.

What is said follows from the local derivative of the node, from what it saved, and from the values
that are known; the tables have the field's words for operations, and what helps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcli.autograd.modes import no_grad
from gradcli.language.machine.state import machine
from gradcli.language.syntax import nodes
from gradcli.render.names import Names, source_text
from gradcli.table.call.record import OpNode
from gradcli.table.entry import ELEMENTWISE
from gradcli.table.plan import INPUT, KEYWORD, OUTPUT
from gradcli.tensor.tensor import Tensor, constant, shape_of

from .chain import Edge, Part, called

SHOWN = 4  # values that are listed

Values = Callable[[Edge], Any]  # the array on an edge, None where it is not known


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STEPS = _words("round floor ceil trunc fix sign sgn heaviside floor_divide bernoulli fill zero")
_FLAT = _words(
    "relu relu6 clamp clamp_min clamp_max hardtanh threshold hardsigmoid hardswish hardshrink "
    "softshrink leaky_relu rrelu celu elu selu"
)
_FLAT_AT = {"relu": " where its input is 0 or less"}
_PRODUCTS = _words("mm mv bmm matmul dot addmm addmm_t addmv addbmm baddbmm outer linear")
_SATURATING = _words(
    "tanh sigmoid logsigmoid softmax log_softmax softplus erf erfc exp exp2 expm1 gelu "
    "silu mish atan ndtr"
)
_CHOOSING = _words(
    "max min amax amin aminmax median nanmedian mode kthvalue topk cummax cummin maximum minimum "
    "fmax fmin max_pool1d max_pool2d max_pool3d max_pool2d_with_indices adaptive_max_pool1d "
    "adaptive_max_pool2d adaptive_max_pool3d"
)
_TAKING = _words(
    "slice select index gather index_select narrow take masked_select diagonal triu tril unbind "
    "split chunk unfold as_strided take_along_dim constant_pad_nd embedding"
)
_AT_TARGET = _words("mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy")

# What helps, by the operation in which it happens.
_WHEN_FLAT = (
    "leaky_relu, softplus or a wider clamp have a slope there; a smaller learning rate keeps "
    "inputs where there is one"
)
_WHEN_STEP = (
    "train through a smooth stand-in, or let the gradient pass straight through: "
    "x + (round(x) - x).detach()"
)
_WHEN_SATURATED = (
    "keep its input small (normalize or scale it); a loss of logits, such as "
    "binary_cross_entropy_with_logits or cross_entropy, does not saturate"
)
_WHEN_EXP = "subtract the largest exponent first, or use logsumexp or log_softmax"
_WHEN_UNDERFLOW = (
    "scale the loss up and the gradient back down, keep factors near 1, or compute in float64"
)
_WHEN_INFINITE = {
    "sqrt": "add a small number below the root: torch.sqrt(x + 1e-12)",
    "rsqrt": "add a small number below the root: torch.rsqrt(x + 1e-12)",
    "norm": "the norm has no slope at 0: torch.sqrt((x * x).sum() + 1e-12) has",
    "log": "keep its input above 0: torch.log(x + 1e-12), or x.clamp(min=1e-12)",
    "log2": "keep its input above 0: x.clamp(min=1e-12)",
    "log10": "keep its input above 0: x.clamp(min=1e-12)",
    "pow": "keep the base above 0: x.clamp(min=1e-12)",
    "div": "keep the divisor away from 0: x / (y + 1e-12)",
    "reciprocal": "keep the divisor away from 0: 1 / (x + 1e-12)",
    "acos": "keep its input inside of -1 and 1: x.clamp(-1 + 1e-6, 1 - 1e-6)",
    "asin": "keep its input inside of -1 and 1: x.clamp(-1 + 1e-6, 1 - 1e-6)",
    "atanh": "keep its input inside of -1 and 1: x.clamp(-1 + 1e-6, 1 - 1e-6)",
}
_WHEN_OVERFLOW = "scale its input down, or compute with logarithms"
UNDER_WHERE = (
    "where passes 0 to the branch it did not take, and 0 times {factor} is NaN: choose the input "
    "first, f(torch.where(condition, x, 1.)), then the result"
)


class Reason:
    """Why elements of a gradient went wrong in a node: a sentence, "" for none, and what helps."""

    def __init__(self, text: str = "", help: str = "") -> None:
        self.text = text
        self.help = help


def name_of(node: Any) -> str:
    """What users call a node's operation, without underscores at its ends."""
    return str(node.op.name).strip("_") if isinstance(node, OpNode) else ""


def spreads(node: Any) -> bool:
    """Whether a node gives what arrives to some of the elements of its input, and 0 to others."""
    return name_of(node) in _CHOOSING | _TAKING | _PRODUCTS or bool(_ignored(node))


def untaken(node: Any, part: Part) -> int:
    """How many elements of an input a node that takes some of them leaves out."""
    if name_of(node) not in _TAKING or node.count != 1:
        return 0
    with no_grad():
        found = node.apply(constant(node.shape, node.dtype, 1), None, True)[part.place]
    return found.array.size - int(np.count_nonzero(found.array)) if type(found) is Tensor else 0


def why_cancelled(node: Any, came: Any, part: Part) -> str:
    """Why nothing but rounding is left of what arrived at a node, `came`; "" if more is."""
    name = name_of(node)
    said = _cancelling(name)
    left = np.asarray(part.grad.array)
    if not said or came is None or came.shape != left.shape or not left.any():
        return ""
    if name == "softmax" and ((reached := _output(node)) is None or _at_end(reached, name)):
        return ""
    most = 8 * float(np.finfo(part.grad.dtype.array).eps) * float(np.abs(came).max())
    return said if float(np.abs(left).max()) <= most else ""


def _cancelling(name: str) -> str:
    return next((text for word, text in _CANCELLING.items() if word in name), "")


_CANCELLING = {
    "log_softmax": "",
    "softmax": "the outputs of softmax sum to 1, so what arrives alike at all of them cancels",
    **dict.fromkeys(
        ("layer_norm", "group_norm", "batch_norm", "instance_norm"),
        "what it gives has a fixed mean and a fixed size, so what arrives alike at all of it "
        "cancels",
    ),
}


def why_zero(node: Any, came: Any, part: Part, values: Values, names: Names) -> Reason:
    """Why a part of what a node passes on is zero where what arrived, `came`, is not."""
    name = name_of(node)
    if not name:
        own = hasattr(node, "class_")
        return Reason("the Function's own backward gives 0" if own else "")
    left = np.asarray(part.grad.array)
    if name in _STEPS:
        return Reason(f"{name} is a step function: its slope is 0 everywhere", _WHEN_STEP)
    if name in _CHOOSING:
        return Reason(f"{name} passes the gradient on only to the elements that it chose")
    if name in _PRODUCTS:
        return Reason("all that they are multiplied by in the other operand is 0, or sums to 0")
    if name == "embedding":
        return Reason(
            f"`{source_text(node) or name}` takes the rows of its indices: the others get nothing, "
            "nor does the row of padding_idx"
        )
    if _ignored(node):
        return Reason(
            f"targets that are ignore_index ({_named(node, 'ignore_index')}) give nothing, and the "
            "others give only to the scores of their own class"
        )
    if name in _TAKING:
        return Reason(f"`{source_text(node) or name}` leaves the other elements out")
    if "norm" in name and any(not value.any() for _, _, value in _saved(node)):
        return Reason("the norm of zeros has no slope, and 0 is taken for it")
    if name in _AT_TARGET and _meets_target(node, left == 0):
        return Reason(f"the prediction is the target there, where {name} has its minimum")
    if "softmax" not in name and came is not None and came.size and (came == came.flat[0]).all():
        cancelling = _cancelling(name)
        if cancelling:
            return Reason(cancelling)
    lost = _lost(came, left)
    if lost is None:
        return Reason()
    if name == "masked_fill":
        return Reason("the mask is True there, and the filling has no gradient")
    if name == "where":
        return Reason("the condition takes the other branch there")
    slope = _slope(node, part)
    if slope is not None and (slope[lost] != 0).any():
        return _underflow(came, slope, lost & (slope != 0), part.grad.dtype.name)
    shown = _inputs(node, lost, values, names)
    at = f" where {shown}" if shown else ""
    if name == "mul":
        if re.search(r"\bdropout\b", source_text(node)):
            return Reason("dropout put them to 0 in this run: a share of its p, in training only")
        return Reason("the other factor is 0 there")
    if name in _FLAT:
        return Reason(
            f"{name} is flat{at or _FLAT_AT.get(name) or _bounds(node)}",
            "" if left.any() else _WHEN_FLAT,
        )
    if name in _SATURATING:
        reached = _output(node)
        if "softmax" in name and reached is not None and not _at_end(reached, name):
            return Reason(_CANCELLING[name])
        got = "" if reached is None or reached.shape != lost.shape else _listed(reached[lost])
        gave = f": it gave {got}" if got else ""
        help = _WHEN_EXP if name.startswith("exp") else _WHEN_SATURATED
        word = "underflows" if name.startswith("exp") else "is saturated"
        kind = part.grad.dtype.name
        if got and not shown:
            at = _reached(name, kind, reached[lost])
        return Reason(f"{name} {word}{at}{gave}, and its slope is 0 in {kind}", help)
    return Reason(f"the slope of {name} is 0{at}") if slope is not None else Reason()


def _at_end(reached: Any, name: str) -> bool:
    """Whether all that a softmax gave is 0 or 1, or the logarithm of it."""
    gave = np.exp(reached) if name.startswith("log") else reached
    return bool((np.minimum(gave, 1 - gave) < 1e-7).all())


def _named(node: Any, name: str) -> Any:
    """A value that a node saved, by the name of its parameter."""
    known = dict(zip(node.plan.names, node.saved, strict=False))
    return known.get(name)


def _ignored(node: Any) -> bool:
    """Whether a loss of classes left targets out."""
    if not name_of(node).startswith("nll_loss"):
        return False
    target, index = _named(node, "target"), _named(node, "ignore_index")
    return target is not None and index is not None and bool((np.asarray(target) == index).any())


def _meets_target(node: Any, lost: Any) -> bool:
    """Whether prediction and target are the same wherever a slope is 0."""
    values = [array for _, _, array in _saved(node)][:2]
    if len(values) < 2 or any(value.shape != lost.shape for value in values):
        return False
    return bool((values[0][lost] == values[1][lost]).all())


def why_not_finite(node: Any, came: Any, part: Part, values: Values, names: Names) -> Reason:
    """Why a part of what a node passes on is infinite or NaN where what arrived is finite."""
    name = name_of(node)
    if not name:
        own = hasattr(node, "class_")
        return Reason("the Function's own backward gives it" if own else "")
    left = np.asarray(part.grad.array)
    wrong = ~np.isfinite(left)
    slope = _slope(node, part)
    help = _WHEN_INFINITE.get(name, "")
    if "norm" in name:
        help = _WHEN_INFINITE["norm"]
    if name.startswith("exp"):
        help = _WHEN_EXP
    if name == "pow" and _overflows(node, left, wrong, values):
        help = _WHEN_OVERFLOW
    shown = _inputs(node, wrong, values, names)
    if re.search(r"\b(?:nan|inf)\b", shown):
        help = ""  # it began before
    if slope is None:
        return Reason(f"the slope of {name} is not finite where {shown}" if shown else "", help)
    steep = wrong & ~np.isfinite(slope)
    if not steep.any():
        return Reason(
            f"the product overflows: it is more than the largest number of {part.grad.dtype.name}",
            "clip the gradient with nn.utils.clip_grad_norm_, or keep factors near 1",
        )
    undefined = np.isnan(slope[steep])
    what = "NaN" if undefined.all() else "NaN or infinite" if undefined.any() else "infinite"
    return Reason(f"the slope of {name} is {what}{f' where {shown}' if shown else ''}", help)


def first_not_finite(
    nodes: Sequence[Any], values: Values, names: Names
) -> tuple[Any, Reason] | None:
    """The first node of which it is known that it made a value infinite or NaN, and how."""
    for node in nodes:
        value = values((node, 0)) if node.count == 1 and node.number >= 0 else None
        if value is None or np.isfinite(value).all():
            continue
        value = np.asarray(value)
        wrong = ~np.isfinite(value)
        name = name_of(node)
        shown = _inputs(node, wrong, values, names) if name else ""
        if not shown or re.search(r"\b(?:nan|inf)\b", shown):
            return None  # it came from before: from an input, or from what is not known
        help = _WHEN_EXP if name.startswith("exp") else _WHEN_INFINITE.get(name, "")
        if name == "pow" and _overflows(node, value, wrong, values):
            help = _WHEN_OVERFLOW
        return node, Reason(f"{_listed(value[wrong])} where {shown}", help)
    return None


def _lost(came: Any, left: Any) -> Any:
    """Where an element is zero that was not: None for operations that do not keep places."""
    if came is None or came.shape != left.shape:
        return None
    lost = (left == 0) & (came != 0)
    return lost if lost.any() else None


def _slope(node: Any, part: Part) -> Any:
    """The local derivative by the input of a part, for operations element by element."""
    if node.op.batching != ELEMENTWISE or node.count != 1 or shape_of(part.grad) != node.shape:
        return None
    with no_grad():
        found = node.apply(constant(node.shape, node.dtype, 1), None, True)[part.place]
    if type(found) is not Tensor or shape_of(found) != node.shape:
        return None
    return np.asarray(found.array)


def undefined(node: Any, part: Part) -> bool:
    """Whether the local derivative is NaN wherever what is passed on is."""
    if not isinstance(node, OpNode):
        return False
    slope = _slope(node, part)
    return slope is not None and bool(np.isnan(slope[np.isnan(np.asarray(part.grad.array))]).all())


def _underflow(came: Any, slope: Any, lost: Any, kind: str) -> Reason:
    one = np.flatnonzero(lost)[0]
    return Reason(
        f"underflow: {_number(came.flat[one])} times the slope {_number(slope.flat[one])} is less "
        f"than the smallest number of {kind}",
        _WHEN_UNDERFLOW,
    )


def _saved(node: Any) -> list[tuple[int, Any, Any]]:
    """The inputs that a node saved: position, edge (None for what is not on the graph), array."""
    found = []
    for index in range(node.plan.tensors):
        code, position = node.plan.saves[index]
        value = node.saved[index]
        if code == INPUT and isinstance(value, np.ndarray | np.generic | float | int):
            source = node.source(index)
            on_graph = source is not None and source[0] is not None
            found.append((position, source if on_graph else None, np.asarray(value)))
    return found


def _reached(name: str, kind: str, outputs: Any) -> str:
    """From which input on an operation gives what it gave."""
    found = _ENDS.get((name, kind), {})
    ends = [found.get(output) for output in dict.fromkeys(outputs.reshape(-1).tolist())]
    if not ends or None in ends:
        return ""
    return f" where its input is {' or '.join(str(end) for end in ends)}"


# Beyond which input the rounded value does not change any more, and its slope is 0.
_ENDS: dict[tuple[str, str], dict[float, str]] = {
    ("tanh", "float32"): {1.0: "above 9.01", -1.0: "below -9.01"},
    ("tanh", "float64"): {1.0: "above 19.06", -1.0: "below -19.06"},
    ("sigmoid", "float32"): {1.0: "above 16.6", 0.0: "below -88.7"},
    ("sigmoid", "float64"): {1.0: "above 36.7", 0.0: "below -709"},
    ("exp", "float32"): {0.0: "below -103"},
    ("exp", "float64"): {0.0: "below -745"},
}


def _output(node: Any) -> Any:
    if node.count == 1:
        for index in range(node.plan.tensors):
            value = node.saved[index]
            if node.plan.saves[index] == (OUTPUT, 0) and isinstance(value, np.ndarray | np.generic):
                return np.asarray(value)
    return None


def _inputs(node: Any, where: Any, values: Values, names: Names) -> str:
    """`x is 0.`: the inputs of a node at some elements, as far as they are known."""
    said = [
        f"{_operand(node, position, edge, names)} is {_listed(array)}"
        for position, edge, array in _operands(node, where, values)
    ]
    return " and ".join(dict.fromkeys(said))


def _operands(node: Any, where: Any, values: Values) -> list[tuple[int, Any, Any]]:
    """The inputs that are known, as of `_saved`, each at the elements `where` or a single one."""
    saved = _saved(node)
    there = [edge for _, edge, _ in saved]
    for edge in zip(node.edges, node.numbers or (0,) * len(node.edges), strict=True):
        value = None if edge[0] is None or edge in there else values(edge)
        if value is not None:
            saved.append((0, edge, np.asarray(value)))
    return [
        (position, edge, array[where] if array.shape else array)
        for position, edge, array in saved
        if array.shape in ((), where.shape)
    ]


def _overflows(node: Any, value: Any, wrong: Any, values: Values) -> bool:
    """Whether what is infinite is too large a number, and not one at a pole."""
    operands = [array for _, _, array in _operands(node, wrong, values)]
    return bool(
        operands
        and np.isinf(value[wrong] if np.shape(value) else value).all()
        and all(array.all() for array in operands)
    )


def computed(node: Any, values: Values) -> Any:
    """What a node gave, for arithmetic of which all operands are known; None for the rest.

    Of sums only those are known of which both sides are on the graph: constants are not saved.
    """
    compute = _ARITHMETIC.get(name_of(node))
    if compute is None or node.count != 1:
        return None
    found: dict[int, Any] = {place: array for place, _, array in _saved(node)}
    for place, edge in enumerate(
        zip(node.edges, node.numbers or (0,) * len(node.edges), strict=True)
    ):
        if place not in found and edge[0] is not None:
            value = values(edge)
            if value is not None:
                found[place] = value
    if len(found) < len(node.edges) or len(found) > compute.nin:
        return None
    if name_of(node) in ("add", "sub") and node.saved and any(item != 1 for item in node.saved):
        return None  # alpha
    with np.errstate(all="ignore"):
        return compute(*(found[place] for place in sorted(found))).astype(node.dtype.array)


_ARITHMETIC: dict[str, np.ufunc] = {
    "mul": np.multiply,
    "div": np.true_divide,
    "add": np.add,
    "sub": np.subtract,
    "neg": np.negative,
}


def _operand(node: Any, position: int, edge: Any, names: Names) -> str:
    """What a sentence calls an operand."""
    if edge is not None:
        name = called(edge, names, node)
        return "its input" if name.startswith(("<", "(a leaf")) else name
    place = machine.locate(node.where)
    if place is not None and isinstance(place[1], nodes.BinOp):
        operand = place[1].right if position else place[1].left
        return " ".join(place[0].slice(operand.span).split())
    return "the other operand"


def _bounds(node: Any) -> str:
    """What a clamp's bounds are, from what it saved."""
    named = dict(zip(node.plan.names, node.saved, strict=False))
    kinds = dict(zip(node.plan.names, node.plan.saves, strict=False))
    found = [
        f"{name}={value}"
        for name, value in named.items()
        if kinds[name][0] == KEYWORD and type(value) in (int, float)
    ]
    return f" there ({', '.join(found)})" if found else " there"


def _listed(values: Any) -> str:
    """`0., -2. and 5 more`."""
    flat = np.unique(np.asarray(values).reshape(-1)) if np.size(values) > SHOWN else values
    flat = np.asarray(flat).reshape(-1)
    if flat.size > SHOWN:
        return f"from {_number(flat[0])} to {_number(flat[-1])}"
    shown = list(dict.fromkeys(_number(item) for item in flat))
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _number(value: Any) -> str:
    """A number with at most four digits."""
    return f"{value:.4g}" if not isinstance(value, np.bool_) else str(bool(value))

"""Expressions of tensors that a loop runs often: computed and derived as a whole.

The closure of an expression goes the general way first. After `PATIENCE` runs the calls of one run
are noted, and what `table.call.staged` writes out for them becomes the code of the closure. That
holds for operands as they were then: tensors of these shapes and dtypes, on the graph or not,
numbers of these values. Others go the general way, and where that is more than an exception the
code is written anew for them, a few times.

Note: operands are read before anything is computed, and twice where the general way has to be gone
then. So only those are staged that can be read without a trace: names, items of tensors, lists and
tuples, gradients, what objects have in attributes. And only functions and methods are called that
give the same for the same operands and make tensors of tensors, without a number on the way.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, NamedTuple

from gradcli.language.library.torch_names import TorchModule
from gradcli.language.machine.state import BASE
from gradcli.language.syntax import nodes
from gradcli.language.values.attributes import LOADERS, Module
from gradcli.language.values.classes import load_instance
from gradcli.language.values.functions import Closure, Frame
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

from .templates import ENDINGS, FETCH, Ending, Operand

if TYPE_CHECKING:
    from gradcli.table.call.staged import Call, Staged

PATIENCE = 100  # runs of an expression before its calls are noted
ATTEMPTS = 3  # how often that is done at most
MISSES = 8  # how many runs one after the other may not fit before it is done anew
WORTH = 2  # operations that an expression needs to be worth it

_OPERATORS = frozenset(("+", "-", "*", "/", "**", "@"))
_WRITES = frozenset(("+", "-", "*", "/"))
# What several operations are made of, and is worth it alone.
_LARGER = frozenset(
    (
        *("binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy"),
        *("huber_loss", "l1_loss", "linear", "matmul", "mse_loss", "nll_loss"),
        *("smooth_l1_loss", "softmax"),
    )
)
_CALLS = _LARGER.union(
    ("abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos"),
    ("cosh", "div", "divide", "dot", "erf", "erfc", "exp", "exp2", "expm1", "flatten", "floor"),
    ("gelu", "hypot", "leaky_relu", "log", "log10", "log1p", "log2", "log_softmax", "logaddexp"),
    ("logsigmoid", "maximum", "mean", "minimum", "mm", "mul", "multiply", "mv", "neg", "negative"),
    ("permute", "pow", "reciprocal", "relu", "reshape", "rsqrt", "sigmoid", "sign", "silu", "sin"),
    ("sinc", "sinh", "softplus", "sqrt", "square", "squeeze", "sub", "subtract", "sum", "t", "tan"),
    ("tanh", "transpose", "true_divide", "unsqueeze", "view", "xlogy"),
)


class Leaf(NamedTuple):
    """Something that is read: `name`, or the item `item` of it, or its attribute `attribute`."""

    name: str
    item: str | int | None = None
    attribute: str = ""
    fixed: bool = False  # a module whose functions are given constants only

    def names(self) -> list[str]:
        """The names that are read for it."""
        return [self.name, self.item] if isinstance(self.item, str) else [self.name]


class _Odd(Exception):
    """An expression has something that is not staged."""


def leaves_of(node: nodes.expr) -> list[Leaf] | None:
    """What an expression reads; None where it is not one that can be staged."""
    found: dict[Leaf, None] = {}
    try:
        return _read(found) if _walk(node, found) >= WORTH else None
    except _Odd:
        return None


def leaves_of_write(node: nodes.AugAssign) -> list[Leaf] | None:
    """What `name op= expression` reads, the name first; None where it is not staged."""
    found: dict[Leaf, None] = {}
    try:
        if node.op not in _WRITES or not isinstance(node.target, nodes.Name):
            return None
        _walk(node.target, found)
        return _read(found) if _walk(node.value, found) + 1 >= WORTH else None
    except _Odd:
        return None


def _read(found: dict[Leaf, None]) -> list[Leaf]:
    """Each leaf once."""
    return [leaf for leaf in found if not leaf.fixed or Leaf(leaf.name) not in found]


def _walk(node: nodes.expr, found: dict[Leaf, None]) -> int:
    """How many operations there are; what they read is added to `found`."""
    if isinstance(node, nodes.Constant):
        if type(node.value) not in (int, float, bool, str, type(None)):
            raise _Odd
        return 0
    if isinstance(node, nodes.Name):
        found[Leaf(node.id)] = None
        return 0
    if isinstance(node, nodes.BinOp) and node.op in _OPERATORS:
        return _walk(node.left, found) + _walk(node.right, found) + 1 + (node.op == "@")
    if isinstance(node, nodes.Chain) and all(op in _OPERATORS for op, _, _ in node.rest):
        inner = sum(_walk(operand, found) for _, operand, _ in node.rest)
        return _walk(node.first, found) + inner + len(node.rest)
    if isinstance(node, nodes.UnaryOp) and node.op == "-":
        return _walk(node.operand, found) + (not isinstance(node.operand, nodes.Constant))
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
        if node.func.attr not in _CALLS:
            raise _Odd
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node.func.value, nodes.Name) and all(_is_number(value) for value in given):
            found[Leaf(node.func.value.id, fixed=True)] = None
            return 1
        inner = _walk(node.func.value, found) + 1 + (node.func.attr in _LARGER)
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            inner += _walk(value, found)
        if any(keyword.arg is None for keyword in node.keywords):
            raise _Odd
        return inner
    if isinstance(node, nodes.Attribute) and isinstance(node.value, nodes.Name):
        if node.attr.startswith("_"):
            raise _Odd
        found[Leaf(node.value.id, None, node.attr)] = None
        return 0
    if isinstance(node, nodes.Subscript) and isinstance(node.value, nodes.Name):
        index = node.slice
        if isinstance(index, nodes.Name):
            found[Leaf(node.value.id, index.id)] = None
            return 0
        if isinstance(index, nodes.Constant) and type(index.value) is int:
            found[Leaf(node.value.id, index.value)] = None
            return 0
    raise _Odd


def _is_number(node: nodes.expr) -> bool:
    if isinstance(node, nodes.UnaryOp):
        node = node.operand
    return isinstance(node, nodes.Constant)


_ITEM = (
    "kind = type(owner)\n"
    "{0} = owner[index] if (kind is Tensor or kind is list or kind is tuple)"
    " and type(index) is int else None\n"
    "if kind is Tensor and {0}.node is not None: {0} = None  # its node stands among the others"
)
_GRAD = "if kind is Tensor: {0} = owner.meta.grad if owner.meta is not None else None\nel"
_ATTRIBUTE = (  # an object's own, which comes first unless its class has a property of the name
    "if loaders.get(kind) is load_instance and type(kind.__members__.get({1!r})) is not property:"
    " {0} = owner.__dict__.get({1!r})\n"
    "else: {0} = None"
)


class _Reading:
    """The text that reads the leaves of an expression into `v0`, `v1` …"""

    def __init__(self, leaves: list[Leaf], operand: Callable[[str], Operand]) -> None:
        self.leaves = leaves
        self.names: dict[str, Any] = {"loaders": LOADERS, "load_instance": load_instance}
        self.lines: list[str] = []
        self.read: Callable[[Frame], Any] | None = None
        for at, leaf in enumerate(leaves):
            value = f"v{at}"
            if leaf.attribute:
                self.name(operand(leaf.name), "owner")
                self.add("kind = type(owner)")
                own = _GRAD if leaf.attribute == "grad" else ""
                self.add((own + _ATTRIBUTE).format(value, leaf.attribute))
            elif leaf.item is not None:
                self.name(operand(leaf.name), "owner")
                if type(leaf.item) is int:
                    self.add(f"index = {leaf.item}")
                else:
                    self.name(operand(str(leaf.item)), "index")
                self.add(_ITEM.format(value))
            else:
                self.name(operand(leaf.name), value)

    def add(self, text: str) -> None:
        self.lines += text.split("\n")

    def name(self, operand: Operand, target: str) -> None:
        """Read a name; one without a value is an error, or a value that does not fit."""
        kind, place, fallback = operand
        at = len(self.names)
        self.names[f"k{at}"], self.names[f"x{at}"] = place, fallback
        self.add(_FETCH[kind].format(target, f"k{at}", f"x{at}"))

    def values(self, f: Frame) -> dict[str, Any] | None:
        """What the leaves are now, if all of them are of a kind that is staged."""
        if self.read is None:
            names = "".join(f"v{at}, " for at in range(len(self.leaves)))
            body = "".join(f" {line}\n" for line in self.lines)
            code = _code(f"def read(f):\n{body} return ({names})\n")
            self.read = FunctionType(code, {"Tensor": Tensor, **self.names}, "read")
        try:
            found = self.read(f)
        except Exception:
            return None
        for leaf, item in zip(self.leaves, found, strict=True):
            if type(item) not in _READ and not (leaf.fixed and type(item) is Module):
                return None
        return {f"v{at}": item for at, item in enumerate(found)}


_READ = (Tensor, int, float, TorchModule)

_FETCH = {**FETCH, "g": "{0} = f[0][{1}]", "u": "{0} = f[{1}]", "c": "{0} = f[{1}][0]"}


def closure(
    leaves: list[Leaf],
    operand: Callable[[str], Operand],
    general: Closure,
    ending: Ending,
    write: str = "",
) -> Closure:
    """A closure that does what `general` does, as a whole where it can; it reads `leaves`.

    With `write`, an operator, it writes the value into the tensor that is the first of them.
    """
    reading: _Reading | None = None
    runs = attempts = misses = seen = 0
    numbers: dict[str, Any] = {}
    names: dict[str, Any] = {}
    site = FunctionType(_generally.__code__, names, "staged")

    def early(f: Frame) -> Any:
        nonlocal runs
        runs += 1
        return general(f) if runs < PATIENCE else attempt(f)

    def changes(f: Frame) -> bool:
        """Whether a number is not what it was at the last attempt, as the counter of a loop."""
        nonlocal reading, numbers
        if reading is None:
            reading = _Reading(leaves, operand)
        before = numbers
        found = reading.values(f) or {}
        numbers = {name: item for name, item in found.items() if type(item) in (int, float)}
        return any(numbers.get(name, item) != item for name, item in before.items())

    def attempt(f: Frame) -> Any:
        nonlocal runs, attempts, misses
        runs = misses = 0
        attempts += 1
        if attempts > ATTEMPTS or changes(f):
            names["general"] = general
            site.__code__ = _generally.__code__
            return general(f)
        assert reading is not None
        value, code = _noted(reading, general, ending, write, f, names)
        site.__code__ = code or _generally.__code__
        return value

    def missed(f: Frame) -> Any:
        nonlocal misses, seen
        hits = names["hits"]
        misses = misses + 1 if hits == seen else 1
        seen = hits
        return general(f) if misses < MISSES else attempt(f)

    names.update(general=early, missed=missed, hits=0)
    return site


general: Any = None  # each closure has its own, in the namespace that it is made with


def _generally(f: Frame) -> Any:
    return general(f)


def _noted(
    reading: _Reading,
    general: Closure,
    ending: Ending,
    write: str,
    f: Frame,
    names: dict[str, Any],
) -> tuple[Any, CodeType | None]:
    """What `general` returns, and the code for operands like these; None where there is none."""
    given = reading.values(f)
    if given is None:
        return general(f), None
    from gradcli.table.call.staged import stage, stage_write, trace

    value, calls = trace(lambda: general(f))
    if calls is None:
        return value, None
    result = value
    if ending.kind == "g":
        result = f[0][ending.place]
    elif ending.kind == "l":
        result = f[ending.place]
    tensors = {name: item for name, item in given.items() if type(item) is Tensor}
    others, taken = _apart(calls, tensors, reading.leaves)
    if not write:
        staged = stage(tensors, taken, others, result)
    elif result is tensors.get("v0"):
        staged = stage_write(tensors, taken, others, write)
    else:
        staged = None
    if staged is None:
        return value, None
    fixed = {name: item for name, item in given.items() if type(item) is not Tensor}
    code = _code(_source(reading, staged, fixed, ending))
    names.update(reading.names, **staged.names)
    names.update({f"w{name}": item for name, item in fixed.items()})
    names.update(site=runtime.where - f[BASE], place=ending.place, name=ending.name)
    return value, code


def _apart(
    calls: list[Call], tensors: dict[str, Tensor], leaves: list[Leaf]
) -> tuple[list[Call], list[tuple[Tensor, str]]]:
    """The calls without those that took items, and these items, with the variables of theirs."""
    items = [(f"v{at}", leaf) for at, leaf in enumerate(leaves) if leaf.item is not None]
    others: list[Call] = []
    taken: list[tuple[Tensor, str]] = []
    for call in calls:
        names = [name for name, _ in items if _same_view(call.result, tensors.get(name))]
        if len(names) == 1:
            taken.append((call.result, names[0]))
        else:  # of two items that are one here, a call remains that cannot be staged
            others.append(call)
    return others, taken


def _same_view(tensor: Any, other: Tensor | None) -> bool:
    """Whether two tensors are the same item of a tensor, each taken from it for itself."""
    if type(tensor) is not Tensor or other is None:
        return False
    if other.view_info is None or tensor.view_info is None:
        return False
    a, b = tensor.array, other.array
    return (
        tensor.view_info.base is other.view_info.base
        and a.shape == b.shape
        and a.__array_interface__ == b.__array_interface__
    )


def _source(reading: _Reading, staged: Staged, fixed: dict[str, Any], ending: Ending) -> str:
    """The closure for operands like those that were noted."""
    conditions = list(staged.conditions)
    for name, item in fixed.items():
        if type(item) not in (int, float) or not item:  # of zeros there are two
            conditions.append(f"{name} is w{name}")
        else:
            conditions.append(f"type({name}) is {type(item).__name__} and {name} == w{name}")
    body = "\n".join(f"    {line}" for line in staged.lines)
    read = "\n".join(f"   {line}" for line in reading.lines)
    return (
        "def run(f):\n"
        "  global hits\n"
        "  out = None\n"
        "  where = f[1] + site\n"
        "  try:\n"
        f"{read}\n"
        f"   if {' and '.join(conditions)}:\n"
        f"{body}\n"
        "  except Exception: out = None\n"
        "  if out is None: return missed(f)\n"
        "  hits += 1\n"
        "  state.where = where\n"
        + "".join(f"  {line}\n" for line in staged.write)
        + "  result = out\n"
        + ENDINGS[ending.kind]
    )


@lru_cache(1024)
def _compiled(source: str) -> CodeType:
    module = compile(source, "<staged>", "exec")
    return next(code for code in module.co_consts if type(code) is CodeType)


def _code(source: str) -> CodeType:
    """The code of the one function of a text; a copy, since it adapts to its namespace."""
    return _compiled(source).replace()

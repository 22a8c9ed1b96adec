"""The op table: what one operation is, written once.

An entry gives a schema, a kernel on arrays, a derivative per input, how it goes forward and how it
batches, PyTorch's node name, a line of documentation and samples. The torch function, the Tensor
method, help, completion and the tests are made from it.

Formulas
    A derivative is a function `(F, g, ...)`: `F` is a namespace of operations (on bare arrays, or
    recorded on tensors), `g` the cotangent, and the names of the other parameters say what the
    formula needs: an input, `out` (the output; `outs` for the tuple of several), `NAME_shape`
    (the shape of an input), `out_shape`, or a keyword of the schema. What is needed is saved, and
    nothing else. For an op with several differentiable outputs `g` is the tuple of cotangents.
    A forward formula is `(F, t, ...)` with the tangent of that input; the tangents of several
    inputs are summed. Instead of a function it may be ELEMENTWISE, LINEAR or MULTILINEAR.
    Arithmetic operators may be used between values of one dtype; all else goes through `F`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import FunctionType
from typing import Any

from ..kernels.blocks import in_blocks
from ..tensor.dtypes import DType
from ..tensor.tensor import Size
from .out_rules import CAST, Rule
from .schema import REQUIRED, Formula, label, needs, packing, parse_schema, share_defaults

ELEMENTWISE = "elementwise"  # jvp: the vjp formula applied to the tangent; batching: pad axes
_WRITTEN = ("running_mean", "max_norm", "out")  # parameters of calls that may change a tensor
_WITH_INPLACE = "torch Tensor F"
LINEAR = "linear"  # jvp: the op itself on the tangent
MULTILINEAR = "multilinear"  # jvp: a sum of the op with one input replaced by its tangent


class Op:
    """One entry of the table.

    id: the name formulas use, unique (`sum_dim`); `name`: the public one (`sum`).
    kernel: function of arrays and normalised arguments, in the schema's order.
    composite: instead of a kernel, a function `(F, ...)` that calls other entries.
    vjp, jvp: formulas by input name. Inputs without a vjp are not differentiable.
    node: PyTorch's node name, or a function of the bound arguments that gives it.
    promote: "number", "float", "compare" (see dispatch.promoted) or a function of the bound
        arguments giving the dtype to compute in; None leaves dtypes to the kernel.
    numbers: whether a Python number may stand for a tensor other than the first, where `promote` is
        given; "first": for the first, too, "either": for the first where the second is a tensor,
        "leading": for the first alone.
    scalar: the entry that stands for it where the second operand is a number, as PyTorch's own
        formulas have it under another node's name.
    rounding: which Python numbers are rounded first in float16 and bfloat16: "" for those that
        stand for a tensor, "all", or "none".
    result: a dtype, or a function of the bound arguments, that the outputs are cast to.
    view: outputs share the first input's memory.
    keeps_layout: the kernel's strides stay; otherwise results are laid out row by row.
    blocks: the kernel and the formulas are chains of elementwise passes: large arrays go through
        them in blocks.
    batching: ELEMENTWISE, "shift" (dims move by one), or a rule `(op, axes, args)`; see batching.
    batched_write: how PyTorch words that its in-place form may not write batched values into an
        unbatched tensor: "broadcast", "arithmetic", "ruled", or "" where it has no batching rule.
    outputs: how many tensors it returns; 0 means a list whose length varies.
    fields: names of several outputs, for results like `torch.return_types.max`.
    constant: indices of outputs that carry no gradient.
    keeps: by input, the needs that its formula does without but PyTorch saves: they may not change
        before the backward pass, and a node shows them.
    fused: by input, the node that a recorded gradient has in PyTorch, where its formula is one
        operation there, and what the node leads to, in words: `g` for the cotangent, an input,
        `out`, or `-` for nothing; `self=0` for an input whose gradient is zeros, not missing,
        where the formula does not depend on it. `NotImplemented:NAME` is a node through which no
        pass goes, as PyTorch has no derivative of its operation NAME. See fusing.
    undefined: formulas get None, not zeros, for outputs that no gradient reached.
    shows: the names of needs as `_saved_*` attributes, where they are not the needs' own: none
        where it is empty, several with spaces between.
    forms: where PyTorch has several overloads for what one entry covers here, the number of
        arguments that only one of them takes, or 0 where there is none.
    deprecated: the names of the numbers in a second, deprecated form that PyTorch does not list,
        in their order: one stands behind the first tensor, two anywhere among the tensors.
    inplace: the namespaces, with spaces between, of the in-place form, whose name has a trailing
        underscore: its own of torch, Tensor and F where it is True. Or such namespaces by name,
        where aliases differ.
    writes: what its in-place form writes: "fill" for one value everywhere, or what PyTorch lets
        pass like it, even where elements share memory; "places" for those that an index tells,
        which may not read what they write; "" for every element anew.
    where: namespaces it is published in: "torch", "Tensor", "F", "linalg", "special", "fft",
        "masked".
    out: what may be written into `out=`: a rule of out_rules, or one for each output; None where
        there is no `out=`. Kernels cast, and views and composites have none, unless it is given.
    written: the namespaces, with spaces between, where PyTorch writes it in Python.
    prelude: the namespace whose names are names that programs start with: "torch", "F", or "".
    mapped: why programs that use it are not run for many records at once: "draws" random numbers,
        gives "values" of Python, or "no" for another reason; "" where nothing speaks against it.
    check: called with the bound arguments before anything is computed; see support.supports.
    size: gives the number of result elements from the bound arguments, for the memory limit.
    """

    __slots__ = (
        "aliases",
        "batched_write",
        "batching",
        "bind",
        "blocks",
        "call",
        "check",
        "composite",
        "constant",
        "deprecated",
        "doc",
        "family",
        "fields",
        "forms",
        "function",
        "fused",
        "id",
        "inplace",
        "jvp",
        "keeps",
        "keeps_layout",
        "kernel",
        "label",
        "mapped",
        "name",
        "node",
        "numbers",
        "out",
        "outputs",
        "parameters",
        "plans",
        "prelude",
        "promote",
        "result",
        "rounding",
        "samples",
        "scalar",
        "schema",
        "shows",
        "size",
        "tensor_positions",
        "undefined",
        "view",
        "vjp",
        "where",
        "writes",
        "written",
    )

    def __init__(self, schema: str, **fields: Any) -> None:
        identifier, self.parameters = parse_schema(schema)
        self.schema = schema
        self.id = identifier
        self.name: str = fields.get("name") or identifier
        self.kernel: Any = fields.get("kernel")
        self.composite: Any = fields.get("composite")
        self.function: Any = None  # what a plain function calls in place of both
        self.vjp: Mapping[str, Formula] = fields.get("vjp") or {}
        self.jvp: Any = fields.get("jvp")
        self.node: Any = fields.get("node")
        self.promote: Any = fields.get("promote")
        self.numbers: bool | str = fields.get("numbers", True)
        self.scalar: str = fields.get("scalar", "")
        self.rounding: str = fields.get("rounding", "")
        self.result: Any = fields.get("result")
        self.view: bool = fields.get("view", False)
        self.keeps_layout: bool = fields.get("keeps_layout", False)
        self.blocks: bool = fields.get("blocks", False)
        self.batching: Any = fields.get("batching")
        self.batched_write: str = fields.get("batched_write", "")
        self.outputs: int = fields.get("outputs", 1)
        self.constant: tuple[int, ...] = fields.get("constant", ())
        self.keeps: Mapping[str, tuple[str, ...]] = fields.get("keeps") or {}
        self.shows: Mapping[str, str] = fields.get("shows") or {}
        self.fused: Mapping[str, str] = fields.get("fused") or {}
        self.forms: int | None = fields.get("forms")
        self.deprecated: tuple[str, ...] = fields.get("deprecated", ())
        self.undefined: bool = fields.get("undefined", False)
        self.inplace: bool | str | dict[str, str] = fields.get("inplace", False)
        self.where: tuple[str, ...] = fields.get("where", ("torch", "Tensor"))
        self.writes: str = fields.get("writes", "")
        self.written: str = fields.get("written", "")
        self.prelude: str = fields.get("prelude", "torch")
        self.mapped: str = fields.get("mapped", "")
        self.label = label(self.name, self.where)
        plain = CAST if self.kernel is not None and not self.view else None
        self.out: Rule | tuple[Rule, ...] | None = fields.get("out", plain)
        self.aliases: tuple[str, ...] = fields.get("aliases", ())
        self.check: Any = fields.get("check")
        self.size: Any = fields.get("size")
        self.doc: str = fields.get("doc", "")
        self.samples: Any = fields.get("samples")
        self.fields: tuple[str, ...] = fields.get("fields", ())
        self.family: str = fields.get("family", "")
        self.plans: dict[Any, Any] = {}
        self.call: Any = partial(_first_call, self)  # replaced at the first call
        self.tensor_positions = tuple(
            index for index, parameter in enumerate(self.parameters) if parameter.is_tensor
        )
        self.bind: Callable[..., tuple[Any, ...]] = partial(_first_bind, self)
        share_defaults(self.kernel, self.parameters)
        if self.blocks and type(self.kernel) is FunctionType:
            self.kernel = in_blocks(self.kernel)

    def __repr__(self) -> str:
        return f"<op {self.schema}>"

    def node_name(self, args: tuple[Any, ...]) -> str:
        """PyTorch's name of the node that a call with these arguments records."""
        if callable(self.node):
            return self.node(*args)  # type: ignore[no-any-return]
        return self.node or default_node_name(self.name)

    def has_inplace(self, name: str, space: str) -> bool:
        """Whether a namespace has an in-place form under one of the entry's names."""
        spaces = self.inplace.get(name, "") if isinstance(self.inplace, dict) else self.inplace
        if isinstance(spaces, bool):
            spaces = _WITH_INPLACE if spaces else ""
        return space in self.where and space in spaces.split()

    @property
    def differentiable(self) -> bool:
        """Whether it has derivatives."""
        return bool(self.vjp)

    @property
    def pure(self) -> bool:
        """Whether its result is all that comes of a call: nothing is written, nothing drawn.

        Where it has a parameter `inplace`, that holds while it is not given.
        """
        written = any(parameter.name in _WRITTEN for parameter in self.parameters)
        return self.mapped != "draws" and not written and not self.name.endswith("_")

    def saves(self) -> list[str]:
        """Everything that a node of this entry may save, by the names that formulas use."""
        kept = (name for names in self.keeps.values() for name in names)
        needed = (name for formula in self.vjp.values() for name in needs(formula))
        return list(dict.fromkeys([*needed, *kept]))

    def shown(self, need: str) -> Sequence[str]:
        """The names after `_saved_` of what a node saves."""
        if need in self.shows:
            return self.shows[need].split()
        if need == "out":
            return ("result",)
        if need[:3] == "out" and need[3:].isdigit():
            index = int(need[3:])
            return (self.fields[index] if self.fields else f"result{index}",)
        if need.endswith("_shape") and all(p.name != need for p in self.parameters):
            source = need.removesuffix("_shape")
            kept = any(source in names for names in self.keeps.values())
            return () if kept else (f"{source}_sym_sizes",)
        return (need,)


def default_node_name(name: str) -> str:
    """MulBackward0 from mul, LogSumExp from log_sum_exp: PyTorch's own scheme."""
    words = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    return f"{words}Backward0"


def _first_bind(op: Op, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
    op.bind = found = _binder(op)
    return found(*args, **kwargs)


def _binder(op: Op) -> Callable[..., tuple[Any, ...]]:
    """A function with the schema's signature that returns its arguments in order.

    Python itself then binds positional, keyword and default arguments.
    """
    constants: dict[str, Any] = {}
    words = []
    star = False
    for index, parameter in enumerate(op.parameters):
        if parameter.keyword_only and not star:
            words.append("*")
            star = True
        if parameter.default is REQUIRED:
            words.append(parameter.name)
        else:
            constants[f"_{index}"] = parameter.default
            words.append(f"{parameter.name}=_{index}")
    names = [parameter.name for parameter in op.parameters]
    inner = ", ".join(names) + ("," if names else "")
    source = f"lambda {', '.join(words)}: ({inner})"
    bind: Callable[..., tuple[Any, ...]] = eval(source, constants)
    for index, parameter in enumerate(op.parameters):
        if parameter.variadic:
            return packing(bind, index)
    return bind


# How an entry becomes its `call`, which binds, promotes, runs and records: set by dispatch.
callers: list[Callable[[Op], Any]] = []


def settled(op: Op) -> Any:
    """The `call` of an entry as it stays. Most entries of a family are never called, so it is made
    at first need."""
    if type(op.call) is partial:
        op.call = callers[0](op)
    return op.call


def _first_call(op: Op, *args: Any, **kwargs: Any) -> Any:
    return settled(op)(*args, **kwargs)


OPS: dict[str, Op] = {}  # by id, of the families loaded so far


def family_of(module: str) -> str:
    """The family that a module is: its path below `ops`, as `nn.pooling`."""
    return module.partition(".ops.")[2]


def op(schema: str, **fields: Any) -> Op:
    """Add an entry to the table; the fields are Op's."""
    entry = Op(schema, family=family_of(sys._getframe(1).f_globals["__name__"]), **fields)
    if entry.id in OPS:
        raise ValueError(f"two entries with the id {entry.id}")
    OPS[entry.id] = entry
    return entry


__all__ = ["ELEMENTWISE", "LINEAR", "MULTILINEAR", "OPS", "DType", "Op", "Size", "op"]

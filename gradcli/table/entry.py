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

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from types import FunctionType, NoneType
from typing import Any

from ..kernels.blocks import parted
from ..tensor.dtypes import DType
from ..tensor.tensor import Size, Tensor, shape_of

ELEMENTWISE = "elementwise"  # jvp: the vjp formula applied to the tangent; batching: pad axes
LINEAR = "linear"  # jvp: the op itself on the tangent
MULTILINEAR = "multilinear"  # jvp: a sum of the op with one input replaced by its tangent

Formula = Callable[..., Any]

REQUIRED: Any = type("Required", (), {"__repr__": lambda self: "required"})()

_PARAMETER = re.compile(
    r"(?P<type>[A-Za-z]+)(?P<list>\[\])?(?P<variadic>\.\.\.)?(?P<optional>\?)? "
    r"(?P<name>\w+)(?:=(?P<default>.+))?"
)
_CONSTANTS = {"None": None, "True": True, "False": False}


class Parameter:
    """One parameter of a schema, such as `Dim[]? dim=None`.

    The kind Shape is a list of ints. `variadic` parameters also take their values as separate
    positional arguments (`x.view(2, 3)`).
    """

    __slots__ = (
        "default",
        "is_list",
        "keyword_only",
        "kind",
        "name",
        "optional",
        "strict",
        "variadic",
    )

    def __init__(self, text: str, keyword_only: bool) -> None:
        match = _PARAMETER.fullmatch(text)
        if match is None:
            raise ValueError(f"bad parameter in a schema: {text!r}")
        self.strict = match["type"] == "Shape"  # a list of ints that one int does not stand for
        self.kind = "int" if self.strict else match["type"]
        self.is_list = self.strict or match["list"] is not None or match["variadic"] is not None
        self.variadic = match["variadic"] is not None
        self.optional = match["optional"] is not None
        self.name = match["name"]
        self.keyword_only = keyword_only
        self.default = REQUIRED if match["default"] is None else _constant(match["default"])

    @property
    def is_tensor(self) -> bool:
        return self.kind == "Tensor"


def _constant(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in "'\"":
        return text[1:-1]
    if text[0] == "[":
        return tuple(_constant(item.strip()) for item in text[1:-1].split(",") if item.strip())
    try:
        return int(text)
    except ValueError:
        return float(text)


def parse_schema(schema: str) -> tuple[str, tuple[Parameter, ...]]:
    """The name and parameters of `name(Type name=default, *, ...)`."""
    name, rest = schema.split("(", 1)
    parameters = []
    keyword_only = False
    depth = 0
    word = ""
    for character in rest[: rest.rindex(")")] + ",":
        depth += (character == "[") - (character == "]")
        if character == "," and depth == 0:
            word = word.strip()
            if word == "*":
                keyword_only = True
            elif word:
                parameters.append(Parameter(word, keyword_only))
            word = ""
        else:
            word += character
    return name, tuple(parameters)


class Op:
    """One entry of the table.

    id: the name formulas use, unique (`sum_dim`); `name`: the public one (`sum`).
    kernel: function of arrays and normalised arguments, in the schema's order.
    composite: instead of a kernel, a function `(F, ...)` that calls other entries.
    vjp, jvp: formulas by input name. Inputs without a vjp are not differentiable.
    node: PyTorch's node name, or a function of the bound arguments that gives it.
    promote: "number", "float", "compare" (see dispatch.promoted) or a function of the bound
        arguments giving the dtype to compute in; None leaves dtypes to the kernel.
    numbers: whether a Python number may stand for a tensor, where `promote` is given.
    result: a dtype, or a function of the bound arguments, that the outputs are cast to.
    view: outputs share the first input's memory.
    keeps_layout: the kernel's strides stay; otherwise results are laid out row by row.
    parts: the kernel and the formulas are chains of elementwise passes: large arrays go through
        them in parts.
    batching: ELEMENTWISE, "shift" (dims move by one), or a rule `(op, axes, args)`; see batching.
    outputs: how many tensors it returns; 0 means a list whose length varies.
    fields: names of several outputs, for results like `torch.return_types.max`.
    constant: indices of outputs that carry no gradient.
    keeps: by input, the needs that its formula does without but PyTorch saves: they may not change
        before the backward pass, and a node shows them.
    fused: by input, the node that a recorded gradient has in PyTorch, where its formula is one
        operation there, and what the node leads to, in words: `g` for the cotangent, an input,
        `out`, or `-` for nothing. See fusing.
    undefined: formulas get None, not zeros, for outputs that no gradient reached.
    shows: the names of needs as `_saved_*` attributes, where they are not the needs' own: none
        where it is empty, several with spaces between.
    inplace: whether the method with a trailing underscore exists.
    where: namespaces it is published in: "torch", "Tensor", "F", "linalg", "special", "fft".
    check: called with the bound arguments before anything is computed; see support.supports.
    size: gives the number of result elements from the bound arguments, for the memory limit.
    """

    __slots__ = (
        "aliases",
        "batching",
        "bind",
        "call",
        "check",
        "composite",
        "constant",
        "doc",
        "family",
        "fields",
        "fused",
        "id",
        "inplace",
        "jvp",
        "keeps",
        "keeps_layout",
        "kernel",
        "label",
        "name",
        "node",
        "numbers",
        "outputs",
        "parameters",
        "parts",
        "plans",
        "promote",
        "result",
        "samples",
        "schema",
        "shows",
        "size",
        "tensor_positions",
        "undefined",
        "view",
        "vjp",
        "where",
    )

    def __init__(self, schema: str, **fields: Any) -> None:
        identifier, self.parameters = parse_schema(schema)
        self.schema = schema
        self.id = identifier
        self.name: str = fields.get("name") or identifier
        self.kernel: Any = fields.get("kernel")
        self.composite: Any = fields.get("composite")
        self.vjp: Mapping[str, Formula] = fields.get("vjp") or {}
        self.jvp: Any = fields.get("jvp")
        self.node: Any = fields.get("node")
        self.promote: Any = fields.get("promote")
        self.numbers: bool = fields.get("numbers", True)
        self.result: Any = fields.get("result")
        self.view: bool = fields.get("view", False)
        self.keeps_layout: bool = fields.get("keeps_layout", False)
        self.parts: bool = fields.get("parts", False)
        self.batching: Any = fields.get("batching")
        self.outputs: int = fields.get("outputs", 1)
        self.constant: tuple[int, ...] = fields.get("constant", ())
        self.keeps: Mapping[str, tuple[str, ...]] = fields.get("keeps") or {}
        self.shows: Mapping[str, str] = fields.get("shows") or {}
        self.fused: Mapping[str, str] = fields.get("fused") or {}
        self.undefined: bool = fields.get("undefined", False)
        self.inplace: bool = fields.get("inplace", False)
        self.where: tuple[str, ...] = fields.get("where", ("torch", "Tensor"))
        self.label = label(self.name, self.where)
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
        if self.parts and type(self.kernel) is FunctionType:
            self.kernel = parted(self.kernel)

    def __repr__(self) -> str:
        return f"<op {self.schema}>"

    def node_name(self, args: tuple[Any, ...]) -> str:
        """PyTorch's name of the node that a call with these arguments records."""
        if callable(self.node):
            return self.node(*args)  # type: ignore[no-any-return]
        return self.node or default_node_name(self.name)

    @property
    def differentiable(self) -> bool:
        return bool(self.vjp)

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


def label(name: str, where: Sequence[str]) -> str:
    """The name in PyTorch's messages about arguments: `linalg_inv` for `torch.linalg.inv`."""
    return f"{where[0]}_{name}" if where and where[0] in ("linalg", "special", "fft") else name


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
            return _packing(bind, index)
    return bind


class Packed(tuple[Any, ...]):
    """Numbers that were given one by one where a list is wanted."""

    __slots__ = ()


def _packing(bind: Callable[..., tuple[Any, ...]], index: int) -> Callable[..., tuple[Any, ...]]:
    """`bind`, where numbers given one by one are packed into the list at `index`."""

    def packed(*args: Any, **kwargs: Any) -> tuple[Any, ...]:
        if len(args) > index and not isinstance(args[index], list | tuple | NoneType):
            args = (*args[:index], Packed(args[index:]))
        return bind(*args, **kwargs)

    return packed


def share_defaults(kernel: Any, parameters: Sequence[Parameter]) -> None:
    """Give a kernel the schema's defaults, so that formulas may call it with fewer arguments."""
    if type(kernel) is not FunctionType or kernel.__defaults__ or kernel.__kwdefaults__:
        return
    code = kernel.__code__
    if code.co_argcount != len(parameters) or code.co_flags & 0x0C:
        return
    defaults: list[Any] = []
    for parameter in reversed(parameters):
        if parameter.default is REQUIRED:
            break
        defaults.insert(0, parameter.default)
    kernel.__defaults__ = tuple(defaults)


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


def needs(formula: Formula) -> tuple[str, ...]:
    """The names of a formula's parameters after F and the cotangent or tangent."""
    code = formula.__code__
    return code.co_varnames[2 : code.co_argcount]


# What a plan saves: an input as a value, the shape of an input, an output, a keyword.
INPUT, SHAPE, OUTPUT, OUTPUTS, OUTPUT_SHAPE, KEYWORD = range(6)


class Plan:
    """What one op saves when a given set of its inputs requires grad, and what it then runs.

    `saves` lists (code, position); tensors among them come first, so that `guards` are
    aligned with them. `formulas` has, for each input that requires grad, the index of the edge,
    the formula and the indices of its needs among the saved values. `run` has them all in one
    function (namespace, cotangent, saved values -> cotangents by edge), None where an input is a
    list.
    """

    __slots__ = ("formulas", "names", "op", "run", "saves", "tensors")

    def __init__(self, op: Op, wanted: Iterable[int]) -> None:
        self.op = op
        self.formulas: tuple[Any, ...]
        self.run: Callable[[Any, Any, Any], tuple[Any, ...]] | None = None
        position = {parameter.name: i for i, parameter in enumerate(op.parameters)}
        chosen = [
            (index, op.vjp[op.parameters[index].name])
            for index in wanted
            if op.parameters[index].name in op.vjp
        ]
        names: dict[str, tuple[int, int]] = {}
        for index, formula in chosen:
            for name in (*needs(formula), *op.keeps.get(op.parameters[index].name, ())):
                names.setdefault(name, _locate(op, position, name))
        ordered = sorted(names, key=lambda name: not self._is_tensor(names[name]))
        self.names = tuple(ordered)
        self.saves = tuple(names[name] for name in ordered)
        self.tensors = sum(self._is_tensor(save) for save in self.saves)
        self.formulas = tuple(
            (
                index,
                parted(formula, 1) if op.parts else formula,
                tuple(ordered.index(name) for name in needs(formula)),
            )
            for index, formula in chosen
        )

    def _is_tensor(self, save: tuple[int, int]) -> bool:
        code, index = save
        if code == INPUT:
            return self.op.parameters[index].is_tensor
        return code in (OUTPUT, OUTPUTS)


def _locate(op: Op, position: Mapping[str, int], name: str) -> tuple[int, int]:
    if name == "out":
        return OUTPUT, 0
    if name == "outs":
        return OUTPUTS, 0
    if name == "out_shape":
        return OUTPUT_SHAPE, 0
    if name[:3] == "out" and name[3:].isdigit():
        return OUTPUT, int(name[3:])
    if name in position:
        index = position[name]
        return (INPUT if op.parameters[index].is_tensor else KEYWORD), index
    if name.endswith("_shape") and name[:-6] in position:
        return SHAPE, position[name[:-6]]
    raise ValueError(f"{op.id}: a formula needs {name!r}, which the schema does not have")


def shape_as_saved(value: Any) -> Any:
    """The shape of an input as formulas get it: a tuple, or a tuple of them for a list."""
    if type(value) is Tensor:
        return shape_of(value)
    if isinstance(value, list | tuple):
        return tuple(shape_as_saved(item) for item in value)
    return ()


__all__ = ["ELEMENTWISE", "LINEAR", "MULTILINEAR", "OPS", "DType", "Op", "Plan", "Size", "op"]

"""Nodes: what a recorded operation leaves behind for the backward pass.

Note: a node takes the next number after its input edges are known, so every edge points to a
smaller number. The engine walks nodes by falling number and needs no counts of dependencies.
Accumulators of leaves stand outside the numbering.
"""

from __future__ import annotations

import itertools
import re
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from ..tensor.dtypes import FROM_ARRAY
from ..tensor.runtime import runtime
from ..tensor.tensor import BEHIND, DETACHED, Rewrite, Tensor, Version, make, shape_of
from .operations import operations

next_number = itertools.count(1).__next__


class Freed:
    """Stands in place of a node's saved values after a pass freed them.

    `where` is the provenance of the call that freed. `store` keeps what the pass used, for tools
    that may look behind (REPL, explain), or is None.
    """

    __slots__ = ("store", "where")

    store: dict[Any, tuple[Any, ...]] | None

    def __init__(self, where: int) -> None:
        self.where = where
        self.store = None


class Hooks:
    """What the user attached to a node.

    `tensor` and `retain` are keyed by output index; `pre` and `post` are the node's own hooks.
    """

    __slots__ = ("post", "pre", "retain", "tensor")

    def __init__(self) -> None:
        self.tensor: dict[int, dict[int, Callable[..., Any]]] = {}
        self.retain: dict[int, Any] = {}
        self.pre: dict[int, Callable[..., Any]] = {}
        self.post: dict[int, Callable[..., Any]] = {}


class Node:
    """One recorded operation.

    `edges` has an accumulator, a node or None for each tensor input; `numbers` gives the
    output each edge leads to, or is None when all lead to nodes with one output. `saved` holds
    what the derivative formulas need as arrays, `guards` alternates versions and clocks for
    the tensors among them. `shape` and `dtype` describe the output (a tuple of shapes when
    `count` is greater than 1). `plain` says that a pass need not look closer: one output, no hooks,
    and bare arrays will do.
    """

    __slots__ = (
        "__weakref__",
        "count",
        "dtype",
        "edges",
        "guards",
        "hooks",
        "name",
        "number",
        "numbers",
        "plain",
        "saved",
        "shape",
        "where",
    )

    raw = True  # formulas may run on bare arrays
    staged: Any = False  # stands for the nodes of a whole expression
    runs_undefined = False  # also runs when no gradient came
    materializes = True  # wants zeros for outputs to which no gradient came
    keeps_tensors = False  # `saved` has the user's own tensors
    makes_view = False  # its output shares the memory of its input
    makes_views = False  # so do its several outputs
    tensor_inputs: Sequence[int] | None = None  # the edges that stand for tensors, None for all

    edges: tuple[Any, ...]
    numbers: tuple[int, ...] | None
    saved: Any
    guards: tuple[Any, ...] | None
    shape: Any
    dtype: Any
    count: int
    number: int
    plain: bool
    where: int
    name: str | None
    hooks: Hooks | None

    @property
    def title(self) -> str:
        """PyTorch's name of the node, such as MulBackward0."""
        raise TypeError(f"{type(self).__name__} has no title")

    @property
    def title_in_pass(self) -> str:
        """Its name in what a pass through it says."""
        return self.title

    def apply(self, g: Any, wanted: Any, traced: bool) -> Sequence[Any]:
        """The cotangents of the inputs, one for each edge, from that of the output.

        `g` is a tuple when the node has several outputs. `wanted` is None or the set of nodes that
        a gradient is needed for. `traced` asks for tensors, recorded while grad mode is on.
        """
        raise TypeError(f"{type(self).__name__} cannot be applied")

    def outer(self) -> tuple[Any, ...]:
        """The edges that lead out of what the node stands for."""
        return self.edges

    def saved_value(self, index: int) -> Any:
        """The index-th saved tensor, for messages."""
        return self.saved[index]

    def source(self, index: int) -> tuple[Any, int] | None:
        """The edge of the index-th saved tensor, for messages: a node and an output number."""
        return None

    def follow_data(self, index: int, rewrite: Rewrite) -> None:
        """Let the index-th saved input be what its tensor has since an assignment to `.data`."""


class AccumulateGrad(Node):
    """The end of every path: adds the gradient to a leaf's `.grad`.

    It also holds what the user attached to the tensor, so it outlives changes of
    `requires_grad`. It does not keep the tensor alive, only its memory.
    """

    __module__ = "builtins"  # as texts name the class
    __slots__ = (
        "array",
        "attributes",
        "bit",
        "born",
        "grad",
        "kind",
        "post_hooks",
        "tensor",
        "version",
    )

    title = "AccumulateGrad"
    watched = 0  # how many hooks were put on leaves anywhere
    edges: tuple[Any, ...] = ()
    numbers = None
    number = -1
    count = 1
    raw = False

    def __init__(self, tensor: Tensor) -> None:
        self.tensor = weakref.ref(tensor)
        self.array = tensor.array
        self.version = tensor.version
        self.shape = shape_of(tensor)
        self.dtype = tensor.dtype
        self.grad: Tensor | None = None
        self.attributes: dict[str, Any] | None = None  # those that a program gave the tensor
        self.bit = ""
        self.kind = ""  # what torch.nn made the tensor: "Parameter", "Buffer", "Passing buffer"
        self.hooks: Hooks | None = None
        self.post_hooks: dict[int, Callable[..., Any]] = {}
        self.name: str | None = None
        self.where = runtime.where
        self.born = next_number()  # between the numbers of the nodes before and after it

    @property
    def variable(self) -> Tensor:
        """The leaf itself, or an alias of it when the user dropped it."""
        tensor = self.tensor()
        if tensor is None:
            tensor = make(self.array, self.dtype)
            tensor.version = self.version
            tensor.node = tensor.meta = self
            self.tensor = weakref.ref(tensor)
        return tensor


def meta_of(tensor: Tensor) -> AccumulateGrad:
    """The holder of the tensor's `.grad` and hooks, made on first need."""
    meta = tensor.meta
    if meta is None:
        meta = tensor.meta = AccumulateGrad(tensor)
    return meta  # type: ignore[no-any-return]


def bit_of(tensor: Tensor) -> str:
    """What PyTorch has not computed yet of the tensor: "conj", "neg" or nothing.

    Here all is computed at once; the bit answers `is_conj` and refuses what PyTorch refuses.
    """
    return "" if tensor.meta is None else tensor.meta.bit


def kind_of(tensor: Tensor) -> str:
    """What torch.nn made the tensor: "Parameter", "Buffer", "Passing buffer" or nothing."""
    return "" if tensor.meta is None else tensor.meta.kind


def is_parameter(value: Any) -> bool:
    """Whether `value` is a parameter: a tensor with a mark, of whatever class."""
    return isinstance(value, Tensor) and value.meta is not None and value.meta.kind == "Parameter"


def mark(tensor: Tensor, kind: str) -> Tensor:
    """Say what a tensor is for torch.nn; returns it."""
    meta_of(tensor).kind = kind
    return tensor


def attributes_of(tensor: Tensor) -> dict[str, Any]:
    """What a program added to a tensor; under `__class__` its own class of parameters."""
    meta = tensor.meta
    return {} if meta is None or meta.attributes is None else meta.attributes


def set_bit(tensor: Tensor, bit: str) -> None:
    """Say what PyTorch has not computed yet of the tensor."""
    if bit or tensor.meta is not None:
        meta_of(tensor).bit = bit


def hooks_of(node: Any) -> Hooks:
    """The hooks of a node or an accumulator, made on first need."""
    if node.hooks is None:
        node.hooks = Hooks()
        if isinstance(node, Node):
            node.plain = False
    return node.hooks  # type: ignore[no-any-return]


FREED_MESSAGE = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you "
    "call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
    "through the graph a second time or if you need to access saved tensors after calling "
    "backward."
)


class GraphError(RuntimeError):
    """An error about a node's saved values; `node` and `guard` let diagnostics show places."""

    node: Any = None
    version: Version | None = None
    freed: Freed | None = None


# What looks at each node that ran while anomaly detection is on; see `anomaly`.
anomaly_checks: list[Callable[[Node, Sequence[Any]], None]] = []

warn_behind: list[Callable[[Node, Version], None]] = []

# Called with a tensor before its memory is written; see `freed_values`.
before_write: list[Callable[[Tensor], None]] = []


def check_saved(node: Node) -> None:
    """Raise if the node's saved values are gone or were changed in place since.

    A change behind the version counter (through `.data`) is handed to `warn_behind`.
    """
    saved = node.saved
    if type(saved) is Freed:
        freed_error = GraphError(FREED_MESSAGE)
        freed_error.node = node
        freed_error.freed = saved
        raise freed_error
    guards = node.guards
    if guards is None:
        return
    for index in range(0, len(guards), 2):
        version = guards[index]
        if version is not None and version.clock != guards[index + 1]:
            _changed(node, index, version, guards[index + 1])


def check_value(node: Node, position: int) -> None:
    """Raise if the saved tensor at a position was changed in place since."""
    version, clock = node.guards[2 * position : 2 * position + 2]  # type: ignore[index]
    if version is not None and (version.clock - clock) % DETACHED:
        _changed(node, 2 * position, version, clock)


def follow_data(node: Node) -> None:
    """Let saved inputs be what their tensors have by now, without a word."""
    for index in range(0, len(node.guards or ()), 2):
        version = node.guards[index]  # type: ignore[index]
        if isinstance(version, Version) and version.rewrite is not None:
            node.follow_data(index // 2, version.rewrite)


def _changed(node: Node, index: int, version: Any, clock: int) -> None:
    """Warn of or raise for one saved value, or for each of a list that was saved as one."""
    if type(version) is Versions:
        for item, saved_clock in version.changed():
            _changed(node, index, item, saved_clock)
        return
    if version.clock - clock >= DETACHED and not node.keeps_tensors:
        _check_detached(node, index // 2, version.rewrite)
    if version.value == clock % BEHIND:
        if version.rewrite is not None:
            node.follow_data(index // 2, version.rewrite)
        if (version.clock - clock) % DETACHED:
            for warn in warn_behind:
                warn(node, version)
        return
    described = describe(node.saved_value(index // 2))
    error = changed_error(described, _origin(node, index // 2, version), version, clock)
    error.node = node
    error.version = version
    raise error


def _check_detached(node: Node, position: int, rewrite: Any) -> None:
    """Raise if a saved result of another node was taken out of the graph since."""
    source = node.source(position)
    if source is None or source[0] is node or source[0].number < 0:
        return
    value = node.saved_value(position)
    for item in value if isinstance(value, list | tuple) else (value,):
        array = item.array if type(item) is Tensor else item
        if any(array is detached for detached in rewrite.detached):
            raise RuntimeError(
                "Trying to use a saved tensor that has been detached in-place, i.e. with "
                ".detach_().This is not supported, please use out-of-place `.detach()` instead"
            )


def changed_error(described: str, origin: str, version: Version, clock: int) -> GraphError:
    """PyTorch's error for a saved value that was written since its version had this clock."""
    hint = (
        "the backtrace further above shows the operation that failed to compute its gradient. The "
        "variable in question was changed in there or anywhere later. Good luck!"
        if anomaly_checks
        else "enable anomaly detection to find the operation that failed to compute its gradient, "
        "with torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )
    return GraphError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{described}]{origin} is at version {version.value}; expected version "
        f"{clock % BEHIND} instead. Hint: {hint}"
    )


def _origin(node: Node, index: int, version: Version) -> str:
    """Which operation a saved value is the output of, as messages say it.

    An output is known by its own node. An input is still the user's tensor, so what counts is
    the node it has now: that of the last write, or AsStrided for a view of what was written.
    A view that may not follow a write says so here.
    """
    parent, number = node.source(index) or (None, 0)
    if parent is node:
        title = title_in_messages(node)
    elif parent is not None and parent.makes_view:
        if parent.makes_views:
            operations.refuse_view(parent, number)
        title, number = "AsStrided", 0
    elif version.rewrite is not None and version.rewrite.title is not None:
        title, number = version.rewrite.title, 0
        if parent is None and version.rewrite.shape != described_shape(node.saved_value(index)):
            title = "AsStrided"
    elif parent is None or parent.number < 0:
        return ""
    else:
        title = title_in_messages(parent)
    return f", which is output {max(number - 1, 0)} of {qualified(title)},"


def title_in_messages(node: Any) -> str:
    """The node's name as messages say it: Mul for MulBackward0."""
    return re.sub(r"Backward(0?$|(?=\d+$))", "", node.title)


_OWN_CLASSES = ("AccumulateGrad", "CopyBackwards", "CopySlices", "Identity", "NotImplemented")


def qualified(title: str) -> str:
    """A node's name; that of one of PyTorch's own classes has its namespace."""
    return f"torch::autograd::{title}" if title in _OWN_CLASSES else title


def describe(value: Any) -> str:
    """`torch.FloatTensor [3]`, as messages describe a saved value."""
    kept = _first(value)
    dtype = kept.dtype if type(kept) is Tensor else FROM_ARRAY[kept.dtype]
    return f"{dtype.backend_name} {list(described_shape(value))}"


def _first(value: Any) -> Any:
    """The tensor or array of a saved value: a tensor with its edge, or several tensors."""
    return value[0] if type(value) in (tuple, list) else value


def described_shape(value: Any) -> tuple[int, ...]:
    """The shape of a saved value, as messages describe it."""
    kept = _first(value)
    return shape_of(kept) if type(kept) is Tensor else kept.shape


class Versions:
    """The versions of a list of saved tensors, tested as one."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[Any]) -> None:
        self.pairs = pairs  # alternating versions and clocks

    @property
    def clock(self) -> int:
        """0 while none of them changed."""
        return 1 if self.changed() else 0

    def changed(self) -> list[tuple[Version, int]]:
        """The versions that are not what they were, with the clocks they had."""
        pairs = zip(self.pairs[::2], self.pairs[1::2], strict=True)
        return [
            (version, clock)
            for version, clock in pairs
            if version is not None and version.clock != clock  # None: a hook packed the tensor
        ]


class Packed:
    """A saved tensor as `saved_tensors_hooks` packed it."""

    __slots__ = ("edge", "number", "unpack_hook", "value")

    def __init__(
        self, value: Any, unpack_hook: Callable[[Any], Any], edge: Any, number: int
    ) -> None:
        self.value = value
        self.unpack_hook = unpack_hook
        self.edge = edge
        self.number = number

    def unpack(self) -> Tensor:
        """Call the user's unpack hook and put the result back on its graph."""
        result = self.unpack_hook(self.value)
        if not isinstance(result, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of "
                f"type {type(result).__name__}"
            )
        copy = make(result.array, result.dtype)
        copy.version = result.version
        copy.level = result.level
        copy.node = self.edge
        copy.number = self.number
        return copy


class SavedTensor:
    """What a node keeps of one tensor, as `_raw_saved_*` shows it."""

    __slots__ = ("read", "register")

    def __init__(self, register: Callable[[Any, Any], None], read: Callable[[], Any]) -> None:
        self.register = register
        self.read = read

    @property
    def data(self) -> Any:
        """The saved tensor. Raises RuntimeError once it was freed."""
        return self.read()

    def register_hooks(
        self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]
    ) -> None:
        """Pack the saved tensor now, and unpack it at every use."""
        self.register(pack_hook, unpack_hook)


class InputMetadata:
    """What a node knows of one of its outputs, whose gradient is its input."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = list(shape)
        self.dtype = dtype


# The innermost pair packs what nodes save; see `torch.autograd.graph.saved_tensors_hooks`.
packers: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = []

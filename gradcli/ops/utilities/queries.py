"""Functions that return Python values, answer questions of dtype and shape, or set global state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...autograd.modes import InferenceVersion
from ...autograd.node import bit_of
from ...kernels.random import Generator, default_generator
from ...kernels.strides import preserved_copy
from ...table.call.python_data import element
from ...table.dtype_rules import common_dtype, is_batched, no_branch
from ...table.entry import op
from ...table.lookup import get_op
from ...table.memory.inplace import run_inplace
from ...table.memory.meta import needs_data
from ...table.public.plain_functions import FUNCTIONS, function
from ...table.schema import Namespace
from ...table.shape_rules import shape_of_value, wrap_dims
from ...tensor import device, dtypes
from ...tensor.dtypes import Array, DType, python_number, type_name, unsupported
from ...tensor.keeping import changed
from ...tensor.memory import address
from ...tensor.runtime import runtime
from ...tensor.storage import Storage
from ...tensor.tensor import Size, Tensor, from_array, numel, own_memory, shape_of

BOTH = ("torch", "Tensor")
SEEDS = ("torch", "random")

# --- about one tensor ------------------------------------------------------------------------

function("numel(Tensor self)", where=("torch",), doc="The number of elements.")(
    lambda self: numel(shape_of(self))
)
function(
    "is_tensor(any? obj)", where=("torch",), mapped="values", doc="Whether a value is a tensor."
)(lambda obj: type(obj) is Tensor)
function("is_storage(any? obj)", where=("torch",), doc="Whether a value is a tensor's memory.")(
    lambda obj: isinstance(obj, Storage)
)
function("is_floating_point(Tensor self)", where=BOTH, doc="Whether the dtype is a floating one.")(
    lambda self: self.dtype.is_floating_point
)
function("is_complex(Tensor self)", where=BOTH, doc="Whether the dtype is complex.")(
    lambda self: self.dtype.is_complex
)
function("is_signed(Tensor self)", where=BOTH, doc="Whether the dtype has negative numbers.")(
    lambda self: self.dtype.is_signed
)
function("is_conj(Tensor self)", where=BOTH, doc="Whether `conj` gave the tensor.")(
    lambda self: bit_of(self) == "conj"
)
function(
    "is_neg(Tensor self)",
    where=BOTH,
    doc="Whether the tensor is the imaginary part of what `conj` gave.",
)(lambda self: bit_of(self) == "neg")
function("is_distributed(Tensor self)", where=BOTH, doc="False: there is one process.")(
    lambda self: False
)
function(
    "is_inference(Tensor self)",
    where=("torch",),
    doc="Whether the tensor was made in inference mode.",
)(lambda self: type(self.version) is InferenceVersion)
function(
    "is_nonzero(Tensor self)",
    where=BOTH,
    mapped="values",
    doc="The truth value of a one-element tensor.",
)(lambda self: _truth(self))
function(
    "is_same_size(Tensor self, Tensor other)", where=BOTH, doc="Whether two shapes are the same."
)(lambda self, other: shape_of(self) == shape_of(other))
function("is_pinned(Tensor self)", where=("Tensor",), doc="False: memory is never pinned.")(
    lambda self: False
)
function("get_device(Tensor self)", where=BOTH, doc="-1: the tensor is on the CPU.")(
    lambda self: -1
)
function(
    "is_shared(Tensor self)",
    where=("Tensor",),
    written="Tensor",
    doc="False: memory is not shared.",
)(lambda self: False)


def _truth(self: Tensor) -> bool:
    if is_batched(self):
        raise RuntimeError(no_branch())
    count = numel(shape_of(self))
    if count == 0:
        raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
    if count > 1:
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
    return bool(self.array)


@function(
    "is_set_to(Tensor self, Tensor tensor)",
    where=("Tensor",),
    doc="Whether two tensors have the same memory, shape and strides.",
)
def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    if is_batched(self) or is_batched(tensor):
        raise RuntimeError(
            "Batching rule not implemented for aten::is_set_to. We could not generate a fallback."
        )
    ours, theirs = own_memory(self), own_memory(tensor)
    return bool(
        address(ours) == address(theirs)
        and ours.shape == theirs.shape
        and ours.strides == theirs.strides
    )


function("typename(any? obj)", where=("torch",), doc="The name of a value's type.")(dtypes.typename)


# --- dtypes and shapes -----------------------------------------------------------------------

function(
    "result_type(any tensor1, any tensor2)",
    where=("torch",),
    doc="The dtype that an operation on two values gives.",
)(lambda tensor1, tensor2: _result_type(tensor1, tensor2))
function(
    "promote_types(DType type1, DType type2)",
    where=("torch",),
    doc="The smallest dtype that both fit into.",
)(dtypes.promote)
function(
    "can_cast(DType from_, DType to)",
    where=("torch",),
    doc="Whether results of one dtype may be written into another.",
)(dtypes.can_cast)


def _result_type(first: Any, second: Any) -> DType:
    for place, value in enumerate((first, second), 1):
        if type(value) is not Tensor and python_number(value) is None:
            raise TypeError(
                f"result_type(): argument 'tensor{place}' (position {place}) must be Tensor, not "
                f"{type_name(value)}"
            )
    return common_dtype(first, second)


@function("get_default_dtype()", where=("torch",), doc="The default floating dtype.")
def get_default_dtype() -> DType:
    return dtypes.default.dtype


@function(
    "set_default_dtype(any? d)",
    where=("torch",),
    mapped="no",
    doc="Sets the default floating dtype.",
)
def set_default_dtype(d: Any) -> None:
    if not isinstance(d, DType):
        raise TypeError(
            "invalid dtype object: only floating-point types are supported as the default type"
        )
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    dtypes.default.dtype = d


@function("get_default_device()", where=("torch",), doc="The device of new tensors.")
def get_default_device() -> device.Device:
    return device.chosen.device or device.cpu


@function("set_default_device(Device? device)", where=("torch",), doc="New tensors are made there.")
def set_default_device(wanted: Any) -> None:
    device.check_device("set_default_device", wanted)
    changed()
    device.chosen.device = device.meta if device.is_meta(wanted) else None


@function(
    "broadcast_shapes(any... shapes)",
    where=("torch",),
    doc="The shape that shapes broadcast to.",
)
def broadcast_shapes(shapes: Sequence[Any]) -> Size:
    shapes = runtime.listed(shapes)
    for shape in shapes:
        if not isinstance(shape, int | list | tuple):
            raise RuntimeError(
                "Input shapes should be of type ints, a tuple of ints, or a list of ints, got "
                f"{runtime.text(shape)}"
            )
    sizes = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    result: list[int] = [1] * max(map(len, sizes), default=0)
    for place, lengths in enumerate(sizes):
        for axis in range(-1, -1 - len(lengths), -1):
            length = lengths[axis]
            if length < 0:
                raise ValueError("Attempting to broadcast a dimension with negative length!")
            if length in (1, result[axis]):
                continue
            if result[axis] != 1:
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {length} at {axis}! "
                    f"Mismatching argument at index {place} had {lengths}; but expected shape "
                    f"should be broadcastable to {result}"
                )
            result[axis] = length
    return Size(result)


FUNCTIONS["broadcast_shapes"].bind = lambda *shapes: (shapes,)


# --- the default generator -------------------------------------------------------------------


@function(
    "manual_seed(any? seed)",
    where=SEEDS,
    mapped="draws",
    doc="Starts the default stream of random numbers.",
)
def manual_seed(seed: Any) -> Generator:
    if type(seed) not in (int, float, bool, str, Tensor):
        raise TypeError(
            "int() argument must be a string, a bytes-like object or a real number, not "
            f"'{type_name(seed)}'"
        )
    return default_generator.manual_seed(int(seed))


@function(
    "thread_safe_generator()",
    where=SEEDS,
    doc="None: there are no threads with a stream of random numbers of their own.",
)
def thread_safe_generator() -> None:
    return None


@function("initial_seed()", where=SEEDS, doc="The seed that the default stream began with.")
def initial_seed() -> int:
    return default_generator.initial_seed()


@function(
    "seed()", where=SEEDS, mapped="draws", doc="Seeds the default stream from the operating system."
)
def seed() -> int:
    return default_generator.seed()


@function("get_rng_state()", where=SEEDS, doc="The state of the default stream as bytes.")
def get_rng_state() -> Tensor:
    return default_generator.get_state()


@function(
    "set_rng_state(any new_state)",
    where=SEEDS,
    doc="Takes the default stream back to a state from get_rng_state.",
)
def set_rng_state(new_state: Any) -> None:
    default_generator.set_state(new_state)


class ForkedStream:
    """A block in which random draws do not move the default stream: it is put back at the end."""

    __slots__ = ("enabled", "states")

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled
        self.states: list[Any] = []

    def __enter__(self) -> None:
        self.states.append(default_generator.save() if self.enabled else None)

    def __exit__(self, *error: object) -> None:
        state = self.states.pop()
        if state is not None:
            default_generator.restore(state)


@function(
    "fork_rng(any? devices=None, bool enabled=True)",
    where=("random",),
    doc="A context manager that puts the default stream back where it was.",
)
def fork_rng(devices: Any, enabled: bool) -> ForkedStream:
    return ForkedStream(enabled)


@function(
    "hash_tensor(Tensor self, Dim[] dim=[], *, bool keepdim=False, int mode=0)",
    where=("torch", "Tensor"),
    doc="The exclusive or of the elements' 64 bits, as floats of double precision or as integers.",
)
@needs_data("aten::hash_tensor")
def hash_tensor(self: Tensor, dim: Any, keepdim: bool, mode: int) -> Tensor:
    shape = shape_of(self)
    axes = wrap_dims(None if dim == () else dim, len(shape)) if shape else ()
    if mode:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    if self.dtype.is_complex:
        raise unsupported("xor_sum_cpu", self.dtype)
    if 0 in shape and dim == ():
        raise RuntimeError(
            "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify "
            "the reduction dim with the 'dim' argument."
        )
    for axis in axes:
        if shape[axis] == 0:
            raise IndexError(f"hash_tensor: Expected reduction dim {axis} to have non-zero size.")
    wide = np.float64 if self.dtype.is_floating_point else np.int64
    bits = np.asarray(self.array).astype(wide).view(np.uint64)
    combined: Any = np.bitwise_xor.reduce
    return from_array(combined(bits, axis=axes, keepdims=keepdim) if shape else bits[()])


# --- tensors of powers, sums to a size, writes as functions ----------------------------------


def _vander(F: Namespace, x: Any, N: int | None, increasing: bool) -> Any:
    shape = shape_of_value(x)
    if len(shape) != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    if count == 0:
        return F.zeros_like_shape(x, (shape[0], 0))
    runtime.reserve(2 * shape[0] * count * x.dtype.itemsize)
    ones = F.zeros_like_shape(x, shape) + 1
    columns = [ones]
    for _ in range(count - 1):
        runtime.check()
        columns.append(columns[-1] * x)
    powers = F.stack(columns, -1)
    if count > 1 and x.dtype.category < dtypes.FLOATING:
        powers = F._to_copy(powers, dtype=dtypes.int64)
    return powers if increasing else F.flip(powers, (1,))


op(
    "vander(Tensor x, int? N=None, bool increasing=False)",
    composite=_vander,
    where=("torch",),
    doc="The matrix of powers of a vector.",
    samples=lambda S: [S(S.normal(3)), S(S.normal(3), 2), S(S.integers(1, 4, 3), increasing=True)],
)


def _sum_to_size(F: Namespace, self: Any, size: Sequence[int]) -> Any:
    shape = shape_of_value(self)
    extra = len(shape) - len(size)
    if extra < 0 or any(
        wanted not in (length, 1) for wanted, length in zip(size, shape[extra:], strict=True)
    ):
        raise RuntimeError(f"size {{{list(size)}}} is not expandable to size {{{list(shape)}}}.")
    axes = tuple(range(extra)) + tuple(
        axis + extra for axis, wanted in enumerate(size) if wanted == 1 and shape[axis + extra] != 1
    )
    result = F.sum_dim(self, axes, True) if axes else self
    return F.view(result, tuple(size)) if extra else result


op(
    "sum_to_size(Tensor self, int[]... size)",
    composite=_sum_to_size,
    where=("Tensor",),
    doc="The sum over the dimensions that broadcasting from `size` would have added or stretched.",
    samples=lambda S: [S(S.normal(2, 3), (1, 3)), S(S.normal(2, 3), (3,))],
)


def _filled(self: Array, value: Any) -> Array:
    if np.ndim(value):
        raise RuntimeError(
            "fill_ only supports 0-dimension value tensor but got tensor with "
            f"{np.ndim(value)} dimensions."
        )
    result = np.array(preserved_copy(self))
    result[...] = value if result.dtype.kind != "b" else bool(value)
    return result


op(
    "fill_like(Tensor self, Number value)",
    name="fill",
    kernel=lambda self, value: _filled(self, value),
    check=lambda self, value: element(value, self.dtype),  # raises where it does not fit
    result=lambda self, value: self.dtype,
    keeps_layout=True,
    vjp={"self": lambda F, g: F.zeros_like_shape(g, g.shape)},
    jvp={"self": lambda F, t: F.zeros_like_shape(t, t.shape)},
    node="FillBackward0",
    where=("torch",),
    doc="A tensor of one value in the shape and dtype of `self`.",
    samples=lambda S: [S(S.normal(2, 3), 2.0)],
)
op(
    "fill_like_tensor(Tensor self, Tensor value)",
    name="fill",
    kernel=lambda self, value: _filled(self, value),
    result=lambda self, value: self.dtype,
    keeps_layout=True,
    vjp={
        "self": lambda F, g: F.zeros_like_shape(g, g.shape),
        "value": lambda F, g: F.sum(g),
    },
    jvp={
        "self": lambda F, t: F.zeros_like_shape(t, t.shape),
        "value": lambda F, t, self_shape: F.expand(t, self_shape),
    },
    node="FillBackward1",
    where=("torch",),
    doc="The element of a tensor in the shape and dtype of `self`.",
    samples=lambda S: [S(S.normal(2, 3), S.normal())],
)


@function("zero_(Tensor self)", where=("torch",), doc="Writes zero into every element.")
def zero_(self: Tensor) -> Tensor:
    return run_inplace(get_op("zero"), (self,))


@function(
    "fill_(Tensor self, Number value)", where=("torch",), doc="Writes a number into every element."
)
def fill_(self: Tensor, value: complex) -> Tensor:
    return run_inplace(get_op("fill"), (self, value))

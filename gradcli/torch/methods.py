"""Tensor's methods and properties that are not entries of the op table, and its operators.

Importing this module installs them on Tensor.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from ..autograd import api, engine, leaf
from ..autograd.modes import InferenceVersion
from ..autograd.node import attributes_of, bit_of, is_parameter, kind_of, mark, meta_of
from ..autograd.operations import operations
from ..kernels.strides import (
    contiguous_strides,
    format_of_images,
    has_channels_last,
    strides_of,
)
from ..table.call.arguments import METHOD, OPERATOR, type_name
from ..table.dtype_rules import NO_STORAGE
from ..table.entry import settled
from ..table.levels import run as levels  # also fills in what the engine needs of levels
from ..table.lookup import get_op
from ..table.memory import plain_writes
from ..table.memory.inplace import run_inplace
from ..table.memory.meta import emptied, to_meta
from ..table.public import resolve
from ..table.public.callables import public
from ..table.shape_rules import check_target
from ..tensor import dtypes
from ..tensor.device import (
    CHANNELS_LAST,
    Device,
    check_device,
    contiguous_format,
    cpu,
    is_meta,
    memory_format,
    meta,
    preserve_format,
    strided,
)
from ..tensor.dtypes import PYTHON, DType, python_number
from ..tensor.memory import address, memory_of, owner_of, shown
from ..tensor.notices import warn_once
from ..tensor.printing import format_tensor, meta_text, tensor_text
from ..tensor.runtime import runtime
from ..tensor.storage import Storage, TypedStorage
from ..tensor.tensor import (
    META,
    NO_DATA,
    Size,
    Tensor,
    constant,
    make,
    numel,
    own_memory,
    shape_of,
    version_of,
)

# ---------------------------------------------------------------- values


def _array(tensor: Tensor, what: str) -> Any:
    """The elements for use outside the graph. Raises RuntimeError for a batched tensor."""
    level = tensor.level
    if level is None:
        return tensor.array
    return levels.innermost(tensor, what)


def item(tensor: Tensor) -> Any:
    """The one element as a Python number."""
    array = tensor.array if tensor.level is None else levels.innermost(tensor, ".item()")
    if array.size != 1:
        raise RuntimeError(f"a Tensor with {array.size} elements cannot be converted to Scalar")
    return array.item()


def tolist(tensor: Tensor) -> Any:
    """The elements as nested lists of Python numbers."""
    array = _array(tensor, "storage")
    if tensor.level is META:
        raise NotImplementedError(NO_DATA)
    runtime.reserve((8 if array.dtype.kind == "b" else 40) * array.size)
    return array.tolist()


def to_numpy(tensor: Tensor, *, force: bool = False) -> Any:
    """The elements as an ndarray over the same memory."""
    _array(tensor, "storage")
    if tensor.level is META:
        raise TypeError(
            "can't convert meta device type tensor to numpy. Use Tensor.cpu() to copy the tensor "
            "to host memory first."
        )
    if runtime.grad_enabled and leaf.requires_grad(tensor) and not force:
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )
    _check_memory(tensor)
    bit = bit_of(tensor)
    if bit:
        if force:
            return own_memory(get_op("clone").call(tensor))
        word = "conjugate" if bit == "conj" else "negative"
        raise RuntimeError(
            f"Can't call numpy() on Tensor that has {word} bit set. Use "
            f"tensor.resolve_{bit}().numpy() instead."
        )
    if tensor.dtype is dtypes.bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    return own_memory(tensor)


def _check_memory(tensor: Tensor) -> None:
    """Raise RuntimeError for what a transform made of a tensor, whose memory is out of reach."""
    if levels.wrapper_of(tensor):
        raise RuntimeError(NO_STORAGE)


def as_array(tensor: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """The elements for NumPy, which calls this where it is given a tensor."""
    array = to_numpy(tensor)
    if dtype is not None:
        array = array.astype(dtype, copy=False)
    return array.copy() if copy and np.may_share_memory(array, tensor.array) else array


def wrap_array(
    tensor: Tensor, array: Any, context: Any = None, return_scalar: bool = False
) -> Tensor:
    """NumPy's result of a ufunc on a tensor as a tensor; what is true or false becomes uint8."""
    if array.dtype == np.bool_:
        array = array.astype(np.uint8)
    return resolve.function("torch", "from_numpy")(array)  # type: ignore[no-any-return]


def _number(tensor: Tensor, convert: Callable[[Any], Any]) -> Any:
    array = _array(tensor, ".item()")
    if array.size != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    if tensor.node is not None:
        warn_once(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected "
            "behavior.\nConsider using tensor.detach() first."
        )
    value = array.item()
    if isinstance(value, complex) and convert is not complex:
        if value.imag != 0:
            kind = "double" if convert is float else "int64_t"
            raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
        value = value.real
    return convert(value)


def to_float(tensor: Tensor) -> float:
    """`float(tensor)`."""
    return _number(tensor, float)  # type: ignore[no-any-return]


def to_int(tensor: Tensor) -> int:
    """`int(tensor)`."""
    return _number(tensor, int)  # type: ignore[no-any-return]


def to_complex(tensor: Tensor) -> complex:
    """`complex(tensor)`."""
    return _number(tensor, complex)  # type: ignore[no-any-return]


def to_bool(tensor: Tensor) -> bool:
    """`bool(tensor)`. Raises RuntimeError unless it has one element."""
    array = _array(tensor, "data-dependent control flow")
    if array.size != 1:
        many = "more than one value" if array.size else "no values"
        raise RuntimeError(f"Boolean value of Tensor with {many} is ambiguous")
    return bool(array.item())


def to_index(tensor: Tensor) -> int:
    """The tensor as an index of Python. Raises TypeError unless it is one integer."""
    if tensor.dtype.category > dtypes.INTEGER or numel(shape_of(tensor)) != 1:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(_array(tensor, ".item()").item())


def length(tensor: Tensor) -> int:
    """`len(tensor)`: its first length. Raises TypeError without dimensions."""
    shape = shape_of(tensor)
    if not shape:
        raise TypeError("len() of a 0-d tensor")
    return shape[0]


def iterate(tensor: Tensor) -> Iterator[Tensor]:
    """Its parts along the first dimension. Raises TypeError without dimensions."""
    if not shape_of(tensor):
        raise TypeError("iteration over a 0-d tensor")
    return iter(resolve.method("unbind")(tensor, 0))


def contains(tensor: Tensor, element: Any) -> bool:
    """`element in tensor`: whether an element of the tensor equals it."""
    if not isinstance(element, Tensor | int | float | complex | np.number):
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )
    return bool(_array(get_op("eq").call(tensor, element), ".item()").any())


# ---------------------------------------------------------------- text


def tensor_method(name: str) -> Callable[..., Any]:
    """A Tensor method as a function whose first argument is the tensor. Raises KeyError."""
    return METHODS.get(name) or resolve.method(name)


def transforms_run() -> bool:
    """Whether a function transform is running, so that tensors may show what it tracks."""
    return bool(levels.stack)


def text(tensor: Tensor) -> str:
    """PyTorch's text of a tensor."""
    if tensor.level is META:
        meta_only = meta_text(shape_of(tensor), tensor.dtype, suffixes(tensor))
        return f"Parameter containing:\n{meta_only}" if is_parameter(tensor) else meta_only
    if tensor.level is not None or tensor.born or transforms_run():
        return levels.text(tensor)
    own = attributes_of(tensor).get("__class__")
    prefix = "tensor(" if own is None else f"Parameter({own.__name__}("
    shown = tensor_text(tensor.array, tensor.dtype, suffixes=suffixes(tensor), prefix=prefix)
    if own is not None:
        shown += ")"
    return f"Parameter containing:\n{shown}" if is_parameter(tensor) else shown


def suffixes(tensor: Tensor) -> list[str]:
    """What the text of a tensor says about its place in the graph."""
    try:
        node = leaf.grad_fn(tensor)
    except RuntimeError:  # a view that may not follow a change of its base
        return ["grad_fn=<Invalid>"]
    if node is not None:
        return [f"grad_fn=<{node.title}>"]
    return ["requires_grad=True"] if leaf.wants_gradients(tensor) else []


def format_(tensor: Tensor, spec: str) -> str:
    """`format(tensor, spec)`; a spec goes to the number that the tensor holds."""
    array = tensor.array
    if tensor.level is not None:
        if not spec:
            return text(tensor)
        if tensor.level is META:
            raise TypeError("unsupported format string passed to Tensor.__format__")
        array = _array(tensor, ".item()")
    if is_parameter(tensor):  # no number, even without dimensions
        if spec:
            raise TypeError("unsupported format string passed to Parameter.__format__")
        return text(tensor)
    return format_tensor(array, spec, lambda: text(tensor))


# ---------------------------------------------------------------- shape and memory


def size(tensor: Tensor, dim: int | None = None) -> Any:
    """The shape, or the length of one dimension."""
    shape = shape_of(tensor)
    if dim is None:
        return Size(shape)
    if type(dim) is not int:
        place = int(dim) if isinstance(dim, int | np.integer | Tensor) else None
        if place is None or isinstance(dim, bool):
            raise TypeError(
                f"size(): argument 'dim' (position 1) must be int, not {type_name(dim)}"
            )
        dim = place
    from ..table.shape_rules import wrap_dim

    if not shape:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    return shape[wrap_dim(dim, len(shape))]


def stride(tensor: Tensor, dim: int | None = None) -> Any:
    """Elements to step over for the next index, of every dimension or of one."""
    from ..table.shape_rules import wrap_dim

    level = tensor.level
    if level is not None and level.value is not None:
        outside = stride(level.value)
        strides = outside[: level.axis] + outside[level.axis + 1 :]
        return strides if dim is None else strides[wrap_dim(dim, len(strides))]
    array = own_memory(tensor)
    strides = strides_of(array)
    if level is META and not any(strides):
        strides = contiguous_strides(array.shape)
    if dim is None:
        return strides
    return strides[wrap_dim(dim, len(strides))]


def storage_offset(tensor: Tensor) -> int:
    """The position of the first element in the memory that the tensor's base owns.

    Where the base has other memory since, in the memory that the tensor still has.
    """
    view = tensor.view_info
    if view is None:
        return 0
    array, base = own_memory(tensor), own_memory(view.base)
    start = address(array) - address(base)
    if owner_of(array) is not owner_of(base):
        start = memory_of(array)[1]
    return start // int(array.itemsize)


def data_ptr(tensor: Tensor) -> int:
    """The address of the first element, as programs see addresses."""
    _check_memory(tensor)
    if tensor.level is META:
        return 0
    return shown(address(own_memory(tensor)))


def is_contiguous(tensor: Tensor, memory_format: Any = contiguous_format) -> bool:
    """Whether the elements lie in memory without gaps, row by row or as a memory format says."""
    array = tensor.array
    if memory_format in CHANNELS_LAST:
        return has_channels_last(shape_of(tensor), strides_of(array), memory_format)
    if tensor.level is META and not any(array.strides):
        return True
    return bool(array.flags.c_contiguous) if isinstance(array, np.ndarray) else True


def dim(tensor: Tensor) -> int:
    """The number of dimensions."""
    return len(shape_of(tensor))


def count(tensor: Tensor) -> int:
    """The number of elements."""
    return numel(shape_of(tensor))


def element_size(tensor: Tensor) -> int:
    """The bytes of one element."""
    return tensor.dtype.itemsize


# ---------------------------------------------------------------- casts


def cast(
    tensor: Tensor,
    dtype: DType,
    copying: bool = False,
    memory_format: memory_format = preserve_format,
) -> Tensor:
    """The tensor in another dtype and memory format; itself if it already has them."""
    kept = memory_format is preserve_format
    if tensor.dtype is dtype and not copying:
        suggested = None if kept else format_of_images(tensor.array) or contiguous_format
        if kept or suggested is memory_format:
            return tensor
    if kept:
        return get_op("_to_copy").call(tensor, dtype)  # type: ignore[no-any-return]
    made: Tensor = get_op("_to_copy").call(tensor, dtype, memory_format=memory_format)
    return made


def cast_derivative(tensor: Tensor, dtype: DType) -> Tensor:
    """A gradient or tangent in another dtype; that of a real tensor is the real part."""
    if tensor.dtype.is_complex and not dtype.is_complex:
        pairs = get_op("view_as_real").call(tensor)
        tensor = get_op("select").call(pairs, -1, 0)
    return cast(tensor, dtype)


def to(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor with a dtype, a device, or those of another tensor."""
    copying = kwargs.pop("copy", False)
    kwargs.pop("non_blocking", None)
    memory_format = kwargs.pop("memory_format", None) or preserve_format
    dtype = kwargs.pop("dtype", None)
    device = kwargs.pop("device", None)
    other = kwargs.pop("other", None)
    for name in kwargs:
        raise TypeError(f"to() got an unexpected keyword argument '{name}'")
    for value in args:
        if isinstance(value, DType):
            dtype = value
        elif isinstance(value, type) and value in PYTHON:
            dtype = PYTHON[value]
        elif isinstance(value, Tensor):
            other = value
        elif isinstance(value, str | Device):
            device = value
        elif type(value) is int and len(args) == 1:
            device = Device(value)
        elif not (isinstance(value, bool) or (value is None and len(args) == 1)):
            raise TypeError(
                "to() received an invalid combination of arguments - got "
                f"({', '.join(type_name(a) for a in args)}), but expected one of:\n"
                " * (torch.device device = None, torch.dtype dtype = None, bool non_blocking = "
                "False, bool copy = False, *, torch.memory_format memory_format = None)\n"
                " * (torch.dtype dtype, bool non_blocking = False, bool copy = False, *, "
                "torch.memory_format memory_format = None)\n"
                " * (Tensor tensor, bool non_blocking = False, bool copy = False, *, "
                "torch.memory_format memory_format = None)\n"
            )
    if device is not None:
        check_device("to", device)
    if other is not None:
        dtype = other.dtype
        device = meta if other.level is META else cpu
    if is_meta(device):
        return to_meta(tensor, dtype or tensor.dtype)
    if device is not None and tensor.level is META:
        raise NotImplementedError(NO_DATA)
    return cast(tensor, dtype or tensor.dtype, copying, memory_format)


def type_(
    tensor: Tensor,
    dtype: Any = None,
    non_blocking: bool = False,
    *,
    memory_format: memory_format = preserve_format,
) -> Any:
    """The legacy type name, or the tensor in another dtype."""
    if dtype is None:
        name = tensor.dtype.tensor_name
        return name.replace("torch.", "torch.meta.") if tensor.level is META else name
    if isinstance(dtype, str):
        for candidate in dtypes.ALL:
            if candidate.tensor_name == dtype:
                return cast(tensor, candidate, False, memory_format)
        raise ValueError(f"invalid type: '{dtype}'")
    if isinstance(dtype, type):
        dtype = PYTHON.get(dtype, dtype)
    return cast(tensor, getattr(dtype, "dtype", dtype), False, memory_format)


def type_as(tensor: Tensor, other: Tensor) -> Tensor:
    """The tensor in the other's dtype."""
    if not isinstance(other, Tensor):
        kind = type(other).__name__
        raise TypeError(f"type_as(): argument 'other' (position 1) must be Tensor, not {kind}")
    return cast(tensor, other.dtype)


def _caster(dtype: DType) -> Callable[..., Tensor]:
    def method(tensor: Tensor, memory_format: memory_format = preserve_format) -> Tensor:
        return cast(tensor, dtype, False, memory_format)

    method.__doc__ = f"The tensor as {dtype!r}."
    return method


def to_cpu(tensor: Tensor, memory_format: memory_format = preserve_format) -> Tensor:
    """The tensor itself. Raises NotImplementedError for one without data."""
    if tensor.level is META:
        raise NotImplementedError(NO_DATA)
    return cast(tensor, tensor.dtype, False, memory_format)


def same(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """The tensor itself: it is where it is asked to be."""
    return tensor


def cuda(tensor: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """There is no such device: raises PyTorch's error."""
    check_device("cuda", "cuda")
    return tensor


# ---------------------------------------------------------------- writing


def copy_(tensor: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write `src`, broadcast and cast, into the tensor."""
    if plain_writes.copy(tensor, src):
        return tensor
    if not isinstance(src, Tensor):
        number = python_number(src)
        if number is None:
            raise TypeError(
                f"copy_(): argument 'other' (position 1) must be Tensor, not {type_name(src)}"
            )
        src = make(tensor.dtype.cast(np.asarray(number))[()], tensor.dtype)
    return run_inplace(get_op("copy"), (tensor, src, non_blocking))


def fill_(tensor: Tensor, value: Any) -> Tensor:
    """Write one value into every element."""
    if plain_writes.fill(tensor, value):
        return tensor
    if isinstance(value, Tensor):
        if shape_of(value):
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{dim(value)} dimensions."
            )
        return run_inplace(get_op("fill_tensor"), (tensor, value))
    number = python_number(value)
    if number is None:
        from ..table.call.argument_errors import unmatched

        raise unmatched("fill_", ("Tensor value", "Number value"), (value,))
    return run_inplace(get_op("fill"), (tensor, number))


def zero_(tensor: Tensor) -> Tensor:
    """Write zero into every element."""
    if plain_writes.fill(tensor, 0):
        return tensor
    return run_inplace(get_op("zero"), (tensor,))


def invert(tensor: Tensor) -> Tensor:
    """`~tensor`."""
    if tensor.dtype.category >= dtypes.FLOATING:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return get_op("bitwise_not").call(tensor)  # type: ignore[no-any-return]


def delete_item(tensor: Tensor, index: Any) -> None:
    """`del tensor[index]`, which no tensor has."""
    raise TypeError("Tensor does not support deleting items")


def _replace(name: str, function: Any) -> None:
    setattr(Tensor, name, function)


def set_item(tensor: Tensor, index: Any, value: Any) -> None:
    """`tensor[index] = value` for the first time: then what is imported here stands for it."""
    from ..table.memory.getitem import setitem

    _replace("__setitem__", setitem)
    setitem(tensor, index, value)


def get_item(tensor: Tensor, index: Any) -> Tensor:
    """`tensor[index]` for the first time: then what is imported here stands for it."""
    from ..table.memory.getitem import getitem

    _replace("__getitem__", getitem)
    return getitem(tensor, index)


# ---------------------------------------------------------------- autograd


def backward(
    tensor: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of the tensor to the `.grad` of the leaves it came from."""
    if (
        inputs is None
        and not create_graph
        and tensor.view_info is None
        and tensor.level is None
        and not levels.stack
    ):
        # The common call, without the checks that it cannot fail.
        edge = tensor.node
        array = tensor.array
        if edge is not None and (
            (gradient is None and tensor.dtype.is_floating_point and array.size == 1)
            or (
                type(gradient) is Tensor
                and gradient.level is None
                and gradient.dtype is tensor.dtype
                and gradient.array.shape == array.shape
            )
        ):
            if gradient is None:
                dtype = tensor.dtype
                one = np.ones(array.shape, dtype.array) if array.ndim else dtype.scalar(1)
                gradient = make(one, dtype)
            engine.run(((edge, tensor.number, gradient),), False, bool(retain_graph))
            return
    api.backward(tensor, gradient, retain_graph, create_graph, inputs=inputs)


for _method in (backward, leaf.register_hook, leaf.register_post_accumulate_grad_hook):
    _method.__qualname__ = f"Tensor.{_method.__name__}"  # Python's errors show it


def requires_grad_(tensor: Tensor, requires_grad: bool = True) -> Tensor:
    """Ask for gradients of a leaf, or no longer."""
    if not isinstance(requires_grad, bool):
        raise TypeError(
            "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
            f"{type_name(requires_grad)}"
        )
    leaf.refuse_inside_transforms()
    return leaf.requires_grad_(tensor, requires_grad)


def is_inference(tensor: Tensor) -> bool:
    """Whether the tensor was made in inference mode."""
    return type(tensor.version) is InferenceVersion


def deep_copy(tensor: Tensor, memo: Any = None) -> Tensor:
    """A leaf with memory of its own. Raises RuntimeError for a result."""
    if not leaf.is_leaf(tensor):
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
            "because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    if tensor.level is META:
        other = emptied(tensor)
    else:
        other = make(np.array(tensor.array)[()], tensor.dtype)
    if leaf.requires_grad(tensor):
        leaf.requires_grad_(other)
    if kind_of(tensor):
        mark(other, kind_of(tensor))
    if is_parameter(tensor):  # without the gradient
        own = attributes_of(tensor).get("__class__")
        return other if own is None else own(other, leaf.requires_grad(tensor))
    if tensor.meta is not None and tensor.meta.grad is not None:
        leaf.set_grad(other, copy.deepcopy(tensor.meta.grad))
    return other


def shallow_copy(tensor: Tensor) -> Tensor:
    """A leaf over the same memory that requires grad as the tensor does."""
    own_memory(tensor)
    other = make(tensor.array, tensor.dtype)
    other.version = version_of(tensor)
    if tensor.level is META:
        other.level = META
    if kind_of(tensor):
        mark(other, kind_of(tensor))
    added = {name: value for name, value in attributes_of(tensor).items() if name != "__class__"}
    if added:
        meta_of(other).attributes = added
    return leaf.requires_grad_(other) if leaf.requires_grad(tensor) else other


def new(tensor: Tensor, *args: Any) -> Tensor:
    """A tensor of sizes, or of given values, in the dtype of this one."""
    from .types import legacy

    return legacy(tensor.dtype, *args)


def as_subclass(tensor: Tensor, cls: Any) -> Tensor:
    """The tensor as an instance of a class of tensors; there is one."""
    if cls is not Tensor:
        raise TypeError(
            "Creating a Tensor subclass from a class that does not inherit from Tensor is not "
            "possible. Make sure your class inherits from Tensor."
        )
    return get_op("_alias").call(tensor)  # type: ignore[no-any-return]


def volatile(tensor: Tensor) -> bool:
    """False, with PyTorch's warning: the flag is gone."""
    warnings.warn(
        "volatile was removed (Variable.volatile is always False)", UserWarning, stacklevel=2
    )
    return False


def _apply(name: str) -> Callable[[Tensor], Any]:
    def getter(tensor: Tensor) -> Any:
        return resolve.method(name)(tensor)

    return getter


def _real_part(tensor: Tensor) -> Tensor:
    return resolve.function("torch", "real")(tensor)  # type: ignore[no-any-return]


def _imaginary_part(tensor: Tensor) -> Tensor:
    return resolve.function("torch", "imag")(tensor)  # type: ignore[no-any-return]


def untyped_storage(tensor: Tensor) -> Storage:
    """The memory under the tensor."""
    _check_storage(tensor)
    return Storage(tensor, _start_of_memory(tensor))


def typed_storage(tensor: Tensor) -> TypedStorage:
    """The memory under the tensor, as elements of its dtype."""
    warn_once(
        "TypedStorage is deprecated. It will be removed in the future and UntypedStorage will be "
        "the only storage class. This should only matter to you if you are using storages "
        "directly.  To access UntypedStorage directly, use tensor.untyped_storage() instead of "
        "tensor.storage()"
    )
    _check_storage(tensor)
    return TypedStorage(tensor, _start_of_memory(tensor))


def _check_storage(tensor: Tensor) -> None:
    wrapper = levels.wrapper_of(tensor)
    if wrapper:
        raise NotImplementedError(f"Cannot access storage of {wrapper}")


def _start_of_memory(tensor: Tensor) -> int:
    return data_ptr(tensor) - storage_offset(tensor) * element_size(tensor)


_NAMED: dict[str, Callable[..., Any]] = {
    "item": item,
    "tolist": tolist,
    "numpy": to_numpy,
    "size": size,
    "stride": stride,
    "storage_offset": storage_offset,
    "data_ptr": data_ptr,
    "untyped_storage": untyped_storage,
    "storage": typed_storage,
    "is_contiguous": is_contiguous,
    "dim": dim,
    "ndimension": dim,
    "numel": count,
    "nelement": count,
    "element_size": element_size,
    "to": to,
    "type": type_,
    "type_as": type_as,
    "cpu": to_cpu,
    "cuda": cuda,
    "pin_memory": same,
    "copy_": copy_,
    "fill_": fill_,
    "zero_": zero_,
    "backward": backward,
    "requires_grad_": requires_grad_,
    "new": new,
    "as_subclass": as_subclass,
    "retain_grad": leaf.retain_grad,
    "register_hook": leaf.register_hook,
    "register_post_accumulate_grad_hook": leaf.register_post_accumulate_grad_hook,
    "detach": leaf.detach,
    "detach_": leaf.detach_,
    "is_inference": is_inference,
    "_is_view": lambda tensor: tensor.view_info is not None,
    "__getitem__": get_item,
    "__setitem__": set_item,
    "__len__": length,
}
_CASTS: dict[str, Callable[..., Any]] = {
    name: _caster(dtypes.NAMES[name])
    for name in (
        "float",
        "double",
        "half",
        "bfloat16",
        "int",
        "long",
        "short",
        "bool",
        "cfloat",
    )
} | {
    "byte": _caster(dtypes.uint8),
    "char": _caster(dtypes.int8),
    "cdouble": _caster(dtypes.complex128),
}


def chalf(tensor: Tensor, *args: Any, **kwargs: Any) -> Any:
    """Refused: there are no complex numbers of half precision here."""
    raise RuntimeError("ComplexHalf, which chalf() would give, is not supported")


METHODS: dict[str, Callable[..., Any]] = _NAMED | _CASTS | {"chalf": chalf}

PROPERTIES: dict[str, Callable[[Tensor], Any]] = {
    "shape": lambda tensor: Size(shape_of(tensor)),
    "dtype": lambda tensor: tensor.dtype,
    "ndim": dim,
    "device": lambda tensor: meta if tensor.level is META else cpu,
    "layout": lambda tensor: strided,
    "requires_grad": leaf.wants_gradients,
    "is_leaf": leaf.is_leaf,
    "grad": leaf.grad,
    "grad_fn": leaf.grad_fn,
    "data": leaf.data,
    "retains_grad": leaf.retains_grad,
    "output_nr": leaf.output_index,
    "_version": leaf.version,
    "_base": lambda tensor: None if tensor.view_info is None else tensor.view_info.base,
    "_grad": lambda tensor: None if tensor.meta is None else tensor.meta.grad,
    "T": _apply("numpy_T"),
    "mT": _apply("mT"),
    "H": _apply("H"),
    "mH": _apply("mH"),
    "real": _real_part,
    "imag": _imaginary_part,
    "itemsize": element_size,
    "nbytes": lambda tensor: count(tensor) * tensor.dtype.itemsize,
    "is_cuda": lambda tensor: False,
    "is_cpu": lambda tensor: tensor.level is not META,
    "is_sparse": lambda tensor: False,
    "is_quantized": lambda tensor: False,
    "is_meta": lambda tensor: tensor.level is META,
    "is_mps": lambda tensor: False,
    "is_ipu": lambda tensor: False,
    "is_maia": lambda tensor: False,
    "is_mkldnn": lambda tensor: False,
    "is_mtia": lambda tensor: False,
    "is_nested": lambda tensor: False,
    "is_sparse_csr": lambda tensor: False,
    "is_vulkan": lambda tensor: False,
    "is_xla": lambda tensor: False,
    "is_xpu": lambda tensor: False,
    "volatile": volatile,
    "grad_dtype": lambda tensor: tensor.dtype,
    "names": lambda tensor: (None,) * dim(tensor),
    "name": lambda tensor: None,
}

SETTERS: dict[str, Callable[[Tensor, Any], Any]] = {
    "requires_grad": leaf.set_requires_grad,
    "grad": leaf.set_grad,
    "data": leaf.set_data,
    "real": lambda tensor, value: run_inplace(get_op("copy"), (_real_part(tensor), value, False)),
    "imag": lambda tensor, value: run_inplace(
        get_op("copy"), (_imaginary_part(tensor), value, False)
    ),
}

# dunder -> (public name, whether operands are swapped)
OPERATORS: dict[str, str] = {
    "__add__": "add",
    "__radd__": "add",
    "__sub__": "sub",
    "__mul__": "mul",
    "__rmul__": "mul",
    "__truediv__": "div",
    "__floordiv__": "floor_divide",
    "__mod__": "remainder",
    "__pow__": "pow",
    "__matmul__": "matmul",
    "__and__": "bitwise_and",
    "__rand__": "bitwise_and",
    "__or__": "bitwise_or",
    "__ror__": "bitwise_or",
    "__xor__": "bitwise_xor",
    "__rxor__": "bitwise_xor",
    "__lshift__": "bitwise_left_shift",
    "__rshift__": "bitwise_right_shift",
    "__lt__": "lt",
    "__le__": "le",
    "__gt__": "gt",
    "__ge__": "ge",
    "__eq__": "eq",
    "__ne__": "ne",
    "__iadd__": "add_",
    "__isub__": "sub_",
    "__imul__": "mul_",
    "__itruediv__": "div_",
    "__ifloordiv__": "floor_divide_",
    "__imod__": "remainder_",
    "__ipow__": "pow_",
    "__iand__": "bitwise_and_",
    "__ior__": "bitwise_or_",
    "__ixor__": "bitwise_xor_",
    "__ilshift__": "bitwise_left_shift_",
    "__irshift__": "bitwise_right_shift_",
}
UNARY: dict[str, str] = {
    "__neg__": "neg",
    "__pos__": "positive",
    "__abs__": "abs",
}


def _operator(dunder: str, name: str) -> Callable[[Any, Any], Any]:
    """An operator that looks its entry up at its first use and then steps aside."""

    def first_use(tensor: Any, other: Any) -> Any:
        found = public("Tensor", name, OPERATOR)
        setattr(Tensor, dunder, found)
        return found(tensor, other)

    return first_use


def _unary(dunder: str, name: str) -> Callable[[Any], Any]:
    def first_use(tensor: Any) -> Any:
        found = public("Tensor", name, METHOD)
        setattr(Tensor, dunder, found)
        return found(tensor)

    return first_use


def _is_operand(value: Any) -> bool:
    return isinstance(value, bool | int | float | complex | Tensor | np.generic)


def reversed_sub(tensor: Tensor, other: Any) -> Any:
    """`other - tensor`."""
    return (
        resolve.function("torch", "rsub")(tensor, other) if _is_operand(other) else NotImplemented
    )


def reversed_div(tensor: Tensor, other: Any) -> Any:
    """`other / tensor`."""
    if isinstance(other, np.ndarray):
        try:
            return resolve.method("reciprocal")(tensor) * other
        except TypeError:
            return NotImplemented
    if not _is_operand(other):
        return NotImplemented
    try:
        return resolve.method("reciprocal")(tensor) * other
    except TypeError:
        if runtime.packing:  # of a pack hook
            return NotImplemented
        raise


def reversed_pow(tensor: Tensor, other: Any) -> Any:
    """`other ** tensor`."""
    if not _is_operand(other):
        return NotImplemented
    try:
        return resolve.function("torch", "pow")(other, tensor)
    except TypeError:
        if runtime.packing:  # of a pack hook
            return NotImplemented
        raise


def _swapped(name: str) -> Callable[[Any, Any], Any]:
    def swapped(tensor: Tensor, other: Any) -> Any:
        if not _is_operand(other):
            return NotImplemented
        return resolve.function("torch", name)(other, tensor)

    return swapped


def missing_attribute(tensor: Tensor, name: str) -> Any:
    """Python's fallback for attributes: the table's methods and properties, found lazily."""
    if not name.startswith("__"):
        setter = SETTERS.get(name)
        getter = PROPERTIES.get(name)
        if getter is not None:
            setattr(Tensor, name, property(getter, setter))
            return getter(tensor)
        try:
            method = resolve.method(name)
        except KeyError:
            pass
        else:
            setattr(Tensor, name, method)
            return method.__get__(tensor)
    raise AttributeError(f"'Tensor' object has no attribute '{name}'")


def legacy_new(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """`torch.Tensor(...)`: sizes, or nested lists, as the default dtype."""
    from .types import legacy

    return legacy(dtypes.default.dtype, *args, **kwargs)


def _like(fill: Callable[..., Any]) -> Callable[[Tensor], Tensor]:
    def like(tensor: Tensor) -> Tensor:
        if tensor.level is META:
            return emptied(tensor)
        return make(fill(shape_of(tensor), tensor.dtype.array)[()], tensor.dtype)

    return like


def _install() -> None:
    for dunder, name in OPERATORS.items():
        setattr(Tensor, dunder, _operator(dunder, name))
    for dunder, name in UNARY.items():
        setattr(Tensor, dunder, _unary(dunder, name))
    special: dict[str, Any] = {
        "__new__": legacy_new,
        "__init__": lambda self, *args, **kwargs: None,
        "__rsub__": reversed_sub,
        "__rtruediv__": reversed_div,
        "__rpow__": reversed_pow,
        "__rfloordiv__": _swapped("floor_divide"),
        "__rmod__": _swapped("remainder"),
        "__rmatmul__": lambda tensor, other: NotImplemented,
        "__rlshift__": _swapped("bitwise_left_shift"),
        "__rrshift__": _swapped("bitwise_right_shift"),
        "__hash__": lambda self: id(self),
        "__repr__": text,
        "__format__": format_,
        "__bool__": to_bool,
        "__float__": to_float,
        "__int__": to_int,
        "__complex__": to_complex,
        "__index__": to_index,
        "__len__": length,
        "__iter__": iterate,
        "__contains__": contains,
        "__getitem__": get_item,
        "__invert__": invert,
        "__setitem__": set_item,
        "__delitem__": delete_item,
        "__copy__": shallow_copy,
        "__deepcopy__": deep_copy,
        "__getattr__": missing_attribute,
        "__array_priority__": 1000,
        "__array__": as_array,
        "__array_wrap__": wrap_array,
    }
    for name, value in special.items():
        setattr(Tensor, name, value)
    for name, getter in PROPERTIES.items():
        if name != "dtype":
            setattr(Tensor, name, property(getter, SETTERS.get(name)))
    for name, method in METHODS.items():
        setattr(Tensor, name, method)
    operations.add = settled(get_op("add"))
    operations.cast = cast_derivative
    operations.clone = lambda tensor: get_op("clone").call(tensor)
    operations.copy = lambda tensor: get_op("copy").call(
        constant(shape_of(tensor), tensor.dtype), tensor
    )
    operations.sum_to = sum_to
    operations.reshape = lambda tensor, shape: get_op("reshape").call(tensor, shape)
    operations.view_as = lambda tensor: get_op("_alias").call(tensor)
    operations.view = lambda tensor: get_op("view").call(tensor, shape_of(tensor))
    operations.identity = lambda tensor: get_op("_identity").call(tensor)
    operations.zeros_like = _like(np.zeros)
    operations.ones_like = _like(np.ones)
    operations.check_target = check_target
    operations.add_in_place = lambda tensor, other: run_inplace(get_op("add"), (tensor, other, 1))
    for module, names in LATER.items():
        for name in names:
            if name not in vars(operations):
                setattr(operations, name, _filled_by(module, name))


# Operations of the engine that are filled in by modules which are loaded at their first use.
LATER = {
    "gradcli.func.batched": ("batched_pass",),
}


def _filled_by(module: str, name: str) -> Any:
    """An operation of the engine that `module` puts in its place when it is imported."""

    def first_call(*args: Any) -> Any:
        import_module(module)
        return getattr(operations, name)(*args)

    return first_call


def sum_to(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """The tensor summed over the axes that broadcasting from `shape` added or stretched."""
    found = shape_of(tensor)
    if not shape and found:
        return resolve.method("sum")(tensor)  # type: ignore[no-any-return]
    extra = len(found) - len(shape)
    axes = tuple(range(extra)) + tuple(
        axis + extra
        for axis, extent in enumerate(shape)
        if extent == 1 and found[axis + extra] != 1
    )
    if axes:
        tensor = resolve.method("sum")(tensor, axes, True)
    return tensor if shape_of(tensor) == shape else resolve.method("reshape")(tensor, shape)


_install()

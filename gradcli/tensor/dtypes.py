"""Element types, their names in every place PyTorch prints them, and promotion.

A dtype is one shared object, so `a.dtype is b.dtype` is the test for equality. bfloat16 has no
NumPy twin: its elements are stored as float32 and rounded to nearest even after every operation.
float16 and bfloat16 compute in float32 (PyTorch's "opmath") and round once at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Array = Any  # an ndarray, or a NumPy scalar where the tensor has no dimension

BOOL, INTEGER, FLOATING, COMPLEX = range(4)  # categories, in order of promotion


class DType:
    """One element type: `torch.float32` and its kin.

    `array` is the NumPy dtype of the stored elements and `scalar` their class, `compute` the NumPy
    dtype a kernel works in, `raw` whether the two agree so that kernels may run on the stored
    elements as they are.
    """

    __slots__ = (
        "array",
        "category",
        "compute",
        "eps",
        "is_complex",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "name",
        "raw",
        "scalar",
        "scalar_name",
    )

    def __init__(
        self, name: str, array: str, category: int, scalar_name: str, itemsize: int
    ) -> None:
        self.name = name
        self.array = np.dtype(array)
        self.scalar = self.array.type
        self.category = category
        self.scalar_name = scalar_name
        self.itemsize = itemsize
        self.is_floating_point = category == FLOATING
        self.is_complex = category == COMPLEX
        self.is_signed = not name.startswith(("bool", "uint"))
        self.raw = name not in ("float16", "bfloat16")
        self.compute = self.array if self.raw else np.dtype("float32")
        self.eps = 0.0078125 if name == "bfloat16" else None

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name

    @property
    def differentiable(self) -> bool:
        """Whether tensors of this type can require gradients."""
        return self.category >= FLOATING

    @property
    def tensor_name(self) -> str:
        """The legacy type name in messages: `torch.FloatTensor`."""
        return f"torch.{self.scalar_name}Tensor"

    @property
    def backend_name(self) -> str:
        """The type name in messages of C++ code: types without a legacy name are `CPUBoolType`."""
        return self.tensor_name if self in _LEGACY else f"CPU{self.scalar_name}Type"

    @property
    def abbr(self) -> str:
        """A short name, such as `f32`."""
        if self.name == "bool":
            return "b8"
        letters = {"uint": "u", "int": "i", "float": "f", "bfloat": "bf", "complex": "c"}
        word = self.name.rstrip("0123456789")
        return letters[word] + self.name[len(word) :]

    def to_complex(self) -> DType:
        """The complex type whose parts have this type."""
        if self.is_complex:
            return self
        return complex128 if self is float64 else complex64

    def to_real(self) -> DType:
        """The type of the parts of a complex type; any other type is its own."""
        if not self.is_complex:
            return self
        return float64 if self is complex128 else float32

    def cast(self, values: Array) -> Array:
        """`values` stored as this type: the same object where nothing changes.

        Integers wrap, floats truncate towards zero into integers, complex values drop their
        imaginary part into numbers, and bfloat16 rounds to nearest even. Doubles become float16
        by way of float32, as in PyTorch.
        """
        if values.dtype.kind == "c" and not self.is_complex and self.name != "bool":
            values = values.real
        if values.dtype != self.array:
            if self.name == "bool":
                values = values != 0
            else:
                if self.name == "float16" and values.dtype.char == "d":
                    values = values.astype(np.float32)
                values = values.astype(self.array)
        return round_bfloat16(values) if self.name == "bfloat16" else values


def round_bfloat16(values: Array) -> Array:
    """float32 `values` rounded to nearest even to the 8 significant bits of bfloat16."""
    values = np.asarray(values, np.float32)
    bits = values.view(np.uint32)
    rounded = (bits + (0x7FFF + ((bits >> 16) & 1)).astype(np.uint32)) & np.uint32(0xFFFF0000)
    rounded = np.where(np.isnan(values), np.uint32(0x7FC00000), rounded)
    return rounded.astype(np.uint32).view(np.float32)[()]


bool_ = DType("bool", "bool", BOOL, "Bool", 1)
uint8 = DType("uint8", "uint8", INTEGER, "Byte", 1)
int8 = DType("int8", "int8", INTEGER, "Char", 1)
int16 = DType("int16", "int16", INTEGER, "Short", 2)
int32 = DType("int32", "int32", INTEGER, "Int", 4)
int64 = DType("int64", "int64", INTEGER, "Long", 8)
uint16 = DType("uint16", "uint16", INTEGER, "UInt16", 2)
uint32 = DType("uint32", "uint32", INTEGER, "UInt32", 4)
uint64 = DType("uint64", "uint64", INTEGER, "UInt64", 8)
float16 = DType("float16", "float16", FLOATING, "Half", 2)
bfloat16 = DType("bfloat16", "float32", FLOATING, "BFloat16", 2)
float32 = DType("float32", "float32", FLOATING, "Float", 4)
float64 = DType("float64", "float64", FLOATING, "Double", 8)
complex64 = DType("complex64", "complex64", COMPLEX, "ComplexFloat", 8)
complex128 = DType("complex128", "complex128", COMPLEX, "ComplexDouble", 16)

ALL = (
    bool_,
    uint8,
    int8,
    int16,
    int32,
    int64,
    uint16,
    uint32,
    uint64,
    float16,
    bfloat16,
    float32,
    float64,
    complex64,
    complex128,
)

_LEGACY = (uint8, int8, int16, int32, int64, float16, float32, float64)

# Every name that a program can use for a dtype, as attributes of `torch`.
NAMES: dict[str, DType] = {dtype.name: dtype for dtype in ALL} | {
    "half": float16,
    "float": float32,
    "double": float64,
    "short": int16,
    "int": int32,
    "long": int64,
    "cfloat": complex64,
    "cdouble": complex128,
}

# Python's types where PyTorch takes a dtype: `dtype=float` is float64.
PYTHON: dict[type, DType] = {bool: bool_, int: int64, float: float64, complex: complex128}

FROM_ARRAY: dict[np.dtype[Any], DType] = {
    dtype.array: dtype for dtype in ALL if dtype is not bfloat16
}


class _Default:
    """The default floating type, `torch.get_default_dtype()`."""

    __slots__ = ("dtype",)

    def __init__(self) -> None:
        self.dtype = float32


default = _Default()


def python_number(value: Any) -> Any:
    """The Python number that a number counts as in an operation; None where it is no number.

    Of NumPy's scalars integers count as int and complex128 as complex; all others, bool_ and
    complex64 among them, count as float.
    """
    kind = type(value)
    if kind is float or kind is int or kind is bool or kind is complex:
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, complex):
        return complex(value)
    if isinstance(value, float | np.number | np.bool_):
        return float(value.real)
    return None


def of_number(value: complex) -> DType:
    """The dtype that a Python number alone becomes."""
    kind = type(value)
    if kind is float:
        return default.dtype
    if kind is bool:
        return bool_
    if kind is int:
        return int64
    return default.dtype.to_complex()


def type_name(value: Any) -> str:
    """The name of a value's type as PyTorch's messages have it."""
    kind = type(value)
    if kind is DType:
        return "torch.dtype"
    if kind.__module__ in ("numpy", "torch.return_types"):
        return f"{kind.__module__}.{kind.__name__}"
    meta = getattr(value, "meta", None)  # a parameter is a tensor with a mark
    return "Parameter" if getattr(meta, "kind", "") == "Parameter" else kind.__name__


def typename(value: Any) -> str:
    """The name of a value's type with its module, as `torch.typename` has it.

    A class, and a function of a program, is called by its own name.
    """
    kind = type(value)
    dtype = getattr(value, "dtype", None)
    if kind.__name__ == "Tensor" and isinstance(dtype, DType):
        return dtype.tensor_name
    module = getattr(value, "__module__", None) or "builtins"
    name = getattr(value, "__qualname__", None)
    if not isinstance(name, str) or module.startswith("gradcli."):
        module, name = kind.__module__, kind.__qualname__
    return name if module == "builtins" else f"{module}.{name}"


WIDE_UNSIGNED = (uint16, uint32, uint64)  # they only promote to floating types


def promote(a: DType, b: DType) -> DType:
    """The smallest type both fit into (`torch.promote_types`)."""
    if a is b:
        return a
    for one, other in ((a, b), (b, a)):
        if one in WIDE_UNSIGNED and other.category != FLOATING:
            raise RuntimeError(
                "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
                f"{a.scalar_name} and {b.scalar_name}"
            )
    if a.category > b.category:
        a, b = b, a  # b has the higher category
    if a.category != b.category:
        if b.is_complex and a is float64:
            return complex128
        return b
    if a.category == INTEGER:
        if uint8 in (a, b):
            other = b if a is uint8 else a
            return int16 if other is int8 else other
    elif a.category == FLOATING and a.itemsize == b.itemsize:
        return float32  # float16 with bfloat16
    return a if a.itemsize > b.itemsize else b


def result_type(
    dimensioned: Iterable[DType], zero_dim: Iterable[DType], numbers: Iterable[DType]
) -> DType:
    """PyTorch's promotion: tensors with dimensions win over those without, over numbers.

    A lower class of operand raises the result only if its category (bool, integer, floating,
    complex) is higher.
    """
    result: DType | None = None
    for group in (dimensioned, zero_dim, numbers):
        lower: DType | None = None
        for dtype in group:
            lower = dtype if lower is None else promote(lower, dtype)
        if lower is not None:
            result = lower if result is None else _combine(result, lower)
    if result is None:
        raise RuntimeError("result_type needs at least one operand")
    return result


def _combine(higher: DType, lower: DType) -> DType:
    if lower.category <= higher.category:
        return higher
    if lower.is_complex:
        return higher.to_complex() if higher.is_floating_point else lower
    return promote(higher, lower)


def can_cast(source: DType, target: DType) -> bool:
    """Whether a result of type `source` may be written into a tensor of type `target`."""
    return source.category <= target.category


# The C++ names of element types in messages.
_C_NAMES = {
    "bool": "bool",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}


def c_name(dtype: DType) -> str:
    """The C++ name of an element type, as some messages have it."""
    return _C_NAMES[dtype.name]


def fixed_width_name(dtype: DType) -> str:
    """The C++ name of an element type in messages about numbers that do not fit: `int64_t`."""
    if dtype.category == INTEGER and dtype is not int32:
        return f"{dtype.name}_t"
    return _C_NAMES[dtype.name]


def unsupported(kernel: str, dtype: DType) -> NotImplementedError:
    """The refusal of a dtype that a kernel of PyTorch does not have."""
    return NotImplementedError(f"\"{kernel}\" not implemented for '{dtype.scalar_name}'")

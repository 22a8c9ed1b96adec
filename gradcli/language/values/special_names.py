"""The double-underscore names that programs may define and read."""

from __future__ import annotations

# What a program may write as an attribute or define in a class among Python's special names.
METHODS = frozenset(
    [
        "__init__",
        "__call__",
        "__repr__",
        "__str__",
        "__len__",
        "__getitem__",
        "__getitems__",
        "__setitem__",
        "__delitem__",
        "__iter__",
        "__next__",
        "__contains__",
        "__enter__",
        "__exit__",
        "__bool__",
        "__int__",
        "__float__",
        "__complex__",
        "__index__",
        "__round__",
        "__abs__",
        "__neg__",
        "__pos__",
        "__invert__",
        "__add__",
        "__radd__",
        "__iadd__",
        "__sub__",
        "__rsub__",
        "__isub__",
        "__mul__",
        "__rmul__",
        "__imul__",
        "__truediv__",
        "__rtruediv__",
        "__itruediv__",
        "__floordiv__",
        "__rfloordiv__",
        "__ifloordiv__",
        "__mod__",
        "__rmod__",
        "__imod__",
        "__pow__",
        "__rpow__",
        "__ipow__",
        "__matmul__",
        "__rmatmul__",
        "__imatmul__",
        "__divmod__",
        "__rdivmod__",
        "__and__",
        "__rand__",
        "__iand__",
        "__or__",
        "__ror__",
        "__ior__",
        "__xor__",
        "__rxor__",
        "__ixor__",
        "__lshift__",
        "__rlshift__",
        "__ilshift__",
        "__rshift__",
        "__rrshift__",
        "__irshift__",
        "__eq__",
        "__ne__",
        "__lt__",
        "__le__",
        "__gt__",
        "__ge__",
        "__hash__",
        "__format__",
        "__reversed__",
        "__trunc__",
        "__floor__",
        "__ceil__",
        "__getattr__",
        "__setattr__",
        "__delattr__",
        "__copy__",
        "__deepcopy__",
        "__missing__",
        "__post_init__",
        "__setstate__",
    ]
)

# Those of them that only a program's own attribute access calls, never the host's.
LOOKUPS = ("__getattr__", "__setattr__", "__delattr__")


# What the author of a file says of it, in names that mean nothing to the language.
DESCRIBING = frozenset(
    [
        "__all__",
        "__author__",
        "__contact__",
        "__copyright__",
        "__credits__",
        "__date__",
        "__email__",
        "__license__",
        "__maintainer__",
        "__status__",
        "__version__",
    ]
)

READABLE = METHODS | {"__name__", "__doc__", "__version__", "__qualname__", "__dict__"}


def is_special(name: str) -> bool:
    """Whether Python reserves the name: `__x__`."""
    return len(name) > 4 and name.startswith("__") and name.endswith("__")

"""The module `typing`: names that annotate and mean nothing at run time."""

from __future__ import annotations

from typing import Any

from gradcli.language.machine.sizes import FLAT
from gradcli.language.machine.state import feed
from gradcli.language.values.attributes import MISSING, Module
from gradcli.language.values.classes import special_method
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.functions import Builtin, Function
from gradcli.language.values.special_names import is_special
from gradcli.language.values.text import text

from .annotations import INSTANCES, Annotation
from .collections import make_named_tuple


class NamedTupleName(Builtin):
    """`typing.NamedTuple`: a function, and a base whose derived classes are named tuples."""

    def class_of(self, name: str, namespace: dict[str, Any]) -> type:
        """The class of a class statement with this base."""
        fields = namespace.pop("__annotations__", {})
        defaults = []
        for field in fields:
            value = namespace.pop(field, MISSING)
            if value is not MISSING:
                defaults.append(value)
            elif defaults:
                raise TypeError(f"Non-default namedtuple field {field} cannot follow default field")
        made: type = make_named_tuple(
            name, list(fields), defaults=defaults, members=_methods(namespace)
        )
        made.__doc__ = namespace["__doc__"]
        return made


def _methods(namespace: dict[str, Any]) -> dict[str, Any]:
    return {
        name: special_method(value) if is_special(name) else value
        for name, value in namespace.items()
        if not is_special(name) or type(value) is Function
    }


def _named_tuple(typename: Any, fields: Any = (), /) -> Any:
    return make_named_tuple(typename, [next(iter(feed(field))) for field in feed(fields)])


class TypedDictName(Builtin):
    """`typing.TypedDict`: classes that derive from it make dictionaries."""

    def class_of(self, name: str, namespace: dict[str, Any]) -> Any:
        """What stands for the class of a class statement with this base."""
        return TypedDictName(name, self.call, "class", "__main__")


for _kind in (NamedTupleName, TypedDictName):
    _kind.__name__ = _kind.__qualname__ = Builtin.__name__
    FLAT.add(_kind)


def _new_type(name: Any, tp: Any, /) -> Any:
    return Builtin(text(name), lambda value, /: value, "class", "__main__")


def _type_variable(name: Any, /, *constraints: Any, **options: Any) -> Annotation:
    return Annotation(f"~{text(name)}")


_NAMES = """
AbstractSet Annotated Any AnyStr AsyncIterator Awaitable ByteString Callable ClassVar Collection
Concatenate Container Coroutine Counter DefaultDict Deque Dict Final FrozenSet Generator Generic
Hashable ItemsView Iterable Iterator KeysView List Literal LiteralString Mapping MutableMapping
MutableSequence MutableSet Never NoReturn NotRequired Optional OrderedDict Protocol Required
Reversible Self Sequence Set Sized SupportsAbs SupportsFloat SupportsIndex SupportsInt Text
Tuple Type TypeAlias TypeGuard Union Unpack ValuesView
"""


def _same(value: Any, /) -> Any:
    return value


def module() -> Module:
    """The module `typing`."""
    entries: dict[str, Any] = {
        name: Annotation(f"typing.{name}", INSTANCES.get(name)) for name in _NAMES.split()
    }
    entries |= {
        "TYPE_CHECKING": False,
        "TypeVar": _type_variable,
        "ParamSpec": _type_variable,
        "cast": lambda typ, val: val,
        "final": _same,
        "overload": _same,
        "no_type_check": _same,
        "runtime_checkable": _same,
        "NewType": _new_type,
        "NamedTuple": NamedTupleName("NamedTuple", _named_tuple),
        "TypedDict": TypedDictName("TypedDict", dict_of, "class", "typing"),
    }
    return Module("typing", entries)


def dict_of(*args: Any, **kwargs: Any) -> Any:
    """`dict(…)`."""
    return callable_value(dict)(*args, **kwargs)

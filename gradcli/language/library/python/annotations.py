"""What annotates in programs, and means nothing at run time: names of `typing` and their like."""

from __future__ import annotations

import collections.abc as host
from typing import Any

from gradcli.language.machine.sizes import FLAT
from gradcli.language.machine.state import machine
from gradcli.language.values.classes import ProgramClass, register
from gradcli.language.values.constructors import callable_value
from gradcli.language.values.text import text_repr


class Annotation:
    """A name of `typing`: it can be subscripted and joined, and means nothing at run time.

    `instances` is what `isinstance` asks for, and `origin` what a call runs, where there is one.
    """

    __module__ = "typing"
    __slots__ = ("instances", "origin", "text")

    def __init__(self, text: str, instances: type | None = None, origin: Any = None) -> None:
        self.text = text if len(text) < _LONGEST else f"{text[:_LONGEST]}..."
        self.instances = instances
        self.origin = origin

    def __getitem__(self, item: Any) -> Annotation:
        items = item if isinstance(item, tuple) and item else (item,)
        machine.spend(len(items))
        shown = text_repr if self.text == "typing.Literal" else _annotated
        texts = [shown(part) for part in items[:_LONGEST]]
        if self.text == "typing.Union" and "None" in texts and len(texts) > 1:
            others = [text for text in texts if text != "None"]
            if len(others) == 1:
                return Annotation(f"typing.Optional[{others[0]}]")
        elif self.text == "typing.Callable" and isinstance(items[0], list):
            texts[0] = f"[{', '.join(map(_annotated, items[0][:_LONGEST]))}]"
        return Annotation(f"{self.text}[{', '.join(texts)}]", origin=self.origin)

    def __or__(self, other: Any) -> Annotation:
        return Annotation(f"{self.text} | {_annotated(other)}")

    def __ror__(self, other: Any) -> Annotation:
        return Annotation(f"{_annotated(other)} | {self.text}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.origin is None:
            raise TypeError(f"{self.text} cannot be called here")
        return self.origin(*args, **kwargs)

    def __repr__(self) -> str:
        return self.text

    def bases_for(self) -> tuple[Any, ...]:
        """The classes that stand for it among the bases of a class."""
        if self.text.partition("[")[0] in ("typing.Generic", "typing.Protocol"):
            return (GENERIC,)
        if self.origin is not None:
            return (self.origin,)
        raise TypeError(f"a class cannot derive from {self.text}")


FLAT.add(Annotation)

_LONGEST = 1000  # characters of an annotation that are kept


def subscripted(kind: type, item: Any) -> Annotation:
    """`list[int]` or `Stack[int]`: something for annotations, which still makes objects."""
    own = kind.__module__ == "builtins"
    name = kind.__qualname__ if own else f"{kind.__module__}.{kind.__qualname__}"
    return Annotation(name, origin=callable_value(kind))[item]


GENERIC = ProgramClass(
    "Generic", (), {"__module__": "typing", "__class_getitem__": classmethod(subscripted)}
)
register(GENERIC)


def _annotated(value: Any) -> str:
    """The text of one part of an annotation."""
    if value is None:
        return "None"
    if value is ...:
        return "..."
    if isinstance(value, type):
        module = value.__module__
        return value.__qualname__ if module == "builtins" else f"{module}.{value.__qualname__}"
    if isinstance(value, str):
        return f"ForwardRef({value[:_LONGEST]!r})"
    return text_repr(value)[: _LONGEST + 3]


INSTANCES: dict[str, type] = {
    "Callable": host.Callable,  # type: ignore[dict-item]
    "Collection": host.Collection,
    "Container": host.Container,
    "Dict": dict,
    "FrozenSet": frozenset,
    "Generator": host.Generator,
    "Hashable": host.Hashable,
    "Iterable": host.Iterable,
    "Iterator": host.Iterator,
    "List": list,
    "Mapping": host.Mapping,
    "MutableMapping": host.MutableMapping,
    "MutableSequence": host.MutableSequence,
    "Sequence": host.Sequence,
    "Set": set,
    "Sized": host.Sized,
    "Tuple": tuple,
}
ABSTRACT = (
    "Callable Collection Container Generator Hashable Iterable Iterator Mapping MutableMapping "
    "MutableSequence Sequence Sized"
)


def abstract_names() -> dict[str, Any]:
    """The names of `collections.abc`."""
    names = {}
    for name in ABSTRACT.split():
        names[name] = Annotation(f"collections.abc.{name}", INSTANCES[name])
    return names

"""The module `typing`: names that annotate and mean nothing at run time."""

from __future__ import annotations

from typing import Any

from gradcli.language.machine.sizes import FLAT
from gradcli.language.machine.state import machine
from gradcli.language.values.attributes import Module
from gradcli.language.values.text import text, text_repr


class Annotation:
    """A name of `typing`: it can be subscripted and joined, and means nothing at run time."""

    __module__ = "typing"
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text if len(text) < _LONGEST else f"{text[:_LONGEST]}..."

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
        return Annotation(f"{self.text}[{', '.join(texts)}]")

    def __or__(self, other: Any) -> Annotation:
        return Annotation(f"{self.text} | {_annotated(other)}")

    def __ror__(self, other: Any) -> Annotation:
        return Annotation(f"{_annotated(other)} | {self.text}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(f"{self.text} cannot be called here")

    def __repr__(self) -> str:
        return self.text


FLAT.add(Annotation)

_LONGEST = 1000  # characters of an annotation that are kept


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


def module() -> Module:
    """The module `typing`."""
    names = [
        "Any",
        "Callable",
        "ClassVar",
        "Dict",
        "Final",
        "FrozenSet",
        "Generic",
        "Iterable",
        "Iterator",
        "List",
        "Literal",
        "Mapping",
        "MutableMapping",
        "NoReturn",
        "Optional",
        "Sequence",
        "Set",
        "Tuple",
        "Type",
        "Union",
    ]
    entries: dict[str, Any] = {name: Annotation(f"typing.{name}") for name in names}
    entries["TYPE_CHECKING"] = False
    entries["TypeVar"] = lambda name, *a, **k: Annotation(f"~{text(name)}")
    entries["cast"] = lambda kind, value: value
    return Module("typing", entries)

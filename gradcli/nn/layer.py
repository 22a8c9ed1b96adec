"""Layers that call one function of torch.nn.functional with their settings: a row of data each.

    class ELU(Layer, calls="elu", passes="alpha inplace", shows="alpha={alpha}"):
        def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
            self._keep(alpha=alpha, inplace=inplace)

`calls` is the function, `passes` the attributes that it gets behind the input (with `=` by name),
`shows` the text in the parentheses of `repr`; a layer with `inplace` set says so behind it.
`shapes` says what the call takes and gives. `of` is the namespace of the function, which is
torch itself where PyTorch's layer calls that: the errors differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor.tensor import Tensor
from .functions import F
from .module import Module


class Layer(Module):
    """A module without parameters whose call is one function's.

    What layers of a family pass, and their shapes, may stand at their base.
    """

    _passed = ""
    _shapes = "Apply it to each element."

    def __init_subclass__(
        cls,
        calls: str = "",
        passes: str = "",
        shows: str | None = None,
        shapes: str = "",
        of: Any = F,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        cls._passed = passes or cls._passed
        cls._shapes = shapes or cls._shapes
        if calls:
            cls.forward = method_of(cls, "forward", _forward(of, calls, cls._passed), cls._shapes)  # type: ignore[method-assign]
        if shows is not None:
            cls.extra_repr = method_of(cls, "extra_repr", _text(shows), "The settings.")  # type: ignore[method-assign]

    def _keep(self, **settings: Any) -> None:
        """Start as an empty module with these attributes."""
        Module.__init__(self)
        self.__dict__.update(settings)


def method_of(cls: type, name: str, function: Any, doc: str) -> Any:
    """A function as a method of the class, for errors and help."""
    function.__name__ = name
    function.__qualname__ = f"{cls.__qualname__}.{name}"
    function.__doc__ = doc
    return function


def _forward(of: Any, calls: str, passes: str) -> Callable[[Any, Tensor], Any]:
    words = passes.split()
    placed = [word for word in words if not word.endswith("=")]
    named = [word[:-1] for word in words if word.endswith("=")]

    def forward(self: Any, input: Tensor) -> Any:
        given = {name: getattr(self, name) for name in named}
        return getattr(of, calls)(input, *[getattr(self, name) for name in placed], **given)

    def forward_placed(self: Any, input: Tensor) -> Any:
        return getattr(of, calls)(input, *[getattr(self, name) for name in placed])

    return forward if named else forward_placed


def _text(shows: str) -> Callable[[Any], str]:
    def extra_repr(self: Any) -> str:
        held = self.__dict__
        text = shows.format_map(held)
        if not held.get("inplace") or "{inplace}" in shows:
            return text
        return f"{text}, inplace=True" if text else "inplace=True"

    return extra_repr

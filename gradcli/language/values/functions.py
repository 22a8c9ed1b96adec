"""Functions of a program: objects that Python code can call, too.

A call makes a frame: a list of the module's dict, the chain of calls, the result, then the
parameters, other locals and captured cells in the order the resolver gave them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradcli.language.machine.sizes import FLAT, NAMED, PARTS
from gradcli.language.machine.state import UNBOUND, machine
from gradcli.tensor.runtime import runtime
from gradcli.tensor.sentences import unexpected_keyword

from .identity import address_text

Frame = list[Any]
Closure = Callable[[Frame], Any]


class Signature:
    """The parameters of a function, and Python's errors for calls that do not fit."""

    __slots__ = (
        "kwarg",
        "kwonly",
        "names",
        "places",
        "positional",
        "posonly",
        "simple",
        "vararg",
    )

    def __init__(
        self,
        names: tuple[str, ...],
        posonly: int,
        positional: int,
        vararg: bool,
        kwonly: tuple[str, ...],
        kwarg: bool,
    ) -> None:
        self.names = names  # all parameters in the order of their slots
        self.posonly = posonly
        self.positional = positional
        self.vararg = vararg
        self.kwonly = kwonly
        self.kwarg = kwarg
        self.simple = -1 if vararg or kwonly or kwarg else positional
        self.places = {names[at]: at for at in range(posonly, positional)}  # of keywords
        self.places.update(zip(kwonly, range(positional + vararg, len(names)), strict=False))

    def bind(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The values of all parameters for a call."""
        positional = self.positional
        given = len(args)
        values: list[Any] = list(args[:positional])
        if given < positional:
            values += [UNBOUND] * (positional - given)
        extra: tuple[Any, ...] = args[positional:]
        if self.vararg:
            values.append(extra)
        start = len(values)
        kwonly = self.kwonly
        values += [UNBOUND] * len(kwonly)
        rest: dict[str, Any] = {}
        if kwargs:
            places = self.places
            for name, value in kwargs.items():
                at = places.get(name, -1)
                if at < 0:
                    if self.kwarg:
                        rest[name] = value
                        continue
                    self._unexpected(function, name, kwargs)
                if values[at] is not UNBOUND:
                    raise TypeError(
                        f"{function.__qualname__}() got multiple values for argument '{name}'"
                    )
                values[at] = value
        if extra and not self.vararg:
            self._too_many(function, given, kwargs)
        defaults = function.defaults
        first_default = positional - len(defaults)
        missing = []
        for at in range(given, positional):
            if values[at] is UNBOUND:
                if at < first_default:
                    missing.append(self.names[at])
                else:
                    values[at] = defaults[at - first_default]
        if missing:
            raise TypeError(_missing(function, missing, "positional"))
        for at, name in enumerate(kwonly, start):
            if values[at] is UNBOUND:
                if name not in function.kwdefaults:
                    missing.append(name)
                else:
                    values[at] = function.kwdefaults[name]
        if missing:
            raise TypeError(_missing(function, missing, "keyword-only"))
        if self.kwarg:
            values.append(rest)
        return values

    def _unexpected(self, function: Function, name: str, kwargs: dict[str, Any]) -> None:
        positional_only = [n for n in self.names[: self.posonly] if n in kwargs]
        if positional_only:
            raise TypeError(
                f"{function.__qualname__}() got some positional-only arguments passed as keyword "
                f"arguments: '{', '.join(positional_only)}'"
            )
        accepted = (*self.names[self.posonly : self.positional], *self.kwonly)
        error = TypeError(unexpected_keyword(function.__qualname__, name, accepted))
        error.name = name  # type: ignore[attr-defined]
        raise error

    def _too_many(self, function: Function, given: int, kwargs: dict[str, Any]) -> None:
        positional = self.positional
        least = positional - len(function.defaults)
        takes = f"from {least} to {positional}" if least != positional else f"{positional}"
        plural = "" if positional == 1 and least == positional else "s"
        only = sum(name in kwargs for name in self.kwonly)
        were = "was" if given == 1 and not only else "were"
        more = ""
        if only:
            more = (
                f" positional argument{'s' if given != 1 else ''} (and {only} keyword-only "
                f"argument{'s' if only != 1 else ''})"
            )
        raise TypeError(
            f"{function.__qualname__}() takes {takes} positional argument{plural} "
            f"but {given}{more} {were} given"
        )


def _missing(function: Function, names: list[str], kind: str) -> str:
    quoted = [f"'{name}'" for name in names]
    if len(quoted) == 1:
        text = quoted[0]
    elif len(quoted) == 2:
        text = " and ".join(quoted)
    else:
        text = ", ".join(quoted[:-1]) + ", and " + quoted[-1]
    plural = "s" if len(names) > 1 else ""
    return (
        f"{function.__qualname__}() missing {len(names)} required {kind} argument{plural}: {text}"
    )


class Function:
    """A function of a program.

    `run` executes the body in a frame; `tail` is the rest of a frame after the parameters: locals
    without a value, then the captured cells. `simple` is the number of parameters of a function
    that takes nothing but positional ones, otherwise -1.
    """

    __module__ = "builtins"  # as texts name the class
    __slots__ = (
        "__dict__",
        "__weakref__",
        "attributes",
        "code",
        "defaults",
        "globals",
        "kwdefaults",
        "run",
        "signature",
        "simple",
        "tail",
    )

    __name__: str
    __qualname__: str
    attributes: dict[str, Any] | None  # what the program attached
    code: Any

    def __init__(
        self,
        code: Any,
        scope: dict[str, Any],
        defaults: tuple[Any, ...],
        kwdefaults: dict[str, Any],
        tail: tuple[Any, ...],
    ) -> None:
        self.code = code
        self.__name__ = code.name
        self.__qualname__ = code.qualname
        self.__doc__ = code.doc
        self.__module__ = "__main__"
        self.attributes = None
        self.run: Closure = code.run
        self.signature: Signature = code.signature
        self.simple: int = code.signature.simple
        self.globals = scope
        self.defaults = defaults
        self.kwdefaults = kwdefaults
        self.tail = tail

    @property
    def __signature__(self) -> Any:
        """What `inspect.signature` answers for the function."""
        import inspect

        signature = self.signature
        kinds: Any = inspect.Parameter
        parameters = []
        first_default = signature.positional - len(self.defaults)
        for at, name in enumerate(signature.names):
            default = inspect.Parameter.empty
            if at < signature.positional:
                early = at < signature.posonly
                kind = kinds.POSITIONAL_ONLY if early else kinds.POSITIONAL_OR_KEYWORD
                if at >= first_default:
                    default = self.defaults[at - first_default]
            elif name in signature.kwonly:
                kind = kinds.KEYWORD_ONLY
                default = self.kwdefaults.get(name, default)
            elif signature.vararg and at == signature.positional:
                kind = kinds.VAR_POSITIONAL
            else:
                kind = kinds.VAR_KEYWORD
            parameters.append(inspect.Parameter(name, kind, default=default))
        return inspect.Signature(parameters)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        where = runtime.where
        base = machine.known.get(where)
        if base is None:
            base = machine.known[where] = machine.new_chain(where)
        if len(args) == self.simple and not kwargs:
            frame = [self.globals, base, None, *args, *self.tail]
        else:
            values = self.signature.bind(self, args, kwargs)
            frame = [self.globals, base, None, *values, *self.tail]
        result = self.run(frame)
        runtime.where = where
        return result

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else Method(self, instance)

    def __repr__(self) -> str:
        return f"<function {self.__qualname__} at {address_text(self)}>"


class Method:
    """A function bound to its first argument."""

    __module__ = "builtins"  # as texts name the class
    __slots__ = ("__func__", "__self__")

    def __init__(self, function: Any, instance: Any) -> None:
        self.__func__ = function
        self.__self__ = instance

    @property
    def __name__(self) -> str:
        return str(self.__func__.__name__)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__func__(self.__self__, *args, **kwargs)

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is Method
            and self.__self__ is other.__self__
            and self.__func__ is other.__func__
        )

    def __hash__(self) -> int:
        return hash((id(self.__self__), id(self.__func__)))

    def __repr__(self) -> str:
        name = getattr(self.__func__, "__qualname__", "?")
        return f"<bound method {name} of {self.__self__!r}>"


class Builtin:
    """A function that gradcli provides under a Python name.

    One that stands for a class has the classes of its objects in `instances`, and what can be read
    of it in `entries`.
    """

    __module__ = "builtins"  # as texts name the class
    __slots__ = ("__dict__", "call", "entries", "instances", "kind", "module")

    def __init__(
        self, name: str, call: Callable[..., Any], kind: str = "function", module: str = ""
    ) -> None:
        self.__name__ = self.__qualname__ = name
        self.call = call
        self.kind = kind
        self.module = module
        self.instances: type | tuple[type, ...] | None = None
        self.entries: dict[str, Any] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)

    def __repr__(self) -> str:
        if self.kind == "class":
            return f"<class '{self.module + '.' if self.module else ''}{self.__name__}'>"
        return f"<built-in function {self.__name__}>"


Function.__name__ = Function.__qualname__ = "function"
Method.__name__ = Method.__qualname__ = "method"  # type: ignore[assignment]
Builtin.__name__ = Builtin.__qualname__ = "builtin_function_or_method"

PARTS[Method] = lambda value: (value.__self__, value.__func__)
FLAT.update((Function, Builtin))
NAMED.update((Function, Builtin))

"""`id`, `hash` and the text of objects, without the addresses that Python puts there.

What a program sees of an address is moved by a secret of the process (`tensor.memory.shown`):
equality and differences stay true, and nothing tells where the process keeps what.
"""

from __future__ import annotations

import os
import re
from collections import deque
from types import BuiltinFunctionType, MethodType
from typing import Any

import numpy as np

from gradcli.autograd.node import Node
from gradcli.tensor.memory import SHOWN, shown
from gradcli.tensor.tensor import Tensor

_VALUES = (int, float, complex, str, np.number, np.bool_)  # whose hash is that of their value
_FLAT = frozenset((int, float, bool, str, complex, type(None), Tensor, range, type))
_CONTAINERS = (list, tuple, dict, set, frozenset, deque, BaseException)
_ADDRESS = re.compile(r"\b0x[0-9a-f]{7,}\b")


def id_of(value: Any, /) -> int:
    """`id(value)`, moved."""
    return shown(id(value))


def _is_value(value: Any) -> bool:
    if isinstance(value, tuple | frozenset):
        return all(map(_is_value, value))
    return isinstance(value, _VALUES)


def hash_of(value: Any, /) -> int:
    """`hash(value)`; of what has no value but an identity, a number that keeps equality only."""
    if type(value) is Tensor:
        return id_of(value)
    if not any("__hash__" in vars(base) for base in type(value).__mro__[:-1]):
        return object_hash(value)
    found = hash(value)
    return found if _is_value(value) else hash((_secret_number(), found))


_number = 0


def _secret_number() -> int:
    global _number
    if not _number:
        import os

        _number = int.from_bytes(os.urandom(8), "little") | 1
    return _number


def address_text(value: Any) -> str:
    """The address of an object as Python's texts show one."""
    return f"{id_of(value):#x}"


def object_repr(self: Any) -> str:
    """Python's text of an object whose class has none."""
    kind = type(self)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return f"<{module}{kind.__qualname__} object at {address_text(self)}>"


def object_hash(self: Any) -> int:
    """The hash of an object whose class has none."""
    return hash((_secret_number(), id(self)))


# The names that Python's errors and texts use.
object_repr.__name__ = object_repr.__qualname__ = "__repr__"
object_hash.__name__ = object_hash.__qualname__ = "__hash__"


def hidden(text: str, value: Any) -> str:
    """`text`, which Python made of `value`, without addresses.

    A text that the program made itself, or that holds nothing but its strings, stays as it is.
    """
    if "0x" not in text:
        return text
    own = _foreign(value)
    if not own:
        return text

    def moved(match: re.Match[str]) -> str:
        known = own.get(int(match[0], 16))
        if known is None:  # of something inside: one-way, for the text may be the program's
            return _one_way(match)
        return f"{known:#x}"

    return _ADDRESS.sub(moved, text)


def clean_error(error: BaseException) -> None:
    """Take addresses out of the sentences of an error that Python or a library of ours raised.

    NumPy's sentences about what a tensor cannot be are said in PyTorch's words or ours. What a
    `raise` statement raised has the program's own sentences, and keeps them.
    """
    if _raised_by_program(error):
        return
    if any(type(part) is str and "Node" in part for part in error.args):
        _name_nodes(error)
    if type(error) in (ValueError, IndexError, OverflowError) and in_core(error):
        error.args = tuple(restated(part) if type(part) is str else part for part in error.args)
    if any(type(part) is str and ("0x" in part or "0X" in part) for part in error.args):
        error.args = tuple(
            _ANY_CASE.sub(_one_way, part) if type(part) is str else part for part in error.args
        )


def _name_nodes(error: BaseException) -> None:
    """Say `MulBackward0` for our class of nodes, which Python's sentences name.

    The nodes are what the functions had at hand that raised, the innermost first.
    """
    found: list[Node] = []
    trace = error.__traceback__
    while trace is not None:
        held = list(trace.tb_frame.f_locals.values())
        for value in held[:]:
            if type(value) in (list, tuple):
                held += value[:9]
        found = [value for value in held if isinstance(value, Node)] or found
        trace = trace.tb_next
    titles = {
        type(node).__name__: [n.title for n in found if type(n) is type(node)] for node in found
    }

    def title(match: re.Match[str]) -> str:
        names = titles.get(match[0])
        if not names:
            return match[0]
        return names.pop(0) if len(names) > 1 else names[0]

    error.args = tuple(
        re.sub(r"\b\w*Node\b", title, part) if type(part) is str else part for part in error.args
    )


def in_core(error: BaseException) -> bool:
    """Whether an error comes out of the computing of tensors, not out of the language itself."""
    floor = ""
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_PACKAGE):
            floor = file[len(_PACKAGE) :].partition(os.sep)[0]
        trace = trace.tb_next
    return floor not in ("", "language")


def restated(sentence: str) -> str:
    """NumPy's sentence in PyTorch's words, or in ours where PyTorch has no such limit."""
    for pattern, words in _RESTATED:
        match = re.match(pattern, sentence)
        if match is not None:
            return match.expand(words)
    return sentence


_PACKAGE = __file__.rpartition(f"language{os.sep}")[0]
_RESTATED = (
    (
        r"maximum supported dimension for an ndarray is currently (\d+), found (\d+)",
        r"a tensor has at most \1 dimensions here, not \2",
    ),
    (r"ndmin must be <= ndmax \((\d+)\)", r"a tensor has at most \1 dimensions here"),
    (
        r"array is too big; |Maximum allowed (?:dimension|size) exceeded",
        "numel: integer multiplication overflow",
    ),
    (
        r"Python int too large to convert to C (?:ssize_t|long|int)",
        "value cannot be converted to type int64_t without overflow",
    ),
    (
        r"index (-?\d+) is out of bounds for axis (\d+) with size (\d+)",
        r"index \1 is out of bounds for dimension \2 with size \3",
    ),
)


def _raised_by_program(error: BaseException) -> bool:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    code = None if trace is None else trace.tb_frame.f_code
    return code is not None and code.co_filename == _RAISING and code.co_name in _RAISE


_RAISING = f"{__file__.rpartition('/')[0].rpartition('/')[0]}/compile/exceptions.py"
_RAISE = ("throw", "again")  # the closures of `raise`
_ANY_CASE = re.compile(_ADDRESS.pattern, re.IGNORECASE)


def _one_way(match: re.Match[str]) -> str:
    number = int(match[0], 16)
    if number >= SHOWN:
        return match[0]
    return f"{SHOWN | (hash((_secret_number(), number)) & (SHOWN - 16)):#x}"


def _foreign(value: Any) -> dict[int, int]:
    """The addresses of what Python or a library of ours gives a text with an address."""
    found: dict[int, int] = {}
    seen: set[int] = set()  # containers, which may be in themselves and in one another many times
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if type(value) in _FLAT:
            continue
        if isinstance(value, _CONTAINERS):
            if id(value) not in seen:
                seen.add(id(value))
                waiting += value.args if isinstance(value, BaseException) else value
                if isinstance(value, dict):
                    waiting += value.values()
        elif type(value).__module__ != "__main__":
            found[id(value)] = shown(id(value))
            if isinstance(value, MethodType | BuiltinFunctionType):
                found[id(value.__self__)] = shown(id(value.__self__))
    return found

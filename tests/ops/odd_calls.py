"""Calls that nobody would write: arguments of wrong shapes, dtypes, ranks, kinds and numbers.

They are texts, so that PyTorch and gradcli can be given the same ones: `recipes` draws them from
the table, the same for the same seed, and `answer` runs one.
"""

from __future__ import annotations

import dis
import random
import re
import warnings
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from gradcli.table.lookup import get_op
from gradcli.table.names import FUNCTIONS, OPERATIONS
from gradcli.table.public.plain_functions import get_function
from gradcli.table.schema import REQUIRED, Parameter
from gradcli.tensor.runtime import LimitExceeded

ROUNDS = 15  # of some 1,400 overloads

# What the texts call their values. Made anew for each call, since a method may write.
VALUES = """
s = torch.tensor(1.5)
v = torch.tensor([0.5, 2., -1.])
v4 = torch.tensor([1., 2., 3., 4.])
m = torch.tensor([[1., 2., 3.], [4., 5., 7.]])
q = torch.tensor([[2., 1., 0.], [0.5, 3., 1.], [1., 0., 4.]])
b = torch.arange(24.).reshape(2, 3, 4) / 7
w = torch.arange(48.).reshape(1, 2, 4, 6) / 9
e = torch.zeros(0)
e3 = torch.zeros(0, 3)
n = torch.tensor(2)
i = torch.tensor([0, 2, 1])
j = torch.tensor([[0, 1, 5], [1, -4, 0]])
k = torch.tensor([True, False, True])
u = torch.tensor([1, 2, 3], dtype=torch.uint8)
d = torch.tensor([1., 2., 3.], dtype=torch.float64)
h = torch.tensor([1., 2., 3.], dtype=torch.float16)
c = torch.tensor([1 + 2j, 3 - 1j, 0.5j])
x = torch.tensor([1., -2., 3.], requires_grad=True)
"""

TENSORS = [
    "s",
    "v",
    "v4",
    "m",
    "q",
    "b",
    "w",
    "e",
    "e3",
    "n",
    "i",
    "j",
    "k",
    "u",
    "d",
    "h",
    "c",
    "x",
]
PLAIN = [
    "0",
    "1",
    "-1",
    "2",
    "3",
    "5",
    "-7",
    "1.5",
    "True",
    "None",
    "'a'",
    "'mean'",
    "'sum'",
    "'none'",
    "1j",
    "[1,2]",
    "(0,1)",
    "[0]",
    "[]",
    "[1.5]",
    "(0,-1)",
    "{}",
    "[[1],[2]]",
    "(2,3)",
    "(3,2,1)",
    "torch.float32",
    "torch.int64",
    "torch.float64",
    "float('nan')",
    "float('inf')",
    "[v,v]",
    "[m,v]",
    "[v,i]",
    "(q,q)",
    "[1,None]",
    "[None]",
    "'cpu'",
    "slice(1)",
    "999",
    "-2**63",
]
OF_KIND = {
    "Tensor": TENSORS,
    "Tensor[]": [
        "[v,v]",
        "[m,v]",
        "[v,i]",
        "(q,q)",
        "[m,m]",
        "[]",
        "[s]",
        "[e,v]",
        "v",
        "[b,b]",
        "[1,2]",
        "[v,None]",
        "[m,b]",
    ],
    "int": ["0", "1", "2", "3", "5", "-1", "-7", "1.5", "True", "n", "s", "999"],
    "int[]": [
        "1",
        "2",
        "[1]",
        "[2,2]",
        "(3,3)",
        "[1,2,3]",
        "[]",
        "[-1]",
        "[0]",
        "(0,1)",
        "[1.5]",
        "i",
        "[2,3,4,5]",
        "[2,-1]",
    ],
    "Dim": ["0", "1", "-1", "2", "-2", "3", "-4", "5", "1.0", "True", "n"],
    "Dim[]": ["0", "1", "-1", "(0,1)", "[0,0]", "[0,2]", "[]", "(0,-3)", "5", "[1.0]"],
    "float": ["0.5", "0", "1", "-1.0", "2", "s", "float('nan')", "True"],
    "Number": ["0.5", "0", "1", "-2", "2.5", "1j", "True", "s", "n", "v"],
    "Scalar": ["0.5", "0", "1", "-2", "2.5", "1j", "True", "s", "n"],
    "bool": ["True", "False", "1", "0", "None", "k"],
    "str": ["'mean'", "'sum'", "'none'", "'a'", "'ij,jk->ik'", "'reflect'", "'prod'", "''", "1"],
    "DType": [
        "torch.float32",
        "torch.float64",
        "torch.int64",
        "torch.bool",
        "torch.complex64",
        "float",
        "'f'",
    ],
}


def recipes(rounds: int = ROUNDS) -> Iterator[str]:
    """So many calls of every overload of the public functions and methods of the table.

    Each overload has a stream of its own, so that new names leave the calls of others alone.
    """
    for table, find in ((OPERATIONS, get_op), (FUNCTIONS, get_function)):
        for space in sorted(table.public):
            for name in sorted(table.all(space)):
                for identifier in table.ids(space, name):
                    draw = random.Random(f"{space} {name} {identifier}")
                    for _ in range(rounds):
                        yield _call(draw, space, name, find(identifier).parameters)


def _call(draw: random.Random, space: str, name: str, parameters: Sequence[Parameter]) -> str:
    words = []
    named = False
    for place, parameter in enumerate(parameters):
        required = parameter.default is REQUIRED
        kind = parameter.kind + ("[]" if parameter.is_list else "")
        if not required and draw.random() < 0.6:
            named = True
            continue
        if required and draw.random() < 0.02:
            continue
        pool = OF_KIND.get(kind) or OF_KIND.get(kind.removesuffix("[]"), PLAIN)
        if draw.random() < 0.12:
            pool = draw.choice((PLAIN, TENSORS))
        value = draw.choice(pool)
        if space == "Tensor" and place == 0:
            words.append(value if pool is TENSORS else draw.choice(TENSORS))
        elif named or parameter.keyword_only or draw.random() < 0.1:
            named = True
            words.append(f"{parameter.name}={value}")
        else:
            words.append(value)
    if draw.random() < 0.03:
        more = draw.choice(("nope=1", "dim=0", "out=v", "dtype=torch.float64", "keepdim=1"))
        if not any(word.startswith(more.partition("=")[0] + "=") for word in words):
            words.append(more)
    if space == "Tensor":
        receiver = words.pop(0) if words and words[0] in TENSORS else "m"
        return f"{receiver}.{name}({', '.join(words)})"
    path = {"torch": "torch", "F": "torch.nn.functional"}.get(space, f"torch.{space}")
    return f"{path}.{name}({', '.join(words)})"


_VARIES = (
    (re.compile(r"0x[0-9a-f]{6,}"), "0x…"),
    (re.compile(r"\b\d{12,15}\b"), "…"),
)


def answer(torch: Any, text: str) -> tuple[str | None, BaseException | None]:
    """The words of the error that a call raises, and the error; None for a call that works."""
    torch.manual_seed(0)
    names: dict[str, Any] = {"torch": torch}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(VALUES, names)
        try:
            result = eval(text, names)
            for item in result if isinstance(result, tuple | list) else (result,):
                if getattr(item, "requires_grad", False):
                    torch.autograd.grad(item.sum(), names["x"], allow_unused=True)
                    break
        except (Exception, LimitExceeded) as error:
            words = f"{type(error).__name__}: {error}"
            for pattern, word in _VARIES:
                words = pattern.sub(word, words)
            return words, error
    return None, None


def raised_by_hand(error: BaseException) -> bool:
    """Whether a `raise` statement outside NumPy made the error.

    What the interpreter or NumPy raised by themselves speaks of what went wrong inside, not of the
    call.
    """
    place: TracebackType | None = error.__traceback__
    assert place is not None
    while place.tb_next is not None:
        place = place.tb_next
    code = place.tb_frame.f_code
    if "numpy" in code.co_filename.split("/"):
        return False
    for instruction in dis.get_instructions(code):
        if instruction.offset == place.tb_lasti:
            return instruction.opname in ("RAISE_VARARGS", "RERAISE")
    return False

"""Programs see identities, never where the process keeps things."""

from __future__ import annotations

import re

import pytest
from programs import cpython, run

from gradcli.tensor.memory import SHOWN

MAKE = """import torch, collections, functools, itertools, copy
import numpy as np
class A: pass
class E(Exception): pass
def f(x): return x
def items(): return (i for i in [1])
x = torch.ones(3, requires_grad=True)
y = x.exp()
"""
OBJECTS = [
    "A()",
    "A().__repr__",
    "f",
    "map(f,[1])",
    "filter(f,[1])",
    "zip([1])",
    "iter([1])",
    "iter({1:2})",
    "iter({1})",
    "enumerate([1])",
    "reversed([1])",
    "items()",
    "object()",
    "functools.partial(f,A())",
    "itertools.repeat(A())",
    "itertools.repeat(object())",
    "itertools.chain([1])",
    "itertools.count",
    "y.grad_fn",
    "x.mean",
    "[].append",
    "[].index",
    '"".upper',
    "{}.get",
    "np.zeros(2).sum",
    "np.sum",
    "np.random.default_rng(0)",
    "torch.Generator()",
    "torch.no_grad()",
    "x.untyped_storage()",
    "x.register_hook(f)",
    "torch.relu",
    "torch.vmap(f)",
    "torch.func.grad(f)",
    "property(f)",
    "staticmethod(f)",
    "classmethod(f)",
    "ValueError(f)",
    "E(A())",
    "{1:f}.values()",
    "{f:1}.keys()",
    "{f:1}.items()",
    "collections.deque([f])",
    'collections.namedtuple("P","x")(f)',
    "collections.defaultdict(f)",
    "print",
    "torch",
    "np",
    "functools.lru_cache(f)",
    "y.grad_fn.next_functions",
    "slice(f)",
    "x.retain_grad",
    "int.bit_length",
    "float.fromhex",
    "torch.autograd.graph.get_gradient_edge(y)",
    "copy.copy",
    "A.__repr__",
    "A().__hash__",
    "itertools.cycle([1])",
]
WAYS = ["str({0})", "repr({0})", "ascii({0})", "'%s' % ({0},)", "'%r' % [{0}]", "f'{{{0}}}'",
        "f'{{{0}!r}}'", "'{{}}'.format({0})", "str([{0}])", "repr(({0}, 1))", "str({{1: [{0}]}})",
        "repr(ValueError({0}))", "str(functools.partial(f, {0}))"]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_no_text_shows_an_address(way: str) -> None:
    program = MAKE
    for one in OBJECTS:
        program += f"v = {one}\ntry: print({way.format('v')})\nexcept TypeError: pass\n"
    text, error = run(program)
    assert error == ""
    shown = [int(number, 16) for number in re.findall(r"0x([0-9a-fA-F]+)", text)]
    assert len(shown) > 20
    assert min(shown) >= SHOWN
    assert "gradcli" not in text


def test_texts_of_programs_stay_as_they_are() -> None:
    program = """
class A:
    def __repr__(self):
        return "A at 0x7f0012345678"
print(A(), [A()], "x at 0x7f0012345678", ["x at 0x7f0012345678"], {"0x7f0012345678": A()})
print("%s %r" % ("0x7f0012345678", "0x7f0012345678"), f"{[A(), 1]}", ValueError("0x7f0012345678"))
"""
    assert run(program) == cpython(program)


def test_one_object_has_one_identity() -> None:
    text, error = run(
        MAKE
        + """
a, b = A(), A()
print(id(a) == id(a), id(a) == id(b), hash(a) == hash(a), hash(a) == hash(b))
print(hash(a) == a.__hash__(), hash((a, 1)) == hash((a, 1)), hash((a, 1)) == hash((b, 1)))
print(hex(id(a)) in repr(a), hex(id(a)) in repr([a]), hex(id(f)) in str([f, a]))
print(len({a, a, b, f, f}), {a: 1}[a], a in [b, a], hash(x) == id(x))
z = torch.zeros(8)
print(z[3:].data_ptr() - z.data_ptr(), z.data_ptr() == z.view(2, 4).data_ptr())
print(z.untyped_storage().data_ptr() == z.data_ptr(), z.data_ptr() % 16)
"""
    )
    assert error == ""
    assert text.split("\n")[:-1] == [
        "True False True False",
        "True True False",
        "True True True",
        "3 1 True True",
        "12 True",
        "True 0",
    ]


def test_hashes_of_values_are_those_of_python() -> None:
    program = """
print(hash(1), hash(1.5), hash((1, 2.5, (3,))), hash(True), hash(2 + 3j), hash(frozenset([1, 2])))
print(hash("a") == hash("a"), hash(("a", 1)) == hash(("a", 1)), hash(-1), hash(float("inf")))
"""
    assert run(program) == cpython(program)


def test_no_number_of_a_program_is_an_address() -> None:
    """Whatever `id`, `hash` and `data_ptr` give differs from the host's by a secret."""
    text, error = run(
        MAKE + "print(id(None), id(int), id(f), hash(f), hash(None), hash(int), x.data_ptr())"
    )
    assert error == ""
    shown = [int(number) for number in text.split()]
    assert {id(None), id(int), hash(int), object.__hash__(None)}.isdisjoint(shown)
    assert min(shown[0], shown[1], shown[2], shown[-1]) >= SHOWN


def test_docs_show_nothing_of_the_interpreter() -> None:
    text, error = run(
        MAKE
        + """
def g():
    "mine"
for value in (g, int, [].append, print, len, np.sum, np.array, copy.copy, A, itertools.chain):
    print(getattr(value, "__doc__", None) is None, end=" ")
print(g.__doc__)
"""
    )
    assert error == ""
    assert text == "False False False True True True True True True True mine\n"


def test_caught_errors_show_no_address_but_the_programs_own_words() -> None:
    text, error = run(
        MAKE
        + """
o = object()
calls = [lambda: collections.deque([1]).index(o), lambda: [1].index(o), lambda: {}[o],
         lambda: torch.device(o), lambda: torch.vmap(f, in_dims=o)(x), lambda: x.to(o)]
for call in calls:
    try:
        call()
    except Exception as e:
        print(e, e.args)
try:
    class B(iter([1])): pass
except TypeError as e:
    print(e)
try:
    raise ValueError("0x7f0012345678")
except ValueError as e:
    print(e, e.args)
"""
    )
    assert error == ""
    assert text.endswith("0x7f0012345678 ('0x7f0012345678',)\n")
    shown = re.findall(r"0x([0-9a-f]+)", text.lower())[:-2]
    assert len(shown) > 4
    assert min(int(number, 16) for number in shown) >= SHOWN

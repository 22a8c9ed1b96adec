"""Calculator scripts: the prelude, inputs, and the names both worlds share."""

from __future__ import annotations

from typing import Any

import pytest

from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Limits, Session, compile_program
from gradcli.language.syntax.error import GradSyntaxError, UndefinedName
from gradcli.tensor.runtime import Interrupted, LimitExceeded, runtime


def value(text: str, mode: Any = "auto", **inputs: Any) -> Any:
    return Session(stdout=lambda _: None).run(compile_program(text, mode=mode), inputs).value


def test_inputs_are_the_names_read_and_not_assigned() -> None:
    program = compile_program("z = x * y + k\ndef f(a): return a + w\nf(z)")
    assert list(program.inputs) == ["x", "y", "k", "w"]
    assert not program.uses_torch


def test_a_program_that_imports_torch_has_no_inputs() -> None:
    program = compile_program("import torch\nif x: pass")
    assert program.uses_torch
    assert not program.inputs
    with pytest.raises(ProgramError, match="NameError: name 'x' is not defined"):
        Session().run(program)


def test_a_missing_input_names_the_near_ones() -> None:
    with pytest.raises(GradSyntaxError, match="the input `wieght` is missing") as raised:
        Session().run(compile_program("wieght * 2"), {"weight": 1})
    assert raised.value.help is not None
    assert "`weight`" in raised.value.help
    assert "--set wieght=" in raised.value.help


def test_a_prelude_function_read_as_a_value_is_an_error_that_says_so() -> None:
    program = compile_program("sqrt * 2")
    with pytest.raises(GradSyntaxError, match=r"`sqrt` is torch\.sqrt here") as raised:
        Session().run(program)
    assert raised.value.help == "give it with --set sqrt=…"
    assert Session().run(program, {"sqrt": 3}).value == 6


def test_inputs_win_over_the_prelude() -> None:
    assert value("pi * 2", pi=4) == 8


def test_a_free_name_in_call_position_is_no_input() -> None:
    with pytest.raises(UndefinedName, match="name 'tensr' is not defined") as raised:
        compile_program("tensr(x)")
    assert raised.value.kind == "NameError"
    assert raised.value.help is not None
    assert raised.value.help.startswith("did you mean `tensor`")


def test_python_keeps_its_names() -> None:
    assert value("[float('1.5'), int(2.5), bool(0), list(range(3)), complex(1, 2)]") == [
        1.5, 2, False, [0, 1, 2], 1 + 2j,
    ]  # fmt: skip


def test_shared_names_follow_their_argument() -> None:
    assert value("sum([1, 2]), abs(-3), max(1, 2), round(2.5)") == (3, 3, 2, 2)
    assert value("abs(tensor(-3.0))").array == 3


def test_param_is_a_leaf_that_requires_grad() -> None:
    made = value("param([1, 2])")
    assert str(made) == "tensor([1., 2.], requires_grad=True)"


def test_emit_hands_records_to_the_session() -> None:
    records: list[Any] = []
    Session(emit=records.append).run(compile_program("for i in range(2): emit(i=i, k=i * 2)"))
    assert records == [{"i": 0, "k": 0}, {"i": 1, "k": 2}]


def test_a_program_runs_many_times_with_fresh_names() -> None:
    program = compile_program("total = x * 2\ntotal")
    session = Session()
    results = [session.run(program, {"x": i}, fresh=True) for i in range(3)]
    assert [r.value for r in results] == [0, 2, 4]
    assert [list(r.globals) for r in results] == [["x", "total"]] * 3


def test_an_expression_has_a_value_and_no_statements() -> None:
    program = compile_program("x + 1", kind="expression")
    assert Session().run(program, {"x": 2}).value == 3
    with pytest.raises(GradSyntaxError):
        compile_program("x = 1", kind="expression")


@pytest.mark.parametrize(
    ("text", "limit"),
    [("while True: pass", "max-steps"), ("x = 'a' * 10**10", "max-memory")],
)
def test_limits_name_their_option(text: str, limit: str) -> None:
    session = Session(limits=Limits(max_steps=1000, max_memory=1 << 28))
    with pytest.raises(LimitExceeded) as raised:
        session.run(compile_program(text))
    assert raised.value.limit == limit
    assert session.run(compile_program("1 + 1")).value == 2


def test_steps_are_exact() -> None:
    text = "n = 0\nwhile n < 10: n += 1\nn"
    assert Session(limits=Limits(max_steps=40)).run(compile_program(text)).value == 10
    with pytest.raises(LimitExceeded):
        Session(limits=Limits(max_steps=15)).run(compile_program(text))


def test_an_interrupt_stops_between_steps_and_is_not_caught() -> None:
    session = Session(stdout=lambda text: setattr(runtime, "stop", Interrupted()))
    program = compile_program(
        "a = 1\ntry:\n    print(a)\n    a = 2\nexcept:\n    a = 3\nfinally:\n    a = 4"
    )
    with pytest.raises(Interrupted):
        session.run(program)
    assert session.globals["a"] == 1
    assert runtime.stop is None


def test_suggestions() -> None:
    for text, help in [
        ("import torch\ntorch.zeross(2)", "did you mean `zeros`?"),
        ("import torch\nx = torch.ones(2)\nx.reqires_grad", "did you mean `requires_grad`?"),
        ("import torch\ndef f(weight): pass\nf(wieght=1)", "did you mean `weight`?"),
        ("import torch\nlength = 3\nlenght", "did you mean `length`?"),
        ("import math\nmath.squrt(2)", "did you mean `sqrt`?"),
    ]:
        with pytest.raises(ProgramError) as raised:
            Session().run(compile_program(text, mode="python"))
        assert raised.value.help == help


def test_labels_show_operands_with_shapes_and_dtypes() -> None:
    text = "import torch\na = torch.ones(3)\nb = torch.ones(2)\nc = 1 + a * b"
    with pytest.raises(ProgramError) as raised:
        Session().run(compile_program(text))
    error = raised.value
    source = error.source
    assert source.slice(error.span) == "*"
    assert [(source.slice(label.span), label.text) for label in error.labels] == [
        ("a", "float32 [3]"),
        ("b", "float32 [2]"),
    ]


def test_the_call_chain_is_known() -> None:
    text = "def f(x): return g(x)\ndef g(x): return 1 / x\nf(1)\nf(0)"
    with pytest.raises(ProgramError) as raised:
        Session().run(compile_program(text))
    error = raised.value
    calls = [(c.source.position(c.span.start).line, c.source.slice(c.span)) for c in error.callers]
    assert calls == [(1, "g(x)"), (4, "f(0)")]


def test_names_are_given_to_nodes() -> None:
    text = "import torch\nx = torch.ones(2, requires_grad=True)\ny = x * 2\nz = y"
    names = Session().run(compile_program(text)).globals
    assert names["z"].node.name == "y"


def test_an_error_renders_with_source_operands_and_calls() -> None:
    text = "import torch\na = torch.ones(3)\ndef f(b):\n    return a * b\nf(torch.ones(2))"
    with pytest.raises(ProgramError) as raised:
        Session().run(compile_program(text))
    assert (
        raised.value.diagnostic().render()
        == """\
error: RuntimeError: The size of tensor a (3) must match the size of tensor b (2) at \
non-singleton dimension 0
 --> <input>:4:14
  |
4 |     return a * b
  |            - ^ - float32 [2]
  |            |
  |            float32 [3]
5 | f(torch.ones(2))
  | ---------------- called from here
  |
  = help: sizes are compared from the last dimension on, and a size of 1 fits any other; [:, None] \
adds one"""
    )

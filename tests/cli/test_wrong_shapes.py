"""A vector of a wrong shape is refused in PyTorch's words, with the option's name beneath."""

from __future__ import annotations

import pytest
from process import gradcli, ok

COTANGENT = "Mismatch in shape: grad_output[0] has a shape of torch.Size({}) and output[0] has a "
TANGENT = "Tensor is of size [3] while the given forward gradient is of size {}."
VECTOR = "v has invalid size: should be torch.Size([3]) but got torch.Size({})."

CASES = [
    ("vjp", "x*2", "--cotangent", COTANGENT),
    ("grad", "x*2", "--cotangent", COTANGENT),
    ("jvp", "x*2", "--tangent", TANGENT),
    ("hvp", "sum(x**3)", "--tangent", VECTOR),
]


@pytest.mark.parametrize(("command", "expression", "option", "sentence"), CASES)
@pytest.mark.parametrize(("text", "shape"), [("[1]", "[1]"), ("1", "[]"), ("[[1,1,1]]", "[1, 3]")])
def test_one_shot_commands(command, expression, option, sentence, text, shape):
    done = gradcli(command, expression, "--set", "x=[1,2,3]", option, text)
    assert done.returncode == 2
    assert done.stdout == b""
    error = done.stderr.decode()
    assert sentence.format(shape) in error
    owner = "the result" if option == "--cotangent" else "`x`"
    name = option if option == "--cotangent" else "--tangent x"
    assert f"= help: {name} needs the shape of {owner}: [3], not {shape}" in error


def test_functions_on_a_recorded_graph():
    program = """
x = param([1., 2., 3.])
y = x * 2
for v in (tensor([1.]), tensor(1.), tensor([[1., 1., 1.]])):
    for f in (lambda: vjp(y, x, v), lambda: jvp(y, x, v), lambda: hvp((x**3).sum(), x, v)):
        try:
            print(f())
        except RuntimeError as error:
            print(error)
print(jvp(y, x, 1.), hvp((x**3).sum(), x, 1.))
"""
    shown = ok("eval", "-", stdin=program.encode()).splitlines()
    for place, shape in enumerate(("[1]", "[]", "[1, 3]")):
        for line, sentence in zip(
            shown[3 * place : 3 * place + 3], (COTANGENT, TANGENT, VECTOR), strict=True
        ):
            assert sentence.format(shape) in line
    assert shown[9] == "tensor([2., 2., 2.]) tensor([ 6., 12., 18.])"

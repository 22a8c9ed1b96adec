"""Warnings: at the place of the program, once, and as JSON on request."""

import json

import jsonschema
from process import gradcli

from gradcli.io.schemas import schema

PROGRAM = b"""import torch
x = torch.ones(2, requires_grad=True)
y = x * 2
for i in range(3):
    g = y.grad
z = (y * y).sum()
y.data.mul_(2)
z.backward()
print(x.grad)
"""


def test_warnings_stand_at_their_place_and_come_once():
    done = gradcli("eval", "-", stdin=PROGRAM)
    assert (done.returncode, done.stdout) == (0, b"tensor([16., 16.])\n")
    text = done.stderr.decode()
    assert text.count("warning: UserWarning: The .grad attribute of a Tensor") == 1
    assert "--> <stdin>:5:9" in text
    assert "warning: a value that the gradient needs was changed through .data" in text
    assert "saved here" in text and "changed here" in text


def test_warnings_as_json():
    done = gradcli("eval", "--errors", "json", "-", stdin=PROGRAM)
    first, second = map(json.loads, done.stderr.splitlines())
    for line in (first, second):
        jsonschema.validate(line, schema("error"))
    assert first["warning"]["type"] == "UserWarning"
    assert second["warning"]["span"]["line"] == 8


def test_numpy_stays_silent():
    done = gradcli("grad", "log(x) / x", "--set", "x=0")
    assert (done.returncode, done.stderr) == (0, b"")


CONVERTED = b"""import torch
x = torch.ones(2, requires_grad=True)
for i in range(2):
    x.sum().backward(create_graph=True)
    float(x.sum()), "%.1f" % x.sum(), x.sum().item(), f"{x.sum():.1f}"
x.sum().backward(create_graph=True, inputs=[x])
"""


def test_a_cycle_and_a_conversion_are_warned_of_once():
    done = gradcli("eval", "-", stdin=CONVERTED)
    text = done.stderr.decode()
    assert (done.returncode, text.count("warning: ")) == (0, 2)
    assert "Using backward() with create_graph=True will create a reference cycle" in text
    assert "--> <stdin>:4:5" in text
    assert "Converting a tensor with requires_grad=True to a scalar" in text
    assert "--> <stdin>:5:5" in text


FUNCTIONS = b"""import torch
class Fails(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a):
        b = a * 1
        ctx.mark_dirty(b)
        return b
    @staticmethod
    def backward(ctx, g):
        raise ValueError('no')
x = torch.ones(2, requires_grad=True)
with torch.autograd.set_detect_anomaly(True):
    y = Fails.apply(x)
    try:
        y.sum().backward()
    except ValueError as e:
        print(e)
"""


def test_warnings_about_a_custom_function():
    done = gradcli("eval", "-", stdin=FUNCTIONS)
    assert (done.returncode, done.stdout) == (0, b"no\n")
    text = done.stderr.decode()
    assert "UserWarning: ctx.mark_dirty() received a tensor that was not an input." in text
    assert "UserWarning: Error detected in FailsBackward." in text
    assert text.count("the forward call") == 1 and "13 |     y = Fails.apply(x)" in text

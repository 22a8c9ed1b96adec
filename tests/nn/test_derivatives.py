"""First and second derivatives of modules agree with differences, for inputs and parameters."""

from __future__ import annotations

import pytest

from gradcli.language.interpreter import Session, compile_program

# Layers that normalise get three numbers: of two, what is normalised is 1 and -1 wherever they are.
MODULES = {
    "nn.Linear(2, 3)": "2, 2",
    "nn.Bilinear(2, 2, 2)": "2, 2; 2, 2",
    "nn.Conv1d(1, 2, 2, padding=1)": "1, 1, 3",
    "nn.Conv2d(1, 1, 2, padding='same', padding_mode='circular')": "1, 1, 2, 2",
    "nn.ConvTranspose2d(1, 1, 2, stride=2)": "1, 1, 2, 2",
    "nn.BatchNorm1d(2)": "4, 2",
    "nn.InstanceNorm1d(2, affine=True)": "1, 2, 3",
    "nn.LayerNorm(3)": "2, 3",
    "nn.GroupNorm(1, 2)": "1, 2, 2",
    "nn.RMSNorm(3)": "2, 3",
    "nn.PReLU(2)": "2, 2",
    "nn.GELU()": "3",
    "nn.RNN(2, 2)": "2, 1, 2",
    "nn.LSTM(2, 2, proj_size=1, bidirectional=True)": "2, 1, 2",
    "nn.GRU(2, 2)": "2, 1, 2",
    "nn.LSTMCell(2, 2)": "1, 2",
    "nn.MultiheadAttention(2, 1)": "2, 1, 2; 2, 1, 2; 2, 1, 2",
    "nn.TransformerEncoderLayer(3, 1, 3, dropout=0.0, activation='gelu')": "2, 1, 3",
    "nn.TransformerDecoderLayer(3, 1, 2, dropout=0.0, activation='gelu')": "2, 1, 3; 2, 1, 3",
    "nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))": "1, 2",
    "nn.MSELoss()": "3; 3",
    "nn.CosineSimilarity(dim=0)": "3; 3",
}

PROGRAM = """
import torch
from torch import nn
from torch.func import functional_call

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
module = {module}
names = [name for name, _ in module.named_parameters()]
inputs = [torch.randn(*shape, requires_grad=True) for shape in {shapes}]
parameters = [p.detach().clone().requires_grad_() for p in module.parameters()]


def call(*tensors):
    given = dict(zip(names, tensors[len(inputs):]))
    result = functional_call(module, given, tensors[:len(inputs)])
    return result[0] if isinstance(result, tuple) else result


print(torch.autograd.gradcheck(call, (*inputs, *parameters)))
# Of many second derivatives one random combination is compared, in which every one has a part.
many = sum(tensor.numel() for tensor in (*inputs, *parameters)) > 60
print(torch.autograd.gradgradcheck(call, (*inputs, *parameters), fast_mode=many))
torch.set_default_dtype(torch.float32)
"""


@pytest.mark.parametrize("module", MODULES)
def test_derivatives(module: str) -> None:
    shapes = [[int(n) for n in shape.split(",")] for shape in MODULES[module].split(";")]
    written: list[str] = []
    program = PROGRAM.format(module=module, shapes=shapes)
    Session(stdout=written.append).run(compile_program(program, mode="python"))
    assert "".join(written) == "True\nTrue\n"

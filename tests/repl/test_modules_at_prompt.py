"""Modules of torch.nn at the prompt: completion, `?`, %vars and names in graphs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from test_magics import Talk

from gradcli.repl.prompt.complete import complete

NET = """class Net(nn.Module):
    '''Two layers.'''
    def __init__(self, width=2):
        super().__init__()
        self.fc1 = nn.Linear(2, width)
        self.body = nn.Sequential(nn.Linear(width, 1), nn.Tanh())
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("mean", torch.zeros(1))

    @property
    def loud(self):
        raise RuntimeError("completion runs nothing")

    def named_parameters(self, *args, **kwargs):
        raise RuntimeError("completion runs nothing")

    def forward(self, x, times=1):
        return (self.body(self.fc1(x)) * self.scale).sum()
"""


@pytest.fixture(scope="module")
def talk() -> Iterator[Talk]:
    made = Talk()
    made(NET, "model = Net()", "y = model(torch.ones(2))", "y.backward()")
    yield made
    made.shell.keeper.close()


def words(talk: Talk, text: str) -> list[str]:
    return [found.text for found in complete(talk.shell, text)]


def test_what_is_completed(talk: Talk) -> None:
    assert {"fc1", "body", "scale", "mean", "forward", "loud", "state_dict"} <= {
        *words(talk, "model.")
    }
    assert words(talk, "model.fc1.w") == ["weight"]
    assert "requires_grad_" in words(talk, "model.fc1.weight.requ")
    assert words(talk, "nn.Conv2") == ["Conv2d"]
    assert words(talk, "nn.Linear(")[:3] == ["in_features=", "out_features=", "bias="]
    assert words(talk, "model(")[:2] == ["x=", "times="]
    assert words(talk, "Net(")[0] == "width="
    assert words(talk, "from torch.nn.utils import pru") == ["prune"]
    assert "torch.nn" in words(talk, "import torch.n")
    assert "torch.nn.utils" in words(talk, "from torch.nn.")
    assert words(talk, "model.loud.") == []


def test_help_of_a_class(talk: Talk) -> None:
    shown = talk("nn.Linear?")
    assert shown.startswith("nn.Linear(in_features, out_features, bias=True, device=None, dtype=")
    assert "output `(*, out_features)`" in shown
    shown = talk("Net?")
    assert shown.startswith("Net(width=2)\n    Two layers.\n    a class of Module, defined in ")


def test_help_of_a_module(talk: Talk) -> None:
    shown = talk("model?")
    assert shown.startswith("model(x, times=1)\n    Two layers.\nNet(\n  (fc1): Linear(")
    assert "fc1.weight              [2, 2]  has grad" in shown
    assert "10 parameters, in training mode" in shown
    assert talk("model.fc1?").startswith("model.fc1(input)\n")
    assert talk("model.forward?").startswith("model.forward(x, times=1)")
    assert "is a tensor" in talk("model.fc1.weight?")


def test_variables(talk: Talk) -> None:
    folded = talk("%vars")
    assert "model   10 parameters   Net" in folded
    assert "fc1" not in folded
    unfolded = talk("%vars model")
    for name in ("scale", "fc1.weight", "fc1.bias", "body.0.weight", "body.0.bias"):
        assert f"model.{name} " in unfolded


def test_a_module_is_a_result(talk: Talk) -> None:
    assert "Linear(in_features=1, out_features=1, bias=True)" in talk("nn.Linear(1, 1)")
    assert "fc1.weight  leaf" in talk("%graph y")
    assert "fc1.weight" in talk("%explain y")
    assert "dy/dmodel.fc1.weight = " in talk("%explain y")


def test_gradients_of_parameters(talk: Talk) -> None:
    talk("body = nn.Sequential(nn.Linear(1, 1))")
    shown = talk("%backward body(torch.ones(1)).sum()")
    assert "body.0.weight.grad = tensor([[1.]])\nbody.0.bias.grad = tensor([1.])" in shown
    assert "body.0.bias.grad = None" in talk("%zero")
    assert "2 gradients checked, 0 wrong" in talk("%check body(torch.ones(1)).sum()")


TRAINING = """torch.manual_seed(0)
net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
X = torch.tensor([[0., 0.], [0., 1.], [1., 0.], [1., 1.]]); T = X.sum(1, keepdim=True) % 2
losses = []; calls = {"n": 0}
for i in range(5):
    opt.zero_grad(); loss = F.mse_loss(net(X), T); loss.backward(); opt.step()
    losses.append(loss.item()); calls["n"] += 1
"""


@pytest.mark.parametrize(
    "magic",
    [
        "%check loss",
        "%formula loss",
        "%formula loss net.2.bias",
        "%formula F.mse_loss(net(X), T)",
        "%minimize loss net.2.bias",
        "%explain loss",
        "%graph loss",
        "%why net.0.weight",
    ],
)
def test_what_runs_again_changes_nothing(magic: str) -> None:
    """Neither lists, nor optimizers, nor parameters and their gradients, nor random numbers."""
    seen = (
        "print(losses, calls, opt.state_dict(), torch.get_rng_state().sum())\n"
        "print([(n, p, p.grad, p.requires_grad) for n, p in net.named_parameters()])"
    )
    talk = Talk()
    talk(TRAINING)
    before = talk(seen)
    assert "a bug" not in talk(magic)
    assert talk(seen) == before
    assert "4 gradients checked, 0 wrong" in talk("%check F.mse_loss(net(X), T)")
    assert "took back In[4]: print" in talk("%undo")
    talk.shell.keeper.close()


def test_formulas_of_modules() -> None:
    talk = Talk()
    talk("net = nn.Linear(2, 1); x = param([3., 4.])")
    talk("y = (net(x)**2).sum()")
    shown = talk("%formula y net.bias")
    assert shown.startswith("net_bias: 2 * ") and "net_weight" in shown
    assert "net_weight: " in talk("%formula y")
    talk.shell.keeper.close()

"""What optimizers refuse here, where PyTorch's own tests have nothing to say."""

from __future__ import annotations

import pytest

import gradcli.torch as torch
from gradcli.nn.parameter import Parameter
from gradcli.optim.adam import Adam
from gradcli.optim.sgd import SGD


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_step_that_would_lose_its_graph_is_refused(kind: type) -> None:
    param = Parameter(torch.ones(2))
    param.sum().backward()
    before = param.tolist()
    with pytest.raises(RuntimeError, match="differentiable=True is not available"):
        kind([param], lr=0.1, differentiable=True).step()
    assert param.tolist() == before

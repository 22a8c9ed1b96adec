"""Walks over trees of modules count steps, however few modules there are in them."""

from __future__ import annotations

import time

import pytest

from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Limits, Session, compile_program
from gradcli.language.machine.state import machine
from gradcli.tensor.runtime import LimitExceeded

SHARED = """
import torch
import torch.nn as nn
m = nn.Linear(1, 1)
for _ in range(60):
    m = nn.Sequential(nn.Sequential(m), nn.Sequential(m))
"""
ITSELF = """
import torch
import torch.nn as nn
m = nn.Sequential(nn.Linear(1, 1))
m.append(m)
"""
ENDLESS = """
list(m.named_parameters(remove_duplicate=False))
list(m.named_buffers(remove_duplicate=False))
list(m.named_modules(remove_duplicate=False))
m.apply(lambda part: None)
m.apply(str)
m.state_dict()
m.load_state_dict({})
m.train()
m.eval()
m.double()
m.to(torch.float64)
m.to_empty(device='cpu')
m(torch.ones(1, 1))
torch.func.functional_call(m, {}, (torch.ones(1, 1),))
""".strip().splitlines()
WIDE = """
import torch
import torch.nn as nn
m = nn.Sequential(*[nn.Linear(1, 1) for _ in range(500)])
x = torch.ones(1, 1)
"""
WALKS = {
    "list(m.parameters())": 500,
    "list(m.named_modules())": 500,
    "list(m.children())": 500,
    "m.apply(str)": 500,
    "m.state_dict()": 500,
    "m.load_state_dict(m.state_dict())": 1000,
    "m.train()": 500,
    "m.double()": 500,
    "m.zero_grad()": 500,
    "m.requires_grad_(False)": 500,
    "m(x)": 500,
    "repr(m)": 500,
}


def steps_of(setting: str, call: str, limits: Limits) -> int:
    session = Session(lambda text: None, limits)
    session.run(compile_program(setting))
    session.run(compile_program(f"import torch\n{call}\n"))
    return machine.steps


@pytest.mark.parametrize("tree", [SHARED, ITSELF], ids=["shared", "itself"])
@pytest.mark.parametrize("call", ENDLESS)
def test_an_endless_walk_ends(tree: str, call: str) -> None:
    started = time.monotonic()
    with pytest.raises((LimitExceeded, ProgramError)) as caught:
        steps_of(tree, call, Limits(max_steps=8000, timeout=30.0))
    if isinstance(caught.value, ProgramError):  # Python 3.12 bounds calls of classes of C by itself
        assert "maximum recursion depth exceeded" in str(caught.value)
    else:
        assert caught.value.limit == "max-steps"
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(("call", "least"), WALKS.items())
def test_walks_count_steps(call: str, least: int) -> None:
    assert least <= steps_of(WIDE, call, Limits()) < 40 * least

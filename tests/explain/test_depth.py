"""`explain --depth`: calls of modules and functions that are folded into one step each."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from process import gradcli, ok

HEAD = "import torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
PROGRAMS = {
    "modules and functions": """\
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(2, 3), nn.Linear(3, 1)
    def forward(self, x):
        return self.b(act(self.a(x)))
def act(z):
    return torch.tanh(z) * 2
def cost(out):
    return inner(out).mean()
def inner(o):
    return (o ** 2).sin()
w = torch.ones(4, 2, requires_grad=True)
net = Net()
loss = cost(net(w)) + w.sum()
""",
    "a function in a loop": """\
def step(h, w):
    return torch.tanh(w * h)
x = torch.tensor([0.5, 1.0], requires_grad=True)
w = torch.tensor(0.9, requires_grad=True)
h = x
for i in range(5):
    h = step(h, w) + h
loss = h.sum()
""",
    "a module in a loop": """\
cell = nn.Linear(2, 2)
h = torch.ones(2)
for i in range(20):
    h = torch.tanh(cell(h))
loss = h.sum()
""",
    "recursion": """\
def f(x, n):
    return x if n == 0 else f(x * 1.01, n - 1).sin() + x
x = torch.tensor(1.0, requires_grad=True)
loss = f(x, 30)
""",
    "a result that is used inside, too": """\
def both(x):
    u = x.exp()
    v = u * x
    return u, v
x = torch.tensor([0.5, 1.0], requires_grad=True)
u, v = both(x)
loss = (u * v + u).sum()
""",
    "what is handed in is called in there": """\
def apply(f, x):
    return f(x * 2) + 1
x = torch.tensor(0.5, requires_grad=True)
loss = apply(lambda t: apply(torch.sin, t) * 3, x)
""",
    "hooks": """\
def f(x):
    y = x * 3
    y.register_hook(lambda g: g * 2)
    return y.sin()
x = torch.tensor([0.5, 1.0], requires_grad=True)
loss = (f(x) * f(x)).sum()
""",
}
NAMED = pytest.mark.parametrize("text", PROGRAMS.values(), ids=PROGRAMS)


def told(folder: Path, text: str, *options: str) -> Mapping[str, Any]:
    path = folder / "p.grad"
    path.write_text(HEAD + text)
    words = ["explain", str(path), "--of", "loss", "--format", "json", "-c", *options]
    found = json.loads(ok(*words))
    jsonschema.validate(found, json.loads(ok("schema", "explain")))
    (only,) = found["explanations"]
    return only  # type: ignore[no-any-return]


def total(values: list[Any]) -> Any:
    """The sum of numbers or of nested lists."""
    if isinstance(values[0], list):
        return [total(list(parts)) for parts in zip(*values, strict=True)]
    return sum(values)


def near(a: Any, b: Any) -> bool:
    if isinstance(a, list):
        return len(a) == len(b) and all(map(near, a, b))
    return bool(a == pytest.approx(b, rel=1e-4, abs=1e-5))


@NAMED
@pytest.mark.parametrize("depth", ["0", "1", "16"])
def test_what_is_folded_adds_up_to_the_same(tmp_path: Path, text: str, depth: str) -> None:
    every, folded = told(tmp_path, text, "--all"), told(tmp_path, text, "--depth", depth)
    gradients = [item["gradient"] for item in folded["gradients"]]
    assert gradients == [item["gradient"] for item in every["gradients"]]
    assert sum(step["operations"] for step in folded["steps"]) == len(every["steps"])
    times = {step["step"]: step["times"] for step in folded["steps"]}
    for item in folded["gradients"]:
        given = [
            (part["gradient"]["data"], step["times"])
            for step in folded["steps"]
            for part in step["passes"]
            if part["to"] == item["input"]
        ]
        counts = [count for _, count in given] + [times[s["step"]] for s in item["sources"]]
        if given and set(counts) == {1}:
            assert near(total([data for data, _ in given]), item["gradient"]["data"])
    numbers = {step["step"] for step in folded["steps"]}
    links = [part["step"] for step in folded["steps"] for part in step["passes"]]
    sources = [s["step"] for i in folded["gradients"] for s in i["sources"]]
    assert {link for link in links if link is not None} | set(sources) <= numbers


@NAMED
def test_what_leaves_one_step_arrives_at_the_next(tmp_path: Path, text: str) -> None:
    """Where one way leads to a folded call, what arrives there is what was passed on."""
    found = told(tmp_path, text, "--depth", "0")
    given: dict[int, list[Any]] = {}
    for step in found["steps"]:
        for part in step["passes"]:
            if part["step"] is not None:
                given.setdefault(part["step"], []).append(part["gradient"]["data"])
    for step in found["steps"]:
        parts = given.get(step["step"], [])
        if len(parts) == 1 and len(step["arrives"]) == 1:
            assert near(parts[0], step["arrives"][0]["gradient"]["data"])


def test_a_call_is_one_step_of_its_name(tmp_path: Path) -> None:
    text = PROGRAMS["modules and functions"]
    heads = {
        depth: [
            (step["node"], step["module"], step["operations"])
            for step in told(tmp_path, text, "--depth", depth)["steps"]
        ]
        for depth in ("0", "1")
    }
    assert heads["0"] == [
        ("AddBackward0", None, 1),
        ("SumBackward0", None, 1),
        ("function", None, 3),
        ("Net", None, 6),
    ]
    assert heads["1"] == [
        ("AddBackward0", None, 1),
        ("SumBackward0", None, 1),
        ("MeanBackward0", "cost", 1),
        ("function", "cost", 2),
        ("Linear", "net", 2),
        ("function", "net", 2),
        ("Linear", "net", 2),
    ]


@NAMED
@pytest.mark.parametrize("depth", ["0", "2"])
def test_a_graph_folds_the_same(tmp_path: Path, text: str, depth: str) -> None:
    found = told(tmp_path, text, "--depth", depth)
    drawn = ok("graph", str(tmp_path / "p.grad"), "--of", "loss", "--depth", depth, "--format=dot")
    boxes = [line for line in drawn.splitlines() if "shape=box" in line]
    assert len(boxes) == len(found["steps"])
    names = [re.search('label="([^"]*)"', line)[1].split("\\n") for line in boxes]  # type: ignore[index]
    kinds = sorted(step["node"] for step in found["steps"] if not step["node"].endswith("0"))
    closed = [words for words, line in zip(names, boxes, strict=True) if "#f2ead8" in line]
    assert sorted(words[1] for words in closed) == kinds


def test_the_texts_of_a_fold(tmp_path: Path) -> None:
    told(tmp_path, PROGRAMS["a function in a loop"])
    path = str(tmp_path / "p.grad")
    text = ok("explain", path, "--of", "loss", "--depth", "0")
    assert f"3.  function  step(h, w)  ({path}:10:9)\n" in text
    assert "     10 operations, folded\n" in text
    assert re.search("     5 such gradients arrive, with norms from .*: the last is shown\n", text)
    assert "     to (step(h, w))  = g\n" in text
    markdown = ok("explain", path, "--of", "loss", "--depth", "0", "--format", "markdown")
    assert "### 3. function `step(h, w)`\n" in markdown and "- 10 operations, folded" in markdown
    page = ok("explain", path, "--of", "loss", "--depth", "0", "--format", "html")
    assert "<h2>3. function</h2>" in page and "10 operations, folded" in page
    assert page.count('class="box module"') == 1


def test_a_page_opens_a_folded_module_with_its_parameters(tmp_path: Path) -> None:
    told(tmp_path, PROGRAMS["a module in a loop"])
    page = ok("explain", str(tmp_path / "p.grad"), "--depth", "0", "--format", "html")
    (module,) = re.findall(r'<g class="box module"[^>]*>', page)
    assert 'data-step="r0s3"' in module and 'aria-label="step 3, cell, Linear' in module


def test_all_does_not_go_with_depth() -> None:
    done = gradcli("explain", "-e", "sin(x)", "--set", "x=1", "--all", "--depth", "1")
    assert (done.returncode, b"does not go with --depth" in done.stderr) == (2, True)

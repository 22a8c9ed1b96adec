"""`gradcli explain` as text, Markdown and JSON: one explanation, told in several ways."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gradcli.io.schemas import schema

COMMAND = [sys.executable, "-c", "from gradcli.cli.main import main; main()"]
JOINS = """\
import torch
x = torch.tensor([[1.0], [2.0]], requires_grad=True)
b = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
h = x * b
loss = (h * h).sum() + 10 * x.sum()
loss.backward()
"""
LOOP = """\
import torch
w = torch.tensor(0.5, requires_grad=True)
h = torch.tensor(1.0)
for step in range(200):
    h = torch.tanh(w * h) * 2
loss = h * 3
"""
MODEL = """\
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1))
loss = model(torch.ones(4, 2)).sum() + (model[0].weight ** 2).sum()
"""


def ran(*words: str) -> str:
    done = subprocess.run(
        [*COMMAND, "explain", *words], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def told(*words: str) -> list[Any]:
    """The explanations as JSON, which fits the schema."""
    found = json.loads(ran(*words, "--format", "json"))
    jsonschema.validate(found, schema("explain"))
    return found["explanations"]  # type: ignore[no-any-return]


@pytest.fixture(params=[JOINS, LOOP, MODEL], ids=["joins", "loop", "model"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return written(tmp_path, request.param)


def written(folder: Path, text: str) -> str:
    path = folder / "p.grad"
    path.write_text(text)
    return str(path)


# -------------------------------------------------------------------- what is said


def test_where_paths_join_and_what_broadcasting_made(tmp_path: Path) -> None:
    text = ran(written(tmp_path, JOINS))
    assert (
        "     arrives: tensor([[ 2.,  4.,  6.],\n"
        "                      [ 4.,  8., 12.]])\n"
        "        2 paths join, all from step 5\n"
    ) in text
    assert "        broadcasting is summed away: [2, 3] becomes [2, 1]\n" in text
    assert "        broadcasting is summed away: [2, 3] becomes [3]\n" in text
    assert (
        "  dloss/dx = tensor([[38.],\n"
        "                     [66.]])\n"
        "     2 paths join: 17.9 % from step 3, 82.1 % from step 6\n"
    ) in text
    assert "     value: tensor([[1., 2., 3.],\n                    [2., 4., 6.]])\n" in text


def test_one_step_of_a_loop_stands_for_all(tmp_path: Path) -> None:
    path = written(tmp_path, LOOP)
    text = ran(path)
    assert len(re.findall(r"^\d+\. ", text, re.MULTILINE)) == 4
    assert f"2.  MulBackward0  torch.tanh(w * h) * 2  ({path}:5:9)  × 200\n" in text
    assert "     the last of 200 alike; what they pass on has norms from " in text
    assert "     200 paths join, all from step 4\n" in text
    every = ran(path, "--all")
    assert len(re.findall(r"^\d+\. ", every, re.MULTILINE)) == 601
    gradient = r"dloss/dw = (.*)\n"
    assert re.findall(gradient, text) == re.findall(gradient, every)


def test_long_explanations_begin_with_a_summary(tmp_path: Path) -> None:
    head, _, rest = ran(written(tmp_path, LOOP)).partition("start  ")
    lines = head.splitlines()
    assert lines[1:3] == ["summary", "  601 operations, of which 4 are shown"]
    assert re.search(r"vanishes: step 3, torch.tanh\(w \* h\) × 200 multiplies the norm by", head)
    assert re.search(r"grows: step 2, torch.tanh\(w \* h\) \* 2 × 200 multiplies the norm by", head)
    assert "  joins: 200 paths at w\n" in head
    assert rest
    assert "summary" not in ran(written(tmp_path, JOINS))


def test_the_factors_of_a_summary_multiply_to_what_is_left(tmp_path: Path) -> None:
    text = "import torch\nx = torch.tensor(1.0, requires_grad=True)\ny = x\n"
    text += "for step in range(20):\n    y = y * 3 / 5\n"
    (found,) = told(written(tmp_path, text), "--of", "y")
    factors = found["summary"]["shrinking"] + found["summary"]["growing"]
    assert len(factors) == 2
    product = math.prod(item["factor"] for item in factors)
    assert product == pytest.approx(0.6**20, rel=1e-4)
    assert found["gradients"][0]["gradient"]["data"] == pytest.approx(0.6**20, rel=1e-4)


def test_factors_multiply_only_along_a_chain(tmp_path: Path) -> None:
    """What steps of a loop pass on side by side, to one input, is not a product."""
    text = "x = param(2.)\ny = x * 0\nfor step in range(300):\n    y = y + 0.01 * x\n"
    head, _, _ = ran(written(tmp_path, text), "--of", "y").partition("start")
    assert "0.01 * x × 300 multiplies the norm by 0.01\n" in head
    assert "0.01 * x × 300 passes nothing on" not in head


def test_weights_are_not_named_by_the_call_of_their_module(tmp_path: Path) -> None:
    text = (
        "import torch\nm = torch.nn.Linear(3, 2)\nx = torch.ones(4, 3, requires_grad=True)\n"
        "y = torch.tanh(m(x)).sum()\n"
    )
    found = ran(written(tmp_path, text))
    assert re.search(r"to x  = g @ [\w.]*weight\n", found), found


def test_an_operand_more_costs_the_same(tmp_path: Path) -> None:
    """A rule that makes the gradients of a list of operands runs once for all of them."""
    text = "x = param(2.)\ny = stack([x + i for i in range(3000)]).sum()\n"
    assert "StackBackward0" in ran(written(tmp_path, text), "--of", "y", "--timeout", "20")


def test_what_dominates(tmp_path: Path) -> None:
    text = "x = param(2.)\ny = x\nfor step in range(4):\n    y = y + 1\nz = 99 * y + x\n"
    text = ran(written(tmp_path, text), "--of", "z")
    assert "  dominates: 99 % of dz/dx comes through step 3, y + 1 × 4\n" in text


def test_where_nothing_is_left(tmp_path: Path) -> None:
    text = "x = param(-1.)\ny = x\nfor step in range(5):\n    y = relu(y) + 1\n"
    found = ran(written(tmp_path, text), "--of", "y")
    assert "vanishes: step 2, relu(y) × 5 passes nothing on after 4 of them\n" in found


def test_modules_are_named(tmp_path: Path) -> None:
    text = ran(written(tmp_path, MODEL))
    assert re.search(r"SigmoidBackward0  model\(torch.ones\(4, 2\)\)  \(.*\)  in model.1\n", text)
    assert "to model.2.bias" in text


# -------------------------------------------------------------------- JSON


def test_shares_and_gradients_add_up(program: str) -> None:
    (found,) = told(program, "--of", "loss")
    steps = {step["step"]: step for step in found["steps"]}
    joins = [arrival["sources"] for step in found["steps"] for arrival in step["arrives"]]
    joins += [item["sources"] for item in found["gradients"]]
    assert any(joins)
    for sources in filter(None, joins):
        assert sum(source["share"] for source in sources) == pytest.approx(1, abs=1e-5)
        assert sum(source["times"] for source in sources) > 1
        assert {source["step"] for source in sources} <= steps.keys()
    for step in found["steps"]:
        for passing in step["passes"]:
            data = passing["gradient"]["data"]
            flat = re.findall(r"-?[\d.]+(?:e-?\d+)?", json.dumps(data))
            assert math.hypot(*map(float, flat)) == pytest.approx(passing["gradient"]["norm"], 1e-4)
            assert step["norms"][0] <= passing["gradient"]["norm"] * (1 + 1e-6)
            assert passing["gradient"]["norm"] <= step["norms"][1] * (1 + 1e-6)


def test_json_of_what_is_not_on_a_graph() -> None:
    (found,) = told("-e", "x.detach() * 2", "--set", "x=1")
    assert (found["steps"], found["gradients"], found["summary"]) == ([], [], None)
    assert "is not on a graph" in found["reasons"][0]


def test_json_of_hooks_and_of_nothing(tmp_path: Path) -> None:
    text = "x = param([1., -1.])\nw = param(2.)\nh = relu(x)\nh.register_hook(lambda g: g * 10)\n"
    (found,) = told(written(tmp_path, text + "y = h.sum()\n"))
    step = found["steps"][1]
    assert step["arrives"][0]["gradient"]["data"] == [1, 1]
    assert step["arrives"][0]["hooked"]["data"] == [10, 10]
    gradients = {item["input"]: item["gradient"] for item in found["gradients"]}
    assert gradients["x"]["data"] == [10, 0] and gradients["w"] is None
    assert "why dy/dw is None" in found["reasons"]


def test_json_is_strict_and_one_line_when_asked() -> None:
    text = ran("-e", "1 / x", "--set", "x=0", "--format", "json", "-c")
    assert text.count("\n") == 1
    found = json.loads(text, parse_constant=pytest.fail)
    assert found["explanations"][0]["gradients"][0]["gradient"]["data"] == "-Infinity"
    several = ran("-e", "x * 3", "-e", "x * 2", "--set", "x=1", "--format", "json", "-c")
    assert several.count("\n") == 2


def test_large_values_are_left_out(tmp_path: Path) -> None:
    text = "import torch\nx = torch.ones(40, 40, requires_grad=True)\ny = (x * 2).sum()\n"
    (found,) = told(written(tmp_path, text))
    gradient = found["gradients"][0]["gradient"]
    assert gradient == {"dtype": "float32", "shape": [40, 40], "norm": 80, "data": None}


# -------------------------------------------------------------------- Markdown


def test_markdown_has_what_the_text_has(program: str) -> None:
    text = ran(program, "--of", "loss")
    markdown = ran(program, "--of", "loss", "--format", "markdown")
    lines = text.splitlines()
    steps = [line for line in lines if re.match(r"\d+\. ", line)]
    headings = re.findall(r"^### (\d+)\. (\w+)", markdown, re.MULTILINE)
    assert headings == [tuple(re.match(r"(\d+)\.  (\w+)", line).groups()) for line in steps]  # type: ignore[union-attr]
    plain = markdown.replace("\\", "").replace("`", "")
    for line in lines:
        said = re.search(r"(?:passes on|arrives|local derivative|value): (.*)", line)
        if said:
            assert f"\n    {said[1]}\n" in markdown
        if "paths join" in line or "summed away" in line or line.startswith("  joins"):
            assert line.strip() in plain
    assert ("## Summary" in markdown) is ("summary" in lines)


@pytest.mark.parametrize(
    "name", ["[a](http://b) <img src=x>", "`` ` ``", "**x** _y_ | # 1.", "\\", "<script>"]
)
def test_markdown_shows_texts_of_a_program_as_they_are(tmp_path: Path, name: str) -> None:
    text = f"x = param(2.)\nd = {{{name!r}: x * 3}}\ny = d[{name!r}] * 2\n"
    markdown = ran(written(tmp_path, text), "--of", "y", "--format", "markdown")
    for line in markdown.splitlines():
        if line.startswith("    "):
            continue  # a block of code
        spans = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)")
        outside = spans.sub("", line)
        assert not re.search(r"(?<!\\)[<>*_|\[\]`]", outside.replace("#", "")), line


def test_mistakes_in_options() -> None:
    for words, message in (
        (["--format", "tree"], "it is one of text, markdown, html, json"),
        (["--indent", "1"], "goes with --format json"),
        (["-e", "x", "--format", "html"], "--format html takes one expression"),
    ):
        done = subprocess.run(
            [*COMMAND, "explain", "-e", "x * 2", "--set", "x=1", *words],
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, message in done.stderr.decode()) == (2, True), words

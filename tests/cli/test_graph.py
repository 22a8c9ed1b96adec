"""`gradcli graph`: trees, pictures and JSON of recorded graphs."""

import json
import re
from xml.etree import ElementTree

import jsonschema
import pytest
from process import document, gradcli, ok

from gradcli.io.schemas import schema

PROGRAM = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor(2.0, requires_grad=True)
h = torch.relu(x * w)
a, b = h.unbind()
loss = (h.exp().sum() + w) * a * b
print("printed")
loss.backward()
"""
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "p.grad"
    path.write_text(PROGRAM)
    return str(path)


def test_tree_of_an_expression():
    assert ok("graph", "-e", "(w * x).sum() + w", "--set", "w=2", "--set", "x=[1, 2]") == (
        "(w * x).sum() + w  AddBackward0  []\n"
        "├─ SumBackward0  []  (w * x).sum()\n"
        "│  └─ MulBackward0  [2]  w * x\n"
        "│     ├─ w  leaf  []  float64  no grad yet\n"
        "│     └─ x  leaf  [2]  float64  no grad yet\n"
        "└─ w  leaf  []  float64  no grad yet\n"
    )


def test_after_a_backward_pass(program):
    done = gradcli("graph", program)
    assert (done.returncode, done.stderr) == (0, b"printed\n")
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "loss  MulBackward0  []  (h.exp().sum() + w) * a * b  freed, kept"
    assert "   └─ h  (line 6)" in done.stdout.decode()
    assert sum("has grad" in line for line in lines) == 3
    assert "freed, kept" not in ok("graph", program, "--keep", "1")
    assert "freed\n" in ok("graph", program, "--keep", "1")


def test_of_chooses_results(program):
    assert ok("graph", program, "--of", "h").startswith("h  ReluBackward0  [2]  torch.relu(x * w)")
    assert ok("graph", program, "--of", "a,b").startswith("a  UnbindBackward0  []  h.unbind()\n")
    done = gradcli("graph", program, "--of", "lss")
    assert (done.returncode, b"did you mean `loss`?" in done.stderr) == (2, True)


def test_ends_are_drawn_by_themselves(tmp_path):
    path = tmp_path / "p.grad"
    path.write_text("u = x * 2\nv = u + 1\nz = x ** 2\n")
    trees = ok("graph", str(path), "--set", "x=1").split("\n\n")
    assert [tree.split()[0] for tree in trees] == ["v", "z"]


def test_dot(program):
    text = ok("graph", program, "--format", "dot")
    assert text.startswith("digraph") and text.endswith("}\n")
    labels = dict(re.findall(r'^  (n\d+) \[label="(.*)", shape', text, re.MULTILINE))
    by_name = {label.split("\\n")[0]: node for node, label in labels.items()}
    edges = re.findall(r"^  (n\d+) -> (n\d+)(?: \[.*\])?;", text, re.MULTILINE)
    assert (by_name["h"], by_name["a, b"]) in edges
    assert edges.count((by_name["a, b"], by_name["loss"])) == 1
    assert len(labels) == 10 and len(edges) == 12


def test_mermaid():
    text = ok("graph", "-e", "x * (2 if 1 < 3 else 1)", "--set", "x=2", "--format", "mermaid")
    assert text.startswith('graph TB\n  n1("x<br>leaf<br>')
    assert '\n  n0["x #42; (2 if 1 #lt; 3 else 1)<br>MulBackward0' in text
    assert text.endswith("  n1 --> n0\n")


def test_json(program):
    found = document("graph", program, "--format", "json")
    jsonschema.validate(found, schema("graph"))
    nodes = found["nodes"]
    assert found["results"] == [{"name": "loss", "node": 0, "output": 0}]
    assert nodes[0]["state"] == "kept"
    assert nodes[0]["source"]["text"] == "(h.exp().sum() + w) * a * b"
    assert (nodes[0]["source"]["line"], nodes[0]["source"]["column"]) == (6, 8)
    (unbind,) = (node for node in nodes if node["node"] == "UnbindBackward0")
    assert [output["name"] for output in unbind["outputs"]] == ["a", "b"]
    assert {"from": unbind["id"], "output": 1, "to": 0, "input": 1} in found["edges"]
    leaves = {n["outputs"][0]["name"]: n for n in nodes if n["kind"] == "leaf"}
    assert leaves["x"]["outputs"][0] == {"name": "x", "shape": [2], "dtype": "float32"}
    assert all(leaf["has_grad"] for leaf in leaves.values())
    assert ok("graph", program, "--format", "json", "-c").count("\n") == 1


def rectangles(root):
    return [
        tuple(float(box.get(key)) for key in ("x", "y", "width", "height"))
        for box in root.iter(f"{SVG}rect")
        if box.get("x")
    ]


def test_svg(program):
    root = ElementTree.fromstring(ok("graph", program, "--format", "svg"))
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"loss", "a, b", "h.unbind()", "w", "MulBackward0"} <= set(texts)
    boxes = rectangles(root)
    assert len(boxes) == 10
    for number, (x, y, width, height) in enumerate(boxes):
        assert x >= 0 and x + width <= float(root.get("width"))
        assert y >= 0 and y + height <= float(root.get("height"))
        for left, top, wide, high in boxes[:number]:
            apart = x >= left + wide or left >= x + width or y >= top + high or top >= y + height
            assert apart, "two boxes overlap"
    arrows = [path.get("d") for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    assert len(arrows) == 12
    for arrow in arrows:
        numbers = [float(number) for number in re.findall(r"[\d.]+", arrow)]
        ys = numbers[1::2]
        assert ys == sorted(ys), "values flow downwards"


def test_svg_escapes_and_refuses_what_is_too_large():
    text = ok("graph", "-e", "x * (2 if 1 < 3 & 7 else 1)", "--set", "x=1", "--format", "svg")
    texts = [text.text for text in ElementTree.fromstring(text).iter(f"{SVG}text")]
    assert "x * (2 if 1 < 3 & 7 else 1)" in texts
    long = "sum([x * i for i in range(6000)])"
    done = gradcli("graph", "-e", long, "--set", "x=1", "--format", "svg", "--all")
    assert (done.returncode, b"10,000 at most" in done.stderr) == (2, True)


def test_mistakes(tmp_path):
    for words, status, message in (
        (["-e", "2 * 3"], 2, "there is no graph to draw"),
        (["-e", "x.detach()", "--set", "x=1"], 2, "there is no graph to draw"),
        (["-e", "x +", "--set", "x=1"], 3, "SyntaxError"),
        (["-e", "x * 2"], 2, "the input `x` is missing"),
        (["-e", "ones(2) + x", "--set", "x=[1, 2, 3]"], 5, "must match the size"),
        (["-e", "x * 2", "--set", "x=1", "--format", "png"], 2, "tree, dot, svg, mermaid, json"),
        (["-e", "x * 2", "--set", "x=1", "--indent", "1"], 2, "goes with --format json"),
        (["-e", "x + sum([1 for i in range(99)])", "--set", "x=1", "--max-steps", "9"], 6, "steps"),
        ([str(tmp_path / "none.grad")], 2, "No such file"),
    ):
        done = gradcli("graph", *words)
        assert (done.returncode, done.stdout) == (status, b""), words
        assert message in done.stderr.decode(), words
        assert "Traceback" not in done.stderr.decode()
    done = gradcli("graph", "-e", "2", "--errors", "json")
    jsonschema.validate(json.loads(done.stderr), schema("error"))

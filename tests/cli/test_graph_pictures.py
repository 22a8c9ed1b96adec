"""`gradcli graph`: loops folded, modules as areas, norms on edges, readable pictures."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from itertools import pairwise
from xml.etree import ElementTree

import jsonschema
import pytest
from process import document, gradcli, ok

from gradcli.io.schemas import schema

SVG = "{http://www.w3.org/2000/svg}"
LOOP = """\
import torch
w = torch.tensor([[0.5, 0.1], [0.2, 0.4]], requires_grad=True)
b = torch.tensor([0.1, 0.2], requires_grad=True)
h = torch.zeros(2)
for step in range(500):
    h = torch.tanh(w @ h + b)
loss = (h ** 2).sum()
"""
MODEL = """\
import torch
from torch import nn

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 3), nn.Tanh())

    def forward(self, x):
        return x + self.inner(x)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = Block(), Block()
        self.last = nn.Linear(3, 1)

    def forward(self, x):
        return self.last(self.second(self.first(x)))

model = Net()
loss = model(torch.ones(2, 3)).sum()
"""


def straight(count: int, seed: int = 0) -> str:
    """A program of `count` operations at places of their own, all of which lead to `y`."""
    chance = random.Random(seed)
    lines = ["import torch", *(f"x{n} = torch.tensor(0.5, requires_grad=True)" for n in range(3))]
    loose = {"x0", "x1", "x2"}
    for number in range(3, count):
        near = chance.randrange(max(0, number - 5), number)
        far = chance.randrange(number) if chance.random() < 0.3 else near
        lines.append(f"x{number} = {chance.choice(['x{} * x{}', 'x{} + x{}'])}".format(near, far))
        loose = (loose - {f"x{near}", f"x{far}"}) | {f"x{number}"}
    return "\n".join([*lines, f"y = {' + '.join(sorted(loose))}", ""])


def written(tmp_path, text):
    path = tmp_path / "p.grad"
    path.write_text(text)
    return str(path)


# -------------------------------------------------------------------- loops


def test_the_steps_of_a_loop_are_one_box(tmp_path):
    path = written(tmp_path, LOOP)
    assert ok("graph", path) == (
        "loss  SumBackward0  []  (h ** 2).sum()\n"
        "└─ PowBackward0  [2]  h ** 2\n"
        "   └─ h  TanhBackward0  [2]  torch.tanh(w @ h + b)  × 500\n"
        "      └─ AddBackward0  [2]  w @ h + b  × 500\n"
        "         ├─ MvBackward0  [2]  w @ h  × 500\n"
        "         │  ├─ w  leaf  [2, 2]  float32  no grad yet\n"
        "         │  └─ h  (line 3, a step before)\n"
        "         └─ b  leaf  [2]  float32  no grad yet\n"
    )
    dot = ok("graph", path, "--format", "dot")
    assert dot.count("× 500") == 3 and dot.count("style=dashed") == 1
    mermaid = ok("graph", path, "--format", "mermaid")
    assert mermaid.count("× 500") == 3 and mermaid.count("-.->") == 1
    root = ElementTree.fromstring(ok("graph", path, "--format", "svg"))
    assert [text.text for text in root.iter(f"{SVG}text")].count("× 500") == 3
    assert sum("back" in group.get("class", "").split() for group in root.iter(f"{SVG}g")) == 1


@pytest.mark.parametrize("text", [LOOP, MODEL], ids=["loop", "modules"])
def test_mermaid_begins_with_what_runs_first(tmp_path, text):
    """It takes for the way back of a loop what leads to a box that was declared before."""
    shown = ok("graph", written(tmp_path, text), "--format", "mermaid")
    place = {
        name: number
        for number, name in enumerate(re.findall(r"^ +(n\d+)[\[(]", shown, re.MULTILINE))
    }
    arrows = re.findall(r"^ +(n\d+) (-->|-\.->)(?:\|[^|]*\|)? (n\d+)$", shown, re.MULTILINE)
    assert len(arrows) == shown.count("-->") + shown.count("-.->")
    for maker, kind, taker in arrows:
        if text is LOOP:
            assert (place[maker] < place[taker]) == (kind == "-->")
    assert ("([" in shown, '("' in shown) == (False, True)


def test_all_shows_every_step(tmp_path):
    path = written(tmp_path, LOOP.replace("500", "70"))
    lines = ok("graph", path, "--all").splitlines()
    assert sum("TanhBackward0" in line for line in lines) == 70
    assert ok("graph", path, "--all", "--format", "dot").count("shape=") == 2 + 3 * 70 + 2
    assert len(document("graph", path, "--format", "json")["nodes"]) == 2 + 3 * 70 + 2


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("y = x\nfor i in range(5):\n    y = y.sin()\n", {"× 5": 1}),
        ("y = x\nfor i in range(2):\n    y = y.sin()\n", {}),
        ("y = x\ni = 0\nwhile i < 4:\n    y = y.exp()\n    i += 1\n", {"× 4": 1}),
        ("def f(t):\n    return t.sin()\ny = x\nfor i in range(5):\n    y = f(y)\n", {"× 5": 1}),
        ("def f(t):\n    return t.sin()\ny = f(f(f(f(x))))\n", {}),
        ("y = torch.stack([x * i for i in range(6)]).sum()\n", {"× 6": 1}),
        ("y = x\nfor i in range(6):\n    y = y * 2 if i % 2 else y + 1\n", {"× 3": 2}),
        ("y = sum([x * i for i in range(9)])\n", {"× 9": 2}),
        ("y = x\nfor i in range(4):\n    for j in range(3):\n        y = y.cos()\n", {"× 12": 1}),
        ("y = x.sin().sin().sin().sin()\n", {}),
    ],
)
def test_what_is_a_loop(tmp_path, text, folded):
    lead = "import torch\nx = torch.tensor(0.5, requires_grad=True)\n"
    shown = ok("graph", written(tmp_path, lead + text), "--of", "y")
    assert Counter(re.findall(r"× \d+", shown)) == folded


def test_leaves_that_steps_take_in_turn_are_folded_with_them(tmp_path):
    text = (
        "import torch\nws = [torch.tensor(float(i), requires_grad=True) for i in range(6)]\n"
        "y = torch.tensor(1.0)\nfor w in ws:\n    y = y * w\n"
    )
    shown = ok("graph", written(tmp_path, text), "--of", "y")
    assert "ws[0] … ws[5]  leaf  []  float32  no grad yet  × 6\n" in shown


# -------------------------------------------------------------------- modules


def test_modules_are_areas(tmp_path):
    path = written(tmp_path, MODEL)
    dot = ok("graph", path, "--format", "dot")
    areas = re.findall(r'subgraph cluster_\d+ \{\n\s*label="([^"]*)"', dot)
    assert areas == [
        "model: Net",
        "model.first: Block",
        "model.first.inner: Sequential",
        "model.first.inner.0: Linear",
        "model.first.inner.1: Tanh",
        "model.second: Block",
        "model.second.inner: Sequential",
        "model.second.inner.0: Linear",
        "model.second.inner.1: Tanh",
        "model.last: Linear",
    ]
    assert dot.count("{") == dot.count("}")
    mermaid = ok("graph", path, "--format", "mermaid")
    assert re.findall(r'subgraph m\d+\["([^"]*)"\]', mermaid) == areas
    assert mermaid.count("\n    end") + mermaid.count("\n  end") > 0
    root = ElementTree.fromstring(ok("graph", path, "--format", "svg"))
    titles = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "title"]
    assert sorted(titles) == sorted(areas)
    assert "in model.last: Linear" in ok("graph", path)
    found = document("graph", path, "--format", "json")
    jsonschema.validate(found, schema("graph"))
    tanh = [node for node in found["nodes"] if node["node"] == "TanhBackward0"]
    assert [node["module"] for node in tanh] == ["model.second.inner.1", "model.first.inner.1"]


@pytest.mark.parametrize(
    ("depth", "kinds"),
    [
        ("0", {"Net": 1}),
        ("1", {"Block": 2, "Linear": 1}),
        ("2", {"Sequential": 2}),
        ("9", {}),
    ],
)
def test_depth_closes_modules(tmp_path, depth, kinds):
    path = written(tmp_path, MODEL)
    root = ElementTree.fromstring(ok("graph", path, "--format", "svg", "--depth", depth))
    closed = [
        group.findall(f"{SVG}text")[1].text
        for group in root.iter(f"{SVG}g")
        if group.get("class") == "box module"
    ]
    if depth == "2":
        closed = [kind for kind in closed if kind != "Linear"]
    assert Counter(closed) == kinds
    closed_dot = ok("graph", path, "--format", "dot", "--depth", depth)
    assert closed_dot.count("#f2ead8") == len(root.findall(f".//{SVG}g[@class='box module']"))


def test_a_module_in_a_loop_is_one_area(tmp_path):
    text = (
        "import torch\nfrom torch import nn\ncell = nn.Linear(2, 2)\nh = torch.ones(2)\n"
        "for step in range(20):\n    h = torch.tanh(cell(h))\nloss = h.sum()\n"
    )
    shown = ok("graph", written(tmp_path, text), "--format", "dot")
    assert re.findall(r'  label="([^"]*)"', shown) == ["cell: Linear  × 20"]
    assert "cell  Linear" in ok("graph", written(tmp_path, text), "--depth", "0")


# -------------------------------------------------------------------- norms


def test_edges_have_norms_after_a_pass(tmp_path):
    text = "x = param([3., 4.])\nw = param(2.)\nloss = (w * x).sum()\n"
    before = ok("graph", written(tmp_path, text))
    assert "|g|" not in before
    path = written(tmp_path, text + "loss.backward()\n")
    lines = ok("graph", path).splitlines()
    assert [line.split("|g| ")[1] for line in lines[1:]] == ["1.414", "7", "2.828"]
    for form, sign in (("dot", '[label="|g| 7"]'), ("mermaid", '|"#124;g#124; 7"|')):
        assert sign in ok("graph", path, "--format", form)
    root = ElementTree.fromstring(ok("graph", path, "--format", "svg"))
    labels = [text.text for text in root.iter(f"{SVG}text") if text.get("class") == "norm"]
    assert sorted(labels) == ["1.414", "2.828", "7"]
    titles = [group.find(f"{SVG}title").text for group in root.iter(f"{SVG}g")]
    assert "w → MulBackward0, norm of the gradient 7" in titles
    assert "|g|" not in ok("graph", path, "--keep", "1")  # what the pass used is gone


def test_folded_edges_have_the_range_of_their_norms(tmp_path):
    text = "x = param(1.)\ny = x\nfor i in range(5):\n    y = y * 3\ny.backward()\n"
    assert "× 5\n" in ok("graph", written(tmp_path, text), "--of", "y")
    assert "|g| 3 … 81" in ok("graph", written(tmp_path, text), "--of", "y")


# -------------------------------------------------------------------- pictures


def curve(data):
    """Points along the data of a path."""
    found, at = [], None
    for command, numbers in re.findall(r"([MLQC])([^MLQC]*)", data):
        values = [float(number) for number in numbers.split()]
        points = list(zip(values[::2], values[1::2], strict=True))
        if command == "M":
            at = points[0]
            found.append(at)
            continue
        for part in range(1, 13):
            share, row = part / 12, [at, *points]
            while len(row) > 1:
                row = [
                    ((1 - share) * a[0] + share * b[0], (1 - share) * a[1] + share * b[1])
                    for a, b in pairwise(row)
                ]
            found.append(row[0])
        at = points[-1]
    return found


def rectangle(element):
    return tuple(float(element.get(key)) for key in ("x", "y", "width", "height"))


def read(text):
    """The boxes, the areas and the ways of the arrows of a picture, all inside of it."""
    root = ElementTree.fromstring(text)
    boxes, ways = [], []
    for group in root.iter(f"{SVG}g"):
        kinds = group.get("class", "").split()
        assert group.find(f"{SVG}title").text
        if "box" in kinds:
            boxes.append(rectangle(group.find(f"{SVG}rect")))
        else:
            ways.append(curve(group.find(f"{SVG}path").get("d")))
    areas = [rectangle(item) for item in root.iter(f"{SVG}rect") if item.get("class") == "area"]
    width, height = float(root.get("width")), float(root.get("height"))
    for left, top, wide, high in [*boxes, *areas]:
        assert left >= 0 and top >= 0 and left + wide <= width + 1 and top + high <= height + 1
    for way in ways:
        assert all(-0.5 <= x <= width + 1 and -0.5 <= y <= height + 1 for x, y in way)
    return boxes, areas, ways


def inside(point, box, margin=0.2):
    return (
        box[0] + margin < point[0] < box[0] + box[2] - margin
        and box[1] + margin < point[1] < box[1] + box[3] - margin
    )


def check_picture(text):
    """No two boxes overlap, areas hold what touches them, and arrows run between the boxes."""
    boxes, areas, ways = read(text)
    cells = defaultdict(list)
    for box in boxes:
        for x in range(int(box[0] // 150), int((box[0] + box[2]) // 150) + 1):
            for y in range(int(box[1] // 150), int((box[1] + box[3]) // 150) + 1):
                cells[x, y].append(box)
    for near in cells.values():
        for number, box in enumerate(near):
            for other in near[:number]:
                assert (
                    box[0] >= other[0] + other[2]
                    or other[0] >= box[0] + box[2]
                    or box[1] >= other[1] + other[3]
                    or other[1] >= box[1] + box[3]
                ), "two boxes overlap"
    for area in areas:
        for box in [*boxes, *areas]:
            corners = [
                (box[0] + dx * box[2], box[1] + dy * box[3]) for dx in (0, 1) for dy in (0, 1)
            ]
            held = sum(inside(corner, area, -0.2) for corner in corners)
            whole = inside((area[0], area[1]), box, -0.2)  # the box is an area around it
            assert held in (0, 4) or whole, "an area cuts through a box"
    for way in ways:
        for point in way:
            for box in cells[int(point[0] // 150), int(point[1] // 150)]:
                assert not inside(point, box), "an arrow runs under a box"
    return boxes, areas, ways


PROGRAMS = {
    "loop": LOOP,
    "model": MODEL,
    "after a pass": MODEL + "loss.backward()\n",
    "skips": straight(60, 1),
    "many skips": straight(200, 2),
    "stacked": "import torch\nx = torch.tensor(1.0, requires_grad=True)\nh, all = x, []\n"
    + "for i in range(30):\n    h = h.sin()\n    all.append(h * 2)\ny = torch.stack(all).sum()\n",
    "modules in loops": MODEL.replace("self.second(self.first(x))", "self.run(x)").replace(
        "model = Net()",
        "def run(self, x):\n    for step in range(5):\n        x = self.second(self.first(x))\n"
        "    return x\nNet.run = run\nmodel = Net()",
    ),
    "a module twice": MODEL.replace("self.second(self.first(x))", "self.first(self.first(x))"),
    "a chain": "import torch\nx = torch.tensor(1.0, requires_grad=True)\ny = x"
    + ".sin().exp()" * 12
    + "\n",
}


@pytest.mark.parametrize("options", [(), ("--all",), ("--depth", "1")], ids=" ".join)
@pytest.mark.parametrize("program", PROGRAMS)
def test_pictures_can_be_read(tmp_path, program, options):
    done = gradcli("graph", written(tmp_path, PROGRAMS[program]), "--format", "svg", *options)
    assert done.returncode == 0, done.stderr.decode()
    boxes, _, ways = check_picture(done.stdout.decode())
    assert len(ways) >= len(boxes) - 1 >= 0


def test_long_chains_run_to_the_right(tmp_path):
    path = written(tmp_path, PROGRAMS["a chain"])
    boxes, _, ways = check_picture(ok("graph", path, "--format", "svg"))
    assert max(box[0] for box in boxes) > 10 * max(box[1] for box in boxes)
    assert all(way[0][0] < way[-1][0] for way in ways)
    assert "rankdir=LR" in ok("graph", path, "--format", "dot")
    assert ok("graph", path, "--format", "mermaid").startswith("graph LR\n")
    short = written(tmp_path, "x = param(1.)\ny = x.sin().exp()\n")
    assert "rankdir=TB" in ok("graph", short, "--format", "dot")


def test_a_picture_is_light_or_dark(tmp_path):
    text = ok("graph", written(tmp_path, MODEL), "--format", "svg")
    root = ElementTree.fromstring(text)
    assert root.find(f"{SVG}title").text == "loss"
    style = root.find(f"{SVG}style").text
    light, _, dark = style.partition("@media (prefers-color-scheme:dark){")
    colours = [dict(re.findall(r"([.\w ]+)\{([^}]*)\}", part)) for part in (light, dark)]
    assert colours[1] and colours[1].keys() <= colours[0].keys()
    assert all(colours[0][name] != rules for name, rules in colours[1].items())
    for name in root.iter():  # no picture depends on a style sheet alone
        if name.tag == f"{SVG}rect":
            assert name.get("fill")


def test_ten_thousand_nodes(tmp_path):
    path = written(tmp_path, straight(7500))
    for form in ("tree", "dot"):
        assert gradcli("graph", path, "--of", "y", "--format", form).returncode == 0
    boxes, _, ways = check_picture(ok("graph", path, "--of", "y", "--format", "svg"))
    assert len(boxes) > 9000 and len(ways) > 14000


def test_a_crowd_of_boxes_closes_the_innermost_modules(tmp_path):
    text = (
        "import torch\nfrom torch import nn\n"
        "model = nn.Sequential(*[nn.Sequential(nn.Linear(2, 2), nn.Tanh()) for i in range(200)])\n"
        "loss = model(torch.ones(2)).sum()\n"
    )
    path = written(tmp_path, text)
    shown = ok("graph", path, "--format", "dot")
    assert "model.0: Sequential" not in shown and "model.0\\nSequential" in shown
    assert (
        shown.count("shape=") < 300 < ok("graph", path, "--format", "dot", "--all").count("shape=")
    )


# -------------------------------------------------------------------- texts of programs


CONTROLS = {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))}
NAMES = "x = param(2.)\nd = {{{!r}: x * 3}}\ny = d[{!r}] * 2\n"


@pytest.mark.parametrize(
    "name",
    [
        '"];evil[label="',
        "</title><script>alert(1)</script>",
        "a\\",
        "`b` #35; |c| <br>",
        "\x1b[31m\x07",
    ],
)
def test_names_are_only_texts(tmp_path, name):
    path = written(tmp_path, NAMES.format(name, name))
    for form in ("tree", "dot", "svg", "mermaid"):
        text = ok("graph", path, "--of", "y", "--format", form)
        assert not set(text) & CONTROLS
        if form == "svg":
            root = ElementTree.fromstring(text)
            assert {element.tag for element in root.iter()} <= {
                f"{SVG}{tag}"
                for tag in ["svg", "title", "style", "rect", "defs", "marker", "path", "g", "text"]
            }
        elif form == "dot":
            strings = re.findall(r'"(?:[^"\\]|\\.)*"', text)
            rest = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
            assert '"' not in rest and "evil" not in rest
            assert any("d[" in string for string in strings)
        elif form == "mermaid":
            for label in re.findall(r'"(.*)"', text):
                assert '"' not in label and "<" not in label.replace("<br>", "")


def test_mistakes_in_options(tmp_path):
    path = written(tmp_path, LOOP)
    for words, message in (
        (["--all", "--depth", "1"], "does not go with --depth"),
        (["--format", "json", "--all"], "has every node"),
        (["--format", "text"], "tree, dot, svg, mermaid, json"),
        (["--depth", "x"], "it is an integer"),
    ):
        done = gradcli("graph", path, *words)
        assert (done.returncode, message in done.stderr.decode()) == (2, True), words

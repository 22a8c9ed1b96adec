"""Records that go together have the answers, to the last byte, that each has alone."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "both_ways.py"
MAIN = "from gradcli.cli.main import main; main()"
GIVEN = ("--set", "w=0.5", "--const", "c=[1.5]")

UNARY = (
    *("sin", "exp", "tanh", "sigmoid", "erf", "abs", "square", "torch.cos", "F.softplus", "F.gelu"),
    *("torch.special.i0e", "lgamma", "F.relu", "log1p", "torch.sinc", "digamma", "F.silu"),
    *("torch.atan", "torch.special.ndtr", "-", "torch.detach", "sqrt"),
)
BINARY = ("+", "-", "*", "/", "**")
WHOLE = ("sum", "mean", "norm", "prod", "std", "logsumexp0", "max", "amin", "var", "T.sum")


def expression(draw, depth=3):
    """A random expression over x, y, the shared w and the constant c."""
    kind = draw.random()
    if depth == 0 or kind < 0.15:
        return draw.choice(["x", "y", "x", "y", "x", "y", "w", "c[0]"])
    if kind < 0.55:
        return f"{draw.choice(UNARY)}({expression(draw, depth - 1)})"
    if kind < 0.85:
        left = expression(draw, depth - 1)
        right = draw.choice((expression(draw, depth - 1), "2", "0.3"))
        return f"({left} {draw.choice(BINARY)} {right})"
    inner = [expression(draw, depth - 1) for _ in range(3)]
    return f"where({inner[0]} > {inner[1]}, x * {inner[1]}, {inner[2]} + y)"


def whole(draw, text):
    """A number of an expression's elements."""
    return {
        "logsumexp0": f"({text} + x).flatten().logsumexp(0)",
        "T.sum": f"(({text} + x).mT * 1.5).sum()",
        "std": f"({text} + x).flatten().std(correction=0)",
        "var": f"({text} * x + x).var(correction=0)",
    }.get(how := draw.choice(WHOLE), f"({text} + x).{how}()")


def program(draw, text):
    """A way of writing a program whose last value is that of an expression."""
    plain = text.replace("F.", "torch.nn.functional.")
    return draw.choice(
        (
            text,
            f"a = {text}\na\n",
            f"def f(x, y):\n    return {text}\n\nf(x, y)\n",
            f"f = lambda x, y: {text}\nz = f(x, y)\nz\n",
            f"s = 0.0\nfor i in range(3):\n    s += {text} * i\ns\n",
            f"import torch\nfrom torch import *\nimport math\n({plain}) * math.pi\n",
            f"with no_grad():\n    b = x * 2\nz = ({text}) * b\nz\n",
            f"z = ({text}) * 1\nz *= 2\nz.mul_(0.5)\nz\n",
            f"class A:\n    def __call__(self, x, y):\n        return {text}\n\nA()(x, y)\n",
            f"i = 0\nwhile i < 2:\n    i = i + 1\nassert x.dim() < 9\n({text}) / i\n",
            f"if x.dim() > 0:\n    z = ({text}) * x.shape[0]\nelse:\n    z = {text}\nz\n",
        )
    )


def number(draw):
    return draw.choice((draw.gauss(0, 1), draw.uniform(0, 3), round(draw.gauss(0, 4), 1), 2, 0, -1))


def value(draw, shape):
    return [value(draw, shape[1:]) for _ in range(shape[0])] if shape else number(draw)


BAD = (
    *('{"x": ', "[1]", "", '{"x": 1}', '{"x": "?", "y": 1}', '{"x": [[1], 2], "y": 1}'),
    *('{"x": 1e999, "y": 2}', '{"y": [1, 2], "x": [1, 2, 3]}', '{"x": null, "y": 1}'),
)
SPECIAL = ("NaN", "Infinity", True, {"re": 1, "im": 2}, 10**25, -0.0, [], [[]], [True], ["NaN", 1])


def record(draw):
    kind = draw.random()
    if kind < 0.08:
        return draw.choice(BAD)
    shape = draw.choice(((), (), (1,), (2,), (3,), (5,), (2, 2), (2, 3)))
    members = {"x": value(draw, shape), "y": value(draw, draw.choice((shape, ())))}
    if kind < 0.2:
        members[draw.choice("xy")] = draw.choice(SPECIAL)
    if kind > 0.7:
        members = dict(reversed(members.items()))
    if kind > 0.9:
        members[draw.choice(("id", "w"))] = draw.choice((1, "text", None))
    return json.dumps(members)


SPREADS = (0, 0.1, 2, 0.25, 1e-3, 0.5, True, "Infinity", -1, "?", None)


def with_spreads(draw, line):
    """A record with standard deviations in it, of one or all elements, most of them good."""
    try:
        members = json.loads(line)
    except ValueError:
        return line
    if type(members) is not dict or draw.random() < 0.1:
        return line
    spread = draw.choice(SPREADS[: draw.choice((6, 6, 6, len(SPREADS)))])
    if draw.random() < 0.3 and type(members.get("x")) is list:
        spread = [spread] * len(members["x"])
    return json.dumps(members | {"s": {"x": spread}, "t": abs(draw.gauss(0, 1))})


MORE = (
    ["--sigma", "x=0.1"],
    ["--sigma", "x=.s.x"],
    ["--sigma", "x=.s.x", "--sigma", "y=.t", "--sigma", "w=0.5"],
    ["--elasticity"],
    ["--taylor", "3"],
    ["--taylor", "2", "--tangent", "w=1"],
    ["--taylor", "2", "--tangent", "x=1", "--tangent", "y=-0.5", "--elasticity"],
    ["--elasticity", "--sigma", "w=2", "--sigma", "y=.t", "--taylor", "1"],
)


def command(draw):
    """A random command and its records."""
    name = draw.choice(("grad", "grad", "grad", "eval", "jvp", "vjp", "jacobian", "hessian", "hvp"))
    text = expression(draw)
    reduced = name in ("hessian", "hvp") or draw.random() < 0.6
    text = program(draw, whole(draw, text) if reduced else text)
    words = ["-e", text] if name == "eval" else [text]
    if "\n" in text:
        words = [text] if name == "eval" else ["-f", text]
    words = [name, *words, "--each", *GIVEN]
    if name in ("jvp", "hvp"):
        words += ["--tangent", draw.choice(("x=1", "w=2"))]
    extra = [["--dtype", "float32"], ["--nonfinite", "null"], ["--copy", "id,v=x"]]
    extra += draw.choice(([["--full"], ["--seq"]], [["--to", "csv"]]))
    if name != "eval":
        extra += [["--wrt", "x"], ["--wrt", "w,x"]]
    for option in draw.sample(extra, draw.choice((0, 0, 1, 2))):
        words += option
    rows = [record(draw) for _ in range(draw.choice((9, 60, 120)))]
    if name == "grad" and draw.random() < 0.5:
        words += draw.choice(MORE)
        rows = [with_spreads(draw, row) for row in rows]
    return words, "".join(f"{row}\n" for row in rows)


def run(way, commands):
    done = subprocess.run(
        [sys.executable, SCRIPT, way],
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return json.loads(done.stdout)


def in_both_ways(commands):
    together, alone = run("together", commands), run("alone", commands)
    for (words, _), (found, *_), (expected, *_) in zip(commands, together, alone, strict=True):
        for line, other in zip(found.split("\n"), expected.split("\n"), strict=True):
            assert line == other, words
    return together


@pytest.mark.parametrize("seed", range(int(os.environ.get("GRADCLI_TEST_SEEDS", "2"))))
def test_random_programs_over_mixed_records(seed):
    draw = random.Random(seed)
    together = in_both_ways([command(draw) for _ in range(40)])
    valued = [text for text, *_ in together if text.count('"value') > text.count('{"error"')]
    assert len(valued) > 10  # they are not all refused
    assert sum(alone for _, alone, _ in together) < sum(text.count("\n") for text, *_ in together)


def lines(*records):
    return "".join(f"{json.dumps(record)}\n" for record in records)


FORMS = (
    ["grad", "sin(x*y)", "--wrt", "x"],
    ["grad", "sin(x*y)", "--full"],
    ["grad", "torch.special.i0e(F.softplus(x*y)) + linalg.vector_norm(stack([x, y]))"],
    ["grad", "-f", "z = x*y\nw = sin(z)\n", "--of", "w"],
    ["grad", "-f", "from torch.nn import functional as F\nimport torch\nF.silu(torch.sin(x*y))\n"],
    ["grad", "-f", "def f(a, b):\n    return a * b\n\nf(x, y)\n"],
    ["grad", "-f", "import torch\nw = torch.tensor([1.0, 2.0])\n(w * x * y).sum()\n"],
    ["grad", "-f", "s = 0\nfor i in range(3):\n    s += x * y * i\ns\n"],
    ["grad", "-f", "with no_grad():\n    c = x * 2\nx * y * c\n"],
    ["grad", "einsum('i,i->', stack([x, y]), stack([y, y]))"],
    ["eval", "-e", "sin(x*y)"],
    ["eval", "-e", "[sin(x*y), {'a': x, 'b': 2}]", "--full"],
    ["eval", "z = x*y\nw = sin(z)\n", "--of", "w"],
)


def test_every_way_of_writing_it_goes_together():
    draw = random.Random(1)
    rows = lines(*({"x": draw.gauss(0, 1), "y": draw.gauss(0, 1)} for _ in range(100)))
    found = in_both_ways([[[*words, "--each"], rows] for words in FORMS])
    for words, (text, alone, runs) in zip(FORMS, found, strict=True):
        assert "error" not in text, words
        assert alone == 0, words
        assert runs < 30, words


def test_what_else_grad_answers_goes_together():
    draw = random.Random(3)
    records = []
    for _ in range(100):
        members = {"x": draw.gauss(0, 1), "y": draw.gauss(0, 1), "t": draw.random()}
        records.append(members | {"s": {"x": draw.random()}, "id": "a"})
    commands = [
        [["grad", text, "--each", "--set", "w=2", *more, *form], lines(*records)]
        for text in ("sin(x*y*w)", "(x*y*w).reshape(1, 1)")
        for more in MORE
        for form in ([], ["--copy", "id"], ["--to", "csv"])
    ]
    for (words, _), (text, alone, runs) in zip(commands, in_both_ways(commands), strict=True):
        assert "error" not in text, words
        assert alone == 0, words
        assert runs < 30, words


def test_words_and_booleans_go_together_with_numbers():
    others = [2.5, "Infinity", True, "NaN", -1, False, "-Infinity"]
    rows = [{"x": i / 7 - 3, "y": others[i % 7]} for i in range(700)]
    ((text, alone, runs),) = in_both_ways([[["grad", "sin(x*y)", "--each"], lines(*rows)]])
    assert alone == 0
    assert runs < 100
    assert '"NaN"' in text


COMPLEX_UNARY = (
    *("sin", "exp", "tanh", "sigmoid", "square", "sqrt", "log", "torch.acos", "torch.atan", "-"),
    *("torch.conj", "torch.reciprocal", "torch.rsqrt", "torch.sgn", "torch.sinc", "1j *", "2 /"),
)


def complex_expression(draw, depth=3):
    """A random expression over x, y and the shared w, of which x or y is complex."""
    if depth == 0:
        return draw.choice(["x", "y", "x", "y", "w", "2", "(1 - 2j)"])
    if draw.random() < 0.5:
        return f"{draw.choice(COMPLEX_UNARY)}({complex_expression(draw, depth - 1)})"
    sides = [complex_expression(draw, depth - 1) for _ in range(2)]
    return f"({sides[0]} {draw.choice(('+', '-', '*', '*', '/'))} {sides[1]} * x)"


@pytest.mark.parametrize("seed", range(int(os.environ.get("GRADCLI_TEST_SEEDS", "1"))))
def test_complex_numbers_have_the_digits_that_they_have_alone(seed):
    draw = random.Random(seed)

    def number(kind):
        if kind == "complex":
            return {"re": draw.gauss(0, 1), "im": draw.gauss(0, 1)}
        return draw.gauss(0, 1) if kind == "real" else [number("complex")] * 2

    commands = []
    for kinds in (("complex", "complex"), ("complex", "real"), ("list", "complex")) * 6:
        rows = lines(
            *({n: number(k) for n, k in zip("xy", kinds, strict=True)} for _ in range(300))
        )
        text = draw.choice(("({}).abs().sum()", "({}).real.sum()", "({}).imag.sum()"))
        words = ["grad", text.format(complex_expression(draw)), "--each", "--set", "w=0.5"]
        commands.append([[*words, *draw.choice(([], ["--dtype", "float32"]))], rows])
    together = in_both_ways(commands)
    answered = [(alone, text) for text, alone, _ in together if '{"error"' not in text]
    assert len(answered) > 12
    assert sum(alone == 0 for alone, _ in answered) > 2 * len(answered) / 3


def test_a_complex_number_may_be_written_in_any_way():
    rows = [
        *(
            {"x": {"re": place, "im": -0.5}, "y": {"im": 2.5, "re": place / 3}}
            for place in range(40)
        ),
        *({"x": {"re": "Infinity", "im": 1}, "y": {"re": 1, "im": 2}} for _ in range(8)),
        *({"x": {"re": 1 << 60, "im": 0}, "y": [{"re": 1, "im": 2}, 3]} for _ in range(8)),
        *({"x": {"re": 1}, "y": {"re": True, "im": 2}} for _ in range(8)),
        *({"x": 1.5, "y": {"re": 1e300, "im": 2}} for _ in range(8)),
    ]
    draw = random.Random(4)
    draw.shuffle(rows)
    words = ["grad", "(x * y).abs().sum()", "--each"]
    dtypes = ([], ["--dtype", "float32"], ["--dtype", "complex64"])
    for text, *_ in in_both_ways([[[*words, *more], lines(*rows)] for more in dtypes]):
        assert text.count('{"error"') >= 8
        assert text.count('"value"') >= 48


def test_records_of_several_kinds_in_turn_cost_what_they_cost_sorted():
    draw = random.Random(2)
    rows = [{n: [draw.gauss(0, 1)] * (i % 5 + 1) for n in "xy"} for i in range(1500)]
    words = ["grad", "sin(x*y).sum()", "--each"]
    ((_, alone, runs),) = in_both_ways([[words, lines(*rows)]])
    assert alone == 0
    assert runs < 5 * 16 + 40


BAD_SHARES = (
    {"x": 1.0},
    {"x": 1.0, "y": "?"},
    {"x": [1.0, 2.0], "y": [1.0, 2.0, 3.0]},
    {"x": [[1.0], 2.0], "y": 1.0},
)


def test_failing_records_are_run_by_themselves_and_few_others():
    words = ["grad", "sin(x*y)", "--each"]
    commands = [
        [words, lines(*(bad if i % 10 == 3 else {"x": i / 7, "y": 2 - i / 9} for i in range(900)))]
        for bad in BAD_SHARES
    ]
    for text, alone, runs in in_both_ways(commands):
        assert text.count('{"error"') == alone == 90
        assert runs < 2 * 90 + 60


REFUSING = (  # programs, a record that is refused, and one that is not
    ("torch.linalg.cholesky(x).sum()", [[2, 1], [1, -1]], [[2, 1], [1, 2]]),
    ("torch.linalg.inv(x).sum()", [[1, 1], [1, 1]], [[2, 1], [1, 2]]),
    ("torch.linalg.solve(x, x).sum()", [[1, 1], [1, 1]], [[2, 1], [1, 2]]),
    ("torch.linalg.lu_factor(x)[0].sum()", [[0, 1], [0, 1]], [[2, 1], [1, 2]]),
    ("torch.linalg.svdvals(x).sum()", [["NaN", 1], [1, 1]], [[2, 1], [1, 2]]),
    ("torch.linalg.cholesky(torch.linalg.inv(x)).sum()", [[-1, 0], [0, 1]], [[2, 1], [1, 2]]),
    ("F.binary_cross_entropy(x, torch.ones(2).double())", [2, 0.5], [0.25, 0.5]),
    ("F.nll_loss(x[:2].log(), x[2].long())", [0.5, 0.5, 7], [0.5, 0.5, 1]),
    ("x[x[:1].long()].sum()", [5.0, 1.0], [1.0, 2.0]),
    ("x.gather(0, x[:1].long()).sum()", [5.0, 1.0], [1.0, 2.0]),
    ("x.index_select(0, x[:1].long()).sum()", [5.0, 1.0], [1.0, 2.0]),
    ("x.sum() * (6 // x.long()).sum()", [0.0, 1.0], [1.0, 2.0]),
)


@pytest.mark.parametrize("share", [2, 10, 400])
def test_a_kernel_leaves_the_records_that_it_refuses_alone(share):
    commands = [
        [
            ["grad", text, "--each"],
            lines(*({"x": bad if place % share == 1 else good} for place in range(800))),
        ]
        for text, bad, good in REFUSING
    ]
    for (words, _), (text, alone, runs) in zip(commands, in_both_ways(commands), strict=True):
        assert text.count('{"error"') == alone == 800 // share, words
        assert runs < 800 // share + 100, words


def test_a_bad_beginning_does_not_slow_what_follows():
    bad = [{"x": [[1.0, 2], [2, 1]]}] * 400
    good = [{"x": [[2.0 + i, 1], [1, 2]]} for i in range(2000)]
    words = ["grad", "torch.linalg.cholesky(x).sum()", "--each"]
    ((_, _, runs),) = in_both_ways([[words, lines(*bad, *good)]])
    assert runs < 400 + 300


BY_THEMSELVES = (
    "x * 2 if x > 0 else x * 5",
    "x * float(x)",
    "x * rand(())",
    "import torch\nw = torch.tensor(2.0, requires_grad=True)\nx * w\n",
    "try:\n    z = x * float(x)\nexcept RuntimeError:\n    z = x\nz\n",
    "z = {str(x): x}\nz[str(x)] * len(str(x))\n",
    "x[x > 0].sum()",
    "import random\nx * random.random()\n",
    "torch.nn.Linear(1, 1)(x.reshape(1)).sum()",
)


def test_what_depends_on_values_or_draws_goes_by_itself():
    rows = lines(*({"x": i / 3 - 2} for i in range(40)))
    written = [["-f", text] if "\n" in text else [text] for text in BY_THEMSELVES]
    found = in_both_ways([[["grad", *text, "--each", "--seed", "5"], rows] for text in written])
    for text, (answers, _, runs) in zip(BY_THEMSELVES, found, strict=True):
        assert '"value"' in answers, text
        assert runs >= 40, text


@pytest.mark.parametrize("text", ["x * rand(())", "import random\nx * random.random()\n"])
def test_random_numbers_depend_on_the_seed_and_the_number_alone(text):
    words = ["grad", *(["-f", text] if "\n" in text else [text]), "--each"]
    rows = [{"x": 1.0}] * 12
    others = [{"x": [1.0] * (i % 3 + 1)} if i % 2 else {"y": 1} for i in range(12)]
    others[4] = others[9] = {"x": 1.0}
    commands = [
        [[*words, "--seed", "3"], lines(*rows)],
        [[*words, "--seed", "3"], lines(*others)],
        [[*words, "--seed", "4"], lines(*rows)],
    ]
    (all_alike, *_), (mixed, *_), (other_seed, *_) = run("together", commands)
    alike, among_others = all_alike.split("\n"), mixed.split("\n")
    assert len(set(alike[:12])) == 12
    assert (alike[4], alike[9]) == (among_others[4], among_others[9])
    assert alike[4] not in other_seed


def test_a_product_of_others_does_not_depend_on_another_records_zero():
    draw = random.Random(3)
    rows = [{"x": [draw.gauss(0, 1) for _ in range(4)]} for _ in range(60)]
    rows[20] = rows[33] = {"x": [0.0, 1.0, 2.0, 3.0]}
    ((_, alone, _),) = in_both_ways([[["grad", "x.prod()", "--each"], lines(*rows)]])
    assert alone == 0


def test_what_wins_over_a_record_need_not_be_right_in_it():
    rows = lines(*({"w": None, "x": float(i), "y": 1} for i in range(20)))
    words = ["grad", "x * w", "--each", "--set", "w=2"]
    ((text, alone, _),) = in_both_ways([[words, rows]])
    assert alone == 0
    assert text.startswith('{"value":0.0,"grads":{"w":0.0,"x":2.0}}\n')


@pytest.mark.parametrize("last", ["1.0", "-1.0"])
def test_the_last_value_decides_the_exit_status(last):
    rows = lines(*({"x": i / 9 - 0.5} for i in range(30))) + f'{{"x": {last}}}\n'
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "eval", "-e", "x > 0", "--each", "--exit-status"],
        input=rows,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.count("\n") == 31
    assert done.returncode == (0 if last == "1.0" else 1)


def test_a_grid_goes_together():
    words = ["grad", "sin(x*y)", "--grid", "--set", "x=linspace(-3, 3, 50)", "--set", "y=[1, 2.5]"]
    ((text, alone, runs),) = in_both_ways([[words, ""]])
    assert (text.count("\n"), alone) == (100, 0)
    assert runs < 30

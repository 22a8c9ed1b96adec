"""`minimize`, `solve`, `--sigma`, `--elasticity`, `--taylor` and `schema`, as a shell sees them."""

from __future__ import annotations

import json
import math

import jsonschema
import numpy as np
import pytest
from process import document, gradcli, ndjson, records
from scipy import optimize

from gradcli.calculus.descent import Bounds, minimize
from gradcli.io.schemas import NAMES, schema

ROSENBROCK = "(1 - x)**2 + 100*(y - x**2)**2"
START = ("--set", "x=-1", "--set", "y=1")


@pytest.mark.parametrize("method", ["newton", "lbfgs", "auto"])
@pytest.mark.parametrize(
    ("bounds", "x", "y"),
    [((), 1.0, 1.0), (("--bounds", "x=-2,0.5"), 0.5, 0.25), (("--bounds", "y=2,"), 2**0.5, 2.0)],
)
def test_a_valley(method, bounds, x, y):
    found = document("minimize", ROSENBROCK, *START, *bounds, "--method", method)
    jsonschema.validate(found, schema("minimize"))
    assert found["converged"]
    start = [-1, max(1, 2 if y == 2.0 else 1)]
    if y == 2.0:
        theirs = optimize.minimize(
            lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2,
            start,
            bounds=[(None, None), (2, None)],
        )
        assert found["value"] == pytest.approx(theirs.fun, rel=1e-5)
    else:
        assert (found["at"]["x"], found["at"]["y"]) == pytest.approx((x, y), abs=1e-6)


def test_many_random_quadratics_within_bounds():
    """The minimum is where SciPy finds it, with Newton's method and with L-BFGS."""
    rng = np.random.default_rng(5)
    for _ in range(60):
        n = int(rng.integers(1, 8))
        root = rng.normal(size=(n, n))
        matrix = root @ root.T + 0.1 * np.eye(n)
        linear = rng.normal(size=n)
        lower = rng.normal(size=n) - 1
        upper = lower + rng.exponential(size=n)
        lower[rng.random(n) < 0.4] = -np.inf
        upper[rng.random(n) < 0.4] = np.inf

        class Quadratic:
            def slope(self, at, matrix=matrix, linear=linear):
                return float(at @ matrix @ at / 2 + linear @ at), matrix @ at + linear

            def curvature(self, at, matrix=matrix):
                return matrix

        theirs = optimize.lsq_linear(
            np.linalg.cholesky(matrix).T,
            -np.linalg.solve(np.linalg.cholesky(matrix), linear),
            (lower, upper),
            tol=1e-14,
        ).x
        for newton in (True, False):
            point, good = minimize(
                Quadratic(),
                rng.normal(size=n),
                Bounds(lower, upper),
                newton=newton,
                tolerance=1e-10,
                most=500,
                watch=lambda point: None,
            )
            assert good
            assert point.at == pytest.approx(theirs, abs=1e-5)


def test_a_fit_is_one_line(tmp_path):
    t = np.linspace(0, 3, 20)
    rows = "".join(f"{a},{2.5 * math.exp(-0.7 * a)!r}\n" for a in t.tolist())
    (tmp_path / "decay.csv").write_text("t,y\n" + rows)
    found = document(
        *("minimize", "mean((y - a*exp(-b*t))**2)", "--set", "a=1", "--set", "b=1"),
        *("--table", str(tmp_path / "decay.csv")),
    )
    assert (found["at"]["a"], found["at"]["b"]) == pytest.approx((2.5, 0.7))
    assert found["converged"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("minimize", "x", "--set", "x=0"), 1, ""),
        (("minimize", "log(x)", "--set", "x=-1"), 1, ""),
        (("minimize", "x.detach()**2", "--set", "x=1"), 5, "does not depend on `x`"),
        (("minimize", "x**2"), 2, "nothing varies"),
        (("minimize", "[x, x]", "--set", "x=1"), 5, "a minimum is of one number"),
        (("minimize", "x**2", "--set", "x=1", "--bounds", "x=3"), 2, "x=LOW,HIGH"),
        (("minimize", "x**2", "--set", "x=1", "--bounds", "x=3,2"), 2, "the lower one"),
        (("minimize", "x**2", "--set", "x=1", "--bounds", "y=3,4"), 2, "no name that varies"),
        (("minimize", "x**2", "--set", "x=1", "--each", "--trace"), 2, "--trace"),
        (("solve", "x**2 + 1", "--set", "x=1"), 1, ""),
        (("minimize", "x**2", "--set", "x=1", "--bounds", "x=nan,4"), 2, "NaN is no bound"),
        (("solve", "exp(x)", "--set", "x=1", "--iterations", "3"), 1, ""),
        (("solve", "tan(x)", "--set", "x=1.5", "--bounds", "x=1,2"), 1, ""),
        (("solve", "1/x", "--set", "x=2", "--bounds", "x=-1,3"), 1, ""),
        (("solve", "floor(x) - 2.5", "--set", "x=1", "--bounds", "x=0,5"), 1, ""),
        (("grad", "x", "--set", "x=1", "--tangent", "1"), 2, "--tangent is for --taylor"),
        (("grad", "x.sum()", "--set", "x=[1,2]", "--taylor", "2"), 2, "along which direction"),
        (("grad", "x", "--set", "x=1", "--sigma", "y=1"), 2, "no input that requires grad"),
        (("grad", "x", "--set", "x=1", "--sigma", "x=-1"), 2, "is not negative"),
        (("grad", "x", "--set", "x=1", "--sigma", "x=[1,2]"), 2, "has the shape [2]"),
        (("grad", "x", "--set", "x=1", "--sigma", "x=.s"), 2, "no field `.s`"),
        (("schema", "gard"), 2, "did you mean `grad`?"),
        (("schema",), 2, "one schema at a time"),
    ],
)
def test_what_is_no_answer(words, status, said):
    done = gradcli(*words, stdin=b"")
    assert (done.returncode, said in done.stderr.decode()) == (status, True)
    if status == 1:
        assert json.loads(done.stdout)["converged"] is False


def test_from_a_maximum_it_goes_down():
    found = document("minimize", "cos(x) + y**2", "--set", "x=0", "--set", "y=1")
    assert abs(found["at"]["x"]) == pytest.approx(math.pi)
    assert found["converged"]


@pytest.mark.parametrize(
    ("words", "at"),
    [
        (("x**2 - 2", "--set", "x=1"), {"x": 2**0.5}),
        (("cos(x) - x", "--set", "x=0", "--bounds", "x=0,1"), {"x": 0.7390851332151607}),
        (("sign(x) * abs(x)**0.3", "--set", "x=1", "--bounds", "x=-1,3"), {"x": 0.0}),
        (("x**3 - 1e-9", "--set", "x=5", "--bounds", "x=-10,10"), {"x": 1e-3}),
        (("x", "--set", "x=5", "--bounds", "x=0,10"), {"x": 0.0}),
        (("[x + y - 3, x*y - 2]", "--set", "x=0", "--set", "y=5"), {"x": 1.0, "y": 2.0}),
        (("A @ x - b", "--set", "x=[0,0]", "--const", "A=[[2.,1],[1,3]]", "--const", "b=[3.,5]"),
         {"x": [0.8, 1.4]}),
    ],
)  # fmt: skip
def test_roots(words, at):
    found = document("solve", *words)
    jsonschema.validate(found, schema("solve"))
    assert found["converged"]
    for name, value in at.items():
        assert found["at"][name] == pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("text", ["x**2 - 2", "exp(x) - 5", "x**3 - x - 1"])
def test_a_bracket_in_float32_ends_at_the_best_point(text):
    words = ["solve", text, "--set", "x=1", "--bounds", "x=0,9", "--dtype", "float32"]
    steps = records(gradcli(*words, "--trace", stdin=b"").stdout)
    assert abs(steps[-1]["value"]) == min(abs(step["value"]) for step in steps)
    assert steps[-1]["converged"]


def test_series_of_high_order():
    found = document("grad", "exp(x)", "--set", "x=0", "--taylor", "200")["taylor"]["x"]
    assert found[:3] == [1.0, 1.0, 0.5]
    assert found[-1] == 0.0


def test_a_root_per_record():
    done = gradcli(
        "solve", "x**2 - a", "--set", "x=1", "--each", stdin=b'{"a":2}\n{"a":-1}\n{}\n{"a":9}\n'
    )
    found = records(done.stdout)
    assert [f.get("converged") for f in found] == [True, False, None, True]
    assert found[3]["at"]["x"] == pytest.approx(3)
    assert done.returncode == 2  # of the record that failed, which wins over the one without a root
    done = gradcli("solve", "x**2 - a", "--set", "x=1", "--each", stdin=b'{"a":-1}\n{"a":4}\n')
    assert done.returncode == 1


def test_every_step_is_a_line():
    done = gradcli("minimize", ROSENBROCK, *START, "--trace")
    *steps, last = records(done.stdout)
    assert [step["step"] for step in steps] == list(range(last["steps"] + 1))
    values = [step["value"] for step in steps]
    assert values == sorted(values, reverse=True)
    assert steps[-1]["at"] == last["at"]
    for line in (*steps, last):
        jsonschema.validate(line, schema("minimize"))


def test_errors_propagate():
    words = ("--set", "m=2", "--set", "g=9.81", "--set", "h=10")
    found = document("grad", "m*g*h", *words, "--sigma", "m=0.01", "--sigma", "h=0.1")
    jsonschema.validate(found, schema("grad"))
    assert found["sigma"] == pytest.approx(math.hypot(98.1 * 0.01, 19.62 * 0.1))
    assert found["shares"] == pytest.approx({"m": 0.2, "h": 0.8})


def test_errors_come_from_fields_of_records():
    rows = [{"L": 2, "sL": 0.1, "T": 1, "sT": 0.2}, {"L": 3, "sL": 0, "T": 1, "sT": 0}, {"L": 1}]
    words = ("grad", "L / T**2", "--sigma", "L=.sL", "--sigma", "T=.sT", "--each")
    done = gradcli(*words, stdin=ndjson(rows))
    first, second, third = records(done.stdout)
    assert first["sigma"] == pytest.approx(math.hypot(0.1, 4 * 0.2))
    assert (second["sigma"], second["shares"]) == (0, {"L": 0, "T": 0})
    assert third["error"]["record"] == 3


def test_errors_of_arrays():
    words = ("--set", "x=[1,2]", "--sigma", "x=[0.1,0.2]", "--cotangent", "[1,1]")
    found = document("grad", "stack([x.sum(), x.prod()])", *words)
    assert found["sigma"] == pytest.approx([math.hypot(0.1, 0.2), math.hypot(0.2, 0.2)])


def test_relative_derivatives():
    found = document("grad", "x**3 * y", "--set", "x=2", "--set", "y=-5", "--elasticity")
    assert found["elasticity"] == pytest.approx({"x": 3, "y": 1})


def test_series():
    found = document("grad", "exp(x) * y", "--set", "x=0", "--set", "y=2", "--taylor", "6")
    assert found["taylor"]["x"] == pytest.approx([2 / math.factorial(k) for k in range(7)])
    assert found["taylor"]["y"] == [2, 1, 0, 0, 0, 0, 0]
    words = ("--set", "x=[1,2]", "--tangent", "[1,-1]", "--taylor", "3")
    found = document("grad", "(x**2).prod()", *words)
    assert found["taylor"] == pytest.approx([4, 4, -3, -2])  # ((1 + t)(2 - t))²


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_written(name):
    assert document("schema", name) == schema(name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sqrt(x) - 1", ["x=0"]),
        ("sqrt(abs(x))*y - 1", ["x=0", "y=1"]),
        ("stack([sqrt(x) - 1, x - 1])", ["x=0"]),
        ("where(x > 0, x, x*inf)*y - 1", ["x=1", "y=nan"]),
    ],
)
def test_a_slope_that_is_no_number_ends_where_it_is(text, words):
    given = [word for pair in words for word in ("--set", pair)]
    done = gradcli("solve", text, *given)
    assert (done.returncode, done.stderr) == (1, b"")
    assert json.loads(done.stdout)["steps"] == 0  # and nothing else stands there


def test_a_root_may_have_any_slope():
    assert document("solve", "sqrt(x)", "--set", "x=0")["converged"]


@pytest.mark.parametrize("command", ["minimize", "solve"])
def test_inputs_without_elements(command):
    assert document(command, "sum(x)**2 + y**2", "--set", "x=[]", "--set", "y=0")["converged"]
    found = document(command, "sum(x**2)", "--set", "x=[]")
    assert (found["at"], found["value"]) == ({"x": []}, 0.0)


@pytest.mark.parametrize("form", [(), ("--full",), ("--dtype", "float32")])
def test_what_is_added_to_gradients_fits_the_schema(form):
    words = ("grad", "x * y", "--set", "x=2", "--set", "y=3", "--sigma", "x=.5", "--elasticity")
    for along in (), ("--tangent", "x=1", "--tangent", "y=2"):
        found = document(*words, "--taylor", "2", *along, *form)
        jsonschema.validate(found, schema("grad"))
        if not form:
            assert found["sigma"] == pytest.approx(1.5)
            assert found["taylor"] == ([6, 7, 2] if along else {"x": [6, 3, 0], "y": [6, 2, 0]})

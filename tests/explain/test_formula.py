"""Formulas: the classical ones as books have them, and random ones beside executed gradients."""

from __future__ import annotations

import ast
import inspect
import json
import math
import pathlib
import re
import subprocess
import sys
from typing import Any

import jsonschema
import numpy as np
import pytest
from compared import BOOK, CASES, compare
from derived import Case, arrays, close, compiled
from entries import formulas, steps
from table_cases import complex_input, entries, samples

from gradcli.explain.formula.algebra import Algebra
from gradcli.explain.formula.evaluation import evaluated
from gradcli.explain.formula.formulas import in_language, written
from gradcli.explain.formula.latex import Latex, latex_name
from gradcli.explain.formula.numpy_code import numpy_code
from gradcli.explain.formula.text import Writer
from gradcli.explain.formula.torch_code import torch_code
from gradcli.explain.formula.tracing import NoFormula
from gradcli.explain.formula.words import DEFINITIONS, SPELLED, UNWRITTEN
from gradcli.io.schemas import schema
from gradcli.language.interpreter import Program, Session
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.table.entry import OPS

HERE = pathlib.Path(__file__).parent
CLASSICAL = json.loads((HERE / "formula" / "classical.json").read_text())
RECORDED = json.loads((HERE.parent / "goldens" / "formulas.json").read_text())


def case_of(row: dict[str, Any]) -> Case:
    """A classical derivative's text with its inputs; those without a value are numbers."""
    given = {name: json.loads(text) for name, text in row.get("set", {}).items()}
    for place, name in enumerate(row["text"]):
        given.setdefault(name, (0.7, 1.3)[place])
    for name in ("x", "y"):
        if name in row["of"] and name not in given and name not in row.get("const", {}):
            given.setdefault(name, 1.3)
    const = {name: json.loads(text) for name, text in row.get("const", {}).items()}
    return Case(row["of"], given, const)


@pytest.mark.parametrize("row", CLASSICAL, ids=[row["of"] for row in CLASSICAL])
def test_classical_derivatives_read_as_in_a_book(row: dict[str, Any]) -> None:
    case = case_of(row)
    formula = case.derivation().gradients()
    parts, where = in_language(formula)
    assert ({name: parts[name] for name in row["text"]}, where) == (row["text"], {})
    latex, _ = written(formula, Latex())
    assert {name: latex[name] for name in row["latex"]} == row["latex"]
    found = arrays(evaluated(parts, where, case.values()))
    assert all(close(a, b, 1e-9) for a, b in zip(found, case.executed(), strict=True))


@pytest.mark.parametrize("row", BOOK, ids=[row["topic"] for row in BOOK])
def test_derivatives_of_textbooks_and_courses(row: dict[str, Any]) -> None:
    """Vector and matrix calculus, losses, layers, likelihoods, physics: read once by a person."""
    parts, where = in_language(Case(row["of"], row["set"], row["const"]).derivation().gradients())
    assert (parts, where) == (row["text"], row["where"])


@pytest.mark.parametrize(
    ("kind", "count"),
    [("expressions", 60), ("programs", 30), ("second derivatives", 15), ("textbook", len(BOOK))],
)
def test_random_texts(kind: str, count: int) -> None:
    """Here and by NumPy; by PyTorch what is emitted was run when formulas.json was recorded."""
    _, number = CASES[kind]
    step = number // count
    for place in range(0, number, step):
        found = compare(kind, place)
        assert (found.case.text, found.verdict) == (found.case.text, "equal")
        assert found.digest == RECORDED[kind][place], found.torch_code


def test_every_kind_was_recorded_in_full() -> None:
    for kind, (_, number) in CASES.items():
        assert len(RECORDED[kind]) == number
        assert RECORDED[kind].count("") <= number // 20  # texts without a formula


def _differentiable() -> list[Any]:
    return [op for op in entries() if op.vjp]


@pytest.mark.parametrize("share", range(4))
def test_entries(share: int) -> None:
    """What is said of an entry has only names of the language, and its value is the gradient."""
    for op in _differentiable()[share::12]:
        for sample in samples(op, "real")[:1]:
            if complex_input(sample):
                continue
            try:
                found = formulas(op, sample)
            except NoFormula as error:
                assert op.id in UNWRITTEN or "not implemented" in error.reason, op.id
                continue
            except (RuntimeError, NotImplementedError) as error:
                assert any(words in str(error) for words in NO_DERIVATIVE), (op.id, error)
                continue
            if found is None:
                continue
            for text, where, value, executed in found.found:
                assert close(value, executed, 1e-9), (op.id, text, where)
            by_numpy = found.by_numpy()
            if by_numpy is not None:
                for value, (text, _, _, executed) in zip(by_numpy, found.found, strict=True):
                    assert close(value, executed, 1e-9), (op.id, text)


@pytest.mark.parametrize("share", range(2))
def test_steps(share: int) -> None:
    """Explanations have names of the language, of the user, and of the entry's parameters."""
    for op in _differentiable()[share::6]:
        known = {"input", *(parameter.name for parameter in op.parameters)}
        for sample in samples(op, "real")[:1]:
            try:
                found = steps(op, sample)
            except (RuntimeError, NotImplementedError) as error:
                assert any(words in str(error) for words in NO_DERIVATIVE), (op.id, error)
                continue
            for text, values, executed in found:
                if not text:
                    assert op.id in UNWRITTEN or op.id in PARTLY, op.id
                    continue
                source = Source(text, "step")
                program = Program(source, parse(source, "expression"), "calculator")
                unknown = set(program.inputs) - set(values)
                assert unknown <= known, (op.id, text)
                if not unknown:
                    (value,) = arrays([Session().run(program, values, fresh=True).value])
                    assert close(value, executed, 1e-9), (op.id, text)


# Entries whose sample is one of the special cases that have no formula.
PARTLY = ("_avg_pool_back", "_embedding_again", "_embedding_back")

# What PyTorch has no derivative of, or no call with the sample's tensors as leaves.
NO_DERIVATIVE = (
    "is not implemented",
    "not differentiable",
    "does not support automatic differentiation",
    "only supported for complex tensors",
    "rows left out",
    "scaled by frequency",
)


def test_few_entries_have_no_formula() -> None:
    entries()
    assert set(UNWRITTEN) <= set(OPS)
    assert all(UNWRITTEN.values())
    assert len(UNWRITTEN) <= 0.03 * len(OPS)
    assert {*SPELLED, *DEFINITIONS} <= set(OPS)
    for identifier, (_, positional, keywords) in SPELLED.items():
        known = {parameter.name for parameter in OPS[identifier].parameters}
        assert {*positional, *keywords} <= known, identifier


LAYERS = [
    "F.layer_norm(x, [3]).pow(3).sum()",
    "F.group_norm(x.reshape(1, 3), 1).pow(3).sum()",
    "F.batch_norm(x.reshape(3, 1), None, None, training=True).pow(3).sum()",
    "huber_loss(x, t) ** 2",
    "smooth_l1_loss(x, t) ** 2",
    "mse_loss(x, t) ** 2",
    "nll_loss(log_softmax(x, 0), tensor(1)) ** 2",
    "cross_entropy(x, tensor(1)) ** 2",
    "binary_cross_entropy(sigmoid(x), t) ** 2",
    "binary_cross_entropy_with_logits(x, t) ** 2",
    "F.avg_pool1d(x.reshape(1, 3), 2, 1).pow(3).sum()",
    "F.max_pool1d(x.reshape(1, 3), 2, 1).pow(3).sum()",
    "F.conv1d(x.reshape(1, 1, 3), t.reshape(1, 1, 3), padding=1).pow(3).sum()",
    "F.scaled_dot_product_attention(outer(x, t), outer(t, x), outer(x, x)).pow(3).sum()",
    "F.scaled_dot_product_attention(*[outer(x, t).view(1, 1, 3, 3)] * 3).pow(3).sum()",
    "F.scaled_dot_product_attention(*[outer(x, t).view(1, 1, 3, 3)] * 3, outer(t, t)).sum() ** 3",
    "F.embedding(tensor([1, 0, 1]), outer(x, x)).pow(3).sum()",
    "linalg.cholesky(outer(x, x) + eye(3)).pow(3).sum()",
    "linalg.solve(outer(x, t) + eye(3), t).pow(3).sum()",
]


@pytest.mark.parametrize("text", LAYERS)
def test_layers_and_losses(text: str) -> None:
    const = {"t": [1.0, 0.0, 1.0]} if re.search(r"\bt\b", text) else {}
    case = Case(text, {"x": [0.3, -1.2, 2.0]}, const)
    parts, where = in_language(case.derivation().gradients())
    found = arrays(evaluated(parts, where, case.values()))
    assert all(close(a, b, 1e-9) for a, b in zip(found, case.executed(), strict=True))


def test_names_of_a_program_stay() -> None:
    case = Case(
        "def layer(W, h):\n    return tanh(W @ h)\nh = x\nfor i in range(2):\n    h = layer(W, h)\n"
        "loss = sum(h ** 2)\nloss\n",
        {"x": [0.5, -0.3]},
        {"W": [[1.0, 0.2], [0.3, -0.7]]},
    )
    parts, where = in_language(case.derivation().gradients())
    assert where == {"h_1": "tanh(W @ x)", "h_2": "tanh(W @ h_1)"}
    assert parts == {"x": "2 * W.T @ (W.T @ (h_2 * (1 - h_2 ** 2)) * (1 - h_1 ** 2))"}


def test_parts_that_occur_again_have_one_name() -> None:
    case = Case("sigmoid(w * x + b)", {"w": 0.3, "x": 0.5, "b": 0.1}, {})
    parts, where = in_language(case.derivation().gradients())
    assert where == {"s": "sigmoid(w * x + b)"}
    assert parts == {"w": "s * x * (1 - s)", "x": "s * w * (1 - s)", "b": "s * (1 - s)"}


JACOBIANS = [
    ("softmax(x, 0)", "diag(p) - outer(p, p)"),
    ("A @ x", "A"),
    ("x ** 2", "2 * diag(x)"),
    ("tanh(A @ x)", "diag(1 - tanh(A @ x) ** 2) @ A"),
    ("x / norm(x)", "eye(2) / norm(x) - outer(x, x) / norm(x) ** 3"),
    ("sum(x ** 2)", "2 * x"),
    ("relu(A @ x)", "diag(where(A @ x > 0, 1.0, 0.0)) @ A"),
    ("sigmoid(A @ x)", "diag(s * (1 - s)) @ A"),
    ("linalg.solve(A, x)", "inverse(A)"),
    ("x - mean(x)", "eye(2) - 1 / 2"),
    ("x / sum(x)", "(eye(2) - outer(x, ones(2)) / sum(x)) / sum(x)"),
    ("exp(x) / sum(exp(x))", "(diag(e) - outer(e, e) / sum(e)) / sum(e)"),
]

HESSIANS = [
    ("x @ A @ x", "A + A.T"),
    ("logsumexp(x, 0)", "diag(p) - outer(p, p)"),
    ("norm(x)", "eye(2) / norm(x) - outer(x, x) / norm(x) ** 3"),
    ("sum(softplus(A @ x))", "A.T @ diag(s * (1 - s)) @ A"),
    ("exp(x @ A[0])", "exp(x @ A[0]) * outer(A[0], A[0])"),
    ("mean((x - mean(x)) ** 2)", "eye(2) - 1 / 2"),
]


@pytest.mark.parametrize(("text", "wanted"), HESSIANS)
def test_hessians(text: str, wanted: str) -> None:
    case = Case(text, {"x": [0.5, -0.3]}, {"A": [[1.0, 0.2], [0.3, -0.7]]})
    if "A" not in text:
        case.const = {}
    parts, where = in_language(case.derivation().hessian())
    found = arrays(evaluated(parts, where, case.values()))
    assert close(found[0], case.executed("hessian")[0], 1e-9)
    assert parts["x", "x"] == wanted


def test_a_hessian_of_vectors_of_two_lengths() -> None:
    case = Case("x @ A @ y", {"x": [0.5, -0.3], "y": [1.0]}, {"A": [[1.0], [0.3]]})
    parts, _ = in_language(case.derivation().hessian())
    assert (parts["x", "y"], parts["y", "x"]) == ("A", "A.T")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (math.sqrt(2), "sqrt(2)"),
        (1 / math.sqrt(2), "1 / sqrt(2)"),
        (math.sqrt(2 * math.pi), "sqrt(2 * pi)"),
        (-2 / math.sqrt(math.pi), "-2 / sqrt(pi)"),
        (math.sqrt(2 / math.pi), "sqrt(2 / pi)"),
        (3 * math.pi / 4, "3 * pi / 4"),
        (math.pi**2, "pi ** 2"),
        (1 / 3, "1 / 3"),
        (0.70710678, "0.70710678"),
        (1.7, "1.7"),
        (math.e, repr(math.e)),
    ],
)
def test_constants_that_were_folded(value: float, wanted: str) -> None:
    algebra = Algebra()
    assert Writer(str).text(algebra.number(value)) == wanted


def test_the_names_of_directions_come_last() -> None:
    """`g` is a cotangent only where no value of the program has that name."""
    parts, _ = in_language(Case("sin(g * x)", {"g": 2.0, "x": 0.3}, {}).derivation().gradients())
    assert parts == {"g": "x * cos(g * x)", "x": "g * cos(g * x)"}
    parts, _ = in_language(
        Case("sin(a * x)", {"x": [0.3, 0.4]}, {"a": 2.0}).derivation().gradients()
    )
    assert parts == {"x": "a * cos(a * x) * g"}


def test_what_is_compared_with_its_largest_element_is_computed_once() -> None:
    parts, where = in_language(Case("max(erf(x))", {"x": [0.3, 0.4]}, {}).derivation().gradients())
    assert where == {"r": "erf(x)"}
    assert "r == max(r)" in parts["x"]


@pytest.mark.parametrize(("text", "wanted"), JACOBIANS)
def test_jacobians(text: str, wanted: str) -> None:
    case = Case(text, {"x": [0.5, -0.3]}, {"A": [[1.0, 0.2], [0.3, -0.7]]})
    if "A" not in text:
        case.const = {}
    parts, _ = in_language(case.derivation().jacobian())
    assert parts["x"] == wanted


def test_hessian_of_least_squares() -> None:
    case = Case(
        "sum((A @ x - b) ** 2)",
        {"x": [0.5, -0.3]},
        {"A": [[1.0, 0.2], [0.3, -0.7]], "b": [1.0, 2.0]},
    )
    parts, where = in_language(case.derivation().hessian())
    assert (parts, where) == ({("x", "x"): "2 * A.T @ A"}, {})


def test_tangents() -> None:
    case = Case("sin(x) * y", {"x": 0.5, "y": 0.3}, {})
    parts, _ = in_language(case.derivation().tangents())
    assert parts == {"": "y * cos(x) * v_x + sin(x) * v_y"}


def test_code_gives_way_to_modules_and_keywords() -> None:
    case = Case(
        "np * torch ** 2 + special * sin(np)", {"np": 2.0, "torch": 3.0, "special": 1.0}, {}
    )
    formula = case.derivation().gradients()
    for make, module in ((numpy_code, "np_"), (torch_code, "torch_")):
        code = make(formula, "gradient")
        assert module in code.partition("def ")[2].partition(":")[0]
    function = compiled(numpy_code(formula, "gradient"), "gradient")
    names = {"np_": 2.0, "torch": 3.0, "special_": 1.0}
    found = function(*(names[name] for name in inspect.signature(function).parameters))
    wanted = case.executed()
    assert all(close(a, b, 1e-12) for a, b in zip(found.values(), wanted, strict=True))


def test_special_functions_are_said_in_the_first_line() -> None:
    formula = Case("sum(erf(x) * sigmoid(x))", {"x": [0.5, 1.0]}, {}).derivation().gradients()
    code = numpy_code(formula, "gradient")
    assert code.splitlines()[0] == "# Needs SciPy for functions that NumPy does not have."


def test_a_vector_inside_of_a_product() -> None:
    """`B @ y @ r` is a number: products of matrices are not read from the right."""
    text = "atan(tanh((B @ y) @ expm1(0.2 * x)))"
    case = Case(text, {"x": [0.5, 1.0], "y": [0.3, -0.4], "B": [[1.0, 2.0], [0.3, 0.1]]}, {})
    parts, where = in_language(case.derivation().gradients())
    found = arrays(evaluated(parts, where, case.values()))
    assert all(close(a, b, 1e-12) for a, b in zip(found, case.executed(), strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "sum(A.T @ sum(A, 1))",
        "sum(A @ sum(A, 0))",
        "sum((A.T + sum(A, 1)) ** 2)",
        "sum((A + sum(A, 1, keepdim=True)).T @ sum(A, 1))",
        "sum(mean(A, 1, keepdim=True).T @ A)",
        "sum((A.T * mean(A, 1)) @ A)",
    ],
)
def test_rows_that_broadcast_are_turned(text: str) -> None:
    case = Case(text, {"A": [[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]}, {})
    parts, where = in_language(case.derivation().gradients())
    found = arrays(evaluated(parts, where, case.values()))
    assert close(found[0], case.executed()[0], 1e-12), parts


@pytest.mark.parametrize(
    "text", ["sum((mean(A, 0) @ C) ** 2)", "sum((mean(A, 0, keepdim=True) @ C).squeeze(0) ** 2)"]
)
def test_a_row_that_was_kept_is_a_vector(text: str) -> None:
    case = Case(text, {"A": [[1.0, 2.0], [0.3, 0.1]], "C": [[0.5, 1.5], [2.0, -1.0]]}, {})
    parts, _ = in_language(case.derivation().gradients())
    assert parts == {
        "A": "(C @ C.T @ mean(A, 0)).expand(2, 2)",
        "C": "2 * outer(mean(A, 0), C.T @ mean(A, 0))",
    }


def test_latex_tells_products_apart() -> None:
    case = Case("sum(tanh(A @ x) ** 2)", {"x": [0.5, 1.0]}, {"A": [[1.0, 2.0], [0.3, 0.1]]})
    latex, where = written(case.derivation().gradients(), Latex())
    assert latex["x"] == (r"2 A^{\top} (\tanh(A x) \odot (1 - \tanh^{2}(A x)))")
    assert where == {}


def test_latex_tells_the_exponential_from_a_value_called_e() -> None:
    case = Case("e * exp(-x)", {"e": 0.5, "x": 1.0}, {})
    latex, _ = written(case.derivation().gradients(), Latex())
    assert latex["x"] == r"-e \exp(-x)"


def test_latex_has_rows_and_inner_products() -> None:
    case = Case("x @ y / norm(x)", {"x": [0.5, 1.0]}, {"y": [2.0, 1.0]})
    latex, _ = written(case.derivation().gradients(), Latex())
    assert latex["x"] == (r"\frac{y}{\lVert x \rVert} - \frac{x (x^{\top} y)}{\lVert x \rVert^{3}}")


V, M, N = [0.5, -1.2], [[2.0, 0.5], [0.3, 1.0]], [[1.0, 2.0], [3.0, 5.0]]
# Each was rendered by KaTeX and by LaTeX, and looked at.
LOOKED_AT: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("sum(W @ x + b)", {"W": M, "x": V, "b": V}, {
        "W": r"\mathbf{1} x^{\top}", "x": r"W^{\top} \mathbf{1}", "b": r"\mathbf{1}"}),
    ("sum(M * b.unsqueeze(1))", {"M": M, "b": V}, {
        "M": r"b \mathbf{1}^{\top}", "b": r"M \mathbf{1}"}),
    ("sum(relu(W @ x))", {"W": M, "x": V}, {
        "W": r"\mathbf{1}[W x > 0] x^{\top}", "x": r"W^{\top} \mathbf{1}[W x > 0]"}),
    ("clamp(x, 0, 1).sum()", {"x": V}, {
        "x": r"\begin{cases} 1 & 0 \le x \le 1 \\ 0 & \text{otherwise} \end{cases}"}),
    ("clamp(x, -1, 1).sum() + sum(x ** 2)", {"x": V}, {
        "x": r"2 x + \mathbf{1}[-1 \le x \le 1]"}),
    ("sum(maximum(a, b) * c)", {"a": V, "b": [1.0, -2.0], "c": V}, {"c": r"\max(a, b)"}),
    ("erf(x / sqrt(2))", {"x": 0.5}, {"x": r"\sqrt{\frac{2}{\pi}} e^{-x^{2} / 2}"}),
    ("exp(-x ** 2 / (2 * sigma ** 2))", {"x": 0.5, "sigma": 2.0}, {
        "x": r"-\frac{e x}{\sigma^{2}}"}),
    ("2 ** x * sin(x)", {"x": 0.5}, {"x": r"2^{x} (\cos(x) + \log(2) \sin(x))"}),
    ("log10(x)", {"x": 0.5}, {"x": r"\frac{1}{x \log(10)}"}),
    ("hypot(x, y)", {"x": 0.5, "y": 2.0}, {"x": r"\frac{x}{\sqrt{x^{2} + y^{2}}}"}),
    ("lgamma(alpha) + digamma(beta)", {"alpha": 1.5, "beta": 2.0}, {
        "alpha": r"\psi(\alpha)", "beta": r"\psi^{(1)}(\beta)"}),
    ("sum(linalg.cross(a, b) * c)", {"a": [1.0, 2.0, 3.0], "b": [1.0, 0.5, 3.0],
        "c": [1.0, 2.0, 4.0]}, {"a": r"b \times c"}),
    ("std(x)", {"x": [1.0, 2.0, 4.0]}, {"x": r"\frac{x - \bar{x}}{2 \operatorname{std}(x)}"}),
    ("prod(x)", {"x": V}, {"x": r"\frac{\prod x}{x}"}),
    ("floor(x) * y", {"x": 0.5, "y": 2.0}, {"y": r"\lfloor x \rfloor"}),
    ("det(A @ A.T)", {"A": N}, {"A": r"2 \det(A A^{\top}) ((A A^{\top})^{-1} A)"}),
    ("logsumexp(A, 1).sum()", {"A": M}, {"A": r"\operatorname{softmax}_{\text{axis 1}}(A)"}),
    ("sum(w ** 2) * lam * rate", {"w": V, "lam": 0.5, "rate": 2.0}, {
        "w": r"2 \lambda \, \mathrm{rate} \, w", "lam": r"\mathrm{rate} \, \sum w^{2}"}),
    ("h_2[0] ** 2 * x[1]", {"h_2": V, "x": V}, {
        "x": r"\begin{pmatrix} 0 \\ (h_{2})_{0}^{2} \end{pmatrix}"}),
    ("A[0, 1] * x[0] / x[1]", {"A": M, "x": V}, {
        "x": r"\begin{pmatrix} \frac{A_{0, 1}}{x_{1}} \\[1ex] "
        r"-\frac{x_{0} A_{0, 1}}{x_{1}^{2}} \end{pmatrix}"}),
    ("x ** 2 * 1e-7 + y * 1e-8", {"x": 0.5, "y": 1.0}, {
        "x": r"2 \cdot 10^{-7} x", "y": r"10^{-8}"}),
    ("log(theta / (1 - theta))", {"theta": 0.3}, {
        "theta": r"\frac{1}{\theta} + \frac{1}{1 - \theta}"}),
    ("log(exp(x / y) + 1 / y)", {"x": 0.3, "y": 2.0}, {
        "x": r"\frac{e^{x / y}}{y \left(e^{x / y} + \frac{1}{y}\right)}"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "given", "wanted"), LOOKED_AT, ids=[r[0] for r in LOOKED_AT])
def test_latex_reads_as_a_book(text: str, given: dict[str, Any], wanted: dict[str, str]) -> None:
    latex, _ = written(Case(text, given, {}).derivation().gradients(), Latex())
    assert {name: latex[name] for name in wanted} == wanted
    for part in latex.values():
        assert part.count("{") == part.count("}")
        assert part.count(r"\left") == part.count(r"\right")


SHORT: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("100 * 1.05 ** t", {"t": 2.0}, {"t": "100 * 1.05 ** t * log(1.05)"}),
    ("log2(x) + log10(y)", {"x": 0.5, "y": 2.0}, {
        "x": "1 / (x * log(2))", "y": "1 / (y * log(10))"}),
    ("where(x > 0, x**2, -x / (1 + x**2)).sum()", {"x": [0.5, -1.2]}, {
        "x": "where(x > 0, 2 * x, (x ** 2 - 1) / (1 + x ** 2) ** 2)"}),
    ("0.5 * abs(x) ** 2", {"x": -0.5}, {"x": "x"}),
    ("abs(x) ** 3", {"x": -0.5}, {"x": "3 * x ** 2 * sign(x)"}),
    ("cumsum(x, 0)[1]", {"x": V}, {"x": "ones(2)"}),
    ("det(A @ A.T)", {"A": N}, {"A": "2 * det(A @ A.T) * (inverse(A @ A.T) @ A)"}),
    ("kron(A, B).sum()", {"A": M, "B": N}, {
        "A": "sum(B).expand(2, 2)", "B": "sum(A).expand(2, 2)"}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "given", "wanted"), SHORT, ids=[row[0] for row in SHORT])
def test_formulas_are_short(text: str, given: dict[str, Any], wanted: dict[str, str]) -> None:
    case = Case(text, given, {})
    formula = case.derivation().gradients()
    parts, where = in_language(formula)
    assert (parts, where) == (wanted, {})
    function = compiled(numpy_code(formula, "gradient"), "gradient")
    result = function(*(np.asarray(given[name]) for name in inspect.signature(function).parameters))
    by_numpy = list(result.values()) if isinstance(result, dict) else [result]
    for found in (arrays(evaluated(parts, where, case.values())), by_numpy):
        assert all(close(a, b, 1e-9) for a, b in zip(found, case.executed(), strict=True))


def test_latex_escapes_names() -> None:
    assert latex_name("α") == "\\alpha"
    assert latex_name("h_2") == "h_{2}"
    assert latex_name("lambda_") == "\\lambda"
    assert latex_name("learning_rate") == "\\mathrm{learning\\_rate}"


# ------------------------------------------------------------------ the command line


_MAIN = "from gradcli.cli.main import main; main()"


def gradcli(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-c", _MAIN, *words], capture_output=True, text=True, timeout=60
    )


def test_command() -> None:
    done = gradcli("grad", "sin(x*y)", "--formula", "--wrt", "x")
    assert (done.stdout, done.returncode) == ("x: y * cos(x * y)\n", 0)


@pytest.mark.parametrize(
    ("command", "text", "wanted"),
    [
        ("grad", "sin(x*y)", {"formula": {"x": "y * cos(x * y)", "y": "x * cos(x * y)"}}),
        ("jvp", "x**2", {"formula": "2 * x * v"}),
        ("jacobian", "x**2", {"formula": {"x": "2 * x"}}),
        ("hessian", "x**2", {"formula": {"x": {"x": "2"}}}),
    ],
)
def test_json(command: str, text: str, wanted: Any) -> None:
    done = gradcli(command, text, "--formula", "-c")
    found = json.loads(done.stdout)
    assert found == wanted
    jsonschema.validate(found, schema(command))


def test_why_there_is_no_formula(tmp_path: pathlib.Path) -> None:
    program = tmp_path / "p.grad"
    program.write_text("y = x * 2\ny.unfold(0, 1, 1)[0] = 1.0\ny.sum()\n")
    done = gradcli("grad", "-f", str(program), "--set", "x=[1, 2]", "--formula")
    assert done.returncode == 5
    assert "no formula: it writes into a part of a tensor in place" in done.stderr
    assert ":2:1" in done.stderr


CUSTOM = """import torch
class Half(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * x
    @staticmethod
    def backward(ctx, g):
        return g / 2
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = Half.apply(x).sum()
"""
HOOK = """import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
h = x ** 2
h.register_hook(lambda g: g * 3)
y = h.sum()
"""
WITHIN = """import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
(slope,) = torch.autograd.grad((x ** 3).sum(), x, create_graph=True)
y = (slope ** 2).sum()
"""
TRANSFORM = """import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = torch.func.vmap(lambda a: a * 2)(x).sum()
"""
MODULE = """import torch
model = torch.nn.Linear(2, 1)
X = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
y = model(X).pow(2).sum()
"""
STEPS = """import torch
w = torch.tensor([1.0, 2.0], requires_grad=True)
for step in range(2):
    loss = (w ** 2).sum()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
y = (w ** 3).sum()
"""


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (CUSTOM, "grad"),
        (HOOK, "grad"),
        (WITHIN, "grad"),
        (CUSTOM, "jacobian"),
        (HOOK, "hessian"),
    ],
)
def test_a_gradient_that_the_program_makes_has_no_formula(
    text: str, command: str, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "p.grad").write_text(text)
    done = gradcli(command, "-f", str(tmp_path / "p.grad"), "--of", "y", "--formula")
    assert done.returncode == 5
    assert "a Function's own backward, a hook or a gradient within it makes another" in done.stderr


def test_transforms_have_no_formula(tmp_path: pathlib.Path) -> None:
    (tmp_path / "p.grad").write_text(TRANSFORM)
    done = gradcli("grad", "-f", str(tmp_path / "p.grad"), "--of", "y", "--formula")
    assert done.returncode == 5
    assert "it uses a transform, such as vmap, jvp or grad" in done.stderr
    assert ":3:" in done.stderr


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (MODULE, "model_weight: 2 * r.T @ X\nmodel_bias: 2 * sum(r, 0)\n"),
        (STEPS, "w: 3 * w ** 2\n"),
    ],
)
def test_programs_of_pytorch(text: str, wanted: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "p.grad").write_text(text)
    done = gradcli("grad", "-f", str(tmp_path / "p.grad"), "--of", "y", "--formula")
    assert done.stdout.startswith(wanted), done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "y = x * 2\ny[0] = x[1] * 3\n(y * y).sum()\n",
        "y = zeros(3)\ny[1:] = x ** 2\n(y * y).sum()\n",
        "B = zeros(2, 2)\nfor i in range(2):\n    B[i] = x * i\n    B[:, i] += x\n(B * B).sum()\n",
        "y = x.clone()\ny[x > 1.5] = 0\n(y * y).sum()\n",
        "y = x.clone()\nz = y.unsqueeze(1).t()\nz[0] *= 3\n(y * y).sum()\n",
    ],
)
def test_writes_in_place(text: str) -> None:
    case = Case(text, {"x": [1.0, 2.0]}, {})
    parts, where = in_language(case.derivation().gradients())
    found = arrays(evaluated(parts, where, case.values()))
    assert all(close(a, b, 1e-12) for a, b in zip(found, case.executed(), strict=True))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("y = x * 2\ny[0] = 5\nz = (y * y).sum()\n", "x: "),
        ("y = torch.zeros(3)\nfor i in range(3):\n    y[i] = x[i] ** i\nz = y.sum()\n",
         "x: stack([tensor(0.0), tensor(1.0), 2 * x[2]])\n"),
        ("with torch.no_grad():\n    k = x * 2\nz = (k * x).sum()\n", "x: 2 * x\n"),
        ("z = (x.long() * x).sum()\n", "x: x.to(int64)\n"),
        ("z = (x * x).sum()\nz.backward()\n", "x: 2 * x\n"),
        ("z = x[0] * x[1]\n", "x: stack([x[1], x[0], tensor(0.0)])\n"),
    ],
)  # fmt: skip
def test_programs_are_answered_by_the_command(
    text: str, wanted: str, tmp_path: pathlib.Path
) -> None:
    """What the program writes, cuts, casts and walks back itself is all compared with the engine's
    gradients before a formula is shown."""
    start = "import torch\nx = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)\n"
    (tmp_path / "p.grad").write_text(start + text)
    done = gradcli("grad", "-f", str(tmp_path / "p.grad"), "--of", "z", "--formula")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(wanted)


def test_what_numpy_lacks_is_called_by_its_public_name() -> None:
    words = ["--set", "x=[1,2,4]", "--formula", "--as", "numpy"]
    assert (
        "no function for layer_norm"
        in gradcli("grad", "(layer_norm(x, [3])*x).sum()", *words).stderr
    )


def test_integers_have_no_formula(tmp_path: pathlib.Path) -> None:
    done = gradcli("grad", "x.int().sum()", "--set", "x=[1.5,2]", "--formula")
    assert done.returncode == 5
    assert "the result is int64" in done.stderr


@pytest.mark.parametrize("form", ["text", "latex", "numpy", "torch"])
@pytest.mark.parametrize("name", ["cos", "sin", "where", "sum", "exp", "linalg", "F", "inf"])
def test_names_that_hide_functions(name: str, form: str) -> None:
    """A function whose name stands for a value is named in full, and so is a number."""
    text = f"sum(relu({name} * x) + sin(cos(x)) + 1e999 * {name})"
    text = text.replace(f"{name}(", f"torch.{name}(")
    done = gradcli(
        "grad", text, "--set", f"{name}=2", "--set", "x=[1,2]", "--formula", "--as", form
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_names_that_hide_functions_and_torch() -> None:
    done = gradcli("grad", "sin(cos * torch)", "--set", "cos=1", "--set", "torch=2", "--formula")
    assert done.returncode == 5
    assert "`cos` and `torch` are names of values here" in done.stderr


@pytest.mark.parametrize("form", ["text", "latex", "numpy", "torch"])
@pytest.mark.parametrize("command", ["jacobian", "jvp"])
def test_lists_stand_for_tensors_of_their_elements(command: str, form: str) -> None:
    words = [command, "[x[0] * x[1], x[0] + 1]", "--set", "x=[2,3]", "--formula", "--as", form]
    done = gradcli(*words)
    assert (done.returncode, done.stderr) == (0, "")


def test_second_derivatives_by_rows() -> None:
    case = Case("(1 - x[0])**2 + 100*(x[1] - x[0]**2)**2", {"x": [0.5, 0.7]}, {})
    parts, where = in_language(case.derivation().hessian())
    found = arrays(evaluated(parts, where, case.values()))
    assert close(found[0], case.executed("hessian")[0], 1e-12)
    assert parts["x", "x"].count("stack") == 3
    latex, _ = written(case.derivation().hessian(), Latex())
    assert latex["x", "x"].count("pmatrix") == 2


def test_conjugates_of_conjugates() -> None:
    done = gradcli("grad", "sum(z * conj(z)).real", "--set", "z=[1+2j]", "--formula")
    assert done.stdout == "z: 2 * z\n"


def test_vectors_of_different_dtypes_are_not_multiplied_as_matrices() -> None:
    words = ["--set", "x=[1,2]", "--set", "c=2", "--const", "k=[3,4]", "--formula"]
    assert gradcli("grad", "sum(c * k * x)", *words).stdout == "x: c * k\nc: sum(k * x)\n"


def test_usage() -> None:
    for option in (["--taylor", "2"], ["--elasticity"], ["--sigma", "x=1"]):
        done = gradcli("grad", "x", "--set", "x=1", "--formula", *option)
        assert done.returncode == 2
    assert "--formula" in gradcli("grad", "x", "--as", "latex").stderr
    assert gradcli("grad", "x", "--formula", "--as", "tex").returncode == 2


def test_nothing_is_loaded_unasked() -> None:
    words = [sys.executable, "-X", "importtime", "-c", _MAIN, "grad", "x**2", "--set", "x=1"]
    plain = subprocess.run(words, capture_output=True, text=True, timeout=60)
    asked = subprocess.run([*words, "--formula"], capture_output=True, text=True, timeout=60)
    assert "explain.formula" in asked.stderr
    assert "explain.formula" not in plain.stderr


def test_values_are_checked() -> None:
    """A text whose value is not the executed one is no answer."""
    from gradcli.explain.formula import answers
    from gradcli.explain.formula.evaluation import agrees
    from gradcli.tensor import dtypes
    from gradcli.tensor.tensor import make

    executed = make(np.array([1.0, 2.0]), dtypes.float64)
    assert agrees(make(np.array([1.0, 2.0 + 1e-12]), dtypes.float64), executed)
    assert not agrees(make(np.array([1.0, 2.1]), dtypes.float64), executed)
    found = Case("x**2", {"x": 3.0}, {}).derivation()
    assert answers.answer(found, "grad", "text").text == "x: 2 * x\n"


@pytest.mark.parametrize("module", ["numpy", "torch"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("constant", ["torch.tensor([1.5, {}])", "torch.tensor({})", "{}"])
def test_emitted_code_names_only_what_there_is(
    tmp_path: pathlib.Path, module: str, value: str, constant: str
) -> None:
    path = tmp_path / "program.grad"
    path.write_text(f"y = x * {constant.format(f'float({value!r})')}\ny.sum()")
    done = gradcli("grad", "-f", str(path), "--formula", "--as", module)
    assert done.returncode == 0
    tree = ast.parse(done.stdout)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert names <= {"x", "np", "torch"}
    if module == "numpy":
        code: dict[str, Any] = {}
        exec(done.stdout, code)
        found = np.sum(code["gradient"](np.float64(1)))
        assert str(found) == str(float(value))

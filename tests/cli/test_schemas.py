"""Every output against the JSON Schema that is shipped for it."""

import json
import os

import jsonschema
import pytest
from process import gradcli, ndjson

from gradcli.cli.usage.install_files import DIRECTORY, files
from gradcli.io.schemas import NAMES, schema

AT = ("--set", "x=[3, 1]", "--set", "y=2")
SCALAR = "(x**2).sum() * y"

CALLS = [
    ("grad", (SCALAR, *AT)),
    ("grad", (SCALAR, *AT, "--full", "--indent", "0")),
    (
        "grad",
        (
            "x.sum() * z",
            "--set",
            'x=["NaN", "Infinity"]',
            "--set",
            'z={"re": 1, "im": 2}',
            "--cotangent",
            '{"re": 1, "im": 0}',
        ),
    ),
    ("grad", ("x.sum()", "--set", "x=[[],[]]")),
    ("grad", ("2 * x", "--set", "x=1", "--set", "unused=1")),
    ("vjp", ("x * y", *AT, "--cotangent", "[1, 0]")),
    ("jvp", ("x * y", *AT, "--tangent", "y=1")),
    ("jacobian", ("x * y", *AT)),
    ("hessian", (SCALAR, *AT)),
    ("hvp", (SCALAR, *AT, "--tangent", "y=1")),
    ("check", ("--json", "-e", SCALAR, *AT)),
    ("check", ("--json", "-e", "relu(x)", "--set", "x=0")),
    ("ops", ("--json",)),
]


@pytest.mark.parametrize(("command", "words"), CALLS)
def test_documents(command, words):
    done = gradcli(command, *words)
    assert done.returncode in (0, 1), done.stderr.decode()
    jsonschema.validate(json.loads(done.stdout), schema(command))


@pytest.mark.parametrize("command", ["grad", "jvp", "vjp", "jacobian", "hessian", "hvp"])
def test_records_with_something_in_front(command):
    words = ("--tangent", "1") if command in ("jvp", "hvp") else ()
    rows = ndjson([{"id": [1, {"a": None}], "x": 2}, {"id": 5}])
    found = gradcli(command, "x**2", "--each", "--copy", "id", *words, stdin=rows).stdout
    found += gradcli(command, "x**2", "--grid", "--set", "x=[1, 2]", *words).stdout
    assert found.count(b"\n") == 4
    for line in found.splitlines():
        jsonschema.validate(json.loads(line), schema(command))


def test_program(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(
        "w = param(2.0)\nn = 3\nok = True\nm = ones(2, 0)\ny = w * x\ny.backward()\n"
    )
    for more in ((), ("--full",)):
        done = gradcli("eval", "--json", str(program), "--set", "x=3", *more)
        found = json.loads(done.stdout)
        jsonschema.validate(found, schema("eval"))
        assert list(found["values"]) == ["w", "n", "ok", "m", "y"]


@pytest.mark.parametrize(
    "expression",
    ["x + 1", "x.tolist()", "'text'", "None", "[x, 'a', [1, None]]", "{'a': x, 'b': [x]}", "x > 0"],
)
def test_expressions(expression):
    done = gradcli("eval", "--json", "-e", expression, "--set", "x=[1, 2]")
    jsonschema.validate(json.loads(done.stdout), schema("eval"))


def test_emitted_records(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text(
        "x = param([1.0, 2.0])\nemit('start')\nemit(x)\nemit(1, 'two', x)\n"
        "emit(step=1, note='text', x=x)\nprint('printed')\n"
    )
    done = gradcli("eval", "--emit-only", str(program))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines == [
        "start",
        [1.0, 2.0],
        [1, "two", [1.0, 2.0]],
        {"step": 1, "note": "text", "x": [1.0, 2.0]},
    ]
    assert done.stderr == b"printed\n"
    for line in lines:
        jsonschema.validate(line, schema("eval"))
    both = gradcli("eval", "--json", "-c", str(program)).stdout.splitlines()
    assert [json.loads(line) for line in both[:4]] == lines
    assert json.loads(both[4])["values"] == {"x": [1.0, 2.0]}
    assert gradcli("jacobian", "-f", str(program), "--of", "x").returncode == 0  # emits nothing
    rows = ndjson([{"x": 1}, {"y": 1}, {"x": 3}])
    done = gradcli("eval", "--emit-only", "--each", "-e", "emit(x)", stdin=rows)
    assert (done.stdout, done.returncode) == (b"1.0\n3.0\n", 2)
    assert b"record 2 (line 2): the input `x` is missing" in done.stderr


def test_records_and_errors():
    rows = ndjson([{"x": 1}, {"x": "a"}, {"y": 1}, {"x": [1, 2]}]) + b"{"
    done = gradcli("grad", "x**2", "--each", "--errors", "json", stdin=rows)
    for line in done.stdout.splitlines():
        jsonschema.validate(json.loads(line), schema("grad"))
    assert len(done.stderr.splitlines()) == 4
    for line in done.stderr.splitlines():
        jsonschema.validate(json.loads(line), schema("error"))
    for words in (
        ["grda"],
        ["eval", "-e", "1 +"],
        ["eval", "-e", "ones(2) + ones(3)"],
        ["eval", "nothing.grad"],
        ["eval", "--max-steps", "9", "-e", "[i for i in range(99)]"],
    ):
        done = gradcli(*words, "--errors", "json")
        jsonschema.validate(json.loads(done.stderr), schema("error"))


def test_the_schemas_refuse_something():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"value": 1, "grads": {"x": "?"}, "more": 1}, schema("grad"))
    for name in NAMES:
        jsonschema.Draft202012Validator.check_schema(schema(name))
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"values": {}}, schema(name))


def test_installed_files_are_what_the_table_says():
    for name, text in files().items():
        with open(os.path.join(DIRECTORY, name), encoding="utf-8") as file:
            assert file.read() == text, "run python -m gradcli.cli.usage.install_files"

"""What the commands compute, and the exit status of each kind of failure."""

import json
import math
import re

import numpy as np
import pytest
from process import document, gradcli, ok, records


def test_grad():
    assert document("grad", "x**2 * y", "--set", "x=3", "--set", "y=2") == {
        "value": 18.0,
        "grads": {"x": 12.0, "y": 9.0},
    }
    text = ok("grad", "sin(x)", "--set", "x=0.1", "-c")
    assert text == f'{{"value":{math.sin(0.1)!r},"grads":{{"x":{math.cos(0.1)!r}}}}}\n'
    assert document("grad", "2 * x", "--set", "x=1", "--set", "y=1")["grads"] == {
        "x": 2.0,
        "y": None,
    }
    assert document("grad", "x * y", "--set", "x=2", "--const", "y=3") == {
        "value": 6.0,
        "grads": {"x": 3.0},
    }
    assert document("grad", "x * y", "--set", "x=2", "--set", "y=3", "--wrt", "y")["grads"] == {
        "y": 2.0,
    }
    assert document("grad", "3")["value"] == 3


def test_dtypes():
    assert '"value":0.1' in ok("grad", "x", "--set", "x=0.1", "--dtype", "float32", "-c")
    full = document("grad", "x", "--set", "x=0.1", "--dtype", "bfloat16", "--full")
    assert full["grads"]["x"] == {"dtype": "bfloat16", "shape": [], "data": 1.0}
    assert document("eval", "--json", "-e", "x.dtype", "--set", "x=1") == "float64"
    assert document("eval", "--json", "-e", "x + 0.0", "--const", "x=1", "--full")["dtype"] == (
        "float64"
    )
    assert document("eval", "--json", "-e", "x", "--const", "x=1", "--full")["dtype"] == "int64"
    given = '{"dtype": "float16", "shape": [2], "data": [1, "NaN"]}'
    echoed = document("eval", "--json", "-e", "x", "--set", f"x={given}", "--full")
    assert echoed["dtype"] == "float16"
    assert echoed["data"] == [1.0, "NaN"]
    complex_grad = document("grad", "(x * x.conj()).real", "--set", 'x={"re": 1, "im": 2}')
    assert complex_grad["grads"]["x"] == {"re": 2.0, "im": 4.0}


def test_other_derivatives():
    at = ["--set", "x=[3, 1]", "--set", "y=2"]
    assert document("vjp", "x**2 * y", *at, "--cotangent", "[1, 0]")["vjp"] == {
        "x": [12.0, 0.0],
        "y": 9.0,
    }
    assert document("jvp", "x**2 * y", *at, "--tangent", "x=[1, 0]", "--tangent", "y=1") == {
        "value": [18.0, 2.0],
        "jvp": [21.0, 1.0],
    }
    assert document("jacobian", "x**2 * y", *at)["jacobian"] == {
        "x": [[12.0, 0.0], [0.0, 4.0]],
        "y": [9.0, 1.0],
    }
    assert document("hessian", "(x**2).sum() * y**2", *at)["hessian"] == {
        "x": {"x": [[8.0, 0.0], [0.0, 8.0]], "y": [24.0, 8.0]},
        "y": {"x": [24.0, 8.0], "y": 20.0},
    }
    assert document("hvp", "(x**2).sum() * y**2", *at, "--tangent", "y=1")["hvp"] == {
        "x": [24.0, 8.0],
        "y": 20.0,
    }
    assert document("jvp", "exp(x)", "--set", "x=0", "--tangent", "2")["jvp"] == 2.0


def test_programs(tmp_path):
    program = tmp_path / "model.grad"
    program.write_text("w = param([1.0, 2.0])\nloss = ((w * x) ** 2).sum()\nprint('hello')\n")
    done = gradcli("grad", "-f", str(program), "--of", "loss", "--set", "x=3")
    assert json.loads(done.stdout)["grads"] == {"x": 30.0, "w": [18.0, 36.0]}
    assert done.stderr == b"hello\n"
    assert document("grad", "loss * 2", "-f", str(program), "--set", "x=3", "--wrt", "w") == {
        "value": 90.0,
        "grads": {"w": [36.0, 72.0]},
    }
    done = gradcli("eval", "--json", str(program), "--set", "x=3")
    assert json.loads(done.stdout) == {
        "values": {"w": [1.0, 2.0], "loss": 45.0},
        "grads": {"x": None, "w": None},
    }
    assert done.stderr == b"hello\n"
    assert ok("eval", str(program), "--set", "x=3") == "hello\n"
    narrowed = document(
        "eval", "--json", str(program), "--set", "x=3", "--of", "loss", "--wrt", "w"
    )
    assert narrowed == {"values": {"loss": 45.0}, "grads": {"w": None}}
    done = gradcli("grad", "-f", str(program), "--set", "x=3")
    assert (done.returncode, b"--of NAME" in done.stderr) == (2, True)


def test_emit(tmp_path):
    program = tmp_path / "steps.grad"
    program.write_text("for i in range(3):\n    emit(step=i, loss=tensor(2.0) ** i)\n")
    assert ok("eval", str(program)).splitlines() == [
        '{"step":0,"loss":1.0}',
        '{"step":1,"loss":2.0}',
        '{"step":2,"loss":4.0}',
    ]
    lines = ok("eval", "--json", str(program)).splitlines()
    assert [json.loads(line) for line in lines][-1] == {"values": {"i": 2}, "grads": {}}


def test_stdin_is_a_script():
    assert gradcli(stdin=b"print(1 + 1)").stdout == b"2\n"
    assert ok("eval", "-", stdin=b"import torch\nprint(torch.ones(2))") == "tensor([1., 1.])\n"


def test_expressions_and_raw_strings():
    assert ok("eval", "-e", "ones(2)", "-e", "1 + 1") == "tensor([1., 1.])\n2\n"
    assert ok("eval", "-e", "print(1)") == "1\n"
    assert ok("eval", "--json", "-e", "'a\"b'") == '"a\\"b"\n'
    assert ok("eval", "--json", "-r", "-e", "'a\"b'") == 'a"b\n'
    assert gradcli("eval", "--exit-status", "-e", "1 > 2").returncode == 1
    assert gradcli("eval", "--exit-status", "-e", "tensor(2) > 1").returncode == 0
    assert gradcli("eval", "--exit-status", "-e", "None").returncode == 1


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["eval", "-e", "1 +"], 3, "SyntaxError: invalid syntax"),
        (["grad", "while x: pass", "--set", "x=1"], 3, "an expression is wanted"),
        (["eval", "-e", "ones(2) + ones(3)"], 5, "must match the size of tensor b (3)"),
        (["grad", "x**2", "--set", "x=[1, 2]"], 5, "give --cotangent"),
        (["hessian", "x**2", "--set", "x=[1, 2]"], 5, "sum(...)"),
        (["grad", "10**30"], 5, "ValueError: Overflow when unpacking long long"),
        (["grad", "x * y", "--set", "x=1"], 2, "the input `y` is missing"),
        (["grad", "x", "--set", "x=[1, [2]]"], 2, "x[1]: expected a number"),
        (["grad", "x", "--set", "x=fish"], 2, "neither JSON nor a name"),
        (["grad", "x", "--set", "x=1e999"], 2, "beyond the range of float64"),
        (["grad", "x", "--set", "x=1", "--wrt", "y"], 2, "--wrt y"),
        (["jvp", "x", "--set", "x=1"], 2, "--tangent x=…"),
        (["jvp", "x", "--set", "x=[1, 2]", "--tangent", "1"], 2, "is of size []"),
        (["eval", "no-such-file.grad"], 2, "no-such-file.grad: No such file"),
        (["grad", "x", "--input", "no-such-file.json"], 2, "No such file"),
        (["grad", "x", "--set", "x=1", "-o", "out.txt"], 2, "told by the extension"),
        (["grad", "x", "--set", "x=1", "-o", "/no/such/dir/out.json"], 2, "No such file"),
        (["eval", "-e", "1", "file.grad"], 2, "-e is given instead of a file"),
        (["grad", "x", "y"], 2, "one expression at a time"),
        (["eval"], 2, "there is no program"),
        (["eval", "-e", "[0] * 10**12"], 6, "--max-memory"),
        (["eval", "--max-steps", "1000", "-e", "[i for i in range(10**6)]"], 6, "--max-steps"),
        (
            ["grad", "x", "--set", "x=[1, 0]", "--nonfinite", "error", "--cotangent", '["NaN", 1]'],
            2,
            "contains NaN",
        ),
    ],
)
def test_failures(words, status, message):
    done = gradcli(*words)
    assert done.returncode == status, done.stderr.decode()
    assert message in done.stderr.decode()
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr
    done = gradcli(*words, "--errors", "json")
    assert done.returncode == status
    (line,) = done.stderr.decode().splitlines()
    error = json.loads(line)["error"]
    assert error["code"] in ("usage", "data", "io", "syntax", "error", "limit")


def test_colour_of_messages():
    words = ["eval", "-e", "1 +"]
    plain = gradcli(*words).stderr
    assert b"\x1b" not in plain
    assert b"\x1b" in gradcli(*words, "--color", "always").stderr
    assert b"\x1b" in gradcli(*words, env={"FORCE_COLOR": "1"}).stderr
    assert b"\x1b" not in gradcli(*words, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stderr
    assert b"\x1b" in gradcli(*words, "--color=always", env={"NO_COLOR": "1"}).stderr
    assert b"\x1b" not in gradcli(*words, "--color=never", env={"FORCE_COLOR": "1"}).stderr


def test_input_files(tmp_path):
    np.save(tmp_path / "x.npy", np.array([1, 2], np.int32))
    np.savez(tmp_path / "w.npz", x=np.ones(2, np.float32))
    (tmp_path / "d.csv").write_text("x,name\n1,a\n2,b\n")
    (tmp_path / "in.json").write_text('{"x": [1, 2], "name": "a"}')
    for name in ("x.npy", "d.csv", "in.json"):
        found = document("grad", "(x**2).sum()", "--input", str(tmp_path / name))
        assert found == {"value": 5.0, "grads": {"x": [2.0, 4.0]}}, name
    found = document("grad", "(x**2).sum()", "--input", str(tmp_path / "w.npz"))
    assert found["grads"] == {"x": [2.0, 2.0]}
    found = document("grad", "x**2", "--input", "-", stdin=b'{"x": 3}')
    assert found["grads"] == {"x": 6.0}


def test_output_files(tmp_path):
    path = tmp_path / "out.json"
    assert ok("grad", "x**2", "--set", "x=3", "-o", str(path), "-c") == ""
    assert path.read_text() == '{"value":9.0,"grads":{"x":6.0}}\n'
    path.write_text("old")
    assert gradcli("grad", "x**2", "--set", "x=[1, 2]", "-o", str(path)).returncode == 5
    assert path.read_text() == "old"
    ok("jacobian", "x**2", "--set", "x=[1, 2]", "-o", str(tmp_path / "j.npy"))
    assert np.load(tmp_path / "j.npy").tolist() == [[2.0, 0.0], [0.0, 4.0]]
    ok("grad", "x*y", "--set", "x=1", "--set", "y=2", "-o", str(tmp_path / "g.npz"))
    with np.load(tmp_path / "g.npz") as archive:
        assert {name: float(archive[name]) for name in archive.files} == {"x": 2.0, "y": 1.0}
    done = gradcli("grad", "x*y", "--set", "x=1", "--set", "y=2", "-o", str(tmp_path / "g.npy"))
    assert (done.returncode, b"--wrt" in done.stderr) == (2, True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.npz", "j.npy", "out.json"]


def test_grid():
    done = ok("grad", "x * y", "--set", "x=linspace(0, 1, 3)", "--set", "y=[2, 3]", "--grid")
    assert [r["value"] for r in records(done)] == [0.0, 0.0, 1.0, 1.5, 2.0, 3.0]
    done = ok("grad", "x * y", "--set", "x=[1, 2]", "--set", "y=2", "--grid")
    assert [r["grads"] for r in records(done)] == [{"x": 2.0, "y": 1.0}, {"x": 2.0, "y": 2.0}]


def test_runs_are_repeatable():
    words = ["grad", "(x * randn(3)).sum()", "--set", "x=2", "-c"]
    assert ok(*words) == ok(*words)
    assert ok(*words) != ok(*words, "--seed", "1")


def test_operations_by_any_of_their_names():
    for name in ("sinh", "torch.sinh", "Tensor.sinh_", "torch.Tensor.sinh"):
        (found,) = json.loads(ok("ops", name, "--json"))
        assert found["derivatives"] == {"input": "g * conj(cosh(input))"}, name
    for name in ("F.gelu", "nn.functional.gelu", "torch.nn.functional.gelu"):
        assert ok("ops", name).startswith("gelu(input")
    for found in json.loads(ok("ops", "--json")):
        for name, formula in found["derivatives"].items():
            assert f"{name}" in found["signature"], found["name"]
            assert not re.search(r"\bF\.|\bself\b", formula), found["name"]


LINEAR = ["--set", "x=[1, 2]", "--set", "y=3"]


@pytest.mark.parametrize(
    ("command", "expression", "zeros"),
    [
        ("jvp", "ones(2)", [0.0, 0.0]),
        ("jacobian", "ones(2)", {"x": [[0.0, 0.0], [0.0, 0.0]], "y": [0.0, 0.0]}),
        ("hvp", "x.sum() * 2", {"x": [0.0, 0.0], "y": 0.0}),
        (
            "hessian",
            "x.sum() * 2",
            {"x": {"x": [[0.0] * 2] * 2, "y": [0.0, 0.0]}, "y": {"x": [0.0, 0.0], "y": 0.0}},
        ),
    ],
)
def test_what_nothing_leads_to_is_zero(command, expression, zeros):
    tangent = ["--tangent", "x=[1, 1]"] if command in ("jvp", "hvp") else []
    assert document(command, expression, *LINEAR, *tangent)[command] == zeros
    python = {
        "jvp": "jvp({}, [x, y]).tolist()",
        "jacobian": "[m.tolist() for m in jacobian({}, [x, y])]",
    }
    if command in python:
        call = python[command].format(expression)
        program = f"x = param([1.0, 2.0])\ny = param(3.0)\nprint({call})\n"
        wanted = list(zeros.values()) if isinstance(zeros, dict) else zeros
        assert ok("eval", "-", stdin=program.encode()) == f"{wanted}\n"


def test_of_names_results_only(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text("def f(t):\n    return t * 2\nk = math\ny = f(x)\n")
    commands = ["eval --json", "grad -f", "explain", "why", "graph"]
    for command in ([*words.split(), str(program)] for words in commands):
        for name in ("f", "k", "x", "nope"):
            done = gradcli(*command, "--set", "x=1", "--of", name)
            assert done.returncode == 2
            assert b"there is no result " in done.stderr
            assert b"of this name\n   = help: there are y" in done.stderr
        assert gradcli(*command, "--set", "x=1", "--of", "y").returncode == 0


def test_of_takes_a_name_that_was_an_input_before(tmp_path):
    program = tmp_path / "p.grad"
    program.write_text("x = x * y\n")
    for command in ("explain", "why", "graph"):
        done = gradcli(command, str(program), "--set", "x=1", "--set", "y=2", "--of", "x")
        assert done.returncode == 0 and b"y" in done.stdout


def test_exit_status_of_every_command_with_a_result():
    given = ("--set", "x=0", "--exit-status")
    for command in ("grad", "vjp", "jacobian"):
        assert gradcli(command, "x > 1", *given).returncode == 1
        assert gradcli(command, "x * 2", *given).returncode == 0
        assert gradcli(command, "x > 1", "--set", "x=0").returncode == 0
        assert gradcli(command, "x", "--each", "--exit-status").returncode == 4


@pytest.mark.parametrize(
    "words",
    [
        ("grad", "--set", "x=3"),
        ("hessian", "--set", "x=3"),
        ("minimize", "--set", "x=3"),
        ("grad", "--each"),
        ("grad", "--each", "--jobs", "2"),
    ],
)
def test_emit_is_told_that_nothing_is_written(words, tmp_path):
    program = tmp_path / "emits.grad"
    program.write_text("emit(seen=x)\nx ** 2\n")
    plain = tmp_path / "plain.grad"
    plain.write_text("x ** 2\n")
    command, *rest = words
    rows = b'{"x": 3}\n' * 5 if "--each" in words else b""
    done = gradcli(command, "-f", str(program), *rest, stdin=rows)
    assert done.returncode == 0
    assert done.stdout == gradcli(command, "-f", str(plain), *rest, stdin=rows).stdout
    assert done.stderr.decode().count("emit() writes no record here") == 1
    assert gradcli(command, "-f", str(program), *rest, "--quiet", stdin=rows).stderr == b""

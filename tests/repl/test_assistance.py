"""Completion, hints and settings without a terminal: what they find, and how fast."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradcli.repl.files.config import Config, load
from gradcli.repl.main import run_magic, show_help
from gradcli.repl.prompt import context
from gradcli.repl.prompt.complete import complete
from gradcli.repl.session import cells
from gradcli.repl.session.shell import Shell


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    made = Shell(Config(), run_magic, show_help, write=lambda text: None)
    made.run("x = param([1., 2.]); alpha = 3\ndef f(a, beta=2, *c, delta=3): return a")
    made.run("calls = 0\ndef spy():\n    global calls\n    calls += 1\n    return x\n")
    yield made
    made.keeper.close()


def words(shell: Shell, text: str) -> list[str]:
    return [found.text for found in complete(shell, text)]


def test_what_is_completed(shell: Shell) -> None:
    assert words(shell, "alp")[0] == "alpha"
    assert "requires_grad_" in words(shell, "x.requ")
    assert "matmul" in words(shell, "y = matm")
    assert words(shell, "f(")[:3] == ["a=", "beta=", "delta="]
    assert words(shell, "f(1, beta=3, ")[0] == "delta="
    assert "beta=" not in words(shell, "f(1, beta=3, b")
    assert words(shell, "x.sum(di")[0] == "dim="
    assert words(shell, "F.gelu(x, appr") == ["approximate="]
    assert words(shell, "from torch.nn.functional import sof")[0].startswith("soft")
    assert words(shell, "'a string x.") == []
    assert words(shell, "# a comment x.") == []
    assert "sin" in words(shell, "math.s")
    assert words(shell, "%jac") == ["jacobian"]
    assert words(shell, "%no_grad o") == ["on", "off"]
    assert words(shell, "%help bac")[0] == "backward"


def test_nothing_is_evaluated(shell: Shell) -> None:
    for text in ("spy().", "spy().s", "x[spy()].", "spy(", "(spy)()."):
        complete(shell, text)
    assert shell.names["calls"] == 0


def test_it_is_fast(shell: Shell) -> None:
    for index in range(500):
        shell.names[f"variable_{index}"] = index
    texts = ["x.", "torch.", "v", "variable_4", "matmul(", "f(1, ", "%graph ", "torch.nn.", "s"]
    for text in texts:
        complete(shell, text)
    spent = []
    for text in texts:
        started = time.perf_counter()
        complete(shell, text)
        spent.append(time.perf_counter() - started)
    assert sorted(spent)[len(spent) // 2] < 0.01


def test_calls() -> None:
    call = context.call_at("foo(1, bar(2, [3, 4], k=5")
    assert call is not None
    assert (call.name, call.position, call.keyword, call.given) == ("bar", 2, "k", ("k",))
    call = context.call_at("a.b(x, (1, 2), ")
    assert call is not None
    assert (call.name, call.position) == ("a.b", 2)
    assert context.call_at("f('(', ") is not None
    assert context.call_at("def f(a, ") is None
    assert context.call_at("x = (1 + ") is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (">>> a = 1\n>>> a\n1\n", ["a = 1", "a"]),
        ("    >>> a = 1\n    >>> a\n    1\n", ["a = 1", "a"]),
        (">>> if a:\n...     b\n...\n5\n>>> c", ["if a:\n    b", "c"]),
        (">>> x\ntensor([[0., ..., 1.],\n        ...,\n        [1., ..., 2.]])\n>>> y", ["x", "y"]),
        ("In [1]: a\nOut[1]: 2\n\nIn [2]: b\n", ["a", "b"]),
        ("In [7]: def f():\n   ...:     a\n   ...:\n", ["def f():\n    a"]),
        ("In [3]:\na = 1\n\nb = 2\nOut[3]:\n2\n", ["a = 1\n\nb = 2"]),
        ("  a = 1\n  b = 2", ["a = 1\nb = 2"]),
        ("a = 1\r\nb = 2\r\n", ["a = 1\nb = 2\n"]),
        ("\n\n", []),
    ],
)
def test_pastes(text: str, wanted: list[str]) -> None:
    assert cells.cells(text) == wanted


def test_pieces() -> None:
    found = cells.pieces("a = 1\n%vars\nb = '''\n%not a magic\n'''\nb?\n")
    assert [(piece.kind, piece.line) for piece in found] == [
        ("code", 1),
        ("magic", 2),
        ("code", 3),
        ("help", 6),
    ]
    assert "%not a magic" in found[2].text
    assert [piece.kind for piece in cells.pieces("a = [5\n%3]\n")] == ["code"]


@pytest.mark.parametrize(
    ("text", "runs", "indent"),
    [
        ("1 + 1", True, ""),
        ("def f():", False, "    "),
        ("def f():\n    return 1", False, ""),
        ("def f():\n    return 1\n", True, ""),
        ("(1 +", False, "    "),
        ("x = = 2", True, ""),
        ("%vars", True, ""),
        ("x?", True, ""),
        ("%%time\nx = 1", False, ""),
        ("%%time\nx = 1\n", True, ""),
        (">>> for i in x:\n...     print(i)", False, ""),
        (">>> x", True, ""),
    ],
)
def test_enter(text: str, runs: bool, indent: str) -> None:
    assert cells.ready(text)[0] is runs
    if not runs and indent:
        assert cells.ready(text)[1] == indent


def test_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert load(True)[0].keys == "emacs"
    (tmp_path / "gradcli").mkdir()
    file = tmp_path / "gradcli" / "config.toml"
    file.write_text('keep = "1G"\nkeys = "vi"\n')
    (config, mistakes), (plain, _) = load(True), load(False)
    assert (config.keep, config.keys, plain.keys, mistakes) == (1 << 30, "vi", "emacs", [])
    monkeypatch.setenv("GRADCLI_KEYS", "emacs")
    assert load(True)[0].keys == "emacs"
    for wrong in ('kees = "vi"', 'keep = "lots"', "precision = true", "dtype = 3"):
        file.write_text(wrong)
        config, mistakes = load(True)
        assert len(mistakes) == 1
        assert config.keep == plain.keep and config.precision is None and config.dtype is None


def test_the_prompt_needs_no_numpy() -> None:
    code = (
        "import sys, gradcli.repl.main, gradcli.repl.prompt.reader, gradcli.repl.prompt.complete, "
        "gradcli.repl.prompt.toolbar, gradcli.repl.files.journal, gradcli.repl.files.history, "
        "gradcli.repl.files.config; "
        "print([m for m in ('numpy', 'rich', 'lark') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert ran.stdout.strip() == "[]"


def test_the_size_of_the_graph_is_found_once_for_what_values_share() -> None:
    from gradcli.repl.session.graph_size import live_graph

    shared: list[object] = []
    for _ in range(5000):
        shared = [shared, (shared,), {"a": shared}]
    assert live_graph([shared]) == (0, 0)

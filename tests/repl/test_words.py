"""What is said at the prompt: sentences broken between words, places of errors, examples."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from terminal import CTRL_C, ENTER, Terminal

from gradcli.language.interpreter import Session, compile_program
from gradcli.language.values.text import text_repr
from gradcli.render.diagnostics import wrap
from gradcli.render.examples import example
from gradcli.render.operations import described
from gradcli.table.lookup import load_all
from gradcli.tensor import dtypes

Start = Callable[..., Terminal]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_lines_break_between_words(start: Start, columns: int) -> None:
    terminal = start(columns=columns, rows=700, environment={"NO_COLOR": "1"})
    terminal.enter("x = param([1., 2.]); y = (x**2).log().sum(); z = x * 2")
    for line in (
        "?",
        "%help plot",
        "%help ipython",
        "conv2d??",
        "torch.nn.LSTM?",
        "%why z",
        "%explain y",
        "%graph y",
        "%minimize (x - 1).square().sum()",
        "%check y",
        "%plot",
        "%timeit -n 2 -r 2 1",
        "import matplotlib.pyplot",
        "nope",
        "!ls",
        "%ls",
    ):
        shown = terminal.enter(line)
        lines = shown[shown.index("\n") + 1 :].split("\n")
        full = [text for text in lines if len(text) >= columns]
        assert not full, f"{line}: {full}"


MISTAKES = [
    "y = (torch.tensor([[1., 2.], [3., 4.]]) @ torch.ones(3))",
    "net.load_state_dict({'a': 1, 'weight': ones(3, 3)})",
    "torch.autograd.gradcheck(lambda x: x.detach() * 2 + x, (ones(3).double().requires_grad_(),))",
    "y = x**2; y.backward(); y.backward()",
    "a_name_that_is_long_enough_to_be_in_the_way = torch.ones(3) + torch.ones(4)",
    "torch.cat([torch.ones(2, 3), torch.ones(3, 2)])",
    "x.reshape(1, 2).matmul(torch.ones(3)).softmax(dim=0).sum(dim=7)",
    "print(x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, nope)",
    "x = = 3",
    "x.grd",
]


@pytest.mark.parametrize("columns", [40, 80])
def test_errors_fit_into_the_window(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Source lines, marks and what is said of them are as wide as the window at most."""
    from test_magics import Talk

    monkeypatch.setenv("COLUMNS", str(columns))
    talk = Talk()
    talk("x = param(1.); net = nn.Linear(2, 2)")
    for text in MISTAKES:
        shown = talk(text)
        assert "error: " in shown
        assert max(map(len, shown.split("\n"))) <= columns, shown
    talk.shell.keeper.close()


@pytest.mark.parametrize("columns", [40, 60])
def test_tensors_break_between_elements(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """What shows values in a narrow window breaks them as PyTorch does, and says all of them."""
    from test_magics import Talk

    monkeypatch.setenv("COLUMNS", str(columns))
    talk = Talk()
    talk("x = param(ones(2, 9) / 3); z = (sigmoid(x) * 3).mean(); m = x * 1e5")
    for text in (
        "x",
        "m",
        "z",
        "[x, (z, 1)]",
        "arange(40)",
        "x?",
        "%explain z",
        "%grad z x",
        "%backward z",
        "x.grad",
        "%hessian z x",
    ):
        shown = talk(text)
        lines = shown.split("\n")
        assert max(map(len, lines)) <= columns, shown
        assert "error" not in shown
        assert not any(re.search(r"[.\de]$", line) for line in lines if "," in line), shown
    talk.shell.keeper.close()


def test_a_window_of_80_columns_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from test_magics import Talk

    monkeypatch.setenv("COLUMNS", "80")
    talk = Talk()
    talk("x = arange(60.) / 7")
    printed = talk("print(x)")
    assert talk("x") == f"Out[3]:\n{printed}"
    talk.shell.keeper.close()


def test_messages_of_several_lines_keep_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from test_magics import Talk

    monkeypatch.setenv("COLUMNS", "80")
    talk = Talk()
    shown = talk("net = nn.Linear(2, 2); net.load_state_dict({'a': tensor(1.)})")
    assert re.search(r'for Linear:\n +Missing key.*: "weight", "bias".\n +Unexpected key', shown)
    shown = talk(MISTAKES[2])
    assert re.search(r"numerical:tensor\(\[\[3.*0.0000\],\n +\[0.0000, 3.0000, 0.0000\],\n", shown)
    talk.shell.keeper.close()


def test_wrapping_indents_further_lines() -> None:
    lines = wrap(["  a " + "word " * 12, "short", "x" * 50], 30)
    assert lines[0].startswith("  a word")
    assert all(line.startswith("      word") for line in lines[1:-2])
    assert lines[-2:] == ["short", "x" * 50]
    assert max(map(len, lines[:-1])) <= 30


def test_the_signature_of_a_layer_that_hands_on(start: Start) -> None:
    terminal = start(columns=200)
    assert "LSTM(input_size, hidden_size, num_layers=1, bias=True" in terminal.enter(
        "torch.nn.LSTM?"
    )
    assert "torch.nn.Tanh()" in terminal.enter("torch.nn.Tanh?")
    assert "Linear(in_features, out_features, bias=True" in terminal.enter("torch.nn.Linear?")


def test_interrupted_on_its_own_line(start: Start) -> None:
    terminal = start()
    terminal.send("print('go'); [0 for i in range(10**9)]" + ENTER)
    terminal.see("\ngo\n")
    time.sleep(0.05)
    terminal.send(CTRL_C)
    terminal.ready(2)
    assert re.search(r"^\^C$", terminal.screen.text(), re.M)
    assert re.search(r"^warning: interrupted", terminal.screen.text(), re.M)


def test_matplotlib_and_plot_know_each_other(start: Start) -> None:
    terminal = start()
    assert "figures of matplotlib.pyplot are drawn by plt.show() and by %plot" in " ".join(
        terminal.enter("%plot").split()
    )
    shown = terminal.enter("import matplotlib.pyplot as plt")
    assert "plt.show() draws figures in the terminal; %plot" in shown
    assert "note" not in terminal.enter("import matplotlib.pyplot as plt")
    terminal.enter("line = plt.plot([1., 2., 3.], label='curve')")
    assert "┤" in terminal.enter("%plot")
    assert "matplotlib.pyplot" in terminal.enter("%help plot")


def test_powers(start: Start) -> None:
    terminal = start()
    terminal.enter("x = param([1., 2.])")
    for text in ("x^2", "2.5^2", "x ^ 2.0"):
        assert "a power is written x**2" in terminal.enter(text)


@pytest.mark.parametrize(
    ("text", "at", "labels"),
    [
        ("torch.cat([A, B])", "B", 2),
        ("torch.cat((A, B), 0)", "B", 2),
        ("torch.cat([A, A, B])", "B", 3),
        ("torch.stack([A, B])", "B", 2),
        ("torch.cat([A, 3])", "3", 1),
        ("torch.hstack([C, A])", None, 2),
        ("torch.cat([A, A], dim=5)", "5", 2),
        ("torch.sum(A, dim=7)", "7", 1),
        ("torch.sum(A, 7)", "7", 1),
        ("A.sum((0, 9))", "9", 1),
        ("A.view(7)", "7", 1),
        ("A.reshape(5, 2)", "5, 2", 1),
        ("torch.matmul(A, 3)", "3", 1),
        ("A.softmax(dim=4)", "4", 1),
        ("A.transpose(0, 6)", "6", 1),
        ("torch.mm(B, A)", None, 2),
        ("A + B", "+", 2),
    ],
)
def test_the_caret_is_under_the_argument(
    talk_lines: Callable[[str], list[str]], text: str, at: str | None, labels: int
) -> None:
    lines = talk_lines(text)
    place = next(i for i, line in enumerate(lines) if line.endswith(f"| {text}"))
    carets = lines[place + 1]
    source = lines[place]
    found = re.search(r"\^+", carets)
    assert found is not None
    under = source[found.start() : found.end()]
    if at is not None:
        assert under == at
    said = "\n".join(lines[place + 1 :])
    assert len(re.findall(r"float32 \[", said)) == labels


@pytest.fixture
def talk_lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], list[str]]]:
    from test_magics import Talk

    monkeypatch.setenv("COLUMNS", "200")
    made = Talk()
    made("A = ones(2, 3); B = ones(3, 4); C = tensor(1.)")
    yield lambda text: made(text).split("\n")
    made.shell.keeper.close()


def entries_with_examples() -> list[tuple[str, str, str]]:
    made = [(entry.id, example(entry)) for entry in load_all().values() if entry.where]
    return [(name, *found) for name, found in made if found is not None]


def test_examples_give_what_they_show() -> None:
    """What `name??` shows as an example is what the session answers when it is typed."""
    found = entries_with_examples()
    assert len(found) > 450
    session = Session(lambda text: None)
    for name, call, shown in found:
        program = compile_program(call, kind="expression", mode="interactive")
        assert text_repr(session.run(program).value) == shown, name


def test_an_example_is_part_of_the_help(start: Start) -> None:
    terminal = start()
    entry = load_all()["tanh"]
    made = example(entry)
    assert made is not None
    shown = terminal.enter("tanh??")
    assert f">>> {made[0]}\n    {made[1]}" in shown
    assert described(entry)[0] in shown
    assert "d/dinput  (1 - tanh(input) ** 2) * g" in shown
    assert ">>>" not in terminal.enter("tanh?")
    call = made[0]
    assert made[1] in terminal.enter(call)
    shown = terminal.enter("%help grad")
    assert "In [1]: x = param([1., 2.]); y = (x**2).sum()" in shown
    assert "Out[2]: tensor([2., 4.])" in shown
    assert dtypes.default.dtype is dtypes.float32

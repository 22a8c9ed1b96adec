"""`gradcli eval` with programs that draw: files, the terminal, and the line at the end."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """import torch
import matplotlib.pyplot as plt
print("before")
plt.plot([1, 2, 3], label="a"); plt.title("../../title"); plt.legend()
plt.savefig("../../../outside.png")
plt.show()
plt.figure(); plt.hist(torch.ones(3)); plt.show()
plt.gca().voxels(1)
print("behind")
"""


COMMAND = [sys.executable, "-c", "from gradcli.cli.main import main; main()"]


def gradcli(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words],
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return str(path)


def test_without_a_terminal_one_line_says_how_many(program: str) -> None:
    done = gradcli("eval", program)
    assert done.returncode == 0
    assert done.stdout == "before\nbehind\n"
    assert done.stderr.splitlines() == [
        "note: 2 figures were not shown: --plots DIR writes SVG",
        "note: left out of the figures: voxels",
    ]


def test_plots_are_numbered_files_and_nothing_else(program: str, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "plots"
    done = gradcli("eval", program, "--plots", str(folder))
    assert done.stdout == "before\nbehind\n"
    assert done.stderr == "note: left out of the figures: voxels\n"
    assert sorted(path.name for path in folder.iterdir()) == ["figure-001.svg", "figure-002.svg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "program.py"]
    assert "../../title" in (folder / "figure-001.svg").read_text()


def test_files_are_replaced_with_force_only(program: str, tmp_path: Path) -> None:
    folder = tmp_path / "plots"
    folder.mkdir()
    old = folder / "figure-002.svg"
    old.write_text("mine")
    done = gradcli("eval", program, "--plots", str(folder))
    assert done.returncode == 2
    assert "figure-002.svg is there already" in done.stderr
    assert "--force" in done.stderr
    assert done.stdout == ""
    assert [path.name for path in folder.iterdir()] == ["figure-002.svg"]
    assert old.read_text() == "mine"
    assert gradcli("eval", program, "--plots", str(folder), "--force").returncode == 0
    assert old.read_text().startswith("<svg")


def test_json_and_errors_keep_their_streams(program: str) -> None:
    done = gradcli("eval", program, "--json", "--errors", "json")
    json.loads(done.stdout)
    notes = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert notes[0]["warning"]["message"].startswith("2 figures were not shown")


def test_each_record_has_its_own_figures(tmp_path: Path) -> None:
    path = tmp_path / "each.py"
    path.write_text(
        "import torch\nimport matplotlib.pyplot as plt\n"
        "plt.plot([0, 1], [0, float(x)]); plt.title(f'x is {float(x)}'); y = x * 2\n"
    )
    folder = tmp_path / "plots"
    words = ("eval", str(path), "--each", "--plots", str(folder))
    done = gradcli(*words, given='{"x": 1}\n{"x": "bad"}\n{"x": 3}\n')
    assert len(done.stdout.splitlines()) == 3
    titles = [p.read_text() for p in sorted(folder.iterdir())]
    assert len(titles) == 2
    assert "x is 1.0" in titles[0]
    assert "x is 3.0" in titles[1]


def test_an_error_after_a_figure_still_tells(tmp_path: Path) -> None:
    path = tmp_path / "raises.py"
    path.write_text("import matplotlib.pyplot as plt\nplt.plot([1]); plt.show()\n1 / 0\n")
    done = gradcli("eval", str(path))
    assert done.returncode == 5
    assert "1 figure was not shown" in done.stderr


def test_a_terminal_shows_the_figures(program: str) -> None:
    master, slave = pty.openpty()
    started = subprocess.Popen(
        [*COMMAND, "eval", program, "--color", "never"],
        stdout=slave,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    os.close(slave)
    parts = []
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        parts.append(part)
    os.close(master)
    assert started.wait(60) == 0
    shown = b"".join(parts).decode()
    assert shown.index("before") < shown.index("../../title") < shown.index("behind")
    assert shown.count("../../title") == 1  # savefig showed it already
    assert "┤" in shown

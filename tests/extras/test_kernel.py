"""The Jupyter kernel, driven by its protocol."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from process import COMMAND

WAIT = 60  # seconds that an answer may take on a busy machine


class Notebook:
    """A kernel and a client of it."""

    def __init__(self, prefix: Path) -> None:
        specs = KernelSpecManager(kernel_dirs=[str(prefix / "share/jupyter/kernels")])
        self.manager = KernelManager(kernel_name="gradcli", kernel_spec_manager=specs)
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=WAIT)

    def run(self, code: str) -> tuple[dict, list[tuple[str, dict]]]:
        """The reply to a cell, and what it showed."""
        shown: list[tuple[str, dict]] = []
        reply = self.client.execute_interactive(
            code,
            output_hook=lambda m: shown.append((m["msg_type"], m["content"])),
            timeout=WAIT,
        )
        kinds = ("stream", "execute_result", "display_data", "error")
        return reply["content"], [item for item in shown if item[0] in kinds]

    def interrupt(self, times: int) -> None:
        """Send requests to interrupt, which the kernel answers on its control channel."""
        for _ in range(times):
            message = self.client.session.msg("interrupt_request", {})
            self.client.control_channel.send(message)

    def ask(self, request: str, *arguments: object) -> dict:
        getattr(self.client, request)(*arguments)
        return self.client.get_shell_msg(timeout=WAIT)["content"]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("prefix")
    done = subprocess.run(
        [*COMMAND, "kernel", "install", "--prefix", str(where)], capture_output=True, text=True
    )
    assert (done.returncode, "installed in" in done.stdout) == (0, True), done.stderr
    return where


@pytest.fixture(scope="module")
def notebook(prefix: Path) -> Notebook:
    made = Notebook(prefix)
    yield made
    made.client.stop_channels()
    made.manager.shutdown_kernel(now=True)


def text_of(shown: list[tuple[str, dict]]) -> str:
    return "".join(c.get("text") or c.get("data", {}).get("text/plain", "") for _, c in shown)


def test_values_and_prints(notebook: Notebook) -> None:
    reply, shown = notebook.run("x = param([1., 2.])\nprint('a')\n(x**2).sum()")
    assert reply["status"] == "ok"
    assert [kind for kind, _ in shown] == ["stream", "execute_result"]
    assert shown[1][1]["execution_count"] == reply["execution_count"]
    assert shown[1][1]["data"]["text/plain"] == "tensor(5., grad_fn=<SumBackward0>)"
    _, shown = notebook.run("_.backward(); x.grad")
    assert text_of(shown) == "tensor([2., 4.])"


def test_numbers_are_those_of_the_notebook(notebook: Notebook) -> None:
    reply, _ = notebook.run("6 * 7")
    assert notebook.run(f"Out[{reply['execution_count']}]")[1][0][1]["data"]["text/plain"] == "42"


def test_errors_have_their_lines(notebook: Notebook) -> None:
    reply, shown = notebook.run("y = ones(2)\ny @ ones(3)")
    assert (reply["status"], reply["ename"]) == ("error", "RuntimeError")
    ((kind, content),) = shown
    assert (kind, content["evalue"][:24]) == ("error", "inconsistent tensor size")
    assert any(f"In[{reply['execution_count']}]:2:" in line for line in content["traceback"])
    assert notebook.run("1 +")[0]["ename"] == "SyntaxError"


def test_magics_and_warnings(notebook: Notebook) -> None:
    notebook.run("w = param([3.])")
    assert "float32" in text_of(notebook.run("%vars w")[1])
    assert "error" in dict(notebook.run("%load x.grad")[1])  # files are not for notebooks
    _, shown = notebook.run("import warnings\nwarnings.warn('take care')")
    assert [(kind, c["name"]) for kind, c in shown] == [("stream", "stderr")]
    assert "take care" in text_of(shown)


def test_the_percent_may_be_left_out(notebook: Notebook) -> None:
    notebook.run("counted = 7")
    assert "counted" in text_of(notebook.run("who int")[1])
    assert notebook.run("who + 1")[0]["ename"] == "NameError"


def test_plots_stand_below_their_cell(notebook: Notebook) -> None:
    _, shown = notebook.run("import matplotlib.pyplot as plt\nplt.plot([1, 4, 9]);")
    pictures = [c["data"] for kind, c in shown if kind == "display_data"]
    assert [p["image/svg+xml"].startswith("<svg") for p in pictures] == [True]
    assert notebook.run("2")[1][-1][0] == "execute_result"  # and not below the next one


@pytest.mark.parametrize(
    ("drawing", "names"),
    [
        ("%plot x**2 x -3 3 --hess", ("x**2", "derivative", "curvature")),
        ("%plot losses", ("losses",)),
        ("plot losses", ("losses",)),  # without its percent
    ],
)
def test_plot_draws_as_figures_are_drawn(
    notebook: Notebook, drawing: str, names: tuple[str, ...]
) -> None:
    notebook.run("losses = [3., 2., 1.5]")
    ((kind, content),) = notebook.run(drawing)[1]
    picture = content["data"]["image/svg+xml"]
    assert (kind, picture.startswith("<svg")) == ("display_data", True)
    assert all(f">{name}</text>" in picture for name in names)
    assert "no finite value" in text_of(notebook.run("%plot [float('nan')]")[1])


def test_graphs_and_explanations_are_pictures(notebook: Notebook) -> None:
    notebook.run("a = param([1., 2.])\nloss = (a ** 2).sum()")
    ((_, graph),) = notebook.run("%graph loss")[1]
    assert graph["data"]["image/svg+xml"].startswith("<svg") and "PowBackward0" in str(graph)
    ((_, page),) = notebook.run("%explain loss")[1]
    html = page["data"]["text/html"]
    assert html.startswith('<iframe sandbox="allow-scripts" srcdoc="&lt;!') and html.count("<") == 2
    assert "PowBackward0" in text_of(notebook.run("%graph loss --tree")[1])


def test_completion_inspection_and_whole_inputs(notebook: Notebook) -> None:
    found = notebook.ask("complete", "torch.lins", 10)
    assert (found["matches"], found["cursor_start"], found["cursor_end"]) == (["linspace"], 6, 10)
    found = notebook.ask("inspect", "torch.sin(x)", 9)
    assert "The sine" in found["data"]["text/plain"]
    assert not notebook.ask("inspect", "no_such_name", 3)["found"]
    assert notebook.ask("is_complete", "for i in range(3):")["status"] == "incomplete"
    assert notebook.ask("is_complete", "x = 1")["status"] == "complete"


def test_a_cell_has_one_result(notebook: Notebook) -> None:
    _, shown = notebook.run("import matplotlib.pyplot as plt\nplt.plot([1, 4])\n1 + 1\nprint(5)\n3")
    kinds = [kind for kind, _ in shown]
    assert (kinds.count("execute_result"), kinds.count("display_data")) == (1, 1)
    assert [c["data"]["text/plain"] for kind, c in shown if kind == "execute_result"] == ["3"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("torch.zeros(3, dty|pe=torch.float32)", "zeros("),
        ("F.gelu(x, |", "gelu("),
        ("F.gelu(x,|", "gelu("),
        ("torch.add(torch.si|n(x), 1)", "The sine"),
        ("torch.sin(unknown_na|me)", "The sine"),
        ("x = nn.Linear(|", "nn.Linear"),
    ],
)
def test_inspection_inside_of_a_call(notebook: Notebook, code: str, said: str) -> None:
    found = notebook.ask("inspect", code.replace("|", ""), code.index("|"))
    assert said in re.sub(r"\x1b\[[\d;]*m", "", found["data"]["text/plain"])


def test_a_new_start_forgets_names_and_keeps_its_client(prefix: Path) -> None:
    notebook = Notebook(prefix)
    try:
        notebook.run("kept = 1")
        notebook.manager.restart_kernel(now=True)
        notebook.client.wait_for_ready(timeout=WAIT)
        reply, _ = notebook.run("kept")
        assert (reply["ename"], reply["execution_count"]) == ("NameError", 1)
        assert "ipywidgets" in notebook.run("import ipywidgets")[0]["evalue"]
        notebook.client.execute("1 / 0")
        notebook.client.execute("2")  # what waits behind an error does not run
        replies = [notebook.client.get_shell_msg(timeout=WAIT)["content"] for _ in range(2)]
        assert [reply["status"] for reply in replies] == ["error", "aborted"]
    finally:
        notebook.client.stop_channels()
        notebook.manager.shutdown_kernel(now=True)


def test_interrupts_end_the_cell_and_nothing_else(notebook: Notebook) -> None:
    notebook.run("kept = 5")
    twice = threading.Timer(0.5, notebook.interrupt, (2,))
    twice.start()
    started = time.monotonic()
    reply, shown = notebook.run("while True: pass")
    assert (reply["status"], reply["ename"]) == ("error", "KeyboardInterrupt")
    assert [kind for kind, _ in shown] == ["error"]  # which is told once
    assert reply["evalue"].startswith(f"interrupted at In[{reply['execution_count']}]:1:")
    assert time.monotonic() - started < 20
    twice.join()
    assert [notebook.client.get_control_msg(timeout=WAIT)["msg_type"] for _ in range(2)] == [
        "interrupt_reply"
    ] * 2  # the second one came when the cell may have been over
    threading.Timer(0.5, notebook.manager.interrupt_kernel).start()  # as notebooks do it
    assert notebook.run("while True: pass")[0]["ename"] == "KeyboardInterrupt"
    assert text_of(notebook.run("kept")[1]) == "5"


def test_a_silent_cell_shows_nothing(notebook: Notebook) -> None:
    notebook.client.execute("print(1)\n2", silent=True)
    notebook.client.get_shell_msg(timeout=WAIT)
    assert text_of(notebook.run("3")[1]) == "3"


def test_the_connection_is_for_its_owner(notebook: Notebook) -> None:
    mode = os.stat(notebook.manager.connection_file).st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert notebook.manager.session.key


def test_a_limit_or_an_exit_ends_what_it_belongs_to(notebook: Notebook) -> None:
    reply, _ = notebook.run("torch.ones(10**9, 10**9)")
    assert reply["status"] == "error"
    assert text_of(notebook.run("1")[1]) == "1"


def test_nothing_of_the_process_is_changed() -> None:
    """Signals, limits, the collector and the environment are Jupyter's."""
    script = """
import gc, os, resource, signal
def state():
    return (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM), gc.isenabled(),
            gc.get_threshold(), resource.getrlimit(resource.RLIMIT_DATA), dict(os.environ))
import numpy
before = state()
from gradcli.jupyter.session import CellSession
session = CellSession(lambda kind, content: None, lambda question: False)
session.cell("x = param(2.)\\n(x**3).backward()\\nx.grad", False)
assert session.outputs[1].item() == 12
assert state() == before
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_what_is_installed_is_one_file_that_remove_takes_away(tmp_path: Path) -> None:
    env = {**os.environ, "JUPYTER_DATA_DIR": str(tmp_path), "HOME": str(tmp_path)}

    def kernel(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "kernel", *words], capture_output=True, text=True, env=env, check=False
        )

    assert kernel("install").returncode == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files] == ["kernel.json"]
    assert json.loads(files[0].read_text())["interrupt_mode"] == "message"
    assert kernel("remove").returncode == 0
    assert not files[0].exists()
    again = kernel("remove")
    assert (again.returncode, "not installed" in again.stderr) == (2, True)
    assert kernel("update").returncode == kernel().returncode == 2

"""The mistakes that people make most with autograd: what PyTorch says, what is said here, the cure.

`mistakes/forty.grad` has the programs and the lines that correct them, `mistakes/forty.json` what
PyTorch 2.13.0 made of both (`mistakes/record.py`), and `mistakes/forty.txt` is the document to be
read. `python tests/language/test_forty_mistakes.py` writes that anew; the difference is to be read.
"""

from __future__ import annotations

import json
import pathlib
import re
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "mistakes"), str(HERE.parent / "cli")]

from mistakes import Mistake, mistakes  # noqa: E402
from process import gradcli  # noqa: E402

RECORDS = json.loads((HERE / "mistakes" / "forty.json").read_text("utf-8"))
DOCUMENT = HERE / "mistakes" / "forty.txt"
PAIRS = list(zip(mistakes(), RECORDS, strict=True))
SAY_THEMSELVES = ("Use tensor.detach()", "use var_no_grad = var.detach()", "use `torch.no_grad()`")
# Every line of these is as it may be: what is missing has no place, or all passes have a share.
WITHOUT_A_PLACE = ("Gradients are not cleared between steps", "backward without its parentheses")
NAMES = [mistake.title for mistake, _ in PAIRS]


def ran(command: str, text: str, folder: pathlib.Path, *options: str) -> tuple[int, str, str]:
    """The status and what a command writes about a program; its prints are first."""
    (folder / "a.grad").write_text(text, "utf-8")
    done = gradcli(command, "a.grad", *options, cwd=folder)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def said(mistake: Mistake, folder: pathlib.Path) -> str:
    """What gradcli says: its error, or its answer about the gradient."""
    if mistake.asked:
        return ran("why", mistake.wrong, folder, "--wrt", mistake.asked)[1].rstrip()
    return ran("eval", mistake.wrong, folder)[2].rstrip()


@pytest.mark.parametrize(("mistake", "record"), PAIRS, ids=NAMES)
def test_pytorch_says_the_same(mistake, record, tmp_path):
    status, out, err = ran("eval", mistake.wrong, tmp_path)
    assert record["title"] == mistake.title
    assert record["wrong"]["src"] == mistake.wrong
    assert out == record["wrong"]["out"]
    error = record["wrong"]["error"]
    assert (error is None) == (status == 0) == bool(mistake.asked)
    if error is not None:
        assert re.search(rf"^error: {re.escape(error)}\n *--> a\.grad:\d", err, re.MULTILINE), err


@pytest.mark.parametrize(("mistake", "record"), PAIRS, ids=NAMES)
def test_the_remedy_helps(mistake, record, tmp_path):
    assert record["right"]["src"] == mistake.right
    assert record["right"]["error"] is None
    status, out, err = ran("eval", mistake.right, tmp_path)
    assert (status, out) == (0, record["right"]["out"]), err
    assert "error" not in err
    assert record["right"]["out"] != record["wrong"]["out"]


def rendered(folder: pathlib.Path) -> str:
    """The document."""
    parts = []
    for number, (mistake, record) in enumerate(PAIRS, 1):
        pytorch = record["wrong"]["error"] or f"no error; it prints {record['wrong']['out']}"
        parts.append(
            f"{number}. {mistake.title}\n\n{mistake.wrong}\n"
            f"PyTorch: {pytorch.rstrip()}\n\n{said(mistake, folder)}\n\n"
            f"Remedy: {mistake.remedy}\n\n{mistake.change}\n"
            f"which prints\n\n{record['right']['out']}"
        )
    return f"\n{'-' * 80}\n".join(parts)


def test_the_document(tmp_path):
    assert rendered(tmp_path) == DOCUMENT.read_text("utf-8")


def test_every_mistake_is_answered_with_a_place_and_a_cure(tmp_path):
    assert len(PAIRS) >= 40
    for mistake, _ in PAIRS:
        answer = said(mistake, tmp_path)
        assert "a.grad:" in answer or mistake.title in WITHOUT_A_PLACE, mistake.title
        itself = any(words in answer for words in SAY_THEMSELVES)
        assert ("= help: " in answer) != itself, f"{mistake.title}\n{answer}"
        assert "Traceback" not in answer


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        DOCUMENT.write_text(rendered(pathlib.Path(folder)), "utf-8")

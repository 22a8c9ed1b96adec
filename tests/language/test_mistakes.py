"""What is said of the mistakes that users make, when their programs run.

`mistakes/users.grad` holds programs separated by lines of `# ----`, and the `.txt` beside it what
is said of each. `python3.11 tests/language/test_mistakes.py` writes the text anew; the difference
is to be read. PyTorch's sentences themselves are held by the goldens of its own.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from gradcli.language.errors import advice
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Session, compile_program
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.source import Source
from gradcli.render.diagnostics import diagnostic_of

PATH = Path(__file__).parent / "mistakes" / "users.grad"
# What later versions of Python say in the place of which sentence of 3.11.
VERSIONS = {
    (3, 13): [
        ("argument 'retain_grpah'", "argument 'retain_grpah'. Did you mean 'retain_graph'?"),
    ],
}


def programs() -> list[str]:
    return PATH.read_text("utf-8").split("\n# ----\n")


def said(text: str) -> str:
    source = Source(text, "a.grad")
    try:
        Session(stdout=lambda _: None).run(compile_program(source))
    except (ProgramError, GradSyntaxError) as error:
        return str(diagnostic_of(error, source))
    return "accepted"


def rendered() -> str:
    parts = [f"{text.rstrip()}\n\n{said(text)}\n" for text in programs()]
    return f"\n{'-' * 80}\n".join(parts)


@pytest.mark.filterwarnings("ignore")
def test_what_is_said() -> None:
    expected = PATH.with_suffix(".txt").read_text("utf-8")
    for version, changes in VERSIONS.items():
        for before, after in changes:
            assert before in expected
            if sys.version_info >= version:
                expected = expected.replace(before, after)
    assert rendered() == expected


@pytest.mark.filterwarnings("ignore")
def test_every_mistake_has_its_place_and_no_traceback() -> None:
    for text in programs():
        message = said(text)
        assert message.startswith("error: "), text
        assert re.search(r"^ *--> a\.grad:\d+:\d+$", message, re.M), text
        assert "Traceback" not in message


@pytest.mark.filterwarnings("ignore")
def test_every_advice_is_given_somewhere() -> None:
    messages = [said(text) for text in programs()]
    for pattern, help in advice.BY_SENTENCE:
        part = re.split(r"\{\d\}", help)[0]
        assert any(re.search(pattern, m, re.M) and part in m for m in messages), pattern


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    PATH.with_suffix(".txt").write_text(rendered(), "utf-8")

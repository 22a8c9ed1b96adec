"""Every syntax error as the user sees it.

Each file in `errors/` holds programs separated by lines of `# ----`, and the `.txt` beside it
what is said of each. `python tests/language/test_syntax_errors.py` writes the texts anew; the
difference is to be read.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from gradcli.language.errors.diagnostics import from_syntax_error
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source

ERRORS = Path(__file__).parent / "errors"
FILES = sorted(ERRORS.glob("*.grad"))
SEPARATOR = "# ----\n"
OURS = ("is not part of the language", "are not part of the language")


def programs(path: Path) -> list[str]:
    return path.read_bytes().decode("utf-8").split(SEPARATOR)


def error_of(text: str) -> GradSyntaxError | None:
    try:
        parse(Source(text))
    except GradSyntaxError as error:
        return error
    return None


def rendered(path: Path) -> str:
    parts = []
    for text in programs(path):
        error = error_of(text)
        shown = (
            "accepted" if error is None else str(from_syntax_error(error, Source(text, "a.grad")))
        )
        parts.append(f"{text.rstrip()}\n\n{shown}\n")
    return f"\n{'-' * 80}\n".join(parts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_rendering(path: Path) -> None:
    assert rendered(path) == path.with_suffix(".txt").read_text("utf-8")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_python_refuses_it_too(path: Path) -> None:
    for text in programs(path):
        error = error_of(text)
        assert error is not None, text
        if not error.message.endswith(OURS) and path.stem != "nesting":
            with warnings.catch_warnings(), pytest.raises(SyntaxError):
                warnings.simplefilter("ignore")
                compile(text, "a.grad", "exec", dont_inherit=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_span_is_in_the_text(path: Path) -> None:
    for text in programs(path):
        error = error_of(text)
        assert error is not None
        for start, end in (error.span, *(span for span, _ in error.labels)):
            assert 0 <= start <= end <= len(text), text


def test_expressions() -> None:
    expected = {
        "y = x": "an expression is wanted here, which assigns nothing; write == to compare",
        "import torch": "an expression is wanted here, not a statement",
        "x; y": "one expression is wanted here",
    }
    for text, help in expected.items():
        with pytest.raises(GradSyntaxError) as caught:
            parse(Source(text), "expression")
        assert caught.value.help == help
    for text in ("", "x\ny", "x +", "for x in y: z", "*x"):
        with pytest.raises(GradSyntaxError):
            parse(Source(text), "expression")
    for text in (
        "x",
        "  x + 1  \n",
        "\n\n x # comment\n",
        "\tf(x,\n y)",
        "x,",
        "%matplotlib\nx"[12:],
    ):
        parse(Source(text), "expression")


if __name__ == "__main__":
    for file in FILES:
        file.with_suffix(".txt").write_text(rendered(file), "utf-8")

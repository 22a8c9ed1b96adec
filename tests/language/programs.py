"""Runs a program in gradcli and in CPython and gives the text and the error of each."""

from __future__ import annotations

import contextlib
import io
import re
import warnings

from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Limits, Session, compile_program
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.tensor.runtime import LimitExceeded


def run(text: str, *, mode: str = "python", limits: Limits | None = None) -> tuple[str, str]:
    """What a program prints, and the error it ends with, or an empty string."""
    written: list[str] = []
    session = Session(stdout=written.append, limits=limits)
    error = ""
    try:
        session.run(compile_program(text, mode=mode))
    except ProgramError as raised:
        error = raised.title
    except GradSyntaxError as raised:
        error = f"refused: {raised.message}"
    except LimitExceeded as raised:
        error = f"limit: {raised.limit}"
    return "".join(written), error


def cpython(text: str) -> tuple[str, str]:
    """The same of CPython itself."""
    out = io.StringIO()
    error = ""
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            code = compile(text, "program", "exec", dont_inherit=True)
            exec(code, {"__name__": "__main__"})
        except BaseException as raised:
            sentence = str(raised)
            error = type(raised).__name__ + (f": {sentence}" if sentence else "")
    return out.getvalue(), error


def without_addresses(text: str) -> str:
    return re.sub(r"0x[0-9a-f]+", "0x…", text)

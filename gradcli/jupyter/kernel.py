"""The kernel: Jupyter's requests to a session, on ipykernel.

No signal handler, limit or setting of the process is changed. A request to interrupt sets what the
interpreter looks at between steps; a limit ends the cell.
"""

from __future__ import annotations

import re
from typing import Any

from ipykernel.kernelbase import Kernel

from gradcli import __version__
from gradcli.language.errors.diagnostics import Diagnostic
from gradcli.repl.prompt import context
from gradcli.repl.prompt.complete import complete
from gradcli.repl.session import cells
from gradcli.repl.session.cells import Leave
from gradcli.tensor.runtime import Interrupted, runtime

from .session import CellSession

_NAME = re.compile(r"%?[^\W\d][\w.]*")
_KEYWORD = re.compile(r"\s*=(?!=)")


class GradKernel(Kernel):
    """One session for one notebook."""

    implementation = "gradcli"
    implementation_version = __version__
    banner = f"gradcli {__version__}: a gradient calculator that speaks PyTorch"
    language_info = {  # noqa: RUF012  (what ipykernel asks for)
        "name": "gradcli",
        "version": __version__,
        "mimetype": "text/x-python",
        "file_extension": ".grad",
        "pygments_lexer": "python",
        "codemirror_mode": {"name": "python", "version": 3},
    }

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.shell_session = CellSession(self._send, self._ask)

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        self.send_response(self.iopub_socket, kind, content)

    def _ask(self, question: str) -> bool:
        """Ask the person at the notebook, where the front end can."""
        if not self._allow_stdin:
            return False
        return str(self.raw_input(f"{question} [y/N] ")).strip().lower() in ("y", "yes")

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, str] | None = None,
        allow_stdin: bool = False,
        **more: Any,
    ) -> dict[str, Any]:
        """Run a cell under the number that Jupyter gives it."""
        session = self.shell_session
        while session.number < self.execution_count:
            session.inputs.append("")
        answer: dict[str, Any] = {"execution_count": self.execution_count, "payload": []}
        try:
            error = session.cell(code, silent)
        except Leave:
            answer["payload"].append({"source": "ask_exit", "keepkernel": False})
            error = None
        del session.inputs[self.execution_count + 1 :]
        if error is None:
            return {"status": "ok", "user_expressions": {}, **answer}
        content = _error(session, error)
        if not silent:
            self._send("error", content)
        return {"status": "error", **content, **answer}

    async def interrupt_request(self, stream: Any, ident: Any, parent: Any) -> None:
        """Stop what runs, between two of its steps."""
        runtime.stop = Interrupted()
        self.session.send(stream, "interrupt_reply", {"status": "ok"}, parent, ident=ident)

    def do_complete(self, code: str, cursor_pos: int) -> dict[str, Any]:
        """What the word before the cursor may become."""
        found = complete(self.shell_session, code[:cursor_pos])
        length = found[0].length if found else 0
        return {
            "status": "ok",
            "matches": [item.text for item in found if item.length == length],
            "cursor_start": cursor_pos - length,
            "cursor_end": cursor_pos,
            "metadata": {},
        }

    def do_inspect(
        self, code: str, cursor_pos: int, detail_level: int = 0, omit_sections: Any = ()
    ) -> dict[str, Any]:
        """What is known of the name at the cursor: `name?`, with more detail `name??`."""
        answer: dict[str, Any] = {"status": "ok", "found": False, "data": {}, "metadata": {}}
        for name in _names_at(code, cursor_pos):
            text = self.shell_session.described(name, detail_level > 0)
            if text:
                return answer | {"found": True, "data": {"text/plain": text}}
        return answer

    def do_is_complete(self, code: str) -> dict[str, Any]:
        """Whether Enter runs a text in a console, and how the next line begins if not."""
        ready, indent = cells.ready(code)
        return {"status": "complete"} if ready else {"status": "incomplete", "indent": indent}

    def do_shutdown(self, restart: bool) -> dict[str, Any]:
        """The session ends with the process."""
        self.shell_session.keeper.clear()
        return {"status": "ok", "restart": restart}


def _error(session: CellSession, error: Diagnostic) -> dict[str, Any]:
    name, _, value = error.title.partition(": ")
    if not name.isidentifier():
        name, value = "Error", error.title
    return {"ename": name, "evalue": value, "traceback": session.text_of(error).split("\n")}


def _names_at(code: str, cursor: int) -> list[str]:
    """What may be asked for at the cursor, the likeliest first.

    The dotted name that it stands in or behind, or that a bracket before it calls; at the name of
    a keyword argument, and where there is no name, the function of the call around it.
    """
    call = context.call_at(code[:cursor])
    around = [call.name] if call is not None else []
    for text in (code, code[:cursor].rstrip("( \t")):
        at = min(cursor, len(text))
        for match in _NAME.finditer(text):
            if match.start() <= at <= match.end():
                is_keyword = bool(around) and _KEYWORD.match(text, match.end())
                return around if is_keyword else [match[0].rstrip("."), *around]
    return around

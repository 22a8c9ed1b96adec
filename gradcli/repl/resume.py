"""`gradcli --resume`: what was typed in a session that was killed, and running it again."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from typing import TYPE_CHECKING

from gradcli.repl.files.journal import Lost

if TYPE_CHECKING:
    from gradcli.repl.prompt.reader import Prompt
    from gradcli.repl.session.shell import Shell


def offer(lost: Lost) -> None:
    """Say that a session can be brought back."""
    said = f"a session was cut off {_when(lost)}: gradcli --resume brings it back"
    width = max(shutil.get_terminal_size().columns - 1, 20)
    sys.stdout.write("\n".join([*textwrap.wrap(said, width, subsequent_indent="    "), ""]))
    sys.stdout.flush()


def resume(lost: Lost, shell: Shell, prompt: Prompt) -> None:
    """Show what was typed, and run it again if the user wants that."""
    how = "ended with its window" if lost.closed else "was cut off"
    shell.say(f"the session that {how} {_when(lost)}:")
    inputs = [text for text in lost.inputs if not _is_done(text)]
    for number, text in enumerate(inputs, 1):
        first, *rest = text.split("\n")
        shell.say("\n".join([f"  [{number}] {first}", *(f"      {line}" for line in rest)]))
    if lost.draft.strip():
        shell.say("  and at the prompt: " + lost.draft.replace("\n", "\n      "))
    if lost.failed:
        shell.say(f"  ({lost.failed} that failed {'is' if lost.failed == 1 else 'are'} left out)")
    answer = ask("run it again? [Y/n] ") if inputs else "n"
    for text in inputs:
        if answer in ("", "y", "yes"):
            shell.run(text)
        else:
            prompt.session.history.append_string(text)
    lost.forget()
    if lost.draft.strip():
        prompt.default = lost.draft


def _is_done(text: str) -> bool:
    """Whether what an input did needs not be done again: it put something at the prompt, which was
    an input then, or wrote a file."""
    from gradcli.repl.magics.table import ALIASES, MAGICS

    if not text.startswith("%") or "\n" in text.strip():
        return False
    name = text[1:].split(" ")[0].strip()
    magic = MAGICS.get(ALIASES.get(name, name))
    return magic is not None and magic.keyboard and magic.name != "run"


def ask(question: str) -> str:
    """What the user answers, in small letters: nothing that was typed before the question."""
    from prompt_toolkit import PromptSession

    from gradcli.repl.prompt import typeahead

    session: PromptSession[str] = PromptSession()
    typeahead.forget(session.input)
    try:
        return session.prompt(question).strip().lower()
    except (KeyboardInterrupt, EOFError):
        return "n"


def read_lines(question: str) -> str:
    """Lines until one that is `--`, or until Ctrl-D; "" when Ctrl-C ends them."""
    from prompt_toolkit import PromptSession

    sys.stdout.write(f"{question}\n")
    session: PromptSession[str] = PromptSession()
    lines: list[str] = []
    try:
        while not lines or lines[-1].strip() != "--":
            lines += session.prompt(":").replace("\r\n", "\n").replace("\r", "\n").split("\n")
            if "--" in lines:
                del lines[lines.index("--") + 1 :]
    except EOFError:
        return "\n".join(lines)
    except KeyboardInterrupt:
        return ""
    return "\n".join(lines[:-1])


def _when(lost: Lost) -> str:
    return time.strftime("on %Y-%m-%d at %H:%M", time.localtime(lost.when))

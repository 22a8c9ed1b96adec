"""The REPL: `main` is what the command line calls on a terminal.

Note: the prompt is drawn first; NumPy and the language are loaded behind it, in a thread.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from gradcli.repl.files.config import Config
    from gradcli.repl.prompt.reader import Prompt
    from gradcli.repl.session.shell import Shell

GRACE = 1.0  # seconds between the end of a run's time and the end of the process
LIMIT = 6  # the exit status when a limit was hit
WARM = 0.05  # seconds between two families that are loaded ahead


class Loader:
    """Makes the session in a thread, once the prompt is on the screen."""

    def __init__(self, make: Any) -> None:
        self.make = make
        self.shell: Shell | None = None
        self.error: BaseException | None = None
        self.thread: threading.Thread | None = None
        self.ready = threading.Event()
        self.changed: Any = None  # called in the thread when the session is there

    def start(self) -> None:
        """Start loading, unless that has happened."""
        if self.thread is None:
            self.thread = threading.Thread(target=self._run, daemon=True)
            self.thread.start()

    def _run(self) -> None:
        try:
            self.shell = self.make()
        except BaseException as error:
            self.error = error
        self.ready.set()
        if self.changed is not None:
            self.changed()
        if self.shell is not None:
            self._warm(self.shell)

    def _warm(self, shell: Shell) -> None:
        """Load the families of operations while the user types the first lines."""
        import time

        import_module("gradcli.repl.session.undo")
        from gradcli.table.names import OPERATIONS

        for family in OPERATIONS.families():
            time.sleep(WARM)
            if not shell.running:
                import_module(f"gradcli.ops.{family}")

    def wait(self) -> Shell:
        """The session. Raises what made it fail."""
        self.start()
        assert self.thread is not None
        self.ready.wait()
        if self.shell is None:
            assert self.error is not None
            raise self.error
        return self.shell


def main(options: Any, inputs: Callable[[], dict[str, Any]]) -> int:
    """Run the REPL until the user leaves; the exit status.

    `options` are those of the command line, `inputs` makes the tensors that it gives.
    """
    from gradcli.render.colour import colour

    gc.disable()  # nothing that is imported is garbage; it starts again with the session
    from gradcli.repl.files.config import load

    config, mistakes = load(not options.no_config)
    for mistake in mistakes:
        _warn(str(mistake), mistake.help, colour(options.color, sys.stderr))
    if options.dtype is not None:
        config.dtype = options.dtype
    if options.keep is not None:
        config.keep = options.keep
    if config.theme == "none" and options.color == "auto":
        coloured = False
    else:
        coloured = colour(options.color, sys.stdout)
    return Repl(config, options, inputs, coloured).run()


def _warn(message: str, help: str, coloured: bool) -> None:
    title = "\x1b[1;33mwarning:\x1b[0m" if coloured else "warning:"
    sys.stderr.write(_wrapped(f"warning: {message}", title))
    if help:
        sys.stderr.write(_wrapped(f"  = help: {help}"))


def _wrapped(text: str, title: str = "") -> str:
    """A sentence for the terminal: broken between words, its further lines indented.

    `title` is the coloured form of the word that it begins with.
    """
    width = max(shutil.get_terminal_size().columns - 1, 20)
    if len(text) > width:
        import textwrap

        first, _, rest = text.partition(" ")  # what stands behind the first word stays there
        lines = textwrap.wrap(
            f"{first}\0{rest}",
            width,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        text = "\n".join(lines).replace("\0", " ")
    return f"{title}{text.removeprefix(_COLOUR.sub('', title))}\n"


_COLOUR = re.compile(r"\x1b\[[\d;]*m")


def _asyncio_without_ssl() -> None:
    """Import asyncio without OpenSSL, which costs a tenth of the time to the prompt.

    asyncio takes ssl as optional; the prompt opens no connection.
    """
    if "asyncio" in sys.modules or "ssl" in sys.modules:
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]
    try:
        import asyncio  # noqa: F401
    finally:
        del sys.modules["ssl"]


class Repl:
    """The loop: asks, runs, and brings back what a killed session lost."""

    def __init__(
        self,
        config: Config,
        options: Any,
        inputs: Callable[[], dict[str, Any]],
        coloured: bool,
    ) -> None:
        _asyncio_without_ssl()
        from gradcli.repl.files.history import FileHistory
        from gradcli.repl.files.journal import Journal
        from gradcli.repl.prompt.complete import GradCompleter
        from gradcli.repl.prompt.reader import Prompt
        from gradcli.repl.prompt.toolbar import Toolbar

        self.config = config
        self.options = options
        self.inputs = inputs
        self.coloured = coloured
        self.warnings: list[str] = []
        self.journal = Journal(self.warn)
        self.loader = Loader(self._make_shell)
        self.toolbar = Toolbar(self._shell, is_ascii())
        self.prompt: Prompt = Prompt(
            config,
            FileHistory(self.warn),
            self._shell,
            coloured=coloured,
            draft=self.journal.record_draft,
            completer=GradCompleter(self._shell),
            toolbar=self.toolbar,
        )

    def _shell(self) -> Shell | None:
        return self.loader.shell

    def warn(self, message: str) -> None:
        """Remember a warning; it is shown before the next prompt."""
        self.warnings.append(message)

    def _make_shell(self) -> Shell:
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ.setdefault(name, "1")
        from gradcli.language.interpreter import Limits
        from gradcli.language.machine.state import own_process
        from gradcli.repl.session.shell import Shell

        options = self.options
        limits = Limits()
        if options.max_steps is not None:
            limits.max_steps = options.max_steps
        if options.max_memory is not None:
            limits.max_memory = options.max_memory
        if options.max_depth is not None:
            limits.depth = options.max_depth
        limits.timeout = options.timeout
        shell = Shell(
            self.config,
            run_magic,
            show_help,
            colour=self.coloured,
            ascii=is_ascii(),
            limits=limits,
            seed=options.seed,
            record=self.journal.record,
            ask=_agrees,
        )
        shell.past = self.prompt.session.history.load_history_strings
        shell.read_lines = _read_lines
        shell.page = show_page
        if limits.timeout is not None:
            self._set_alarm(limits.timeout)
        own_process()
        gc.freeze()
        gc.set_threshold(100_000, 50, 100)  # graphs of many nodes are no garbage
        gc.enable()
        if options.set or options.const or options.input:
            self._give(shell)
        return shell

    def _set_alarm(self, timeout: float) -> None:
        """Have the process end where a run goes on after the time limit: inside of one call."""
        from gradcli.language.errors.diagnostics import Diagnostic
        from gradcli.language.machine.alarm import Alarm
        from gradcli.language.machine.watch import watch

        text = Diagnostic(
            f"the time limit of {timeout:g} s was reached inside of a call that cannot be stopped",
            help=["gradcli --resume brings back what was typed"],
        ).render(color=self.coloured)
        watch.alarm = Alarm(timeout + GRACE, f"{text.rstrip()}\n", LIMIT)

    def _give(self, shell: Shell) -> None:
        """Bind the inputs of the command line. Raises UsageError and Failure."""
        shell.names.update(self.inputs())

    def run(self) -> int:
        """Ask and run until the user leaves; the exit status."""
        import signal

        from gradcli import __version__
        from gradcli.repl.session.cells import Leave

        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            signal.signal(signal.SIGHUP, self._closed)
        sys.stdout.write(_wrapped(f"gradcli {__version__} · ? for help · Ctrl-D leaves"))
        self._show_warnings()
        app = self.prompt.session.app
        self.loader.changed = self._loaded
        self.toolbar.changed = app.invalidate
        app.after_render += lambda _: self.loader.start()
        try:
            self._resume()
            while True:
                self._show_warnings()
                try:
                    text = self.prompt.ask()
                except KeyboardInterrupt:
                    continue
                try:
                    shell = self.loader.wait()
                    self._run(shell, text, self.prompt.typed)
                    while shell.pasted and not shell.interrupted:
                        self._run_pasted(shell, shell.pasted.pop(0))
                    shell.pasted.clear()
                except KeyboardInterrupt:  # between two inputs, or while the session is loaded
                    self.prompt.drop()
                    continue
                if shell.interrupted:
                    self.prompt.drop()
                self.prompt.default, shell.next_text = shell.next_text, ""
        except (EOFError, Leave):
            self.journal.close()
            return 0
        except OSError as error:
            if isinstance(error, BrokenPipeError) or error.errno == 5:
                self.journal.record_closing()
                return 141  # the terminal is gone; the journal stays
            raise

    def _run_pasted(self, shell: Shell, text: str) -> None:
        """Run what `%paste` took, and put it into the history."""
        self.prompt.session.history.append_string(text)
        self._run(shell, text, False)

    def _run(self, shell: Shell, text: str, typed: bool) -> None:
        """Run what was typed, and note in the journal when it failed."""
        from gradcli.repl.magics.parse import with_percent
        from gradcli.repl.session import cells

        if typed:
            text = with_percent(shell, text)
        if not shell.run(text, typed) and len(cells.cells(text)) < 2:
            self.journal.record_failure()

    def _closed(self, *_: object) -> None:
        """The terminal was closed: end, as a session that nobody needs to be told of."""
        import signal

        self.journal.record_closing()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGHUP)

    def _loaded(self) -> None:
        """Called in the loader's thread: show the prompt anew, or end it when loading failed."""
        app = self.prompt.session.app
        app.invalidate()
        loop = app.loop
        if self.loader.error is not None and loop is not None:
            loop.call_soon_threadsafe(self._give_up)

    def _give_up(self) -> None:
        app = self.prompt.session.app
        if app.is_running and self.loader.error is not None:
            app.exit(exception=self.loader.error)

    def _show_warnings(self) -> None:
        for message in self.warnings:
            title = "\x1b[1;33mwarning:\x1b[0m" if self.coloured else "warning:"
            sys.stdout.write(_wrapped(f"warning: {message}", title))
        self.warnings.clear()
        sys.stdout.flush()

    def _resume(self) -> None:
        """Bring back what a killed session lost, or say that it can be brought back."""
        from gradcli.repl.files.journal import lost_sessions

        lost = lost_sessions()
        if not lost:
            if self.options.resume:
                sys.stdout.write("there is no session to resume\n")
            return
        from .resume import offer, resume

        if self.options.resume:
            resume(lost[0], self.loader.wait(), self.prompt)
        elif killed := [one for one in lost if not one.closed]:
            offer(killed[0])


def run_magic(shell: Shell, line: str) -> None:
    """Run a line that begins with `%`, or an input that begins with `%%`. Raises Failed."""
    from gradcli.repl.magics import parse

    parse.run_magic(shell, line)


def show_help(shell: Shell, name: str, everything: bool) -> None:
    """Show what is known about a name. Raises Failed with the near name."""
    from gradcli.repl.magics import help_pages

    help_pages.show_help(shell, name, everything)


def show_page(text: str) -> None:
    """Show a long text, and leave it on the screen."""
    from gradcli.repl.session.pager import page

    page(text)


def _agrees(question: str) -> bool:
    from .resume import ask

    return ask(question) in ("y", "yes")


def _read_lines(question: str) -> str:
    from .resume import read_lines

    return read_lines(question)


def is_ascii() -> bool:
    """Whether the terminal shows ASCII only, as far as the environment tells."""
    if os.environ.get("TERM") == "dumb":
        return True
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "UTF" not in value.upper()
    return False

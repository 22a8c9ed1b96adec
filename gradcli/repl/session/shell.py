"""The session behind the prompt: runs inputs, shows values and errors, remembers what ran."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from gradcli.language.errors.diagnostics import Diagnostic
from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import UNSET, Limits, Program, Session
from gradcli.language.library.prelude import calculator
from gradcli.language.machine.state import machine
from gradcli.language.syntax import nodes
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.language.syntax.parser import parse
from gradcli.language.syntax.source import Source
from gradcli.language.syntax.terminal import clean, clean_printed
from gradcli.language.values.text import text_repr
from gradcli.render.diagnostics import diagnostic_of, wrap, wrapped
from gradcli.render.paint import painted
from gradcli.render.reports import bug_text, watch_warnings
from gradcli.repl.files.config import Config
from gradcli.tensor.keeping import forget_registered
from gradcli.tensor.print_options import within
from gradcli.tensor.runtime import Interrupted, LimitExceeded, runtime

from . import cells
from .cells import Leave
from .failed import Failed
from .interrupts import Interrupts
from .statement import Statement

if TYPE_CHECKING:
    from .undo import Undo

NO_SHELL = "gradcli starts no other programs"
NEGATION = "the opposite of x is `not x`"
SHELL_HELP = "Ctrl-Z goes to the shell and fg comes back; %load and %save read and write files"
MOST_SHOWN = 20_000  # characters of what an input showed that are kept
MOST_RUNS = 10  # stretches of numbers that are listed
LONGEST = 200_000  # characters of a value that are shown
RECENT = ("_", "__", "___")  # the last output, the one before it, and the one before that


class Shell:
    """A session.

    `magic` runs a line with `%`, `help` shows what is known of a name, all of it or the short
    form; `write` takes the text to show; `record` is called before an input runs; `ask` answers a
    question with yes or no.
    """

    def __init__(
        self,
        config: Config,
        magic: Callable[[Shell, str], None],
        help: Callable[[Shell, str, bool], None],
        *,
        colour: bool = False,
        ascii: bool = False,
        limits: Limits | None = None,
        seed: int | None = None,
        write: Callable[[str], Any] | None = None,
        record: Callable[[str], None] | None = None,
        ask: Callable[[str], bool] | None = None,
    ) -> None:
        from gradcli.autograd.freed_values import Keeper
        from gradcli.render.modules import note_module_calls

        self.config = config
        self.magic = magic
        self.help = help
        self.colour = colour
        self.ascii = ascii
        self.write = write or _write_out
        self.record = record
        self.ask = ask or (lambda question: False)
        self.read_lines: Callable[[str], str] = lambda question: ""
        self.typed = False  # whether what runs is a single line from the keyboard
        self.session = Session(self._print, limits, None, seed, self.show_figure)
        self.limits = limits
        self.interrupts = Interrupts()
        self.keeper = Keeper(config.keep)
        note_module_calls()
        self.inputs: list[str] = [""]
        self.outputs: dict[int, Any] = {}
        self.statements: list[Statement] = []
        self.shown: dict[int, str] = {}  # what inputs printed and showed, by their numbers
        machine.ran = {}
        self.elapsed: float | None = None
        self.running = False
        self.interrupted = False  # whether Ctrl-C ended the last input
        self.next_text = ""  # what stands at the next prompt
        self.recent: list[Any] = []
        self.taken: list[Any] | None = None  # the values of a magic that are to get names
        self.said_as = ""  # the values of the last magic as a program writes them
        self.short = False  # whether errors are shown without their lines
        self.pasted: list[str] = []  # what runs next as if it was pasted
        self.past: Callable[[], Iterable[str]] = tuple  # earlier inputs on disk, the newest first
        self.graph_size = (0, 0)
        self.page: Callable[[str], None] | None = None  # shows a text longer than the screen
        self.long: list[str] = []  # what it is to show when the input has ended
        self.one_call = False  # whether what runs is a single call, such as print(x)
        self.after_input: Callable[[], None] | None = None  # shows what is watched
        self.knows_figures = False  # whether it was said how figures are drawn
        self.seen: dict[str, Any] = {}  # the variables as %vars showed them last
        self.every_value = True  # whether values in the middle of an input are shown, too
        self.pictures: dict[str, Callable[[str], None]] = {}  # what shows a form that is no text
        watch_warnings(self.show_diagnostic)
        self.undo: Undo | None = None  # made with the first input
        self.apply_settings(seed)
        self.reset()

    # ------------------------------------------------------------ state

    @property
    def number(self) -> int:
        """The number of the next input."""
        return len(self.inputs)

    @property
    def names(self) -> dict[str, Any]:
        """The user's namespace, with the REPL's own names."""
        return self.session.globals

    def variables(self) -> dict[str, Any]:
        """The names that the user gave, in order of first assignment."""
        return {name: value for name, value in self.names.items() if not self.is_ours(name)}

    def is_ours(self, name: str) -> bool:
        """Whether the REPL gave a value this name: `In`, `Out`, `_`, `_3`."""
        value = self.names.get(name)
        if name in RECENT:
            place = len(name) - 1
            return place < len(self.recent) and value is self.recent[place]
        if name in ("In", "Out"):
            return value is self.inputs or value is self.outputs
        if name[:1] == "_" and name[1:].isdigit():
            return self.outputs.get(int(name[1:]), UNSET) is value
        return False

    def apply_settings(self, seed: int | None) -> None:
        """Make the settings those of the core."""
        from gradcli.tensor import dtypes, print_options

        if self.config.precision is not None:
            print_options.options.precision = self.config.precision
        if self.config.dtype is not None:
            dtypes.default.dtype = dtypes.NAMES[self.config.dtype]
        if seed is not None:
            from gradcli.kernels.generator import default_generator

            default_generator.manual_seed(seed)

    def reset(self) -> None:
        """Forget all names, outputs and graphs; the numbers go on."""
        self.session.globals = {}
        self.session.modules.clear()
        self.outputs = {}
        self.statements = []
        machine.ran = {}
        runtime.module_calls.clear()
        forget_registered()
        self.recent = []
        self.names["In"] = self.inputs
        self.names["Out"] = self.outputs
        runtime.grad_enabled = True

    def is_builtin(self, name: str) -> bool:
        """Whether a name has a value that the user did not give it."""
        return name in calculator() and name not in self.names

    # ------------------------------------------------------------ running

    def run(self, text: str, typed: bool = True) -> bool:
        """Run what was typed or pasted; whether all of it went well. Raises Leave.

        Ctrl-C ends the input that runs and drops those that came with it.
        """
        self.interrupted = False
        self.typed = typed and "\n" not in text.strip() and not cells.is_transcript(text)
        if text.strip() in ("exit", "quit", "exit()", "quit()", ":q"):
            raise Leave
        if text.strip() in ("clear", "cls") and text.strip() not in self.names:
            self.write("\x1b[H\x1b[2J")
            return True
        if self.record is not None and text.strip():
            self.record(text)
        well = True
        found = cells.cells(text)
        for place, cell in enumerate(found, 1):
            well = self.run_cell(cell) and well
            if self.interrupted:
                if place < len(found):
                    self._note(f"the rest of the paste was dropped: {_inputs(len(found) - place)}")
                break
        return well

    def run_cell(self, cell: str) -> bool:
        """Run one input under the next number."""
        self.inputs.append(cell)
        started = time.perf_counter()
        self.running = True
        undo = self._undo()
        try:
            with self.interrupts:
                undo.begin(self.number - 1, cell)
                try:
                    well = self._run_pieces(cell)
                finally:
                    undo.end()
                self._look_after()
                return well
        finally:
            self.running = False
            self.elapsed = time.perf_counter() - started
            self._measure_graph()
            if self.session.pyplot is not None:
                sentence = self.session.pyplot.notes.sentence()
                if sentence:
                    self.tell(f"note: {sentence}", 6)
            if self.long:
                assert self.page is not None
                self.page(self.long.pop())
            flush()

    def _look_after(self) -> None:
        """Show what is watched, and say once how figures are drawn here."""
        if self.after_input is not None and not self.interrupted:
            try:
                self.after_input()
            except Interrupted:
                self._note("interrupted; %watch off ends the watching")
        if self.knows_figures or not self.typed:
            return
        if any(name.startswith("matplotlib") for name in self.session.modules):
            self.knows_figures = True
            self.tell(
                "note: plt.show() draws figures in the terminal; %plot draws a function with its "
                "derivative, or lists, without matplotlib",
                6,
            )

    def _undo(self) -> Undo:
        """What takes inputs back, made with the first input."""
        if self.undo is None:
            from .undo import Undo

            self.undo = Undo(self, self.keeper)
        return self.undo

    def _print(self, text: str) -> None:
        """Show what a program printed."""
        if self.undo is not None and text:
            self.undo.note("what was printed stays on the screen")
        self._keep_shown(text)
        self._put_print(clean_printed(text))

    def _put_print(self, text: str) -> None:
        if self.one_call:
            self.show_long(text, "")
        else:
            self.write(text)

    def _keep_shown(self, text: str) -> None:
        """Keep what an input showed, for `%save`: the beginning of it."""
        number = self.number - 1
        before = self.shown.get(number, "")
        self.shown[number] = before + text[: max(MOST_SHOWN - len(before), 0)]

    def _run_pieces(self, cell: str) -> bool:
        number = self.number - 1
        try:
            for piece in cells.pieces(cell):
                if piece.kind == "code":
                    source = Source(piece.text, f"In[{number}]", piece.line)
                    if not self.run_code(source, number):
                        return False
                elif piece.kind in ("magic", "named"):
                    self.magic(self, piece.text)
                elif piece.kind == "shell":
                    command = piece.text[piece.text.index("!") :].split()[0]
                    help = SHELL_HELP if piece.text[0] == "!" else f"{SHELL_HELP}; {NEGATION}"
                    raise Failed(f"{command}: {NO_SHELL}", help)
                else:
                    self.help(self, *cells.help_request(piece.text))
        except Failed as error:
            self._complain(str(error), error.help)
        except Interrupted:
            self.show_interrupt("interrupted")
        except (Leave, OSError, GeneratorExit):
            raise
        except LimitExceeded as error:
            self._complain(f"LimitExceeded: {error}")
        except ProgramError as error:
            self._report(error, error.source)
        except Exception as error:
            from gradcli.language.errors.program_error import title

            if _is_ours(error):
                self._complain(bug_text(error), "please report it")
            else:
                self._complain(title(error))
        else:
            return True
        return False

    def run_code(self, source: Source, number: int, echo: bool = True) -> bool:
        """Run a program statement by statement, showing the values of its expressions."""
        try:
            tree = parse(source)
        except GradSyntaxError as error:
            self._report(error, source)
            return False
        quiet = source.text.rstrip().endswith(";")
        self.one_call = self.typed and _is_print(tree.body)
        for position, statement in enumerate(tree.body):
            is_last = position == len(tree.body) - 1
            try:
                program = Program(source, nodes.Module((statement,), tree.span), "interactive")
                value = self.session.run(program).value
                done = Statement(number, source.slice(statement.span), (statement, source))
                self.statements.append(done)
                if value is UNSET or value is None or (is_last and quiet) or not echo:
                    continue
                if is_last or (self.every_value and _is_shown(statement)):
                    self.show_value(value, number)
                    done.shown = number
            except (GradSyntaxError, ProgramError, Interrupted, LimitExceeded) as error:
                self._report(error, source)
                return False
        return True

    def evaluate(self, text: str) -> Any:
        """The value of an expression that stands in a magic. Raises Failed and ProgramError."""
        source = Source(text, f"In[{self.number - 1}]")
        try:
            program = Program(source, parse(source, "expression"), "interactive")
        except GradSyntaxError as error:
            raise Failed(f"{error.kind}: {error.message}: {text}", error.help or "") from None
        return self.session.run(program).value

    def remember(self, text: str) -> None:
        """Have `%save` write a statement, for what a magic did."""
        self.statements.append(Statement(self.number - 1, text))

    # ------------------------------------------------------------ showing

    def say(self, text: str) -> None:
        """Show a text, with a line break behind it."""
        self.write(text if text.endswith("\n") else text + "\n")

    def show_long(self, text: str, end: str = "\n") -> None:
        """Show a text, in a pager when it is longer than the screen and the answer to one line."""
        if self.page is not None and self.typed and not self.long:
            from .pager import is_long

            if is_long(text):
                self.long.append(text)
                return
        self.write(text if not end or text.endswith(end) else text + end)

    def painted(self, text: str, kind: str) -> str:
        """A text in the colours of its kind, where there are colours."""
        return painted(text, kind, self.config.theme) if self.colour else text

    def tell(self, text: str, indent: int = 4) -> None:
        """Show a sentence, broken between words, its further lines indented."""
        self.say("\n".join(wrap(text.split("\n"), self.width - 1, indent)))

    def show_figure(self, figure: Any) -> bool:
        """Draw a figure of a program."""
        from gradcli.plot.terminal import WIDEST, draw

        width = min(self.width - 1, WIDEST)
        self.say(draw(figure, width, colour=self.colour, ascii=self.ascii))
        return True

    def show_diagnostic(self, diagnostic: Diagnostic) -> None:
        """Show an error or a warning."""
        if self.short:
            diagnostic = Diagnostic(diagnostic.title, severity=diagnostic.severity)
        self.say(wrapped(diagnostic, self.colour, self.width))

    def show_interrupt(self, message: str) -> None:
        """Say that Ctrl-C ended the input."""
        self.interrupted = True
        self._end_line()
        self._note(message)

    @property
    def width(self) -> int:
        """The columns of the terminal."""
        return shutil.get_terminal_size().columns

    def show_value(self, value: Any, number: int) -> None:
        """Show a value as the output of an input, and remember it."""
        if self.taken is not None:
            self.taken.append(value)
            return
        with self.session.limited(), within(self.width):
            text = clean(text_repr(value))
            if type(value) in (list, tuple, dict) and len(text) <= LONGEST:
                from gradcli.render.containers import laid_out

                text = clean(laid_out(value, text, self.width - len(f"Out[{number}]: ") - 1))
        if len(text) > LONGEST:
            cut = len(text) - LONGEST
            text = f"{text[:LONGEST]}\n… {cut:,} more characters; print(…) shows all"
        self._keep_shown(text + "\n")
        self.put_value(text, number)
        self.outputs[number] = value
        self.names[f"_{number}"] = value
        ours = [name for name in RECENT if name not in self.names or self.is_ours(name)]
        self.recent = [value, *self.recent[:2]]
        self.names.update((n, v) for n, v in zip(RECENT, self.recent, strict=False) if n in ours)

    def put_value(self, text: str, number: int) -> None:
        """Show the text of a value under the number of its input."""
        label = f"Out[{number}]:"
        below = "\n" in text or len(text) < self.width <= len(label) + 1 + len(text)
        if self.colour:
            label = f"\x1b[31m{label}\x1b[0m"
        shown = self.painted(text, "value")
        self.show_long(f"{label}{chr(10) if below else ' '}{shown}")

    def described(self, name: str, everything: bool) -> str:
        """What the help says of a name, or nothing."""
        parts: list[str] = []
        write, self.write = self.write, parts.append
        try:
            self.help(self, name, everything)
        except Failed:
            return ""
        finally:
            self.write = write
        return "".join(parts)

    def _complain(self, message: str, help: str = "") -> None:
        """Show an error that has no place in an input."""
        self.show_diagnostic(Diagnostic(message, help=[help] if help else []))

    def _end_line(self) -> None:
        """Leave the line on which the terminal has shown `^C`."""
        if self.page is not None:
            self.write("\n")

    def _note(self, message: str) -> None:
        """Show a warning of the REPL itself."""
        self.show_diagnostic(Diagnostic(message, severity="warning"))

    def _report(self, error: BaseException, source: Source) -> None:
        if isinstance(error, Interrupted):
            place = getattr(error, "place", None)
            at = f" at {place[0].location(place[1].start)}" if place else ""
            self.show_interrupt(f"interrupted{at}; what was done before stays")
            return
        inner = getattr(error, "error", None)
        if isinstance(inner, OSError) and isinstance(error, ProgramError) and _lost(inner):
            raise inner
        if isinstance(error, ProgramError):
            from gradcli.explain.errors import mark_cuts

            pieces = [statement.piece for statement in self.statements if statement.piece]
            own = () if error.program.source is not error.source else (error.program.tree,)
            mark_cuts(error, [*pieces, *((tree, error.source) for tree in own)])
        diagnostic = diagnostic_of(error, source)
        told = "" if inner is None else self._outputs_there(inner)
        if told:
            diagnostic.help = [told]
        self.show_diagnostic(diagnostic)

    def _outputs_there(self, error: BaseException) -> str:
        """Which outputs or inputs there are, for an error about one that there is not."""
        text = self.inputs[-1]
        args = error.args
        if isinstance(error, KeyError) and args and type(args[0]) is int and "Out[" in text:
            return _numbers("outputs", list(self.outputs))
        name = str(error.name) if isinstance(error, NameError) else ""
        if name in RECENT or name == "_oh" or re.fullmatch(r"_\d+", name):
            return _numbers("outputs", list(self.outputs)) + (", in Out" if name == "_oh" else "")
        if re.fullmatch(r"_i{1,3}|_i\d+|_ih", name):
            return f"In[-2] is the last input; {_numbers('inputs', list(range(1, self.number)))}"
        if isinstance(error, IndexError) and "In[" in text:
            return _numbers("inputs", list(range(1, self.number)))
        return ""

    def _measure_graph(self) -> None:
        from .graph_size import live_graph

        try:
            self.graph_size = live_graph(self.variables().values())
        except (RuntimeError, AttributeError):
            self.graph_size = (0, 0)


def _is_shown(statement: nodes.stmt) -> bool:
    """Whether the value of an expression in the middle of an input is shown.

    What methods such as `zero_()` and `manual_seed()` return is of no interest there.
    """
    node: Any = statement
    call = node.value if isinstance(node, nodes.Expr) else None
    if not isinstance(call, nodes.Call) or not isinstance(call.func, nodes.Attribute):
        return True
    name = call.func.attr
    return not name.endswith("_") and name not in ("manual_seed", "register_hook", "append")


def _is_print(body: tuple[nodes.stmt, ...]) -> bool:
    """Whether a program is one call of print: it has no more to show."""
    call = body[0].value if len(body) == 1 and isinstance(body[0], nodes.Expr) else None
    return (
        isinstance(call, nodes.Call)
        and isinstance(call.func, nodes.Name)
        and call.func.id == "print"
    )


def _numbers(what: str, there: list[int]) -> str:
    """`the outputs are 1-3, 7`."""
    runs: list[list[int]] = []
    for number in there:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(a) if a == b else f"{a}-{b}" for a, b in runs]
    if len(words) > MOST_RUNS:
        words[3:-3] = ["…"]
    return f"the {what} are {', '.join(words)}" if words else f"there are no {what} yet"


def _inputs(count: int) -> str:
    return "1 input" if count == 1 else f"{count} inputs"


def _lost(error: OSError) -> bool:
    return isinstance(error, BrokenPipeError) or error.errno == 5


# Where programs do not run: what goes wrong there is no error of the user's.
_OURS = tuple(f"{os.sep}gradcli{os.sep}{floor}{os.sep}" for floor in ("explain", "repl"))


def _is_ours(error: Exception) -> bool:
    """Whether an exception is a fault of the REPL, not one that the core raises on purpose."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    inside = traceback is not None and any(
        folder in traceback.tb_frame.f_code.co_filename for folder in _OURS
    )
    return inside or isinstance(error, AttributeError | KeyError | NameError | AssertionError)


def _write_out(text: str) -> None:
    sys.stdout.write(text)


def flush() -> None:
    """Have on the screen what was written so far."""
    sys.stdout.flush()

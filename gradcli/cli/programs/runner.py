"""A text that can be run many times, with different inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradcli.cli.process.failures import failure_of
from gradcli.cli.process.report import USAGE, Failure
from gradcli.cli.usage.parse import Options, UsageError
from gradcli.language.interpreter import Limits, Program, Result, Session
from gradcli.language.machine.state import own_process
from gradcli.language.syntax.error import GradSyntaxError
from gradcli.streams.seeds import record_seed
from gradcli.tensor import dtypes
from gradcli.tensor.runtime import runtime
from gradcli.tensor.tensor import Tensor

from .sources import Text


def prepare(options: Options) -> None:
    """Set up the process for running programs, when NumPy is there.

    Raises Interrupted when Ctrl-C came while it was loaded.
    """
    from gradcli.cli.process.limits import limit_memory, tune_collector
    from gradcli.cli.process.notices import watch_warnings
    from gradcli.cli.process.signals import watch_kernels

    own_process()
    tune_collector()
    watch_kernels()
    limit_memory(options.max_memory)
    watch_warnings(options)
    runtime.check()


def limits(options: Options) -> Limits:
    """The limits of a session; the time is watched by the process."""
    chosen = Limits()
    if options.max_steps is not None:
        chosen.max_steps = options.max_steps
    if options.max_memory is not None:
        chosen.max_memory = options.max_memory
    if options.max_depth is not None:
        chosen.depth = options.max_depth
    return chosen


class Runner:
    """A compiled text and the session it runs in; every run starts with fresh globals."""

    def __init__(
        self,
        text: Text,
        options: Options,
        *,
        stdout: Callable[[str], Any] | None = None,
        emit: Callable[[Any], None] | None = None,
    ) -> None:
        self.text = text
        self.options = options
        try:
            self.program = Program(text.source, text.tree, "auto")
        except GradSyntaxError as error:
            raise failure_of(error, text.source) from None
        self.told = False  # that files are in memory only
        self.default = dtypes.default.dtype  # what every run starts with
        self.session = Session(stdout, limits(options), emit, options.seed, self._show_figure)
        self.seeded = options.seed is not None
        self.stdout = stdout
        self.reads = self._reads()
        self.offered: Iterable[str] = ()  # names of files and records, read or not

    def _reads(self) -> set[str]:
        """Every name that the program reads at its top or in functions without assigning it."""
        program = self.program
        names = {*program.inputs, *program.shadowed, *program.called}
        for scope in program.scope.walk():
            names.update(scope.values)
        return names

    def seed_for(self, record: int, seed: int | None) -> None:
        """Start the random numbers of a record, which `seed` and its number alone decide.

        Without a seed they are others each time.
        """
        from gradcli.kernels.generator import default_generator

        if not self.seeded and self.session.random is not None:
            self.session.random.seed()
        if seed is None:
            default_generator.forget()
            return
        own = record_seed(seed, record)
        default_generator.manual_seed(own)
        if self.seeded:
            self.session.seed = own
            if self.session.random is not None:
                self.session.random.seed(own)

    def run(self, inputs: dict[str, Tensor], *, fresh: bool = True) -> Result:
        """Run it. Raises Failure for what the program does wrong, and limits as they are."""
        dtypes.default.dtype = self.default
        try:
            return self.session.run(self.program, inputs, fresh=fresh)
        except GradSyntaxError as error:
            missing = (
                error.message.startswith("the input ") or "is read as a value" in error.message
            )
            unread = [name for name in self.offered if name not in self.reads]
            if missing and unread:
                error.help = _offering(error.message, error.help or "", unread, self.offered)
            failure = failure_of(error, self.text.source)
            if missing:
                failure.status, failure.code, failure.type = USAGE, "data", "MissingInput"
                draw, prefix = failure.draw, f"{error.kind}: "
                if draw is not None:
                    failure.draw = lambda colour: draw(colour).replace(prefix, "", 1)
            raise failure from None
        finally:
            if self.session.files and not self.told:
                self._tell_of_files()
            if self.options.each or self.options.grid:  # the next record's inputs are made of it
                dtypes.default.dtype = self.default
            if self.session.pyplot is not None:
                self._figures().collect(self.session.pyplot)

    def _figures(self) -> Any:
        from gradcli.cli.process.figures import figures_of
        from gradcli.cli.process.stdio import is_terminal, write_output, write_picture

        shown = self.stdout is write_output and is_terminal(1)
        return figures_of(self.options, write_picture if shown else None)

    def _show_figure(self, figure: Any) -> bool:
        """Show a figure of the program; whether anybody sees it."""
        found: bool = self._figures().show(figure)
        return found

    def _tell_of_files(self) -> None:
        from gradcli.cli.process.notices import tell

        self.told = True
        tell("files that a program writes live in memory, as long as it", self.options)


def _offering(message: str, help: str, unread: list[str], offered: Iterable[str]) -> str:
    """The help for a missing input, with what is given and read by nothing."""
    from gradcli.cli.usage.parse import meant

    name = message.partition("`")[2].partition("`")[0]
    if isinstance(offered, dict):
        from gradcli.io.paths import inside

        path, in_list = inside(offered, name)
        if path:
            return (
                f"jq -c '{path}[]' makes a record of each item that has it"
                if in_list
                else f"--map {name}={path} reads it from there"
            )
    close = meant(name, unread)
    if close:
        return f"{close} It is given. Otherwise {help.rpartition('Otherwise ')[2]}"
    shown = ", ".join(unread[:5]) + (" …" if len(unread) > 5 else "")
    return f"{help} (given and not read: {shown})"


def chosen(names: list[str], known: dict[str, Any], option: str, what: str) -> list[str]:
    """`names` if all are known. Raises UsageError with the near name."""
    for name in names:
        if name not in known:
            from gradcli.cli.usage.parse import meant

            within = [whole for whole in known if whole.endswith(f".{name}")]
            close = f"did you mean `{within[0]}`?" if len(within) == 1 else meant(name, known)
            help = close or f"there are {', '.join(known) or 'none'}"
            raise UsageError(f"{option} {name}: there is no {what} of this name", help)
    return names


def seed(options: Options, otherwise: int | None) -> None:
    """Seed the random numbers, if a seed is given or the command has one of its own."""
    number = options.seed if options.seed is not None else otherwise
    if number is None:
        return
    from gradcli.kernels.generator import default_generator

    default_generator.manual_seed(number)


def read_failure(error: Exception) -> Failure:
    """A file that could not be read, as a failure."""
    failure = failure_of(error)
    failure.status = USAGE
    return failure

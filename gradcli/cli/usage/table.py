"""Every command and option, said once: parsing, `--help`, completions and the manual come from it.

Nothing that takes time is imported here, so that `--help` and the shell completions cost what bare
Python costs.
"""

from __future__ import annotations

from gradcli.calculus.defaults import NEWTON, STEPS

FLAG = "flag"  # takes no argument
TEXT = "text"
INTEGER = "integer"
COUNT = "count"  # an integer from 1 up
NATURAL = "natural"  # an integer from 0 up
SIZE = "size"  # bytes: 512M, 4GiB
SECONDS = "seconds"
NUMBER = "number"  # a float above 0
NAMES = "names"  # a,b,c; may be repeated
BINDING = "binding"  # NAME=VALUE; may be repeated
DIRECTION = "direction"  # NAME=VALUE, or VALUE alone; may be repeated
REPEATED = "repeated"  # any text; may be repeated
FILES = "files"  # a file's name; may be repeated
FIELDS = "fields"  # a,b=FIELD; may be repeated
CHOICE = "choice"

FORMATS = ("json", "ndjson", "csv", "tsv", "npy", "npz", "parquet", "arrow")
PROGRAMS = ("grad", "py")  # endings of files
RECORD_FILES = (*FORMATS, "jsonl", "gz")
DTYPES = ("float64", "float32", "float16", "bfloat16", "complex128", "complex64")


class Option:
    """One option: `name` without dashes, `short` one letter or "", what its argument is.

    `usual` says to people what holds without it, if that is not `default`; `files` are the endings
    of the files that its argument may name, none for any file.
    """

    __slots__ = (
        "argument",
        "choices",
        "default",
        "files",
        "group",
        "help",
        "kind",
        "name",
        "short",
        "usual",
    )

    def __init__(
        self,
        name: str,
        kind: str,
        argument: str,
        help: str,
        *,
        short: str = "",
        group: str = "",
        choices: tuple[str, ...] = (),
        default: object = None,
        usual: str = "",
        files: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.short = short
        self.kind = kind
        self.argument = argument
        self.help = help
        self.group = group
        self.choices = choices
        self.default = default
        self.usual = usual or ("" if default in (None, "") else str(default))
        self.files = files

    @property
    def dest(self) -> str:
        """The attribute of the parsed options that holds the value."""
        return "from_" if self.name == "from" else self.name.replace("-", "_")

    @property
    def spelled(self) -> str:
        """`-o, --output FILE`."""
        long = f"--{self.name}" + (f" {self.argument}" if self.argument else "")
        return f"-{self.short}, {long}" if self.short else long

    @property
    def brief(self) -> str:
        """`-o FILE`: the shortest spelling."""
        name = f"-{self.short}" if self.short else f"--{self.name}"
        return f"{name} {self.argument}" if self.argument else name


class Command:
    """One command: how it is called, its options, and examples as (command line, what it does)."""

    __slots__ = (
        "about",
        "arguments",
        "details",
        "examples",
        "forms",
        "module",
        "name",
        "options",
        "summary",
        "usual",
    )

    def __init__(
        self,
        name: str,
        arguments: str,
        summary: str,
        about: str,
        options: str,
        examples: tuple[tuple[str, str], ...],
        details: tuple[str, ...] = (),
        module: str = "",
        forms: tuple[str, ...] = (),
        usual: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.name = name
        self.usual = dict(usual)  # what holds here without an option, if not what holds elsewhere
        self.forms = forms  # what --format may be, the first if it is not given
        self.module = module or name  # in gradcli/cli/commands
        self.arguments = arguments
        self.summary = summary
        self.about = about
        self.options = tuple(options.split())
        self.examples = examples
        self.details = details  # options with a line of their own in `--help`

    def takes(self, option: Option) -> bool:
        """Whether an option belongs to the command."""
        return option.name in self.options

    def choices(self, option: Option) -> tuple[str, ...]:
        """What the argument of an option may be, of those that have a choice."""
        return self.forms if option.name == "format" else option.choices

    def usually(self, option: Option) -> str:
        """What holds without an option, "" where that is nothing."""
        if option.name == "format" and self.forms:
            return self.forms[0]
        return self.usual.get(option.name, option.usual)


def _table(*options: Option) -> dict[str, Option]:
    return {option.name: option for option in options}


INPUT, NUMBERS, RESULT, OUTPUT = "Inputs", "Numbers", "Result", "Output"
RECORDS, LIMITS, GENERAL, SESSION = "Records", "Limits", "General", "Session"

OPTIONS: dict[str, Option] = _table(
    Option(
        "expression", REPEATED, "EXPR", "evaluate EXPR; may be repeated", short="e", group=INPUT
    ),
    Option(
        "file",
        TEXT,
        "FILE",
        "take the program from FILE (- for stdin)",
        short="f",
        group=INPUT,
        files=PROGRAMS,
    ),
    Option(
        "set", BINDING, "NAME=VALUE", "an input: JSON, or an expression of literals", group=INPUT
    ),
    Option("const", BINDING, "NAME=VALUE", "an input that is not differentiated", group=INPUT),
    Option(
        "input",
        FILES,
        "FILE",
        "inputs from a file, or - for stdin",
        group=INPUT,
        files=RECORD_FILES,
    ),
    Option(
        "from",
        CHOICE,
        "FORM",
        "the format of the input",
        group=INPUT,
        choices=FORMATS,
        usual="by extension",
    ),
    Option("map", BINDING, "NAME=FIELD", "read an input from a column, or a .path", group=INPUT),
    Option("grid", FLAG, "", "one record for each point of the --set ranges", group=INPUT),
    Option("wrt", NAMES, "NAME,…", "differentiate by these inputs only", group=RESULT, usual="all"),
    Option("of", NAMES, "NAME,…", "the results to take, by their names", group=RESULT, usual="all"),
    Option(
        "format",
        CHOICE,
        "FORM",
        "how it is written",
        group=OUTPUT,
        choices=("tree", "dot", "svg", "mermaid", "text", "markdown", "html", "json"),
        default="",
    ),
    Option("all", FLAG, "", "every node by itself: no loop is folded", group=OUTPUT),
    Option(
        "depth", NATURAL, "N", "open N levels of modules and functions", group=OUTPUT, usual="all"
    ),
    Option("formula", FLAG, "", "expressions instead of numbers", group=RESULT),
    Option(
        "as",
        CHOICE,
        "FORM",
        "formulas as text, latex, or a function in numpy or torch",
        group=RESULT,
        choices=("text", "latex", "numpy", "torch"),
        default="text",
    ),
    Option("tangent", DIRECTION, "[NAME=]VALUE", "the direction of an input", group=RESULT),
    Option(
        "cotangent",
        DIRECTION,
        "VALUE",
        "the weights of the result's elements",
        group=RESULT,
        usual="1 for one number",
    ),
    Option(
        "sigma",
        BINDING,
        "NAME=VALUE",
        "the standard deviation of an input, or the field that has it",
        group=RESULT,
    ),
    Option("elasticity", FLAG, "", "relative derivatives too: x / y · dy/dx", group=RESULT),
    Option("taylor", COUNT, "N", "Taylor coefficients too, up to the power N", group=RESULT),
    Option("bounds", BINDING, "NAME=LOW,HIGH", "the range of a --set name", group=RESULT),
    Option(
        "table",
        FILES,
        "FILE",
        "constants from a file, a vector a column",
        group=INPUT,
        files=RECORD_FILES,
    ),
    Option("trace", FLAG, "", "a JSON line for each step", group=OUTPUT),
    Option(
        "method",
        CHOICE,
        "METHOD",
        f"newton, lbfgs, or auto: newton up to {NEWTON} variables",
        group=RESULT,
        choices=("auto", "newton", "lbfgs"),
        default="auto",
    ),
    Option(
        "tolerance",
        NUMBER,
        "X",
        "what counts as zero",
        group=RESULT,
        usual="the root of the dtype's precision",
    ),
    Option("iterations", COUNT, "N", "steps of the search at most", group=LIMITS, default=STEPS),
    Option("json", FLAG, "", "JSON on stdout and nothing else; prints go to stderr", group=OUTPUT),
    Option("full", FLAG, "", "tensors as dtype, shape, requires_grad … and data", group=OUTPUT),
    Option(
        "dtype",
        CHOICE,
        "DTYPE",
        "the default dtype",
        group=NUMBERS,
        choices=DTYPES,
        usual="float32 with `import torch`, else float64",
    ),
    Option("seed", INTEGER, "N", "the seed of random numbers", group=NUMBERS, usual="0"),
    Option(
        "nonfinite",
        CHOICE,
        "MODE",
        "NaN and infinities as a string, null or an error",
        group=NUMBERS,
        choices=("string", "null", "error"),
        default="string",
    ),
    Option("indent", NATURAL, "N", "spaces a level; 0: one line", group=OUTPUT, usual="2"),
    Option("compact-output", FLAG, "", "JSON on one line", short="c", group=OUTPUT),
    Option("raw-output", FLAG, "", "strings without quotes", short="r", group=OUTPUT),
    Option(
        "output",
        TEXT,
        "FILE",
        "write a file, whole or not at all",
        short="o",
        group=OUTPUT,
        usual="stdout",
    ),
    Option(
        "to",
        CHOICE,
        "FORM",
        "the format of results",
        group=OUTPUT,
        choices=FORMATS,
        usual="by extension, else JSON",
    ),
    Option("plots", TEXT, "DIR", "write the figures of a program as SVG", group=OUTPUT),
    Option(
        "force", FLAG, "", "replace figures, or files of --engine, that are there", group=OUTPUT
    ),
    Option(
        "exit-status",
        FLAG,
        "",
        "status 1 if the last value is false or null, 4 if none",
        group=OUTPUT,
    ),
    Option("emit-only", FLAG, "", "stdout holds the emit(…) records alone", group=OUTPUT),
    Option(
        "each",
        FLAG,
        "",
        "a record a line in, a result out; branches are slower",
        group=RECORDS,
    ),
    Option("copy", FIELDS, "[NAME=]FIELD,…", "put these fields in front of results", group=RECORDS),
    Option("null-input", FLAG, "", "read no records: run once", short="n", group=RECORDS),
    Option("slurp", FLAG, "", "all records as one, a list for each name", short="s", group=RECORDS),
    Option("seq", FLAG, "", "records start with the RS character (RFC 7464)", group=RECORDS),
    Option("unbuffered", FLAG, "", "write each result as soon as it is there", group=RECORDS),
    Option("jobs", NATURAL, "N", "processes for records; 0: all cores", group=RECORDS, usual="1"),
    Option(
        "engine",
        TEXT,
        "ENGINE",
        "dask, or dask=ADDRESS: a file of results for each file of records",
        group=RECORDS,
        usual="this process",
    ),
    Option("keep-going", FLAG, "", "go on after a bad record (the default)", group=RECORDS),
    Option("fail-fast", FLAG, "", "stop at the first bad record", group=RECORDS),
    Option(
        "rtol",
        NUMBER,
        "X",
        "relative tolerance",
        group=RESULT,
        default=1e-3,
        usual="1e-3; more below float64",
    ),
    Option(
        "atol",
        NUMBER,
        "X",
        "absolute tolerance",
        group=RESULT,
        default=1e-5,
        usual="1e-5; more below float64",
    ),
    Option(
        "eps",
        NUMBER,
        "X",
        "step of the differences",
        group=RESULT,
        default=1e-6,
        usual="1e-6; more below float64",
    ),
    Option("max-steps", COUNT, "N", "steps of the program", group=LIMITS, usual="100000000"),
    Option("max-memory", SIZE, "SIZE", "memory, such as 512M", group=LIMITS, usual="4G"),
    Option("timeout", SECONDS, "SECONDS", "time", group=LIMITS, usual="no end"),
    Option("max-depth", COUNT, "N", "depth of calls", group=LIMITS, usual="1000"),
    Option("keep", SIZE, "SIZE", "memory for freed graphs", group=SESSION, usual="256M"),
    Option("resume", FLAG, "", "offer what was typed in a session that was killed", group=SESSION),
    Option("no-config", FLAG, "", "read no configuration file", group=SESSION),
    Option(
        "errors",
        CHOICE,
        "FORM",
        "errors as text or as JSON lines",
        group=GENERAL,
        choices=("text", "json"),
        default="text",
    ),
    Option(
        "color",
        CHOICE,
        "WHEN",
        "colour",
        group=GENERAL,
        choices=("auto", "always", "never"),
        default="auto",
    ),
    Option("quiet", FLAG, "", "no progress and no notices; errors stay", group=GENERAL),
    Option("prefix", TEXT, "DIR", "install below DIR", group=GENERAL, usual="for the user"),
    Option("help", FLAG, "", "show this help", short="h", group=GENERAL),
    Option("version", FLAG, "", "show the version", short="V", group=GENERAL),
)

GROUPS = (INPUT, RESULT, NUMBERS, OUTPUT, RECORDS, LIMITS, SESSION, GENERAL)

_GENERAL = " errors color quiet help version"
_LIMITS = " max-steps max-memory timeout max-depth"
_INPUTS = " set const input from map"
_RECORDS = " each copy null-input slurp seq unbuffered jobs keep-going fail-fast"
_WRITING = " nonfinite indent compact-output raw-output output to full"
_FORMULA = " formula as"
_ONE_SHOT = _INPUTS + " wrt of dtype seed exit-status" + _WRITING + _RECORDS + _LIMITS + _GENERAL

_ONE_RESULT = (("of", "the last"),)

SHELLS = ("bash", "zsh", "fish")

COMMANDS: dict[str, Command] = {
    command.name: command
    for command in (
        Command(
            "eval",
            "FILE | - | -e EXPR",
            "run a program",
            "Run a program, or evaluate expressions; stdout is what it prints.",
            "expression"
            + _INPUTS
            + " json emit-only of wrt dtype seed plots force engine exit-status"
            + _WRITING
            + _RECORDS
            + _LIMITS
            + _GENERAL,
            (
                ("echo 'print(exp(x), x + 1)' | gradcli eval - --set x=1", "a program"),
                ("gradcli eval -e 'tensor([1, 2]) * x' --set x=3", "evaluate an expression"),
                ("echo 'y = x**2' | gradcli eval --json --set x=2 -", "its names as JSON"),
            ),
            ("expression", "set", "input", "json", "of", "wrt"),
            usual=(("seed", "random"),),
        ),
        Command(
            "grad",
            "EXPR | -f FILE",
            "value and gradients of one expression, as JSON",
            "Write the value of EXPR and its gradient with respect to each input.",
            "file grid cotangent tangent sigma elasticity taylor force engine"
            + _FORMULA
            + _ONE_SHOT,
            (
                ("gradcli grad 'x**2 * y' --set x=3 --set y=2", '{"value": 18.0, "grads": …}'),
                ("echo '{\"x\": 1, \"y\": 2}' | gradcli grad 'sin(x*y)' --each", "a record a line"),
                ("gradcli grad 'sin(x*y)' --formula", "x: y * cos(x * y), y: …"),
            ),
            ("set", "input", "cotangent", "grid", "each"),
            module="derive",
            usual=_ONE_RESULT,
        ),
        Command(
            "jvp",
            "EXPR | -f FILE",
            "value and directional derivative",
            "Write the value of EXPR and its derivative along a direction (forward mode).",
            "file grid tangent force engine" + _FORMULA + _ONE_SHOT,
            (
                ("gradcli jvp 'x**2' --set 'x=[1, 2]' --tangent 'x=[1, 0]'", "J·v"),
                ("gradcli jvp 'sin(x*y)' --set x=1 --set y=2 --tangent y=1", "x held fixed"),
                ("gradcli jvp 'x.norm()' --set 'x=[3, 4]' --tangent '[1, 1]'", "the only input"),
            ),
            ("set", "const", "input", "tangent", "grid", "each"),
            module="derive",
            usual=_ONE_RESULT,
        ),
        Command(
            "vjp",
            "EXPR | -f FILE",
            "value and vector-Jacobian product",
            "Write the value of EXPR and the gradients of its elements under given weights.",
            "file grid cotangent force engine" + _ONE_SHOT,
            (
                ("gradcli vjp 'x**2' --set 'x=[1, 2]' --cotangent '[1, 0]'", "v·J"),
                ("gradcli vjp 'x*y' --set x=1 --set y=2", "a scalar needs no weights"),
                (
                    "gradcli vjp 'w * x' --set w=2 --set x='[1,2]' --cotangent '[1,1]'",
                    "by both",
                ),
            ),
            ("set", "const", "input", "cotangent", "grid", "each"),
            module="derive",
            usual=_ONE_RESULT,
        ),
        Command(
            "jacobian",
            "EXPR | -f FILE",
            "value and Jacobian",
            "Write the value of EXPR and its Jacobian with respect to each input.",
            "file grid force engine" + _FORMULA + _ONE_SHOT,
            (
                ("gradcli jacobian 'x**2' --set 'x=[1, 2]'", "a 2 × 2 matrix"),
                ("gradcli jacobian 'tanh(w * x)' --set w=2 --set 'x=[1, 2]' --wrt x", "one input"),
                ("gradcli jacobian 'x.outer(x)' --set 'x=[1, 2]' -o j.npy", "to a file"),
            ),
            ("set", "const", "input", "wrt", "of", "grid", "each"),
            module="derive",
            usual=_ONE_RESULT,
        ),
        Command(
            "hessian",
            "EXPR | -f FILE",
            "value and Hessian of a scalar",
            "Write the value of EXPR, a scalar, and its second derivatives by input pairs.",
            "file grid force engine" + _FORMULA + _ONE_SHOT,
            (
                ("gradcli hessian '(x**3).sum()' --set 'x=[1, 2]'", "a 2 × 2 matrix"),
                ("gradcli hessian 'x**2 * y' --set x=1 --set y=2", "four blocks"),
                ("gradcli hessian 'sin(x) * y' --set x=1 --const y=2", "y held fixed"),
            ),
            ("set", "const", "input", "wrt", "of", "grid", "each"),
            module="derive",
            usual=_ONE_RESULT,
        ),
        Command(
            "hvp",
            "EXPR | -f FILE",
            "value and Hessian-vector product",
            "Write the value of EXPR, a scalar, and its Hessian times a direction.",
            "file grid tangent force engine" + _ONE_SHOT,
            (
                ("gradcli hvp '(x**3).sum()' --set 'x=[1, 2]' --tangent 'x=[1, 0]'", "H·v"),
                ("gradcli hvp 'x**2 * y' --set x=1 --set y=2 --tangent x=1", "y held fixed"),
                (
                    "gradcli hvp 'log(x).sum()' --set x='[1,2]' --tangent '[1,0]'",
                    "the only input",
                ),
            ),
            ("set", "const", "input", "tangent", "grid", "each"),
            module="derive",
            usual=_ONE_RESULT,
        ),
        Command(
            "minimize",
            "EXPR | -f FILE",
            "the inputs that make an expression least",
            "Start from the --set values, which alone vary, and go down to a minimum of EXPR.",
            "file table bounds method trace tolerance iterations" + _ONE_SHOT,
            (
                ("gradcli minimize '(x - 3)**2 + 1' --set x=0", '{"at": {"x": 3.0}, …}'),
                ("gradcli minimize 'x**2 - x' --set x=2 --bounds x=1,3 --trace", "within bounds"),
                ("gradcli minimize '(a*t - 3)**2' --set a=1 --const t=2", "t stays"),
            ),
            ("set", "const", "table", "bounds", "trace"),
            module="search",
            usual=_ONE_RESULT,
        ),
        Command(
            "solve",
            "EXPR | -f FILE",
            "the inputs that make an expression zero",
            "Start from the --set values, which alone vary, and find where EXPR is zero.",
            "file table bounds trace tolerance iterations" + _ONE_SHOT,
            (
                ("gradcli solve 'x**2 - 2' --set x=1", '{"at": {"x": 1.4142135623730951}, …}'),
                ("gradcli solve '[x + y - 3, x*y - 2]' --set x=0 --set y=5", "two equations"),
                ("gradcli solve 'cos(x) - x' --set x=0 --bounds x=0,1", "between two bounds"),
            ),
            ("set", "const", "table", "bounds", "trace"),
            module="search",
            usual=_ONE_RESULT,
        ),
        Command(
            "check",
            "FILE | -e EXPR",
            "check every gradient against finite differences",
            "Compare gradients with differences in float64, and jvp with vjp; 1: a mismatch.",
            "expression" + _INPUTS + " of wrt rtol atol eps json dtype seed nonfinite indent"
            " compact-output output" + _LIMITS + _GENERAL,
            (
                ("gradcli check -e 'sin(x) / x' --set 'x=[0.5, 2]'", "an expression"),
                ("gradcli check -e 'w * x**2' --set w=2 --set x=3 --wrt w", "one of two inputs"),
                ("gradcli check --json -e 'relu(x)' --set 'x=[-1, 1]'", "for machines"),
            ),
            ("expression", "set", "const", "input", "wrt", "of", "rtol", "atol", "eps", "json"),
        ),
        Command(
            "explain",
            "FILE | -e EXPR",
            "the chain rule, step by step, with numbers",
            "Show what reaches each input through each step, and why a gradient is missing.",
            "expression"
            + _INPUTS
            + " format all depth of wrt dtype seed nonfinite keep indent compact-output"
            + _LIMITS
            + _GENERAL,
            (
                ("gradcli explain -e 'sin(x) * y' --set x=1 --set y=2", "an expression"),
                (
                    "gradcli explain -e 'sin(x*y)' --set x=1 --set y=2 --wrt y",
                    "one of two inputs",
                ),
                ("gradcli explain -e 'sin(x)' --set x=1 --format html > sin.html", "a page"),
            ),
            ("expression", "set", "const", "input", "format", "all", "depth", "of", "wrt", "keep"),
            forms=("text", "markdown", "html", "json"),
        ),
        Command(
            "why",
            "FILE | -e EXPR",
            "why a gradient is None, zero or NaN",
            "Say why gradients are None, zero, NaN, huge or tiny, or what they are.",
            "expression" + _INPUTS + " of wrt dtype seed keep" + _LIMITS + _GENERAL,
            (
                ("gradcli why -e 'sqrt(x) * 0' --set x=0", "why it is NaN"),
                ("gradcli why -e 'relu(w).sum()' --set 'w=[1, -1]' --wrt 'w[1]'", "one entry"),
                ("gradcli why -e 'relu(x) * y' --set x=-1 --set y=2", "every input"),
            ),
            ("expression", "set", "const", "input", "of", "wrt", "keep"),
        ),
        Command(
            "graph",
            "FILE | -e EXPR",
            "the graph, as a tree, a picture or JSON",
            "Draw the graph of a program's results; stdout is the drawing.",
            "expression"
            + _INPUTS
            + " format all depth of dtype seed keep indent compact-output"
            + _LIMITS
            + _GENERAL,
            (
                ("gradcli graph -e '(w * x).sum()' --set w=2 --set 'x=[1, 2]'", "a tree"),
                ("gradcli graph -e 'sin(x) * x' --set x=1 --format svg > graph.svg", "a picture"),
                ("gradcli graph -e 'sin(x) * x' --set x=1 --format json", "for machines"),
            ),
            ("expression", "set", "const", "input", "format", "all", "depth", "of", "keep"),
            forms=("tree", "dot", "svg", "mermaid", "json"),
        ),
        Command(
            "ops",
            "[NAME]",
            "the operations, their signatures and derivatives",
            "List the operations, or show one: signature, derivative, node name and text.",
            "json indent compact-output output" + _GENERAL,
            (
                ("gradcli ops", "all operations, by family"),
                ("gradcli ops matmul", "one operation"),
                ("gradcli ops --json -c", "for machines"),
            ),
            ("json",),
        ),
        Command(
            "schema",
            "NAME",
            "the JSON Schema of an output",
            "Write the JSON Schema of what a command answers, or of an error.",
            "indent compact-output output" + _GENERAL,
            (
                ("gradcli schema grad", "of gradcli grad"),
                ("gradcli schema error", "of errors, with --errors json"),
                ("gradcli schema eval -c", "on one line"),
            ),
        ),
        Command(
            "kernel",
            "install | remove",
            "the Jupyter kernel",
            "Install the Jupyter kernel, or take it away; notebooks then have gradcli cells.",
            "prefix" + _GENERAL,
            (
                ("gradcli kernel install", "for this user"),
                ("gradcli kernel install --prefix /usr/local", "for everybody"),
                ("gradcli kernel remove", "take it away"),
            ),
        ),
        Command(
            "completions",
            "SHELL",
            "a completion script for bash, zsh or fish",
            "Write a completion script for bash, zsh or fish.",
            _GENERAL,
            (
                ("source <(gradcli completions bash)", "for this shell"),
                ("source <(gradcli completions zsh)", "the same in zsh"),
                ("gradcli completions fish | source", "in fish"),
            ),
        ),
        Command(
            "man",
            "[COMMAND]",
            "the manual",
            "Show the manual with every option; as roff when stdout is not a terminal.",
            _GENERAL,
            (
                ("gradcli man", "read it"),
                ("gradcli man grad", "one command"),
                ("gradcli man > gradcli.1", "for man(1)"),
            ),
        ),
    )
}

MAIN = Command(
    "",
    "",
    "a gradient calculator that speaks PyTorch",
    "A gradient calculator for the terminal that speaks PyTorch.",
    "set const input dtype seed keep resume no-config" + _LIMITS + _GENERAL,
    (
        ("gradcli grad 'x**2 * y' --set x=3 --set y=2", "value and gradients as JSON"),
        ("gradcli check -e 'sin(x) / x' --set x=2", "gradients and differences"),
        ("gradcli", "calculate interactively"),
    ),
    usual=(("seed", "random"),),
)

STATUSES = (
    (0, "success"),
    (1, "a check failed; no minimum or root found; false or null, with --exit-status"),
    (2, "usage, or a file could not be read or written"),
    (3, "a syntax error"),
    (4, "no result, with --exit-status"),
    (5, "the program raised an error"),
    (6, "a limit was reached"),
    (70, "a bug in gradcli"),
    (130, "interrupted"),
    (141, "standard output was closed"),
)

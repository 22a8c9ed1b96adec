"""The magics: a table of the commands that begin with `%`.

An entry has its name, the form of its arguments, a line of documentation and examples, each a list
of inputs and a piece of what they print. `%help NAME` shows them and the tests run them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from gradcli.repl.files.config import DTYPES

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell


class Example(NamedTuple):
    """Inputs, and a text that is among what they print."""

    inputs: tuple[str, ...]
    prints: str


class Magic:
    """One entry. `words` are completions of its arguments; "names" stands for variables, "files"
    for the names of files, "magics" for magics. `keyboard` says that nothing pasted may call it."""

    __slots__ = ("doc", "examples", "form", "keyboard", "module", "name", "words")

    def __init__(
        self,
        name: str,
        form: str,
        doc: str,
        module: str,
        examples: tuple[Example, ...],
        words: tuple[str, ...] = ("names",),
        keyboard: bool = False,
    ) -> None:
        self.name = name
        self.form = form
        self.doc = doc
        self.module = module
        self.examples = examples
        self.words = words
        self.keyboard = keyboard or "files" in words

    @property
    def usage(self) -> str:
        """`%backward y [v] [--retain]`."""
        return f"%{self.name} {self.form}".rstrip()

    def run(self, shell: Shell, text: str) -> None:
        """Do it; `text` is what stands behind the name."""
        function = getattr(import_module(f".{self.module}", __package__), self.name)
        function(shell, text)


_Y = "x = param([1., 2.]); y = (x**2).sum()"


def _example(*inputs: str, prints: str) -> Example:
    return Example(inputs, prints)


MAGICS: dict[str, Magic] = {
    magic.name: magic
    for magic in (
        Magic(
            "backward",
            "y [v] [--retain]",
            "backward pass from y, with the cotangent v; says which leaves got a gradient",
            "gradients",
            (_example(_Y, "%backward y", prints="x.grad = tensor([2., 4.])"),),
            ("names", "--retain"),
        ),
        Magic(
            "grad",
            "[y] [x ...]",
            "the gradient of y (or the last result) by x (or all leaves); leaves .grad alone",
            "gradients",
            (
                _example(_Y, "%grad y x", prints="tensor([2., 4.])"),
                _example(_Y, "g = %grad y x", "g", prints="tensor([2., 4.])"),
                _example("x = param(3.)", "x**2", "%grad", prints="tensor(6.)"),
            ),
        ),
        Magic(
            "jvp",
            "y x [v]",
            "the derivative of y when x moves along v (ones by default), on the recorded graph",
            "gradients",
            (_example(_Y, "%jvp y x [1, 0]", prints="tensor(2.)"),),
        ),
        Magic(
            "vjp",
            "y x [v]",
            "v (ones by default) times the Jacobian of y by x",
            "gradients",
            (_example("x = param([1., 2.]); y = x**2", "%vjp y x [1, 10]", prints="[ 2., 40.]"),),
        ),
        Magic(
            "jacobian",
            "[y] [x ...]",
            "the derivatives of all elements of y by all of x: of the last result, by its leaves",
            "gradients",
            (_example("x = param([1., 2.]); y = x**2", "%jacobian y x", prints="[0., 4.]]"),),
        ),
        Magic(
            "hessian",
            "[y] [x ...]",
            "the second derivatives of y, which has one element, by x, or by its leaves",
            "gradients",
            (
                _example(_Y, "%hessian y x", prints="[0., 2.]]"),
                _example(_Y, "%hessian y", prints="[0., 2.]]"),
            ),
        ),
        Magic(
            "zero",
            "[names]",
            "set .grad of these leaves, or of all, to None",
            "gradients",
            (_example(_Y, "%backward y", "%zero", prints="x.grad = None"),),
        ),
        Magic(
            "no_grad",
            "[on|off]",
            "stop recording operations, or go on; without a word, the other of the two",
            "gradients",
            (_example("%no_grad on", "param(1.) * 2", prints="tensor(2.)"),),
            ("on", "off"),
        ),
        Magic(
            "minimize",
            "y [x ...] [--write]",
            "the values of the leaves, or of these, for which y is least",
            "search",
            (_example("x = param(0.); y = (x - 3)**2", "%minimize y", prints="x = tensor(3.)"),),
            ("names", "--write"),
        ),
        Magic(
            "solve",
            "y [x ...] [--write]",
            "the values of the leaves, or of these, for which y is zero",
            "search",
            (_example("x = param(1.)", "%solve x**2-4 --write", "x.item()", prints="2.0"),),
            ("names", "--write"),
        ),
        Magic(
            "check",
            "[y] [x ...]",
            "run what made y again in float64, and compare its gradients with differences",
            "check",
            (_example(_Y, "%check y", prints="ok     d y / d x"),),
        ),
        Magic(
            "explain",
            "[y] [x] [--markdown|--html|--json] [--all] [> FILE]",
            "the chain rule from y back to its leaves, or to x, step by step with numbers",
            "explain",
            (
                _example(_Y, "%explain y", prints="PowBackward0"),
                _example(_Y, "%explain y --markdown", prints="### 2. PowBackward0 `x**2`"),
            ),
            ("names", "--markdown", "--html", "--json", "--all"),
        ),
        Magic(
            "formula",
            "y [x] [--as latex|numpy|torch]",
            "the gradient of y by its leaves, or by x, as a formula",
            "formula",
            (
                _example(_Y, "%formula y x", prints="x: 2 * x"),
                _example(_Y, "%formula y --as latex", prints="x: 2 x"),
            ),
            ("names", "--as", "text", "latex", "numpy", "torch"),
        ),
        Magic(
            "why",
            "[x]",
            "why the gradient of x is None, zero or NaN",
            "explain",
            (_example("x = param([-1., 2.])", "%why x", prints="no backward pass"),),
        ),
        Magic(
            "vars",
            "[names]",
            "the variables: shape, dtype, place in the graph, gradient",
            "views",
            (_example(_Y, "%vars", prints="SumBackward0"),),
        ),
        Magic(
            "graph",
            "[y] [--dot|--svg|--mermaid|--json] [--all|--depth N] [> FILE]",
            "the graph that y was made from, with your names and the text of each operation",
            "views",
            (_example(_Y, "%graph y", prints="PowBackward0  [2]  x**2"),),
            ("names", "--dot", "--svg", "--mermaid", "--json", "--all", "--depth"),
        ),
        Magic(
            "plot",
            "f [a b] | x**2 x [a b] [--hess] | list ...",
            "draw a function, its derivative and its curvature from a to b, or lists of numbers",
            "views",
            (
                _example("%plot x**2 + 1 x -3 3 --hess", prints="curvature"),
                _example("%plot sin -3 3", prints="derivative"),
                _example("%plot lambda x: x**2 -1 1", prints="derivative"),
                _example("losses = [3., 2., 1.5]", "%plot losses", prints="losses"),
            ),
            ("names", "--hess"),
        ),
        Magic(
            "hist",
            "[1-5] [-n] [-o] [-g TEXT] | x",
            "inputs of this session, or with -g of all; with a tensor, how often its values occur",
            "views",
            (
                _example("1 + 2", "%hist", prints="1: 1 + 2"),
                _example("1 + 2", "3 * 4", "%hist 2 -o", prints="12"),
                _example("1 + 2", "3 * 4", "%hist -g +", prints="1 + 2"),
            ),
            ("names", "-g", "-n", "-o"),
        ),
        Magic(
            "time",
            "STATEMENT",
            "run a statement and say how long it took (%%time: all lines below)",
            "session",
            (_example("%time 1 + 2", prints="3"),),
        ),
        Magic(
            "timeit",
            "[-n N] [-r R] STATEMENT",
            "run a statement many times: the mean of a run, its spread and the best",
            "session",
            (
                _example("%timeit 1 + 2", prints="per run"),
                _example("%timeit -n 10 -r 3 1 + 2", prints="3 times 10 runs"),
            ),
            ("names", "-n", "-r"),
        ),
        Magic(
            "dtype",
            "[DTYPE]",
            "the default dtype, or set it",
            "session",
            (_example("%dtype float64", "tensor(1.).dtype", prints="torch.float64"),),
            DTYPES,
        ),
        Magic(
            "seed",
            "[N]",
            "seed the random numbers (0 by default)",
            "session",
            (_example("%seed 7", prints="seed 7"),),
            (),
        ),
        Magic(
            "set",
            "NAME=VALUE",
            "make a leaf that requires grad from JSON or from an expression",
            "session",
            (_example("%set x=[1, 2]", "x", prints="tensor([1., 2.], requires_grad=True)"),),
        ),
        Magic(
            "json",
            "[names]",
            "the values and gradients of these names, or of all, as JSON",
            "session",
            (_example(_Y, "y.backward()", "%json", prints='"grads":{"x":[2.0,4.0]}'),),
        ),
        Magic(
            "save",
            "FILE [1-5] [-o] [-f]",
            "write what ran as a program, as Markdown (.md) or as a notebook (.ipynb)",
            "files",
            (),
            ("files", "-o", "-f"),
        ),
        Magic(
            "load",
            "FILE",
            "put a file's text at the prompt, to change and to run",
            "files",
            (),
            ("files",),
        ),
        Magic(
            "run",
            "FILE",
            "run a program in this session",
            "files",
            (),
            ("files",),
        ),
        Magic(
            "undo",
            "[N]",
            "take back the last input, or N of them: names, gradients, writes, random state, modes",
            "session",
            (
                _example("x = tensor([1., 2.])", "x.mul_(3)", "%undo", "x", prints="[1., 2.]"),
                _example("x = 1", "%undo", "%vars", prints="no variables"),
            ),
            (),
        ),
        Magic(
            "redo",
            "[N]",
            "do again what %undo took back",
            "session",
            (_example("x = 1", "x = 2", "%undo", "%redo", "x", prints="2"),),
            (),
        ),
        Magic(
            "reset",
            "[-f]",
            "forget all names, outputs and graphs, and record again; %undo takes it back",
            "session",
            (_example("x = 1", "%reset", "%vars", prints="no variables"),),
            ("-f",),
        ),
        Magic(
            "precision",
            "[DIGITS]",
            "the digits that tensors are printed with, or set them; 4 without a number",
            "habits",
            (_example("%precision 2", "tensor(1.23456)", prints="tensor(1.23)"),),
            (),
        ),
        Magic(
            "who",
            "[TYPE ...]",
            "the names that you gave, or those of these types",
            "habits",
            (_example("x = tensor(1.); n = 2", "%who int", prints="n"),),
            ("Tensor", "int", "float", "list", "dict", "str", "function"),
        ),
        Magic(
            "who_ls",
            "[TYPE ...]",
            "the names that you gave, as a sorted list",
            "habits",
            (_example("b = 1; a = 2", "%who_ls", prints="['a', 'b']"),),
            ("Tensor", "int", "float", "list", "dict", "str", "function"),
        ),
        Magic(
            "pinfo",
            "NAME",
            "what is known of a name, as NAME? does",
            "habits",
            (_example("%pinfo tanh", prints="tanh("),),
        ),
        Magic(
            "pdef",
            "NAME",
            "the signature of a function",
            "habits",
            (_example("def f(a, b=2): return a", "%pdef f", prints="f(a, b=2)"),),
        ),
        Magic(
            "psource",
            "NAME",
            "the text of what was defined here, as NAME?? shows it",
            "habits",
            (_example("def f(a): return a + 1", "%psource f", prints="return a + 1"),),
        ),
        Magic(
            "xmode",
            "[context|minimal]",
            "whether errors show their lines, or the message alone",
            "habits",
            (_example("%xmode minimal", prints="their message alone"),),
            ("context", "minimal"),
        ),
        Magic(
            "colors",
            "[on|off]",
            "whether results and errors have colours",
            "habits",
            (_example("%colors off", prints="colours are off"),),
            ("on", "off"),
        ),
        Magic(
            "paste",
            "",
            "take a paste, until a line with -- or Ctrl-D, and run it",
            "habits",
            (),
            (),
            keyboard=True,
        ),
        Magic(
            "cpaste",
            "",
            "take a paste, until a line with -- or Ctrl-D, and run it",
            "habits",
            (),
            (),
            keyboard=True,
        ),
        Magic(
            "edit",
            "[3 | 1-5 | NAME]",
            "put inputs, or a function's text, into $EDITOR and then at the prompt (keys: F2)",
            "habits",
            (),
            keyboard=True,
        ),
        Magic(
            "help",
            "[NAME]",
            "what a magic or a function does; ipython: its commands here; without a name, a guide",
            "session",
            (
                _example("%help jvp", prints="%jvp y x [v]"),
                _example("%help ipython", prints="%psearch          *name*?"),
            ),
            ("magics",),
        ),
    )
}


# What IPython calls them.
ALIASES = {
    "whos": "vars",
    "pinfo2": "psource",
    "history": "hist",
    "lsmagic": "help",
    "magic": "help",
    "quickref": "help",
}

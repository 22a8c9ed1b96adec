"""The magics: a table of the commands that begin with `%`.

An entry has its name, the form of its arguments, a line of documentation and examples, each a list
of inputs and what they print on 80 columns. `%help NAME` shows them and the tests run them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from gradcli.repl.files.config import DTYPES

if TYPE_CHECKING:
    from gradcli.repl.session.shell import Shell


class Example(NamedTuple):
    """Inputs and what each prints; `…` stands for what is left out or differs from run to run."""

    inputs: tuple[str, ...]
    prints: tuple[str, ...]


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


def _example(*inputs: str, prints: str | tuple[str, ...]) -> Example:
    """An example; `prints` is what the last input prints, or the last inputs, one text each."""
    said = (prints,) if isinstance(prints, str) else prints
    return Example(inputs, ("",) * (len(inputs) - len(said)) + said)


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
                _example(_Y, "%grad y x", prints="Out[2]: tensor([2., 4.])"),
                _example(_Y, "g = %grad y x", "g", prints="Out[3]: tensor([2., 4.])"),
                _example(
                    "x = param(3.)",
                    "x**2",
                    "%grad",
                    prints=("Out[2]: tensor(9., grad_fn=<PowBackward0>)", "Out[3]: tensor(6.)"),
                ),
            ),
        ),
        Magic(
            "jvp",
            "y x [v]",
            "the derivative of y when x moves along v (ones by default), on the recorded graph",
            "gradients",
            (_example(_Y, "%jvp y x [1, 0]", prints="Out[2]: tensor(2.)"),),
        ),
        Magic(
            "vjp",
            "y x [v]",
            "v (ones by default) times the Jacobian of y by x",
            "gradients",
            (
                _example(
                    "x = param([1., 2.]); y = x**2",
                    "%vjp y x [1, 10]",
                    prints="Out[2]: tensor([ 2., 40.])",
                ),
            ),
        ),
        Magic(
            "jacobian",
            "[y] [x ...]",
            "the derivatives of all elements of y by all of x: of the last result, by its leaves",
            "gradients",
            (
                _example(
                    "x = param([1., 2.]); y = x**2",
                    "%jacobian y x",
                    prints=("Out[2]:\ntensor([[2., 0.],\n        [0., 4.]])"),
                ),
            ),
        ),
        Magic(
            "hessian",
            "[y] [x ...]",
            "the second derivatives of y, which has one element, by x, or by its leaves",
            "gradients",
            (
                _example(
                    _Y, "%hessian y x", prints=("Out[2]:\ntensor([[2., 0.],\n        [0., 2.]])")
                ),
                _example(
                    _Y, "%hessian y", prints=("Out[2]:\ntensor([[2., 0.],\n        [0., 2.]])")
                ),
            ),
        ),
        Magic(
            "zero",
            "[names]",
            "set .grad of these leaves, or of all, to None",
            "gradients",
            (
                _example(
                    _Y,
                    "%backward y",
                    "%zero",
                    prints=("x.grad = tensor([2., 4.])", "x.grad = None"),
                ),
            ),
        ),
        Magic(
            "no_grad",
            "[on|off]",
            "stop recording operations, or go on; without a word, the other of the two",
            "gradients",
            (
                _example(
                    "%no_grad on",
                    "param(1.) * 2",
                    prints=("operations are not recorded", "Out[2]: tensor(2.)"),
                ),
            ),
            ("on", "off"),
        ),
        Magic(
            "minimize",
            "y [x ...] [--write]",
            "the values of the leaves, or of these, for which y is least",
            "search",
            (
                _example(
                    "x = param(0.); y = (x - 3)**2",
                    "%minimize y",
                    prints=(
                        "x = tensor(3.)\n"
                        "y = tensor(0.)\n"
                        "found after 1 step; the gradient's norm is 0\n"
                        "(the leaves are as they were; `%minimize y --write` changes them)"
                    ),
                ),
            ),
            ("names", "--write"),
        ),
        Magic(
            "solve",
            "y [x ...] [--write]",
            "the values of the leaves, or of these, for which y is zero",
            "search",
            (
                _example(
                    "x = param(1.)",
                    "%solve x**2-4 --write",
                    "x.item()",
                    prints=(
                        "x = tensor(2.)\nx**2-4 = tensor(0.)\n"
                        "found after 4 steps; the gradient's norm is 0",
                        "Out[3]: 2.0",
                    ),
                ),
            ),
            ("names", "--write"),
        ),
        Magic(
            "check",
            "[y] [x ...]",
            "run what made y again in float64, and compare its gradients with differences",
            "check",
            (
                _example(
                    _Y,
                    "%check y",
                    prints=(
                        "ok     d y / d x: 2 elements, largest error …\n1 gradient checked, 0 wrong"
                    ),
                ),
            ),
        ),
        Magic(
            "explain",
            "[y] [x] [--markdown|--html|--json] [--all|--depth N] [> FILE]",
            "the chain rule from y back to its leaves, or to x, step by step with numbers",
            "explain",
            (
                _example(
                    _Y,
                    "%explain y",
                    prints=(
                        "y = tensor(5., grad_fn=<SumBackward0>)\n"
                        "start  dy/dy = 1\n"
                        "1.  SumBackward0  (x**2).sum()  (In[1]:1:26)\n"
                        "     arrives: tensor(1.)\n"
                        "     to (x**2)  = g.expand(2)\n"
                        "        passes on: tensor([1., 1.])\n"
                        "2.  PowBackward0  x**2  (In[1]:1:27)\n"
                        "     arrives: tensor([1., 1.])\n"
                        "     to x  = 2 * x * g\n"
                        "        local derivative: tensor([2., 4.])\n"
                        "        passes on: tensor([2., 4.])\n"
                        "in all\n"
                        "  dy/dx = tensor([2., 4.])"
                    ),
                ),
                _example(
                    _Y,
                    "%explain y --markdown",
                    prints=("# Where dy comes from\n…### 2. PowBackward0 `x**2`…"),
                ),
            ),
            ("names", "--markdown", "--html", "--json", "--all", "--depth"),
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
            "[x | x[3]]",
            "why the gradient of x is None, zero, NaN, huge or tiny; x[3]: one entry, way by way",
            "explain",
            (
                _example(
                    "x = param([-1., 2.])",
                    "%why x",
                    prints="no backward pass has reached `x`, and no variable was made from it",
                ),
                _example(
                    "x = param([1., 2.])",
                    "y = (x * x).sum()",
                    "%why x[1]",
                    prints="dy/dx[1] = 4\n  2 ways lead there…",
                ),
            ),
        ),
        Magic(
            "vars",
            "[names]",
            "the variables: shape, dtype, place in the graph, gradient",
            "views",
            (
                _example(
                    _Y,
                    "%vars",
                    prints=(
                        " name   shape   dtype     requires_grad   leaf   grad_fn        version\n"
                        " ──────────────────────────────────────────────────────────────────────\n"
                        " x      [2]     float32   yes             yes                   0\n"
                        " y      []      float32   yes             no     SumBackward0   0"
                    ),
                ),
            ),
        ),
        Magic(
            "graph",
            "[y] [--dot|--svg|--mermaid|--json] [--all|--depth N] [> FILE]",
            "the graph that y was made from, with your names and the text of each operation",
            "views",
            (
                _example(
                    _Y,
                    "%graph y",
                    prints=(
                        "y  SumBackward0  []  (x**2).sum()\n"
                        "└─ PowBackward0  [2]  x**2\n"
                        "   └─ x  leaf  [2]  float32  no grad yet"
                    ),
                ),
            ),
            ("names", "--dot", "--svg", "--mermaid", "--json", "--all", "--depth"),
        ),
        Magic(
            "plot",
            "f [a b] | x**2 x [a b] [--hess] | list ...",
            "draw a function, its derivative and its curvature from a to b, or lists of numbers; "
            "without arguments, the figures of matplotlib.pyplot",
            "views",
            (
                _example(
                    "%plot x**2 + 1 x -3 3 --hess",
                    prints="…● x**2 + 1   ∙ derivative   ○ curvature",
                ),
                _example("%plot sin -3 3", prints="…● sin   ∙ derivative"),
                _example("%plot lambda x: x**2 -1 1", prints="…● f   ∙ derivative"),
                _example("losses = [3., 2., 1.5]", "%plot losses", prints="…● losses"),
            ),
            ("names", "--hess"),
        ),
        Magic(
            "watch",
            "[EXPRESSION, ... | off]",
            "show these after every input, and mark with * what has changed",
            "watch",
            (
                _example(
                    "w = param(2.)",
                    "%watch w.grad, w.detach()**2",
                    "(w**2).backward()",
                    prints=(
                        "  w.grad        = None\n  w.detach()**2 = tensor(4.)",
                        "* w.grad        = tensor(4.)\n  w.detach()**2 = tensor(4.)",
                    ),
                ),
            ),
            ("names", "off"),
        ),
        Magic(
            "hist",
            "[1-5] [-l N] [-n] [-o] [-g TEXT [--all]] | x",
            "inputs of this session, or with -g of all; with a tensor, how often its values occur",
            "views",
            (
                _example(
                    "1 + 2",
                    "%hist",
                    prints=("Out[1]: 3", "1: 1 + 2"),
                ),
                _example(
                    "1 + 2",
                    "3 * 4",
                    "%hist 2 -o",
                    prints=("Out[1]: 3", "Out[2]: 12", "2: 3 * 4\n12"),
                ),
                _example(
                    "1 + 2",
                    "3 * 4",
                    "%hist -g +",
                    prints=("Out[1]: 3", "Out[2]: 12", "1: 1 + 2"),
                ),
            ),
            ("names", "-g", "-l", "-n", "-o", "--all"),
        ),
        Magic(
            "time",
            "STATEMENT",
            "run a statement and say how long it took (%%time: all lines below)",
            "session",
            (_example("%time 1 + 2", prints=("Out[1]: 3\ntook …")),),
        ),
        Magic(
            "timeit",
            "[-n N] [-r R] STATEMENT",
            "run a statement many times: the mean of a run, its spread and the best; what stands "
            "behind %%timeit runs once, before the lines below",
            "session",
            (
                _example("%timeit 1 + 2", prints="… per run, at best …"),
                _example(
                    "%timeit -n 10 -r 3 1 + 2", prints="… per run, at best … (3 times 10 runs each)"
                ),
            ),
            ("names", "-n", "-r"),
        ),
        Magic(
            "dtype",
            "[DTYPE]",
            "the default dtype, or set it",
            "session",
            (
                _example(
                    "%dtype float64",
                    "tensor(1.).dtype",
                    prints=("the default dtype is float64", "Out[2]: torch.float64"),
                ),
            ),
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
            (
                _example(
                    "%set x=[1, 2]", "x", prints="Out[2]: tensor([1., 2.], requires_grad=True)"
                ),
            ),
        ),
        Magic(
            "json",
            "[names]",
            "the values and gradients of these names, or of all, as JSON",
            "session",
            (
                _example(
                    _Y,
                    "y.backward()",
                    "%json",
                    prints='{"values":{"x":[1.0,2.0],"y":5.0},"grads":{"x":[2.0,4.0]}}',
                ),
            ),
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
                _example(
                    "x = tensor([1., 2.])",
                    "x.mul_(3)",
                    "%undo",
                    "x",
                    prints=(
                        "Out[2]: tensor([3., 6.])",
                        "took back In[2]: x.mul_(3)",
                        "Out[4]: tensor([1., 2.])",
                    ),
                ),
                _example(
                    "x = 1",
                    "%undo",
                    "%vars",
                    prints=(
                        "took back In[1]: x = 1",
                        "there are no variables yet: try x = param([1., 2.])",
                    ),
                ),
            ),
            (),
        ),
        Magic(
            "redo",
            "[N]",
            "do again what %undo took back",
            "session",
            (
                _example(
                    "x = 1",
                    "x = 2",
                    "%undo",
                    "%redo",
                    "x",
                    prints=("took back In[2]: x = 2", "did again In[2]: x = 2", "Out[5]: 2"),
                ),
            ),
            (),
        ),
        Magic(
            "reset",
            "[-f]",
            "forget all names, outputs and graphs, and record again; %undo takes it back",
            "session",
            (
                _example(
                    "x = 1",
                    "%reset",
                    "%vars",
                    prints=(
                        "all names are forgotten",
                        "there are no variables yet: try x = param([1., 2.])",
                    ),
                ),
            ),
            ("-f",),
        ),
        Magic(
            "precision",
            "[DIGITS]",
            "the digits that tensors are printed with, or set them; 4 without a number",
            "habits",
            (
                _example(
                    "%precision 2",
                    "tensor(1.23456)",
                    prints=("tensors are printed with 2 digits", "Out[2]: tensor(1.23)"),
                ),
            ),
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
            (_example("b = 1; a = 2", "%who_ls", prints="Out[2]: ['a', 'b']"),),
            ("Tensor", "int", "float", "list", "dict", "str", "function"),
        ),
        Magic(
            "pinfo",
            "NAME",
            "what is known of a name, as NAME? does",
            "habits",
            (
                _example(
                    "%pinfo tanh",
                    prints=(
                        "tanh(input)\n"
                        "    The hyperbolic tangent.\n"
                        "    d/dinput  (1 - tanh(input) ** 2) * g\n"
                        "    for       tanh(input) with input [2, 3]"
                    ),
                ),
            ),
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
            (
                _example(
                    "def f(a): return a + 1",
                    "%psource f",
                    prints=("f(a)\n    def f(a): return a + 1"),
                ),
            ),
        ),
        Magic(
            "xmode",
            "[context|minimal]",
            "whether errors show their lines, or the message alone",
            "habits",
            (_example("%xmode minimal", prints="errors are their message alone"),),
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
            "recall",
            "[3 | 1-5]",
            "put inputs at the prompt again, the last one without a number; Enter runs them",
            "habits",
            (),
            (),
            keyboard=True,
        ),
        Magic(
            "rerun",
            "[3 | 1-5]",
            "run inputs again, the last one without a number",
            "habits",
            (),
            (),
            keyboard=True,
        ),
        Magic(
            "help",
            "[NAME]",
            "what a magic or a function does; ipython: its commands here; without a name, a guide",
            "session",
            (
                _example("%help jvp", prints=("%jvp y x [v]\n…")),
                _example("%help ipython", prints=("…\n%psearch          as %pinfo here\n…")),
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
    "rep": "recall",
    "pdoc": "pinfo",
    "pfile": "psource",
    "psearch": "pinfo",
}

"""matplotlib in programs: names, values, refusals, and what is left out."""

from __future__ import annotations

import subprocess
import sys

import pytest
from drawn import Run

from gradcli.language.errors.program_error import ProgramError
from gradcli.language.interpreter import Session, compile_program


@pytest.mark.parametrize(
    "lines",
    [
        "import matplotlib.pyplot as plt",
        "from matplotlib import pyplot as plt",
        "import matplotlib\nmatplotlib.use('Agg')\nplt = matplotlib.pyplot",
        "import matplotlib.pyplot\nplt = matplotlib.pyplot",
        "%matplotlib inline\nfrom matplotlib.pyplot import *\nimport matplotlib.pyplot as plt",
        "from matplotlib.pyplot import plot\nimport matplotlib.pyplot as plt\nplot([2])",
        "import matplotlib.animation as animation\nimport matplotlib.pyplot as plt",
        "from mpl_toolkits.mplot3d import Axes3D\nimport matplotlib.pyplot as plt",
        "from matplotlib import cm, rcParams, style, ticker\nimport matplotlib.pyplot as plt",
    ],
)
def test_ways_to_import(lines: str) -> None:
    run = Run(f"{lines}\nplt.plot([1, 2])\nplt.show()")
    assert run.pictures


def test_what_objects_answer() -> None:
    program = """
fig, ax = plt.subplots()
line, = ax.plot([1, 2, 3], label="name")
line.set_data([1, 2], [3, 4]); print(line.get_xdata(), line.get_label(), line.get_color())
for bar in ax.bar([1, 2], [3, 4]):
    print(bar.get_height(), bar.get_x(), bar.get_width())
markers, stems, base = ax.stem([1, 2])
locs, labels = plt.xticks()
print(fig, plt.gcf() is fig, plt.gca() is ax, ax.figure is fig, fig.axes[0] is ax, len(ax.lines))
print(ax.set_xlim(0, 5), ax.get_xlim(), plt.axis([0, 1, 0, 2]), plt.get_fignums())
print(plt.cm.viridis(0.0), plt.get_cmap("gray")(255), plt.cm.tab10(range(3)).shape)
"""
    assert Run(program).output.splitlines() == [
        "[1. 2.] name #1f77b4",
        "3.0 0.6 0.8",
        "4.0 1.6 0.8",
        "<Figure size 640x480 with 1 Axes> True True True True 3",
        "(0.0, 5.0) (0.0, 5.0) (0.0, 1.0, 0.0, 2.0) [1]",
        "(0.26666666666666666, 0.00392156862745098, 0.32941176470588235, 1.0) "
        "(1.0, 1.0, 1.0, 1.0) (3, 4)",
    ]


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            "plt.plot([1, 2], [1, 2, 3])",
            "x and y must have same first dimension, but have shapes (2,) and (3,)",
        ),
        ("plt.scatter([1, 2], [1])", "x and y must be the same size"),
        (
            "plt.plot([1, 2], [1, 2], 'zz')",
            "'zz' is not a valid format string (unrecognized character 'z')",
        ),
        ("plt.scatter()", "scatter() missing 2 required positional arguments: 'x' and 'y'"),
        ("plt.hist([1], bins=0)", "`bins` must be positive, when an integer"),
        ("plt.subplot(2, 1, 3)", "num must be an integer with 1 <= num <= 2, not 3"),
        ("plt.subplots(0, 1)", "Number of rows must be a positive integer, not 0"),
        ("plt.contour([1, 2])", "Input z must be 2D, not 1D"),
        ("plt.imshow([1, 2])", "Invalid shape (2,) for image data"),
        (
            "plt.fill_between([1, 2], [1, 2, 3])",
            "'x' has size 2, but 'y1' has an unequal size of 3",
        ),
        ("plt.errorbar([1], [1], yerr=-1)", "'yerr' must not contain negative values"),
        (
            "plt.subplots(2, 2)[1][5]",
            "index 5 is out of bounds for ",
        ),
        ("plt.plot(None)", "x, y, and format string must not be None"),
    ],
)
def test_what_matplotlib_refuses_is_refused(program: str, message: str) -> None:
    with pytest.raises(ProgramError) as caught:
        Run(program)
    assert message in str(caught.value)


NEEDS_DETACH = (
    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
)


@pytest.mark.parametrize(
    "call",
    ["plot(w)", "scatter(w, w)", "bar([1, 2], w)", "hist(w)", "imshow(w.reshape(1, 2))",
     "plot([w, w])", "axhline(w[0])", "fill_between(w, w)", "xlim(w[0], 3)"],
)  # fmt: skip
def test_tensors_that_require_grad_are_refused_in_pytorchs_words(call: str) -> None:
    with pytest.raises(ProgramError) as caught:
        Run(f"w = torch.ones(2, requires_grad=True)\nplt.{call}")
    assert NEEDS_DETACH in str(caught.value)
    assert Run(f"w = torch.ones(2, requires_grad=True)\nwith torch.no_grad(): plt.{call}")


@pytest.mark.parametrize(
    ("program", "left_out"),
    [
        ("ax = plt.figure().add_subplot(111, projection='3d'); ax.plot_surface(1)",
         ["the projection '3d'"]),
        ("ax = plt.axes(projection='3d'); ax.scatter(1, 2, 3)", ["the projection '3d'"]),
        ("plt.subplots(subplot_kw={'projection': 'polar'})", ["the projection 'polar'"]),
        ("plt.gca().voxels(1).x[2](3); plt.gca().voxels(1)", ["voxels"]),
        ("import matplotlib.animation as a\na.FuncAnimation(plt.gcf(), print).save('x.gif')",
         ["FuncAnimation"]),
        ("plt.yscale('symlog')", ["the scale 'symlog'"]),
        ("with plt.anything() as f: pass\nfor x in plt.other: pass", ["anything", "other"]),
        ("plt.tight_layout(); plt.style.use('ggplot'); plt.rcParams['a'] = 1", []),
        ("ax = plt.gca(); ax.spines['top'].set_color('r'); ax.tick_params(); ax.xaxis.x()", []),
        ("plt.title('a').set_fontsize(3); plt.legend().get_frame().set_alpha(1)", []),
        ("with plt.style.context('a'), plt.ioff(): pass", []),
        ("from matplotlib.ticker import MaxNLocator\nMaxNLocator(integer=True)", []),
        ("plt.text('a', 'b', 'c')", ["text (could not convert string to float: 'a')"]),
    ],
)  # fmt: skip
def test_what_is_not_drawn_is_told_once_and_ends_nothing(program: str, left_out: list[str]) -> None:
    run = Run(f"{program}\nprint('went on')")
    assert run.output == "went on\n"
    assert run.left_out == left_out


def test_pictures_come_when_they_are_shown() -> None:
    program = """
plt.ion()
for i in range(5):
    plt.cla(); plt.plot([i, 1]); plt.pause(0.1); plt.draw(); plt.show()
plt.ioff()
plt.show()
plt.figure(); plt.show()
plt.plot([1]); plt.close()
plt.plot([1]); plt.close("all")
plt.plot([7])
"""
    assert len(Run(program).pictures) == 2  # the last of the loop, and what was left at the end


def test_every_run_has_figures_of_its_own() -> None:
    counts: list[int] = []
    session = Session(print, show_figure=lambda figure: bool(counts.append(figure.number)) or True)
    program = compile_program("import torch\nimport matplotlib.pyplot as plt\nplt.plot([1])")
    for _ in range(3):
        session.run(program, fresh=True)
    assert counts == [1, 1, 1]
    other = compile_program("import torch\nimport matplotlib.pyplot as plt\nplt.figure()\n1 / 0")
    with pytest.raises(ProgramError):
        session.run(other, fresh=True)
    session.run(program, fresh=True)
    assert counts == [1, 1, 1, 1]


LOADED = (
    "import sys; from gradcli.language.interpreter import Session, compile_program; "
    "Session(stdout=print).run(compile_program({program!r}, mode='python')); "
    "print(sorted(n for n in sys.modules if n.startswith('gradcli.plot') or 'plot_names' in n))"
)


@pytest.mark.parametrize("program", ["import torch", "import numpy as np\nimport math"])
def test_nothing_is_loaded_before_a_program_imports_it(program: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", LOADED.format(program=program)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip().splitlines()[-1] == "[]"

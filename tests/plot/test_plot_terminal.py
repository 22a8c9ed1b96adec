"""Figures in the characters of a terminal."""

from __future__ import annotations

import re

import pytest
from drawn import Run

ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def text(program: str, **options: object) -> str:
    return Run(program + "\nplt.show()", **options).texts[0]  # type: ignore[arg-type]


def test_a_line_has_axes_with_round_ticks_a_title_and_a_legend() -> None:
    picture = text(
        "plt.plot([0, 1, 2], [0, 50, 100], label='rise')\n"
        "plt.title('The title'); plt.xlabel('epoch'); plt.ylabel('loss'); plt.legend()"
    )
    lines = picture.splitlines()
    assert "The title" in lines[0]
    assert lines[1] == "loss"
    assert re.search(r"^100 ┤", picture, re.MULTILINE)
    assert re.search(r"^  0 ┤", picture, re.MULTILINE)
    assert "└" in picture
    assert "┬" in picture
    assert lines[-2].strip() == "epoch"
    assert lines[-1].strip() == "● rise"


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("width", [20, 40, 80, 100])
@pytest.mark.parametrize(
    "program",
    [
        "plt.plot(torch.randn(50), label='a' * 200); plt.legend(); plt.title('t' * 200)",
        "plt.bar(['one', 'two', 'three'], [1, -2, 3]); plt.barh(['one'], [5])",
        "plt.hist(torch.randn(100)); plt.grid(True)",
        "plt.imshow(torch.randn(10, 30)); plt.colorbar()",
        "plt.imshow(torch.rand(10, 3, 3)); plt.axis('off')",
        "fig, axes = plt.subplots(2, 4)\nfor a in axes.flat: a.scatter([1, 2], [3, 4])",
        "fig, axes = plt.subplots(2, 4)\nfor a in axes.flat: a.imshow(torch.eye(3))",
        "X = torch.randn(9, 9); plt.contour(X); plt.contourf(X); plt.text(4, 4, 'text')",
        "fig, a = plt.subplots(); a.plot([1, 2]); a.twinx().plot([300, 400]); a.set_ylabel('y')",
        "plt.errorbar([1, 2], [1, 2], yerr=1, xerr=1); plt.axvline(1.5); plt.axhspan(1, 2)",
        "plt.fill_between([1, 2, 3], [1, 2, 1]); plt.fill([1, 2, 2], [1, 1, 2]); plt.stem([1, 2])",
        "plt.loglog([1e-5, 1e5], [1e-9, 1e9]); plt.xticks([1, 10], ['first', 'second'])",
    ],
)
def test_no_line_is_wider_than_the_terminal(program: str, width: int, colour: bool) -> None:
    picture = text(program, width=width, colour=colour)
    plain = ESCAPE.sub("", picture)
    assert max(map(len, plain.splitlines())) <= width
    assert "\x1b" not in plain
    assert colour == ("\x1b[" in picture)
    for line in picture.splitlines():
        assert not ESCAPE.search(line) or line.rstrip().endswith("\x1b[0m") or "\x1b[0m" in line


def test_axes_stand_beside_each_other_where_there_is_room() -> None:
    program = "fig, axes = plt.subplots(1, 2)\nfor i, a in enumerate(axes): a.plot([1]); "
    program += "a.set_title(f'axes {i}')"
    assert any("axes 0" in line and "axes 1" in line for line in text(program).splitlines())
    narrow = text(program, width=40).splitlines()
    assert not any("axes 0" in line and "axes 1" in line for line in narrow)
    assert any("axes 1" in line for line in narrow)


def test_higher_bars_are_higher() -> None:
    lines = text("plt.bar([1, 2, 3], [1, 2, 4])").splitlines()
    heights = [sum("█" in line[c : c + 1] for line in lines) for c in (12, 40, 70)]
    assert heights[0] < heights[1] < heights[2]


def test_images_have_shades_and_cells_twice_as_high() -> None:
    lines = text("plt.imshow(torch.eye(4)); plt.axis('off')").splitlines()
    dark = [line.index("█") for line in lines]
    assert dark == sorted(dark)
    assert len(lines) == 24
    assert max(map(len, lines)) == 48


def test_images_in_colour_are_half_blocks() -> None:
    assert "▀" in text("plt.imshow(torch.eye(4))", colour=True)


def test_texts_are_where_they_belong() -> None:
    lines = text("plt.plot([0, 10], [0, 10]); plt.text(5, 5, 'middle', ha='center')").splitlines()
    row = next(at for at, line in enumerate(lines) if "middle" in line)
    assert 6 <= row <= 9
    assert 35 <= lines[row].index("middle") <= 45


def test_wide_letters_take_two_columns() -> None:
    title = "\u6a21\u578b" * 40
    lines = text(f"plt.plot([1, 2]); plt.title('{title}')", width=40).splitlines()
    assert len(lines[0].strip()) == 20
    assert max(map(len, lines[1:])) <= 40


def test_formulas_are_letters() -> None:
    assert "α² + x₁" in text(r"plt.plot([1]); plt.title(r'$\alpha^2$ + $x_1$')")


def test_the_same_code_draws_without_colour_and_in_ascii() -> None:
    from gradcli.plot.curves import Curve, curves_figure
    from gradcli.plot.terminal import draw

    xs = [at / 10 for at in range(-30, 31)]
    figure = curves_figure([Curve("f", xs, [x * x for x in xs]), Curve("g", xs, xs)])
    assert figure is not None
    drawn = draw(figure, 60, colour=False, ascii=True)
    assert drawn.isascii()
    assert "* f   . g" in drawn
    assert max(map(len, drawn.splitlines())) <= 60

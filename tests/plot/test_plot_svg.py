"""What is in the SVG pictures of programs."""

from __future__ import annotations

import pytest
from drawn import Run, elements, points, words

BLUE, ORANGE, GREEN = "#1f77b4", "#ff7f0e", "#2ca02c"


def test_a_line_goes_through_its_points() -> None:
    picture = Run("plt.plot([0, 1, 2], [0, 10, 0])\nplt.show()").pictures[0]
    (line,) = elements(picture, "path", stroke=BLUE)
    (x0, y0), (x1, y1), (x2, y2) = points(line)
    assert x0 < x1 < x2
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y0 == y2 > y1  # up is less


def test_a_gap_is_where_a_number_is_missing() -> None:
    program = "plt.plot([1, 2, float('nan'), 3, float('inf'), 4, 5])\nplt.show()"
    (line,) = elements(Run(program).pictures[0], "path", stroke=BLUE)
    assert line["d"].count("M") == 3


def test_titles_labels_and_legend() -> None:
    program = """
plt.figure()
plt.plot([1, 2], [3, 4], "r--", label="first")
plt.plot([1, 2], [4, 3], color="g", label="_hidden")
plt.title("The title"); plt.xlabel("the x"); plt.ylabel("the y"); plt.suptitle("above all")
plt.legend()
plt.show()
"""
    picture = Run(program).pictures[0]
    texts = words(picture)
    assert {"The title", "the x", "the y", "above all", "first"} <= set(texts)
    assert "_hidden" not in texts
    dashed = elements(picture, "path", stroke="#ff0000", stroke_dasharray="6 4")
    assert len(dashed) == 2  # the line, and its sample in the legend


def test_colours_take_turns_and_patches_have_their_own() -> None:
    program = (
        "plt.plot([1, 2])\nplt.plot([2, 3])\nplt.scatter([1], [2])\nplt.bar([1], [2])\nplt.show()"
    )
    picture = Run(program).pictures[0]
    assert elements(picture, "path", stroke=BLUE)
    assert elements(picture, "path", stroke=ORANGE)
    assert elements(picture, "circle", fill=BLUE)
    assert elements(picture, "rect", fill=ORANGE)


def test_bars_stand_on_the_axis() -> None:
    picture = Run("plt.bar(['a', 'b', 'c'], [1, 2, 4])\nplt.show()").pictures[0]
    bars = elements(picture, "rect", fill=BLUE)
    heights = [float(bar["height"]) for bar in bars]
    assert heights == pytest.approx([heights[2] / 4, heights[2] / 2, heights[2]], rel=0.01)
    feet = {round(float(bar["y"]) + float(bar["height"]), 0) for bar in bars}
    (frame,) = (each for each in elements(picture, "rect") if each.get("class") == "f")
    assert feet == {round(float(frame["y"]) + float(frame["height"]), 0)}
    assert {"a", "b", "c"} <= set(words(picture))


def test_a_histogram_is_what_it_returns() -> None:
    run = Run("n, bins, patches = plt.hist([1., 2., 2., 5.], bins=4)\nprint(n, bins)\nplt.show()")
    assert run.output == "[1. 2. 0. 1.] [1. 2. 3. 4. 5.]\n"
    heights = [float(bar["height"]) for bar in elements(run.pictures[0], "rect", fill=BLUE)]
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.01)
    assert heights[2] == 0


def test_images_have_the_first_row_on_top_and_square_cells() -> None:
    program = "plt.imshow([[0, 1, 2], [3, 4, 5]], cmap='gray')\nplt.show()"
    picture = Run(program).pictures[0]
    (dark,) = elements(picture, "rect", fill="#000000")
    (white,) = (each for each in elements(picture, "rect", fill="#ffffff") if "class" not in each)
    assert float(dark["y"]) < float(white["y"])
    assert float(dark["x"]) < float(white["x"])
    assert float(dark["width"]) == pytest.approx(float(dark["height"]), rel=0.02)


def test_logarithmic_axes_have_powers_of_ten() -> None:
    picture = Run("plt.loglog([1, 10, 100], [1, 100, 10000])\nplt.show()").pictures[0]
    assert {"1", "10", "100", "10000"} <= set(words(picture))
    (line,) = elements(picture, "path", stroke=BLUE)
    (x0, y0), (x1, y1), (x2, y2) = points(line)
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2)
    assert y1 - y0 == pytest.approx(y2 - y1, abs=0.2)


def test_ticks_are_round_numbers() -> None:
    picture = Run("plt.plot([0.013, 0.987], [-17, 193])\nplt.show()").pictures[0]
    assert {"0", "0.2", "0.4", "50", "100", "150"} <= set(words(picture))


def test_axes_of_a_grid_stand_in_their_places() -> None:
    program = """
fig, axes = plt.subplots(2, 3)
for i, ax in enumerate(axes.flat):
    ax.plot([1, 2]); ax.set_title(f"t{i}")
print(axes.shape, axes[0, 1] is axes[0][1], axes[:, 0].shape, axes.ravel()[5] is axes[-1, -1])
plt.show()
"""
    run = Run(program)
    assert run.output == "(2, 3) True (2,) True\n"
    places = {
        element.text: (float(element.attrib["x"]), float(element.attrib["y"]))
        for element in run.pictures[0].iter("{http://www.w3.org/2000/svg}text")
    }
    assert places["t0"][1] == places["t2"][1] < places["t3"][1]
    assert places["t0"][0] == places["t3"][0] < places["t1"][0] < places["t2"][0]


def test_a_grid_spec_and_a_second_axis() -> None:
    program = """
fig = plt.figure()
grid = fig.add_gridspec(2, 2)
top = fig.add_subplot(grid[0, :]); top.plot([1, 2])
right = top.twinx(); right.plot([100, 300], color="C1"); right.set_ylabel("percent")
fig.add_subplot(grid[1, 1]).plot([3, 4])
plt.show()
"""
    picture = Run(program).pictures[0]
    wide, small = (float(e["width"]) for e in elements(picture, "rect") if e.get("class") == "f")
    assert wide > 1.5 * small
    assert {"percent", "300"} <= set(words(picture))


def test_areas_rules_errors_contours_texts_and_shapes() -> None:
    program = """
from matplotlib.patches import Rectangle
from matplotlib.lines import Line2D
x = torch.linspace(0, 1, 5)
plt.fill_between(x, x, x + 1, alpha=0.3, color="green")
plt.axhline(0.5, color="r"); plt.axvspan(0.2, 0.4, color="C3", alpha=0.2)
plt.errorbar([0, 1], [1, 2], yerr=[0.1, 0.2], fmt="o", color="C2")
X, Y = np.meshgrid(np.linspace(-1, 1, 20), np.linspace(-1, 1, 20))
plt.contour(X, Y, X ** 2 + Y ** 2, levels=[0.5], colors="k")
plt.text(0.5, 0.5, "here", color="C4"); plt.annotate("there", (0, 0), (1, 1), arrowprops={})
plt.gca().add_patch(Rectangle((0, 0), 1, 1, fill=False, ec="C5"))
plt.gca().add_line(Line2D([0, 1], [0, 1], color="C6"))
plt.show()
"""
    run = Run(program)
    picture = run.pictures[0]
    assert elements(picture, "path", fill="#008000", fill_opacity="0.3")
    assert elements(picture, "path", stroke="#ff0000")
    assert elements(picture, "rect", fill="#d62728", fill_opacity="0.2")
    assert len(elements(picture, "circle", fill=GREEN)) == 2
    assert {"here", "there"} <= set(words(picture))
    assert elements(picture, "path", stroke="#8c564b")
    assert elements(picture, "path", stroke="#e377c2")
    assert run.left_out == []


def test_a_contour_is_a_circle_of_the_right_radius() -> None:
    program = """
X, Y = np.meshgrid(np.linspace(-1, 1, 41), np.linspace(-1, 1, 41))
plt.contour(X, Y, X ** 2 + Y ** 2, levels=[0.25], colors="red")
plt.show()
"""
    picture = Run(program).pictures[0]
    (frame,) = (each for each in elements(picture, "rect") if each.get("class") == "f")
    (circle,) = elements(picture, "path", stroke="#ff0000")
    xs = [x for x, _ in points(circle)]
    assert max(xs) - min(xs) == pytest.approx(float(frame["width"]) / 2, rel=0.01)


def test_numbers_as_colours_have_a_bar() -> None:
    program = """
dots = plt.scatter([1, 2, 3], [1, 2, 3], c=[0., 0.5, 1.], cmap="viridis")
bar = plt.colorbar(dots); bar.set_label("share")
plt.show()
"""
    picture = Run(program).pictures[0]
    shades = [circle["fill"] for circle in elements(picture, "circle")]
    assert shades[0] == "#440154"
    assert shades[2] == "#fde725"
    assert "share" in words(picture)


def test_pictures_are_light_and_dark_and_load_nothing() -> None:
    program = "plt.plot([1, 2], 'k')\nplt.title('t')\nplt.show()"
    from xml.etree import ElementTree

    text = ElementTree.tostring(Run(program).pictures[0], encoding="unicode")
    assert "prefers-color-scheme:dark" in text
    for word in ("<script", "href", "url(http", "@import", "onload"):
        assert word not in text
    assert elements(Run(program).pictures[0], "path", **{"class": "sk"})


BAD = '"</text><script>&\\"\\x1b[31m\\x00\\u202e\\u2028\\ud800"'


@pytest.mark.parametrize(
    "call",
    [
        "plt.title(t)",
        "plt.suptitle(t)",
        "plt.xlabel(t); plt.ylabel(t)",
        "plt.text(1, 1, t, ha=t, va=t, color=t)",
        "plt.annotate(t, (1, 1), (2, 2), arrowprops={t: t})",
        "plt.plot([1, 2], label=t, color=t, linestyle=t, marker=t); plt.legend(loc=t)",
        "plt.xticks([0, 1], [t, t]); plt.yticks([0, 1], [t, t])",
        "plt.bar([t], [1], color=[t], edgecolor=t)",
        "plt.imshow([[1]], cmap=t); plt.colorbar(label=t)",
        "plt.savefig(t); plt.yscale(t); plt.axis(t)",
    ],
)
def test_texts_of_programs_are_texts(call: str) -> None:
    run = Run(f"t = {BAD}\nplt.plot([1, 2])\n{call}\nplt.show()")
    for picture in run.pictures:  # it was parsed, so it is well-formed
        tags = {element.tag.partition("}")[2] for element in picture.iter()}
        assert tags <= {"svg", "title", "style", "rect", "clipPath", "g", "path", "text", "circle"}
        joined = "".join(picture.itertext())
        assert not any(sign in joined for sign in "\x1b\x00\u202e\ud800")
    for text in run.texts:
        assert not any(sign in text for sign in "\x1b\x00\u202e\u2028\ud800")


ODD = [
    "plt.plot([float('nan')] * 3)",
    "plt.plot([1e308, -1e308]); plt.xlim(-1e308, 1e308)",
    "plt.plot([1e-320, 1]); plt.yscale('log')",
    "plt.plot([-1, 0]); plt.yscale('log')",
    "plt.plot([5]); plt.xlim(3, 3)",
    "plt.plot([1, 2]); plt.axis([2, 1, 4, 3])",
    "plt.plot([1, 2], lw=1e300, ms=float('nan'), marker='o', alpha=float('nan'))",
    "plt.plot([1, 2], zorder=float('nan')); plt.scatter([1], [1], s=[1e300])",
    "plt.plot([1, 2]); plt.gcf().set_size_inches(float('nan'), 1e300)",
    "plt.bar([1, float('nan')], [float('inf'), 2])",
    "plt.fill_between([1, 2, 3], [1, float('nan'), 2], 1e308)",
    "plt.axhline(float('nan')); plt.axvspan(1e300, -1e300)",
    "plt.text(float('inf'), 0, 'x', fontsize=1e300); plt.arrow(0, 0, float('inf'), 1)",
    "plt.imshow([[float('nan')] * 3] * 3); plt.colorbar()",
    "plt.imshow(torch.zeros(0, 3))",
    "plt.contourf([[float('nan')] * 3] * 3)",
    "plt.contour([[1e308, -1e308], [1, 2]])",
    "plt.hist([]); plt.plot([]); plt.scatter([], []); plt.bar([], [])",
    "plt.hist([float('nan'), 1])",
    "plt.plot([1, 2]); plt.xticks([1, 1, 1], []); plt.yticks([1, 2, 3], ['a', 'b', 'c'])",
    "plt.plot([1, 2]); plt.legend()",
    "plt.scatter([1, 2], [1, 2], c=[float('nan')] * 2); plt.colorbar()",
    "plt.plot(3); plt.plot(3, 4, 'o'); plt.plot(True)",
    "plt.plot('a', 'b', 'c')",
]


@pytest.mark.parametrize("program", ODD)
def test_odd_numbers_make_pictures(program: str) -> None:
    run = Run(f"{program}\nplt.show()")
    assert len(run.pictures) == 1
    assert run.left_out == []
    for picture in run.pictures:
        for element in picture.iter():
            assert not any("nan" in v or "inf" in v for k, v in element.items() if k != "style")


LARGE = [
    "plt.plot(torch.randn(1_000_000))",
    "plt.scatter(torch.randn(1_000_000), torch.randn(1_000_000))",
    "plt.bar(range(300_000), range(300_000))",
    "plt.errorbar(range(300_000), range(300_000), yerr=1)",
    "plt.hist(torch.randn(1_000_000), bins=100_000)",
    "plt.imshow(torch.randn(2000, 2000))",
    "plt.contourf(torch.randn(1000, 1000))",
    "plt.plot([1]); plt.xticks(range(100_000), ['x' * 900] * 100_000)",
    "plt.title('x' * 10_000_000); plt.plot([1])",
]


@pytest.mark.parametrize("program", LARGE)
def test_large_data_makes_pictures_of_a_size(program: str) -> None:
    from xml.etree import ElementTree

    picture = Run(f"{program}\nplt.show()").pictures[0]
    assert len(ElementTree.tostring(picture)) < 8_000_000


def test_thinned_lines_keep_their_peaks() -> None:
    program = "x = torch.zeros(100_000)\nx[54_321] = 7\nplt.plot(x, 'r')\nplt.show()"
    (line,) = elements(Run(program).pictures[0], "path", stroke="#ff0000")
    heights = [y for _, y in points(line)]
    assert len(heights) < 10_000
    assert min(heights) < max(heights) - 200


def test_a_legend_shows_markers_as_they_are_and_its_title() -> None:
    program = """
plt.scatter([0, 1], [0, 1], marker="s", label="squares")
plt.plot([0, 1], [1, 0], "^", label="triangles")
plt.legend(title="kinds")
plt.show()
"""
    picture = Run(program).pictures[0]
    assert "kinds" in words(picture)
    squares = elements(picture, "rect", fill=BLUE)
    assert len(squares) == len(elements(picture, "polygon", fill=BLUE)) == 3
    assert not elements(picture, "circle")


def test_pictures_that_are_see_through_have_no_seams() -> None:
    program = "plt.imshow([[0, 1], [2, 3]], alpha=0.25)\nplt.show()"
    picture = Run(program).pictures[0]
    (group,) = (each for each in elements(picture, "g") if each.get("opacity"))
    assert group["opacity"] == "0.25"
    assert not any(each.get("fill_opacity") for each in elements(picture, "rect"))


def test_points_lie_above_their_bars_of_uncertainty() -> None:
    text = Run("plt.errorbar([0, 1, 2], [1, 3, 2], yerr=0.5, fmt='o')\nplt.show()").texts[0]
    assert text.count("●") == 3

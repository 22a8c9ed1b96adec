"""Figures at the prompt."""

from __future__ import annotations

from terminal import Terminal


def test_the_prompt_draws_and_tells_what_it_left_out(shared: Terminal) -> None:
    shared.enter("import matplotlib.pyplot as plt")
    shared.enter("line, = plt.plot([1, 2, 4], label='growing')")
    assert "left out of the figures: quiver" in shared.enter("q = plt.quiver(1)")
    shared.enter("names = plt.legend()")
    shown = shared.enter("plt.show()")
    assert "growing" in shown
    assert "\u2524" in shown  # a tick
    assert "growing" not in shared.enter("plt.show()")


def test_plot_and_figures_have_one_look(shared: Terminal) -> None:
    assert "\u2524" in shared.enter("%plot sin -3 3")

"""Programs that draw, and the pictures they show."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from gradcli.language.interpreter import Session, compile_program
from gradcli.plot.svg import svg
from gradcli.plot.terminal import draw

START = "import torch\nimport numpy as np\nimport matplotlib.pyplot as plt\n"
SVG = "{http://www.w3.org/2000/svg}"


class Run:
    """What a program printed, the pictures it showed, and what was left out of them."""

    def __init__(self, program: str, *, width: int = 80, colour: bool = False) -> None:
        self.pictures: list[ElementTree.Element] = []
        self.texts: list[str] = []
        self.printed: list[str] = []

        def show(figure: Any) -> bool:
            self.pictures.append(ElementTree.fromstring(svg(figure)))
            self.texts.append(draw(figure, width, colour=colour, ascii=False))
            return True

        session = Session(stdout=self.printed.append, show_figure=show)
        compiled = compile_program(START + program, mode="python")
        session.run(compiled, fresh=True)
        self.output = "".join(self.printed)
        pyplot = session.pyplot
        self.left_out = [] if pyplot is None else pyplot.notes.take()


def words(picture: ElementTree.Element) -> list[str]:
    """The texts of a picture."""
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def elements(picture: ElementTree.Element, tag: str, **having: str) -> list[dict[str, str]]:
    """The attributes of the elements of a kind that have these attributes."""
    found = [element.attrib for element in picture.iter(SVG + tag)]
    wanted = {name.replace("_", "-"): value for name, value in having.items()}
    return [each for each in found if wanted.items() <= each.items()]


def points(path: dict[str, str]) -> list[tuple[float, float]]:
    """The points of a path of straight lines."""
    pairs = re.findall(r"[ML](-?[\d.e+-]+) (-?[\d.e+-]+)", path["d"])
    return [(float(x), float(y)) for x, y in pairs]

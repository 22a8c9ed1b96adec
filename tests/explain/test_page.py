"""The HTML page of an explanation: what is in it, and how it behaves in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import CHROMIUM, Page, browser

COMMAND = [sys.executable, "-c", "from gradcli.cli.main import main; main()"]

SMALL = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor(3.0, requires_grad=True)
h = w * x
loss = h.sum()
loss.backward()
"""
HOSTILE = """\
import torch
x = torch.tensor(2.0, requires_grad=True)
boxes = {"</script><img src=x onerror=alert(1)>": x * 3, '"><b id="inner">': x * 4}
y = boxes["</script><img src=x onerror=alert(1)>"] * 5 + boxes['"><b id="inner">']
"""


def large(count: int) -> str:
    """A program with a graph of `count` operations that are all different places."""
    lines = ["import torch", "x0 = torch.tensor(0.5, requires_grad=True)"]
    for number in range(1, count + 1):
        other = f"x{max(number - 7, 0)}"
        form = (f"torch.sin(x{number - 1})", f"x{number - 1} * {other}", f"x{number - 1} + {other}")
        lines.append(f"x{number} = {form[number % 3]}")
    return "\n".join(lines) + "\n"


def written(folder: Path, program: str, *options: str) -> Path:
    """The page for a program, as a file."""
    source, found = folder / "p.grad", folder / "page.html"
    source.write_text(program)
    done = subprocess.run(
        [*COMMAND, "explain", str(source), "--format", "html", *options],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    found.write_bytes(done.stdout)
    return found


class Elements(HTMLParser):
    """The elements of a page with their attributes, and the texts of some."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"style": [], "script": []}
        self.tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.tag = tag

    def handle_data(self, data: str) -> None:
        if self.tag in self.texts:
            self.texts[self.tag].append(data)

    def handle_endtag(self, tag: str) -> None:
        self.tag = ""


@pytest.mark.parametrize("program", [SMALL, HOSTILE, large(30)], ids=["small", "hostile", "large"])
def test_the_policy_allows_what_is_there_and_nothing_else(tmp_path: Path, program: str) -> None:
    text = written(tmp_path, program).read_text()
    page = Elements(text)
    (policy,) = (
        attributes["content"]
        for tag, attributes in page.found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.split(" ", 1) for rule in (policy or "").split("; "))
    assert rules["default-src"] == "'none'"
    for kind in ("style", "script"):
        (own,) = page.texts[kind]
        digest = b64encode(sha256(own.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    for tag, attributes in page.found:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form", "a", "b")
        for name in attributes:
            assert not name.startswith("on")
            assert name not in ("style", "src", "href", "xlink:href", "srcset", "action")
    assert not re.search(r"url\(\s*[^#\s]|@import|https?://", text)


def test_several_results_are_one_page(tmp_path: Path) -> None:
    program = "import torch\nx = torch.tensor(2.0, requires_grad=True)\nu = x * 2\nv = x ** 3\n"
    page = Elements(written(tmp_path, program).read_text())
    articles = [attributes["id"] for tag, attributes in page.found if tag == "article"]
    assert len(articles) == len(set(articles)) == 4  # a step and an input for each
    assert sum(tag == "svg" for tag, _ in page.found) == 2


# -------------------------------------------------------------------- in a browser

in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


def opened(page: Page) -> list[str]:
    """The headings of the steps that are seen."""
    return page.value(  # type: ignore[no-any-return]
        "[...document.querySelectorAll('article')].filter((a) => a.checkVisibility())"
        ".map((a) => a.querySelector('h2').textContent)"
    )


def quiet(page: Page, path: Path) -> None:
    """Nothing was loaded but the page, and nothing stands in the console."""
    assert page.loaded == [path.as_uri()]
    assert page.complaints == []


@in_a_browser
def test_a_click_opens_a_step_with_its_numbers(page: Page, tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    page.open(path)
    assert opened(page) == ["1. SumBackward0"]
    page.click(".box[aria-label^='step 2']")
    assert opened(page) == ["2. MulBackward0"]
    shown = page.value("document.querySelector('article.open').innerText")
    assert "w * x" in shown and "tensor([3., 3.])" in shown and "becomes []" in shown
    page.click(".box[aria-label^='input, w']")
    assert opened(page) == ["dloss/dw"]
    page.click(".list button")
    assert opened(page) == ["1. SumBackward0"]
    page.click("article.open button")  # the step that it passes to
    assert opened(page) == ["2. MulBackward0"]
    quiet(page, path)


@in_a_browser
def test_keys_open_every_step(page: Page, tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    page.open(path)
    seen = opened(page)
    for _ in range(3):
        page.press("ArrowDown")
        seen += opened(page)
    assert seen == ["1. SumBackward0", "2. MulBackward0", "dloss/dx", "dloss/dw"]
    page.press("ArrowUp")
    assert opened(page) == ["dloss/dx"]
    page.press("Escape")
    assert opened(page) == []
    page.press("Home")
    assert opened(page) == ["1. SumBackward0"]
    page.press("Escape")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.value(focused).startswith("step 1")
    page.press("Enter")
    assert opened(page) == ["1. SumBackward0"]
    page.press("/")
    for letter in "w * x":
        page.press(letter)
    listed = "[...document.querySelectorAll('.list li')].filter((i) => i.checkVisibility()).length"
    assert page.value(listed) == 1
    quiet(page, path)


@in_a_browser
def test_the_page_is_as_light_or_dark_as_the_screen(page: Page, tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)

    def brightness(selector: str, what: str) -> float:
        found = page.value(f"getComputedStyle(document.querySelector('{selector}')).{what}")
        return sum(map(float, re.findall(r"[\d.]+", found)[:3])) / 3

    pairs = [
        ("body", "backgroundColor", "color"),
        ("pre", "backgroundColor", "color"),
        (".box.leaf rect", "fill", "stroke"),
        (".box.operation rect", "fill", "stroke"),
    ]
    for scheme, light in (("light", True), ("dark", False)):
        page.scheme(scheme)
        page.open(path)
        for selector, ground, ink in pairs:
            lighter, darker = brightness(selector, ground), brightness(selector, ink)
            assert abs(lighter - darker) > 60, (scheme, selector)
            assert (lighter > darker) is light, (scheme, selector)
        assert (brightness(".box text", "fill") < 128) is light
        quiet(page, path)
    page.scheme("light")


@in_a_browser
def test_five_hundred_steps_are_usable(page: Page, tmp_path: Path) -> None:
    path = written(tmp_path, large(500), "--of", "x500")
    page.open(path)
    assert page.value("document.querySelectorAll('.box').length") == 501
    assert page.value("getComputedStyle(document.querySelector('.box text')).fontSize") == "12px"
    size = "document.querySelector('.picture svg').getBoundingClientRect()"
    frame = "document.querySelector('.picture').getBoundingClientRect()"
    before = page.value(f"{size}.height")
    page.press("0")  # all of it
    assert page.value(f"{size}.height <= {frame}.height + 1 && {size}.width <= {frame}.width + 1")
    page.press("1")
    assert page.value(f"{size}.height") == before
    inside = (
        "(() => { const b = document.querySelector('.box.open').getBoundingClientRect(),"
        f"f = {frame}; return b.left >= f.left - 1 && b.right <= f.right + 1 &&"
        "b.top >= f.top - 1 && b.bottom <= f.bottom + 1; })()"
    )
    for selector, heading in (("[data-step=r0s250]", "250. "), ("[data-step=r0s499]", "499. ")):
        page.click(f".list {selector}")
        assert opened(page)[0].startswith(heading)
        assert page.value(inside)
    page.press("ArrowDown")
    assert opened(page)[0].startswith("500. ")
    assert page.value(inside)
    quiet(page, path)


@in_a_browser
def test_texts_of_a_program_are_only_texts(page: Page, tmp_path: Path) -> None:
    path = written(tmp_path, HOSTILE)
    page.open(path)
    assert page.value("document.querySelectorAll('img, #inner').length") == 0
    assert "<img src=x onerror=alert(1)>" in page.value("document.body.textContent")
    page.press("End")
    quiet(page, path)


@in_a_browser
def test_the_policy_stops_what_is_put_into_the_page(page: Page, tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    page.open(path)
    stopped = page.value(
        "new Promise((done) => { const found = [];"
        "document.addEventListener('securitypolicyviolation', (event) => {"
        "found.push(event.effectiveDirective); if (found.length === 3) done(found.sort()); });"
        "const add = (tag, more) => document.body.append("
        "Object.assign(document.createElement(tag), more));"
        "add('img', {src: 'data:image/gif;base64,R0lGODlhAQABAAAAACw='});"
        "add('script', {textContent: 'window.ran = 1'});"
        "add('style', {textContent: 'body {color: red}'}); })"
    )
    assert stopped == ["img-src", "script-src-elem", "style-src-elem"]
    assert page.value("window.ran") is None

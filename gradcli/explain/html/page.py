"""The page: the graph drawn, and each step with its numbers behind a click or a key.

It loads nothing and runs nothing but its own script: the policy in its head allows the style and
the script with these hashes and nothing else. Texts of a program pass `escapers.markup`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from gradcli.explain.causes import brief
from gradcli.explain.text import joined, repeated, start, summary, summed
from gradcli.explain.told import Step, Told, Total
from gradcli.render import svg
from gradcli.render.drawing import Box, Drawing, norm_text
from gradcli.render.escapers import markup
from gradcli.render.graph import label
from gradcli.render.names import Names
from gradcli.tensor.tensor import Tensor

LONGEST, LISTED = 2000, 100  # characters of a step's text, and of its line in the list
_HERE = Path(__file__).parent


def page(all_told: Sequence[Told], names: Names) -> str:
    """The explanations of some results as one page. Raises TooLarge."""
    style = svg.style() + (_HERE / "page.css").read_text(encoding="utf-8")
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    title = ", ".join(f"d{told.short}" for told in all_told)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{markup(title)} explained</title><style>{style}</style></head><body>",
        "<header>",
    ]
    for told in all_told:
        lines += _head(told)
    lines += ["</header><main>", '<div class="graph">', _TOOLS]
    drawn = [
        (number, told.drawing, told)
        for number, told in enumerate(all_told)
        if told.drawing is not None
    ]
    for number, drawing, told in drawn:
        lines += _picture(drawing, told, f"r{number}", names, number == drawn[0][0])
    lines += ["</div><aside>", '<ul class="list">']
    for number, _, told in drawn:
        lines += _list(told, f"r{number}")
    lines += ["</ul>", '<div class="panel" aria-live="polite">', _HINT]
    for number, _, told in drawn:
        for step in told.steps:
            lines += _step(step, f"r{number}")
        for place, total in enumerate(told.totals):
            lines += _total(told, total, f"r{number}i{place}", f"r{number}")
    lines += ["</div></aside></main>", f"<script>{script}</script></body></html>", ""]
    return "\n".join(lines)


_TOOLS = (
    '<div class="tools"><button type="button" data-zoom="0.8" aria-label="smaller">−</button>'
    '<button type="button" data-zoom="1.25" aria-label="larger">+</button>'
    '<button type="button" data-zoom="0">all of it</button>'
    '<button type="button" data-zoom="1">its size</button>'
    '<input type="search" placeholder="find a step" aria-label="find a step">'
    "<span><kbd>↓</kbd> <kbd>↑</kbd> go from step to step, <kbd>Enter</kbd> opens one, "
    "<kbd>Esc</kbd> closes it, <kbd>+</kbd> <kbd>−</kbd> <kbd>0</kbd> size, <kbd>/</kbd> find"
    "</span></div>"
)


_HINT = '<p class="hint facts">Choose a box of the graph, or a step of the list.</p>'


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _head(told: Told) -> Iterator[str]:
    yield f"<h1>Where d{markup(told.short)} comes from</h1>"
    yield f"<p><code>{markup(told.name)}</code> is</p>{_value(told.value)}"
    if told.drawing is not None:
        yield f'<p class="facts">The walk starts with {markup(start(told))}.</p>'
    if told.summary is not None:
        found = "".join(f"<li>{markup(line)}</li>" for line in summary(told, told.summary))
        yield f"<ul>{found}</ul>"
    if told.reasons:
        lines = [markup(line) for text in told.reasons for line in text.split("\n")]
        shut = "" if told.drawing is None else f"<details><summary>{lines[0]}</summary>"
        rest = "\n".join(lines if told.drawing is None else lines[1:])
        yield f'<div class="reasons">{shut}<pre>{rest}</pre>{"</details>" if shut else ""}</div>'


def _picture(drawing: Drawing, told: Told, lead: str, names: Names, first: bool) -> Iterator[str]:
    steps = {step.box: (f"{lead}s{step.number}", f"step {step.number}") for step in told.steps}
    for place, total in enumerate(told.totals):
        box = drawing.box_of.get(total.node)
        if box is not None and box.closed is None:
            steps[box] = (f"{lead}i{place}", "input")
    found = svg.placed(drawing, names)
    start = min(steps.values(), default=("", ""), key=lambda item: item[1] != "step 1")[0]
    attributes = {
        box: f'data-step="{identity}" role="button" tabindex="{_tab(identity == start and first)}" '
        f'aria-pressed="false" aria-label="{markup(_spoken(box, kind, names))}"'
        for box, (identity, kind) in steps.items()
    }
    size = f'width="{found.width:.0f}" height="{found.height:.0f}"'
    yield (
        f'<div class="picture"><svg {size} viewBox="0 0 {found.width:.0f} {found.height:.0f}" '
        f'font-family="monospace" font-size="12" role="group" '
        f'aria-label="the graph of {markup(told.name)}">'
    )
    yield from svg.contents(found, names, attributes)
    yield "</svg></div>"


def _tab(reached: bool) -> str:
    return "0" if reached else "-1"


def _spoken(box: Box, kind: str, names: Names) -> str:
    return ", ".join([kind, *label(box, 0, names)])


def _list(told: Told, lead: str) -> Iterator[str]:
    for step in told.steps:
        text = _cut(step.text or step.node, LISTED)
        times = f" × {step.times:,}" if step.times > 1 else ""
        size = norm_text(step.most) if step.passings else ""
        yield (
            f'<li><button type="button" data-step="{lead}s{step.number}">'
            f"<span>{step.number}</span><span>{markup(text)}{times}</span>"
            f"<span>{size}</span></button></li>"
        )
    for place, total in enumerate(told.totals):
        size = "None" if total.grad is None else norm_text(total.norm)
        yield (
            f'<li><button type="button" data-step="{lead}i{place}"><span>=</span>'
            f"<span>d{markup(told.short)}/d{markup(total.name)}</span><span>{size}</span>"
            "</button></li>"
        )


def _step(step: Step, lead: str) -> Iterator[str]:
    yield f'<article id="{lead}s{step.number}">'
    yield f"<h2>{step.number}. {markup(step.node)}</h2>"
    if step.text:
        yield f"<pre>{markup(_cut(step.text, LONGEST))}</pre>"
    facts = [step.place, f"in {step.module}" if step.module else ""]
    facts += [repeated(step)] if step.alike else []
    for fact in filter(None, [*facts, *step.notes]):
        yield f'<p class="facts">{markup(fact)}</p>'
    if step.value is not None:
        yield f"<h3>value</h3>{_value(step.value)}"
    for arrival in step.arrivals:
        where = f" at output {arrival.output}" if arrival.output is not None else ""
        yield f"<h3>arrives{where}</h3>{_value(arrival.grad)}"
        if arrival.sources:
            yield f'<p class="facts">{markup(joined(arrival.sources))}</p>'
            yield _links([source.step for source in arrival.sources], lead)
        if arrival.hooked is not None:
            yield f"<h3>a hook makes it</h3>{_value(arrival.hooked)}"
    for passing in step.passings:
        formula = f" = <code>{markup(passing.formula)}</code>" if passing.formula else ""
        yield f"<h3>to <code>{markup(passing.to)}</code>{formula}</h3>"
        if passing.slope is not None:
            yield f'<p class="facts">local derivative</p>{_value(passing.slope)}'
        if passing.wide is not None:
            yield f'<p class="facts">{markup(summed(passing))}</p>'
        yield f'<p class="facts">passes on</p>{_value(passing.grad)}'
        if passing.step is not None:
            yield _links([passing.step], lead)
    yield "</article>"


def _total(told: Told, total: Total, identity: str, lead: str) -> Iterator[str]:
    yield f'<article id="{identity}">'
    yield f"<h2>d{markup(told.short)}/d{markup(total.name)}</h2>"
    yield "<p>None</p>" if total.grad is None else _value(total.grad)
    if total.sources:
        yield f'<p class="facts">{markup(joined(total.sources))}</p>'
        yield _links([source.step for source in total.sources], lead)
    if total.hooked is not None:
        yield f"<h3>a hook makes it</h3>{_value(total.hooked)}"
    yield "</article>"


def _links(steps: Sequence[int], lead: str) -> str:
    shown = list(dict.fromkeys(steps))[:12]
    found = (
        f'<button type="button" data-step="{lead}s{step}">step {step}</button>' for step in shown
    )
    return f"<p>{' '.join(found)}</p>"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _value(value: Tensor) -> str:
    return f"<pre>{chr(10).join(map(markup, brief(value).split(chr(10))))}</pre>"

"""Texts of a program: one escaper for XML, one for a terminal, and a length for both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# What makes a text of a list, a tensor or an array; the language puts its own there, which looks
# at the size before.
text_of: list[Callable[[Any], str]] = [str]
LONGEST = 1000  # characters of a text that are kept
_REORDERING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def words(value: Any) -> str:
    """What a program gives for a text, cut to a length that can be read."""
    text = value if isinstance(value, str) else text_of[-1](value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def escaped(text: str) -> str:
    """Text for XML, which has no control characters."""
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text if text.isprintable() else "".join(c if _is_text(c) else "?" for c in text)


def inline(text: str) -> str:
    """One line of text for XML, without TeX's dollars."""
    return escaped(without_tex(text.replace("\n", " ")))


def _is_text(c: str) -> bool:
    """Whether a character may stand in XML and does not reorder its neighbours."""
    control = c < " " or "\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff"
    return not control and c not in "\ufffe\uffff" and c not in _REORDERING


def plain(text: str) -> str:
    """One line for a terminal, without what would steer it, and without TeX's dollars."""
    text = without_tex(text)
    return "".join(c if c.isprintable() and _is_text(c) else " " for c in text).strip()


_TEX = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "eta": "η", "Delta": "Δ", "Sigma": "Σ",
    "Omega": "Ω", "Phi": "Φ", "nabla": "∇", "partial": "∂", "sum": "∑", "infty": "∞",
    "times": "×", "cdot": "·", "leq": "≤", "geq": "≥", "le": "≤", "ge": "≥", "neq": "≠",
    "rightarrow": "→", "to": "→", "pm": "±", "sqrt": "√", "approx": "≈", "circ": "°",
    "quad": " ", "left": "", "right": "", "mathrm": "", "mathbf": "", "mathcal": "", "text": "",
    "bf": "", "rm": "", "hat": "", "bar": "", "vec": "", "sin": "sin", "cos": "cos",
    "exp": "exp", "log": "log", "ln": "ln", "tanh": "tanh", "frac": "",
}  # fmt: skip
_RAISED = str.maketrans("0123456789+-=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")


def without_tex(text: str) -> str:
    """`$\\alpha^2$` as `α²`: letters, powers and indices of formulas between dollars."""
    pieces = text.split("$")
    if len(pieces) < 3:
        return text
    for at in range(1, len(pieces) - 1, 2):
        pieces[at] = _formula(pieces[at])
    return "".join(pieces)


def _formula(text: str) -> str:
    found: list[str] = []
    at = 0
    while at < len(text):
        c = text[at]
        at += 1
        if c == "\\":
            end = at
            while end < len(text) and text[end].isascii() and text[end].isalpha():
                end += 1
            name = text[at:end]
            found.append(_TEX.get(name, name) if name else "")
            at = end if name else at + 1
        elif c in "^_":
            end = text.find("}", at) if text[at : at + 1] == "{" else at + 1
            end = len(text) if end < 0 else end
            inner = text[at:end].lstrip("{")
            table = _RAISED if c == "^" else _LOWERED
            moved = inner.translate(table)
            fits = all(ord(letter) in table for letter in inner)
            found.append(moved if fits else c + inner)
            at = end + (text[at : at + 1] == "{")
        elif c not in "{}":
            found.append(c)
    return "".join(found)

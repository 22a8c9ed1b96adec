"""The Greek letters by the names that LaTeX and prompts give them."""

from __future__ import annotations

# In the order of Unicode, from U+03B1; `sigmaf` is the sigma at a word's end.
GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigmaf", "sigma", "tau", "upsilon"),
    *("phi", "chi", "psi", "omega"),
)  # fmt: skip
# Capitals and small letters by name; `Omega` is a capital.
LETTERS = {name: chr(0x3B1 + place) for place, name in enumerate(GREEK)}
LETTERS |= {
    name.capitalize(): chr(0x391 + place) for place, name in enumerate(GREEK) if name != "sigmaf"
}

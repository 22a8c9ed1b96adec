"""What a misspelt name was meant to be."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def near(name: str, candidates: Iterable[str], limit: int = 3) -> list[str]:
    """The candidates that `name` is probably a misspelling of, the nearest first.

    Near is: the same but for case and underscores, or few edits away (a neighbouring pair swapped
    counts as one): one for up to 5 characters, two for up to 9, three for more. Letters that were
    left out are likelier than wrong ones.
    """
    allowed = 1 if len(name) <= 5 else 2 if len(name) <= 9 else 3
    plain = name.lower().replace("_", "")
    letters = sorted(name)
    found: list[tuple[float, int, str]] = []
    for index, candidate in enumerate(candidates):
        if candidate == name:
            continue
        if candidate.lower().replace("_", "") == plain and plain:
            found.append((0.5, index, candidate))
            continue
        if abs(len(candidate) - len(name)) > allowed or min(len(candidate), len(name)) < 2:
            continue
        if _unshared(letters, candidate) > 2 * allowed:
            continue
        distance = _distance(name, candidate, allowed)
        if distance <= allowed and distance < max(len(name), len(candidate)) - 1:
            other = name[0].lower() != candidate[0].lower()
            wrong = not _left_out(name, candidate)
            found.append((distance + 0.1 * other + 0.05 * wrong, index, candidate))
    found.sort()
    if found:
        most = found[0][0] + (1 if found[0][0] >= 1 else 0)
        found = [entry for entry in found if entry[0] <= most]
    unique = list(dict.fromkeys(candidate for _, _, candidate in found))
    return unique[:limit]


def _left_out(name: str, candidate: str) -> bool:
    """Whether letters of the candidate were left out in the name, and nothing else is wrong."""
    rest = iter(candidate)
    return all(letter in rest for letter in name)


def _unshared(letters: list[str], candidate: str) -> int:
    """How many characters of either are not in the other."""
    rest = list(letters)
    alone = 0
    for character in candidate:
        if character in rest:
            rest.remove(character)
        else:
            alone += 1
    return alone + len(rest)


def _distance(a: str, b: str, most: int) -> int:
    """Edits from `a` to `b` (insert, delete, replace, swap neighbours); stops above `most`."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and y == a[i - 2]:
                best = min(best, older[j - 2] + 1)
            row.append(best)
        if min(row) > most:
            return most + 1
    return row[-1]


def did_you_mean(names: Sequence[str], form: str = "`{}`") -> str:
    """The help for a misspelt name, from what `near` found; empty where it found nothing.

    `form` is how a name is written, as `--{}` for options.
    """
    if not names:
        return ""
    *others, last = (form.format(name) for name in names)
    return f"did you mean {', '.join(others)}{' or ' * bool(others)}{last}?"

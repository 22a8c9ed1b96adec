"""Objects of a program that change what the host shows or compares, and those that change nothing.

What they print is what CPython prints: the care that is taken is not seen.
"""

from __future__ import annotations

import pytest
from programs import cpython, run

OBJECTS = """
class E:
    def __init__(self, v): self.v = v
    def __eq__(self, o): return isinstance(o, E) and self.v == o.v
    def __lt__(self, o): return self.v < o.v
    def __repr__(self): return f"E{self.v}"
    def __hash__(self): return hash(self.v)
    def __index__(self): return 7
    def __float__(self): return 1.5
class C:
    n = 0
    def __repr__(self):
        C.n += 1
        return f"<{C.n}>"
class S(E):
    def __str__(self): return "str"
class X(ValueError):
    pass
class Y(ValueError):
    def __str__(self): return "own"
a, b, c = E(1), E(2), E(1)
"""

PROGRAMS = {
    "texts": """
print([a, [b]], (a, {1: b}), {a}, {"k": (a, [b])}, f"{[a, b]!r:>20}|{[a]}", str((S(1), [S(2)])))
print("%s %r %5s|" % (a, [b], S(3)), "%(a)s %(a)r" % {"a": S(1)}, "%s" % [a], "%s" % S(1))
print("%d %f %s" % (a, a, [a]), "{} {!r}".format([a], {1: b}))
print(ValueError(a, [b]), repr(KeyError([a])), str(KeyError([a])), [X(a, [b]), Y(a)], str(Y([a])))
x = [a]
x.append(x)
print(x)
""",
    "said in turn": """
c = C()
print([c, c, {c: c}])
print((c, [c, [c]]), f"{[c]} {(c,)}")
print("%s %r" % ([c], (c, c)))
""",
    "comparisons": """
print([a, [b]] == [c, [E(2)]], [a] != [c], [a, 1] < [c, 2], [a] < [c, 2], [[a], 1] >= [[c], 1])
print((a, b) <= (c, b), {1: [a]} == {1: [c]}, {1: [a]} == {2: [c]}, [a, b] == (a, b))
print([a] == a, a == [a], [a] == 5, 5 == [a], [a] is [a], [a] == [c] == [E(1)], [a] < [b] < [b])
print([a] in [[c]], [b] in [[c]], [b] not in [[c]], [a] in {1: [c]}.values())
print([[c], [b]].index([b]), [[c], [b], [E(1)]].count([a]), ([a], [b]).index([b]))
print([[b], [a], [b]].index([b], 1), [[b], [a], [b]].index([b], -2))
l = [[a], [b]]
l.remove([E(2)])
print(l)
try: l.remove([b])
except ValueError as e: print(e)
try: [a] < [5]
except AttributeError as e: print(e)
""",
    "orders": """
print(sorted([[b, 1], [a, 5], [c, 2]]), max([[a], [b]]), min([b], [a]), max([a, b]), min(b, a))
print(sorted([3, 1], key=lambda i: [E(i)]), max([1, 3, 2], key=lambda i: [E(i)]))
print(sorted([(2, [a]), (1, [b])], reverse=True), sorted([b, a]), min([[b], [a]], key=lambda v: v))
l = [(b, [a]), (a, [b])]
l.sort()
print(l)
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_as_in_cpython(name: str) -> None:
    program = OBJECTS + PROGRAMS[name]
    assert run(program) == cpython(program)


def test_what_comes_into_a_container_while_it_is_shown() -> None:
    text, error = run(
        "l = []\n"
        "class G:\n"
        "    def __repr__(self):\n"
        "        l.append(G())\n"
        "        return 'G'\n"
        "l.append(G())\n"
        "print(l)\n"
    )
    assert (text, error) == ("", "RuntimeError: a container was changed while its text was made")

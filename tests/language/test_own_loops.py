"""What the language counts in functions of its own does what CPython's own functions do."""

from __future__ import annotations

import pytest
from programs import cpython, run

PROGRAMS = {
    "groupby": """
import itertools
for key, group in itertools.groupby("aabccc"): print(key, list(group))
print([key for key, group in itertools.groupby([1, 1, 2, 3, 3])])
groups = [group for key, group in itertools.groupby([1, 1, 2])]
print([list(group) for group in groups])
for key, group in itertools.groupby(range(6), key=lambda v: v // 2): print(key, next(group))
print(list(itertools.groupby([])))
pairs = itertools.groupby([1, 1, 2])
key, first = next(pairs)
print(next(first), next(first), list(first), next(pairs)[0], list(first))
""",
    "count and repeat": """
import itertools
print(itertools.count(), itertools.count(2, 0.5), itertools.repeat("a"), itertools.repeat([1], 2))
print(list(itertools.islice(itertools.count(1.5, 2), 3)), list(itertools.repeat(1, 3)))
print(list(itertools.repeat(1, -1)), list(zip(itertools.count(), "ab")))
print(list(itertools.starmap(pow, [(2, 3), [3, 2]])), list(itertools.starmap(max, ["ab"])))
""",
    "counter": """
import collections
c = collections.Counter("abracadabra")
d = collections.Counter(a=1, b=-2, z=3)
print(c + d, c - d, c & d, c | d, c == d, c.total(), c.most_common(2), d.most_common())
c += d
print(c)
c -= collections.Counter(a=5)
print(c)
c |= collections.Counter(q=2)
c &= collections.Counter(q=1, r=9)
print(c, list(collections.Counter(a=2, b=0, c=-1).elements()))
c.update("qq")
c.update({"q": 1.5})
c.subtract("q", z=1)
c.subtract({"q": 1})
print(c, c["none"], collections.Counter([1, 1]), collections.Counter())
""",
    "ordered": """
import collections
o = collections.OrderedDict([("a", 1), ["b", 2]], c=3)
print(o.pop("a"), list(o), o.setdefault("d", 4), o.move_to_end("b"))
print(o, o.popitem(last=False))
o |= {"e": 5}
print(o, o == {"b": 2, "d": 4, "e": 5}, o.items(), o.keys(), o.values(), o.copy())
d = collections.defaultdict(list, [(1, [2])], a=[])
d[5].append(1)
d |= {7: [8]}
print(d, d == {1: [2], "a": [], 5: [1], 7: [8]})
""",
    "dict": """
print(dict([(1, 2), [3, 4], "ab"], x=5), dict({1: 2}, y=3), dict(zip("ab", [1, 2])), dict())
d = {}
d.update([(1, 2)], a=1)
d.update({3: 4})
d |= [("k", "v")]
print(d, d.keys() & [1, 9], {1: 2}.keys() | {3}, {1: 2}.keys() - (1,), [4] & {4: 1}.keys())
class M:
    def keys(self): return ["a", "b"]
    def __getitem__(self, key): return key * 2
print(dict(M()))
""",
    "sorting": """
print(sorted([3, 1, 2], key=lambda v: -v), sorted("bca", reverse=True))
print(sorted([(1, "b"), (0, "c"), (1, "a")], key=lambda p: p[0], reverse=True))
l = [5, 2, 8]
print(l.sort(key=lambda v: v % 5), l, max("ab", "b", key=len))
print(min([3, 1], default=0), max([], default=7))
print(max([[1, 2], [1, 3]]), min((2, "b"), (2, "a")))
print(max(i for i in [1, 4]), sum([[1], [2]], []))
print(sum([1, 2.5]), sum([True, 2]), sum((0.1,) * 10), sum([]), sum([1], 2.5))
""",
    "percent": """
class M:
    def __getitem__(self, key): return key + "!"
print("%(a)s %(b)5s" % M(), "%(a)d" % {"a": 3}, "%s" % [1])
print("%*d|%.*f" % (5, 3, 2, 1.5))
print("100%% %s" % 1, "%(a(b))s" % {"a(b)": 1}, "%r" % "q")
""",
    "round": """
print(round(1234, -2), round(-15, -1), round(1234, -20))
print(round(2.675, 2), round(5, 3), round(True, 1))
print("a".center(True), "ab".zfill(4), "a\\tb".expandtabs(4), "aaa".replace("a", "b", 2))
""",
    "random": """
import random
random.seed(3)
print(random.random(), random.uniform(1, 2), random.gauss(1, 2), random.normalvariate(0, 1))
print(random.betavariate(2, 3), random.expovariate(2), random.triangular(0, 1, 0.3))
print(random.randint(1, 10), random.randrange(0, 10, 3), random.choice("abc"))
print(random.sample(range(100), 5), random.sample([1, 2], 3, counts=[2, 4]))
print(random.choices([1, 2, 3], weights=[1, 2, 3], k=4))
print(random.choices("ab", cum_weights=[1, 3], k=3))
l = [1, 2, 3, 4]
random.shuffle(l)
print(l, random.gauss(), random.triangular())
""",
    "iter": """
values = [1, 2, 3]
print(list(iter(values.pop, 2)), list(iter(lambda: 1, 1)))
""",
    "special methods": """
class A:
    def __init__(self, x=1): self.x = x
    def __repr__(self): return f"A({self.x})"
    def __add__(self, other): return A(self.x + other.x)
    def __eq__(self, other): return self.x == other.x
    def __hash__(self): return hash(self.x)
    def __call__(self, y, *, z=0): return self.x + y + z
class B(A):
    def __init__(self, x):
        super().__init__(x * 2)
    def __repr__(self): return "B" + super().__repr__()
print(A(), B(2), A(1) + A(2), A(1) == A(1), {A(1): 2}[A(1)], A(1)(2, z=3), A.__init__.__name__)
print(A().__repr__(), A.__repr__(A(5)), B(1).__add__(A(1)), repr([B(3)]))
""",
    "arguments of exceptions": """
e = ValueError(1)
e.args = [1, 2]
print(e.args, repr(e), str(KeyError("a")))
print(BaseException.__str__(ValueError(3)))
""",
}
ERRORS = [
    "dict([1])",
    "dict([(1, 2, 3)])",
    "dict(1)",
    "dict({}, {})",
    "max(1)",
    "max()",
    "sorted(1)",
    "sorted([1, 'a'])",
    "sorted([1], key=1)",
    "[1, 'a'].sort()",
    "iter(1, 2)",
    "sum(1)",
    "sum(['a'])",
    "'a'.center()",
    "'a'.center('b')",
    "'%(a)s' % 5",
    "import math\nmath.dist([1], 2)",
    "import math\nmath.factorial(1.5)",
    "import itertools\nitertools.count('a')",
    "import itertools\nlist(itertools.starmap(max, [1]))",
    "import time\ntime.sleep(-1)",
    "import time\ntime.sleep('a')",
    "[1].index(2)",
    "import collections\ncollections.deque().remove(1)",
    "ValueError().args = 5",
    "int('a')",
    "divmod(1, 0)",
    "{}.keys() | 5",
    "[1] * 'a'",
]


@pytest.mark.parametrize("name", PROGRAMS)
def test_same_text(name: str) -> None:
    assert run(PROGRAMS[name]) == cpython(PROGRAMS[name])


@pytest.mark.parametrize("program", ERRORS)
def test_same_error(program: str) -> None:
    assert run(program) == cpython(program)

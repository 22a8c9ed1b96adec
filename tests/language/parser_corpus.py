"""Programs for the tests of the parser: written for it, recorded ones, and Python's own library."""

from __future__ import annotations

import ast
import json
import re
import sysconfig
import warnings
from pathlib import Path

HERE = Path(__file__).parent
RECORDED = HERE.parent / "goldens" / "programs"
EXAMPLES = HERE.parent.parent / "examples"

EXPRESSIONS = r"""
x
x.y.z[0](1)(2)[3:4]
1 + 2 * 3 - 4 / 5 // 6 % 7 @ 8
-1 ** -2 ** 3
not a and not b or c and d or e
a < b <= c != d == e is f is not g in h not in i
a if b else c if d else e
lambda: 0
lambda a, /, b=1, *c, d, e=2, **f: (a, b)
lambda *, a: a
a | b ^ c & d << e >> f
~-+x
(x := 1)
(a, b, *c)
()
(a,)
[*a, b]
[]
{}
{1: 2, **a, 3: 4}
{1, *a}
{a: b for a, b in c if d if e for f in g}
{a for a in b}
[a for a, in b]
(a for a in b if (c := a))
f(a for a in b)
f(*a, b, c=d, *e, **g, h=i)
f(a := 1, b)
x[a]
x[a,]
x[a, b]
x[a:b, c:, :d, :, ::e, a:b:c, ::]
x[...]
x[*a]
x[*a, b]
x[(a, b)]
x[a := 1]
(((x)))
(a + b) * (c)
(a).b
(a)(b)
(f)(x for x in y)
0x_fF + 0o17 + 0b1_0 + 1_000 + 1. + .5 + 1e5 + 1_0.0_1e-1_0 + 2j + 1e3J + 0_0 + 00
f'a{b}c{d!r}{e:>{f}.{g!s}}{{}}' 'h' rf'\{i}'
f'{a=}{b = }{c=!s}{d=:>4}{e  =  !r:^{w}}'
f'{a["b"]:{"x"}}{lambda_}{(lambda: 1)}{ {1: 2}[1] }{a if b else c}{a, b}{x:=5}{x!=y}'
f'' f'a'
f'\N{EM DASH}{x}\x41'
f"{f'{x}'}"
α + Δx * ﬁ
x if y else lambda: z
a.b if c.d[e] else f(g)
yes - -no
1if x else 2
[1for x in y]
print(*args, sep='', end="")
x.T @ x.mT ** 2
x[..., None, 1:-1:2]
not(a)
-(a)
(*a, b)
""".strip().split("\n")

EXPRESSIONS += r"""
'a' "b" '''c
d''' r'\n' u'e' R"\\"
----
"\x41\101\u0041\U00000041\N{EM DASH}\
\'\"\a\b\f\n\r\t\v\\\8\ "
----
f'''{
a + b
}'''
----
a \
  + b
----
(a
   # comment
   + b
)
""".strip().split("\n----\n")

PROGRAMS = [
    "",
    "\n",
    "# only a comment",
    "x = 1",
    "x = 1\r\ny = 2\r\n",
    "x = 1\ry = 2\r",
    "\ufeffx = 1\n",
    "x = 1;y = 2;\nz\n",
    "a = b = c, d = e\n*a, (b, [c, *d]), e.f, g[h] = i\n",
    "a: int\na: int = 1\n(a): int\na.b: int = c\na[b]: c = 1, 2\n",
    "a += b, c\na -= b\na *= b\na /= b\na //= b\na %= b\na @= b\na **= b\na &= b\na |= b\na ^= b\n"
    "a.b <<= c\na[b] >>= d\n",
    "return_ = 1\nif_ = 2\nprint(match, case, type, _)\n"
    "match = 1\ntype = 2\nmatch(x)\nmatch[x] = 1\n",
    "del a, b.c, d[e]\ndel (a, b), [c]\ndel (a)\n",
    "assert a\nassert a, b\nassert (a, b)\n",
    "def f():\n    global a, b\n    def g():\n        nonlocal_ = 1\n    return\n",
    "def f():\n    a = 1\n    def g():\n        nonlocal a\n        a = 2\n    return g\n",
    "import a\nimport a.b.c as d, e\nfrom . import a\nfrom .a import b as c, d\n"
    "from ...a.b import (c, d as e,)\nfrom a import *\nfrom .... import b\n",
    "if a:\n    b\n",
    "if a: b; c\nelif d: e\nelse: f\n",
    "if a:\n  b\nelif c:\n  if d:\n    e\n  else:\n    f\nelse:\n  if g:\n    h\n",
    "while a:\n    break\nelse:\n    continue_\nwhile b: continue\n",
    "for a in b: pass\nfor a, *b in c, d:\n    e\nelse:\n    f\nfor (a) in b: pass\n"
    "for a.b, c[d] in e: pass\nfor x in *a, b: pass\n",
    "with a: b\nwith a as b, c as (d, e): f\nwith (a, b): c\nwith (a as b, c, d as e,): f\n"
    "with (a): b\nwith (a) as b: c\nwith (a, b) as c: d\nwith (a as b): c\nwith (): a\n"
    "with (a), (b): c\nwith (a, *b): c\nwith f(a) as g.h: i\nwith (a), b as c: d\n",
    "try:\n    a\nexcept:\n    b\n",
    "try: a\nexcept A: b\nexcept (B, C) as d: e\nexcept: f\nelse: g\nfinally: h\n",
    "try:\n    a\nfinally:\n    b\n",
    "raise\n",
    "try: a\nexcept B as e: raise\nraise A\nraise A from b\n",
    "def f(): pass\ndef f(a, /, b: int = 1, *c: d, e, f=2, **g: h) -> i:\n"
    "    'doc'\n    return a, *b\n",
    "def f(*, a): ...\ndef f(a, b=1, /): ...\ndef f(*args: int): ...\ndef f(a, *, b=1,): ...\n"
    "def f(\n    a,\n    b,\n): return a\n",
    "class A: pass\nclass A(): pass\nclass A(B, c.d, e=f, *g, **h):\n"
    "    x = 1\n    def f(self): return 1\n",
    "@a\n@b.c(d)\n@(e := f)\ndef g(): pass\n@a\nclass B: pass\n",
    "if a:\n\tb\n\tif c:\n\t\td\n\n    # a comment where it likes\n\te\n",
    "if a:\n        b\nif c:\n\td\n",
    "def f():\n    x = (1,\n2,\n        3)\n    return x\n# end\n    # indented end",
    "x = '''a\n  b\n'''\nif x:\n    y = \"\"\"\n\"\"\"\n",
    "x = 1 # comment\n\n\n# another\ny = 2   \n   \n\t\n",
    "x = {\n 'a': 1, # one\n 'b': [\n  2,\n ],\n}\n",
    "\x0cx = 1\n\x0c\nif x:\n\x0c    y\n",
    "print(α, Δx, ﬁ, x١)\nclass Ａ: ª = 1\nimport ﬁ as ﬂ\nglobal_.ﬁ\n",
    "x = a if b else c\nx = [i for i in range(3)]\nreturned = lambda x: x\nx = y = z\n",
    "if x:\n    pass\n  # odd comment\nelse:\n    pass\n",
    "for i in range(3):\n    if i: continue\n    else:\n        break\n",
    "a, b = b, a\na, = b\n(a, b) = [c, d] = e\n[] = ()\n",
    "x = \\\n    1\nif a and \\\n   b:\n    c\n",
    "def f():\n    \"\"\"Doc.\"\"\"\n\n\ndef g(): return f\n",
    "while(x): y\nif(x): y\nfor(x)in(y): z\nreturn_(x)\nassert(x)\ndel(x)\n",
    "print('a')\n\n\n\n",
    "print('a')\n    ",
]  # fmt: skip


def recorded() -> dict[str, str]:
    """The programs that PyTorch ran, and the examples."""
    found = {}
    for path in sorted(RECORDED.glob("*.json")):
        for name, blocks in json.loads(path.read_text("utf-8")).items():
            for index, block in enumerate(blocks):
                found[f"{path.stem}/{name}/{index}"] = block["src"]
    for path in sorted(EXAMPLES.glob("**/*.grad")):
        found[path.name] = path.read_text("utf-8")
    return found


def library(limit: int) -> dict[str, str]:
    """Files of Python's library, with what this language leaves out taken out of them."""
    found: dict[str, str] = {}
    folder = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(folder.glob("*.py")):
        if len(found) == limit:
            break
        if path.stat().st_size > 60_000:
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        text = re.sub(r"\b[bB]([rR]?[\"'])", r"\1", text)
        text = text.replace("await ", "not ").replace("async ", "")
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except SyntaxError:
            continue
        left_out = (getattr(ast, "Match", ()), getattr(ast, "TryStar", ()))
        if not any(isinstance(node, left_out) for node in ast.walk(tree)):
            found[path.name] = text
    return found

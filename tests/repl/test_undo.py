"""`%undo` and `%redo`: what an input changed is taken back whole, and done again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from terminal import Terminal

from gradcli.autograd import node
from gradcli.language.values import array_sizes
from gradcli.repl.files.config import Config
from gradcli.repl.main import run_magic, show_help
from gradcli.repl.session.shell import Shell
from gradcli.tensor import dtypes, print_options
from gradcli.tensor.runtime import runtime


class Talk:
    """A session without a terminal: runs inputs and gives what they show."""

    def __init__(self, keep: int = 256 << 20) -> None:
        config = Config()
        config.keep = keep
        self.parts: list[str] = []
        self.shell = Shell(config, run_magic, show_help, write=self.parts.append)

    def __call__(self, *inputs: str) -> str:
        self.parts.clear()
        for text in inputs:
            self.shell.run(text)
        return "".join(self.parts)


@pytest.fixture
def talk() -> Iterator[Callable[..., Talk]]:
    made = []

    def begin(keep: int = 256 << 20) -> Talk:
        made.append(Talk(keep))
        return made[-1]

    yield begin
    for one in made:
        one.shell.keeper.close()
        if one.shell.undo is not None:
            one.shell.undo.close()
    dtypes.default.dtype = dtypes.float32
    print_options.set_printoptions(profile="default")
    runtime.grad_enabled = True


# What was there, an input, and a program that prints what the input changes.
CASES = {
    "names": ("x = 1; y = [2]", "x = 5; z = 3; del y", "[k for k in 'xyz' if k in globals()]"),
    "backward": (
        "x = param([1., 2.]); y = (x**2).sum()",
        "y.backward()",
        "x.grad",
    ),
    "accumulated gradient": (
        "x = param([1., 2.]); (x**2).sum().backward(); y = (x**3).sum()",
        "y.backward()",
        "x.grad, x.grad._version",
    ),
    "magic gradient": ("x = param([1., 2.]); y = (x**2).sum()", "%backward y", "x.grad"),
    "write": ("x = tensor([1., 2.]); v = x[:1]", "x.add_(1); v.mul_(3)", "x, v, x._version"),
    "scalar write": ("x = tensor(1.); y = x", "x.add_(1); x += 3", "x, y, x._version"),
    "recorded write": (
        "x = param([1., 2.]); y = x * 2",
        "y.mul_(3); y[0] = 7",
        "y, y.grad_fn.name(), y._version",
    ),
    "data": ("x = tensor([1., 2.]); y = x", "x.data = tensor([5.]); x.resize_(4)", "x.shape, y"),
    "shape in place": ("x = tensor([[1., 2.]])", "x.t_(); x.unsqueeze_(0)", "x, x.shape"),
    "flags": (
        "x = param([1., 2.])",
        "x.requires_grad_(False); x.mine = 3",
        "x.requires_grad, hasattr(x, 'mine')",
    ),
    "no_grad write": (
        "w = param([1.])",
        "with torch.no_grad():\n    w -= 0.5",
        "w",
    ),
    "array": (
        "import numpy as np; a = np.arange(3.); t = torch.from_numpy(a); v = a[1:]",
        "a[0] = 1; a += 2; np.add(a, 1, out=a); v.fill(4); a.flat[0] = 9; np.copyto(v, 3); "
        "t.add_(1)",
        "a, t, v",
    ),
    "sorted array": (
        "import numpy as np; a = np.array([3., 1.]); b = np.zeros((2, 2)); c = a.copy()",
        "a.sort(); np.fill_diagonal(b, 1); b[0, 1] += 2; np.negative(c, c); "
        "np.random.seed(1); np.random.shuffle(c)",
        "a, b, c",
    ),
    "containers": (
        "l = [1, [2, 3]]; d = {'a': l}; s = {1, 2}",
        "l[1].append(4); d['b'] = 2; s.add(5); del l[0]",
        "l, d, s",
    ),
    "collections": (
        "from collections import *; c = Counter('ab'); q = deque([1, 2], maxlen=2); "
        "o = OrderedDict(a=1, b=2); e = defaultdict(list)",
        "c['z'] += 1; q.append(9); o.move_to_end('a'); e['k'].append(1)",
        "c, q, o, e",
    ),
    "objects": (
        "class A:\n    n = 1\n    def f(self):\n        return self.n\na = A()",
        "A.n = 5; a.x = 3; A.g = lambda self: 3; A.f = lambda self: 8",
        "vars(a), a.n, hasattr(a, 'g'), a.f()",
    ),
    "closure": (
        "def make():\n    c = [0]\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n"
        "        return n\n    return f\nf = make(); out = []",
        "out.append(f()); out.append(f())",
        "out, f.__name__",
    ),
    "module and optimizer": (
        "m = torch.nn.Linear(2, 1); o = torch.optim.Adam(m.parameters()); x = torch.ones(1, 2); "
        "m(x).sum().backward(); o.step()",
        "m(x).sum().backward(); o.step(); o.zero_grad()",
        "m.weight, m.weight.grad, o.state_dict()",
    ),
    "first step": (
        "m = torch.nn.Linear(2, 1); o = torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9)",
        "m(torch.ones(1, 2)).sum().backward(); o.step()",
        "m.weight, m.weight.grad, o.state_dict()",
    ),
    "buffers": (
        "m = torch.nn.BatchNorm1d(2); x = torch.rand(4, 2); m(x)",
        "m(x); m.eval()",
        "m.running_mean, m.running_var, m.num_batches_tracked, m.training",
    ),
    "instance norm": (
        "m = torch.nn.InstanceNorm1d(2, track_running_stats=True); x = torch.rand(4, 2, 3)",
        "m(x)",
        "m.running_mean",
    ),
    "lazy module": (
        "m = torch.nn.LazyLinear(2)",
        "m(torch.ones(1, 3))",
        "type(m).__name__, m.in_features",
    ),
    "schedule": (
        "p = param(1.); o = torch.optim.SGD([p], lr=tensor(0.5)); "
        "s = torch.optim.lr_scheduler.StepLR(o, 1)",
        "o.step(); s.step(); s.step()",
        "o.param_groups, s.state_dict()",
    ),
    "lbfgs": (
        "p = [param([1., 2.]), param(3.)]; o = torch.optim.LBFGS(p)\n"
        "def c():\n    o.zero_grad()\n    loss = ((p[0] - 3)**2).sum() + p[1]**2\n"
        "    loss.backward()\n    return loss\no.step(c)",
        "o.step(c)",
        "p, o.state_dict()",
    ),
    "seed": ("torch.manual_seed(1)", "torch.manual_seed(3); rand(3)", "torch.initial_seed()"),
    "draws": ("torch.manual_seed(1)", "rand(3)", "torch.get_rng_state().sum()"),
    "normal draws": ("torch.manual_seed(1)", "randn(3)", "torch.get_rng_state().sum()"),
    "python draws": (
        "import random; random.seed(3); r = [0]",
        "random.random()",
        "r.append(random.random()) or r",
    ),
    "numpy draws": (
        "import numpy as np; np.random.seed(1); g = np.random.default_rng(0); r = [0]",
        "np.random.rand(); g.random()",
        "r.append(float(np.random.rand())) or r.append(g.random()) or r",
    ),
    "settings": (
        "pass",
        "torch.set_default_dtype(torch.float64); torch.set_printoptions(precision=2); "
        "torch.use_deterministic_algorithms(True)",
        "tensor(1.23456), torch.get_default_dtype(), torch.are_deterministic_algorithms_enabled()",
    ),
    "magic settings": ("pass", "%dtype float64", "torch.get_default_dtype()"),
    "recording": ("pass", "%no_grad on", "torch.is_grad_enabled()"),
    "anomalies": (
        "pass",
        "torch.autograd.set_detect_anomaly(True)",
        "torch.is_anomaly_enabled()",
    ),
    "hooks": (
        "x = param([1., 2.]); y = x * 2",
        "y.register_hook(lambda g: g * 10)",
        "torch.autograd.grad(y.sum(), x, retain_graph=True)",
    ),
    "files in memory": (
        "f = open('a.txt', 'w'); f.write('hi'); f.close()",
        "g = open('a.txt', 'a'); g.write('more'); g.close()",
        "open('a.txt').read()",
    ),
    "reset": ("x = param([1.]); y = x * 2", "%reset", "'y' in globals()"),
    "outputs": ("1 + 1", "2 + 3", "_, len(Out)"),
    "failed": ("l = [1]", "l.append(2); 1 / 0", "l"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_what_is_taken_back_and_done_again(
    talk: Callable[..., Talk], case: tuple[str, str, str]
) -> None:
    session = talk()
    first, change, look = case
    session(first)

    def seen() -> str:
        shown = session(f"print({look})")
        assert "error" not in shown
        assert "took back" in session("%undo")
        return shown

    before = seen()
    session(change)
    after = seen()
    assert after != before
    shown = session("%undo")
    assert shown.startswith("took back In[") and "error" not in shown
    assert seen() == before
    session(change)
    session("%undo")
    assert session("%redo").startswith("did again In[")
    assert seen() == after
    assert session("%undo").startswith("took back")
    assert seen() == before


def test_a_graph_is_not_freed_any_more(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("x = param([1., 2.])", "y = (x**2).sum()", "y.backward()")
    assert "backward through the graph a second time" in session("y.backward()")
    session("%undo", "y.backward()")
    assert session("print(x.grad)") == "tensor([2., 4.])\n"


def test_a_write_after_it_is_noticed_by_the_graph(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("x = param([1., 2.])", "y = x * 1", "z = (y**2).sum()", "z.backward()", "%undo")
    assert "modified by an inplace operation" in session("y.data; y.mul_(2); z.backward()")


def test_several_inputs(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("x = 0", "x = 1", "x = 2", "x = 3")
    shown = session("%undo 2")
    assert shown == "took back In[4]: x = 3\ntook back In[3]: x = 2\n"
    assert session("%redo 5").count("did again") == 2
    assert session("print(x)") == "3\n"
    session("%undo", "%undo", "x = 9")
    assert "%redo goes after %undo" in session("%redo")


def test_a_look_leaves_redo_possible(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("a = zeros(4); v = a[1:3]", "a", "v.add_(1);", "b = 5", "%undo 2")
    assert "[0., 0., 0., 0.]" in session("a") and "NameError" in session("b")
    assert session("a.sum() + 1", "print(v)", "%vars", "a?", "%redo").endswith(
        "did again In[3]: v.add_(1);\n"
    )
    assert "[0., 1., 1., 0.]" in session("a")
    assert "did again In[4]: b = 5" in session("%redo")
    assert session("b") == "Out[15]: 5\n"
    session("%undo 50", "%redo 50")
    assert "(5, tensor([0., 1., 1., 0.]))" in session("b, a")
    for change in ("a = a", "rand(1)", "next(i)", "l.append(1)", "a[0] = 2", "c = 3"):
        session("i = iter([1]); l = []", "b = 6", "%undo", change)
        assert ("%redo goes after %undo" in session("%redo")) is (change != "a = a"), change


def test_inputs_that_change_nothing_do_not_count(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("x = param([1.])", "%vars", "x?", "this is wrong")
    assert session("%undo") == "took back In[1]: x = param([1.])\n"
    assert "there is nothing to take back" in session("%undo")


def test_what_is_watched_is_no_change(talk: Callable[..., Talk]) -> None:
    """Inputs are counted alike with and without watched expressions, those that draw too."""
    session = talk()
    session(
        "x = param([1., 2.])", "%watch x * 2, rand(1)", "manual_seed(1);", "%vars", "5", "%vars"
    )
    assert "took back In[5]: 5" in session("%undo")
    assert "took back In[3]: manual_seed(1)" in session("%undo")
    assert "_" not in session.shell.variables()
    session("%redo 2")
    assert list(session.shell.variables()) == ["x"]
    assert "* rand" not in session("%vars")


def test_watching_is_taken_back(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("x = 1", "%watch x", "%watch off")
    assert "took back In[3]: %watch off\n  x = 1" in session("%undo")
    assert "x = 1" not in session("%undo").partition("\n")[2]
    assert "  x = 1" in session("%redo")


def test_it_says_what_stays(talk: Callable[..., Talk]) -> None:
    session = talk()
    assert "note: what was printed stays" in session("print(1)", "%undo")
    session("def f():\n    yield 1\n    yield 2\ng = f()")
    assert "note: an iterator that went on" in session("next(g)", "%undo")
    assert "note: an iterator that went on" in session("i = iter([1, 2])", "next(i)", "%undo")


def test_generators_end_when_nobody_has_them(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("def f():\n    try:\n        yield 1\n    finally:\n        print('ended')\ng = f()")
    session("next(g)", "x = 1")
    assert session("del g") == "ended\n"
    assert "took back" in session("%undo")
    session("h = f(); k = [h]", "y = 2", "%undo")
    assert session("print(k[0] is h, next(k[0]))") == "True 1\n"


def test_it_stands_alone_and_takes_a_number(talk: Callable[..., Talk]) -> None:
    session = talk()
    assert "is an input of its own" in session("x = 1\n%undo")
    assert "is not a number of inputs" in session("%undo x")


def test_saved_programs_leave_out_what_was_taken_back(talk: Callable[..., Talk]) -> None:
    from gradcli.repl.session.saving import program

    session = talk()
    session("x = 1", "y = 2", "%undo", "z = 3")
    assert program(session.shell.statements) == "x = 1\nz = 3\n"


def test_memory_goes_before_freed_graphs(talk: Callable[..., Talk]) -> None:
    session = talk(keep=1 << 20)
    session("x = torch.zeros(100_000)", "x.add_(1)", "x.add_(1)", "x.add_(1)")
    shown = session("%undo 3")
    assert shown.count("took back") == 2
    assert session("print(x[0].item())") == "1.0\n"
    session("%undo")
    assert "--keep" in session("%undo", "%undo")
    session("w = param(torch.ones(100_000)); y = (w * w).sum()", "x.add_(1)", "y.backward()")
    assert "2" in session("%grad y w") and session.shell.keeper.used > 0
    assert session.shell.undo is not None
    assert session.shell.undo.used + session.shell.keeper.used <= 1 << 20


def test_a_graph_above_the_limit_is_not_kept(talk: Callable[..., Talk]) -> None:
    session = talk(keep=1 << 20)
    session("w = param(torch.ones(300_000)); y = (w * w).sum()", "y.backward()")
    assert session.shell.undo is not None
    assert session.shell.undo.used + session.shell.keeper.used <= 1 << 20
    assert "did not fit" in session("%undo")


def test_more_than_the_limit_is_not_copied(talk: Callable[..., Talk]) -> None:
    session = talk(keep=1 << 20)
    session("a = 1", "x = torch.zeros(1_000_000)", "x.add_(1)")
    assert "did not fit" in session("%undo")
    assert session("print(x[0].item(), a)") == "1.0 1\n"


def test_a_limit_of_memory_lets_go_of_it(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("x = torch.zeros(1000)", "x.add_(1)")
    runtime.collect()
    assert "the memory was needed" in session("%undo")
    session("x.add_(1)")
    assert "took back" in session("%undo")


def test_nothing_listens_between_inputs(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("x = tensor([1.])", "x.add_(1)", "1 / 0", "%undo")
    assert not array_sizes.before_array_write
    undo = session.shell.undo
    listening = [see for see in node.before_write if getattr(see, "__self__", None) is undo]
    assert undo is not None and not listening


REGISTERED = (
    "torch.nn.modules.module.register_module_forward_hook(lambda *a: a[2] * 0 + 7)",
    "torch.nn.modules.module.register_module_forward_pre_hook(lambda m, a: (a[0] * 100,))",
    "torch.nn.modules.module.register_module_full_backward_hook(lambda *a: print('called'))",
)


@pytest.mark.parametrize("register", REGISTERED)
def test_hooks_of_all_modules_go_with_their_input(talk: Callable[..., Talk], register: str) -> None:
    run = "print(m(x).item()); m(x).sum().backward()"
    session = talk()
    session("m = torch.nn.Linear(1, 1); x = torch.ones(1, requires_grad=True)")
    plain = session(run)
    session(register + ";")
    assert session(run) != plain
    session("%undo", "%undo")
    assert session(run) == plain
    session(register + ";", "%reset")
    session("m = torch.nn.Linear(1, 1, bias=False); x = torch.ones(1, requires_grad=True)")
    assert session("print(m(x).item() == m.weight.item()); m(x).sum().backward()") == "True\n"


def test_settings_go_back_too(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("torch.set_default_device('meta')")
    assert "meta" in session("ones(2)")
    session("%undo", "%undo")
    assert "meta" not in session("ones(2)")


def test_large_lists_are_not_copied_for_it(talk: Callable[..., Talk]) -> None:
    session = talk()
    session("l = [[i] * 10**6 for i in range(8)]")
    before = runtime.used()
    assert session("len(l)").endswith("8\n")
    assert runtime.used() - before < 48 << 20
    assert "more values than are looked at" in session("%undo")


def test_at_the_prompt(shared: Terminal) -> None:
    shared.enter("x = param([1., 2.]); y = (x**2).sum()")
    shared.enter("y.backward()")
    assert "took back In[2]: y.backward()" in shared.enter("%undo")
    assert "tensor([2., 4.])" in shared.enter("y.backward(); x.grad")
    shared.enter("%no_grad on")
    assert "no_grad" in shared.screen.text()
    assert "took back In[5]: %no_grad on" in shared.enter("%undo")
    assert "In [7]:" in shared.screen.text().rstrip().split("\n")[-2:][0] or shared.number == 7
    shared.enter("x.data.mul_(10)")
    shared.enter("x = 3")
    shown = shared.enter("%undo 2")
    assert "took back In[8]: x = 3\ntook back In[7]: x.data.mul_(10)\n" in shown
    assert "did again In[7]: x.data.mul_(10)" in shared.enter("%redo")
    assert "tensor([10., 20.], requires_grad=True)" in shared.enter("x")
    shared.enter("%undo 2")
    assert "tensor([1., 2.], requires_grad=True)" in shared.enter("x")
    assert "names are forgotten" in shared.enter("%reset")
    shared.enter("%undo")
    assert "tensor(5., grad_fn=<SumBackward0>)" in shared.enter("y")

"""Keys in, screen out: editing, pastes, completion, the toolbar."""

from __future__ import annotations

from terminal import (
    ALT_ENTER,
    CTRL_C,
    CTRL_O,
    CTRL_R,
    CTRL_U,
    ENTER,
    ESCAPE,
    RIGHT,
    TAB,
    UP,
    Terminal,
)


def test_values_and_numbers(shared: Terminal) -> None:
    number = shared.number
    assert f"Out[{number}]: 5" in shared.enter("2 + 3")
    assert f"Out[{number + 1}]: 10" in shared.enter("_ * 2")
    assert f"Out[{number + 2}]: 15" in shared.enter(f"Out[{number}] + _{number + 1}")
    assert "2 + 3" in shared.enter(f"In[{number}]")
    assert "Out" not in shared.enter("a = 3")
    assert "Out" not in shared.enter("a;")
    shared.enter("m = ones(2, 2)")
    assert "]:\ntensor([[1., 1.],\n        [1., 1.]])" in shared.enter("m")


def test_errors_are_diagnostics(shared: Terminal) -> None:
    shown = shared.enter("ones(2) + ones(3)")
    assert "error: RuntimeError: The size of tensor a (2) must match" in shown
    assert "^" in shown
    assert "Traceback" not in shown
    assert "did you mean `matmul`?" in shared.enter("mtmul")
    assert "SyntaxError" in shared.enter("x = = 2")


def test_lines_and_indentation(shared: Terminal) -> None:
    number = shared.number
    shared.send("def double(v):" + ENTER)
    shared.see("...:")
    shared.send("w = v * 2" + ENTER)
    shared.see("...:     w = v * 2")
    shared.send("return w" + ENTER)
    shared.until(lambda: shared.line().endswith("...:"), "a line without indentation")
    shared.send(ENTER)
    shared.ready(number + 1)
    assert shared.enter("double(21)").count("42") == 1
    shared.send("(1 +" + ENTER)
    shared.see("(1 +\n")
    shared.send("4)")
    shared.send(ENTER)
    shared.ready(number + 3)
    assert f"Out[{number + 2}]: 5" in shared.screen.text()
    shared.send("q = 1" + CTRL_O + "q + 1" + ENTER)
    shared.ready(number + 4)
    assert f"Out[{number + 3}]: 2" in shared.screen.text()
    shared.send("(q +" + CTRL_O + "4)" + ALT_ENTER)
    shared.ready(number + 5)
    assert f"Out[{number + 4}]: 5" in shared.screen.text()


def test_ctrl_c_clears_the_line(shared: Terminal) -> None:
    number = shared.number
    shared.send("nonsense(" + CTRL_C)
    shared.see(f"In [{number}]: nonsense(")
    assert f"Out[{number}]: 1" in shared.enter("1")


def test_highlighting(shared: Terminal) -> None:
    shared.send("if True: sin(1.5)  # why")
    shared.see("# why")
    shared.until(lambda: "\x1b[0;35mif" in shared.raw, "a coloured keyword")
    assert "\x1b[0;36msin" in shared.raw
    assert "\x1b[0;32m1.5" in shared.raw
    shared.send(CTRL_U + CTRL_C)


def test_pasted_python_transcript(shared: Terminal) -> None:
    shown = shared.paste(
        ">>> import torch\n>>> t = torch.tensor([1., 2.], requires_grad=True)\n>>> t\n"
        "tensor([1., 2.], requires_grad=True)\n>>> for i in range(2):\n...     print(i * 11)\n...\n"
        "0\n11\n>>> (t * t).sum().backward()\n>>> t.grad\ntensor([2., 4.])\n",
        inputs=6,
    )
    first, second = shown.rfind("requires_grad=True)"), shown.rfind("tensor([2., 4.])")
    assert -1 < first < shown.rfind("\n11\n") < second
    assert "error" not in shown


def test_pasted_cells(shared: Terminal) -> None:
    shown = shared.paste(
        "In [3]: u = 4\n\nIn [4]: def f(n):\n   ...:     return n + u\n   ...:\n\n"
        "In [5]: f(1)\nOut[5]: 99\n",
        inputs=3,
    )
    assert "]: 5\n" in shown
    notebook = "In [1]:\nv = 6\nv + 1\nOut[1]:\n8\nIn [2]:\nv * 2\n"
    shown = shared.paste(notebook, inputs=2)
    assert "]: 7\n" in shown
    assert "]: 12\n" in shown


def test_pasted_blocks(shared: Terminal) -> None:
    assert "]: 9\n" in shared.paste("    n = 4\r\n    n + 5\r\n")
    shown = shared.paste(
        "def area(r):\n    s = r * r\n\n    # half\n\n    return s / 2\n\narea(4.)\narea(2.)\n"
    )
    assert shown.index("]: 8.0") < shown.index("]: 2.0")


def test_a_paste_without_marks(shared: Terminal) -> None:
    number = shared.number
    shared.send("def half(v):\r    w = v / 2\r    return w\r\rhalf(5)\r")
    shared.until(lambda: "]: 2.5" in shared.screen.text(), "the value")
    shared.ready(number + 2)


def test_a_whole_program(shared: Terminal) -> None:
    shown = shared.paste(
        "import torch\nx = torch.ones(5)\ny = torch.zeros(3)\n"
        "w = torch.randn(5, 3, requires_grad=True)\nb = torch.randn(3, requires_grad=True)\n"
        "z = torch.matmul(x, w) + b\n"
        "loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y)\n"
        "print(f'z is {z.grad_fn.name()}')\nloss.backward()\nw.grad.shape\nb.requires_grad\n"
    )
    order = ["z is AddBackward0", "torch.Size([5, 3])", "]: True"]
    places = [shown.rfind(text) for text in order]
    assert places == sorted(places)
    assert places[0] > 0


def test_completion(shared: Terminal) -> None:
    shared.enter("banana = tensor([1., 2.])")
    shared.send("bana" + TAB)
    shared.until(lambda: shared.typed().endswith("]: banana"), "the variable")
    shared.send(".cumsu" + TAB)
    shared.see("banana.cumsum")
    shared.send(CTRL_U + "torch.nn.functional.leaky_r" + TAB)
    shared.see("functional.leaky_relu")
    shared.send(CTRL_U + "cross_entropy(banana, ign" + TAB)
    shared.see("ignore_index=")
    shared.send(CTRL_U + "tensor(1, dtype=torch.bfl" + TAB)
    shared.see("torch.bfloat16")
    shared.send(CTRL_U + "%jac" + TAB)
    shared.see("%jacobian")
    shared.send(CTRL_U + "%graph banana --mer" + TAB)
    shared.see("--mermaid")
    shared.send(CTRL_U + "banana.s" + TAB)
    shared.see("scatter")
    shared.send(ESCAPE)
    shared.send(CTRL_C)


def test_toolbar(shared: Terminal) -> None:
    shared.enter("1")
    shared.until(lambda: shared.toolbar().startswith("grad · float32 · graph"), "the toolbar")
    shared.send("matmul(")
    shared.until(lambda: "matmul(input, other)" in shared.toolbar(), "the signature")
    shared.send(CTRL_U + "exp(")
    shared.until(lambda: "d/dinput = g * conj(out)" in shared.toolbar(), "the derivative")
    shared.send(CTRL_C)
    shared.enter("own = lambda a, b=2: a")
    shared.send("own(1, ")
    shared.until(lambda: "own(a, b=2)" in shared.toolbar(), "the user's signature")
    shared.send(CTRL_U + "%jvp ")
    shared.until(lambda: "%jvp y x [v]" in shared.toolbar(), "the magic's form")
    shared.send(CTRL_C)


def test_history(shared: Terminal) -> None:
    shared.enter("first_thing = 111")
    shared.enter("second_thing = 222")
    shared.send("first" + UP)
    shared.see("]: first_thing = 111")
    shared.send(CTRL_C)
    shared.send(CTRL_R + "nd_thi")
    shared.see("second_thing = 222")
    shared.send(ESCAPE + CTRL_C)
    shared.send("first_t")
    shared.until(lambda: shared.line().endswith("first_thing = 111"), "the suggestion")
    number = shared.number
    shared.send(RIGHT + ENTER)
    shared.ready(number + 1)
    assert "111" in shared.enter("first_thing")


def test_grad_mode_in_the_prompt(shared: Terminal) -> None:
    number = shared.number
    shared.enter("%no_grad on")
    shared.see(f"In [{number + 1}] no_grad:")
    shared.until(lambda: shared.toolbar().startswith("no_grad"), "the mode in the toolbar")
    assert "grad_fn" not in shared.enter("param(2.) * 3")
    assert "recorded again" in shared.enter("%no_grad")
    assert "grad_fn=<MulBackward0>" in shared.enter("param(2.) * 3")


def test_help(shared: Terminal) -> None:
    assert "matmul(input, other)" in shared.enter("matmul?")
    shared.enter("x = param([1., 2.])")
    assert "The sum of all elements." in shared.enter("x.sum?")
    assert "GeluBackward0" in shared.enter("F.gelu??")
    assert "Ctrl-D leaves" in shared.enter("?")
    assert "%jvp y x [v]" in shared.enter("%help jvp")
    assert "did you mean" in shared.enter("%bakward x")

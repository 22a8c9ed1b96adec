"""The rows of compare.py: `python rows.py torch|gradcli ROW` prints one figure as JSON.

Times are microseconds of the best of several batches; `chain_bytes` is bytes a node.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any


def best(function: Callable[[], object], number: int, batches: int = 7) -> float:
    """Microseconds of one call: the best of several batches."""
    function()
    figures = []
    for _ in range(batches):
        start = time.perf_counter()
        for _ in range(number):
            function()
        figures.append((time.perf_counter() - start) / number)
    return min(figures) * 1e6


def one_op(torch: Any, shape: tuple[int, ...]) -> float:
    """Mean of x*x, x+x, exp(x) and x*2, each forward and backward."""
    x = torch.ones(shape, requires_grad=True)
    v = torch.ones(shape)
    operations = (lambda: x * x, lambda: x + x, lambda: x.exp(), lambda: x * 2.0)
    return sum(best(lambda f=f: f().backward(v), 2000) for f in operations) / len(operations)


def op_scalar(torch: Any) -> float:
    return one_op(torch, ())


def op_vector(torch: Any) -> float:
    return one_op(torch, (3,))


def op_from_python(torch: Any) -> float:
    x = torch.tensor(1.5, requires_grad=True)
    y = torch.tensor(0.5)

    def loop() -> None:
        for _ in range(1000):
            z = x * y  # noqa: F841

    return best(loop, 5) / 1000


def op_in_program(torch: Any) -> float:
    from gradcli.language.interpreter import Session, compile_program

    setup = "import torch\nx = torch.tensor(1.5, requires_grad=True)\ny = torch.tensor(0.5)\n"
    loop = "for i in range(1000):\n    z = x * y\n"
    empty = "for i in range(1000):\n    z = x\n"
    session = Session(stdout=lambda text: None)
    session.run(compile_program(setup))
    full, bare = compile_program(loop), compile_program(empty)
    return (best(lambda: session.run(full), 5) - best(lambda: session.run(bare), 5)) / 1000 + (
        best(lambda: session.run(bare), 5) / 1000 - 0.02
    )


def chain(torch: Any, length: int) -> tuple[float, float]:
    """Microseconds and bytes a node of a chain of scalar multiplications, both ways."""
    import resource

    gc.disable()
    x = torch.tensor(1.0, requires_grad=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    y = x
    for _ in range(length):
        y = y * 1.000001
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    y.backward()
    del y
    seconds = time.perf_counter() - start
    return seconds / length * 1e6, (after - before) * 1024 / length


def chain_time(torch: Any) -> float:
    return chain(torch, 1_000_000)[0]


def chain_bytes(torch: Any) -> float:
    return chain(torch, 1_000_000)[1]


def tanh(torch: Any, size: int) -> float:
    x = torch.linspace(-1, 1, size).requires_grad_()

    def step() -> None:
        x.grad = None
        (torch.tanh(2 * x + 1) ** 2).sum().backward()

    return best(step, 1, 5)


def tanh_1e6(torch: Any) -> float:
    return tanh(torch, 1_000_000)


def tanh_1e7(torch: Any) -> float:
    return tanh(torch, 10_000_000)


def mlp(torch: Any) -> float:
    F = torch.nn.functional
    torch.manual_seed(0)
    x = torch.randn(128, 784)
    target = torch.randint(0, 10, (128,))
    weights = [torch.randn(*shape).mul_(0.05).requires_grad_() for shape in ((256, 784), (10, 256))]
    biases = [torch.zeros(n).requires_grad_() for n in (256, 10)]

    def step() -> None:
        for leaf in weights + biases:
            leaf.grad = None
        h = F.relu(F.linear(x, weights[0], biases[0]))
        F.cross_entropy(F.linear(h, weights[1], biases[1]), target).backward()

    return best(step, 5)


def conv2d(torch: Any) -> float:
    F = torch.nn.functional
    torch.manual_seed(0)
    x = torch.randn(16, 16, 32, 32).requires_grad_()
    w = torch.randn(32, 16, 3, 3).requires_grad_()

    def step() -> None:
        x.grad = w.grad = None
        F.conv2d(x, w, padding=1).sum().backward()

    return best(step, 2)


def hessian(torch: Any) -> float:
    torch.manual_seed(0)
    x = torch.randn(400, 200, dtype=torch.float64)
    y = (torch.rand(400) > 0.5).double()
    w = torch.zeros(200, dtype=torch.float64)

    def loss(w: Any) -> Any:
        return torch.nn.functional.binary_cross_entropy_with_logits(x @ w, y)

    return best(lambda: torch.func.hessian(loss)(w), 1, 5)


def jacobian(torch: Any) -> float:
    torch.manual_seed(0)
    w = torch.randn(200, 200, dtype=torch.float64)
    x = torch.randn(200, dtype=torch.float64)
    return best(lambda: torch.func.jacrev(lambda x: torch.tanh(w @ x))(x), 2, 5)


def records(torch: Any) -> float:
    """Microseconds a record, row by row: parse, sin(x*y), backward, write."""
    lines = [f'{{"x":{i / 3000:.5f},"y":{i % 97}.5}}' for i in range(3000)]

    def step() -> None:
        for line in lines:
            record = json.loads(line)
            x = torch.tensor(record["x"], dtype=torch.float64, requires_grad=True)
            y = torch.tensor(record["y"], dtype=torch.float64, requires_grad=True)
            value = torch.sin(x * y)
            value.backward()
            json.dumps({"value": value.item(), "grads": {"x": x.grad.item(), "y": y.grad.item()}})

    return best(step, 1, 3) / len(lines)


def data_writes(torch: Any) -> float:
    """Microseconds of a step that writes through `.data`, after 20,000 of them."""
    p = torch.zeros(100, requires_grad=True)
    gradient = torch.ones(100)

    def step() -> None:
        p.data -= 0.01 * gradient
        p.data = p.data * 0.5
        p.data.sub_(gradient)

    for _ in range(20_000):
        step()
    return best(step, 1000, 3)


def training(optimizer: Any, loss_of: Callable[[], Any]) -> float:
    """Microseconds of a step: gradients forgotten, computed anew, and followed."""

    def step() -> None:
        optimizer.zero_grad()
        loss_of().backward()
        optimizer.step()

    return best(step, 5)


def train_mlp(torch: Any) -> float:
    nn = torch.nn
    torch.manual_seed(0)
    x, target = torch.randn(64, 32), torch.randint(0, 10, (64,))
    model = nn.Sequential(
        nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    return training(adam, lambda: nn.functional.cross_entropy(model(x), target))


def train_conv(torch: Any) -> float:
    nn = torch.nn
    torch.manual_seed(0)
    x, target = torch.randn(16, 1, 14, 14), torch.randint(0, 10, (16,))
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(144, 10),
    )
    sgd = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return training(sgd, lambda: nn.functional.cross_entropy(model(x), target))


def train_lstm(torch: Any) -> float:
    nn = torch.nn
    torch.manual_seed(0)
    x, target = torch.randn(20, 8, 16), torch.randn(8, 1)
    body, head = nn.LSTM(16, 32), nn.Linear(32, 1)
    adam = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=1e-3)
    return training(adam, lambda: nn.functional.mse_loss(head(body(x)[0][-1]), target))


def train_transformer(torch: Any) -> float:
    nn = torch.nn
    torch.manual_seed(0)
    x = torch.randn(8, 16, 32)
    model = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return training(adam, lambda: model(x).pow(2).mean())


def optimizer_step(torch: Any, name: str, **settings: Any) -> float:
    """A step over 100,000 parameters in ten tensors."""
    params = [torch.randn(100, 100).requires_grad_() for _ in range(10)]
    for param in params:
        param.grad = torch.randn(100, 100)
    return best(getattr(torch.optim, name)(params, lr=1e-3, **settings).step, 20)


def adam_step(torch: Any) -> float:
    return optimizer_step(torch, "Adam")


def momentum_step(torch: Any) -> float:
    return optimizer_step(torch, "SGD", momentum=0.9)


def main() -> None:
    library, row = sys.argv[1:]
    if library == "torch":
        import torch

        torch.set_num_threads(1)
    else:
        import gradcli.torch as torch
    print(json.dumps(globals()[row](torch)))


if __name__ == "__main__":
    main()

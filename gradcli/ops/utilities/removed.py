"""Functions that PyTorch removed: each raises its sentence, with the way to do it now."""

from __future__ import annotations

from typing import Any

from ...table.public.plain_functions import function

_GONE = "This function was deprecated since version 1.9 and is now removed."

_SENTENCES: dict[str, tuple[str, str]] = {
    "eig": (
        "any self, any? eigenvectors=False, *, any? e=None, any? v=None",
        " `torch.linalg.eig` returns complex tensors of dtype `cfloat` or `cdouble` rather than "
        "real tensors mimicking complex tensors.\n\nL, _ = torch.eig(A) should be replaced with:\n"
        "L_complex = torch.linalg.eigvals(A)\n\nand\n\nL, V = torch.eig(A, eigenvectors=True) "
        "should be replaced with:\nL_complex, V_complex = torch.linalg.eig(A)",
    ),
    "symeig": (
        "any self, any? eigenvectors=False, any? upper=True",
        " The default behavior has changed from using the upper triangular portion of the matrix "
        "by default to using the lower triangular portion.\n\nL, _ = torch.symeig(A, upper=upper) "
        "should be replaced with:\nL = torch.linalg.eigvalsh(A, UPLO='U' if upper else 'L')\n\nand"
        "\n\nL, V = torch.symeig(A, eigenvectors=True) should be replaced with:\n"
        "L, V = torch.linalg.eigh(A, UPLO='U' if upper else 'L')",
    ),
    "solve": (
        "any self, any A",
        " `torch.solve` is deprecated in favor of `torch.linalg.solve`. `torch.linalg.solve` has "
        "its arguments reversed and does not return the LU factorization.\n\nTo get the LU "
        "factorization see `torch.lu`, which can be used with `torch.lu_solve` or "
        "`torch.lu_unpack`.\nX = torch.solve(B, A).solution should be replaced with:\n"
        "X = torch.linalg.solve(A, B)",
    ),
    "lstsq": (
        "any self, any A",
        " `torch.lstsq` is deprecated in favor of `torch.linalg.lstsq`.\n`torch.linalg.lstsq` has "
        "reversed arguments and does not return the QR decomposition in the returned tuple "
        "(although it returns other information about the problem).\n\nTo get the QR "
        "decomposition consider using `torch.linalg.qr`.\n\nThe returned solution in "
        "`torch.lstsq` stored the residuals of the solution in the last m - n columns of the "
        "returned value whenever m > n. In torch.linalg.lstsq, the residuals are in the field "
        "'residuals' of the returned named tuple.\n\nThe unpacking of the solution, as in\n"
        "X, _ = torch.lstsq(B, A).solution[:A.size(1)]\nshould be replaced with:\n"
        "X = torch.linalg.lstsq(A, B).solution",
    ),
    "matrix_rank": (
        "any self, any? tol=None, any? symmetric=False",
        "\nPlease use the `torch.linalg.matrix_rank` function instead. The parameter 'symmetric' "
        "was renamed in `torch.linalg.matrix_rank()` to 'hermitian'.",
    ),
}


def _define(name: str, parameters: str, sentence: str) -> None:
    def gone(*args: Any) -> Any:
        raise RuntimeError(_GONE + sentence)

    function(
        f"{name}_removed({parameters})",
        name=name,
        where=("torch",) if name == "matrix_rank" else ("torch", "Tensor"),
        prelude="",
        doc="Removed from PyTorch; the error says what to call now.",
    )(gone)


for _name, (_parameters, _sentence) in _SENTENCES.items():
    _define(_name, _parameters, _sentence)


@function(
    "reinforce(Tensor self, any reward)",
    where=("Tensor",),
    doc="Removed from PyTorch, with stochastic nodes of the graph.",
)
def reinforce(self: Any, reward: Any) -> Any:
    raise RuntimeError(
        "reinforce() was removed.\nUse torch.distributions instead.\nSee "
        "https://pytorch.org/docs/main/distributions.html\n\nInstead of:\n\n"
        "probs = policy_network(state)\naction = probs.multinomial()\n"
        "next_state, reward = env.step(action)\naction.reinforce(reward)\naction.backward()\n\n"
        "Use:\n\nprobs = policy_network(state)\n# NOTE: categorical is equivalent to what used to "
        "be called multinomial\nm = torch.distributions.Categorical(probs)\naction = m.sample()\n"
        "next_state, reward = env.step(action)\nloss = -m.log_prob(action) * reward\n"
        "loss.backward()\n"
    )

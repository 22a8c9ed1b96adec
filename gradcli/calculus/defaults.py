"""How far searches go unless they are told; little is imported, since `--help` says it, too."""

import math

STEPS = 200  # at most
NEWTON = 100  # variables up to which the Hessian is worth its price


def tolerance(precision: float) -> float:
    """What counts as zero in numbers of a relative `precision`."""
    return math.sqrt(precision)

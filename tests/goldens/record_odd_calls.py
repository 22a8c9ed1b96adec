"""Records what PyTorch says to the odd calls whose error gradcli does not raise by hand.

Run with a Python that has PyTorch 2.13.0 and NumPy, from the root of the project:

    PYTHONPATH=.:tests/ops python tests/goldens/record_odd_calls.py

It writes tests/goldens/odd_calls.json: for each such call PyTorch's words, or null where the call
works there.
"""

from __future__ import annotations

import json
from pathlib import Path

import odd_calls
import torch

import gradcli.torch as ours

TARGET = Path(__file__).with_name("odd_calls.json")


def main() -> None:
    """Record the words."""
    torch.set_num_threads(1)
    recorded = {}
    for text in odd_calls.recipes():
        _, error = odd_calls.answer(ours, text)
        if error is not None and not odd_calls.raised_by_hand(error):
            recorded[text] = odd_calls.answer(torch, text)[0]
    TARGET.write_text(json.dumps(recorded, indent=0, ensure_ascii=False) + "\n")
    print(f"{len(recorded)} calls")


if __name__ == "__main__":
    main()

"""Writes what the wheel installs for shells and man(1).

Run `python -m gradcli.cli.usage.install_files` after a change of the options.

The files are in the repository, so that a wheel can be built without running gradcli; a test holds
them equal to what the table of options says.
"""

from __future__ import annotations

import os

from .completion import script
from .manual import roff

DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(__file__)), "share")


def files() -> dict[str, str]:
    """The files by their names below `DIRECTORY`."""
    return {
        "gradcli.1": roff(),
        "bash/gradcli": script("bash"),
        "_gradcli": script("zsh"),
        "gradcli.fish": script("fish"),
    }


def main() -> None:
    """Write the files."""
    for name, text in files().items():
        path = os.path.join(DIRECTORY, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)


if __name__ == "__main__":
    main()

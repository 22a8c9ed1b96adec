"""Where the REPL keeps its files: the XDG directories, and files that only the user can read."""

from __future__ import annotations

import os
from pathlib import Path


def _directory(variable: str, *otherwise: str) -> Path:
    given = os.environ.get(variable, "")
    base = (
        Path(given) if os.path.isabs(given) else Path(os.path.expanduser("~")).joinpath(*otherwise)
    )
    return base / "gradcli"


def config_file() -> Path:
    """The configuration file."""
    return _directory("XDG_CONFIG_HOME", ".config") / "config.toml"


def state_directory() -> Path:
    """The directory of the history and of the journals, made with mode 0700. Raises OSError."""
    directory = _directory("XDG_STATE_HOME", ".local", "state")
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory


def append(path: Path, text: str) -> None:
    """Add a piece of text to a file of mode 0600 in one write. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        data = text.encode("utf-8", "surrogatepass")
        written = os.write(handle, data)
        if written < len(data):
            os.write(handle, data[written:])
    finally:
        os.close(handle)


def reason(error: OSError) -> str:
    """What went wrong with which file, on one line."""
    name = f"{error.filename}: " if error.filename is not None else ""
    return f"{name}{error.strerror or error}"

"""Every command of IPython's and ptpython's that is no magic here, and what does its work.

A command that has an equivalent, or has none for a reason, is answered from this table, and never
with the nearest spelling of something else.
"""

from __future__ import annotations

from gradcli.repl.files.config import Config

from .table import ALIASES

_SETTINGS = "settings are in ~/.config/gradcli/config.toml"
_SHELL = "gradcli starts no programs: use another terminal, or Ctrl-Z and fg"
_FILES = "programs here have files in memory only; %load and %save read and write real ones"
_CELLS = "cells are Python of gradcli's own; text of other languages has no use here"
_PROFILE = "%time and %timeit measure statements; the toolbar shows the last input's time"
_DEBUG = "errors show the line, its operands and the calls that led there; %explain and %why go on"
_ENVIRONMENT = f"the environment is not shown to programs; {_SETTINGS}"
_LOG = "every input is in the history and in the journal for --resume; %save writes them"
_PACKAGES = "gradcli needs no packages beside itself: use pip in another terminal"
_PLAIN = "lines are Python and magics only, each written out"

# Name of a line magic: what does its work here.
LINE: dict[str, str] = {
    "alias": _SHELL,
    "alias_magic": "magics have one name each; %help lists them",
    "autoawait": "await is not in the language",
    "autocall": _PLAIN,
    "bookmark": _FILES,
    "cat": "%load FILE puts a file at the prompt",
    "cd": _FILES,
    "clear": "clear, or Ctrl-L, clears the screen",
    "code_wrap": _PLAIN,
    "conda": _PACKAGES,
    "connect_info": "gradcli has no kernel at the prompt",
    "cp": _FILES,
    "cpp": _CELLS,
    "debug": _DEBUG,
    "dhist": _FILES,
    "dirs": _FILES,
    "doctest_mode": ">>> transcripts can be pasted as they are",
    "env": _ENVIRONMENT,
    "gui": "figures are drawn in the terminal: %plot, or matplotlib.pyplot",
    "killbgscripts": _SHELL,
    "ldir": _FILES,
    "less": "%load FILE puts a file at the prompt",
    "lf": _FILES,
    "lk": _FILES,
    "ll": _FILES,
    "loadpy": "%load FILE",
    "logoff": _LOG,
    "logon": _LOG,
    "logstart": _LOG,
    "logstate": _LOG,
    "logstop": _LOG,
    "lprun": _PROFILE,
    "ls": _FILES,
    "lx": _FILES,
    "macro": "def gives lines a name; %recall 3-5 puts inputs at the prompt",
    "mamba": _PACKAGES,
    "man": _SHELL,
    "memit": "the toolbar shows the bytes of the graph",
    "micromamba": _PACKAGES,
    "mkdir": _FILES,
    "more": "%load FILE puts a file at the prompt",
    "mprun": _PROFILE,
    "mv": _FILES,
    "notebook": "%save NAME.ipynb",
    "page": "print(…), and scroll",
    "pastebin": _SHELL,
    "pdb": _DEBUG,
    "pip": _PACKAGES,
    "popd": _FILES,
    "pprint": "values are laid out when they are long",
    "profile": _ENVIRONMENT,
    "prun": _PROFILE,
    "pushd": _FILES,
    "pwd": _FILES,
    "pycat": "%load FILE puts a file at the prompt",
    "qtconsole": "gradcli lives in the terminal",
    "rehashx": _SHELL,
    "reset_selective": "del name",
    "rm": _FILES,
    "rmdir": _FILES,
    "sc": _SHELL,
    "set_env": _ENVIRONMENT,
    "store": "%save writes a program that makes the values again",
    "subshell": _SHELL,
    "sx": _SHELL,
    "system": _SHELL,
    "tb": "the error stands above; %xmode minimal makes the next ones short",
    "unalias": _SHELL,
    "unload_ext": "there are no extensions here",
    "uv": _PACKAGES,
    "xdel": "del name",
}

# What changes nothing that is computed: notebooks begin with them, so they are no errors.
HARMLESS: dict[str, str] = {
    "automagic": "the % of a line may always be left out where it is no Python",
    "autoreload": "nothing is imported that could change",
    "config": f"{_SETTINGS} ({', '.join(Config.__slots__)}); %precision and %colors change some",
    "load_ext": "there are no extensions here; %help lists what there is",
    "matplotlib": "figures are drawn where the input stands",
    "pylab": "figures are drawn in the terminal; import numpy as np",
    "reload_ext": "there are no extensions here",
}

# Name of a cell magic: what does its work here.
CELL: dict[str, str] = {
    **dict.fromkeys(("bash", "sh", "script", "system", "sx", "!", "cmd"), _SHELL),
    **dict.fromkeys(("html", "HTML", "javascript", "js", "latex", "markdown"), _CELLS),
    **dict.fromkeys(("svg", "SVG", "perl", "ruby", "cython"), _CELLS),
    **dict.fromkeys(("pypy", "python", "python2", "python3"), "the lines below run without it"),
    **dict.fromkeys(("writefile", "file"), "%save FILE writes what ran"),
    **dict.fromkeys(("prun", "mprun", "lprun"), _PROFILE),
    "capture": "with io.StringIO and print(…, file=…) a text is kept; values are in Out",
    "code_wrap": _PLAIN,
    "debug": _DEBUG,
}

# Keys of IPython's and ptpython's that do something else here, and what does their work.
KEYS: dict[str, str] = {
    "F1": "? shows the guide",
    "F2": "opens the input in the editor, as in IPython; in ptpython it is the menu of settings",
    "F3": "Ctrl-R searches the history",
    "F4": 'keys = "vi" in ~/.config/gradcli/config.toml',
    "F6": "pastes are recognised",
    "Ctrl-O": "makes a new line",
    "Alt-Enter": "runs the input",
    "Ctrl-X Ctrl-E": "opens the input in the editor",
}


def advice(name: str, cell: bool = False) -> str:
    """What does the work of a magic of IPython's, "" for a name that it does not have either."""
    return CELL.get(name, "") if cell else LINE.get(name, "")


def commands() -> list[tuple[str, str]]:
    """Every command and key that is another one here, and what it is here."""
    same = {name: f"as %{here} here" for name, here in ALIASES.items()}
    lines = sorted({**LINE, **HARMLESS, **same}.items())
    found = [(f"%{name}", told) for name, told in lines]
    found += [(f"%%{name}", told) for name, told in CELL.items()]
    return [*found, *KEYS.items()]

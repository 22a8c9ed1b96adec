"""Completion scripts for bash, zsh and fish, from the table."""

from __future__ import annotations

from . import table
from .table import COMMANDS, MAIN, OPTIONS, PROGRAMS, SHELLS, Command, Option

# The names of operations: the indented lines of `gradcli ops`, which is asked when they are wanted.
_OPERATIONS = "ops 2>/dev/null | sed -n 's/^    //p'"


def script(shell: str) -> str:
    """The completion script for `shell`, one of `SHELLS`."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell]()


def _options(command: Command) -> list[Option]:
    return [OPTIONS[name] for name in OPTIONS if name in command.options]


def _words(command: Command) -> str:
    words = []
    for option in _options(command):
        words.append(f"--{option.name}")
        if option.short:
            words.append(f"-{option.short}")
    return " ".join(words)


def _takes_file(command: Command) -> bool:
    return command.arguments.startswith("FILE")


def _kind(option: Option, words: str) -> str:
    """What an option is followed by: one of these words, a file, a folder, a text, or nothing."""
    if words:
        return "words"
    other = "" if option.kind == table.FLAG else "text"
    return {"FILE": "file", "DIR": "folder"}.get(option.argument, other)


def _alternatives(option: Option, command: Command | None = None) -> str:
    """The words that the argument of an option may be."""
    if option.name == "engine":
        return "dask"
    return " ".join(option.choices if command is None else command.choices(option))


def _bash() -> str:
    lines = [
        "# bash completion for gradcli",
        "# Files with one of the endings $2, of any if there are none, and folders.",
        "_gradcli_files() {",
        "    local IFS=$'\\n' name before=$(shopt -p nocasematch)",
        "    shopt -s nocasematch",
        '    COMPREPLY=($(compgen -d -- "$1"))',
        '    for name in $(compgen -f -- "$1"); do',
        "        [[ -d $name ]] && continue",
        '        [[ -z $2 || $name =~ \\.($2)$ ]] && COMPREPLY+=("$name")',
        "    done",
        '    eval "$before"',
        "}",
        "_gradcli() {",
        "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i",
        "    for ((i = 1; i < COMP_CWORD; i++)); do",
        "        case ${COMP_WORDS[i]} in",
        f"            {'|'.join(COMMANDS)}) command=${{COMP_WORDS[i]}}; break ;;",
        "        esac",
        "    done",
        "    COMPREPLY=()",
        "    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD-2]}",
        "    [[ $word == = ]] && word=",
        "    case $before in",
    ]
    for option in OPTIONS.values():
        names = f"--{option.name}" + (f"|-{option.short}" if option.short else "")
        words = _alternatives(option)
        reply = {
            "words": f"COMPREPLY=($(compgen -W '{words}' -- \"$word\"))",
            "file": f"_gradcli_files \"$word\" '{'|'.join(option.files)}'",
            "folder": 'COMPREPLY=($(compgen -d -- "$word"))',
            "text": ":",
        }.get(_kind(option, words))
        if reply:
            lines.append(f"        {names}) {reply}; return ;;")
    lines += ["    esac", "    local words= files=", "    case $command in"]
    for name, command in COMMANDS.items():
        lines.append(f"        {name})")
        lines.append(f"            words='{_words(command)}'")
        operands = _operands(command)
        if operands:
            lines.append(f"            [[ $word == -* ]] || words='{' '.join(operands)}'")
        if name == "ops":
            lines.append(f'            [[ $word == -* ]] || words=$("$1" {_OPERATIONS})')
        if _takes_file(command):
            lines.append("            files=1")
        lines.append("            ;;")
    lines += [
        "        *)",
        f"            words='{' '.join(COMMANDS)}'",
        f"            [[ $word == -* ]] && words='{_words(MAIN)}'",
        "            ;;",
        "    esac",
        "    if [[ $word == -* || -z $files ]]; then",
        '        COMPREPLY=($(compgen -W "$words" -- "$word"))',
        "    else",
        f"        _gradcli_files \"$word\" '{'|'.join(PROGRAMS)}'",
        "    fi",
        "}",
        "complete -o filenames -F _gradcli gradcli",
    ]
    return "\n".join(lines) + "\n"


def _operands(command: Command) -> tuple[str, ...]:
    if command.name == "schema":
        from gradcli.io.schemas import NAMES

        return NAMES
    operands = {"completions": SHELLS, "man": tuple(COMMANDS), "kernel": ("install", "remove")}
    return operands.get(command.name, ())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _zsh() -> str:
    lines = [
        "#compdef gradcli",
        "# zsh completion for gradcli",
        "_gradcli_operations() {",
        "    local -a names",
        f"    names=(${{=$(_call_program operations gradcli {_OPERATIONS})}})",
        "    compadd -a names",
        "}",
        "_gradcli() {",
        "    local context state state_descr line",
        "    typeset -A opt_args",
        "    local -a commands",
        "    commands=(",
    ]
    lines += [f"        {_quoted(f'{n}:{c.summary}')}" for n, c in COMMANDS.items()]
    lines += ["    )", "    _arguments -C \\"]
    lines += [f"        {_quoted(spec)} \\" for spec in _zsh_specs(MAIN)]
    lines += ["        '1:command:->command' '*::argument:->argument'", "    case $state in"]
    lines += ["        command) _describe command commands ;;", "        argument)"]
    lines.append("            case $words[1] in")
    for name, command in COMMANDS.items():
        lines.append(f"                {name})")
        lines.append("                    _arguments \\")
        lines += [f"                        {_quoted(s)} \\" for s in _zsh_specs(command)]
        operands = _operands(command)
        if operands:
            rest = f"'1:argument:({' '.join(operands)})'"
        elif name == "ops":
            rest = "'*:operation:_gradcli_operations'"
        elif _takes_file(command):
            rest = _quoted(f"*:file:{_zsh_files(PROGRAMS)}")
        else:
            rest = "'*:argument:'"
        lines += [f"                        {rest}", "                    ;;"]
    lines += ["            esac", "            ;;", "    esac", "}"]
    lines += ['if [ "$funcstack[1]" = _gradcli ]; then', '    _gradcli "$@"', "else"]
    lines += ["    compdef _gradcli gradcli", "fi"]
    return "\n".join(lines) + "\n"


def _zsh_specs(command: Command) -> list[str]:
    specs = []
    for option in _options(command):
        about = option.help.replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
        words = _alternatives(option, command)
        value = {
            "words": f":value:({words})",
            "file": f":file:{_zsh_files(option.files)}",
            "folder": ":folder:_files -/",
            "text": ":" + option.argument.replace("[", "").replace("]", "") + ":",
            "": "",
        }[_kind(option, words)]
        equals = "=" if value else ""
        star = "*" if option.kind in (table.BINDING, table.REPEATED, table.FILES) else ""
        specs.append(f"{star}--{option.name}{equals}[{about}]{value}")
        if option.short:
            specs.append(f"{star}-{option.short}{'+' if value else ''}[{about}]{value}")
    return specs


def _zsh_files(endings: tuple[str, ...]) -> str:
    return f'_files -g "*.({"|".join(endings)})(#q-.)"' if endings else "_files"


def _fish() -> str:
    names = " ".join(COMMANDS)
    lines = ["# fish completion for gradcli", "complete -c gradcli -f"]
    bare = f"not __fish_seen_subcommand_from {names}"
    for name, command in COMMANDS.items():
        lines.append(
            f"complete -c gradcli -n {_fish_quoted(bare)} -a {name} -d "
            f"{_fish_quoted(command.summary)}"
        )
    for command in (MAIN, *COMMANDS.values()):
        seen = f"__fish_seen_subcommand_from {command.name}" if command.name else bare
        start = f"complete -c gradcli -n {_fish_quoted(seen)}"
        for option in _options(command):
            line = f"{start} -l {option.name}"
            if option.short:
                line += f" -s {option.short}"
            words = _alternatives(option, command)
            line += {
                "words": f" -x -a {_fish_quoted(words)}",
                "file": f" -x -a {_fish_files(option.files)}" if option.files else " -r -F",
                "folder": " -x -a '(__fish_complete_directories)'",
                "text": " -x",
                "": "",
            }[_kind(option, words)]
            lines.append(f"{line} -d {_fish_quoted(option.help)}")
        if command.name and _operands(command):
            lines.append(f"{start} -a {_fish_quoted(' '.join(_operands(command)))}")
        elif command.name == "ops":
            names = f"(gradcli {_OPERATIONS} | string split -n ' ')"
            lines.append(f"{start} -a {_fish_quoted(names)}")
        elif command.name and _takes_file(command):
            lines.append(f"{start} -a {_fish_files(PROGRAMS)}")
    return "\n".join(lines) + "\n"


def _fish_files(endings: tuple[str, ...]) -> str:
    typed = "(commandline -ct | string replace -r '^--[^=]*=' '')"
    wanted = f"'(?:/|\\.(?:{'|'.join(endings)}))(?:\\t|$)'"
    return _fish_quoted(f"(__fish_complete_path {typed} | string match -eir {wanted})")


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

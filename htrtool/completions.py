"""Completion for bash, zsh and fish: static scripts, so that no key press waits for Python."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Mapping, Sequence

import click

from htrtool.cli import COMMANDS
from htrtool.core.bounds import BOUNDS
from htrtool.core.modelfile import SHIPPED
from htrtool.options import LOOKS

NOTE = "made by python -m htrtool.manual from the options of the commands: do not edit"
GLOBAL = {"-h": "--help", "-V": "--version"}
FILES = {"FILE", "FILE|DIR", "DIR", "DATA"}


@dataclass(frozen=True)
class Installed:
    """A kind of models that may be installed: what its function is called, its suffix, and the names that are always there."""

    function: str
    suffix: str
    names: str


INSTALLED = {
    "model": Installed("_htr_models", "onnx", " ".join(sorted(path.stem for path in SHIPPED.glob("latin*.onnx")))),
    "lm": Installed("_htr_language_models", "lm", " ".join(["auto", "none", *sorted(path.stem for path in SHIPPED.glob("*.lm"))])),
}
"""The models that an option may name, by what its metavar is taken for."""


@dataclass(frozen=True)
class Entry:
    """An option as completion sees it: its names, its help in a line, and what may follow.

    ``values`` is a tuple of words, or a key of ``INSTALLED``, ``"file"``, ``"text"``, or None for a flag.
    """

    names: tuple[str, ...]
    help: str
    values: tuple[str, ...] | str | None
    repeats: bool

    @classmethod
    def of(cls, option: click.Option) -> Entry:
        """Look at an option of the parser."""
        text = re.sub(r"\s*\[default.*", "", " ".join((option.help or "").split()))
        text = re.split(r"[.;](?:\s|$)", text)[0]
        return cls((*option.opts, *option.secondary_opts), text, _values(option), option.multiple)


def _values(option: click.Option) -> tuple[str, ...] | str | None:
    if option.is_flag or option.count:
        return None
    if isinstance(option.type, click.Choice):
        return tuple(map(str, option.type.choices))
    if option.type is LOOKS:
        least, most = BOUNDS["looks"]
        return ("auto", *map(str, range(least, most + 1)))
    if option.metavar in ("MODEL", "NAME|FILE|none"):
        return "model" if option.metavar == "MODEL" else "lm"
    is_file = option.metavar in FILES or "--output" in option.opts or isinstance(option.type, (click.Path, click.File))
    return "file" if is_file else "text"


def files(options: Mapping[str, Sequence[click.Option]]) -> dict[str, str]:
    """Return the three scripts by their paths in the repository, given the options of each command."""
    found = {name: [Entry.of(option) for option in its] for name, its in options.items()}
    return {"completions/htr.bash": bash(found), "completions/_htr": zsh(found), "completions/htr.fish": fish(found)}


_BASH = r"""# Completion of htr for bash, {note}.

{installed}
# With nothing in COMPREPLY, bash completes file names.
_htr() {{
    local IFS=$' \t\n' current=${{COMP_WORDS[COMP_CWORD]}} before= command= options= word
    ((COMP_CWORD)) && before=${{COMP_WORDS[COMP_CWORD - 1]}}
    [[ $current == "=" ]] && current=
    [[ $before == "=" ]] && before=${{COMP_WORDS[COMP_CWORD - 2]}}
    COMPREPLY=()
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case $word in
            {commands_pattern}) command=$word; break ;;
            --) return ;;
        esac
    done
    case $command in
        "")
            COMPREPLY=($(compgen -W "{commands} {globals}" -- "$current"))
            return ;;
{cases}
    esac
    [[ $current == -* ]] && COMPREPLY=($(compgen -W "$options" -- "$current"))
}}
complete -o default -F _htr htr
"""


_BASH_INSTALLED = r"""{function}() {{
    local file
    printf '%s\n' {names}
    for file in "${{XDG_DATA_HOME:-$HOME/.local/share}}"/htr/models/*.{suffix}; do
        [[ -e $file ]] && file=${{file##*/}} && echo "${{file%.{suffix}}}"
    done
}}
"""


def _installed(template: str) -> str:
    return "\n".join(template.format(**asdict(kind)) for kind in INSTALLED.values())


def bash(options: Mapping[str, list[Entry]]) -> str:
    """Return the script for bash 3.2 and later."""
    cases = []
    for name, found in options.items():
        cases += [f"        {name})", "            case $before in"]
        others = []
        for entry in found:
            pattern = "|".join(entry.names)
            if entry.values in INSTALLED:
                words = f"$({INSTALLED[entry.values].function})"
            elif isinstance(entry.values, tuple):
                words = " ".join(entry.values)
            else:
                others += entry.names if entry.values else ()
                continue
            cases.append(f'                {pattern}) COMPREPLY=($(compgen -W "{words}" -- "$current")); return ;;')
        cases.append(f"                {'|'.join(others)}) return ;;")
        words = " ".join(name for entry in found for name in entry.names)
        cases += ["            esac", f'            options="{words}" ;;']
    return _BASH.format(
        note=NOTE,
        installed=_installed(_BASH_INSTALLED),
        commands_pattern="|".join(options),
        commands=" ".join(options),
        globals=" ".join(word for pair in GLOBAL.items() for word in pair),
        cases="\n".join(cases),
    )


_ZSH = r"""#compdef htr
# Completion of htr for zsh, {note}.

{installed}
_htr() {{
    local -a commands line
    local state curcontext="$curcontext"
    commands=(
{commands}
    )
    _arguments -C \
        '(- *)'{{-h,--help}}'[Show the help]' \
        '(- *)'{{-V,--version}}'[Show the version]' \
        '1:command:->command' \
        '*::argument:->argument'
    case $state in
        command) _describe -t commands command commands ;;
        argument)
            case $line[1] in
{cases}
            esac ;;
    esac
}}

if [[ $funcstack[1] == _htr ]]; then
    _htr "$@"
else
    compdef _htr htr
fi
"""


_ZSH_INSTALLED = r"""{function}() {{
    local -a models
    models=({names} ${{XDG_DATA_HOME:-$HOME/.local/share}}/htr/models/*.{suffix}(N:t:r))
    _alternative "models:model:(($models))" "files:file:_files"
}}
"""


def zsh(options: Mapping[str, list[Entry]]) -> str:
    """Return the script for zsh."""
    cases = []
    for name, found in options.items():
        cases.append(f"                {name}) _arguments -s -S \\")
        cases += [f"                    {_zsh_option(entry)} \\" for entry in found]
        cases.append("                    '*:file:_files' ;;")
    commands = "\n".join(f"        {_quoted(name + ':' + _zsh_text(COMMANDS[name].rstrip('.')))}" for name in options)
    return _ZSH.format(note=NOTE, installed=_installed(_ZSH_INSTALLED), commands=commands, cases="\n".join(cases))


def _zsh_text(text: str) -> str:
    return re.sub(r"([\\:\[\]])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _zsh_option(entry: Entry) -> str:
    if entry.values is None:
        action = ""
    elif entry.values in INSTALLED:
        action = f":model:{INSTALLED[entry.values].function}"
    elif entry.values == "file":
        action = ":file:_files"
    elif entry.values == "text":
        action = ":value:"
    else:
        action = f":value:({' '.join(entry.values)})"
    names = (
        entry.names if action == "" else tuple(name + "=" if name.startswith("--") else name for name in entry.names)
    )
    text = f"[{_zsh_text(entry.help)}]{action}"
    group = "'*'" if entry.repeats else _quoted(f"({' '.join(entry.names)})") if len(names) > 1 else ""
    if len(names) > 1:
        return f"{group}{{{','.join(names)}}}{_quoted(text)}"
    return group + _quoted(names[0] + text)


_FISH = r"""# Completion of htr for fish, {note}.

{installed}
complete -c htr -n __fish_use_subcommand -f
complete -c htr -n __fish_use_subcommand -s h -l help -d 'Show the help'
complete -c htr -n __fish_use_subcommand -s V -l version -d 'Show the version'
{lines}
"""


_FISH_INSTALLED = r"""function _{function}
    set -l data ~/.local/share
    set -q XDG_DATA_HOME; and set data $XDG_DATA_HOME
    printf '%s\n' {names}
    for file in $data/htr/models/*.{suffix}
        string replace -r '.*/(.*)\.{suffix}$' '$1' -- $file
    end
end
"""


def fish(options: Mapping[str, list[Entry]]) -> str:
    """Return the script for fish."""
    lines = [
        f"complete -c htr -n __fish_use_subcommand -a {name} -d {_fish_quoted(COMMANDS[name].rstrip('.'))}"
        for name in options
    ]
    for name, found in options.items():
        for entry in found:
            names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in entry.names)
            if entry.values is None:
                action = ""
            elif entry.values in INSTALLED:
                action = f" -ra '(_{INSTALLED[entry.values].function})'"
            elif entry.values == "file":
                action = " -rF"
            elif entry.values == "text":
                action = " -x"
            else:
                action = f" -xa {_fish_quoted(' '.join(entry.values))}"
            lines.append(
                f"complete -c htr -n '__fish_seen_subcommand_from {name}' {names}{action} -d {_fish_quoted(entry.help)}"
            )
    return _FISH.format(note=NOTE, installed=_installed(_FISH_INSTALLED), lines="\n".join(lines))


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

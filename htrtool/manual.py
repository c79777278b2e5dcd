"""The man pages and shell completions, made from the parser: ``python -m htrtool.manual`` writes them.

They are committed, and the wheel installs them; a test fails if they are stale. Nothing in them depends on the
version of click, on the machine or on the day.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator, Sequence

import click

from htrtool import __version__, completions
from htrtool.cli import COMMANDS, htr
from htrtool.core.tables import EPOCH_COLUMNS, LINE_COLUMNS, SCORE_COLUMNS
from htrtool.exits import Exit

ENVIRONMENT = {
    "KERAS_BACKEND": (
        ("train",),
        "The library that trains: tensorflow (the default), jax or torch. The other two must be installed by hand.",
    ),
    "SOURCE_DATE_EPOCH": (
        ("read",),
        "The seconds since 1970 that PAGE XML gives as the time of its making, for files that are the same each time.",
    ),
    "NO_COLOR": (("eval",), "If set to anything, the table for people has no colour."),
    "XDG_DATA_HOME": (
        ("prep", "train", "read"),
        "The folder under which models of one's own are looked for by name, in htr/models; ~/.local/share without it.",
    ),
}
DATA = (
    "Every command reads and writes one of these:",
    "Samples: a tar in the WebDataset convention, for each line KEY.png (or .webp or .jpg), KEY.txt (UTF-8) and "
    "KEY.json. Streams may be written one after the other with cat(1).",
    "Tables: lines of cells with tabs between them, UTF-8, the names of the columns in the first line. A tab within a "
    r"cell is \t, a line end \n or \r, a backslash \\; nothing is quoted. Columns may stand in any order, and those "
    f"that a command does not need may be missing. htr read prints {' '.join(LINE_COLUMNS)}; htr train prints "
    f"{' '.join(EPOCH_COLUMNS)}; htr eval prints {' '.join(SCORE_COLUMNS)}.",
    "Models: NAME.onnx for reading, NAME.keras for training it further, and NAME.md, which describes it.",
)


@dataclass
class Help:
    """The help of a command, taken apart: paragraphs, example commands, and lists with their headings."""

    paragraphs: list[str] = field(default_factory=list)
    examples: list[str] = field(default_factory=list)
    lists: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, command: click.Command) -> Help:
        r"""Take the docstring and the epilog of a command apart.

        After ``\b``, click's mark of a block that keeps its lines, a line that ends with a colon heads a list of
        words with their meanings; all else is examples.
        """
        found = cls()
        for text in (command.help, command.epilog):
            for block in re.split(r"\n\s*\n", inspect.cleandoc(text or "")):
                kept, mark, rest = block.partition("\b\n")
                if not mark and kept.strip():
                    # A colon leads to the examples, which a man page has at its end.
                    found.paragraphs.append(re.sub(":$", ".", " ".join(kept.split())))
                elif rest.split("\n", 1)[0].endswith(":"):
                    heading, _, items = rest.partition("\n")
                    found.lists[heading.rstrip(":")] = list(_items(items))
                elif rest:
                    found.examples += textwrap.dedent(rest).rstrip().split("\n")
        return found


def _items(text: str) -> Iterator[tuple[str, str]]:
    """Yield the words of a list in two columns, each with its meaning."""
    for item in re.split(r"\n(?=\s{0,4}\S)", text):
        word, *meaning = item.split()
        yield word, " ".join(meaning)


def escape(text: str) -> str:
    """Return ``text`` in roff, so that it comes out as it is, pure ASCII."""
    text = text.replace("\\", r"\(rs").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    text = text.replace("^", r"\(ha").replace("~", r"\(ti")
    text = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in text)
    return "\n".join(r"\&" + line if line.startswith(".") else line for line in text.split("\n"))


def metavar(option: click.Parameter) -> str:
    """Return what stands for the value of an option; nothing for a flag."""
    if getattr(option, "is_flag", False):
        return ""
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    return {"integer": "N", "float": "NUMBER", "integer range": "N", "float range": "NUMBER"}.get(
        option.type.name, "TEXT"
    )


def notes(option: click.Option) -> str:
    """Return the default of an option and the range of its values, in words."""
    parts = []
    if isinstance(option.show_default, str):
        parts.append(f"Default: {option.show_default}.")
    elif option.show_default and option.secondary_opts:
        parts.append(f"Default: {(option.opts if option.default else option.secondary_opts)[0]}.")
    elif option.show_default and not option.is_flag and option.default not in (None, ()):
        default = option.default
        parts.append(f"Default: {', '.join(map(str, default)) if isinstance(default, tuple) else default}.")
    low, high = getattr(option.type, "min", None), getattr(option.type, "max", None)
    if low is not None and high is not None:
        parts.append(f"From {low} to {'less than ' if option.type.max_open else ''}{high}.")
    elif low is not None:
        parts.append(f"{'More than' if option.type.min_open else 'At least'} {low}.")
    elif high is not None:
        parts.append(f"{'Less than' if option.type.max_open else 'At most'} {high}.")
    return " ".join(parts)


def options_of(command: click.Command) -> list[click.Option]:
    """Return the options of a command in the order of its help, ``--help`` last."""
    options = [param for param in command.params if isinstance(param, click.Option) and not param.hidden]
    # click makes its own help option when a context asks for it, with the names that this context knows.
    names = htr.context_settings["help_option_names"]
    return [*options, click.Option(names, is_flag=True, help="Show the help.")]


def _section(heading: str, *lines: str) -> list[str]:
    return [f".SH {heading.upper()}", *lines] if lines else []


def _paragraphs(texts: Sequence[str]) -> Iterator[str]:
    for index, text in enumerate(texts):
        if index:
            yield ".PP"
        yield _filled(text)


def _definition(term: str, meaning: str) -> list[str]:
    return [".TP", term, _filled(meaning)]


def _filled(text: str) -> str:
    return escape("\n".join(textwrap.wrap(text, 78, break_long_words=False, break_on_hyphens=False)))


def _bold(text: str) -> str:
    return rf"\fB{escape(text)}\fR"


def _option(option: click.Option) -> list[str]:
    value = metavar(option)
    shown = rf" \fI{escape(value)}\fR" if value else ""
    names = ", ".join(
        _bold(name) + (shown if name.startswith("--") or len(option.opts) == 1 else "") for name in (*option.opts, *option.secondary_opts)
    )
    # The epilogue of a help text stands in brackets for the terminal; a man page has room for a sentence.
    text = re.sub(r"\s*\[default: ([^\]]*)\]", r" Default: \1.", option.help or "")
    return _definition(names, " ".join(f"{text} {notes(option)}".split()))


def _synopsis(command: click.Command, name: str) -> str:
    arguments = []
    for param in command.params:
        if isinstance(param, click.Argument):
            shown = param.metavar or param.name.upper()
            arguments.append(rf"\fI{escape(shown)}\fR")
    return " ".join([_bold(name), r"[\fIOPTIONS\fR]", *arguments])


def _exits() -> list[str]:
    return [line for status in Exit for line in _definition(_bold(str(int(status))), status.meaning.capitalize() + ".")]


def _environment(name: str | None) -> list[str]:
    lines = []
    for variable, (commands, meaning) in ENVIRONMENT.items():
        if name is None or name in commands:
            lines += _definition(_bold(variable), meaning)
    return lines


def _page(title: str, summary: str, synopsis: str, parts: Sequence[list[str]], related: Sequence[str]) -> str:
    head = [
        r".\" Made by python -m htrtool.manual from the options of the command: do not edit.",
        f'.TH {escape(title.upper())} 1 "" "htr {__version__}" "User Commands"',
    ]
    lines = head + _section("Name", rf"{escape(title)} \- {escape(summary)}") + _section("Synopsis", synopsis)
    for part in parts:
        lines += part
    lines += _section("See also", ",\n".join(rf"\fB{escape(name)}\fR(1)" for name in related))
    return "\n".join(lines) + "\n"


def _examples(lines: Sequence[str]) -> list[str]:
    return _section("Examples", ".nf", *map(escape, lines), ".fi") if lines else []


def _summary(name: str) -> str:
    text = COMMANDS[name].rstrip(".")
    return text[0].lower() + text[1:]


def command_page(name: str, command: click.Command) -> str:
    """Return the man page of a subcommand in roff."""
    text = Help.of(command)
    parts = [_section("Description", *_paragraphs(text.paragraphs))]
    parts.append(_section("Options", *(line for option in options_of(command) for line in _option(option))))
    for heading, items in text.lists.items():
        parts.append(
            _section(heading, *(line for word, meaning in items for line in _definition(_bold(word), meaning)))
        )
    parts += [
        _section("Exit status", *_exits()),
        _section("Environment", *_environment(name)),
        _examples(text.examples),
    ]
    related = ["htr", *(f"htr-{other}" for other in COMMANDS if other != name)]
    return _page(f"htr-{name}", _summary(name), _synopsis(command, f"htr {name}"), parts, related)


def group_page() -> str:
    """Return the man page of ``htr`` itself in roff."""
    text = Help.of(htr)
    commands = [line for name in COMMANDS for line in _definition(rf"\fBhtr\-{name}\fR(1)", COMMANDS[name])]
    parts = [
        _section("Description", *_paragraphs(text.paragraphs)),
        _section("Commands", *commands),
        _section("Options", *(line for option in options_of(htr) for line in _option(option))),
        _section("Data", *_paragraphs(DATA)),
        _section("Exit status", *_exits()),
        _section("Environment", *_environment(None)),
        _examples(text.examples),
    ]
    summary = text.paragraphs[0].rstrip(".")
    synopsis = r"\fBhtr\fR [\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]"
    return _page("htr", summary[0].lower() + summary[1:], synopsis, parts, [f"htr-{name}" for name in COMMANDS])


def files() -> dict[str, str]:
    """Return the content of every file that is made from the parser, by its path in the repository."""
    with click.Context(htr, info_name="htr") as context:
        commands = {name: htr.get_command(context, name) for name in COMMANDS}
    pages = {f"man/htr-{name}.1": command_page(name, command) for name, command in commands.items()}
    options = {name: options_of(command) for name, command in commands.items()}
    return {"man/htr.1": group_page()} | pages | completions.files(options)


def main() -> None:
    """Write the files into the repository, those that changed."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    for name, content in files().items():
        path = root / name
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8", newline="\n")
            print(path)


if __name__ == "__main__":
    main()

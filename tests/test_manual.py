"""The man pages and completions: as fresh as the parser, and good for man and the shells."""

import os
import shutil
import subprocess
from pathlib import Path

import click
import pytest

from htrtool import manual
from htrtool.cli import COMMANDS, htr
from htrtool.exits import Exit

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def made():
    return manual.files()


def commands():
    return {name: htr.get_command(click.Context(htr), name) for name in COMMANDS}


def test_what_is_committed_is_fresh(made):
    stale = [n for n, text in made.items() if not (ROOT / n).exists() or (ROOT / n).read_text(encoding="utf-8") != text]
    assert not stale, "stale: run python -m htrtool.manual"
    kept = {str(path.relative_to(ROOT)) for folder in ("man", "completions") for path in (ROOT / folder).iterdir()}
    assert kept == set(made)


def test_every_option_is_in_its_page_and_in_every_shell(made):
    for name, command in commands().items():
        page = made[f"man/htr-{name}.1"]
        for option in command.params:
            if not isinstance(option, click.Option):
                continue
            assert option.help, f"htr {name} {option.opts} has no help"
            for word in (*option.opts, *option.secondary_opts):
                assert rf"\fB{manual.escape(word)}\fR" in page
                assert word in made["completions/htr.bash"] and word in made["completions/_htr"]
                assert (f"-l {word[2:]} " if word.startswith("--") else f"-s {word[1:]} ") in made[
                    "completions/htr.fish"
                ]


def test_every_page_has_its_sections_and_exits(made):
    for name in COMMANDS:
        page = made[f"man/htr-{name}.1"]
        for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
            assert f".SH {heading}\n" in page
        assert all(f".TP\n\\fB{int(status)}\\fR\n" in page for status in Exit)
        assert page.isascii()
    assert ".SH METRICS\n.TP\n\\fBcer\\fR" in made["man/htr-eval.1"]


@pytest.mark.parametrize("text, expected", [
    ("a-b", r"a\-b"),
    (".x\n.y", "\\&.x\n\\&.y"),
    ("C:\\t", r"C:\(rst"),
    ("'é' ^`~", r"\(aq\[u00E9]\(aq \(ha\(ga\(ti"),
])  # fmt: skip
def test_roff_keeps_text_as_it_is(text, expected):
    assert manual.escape(text) == expected


def run(*command, **settings):
    return subprocess.run(command, capture_output=True, timeout=60, **settings)


@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
def test_mandoc_finds_no_fault_but_the_missing_date(made):
    for name, text in made.items():
        if name.startswith("man/"):
            found = run("mandoc", "-Tlint", "-W", "warning", input=text.encode()).stdout.decode()
            assert [line for line in found.splitlines() if "missing date" not in line] == []


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_groff_sets_the_pages_without_a_word(made):
    for name, text in made.items():
        if name.startswith("man/"):
            result = run("groff", "-man", "-Tutf8", "-ww", input=text.encode())
            assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize("shell, script", [("bash", "htr.bash"), ("zsh", "_htr"), ("fish", "htr.fish")])
def test_shells_can_parse_their_script(shell, script):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    result = run(shell, "-n", str(ROOT / "completions" / script))
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
@pytest.mark.parametrize(
    "words, expected",
    [
        (["htr", ""], [*COMMANDS, "-h", "--help", "-V", "--version"]),
        (["htr", "re"], ["read"]),
        (["htr", "read", "--mode", ""], ["auto", "page", "line"]),
        (["htr", "read", "--mode", "=", "l"], ["line"]),
        (["htr", "read", "-q", "--files"], ["--files-from"]),
        (["htr", "read", "-m", ""], ["latin", "latin-small", "mine"]),
        (["htr", "read", "--lm", ""], ["auto", "none", "latin", "letters"]),
        (["htr", "read", "--looks", ""], ["auto", *"123456789"]),
        (["htr", "train", "--lm", ""], []),
        (["htr", "eval", "x.tsv", "--fail"], ["--fail-above"]),
        (["htr", "read", "page"], []),
        (["htr", "read", "-o", ""], []),
    ],
)
def test_bash_completes(tmp_path, words, expected):
    (tmp_path / "htr" / "models").mkdir(parents=True)
    (tmp_path / "htr" / "models" / "mine.onnx").touch()
    (tmp_path / "htr" / "models" / "letters.lm").touch()
    quoted = " ".join(f"'{word}'" for word in words)
    script = f"""source {ROOT}/completions/htr.bash; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _htr
        printf '%s\\n' "${{COMPREPLY[@]}}" """
    result = run("bash", "--norc", "-c", script, env=os.environ | {"XDG_DATA_HOME": str(tmp_path)})
    assert result.stdout.decode().split() == expected
    assert result.stderr == b""


def test_writing_touches_only_what_changed(tmp_path, made, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["manual", str(tmp_path)])
    manual.main()
    assert len(capsys.readouterr().out.splitlines()) == len(made)
    (tmp_path / "man" / "htr.1").write_text("old")
    manual.main()
    assert capsys.readouterr().out.split() == [str(tmp_path / "man" / "htr.1")]

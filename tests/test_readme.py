"""What the README shows is what its commands print."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"\d+\.\d+")


def examples():
    """Return the commands on the sample pictures that the README shows, each with what it says they print."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S):
        for example in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, printed = example.partition("\n")
            if "tests/samples" in command:
                found.append((command, printed))
    return found


@pytest.mark.parametrize("command, printed", examples())
def test_examples_print_what_is_shown(command, printed):
    shell = f'htr() {{ "{sys.executable}" -m htrtool "$@"; }}; {command}'
    done = subprocess.run(["sh", "-c", shell], cwd=ROOT, capture_output=True, text=True)
    # Processors differ in the last digits of a confidence.
    assert NUMBER.sub("#", done.stdout) == NUMBER.sub("#", printed), done.stderr
    told, shown = (list(map(float, NUMBER.findall(text))) for text in (done.stdout, printed))
    assert told == pytest.approx(shown, abs=0.02)


def test_there_are_such_examples():
    assert len(examples()) > 3

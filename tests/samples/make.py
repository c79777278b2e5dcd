"""Draw the sample images of this folder again: ``python tests/samples/make.py FONTS``.

FONTS is a folder with the fonts named below, all under the SIL Open Font Licence.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from htrtool.core.synth import synthesise_page
from htrtool.core.synth.faces import Face
from htrtool.core.synth.lines import write_line

HERE = Path(__file__).parent

PAGES = {
    "letter": (
        "homemade-apple.ttf",
        3,
        [
            "Harbour Street 14, 3rd of May 1921",
            "Dear Margaret,",
            "thank you for the photographs. The one of",
            "the garden with your father and the two dogs",
            "stands on my desk now, beside the lamp.",
            "We shall come on Saturday, by the 10.45 train,",
            "if the weather holds. Do not wait with lunch:",
            "little Thomas is never hungry before two.",
            "With love from all of us,",
            "Eleanor",
        ],
    ),
    "note": (
        "caveat.ttf",
        8,
        [
            "Shopping for Friday: 2 kg potatoes,",
            "12 eggs, coffee, a lemon, brown bread.",
            "Call Mr. Novak (workshop) before 5 pm!",
            "Invoice 2087: 148,50 € paid on 17.3.",
        ],
    ),
}
LINES = {"ligne": ("playwrite-fr-moderne.ttf", 5, "Le café était fermé, nous avons marché jusqu'à la gare.")}


def main(fonts: Path) -> None:
    """Draw every sample and write its text beside it."""
    for name, (font, seed, texts) in PAGES.items():
        rng = np.random.default_rng(seed)
        page, lines = synthesise_page(texts, Face(fonts / font), rng, width=1500, x_height=22, pitch=92)
        write(name, page, [line.text for line in lines])
    for name, (font, seed, text) in LINES.items():
        line = write_line(text, Face(fonts / font), np.random.default_rng(seed), height=96)
        write(name, line, [text])


def write(name: str, pixels: np.ndarray, texts: list[str]) -> None:
    """Write a sample as JPEG, and its lines as ``.gt.txt``."""
    cv2.imwrite(str(HERE / f"{name}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])
    (HERE / f"{name}.gt.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

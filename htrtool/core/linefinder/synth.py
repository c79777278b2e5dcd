"""Made-up pages for the line finder: what annotated pages have too little of, print, columns, lone words, empty paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.linefinder.truth import LineTruth, PageTruth, truth_of
from htrtool.core.synth import Faces, Texts, synthesise_page
from htrtool.core.synth.faces import Face
from htrtool.core.synth.lines import on_paper
from htrtool.core.synth.paper import Paper, draw_paper, scan
from htrtool.core.synth.pen import draw_pen

GROUP = "synth"
# Of all pages: empty ones, those with a single word, those in two columns, those with a printed heading.
EMPTY, WORD, COLUMNS, PRINT = 0.08, 0.08, 0.25, 0.3
PRINT_FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSansMono", "STIXGeneral", "DejaVuSerif-Bold")


def made_pages(faces: Faces, texts: Texts, count: int, seed: int) -> Iterator[PageTruth]:
    """Write pages whose lines are known; page ``i`` depends on the seed and ``i`` alone."""
    import matplotlib

    fonts = Path(matplotlib.get_data_path(), "fonts", "ttf")
    printed = [Face(fonts / f"{name}.ttf", "print") for name in PRINT_FONTS]
    for number in range(count):
        rng = np.random.default_rng((seed, number, 2))
        pixels, lines = _page(faces, texts, printed, rng)
        yield truth_of(pixels, lines, f"{GROUP}/{number}", GROUP)


def _page(faces, texts, printed, rng) -> tuple[np.ndarray, list[LineTruth]]:
    width, paper = 2 * int(rng.integers(300, 500)), draw_paper(rng, False)
    chance = rng.random()
    if chance < EMPTY:
        return _empty(paper, int(rng.integers(500, 1100)), width, rng), []
    if chance < EMPTY + WORD:
        pixels, lines = _block([_word(texts, rng)], faces, rng, paper, width, rng.uniform(8, 26))
        above, below = (_empty(paper, int(rng.integers(60, 500)), width, rng) for _ in range(2))
        return _stacked([(above, []), (pixels, lines), (below, [])])
    parts = []
    if rng.random() < PRINT:
        heading = [_text(texts, rng) for _ in range(rng.integers(1, 6))]
        parts.append(_block(heading, printed[int(rng.integers(len(printed)))], rng, paper, width, rng.uniform(5, 14)))
    if rng.random() < COLUMNS:
        rows = int(rng.integers(4, 24))
        x_height = rng.uniform(6, 11)
        blocks = [
            _block([_text(texts, rng)[:24] for _ in range(rows)], faces, rng, paper, width // 2, x_height) for _ in "12"
        ]
        parts.append(_beside(blocks, paper))
    else:
        written = [_text(texts, rng) for _ in range(rng.integers(2, 26))]
        parts.append(_block(written, faces, rng, paper, width, rng.uniform(6, 18)))
    return _stacked(parts)


def _text(texts: Texts, rng) -> str:
    return texts.line(rng)[0][:70].strip()


def _word(texts: Texts, rng) -> str:
    return texts.line(rng)[0].split()[0]


def _block(written, hand: Faces | Face, rng, paper: Paper, width: int, x_height: float):
    """Write a block of lines in one hand; what its font can't show is left out."""
    for _ in range(20):
        drawn = (hand, "") if isinstance(hand, Face) else hand.draw(written[0], rng)
        if drawn is None:
            break
        face = drawn[0]
        shown = [text for text in written if text and face.label(text)]
        try:
            pixels, lines = synthesise_page(shown, face, rng, width, x_height=x_height, paper=paper)
        except InputError:
            continue
        return pixels, [_truth(line) for line in lines]
    return _empty(paper, 200, width, rng), []


def _truth(line) -> LineTruth:
    left, top, width, height = line.box
    outline = np.array([(left, top), (left + width, top), (left + width, top + height), (left, top + height)], float)
    return LineTruth(np.array(line.baseline, float), outline)


def _empty(paper: Paper, height: int, width: int, rng) -> np.ndarray:
    spacing = rng.uniform(25, 60)
    sheet = on_paper(np.zeros((height, width), np.float32), draw_pen(rng)[0], paper, spacing, spacing / 3, rng, spacing)
    return scan(sheet, rng)


def _stacked(parts) -> tuple[np.ndarray, list[LineTruth]]:
    lines, top = [], 0
    for pixels, found in parts:
        lines += [_shifted(line, (0, top)) for line in found]
        top += pixels.shape[0]
    return np.vstack([pixels for pixels, _ in parts]), lines


def _beside(blocks, paper: Paper) -> tuple[np.ndarray, list[LineTruth]]:
    lines, left, height = [], 0, max(pixels.shape[0] for pixels, _ in blocks)
    pictures = []
    for pixels, found in blocks:
        lines += [_shifted(line, (left, 0)) for line in found]
        left += pixels.shape[1]
        pictures.append(np.pad(pixels, ((0, height - pixels.shape[0]), (0, 0)), constant_values=int(paper.tone)))
    return np.hstack(pictures), lines


def _shifted(line: LineTruth, by: tuple[float, float]) -> LineTruth:
    return LineTruth(line.baseline + by, line.polygon + by)

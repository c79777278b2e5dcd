"""What lies around the words of a training line: more paper beside, above and between them, strokes of other lines, and ink
that shows through from the other side of the sheet.

Lines of ground truth are cut close; those that are read come with the rest of a form's field, or with their neighbours' tails.
"""

from __future__ import annotations

import cv2
import numpy as np

from htrtool.core.ink import shown_through, strokes

# All in heights of the line. Most paper beside a line and most gaps are narrow, some as wide as the widest.
USUAL_PAPER, WIDEST_PAPER, WIDEST_GAP = 1.0, 8.0, 4.0
WIDE = 0.1
# The strength from which on what spoils a line is no more frequent: a hand that few lines show is to be learned from them.
ENOUGH = 0.4
# A run of columns without ink this wide lies between two words.
WORD_SPACE = 0.25


def surround(pixels: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Return a line as another page might have it.

    Args:
        pixels: (height, width) uint8, dark ink on light paper.
        rng: the source of all chance.
        strength: 0 leaves the line as it is; at 1 half of all lines get more paper beside them.

    Returns:
        (height, width') uint8.
    """
    chance = min(1.0, strength)
    paper = _Paper(pixels, rng)
    if rng.random() < 0.3 * chance:
        pixels = _closer(pixels, paper) if rng.random() < 0.2 else _smaller(pixels, paper)
    if rng.random() < 0.3 * chance:
        pixels = _with_gap(pixels, paper)
    if rng.random() < 0.3 * chance:
        pixels = _with_neighbour(pixels, rng)
    if rng.random() < 0.5 * chance:
        pixels = _with_paper_beside(pixels, paper)
    if rng.random() < 0.4 * min(strength, ENOUGH):
        pixels = _with_other_side(pixels, paper)
    return pixels


class _Paper:
    """The paper of a line, of which pieces of any size can be had."""

    def __init__(self, pixels: np.ndarray, rng: np.random.Generator):
        self.rng, self._line, self._sheet = rng, pixels, None
        self.height = len(pixels)
        self.tone = float(np.percentile(pixels, 80))

    def piece(self, height: int, width: int) -> np.ndarray:
        """Return blank paper, (height, width) uint8: the line's own without its ink, or of one tone."""
        if self.rng.random() < 0.3:
            return np.full((height, width), self.rng.uniform(self.tone - 15, 255), np.uint8)
        if self._sheet is None:
            near = cv2.dilate(strokes(self._line).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
            blank = self._line[~near]
            self._sheet = np.where(near, self.rng.choice(blank, near.shape) if blank.size else self.tone, self._line)
        rows = np.arange(height) % self.height
        columns = (np.arange(width) + self.rng.integers(self._sheet.shape[1])) % self._sheet.shape[1]
        return self._sheet[rows][:, columns].astype(np.uint8)

    def width(self, widest: float) -> int:
        """Return a width to add, in pixels."""
        if self.rng.random() < WIDE:
            return int(self.rng.uniform(0, widest) * self.height)
        return int(min(self.rng.exponential(USUAL_PAPER), widest) * self.height)


def _with_paper_beside(pixels, paper):
    side = paper.rng.random()
    left = paper.width(WIDEST_PAPER) if side < 0.5 else 0
    right = paper.width(WIDEST_PAPER) if side > 0.3 else 0
    return np.hstack([paper.piece(paper.height, left), pixels, paper.piece(paper.height, right)])


def _with_gap(pixels, paper):
    """Widen a space between two words, or leave the line as it is if none is clear."""
    blank = np.concatenate([[0], ~strokes(pixels).any(axis=0), [0]]).astype(np.int8)
    begins, ends = np.flatnonzero(np.diff(blank) > 0), np.flatnonzero(np.diff(blank) < 0)
    inner = (begins > 0) & (ends < pixels.shape[1]) & (ends - begins >= WORD_SPACE * paper.height)
    if not inner.any():
        return pixels
    at = int(paper.rng.choice((begins + ends)[inner]) // 2)
    return np.hstack([pixels[:, :at], paper.piece(paper.height, paper.width(WIDEST_GAP)), pixels[:, at:]])


def _smaller(pixels, paper):
    """Put paper above and below, so that the letters are smaller in the same height."""
    share = paper.rng.uniform(0.6, 0.95)
    height, width = pixels.shape
    small = cv2.resize(pixels, (max(1, round(width * share)), max(1, round(height * share))), interpolation=cv2.INTER_AREA)
    above = paper.rng.integers(0, height - len(small) + 1)
    below = height - len(small) - above
    return np.vstack([paper.piece(above, small.shape[1]), small, paper.piece(below, small.shape[1])])


def _closer(pixels, paper):
    """Cut the line's outermost rows off, and what they hold of long letters."""
    height, width = pixels.shape
    above, below = (paper.rng.uniform(0, 0.1, 2) * height).astype(int)
    kept = pixels[above : height - below]
    return cv2.resize(kept, (max(1, round(width * height / len(kept))), height), interpolation=cv2.INTER_LINEAR)


def _with_other_side(pixels, paper):
    """Let writing of the other side show through: such as this line's own, mirrored, somewhere over and between the letters."""
    height, width = pixels.shape
    rng = paper.rng
    ink = np.clip(paper.tone - pixels, 0, None).astype(np.float32)
    behind = shown_through(ink, int(rng.integers(height)), int(rng.integers(width)), rng.uniform(0.4, 1.6))
    return np.clip(pixels - rng.uniform(0.1, 0.5) * behind, 0, 255).astype(np.uint8)


def _with_neighbour(pixels, rng):
    """Let strokes of the line above reach in at the top, or of that below at the bottom: such as this line's own."""
    height, width = pixels.shape
    rows = int(rng.uniform(0.05, 0.22) * height)
    other = np.roll(pixels, int(rng.integers(width)), axis=1)
    pixels = pixels.copy()
    if rng.random() < 0.5:
        pixels[:rows] = np.minimum(pixels[:rows], other[height - rows :])
    else:
        pixels[height - rows :] = np.minimum(pixels[height - rows :], other[:rows])
    return pixels

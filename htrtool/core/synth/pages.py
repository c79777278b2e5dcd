"""A page of handwriting, with the baseline, box and text of each line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from htrtool.core.errors import InputError
from htrtool.core.synth.faces import X_HEIGHT, Face
from htrtool.core.synth.letters import set_line
from htrtool.core.synth.lines import on_paper
from htrtool.core.synth.paper import Paper, draw_paper, scan
from htrtool.core.synth.pen import Pen, bend, broaden, draw_pen, press


@dataclass(frozen=True)
class WrittenLine:
    """A line of a made-up page, in pixels.

    ``baseline`` is points (x, y) from left to right, ``box`` the ink's left, top, width and height.
    """

    text: str
    baseline: list[tuple[int, int]]
    box: tuple[int, int, int, int]


def synthesise_page(
    texts: Sequence[str],
    face: Face,
    rng: np.random.Generator,
    width: int = 1240,
    x_height: float = 20.0,
    spacing: float | None = None,
    pen: Pen | None = None,
    paper: Paper | None = None,
) -> tuple[np.ndarray, list[WrittenLine]]:
    """Write lines under each other on one sheet, all in one hand.

    Args:
        texts: the lines, each no longer than a line; all are written smaller if one does not fit the width.
        width: pixels of the page, which is as high as its lines need.
        x_height: of the letters, pixels.
        spacing: from baseline to baseline, pixels; about three x-heights by default.
        pen, paper: drawn if not given.

    Returns:
        (height, width) uint8 and its lines from top to bottom.

    Raises:
        InputError: the font lacks a character, a text is empty, or a line so long that its letters would be too small.
    """
    labels = [face.label(" ".join(text.split())) for text in texts]
    if not labels or not all(labels):
        missing = next((text for text, label in zip(texts, labels) if not label), "")
        raise InputError(f"expected lines of characters that the font {face.name} has, received {missing!r}")
    if pen is None:
        pen, kind = draw_pen(rng)
    else:
        kind = "pencil" if pen.grain > 0.4 else "ballpoint"
    paper = paper or draw_paper(rng, kind == "pencil")
    slant, unrest = float(np.clip(rng.normal(0.05, 0.15), -0.3, 0.45)), float(np.exp(rng.normal(-0.2, 0.35)))
    stretch = float(np.exp(rng.normal(0, 0.1)))
    settings = [set_line(label, face, rng) for label in labels]
    margin = round(0.08 * width)
    longest = max(setting.right - setting.left for setting in settings)
    scale = min(x_height / X_HEIGHT, (width - 2.2 * margin) / (longest * stretch))
    spacing = spacing or X_HEIGHT * scale * float(rng.uniform(2.6, 3.4))
    first = margin + round(face.ascent * scale)
    below = round(face.descent * scale) + margin // 2
    height = first + round((len(labels) - 1) * spacing) + below
    if scale * X_HEIGHT < 5:
        raise InputError(f"expected a page with room for its longest line, received one of {width} pixels in width")

    ink = np.zeros((height, width), np.float32)
    lines = []
    for number, (label, setting) in enumerate(zip(labels, settings)):
        baseline = first + number * spacing
        mask, level = broaden(setting.mask, face.stroke, pen, scale)
        above = round(setting.baseline * scale) + 6
        strip = above + round((mask.shape[0] - setting.baseline) * scale) + 6
        left = max(0, round(margin + rng.normal(0, 0.15 * X_HEIGHT)))
        reach = abs(slant) * strip + 4
        span = min(round((setting.right - setting.left) * scale * stretch + 2 * reach), width - left)
        origin = setting.left - reach / scale / stretch, setting.baseline - above / scale
        field = bend(strip, span, rng, origin, (1 / scale / stretch, 1 / scale), slant, above, unrest)
        written = press(mask, level, field, pen, rng)
        top = round(baseline) - above
        rows = slice(max(top, 0), min(top + strip, height))
        written = written[rows.start - top : rows.stop - top]
        spot = ink[rows, left : left + span]
        np.maximum(spot, written, out=spot)
        inked = written > 0.25
        columns, inked_rows = np.flatnonzero(inked.any(axis=0)), np.flatnonzero(inked.any(axis=1))
        if not len(columns):
            continue
        box = (
            left + int(columns[0]),
            rows.start + int(inked_rows[0]),
            int(np.ptp(columns)) + 1,
            int(np.ptp(inked_rows)) + 1,
        )
        at = np.unique(np.append(np.arange(columns[0], columns[-1], 40), columns[-1]))
        depth = np.argmin(np.abs(field[:, at, 1] - setting.baseline), axis=0)
        lines.append(WrittenLine(label, [(left + int(x), top + int(y)) for x, y in zip(at, depth)], box))
    page = on_paper(ink, pen, paper, first, X_HEIGHT * scale, rng, spacing)
    return scan(page, rng), lines

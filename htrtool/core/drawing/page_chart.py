"""Lines read, drawn over their page."""

from __future__ import annotations

import math
from typing import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from htrtool.core.drawing.boxes import Box

# Dark enough on paper at every value; blue against orange is told apart without red and green.
CONFIDENCE = LinearSegmentedColormap.from_list("confidence", ["#c1272d", "#d9820b", "#1769aa", "#0b3d68"])
UNKNOWN = "#444444"
# Text along a baseline that slants by less, in degrees, is set level: it is easier to read.
LEAST_SLANT = 1.5
_POINTS_PER_INCH = 72
_MARGIN = 0.12
_BAR = 0.5
_TITLE = 0.35
_TALLEST = 4
_OVER, _BESIDE, _LEADING = 0.38, 0.8, 1.2
"""The size of letters over a page and beside it, in heights of their line, and how high a line of text is, in sizes of its letters."""


def page_with_lines(
    pixels: np.ndarray,
    boxes: Sequence[Box],
    title: str | None = None,
    width: float = 8,
    dpi: float = 150,
    text: str = "over",
) -> Figure:
    """Draw a page with the lines read: boxes coloured by confidence, numbered in reading order, with their text.

    Args:
        pixels: (height, width) uint8.
        boxes: in pixels of the page.
        width: of the figure in inches.
        text: ``over`` the faded page, ``beside`` it at the same places on an empty page, or ``none``.
    """
    rows, columns = pixels.shape
    panels = 2 if text == "beside" else 1
    scale = min((width - _MARGIN * (panels + 1)) / panels / columns, _TALLEST * width / rows)
    # Letters under a pixel can't be drawn.
    least = _POINTS_PER_INCH / dpi
    bar = _BAR if any(box.conf is not None for box in boxes) else 0
    head = _TITLE if title else 0
    height = rows * scale + 2 * _MARGIN + bar + head
    figure = Figure((width, height))
    if title:
        figure.text(0.5, 1 - (_MARGIN + head / 3) / height, title, ha="center", va="top", parse_math=False)
    paper = _shrunk(pixels, round(columns * scale * dpi))
    if text == "over":
        paper = (255 - (255 - paper.astype(np.float32)) * 0.45).astype(np.uint8)
    for panel in range(panels):
        left = _MARGIN + panel * (columns * scale + _MARGIN)
        axis = figure.add_axes(
            (left / width, (_MARGIN + bar) / height, columns * scale / width, rows * scale / height),
            xlim=(0, columns),
            ylim=(rows, 0),
            xticks=[],
            yticks=[],
        )
        axis.spines[:].set_color("#bbbbbb")
        if panel == 0:
            axis.imshow(paper, cmap="gray", vmin=0, vmax=255, extent=(0, columns, rows, 0), aspect="auto")
        for box in boxes:
            if panel == 0:
                _draw_outline(axis, box)
            _draw_number(axis, box, scale, least)
        # After all of them, so that the number of a line hides no letter of the one above.
        for box in boxes if text != "none" and panel == panels - 1 else ():
            _draw_text(axis, box, scale, text == "over", least)
    if bar:
        place = figure.add_axes((0.35, (_MARGIN + bar * 0.4) / height, 0.3, 0.1 / height))
        figure.colorbar(ScalarMappable(Normalize(0, 1), CONFIDENCE), cax=place, orientation="horizontal")
        place.tick_params(labelsize=max(7, least))
        place.set_title("confidence", fontsize=max(7, least), pad=2)
    return figure


def _shrunk(pixels: np.ndarray, width: int) -> np.ndarray:
    import cv2

    if pixels.shape[1] <= width:
        return pixels
    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    return cv2.resize(pixels, (max(1, width), height), interpolation=cv2.INTER_AREA)


def _colour(box: Box):
    return UNKNOWN if box.conf is None or np.isnan(box.conf) else CONFIDENCE(box.conf)


def _draw_outline(axis, box: Box) -> None:
    colour = _colour(box)
    axis.add_patch(Polygon(box.outline, fill=False, edgecolor=colour, linewidth=0.8))
    if box.baseline is not None:
        axis.plot(*box.baseline.T, color=colour, linewidth=0.6, alpha=0.7)


def _draw_number(axis, box: Box, scale: float, least: float) -> None:
    if not box.line:
        return
    size = min(max(7.0, least), max(3.0, least, box.height * scale * _POINTS_PER_INCH * 0.4))
    axis.annotate(
        box.line,
        box.outline[0],
        (-1.2, -0.8),
        textcoords="offset points",
        fontsize=size,
        color="white",
        ha="right",
        va="top",
        parse_math=False,
        bbox={"facecolor": _colour(box), "edgecolor": "none", "pad": 0.6},
    )


def _draw_text(axis, box: Box, scale: float, is_over: bool, least: float) -> None:
    """Set the text along the line, as large as there is room, so that no baseline runs through it.

    Over the page it hangs from the baseline, where it hides least of the writing; beside it, it stands on the baseline. Without
    one it is at the foot of the line.
    """
    text = " ".join(box.text.split())
    if not text:
        return
    points = scale * _POINTS_PER_INCH
    left, foot, length, height, angle = _stretch(box, is_over)
    # An average character of the sans serif in use is 0.55 em wide.
    size = max(1.5, least, min(height * points * (_OVER if is_over else _BESIDE), length * points / (0.55 * len(text))))
    align = "bottom" if box.baseline is None else "top" if is_over else "baseline"
    if align == "top" and not angle:
        # The last line of a page, or a picture of one line, has no room below.
        foot = min(foot, axis.get_ylim()[0] - _LEADING * size / points)
    axis.text(
        left + 0.2 * size / points,
        foot,
        text,
        fontsize=size,
        color=_colour(box),
        ha="left",
        va=align,
        rotation=angle,
        rotation_mode="anchor",
        parse_math=False,
        # Fades outlines that it crosses.
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.4},
    )


def _stretch(box: Box, is_over: bool) -> tuple[float, float, float, float, float]:
    """Return where a line's text begins, left and foot, how long and high it is, and its slant in degrees.

    The foot is that of the lowest point of the baseline where the text is to hang from it, else that of its middle.
    """
    if box.baseline is None or not len(box.baseline):
        return box.left, box.top + box.height, box.width, box.height, 0.0
    start, end = box.baseline[0], box.baseline[-1]
    across, down = end - start
    length = math.hypot(across, down)
    angle = -math.degrees(math.atan2(down, across))
    if abs(angle) < LEAST_SLANT or not length:
        depths = box.baseline[:, 1]
        return box.left, float(depths.max() if is_over else depths.mean()), box.width, box.height, 0.0
    x, y = box.outline.T
    height = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2 / length
    below = np.array([-down, across]) / length
    depths = (box.baseline - start) @ below
    foot = start + below * (depths.max() if is_over else depths.mean())
    return float(foot[0]), float(foot[1]), length, height, angle

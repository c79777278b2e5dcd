"""Lines and pages drawn for the tests."""

import cv2
import numpy as np

PAPER = 225


def line_picture(text: str = "Line of text", height: int = 48, tone: int = PAPER, ink: int = 40) -> np.ndarray:
    """Draw a line of text, (height, width) uint8."""
    scale = height / 48
    (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, scale, 2)
    picture = np.full((height, width + 24), tone, np.uint8)
    at = (12, int(height * 0.68))
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, scale, ink, 2, cv2.LINE_AA)
    return picture


def page_picture(texts, height: int = 60, width: int = 900) -> tuple[np.ndarray, list[dict]]:
    """Draw a page of lines; return it and each line's text, polygon and baseline."""
    page = np.full((height * (len(texts) + 1), width), PAPER, np.uint8)
    lines = []
    for number, text in enumerate(texts):
        picture = line_picture(text)[:, : width - 60]
        top, left = 20 + number * height, 30
        bottom, right = top + picture.shape[0], left + picture.shape[1]
        page[top:bottom, left:right] = picture
        polygon = [(left, top), (right, top), (right, bottom), (left, bottom)]
        base = top + int(picture.shape[0] * 0.68)
        lines.append({"text": text, "polygon": polygon, "baseline": [(left + 12, base), (right - 12, base)]})
    return page, lines


def points(pairs, comma: str = ",") -> str:
    """Write points as PAGE and ALTO do."""
    return " ".join(f"{x}{comma}{y}" for x, y in pairs)


def save(path, pixels: np.ndarray) -> None:
    """Save a picture, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)

"""Other readers of lines and pages and finders of lines, each behind one function, used if it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Callable, Iterable

import click
import cv2
import numpy as np
from PIL import Image


def installed(peers: dict[str, Callable], names: Iterable[str]) -> dict:
    """Return those of the peers with these names that are installed; the others are named on standard error."""
    found = {}
    for name in names:
        if peer := peers[name]():
            found[name] = peer
        else:
            click.echo(f"{name} is not installed: left out", err=True)
    return found


LineReader = Callable[[np.ndarray], str]
"""Gray pixels of a line, (height, width) uint8, to its text."""


def rapidocr_engine():
    """Return RapidOCR with the models that its package brings, None if it is not installed."""
    if not find_spec("rapidocr"):
        return None
    import logging

    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    return RapidOCR(params={"Global.log_level": "error"})


def rapidocr() -> LineReader | None:
    """Return RapidOCR's recogniser, None if it is not installed."""
    if (engine := rapidocr_engine()) is None:
        return None

    def read(pixels: np.ndarray) -> str:
        result = engine(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), use_det=False, use_cls=False, use_rec=True)
        return " ".join(result.txts or ())

    return read


def tesseract() -> LineReader | None:
    """Return Tesseract with its ``eng`` model, a line a call (``--psm 7``), None if it is not installed."""
    program = shutil.which("tesseract")
    if program is None:
        return None

    def read(pixels: np.ndarray) -> str:
        # Tesseract wants margins and a resolution; without them it does worse.
        pixels = cv2.copyMakeBorder(pixels, 10, 10, 10, 10, cv2.BORDER_REPLICATE)
        png = cv2.imencode(".png", pixels)[1].tobytes()
        done = subprocess.run(
            [program, "stdin", "stdout", "-l", "eng", "--psm", "7"], input=png, capture_output=True, check=True
        )
        return done.stdout.decode("utf-8", "replace")

    return read


PEERS: dict[str, Callable[[], LineReader | None]] = {"rapidocr": rapidocr, "tesseract": tesseract}

LineFinder = Callable[[np.ndarray], list[tuple[np.ndarray | None, np.ndarray]]]
"""Gray pixels of a page to the outline and the baseline of each line, (points, 2) each, in reading order."""


def own_finder() -> LineFinder:
    """Return our line finder, loaded."""
    from htrtool.core.linefinder.maps import line_mapper
    from htrtool.core.lines import find_lines
    from htrtool.core.session import usable_cpus

    line_mapper(usable_cpus())
    return lambda pixels: [(line.polygon, line.baseline) for line in find_lines(pixels)]


def kraken() -> LineFinder | None:
    """Return kraken's segmentation with the model that its package brings (blla), None if it is not installed.

    In this process if it can be imported, else by its command, whose start then counts too.
    """
    # A folder that happens to be called so is no package, and has no origin.
    if (spec := find_spec("kraken")) and spec.origin:
        from kraken import blla

        def segment(pixels: np.ndarray) -> list[dict]:
            found = blla.segment(Image.fromarray(pixels))
            if isinstance(found, dict):
                return found["lines"]
            return [{"baseline": line.baseline, "boundary": line.boundary} for line in found.lines]

    elif program := shutil.which("kraken"):

        def segment(pixels: np.ndarray) -> list[dict]:
            with tempfile.TemporaryDirectory(prefix="htr-") as folder:
                page, out = Path(folder, "page.png"), Path(folder, "lines.json")
                Image.fromarray(pixels).save(page)
                command = [program, "-i", str(page), str(out), "segment", "-bl"]
                subprocess.run(command, capture_output=True, check=True)
                return json.loads(out.read_text())["lines"]

    else:
        return None

    def find(pixels: np.ndarray) -> list[tuple[np.ndarray | None, np.ndarray]]:
        lines = [line for line in segment(pixels) if len(line["baseline"] or ()) > 1]
        return [
            (np.array(line["boundary"], float) if line["boundary"] else None, np.array(line["baseline"], float))
            for line in lines
        ]

    return find


LINE_FINDERS: dict[str, Callable[[], LineFinder | None]] = {"htr": own_finder, "kraken": kraken}

PageReader = Callable[[Path], int]
"""The file of a page to the number of lines that were read, or found, on it."""


def own_page_reader() -> PageReader:
    """Return ``htr read`` as a command, with its defaults."""
    from htrtool.core.module_process import module_command

    def read(page: Path) -> int:
        done = subprocess.run(module_command("htrtool", "read", str(page)), capture_output=True, check=True)
        return done.stdout.count(b"\n") - 1

    return read


def rapidocr_page_reader() -> PageReader | None:
    """Return RapidOCR with its defaults, detection and all, None if it is not installed."""
    if (engine := rapidocr_engine()) is None:
        return None
    return lambda page: len(engine(cv2.imread(str(page))).txts or ())


def tesseract_page_reader() -> PageReader | None:
    """Return Tesseract with its ``eng`` model and its own layout analysis, None if it is not installed."""
    program = shutil.which("tesseract")
    if program is None:
        return None

    def read(page: Path) -> int:
        done = subprocess.run([program, str(page), "stdout", "-l", "eng"], capture_output=True, check=True)
        return sum(bool(line.strip()) for line in done.stdout.splitlines())

    return read


def kraken_page_reader() -> PageReader | None:
    """Return kraken's segmentation, which reads nothing yet, None if it is not installed."""
    if (find := kraken()) is None:
        return None
    return lambda page: len(find(cv2.imread(str(page), cv2.IMREAD_GRAYSCALE)))


PAGE_READERS: dict[str, Callable[[], PageReader | None]] = {
    "htr": own_page_reader, "rapidocr": rapidocr_page_reader, "tesseract": tesseract_page_reader,
    "kraken": kraken_page_reader,
}

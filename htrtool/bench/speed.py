"""How long htr and its peers take from the scan of a page to its text, side by side."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import click

COLUMNS = ("page", "width", "height", "reader", "lines", "seconds", "times_htr")


@click.command()
@click.argument("pages", nargs=-1, required=True, metavar="PAGE...")
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True, help="How often each reads a page; the median counts.")
@click.option("--peer", "peers", multiple=True, type=click.Choice(["rapidocr", "tesseract", "kraken"]), help="Only these peers.  [default: all that are installed]")
@click.option("--alone", is_flag=True, help="No peers.")
def speed(pages, runs, peers, alone) -> None:
    """Time htr and its peers on scans of whole pages.

    htr is timed as a command, start included, and so are Tesseract (eng) and kraken, of which only the segmentation is;
    RapidOCR as a library that is loaded already. They run in turn, so that whatever else the computer does slows all
    alike.
    """
    from htrtool.bench.peers import PAGE_READERS, installed
    from htrtool.core.pages import page_sources
    from htrtool.core.tables import TableWriter

    readers = installed(PAGE_READERS, ["htr", *(() if alone else peers or list(PAGE_READERS)[1:])])
    table = TableWriter(sys.stdout, COLUMNS)
    for page in pages:
        height, width = next(iter(page_sources(page))).load().shape
        seconds: dict[str, list[float]] = {name: [] for name in readers}
        lines = {}
        for _ in range(runs):
            for name, reader in readers.items():
                start = time.perf_counter()
                lines[name] = reader(Path(page))
                seconds[name].append(time.perf_counter() - start)
        own = statistics.median(seconds["htr"])
        for name, taken in seconds.items():
            median = statistics.median(taken)
            row = {"page": page, "width": width, "height": height, "reader": name, "lines": lines[name]}
            table.write(row | {"seconds": f"{median:.2f}", "times_htr": f"{median / own:.1f}"})

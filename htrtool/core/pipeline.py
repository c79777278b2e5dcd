"""Inputs to lines read: pages loaded and cut by several threads while the network reads, rows in the inputs' order."""

from __future__ import annotations

import heapq
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Callable, Iterable, Iterator, NamedTuple

import numpy as np

from htrtool.core.errors import HtrError, InputError
from htrtool.core.lines import cut_lines, looks_like_line
from htrtool.core.pages import DEFAULT_DPI, PageSource, page_sources
from htrtool.core.reader import Reader

MODES = ("auto", "page", "line")
DEFAULT_BATCH = 16
# Columns of the network's input that all threads together may have under way, whatever the batch, and that one of them
# may have at the least: they take most of the memory.
COLUMNS_UNDER_WAY = 24 * 1024
LEAST_COLUMNS = 2 * 1024
FIRST_WINDOW = 8
WINDOW = 256
UNREAD_ROWS = 2048
SOURCES_AHEAD = 32


class LineRead(NamedTuple):
    """A line as it was read; the fields are the columns of the table of lines.

    ``page`` and ``line`` count from 1 in reading order; the box is in pixels of the page as it stands upright;
    ``conf`` is the share of the characters expected to be right, 0 to 1.
    """

    file: str
    page: int
    line: int
    left: int
    top: int
    width: int
    height: int
    conf: float
    text: str


@dataclass
class _Line:
    box: tuple[int, int, int, int]
    row: LineRead | None = None


@dataclass
class _Page:
    file: str
    page: int = 1
    error: HtrError | None = None
    lines: list[_Line] = field(default_factory=list)
    settled: bool = False


class Pipeline:
    """Read the lines of many inputs; iterate over it once to get :class:`LineRead` rows in the inputs' order.

    A fixed number of threads share two kinds of work: to load a page and cut out its lines, and to run the network on
    waiting lines of equal width. Pages come first until enough lines wait to fill batches; where no page is to be had,
    the network reads what there is, oldest first. So batches are full on long inputs, the first rows come soon, and
    memory does not grow with the number of inputs.

    Args:
        reader: the model.
        operands: paths, or ``-`` for standard input.
        mode: ``page`` looks for lines, ``line`` takes every picture as one line, ``auto`` decides by looking.
        dpi: the resolution at which PDF pages are drawn.
        threads: how many threads work.
        batch: the most lines in one run of the network.
        on_problem: called with the error of each input that can't be read, between the rows, in order. Without it the
            error is raised.
        on_empty: called with the file and the page number of each page on which no line was found.

    Attributes:
        pages: the number of pages (or pictures of lines) that were read so far.
    """

    def __init__(
        self,
        reader: Reader,
        operands: Iterable[str],
        *,
        mode: str = "auto",
        dpi: float = DEFAULT_DPI,
        threads: int = 1,
        batch: int = DEFAULT_BATCH,
        on_problem: Callable[[HtrError], None] | None = None,
        on_empty: Callable[[str, int], None] | None = None,
    ):
        if mode not in MODES:
            raise InputError(f"expected a mode among {', '.join(MODES)}, received {mode!r}")
        self.pages = 0
        self._reader, self._operands = reader, operands
        self._mode, self._dpi, self._batch = mode, dpi, batch
        self._threads = max(1, threads)
        self._columns = max(LEAST_COLUMNS, COLUMNS_UNDER_WAY // self._threads)
        self._on_problem, self._on_empty = on_problem, on_empty
        self._change = threading.Condition()
        self._order: deque[_Page] = deque()
        self._todo: deque[tuple[int, PageSource, _Page]] = deque()
        self._waiting: dict[int, list[tuple[int, int, _Page, np.ndarray]]] = {}
        self._waiting_count = 0
        self._unread = 0
        self._loading = 0
        self._window = FIRST_WINDOW
        self._fed = False
        self._stopped = False
        self._failure: BaseException | None = None

    def __iter__(self) -> Iterator[LineRead]:
        # The feeder may be held up for ever by a pipe, so that nobody waits for it at the end.
        threading.Thread(target=self._guarded, args=(self._feed,), daemon=True).start()
        workers = [threading.Thread(target=self._guarded, args=(self._work,)) for _ in range(self._threads)]
        for worker in workers:
            worker.start()
        try:
            while (page := self._next_page()) is not None:
                if page.error is not None:
                    if self._on_problem is None:
                        raise page.error
                    self._on_problem(page.error)
                    continue
                self.pages += 1
                if not page.lines and self._on_empty is not None:
                    self._on_empty(page.file, page.page)
                for line in page.lines:
                    self._wait_for(lambda: line.row is not None)
                    yield line.row
                    with self._change:
                        self._unread -= 1
                        self._change.notify_all()
        finally:
            with self._change:
                self._stopped = True
                self._change.notify_all()
            for worker in workers:
                worker.join()

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        with self._change:
            self._change.wait_for(lambda: condition() or self._failure is not None)
        if self._failure is not None:
            raise self._failure

    def _next_page(self) -> _Page | None:
        self._wait_for(lambda: self._order[0].settled if self._order else self._fed)
        with self._change:
            return self._order.popleft() if self._order else None

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            # Whatever it is, it is raised again in the thread that iterates.
            with self._change:
                self._failure = error
                self._stopped = True
                self._change.notify_all()

    def _feed(self) -> None:
        index = 0
        for operand in self._operands:
            try:
                for source in page_sources(operand, self._dpi):
                    if not self._offer(index, _Page(source.file, source.page), source):
                        return
                    index += 1
            except InputError as error:
                if not self._offer(index, _Page(operand, error=error, settled=True), None):
                    return
                index += 1
        with self._change:
            self._fed = True
            self._change.notify_all()

    def _offer(self, index: int, page: _Page, source: PageSource | None) -> bool:
        with self._change:
            self._change.wait_for(
                lambda: len(self._order) < UNREAD_ROWS and len(self._todo) < SOURCES_AHEAD or self._stopped
            )
            if self._stopped:
                return False
            self._order.append(page)
            if source is not None:
                self._todo.append((index, source, page))
            self._change.notify_all()
        return True

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(
                    lambda: self._stopped or self._may_load() or self._waiting_count or self._finished()
                )
                if self._stopped or (self._finished() and not self._may_load() and not self._waiting_count):
                    return
                loads = self._may_load()
                if loads:
                    job = self._todo.popleft()
                    self._loading += 1
                    self._change.notify_all()
                else:
                    job = self._take_batch()
            if loads:
                self._load(*job)
            else:
                self._read(job)

    def _may_load(self) -> bool:
        return bool(self._todo) and self._waiting_count < self._window and self._unread < UNREAD_ROWS

    def _finished(self) -> bool:
        return self._fed and not self._todo and not self._loading

    def _take_batch(self) -> list[tuple[int, int, _Page, np.ndarray]]:
        width = min(self._waiting, key=lambda width: self._waiting[width][0][:2])
        heap = self._waiting[width]
        most = max(1, min(self._batch, self._columns // width))
        taken = [heapq.heappop(heap) for _ in range(min(most, len(heap)))]
        if not heap:
            del self._waiting[width]
        self._waiting_count -= len(taken)
        return taken

    def _load(self, index: int, source: PageSource, page: _Page) -> None:
        prepared: list[tuple[tuple[int, int, int, int], np.ndarray]] = []
        error = None
        try:
            with source.room():
                prepared = self._lines_of(source)
        except InputError as problem:
            error = problem if problem.source else InputError(str(problem), source.file)
        with self._change:
            for number, (box, line) in enumerate(prepared):
                page.lines.append(_Line(box))
                heapq.heappush(
                    self._waiting.setdefault(self._reader.padded_width(line), []), (index, number, page, line)
                )
            self._waiting_count += len(prepared)
            self._unread += len(prepared)
            page.error, page.settled = error, True
            self._loading -= 1
            self._change.notify_all()

    def _lines_of(self, source: PageSource) -> list[tuple[tuple[int, int, int, int], np.ndarray]]:
        pixels = source.load()
        if self._mode == "line" or (self._mode == "auto" and (source.is_line or looks_like_line(pixels))):
            height, width = pixels.shape
            return [((0, 0, width, height), self._reader.prepare(pixels))]
        return [(line.box, self._reader.prepare(line.pixels)) for line in cut_lines(pixels, self._threads)]

    def _read(self, batch: list[tuple[int, int, _Page, np.ndarray]]) -> None:
        readings = self._reader.read_batch([line for *_, line in batch])
        with self._change:
            for (_, number, page, _), reading in zip(batch, readings):
                line = page.lines[number]
                line.row = LineRead(page.file, page.page, number + 1, *line.box, reading.conf, reading.text)
            self._window = min(WINDOW, self._window * 2)
            self._change.notify_all()

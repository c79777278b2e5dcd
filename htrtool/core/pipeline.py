"""Inputs to lines read: pages loaded and cut by several threads while the network reads, rows in the inputs' order."""

from __future__ import annotations

import atexit
import functools
import threading
from collections import deque
from typing import Callable, Iterable, Iterator

import numpy as np

from htrtool.core.decoding.looks import Look
from htrtool.core.errors import HtrError, of_input
from htrtool.core.gathering import Gatherer, Gathering
from htrtool.core.page import LineRead, Page, PageLine
from htrtool.core.page_lines import MODES, lines_of
from htrtool.core.pages import DEFAULT_DPI, PageSource, page_sources
from htrtool.core.reader import Draft, Reader
from htrtool.core.waiting import Waiting, WaitingLooks

DEFAULT_BATCH = 16
# Columns of the network's input that all threads together may have under way, whatever the batch, and that one of them
# may have at the least: they take most of the memory.
COLUMNS_UNDER_WAY = 24 * 1024
LEAST_COLUMNS = 2 * 1024
FIRST_WINDOW = 8
WINDOW = 256
UNREAD_ROWS = 2048
SOURCES_AHEAD = 32
PATIENCE = 1
"""How long, in seconds, what feeds the inputs is waited for when no more are wanted."""


class Pipeline:
    """Read the lines of many inputs, in the inputs' order.

    Iterate over it to get :class:`LineRead` rows, over ``lines()`` to get more of each line, or over ``whole_pages()``
    to get pages when all their lines are read; over one of them, once.

    A fixed number of threads share two kinds of work: to load a page and cut out its lines, and to run the network on
    waiting lines of equal width. Pages come first until enough lines wait to fill batches; where no page is to be had,
    the network reads what there is, oldest first. So batches are full on long inputs, the first rows come soon, and
    memory does not grow with the number of inputs. When the network has seen all lines of a page, they are decoded
    together, in the page's language, and those that are not sure once more when its hand is known; so are pictures of lines
    of one document that come one after the other, where it is known before they are loaded that they are lines: samples, or
    all pictures in the mode ``line``.

    Args:
        reader: the model.
        operands: paths, or ``-`` for standard input.
        mode: ``page`` looks for lines, ``line`` takes every picture as one line, ``auto`` decides by looking.
        dpi: the resolution at which PDF pages are drawn.
        threads: how many threads work.
        batch: the most lines in one run of the network.
        least_conf: lines that are read with less confidence are left out, 0 to 1; so are those found on a page that show no text.
        on_problem: called with the error of each input that can't be read, between the rows, in order. Without it the
            error is raised.
        on_empty: called with the file and the page number of each page on which no line was found, and whether that is one
            of a document that has none there.
        wanted: asked of each page, before it is loaded, whether to read it. Without it, all are read.

    Raises:
        ValueError: there is no such mode.

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
        least_conf: float = 0,
        on_problem: Callable[[HtrError], None] | None = None,
        on_empty: Callable[[str, int, bool], None] | None = None,
        wanted: Callable[[PageSource], bool] | None = None,
    ):
        if mode not in MODES:
            raise ValueError(f"expected a mode among {', '.join(MODES)}, received {mode!r}")
        self.pages = 0
        self._reader, self._operands = reader, operands
        self._mode, self._dpi, self._least_conf = mode, dpi, least_conf
        self._threads = max(1, threads)
        self._on_problem, self._on_empty, self._wanted = on_problem, on_empty, wanted
        self._change = threading.Condition()
        self._order: deque[Page] = deque()
        self._todo: deque[tuple[Page, Gathering]] = deque()
        self._waiting = WaitingLooks(batch, max(LEAST_COLUMNS, COLUMNS_UNDER_WAY // self._threads))
        self._gatherer = Gatherer(mode, self._notice_if_seen)
        self._seen: deque[Gathering] = deque()
        self._unread = 0
        self._loading = 0
        self._reading = 0
        self._window = FIRST_WINDOW
        self._fed = False
        self._stopped = False
        self._failure: BaseException | None = None
        self._keep_sources = False

    def __iter__(self) -> Iterator[LineRead]:
        return (page.row(line) for page, line in self.lines())

    def lines(self) -> Iterator[tuple[Page, PageLine]]:
        """Yield each line, with its page, as soon as its page is read."""
        for page in self._pages():
            for line in page.lines:
                self._wait_for(lambda: line.reading is not None)
                if self._is_told(page, line):
                    yield page, line
                self._done(1)

    def whole_pages(self) -> Iterator[Page]:
        """Yield each page, its source with it, as soon as all its lines are read."""
        self._keep_sources = True
        for page in self._pages():
            self._wait_for(lambda: all(line.reading is not None for line in page.lines))
            read, page.lines = page.lines, []
            for line in read:
                (page.lines if self._is_told(page, line) else page.left_out).append(line)
            yield page
            self._done(len(read))

    def _is_told(self, page: Page, line: PageLine) -> bool:
        # A stamp or a stain may be taken for a line, but what was given as a line is one, whatever is on it.
        return line.reading.is_sure(self._least_conf) and (line.reading.text != "" or not page.was_searched)

    def _pages(self) -> Iterator[Page]:
        feeder = threading.Thread(target=self._guarded, args=(self._feed,), daemon=True)
        workers = [threading.Thread(target=self._guarded, args=(self._work,), daemon=True) for _ in range(self._threads)]
        end = functools.partial(self._end, feeder, workers)
        # Python would wait for threads that are no daemons, and these for an iterator that is held but no longer asked.
        atexit.register(end)
        for thread in (feeder, *workers):
            thread.start()
        try:
            while (page := self._next_page()) is not None:
                for problem in page.problems:
                    if self._on_problem is None:
                        raise problem
                    self._on_problem(problem)
                if page.failed:
                    continue
                self.pages += 1
                if page.looks_like_line:
                    self._leave_out_blank(page)
                if not page.lines and not page.problems and self._on_empty is not None:
                    self._on_empty(page.source.file, page.source.page, page.is_annotated)
                yield page
        finally:
            end()
            atexit.unregister(end)

    def _end(self, feeder: threading.Thread, workers: list[threading.Thread]) -> None:
        with self._change:
            self._stopped = True
            self._change.notify_all()
        for worker in workers:
            worker.join()
        # It lets go of a PDF then, which must happen before Python ends; but a pipe may hold it up for ever.
        feeder.join(PATIENCE)

    def _leave_out_blank(self, page: Page) -> None:
        """Take the one line that a picture looked like for none if nothing was read in it."""
        self._wait_for(lambda: all(line.reading is not None for line in page.lines))
        blank = [line for line in page.lines if not line.reading.text]
        page.lines = [line for line in page.lines if line.reading.text]
        self._done(len(blank))

    def _done(self, lines: int) -> None:
        with self._change:
            self._unread -= lines
            self._change.notify_all()

    def _wait_for(self, condition: Callable[[], bool]) -> None:
        with self._change:
            self._change.wait_for(lambda: condition() or self._failure is not None)
        if self._failure is not None:
            raise self._failure

    def _next_page(self) -> Page | None:
        self._wait_for(lambda: self._order[0].settled if self._order else self._fed)
        with self._change:
            # Few pages are loaded before the first is read; then more, so that batches are full.
            self._window = min(WINDOW, self._window * 2)
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
                    if self._wanted is not None and not self._wanted(source):
                        continue
                    if not self._offer(Page(source, index)):
                        return
                    index += 1
                continue
            except Exception as error:
                problem = of_input(error, operand)
            if not self._offer(Page(PageSource(operand, 1), index, problems=[problem], failed=True, settled=True)):
                return
            index += 1
        with self._change:
            self._gatherer.end()
            self._fed = True
            self._change.notify_all()

    def _offer(self, page: Page) -> bool:
        with self._change:
            self._change.wait_for(
                lambda: len(self._order) < UNREAD_ROWS and len(self._todo) < SOURCES_AHEAD or self._stopped
            )
            if self._stopped:
                return False
            gathering = self._gatherer.add(page)
            self._order.append(page)
            if not page.settled:
                self._todo.append((page, gathering))
            self._change.notify_all()
        return True

    def _notice_if_seen(self, gathering: Gathering) -> None:
        """Let the lines of a gathering be read if the network has seen all of them."""
        if gathering.is_seen() and gathering.unread():
            self._seen.append(gathering)
            self._change.notify_all()

    def _work(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(
                    lambda: self._stopped or self._seen or self._may_load() or self._waiting.count or self._finished()
                )
                if self._stopped or not (self._seen or self._may_load() or self._waiting.count):
                    return
                if self._seen:
                    work, job = self._read_lines, (self._seen.popleft(),)
                    self._reading += 1
                elif self._may_load():
                    work, job = self._load, self._todo.popleft()
                    self._loading += 1
                    self._change.notify_all()
                else:
                    work, job = self._look, (self._waiting.take(),)
                    self._reading += 1
            work(*job)
            # It would be held, with the pages in it, while there is nothing to do.
            del job

    def _may_load(self) -> bool:
        return bool(self._todo) and self._waiting.count < self._window and self._unread < UNREAD_ROWS

    def _finished(self) -> bool:
        return self._fed and not (self._todo or self._seen or self._loading or self._reading)

    def _load(self, page: Page, gathering: Gathering) -> None:
        prepared: list[PageLine] = []
        try:
            with page.source.room():
                prepared = list(lines_of(page, self._mode, self._reader, self._threads))
        except Exception as error:
            page.fail(of_input(error, page.source.file))
        if not self._keep_sources:
            # It may hold the bytes of a picture.
            page.source = PageSource(page.source.file, page.source.page)
        with self._change:
            for line in prepared:
                page.lines.append(line)
                self._await_looks(page, line, [line.pixels], gathering)
            self._unread += len(prepared)
            page.settled = True
            self._notice_if_seen(gathering)
            self._loading -= 1
            self._change.notify_all()

    def _await_looks(self, page: Page, line: PageLine, views: list[np.ndarray], gathering: Gathering) -> None:
        """Let the network look at each view of a line but for those that it saw already."""
        seen = {look.width: look for look in line.looks}
        line.looks = [seen.get(view.shape[1]) for view in views]
        for look, pixels in enumerate(views):
            if line.looks[look] is None:
                width = self._reader.padded_width(pixels)
                self._waiting.put(width, Waiting(page.index, line.number, look, line, pixels, gathering))

    def _look(self, batch: list[Waiting]) -> None:
        seen = self._reader.probabilities([waiting.pixels for waiting in batch])
        with self._change:
            for waiting, probabilities in zip(batch, seen):
                waiting.line.looks[waiting.look] = Look(waiting.pixels.shape[1], probabilities)
            for gathering in {id(waiting.gathering): waiting.gathering for waiting in batch}.values():
                self._notice_if_seen(gathering)
            self._reading -= 1
            self._change.notify_all()

    def _read_lines(self, gathering: Gathering) -> None:
        """Read the lines of a gathering that are not read yet, or look at them further."""
        drafts = self._drafts_of(gathering)
        unsure = []
        for page in gathering.pages:
            lines = [line for line in page.lines if line.draft is None]
            readings = []
            for line in lines:
                if self._stopped:
                    # Whoever stops waits for this, and the lines of a document take seconds.
                    return
                _, line.context, reading = next(drafts)
                readings.append(reading)
            views = [self._reader.further_views(line.pixels, line.looks, reading) for line, reading in zip(lines, readings)]
            with self._change:
                for line, reading, further in zip(lines, readings, views):
                    if further:
                        unsure.append((page, line, further))
                        continue
                    line.draft, line.pixels = reading, None
                    if self._reader.is_final(reading, len(gathering.lines)):
                        line.reading = reading
                self._change.notify_all()
        if not unsure and not self._read_with_its_hand(gathering):
            return
        with self._change:
            for page, line, further in unsure:
                self._await_looks(page, line, further, gathering)
            # Views of a narrow line may be alike, so that none is left to look at.
            self._notice_if_seen(gathering)
            self._reading -= 1
            self._change.notify_all()

    def _drafts_of(self, gathering: Gathering) -> Iterator[Draft]:
        """Return what is read, line by line, of those of which there is no draft yet."""
        unread = gathering.unread()
        if gathering.lines:
            return (Draft(line.looks, line.context, self._reader.read(line.looks, line.context)) for line in unread)
        gathering.lines = unread
        looks = [line.looks for line in unread]
        return self._reader.begun(looks, self._reader.contexts(looks))

    def _read_with_its_hand(self, gathering: Gathering) -> bool:
        """Read the lines of a gathering whose drafts are not final, and let go of what was seen; tell whether it was not stopped."""
        drafts = self._reader.with_its_hand([Draft(line.looks, line.context, line.draft) for line in gathering.lines])
        for line, draft in zip(gathering.lines, drafts):
            if self._stopped:
                return False
            with self._change:
                line.reading, line.looks = draft.reading, []
                self._change.notify_all()
        gathering.lines = []
        return True

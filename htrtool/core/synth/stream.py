"""Synthetic lines as samples, written by one process or by several, to the same bytes."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess

import cv2
import numpy as np

from htrtool.core.collect import Maker
from htrtool.core.errors import HtrError, InputError
from htrtool.core.layouts.base import LeftOut, Line
from htrtool.core.samples import Sample
from htrtool.core.synth import Scribes, Texts, lines_of_text, write_line

HEIGHT = 64
"""Rows of a line as it is written."""
BLOCK = 25_000
"""Lines of a run within which those of one font make a document, by which samples are split for training."""
LONGEST = 400
"""Characters beyond which a text is no line."""

Made = Sample | LeftOut | InputError


@dataclass
class Run:
    """``count`` lines of handwriting from a seed, and what makes samples of them.

    The maker's recipe brings the lines to its height. The sample of line ``i`` has the key ``synth/SEED/i`` and depends on the seed and ``i`` alone.
    """

    scribes: Scribes
    texts: Texts
    maker: Maker
    count: int
    seed: int = 0

    def made(self, start: int = 0, step: int = 1) -> Iterator[Made]:
        """Yield what becomes of the lines ``start``, ``start + step``, ..."""
        indices = range(start, self.count, step)
        for index, (text, language) in zip(indices, lines_of_text(self.texts, self.seed, start, step)):
            key = f"synth/{self.seed}/{index:07d}"
            _, reason = self.maker.text_of(text)
            if reason:
                yield LeftOut(key, reason)
                continue
            written = written_line(text, language, self.scribes, self.seed, index)
            if written is None:
                yield LeftOut(key, "no font or hand shows its characters")
                continue
            pixels, label, meta = written
            yield self.maker.made_of(Line(key, pixels, label, meta))


def written_line(
    text: str, language: str, scribes: Scribes, seed: int, index: int
) -> tuple[np.ndarray, str, dict] | None:
    """Write line ``index`` of a run, which depends on that and the seed alone, in a font or hand.

    Returns:
        pixels, (64, width) uint8, for which the widths of the pens are meant; the text as it reads (capitals for a font that
        has no others); and what is known of it. None if no font or hand can show it, or it has more than :data:`LONGEST` characters.
    """
    rng = np.random.default_rng((seed, index, 1))
    text = " ".join(text.split())
    drawn = scribes.draw(text, rng, seed, index) if 0 < len(text) <= LONGEST else None
    if drawn is None:
        return None
    face, label = drawn
    # What is set from a real hand goes to the side of a split on which that hand's own lines are.
    of = {"hand": face.name, "document": face.name} if face.own_pen else {"font": face.name}
    meta = {"synthetic": True, "document": f"synth/{face.name}/{index // BLOCK}"} | of
    return write_line(label, face, rng, HEIGHT), label, meta | ({"language": language} if language else {})


def synthetic_samples(run: Run, jobs: int = 1) -> Iterator[Made]:
    """Yield what becomes of the lines of a run, in order, whatever the number of processes that work.

    Each of ``jobs`` processes writes every ``jobs``-th line into a pipe, which holds it back when it is ahead, so that
    memory does not grow with the run. A script that calls this with several jobs needs Python's usual
    ``if __name__ == "__main__":``.

    Raises:
        HtrError: a process ended before its time, such as for lack of memory.
    """
    jobs = min(jobs, run.count)
    if jobs <= 1:
        yield from run.made()
        return
    workers: list[tuple[SpawnProcess, Connection]] = []
    try:
        for _ in range(jobs):
            workers.append(_started())
        told = pickle.dumps(run)
        for number, (process, pipe) in enumerate(workers):
            with _watched(process):
                pipe.send_bytes(told)
                pipe.send((number, jobs))
        for index in range(run.count):
            process, pipe = workers[index % jobs]
            with _watched(process):
                made = pipe.recv()
            yield made
    finally:
        for process, pipe in workers:
            pipe.close()
            process.terminate()
            process.join()


def _started() -> tuple[SpawnProcess, Connection]:
    """Start a worker; it never sees the interrupt from the keyboard, which its parent answers for all."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs,), daemon=True)
    # Started with the first worker, it would let the interrupt through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    return process, ours


@contextlib.contextmanager
def _watched(process: SpawnProcess) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        # Killed while it wrote, it leaves half a message, which is an OSError without a number.
        process.join()
        raise HtrError(
            f"a process that writes lines ended with the status {process.exitcode}: if memory is short (status -9), "
            "let fewer work with --jobs"
        ) from None


def _work(pipe: Connection) -> None:
    cv2.setNumThreads(1)
    with pipe:
        try:
            run = pickle.loads(pipe.recv_bytes())
            start, step = pipe.recv()
        except (EOFError, OSError):
            # The parent was killed while it wrote.
            return
        # It stops reading when it needs no more.
        with contextlib.suppress(ConnectionError):
            for made in run.made(start, step):
                pipe.send(made)

"""Labelled lines for training: spooled to disk, batched by width, augmented ahead of the network by workers."""

from __future__ import annotations

import hashlib
import io
import itertools
import multiprocessing
import os
import signal
import tempfile
import threading
from collections import Counter, deque
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import reduction
from typing import IO, Iterable, Iterator, Mapping, NamedTuple

import cv2
import numpy as np
from PIL import Image

from htrtool.core.charset import Charset
from htrtool.core.decoding.align import frames_needed
from htrtool.core.decoding.looks import brought_to_pitch
from htrtool.core.line_network import WIDTH_STEP as READING_STEP
from htrtool.core.prepare import resize_to_height
from htrtool.core.samples import Sample, decode_prepared
from htrtool.core.split import place_of
from htrtool.core.training.augment import augment

WIDTH_STEP = 64
AHEAD = 6
AT_PITCH = 0.5
"""The share of lines that are brought to the width at which the network is to like them best, as most looks at a line are."""


class Batch(NamedTuple):
    """Lines of about one width: ``lines`` float32 (batch, height, width, 1), ink up to 1 on paper 0."""

    lines: np.ndarray
    labels: np.ndarray
    label_lengths: np.ndarray
    frame_lengths: np.ndarray


@dataclass
class LineStore:
    """Pictures spooled to a temporary file, their texts in memory: a hundred thousand lines take some 100 MB.

    The file has no name, so that nothing of it is left however the process ends.
    """

    height: int
    spool: IO[bytes] = field(default_factory=lambda: tempfile.TemporaryFile(prefix="htr-"))
    keys: list[str] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)

    def add(self, sample: Sample) -> None:
        """Keep a sample.

        Raises:
            InputError: the picture is broken.
        """
        try:
            with Image.open(io.BytesIO(sample.image)) as picture:
                width, height = picture.size
        except OSError:
            height, width = sample.pixels().shape
        self.spans.append((self.spool.tell(), len(sample.image)))
        self.spool.write(sample.image)
        self.keys.append(sample.key)
        self.documents.append(sample.document)
        self.texts.append(sample.text)
        self.widths.append(max(1, round(width * self.height / height)))
        self.digests.append(hashlib.blake2b(sample.image, digest_size=8).digest())

    def __len__(self) -> int:
        return len(self.keys)

    def keep(self, indices: Iterable[int]) -> LineStore:
        """Return a store of some of the lines, on the same spool."""
        self.spool.flush()
        indices = list(indices)
        chosen = {
            name: [getattr(self, name)[i] for i in indices]
            for name in ("keys", "documents", "texts", "spans", "widths", "digests")
        }
        return LineStore(self.height, self.spool, **chosen)

    def split_documents(self, share: float) -> tuple[LineStore, LineStore]:
        """Split off about ``share`` of the documents, always the same ones, whatever else there is.

        With few documents it is one at least, and never all. While they are more than twice the share of the lines, the one
        with the last hash is left with the others; where a single one is more than that, the lines are split.
        """
        counts, most = Counter(self.documents), max(1, 2 * share * len(self))
        apart = _first(counts, share)
        while len(apart) > 1 and sum(counts[name] for name in apart) > most:
            apart.pop()
        if 0 < sum(counts[name] for name in apart) <= most:
            return self._split_off(self.documents, apart)
        return self.split_lines(share)

    def split_lines(self, share: float) -> tuple[LineStore, LineStore]:
        """Split off about ``share`` of the lines, always the same ones, whatever document they are of."""
        return self._split_off(self.keys, _first(self.keys, share))

    def _split_off(self, names: list[str], apart: list[str]) -> tuple[LineStore, LineStore]:
        chosen = set(apart)
        return (
            self.keep(i for i, name in enumerate(names) if name not in chosen),
            self.keep(i for i, name in enumerate(names) if name in chosen),
        )

    def fingerprint(self) -> str:
        """Return a digest of keys, texts and sizes of pictures, by which a resumed run knows its data again."""
        digest = hashlib.blake2b(f"{self.height}\n".encode(), digest_size=8)
        for key, text, (_, size), width in zip(self.keys, self.texts, self.spans, self.widths):
            digest.update(f"{key}\t{text}\t{size}\t{width}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()


def _first(names: Iterable[str], share: float) -> list[str]:
    """Return about ``share`` of some names, by their hashes and in the order of these: one at least, but never all."""
    ranked = sorted(set(names), key=place_of)
    return [name for name in ranked[:-1] if place_of(name) < share] or ranked[:-1][:1]


def beyond(store: LineStore, charset: Charset, stride: int) -> dict[str, list[int]]:
    """Return the lines whose text no network can write, by reason: characters that have no class, or too few frames."""
    unknown = {index: missing for index, text in enumerate(store.texts) if (missing := charset.unknown(text))}
    characters = "".join(sorted(set().union(*unknown.values())))
    narrow = [
        index
        for index, (text, width) in enumerate(zip(store.texts, store.widths))
        if index not in unknown and frames_needed(charset.encode(text)) > -(-width // stride)
    ]
    found = {f"with characters outside the charset ({characters})": list(unknown), "too narrow for their text": narrow}
    return {reason: indices for reason, indices in found.items() if indices}


def writable(store: LineStore, beyond_reach: Mapping[str, list[int]]) -> list[int]:
    """Return the lines whose text a network can write, given those that :func:`beyond` found."""
    without = set(itertools.chain.from_iterable(beyond_reach.values()))
    return [index for index in range(len(store)) if index not in without]


def epoch_order(store: LineStore, batch_size: int, seed: int, epoch: int, short_first: bool) -> list[list[int]]:
    """Return the lines of each batch of an epoch, lines of about equal width together.

    With ``short_first`` the batches go from short to long, which gets CTC off its plateau of blanks; otherwise
    their order is random.
    """
    rng = np.random.default_rng((seed, epoch))
    widths = np.asarray(store.widths)
    if short_first:
        order = np.argsort(widths * np.exp(rng.normal(0, 0.1, len(widths))), kind="stable")
        return [list(map(int, order[i : i + batch_size])) for i in range(0, len(order), batch_size)]
    order = rng.permutation(len(widths))
    batches = []
    pool = batch_size * 64
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(widths[part], kind="stable")]
        batches += [list(map(int, part[i : i + batch_size])) for i in range(0, len(part), batch_size)]
    return [batches[i] for i in rng.permutation(len(batches))]


def reading_order(store: LineStore, batch_size: int) -> list[list[int]]:
    """Return the lines of each batch in which lines are read, from narrow to wide.

    Only lines that are padded to one width share a batch, for a recurrent network sees the padding: so each is read as it
    is alone.
    """
    order = sorted(range(len(store)), key=store.widths.__getitem__)
    batches = []
    for _, group in itertools.groupby(order, lambda index: -(-store.widths[index] // READING_STEP)):
        alike = list(group)
        batches += [alike[i : i + batch_size] for i in range(0, len(alike), batch_size)]
    return batches


class BatchMaker:
    """Make batches of a store; safe to hand to a process that is being started.

    Lines whose text cannot be written have no labels. Batches are padded to multiples of ``width_step`` columns.
    Where a ``pitch`` is given, lines are brought towards it now and then.
    """

    def __init__(
        self,
        store: LineStore,
        charset: Charset,
        stride: int,
        strength: float,
        seed: int,
        width_step: int = WIDTH_STEP,
        pitch: float = 0.0,
    ):
        store.spool.flush()
        self._spool: IO[bytes] | None = store.spool
        self._file = store.spool.fileno()
        self._spans, self._keys, self._height = store.spans, store.keys, store.height
        self._labels: list[list[int]] = [[] for _ in store.texts]
        for index in writable(store, beyond(store, charset, stride)):
            self._labels[index] = charset.encode(store.texts[index])
        self._stride, self._strength, self._seed, self._width_step = stride, strength, seed, width_step
        self._pitch = pitch

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_spool": None, "_file": reduction.DupFd(self._file)}

    def __setstate__(self, state: dict) -> None:
        self.__dict__ |= state | {"_file": state["_file"].detach()}

    def line(self, index: int, epoch: int) -> np.ndarray:
        """Return one line, (height, width) uint8, augmented as that epoch has it, and wide enough for its label."""
        offset, size = self._spans[index]
        pixels = resize_to_height(decode_prepared(os.pread(self._file, size, offset), self._keys[index]), self._height)
        rng = np.random.default_rng((self._seed, epoch, index))
        if self._pitch and self._strength and rng.random() < AT_PITCH:
            pixels = brought_to_pitch(pixels, len(self._labels[index]), self._pitch)
        pixels = augment(pixels, rng, self._strength)
        least = frames_needed(self._labels[index]) * self._stride
        if pixels.shape[1] < least:
            pixels = cv2.resize(pixels, (least, self._height), interpolation=cv2.INTER_LINEAR)
        return pixels

    def batch(self, indices: list[int], epoch: int) -> Batch:
        """Return the batch of some lines."""
        pictures = [self.line(index, epoch) for index in indices]
        labels = [self._labels[index] for index in indices]
        width = -(-max(p.shape[1] for p in pictures) // self._width_step) * self._width_step
        longest = -(-max(map(len, labels)) // 16) * 16
        lines = np.zeros((len(indices), self._height, width, 1), np.float32)
        padded = np.zeros((len(indices), longest), np.int32)
        for row, (picture, label) in enumerate(zip(pictures, labels)):
            lines[row, :, : picture.shape[1], 0] = (255 - picture) / np.float32(255)
            padded[row, : len(label)] = label
        return Batch(
            lines,
            padded,
            np.array([len(label) for label in labels], np.int32),
            np.array([-(-p.shape[1] // self._stride) for p in pictures], np.int32),
        )


_maker: BatchMaker | None = None


def _adopt(maker: BatchMaker) -> None:
    global _maker
    _maker = maker
    threading.Thread(target=_end_with_trainer, daemon=True).start()
    # An interrupt is for the process that waits for the batches.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(1)


def _end_with_trainer() -> None:
    """End this worker when the process that it makes batches for ends, even one that was killed and could not say so."""
    multiprocessing.parent_process().join()
    os._exit(1)


def _make(indices: list[int], epoch: int) -> Batch:
    return _maker.batch(indices, epoch)


class Loader:
    """Make batches ahead of the network: one thread, or ``jobs`` processes where there are cores to spare."""

    def __init__(self, maker: BatchMaker, jobs: int):
        self._pool: Executor
        if jobs > 1:
            context = multiprocessing.get_context("forkserver")
            self._pool = ProcessPoolExecutor(jobs, context, initializer=_adopt, initargs=(maker,))
            self._make, self._ahead = _make, AHEAD * jobs
        else:
            self._pool = ThreadPoolExecutor(1)
            self._make, self._ahead = maker.batch, AHEAD

    def batches(self, order: list[list[int]], epoch: int) -> Iterator[Batch]:
        """Yield the batches of ``order``, in that order."""
        waiting: deque[Future] = deque()
        for indices in order:
            waiting.append(self._pool.submit(self._make, indices, epoch))
            if len(waiting) > self._ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def close(self) -> None:
        """Stop the workers."""
        self._pool.shutdown(wait=False, cancel_futures=True)

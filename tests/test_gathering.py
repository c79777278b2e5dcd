"""Documents of many kinds, broken ones among them: any number of threads reads the same rows in the same order."""

import gc
import time
import weakref
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tars import tar_of
from tiny_model import draw_line

from htrtool.core.gathering import in_gatherings
from htrtool.core.layouts.base import Line
from htrtool.core.layouts.page import PageCutter
from htrtool.core.layouts.stream import in_tar
from htrtool.core.lm.ngram_training import LanguageText, train_languages
from htrtool.core.lm.page_language import Languages
from htrtool.core.pipeline import Pipeline
from htrtool.core.reader import Reader
from htrtool.core.samples import Sample, encode_png

LANGUAGES = {"ab": "abba cab bad dab cab abba bad " * 20, "ef": "fee gef heg fef gee fee heg " * 20}
FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12, derandomize=True)


@pytest.fixture(scope="module")
def languages():
    return Languages(train_languages([LanguageText(language, text) for language, text in LANGUAGES.items()]))


def picture(random: np.random.Generator) -> bytes:
    """Return a line that is sure, one that is not, one so narrow that it looks alike in several widths, or what is no picture."""
    kind = random.integers(5)
    if kind == 0:
        return b"no picture"
    if kind == 1:
        return encode_png(np.full((200, random.integers(4, 9)), 255, np.uint8))
    words = random.choice(LANGUAGES["ab" if random.random() < 0.5 else "ef"].split(), random.integers(1, 5))
    line = draw_line(" ".join(words))
    # Between the levels of two characters the network knows neither.
    return encode_png(line if kind == 2 else np.where(line < 255, line // 2 + random.integers(90, 120), 255).astype(np.uint8))


def inputs(folder, random: np.random.Generator) -> list[str]:
    """Write documents of lines into tars and folders and return the operands, of which one in ten is missing."""
    operands = []
    for number in range(random.integers(1, 5)):
        names = [f"{'pqr'[random.integers(3)]}_{line}" for line in range(random.integers(1, 12))]
        names = sorted(names) if random.random() < 0.7 else names
        if random.random() < 0.6:
            path = folder / f"{number}.tar"
            path.write_bytes(tar_of(Sample(name, picture(random)) for name in names))
            operands.append(str(path))
            continue
        for name in names:
            path = folder / f"{number}{name}.png"
            if random.random() < 0.9:
                path.write_bytes(picture(random))
            operands.append(str(path))
    return operands


def told_of(reader: Reader, operands: list[str], *, by_pages: bool, **options) -> list:
    """Return what is told of inputs, in order: rows, pages and problems; conf to 6 digits."""
    told = []
    pipeline = Pipeline(reader, operands, on_problem=lambda error: told.append(str(error)), **options)
    if by_pages:
        for page in pipeline.whole_pages():
            told.append((page.source.file, [(line.number, line.reading.text) for line in page.lines]))
    else:
        for row in pipeline:
            told.append((row.file, row.page, row.line, row.text, round(row.conf, 6)))
    return told


@given(
    seed=st.integers(0, 2**32 - 1),
    mode=st.sampled_from(["auto", "line"]),
    looks=st.sampled_from([None, 1, 2]),
    ways=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 7)), min_size=2, max_size=2),
    by_pages=st.booleans(),
    left_out=st.booleans(),
)
@FEW
def test_documents_are_read_alike_by_any_number_of_threads(tiny_model, languages, tmp_path_factory, seed, mode, looks, ways, by_pages, left_out):
    random = np.random.default_rng(seed)
    operands = inputs(tmp_path_factory.mktemp("inputs"), random)
    reader = Reader(tiny_model)
    reader.decode_with(languages, looks=looks)
    wanted = (lambda source: len(source.file) % 3 > 0) if left_out else None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("htrtool.core.gathering.TOGETHER", int(random.integers(2, 8)))
        patched.setattr("htrtool.core.decoding.looks.FURTHER", ((0.999, 2), (0.95, 5)))
        patched.setattr("htrtool.core.reader.UNSURE", float(random.choice([0.95, 1.1])))
        read = partial(told_of, reader, operands, mode=mode, by_pages=by_pages, wanted=wanted)
        alone = read(threads=1, batch=1)
        for threads, batch in ways:
            assert read(threads=threads, batch=batch) == alone


def lines_of_one_document(folder, count: int) -> str:
    path = folder / "lines.tar"
    path.write_bytes(tar_of(Sample(f"doc/{number:03}", encode_png(draw_line("abc"))) for number in range(count)))
    return str(path)


def test_pages_that_are_done_with_take_no_more_memory(tiny_model, tmp_path):
    path = lines_of_one_document(tmp_path, 200)
    # So many pages pass by before the collector of garbage runs by itself that they would add up.
    gc.disable()
    try:
        pages = [weakref.ref(page) for page in Pipeline(Reader(tiny_model), [path]).whole_pages()]
        held = sum(page() is not None for page in pages)
    finally:
        gc.enable()
    assert len(pages) == 200 and held < 80


def test_who_wants_no_more_rows_does_not_wait_for_the_rest_of_the_document(tiny_model, tmp_path, monkeypatch):
    reader, read = Reader(tiny_model), []

    def slowly(looks, context, run=reader.read):
        read.append(looks)
        time.sleep(0.05)
        return run(looks, context)

    monkeypatch.setattr(reader, "read", slowly)
    rows = iter(Pipeline(reader, [lines_of_one_document(tmp_path, 60)]))
    next(rows)
    rows.close()
    assert len(read) < 10


def test_htr_prep_reads_lines_of_one_document_together_as_htr_read_does(tiny_model, tmp_path, monkeypatch):
    together, run = [], Reader.contexts
    monkeypatch.setattr(Reader, "contexts", lambda self, page: together.append(len(page)) or run(self, page))
    line = encode_png(draw_line("abc"))
    samples = [("p/1", line), ("p/2", line), ("p/3", b""), ("p/4", b"no picture"), ("p/5", line), ("q/1", line), ("q/2", line)]
    path = tmp_path / "lines.tar"
    path.write_bytes(tar_of([*(Sample(key, image) for key, image in samples), Sample("q/3", line, "typed"), Sample("q/4", line)]))
    cutter = PageCutter(str(tiny_model), reads=True)
    found = [made for entry in in_tar(path, cutter) for made in entry.load()]
    assert [item.text if isinstance(item, Line) else str(item).split(":")[0] for item in found] == [
        "abc", "abc", f"{path}/p/3", f"{path}/p/4", "abc", "abc", "abc", "typed", "abc",
    ]  # fmt: skip
    assert together == [3, 2, 1]
    list(Pipeline(cutter.reader, [str(path)], mode="line", on_problem=lambda error: None))
    assert [count for count in together[3:] if count] == [3, 4]


def test_lines_are_put_together_as_far_as_they_are_of_one_document():
    documents = ["a"] * 70 + ["b"] * 2 + [""] * 2 + ["a"]
    gathered = list(in_gatherings(range(len(documents)), documents.__getitem__))
    assert [len(lines) for lines in gathered] == [64, 6, 2, 1, 1, 1] and sum(gathered, []) == list(range(len(documents)))

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tars import tar_of
from tiny_model import draw_line

from htrtool.core.charset import Charset
from htrtool.core.decoding.align import frames_needed
from htrtool.core.errors import InputError
from htrtool.core.layouts.base import LeftOut
from htrtool.core.reader import Reader
from htrtool.core.recipe import Recipe
from htrtool.core.samples import Sample, encode_png
from htrtool.core.split import place_of
from htrtool.core.training.corpus import gather, labelled_samples, restrict
from htrtool.core.training.dataset import WIDTH_STEP, BatchMaker, LineStore, Loader, beyond, epoch_order, reading_order
from htrtool.core.training.replay import add_replay

PREPARED = {"recipe": {"normalise": "none", "height": 64}}


def sample(key: str, text: str, **meta) -> Sample:
    return Sample(key, encode_png(draw_line(text)), text, PREPARED | meta)


def store_of(texts: list[str]) -> LineStore:
    store = LineStore(64)
    for number, text in enumerate(texts):
        store.add(sample(f"set/{number % 5}/{number}", text))
    return store


def test_of_the_lines_beside_a_model_those_are_shown_again_that_it_can_write(tmp_path):
    texts = {"a": "abc", "untranscribed": None, "empty": "", "unknown": "xyz", "b": "cba", "beyond": "abc"}
    samples = [Sample(key, encode_png(draw_line("abc")), text, PREPARED) for key, text in texts.items()]
    (tmp_path / "mine.replay.tar").write_bytes(tar_of(samples))
    store = LineStore(64)
    assert add_replay(store, tmp_path / "mine.keras", Recipe(), Charset("abc"), 4, 2) == 2
    assert store.keys == ["replay/a", "replay/b"] and store.texts == ["abc", "cba"]


@settings(max_examples=30, deadline=None)
@given(
    widths=st.lists(st.integers(1, 3000), min_size=1, max_size=300),
    batch=st.integers(1, 40),
    epoch=st.integers(0, 5),
    short_first=st.booleans(),
)
def test_every_line_is_in_an_epoch_once_and_the_order_is_the_seeds(widths, batch, epoch, short_first):
    store = LineStore(64, widths=widths, keys=[""] * len(widths))
    order = epoch_order(store, batch, 3, epoch, short_first)
    assert sorted(i for indices in order for i in indices) == list(range(len(widths)))
    assert all(len(indices) <= batch for indices in order)
    assert order == epoch_order(store, batch, 3, epoch, short_first)


@settings(max_examples=30, deadline=None)
@given(widths=st.lists(st.integers(1, 3000), min_size=1, max_size=300), batch=st.integers(1, 40))
def test_lines_kept_aside_share_a_batch_only_where_htr_read_pads_them_alike(widths, batch):
    order = reading_order(LineStore(64, widths=widths, keys=[""] * len(widths)), batch)
    assert sorted(i for indices in order for i in indices) == list(range(len(widths)))
    assert all(len(indices) <= batch for indices in order)
    assert all(len({Reader.padded_width(np.empty((64, widths[i]))) for i in indices}) == 1 for indices in order)


def test_short_lines_come_first_when_asked():
    store = store_of(["a", "abcabcab"] * 40)
    order = epoch_order(store, 8, 0, 0, short_first=True)
    widths = [np.mean([store.widths[i] for i in indices]) for indices in order]
    assert widths[0] < widths[-1] and widths == sorted(widths)


def test_padding_is_paper_and_lengths_are_true():
    store = store_of(["a", "abcab"])
    batch = BatchMaker(store, Charset("abc"), 4, 0, 0).batch([0, 1], 0)
    assert batch.lines.shape[2] % WIDTH_STEP == 0
    assert batch.lines[0, :, store.widths[0] :].max() == 0
    assert list(batch.label_lengths) == [1, 5]
    assert list(batch.frame_lengths) == [-(-width // 4) for width in store.widths]
    assert list(batch.labels[1, :5]) == [1, 2, 3, 1, 2]


@pytest.mark.parametrize("jobs", [1, 2])
def test_batches_are_the_same_whoever_makes_them(jobs):
    store = store_of(["abc", "cab", "bca", "aab"] * 4)
    maker = BatchMaker(store, Charset("abc"), 4, 1.0, 7)
    order = epoch_order(store, 4, 7, 1, False)
    loader = Loader(maker, jobs)
    try:
        made = list(loader.batches(order, 1))
    finally:
        loader.close()
    for indices, batch in zip(order, made, strict=True):
        assert np.array_equal(batch.lines, maker.batch(indices, 1).lines)


def test_workers_end_with_the_process_that_they_work_for():
    trainer = """if __name__ == "__main__":
    import os, signal, sys
    sys.path.insert(0, "tests")
    from test_dataset import BatchMaker, Charset, Loader, store_of
    store = store_of(["abc"] * 8)
    loader = Loader(BatchMaker(store, Charset("abc"), 4, 1.0, 7), 2)
    list(loader.batches([[0, 1], [2, 3]], 1))
    print(*loader._pool._processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    top = Path(__file__).parent.parent
    with tempfile.NamedTemporaryFile("w", suffix=".py") as script:
        script.write(trainer)
        script.flush()
        done = subprocess.run([sys.executable, script.name], cwd=top, capture_output=True, text=True, timeout=60)
    workers = done.stdout.split()
    assert len(workers) == 2, done.stderr
    deadline = time.monotonic() + 30
    while any(Path("/proc", worker).exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path("/proc", worker).exists() for worker in workers)


def test_equal_neighbours_need_a_frame_between_them():
    assert [frames_needed(label) for label in ([], [1], [1, 2], [1, 1], [2, 2, 2])] == [0, 1, 2, 3, 5]


def test_a_line_too_narrow_for_its_text_is_found():
    store = LineStore(64)
    store.add(Sample("a", encode_png(np.full((64, 40), 255, np.uint8)), "abcabcabc"))
    store.add(Sample("b", encode_png(np.full((64, 40), 255, np.uint8)), "abcabcabca"))
    store.add(Sample("c", encode_png(np.full((64, 40), 255, np.uint8)), "aabbcc"))
    assert beyond(store, Charset("abc"), 4) == {}
    assert beyond(store, Charset("abc"), 5) == {"too narrow for their text": [0, 1, 2]}
    store.add(Sample("d", encode_png(np.full((64, 40), 255, np.uint8)), "abcabcabcab"))
    assert beyond(store, Charset("abc"), 4) == {"too narrow for their text": [3]}
    assert beyond(store, Charset("ab"), 4) == {"with characters outside the charset (c)": [0, 1, 2, 3]}


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 10_000), min_size=2, max_size=60), st.integers(10_001, 20_000))
def test_documents_kept_aside_stay_aside_when_data_is_added(documents, more):
    def aside(names):
        names = sorted(names)
        store = LineStore(
            64,
            keys=[str(n) for n in names],
            documents=[str(n) for n in names],
            texts=["a"] * len(names),
            spans=[(0, 0)] * len(names),
            widths=[1] * len(names),
            digests=[b""] * len(names),
        )
        train, val = store.split_documents(0.5)
        assert train.documents and val.documents and not set(train.documents) & set(val.documents)
        assert sorted(train.documents + val.documents) == sorted(store.documents)
        return set(val.documents)

    # With few documents the share can't be met by the hash alone, and one document may have to move.
    assert len(aside(documents) - aside(documents | {more})) <= 1


def test_the_lines_of_a_single_document_are_split_too():
    store = LineStore(64)
    for number in range(20):
        store.add(sample(f"letter/{number}", "abc"))
    train, val = store.split_documents(0.1)
    assert len(train) + len(val) == 20 and 1 <= len(val) <= 6


@pytest.mark.parametrize("counts", [(40, 10), (3, 190), (25, 25), (1, 1), (9, 1, 1)])
def test_of_unequal_documents_most_lines_are_left_to_learn_from(counts):
    keys = [f"{document}/{line}" for document, count in enumerate(counts) for line in range(count)]
    documents = [key.partition("/")[0] for key in keys]
    digests = [b""] * len(keys)
    store = LineStore(64, keys=keys, documents=documents, texts=keys, spans=[(0, 0)] * len(keys), widths=[1] * len(keys), digests=digests)
    train, val = store.split_documents(0.1)
    assert sorted(train.keys + val.keys) == sorted(keys)
    assert 1 <= len(val) <= max(1, 0.3 * len(keys))


def test_no_document_is_on_both_sides_while_one_of_those_kept_aside_is_small_enough():
    names = sorted((f"page{number}" for number in range(200)), key=place_of)
    assert place_of(names[2]) < 0.1 < place_of(names[195])
    store = LineStore(64)
    for name in [*names[195:], *names[:3]]:
        for number in range(5):
            store.add(sample(f"{name}/{number}", "abc"))
    train, val = store.split_documents(0.1)
    assert set(val.documents) == {names[0]} and set(train.documents) == {*names[1:3], *names[195:]}


def test_what_is_marked_test_is_not_learned_and_lines_marked_val_give_way_to_others():
    corpus = gather([sample("a", "abc", split="train"), sample("b", "abc", split="test"), sample("c", "ab", split="val")])
    assert corpus.lines.keys == ["a"] and corpus.left_out == {"marked test": ["b"]}
    corpus.keep_aside(gather([sample("d", "bc", split="test")], by_split=False))
    assert corpus.kept_aside.keys == ["d"]
    assert [keys for reason, keys in corpus.left_out.items() if "marked val" in reason] == [["c"]]


def test_lines_kept_aside_are_not_learned_too():
    corpus = gather([sample("a", "abc"), sample("b", "ab"), sample("c", "abd")])
    corpus.keep_aside(gather([sample("b", "ab"), sample("c", "abe")], by_split=False))
    assert corpus.lines.keys == ["a", "c"] and corpus.kept_aside.keys == ["b", "c"], "another line may have the same key"
    with pytest.raises(InputError, match="received the same 2"):
        corpus.keep_aside(gather([sample("a", "abc"), sample("c", "abd")], by_split=False))


def test_a_folder_kept_aside_is_not_learned_from_a_folder_around_it(tmp_path):
    for place, text in (("data/val", "abc"), ("data/a", "bca"), ("other/val", "cab")):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "1.png").write_bytes(encode_png(draw_line(text, margin=10 + len(place))))
        (tmp_path / place / "1.gt.txt").write_text("abc")

    def gathered(*names):
        return gather(labelled_samples([str(tmp_path / name) for name in names], pytest.fail), by_split=False)

    corpus = gathered("data")
    corpus.keep_aside(gathered("data/val"))
    assert corpus.lines.keys == ["data/a/1"] and corpus.left_out["also given to be kept aside"] == ["data/val/1"]
    # Of the same name and text, but another hand's.
    corpus = gathered("other/val")
    corpus.keep_aside(gathered("data/val"))
    assert corpus.lines.keys == corpus.kept_aside.keys == ["val/1"]


def test_lines_to_which_several_names_lead_are_learned_once(tmp_path):
    (tmp_path / "a").mkdir()
    for name, text in (("1", "abc"), ("2", "cab")):
        (tmp_path / "a" / f"{name}.png").write_bytes(sample(name, text).image)
        (tmp_path / "a" / f"{name}.gt.txt").write_text(text)
    (tmp_path / "a" / "more.tar").write_bytes(tar_of([sample("b/1", "bc")]))
    tar = "a/more.tar"

    def keys(*names):
        made = list(labelled_samples([str(tmp_path / name) for name in names], pytest.fail))
        return sorted(each.key for each in made if isinstance(each, Sample)), [each.reason for each in made if isinstance(each, LeftOut)]

    once = ["a/1", "a/2", "b/1"]
    assert keys("a")[0] == once
    assert keys("a", ".")[0] == once
    found, left_out = keys("a/1.gt.txt", "a/1.png", "a/2.gt.txt", "a/2.png")
    assert found == once[:2] and left_out == ["given twice"] * 2
    # A stream that is given twice is to be learned twice.
    assert keys(tar, tar)[0] == ["b/1", "b/1"] and keys(tar, "a")[0] == once


def test_scripts_from_right_to_left_are_noticed():
    for text, expected in (("שלום 1948 a", True), ("abc 12 שם", False)):
        assert gather([Sample("a", encode_png(draw_line("abc")), text, PREPARED)]).runs_right_to_left() == expected


def test_where_nothing_is_left_to_learn_from_it_says_why():
    with pytest.raises(InputError, match="received none: 1 without text, 2 marked val"):
        gather([sample("a", "ab", split="val"), sample("b", "ab", split="val"), sample("c", "")])


def test_a_prepared_picture_that_breaks_off_is_left_out_before_training():
    whole, broken = sample("a", "abc"), sample("b", "abc")
    broken.image = broken.image[:60]
    corpus = gather([whole, broken])
    assert corpus.lines.keys == ["a"] and list(corpus.left_out.values()) == [["b"]]


def test_gathering_keeps_lines_marked_val_aside_and_counts_what_it_leaves_out():
    corpus = gather(
        [
            sample("set/a/1", "abc"),
            sample("set/b/1", "abc", split="val"),
            Sample("set/c/1", encode_png(draw_line("a")), None, PREPARED),
            Sample("set/d/1", b"broken", "abc", PREPARED),
            sample("set/e/1", "abcd"),
        ]
    )
    restrict(corpus, Charset("abc"), 4)
    assert corpus.lines.keys == ["set/a/1"] and corpus.kept_aside.keys == ["set/b/1"]
    assert {key for keys in corpus.left_out.values() for key in keys} == {"set/c/1", "set/d/1", "set/e/1"}


def test_lines_kept_aside_that_can_only_be_read_with_errors_stay_and_are_told():
    corpus = gather([sample("a", "abc"), sample("b", "abd", split="val"), sample("c", "ab", split="val")])
    restrict(corpus, Charset("abc"), 4)
    assert corpus.kept_aside.keys == ["b", "c"] and not corpus.left_out
    assert corpus.beyond_reach == {"with characters outside the charset (d)": ["b"]}
    batch = BatchMaker(corpus.kept_aside, Charset("abc"), 4, 0, 0).batch([0, 1], 0)
    assert list(batch.label_lengths) == [0, 2]
    with pytest.raises(InputError, match=r"keep aside that the network can read, received none: 1 with characters .* \(d\)"):
        restrict(gather([sample("a", "abc"), sample("b", "abd", split="val")]), Charset("abc"), 4)


def test_samples_prepared_in_different_ways_are_refused():
    with pytest.raises(InputError, match="prepared alike"):
        gather([sample("a", "abc"), Sample("b", encode_png(draw_line("a")), "a", {"recipe": {"binarise": "otsu"}})])


def test_samples_are_brought_to_the_height_of_the_network():
    corpus = gather([sample("a", "abc"), Sample("b", encode_png(draw_line("a", height=96)), "a", {"recipe": {"normalise": "none", "height": 96}})], Recipe(height=32))
    assert corpus.recipe.height == 32
    batch = BatchMaker(corpus.lines, Charset("abc"), 4, 0, 0).batch([0, 1], 0)
    assert batch.lines.shape[1] == 32


def test_pictures_without_a_recipe_are_prepared():
    tall = np.full((200, 600), 90, np.uint8)
    tall[80:120, 100:110] = 10
    corpus = gather([Sample("scan", encode_png(tall), "abc")])
    assert corpus.lines.widths == [192]
    batch = BatchMaker(corpus.lines, Charset("abc"), 4, 0, 0).batch([0], 0)
    assert batch.lines.shape[1] == 64 and np.median(batch.lines) < 0.15 and batch.lines.max() > 0.8


def test_a_tar_in_a_folder_hides_nothing_else_there(tmp_path):
    def keys():
        return sorted(sample.key for sample in labelled_samples([str(tmp_path)], errors.append))

    errors = []
    (tmp_path / "first.tar").write_bytes(tar_of([sample("a/1", "abc")]))
    assert keys() == ["a/1"]
    # As the samples were prepared, whatever else is in the folder.
    (tmp_path / "README.txt").write_text("lines of a hand")
    assert gather(labelled_samples([str(tmp_path)], errors.append)).recipe == Recipe(**PREPARED["recipe"])
    (tmp_path / "line.png").write_bytes(sample("b", "cab").image)
    (tmp_path / "line.gt.txt").write_text("cab\n")
    assert keys() == ["a/1", f"{tmp_path.name}/line"] and not errors
    (tmp_path / "more" / "deeper").mkdir(parents=True)
    (tmp_path / "first.tar").rename(tmp_path / "more" / "deeper" / "first.tar")
    assert keys() == ["a/1", f"{tmp_path.name}/line"] and not errors
    told = {made.key: made.meta["recipe"] for made in labelled_samples([str(tmp_path)], errors.append)}
    assert told["a/1"] == PREPARED["recipe"]
    (tmp_path / "a.tar").write_bytes(tar_of([sample("c/1", "abc")])[:700])
    assert keys() == ["a/1", f"{tmp_path.name}/line"] and [Path(error.source).name for error in errors] == ["a.tar"]

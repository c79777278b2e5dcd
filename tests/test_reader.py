"""Line images to text: the same alone, in any batch and in any order; models that are none of ours are refused."""

import time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tars import sample_of, tar_of
from tiny_model import CHARACTERS, draw_line, write_tiny_model

from htrtool.core.charset import Charset
from htrtool.core.errors import InputError, ModelError
from htrtool.core.line_network import MAX_ASPECT, WIDTH_STEP
from htrtool.core.modelfile import ModelInfo
from htrtool.core.pipeline import Pipeline
from htrtool.core.reader import Reader
from htrtool.core.recipe import Recipe
from htrtool.core.samples import encode_png

TEXT = st.text(CHARACTERS, min_size=1, max_size=20).filter(lambda text: text == " ".join(text.split()))


@pytest.fixture(scope="module")
def reader(tiny_model):
    return Reader(tiny_model)


def write_lines(path, texts):
    path.write_bytes(tar_of(sample_of(f"doc/{index:04}", draw_line(text), text) for index, text in enumerate(texts)))
    return str(path)


@given(TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
def test_what_is_drawn_is_read(reader, text):
    reading = reader.read_line(reader.prepare(draw_line(text)))
    assert reading.text == text and 0 <= reading.conf <= 1


def test_a_line_reads_the_same_alone_and_in_a_batch(reader):
    lines = [reader.prepare(draw_line(text)) for text in ("abcdef", "fedcba", "aabbcc")]
    alone = [reader.probabilities([line])[0] for line in lines]
    assert all(map(np.array_equal, reader.probabilities(lines), alone))


def test_frames_behind_a_line_are_dropped(reader):
    line = reader.prepare(draw_line("abc"))[:, :-5]
    (probabilities,) = reader.probabilities([line])
    assert len(probabilities) == -(-line.shape[1] // reader.info.stride)
    assert reader.padded_width(line) % WIDTH_STEP == 0


def test_a_line_far_too_long_is_refused(reader):
    with pytest.raises(InputError, match=f"at most {MAX_ASPECT} times as wide"):
        reader.prepare(np.full((10, 30_000), 255, np.uint8))


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_come_in_the_order_of_the_inputs(reader, tmp_path, threads):
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("abcdefgh"), random.integers(1, 30))) for _ in range(300)]
    path = write_lines(tmp_path / "lines.tar", texts)
    rows = list(Pipeline(reader, [path], threads=threads, batch=7))
    assert [row.text for row in rows] == texts
    assert [row.file for row in rows] == [f"{path}/doc/{index:04}" for index in range(300)]
    assert rows == list(Pipeline(reader, [path], threads=2, batch=1))


def test_no_more_lines_go_through_the_network_at_once_than_batch_and_memory_allow(reader, tmp_path, monkeypatch):
    monkeypatch.setattr("htrtool.core.pipeline.COLUMNS_UNDER_WAY", 12_000)
    batches = []

    def noted(lines, run=reader.probabilities):
        batches.append((reader.padded_width(lines[0]), len(lines)))
        # So that lines wait, of which a batch could be too large.
        time.sleep(0.005)
        return run(lines)

    monkeypatch.setattr(reader, "probabilities", noted)
    path = write_lines(tmp_path / "lines.tar", [text for text in ("abc", "abcdefgh" * 12) for _ in range(60)])
    assert len(list(Pipeline(reader, [path], threads=2, batch=5))) == sum(count for _, count in batches) == 120
    (short, most_short), (long, most_long) = sorted((width, max(c for w, c in batches if w == width)) for width in {w for w, _ in batches})
    # Of the long ones three fill what one of two threads may have under way.
    assert most_short <= 5 and most_long <= 12_000 // 2 // long == 3


@pytest.mark.parametrize("threads", [1, 3])
def test_lines_of_one_document_are_read_in_one_context(reader, tmp_path, monkeypatch, threads):
    monkeypatch.setattr("htrtool.core.gathering.TOGETHER", 4)
    together = []
    monkeypatch.setattr(reader, "contexts", lambda page, run=reader.contexts: together.append(len(page)) or run(page))
    documents = enumerate("aaabbbbbbc")
    (tmp_path / "lines.tar").write_bytes(
        tar_of(sample_of(f"{place}", draw_line("abc"), meta={"document": document}) for place, document in documents)
    )
    for name in ("p1_1", "p1_2", "p2_1"):
        (tmp_path / f"{name}.png").write_bytes(encode_png(draw_line("abc")))
    pictures = [str(tmp_path / f"{name}.png") for name in ("p1_1", "p1_2", "p2_1")]
    rows = list(Pipeline(reader, [str(tmp_path / "lines.tar"), *pictures], mode="line", threads=threads, batch=2))
    assert len(rows) == 13 and {row.text for row in rows} == {"abc"}
    assert sorted(together) == sorted([3, 4, 2, 1, 2, 1])


def test_first_rows_come_before_the_last_input_is_opened(reader, tmp_path):
    opened = []

    def operands():
        for index in range(200):
            opened.append(index)
            yield write_lines(tmp_path / "line.tar", ["abc"] * 4)

    rows = iter(Pipeline(reader, operands(), threads=1))
    next(rows)
    assert len(opened) < 100
    rows.close()


def test_problems_are_told_in_order_and_the_rest_is_read(reader, tmp_path):
    good = write_lines(tmp_path / "good.tar", ["ab", "cd"])
    (tmp_path / "bad.png").write_bytes(b"")
    told = []
    lines = Pipeline(
        reader, [good, str(tmp_path / "bad.png"), good], on_problem=lambda error: told.append((error.source, len(rows)))
    )
    rows = []
    for row in lines:
        rows.append(row)
    assert told == [(str(tmp_path / "bad.png"), 2)] and len(rows) == 4 and lines.pages == 4


def test_without_a_handler_a_problem_is_raised(reader):
    with pytest.raises(InputError, match="nowhere"):
        list(Pipeline(reader, ["nowhere.png"]))


def test_a_stream_that_breaks_off_gives_what_came_before(reader, tmp_path):
    path = write_lines(tmp_path / "lines.tar", ["ab"] * 20)
    content = (tmp_path / "lines.tar").read_bytes()
    (tmp_path / "lines.tar").write_bytes(content[: content.rfind(b"\x89PNG") + 30])
    told = []
    rows = list(Pipeline(reader, [path], on_problem=told.append))
    assert len(rows) == 19 and len(told) == 1


def test_an_error_in_the_network_reaches_the_caller(reader, tmp_path, monkeypatch):
    def broken(lines):
        raise RuntimeError("no memory")

    monkeypatch.setattr(reader, "probabilities", broken)
    with pytest.raises(RuntimeError, match="no memory"):
        list(Pipeline(reader, [write_lines(tmp_path / "lines.tar", ["ab"])]))
    monkeypatch.undo()


def test_models_that_are_none_of_ours_are_refused(tmp_path):
    import onnx

    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(ModelError, match="can't be loaded"):
        Reader(tmp_path / "junk.onnx")
    foreign = onnx.load(str(write_tiny_model(tmp_path / "tiny.onnx")))
    del foreign.metadata_props[:]
    onnx.save(foreign, str(tmp_path / "foreign.onnx"))
    with pytest.raises(ModelError, match="another ONNX file"):
        Reader(tmp_path / "foreign.onnx")
    with pytest.raises(ModelError, match="features"):
        Reader(write_tiny_model(tmp_path / "odd.onnx", calibration={"network": {"line": {"features": ["x"]}}}))


@pytest.mark.parametrize("suffix, received", [(".keras", "one for training"), (".lm", "goes to --lm"), (".md", "a model's card")])
def test_what_stands_beside_a_model_is_told_from_it(tmp_path, suffix, received):
    (tmp_path / f"mine{suffix}").write_bytes(b"PK\3\4")
    with pytest.raises(ModelError, match=f"{received}$"):
        Reader(tmp_path / f"mine{suffix}")
    write_tiny_model(tmp_path / "mine.onnx")
    with pytest.raises(ModelError, match=f"{received}: give mine.onnx, beside it"):
        Reader(tmp_path / f"mine{suffix}")


def test_a_model_that_a_newer_version_made_is_named():
    info = ModelInfo("m", Charset("ab"), Recipe(), "c8")
    newer = info.to_json().replace('"recipe": {', '"recipe": {"unwrinkle": true, ')
    with pytest.raises(ModelError, match="new.onnx: expected the metadata of an htr model.*unwrinkle.*newer htr"):
        ModelInfo.from_json(newer, "new.onnx")

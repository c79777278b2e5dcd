"""The model that comes with the package reads real pictures, on its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import htrtool
from htrtool.core.charset import LATIN
from htrtool.core.decoding.decode import best_path, softmax
from htrtool.core.language import reader_for
from htrtool.core.lines import cut_lines
from htrtool.core.modelfile import SHIPPED, find_model
from htrtool.core.pages import page_sources
from htrtool.core.reader import Reader
from htrtool.core.scoring.metrics import character_error_rate

SAMPLES = Path(__file__).parent / "samples"
VAL = Path(__file__).parents[2] / "shared" / "data" / "val"


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(find_model("latin"))


@pytest.mark.parametrize("name", ["letter", "ligne", "note"])
def test_it_reads_the_samples_of_the_readme(name, run_htr):
    done = run_htr("read", "-q", "-f", "txt", SAMPLES / f"{name}.jpg")
    truth = (SAMPLES / f"{name}.gt.txt").read_text(encoding="utf-8").splitlines()
    read = done.stdout.decode().splitlines()
    assert len(read) == len(truth)
    assert character_error_rate("\n".join(truth), "\n".join(read)) < 0.25


def test_lines_that_it_is_not_sure_of_can_be_left_out(run_htr):
    page = str(SAMPLES / "letter.jpg")
    lines = list(htrtool.read(page))
    printed = [float(f"{line.conf:.3f}") for line in lines]
    ranked = sorted(printed)
    left_out = next(count for count in range(3, len(lines)) if ranked[count] > ranked[count - 1])
    least = ranked[left_out]
    sure = [line for line, conf in zip(lines, printed) if conf >= least]
    assert len(sure) == len(lines) - left_out and list(htrtool.read(page, min_conf=least)) == sure, "their numbers stay"
    for form in ("txt", "page"):
        done = run_htr("read", "-q", "-f", form, "--min-conf", repr(least), page)
        assert [line.text in done.stdout.decode() for line in lines] == [line in sure for line in lines]


def test_what_lies_in_the_working_folder_does_not_take_its_place(tmp_path, monkeypatch):
    shipped = find_model("latin")
    monkeypatch.chdir(tmp_path)
    for name in ("latin", "latin.onnx", "mine.onnx"):
        (tmp_path / name).write_text("notes on Latin")
    assert find_model("latin") == shipped
    assert find_model("./latin.onnx") == find_model("latin.onnx") == Path("latin.onnx")
    assert find_model("mine") == Path("mine.onnx")


def test_it_says_what_it_is(reader):
    info = reader.info
    assert set(LATIN) <= set(info.charset.characters)
    assert info.licence == "MIT" and info.calibration and info.scores["cer"] < 0.5
    assert (SHIPPED / "latin.onnx").stat().st_size <= 20e6
    assert (SHIPPED / "latin.md").read_text(encoding="utf-8").startswith("# latin")


def test_reading_needs_no_tensorflow(tmp_path):
    code = (
        "import sys, htrtool; rows = list(htrtool.read([sys.argv[1]])); "
        "print(len(rows), sorted({'tensorflow', 'keras', 'torch', 'jax', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(SAMPLES / "ligne.jpg")], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.strip() == "1 []", done.stderr


def test_a_line_reads_the_same_alone_in_any_batch_and_in_any_order(reader):
    page = next(page_sources(str(SAMPLES / "letter.jpg"))).load()
    lines = [reader.prepare(line.pixels) for line in cut_lines(page)]
    width = max(reader.padded_width(line) for line in lines)
    lines = [np.pad(line, ((0, 0), (0, width - line.shape[1])), constant_values=255) for line in lines]
    charset = reader.info.charset
    alone = [reader.read_line(line).text for line in lines]
    assert [best_path(seen, charset).text for seen in reader.probabilities(lines)] == alone
    assert [best_path(seen, charset).text for seen in reader.probabilities(lines[::-1])] == alone[::-1]


@pytest.mark.parametrize("name", ["latin", "latin-small"])
def test_a_line_is_seen_the_same_beside_others(name):
    reader = Reader(find_model(name))
    rng = np.random.default_rng(0)
    lines = [rng.integers(darkest, 256, (reader.info.recipe.height, 320), np.uint8) for darkest in (0, 100, 200)]
    for line, beside_others in zip(lines, reader.probabilities(lines)):
        np.testing.assert_allclose(reader.probabilities([line])[0], beside_others, atol=1e-5)


def test_keras_opens_it_in_safe_mode_and_reads_the_same(reader):
    from htrtool.core.training.export import load_keras

    network, info = load_keras(find_model("latin", ".keras"))
    assert info.charset == reader.info.charset
    line = reader.prepare(cut_lines(next(page_sources(str(SAMPLES / "letter.jpg"))).load())[0].pixels)
    logits = network.predict_on_batch(reader.network_input([line]))[0][0]
    (seen,) = reader.probabilities([line])
    np.testing.assert_allclose(softmax(logits)[: len(seen)], seen, atol=1e-4)
    by_keras, by_onnx = (best_path(frames, info.charset).text for frames in (logits[: len(seen)], seen))
    assert by_keras == by_onnx and character_error_rate("Harbour Street 14, 3rd of May 1921", by_onnx) < 0.05
    # One look alone may take a letter for another; where it is not sure, it looks again.
    assert "Harbour" in reader_for("latin", "none").read_line(line).text


@pytest.mark.skipif(not VAL.is_dir(), reason="needs ../shared/data, which only the makers of htr have")
def test_real_hands_are_read_better_than_tesseract_does(reader):
    from htrtool.core.labels import plain
    from htrtool.core.sample_stream import read_samples

    with open(VAL / "csafe.tar", "rb") as stream:
        samples = list(read_samples(stream, "csafe"))[::12]
    texts = [(plain(s.text), reader.read_line(reader.prepare(s.pixels())).text) for s in samples]
    errors = sum(character_error_rate(truth, read) * len(truth) for truth, read in texts)
    assert errors / sum(len(truth) for truth, _ in texts) < 0.309

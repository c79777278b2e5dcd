import json
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from processes import run_module
from tars import sample_of, tar_of
from tiny_model import draw_line

from htrtool.bench.damages import DAMAGES
from htrtool.bench.lines import Tally, in_annotated_order, measure
from htrtool.core.tables import read_table


@pytest.fixture()
def stream(tmp_path):
    file = tmp_path / "drawn.tar"
    lines = [("abc", "abc"), ("cab", "cab"), ("bca", "bcc"), ("aab", None)]
    file.write_bytes(tar_of(sample_of(f"page{number}/1", draw_line(shown), text) for number, (shown, text) in enumerate(lines)))
    return file


def bench(*arguments) -> subprocess.CompletedProcess:
    return run_module("htrtool.bench", *arguments, text=True)


def test_accuracy_scores_the_lines_that_have_a_text(stream, tiny_model):
    done = bench("accuracy", "--alone", "-m", tiny_model, stream)
    assert done.returncode == 0, done.stderr
    (row,) = read_table(done.stdout.splitlines(True), "bench")
    assert (row["set"], row["lines"], row["cer"], row["wer"]) == ("drawn", "3", "0.1111", "0.3333")
    assert float(row["cer_low"]) <= 0.1111 <= float(row["cer_high"]) and float(row["lines_per_s"]) > 0


def test_accuracy_draws_the_same_lines_for_the_same_seed(stream, tiny_model):
    rows = [bench("accuracy", "--alone", "-m", tiny_model, "--limit", "2", "--seed", "1", stream) for _ in range(2)]
    first, second = (next(read_table(done.stdout.splitlines(True), "bench")) for done in rows)
    assert first["lines"] == "2" and first["cer"] == second["cer"]


def test_accuracy_names_a_stream_that_is_none(tmp_path, tiny_model):
    (tmp_path / "bad.tar").write_bytes(b"no tar")
    done = bench("accuracy", "--alone", "-m", tiny_model, tmp_path / "bad.tar")
    assert done.returncode == 3 and "bad.tar: expected a tar stream" in done.stderr and "Traceback" not in done.stderr
    done = bench("accuracy", "--alone", "-m", tiny_model, tmp_path / "nowhere.tar")
    assert done.returncode == 3 and "nowhere.tar: can't read it" in done.stderr and "Traceback" not in done.stderr


def test_damage_reads_the_lines_as_they_are_and_worse(stream, tiny_model, tmp_path):
    shutil.copy(stream, tmp_path / "again.tar")
    ways = ("--damage", "none", "--damage", "very wide")
    done = bench("damage", "-m", tiny_model, *ways, stream, tmp_path / "again.tar")
    rows = list(read_table(done.stdout.splitlines(True), "bench"))
    assert [(row["damage"], row["set"]) for row in rows] == [(n, s) for n in ways[1::2] for s in ("drawn", "again", "mean")]
    assert [row["cer"] for row in rows[:3]] == ["0.1111"] * 3 and rows[3]["cer"] == rows[4]["cer"]
    assert done.stdout == bench("damage", "-m", tiny_model, *ways, stream, tmp_path / "again.tar").stdout
    assert "--damage is one of none, squared paper," in bench("damage", "--damage", "x", stream).stderr


@pytest.mark.parametrize("name", DAMAGES)
def test_every_damage_leaves_a_line_of_any_size(name):
    rng = np.random.default_rng(1)
    for shape in ((64, 300), (20, 900), (7, 5)):
        damaged = DAMAGES[name](rng.integers(0, 256, shape).astype(np.uint8), rng)
        assert damaged.dtype == np.uint8 and damaged.ndim == 2 and min(damaged.shape) > 0
    line = draw_line("abc")
    assert name == "none" or not np.array_equal(DAMAGES[name](line, rng), line)


@pytest.mark.parametrize("name", ["accuracy", "lm", "calibration"])
def test_a_stream_without_texts_is_told(name, tmp_path, tiny_model):
    (tmp_path / "bare.tar").write_bytes(tar_of([sample_of("page/1", draw_line("abc"))]))
    done = bench(name, "-m", tiny_model, tmp_path / "bare.tar")
    assert done.returncode == 3 and "bare.tar: expected samples with a text" in done.stderr


def test_lm_and_calibration_give_a_row_for_each_way_of_decoding(stream, tiny_model):
    rows = list(read_table(bench("lm", "-m", tiny_model, stream).stdout.splitlines(True), "bench"))
    assert [(row["lm"], row["cer"], row["change"]) for row in rows] == [("none", "0.1111", ""), ("auto", "0.1111", "0")]
    rows = list(read_table(bench("lm", "-m", tiny_model, "--in-python", stream).stdout.splitlines(True), "bench"))
    assert [(row["lm"], row["cer"]) for row in rows] == [("none", "0.1111"), ("auto", "0.1111"), ("auto, in Python", "0.1111")]
    rows = list(read_table(bench("lm", "--names", stream).stdout.splitlines(True), "bench"))
    assert [row["lm"] for row in rows] == ["auto", "auto, 0 its names", "auto, 0 names of the others"]
    rows = list(read_table(bench("calibration", "-m", tiny_model, stream).stdout.splitlines(True), "bench"))
    assert [(row["lm"], row["lines"], row["mean_accuracy"]) for row in rows] == [
        ("none", "3", "0.8889"), ("auto", "3", "0.8889"),
    ]


def test_network_counts_the_lines_a_second_of_each_model(tiny_model):
    done = bench("network", "--alone", "-m", tiny_model, "--seconds", "0.1", "--rounds", "1")
    (row,) = read_table(done.stdout.splitlines(True), "bench")
    assert row["reader"] == str(tiny_model) and float(row["lines_per_s"]) > 0 and row["times_rapidocr"] == ""


def test_training_compares_the_layers_in_both_precisions():
    pytest.importorskip("tensorflow")
    done = bench("training", "--spec", "c16/4x4 max lstm8", "--width", "64", "--batch", "2", "--steps", "1", "--rounds", "1")
    rows = list(read_table(done.stdout.splitlines(True), "bench"))
    assert [(row["layers"], row["bfloat16"]) for row in rows] == [
        ("keras", "no"), ("htr", "no"), ("keras", "yes"), ("htr", "yes"),
    ]  # fmt: skip
    assert rows[0]["times_keras"] == "1.00" and all(float(row["lines_per_s"]) > 0 for row in rows)


def test_found_lines_are_put_into_the_order_of_the_annotation():
    # The second true line was found first, the first one last; line 1 matches none and goes with line 0.
    assert in_annotated_order([0, 1, 2], [(0, 2), (1, 0)]) == [2, 0, 1]


def test_only_lines_annotated_with_a_text_are_read(tmp_path):
    baselines = [[[20, y], [380, y]] for y in (100, 200, 300)]
    texts = ["abc", "", None]
    lines = [{"baseline": baseline, "text": text} for baseline, text in zip(baselines, texts)]
    for name, annotated in (("whole", lines), ("untold", lines[1:])):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.full((400, 400), 255, np.uint8))
        (tmp_path / f"{name}.json").write_text(json.dumps({"lines": annotated}))
    tally = Tally()
    for name in ("whole", "untold"):
        found = [(None, np.array(baseline, float)) for baseline in baselines]
        measure(tmp_path / f"{name}.json", {"f": lambda pixels: found}, {"f": tally}, lambda pixels, shapes: ["abd"] * len(shapes))
    rates = tally.row()
    assert [rates[name] for name in ("cer", "cer_annotated_order", "cer_true")] == 3 * ["0.3333"]
    assert (rates["lines"], rates["recall"], rates["precision_annotated"]) == (5, "1.0000", "1.0000")


def test_speed_times_whole_pages():
    page = Path(__file__).parent / "samples" / "note.jpg"
    (row,) = read_table(bench("speed", "--alone", "--runs", "1", page).stdout.splitlines(True), "bench")
    assert (row["reader"], row["lines"], row["times_htr"]) == ("htr", "4", "1.0") and float(row["seconds"]) > 0


def test_adapt_says_when_a_hand_has_too_few_lines(stream):
    done = bench("adapt", "--lines", "9", "--hand", stream, stream)
    assert done.returncode == 0 and "drawn.tar has 3 lines: no training on 9" in done.stderr
    assert len(done.stdout.splitlines()) == 1

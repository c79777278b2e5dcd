"""Several looks at a line: the widths, and the text that all of them agree on best."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from htrtool.core.charset import Charset
from htrtool.core.decoding.looks import FARTHEST, STEP, ranked, views
from htrtool.core.language import reader_for
from htrtool.core.lines import cut_lines
from htrtool.core.pages import page_sources
from htrtool.core.pipeline import Pipeline
from htrtool.core.samples import encode_png

LETTER = Path(__file__).parent / "samples" / "letter.jpg"
CHARSET = Charset("abc ")


@given(width=st.integers(1, 3000), looks=st.integers(1, 9), characters=st.integers(0, 200), pitch=st.sampled_from([0, 0.2, 0.5]))
def test_looks_go_from_narrow_to_wide_the_line_itself_among_them(width, looks, characters, pitch):
    line = np.random.default_rng(width).integers(0, 256, (8, width), np.uint8)
    seen = views(line, looks, characters, pitch)
    widths = [view.shape[1] for view in seen]
    assert len(seen) == looks and widths == sorted(widths) and all(view.shape[0] == 8 for view in seen)
    assert any(view is line for view in seen)
    if not pitch and looks > 1:
        assert widths[-1] / width >= STEP**2 - 1 / width
    if not pitch and looks > 3 and looks % 2:
        assert seen[looks // 2] is line
    assert width / STEP**FARTHEST - 1 < widths[0] and widths[-1] < width * STEP**FARTHEST + 1


@given(width=st.integers(200, 3000), looks=st.integers(2, 5))
def test_narrow_letters_are_looked_at_wider_and_wide_ones_narrower(width, looks):
    line = np.zeros((48, width), np.uint8)
    narrow, wide = (np.mean([view.shape[1] for view in views(line, looks, round(width / pitch), 1 / 3)]) for pitch in (8, 40))
    assert narrow > width > wide


def look(*frames: dict[str, float]) -> np.ndarray:
    """Return what a look saw, a frame for each of the given probabilities, the rest of which are blanks."""
    probabilities = np.zeros((len(frames), CHARSET.classes), np.float32)
    for row, frame in zip(probabilities, frames):
        for character, probability in frame.items():
            row[CHARSET.encode(character)] = probability
        row[0] = 1 - row.sum()
    return probabilities


def test_the_text_wins_that_no_look_finds_unlikely():
    looks = [look({"a": 0.8}, {"b": 0.55, "c": 0.4}), look({"a": 0.55, "c": 0.4}, {"b": 0.15, "c": 0.8})]
    texts = ["cb", "ab", "ac"]
    (best, score), *others = ranked(looks, texts, CHARSET, [0.0] * len(texts))
    assert best == "ac" and all(other < score for _, other in others)
    assert ranked(looks, texts, CHARSET, [3.0 * (text == "ab") for text in texts])[0][0] == "ab"
    assert ranked(looks, ["", "ac"], CHARSET, [0.0, 0.0])[1][0] == ""


@pytest.mark.parametrize("lm", ["none", "auto"])
def test_a_page_is_read_the_same_by_any_number_of_threads(lm):
    reader = reader_for("latin", lm, looks=2, nbest=2)
    rows = list(Pipeline(reader, [str(LETTER)], threads=3, batch=5))
    again = list(Pipeline(reader, [str(LETTER)], threads=1, batch=2))
    assert [(row.text, row.line) for row in rows] == [(row.text, row.line) for row in again]
    assert all(0 <= row.conf <= 1 and len(row.alternatives) <= 1 for row in rows)
    truth = LETTER.with_suffix(".gt.txt").read_text(encoding="utf-8").split()
    assert len(set(truth) & set(" ".join(row.text for row in rows).split())) > len(set(truth)) / 2


@pytest.mark.parametrize("stages, looks", [(((2, 2),), 2), (((2, 2), (2, 5)), 5), (((0, 2),), 1)], ids=["twice", "five times", "once"])
@pytest.mark.parametrize("lm", ["none", "auto"])
def test_only_unsure_lines_are_looked_at_again(monkeypatch, lm, stages, looks):
    monkeypatch.setattr("htrtool.core.decoding.looks.FURTHER", stages)
    monkeypatch.setattr("htrtool.core.reader.UNSURE", 0)
    by_itself, told = reader_for("latin", lm), reader_for("latin", lm, looks=looks)
    rows = list(Pipeline(by_itself, [str(LETTER)], threads=2, batch=4))
    expected = list(Pipeline(told, [str(LETTER)]))
    assert [row.text for row in rows] == [row.text for row in expected]
    np.testing.assert_allclose([row.conf for row in rows], [row.conf for row in expected], atol=1e-4)
    line = by_itself.prepare(cut_lines(next(page_sources(str(LETTER))).load())[0].pixels)
    assert by_itself.read_line(line).text == told.read_line(line).text != ""


def test_a_line_too_narrow_to_be_looked_at_narrower_is_read(tmp_path):
    (tmp_path / "narrow.png").write_bytes(encode_png(np.full((200, 4), 255, np.uint8)))
    (row,) = Pipeline(reader_for("latin"), [str(tmp_path / "narrow.png")], mode="line")
    assert row.text == ""


def test_looks_are_told_apart_from_what_is_no_number_of_them(run_htr):
    for looks in ("0", "10", "often"):
        done = run_htr("read", "--looks", looks, LETTER)
        assert done.returncode == 2 and b"--looks" in done.stderr


def test_words_stand_where_a_single_look_finds_them():
    once, thrice = (
        {(line.number, word.text): word for _, line in Pipeline(reader_for("latin", looks=looks), [str(LETTER)]).lines() for word in line.words}
        for looks in (1, 3)
    )
    both = once.keys() & thrice.keys()
    assert len(both) > len(once) / 2
    assert all(once[key].start < thrice[key].end and thrice[key].start < once[key].end for key in both)

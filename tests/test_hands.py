"""Text set from the letters of real hands; here a font stands for the hand, so that every letter's place is known."""

import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest

from htrtool.core.errors import InputError
from htrtool.core.samples import Sample, encode_png
from htrtool.core.synth import Faces, Hands, Scribes, write_line
from htrtool.core.synth.hands import BLOCK, END, START, Hand
from htrtool.core.synth.specimens import HEIGHT, Specimen, measure, part_letters, specimen_of, stroke_width
from htrtool.core.synth.stream import written_line

PANGRAMS = ("the quick brown fox jumps", "over the lazy dog", "pack my box with five", "dozen liquor jugs", "and more of it")


@pytest.fixture(scope="module")
def face():
    import matplotlib

    return Faces([Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"]).faces[0]


def specimen(text: str, face, weight: int = 255) -> Specimen:
    """Set ``text`` without a model; the columns where its letters part are known."""
    glyphs = [face.word(letter) for letter in text]
    edges = np.concatenate([[0], np.cumsum([max(1, round(glyph.advance)) for glyph in glyphs])])
    ink = np.zeros((HEIGHT, edges[-1]), np.uint8)
    for glyph, left in zip(glyphs, edges):
        rows, columns = glyph.mask.shape
        spot = ink[46 + glyph.top : 46 + glyph.top + rows, left + max(glyph.left, 0) :][:, :columns]
        np.maximum(spot, np.minimum(glyph.mask[: spot.shape[0], : spot.shape[1]], weight), out=spot)
    return Specimen(ink, text, edges, np.ones(len(text)), 46.0, 28.0, 0.0, stroke_width(ink))


@pytest.fixture(scope="module")
def hands(face):
    return Hands.of([("plain", specimen(text, face)) for text in PANGRAMS] + [("figures", specimen("in 1984, (267)", face))])


def test_letters_part_where_there_is_least_ink():
    ink = np.zeros((HEIGHT, 60), np.uint8)
    for left in (5, 22, 41):
        ink[20:45, left : left + 10] = 255
    edges = part_letters(ink, np.array([9.0, 30.0, 44.0]), "oxo")
    assert edges[0] <= 5 and 15 <= edges[1] < 22 and 32 <= edges[2] < 41 and edges[3] >= 51


def test_a_wide_letter_keeps_its_last_stroke_where_all_are_joined():
    ink = np.zeros((HEIGHT, 80), np.uint8)
    ink[43:45, 4:76] = 255
    for left in (5, 20, 35, 50, 65):
        ink[20:45, left : left + 4] = 255
    # Three strokes of m, one of i, and a last one, each seen a little after its beginning.
    edges = part_letters(ink, np.array([11.0, 52.0, 67.0]), "mil")
    assert 39 <= edges[1] <= 50 and 54 <= edges[2] <= 65


def test_baseline_and_x_height_are_those_of_the_plain_letters(face):
    line = specimen("quick brown foxes jump", face)
    baseline, x_height = measure(line.ink, line.text, line.edges)
    assert abs(baseline - 46) <= 2 and abs(x_height - 28) <= 3
    few = specimen("Hg", face)
    assert measure(few.ink, few.text, few.edges) is None


def test_a_new_word_is_set_from_the_hand_s_own_letters(hands, face):
    rng = np.random.default_rng(1)
    script = hands.draw("zebra", rng, 0, 0)
    assert script.name == "plain"
    glyph, printed = script.word("zebra"), face.word("zebra")
    assert abs(glyph.mask.shape[1] - printed.mask.shape[1]) < 0.2 * printed.mask.shape[1]
    rows = np.flatnonzero(glyph.mask.max(axis=1) > 127) + glyph.top
    assert abs(rows[-1]) <= 2 and abs(-rows[0] - face.word("b").mask.shape[0]) <= 3


def test_a_character_that_the_hand_lacks_is_borrowed_and_one_that_nobody_has_is_refused(hands):
    rng = np.random.default_rng(1)
    assert hands.draw("cost 46", rng, 0, 0).word("46").mask.max() > 200
    assert hands.draw("prix 46 €", rng, 0, 0) is None


def test_uncertain_letters_are_no_pieces(face):
    line = specimen("quick brown fox", face)
    hand = Hand("x", [line._replace(fits=np.where(np.arange(15) == 1, 0.2, 1.0))])
    assert "q" in hand.pieces and "u" not in hand.pieces and START + "qu" not in hand.pieces
    assert "fox" in hand.words and "x" + END in hand.pieces


def test_one_hand_writes_a_block_and_a_worker_gets_the_same(hands):
    again = pickle.loads(pickle.dumps(hands))
    for line in (0, BLOCK - 1, BLOCK, 5 * BLOCK):
        one, two = (
            write_line("over the dozen", source.draw("over", np.random.default_rng(3), 9, line), np.random.default_rng(4))
            for source in (hands, again)
        )
        np.testing.assert_array_equal(one, two)
        assert one.shape[0] == 64 and np.percentile(one, 95) - one.min() > 60


def test_lines_of_a_hand_belong_to_its_document(hands, face):
    for share, key in ((1.0, "hand"), (0.0, "font")):
        _, text, meta = written_line("over the fox", "en", Scribes(Faces([face.path]), hands, share), 1, 0)
        assert text == "over the fox" and key in meta and (meta["document"] == "plain") == (key == "hand")


def test_too_few_lines_make_no_hand(face):
    with pytest.raises(InputError, match="expected documents with 5 transcribed lines"):
        Hands.of([("x", specimen("quick brown fox", face))])


def test_a_real_line_is_taken_apart_with_the_shipped_model(face):
    from htrtool.core.modelfile import find_model
    from htrtool.core.reader import Reader

    text = "the children were in the garden"
    drawn = specimen(text, face)
    page = cv2.copyMakeBorder(255 - drawn.ink, 2, 2, 20, 20, cv2.BORDER_CONSTANT, value=255)
    found = specimen_of(Sample("a/1", encode_png(page), text), Reader(find_model("latin")))
    assert found.text == text and abs(found.x_height - 27) < 4
    # The slant of print is none; its letters part within a few pixels of where they were set.
    assert np.abs(found.edges[1:-1] - (drawn.edges[1:-1] + 20) * HEIGHT / page.shape[0]).max() < 14
    wrong = Sample("a/2", encode_png(page), "something else altogether, is it not")
    assert specimen_of(wrong, Reader(find_model("latin"))) is None

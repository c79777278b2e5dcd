"""The synthesiser: what it writes can be trained on, reads as its label, and is the same again from the same seed."""

import itertools
import multiprocessing
import os
import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from htrtool.core.errors import HtrError, InputError
from htrtool.core.synth import Faces, Scribes, Texts, lines_of_text, synthesise_page, write_line
from htrtool.core.synth.correspondence import letter_part
from htrtool.core.synth.faces import Face
from htrtool.core.synth.forms import date, form, ordinal
from htrtool.core.synth.letters import set_line
from htrtool.core.synth.paper import Paper
from htrtool.core.synth.pen import Pen, bend, broaden, press, thin
from htrtool.core.synth.stream import _watched, written_line

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_fonts = pytest.mark.skipif(
    not (SHARED / "fonts").is_dir(), reason="needs the handwriting fonts of ../shared/data/fonts"
)
INK = Pen(2.5)
WHITE = Paper(250, 10)


@pytest.fixture(scope="module")
def dejavu() -> Path:
    """A font that comes with matplotlib: no handwriting, but always there."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture(scope="module")
def faces(dejavu) -> Faces:
    return Faces([dejavu])


@pytest.fixture()
def texts(tmp_path) -> Texts:
    (tmp_path / "en_tale.txt").write_text(
        "It was a bright cold day in April, and the clocks were striking thirteen. " * 40
    )
    (tmp_path / "fr_conte.txt").write_text(
        "Longtemps, je me suis couché de bonne heure, l’été – à peine… " * 40, encoding="utf-8"
    )
    (tmp_path / "en_forms_names.txt").write_text("Ada Lovelace\n10 Downing Street, London\n" * 5)
    return Texts(sorted(tmp_path.iterdir()), {"en": 0.5, "fr": 0.5})


def first(count, texts, faces, seed, start=0, step=1):
    lines = itertools.islice(lines_of_text(texts, seed, start, step), count)
    made = [written_line(*line, Scribes(faces), seed, start + place * step) for place, line in enumerate(lines)]
    return [line for line in made if line is not None]


def test_lines_are_64_rows_of_dark_ink_on_lighter_paper(texts, faces):
    for pixels, text, meta in first(40, texts, faces, 1):
        assert pixels.dtype == np.uint8 and pixels.shape[0] == 64 and pixels.shape[1] >= 16
        assert np.quantile(pixels, 0.002) < np.median(pixels) - 15, text
        assert meta["synthetic"] is True and meta["font"] == "DejaVuSans" and meta["language"] in ("en", "fr")
        assert meta["document"].startswith("synth/DejaVuSans/")


def test_a_sample_depends_on_seed_and_index_alone(texts, dejavu):
    whole = first(9, texts, Faces([dejavu]), 7)
    again = Faces([dejavu])
    parts = [first(3, texts, again, 7, start=start, step=3) for start in (2, 0, 1)]
    for start, part in zip((2, 0, 1), parts):
        for mine, theirs in zip(part, whole[start::3]):
            assert mine[1:] == theirs[1:]
            np.testing.assert_array_equal(mine[0], theirs[0])
    other = first(9, texts, again, 8)
    assert [text for _, text, _ in other] != [text for _, text, _ in whole]


def test_words_stand_between_quotation_marks_though_no_text_has_any(texts):
    lines = list(itertools.islice(lines_of_text(texts, 4), 4000))
    for language, marks in (("en", "''"), ("en", '""'), ("fr", "«»")):
        quoted = [text for text, own in lines if own == language and marks[0] in text and marks[1] in text[text.index(marks[0]) + 1 :]]
        assert 5 < len(quoted) < 120, marks
    assert all(len(text) <= 75 for text, _ in lines)


def test_no_letter_is_written_twice_alike(faces):
    face = faces.faces[0]
    rng = np.random.default_rng(3)
    setting = set_line("e e", face, rng)
    mask, level = broaden(setting.mask, face.stroke, INK, 1.0)
    field = bend(*mask.shape, rng, (0, 0), (1, 1), 0, setting.baseline, 1.0)
    ink = press(mask, level, field, INK, rng)
    one, two = (ink[:, a - 6 : b + 6][:, : setting.words[0][1] - setting.words[0][0] + 12] for a, b in setting.words)
    columns = min(one.shape[1], two.shape[1])
    assert np.abs(one[:, :columns] - two[:, :columns]).max() > 0.5


def test_the_pen_decides_the_width_of_strokes(faces):
    face, covered = faces.faces[0], []
    for width in (1.5, 3.0, 5.0):
        rng = np.random.default_rng(5)
        setting = set_line("minimum", face, rng)
        mask, level = broaden(setting.mask, face.stroke, Pen(width), 1.0)
        covered.append((mask / 255 > level).mean())
    assert covered[0] * 1.15 < covered[1] and covered[1] * 1.15 < covered[2]


@pytest.mark.parametrize("pixels", [1, 2, 3])
def test_thinning_narrows_strokes_and_leaves_hairlines(pixels):
    mask = np.zeros((30, 60), np.uint8)
    mask[:, 10:17] = 255
    mask[:, 40] = 255
    thinned = thin(mask, pixels, along=True)[15] > 127
    assert thinned[:30].sum() == 7 - pixels
    assert list(np.flatnonzero(thinned[30:])) == [10]


@settings(max_examples=25, deadline=None)
@given(
    text=st.text(
        st.characters(min_codepoint=0x20, max_codepoint=0x17F, categories=("L", "N", "P", "Zs", "Sc")),
        min_size=1,
        max_size=60,
    )
)
def test_any_latin_text_is_written_as_it_stands_or_left_out(faces, text):
    made = written_line(text, "", Scribes(faces), 1, 0)
    if not text.split():
        assert made is None
    if made is not None:
        pixels, label, meta = made
        assert label == " ".join(text.split()) or label == " ".join(text.split()).translate({0x2019: "'"})
        assert pixels.shape[0] == 64 and "language" not in meta


def test_what_no_font_shows_is_left_out(faces):
    made = [written_line(text, "", Scribes(faces), 1, index) for index, text in enumerate(("漢字", "plain", "", "x" * 1000))]
    assert [line and line[1] for line in made] == [None, "plain", None, None]


def test_curly_quotes_give_way_to_plain_ones_only_where_a_font_lacks_them(faces):
    face = Face(faces.faces[0].path)
    assert face.label("it’s") == "it’s"
    face._shown["’"] = False
    assert face.label("it’s") == "it's"


def test_fonts_that_are_broken_or_not_free_are_left_out_by_name(tmp_path, dejavu):
    (tmp_path / "good.ttf").write_bytes(dejavu.read_bytes())
    (tmp_path / "closed.ttf").write_bytes(dejavu.read_bytes())
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    (tmp_path / "LICENSES.tsv").write_text(
        "font\tclass\tlicence\ngood.ttf\tcaps-only\tOFL-1.1\nclosed.ttf\tprint\tsee copyright\n"
    )
    faces = Faces([tmp_path])
    assert [face.name for face in faces.faces] == ["good"] and set(faces.left_out) == {"closed.ttf", "broken.ttf"}
    assert faces.faces[0].label("Straße") == "STRASSE"
    with pytest.raises(InputError, match="expected fonts"):
        Faces([tmp_path / "broken.ttf"])


@pytest.mark.parametrize("licence, free", [("SIL-1.1", True), ("LIMITED, no redistribution", False), ("PERMITTED", False)])
def test_a_licence_is_free_by_its_own_name(tmp_path, dejavu, licence, free):
    for name in ("good", "other"):
        (tmp_path / f"{name}.ttf").write_bytes(dejavu.read_bytes())
    # As Excel saves it.
    (tmp_path / "LICENSES.tsv").write_text(f"font\tlicence\ngood.ttf\tMIT\nother.ttf\t{licence}\n", encoding="utf-8-sig")
    assert ("other.ttf" in Faces([tmp_path]).left_out) == (not free)


@pytest.mark.parametrize("table", ["font\tlicense\n".encode(), "font\tlicence\né".encode("latin-1"), b""])
def test_a_table_of_licences_that_tells_none_is_refused(tmp_path, dejavu, table):
    (tmp_path / "good.ttf").write_bytes(dejavu.read_bytes())
    (tmp_path / "LICENSES.tsv").write_bytes(table)
    with pytest.raises(InputError, match="expected a table"):
        Faces([tmp_path])


def test_texts_keep_to_their_length_language_and_plain_characters(texts):
    lines = list(itertools.islice(lines_of_text(texts, 1), 2000))
    assert all(2 <= len(text) <= 75 and text == " ".join(text.split()) for text, _ in lines)
    assert 0.4 < np.mean([language == "fr" for _, language in lines]) < 0.6
    assert not set("’“”–…") & set("".join(text for text, _ in lines))
    assert 0.2 < np.mean([any(letter.isdigit() for letter in text) for text, _ in lines]) < 0.6
    assert any(text.startswith("Ada Lovelace") for text, _ in lines)
    assert np.mean([len(text.split()) <= 3 for text, _ in lines]) > 0.1


def test_texts_say_what_is_wrong_with_a_file(tmp_path, texts):
    latin = tmp_path / "latin1.txt"
    latin.write_bytes("é".encode("latin-1") * 5)
    with pytest.raises(InputError, match="latin1.txt.*UTF-8"):
        Texts([latin])
    with pytest.raises(InputError, match="expected text in it"):
        Texts([tmp_path / "en_tale.txt"], {"it": 1.0})
    with pytest.raises(InputError, match="received none"):
        Texts([])


def test_a_folder_of_texts_that_can_not_be_listed_is_named_and_the_others_are_taken(tmp_path, texts, monkeypatch):
    closed, listed = tmp_path / "closed", os.listdir
    closed.mkdir()

    def list_open(place):
        if os.fspath(place) == str(closed):
            raise PermissionError(13, "Permission denied", str(place))
        return listed(place)

    monkeypatch.setattr("os.listdir", list_open)
    told = []
    assert Texts([closed, tmp_path / "en_tale.txt"], on_error=told.append).languages == ["en"]
    assert [str(error) for error in told] == [f"{closed}: can't read it: Permission denied"]
    with pytest.raises(InputError, match="closed: can't read it: Permission denied"):
        Texts([closed])


def test_forms_are_written_as_each_language_writes_them():
    assert [
        ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111)
    ] == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th".split()
    rng = np.random.default_rng(0)
    dates = {language: " ".join(date(rng, language) for _ in range(300)) for language in ("en", "fr", "de", "es", "xx")}
    assert (
        "October" in dates["en"]
        and "août" in dates["fr"]
        and "1er" in dates["fr"]
        and "März" in dates["de"]
        and " de enero" in dates["es"]
    )
    for language in ("en", "fr", "de", "es", "it", ""):
        assert all(form(rng, language).strip() for _ in range(500))


def test_letters_begin_and_end_as_each_language_has_it_and_are_among_the_lines_of_prose(texts):
    rng = np.random.default_rng(0)
    begun_and_ended = {"en": ("Dear ", "ours truly,"), "fr": ("Cher", "dévoué"), "de": ("Liebe", "Grüße"), "": ("Dear ", "ours")}
    for language, parts in begun_and_ended.items():
        written = " ".join(letter_part(rng, language) for _ in range(500))
        assert all(part in written for part in parts) and not set(written) & set("{}|")
    lines = [text.casefold() for text, _ in itertools.islice(lines_of_text(texts, 3), 600)]
    of_letters = ("dear", "your", "sir", "letter", "cher", "votre", "monsieur", "lettre")
    assert 10 < sum(any(word in line for word in of_letters) for line in lines) < 60


def test_a_page_knows_where_its_lines_are(faces):
    lines = ["The first line of a letter", "is followed by the second", "and ends: 12 May 1905."]
    page, found = synthesise_page(lines, faces.faces[0], np.random.default_rng(2), pen=INK, paper=WHITE)
    assert [line.text for line in found] == lines and page.shape[1] == 1240
    for line in found:
        left, top, width, height = line.box
        assert page[top : top + height, left : left + width].min() < 100
        assert all(left <= x < left + width and top < y <= top + height for x, y in line.baseline)
    outside = page.copy()
    for left, top, width, height in (line.box for line in found):
        outside[max(top - 3, 0) : top + height + 3, max(left - 3, 0) : left + width + 3] = 255
    assert outside.min() > 150
    assert [line.baseline[0][1] for line in found] == sorted(line.baseline[0][1] for line in found)


def test_a_page_is_written_smaller_to_fit_and_refuses_what_can_t_be(faces):
    face, rng = faces.faces[0], np.random.default_rng(2)
    page, found = synthesise_page(["a line much too long for a page that is so narrow"] * 2, face, rng, width=500)
    assert page.shape[1] == 500 and all(line.box[0] + line.box[2] <= 500 for line in found)
    for bad in (["fine", "漢字"], [""], []):
        with pytest.raises(InputError, match="expected lines"):
            synthesise_page(bad, face, rng)
    with pytest.raises(InputError, match="room"):
        synthesise_page(["a line"], face, rng, width=20)


@needs_fonts
def test_the_handwriting_fonts_are_told_apart():
    faces = Faces([SHARED / "fonts"])
    by_name = {face.name: face for face in faces.faces}
    assert not {"deb-delphine", "deb-rufscript010", "deb-stevehand"} & set(by_name)
    assert by_name["dancing-script"].joined and not by_name["indie-flower"].joined
    assert by_name["permanent-marker"].caps and by_name["permanent-marker"].label("Été") == "ÉTÉ"
    assert by_name["alex-brush"].weight < 0.5 * by_name["indie-flower"].weight
    assert by_name["gaegu"].label("café") is None
    assert (
        Face(SHARED / "fonts" / "deb-becausewebuild-regular.ttf").caps
        and Face(SHARED / "fonts" / "playwrite-es.ttf").joined
    )


@needs_fonts
def test_every_handwriting_font_writes_a_line():
    rng = np.random.default_rng(1)
    for face in Faces([SHARED / "fonts"]).faces:
        label = face.label("Jumping 27 fjords, Mr. W.")
        assert label, face.name
        pixels = write_line(label, face, rng)
        assert pixels.shape[0] == 64 and 5 < pixels.shape[1] / len(label) < 70, face.name


def test_a_worker_that_dies_in_the_middle_of_a_line_is_told_like_any_other():
    ours, theirs = multiprocessing.Pipe()
    os.write(theirs.fileno(), struct.pack("!i", 1000) + b"half of a line")
    theirs.close()
    with pytest.raises(HtrError, match="ended with the status -9"), _watched(SimpleNamespace(join=lambda: None, exitcode=-9)):
        ours.recv()

"""ALTO, PAGE and hOCR: valid, with all that was read, and read back as they were written."""

import functools
import os
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from PIL import Image
from read_pages import place, read_page, turned_place
from tars import sample_of, tar_of
from tiny_model import draw_line

from htrtool.core.documents.alto import alto
from htrtool.core.documents.blocks import blocks_of
from htrtool.core.documents.hocr import hocr
from htrtool.core.documents.output import stems_of
from htrtool.core.documents.page_xml import page_xml
from htrtool.core.documents.xml_in import pages_in, parse_tree
from htrtool.core.place import Place, box_of
from htrtool.core.samples import encode_png
from htrtool.exits import Exit

WRITERS = {"alto": alto, "page": page_xml}
both = pytest.mark.parametrize("form", WRITERS)
PAGE = read_page(
    ("Dear Margaret,", place(100, 50, 500, 60)),
    ("thank you & <yours> for 12,50 €", place(100, 150, 700, 60, slope=0.05)),
    ("", place(100, 300, 40, 40)),
)


def xpath(content, query):
    return etree.fromstring(content).xpath(re.sub(r"(?<![\w@:*(])([A-Za-z]+)(?=[\[/]|$)", r"*[local-name()='\1']", query))


# Validity


@pytest.mark.parametrize("page", [PAGE, read_page()], ids=["page", "empty"])
def test_alto_is_valid(page):
    relaxng = etree.RelaxNG(etree.parse(Path(__file__).parent / "alto.rng"))
    assert relaxng.validate(etree.fromstring(alto(page, "page.png", "tiny"))), relaxng.error_log


@both
@pytest.mark.parametrize("page", [PAGE, read_page()], ids=["page", "empty"])
def test_documents_are_valid_by_the_official_schemas(form, page):
    # Of which the licences are not clear, so that they are not in the repository.
    folder = os.environ.get("HTR_SCHEMAS")
    if not folder:
        pytest.skip("needs HTR_SCHEMAS, a folder with the .xsd files that the source of kraken 5.3 has in tests/resources")
    schema = etree.XMLSchema(etree.parse(Path(folder, {"alto": "alto-4-3.xsd", "page": "pagecontent.xsd"}[form])))
    assert schema.validate(etree.fromstring(WRITERS[form](page, "page.png", "tiny"))), schema.error_log


# What is in them


@both
def test_lines_words_and_glyphs_stand_where_they_were_read(form):
    content = WRITERS[form](PAGE, "page.png", "tiny")
    line, word, glyph = {"alto": ("TextLine", "String", "Glyph"), "page": ("TextLine", "Word", "Glyph")}[form]
    assert len(xpath(content, f"//{line}")) == 3
    words = xpath(content, f"//{line}[1]/{word}") if form == "page" else xpath(content, f"//{line}")[0].findall("{*}String")
    assert len(words[:2]) == 2
    boxes = [_box(element) for element in words[:2]]
    # Fourteen characters over 500 pixels: the space is the fifth.
    assert boxes[0][0] == 100 and boxes[0][2] == pytest.approx(100 + 500 * 4 / 14, abs=2)
    assert boxes[1][0] == pytest.approx(100 + 500 * 5 / 14, abs=2) and boxes[1][2] == 600
    glyphs = [_box(element) for element in words[0].findall("{*}Glyph")]
    assert len(glyphs) == 4 and all(a[2] == b[0] for a, b in zip(glyphs, glyphs[1:]))


def _box(element):
    """Return left, top, right and bottom of an ALTO or PAGE element."""
    if element.get("HPOS"):
        left, top, width, height = (int(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
        return left, top, left + width, top + height
    points = np.array([p.split(",") for p in element.find("{*}Coords").get("points").split()], int)
    return (*points.min(axis=0), *points.max(axis=0))


def test_confidences_of_words_and_glyphs_are_those_of_the_reading():
    tree = etree.fromstring(alto(read_page(("abcde", place(0, 0, 90, 20))), "x", "m"))
    glyphs, words = (
        [float(value) for value in tree.xpath(f"//*[local-name()='{element}']/@{attribute}")]
        for element, attribute in (("Glyph", "GC"), ("String", "WC"))
    )
    assert glyphs == pytest.approx(np.linspace(0.5, 0.99, 5), abs=0.001) and words == [0.7]


def test_page_xml_tells_the_reading_order_and_the_text_of_regions():
    content = page_xml(PAGE, "page.png", "tiny")
    regions = [element.get("id") for element in etree.fromstring(content).iter("{*}TextRegion")]
    assert xpath(content, "//@regionRef") == regions
    unicode = etree.fromstring(content).find(".//{*}TextRegion/{*}TextEquiv/{*}Unicode").text
    assert unicode == "Dear Margaret,\nthank you & <yours> for 12,50 €\n"


def test_columns_are_blocks_of_their_own():
    columns = read_page(*((t, place(x, y, 300, 40)) for t, x, y in (("a", 0, 0), ("b", 9, 60), ("c", 400, 0), ("d", 400, 50))))
    for quarters in range(4):
        assert [[line.number for line in block] for block in blocks_of(columns.lines)] == [[1, 2], [3, 4]], quarters
        columns.lines = [replace(line, place=turned(line.place)) for line in columns.lines]


def turned(place):
    """Return a place on a page that was turned by a quarter."""
    polygon, baseline, rails = (points[..., ::-1] * (-1, 1) for points in (place.polygon, place.baseline, place.rails))
    return Place(polygon, baseline, rails, box_of(polygon))


def test_hocr_has_pages_lines_with_baselines_and_words():
    root = etree.fromstring(hocr(PAGE, 'a "page".png', "tiny"))
    kinds = {kind: root.findall(f".//*[@class='{kind}']") for kind in ("ocr_page", "ocr_carea", "ocr_line", "ocrx_word")}
    assert [len(found) for found in kinds.values()] == [1, 1, 3, 9]
    assert kinds["ocr_page"][0].get("title") == r'image "a \"page\".png"; bbox 0 0 1000 800; ppageno 0'
    # From the lower left corner of the box: the level line's baseline is 15 above it; the other falls by 35 in 700.
    assert "bbox 100 50 600 110; baseline 0 -15;" in kinds["ocr_line"][0].get("title")
    assert "bbox 100 150 800 245; baseline 0.05 -50;" in kinds["ocr_line"][1].get("title")
    assert [word.text for word in kinds["ocrx_word"][:2]] == ["Dear", "Margaret,"]
    assert re.fullmatch(r"bbox 100 50 \d+ 110; x_wconf \d+", kinds["ocrx_word"][0].get("title"))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_hocr_tells_by_how_much_a_line_is_turned(quarters):
    line = turned_place(place(100, 50, 500, 60, slope=0.02), quarters, 1000, 800)
    (element,) = etree.fromstring(hocr(read_page(("Dear Margaret,", line)), "page.png", "tiny")).findall(".//*[@class='ocr_line']")
    assert f"; textangle {90 * quarters}; x_wconf" in element.get("title") and "baseline" not in element.get("title")


def test_text_that_xml_can_not_hold_is_replaced():
    for writer in (alto, page_xml, hocr):
        assert "a\ufffdb" in writer(read_page(("a\x02b", place(0, 0, 90, 20))), "x.png", "m").decode()


# Back again

coordinate = st.integers(0, 3000)
boxes = st.tuples(coordinate, coordinate, st.integers(8, 900), st.integers(8, 200), st.floats(-0.5, 0.5))
words = st.text("abcé€&<\"'ſ𝔞-", min_size=1, max_size=8)
texts = st.lists(words, max_size=5).map(" ".join)


@both
@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(texts, boxes), max_size=6))
def test_what_is_written_is_read_back(form, drawn):
    page = read_page(*((text, place(*box)) for text, box in drawn), size=(4000, 4000))
    (back,) = pages_in(parse_tree(WRITERS[form](page, "page.png", "tiny"), "x"), "x")
    assert (back.image, back.width, back.height) == ("page.png", 4000, 4000)
    assert [line.text or "" for line in back.lines] == [text for text, _ in drawn]
    for line, written in zip(back.lines, page.lines):
        assert np.array_equal(line.polygon, written.place.polygon)
        assert np.array_equal(line.baseline, written.place.baseline)
        assert form == "alto" or line.conf == 0.8


# The command


@pytest.fixture
def pictures(tmp_path):
    """A line as a picture, and a page of two lines with ALTO and PAGE that place them."""
    cv2.imwrite(str(tmp_path / "line.png"), draw_line("abc"))
    sheet = np.full((400, 600), 255, np.uint8)
    for top, text in ((40, "bad cab"), (200, "face")):
        drawn = draw_line(text)
        sheet[top : top + drawn.shape[0], 50 : 50 + drawn.shape[1]] = drawn
    cv2.imwrite(str(tmp_path / "sheet.png"), sheet)
    lines = read_page(("?", place(50, 40, 172, 64)), ("?", place(50, 200, 112, 64)), size=(600, 400))
    (tmp_path / "sheet.alto.xml").write_bytes(alto(lines, "sheet.png", "none"))
    (tmp_path / "sheet.page.xml").write_bytes(page_xml(lines, "sheet.png", "none"))
    return tmp_path


@pytest.mark.parametrize("form", ["alto", "page"])
def test_a_document_read_gives_the_text_of_its_page(run_htr, tiny_model, pictures, form):
    for name, text in (("line.png", "abc\n"), (f"sheet.{form}.xml", "bad cab\nface\n")):
        document = run_htr("read", "-m", tiny_model, "-f", form, name, cwd=pictures)
        assert document.returncode == Exit.OK and document.stderr == b""
        again = run_htr("read", "-m", tiny_model, "-f", "txt", "-", input=document.stdout, cwd=pictures)
        plain = run_htr("read", "-m", tiny_model, "-f", "txt", name, cwd=pictures)
        assert again.stdout.decode() == plain.stdout.decode() == text


def test_one_kind_becomes_the_other(run_htr, tiny_model, pictures):
    converted = run_htr("read", "-m", tiny_model, "-f", "page", "sheet.alto.xml", cwd=pictures).stdout
    (page,) = pages_in(parse_tree(converted, "x"), "x")
    assert page.image == "sheet.png" and [line.text for line in page.lines] == ["bad cab", "face"]


def test_documents_go_to_a_folder_each_named_for_its_input(run_htr, tiny_model, pictures):
    cv2.imwritemulti(str(pictures / "two.tif"), [draw_line("abc"), draw_line("cab")])
    names = ["line.png", "two.tif", "missing.png"]
    result = run_htr("read", "-m", tiny_model, "--mode", "line", "-f", "alto", "-o", "out", *names, cwd=pictures)
    assert result.returncode == Exit.SOME_FAILED and result.stdout == b""
    assert sorted(path.name for path in (pictures / "out").iterdir()) == ["line.xml", "two-1.xml", "two-2.xml"]
    (page,) = pages_in(parse_tree((pictures / "out" / "two-2.xml").read_bytes(), "x"), "x")
    assert page.image == "two.tif#page=2" and page.lines[0].text == "cab"
    # Beside its images a document finds them, each its own page.
    run_htr("read", "-m", tiny_model, "--mode", "line", "-f", "page", "-o", ".", "two.tif", cwd=pictures)
    assert run_htr("read", "-m", tiny_model, "-f", "txt", "two-2.xml", cwd=pictures).stdout == b"cab\n"


def test_documents_do_not_take_the_place_of_those_that_are_read(run_htr, tiny_model, pictures):
    read = "read", "-m", tiny_model, "--mode", "line"
    run_htr(*read, "-f", "page", "-o", ".", "line.png", cwd=pictures)
    before = (pictures / "line.xml").read_bytes()
    for form in ("page", "alto"):
        done = run_htr("read", "-m", tiny_model, "-f", form, "-o", ".", "line.xml", cwd=pictures)
        assert done.returncode != Exit.OK and b"line.xml: it would replace what is read" in done.stderr
    assert (pictures / "line.xml").read_bytes() == before


def test_several_pages_do_not_fit_into_one_document(run_htr, tiny_model, pictures):
    several = run_htr("read", "-m", tiny_model, "-f", "hocr", "line.png", "sheet.png", cwd=pictures)
    assert several.returncode == Exit.USAGE and b"-o DIR" in several.stderr and several.stdout == b""
    cv2.imwritemulti(str(pictures / "two.tif"), [draw_line("abc"), draw_line("cab")])
    for arguments in ([], ["-o", "out.xml"]):
        result = run_htr("read", "-m", tiny_model, "--mode", "line", "-f", "page", *arguments, "two.tif", cwd=pictures)
        assert result.returncode == Exit.BAD_INPUT and b"-o DIR" in result.stderr and result.stdout == b""
    assert not (pictures / "out.xml").exists()


def test_two_inputs_of_one_name_do_not_overwrite_each_other(run_htr, tiny_model, pictures):
    (pictures / "sub").mkdir()
    cv2.imwrite(str(pictures / "sub" / "line.png"), draw_line("cab"))
    result = run_htr("read", "-m", tiny_model, "-f", "alto", "-o", "out/", "line.png", "sub/line.png", cwd=pictures)
    assert result.returncode == Exit.OK
    assert b'CONTENT="abc"' in (pictures / "out" / "line.xml").read_bytes()
    assert b'CONTENT="cab"' in (pictures / "out" / "sub" / "line.xml").read_bytes()
    result = run_htr("read", "-m", tiny_model, "-f", "alto", "-o", "out/", "line.png", "./line.png", cwd=pictures)
    assert result.returncode == Exit.SOME_FAILED and b"./line.png: line.xml is written for line.png" in result.stderr


def test_options_that_contradict_each_other_are_refused(run_htr, tiny_model, pictures):
    for options in (["-f", "alto", "--per-word"], ["-f", "txt", "--outlines"], ["-f", "page", "--no-header"]):
        assert run_htr("read", "-m", tiny_model, *options, "line.png", cwd=pictures).returncode == Exit.USAGE


def test_words_have_rows_with_boxes(run_htr, tiny_model, pictures):
    result = run_htr("read", "-m", tiny_model, "--per-word", "sheet.alto.xml", cwd=pictures)
    header, *rows = (row.split("\t") for row in result.stdout.decode().splitlines())
    assert header == ["file", "page", "line", "word", "left", "top", "width", "height", "conf", "text"]
    assert [(row[2], row[3], row[9]) for row in rows] == [("1", "1", "bad"), ("1", "2", "cab"), ("2", "1", "face")]
    # Bars of 12 pixels, 20 apart, from 16 pixels on.
    left, width = int(rows[1][4]), int(rows[1][6])
    assert left < 50 + 16 + 4 * 20 + 4 and left + width > 50 + 16 + 6 * 20 + 8 and width < 90


def test_outlines_are_columns_and_always_in_objects(run_htr, tiny_model, pictures):
    import json

    table = run_htr("read", "-m", tiny_model, "--outlines", "sheet.page.xml", cwd=pictures).stdout.decode().splitlines()
    assert table[0].split("\t")[-4:] == ["conf", "baseline", "polygon", "text"]
    assert table[1].split("\t")[-3:-1] == ["50,88 222,88", "50,40 222,40 222,104 50,104"]
    objects = run_htr("read", "-m", tiny_model, "-f", "jsonl", "sheet.page.xml", cwd=pictures).stdout.splitlines()
    assert json.loads(objects[1])["polygon"] == [[50, 200], [162, 200], [162, 264], [50, 264]]


def test_documents_of_inputs_that_are_named_alike_keep_their_folders():
    assert stems_of(["scans/a.jpg", "scans/b.jpg", "-"]) == {"scans/a.jpg": "a", "scans/b.jpg": "b"}
    alike = ["scans/1900/001.jpg", "scans/1901/001.jpg", "scans/1901/001.png", "./scans/1900/002.jpg"]
    assert stems_of(alike) == dict(zip(alike, ["1900/001", "1901/001.jpg", "1901/001.png", "1900/002"]))
    # The same file twice is no two of one name.
    assert stems_of(["scans/a.jpg", "./scans/a.jpg"]) == {"scans/a.jpg": "a", "./scans/a.jpg": "a"}


def test_a_run_that_was_stopped_goes_on_where_it_was(run_htr, tiny_model, pictures):
    read = ["read", "-v", "-m", tiny_model, "-f", "alto", "-o", "out", "--skip-existing"]
    cv2.imwrite(str(pictures / "other.png"), draw_line("cab"))
    assert run_htr(*read, "line.png", cwd=pictures).returncode == Exit.OK
    corrected = (pictures / "out" / "line.xml").read_text().replace('CONTENT="abc"', 'CONTENT="corrected by hand"')
    (pictures / "out" / "line.xml").write_text(corrected)
    result = run_htr(*read, "line.png", "other.png", cwd=pictures)
    assert result.returncode == Exit.OK and b"on 1 page" in result.stderr
    assert (pictures / "out" / "line.xml").read_text() == corrected and (pictures / "out" / "other.xml").exists()
    assert b"1 page left out: their documents are in out already" in result.stderr
    whole = (pictures / "out" / "other.xml").read_bytes()
    for left in (0, 1000):
        (pictures / "out" / "other.xml").write_bytes(whole[:left])
        assert run_htr(*read, "other.png", cwd=pictures).returncode == Exit.OK
        assert (pictures / "out" / "other.xml").read_bytes() == whole, "an empty file is no document, nor is one that breaks off"
    result = run_htr(*read, "line.png", "./line.png", "missing.png", cwd=pictures)
    assert result.returncode == Exit.SOME_FAILED and b"./line.png: line.xml is that of line.png" in result.stderr
    result = run_htr("read", "-m", tiny_model, "--skip-existing", "line.png", cwd=pictures)
    assert result.returncode == Exit.USAGE and b"is for documents in a folder" in result.stderr


def test_a_run_goes_on_where_more_inputs_give_its_documents_other_names(run_htr, tiny_model, pictures):
    for folder, suffix in (("a", "png"), ("a", "tif"), ("b", "png")):
        (pictures / folder).mkdir(exist_ok=True)
        cv2.imwrite(str(pictures / folder / f"1.{suffix}"), draw_line("abc"))
    read = ["read", "-m", tiny_model, "-f", "alto", "-o", "out/", "--skip-existing"]
    for skipped, names in enumerate((["a/1.png"], ["a/1.png", "b/1.png"], ["b/1.png", "a/1.png", "a/1.tif"])):
        result = run_htr(*read, *names, cwd=pictures)
        assert result.returncode == Exit.OK and f"{skipped} page{'s' * (skipped != 1)} left out".encode() in result.stderr
    result = run_htr(*read, "a/1.tif", cwd=pictures)
    assert result.returncode == Exit.OK and b"1 page left out" in result.stderr
    assert sorted(str(path.relative_to(pictures / "out")) for path in (pictures / "out").rglob("*.xml")) == ["1.xml", "a/1.tif.xml", "b/1.xml"]


def test_a_document_of_another_kind_is_not_the_one_that_is_asked_for(run_htr, tiny_model, pictures):
    read = ["read", "-m", tiny_model, "-o", "out/", "--skip-existing", "line.png"]
    assert run_htr(*read, "-f", "alto", cwd=pictures).returncode == Exit.OK
    result = run_htr(*read, "-f", "page", cwd=pictures)
    assert result.returncode == Exit.BAD_INPUT
    assert b"line.png: expected PAGE XML in out/line.xml, found ALTO: give another -o for it" in result.stderr


def test_pages_that_are_left_out_hold_no_file_open(run_htr, tiny_model, tmp_path):
    resource = pytest.importorskip("resource")
    (tmp_path / "out").mkdir()
    for number in range(60):
        Image.fromarray(draw_line("abc")).save(tmp_path / f"{number}.pdf")
        (tmp_path / "out" / f"{number}.xml").write_text("<alto>there</alto>")
    limit = functools.partial(resource.setrlimit, resource.RLIMIT_NOFILE, (50, 50))
    read = ["read", "-m", tiny_model, "-f", "alto", "-o", "out", "--skip-existing", *map(os.path.basename, tmp_path.glob("*.pdf"))]
    result = run_htr(*read, cwd=tmp_path, preexec_fn=limit)
    assert result.returncode == Exit.OK and b"60 pages left out" in result.stderr


@pytest.mark.parametrize("form", ["alto", "page", "hocr"])
def test_a_document_of_a_file_of_the_same_name_in_another_folder_stays(run_htr, tiny_model, pictures, form):
    odd = os.fsdecode(b"a & b?>\xff")
    for folder, text in ((odd, "abc"), ("c", "cab")):
        (pictures / folder).mkdir()
        (pictures / folder / "1.png").write_bytes(encode_png(draw_line(text)))
    read = ["read", "-m", tiny_model, "--mode", "line", "-f", form, "-o", "out/"]
    for again in range(2):
        assert run_htr(*read, f"{odd}/1.png", cwd=pictures).returncode == Exit.OK, again
    (document,) = (pictures / "out").iterdir()
    before = document.read_bytes()
    for options in ([], ["--skip-existing"]):
        result = run_htr(*read, *options, "c/1.png", cwd=pictures)
        assert result.returncode != Exit.OK and f"c/1.png: out/{document.name} is that of a & b?>".encode() in result.stderr
    assert document.read_bytes() == before
    # Where the folder has another name now, the size tells whether the picture is the same.
    (pictures / odd).rename(pictures / "d")
    assert run_htr(*read, "--skip-existing", "d/1.png", cwd=pictures).returncode == Exit.OK
    (pictures / "d" / "1.png").write_bytes((pictures / "d" / "1.png").read_bytes() + b"more")
    assert run_htr(*read, "d/1.png", cwd=pictures).returncode != Exit.OK


@pytest.mark.parametrize("form", ["alto", "page", "hocr"])
def test_a_document_that_htr_did_not_write_or_someone_changed_stays(run_htr, tiny_model, pictures, form):
    read = ["read", "-m", tiny_model, "-f", form, "-o", "out/"]
    assert run_htr(*read, "line.png", cwd=pictures).returncode == Exit.OK
    (document,) = (pictures / "out").iterdir()
    ours = document.read_text()
    unmarked = re.sub(r"<\?htr .*\n", "", ours)
    by_hand = re.sub(r"htr \d|>htr<", "Somebody", unmarked)
    document.write_text(by_hand)
    result = run_htr(*read, "line.png", cwd=pictures)
    assert result.returncode == Exit.SOME_FAILED
    assert f"line.png: out/{document.name} is there, which htr did not write: give another -o".encode() in result.stderr
    assert document.read_text() == by_hand
    assert run_htr(*read, "--skip-existing", "line.png", cwd=pictures).returncode == Exit.OK
    corrected = ours.replace("abc", "acb")
    document.write_text(corrected)
    result = run_htr(*read, "line.png", cwd=pictures)
    assert result.returncode == Exit.SOME_FAILED and b"was changed since htr wrote it" in result.stderr
    assert document.read_text() == corrected
    # What breaks off was not changed by anyone.
    document.write_text(ours[:-20])
    assert run_htr(*read, "line.png", cwd=pictures).returncode == Exit.OK and document.read_text().endswith(ours[-20:])
    # What was written by older versions has no mark.
    document.write_text(unmarked)
    assert run_htr(*read, "line.png", cwd=pictures).returncode == Exit.OK
    assert "<?htr " in document.read_text()
    # What came by standard output or under a name of its own can be corrected too.
    for made in (["line.png"], ["-o", f"out/{document.name}", "line.png"]):
        done = run_htr("read", "-m", tiny_model, "-f", form, *made, cwd=pictures)
        content = document.read_bytes() if "-o" in made else done.stdout
        document.write_bytes(content.replace(b"abc", b"acb"))
        assert b"line.png" in content and b"out/line.png" not in content
        assert run_htr(*read, "line.png", cwd=pictures).returncode == Exit.SOME_FAILED and b"acb" in document.read_bytes()
        document.write_bytes(content)
        assert run_htr(*read, "line.png", cwd=pictures).returncode == Exit.OK


def test_a_document_of_which_a_page_was_missing_is_read_again(run_htr, tiny_model, tmp_path):
    cv2.imwrite(str(tmp_path / "1.png"), draw_line("abc"))
    height, width = draw_line("abc").shape
    page = (
        '<Page imageFilename="{}.png" imageWidth="{w}" imageHeight="{h}"><TextRegion id="r{}"><Coords points="0,0 {w},0 {w},{h} 0,{h}"/><TextLine id="l{}">'
        '<Coords points="0,0 {w},0 {w},{h} 0,{h}"/></TextLine></TextRegion></Page>'
    )
    pages = "".join(page.format(n, n, n, w=width, h=height) for n in (1, 2))
    namespace = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"
    (tmp_path / "two.xml").write_text(f'<PcGts xmlns="{namespace}">{pages}</PcGts>')
    read = ["read", "-m", tiny_model, "-f", "page", "-o", "out/", "--skip-existing", "two.xml"]
    for _ in range(2):
        done = run_htr(*read, cwd=tmp_path)
        assert done.returncode == Exit.SOME_FAILED and b"2.png" in done.stderr and (tmp_path / "out" / "two.xml").exists()
    cv2.imwrite(str(tmp_path / "2.png"), draw_line("abc"))
    assert run_htr(*read, cwd=tmp_path).returncode == Exit.OK
    assert (tmp_path / "out" / "two.xml").read_text().count("abc") == 4, "as a line and as a word each"
    assert b"left out: their documents are in out" in run_htr(*read, cwd=tmp_path).stderr


def test_a_filled_document_that_was_piped_is_replaced_by_the_next(run_htr, tiny_model, pictures):
    piped = (pictures / "sheet.page.xml").read_bytes().replace(b"htr ", b"Somebody ")
    for again in range(2):
        assert run_htr("read", "-m", tiny_model, "-f", "page", "-o", "out/", "-", input=piped, cwd=pictures).returncode == Exit.OK, again


def test_a_filled_document_keeps_its_origin(run_htr, tiny_model, pictures):
    read = ["read", "-m", tiny_model, "-f", "page", "-o"]
    (pictures / "sub").mkdir()
    for name in ("sheet.png", "sheet.page.xml"):
        (pictures / "sub" / name).write_bytes((pictures / name).read_bytes())
    assert run_htr(*read, "out/", "sheet.page.xml", cwd=pictures).returncode == Exit.OK
    result = run_htr(*read, "out/", "sub/sheet.page.xml", cwd=pictures)
    assert result.returncode != Exit.OK and b"is that of sheet.page.xml" in result.stderr
    (pictures / "sheet.page.xml").unlink()
    (pictures / "out" / "sheet.page.xml").rename(pictures / "sheet.page.xml")
    assert run_htr(*read, "new/", "sheet.page.xml", cwd=pictures).returncode == Exit.OK
    assert re.findall(rb'<\?htr .*(?= crc32=")', (pictures / "new" / "sheet.page.xml").read_bytes()) == [
        b'<?htr source="../sheet.page.xml" bytes="%d"' % (pictures / "sheet.page.xml").stat().st_size
    ]


def test_documents_of_samples_are_scored_against_their_stream(run_htr, tiny_model, tmp_path):
    texts = {f"book/{page}/000": text for page, text in (("p1", "bad cab"), ("p2", "face"), ("p3", "abc"))}
    (tmp_path / "lines.tar").write_bytes(tar_of(sample_of(key, draw_line(text), text) for key, text in texts.items()))
    assert run_htr("read", "-m", tiny_model, "-f", "alto", "-o", "alto/", "lines.tar", cwd=tmp_path).returncode == Exit.OK
    scored = run_htr("eval", "-q", "--metric", "cer", "lines.tar", "alto", cwd=tmp_path)
    # Where nothing is paired, all is missing and all is surplus.
    assert float(scored.stdout.decode().splitlines()[1].split("\t")[3]) < 0.2, scored.stderr

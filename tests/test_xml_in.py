"""``htr read`` on ALTO and PAGE: along the lines that the file has, filled in, and wary of what it says."""

import os
import re

import cv2
import numpy as np
import pytest
from drawn import line_picture, page_picture, points
from lxml import etree
from tiny_model import draw_line

from htrtool.core.documents.xml_elements import points_of
from htrtool.core.documents.xml_image import cuts_along, find_image, image_of
from htrtool.core.documents.xml_in import parse_pages
from htrtool.core.errors import InputError
from htrtool.exits import Exit

LINES = {"bad cab": (50, 40), "face": (50, 200)}

PAGE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!-- made elsewhere -->
<pc:PcGts xmlns:pc="http://schema.primaresearch.org/PAGE/gts/pagecontent/2013-07-15" pcGtsId="doc_1">
  <pc:Metadata><pc:Creator>prov=READ-COOP</pc:Creator></pc:Metadata>
  <pc:Page imageFilename="{image}" imageWidth="{width}" imageHeight="{height}">
    <pc:ReadingOrder><pc:OrderedGroup id="ro"><pc:RegionRefIndexed index="1" regionRef="r2"/><pc:RegionRefIndexed index="0" regionRef="r1"/></pc:OrderedGroup></pc:ReadingOrder>
    <pc:ImageRegion id="seal"><pc:Coords points="1,1 9,1 9,9"/></pc:ImageRegion>
    <pc:TextRegion id="r2"><pc:Coords points="0,0 9,0 9,9"/>
      <pc:TextLine id="second" custom="readingOrder {{index:0;}}"><pc:Coords points="{second}"/><pc:TextStyle fontFamily="hand"/></pc:TextLine>
      <pc:TextEquiv><pc:Unicode>of the region</pc:Unicode></pc:TextEquiv>
    </pc:TextRegion>
    <pc:TextRegion id="r1" type="heading"><pc:Coords points="0,0 9,0 9,9"/>
      <pc:TextLine id="first"><pc:Coords points="{first}"/>
        <pc:Word id="w"><pc:Coords points="0,0 9,0 9,9"/><pc:TextEquiv><pc:Unicode>old</pc:Unicode></pc:TextEquiv></pc:Word>
        <pc:TextEquiv index="0"><pc:Unicode>old text</pc:Unicode></pc:TextEquiv></pc:TextLine>
    </pc:TextRegion>
  </pc:Page>
</pc:PcGts>
"""
ALTO = """<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="http://www.loc.gov/standards/alto/ns-v3#">
  <Description><MeasurementUnit>pixel</MeasurementUnit><sourceImageInformation><fileName>{image}</fileName></sourceImageInformation></Description>
  <Tags><OtherTag ID="T1" LABEL="default"/></Tags>
  <Layout><Page ID="p" PHYSICAL_IMG_NR="1" WIDTH="{width}" HEIGHT="{height}"><PrintSpace>
    <TextBlock ID="b" TAGREFS="T1">
      <TextLine ID="first" TAGREFS="T1" HPOS="0" VPOS="0"><Shape><Polygon POINTS="{first}"/></Shape><String CONTENT="old" STYLEREFS="x"/><SP/><String CONTENT="text"/></TextLine>
      <TextLine ID="second"><Shape><Polygon POINTS="{second}"/></Shape><String CONTENT=""/></TextLine>
    </TextBlock>
    <Illustration ID="seal"/>
  </PrintSpace></Page></Layout>
</alto>
"""
FORMS = {"page": PAGE, "alto": ALTO}
both = pytest.mark.parametrize("form", FORMS)


def corners(text, across=1.0, down=1.0):
    (left, top), (height, width) = LINES[text], draw_line(text).shape
    pairs = [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]
    return [(round(x * across), round(y * down)) for x, y in pairs]


def write_xml(folder, form, image="sheet.png", name="sheet.xml", width=600, height=400, **given):
    first, second = (given.get(n, points(corners(t, width / 600, height / 400))) for n, t in zip(("first", "second"), LINES))
    content = FORMS[form].format(image=image, width=width, height=height, first=first, second=second)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content)
    return folder / name


@pytest.fixture
def folder(tmp_path):
    sheet = np.full((400, 600), 255, np.uint8)
    for text, (left, top) in LINES.items():
        drawn = draw_line(text)
        sheet[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    cv2.imwrite(str(tmp_path / "sheet.png"), sheet)
    return tmp_path


@pytest.fixture
def read(run_htr, tiny_model, folder):
    return lambda *arguments, **options: run_htr("read", "-m", tiny_model, *arguments, cwd=folder, **options)


@both
def test_lines_are_read_where_the_file_has_them_in_its_order(read, folder, form):
    write_xml(folder, form)
    rows = [row.split("\t") for row in read("sheet.xml").stdout.decode().splitlines()[1:]]
    assert [(row[0], *row[1:5], row[-1]) for row in rows] == [
        ("sheet.xml", "1", "1", "50", "40", "bad cab"),
        ("sheet.xml", "1", "2", "50", "200", "face"),
    ]


@pytest.mark.parametrize("order", [["second", "first"], ["second"], ["second_block", "b"], ["second_block"], ["second_block", "first"]])
def test_the_reading_order_that_alto_tells_of_lines_and_blocks_is_kept(folder, order):
    path = write_xml(folder, "alto")
    references = "".join(f'<ElementRef ID="o_{name}" REF="{name}"/>' for name in order)
    told = f'<ReadingOrder><OrderedGroup ID="o"><UnorderedGroup ID="u">{references}</UnorderedGroup></OrderedGroup></ReadingOrder>'
    content = path.read_text().replace("<Layout>", f"{told}<Layout>")
    path.write_text(content.replace('<TextLine ID="second"', '</TextBlock><TextBlock ID="second_block"><TextLine ID="second"'))
    (page,) = parse_pages(path)
    assert [line.name for line in page.lines] == ["second", "first"]


@both
def test_coordinates_for_an_image_of_another_size_are_scaled(read, folder, form):
    write_xml(folder, form, width=1800, height=1200)
    assert read("-f", "txt", "sheet.xml").stdout == b"bad cab\nface\n"
    root = etree.fromstring(read("-f", form, "sheet.xml").stdout)
    word = root.find(".//{*}Word" if form == "page" else ".//{*}String[@WC]")
    if form == "page":
        word = max(root.iter("{*}Word"), key=lambda w: w.getparent().get("id") == "first")
        left = min(int(point.split(",")[0]) for point in word.find("{*}Coords").get("points").split())
    else:
        left = int(word.get("HPOS"))
    # The first bar begins 16 pixels into the line.
    assert 3 * 50 <= left < 3 * (50 + 16 + 4)


def test_page_of_2010_is_filled_in_with_outlines_as_it_has_them(read, folder):
    path = write_xml(folder, "page")
    content = path.read_text().replace("2013-07-15", "2010-03-19")
    for outline in set(re.findall(r'<pc:Coords points="[^"]*"/>', content)):
        each = re.sub(r".*?(\d+),(\d+)(?:\"/>)?", r'<pc:Point x="\1" y="\2"/>', outline)
        content = content.replace(outline, f"<pc:Coords>{each}</pc:Coords>")
    path.write_text(content)
    filled = read("-f", "page", "sheet.xml").stdout
    root = etree.fromstring(filled)
    assert b"points=" not in filled and len(root.findall(".//{*}Word")) == 3
    assert all(len(coords.findall("{*}Point")) > 2 for coords in root.iter("{*}Coords"))
    (folder / "again.xml").write_bytes(filled)
    assert read("-f", "txt", "again.xml").stdout == b"bad cab\nface\n"


@both
def test_how_a_block_is_turned_goes_with_it_to_the_other_kind(read, folder, form):
    other = {"page": "alto", "alto": "page"}[form]
    for degrees, turned in ("-90", 3), ("90.4", 1), ("180", 2), ("2", 0):
        path = write_xml(folder, form)
        attribute = {"page": '<pc:TextRegion id="r2"', "alto": '<TextBlock ID="b"'}[form]
        text = path.read_text().replace('<TextLine ID="second"', '</TextBlock><TextBlock ID="b"><TextLine ID="second"')
        # Of the second line's block alone.
        before, _, after = text.rpartition(attribute)
        path.write_text(f'{before}{attribute} {"orientation" if form == "page" else "ROTATION"}="{degrees}"{after}')
        (folder / "other.xml").write_bytes(read("-f", other, "sheet.xml").stdout)
        (page,) = parse_pages(folder / "other.xml")
        assert [line.quarters for line in page.lines] == [0, turned]


def test_an_image_may_be_called_like_a_page_of_another(read, folder):
    (folder / "sheet.png").rename(folder / "sheet#page=3")
    (folder / "sheet.xml").write_bytes(read("-f", "alto", "--mode", "line", "sheet#page=3").stdout)
    (page,) = parse_pages(folder / "sheet.xml")
    assert image_of(page, "sheet.xml", folder) == (folder / "sheet#page=3", 0)


@both
def test_text_is_filled_in_and_all_else_stays(read, folder, form):
    source = write_xml(folder, form)
    # But for the note of where it comes from.
    made = re.sub(rb"<\?htr [^>]*\?>\n", b"", read("-f", form, "sheet.xml").stdout)
    before, after = etree.parse(source), etree.fromstring(made).getroottree()
    texts = {"page": ("./{*}TextEquiv/{*}Unicode", None), "alto": ("./{*}String", "CONTENT")}[form]
    lines = {line.get("ID") or line.get("id"): line for line in after.iter("{*}TextLine")}
    found = {name: [e.get(texts[1]) if texts[1] else e.text for e in line.findall(texts[0])] for name, line in lines.items()}
    assert found["first"] in (["bad cab"], ["bad", "cab"]) and found["second"] == ["face"]
    assert b"old" not in etree.tostring(after)
    for tree in (before, after):
        for tag in ("Word", "TextEquiv", "String", "SP"):
            for element in list(tree.iter("{*}" + tag)):
                if element.getparent().tag.endswith("TextLine"):
                    element.getparent().remove(element)
        for unicode in tree.iter("{*}Unicode"):
            unicode.text = ""
        for element in tree.iter():
            element.tail, element.text = None, (element.text or "").strip() or None
    assert etree.tostring(after, method="c14n") == etree.tostring(before, method="c14n")


@both
def test_a_line_that_is_read_with_too_little_confidence_loses_its_old_text(read, folder, form):
    path = write_xml(folder, form)
    tags = 'id="first" custom="person {offset:0; length:3;} readingOrder {index:0;}"'
    region = "<pc:TextEquiv><pc:Unicode>old text</pc:Unicode></pc:TextEquiv></pc:TextRegion>\n  </pc:Page>"
    path.write_text(re.sub(r"</pc:TextRegion>\s*</pc:Page>", region, path.read_text()).replace('id="first"', tags))
    sheet = cv2.imread(str(folder / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    # Bars nearly as light as those of other letters.
    sheet[:150][sheet[:150] < 200] += 10
    cv2.imwrite(str(folder / "sheet.png"), sheet)
    confs = [float(row.split("\t")[7]) for row in read("sheet.xml").stdout.decode().splitlines()[1:]]
    assert confs[0] < confs[1], confs
    least = str(sum(confs) / 2)
    assert [row.split("\t")[-1] for row in read("--min-conf", least, "sheet.xml").stdout.decode().splitlines()[1:]] == ["face"]
    filled = read("-f", form, "--min-conf", least, "sheet.xml").stdout
    assert b"old" not in filled and b"offset" not in filled
    (folder / "filled.xml").write_bytes(filled)
    (page,) = parse_pages(folder / "filled.xml")
    assert [line.text or "" for line in page.lines] == ["", "face"] and all(line.polygon for line in page.lines)


def test_words_come_before_styles_and_a_regions_text_follows_its_lines(read, folder):
    write_xml(folder, "page")
    root = etree.fromstring(read("-f", "page", "sheet.xml").stdout)
    second = root.find(".//{*}TextLine[@id='second']")
    assert [etree.QName(child).localname for child in second] == ["Coords", "Word", "TextEquiv", "TextStyle"]
    assert root.find(".//{*}TextRegion[@id='r2']/{*}TextEquiv/{*}Unicode").text == "face"


def test_tags_of_passages_of_another_text_go_with_it(read, folder):
    path = write_xml(folder, "page")
    tags = "gap {offset:3; length:2;} readingOrder {index:0;} structure {type:heading;} person {offset:0; length:5;}"
    path.write_text(path.read_text().replace('id="first"', f'id="first" custom="{tags}"'))
    filled = read("-f", "page", "sheet.xml").stdout.decode()
    assert '<pc:TextLine id="first" custom="readingOrder {index:0;} structure {type:heading;}">' in filled
    # Where the text stays, so do they.
    path.write_text(filled.replace('id="first" custom="readingOrder {index:0;}', f'id="first" custom="{tags}'))
    assert tags in read("-f", "page", "sheet.xml").stdout.decode()


def test_filling_in_twice_changes_nothing_more(read, folder):
    for form in FORMS:
        write_xml(folder, form)
        once = read("-f", form, "sheet.xml").stdout
        assert read("-f", form, "-", input=once).stdout == once


def test_pages_of_one_alto_file_stay_in_one_file(read, folder):
    text = write_xml(folder, "alto").read_text()
    page = text[text.index("<Page") : text.index("</Layout>")]
    (folder / "book.xml").write_text(text.replace(page, page + page.replace('ID="', 'ID="q_')))
    result = read("-f", "alto", "book.xml")
    assert result.returncode == Exit.OK and result.stdout.count(b'CONTENT="face"') == 2
    result = read("-f", "page", "-o", "out/", "book.xml")
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["book-1.xml", "book-2.xml"]


@pytest.mark.parametrize("image, xml", [("sheet.png", "page/sheet.xml"), ("images/x.png", "sheet.xml"), (r"C:\scans\sheet.png", "sheet.xml")])
def test_the_image_is_found_where_tools_keep_it(read, folder, image, xml):
    (folder / "images").mkdir()
    (folder / "images" / "x.png").write_bytes((folder / "sheet.png").read_bytes())
    write_xml(folder, "page", image, xml)
    assert read("-f", "txt", xml).stdout == b"bad cab\nface\n"


@pytest.mark.parametrize("named, there", [("Köln 1.png", "Ko\u0308ln 1.png"), ("Brief%201.PNG", "brief 1.png")])
def test_the_image_is_found_by_a_name_in_other_letters(read, folder, named, there):
    (folder / "sheet.png").rename(folder / there)
    write_xml(folder, "page", named, "other.xml")
    assert read("-f", "txt", "other.xml").stdout == b"bad cab\nface\n"


def test_a_document_of_ours_finds_what_it_was_read_from(read, run_htr, folder):
    (folder / "Köln & ß").mkdir()
    (folder / "sheet.png").rename(folder / "0815.png")
    (folder / "Köln & ß" / "sheet.png").symlink_to(folder / "0815.png")
    for out in ("page", "out"):
        assert read("-f", "page", "-o", f"{out}/", "Köln & ß/sheet.png").returncode == Exit.OK
    # What is kept beside a folder called page belongs to it.
    assert read("-f", "txt", "page/sheet.xml").stdout == read("-f", "txt", "Köln & ß/sheet.png").stdout
    refused = read("out/sheet.xml")
    assert refused.returncode == Exit.BAD_INPUT
    assert "a link to it ('../Köln & ß/sheet.png' is not looked for, since it leads out" in refused.stderr.decode()
    for out in ("page", "out"):
        assert run_htr("prep", out, "-o", f"{out}.tar", cwd=folder).returncode == Exit.OK, "one's own to train on is followed"
    # A document that is filled in names its image from where it was.
    (folder / "sheet.png").write_bytes((folder / "Köln & ß" / "sheet.png").read_bytes())
    write_xml(folder, "page")
    assert read("-f", "page", "-o", "filled/deeper/", "sheet.xml").returncode == Exit.OK
    assert run_htr("prep", "filled", "-o", "filled.tar", cwd=folder).returncode == Exit.OK


def test_a_folder_is_not_listed_for_each_of_its_files_whose_images_have_another_suffix(tmp_path, monkeypatch):
    for number in range(9):
        (tmp_path / f"{number}.jpg").touch()
    listed, listdir = [], os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or listdir(folder))
    assert [find_image(f"{number}.tif", "", [tmp_path]) for number in range(9)] == [tmp_path / f"{number}.jpg" for number in range(9)]
    assert len(listed) == 1
    (tmp_path / "9.JPG").touch()
    os.utime(tmp_path, (1, 1))
    assert find_image("9.tif", "", [tmp_path]) == tmp_path / "9.JPG" and len(listed) == 2, "what has come since is found"


# Bad files


@both
@pytest.mark.parametrize("image", ["gone.png", "../{}/secret.png", "{}/secret.png", "http://example.org/secret.png"])
def test_an_image_that_is_missing_or_out_of_the_folder_is_not_opened(read, folder, tmp_path_factory, form, image):
    outside = tmp_path_factory.mktemp("outside")
    cv2.imwrite(str(outside / "secret.png"), cv2.imread(str(folder / "sheet.png")))
    write_xml(folder, form, image.format(outside if image.startswith("{") else outside.name), "only.xml")
    result = read("only.xml", "sheet.png", "--mode", "line")
    assert result.returncode == Exit.SOME_FAILED
    (message,) = result.stderr.decode().splitlines()
    assert message.startswith("htr read: only.xml: expected the page's image") and "put it there" in message
    assert ("out of the file's folder" in message) == ("gone" not in image)


@pytest.mark.parametrize("noted", ["../../sheet.png", "../link/sheet.png", "{}/sheet.png", "..", "a%00b"])
def test_what_a_file_says_that_it_was_read_from_leads_no_further_than_its_image_may(folder, noted):
    path = write_xml(folder, "page", name="volume/page/sheet.xml")
    (folder / "volume" / "link").symlink_to(folder)
    path.write_text(path.read_text().replace("<!-- made elsewhere -->", f'<?htr source="{noted.format(folder)}" bytes="9"?>'))
    (page,) = parse_pages(path)
    with pytest.raises(InputError, match="put it there"):
        image_of(page, str(path), path.parent)


BOMB = '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'


@pytest.mark.parametrize(
    "content, words",
    [
        (f"<?xml version='1.0'?>{BOMB}<alto><Layout>&c;</Layout></alto>", "entities"),
        (f"<?xml version='1.0'?>{BOMB}<alto x='&c;'/>", "entities"),
        ('<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><alto>&a;</alto>', "entities"),
        (f"<?xml version='1.0' encoding='UTF-16'?>{BOMB}<alto>&c;</alto>".encode("utf-16"), "entities"),
        ('<!DOCTYPE alto SYSTEM "http://127.0.0.1:9/alto.dtd"><alto><Layout/></alto>', "a page"),
        ("<?xml version='1.0'?><alto><Layout>", "well-formed"),
        ("<?xml version='1.0'?><html><body/></html>", "'html': give the page as one of these, or its image"),
        ("<?xml version='1.0'?><mets xmlns='http://www.loc.gov/METS/'/>", "METS, which only names the files of a document: give those"),
        ("<?xml version='1.0'?><PcGts/>", "a page"),
    ],
    ids=["bomb", "in an attribute", "a file", "UTF-16", "DTD", "torn", "HTML", "METS", "no page"],
)
def test_hostile_and_broken_xml_gets_one_clear_line(read, folder, content, words):
    (folder / "x.xml").write_bytes(content if isinstance(content, bytes) else content.encode())
    result = read("x.xml")
    assert result.returncode == Exit.BAD_INPUT
    (message,) = result.stderr.decode().splitlines()
    assert message.startswith("htr read: x.xml: expected") and words in message


@both
@pytest.mark.parametrize("number", ["nan", "inf", "1e999", "-1e300"])
def test_numbers_that_are_no_places_stop_nothing(read, folder, form, number):
    path = write_xml(folder, form)
    for name in ("imageWidth", "imageHeight", "WIDTH", "HPOS", "VPOS"):
        path.write_text(re.sub(rf'\b{name}="[^"]*"', f'{name}="{number}"', path.read_text(), count=1))
    path.write_text(re.sub(r'(points|POINTS)="\S+', rf'\1="{number},{number}', path.read_text(), count=1))
    result = read("sheet.xml")
    assert b"Traceback" not in result.stderr and result.returncode in (Exit.OK, Exit.SOME_FAILED, Exit.BAD_INPUT)


def test_a_file_without_lines_is_told_from_a_page_without(read, folder):
    (folder / "sheet.xml").write_text('<PcGts><Page imageFilename="sheet.png" imageWidth="600" imageHeight="400"/></PcGts>')
    done = read("-f", "page", folder / "sheet.xml")
    assert done.returncode == 0 and b"sheet.xml: page 1 has no lines in it, and none are looked for: give the image itself" in done.stderr
    done = read("--mode", "page", folder / "sheet.xml")
    assert done.returncode == 2 and b"--mode is about pictures" in done.stderr


def test_a_box_that_is_only_the_baseline_s_is_no_outline():
    from htrtool.core.documents.xml_in import pages_in, parse_tree

    line = '<TextLine BASELINE="{}" HPOS="10" VPOS="40" WIDTH="90" HEIGHT="{}"><String CONTENT="a"/></TextLine>'
    lines = line.format("10,44 100,40", 5) + line.format("10,44 100,40", 30) + line.format("50", 30)
    xml = f"<alto><Layout><Page WIDTH='200' HEIGHT='99'><TextBlock>{lines}</TextBlock></Page></Layout></alto>"
    (page,) = pages_in(parse_tree(xml.encode(), "x.xml"), "x.xml")
    assert [line.polygon is None for line in page.lines] == [True, False, False]


@both
def test_a_line_off_the_page_is_told_and_the_others_are_read(read, folder, form):
    write_xml(folder, form, first="700,40 900,40 900,90 700,90")
    result = read("-f", form, "sheet.xml")
    assert result.returncode == Exit.SOME_FAILED and b"sheet.xml: line 1 (first): expected a line on the page" in result.stderr
    assert b"old" in result.stdout and b"face" in result.stdout
    assert read("-f", "txt", "sheet.xml").stdout == b"face\n"


@both
def test_a_line_that_reaches_over_the_border_is_read_as_far_as_it_is_on_the_page(read, folder, form):
    write_xml(folder, form, first="-20,40 222,40 222,104 -20,104")
    result = read("sheet.xml")
    row = result.stdout.decode().splitlines()[1].split("\t")
    assert result.returncode == Exit.OK and row[3:7] == ["0", "40", "222", "64"] and "b" in row[-1]


def test_an_image_of_another_shape_is_refused(read, folder):
    write_xml(folder, "page", width=600, height=600)
    result = read("sheet.xml")
    assert result.returncode == Exit.BAD_INPUT and b"600\xc3\x97600" in result.stderr


def test_which_page_of_an_image_of_several_is_described_is_not_guessed(read, run_htr, folder):
    sheet = cv2.imread(str(folder / "sheet.png"))
    cv2.imwritemulti(str(folder / "volume.tif"), [np.full_like(sheet, 255), np.full_like(sheet, 255), sheet])
    write_xml(folder, "page", "volume.tif")
    for refused in (read("sheet.xml"), run_htr("prep", "sheet.xml", cwd=folder)):
        assert refused.returncode == Exit.BAD_INPUT and b"the name volume.tif#page=2 for the second, found 3 pages: volume.tif" in refused.stderr
    write_xml(folder, "page", "volume.tif#page=3")
    assert read("-f", "txt", "sheet.xml").stdout == b"bad cab\nface\n"


def page_lines(tmp_path, region: str):
    (tmp_path / "p.xml").write_text(
        '<PcGts><Page imageFilename="p.png" imageWidth="9" imageHeight="9"><TextRegion id="r">' + region + "</TextRegion></Page></PcGts>"
    )
    return [line.text for line in parse_pages(tmp_path / "p.xml")[0].lines]


def said(text: str, tag: str = "Unicode") -> str:
    return f"<TextEquiv><{tag}>{text}</{tag}></TextEquiv>"


def test_a_line_s_text_is_found_wherever_page_may_have_it(tmp_path):
    words = f"<Word>{said('of')}</Word><Word><Glyph>{said('h')}</Glyph><Glyph>{said('er')}</Glyph></Word>"
    assert page_lines(tmp_path, f"<TextLine>{words}{said('')}</TextLine>") == ["of her"]
    assert page_lines(tmp_path, f"<TextLine>{said('as typed', 'PlainText')}</TextLine>") == ["as typed"]
    assert page_lines(tmp_path, f"<TextLine>{said('')}</TextLine>") == [""]
    assert page_lines(tmp_path, "<TextLine/><TextLine/>" + said("one\n\ntwo")) == ["one", "two"]
    assert page_lines(tmp_path, "<TextLine/><TextLine/>" + said("one two")) == [None, None]
    assert page_lines(tmp_path, f"<TextLine/><TextLine>{said('own')}</TextLine>" + said("one\ntwo")) == [None, "own"]


def test_the_places_and_tags_that_transkribus_notes_are_heeded(tmp_path):
    lines = [f'<TextLine custom="readingOrder {{index:{place};}} {tags}">{said(text)}</TextLine>' for place, tags, text in (
        (1, "unclear {offset:0; length:3;} gap {offset:3; length:0;}", "two"), (0, "textStyle {offset:0; length:3;strikethrough:true;}", "one"),
        (2, "structure {type:paragraph;}", "three"),
    )]
    assert page_lines(tmp_path, "".join(lines)) == ["one", "two", "three"]
    assert [sorted(line.tags) for line in parse_pages(tmp_path / "p.xml")[0].lines] == [["strikethrough"], ["gap", "unclear"], []]


def test_an_alto_line_without_a_box_has_that_of_its_words(tmp_path):
    words = '<String CONTENT="a" HPOS="10" VPOS="20" WIDTH="30" HEIGHT="12"/><String CONTENT="b" HPOS="50" VPOS="18" WIDTH="30" HEIGHT="12"/>'
    (tmp_path / "a.xml").write_text(f'<alto><Layout><Page><TextBlock><TextLine>{words}</TextLine></TextBlock></Page></Layout></alto>')
    (line,) = parse_pages(tmp_path / "a.xml")[0].lines
    assert line.text == "a b" and line.polygon == [(10, 18), (80, 18), (80, 32), (10, 32)]


@pytest.mark.parametrize("points", ["10,20 30,40 50,60", "10 20 30 40 50 60", "10,20 NaN,7 30,40 , 50,60", "10,20,30,40,50,60"])
def test_a_point_without_a_number_changes_no_other(points):
    assert points_of(points) == [(10, 20), (30, 40), (50, 60)]


def test_a_line_on_its_head_in_a_margin_is_cut_as_it_is_read_and_one_drawn_backwards_as_it_stands(tmp_path):
    page, lines = page_picture(["a first line", "a second one", "the third"])
    note = line_picture("turn the page")
    height, width = note.shape
    page[:height, -width:] = note[::-1, ::-1]
    left, foot = page.shape[1] - width, height - int(height * 0.68)
    around = [(left, 0), (page.shape[1], 0), (page.shape[1], height), (left, height)]
    drawn = [(line["polygon"], line["baseline"]) for line in lines] + [(around, [(page.shape[1] - 12, foot), (left + 12, foot)])]
    drawn[1] = (drawn[1][0], drawn[1][1][::-1])
    elements = "".join(f'<TextLine><Coords points="{points(outline)}"/><Baseline points="{points(base)}"/></TextLine>' for outline, base in drawn)
    (tmp_path / "p.xml").write_text(f'<PcGts><Page imageFilename="p.png"><TextRegion>{elements}</TextRegion></Page></PcGts>')
    cuts = [cut.pixels for cut in cuts_along(parse_pages(tmp_path / "p.xml")[0].lines, page)]
    for cut, text in zip(cuts, ["a first line", "a second one", "the third", "turn the page"]):
        straight = cv2.resize(line_picture(text), cut.shape[::-1])
        assert np.corrcoef(straight.ravel(), cut.ravel())[0, 1] > 0.7, text


@both
@pytest.mark.parametrize("angle, quarters", [("90", 1), ("180.0", 2), ("-90", 3), ("2.5", 0), ("", 0)])
def test_lines_without_baseline_are_turned_as_their_region_says(tmp_path, form, angle, quarters):
    standing = line_picture("a line of some length")
    page = np.ascontiguousarray(np.rot90(standing, quarters))
    height, width = page.shape
    box = points([(2, 2), (width - 2, 2), (width - 2, height - 2), (2, height - 2)])
    (tmp_path / "p.xml").write_text(
        f'<PcGts><Page imageFilename="p.png"><TableRegion orientation="{angle}"><TableCell><TextLine><Coords points="{box}"/></TextLine></TableCell></TableRegion></Page></PcGts>'
        if form == "page"
        else f'<alto><Layout><Page><PrintSpace><TextBlock ROTATION="{angle}"><TextLine><Shape><Polygon POINTS="{box}"/></Shape></TextLine></TextBlock></PrintSpace></Page></Layout></alto>'
    )
    (cut,) = cuts_along(parse_pages(tmp_path / "p.xml")[0].lines, page)
    straight = cv2.resize(standing, cut.pixels.shape[::-1])
    assert np.corrcoef(straight.ravel(), cut.pixels.ravel())[0, 1] > 0.8

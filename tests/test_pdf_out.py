"""Searchable PDF: the scan as it was, and over it what was read."""

import errno
import io
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pikepdf
import pypdfium2
import pytest
from PIL import Image
from read_pages import place, read_page, turned_place
from tiny_model import draw_line

from htrtool.core.documents.pdf import PAGES_IN_MEMORY, SearchablePdf
from htrtool.core.errors import InputError
from htrtool.core.gray import to_eight_bits, to_gray
from htrtool.core.pages import Original, PageSource
from htrtool.exits import Exit


def source(content: bytes, index: int = 0, is_pdf: bool = False, name: str = "x") -> PageSource:
    return PageSource(name, index + 1, original=Original(lambda: io.BytesIO(content), index, is_pdf, index + 1))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def made(*pages) -> bytes:
    stream = io.BytesIO()
    with SearchablePdf() as document:
        for page in pages:
            document.add(page)
        document.save(stream)
    return stream.getvalue()


def text_of(content: bytes, page: int = 0) -> str:
    return pypdfium2.PdfDocument(content)[page].get_textpage().get_text_range().replace("\r\n", "\n")


GRADIENT = Image.fromarray(np.add.outer(np.arange(200), np.arange(300)).astype(np.uint8) // 2 + 60)
LINES = (("Dear Ana", place(30, 20, 200, 40)), ("ſo 12,50 € 𝔞é\u0301 (x\\)", place(30, 100, 240, 40, slope=0.04)))


def test_text_can_be_searched_and_copied_in_any_script():
    content = made(read_page(*LINES, size=(300, 200), source=source(encoded(GRADIENT, "PNG"))))
    assert text_of(content).split("\n") == [text for text, _ in LINES]
    textpage = pypdfium2.PdfDocument(content)[0].get_textpage()
    assert textpage.search("ana", match_case=False).get_next() is not None


def test_of_a_broken_pdf_no_library_talks_beside_us(run_htr, tiny_model, tmp_path):
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.add_blank_page()
        # Of this one PDFium finds no size.
        pdf.Root.Pages.Kids[0] = pikepdf.Array()
        pdf.save(tmp_path / "x.pdf")
    done = run_htr("read", "-m", tiny_model, "-f", "pdf", "-o", tmp_path / "out.pdf", tmp_path / "x.pdf")
    assert done.returncode == Exit.BAD_INPUT
    assert all(line.startswith(b"htr read: ") for line in done.stderr.splitlines()), done.stderr


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_the_words_of_lines_that_do_not_stand_upright_can_be_searched_in_their_order(quarters):
    width, height = (300, 200) if quarters == 2 else (200, 300)
    lines = [(text, turned_place(where, quarters, 300, 200)) for text, where in (("a long line of words, ii", LINES[0][1]), LINES[1])]
    scan = source(encoded(GRADIENT.resize((width, height)), "PNG"))
    content = made(read_page(*lines, size=(width, height), source=scan))
    assert text_of(content).split("\n") == [text for text, _ in lines]
    # The last word, "ii", where it stands on the page that lies upright.
    textpage = pypdfium2.PdfDocument(content)[0].get_textpage()
    box = np.array(textpage.get_charbox(text_of(content).index("ii"))).reshape(2, 2).mean(axis=0) * 300 / 72
    middle = {1: (40, 300 - 221), 2: (300 - 221, 200 - 40), 3: (200 - 40, 221)}[quarters]
    assert box == pytest.approx((middle[0], height - middle[1]), abs=5)


def test_the_pages_of_a_pdf_may_come_in_any_order():
    page = read_page(size=(300, 200), source=source(encoded(GRADIENT, "PNG")))
    book = made(page, page)
    pages = [read_page((text, LINES[0][1]), size=(300, 200), source=source(book, index, True)) for index, text in ((1, "two"), (0, "one"))]
    both = made(*pages)
    assert len(pypdfium2.PdfDocument(both)) == 2 and [text_of(both, index) for index in (0, 1)] == ["one", "two"]
    # Given once more, it is copied once more.
    assert len(pypdfium2.PdfDocument(made(*pages, pages[1]))) == 4


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is not installed")
def test_pdftotext_gives_the_lines_back(tmp_path):
    far = read_page(("a b cdefgh", place(10, 20, 280, 40)), *LINES[1:], size=(300, 200), source=source(encoded(GRADIENT, "PNG")))
    (tmp_path / "x.pdf").write_bytes(made(far))
    done = subprocess.run(["pdftotext", "x.pdf", "-"], cwd=tmp_path, capture_output=True)
    assert done.stderr == b"" and [line for line in done.stdout.decode().strip("\f\n").split("\n") if line] == [
        "a b cdefgh", LINES[1][0],
    ]  # fmt: skip


def test_text_is_invisible_and_stands_over_its_words():
    content = made(read_page(*LINES, size=(300, 200), source=source(encoded(GRADIENT, "PNG"))))
    page = pypdfium2.PdfDocument(content)[0]
    drawn = page.render(scale=300 / 72, grayscale=True).to_numpy()
    assert np.abs(drawn.reshape(drawn.shape[:2]).astype(int) - np.asarray(GRADIENT)).max() <= 1
    textpage = page.get_textpage()
    left, bottom, right, top = (value * 300 / 72 for value in textpage.get_charbox(0))
    assert left == pytest.approx(30, abs=1) and right == pytest.approx(30 + 200 / 8, abs=2)
    assert 200 - top == pytest.approx(20, abs=2) and 200 - bottom == pytest.approx(60, abs=2)


def test_jpeg_and_png_data_are_copied_as_they_are():
    jpeg = encoded(GRADIENT, "JPEG", quality=80)
    content = made(read_page(size=(300, 200), source=source(jpeg)))
    assert image_in(content) == jpeg
    png = encoded(GRADIENT.convert("RGB"), "PNG")
    # With more behind its end, or without all of that.
    for stored in (png, png + b"\n", png[:-8], png[:-12]):
        content = made(read_page(size=(300, 200), source=source(stored)))
        assert image_in(content) in png


def image_in(content: bytes) -> bytes:
    with pikepdf.open(io.BytesIO(content)) as pdf:
        (image,) = pdf.pages[0].images.values()
        return image.read_raw_bytes()


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "LA", "P", "I;16", "CMYK", "F"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
def test_every_kind_of_picture_looks_as_it_did(mode, kind):
    try:
        image = GRADIENT.convert("I").convert(mode) if mode == "I;16" else GRADIENT.convert(mode)
        if mode == "I;16":
            image = Image.fromarray(np.asarray(GRADIENT).astype(np.uint16) * 257)
        content = encoded(image, kind)
    except (OSError, ValueError, KeyError):
        pytest.skip(f"{kind} holds no {mode}")
    pdf = made(read_page(size=(300, 200), source=source(content)))
    drawn = pypdfium2.PdfDocument(pdf)[0].render(scale=300 / 72, grayscale=True).to_numpy()
    wanted = np.asarray(Image.open(io.BytesIO(content)).convert("L") if mode not in ("I;16", "F") else GRADIENT)
    if mode == "F":
        wanted = to_eight_bits(wanted.astype(float))
    assert np.abs(drawn.reshape(200, 300).astype(int) - wanted).mean() < {"1": 40, "CMYK": 30}.get(mode, 6)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_photographs_stand_upright(orientation, kind):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(GRADIENT, kind, exif=exif, quality=95)
    upright = to_gray(Image.open(io.BytesIO(content)))
    pdf = made(read_page(size=upright.shape[::-1], source=source(content)))
    drawn = pypdfium2.PdfDocument(pdf)[0].render(scale=300 / 72, grayscale=True).to_numpy()
    assert np.abs(drawn.reshape(drawn.shape[:2]).astype(int) - upright).max() <= 4


def pdf_of(rotate: int, crop: bool) -> bytes:
    """A PDF page that shows a gradient upright, whatever its /Rotate, cropped, its resources in the tree above."""
    turned = GRADIENT.rotate(rotate, expand=True)
    pdf = pikepdf.open(io.BytesIO(made(read_page(size=turned.size, source=source(encoded(turned, "PNG"))))))
    page = pdf.pages[0]
    width, height = (float(side) for side in page.mediabox[2:])
    page.obj.Rotate = rotate
    if crop:
        page.mediabox = [-20, -30, width + 40, height + 50]
        page.cropbox = [0, 0, width, height]
    pdf.Root.Pages.Resources = page.obj.Resources
    del page.obj.Resources
    # As careless programs do, it leaves another system of coordinates behind.
    page.contents_add(b"3 0 0 3 7 7 cm")
    stream = io.BytesIO()
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("Chapter", 0))
    pdf.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [False, True])
def test_a_pdf_keeps_its_pages_and_gets_text_where_it_is_seen(rotate, crop):
    before = pdf_of(rotate, crop)
    after = made(read_page(LINES[0], size=(600, 400), source=source(before, is_pdf=True)))
    drawn = [pypdfium2.PdfDocument(content)[0].render(scale=2).to_numpy() for content in (before, after)]
    assert np.array_equal(*drawn)
    pdf = pikepdf.open(io.BytesIO(after))
    with pdf.open_outline() as outline:
        assert [item.title for item in outline.root] == ["Chapter"]
    assert text_of(after) == "Dear Ana"
    # Twice the size of the gradient: 200 pixels of 600 are a third of the page, wherever its origin is.
    page = pypdfium2.PdfDocument(after)[0]
    width, _ = page.get_size()
    assert width == pytest.approx(72, abs=0.1)
    begin, end = (seen_across(page.get_textpage().get_charbox(index), rotate, width) for index in (0, 7))
    assert begin[0] == pytest.approx(30 / 600 * 72, abs=0.5) and end[1] == pytest.approx(230 / 600 * 72, abs=0.5)


def seen_across(box, rotate: int, width: float) -> tuple[float, float]:
    """Return from where to where a box on a turned page is seen, from the left of what is ``width`` wide."""
    left, bottom, right, top = box
    return {0: (left, right), 90: (bottom, top), 180: (width - right, width - left), 270: (width - top, width - bottom)}[rotate]


def test_words_read_anew_take_the_place_of_the_old_ones():
    page = dict(size=(300, 200))
    once = made(read_page(LINES[0], **page, source=source(encoded(GRADIENT, "PNG"))))
    twice = made(read_page(LINES[1], **page, source=source(once, is_pdf=True)))
    assert text_of(twice) == LINES[1][0]
    assert made(read_page(LINES[0], **page, source=source(encoded(GRADIENT, "PNG")))) == once


@pytest.mark.parametrize("in_form", [False, True])
def test_invisible_words_of_other_programs_give_way_and_visible_ones_stay(in_form):
    scan = pikepdf.open(io.BytesIO(made(read_page(size=(300, 200), source=source(encoded(GRADIENT, "PNG"))))))
    page = scan.pages[0]
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    words = b"q BT /F 9 Tf 3 Tr 30 90 Td (Dcar Aua) Tj ET Q BT /F 9 Tf 3 Tr (gone) Tj 0 Tr 30 60 Td (typed) Tj ET"
    if in_form:
        form = scan.make_stream(words, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Form, BBox=[0, 0, 500, 500])
        form.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
        page.add_resource(form, pikepdf.Name.XObject, pikepdf.Name("/Ocr"))
        words = b"/Ocr Do"
    else:
        page.add_resource(font, pikepdf.Name.Font, pikepdf.Name("/F"))
    page.contents_add(b"q " + words + b" Q")
    content = io.BytesIO()
    scan.save(content)
    assert "Dcar Aua" in text_of(content.getvalue())
    texts = text_of(made(read_page(LINES[0], size=(300, 200), source=source(content.getvalue(), is_pdf=True))))
    assert sorted(texts.split("\n")) == ["Dear Ana", "typed"]


def test_inputs_of_all_kinds_follow_one_another():
    picture = encoded(GRADIENT, "PNG")
    pdf = made(*(read_page(size=(300, 200), source=source(picture)) for _ in range(3)))
    pages = [read_page(LINES[0], size=(300, 200), source=source(picture)) for _ in range(PAGES_IN_MEMORY + 2)]
    pages += [read_page(LINES[1], size=(300, 200), source=source(pdf, index, True)) for index in (0, 2)]
    pages += [read_page(LINES[1], size=(300, 200), source=source(pdf, 0, True))]
    content = made(*pages)
    texts = [text_of(content, index) for index in range(len(pypdfium2.PdfDocument(content)))]
    # All the pages of a PDF come along, those without text as they were.
    assert texts == [LINES[0][0]] * (PAGES_IN_MEMORY + 2) + [LINES[1][0], "", LINES[1][0], LINES[1][0], "", ""]


def test_a_file_that_is_gone_when_its_page_is_written_is_told_and_the_others_are_written():
    def gone():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    there = source(encoded(GRADIENT, "PNG"))
    lost = [replace(there, file=name, original=Original(gone, is_pdf=name == "b.pdf")) for name in ("a.png", "b.pdf")]
    stream, told = io.BytesIO(), []
    with SearchablePdf() as document:
        for each in (lost[0], there, lost[1]):
            try:
                document.add(read_page(*LINES, size=(300, 200), source=each))
            except InputError as error:
                told.append(str(error))
        document.save(stream)
    assert told == [f"{each.file}: can't read it: {os.strerror(errno.ENOENT)}" for each in lost]
    assert document.pages == len(pypdfium2.PdfDocument(stream.getvalue())) == 1


# The command


@pytest.fixture
def folder(tmp_path):
    for name in ("abc", "cab"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), draw_line(name))
    return tmp_path


def test_inputs_become_one_pdf_and_that_can_be_read_again(run_htr, tiny_model, folder):
    common = ("read", "-m", tiny_model, "--mode", "line", "-f", "pdf")
    result = run_htr(*common, "abc.png", "missing.png", "cab.png", cwd=folder)
    assert result.returncode == Exit.SOME_FAILED and b"missing.png" in result.stderr
    assert [text_of(result.stdout, page) for page in (0, 1)] == ["abc", "cab"]
    again = run_htr(*common, "-o", "again.pdf", "-", input=result.stdout, cwd=folder)
    assert again.returncode == Exit.OK and again.stdout == b""
    assert len(pypdfium2.PdfDocument(str(folder / "again.pdf"))) == 2


def test_a_scan_that_a_star_made_the_output_is_not_overwritten(run_htr, tiny_model, folder):
    whole = made(read_page(size=(300, 200), source=source(encoded(GRADIENT, "PNG"))))
    with pikepdf.Pdf.open(io.BytesIO(whole)) as pdf:
        pdf.pages[0].obj.Contents = pdf.make_stream(pdf.pages[0].obj.Contents[0].read_bytes())
        pdf.save(folder / "a.pdf")
    before = {name: (folder / name).read_bytes() for name in ("a.pdf", "abc.png")}
    for output, rest in (("a.pdf", "cab.png"), ("abc.png", "cab.png")):
        result = run_htr("read", "-m", tiny_model, "-o", output, rest, cwd=folder)
        assert result.returncode == Exit.USAGE and output.encode() in result.stderr
    assert {name: (folder / name).read_bytes() for name in before} == before
    for _ in range(2):
        assert run_htr("read", "-m", tiny_model, "--mode", "line", "-o", "mine.pdf", "cab.png", cwd=folder).returncode == Exit.OK


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pdf_goes_to_a_pipe_or_a_device_that_nothing_is_read_from(run_htr, tiny_model, folder):
    os.mkfifo(folder / "pipe")
    read = ["read", "-m", tiny_model, "--mode", "line", "-f", "pdf", "abc.png", "-o"]
    with subprocess.Popen(["cat", folder / "pipe"], stdout=subprocess.PIPE) as reader:
        assert run_htr(*read, "pipe", cwd=folder).returncode == Exit.OK
        assert len(pypdfium2.PdfDocument(reader.stdout.read())) == 1
    if os.path.exists("/dev/full"):
        result = run_htr(*read, "/dev/full", cwd=folder)
        assert result.returncode == Exit.UNWRITTEN and b"No space left" in result.stderr


def test_without_a_page_no_pdf_is_written(run_htr, tiny_model, folder):
    result = run_htr("read", "-m", tiny_model, "-f", "pdf", "-o", "out.pdf", "missing.png", cwd=folder)
    assert result.returncode == Exit.BAD_INPUT and not (folder / "out.pdf").exists()


def test_broken_and_encrypted_pdfs_get_one_clear_line(run_htr, tiny_model, folder):
    whole = made(read_page(size=(300, 200), source=source(encoded(GRADIENT, "PNG"))))
    (folder / "broken.pdf").write_bytes(whole[: len(whole) // 2])
    locked = pikepdf.Encryption(owner="owner", user="user")
    pikepdf.open(io.BytesIO(whole)).save(folder / "locked.pdf", encryption=locked)
    for name, words in (("broken.pdf", "broken"), ("locked.pdf", "encrypted")):
        for form in ("tsv", "pdf"):
            result = run_htr("read", "-m", tiny_model, "-f", form, name, "abc.png", cwd=folder)
            assert result.returncode == Exit.SOME_FAILED
            (message,) = result.stderr.decode().splitlines()
            assert message.startswith(f"htr read: {name}: ") and words in message
    before = (folder / "locked.pdf").read_bytes()
    result = run_htr("read", "-m", tiny_model, "-o", "locked.pdf", "abc.png", cwd=folder)
    assert result.returncode == Exit.USAGE and b"a PDF that htr did not write" in result.stderr
    assert (folder / "locked.pdf").read_bytes() == before


def test_what_is_no_page_of_a_pdf_is_named_and_what_pdfium_finds_is_read(run_htr, tiny_model, folder):
    with Image.open(folder / "abc.png") as line:
        line.convert("L").save(folder / "three.pdf", save_all=True, append_images=[line.convert("L")] * 2)
    with pikepdf.open(folder / "three.pdf", allow_overwriting_input=True) as document:
        document.Root.Pages.Kids[1] = document.make_indirect(pikepdf.Array([1]))
        document.save()
    result = run_htr("read", "-m", tiny_model, "--mode", "line", "three.pdf", cwd=folder)
    assert result.returncode == Exit.SOME_FAILED
    assert [row.split("\t")[1] for row in result.stdout.decode().splitlines()[1:]] == ["1"]
    (message,) = result.stderr.decode().splitlines()
    assert message.startswith("htr read: three.pdf: page 2: expected a page")


def test_memory_does_not_grow_with_the_pages(tiny_model, tmp_path, memory_of):
    noise = np.random.default_rng(0).integers(180, 255, (1200, 900), np.uint8)
    Image.fromarray(noise).save(tmp_path / "page.tif")
    frames = [Image.open(tmp_path / "page.tif")] * 120
    frames[0].save(tmp_path / "many.tif", save_all=True, append_images=frames[1:])

    def peak(name):
        command = [sys.executable, "-m", "htrtool", "read", "-q", "-m", tiny_model, "--mode", "line", "-f", "pdf", "-o"]
        status, kilobytes = memory_of(*command, tmp_path / "out.pdf", tmp_path / name)
        assert status == 0
        return kilobytes / 1024

    Image.open(tmp_path / "page.tif").save(tmp_path / "few.tif", save_all=True, append_images=frames[:20])
    # A hundred pages more, of a megabyte each.
    assert peak("many.tif") < peak("few.tif") + 40


def test_a_page_turned_by_what_is_no_number_is_taken_as_it_lies():
    book = pikepdf.Pdf.open(io.BytesIO(made(read_page(size=(300, 200), source=source(encoded(GRADIENT, "PNG"))))))
    book.pages[0].Rotate = pikepdf.Name.None_
    content = io.BytesIO()
    book.save(content)
    written = made(read_page(LINES[0], size=(300, 200), source=source(content.getvalue(), 0, True)))
    assert text_of(written) == LINES[0][0]


@pytest.mark.skipif(sys.platform == "win32", reason="no limits can be set here")
def test_a_disk_that_is_full_meanwhile_is_told(run_htr, tiny_model, tmp_path):
    import resource

    cv2.imwrite(str(tmp_path / "x.png"), draw_line("bad"))
    (tmp_path / "temporary").mkdir()
    for pages in (1, 2):
        result = run_htr(
            "read", "-m", tiny_model, "--mode", "line", "-o", "x.pdf", *["x.png"] * pages, cwd=tmp_path,
            env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        )  # fmt: skip
        assert result.returncode == Exit.UNWRITTEN and b"File too large" in result.stderr
        assert b"temporary: temporary files can't be written: File too large" in result.stderr and b"TMPDIR" in result.stderr
        assert not list((tmp_path / "temporary").iterdir()) and not (tmp_path / "x.pdf").exists()


def test_a_folder_for_temporary_files_that_is_not_there_is_told(run_htr, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import tempfile\ntempfile._candidate_tempdir_list = lambda: ['/nowhere']\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])}
    cv2.imwrite(str(tmp_path / "x.png"), draw_line("bad"))
    result = run_htr("read", "-o", "x.pdf", "x.png", cwd=tmp_path, env=environment)
    assert result.returncode == Exit.UNWRITTEN and b"name one in TMPDIR" in result.stderr and b"Traceback" not in result.stderr

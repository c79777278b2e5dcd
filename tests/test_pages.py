"""Any input becomes gray pages, or one error that says what is wrong."""

import io
import re
import struct
import time
import tracemalloc
import zlib

import cv2
import numpy as np
import pikepdf
import pillow_heif
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tars import sample_of, tar_of

from htrtool.core.documents.output import image_name
from htrtool.core.errors import InputError
from htrtool.core.joined import parts_of
from htrtool.core.pages import PageSource, page_sources, stream_sources
from htrtool.core.pipeline import Pipeline
from htrtool.core.reader import Reader
from htrtool.core.samples import Sample, encode_png


def ramp(height=40, width=90):
    """A picture in which no two flips or turns are alike."""
    return (255 - np.add.outer(np.arange(height) // 4, np.arange(width) // 2 * 2)).astype(np.uint8)


def load(path, **options):
    return [source.load() for source in page_sources(str(path), 300, **options)]


def piped(content):
    """The pages of standard input."""
    return list(stream_sources(io.BufferedReader(io.BytesIO(content)), "-"))


TURNED = Image.Exif()
TURNED[0x0112] = 6


def error_of(path):
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "suffix, options",
    [
        ("png", {}),
        ("jpg", {"quality": 100}),
        ("tif", {}),
        ("webp", {"lossless": True}),
        ("jp2", {}),
        ("bmp", {}),
        ("gif", {}),
        ("pgm", {}),
    ],
)
def test_pictures_of_each_kind_are_read(tmp_path, suffix, options):
    path = tmp_path / f"page.{suffix}"
    Image.fromarray(ramp()).save(path, **options)
    (pixels,) = load(path)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - ramp()).max() <= 2


def test_kind_is_told_by_content_not_by_name(tmp_path):
    path = tmp_path / "scan.txt"
    Image.fromarray(ramp()).save(path, format="png")
    assert (load(path)[0] == ramp()).all()


def test_every_page_of_a_tiff_and_its_number(tmp_path):
    path = tmp_path / "pages.tif"
    pages = [Image.fromarray(ramp() - i) for i in range(3)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    sources = list(page_sources(str(path)))
    assert [source.page for source in sources] == [1, 2, 3]
    assert all((source.load() == ramp() - i).all() for i, source in enumerate(sources))


@pytest.mark.parametrize("kind", ["jpg", "png", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(tmp_path, orientation, kind):
    from PIL import ImageOps

    path = tmp_path / f"photo.{kind}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(ramp()).save(path, quality=100, exif=exif)
    # Of a name Pillow maps raw TIFFs into memory, with rows as long as they are once turned.
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(path.read_bytes()))))
    assert (load(path)[0] == expected).all()


def test_cmyk_jpeg(tmp_path):
    path = tmp_path / "press.jpg"
    Image.fromarray(ramp()).convert("RGB").convert("CMYK").save(path, quality=100)
    assert np.abs(load(path)[0].astype(int) - ramp()).max() <= 4


@pytest.mark.parametrize("bits", [12, 16])
def test_sixteen_bit_png_is_scaled_by_the_bits_it_uses(tmp_path, bits):
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), ramp().astype(np.uint16) << (bits - 8))
    assert (load(path)[0] == ramp()).all()


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_white_ink_on_nothing_is_seen(tmp_path, mode):
    ink = np.zeros((100, 300), np.uint8)
    cv2.putText(ink, "a note", (40, 60), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.5, 255, 2)
    Image.merge(mode, [Image.new("L", (300, 100), 255)] * (len(mode) - 1) + [Image.fromarray(ink)]).save(tmp_path / "note.png")
    (pixels,) = load(tmp_path / "note.png")
    assert np.array_equal(pixels, 255 - ink)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_paper(tmp_path, mode):
    path = tmp_path / "clear.png"
    image = Image.new("RGBA", (40, 20), (0, 0, 0, 0))
    image.paste((20, 20, 20, 255), (10, 5, 20, 15))
    (image.quantize(4) if mode == "P" else image.convert(mode)).save(path)
    (pixels,) = load(path)
    assert pixels[0, 0] == 255 and abs(int(pixels[10, 15]) - 20) < 3


def test_a_transparent_colour_takes_no_more_memory(tmp_path):
    path, side = tmp_path / "clear.png", 3000
    Image.new("RGB", (side, side), "white").save(path, transparency=(255, 255, 255))
    tracemalloc.start()
    load(path)
    # What Pillow takes is not counted here.
    assert tracemalloc.get_traced_memory()[1] < 5 * side * side
    tracemalloc.stop()


def test_one_bit_and_floating_point(tmp_path):
    Image.fromarray(np.eye(30) > 0).save(tmp_path / "one.png")
    assert set(np.unique(load(tmp_path / "one.png")[0])) == {0, 255}
    Image.fromarray((ramp() / 255).astype(np.float32)).save(tmp_path / "float.tif")
    assert np.abs(load(tmp_path / "float.tif")[0].astype(int) - ramp()).max() <= 1


def test_pages_of_a_pdf_at_the_resolution_asked_for(tmp_path):
    path = tmp_path / "letter.pdf"
    pages = [Image.fromarray(ramp(144, 288)), Image.fromarray(ramp(144, 144))]
    pages[0].save(path, save_all=True, append_images=pages[1:], resolution=144)
    sources = list(page_sources(str(path), 72))
    assert [source.page for source in sources] == [1, 2]
    assert sources[0].load().shape == (72, 144)
    assert next(page_sources(str(path), 144)).load().shape == (144, 288)


def test_large_pages_are_loaded_one_at_a_time_by_any_number_of_threads(tiny_model, monkeypatch):
    under_way, most, size = 0, {}, (0, 0)

    def loaded():
        nonlocal under_way
        under_way += 1
        most[size] = max(most.get(size, 0), under_way)
        time.sleep(0.05)
        under_way -= 1
        return np.full((40, 90), 255, np.uint8)

    monkeypatch.setattr("htrtool.core.pipeline.page_sources", lambda *_: (PageSource("scan", page, loaded, size=size) for page in range(4)))
    for size in ((4000, 5001), (4000, 5000)):
        assert list(Pipeline(Reader(tiny_model), ["scan"], mode="page", threads=4).whole_pages())
    assert most[4000, 5001] == 1 < most[4000, 5000]


def test_samples_are_lines_named_by_key(tmp_path):
    path = tmp_path / "lines.tar"
    path.write_bytes(tar_of([sample_of("doc/1", ramp(), "one"), Sample("doc/2", b"not a picture", "two"), sample_of("doc/3", ramp() - 1)]))
    first, second, third = page_sources(str(path))
    assert first.file == f"{path}/doc/1" and first.is_line
    assert (third.load() == ramp() - 1).all()
    with pytest.raises(InputError, match="doc/2: expected an image"):
        second.load()


def test_light_writing_on_a_dark_ground_is_inverted(tmp_path):
    page = np.full((300, 500), 240, np.uint8)
    for y in (80, 160, 240):
        cv2.putText(page, "white chalk on slate", (20, y), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.2, 30, 2)
    cv2.imwrite(str(tmp_path / "dark.png"), 255 - page)
    cv2.imwrite(str(tmp_path / "light.png"), page)
    assert (load(tmp_path / "dark.png")[0] == page).all()
    assert (load(tmp_path / "light.png")[0] == page).all()


def test_light_writing_on_a_middle_tone_is_inverted(tmp_path):
    page = np.full((300, 500), 130, np.uint8)
    for y in (80, 160, 240):
        cv2.putText(page, "chalk on a green board", (20, y), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.2, 240, 2)
    cv2.imwrite(str(tmp_path / "board.png"), page)
    assert (load(tmp_path / "board.png")[0] == 255 - page).all()


def test_pages_in_a_tar_are_told_from_lines(tmp_path):
    sizes = {"line": (64, 900), "scan of a line": (300, 2000), "page": (900, 700), "prepared": (300, 300)}
    metas = {"prepared": {"recipe": {"normalise": "none", "height": 300}}}
    samples = (sample_of(name, np.full(size, 255, np.uint8), None, metas.get(name)) for name, size in sizes.items())
    (tmp_path / "mixed.tar").write_bytes(tar_of(samples))
    told = {source.file.rpartition("/")[2]: source.is_line for source in page_sources(str(tmp_path / "mixed.tar"))}
    assert told == {"line": True, "scan of a line": True, "page": False, "prepared": True}


def test_a_dark_scan_is_not_inverted(tmp_path):
    page = np.full((300, 500), 85, np.uint8)
    for y in (80, 160, 240):
        cv2.putText(page, "a badly lit letter", (20, y), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.2, 20, 2)
    cv2.imwrite(str(tmp_path / "dim.png"), page)
    assert (load(tmp_path / "dim.png")[0] == page).all()


def test_what_can_not_be_read_says_why(tmp_path):
    whole = encode_png(np.random.default_rng(0).integers(0, 255, (80, 80), np.uint8))
    without_pages = io.BytesIO()
    pypdfium2.PdfDocument.new().save(without_pages)
    for name, content, words in [
        ("cut.png", whole[: len(whole) // 2], "breaks off"),
        ("stub.png", whole[:20], "expected an image|broken"),
        ("empty.png", b"", "empty file"),
        ("notes.png", "Dear diary, é".encode(), "text that begins 'Dear diary"),
        ("junk.jpg", bytes(range(0, 250, 3)) * 20, "bytes that begin 00 03"),
        ("export.zip", b"PK\x03\x04\x14\0\0\0" * 100, "received a zip: unpack it first, as with unzip"),
        ("cut.pdf", b"%PDF-1.4\n1 0 obj", "expected a PDF, received one that is broken"),
        ("none.pdf", without_pages.getvalue(), "expected a PDF with pages, received one without"),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        assert re.search(words, error_of(path)), name


def test_a_folder_and_a_missing_file_say_what_to_do(tmp_path):
    assert "*.png" in error_of(tmp_path)
    assert "No such file" in error_of(tmp_path / "nowhere.png")


def test_a_dot_is_too_small(tmp_path):
    cv2.imwrite(str(tmp_path / "dot.png"), np.zeros((1, 1), np.uint8))
    assert "received 1×1" in error_of(tmp_path / "dot.png")


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )
    tracemalloc.start()
    assert "500 megapixels" in error_of(path)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_standard_input_is_told_by_content_too(run_htr, tiny_model):
    from tiny_model import draw_line

    picture = io.BytesIO()
    Image.fromarray(draw_line("abc")).save(picture, "tiff")
    result = run_htr("read", "-m", tiny_model, "-f", "txt", "--mode", "line", "-", input=picture.getvalue())
    assert result.stdout == b"abc\n", result.stderr


@pytest.mark.parametrize("kind", ["pbm", "pgm", "ppm"])
def test_a_pnm_of_several_pages_as_programs_write_scans(tmp_path, kind):
    pages = [Image.fromarray(ramp(40 + index, 91)).convert({"pbm": "1", "pgm": "L", "ppm": "RGB"}[kind]) for index in range(3)]
    with open(tmp_path / "scans", "wb") as stream:
        for page in pages:
            page.save(stream, "ppm")
    sources = list(page_sources(str(tmp_path / "scans")))
    assert [(source.page, source.pages) for source in sources] == [(1, 3), (2, 3), (3, 3)]
    assert all((source.load() == np.asarray(page.convert("L"))).all() for source, page in zip(sources, pages))
    content = (tmp_path / "scans").read_bytes()
    (tmp_path / "scans").write_bytes(content[:-9])
    *whole, last = page_sources(str(tmp_path / "scans"))
    assert len([source.load() for source in whole]) == 2
    with pytest.raises(InputError, match="breaks off"):
        last.load()


def test_pictures_that_are_piped_one_after_the_other_are_pages():
    content = io.BytesIO()
    for index, kind in enumerate(("png", "jpeg", "ppm", "jpeg", "jpeg", "png")):
        Image.fromarray(ramp(40 + index)).save(content, kind)
    pages = piped(content.getvalue() + b"\n")
    assert [page.load().shape for page in pages] == [(40 + index, 90) for index in range(6)]
    assert [page.page for page in pages] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("kind", ["tiff", "webp", "bmp", "gif", "jpeg2000", "heif", "avif"])
def test_pictures_of_each_kind_may_be_piped_or_stand_in_a_file_one_after_the_other(tmp_path, kind):
    pillow_heif.register_heif_opener()
    parts, shapes = [], [(40 + 2 * index, 90 + index) for index in range(3)]
    for shape in shapes:
        content = io.BytesIO()
        Image.fromarray(ramp(*shape)).save(content, kind)
        parts.append(content.getvalue())
    joined = b"".join(parts) + b"\n"
    (tmp_path / "joined").write_bytes(joined)
    for pages in (piped(joined), list(page_sources(str(tmp_path / "joined")))):
        assert [page.load().shape for page in pages] == shapes and [page.page for page in pages] == [1, 2, 3]
    if kind == "bmp":
        # Some programs leave the size of the file out.
        assert len(parts_of(b"BM\0\0\0\0" + parts[0][6:] + parts[1])) == 1
    # One that is damaged, and all that stands behind, is a page that can't be read.
    for length in range(0, len(parts[1]), 97):
        whole, *rest = piped(parts[0] + parts[1][:length])
        assert whole.load().shape == shapes[0] and len(rest) <= 1


def test_all_pages_of_tiffs_that_are_piped_one_after_the_other_are_read(tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8825)[29] = "2026:11:29"
    forms = [{}, {"exif": exif}, {"compression": "tiff_lzw"}, {"compression": "tiff_deflate", "tiffinfo": {270: "x" * 301}}, {"big_tiff": True}, {"compression": "jpeg"}]
    content, shapes = b"", []
    for number, form in enumerate(forms):
        pages = [Image.fromarray(ramp(40 + number, 91 + index)) for index in range(2)]
        pages[0].save(tmp_path / "x.tif", save_all=True, append_images=pages[1:], **form)
        content += (tmp_path / "x.tif").read_bytes()
        shapes += [page.size[::-1] for page in pages]
    found = piped(content)
    assert [page.load().shape for page in found] == shapes
    assert [(page.page, page.pages, page.original.page) for page in found] == [(number, 12, number) for number in range(1, 13)]


@given(st.sampled_from(["tiff", "gif", "bmp", "webp", "heif"]), st.data())
@settings(deadline=None, max_examples=150)
def test_damaged_pictures_never_end_it_nor_take_for_ever(kind, data):
    pillow_heif.register_heif_opener()
    stream = io.BytesIO()
    Image.fromarray(ramp(8, 9)).save(stream, kind)
    content = bytearray(2 * stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    places = parts_of(bytes(content[: data.draw(st.integers(1, len(content)))]))
    assert places[0][0] == 0 and all(end == begin for (_, end), (begin, _) in zip(places, places[1:]))


def test_another_form_of_a_photo_behind_it_is_no_page():
    content = io.BytesIO()
    Image.fromarray(ramp()).save(content, "mpo", save_all=True, append_images=[Image.fromarray(ramp(20))])
    assert len(piped(content.getvalue())) == 1


def test_a_preview_that_a_camera_put_behind_a_photo_is_no_page_of_a_file(tmp_path):
    photo, preview = (tmp_path / name for name in ("photo.jpg", "preview.jpg"))
    for path, height in ((photo, 80), (preview, 20)):
        Image.fromarray(ramp(height)).save(path)
    photo.write_bytes(photo.read_bytes() + preview.read_bytes())
    assert [page.shape for page in load(photo)] == [(80, 90)]


def jpeg(height: int, taken: str | None = None, **options) -> bytes:
    """Return a JPEG, with what a camera tells if it was ``taken`` at some time."""
    exif, content = Image.Exif(), io.BytesIO()
    if taken:
        exif.get_ifd(0x8769).update({0x829A: 0.01, 0x9003: taken})
    Image.fromarray(ramp(height)).save(content, "jpeg", **{"exif": exif, **options})
    return content.getvalue()


def test_jpegs_that_stand_one_after_the_other_in_a_file_are_pages(tmp_path):
    path = tmp_path / "both.jpg"
    one, other = "2026:11:29 10:00:00", "2026:11:29 10:00:07"
    for parts, heights in (
        ([jpeg(80), jpeg(60), jpeg(100, progressive=True), jpeg(70)], [80, 60, 100, 70]),
        ([jpeg(80, one), jpeg(30, other)], [80, 30]),
        # A photo with its preview behind it, twice.
        ([jpeg(80, one), jpeg(60), jpeg(80, other), jpeg(30)], [80, 80]),
    ):
        path.write_bytes(b"".join(parts))
        assert [page.shape[0] for page in load(path)] == heights


def test_a_photo_with_other_forms_of_it_before_and_behind_is_one_page(tmp_path):
    path = tmp_path / "photo.jpg"
    taken = "2026:11:29 10:00:00"
    # The same before it was made beautiful, a preview, and a map that is no picture.
    path.write_bytes(jpeg(80, taken) + jpeg(80, taken) + jpeg(60) + b"\xff\xd8\xff map")
    assert [page.shape for page in load(path)] == [(80, 90)]
    # Small forms in the head, one after the other, as in what a camera keeps for itself.
    small = jpeg(60) + jpeg(70)
    whole = jpeg(80)
    path.write_bytes(whole[:2] + b"\xff\xe2" + struct.pack(">H", 2 + len(small)) + small + whole[2:])
    assert [page.shape for page in load(path)] == [(80, 90)] and len(piped(path.read_bytes())) == 1
    # What says that it has other forms.
    directory = b"http://ns.adobe.com/xap/1.0/\0<Container:Directory xmlns:Container='http://ns.google.com/photos/1.0/container/'/>"
    path.write_bytes(whole[:2] + b"\xff\xe1" + struct.pack(">H", 2 + len(directory)) + directory + whole[2:] + jpeg(80))
    assert [page.shape for page in load(path)] == [(80, 90)]


def test_a_picture_that_is_gone_when_it_is_loaded_is_told_as_such(tmp_path):
    path = tmp_path / "page.png"
    Image.fromarray(ramp()).save(path)
    (source,) = page_sources(str(path))
    path.unlink()
    with pytest.raises(InputError, match="page.png: can't read it: No such file"):
        source.load()


def test_smaller_forms_and_masks_in_a_tiff_are_no_pages(tmp_path):
    pages = [Image.fromarray(ramp(40, 90)), Image.fromarray(ramp(20, 45)), Image.fromarray(ramp(50, 80))]
    kinds = [0, 1, 0]
    pages[0].save(tmp_path / "pyramid.tif", save_all=True, append_images=pages[1:])
    content = bytearray((tmp_path / "pyramid.tif").read_bytes())
    place = struct.unpack_from("<I", content, 4)[0]
    for kind in kinds:
        # The first entry of each directory, the width, gives way to the kind of page: what is read again is its size.
        count = struct.unpack_from("<H", content, place)[0]
        tags = [content[place + 2 + 12 * i : place + 14 + 12 * i] for i in range(count)]
        (place_after,) = struct.unpack_from("<I", content, place + 2 + 12 * count)
        spare = next(i for i, tag in enumerate(tags) if struct.unpack_from("<H", tag)[0] not in NEEDED)
        tags[spare] = bytearray(struct.pack("<HHII", 254, 4, 1, kind))
        tags.sort(key=lambda tag: struct.unpack_from("<H", tag)[0])
        content[place + 2 : place + 2 + 12 * count] = b"".join(tags)
        place = place_after
    (tmp_path / "pyramid.tif").write_bytes(content)
    pages = list(page_sources(str(tmp_path / "pyramid.tif")))
    assert [page.load().shape for page in pages] == [(40, 90), (50, 80)]
    # As a document names them, and finds them again.
    assert [image_name(page, str(tmp_path)) for page in pages] == ["pyramid.tif#page=1", "pyramid.tif#page=2"]


NEEDED = (256, 257, 258, 259, 262, 273, 277, 278, 279)


def test_the_pages_before_the_place_where_a_tiff_breaks_off_are_read(tmp_path):
    pages = [Image.fromarray(ramp(40 + index, 90)) for index in range(4)]
    pages[0].save(tmp_path / "whole.tif", save_all=True, append_images=pages[1:])
    content = (tmp_path / "whole.tif").read_bytes()
    for length in range(len(content) // 3, len(content), 997):
        (tmp_path / "part.tif").write_bytes(content[:length])
        read, errors = 0, 0
        try:
            for page in page_sources(str(tmp_path / "part.tif")):
                try:
                    page.load()
                    read += 1
                except InputError as error:
                    errors += 1
                    assert "part.tif" in str(error) and "breaks off" in str(error)
        except InputError as error:
            errors += 1
            assert "part.tif" in str(error)
        assert errors and read < 4


def tiff_of(*pages):
    """A TIFF of pages of samples, uncompressed: (array of samples as they are stored, further tags that are short numbers)."""
    content = bytearray(b"II*\0" + bytes(4))
    link = 4
    for samples, more in pages:
        tags = {258: (samples.itemsize * 8,), 259: (1,), 262: (1,), 273: (len(content),), 279: (samples.nbytes,), **more}
        if len(tags[273]) > 1:
            tags[273] = tuple(len(content) + place for place in tags[273])
        content += samples.tobytes()
        far = {}
        for tag, values in tags.items():
            if len(values) > 1:
                far[tag] = len(content)
                content += struct.pack(f"<{len(values)}I", *values)
        struct.pack_into("<I", content, link, len(content))
        content += struct.pack("<H", len(tags))
        for tag, values in sorted(tags.items()):
            content += struct.pack("<HHII", tag, 4, len(values), far.get(tag, values[0]))
        link = len(content)
        content += bytes(4)
    return bytes(content)


def test_a_tiff_of_a_kind_that_is_not_decoded_is_no_broken_one_and_its_other_pages_are_read(tmp_path):
    gray = ramp()
    size = {256: (gray.shape[1],), 257: (gray.shape[0],), 277: (1,), 278: (gray.shape[0],)}
    good, odd = (gray, size), (gray / 255, {**size, 339: (3,)})
    path = tmp_path / "scan.tif"
    path.write_bytes(tiff_of(good, odd, good))
    first, second, third = page_sources(str(path))
    assert (first.load() == gray).all() and (third.load() == gray).all()
    with pytest.raises(InputError, match="1 channel of 64 bits, floating point: save it"):
        second.load()
    path.write_bytes(tiff_of(odd))
    assert "64 bits, floating point" in error_of(path)
    path.write_bytes(tiff_of((gray, {**size, 259: (34712,)})))
    assert "compression 34712" in error_of(path)


def test_planes_that_would_be_decoded_to_something_else_are_told(tmp_path):
    planes = np.stack([ramp()] * 3)
    count, height, width = planes.shape
    tags = {256: (width,), 257: (height,), 262: (2,), 277: (count,), 278: (height,), 284: (2,)}
    path = tmp_path / "scan.tif"
    for samples in (planes, planes.astype(np.uint16) * 257):
        bits, plane = samples.itemsize * 8, samples[0].nbytes
        places = {258: (bits,) * count, 273: tuple(plane * index for index in range(count)), 279: (plane,) * count}
        path.write_bytes(tiff_of((samples, tags | places)))
        if bits == 8:
            assert np.abs(load(path)[0].astype(int) - planes[0]).max() <= 1
        else:
            assert "3 channels of 16 bits, in planes apart" in error_of(path)


def test_a_black_and_white_scan_that_is_damaged_within_is_told_and_the_library_s_own_words_are_not_heard(tmp_path, capfd):
    writing = np.full((200, 300), 255, np.uint8)
    writing[20:180, 20:280] = np.random.default_rng(0).choice([0, 255], (160, 260))
    path = tmp_path / "scan.tif"
    Image.fromarray(writing).convert("1").save(path, compression="group4")
    assert (load(path)[0] == writing).all()
    content = bytearray(path.read_bytes())
    content[1000:1040] = b"\x5a" * 40
    path.write_bytes(content)
    assert re.search(r"broken.*Bad code word at line", error_of(path))
    Image.fromarray(writing).save(path, compression="tiff_lzw")
    content = bytearray(path.read_bytes())
    content[200:400] = b"\xa5" * 200
    path.write_bytes(content)
    assert "decoder error" not in error_of(path)
    assert capfd.readouterr().err == ""


def test_a_jpeg_that_lacks_its_last_bytes_is_read_and_one_that_lacks_rows_is_told(tmp_path):
    path = tmp_path / "photo.jpg"
    Image.fromarray(ramp(160, 320)).save(path, quality=95)
    (whole,) = load(path)
    content = path.read_bytes()
    for lacking in (1, 2, 5):
        path.write_bytes(content[:-lacking])
        (pixels,) = load(path)
        assert (pixels[:-16] == whole[:-16]).all()
    for length in (len(content) * 3 // 4, 700):
        path.write_bytes(content[:length])
        assert "breaks off" in error_of(path)


@pytest.mark.parametrize("options", [{"exif": TURNED}, {"progressive": True}, {"exif": TURNED, "progressive": True}])
def test_a_turned_or_progressive_jpeg_that_breaks_off_is_told_and_one_that_lacks_only_its_end_is_read(tmp_path, options):
    path = tmp_path / "photo.jpg"
    page = np.full((320, 480), 255, np.uint8)
    page[:200] = ramp(200, 480)
    Image.fromarray(page).convert("RGB").save(path, **options)
    (whole,) = load(path)
    content = path.read_bytes()
    path.write_bytes(content[:-2])
    assert np.abs(load(path)[0].astype(int) - whole).max() <= 1
    for share in (0.3, 0.6, 0.9):
        length = int(share * len(content))
        for rest in (b"", bytes(len(content) - length)):
            path.write_bytes(content[:length] + rest)
            assert "breaks off" in error_of(path)


def test_a_photo_of_several_pictures_has_as_many_pages(tmp_path):
    pillow_heif.register_heif_opener()
    first, second = (Image.fromarray(part).convert("RGB") for part in (ramp(80, 160), ramp(60, 160)))
    first.save(tmp_path / "two.heic", save_all=True, append_images=[second])
    assert [page.shape for page in load(tmp_path / "two.heic")] == [(80, 160), (60, 160)]


def test_pdfs_that_stand_one_after_the_other_are_all_read(tmp_path):
    whole = []
    for side in (100, 200, 300):
        stream = io.BytesIO()
        Image.new("L", (side, 100), 255).save(stream, "PDF", resolution=300)
        whole.append(stream.getvalue())
    (tmp_path / "all.pdf").write_bytes(whole[0] + b"\n" + whole[1] + whole[2])
    for operand in (tmp_path / "all.pdf", io.BytesIO((tmp_path / "all.pdf").read_bytes())):
        is_path = operand == tmp_path / "all.pdf"
        pages = list(page_sources(str(operand))) if is_path else piped(operand.read())
        told = [(page.page, page.pages, page.load().shape[1]) for page in pages]
        assert told == [(1, 3, 100), (2, 3, 200), (3, 3, 300)]
    # Revised later, a PDF has a second header or not, but counts from its beginning.
    with pikepdf.open(io.BytesIO(whole[0])) as revised:
        revised.save(tmp_path / "revised.pdf")
    content = (tmp_path / "revised.pdf").read_bytes()
    place = int(re.search(rb"startxref\s+(\d+)", content)[1])
    moved = content.replace(b"startxref\n%d" % place, b"startxref\n%d" % (len(whole[0]) + place))
    (tmp_path / "revised.pdf").write_bytes(whole[0] + moved)
    assert len(list(page_sources(str(tmp_path / "revised.pdf")))) == 1
    (tmp_path / "all.pdf").write_bytes(whole[0] + whole[1][: len(whole[1]) // 2])
    assert len(list(page_sources(str(tmp_path / "all.pdf")))) == 1


def test_a_picture_of_a_pdf_that_is_broken_is_told_and_a_blank_one_read(tmp_path, caplog):
    path = tmp_path / "scan.pdf"
    Image.new("L", (200, 100), 255).save(path, quality=90)
    (pixels,) = load(path)
    assert pixels.min() == 255 and not caplog.records, "what PDFium's binding warns of is no matter of the user's"
    content = path.read_bytes()
    start = content.index(b"\xff\xd8\xff") + 20
    path.write_bytes(content[:start] + bytes(200) + content[start + 200 :])
    assert "its picture is broken" in error_of(path)


def test_a_jpeg_in_a_pdf_that_breaks_off_is_told_and_one_that_lacks_only_its_end_is_read(tmp_path):
    path = tmp_path / "scan.pdf"
    Image.fromarray(ramp(160, 320)).save(path, quality=95)
    (whole,) = load(path)
    content = path.read_bytes()
    start, end = content.index(b"\xff\xd8\xff"), content.index(b"\xff\xd9\nendstream") + 2
    path.write_bytes(content[: end - 2] + bytes(2) + content[end:])
    assert (load(path)[0] == whole).all()
    middle = (start + end) // 2
    path.write_bytes(content[:middle] + bytes(end - middle) + content[end:])
    assert "breaks off" in error_of(path)


@pytest.mark.parametrize(("suffix", "options"), [("heic", {"quality": -1}), ("avif", {"quality": 100, "subsampling": "4:4:4"})])
def test_a_photo_of_a_phone_is_read_and_a_broken_one_told(tmp_path, suffix, options):
    pillow_heif.register_heif_opener()
    path = tmp_path / f"photo.{suffix}"
    Image.fromarray(ramp(80, 160)).convert("RGB").save(path, **options)
    (pixels,) = load(path)
    assert np.abs(pixels.astype(int) - ramp(80, 160)).max() <= 4
    content = path.read_bytes()
    for length in (len(content) // 2, 60):
        path.write_bytes(content[:length])
        assert "broken or breaks off" in error_of(path) and "\n" not in error_of(path)


def test_an_avif_of_which_only_a_part_came_is_told(tmp_path):
    pillow_heif.register_heif_opener()
    path = tmp_path / "photo.avif"
    Image.fromarray(ramp(80, 160)).convert("RGB").save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
    assert "broken" in error_of(path)

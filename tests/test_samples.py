import bz2
import gzip
import io
import json
import lzma
import tarfile
import tracemalloc
import unicodedata

import cv2
import numpy as np
import pytest
from drawn import line_picture
from hypothesis import given, settings
from hypothesis import strategies as st
from tars import samples_in, tar_of

from htrtool.core.errors import InputError
from htrtool.core.sample_stream import SampleWriter, read_samples
from htrtool.core.samples import Sample, encode_image, encode_png, image_suffix
from htrtool.exits import Exit


def picture(width: int = 40, height: int = 16, tone: int = 255) -> bytes:
    return encode_png(np.full((height, width), tone, np.uint8))


names = st.text(st.characters(codec="utf-8", exclude_characters="./\0", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=70)
texts = st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])).map(lambda t: unicodedata.normalize("NFC", t).rstrip("\r\n"))
metas = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none(), max_size=3)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.lists(names, min_size=1, max_size=3).map("/".join), texts, metas), max_size=5, unique_by=lambda s: s[0]))
def test_what_is_written_is_read_back(parts):
    samples = [Sample(key, picture(), text, meta) for key, text, meta in parts]
    if samples:
        assert samples_in(tar_of(samples)) == samples


def test_the_stream_is_an_ordinary_tar_of_pictures_texts_and_json():
    data = tar_of([Sample("set/a/001", picture(), "été", {"writer": "w"})])
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == ["set/a/001.png", "set/a/001.txt", "set/a/001.json"]
        assert archive.extractfile("set/a/001.txt").read().decode() == "été"
        assert json.load(archive.extractfile("set/a/001.json")) == {"writer": "w"}
    assert len(data) % 10240 == 0


@pytest.mark.parametrize("names", [["a.1.png"], ["a.bin.png"], ["a.tif"], ["a.heic"], ["a.pdf"], ["a.1.jpg", "a.2.jpg"]])
def test_a_picture_that_forms_no_sample_is_told(names):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for member in (*names, "b.png"):
            entry = tarfile.TarInfo(member)
            entry.size = len(picture())
            archive.addfile(entry, io.BytesIO(picture()))
    told = []
    assert [sample.key for sample in samples_in(stream.getvalue(), on_error=told.append)] == ["b"]
    assert len(told) == 1 and all(name in str(told[0]) for name in names)


def test_a_second_picture_of_a_sample_and_a_name_that_is_none_are_told(run_htr, tmp_path):
    def tar(*names):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name in names:
                entry = tarfile.TarInfo(name)
                entry.pax_headers = {"path": name}
                content = b"text" if name.endswith("txt") else encode_image(line_picture(), name[-3:])
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return stream.getvalue()

    two = ("a/1.jpg", "a/1.png", "a/1.txt")
    done = run_htr("prep", "-o", f"{tmp_path}/mine/", input=tar(*two, "a/x\0y.png", "a/x\0y.txt", "a/2.png", "a/2.txt"))
    assert done.returncode == Exit.SOME_FAILED
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["1.gt.txt", "1.png", "2.gt.txt", "2.png"]
    assert b"-: expected one picture of a sample, found a/1.png and a/1.jpg, of which the first is taken" in done.stderr
    assert b"-: expected the name of a file, which has no NUL in it, received 'a/x\\x00y'" in done.stderr
    assert len(samples_in(tar(*two))) == 1, "for its text alone it is good"


def test_a_tar_without_pictures_is_told():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("notes.txt"))
    with pytest.raises(InputError, match="without pictures"):
        samples_in(stream.getvalue())


@pytest.mark.parametrize("order", [("a.png", "b.png", "a.txt", "b.txt"), ("a.txt", "b.txt", "a.png", "b.png")])
def test_a_tar_in_which_pictures_and_texts_stand_apart_is_refused(order):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in order:
            content = picture() if name.endswith("png") else b"text"
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    with pytest.raises(InputError, match="'a' side by side.*--sort=name"):
        samples_in(stream.getvalue(), on_error=print)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_streams_can_be_compressed_and_joined_and_what_breaks_off_is_told(pack):
    first, second = (pack(tar_of([Sample(key, picture(), key)])) for key in "ab")
    assert [s.key for s in samples_in(first)] == ["a"]
    assert [s.key for s in samples_in(first + second)] == ["a", "b"], "as cat joins them"
    if pack is not bytes:
        with pytest.raises(InputError, match="data.tar.*a broken one"):
            samples_in(first + second[:-30])


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_one_stream_packed_in_many_parts_is_read_to_its_end(pack):
    whole = tar_of([Sample(key, picture(), key) for key in "abc"])
    parts = b"".join(pack(whole[start : start + 1000]) for start in range(0, len(whole), 1000))
    assert [s.key for s in samples_in(parts)] == ["a", "b", "c"], "as pbzip2 and bgzip write them"


def test_a_compressed_tar_may_begin_with_what_is_no_sample():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in (("letter.pdf", b"%PDF-1.7\n"), ("x.png", picture())):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    problems = []
    assert [s.key for s in samples_in(gzip.compress(stream.getvalue()), on_error=problems.append)] == ["x"]
    assert ["letter.pdf: give it by itself" in str(problem) for problem in problems] == [True]


def test_a_compressed_picture_is_told_from_a_broken_tar():
    with pytest.raises(InputError, match="data.tar.*received a picture that is compressed: unpack it first, as with gunzip"):
        samples_in(gzip.compress(picture()))


def test_names_of_system_tar_are_understood(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in [("./d", None), ("./d/x.gt.txt", b"text\n"), ("./d/x.png", picture())]:
            member = tarfile.TarInfo(name)
            if content is None:
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
            else:
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    (sample,) = samples_in(stream.getvalue())
    assert (sample.key, sample.text) == ("d/x", "text")


@pytest.mark.parametrize("data", [b"", b"no tar at all" * 100, tar_of([Sample("a", picture(), "a")])[:700]])
def test_what_is_no_stream_is_named(data):
    with pytest.raises(InputError, match="data.tar.*tar stream of samples") as told:
        samples_in(data)
    assert "empty" not in str(told.value) or not data, "a picture, say, is not nothing"


def test_a_stream_that_breaks_off_anywhere_is_told():
    samples = [Sample(key, picture(), key) for key in "ab"]
    whole = tar_of(samples)
    end = len(whole.rstrip(b"\0")) // tarfile.BLOCKSIZE * tarfile.BLOCKSIZE + tarfile.BLOCKSIZE
    for length in range(1, end + 1, 100):
        with pytest.raises(InputError, match="data.tar.*tar stream of samples"):
            samples_in(whole[:length])
    assert samples_in(whole[: end + tarfile.BLOCKSIZE]) == samples


def test_a_damaged_header_is_told_and_not_passed_over():
    whole = bytearray(tar_of([Sample("a", picture(), "a"), Sample("b", picture(), "b")]))
    at = whole.index(b"b.png")
    whole[at : at + 5] = b"c.png"
    with pytest.raises(InputError, match="damaged at byte"):
        samples_in(bytes(whole))


def test_a_broken_sample_can_be_left_out():
    stream = io.BytesIO()
    writer = SampleWriter(stream)
    writer._add("a.png", picture())
    writer._add("a.txt", "é".encode("latin-1"))
    writer.write(Sample("b", picture(), "b"))
    writer.close()
    with pytest.raises(InputError, match="'a'"):
        samples_in(stream.getvalue())
    errors = []
    assert [s.key for s in samples_in(stream.getvalue(), on_error=errors.append)] == ["b"]
    assert "'a'" in str(errors[0])


@pytest.mark.parametrize("told, kept", [("\ud800", False), ("\U0001f58b", True), ("\udcff", True)])
def test_json_may_hold_bytes_of_names_but_no_half_of_a_character(told, kept):
    errors = []
    samples = samples_in(tar_of([Sample("a", picture(), "a", {"document": told})]), on_error=errors.append)
    assert [sample.document for sample in samples] == [told] * kept
    assert ["'a': the JSON has half a character" in str(error) for error in errors] == [True] * (not kept)


def test_long_streams_take_no_memory():
    stream = io.BytesIO()
    writer = SampleWriter(stream)
    for number in range(3000):
        writer.write(Sample(f"folder/{number}", picture(), "text"))
    writer.close()
    stream.seek(0)
    tracemalloc.start()
    assert sum(1 for _ in read_samples(stream)) == 3000
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_an_interrupted_stream_has_no_end():
    stream = io.BytesIO()
    with pytest.raises(KeyboardInterrupt):
        with SampleWriter(stream) as writer:
            writer.write(Sample("a", picture(), "a"))
            raise KeyboardInterrupt
    assert not stream.getvalue().endswith(b"\0" * 1024)


def test_a_stream_that_takes_little_at_a_time_gets_all():
    class Trickle(io.RawIOBase):
        content = b""

        def writable(self):
            return True

        def write(self, data):
            self.content += bytes(data[:100])
            return min(100, len(data))

    stream = Trickle()
    with SampleWriter(stream) as writer:
        writer.write(Sample("a", picture(300, 64), "a"))
    assert samples_in(stream.content)[0].text == "a"


def test_the_document_is_the_writer_then_the_document_then_the_folder_then_what_the_name_tells():
    assert Sample("s/d/1", b"", meta={"writer": "w", "document": "x"}).document == "w"
    assert Sample("s/d/1", b"", meta={"document": "x"}).document == "x"
    assert Sample("s/d/1", b"").document == "s/d"
    assert Sample("1", b"").document == "1"
    assert Sample("page1_001", b"").document == Sample("page1_002", b"").document == "page1"


@pytest.mark.parametrize("form", ["png", "webp", "jpg"])
def test_each_image_format_has_its_suffix_and_gray_pixels(form):
    pixels = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (16, 1))
    data = encode_image(pixels, form)
    assert image_suffix(data) == "." + form
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded.shape[:2] == (16, 64)
    assert np.abs(Sample("a", data).pixels().astype(int) - pixels).max() <= (0 if form == "png" else 12)


def test_a_foreign_picture_is_seen_as_from_a_folder():
    gray = line_picture()
    opacity = cv2.cvtColor(np.zeros_like(gray), cv2.COLOR_GRAY2BGRA)
    opacity[..., 3] = 255 - gray
    for pixels in (opacity, 255 - gray):
        image = cv2.imencode(".png", pixels)[1].tobytes()
        assert np.abs(Sample("a", image).pixels().astype(int) - gray).max() <= 1
    prepared = Sample("a", encode_image(255 - gray), meta={"recipe": {}})
    assert (prepared.pixels() == 255 - gray).all(), "a prepared one is taken as it is"


def test_a_picture_too_wide_for_its_format_is_refused():
    with pytest.raises(InputError, match="16383.*png"):
        encode_image(np.zeros((8, 20000), np.uint8), "webp")


def test_a_picture_beyond_all_bounds_and_endless_json_are_told():
    vast = bytearray(picture())
    vast[16:24] = (60000).to_bytes(4, "big") * 2
    with pytest.raises(InputError, match="a: the image is broken"):
        Sample("a", bytes(vast)).pixels()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in [("a.png", picture()), ("a.json", b"[" * 100_000), ("b.png", picture())]:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    told = []
    assert [sample.key for sample in samples_in(stream.getvalue(), on_error=told.append)] == ["b"]
    assert len(told) == 1 and "'a'" in str(told[0])


def test_a_member_of_many_zeros_takes_no_memory():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, size in [("a.mov", 3 << 30), ("a.png", None), ("b.png", 3 << 30), ("b.txt", None), ("c.png", None)]:
            # A sparse file: the map of what it holds but zeros, which is nothing, stands in its first block.
            content = b"0\n".ljust(tarfile.BLOCKSIZE, b"\0") if size else picture()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            if size:
                member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": name, "GNU.sparse.realsize": str(size)}
            archive.addfile(member, io.BytesIO(content))
    told = []
    assert [sample.key for sample in samples_in(stream.getvalue(), on_error=told.append)] == ["a", "c"]
    assert len(told) == 1 and "b.png" in str(told[0])


def test_a_picture_that_tells_a_recipe_is_not_decoded_if_it_is_too_large():
    vast = bytearray(encode_image(np.full((16, 40), 255, np.uint8), "jpg"))
    sides = vast.index(b"\xff\xc0") + 5
    vast[sides : sides + 4] = (30_000).to_bytes(2, "big") * 2
    with pytest.raises(InputError, match="a: expected at most 500 megapixels, received 30000×30000"):
        Sample("a", bytes(vast), meta={"recipe": {}}).pixels()


def test_a_broken_picture_is_named():
    with pytest.raises(InputError, match="key"):
        Sample("key", b"\x89PNG\r\n").pixels()


def test_the_last_sample_of_a_stream_and_the_first_of_the_next_may_have_one_key():
    parts = [tar_of([Sample("mine/001", picture(), text)]) for text in ("first", "second")]
    assert [sample.text for sample in samples_in(b"".join(parts))] == ["first", "second"]

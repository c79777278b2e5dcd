"""``htr prep`` as a user runs it."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn import line_picture, save
from PIL import Image
from tars import samples_in, tar_of

from htrtool.core.checking import judged
from htrtool.core.collect import Maker, collect
from htrtool.core.errors import InputError, OutputError
from htrtool.core.layouts.annotations import in_turn
from htrtool.core.layouts.base import LeftOut
from htrtool.core.layouts.finder import Finder
from htrtool.core.lines import TextLine
from htrtool.core.outputs import Written, sample_output
from htrtool.core.sample_stream import read_samples
from htrtool.core.samples import Sample, encode_png
from htrtool.core.tally import Tally
from htrtool.exits import Exit

SAMPLES = Path(__file__).resolve().parent / "samples"
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def folder(tmp_path):
    for page in range(12):
        for line, text in enumerate(["L’un", "deux —", ">trois<", "quatre"]):
            save(tmp_path / f"gt/page{page:02d}/{line}.png", line_picture(text, 40 + page))
            (tmp_path / f"gt/page{page:02d}/{line}.gt.txt").write_text(text + "\n", encoding="utf-8")
    return tmp_path / "gt"


def test_a_file_that_is_no_tar_is_not_replaced_by_one(folder, run_htr, tmp_path):
    for _ in range(2):
        assert run_htr("prep", "-q", folder, "-o", tmp_path / "samples").returncode == Exit.OK
    (tmp_path / "letter.txt").write_text("a typed copy")
    done = run_htr("prep", folder, "-o", tmp_path / "letter.txt")
    assert done.returncode == Exit.USAGE and b"is no tar" in done.stderr
    assert (tmp_path / "letter.txt").read_text() == "a typed copy"


def test_a_folder_becomes_a_stream(folder, run_htr):
    done = run_htr("prep", folder)
    assert done.returncode == Exit.OK, done.stderr
    samples = samples_in(done.stdout)
    assert [s.key for s in samples[:2]] == ["gt/page00/0", "gt/page00/1"]
    assert {s.text for s in samples} == {"L'un", "deux -", ">trois<", "quatre"}
    assert all(s.pixels().shape[0] == 64 for s in samples)
    assert b"48 taken" in done.stderr and b"12 transcriptions seem to hold editorial markup" in done.stderr


def test_the_same_bytes_whatever_the_number_of_threads(folder, run_htr):
    one, many = (run_htr("prep", "--jobs", jobs, folder).stdout for jobs in ("1", "7"))
    assert one == many


@pytest.mark.parametrize(
    "options, texts, reason",
    [
        (["--labels", "keep"], {"L’un", "deux —", ">trois<", "quatre"}, b""),
        (["--markup", "drop"], {"L'un", "deux -", "quatre"}, b"12 left out: editorial markup"),
        (["--markup", "strip"], {"L'un", "deux -", "trois", "quatre"}, b""),
        (["--min-chars", "6"], {"deux -", ">trois<", "quatre"}, b"12 left out: under 6 characters"),
        (["--max-chars", "5"], {"L'un"}, b"36 left out: over 5 characters"),
    ],
)
def test_labels_and_filters(folder, run_htr, options, texts, reason):
    done = run_htr("prep", *options, folder)
    assert {s.text for s in samples_in(done.stdout)} == texts
    assert reason in done.stderr


def test_a_table_with_columns_named(folder, run_htr, tmp_path):
    (tmp_path / "t.csv").write_text("a,b,c\ngt/page00/0.png,left,right\n")
    done = run_htr("prep", "--from", "table", "--image-column", "a", "--text-column", "c", tmp_path / "t.csv")
    assert [s.text for s in samples_in(done.stdout)] == ["right"], done.stderr
    assert run_htr("prep", "--from", "iam", tmp_path / "t.csv").returncode == Exit.BAD_INPUT


def test_pages_are_cut_into_lines(run_htr, tmp_path):
    page = np.full((700, 1000), 255, np.uint8)
    for row in range(6):
        cv2.putText(page, "several words in a row", (60, 100 + 100 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 0, 3)
    save(tmp_path / "scans/page.png", page)
    whole, lines = (samples_in(run_htr("prep", *option, tmp_path / "scans").stdout) for option in ([], ["--lines"]))
    assert len(whole) == 1 and len(lines) == 6
    assert all(sample.text is None for sample in lines)
    run_htr("prep", "--lines", "--split", "all=100", "-o", f"{tmp_path / 'parts'}/", tmp_path / "scans")
    assert [sample.text for sample in samples_in((tmp_path / "parts" / "all.tar").read_bytes())] == [None] * 6


def test_a_folder_gets_lines_with_the_reading_beside_each_and_corrections_are_kept(run_htr, tmp_path):
    shutil.copy(SAMPLES / "note.jpg", tmp_path)
    for _ in range(2):
        done = run_htr("prep", "--lines", tmp_path / "note.jpg", "-o", f"{tmp_path / 'mine'}/")
        assert done.returncode == Exit.OK, done.stderr
    folder = tmp_path / "mine" / "note"
    assert [file.name for file in sorted(folder.iterdir())] == [
        f"{n:03d}{suffix}" for n in range(1, 5) for suffix in (".gt.txt", ".png")
    ]
    assert "coffee, a lemon" in (folder / "002.gt.txt").read_text()
    (folder / "002.gt.txt").write_text("what I see there\n")
    (folder / "003.gt.txt").write_text("")
    done = run_htr("prep", "--lines", tmp_path / "note.jpg", "-o", tmp_path / "mine")
    assert b"2 taken" in done.stderr and b"2 kept as they are: another transcription is there" in done.stderr
    assert (folder / "002.gt.txt").read_text() == "what I see there\n"
    again = samples_in(run_htr("prep", tmp_path / "mine").stdout)
    assert [sample.key[-3:] for sample in again] == ["001", "002", "004"]
    assert again[1].text == "what I see there" and again[1].document == "mine/note"


def test_lines_that_are_read_with_little_confidence_get_no_reading(run_htr, tmp_path):
    """So that a model can learn a hand from what it is sure of."""
    # Without the transcription that is beside it.
    page = shutil.copy(SAMPLES / "letter.jpg", tmp_path)
    read = run_htr("read", "--mode", "page", page).stdout.decode().splitlines()
    confidences = [float(row.split("\t")[7]) for row in read[1:]]
    # Halfway to the next number that could be printed, which are rounded.
    least = round(sorted(confidences)[len(confidences) // 2] - 0.0005, 4)
    folder = tmp_path / "mine"
    done = run_htr("prep", "--lines", "--min-conf", least, page, "-o", f"{folder}/")
    assert done.returncode == Exit.OK, done.stderr
    assert len(list(folder.rglob("*.png"))) == len(confidences)
    sure = [conf >= least for conf in confidences]
    assert [(folder / "letter" / f"{number:03d}.gt.txt").exists() for number in range(1, len(sure) + 1)] == sure
    assert sum(sample.text is not None for sample in samples_in(run_htr("prep", folder).stdout)) == sum(sure)
    for pointless in (["--lines"], ["-o", f"{folder}/"]):
        done = run_htr("prep", "--min-conf", "0.5", *pointless, page)
        assert done.returncode == Exit.USAGE and b"--min-conf is about" in done.stderr


def test_a_typed_copy_of_a_page_becomes_the_text_of_its_lines(run_htr, tmp_path):
    truth = (SAMPLES / "letter.gt.txt").read_text(encoding="utf-8").splitlines()
    (tmp_path / "copy.txt").write_text(" ".join(truth), encoding="utf-8")
    done = run_htr("prep", "--text", tmp_path / "copy.txt", SAMPLES / "letter.jpg")
    assert done.returncode == Exit.OK, done.stderr
    assert [sample.text for sample in samples_in(done.stdout)] == truth
    done = run_htr("prep", "-v", "--text", "-", SAMPLES / "letter.jpg", input=" ".join(truth[3:]).encode())
    assert [sample.text for sample in samples_in(done.stdout)] == truth[3:]
    assert b"letter/001: left out: no part of the transcription fits it well enough" in done.stderr
    assert b"3 left out: no part of the transcription fits it well enough" in done.stderr
    (tmp_path / "copy.txt").write_text("\n".join([*truth[:4], "This is not on the page at all.", *truth[4:]]), encoding="utf-8")
    done = run_htr("prep", "--text", tmp_path / "copy.txt", SAMPLES / "letter.jpg")
    assert [sample.text for sample in samples_in(done.stdout)] == truth
    assert "copy.txt: “This is not on the page at all.”: left out: word" in done.stderr.decode()
    (tmp_path / "copy.rtf").write_text("{\\rtf1\\ansi " + "\\\n".join(truth) + "}", encoding="utf-8")
    done = run_htr("prep", "--text", tmp_path / "copy.rtf", SAMPLES / "letter.jpg")
    assert done.returncode == Exit.BAD_INPUT and b"received rich text (RTF): save it as plain text" in done.stderr, "its marks would be learned"
    (tmp_path / "letter.txt").write_text("\n".join(truth), encoding="utf-8")
    shutil.copy(SAMPLES / "letter.jpg", tmp_path)
    done = run_htr("prep", "--lines", tmp_path)
    assert [sample.text for sample in samples_in(done.stdout)] == truth, done.stderr
    wrong = run_htr("prep", "--text", tmp_path / "copy.txt", SAMPLES / "letter.jpg", SAMPLES / "note.jpg")
    assert wrong.returncode == Exit.USAGE and b"--text is given for each SOURCE" in wrong.stderr


def test_annotated_pages_are_cut_where_lines_are_found(run_htr, tmp_path):
    page = np.full((900, 900), 235, np.uint8)
    lines = []
    for number in range(6):
        y = 120 + 100 * number
        cv2.putText(page, "the quick brown fox jumps", (60, y), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.3, 40, 2, cv2.LINE_AA)
        lines.append({"baseline": [[62, y + 3], [540 if number != 2 else 250, y + 3]], "text": f"line {number}"})
    lines.append({"baseline": [[60, 820], [540, 820]], "text": "not there"})
    cv2.imwrite(str(tmp_path / "page.png"), page)
    (tmp_path / "page.json").write_text(json.dumps({"lines": lines}))
    done = run_htr("prep", "--recut", "-v", "page.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert [sample.text for sample in samples_in(done.stdout)] == [f"line {number}" for number in (0, 1, 3, 4, 5)]
    assert b"page.json#3: left out: line that the line finder finds longer or shorter" in done.stderr
    assert b"page.json#7: left out: line that the line finder does not find" in done.stderr
    assert run_htr("prep", "--recut", "--lines", "page.json", cwd=tmp_path).returncode == Exit.USAGE
    (tmp_path / "page.json").write_text(json.dumps({"lines": [{"text": "where?"}, *lines]}))
    done = run_htr("prep", "--recut", "page.json", cwd=tmp_path)
    assert len(samples_in(done.stdout)) == 5 and b"1 left out: line without a baseline" in done.stderr
    done = run_htr("prep", "--recut", tmp_path / "page.png")
    assert done.returncode == Exit.BAD_INPUT
    (tmp_path / "page.json").write_text(json.dumps({"lines": [lines[0] | {"text": 5}]}))
    done = run_htr("prep", "--recut", "page.json", cwd=tmp_path)
    assert done.returncode == Exit.BAD_INPUT and b"page.json: expected JSON with a list of lines" in done.stderr


def test_lines_found_too_small_are_left_out_for_one_reason(monkeypatch, tmp_path):
    cv2.imwrite(str(tmp_path / "page.png"), np.full((400, 600), 235, np.uint8))
    baselines = [np.array([(50, y), (500, y)]) for y in (100, 200, 300)]
    outlines = [np.array([(50, y - height), (500, y - height), (500, y), (50, y)]) for (_, (_, y)), height in zip(baselines, (1, 2, 40))]
    found = [TextLine(line, outline, 20.0) for line, outline in zip(baselines, outlines)]
    monkeypatch.setattr("htrtool.core.layouts.recut.find_lines", lambda pixels, threads: found)
    page = {"lines": [{"baseline": line.tolist(), "text": "text"} for line in baselines]}
    (tmp_path / "page.json").write_text(json.dumps(page))
    tally = Tally(Maker())
    for made in collect(Finder(recut=1).find(str(tmp_path / "page.json")), tally.maker):
        tally.add(made)
    assert tally.taken == 1 and [count for _, count in tally.reasons()] == [2]


def test_a_text_that_the_picture_does_not_show_is_left_out_on_request(run_htr, tmp_path):
    truth = (SAMPLES / "letter.gt.txt").read_text(encoding="utf-8").splitlines()
    lines = samples_in(run_htr("prep", "--text", SAMPLES / "letter.gt.txt", SAMPLES / "letter.jpg").stdout)
    # Of a character that the model does not know, nothing is said, of the others all the same.
    lines[3].text, lines[6].text = truth[7] + " \u0159", "x"
    lines.append(Sample("letter/untranscribed", lines[0].image))
    done = run_htr("prep", "-v", "--check", input=tar_of(lines))
    assert len(samples_in(done.stdout)) == len(truth) + 1 - 2
    assert b"2 left out: text that the picture does not show" in done.stderr
    assert lines[3].key.encode() in done.stderr and lines[6].key.encode() in done.stderr


def test_how_well_a_text_must_fit_depends_on_how_well_its_document_is_read():
    def left_out(fits, meta={}):
        held = [Sample(str(place), b"", "text", meta) for place in range(len(fits))]
        return [place for place, item in enumerate(judged(held, dict(enumerate(fits)))) if isinstance(item, LeftOut)]

    assert left_out([-0.3] * 9 + [-2.6]) == [9]
    assert left_out([-1.8] * 9 + [-2.6, -3.9]) == [10], "a hand that is read badly"
    assert left_out([-5.0] * 9) == list(range(9)), "the texts of another page"
    assert left_out([-2.0, -2.6]) == [1], "too few to tell"
    assert left_out([-1.8, -0.5, -1.0, -0.8] * 2, {"synthetic": True}) == [0, 2, 4, 6], "lines that were made"


def test_pages_from_a_pipe_and_in_a_tar_are_cut_like_those_in_files(run_htr, tmp_path):
    page, truth = SAMPLES / "letter.jpg", SAMPLES / "letter.gt.txt"
    pictures = {sample.key.rpartition("/")[2]: sample.image for sample in samples_in(run_htr("prep", "--lines", page).stdout)}
    piped = run_htr("prep", "--lines", "-", input=page.read_bytes())
    assert {sample.key.removeprefix("stdin/"): sample.image for sample in samples_in(piped.stdout)} == pictures, piped.stderr
    done = run_htr("prep", "--text", truth, "-", input=page.read_bytes())
    assert [sample.text for sample in samples_in(done.stdout)] == truth.read_text(encoding="utf-8").splitlines()
    line = Sample("line", next(iter(pictures.values())), None, {"recipe": {}})
    both = tar_of([Sample("letter", page.read_bytes()), Sample("typed", page.read_bytes(), "as it is"), line])
    (tmp_path / "pages.tar").write_bytes(both)
    samples = samples_in(run_htr("prep", "--lines", tmp_path / "pages.tar").stdout)
    assert [sample.key for sample in samples] == [*(f"pages/letter/{name}" for name in pictures), "typed", "line"]
    assert [sample.image for sample in samples[:-2]] == list(pictures.values())
    refused = run_htr("prep", "--text", truth, "-", input=both)
    assert refused.returncode == Exit.BAD_INPUT and b"expected a picture or a PDF, which --text is for" in refused.stderr
    shutil.copy(page, tmp_path / "download")
    for name, given in ((tmp_path / "download", b""), ("/dev/stdin", page.read_bytes())):
        for options, texts in ((["--lines"], [None] * len(pictures)), (["--text", truth], truth.read_text(encoding="utf-8").splitlines())):
            samples = samples_in((done := run_htr("prep", *options, name, input=given)).stdout)
            assert [sample.image for sample in samples] == list(pictures.values()), done.stderr
            assert [sample.text for sample in samples] == texts
    for content in (b"", b"a letter to you"):
        done = run_htr("prep", "--lines", "-", input=content)
        assert done.returncode == Exit.BAD_INPUT and b"htr prep: -: expected" in done.stderr


def test_lines_are_cut_into_pieces_of_a_few_words(run_htr, tmp_path):
    lines = samples_in(run_htr("prep", "--text", SAMPLES / "letter.gt.txt", SAMPLES / "letter.jpg").stdout)
    untold = Sample("untold", lines[0].image)
    done = run_htr("prep", "--words", "2", "-", input=tar_of([*lines, untold]))
    assert done.returncode == Exit.OK and b"1 left out: no text" in done.stderr, done.stderr
    pieces = samples_in(done.stdout)
    for line in lines:
        own = [piece for piece in pieces if piece.key.rpartition("/")[0] == line.key]
        assert " ".join(piece.text for piece in own) == line.text
        assert sum(piece.pixels().shape[1] for piece in own) == line.pixels().shape[1]
        assert {piece.document for piece in own} == {line.document}
    named = run_htr("prep", "--words", "2", "--document", "(letter)/[0-9]{3}$", "-", input=tar_of(lines[:3]))
    assert {piece.document for piece in samples_in(named.stdout)} == {"letter"}
    assert b"--document" not in named.stderr, "the keys of pieces are others than that in which it was found"
    # Words that touch stay together.
    assert sum(len(piece.text.split()) > 2 for piece in pieces) <= 0.1 * len(pieces)
    assert done.stdout == run_htr("prep", "--words", "2", "-", input=tar_of([*lines, untold])).stdout
    few = run_htr("prep", "--words", "2", "--min-chars", "9", "--min-width", "250", "-", input=tar_of(lines))
    wanted = [piece.key for piece in pieces if len(piece.text) >= 9 and piece.pixels().shape[1] >= 250]
    assert [piece.key for piece in samples_in(few.stdout)] == wanted and b"left out: under 9 characters" in few.stderr
    spaced = Sample("spaced", lines[1].image, f" {lines[1].text}  ")
    done_spaced = run_htr("prep", "--words", "2", "--labels", "keep", "-", input=tar_of([spaced]))
    assert done_spaced.returncode == Exit.OK and b"Traceback" not in done_spaced.stderr, done_spaced.stderr
    row = cv2.resize(lines[1].pixels(), (15000, 64))
    for option in (["--words", "2"], ["--check"]):
        done_long = run_htr("prep", *option, "-", input=tar_of([Sample("long", encode_png(row), "on and on"), lines[1]]))
        assert done_long.returncode == Exit.SOME_FAILED and b"htr prep: long: expected a text line" in done_long.stderr
        assert samples_in(done_long.stdout)
    # What was cut out shows its words.
    checked = samples_in(run_htr("prep", "--check", "-", input=done.stdout).stdout)
    assert len(checked) >= 0.9 * len(pieces)


def test_all_pages_of_a_pdf_are_cut_and_matched_with_one_transcription(run_htr, tmp_path):
    note, letter = (Image.open(SAMPLES / name) for name in ("note.jpg", "letter.jpg"))
    note.save(tmp_path / "both.pdf", save_all=True, append_images=[letter], resolution=150)
    truth = [
        line for name in ("note", "letter") for line in (SAMPLES / f"{name}.gt.txt").read_text("utf-8").splitlines()
    ]
    (tmp_path / "both.txt").write_text("\n".join(truth), encoding="utf-8")
    for operand in (tmp_path / "both.pdf", tmp_path):
        samples = samples_in(run_htr("prep", "--lines", operand).stdout)
        assert [sample.text for sample in samples] == truth
        assert samples[4].key.endswith("both/p2/001") and {s.document for s in samples} == {f"{tmp_path.name}/both"}
    (tmp_path / "both.txt").write_text("word " * 7000)
    long = run_htr("prep", "--lines", tmp_path / "both.pdf")
    assert long.returncode == Exit.BAD_INPUT and b"both.txt: expected the transcription of a page" in long.stderr


def test_pictures_may_stay_as_gray_as_they_are(run_htr, tmp_path):
    save(tmp_path / "g/gray.png", (line_picture("gray") // 2).astype(np.uint8))
    evened, kept = (
        samples_in(run_htr("prep", "--normalise", form, tmp_path / "g").stdout)[0].pixels() for form in ("background", "none")
    )
    assert evened.max() > 240 and kept.max() < 140


def test_verbose_names_what_is_left_out(folder, run_htr):
    done = run_htr("prep", "-v", "--markup", "drop", folder)
    assert done.stderr.count(b"left out: editorial markup") == 13 and b"page00/2" in done.stderr


def test_filters_by_width(folder, run_htr):
    widths = {s.pixels().shape[1] for s in samples_in(run_htr("prep", "--no-deslant", "--min-width", "100", "--max-width", "160", folder).stdout)}
    assert widths and min(widths) >= 100 and max(widths) <= 160


def test_the_recipe_is_told_in_each_sample_and_done_once(folder, run_htr):
    options = ["--height", "48", "--binarise", "sauvola", "--deslant", "--remove-rules", "--deskew"]
    first = run_htr("prep", *options, folder).stdout
    sample = samples_in(first)[0]
    assert sample.meta["recipe"] == {
        "normalise": "background", "remove_rules": True, "deskew": True, "deslant": True, "binarise": "sauvola", "height": 48
    }  # fmt: skip
    assert sample.pixels().shape[0] == 48
    again = run_htr("prep", *options, "-", input=first).stdout
    assert [s.image for s in samples_in(again)] == [s.image for s in samples_in(first)]
    # What was done can't be undone, and is still told; what was not is done once.
    fewer = run_htr("prep", "--height", "48", "--no-deskew", "-", input=first).stdout
    assert fewer == again
    some = run_htr("prep", "--height", "48", "--no-deskew", folder).stdout
    more = samples_in(run_htr("prep", "--height", "48", "--binarise", "sauvola", "--remove-rules", "-", input=some).stdout)
    assert {json.dumps(s.meta["recipe"]) for s in more} == {json.dumps(sample.meta["recipe"])}
    unknown = Sample("new", sample.image, "x", {"recipe": {"normalise": "none", "straighten": True}})
    done = run_htr("prep", "-", input=tar_of([sample, unknown]))
    assert done.returncode == Exit.SOME_FAILED and b"htr prep: new: expected preparation steps among" in done.stderr


@pytest.mark.parametrize("form, suffix", [("webp", ".webp"), ("jpg", ".jpg")])
def test_other_image_formats(folder, run_htr, form, suffix):
    with tarfile.open(fileobj=io.BytesIO(run_htr("prep", "--image-format", form, folder).stdout)) as archive:
        assert archive.getnames()[0] == "gt/page00/0" + suffix


@pytest.mark.parametrize(("command", "before"), [("prep", ["--lines"]), ("read", ["-f", "page"])])
def test_a_folder_that_may_not_be_written_to_is_told_before_anything_is_read(run_htr, tmp_path, command, before):
    (tmp_path / "file").touch()
    done = run_htr(command, *before, tmp_path / "missing.png", "-o", f"{tmp_path / 'file' / 'mine'}/")
    assert done.returncode == Exit.UNWRITTEN and b"folder: Not a directory" in done.stderr and b"missing.png" not in done.stderr
    if os.access("/proc/self", os.X_OK):
        done = run_htr(command, *before, tmp_path / "missing.png", "-o", "/proc/self/")
        assert done.returncode == Exit.UNWRITTEN and len(done.stderr.splitlines()) == 1, done.stderr


def test_a_split_by_document_into_files(folder, run_htr, tmp_path):
    done = run_htr("prep", "--split", "train=60,val=40", "-o", tmp_path / "out", folder)
    assert done.returncode == Exit.OK, done.stderr
    parts = {name: samples_in((tmp_path / "out" / f"{name}.tar").read_bytes()) for name in ("train", "val")}
    documents = {name: {s.document for s in samples} for name, samples in parts.items()}
    assert documents["train"] and documents["val"] and not documents["train"] & documents["val"]
    assert sum(map(len, parts.values())) == 48
    assert all(s.meta["split"] == name for name, samples in parts.items() for s in samples)
    assert f"train: {len(documents['train'])} documents".encode() in done.stderr
    onto_itself = run_htr("prep", "--split", "train=90,val=10", "-o", tmp_path / "out", tmp_path / "out" / "train.tar")
    assert onto_itself.returncode == Exit.USAGE and b"train.tar, which is read" in onto_itself.stderr
    assert len(samples_in((tmp_path / "out" / "train.tar").read_bytes())) == len(parts["train"])


def test_a_split_in_one_stream_agrees_with_files(folder, run_htr, tmp_path):
    run_htr("prep", "--split", "train=60,val=40", "-o", tmp_path / "out", folder)
    val = {s.key for s in samples_in((tmp_path / "out" / "val.tar").read_bytes())}
    stream = samples_in(run_htr("prep", "--split", "train=60,val=40", folder).stdout)
    assert {s.key for s in stream if s.meta["split"] == "val"} == val


def test_documents_named_by_a_pattern(folder, run_htr):
    done = run_htr("prep", "--document", r"page(\d)", folder)
    assert {s.document for s in samples_in(done.stdout)} == {"0", "1"} and b"--document" not in done.stderr
    assert b"--document matches nothing in the keys of 48 samples" in run_htr("prep", "--document", "zzz", folder).stderr


def test_bad_sources_among_good_ones(folder, run_htr, tmp_path):
    (tmp_path / "notes.md").write_text("no data")
    done = run_htr("prep", tmp_path / "nowhere", folder, tmp_path / "notes.md")
    assert done.returncode == Exit.SOME_FAILED
    assert len(samples_in(done.stdout)) == 48
    for name in (b"nowhere", b"notes.md"):
        assert name + b": expected images" in done.stderr


def test_hard_pictures_are_taken_or_named(run_htr, tmp_path):
    rng = np.random.default_rng(0)
    save(tmp_path / "h/good.png", line_picture("good"))
    save(tmp_path / "h/tiny.png", np.full((1, 1), 255, np.uint8))
    save(tmp_path / "h/long.png", rng.integers(0, 255, (10, 30000)).astype(np.uint8))
    save(tmp_path / "h/deep.png", (rng.random((64, 300)) * 65535).astype(np.uint16))
    clear = np.dstack([line_picture("clear")] * 3 + [np.full_like(line_picture("clear"), 255)])
    save(tmp_path / "h/clear.png", clear)
    (tmp_path / "h/text.png").write_text("not a picture")
    for path in list((tmp_path / "h").glob("*.png")):
        path.with_suffix(".txt").write_text(path.stem)
    done = run_htr("prep", tmp_path / "h")
    assert done.returncode == Exit.SOME_FAILED
    assert {s.text for s in samples_in(done.stdout)} == {"good", "deep", "clear"}
    assert b"tiny.png: expected" in done.stderr and b"text.png: expected" in done.stderr
    assert b"1 left out: wider than 20000 pixels" in done.stderr
    assert b"Traceback" not in done.stderr


def test_if_nothing_is_taken_the_old_file_stays(run_htr, tmp_path):
    old = tmp_path / "old.tar"
    old.write_bytes(b"old")
    done = run_htr("prep", tmp_path / "nowhere", "-o", old)
    assert done.returncode == Exit.BAD_INPUT
    assert old.read_bytes() == b"old"


def test_if_nothing_is_taken_no_new_folder_is_left(run_htr, folder, tmp_path):
    (tmp_path / "mine").mkdir()
    for new in ("new/deeper", "mine/new", "mine"):
        done = run_htr("prep", "--split", "train=90,val=10", tmp_path / "nowhere", "-o", tmp_path / new)
        assert done.returncode == Exit.BAD_INPUT
    assert sorted(tmp_path.iterdir()) == [folder, tmp_path / "mine"] and not list((tmp_path / "mine").iterdir())


@pytest.mark.parametrize(
    "options, told",
    [
        (["--split", "train=90"], "train=90,val=10"),
        (["--document", "("], "regular expression"),
        (["-", "-"], "only once"),
    ],
)
def test_wrong_usage_is_told(run_htr, options, told):
    done = run_htr("prep", *options, input=tar_of([Sample("a", encode_png(line_picture("a")), "a")]))
    assert done.returncode in (Exit.USAGE, Exit.BAD_INPUT)
    assert told in done.stderr.decode()


def test_a_picture_is_not_put_beside_the_transcription_of_another(run_htr, tmp_path):
    for name, text in (("first", "one"), ("second", "two")):
        save(tmp_path / name / "page" / "1.png", line_picture(text))
        (tmp_path / name / "page" / "1.gt.txt").write_text(text)
    out = tmp_path / "mine"
    assert run_htr("prep", tmp_path / "first" / "page", "-o", f"{out}/").returncode == Exit.OK
    kept = {path.name: path.read_bytes() for path in out.iterdir()}
    done = run_htr("prep", tmp_path / "second" / "page", "-o", f"{out}/")
    assert done.returncode != Exit.OK and b"1.png: another picture with its transcription" in done.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir()} == kept
    # Corrected or not, the same lines may be cut again.
    (out / "1.gt.txt").write_text("once")
    assert run_htr("prep", tmp_path / "first" / "page", "-o", f"{out}/").returncode == Exit.OK
    assert (out / "1.gt.txt").read_text() == "once"


def test_a_writer_tells_whether_it_kept_another_transcription(tmp_path):
    image = encode_png(line_picture("one"))
    for output, again in ((f"{tmp_path}/pairs/", Written.OTHER_TEXT_KEPT), (f"{tmp_path}/lines.tar", Written.WHOLE)):
        for text, told in (("one", Written.WHOLE), ("two", again), (None, Written.WHOLE)):
            with sample_output(output) as write:
                assert write(Sample("a/1", image, text)) == told


def test_a_transcription_that_is_there_and_can_not_be_read_is_told(tmp_path):
    (tmp_path / "1.gt.txt").mkdir()
    with sample_output(f"{tmp_path}/") as write, pytest.raises(OutputError, match="1.gt.txt: is there, and can't be read"):
        write(Sample("a/1", encode_png(line_picture("one")), "one"))


@pytest.mark.parametrize("form", ["png", "jpg"])
def test_a_picture_takes_the_place_of_none_from_another_source_with_the_same_text(run_htr, tmp_path, form):
    for name, text in (("first", "yes"), ("second", "yes!")):
        save(tmp_path / name / "page" / "1.png", line_picture(text))
        (tmp_path / name / "page" / "1.gt.txt").write_text("yes")
    out = tmp_path / "mine"

    def prep(name, *options):
        done = run_htr("prep", *options, "--image-format", form, tmp_path / name / "page", "-o", f"{out}/")
        return done, (out / f"1.{form}").read_bytes()

    done, first = prep("first")
    assert done.returncode == Exit.OK and Image.open(out / f"1.{form}").size[1] == 64
    done, there = prep("second")
    assert done.returncode != Exit.OK and b"another picture with its transcription" in done.stderr and there == first
    # The same source may be prepared in another way, also where it was moved with what was made of it.
    done, lower = prep("first", "--height", "48")
    assert done.returncode == Exit.OK and Image.open(out / f"1.{form}").size[1] == 48
    (tmp_path / "first").rename(tmp_path / "third")
    assert prep("third")[1] != lower


def test_a_bad_page_does_not_keep_the_others_from_being_cut(run_htr, tmp_path):
    pages = [Image.open(SAMPLES / "note.jpg"), Image.new("L", (2, 2)), Image.open(SAMPLES / "note.jpg")]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    done = run_htr("prep", "--lines", tmp_path / "scan.tif")
    assert done.returncode == Exit.SOME_FAILED and b"scan.tif: page 2: expected an image at least" in done.stderr
    assert {sample.key.split("/")[-2] for sample in samples_in(done.stdout)} == {"p1", "p3"}


def test_pages_are_cut_whether_or_not_something_is_beside_them(run_htr, tmp_path):
    for name in ("letter", "note"):
        shutil.copy(SAMPLES / f"{name}.jpg", tmp_path)
    truth = (SAMPLES / "letter.gt.txt").read_text(encoding="utf-8").splitlines()
    (tmp_path / "letter.txt").write_text(" ".join(truth), encoding="utf-8")
    save(tmp_path / "line.png", line_picture("one"))
    (tmp_path / "line.txt").write_text("one")
    texts = [sample.text for sample in samples_in(run_htr("prep", "--lines", tmp_path).stdout)]
    assert texts == [*truth, "one", *[None] * 4]


def test_the_pages_of_an_annotated_image_are_cut_from_themselves_and_upright(run_htr, tmp_path):
    note, letter = (Image.open(SAMPLES / f"{name}.jpg") for name in ("note", "letter"))
    letter.save(tmp_path / "book.tif", save_all=True, append_images=[note.rotate(180, expand=True)])
    assert run_htr("read", "-q", "-f", "page", "-o", tmp_path, tmp_path / "book.tif").returncode == Exit.OK
    done = run_htr("prep", tmp_path / "book-2.xml")
    assert done.returncode == Exit.OK, done.stderr
    texts = [sample.text for sample in samples_in(done.stdout)]
    assert texts[1] == "12 eggs, coffee, a lemon, brown bread."
    (tmp_path / "lines.tar").write_bytes(done.stdout)
    read = run_htr("read", "-q", "-f", "txt", tmp_path / "lines.tar").stdout.decode()
    assert "12 eggs, coffee, a lemon" in read


def test_what_was_read_on_pages_is_no_table_of_lines(run_htr, tmp_path):
    shutil.copy(SAMPLES / "note.jpg", tmp_path)
    (tmp_path / "out.tsv").write_bytes(run_htr("read", "note.jpg", cwd=tmp_path).stdout)
    done = run_htr("prep", "out.tsv", cwd=tmp_path)
    assert done.returncode == Exit.BAD_INPUT and b"htr read -f page writes them" in done.stderr and not done.stdout.strip(b"\0")


def test_an_annotation_that_may_not_be_read_is_told_and_ends_nothing(monkeypatch, tmp_path):
    (tmp_path / "closed.xml").write_text("<PcGts/>")
    save(tmp_path / "open.png", line_picture("one"))

    def closed(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", closed)
    for module in ("documents.xml_in", "layouts.finder", "layouts.iam", "layouts.table"):
        monkeypatch.setattr(f"htrtool.core.{module}.open", lambda path, *_, **__: closed(path), raising=False)
    sources = in_turn([str(tmp_path / "closed.xml"), str(tmp_path / "open.png")])
    assert [Path(source).name for source in sources] == ["closed.xml", "open.png"]
    with pytest.raises(InputError, match="closed.xml: can't read it: Permission denied"):
        list(Finder().find(sources[0]))


def test_a_page_that_is_annotated_twice_is_taken_once(run_htr, tmp_path):
    shutil.copy(SAMPLES / "note.jpg", tmp_path)
    for form in ("alto", "page"):
        run_htr("read", "-q", "-f", form, "-o", tmp_path / form, tmp_path / "note.jpg")
    (tmp_path / "note.txt").write_text("a note")
    for given in (["."], ["alto/note.xml", "page/note.xml"]):
        done = run_htr("prep", *given, cwd=tmp_path)
        assert done.returncode == Exit.OK and b"1 left out: another annotation of a page that was taken" in done.stderr
        samples = samples_in(done.stdout)
        assert len(samples) == 4 and all("page/note.xml" in sample.meta["page_xml"] for sample in samples)
    # As Transkribus exports them.
    (tmp_path / "mets.xml").write_text("<mets/>")
    (tmp_path / "metadata.json").write_text("{}")
    done = run_htr("prep", "--recut", ".", cwd=tmp_path)
    assert done.returncode == Exit.OK and b"1 left out: another annotation" in done.stderr and len(samples_in(done.stdout)) == 4
    # As OCR-D names them; one without texts does not stand in the way.
    truth = (tmp_path / "page" / "note.xml").read_text()
    for name, text in (("GT", truth), ("OCR", truth), ("A", truth.replace("Unicode>", "Other>"))):
        (tmp_path / "page" / name).mkdir()
        (tmp_path / "page" / name / f"{name}_1.xml").write_text(text)
    done = run_htr("prep", tmp_path / "page" / "A", tmp_path / "page" / "GT", tmp_path / "page" / "OCR")
    assert {Path(sample.meta["page_xml"]).name for sample in samples_in(done.stdout)} == {"GT_1.xml"}
    assert b"OCR_1.xml beside " in done.stderr and b"4 left out: no transcription" in done.stderr


def test_what_a_shell_s_star_gives_is_taken_once(run_htr, tmp_path):
    shutil.copy(SAMPLES / "note.jpg", tmp_path)
    run_htr("read", "-q", "-f", "page", "-o", tmp_path / "page", tmp_path / "note.jpg")
    for given in (["note.jpg", "page"], ["--lines", "note.jpg", "page/note.xml"], [".", "page/note.xml", "page/note.xml"]):
        done = run_htr("prep", *given, cwd=tmp_path)
        assert done.returncode == Exit.OK and len(samples_in(done.stdout)) == 4, done.stderr
        told = b"image of an annotated page, whose lines are those of its XML" if "note.jpg" in given else b"2 left out: given twice"
        assert told in done.stderr


def test_a_folder_can_not_tell_of_another_preparation(run_htr, folder, tmp_path):
    for options, told in (([], False), (["--binarise", "otsu"], True)):
        done = run_htr("prep", *options, folder, "-o", f"{tmp_path / 'out'}/")
        assert done.returncode == Exit.OK and (b"htr train prepares them once more" in done.stderr) == told


def test_a_folder_can_not_tell_what_is_kept_from_training(run_htr, tmp_path):
    save(tmp_path / "a.png", line_picture("x"))
    (tmp_path / "t.csv").write_text("file,text,split\na.png,one,test\n")
    for output, told in ((f"{tmp_path / 'out'}/", True), (tmp_path / "out.tar", False)):
        done = run_htr("prep", tmp_path / "t.csv", "-o", output)
        assert done.returncode == Exit.OK and (b"1 sample is marked val or test" in done.stderr) == told


def test_tagged_passages_are_markup(run_htr, tmp_path):
    save(tmp_path / "p.png", line_picture("one"))
    line = (
        '<TextLine id="%d" custom="readingOrder {index:%d;} %s"><Coords points="0,0 200,0 200,40 0,40"/><TextEquiv><Unicode>%s</Unicode>'
        "</TextEquiv></TextLine>"
    )
    lines = [line % cells for cells in ((1, 1, "gap {offset:1; length:0;}", "gap"), (2, 0, "unclear {offset:0; length:3;}", "dim"), (3, 2, "", "sure"))]
    page = f'<PcGts><Page imageFilename="p.png" imageWidth="0" imageHeight="0"><TextRegion>{"".join(lines)}</TextRegion></Page></PcGts>'
    (tmp_path / "p.xml").write_text(page)
    for markup, texts in (("keep", ["dim", "gap", "sure"]), ("strip", ["dim", "sure"]), ("drop", ["sure"])):
        assert [s.text for s in samples_in(run_htr("prep", "--markup", markup, tmp_path / "p.xml").stdout)] == texts


def test_no_sample_takes_the_place_of_its_original(run_htr, tmp_path):
    save(tmp_path / "gt" / "1.png", line_picture("one"))
    (tmp_path / "gt" / "1.gt.txt").write_text("one")
    before = {path.name: path.read_bytes() for path in (tmp_path / "gt").iterdir()}
    done = run_htr("prep", tmp_path / "gt", "-o", f"{tmp_path / 'gt'}/")
    assert done.returncode == Exit.USAGE and b"not written into the folder that they are taken from" in done.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "gt").iterdir()} == before
    done = run_htr("prep", tmp_path / "gt" / "1.png", "-o", f"{tmp_path / 'gt'}/")
    assert done.returncode != Exit.OK and b"this is where the picture comes from" in done.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "gt").iterdir()} == before


def test_a_source_that_no_file_can_have_is_none_that_a_sample_replaces(run_htr, tmp_path):
    (tmp_path / "a.tar").write_bytes(tar_of([Sample("a/1", encode_png(line_picture("one")), "one", {"source": "a\0b"})]))
    done = run_htr("prep", tmp_path / "a.tar", "-o", f"{tmp_path / 'out'}/")
    assert done.returncode == Exit.OK and (tmp_path / "out" / "1.gt.txt").read_text() == "one\n", done.stderr.decode()


def test_what_is_written_into_a_folder_of_its_source_is_not_taken_again(run_htr, tmp_path):
    for number in range(12):
        save(tmp_path / "gt" / f"{number}.png", line_picture("one"))
        (tmp_path / "gt" / f"{number}.gt.txt").write_text("one")
    for _ in range(2):
        done = run_htr("prep", "--jobs", "1", "gt", "-o", "gt/lines/", cwd=tmp_path)
        assert done.returncode == Exit.OK and len(list((tmp_path / "gt" / "lines").rglob("*.png"))) == 12, done.stderr


def test_a_stream_that_comes_through_a_pipe_is_taken_whole(run_htr, tmp_path, folder):
    tar = run_htr("prep", folder).stdout
    assert len(samples_in(tar)) > 1
    done = run_htr("prep", "/dev/stdin", input=tar)
    assert [sample.key for sample in samples_in(done.stdout)] == [sample.key for sample in samples_in(tar)], done.stderr
    (tmp_path / "lines.dat").write_bytes(tar)
    assert len(samples_in(run_htr("prep", tmp_path / "lines.dat").stdout)) == len(samples_in(tar))


def test_a_row_of_a_table_is_taken_once_and_its_picture_not_beside_it(run_htr, tmp_path):
    save(tmp_path / "td" / "img" / "1.png", line_picture("one"))
    save(tmp_path / "td" / "img" / "2.png", line_picture("two"))
    (tmp_path / "td" / "names.csv").write_text("filename,text\nimg/1.png,one\nimg/2.png,two\n")
    for given in (["td", "td/names.csv"], ["td/names.csv", "td"], ["td/img", "td/names.csv"], ["td/img/1.png", "td/names.csv"]):
        done = run_htr("prep", *given, cwd=tmp_path)
        assert done.returncode == Exit.OK and sorted(sample.text for sample in samples_in(done.stdout)) == ["one", "two"], (given, done.stderr)
        assert b"1 left out" in done.stderr


def test_a_catalogue_beside_transcriptions_is_not_taken_for_them(run_htr, tmp_path):
    save(tmp_path / "gt" / "1.png", line_picture("one"))
    (tmp_path / "gt" / "1.txt").write_text("one")
    (tmp_path / "gt" / "catalogue.csv").write_text("Filename,Label\n1.png,scanned in May\n")
    assert [sample.text for sample in samples_in(run_htr("prep", tmp_path / "gt").stdout)] == ["one"]


def test_a_typed_copy_is_refused_where_there_is_no_page_for_it(run_htr, folder, tmp_path):
    (tmp_path / "copy.txt").write_text("one")
    done = run_htr("prep", "--text", tmp_path / "copy.txt", folder)
    assert done.returncode == Exit.USAGE and b"--text" in done.stderr and str(folder).encode() in done.stderr


def test_two_typed_copies_of_one_page_are_refused(run_htr, tmp_path):
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text("text")
    (tmp_path / "page.png").symlink_to(SAMPLES / "note.jpg")
    for again in (SAMPLES / "note.jpg", tmp_path / "page.png", f"{SAMPLES}/./note.jpg"):
        done = run_htr("prep", "--text", tmp_path / "one.txt", "--text", tmp_path / "two.txt", SAMPLES / "note.jpg", again)
        assert done.returncode == Exit.USAGE and f"{again} is given twice" in done.stderr.decode()


@pytest.mark.parametrize("text", ['<?xml version="1.0"?><TEI/>', '<TEI xmlns="x">\n<p>a letter</p>\n</TEI>\n', "<unclear> a </unclear> b"])
def test_a_typed_copy_is_plain_text(run_htr, tmp_path, text):
    (tmp_path / "copy.xml").write_text(text)
    done = run_htr("prep", "--text", tmp_path / "copy.xml", SAMPLES / "note.jpg")
    assert (b"expected the transcription of a page as plain text, received XML" in done.stderr) == ("TEI" in text)
    assert done.returncode == Exit.BAD_INPUT


def test_a_page_that_is_named_is_no_line_either(run_htr, tmp_path):
    save(tmp_path / "page.png", line_picture("one"))
    (tmp_path / "page.txt").write_text("one\ntwo\n")
    frames = [Image.fromarray(line_picture(text)) for text in ("one", "two")]
    frames[0].save(tmp_path / "book.tif", save_all=True, append_images=frames[1:])
    done = run_htr("prep", "-v", tmp_path / "page.png", tmp_path / "book.tif")
    assert done.returncode == Exit.BAD_INPUT
    assert b"page.txt: left out: several lines of text" in done.stderr
    assert b"book.tif: left out: several pages: --lines" in done.stderr


def test_a_name_that_may_have_been_meant_for_a_folder_is_pointed_out(folder, run_htr, tmp_path):
    done = run_htr("prep", folder, "-o", tmp_path / "mine")
    assert done.returncode == Exit.OK and b"mine is written as a tar" in done.stderr
    assert b"written as" not in run_htr("prep", folder, "-o", tmp_path / "mine.tar").stderr


def test_a_part_without_documents_is_warned_of(run_htr, tmp_path):
    stream = tar_of([Sample("only/1", encode_png(line_picture("a")), "a")])
    done = run_htr("prep", "--split", "train=50,val=50", "-o", tmp_path / "out", input=stream)
    assert done.returncode == Exit.OK
    assert b"no document fell to" in done.stderr and b"--document" in done.stderr
    assert sorted(os.listdir(tmp_path / "out")) == ["train.tar", "val.tar"]


def test_quiet_says_nothing(folder, run_htr):
    assert run_htr("prep", "-q", folder).stderr == b""


def test_names_that_are_not_utf8_and_names_with_blanks(run_htr, tmp_path):
    picture = cv2.imencode(".png", line_picture("x"))[1].tobytes()
    folder = os.fsencode(tmp_path / "odd")
    os.mkdir(folder)
    for name in (b"caf\xe9", b"with blank"):
        for suffix, content in ((b".png", picture), (b".txt", b"x")):
            with open(os.path.join(folder, name + suffix), "wb") as file:
                file.write(content)
    done = run_htr("prep", tmp_path / "odd")
    assert b"Traceback" not in done.stderr
    assert "odd/with blank" in {s.key for s in samples_in(done.stdout)}


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not beside the checkout")
def test_real_pages_and_lines(run_htr, tmp_path):
    page = sorted((DATA / "pages/val/poilus").glob("*.json"))[0]
    told = json.loads(page.read_text())
    body = "".join(
        f'<TextLine><Coords points="{" ".join(f"{x},{y}" for x, y in line["polygon"])}"/>'
        f'<Baseline points="{" ".join(f"{x},{y}" for x, y in line["baseline"])}"/>'
        f"<TextEquiv><Unicode>line {number}</Unicode></TextEquiv></TextLine>"
        for number, line in enumerate(told["lines"])
    )
    image = page.with_suffix(".jpg")
    (tmp_path / image.name).symlink_to(image)
    size = f'imageWidth="{told["width"]}" imageHeight="{told["height"]}"'
    (tmp_path / "x.xml").write_text(f'<PcGts><Page imageFilename="{image.name}" {size}>{body}</Page></PcGts>')
    samples = samples_in(run_htr("prep", tmp_path).stdout)
    assert len(samples) == len(told["lines"])
    assert all(s.pixels().mean() > 190 for s in samples)


def test_pages_of_one_name_keep_their_lines_apart(run_htr, tmp_path):
    for folder, sample in (("a", "note"), ("b", "letter")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.jpg").write_bytes((SAMPLES / f"{sample}.jpg").read_bytes())
    done = run_htr("prep", "-q", "--lines", tmp_path / "a" / "page.jpg", tmp_path / "b" / "page.jpg", "-o", f"{tmp_path}/mine/")
    assert done.returncode == 0, done.stderr
    alone = [run_htr("prep", "--lines", tmp_path / name / "page.jpg").stdout for name in "ab"]
    counts = [sum(1 for _ in read_samples(io.BytesIO(stream))) for stream in alone]
    assert [len(list((tmp_path / "mine" / name).glob("*.png"))) for name in ("page", "b/page")] == counts


def test_a_folder_that_can_not_be_opened_is_told(monkeypatch, tmp_path):
    def closed(top, onerror, followlinks):
        yield str(top), [], ["a.png"]
        onerror(PermissionError(13, "Permission denied", f"{top}/closed"))

    (tmp_path / "a.png").write_bytes(b"")
    monkeypatch.setattr("os.walk", closed)
    found = [item for item in Finder().find(str(tmp_path)) if isinstance(item, InputError)]
    assert [str(error) for error in found] == [f"{tmp_path}/closed: can't read it: Permission denied"]


def test_no_sample_of_a_tar_is_written_outside_the_folder(run_htr, tmp_path):
    keys = ["a/../../../escaped/one", "//" + str(tmp_path / "absolute") + "/two", "a/./three"]
    (tmp_path / "evil.tar").write_bytes(tar_of(Sample(key, encode_png(line_picture()), "text") for key in keys))
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    done = run_htr("prep", "-q", "../../evil.tar", "-o", "out/", cwd=tmp_path / "deep" / "deeper")
    assert done.returncode == Exit.OK
    assert sorted(path.name for path in (tmp_path / "deep" / "deeper" / "out").rglob("*.png")) == ["one.png", "three.png", "two.png"]
    assert not (tmp_path / "escaped").exists() and not (tmp_path / "absolute").exists()


@pytest.mark.parametrize("name, magic", [("x.tar.gz", b"\x1f\x8b"), ("x.tgz", b"\x1f\x8b"), ("x.tar.bz2", b"BZh"), ("x.tar.xz", b"\xfd7zXZ"), ("X.TAR.GZ", b"\x1f\x8b")])
def test_a_tar_is_compressed_as_its_name_tells(folder, run_htr, tmp_path, name, magic):
    assert run_htr("prep", "-q", folder, "-o", tmp_path / name).returncode == Exit.OK
    content = (tmp_path / name).read_bytes()
    assert content.startswith(magic)
    assert [sample.text for sample in samples_in(content)] == [sample.text for sample in samples_in(run_htr("prep", folder).stdout)]
    assert run_htr("prep", "-q", folder, "-o", tmp_path / name).returncode == Exit.OK and (tmp_path / name).read_bytes() == content
    assert run_htr("prep", "-q", "--split", "train=100", folder, "-o", tmp_path / name).returncode == Exit.OK
    assert (tmp_path / name).is_file()


@pytest.mark.parametrize("to_file", [True, False])
def test_a_folder_that_the_samples_go_to_is_not_read_from_itself(folder, run_htr, to_file):
    (folder / "lines.tar").write_bytes(run_htr("prep", folder).stdout)
    before = len(samples_in((folder / "lines.tar").read_bytes()))
    if to_file:
        done = run_htr("prep", ".", "-o", "lines.tar", cwd=folder)
    else:
        with open(folder / "lines.tar", "wb") as stream:
            command = [sys.executable, "-m", "htrtool", "prep", "."]
            done = subprocess.run(command, stdout=stream, stderr=subprocess.PIPE, cwd=folder, timeout=60)
    assert done.returncode == Exit.OK and b"lines.tar: left out: it is where the samples are written to" in done.stderr
    assert len(samples_in((folder / "lines.tar").read_bytes())) == before


def test_a_folder_within_the_source_that_samples_go_to_is_not_read_from(folder, run_htr):
    for output in (["-o", "out/"], ["-o", "parts/", "--split", "train=100"]):
        made = [run_htr("prep", ".", *output, cwd=folder).stderr.decode().split(" taken")[0].split()[-1] for _ in range(2)]
        assert made[0] == made[1], made
        shutil.rmtree(folder / output[1])


@pytest.mark.parametrize("header", ["scope\tname\tmetric\tvalue", "epoch\tloss\tname\tvalue"])
def test_scores_and_epochs_are_no_transcriptions(folder, run_htr, header):
    before = run_htr("prep", folder).stdout
    (folder / "scores.tsv").write_text(header + "\nfile\tnote\tcer\t0.0123\n")
    assert run_htr("prep", folder).stdout == before
    done = run_htr("prep", folder / "scores.tsv")
    assert done.returncode == Exit.BAD_INPUT and b"found one of scores or epochs" in done.stderr


@pytest.fixture
def as_other_user():
    """What to put before a command so that what is closed to its owner is closed to it, also if the superuser runs it."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv, since the superuser may open anything")
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


@pytest.mark.parametrize("output", ["closed/out.tar", "closed/out/", "unread.bin"])
def test_where_one_may_not_look_is_told(as_other_user, tmp_path, output):
    save(tmp_path / "gt/1.png", line_picture("one"))
    (tmp_path / "gt/1.gt.txt").write_text("one\n")
    (tmp_path / "unread.bin").write_text("typed\n")
    (tmp_path / "closed").mkdir()
    for place in ("closed", "unread.bin"):
        (tmp_path / place).chmod(0)
    done = subprocess.run(
        [*as_other_user, sys.executable, "-m", "htrtool", "prep", "gt", "closed/gt", "-o", output],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    (tmp_path / "closed").chmod(0o700)
    assert done.returncode == Exit.UNWRITTEN and "Traceback" not in done.stderr
    assert f"htr prep: {output.rstrip('/')}: " in done.stderr and "Permission denied" in done.stderr


def test_a_source_in_a_folder_that_may_not_be_looked_into_is_told(as_other_user, tmp_path):
    (tmp_path / "closed").mkdir(mode=0)
    for command in (["prep", "closed/gt"], ["eval", "closed/truth.tsv", "-"]):
        done = subprocess.run(
            [*as_other_user, sys.executable, "-m", "htrtool", *command],
            cwd=tmp_path, input="", capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == Exit.BAD_INPUT and f"{command[1]}: can't read it: Permission denied" in done.stderr
    (tmp_path / "closed").chmod(0o700)

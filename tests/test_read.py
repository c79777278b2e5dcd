"""``htr read`` and ``htrtool.read`` as users meet them."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from read_pages import place, read_page
from tars import sample_of, tar_of
from tiny_model import draw_line

import htrtool
from htrtool.core import page_lines
from htrtool.core.cut import Cut
from htrtool.core.errors import InputError
from htrtool.core.modelfile import SHIPPED, model_folders
from htrtool.core.place import Place
from htrtool.core.rows import RowForm, row_writer
from htrtool.core.sample_stream import SampleWriter
from htrtool.core.samples import Sample, encode_png
from htrtool.exits import Exit

HEADER = "file\tpage\tline\tleft\ttop\twidth\theight\tconf\ttext"


@pytest.fixture
def lines(tmp_path):
    """Three pictures of lines, and what stands in them."""
    texts = {"a": "abc", "b": "hag deaf", "c": "cab"}
    for name, text in texts.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), draw_line(text))
    return {str(tmp_path / f"{name}.png"): text for name, text in texts.items()}


def rows_of(result):
    header, *rows = result.stdout.decode().splitlines()
    assert header == HEADER
    return [row.split("\t") for row in rows]


def test_table_of_lines(run_htr, tiny_model, lines):
    result = run_htr("read", "-m", tiny_model, "--mode", "line", *lines)
    assert result.returncode == Exit.OK and result.stderr == b""
    rows = rows_of(result)
    assert [(row[0], row[8]) for row in rows] == list(lines.items())
    assert all(row[1:3] == ["1", "1"] and 0 <= float(row[7]) <= 1 for row in rows)
    assert rows[0][3:7] == ["0", "0", str(draw_line("abc").shape[1]), "64"]


def test_text_and_json_lines(run_htr, tiny_model, lines):
    text = run_htr("read", "-m", tiny_model, "--mode", "line", "-f", "txt", *lines)
    assert text.stdout.decode().splitlines() == list(lines.values())
    objects = run_htr("read", "-m", tiny_model, "--mode", "line", "-f", "jsonl", *lines).stdout.decode().splitlines()
    assert [json.loads(line)["text"] for line in objects] == list(lines.values())
    assert list(json.loads(objects[0])) == [*HEADER.split("\t")[:-1], "baseline", "polygon", "text"]


def test_what_is_found_on_a_page_but_reads_as_nothing_is_left_out(tiny_model, lines, tmp_path, monkeypatch):
    found = [draw_line("abc"), np.full((64, 200), 255, np.uint8), draw_line("de")]
    monkeypatch.setattr(page_lines, "shows_one_line", lambda pixels, threads: False)
    monkeypatch.setattr(page_lines, "cut_lines", lambda pixels, threads: [Cut(line, Place.of_picture(line.shape[1], 64)) for line in found])
    read = list(htrtool.read(list(lines)[:2], model=str(tiny_model)))
    assert [(row.line, row.text) for row in read] == 2 * [(1, "abc"), (3, "de")]


def test_pages_of_text_are_parted_by_an_empty_line_and_pictures_of_lines_are_not():
    def written(*pages):
        stream = io.StringIO()
        write = row_writer(RowForm("txt"), stream)
        for page in pages:
            for line in page.lines:
                write(page, line)
        return stream.getvalue()

    somewhere = place(0, 0, 9, 9)
    letter, note = (read_page(*((text, somewhere) for text in texts)) for texts in (("a", "b"), ("c", "d")))
    lines = [read_page((text, somewhere)) for text in "ef"]
    assert written(letter, note) == "a\nb\n\nc\nd\n"
    assert written(*lines) == "e\nf\n"
    assert written(lines[0], letter, lines[1]) == "e\n\na\nb\n\nf\n"


def test_no_header_so_that_tables_can_be_joined(run_htr, tiny_model, lines):
    result = run_htr("read", "-m", tiny_model, "--mode", "line", "--no-header", *lines)
    assert len(result.stdout.splitlines()) == 3
    assert run_htr("read", "-m", tiny_model, "--no-header", "-f", "txt", *lines).returncode == Exit.USAGE


def test_output_file_takes_the_place_of_the_old_one_when_whole(run_htr, tiny_model, lines, tmp_path):
    result = run_htr("read", "-m", tiny_model, "--mode", "line", "-o", tmp_path / "out.tsv", *lines)
    assert result.stdout == b"" and len((tmp_path / "out.tsv").read_text().splitlines()) == 4


def hard_inputs(folder):
    """Inputs that break careless readers, and the words that the message of those must have that can't be read."""
    noise = np.random.default_rng(0).integers(0, 255, (64, 200), np.uint8)
    line = draw_line("abc")
    (folder / "folder").mkdir()
    (folder / "truncated.png").write_bytes(encode_png(noise)[:3000])
    (folder / "zero.png").write_bytes(b"")
    (folder / "text.png").write_text("Dear diary")
    cv2.imwrite(str(folder / "dot.png"), np.zeros((1, 1), np.uint8))
    cv2.imwrite(str(folder / "strip.png"), np.full((10, 30_000), 255, np.uint8))
    Image.fromarray(line).convert("RGB").convert("CMYK").save(folder / "cmyk.jpg", quality=100)
    cv2.imwrite(str(folder / "deep.png"), line.astype(np.uint16) * 257)
    clear = np.dstack([np.zeros((*line.shape, 3), np.uint8), 255 - line])
    cv2.imwrite(str(folder / "clear.png"), clear)
    return {
        "truncated.png": "breaks off",
        "zero.png": "empty file",
        "text.png": "received text",
        "dot.png": "1×1",
        "strip.png": "30000×10",
        "folder": "a folder",
        "missing.png": "No such file",
        "cmyk.jpg": None,
        "deep.png": None,
        "clear.png": None,
    }


def test_bad_files_among_good_ones(run_htr, tiny_model, tmp_path, lines):
    inputs = hard_inputs(tmp_path)
    good = next(iter(lines))
    names = [good, *(str(tmp_path / name) for name in inputs), good]
    result = run_htr("read", "-m", tiny_model, "--mode", "line", *names)
    assert result.returncode == Exit.SOME_FAILED
    readable = [str(tmp_path / name) for name, words in inputs.items() if words is None]
    rows = rows_of(result)
    assert [row[0] for row in rows] == [good, *readable, good]
    assert {row[8] for row in rows} == {"abc"}
    messages = result.stderr.decode().splitlines()
    unreadable = [(name, words) for name, words in inputs.items() if words is not None]
    assert len(messages) == len(unreadable)
    for message, (name, words) in zip(messages, unreadable):
        assert message.startswith(f"htr read: {tmp_path / name}: ") and words in message


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_messages_that_can_not_be_written_change_nothing_else(tiny_model, lines):
    def outcome(arguments, stderr):
        done = subprocess.run([sys.executable, "-m", "htrtool", "read", *arguments], stdout=subprocess.PIPE, stderr=stderr)
        return done.returncode, done.stdout

    first, *others = lines
    reader, gone = os.pipe()
    os.close(reader)
    with open("/dev/full", "wb") as full, open(gone, "wb") as pipe:
        for arguments in (["-m", tiny_model, "--mode", "line", first, "missing.png", *others], ["missing.png"], ["--nothing"]):
            told = outcome(arguments, subprocess.DEVNULL)
            assert told[0] and outcome(arguments, full) == outcome(arguments, pipe) == told


def test_nothing_but_bad_input(run_htr, tiny_model, tmp_path):
    assert run_htr("read", "-m", tiny_model, tmp_path / "none.png").returncode == Exit.BAD_INPUT
    assert run_htr("read", "-m", tiny_model, input=b"").returncode == Exit.BAD_INPUT


@pytest.mark.parametrize("form", ["tsv", "pdf"])
def test_where_nothing_can_be_written_nothing_is_read_first(run_htr, tiny_model, tmp_path, lines, form):
    for output in (tmp_path / "none" / "out", tmp_path):
        result = run_htr("read", "-m", tiny_model, "-f", form, "-o", output, tmp_path / "missing.png", *lines)
        assert result.returncode == Exit.UNWRITTEN and b"can't write" in result.stderr
        assert b"missing.png" not in result.stderr


def test_what_is_wrong_with_one_page_of_several_says_which(run_htr, tiny_model, tmp_path, lines):
    pages = [Image.open(line).convert("L") for line in list(lines)[:2]]
    pages[1] = pages[1].resize((9000, 20))
    pages[0].save(tmp_path / "book.tif", save_all=True, append_images=pages[1:])
    result = run_htr("read", "-m", tiny_model, "--mode", "line", tmp_path / "book.tif")
    assert result.returncode == Exit.SOME_FAILED and b"book.tif: page 2: expected a text line" in result.stderr


def test_a_list_of_names_in_utf16_is_called_so_and_an_empty_one_makes_no_pdf(run_htr, tiny_model, tmp_path, lines):
    (tmp_path / "list").write_bytes("\r\n".join(map(str, lines)).encode("utf-16"))
    result = run_htr("read", "--files-from", tmp_path / "list")
    assert result.returncode == Exit.BAD_INPUT and b"iconv -f UTF-16" in result.stderr and b"-0" not in result.stderr
    (tmp_path / "list").write_bytes(b"")
    result = run_htr("read", "-m", tiny_model, "--files-from", tmp_path / "list", "-o", tmp_path / "book.pdf")
    assert b"no PDF is written" in result.stderr and not (tmp_path / "book.pdf").exists()


@pytest.mark.parametrize("suffix, kind", [(".jpg", "a picture"), (".png", "a picture"), (".ppm", "a picture"), (".pdf", "a PDF")])
@pytest.mark.parametrize("null", [False, True])
def test_a_picture_in_the_place_of_a_list_of_names_is_called_so(run_htr, tmp_path, lines, suffix, kind, null):
    file = tmp_path / f"page{suffix}"
    Image.open(next(iter(lines))).convert("RGB").save(file)
    result = run_htr("read", "--files-from", file, *["-0"] * null)
    assert result.returncode == Exit.BAD_INPUT and not result.stdout
    told = result.stderr.decode()
    assert f"{file}: expected a list of names, one a line, received {kind}" in told and "without --files-from" in told


def test_names_that_end_with_nul_bytes_ask_for_0(run_htr, lines):
    result = run_htr("read", "--files-from", "-", input=b"\0".join(str(line).encode() for line in lines))
    assert result.returncode == Exit.USAGE and b"give -0 too" in result.stderr


@pytest.mark.parametrize("name", ["", "."])
def test_an_empty_name_of_a_model_is_told(run_htr, lines, name):
    result = run_htr("read", "-m", name, *lines)
    assert result.returncode == Exit.MODEL and b"found no such model" in result.stderr


def test_a_missing_language_model_is_called_so(run_htr, lines):
    result = run_htr("read", "--lm", "latin-small", *lines)
    assert result.returncode == Exit.MODEL and b"latin-small: expected a language model's file or one of the names latin;" in result.stderr


def test_closed_standard_streams_are_no_crash(tiny_model, lines):
    command = '"$0" -m htrtool read -m "$1" --mode line "$2"'
    for closed, status in ((">&-", Exit.UNWRITTEN), ("<&-", Exit.OK), ("2>&-", Exit.OK)):
        done = subprocess.run(["sh", "-c", f"{command} {closed}", sys.executable, tiny_model, next(iter(lines))], capture_output=True)
        assert done.returncode == status and b"Traceback" not in done.stderr
        assert status == Exit.OK or done.stderr.startswith(b"htr read: the output can't be written")


def test_json_lines_are_utf8_whatever_the_name_of_the_file(run_htr, tiny_model, tmp_path, lines):
    odd = os.fsencode(tmp_path) + b"/bad\xff.png"
    with open(odd, "wb") as out:
        out.write(encode_png(draw_line("abc")))
    result = run_htr("read", "-m", tiny_model, "--mode", "line", "-f", "jsonl", os.fsdecode(odd))
    assert json.loads(result.stdout.decode())["file"].endswith("bad\ufffd.png")


def test_a_missing_model_says_which_there_are(run_htr, lines):
    result = run_htr("read", "-m", "klingon", *lines)
    assert result.returncode == Exit.MODEL and b"klingon" in result.stderr and result.stdout == b""


def test_who_has_no_home_has_the_models_that_are_shipped(monkeypatch):
    pwd = pytest.importorskip("pwd")

    def unknown(_):
        raise KeyError("uid not found")

    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    assert model_folders() == [SHIPPED]


@pytest.mark.parametrize("shape", [(900, 700), (64, 600)])
def test_an_empty_page_is_no_error_but_is_told(run_htr, tiny_model, tmp_path, shape):
    cv2.imwrite(str(tmp_path / "blank.png"), np.full(shape, 250, np.uint8))
    result = run_htr("read", "-m", tiny_model, tmp_path / "blank.png")
    assert result.returncode == Exit.OK and rows_of(result) == []
    assert b"no line found on page 1" in result.stderr
    assert run_htr("read", "-q", "-m", tiny_model, tmp_path / "blank.png").stderr == b""


def test_a_picture_that_looks_like_a_line_but_in_which_nothing_is_read_is_told(tiny_model, lines, monkeypatch):
    from htrtool.core.language import reader_for
    from htrtool.core.pipeline import Pipeline

    told, names = [], list(lines)
    reader = reader_for(str(tiny_model), "none")
    read = reader.read
    monkeypatch.setattr(reader, "read", lambda looks, context: read(looks, context)._replace(text=""))
    for mode, rows in (("auto", 0), ("line", 3)):
        told.clear()
        pipeline = Pipeline(reader, names, mode=mode, on_empty=lambda file, page, annotated: told.append(file))
        assert len(list(pipeline)) == rows and told == names[rows:]


def test_samples_from_a_pipe(run_htr, tiny_model, tmp_path):
    (tmp_path / "lines.tar").write_bytes(tar_of(sample_of(f"d/{text}", draw_line(text)) for text in ("abc", "bad")))
    with open(tmp_path / "lines.tar", "rb") as stream:
        result = run_htr("read", "-m", tiny_model, stdin=stream)
    assert [(row[0], row[8]) for row in rows_of(result)] == [("-/d/abc", "abc"), ("-/d/bad", "bad")]


def test_names_from_a_list(run_htr, tiny_model, lines):
    names = "\0".join(lines).encode()
    result = run_htr("read", "-m", tiny_model, "--mode", "line", "-0", "--files-from", "-", input=names)
    assert [row[0] for row in rows_of(result)] == list(lines)


def test_names_from_a_list_are_found_in_a_locale_that_is_not_utf8(run_htr, tiny_model, tmp_path):
    content = encode_png(draw_line("abc"))
    names = ["é.png".encode(), b"\xe9.png"]
    for name in names:
        with open(os.fsencode(tmp_path) + b"/" + name, "wb") as file:
            file.write(content)
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    read = ["read", "-m", tiny_model, "--mode", "line", "--no-header", "--files-from", "-"]
    result = run_htr(*read, input=b"\n".join(names), cwd=tmp_path, env=environment)
    assert result.returncode == Exit.OK and [row.split(b"\t")[0] for row in result.stdout.splitlines()] == names


def test_reading_needs_neither_tensorflow_nor_pandas_nor_matplotlib(tiny_model, lines):
    script = (
        "import sys; sys.argv[1:] = sys.argv[2:]\n"
        "from htrtool.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({m.partition('.')[0] for m in sys.modules}"
        " & {'tensorflow', 'keras', 'pandas', 'matplotlib', 'onnx', 'torch', 'lxml', 'pikepdf'}), file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, "-", "read", "-m", tiny_model, *lines], capture_output=True, text=True
    )
    assert result.returncode == 0 and result.stderr.splitlines()[-1] == "[]"


def test_importing_htrtool_imports_nothing_heavy():
    script = (
        "import sys, htrtool, htrtool.cli\n"
        "print(sorted({m.partition('.')[0] for m in sys.modules} & {'numpy', 'cv2', 'onnxruntime', 'pandas'}))"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "[]\n"


def test_a_reader_that_goes_away_ends_it_quietly(tiny_model, tmp_path):
    (tmp_path / "lines.tar").write_bytes(tar_of(sample_of(f"d/{index}", draw_line("abc")) for index in range(3000)))
    process = subprocess.Popen(
        [sys.executable, "-m", "htrtool", "read", "-m", tiny_model, tmp_path / "lines.tar"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(30) == Exit.OK


def test_rows_come_while_the_input_is_still_open_and_ctrl_c_ends_it(tiny_model):
    process = subprocess.Popen(
        [sys.executable, "-m", "htrtool", "read", "-m", tiny_model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    writer = SampleWriter(process.stdin)
    for index in range(200):
        writer.write(Sample(f"d/{index}", encode_png(draw_line("abc"))))
    process.stdin.flush()
    assert process.stdout.readline().decode().rstrip() == HEADER
    assert process.stdout.readline().endswith(b"abc\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == Exit.INTERRUPTED
    assert b"Traceback" not in process.stderr.read()


def test_memory_stays_flat(tiny_model, tmp_path, memory_of):
    (tmp_path / "lines.tar").write_bytes(tar_of(sample_of(f"d/{index}", draw_line("abcdefgh" * 8)) for index in range(1500)))
    status, kilobytes = memory_of(sys.executable, "-m", "htrtool", "read", "-m", tiny_model, tmp_path / "lines.tar")
    assert status == 0 and kilobytes < 500_000


@pytest.mark.skipif(not hasattr(os, "wait4"), reason="needs the time that a child took")
def test_start_up_is_quick(tiny_model, lines):
    def seconds(*arguments):
        # CPU time, since other work on the machine makes the clock's useless.
        process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
        _, process.returncode, usage = os.wait4(process.pid, 0)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    commands = ("-c", "import onnxruntime"), ("-m", "htrtool", "read", "-m", tiny_model, next(iter(lines)))
    # In turn, since beside other tests even CPU time is longer.
    base, whole = map(min, zip(*([seconds(*command) for command in commands] for _ in range(7))))
    # On a slow machine all of it takes longer, the import too.
    assert whole - base < max(0.5, 1.75 * base)


def test_from_python(tiny_model, lines):
    rows = list(htrtool.read(list(lines), tiny_model, mode="line"))
    assert [(row.file, row.text) for row in rows] == list(lines.items())
    frame = htrtool.read(next(iter(lines)), tiny_model, mode="line", frame=True)
    assert list(frame.columns) == HEADER.split("\t") and frame.text.tolist() == ["abc"]


def test_python_ends_while_lines_are_still_to_be_read(tiny_model, lines):
    code = "import sys, htrtool; lines = htrtool.read(sys.argv[2:] * 2000, sys.argv[1], mode='line'); print(next(lines).text)"
    done = subprocess.run([sys.executable, "-c", code, tiny_model, *lines], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "abc\n", "")


def test_what_is_no_path_is_told_from_python(tiny_model, lines):
    picture = Path(next(iter(lines)))
    for given in (picture.read_bytes(), np.zeros((64, 200), np.uint8), io.BytesIO(picture.read_bytes()), Image.open(picture), None, 3):
        with pytest.raises(TypeError, match="expected the path of an image, received .*: write it to a file"):
            list(htrtool.read(given, tiny_model, mode="line"))
    frame = htrtool.read(np.array(list(lines)), tiny_model, mode="line", frame=True)
    assert frame.file.tolist() == list(lines)


def test_problems_from_python(tiny_model, lines):
    with pytest.raises(InputError, match="nowhere"):
        list(htrtool.read(["nowhere.png", *lines], tiny_model))
    told = []
    rows = list(htrtool.read(["nowhere.png", *lines], tiny_model, mode="line", on_problem=told.append))
    assert len(rows) == 3 and len(told) == 1


@pytest.mark.parametrize("place", ["pipeline.page_sources", "pages.load_picture"])
def test_an_error_that_no_one_foresaw_is_of_one_input_and_ends_no_run(tiny_model, lines, monkeypatch, place):
    from htrtool.core import pages, pipeline

    module, name = {"pipeline": pipeline, "pages": pages}[place.split(".")[0]], place.split(".")[1]
    whole, (bad, *good) = getattr(module, name), lines

    def failing(*arguments):
        if bad in arguments:
            raise LookupError("no such thing")
        return whole(*arguments)

    monkeypatch.setattr(module, name, failing)
    told = []
    rows = list(htrtool.read([bad, *good], tiny_model, mode="line", on_problem=told.append))
    assert [row.file for row in rows] == good
    assert len(told) == 1 and bad in str(told[0]) and "LookupError: no such thing" in str(told[0])


def test_what_was_read_comes_back_as_a_frame(run_htr, tiny_model, lines, tmp_path):
    run_htr("read", "-m", tiny_model, "--mode", "line", "-o", tmp_path / "out.tsv", *lines)
    frame = htrtool.read_table(tmp_path / "out.tsv")
    assert (
        frame.text.tolist() == list(lines.values())
        and frame.height.tolist() == [64] * 3
        and frame.conf.dtype == "float64"
    )
    with pytest.raises(InputError):
        htrtool.read_table(tmp_path / "none.tsv")
    (tmp_path / "empty.tsv").write_text((tmp_path / "out.tsv").read_text().splitlines(True)[0].replace("line\t", "line\tword\t"))
    table = (tmp_path / "out.tsv").read_text()
    (tmp_path / "sheet.tsv").write_text("".join("\t".join(f'"{cell}"' for cell in line.split("\t")) + "\n" for line in table.splitlines()))
    (tmp_path / "spoken.tsv").write_text(table.replace("\tabc\n", '\t"a ""b"" c"\n'))
    assert htrtool.read_table(tmp_path / "sheet.tsv").equals(frame) and htrtool.read_table(tmp_path / "spoken.tsv").text[0] == 'a "b" c'
    empty = htrtool.read_table(tmp_path / "empty.tsv")
    assert not len(empty) and empty.word.dtype == "Int64" and empty.conf.dtype == "float64"
    read = htrtool.read(list(lines), tiny_model, mode="line", frame=True)
    assert read.dtypes[frame.columns].tolist() == frame.dtypes.tolist()


def test_a_name_that_says_nothing_of_a_table_is_warned_of(run_htr, tiny_model, lines, tmp_path):
    for name, warned in (("x.csv", True), ("x.json", True), ("x.tsv", False), ("x", False)):
        done = run_htr("read", "-m", tiny_model, "--mode", "line", "-o", tmp_path / name, next(iter(lines)))
        assert done.returncode == Exit.OK and (b"gets a table with tabs" in done.stderr) == warned


def test_a_file_s_name_of_another_kind_does_not_become_a_folder(run_htr, tiny_model, lines, tmp_path):
    for name, kind in (("x.pdf", b"pdf"), ("x.TSV", b"tsv"), ("x.txt", b"txt")):
        done = run_htr("read", "-m", tiny_model, "--mode", "line", "-f", "alto", "-o", tmp_path / name, next(iter(lines)))
        assert done.returncode == Exit.USAGE and b"a file of -f " + kind in done.stderr and not (tmp_path / name).exists()
        done = run_htr("read", "-m", tiny_model, "--mode", "line", "-f", "alto", "-o", f"{tmp_path / name}/", next(iter(lines)))
        assert done.returncode == Exit.OK and [path.name for path in (tmp_path / name).iterdir()] == ["a.xml"]


@pytest.mark.parametrize("numbers", [{"threads": 0}, {"nbest": 2.5}, {"looks": "auto"}, {"beam": 0}, {"dpi": float("nan")}, {"min_conf": 2}, {"batch": None}])
def test_numbers_out_of_bounds_are_told(tiny_model, numbers):
    with pytest.raises(ValueError, match=f"expected {next(iter(numbers))} to be a"):
        htrtool.read([], tiny_model, **numbers)


@pytest.mark.parametrize("name", ["a\0b.png", "a\ud800.png"])
def test_a_name_that_no_file_can_have_stops_nothing(tiny_model, lines, name):
    told = []
    read = htrtool.read([name, *lines], tiny_model, mode="line", on_problem=told.append)
    assert [line.text for line in read] == list(lines.values()) and "no file's name has" in str(told[0])


def test_an_empty_name_is_told_from_python_too(tiny_model, lines):
    with pytest.raises(InputError, match="expected the name of a file, received ''"):
        list(htrtool.read("", tiny_model))
    told = []
    read = htrtool.read([next(iter(lines)), ""], tiny_model, mode="line", on_problem=told.append)
    assert len(list(read)) == 1 and "received ''" in str(told[0])


def test_a_mode_that_is_none_is_told(tiny_model):
    with pytest.raises(ValueError, match="auto, page, line, received 'lines'"):
        htrtool.read([], tiny_model, mode="lines")


def test_a_bad_sample_among_good_ones_is_told_and_the_others_are_read(run_htr, tiny_model, tmp_path):
    content = tar_of(sample_of(key, draw_line(text), text) for key, text in (("a/1", "bad"), ("a/2", "cab"), ("a/3", "dad")))
    (tmp_path / "x.tar").write_bytes(content.replace(b"cab\0", b"c\xe9b\0"))
    result = run_htr("read", "-m", tiny_model, "-f", "txt", tmp_path / "x.tar")
    assert result.returncode == Exit.SOME_FAILED and b"'a/2'" in result.stderr
    assert result.stdout == b"bad\ndad\n"


def test_if_nothing_can_be_read_the_old_file_stays(run_htr, tiny_model, tmp_path):
    (tmp_path / "out.tsv").write_text("precious\n")
    result = run_htr("read", "-m", tiny_model, "-o", tmp_path / "out.tsv", tmp_path / "missing.png")
    assert result.returncode == Exit.BAD_INPUT and b"nothing is written" in result.stderr
    assert (tmp_path / "out.tsv").read_text() == "precious\n"
    result = run_htr("read", "-m", tiny_model, "-o", "/dev/null", tmp_path / "missing.png")
    assert result.returncode == Exit.BAD_INPUT and b"nothing is written" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["out.tsv"]


def test_nothing_is_noted_down_of_the_computer(run_htr, tiny_model, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")} | {"HOME": str(home)}
    cv2.imwrite(str(tmp_path / "x.png"), draw_line("bad"))
    assert run_htr("read", "-m", tiny_model, tmp_path / "x.png", env=environment).returncode == Exit.OK
    assert not list(home.iterdir())


@pytest.mark.parametrize("told, status", [(signal.SIGTERM, Exit.TERMINATED), (signal.SIGINT, Exit.INTERRUPTED)])
def test_a_second_signal_does_not_disturb_the_end(tiny_model, tmp_path, told, status):
    (tmp_path / "x.tar").write_bytes(tar_of(sample_of(f"a/{number}", draw_line("bad cab")) for number in range(3000)))
    command = [sys.executable, "-m", "htrtool", "read", "-m", str(tiny_model), str(tmp_path / "x.tar")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.readline()
    for _ in range(3):
        process.send_signal(told)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == status and not stderr.strip()


@pytest.mark.parametrize("name, begin", [("x.txt", b"bad"), ("x.jsonl", b"{"), ("x.pdf", b"%PDF"), ("x.hocr", b"<?xml"), ("x.tsv", b"file\t")])
def test_the_format_is_as_the_name_of_the_output_tells(run_htr, tiny_model, tmp_path, name, begin):
    cv2.imwrite(str(tmp_path / "x.png"), draw_line("bad"))
    assert run_htr("read", "-m", tiny_model, "-o", tmp_path / name, tmp_path / "x.png").returncode == Exit.OK
    assert (tmp_path / name).read_bytes().startswith(begin)
    assert run_htr("read", "-m", tiny_model, "-f", "tsv", "-o", tmp_path / name, tmp_path / "x.png").returncode == Exit.OK
    assert (tmp_path / name).read_bytes().startswith(b"file\t")
    result = run_htr("read", "-m", tiny_model, "-o", tmp_path / "x.xml", tmp_path / "x.png")
    assert result.returncode == Exit.USAGE and b"give -f alto or -f page" in result.stderr


def test_a_pdf_whose_only_page_is_too_large_is_told(run_htr, tiny_model, tmp_path):
    Image.new("L", (600, 800), 255).save(tmp_path / "x.pdf", resolution=10)
    result = run_htr("read", "-m", tiny_model, "--dpi", "2400", tmp_path / "x.pdf")
    assert result.returncode == Exit.BAD_INPUT and b"megapixels" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_where_a_document_can_not_be_written_is_told_before_anything_is_read(run_htr, tiny_model, tmp_path):
    result = run_htr("read", "-m", tiny_model, "-f", "alto", "-o", tmp_path / "nowhere" / "x.xml", tmp_path / "missing.png")
    assert result.returncode == Exit.UNWRITTEN and b"nowhere" in result.stderr and b"missing.png" not in result.stderr


def test_a_list_of_files_may_begin_with_a_byte_order_mark(run_htr, tiny_model, tmp_path):
    cv2.imwrite(str(tmp_path / "x.png"), draw_line("bad"))
    (tmp_path / "names").write_text("\ufeffx.png\r\n", encoding="utf-8")
    assert run_htr("read", "-m", tiny_model, "--files-from", "names", cwd=tmp_path).returncode == Exit.OK


@pytest.mark.parametrize("moment, year", [("0", b"1970"), ("99999999999999", b"20"), ("²", b"20"), ("-1", b"1969")])
def test_the_moment_that_a_page_tells_may_be_set(run_htr, tiny_model, tmp_path, moment, year):
    cv2.imwrite(str(tmp_path / "x.png"), draw_line("bad"))
    result = run_htr("read", "-m", tiny_model, "-f", "page", tmp_path / "x.png", env=os.environ | {"SOURCE_DATE_EPOCH": moment})
    assert result.returncode == Exit.OK and b"<Created>" + year in result.stdout

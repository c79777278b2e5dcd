"""``htr plot``: what is drawn of which table, and how it ends."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import pytest
from tars import sample_of, tar_of

from htrtool.cli import main
from htrtool.core import pages as page_module
from htrtool.exits import Exit

EPOCHS = """epoch\tstep\tsamples\tseconds\tlr\tloss\tval_loss\tval_cer\tval_wer
1\t10\t160\t60\t0.0005\t90\t80\t0.91\t1.05
2\t20\t320\t120\t0.001\t40\t44\t0.52\t0.9
3\t30\t480\t180\t0.0001\t20\t30\t0.25\t0.61
"""
HEADER = "file\tpage\tline\tleft\ttop\twidth\theight\tconf\ttext\n"
KINDS = ("png", "svg", "pdf")
BLUE, RED = (0x0B, 0x3D, 0x68), (0xC1, 0x27, 0x2D)


def run(*arguments, stdin=b""):
    """Run ``htr plot`` with files for its streams, within this process: Matplotlib takes long to start."""
    command = ["htr", "plot", *map(str, arguments)]
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        streams[0].write(stdin.encode() if isinstance(stdin, str) else stdin)
        streams[0].seek(0)
        for descriptor, stream in enumerate(streams):
            kept = os.dup(descriptor)
            stack.callback(os.close, kept)
            stack.callback(os.dup2, kept, descriptor)
            os.dup2(stream.fileno(), descriptor)
        stack.enter_context(contextlib.redirect_stderr(open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)))
        stack.enter_context(mock.patch.object(sys, "argv", command))
        # What ends this process is for pytest to see to.
        stack.enter_context(mock.patch("signal.signal"))
        with pytest.raises(SystemExit) as ended:
            main()
        for stream in streams:
            stream.seek(0)
        return subprocess.CompletedProcess(command, ended.value.code, *(stream.read() for stream in streams[1:]))


def picture(result):
    """Return (height, width, 3) uint8, red first."""
    assert result.returncode == Exit.OK, result.stderr.decode()
    pixels = cv2.imdecode(np.frombuffer(result.stdout, np.uint8), cv2.IMREAD_COLOR)
    return pixels[..., ::-1]


def near(pixels, colour):
    return int((np.abs(pixels.astype(int) - colour).max(axis=-1) < 12).sum())


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.png"
    pixels = np.full((300, 400), 255, np.uint8)
    cv2.putText(pixels, "hello", (60, 100), cv2.FONT_HERSHEY_SCRIPT_COMPLEX, 2, 0, 2)
    cv2.imwrite(str(path), pixels)
    return path


def page_xml(image, pages=1):
    """Describe a page of 400 × 300 pixels on which hello stands, or several of them."""
    line = '<TextLine><Coords points="60,50 260,50 260,110 60,110"/><TextEquiv><Unicode>hello</Unicode></TextEquiv></TextLine>'
    page = f'<Page imageFilename="{image}" imageWidth="400" imageHeight="300"><TextRegion>{line}</TextRegion></Page>'
    return f"<PcGts>{page * pages}</PcGts>"


# Learning curves


def test_epochs_become_curves_whose_svg_says_what_they_are():
    result = run("-f", "svg", "--title", "A $1 run", stdin=EPOCHS)
    assert result.returncode == Exit.OK
    text = result.stdout.decode()
    for words in ("A $1 run", "training", "validation", "characters", "words", "learning rate", "epoch", "characters (25.0%)"):
        assert words in text


def test_the_same_table_gives_the_same_bytes():
    drawn = b"".join(run("-f", kind, stdin=EPOCHS).stdout for kind in KINDS)
    # In another process sets have another order.
    code = "import sys; from test_plot import *; sys.stdout.buffer.write(b''.join(run('-f', kind, stdin=EPOCHS).stdout for kind in KINDS))"
    again = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=Path(__file__).parent)
    assert drawn and again.stdout == drawn, again.stderr


def test_a_list_without_names_is_told_of_and_standard_input_is_left_alone(tmp_path):
    (tmp_path / "list").write_text("")
    result = run("-f", "svg", "--files-from", tmp_path / "list", stdin=EPOCHS)
    assert result.returncode == Exit.BAD_INPUT and b"--files-from" in result.stderr and not result.stdout


def test_several_runs_are_drawn_over_each_other_along_samples_or_time(tmp_path):
    for name in ("small", "large_$x$"):
        (tmp_path / f"{name}.tsv").write_text(EPOCHS)
    tables = sorted(tmp_path.glob("*.tsv"))
    text = run("-f", "svg", "--x", "samples", *tables).stdout.decode()
    assert "samples seen" in text and "small.tsv (25.0%)" in text and "large_$x$.tsv (25.0%)" in text
    assert "time (minutes)" in run("-f", "svg", "--x", "seconds", *tables).stdout.decode()
    longer = EPOCHS.replace("\t180\t", "\t18000\t")
    assert "time (hours)" in run("-f", "svg", "--x", "seconds", stdin=longer).stdout.decode()


def test_each_of_many_runs_has_a_colour_of_its_own(tmp_path):
    for number in range(14):
        (tmp_path / f"{number}.tsv").write_text(EPOCHS)
    text = run("-f", "svg", *sorted(tmp_path.glob("*.tsv"))).stdout.decode()
    legend = text[text.rindex('<g id="legend_') :]
    assert len(set(re.findall(r"stroke: (#[0-9a-f]{6})", legend))) == 14


def test_each_of_many_hands_and_tables_of_scores_has_a_colour_of_its_own(tmp_path):
    header, row = HANDS.splitlines()[:2]
    hands = run("-f", "svg", stdin="\n".join([header, *(row.replace("hooker", f"hand{number}") for number in range(14))]))
    for number in range(14):
        (tmp_path / f"{number}.tsv").write_text(SCORES)
    scores = run("-f", "svg", *sorted(tmp_path.glob("*.tsv")))
    for drawn in (hands.stdout.decode(), scores.stdout.decode()):
        legend = drawn[drawn.rindex('<g id="legend_') :]
        assert len(set(re.findall(r"stroke: (#[0-9a-f]{6})", legend)) - {"#808080", "#cccccc"}) >= 14


def test_the_axis_of_a_single_epoch_tells_whole_epochs():
    ticks = re.findall(r'<g id="xtick_\d+">', run("-f", "svg", stdin="epoch\tloss\n1\t5\n").stdout.decode())
    assert len(ticks) == 1


def test_columns_may_be_few_reordered_and_partly_empty():
    text = run("-f", "svg", stdin="loss\tval_cer\tepoch\n9\t\t1\n8\t0.5\t2\n").stdout.decode()
    assert "loss" in text and "50.0%" in text and "learning rate" not in text


def test_a_table_is_drawn_as_a_spreadsheet_saves_it_too():
    sheet = "".join("\t".join(f'"{cell}"' for cell in line.split("\t")) + "\r\n" for line in EPOCHS.splitlines())
    assert run("-f", "svg", stdin=sheet).stdout == run("-f", "svg", stdin=EPOCHS).stdout


def test_a_table_to_which_a_resumed_run_was_appended_is_drawn_as_one():
    header, first, second, _ = EPOCHS.splitlines(keepends=True)
    cut_short = second.replace("0.52", "0.99")
    assert run("-f", "svg", stdin=header + first + cut_short + EPOCHS).stdout == run("-f", "svg", stdin=EPOCHS).stdout


def test_a_single_epoch_and_a_loss_that_is_no_number_are_drawn():
    assert run(stdin="epoch\tloss\n1\t5\n").returncode == Exit.OK
    assert run(stdin="epoch\tloss\n1\t5\n2\tnan\n3\tinf\n").returncode == Exit.OK


def test_a_loss_below_nought_is_not_drawn_upside_down():
    from htrtool.core.drawing.charts import Curve, learning_curves

    figure = learning_curves([Curve("t", {"epoch": np.array([1.0, 2.0]), "loss": np.array([-1.0, -3.0])})])
    bottom, top = figure.axes[0].get_ylim()
    assert bottom < -3 and top > -1


def test_width_and_dpi_set_the_size():
    assert picture(run("--width", "4", "--dpi", "50", stdin=EPOCHS)).shape[1] == 200
    assert picture(run("--width", "6", "--dpi", "100", stdin=EPOCHS)).shape[1] == 600


# Lines over their page


def test_boxes_stand_where_the_table_says_in_the_colour_of_their_confidence(page):
    table = HEADER + f"{page}\t1\t1\t40\t60\t200\t60\t1\thello\n{page}\t1\t2\t40\t200\t200\t60\t0\tlow\n"
    pixels = picture(run("--width", "4", "--dpi", "100", "--text", "none", stdin=table))
    # The page fills the width but for the margins; 12 pixels a side.
    scale = (400 - 24) / 400
    upper, lower = pixels[: int(12 + 150 * scale)], pixels[int(12 + 150 * scale) : int(12 + 300 * scale)]
    assert near(upper, BLUE) > 100 and near(upper, RED) == 0
    assert near(lower, RED) > 100 and near(lower, BLUE) == 0
    blue = np.argwhere(np.abs(upper.astype(int) - BLUE).max(axis=-1) < 12)
    assert blue[:, 0].max() == pytest.approx(12 + 120 * scale, abs=2)
    assert blue[:, 1].max() == pytest.approx(12 + 240 * scale, abs=2)


def test_the_text_is_written_over_the_page_beside_it_or_not_at_all(page):
    table = HEADER + f"{page}\t1\t7\t40\t60\t200\t60\t0.9\t$x_1$ & <ü>\n"
    over, beside, none = (
        run("-f", "svg", "--text", place, stdin=table).stdout.decode() for place in ("over", "beside", "none")
    )
    assert "$x_1$ &amp; &lt;ü&gt;" in over and "$x_1$ &amp; &lt;ü&gt;" in beside
    assert "x_1" not in none and ">7<" in none
    shapes = [picture(run("--text", place, stdin=table)).shape for place in ("over", "beside")]
    assert shapes[1][0] < 0.7 * shapes[0][0]


def test_json_lines_may_begin_with_a_byte_order_mark_and_xml_be_in_utf16(page, tmp_path):
    box = {"file": str(page), "page": 1, "line": 1, "left": 40, "top": 60, "width": 200, "height": 60, "conf": 1, "text": "hello"}
    (tmp_path / "x.jsonl").write_text("\ufeff" + json.dumps(box) + "\n", encoding="utf-8")
    (tmp_path / "x.xml").write_text(page_xml(page.name), encoding="utf-16")
    for name in ("x.jsonl", "x.xml"):
        done = run(tmp_path / name)
        assert done.returncode == Exit.OK and done.stdout.startswith(b"\x89PNG"), done.stderr


def test_the_title_names_file_and_page(page):
    named = page.rename(page.with_name("100%page.png"))
    table = HEADER + f"{named}\t1\t1\t40\t60\t200\t60\t\thello\n"
    text = run("-f", "svg", "--title", "%f: %p", stdin=table).stdout.decode()
    assert f"{named}: 1" in text
    assert "confidence" not in text


def test_a_name_that_is_no_utf8_is_drawn_as_far_as_it_can_be(page):
    named = page.with_name(os.fsdecode(b"caf\xe9.png"))
    page.rename(named)
    table = HEADER + f"{os.fsdecode(bytes(named))}\t1\t1\t40\t60\t200\t60\t\thello\n"
    drawn = run("-f", "svg", "--title", "%f", stdin=table.encode("utf-8", "surrogateescape"))
    assert drawn.returncode == Exit.OK and "caf\ufffd.png" in drawn.stdout.decode(), drawn.stderr


def test_a_table_may_come_from_a_pipe_with_a_name_and_a_picture_be_a_portable_map(page, tmp_path):
    (tmp_path / "page.pgm").write_bytes(cv2.imencode(".pgm", cv2.imread(str(page), 0))[1].tobytes())
    table = HEADER + "page.pgm\t1\t1\t40\t60\t200\t60\t1\thello\n"
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["sh", "-c", 'printf %s "$0" > "$1"', table, str(tmp_path / "pipe")]):
        assert near(picture(run(tmp_path / "pipe", tmp_path / "page.pgm")), BLUE) > 50


def test_images_are_matched_by_name_and_the_table_may_come_before_or_from_standard_input(page, tmp_path):
    table = tmp_path / "lines.tsv"
    table.write_text(HEADER + "scans/page.png\t1\t1\t40\t60\t200\t60\t1\thello\n")
    first = run(table, page)
    assert near(picture(first), BLUE) > 100
    assert run(page, stdin=table.read_bytes()).stdout == first.stdout == run("-", page, stdin=table.read_bytes()).stdout


def test_what_was_read_second_best_is_not_drawn_over_the_best(page):
    best = f"{HEADER[:-1]}\trank\n{page}\t1\t1\t60\t50\t200\t60\t0.9\thello\t1\n"
    ranked = best + f"{page}\t1\t1\t60\t50\t200\t60\t0.01\thallo\t2\n"
    assert run(stdin=ranked).stdout == run(stdin=best).stdout


def test_the_image_of_an_xml_page_may_be_given_where_it_is_not_beside_it(page, tmp_path):
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "page.xml").write_text(page_xml("page.png"))
    assert picture(run(tmp_path / "xml" / "page.xml", page)).shape[2] == 3
    alone = run(tmp_path / "xml" / "page.xml")
    assert alone.returncode != Exit.OK and b"page.png" in alone.stderr and b"Traceback" not in alone.stderr


def test_the_page_of_a_pdf_that_an_xml_page_names_is_drawn(page, tmp_path):
    from PIL import Image

    sheets = [Image.open(page).convert("L"), Image.new("L", (400, 300), 120)]
    sheets[0].save(tmp_path / "letter.pdf", save_all=True, append_images=sheets[1:], resolution=72)
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "second.xml").write_text(page_xml("letter.pdf#page=2"))
    done = run("--text", "none", tmp_path / "xml" / "second.xml", tmp_path / "letter.pdf")
    assert b"page 1: the table has no lines of it" in done.stderr and picture(done).mean() < 180


def test_an_xml_page_is_drawn_on_its_page_of_an_image_of_several_or_not_at_all(page, tmp_path):
    from PIL import Image

    sheets = [Image.open(page).convert("L"), Image.new("L", (400, 300), 120)]
    sheets[0].save(tmp_path / "scan.tif", save_all=True, append_images=sheets[1:])
    for name, pages in (("one", 1), ("both", 2)):
        (tmp_path / f"{name}.xml").write_text(page_xml("scan.tif", pages))
    for images in ([], [tmp_path / "scan.tif"]):
        refused = run(tmp_path / "one.xml", *images, "-o", tmp_path / "o.png")
        assert refused.returncode == Exit.BAD_INPUT and not (tmp_path / "o.png").exists()
        assert f"{tmp_path / 'one.xml'}: expected an image of one page, or that the file says which".encode() in refused.stderr
        assert b"scan.tif#page=2" in refused.stderr and len(refused.stderr.splitlines()) == 1
    some = run(tmp_path / "one.xml", tmp_path / "both.xml", "-o", tmp_path / "o.pdf")
    assert some.returncode == Exit.SOME_FAILED and b"one.xml: expected an image of one page" in some.stderr
    assert run(tmp_path / "both.xml", "-o", tmp_path / "o.pdf").returncode == Exit.OK
    import pypdfium2

    assert len(pypdfium2.PdfDocument(tmp_path / "o.pdf")) == 2
    # Of a picture of one page both are.
    sheets[0].save(tmp_path / "scan.tif")
    assert run(tmp_path / "both.xml", "-o", tmp_path / "o.png").returncode == Exit.OK


def test_pages_of_a_pdf_are_drawn_as_they_were_when_they_were_read(page, tmp_path):
    from PIL import Image

    Image.open(page).convert("L").save(tmp_path / "letter.pdf", resolution=100)
    table = f"{HEADER}{tmp_path / 'letter.pdf'}\t1\t1\t40\t60\t200\t60\t1\thello\n"
    svgs = [run("-f", "svg", "--text", "none", *options, stdin=table).stdout.decode() for options in (["--pdf-dpi", "100"], [])]
    # The right edge of the box, of a page 8 inches wide, 72 points each.
    right = [max(float(x) for x in re.findall(r"L ([\d.]+) ", svg[svg.index("#0b3d68") - 300 : svg.index("#0b3d68")])) for svg in svgs]
    assert right[0] == pytest.approx(240 / 400 * 576, abs=15) and right[1] == pytest.approx(240 / 1200 * 576, abs=15)
    for drawn, kind in ((EPOCHS, "epochs"), (SCORES, "scores"), (HANDS, "hands")):
        for option, value in (("--pdf-dpi", "100"), ("--text", "none")):
            refused = run(option, value, stdin=drawn)
            assert refused.returncode == Exit.USAGE and f"{option} is about pages, and a table of {kind} has none" in refused.stderr.decode()
    assert b"--x is about tables of epochs" in run("--x", "seconds", stdin=table).stderr


def test_lines_that_lie_off_the_page_are_told(page, tmp_path):
    height, width = cv2.imread(str(page)).shape[:2]
    rows = [f"{page}\t1\t{number}\t{left}\t60\t200\t60\t1\thello\n" for number, left in ((1, 40), (2, width))]
    done = run(stdin=HEADER + "".join(rows))
    assert done.returncode == Exit.OK and f"page 1: 1 line lies off the page of {width}×{height} pixels: the picture is not as it was read" in done.stderr.decode()
    assert not run(stdin=HEADER + rows[0]).stderr


def test_lines_of_pages_that_a_file_does_not_have_are_told(page, tmp_path):
    rows = "".join(f"{page}\t{number}\t1\t40\t60\t200\t60\t1\thello\n" for number in (1, 2))
    done = run("-o", tmp_path / "o.pdf", stdin=HEADER + rows)
    assert done.returncode == Exit.SOME_FAILED and b"expected a page 2, of which the table has lines, found 1 page" in done.stderr
    assert (tmp_path / "o.pdf").stat().st_size


def test_what_is_missing_is_told_at_once_and_not_looked_for_on_standard_input(tmp_path):
    for name in ("missing.xml", "missing.jsonl", "missing.png"):
        done = run(tmp_path / name, "-o", tmp_path / "o.png")
        assert done.returncode == Exit.BAD_INPUT and f"{name}: can't read it: No such file".encode() in done.stderr
    (tmp_path / "wide.tsv").write_text(HEADER, encoding="utf-16")
    assert b"wide.tsv: expected plain text in UTF-8, received UTF-16" in run(tmp_path / "wide.tsv").stderr
    assert b"whose columns no tabs part" in run(stdin=HEADER.replace("\t", ",")).stderr


def test_where_only_pictures_are_named_the_table_is_missed_by_name(page):
    done = run(page)
    assert done.returncode == Exit.BAD_INPUT
    assert b"is taken for a picture of a page, and no TABLE is named" in done.stderr


def test_what_was_read_from_standard_input_is_drawn_over_the_image_that_is_given(page):
    table = f"{HEADER}-\t1\t1\t40\t60\t200\t60\t1\thello\n"
    assert near(picture(run(page, stdin=table)), BLUE) > 50
    assert b"expected the image too" in run(stdin=table).stderr


def test_small_pictures_and_numbers_beyond_all_bounds(page):
    row = f"{page}\t1\t1\t40\t60\t200\t60\t1\thello\n"
    assert picture(run("--width", "1", "--dpi", "10", stdin=HEADER + row)).shape[1] == 10
    for table in (HEADER + row.replace("\t40\t", "\t1e308\t"), EPOCHS.replace("\t40\t", "\t1e300\t"), HANDS.replace("\t10\t", "\t1e400\t")):
        done = run(stdin=table)
        assert done.returncode == Exit.BAD_INPUT and b"Traceback" not in done.stderr and b"row " in done.stderr, done.stderr


def test_a_pdf_holds_many_pages_and_a_png_one(page, tmp_path):
    other = tmp_path / "other.png"
    other.write_bytes(page.read_bytes())
    table = HEADER + "".join(f"{file}\t1\t1\t40\t60\t200\t60\t1\thello\n" for file in (page, other))
    pdf = run("-o", tmp_path / "out.pdf", stdin=table)
    assert pdf.returncode == Exit.OK, pdf.stderr
    import pypdfium2

    assert len(pypdfium2.PdfDocument(tmp_path / "out.pdf")) == 2
    (tmp_path / "out.png").write_bytes(b"old")
    png = run("-o", tmp_path / "out.png", stdin=table)
    assert png.returncode == Exit.BAD_INPUT
    assert "give one image, or write a PDF" in png.stderr.decode()
    assert (tmp_path / "out.png").read_bytes() == b"old"
    assert run(page, "-o", tmp_path / "out.png", stdin=table).returncode == Exit.OK


def test_samples_are_drawn_from_their_stream(tmp_path):
    path = tmp_path / "lines.tar"
    path.write_bytes(tar_of([sample_of("d/1", np.full((64, 500), 255, np.uint8), "x")]))
    table = HEADER + f"{path}/d/1\t1\t1\t0\t0\t500\t64\t1\tread\n"
    assert near(picture(run(stdin=table)), BLUE) > 100


def test_of_the_samples_of_a_tar_one_is_held_at_a_time(tmp_path, monkeypatch):
    path = tmp_path / "lines.tar"
    path.write_bytes(tar_of(sample_of(f"d/{number}", np.full((64, 500), 255, np.uint8), "x") for number in range(20)))
    table = HEADER + "".join(f"{path}/d/{number}\t1\t1\t0\t0\t500\t64\t1\tread\n" for number in (0, 5))
    made, most = weakref.WeakSet(), 0

    def counted(sample, name):
        nonlocal most
        source = page_module.PageSource(name, 1, lambda: load(sample, name).load())
        made.add(source.load)
        most = max(most, len(made))
        return source

    load = page_module.sample_source
    monkeypatch.setattr(page_module, "sample_source", counted)
    assert run("-f", "pdf", stdin=table).returncode == Exit.OK
    assert 0 < most <= 3


def test_text_of_a_pdf_can_be_searched(page):
    import pypdfium2

    table = HEADER + f"{page}\t1\t1\t40\t60\t200\t60\t1\tété hello\n"
    document = pypdfium2.PdfDocument(run("-f", "pdf", stdin=table).stdout)
    assert "été hello" in document[0].get_textpage().get_text_range()


# What is wrong


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "expected a table of epochs (epoch, loss"),
        (b"scope\tname\tmetric\n", "found 'scope name metric'"),
        (b"epoch\tloss\n", "at least one epoch"),
        (b"epoch\tloss\n1\tx\n", "row 2, column loss: expected a number, found 'x'"),
        (b"epoch\tloss\n1\t3,5\n", "row 2, column loss: expected a number, found '3,5': write 3.5, as a spreadsheet does"),
        (b"epoch\tloss\n1\t2\t3\n", "row 2: expected 2 cells"),
        ((HEADER + "a\t1\t1\tx\t0\t1\t1\t1\tt\n").encode(), "row 2, column left: expected a number"),
        ((HEADER + "\t1\t1\t0\t0\t1\t1\t1\tt\n").encode(), "row 2, column file: expected the name of a page's image"),
        (b'{"file": null, "left": 0, "top": 0, "width": 1, "height": 1}', "row 1, column file: expected the name of a page's image"),
    ],
)
def test_a_bad_table_gets_one_clear_line_and_the_good_one_is_drawn(tmp_path, content, message):
    bad, good = tmp_path / "bad.tsv", tmp_path / "good.tsv"
    bad.write_bytes(content)
    good.write_text(EPOCHS)
    result = run("-q", bad, good)
    assert result.returncode == Exit.SOME_FAILED and result.stdout.startswith(b"\x89PNG")
    (line,) = result.stderr.decode().splitlines()
    assert message in line and str(bad) in line
    alone = run(bad)
    assert (alone.returncode, alone.stdout) == (Exit.BAD_INPUT, b"")


def test_a_bad_image_among_good_ones_is_told_and_the_others_are_drawn(page, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(page.read_bytes()[:90])
    missing = tmp_path / "missing.png"
    table = HEADER + "".join(f"{file}\t1\t1\t40\t60\t200\t60\t1\thello\n" for file in (broken, missing, page))
    result = run("-f", "pdf", stdin=table)
    assert result.returncode == Exit.SOME_FAILED
    assert "broken.png" in result.stderr.decode() and "missing.png" in result.stderr.decode()
    assert run(broken, stdin=table).returncode == Exit.BAD_INPUT


def test_a_page_without_lines_is_told(page, tmp_path):
    table = HEADER + "else.png\t1\t1\t40\t60\t200\t60\t1\thello\n"
    result = run(page, stdin=table)
    assert result.returncode == Exit.BAD_INPUT
    assert "the table has no lines of it" in result.stderr.decode() and "else.png" in result.stderr.decode()


HANDS = """hand\tlines\tlm\tcer_before\tcer_after
hooker\t50\tauto\t0.5\t0.33
hooker\t10\tauto\t0.5\t0.45
hooker\t10\tnone\t0.54\t0.49
"""


def test_learned_hands_become_curves_over_the_number_of_lines():
    drawn = run("-f", "svg", stdin=HANDS).stdout.decode()
    assert all(word in drawn for word in (">hooker<", ">hooker, network alone<", ">before<", ">10<", ">50<"))
    assert "row 4" in run(stdin=HANDS.replace("0.49", "")).stderr.decode()
    none = HANDS.splitlines()[1].split("\t")
    none[HANDS.splitlines()[0].split("\t").index("lines")] = "0"
    assert run("-f", "svg", stdin=HANDS + "\t".join(none) + "\n").stdout.decode() == drawn
    assert "tables of hands and images" in run("tests/samples/note.jpg", stdin=HANDS).stderr.decode()


SCORES = """scope\tname\tmetric\tvalue\tlow\thigh\terrors\ttotal
corpus\tval.tar\tcer\t0.05\t0.04\t0.07\t5\t100
document\tdocs/easy\tcer\t0.02\t\t\t1\t50
document\tdocs/easy\twer\t0.08\t\t\t1\t50
document\tdocs/hard\tcer\t0.4\t\t\t4\t50
document\tdocs/hard\tece\t0.1\t\t\t\t50
"""


def test_scores_become_error_rates_of_the_finest_scope_the_worst_first(tmp_path):
    drawn = run("-f", "svg", stdin=SCORES).stdout.decode()
    assert drawn.index(">hard<") < drawn.index(">easy<") and "val.tar" not in drawn
    assert "character error rate of the documents" in drawn and "word error rate" in drawn and "ece" not in drawn
    (tmp_path / "other.tsv").write_text(SCORES.replace("0.4", "0.3"))
    assert "other.tsv<" in run("-f", "svg", tmp_path / "other.tsv", "-", stdin=SCORES).stdout.decode()
    assert "character error rate of the whole" in run("-f", "svg", stdin="\n".join(SCORES.splitlines()[:2])).stdout.decode()
    assert "row 2, column value" in run(stdin=SCORES.replace("0.05", "x")).stderr.decode()
    many = SCORES + "".join(f"document\td/{number}\tcer\t0.{number:03}\t\t\t1\t9\n" for number in range(100, 300))
    drawn = run("-f", "svg", stdin=many).stdout.decode()
    assert ">easy<" not in drawn and "of the worst documents" in drawn


def test_tables_of_scores_are_drawn_over_each_other_in_a_scope_that_all_have(tmp_path):
    whole, documents = tmp_path / "whole.tsv", tmp_path / "documents.tsv"
    lines = SCORES.splitlines()
    whole.write_text("\n".join(lines[:2]))
    documents.write_text("\n".join([lines[0], *lines[2:]]))
    for tables in ((whole, "-"), ("-", whole)):
        drawn = run("-f", "svg", *tables, stdin=SCORES).stdout.decode()
        assert "character error rate of the whole" in drawn and ">val.tar<" in drawn and "easy" not in drawn
    apart = run("-f", "svg", whole, documents)
    assert apart.returncode == Exit.BAD_INPUT and b"received corpus and document: draw them one by one" in apart.stderr


def test_long_names_of_runs_lose_what_they_share(tmp_path):
    for name in ("a", "b"):
        (tmp_path / ("long_" * 20) / name).mkdir(parents=True)
        (tmp_path / ("long_" * 20) / name / "epochs.tsv").write_text(EPOCHS)
    drawn = run("-f", "svg", *sorted(tmp_path.glob("*/*/epochs.tsv"))).stdout.decode()
    assert ">a/epochs.tsv (25.0%)<" in drawn and ">b/epochs.tsv (25.0%)<" in drawn


def test_tables_of_lines_and_of_scores_are_not_mixed(tmp_path):
    (tmp_path / "scores.tsv").write_text(SCORES)
    assert "tables of lines and scores" in run("-", tmp_path / "scores.tsv", stdin=HEADER).stderr.decode()


def test_epochs_and_images_are_not_mixed(page):
    assert "tables of epochs and images" in run(page, stdin=EPOCHS).stderr.decode()


def test_an_unknown_kind_of_file_is_refused_unless_the_kind_is_given(tmp_path):
    assert run("-o", tmp_path / "x.bmp", stdin=EPOCHS).returncode == Exit.USAGE
    assert run("-o", tmp_path / "x.bmp", "-f", "png", stdin=EPOCHS).returncode == Exit.OK
    assert cv2.imread(str(tmp_path / "x.bmp")) is not None


def test_nothing_is_drawn_to_a_terminal(tmp_path):
    import pty

    table = tmp_path / "e.tsv"
    table.write_text(EPOCHS)
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "htrtool", "plot", str(table)]
    result = subprocess.run(command, stdout=follower, stderr=subprocess.PIPE, timeout=60)
    os.close(follower)
    os.close(leader)
    assert result.returncode == Exit.USAGE
    assert b"give -o FILE" in result.stderr


@pytest.mark.parametrize("down", [0, 60], ids=["level", "slanting"])
def test_no_baseline_runs_through_the_text(down):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from htrtool.core.drawing.boxes import Box
    from htrtool.core.drawing.page_chart import page_with_lines

    baseline = np.array([(20.0, 130), (200, 138 + down / 2), (380, 130 + down)])
    box = Box("f", 1, "1", 20, 100, 360, 40 + down, "mmmm", 0.9, baseline=baseline)
    for place, panels in (("over", 1), ("beside", 2)):
        figure = page_with_lines(np.full((300, 400), 255, np.uint8), [box], text=place)
        FigureCanvasAgg(figure).draw()
        axis = figure.axes[panels - 1]
        # Beside the page there are no lines that could cross it.
        assert len(axis.lines) == (place == "over")
        (text,) = (text for text in axis.texts if text.get_text() == "mmmm")
        paper = text.get_bbox_patch()
        corners = axis.transData.inverted().transform(paper.get_transform().transform(paper.get_path().vertices[:4]))
        normal = np.array([-down, 360]) / np.hypot(down, 360)
        if place == "over":
            assert (corners @ normal).min() > (baseline @ normal).max() - 2


def test_wide_and_tall_pages_keep_their_shape():
    from htrtool.core.drawing import figures
    from htrtool.core.drawing.boxes import Box
    from htrtool.core.drawing.page_chart import page_with_lines

    for shape in ((64, 2000), (3000, 200)):
        figure = page_with_lines(np.full(shape, 255, np.uint8), [Box("f", 1, "1", 0, 0, 9, 9, "x", None)])
        content = io.BytesIO()
        assert list(figures.save([figure], content, "png", 60)) == []
        height, width = cv2.imdecode(np.frombuffer(content.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE).shape
        assert height == pytest.approx(min(465.6 * shape[0] / shape[1], 4 * 480) + 14.4, abs=2) and width == 480


def test_where_a_plot_can_not_go_it_says_so_before_it_waits_for_its_input(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "htrtool", "plot", "-o", tmp_path / "none" / "x.svg"], stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    # Nothing is sent to it, and the pipe stays open.
    assert process.wait(timeout=60) == Exit.UNWRITTEN
    assert b"can't write" in process.stderr.read()
    process.stdin.close()
    process.stderr.close()


def test_a_picture_too_large_is_refused():
    result = run("--width", "100", "--dpi", "1200", stdin=EPOCHS)
    assert result.returncode == Exit.BAD_INPUT
    assert "at most 200 megapixels" in result.stderr.decode()


@pytest.mark.parametrize("cell", ["nan", "inf", "x"])
def test_a_cell_that_is_no_number_is_named(tmp_path, cell):
    cv2.imwrite(str(tmp_path / "p.png"), np.full((100, 200), 255, np.uint8))
    row = f"{tmp_path / 'p.png'}\t{cell}\t1\t10\t10\t50\t20\t0.9\ttext\n"
    result = run("-o", tmp_path / "p.pdf", stdin=(HEADER + row).encode())
    assert result.returncode == Exit.BAD_INPUT and b"row 2, column page: expected a whole number" in result.stderr

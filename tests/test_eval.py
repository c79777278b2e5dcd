"""``htr eval``: what is joined with what, what is printed, and how it ends."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import run_module
from tars import sample_of, tar_of

from htrtool.core.errors import InputError
from htrtool.core.scoring.documents import documents_are, documents_of
from htrtool.core.scoring.file_names import match_files
from htrtool.core.scoring.joining import Line, join, without_missing
from htrtool.core.scoring.truth import read_lines
from htrtool.core.tables import SCORE_COLUMNS, read_table
from htrtool.exits import Exit

BLANK = np.full((8, 8), 255, np.uint8)


def run(*arguments, stdin="", cwd=None):
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    given = stdin.encode() if isinstance(stdin, str) else stdin
    return run_module("htrtool", "eval", *arguments, input=given, cwd=cwd, env=environment, timeout=60)


def rows(result):
    return list(read_table(io.StringIO(result.stdout.decode()), "stdout", SCORE_COLUMNS))


def rates(result):
    return [row | {name: float(row[name]) for name in ("value", "low", "high", "errors", "total") if row[name]} for row in rows(result)]


def values(result, scope="corpus"):
    return {row["metric"]: row["value"] for row in rows(result) if row["scope"] == scope}


@pytest.fixture
def truth(tmp_path):
    path = tmp_path / "truth.tsv"
    path.write_text("file\ttext\na.png\tThe cat\nb.png\tété\n", encoding="utf-8")
    return path


# Joining


@pytest.mark.parametrize(
    "wanted, given, expected",
    [
        (["a.png"], ["a.png"], {"a.png": "a.png"}),
        (["a.png"], ["./a.png"], {"./a.png": "a.png"}),
        (["a.png"], ["/scans/x/a.png"], {"/scans/x/a.png": "a.png"}),
        (["gt/a.gt.txt"], ["img/a.png"], {"img/a.png": "gt/a.gt.txt"}),
        (["gt/a.png.gt.txt", "gt/b.png.gt.txt"], ["img/a.png", "l.tar/gt/b"], {"img/a.png": "gt/a.png.gt.txt", "l.tar/gt/b": "gt/b.png.gt.txt"}),
        (["/d/v.tar/s/1"], ["-/s/1"], {"-/s/1": "/d/v.tar/s/1"}),
        (["x/1.png", "y/1.png"], ["new/y/1.png", "new/x/1.png"], {"new/y/1.png": "y/1.png", "new/x/1.png": "x/1.png"}),
        (["x/1.png", "y/1.png"], ["1.png"], {}),
        (["x/1.png", "y/1.png"], ["x/1.png", "z/1.png"], {"x/1.png": "x/1.png"}),
        (["a.png"], ["b.png"], {}),
        (["gt/x/page/1.jpg", "gt/y/page/1.jpg"], ["s/gt/y/1.jpg", "s/gt/x/1.jpg"], {"s/gt/y/1.jpg": "gt/y/page/1.jpg", "s/gt/x/1.jpg": "gt/x/page/1.jpg"}),
        (["bad\udcff.png"], ["bad\ufffd.png"], {"bad\ufffd.png": "bad\udcff.png"}),
        (["e\u0301.png"], ["d/é.png"], {"d/é.png": "e\u0301.png"}),
        (["a\\b.png"], ["a/b.png"], {"a/b.png": "a\\b.png"}),
        (["p.0.png", "p.1.png"], ["s/p.1.png", "s/p.0.png"], {"s/p.0.png": "p.0.png", "s/p.1.png": "p.1.png"}),
        (["scans/a.tif", "scans/a.jpg"], ["a.jpg", "a.tif"], {"a.jpg": "scans/a.jpg", "a.tif": "scans/a.tif"}),
        (["gt/p.1.gt.txt", "gt/p.2.gt.txt"], ["l.tar/gt/p_1", "l.tar/gt/p_2"], {"l.tar/gt/p_1": "gt/p.1.gt.txt", "l.tar/gt/p_2": "gt/p.2.gt.txt"}),
    ],
)
def test_names_are_matched_as_a_user_would(wanted, given, expected):
    assert match_files(wanted, given) == expected


def joined(truth, read):
    return [(pair.truth and pair.truth.text, pair.read and pair.read.text) for pair in join(truth, read)]


def test_lines_go_together_by_number_whatever_their_order():
    truth = [Line("p", "one", 1, 1), Line("p", "two", 1, 2), Line("p", "three", 2, 1)]
    read = [Line("p", "THREE", 2, 1), Line("p", "TWO", 1, 2), Line("p", "extra", 2, 2)]
    assert joined(truth, read) == [("one", None), ("two", "TWO"), ("three", "THREE"), (None, "extra")]


def test_pages_may_have_labels_which_need_not_be_those_of_the_reading_where_a_file_has_one_page(tmp_path):
    header = "file\tpage\tline\ttext\n"
    (tmp_path / "t.tsv").write_text(header + "a.png\t12r\t1\tone\na.png\t12r\t2\ttwo\nb.pdf\t12v\t1\tthree\nb.pdf\t13\t1\tfour\n")
    read = [Line("b.pdf", "FOUR", 13, 1), Line("a.png", "TWO", 1, 2), Line("b.pdf", "THREE", "12v", 1), Line("a.png", "X", 1, 3), Line("a.png", "ONE", 1, 1)]
    truth = read_lines(str(tmp_path / "t.tsv"))
    assert joined(truth, read) == [("one", "ONE"), ("two", "TWO"), (None, "X"), ("three", "THREE"), ("four", "FOUR")]
    assert {pair.page for pair in join(truth, read) if pair.file == "a.png"} == {"12r"}
    # Of numbers each is taken at its word.
    assert joined([Line("b.pdf", "one", 3, 1)], [Line("b.pdf", "ONE", 1, 1)]) == [("one", None), (None, "ONE")]


def test_lines_without_numbers_go_together_by_order():
    truth = [Line("p", "one"), Line("p", "two")]
    assert joined(truth, [Line("p", "ONE", 1, 1), Line("p", "TWO", 1, 2)]) == [("one", "ONE"), ("two", "TWO")]


def test_numbers_that_start_again_on_each_page_are_not_mixed_up_where_the_truth_has_no_pages():
    truth = [Line("p", "one", None, 1), Line("p", "two", None, 2)]
    assert joined(truth, [Line("p", "ONE", 1, 1), Line("p", "TWO", 2, 1)]) == [("one", "ONE"), ("two", "TWO")]


@pytest.mark.parametrize("pages", [(1, 2), (2, 1), (2,), (2, 3)])
def test_a_page_with_one_text_is_compared_whole(pages):
    rows = [(page, line, text) for page in (1, 2) for line, text in ((2, f"{page} end"), (1, f"page {page}"))]
    lines = [Line("a.png", text, page, line) for page, line, text in rows]
    texts = [Line("a.png", f"page {page} {page} end", page) for page in pages]
    for truth, read in ((lines, texts), (texts, lines)):
        pairs = list(join(truth, read))
        assert sorted(pair.page for pair in pairs) == sorted({1, 2, *pages}) and {pair.line for pair in pairs} == {None}
        matched = [pair for pair in pairs if pair.truth and pair.read]
        assert len(matched) == len({1, 2} & set(pages)) and all(pair.truth.text == pair.read.text for pair in matched)
    missing = without_missing([list(join(lines, texts)), list(join(lines, lines))])
    assert {pair.page for pair in missing[1]} == {1, 2} & set(pages)


def test_a_file_with_one_text_is_compared_whole():
    read = [Line("p", "dear", 1, 1, 0.5), Line("p", "sir", 1, 2, 1.0)]
    (pair,) = join([Line("p", "dear\nsir")], read)
    assert (pair.read.text, pair.read.conf) == ("dear sir", 0.75)


def test_a_line_read_twice_is_surplus_once():
    assert joined([Line("p", "a", 1, 1)], [Line("p", "x", 1, 1), Line("p", "y", 1, 1)]) == [("a", "x"), (None, "y")]


def test_documents_are_those_given_else_pages_else_folders_else_files():
    def documents(*truth):
        pairs = list(join(truth, []))
        return documents_of(pairs, documents_are(pairs)), documents_are(pairs)

    assert documents(Line("a", "", document="w1"), Line("b", "", document="w2")) == (["w1", "w2"], "as given")
    assert documents(Line("a", "", 1, 1), Line("a", "", 1, 2), Line("b", "", 1, 1), Line("b", "", 1, 2))[1] == "file"
    assert documents(Line("x/1", ""), Line("x/2", ""), Line("y/1", "")) == (["x", "x", "y"], "folder")
    assert documents(Line("1.png", ""), Line("2.png", "")) == (["1.png", "2.png"], "file")


# The command


def test_a_document_without_a_name_is_not_taken_for_none(truth):
    done = run("--document", "", truth, stdin="file\ttext\n")
    assert done.returncode == Exit.USAGE and b"a name is empty" in done.stderr


def test_scores_are_a_tidy_table(truth):
    result = run(truth, stdin="text\tfile\nThe bat\tdir/a.png\nété\tdir/b.png\n")
    assert result.returncode == Exit.OK
    assert result.stdout.decode().splitlines()[0].split("\t") == list(SCORE_COLUMNS)
    cer = rows(result)[0]
    assert (cer["scope"], cer["name"], cer["metric"], cer["value"]) == ("corpus", str(truth), "cer", "0.1")
    assert (cer["errors"], cer["total"]) == ("1", "10")
    assert 0 <= float(cer["low"]) <= 0.1 <= float(cer["high"]) <= 1
    assert "2 lines of the truth, 0 missing, 0 surplus" in result.stderr.decode()


def test_missing_and_surplus_lines_count_as_errors(truth):
    result = run(truth, "-", stdin="file\ttext\na.png\tThe cat\nc.png\tno\n")
    assert (rows(result)[0]["errors"], rows(result)[0]["total"]) == ("5", "10")
    assert (values(result)["missing_lines"], values(result)["surplus_lines"]) == ("0.5", "0.5")


def test_an_empty_line_of_the_truth_is_none_to_miss_but_what_is_read_there_is_wrong(tmp_path):
    (tmp_path / "t.tsv").write_text("file\ttext\na.png\tThe cat\nb.png\t\n")
    (tmp_path / "t.jsonl").write_text('{"file": "a.png", "text": "The cat"}\n{"file": "b.png", "text": ""}\n')
    for name in ("t.tsv", "t.jsonl"):
        result = run(tmp_path / name, stdin="file\ttext\na.png\tThe cat\n")
        assert (values(result)["missing_lines"], values(result)["line_accuracy"]) == ("0", "1")
        assert "1 line of the truth, 0 missing, 0 surplus, 1 without a text left out" in result.stderr.decode()
        invented = run(tmp_path / name, stdin="file\ttext\na.png\tThe cat\nb.png\tabc\n")
        assert rows(invented)[0]["errors"] == "3" and values(invented)["line_accuracy"] == "0.5"
    (tmp_path / "blank.tsv").write_text("file\ttext\nb.png\t\n")
    nothing = run(tmp_path / "blank.tsv", stdin="file\ttext\na.png\tThe cat\n")
    assert nothing.returncode == Exit.BAD_INPUT and b"blank.tsv: expected at least one line" in nothing.stderr


def test_missing_lines_can_be_left_out(truth):
    result = run("--skip-missing", truth, stdin="file\ttext\na.png\tThe cat\n")
    assert (values(result)["cer"], values(result)["missing_lines"]) == ("0", "0")
    assert "1 missing (left out)" in result.stderr.decode()


def test_of_missing_lines_those_of_the_same_text_that_were_read_stay(tmp_path):
    (tmp_path / "t.tsv").write_text("file\ttext\na.png\tthe\na.png\tditto\na.png\tditto\n")
    result = run("--skip-missing", tmp_path / "t.tsv", stdin="file\ttext\na.png\tthe\na.png\tditto\n")
    assert rows(result)[0]["total"] == "8" and "2 lines of the truth, 1 missing (left out)" in result.stderr.decode()


def test_a_line_too_many_is_told_from_the_line_whose_number_it_has(tmp_path):
    lines = ["Dear Sir,", "I have your letter", "of the 4th instant"]
    (tmp_path / "t.tsv").write_text("file\tpage\tline\ttext\n" + "".join(f"p\t1\t{n}\t{text}\n" for n, text in enumerate(lines, 1)))
    read = "file\tpage\tline\ttext\n" + "".join(f"p\t1\t{n}\t{text}\n" for n, text in enumerate(["HEADING", *lines], 1))
    result = run("--per", "line", "--metric", "cer", tmp_path / "t.tsv", stdin=read)
    assert {row["name"]: row["errors"] for row in rows(result)} == {"p:1:1": "0", "p:1:2": "0", "p:1:3": "0", "p:1:1+": "7"}


def test_pages_of_which_there_is_no_truth_are_told_and_can_be_left_out(tmp_path):
    (tmp_path / "t.tsv").write_text("file\tpage\tline\ttext\nb.pdf\t2\t1\tThe cat\n")
    read = "file\tpage\tline\ttext\nb.pdf\t1\t1\tno\nb.pdf\t2\t1\tThe cat\nb.pdf\t2\t2\tsat\nc.pdf\t1\t1\tno\n"
    all_read = run(tmp_path / "t.tsv", stdin=read)
    assert rows(all_read)[0]["errors"] == "7"
    assert "nothing of 2 pages of READ, such as 'b.pdf'" in all_read.stderr.decode() and "--skip-unknown" in all_read.stderr.decode()
    known = run("--skip-unknown", tmp_path / "t.tsv", stdin=read)
    # What was read beside the truth of a page stays an error.
    assert (rows(known)[0]["errors"], values(known)["surplus_lines"]) == ("3", "1")
    assert "1 surplus, 2 of pages that TRUTH lacks left out" in known.stderr.decode() and "warning" not in known.stderr.decode()
    elsewhere = run("--skip-unknown", tmp_path / "t.tsv", stdin="file\ttext\nx.png\tThe cat\n")
    assert "no file of READ, such as 'x.png', is in TRUTH" in elsewhere.stderr.decode()


def test_of_a_text_without_numbers_of_pages_no_page_is_unknown(tmp_path):
    (tmp_path / "t.txt").write_text("The cat\nsat\n")
    result = run("--skip-unknown", tmp_path / "t.txt", stdin="file\tpage\tline\ttext\nb.pdf\t1\t1\tThe cat\nb.pdf\t2\t1\tsat\n")
    assert values(result)["cer"] == "0"


@pytest.mark.parametrize(
    "option, read",
    [
        ("--ignore-case", "‘THE cat’"),
        ("--ignore-accents", "‘Thé cat’"),
        ("--ignore-punctuation", "The, cat!"),
        ("--plain", "'The cat'"),
    ],
)
def test_each_normalisation_has_its_effect(tmp_path, option, read):
    truth = tmp_path / "t.tsv"
    truth.write_text("file\ttext\na\t‘The cat’\n", encoding="utf-8")
    table = f"file\ttext\na\t{read}\n"
    assert float(values(run(truth, stdin=table))["cer"]) > 0
    assert float(values(run(option, truth, stdin=table))["cer"]) == 0


def test_scopes_and_metrics_are_chosen(truth):
    result = run(
        "--per", "file", "--per", "line", "--metric", "cer", truth, stdin="file\ttext\na.png\tThe cat\nb.png\tete\n"
    )
    assert [(row["scope"], row["name"], row["value"]) for row in rows(result)] == [
        ("file", "a.png", "0"),
        ("file", "b.png", "0.666667"),
        ("line", "a.png", "0"),
        ("line", "b.png", "0.666667"),
    ]


def test_confusions_say_which_character_was_taken_for_which(tmp_path):
    (tmp_path / "t.tsv").write_text("file\ttext\na.png\tsee me\nb.png\tend\n")
    (tmp_path / "r.tsv").write_text("file\ttext\na.png\tscc me\nb.png\ten d\n")
    found = rows(run("--per", "confusion", tmp_path / "t.tsv", tmp_path / "r.tsv"))
    assert [(row["name"], row["errors"], row["total"]) for row in found] == [("e→c", "2", "3"), ("→␣", "1", "3")]
    unasked = run("--metric", "share_of_errors", tmp_path / "t.tsv", tmp_path / "r.tsv")
    assert unasked.returncode == Exit.USAGE and b"--per confusion" in unasked.stderr


def test_documents_are_drawn_by_the_column_named(tmp_path):
    truth = tmp_path / "t.tsv"
    truth.write_text("hand\tfile\ttext\nA\t1\tab\nA\t2\tab\nB\t3\tab\n")
    result = run(
        "--per", "document", "--metric", "cer", "--document", "hand", truth, stdin="file\ttext\n1\tab\n2\ta\n3\tab\n"
    )
    assert [(row["name"], row["value"]) for row in rows(result)] == [("A", "0.25"), ("B", "0")]
    assert "expected a column 'pen' named" in run("--document", "pen", truth, stdin="file\ttext\n").stderr.decode()
    (tmp_path / "t.txt").write_text("ab\n")
    for other, what in ((tmp_path / "t.txt", "a text"), (tmp_path, "a folder")):
        refused = run("--document", "hand", other, stdin="file\ttext\n1\tab\n")
        assert refused.returncode == Exit.BAD_INPUT and f"column 'hand', received {what}" in refused.stderr.decode()


def test_documents_are_drawn_by_the_writer_that_json_lines_tell_too(tmp_path):
    given = [("1", '"A"'), ("2", '"A"'), ("3", '"B"'), ("4", "null")]
    (tmp_path / "t.jsonl").write_text("".join(f'{{"file": "d/{file}", "text": "ab", "writer": {writer}}}\n' for file, writer in given))
    read = "file\ttext\n" + "".join(f"d/{file}\tab\n" for file, _ in given)
    result = run("--per", "document", "--metric", "cer", tmp_path / "t.jsonl", stdin=read)
    assert [(row["name"], row["total"]) for row in rows(result)] == [("A", "4"), ("B", "2"), ("d", "2")]


def test_lines_of_one_writer_are_one_document_as_those_of_its_samples_are(tmp_path):
    (tmp_path / "t.tsv").write_text("file\tdocument\twriter\ttext\n1\tx\tA\tab\n2\ty\tA\tab\n3\tz\t\tab\n")
    rows_of = [dict(zip(("file", "document", "writer", "text"), row.split("\t"))) for row in (tmp_path / "t.tsv").read_text().splitlines()[1:]]
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_of))
    for name in ("t.tsv", "t.jsonl"):
        result = run("--per", "document", "--metric", "cer", tmp_path / name, stdin="file\ttext\n1\tab\n2\tab\n3\tab\n")
        assert [(row["name"], row["total"]) for row in rows(result)] == [("A", "4"), ("z", "2")], name
        named = run("--per", "document", "--metric", "cer", "--document", "document", tmp_path / name, stdin="file\ttext\n1\tab\n2\tab\n3\tab\n")
        assert [row["name"] for row in rows(named)] == ["x", "y", "z"]


def test_confidence_is_compared_with_what_was_right(truth):
    sure = run(truth, stdin="file\tconf\ttext\na.png\t1\tThe cat\nb.png\t1\tété\n")
    assert values(sure)["ece"] == "0"
    wrong = run(truth, stdin="file\tconf\ttext\na.png\t1\tThe cat\nb.png\t0.75\txxx\n")
    assert float(values(wrong)["ece"]) == pytest.approx(0.75 / 2)
    assert "ece" not in values(run(truth, stdin="file\ttext\na.png\tThe cat\n"))
    asked = ["--metric", "ece", "--metric", "cer", truth]
    assert b"no confidence" in run(*asked, stdin="file\ttext\na.png\tThe cat\n").stderr
    told = run("--per", "line", *asked, stdin="file\tconf\ttext\na.png\t1\tThe cat\n").stderr
    assert b"no confidence" not in told, "there is one, of which a line has no calibration error"


def test_a_limit_on_the_error_rate_sets_the_exit_status(truth):
    read = "file\ttext\na.png\tThe bat\nb.png\tété\n"
    assert run("--fail-above", "0.1", truth, stdin=read).returncode == Exit.OK
    failed = run("--fail-above", "0.05", truth, stdin=read)
    assert failed.returncode == Exit.ABOVE_LIMIT
    assert rows(failed) and "0.1000, is above 0.05" in failed.stderr.decode()


def test_two_readings_are_compared_document_by_document(tmp_path):
    texts = {name: "abcdefghij" for name in (f"{document}/{line}.png" for document in "abcdef" for line in range(4))}
    hard = dict(zip("abcdef", (0, 2, 4, 5, 7, 9)))

    def table(name, errors_in):
        path = tmp_path / name
        path.write_text("file\ttext\n" + "".join(f"{file}\t{'?' * errors_in(file)}{text[errors_in(file):]}\n" for file, text in texts.items()), "utf-8")
        return path

    truth = table("truth.tsv", lambda file: 0)
    before = table("before.tsv", lambda file: hard[file[0]] + (file[0] != "a"))
    after = table("after.tsv", lambda file: hard[file[0]])
    both = rates(run(truth, after, "--against", before, "--metric", "cer"))
    assert [row["scope"] for row in both] == ["corpus", "difference"] and both[1]["name"] == str(before)
    assert (both[1]["errors"], both[1]["total"]) == (-20, 240) and both[1]["value"] == pytest.approx(-20 / 240)
    # Each by itself is uncertain, for the documents differ so much; that one is better than the other is not.
    assert both[0]["high"] - both[0]["low"] > 0.4 and both[1]["high"] < 0
    same = rates(run(truth, after, "--against", after, "--metric", "wer"))[1]
    assert (same["value"], same["low"], same["high"], same["errors"]) == (0, 0, 0, 0)
    swapped = rates(run(truth, "-", "--against", after, "--metric", "cer", stdin=before.read_text("utf-8")))[1]
    assert (swapped["value"], swapped["low"], swapped["high"]) == pytest.approx((-both[1]["value"], -both[1]["high"], -both[1]["low"]))


def test_lines_that_one_of_two_readings_lacks_are_left_out_of_both(truth):
    found = rates(run(truth, "-", "--against", truth, "--skip-missing", "--metric", "cer", stdin="file\ttext\na.png\tThe cut\n"))
    assert [(row["errors"], row["total"]) for row in found] == [(1, 7), (1, 7)]
    whole = run(truth, "-", "--against", truth, "--metric", "cer", stdin="file\ttext\na.png\tThe cut\n")
    assert [(row["errors"], row["total"]) for row in rates(whole)] == [(4, 10), (4, 10)]


def test_another_reading_must_be_one(truth, tmp_path):
    missing = run(truth, truth, "--against", tmp_path / "none.tsv")
    assert missing.returncode == Exit.BAD_INPUT and b"none.tsv" in missing.stderr and not missing.stdout
    assert run(truth, "-", "--against", "-", stdin="file\ttext\n").returncode == Exit.USAGE
    other = tmp_path / "other.tsv"
    other.write_text("file\ttext\nz.png\tabc\n")
    assert f"no file of {other}, such as 'z.png', is in TRUTH".encode() in run(truth, truth, "--against", other).stderr
    other.write_text("file\ttext\n")
    assert f"{other} has no lines".encode() in run(truth, truth, "--against", other).stderr
    assert b"READ has no lines" in run(truth, other).stderr


def test_what_makes_a_reading_doubtful_is_told_of_another_too(truth, tmp_path):
    read = truth.read_text("utf-8").replace("cat", "cut")
    (tmp_path / "other.tsv").write_text("file\tpage\tline\ttext\n" + 2 * "a.png\t1\t1\tThe cat\n" + "z.png\t1\t1\tété\n", encoding="utf-8")
    other = str(tmp_path / "other.tsv")
    told = run(truth, "-", "--against", other, stdin=read).stderr.decode()
    assert f"1 line of {other} is given more than once" in told and "lines of READ" not in told
    assert f"TRUTH lacks 1 file of {other}, such as 'z.png', and {other} 1 file of TRUTH, such as 'b.png'" in told
    assert f"{truth} and TRUTH are the same texts" in run(truth, "-", "--against", truth, stdin=read).stderr.decode()


def test_what_was_read_second_best_does_not_count(truth, tmp_path):
    header, *lines = truth.read_text().splitlines()
    table = [f"{header}\trank", *(f"{line}\t1" for line in lines), *(f"{line} or so\t2" for line in lines)]
    (tmp_path / "ranked.tsv").write_text("\n".join(table))
    assert float(values(run(truth, tmp_path / "ranked.tsv"))["cer"]) == 0
    (tmp_path / "ranked.tsv").write_text("\n".join(re.sub(r"\t([12])$", r"\t\1.0", row) for row in table))
    assert float(values(run(truth, tmp_path / "ranked.tsv"))["cer"]) == 0, "as a spreadsheet writes numbers"


def test_the_rank_of_a_soldier_makes_no_row_second_best(tmp_path):
    (tmp_path / "soldiers.csv").write_text("file,rank,text\na.png,Private,John\nb.png,Captain,Mary\n")
    result = run(tmp_path / "soldiers.csv", stdin="file\ttext\na.png\tJohn\nb.png\tMary\n")
    assert values(result)["cer"] == "0" and b"2 lines of the truth, 0 missing, 0 surplus" in result.stderr


def test_words_are_put_together_to_lines(truth, tmp_path):
    words = ["file\tpage\tline\tword\tconf\ttext", "a.png\t1\t1\t1\t0.9\tThe", "a.png\t1\t1\t2\t0.9\tcat", "b.png\t1\t1\t1\t0.9\tété"]
    (tmp_path / "words.tsv").write_text("\n".join(words), encoding="utf-8")
    done = run(truth, tmp_path / "words.tsv")
    assert float(values(done)["cer"]) == 0 and b"more than once" not in done.stderr
    (tmp_path / "words.tsv").write_text("\n".join([words[0], words[3], words[2], words[1]]), encoding="utf-8")
    assert float(values(run(truth, tmp_path / "words.tsv"))["cer"]) == 0, "rows may stand in any order"


def test_lines_that_are_given_twice_are_told(truth, tmp_path):
    (tmp_path / "read.tsv").write_text("file\tpage\tline\ttext\na.png\t1\t1\tThe cat\nb.png\t1\t1\tété\n", encoding="utf-8")
    once, twice = (run(truth, *count * [tmp_path / "read.tsv"]) for count in (1, 2))
    assert b"more than once" in twice.stderr and b"more than once" not in once.stderr


PAGE_XML = """<PcGts xmlns="http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"><Page imageFilename="{image}"
imageWidth="9" imageHeight="9"><TextRegion id="r"><TextLine id="l"><Coords points="0,0 9,9"/><TextEquiv><Unicode>{text}</Unicode>
</TextEquiv></TextLine></TextRegion></Page></PcGts>"""


def test_json_lines_and_page_xml_are_scored_like_a_table(tmp_path):
    (tmp_path / "t.tsv").write_text("file\tpage\tline\ttext\na.png\t1\t1\tabcd\n")
    (tmp_path / "r.jsonl").write_text('{"file": "a.png", "page": 1, "line": 1, "conf": 0.5, "text": "abcx"}\n\n')
    (tmp_path / "xml").mkdir()
    (tmp_path / "xml" / "a.xml").write_text(PAGE_XML.format(image="a.png", text="abxx"), encoding="utf-16")
    names = ("t.tsv", "r.jsonl", "xml", "xml/a.xml")
    errors = {("t.tsv", "r.jsonl"): 1, ("t.tsv", "xml"): 2, ("r.jsonl", "xml/a.xml"): 1, ("xml", "t.tsv"): 2, ("xml", "xml/a.xml"): 0}
    assert {name for pair in errors for name in pair} == set(names)
    for (wanted, given), expected in errors.items():
        result = run(tmp_path / wanted, tmp_path / given)
        assert float(values(result)["cer"]) == expected / 4, (wanted, given, result.stderr)
    words = ['{"file": "a.png", "page": 1, "line": 1, "word": %d, "text": "%s"}\n' % word for word in ((1, "ab"), (2, "cd"))]
    (tmp_path / "r.jsonl").write_text("\ufeff" + "".join(words), encoding="utf-8")
    (tmp_path / "t.tsv").write_text("file\tpage\tline\ttext\na.png\t1\t1\tab cd\n")
    assert values(run(tmp_path / "t.tsv", tmp_path / "r.jsonl"))["cer"] == "0"
    told = ('"line": [1]', '"conf": "x"', '"conf": 7', '"file": "half a character: \\ud800"')
    for more in ('', ', "text": null', *(f', "text": "a", {one}' for one in told)):
        (tmp_path / "r.jsonl").write_text('{"file": "a.png"%s}\n' % more)
        result = run(tmp_path / "t.tsv", tmp_path / "r.jsonl")
        assert result.returncode == Exit.BAD_INPUT and b"r.jsonl: row 1" in result.stderr, more
    result = run(tmp_path / "t.tsv", tmp_path / "xml", "--document", "nope")
    assert result.returncode == Exit.BAD_INPUT and b"nope" in result.stderr


@pytest.mark.parametrize("conf, told", [("0.5", "0.5"), ("-1", None), ("95", None), ("much", None), ("nan", None)])
def test_a_confidence_in_xml_that_is_none_is_passed_over(tmp_path, conf, told):
    (tmp_path / "t.tsv").write_text("file\tpage\tline\ttext\na.png\t1\t1\tabcd\n")
    xml = PAGE_XML.format(image="a.png", text="abcd").replace("<TextEquiv>", f'<TextEquiv conf="{conf}">')
    (tmp_path / "a.xml").write_text(xml)
    result = run(tmp_path / "t.tsv", tmp_path / "a.xml")
    assert result.returncode == Exit.OK and values(result).get("ece") == told, result.stderr


def test_the_confidence_of_words_in_alto_is_not_taken_for_that_of_the_line(tmp_path):
    (tmp_path / "t.tsv").write_text("file\tpage\tline\ttext\na.png\t1\t1\tab cd\n")
    (tmp_path / "a.xml").write_text(
        '<alto><Description><sourceImageInformation><fileName>a.png</fileName></sourceImageInformation></Description><Layout><Page>'
        '<PrintSpace><TextBlock><TextLine><String CONTENT="ab" WC="0.5"/><String CONTENT="cd" WC="0.5"/></TextLine></TextBlock>'
        "</PrintSpace></Page></Layout></alto>"
    )
    found = values(run(tmp_path / "t.tsv", tmp_path / "a.xml"))
    assert found["cer"] == "0" and "ece" not in found


def test_page_xml_goes_by_its_own_name_too_and_other_xml_beside_it_is_passed_over(tmp_path):
    (tmp_path / "export" / "page").mkdir(parents=True)
    (tmp_path / "export" / "mets.xml").write_text("<mets/>")
    (tmp_path / "export" / "page" / "0001.xml").write_text(PAGE_XML.format(image="scan-17.png", text="abcd"))
    for name in ("scan-17.png", "page/0001.xml", "0001.xml"):
        table = f"file\tpage\tline\ttext\n{name}\t1\t1\tabcx\n"
        assert values(run(tmp_path / "export", stdin=table))["cer"] == "0.25", name


def test_two_texts_are_compared_whatever_their_names(tmp_path):
    (tmp_path / "truth.txt").write_text("Dear Ana, 3 May\nthank you\n")
    (tmp_path / "read.txt").write_text("Dear Ann, 3 May\nthank you\n")
    result = run(tmp_path / "truth.txt", tmp_path / "read.txt")
    assert float(values(result)["cer"]) == pytest.approx(1 / 25) and b"warning" not in result.stderr
    piped = run(tmp_path / "truth.txt", stdin="Dear Ann, 3 May\nthank you\n")
    assert values(piped)["cer"] == values(result)["cer"] and b"warning" not in piped.stderr
    # A table of a single row has names that matter.
    for name, file in (("t", "a.png"), ("r", "b.png")):
        (tmp_path / f"{name}.tsv").write_text(f"file\ttext\n{file}\thello\n")
    assert b"no file of READ" in run(tmp_path / "t.tsv", tmp_path / "r.tsv").stderr
    assert values(run(tmp_path / "t.tsv", tmp_path / "read.txt"))["missing_lines"] == "0"


def test_a_limit_that_is_no_number_is_refused(truth):
    assert run("--fail-above", "nan", truth, truth).returncode == Exit.USAGE


def test_a_table_for_people_on_request(truth):
    text = run("-f", "table", truth, stdin="file\ttext\na.png\tThe bat\nb.png\tété\n").stdout.decode()
    assert "10.00%" in text and "\t" not in text
    both = run("-f", "table", "--metric", "cer", truth, truth, "--against", truth).stdout.decode()
    assert "corpus" in both and "difference" in both and "corpus" not in text, "a difference of rates looks like a rate"
    exact = run("-f", "table", "--metric", "lines_exact", truth, truth, "--against", truth).stdout.decode()
    assert "100.00% – 100.00%" in exact


def test_quiet_leaves_out_the_counts(truth):
    assert run("-q", truth, stdin="file\ttext\na.png\tx\n").stderr == b""


# What may hold the truth


def test_a_sample_stream_is_truth_by_key_and_its_documents_are_drawn(tmp_path):
    path = tmp_path / "val.tar"
    lines = [("d1/001", "one", {"writer": "w1"}), ("d2/001", "two", {"writer": "w2"}), ("d2/002", None, None)]
    path.write_bytes(tar_of(sample_of(key, BLANK, text, meta) for key, text, meta in lines))
    read = "file\tpage\tline\ttext\nval.tar/d1/001\t1\t1\tone\n-/d2/001\t1\t1\ttwo\n"
    result = run(path, stdin=read)
    assert (values(result)["cer"], rows(result)[0]["total"]) == ("0", "6")
    assert "documents (as given): 2" in result.stderr.decode()
    piped = tmp_path / "read.tsv"
    piped.write_text(read)
    assert values(run("-", piped, stdin=path.read_bytes()))["cer"] == "0"


def test_document_names_a_key_of_the_samples_json(tmp_path):
    path = tmp_path / "val.tar"
    letters = enumerate((1, 1, 2))
    path.write_bytes(tar_of(sample_of(f"all/{number}", BLANK, "one", {"letter": letter, "writer": "w"}) for number, letter in letters))
    read = "file\ttext\n" + "".join(f"val.tar/all/{number}\tone\n" for number in range(3))
    assert "documents (as given): 1" in run(path, stdin=read).stderr.decode()
    assert "documents (as given): 2" in run("--document", "letter", path, stdin=read).stderr.decode()
    unknown = run("--document", "page", path, stdin=read)
    assert unknown.returncode == Exit.BAD_INPUT
    assert "expected a key 'page' in the JSON of 'all/0', found letter writer" in unknown.stderr.decode()


def test_a_folder_of_text_files_is_truth(tmp_path):
    (tmp_path / "gt").mkdir()
    (tmp_path / "gt" / "a.gt.txt").write_text("one\n")
    (tmp_path / "gt" / "b.gt.txt").write_text("first\nsecond\n")
    # What macOS leaves beside each file on other disks.
    (tmp_path / "gt" / "._b.gt.txt").write_bytes(b"\0\5\x16\7\xff")
    read = "file\tline\ttext\nscan/a.png\t1\tone\nscan/b.png\t1\tfirst\nscan/b.png\t2\tsecond\n"
    assert values(run(tmp_path / "gt", stdin=read))["cer"] == "0"


def test_rows_of_a_text_may_stand_in_any_order(tmp_path):
    (tmp_path / "book.txt").write_text("one two three four\n")
    rows = ["b.pdf\t10\t1\tfour", "b.pdf\t2\t10\tthree", "b.pdf\t1\t1\tone", "b.pdf\t2\t9\ttwo"]
    assert values(run(tmp_path / "book.txt", stdin="\n".join(["file\tpage\tline\ttext", *rows])))["cer"] == "0"
    labelled = ["b.pdf\tii\t1\tone", "b.pdf\tii\t2\ttwo", "b.pdf\t10r\t1\tthree", "b.pdf\t9v\t1\tfour"]
    assert values(run(tmp_path / "book.txt", stdin="\n".join(["file\tpage\tline\ttext", *labelled])))["cer"] == "0"


def test_predictions_may_lie_beside_the_truth(tmp_path):
    (tmp_path / "1.gt.txt").write_text("one\n")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "1-checkpoint.gt.txt").write_text("old\n")
    same = run(tmp_path, tmp_path)
    assert values(same)["cer"] == "0" and b"the same texts" in same.stderr
    (tmp_path / "1.txt").write_text("ane\n")
    assert float(values(run(tmp_path, tmp_path))["cer"]) == pytest.approx(1 / 3)
    (tmp_path / "1.pred.txt").write_text("an\n")
    for read in (tmp_path, tmp_path / "1.pred.txt"):
        assert float(values(run(tmp_path, read))["cer"]) == pytest.approx(2 / 3)


@pytest.mark.parametrize("header", ["file\ttext", '"file"\t"text"', "File Name\tGround Truth"])
def test_a_truth_table_of_a_spreadsheet_says_what_it_says_to_prep(tmp_path, header):
    cells = ['a.png', 'he said "yes" twice'] if header == "file\ttext" else ["a.png", '"yes"']
    quoted = header != "File Name\tGround Truth"
    written = ['"' + cell.replace('"', '""') + '"' if quoted and ('"' in cell or header.startswith('"')) else cell for cell in cells]
    truth = tmp_path / "truth.tsv"
    truth.write_text(header + "\n" + "\t".join(written) + "\n", "utf-8")
    assert values(run(truth, "-", "--metric", "cer", stdin="file\ttext\n" + "\t".join(cells) + "\n"))["cer"] == "0"


@pytest.mark.parametrize("content", ['FILENAME,IDENTITY\r\na.jpg,"DE, LUCA"\r\n', "image;label\na.jpg;DE, LUCA\n", "sep=;\nimage;label\na.jpg;DE, LUCA\n"])
def test_a_csv_is_truth(tmp_path, content):
    (tmp_path / "t.csv").write_text("\ufeff" + content, encoding="utf-8", newline="")
    assert values(run(tmp_path / "t.csv", stdin="file\ttext\nx/a.jpg\tDE, LUCA\n"))["lines_exact"] == "1"


@pytest.mark.parametrize(
    "name, content",
    [
        ("t.jsonl", '{"file_name": "a.png", "Transcription": "1887", "size": [3]}\n{"file_name": "b.png", "Transcription": 5}\n'),
        ("t.csv", "file,text,,\na.png,1887,,\nb.png,5,,\n,,,\n"),
        ("t.tsv", "file\ttext\tremark\tremark\na.png\t1887\t\t\t\nb.png\t5\n\t\t\t\n"),
        ("t.csv", "file\ttext\tcomma,ted\na.png\t1887\tx\nb.png\t5\tx\n"),
    ],
)
def test_what_htr_prep_takes_for_a_table_is_truth_too(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    result = run(tmp_path / name, stdin="file\ttext\na.png\t1887\nb.png\t5\n")
    assert values(result)["cer"] == "0" and b"2 lines of the truth, 0 missing, 0 surplus" in result.stderr


def test_rows_of_the_names_set_that_nobody_could_read_are_no_truth(tmp_path):
    (tmp_path / "t.csv").write_text("FILENAME,IDENTITY\na.jpg,ANNA\nb.jpg,\nc.jpg,UNREADABLE\n")
    result = run("--skip-missing", tmp_path / "t.csv", stdin="file\ttext\na.jpg\tANNA\n")
    assert "1 line of the truth, 0 missing" in result.stderr.decode()


# What is wrong


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "expected a table"),
        (b"file\tconf\nx\t1\n", "expected a column such as 'text'"),
        (b"file\ttext\tconf\na\tb\t7\n", "row 2, column conf: expected a number from 0 to 1, found '7'"),
        (b"file\ttext\tline\na\tb\tx\n", "row 2, column line: expected a whole number, found 'x'"),
        (b"file,text\na,b,c\n", "row 2: expected 2 cells (file text), found 3"),
        (b'file,text\na,"b\n', "row 2: expected CSV"),
        (b"file\tfile\ttext\na\tb\tc\n", "expected every column once, found file twice"),
        (b"file\tline\ttext\na\t1\n", "row 2: expected text, found file line only"),
        (b'{"file": "a", "text": ["b"]}\n', "row 1, column text: expected a string, found ['b']"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "received a picture: give what htr read makes of it"),
        (b"%PDF-1.7\n", "received a PDF: give what htr read makes of it"),
        (b"\0\1\2\3", "found something else"),
        (b"file\ttext\na\t\xe9\n", "expected UTF-8"),
        ("file\ttext\na\tb\n".encode("utf-16"), "iconv -f UTF-16 -t UTF-8"),
        (b"PK\x03\x04\x14\0\x06\0", "as .docx, .odt, .xlsx and .ods are: save it as plain text, a table as CSV, in UTF-8; or, if it is one of files, unpack it"),
        (b'[\n  {"file": "a", "text": "b"}\n]', "received a JSON array: make lines of it with jq -c '.[]'"),
        (rb"{\rtf1\ansi file text}", "received rich text (RTF)"),
        (b"a.png\t1\t1\t0.9\tabc\n", "expected a column such as 'file' named in the first line, found 'a.png 1 1 0.9 abc'"),
    ],
)
def test_a_bad_table_gets_one_clear_line_and_the_good_one_is_scored(tmp_path, truth, content, message):
    (tmp_path / "bad").write_bytes(content)
    (tmp_path / "good.tsv").write_text("file\ttext\na.png\tThe cat\n")
    result = run("-q", truth, tmp_path / "bad", tmp_path / "good.tsv")
    assert result.returncode == Exit.SOME_FAILED
    (line,) = result.stderr.decode().splitlines()
    assert message in line and str(tmp_path / "bad") in line
    assert values(result)["lines_exact"] == "0.5"
    alone = run("-q", truth, tmp_path / "bad")
    assert (alone.returncode, alone.stdout) == (Exit.BAD_INPUT, b"")
    assert run(tmp_path / "bad", tmp_path / "good.tsv").returncode == Exit.BAD_INPUT


def test_missing_files_and_empty_truth_are_told(tmp_path, truth):
    assert "nowhere.tsv: can't read it: No such file" in run("nowhere.tsv", stdin="file\ttext\n").stderr.decode()
    (tmp_path / "empty.tsv").write_text("file\ttext\n")
    assert "at least one line" in run(tmp_path / "empty.tsv", stdin="file\ttext\n").stderr.decode()
    assert run(tmp_path, stdin="file\ttext\n").returncode == Exit.BAD_INPUT


def test_what_has_no_answer_is_said(tmp_path, truth):
    result = run("--metric", "ece", "--per", "line", truth, stdin="file\ttext\na.png\tx\n")
    assert result.returncode == Exit.USAGE and b"--per corpus" in result.stderr
    (tmp_path / "blank.tsv").write_text("file\ttext\na.png\t\n")
    result = run("--fail-above", "0.1", tmp_path / "blank.tsv", stdin="file\ttext\na.png\t\n")
    assert result.returncode == Exit.BAD_INPUT and b"no error rate to compare" in result.stderr


def test_standard_input_serves_once(truth):
    assert run("-", "-", stdin="file\ttext\n").returncode == Exit.USAGE
    assert run(truth, "-", "-", stdin="file\ttext\n").returncode == Exit.USAGE


def test_names_that_match_nowhere_are_pointed_out(truth):
    assert "no file of READ, such as 'zzz'" in run(truth, stdin="file\ttext\nzzz\tx\n").stderr.decode()
    # Some that match hide none that do not.
    named = Path(truth).read_text().splitlines()[1].split("\t")[0]
    some = run(truth, stdin=f"file\ttext\n{named}\tx\nzzz\tx\n").stderr.decode()
    assert "TRUTH lacks 1 file of READ, such as 'zzz'" in some and "named otherwise" in some


def test_tables_may_be_listed_in_a_file(tmp_path, truth):
    (tmp_path / "r1.tsv").write_text("file\ttext\na.png\tThe cat\n")
    (tmp_path / "r2.tsv").write_text("file\ttext\nb.png\tété\n", encoding="utf-8")
    result = run("--files-from", "-", "-0", truth, stdin=f"{tmp_path / 'r1.tsv'}\0{tmp_path / 'r2.tsv'}\0")
    assert values(result)["cer"] == "0"
    (tmp_path / "list").write_text("")
    nothing = run("-q", truth, "--files-from", tmp_path / "list")
    assert nothing.returncode == Exit.BAD_INPUT and b"--files-from" in nothing.stderr, "a status without a word"


def test_a_closed_pipe_ends_quietly(tmp_path):
    truth = tmp_path / "t.tsv"
    truth.write_text("file\ttext\n" + "".join(f"{i}.png\tabc\n" for i in range(3000)))
    command = [sys.executable, "-m", "htrtool", "eval", "-q", "--per", "line", str(truth), str(truth)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == Exit.OK


def test_the_work_scales(tmp_path):
    """Twenty thousand lines in folders, their files named otherwise, are matched without comparing each with each."""
    truth = tmp_path / "t.tsv"
    truth.write_text("file\ttext\n" + "".join(f"d{i % 999}/{i}.png\tsome words on line {i}\n" for i in range(20_000)))
    read = truth.read_text().replace("\nd", "\nnew/d").replace(".png", ".jpg")
    result = run(truth, stdin=read)
    assert values(result)["line_accuracy"] == "1" and values(result)["missing_lines"] == "0"


def test_help_explains_every_metric():
    text = " ".join(run("--help").stdout.decode().split())
    for phrase in ("this is not 1 - cer", "character error rate", "expected calibration error"):
        assert phrase in text


def test_a_text_of_a_folder_that_can_not_be_read_is_named(truth, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "b.gt.txt").symlink_to("nowhere")
    (folder / "a.gt.txt").write_text("text\n")
    result = run(folder, stdin=truth.read_text())
    assert result.returncode == Exit.BAD_INPUT and b"b.gt.txt: can't read it: No such file or directory" in result.stderr


def test_a_closed_folder_below_the_truth_is_named_and_not_left_out_of_the_score(tmp_path, monkeypatch):
    (tmp_path / "a.gt.txt").write_text("text\n")
    (tmp_path / "closed").mkdir()
    scandir = os.scandir

    def opened(place):
        if os.path.basename(place) == "closed":
            raise PermissionError(13, "Permission denied", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", opened)
    with pytest.raises(InputError, match="closed: can't read it: Permission denied"):
        read_lines(str(tmp_path))


def test_lines_that_are_numbered_otherwise_go_with_those_that_they_are_like(tmp_path):
    lines = ["Harbour Street", "Dear Margaret", "thank you for the letter", "of last week", "I was glad"]
    for name, texts in (("t", lines), ("r", ["7", *lines]), ("m", [*lines[1:], lines[0]]), ("w", ["7", *reversed(lines)])):
        table = "".join(f"a.png\t1\t{number}\t{text}\n" for number, text in enumerate(texts, 1))
        (tmp_path / f"{name}.tsv").write_text("file\tpage\tline\ttext\n" + table)
    scored = {name: run(tmp_path / "t.tsv", tmp_path / f"{name}.tsv") for name in "rmtw"}
    assert {name for name, result in scored.items() if b"numbered otherwise" in result.stderr} == {"r", "m"}
    errors = {name: next(row["errors"] for row in rows(result) if row["metric"] == "cer") for name, result in scored.items()}
    assert errors["r"] == "1" and errors["m"] == str(2 * len(lines[0])) and errors["t"] == "0"
    assert values(scored["m"])["missing_lines"] == "0.2" and int(errors["w"]) > 60


def test_a_line_more_or_less_on_one_of_many_pages_is_one_error_however_little_of_the_whole_it_shifts():
    words = "harbour street letter glad week margaret thank march winter bread".split()
    texts = {(page, line): " ".join(words[(page + line * step) % 10] for step in (1, 3, 4, 7)) for page in range(1, 6) for line in range(1, 11)}
    truth = [Line("a.pdf", text, page, line) for (page, line), text in texts.items()]

    def wrong(read):
        pairs = list(join(truth, read))
        differing = [(pair.truth and pair.truth.text, pair.read and pair.read.text) for pair in pairs if not (pair.truth and pair.read)]
        return differing, {pair.page for pair in pairs if pair.by_likeness}

    # Where every eighth letter is misread, the errors of the lines that go together rightly must not hide the shift.
    blurred = {place: "".join("x" if at % 8 == 0 else letter for at, letter in enumerate(text)) for place, text in texts.items()}
    for seen in (texts, blurred):
        more = [Line("a.pdf", text, page, line + (page == 3)) for (page, line), text in seen.items()]
        assert wrong([*more, Line("a.pdf", "12", 3, 1)]) == ([(None, "12")], {3})
        fewer = [Line("a.pdf", text, page, line - (page == 3 and line > 7)) for (page, line), text in seen.items() if (page, line) != (3, 7)]
        assert wrong(fewer) == ([(texts[3, 7], None)], {3})
        cut_off = [Line("a.pdf", text, page, line) for (page, line), text in seen.items() if (page, line) != (3, 10)]
        assert wrong(cut_off) == ([(texts[3, 10], None)], set())
        later = [Line("a.pdf", text, page + 1, line) for (page, line), text in seen.items()]
        assert wrong(later) == ([], {1, 2, 3, 4, 5})


def test_outlines_without_a_text_do_not_hide_that_the_others_are_numbered_otherwise():
    texts = [f"{word} street and {word} lane" for word in "harbour letter winter march bread glad week thank".split()]
    truth = [Line("p.png", text if number < 3 else "", 1, number, is_blank=number > 2) for number, text in enumerate(texts, 1)]
    read = [Line("p.png", text, 1, number) for number, text in enumerate(["12", *texts], 1)]
    pairs = list(join(truth, read))
    assert [pair.read.text for pair in pairs if pair.truth and not pair.truth.is_blank] == texts[:2]

"""The layouts that people have, each drawn and laid out in a temporary folder."""

import os
import shutil
import time
import unicodedata
from pathlib import Path

import cv2
import numpy as np
import pytest
from annotated import alto_xml, page_xml
from drawn import line_picture, page_picture, points, save
from tars import sample_of, tar_of

from htrtool.core.collect import MARKED, UNREAD, Maker, collect
from htrtool.core.errors import InputError, ModelError
from htrtool.core.layouts.base import SEVERAL_LINES, Entry, LeftOut, Line, key_of
from htrtool.core.layouts.finder import Finder
from htrtool.core.layouts.page import PageCutter
from htrtool.core.layouts.table import OF_A_PAGE
from htrtool.core.layouts.table_images import NamedImages
from htrtool.core.prepare import prepare
from htrtool.core.recipe import DEFAULT_RECIPE
from htrtool.core.samples import Sample, document_of, encode_png


def taken(source, **options):
    """Return the samples of a source, the reasons for what is left out, and the errors."""
    made = list(collect(Finder(**options).find(str(source)), Maker(), jobs=2))
    samples = {m.key: m for m in made if isinstance(m, Sample)}
    return samples, [m.reason for m in made if isinstance(m, LeftOut)], [str(m) for m in made if isinstance(m, InputError)]


def texts(samples):
    return {key: sample.text for key, sample in samples.items()}


def write(path: Path, text: str, encoding="utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding=encoding)
    return path


@pytest.fixture
def pairs(tmp_path):
    folder = tmp_path / "gt"
    for name, text in [("p1_001", "one"), ("p1_002", "two"), ("sub/p2_001", "three")]:
        save(folder / f"{name}.png", line_picture(text))
        write(folder / f"{name}.gt.txt", text + "\n")
    return folder


def test_pairs_in_folders(pairs):
    samples, left_out, errors = taken(pairs)
    assert texts(samples) == {"gt/p1_001": "one", "gt/p1_002": "two", "gt/sub/p2_001": "three"}
    assert [s.document for s in samples.values()] == ["gt/p1", "gt/p1", "gt/sub/p2"]
    assert samples["gt/p1_001"].pixels().shape[0] == 64
    assert samples["gt/p1_001"].meta["recipe"] == DEFAULT_RECIPE.to_json()
    assert samples["gt/p1_001"].meta["source"] == str(pairs / "p1_001.png")
    assert not left_out and not errors


@pytest.mark.parametrize("again", [".", "sub", "sub/p2_001.png"])
def test_what_lies_in_a_folder_that_is_given_too_is_taken_once(pairs, again):
    finder = Finder()
    found = [item for source in (pairs, pairs / again) for item in finder.find(str(source))]
    assert len([item for item in found if isinstance(item, Entry)]) == 3, "else its documents have two names, and may be on both sides of a split"
    assert {item.reason for item in found if isinstance(item, LeftOut)} == {"given twice"}


def test_a_table_in_another_encoding_is_named_and_the_pictures_beside_it_are_taken(tmp_path):
    save(tmp_path / "one.png", line_picture("one"))
    for name, encoding in (("names.csv", "latin-1"), ("names.tsv", "utf-16")):
        write(tmp_path / name, "file,text\nöne.png,é\n", encoding)
    samples, _, errors = taken(tmp_path)
    assert len(samples) == 1 and len(errors) == 2
    assert all("UTF-8" in error and "iconv" in error for error in errors)
    for name in ("names.csv", "names.tsv"):
        _, _, errors = taken(tmp_path / name)
        assert len(errors) == 1 and "iconv" in errors[0]


def test_a_transcription_is_found_whatever_the_case_of_its_suffix(tmp_path):
    save(tmp_path / "A.PNG", line_picture("one"))
    write(tmp_path / "A.TXT", "one")
    # By itself, as a shell's star gives it too, it stands for its picture.
    for source in (tmp_path, tmp_path / "A.PNG", tmp_path / "A.TXT"):
        assert list(texts(taken(source)[0]).values()) == ["one"]


def test_a_transcription_may_be_named_for_all_of_its_picture_s_name(tmp_path):
    save(tmp_path / "a.png", line_picture("one"))
    save(tmp_path / "b.png", line_picture("two"))
    write(tmp_path / "a.png.gt.txt", "one")
    for source in (tmp_path / "a.png", tmp_path / "a.png.gt.txt"):
        assert list(texts(taken(source)[0]).values()) == ["one"]
    # The other was forgotten.
    samples, left_out, _ = taken(tmp_path)
    assert list(texts(samples).values()) == ["one"] and left_out == ["no transcription"]


def test_a_form_with_a_transcription_of_its_own_counts_as_transcribed(tmp_path):
    save(tmp_path / "a.bin.png", line_picture("one"))
    save(tmp_path / "b.png", line_picture("two"))
    write(tmp_path / "a.bin.gt.txt", "one")
    samples, left_out, _ = taken(tmp_path)
    assert list(texts(samples).values()) == ["one"] and left_out == ["no transcription"]


def test_of_the_forms_of_ocropus_one_is_taken(tmp_path):
    for form in (".bin", ".nrm"):
        save(tmp_path / f"010001{form}.png", line_picture("text"))
    write(tmp_path / "010001.gt.txt", "text")
    samples, left_out, _ = taken(tmp_path)
    (sample,) = samples.values()
    assert sample.meta["source"].endswith(".nrm.png") and sample.key.endswith("/010001")
    assert left_out == ["another form of a line that was taken"]


def test_bad_files_among_good_ones(pairs):
    (pairs / "broken.png").write_bytes(encode_png(line_picture("x"))[:200])
    write(pairs / "broken.txt", "broken")
    (pairs / "empty.jpg").write_bytes(b"")
    write(pairs / "empty.gt.txt", "empty")
    save(pairs / "latin.png", line_picture("x"))
    write(pairs / "latin.gt.txt", "é", "latin-1")
    save(pairs / "lonely.png", line_picture("x"))
    save(pairs / "page.png", line_picture("x"))
    write(pairs / "page.txt", "two\nlines")
    save(pairs / "blank.png", line_picture("x"))
    write(pairs / "blank.gt.txt", " \n")
    samples, left_out, errors = taken(pairs)
    assert len(samples) == 3
    assert sorted(left_out) == ["empty transcription", "no transcription", SEVERAL_LINES]
    assert len(errors) == 3
    for name in ("broken.png", "empty.jpg", "latin.gt.txt"):
        assert any(name in error for error in errors), errors


def test_a_transcription_whose_picture_is_lost_is_counted(pairs):
    save(pairs / "ocropus.nrm.png", line_picture("x"))
    for name in ("lost", "ocropus", "annotated", "cafe\u0301", "scan"):
        write(pairs / f"{name}.gt.txt", "x")
    write(pairs / "notes.txt", "of whoever transcribed this")
    write(pairs / "annotated.xml", "<PcGts/>")
    save(pairs / "caf\u00e9.png", line_picture("x"))
    (pairs / "scan.pdf").write_bytes(b"%PDF")
    made = list(collect(Finder().find(str(pairs)), Maker()))
    assert [(m.name, m.reason) for m in made if isinstance(m, LeftOut)] == [(str(pairs / "lost.gt.txt"), "no picture")]


def test_images_alone_are_given_without_text(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / f"{name}.jpg", line_picture(name))
    samples, _, _ = taken(tmp_path)
    assert len(samples) == 2 and all(s.text is None for s in samples.values())


def test_images_are_taken_as_such_on_request(pairs):
    samples, _, _ = taken(pairs, layout="images")
    assert len(samples) == 3 and all(s.text is None for s in samples.values())


def test_pages_are_cut_into_lines_on_request(tmp_path):
    page, _ = page_picture(["the first line of the page and so on", "and then a second line, about as long"] * 4)
    save(tmp_path / "scan.png", page)
    samples, _, _ = taken(tmp_path / "scan.png", cutter=PageCutter("latin"))
    assert len(samples) == 8
    assert all(s.text is None and len(s.meta["box"]) == 4 and s.document.endswith("scan") for s in samples.values())


@pytest.mark.parametrize("given", ["{}/scans", "{}/scans/1.png"])
def test_pages_of_one_name_in_the_folders_of_two_documents_are_not_mixed(run_htr, tmp_path, given):
    for name in "ab":
        save(tmp_path / name / "scans" / "1.png", page_picture([f"the first line of {name}, and so on"] * 3)[0])
    sources = [given.format(name) for name in "ab"]
    keys = [list(taken(tmp_path / source, cutter=PageCutter("latin"))[0]) for source in sources]
    assert keys == [[f"{name}/1/{line:03d}" for line in (1, 2, 3)] for name in "ab"]
    done = run_htr("prep", "--lines", *sources, "-o", "mine/", cwd=tmp_path)
    assert done.returncode == 0 and {len(list((tmp_path / "mine" / folder).glob("*.png"))) for folder in ("1", "b/1")} == {3}


def test_a_page_without_lines_is_counted(tmp_path):
    save(tmp_path / "scan.png", np.full((400, 300), 230, np.uint8))
    assert taken(tmp_path, cutter=PageCutter("latin"))[:2] == ({}, ["page on which no line was found"])


def test_single_files_and_what_a_shell_makes_of_a_star(pairs):
    finder = Finder()
    found = [item for name in sorted(pairs.glob("p1*")) for item in finder.find(str(name))]
    made = list(collect(found, Maker()))
    assert sorted(m.text for m in made if isinstance(m, Sample)) == ["one", "two"]
    assert [m.reason for m in made if isinstance(m, LeftOut)] == ["given twice"] * 2


@pytest.mark.parametrize("given", [("", ""), ("", "sub"), ("sub", ""), ("", "p1_001.png"), ("", "sub/p2_001.gt.txt"), ("", "lines.tar", "lines.tar")])
def test_what_is_given_by_itself_and_in_a_folder_is_taken_once(pairs, given):
    (pairs / "lines.tar").write_bytes(tar_of([sample_of("four", line_picture("four"), "four")]))
    finder = Finder()
    made = collect([item for name in given for item in finder.find(str(pairs / name))], Maker())
    assert sorted(m.text for m in made if isinstance(m, Sample)) == ["four", "one", "three", "two"]


@pytest.mark.parametrize("suffix, separator", [(".csv", ","), (".csv", ";"), (".tsv", "\t")])
def test_tables(tmp_path, suffix, separator):
    rows = [("Image", "Text", "Writer"), ("img/a.png", "a text", "w1"), ("b", "b text", "w2"), ("c.png", "gone", "w2")]
    write(tmp_path / f"list{suffix}", "".join(separator.join(row) + "\r\n" for row in rows))
    save(tmp_path / "img/a.png", line_picture("a text"))
    save(tmp_path / "b.png", line_picture("b text"))
    samples, left_out, errors = taken(tmp_path)
    assert [(s.text, s.document) for s in samples.values()] == [("a text", "w1"), ("b text", "w2")]
    assert left_out == ["no image for the row"] and not errors


def test_pictures_in_a_large_tree_are_found_without_asking_each_folder_for_each_name(tmp_path, monkeypatch):
    names = [f"{number:03d}" for number in range(60)]
    for name in names:
        write(tmp_path / name / "scans" / f"p{name}.JPG", "")
    asked = []
    isfile = os.path.isfile
    monkeypatch.setattr(os.path, "isfile", lambda path: asked.append(path) or isfile(path))
    images = NamedImages(tmp_path / "t.csv", lambda: names)
    for name in names:
        expected = tmp_path / name / "scans" / f"p{name}.JPG"
        assert images.find(f"p{name}") == images.find(f"elsewhere/{name}/scans/p{name}") == expected
    assert images.find("p999") is images.find("scans/p999") is None
    assert len(asked) < 250 * len(names)


def test_quotes_in_csv_and_escapes_in_tsv(tmp_path):
    save(tmp_path / "a.png", line_picture("x"))
    save(tmp_path / "b.png", line_picture("y"))
    write(tmp_path / "c.csv", 'file,text\na.png,"one, ""two"""\n')
    write(tmp_path / "t.tsv", 'file\ttext\na.png\t"quoted" back\\\\slash\n')
    assert [s.text for s in taken(tmp_path / "c.csv")[0].values()] == ['one, "two"']
    assert [s.text for s in taken(tmp_path / "t.tsv")[0].values()] == ['"quoted" back\\slash']
    # As other programs write them: cells with quotes in them, or all; a spoken word stays as it is.
    write(tmp_path / "p.tsv", 'file\ttext\na.png\t"he said ""yes"" twice"\nb.png\t"Oui"\n')
    assert [s.text for s in taken(tmp_path / "p.tsv")[0].values()] == ['he said "yes" twice', '"Oui"']
    write(tmp_path / "q.tsv", '"file"\t"text"\n"a.png"\t"plain"\n')
    assert [s.text for s in taken(tmp_path / "q.tsv")[0].values()] == ["plain"]
    write(tmp_path / "s.csv", "sep=;\nfile;text\na.png;one, two\n")
    assert [s.text for s in taken(tmp_path / "s.csv")[0].values()] == ["one, two"]


def test_a_row_that_can_not_be_used_is_told_by_its_number_and_the_others_are_taken(tmp_path):
    for name in "abcde":
        save(tmp_path / f"{name}.png", line_picture(name))
    table = write(tmp_path / "t.csv", 'sep=,\nfile,text,note\na.png,one,\nb.png,"no" it is,\nc.png,two,,\nd.png,three\ne.png,four,x,y\n')
    samples, left_out, errors = taken(table)
    assert [s.text for s in samples.values()] == ["one", "two", "three"] and not left_out
    assert [error.split(": ")[1] for error in errors] == ["row 4", "row 7"]
    table = write(tmp_path / "t.tsv", "file\ttext\na.png\tone\ttwo\na.png\tthree\n")
    samples, _, errors = taken(table)
    assert [s.text for s in samples.values()] == ["three"] and f"{table}: row 2: expected 2 cells (file text), found 3" in errors[0]


def test_json_lines_are_a_table_too(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / f"train/{name}.png", line_picture(name))
    write(tmp_path / "train/metadata.jsonl", '{"file_name": "a.png", "text": "one"}\n\n{"text": "two", "file_name": "b.png", "size": 3}\n')
    assert [s.text for s in taken(tmp_path / "train")[0].values()] == ["one", "two"]
    write(tmp_path / "train/metadata.jsonl", '{"file_name": "a.png", "text": "one"}\nbroken\n')
    samples, _, errors = taken(tmp_path / "train")
    assert len(samples) == 1 and "row 2: expected a JSON object" in errors[0]
    write(tmp_path / "train/metadata.jsonl", '{"file": "b.png"}\n{"file": "a.png", "text": "one", "split": "dev", "writer": "W"}\n')
    (sample,) = taken(tmp_path / "train")[0].values()
    assert (sample.text, sample.meta["split"], sample.meta["writer"]) == ("one", "val", "W"), "the first object need not name all"
    write(tmp_path / "train/metadata.jsonl", '{"file": "a.png", "page": 1, "line": 1, "conf": 0.4, "text": "read"}\n')
    assert [s.text for s in taken(tmp_path / "train")[0].values()] == [None, None], "what a model read is no truth"


def test_the_parts_that_a_table_tells_are_kept(tmp_path):
    for name in "abcd":
        save(tmp_path / f"{name}.png", line_picture(name))
    write(tmp_path / "t.csv", "file,text,split\na.png,one,train\nb.png,two,Validation\nc.png,three,test\nd.png,four,other\n")
    samples = taken(tmp_path / "t.csv")[0].values()
    assert {s.text: s.meta.get("split") for s in samples} == {"one": "train", "two": "val", "three": "test", "four": None}


def test_a_table_that_may_not_be_read_is_no_question_of_encoding(tmp_path, monkeypatch):
    save(tmp_path / "a.png", line_picture("x"))
    table = write(tmp_path / "t.csv", "file,text\na.png,one\n")
    (tmp_path / "folder.csv").mkdir()

    def closed(path, *args, **kwargs):
        if Path(path) == table:
            raise PermissionError(13, "Permission denied", str(path))
        return open(path, *args, **kwargs)

    monkeypatch.setattr("htrtool.core.layouts.table.open", closed, raising=False)
    for source in (table, tmp_path):
        assert taken(source)[2] == [f"{table}: can't read it: Permission denied"]


def test_a_text_comes_with_the_reason_to_leave_it_out():
    assert Maker().text_of("„a") == ('"a', None) and Maker(label_form="keep").text_of("„a") == ("„a", None)
    assert Maker().text_of("a", ["gap"]) == ("a", None) and Maker().text_of(" ")[1] == "empty transcription"
    for markup, text, tags, reason in (("drop", ">a<", (), MARKED), ("drop", "a", ["unclear"], MARKED), ("strip", "a", ["gap"], UNREAD)):
        assert Maker(markup=markup).text_of(text, tags) == (text, reason)
    assert Maker(markup="strip").text_of("[a] b", ["unclear"]) == ("a b", None)
    assert Maker(markup="strip").sample_of(Line("a", line_picture("a"), "a", {"tags": 5})).text == "a"


@pytest.mark.parametrize("error, told", [(RuntimeError("boom"), "RuntimeError: boom"), (MemoryError(), "too little memory")])
def test_an_error_that_no_one_foresaw_is_told_of_its_source_and_the_others_are_taken(error, told):
    def broken():
        raise error

    found = [Entry("odd.png", broken), Entry("good.png", lambda: [Line("good", line_picture("x"), "x", {})])]
    problem, sample = collect(found, Maker())
    assert isinstance(problem, InputError) and str(problem).startswith("odd.png: ") and told in str(problem)
    assert sample.key == "good"


def test_a_missing_model_ends_it_all():
    def broken():
        raise ModelError("there is none", "model.onnx")

    with pytest.raises(ModelError):
        list(collect([Entry("page.png", broken)], Maker()))


def test_equal_keys_are_told_apart_by_number_in_no_more_time_than_others():
    keys = ["a", "a-2", "a", "a-3", "a", *["stdin/001"] * 20_000]

    class Named:
        def samples_of(self, entry):
            return [Sample(entry.name, b"")]

    start = time.process_time()
    given = [sample.key for sample in collect((Entry(key, list) for key in keys), Named())]
    assert time.process_time() - start < 10
    assert given[:5] == ["a", "a-2", "a-3", "a-3-2", "a-4"] and given[-1] == "stdin/001-20000" and len(set(given)) == len(given)


def test_columns_by_name(tmp_path):
    save(tmp_path / "a.png", line_picture("x"))
    table = write(tmp_path / "t.csv", "pic,said,text\na.png,right,wrong\n")
    assert [s.text for s in taken(table, image_column="pic", text_column="said")[0].values()] == ["right"]
    assert "--image-column" in taken(table)[2][0]
    # In a folder too, and where there are transcriptions beside the images.
    write(tmp_path / "a.gt.txt", "wrong\n")
    for source in (table, tmp_path):
        assert "pic, said, text" in taken(source, image_column="nix")[2][0]
        assert [s.text for s in taken(source, image_column="pic", text_column="said")[0].values()] == ["right"]


def test_no_row_of_a_table_gets_the_picture_of_another(tmp_path):
    for name in ("x/001", "x/002", "deep/z/001"):
        save(tmp_path / f"{name}.png", line_picture(name))
    rows = {"y/001.png": "gone", "x/001.png": "one", "/old/place/z/001.png": "moved", "x/003.png": "gone", "002.png": "two"}
    write(tmp_path / "t.tsv", "file\ttext\n" + "".join(f"{name}\t{text}\n" for name, text in rows.items()))
    samples, left_out, _ = taken(tmp_path / "t.tsv")
    assert [(Path(s.meta["source"]).relative_to(tmp_path).as_posix(), s.text) for s in samples.values()] == [
        ("x/001.png", "one"), ("deep/z/001.png", "moved"), ("x/002.png", "two")
    ]  # fmt: skip
    assert left_out == ["no image for the row"] * 2
    assert len({sample.document for sample in samples.values()}) == 2
    # Where no folder that it names is there, a name that only one image has will do.
    write(tmp_path / "t.tsv", "file\ttext\nscans/002.png\ttwo\nscans/001.png\twhich?\n")
    samples, left_out, _ = taken(tmp_path / "t.tsv")
    assert [s.text for s in samples.values()] == ["two"] and left_out == ["no image for the row"]


def test_a_table_finds_names_whose_accents_are_written_otherwise(tmp_path):
    composed, apart = (unicodedata.normalize(form, "été") for form in ("NFC", "NFD"))
    for folder, name in ((composed, apart), (apart, composed)):
        save(tmp_path / folder / f"{folder}.png", line_picture("x"))
        rows = f"{name}/{name}.png\tone\n{name}.png\ttwo\n"
        samples, left_out, errors = taken(write(tmp_path / "t.tsv", f"file\ttext\n{rows}"))
        assert sorted(texts(samples).values()) == ["one", "two"] and not left_out and not errors
        shutil.rmtree(tmp_path / folder)


def test_what_was_read_second_best_is_no_truth_nor_are_words(tmp_path):
    save(tmp_path / "a.png", line_picture("x"))
    rows = "a.png\t1\t1\t0.9\tone\t1\na.png\t1\t1\t0.1\tother\t2\n"
    assert list(texts(taken(write(tmp_path / "n.tsv", f"file\tpage\tline\tconf\ttext\trank\n{rows}"))[0]).values()) == ["one"]
    with pytest.raises(InputError, match="or of words"):
        taken(write(tmp_path / "w.tsv", "file\tpage\tline\tword\tconf\ttext\na.png\t1\t1\t1\t0.9\tone\n"))
    soldiers = write(tmp_path / "soldiers.csv", "file,rank,text\na.png,Captain,one\n")
    assert list(texts(taken(soldiers)[0]).values()) == ["one"], "a rank of another kind"


def test_tables_that_are_no_truth_are_passed_over(pairs):
    write(pairs / "out.tsv", "file\tpage\tline\tconf\ttext\np1_001.png\t1\t1\t0.3\twrong\n")
    write(pairs / "sizes.csv", "file,text\np1_001.png,wrong\n")
    assert set(texts(taken(pairs)[0]).values()) == {"one", "two", "three"}
    for path in pairs.glob("*.gt.txt"):
        path.rename(path.with_suffix("").with_suffix(".txt"))
    (pairs / "sizes.csv").unlink()
    assert set(texts(taken(pairs)[0]).values()) == {"one", "two", "three"}


def test_the_kaggle_names_set(tmp_path):
    for part in ("train", "validation"):
        rows = ["FILENAME,IDENTITY"]
        for number, name in enumerate(["BALTHAZAR", "", "UNREADABLE", "EMPTY", "LÉA"], 1):
            rows.append(f"PART_{number:05d}.jpg,{name}")
            save(tmp_path / f"{part}_v2/{part}/PART_{number:05d}.jpg", line_picture(part, tone=200 if part == "train" else 230))
        write(tmp_path / f"written_name_{part}_v2.csv", "\n".join(rows))
    samples, left_out, errors = taken(tmp_path)
    assert sorted(s.text for s in samples.values()) == ["BALTHAZAR"] * 2 + ["LÉA"] * 2
    assert sorted(left_out) == ["empty transcription"] * 4 + ["marked unreadable"] * 2
    assert len({s.document for s in samples.values()}) == 4
    for key, sample in samples.items():
        assert ("train_v2" in sample.meta["source"]) == ("train" in key)
    assert not errors


def iam(root: Path, ascii_folder: str = "") -> Path:
    write(root / ascii_folder / "forms.txt", "#--- forms.txt ---#\na01-000u 000 2 prt 7 5 52 36\n")
    write(
        root / ascii_folder / "lines.txt",
        "#--- lines.txt ---#\n#\na01-000u-00 ok 154 19 408 746 1661 89 A|MOVE|to|stop|Mr.|Gaitskell|from\n"
        "a01-000u-01 err 156 19 395 932 1850 105 nominating|any\na01-000u-02 ok 1 1 1 1 1 1 gone\n",
    )
    write(
        root / ascii_folder / "words.txt",
        "#--- words.txt ---#\na01-000u-00-00 ok 154 408 768 27 51 AT A\na01-000u-00-01 err 154 507 766 213 48 NN MOVE\n",
    )
    for number in (0, 1):
        save(root / f"lines/a01/a01-000u/a01-000u-0{number}.png", line_picture("A MOVE"))
        save(root / f"words/a01/a01-000u/a01-000u-00-0{number}.png", line_picture("A"))
    return root


@pytest.mark.parametrize("place, ascii_folder", [("", ""), ("", "ascii"), ("lines", ""), ("lines.txt", "")])
def test_iam_lines(tmp_path, place, ascii_folder):
    samples, left_out, errors = taken(iam(tmp_path / "iam", ascii_folder) / place)
    assert [s.text for s in samples.values()] == ["A MOVE to stop Mr. Gaitskell from", "nominating any"]
    meta = next(iter(samples.values())).meta
    assert (meta["writer"], meta["document"], meta["box"]) == ("000", "a01-000u", [408, 746, 1661, 89])
    assert left_out == ["no image for the row"] and not errors


def test_iam_words_without_those_cut_uncertainly(tmp_path):
    samples, left_out, _ = taken(iam(tmp_path) / "words.txt")
    assert [s.text for s in samples.values()] == ["A"]
    assert left_out == ["IAM word with uncertain cut (err)"]


TEXTS = ["the first line", "a second one, longer", "the last line"]


@pytest.fixture
def page(tmp_path):
    pixels, lines = page_picture(TEXTS)
    save(tmp_path / "scan 1.png", pixels)
    return tmp_path, lines, pixels.shape[1], pixels.shape[0]


def ink_by_row(pixels):
    """Return how much ink each row has, without blank rows above and below."""
    ink = (255 - pixels.astype(float)).mean(axis=1)
    inked = np.flatnonzero(ink > ink.min() + 0.02 * np.ptp(ink))
    return ink[inked[0] : inked[-1] + 1]


@pytest.mark.parametrize("kind", [page_xml, alto_xml])
def test_lines_cut_from_pages(page, kind):
    folder, lines, width, height = page
    write(folder / "scan 1.xml", kind(lines, width, height, "scan 1.png"))
    samples, left_out, errors = taken(folder)
    assert [s.text for s in samples.values()] == TEXTS and not left_out and not errors
    for sample, line in zip(samples.values(), lines):
        (left, top), (right, bottom) = line["polygon"][0], line["polygon"][2]
        assert np.abs(np.subtract(sample.meta["box"], (left, top, right - left, bottom - top))).max() <= 1
        wanted, got = (ink_by_row(p) for p in (prepare(line_picture(line["text"]), DEFAULT_RECIPE), sample.pixels()))
        got = cv2.resize(got[:, None], (1, len(wanted)))[:, 0]
        assert np.corrcoef(got, wanted)[0, 1] > 0.85
        assert sample.document.endswith("scan 1") and sample.meta["language"] in ("fr", "French")


@pytest.mark.parametrize(
    "place, given, documents",
    [("{}/page/1.xml", "", ["gt/a", "gt/b"]), ("{}/1.xml", "", ["gt/a", "gt/b"]), ("{}/page/1.xml", "{}", "ab"),
     ("{}/page/1.xml", "{}/page", "ab"), ("{}/page/1.xml", "{}/page/1.xml", "ab"), ("{}1.xml", "", ["gt/a1", "gt/b1"])],
)  # fmt: skip
def test_pages_that_lie_in_a_folder_are_a_document(tmp_path, place, given, documents):
    pixels, lines = page_picture(TEXTS)
    for name in "ab":
        save(tmp_path / "gt" / place.format(name).replace("page/", "").replace("xml", "png"), pixels)
        write(tmp_path / "gt" / place.format(name), page_xml(lines, pixels.shape[1], pixels.shape[0], ""))
    sources = dict.fromkeys(tmp_path / "gt" / given.format(name) for name in "ab")
    assert [s.document for source in sources for s in taken(source)[0].values()] == [name for name in documents for _ in lines]


def test_coordinates_in_other_units_and_of_a_larger_scan(page):
    folder, lines, width, height = page
    write(folder / "scan 1.xml", alto_xml(lines, width, height, "scan 1.png", "mm10", 0.847))
    samples, _, errors = taken(folder)
    assert [s.text for s in samples.values()] == TEXTS, errors
    assert abs(next(iter(samples.values())).meta["box"][0] - 30) <= 1


def test_the_image_is_found_where_tools_put_it(page):
    folder, lines, width, height = page
    for xml, image in [("page/scan 1.xml", "x/other.jpg"), ("alto.xml", "C:\\scans\\scan 1.png"), ("page/a.xml", "../scan 1.png"), ("alto/sub/a.xml", "scan 1.png")]:
        path = write(folder / xml, page_xml(lines, width, height, image, "2013-07-15"))
        assert len(taken(path)[0]) == 3, xml


def test_page_2010_words_and_lines_without_outline(page):
    folder, lines, width, height = page
    x = lambda pairs: "".join(f'<Point x="{a}" y="{b}"/>' for a, b in pairs)
    first, second, third = lines
    body = (
        f'<TextLine><Coords>{x(first["polygon"])}</Coords><Word><TextEquiv><Unicode>the</Unicode></TextEquiv></Word>'
        f"<Word><TextEquiv><Unicode>first</Unicode></TextEquiv></Word></TextLine>"
        f'<TextLine><Baseline points="{points(second["baseline"])}"/><TextEquiv><Unicode>second</Unicode></TextEquiv></TextLine>'
        f'<TextLine><Coords points="{points(third["polygon"])}"/><TextEquiv><Unicode> </Unicode></TextEquiv></TextLine>'
        f'<TextLine id="tiny"><Coords points="1,1 2,1 2,2"/><TextEquiv><Unicode>tiny</Unicode></TextEquiv></TextLine>'
    )
    path = write(folder / "scan 1.xml", f'<PcGts><Page imageFilename="scan 1.png"><TextRegion>{body}</TextRegion></Page></PcGts>')
    samples, left_out, errors = taken(path)
    assert [s.text for s in samples.values()] == ["the first", "second"]
    assert left_out == ["no transcription"]
    assert len(errors) == 1 and "scan 1.xml#tiny" in errors[0]


def test_bad_xml_among_good(page):
    folder, lines, width, height = page
    write(folder / "scan 1.xml", page_xml(lines, width, height, "scan 1.png"))
    write(folder / "cut.xml", page_xml(lines, width, height, "scan 1.png")[:300])
    write(folder / "lost.xml", page_xml(lines, width, height, "lost.png"))
    save(folder / "other.png", line_picture("of another shape"))
    write(folder / "other.xml", page_xml(lines, width, height, "other.png"))
    write(folder / "again.xml", page_xml(lines, width * 2, height, "scan 1.png"))
    write(folder / "bomb.xml", '<!DOCTYPE d [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><PcGts>&b;</PcGts>')
    write(folder / "note.xml", "<note/>")
    samples, left_out, errors = taken(folder)
    assert len(samples) == 3 and left_out == ["another annotation of a page that was taken"]
    assert sorted(Path(error.split(":")[0]).name for error in errors) == ["bomb.xml", "cut.xml", "lost.xml", "other.xml"]


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_page_that_its_tool_saw_lying(page, orientation):
    from PIL import Image

    folder, lines, width, height = page
    upright = Image.open(folder / "scan 1.png")
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright.save(folder / "lying.jpg", exif=exif, quality=95)
    path = write(folder / "lying.xml", page_xml(lines, width, height, "lying.jpg"))
    samples, _, errors = taken(path)
    assert len(samples) == 3, errors
    as_stored, _, _ = taken(write(folder / "scan 1.xml", page_xml(lines, width, height, "scan 1.png")))
    for sample, stored in zip(samples.values(), as_stored.values()):
        assert np.abs(sample.pixels().astype(int) - stored.pixels()).mean() < 8


def test_tars_keep_their_keys_and_documents(tmp_path):
    content = tar_of(sample_of(key, line_picture("a"), "a", {"language": "fr"}) for key in ("set/doc/1", "set/doc/2"))
    for name in ("one.tar", "two.tar"):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "bad.tar").write_bytes(b"no tar" * 300)
    (tmp_path / "short.tar").write_bytes(content[:-14000])
    samples, _, errors = taken(tmp_path)
    assert list(samples)[:2] == ["set/doc/1", "set/doc/2"] and "set/doc/1-2" in samples
    assert {s.document for s in samples.values()} == {"set/doc"}
    assert all(s.meta["language"] == "fr" for s in samples.values())
    assert any("bad.tar" in error for error in errors)


def test_what_is_not_there_or_of_no_layout_is_named(tmp_path):
    for name in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(InputError, match="expected images with .gt.txt"):
            list(Finder().find(str(name)))
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04\x14\0\x06\0")
    with pytest.raises(InputError, match="t.xlsx: expected plain text in UTF-8, received a zip"):
        list(Finder().find(str(tmp_path / "t.xlsx")))
    table = write(tmp_path / "t.csv", "file,text\na.png,one\n")
    for layout, expected in (("iam", "expected IAM"), ("pairs", "expected images with .gt.txt or .txt beside them; found none")):
        with pytest.raises(InputError, match=expected):
            list(Finder(layout).find(str(table)))


def test_a_link_that_leads_up_is_not_followed_for_ever(pairs):
    (pairs / "sub" / "loop").symlink_to(pairs, target_is_directory=True)
    assert len(taken(pairs)[0]) == 3


@pytest.mark.parametrize(
    "key, document", [("d/page_003", "d/page"), ("d/0001", "d"), ("a/b-line12", "a/b"), ("x", "x"), ("7", "7"), ("d/name", "d/name")]
)
def test_documents_by_name(key, document):
    assert document_of(key) == document


def test_keys_hold_no_dots_in_their_last_part():
    assert key_of("a.b", "c/../d", "x.y.z") == "a.b/c/d/x_y_z"


def test_a_table_may_name_files_in_any_bytes_and_with_backslashes(tmp_path):
    names = [b"caf\xe9.png", b"a\\b.png", b"sub/c.png"]
    for name in names:
        path = tmp_path / os.fsdecode(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_png(line_picture("one")))
    rows = [b"caf\xe9.png\tone", b"a\\\\b.png\ttwo\\tthree", b"sub\\c.png\tfour"]
    (tmp_path / "names.tsv").write_bytes(b"\n".join([b"file\ttext", *rows]))
    samples, left_out, errors = taken(tmp_path / "names.tsv")
    assert sorted(texts(samples).values()) == ["four", "one", "two three"] and not left_out and not errors
    (tmp_path / "names.tsv").write_bytes(b"file\ttext\nsub/c.png\tcaf\xe9")
    _, _, errors = taken(tmp_path / "names.tsv")
    assert len(errors) == 1 and "row 2, column text: expected UTF-8" in errors[0]


def test_what_htr_read_wrote_of_files_in_other_bytes_is_told_from_a_table_of_lines(tmp_path):
    rows = [f"p{row}.png\t1\t1\t0.9\tone\n".encode() for row in range(2000)]
    (tmp_path / "out.tsv").write_bytes(b"file\tpage\tline\tconf\ttext\n" + b"".join(rows) + b"caf\xe9.png\t1\t2\t0.9\ttwo\n")
    with pytest.raises(InputError, match="found one of the lines that htr read found on pages"):
        taken(tmp_path / "out.tsv")


def test_pages_with_the_text_of_each_of_their_lines_are_no_table_of_lines_on_request_either(tmp_path):
    save(tmp_path / "page.png", line_picture("one"))
    write(tmp_path / "out.tsv", "file\tpage\tline\tconf\ttext\n" + "".join(f"page.png\t1\t{n}\t0.9\ttext\n" for n in (1, 2)))
    with pytest.raises(InputError, match="found one of the lines that htr read found on pages"):
        taken(tmp_path / "out.tsv", layout="table")
    samples, _, errors = taken(tmp_path, layout="table")
    assert not samples and len(errors) == 1 and "htr read found on pages" in errors[0]


def test_the_lines_of_a_page_in_a_table_are_not_taken_for_all_that_its_picture_shows(tmp_path):
    for name in ("page", "whole", "line", "other"):
        save(tmp_path / f"{name}.png", line_picture(name))
    rows = ["page.png,one", "page.png,two", 'whole.png,"one\ntwo"', "line.png,three", "line.png,three ", "other.png,UNREADABLE", "other.png,four"]
    write(tmp_path / "texts.csv", "file,text\n" + "\n".join(rows))
    samples, left_out, errors = taken(tmp_path / "texts.csv")
    assert sorted(sample.text for sample in samples.values()) == ["four", "three", "three"] and not errors
    assert sorted(left_out) == ["marked unreadable", *[OF_A_PAGE] * 3]


def test_a_table_that_cannot_be_used_is_named(tmp_path):
    save(tmp_path / "a.png", line_picture("x"))
    write(tmp_path / "texts.tsv", "a.png\tno header\n")
    made = list(collect(Finder().find(str(tmp_path)), Maker()))
    assert [(m.name, m.by_name) for m in made if isinstance(m, LeftOut)] == [(str(tmp_path / "texts.tsv"), True)]

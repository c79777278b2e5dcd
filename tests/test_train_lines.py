import json
import os
import subprocess
import sys

import numpy as np
import pytest
from drawn import page_picture, save
from processes import run_module

from htrtool.core.tables import read_table


@pytest.fixture()
def pages(tmp_path):
    page, lines = page_picture(["one line of text", "and another one", "the last of them"])
    for name in "ab":
        save(tmp_path / "set" / f"{name}.png", page)
        (tmp_path / "set" / f"{name}.json").write_text(json.dumps({"lines": lines}))
    return tmp_path / "set"


def test_a_line_finder_is_trained_and_found_again(pages, tmp_path):
    (pages / "c.json").write_text("broken")
    done = run_module("htrtool.train_lines", pages, "-o", tmp_path / "finder", "--steps", 2, "--batch", 1, text=True)
    assert done.returncode == 1, done.stderr
    assert "c.json: expected JSON" in done.stderr
    assert all(line.startswith("train_lines: ") for line in done.stderr.splitlines()), done.stderr
    (row,) = read_table(done.stdout.splitlines(True), "train_lines")
    assert row["step"] == "2" and float(row["loss"]) > 0
    assert "set (2)" in (tmp_path / "finder.md").read_text()
    # The optimiser's state would make it three times as large.
    assert (tmp_path / "finder.keras").stat().st_size < 2 * (tmp_path / "finder.onnx").stat().st_size
    from htrtool.core.linefinder.maps import LineMapper

    maps = LineMapper(tmp_path / "finder.onnx").maps(np.full((90, 130), 220, np.uint8))
    assert maps.baseline.shape == maps.body.shape == maps.end.shape == (45, 65) and maps.writing.shape == (4,)


def test_nothing_to_train_on_is_told(tmp_path):
    (tmp_path / "empty").mkdir()
    done = run_module("htrtool.train_lines", tmp_path / "empty", "-o", tmp_path / "finder", text=True)
    assert done.returncode == 3 and "expected annotated pages" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [["", "-o", "finder"], ["pages", "-o", ""], ["pages", "-o", "finder", "--from", ""]])
def test_an_empty_name_is_not_the_folder_that_one_is_in(pages, arguments):
    for module in ["htrtool.train_lines"] + ["htrtool.bench"] * (arguments[0] == ""):
        command = ["lines", "--alone", ""] if module == "htrtool.bench" else arguments
        done = run_module(module, *command, text=True, cwd=pages)
        assert done.returncode == 2 and "a name is empty" in done.stderr and not list(pages.glob("finder*"))


def test_lines_found_are_scored(pages):
    done = run_module("htrtool.bench", "lines", "--alone", pages, text=True)
    assert done.returncode == 0, done.stderr
    (row,) = read_table(done.stdout.splitlines(True), "bench")
    assert (row["set"], row["finder"], row["pages"], row["lines"]) == ("set", "htr", "2", "6")
    assert float(row["recall"]) == 1 and float(row["cer_true"]) < 1


def test_without_what_it_needs_it_says_what_to_install(pages, tmp_path):
    hidden = "import importlib.util as u\nfind = u.find_spec\nu.find_spec = lambda name, *a: None if name == 'keras' else find(name, *a)\n"
    (tmp_path / "sitecustomize.py").write_text(hidden)
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    for command in (["htrtool.train_lines", pages, "-o", tmp_path / "finder"], ["htrtool.bench", "training"]):
        line = [sys.executable, "-m", *map(str, command)]
        done = subprocess.run(line, capture_output=True, text=True, env=environment)
        assert done.returncode == 5 and "pip install 'htrtool[train]'" in done.stderr and "Traceback" not in done.stderr


def test_a_keras_that_can_not_be_imported_is_told(pages, tmp_path):
    (tmp_path / "keras.py").write_text("raise ImportError('libtensorflow.so is broken')\n")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])}
    for command in (["htrtool.train_lines", pages, "-o", tmp_path / "finder"], ["htrtool.bench", "training"]):
        done = run_module(*command, env=environment, text=True)
        assert done.returncode == 5 and "libtensorflow.so is broken" in done.stderr, done.stderr
        assert "pip install" in done.stderr and "Traceback" not in done.stderr

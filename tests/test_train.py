"""Training as a user runs it: in a process of its own, on a few lines of drawn text."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from processes import run_module
from rapidfuzz.distance import Levenshtein
from tars import sample_of, tar_of

from htrtool.core.charset import Charset
from htrtool.core.errors import InputError
from htrtool.core.modelfile import Target
from htrtool.core.recipe import Recipe
from htrtool.core.samples import Sample, encode_png
from htrtool.core.scoring.metrics import character_error_rate
from htrtool.core.training.checkpoint import read_checkpoint, write_checkpoint
from htrtool.core.training.corpus import gather, labelled_samples
from htrtool.core.training.dataset import LineStore
from htrtool.core.training.schedule import Settings
from htrtool.core.training.spec import parse_spec
from htrtool.exits import Exit

WORDS = ["ab", "ba", "abba", "baab", "aa", "bb", "bab", "aba"]
TINY = "c8:4x4/4x2 c12/4x2 max drop.1 lstm12"


def drawn(text: str, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pixels = np.full((32, 24 * len(text) + 16), 235, np.uint8)
    cv2.putText(pixels, text, (6, 24), cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.75, 0.9), 30, 2, cv2.LINE_AA)
    return pixels


def stream(count: int, documents: int = 8, prepared: bool = True, name: str = "drawn") -> bytes:
    meta = {"recipe": {"normalise": "none", "height": 32}} if prepared else {}
    texts = enumerate(WORDS[i % len(WORDS)] for i in range(count))
    first = 0 if name == "drawn" else 1000
    return tar_of(sample_of(f"{name}/{i % documents}/{i:03}", drawn(text, first + i), text, meta) for i, text in texts)


SAME_EACH_TIME = {"TF_DETERMINISTIC_OPS": "1"}


def htr(*arguments: str, given: bytes = b"", cwd: Path, **more) -> subprocess.CompletedProcess:
    environment = os.environ | SAME_EACH_TIME | more
    return run_module("htrtool", *arguments, input=given, cwd=cwd, env=environment)


def kill_in_the_second_epoch(*arguments: str, cwd: Path) -> None:
    """Begin a run, and kill it a little after its table has the row of an epoch."""
    command = [sys.executable, "-m", "htrtool", *arguments]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, env=os.environ | SAME_EACH_TIME) as victim:
        for _ in ("header", "first epoch"):
            victim.stdout.readline()
        time.sleep(0.05)
        victim.kill()


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    options = ("--spec", TINY, "--epochs", "2", "--batch", "8", "--licence", "CC0-1.0", "-o", "m")
    done = htr("train", *options, "-", given=stream(64), cwd=folder)
    assert done.returncode == 0, done.stderr.decode()
    (folder / "epochs.tsv").write_bytes(done.stdout)
    (folder / "messages").write_bytes(done.stderr)
    return folder


def test_table_of_epochs_is_all_that_stdout_carries(trained):
    lines = (trained / "epochs.tsv").read_text().splitlines()
    assert lines[0].split("\t") == "epoch step samples seconds lr loss val_loss val_cer val_wer".split()
    assert [line.split("\t")[0] for line in lines[1:]] == ["1", "2"]


def test_stderr_carries_our_messages_and_no_library_s(trained):
    messages = (trained / "messages").read_text().splitlines()
    assert all(line.startswith("htr train: ") for line in messages), messages
    assert any("56 lines of 7 documents, 8 lines kept aside" in line for line in messages)


def test_model_files_are_written_and_the_checkpoint_goes(trained):
    assert {f.name for f in trained.iterdir()} == {"m.keras", "m.onnx", "m.md", "epochs.tsv", "messages"}
    assert "56 lines" in (trained / "m.md").read_text() and "drawn (56)" in (trained / "m.md").read_text()


def test_the_licence_is_in_the_card_and_in_the_model(trained):
    from htrtool.core.training.export import keras_info

    assert "- Licence: CC0-1.0" in (trained / "m.md").read_text().splitlines()
    assert keras_info(trained / "m.keras").licence == "CC0-1.0"


def test_what_the_command_is_told_reaches_the_run(tmp_path):
    told = {
        "epochs": 3, "minutes": 7.5, "patience": 4, "batch_size": 2, "learning_rate": 0.25, "augmentation": 0.5, "replayed": 6, "kept": 0.5,
        "seed": 9, "mix_styles": True, "beside": "a.lm b.lm",
    }  # fmt: skip
    options = "--epochs 3 --minutes 7.5 --patience 4 --batch 2 --learning-rate 0.25 --augment 0.5 --replay 6 --keep 50 --seed 9 --mix-styles --beside a.lm --beside b.lm"
    telling = (
        "import json, sys\nfrom dataclasses import asdict\nfrom htrtool.cli import main\nfrom htrtool.core.training.run import Run\n"
        "Run.prepare = lambda corpus, target, settings, *rest: sys.exit(json.dumps(asdict(settings)))\nmain()"
    )
    for name in ("a.lm", "b.lm"):
        (tmp_path / name).touch()
    command = [sys.executable, "-c", telling, "train", *options.split(), "-o", "m", "-"]
    done = subprocess.run(command, input=stream(8), capture_output=True, cwd=tmp_path)
    settings = json.loads(done.stderr.splitlines()[-1])
    assert {name: settings[name] for name in told} == told


def test_onnx_reads_what_keras_reads(trained):
    import onnxruntime

    from htrtool.core.training.export import load_keras

    network, info = load_keras(trained / "m.keras")
    session = onnxruntime.InferenceSession(trained / "m.onnx")
    lines = np.random.default_rng(1).random((3, 32, 96, 1), np.float32)
    assert info.charset.characters == ("a", "b")
    np.testing.assert_allclose(
        session.run(["logits"], {"lines": lines})[0], network.predict_on_batch(lines)[0], atol=1e-4
    )


def test_eight_bit_weights_read_nearly_the_same_from_a_smaller_file(tmp_path, run_htr):
    small = tmp_path / "small"
    done = run_htr("train", "--quantise", "-o", small, "latin")
    assert done.returncode == 0 and done.stdout == b"" and b"8 bits" in done.stderr, done.stderr.decode()
    from htrtool.core.modelfile import find_model

    assert small.with_suffix(".onnx").stat().st_size < 0.3 * find_model("latin").stat().st_size
    assert "Weights: 8 bits, from latin" in small.with_suffix(".md").read_text()
    page = Path(__file__).parent / "samples" / "note.jpg"
    texts = [run_htr("read", "-m", model, "-f", "txt", page).stdout.decode() for model in ("latin", f"{small}.onnx")]
    assert character_error_rate(*texts) < 0.05
    again = run_htr("train", "--quantise", "-o", tmp_path / "twice", f"{small}.onnx")
    assert again.returncode != 0 and b"quantised already" in again.stderr
    assert run_htr("train", "--quantise", "-o", small).returncode == 2
    onto_itself = run_htr("train", "--quantise", "-o", small, f"{small}.onnx")
    assert onto_itself.returncode == 2 and b"would be replaced by its own 8-bit form" in onto_itself.stderr


@pytest.mark.parametrize("kind", ["reader", "language model"])
def test_a_model_is_made_though_nobody_reads_its_table(tmp_path, kind):
    (tmp_path / "lines.tar").write_bytes(stream(16))
    (tmp_path / "text.txt").write_text("the cat sat on the mat\n" * 50)
    command = {
        "reader": ["--spec", TINY, "--epochs", "2", "-o", "m", "lines.tar"],
        "language model": ["--lm", "m", "--epochs", "2", "text.txt"],
    }[kind]
    process = subprocess.Popen(
        [sys.executable, "-m", "htrtool", "train", *command], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    complaint = process.stderr.read()
    assert process.wait(timeout=300) == 0, complaint.decode()
    assert (tmp_path / ("m.onnx" if kind == "reader" else "m.lm")).exists() and b"wrote " in complaint


@pytest.mark.parametrize("name", ["lm/", ".lm", "-"])
def test_a_language_model_needs_a_name(tmp_path, run_htr, name):
    (tmp_path / "lm").mkdir()
    (tmp_path / "text.txt").write_text("the cat")
    done = run_htr("train", "--lm", name, "text.txt", cwd=tmp_path)
    assert done.returncode == Exit.UNWRITTEN and b"expected a name for the language model" in done.stderr


def test_where_onnx_cannot_be_written_a_run_ends_well_all_the_same(tmp_path):
    lacking = "import htrtool.commands.train as train, htrtool.cli as cli; train.check_installed = lambda: 'tensorflow'; cli.main()"
    command = [sys.executable, "-c", lacking, "train", "--spec", TINY, "--epochs", "1", "--batch", "8", "-o", "m", "-"]
    for _ in range(2):
        done = subprocess.run(command, input=stream(64), capture_output=True, cwd=tmp_path)
        assert done.returncode == 0 and b"tensorflow is not installed" in done.stderr, done.stderr.decode()
        assert b"wrote m.keras, m.md" in done.stderr
        assert {file.name for file in tmp_path.iterdir()} == {"m.keras", "m.md"}


def test_an_unknown_backend_is_told(run_htr, tmp_path):
    environment = os.environ | {"KERAS_BACKEND": "foo"}
    line = [sys.executable, "-m", "htrtool", "train", "-o", str(tmp_path / "m"), str(tmp_path)]
    done = subprocess.run(line, env=environment, capture_output=True)
    assert done.returncode == 2 and b"KERAS_BACKEND is one of tensorflow, jax, torch" in done.stderr


def checksum_of_weights(model: Path) -> str:
    from htrtool.core.training.export import load_keras

    digest = hashlib.sha256()
    for weight in load_keras(model)[0].get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def test_a_killed_run_resumes_to_the_weights_of_an_undisturbed_one(tmp_path):
    (tmp_path / "lines.tar").write_bytes(stream(96))
    # Where styles are mixed, Keras counts the layers of a block with a way around it in another order.
    spec = TINY.replace("c8", "c16").replace("c12/4x2", "r20/2x1")
    command = ["train", "--spec", spec, "--epochs", "3", "--batch", "8", "--checkpoint-every", "0", "--mix-styles", "lines.tar", "-o"]
    whole = htr(*command, "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr.decode()

    kill_in_the_second_epoch(*command, "killed", cwd=tmp_path)
    assert not (tmp_path / "killed.onnx").exists()
    resumed = htr(*command, "killed", "--resume", cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr.decode()
    assert checksum_of_weights(tmp_path / "killed.keras") == checksum_of_weights(tmp_path / "whole.keras")
    epochs = [line.split("\t")[0] for line in resumed.stdout.decode().splitlines()]
    assert epochs == ["epoch", "1", "2", "3"]


def test_a_network_is_trained_beside_a_language_model_and_goes_on_beside_no_other(tmp_path):
    (tmp_path / "lines.tar").write_bytes(stream(48))
    for name in ("ab", "ba"):
        (tmp_path / f"{name}.txt").write_text(f"{name} " * 200)
        assert htr("train", "--lm", name, f"{name}.txt", cwd=tmp_path).returncode == 0
    command = ["train", "--spec", TINY, "--epochs", "3", "--batch", "8", "--checkpoint-every", "0", "lines.tar", "-o"]
    losses = {}
    for name, options in (("alone", ()), ("beside", ("--beside", "ab.lm"))):
        done = htr(*command, name, *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr.decode()
        losses[name] = [float(line.split(b"\t")[5]) for line in done.stdout.splitlines()[1:]]
    assert all(more > less for more, less in zip(losses["beside"], losses["alone"]))
    kill_in_the_second_epoch(*command, "killed", "--beside", "ab.lm", cwd=tmp_path)
    other = htr(*command, "killed", "--resume", "--beside", "ba.lm", cwd=tmp_path)
    assert other.returncode == Exit.BAD_INPUT and b"expected the settings that the run began with, beside 'ab.lm'" in other.stderr
    assert htr(*command, "killed", "--resume", "--beside", "ab.lm", cwd=tmp_path).returncode == 0
    assert checksum_of_weights(tmp_path / "killed.keras") == checksum_of_weights(tmp_path / "beside.keras")


@pytest.mark.parametrize(
    "options, backend, exits, told",
    [
        (("--beside", "none"), "", Exit.BAD_INPUT, b"none: expected a language model of texts in the model's characters"),
        (("--beside", "missing.lm"), "", Exit.MODEL, b"missing.lm: expected a language model's file"),
        (("--beside", "auto"), "jax", Exit.USAGE, b"--beside takes TensorFlow to train: unset KERAS_BACKEND, now jax"),
        (("--beside", "auto", "--lm", "new"), "", Exit.USAGE, b"--beside does not go with --lm"),
    ],
)
def test_a_language_model_that_none_can_train_beside_is_refused(tmp_path, options, backend, exits, told):
    (tmp_path / "lines.tar").write_bytes(stream(8))
    done = htr("train", *options, "lines.tar", cwd=tmp_path, KERAS_BACKEND=backend)
    assert done.returncode == exits and told in done.stderr, done.stderr.decode()


def test_a_run_in_bfloat16_leaves_a_float32_model_and_any_run_may_go_on_in_it(tmp_path):
    from htrtool.commands.train import MOST_SLOWDOWN
    from htrtool.core.training.cpu import bfloat16_takes
    from htrtool.core.training.export import load_keras

    (tmp_path / "lines.tar").write_bytes(stream(32))
    command = ["train", "--spec", TINY, "--batch", "8", "--checkpoint-every", "0", "-o", "m", "lines.tar"]
    kill_in_the_second_epoch(*command, "--epochs", "50", cwd=tmp_path)
    done = htr(*command, "--epochs", "2", "--resume", "--bfloat16", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert (b"--bfloat16 makes training slower" in done.stderr) == (bfloat16_takes() > MOST_SLOWDOWN)
    network, _ = load_keras(tmp_path / "m.keras")
    assert {layer.compute_dtype for layer in network.layers} == {"float32"}


def test_the_best_epoch_has_the_lowest_cer_and_the_lowest_loss_where_nothing_tells_more(tmp_path):
    from htrtool.core.training.loop import Training
    from htrtool.core.training.network import build_network

    (tmp_path / "lines.tar").write_bytes(stream(16))
    corpus = gather(labelled_samples([str(tmp_path / "lines.tar")], pytest.fail))
    train, val = corpus.lines.split_documents(0.2)

    def best_epoch_of(patience: int, *scores: tuple[float, float]) -> tuple[int, int]:
        """Return the best epoch and the last, in a run that is stopped and resumed after each."""
        checkpoint, given = tmp_path / "m.checkpoint", iter(scores)
        checkpoint.unlink(missing_ok=True)
        for _ in scores:
            settings = Settings(TINY, epochs=len(scores), patience=patience, batch_size=8)
            training = Training(build_network(TINY, 32, 3), Charset("ab"), train, val, settings, checkpoint)
            training.validate = lambda: dict(zip(("val_cer", "val_loss", "val_wer"), (*next(given), 1.0)))
            if checkpoint.exists():
                training.resume()
            next(training.epochs(), None)
        return training.progress.best_epoch, training.progress.epoch

    assert best_epoch_of(2, (0.998, 15.6), (1, 5.2), (1.01, 3.5), (1, 3.6), (1, 3.7), (1, 3.4)) == (3, 5)
    assert best_epoch_of(0, (1, 3.4), (0.8, 3.5), (0.5, 2), (0.5, 1.5), (0.50001, 1.4)) == (4, 5)


def drawn_lines(numbers: range) -> LineStore:
    lines = LineStore(32)
    for i in numbers:
        text = WORDS[i % len(WORDS)]
        lines.add(Sample(f"drawn/{i}", encode_png(drawn(text, i)), text))
    return lines


def test_a_network_learns_to_read_lines_that_it_never_saw_at_a_rate_that_falls(tmp_path):
    from htrtool.core.training.loop import Training
    from htrtool.core.training.network import build_network

    settings = Settings(TINY, batch_size=8, learning_rate=0.01, epochs=25, patience=0, augmentation=0)
    network, rates = build_network(TINY, 32, 3), []
    training = Training(
        network, Charset("ab"), drawn_lines(range(256)), drawn_lines(range(256, 272)), settings, tmp_path / "m.checkpoint",
        on_step=lambda progress, _: rates.append(float(training.optimizer.learning_rate)),
    )  # fmt: skip
    assert len(list(training.epochs())) == 25 and len(rates) == 800
    assert rates[0] < 0.0005 and max(rates) > 0.0099 and rates[-1] < 0.0002
    training.use_best()
    assert training.validate()["val_cer"] < 0.2


def test_a_run_ends_when_its_minutes_are_over(tmp_path):
    from htrtool.core.training.loop import Training
    from htrtool.core.training.network import build_network

    settings, lines = Settings(TINY, batch_size=8, minutes=1e-5), drawn_lines(range(16))
    training = Training(build_network(TINY, 32, 3), Charset("ab"), lines, lines, settings, tmp_path / "m.checkpoint")
    assert [row["step"] for row in training.epochs()] == [1]


def test_lines_kept_aside_with_unknown_characters_count_in_the_cer_but_not_in_the_loss(tmp_path):
    from htrtool.core.training.loop import Training
    from htrtool.core.training.network import build_network

    network, lines = build_network(TINY, 32, 3), LineStore(32)
    for i, text in enumerate(["ab", "ba", "cdcd"]):
        lines.add(Sample(f"d/{i}", encode_png(drawn(text, i)), text))
    known, both = (
        Training(network, Charset("ab"), lines, val, Settings(TINY), tmp_path / "m.checkpoint") for val in (lines.keep([0, 1]), lines)
    )
    assert known.validate()["val_loss"] == pytest.approx(both.validate()["val_loss"])
    errors = 4 * known.validate()["val_cer"]
    (wrong,) = (Levenshtein.distance(truth, read) for _, truth, read, loss in both.read_kept_aside() if loss is None)
    assert wrong >= 4 and both.validate()["val_cer"] == pytest.approx((errors + wrong) / 8)


@pytest.mark.parametrize("marked", [False, True])
def test_a_run_goes_on_with_the_lines_kept_aside_that_it_began_with(tmp_path, marked):
    from htrtool.core.training.loop import Training
    from htrtool.core.training.network import build_network
    from htrtool.core.training.run import Run

    def corpus():
        marks = {"cd": {"split": "val"}, "ba": {"split": "val"}} if marked else {}
        texts = ["ab", "ba", "cd"] if marked else ["ab"] * 30
        return gather(Sample(f"d{i % 8}/{i}", encode_png(drawn(text, i)), text, marks.get(text, {})) for i, text in enumerate(texts))

    target, settings, given = Target.of(str(tmp_path / "m")), Settings(TINY), corpus()
    height, characters = given.recipe.height, Charset.of_texts(given.lines.texts)
    train, val = (given.lines, given.kept_aside.keep([0])) if marked else given.lines.split_lines(0.1)
    network = build_network(TINY, height, characters.classes)
    Training(network, characters, train, val, settings, target.file(".checkpoint")).save()
    run = Run.prepare(corpus(), target, settings, None, None, "", True, 60, 1, None)
    assert run.training.val.keys == val.keys and run.training.train.keys == train.keys
    assert bool(run.shared_documents()) != marked


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_stopped_leaves_its_checkpoint_and_no_temporary_files(tmp_path, told):
    (tmp_path / "lines.tar").write_bytes(stream(32))
    (tmp_path / "temporary").mkdir()
    command = ["train", "--spec", TINY, "--batch", "8", "--checkpoint-every", "0", "--epochs", "500", "lines.tar"]
    process = subprocess.Popen(
        [sys.executable, "-m", "htrtool", *command],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(tmp_path / "temporary")},
    )
    process.stdout.readline()
    process.stdout.readline()
    process.send_signal(told)
    process.communicate(timeout=60)
    assert process.returncode == (Exit.TERMINATED if told == signal.SIGTERM else -signal.SIGKILL)
    assert not list((tmp_path / "temporary").iterdir())
    assert (tmp_path / "model.checkpoint").exists()


def test_a_broken_checkpoint_is_refused(tmp_path):
    (tmp_path / "m.checkpoint").write_bytes(b"not a checkpoint")
    done = htr("train", "--spec", TINY, "--resume", "-o", "m", given=stream(16), cwd=tmp_path)
    assert done.returncode == 3
    assert b"m.checkpoint: expected the checkpoint of a run" in done.stderr
    whole = tmp_path / "whole"
    write_checkpoint(whole, {}, {"v0": np.arange(1000.0)})
    for size in (0, whole.stat().st_size // 2):
        (tmp_path / "part").write_bytes(whole.read_bytes()[:size])
        with pytest.raises(InputError, match="a broken one"):
            read_checkpoint(tmp_path / "part")
    np.save(tmp_path / "other.npy", np.arange(3))
    with pytest.raises(InputError, match="another file"):
        read_checkpoint(tmp_path / "other.npy")


def test_a_checkpoint_that_lacks_something_is_told_with_what_to_do(tmp_path):
    from htrtool.core.training.loop import Training
    from htrtool.core.training.network import build_network

    write_checkpoint(tmp_path / "m.checkpoint", {"settings": {}, "progress": {}}, {})
    done = htr("train", "--spec", TINY, "--resume", "-o", "m", given=stream(16), cwd=tmp_path)
    assert done.returncode == 3 and b"Traceback" not in done.stderr
    assert b"m.checkpoint: expected the checkpoint of a run by this version" in done.stderr
    assert b"found one without its charset: " in done.stderr and b"remove it to begin anew" in done.stderr

    checkpoint, lines, settings = tmp_path / "whole.checkpoint", drawn_lines(range(16)), Settings(TINY, batch_size=8)
    training = Training(build_network(TINY, 32, 3), Charset("ab"), lines, lines, settings, checkpoint)
    training.save()
    told, arrays = read_checkpoint(checkpoint)
    other_progress, few_weights = (told | {"progress": {"pace": 1}}, arrays), (told, {"v0": arrays["v0"]})
    for (part, kept), lacked in ((other_progress, "progress"), (few_weights, "weights")):
        write_checkpoint(checkpoint, part, kept)
        with pytest.raises(InputError, match=f"without .*{lacked}"):
            training.resume()


def test_where_there_is_nothing_to_resume_it_says_whether_the_run_is_done_and_how_to_go_on(tmp_path):
    command = ("train", "--resume", "-o", "m", "lines.tar")
    done = htr(*command, cwd=tmp_path)
    assert done.returncode == Exit.BAD_INPUT and b"m.checkpoint: expected the checkpoint of a run to resume, found none: " in done.stderr
    for suffix in (".onnx", ".keras"):
        (tmp_path / f"m{suffix}").touch()
    done = htr(*command, cwd=tmp_path)
    assert done.returncode == Exit.BAD_INPUT and b"the run is done: --from m.keras without --resume" in done.stderr


def test_a_run_goes_on_only_as_it_began_and_is_not_begun_anew_by_oversight(trained, tmp_path):
    from htrtool.core.training.export import load_keras, save_keras

    (tmp_path / "lines.tar").write_bytes(stream(32))
    (tmp_path / "others.tar").write_bytes(stream(40))
    (tmp_path / "aside.tar").write_bytes(stream(8, name="aside"))
    shutil.copy(trained / "m.keras", tmp_path / "m.keras")
    command = ["train", "--from", "m.keras", "--keep", "50", "--checkpoint-every", "0", "-o", "m", "lines.tar"]
    kill_in_the_second_epoch(*command, cwd=tmp_path)
    checkpoint = (tmp_path / "m.checkpoint").read_bytes()
    others = {
        b"other samples": [*command[:-1], "others.tar"],
        b"learning_rate": [*command, "--learning-rate", "0.1"],
        b"kept 0.5": [*command, "--keep", "0"],
        b"the charset that the run began with": [*command, "--charset", "latin"],
        b"or others are kept aside": [*command, "--val", "aside.tar"],
    }
    for told, other in others.items():
        done = htr(*other, "--resume", cwd=tmp_path)
        assert done.returncode == Exit.BAD_INPUT and told in done.stderr, done.stderr.decode()
    done = htr(*command, cwd=tmp_path)
    assert done.returncode == Exit.BAD_INPUT and b"m.checkpoint: holds a run that was stopped: --resume" in done.stderr
    assert (tmp_path / "m.checkpoint").read_bytes() == checkpoint

    # A run that was stopped while it wrote its model has replaced the one that it began with.
    network, info = load_keras(tmp_path / "m.keras")
    before = network.get_weights()
    network.set_weights([np.zeros_like(weight) for weight in before])
    save_keras(network, replace(info, name="other", internal_lm="", licence="CC0"), tmp_path / "m.keras")
    done = htr(*command, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    finished, told = load_keras(tmp_path / "m.keras")
    assert told.internal_lm and told.training["from"] == info.name and told.licence == info.licence
    after = finished.get_weights()
    apart = sum(np.abs(one - other).sum() for one, other in zip(before, after))
    assert apart < 0.25 * sum(np.abs(weight).sum() for weight in before)


def test_a_folder_of_pairs_is_prepared_as_the_model_wants_it_and_may_have_its_name(trained, tmp_path):
    from htrtool.core.training.export import keras_info

    (tmp_path / "mine").mkdir()
    for i in range(12):
        (tmp_path / "mine" / f"{i}.png").write_bytes(encode_png(drawn(WORDS[i % 8], i)))
        if i:
            (tmp_path / "mine" / f"{i}.gt.txt").write_text(WORDS[i % 8])
    done = htr("train", "--from", str(trained / "m.keras"), "--epochs", "1", "-o", "mine", "mine/", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert b"left out 1 sample no transcription: mine/0.png" in done.stderr
    assert keras_info(tmp_path / "mine.keras").recipe == keras_info(trained / "m.keras").recipe
    card = (tmp_path / "mine.md").read_text()
    assert b"of 1 document some lines are trained on and others kept aside" in done.stderr
    assert "lines of 1 document: mine (" in card and "of 1 document kept aside, of 1 of which other lines were trained on: CER" in card
    assert "choose the epoch" not in card and "fit the confidence" not in card


def test_a_task_that_is_no_training_takes_no_option_of_it_and_leaves_the_models_that_ship(tmp_path):
    for task in (["--calibrate", "m.onnx"], ["--lm", "m"], ["--quantise"]):
        done = htr("train", *task, "--patience", "3", "x.tar", cwd=tmp_path)
        assert done.returncode == Exit.USAGE and b"--patience does not go with " + task[0].encode() in done.stderr
    done = htr("train", "--calibrate", "latin", "x.tar", cwd=tmp_path)
    assert done.returncode == Exit.USAGE and b"copy" in done.stderr


@pytest.mark.parametrize("option", ["--lm", "--calibrate", "--from", "--charset"])
def test_an_option_with_an_empty_name_is_not_taken_for_none(tmp_path, run_htr, option):
    done = run_htr("train", option, "", "text.txt", cwd=tmp_path)
    assert done.returncode == Exit.USAGE and b"a name is empty" in done.stderr


def test_fine_tuning_grows_the_charset_and_keeps_what_was_learned(trained, tmp_path):
    from htrtool.core.lm.internal_lm import InternalLM
    from htrtool.core.training.export import load_keras

    meta = {"recipe": {"normalise": "none", "height": 32}}
    new = tar_of(sample_of(f"new/{i % 4}/{i}", drawn("acb", i), "acb", meta) for i in range(16))
    done = htr(
        "train", "--from", str(trained / "m.keras"), "--epochs", "1", "--learning-rate", "1e-9", "-o", "grown",
        given=new, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    old, _ = load_keras(trained / "m.keras")
    new, info = load_keras(tmp_path / "grown.keras")
    assert info.charset.characters == ("a", "b", "c")
    # It expects a c after an a now too, beside the b that it knew before.
    costs = InternalLM.of(info.internal_lm, info.charset).costs
    assert costs[1, 3] < costs[1, 1] and costs[1, 2] < costs[1, 1]
    lines = np.random.default_rng(1).random((1, 32, 96, 1), np.float32)
    np.testing.assert_allclose(
        new.predict_on_batch(lines)[0][..., :3], old.predict_on_batch(lines)[0], atol=0.3
    )


def test_a_model_goes_on_at_another_height(trained, tmp_path):
    from htrtool.core.reader import Reader

    (tmp_path / "lines.tar").write_bytes(stream(16))
    options = ("train", "--from", str(trained / "m.keras"), "--epochs", "1", "--learning-rate", "1e-9")
    done = htr(*options, "--height", "24", "-o", "low", "lines.tar", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    reader = Reader(tmp_path / "low.onnx")
    assert reader.info.recipe.height == 24 and reader.prepare(np.full((60, 200), 255, np.uint8)).shape[0] == 24
    from_nothing = htr("train", "--spec", TINY, "--height", "24", "--epochs", "1", "-o", "new", "lines.tar", cwd=tmp_path)
    assert from_nothing.returncode == 0 and Reader(tmp_path / "new.onnx").info.recipe.height == 24


def test_a_model_grows_and_what_does_not_grow_from_it_is_refused(trained, tmp_path):
    from htrtool.core.training.export import keras_info

    (tmp_path / "lines.tar").write_bytes(stream(16))
    options = ("train", "--from", str(trained / "m.keras"), "--epochs", "1", "-o", "grown")
    done = htr(*options, "--spec", TINY.replace("lstm12", "lstm20"), "lines.tar", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    info = keras_info(tmp_path / "grown.keras")
    assert "lstm20" in info.spec and info.training["parameters"] > keras_info(trained / "m.keras").training["parameters"]
    done = htr(*options, "--spec", "c4/2x2 max lstm8", "lines.tar", cwd=tmp_path)
    assert done.returncode == 3
    assert b"expected a network that grows" in done.stderr


def test_a_model_is_pruned_to_a_narrower_one(trained, tmp_path):
    from htrtool.core.training.export import keras_info

    (tmp_path / "lines.tar").write_bytes(stream(16))
    narrow = TINY.replace("lstm12", "lstm8")
    options = ("train", "--from", str(trained / "m.keras"), "--epochs", "1", "-o", "narrow")
    for height in ("32", "48"):
        done = htr(*options, "--spec", narrow, "--height", height, "lines.tar", cwd=tmp_path)
        assert done.returncode == 0, done.stderr.decode()
    info = keras_info(tmp_path / "narrow.keras")
    assert info.spec == narrow and info.recipe.height == 48 and info.training["parameters"] < keras_info(trained / "m.keras").training["parameters"]


def test_a_few_lines_teach_a_hand_and_most_of_the_old_weights_stay(trained, tmp_path):
    from htrtool.core.training.export import load_keras

    (tmp_path / "hand.tar").write_bytes(stream(12, documents=3))
    for name, *options in (("moved", "--keep", "1", "--replay", "0"), ("kept", "--keep", "99", "--replay", "20")):
        done = htr(
            "train", "--from", str(trained / "m.keras"), "--charset", "latin", "--epochs", "3", *options, "-o", name,
            "hand.tar", cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
    (old, _), (moved, alone), (kept, beside) = (
        load_keras(path) for path in (trained / "m.keras", tmp_path / "moved.keras", tmp_path / "kept.keras")
    )
    assert (alone.training["lines"], alone.training.get("replayed", 0)) == (beside.training["lines"], 0)
    assert beside.training["replayed"] == 20
    kernel = old.layers[1].get_weights()[0]
    far, near = (np.abs(new.layers[1].get_weights()[0] - kernel).max() for new in (moved, kept))
    assert 0 < near < 0.5 * far
    # A few lines say too little of how sure it may be: that stays as it was.
    assert alone.calibration == load_keras(trained / "m.keras")[1].calibration


def test_a_model_without_its_file_to_go_on_training_is_told(tmp_path):
    (tmp_path / "mine.onnx").write_bytes(b"")
    for name, told in (("mine.onnx", b"mine.onnx: expected mine.keras beside it"), ("other", b"other: expected a .keras model's file or one of the names latin;")):
        done = htr("train", "--from", name, "-o", "new", "lines.tar", cwd=tmp_path)
        assert done.returncode == Exit.MODEL and told in done.stderr, done.stderr


def test_keeping_weights_needs_a_model_to_keep_them_from(tmp_path):
    done = htr("train", "--size", "small", "--keep", "50", "lines.tar", cwd=tmp_path)
    assert done.returncode == 2 and b"--replay and --keep need a model to go on from" in done.stderr


def test_the_parts_that_prep_splits_off_are_taken_as_they_are_given(tmp_path):
    for name in ("train", "val"):
        text = "ab" if name == "train" else "ba"
        lines = (sample_of(f"{name}/{i}", drawn(text, i), text, {"split": name}) for i in range(16))
        (tmp_path / f"{name}.tar").write_bytes(tar_of(lines))
    done = htr("train", "--spec", TINY, "--epochs", "1", "--val", "val.tar", "-o", "m", "train.tar", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert b"training on 16 lines" in done.stderr and b"16 lines kept aside" in done.stderr


def test_lines_kept_aside_may_be_of_another_height(tmp_path):
    for name, height in (("train", 64), ("val", 48)):
        meta = {"recipe": {"normalise": "none", "height": height}}
        text = "ab" if name == "train" else "ba"
        lines = (sample_of(f"{name}/{i}", drawn(text, i), text, meta) for i in range(8))
        (tmp_path / f"{name}.tar").write_bytes(tar_of(lines))
    done = htr("train", "--spec", TINY, "--epochs", "1", "--val", "val.tar", "-o", "m", "train.tar", cwd=tmp_path)
    assert done.returncode == 0 and b"8 lines kept aside" in done.stderr, done.stderr.decode()


def test_a_compressed_stream_in_a_folder_is_taken_as_it_is_prepared_and_names_need_not_be_utf8(tmp_path):
    folder = os.fsencode(tmp_path) + b"/mine\xe9"
    os.mkdir(folder)
    with open(folder + b"/lines.tar.gz", "wb") as out:
        out.write(gzip.compress(stream(8)))
    for name in (b"/a.png", b"/b\xe9.png"):
        with open(folder + name, "wb") as out:
            out.write(encode_png(drawn("ab", 1)))
        with open(folder + name[:-3] + b"gt.txt", "wb") as out:
            out.write(b"ab")
    told = []
    corpus = gather(labelled_samples([os.fsdecode(folder)], told.append, Recipe("none", height=32)))
    assert corpus.recipe.to_json() == {"normalise": "none", "height": 32}
    assert len(corpus.lines) == 10 and corpus.lines.fingerprint() and not told
    assert all(name.isprintable() for name in corpus.sources())


@pytest.mark.parametrize("recipe", [5, {"normalise": "pasta"}, {"noodles": True}, {"height": "tall"}])
def test_a_sample_of_an_unknown_recipe_is_left_out_by_name(recipe):
    samples = [Sample(f"d/{i}", encode_png(drawn("ab", i)), "ab", {"recipe": recipe} if i == 5 else {}) for i in range(8)]
    corpus = gather(samples)
    assert len(corpus.lines) == 7 and list(corpus.left_out.values()) == [["d/5"]]


@pytest.mark.parametrize("block", ["c.", "c0", "c8.7", "c8/0x0", "c8:0x3", "drop2", "drop", "lstm0", "r8:0", "max:3x3", "lstm8:4", "lstm8/1x2", "rlstm8/2x1", "r8/4x2"])
def test_a_block_that_makes_no_sense_is_named(block):
    with pytest.raises(InputError, match="in the network's spec, received '" + re.escape(block)):
        parse_spec(f"c8 {block} max lstm8")


def test_a_label_that_cannot_fit_its_frames_is_left_out_by_name(tmp_path):
    lines = tar_of(sample_of(f"d/{i % 4}/{i}", drawn("ab", i), "ab" * 40 if i == 5 else "ab") for i in range(16))
    done = htr("train", "--spec", TINY, "--epochs", "1", "-o", "m", given=lines, cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    assert b"left out 1 sample too narrow for their text: d/1/5" in done.stderr


def test_a_loss_that_is_no_number_stops_it_with_the_last_good_checkpoint(tmp_path):
    from htrtool.core.training.checkpoint import read_checkpoint

    done = htr(
        "train", "--spec", TINY, "--learning-rate", "1e38", "--checkpoint-every", "0", "-o", "m",
        given=stream(64), cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 6, done.stderr.decode()
    assert b"m.checkpoint" in done.stderr and b"Traceback" not in done.stderr
    assert not (tmp_path / "m.onnx").exists()
    checkpoint = tmp_path / "m.checkpoint"
    assert all(np.isfinite(array).all() for array in read_checkpoint(checkpoint)[1].values())


@pytest.mark.parametrize("given, said", [(b"", b"expected a tar stream"), (b"hello" * 200, b"expected a tar stream")])
def test_what_is_no_stream_of_samples_is_refused(tmp_path, given, said):
    done = htr("train", "-o", "m", given=given, cwd=tmp_path)
    assert done.returncode == 3 and said in done.stderr and done.stdout == b""


@pytest.mark.parametrize("lacked", ["keras", "tf2onnx"])
def test_without_what_it_needs_it_says_what_to_install(tmp_path, lacked):
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\nfind = u.find_spec\n"
        f"u.find_spec = lambda name, *a: None if name == '{lacked}' else find(name, *a)\n"
    )
    done = htr("train", "-o", "m", cwd=tmp_path, PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
    assert done.returncode == 5
    assert f"training needs {lacked}: pip install 'htrtool[train]'".encode() in done.stderr


@pytest.mark.parametrize(
    "file, content",
    [
        ("sitecustomize.py", "import importlib.util as u\nfind = u.find_spec\nu.find_spec = lambda name, *a: None if name == 'tensorflow' else find(name, *a)\n"),
        ("tensorflow.py", "raise ImportError('libtensorflow.so is broken')\n"),
    ],
    ids=["missing", "broken"],
)
def test_without_tensorflow_a_language_model_is_made_but_no_recurrent_one_and_it_says_what_to_install(tmp_path, file, content):
    (tmp_path / file).write_text(content)
    (tmp_path / "text.txt").write_text("the cat sat on the mat\n" * 20)
    path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    done = htr("train", "--lm", "m", "--minutes", "1", "text.txt", cwd=tmp_path, PYTHONPATH=path)
    assert done.returncode == Exit.DEPENDENCY and b"'htrtool[train]'" in done.stderr and b"Traceback" not in done.stderr
    assert not (tmp_path / "m.lm").exists()
    done = htr("train", "--lm", "m", "text.txt", cwd=tmp_path, PYTHONPATH=path)
    assert done.returncode == Exit.OK and (tmp_path / "m.lm").exists(), done.stderr.decode()


def test_no_module_is_taken_from_the_folder_that_one_works_in(trained, tmp_path):
    from htrtool.core.module_process import module_command

    (tmp_path / "random.py").write_text("raise SystemExit('the random of the user')")
    command = module_command("htrtool.core.training.export", str(trained / "m.keras"), "m.onnx")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, env=os.environ | {"KERAS_BACKEND": "tensorflow"})
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "m.onnx").exists()

"""``htr prep --synth`` as a user runs it: texts and fonts to a stream of samples."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_prep import samples_in

from htrtool.core.recipe import DEFAULT_RECIPE
from htrtool.exits import Exit

PROSE = "It was a bright cold day in April, and the clocks were striking thirteen. " * 40


@pytest.fixture(scope="module")
def font() -> Path:
    """A font that comes with matplotlib: no handwriting, but always there."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture()
def texts(tmp_path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "en_tale.txt").write_text(PROSE)
    (folder / "fr_conte.txt").write_text("Longtemps, je me suis couché de bonne heure, l’été. " * 40, encoding="utf-8")
    (folder / "PROVENANCE.tsv").write_text("not a text")
    return folder


@pytest.fixture()
def synth(run_htr, font):
    def run(*arguments, **options):
        return run_htr("prep", "--synth", "--fonts", font, *arguments, **options)

    return run


def test_texts_become_a_stream_of_handwriting(synth, texts):
    done = synth("--count", "12", texts)
    assert done.returncode == Exit.OK, done.stderr
    assert b"12 taken" in done.stderr and b"markup" not in done.stderr
    samples = samples_in(done.stdout)
    assert [sample.key for sample in samples] == [f"synth/0/{index:07d}" for index in range(12)]
    for sample in samples:
        assert sample.text and sample.pixels().shape[0] == 64
        assert sample.meta["synthetic"] and sample.meta["font"] == "DejaVuSans"
        assert sample.meta["recipe"] == DEFAULT_RECIPE.to_json()
        assert sample.document == "synth/DejaVuSans/0"


def test_lines_that_the_model_can_hardly_read_are_left_out_on_request(synth, texts):
    (texts / "fr_conte.txt").write_text("ıllıĸ lıĸı ıllıl ĸıllĸ. " * 40, encoding="utf-8")
    made, checked = (synth("--count", "24", *given, texts) for given in ([], ["--check"]))
    assert checked.returncode == Exit.OK and b"left out: text that the picture does not show" in checked.stderr
    kept = {sample.key: sample for sample in samples_in(checked.stdout)}
    assert 6 <= len(kept) <= 18
    assert all(kept[sample.key].image == sample.image for sample in samples_in(made.stdout) if sample.key in kept)


def test_a_text_in_other_letters_is_refused(synth, tmp_path):
    (tmp_path / "ru.txt").write_text("Все счастливые семьи похожи друг на друга. " * 9, encoding="utf-8")
    done = synth("--count", "3", tmp_path / "ru.txt")
    assert done.returncode == Exit.BAD_INPUT and b"ru.txt: expected a text in Latin letters" in done.stderr
    (tmp_path / "ro.txt").write_text("Toate familiile fericite se aseamănă între ele, și știe toată lumea. " * 9, encoding="utf-8")
    done = synth("--count", "3", tmp_path / "ro.txt")
    assert done.returncode == Exit.BAD_INPUT and "of its words: ș".encode() in done.stderr


def test_the_same_bytes_whatever_the_number_of_processes(synth, texts):
    one, three, more = (synth("--jobs", jobs, "--count", "7", "--seed", "5", texts) for jobs in ("1", "3", "9"))
    assert one.returncode == three.returncode == more.returncode == Exit.OK, three.stderr
    assert len(samples_in(one.stdout)) == 7
    assert one.stdout == three.stdout == more.stdout
    other = synth("--jobs", "1", "--count", "7", "--seed", "6", texts)
    assert samples_in(other.stdout)[0].key == "synth/6/0000000"
    assert {s.text for s in samples_in(other.stdout)} != {s.text for s in samples_in(one.stdout)}


def test_languages_get_their_shares(synth, texts):
    done = synth("--jobs", "1", "--count", "20", "--language", "en=0,fr=100", texts)
    assert {sample.meta["language"] for sample in samples_in(done.stdout)} == {"fr"}


def test_lines_go_through_recipe_filters_split_and_format_like_others(synth, texts, tmp_path):
    options = ["--jobs", "1", "--count", "40", "--height", "48", "--binarise", "otsu", "--max-chars", "30"]
    done = synth(
        *options, "--image-format", "webp", "--document", ".*", "--split", "train=50,val=50", "-o", tmp_path / "out", texts
    )
    assert done.returncode == Exit.OK, done.stderr
    assert b" left out: over 30 characters" in done.stderr
    for name in ("train", "val"):
        samples = samples_in((tmp_path / "out" / f"{name}.tar").read_bytes())
        assert samples and all(sample.meta["split"] == name for sample in samples)
        assert all(len(sample.text) <= 30 and sample.pixels().shape[0] == 48 for sample in samples)
        assert all(sample.image[8:12] == b"WEBP" and sample.meta["recipe"]["binarise"] == "otsu" for sample in samples)


def test_text_from_standard_input(synth):
    done = synth("--jobs", "1", "--count", "3", input=PROSE.encode())
    assert done.returncode == Exit.OK, done.stderr
    assert len(samples_in(done.stdout)) == 3 and "language" not in samples_in(done.stdout)[0].meta


def test_what_no_font_shows_is_left_out_and_counted(synth, tmp_path):
    (tmp_path / "en_forms_bells.txt").write_text("a bell \x07 rings\nno bell\n")
    done = synth("--jobs", "1", "--count", "30", tmp_path / "en_forms_bells.txt", "-v")
    samples = samples_in(done.stdout)
    assert 0 < len(samples) < 30 and not any("\x07" in sample.text for sample in samples)
    assert f"{30 - len(samples)} left out: no font or hand shows its characters".encode() in done.stderr
    assert b"synth/0/" in done.stderr


def test_bad_texts_among_good_ones_are_named(synth, texts, tmp_path):
    (tmp_path / "latin1.txt").write_bytes("été ".encode("latin-1") * 9)
    (tmp_path / "empty.txt").write_bytes(b"")
    bad = [tmp_path / name for name in ("latin1.txt", "empty.txt", "nowhere.txt")]
    done = synth("--jobs", "1", "--count", "2", *bad, texts)
    assert done.returncode == Exit.SOME_FAILED and len(samples_in(done.stdout)) == 2
    for path, told in zip(bad, ("expected", "expected", "can't read it")):
        assert f"{path}: {told}".encode() in done.stderr
    done = synth("--count", "2", *bad)
    assert done.returncode == Exit.BAD_INPUT and not done.stdout and b"Traceback" not in done.stderr


def test_fonts_that_are_left_out_are_named(run_htr, texts, font, tmp_path):
    fonts = tmp_path / "fonts"
    fonts.mkdir()
    (fonts / "good.ttf").write_bytes(font.read_bytes())
    (fonts / "broken.ttf").write_bytes(b"no font")
    done = run_htr("prep", "--synth", "--fonts", fonts, "--fonts", font, "--count", "6", "--jobs", "1", texts)
    assert done.returncode == Exit.OK and b"the font broken.ttf is left out" in done.stderr
    assert {sample.meta["font"] for sample in samples_in(done.stdout)} == {"good", "DejaVuSans"}
    done = run_htr("prep", "--synth", "--fonts", texts, texts)
    assert done.returncode == Exit.BAD_INPUT and b"expected fonts" in done.stderr


@pytest.mark.parametrize(
    "options, told",
    [
        (["--synth"], "--fonts"),
        (["--hands", "lines.tar"], "--hands is about handwriting that is made"),
        (["--synth", "--fonts", "nowhere"], "does not exist"),
        (["--synth", "--fonts", ".", "--count", "0"], "--count"),
        (["--synth", "--fonts", ".", "--language", "en"], "en=70,fr=30"),
        (["--synth", "--fonts", ".", "--language", "en=70,fr=20"], "add up to 100"),
        (["--synth", "--fonts", ".", "--lines"], "--lines is about pictures that are read"),
        (["--synth", "--fonts", ".", "--from", "pairs"], "--from is about"),
        (["--synth", "--fonts", ".", "--image-column", "x"], "--image-column is about"),
        (["--synth", "--fonts", ".", "--text-column", "x"], "--text-column is about"),
        (["--synth", "--fonts", ".", "--markup", "keep"], "--markup is about"),
        (["--fonts", "."], "--fonts is about handwriting that is made: give --synth too"),
        (["--count", "3"], "--count is about"),
        (["--seed", "3"], "--seed is about"),
        (["--language", "en=100"], "--language is about"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(run_htr, options, told):
    done = run_htr("prep", *options, "x")
    assert done.returncode == Exit.USAGE and told in done.stderr.decode() and not done.stdout


def test_a_language_without_text_is_an_error(synth, texts):
    done = synth("--language", "it=100", texts)
    assert done.returncode == Exit.BAD_INPUT and b"expected text in it" in done.stderr


def long_run(texts, font, **settings):
    command = [sys.executable, "-m", "htrtool", "prep", "--synth", "--fonts", font, "--jobs", "2", "--count", "1000000"]
    return subprocess.Popen(
        [*command, texts], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **settings
    )


def children_of(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def assert_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + 30
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, pids))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("how", ["interrupt", "closed pipe", "killed", "a worker killed"])
def test_no_process_is_left_behind(texts, font, how):
    process = long_run(texts, font, start_new_session=True)
    assert process.stdout.read(2048)
    children = children_of(process.pid)
    assert len(children) >= 2
    if how == "interrupt":
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    elif how == "killed":
        process.kill()
    elif how == "a worker killed":
        worker = max(child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes())
        os.kill(worker, signal.SIGKILL)
    if how == "closed pipe":
        process.stdout.close()
        complaint = process.stderr.read()
    else:
        _, complaint = process.communicate(timeout=60)
    process.wait(timeout=60)
    assert_gone(children)
    status = {"interrupt": Exit.INTERRUPTED, "closed pipe": Exit.OK, "killed": -9, "a worker killed": Exit.BAD_INPUT}
    assert process.returncode == status[how], complaint.decode()
    assert b"Traceback" not in complaint
    if how == "a worker killed":
        assert b"status -9" in complaint and b"--jobs" in complaint


def test_real_hands_write_what_they_never_wrote(synth, run_htr, texts, tmp_path):
    lines = tmp_path / "lines.tar"
    lines.write_bytes(synth("--count", "30", "--seed", "3", "--language", "en=100,fr=0", texts).stdout)
    (texts / "en_tale.txt").write_text("The raven held a dark ring in its black claw and did not sing. " * 40)
    arguments = ["prep", "--synth", "--hands", lines, "--count", "8", "--language", "en=100,fr=0"]
    one, two = (run_htr(*arguments, "--jobs", jobs, texts) for jobs in ("1", "2"))
    assert one.returncode == Exit.OK, one.stderr
    assert b"1 hand to write with" in one.stderr and one.stdout == two.stdout
    for sample in samples_in(one.stdout):
        assert sample.meta["hand"] == "synth/DejaVuSans/0" == sample.document and sample.pixels().shape[0] == 64
    for part, status in (("val", Exit.BAD_INPUT), ("train", Exit.OK)):
        marked = run_htr("prep", "--split", f"{part}=100", "-o", tmp_path / f"{part}.tar", lines)
        assert marked.returncode == Exit.OK, marked.stderr
        made = run_htr(*arguments[:3], tmp_path / f"{part}.tar", *arguments[4:], texts)
        assert made.returncode == status and (b"left out 30 lines marked val or test" in made.stderr) == (part == "val"), made.stderr
    empty = run_htr("prep", "--synth", "--hands", texts, texts)
    assert empty.returncode == Exit.BAD_INPUT and b"expected" in empty.stderr
    twice = run_htr("prep", "--synth", "--hands", "-", input=lines.read_bytes())
    assert twice.returncode == Exit.USAGE and b"can be read only once" in twice.stderr

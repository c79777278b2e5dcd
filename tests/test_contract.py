"""What every command owes its user: one contract, run on each as a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from processes import run_module
from tars import sample_of, tar_of
from tiny_model import draw_line

try:
    import resource
except ModuleNotFoundError:
    resource = None

from htrtool.core.samples import encode_png
from htrtool.exits import Exit

TINY = "c8:4x4/4x2 c12/4x2 max lstm12"


def lines_tar(documents: int = 4) -> bytes:
    texts = ("abc", "cab", "bca", "aab")
    return tar_of(
        sample_of(f"drawn/{document}/{number}", draw_line(text), text) for document in range(documents) for number, text in enumerate(texts)
    )


EPOCHS = b"epoch\tstep\tsamples\tseconds\tlr\tloss\tval_loss\tval_cer\tval_wer\n1\t10\t80\t3.1\t0.001\t3.5\t3.6\t0.9\t1\n2\t20\t160\t6.2\t0.001\t2.5\t2.6\t0.5\t0.9\n"
READ = b"file\tpage\tline\tleft\ttop\twidth\theight\tconf\ttext\nx.png\t1\t1\t0\t0\t90\t64\t0.9\tabc\n"


@dataclass
class Command:
    """How a command is called in these tests: before its operands, with what as good and bad inputs."""

    name: str
    good: bytes
    suffix: str
    bad: bytes
    starts: bytes
    before: list[str] = field(default_factory=list)
    form: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.form}".strip()


COMMANDS = [
    Command("prep", lines_tar(), ".tar", b"no tar " * 200, b"drawn/0/0.png"),
    Command("train", lines_tar(), ".tar", b"no tar " * 200, b"epoch\tstep", ["--spec", TINY, "--epochs", "1", "--batch", "8"]),
    Command("read", encode_png(draw_line("abc")), ".png", b"", b"file\tpage\tline", ["--mode", "line", "-m", "tiny.onnx"]),
    Command("read", encode_png(draw_line("abc")), ".png", b"", b"%PDF-", ["--mode", "line", "-m", "tiny.onnx", "-f", "pdf"], "pdf"),
    Command("eval", READ, ".tsv", b"", b"scope\tname\tmetric", ["truth.tsv"]),
    Command("plot", EPOCHS, ".tsv", b"", b"\x89PNG"),
]
every_command = pytest.mark.parametrize("command", COMMANDS, ids=str)


@pytest.fixture()
def folder(tmp_path, tiny_model) -> Path:
    (tmp_path / "tiny.onnx").symlink_to(tiny_model)
    (tmp_path / "truth.tsv").write_bytes(READ)
    return tmp_path


def run(command: Command, *operands: str, folder: Path, given: bytes = b"") -> subprocess.CompletedProcess:
    return run_module("htrtool", command.name, *command.before, *operands, input=given, cwd=folder, timeout=300)


def assert_done(done: subprocess.CompletedProcess, command: Command, status: int = Exit.OK) -> None:
    assert done.returncode == status, done.stderr.decode()
    assert done.stdout.startswith(command.starts)
    assert b"Traceback" not in done.stderr


@every_command
def test_help_says_how_to_use_it_on_stdout(command, folder):
    done = run_module("htrtool", command.name, "--help", cwd=folder)
    assert done.returncode == 0 and done.stderr == b""
    help_text = done.stdout.decode()
    assert help_text.startswith(f"Usage: htr {command.name} ")
    assert "--files-from" in help_text and "htr " + command.name in help_text.partition("\n")[2]


@every_command
def test_help_loads_nothing_heavy(command):
    code = (
        "import sys; from htrtool.cli import htr\n"
        f"htr.main([{command.name!r}, '--help'], standalone_mode=False)\n"
        "print(sorted({'numpy', 'cv2', 'keras', 'tensorflow', 'pandas', 'matplotlib', 'onnxruntime', 'lxml', 'pikepdf'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@every_command
@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_full_disk_is_told(command, folder):
    (folder / f"good{command.suffix}").write_bytes(command.good)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "htrtool", command.name, *command.before, f"good{command.suffix}"],
            stdout=full, stderr=subprocess.PIPE, cwd=folder,
        )  # fmt: skip
    assert done.returncode == Exit.UNWRITTEN, done.stderr.decode()
    assert b"can't be written: No space left" in done.stderr and b"Traceback" not in done.stderr


@every_command
@pytest.mark.skipif(resource is None, reason="no limits can be set here")
def test_room_for_a_part_of_the_output_only_is_told(command, folder):
    if command.name == "train":
        pytest.skip("it writes files of its own, to which the limit applies first")
    (folder / f"good{command.suffix}").write_bytes(command.good)
    with open(folder / "out", "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "htrtool", command.name, *command.before, f"good{command.suffix}"],
            stdout=out, stderr=subprocess.PIPE, cwd=folder,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)),
        )  # fmt: skip
    assert done.returncode == Exit.UNWRITTEN, done.stderr.decode()
    assert b"can't be written: File too large" in done.stderr and b"Traceback" not in done.stderr


@pytest.mark.parametrize("output", ["prep mine/", "prep mine.tar", "prep mine.tar.gz", "read mine.tsv", "plot mine.svg"])
@pytest.mark.skipif(resource is None, reason="no limits can be set here")
def test_a_file_for_which_there_is_no_room_is_named(output, folder):
    name, output = output.split()
    command = next(command for command in COMMANDS if command.name == name)
    (folder / f"good{command.suffix}").write_bytes(command.good)
    done = subprocess.run(
        [sys.executable, "-m", "htrtool", name, *command.before, f"good{command.suffix}", "-o", output],
        capture_output=True, cwd=folder,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40, 40)),
    )  # fmt: skip
    assert done.returncode == Exit.UNWRITTEN, done.stderr.decode()
    assert f"htr {name}: {output}".encode() in done.stderr
    assert b": the output can't be written: File too large" in done.stderr


@every_command
def test_empty_input_is_an_error_that_names_it(command, folder):
    done = run(command, "-", folder=folder)
    assert done.returncode == Exit.BAD_INPUT
    assert b"-: expected" in done.stderr.splitlines()[0] and b"Traceback" not in done.stderr


@every_command
def test_dash_is_standard_input(command, folder):
    assert_done(run(command, "-", folder=folder, given=command.good), command)


@pytest.mark.parametrize("null", [False, True], ids=["lines", "null"])
@every_command
def test_operands_come_from_a_file_too(command, folder, null):
    if command.name == "train" and null:
        pytest.skip("the same code as for the others; training is slow")
    name = f"with space{command.suffix}"
    (folder / name).write_bytes(command.good)
    (folder / "names").write_bytes(name.encode() + (b"\0" if null else b"\n"))
    options = ["--files-from", "names"] + ["-0"] * null
    assert_done(run(command, *options, folder=folder), command)


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.name in ("prep", "read", "plot")], ids=str)
def test_a_folder_in_place_of_a_list_is_told_as_one(command, folder):
    (folder / "scans").mkdir()
    done = run(command, "--files-from", "scans", folder=folder)
    assert done.returncode == Exit.BAD_INPUT and b"scans: expected a file, received a folder: give the files in it" in done.stderr


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.name in ("prep", "read", "plot")], ids=str)
def test_what_is_read_is_not_replaced(command, folder):
    good = folder / f"good{command.suffix}"
    good.write_bytes(command.good)
    (folder / "link").symlink_to(good)
    done = run(command, good.name, "-o", "link", folder=folder)
    assert done.returncode == Exit.USAGE and b"would replace what is read" in done.stderr
    assert good.read_bytes() == command.good


@pytest.mark.parametrize(
    "line",
    [
        "read --mode line -m tiny.onnx line.png -o tiny.onnx",
        "read --mode line -m tiny.onnx --lexicon words.txt line.png -o words.txt",
        "read --mode line -m tiny.onnx --lm none+own.lm line.png -o own.lm",
        "read --mode line -m tiny.onnx --files-from list -o list",
        "prep --text words.txt line.png -o words.txt",
        "prep --lines -m tiny.onnx line.png -o tiny.onnx",
        "prep --synth --hands lines.tar words.txt -o lines.tar",
        "prep --synth --hands parts/val.tar --split train=90,val=10 words.txt -o parts",
        "plot read.tsv -o line.png",
    ],
)
def test_what_is_read_beside_the_operands_is_not_replaced(line, folder):
    (folder / "tiny.onnx").unlink()
    (folder / "parts").mkdir()
    given = {"line.png": COMMANDS[2].good, "list": b"line.png\n", "read.tsv": READ.replace(b"x.png", b"line.png")}
    for name in ("tiny.onnx", "words.txt", "own.lm", "lines.tar", "parts/val.tar"):
        given[name] = b"abc\n"
    for name, content in given.items():
        (folder / name).write_bytes(content)
    done = run_module("htrtool", *line.split(), cwd=folder, timeout=300)
    assert done.returncode == Exit.USAGE and b"would replace " in done.stderr, done.stderr
    assert all((folder / name).read_bytes() == content for name, content in given.items())


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.name in ("prep", "read", "plot")], ids=str)
def test_what_stands_in_the_file_of_standard_output_stays(command, folder):
    (folder / f"good{command.suffix}").write_bytes(command.good)
    (folder / "out").write_bytes(b"earlier")
    line = [sys.executable, "-m", "htrtool", command.name, *command.before, f"good{command.suffix}", "-o", "/dev/stdout"]
    with open(folder / "out", "ab") as out:
        assert subprocess.run(line, stdout=out, cwd=folder, timeout=300).returncode == Exit.OK
    assert (folder / "out").read_bytes().startswith(b"earlier" + command.starts)


@every_command
def test_standard_input_is_read_only_once(command, folder):
    for operands in (("-", "-"), ("--files-from", "-", "-")):
        done = run(command, *operands, folder=folder)
        assert done.returncode == Exit.USAGE and b"'-', can be read only once" in done.stderr


@every_command
@pytest.mark.parametrize("line", [[""], ["good", ""], ["good", "-o", ""], ["--files-from", ""]])
def test_an_empty_name_is_no_folder(command, folder, line):
    (folder / "good").write_bytes(command.good)
    done = run(command, *line, folder=folder)
    assert done.returncode == Exit.USAGE and not done.stdout
    if command.name != "eval" or "-o" not in line:
        assert b"a name is empty" in done.stderr


def test_an_empty_name_of_what_is_read_beside_is_no_folder(folder):
    for line in (["eval", "", "truth.tsv"], ["eval", "truth.tsv", "truth.tsv", "--against", ""], ["read", "x.png", "--lexicon", ""], ["train", "-o", "m", "x.tar", "--val", ""]):
        done = subprocess.run([sys.executable, "-m", "htrtool", *line], capture_output=True, cwd=folder)
        assert done.returncode == Exit.USAGE and b"a name is empty" in done.stderr, line


@every_command
def test_a_bad_file_among_good_ones_is_named_and_the_others_are_done(command, folder):
    good, bad = f"good{command.suffix}", f"bad{command.suffix}"
    (folder / good).write_bytes(command.good)
    (folder / bad).write_bytes(command.bad)
    done = run(command, good, bad, f"missing{command.suffix}", folder=folder)
    assert_done(done, command, Exit.SOME_FAILED)
    assert bad.encode() + b": " in done.stderr
    assert f"missing{command.suffix}: ".encode() in done.stderr


@every_command
def test_a_closed_pipe_ends_it_quietly(command, folder):
    process = subprocess.Popen(
        [sys.executable, "-m", "htrtool", command.name, *command.before, "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
    )  # fmt: skip
    process.stdout.close()
    process.stdin.write(command.good)
    process.stdin.close()
    complaint = process.stderr.read()
    assert process.wait(timeout=300) == Exit.OK, complaint.decode()
    assert b"Traceback" not in complaint and b"Broken pipe" not in complaint


@every_command
@pytest.mark.parametrize("sent, status", [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGHUP, Exit.TERMINATED)], ids=["Ctrl-C", "hang up"])
def test_a_signal_ends_it_quietly(command, folder, sent, status):
    if (command.name, sent) == ("train", signal.SIGHUP):
        pytest.skip("the same code as for the others; training is slow")
    process = subprocess.Popen(
        [sys.executable, "-m", "htrtool", command.name, *command.before, "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
    )  # fmt: skip
    wait_until_idle(process.pid)
    process.send_signal(sent)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == status, complaint.decode()
    assert b"Traceback" not in complaint


def wait_until_idle(pid: int) -> None:
    """Wait until a process has used no processor time for a while: it waits for its input."""
    used, still = -1.0, 0
    for _ in range(600):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        now = int(fields[11]) + int(fields[12])
        still = still + 1 if now == used and fields[0] == "S" else 0
        if still >= 8 and now > 10:
            return
        used = now
        time.sleep(0.05)


@every_command
def test_an_unknown_option_is_a_usage_error(command, folder):
    done = run(command, "--no-such-option", folder=folder)
    assert done.returncode == Exit.USAGE and done.stdout == b""
    assert b"--no-such-option" in done.stderr


def test_the_group_lists_its_commands_and_version(run_htr):
    listed = run_htr("--help").stdout.decode()
    assert all(f"  {command.name} " in listed for command in COMMANDS)
    assert run_htr("--version").stdout.decode().startswith("htr ")
    assert run_htr("no-such-command").returncode == Exit.USAGE


@pytest.mark.skipif(not os.path.exists("/dev/ptmx"), reason="needs pseudo-terminals")
@pytest.mark.parametrize("name", ["prep", "plot", "read pdf"])
def test_binary_output_is_never_written_to_a_terminal(name, folder):
    import pty

    command = next(c for c in COMMANDS if str(c) == name)
    main, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "htrtool", command.name, *command.before, "-"],
        input=command.good, stdout=terminal, stderr=subprocess.PIPE, cwd=folder,
    )  # fmt: skip
    os.close(terminal)
    os.close(main)
    assert done.returncode == Exit.USAGE and b"terminal" in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/ptmx"), reason="needs pseudo-terminals")
def test_lines_are_counted_on_the_terminal_unless_they_go_there_themselves(folder):
    import pty
    import termios

    command = next(c for c in COMMANDS if str(c) == "read")
    (folder / "good.png").write_bytes(command.good)
    for to_terminal in (False, True):
        main, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (24, 80))
        line = [sys.executable, "-m", "htrtool", command.name, *command.before, "good.png"]
        subprocess.run(line, stdout=terminal if to_terminal else subprocess.DEVNULL, stderr=terminal, cwd=folder)
        assert (b"htr read: 0 lines" in os.read(main, 10_000)) != to_terminal
        os.close(terminal)
        os.close(main)

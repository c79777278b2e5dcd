import errno
import os
import stat
import subprocess
import sys
import tempfile

import pytest

from htrtool.core.errors import OutputError
from htrtool.core.files import check_replaceable, replacing
from htrtool.core.names import name_from_text, name_to_text, printable_name
from htrtool.options import names_in


def test_content_replaces_the_old_file_only_at_the_end(tmp_path):
    target = tmp_path / "out.tsv"
    target.write_bytes(b"old")
    with replacing(target) as stream:
        stream.write(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["out.tsv"]


def test_what_can_not_be_replaced_gets_the_content(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    target = tmp_path / "mounted.tsv"
    target.write_bytes(b"old and long")
    monkeypatch.setattr(os, "replace", refuse)
    with replacing(target) as stream:
        stream.write(b"new")
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["mounted.tsv"]


def test_a_file_may_be_written_whose_folder_may_not(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    for name in ("closed", "temporary"):
        (tmp_path / name).mkdir()
    target = tmp_path / "closed" / "out.tsv"
    target.write_bytes(b"old and long")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    # The superuser may write anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: path == target)
    monkeypatch.setattr(os, "replace", refuse)
    check_replaceable(target)
    with replacing(target) as stream:
        stream.write(b"new")
        assert os.listdir(target.parent) == ["out.tsv"]
    assert target.read_bytes() == b"new" and not os.listdir(tmp_path / "temporary")
    with pytest.raises(OutputError, match="Permission denied"):
        check_replaceable(target.with_name("new.tsv"))
    with pytest.raises(OutputError, match="received a folder"):
        check_replaceable(f"{target.parent}/new/")


def test_an_error_leaves_the_old_file_and_no_rubbish(tmp_path):
    target = tmp_path / "out.tsv"
    target.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        with replacing(target) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["out.tsv"]


def test_what_a_run_that_was_killed_has_left_is_removed_a_day_later(tmp_path):
    pytest.importorskip("fcntl")
    killed = (
        "import os, signal, sys\nfrom htrtool.core.files import replacing\n"
        "with replacing(sys.argv[1]) as stream:\n    stream.write(b'half')\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", killed, tmp_path / "out.tsv"])
    (left,) = tmp_path.iterdir()
    (tmp_path / ".other.part").touch()
    for file in (left, tmp_path / ".other.part"):
        os.utime(file, (0, 0))
    with replacing(tmp_path / "slow.tsv") as slow:
        names = set(os.listdir(tmp_path))
        (own,) = names - {left.name, ".other.part"}
        assert len(names) == 2, "the one that was left is gone"
        # Nothing came to be written for more than a day.
        os.utime(tmp_path / own, (0, 0))
        write = "import sys\nfrom htrtool.core.files import replacing\nwith replacing(sys.argv[1]) as stream: pass"
        subprocess.run([sys.executable, "-c", write, tmp_path / "quick.tsv"], check=True)
        slow.write(b"whole")
    assert sorted(os.listdir(tmp_path)) == [".other.part", "quick.tsv", "slow.tsv"]


def test_what_another_run_has_just_begun_stays(tmp_path):
    (tmp_path / ".htr-begun.part").touch()
    with replacing(tmp_path / "out.tsv"):
        pass
    assert sorted(os.listdir(tmp_path)) == [".htr-begun.part", "out.tsv"]


def test_permissions_are_those_of_an_ordinary_new_file(tmp_path):
    target = tmp_path / "out"
    mask = os.umask(0o022)
    try:
        with replacing(target):
            pass
    finally:
        os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        with replacing(tmp_path / "nowhere" / "out"):
            pass


def test_a_folder_is_refused_and_a_device_written_directly(tmp_path):
    with pytest.raises(OutputError, match="folder"):
        with replacing(tmp_path):
            pass
    with replacing("/dev/null") as stream:
        stream.write(b"gone")


def test_names_keep_their_bytes_in_a_locale_of_another_encoding(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsencode", lambda name: name.encode("latin-1", "surrogateescape"))
    monkeypatch.setattr(os, "fsdecode", lambda name: name.decode("latin-1", "surrogateescape"))
    names = [b"\xe9.png", "é.png".encode()]
    (tmp_path / "list").write_bytes(b"\r\n".join(names))
    listed = names_in(str(tmp_path / "list"), null=False)
    assert listed == ["é.png", "Ã©.png"]
    written = [name_to_text(name) for name in listed]
    assert [text.encode("utf-8", "surrogateescape") for text in written] == names
    assert [name_from_text(text) for text in written] == listed
    # The key of a sample is no name of a file.
    assert name_to_text("Ω") == printable_name("Ω") == "Ω"


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="there is no /dev/fd")
def test_a_pipe_that_a_shell_names_by_its_number_is_written():
    given, taken = os.pipe()
    with open(given, "rb") as pipe, open(taken, "wb"):
        check_replaceable(f"/dev/fd/{taken}")
        with replacing(f"/dev/fd/{taken}") as stream:
            stream.write(b"there")
        assert pipe.read(5) == b"there"


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="there is no /dev/fd")
def test_a_file_that_a_shell_has_opened_is_written_where_it_stands(tmp_path):
    (tmp_path / "log").write_text("before\n")
    with open(tmp_path / "log", "ab") as log:
        check_replaceable(f"/dev/fd/{log.fileno()}")
        with replacing(f"/dev/fd/{log.fileno()}") as stream:
            stream.write(b"there\n")
        log.write(b"after\n")
    assert (tmp_path / "log").read_text() == "before\nthere\nafter\n" and os.listdir(tmp_path) == ["log"]
    for write in (check_replaceable, lambda name: replacing(name).__enter__()):
        with pytest.raises(OutputError, match="/dev/fd/987654: can't write: Bad file descriptor"):
            write("/dev/fd/987654")


@pytest.mark.skipif(not os.path.exists("/dev/tty"), reason="there is no /dev/tty")
def test_a_device_that_can_not_be_opened_is_named():
    # In a session of its own, a process has no terminal.
    code = "from htrtool.core.files import replacing\nwith replacing('/dev/tty'): pass"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, start_new_session=True)
    assert "OutputError: /dev/tty: can't write" in done.stderr

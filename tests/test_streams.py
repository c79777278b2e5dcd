"""The standard streams of every command."""

import os
import threading

import pytest

from htrtool.streams import WholeWriter, quiet_stderr


def test_a_pipe_that_is_set_not_to_block_gets_all(tmp_path):
    content = bytes(range(256)) * 4096
    given, taken = os.pipe()
    os.set_blocking(taken, False)

    def write():
        with WholeWriter(taken, "wb") as stream:
            assert stream.write(content) == len(content)

    writer = threading.Thread(target=write)
    writer.start()
    with open(given, "rb") as stream:
        assert stream.read() == content
    writer.join()


@pytest.mark.parametrize(("end", "told"), [(ImportError, "chatter"), (KeyboardInterrupt, ""), (SystemExit, "")])
def test_what_libraries_say_while_they_are_loaded_is_told_if_that_fails_but_not_to_whoever_ends_it(capfd, end, told):
    with pytest.raises(end), quiet_stderr():
        os.write(2, b"chatter")
        raise end
    assert capfd.readouterr().err == told

"""The standard streams of every command."""

import os
import threading

from htrtool.streams import WholeWriter


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

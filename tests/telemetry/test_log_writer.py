"""Writing lines without making anybody wait."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator

import pytest

from ingressd.telemetry.log_writer import ATOMIC_BYTES, LogWriter

LARGE_LINE = "x" * 4096
MORE_THAN_A_PIPE_HOLDS = 400


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def read_all(descriptor: int) -> bytes:
    with open(descriptor, "rb", closefd=False) as stream:
        return stream.read()


def test_lines_arrive_in_order(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = LogWriter(writer)
    for number in range(1000):
        log.write(f"{number} →")
    assert log.close() == 0
    os.close(writer)
    assert read_all(reader).decode() == "".join(f"{number} →\n" for number in range(1000))


def test_a_reader_that_does_not_read_costs_lines_not_time(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = LogWriter(writer, max_queued=10)
    for _ in range(MORE_THAN_A_PIPE_HOLDS):
        log.write(LARGE_LINE)
    assert log.dropped > 0
    lost = log.close(wait_seconds=0.01)
    assert lost >= log.dropped
    # What was not refused is still written when somebody reads, so the thread ends before the pipe does.
    refused = log.dropped
    expected = (MORE_THAN_A_PIPE_HOLDS - refused) * (len(LARGE_LINE) + 1)
    received = 0
    while received < expected:
        received += len(os.read(reader, 1 << 16))
    assert received == expected


def test_lines_after_the_reader_has_gone_are_counted(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.close(reader)
    log = LogWriter(writer)
    log.write("nobody reads this")
    assert log.close() == 1
    log.write("nor this")
    assert log.dropped == 2


def test_a_non_blocking_descriptor_gets_everything(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    log = LogWriter(writer)
    for _ in range(MORE_THAN_A_PIPE_HOLDS):
        log.write(LARGE_LINE)
    expected = MORE_THAN_A_PIPE_HOLDS * (len(LARGE_LINE) + 1)
    received = 0
    while received < expected:
        received += len(os.read(reader, 1 << 16))
    assert log.close() == 0


def test_an_unencodable_line_does_not_end_the_writer(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = LogWriter(writer)
    log.write("\udce9")
    log.write("next")
    assert log.close() == 0
    os.close(writer)
    assert read_all(reader) == b"?\nnext\n"


@pytest.mark.skipif(select.PIPE_BUF < ATOMIC_BYTES, reason="a pipe of this system takes less in one piece")
def test_lines_of_several_writers_stay_whole_when_the_pipe_is_full(pipe: tuple[int, int]) -> None:
    reader, descriptor = pipe
    lines = {letter: letter * 1000 for letter in "abcd"}

    def write(line: str) -> None:
        log = LogWriter(descriptor)
        for _ in range(MORE_THAN_A_PIPE_HOLDS):
            log.write(line)
        log.close(wait_seconds=60)

    writers = [threading.Thread(target=write, args=(line,)) for line in lines.values()]
    for writer in writers:
        writer.start()
    expected = len(lines) * MORE_THAN_A_PIPE_HOLDS * 1001
    received = b""
    while len(received) < expected:
        # In portions that are no multiple of a line.
        received += os.read(reader, 5000)
    for writer in writers:
        writer.join()
    assert {line: received.decode().splitlines().count(line) for line in lines.values()} == dict.fromkeys(
        lines.values(), MORE_THAN_A_PIPE_HOLDS
    )

"""Writing lines without making anybody wait."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingressd.telemetry.log_writer import ATOMIC_BYTES, LogWriter
from tests.support.running_proxy import eventually

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


def test_a_line_does_not_wait_for_the_next(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = LogWriter(writer)
    for number in range(20):
        log.write(str(number))
        assert os.read(reader, 100) == f"{number}\n".encode()
    assert log.close() == 0


def test_a_file_gets_every_line_in_order_from_several_writers(tmp_path: Path) -> None:
    """In pieces that are larger than what a pipe takes."""
    file = tmp_path / "log"
    with file.open("wb") as stream:
        logs = [LogWriter(stream.fileno()) for _ in range(2)]
        for number in range(5000):
            for index, log in enumerate(logs):
                log.write(f"{index} {number} {'x' * 50}")
        assert [log.close(wait_seconds=60) for log in logs] == [0, 0]
    lines = file.read_text().splitlines()
    for which in "01":
        mine = [line for line in lines if line.startswith(which)]
        assert mine == [f"{which} {number} {'x' * 50}" for number in range(5000)]
    assert len(lines) == 10_000


def test_what_waits_when_the_reader_goes_is_counted(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = LogWriter(writer)
    for _ in range(MORE_THAN_A_PIPE_HOLDS):
        log.write(LARGE_LINE)
    os.read(reader, 1)
    os.close(reader)
    eventually(lambda: log.dropped > 0)
    dropped = log.dropped
    assert log.close() == dropped
    assert dropped > MORE_THAN_A_PIPE_HOLDS // 2


def test_a_descriptor_that_is_closed_loses_lines_and_stops_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    log = LogWriter(writer)
    log.write("into the void")
    assert log.close() == 1

from __future__ import annotations

import logging
import os
import threading

from ingressd.telemetry.log_handler import logging_to


def fill(descriptor: int) -> None:
    """Write until the pipe takes nothing more, and leave it blocking."""
    os.set_blocking(descriptor, False)
    try:
        while True:
            os.write(descriptor, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(descriptor, True)


def test_records_become_lines_with_time_and_level() -> None:
    reader, writer = os.pipe()
    log = logging.getLogger("tests.log")
    with logging_to(writer, logging.INFO):
        log.debug("too little")
        log.info("the answer is %d", 42)
    log.warning("nobody writes any more")
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as lines:
        (line,) = lines
    assert line.endswith(" INFO tests.log: the answer is 42\n")
    assert line[:4].isdigit()


def test_a_log_that_nobody_reads_holds_nobody_up() -> None:
    reader, descriptor = os.pipe()
    fill(descriptor)
    lost: list[int] = []

    def write() -> None:
        with logging_to(descriptor, logging.INFO) as writer:
            for _ in range(20_000):
                logging.getLogger("tests.log").info("x" * 100)
            lost.append(writer.dropped)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert lost[0] > 5_000
    os.close(reader)

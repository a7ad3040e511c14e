from __future__ import annotations

import logging
import os
import re
import sys
import threading
from collections.abc import Callable

import pytest

from ingressd.settings import LOG_LEVELS
from ingressd.telemetry.log_handler import LogFormatter, logging_to, set_level


def fill(descriptor: int) -> None:
    """Write until the pipe takes nothing more, and leave it blocking."""
    os.set_blocking(descriptor, False)
    try:
        while True:
            os.write(descriptor, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(descriptor, True)


def logged(level: str, write: Callable[[], None]) -> list[str]:
    """Return the lines that are written while ``write`` runs."""
    reader, writer = os.pipe()
    with logging_to(writer, level):
        write()
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as lines:
        return lines.read().splitlines()


def at_every_level(name: str) -> None:
    log = logging.getLogger(name)
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        log.log(level, "said")


def levels_of(lines: list[str]) -> list[str]:
    return [line.split(" ")[1].lower() for line in lines]


def test_records_become_lines_with_time_and_level() -> None:
    (line,) = logged("info", lambda: logging.getLogger("ingressd.kube.election").info("the answer is %d", 42))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO ingressd\.kube\.election: the answer is 42", line)


def test_times_are_utc_wherever_it_runs() -> None:
    record = logging.makeLogRecord({"created": 1_795_223_397.929, "msg": "said", "name": "a", "levelname": "INFO"})
    assert LogFormatter().format(record) == "2026-11-21T01:09:57.929Z INFO a: said"


def test_what_failed_follows_with_its_traceback() -> None:
    try:
        raise LookupError("nobody has thought of this")
    except LookupError:
        record = logging.makeLogRecord({"msg": "failed", "exc_info": sys.exc_info()})
    lines = LogFormatter().format(record).splitlines()
    assert lines[0].endswith(": failed")
    assert lines[-1] == "LookupError: nobody has thought of this"


@pytest.mark.parametrize("level", LOG_LEVELS)
def test_a_level_and_all_above_it_are_written(level: str) -> None:
    assert levels_of(logged(level, lambda: at_every_level("ingressd.x"))) == [*LOG_LEVELS[LOG_LEVELS.index(level) :]]


def test_what_others_say_for_debugging_is_never_written() -> None:
    """It may hold what the API server answered, Secrets among it."""
    assert levels_of(logged("debug", lambda: at_every_level("kubernetes_asyncio.client.rest"))) == [
        "info",
        "warning",
        "error",
    ]
    assert levels_of(logged("error", lambda: at_every_level("asyncio"))) == ["error"]


def test_the_level_may_change_meanwhile() -> None:
    def write() -> None:
        at_every_level("ingressd.x")
        set_level("info")
        at_every_level("ingressd.x")

    assert levels_of(logged("error", write)) == ["error", "info", "warning", "error"]


def test_afterwards_everything_is_as_before() -> None:
    before = logging.getLogger().level, logging.getLogger("ingressd").level, list(logging.getLogger().handlers)
    logged("debug", lambda: None)
    assert before == (logging.getLogger().level, logging.getLogger("ingressd").level, logging.getLogger().handlers)


def test_a_log_that_nobody_reads_holds_nobody_up() -> None:
    reader, descriptor = os.pipe()
    fill(descriptor)
    lost: list[int] = []

    def write() -> None:
        with logging_to(descriptor, "info") as writer:
            for _ in range(20_000):
                logging.getLogger("tests.log").info("x" * 100)
            lost.append(writer.dropped)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert lost[0] > 5_000
    os.close(reader)

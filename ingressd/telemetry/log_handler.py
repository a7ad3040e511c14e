"""The program's own log, on its way to a pipe that may not be read."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from ingressd.telemetry.log_writer import LogWriter
from ingressd.telemetry.timestamp import timestamp

STANDARD_ERROR = 2
_OURS = "ingressd"
_LEAST_OF_OTHERS = logging.INFO
"""Client libraries write whole answers of the API server into their log for debugging, and Secrets are among them."""


class LogFormatter(logging.Formatter):
    """``2026-11-21T01:09:57.929Z INFO ingressd.kube.election: this replica no longer leads``; times are UTC."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - its given name
        return timestamp(record.created)


class LogHandler(logging.Handler):
    """Hands each record to a writer. A log that nobody reads stops nothing: lines are dropped then."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self.setFormatter(LogFormatter())
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        self._writer.write(self.format(record))


@contextlib.contextmanager
def logging_to(descriptor: int, level: str) -> Iterator[LogWriter]:
    """For as long as the block lasts, write what is logged at ``level`` (``set_level``), and nothing anywhere else."""
    writer = LogWriter(descriptor)
    handler = LogHandler(writer)
    root, ours = logging.getLogger(), logging.getLogger(_OURS)
    before = root.level, ours.level
    root.addHandler(handler)
    set_level(level)
    try:
        yield writer
    finally:
        root.removeHandler(handler)
        for logger, number in zip((root, ours), before, strict=True):
            logger.setLevel(number)
        writer.close()


def set_level(level: str) -> None:
    """Log at ``level`` or above (``debug``, ``info``, ``warning``, ``error``); ``debug`` is about ingressd alone."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger(_OURS).setLevel(number)
    logging.getLogger().setLevel(max(number, _LEAST_OF_OTHERS))

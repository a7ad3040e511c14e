"""The program's own log, on its way to a pipe that may not be read."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from ingressd.telemetry.log_writer import LogWriter

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
STANDARD_ERROR = 2


class LogHandler(logging.Handler):
    """Hands each record to a writer. A log that nobody reads stops nothing: lines are dropped then."""

    def __init__(self, writer: LogWriter) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(LOG_FORMAT))
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        self._writer.write(self.format(record))


@contextlib.contextmanager
def logging_to(descriptor: int, level: int) -> Iterator[LogWriter]:
    """For as long as the block lasts, write what is logged at ``level`` or above, and nothing anywhere else."""
    writer = LogWriter(descriptor)
    handler = LogHandler(writer)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield writer
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        writer.close()

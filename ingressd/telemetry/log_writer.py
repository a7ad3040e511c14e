"""Lines on their way to a file, pipe or terminal that may be slow, or not be read."""

from __future__ import annotations

import os
import select
import stat
import threading
from collections import deque
from typing import Final

MAX_QUEUED_LINES: Final = 10_000
ATOMIC_BYTES: Final = 4096
"""What Linux writes to a pipe in one piece, PIPE_BUF. Elsewhere it may be less: POSIX promises 512."""
FILE_BYTES: Final = 65536
"""What is written to a file at once. A file takes a write as a whole, whoever else writes to it."""
GATHER_SECONDS: Final = 0.005


class LogWriter:
    """Writes lines to a file descriptor from a thread of its own, and never makes the caller wait.

    At most ``max_queued`` lines wait; further ones are dropped and counted in ``dropped``, as are all lines once
    the reader has gone. It writes to the descriptor, not to a Python stream: the lock of a buffered stream that a
    blocked thread holds would abort the interpreter at its end. Other processes may write to the same pipe: a line
    of at most ``ATOMIC_BYTES``, with its line feed, stays in one piece.

    A line that comes alone is written at once. While there are more, the thread writes every ``GATHER_SECONDS`` what
    has come, and is not woken for each.
    """

    def __init__(self, descriptor: int, *, max_queued: int = MAX_QUEUED_LINES) -> None:
        self._descriptor: Final = descriptor
        self._max_queued: Final = max_queued
        self._piece_bytes: Final = _piece_bytes(descriptor)
        # Appending and taking from the left are atomic: one thread appends, the other takes.
        self._lines: Final[deque[bytes]] = deque()
        self._refused = 0
        self._lost = 0
        self._closing = False
        self._broken = False
        # The thread waits for ``_woken``, and whoever adds a line has to set it.
        self._asleep = False
        self._woken: Final = threading.Event()
        self._hurried: Final = threading.Event()
        # Not ``_thread``: in C it would be a keyword, ``__thread``.
        self._writing: Final = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._writing.start()

    @property
    def dropped(self) -> int:
        """How many lines were not written."""
        return self._refused + self._lost

    def write(self, line: str) -> None:
        """Queue ``line``, which has no line feed."""
        self.write_encoded(line.encode("utf-8", "replace"))

    def write_encoded(self, line: bytes) -> None:
        """Queue ``line``, which has no line feed and is UTF-8. To be called from one thread."""
        if self._closing or self._broken or len(self._lines) >= self._max_queued:
            self._refused += 1
            return
        self._lines.append(line)
        if self._asleep:
            self._asleep = False
            self._woken.set()

    def close(self, *, wait_seconds: float = 1.0) -> int:
        """Write what is queued, wait at most ``wait_seconds`` for it, and return how many lines were lost in all."""
        self._closing = True
        self._hurried.set()
        self._woken.set()
        self._writing.join(wait_seconds)
        return self.dropped + len(self._lines)

    def _run(self) -> None:
        while True:
            if not self._write_queued():
                return
            self._hurried.wait(GATHER_SECONDS)
            if self._lines:
                continue
            if self._closing:
                return
            self._asleep = True
            # A line that came just before has seen nobody asleep.
            if not self._lines and not self._closing:
                self._woken.wait()
            self._asleep = False
            self._woken.clear()

    def _write_queued(self) -> bool:
        """Write until nothing is queued; False when nobody will ever read it."""
        lines = self._lines
        while lines:
            piece = [lines.popleft()]
            size = len(piece[0]) + 1
            while lines:
                size += len(lines[0]) + 1
                if size > self._piece_bytes:
                    break
                piece.append(lines.popleft())
            piece.append(b"")
            try:
                self._write_all(b"\n".join(piece))
            except OSError:
                self._broken = True
                self._lost += len(piece) - 1 + len(lines)
                lines.clear()
                return False
        return True

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                # Not between the brackets: mypyc (2.4) would call it twice there.
                written = os.write(self._descriptor, rest)
                rest = rest[written:]
            except BlockingIOError:
                # Somebody who shares the terminal made it non-blocking.
                select.select((), (self._descriptor,), ())


def _piece_bytes(descriptor: int) -> int:
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
    except OSError:
        # Writing will fail, and says so then.
        return ATOMIC_BYTES
    return FILE_BYTES if is_file else ATOMIC_BYTES

"""Lines on their way to a pipe or terminal that may not be read."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import threading
from collections.abc import Iterator, Sequence

MAX_QUEUED_LINES = 10_000
_BATCH_LINES = 200
ATOMIC_BYTES = 4096
"""What Linux writes to a pipe in one piece, PIPE_BUF. Elsewhere it may be less: POSIX promises 512."""


class LogWriter:
    """Writes lines to a file descriptor from a thread of its own, and never makes the caller wait.

    At most ``max_queued`` lines wait; further ones are dropped and counted in ``dropped``, as are all lines once
    the reader has gone. It writes to the descriptor, not to a Python stream: the lock of a buffered stream that a
    blocked thread holds would abort the interpreter at its end. Other processes may write to the same pipe: a line
    of at most ``ATOMIC_BYTES``, with its line feed, stays in one piece.
    """

    def __init__(self, descriptor: int, *, max_queued: int = MAX_QUEUED_LINES) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(max_queued)
        self._refused = 0
        self._lost = 0
        self._closing = threading.Event()
        self._broken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were not written."""
        return self._refused + self._lost

    def write(self, line: str) -> None:
        """Queue ``line``, which has no line feed. To be called from one thread."""
        if self._closing.is_set() or self._broken.is_set():
            self._refused += 1
            return
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._refused += 1

    def close(self, *, wait_seconds: float = 1.0) -> int:
        """Write what is queued, wait at most ``wait_seconds`` for it, and return how many lines were lost in all."""
        self._closing.set()
        # With a full queue the thread is busy, and sees that it is closing when it has emptied it.
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(None)
        self._thread.join(wait_seconds)
        return self.dropped + self._waiting()

    def _waiting(self) -> int:
        with self._lines.mutex:
            return sum(line is not None for line in self._lines.queue)

    def _run(self) -> None:
        while not (self._closing.is_set() and self._lines.empty()):
            batch = self._next_batch()
            try:
                for data in _in_pieces(batch):
                    self._write_all(data)
            except OSError:
                self._broken.set()
                self._lost += len(batch)
                return

    def _next_batch(self) -> list[str]:
        first = self._lines.get()
        batch = [] if first is None else [first]
        while len(batch) < _BATCH_LINES:
            try:
                line = self._lines.get_nowait()
            except queue.Empty:
                break
            if line is not None:
                batch.append(line)
        return batch

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                # Somebody who shares the terminal made it non-blocking.
                select.select((), (self._descriptor,), ())


def _in_pieces(lines: Sequence[str]) -> Iterator[bytes]:
    """Join whole lines to pieces of at most ``ATOMIC_BYTES``; a longer line is a piece of its own."""
    piece = b""
    for line in lines:
        encoded = f"{line}\n".encode("utf-8", "replace")
        if piece and len(piece) + len(encoded) > ATOMIC_BYTES:
            yield piece
            piece = b""
        piece += encoded
    if piece:
        yield piece

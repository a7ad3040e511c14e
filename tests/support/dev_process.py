"""``ingressd dev`` or ``demo`` as a process that is talked to while it runs."""

from __future__ import annotations

import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

ANY_PORTS = ("--http-port", "0", "--https-port", "0", "--admin-port", "0")
PATIENCE_SECONDS = 60.0


class DevProcess:
    """A running process whose standard output is read line by line. Ends it when the test does."""

    def __init__(self, arguments: Sequence[str], *, directory: Path, environment: Mapping[str, str]) -> None:
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ingressd", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=directory,
            env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> DevProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return the first line from here on in which ``pattern`` is found."""
        while True:
            line = self._queue.get(timeout=PATIENCE_SECONDS)
            if line is None:
                raise AssertionError(f"the process ended before {pattern!r}: {self.lines}\n{self.errors()}")
            self.lines.append(line)
            if found := re.search(pattern, line):
                return found

    def ports(self) -> tuple[int, int, int]:
        """Return the HTTP, HTTPS and admin ports, from the lines at the start."""
        http, https, admin = (
            int(self.wait_for(rf"^  {name} +https?://\S+?:(\d+)/")[1]) for name in ("HTTP", "HTTPS", "admin")
        )
        return http, https, admin

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        code = self._process.wait(PATIENCE_SECONDS)
        self._reader.join()
        while (line := self._queue.get_nowait()) is not None:
            self.lines.append(line)
        return code

    def errors(self) -> str:
        """Return what the ended process wrote to standard error."""
        assert self._process.stderr is not None
        return self._process.stderr.read()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._queue.put(line.rstrip("\n"))
        self._queue.put(None)

"""A proxy that runs as a process of its own, and what tests do with every such process."""

from __future__ import annotations

import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, TypeVar

from tests.support.web_client import Answer, Connection, Fields, trusting

PATIENCE_SECONDS = 60.0
"""How long something may take that takes a moment: only a test that fails waits for so long."""

_Value = TypeVar("_Value")


def eventually(look: Callable[[], _Value]) -> _Value:
    """Call ``look`` until it returns something true, and return that."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return found


class Output:
    """The lines of a process, read as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="output")
        self._thread.start()

    def _read(self) -> None:
        for line in self._stream:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        self._stream.close()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @property
    def text(self) -> str:
        with self._changed:
            return "".join(self._lines)

    def wait_for(self, pattern: str, *, after: int = 0) -> re.Match[str]:
        """Wait until the regular expression is found behind the first ``after`` characters."""
        compiled = re.compile(pattern, re.MULTILINE)

        def found() -> re.Match[str] | None:
            return compiled.search("".join(self._lines), after)

        with self._changed:
            self._changed.wait_for(lambda: found() is not None or self._ended, PATIENCE_SECONDS)
            match = found()
            assert match is not None, f"{pattern!r} is not in:\n{''.join(self._lines)}"
            return match

    def changes(self, *, after: int = 0) -> list[str]:
        """Return the lines about the routing table behind the first ``after`` characters."""
        return [line for line in self.text[after:].splitlines() if line[:2] in ("+ ", "- ", "~ ")]

    def join(self) -> None:
        self._thread.join(PATIENCE_SECONDS)


class RunningProxy:
    """``ingressd dev`` or ``ingressd run`` while it serves. ``authority_file`` is the local CA, where there is one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.output = Output(process.stdout)
        self.errors = Output(process.stderr)
        self.http_port = self.https_port = self.admin_port = 0
        self.authority_file = Path()

    def connect(self) -> Connection:
        return Connection(self.http_port)

    def connect_tls(self, server_name: str | None, authority: bytes | None = None) -> Connection:
        """Connect with TLS; the certificate must be for ``server_name`` and of the local CA, or of ``authority``."""
        trusted = trusting(authority if authority is not None else self.authority_file.read_bytes())
        return Connection(self.https_port, tls=trusted, server_name=server_name)

    def get(self, path: str, *, host: str | None, fields: Fields = ()) -> Answer:
        return self.request("GET", path, host=host, fields=fields)

    def request(
        self,
        method: str,
        path: str,
        *,
        host: str | None,
        fields: Fields = (),
        body: bytes | Iterable[bytes] | None = None,
    ) -> Answer:
        """Send one request over plain HTTP, on a connection of its own."""
        with self.connect() as connection:
            return connection.request(method, path, host=host, fields=fields, body=body)

    def admin(self, path: str, *, method: str = "GET", host: str = "localhost", fields: Fields = ()) -> Answer:
        with Connection(self.admin_port) as connection:
            return connection.request(method, path, host=host, fields=fields)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self) -> int:
        """Wait for the end of the process and return its exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        self.output.join()
        self.errors.join()
        return code

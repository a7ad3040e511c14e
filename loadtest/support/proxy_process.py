"""``ingressd dev`` in a process of its own, as its user starts it."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from loadtest.support.figure import Figure
from loadtest.support.free_port import free_port

COMMAND = Path(sys.executable).with_name("ingressd")
START_SECONDS = 60.0
END_SECONDS = 15.0
_RETRY_SECONDS = 0.001


class ProxyError(Exception):
    """The proxy did not start, or ended by itself. The text has what it wrote to standard error."""


class ProxyProcess:
    """A started ``ingressd dev``; it may not serve yet. Its data directory, log and errors are files in ``folder``."""

    def __init__(self, manifests: Path, folder: Path, mappings: Mapping[str, int]) -> None:
        self.port = free_port()
        self._errors = folder / "errors.txt"
        mapped = [argument for name, port in mappings.items() for argument in ("--map", f"{name}={port}")]
        ports = ("--http-port", str(self.port), "--https-port", "0", "--admin-port", "0")
        with (folder / "log.txt").open("wb") as log, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                (str(COMMAND), "dev", str(manifests), *mapped, *ports),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                env={**os.environ, "XDG_DATA_HOME": str(folder / "data")},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_served(self, host: str) -> None:
        """Ask for ``/`` of ``host`` until there is an answer. Raises ProxyError, also when that is not 200."""
        deadline = time.monotonic() + START_SECONDS
        while (status := self._ask(host)) is None:
            if self._process.poll() is not None:
                raise ProxyError(f"ingressd ended with {self._process.returncode}:\n{self.errors()}")
            if time.monotonic() > deadline:
                raise ProxyError(f"{host} is not served after {START_SECONDS:g} s:\n{self.errors()}")
            time.sleep(_RETRY_SECONDS)
        if status != 200:
            raise ProxyError(f"the first answer for {host} is {status}:\n{self.errors()}")

    def stop(self) -> None:
        """Let it drain. Raises ProxyError if it does not end, or not with 0."""
        if self._process.poll() is not None:
            raise ProxyError(f"ingressd ended by itself, with {self._process.returncode}:\n{self.errors()}")
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise ProxyError(f"ingressd was still there {END_SECONDS:g} s after SIGTERM:\n{self.errors()}") from None
        if code:
            raise ProxyError(f"ingressd ended with {code}:\n{self.errors()}")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def errors(self) -> str:
        return self._errors.read_text(encoding="utf-8", errors="replace")

    def error_figure(self, name: str = "standard error of ingressd") -> Figure:
        """What it complained about; printed too, because the number alone helps nobody."""
        lines = self.errors().splitlines()
        if lines:
            print("\n".join((f"{name}:", *lines[:100])), file=sys.stderr)
        return Figure(name=name, value=len(lines), unit="lines", at_most=0)

    def _ask(self, host: str) -> int | None:
        """Return the status of an answer, None while nobody listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.request("GET", "/", headers={"Host": host})
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        return answer.status


@contextmanager
def serving(manifests: Path, folder: Path, *, mappings: Mapping[str, int], host: str) -> Iterator[ProxyProcess]:
    """Run a proxy that serves ``host``, and let it drain at the end. Raises ProxyError."""
    proxy = ProxyProcess(manifests, folder, mappings)
    try:
        proxy.wait_until_served(host)
        yield proxy
    except BaseException:
        proxy.kill()
        raise
    proxy.stop()

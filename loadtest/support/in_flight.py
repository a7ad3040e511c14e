"""Requests that are under way for a while: slow answers and streams."""

from __future__ import annotations

import http.client
import threading
import time

from loadtest.support.fixed_backend import BODY
from loadtest.support.manifests import host


class InFlight:
    """Sends each path at once, on a connection and a thread of its own; ``failures`` says what went wrong."""

    def __init__(self, port: int, paths: list[str], *, patience_seconds: float) -> None:
        self.failures: list[str] = []
        self.last_answer = 0.0
        """The monotonic time of the end of the latest whole answer."""
        self._port = port
        self._patience_seconds = patience_seconds
        self._threads = [threading.Thread(target=self._ask, args=(path,), daemon=True) for path in paths]
        for thread in self._threads:
            thread.start()

    def wait(self) -> int:
        """Wait for all answers, and return how many were not whole."""
        for thread in self._threads:
            thread.join()
        return len(self.failures)

    def _ask(self, path: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._patience_seconds)
        try:
            connection.request("GET", path, headers={"Host": host(0)})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.failures.append(f"{path}: {type(error).__name__}: {error}")
        else:
            if answer.status != 200 or body != BODY:
                self.failures.append(f"{path}: status {answer.status}, {len(body)} bytes")
            self.last_answer = max(self.last_answer, time.monotonic())
        finally:
            connection.close()
